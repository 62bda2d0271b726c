import contextlib
import math
import tracemalloc

import numpy
import pytest

from minivae import VAE, Categorical, Gaussian, evaluation
from minivae.errors import InputError
from minivae.inference import one_by_one
from test_vae import integrate, small_vae


def test_loss_and_log_likelihood_against_quadrature(rng):
    vae, x = small_vae(rng)
    log_px, elbo, kl_prior, kl_posterior = integrate(vae, x)
    bounds = [evaluation.elbo(vae, x, rng, n_samples=2000) for _ in range(50)]
    values = numpy.array([bound.elbo for bound in bounds])
    assert (numpy.abs(values.mean(axis=0) - elbo) < 4 * values.std(axis=0) / math.sqrt(50)).all()
    numpy.testing.assert_allclose(bounds[0].kl, kl_prior, atol=1e-10)
    numpy.testing.assert_allclose(bounds[0].elbo, bounds[0].reconstruction - bounds[0].kl)

    estimates = numpy.array([evaluation.log_likelihood(vae, x, rng, n_samples=20_000) for _ in range(20)])
    error = estimates.std(axis=0) / math.sqrt(20)
    assert (numpy.abs(estimates.mean(axis=0) - log_px) < 4 * error + 1e-4).all()
    assert (kl_posterior > 100 * error).all(), "the estimate can't be told from the ELBO"


def test_the_importance_bound_rises_with_the_samples_and_stays_below_log_px(rng):
    vae, x = small_vae(rng)
    log_px = integrate(vae, x)[0].mean()
    previous = -math.inf
    for n_samples in (1, 3, 10, 100):
        repeats = numpy.array([evaluation.log_likelihood(vae, x, rng, n_samples).mean() for _ in range(400)])
        error = repeats.std() / math.sqrt(400)
        assert repeats.mean() > previous - 4 * error and repeats.mean() < log_px + 4 * error
        previous = repeats.mean()


def test_one_sample_is_exact_where_q_is_the_posterior(rng):
    """A decoder that ignores z makes the prior the posterior; an encoder of zeros makes it q."""
    vae, x = small_vae(rng, latent_dim=3)
    bias = vae.parameters["decoder.1.b"].copy()
    vae.parameters.flat[...] = 0
    vae.parameters["decoder.1.b"][...] = bias
    exact = vae.likelihood.log_prob(x, numpy.tile(bias, (3, 1)))
    for n_samples in (1, 7):
        numpy.testing.assert_allclose(evaluation.log_likelihood(vae, x, rng, n_samples), exact, atol=1e-12)
    numpy.testing.assert_allclose(evaluation.elbo(vae, x, rng).elbo, exact, atol=1e-12)


def test_the_portions_do_not_change_the_result(rng):
    """Sums over chunks of samples agree with one sum over all: the weights are the same numbers."""
    vae, x = small_vae(rng)
    class Replay:
        """Deals out one long row of draws, whatever the portions."""
        def __init__(self):
            self.draws = numpy.random.default_rng(5).standard_normal(60)
            self.position = 0
        def standard_normal(self, shape, dtype):
            self.position += math.prod(shape)
            return self.draws[self.position - math.prod(shape):self.position].reshape(shape)
    whole = evaluation.log_likelihood(vae, x[:1], Replay(), n_samples=60, rows=600)
    parts = evaluation.log_likelihood(vae, x[:1], Replay(), n_samples=60, rows=70)
    numpy.testing.assert_allclose(whole, parts, rtol=1e-13)
    once = evaluation.elbo(vae, numpy.tile(x, (5, 1)), numpy.random.default_rng(0), batch_size=100).elbo
    split = evaluation.elbo(vae, numpy.tile(x, (5, 1)), numpy.random.default_rng(0), batch_size=4).elbo
    numpy.testing.assert_allclose(once, split, rtol=1e-12)


@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-13), ("float32", 1e-6)])
def test_neither_rows_nor_threads_change_the_result(rng, monkeypatch, dtype, rtol):
    """The noise is drawn in the same order, whoever computes with it."""
    vae = VAE(6, 2, hidden=(5,), dtype=dtype, backend="numpy")
    x = (rng.random((23, 6)) < 0.5).astype(dtype)
    usual = evaluation.log_likelihood(vae, x, 0, n_samples=57)
    for rows in (10, 40, 10_000):
        numpy.testing.assert_allclose(evaluation.log_likelihood(vae, x, 0, 57, rows), usual, rtol=rtol)
    for threads in (2, 3):
        monkeypatch.setattr(evaluation, "one_blas_thread", lambda: contextlib.nullcontext(threads))
        assert evaluation.log_likelihood(vae, x, 0, n_samples=57).tolist() == usual.tolist()


@pytest.mark.parametrize("options, rows, decoded", [
    ({}, None, 200), ({}, 70, 70), ({}, 3, 3), ({"likelihood": Categorical(100)}, None, 500), ({"likelihood": Categorical(70_000)}, None, 10)])
def test_so_many_samples_are_decoded_at_a_time(rng, monkeypatch, options, rows, decoded):
    """400,000 outputs of the decoder, but at least one sample of ten examples."""
    vae = VAE(8, 2, hidden=(5,), backend="numpy", **options)
    sizes, decode = [], vae.likelihood_parameters
    monkeypatch.setattr(vae, "likelihood_parameters", lambda z: sizes.append(z.shape[0] * z.shape[1]) or decode(z))
    evaluation.log_likelihood(vae, numpy.ones((20, 8)), rng, n_samples=100 if decoded == 500 else 20, rows=rows)
    assert max(sizes) == decoded


def test_memory_stays_bounded_whatever_the_number_of_samples(rng):
    vae = VAE(784, 20, hidden=(50,), backend="numpy")
    x = (rng.random((5, 784)) < 0.3).astype("float32")
    peaks = []
    for n_samples in (200, 4000):
        tracemalloc.start()
        evaluation.log_likelihood(vae, x, rng, n_samples, rows=500)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] and peaks[1] < 20 * 500 * 784 * 4


def test_active_units_are_those_whose_mean_moves(rng):
    vae, _ = small_vae(rng, latent_dim=3)
    x = (rng.random((50, 6)) < 0.5).astype(float)
    vae.parameters["encoder.1.W"][:, 1] = 0         # the mean of latent 1 is the same for every x
    result = evaluation.active_units(vae, x, batch_size=7)
    mean, _ = vae.encode(x)
    numpy.testing.assert_allclose(result.variances, mean.var(axis=0), atol=1e-12)
    assert result.count == 2 and result.variances[1] < 1e-20


def test_the_amortization_gap_closes_when_q_is_fitted_to_each_image(rng):
    """With one latent, log p(x) is known; a Gaussian q that is fitted comes nearer to it than any encoder's."""
    vae, x = small_vae(rng)
    log_px, elbo, _, _ = integrate(vae, x)
    gap = evaluation.amortization_gap(vae, x, rng, steps=400, final_samples=20_000)
    h = numpy.stack(numpy.meshgrid(numpy.linspace(-2, 2, 41), numpy.linspace(-3, 1, 41)), axis=-1).reshape(-1, 2)
    nodes, weights = numpy.polynomial.hermite_e.hermegauss(40)
    a = vae.likelihood_parameters(vae.posterior.sample(h, numpy.repeat(nodes[:, None, None], len(h), axis=1)))
    best = numpy.array([(weights @ vae.likelihood.log_prob(numpy.tile(image, (len(h), 1)), a) / math.sqrt(2 * math.pi)
                         - vae.posterior.kl(h)).max() for image in x])
    numpy.testing.assert_allclose(gap.encoder_elbo, elbo, atol=0.1)
    numpy.testing.assert_allclose(gap.optimized_elbo, best, atol=0.03)
    numpy.testing.assert_allclose(gap.log_px, log_px, atol=0.03)
    assert (best - elbo).max() > 0.3, "the encoder is too good for this test"


def test_progress_is_told_to_the_end_and_bad_counts_are_refused(rng):
    vae, x = small_vae(rng)
    seen = []
    evaluation.log_likelihood(vae, x, rng, 20, rows=20, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    seen.clear()
    evaluation.log_likelihood(vae, x, rng, 20, rows=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(InputError, match="n_samples is 0"):
        evaluation.log_likelihood(vae, x, rng, n_samples=0)
    with pytest.raises(InputError, match="n_samples is 0"):
        evaluation.elbo(vae, x, rng, n_samples=0)


@pytest.mark.parametrize("variance, x, rows", [(1e-4, numpy.linspace(-2, 2, 18).reshape(3, 6), 10),
                                               (1e-2, numpy.array([[0.0], [100.0]]) * numpy.ones((1, 6)), 100)])
def test_log_px_stays_finite_where_weights_differ_by_thousands_of_nats(rng, variance, x, rows):
    vae = VAE(6, 2, hidden=(5,), likelihood=Gaussian(variance), dtype="float64", backend="numpy")
    with numpy.errstate(over="raise"):
        assert numpy.isfinite(evaluation.log_likelihood(vae, x, rng, n_samples=50, rows=rows)).all()


def test_the_last_portion_of_samples_counts_by_its_size(rng):
    vae = VAE(6, 2, hidden=(5,), dtype="float64", backend="numpy")
    vae.parameters.flat[...] = 0        # the decoder ignores z, q is the prior: every draw gives log p(x)
    gap = evaluation.amortization_gap(vae, numpy.ones((3, 6)), rng, steps=1, lr=1e-12, final_samples=60)
    numpy.testing.assert_allclose(gap.encoder_elbo, -6 * math.log(2), atol=1e-9)


@pytest.mark.parametrize("steps, rates", [(3, [1, 0.3, 0.09]), (10, [1, 0.3, 0.09, 0.027]), (500, [1, 0.3, 0.09, 0.027])])
def test_fitting_q_restarts_adam_in_each_quarter_of_the_steps(rng, monkeypatch, steps, rates):
    made, adam = [], one_by_one.Adam
    monkeypatch.setattr(one_by_one, "Adam", lambda theta, lr: made.append(lr) or adam(theta, lr))
    vae, x = small_vae(rng)
    evaluation.amortization_gap(vae, x, rng, steps=steps, lr=1.0, n_samples=1, final_samples=2)
    assert made == pytest.approx(rates)
