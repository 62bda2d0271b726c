"""How good a model is: the ELBO, log p(x) by importance sampling, and which latents are in use.

Data may be on the host or the device; they are moved in batches. InputError for data that the model can't
describe. rng: a numpy.random.Generator, or a seed. Results are NumPy arrays in nats, with one number per
example, so that the caller can compute their mean and their spread.
"""

from typing import NamedTuple

import numpy

from .backend import get_xp, to_numpy
from .errors import as_generator, require_count
from .inference.one_by_one import fit_one_by_one
from .layers import mlp
from .prior import prior_log_prob
from .system.blas import one_blas_thread
from .system.threads import in_threads

# Numbers that a decoder outputs at a time: more would leave a CPU's cache; fewer would not keep a GPU busy.
OUTPUTS = {"numpy": 400_000, "cupy": 40_000_000}


class Elbo(NamedTuple):
    """elbo = reconstruction − kl, each (N,), in nats."""

    elbo: numpy.ndarray
    reconstruction: numpy.ndarray       # E_q[log p(x|z)], estimated from the samples
    kl: numpy.ndarray                   # KL(q(z|x) ‖ p(z)), closed form


class ActiveUnits(NamedTuple):
    """How many latents are in use, and the variance over x of the posterior mean of each latent (Z,)."""

    count: int
    variances: numpy.ndarray


def elbo(vae, x, rng, n_samples=1, batch_size=500):
    """The evidence lower bound of each example, with n_samples samples of z.    x (N, D) -> Elbo

    E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))    (Kingma & Welling 2014, eq. 3)
    """
    rng, q, p = as_generator(rng), vae.posterior, vae.likelihood
    reconstruction, kl = [], []
    for batch in _batches(vae, x, batch_size):
        h = vae.posterior_parameters(batch)
        z = q.sample(h, vae.draw_noise(rng, len(batch), n_samples))
        log_px = p.log_prob(batch, vae.likelihood_parameters(z))            # (L, N)
        reconstruction.append(to_numpy(log_px.mean(axis=0)))
        kl.append(to_numpy(q.kl(h)))
    reconstruction, kl = numpy.concatenate(reconstruction), numpy.concatenate(kl)
    return Elbo(reconstruction - kl, reconstruction, kl)


def log_likelihood(vae, x, rng, n_samples=5000, rows=None, progress=None):
    """log p(x) of each example by importance sampling from q(z|x).    x (N, D) -> (N,)

    log p(x) ≈ log 1/K Σₖ wₖ,  w = p(x|z) p(z) / q(z|x)      (Burda et al. 2016, eq. 8, K = n_samples)

    On average the estimate is a lower bound, which rises to log p(x) as K grows. Each thread decodes at most
    `rows` samples at a time, whatever N and K are; None means as many as suit the device. From 10 on, `rows`
    changes the result by rounding only. progress(done, total) is called after each batch of examples.
    """
    rng, q, p, xp = as_generator(rng), vae.posterior, vae.likelihood, get_xp(vae.parameters.flat)
    rows = max(10, OUTPUTS[xp.__name__] // p.n_outputs(vae.data_dim)) if rows is None else rows
    n_samples, rows = require_count(n_samples=n_samples, rows=rows)
    n_examples = min(10, rows)
    chunk = rows // n_examples

    def pieces():
        for batch in _batches(vae, x, n_examples):
            h = vae.posterior_parameters(batch)
            for first in range(0, n_samples, chunk):
                yield batch, h, vae.draw_noise(rng, len(batch), min(chunk, n_samples - first))

    def log_sum_of_weights(x, h, eps):
        z = q.sample(h, eps)
        log_w = (p.log_prob(x, vae.likelihood_parameters(z))            # log p(x|z)                    (L, N)
                 + prior_log_prob(z) - q.log_prob_of_sample(h, eps))    # + log p(z) − log q(z|x)
        return _log_sum_exp(log_w)

    result, sums = [], []
    with one_blas_thread() as threads:
        for log_sum in in_threads(log_sum_of_weights, pieces(), threads if xp is numpy else 1):
            sums.append(log_sum)
            if len(sums) == -(-n_samples // chunk):     # all samples of a batch
                result.append(to_numpy(_log_sum_exp(xp.stack(sums))) - numpy.log(n_samples))
                sums = []
                if progress:
                    progress(sum(map(len, result)), len(x))
    return numpy.concatenate(result)


def _log_sum_exp(a):
    """log Σ exp a over the first axis, where the largest a is subtracted first.    (L, N) -> (N,)"""
    xp = get_xp(a)
    top = a.max(axis=0)
    return top + xp.log(xp.exp(a - top).sum(axis=0))


def active_units(vae, x, threshold=0.01, batch_size=500):
    """Latents whose posterior mean varies with x: Var_x(E_q[z]) > threshold.    x (N, D) -> ActiveUnits

    If the mean does not vary, q(z|x) is usually close to the prior, and the latent carries no information
    (Burda et al. 2016, §5.2). A latent of which only the variance depends on x is not counted.
    """
    means = numpy.concatenate([to_numpy(vae.represent(batch)) for batch in _batches(vae, x, batch_size)])
    variances = means.var(axis=0)
    return ActiveUnits(int((variances > threshold).sum()), variances)


def autoencoder_loss(autoencoder, x, batch_size=500):
    """The loss of a plain autoencoder for each example.    x (N, D) -> (N,)"""
    losses = []
    for batch in _batches(autoencoder, x, batch_size):
        a, _ = mlp(autoencoder.represent(batch), autoencoder.decoder, autoencoder.activation)
        losses.append(to_numpy(autoencoder.error.loss(batch, a)))
    return numpy.concatenate(losses)


class AmortizationGap(NamedTuple):
    """The ELBO (N,) of each example before and after q is fitted to it alone, and log p(x), estimated."""

    encoder_elbo: numpy.ndarray         # q(z|x) from the encoder
    optimized_elbo: numpy.ndarray       # after the fit, in the same family; the increase is the gap
    log_px: numpy.ndarray               # log p(x) − optimized_elbo = KL(q ‖ p(z|x)): the limit of q's family


def amortization_gap(vae, x, rng, steps=500, lr=0.02, n_samples=8, final_samples=1000):
    """What fitting q to each example of x (N, D) separately gains (Cremer et al. 2018). -> AmortizationGap

    q is fitted with a fixed decoder, by inference/one_by_one.py. Overwrites vae.gradients.
    """
    rng, xp = as_generator(rng), get_xp(vae.parameters.flat)
    require_count(steps=steps, n_samples=n_samples, final_samples=final_samples)
    vae.check(x)
    x = vae.check_batch(xp.asarray(x))
    start = vae.posterior_parameters(x)
    h = fit_one_by_one(vae, x, start, rng, steps, lr, n_samples)
    return AmortizationGap(_elbo_at(vae, x, start, rng, final_samples),
                           _elbo_at(vae, x, h, rng, final_samples),
                           log_likelihood(vae, x, rng, 5 * final_samples))


def _elbo_at(vae, x, h, rng, n_samples, portion=50):
    """The ELBO of each example for given parameters h of q. -> (N,)"""
    total = 0
    for first in range(0, n_samples, portion):
        z = vae.posterior.sample(h, vae.draw_noise(rng, len(x), min(portion, n_samples - first)))
        total = total + vae.likelihood.log_prob(x, vae.likelihood_parameters(z)).sum(axis=0)
    return to_numpy(total / n_samples - vae.posterior.kl(h))


def _batches(vae, x, batch_size):
    """x, checked, in batches of at most batch_size rows, on the model's device and in its dtype."""
    vae.check(x)
    require_count(n_examples=len(x), batch_size=batch_size)
    xp = get_xp(vae.parameters.flat)
    for first in range(0, len(x), batch_size):
        yield vae.check_batch(xp.asarray(x[first:first + batch_size]))
