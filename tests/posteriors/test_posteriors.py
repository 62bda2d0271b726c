import math

import numpy
import pytest

from minivae import DiagonalGaussian, FullGaussian
from minivae.errors import InputError
from minivae.posteriors import prior_log_prob, prior_log_prob_backward

q = DiagonalGaussian()
full = FullGaussian()


def gaussian_log_density(z, mu, variance):
    return -0.5 * ((z - mu) ** 2 / variance + math.log(variance) + math.log(2 * math.pi))


def test_the_encoder_output_is_mean_then_log_variance():
    h = numpy.array([[1.0, 2.0, math.log(4), math.log(9)]])
    mean, scale = q.mean_and_scale(h)
    assert mean.tolist() == [[1, 2]]
    numpy.testing.assert_allclose(scale, [[2, 3]])
    assert q.n_outputs(2) == 4


def test_log_densities_against_the_definition(rng):
    h, eps = rng.standard_normal((4, 6)), rng.standard_normal((2, 4, 3))
    z = q.sample(h, eps)
    log_q = [[sum(gaussian_log_density(z[l, n, i], h[n, i], math.exp(h[n, 3 + i])) for i in range(3))
              for n in range(4)] for l in range(2)]
    log_p = [[sum(gaussian_log_density(z[l, n, i], 0, 1) for i in range(3)) for n in range(4)] for l in range(2)]
    numpy.testing.assert_allclose(q.log_prob_of_sample(h, eps), log_q, rtol=1e-12)
    numpy.testing.assert_allclose(prior_log_prob(z), log_p, rtol=1e-12)


def test_samples_have_the_moments_they_claim(rng):
    """Were log σ² taken for log σ in the sampler, every gradient check would still pass. This would not."""
    draws = 100_000
    h = numpy.array([[0.7, -1.5, 2 * math.log(0.3), 2 * math.log(2.5)]])
    z = q.sample(h, rng.standard_normal((draws, 1, 2)))[:, 0]
    for i, (mu, sigma) in enumerate([(0.7, 0.3), (-1.5, 2.5)]):
        assert abs(z[:, i].mean() - mu) < 4 * sigma / math.sqrt(draws)
        assert abs(z[:, i].var() - sigma ** 2) < 4 * sigma ** 2 * math.sqrt(2 / draws)
    covariance = numpy.mean((z[:, 0] - 0.7) * (z[:, 1] + 1.5))
    assert abs(covariance) < 4 * 0.3 * 2.5 / math.sqrt(draws)


def test_kl_against_quadrature_in_one_dimension(rng):
    z = numpy.linspace(-30, 30, 60_001)
    for mu, logvar in rng.standard_normal((5, 2)):
        log_q = numpy.array([gaussian_log_density(v, mu, math.exp(logvar)) for v in z])
        log_p = numpy.array([gaussian_log_density(v, 0, 1) for v in z])
        by_quadrature = (numpy.exp(log_q) * (log_q - log_p)).sum() * (z[1] - z[0])
        assert q.kl(numpy.array([[mu, logvar]]))[0] == pytest.approx(by_quadrature, abs=1e-10)


def test_kl_against_monte_carlo(rng):
    h, draws = rng.standard_normal((3, 8)), 100_000
    eps = rng.standard_normal((draws, 3, 4))
    ratio = q.log_prob_of_sample(h, eps) - prior_log_prob(q.sample(h, eps))     # log q/p, whose mean is the KL
    z_score = (ratio.mean(axis=0) - q.kl(h)) / (ratio.std(axis=0) / math.sqrt(draws))
    assert numpy.abs(z_score).max() < 4


def test_kl_is_zero_at_the_prior_and_exact_in_float32_beside_it():
    assert q.kl(numpy.zeros((1, 6)))[0] == 0
    tiny = numpy.float32(1e-3)
    h = numpy.array([[0, tiny]], "float32")
    assert q.kl(h)[0] == pytest.approx(float(tiny) ** 2 / 4, rel=1e-2)      # ½(e^t − 1 − t) ≈ t²/4


@pytest.mark.parametrize("logvar", [-50.0, 50.0])
def test_extreme_log_variances_stay_finite(logvar):
    h = numpy.array([[0.5, logvar]], "float32")
    eps, one = numpy.ones((1, 1), "float32"), numpy.ones(1, "float32")
    for value in (q.sample(h, eps), q.kl(h), q.log_prob_of_sample(h, eps), q.kl_backward(one, h),
                  q.sample_backward(eps, h, eps), q.log_prob_of_sample_backward(one, h, eps)):
        assert numpy.isfinite(value).all() and value.dtype == "float32"


def test_shapes_with_and_without_samples(rng):
    h = rng.standard_normal((4, 6))
    for leading in ((), (5,)):
        eps = rng.standard_normal((*leading, 4, 3))
        assert q.sample(h, eps).shape == (*leading, 4, 3)
        assert q.log_prob_of_sample(h, eps).shape == (*leading, 4)
        assert q.sample_backward(eps, h, eps).shape == h.shape
    with pytest.raises(InputError, match=r"eps \(4, 2\) does not fit the mean \(4, 3\)"):
        q.sample(h, numpy.ones((4, 2)))


# FullGaussian

def test_the_encoder_output_is_mean_log_diagonal_and_the_rows_below(rng):
    h = numpy.array([[1.0, 2.0, 3.0, math.log(4), math.log(5), math.log(6), 0.1, 0.2, 0.3]])
    mean, C = full.mean_and_scale(h)
    assert full.n_outputs(3) == 9 and mean.tolist() == [[1, 2, 3]]
    numpy.testing.assert_allclose(C, [[[4, 0, 0], [0.1, 5, 0], [0.2, 0.3, 6]]])
    for latent_dim in (1, 2, 5):
        assert full.mean_and_scale(numpy.zeros((4, full.n_outputs(latent_dim))))[1].shape == (4, latent_dim, latent_dim)


def test_full_log_density_and_kl_against_the_textbook_formulas(rng):
    h, eps = rng.standard_normal((4, 9)), rng.standard_normal((2, 4, 3))
    z, (mu, C) = full.sample(h, eps), full.mean_and_scale(h)
    for n in range(4):
        covariance = C[n] @ C[n].T
        log_det = numpy.linalg.slogdet(covariance)[1]
        for l in range(2):
            distance = (z[l, n] - mu[n]) @ numpy.linalg.solve(covariance, z[l, n] - mu[n])
            expected = -0.5 * (distance + log_det + 3 * math.log(2 * math.pi))
            assert full.log_prob_of_sample(h, eps)[l, n] == pytest.approx(expected, rel=1e-10)
        assert full.kl(h)[n] == pytest.approx(0.5 * (numpy.trace(covariance) + mu[n] @ mu[n] - 3 - log_det), rel=1e-10)


def test_full_samples_have_the_moments_they_claim(rng):
    draws, h = 100_000, rng.standard_normal((1, 9))
    mu, C = full.mean_and_scale(h)
    covariance = C[0] @ C[0].T
    z = full.sample(h, rng.standard_normal((draws, 1, 3)))[:, 0] - mu[0]
    assert (numpy.abs(z.mean(axis=0)) < 4 * numpy.sqrt(numpy.diag(covariance) / draws)).all()
    error = numpy.sqrt((numpy.outer(numpy.diag(covariance), numpy.diag(covariance)) + covariance ** 2) / draws)
    assert (numpy.abs(z.T @ z / draws - covariance) < 4 * error).all()


def test_full_kl_against_monte_carlo(rng):
    h, draws = 0.5 * rng.standard_normal((3, 14)), 100_000
    eps = rng.standard_normal((draws, 3, 4))
    ratio = full.log_prob_of_sample(h, eps) - prior_log_prob(full.sample(h, eps))
    z_score = (ratio.mean(axis=0) - full.kl(h)) / (ratio.std(axis=0) / math.sqrt(draws))
    assert numpy.abs(z_score).max() < 4


def test_a_diagonal_factor_is_the_diagonal_gaussian(rng):
    h, eps = rng.standard_normal((4, 6)), rng.standard_normal((2, 4, 3))
    same = numpy.concatenate([h[:, :3], 0.5 * h[:, 3:], numpy.zeros((4, 3))], axis=1)
    for name in ("sample", "log_prob_of_sample"):
        numpy.testing.assert_allclose(getattr(full, name)(same, eps), getattr(q, name)(h, eps), rtol=1e-12)
    numpy.testing.assert_allclose(full.kl(same), q.kl(h), rtol=1e-12)


def test_an_encoder_output_of_impossible_size_is_refused():
    with pytest.raises(InputError, match=r"fits no number of latents; 2 need 5 columns, 3 need 9"):
        full.kl(numpy.zeros((1, 7)))
    with pytest.raises(InputError, match=r"h has shape \(1, 3\), but shape \(1, 2\)"):
        q.kl(numpy.zeros((1, 3)))


@pytest.mark.parametrize("q, n", [(DiagonalGaussian(), 6), (FullGaussian(), 9)])
def test_shapes_that_would_broadcast_to_something_wrong_are_refused(q, n):
    h, ones = numpy.zeros((4, n)), numpy.ones
    for eps in (ones((2, 1, 3)), ones((1, 3)), ones((2, 2, 4, 3))):
        for f in (q.sample, q.log_prob_of_sample, lambda h, eps: q.sample_backward(eps, h, eps)):
            with pytest.raises(InputError, match="does not fit the mean"):
                f(h, eps)
            with pytest.raises(InputError, match="does not fit the mean"):
                f(h[:1], ones((4, 3)))
    with pytest.raises(InputError, match="dz has shape"):
        q.sample_backward(ones((2, 4, 1)), h, ones((2, 4, 3)))
    with pytest.raises(InputError, match="dkl has shape"):
        q.kl_backward(ones(1), h)
    with pytest.raises(InputError, match="dlogq has shape"):
        q.log_prob_of_sample_backward(ones(4), h, ones((2, 4, 3)))
    with pytest.raises(InputError, match="dlogp has shape"):
        prior_log_prob_backward(ones(1), ones((4, 3)))


def test_the_slope_of_the_kl_is_exact_where_the_variance_is_nearly_1():
    """exp(10⁻⁶) − 1 in float32 is off by 5 %."""
    h = numpy.array([[0, 1e-6]], "float32")
    assert q.kl_backward(numpy.ones(1, "float32"), h)[0, 1] == pytest.approx(0.5e-6, rel=1e-3, abs=0)
