"""q(z|x) = N(z; μ, C Cᵀ): a Gaussian in which latents may be correlated, given x.

C (Z, Z) is the Cholesky factor of the covariance, a lower triangular matrix. Everything else is as in
diagonal.py, which should be read first: there C is diagonal, with σ on its diagonal.
"""

import functools
import math

import numpy

from ..backend import get_xp
from ..errors import Described, InputError, require_noise, require_shape
from ..prior import LOG_2PI


class FullGaussian(Described):
    """q(z|x) with covariance C Cᵀ, read from h = [μ, log C_ii, C_ij below the diagonal row by row].

    The logarithm keeps the diagonal of C positive. It is log C_ii, the counterpart of log σ, not of log σ².
    """

    def n_outputs(self, latent_dim):
        """How many numbers the encoder outputs per example: Z for μ, Z + Z(Z−1)/2 for C."""
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
        require_noise(eps, mu)
        return mu + (C @ eps[..., None])[..., 0]            # z = μ + C ε

    def sample_backward(self, dz, h, eps):
        """Gradient of z = μ + C ε with ε held fixed, given dz like eps -> dh (N, ·).

        Derived in derivations.md, "Full Gaussian: the sample".
        """
        mu, C = self.mean_and_scale(h)
        require_noise(eps, mu, dz)
        dmu = dz                                            # ∂z/∂μ      = I
        dC = dz[..., :, None] * eps[..., None, :]           # ∂zᵢ/∂C_ij = εⱼ
        if dz.ndim == 3:
            dmu, dC = dmu.sum(axis=0), dC.sum(axis=0)
        return self.join(dmu, dC, C)

    def kl(self, h):
        """KL(q(z|x) ‖ N(0, I)), in nats.    h (N, ·) -> (N,)

        KL = ½ (tr C Cᵀ + μᵀμ − Z − log|C Cᵀ|) = ½ (‖C‖² + ‖μ‖² − Z) − Σ log C_ii
        """
        mu, C = self.mean_and_scale(h)
        _, log_diagonal, _ = self.split(h)
        return (0.5 * ((C * C).sum(axis=(-2, -1)) + (mu * mu).sum(axis=-1) - mu.shape[-1])
                - log_diagonal.sum(axis=-1))

    def kl_backward(self, dkl, h):
        """Gradient of the KL, given dkl (N,) -> dh (N, ·).    derivations.md, "Full Gaussian: the KL" """
        require_shape("dkl", dkl, h.shape[:-1])
        mu, C = self.mean_and_scale(h)
        dmu = dkl[:, None] * mu                             # ∂KL/∂μ        = μ
        dC = dkl[:, None, None] * C                         # ∂KL/∂C_ij    = C_ij, from ½ ‖C‖²
        return self.join(dmu, dC, C, -dkl[:, None])        # ∂KL/∂log C_ii = −1, from − Σ log C_ii

    def log_prob_of_sample(self, h, eps):
        """log q(z|x) at z = μ + C ε, in nats.    h (N, ·), eps (N, Z) or (L, N, Z) -> (N,) or (L, N)"""
        mu, log_diagonal, _ = self.split(h)
        require_noise(eps, mu)
        return -(0.5 * (eps * eps + LOG_2PI) + log_diagonal).sum(axis=-1)   # C⁻¹(z − μ) is ε; log|C| = Σ log C_ii

    def log_prob_of_sample_backward(self, dlogq, h, eps):
        """Gradient of log q(z|x) at z = μ + C ε, given dlogq (N,) or (L, N) -> dh (N, ·).

        Total derivatives, as z moves with h: zero for all but d log q/d log C_ii = −1.
        Derived in derivations.md, "Full Gaussian: its density at its own sample".
        """
        require_shape("dlogq", dlogq, eps.shape[:-1])
        xp = get_xp(h)
        mu, log_diagonal, below = self.split(h)
        total = dlogq.sum(axis=0) if dlogq.ndim == 2 else dlogq
        zero = xp.zeros_like(mu)
        return xp.concatenate([zero, zero - total[:, None], xp.zeros_like(below)], axis=-1)

    def join(self, dmu, dC, C, dlog_diagonal=0):
        """dh from dμ, dC, and what reaches log C_ii on other paths than C.    ∂C_ii/∂log C_ii = C_ii"""
        xp = get_xp(dmu)
        _, diagonal, below = _triangle(dmu.shape[-1], xp)
        flat_dC, flat_C = (matrix.reshape(len(matrix), -1) for matrix in (dC, C))
        dlog_diagonal = dlog_diagonal + flat_dC[:, diagonal] * flat_C[:, diagonal]
        return xp.concatenate([dmu, dlog_diagonal, flat_dC[:, below]], axis=-1)


@functools.lru_cache
def _triangle(latent_dim, xp):
    """Where the entries of C stand in h, as index arrays. CuPy can read through these, but not write.

    -> where (Z, Z): C = entries[where], entries = [diagonal, below row by row, 0];
       diagonal (Z,), below (Z(Z−1)/2,): where these stand in the Z Z numbers of C.
    """
    rows, columns = numpy.tril_indices(latent_dim, -1)
    where = numpy.full((latent_dim, latent_dim), latent_dim + len(rows))
    where[numpy.arange(latent_dim), numpy.arange(latent_dim)] = numpy.arange(latent_dim)
    where[rows, columns] = latent_dim + numpy.arange(len(rows))
    diagonal, below = numpy.arange(latent_dim) * (latent_dim + 1), rows * latent_dim + columns
    return xp.asarray(where), xp.asarray(diagonal), xp.asarray(below)
