"""p(x|z) for black and white pixels: the decoder says how probable it is that each is 1.

Letters: N examples, D pixels, L samples of z per example. log p is in nats, summed over the pixels.
"""

from ..backend import fused, get_xp
from .likelihood import Likelihood, require_range, require_same_pixels


@fused
def softplus(a):
    """log(1 + exp(a)), elementwise = max(a, 0) + log(1 + exp(−|a|)), where exp can't overflow."""
    xp = get_xp(a)
    # Not log1p: without AVX-512 it takes 5 to 9 times as long as log, which is off by the rounding of 1 + t.
    return xp.maximum(a, 0) + xp.log(1 + xp.exp(-xp.abs(a)))


@fused
def sigmoid(a):
    """1 / (1 + exp(−a)), elementwise = ½ (1 + tanh(a/2)), where nothing can overflow."""
    return 0.5 * (1 + get_xp(a).tanh(0.5 * a))


class Bernoulli(Likelihood):
    """p(x|z) = Π_d π_d^(x_d) (1 − π_d)^(1 − x_d) with π = sigmoid(a), so a = log(π / (1 − π)), the logits.

    Computing from the logits, never from π, keeps log p finite where float32 would round π to 0 or 1.
    """

    def log_prob(self, x, a):
        """log p(x|z) = Σ_d [x a − softplus(a)].    x (N, D), a (N, D) or (L, N, D) -> (N,) or (L, N)

        This is x log π + (1 − x) log(1 − π), as log π = a − softplus(a) and log(1 − π) = −softplus(a).
        """
        require_same_pixels(x, a)
        return (x * a - softplus(a)).sum(axis=-1)

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a.    derivations.md, "Bernoulli" """
        require_same_pixels(x, a, dlogp)
        return dlogp[..., None] * (x - sigmoid(a))      # ∂log p/∂a = x − sigmoid(a), as softplus′ = sigmoid

    def mean(self, a):
        """E[x|z] = π = sigmoid(a).    a (..., D) -> (..., D)"""
        return sigmoid(a)

    def sample(self, a, rng):
        """x ~ p(x|z), zeros and ones, from a numpy.random.Generator.    a (..., D) -> (..., D)"""
        u = get_xp(a).asarray(rng.random(a.shape))
        return (u < sigmoid(a)).astype(a.dtype)         # u ~ U(0, 1) is below π with probability π

    def check(self, x):
        """Raise InputError for data outside [0, 1].

        Grey values between 0 and 1 are accepted, but then the ELBO does not bound the density of the data;
        binarize where its value matters.
        """
        require_range("Bernoulli data", x, 0, 1, "scale them, or binarize them")
