"""p(x|z): what a likelihood has to define. The VAE works with any object of a class derived from Likelihood.

The decoder outputs numbers a (..., ·) for each latent sample; a likelihood reads them as the parameters of a
distribution over x. Letters: N examples, D data dimensions (pixels), L samples per example. x is (N, D); a is
(N, ·) or (L, N, ·), and results per example are (N,) or (L, N). Log-densities are in nats.
"""

import abc

from ..backend import get_xp
from ..errors import Described, InputError, require_range, require_real, require_shape


class Likelihood(Described, abc.ABC):
    """The base of every p(x|z). To write one, define the five abstract methods; bernoulli.py shows how short
    they can be. Then check your log_prob_backward with gradcheck.check_backward.
    """

    def n_outputs(self, data_dim):
        """How many numbers the decoder outputs per example: by default one for each pixel."""
        return data_dim

    def parameter_shapes(self):
        """{name: shape} of parameters that all examples share, beside what the decoder outputs: none here."""
        return {}

    def encoder_input(self, x):
        """x (N, D) as the encoder is given it, and as pictures show it: 0 is white, 1 is black."""
        return x

    @abc.abstractmethod
    def log_prob(self, x, a):
        """log p(x|z) of each example, in nats.    x (N, D), a (N, ·) or (L, N, ·) -> (N,) or (L, N)"""

    @abc.abstractmethod
    def log_prob_backward(self, dlogp, x, a):
        """Its gradient, given dlogp (N,) or (L, N) -> da like a.    derivations.md, "Likelihoods" """

    @abc.abstractmethod
    def mean(self, a):
        """E[x|z].    a (..., ·) -> (..., D)"""

    @abc.abstractmethod
    def sample(self, a, rng):
        """x ~ p(x|z), from a numpy.random.Generator.    a (..., ·) -> (..., D)"""

    @abc.abstractmethod
    def check(self, x):
        """Raise InputError for data that this distribution can't describe."""


def append_shared(a, shared):
    """The shared parameters [(k,), ...] appended to each row of a.    a (..., ·) -> (..., · + k + ...)"""
    xp = get_xp(a)
    columns = [xp.broadcast_to(value, (*a.shape[:-1], len(value))) for value in shared]
    return xp.concatenate([a, *columns], axis=-1) if columns else a


def append_shared_backward(da, shared_grads):
    """Writes the gradients of the shared parameters; returns that of a, the decoder's part of da.

    Derived in derivations.md, "Parameters that all examples share".
    """
    for gradient in reversed(shared_grads):
        da, own = da[..., :-len(gradient)], da[..., -len(gradient):]
        own.reshape(-1, len(gradient)).sum(axis=0, out=gradient)      # one for all L N rows: add over them
    return da


def require_same_pixels(x, a, dlogp=None):
    """Raise InputError unless x is (N, D), a (N, D) or (L, N, D), dlogp (N,) or (L, N): no broadcasting."""
    require_real("x", x)
    if x.ndim != 2 or x.shape != a.shape[-2:]:
        raise InputError(f"x {x.shape} does not fit a {a.shape}: "
                         "x must be (N, D), and a must end in the same N and D")
    if dlogp is not None:
        require_shape("dlogp", dlogp, a.shape[:-1])
