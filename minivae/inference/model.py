"""A model: log p(x, z) as a function of the latents z, for fixed data x.

Inference needs nothing else. The evidence p(x) = ∫ p(x, z) dz would turn p(x, z) into the posterior
p(z|x) = p(x, z) / p(x), but in general this integral can't be computed.
"""

import math

import numpy

from ..backend import get_xp
from ..errors import InputError, require_shape


class NoExactAnswer(InputError):
    """The exact answer is not known for this model."""


class Model:
    """What a model has. Any object with log_joint (and, for reparameterization, its gradient) will do.

    names                     of the Z latents, for printing
    support                   of each: "real", "positive" or "unit" (between 0 and 1)
    log_joint(z)              log p(x, z), nats                                  (S, Z) -> (S,)
    log_joint_gradient(z)     ∂ log p(x, z)/∂z of each row                       (S, Z) -> (S, Z)
    log_joint_local(z)        column i: all terms of log p(x, z) that contain zᵢ (S, Z) -> (S, Z)
                              (it may include other terms); for Rao-Blackwellization
    log_evidence()            log p(x), a number in nats, where it is known
    posterior()               p(z|x), where it is known: see distributions.py

    S samples of z, one per row. The last two raise NoExactAnswer where the answer is not known.
    """

    names = ()
    support = ()

    @property
    def latent_dim(self):
        return len(self.names)

    def log_evidence(self):
        raise NoExactAnswer(f"log p(x) of {type(self).__name__} is not known in closed form; "
                            "estimate it, or compare ELBOs only with each other")

    def posterior(self):
        raise NoExactAnswer(f"the posterior of {type(self).__name__} is not known in closed form; "
                            "compare with samples, or with another q")

    def check(self, z):
        """Raise InputError unless z is (S, Z)."""
        require_shape("z", z, (None, self.latent_dim))


def evaluate(model, function, z):
    """model.function(z): log_joint (S,), log_joint_gradient (S, Z) or log_joint_local (S, Z).    z (S, Z)

    Raises InputError if the model has no such function, or if it returns another shape: (S, 1) instead of
    (S,) would broadcast, and give wrong results without an error.
    """
    method = getattr(model, function, None)
    if method is None:
        raise InputError(f"{type(model).__name__} has no {function}(z), which {NEEDED_FOR[function]}")
    values = method(z)
    shape = z.shape[:1] if function == "log_joint" else z.shape
    require_shape(f"{function}(z) of {type(model).__name__}", values, shape)
    return values


NEEDED_FOR = {
    "log_joint": "every estimator needs; define it",
    "log_joint_gradient": "reparameterization needs; define it, or use a score-function estimator",
    "log_joint_local": "Rao-Blackwellization needs; define it, or use another estimator",
}


def observations(name, values, ndim):
    """Observed data in float64. Raises InputError unless they are finite, not empty, and have ndim dimensions."""
    if getattr(values, "ndim", None) != ndim or 0 in values.shape:
        got = f"has shape {values.shape}" if hasattr(values, "shape") else f"is a {type(values).__name__}"
        raise InputError(f"{name} {got}, but a non-empty {ndim}-dimensional array is needed")
    values = values.astype("float64")
    finite = get_xp(values).isfinite(values)
    if not bool(finite.all()):
        bad = values.size - int(finite.sum())
        raise InputError(f"{name} has values that are not finite, {bad} of {values.size}; remove or replace NaN "
                         "and infinity")
    return values


def require_real(**values):
    """Raise InputError unless every value is a finite number."""
    for name, value in values.items():
        if not isinstance(value, (int, float, numpy.number)) or not math.isfinite(value):
            raise InputError(f"{name} is {value!r}, but a finite number is needed")
