"""p(x|z) for pixels of K kinds, such as grey levels: the decoder outputs a probability for each of them.

Letters: N examples, D pixels, K categories, L samples of z per example. x is (N, D), the decoder's output a
is (N, D K) or (L, N, D K), and log p is (N,) or (L, N), in nats: summed over the pixels.
"""

from ..backend import get_xp
from ..errors import InputError, require_count, require_real
from .likelihood import Likelihood, require_same_pixels


class Categorical(Likelihood):
    """p(x|z) = Π_d π_d[x_d]: each pixel takes one of the values 0 .. K−1, with probabilities π = softmax(a).

    a are K logits for each pixel (N, D K), pixel after pixel; K = n_categories. This likelihood knows no
    order among the K values: it can give 3 and 5 a high probability, and 4 a low one.
    """

    def __init__(self, n_categories):
        self.n_categories, = require_count(least=2, n_categories=n_categories)

    def n_outputs(self, data_dim):
        """How many numbers the decoder outputs per example: K logits for each pixel."""
        return data_dim * self.n_categories

    def encoder_input(self, x):
        """x/(K − 1), from 0 to 1: what the encoder is given and what pictures show."""
        return x / (self.n_categories - 1)

    def _log_softmax(self, a):
        """log π = a − log Σ exp a, where the largest a is subtracted first.    (..., D K) -> (..., D, K)"""
        xp = get_xp(a)
        a = a.reshape(*a.shape[:-1], -1, self.n_categories)
        a = a - a.max(axis=-1, keepdims=True)
        return a - xp.log(xp.exp(a).sum(axis=-1, keepdims=True))

    def _one_hot(self, x, dtype):
        """x (N, D) -> (N, D, K), 1 where k = x, else 0"""
        return (x[..., None] == get_xp(x).arange(self.n_categories)).astype(dtype)

    def log_prob(self, x, a):
        """log p(x|z) = Σ_d log π_d[x_d].    x (N, D), a (N, D K) or (L, N, D K) -> (N,) or (L, N)"""
        log_pi = self._log_softmax(a)
        require_same_pixels(x, log_pi[..., 0])
        return (self._one_hot(x, a.dtype) * log_pi).sum(axis=(-2, -1))

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a.    derivations.md, "Categorical" """
        pi = get_xp(a).exp(self._log_softmax(a))
        require_same_pixels(x, pi[..., 0], dlogp)
        da = dlogp[..., None, None] * (self._one_hot(x, a.dtype) - pi)  # ∂log π[x]/∂a[k] = 1{k = x} − π[k]
        return da.reshape(a.shape)

    def mean(self, a):
        """E[x|z] = Σ_k k π[k], from 0 to K − 1.    a (..., D K) -> (..., D)"""
        xp = get_xp(a)
        return xp.exp(self._log_softmax(a)) @ xp.arange(self.n_categories).astype(a.dtype)

    def sample(self, a, rng):
        """x ~ p(x|z), integers 0 .. K−1, from a numpy.random.Generator.    a (..., D K) -> (..., D)

        x is the number of cumulative probabilities below u ~ U(0, 1).
        """
        xp = get_xp(a)
        cumulative = xp.exp(self._log_softmax(a)).cumsum(axis=-1)[..., :-1]     # without the last, which is 1
        u = xp.asarray(rng.random(cumulative.shape[:-1]))
        return (cumulative < u[..., None]).sum(axis=-1).astype(a.dtype)

    def check(self, x):
        """Raise InputError for anything but whole numbers 0 .. K−1."""
        require_real("Categorical data", x)
        low, high = (float(x.min()), float(x.max())) if x.size else (0, 0)
        if not 0 <= low <= high <= self.n_categories - 1 or bool((x != get_xp(x).floor(x)).any()):
            raise InputError(f"Categorical({self.n_categories}) data must be whole numbers from 0 to "
                             f"{self.n_categories - 1}, but these lie in [{low:g}, {high:g}] or are not "
                             "whole numbers; scale and round them")
