"""How the six short VAEs with one bug each are checked. A gradient check alone would accept two of them.

Each module has forward(p, x, eps), which returns the computed values by name, and train_step(p, x, rng, lr),
which changes p in place.
"""

import math

import numpy

from ..checking.diagnosis import diagnose
from ..gradcheck import numerical_gradient
from ..likelihoods import Bernoulli
from ..posteriors import DiagonalGaussian
from .problems import Wrong

N, D, Z, H = 6, 9, 2, 7
LEARNING_RATE = 0.5         # large, so that an update made too early is visible
DRAWS = 20_000


def parameters(rng):
    """Weights of the small VAE, by name."""
    shapes = {"W1": (D, H), "W2": (H, Z), "W3": (H, Z), "W4": (Z, H), "W5": (H, D)}
    p = {}
    for name, shape in shapes.items():
        p[name] = rng.standard_normal(shape) * shape[0] ** -0.5
        p["b" + name[1]] = 0.3 * rng.standard_normal(shape[1])
    return p


def measure(module, rng):
    """Check all that a VAE's training step has to do. Raises Wrong for the first thing that is not right."""
    p, x = parameters(rng), (rng.random((N, D)) < 0.5).astype(float)
    _require_formulas(module, p, x, rng)
    _require_sampler(module, p, x, rng)
    _require_gradient_step(module, p, x)
    _require_independent_noise(module, p, x)
    return []


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
        raise Wrong("the KL no longer follows its formula; restore the original line")
    if not numpy.allclose(c["loss"], (kl - log_px).mean()):
        raise Wrong("the loss is not the mean of reconstruction + kl; restore the original line")
    hidden = numpy.tanh(x @ p["W1"] + p["b1"])
    formulas = {"mu": hidden @ p["W2"] + p["b2"], "logvar": hidden @ p["W3"] + p["b3"],
                "a": numpy.tanh(c["z"] @ p["W4"] + p["b4"]) @ p["W5"] + p["b5"]}
    for name, value in formulas.items():
        if not numpy.allclose(c[name], value):
            raise Wrong(f"{name} no longer follows its formula; restore the original line")


def _require_sampler(module, p, x, rng):
    """Draw z many times for one image: does it have the mean and the variance of q?"""
    many = numpy.repeat(x[:1], DRAWS, axis=0)
    c = module.forward(p, many, rng.standard_normal((DRAWS, Z)))
    z, mu, variance = c["z"], c["mu"][0], numpy.exp(c["logvar"][0])
    log_ratio = 0.5 * (z * z - (z - mu) ** 2 / variance - numpy.log(variance)).sum(axis=1)  # log q − log p
    measured = z.var(axis=0)
    if (abs(measured / variance - 1) > 5 * math.sqrt(2 / DRAWS)).any():
        raise Wrong("the gradient may be that of the loss, but the loss is not that of a VAE: over "
                    f"{DRAWS} samples z has the variance {_numbers(measured)}, but the KL is computed from "
                    f"exp(log σ²) = {_numbers(variance)}; a Monte Carlo estimate of the KL gives "
                    f"{log_ratio.mean():.3f}, the closed form gives {c['kl'][0]:.3f}")
    if (abs(z.mean(axis=0) - mu) > 5 * numpy.sqrt(variance / DRAWS)).any():
        raise Wrong(f"z has the mean {_numbers(z.mean(axis=0))}, but μ is {_numbers(mu)}")


def _require_gradient_step(module, p, x):
    """Is (p before − p after)/lr, the gradient that train_step used, the gradient of its forward pass?"""
    after, passes = _train_step(module, p, x, seed=1, lr=LEARNING_RATE)
    eps = passes[0][0]
    gradients = {name: (p[name] - after[name]) / LEARNING_RATE for name in p}
    expected = {name: numerical_gradient(lambda _: float(module.forward(p, x, eps)["loss"]), p[name])
                for name in p}
    for name in p:
        scale = max(numpy.linalg.norm(gradients[name]), numpy.linalg.norm(expected[name]), 1e-12)
        error = numpy.linalg.norm(gradients[name] - expected[name]) / scale
        if error > 1e-6:
            others = {other: g for other, g in expected.items() if other != name}
            explanation = diagnose(gradients[name], expected[name],
                                   {"others": others, "sizes": {"N": N, "D": D}})
            wrong = [other for other in p
                     if not numpy.allclose(gradients[other], expected[other], rtol=1e-5, atol=1e-8)]
            raise Wrong(f"train_step and the functions it calls moved {', '.join(wrong)} along something "
                        "other than the gradient of the loss that forward computed "
                        f"(relative error {error:.1e} for {name}); "
                        + _rest(p, wrong)
                        + (f"\n    probably: {explanation}" if explanation else ""))


def _rest(p, wrong):
    right = [name for name in p if name not in wrong]
    return f"right: {', '.join(right)}" if right else "no parameter is right"


def _require_independent_noise(module, p, x):
    """Over 400 steps, the noise has to be standard normal, and independent across steps, examples and latents."""
    steps, noise = 400, []
    for seed in range(steps):
        _, passes = _train_step(module, p, x, seed, lr=0.0)
        c = passes[0][1]
        noise.append((c["z"] - c["mu"]) / numpy.exp(0.5 * c["logvar"]))
    noise = numpy.array(noise)                                                  # (steps, N, Z)
    if numpy.allclose(noise[0], noise[1]):
        raise Wrong("two steps with different generators draw the same noise; draw it from the given "
                    "rng")
    centred = noise - noise.mean()
    _require_zero((centred[:, 0] * centred[:, 1:].mean(axis=1)).mean(), steps * (N - 1) * Z,
                  "the noise of one example and that of the others have the correlation {:.2f}, but it "
                  "should be 0: correlated errors do not cancel in the mean over a batch")
    _require_zero((centred[:, :, 0] * centred[:, :, 1]).mean(), steps * N,
                  "the latents of one example share their noise: correlation {:.2f}, but in q it is 0")
    _require_zero(noise.mean(), noise.size, "the noise has the mean {:.3f}, not 0")
    _require_zero((noise.var() - 1) / 2 ** 0.5, noise.size, "the variance of the noise is not 1")
    _require_zero(((noise ** 4).mean() - 3) / 96 ** 0.5, noise.size,
                  "the noise has the right variance, but is not normal: its fourth moment is not 3")


def _require_zero(value, count, text):
    """Raise Wrong unless value, the mean of `count` independent numbers of variance 1, is close to 0."""
    if abs(value) > 5 / math.sqrt(count):
        raise Wrong(f"over 400 steps, {text.format(value)}")


def _train_step(module, p, x, seed, lr):
    """Take one step on a copy of p. -> p after the step, and [(eps, what forward returned), ...]"""
    p = {name: value.copy() for name, value in p.items()}
    forward, passes = module.forward, []

    def recorded(p, x, eps):
        passes.append((numpy.array(eps), forward(p, x, eps)))
        return passes[-1][1]
    module.forward = recorded
    try:
        loss = module.train_step(p, x, numpy.random.default_rng(seed), lr)
    finally:
        module.forward = forward
    if len(passes) != 1:
        raise Wrong(f"train_step called forward {len(passes)} times; call it once, with the noise of this "
                    "step")
    if loss is None or not numpy.isclose(loss, passes[0][1]["loss"]):
        raise Wrong(f"train_step returned {loss}; it has to return the loss that forward computed")
    return p, passes


def _numbers(values):
    return ", ".join(f"{value:.3f}" for value in values)
