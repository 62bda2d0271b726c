"""q(z|x) = N(z; μ, diag σ²): what the encoder says about the latent z of an example x.

A sample is computed from standard normal noise ε, so that the gradient can pass through it: the
reparameterization trick. Letters: N examples, Z latent dimensions, L samples per example.
"""

from ..backend import get_xp
from ..errors import Described, require_noise, require_shape
from ..prior import LOG_2PI


class DiagonalGaussian(Described):
    """q(z|x) with independent latents, read from h = [μ, log σ²].

    Why a logarithm: the encoder can output any real number, but a variance must be positive.
    Why log σ² and not log σ: both would do; the paper uses log σ², since the KL contains it.
    """

    def n_outputs(self, latent_dim):
        """How many numbers the encoder outputs: a mean and a log-variance for each latent."""
        return 2 * latent_dim

    def split(self, h):
        """h (N, 2Z) -> μ (N, Z), log σ² (N, Z): views, not copies."""
        latent_dim = h.shape[-1] // 2
        require_shape("h", h, (*h.shape[:-1], 2 * latent_dim))
        return h[..., :latent_dim], h[..., latent_dim:]

    def mean_and_scale(self, h):
        """h (N, 2Z) -> mean μ (N, Z), standard deviation σ (N, Z)"""
        mu, logvar = self.split(h)
        return mu, get_xp(h).exp(0.5 * logvar)          # σ = exp(½ log σ²)

    def sample(self, h, eps):
        """z ~ q(z|x), from noise ε ~ N(0, I).    h (N, 2Z), eps (N, Z) or (L, N, Z) -> z like eps"""
        mu, sigma = self.mean_and_scale(h)
        require_noise(eps, mu)
        return mu + sigma * eps                         # z = μ + σ ε    (Kingma & Welling 2014, §2.4)

    def sample_backward(self, dz, h, eps):
        """Gradient of z = μ + σ ε with ε held fixed, given dz like eps -> dh (N, 2Z).

        Derived in derivations.md, "Diagonal Gaussian: the sample".
        """
        mu, sigma = self.mean_and_scale(h)
        require_noise(eps, mu, dz)
        dmu = dz                                        # ∂z/∂μ      = 1
        dlogvar = dz * eps * (0.5 * sigma)              # ∂z/∂log σ² = ε · ½ σ, as ∂σ/∂log σ² = ½ σ
        return self.join(dmu, dlogvar, h)

    def kl(self, h):
        """KL(q(z|x) ‖ N(0, I)), in nats.    h (N, 2Z) -> (N,)

        KL = ½ Σ (μ² + σ² − 1 − log σ²), the sum over the latents    (Kingma & Welling 2014, appendix B)
        """
        mu, logvar = self.split(h)
        # expm1(log σ²) is σ² − 1, accurate also where σ² is near 1.
        return 0.5 * (mu * mu + get_xp(h).expm1(logvar) - logvar).sum(axis=-1)

    def kl_backward(self, dkl, h):
        """Gradient of the KL, given dkl (N,) -> dh (N, 2Z).

        With s = log σ², KL = ½ Σ (μ² + eˢ − 1 − s). Derived in derivations.md, "Diagonal Gaussian: the KL".
        """
        require_shape("dkl", dkl, h.shape[:-1])
        mu, logvar = self.split(h)
        dkl = dkl[..., None]
        dmu = dkl * mu                                      # ∂KL/∂μ      = μ
        dlogvar = dkl * (0.5 * get_xp(h).expm1(logvar))     # ∂KL/∂log σ² = ½ (σ² − 1), as ∂eˢ/∂s = eˢ = σ²
        return self.join(dmu, dlogvar, h)

    def log_prob_of_sample(self, h, eps):
        """log q(z|x) at z = μ + σ ε, in nats.    h (N, 2Z), eps (N, Z) or (L, N, Z) -> (N,) or (L, N)"""
        mu, logvar = self.split(h)
        require_noise(eps, mu)
        return -0.5 * (eps * eps + logvar + LOG_2PI).sum(axis=-1)   # (z − μ)/σ is ε

    def log_prob_of_sample_backward(self, dlogq, h, eps):
        """Gradient of log q(z|x) at z = μ + σ ε, given dlogq (N,) or (L, N) -> dh (N, 2Z).

        Total derivatives: h also moves z, and that path is included.
        Derived in derivations.md, "Diagonal Gaussian: its density at its own sample".
        """
        require_shape("dlogq", dlogq, eps.shape[:-1])
        dmu = get_xp(h).zeros_like(eps)                     # d log q/dμ      = 0: z and q move as one
        dlogvar = dmu - 0.5 * dlogq[..., None]              # d log q/d log σ² = −½
        return self.join(dmu, dlogvar, h)

    def join(self, dmu, dlogvar, h):
        """dh = [dμ, d log σ²], like h: summed over L if there is that axis."""
        dh = get_xp(h).concatenate([dmu, dlogvar], axis=-1)
        return dh.sum(axis=0) if dh.ndim > h.ndim else dh
