"""15 · The importance-weighted bound

About 25 minutes, medium.

Draw L samples z_1, ..., z_L for each example, with log w_l = log p(x, z_l) − log q(z_l|x). The bound of the
importance-weighted autoencoder (IWAE; Burda et al. 2016, eq. 8) is

    bound = log 1/L Σ_l w_l                                                          (N,)

This is the log of a mean; the ELBO is the mean of the logs. How much does the bound change with each log w_l?

    ∂bound/∂log w_l = ?         (for the ELBO it is 1/L, for every l)

A weight can be as small as exp(−1000), which is rounded to 0. So subtract the largest log w of each example
before you apply exp, as `bound` does.

To do: bound_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def bound(log_w):
    """log_w (L, N) -> (N,)"""
    top = log_w.max(axis=0)
    return top + np.log(np.exp(log_w - top).mean(axis=0))


def bound_backward(dbound, log_w):
    """dbound (N,), log_w (L, N) -> dlog_w (L, N)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
