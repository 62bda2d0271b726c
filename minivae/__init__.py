"""minivae: a variational autoencoder written out by hand.

To read it, begin with layers, posteriors/diagonal, likelihoods/bernoulli, vae, Adam in optimizers, gradcheck.
"""

from .system import interrupt       # first: it is for Ctrl-C during the imports that follow
from .autoencoder import Autoencoder
from .backend import array_module, get_xp, synchronize, to_numpy
from .likelihoods import Bernoulli, Categorical, Gaussian, Likelihood
from .optimizers import SGD, Adagrad, Adam, Momentum, RMSprop
from .posteriors import DiagonalGaussian, FullGaussian
from .vae import VAE

__version__ = "0.1.0"
__all__ = ["VAE", "Autoencoder", "Likelihood", "Bernoulli", "Gaussian", "Categorical", "DiagonalGaussian",
           "FullGaussian", "SGD", "Momentum", "Adagrad", "RMSprop", "Adam", "array_module", "get_xp",
           "synchronize", "to_numpy"]
