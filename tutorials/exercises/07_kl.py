"""7 · The KL between q(z|x) and the prior

About 15 minutes, easy.

The KL is the average of log q(z|x) − log p(z) over q. For q = N(μ, σ²) with independent latents, and for the
prior p(z) = N(0, I), it has a closed form (Kingma & Welling 2014, appendix B):

    KL(q ‖ p) = ½ Σ_i (μ_i² + σ_i² − 1 − log σ_i²)                                  (N,), nats

The encoder outputs h = [μ, log σ²] (N, 2Z). You need ∂KL/∂log σ², not ∂KL/∂σ². What is ∂σ²/∂log σ²?
The upstream gradient dkl has one number for each example; dkl[:, None] is a column, as in exercise 5.

To do: kl_backward. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def kl(h):
    mu, logvar = np.split(h, 2, axis=-1)
    return 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=-1)


def kl_backward(dkl, h):
    """dkl (N,), h (N, 2Z) -> dh (N, 2Z), as np.concatenate([dmu, dlogvar], axis=-1)"""
    mu, logvar = np.split(h, 2, axis=-1)
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
