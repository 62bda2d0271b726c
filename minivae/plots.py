"""Plots of a run: each function returns a matplotlib Figure; `save` writes it. cmap="gray" shows 1 as white.

Figures are made without pyplot, so no window opens and no global state changes.
"""

import math
import statistics

import numpy
from matplotlib.figure import Figure
from matplotlib.text import Text

from .backend import get_xp, to_numpy
from .system.files import replacing


def save(figure, path):
    """Write a figure as PNG, the same bytes each time, without LaTeX; a failure leaves no partial file."""
    for text in figure.findobj(Text):
        text.set_usetex(False)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})


def tile(images, shape, columns, gap=1):
    """Images (N, D) of shape (height, width) in rows of `columns` images, as one array, with gaps between them."""
    height, width = shape
    rows = -(-len(images) // columns)
    sheet = numpy.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap), images.dtype)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top:top + height, left:left + width] = image.reshape(shape)
    return sheet


def curves(history, name="ELBO", unit="nats ", trained_on=None):
    """The ELBO in each epoch, on the training and the test set; or another −loss, called `name`.

    history: a list of dicts with epoch, loss, reconstruction, kl, test_loss; trained_on: the name of the
    training objective, if it is not `name`.
    """
    has_kl = any(row["kl"] for row in history)
    figure = Figure(figsize=(9, 3.6) if has_kl else (5, 3.6), layout="constrained")
    panels = figure.subplots(1, 2 if has_kl else 1, squeeze=False)[0]
    epochs = [row["epoch"] for row in history]
    test = [-row["test_loss"] for row in history]
    style = {"marker": "o"} if len(epochs) == 1 else {}         # a single point has no line
    panels[0].plot(epochs, [-row["loss"] for row in history], "0.6", **style,
                   label=f"training: {trained_on}" if trained_on else "training, mean over the epoch")
    panels[0].plot(epochs, test, "k", label=f"test: {name}" if trained_on else "test", **style)
    panels[0].set_title(f"Test {name}: {test[-1]:.2f} at the end")
    panels[0].set_ylabel(f"{unit}per image" if trained_on else f"{name} ({unit}per image)")
    low = numpy.percentile(test, 5)     # the first epochs are so low that they would flatten the rest
    panels[0].set_ylim(bottom=low - 0.1 * (max(test) - low + 1e-9))
    if has_kl:
        terms = [("reconstruction", "k--", "−E log p(x|z)"), ("kl", "k", "KL(q(z|x) ‖ p(z))")]
        for part, line, label in terms:
            panels[1].plot(epochs, [row[part] for row in history], line, label=label, **style)
        panels[1].set_title(f"Training KL: {history[-1]['kl']:.2f} nats at the end")
        panels[1].set_ylabel(f"training loss ({unit}per image)")
    for axes in panels:
        axes.set_xlabel("epoch")
        axes.legend()
        axes.grid(alpha=0.3)
    return figure


def reconstructions(model, x, shape, columns=20, cmap="gray_r"):
    """Images x (N, D), each above its reconstruction."""
    columns = min(columns, len(x))
    decoded = to_numpy(model.to_grey(model.reconstruct(get_xp(model.parameters.flat).asarray(x))))
    rows = [numpy.pad(images, ((0, -len(x) % columns), (0, 0))).reshape(-1, columns, x.shape[1])
            for images in (model.to_grey(x), decoded)]
    sheet = tile(numpy.stack(rows, axis=1).reshape(-1, x.shape[1]), shape, columns)
    return _sheet_figure(sheet, "Test images, each above its reconstruction", cmap)


def samples(model, shape, rng, count=100, columns=20, cmap="gray_r"):
    """New images: E[x|z] for z drawn from the prior. For pixels of 0 or 1: the probability of 1."""
    xp = get_xp(model.parameters.flat)
    z = xp.asarray(rng.standard_normal((count, model.latent_dim), dtype=model.parameters.flat.dtype))
    decoded = to_numpy(model.to_grey(model.decode(z)))
    return _sheet_figure(tile(decoded, shape, columns), "Decoded samples z ~ N(0, I)", cmap)


def latent_plane(model, shape, side=16, cmap="gray_r"):
    """The decoded plane of two latents, at points spaced evenly in prior probability.

    z = Φ⁻¹(u) for the midpoints u of `side` equal parts of (0, 1)    (Kingma & Welling 2014, figure 4)
    """
    normal = statistics.NormalDist()
    z = [normal.inv_cdf((i + 0.5) / side) for i in range(side)]
    grid = numpy.array([[z1, z2] for z2 in reversed(z) for z1 in z])
    xp = get_xp(model.parameters.flat)
    decoded = to_numpy(model.to_grey(model.decode(xp.asarray(grid.astype(model.parameters.flat.dtype)))))
    gap = 1
    figure = _sheet_figure(tile(decoded, shape, side, gap), size=(7, 7.3), cmap=cmap,
                           title="Decoded latent plane, in equal steps of prior probability")
    axes, = figure.axes
    ticks = range(0, side, 3)
    height, width = shape
    axes.set_xticks([i * (width + gap) + width / 2 - 0.5 for i in ticks], [f"{z[i]:.1f}" for i in ticks])
    axes.set_yticks([i * (height + gap) + height / 2 - 0.5 for i in ticks], [f"{-z[i]:.1f}" for i in ticks])
    axes.set_xlabel("z₁")
    axes.set_ylabel("z₂")
    axes.axis("on")
    return figure


def codes(model, x, labels=None, prior="the prior N(0, I)", label_names=None):
    """Where the encoder puts the images x (N, D) in the plane of two latents; for a VAE, the means of q(z|x).

    prior: what N(0, I) is called, as an autoencoder has no prior; label_names: the names of labels 0, 1, ...
    """
    mean = to_numpy(model.represent(get_xp(model.parameters.flat).asarray(x)))
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    axes = figure.subplots()
    colours = {} if labels is None else {"c": labels, "cmap": "tab10", "vmin": -0.5, "vmax": 9.5}
    points = axes.scatter(mean[:, 0], mean[:, 1], s=12 if len(x) < 2000 else 3, **colours)
    if labels is not None:
        names = [f"{name:.20}".replace("$", r"\$") for name in label_names or "0123456789"]    # $...$ is math
        bar = figure.colorbar(points, ticks=range(len(names)), label="label (not used in training)")
        bar.ax.set(ylim=(-0.5, len(names) - 0.5), yticklabels=names)
        box = {"boxstyle": "round" if label_names else "circle", "facecolor": "white", "alpha": 0.8}
        for label in numpy.unique(labels):
            axes.annotate(names[label] if 0 <= label < len(names) else str(label), bbox=box, ha="center",
                          va="center", xy=numpy.median(mean[labels == label], axis=0), weight="bold")
    radius = math.sqrt(-2 * math.log(0.05))     # P(‖z‖ < r) = 1 − exp(−r²/2) in two dimensions
    circle = radius * numpy.exp(2j * numpy.pi * numpy.linspace(0, 1, 200))
    axes.plot(circle.real, circle.imag, "0.5", linestyle="--", label=f"contains 95 % of {prior}")
    axes.legend(loc="upper right")
    axes.set_title("Where the encoder puts the test images")
    axes.set_xlabel("z₁")
    axes.set_ylabel("z₂")
    axes.set_aspect("equal")
    return figure


def _sheet_figure(sheet, title, cmap, size=None):
    height, width = sheet.shape
    figure = Figure(figsize=size or (9, min(9 * height / width, 20) + 0.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title)
    axes.axis("off")
    return figure
