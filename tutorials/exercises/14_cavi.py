"""14 · A coordinate-ascent update

The log joint of a Gaussian model is a quadratic in its latents:

    log p(x, z) = const + Σ_i b_i z_i − ½ Σ_ij Λ_ij z_i z_j

Mean field: q(z) = Π q_i(z_i). With all factors but q_i held fixed, the best q_i is (Bishop 2006, eq. 10.9)

    log q_i(z_i) = E_{all other latents}[log p(x, z)] + const

Take the terms that have z_i in them, and average the others: E[z_j] = mean_j. What is left is a quadratic in z_i
alone, that is a Gaussian: read off its mean and its variance.

To do: gaussian_factor. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def gaussian_factor(i, mean, precision, shift):
    """The best q_i.    mean (Z,) of all factors now, precision Λ (Z, Z), shift b (Z,) -> its mean, its variance"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
