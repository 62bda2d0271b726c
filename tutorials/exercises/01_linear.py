"""1 · The linear layer, backwards

    y = x W + b         x (N, I), W (I, O), b (O,)  ->  y (N, O),   y_no = Σ_i x_ni W_io + b_o

Somewhere behind y there is a loss. What reaches us from there is dy = ∂loss/∂y (N, O): how much the loss
would change with each y_no. What we need is how it changes with x, W and b. By the chain rule, a
number that many y depend on collects from all of them:

    ∂loss/∂W_io = Σ_n dy_no ∂y_no/∂W_io,        ∂loss/∂b_o and ∂loss/∂x_ni likewise.

Work out the three sums, then write each as one matrix product or one sum. Shapes help: dW is (I, O), and there is
only one way to make that out of x (N, I) and dy (N, O).

To do: linear_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W, dW, db):
    """dy (N, O), x (N, I), W (I, O): write into dW (I, O) and db (O,), as in dW[...] = ...; return dx (N, I)."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
