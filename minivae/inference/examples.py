"""Models with data, by name, for `python -m minivae infer`.

The data come from a random number generator with a fixed seed.
"""

from typing import Any, NamedTuple

import numpy

from .conjugate_models import BetaBernoulli, UnknownMeanAndPrecision
from .gaussian_models import CorrelatedGaussian, GaussianMean, LinearRegression
from .other_models import LogisticRegression, NonlinearDecoder


class Example(NamedTuple):
    about: str
    make: Any           # make(xp) -> the model, its data in arrays of xp


def _gaussian_mean(xp):
    truth = numpy.linspace(-2, 2, 5)
    return GaussianMean(xp.asarray(truth + _rng().standard_normal((8, 5))), prior_std=3.0)


def _correlated_gaussian(xp):
    covariance = numpy.array([[1.0, 0.8], [0.8, 1.0]])
    return CorrelatedGaussian(xp.asarray(numpy.array([1.0, -0.5])), xp.asarray(covariance))


def _linear_regression(xp):
    X, rng = _design(20)
    y = X @ [1.0, -0.5] + 0.5 * rng.standard_normal(20)
    return LinearRegression(xp.asarray(X), xp.asarray(y), noise=0.5, prior_std=2.0)


def _logistic_regression(xp):
    X, rng = _design(30)
    y = rng.random(30) < 1 / (1 + numpy.exp(-X @ [-3.0, 2.0]))
    return LogisticRegression(xp.asarray(X), xp.asarray(y), prior_std=3.0)


def _design(N):
    """An intercept, and a feature that is not centred, so that the two weights are correlated."""
    rng = _rng()
    return numpy.stack([numpy.ones(N), rng.uniform(0, 3, N)], axis=1), rng


def _normal_gamma(xp):
    return UnknownMeanAndPrecision(xp.asarray(2 + 0.7 * _rng().standard_normal(10)))


def _one_latent(xp):
    # f₁(z) is symmetric, with a valley around z = 0. f₂(z) rises slowly: it distinguishes z from −z a little.
    u, c = numpy.array([2.0, 2.0, 0.5]), numpy.array([-2.0, 2.0, 0.0])
    V = numpy.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    return NonlinearDecoder(*(xp.asarray(a) for a in (numpy.array([-1.0, 0.1]), u, c, V)), noise=0.3)


def _rng():
    return numpy.random.default_rng(3)


EXAMPLES = {
    "gaussian-mean": Example("five means, from 8 observations each, with known noise", _gaussian_mean),
    "linear-regression": Example("intercept and slope for 20 points with known noise", _linear_regression),
    "normal-gamma": Example("mean and precision of 10 observations", _normal_gamma),
    "beta-bernoulli": Example("a coin, 6 heads and 4 tails, prior Beta(10, 10)",
                              lambda xp: BetaBernoulli(6, 4, 10, 10)),
    "correlated-gaussian": Example("two latents with correlation 0.8, no data", _correlated_gaussian),
    "logistic-regression": Example("intercept and slope for 30 labels", _logistic_regression),
    "one-latent": Example("one latent and a nonlinear decoder: which of two z produced this x?", _one_latent),
}
