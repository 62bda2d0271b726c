"""Two models with conjugate priors: the posterior is in the same family as the prior, and known exactly.

Each has a latent that is restricted to part of the real line.
"""

import math
import numbers

from ..backend import get_xp
from ..errors import InputError, require_positive
from ..prior import LOG_2PI
from .distributions import Beta, NormalGamma, log_beta
from .model import Model, observations, require_real


class UnknownMeanAndPrecision(Model):
    """x_n ~ N(μ, 1/τ), μ | τ ~ N(m₀, 1/(κ₀ τ)), τ ~ Gamma(a₀, b₀).    z = (μ, τ), τ > 0; x (N,)

    The precision τ is 1/variance; b₀ is a rate. Like the prior, the posterior does not factorize: how well
    μ is known depends on τ. (Bishop 2006, §2.3.6 and §10.1.3)
    """

    names = ("μ", "τ")
    support = ("real", "positive")

    def __init__(self, x, m0=0.0, kappa0=1.0, a0=1.0, b0=1.0):
        require_real(m0=m0)
        require_positive(kappa0=kappa0, a0=a0, b0=b0)
        x = observations("x", x, 1)
        self.m0, self.kappa0, self.a0, self.b0 = m0, kappa0, a0, b0
        self.N = len(x)
        self.mean_x = float(x.mean())
        self.scatter = float(((x - x.mean()) ** 2).sum())               # Σ (x − x̄)²

    def log_joint(self, z):
        """log p(x|μ, τ) + log p(μ|τ) + log p(τ)"""
        log_px, log_p_mu, log_p_tau = self._factors(z)
        return log_px + log_p_mu + log_p_tau

    def log_joint_local(self, z):
        """The first two factors contain μ, all three contain τ."""
        log_px, log_p_mu, log_p_tau = self._factors(z)
        return get_xp(z).stack([log_px + log_p_mu, log_px + log_p_mu + log_p_tau], axis=1)

    def _factors(self, z):
        mu, tau, log_tau = self._split(z)
        squares = self.scatter + self.N * (self.mean_x - mu) ** 2       # Σ (x − μ)²
        log_px = 0.5 * (self.N * (log_tau - LOG_2PI) - tau * squares)
        log_p_mu = 0.5 * (math.log(self.kappa0) + log_tau - LOG_2PI - self.kappa0 * tau * (mu - self.m0) ** 2)
        log_p_tau = (self.a0 * math.log(self.b0) - math.lgamma(self.a0)
                     + (self.a0 - 1) * log_tau - self.b0 * tau)
        return log_px, log_p_mu, log_p_tau

    def log_joint_gradient(self, z):
        """∂/∂μ = τ [N (x̄ − μ) − κ₀ (μ − m₀)]
        ∂/∂τ = (N + 1 + 2 (a₀ − 1))/2τ − ½ [Σ (x − μ)² + κ₀ (μ − m₀)²] − b₀
        """
        mu, tau, _ = self._split(z)
        dmu = tau * (self.N * (self.mean_x - mu) - self.kappa0 * (mu - self.m0))
        squares = self.scatter + self.N * (self.mean_x - mu) ** 2 + self.kappa0 * (mu - self.m0) ** 2
        dtau = (0.5 * (self.N + 1) + self.a0 - 1) / tau - 0.5 * squares - self.b0
        return get_xp(z).stack([dmu, dtau], axis=1)

    def _split(self, z):
        self.check(z)
        mu, tau = z[:, 0], z[:, 1]
        return mu, tau, get_xp(z).log(tau)

    def posterior(self):
        """NormalGamma(m_n, κ_n, a_n, b_n) with κ_n = κ₀ + N, a_n = a₀ + N/2,

        m_n = (κ₀ m₀ + N x̄)/κ_n,   b_n = b₀ + ½ Σ (x − x̄)² + ½ κ₀ N (x̄ − m₀)²/κ_n
        """
        kappa = self.kappa0 + self.N
        m = (self.kappa0 * self.m0 + self.N * self.mean_x) / kappa
        b = self.b0 + 0.5 * self.scatter + 0.5 * self.kappa0 * self.N * (self.mean_x - self.m0) ** 2 / kappa
        return NormalGamma(m, kappa, self.a0 + 0.5 * self.N, b)

    def log_evidence(self):
        """log p(x) = log Γ(a_n) − log Γ(a₀) + a₀ log b₀ − a_n log b_n + ½ log(κ₀/κ_n) − N/2 log 2π"""
        p = self.posterior()
        return (math.lgamma(p.a) - math.lgamma(self.a0) + self.a0 * math.log(self.b0) - p.a * math.log(p.b)
                + 0.5 * math.log(self.kappa0 / p.kappa) - 0.5 * self.N * LOG_2PI)


class BetaBernoulli(Model):
    """A coin: each throw is heads with probability π, π ~ Beta(a, b).    z = (π), 0 < π < 1

    heads, tails: how often each was seen. The evidence is that of the throws in their order. A π that
    rounds to 0 or 1 (to 1 for a logit above about 36.7) gives −inf or NaN.
    """

    names = ("π",)
    support = ("unit",)

    def __init__(self, heads, tails, a=1.0, b=1.0):
        require_positive(a=a, b=b)
        for name, count in (("heads", heads), ("tails", tails)):
            if not isinstance(count, numbers.Integral) or isinstance(count, bool) or count < 0:
                raise InputError(f"{name} is {count!r}, but a whole number of at least 0 is needed")
        self.heads, self.tails, self.a, self.b = heads, tails, a, b

    def log_joint(self, z):
        """heads log π + tails log(1 − π) + log Beta(π; a, b)"""
        self.check(z)
        xp, pi = get_xp(z), z[:, 0]
        return ((self.heads + self.a - 1) * xp.log(pi) + (self.tails + self.b - 1) * xp.log1p(-pi)
                - log_beta(self.a, self.b))

    def log_joint_local(self, z):
        """There is only one latent, and every factor contains it."""
        return self.log_joint(z)[:, None]

    def log_joint_gradient(self, z):
        """∂/∂π = (heads + a − 1)/π − (tails + b − 1)/(1 − π)"""
        self.check(z)
        return (self.heads + self.a - 1) / z - (self.tails + self.b - 1) / (1 - z)

    def posterior(self):
        """Beta(a + heads, b + tails)"""
        return Beta(self.a + self.heads, self.b + self.tails)

    def log_evidence(self):
        """log p(x) = log B(a + heads, b + tails) − log B(a, b)"""
        return log_beta(self.a + self.heads, self.b + self.tails) - log_beta(self.a, self.b)
