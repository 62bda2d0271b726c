"""1 · The linear layer, backwards

About 20 minutes, easy.

    y = x W + b         x (N, I), W (I, O), b (O,)  ->  y (N, O),   y_no = Σ_i x_ni W_io + b_o

There are N examples, I inputs and O outputs. The loss is computed from y, in later layers of the network.
They give you the upstream gradient dy = ∂loss/∂y (N, O): how much the loss changes with each y_no. You
compute how much it changes with x, W and b.

One W_io affects the y_no of every example n. The chain rule adds up these effects:

    ∂loss/∂W_io = Σ_n dy_no ∂y_no/∂W_io

∂loss/∂b_o and ∂loss/∂x_ni are such sums as well. Work out all three. Then write each as one matrix product or
as one sum over an axis. The shapes help: dW is (I, O), and only one product of x (N, I) and dy (N, O), with
one of them transposed, has this shape.

The arrays dW and db exist already, and the caller reads the results from them. So write into them.

To do: linear_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W, dW, db):
    """dy (N, O), x (N, I), W (I, O): write into dW (I, O) and db (O,) (dW[...] = ...); return dx (N, I)."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
