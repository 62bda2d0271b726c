"""6 · The reparameterized sample

The encoder emits h = [μ, log σ²] (N, 2Z), and z is to be drawn from N(μ, σ²). A draw has no derivative; but

    z = μ + σ ε,   ε ~ N(0, 1),   σ = exp(½ log σ²)                      (N, Z)

is such a draw, and once ε is drawn it is a formula like any other. ε (N, Z) is data here. From the
decoder comes dz = ∂loss/∂z; wanted is dh = [∂loss/∂μ, ∂loss/∂log σ²].

    ∂z/∂μ = ?          ∂z/∂log σ² = ∂z/∂σ · ∂σ/∂log σ² = ?

(Kingma & Welling 2014, §2.4)

To do: sample_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def sample(h, eps):
    mu, logvar = np.split(h, 2, axis=-1)
    return mu + np.exp(0.5 * logvar) * eps


def sample_backward(dz, h, eps):
    """dz (N, Z), h (N, 2Z), eps (N, Z) -> dh (N, 2Z), as np.concatenate([dmu, dlogvar], axis=-1)"""
    mu, logvar = np.split(h, 2, axis=-1)
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
