"""Pictures of a run. Each function returns a matplotlib Figure; `save` writes it.

Figures are made without pyplot, so that no window opens and no global state is touched.
"""

import math
import statistics

import numpy
from matplotlib.figure import Figure

from .backend import get_xp, to_numpy
from .files import replacing


def save(figure, path):
    """Write a figure as PNG, without leaving half a file behind."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=100)


def tile(images, shape, columns, gap=1):
    """Images (N, D) of shape (height, width) beside and below each other in one array, a gap between."""
    height, width = shape
    rows = -(-len(images) // columns)
    sheet = numpy.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap), images.dtype)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top:top + height, left:left + width] = image.reshape(shape)
    return sheet


def curves(history):
    """The ELBO against the epochs, in training and on the test set.

    history: a list of dicts with epoch, loss, reconstruction, kl, test_elbo.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    bound, parts = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    bound.plot(epochs, [-row["loss"] for row in history], "0.6", label="training, while it learned")
    bound.plot(epochs, [row["test_elbo"] for row in history], "k", label="test")
    best = max(history, key=lambda row: row["test_elbo"])
    bound.set_title(f"Test ELBO: best {best['test_elbo']:.2f} nats, in epoch {best['epoch']}")
    bound.set_ylabel("ELBO (nats per image)")
    for name, style, label in [("reconstruction", "k--", "−E log p(x|z)"), ("kl", "k", "KL(q(z|x) ‖ p(z))")]:
        parts.plot(epochs, [row[name] for row in history], style, label=label)
    parts.set_title(f"The two terms: the code costs {history[-1]['kl']:.2f} nats")
    parts.set_ylabel("training loss (nats per image)")
    parts.set_ylim(bottom=0)
    for axes in (bound, parts):
        axes.set_xlabel("epoch")
        axes.legend()
        axes.grid(alpha=0.3)
    # The first epochs lie so far below the rest that they would flatten it.
    low = numpy.percentile([row["test_elbo"] for row in history], 5)
    bound.set_ylim(bottom=low - 0.1 * (best["test_elbo"] - low + 1e-9))
    return figure


def reconstructions(vae, x, shape, columns=20):
    """Images x (N, D) above their reconstructions E[x|z], at the mean z of q(z|x)."""
    xp = get_xp(vae.parameters.flat)
    decoded = to_numpy(vae.reconstruct(xp.asarray(x)))
    blocks = []
    for first in range(0, len(x), columns):
        blocks += [x[first:first + columns], decoded[first:first + columns]]
    sheet = tile(numpy.concatenate(blocks), shape, columns)
    return _sheet_figure(sheet, "Test images, and below each its reconstruction from the mean of q(z|x)")


def samples(vae, shape, rng, count=100, columns=20):
    """New images: E[x|z] for z drawn from the prior."""
    decoded = to_numpy(vae.decode(vae.draw_noise(rng, count)[0]))
    return _sheet_figure(tile(decoded, shape, columns), "New images: E[x|z] for z ~ N(0, I)")


def latent_plane(vae, shape, side=16):
    """The decoded plane of two latents, its points spaced evenly in probability under the prior.

    z = Φ⁻¹(u) for u in the middle of `side` equal parts of (0, 1)    (Kingma & Welling 2014, figure 4)
    """
    normal = statistics.NormalDist()
    z = [normal.inv_cdf((i + 0.5) / side) for i in range(side)]
    grid = numpy.array([[z1, z2] for z2 in reversed(z) for z1 in z])
    xp = get_xp(vae.parameters.flat)
    decoded = to_numpy(vae.decode(xp.asarray(grid.astype(vae.parameters.flat.dtype))))
    gap = 1
    figure = _sheet_figure(tile(decoded, shape, side, gap), size=(7, 7.3),
                           title="The latent plane, decoded: neighbours look alike")
    axes, = figure.axes
    ticks = range(0, side, 3)
    height, width = shape
    axes.set_xticks([i * (width + gap) + width / 2 - 0.5 for i in ticks], [f"{z[i]:.1f}" for i in ticks])
    axes.set_yticks([i * (height + gap) + height / 2 - 0.5 for i in ticks], [f"{-z[i]:.1f}" for i in ticks])
    axes.set_xlabel("z₁ (equal steps of prior probability)")
    axes.set_ylabel("z₂")
    axes.axis("on")
    return figure


def codes(vae, x, labels=None):
    """Where the images x (N, D) lie in the plane of two latents: the means of q(z|x)."""
    xp = get_xp(vae.parameters.flat)
    mean = to_numpy(vae.encode(xp.asarray(x))[0])
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    axes = figure.subplots()
    colours = {} if labels is None else {"c": labels, "cmap": "tab10", "vmin": -0.5, "vmax": 9.5}
    points = axes.scatter(mean[:, 0], mean[:, 1], s=12 if len(x) < 2000 else 3, **colours)
    if labels is not None:
        figure.colorbar(points, ticks=range(10), label="label (never shown to the model)")
        for label in numpy.unique(labels):
            axes.annotate(str(label), numpy.median(mean[labels == label], axis=0), weight="bold", ha="center",
                          va="center", bbox={"boxstyle": "circle", "facecolor": "white", "alpha": 0.8})
    radius = math.sqrt(-2 * math.log(0.05))     # P(‖z‖ < r) = 1 − exp(−r²/2) in two dimensions
    circle = radius * numpy.exp(2j * numpy.pi * numpy.linspace(0, 1, 200))
    axes.plot(circle.real, circle.imag, "0.5", linestyle="--", label="holds 95 % of the prior N(0, I)")
    axes.legend(loc="upper right")
    axes.set_title("Test images in the latent plane: the means of q(z|x)")
    axes.set_xlabel("z₁")
    axes.set_ylabel("z₂")
    axes.set_aspect("equal")
    return figure


def _sheet_figure(sheet, title, size=None):
    height, width = sheet.shape
    figure = Figure(figsize=size or (9, 9 * height / width + 0.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title)
    axes.axis("off")
    return figure
