"""The picture of a fit: the posterior next to its approximation, and the ELBO during the fit."""

import math

import numpy
from matplotlib.figure import Figure


def fit_figure(names, exact, fitted, encoder, curve, noisy, evidence, gap, support):
    """The posterior next to its approximation, and the ELBO as it climbs to log p(x).

    exact, fitted, encoder   distributions with mean, std and log_prob(z); the first and last may be None
    curve                    the ELBO at each step, estimated (noisy) or exact
    evidence, gap            log p(x), or None; KL(q ‖ posterior)
    support                  of each latent, as in Model
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
        right.plot(numpy.arange(len(smooth)) + window / 2, smooth, "k", label=f"mean over {window} steps")
    else:
        right.plot(curve, "k", label="ELBO, exact")
    if evidence is not None:
        right.axhline(evidence, color="0.5", linestyle="--", label="log p(x)")
    top = max(evidence if evidence is not None else -math.inf, numpy.percentile(curve, 99))
    low = numpy.percentile(curve, 10)       # the first steps are far below, and would flatten the rest
    right.set_ylim(low - 0.2 * (top - low) - 1e-3, top + 0.2 * (top - low) + 1e-3)
    right.set_title("The ELBO climbs towards log p(x)" if evidence is not None else "The ELBO climbs")
    right.set_xlabel("step")
    right.set_ylabel("nats")
    right.legend(loc="lower right")
    right.grid(alpha=0.3)
    return figure


def _range(shown, i, support, side):
    """Where to plot latent i: mean ± 4 standard deviations of all distributions shown, within its support."""
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
    """Regions of highest density, with 50, 90 and 99 % of the mass. -> False if one is too narrow to plot"""
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
