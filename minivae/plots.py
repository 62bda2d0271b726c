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


def curves(history, name="ELBO", unit="nats ", trained_on=None):
    """The ELBO (or another −loss, named so) against the epochs, in training and on the test set.

    history: a list of dicts with epoch, loss, reconstruction, kl, test_loss; trained_on: what the training
    loss is, where it is not −name.
    """
    has_kl = any(row["kl"] for row in history)
    figure = Figure(figsize=(9, 3.6) if has_kl else (5, 3.6), layout="constrained")
    panels = figure.subplots(1, 2 if has_kl else 1, squeeze=False)[0]
    epochs = [row["epoch"] for row in history]
    test = [-row["test_loss"] for row in history]
    style = {"marker": "o"} if len(epochs) == 1 else {}         # one point makes no line
    panels[0].plot(epochs, [-row["loss"] for row in history], "0.6", **style,
                   label=f"training: {trained_on}" if trained_on else "training, while it learned")
    panels[0].plot(epochs, test, "k", label=f"test: {name}" if trained_on else "test", **style)
    panels[0].set_title(f"Test {name}: {test[-1]:.2f} at the end")
    panels[0].set_ylabel(f"{unit}per image" if trained_on else f"{name} ({unit}per image)")
    low = numpy.percentile(test, 5)     # the first epochs lie so far below that they would flatten the rest
    panels[0].set_ylim(bottom=low - 0.1 * (max(test) - low + 1e-9))
    if has_kl:
        terms = [("reconstruction", "k--", "−E log p(x|z)"), ("kl", "k", "KL(q(z|x) ‖ p(z))")]
        for part, line, label in terms:
            panels[1].plot(epochs, [row[part] for row in history], line, label=label, **style)
        panels[1].set_title(f"The two terms: the code costs {history[-1]['kl']:.2f} nats")
        panels[1].set_ylabel(f"training loss ({unit}per image)")
    for axes in panels:
        axes.set_xlabel("epoch")
        axes.legend()
        axes.grid(alpha=0.3)
    return figure


def reconstructions(model, x, shape, columns=20):
    """Images x (N, D) above their reconstructions, decoded from where the encoder puts them."""
    xp = get_xp(model.parameters.flat)
    decoded = to_numpy(model.to_grey(model.reconstruct(xp.asarray(x))))
    x = model.to_grey(x)
    blocks = []
    for first in range(0, len(x), columns):
        blocks += [x[first:first + columns], decoded[first:first + columns]]
    sheet = tile(numpy.concatenate(blocks), shape, columns)
    return _sheet_figure(sheet, "Test images, and below each its reconstruction")


def samples(model, shape, rng, count=100, columns=20):
    """New images: E[x|z] for z drawn from the prior; of black or white pixels, the probability of black."""
    xp = get_xp(model.parameters.flat)
    z = xp.asarray(rng.standard_normal((count, model.latent_dim), dtype=model.parameters.flat.dtype))
    decoded = to_numpy(model.to_grey(model.decode(z)))
    return _sheet_figure(tile(decoded, shape, columns), "Decoded draws of z ~ N(0, I)")


def latent_plane(model, shape, side=16):
    """The decoded plane of two latents, its points spaced evenly in probability under the prior.

    z = Φ⁻¹(u) for u in the middle of `side` equal parts of (0, 1)    (Kingma & Welling 2014, figure 4)
    """
    normal = statistics.NormalDist()
    z = [normal.inv_cdf((i + 0.5) / side) for i in range(side)]
    grid = numpy.array([[z1, z2] for z2 in reversed(z) for z1 in z])
    xp = get_xp(model.parameters.flat)
    decoded = to_numpy(model.to_grey(model.decode(xp.asarray(grid.astype(model.parameters.flat.dtype)))))
    gap = 1
    figure = _sheet_figure(tile(decoded, shape, side, gap), size=(7, 7.3),
                           title="The latent plane, decoded, at equal steps of the prior")
    axes, = figure.axes
    ticks = range(0, side, 3)
    height, width = shape
    axes.set_xticks([i * (width + gap) + width / 2 - 0.5 for i in ticks], [f"{z[i]:.1f}" for i in ticks])
    axes.set_yticks([i * (height + gap) + height / 2 - 0.5 for i in ticks], [f"{-z[i]:.1f}" for i in ticks])
    axes.set_xlabel("z₁ (equal steps of prior probability)")
    axes.set_ylabel("z₂")
    axes.axis("on")
    return figure


def codes(model, x, labels=None, prior="the prior N(0, I)"):
    """Where the encoder puts the images x (N, D) in the plane of two latents: the VAE's means of q(z|x).

    prior: what to call N(0, I), for a model that has none.
    """
    xp = get_xp(model.parameters.flat)
    mean = to_numpy(model.represent(xp.asarray(x)))
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
    axes.plot(circle.real, circle.imag, "0.5", linestyle="--", label=f"holds 95 % of {prior}")
    axes.legend(loc="upper right")
    axes.set_title("Where the encoder puts the test images")
    axes.set_xlabel("z₁")
    axes.set_ylabel("z₂")
    axes.set_aspect("equal")
    return figure


def inference(names, exact, fitted, encoder, curve, noisy, evidence, gap, support):
    """The posterior beside its approximation, and the ELBO on its way to log p(x).

    exact, fitted, encoder: distributions with mean, std and log_prob(z), the first and last may be None;
    curve: the ELBO at each step, estimated (noisy) or exact; evidence: log p(x), or None; support: of each
    latent, as models have it.
    """
    window = min(50, len(curve) // 4) if noisy else 1
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = [(exact, "exact posterior", "0.6", "-"), (fitted, "fitted q", "k", "--"),
             (encoder, "the encoder's q(z|x)", "k", ":")]
    shown = [entry for entry in shown if entry[0] is not None]
    if len(names) == 1:
        _density_curves(left, names[0], shown, support[0])
    elif len(names) != 2 or exact is None or not _density_contours(left, names, shown, support):
        _error_bars(left, names, shown)
    left.set_title(f"KL(q ‖ posterior) {'=' if exact is not None else '≈'} {gap:.4f} nats")
    bottom, top = left.get_ylim()
    left.set_ylim(bottom, top + 0.25 * (top - bottom))      # room for the legend
    left.legend(loc="upper right")
    if window > 1:
        right.plot(curve, "0.75", linewidth=0.6, label="ELBO, estimated at each step")
        smooth = numpy.convolve(curve, numpy.full(window, 1 / window), mode="valid")
        right.plot(numpy.arange(len(smooth)) + window / 2, smooth, "k", label=f"its mean over {window} steps")
    else:
        right.plot(curve, "k", label="ELBO, exact")
    if evidence is not None:
        right.axhline(evidence, color="0.5", linestyle="--", label="log p(x)")
    top = max(evidence if evidence is not None else -math.inf, numpy.percentile(curve, 99))
    low = numpy.percentile(curve, 10)       # the first steps lie far below, and would flatten the rest
    right.set_ylim(low - 0.2 * (top - low) - 1e-3, top + 0.2 * (top - low) + 1e-3)
    right.set_title("The ELBO climbs towards log p(x)" if evidence is not None else "The ELBO climbs")
    right.set_xlabel("step")
    right.set_ylabel("nats")
    right.legend(loc="lower right")
    right.grid(alpha=0.3)
    return figure


def _range(shown, i, support, side):
    """Where to draw latent i: mean ± 4 standard deviations of all that are shown, within its support."""
    low = min(b.mean[i] - 4 * b.std[i] for b, *_ in shown)
    high = max(b.mean[i] + 4 * b.std[i] for b, *_ in shown)
    inside = 1e-4 * (high - low)
    if support in ("positive", "unit"):
        low = max(low, inside)
    if support == "unit":
        high = min(high, 1 - inside)
    return numpy.linspace(low, high, side)


def _density_curves(axes, name, shown, support):
    z = _range(shown, 0, support, 800)
    for b, label, colour, style in shown:
        density = numpy.exp(b.log_prob(z[:, None]))
        width = 3 if style == "-" else 1.5
        axes.plot(z, density, color=colour, linestyle=style, linewidth=width, label=label)
    axes.set_xlabel(name)
    axes.set_ylabel("density")
    axes.set_ylim(bottom=0)


def _density_contours(axes, names, shown, support):
    """Regions of highest density, with 50, 90 and 99 % of the mass. -> False if one is too narrow to draw"""
    x, y = (_range(shown, i, support[i], 240) for i in range(2))
    z = numpy.stack(numpy.meshgrid(x, y), axis=-1)
    densities = []
    for b, *_ in shown:
        log_p = b.log_prob(z.reshape(-1, 2))
        p = numpy.exp(log_p - log_p.max())
        order = numpy.sort(p)[::-1]
        mass = numpy.cumsum(order) / order.sum()
        levels = [order[numpy.searchsorted(mass, share)] for share in (0.99, 0.9, 0.5)] + [1.0]
        densities.append((p.reshape(z.shape[:2]), levels))
    if not all((numpy.diff(levels) > 0).all() for _, levels in densities):
        return False
    for (p, levels), (_, label, colour, style) in zip(densities, shown):
        if style == "-":
            axes.contourf(x, y, p, levels, colors=["0.9", "0.75", "0.6"])
        else:
            axes.contour(x, y, p, levels[:3], colors=colour, linestyles=style)
        axes.plot([], [], color=colour, linestyle=style, linewidth=8 if style == "-" else 1.5,
                  label=f"{label}: 50, 90, 99 %")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    return True


def _error_bars(axes, names, shown):
    """Mean ± 2 standard deviations of each latent."""
    for place, (b, label, colour, style) in enumerate(shown):
        position = numpy.arange(len(names)) + 0.2 * place
        axes.errorbar(position, b.mean, 2 * b.std, color=colour, fmt="o", markersize=4, capsize=2,
                      markerfacecolor=colour if style != ":" else "white", label=f"{label}: mean ± 2 std")
    step = -(-len(names) // 20)
    axes.set_xticks(range(0, len(names), step), names[::step])
    axes.set_ylabel("latent")


def _sheet_figure(sheet, title, size=None):
    height, width = sheet.shape
    figure = Figure(figsize=size or (9, min(9 * height / width, 20) + 0.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title)
    axes.axis("off")
    return figure
