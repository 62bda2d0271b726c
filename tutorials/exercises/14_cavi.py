"""14 · A coordinate-ascent update

About 30 minutes, hard.

In a Gaussian model, the logarithm of the joint density is quadratic in the latents:

    log p(x, z) = const + Σ_i b_i z_i − ½ Σ_ij Λ_ij z_i z_j             Λ is symmetric

The mean-field approximation is a product, q(z) = Π q_i(z_i). If all factors but q_i are held fixed, the best
q_i is given by (Bishop 2006, eq. 10.9)

    log q_i(z_i) = E_{all other latents}[log p(x, z)] + const

Take the terms that contain z_i. Average them over the other latents, with E[z_j] = mean_j. The result is
quadratic in z_i, so q_i is a Gaussian: read off its mean and its variance.

The arrays mean, precision and shift belong to the caller: do not change them.

To do: gaussian_factor. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def gaussian_factor(i, mean, precision, shift):
    """mean (Z,): the present means; precision Λ (Z, Z); shift b (Z,) -> mean and variance of the best q_i"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
