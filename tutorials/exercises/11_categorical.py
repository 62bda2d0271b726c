"""11 · Pixels of K kinds: the Categorical likelihood

About 25 minutes, medium.

Each pixel has one of the values 0 .. K−1. The decoder outputs K logits for each pixel. In a (N, D K), the
logits of the first pixel come first, then those of the second pixel, and so on.

    π = softmax of the K logits of a pixel,        log π[k] = a[k] − log Σ_j exp a[j]
    log p(x|z) = Σ_d log π_d[x_d]                                                   (N,)

What is ∂ log π[x]/∂a[k]? There are two cases, k = x and k ≠ x. Find one formula for both, and compare it with
exercise 5.

The upstream gradient dlogp has one number for each example. log_softmax and one_hot return arrays of shape
(N, D, K); dlogp[:, None, None] has the shape (N, 1, 1), so it can multiply them. The result has a's shape.

To do: log_prob_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check

K = 3


def log_softmax(a):
    """a (N, D K) -> log π (N, D, K)"""
    a = a.reshape(len(a), -1, K)
    a = a - a.max(axis=-1, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))


def one_hot(x):
    """x (N, D) -> (N, D, K): 1 where k = x, else 0"""
    return (x[..., None] == np.arange(K)).astype(float)


def log_prob(x, a):
    return (one_hot(x) * log_softmax(a)).sum(axis=(1, 2))


def log_prob_backward(dlogp, x, a):
    """dlogp (N,), x (N, D) of 0 .. K−1, a (N, D K) -> da (N, D K)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
