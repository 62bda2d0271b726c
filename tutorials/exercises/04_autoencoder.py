"""4 · The squared error, and the whole autoencoder

About 15 minutes, medium.

    z = encoder(x)          the code                (N, Z)
    x̂ = decoder(z)          the reconstruction      (N, D)
    loss = 1/N Σ_n ‖x_n − x̂_n‖²                     a sum over the D pixels, a mean over the N examples

Start at the loss: what is ∂loss/∂x̂? (Do not forget the sign, the 2 and the N.) This is the upstream gradient
of the decoder. The decoder's backward pass returns the gradient with respect to its input z. As z is the
output of the encoder, this is the upstream gradient of the encoder.

The model keeps its layers and their gradients in

    model.encoder, model.decoder                [(W, b), ...]
    model.encoder_grads, model.decoder_grads    [(dW, db), ...]

From exercise 3 you have mlp_backward(dy, inputs, layers, grads, "tanh") -> dx, which writes into grads. Here
it is the library's, and so is mlp. They have no default activation, so "tanh" has to be given each time.

To do: autoencoder_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check
from minivae.layers import mlp, mlp_backward


def autoencoder(model, x):
    """x (N, D) -> loss, and what the backward pass needs: x̂ (N, D), the inputs of both networks' layers"""
    z, encoder_inputs = mlp(x, model.encoder, "tanh")
    x_hat, decoder_inputs = mlp(z, model.decoder, "tanh")
    loss = ((x - x_hat) ** 2).sum(axis=1).mean()
    return loss, x_hat, encoder_inputs, decoder_inputs


def autoencoder_backward(model, x, x_hat, encoder_inputs, decoder_inputs):
    """x, x̂ (N, D) and the inputs: fill model.encoder_grads and model.decoder_grads. Nothing is returned."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
