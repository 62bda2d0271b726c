"""Models without a closed-form posterior. With one or two latents, it is computed on a grid."""

import math

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError, require_positive, require_shape
from ..layers import tanh, tanh_backward
from ..likelihoods import sigmoid, softplus
from ..prior import LOG_2PI, prior_log_prob, prior_log_prob_backward
from .distributions import Grid
from .model import Model, NoExactAnswer, observations


class GriddedModel(Model):
    """What they share: evidence and posterior by quadrature (a sum over a grid), for one or two latents.

    A subclass sets `xp`, its array library, and prior_std, the width of its prior around 0.
    """

    prior_std = 1.0
    _grid = None

    def posterior(self):
        """p(z|x) by quadrature, computed once. Raises NoExactAnswer for more than two latents."""
        if self.latent_dim > 2:
            raise NoExactAnswer(f"{type(self).__name__} has no closed form, and {self.latent_dim} latents "
                                "are too many for quadrature; estimate log p(x) by importance sampling")
        if self._grid is None:
            width = numpy.full(self.latent_dim, self.prior_std)
            self._grid = Grid(lambda z: to_numpy(self.log_joint(self.xp.asarray(z))), 0 * width, width)
        return self._grid

    def log_evidence(self):
        """log p(x) by quadrature."""
        return self.posterior().evidence


class LogisticRegression(GriddedModel):
    """y_n is 1 with probability sigmoid(x_nᵀ w), else 0; w ~ N(0, s² I); the latent z is w.

    X (N, Z), y (N,) of zeros and ones, prior_std s. The prior is not conjugate to this likelihood.
    """

    def __init__(self, X, y, prior_std=1.0):
        require_positive(prior_std=prior_std)
        self.X, self.y = observations("X", X, 2), observations("y", y, 1)
        self.xp = get_xp(self.X, self.y)
        require_shape("y", self.y, self.X.shape[:1])
        if bool(((self.y != 0) & (self.y != 1)).any()):
            raise InputError("y has values other than 0 and 1; logistic regression needs these two classes")
        self.names = tuple(f"w{i + 1}" for i in range(self.X.shape[1]))
        self.support = ("real",) * self.X.shape[1]
        self.prior_std = prior_std

    def log_joint(self, w):
        """Σₙ [y_n a_n − softplus(a_n)] + Σᵢ log N(wᵢ; 0, s²), with the logits a = X w"""
        return self._log_likelihood(w) + self._log_prior(w).sum(axis=1)

    def log_joint_local(self, w):
        """The prior of wᵢ, and the whole likelihood, which contains all weights."""
        return self._log_likelihood(w)[:, None] + self._log_prior(w)

    def log_joint_gradient(self, w):
        """∂/∂w = Xᵀ (y − sigmoid(X w)) − w/s²"""
        return (self.y - sigmoid(self._logits(w))) @ self.X - w / self.prior_std ** 2

    def _logits(self, w):
        self.check(w)
        return w @ self.X.T                                                 # (S, N)

    def _log_likelihood(self, w):
        a = self._logits(w)
        return (self.y * a - softplus(a)).sum(axis=1)

    def _log_prior(self, w):
        return -0.5 * ((w / self.prior_std) ** 2 + LOG_2PI) - math.log(self.prior_std)


class NonlinearDecoder(GriddedModel):
    """A small VAE decoder: z ~ N(0, 1), x ~ N(f(z), σ² I) with f(z) = tanh(z u + c) V.

    x (D,), u (H,), c (H,), V (H, D), noise σ. There is only one latent, so p(x) = ∫ p(x|z) p(z) dz can be
    computed by quadrature, and statements about the ELBO can be checked.
    """

    names = ("z",)
    support = ("real",)

    def __init__(self, x, u, c, V, noise=0.5):
        require_positive(noise=noise)
        self.x, self.u, self.c = (observations(name, a, 1) for name, a in (("x", x), ("u", u), ("c", c)))
        self.V = observations("V", V, 2)
        self.xp = get_xp(self.x, self.u, self.c, self.V)
        require_shape("c", self.c, self.u.shape)
        require_shape("V", self.V, (len(self.u), len(self.x)))
        self.variance = noise ** 2

    def log_joint(self, z):
        """log N(x; f(z), σ² I) + log N(z; 0, 1)"""
        self.check(z)
        residual = self.x - tanh(z * self.u + self.c) @ self.V                          # x − f(z)  (S, D)
        log_px = -0.5 * (residual ** 2 / self.variance + LOG_2PI + math.log(self.variance)).sum(axis=1)
        return log_px + prior_log_prob(z)

    def log_joint_local(self, z):
        """There is only one latent, and every factor contains it."""
        return self.log_joint(z)[:, None]

    def log_joint_gradient(self, z):
        """∂/∂z = f′(z)ᵀ (x − f(z))/σ² − z"""
        self.check(z)
        y = tanh(z * self.u + self.c)                                                   # (S, H)
        df = (self.x - y @ self.V) / self.variance                                      # ∂/∂f
        dzu = tanh_backward(df @ self.V.T, y)                                           # ∂/∂(z u + c)
        return (dzu @ self.u)[:, None] - z                                              # through z u; −z: prior


class FixedDecoder(GriddedModel):
    """One example x (D,) with the decoder of a trained VAE: log p(x|z) + log p(z), with z (S, Z).

    Inference here is half of what a VAE does: the decoder is fixed, and q is fitted to the posterior of one
    image. The encoder is not used; its q(z|x) is a guess at the result. The decoder computes in its own
    dtype. log_joint_gradient overwrites the decoder's part of vae.gradients.
    """

    def __init__(self, vae, x):
        self.vae = vae
        self.xp = get_xp(vae.parameters.flat)
        x = observations("x", x, 1)
        require_shape("x", x, (vae.data_dim,))
        vae.check(x)
        self.x = self.xp.asarray(x).astype(vae.parameters.flat.dtype)[None]             # (1, D)
        self.names = tuple(f"z{i + 1}" for i in range(vae.latent_dim))
        self.support = ("real",) * vae.latent_dim

    def log_joint(self, z):
        """log p(x|z) + log N(z; 0, I)"""
        return self._log_likelihood(z) + prior_log_prob(z)

    def log_joint_local(self, z):
        """The prior of zᵢ, and the whole likelihood, which contains all latents."""
        return self._log_likelihood(z)[:, None] - 0.5 * (z * z + LOG_2PI)

    def _log_likelihood(self, z):
        self.check(z)
        a = self.vae.likelihood_parameters(z.astype(self.x.dtype)[:, None])             # (S, 1, ·): N = 1
        return self.vae.likelihood.log_prob(self.x, a)[:, 0].astype(z.dtype)

    def log_joint_gradient(self, z):
        """∂/∂z of log p(x|z), back through the decoder as in elbo_and_grad, and of log p(z): −z"""
        self.check(z)
        a, inputs = self.vae.decoder_forward(z.astype(self.x.dtype)[:, None])          # (S, 1, ·): N = 1
        dlog_px = self.xp.ones((len(z), 1), dtype=self.x.dtype)
        dz = self.vae.decoder_backward(self.vae.likelihood.log_prob_backward(dlog_px, self.x, a), inputs)[:, 0]
        return dz.astype(z.dtype) + prior_log_prob_backward(self.xp.ones(len(z), dtype=z.dtype), z)
