"""Six short VAEs with a bug each, and what is measured of them: a gradient check alone would let two pass.

Each module has forward(p, x, eps) -> what was computed, by name, and train_step(p, x, rng, lr), which
changes p.
"""

import math

import numpy

from ..checking.diagnosis import diagnose
from ..gradcheck import numerical_gradient
from ..likelihoods import Bernoulli
from ..posteriors import DiagonalGaussian
from .problems import Wrong

N, D, Z, H = 6, 9, 2, 7
LEARNING_RATE = 0.5         # large: what is updated too early then shows
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
    """Everything that a VAE's training step has to do right. Raises Wrong for the first that it doesn't."""
    p, x = parameters(rng), (rng.random((N, D)) < 0.5).astype(float)
    _require_formulas(module, p, x, rng)
    _require_sampler(module, p, x, rng)
    _require_gradient_step(module, p, x)
    _require_independent_noise(module, p, x)
    return []


def _require_formulas(module, p, x, rng):
    """The loss, for the z that was drawn, against the library's formulas."""
    c = module.forward(p, x, rng.standard_normal((N, Z)))
    missing = {"loss", "mu", "logvar", "z", "a", "kl"} - set(c)
    if missing:
        raise Wrong(f"forward no longer returns {sorted(missing)}; leave its last line as it was")
    for name in ("mu", "logvar", "z", "a"):
        if not numpy.isfinite(c[name]).all():
            raise Wrong(f"{name} is not finite; has a logarithm or a root been taken of a negative number?")
    h = numpy.concatenate([c["mu"], c["logvar"]], axis=1)
    kl, log_px = DiagonalGaussian().kl(h), Bernoulli().log_prob(x, c["a"])
    if not numpy.allclose(c["kl"], kl):
        raise Wrong("the KL is no longer what its formula says; leave its line as it was")
    if not numpy.allclose(c["loss"], (kl - log_px).mean()):
        raise Wrong("the loss is not the mean of reconstruction + kl; leave its line as it was")
    hidden = numpy.tanh(x @ p["W1"] + p["b1"])
    formulas = {"mu": hidden @ p["W2"] + p["b2"], "logvar": hidden @ p["W3"] + p["b3"],
                "a": numpy.tanh(c["z"] @ p["W4"] + p["b4"]) @ p["W5"] + p["b5"]}
    for name, value in formulas.items():
        if not numpy.allclose(c[name], value):
            raise Wrong(f"{name} is no longer what its formula says; leave its line as it was")


def _require_sampler(module, p, x, rng):
    """z for one image again and again: does it have the mean and the variance that q is said to have?"""
    many = numpy.repeat(x[:1], DRAWS, axis=0)
    c = module.forward(p, many, rng.standard_normal((DRAWS, Z)))
    z, mu, variance = c["z"], c["mu"][0], numpy.exp(c["logvar"][0])
    log_ratio = 0.5 * (z * z - (z - mu) ** 2 / variance - numpy.log(variance)).sum(axis=1)  # log q − log p
    measured = z.var(axis=0)
    if (abs(measured / variance - 1) > 5 * math.sqrt(2 / DRAWS)).any():
        raise Wrong("the gradient may be that of the loss, but the loss is not that of a VAE: z has the "
                    f"variance {_numbers(measured)} over {DRAWS} draws, where exp(log σ²) is "
                    f"{_numbers(variance)}, of which the KL is computed; a Monte Carlo estimate of the KL "
                    f"gives {log_ratio.mean():.3f}, the closed form {c['kl'][0]:.3f}")
    if (abs(z.mean(axis=0) - mu) > 5 * numpy.sqrt(variance / DRAWS)).any():
        raise Wrong(f"z has the mean {_numbers(z.mean(axis=0))}, where μ is {_numbers(mu)}")


def _require_gradient_step(module, p, x):
    """(p before − p after)/lr is what train_step takes for the gradient: is it that of its forward pass?"""
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
            raise Wrong(f"train_step, with forward and backward, moved {', '.join(wrong)} along something "
                        "else than the gradient of the loss that forward computed "
                        f"(relative error {error:.1e} for {name}); "
                        + _rest(p, wrong)
                        + (f"\n    probably: {explanation}" if explanation else ""))


def _rest(p, wrong):
    right = [name for name in p if name not in wrong]
    return f"{', '.join(right)} are right" if right else "none is right"


def _require_independent_noise(module, p, x):
    """Over 400 steps: standard normal noise, with nothing in common between steps, examples and latents."""
    steps, noise = 400, []
    for seed in range(steps):
        _, passes = _train_step(module, p, x, seed, lr=0.0)
        c = passes[0][1]
        noise.append((c["z"] - c["mu"]) / numpy.exp(0.5 * c["logvar"]))
    noise = numpy.array(noise)                                                  # (steps, N, Z)
    if numpy.allclose(noise[0], noise[1]):
        raise Wrong("two steps with different generators draw the same noise; draw it from the rng that is "
                    "given")
    centred = noise - noise.mean()
    _require_zero((centred[:, 0] * centred[:, 1:].mean(axis=1)).mean(), steps * (N - 1) * Z,
                  "the noise of one example and that of the others have the correlation {:.2f}, where it "
                  "should be 0: averaged over a batch, their errors do not cancel")
    _require_zero((centred[:, :, 0] * centred[:, :, 1]).mean(), steps * N,
                  "the latents of one example share their noise: correlation {:.2f}, where q has none")
    _require_zero(noise.mean(), noise.size, "the noise has the mean {:.3f}, not 0")
    _require_zero((noise.var() - 1) / 2 ** 0.5, noise.size, "the noise does not have the variance 1")
    _require_zero(((noise ** 4).mean() - 3) / 96 ** 0.5, noise.size,
                  "the noise has the right variance, but is not normal: its fourth moment is not 3")


def _require_zero(value, count, text):
    """Raise Wrong unless the mean of `count` independent numbers of variance 1 is near enough to 0."""
    if abs(value) > 5 / math.sqrt(count):
        raise Wrong(f"over 400 steps, {text.format(value)}")


def _train_step(module, p, x, seed, lr):
    """A step on a copy of p. -> p afterwards, and [(eps, what forward returned), ...]"""
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
        raise Wrong(f"train_step called forward {len(passes)} times; once is asked, with the noise of this "
                    "step")
    if loss is None or not numpy.isclose(loss, passes[0][1]["loss"]):
        raise Wrong(f"train_step returned {loss}, and not the loss that forward computed")
    return p, passes


def _numbers(values):
    return ", ".join(f"{value:.3f}" for value in values)
