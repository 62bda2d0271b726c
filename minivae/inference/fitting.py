"""Fit q by climbing the ELBO along estimated gradients; estimate the ELBO; compare estimators at a fixed q."""

import math
from typing import NamedTuple

import numpy

from ..backend import to_numpy
from ..errors import Diverged, InputError, require_count
from .model import evaluate


class Step(NamedTuple):
    """The knobs λ (P,), on the host, and their ELBO, estimated from the samples that the next gradient uses."""

    step: int
    elbo: float
    knobs: numpy.ndarray


class Estimate(NamedTuple):
    """The mean of some samples, and its standard error."""

    mean: float
    error: float


class GradientMoments(NamedTuple):
    """Mean and variance (P,), on the host, of many estimates of ∇ ELBO, each from new samples."""

    mean: numpy.ndarray
    variance: numpy.ndarray


def fit(model, q, estimator, optimizer, n_samples, steps, rng):
    """Climb the ELBO, changing q.knobs in place. A generator: yields a Step before each step and at the end.

    model       over real latents; if it has others, pass unconstrained(model): this is ADVI
    estimator   of ∇ ELBO, see ESTIMATORS
    optimizer   of q.knobs, like Adam(q.knobs, lr=0.05); it minimizes, so it is given −∇ ELBO
    n_samples   S, samples of z per gradient
    rng         a numpy.random.Generator, the only source of noise

    Raises InputError for a q or an estimator that does not fit the model, Diverged where the ELBO or its
    gradient is not finite.
    """
    require_count(n_samples=n_samples, steps=steps)
    _require_match(model, q, optimizer)
    for step in range(steps + 1):
        eps = q.draw_noise(rng, n_samples)
        value = float(log_weights(model, q, eps).mean())
        yield Step(step, value, to_numpy(q.knobs).copy())
        _require_finite(value, step)
        if step < steps:
            gradient = estimator.rows(model, q, eps).mean(axis=0)
            _require_finite(gradient.sum(), step)
            optimizer.step(-gradient)


def _require_finite(number, step):
    if not math.isfinite(float(number)):
        raise Diverged(f"the ELBO or its gradient became infinite or NaN at step {step}; try a smaller "
                       "learning rate, more samples, or an estimator with less variance")


def log_weights(model, q, eps):
    """log p(x, z) − log q(z) at samples of q; the mean estimates the ELBO.    eps (S, Z) -> (S,)"""
    return evaluate(model, "log_joint", q.sample(eps)) - q.log_prob_of_sample(eps)


def _many_log_weights(model, q, rng, n_samples, portion=10_000):
    """log_weights of n_samples samples, on the host in float64; in portions, to save memory. -> (S,)"""
    require_count(n_samples=n_samples)
    _require_match(model, q)
    if n_samples < 2:
        raise InputError("n_samples is 1, but a standard error needs at least 2")
    sizes = [portion] * (n_samples // portion) + [n_samples % portion] * (n_samples % portion > 0)
    log_w = [to_numpy(log_weights(model, q, q.draw_noise(rng, size))) for size in sizes]
    return numpy.concatenate(log_w).astype("float64")


def elbo(model, q, rng, n_samples=10_000):
    """ELBO = E_q[log p(x, z) − log q(z)] by Monte Carlo, in nats. -> Estimate

    It uses −log q at the samples, not the entropy. So it has no variance where q is the posterior: every
    sample then gives log p(x).
    """
    log_w = _many_log_weights(model, q, rng, n_samples)
    return Estimate(float(log_w.mean()), float(log_w.std(ddof=1) / n_samples ** 0.5))


def estimate_log_evidence(model, q, rng, n_samples=10_000):
    """log p(x) ≈ log 1/S Σ p(x, z)/q(z) by importance sampling from q, in nats. -> Estimate

    Use Model.log_evidence() instead where the model has it. If q is much narrower than the posterior
    (variance at most half as large), or misses one of its modes, the result is usually too low, and so is its
    standard error, which gives no sign of the problem.
    """
    log_w = _many_log_weights(model, q, rng, n_samples)
    w = numpy.exp(log_w - log_w.max())
    relative_error = w.std(ddof=1) / w.mean() / n_samples ** 0.5        # d log w̄ = dw̄/w̄
    return Estimate(float(log_w.max() + numpy.log(w.mean())), float(relative_error))


def gradient_moments(model, q, estimator, n_samples, rng, repeats=1000):
    """Mean and variance of the estimated ∇ ELBO at this q, over `repeats` estimates with n_samples samples
    each.

    50 more estimates come first and are not counted, so that a running baseline can settle.
    """
    require_count(n_samples=n_samples, repeats=repeats)
    _require_match(model, q)
    gradients = [to_numpy(estimator.rows(model, q, q.draw_noise(rng, n_samples)).mean(axis=0))
                 for _ in range(50 + repeats)][50:]
    gradients = numpy.array(gradients)
    return GradientMoments(gradients.mean(axis=0), gradients.var(axis=0, ddof=1))


def gradient_variance(model, q, estimator, n_samples, rng, repeats=1000):
    """The variance (P,) of the estimated ∇ ELBO at this q, for comparing estimators."""
    return gradient_moments(model, q, estimator, n_samples, rng, repeats).variance


def _require_match(model, q, optimizer=None):
    constrained = [kind for kind in getattr(model, "support", ()) if kind != "real"]
    if constrained:
        raise InputError(f"{type(model).__name__} has a latent with support {constrained[0]!r}, but a Gaussian q "
                         "covers all real numbers; pass unconstrained(model)")
    latent_dim = getattr(model, "latent_dim", q.latent_dim)
    if latent_dim != q.latent_dim:
        raise InputError(f"q has {q.latent_dim} latents, but {type(model).__name__} has {latent_dim}; "
                         f"make q with {latent_dim}")
    if optimizer is not None and optimizer.theta is not q.knobs:
        raise InputError("the optimizer does not change the knobs of this q; make it with q.knobs")
