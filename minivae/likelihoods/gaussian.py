"""p(x|z) for real-valued pixels: the decoder's prediction plus Gaussian noise.

Letters: N examples, D pixels, L samples of z per example. x is (N, D), the decoder's output a is (N, ·) or
(L, N, ·), and log p is (N,) or (L, N), in nats: summed over the pixels.
"""

import math

from ..backend import get_xp
from ..errors import InputError, require_positive, require_real
from ..prior import LOG_2PI
from .likelihood import Likelihood, require_same_pixels


class Gaussian(Likelihood):
    """p(x|z) = N(x; m, σ² I): each pixel is the mean m, which the decoder outputs, plus noise.

    variance   a number      σ² is fixed; a = m                                             (N, D)
               "shared"      one σ² for all pixels and images: s is a parameter of the
                             model, likelihood.s, which the model appends; a = [m, s]       (N, D + 1)
               "per-pixel"   the decoder outputs s for each pixel; a = [m, s]               (N, 2D)

    A learned variance is σ² = floor + exp(s), so s = log(σ² − floor): neither log σ² nor log σ.

    The floor is there because log p has no upper bound without it. Where a pixel can be predicted exactly,
    as in the white border of a scanned digit, log p grows without limit as σ² → 0, and training does little
    else. The default floor, σ ≥ 0.03, limits log p to 2.5 nats per pixel. For "per-pixel" on such images
    use 0.01 or more.
    """

    def __init__(self, variance=1.0, floor=1e-3):
        if not isinstance(variance, str):
            variance, = require_positive(variance=variance)
        elif variance not in ("shared", "per-pixel"):
            raise InputError(f'unknown variance {variance!r}; give a number, "shared" or "per-pixel"')
        self.variance = variance
        self.floor, = require_positive(floor=floor)

    def n_outputs(self, data_dim):
        """How many numbers the decoder outputs per example: m, and also s if "per-pixel"."""
        return 2 * data_dim if self.variance == "per-pixel" else data_dim

    def parameter_shapes(self):
        """{name: shape} of parameters that all examples share: s if "shared"."""
        return {"s": (1,)} if self.variance == "shared" else {}

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
        require_same_pixels(x, m)
        variance = self._variance(s)
        log_variance = math.log(variance) if s is None else get_xp(s).log(variance)
        return -0.5 * ((x - m) ** 2 / variance + (log_variance + LOG_2PI)).sum(axis=-1)

    def log_prob_backward(self, dlogp, x, a):
        """Gradient of log p(x|z), given dlogp (N,) or (L, N) -> da like a.    derivations.md, "Gaussian" """
        m, s = self._split(a)
        require_same_pixels(x, m, dlogp)
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
        require_real("Gaussian data", x)
        if not bool(get_xp(x).isfinite(x).all()):
            raise InputError("Gaussian data must be finite, but these contain NaN or infinity; "
                             "remove or replace them")
