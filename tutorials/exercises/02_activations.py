"""2 · Tanh and relu, backwards

    tanh:  y = tanh(a)              relu:  y = max(a, 0)            elementwise, all (N, O)

Each y depends on its own a and no other, so that the chain rule has no sum:  da = dy · ∂y/∂a.

    tanh′(a) = 1 − tanh(a)²
    relu′(a) = 1 where a > 0, else 0            (at a = 0 there is a kink; 0 is used there)

You are given the output y and not a: it is enough for both. Why? That saves keeping a in memory.

To do: tanh_backward and relu_backward. Check them: run this file.
"""

import numpy as np

from minivae.exercises import check


def tanh(a):
    return np.tanh(a)


def relu(a):
    return np.maximum(a, 0)


def tanh_backward(dy, y):
    """Upstream gradient dy and output y, both (N, O) -> da (N, O)"""
    raise NotImplementedError


def relu_backward(dy, y):
    """Upstream gradient dy and output y, both (N, O) -> da (N, O)"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
