"""4 · The squared error, and the whole autoencoder

    z = encoder(x)          the code                (N, Z)
    x̂ = decoder(z)          the reconstruction      (N, D)
    loss = 1/N Σ_n ‖x_n − x̂_n‖²                     a sum over the pixels, a mean over the batch

Backwards: what is ∂loss/∂x̂? (Mind the sign, the 2 and the N.) Then it goes through the decoder, which
gives the gradient for its input z; and z is the encoder's output, so that it goes on through the
encoder. The model keeps its layers and their gradients in

    model.encoder, model.decoder                [(W, b), ...]
    model.encoder_grads, model.decoder_grads    [(dW, db), ...]

and mlp_backward(dy, inputs, layers, grads, "tanh") -> dx is the library's (exercise 3).

To do: autoencoder_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check
from minivae.layers import mlp, mlp_backward


def autoencoder(model, x):
    """x (N, D) -> loss, and what the way back needs: x̂ (N, D), the inputs of both networks' layers"""
    z, encoder_inputs = mlp(x, model.encoder, "tanh")
    x_hat, decoder_inputs = mlp(z, model.decoder, "tanh")
    loss = ((x - x_hat) ** 2).sum(axis=1).mean()
    return loss, x_hat, encoder_inputs, decoder_inputs


def autoencoder_backward(model, x, x_hat, encoder_inputs, decoder_inputs):
    """x, x̂ (N, D) and the inputs: fill model.encoder_grads and model.decoder_grads. Nothing is returned."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
