"""Exact posteriors, to compare the approximations with, and the q of coordinate ascent.

Each has mean (Z,), covariance (Z, Z) and log_prob(z): z (S, Z) -> (S,), in nats. They are computed on the
host, in NumPy and float64, whatever device the model is on.
"""

import math

import numpy

from ..errors import InputError, require_positive, require_shape
from ..prior import LOG_2PI


class MultivariateNormal:
    """N(z; mean, covariance).    mean (Z,), covariance (Z, Z), symmetric and positive definite"""

    def __init__(self, mean, covariance):
        require_shape("covariance", covariance, (len(mean), len(mean)))
        self.mean = mean
        self.covariance = covariance
        self._C = cholesky("covariance", covariance)

    def log_prob(self, z):
        """log N = −½ ‖ε‖² − Σ log C_ii − Z/2 log 2π, with C Cᵀ the covariance and ε = C⁻¹(z − mean)"""
        eps = numpy.linalg.solve(self._C, (z - self.mean).T)
        return -0.5 * (eps * eps + LOG_2PI).sum(axis=0) - numpy.log(numpy.diagonal(self._C)).sum()

    def entropy(self):
        """H = Z/2 (1 + log 2π) + Σ log C_ii"""
        return 0.5 * len(self.mean) * (1 + LOG_2PI) + float(numpy.log(numpy.diagonal(self._C)).sum())


class Beta:
    """Beta(π; a, b) ∝ π^(a−1) (1 − π)^(b−1), for z = (π), 0 < π < 1."""

    def __init__(self, a, b):
        require_positive(a=a, b=b)
        self.a, self.b = a, b
        self.mean = numpy.array([a / (a + b)])
        self.covariance = numpy.array([[a * b / ((a + b) ** 2 * (a + b + 1))]])

    def log_prob(self, z):
        pi = z[:, 0]
        return (self.a - 1) * numpy.log(pi) + (self.b - 1) * numpy.log1p(-pi) - log_beta(self.a, self.b)


class NormalGamma:
    """τ ~ Gamma(a, b), μ | τ ~ N(m, 1/(κ τ)), for z = (μ, τ): the precision τ > 0; b is a rate.

    The variance of μ exists only for a > 1; otherwise it is given as infinite.
    """

    def __init__(self, m, kappa, a, b):
        require_positive(kappa=kappa, a=a, b=b)
        self.m, self.kappa, self.a, self.b = m, kappa, a, b
        self.mean = numpy.array([m, a / b])
        variance_of_mu = b / (kappa * (a - 1)) if a > 1 else math.inf
        self.covariance = numpy.diag([variance_of_mu, a / b ** 2])      # uncorrelated, though not independent

    def log_prob(self, z):
        mu, tau = z[:, 0], z[:, 1]
        log_p_mu = 0.5 * (numpy.log(self.kappa * tau) - LOG_2PI - self.kappa * tau * (mu - self.m) ** 2)
        return log_p_mu + gamma_log_prob(tau, self.a, self.b)


class NormalTimesGamma:
    """q(μ) q(τ) = N(μ; m, 1/λ) Gamma(τ; a, b), for z = (μ, τ): the mean-field approximation to a NormalGamma."""

    def __init__(self, m, lam, a, b):
        require_positive(lam=lam, a=a, b=b)
        self.m, self.lam, self.a, self.b = m, lam, a, b
        self.mean = numpy.array([m, a / b])
        self.covariance = numpy.diag([1 / lam, a / b ** 2])

    def log_prob(self, z):
        mu, tau = z[:, 0], z[:, 1]
        log_q_mu = 0.5 * (math.log(self.lam) - LOG_2PI - self.lam * (mu - self.m) ** 2)
        return log_q_mu + gamma_log_prob(tau, self.a, self.b)

    def entropy(self):
        """H = ½ (1 + log 2π − log λ)  +  a − log b + log Γ(a) + (1 − a) ψ(a)"""
        return (0.5 * (1 + LOG_2PI - math.log(self.lam))
                + self.a - math.log(self.b) + math.lgamma(self.a) + (1 - self.a) * digamma(self.a))


class Grid:
    """A posterior of one or two real latents by brute force: p(x, z) summed over a grid of z.

    With many latents this is impossible: the number of points grows exponentially with the number of latents.

    log_joint       z (S, Z) -> (S,), NumPy
    centre, width   (Z,) each: the first grid covers centre ± 10 widths. Then the grid is placed again around
                    the mass that was found, until mean and widths no longer change.
    """

    def __init__(self, log_joint, centre, width):
        if len(centre) > 2:
            raise InputError(f"a grid over {len(centre)} latents has too many points; use it for one or two")
        self.log_joint = log_joint
        side = 20_001 if len(centre) == 1 else 601
        self.mean, std = numpy.asarray(centre, "float64"), numpy.asarray(width, "float64")
        for _ in range(10):
            before, mean_before = std, self.mean
            axes = [numpy.linspace(m - 10 * s, m + 10 * s, side) for m, s in zip(self.mean, std)]
            z = numpy.stack(numpy.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
            spacing = numpy.array([axis[1] - axis[0] for axis in axes])
            portions = numpy.array_split(z, 1 + len(z) // 20_000)
            log_p = numpy.concatenate([log_joint(portion) for portion in portions])
            top = log_p.max()
            mass = numpy.exp(log_p - top)
            self.evidence = float(top + math.log(mass.sum() * spacing.prod()))      # log Σ p(x, z) Δz
            mass /= mass.sum()
            self.mean = mass @ z
            deviation = z - self.mean
            self.covariance = (mass[:, None] * deviation).T @ deviation
            std = numpy.sqrt(numpy.diagonal(self.covariance) + spacing ** 2)    # > 0 even if one point has all
            if numpy.allclose(std, before, rtol=1e-3) and (abs(self.mean - mean_before) < 1e-3 * std).all():
                return
        raise InputError(f"the grid did not settle on the posterior (width {before}, then {std}); "
                         "choose a centre and a width closer to it")

    def log_prob(self, z):
        return self.log_joint(z) - self.evidence            # p(z|x) = p(x, z) / p(x)


def gamma_log_prob(tau, a, b):
    """log Gamma(τ; a, b) = a log b − log Γ(a) + (a − 1) log τ − b τ; b is a rate.    any shape"""
    return a * math.log(b) - math.lgamma(a) + (a - 1) * numpy.log(tau) - b * tau


def log_beta(a, b):
    """log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b), for two numbers"""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def digamma(a):
    """ψ(a) = d log Γ(a) / da, for a number a > 0; accurate to about 10⁻¹³.

    ψ(a) = ψ(a + 1) − 1/a raises a to 10 or more. There, the first terms of the asymptotic series in 1/a² are
    accurate enough, although the series does not converge (Abramowitz & Stegun 1964, 6.3.5 and 6.3.18).
    """
    shift = 0.0
    while a < 10:
        shift -= 1 / a
        a += 1
    s = 1 / (a * a)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return shift + math.log(a) - 0.5 / a - series


def cholesky(name, matrix):
    """The lower triangular C with C Cᵀ = matrix (Z, Z), on the host. Raises InputError if there is none."""
    if not numpy.allclose(matrix, matrix.T):
        raise InputError(f"{name} is not symmetric; pass (A + A.T) / 2")
    try:
        return numpy.linalg.cholesky(matrix)
    except numpy.linalg.LinAlgError as error:
        smallest = numpy.linalg.eigvalsh(matrix).min()
        raise InputError(f"{name} is not positive definite: its smallest eigenvalue is {smallest:.3g}; "
                         "remove a latent that the others determine, or add a little to the diagonal") from error
