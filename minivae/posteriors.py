"""q(z|x): what the encoder says about the latent z of an example x.

The encoder emits for every example the numbers h (N, ·); a posterior reads them as the parameters
of a distribution. Drawing from it is written as a fixed function of standard normal noise ε, so
that gradients pass through the draw: the reparameterization trick (Kingma & Welling 2014, §2.4).

Letters: N examples, Z latent dimensions, L samples per example. The noise eps is (N, Z), or
(L, N, Z) for L samples; then a result per example gains a leading L. Gradients with respect to h
always have the shape of h: what the L samples send back is summed. Log-densities are in nats.
"""

import math

from .backend import get_xp
from .errors import InputError

LOG_2PI = math.log(2 * math.pi)


def prior_log_prob(z):
    """log p(z) of the prior N(0, I).    z (..., Z) -> (...)"""
    return -0.5 * (z * z + LOG_2PI).sum(axis=-1)        # log p(z) = −½ Σ (z² + log 2π)


def prior_log_prob_backward(dlogp, z):
    """Gradient of log p(z), given dlogp (...) -> dz (..., Z)"""
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
        latent_dim = h.shape[-1] // 2
        return h[..., :latent_dim], h[..., latent_dim:]

    def mean_and_scale(self, h):
        """h (N, 2Z) -> mean μ (N, Z), standard deviation σ (N, Z)"""
        mu, logvar = self.split(h)
        return mu, get_xp(h).exp(0.5 * logvar)          # σ = exp(½ log σ²)

    def sample(self, h, eps):
        """z ~ q(z|x) from noise ε ~ N(0, I).    h (N, 2Z), eps (N, Z) or (L, N, Z) -> z like eps"""
        mu, sigma = self.mean_and_scale(h)
        if eps.shape[-2:] != mu.shape:
            raise InputError(f"eps {eps.shape} does not fit h {h.shape}: it must end in {mu.shape}")
        return mu + sigma * eps                         # z = μ + σ ε    (K&W 2014, §2.4)

    def sample_backward(self, dz, h, eps):
        """Gradient of z = μ + σ ε, given dz like eps -> dh (N, 2Z)"""
        _, sigma = self.mean_and_scale(h)
        dmu = dz                                        # dz · ∂z/∂μ,       ∂z/∂μ      = 1
        dlogvar = dz * eps * (0.5 * sigma)              # dz · ∂z/∂log σ²,  ∂z/∂log σ² = ε · ½ σ
        return self._join(dmu, dlogvar, h)

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
        dkl = dkl[..., None]
        dmu = dkl * mu                                      # ∂KL/∂μ      = μ
        dlogvar = dkl * (0.5 * get_xp(h).expm1(logvar))     # ∂KL/∂log σ² = ½ (σ² − 1), as ∂σ²/∂log σ² = σ²
        return self._join(dmu, dlogvar, h)

    def log_prob_of_sample(self, h, eps):
        """log q(z|x) at z = μ + σ ε.    h (N, 2Z), eps (N, Z) or (L, N, Z) -> (N,) or (L, N)

        (z − μ)/σ is ε, so that log q = −½ Σ (ε² + log σ² + log 2π).
        """
        _, logvar = self.split(h)
        return -0.5 * (eps * eps + logvar + LOG_2PI).sum(axis=-1)

    def log_prob_of_sample_backward(self, dlogq, h, eps):
        """Gradient of log q at z = μ + σ ε, given dlogq (N,) or (L, N) -> dh (N, 2Z)

        These are total derivatives: z moves with h, so the path through z is in them already.
        """
        like_eps = get_xp(h).zeros_like(eps)
        dmu = like_eps                                      # d log q/dμ      = 0: q moves along with z
        dlogvar = like_eps - 0.5 * dlogq[..., None]         # d log q/d log σ² = −½
        return self._join(dmu, dlogvar, h)

    def _join(self, dmu, dlogvar, h):
        """dh = [dμ, d log σ²] in the shape of h, summed over the samples where there are several."""
        dh = get_xp(h).concatenate([dmu, dlogvar], axis=-1)
        return dh.sum(axis=0) if dh.ndim > h.ndim else dh
