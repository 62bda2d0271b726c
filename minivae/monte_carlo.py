"""The general bound, in which the KL is estimated from the samples too. Read `elbo_and_grad` in vae.py first.

Few pairs of a q and a prior have a closed-form KL. The mean of log q(z|x) − log p(z) over samples of q
estimates the KL for any pair, with more variance. It also gives each sample a weight, w = p(x, z)/q(z|x), and
these weights give a tighter bound than the ELBO: the IWAE bound (Burda et al. 2016).

Letters: N examples in the batch, Z latent dimensions, L samples of z per example.
"""

from .backend import get_xp
from .errors import InputError, require_choice, require_positive
from .networks import Loss
from .posteriors import DiagonalGaussian
from .prior import prior_log_prob, prior_log_prob_backward


def elbo_bound(log_w):
    """The ELBO, estimated: 1/L Σₗ log wₗ.    log_w (L, N) -> (N,), and ∂bound/∂log w (L, N)"""
    return log_w.mean(axis=0), get_xp(log_w).full_like(log_w, 1 / len(log_w))


def iwae_bound(log_w):
    """log 1/L Σₗ wₗ    (Burda et al. 2016, eq. 8).    log_w (L, N) -> (N,), and ∂bound/∂log w (L, N)

    On average it lies between the ELBO and log p(x), by Jensen's inequality. Its derivative is a softmax:
    each sample counts in proportion to its weight. derivations.md, "The importance-weighted bound".
    """
    xp = get_xp(log_w)
    top = log_w.max(axis=0)                                 # subtracted first, so that exp can't overflow
    w = xp.exp(log_w - top)
    return top + xp.log(w.mean(axis=0)), w / w.sum(axis=0)


BOUNDS = {"elbo": elbo_bound, "iwae": iwae_bound}
KL_ESTIMATES = ("closed-form", "monte-carlo")


def monte_carlo_and_grad(vae, x, eps, bound, beta):
    """loss = −bound, averaged over the batch, and its gradient, which is written into vae.gradients.

    x (N, D) data; eps (L, N, Z) standard normal noise; bound "elbo" or "iwae". Returns Loss.

    If β > 1 the weighted ELBO is a looser bound on log p(x), if β < 1 it may be no bound. For L > 1 the IWAE
    value is a bound only if β = 1: with many samples it tends to log E_q[p(x|z) (p(z)/q(z|x))^β]. Derived in
    derivations.md, "The gradient with the Monte Carlo KL".
    """
    q, p = vae.posterior, vae.likelihood
    N = len(x)

    # Forward                                                                               shape
    h, encoder_inputs = vae.encoder_forward(x)              # parameters of q(z|x)          (N, ·)
    z = q.sample(h, eps)                                    # z = μ + σ ε                   (L, N, Z)
    a, decoder_inputs = vae.decoder_forward(z)              # parameters of p(x|z)          (L, N, ·)
    log_px = p.log_prob(x, a)                               # log p(x|z)                    (L, N)
    log_pz = prior_log_prob(z)                              # log p(z)                      (L, N)
    log_qz = q.log_prob_of_sample(h, eps)                   # log q(z|x)                    (L, N)
    kl = log_qz - log_pz                                    # its mean estimates the KL     (L, N)
    log_w = log_px - beta * kl                              # log [p(x, z)/q(z|x)] if β = 1 (L, N)
    bounds, dbounds = BOUNDS[bound](log_w)                  # and ∂bound/∂log w             (N,), (L, N)
    loss = -bounds.mean()                                   #                               ()

    # Backward, from last to first. log p(x|z) and log p(z) depend on h only through z, so their gradients go
    # to z. log q(z|x) is computed from h and ε: its gradient goes straight to h, and includes the path
    # through z. Sending it to z too counts it twice.
    dlog_w = dbounds / -N                                   # loss = −1/N Σₙ boundₙ         (L, N)
    dkl = -beta * dlog_w                                    # log w = log p(x|z) − β kl     (L, N)
    dh = q.log_prob_of_sample_backward(dkl, h, eps)         # first path into h: log q      (N, ·)
    dz = prior_log_prob_backward(-dkl, z)                   # first path into z: the prior  (L, N, Z)
    da = p.log_prob_backward(dlog_w, x, a)                  # back through the likelihood   (L, N, ·)
    dz += vae.decoder_backward(da, decoder_inputs)          # second, the decoder: add      (L, N, Z)
    dh += q.sample_backward(dz, h, eps)                     # second path into h, z: add    (N, ·)
    vae.encoder_backward(dh, encoder_inputs)                # back through the encoder
    return Loss(loss, -log_px.mean(), kl.mean())


def check_options(posterior, kl, bound, beta, free_bits):
    """-> β and free_bits, as floats. Raise InputError for options of loss_and_grad that are not possible."""
    require_choice("kl", kl, KL_ESTIMATES)
    require_choice("bound", bound, BOUNDS)
    if bound == "iwae" and kl != "monte-carlo":
        raise InputError('bound="iwae" weights each sample by its own log q(z|x); use kl="monte-carlo"')
    if free_bits and not (kl == "closed-form" and isinstance(posterior, DiagonalGaussian)):
        raise InputError('free_bits needs the KL of each latent; use kl="closed-form" and '
                         'posterior="diagonal"')
    return require_positive(or_zero=True, beta=beta, free_bits=free_bits)
