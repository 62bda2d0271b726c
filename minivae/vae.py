"""The variational autoencoder (Kingma & Welling 2014). `elbo_and_grad` is the algorithm, on one page.

Letters: N examples in the batch, D data dimensions, Z latent dimensions, L samples of z per example.
"""

from .backend import get_xp
from .errors import as_generator, require_object
from .free_bits import free_bits_and_grad
from .layers import mlp, mlp_backward
from .likelihoods import LIKELIHOODS, append_shared, append_shared_backward
from .monte_carlo import check_options, monte_carlo_and_grad
from .networks import EncoderDecoder, Loss
from .posteriors import POSTERIORS


def elbo_and_grad(vae, x, eps, beta):
    """The loss of a batch, and its gradient, which is written into vae.gradients.

    loss = mean over the batch of β KL(q(z|x) ‖ p(z)) − E_q[log p(x|z)]. With β = 1 this is −ELBO (Kingma &
    Welling 2014, eq. 7).

    x (N, D) data; eps (L, N, Z) standard normal noise. Returns Loss.
    Derived in derivations.md, "The gradient with the closed-form KL".
    """
    q, p, xp = vae.posterior, vae.likelihood, get_xp(x)
    L, N, _ = eps.shape

    # Forward                                                                               shape
    h, encoder_inputs = vae.encoder_forward(x)              # parameters of q(z|x)          (N, ·)
    z = q.sample(h, eps)                                    # z = μ + σ ε                   (L, N, Z)
    a, decoder_inputs = vae.decoder_forward(z)              # parameters of p(x|z)          (L, N, ·)
    log_px = p.log_prob(x, a)                               # log p(x|z), a sum over D      (L, N)
    kl = q.kl(h)                                            # KL(q(z|x) ‖ p(z)), over Z     (N,)
    loss = (beta * kl - log_px.mean(axis=0)).mean()         # means over L and over N       ()

    # Backward, from last to first: dkl is ∂loss/∂kl, and so on. loss = 1/N Σₙ [β klₙ − 1/L Σₗ log p(xₙ|zₗₙ)].
    dkl = xp.full_like(kl, beta / N)                        # ∂loss/∂klₙ = β/N              (N,)
    dlog_px = xp.full_like(log_px, -1 / (L * N))            # ∂loss/∂log p(xₙ|zₗₙ) = −1/LN  (L, N)
    dh = q.kl_backward(dkl, h)                              # first path into h: the KL     (N, ·)
    da = p.log_prob_backward(dlog_px, x, a)                 # back through the likelihood   (L, N, ·)
    dz = vae.decoder_backward(da, decoder_inputs)           # back through the decoder      (L, N, Z)
    dh += q.sample_backward(dz, h, eps)                     # second path, z: paths add     (N, ·)
    vae.encoder_backward(dh, encoder_inputs)                # back through the encoder
    return Loss(loss, -log_px.mean(), kl.mean())


class VAE(EncoderDecoder):
    """Encoder q(z|x), decoder p(x|z), and prior p(z) = N(0, I). Both networks are multilayer perceptrons.

    data_dim D, latent_dim Z; hidden: sizes of the encoder's hidden layers, which the decoder has in reverse;
    likelihood "bernoulli", "gaussian" or an object, like Categorical(3); posterior "diagonal", "full" or an
    object; dtype "float32" or "float64"; backend "numpy", "cupy", or "auto": CuPy where it works; seed of the
    initial weights.

    Raises InputError, or BackendUnavailable where CuPy doesn't work.
    """

    def __init__(self, data_dim, latent_dim, hidden=(500,), likelihood="bernoulli", posterior="diagonal",
                 activation="tanh", dtype="float32", backend="auto", seed=0):
        self.likelihood = require_object("likelihood", likelihood, "log_prob_backward", LIKELIHOODS)
        self.posterior = require_object("posterior", posterior, "kl_backward", POSTERIORS)
        super().__init__(data_dim, latent_dim, hidden, self.posterior.n_outputs, self.likelihood.n_outputs,
                         self.likelihood.parameter_shapes(), activation, dtype, backend, seed)

    def loss_and_grad(self, x, eps, kl="closed-form", bound="elbo", beta=1.0, free_bits=0.0):
        """The loss of a batch, with its gradient in `.gradients`. Returns Loss.

        x (N, D) data; eps (N, Z) or (L, N, Z) standard normal noise
        kl "closed-form": elbo_and_grad above; "monte-carlo": estimated from the samples (monte_carlo.py)
        bound "elbo"; or with the Monte Carlo KL also "iwae", which is tighter
        beta: weight of the KL; −loss is the ELBO, or the IWAE bound, only if it is 1
        free_bits: how much of each latent's KL costs nothing, in nats; 0 for the ELBO (free_bits.py)

        Raises InputError for wrong shapes or options, TypeError for arrays of another library.
        """
        x, eps = self.check_batch(x), self.check_noise(eps, len(x))
        beta, free_bits = check_options(self.posterior, kl, bound, beta, free_bits)
        if free_bits > 0:
            return free_bits_and_grad(self, x, eps, beta, free_bits)
        if kl == "closed-form":
            return elbo_and_grad(self, x, eps, beta)
        return monte_carlo_and_grad(self, x, eps, bound, beta)

    def encoder_forward(self, x):
        """x (N, D) -> h (N, ·), the parameters of q(z|x), and the inputs of the encoder's layers."""
        return mlp(self.likelihood.encoder_input(x), self.encoder, self.activation)

    def encoder_backward(self, dh, inputs):
        """Writes the encoder's gradients, given dh (N, ·).    derivations.md, "A multilayer perceptron" """
        mlp_backward(dh, inputs, self.encoder, self.encoder_grads, self.activation, need_dx=False)

    def decoder_forward(self, z):
        """z (..., Z) -> a (..., ·), the parameters of p(x|z), and the inputs of the decoder's layers."""
        a, inputs = mlp(z.reshape(-1, self.latent_dim), self.decoder, self.activation)
        return append_shared(a.reshape(*z.shape[:-1], a.shape[-1]), self.shared), inputs

    def decoder_backward(self, da, inputs):
        """Writes the gradients of the decoder, given da (..., ·) -> dz (..., Z).

        Derived in derivations.md, "A multilayer perceptron".
        """
        da = append_shared_backward(da, self.shared_grads)
        dz = mlp_backward(da.reshape(-1, da.shape[-1]), inputs, self.decoder, self.decoder_grads, self.activation)
        return dz.reshape(*da.shape[:-1], self.latent_dim)

    def posterior_parameters(self, x):
        """x (N, D) -> h (N, ·), the parameters of q(z|x)."""
        return self.encoder_forward(self.check_batch(x))[0]

    def likelihood_parameters(self, z):
        """z (..., Z) -> a (..., ·), the parameters of p(x|z)."""
        self.check_latents(z)
        return self.decoder_forward(z)[0]

    def encode(self, x):
        """Mean (N, Z) and scale of q(z|x): the standard deviations σ (N, Z) for DiagonalGaussian."""
        return self.posterior.mean_and_scale(self.posterior_parameters(x))

    def represent(self, x):
        """The mean of q(z|x): where x lies in the latent space.    x (N, D) -> (N, Z)"""
        return self.encode(x)[0]

    def decode(self, z):
        """E[x|z].    z (..., Z) -> (..., D)"""
        return self.likelihood.mean(self.likelihood_parameters(z))

    def sample(self, n, rng):
        """n new examples (n, D): z from the prior, then x ~ p(x|z). rng: a generator or a seed."""
        rng = as_generator(rng)
        z = self.draw_noise(rng, n)[0]
        return self.likelihood.sample(self.likelihood_parameters(z), rng)

    def check(self, x):
        """Raise InputError for data that the likelihood can't describe."""
        self.likelihood.check(x)

    def to_grey(self, x):
        """The pixels of x, or of E[x|z], as pictures show them: 0 is white, 1 is black."""
        return self.likelihood.encoder_input(x)
