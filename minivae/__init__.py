"""minivae: a variational autoencoder written out by hand.

    import minivae

    images = minivae.datasets.digits()                  # pixels in [0, 1]; images.train is (1498, 64)
    vae = minivae.VAE(data_dim=64, latent_dim=2, hidden=(300, 150))
    vae.fit(images.train, epochs=10)                    # then vae.save("digits.npz") would keep it
    new = vae.sample(5)                                 # five new digits (5, 64)

To read it, begin with layers, posteriors/diagonal, likelihoods/bernoulli, vae, Adam in optimizers, gradcheck.
"""

from .system import interrupt       # first: it is for Ctrl-C during the imports that follow
from .backend import array_module, get_xp, synchronize, to_numpy
from .likelihoods import Bernoulli, Categorical, Gaussian, Likelihood
from .optimizers import SGD, Adagrad, Adam, Momentum, RMSprop
from .posteriors import DiagonalGaussian, FullGaussian
from .quick import VAE, Autoencoder
from .system.later import later

__version__ = "0.1.0"
__all__ = ["VAE", "Autoencoder", "load", "Likelihood", "Bernoulli", "Gaussian", "Categorical",
           "DiagonalGaussian", "FullGaussian", "SGD", "Momentum", "Adagrad", "RMSprop", "Adam",
           "array_module", "get_xp", "synchronize", "to_numpy"]
__getattr__, __dir__ = later(__name__, "datasets evaluation gradcheck inference plots training",
                               load="runs.loaded")
