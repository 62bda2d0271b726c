"""The plain gradient check, as a learner reads it. The sharp one is tested in checking/."""

import numpy
import pytest

from minivae.checking.differences import gradient_by_differences
from minivae.errors import InputError
from minivae.gradcheck import STEP, gradient_error, numerical_gradient, relative_error
from minivae.layers import tanh, tanh_backward


def right(dy, x):
    return tanh_backward(dy, tanh(x))


def test_a_right_gradient_passes_and_wrong_ones_do_not(rng):
    x = rng.standard_normal((4, 3))
    assert gradient_error(tanh, right, x, rng) < 1e-9
    for wrong in (lambda dy, x: 2 * right(dy, x), lambda dy, x: dy, lambda dy, x: right(numpy.ones_like(dy), x)):
        assert gradient_error(tanh, wrong, x, rng) > 0.1


def test_a_mistake_that_cancels_for_ones_is_seen(rng):
    x = rng.standard_normal((4, 3))
    order = numpy.array([2, 0, 1])
    assert gradient_error(lambda x: x[:, order], lambda dy, x: dy[:, order], x, rng) > 0.1
    assert gradient_error(lambda x: x[:, order], lambda dy, x: dy[:, numpy.argsort(order)], x, rng) < 1e-9


def test_the_relative_error_is_that_of_the_norms():
    assert relative_error(numpy.array([3.0, 4.0]), numpy.array([3.0, 4.0])) == 0
    assert relative_error(numpy.array([3.0, 0.0]), numpy.array([3.0, 4.0])) == pytest.approx(4 / 5)
    assert relative_error(numpy.array([6.0, 8.0]), numpy.array([3.0, 4.0])) == pytest.approx(1 / 2)
    assert relative_error(numpy.zeros(2), numpy.array([0.0, 1.0])) == 1 and relative_error(numpy.zeros(2), numpy.zeros(2)) == 0
    with pytest.raises(InputError, match=r"yours has shape \(1, 2\), but shape \(2,\)"):
        relative_error(numpy.ones((1, 2)), numpy.ones(2))


@pytest.mark.parametrize("bad", [numpy.full(2, numpy.nan), numpy.array([numpy.nan, 1.0])])
@pytest.mark.parametrize("other", [numpy.ones(2), numpy.zeros(2)])
def test_a_gradient_with_NaN_is_never_right(bad, other):
    assert numpy.isnan(relative_error(bad, other)) and numpy.isnan(relative_error(other, bad))


def test_a_gradient_of_the_wrong_shape_does_not_pass_by_broadcasting(rng):
    with pytest.raises(InputError, match="yours has shape"):
        gradient_error(lambda x: x.sum(axis=0), lambda dy, x: dy, rng.standard_normal((4, 3)), rng)


def test_a_function_may_return_a_number(rng):
    x = rng.standard_normal(3)
    assert gradient_error(lambda x: float((x * x).sum()), lambda dy, x: dy * 2 * x, x, rng) < 1e-9


def test_the_checker_takes_the_same_differences_to_the_bit(rng):
    """The library is judged by Slopes, and a learner reads numerical_gradient."""
    x, dy = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    W = rng.standard_normal((3, 2))
    numpy.testing.assert_array_equal(numerical_gradient(lambda x: tanh(x @ W), x, dy),
                                     gradient_by_differences(lambda x: tanh(x @ W), x, dy))
    assert (numerical_gradient(lambda x: (x ** 4).sum(), x, step=100 * STEP)
            != numerical_gradient(lambda x: (x ** 4).sum(), x)).any()


def test_dy_must_fit_and_x_must_be_changeable():
    with pytest.raises(InputError, match=r"dy \(2,\) does not fit f\(x\) \(3, 2\)"):
        numerical_gradient(numpy.sin, numpy.ones((3, 2)), numpy.ones(2))
    with pytest.raises(InputError, match="contiguous array"):
        numerical_gradient(numpy.sin, numpy.ones((3, 2)).T)
