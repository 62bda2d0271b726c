"""p(x|z): how the decoder's output describes data.

The decoder emits for every latent sample the numbers a (..., ·); a likelihood reads them as the
parameters of a distribution over x.

Letters: N examples, D data dimensions (pixels), L samples per example. x is (N, D); a may be (N, ·)
or (L, N, ·), and results per example are (N,) or (L, N). Log-densities are in nats.
"""

from .backend import get_xp
from .errors import InputError


def softplus(a):
    """log(1 + exp(a)), without overflow.    any shape

    = max(a, 0) + log(1 + exp(−|a|)): no exponent is positive, so that exp stays below 1.
    """
    xp = get_xp(a)
    return xp.maximum(a, 0) + xp.log1p(xp.exp(-xp.abs(a)))


def sigmoid(a):
    """1 / (1 + exp(−a)), without overflow.    any shape

    = ½ (1 + tanh(a/2)).
    """
    return 0.5 * (1 + get_xp(a).tanh(0.5 * a))


class Bernoulli:
    """p(x|z) = Π_d π_d^x_d (1 − π_d)^(1 − x_d): each pixel is 1 with probability π = sigmoid(a), else 0.

    a are the logits log(π / (1 − π)). Working from them, never from π, keeps log p finite where
    float32 would round π to 0 or 1.
    """

    def n_outputs(self, data_dim):
        """How many numbers the decoder emits per example: a logit per pixel."""
        return data_dim

    def log_prob(self, x, a):
        """log p(x|z) = Σ_d [x a − softplus(a)].    x (N, D), a (N, D) or (L, N, D) -> (N,) or (L, N)

        From x log π + (1 − x) log(1 − π), with log π = a − softplus(a), log(1 − π) = −softplus(a).
        """
        _require_same_pixels(x, a)
        return (x * a - softplus(a)).sum(axis=-1)

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a"""
        _require_same_pixels(x, a)
        return dlogp[..., None] * (x - sigmoid(a))      # ∂log p/∂a = x − sigmoid(a), as softplus′ = sigmoid

    def mean(self, a):
        """E[x|z] = π = sigmoid(a).    a (..., D) -> (..., D)"""
        return sigmoid(a)

    def sample(self, a, rng):
        """x ~ p(x|z), zeros and ones, from a numpy.random.Generator.    a (..., D) -> (..., D)"""
        u = get_xp(a).asarray(rng.random(a.shape))
        return (u < sigmoid(a)).astype(a.dtype)         # u ~ U(0, 1) lies below π with probability π

    def check(self, x):
        """Raise InputError for data that no Bernoulli can stand for: anything outside [0, 1].

        Grey values inside pass: the gradient is that of the cross-entropy. But then log p is not a
        log-probability of the data, and the ELBO bounds nothing; binarize where the value matters.
        """
        low, high = float(x.min()), float(x.max())
        if not 0 <= low <= high <= 1:
            raise InputError(f"Bernoulli data must lie in [0, 1], but these lie in [{low:g}, {high:g}]; "
                             "scale them, or binarize them")


def _require_same_pixels(x, a):
    if x.shape != a.shape[-2:]:
        raise InputError(f"x {x.shape} does not fit a {a.shape}: a must end in {x.shape}")
