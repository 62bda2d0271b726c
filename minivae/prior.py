"""The prior p(z) = N(0, I).

For another prior, change this file and the other places that rely on N(0, I): `kl` and `kl_backward` of the
posteriors (or train with kl="monte-carlo", which uses neither); `VAE.sample`; `samples`, `latent_plane` and
`codes` in plots.py; inference/other_models.py. See "Another prior" in tutorials/recipes.md.
"""

import math

from .errors import require_shape

LOG_2PI = math.log(2 * math.pi)


def prior_log_prob(z):
    """log p(z), in nats.    z (..., Z) -> (...)"""
    return -0.5 * (z * z + LOG_2PI).sum(axis=-1)        # log p(z) = −½ Σ (z² + log 2π)


def prior_log_prob_backward(dlogp, z):
    """Gradient of log p(z), given dlogp (...) -> dz (..., Z).    derivations.md, "The prior" """
    require_shape("dlogp", dlogp, z.shape[:-1])
    return -z * dlogp[..., None]                        # ∂log p/∂z = −z
