"""A model by itself: log p(x, z) as a function of the latents z, the data x being fixed.

That is all inference needs. The evidence p(x) = ∫ p(x, z) dz, which would turn it into the posterior
p(z|x) = p(x, z) / p(x), is the integral that in general nobody can do.
"""

import math

import numpy

from ..backend import get_xp
from ..errors import InputError, require_shape
from .transforms import by_column, transforms_of


class Model:
    """What a model is. Any object with log_joint (and, for most estimators, its gradient) will do.

    names                     of the Z latents, for print
    support                   of each, "real", "positive" or "unit" (between 0 and 1)
    log_joint(z)              log p(x, z), nats                                  (S, Z) -> (S,)
    log_joint_gradient(z)     ∂ log p(x, z)/∂z of each row                       (S, Z) -> (S, Z)
    log_joint_local(z)        column i: the factors of log p(x, z) that zᵢ is in (S, Z) -> (S, Z)
                              (up to a constant); what Rao-Blackwellization needs
    log_evidence()            log p(x), a number in nats, where it is known
    posterior()               p(z|x), where it is known: see distributions.py

    S samples of z, one a row. The last two raise InputError where there is no exact answer.
    """

    names = ()
    support = ()

    @property
    def latent_dim(self):
        return len(self.names)

    def log_evidence(self):
        raise InputError(f"log p(x) of {type(self).__name__} is not known in closed form; "
                         "estimate it, or compare ELBOs only with each other")

    def posterior(self):
        raise InputError(f"the posterior of {type(self).__name__} is not known in closed form; "
                         "compare with samples, or with another q")

    def check(self, z):
        """Raise InputError unless z is (S, Z)."""
        require_shape("z", z, (None, self.latent_dim))


class Unconstrained(Model):
    """The same model over ζ, real numbers all, with z = T(ζ): what a Gaussian q can be put on (ADVI).

    log p(x, ζ) = log p(x, T(ζ)) + Σᵢ log |dzᵢ/dζᵢ|        (Kucukelbir et al. 2017, eq. 4)

    The evidence stays as it is; posterior() is still that of z.
    """

    def __init__(self, model):
        self.model = model
        self.names = model.names
        self.transforms = transforms_of(model.support)
        self.support = ("real",) * len(model.support)
        self.log_evidence, self.posterior = model.log_evidence, model.posterior

    def constrain(self, zeta):
        """z = T(ζ).    (S, Z) -> (S, Z)"""
        return by_column("forward", self.transforms, zeta)

    def unconstrain(self, z):
        """ζ = T⁻¹(z).    (S, Z) -> (S, Z)"""
        return by_column("inverse", self.transforms, z)

    def log_jacobian(self, zeta):
        """log |dzᵢ/dζᵢ| of each latent.    (S, Z) -> (S, Z)"""
        return by_column("log_jacobian", self.transforms, zeta)

    def log_joint(self, zeta):
        self.check(zeta)
        return self.model.log_joint(self.constrain(zeta)) + self.log_jacobian(zeta).sum(axis=1)

    def log_joint_gradient(self, zeta):
        self.check(zeta)
        dz = self.model.log_joint_gradient(self.constrain(zeta))
        ones = get_xp(zeta).ones_like(zeta)
        return (by_column("backward", self.transforms, dz, zeta)                    # through z = T(ζ)
                + by_column("log_jacobian_backward", self.transforms, ones, zeta))  # and Σ log |dz/dζ|

    def log_joint_local(self, zeta):
        self.check(zeta)
        return self.model.log_joint_local(self.constrain(zeta)) + self.log_jacobian(zeta)


def unconstrained(model):
    """The model over real numbers only: itself, if it is one already, else Unconstrained(model)."""
    return model if set(model.support) <= {"real"} else Unconstrained(model)


def observations(name, values, ndim):
    """Observed data in float64. Raises InputError unless they are finite, not empty, of ndim dimensions."""
    if getattr(values, "ndim", None) != ndim or 0 in values.shape:
        got = getattr(values, "shape", type(values).__name__)
        raise InputError(f"{name} is {got}, but an array of {ndim} dimensions with something in it is needed")
    values = values.astype("float64")
    finite = get_xp(values).isfinite(values)
    if not bool(finite.all()):
        bad = values.size - int(finite.sum())
        raise InputError(f"{name} holds {bad} values that are not finite; observations must be numbers, "
                         "so remove or replace NaN and infinity")
    return values


def require_real(**values):
    """Raise InputError unless every value is a finite number."""
    for name, value in values.items():
        if not isinstance(value, (int, float, numpy.number)) or not math.isfinite(value):
            raise InputError(f"{name} is {value!r}, but a finite number is needed")
