import math
from types import SimpleNamespace

import numpy
import pytest

from minivae import VAE, Bernoulli, Categorical, Gaussian
from minivae.errors import InputError
from minivae.gradcheck import check_model
from minivae.likelihoods import Likelihood, sigmoid, softplus

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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softplus_is_off_by_the_rounding_of_1_plus_t_and_of_its_result(dtype):
    """In float32 a term below 6e-8 is lost: 784 of them change log p of an image by less than 5e-5 nats."""
    half = numpy.finfo(dtype).eps / 2
    a = numpy.linspace(-40, 40, 2001).astype(dtype)
    exact = numpy.array([max(v, 0) + math.log1p(math.exp(-abs(v))) for v in a.tolist()])
    assert (abs(softplus(a) - exact) <= half + 3 * half * exact).all() and softplus(a).dtype == dtype


def test_log_p_is_the_one_computed_with_log1p_but_for_rounding(rng):
    """Of images like MNIST's, whose logits are small at edges and far below zero elsewhere."""
    a = numpy.where(rng.random((50, 784)) < 0.8, -12, 0) + 3 * rng.standard_normal((50, 784))
    x = (rng.random((50, 784)) < sigmoid(a)).astype("float32")
    exact = (x * a - numpy.maximum(a, 0) - numpy.log1p(numpy.exp(-abs(a)))).sum(axis=-1)
    in_float32 = Bernoulli().log_prob(x, a.astype("float32"))
    assert exact.mean() == pytest.approx(-50, abs=20)
    numpy.testing.assert_allclose(in_float32, exact, atol=1e-4)
    numpy.testing.assert_allclose(in_float32.mean(), exact.mean(), atol=1e-5)


@pytest.mark.parametrize("bad", [-0.1, 1.5, math.nan, math.inf])
def test_data_outside_0_to_1_is_refused(bad):
    p.check(numpy.array([[0.0, 0.5, 1.0]]))
    with pytest.raises(InputError, match="must lie in"):
        p.check(numpy.array([[0.0, bad]]))


def test_wrong_shapes_are_told_with_both():
    for function in (p.log_prob, lambda x, a: p.log_prob_backward(numpy.ones(2), x, a)):
        with pytest.raises(InputError, match=r"x \(2, 1\) does not fit a \(2, 3\)"):
            function(numpy.ones((2, 1)), numpy.ones((2, 3)))
        with pytest.raises(InputError, match=r"x must be \(N, D\)"):
            function(numpy.ones(3), numpy.ones((2, 3)))


# Gaussian

def gaussian_log_density(x, mean, variance):
    return -0.5 * ((x - mean) ** 2 / variance + math.log(2 * math.pi * variance))


def outputs(variance, rng, leading):
    """A Gaussian, its decoder output a for 4 pixels, and the means and variances that a stands for."""
    g = Gaussian(variance)
    m, s = rng.standard_normal((*leading, 4)), rng.standard_normal((*leading, 4))
    if variance == "shared":
        s = 0 * s + s.flat[0]
        return g, numpy.concatenate([m, s[..., :1]], axis=-1), m, g.floor + numpy.exp(s)
    if variance == "per-pixel":
        return g, numpy.concatenate([m, s], axis=-1), m, g.floor + numpy.exp(s)
    return g, m, m, 0 * s + variance


@pytest.mark.parametrize("variance", [0.3, "shared", "per-pixel"])
def test_gaussian_log_prob_against_the_definition(rng, variance):
    x = rng.standard_normal((3, 4))
    g, a, m, v = outputs(variance, rng, (2, 3))
    expected = [[sum(gaussian_log_density(x[n, d], m[l, n, d], v[l, n, d]) for d in range(4)) for n in range(3)]
                for l in range(2)]
    numpy.testing.assert_allclose(g.log_prob(x, a), expected, rtol=1e-12)
    numpy.testing.assert_array_equal(g.mean(a), m)


@pytest.mark.parametrize("variance", [0.3, "shared", "per-pixel"])
def test_gaussian_samples_have_the_moments_they_claim(rng, variance):
    draws = 100_000
    g, a, m, v = outputs(variance, rng, (1,))
    x = g.sample(numpy.tile(a, (draws, 1)), rng)
    assert (numpy.abs(x.mean(axis=0) - m) < 4 * numpy.sqrt(v / draws)).all()
    assert (numpy.abs(x.var(axis=0) - v) < 4 * v * math.sqrt(2 / draws)).all()
    assert numpy.abs(numpy.corrcoef(x.T) - numpy.eye(4)).max() < 4 / math.sqrt(draws)


@pytest.mark.parametrize("variance", ["shared", "per-pixel"])
def test_a_learned_variance_stops_at_its_floor_and_stays_finite(variance):
    g = Gaussian(variance)
    n_logvars = 1 if variance == "shared" else 4
    x, one = numpy.zeros((1, 4), "float32"), numpy.ones(1, "float32")
    for s in (-50, 50):
        a = numpy.full((1, 4 + n_logvars), s, "float32")
        a[:, :4] = 0
        assert numpy.isfinite(g.log_prob(x, a)).all() and numpy.isfinite(g.log_prob_backward(one, x, a)).all()
    a[:, 4:] = -1e4
    assert g.log_prob(x, a)[0] == pytest.approx(-2 * math.log(2 * math.pi * g.floor), rel=1e-6)


def test_bad_gaussians_are_refused():
    for variance in (0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="variance is"):
            Gaussian(variance)
    with pytest.raises(InputError, match="floor is 0"):
        Gaussian("shared", floor=0)
    with pytest.raises(InputError, match="unknown variance 'tiny'"):
        Gaussian("tiny")
    Gaussian().check(numpy.array([[-5.0, 5.0]]))
    for bad in (math.nan, math.inf):
        with pytest.raises(InputError, match="must be finite"):
            Gaussian().check(numpy.array([[bad]]))


# Categorical

def test_categorical_log_prob_against_the_definition_and_its_sum_over_all_images(rng):
    c, a = Categorical(3), rng.standard_normal(2 * 3)
    pixels = numpy.exp(a.reshape(2, 3)) / numpy.exp(a.reshape(2, 3)).sum(axis=1, keepdims=True)
    images = numpy.array([[i, j] for i in range(3) for j in range(3)], float)
    log_p = c.log_prob(images, numpy.tile(a, (9, 1)))
    numpy.testing.assert_allclose(log_p, [math.log(pixels[0, int(i)] * pixels[1, int(j)]) for i, j in images], rtol=1e-12)
    assert numpy.exp(log_p).sum() == pytest.approx(1, abs=1e-12)
    assert c.log_prob(images, numpy.tile(a, (5, 9, 1))).shape == (5, 9)


def test_categorical_samples_have_the_frequencies_they_claim(rng):
    draws, c, a = 100_000, Categorical(4), rng.standard_normal(2 * 4)
    x = c.sample(numpy.tile(a, (draws, 1)), rng)
    for d, logits in enumerate(a.reshape(2, 4)):
        pi = numpy.exp(logits) / numpy.exp(logits).sum()
        frequencies = numpy.bincount(x[:, d].astype(int), minlength=4) / draws
        assert (numpy.abs(frequencies - pi) < 4 * numpy.sqrt(pi * (1 - pi) / draws)).all()
        assert c.mean(a)[d] == pytest.approx((numpy.arange(4) * pi).sum(), rel=1e-12)


def test_extreme_categorical_logits_stay_finite(rng):
    c = Categorical(3)
    a = numpy.array([[1e4, 0, -1e4]], "float32")
    assert c.log_prob(numpy.array([[0.0]], "float32"), a) == 0 and c.log_prob(numpy.array([[2.0]], "float32"), a) == -2e4
    assert set(c.sample(numpy.tile(a, (100, 1)), rng).ravel()) == {0}
    assert c.sample(numpy.full((1000, 3), 0, "float32"), rng).max() == 2


def test_bad_categoricals_are_refused():
    for n_categories in (1, 0, 2.0, "3"):
        with pytest.raises(InputError, match="n_categories is"):
            Categorical(n_categories)
    Categorical(3).check(numpy.array([[0.0, 1.0, 2.0]]))
    for bad in (3, -1, 0.5, math.nan):
        with pytest.raises(InputError, match="must be whole numbers from 0 to 2"):
            Categorical(3).check(numpy.array([[0.0, bad]]))


def test_a_likelihood_of_your_own_needs_five_functions_and_no_more(rng):
    class Unfinished(Likelihood):
        """p(x|z) = Π_d Poisson(x_d; exp(a_d)), less the constant log x!"""

        def log_prob(self, x, a):
            return (x * a - numpy.exp(a)).sum(axis=-1)

        def log_prob_backward(self, dlogp, x, a):
            return dlogp[..., None] * (x - numpy.exp(a))

        def mean(self, a):
            return numpy.exp(a)

        def sample(self, a, rng):
            return rng.poisson(numpy.exp(a)).astype(a.dtype)

    class Poisson(Unfinished):
        def check(self, x):
            pass

    with pytest.raises(TypeError, match="abstract method '?check"):
        Unfinished()
    vae = VAE(6, 2, hidden=(5,), likelihood=Poisson(), dtype="float64", backend="numpy")
    x, eps = rng.poisson(2, (4, 6)).astype(float), rng.standard_normal((4, 2))
    report = check_model("Poisson", vae, lambda: vae.loss_and_grad(x, eps))
    assert report.ok, report
    assert vae.sample(3, rng).shape == vae.reconstruct(x[:3]).shape == (3, 6)


@pytest.mark.parametrize("p, n", [(Bernoulli(), 3), (Gaussian(), 3), (Gaussian("per-pixel"), 6), (Categorical(2), 6)])
def test_shapes_that_would_broadcast_to_something_wrong_are_refused(p, n):
    ones = numpy.ones
    for f in (p.log_prob, lambda x, a: p.log_prob_backward(ones(2), x, a)):
        with pytest.raises(InputError, match="does not fit"):
            f(ones((2, 1)), ones((2, n)))
    with pytest.raises(InputError, match="dlogp has shape"):
        p.log_prob_backward(ones(4), ones((4, 3)), ones((2, 4, n)))
    with pytest.raises(InputError, match=r"x must be \(N, D\)"):
        p.log_prob(ones(3), ones(n))


def test_each_pixel_has_its_own_largest_logit():
    log_p = Categorical(2).log_prob(numpy.zeros((1, 2)), numpy.array([[1e4, 0, 0, 0]]))
    assert log_p[0] == pytest.approx(-math.log(2))


def test_one_nan_among_good_data_is_refused():
    with pytest.raises(InputError, match="must be finite"):
        Gaussian().check(numpy.array([[0.0, math.nan]]))


@pytest.mark.parametrize("p, n_outputs", [(Bernoulli(), 4), (Categorical(3), 12), (Gaussian(0.5), 4)])
def test_samples_have_the_dtype_of_a(p, n_outputs, rng):
    for dtype in ("float32", "float64"):
        assert p.sample(numpy.zeros((2, n_outputs), dtype), rng).dtype == dtype


def test_a_categorical_sample_is_never_K(rng):
    """In float32 the cumulative probabilities may end a little below 1, and u just below 1 above that."""
    largest = SimpleNamespace(random=lambda shape: numpy.full(shape, numpy.nextafter(1, 0)))
    assert Categorical(10).sample(rng.standard_normal((200, 40)).astype("float32"), largest).max() == 9
