"""8 · Grey pixels: a Gaussian with a learned variance

About 25 minutes, medium.

The decoder outputs a = [m, s] (N, 2D): for each pixel the mean m, and a number s that gives the variance:

    σ² = FLOOR + exp(s)
    log p(x|z) = −½ Σ_d [(x_d − m_d)²/σ_d² + log σ_d² + log 2π]                     (N,)

FLOOR is the smallest possible variance. Without it, a pixel that is predicted exactly would let σ² go to 0,
and log p to infinity. With it, log σ² is not simply s, and the chain rule has one more step:

    ∂log p/∂s = ∂log p/∂σ² · ∂σ²/∂s

Two terms of log p depend on σ². Both contribute to the derivative.

The upstream gradient dlogp = ∂loss/∂log p(x|z) has one number for each example; dlogp[:, None] is a column,
as in exercise 5.

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
