"""VAE and Autoencoder with short calls. Their math is in vae.py and autoencoder.py, which know none of this.

Where rng is left out, a fresh generator is used, so the numbers differ from call to call. Give a seed or a
numpy.random.Generator to get the same numbers again.
"""

import numpy

from .. import autoencoder, vae
from ..backend import get_xp
from ..errors import require_count, require_real, require_shape


class ShortCalls:
    """What VAE and Autoencoder have in common here."""

    def __repr__(self):
        flat = self.parameters.flat
        arguments = {"data_dim": self.data_dim, "latent_dim": self.latent_dim,
                     "hidden": tuple(W.shape[1] for W, _ in self.encoder[:-1]), **self.parts(),
                     "activation": self.activation, "dtype": flat.dtype.name,
                     "backend": get_xp(flat).__name__}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"

    def fit(self, x, epochs=10, batch_size=50, lr=1e-3, rng=None, quiet=False, **options):
        """Train on x (N, D) with Adam -> a list of EpochReports.

        Unless quiet, the progress is shown in a terminal or a notebook.
        options are those of training.train, which `fit` passes on: beta=0.5, n_samples=5, or
        transform=minivae.datasets.binarize, which turns grey pixels to black or white, at random and again in
        each epoch, as the command `train` does for a Bernoulli likelihood. Called again, it continues
        training, with a new Adam. x is moved to the model's device.

        Raises InputError for impossible values, and Diverged if the loss is no longer finite.
        """
        from .fitting import fit
        return fit(self, x, epochs, batch_size, lr, fresh(rng), quiet, options)

    def interpolate(self, a, b, n=9):
        """n images on the way from a to b: their codes lie evenly on a line from a's code to b's.

        a, b (D,) -> (n, D). The first is the reconstruction of a, the last that of b.
        """
        n, = require_count(least=2, n=n)
        xp = get_xp(self.parameters.flat)
        for name, x in (("a", a), ("b", b)):
            require_real(name, x)
            require_shape(name, x, (self.data_dim,))
            self.check(x)
        first, last = self.represent(xp.stack([xp.asarray(a), xp.asarray(b)]))
        t = xp.linspace(0, 1, n, dtype=first.dtype)[:, None]
        return self.decode((1 - t) * first + t * last)

    def save(self, path):
        """Write the model to one file, an .npz of arrays with this name. An existing file is replaced.

        It contains the architecture and the parameters, but no optimizer. Raises InputError if it can't be
        written, or a parameter is not finite.
        """
        from .model_file import save_model
        save_model(self, path)

    @classmethod
    def load(cls, path, backend="auto", **own):
        """The model that `save` wrote. A file can't run code: nothing in it is unpickled.

        own: an object for a likelihood or posterior of your own, as in likelihood=MyLikelihood().
        Raises InputError for a file that is broken, of another kind, or of a newer minivae.
        """
        from .model_file import load_model
        return load_model(cls, path, backend, own)


class VAE(ShortCalls, vae.VAE):
    """A variational autoencoder: encoder q(z|x), decoder p(x|z), prior p(z) = N(0, I). The math is in vae.py.

    data_dim      D, numbers per example
    latent_dim    Z, latents
    hidden        sizes of the encoder's hidden layers, which the decoder has in reverse
    likelihood    p(x|z): "bernoulli", "gaussian", or an object like Gaussian("shared") or Categorical(17)
    posterior     q(z|x): "diagonal", "full", or an object
    activation    "tanh" or "relu"
    dtype         "float32" or "float64"
    backend       "numpy", "cupy", or "auto": CuPy where it works
    seed          of the initial weights

    Raises InputError for impossible values, BackendUnavailable where CuPy doesn't work.
    """

    def parts(self):
        """The arguments that make this model what it is, beside its sizes."""
        return {"likelihood": self.likelihood, "posterior": self.posterior}

    def sample(self, n, rng=None):
        """n new examples (n, D): z from the prior, then x ~ p(x|z)."""
        return super().sample(n, fresh(rng))

    def elbo(self, x, rng=None, n_samples=10):
        """The evidence lower bound of each example, in nats, with n_samples samples of z.    x (N, D) -> (N,)

        Its mean is what `fit` maximizes, unless options change that. evaluation.elbo returns its terms too.
        """
        from ..evaluation import elbo
        return elbo(self, x, fresh(rng), n_samples).elbo

    def log_likelihood(self, x, rng=None, n_samples=1000):
        """log p(x) of each example, in nats, by importance sampling.    x (N, D) -> (N,)

        On average the estimate is below log p(x), less so with more samples; see evaluation.log_likelihood.
        """
        from ..evaluation import log_likelihood
        return log_likelihood(self, x, fresh(rng), n_samples)


class Autoencoder(ShortCalls, autoencoder.Autoencoder):
    """The plain autoencoder, without probability, for comparison with the VAE. The math is in autoencoder.py.

    error: "squared-error" or "cross-entropy". The other arguments are those of VAE.
    """

    def parts(self):
        """The arguments that make this model what it is, beside its sizes."""
        return {"error": next(name for name, cls in autoencoder.ERRORS.items() if type(self.error) is cls)}


def fresh(rng):
    """-> rng, or a new generator if it is None."""
    return numpy.random.default_rng() if rng is None else rng
