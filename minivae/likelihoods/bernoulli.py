"""p(x|z): how the decoder's output describes data.

The decoder emits for every latent sample the numbers a (..., ·); a likelihood reads them as the
parameters of a distribution over x.

Letters: N examples, D data dimensions (pixels), L samples per example. x is (N, D); a may be (N, ·)
or (L, N, ·), and results per example are (N,) or (L, N). Log-densities are in nats.
"""

import abc
import math

from ..backend import get_xp
from ..errors import InputError, require_positive, require_shape
from ..posteriors import LOG_2PI


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


class Likelihood(abc.ABC):
    """What the VAE asks of a p(x|z). For one of your own derive from this, see how short Bernoulli is, and
    check your log_prob_backward with gradcheck.check_backward.
    """

    def n_outputs(self, data_dim):
        """How many numbers the decoder emits per example: one a pixel."""
        return data_dim

    def parameter_shapes(self):
        """{name: shape} of parameters of the likelihood itself, appended to the decoder's output: none."""
        return {}

    def encoder_input(self, x):
        """x (N, D) as the encoder is fed with it and as pictures show it, where 0 is white and 1 is black."""
        return x

    @abc.abstractmethod
    def log_prob(self, x, a):
        """log p(x|z) of each example, in nats.    x (N, D), a (N, ·) or (L, N, ·) -> (N,) or (L, N)"""

    @abc.abstractmethod
    def log_prob_backward(self, dlogp, x, a):
        """Its gradient, given dlogp (N,) or (L, N) -> da like a"""

    @abc.abstractmethod
    def mean(self, a):
        """E[x|z].    a (..., ·) -> (..., D)"""

    @abc.abstractmethod
    def sample(self, a, rng):
        """x ~ p(x|z), from a numpy.random.Generator.    a (..., ·) -> (..., D)"""

    @abc.abstractmethod
    def check(self, x):
        """Raise InputError for data that it can't describe."""


class Bernoulli(Likelihood):
    """p(x|z) = Π_d π_d^x_d (1 − π_d)^(1 − x_d): each pixel is 1 with probability π = sigmoid(a), else 0.

    a are the logits log(π / (1 − π)). Working from them, never from π, keeps log p finite where
    float32 would round π to 0 or 1.
    """

    def log_prob(self, x, a):
        """log p(x|z) = Σ_d [x a − softplus(a)].    x (N, D), a (N, D) or (L, N, D) -> (N,) or (L, N)

        From x log π + (1 − x) log(1 − π), with log π = a − softplus(a), log(1 − π) = −softplus(a).
        """
        _require_same_pixels(x, a)
        return (x * a - softplus(a)).sum(axis=-1)

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a"""
        _require_same_pixels(x, a)
        require_shape("dlogp", dlogp, a.shape[:-1])
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


class Gaussian(Likelihood):
    """p(x|z) = N(x; m, σ² I): each pixel is the mean m from the decoder, plus noise.

    variance   a number      σ² is fixed, a = m                                         (N, D)
               "shared"      one σ² for all pixels and images, learned as the model's
                             parameter likelihood.logvar, s; the model appends it: a = [m, s]  (N, D+1)
               "per-pixel"   the decoder emits it for each pixel, a = [m, s]            (N, 2D)

    A learned variance is σ² = floor + exp(s). Beware: without a floor the likelihood is unbounded.
    Where a pixel can be predicted exactly (the white border of a scanned digit), log p grows without
    limit as its σ² → 0 (a shared one: where all pixels can), and training does little else: a good
    number, and no good model. The default floor, σ ≥ 0.03, caps log p at 2.5 nats a pixel;
    "per-pixel" on such images wants 0.01 or more.
    """

    def __init__(self, variance=1.0, floor=1e-3):
        if variance not in ("shared", "per-pixel"):
            if isinstance(variance, str):
                raise InputError(f'unknown variance {variance!r}; give a number, "shared" or "per-pixel"')
            require_positive(variance=variance)
        require_positive(floor=floor)
        self.variance = variance
        self.floor = floor

    def n_outputs(self, data_dim):
        """How many numbers the decoder emits per example: means, and log-variances if "per-pixel"."""
        return 2 * data_dim if self.variance == "per-pixel" else data_dim

    def parameter_shapes(self):
        """Parameters of the likelihood itself, beside the decoder's: appended to the decoder's output."""
        return {"logvar": (1,)} if self.variance == "shared" else {}

    def _split(self, a):
        """a -> m (..., D), and s: (..., 1) if shared, (..., D) if per pixel, None if fixed."""
        if self.variance == "shared":
            return a[..., :-1], a[..., -1:]
        if self.variance == "per-pixel":
            data_dim = a.shape[-1] // 2
            return a[..., :data_dim], a[..., data_dim:]
        return a, None

    def _variance(self, s):
        return self.variance if s is None else self.floor + get_xp(s).exp(s)        # σ² = floor + exp(s)

    def log_prob(self, x, a):
        """log p(x|z) = −½ Σ_d [(x − m)²/σ² + log σ² + log 2π].    x (N, D), a (L, N, ·) -> (L, N)"""
        m, s = self._split(a)
        _require_same_pixels(x, m)
        variance = self._variance(s)
        log_variance = math.log(variance) if s is None else get_xp(s).log(variance)
        return -0.5 * ((x - m) ** 2 / variance + (log_variance + LOG_2PI)).sum(axis=-1)

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a"""
        m, s = self._split(a)
        _require_same_pixels(x, m)
        require_shape("dlogp", dlogp, a.shape[:-1])
        xp, dlogp, variance = get_xp(a), dlogp[..., None], self._variance(s)
        scaled = (x - m) / variance
        dm = dlogp * scaled                                         # ∂log p/∂m      = (x − m)/σ²
        if s is None:
            return dm
        dlogvar = dlogp * (0.5 * (scaled * (x - m) - 1))            # ∂log p/∂log σ² = ½ ((x − m)²/σ² − 1)
        ds = dlogvar * (xp.exp(s) / variance)                       # ∂log σ²/∂s     = exp(s)/σ²
        if self.variance == "shared":
            ds = ds.sum(axis=-1, keepdims=True)
        return xp.concatenate([dm, ds], axis=-1)

    def mean(self, a):
        """E[x|z] = m.    a (..., ·) -> (..., D)"""
        return self._split(a)[0]

    def sample(self, a, rng):
        """x ~ p(x|z), from a numpy.random.Generator.    a (..., ·) -> (..., D)"""
        m, s = self._split(a)
        noise = get_xp(a).asarray(rng.standard_normal(m.shape, dtype=a.dtype))
        return m + self._variance(s) ** 0.5 * noise                 # x = m + σ ε

    def check(self, x):
        """Raise InputError for data that are not finite: every real number is possible."""
        if not bool(get_xp(x).isfinite(x).all()):
            raise InputError("Gaussian data must be finite, but these hold NaN or infinity; mend them")


class Categorical(Likelihood):
    """p(x|z) = Π_d π_d[x_d]: each pixel takes one of the values 0 .. K−1, with probabilities π = softmax(a).

    a are K logits a pixel (N, D K), pixel after pixel. The K values have no order for this
    likelihood: it can give 3 and 5 a high probability, and 4 a low one. K = n_categories.
    """

    def __init__(self, n_categories):
        if not (isinstance(n_categories, int) and n_categories >= 2):
            raise InputError(f"n_categories is {n_categories!r}, but a whole number of at least 2 is needed")
        self.n_categories = n_categories

    def n_outputs(self, data_dim):
        """How many numbers the decoder emits per example: K logits a pixel."""
        return data_dim * self.n_categories

    def encoder_input(self, x):
        """What the encoder is fed, and pictures show: x/(K − 1), from 0 to 1."""
        return x / (self.n_categories - 1)

    def _log_softmax(self, a):
        """a (..., D K) -> log π (..., D, K)    log π = a − log Σ exp a, the largest a taken out first"""
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
        _require_same_pixels(x, log_pi[..., 0])
        return (self._one_hot(x, a.dtype) * log_pi).sum(axis=(-2, -1))

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a"""
        pi = get_xp(a).exp(self._log_softmax(a))
        _require_same_pixels(x, pi[..., 0])
        require_shape("dlogp", dlogp, a.shape[:-1])
        da = dlogp[..., None, None] * (self._one_hot(x, a.dtype) - pi)  # ∂log π[x]/∂a[k] = 1{k = x} − π[k]
        return da.reshape(a.shape)

    def mean(self, a):
        """E[x|z] = Σ_k k π[k], from 0 to K − 1.    a (..., D K) -> (..., D)"""
        xp = get_xp(a)
        return xp.exp(self._log_softmax(a)) @ xp.arange(self.n_categories).astype(a.dtype)

    def sample(self, a, rng):
        """x ~ p(x|z), integers 0 .. K−1, from a numpy.random.Generator.    a (..., D K) -> (..., D)

        The number of cumulative probabilities that lie below u ~ U(0, 1).
        """
        xp = get_xp(a)
        cumulative = xp.exp(self._log_softmax(a)).cumsum(axis=-1)[..., :-1]     # the last is 1 anyway
        u = xp.asarray(rng.random(cumulative.shape[:-1]))
        return (cumulative < u[..., None]).sum(axis=-1).astype(a.dtype)

    def check(self, x):
        """Raise InputError for anything but whole numbers 0 .. K−1."""
        xp = get_xp(x)
        low, high = float(x.min()), float(x.max())
        if not 0 <= low <= high <= self.n_categories - 1 or bool((x != xp.floor(x)).any()):
            raise InputError(f"Categorical({self.n_categories}) data must be whole numbers from 0 to "
                             f"{self.n_categories - 1}, but these lie in [{low:g}, {high:g}], or are no "
                             "whole numbers; scale and round them")


def _require_same_pixels(x, a):
    if x.ndim != 2 or x.shape != a.shape[-2:]:
        raise InputError(f"x {x.shape} does not fit a {a.shape}: "
                         "x must be (N, D), and a end in the same N and D")
