"""minivae: a variational autoencoder written out by hand.

To read it, begin with layers, posteriors/diagonal, likelihoods/bernoulli, vae, Adam in optimizers, gradcheck.
"""

import os
import sys


def _excepthook(kind, *details):
    if kind is KeyboardInterrupt:
        print("minivae: interrupted", file=sys.stderr, flush=True)
        os._exit(130)
    sys.__excepthook__(kind, *details)


if os.path.basename("".join(sys.argv[:1])).removesuffix(".exe") in ("-m", "minivae"):
    sys.excepthook = _excepthook    # the program starts: Ctrl-C during its imports has no traceback

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
