"""CAVI, coordinate ascent variational inference: the classical way to fit a mean-field q, without gradients.

Let q(z) = Π qᵢ(zᵢ), and hold all factors but qᵢ fixed. The ELBO is then highest for

    log qᵢ(zᵢ) = E_{all others}[log p(x, z)] + const                    (Bishop 2006, eq. 10.9)

As a function of qᵢ alone, the ELBO is const − KL(qᵢ ‖ this distribution), highest where the two are equal. In
conjugate models this distribution is a known one, and its parameters are computed directly. No update can
lower the ELBO, and there is no learning rate. Everything runs on the host: it is only a few numbers.
"""

import math
from typing import Any, NamedTuple

import numpy

from ..errors import InputError, require_count
from ..prior import LOG_2PI
from .conjugate_models import UnknownMeanAndPrecision
from .distributions import MultivariateNormal, NormalTimesGamma, digamma
from .gaussian_models import QuadraticModel


class Update(NamedTuple):
    """After an update of one factor: its name, the exact ELBO in nats, and all of q (see distributions.py)."""

    factor: str
    elbo: float
    q: Any


def coordinate_ascent(model, sweeps):
    """Update all factors of q, `sweeps` times. A generator: yields an Update at the start and after each
    factor.

    Raises InputError for a model that has no updates here.
    """
    require_count(sweeps=sweeps)
    if isinstance(model, QuadraticModel):
        return _gaussian(model, sweeps)
    if isinstance(model, UnknownMeanAndPrecision):
        return _normal_gamma(model, sweeps)
    raise InputError(f"coordinate ascent has no updates for {type(model).__name__}; use it for "
                     "GaussianMean, LinearRegression, CorrelatedGaussian or UnknownMeanAndPrecision "
                     "(normal-gamma), or fit by gradient")


def gaussian_factor(i, mean, precision, shift):
    """Mean and variance of the best qᵢ, given the others' means.    mean (Z,), precision Λ (Z, Z), shift b (Z,)

    log p(x, z) = const + bᵀz − ½ zᵀΛz, taken as a function of zᵢ and averaged over the others, gives

        qᵢ = N(mᵢ, 1/Λᵢᵢ),   mᵢ = (bᵢ − Σ_{j≠i} Λᵢⱼ mⱼ)/Λᵢᵢ             (Bishop 2006, eq. 10.13 for two)

    The variance does not depend on the others' means. It is that of zᵢ when all others are *known*: too small
    if zᵢ is correlated with them.
    """
    others = precision[i] @ mean - precision[i, i] * mean[i]                # Σ_{j≠i} Λᵢⱼ mⱼ
    return (shift[i] - others) / precision[i, i], 1 / precision[i, i]


def _gaussian(model, sweeps):
    precision, shift = model.precision_and_shift()
    mean, variance = numpy.zeros(len(shift)), numpy.ones(len(shift))
    yield _gaussian_update("start", model, mean, variance)
    for _ in range(sweeps):
        for i, name in enumerate(model.names):
            mean[i], variance[i] = gaussian_factor(i, mean, precision, shift)
            yield _gaussian_update(name, model, mean, variance)


def _gaussian_update(name, model, mean, variance):
    q = MultivariateNormal(mean.copy(), numpy.diag(variance))
    return Update(name, gaussian_elbo(model, q), q)


def gaussian_elbo(model, q):
    """The exact ELBO of a Gaussian q under a quadratic log p(x, z).    q: a MultivariateNormal -> nats

    E_q[log p(x, z)] = log p(x, m) − ½ tr(Λ Σ): a quadratic's average is its value at the mean plus a trace
    term
    """
    precision, _ = model.precision_and_shift()
    at_mean = float(model.log_joint(model.xp.asarray(q.mean[None]))[0])
    return at_mean - 0.5 * float((precision * q.covariance).sum()) + q.entropy()


def _normal_gamma(model, sweeps):
    """q(μ) = N(m, 1/λ) and q(τ) = Gamma(a, b), from log p(x, μ, τ) averaged over the other latent:

        m = (κ₀ m₀ + N x̄)/(κ₀ + N),      λ = (κ₀ + N) E[τ],      E[τ] = a/b
        a = a₀ + (N + 1)/2,              b = b₀ + ½ E[Σ (x − μ)² + κ₀ (μ − m₀)²]     (Bishop 2006, §10.1.3)

    The +1 comes from p(μ|τ): its √τ counts like one more observation (eq. 10.29 lacks it in the 2006
    printing). The exact posterior has a₀ + N/2, because integrating out μ gives a factor 1/√τ.
    """
    p, N = model, model.N
    q = NormalTimesGamma(0.0, 1.0, 1.0, 1.0)
    yield Update("start", normal_gamma_elbo(p, q), q)
    for _ in range(sweeps):
        m = (p.kappa0 * p.m0 + N * p.mean_x) / (p.kappa0 + N)
        lam = (p.kappa0 + N) * q.a / q.b
        q = NormalTimesGamma(m, lam, q.a, q.b)
        yield Update("μ", normal_gamma_elbo(p, q), q)
        likelihood_squares, prior_squares = _expected_squares(p, q)
        q = NormalTimesGamma(m, lam, p.a0 + 0.5 * (N + 1), p.b0 + 0.5 * (likelihood_squares + prior_squares))
        yield Update("τ", normal_gamma_elbo(p, q), q)


def _expected_squares(p, q):
    """E_q[Σ (x − μ)²] and κ₀ E_q[(μ − m₀)²], where E[(μ − c)²] = (m − c)² + 1/λ"""
    around_data = p.scatter + p.N * ((q.m - p.mean_x) ** 2 + 1 / q.lam)
    around_prior = p.kappa0 * ((q.m - p.m0) ** 2 + 1 / q.lam)
    return around_data, around_prior


def normal_gamma_elbo(p, q):
    """The exact ELBO of q(μ) q(τ) (NormalTimesGamma) for the model p (UnknownMeanAndPrecision), in nats.

    Every term is linear in τ and log τ: E[τ] = a/b, E[log τ] = ψ(a) − log b.
    """
    tau, log_tau = q.a / q.b, digamma(q.a) - math.log(q.b)
    likelihood_squares, prior_squares = _expected_squares(p, q)
    log_px = 0.5 * (p.N * (log_tau - LOG_2PI) - tau * likelihood_squares)
    log_p_mu = 0.5 * (math.log(p.kappa0) + log_tau - LOG_2PI - tau * prior_squares)
    log_p_tau = p.a0 * math.log(p.b0) - math.lgamma(p.a0) + (p.a0 - 1) * log_tau - p.b0 * tau
    return log_px + log_p_mu + log_p_tau + q.entropy()
