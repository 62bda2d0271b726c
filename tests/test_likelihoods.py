import math

import numpy
import pytest

from minivae import Bernoulli
from minivae.errors import InputError
from minivae.likelihoods import sigmoid, softplus

p = Bernoulli()


def test_log_prob_against_the_definition(rng):
    x = (rng.random((3, 4)) < 0.5).astype(float)
    a = rng.standard_normal((2, 3, 4))
    expected = [[sum(math.log(1 / (1 + math.exp(-a[l, n, d]))) if x[n, d] else math.log(1 / (1 + math.exp(a[l, n, d])))
                     for d in range(4)) for n in range(3)] for l in range(2)]
    numpy.testing.assert_allclose(p.log_prob(x, a), expected, rtol=1e-12)
    numpy.testing.assert_allclose(p.log_prob(x, a[0]), expected[0], rtol=1e-12)


def test_probabilities_of_all_images_sum_to_one(rng):
    """Only over black and white images: this is what makes it a likelihood of those, and of no others."""
    a = rng.standard_normal(4)
    images = numpy.array([[i >> d & 1 for d in range(4)] for i in range(16)], float)
    total = numpy.exp(p.log_prob(images, numpy.tile(a, (16, 1)))).sum()
    assert total == pytest.approx(1, abs=1e-12)


def test_samples_have_the_mean_and_variance_they_claim(rng):
    draws, a = 100_000, numpy.array([-3.0, -0.5, 0.0, 2.0])
    x = p.sample(numpy.tile(a, (draws, 1)), rng)
    assert set(numpy.unique(x)) == {0, 1}
    mean = p.mean(a)
    numpy.testing.assert_allclose(mean, [1 / (1 + math.exp(-v)) for v in a], rtol=1e-12)
    assert (numpy.abs(x.mean(axis=0) - mean) < 4 * numpy.sqrt(mean * (1 - mean) / draws)).all()
    assert numpy.abs(numpy.corrcoef(x.T) - numpy.eye(4)).max() < 4 / math.sqrt(draws)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_logits_stay_finite_and_exact(dtype):
    a = numpy.array([[1e4, -1e4, 1e4, -1e4]], dtype)
    x = numpy.array([[1, 0, 0, 1]], dtype)
    assert p.log_prob(x, a)[0] == -2e4
    assert p.log_prob_backward(numpy.ones(1, dtype), x, a).tolist() == [[0, 0, -1, 1]]
    for value in (softplus(a), sigmoid(a), p.log_prob(x, a)):
        assert numpy.isfinite(value).all() and value.dtype == dtype


def test_softplus_against_the_definition():
    for a in (-30.0, -1.0, 0.0, 1.0, 30.0):
        assert softplus(numpy.array(a)) == pytest.approx(math.log1p(math.exp(a)), rel=1e-14)


@pytest.mark.parametrize("bad", [-0.1, 1.5, math.nan, math.inf])
def test_data_outside_0_to_1_is_refused(bad):
    p.check(numpy.array([[0.0, 0.5, 1.0]]))
    with pytest.raises(InputError, match="must lie in"):
        p.check(numpy.array([[0.0, bad]]))


def test_wrong_shapes_are_told_with_both():
    for function in (p.log_prob, lambda x, a: p.log_prob_backward(numpy.ones(2), x, a)):
        with pytest.raises(InputError, match=r"x \(2, 1\) does not fit a \(2, 3\)"):
            function(numpy.ones((2, 1)), numpy.ones((2, 3)))
