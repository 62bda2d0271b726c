"""2 · Tanh and relu, backwards

About 10 minutes, easy.

    tanh:  y = tanh(x)              relu:  y = max(x, 0)            elementwise, all (N, O)

Each y depends only on the x at the same place. So the chain rule has no sum:  dx = dy · ∂y/∂x.

    tanh′(x) = 1 − tanh(x)²
    relu′(x) = 1 where x > 0, else 0            (at x = 0 relu has no derivative; we use 0 there)

Your functions are given the output y, but not x. Why is y enough? (So a network does not have to keep x.)

To do: tanh_backward and relu_backward. Check them: run this file.
"""

import numpy as np

from minivae.exercises import check


def tanh(x):
    return np.tanh(x)


def relu(x):
    return np.maximum(x, 0)


def tanh_backward(dy, y):
    """Upstream gradient dy and output y, both (N, O) -> dx (N, O)"""
    raise NotImplementedError


def relu_backward(dy, y):
    """Upstream gradient dy and output y, both (N, O) -> dx (N, O)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
