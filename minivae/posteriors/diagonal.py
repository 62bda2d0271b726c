"""q(z|x): what the encoder says about the latent z of an example x.

The encoder emits for every example the numbers h (N, ·); a posterior reads them as the parameters
of a distribution. Drawing from it is written as a fixed function of standard normal noise ε, so
that gradients pass through the draw: the reparameterization trick (Kingma & Welling 2014, §2.4).

Letters: N examples, Z latent dimensions, L samples per example. The noise eps is (N, Z), or
(L, N, Z) for L samples; then a result per example gains a leading L. Gradients with respect to h
always have the shape of h: what the L samples send back is summed. Log-densities are in nats.
"""

import functools
import math

import numpy

from ..backend import get_xp
from ..errors import InputError, require_shape

LOG_2PI = math.log(2 * math.pi)


def prior_log_prob(z):
    """log p(z) of the prior N(0, I).    z (..., Z) -> (...)"""
    return -0.5 * (z * z + LOG_2PI).sum(axis=-1)        # log p(z) = −½ Σ (z² + log 2π)


def prior_log_prob_backward(dlogp, z):
    """Gradient of log p(z), given dlogp (...) -> dz (..., Z)"""
    require_shape("dlogp", dlogp, z.shape[:-1])
    return -z * dlogp[..., None]                        # ∂log p/∂z = −z


class DiagonalGaussian:
    """q(z|x) = N(z; μ, diag σ²), with h = [μ, log σ²].

    A standard deviation has to be positive, and the encoder emits any real number: so it emits a
    logarithm, and exp makes it positive. It is that of σ², as in the paper, since the KL needs log σ².
    """

    def n_outputs(self, latent_dim):
        """How many numbers the encoder emits per example: a mean and a log-variance per latent."""
        return 2 * latent_dim

    def split(self, h):
        """h (N, 2Z) -> μ (N, Z), log σ² (N, Z), both views."""
        if h.shape[-1] % 2:
            raise InputError(f"h {h.shape} has an odd number of columns; means and log-variances are needed")
        latent_dim = h.shape[-1] // 2
        return h[..., :latent_dim], h[..., latent_dim:]

    def mean_and_scale(self, h):
        """h (N, 2Z) -> mean μ (N, Z), standard deviation σ (N, Z)"""
        mu, logvar = self.split(h)
        return mu, get_xp(h).exp(0.5 * logvar)          # σ = exp(½ log σ²)

    def sample(self, h, eps):
        """z ~ q(z|x) from noise ε ~ N(0, I).    h (N, 2Z), eps (N, Z) or (L, N, Z) -> z like eps"""
        mu, sigma = self.mean_and_scale(h)
        _require_noise(eps, mu)
        return mu + sigma * eps                         # z = μ + σ ε    (K&W 2014, §2.4)

    def sample_backward(self, dz, h, eps):
        """Gradient of z = μ + σ ε, given dz like eps -> dh (N, 2Z)"""
        mu, sigma = self.mean_and_scale(h)
        _require_noise(eps, mu)
        require_shape("dz", dz, eps.shape)
        dmu = dz                                        # dz · ∂z/∂μ,       ∂z/∂μ      = 1
        dlogvar = dz * eps * (0.5 * sigma)              # dz · ∂z/∂log σ²,  ∂z/∂log σ² = ε · ½ σ
        return self.join(dmu, dlogvar, h)

    def kl(self, h):
        """KL(q(z|x) ‖ N(0, I)) in closed form (K&W 2014, appendix B).    h (N, 2Z) -> (N,)

        KL = E_q[log q − log p] with E_q[((z − μ)/σ)²] = 1 and E_q[z²] = μ² + σ²:
           = ½ Σ (μ² + σ² − 1 − log σ²).    expm1 gives σ² − 1 without cancellation where σ² ≈ 1.
        """
        mu, logvar = self.split(h)
        return 0.5 * (mu * mu + get_xp(h).expm1(logvar) - logvar).sum(axis=-1)

    def kl_backward(self, dkl, h):
        """Gradient of the closed-form KL, given dkl (N,) -> dh (N, 2Z)"""
        mu, logvar = self.split(h)
        require_shape("dkl", dkl, mu.shape[:-1])
        dkl = dkl[..., None]
        dmu = dkl * mu                                      # ∂KL/∂μ      = μ
        dlogvar = dkl * (0.5 * get_xp(h).expm1(logvar))     # ∂KL/∂log σ² = ½ (σ² − 1), as ∂σ²/∂log σ² = σ²
        return self.join(dmu, dlogvar, h)

    def log_prob_of_sample(self, h, eps):
        """log q(z|x) at z = μ + σ ε.    h (N, 2Z), eps (N, Z) or (L, N, Z) -> (N,) or (L, N)

        (z − μ)/σ is ε, so that log q = −½ Σ (ε² + log σ² + log 2π).
        """
        mu, logvar = self.split(h)
        _require_noise(eps, mu)
        return -0.5 * (eps * eps + logvar + LOG_2PI).sum(axis=-1)

    def log_prob_of_sample_backward(self, dlogq, h, eps):
        """Gradient of log q at z = μ + σ ε, given dlogq (N,) or (L, N) -> dh (N, 2Z)

        These are total derivatives: z moves with h, so the path through z is in them already.
        """
        require_shape("dlogq", dlogq, eps.shape[:-1])
        like_eps = get_xp(h).zeros_like(eps)
        dmu = like_eps                                      # d log q/dμ      = 0: q moves along with z
        dlogvar = like_eps - 0.5 * dlogq[..., None]         # d log q/d log σ² = −½
        return self.join(dmu, dlogvar, h)

    def join(self, dmu, dlogvar, h):
        """dh = [dμ, d log σ²] in the shape of h, summed over the samples where there are several."""
        dh = get_xp(h).concatenate([dmu, dlogvar], axis=-1)
        return dh.sum(axis=0) if dh.ndim > h.ndim else dh


class FullGaussian:
    """q(z|x) = N(z; μ, C Cᵀ), with h = [μ, log C_ii, C_ij below the diagonal row by row].

    C (Z, Z) is the Cholesky factor of the covariance: lower triangular, its diagonal positive through
    exp. Unlike DiagonalGaussian it can say that two latents vary together, given x.
    """

    def n_outputs(self, latent_dim):
        """How many numbers the encoder emits per example: Z means, Z + Z(Z−1)/2 for the factor."""
        return 2 * latent_dim + latent_dim * (latent_dim - 1) // 2

    def split(self, h):
        """h (N, ·) -> μ (N, Z), log C_ii (N, Z), C_ij (N, Z(Z−1)/2), all views."""
        latent_dim = (math.isqrt(9 + 8 * h.shape[-1]) - 3) // 2         # from n_outputs, solved for Z
        if h.shape[-1] != self.n_outputs(latent_dim):
            raise InputError(f"h {h.shape} fits no number of latents; {latent_dim} need "
                             f"{self.n_outputs(latent_dim)} columns, {latent_dim + 1} need "
                             f"{self.n_outputs(latent_dim + 1)}")
        return h[..., :latent_dim], h[..., latent_dim:2 * latent_dim], h[..., 2 * latent_dim:]

    def mean_and_scale(self, h):
        """h (N, ·) -> mean μ (N, Z), Cholesky factor C (N, Z, Z)"""
        xp = get_xp(h)
        mu, log_diagonal, below = self.split(h)
        entries = xp.concatenate([xp.exp(log_diagonal), below, xp.zeros_like(mu[:, :1])], axis=-1)
        where, _, _ = _triangle(mu.shape[-1], xp)
        return mu, entries[:, where]

    def sample(self, h, eps):
        """z ~ q(z|x) from noise ε ~ N(0, I).    h (N, ·), eps (N, Z) or (L, N, Z) -> z like eps"""
        mu, C = self.mean_and_scale(h)
        _require_noise(eps, mu)
        return mu + (C @ eps[..., None])[..., 0]            # z = μ + C ε

    def sample_backward(self, dz, h, eps):
        """Gradient of z = μ + C ε, given dz like eps -> dh (N, ·)"""
        mu, C = self.mean_and_scale(h)
        _require_noise(eps, mu)
        require_shape("dz", dz, eps.shape)
        dmu = dz                                            # ∂z/∂μ      = I
        dC = dz[..., :, None] * eps[..., None, :]           # ∂zᵢ/∂C_ij = εⱼ
        if dz.ndim == 3:
            dmu, dC = dmu.sum(axis=0), dC.sum(axis=0)
        return self.join(dmu, dC, C)

    def kl(self, h):
        """KL(q(z|x) ‖ N(0, I)) in closed form.    h (N, ·) -> (N,)

        KL = ½ (tr C Cᵀ + μᵀμ − Z − log|C Cᵀ|) = ½ (‖C‖² + ‖μ‖² − Z) − Σ log C_ii
        """
        mu, C = self.mean_and_scale(h)
        _, log_diagonal, _ = self.split(h)
        return (0.5 * ((C * C).sum(axis=(-2, -1)) + (mu * mu).sum(axis=-1) - mu.shape[-1])
                - log_diagonal.sum(axis=-1))

    def kl_backward(self, dkl, h):
        """Gradient of the closed-form KL, given dkl (N,) -> dh (N, ·)"""
        mu, C = self.mean_and_scale(h)
        require_shape("dkl", dkl, mu.shape[:-1])
        dmu = dkl[:, None] * mu                             # ∂KL/∂μ        = μ
        dC = dkl[:, None, None] * C                         # ∂KL/∂C_ij    = C_ij, from ½ ‖C‖²
        return self.join(dmu, dC, C, -dkl[:, None])        # ∂KL/∂log C_ii = −1, from − Σ log C_ii

    def log_prob_of_sample(self, h, eps):
        """log q(z|x) at z = μ + C ε.    h (N, ·), eps (N, Z) or (L, N, Z) -> (N,) or (L, N)

        C⁻¹(z − μ) is ε, so that log q = −½ Σ (ε² + log 2π) − Σ log C_ii.
        """
        mu, log_diagonal, _ = self.split(h)
        _require_noise(eps, mu)
        return -(0.5 * (eps * eps + LOG_2PI) + log_diagonal).sum(axis=-1)

    def log_prob_of_sample_backward(self, dlogq, h, eps):
        """Gradient of log q at z = μ + C ε, given dlogq (N,) or (L, N) -> dh (N, ·)

        Total derivatives, z moving with h: zero for all but d log q/d log C_ii = −1.
        """
        require_shape("dlogq", dlogq, eps.shape[:-1])
        xp = get_xp(h)
        mu, log_diagonal, below = self.split(h)
        total = dlogq.sum(axis=0) if dlogq.ndim == 2 else dlogq
        zero = xp.zeros_like(mu)
        return xp.concatenate([zero, zero - total[:, None], xp.zeros_like(below)], axis=-1)

    def join(self, dmu, dC, C, dlog_diagonal=0):
        """dh from dμ, dC and what acts on log C_ii besides C.    ∂C_ii/∂log C_ii = C_ii"""
        xp = get_xp(dmu)
        _, diagonal, below = _triangle(dmu.shape[-1], xp)
        flat_dC, flat_C = (matrix.reshape(len(matrix), -1) for matrix in (dC, C))
        dlog_diagonal = dlog_diagonal + flat_dC[:, diagonal] * flat_C[:, diagonal]
        return xp.concatenate([dmu, dlog_diagonal, flat_dC[:, below]], axis=-1)


def _require_noise(eps, mu):
    if eps.shape[-2:] != mu.shape or eps.ndim > 3:
        raise InputError(f"eps {eps.shape} does not fit the mean {mu.shape}: (N, Z) or (L, N, Z) is needed")


@functools.lru_cache
def _triangle(latent_dim, xp):
    """How a lower triangle is stored: as index arrays, since CuPy reads by them but doesn't write.

    -> where (Z, Z): C = entries[where], entries = [diagonal, below row by row, 0];
       diagonal (Z,), below (Z(Z−1)/2,): where these stand in the Z Z numbers of C.
    """
    rows, columns = numpy.tril_indices(latent_dim, -1)
    where = numpy.full((latent_dim, latent_dim), latent_dim + len(rows))
    where[numpy.arange(latent_dim), numpy.arange(latent_dim)] = numpy.arange(latent_dim)
    where[rows, columns] = latent_dim + numpy.arange(len(rows))
    diagonal, below = numpy.arange(latent_dim) * (latent_dim + 1), rows * latent_dim + columns
    return xp.asarray(where), xp.asarray(diagonal), xp.asarray(below)
