"""A linear VAE with a Gaussian likelihood is probabilistic PCA, whose optimum and evidence are known.

Tipping & Bishop 1999; Lucas et al. 2019 for the ELBO of a diagonal q.
"""

import math

import numpy
import pytest

from minivae import VAE, Adam, DiagonalGaussian, FullGaussian, Gaussian, datasets, evaluation, training

IMAGES = numpy.concatenate([datasets.digits().train, datasets.digits().test]).astype(float)
KNOWN = {2: (0.005707, 0.054117), 5: (8.907637, 0.036197), 10: (17.451947, 0.022751), 20: (27.277300, 0.011274)}


def ppca(n_latents):
    """W (D, Z), σ², the mean, the Z largest eigenvalues, and the log-likelihood per example in nats."""
    mean = IMAGES.mean(axis=0)
    eigenvalues, vectors = numpy.linalg.eigh((IMAGES - mean).T @ (IMAGES - mean) / len(IMAGES))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    sigma2, top = eigenvalues[n_latents:].mean(), eigenvalues[:n_latents]
    W = vectors[:, :n_latents] * numpy.sqrt(top - sigma2)
    D = len(mean)
    log_likelihood = -0.5 * (D * math.log(2 * math.pi) + numpy.log(top).sum() + (D - n_latents) * math.log(sigma2) + D)
    return W, sigma2, mean, top, log_likelihood


def at_the_optimum(n_latents, posterior, rotation=None):
    """The linear VAE whose decoder is the pPCA solution, turned by `rotation`, and q as near as it can be."""
    W, sigma2, mean, _, _ = ppca(n_latents)
    W = W if rotation is None else W @ rotation
    M = W.T @ W + sigma2 * numpy.eye(n_latents)
    covariance = sigma2 * numpy.linalg.inv(M)
    vae = VAE(64, n_latents, hidden=(), likelihood=Gaussian("shared"), posterior=posterior, dtype="float64",
              backend="numpy")
    vae.parameters.flat[...] = 0
    vae.parameters["decoder.0.W"][...] = W.T
    vae.parameters["decoder.0.b"][...] = mean
    vae.parameters["likelihood.s"][...] = math.log(sigma2 - vae.likelihood.floor)
    to_mean = W @ numpy.linalg.inv(M)                       # E[z|x] = M⁻¹Wᵀ(x − mean)
    vae.parameters["encoder.0.W"][:, :n_latents] = to_mean
    bias = vae.parameters["encoder.0.b"]
    bias[:n_latents] = -mean @ to_mean
    if isinstance(posterior, DiagonalGaussian):
        bias[n_latents:] = numpy.log(sigma2 / numpy.diag(M))        # the best diagonal q: variances 1/(Σ⁻¹)_ii
    else:
        C = numpy.linalg.cholesky(covariance)
        bias[n_latents:2 * n_latents] = numpy.log(numpy.diag(C))
        bias[2 * n_latents:] = C[numpy.tril_indices(n_latents, -1)]
    return vae, M


def cubature(n_latents, n_examples):
    """2Z points ±√Z eᵢ with mean 0 and covariance I: the average over them is exact for what is quadratic in ε."""
    points = math.sqrt(n_latents) * numpy.concatenate([numpy.eye(n_latents), -numpy.eye(n_latents)])
    return numpy.repeat(points[:, None], n_examples, axis=1)


def random_rotation(n_latents, rng):
    return numpy.linalg.qr(rng.standard_normal((n_latents, n_latents)))[0]


@pytest.mark.parametrize("n_latents", KNOWN)
def test_the_reference_itself_gives_the_known_values(n_latents):
    _, sigma2, _, _, log_likelihood = ppca(n_latents)
    assert (round(log_likelihood, 6), round(sigma2, 6)) == KNOWN[n_latents]


@pytest.mark.parametrize("n_latents, posterior, rotated", [
    *[(n_latents, DiagonalGaussian(), False) for n_latents in KNOWN],
    *[(n_latents, FullGaussian(), rotated) for n_latents in (2, 5, 10) for rotated in (False, True)]])
def test_at_the_optimum_the_elbo_is_the_log_likelihood_and_the_gradient_is_zero(rng, n_latents, posterior, rotated):
    vae, _ = at_the_optimum(n_latents, posterior, random_rotation(n_latents, rng) if rotated else None)
    eps = cubature(n_latents, len(IMAGES))
    for kl in ("closed-form", "monte-carlo"):
        loss = vae.loss_and_grad(IMAGES, eps, kl=kl)
        assert abs(-float(loss.loss) - ppca(n_latents)[4]) < 1e-9
        assert numpy.abs(vae.gradients.flat).max() < 1e-8


@pytest.mark.parametrize("n_latents", [2, 5, 10])
def test_a_diagonal_q_pays_for_a_rotated_decoder_by_exactly_the_known_amount(rng, n_latents):
    vae, M = at_the_optimum(n_latents, DiagonalGaussian(), random_rotation(n_latents, rng))
    loss = vae.loss_and_grad(IMAGES, cubature(n_latents, len(IMAGES)))
    price = 0.5 * (numpy.log(numpy.diag(M)).sum() - numpy.linalg.slogdet(M)[1])
    assert price > 1e-4 and abs(-float(loss.loss) - (ppca(n_latents)[4] - price)) < 1e-9


def test_the_average_kl_of_each_latent_is_known():
    vae, _ = at_the_optimum(5, DiagonalGaussian())
    h = vae.posterior_parameters(IMAGES)
    _, sigma2, _, top, _ = ppca(5)
    for i in range(5):
        kl = vae.posterior.kl(h[:, [i, 5 + i]]).mean()
        assert kl == pytest.approx(0.5 * math.log(top[i] / sigma2), abs=1e-10)


@pytest.mark.parametrize("posterior", [DiagonalGaussian(), FullGaussian()])
def test_one_sample_gives_the_exact_log_likelihood(rng, posterior):
    rotation = random_rotation(5, rng) if isinstance(posterior, FullGaussian) else None
    vae, _ = at_the_optimum(5, posterior, rotation)
    W, sigma2, mean, _, total = ppca(5)
    S = W @ W.T + sigma2 * numpy.eye(64)
    centred = IMAGES - mean
    exact = -0.5 * (64 * math.log(2 * math.pi) + numpy.linalg.slogdet(S)[1]
                    + (centred * numpy.linalg.solve(S, centred.T).T).sum(axis=1))
    assert exact.mean() == pytest.approx(total, abs=1e-9)
    numpy.testing.assert_allclose(evaluation.log_likelihood(vae, IMAGES, rng, n_samples=1), exact, atol=1e-9)


def test_training_from_random_weights_reaches_the_optimum(rng):
    vae = VAE(64, 2, hidden=(), likelihood=Gaussian("shared"), dtype="float64", backend="numpy", seed=1)
    for lr, epochs in ((1e-2, 60), (1e-3, 30)):
        list(training.train(vae, IMAGES, Adam(vae.parameters.flat, lr=lr), epochs, 100, rng))
    elbo = -float(vae.loss_and_grad(IMAGES, cubature(2, len(IMAGES))).loss)
    assert KNOWN[2][0] - 0.05 < elbo < KNOWN[2][0] + 1e-9
