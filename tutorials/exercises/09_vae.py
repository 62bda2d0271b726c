"""9 · The whole VAE: where two paths meet

About 25 minutes, hard.

This is the forward pass (Kingma & Welling 2014, eq. 7 with one sample). You have derived the gradient of each
part in the exercises before:

    h  = encoder(x)                         h = [μ, log σ²]                         (N, 2Z)
    z  = μ + σ ε                            q.sample(h, eps)                        (N, Z)
    a  = decoder(z)                         the logits                              (N, D)
    loss = 1/N Σ_n [−log p(x_n|z_n) + KL_n]         p.log_prob(x, a) and q.kl(h)

The backward pass takes these lines in reverse order. h affects the loss in two ways: through z and log p, and
directly through the KL. The gradients of the two paths are added.

Use these functions; the first argument of each is its upstream gradient:

    p.log_prob_backward(dlogp, x, a) -> da          q.sample_backward(dz, h, eps) -> dh
    mlp_backward(dy, inputs, layers, grads, "tanh") -> dx            q.kl_backward(dkl, h) -> dh

dlogp and dkl are (N,): what are ∂loss/∂log p(x_n|z_n) and ∂loss/∂KL_n? As in exercise 4, the layers are in
model.encoder and model.decoder, and their gradients in model.encoder_grads and model.decoder_grads.
mlp_backward writes into grads and does not add to them: a second call overwrites the first one's result.

To do: vae_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check
from minivae.layers import mlp, mlp_backward
from minivae.likelihoods import Bernoulli
from minivae.posteriors import DiagonalGaussian

q, p = DiagonalGaussian(), Bernoulli()


def vae_forward(model, x, eps):
    """x (N, D), eps (N, Z) -> loss, and what the backward pass needs"""
    h, encoder_inputs = mlp(x, model.encoder, "tanh")
    z = q.sample(h, eps)
    a, decoder_inputs = mlp(z, model.decoder, "tanh")
    loss = (-p.log_prob(x, a) + q.kl(h)).mean()
    return loss, h, a, encoder_inputs, decoder_inputs


def vae_backward(model, x, eps, h, a, encoder_inputs, decoder_inputs):
    """Fill model.encoder_grads and model.decoder_grads. Nothing is returned."""
    N = len(x)
    ones = np.ones(N)
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
