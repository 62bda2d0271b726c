"""A q of its own for each example, under a VAE's fixed decoder: what its encoder is measured against.

Letters: N examples, Z latents, L samples of z per example.
"""

from ..backend import get_xp
from ..optimizers import Adam


def fit_one_by_one(vae, x, start, rng, steps=500, lr=0.02, n_samples=8):
    """Fit q(z) to each example of x (N, D) separately: -> its parameters h (N, ·), which start at `start`.

    Follows the reparameterized gradient of the ELBO with respect to h: elbo_and_grad without the encoder.
    Overwrites vae.gradients.
    """
    q, p, xp, N = vae.posterior, vae.likelihood, get_xp(x), len(x)
    h = start.copy()
    flat = h.reshape(-1)
    for step in range(steps):
        quarter = 4 * step // steps
        if step == 0 or quarter > 4 * (step - 1) // steps:
            optimizer = Adam(flat, lr=lr * 0.3 ** quarter)      # smaller steps towards the end
        # As elbo_and_grad, without the encoder. The loss is a sum over n, not a mean: each example has its
        # own h.
        eps = vae.draw_noise(rng, N, n_samples)
        z = q.sample(h, eps)
        a, inputs = vae.decoder_forward(z)
        dlog_px = xp.full((n_samples, N), -1 / n_samples, dtype=h.dtype)
        dz = vae.decoder_backward(p.log_prob_backward(dlog_px, x, a), inputs)
        dh = q.sample_backward(dz, h, eps) + q.kl_backward(xp.ones(N, dtype=h.dtype), h)
        optimizer.step(dh.reshape(-1))
    return h
