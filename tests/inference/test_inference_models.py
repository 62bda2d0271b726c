"""The models of variational inference, against their definitions and against Bayes' rule."""

import math

import numpy
import pytest

from minivae import VAE, Bernoulli, Categorical, FullGaussian, Gaussian
from minivae.errors import InputError
from minivae.inference import (BetaBernoulli, CorrelatedGaussian, FixedDecoder, GaussianMean, LinearRegression,
                               LogisticRegression, NonlinearDecoder, UnknownMeanAndPrecision, unconstrained)
from minivae.inference.distributions import Beta, Grid, MultivariateNormal, NormalGamma, NormalTimesGamma, digamma
from minivae.inference.model import Model
from minivae.inference.transforms import Sigmoid

DATA = numpy.random.default_rng(5)
X, Y = DATA.standard_normal((12, 3)), DATA.standard_normal(12)
LABELS = (DATA.random(12) < 0.5).astype(float)
COVARIANCE = numpy.array([[2.0, 0.9, 0.1], [0.9, 1.0, -0.3], [0.1, -0.3, 0.5]])
CONJUGATE = {
    "gaussian-mean": GaussianMean(X, noise=0.7, prior_mean=0.5, prior_std=2.0),
    "linear-regression": LinearRegression(X, Y, noise=0.7, prior_std=1.5),
    "correlated-gaussian": CorrelatedGaussian(numpy.array([1.0, -1.0, 0.5]), COVARIANCE),
    "normal-gamma": UnknownMeanAndPrecision(Y, m0=0.5, kappa0=2.0, a0=1.5, b0=0.8),
    "beta-bernoulli": BetaBernoulli(6, 4, a=10.0, b=10.0),
}
OTHER = {
    "logistic-regression": LogisticRegression(X[:, :2], LABELS, prior_std=1.5),
    "one-latent": NonlinearDecoder(Y[:4], X[0, :2], X[1, :2], X[:8].reshape(2, 12)[:, :4], noise=0.4),
}
ALL = {**CONJUGATE, **OTHER}


def latents(model, n, rng):
    """n random values of z that the model allows."""
    z = rng.standard_normal((n, model.latent_dim))
    free = unconstrained(model)
    return z if free is model else free.constrain(z)


def normal_log_density(x, mean, std):
    return -0.5 * ((x - mean) / std) ** 2 - math.log(std) - 0.5 * math.log(2 * math.pi)


# Each log_joint, one number after the other, from the sentence in its docstring.

def by_definition(name, z):
    if name == "gaussian-mean":
        return sum(normal_log_density(x, zi, 0.7) for row in X for x, zi in zip(row, z)) + sum(
            normal_log_density(zi, 0.5, 2.0) for zi in z)
    if name == "linear-regression":
        return sum(normal_log_density(y, sum(a * w for a, w in zip(x, z)), 0.7) for x, y in zip(X, Y)) + sum(
            normal_log_density(w, 0, 1.5) for w in z)
    if name == "correlated-gaussian":
        d = z - [1.0, -1.0, 0.5]
        return -0.5 * (d @ numpy.linalg.inv(COVARIANCE) @ d + math.log(numpy.linalg.det(2 * math.pi * COVARIANCE)))
    if name == "normal-gamma":
        mu, tau = z
        log_gamma = 1.5 * math.log(0.8) - math.lgamma(1.5) + 0.5 * math.log(tau) - 0.8 * tau
        return sum(normal_log_density(x, mu, tau ** -0.5) for x in Y) + normal_log_density(
            mu, 0.5, (2.0 * tau) ** -0.5) + log_gamma
    if name == "beta-bernoulli":
        log_beta = math.log(math.factorial(19) / math.factorial(9) ** 2) + 9 * math.log(z[0]) + 9 * math.log(1 - z[0])
        return 6 * math.log(z[0]) + 4 * math.log(1 - z[0]) + log_beta
    if name == "logistic-regression":
        probabilities = [1 / (1 + math.exp(-(x[0] * z[0] + x[1] * z[1]))) for x in X]
        return sum(math.log(p if label else 1 - p) for p, label in zip(probabilities, LABELS)) + sum(
            normal_log_density(w, 0, 1.5) for w in z)
    if name == "one-latent":
        hidden = [math.tanh(z[0] * u + c) for u, c in zip(X[0, :2], X[1, :2])]
        V = X[:8].reshape(2, 12)[:, :4]
        return sum(normal_log_density(Y[d], hidden[0] * V[0, d] + hidden[1] * V[1, d], 0.4) for d in range(4)) + (
            normal_log_density(z[0], 0, 1))


@pytest.mark.parametrize("name", ALL)
def test_log_joint_against_the_definition(name, rng):
    z = latents(ALL[name], 6, rng)
    numpy.testing.assert_allclose(ALL[name].log_joint(z), [by_definition(name, row) for row in z], rtol=1e-11)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian("shared"), Categorical(3)])
def test_log_joint_of_an_image_is_what_the_vae_says(likelihood, rng):
    """log w of one image with a given q, from loss_and_grad, is log p(x, z) − log q(z)."""
    vae = VAE(4, 3, hidden=(5,), likelihood=likelihood, posterior=FullGaussian(), dtype="float64", backend="numpy")
    x, eps = numpy.array([1.0, 0, 1, 1]), rng.standard_normal((1, 1, 3))
    loss = vae.loss_and_grad(x[None], eps, kl="monte-carlo").loss
    h = vae.posterior_parameters(x[None])
    z, log_q = vae.posterior.sample(h, eps)[0], vae.posterior.log_prob_of_sample(h, eps)
    assert FixedDecoder(vae, x).log_joint(z)[0] - log_q[0, 0] == pytest.approx(-loss, rel=1e-12)


@pytest.mark.parametrize("name", CONJUGATE)
def test_posterior_and_evidence_obey_bayes_rule(name, rng):
    """p(x, z) = p(x) p(z|x) for every z. Evidence, posterior and joint are written down apart from each other."""
    model = CONJUGATE[name]
    z = latents(model, 50, rng)
    difference = model.log_joint(z) - model.posterior().log_prob(z)
    numpy.testing.assert_allclose(difference, model.log_evidence(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_the_local_terms_are_all_that_a_latent_is_in(name, rng):
    """log p(x, z) less its terms with zᵢ does not change with zᵢ; and they hold what RB needs: ∂/∂zᵢ is the same."""
    model = ALL[name]
    z = latents(model, 5, rng)
    for i in range(model.latent_dim):
        moved = z.copy()
        moved[:, i] = latents(model, 5, rng)[:, i]
        rest, rest_moved = (model.log_joint(v) - model.log_joint_local(v)[:, i] for v in (z, moved))
        numpy.testing.assert_allclose(rest, rest_moved, rtol=1e-11)


def test_one_observation():
    """x = 3 with unit noise and prior: posterior N(1.5, 0.5), evidence N(3 | 0, 2)."""
    model = GaussianMean(numpy.array([[3.0]]))
    assert model.posterior().mean.tolist() == [1.5] and model.posterior().covariance.tolist() == [[0.5]]
    assert model.log_evidence() == pytest.approx(normal_log_density(3, 0, math.sqrt(2)), abs=1e-12)


@pytest.mark.parametrize("name", ["logistic-regression", "one-latent"])
def test_the_grid_against_another_quadrature(name):
    model = OTHER[name]
    side = numpy.linspace(-12, 12, 401) if model.latent_dim == 2 else numpy.linspace(-10, 10, 20_001)
    z = numpy.stack(numpy.meshgrid(*[side] * model.latent_dim), axis=-1).reshape(-1, model.latent_dim)
    p = numpy.exp(model.log_joint(z)) * (side[1] - side[0]) ** model.latent_dim
    assert model.log_evidence() == pytest.approx(math.log(p.sum()), abs=1e-9)
    numpy.testing.assert_allclose(model.posterior().mean, p @ z / p.sum(), atol=1e-8)
    deviation = z - p @ z / p.sum()
    numpy.testing.assert_allclose(model.posterior().covariance, (p[:, None] * deviation).T @ deviation / p.sum(), atol=1e-8)


def test_the_grid_finds_a_narrow_posterior_far_from_where_it_looks_first():
    exact = MultivariateNormal(numpy.array([5.0, -3.0]), 1e-6 * numpy.array([[1.0, 0.5], [0.5, 1.0]]))
    grid = Grid(lambda z: exact.log_prob(z) + 7, numpy.zeros(2), numpy.ones(2))
    assert grid.evidence == pytest.approx(7, abs=1e-9)
    numpy.testing.assert_allclose(grid.mean, exact.mean, atol=1e-9)
    numpy.testing.assert_allclose(grid.covariance, exact.covariance, rtol=1e-6)


@pytest.mark.parametrize("p, low, high", [
    (Beta(2.5, 4.0), [0], [1]), (NormalGamma(1.0, 2.0, 3.0, 1.5), [-9, 0], [11, 15]),
    (NormalTimesGamma(1.0, 2.0, 3.0, 1.5), [-9, 0], [11, 15]),
    (MultivariateNormal(numpy.array([1.0, -1]), COVARIANCE[:2, :2]), [-12, -10], [14, 8])])
def test_densities_have_the_moments_they_claim(p, low, high):
    side = 200_000 if len(low) == 1 else 600
    axes = [a + (b - a) * (numpy.arange(side) + 0.5) / side for a, b in zip(low, high)]       # midpoints
    z = numpy.stack(numpy.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(low))
    mass = numpy.exp(p.log_prob(z)) * math.prod((b - a) / side for a, b in zip(low, high))
    assert mass.sum() == pytest.approx(1, abs=1e-5)
    numpy.testing.assert_allclose(mass @ z, p.mean, atol=1e-4)
    deviation = z - mass @ z
    numpy.testing.assert_allclose((mass[:, None] * deviation).T @ deviation, p.covariance, atol=2e-3)
    if hasattr(p, "entropy"):
        assert p.entropy() == pytest.approx(-mass @ p.log_prob(z), abs=1e-4)


def test_digamma():
    euler = 0.57721566490153286
    assert digamma(1) == pytest.approx(-euler, abs=1e-13)
    assert digamma(0.5) == pytest.approx(-euler - 2 * math.log(2), abs=1e-13)
    for a in (0.03, 0.7, 3.2, 9.9, 10.1, 400.0):
        assert digamma(a + 1) - digamma(a) == pytest.approx(1 / a, rel=1e-12)
        step = 1e-5 * a
        slope = (math.lgamma(a + step) - math.lgamma(a - step)) / (2 * step)
        assert digamma(a) == pytest.approx(slope, rel=1e-7, abs=1e-7)


# A change of variables

@pytest.mark.parametrize("name", ["normal-gamma", "beta-bernoulli"])
def test_the_unconstrained_density_holds_the_same_mass(name):
    """∫ p(x, T(ζ)) |dz/dζ| dζ = p(x): without its Jacobian, or with one that is wrong, it would not."""
    free = unconstrained(CONJUGATE[name])
    side = numpy.linspace(-8, 8, 601) if free.latent_dim == 2 else numpy.linspace(-30, 30, 100_001)
    zeta = numpy.stack(numpy.meshgrid(*[side] * free.latent_dim), axis=-1).reshape(-1, free.latent_dim)
    mass = numpy.exp(free.log_joint(zeta)).sum() * (side[1] - side[0]) ** free.latent_dim
    assert math.log(mass) == pytest.approx(CONJUGATE[name].log_evidence(), abs=1e-9)


def test_transforms_there_and_back(rng):
    free = unconstrained(CONJUGATE["normal-gamma"])
    zeta = 3 * rng.standard_normal((20, 2))
    z = free.constrain(zeta)
    assert (z[:, 1] > 0).all() and (z[:, 0] == zeta[:, 0]).all()
    numpy.testing.assert_allclose(free.unconstrain(z), zeta, rtol=1e-12)
    coin = unconstrained(CONJUGATE["beta-bernoulli"])
    pi = coin.constrain(3 * rng.standard_normal((20, 1)))
    assert ((0 < pi) & (pi < 1)).all()
    numpy.testing.assert_allclose(coin.constrain(coin.unconstrain(pi)), pi, rtol=1e-12)


def test_a_model_over_real_numbers_stays_as_it_is():
    assert unconstrained(CONJUGATE["gaussian-mean"]) is CONJUGATE["gaussian-mean"]


# Bad input

ONES = numpy.ones(3)
vae = VAE(4, 3, hidden=(5,), backend="numpy")
BAD = [
    (lambda: GaussianMean(numpy.array([[1.0, numpy.nan]])), "x has values that are not finite, 1 of 2; remove or replace"),
    (lambda: GaussianMean(ONES), r"x has shape \(3,\), but a non-empty 2-dimensional array is needed"),
    (lambda: GaussianMean([[1.0]]), "x is a list, but a non-empty 2-dimensional array"),
    (lambda: GaussianMean(numpy.empty((0, 2))), r"x has shape \(0, 2\), but a non-empty"),
    (lambda: GaussianMean(X, noise=0.0), "noise is 0.0, but a finite number above 0"),
    (lambda: GaussianMean(X, prior_mean=math.inf), "prior_mean is inf"),
    (lambda: LinearRegression(X, Y[:-1]), r"y has shape \(11,\), but shape \(12,\) is needed"),
    (lambda: LinearRegression(X, Y, prior_std=-1), "prior_std is -1"),
    (lambda: CorrelatedGaussian(ONES, numpy.eye(2)), r"covariance has shape \(2, 2\), but shape \(3, 3\)"),
    (lambda: CorrelatedGaussian(ONES, numpy.ones((3, 3)) - 2 * numpy.eye(3)), "not positive definite"),
    (lambda: CorrelatedGaussian(ONES, numpy.triu(numpy.ones((3, 3)))), "not symmetric"),
    (lambda: UnknownMeanAndPrecision(Y, a0=0), "a0 is 0"),
    (lambda: UnknownMeanAndPrecision(Y * numpy.inf), "x has values that are not finite, 12 of 12"),
    (lambda: BetaBernoulli(6.5, 4), "heads is 6.5, but a whole number"),
    (lambda: BetaBernoulli(6, -1), "tails is -1"),
    (lambda: BetaBernoulli(6, 4, a="1"), "a is '1'"),
    (lambda: LogisticRegression(X, Y), "y has values other than 0 and 1"),
    (lambda: NonlinearDecoder(ONES, ONES, ONES[:2], numpy.ones((3, 3))), r"c has shape \(2,\)"),
    (lambda: NonlinearDecoder(ONES, ONES, ONES, numpy.ones((3, 2))), r"V has shape \(3, 2\), but shape \(3, 3\)"),
    (lambda: FixedDecoder(vae, ONES), r"x has shape \(3,\), but shape \(4,\)"),
    (lambda: FixedDecoder(vae, 2 * numpy.ones(4)), r"Bernoulli data must lie in \[0, 1\]"),
    (lambda: FixedDecoder(vae, numpy.ones(4)).log_evidence(), "3 latents are too many for quadrature"),
    (lambda: CONJUGATE["gaussian-mean"].log_joint(numpy.zeros((5, 2))), r"z has shape \(5, 2\), but shape \(any, 3\)"),
    (lambda: CONJUGATE["normal-gamma"].log_joint(numpy.zeros(2)), r"z has shape \(2,\)"),
    (lambda: Model().posterior(), "posterior of Model is not known in closed form"),
    (lambda: Model().log_evidence(), r"log p\(x\) of Model is not known"),
]


@pytest.mark.parametrize("action, message", BAD)
def test_bad_input_is_named(action, message):
    with pytest.raises(InputError, match=message):
        action()


@pytest.mark.parametrize("name", ALL)
def test_every_model_checks_the_shape_of_z(name):
    for function in ("log_joint", "log_joint_gradient", "log_joint_local"):
        with pytest.raises(InputError, match="z has shape"):
            getattr(ALL[name], function)(numpy.zeros((2, 9)))


def test_an_unknown_support_is_named():
    model = BetaBernoulli(1, 1)
    model.support = ("simplex",)
    with pytest.raises(InputError, match="unknown support 'simplex'; choose real, positive, unit"):
        unconstrained(model)


def test_what_would_broadcast_or_is_impossible_is_refused_and_what_is_possible_is_not():
    free = unconstrained(BetaBernoulli(6, 4))
    for f in (free.log_joint, free.log_joint_gradient, free.log_joint_local):
        with pytest.raises(InputError, match="z has shape"):
            f(numpy.zeros((2, 9)))
    for noise in (0.0, -1):
        with pytest.raises(InputError, match="noise is"):
            NonlinearDecoder(numpy.ones(3), numpy.ones(3), numpy.ones(3), numpy.ones((3, 3)), noise=noise)
    with pytest.raises(InputError, match="m0 is nan"):
        UnknownMeanAndPrecision(numpy.ones(3), m0=math.nan)
    assert BetaBernoulli(0, 3).posterior().mean[0] == 1 / 5


def test_the_variance_of_a_mean_with_a_heavy_tail_is_infinite():
    for a in (0.5, 1.0):
        assert NormalGamma(0.0, 1.0, a, 1.0).covariance[0, 0] == math.inf


def test_transforms_far_out_and_what_unconstrained_keeps():
    assert Sigmoid().log_jacobian(numpy.array([-800.0, 800.0])).tolist() == [-800, -800]
    assert unconstrained(CONJUGATE["normal-gamma"]).names == ("μ", "τ")
    model = object()        # a model of one's own need not say that its latents are real numbers
    assert unconstrained(model) is model


def test_a_fixed_decoders_local_terms_have_all_that_a_latent_is_in(rng):
    """log p(x, z) minus the terms with zᵢ must not change when only zᵢ changes."""
    vae = VAE(4, 2, hidden=(5,), dtype="float64", backend="numpy", seed=3)
    model, z = FixedDecoder(vae, numpy.array([1.0, 0, 0, 1])), rng.standard_normal((5, 2))
    for i in range(2):
        other = z.copy()
        other[:, i] = rng.standard_normal(5)
        rest = [model.log_joint(at) - model.log_joint_local(at)[:, i] for at in (z, other)]
        numpy.testing.assert_allclose(*rest, rtol=1e-11)


def test_over_unconstrained_latents_evidence_and_posterior_are_the_models_own():
    model = BetaBernoulli(6, 4, 10, 10)
    free = unconstrained(model)
    assert free is not model and free.log_evidence() == model.log_evidence()
    assert free.posterior().mean == model.posterior().mean


def test_a_covariance_has_to_fit_the_mean():
    with pytest.raises(InputError, match=r"covariance has shape \(3, 3\), but shape \(2, 2\) is needed"):
        MultivariateNormal(numpy.zeros(2), numpy.eye(3))
