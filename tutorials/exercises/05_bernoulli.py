"""5 · Black or white pixels: the Bernoulli likelihood, from logits

The decoder says for each pixel how probable 1 is. It emits any real number, the logit a, and

    π = sigmoid(a) = 1 / (1 + exp(−a)),        p(x|z) = Π_d π_d^x_d (1 − π_d)^(1 − x_d)

so that, with softplus(a) = log(1 + exp(a)),

    log p(x|z) = Σ_d [x_d a_d − softplus(a_d)]                                     (N,)

(check that: log π = a − softplus(a) and log(1 − π) = −softplus(a)). Its derivative is one of the neatest in
the trade. What is softplus′? The upstream gradient dlogp has one number per example.

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
