"""The variational autoencoder (Kingma & Welling 2014): `VAE.loss_and_grad` is the algorithm.

Letters: N examples in the batch, D data dimensions, Z latent dimensions, L samples per example.
"""

from typing import Any, NamedTuple

import numpy

from .backend import array_module, get_xp
from .errors import InputError, require_positive, require_shape
from .layers import ACTIVATIONS, mlp, mlp_backward
from .likelihoods import Bernoulli
from .parameters import Parameters
from .posteriors import DiagonalGaussian, prior_log_prob, prior_log_prob_backward


class Loss(NamedTuple):
    """What loss_and_grad returns: 0-d arrays on the device, in nats, means over the batch."""

    loss: Any               # −bound, the number that is minimized
    reconstruction: Any     # −E_q[log p(x|z)], from the samples
    kl: Any                 # KL(q(z|x) ‖ p(z)), exact or from the samples
                            # for the ELBO, loss = reconstruction + β kl; for the IWAE bound it is less


class VAE:
    """Encoder q(z|x), decoder p(x|z), prior p(z) = N(0, I); two multilayer perceptrons.

    data_dim D, latent_dim Z; hidden: the encoder's hidden layers, which the decoder has in reverse;
    dtype "float32", or "float64" for checks; backend "numpy", "cupy", or "auto" for CuPy where it
    works. The weights are drawn from `seed` on the host, so that every backend starts the same.

    Raises InputError for sizes below 1 or an unknown activation, BackendUnavailable for "cupy"
    where CuPy does not work.
    """

    def __init__(self, data_dim, latent_dim, hidden=(500,), likelihood=None, posterior=None,
                 activation="tanh", dtype="float32", backend="auto", seed=0):
        require_positive(data_dim=data_dim, latent_dim=latent_dim)
        for size in hidden:
            require_positive(hidden=size)
        if activation not in ACTIVATIONS:
            raise InputError(f"unknown activation {activation!r}; choose {' or '.join(ACTIVATIONS)}")
        self.data_dim = data_dim
        self.latent_dim = latent_dim
        self.likelihood = likelihood or Bernoulli()
        self.posterior = posterior or DiagonalGaussian()
        self.activation = activation

        encoder_sizes = [data_dim, *hidden, self.posterior.n_outputs(latent_dim)]
        decoder_sizes = [latent_dim, *reversed(hidden), self.likelihood.n_outputs(data_dim)]
        shapes = {**_layer_shapes("encoder", encoder_sizes), **_layer_shapes("decoder", decoder_sizes)}
        xp = array_module(backend)
        self.parameters = Parameters(shapes, xp, dtype)
        self.gradients = Parameters(shapes, xp, dtype)
        self.encoder = self.parameters.layers("encoder")
        self.decoder = self.parameters.layers("decoder")
        self.encoder_grads = self.gradients.layers("encoder")
        self.decoder_grads = self.gradients.layers("decoder")
        self._initialize(numpy.random.default_rng(seed))

    def _initialize(self, rng):
        """W ~ N(0, gain/fan_in), b = 0: from layer to layer, signals neither explode nor vanish.

        A sum of fan_in terms has fan_in times their variance, and 1/fan_in undoes that. gain is 1
        for tanh, and 2 for relu, which passes only half of its input's power (He et al. 2015).
        """
        xp = get_xp(self.parameters.flat)
        gain = 2 if self.activation == "relu" else 1
        for W, _ in self.encoder + self.decoder:
            fan_in = W.shape[0]
            W[...] = xp.asarray(rng.standard_normal(W.shape) * (gain / fan_in) ** 0.5)

    def loss_and_grad(self, x, eps, kl="closed-form", bound="elbo", beta=1.0):
        """The loss of a batch, and its gradient, which is written into `.gradients`.

        x (N, D) data; eps (N, Z) or (L, N, Z) standard normal noise, one draw of z for each.

        kl     "closed-form"  KL(q(z|x) ‖ p(z)) from its formula: less variance     (K&W 2014, eq. 7)
               "monte-carlo"  log q(z|x) − log p(z) at the samples: for any q and p  (K&W 2014, eq. 6)
        bound  "elbo"         mean over the L samples
               "iwae"         log of the mean weight: tighter, by Jensen's inequality; needs
                              "monte-carlo"                                (Burda et al. 2016, eq. 8)
        beta   weight of the KL. With beta ≠ 1 the value is no bound on log p(x) any more.

        Returns Loss(loss, reconstruction, kl). Raises InputError for wrong shapes or options.
        """
        q, p = self.posterior, self.likelihood
        x, eps = self._as_batch(x), self._as_noise(eps, len(x))
        self._check_options(kl, bound, beta)
        xp = get_xp(x)
        L, N, Z = eps.shape

        # Forward                                                                           shape
        h, encoder_inputs = mlp(x, self.encoder, self.activation)       # parameters of q   (N, ·)
        z = q.sample(h, eps)                                            # z = μ + σ ε       (L, N, Z)
        a, decoder_inputs = mlp(z.reshape(L * N, Z), self.decoder, self.activation)
        a = a.reshape(L, N, -1)                                         # parameters of p   (L, N, ·)
        log_px = p.log_prob(x, a)                                       # log p(x|z)        (L, N)
        if kl == "closed-form":
            kl_term = q.kl(h)                                           # KL(q(z|x) ‖ p(z)) (N,)
        else:
            kl_term = q.log_prob_of_sample(h, eps) - prior_log_prob(z)  # log q(z|x)/p(z)   (L, N)
        log_w = log_px - beta * kl_term                                 # for Monte Carlo   (L, N)
                                                                        # and β = 1: log p(x, z)/q(z|x)

        # bound = mean of log w (ELBO), or log of the mean of w (IWAE); loss = −mean over N.
        if bound == "elbo":
            bounds = log_w.mean(axis=0)                                 # 1/L Σₗ log wₗ     (N,)
            share = xp.full_like(log_w, 1 / L)                          # ∂bound/∂log wₗ    (L, N)
        else:
            top = log_w.max(axis=0)                                     # keeps exp from overflowing
            w = xp.exp(log_w - top)
            bounds = top + xp.log(w.mean(axis=0))                       # log 1/L Σₗ wₗ     (N,)
            share = w / w.sum(axis=0)                                   # ∂bound/∂log wₗ = softmax
        loss = -bounds.mean()

        # Backward: the same lines in reverse. dlog_w = ∂loss/∂log w, and so on.
        dlog_w = share / -N                                             # loss = −1/N Σₙ boundₙ
        da = p.log_prob_backward(dlog_w, x, a)                          # log w = log p(x|z) − β kl
        dz = mlp_backward(da.reshape(L * N, -1), decoder_inputs, self.decoder, self.decoder_grads,
                          self.activation).reshape(L, N, Z)
        dkl = -beta * dlog_w
        if kl == "closed-form":
            dh = q.kl_backward(dkl.sum(axis=0), h)                      # one KL for all L samples
        else:
            dh = q.log_prob_of_sample_backward(dkl, h, eps)             # kl = log q(z|x) − log p(z)
            dz += prior_log_prob_backward(-dkl, z)                      # z acts through p(x|z) and p(z): add
        dh += q.sample_backward(dz, h, eps)                             # h acts through z and through kl: add
        mlp_backward(dh, encoder_inputs, self.encoder, self.encoder_grads, self.activation,
                     need_dx=False)
        return Loss(loss, -log_px.mean(), kl_term.mean())

    def posterior_parameters(self, x):
        """The encoder alone: x (N, D) -> h (N, ·), the parameters of q(z|x)."""
        return mlp(self._as_batch(x), self.encoder, self.activation)[0]

    def likelihood_parameters(self, z):
        """The decoder alone: z (..., Z) -> a (..., ·), the parameters of p(x|z)."""
        require_shape("z", z.reshape(-1, z.shape[-1]), (None, self.latent_dim))
        a, _ = mlp(z.reshape(-1, self.latent_dim), self.decoder, self.activation)
        return a.reshape(*z.shape[:-1], -1)

    def encode(self, x):
        """Mean (N, Z) and scale of q(z|x): the standard deviations σ (N, Z) for DiagonalGaussian."""
        return self.posterior.mean_and_scale(self.posterior_parameters(x))

    def decode(self, z):
        """E[x|z].    z (..., Z) -> (..., D)"""
        return self.likelihood.mean(self.likelihood_parameters(z))

    def reconstruct(self, x):
        """E[x|z] at the mean z of q(z|x).    x (N, D) -> (N, D)"""
        mean, _ = self.encode(x)
        return self.decode(mean)

    def sample(self, n, rng):
        """n new examples: z ~ N(0, I), then x ~ p(x|z).    -> (n, D)

        rng is a numpy.random.Generator. For the smoother E[x|z], decode draws of your own.
        """
        z = self.draw_noise(rng, n)[0]
        return self.likelihood.sample(self.likelihood_parameters(z), rng)

    def draw_noise(self, rng, n_examples, n_samples=1):
        """Standard normal ε (L, N, Z) for a batch, drawn on the host and moved to the device."""
        require_positive(n_examples=n_examples, n_samples=n_samples)
        parameters = self.parameters.flat
        shape = (n_samples, n_examples, self.latent_dim)
        return get_xp(parameters).asarray(rng.standard_normal(shape, dtype=parameters.dtype))

    def _as_batch(self, x):
        get_xp(x, self.parameters.flat)
        require_shape("x", x, (None, self.data_dim))
        return x.astype(self.parameters.flat.dtype, copy=False)

    def _as_noise(self, eps, n_examples):
        get_xp(eps, self.parameters.flat)
        eps = eps[None] if eps.ndim == 2 else eps
        require_shape("eps", eps, (None, n_examples, self.latent_dim))
        return eps.astype(self.parameters.flat.dtype, copy=False)

    def _check_options(self, kl, bound, beta):
        if kl not in ("closed-form", "monte-carlo"):
            raise InputError(f'unknown kl {kl!r}; choose "closed-form" or "monte-carlo"')
        if bound not in ("elbo", "iwae"):
            raise InputError(f'unknown bound {bound!r}; choose "elbo" or "iwae"')
        if bound == "iwae" and kl != "monte-carlo":
            raise InputError('bound="iwae" weights each sample by its own log q(z|x); use kl="monte-carlo"')
        if not 0 <= beta < float("inf"):
            raise InputError(f"beta is {beta!r}, but a finite number of at least 0 is needed")


def _layer_shapes(prefix, sizes):
    """Names and shapes of the linear layers between these sizes."""
    shapes = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        shapes[f"{prefix}.{i}.W"] = (fan_in, fan_out)
        shapes[f"{prefix}.{i}.b"] = (fan_out,)
    return shapes
