"""q, the estimators of ∇ ELBO, and fits, against exact answers."""

import math
from types import SimpleNamespace

import numpy
import pytest

from minivae import SGD, VAE, Adam
from minivae.errors import Diverged, InputError
from minivae.gradcheck import numerical_gradient
from minivae.inference import (ESTIMATORS, BetaBernoulli, CorrelatedGaussian, FixedDecoder, FullRankGaussian, GaussianMean,
                               LinearRegression, LogisticRegression, MeanFieldGaussian, Reparameterized, ScoreFunction,
                               UnknownMeanAndPrecision, coordinate_ascent, elbo, estimate_log_evidence, fit, gradient_moments,
                               gradient_variance, unconstrained)
from minivae.inference import compare, estimators, fitting
from minivae.inference.coordinate_ascent import gaussian_elbo, normal_gamma_elbo
from minivae.inference.distributions import MultivariateNormal, NormalTimesGamma, digamma
from minivae.inference.estimators import best_coefficient, reparameterized, score_function
from minivae.inference.examples import EXAMPLES

DATA = numpy.random.default_rng(8)
X = DATA.standard_normal((15, 3)) + 0.5
GAUSSIAN = {
    "gaussian-mean": GaussianMean(X, noise=1.5, prior_std=2.0),
    "linear-regression": LinearRegression(X, X @ [1.0, -0.5, 0.3] + DATA.standard_normal(15), noise=1.5),
    "correlated-gaussian": CorrelatedGaussian(numpy.array([0.5, -0.5, 0.2]), numpy.array(
        [[1.0, 0.7, 0.2], [0.7, 1.2, 0.4], [0.2, 0.4, 0.8]])),
}
NORMAL_GAMMA = UnknownMeanAndPrecision(1 + 0.6 * DATA.standard_normal(12), m0=0.5, kappa0=2.0, a0=1.5, b0=0.8)
COIN = BetaBernoulli(6, 4, a=10.0, b=10.0)
LOGISTIC = EXAMPLES["logistic-regression"].make(numpy)      # made once: its evidence is a sum over a grid


def mean_field(latent_dim, rng):
    return MeanFieldGaussian(0.5 * rng.standard_normal(latent_dim), numpy.exp(0.3 * rng.standard_normal(latent_dim) - 0.5))


def full_rank(latent_dim, rng):
    C = numpy.tril(0.4 * rng.standard_normal((latent_dim, latent_dim)), -1)
    return FullRankGaussian(0.5 * rng.standard_normal(latent_dim),
                            C + numpy.diag(numpy.exp(0.3 * rng.standard_normal(latent_dim) - 0.5)))


def as_distribution(q):
    return MultivariateNormal(q.mean().copy(), q.covariance())


def posterior_as_q(model):
    posterior = model.posterior()
    return FullRankGaussian(posterior.mean.copy(), numpy.linalg.cholesky(posterior.covariance))


# q

@pytest.mark.parametrize("make", [mean_field, full_rank])
def test_q_is_the_gaussian_it_says(make, rng):
    q = make(3, rng)
    eps, z = q.draw_noise(rng, 200_000), rng.standard_normal((20, 3))
    numpy.testing.assert_allclose(q.log_prob(z), as_distribution(q).log_prob(z), rtol=1e-11)
    numpy.testing.assert_allclose(q.noise(q.sample(eps)), eps, atol=1e-11)
    numpy.testing.assert_allclose(q.log_prob_of_sample(eps), q.log_prob(q.sample(eps)), atol=1e-11)
    assert float(q.entropy()) == pytest.approx(as_distribution(q).entropy(), abs=1e-12)
    draws = q.sample(eps)
    error = numpy.sqrt(q.covariance().diagonal() / len(eps))
    assert (abs(draws.mean(axis=0) - q.mean()) < 4 * error).all()
    numpy.testing.assert_allclose(numpy.cov(draws.T), q.covariance(), atol=0.02)


def test_the_factors_of_a_mean_field_q(rng):
    q = mean_field(3, rng)
    eps = q.draw_noise(rng, 5)
    numpy.testing.assert_allclose(q.log_prob_local(eps).sum(axis=1), q.log_prob_of_sample(eps), rtol=1e-12)
    single = MeanFieldGaussian(q.mean()[1:2], q.std()[1:2])
    numpy.testing.assert_allclose(q.log_prob_local(eps)[:, 1], single.log_prob_of_sample(eps[:, 1:2]), rtol=1e-12)


# log p(x) − ELBO = KL(q ‖ posterior)

def kl_of_gaussians(q, p):
    """½ [tr(Σ_p⁻¹ Σ_q) + (m_p − m_q)ᵀ Σ_p⁻¹ (m_p − m_q) − Z + log |Σ_p|/|Σ_q|]"""
    inverse, d = numpy.linalg.inv(p.covariance), p.mean - q.mean
    log_det = numpy.linalg.slogdet(p.covariance)[1] - numpy.linalg.slogdet(q.covariance)[1]
    return 0.5 * (numpy.trace(inverse @ q.covariance) + d @ inverse @ d - len(d) + log_det)


@pytest.mark.parametrize("make", [mean_field, full_rank])
@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_gap_is_the_kl_of_gaussian_models(name, make, rng):
    model = GAUSSIAN[name]
    for _ in range(5):
        q = as_distribution(make(3, rng))
        assert model.log_evidence() - gaussian_elbo(model, q) == pytest.approx(
            kl_of_gaussians(q, model.posterior()), abs=1e-10)


def test_the_gap_is_the_kl_of_normal_gamma(rng):
    p = NORMAL_GAMMA.posterior()
    for _ in range(5):
        q = NormalTimesGamma(rng.standard_normal(), *numpy.exp(rng.standard_normal(3)).tolist())
        tau, log_tau = q.a / q.b, digamma(q.a) - math.log(q.b)
        expected_log_p = (0.5 * (math.log(p.kappa / (2 * math.pi)) + log_tau - p.kappa * tau * ((q.m - p.m) ** 2 + 1 / q.lam))
                          + p.a * math.log(p.b) - math.lgamma(p.a) + (p.a - 1) * log_tau - p.b * tau)
        kl = -q.entropy() - expected_log_p
        assert kl > 0
        assert NORMAL_GAMMA.log_evidence() - normal_gamma_elbo(NORMAL_GAMMA, q) == pytest.approx(kl, abs=1e-10)


@pytest.mark.parametrize("model", [COIN, EXAMPLES["one-latent"].make(numpy)])
def test_the_gap_is_the_kl_by_quadrature(model, rng):
    free, posterior = unconstrained(model), model.posterior()
    for _ in range(5):
        q = mean_field(1, rng)
        zeta = numpy.linspace(-12, 12, 100_001)[:, None] * q.std() + q.mean()
        dz = float(zeta[1, 0] - zeta[0, 0])
        log_q = q.log_prob(zeta)
        if free is model:
            log_posterior = posterior.log_prob(zeta)
        else:
            log_posterior = posterior.log_prob(free.constrain(zeta)) + free.log_jacobian(zeta)[:, 0]
        bound = (numpy.exp(log_q) * (free.log_joint(zeta) - log_q)).sum() * dz
        kl = (numpy.exp(log_q) * (log_q - log_posterior)).sum() * dz
        assert kl > 0 and model.log_evidence() - bound == pytest.approx(kl, abs=1e-10)
        estimate = elbo(free, q, rng, 100_000)
        assert abs(estimate.mean - bound) < 4 * estimate.error < 0.1


@pytest.mark.parametrize("name", GAUSSIAN)
def test_at_the_posterior_every_sample_gives_log_p_of_x(name, rng):
    model, q = GAUSSIAN[name], posterior_as_q(GAUSSIAN[name])
    estimate = elbo(model, q, rng, 100)
    assert estimate.mean == pytest.approx(model.log_evidence(), abs=1e-11) and estimate.error < 1e-12
    estimate = estimate_log_evidence(model, q, rng, 100)
    assert estimate.mean == pytest.approx(model.log_evidence(), abs=1e-11) and estimate.error < 1e-12


def test_importance_sampling_finds_the_evidence_from_a_q_that_is_off(rng):
    model = GAUSSIAN["linear-regression"]
    q = FullRankGaussian(model.posterior().mean + 0.1, 1.3 * numpy.linalg.cholesky(model.posterior().covariance))
    estimate = estimate_log_evidence(model, q, rng, 100_000)
    assert abs(estimate.mean - model.log_evidence()) < 4 * estimate.error < 0.05
    assert elbo(model, q, rng).mean < model.log_evidence() - 0.2


# Estimators

def exact_gradient(bound, q):
    """∇ of bound(q) by its knobs, by differences of the exact ELBO."""
    return numerical_gradient(lambda knobs: bound(q), q.knobs)


def require_unbiased(model, q, estimator, exact, rng, n_samples=1000, repeats=100):
    moments = gradient_moments(model, q, estimator, n_samples, rng, repeats)
    # What has no variance beyond rounding must be exact: that is in the 1e-9.
    z_score = (moments.mean - exact) / (numpy.sqrt(moments.variance / repeats) + 1e-9)
    assert numpy.abs(z_score).max() < 4, z_score


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("name", GAUSSIAN)
def test_every_estimator_is_right_on_average(name, estimator, rng):
    """Over 10⁵ samples, with both q; the exact ELBO of a Gaussian model is known."""
    model = GAUSSIAN[name]
    for make in [mean_field] if "rb" in estimator else [mean_field, full_rank]:
        q = make(3, rng)
        exact = exact_gradient(lambda q: gaussian_elbo(model, as_distribution(q)), q)
        require_unbiased(model, q, ESTIMATORS[estimator](), exact, rng)


def normal_gamma_gaussian_elbo(q):
    """The ELBO of q = N(μ; m, s²) N(log τ; l, t²), from the definition of the model: E[τ] = exp(l + t²/2)."""
    p = NORMAL_GAMMA
    (m, l), (s, t) = q.mean(), q.std()
    tau = math.exp(l + t * t / 2)
    squares = p.scatter + p.N * ((p.mean_x - m) ** 2 + s * s) + p.kappa0 * ((m - p.m0) ** 2 + s * s)
    log_joint = (0.5 * (p.N + 1) * (l - math.log(2 * math.pi)) + 0.5 * math.log(p.kappa0) - 0.5 * tau * squares
                 + p.a0 * math.log(p.b0) - math.lgamma(p.a0) + (p.a0 - 1) * l - p.b0 * tau)
    return log_joint + l + float(q.entropy())       # l: the log-Jacobian, log τ


def coin_elbo(q):
    zeta = numpy.linspace(-12, 12, 4001)[:, None] * q.std() + q.mean()
    log_q = q.log_prob(zeta)
    log_p = unconstrained(COIN).log_joint(zeta)
    return float((numpy.exp(log_q) * (log_p - log_q)).sum() * (zeta[1, 0] - zeta[0, 0]))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("model, bound", [(NORMAL_GAMMA, normal_gamma_gaussian_elbo), (COIN, coin_elbo)])
def test_every_estimator_is_right_on_average_after_a_transform(model, bound, estimator, rng):
    q = mean_field(model.latent_dim, rng)
    require_unbiased(unconstrained(model), q, ESTIMATORS[estimator](), exact_gradient(bound, q), rng)


@pytest.mark.parametrize("estimator", ["score-cv", "score-rb-cv"])
def test_a_control_variate_is_unbiased_with_few_samples(estimator, rng):
    """With a sample's own value in its own coefficient, the estimate would be off by 1/S of it: 60 standard errors."""
    model, q = GAUSSIAN["gaussian-mean"], mean_field(3, rng)
    exact = exact_gradient(lambda q: gaussian_elbo(model, as_distribution(q)), q)
    require_unbiased(model, q, ESTIMATORS[estimator](), exact, rng, n_samples=3, repeats=2000)


def test_the_coefficient_is_the_best_one(rng):
    """Any other a, larger or smaller, makes the variance of (f − a) ∇ log q larger, knob by knob."""
    model, q = GAUSSIAN["linear-regression"], mean_field(3, rng)
    eps = q.draw_noise(rng, 100_000)
    score, f = q.score(eps), (model.log_joint(q.sample(eps)) - q.log_prob_of_sample(eps))[:, None]
    a = best_coefficient(score, f)
    assert a.std(axis=0).max() < 1e-2, "one sample more or less moves it little"
    least = ((f - a) * score).var(axis=0)
    for other in (a.mean(axis=0) - 1, a.mean(axis=0) + 1):
        assert (((f - other) * score).var(axis=0) > least).all()
    numpy.testing.assert_allclose(a[7], (f * score ** 2)[numpy.arange(len(f)) != 7].sum(axis=0)
                                  / (score ** 2)[numpy.arange(len(f)) != 7].sum(axis=0), rtol=1e-10)


def test_one_sample_that_outweighs_all_others_does_no_harm(rng):
    """In float32 the sum of all, less the largest, is 0; summed without the largest, it is not."""
    score = numpy.array([[1e-3], [1e3], [2e-3]], "float32")
    f = numpy.array([[1.0], [5.0], [2.0]], "float32")
    expected = [[5.0], [(1e-6 + 2 * 4e-6) / 5e-6], [5.0]]
    numpy.testing.assert_allclose(best_coefficient(score, f), expected, rtol=1e-5)


@pytest.mark.parametrize("theta", [0.0, 0.5, 2.0])
def test_the_toy_has_the_variances_of_the_books(theta, rng):
    """E_{N(θ,1)}[x²] has the gradient 2θ; one sample's variance is 4, or θ⁴ + 14 θ² + 15 by the score function."""
    q = MeanFieldGaussian(numpy.array([theta]), numpy.ones(1))
    eps = q.draw_noise(rng, 1_000_000)
    x = q.sample(eps)
    by_path, by_score = reparameterized(q, eps, 2 * x)[:, 0], score_function(q, eps, x * x)[:, 0]
    for rows, variance in ((by_path, 4), (by_score, theta ** 4 + 14 * theta ** 2 + 15)):
        assert abs(rows.mean() - 2 * theta) < 4 * math.sqrt(variance / len(rows))
        assert rows.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_order_of_variances(name):
    """Score function > with control variate > and Rao-Blackwellized > reparameterized: same q, same samples.

    The closest two differ by 10 %, of which the standard error is a fifth, because the samples are the same.
    """
    model = EXAMPLES[name].make(numpy)
    q = MeanFieldGaussian(numpy.zeros(model.latent_dim), numpy.ones(model.latent_dim))
    variances = [gradient_variance(model, q, ESTIMATORS[estimator](), 100, numpy.random.default_rng(0), repeats=400).sum()
                 for estimator in ("score", "score-cv", "score-rb-cv", "reparam")]
    assert variances[0] > variances[1] > variances[2] > variances[3], variances


def test_a_running_baseline_lowers_the_variance(rng):
    model, q = GAUSSIAN["gaussian-mean"], mean_field(3, rng)
    plain, baseline = (gradient_variance(model, q, ESTIMATORS[name](), 10, rng).sum()
                       for name in ("score", "score-baseline"))
    assert baseline < plain / 3


def test_a_running_baseline_knows_only_the_past(rng):
    """Its first step is that of the plain score function; afterwards it is a mean of what came before."""
    model, q = GAUSSIAN["gaussian-mean"], mean_field(3, rng)
    estimator, eps = ScoreFunction(baseline=0.9), q.draw_noise(rng, 10)
    f = model.log_joint(q.sample(eps)) - q.log_prob_of_sample(eps)
    numpy.testing.assert_allclose(estimator.rows(model, q, eps), ScoreFunction().rows(model, q, eps))
    assert estimator.running_mean == pytest.approx(0.1 * f.mean())
    numpy.testing.assert_allclose(estimator.rows(model, q, eps), q.score(eps) * (f - 0.1 * f.mean())[:, None])


@pytest.mark.parametrize("name", GAUSSIAN)
def test_path_only_has_no_variance_at_the_posterior(name, rng):
    model, q = GAUSSIAN[name], posterior_as_q(GAUSSIAN[name])
    assert gradient_variance(model, q, Reparameterized("path-only"), 10, rng, repeats=100).max() < 1e-20
    assert gradient_variance(model, q, Reparameterized("analytic-entropy"), 10, rng, repeats=100).max() > 1e-3


@pytest.mark.parametrize("make", [mean_field, full_rank])
def test_full_monte_carlo_is_analytic_entropy_sample_by_sample(make, rng):
    q = make(3, rng)
    eps, model = q.draw_noise(rng, 20), GAUSSIAN["linear-regression"]
    rows = [Reparameterized(form).rows(model, q, eps) for form in ("analytic-entropy", "monte-carlo", "path-only")]
    numpy.testing.assert_allclose(rows[0], rows[1], rtol=1e-9, atol=1e-9)
    assert numpy.abs(rows[0] - rows[2]).max() > 0.1


# Fits

def fitted(model, q, estimator="path-only", n_samples=10, steps=2500, lr=0.05, seed=0):
    optimizer = Adam(q.knobs, lr=lr)
    for step in fit(model, q, ESTIMATORS[estimator](), optimizer, n_samples, steps, numpy.random.default_rng(seed)):
        optimizer.lr = lr * min(1, 100 ** (1 - 2 * step.step / steps))
    return q, step


def standard(family, model):
    return family(numpy.zeros(model.latent_dim), numpy.ones(model.latent_dim))


@pytest.mark.parametrize("name", GAUSSIAN)
def test_a_full_rank_q_finds_the_posterior(name):
    model = GAUSSIAN[name]
    q, last = fitted(model, standard(FullRankGaussian, model), steps=1000)
    numpy.testing.assert_allclose(q.mean(), model.posterior().mean, atol=1e-5)
    numpy.testing.assert_allclose(q.covariance(), model.posterior().covariance, atol=1e-5)
    assert last.elbo == pytest.approx(model.log_evidence(), abs=1e-5)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_a_mean_field_q_finds_the_mean_and_too_small_a_variance(name):
    """The variances are 1/Λ_ii, those of each latent with the others known."""
    model = GAUSSIAN[name]
    q, _ = fitted(model, standard(MeanFieldGaussian, model), n_samples=200, steps=1200)
    precision = numpy.linalg.inv(model.posterior().covariance)
    numpy.testing.assert_allclose(q.mean(), model.posterior().mean, atol=0.01)
    numpy.testing.assert_allclose(q.std() ** 2, 1 / precision.diagonal(), rtol=0.02)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_climbs(estimator, rng):
    model = LOGISTIC
    q, _ = fitted(model, standard(MeanFieldGaussian, model), estimator, n_samples=50, steps=600)
    assert -17.0 < elbo(model, q, rng, 20_000).mean < model.log_evidence()     # from −100 at the start; −16.75 at best


def test_advi_on_a_coin(rng):
    free = unconstrained(COIN)
    q, _ = fitted(free, standard(MeanFieldGaussian, free), steps=1000)
    assert free.constrain(q.sample(q.draw_noise(rng, 100_000))).mean() == pytest.approx(16 / 30, abs=0.01)


@pytest.mark.parametrize("family", [MeanFieldGaussian, FullRankGaussian])
def test_advi_on_normal_gamma(family, rng):
    free = unconstrained(NORMAL_GAMMA)
    q, _ = fitted(free, standard(family, free), n_samples=20, steps=1000)
    means = free.constrain(q.sample(q.draw_noise(rng, 200_000))).mean(axis=0)
    numpy.testing.assert_allclose(means, NORMAL_GAMMA.posterior().mean, rtol=0.02)


def test_inference_for_one_image_beats_the_encoder(rng):
    """The decoder-fixed half of the VAE: q fitted to one image has a higher ELBO than the encoder's."""
    vae = VAE(6, 2, hidden=(8,), dtype="float64", backend="numpy", seed=1)
    vae.parameters.flat[...] *= 3
    x = numpy.array([1.0, 0, 1, 1, 0, 0])
    mean, std = (part[0] for part in vae.encode(x[None]))
    model, encoder = FixedDecoder(vae, x), MeanFieldGaussian(mean, std)
    q, _ = fitted(model, MeanFieldGaussian(mean, std), n_samples=20, steps=1000)
    ours, theirs = elbo(model, q, rng), elbo(model, encoder, rng)
    assert theirs.mean + 4 * theirs.error < ours.mean < model.log_evidence()


def test_a_fit_reports_each_step_and_leaves_nothing_to_chance():
    model, results = GAUSSIAN["gaussian-mean"], []
    for _ in range(2):
        q = standard(MeanFieldGaussian, model)
        steps = list(fit(model, q, Reparameterized(), SGD(q.knobs, lr=0.01), 5, 10, numpy.random.default_rng(1)))
        assert [step.step for step in steps] == list(range(11))
        assert (steps[0].knobs == 0).all() and (steps[-1].knobs == q.knobs).all() and (q.knobs != 0).any()
        results.append(steps[-1])
    assert results[0].elbo == results[1].elbo and (results[0].knobs == results[1].knobs).all()


# Coordinate ascent

def test_coordinate_ascent_on_normal_gamma():
    """The design's updates, done once by hand; a q that never falls, and stays strictly below log p(x)."""
    model = NORMAL_GAMMA
    updates = list(coordinate_ascent(model, 20))
    assert [u.factor for u in updates[:3]] == ["start", "μ", "τ"]
    start, first, second = (u.q for u in updates[:3])
    N, mean = model.N, model.mean_x
    assert first.m == pytest.approx((2.0 * 0.5 + N * mean) / (2 + N))
    assert first.lam == pytest.approx((2 + N) * start.a / start.b)
    assert second.a == 1.5 + (N + 1) / 2
    expected = sum((x - first.m) ** 2 + 1 / first.lam for x in _observations())
    assert second.b == pytest.approx(0.8 + 0.5 * (expected + 2.0 * ((first.m - 0.5) ** 2 + 1 / first.lam)))
    bounds = [u.elbo for u in updates]
    assert all(after >= before - 1e-12 for before, after in zip(bounds, bounds[1:])) and bounds[-1] > bounds[0] + 1
    assert bounds[-1] < model.log_evidence() - 1e-3


def _observations():
    rng = numpy.random.default_rng(8)
    rng.standard_normal((15, 3)), rng.standard_normal(15)
    return 1 + 0.6 * rng.standard_normal(12)


def test_coordinate_ascent_ends_where_no_small_change_helps():
    q = list(coordinate_ascent(NORMAL_GAMMA, 50))[-1].q
    best = normal_gamma_elbo(NORMAL_GAMMA, q)
    for factors in numpy.eye(4) * 0.01:
        for sign in (1, -1):
            m, lam, a, b = numpy.array([q.m, q.lam, q.a, q.b]) * (1 + sign * factors)
            assert normal_gamma_elbo(NORMAL_GAMMA, NormalTimesGamma(m, lam, a, b)) < best


@pytest.mark.parametrize("name", GAUSSIAN)
def test_coordinate_ascent_on_gaussian_models(name):
    model = GAUSSIAN[name]
    updates = list(coordinate_ascent(model, 200))
    bounds = [u.elbo for u in updates]
    assert all(after >= before - 1e-11 for before, after in zip(bounds, bounds[1:])) and bounds[-1] > bounds[0]
    precision = numpy.linalg.inv(model.posterior().covariance)
    q = updates[-1].q
    numpy.testing.assert_allclose(q.mean, model.posterior().mean, atol=1e-9)
    numpy.testing.assert_allclose(q.covariance, numpy.diag(1 / precision.diagonal()), atol=1e-12)
    gap = 0.5 * (numpy.log(precision.diagonal()).sum() - numpy.linalg.slogdet(precision)[1])
    assert model.log_evidence() - bounds[-1] == pytest.approx(gap, abs=1e-9)


# The same on the device

DEVICE = {**{name: EXAMPLES[name].make for name in EXAMPLES},
          "image": lambda xp: FixedDecoder(VAE(4, 2, hidden=(5,), dtype="float64", seed=3,
                                               backend="numpy" if xp is numpy else "cupy"), xp.asarray(numpy.array([1.0, 0, 0, 1])))}


@pytest.mark.parametrize("name", DEVICE)
def test_all_of_it_on_the_device(name, device):
    results = []
    for xp in (numpy, device):
        model, rng, knobs = DEVICE[name](xp), numpy.random.default_rng(0), []
        free = unconstrained(model)
        for family in (MeanFieldGaussian, FullRankGaussian):
            for estimator in ESTIMATORS:
                if family is MeanFieldGaussian or "rb" not in estimator:
                    q = family(xp.zeros(free.latent_dim), xp.ones(free.latent_dim))
                    steps = list(fit(free, q, ESTIMATORS[estimator](), Adam(q.knobs), 4, 3, rng))
                    knobs.append([*steps[-1].knobs, steps[-1].elbo])
            knobs.append([*elbo(free, q, rng, 10), *estimate_log_evidence(free, q, rng, 10),
                          *gradient_variance(free, q, Reparameterized(), 2, rng, repeats=2)])
        knobs.append([model.log_evidence(), *model.posterior().mean])
        if name in (*GAUSSIAN, "normal-gamma"):
            *_, last = coordinate_ascent(model, 3)
            knobs.append([last.elbo])
        results.append(numpy.concatenate(knobs))
    numpy.testing.assert_allclose(results[0], results[1], rtol=1e-9)


def test_float32_stays_float32(rng):
    q = FullRankGaussian(numpy.zeros(3, "float32"), numpy.ones(3, "float32"))
    eps = q.draw_noise(rng, 4)
    for result in (eps, q.knobs, q.sample(eps), q.score(eps), q.log_prob_gradient(eps), q.entropy_gradient(), q.covariance()):
        assert result.dtype == numpy.float32


# Bad input

class OnlyValues:
    def log_joint(self, z):
        return -(z * z).sum(axis=1)


class OnlyAName:
    pass


class ForgotTheSum:
    support = ("real",) * 3

    def log_joint(self, z):
        return -(z * z)[:, :1]

    def log_joint_gradient(self, z):
        return -2 * z.sum(axis=1)


class Positive:
    """A user's own model, with a positive latent and no gradient."""
    names, support = ("s",), ("positive",)

    def log_joint(self, z):
        return -z[:, 0]


Q = MeanFieldGaussian(numpy.zeros(3), numpy.ones(3))
FULL = FullRankGaussian(numpy.zeros(3), numpy.ones(3))
EPS = numpy.random.default_rng(0).standard_normal((4, 3))


def fit_once(model, q, estimator=None, optimizer=None, n_samples=4, steps=1):
    return list(fit(model, q, estimator or Reparameterized(), optimizer or Adam(q.knobs), n_samples, steps,
                    numpy.random.default_rng(0)))


BAD = [
    (lambda: MeanFieldGaussian(numpy.zeros(3), numpy.ones(2)), r"std has shape \(2,\), but shape \(3,\)"),
    (lambda: MeanFieldGaussian(numpy.zeros(2), numpy.array([1.0, -1])), "std ranges from -1 to 1, but all values must be finite and above 0"),
    (lambda: MeanFieldGaussian(numpy.zeros(2), numpy.array([1.0, numpy.nan])), "std ranges from nan"),
    (lambda: FullRankGaussian(numpy.zeros(2), numpy.ones((2, 2))), "not lower triangular"),
    (lambda: FullRankGaussian(numpy.zeros(2), numpy.zeros((2, 2))), "the diagonal of scale ranges from 0 to 0"),
    (lambda: FullRankGaussian(numpy.zeros(3), numpy.eye(2)), r"scale has shape \(2, 2\)"),
    (lambda: ScoreFunction(baseline=1.0), "baseline is 1.0"),
    (lambda: Reparameterized("entropy"), "unknown form 'entropy'; choose analytic-entropy, monte-carlo, path-only"),
    (lambda: ScoreFunction(control_variate=True).rows(GAUSSIAN["gaussian-mean"], Q, EPS[:1]), "n_samples is 1; give 2 or more"),
    (lambda: ScoreFunction(rao_blackwell=True).rows(GAUSSIAN["gaussian-mean"], FULL, EPS), "needs a q that factorizes"),
    (lambda: ScoreFunction(rao_blackwell=True).rows(OnlyValues(), Q, EPS), r"OnlyValues has no log_joint_local\(z\).*or use another estimator"),
    (lambda: Reparameterized().rows(OnlyValues(), Q, EPS), r"no log_joint_gradient\(z\).*or use a score-function"),
    (lambda: ScoreFunction().rows(OnlyAName(), Q, EPS), r"OnlyAName has no log_joint\(z\)"),
    (lambda: elbo(ForgotTheSum(), Q, DATA), r"log_joint\(z\) of ForgotTheSum has shape \(10000, 1\), but shape \(10000,\)"),
    (lambda: Reparameterized().rows(ForgotTheSum(), Q, EPS), r"log_joint_gradient\(z\) of ForgotTheSum has shape \(4,\)"),
    (lambda: Reparameterized().rows(unconstrained(Positive()), MeanFieldGaussian(numpy.zeros(1), numpy.ones(1)), EPS[:, :1]),
     r"Positive has no log_joint_gradient\(z\).*or use a score-function"),
    (lambda: elbo(NORMAL_GAMMA, Q, DATA), r"latent with support 'positive'"),
    (lambda: estimate_log_evidence(NORMAL_GAMMA, Q, DATA), r"latent with support 'positive'"),
    (lambda: elbo(GAUSSIAN["gaussian-mean"], Q, DATA, n_samples=1), "n_samples is 1, but a standard error needs"),
    (lambda: MeanFieldGaussian([0.0], [1.0]), r"mean is a list, but an array is needed"),
    (lambda: MeanFieldGaussian(numpy.zeros((2, 2)), numpy.ones(2)), r"mean has shape \(2, 2\)"),
    (lambda: MeanFieldGaussian(numpy.array([numpy.nan]), numpy.ones(1)), "mean contains NaN"),
    (lambda: FullRankGaussian(numpy.zeros(2), numpy.ones(3)), r"scale has shape \(3,\), but shape \(2,\)"),
    (lambda: fit_once(NORMAL_GAMMA, Q), r"latent with support 'positive'.*pass unconstrained\(model\)"),
    (lambda: fit_once(COIN, Q), r"latent with support 'unit'"),
    (lambda: fit_once(unconstrained(COIN), Q), "q has 3 latents, but Unconstrained has 1"),
    (lambda: fit_once(GAUSSIAN["gaussian-mean"], Q, optimizer=Adam(numpy.zeros(6))), "make it with q.knobs"),
    (lambda: fit_once(GAUSSIAN["gaussian-mean"], Q, n_samples=0), "n_samples is 0"),
    (lambda: fit_once(GAUSSIAN["gaussian-mean"], Q, steps=-3), "steps is -3"),
    (lambda: gradient_variance(GAUSSIAN["gaussian-mean"], Q, Reparameterized(), 4, DATA, repeats=0), "repeats is 0"),
    (lambda: gradient_variance(COIN, Q, Reparameterized(), 4, DATA), "pass unconstrained"),
    (lambda: coordinate_ascent(LogisticRegression(X, numpy.ones(15)), 3), "no updates for LogisticRegression; use it for GaussianMean"),
    (lambda: coordinate_ascent(NORMAL_GAMMA, 0), "sweeps is 0"),
]


@pytest.mark.parametrize("action, message", BAD)
def test_bad_input_is_named(action, message):
    with pytest.raises(InputError, match=message):
        action()


def test_a_user_s_own_model_needs_no_base_class(rng):
    """Two functions are enough; the values alone, for the score function."""
    q = MeanFieldGaussian(numpy.ones(2), numpy.ones(2))
    steps = fit_once(OnlyValues(), q, ScoreFunction(control_variate=True), Adam(q.knobs, lr=0.05), 50, 500)
    numpy.testing.assert_allclose(q.mean(), 0, atol=0.1)
    assert len(steps) == 501


def test_divergence_is_told():
    q = MeanFieldGaussian(numpy.zeros(3), numpy.ones(3))
    with numpy.errstate(all="ignore"), pytest.raises(Diverged, match="at step .*; try a smaller learning rate"):
        fit_once(GAUSSIAN["linear-regression"], q, optimizer=SGD(q.knobs, lr=100.0), steps=200)


def test_a_running_mean_is_kept_for_each_latent_where_the_terms_are(rng):
    model, q = GaussianMean(rng.standard_normal((5, 3))), MeanFieldGaussian(numpy.zeros(3), numpy.ones(3))
    estimator, eps = ScoreFunction(rao_blackwell=True, baseline=0.9), q.draw_noise(rng, 10)
    f = q.per_knob(model.log_joint_local(q.sample(eps)) - q.log_prob_local(eps))
    estimator.rows(model, q, eps)
    numpy.testing.assert_allclose(estimator.running_mean, 0.1 * f.mean(axis=0))
    assert ScoreFunction(baseline=0.0).baseline == 0


def test_moments_are_taken_after_a_burn_in_and_without_bias(rng):
    class Counts:
        calls = 0

        def rows(self, model, q, eps):
            self.calls += 1
            return numpy.full((len(eps), 2), float(self.calls))
    q = MeanFieldGaussian(numpy.zeros(1), numpy.ones(1))
    moments = gradient_moments(object(), q, Counts(), 2, rng, repeats=3)
    assert moments.mean.tolist() == [52, 52] and moments.variance.tolist() == [1, 1]        # of calls 51, 52, 53


def test_the_error_of_an_estimate_is_the_spread_of_many(rng):
    model, q = GaussianMean(numpy.ones((4, 2))), MeanFieldGaussian(0.6 * numpy.ones(2), numpy.ones(2))
    estimates = [estimate_log_evidence(model, q, rng, 100) for _ in range(200)]
    spread = numpy.std([estimate.mean for estimate in estimates])
    assert numpy.mean([estimate.error for estimate in estimates]) == pytest.approx(spread, rel=0.3)


def test_all_samples_are_drawn_in_whatever_portions(rng):
    model, q = GaussianMean(numpy.ones((4, 1))), MeanFieldGaussian(numpy.zeros(1), numpy.ones(1))
    assert len(fitting._many_log_weights(model, q, rng, 25, portion=10)) == 25


def test_a_gradient_that_is_no_number_moves_no_knob(rng):
    class NaNGradient(GaussianMean):
        def log_joint_gradient(self, z):
            return math.nan * z
    q = MeanFieldGaussian(numpy.zeros(2), numpy.ones(2))
    with pytest.raises(Diverged, match="at step 0"):
        list(fit(NaNGradient(numpy.ones((4, 2))), q, Reparameterized(), SGD(q.knobs), 4, 1, rng))
    assert numpy.isfinite(q.knobs).all()


def test_updates_of_coordinate_ascent_are_snapshots():
    updates = list(coordinate_ascent(GaussianMean(numpy.ones((4, 2))), 1))
    assert (updates[0].q.mean == 0).all() and updates[1].q.mean[1] == 0 and updates[2].q.mean[1] != 0
    assert updates[1].q.mean[0] != 0 and updates[0].factor == "start"


def test_a_q_that_is_none_is_refused(rng):
    for std in (math.inf, 0.0):
        with pytest.raises(InputError, match="std ranges from"):
            MeanFieldGaussian(numpy.zeros(2), numpy.array([1.0, std]))
    with pytest.raises(InputError, match="n_samples is 0"):
        MeanFieldGaussian(numpy.zeros(1), numpy.ones(1)).draw_noise(rng, 0)


def test_the_sum_of_the_others(rng):
    rows = rng.standard_normal((5, 2))
    expected = [numpy.delete(rows, i, axis=0).sum(axis=0) for i in range(5)]
    numpy.testing.assert_allclose(estimators._sum_of_others(rows), expected)


def test_coordinate_ascent_makes_as_many_sweeps_as_it_is_told(rng):
    updates = list(coordinate_ascent(UnknownMeanAndPrecision(rng.standard_normal(5)), 3))
    assert len(updates) == 1 + 3 * 2


def test_all_estimators_get_the_same_noise_and_the_fit_before_them_a_falling_rate(monkeypatch, capsys):
    rates, noises = [], []

    def recorded_fit(model, q, estimator, optimizer, n_samples, steps, rng):
        for step in (1, 1000, 2000):
            yield SimpleNamespace(step=step)
            rates.append(optimizer.lr)

    def recorded_variance(model, q, estimator, n_samples, noise, repeats):
        noises.append(noise.random())
        return numpy.ones(2)
    monkeypatch.setattr(compare, "fit", recorded_fit)
    monkeypatch.setattr(compare, "gradient_variance", recorded_variance)
    compare.print_variances({"gaussian-mean": EXAMPLES["gaussian-mean"]}, numpy, 10, 10, seed=3)
    numpy.testing.assert_allclose(rates, [0.05 * 0.01 ** (1 / 2000), 0.005, 0.0005])
    assert noises == [numpy.random.default_rng(3).random()] * (2 * len(ESTIMATORS))


def test_a_step_follows_the_mean_of_the_gradients_of_the_samples():
    model = GaussianMean(numpy.array([[1.0], [3.0]]))
    q, estimator = MeanFieldGaussian(numpy.zeros(1), numpy.ones(1)), ESTIMATORS["reparam"]()
    rows = estimator.rows(model, q, q.draw_noise(numpy.random.default_rng(0), 4))
    first, second = fit(model, q, estimator, SGD(q.knobs, lr=0.1), 4, 1, numpy.random.default_rng(0))
    numpy.testing.assert_allclose(second.knobs - first.knobs, 0.1 * rows.mean(axis=0), rtol=1e-12)
