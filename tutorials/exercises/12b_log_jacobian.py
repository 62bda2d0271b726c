"""12b · The log-Jacobian of ADVI

A rate or a variance is positive, but a Gaussian q gives any real number. ADVI draws ζ from the Gaussian, and maps it
to a number that the model allows (Kucukelbir et al. 2017, §2.3). Here z has to lie between 0 and 1:

    z = sigmoid(ζ) = 1 / (1 + exp(−ζ))                                    elementwise, (N, Z)

The map stretches and squeezes the axis, so the density of ζ is not p(z): it gets the slope of the map as a factor.

    log p(ζ) = log p(z) + Σ_i log |∂z_i/∂ζ_i|          the log-Jacobian; without it q fits another posterior

What is ∂z/∂ζ? Write its logarithm so that it stays finite for ζ = ±800, where z rounds to 0 or 1: softplus is given,
log z = −softplus(−ζ) and log(1 − z) = −softplus(ζ). Then find the derivative of the log-Jacobian itself.

To do: log_jacobian and log_jacobian_backward. Check them: run this file.
"""

import numpy as np

from minivae.exercises import check


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def log_jacobian(zeta):
    """ζ (N, Z) -> Σ_i log |∂z_i/∂ζ_i| (N,)"""
    raise NotImplementedError


def log_jacobian_backward(dlogj, zeta):
    """dlogj (N,), one number per example; ζ (N, Z) -> dζ (N, Z)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
