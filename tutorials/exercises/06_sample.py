"""6 · The reparameterized sample

About 15 minutes, medium.

The encoder outputs h = [μ, log σ²] (N, 2Z), and z has to be drawn from N(μ, σ²). If a random generator drew z
directly, there would be no formula to differentiate. So let it draw standard normal noise ε instead, and
compute z from ε:

    z = μ + σ ε,   ε ~ N(0, 1),   σ = exp(½ log σ²)                      (N, Z)

This z has the distribution N(μ, σ²), and it is a function of μ and log σ². This is the reparameterization
trick (Kingma & Welling 2014, §2.4). For the derivatives, ε (N, Z) is a constant.

The upstream gradient dz = ∂loss/∂z comes from the decoder. Compute dh = [∂loss/∂μ, ∂loss/∂log σ²]:

    ∂z/∂μ = ?          ∂z/∂log σ² = ∂z/∂σ · ∂σ/∂log σ² = ?

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
