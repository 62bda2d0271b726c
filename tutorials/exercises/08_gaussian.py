"""8 · Grey pixels: the Gaussian likelihood with a learned variance

The decoder emits a = [m, s] (N, 2D), a mean and a number for the variance of each pixel:

    σ² = FLOOR + exp(s)
    log p(x|z) = −½ Σ_d [(x_d − m_d)²/σ_d² + log σ_d² + log 2π]                     (N,)

Without the floor, a pixel that is predicted exactly would send σ² to 0 and log p to infinity. It makes the
chain rule one link longer:

    ∂log p/∂s = ∂log p/∂σ² · ∂σ²/∂s

Two terms depend on σ². The upstream gradient dlogp has one number per example.

To do: log_prob_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check

FLOOR = 1e-3


def log_prob(x, a):
    m, s = np.split(a, 2, axis=-1)
    variance = FLOOR + np.exp(s)
    return -0.5 * ((x - m) ** 2 / variance + np.log(variance) + np.log(2 * np.pi)).sum(axis=-1)


def log_prob_backward(dlogp, x, a):
    """dlogp (N,), x (N, D), a (N, 2D) -> da (N, 2D), as np.concatenate([dm, ds], axis=-1)"""
    m, s = np.split(a, 2, axis=-1)
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
