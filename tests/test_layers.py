"""Each forward against a loop written from the definition; the backwards are checked in checking/test_library."""

import math

import numpy
import pytest

from minivae import layers
from minivae.errors import InputError


def slow_linear(x, W, b):
    return [[sum(x[n][i] * W[i][o] for i in range(len(W))) + b[o] for o in range(len(b))] for n in range(len(x))]


def test_linear(rng):
    x, W, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
    numpy.testing.assert_allclose(layers.linear(x, W, b), slow_linear(x, W, b), rtol=1e-13)


def test_activations(rng):
    a = rng.standard_normal((4, 3))
    numpy.testing.assert_allclose(layers.tanh(a), [[math.tanh(v) for v in row] for row in a], rtol=1e-13)
    assert layers.relu(a).tolist() == [[v if v > 0 else 0.0 for v in row] for row in a]


@pytest.mark.parametrize("activation, f", [("tanh", math.tanh), ("relu", lambda v: max(v, 0.0))])
def test_mlp_is_its_layers_one_after_the_other(rng, activation, f):
    sizes = [(4, 6), (6, 5), (5, 2)]
    weights = [(rng.standard_normal(size), rng.standard_normal(size[1])) for size in sizes]
    x = rng.standard_normal((3, 4))
    y, inputs = layers.mlp(x, weights, activation)
    expected = [x]
    for W, b in weights:
        expected.append([[f(v) for v in row] for row in slow_linear(expected[-1], W, b)])
    last = slow_linear(expected[-2], *weights[-1])      # no activation after the last
    numpy.testing.assert_allclose(y, last, rtol=1e-12)
    assert len(inputs) == 3
    for got, want in zip(inputs, expected):
        numpy.testing.assert_allclose(got, want, rtol=1e-12)


def test_mlp_of_one_layer_is_linear(rng):
    x, W, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
    y, inputs = layers.mlp(x, [(W, b)], "tanh")
    numpy.testing.assert_array_equal(y, layers.linear(x, W, b))
    assert len(inputs) == 1 and inputs[0] is x


def test_the_gradient_for_the_data_is_left_out_only_on_request(rng):
    x, W, b = rng.standard_normal((5, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
    y, inputs = layers.mlp(x, [(W, b)], "tanh")
    with_dx, without = [(numpy.empty((4, 3)), numpy.empty(3)) for _ in range(2)]
    assert layers.mlp_backward(y, inputs, [(W, b)], [with_dx], "tanh").shape == x.shape
    assert layers.mlp_backward(y, inputs, [(W, b)], [without], "tanh", need_dx=False) is None
    numpy.testing.assert_array_equal(with_dx[0], without[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_kept(dtype):
    x, W, b = numpy.ones((2, 3), dtype), numpy.ones((3, 4), dtype), numpy.ones(4, dtype)
    dW, db = numpy.empty_like(W), numpy.empty_like(b)
    for forward, backward in layers.ACTIVATIONS.values():
        y = forward(layers.linear(x, W, b))
        dy = backward(y, y)
        assert y.dtype == dy.dtype == layers.linear_backward(dy, x, W, dW, db).dtype == dtype


def test_a_wrong_shape_is_told_with_both():
    with pytest.raises(ValueError, match="size 4 is different from 3"):         # NumPy's own words
        layers.linear(numpy.ones((2, 3)), numpy.ones((4, 5)), numpy.ones(5))
    with pytest.raises(InputError, match=r"b has shape \(1,\), but shape \(5,\)"):
        layers.linear(numpy.ones((2, 4)), numpy.ones((4, 5)), numpy.ones(1))
    for backward in (layers.tanh_backward, layers.relu_backward):
        with pytest.raises(InputError, match=r"dy has shape \(2, 1\), but shape \(2, 3\)"):
            backward(numpy.ones((2, 1)), numpy.ones((2, 3)))


@pytest.mark.parametrize("dy_shape", [(5, 2), (5, 1), (4, 3), (1, 3), (3,), (2, 5, 3)])
def test_linear_backward_broadcasts_no_dy_to_something_wrong(dy_shape):
    """It has no check of its own, since NumPy's products and their out= refuse what does not fit."""
    ones = numpy.ones
    with pytest.raises(ValueError):
        layers.linear_backward(ones(dy_shape), ones((5, 4)), ones((4, 3)), ones((4, 3)), ones(3))
