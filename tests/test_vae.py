"""The whole model against exact answers: with one latent dimension everything can be integrated."""

import math

import numpy
import pytest

from minivae import VAE, Autoencoder, Bernoulli, Categorical, DiagonalGaussian, FullGaussian, Gaussian
from minivae.errors import InputError
from minivae.layers import mlp
from minivae.posteriors import prior_log_prob


def small_vae(rng, latent_dim=1, **options):
    vae = VAE(6, latent_dim, hidden=(5,), dtype="float64", backend="numpy", **options)
    vae.parameters.flat[...] += 0.5 * rng.standard_normal(vae.parameters.flat.shape)
    return vae, (rng.random((3, 6)) < 0.5).astype(float)


def integrate(vae, x):
    """By quadrature over z, without the library's KL: exact log p(x), ELBO, KL(q ‖ prior), KL(q ‖ posterior)."""
    z = numpy.linspace(-25, 25, 20_001)
    dz = z[1] - z[0]
    h = vae.posterior_parameters(x)
    a = vae.likelihood_parameters(z[:, None])
    results = []
    for n in range(len(x)):
        log_px_z = vae.likelihood.log_prob(numpy.tile(x[n], (len(z), 1)), a)
        log_joint = log_px_z + prior_log_prob(z[:, None])
        log_px = numpy.log(numpy.exp(log_joint).sum() * dz)
        mu, variance = h[n, 0], math.exp(h[n, 1])
        log_q = -0.5 * ((z - mu) ** 2 / variance + math.log(2 * math.pi * variance))
        q = numpy.exp(log_q)
        results.append((log_px, (q * (log_joint - log_q)).sum() * dz,
                        (q * (log_q - prior_log_prob(z[:, None]))).sum() * dz,
                        (q * (log_q - (log_joint - log_px))).sum() * dz))
    return numpy.array(results).T


def test_the_elbo_identity(rng):
    """log p(x) = ELBO + KL(q(z|x) ‖ p(z|x)), and the library's KL to the prior is the integral's."""
    vae, x = small_vae(rng)
    log_px, elbo, kl_prior, kl_posterior = integrate(vae, x)
    numpy.testing.assert_allclose(log_px, elbo + kl_posterior, rtol=0, atol=1e-10)
    numpy.testing.assert_allclose(vae.posterior.kl(vae.posterior_parameters(x)), kl_prior, rtol=0, atol=1e-10)
    assert (kl_posterior > 1e-3).all(), "q is the posterior: this test would show nothing"


@pytest.mark.parametrize("kl", ["closed-form", "monte-carlo"])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_the_loss_is_the_negative_elbo(rng, kl, beta):
    """The right gradient of a wrong objective passes every gradient check; here the objective is checked."""
    vae, x = small_vae(rng)
    log_px, elbo, kl_prior, _ = integrate(vae, x)
    losses = [float(vae.loss_and_grad(x, rng.standard_normal((1000, 3, 1)), kl=kl, beta=beta).loss)
              for _ in range(100)]
    expected = -(elbo + (1 - beta) * kl_prior).mean()
    assert abs(numpy.mean(losses) - expected) < 4 * numpy.std(losses) / 10


def test_the_iwae_bound_is_the_elbo_for_one_sample_and_reaches_log_px_for_many(rng):
    vae, x = small_vae(rng)
    log_px, elbo, _, kl_posterior = integrate(vae, x)
    eps = rng.standard_normal((1, 3, 1))
    one = [vae.loss_and_grad(x, eps, kl="monte-carlo", bound=bound) for bound in ("elbo", "iwae")]
    assert float(one[0].loss) == pytest.approx(float(one[1].loss), abs=1e-13)
    many = vae.loss_and_grad(x, rng.standard_normal((200_000, 3, 1)), kl="monte-carlo", bound="iwae")
    assert -float(many.loss) == pytest.approx(log_px.mean(), abs=5e-3)
    assert kl_posterior.mean() > 5e-3, "the two bounds are too close for this test"


def test_the_mean_gradient_is_that_of_the_exact_elbo(rng):
    """Differences of the integrated ELBO, against the average of the reparameterized gradient."""
    vae, x = small_vae(rng)
    gradients = []
    for _ in range(200):
        vae.loss_and_grad(x, rng.standard_normal((500, 3, 1)))
        gradients.append(vae.gradients.flat.copy())
    mean, error = numpy.mean(gradients, axis=0), numpy.std(gradients, axis=0) / math.sqrt(200)
    theta = vae.parameters.flat
    for i in range(0, theta.size, 4):
        value, ends = theta[i], []
        for step in (1e-5, -1e-5):
            theta[i] = value + step
            ends.append(-integrate(vae, x)[1].mean())
        theta[i] = value
        assert abs(mean[i] - (ends[0] - ends[1]) / 2e-5) < 4 * error[i] + 1e-8


@pytest.mark.parametrize("posterior", [DiagonalGaussian(), FullGaussian()])
def test_closed_form_and_monte_carlo_gradients_agree_in_the_mean(rng, posterior):
    vae, x = small_vae(rng, latent_dim=2, posterior=posterior)
    differences = []
    for _ in range(200):
        eps, gradients = rng.standard_normal((200, 3, 2)), []
        for kl in ("closed-form", "monte-carlo"):
            vae.loss_and_grad(x, eps, kl=kl)
            gradients.append(vae.gradients.flat.copy())
        differences.append(gradients[0] - gradients[1])
    mean, error = numpy.mean(differences, axis=0), numpy.std(differences, axis=0) / math.sqrt(200)
    encoder = vae.parameters.part("encoder")
    assert (numpy.abs(mean[encoder]) <= 4.5 * error[encoder]).all()    # the largest of about 60 z-scores
    assert error[encoder].max() > 0, "no noise: the two are the same computation"
    assert (mean[encoder.stop:] == 0).all(), "the KL does not reach the decoder"


def test_the_parts_of_the_loss_add_up_and_L_samples_are_averaged(rng):
    vae, x = small_vae(rng, latent_dim=2)
    eps = rng.standard_normal((3, 3, 2))
    together = vae.loss_and_grad(x, eps, beta=0.7)
    gradient = vae.gradients.flat.copy()
    assert float(together.loss) == pytest.approx(float(together.reconstruction + 0.7 * together.kl), abs=1e-13)
    single, gradients = [], []
    for e in eps:
        single.append(float(vae.loss_and_grad(x, e, beta=0.7).loss))
        gradients.append(vae.gradients.flat.copy())
    assert float(together.loss) == pytest.approx(numpy.mean(single), abs=1e-13)
    numpy.testing.assert_allclose(gradient, numpy.mean(gradients, axis=0), atol=1e-14)


def test_examples_do_not_see_each_other(rng):
    vae, x = small_vae(rng, latent_dim=2)
    eps = rng.standard_normal((3, 2))
    alone = [float(vae.loss_and_grad(x[n:n + 1], eps[n:n + 1]).loss) for n in range(3)]
    assert float(vae.loss_and_grad(x, eps).loss) == pytest.approx(numpy.mean(alone), abs=1e-13)


def test_the_layers_mirror_each_other_and_start_at_the_scale_they_should():
    vae = VAE(784, 20, hidden=(400, 300), backend="numpy", seed=3)
    shapes = [W.shape for W, _ in vae.encoder + vae.decoder]
    assert shapes == [(784, 400), (400, 300), (300, 40), (20, 300), (300, 400), (400, 784)]
    for activation, gain in (("tanh", 1), ("relu", 2)):
        W = VAE(784, 20, hidden=(400,), activation=activation, backend="numpy").parameters["encoder.0.W"]
        assert W.var() == pytest.approx(gain / 784, rel=0.02)
    same, other = (VAE(784, 20, hidden=(400, 300), backend="numpy", seed=seed) for seed in (3, 4))
    assert (same.parameters.flat == vae.parameters.flat).all() and (other.parameters.flat != vae.parameters.flat).any()


def test_categorical_data_enter_the_encoder_from_0_to_1(rng):
    vae = VAE(6, 2, hidden=(5,), likelihood=Categorical(5), dtype="float64", backend="numpy")
    x = rng.integers(5, size=(3, 6)).astype(float)
    h, _ = mlp(x / 4, vae.encoder, "tanh")
    numpy.testing.assert_array_equal(vae.posterior_parameters(x), h)
    assert vae.loss_and_grad(x, rng.standard_normal((3, 2))).kl == vae.posterior.kl(h).mean()


def test_encode_decode_reconstruct_and_sample(rng):
    vae, x = small_vae(rng, latent_dim=2)
    mean, scale = vae.encode(x)
    assert mean.shape == scale.shape == (3, 2) and (scale > 0).all()
    numpy.testing.assert_array_equal(vae.reconstruct(x), vae.decode(mean))
    assert vae.decode(numpy.zeros((4, 5, 2))).shape == (4, 5, 6)
    new = vae.sample(1000, rng)
    assert new.shape == (1000, 6) and set(numpy.unique(new)) == {0, 1}
    expected = vae.decode(rng.standard_normal((100_000, 2))).mean(axis=0)
    assert numpy.abs(new.mean(axis=0) - expected).max() < 4 * 0.5 / math.sqrt(1000)


def test_float32_follows_float64(rng):
    x, eps = (rng.random((10, 20)) < 0.5).astype(float), rng.standard_normal((10, 3))
    gradients = []
    for dtype in ("float32", "float64"):
        vae = VAE(20, 3, hidden=(30,), dtype=dtype, backend="numpy")
        loss = vae.loss_and_grad(x.astype(dtype), eps.astype(dtype))
        assert vae.gradients.flat.dtype == loss.loss.dtype == loss.kl.dtype == dtype
        gradients.append(vae.gradients.flat)
    numpy.testing.assert_allclose(gradients[0], gradients[1], atol=1e-5)


@pytest.mark.parametrize("options, message", [
    (dict(data_dim=0, latent_dim=2), "data_dim is 0"), (dict(data_dim=4, latent_dim=-1), "latent_dim is -1"),
    (dict(data_dim=4, latent_dim=2, hidden=(3, 0)), "hidden is 0"),
    (dict(data_dim=4, latent_dim=2, hidden="20"), r"hidden is '20', but a whole number of at least 1 is needed"),
    (dict(data_dim=4, latent_dim=2, likelihood="normal"), r"likelihood is 'normal', but bernoulli or gaussian, or an object"),
    (dict(data_dim=4, latent_dim=2, likelihood=Bernoulli), r"likelihood is <class .*, but bernoulli .* an object"),
    (dict(data_dim=4, latent_dim=2, posterior="banded"), r"posterior is 'banded', but diagonal or full, or an object"),
    (dict(data_dim=4, latent_dim=2, dtype="float16"), "unknown dtype 'float16'"),
    (dict(data_dim=4, latent_dim=2, activation="gelu"), "unknown activation 'gelu'; choose tanh or relu"),
])
def test_bad_models_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        VAE(**options)


@pytest.mark.parametrize("x_shape, eps_shape, options, message", [
    ((3, 5), (3, 2), {}, r"x has shape \(3, 5\), but shape \(any, 6\)"),
    ((6,), (3, 2), {}, r"x has shape \(6,\)"),
    ((3, 6), (3, 1), {}, r"eps has shape \(1, 3, 1\), but shape \(any, 3, 2\)"),
    ((3, 6), (2, 4, 2), {}, r"eps has shape \(2, 4, 2\), but shape \(any, 3, 2\)"),
    ((3, 6), (3, 2), {"kl": "exact"}, "unknown kl 'exact'"), ((3, 6), (3, 2), {"bound": "eubo"}, "unknown bound"),
    ((3, 6), (3, 2), {"bound": "iwae"}, 'use kl="monte-carlo"'), ((3, 6), (3, 2), {"beta": -1}, "beta is -1"),
    ((3, 6), (3, 2), {"beta": math.inf}, "beta is inf"), ((3, 6), (3, 2), {"beta": math.nan}, "beta is nan"),
    ((3, 6), (0, 3, 2), {}, "n_samples is 0"), ((0, 6), (0, 2), {}, "n_examples is 0"),
])
def test_bad_batches_and_options_are_refused(rng, x_shape, eps_shape, options, message):
    vae, _ = small_vae(rng, latent_dim=2)
    with pytest.raises(InputError, match=message):
        vae.loss_and_grad(numpy.zeros(x_shape), numpy.zeros(eps_shape), **options)


def test_numpy_data_for_a_cupy_model_is_a_type_error(device):
    vae = VAE(4, 2, hidden=(3,), backend="cupy")
    with pytest.raises(TypeError, match="mixed"):
        vae.loss_and_grad(numpy.zeros((1, 4)), vae.draw_noise(numpy.random.default_rng(0), 1))
    with pytest.raises(TypeError, match="mixed"):
        vae.loss_and_grad(device.zeros((1, 4)), numpy.zeros((1, 2)))
    for model in (vae, Autoencoder(4, 2, hidden=(3,), backend="cupy")):
        with pytest.raises(TypeError, match="mixed"):
            model.decode(numpy.zeros((1, 2)))



@pytest.mark.parametrize("variance, x", [(1e-4, numpy.linspace(-2, 2, 18).reshape(3, 6)),
                                         (1e-2, numpy.array([[0.0], [100.0]]) * numpy.ones((1, 6)))])
def test_the_iwae_bound_stays_finite_where_weights_differ_by_thousands_of_nats(rng, variance, x):
    """Between the samples of an example, and between examples."""
    vae = VAE(6, 2, hidden=(5,), likelihood=Gaussian(variance), dtype="float64", backend="numpy")
    eps = rng.standard_normal((20, len(x), 2))
    log_w = [float(-vae.loss_and_grad(x[n:n + 1], e[n:n + 1], kl="monte-carlo").loss) for e in eps for n in range(len(x))]
    assert max(log_w) - min(log_w) > 1000
    loss = vae.loss_and_grad(x, eps, kl="monte-carlo", bound="iwae")
    assert numpy.isfinite(loss.loss) and numpy.isfinite(vae.gradients.flat).all()


def test_noise_takes_the_models_precision_and_pictures_its_grey(rng):
    vae = VAE(6, 2, hidden=(5,), likelihood=Categorical(5), backend="numpy")
    assert vae.loss_and_grad(numpy.ones((3, 6)), rng.standard_normal((3, 2))).loss.dtype == "float32"
    assert vae.to_grey(4 * numpy.ones((1, 6))).tolist() == [[1] * 6]
    with pytest.raises(InputError, match="whole numbers from 0 to 4"):
        vae.check(5 * numpy.ones((1, 6)))
    with pytest.raises(InputError, match=r"z has shape \(3, 4\)"):
        vae.decode(numpy.zeros((3, 4)))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_biases_start_at_zero(activation):
    vae = VAE(6, 2, hidden=(5, 4), activation=activation, backend="numpy")
    biases = [vae.parameters[name] for name in vae.parameters.names() if name.endswith(".b")]
    assert len(biases) == 6 and all((b == 0).all() for b in biases)


def test_the_parts_add_up_with_the_monte_carlo_kl_of_several_samples(rng):
    vae, x = small_vae(rng, latent_dim=2)
    loss = vae.loss_and_grad(x, rng.standard_normal((3, 3, 2)), kl="monte-carlo", beta=0.7)
    assert float(loss.loss) == pytest.approx(float(loss.reconstruction + 0.7 * loss.kl), abs=1e-13)


def test_no_latents_decode_to_no_images_and_a_dtype_may_be_numpys():
    vae = VAE(6, 2, hidden=(5,), dtype=numpy.dtype("float64"), backend="numpy")
    assert vae.parameters.flat.dtype == "float64"
    assert vae.decode(numpy.zeros((0, 2))).shape == (0, 6) and vae.decode(numpy.zeros((2, 0, 2))).shape == (2, 0, 6)
