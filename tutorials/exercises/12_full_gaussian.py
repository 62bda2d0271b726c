"""12 · A q(z|x) with correlations

About 30 minutes, hard.

    z = μ + C ε,   ε ~ N(0, I)          has the covariance C Cᵀ                     (N, Z)

C is lower triangular, with a positive diagonal. It is the Cholesky factor of the covariance: every covariance
has exactly one such factor. The encoder outputs for each example

    h = [μ, log C_ii, C_ij below the diagonal row by row: C_10, C_20, C_21, ...]    (N, 2Z + Z(Z−1)/2)

    z_i = μ_i + Σ_{j≤i} C_ij ε_j        so what is ∂z_i/∂C_ij?

For the diagonal there is one more step in the chain rule: C_ii = exp(log C_ii).

The upstream gradient is dz = ∂loss/∂z. `unpack` returns μ (N, Z) and C (N, Z, Z). BELOW contains the rows and
the columns of the elements below the diagonal, in the order of h. If dC is (N, Z, Z), then
dC[:, BELOW[0], BELOW[1]] is (N, Z(Z−1)/2).

To do: sample_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check

Z = 3
BELOW = np.tril_indices(Z, -1)


def unpack(h):
    """h (N, ·) -> μ (N, Z), C (N, Z, Z)"""
    C = np.zeros((len(h), Z, Z))
    C[:, range(Z), range(Z)] = np.exp(h[:, Z:2 * Z])
    C[:, BELOW[0], BELOW[1]] = h[:, 2 * Z:]
    return h[:, :Z], C


def sample(h, eps):
    mu, C = unpack(h)
    return mu + (C @ eps[..., None])[..., 0]


def sample_backward(dz, h, eps):
    """dz (N, Z), h (N, 2Z + Z(Z−1)/2), eps (N, Z) -> dh, of h's shape"""
    mu, C = unpack(h)
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
