"""15 · The importance-weighted bound

With L samples of z for each example and log w_l = log p(x, z_l) − log q(z_l|x), the IWAE bound is

    bound = log 1/L Σ_l w_l                                                          (N,)

(Burda et al. 2016, eq. 8): the log of a mean, where the ELBO is the mean of the logs. By how much does the
bound change with each log w_l?

    ∂bound/∂log w_l = ?         (the ELBO's answer would be 1/L for all)

The weights can be as small as exp(−1000): subtract the largest log w before exp, as `bound` does.

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
