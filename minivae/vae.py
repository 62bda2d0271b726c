"""The variational autoencoder (Kingma & Welling 2014): `VAE.loss_and_grad` is the algorithm.

Letters: N examples in the batch, D data dimensions, Z latent dimensions, L samples per example.
"""

from typing import Any, NamedTuple

from .backend import get_xp
from .errors import InputError, require_count, require_shape
from .layers import mlp, mlp_backward
from .likelihoods import Bernoulli
from .networks import EncoderDecoder
from .posteriors import DiagonalGaussian, prior_log_prob, prior_log_prob_backward

KL_ESTIMATES = ("closed-form", "monte-carlo")
BOUNDS = ("elbo", "iwae")


class Loss(NamedTuple):
    """What loss_and_grad returns: 0-d arrays on the device, in nats, means over the batch."""

    loss: Any               # −bound, the number that is minimized
    reconstruction: Any     # −E_q[log p(x|z)], from the samples
    kl: Any                 # KL(q(z|x) ‖ p(z)), exact or from the samples
                            # for the ELBO, loss = reconstruction + β kl; for the IWAE bound at most that


class VAE(EncoderDecoder):
    """Encoder q(z|x), decoder p(x|z), prior p(z) = N(0, I); two multilayer perceptrons.

    data_dim D, latent_dim Z; hidden: the encoder's hidden layers, which the decoder has in reverse;
    dtype "float32", or "float64" for checks; backend "numpy", "cupy", or "auto" for CuPy where it
    works. The weights are drawn from `seed` on the host, so that every backend starts the same.

    Raises InputError for sizes below 1, an unknown activation, or a likelihood or posterior that is none;
    BackendUnavailable for "cupy" where CuPy does not work.
    """

    def __init__(self, data_dim, latent_dim, hidden=(500,), likelihood=None, posterior=None,
                 activation="tanh", dtype="float32", backend="auto", seed=0):
        self.likelihood = likelihood or Bernoulli()
        self.posterior = posterior or DiagonalGaussian()
        for name, value, method in (("likelihood", self.likelihood, "log_prob_backward"),
                                    ("posterior", self.posterior, "kl_backward")):
            if isinstance(value, type) or not hasattr(value, method):
                raise InputError(f"{name} is {value!r}, but an object is needed, like Gaussian() for p(x|z), "
                                 "FullGaussian() for q(z|x)")
        own = self.likelihood.parameter_shapes()
        own_shapes = {f"likelihood.{name}": shape for name, shape in own.items()}
        super().__init__(data_dim, latent_dim, hidden, self.posterior.n_outputs(latent_dim),
                         self.likelihood.n_outputs(data_dim), own_shapes, activation, dtype, backend, seed)
        self.own = [self.parameters[name] for name in own_shapes]
        self.own_grads = [self.gradients[name] for name in own_shapes]

    def loss_and_grad(self, x, eps, kl="closed-form", bound="elbo", beta=1.0):
        """The loss of a batch, and its gradient, which is written into `.gradients`.

        x (N, D) data; eps (N, Z) or (L, N, Z) standard normal noise, one draw of z for each.

        kl     "closed-form"  KL(q(z|x) ‖ p(z)) from its formula: less variance     (K&W 2014, eq. 7)
               "monte-carlo"  log q(z|x) − log p(z) at the samples: for any q and p  (K&W 2014, eq. 6)
        bound  "elbo"         mean over the L samples
               "iwae"         log of the mean weight: tighter, by Jensen's inequality; needs
                              "monte-carlo"                                (Burda et al. 2016, eq. 8)
        beta   weight of the KL. With beta ≠ 1 the value is not the ELBO: with beta > 1 a looser bound on
               log p(x), with beta < 1 perhaps none. For "iwae" it bounds nothing: its limit for many
               samples is log E_q[p(x|z) (p(z)/q(z|x))^β], which can lie above log p(x).

        Returns Loss(loss, reconstruction, kl). Raises InputError for wrong shapes or options.
        """
        q, p = self.posterior, self.likelihood
        x, eps = self._as_batch(x), self._as_noise(eps, len(x))
        self._check_options(kl, bound, beta)
        xp = get_xp(x)
        L, N, Z = eps.shape

        # Forward                                                                           shape
        h, encoder_inputs = mlp(p.encoder_input(x), self.encoder, self.activation)
                                                                        # parameters of q   (N, ·)
        z = q.sample(h, eps)                                            # z = μ + σ ε       (L, N, Z)
        a, decoder_inputs = mlp(z.reshape(L * N, Z), self.decoder, self.activation)
        a = self.append_own(a.reshape(L, N, -1))                        # parameters of p   (L, N, ·)
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
        da = self.append_own_backward(da)                               # to p's own parameters, if any
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
        x = self.likelihood.encoder_input(self._as_batch(x))
        return mlp(x, self.encoder, self.activation)[0]

    def likelihood_parameters(self, z):
        """The decoder alone: z (..., Z) -> a (..., ·), the parameters of p(x|z)."""
        get_xp(z, self.parameters.flat)
        require_shape("z", z, (*z.shape[:-1], self.latent_dim))
        a, _ = mlp(z.reshape(-1, self.latent_dim), self.decoder, self.activation)
        return self.append_own(a.reshape(*z.shape[:-1], a.shape[-1]))

    def append_own(self, a):
        """a (..., ·) with the likelihood's own parameters behind each row, where it has any."""
        xp = get_xp(a)
        own = [xp.broadcast_to(value, (*a.shape[:-1], len(value))) for value in self.own]
        return xp.concatenate([a, *own], axis=-1) if own else a

    def append_own_backward(self, da):
        """Writes the gradients of the likelihood's own parameters; returns the decoder's part of da."""
        for gradient in reversed(self.own_grads):
            da, down = da[..., :-len(gradient)], da[..., -len(gradient):]
            down.reshape(-1, len(gradient)).sum(axis=0, out=gradient)       # one for all: add over L and N
        return da

    def encode(self, x):
        """Mean (N, Z) and scale of q(z|x): the standard deviations σ (N, Z) for DiagonalGaussian."""
        return self.posterior.mean_and_scale(self.posterior_parameters(x))

    def represent(self, x):
        """The mean of q(z|x), where x lies in the latent space.    x (N, D) -> (N, Z)"""
        return self.encode(x)[0]

    def decode(self, z):
        """E[x|z].    z (..., Z) -> (..., D)"""
        return self.likelihood.mean(self.likelihood_parameters(z))

    def reconstruct(self, x):
        """E[x|z] at the mean z of q(z|x).    x (N, D) -> (N, D)"""
        return self.decode(self.represent(x))

    def sample(self, n, rng):
        """n new examples: z ~ N(0, I), then x ~ p(x|z).    -> (n, D)

        rng is a numpy.random.Generator. For the smoother E[x|z], decode draws of your own.
        """
        z = self.draw_noise(rng, n)[0]
        return self.likelihood.sample(self.likelihood_parameters(z), rng)

    def check(self, x):
        """Raise InputError for data that the likelihood can't describe."""
        self.likelihood.check(x)

    def to_grey(self, x):
        """x, or E[x|z], as it is to be shown: from 0 to 1."""
        return self.likelihood.encoder_input(x)

    def draw_noise(self, rng, n_examples, n_samples=1):
        """Standard normal ε (L, N, Z) for a batch, drawn on the host and moved to the device."""
        require_count(n_examples=n_examples, n_samples=n_samples)
        parameters = self.parameters.flat
        shape = (n_samples, n_examples, self.latent_dim)
        return get_xp(parameters).asarray(rng.standard_normal(shape, dtype=parameters.dtype))

    def _as_noise(self, eps, n_examples):
        get_xp(eps, self.parameters.flat)
        eps = eps[None] if eps.ndim == 2 else eps
        require_shape("eps", eps, (None, n_examples, self.latent_dim))
        require_count(n_samples=len(eps))
        return eps.astype(self.parameters.flat.dtype, copy=False)

    def _check_options(self, kl, bound, beta):
        if kl not in KL_ESTIMATES:
            raise InputError(f'unknown kl {kl!r}; choose "closed-form" or "monte-carlo"')
        if bound not in BOUNDS:
            raise InputError(f'unknown bound {bound!r}; choose "elbo" or "iwae"')
        if bound == "iwae" and kl != "monte-carlo":
            raise InputError('bound="iwae" weights each sample by its own log q(z|x); use kl="monte-carlo"')
        if not 0 <= beta < float("inf"):
            raise InputError(f"beta is {beta!r}, but a finite number of at least 0 is needed")
