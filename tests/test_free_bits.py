"""Free bits, against the definition: loss = β Σᵢ max(F, KLᵢ) − log p(x|z), with KLᵢ averaged over the batch."""

import math

import numpy
import pytest

from minivae import VAE, FullGaussian, Gaussian
from minivae.errors import InputError

BETA = 0.7


def make(rng, **options):
    """A VAE of 4 latents, in which only the KLs of the first two are large; data; noise for 2 samples."""
    vae = VAE(6, 4, hidden=(5,), dtype="float64", backend="numpy", **options)
    vae.parameters.flat[...] += 0.3 * rng.standard_normal(vae.parameters.flat.shape)
    W, b = vae.encoder[-1]
    W[...] *= 0.1
    b[...] = [1.5, -1.2, 0.4, 0.0, -1.0, -0.5, 0.2, -0.1]
    return vae, (rng.random((3, 6)) < 0.5).astype(float), rng.standard_normal((2, 3, 4))


def kl_of_each(vae, x):
    """One number after the other, from KL = ½ (μ² + σ² − 1 − log σ²): the mean KL of each latent."""
    h = vae.posterior_parameters(x)
    return [sum(0.5 * (mu ** 2 + math.exp(s) - 1 - s) for mu, s in zip(h[:, i], h[:, 4 + i])) / len(x) for i in range(4)]


@pytest.mark.parametrize("likelihood", ["bernoulli", Gaussian("shared")])
@pytest.mark.parametrize("free_bits", [0.02, 0.3, 5.0])
def test_the_loss_is_that_of_the_definition_and_kl_is_the_whole_kl(rng, likelihood, free_bits):
    vae, x, eps = make(rng, likelihood=likelihood)
    kls = kl_of_each(vae, x)
    assert (sum(kl > free_bits for kl in kls), free_bits) in ((3, 0.02), (2, 0.3), (0, 5.0))
    log_px = [float(vae.likelihood.log_prob(x, vae.likelihood_parameters(vae.posterior.sample(vae.posterior_parameters(x), e))).mean())
              for e in eps]
    loss = vae.loss_and_grad(x, eps, beta=BETA, free_bits=free_bits)
    assert float(loss.loss) == pytest.approx(BETA * sum(max(free_bits, kl) for kl in kls) - sum(log_px) / 2, abs=1e-13)
    assert float(loss.kl) == pytest.approx(sum(kls), abs=1e-13)
    assert float(loss.reconstruction) == pytest.approx(-sum(log_px) / 2, abs=1e-13)


def test_without_any_or_with_very_few_free_bits_it_is_the_elbo(rng):
    vae, x, eps = make(rng)
    results = []
    for free_bits in (0, 0.0, 1e-9):
        loss = vae.loss_and_grad(x, eps, beta=BETA, free_bits=free_bits)
        results.append(numpy.append(vae.gradients.flat, [float(part) for part in loss]))
    numpy.testing.assert_allclose(results[1], results[0], rtol=0, atol=0)
    numpy.testing.assert_allclose(results[2], results[0], rtol=0, atol=1e-14)


def test_where_all_is_free_the_gradient_is_that_of_the_reconstruction_alone(rng):
    vae, x, eps = make(rng)
    vae.loss_and_grad(x, eps, beta=BETA, free_bits=5.0)
    gradient = vae.gradients.flat.copy()
    vae.loss_and_grad(x, eps, beta=0.0)
    numpy.testing.assert_allclose(gradient, vae.gradients.flat, rtol=0, atol=1e-15)


def test_only_latents_above_the_limit_are_charged(rng):
    """With a decoder that ignores z, the bias of the encoder's last layer gets the gradient of the KLs alone."""
    vae, x, eps = make(rng)
    vae.decoder[0][0][...] = 0
    vae.loss_and_grad(x, eps, beta=BETA, free_bits=0.3)
    mu, s = vae.posterior.split(vae.posterior_parameters(x))
    expected = BETA * numpy.concatenate([mu.mean(axis=0), 0.5 * (numpy.exp(s) - 1).mean(axis=0)])
    expected[[2, 3, 6, 7]] = 0
    numpy.testing.assert_allclose(vae.gradients["encoder.1.b"], expected, rtol=0, atol=1e-14)
    assert (abs(expected[[0, 1, 4, 5]]) > 0.1).all()


def test_the_limit_is_for_the_mean_over_the_batch_not_for_each_example(rng):
    """Examples far above and below the limit share what is free: Kingma et al. take the maximum after the mean."""
    vae, x, _ = make(rng)
    vae.encoder[-1][0][...] = 0
    vae.encoder[-1][0][:, 0] = 30
    kl = numpy.array([vae.posterior.kl(h[None, [0, 4]])[0] for h in vae.posterior_parameters(x)])
    free_bits = 0.9 * kl.mean()
    assert kl.min() < 0.5 * free_bits and kl.max() > 1.2 * free_bits, "this test would show nothing"
    loss = vae.loss_and_grad(x, numpy.zeros((1, 3, 4)), free_bits=free_bits)
    rest = sum(max(free_bits, one) for one in kl_of_each(vae, x)[1:])
    assert float(loss.loss) == pytest.approx(float(loss.reconstruction) + kl.mean() + rest, abs=1e-12)


def test_the_precision_is_kept(rng, monkeypatch):
    vae, given = VAE(6, 4, hidden=(5,), backend="numpy"), []
    monkeypatch.setattr(vae, "encoder_backward", lambda dh, inputs: given.append(dh))
    loss = vae.loss_and_grad(numpy.ones((3, 6)), rng.standard_normal((3, 4)), free_bits=0.1)
    assert {array.dtype for array in (*loss, *given)} == {numpy.dtype("float32")} and len(given) == 1


@pytest.mark.parametrize("model, options, message", [
    ({"posterior": FullGaussian()}, {}, 'needs the KL of each latent; use kl="closed-form" and posterior="diagonal"'),
    ({}, {"kl": "monte-carlo"}, 'needs the KL of each latent; use kl="closed-form"'),
    ({}, {"free_bits": -0.1}, "free_bits is -0.1, but a finite number of at least 0 is needed"),
    ({}, {"free_bits": math.nan}, "free_bits is nan"),
])
def test_what_has_no_kl_of_each_latent_is_refused(rng, model, options, message):
    vae = VAE(6, 4, hidden=(5,), backend="numpy", **model)
    with pytest.raises(InputError, match=message):
        vae.loss_and_grad(numpy.ones((3, 6)), rng.standard_normal((3, 4)), **{"free_bits": 0.1, **options})
    vae.loss_and_grad(numpy.ones((3, 6)), rng.standard_normal((3, 4)), **{**options, "free_bits": 0})
