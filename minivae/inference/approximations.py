"""q(z), a Gaussian over real latents, and its knobs λ (P,): the parameters that inference changes.

These are the posteriors of the VAE without an encoder: the knobs take the place of the encoder's output,
and there is one q for the whole data set. This file adds the entropy, and the gradients of log q(z).

S samples, Z latents. As in the VAE, a sample is a fixed function of standard normal noise ε (S, Z).
Results with one row per sample are not summed, because estimators differ in how much these rows vary.
"""

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError, require_count, require_shape
from ..posteriors import DiagonalGaussian, FullGaussian
from ..prior import LOG_2PI


class Approximation:
    """What both families have in common. A subclass sets `family`, `knobs` and `latent_dim`."""

    def _h(self, n_samples=1):
        """The knobs as h, the input of the family, repeated for each sample: (S, P)"""
        return get_xp(self.knobs).broadcast_to(self.knobs, (n_samples, len(self.knobs)))

    def draw_noise(self, rng, n_samples):
        """Standard normal ε (S, Z), drawn on the host and moved to the device of the knobs."""
        require_count(n_samples=n_samples)
        eps = rng.standard_normal((n_samples, self.latent_dim), dtype=self.knobs.dtype)
        return get_xp(self.knobs).asarray(eps)

    def sample(self, eps):
        """z = μ + σ ε, or μ + C ε.    eps (S, Z) -> z (S, Z)"""
        return self.family.sample(self._h(), eps[:, None])[:, 0]

    def sample_backward(self, dz, eps):
        """(∂z/∂λ)ᵀ dz of each sample.    dz, eps (S, Z) -> (S, P); derivations.md, "The knobs of q" """
        # S examples with one sample each, because the family sums over several samples of one example.
        return self.family.sample_backward(dz, self._h(len(eps)), eps)

    def log_prob_of_sample(self, eps):
        """log q(z) at z = sample(eps).    eps (S, Z) -> (S,)"""
        return self.family.log_prob_of_sample(self._h(), eps[:, None])[:, 0]

    def log_prob(self, z):
        """log q(z) at any z.    z (S, Z) -> (S,)"""
        return self.log_prob_of_sample(self.noise(z))


class MeanFieldGaussian(Approximation):
    """q(z) = Πᵢ N(zᵢ; μᵢ, σᵢ²), with λ = [μ, log σ²]: one factor per latent, no correlations.

    mean (Z,), std (Z,): the first values of μ and σ.
    """

    def __init__(self, mean, std):
        xp = _require_mean(mean, std)
        require_shape("std", std, mean.shape)
        _require_positive("std", std)
        self.family = DiagonalGaussian()
        self.latent_dim = len(mean)
        self.knobs = xp.concatenate([mean, 2 * xp.log(std)])

    def mean(self):
        """(Z,)"""
        return self.knobs[:self.latent_dim]

    def std(self):
        """(Z,)"""
        return get_xp(self.knobs).exp(0.5 * self.knobs[self.latent_dim:])

    def covariance(self):
        """(Z, Z), diagonal"""
        variance = self.std() ** 2
        return variance[:, None] * get_xp(variance).eye(self.latent_dim, dtype=variance.dtype)

    def noise(self, z):
        """ε = (z − μ)/σ, the noise that gives z.    (S, Z) -> (S, Z)"""
        return (z - self.mean()) / self.std()

    def log_prob_gradient(self, eps):
        """∂ log q(z)/∂z at z = μ + σ ε, with fixed knobs: −(z − μ)/σ² = −ε/σ.    (S, Z) -> (S, Z)"""
        return -eps / self.std()

    def score(self, eps):
        """∂ log q(z)/∂λ at fixed z = μ + σ ε: the score function.    (S, Z) -> (S, P)"""
        dmu = eps / self.std()                                      # ∂/∂μ      = (z − μ)/σ² = ε/σ
        dlogvar = 0.5 * (eps * eps - 1)                             # ∂/∂log σ² = ½ ((z − μ)²/σ² − 1)
        return get_xp(eps).concatenate([dmu, dlogvar], axis=1)

    def entropy(self):
        """H[q] = −E_q[log q] = ½ Σ (1 + log 2π + log σ²), 0-d, nats"""
        return 0.5 * (1 + LOG_2PI + self.knobs[self.latent_dim:]).sum()

    def entropy_gradient(self):
        """∂H/∂λ (P,): 0 for μ, ½ for log σ²"""
        xp = get_xp(self.knobs)
        return xp.concatenate([xp.zeros_like(self.mean()), xp.full_like(self.mean(), 0.5)])

    def log_prob_local(self, eps):
        """log qᵢ(zᵢ) of each factor.    (S, Z) -> (S, Z)"""
        return -0.5 * (eps * eps + self.knobs[self.latent_dim:] + LOG_2PI)

    def per_knob(self, local):
        """The column of latent i, repeated for both its knobs, μᵢ and log σᵢ².    (S, Z) -> (S, P)"""
        return get_xp(local).concatenate([local, local], axis=1)


class FullRankGaussian(Approximation):
    """q(z) = N(z; μ, C Cᵀ), with λ = [μ, log C_ii, C_ij below the diagonal row by row].

    mean (Z,), scale: the first values of μ and C. scale is the lower triangular C (Z, Z), or its diagonal
    (Z,), the standard deviations.
    """

    def __init__(self, mean, scale):
        xp = _require_mean(mean, scale)
        self.family = FullGaussian()
        self.latent_dim = Z = len(mean)
        require_shape("scale", scale, (Z, Z) if scale.ndim == 2 else (Z,))
        C = to_numpy(scale) if scale.ndim == 2 else numpy.diag(to_numpy(scale))
        if numpy.triu(C, 1).any():
            raise InputError("scale is not lower triangular; pass the Cholesky factor of the covariance")
        _require_positive("the diagonal of scale", C.diagonal())
        below = C[numpy.tril_indices(Z, -1)]
        self.knobs = xp.concatenate([mean, xp.asarray(numpy.log(C.diagonal())), xp.asarray(below)])

    def mean(self):
        """(Z,)"""
        return self.knobs[:self.latent_dim]

    def factor(self):
        """C (Z, Z)"""
        return self.family.mean_and_scale(self._h())[1][0]

    def covariance(self):
        """C Cᵀ (Z, Z)"""
        C = self.factor()
        return C @ C.T

    def noise(self, z):
        """ε = C⁻¹ (z − μ), the noise that gives z.    (S, Z) -> (S, Z)"""
        return get_xp(z).linalg.solve(self.factor(), (z - self.mean()).T).T

    def log_prob_gradient(self, eps):
        """∂ log q(z)/∂z at z = μ + C ε, fixed knobs: −(C Cᵀ)⁻¹ (z − μ) = −C⁻ᵀ ε.    (S, Z) -> (S, Z)"""
        return -get_xp(eps).linalg.solve(self.factor().T, eps.T).T

    def score(self, eps):
        """∂ log q(z)/∂λ at fixed z = μ + C ε: the score function.    (S, Z) -> (S, P)

        log q = −½ ‖C⁻¹(z − μ)‖² − Σ log C_ii.  From ε = C⁻¹(z − μ), dε = −C⁻¹ dC ε − C⁻¹ dμ.
        """
        C = self.factor()
        dmu = -self.log_prob_gradient(eps)                          # ∂/∂μ   = C⁻ᵀ ε
        dC = dmu[:, :, None] * eps[:, None, :]                      # ∂(−½ ‖ε‖²)/∂C_ij = (C⁻ᵀ ε)ᵢ εⱼ
        minus_one = -get_xp(eps).ones(len(eps), dtype=eps.dtype)    # ∂(−Σ log C_ii)/∂log C_ii
        return self.family.join(dmu, dC, C[None], minus_one[:, None])

    def entropy(self):
        """H[q] = −E_q[log q] = Z/2 (1 + log 2π) + Σ log C_ii, 0-d, nats"""
        return (0.5 * (1 + LOG_2PI) + self.knobs[self.latent_dim:2 * self.latent_dim]).sum()

    def entropy_gradient(self):
        """∂H/∂λ (P,): 1 for log C_ii, 0 for the rest"""
        gradient = get_xp(self.knobs).zeros_like(self.knobs)
        gradient[self.latent_dim:2 * self.latent_dim] = 1
        return gradient


def _require_mean(mean, scale):
    """-> the array library of both. Raises InputError unless the mean is a vector of finite numbers."""
    for name, value in (("mean", mean), ("the scale of q", scale)):
        if not hasattr(value, "shape"):
            raise InputError(f"{name} is a {type(value).__name__}, but an array is needed; "
                             f"pass numpy.array({value})")
    require_shape("mean", mean, (None,))
    xp = get_xp(mean, scale)
    if not bool(xp.isfinite(mean).all()):
        raise InputError("mean contains NaN or infinity; start from finite numbers")
    return xp


def _require_positive(name, values):
    low, high = float(values.min()), float(values.max())
    if not 0 < low <= high < float("inf"):
        raise InputError(f"{name} ranges from {low:g} to {high:g}, but all values must be finite and above 0")


FAMILIES = {"mean-field": MeanFieldGaussian, "full-rank": FullRankGaussian}
