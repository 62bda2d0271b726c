"""Free bits: the first nats of each latent's KL cost nothing. Read `elbo_and_grad` in vae.py first."""

from .backend import get_xp
from .networks import Loss


def free_bits_and_grad(vae, x, eps, beta, free_bits):
    """loss = β Σᵢ max(F, KLᵢ) − log p(x|z), and its gradient, which is written into vae.gradients.

    KLᵢ is the mean KL of latent i over the batch, F is free_bits, in nats (Kingma et al. 2016).
    Below F, the KL does not pull latent i to the prior. x (N, D) data; eps (L, N, Z) standard normal noise.
    Returns Loss, whose kl is Σᵢ KLᵢ. Derived in derivations.md, "Free bits".
    """
    q, p, xp = vae.posterior, vae.likelihood, get_xp(x)
    L, N, Z = eps.shape

    # Forward                                                                               shape
    h, encoder_inputs = vae.encoder_forward(x)              # parameters of q(z|x)          (N, 2Z)
    z = q.sample(h, eps)                                    # z = μ + σ ε                   (L, N, Z)
    a, decoder_inputs = vae.decoder_forward(z)              # parameters of p(x|z)          (L, N, ·)
    log_px = p.log_prob(x, a)                               # log p(x|z), a sum over D      (L, N)
    pairs = xp.stack(q.split(h), axis=-1)                   # [μᵢ, log σᵢ²]: one latent each (N, Z, 2)
    kl = q.kl(pairs).mean(axis=0)                           # KLᵢ, means over N             (Z,)
    loss = beta * xp.maximum(kl, free_bits).sum() - log_px.mean()       #                   ()

    # Backward, from last to first: as in elbo_and_grad but for the KL
    dkl = beta / N * (kl > free_bits).astype(kl.dtype)      # ∂loss/∂klₙᵢ = β/N or 0        (Z,)
    dpairs = q.kl_backward(xp.broadcast_to(dkl, (N, Z)), pairs)         # the same for all n (N, Z, 2)
    dh = q.join(dpairs[..., 0], dpairs[..., 1], h)          # first path into h: the KL     (N, 2Z)
    da = p.log_prob_backward(xp.full_like(log_px, -1 / (L * N)), x, a)  # the likelihood    (L, N, ·)
    dz = vae.decoder_backward(da, decoder_inputs)           # back through the decoder      (L, N, Z)
    dh += q.sample_backward(dz, h, eps)                     # second path, z: paths add     (N, 2Z)
    vae.encoder_backward(dh, encoder_inputs)                # back through the encoder
    return Loss(loss, -log_px.mean(), kl.sum())
