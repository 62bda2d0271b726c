"""3 · A multilayer perceptron, by the chain rule

About 20 minutes, medium.

A multilayer perceptron is a chain of linear layers with an activation between them, here tanh:

    y₁ = tanh(x W₀ + b₀),   y₂ = tanh(y₁ W₁ + b₁),   y = y₂ W₂ + b₂

The backward pass goes through the layers from the last to the first. At each layer, dy is the gradient of the
loss with respect to the layer's output. The backward function of the linear layer turns it into the gradients
with respect to W, b and the layer's input.

The input of the first layer is x. The input of every other layer is the output of a tanh, so the backward
function of tanh comes next. You have derived both in exercises 1 and 2. Here they are the library's:

    linear_backward(dy, x, W, dW, db) -> dx         tanh_backward(dy, y) -> dx

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
