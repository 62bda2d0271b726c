"""Each optimizer against its equations, followed one parameter at a time in plain Python."""

import math
import tracemalloc

import numpy
import pytest

from minivae import SGD, Adagrad, Adam, Momentum, RMSprop
from minivae.errors import InputError
from minivae.optimizers import OPTIMIZERS
from minivae.training import InTurn


def sgd(theta, gradients, lr=0.1):
    for g in gradients:
        theta -= lr * g
    return theta


def momentum(theta, gradients, lr=0.1, gamma=0.8):
    v = 0.0
    for g in gradients:
        v = gamma * v + g
        theta -= lr * v
    return theta


def adagrad(theta, gradients, lr=0.1, eps=1e-3):
    s = 0.0
    for g in gradients:
        s += g * g
        theta -= lr * g / (math.sqrt(s) + eps)
    return theta


def rmsprop(theta, gradients, lr=0.1, rho=0.7, eps=1e-3):
    s = 0.0
    for g in gradients:
        s = rho * s + (1 - rho) * g * g
        theta -= lr * g / (math.sqrt(s) + eps)
    return theta


def adam(theta, gradients, lr=0.1, beta1=0.8, beta2=0.95, eps=1e-3):
    """Kingma & Ba 2015, algorithm 1, as printed there."""
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        theta -= lr * (m / (1 - beta1 ** t)) / (math.sqrt(v / (1 - beta2 ** t)) + eps)
    return theta


CASES = [(SGD, sgd, {}), (Momentum, momentum, {"momentum": 0.8}), (Adagrad, adagrad, {"epsilon": 1e-3}),
         (RMSprop, rmsprop, {"decay": 0.7, "epsilon": 1e-3}),
         (Adam, adam, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3})]


@pytest.mark.parametrize("optimizer_class, by_hand, options", CASES)
def test_steps_follow_the_equations(rng, optimizer_class, by_hand, options):
    start, gradients = rng.standard_normal(5), rng.standard_normal((20, 5))
    theta = start.copy()
    optimizer = optimizer_class(theta, lr=0.1, **options)
    for g in gradients:
        given = g.copy()
        optimizer.step(given)
        numpy.testing.assert_array_equal(given, g)      # the gradient is only read
    expected = [by_hand(start[i], gradients[:, i]) for i in range(5)]
    numpy.testing.assert_allclose(theta, expected, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_saved_state_goes_on_where_it_was(rng, name):
    gradients = rng.standard_normal((10, 4)).astype("float32")
    whole, halves = (numpy.ones(4, "float32") for _ in range(2))
    one = OPTIMIZERS[name](whole)
    for g in gradients:
        one.step(g)
    first = OPTIMIZERS[name](halves)
    for g in gradients[:5]:
        first.step(g)
    saved = {key: value if key == "t" else value.copy() for key, value in first.state().items()}
    second = OPTIMIZERS[name](halves)
    second.load_state(saved)
    for g in gradients[5:]:
        second.step(g)
    numpy.testing.assert_array_equal(whole, halves)
    assert second.t == 10


def test_adam_does_not_depend_on_the_scale_of_the_gradient(rng):
    gradients, results = rng.standard_normal((5, 3)), []
    for scale in (1.0, 1000.0):
        theta = numpy.zeros(3)
        optimizer = Adam(theta, epsilon=1e-30)
        for g in gradients:
            optimizer.step(scale * g)
        results.append(theta)
    numpy.testing.assert_allclose(*results, rtol=1e-12)


def test_in_turn_steps_one_part_after_the_other_and_nothing_else(rng):
    theta, gradients = numpy.zeros(6), rng.standard_normal((4, 6))
    optimizer = InTurn(theta, [slice(0, 2), slice(3, 6)], lambda part: SGD(part, lr=1.0))
    for g in gradients:
        optimizer.step(g)
    expected = numpy.zeros(6)
    expected[:2] = -(gradients[0] + gradients[2])[:2]
    expected[3:] = -(gradients[1] + gradients[3])[3:]
    numpy.testing.assert_allclose(theta, expected)


def test_in_turn_goes_on_where_it_was(rng):
    gradients, parts = rng.standard_normal((7, 6)), [slice(0, 2), slice(2, 6)]
    whole, halves = numpy.ones(6), numpy.ones(6)
    one, first = InTurn(whole, parts, Adam), InTurn(halves, parts, Adam)
    for g in gradients:
        one.step(g)
    for g in gradients[:3]:
        first.step(g)
    second = InTurn(halves, parts, Adam)
    second.load_state(first.state())
    for g in gradients[3:]:
        second.step(g)
    numpy.testing.assert_array_equal(whole, halves)


def test_bad_input_is_refused():
    for lr in (0, -1, math.nan, math.inf):
        with pytest.raises(InputError, match="lr is"):
            SGD(numpy.zeros(3), lr=lr)
    with pytest.raises(InputError, match="beta2 is 1"):
        Adam(numpy.zeros(3), beta2=1)
    for make in (Adagrad, RMSprop, Adam):
        with pytest.raises(InputError, match="epsilon is 0"):
            make(numpy.zeros(3), epsilon=0)
    with pytest.raises(InputError, match=r"gradient has shape \(2,\), but shape \(3,\) is needed"):
        SGD(numpy.zeros(3)).step(numpy.zeros(2))
    with pytest.raises(InputError, match="Adam keeps .* use the optimizer it was saved with"):
        Adam(numpy.zeros(3)).load_state(Momentum(numpy.zeros(3)).state())
    with pytest.raises(InputError, match=r"M has shape \(2,\)"):
        Adam(numpy.zeros(3)).load_state(Adam(numpy.zeros(2)).state())


def test_fractions_reach_from_0_up_to_not_including_1():
    for make, name in ((Momentum, "momentum"), (RMSprop, "decay"), (Adam, "beta1"), (Adam, "beta2")):
        for bad in (1, -0.1, math.nan):
            with pytest.raises(InputError, match=f"{name} is"):
                make(numpy.zeros(3), **{name: bad})
        make(numpy.zeros(3), **{name: 0})


def test_a_learning_rate_set_in_turn_is_set_for_all():
    optimizer = InTurn(numpy.zeros(4), [slice(0, 2), slice(2, 4)], SGD)
    optimizer.lr = 0.5
    assert [own.lr for own in optimizer.optimizers] == [0.5, 0.5] and optimizer.lr == 0.5


@pytest.mark.parametrize("broken", [{"1.t": -1}, {"t": -7}, {"1.M": numpy.zeros(9)}, {"0.V": None}])
def test_a_state_that_is_refused_changes_nothing(rng, broken):
    first, second = (InTurn(numpy.ones(6), [slice(0, 2), slice(2, 6)], Adam) for _ in range(2))
    for g in rng.standard_normal((3, 6)):
        first.step(g)
    with pytest.raises(InputError):
        second.load_state({**first.state(), **broken})
    with pytest.raises(InputError, match="t is None"):
        second.load_state({name: value for name, value in first.state().items() if name != "t"})
    assert all(not numpy.any(value) for value in second.state().values())


def test_a_gradient_on_another_device_is_a_type_error(device):
    with pytest.raises(TypeError, match="mixed"):
        SGD(device.zeros(3)).step(numpy.zeros(3))


def test_a_loaded_state_is_a_copy():
    first, second = Adam(numpy.zeros(3)), Adam(numpy.zeros(3))
    first.step(numpy.ones(3))
    second.load_state(first.state())
    first.step(numpy.ones(3))
    assert second.M.tolist() == [1, 1, 1]


@pytest.mark.parametrize("optimizer_class, defaults", [
    (SGD, {"lr": 1e-2}), (Momentum, {"lr": 1e-2, "momentum": 0.9}), (Adagrad, {"lr": 1e-2, "epsilon": 1e-8}),
    (RMSprop, {"lr": 1e-3, "decay": 0.9, "epsilon": 1e-8}),
    (Adam, {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})])
def test_the_usual_defaults(optimizer_class, defaults):
    optimizer = optimizer_class(numpy.zeros(3))
    assert {name: getattr(optimizer, name) for name in defaults} == defaults


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_a_vector_of_several_blocks_is_changed_as_its_parts_are(kind, rng):
    """Elementwise, so to the bit: also where the last block is short."""
    theta = rng.standard_normal(2 * 2 ** 15 + 3).astype("float32")
    parts = [part.copy() for part in numpy.split(theta, [1000, 2 ** 15 + 1])]
    whole, halves = kind(theta), [kind(part) for part in parts]
    for _ in range(3):
        g = rng.standard_normal(len(theta)).astype("float32")
        whole.step(g)
        for half, own in zip(halves, numpy.split(g, [1000, 2 ** 15 + 1])):
            half.step(own)
    numpy.testing.assert_array_equal(theta, numpy.concatenate(parts))


def test_a_step_needs_little_memory(rng):
    theta = numpy.zeros(10 ** 6, "float32")
    adam, g = Adam(theta), numpy.ones(10 ** 6, "float32")
    tracemalloc.start()
    adam.step(g)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < peak < theta.nbytes / 4
