"""12b · The log-Jacobian of ADVI

About 20 minutes, medium.

Some latents are restricted: a rate, for example, is positive. But a draw from a Gaussian can be any real
number. ADVI (automatic differentiation variational inference, Kucukelbir et al. 2017, §2.3) draws ζ from
a Gaussian q and maps it to a value z that the model allows. Here z has to lie between 0 and 1:

    z = sigmoid(ζ) = 1 / (1 + exp(−ζ))                                    elementwise, (N, Z)

The map stretches and compresses the axes, so the density of ζ is not p(z). It is p(z) times the slopes of the
map, one for each latent. The logarithm of this density is

    log p(ζ) = log p(z) + Σ_i log |∂z_i/∂ζ_i|

The sum is called the log-Jacobian. Without it, q would approximate the wrong posterior.

What is ∂z/∂ζ? Its logarithm has to stay finite even for ζ = ±800, where z is rounded to 0 or 1. So write the
logarithm with softplus: log z = −softplus(−ζ) and log(1 − z) = −softplus(ζ). Then find the gradient of the
log-Jacobian with respect to ζ. The upstream gradient dlogj, ∂loss/∂(log-Jacobian), is one number per example.

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
    """dlogj (N,), ζ (N, Z) -> dζ (N, Z)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
