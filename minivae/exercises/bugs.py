"""Check the short VAEs with one bug each. A gradient check alone would accept several of them.

Each module has forward(p, x, eps), which returns the computed values by name, and train_step(p, x, rng, lr),
which changes p in place.
"""

import functools
import inspect
import math

import numpy

from ..gradcheck import numerical_gradient, relative_error
from ..likelihoods import Bernoulli
from ..posteriors import DiagonalGaussian
from .findings import SEED, explain, results_of
from .mistakes import suspects
from .problems import Wrong

N, D, Z, H = 6, 9, 2, 7
LEARNING_RATE = 0.3         # large, so that an update made too early is visible
DRAWS = 20_000


def parameters_and_data(rng):
    """The weights of the small VAE, by name; and x (N, D) of zeros and ones."""
    shapes = {"W1": (D, H), "W2": (H, Z), "W3": (H, Z), "W4": (Z, H), "W5": (H, D)}
    p = {}
    for name, shape in shapes.items():
        p[name] = rng.standard_normal(shape) * shape[0] ** -0.5
        p["b" + name[1]] = 0.3 * rng.standard_normal(shape[1])
    return p, (rng.random((N, D)) < 0.5).astype(float)


def measure(exercise, module, seed=SEED):
    """Check all that a VAE's training step has to do. Raises Wrong for the first thing that is not right.

    The first line says what can be seen, the others what it probably comes from: on a file as it was shipped,
    only the first is shown.
    """
    rng = numpy.random.default_rng(seed)
    p, x = parameters_and_data(rng)
    _require_formulas(module, p, x, rng)
    _require_sampler(module, p, x, rng)
    _require_independent_noise(module, p, x)
    _require_gradient_step(exercise, module, p, x, seed)


def _require_formulas(module, p, x, rng):
    """Compare what forward returned, for its sample z, with the formulas."""
    c = module.forward(p, x, rng.standard_normal((N, Z)))
    missing = {"loss", "mu", "logvar", "z", "a", "kl"} - set(c)
    if missing:
        raise Wrong(f"forward no longer returns {sorted(missing)}; restore its original last line")
    for name in ("mu", "logvar", "z", "a"):
        if not numpy.isfinite(c[name]).all():
            raise Wrong(f"{name} is not finite; is there a logarithm or a root of a negative number?")
    h = numpy.concatenate([c["mu"], c["logvar"]], axis=1)
    kl, log_px = DiagonalGaussian().kl(h), Bernoulli().log_prob(x, c["a"])
    if not numpy.allclose(c["kl"], kl):
        of_log_sigma = DiagonalGaussian().kl(numpy.concatenate([c["mu"], 2 * c["logvar"]], axis=1))
        if numpy.allclose(c["kl"], of_log_sigma):
            raise Wrong("this is the KL with logvar taken for log σ. That would be a VAE too; here the encoder "
                        "emits log σ², as the name logvar says: restore the line of the KL, and change that "
                        "of z")
        raise Wrong("the KL is not ½ Σ (μ² + σ² − 1 − log σ²) any more; restore the original line")
    if not numpy.allclose(c["loss"], (kl - log_px).mean()):
        raise Wrong(f"the loss is {c['loss']:.4f}, but the mean of −log p(x|z) + KL over the batch is "
                    f"{(kl - log_px).mean():.4f}" + _which_loss(c["loss"], kl, -log_px))
    hidden = numpy.tanh(x @ p["W1"] + p["b1"])
    formulas = {"mu": hidden @ p["W2"] + p["b2"], "logvar": hidden @ p["W3"] + p["b3"],
                "a": numpy.tanh(c["z"] @ p["W4"] + p["b4"]) @ p["W5"] + p["b5"]}
    for name, value in formulas.items():
        if not numpy.allclose(c[name], value):
            raise Wrong(f"{name} no longer follows its formula; restore the original line")


def _which_loss(loss, kl, reconstruction):
    """Which wrong sum is it? In words, on a line of its own, or nothing."""
    for text, value in {
            "the reconstruction term is averaged over the pixels, but log p(x|z) is a sum":
                kl + reconstruction / D,
            "both terms are summed over the batch; the loss is their mean": N * (kl + reconstruction),
            "both terms are averaged over their last axis, but both are sums": kl / Z + reconstruction / D,
            "the KL is averaged over the latents, but it is a sum": kl / Z + reconstruction,
            "the KL has D times the weight that it should have": D * kl + reconstruction,
            "the KL is missing": reconstruction, "the reconstruction term is missing": kl,
            "the KL has the wrong sign": reconstruction - kl,
            "the reconstruction term has the wrong sign": kl - reconstruction,
            "the reconstruction term is summed over the batch too": kl + reconstruction.sum()}.items():
        if numpy.isclose(loss, value.mean()):
            return f"\n    probably: {text}"
    return ""


def _require_sampler(module, p, x, rng):
    """Draw z many times for one image: does it have the mean and the variance of q?"""
    many = numpy.repeat(x[:1], DRAWS, axis=0)
    c = module.forward(p, many, rng.standard_normal((DRAWS, Z)))
    z, mu, variance = c["z"], c["mu"][0], numpy.exp(c["logvar"][0])
    log_ratio = 0.5 * (z * z - (z - mu) ** 2 / variance - numpy.log(variance)).sum(axis=1)  # log q − log p
    measured = z.var(axis=0)
    if (abs(measured / variance - 1) > 5 * math.sqrt(2 / DRAWS)).any():
        raise Wrong("z is not drawn from the q(z|x) that the KL is computed for: a Monte Carlo estimate of "
                    f"the KL gives {log_ratio.mean():.3f}, the closed form gives {c['kl'][0]:.3f}\n"
                    f"    over {DRAWS} samples z has the variance {_numbers(measured)}, but exp(log σ²) is "
                    f"{_numbers(variance)}")
    if (abs(z.mean(axis=0) - mu) > 5 * numpy.sqrt(variance / DRAWS)).any():
        raise Wrong(f"z has the mean {_numbers(z.mean(axis=0))}, but μ is {_numbers(mu)}")


def _require_gradient_step(exercise, module, p, x, seed):
    """Is (p before − p after)/lr, the gradient that train_step used, the gradient of its forward pass?"""
    gradients, passes = _gradients(module, p, x)
    eps = passes[0][0]
    expected = {name: numerical_gradient(lambda _: float(module.forward(p, x, eps)["loss"]), p[name])
                for name in p}
    errors = {name: relative_error(gradients[name], expected[name]) for name in p}
    wrong = [name for name in p if not errors[name] <= 1e-6]
    if not wrong:
        return
    right = [name for name in p if name not in wrong]
    lines = [f"these parameters did not move by −lr times the gradient of forward's loss: {', '.join(wrong)}"
             + (f"; right: {', '.join(right)}" if right else ""),
             f"relative error {errors[wrong[0]]:.1e} for {wrong[0]}"]
    still = [name for name in wrong if not gradients[name].any()]
    if still:
        lines.append(f"not moved at all: {', '.join(still)}")
    elif len(passes) > 1 and not _same_array(passes[1][0], eps):
        lines.append("probably: backward got other noise than forward; both need the same ε")
    elif text := explain(gradients, expected, _known(exercise, seed), {"N": N, "D": D, "Z": Z}):
        lines.append(f"probably: {text}")
    raise Wrong("\n    ".join(lines))


@functools.cache
def _known(exercise, seed):
    """[(what is wrong, the gradients that it gives), ...] of all suspects."""
    p, x = parameters_and_data(numpy.random.default_rng(seed))
    return results_of(suspects(exercise), lambda module: _gradients(module, p, x)[0])


def _gradients(module, p, x):
    """The gradient that one step of train_step moved each parameter along, and what _train_step recorded."""
    after, passes = _train_step(module, p, x, seed=1, lr=LEARNING_RATE)
    return {name: (p[name] - after[name]) / LEARNING_RATE for name in p}, passes


def _same_array(a, b):
    return a.shape == b.shape and numpy.allclose(a, b)


def _require_independent_noise(module, p, x):
    """Over 400 steps, the noise has to be standard normal, and independent in steps, examples and latents."""
    steps = 400
    noise = numpy.array([_noise(module, p, x, seed) for seed in range(steps)])          # (steps, N, Z)
    if not noise.any():
        raise Wrong("the noise is 0: then z is μ, and not drawn from q(z|x)")
    if not numpy.allclose(noise[0], _noise(module, p, x, 0)):
        raise Wrong("two steps with equal generators draw different noise; draw it from the given rng, so "
                    "that a run can be repeated")
    if numpy.allclose(noise[0], noise[1]):
        raise Wrong("two steps with different generators draw the same noise; draw it from the given rng")
    if abs(noise.mean()) > 0.2:
        raise Wrong(f"the noise has the mean {noise.mean():.2f}, not 0")
    if abs(noise.std() - 1) > 0.5:
        raise Wrong("the variance of the noise is not 1, so z is not drawn from q(z|x), and −loss is not a "
                    f"lower bound of log p(x)\n    the variance is {noise.var():.3g}")
    scaled = (noise - noise.mean()) / noise.std()
    between = (scaled[:, 0] * scaled[:, 1:].mean(axis=1)).mean()
    _require_zero(between, steps * (N - 1) * Z, "the noise of one example and that of the others are "
                  "correlated, but they have to be independent\n    the correlation is {:.2f}: "
                  + ("errors do not cancel in the mean over a batch" if between > 0 else
                     "antithetic noise makes errors cancel better, but here each example needs its own"))
    _require_zero((scaled[:, :, 0] * scaled[:, :, 1]).mean(), steps * N,
                  "the latents of one example share their noise, but in q they are independent\n"
                  "    the correlation is {:.2f}")
    squares = (scaled ** 2 - 1) / 2 ** 0.5
    _require_zero((squares[:, 0] * squares[:, 1:].mean(axis=1)).mean(), steps * (N - 1) * Z / 4,
                  "the size of the noise is shared between the examples\n"
                  "    its squares have the correlation {:.2f}")
    _require_zero((squares[:, :, 0] * squares[:, :, 1]).mean(), steps * N / 4,
                  "the size of the noise is shared between the latents\n"
                  "    its squares have the correlation {:.2f}")
    _require_zero(noise.mean(), noise.size, "the noise has the mean {:.3f}, not 0")
    _require_zero((noise.var() - 1) / 2 ** 0.5, noise.size, "the variance of the noise is not 1")
    _require_zero(((noise ** 4).mean() - 3) / 96 ** 0.5, noise.size,
                  "the noise has the right variance, but is not normal: its fourth moment is not 3")


def _noise(module, p, x, seed):
    """The noise (N, Z) of a step with a generator of this seed, computed from z."""
    c = _train_step(module, p, x, seed, lr=0.0)[1][0][1]
    return (c["z"] - c["mu"]) / numpy.exp(0.5 * c["logvar"])


def _require_zero(value, count, text):
    """Raise Wrong unless value, the mean of `count` independent numbers of variance 1, is close to 0."""
    if abs(value) > 5 / math.sqrt(count):
        raise Wrong(text.format(value))


def _train_step(module, p, x, seed, lr):
    """Take one step on a copy of p. Raises Wrong if forward isn't called once, or its loss isn't returned.

    -> p after the step, and [(eps, what it returned), ...] of forward, then of backward
    """
    p = {name: value.copy() for name, value in p.items()}
    names = [name for name in ("forward", "backward") if hasattr(module, name)]
    functions, passes = {name: getattr(module, name) for name in names}, {name: [] for name in names}

    def recorded(name):
        def call(*given, **named):
            _, _, eps, *_ = inspect.signature(functions[name]).bind(*given, **named).arguments.values()
            passes[name].append((numpy.array(eps), functions[name](*given, **named)))
            return passes[name][-1][1]
        return call
    for name in names:
        setattr(module, name, recorded(name))
    try:
        loss = module.train_step(p, x, numpy.random.default_rng(seed), lr)
    finally:
        for name in names:
            setattr(module, name, functions[name])
    if len(passes["forward"]) != 1:
        raise Wrong(f"train_step called forward {len(passes['forward'])} times; call it once, before the "
                    "step: return its loss, and use its noise in the whole step")
    if loss is None or not numpy.isclose(loss, passes["forward"][0][1]["loss"]):
        raise Wrong(f"train_step returned {loss}; it has to return the loss that forward computed")
    return p, passes["forward"] + passes.get("backward", [])


def _numbers(values):
    return ", ".join(f"{value:.3f}" for value in values)
