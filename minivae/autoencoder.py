"""The plain autoencoder, for comparison with the VAE: an encoder and a decoder, without probability.

It is trained only to reproduce its input. Nothing controls where the code of an image (the encoder's output)
lies, and a point between the codes can decode to anything.

Letters: N examples in the batch, D data dimensions, Z numbers in a code.
"""

from .backend import get_xp
from .errors import require_choice, require_shape
from .layers import mlp, mlp_backward
from .likelihoods import Bernoulli, Gaussian
from .networks import EncoderDecoder, Loss


class SquaredError:
    """‖x − x̂‖², summed over the pixels; x̂ = a, the decoder's output."""

    likelihood = Gaussian()     # allows the same data, and its mean is the same x̂

    def loss(self, x, a):
        """‖x − x̂‖² of each example.    x (N, D), a (N, D) -> (N,)"""
        return ((x - a) ** 2).sum(axis=-1)

    def loss_backward(self, dloss, x, a):
        """Gradient of ‖x − x̂‖², given dloss (N,) -> da (N, D).    derivations.md, "Its two errors" """
        return dloss[:, None] * (-2 * (x - a))          # ∂‖x − x̂‖²/∂x̂ = −2 (x − x̂)


class CrossEntropy:
    """−Σ [x log x̂ + (1 − x) log(1 − x̂)], x̂ = sigmoid(a): −log p(x|z) of a Bernoulli, in nats."""

    likelihood = Bernoulli()

    def loss(self, x, a):
        """The cross-entropy of each example.    x (N, D) in [0, 1], a (N, D) -> (N,)"""
        return -self.likelihood.log_prob(x, a)

    def loss_backward(self, dloss, x, a):
        """Gradient of the cross-entropy, given dloss (N,) -> da (N, D).    derivations.md, "Its two errors" """
        return self.likelihood.log_prob_backward(-dloss, x, a)


ERRORS = {"squared-error": SquaredError, "cross-entropy": CrossEntropy}


class Autoencoder(EncoderDecoder):
    """Code z = encoder(x), reconstruction x̂ = decoder(z); both are multilayer perceptrons, as in the VAE.

    It has the methods of VAE that training and plots use. Raises InputError for impossible arguments.
    """

    def __init__(self, data_dim, latent_dim, hidden=(500,), error="squared-error", activation="tanh",
                 dtype="float32", backend="auto", seed=0):
        require_choice("error", error, ERRORS)
        self.error = ERRORS[error]()
        super().__init__(data_dim, latent_dim, hidden, lambda Z: Z, lambda D: D, {}, activation, dtype,
                         backend, seed)

    def loss_and_grad(self, x, eps=None):
        """The mean loss of a batch x (N, D), and its gradient, which is written into `.gradients`.

        eps is not used: nothing here is random. Returns Loss(loss, reconstruction = loss, kl = 0).
        Derived in derivations.md, "The whole autoencoder".
        """
        x = self.check_batch(x)
        z, encoder_inputs = mlp(x, self.encoder, self.activation)               # code            (N, Z)
        a, decoder_inputs = mlp(z, self.decoder, self.activation)               # reconstruction  (N, D)
        loss = self.error.loss(x, a).mean()

        dloss = get_xp(x).full(len(x), 1 / len(x), dtype=a.dtype)               # loss = 1/N Σₙ lossₙ
        da = self.error.loss_backward(dloss, x, a)
        dz = mlp_backward(da, decoder_inputs, self.decoder, self.decoder_grads, self.activation)
        mlp_backward(dz, encoder_inputs, self.encoder, self.encoder_grads, self.activation, need_dx=False)
        return Loss(loss, loss, 0 * loss)

    def represent(self, x):
        """The code of each example.    x (N, D) -> (N, Z)"""
        return mlp(self.check_batch(x), self.encoder, self.activation)[0]

    def decode(self, z):
        """x̂.    z (N, Z) -> (N, D)"""
        self.check_latents(z)
        require_shape("z", z, (None, self.latent_dim))
        return self.error.likelihood.mean(mlp(z, self.decoder, self.activation)[0])

    def check(self, x):
        """Raise InputError for data that this error does not allow."""
        self.error.likelihood.check(x)

    def to_grey(self, x):
        """x unchanged: the grey values that plots show."""
        return x

    def draw_noise(self, rng, n_examples, n_samples=1):
        """None: nothing here is random."""
        return None
