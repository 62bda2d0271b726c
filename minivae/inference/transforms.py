"""Transforms from all real numbers to the values that a latent can take, so that q can be a Gaussian.

A Gaussian gives probability to every real number, but a precision must be positive, and a probability must be
between 0 and 1. So q is a Gaussian over ζ, and the latent is z = T(ζ). A small interval keeps its
probability, p(ζ) |dζ| = p(z) |dz|, so p(ζ) = p(z) |dz/dζ|. Without this factor, exp(log_joint) would no
longer integrate to p(x), as if the prior were a different one. The logarithm of the factor is the
log-Jacobian. (This is ADVI, automatic differentiation variational inference: Kucukelbir et al. 2017, §2.3;
their T goes the other way.)

Each transform works elementwise: ζ and z have any shape, and log_jacobian gives log |dz/dζ| in that shape.
"""

from ..backend import get_xp
from ..errors import InputError
from ..likelihoods import sigmoid, softplus
from .model import Model, evaluate


class Identity:
    """z = ζ: a latent that can be any real number."""

    def forward(self, zeta):
        return zeta

    def backward(self, dz, zeta):
        """dz (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        return dz                                           # dz/dζ = 1

    def inverse(self, z):
        return z

    def log_jacobian(self, zeta):
        return get_xp(zeta).zeros_like(zeta)                # log 1

    def log_jacobian_backward(self, dlogj, zeta):
        """dlogj (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        return get_xp(zeta).zeros_like(zeta)


class Exp:
    """z = exp ζ: a positive latent; ζ is its logarithm."""

    def forward(self, zeta):
        return get_xp(zeta).exp(zeta)

    def backward(self, dz, zeta):
        """dz (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        return dz * self.forward(zeta)                      # dz/dζ = exp ζ

    def inverse(self, z):
        return get_xp(z).log(z)

    def log_jacobian(self, zeta):
        return zeta                                         # log dz/dζ = log exp ζ = ζ

    def log_jacobian_backward(self, dlogj, zeta):
        """dlogj (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        return dlogj


class Sigmoid:
    """z = 1/(1 + exp(−ζ)): a latent between 0 and 1; ζ is its logit log(z/(1 − z))."""

    def forward(self, zeta):
        return sigmoid(zeta)

    def backward(self, dz, zeta):
        """dz (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        z = sigmoid(zeta)
        return dz * z * (1 - z)                             # dz/dζ = z (1 − z)

    def inverse(self, z):
        xp = get_xp(z)
        return xp.log(z) - xp.log1p(-z)

    def log_jacobian(self, zeta):
        return -softplus(zeta) - softplus(-zeta)            # log z + log(1 − z), computed from ζ

    def log_jacobian_backward(self, dlogj, zeta):
        """dlogj (any shape) -> dζ.    derivations.md, "The log-Jacobian" """
        return dlogj * (1 - 2 * sigmoid(zeta))              # d/dζ (log z + log(1 − z)) = (1 − z) − z


TRANSFORMS = {"real": Identity(), "positive": Exp(), "unit": Sigmoid()}


def transforms_of(support):
    """The transform of each latent, for a support like ("real", "positive")."""
    unknown = sorted(set(support) - set(TRANSFORMS))
    if unknown:
        raise InputError(f"unknown support {unknown[0]!r}; choose {', '.join(TRANSFORMS)}")
    return [TRANSFORMS[kind] for kind in support]


def by_column(name, transforms, *arrays):
    """Apply the method `name` of transform i to column i of each array (S, Z) -> (S, Z)."""
    columns = [getattr(transform, name)(*(a[:, i] for a in arrays)) for i, transform in enumerate(transforms)]
    return get_xp(arrays[0]).stack(columns, axis=1)


class Unconstrained(Model):
    """The same model over real numbers ζ, with z = T(ζ), so that q can be a Gaussian.

    log p(x, ζ) = log p(x, T(ζ)) + Σᵢ log |dzᵢ/dζᵢ|

    The evidence does not change. posterior() is still that of z.
    """

    def __init__(self, model):
        self.model = model
        self.names = model.names
        self.transforms = transforms_of(model.support)
        self.support = ("real",) * len(model.support)

    def log_evidence(self):
        return self.model.log_evidence()

    def posterior(self):
        return self.model.posterior()

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
        return evaluate(self.model, "log_joint", self.constrain(zeta)) + self.log_jacobian(zeta).sum(axis=1)

    def log_joint_gradient(self, zeta):
        self.check(zeta)
        dz = evaluate(self.model, "log_joint_gradient", self.constrain(zeta))
        ones = get_xp(zeta).ones_like(zeta)
        return (by_column("backward", self.transforms, dz, zeta)                    # through z = T(ζ)
                + by_column("log_jacobian_backward", self.transforms, ones, zeta))  # and Σ log |dz/dζ|

    def log_joint_local(self, zeta):
        self.check(zeta)
        return evaluate(self.model, "log_joint_local", self.constrain(zeta)) + self.log_jacobian(zeta)


def unconstrained(model):
    """The model itself if all its latents are real numbers, else Unconstrained(model)."""
    return model if set(getattr(model, "support", ())) <= {"real"} else Unconstrained(model)
