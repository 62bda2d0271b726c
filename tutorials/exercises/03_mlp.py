"""3 · A multilayer perceptron, by the chain rule

Linear layers with tanh between them, none after the last:

    y₁ = tanh(x W₀ + b₀),   y₂ = tanh(y₁ W₁ + b₁),   y = y₂ W₂ + b₂

The chain rule walks back through the same layers in reverse. At each of them there is a dy, the gradient for that
layer's output; the linear layer turns it into gradients for W, b and its input; and that input was
the tanh of the layer before: its derivative comes next. Both pieces exist (exercises 1 and 2):

    linear_backward(dy, x, W, dW, db) -> dx         tanh_backward(dy, y) -> da

To do: mlp_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check
from minivae.layers import linear, linear_backward, tanh, tanh_backward


def mlp(x, layers, activation="tanh"):
    """x (N, I), layers [(W, b), ...] -> y (N, O), and the inputs of all layers: [x, y₁, y₂, ...]"""
    *hidden, (W_last, b_last) = layers
    inputs = [x]
    for W, b in hidden:
        inputs.append(tanh(linear(inputs[-1], W, b)))
    return linear(inputs[-1], W_last, b_last), inputs


def mlp_backward(dy, inputs, layers, grads, activation="tanh"):
    """dy (N, O); inputs and layers as in mlp; write into grads [(dW, db), ...]; return dx (N, I).

    The activation is always tanh here.
    """
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
