"""5 · Black or white pixels: the Bernoulli likelihood

About 15 minutes, easy.

The decoder outputs one number for each pixel, the logit a. It can be any real number. The sigmoid turns it
into π, the probability that the pixel is 1:

    π = sigmoid(a) = 1 / (1 + exp(−a)),        p(x|z) = Π_d π_d^x_d (1 − π_d)^(1 − x_d)

With softplus(a) = log(1 + exp(a)), log π is a − softplus(a), and log(1 − π) is −softplus(a). Check this. Then
the log-likelihood is

    log p(x|z) = Σ_d [x_d a_d − softplus(a_d)]                                     (N,)

What is the derivative of softplus? And the derivative of log p(x|z) with respect to a_d? The result is short.

The upstream gradient dlogp = ∂loss/∂log p(x|z) has one number for each example, so its shape is (N,). To
multiply an array of shape (N, D) by it, write dlogp[:, None]. This is a column of shape (N, 1), and NumPy
uses each of its numbers for the whole row.

To do: log_prob_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def log_prob(x, a):
    return (x * a - softplus(a)).sum(axis=-1)


def log_prob_backward(dlogp, x, a):
    """dlogp (N,), x (N, D) of zeros and ones, logits a (N, D) -> da (N, D)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
