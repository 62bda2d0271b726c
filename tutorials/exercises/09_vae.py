"""9 · The whole VAE: where two paths meet

Forward (K&W 2014, eq. 7 with one sample), each line a function you have derived:

    h  = encoder(x)                         h = [μ, log σ²]                         (N, 2Z)
    z  = μ + σ ε                            q.sample(h, eps)                        (N, Z)
    a  = decoder(z)                         the logits                              (N, D)
    loss = 1/N Σ_n [−log p(x_n|z_n) + KL_n]         p.log_prob(x, a) and q.kl(h)

Backward: the same lines in reverse. The loss reaches h by two paths: through z into the reconstruction, and
straight into the KL. A number that is used twice collects twice: the gradients of both paths add.

The parts, with their upstream gradients first:

    p.log_prob_backward(dlogp, x, a) -> da          q.sample_backward(dz, h, eps) -> dh
    mlp_backward(dy, inputs, layers, grads, "tanh") -> dx            q.kl_backward(dkl, h) -> dh

dlogp and dkl are (N,): what are ∂loss/∂log p(x_n|z_n) and ∂loss/∂KL_n?

To do: vae_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check
from minivae.layers import mlp, mlp_backward
from minivae.likelihoods import Bernoulli
from minivae.posteriors import DiagonalGaussian

q, p = DiagonalGaussian(), Bernoulli()


def vae_forward(model, x, eps):
    """x (N, D), eps (N, Z) -> loss, and what the way back needs"""
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
