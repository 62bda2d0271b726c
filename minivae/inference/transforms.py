"""From all real numbers to those a latent can take, and back: what lets ADVI put a Gaussian on any of them.

A Gaussian gives probability to every real number, but a precision must be positive and a probability
lies between 0 and 1. So the Gaussian is put on ζ, and z = T(ζ) is the latent. A density changes with its
variable: p(ζ) = p(z) |dz/dζ|, whose logarithm is the log-Jacobian (Kucukelbir et al. 2017, §2.3).

Each transform works elementwise: ζ and z have any shape, and log_jacobian gives log |dz/dζ| in that shape.
"""

from ..backend import get_xp
from ..errors import InputError
from ..likelihoods import sigmoid, softplus


class Identity:
    """z = ζ: a latent that takes any real number."""

    def forward(self, zeta):
        return zeta

    def backward(self, dz, zeta):
        return dz                                           # dz/dζ = 1

    def inverse(self, z):
        return z

    def log_jacobian(self, zeta):
        return get_xp(zeta).zeros_like(zeta)                # log 1

    def log_jacobian_backward(self, dlogj, zeta):
        return get_xp(zeta).zeros_like(zeta)


class Exp:
    """z = exp ζ: a latent that is positive; ζ is its logarithm."""

    def forward(self, zeta):
        return get_xp(zeta).exp(zeta)

    def backward(self, dz, zeta):
        return dz * self.forward(zeta)                      # dz/dζ = exp ζ

    def inverse(self, z):
        return get_xp(z).log(z)

    def log_jacobian(self, zeta):
        return zeta                                         # log dz/dζ = log exp ζ = ζ

    def log_jacobian_backward(self, dlogj, zeta):
        return dlogj


class Sigmoid:
    """z = 1/(1 + exp(−ζ)): a latent between 0 and 1; ζ is its logit log(z/(1 − z))."""

    def forward(self, zeta):
        return sigmoid(zeta)

    def backward(self, dz, zeta):
        z = sigmoid(zeta)
        return dz * z * (1 - z)                             # dz/dζ = z (1 − z)

    def inverse(self, z):
        xp = get_xp(z)
        return xp.log(z) - xp.log1p(-z)

    def log_jacobian(self, zeta):
        return -softplus(zeta) - softplus(-zeta)            # log z + log(1 − z), finite where z rounds to 1

    def log_jacobian_backward(self, dlogj, zeta):
        return dlogj * (1 - 2 * sigmoid(zeta))              # d/dζ (log z + log(1 − z)) = (1 − z) − z


TRANSFORMS = {"real": Identity(), "positive": Exp(), "unit": Sigmoid()}


def transforms_of(support):
    """The transform of each latent, from the model's support, like ("real", "positive")."""
    unknown = sorted(set(support) - set(TRANSFORMS))
    if unknown:
        raise InputError(f"unknown support {unknown[0]!r}; choose {', '.join(TRANSFORMS)}")
    return [TRANSFORMS[kind] for kind in support]


def by_column(name, transforms, *arrays):
    """Apply the method `name` of transform i to column i of each array (S, Z) -> (S, Z)."""
    columns = [getattr(transform, name)(*(a[:, i] for a in arrays)) for i, transform in enumerate(transforms)]
    return get_xp(arrays[0]).stack(columns, axis=1)
