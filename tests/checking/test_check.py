"""The checker has to be right about right gradients and about wrong ones."""

import numpy
import pytest

from minivae import VAE, gradcheck
from minivae.errors import InputError
from minivae.gradcheck import (check_backward, check_gradient, check_model, complex_step_gradient, gradient_error,
                               numerical_gradient)


# numerical_gradient

def test_numerical_gradient_of_known_functions(rng):
    x = rng.standard_normal((3, 2))
    before = x.copy()
    numpy.testing.assert_allclose(numerical_gradient(lambda x: (x ** 3).sum(), x), 3 * x ** 2, atol=1e-8)
    dy = rng.standard_normal((3, 2))
    numpy.testing.assert_allclose(numerical_gradient(numpy.sin, x, dy), dy * numpy.cos(x), atol=1e-9)
    numpy.testing.assert_array_equal(x, before)


def test_a_large_constant_beside_the_function_does_not_drown_it(rng):
    x = rng.standard_normal(3)
    y = numerical_gradient(lambda x: numpy.concatenate([numpy.sin(x), [1e9]]), x, numpy.ones(4))
    numpy.testing.assert_allclose(y, numpy.cos(x), rtol=1e-9)


def test_numerical_gradient_refuses_views_that_it_could_not_change(rng):
    for x in (rng.standard_normal((3, 2)).T, numpy.float64(2.0), numpy.array([1, 2])):
        with pytest.raises(InputError, match="a contiguous array of real numbers is needed"):
            numerical_gradient(numpy.sum, x)


def test_numerical_gradient_refuses_a_cotangent_of_another_shape_and_restores_x_after_an_exception():
    x = numpy.ones((3, 2))
    with pytest.raises(InputError, match=r"dy \(2,\) does not fit f\(x\) \(3, 2\)"):
        numerical_gradient(numpy.sin, x, numpy.ones(2))
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda x: 1 / 0, x)
    assert (x == 1).all()


def test_nothing_checked_is_not_right(inputs, rng):
    assert not gradcheck.Report([]).ok
    for gradients in ({}, {"V": inputs["W"]}):
        with pytest.raises(InputError, match="return a dict with the gradients of some or all of these"):
            check_backward("f", forward, lambda dy, **inputs: gradients, inputs, rng)
    for gradients, kind in ((None, "NoneType"), (inputs["W"], "ndarray")):
        with pytest.raises(InputError, match=f"backward returned a {kind}, .*return a dict"):
            check_backward("f", forward, lambda dy, **inputs: gradients, inputs, rng)
    with pytest.raises(InputError, match="inputs is a ndarray, but a dict is needed"):
        check_backward("f", numpy.tanh, lambda dy, x: {"x": dy}, inputs["x"], rng)
    with pytest.raises(InputError, match="""unknown method 'complex'; choose "central" or "complex-step\""""):
        check_backward("f", forward, lambda dy, **inputs: inputs, inputs, rng, method="complex")


def test_a_forgotten_upstream_gradient_is_named_without_any_context(rng):
    x = rng.standard_normal((4, 3))
    for alternatives in (None, {"x": {"alternatives": {"something else": x}}}):
        report = check_backward("sin", lambda x: numpy.sin(x), lambda dy, x: {"x": numpy.cos(x)}, {"x": x}, rng,
                                context=alternatives)
        check, = report.checks
        assert check.explanation == "the upstream gradient dy is left out"


# The bank of wrong gradients

def forward(x, W, b):
    return numpy.tanh(x @ W + b)


def right(dy, x, W, b):
    da = dy * (1 - forward(x, W, b) ** 2)
    return {"x": da @ W.T, "W": x.T @ da, "b": da.sum(axis=0)}


def change(tensor, function):
    def wrong(dy, x, W, b):
        gradients = right(dy, x, W, b)
        return {**gradients, tensor: function(gradients[tensor], dy, x, W, b)}
    return tensor, wrong


def one_element(g, *_):
    g[1, 0] *= 1.001
    return g


BANK = {    # what is wrong: the tensor it is wrong in, and a backward function
    "sign": change("W", lambda g, *_: -g),
    "factor 2": change("x", lambda g, *_: 2 * g),
    "summed instead of averaged": change("b", lambda g, dy, x, W, b: g / len(x)),
    "transposed": change("W", lambda g, *_: g.T.copy()),
    "zero": change("b", lambda g, *_: 0 * g),
    "activation forgotten": change("W", lambda g, dy, x, W, b: x.T @ dy),
    "derivative of the pre-activation": change("b", lambda g, dy, x, W, b: (dy * (1 - (x @ W + b) ** 2)).sum(0)),
    "1 − y instead of 1 − y²": change("x", lambda g, dy, x, W, b: (dy * (1 - forward(x, W, b))) @ W.T),
    "rows permuted": change("x", lambda g, *_: g[::-1].copy()),
    "one example left out": change("b", lambda g, dy, x, W, b: g - (dy * (1 - forward(x, W, b) ** 2))[0]),
    "cotangent ignored": change("b", lambda g, dy, x, W, b: (1 - forward(x, W, b) ** 2).sum(axis=0)),
    "cotangent averaged": change("b", lambda g, dy, x, W, b: right(0 * dy + dy.mean(), x, W, b)["b"]),
    "one element by a thousandth": change("W", one_element),
    "off by 1e-6": change("x", lambda g, *_: g * (1 + 1e-6)),
    "not finite": change("x", lambda g, *_: g / 0.0 * 0),
    "shape": change("b", lambda g, *_: g[:, None]),
    "nothing returned": change("W", lambda g, *_: None),
}


@pytest.fixture
def inputs(rng):
    return {"x": rng.standard_normal((3, 3)), "W": rng.standard_normal((3, 3)), "b": rng.standard_normal(3)}


def test_the_right_gradient_passes_with_every_seed(inputs):
    for seed in range(200):
        rng = numpy.random.default_rng(seed)
        inputs = {name: rng.standard_normal(x.shape) for name, x in inputs.items()}
        report = check_backward("f", forward, right, inputs, rng)
        assert report.ok, report


@pytest.mark.parametrize("name", BANK)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value)")
def test_every_wrong_gradient_is_caught_in_its_tensor_and_no_other(inputs, rng, name):
    tensor, wrong = BANK[name]
    report = check_backward("f", forward, wrong, inputs, rng)
    assert [check.tensor for check in report.checks if not check.ok] == [tensor], report


def test_the_report_names_the_worst_element_with_both_values(inputs, rng):
    report = str(check_backward("my layer", forward, BANK["one element by a thousandth"][1], inputs, rng))
    line = next(line for line in report.splitlines() if "yours" in line)
    assert "W[1, 0]" in line and "differences give" in line
    assert "my layer" in report and "WRONG" in report and "3x3" in report


def test_redrawn_noise_is_named(inputs, rng):
    noise = numpy.random.default_rng(0)
    report = check_backward("f", lambda x, W, b: forward(x, W, b) + noise.standard_normal((3, 3)), right, inputs, rng)
    assert not report.ok and "is the noise redrawn" in str(report)


def test_a_changed_input_is_named(inputs, rng):
    def careless(dy, x, W, b):
        gradients = right(dy, x, W, b)
        x *= 2
        return gradients
    report = check_backward("f", forward, careless, inputs, rng)
    assert "x was changed in place" in str(report)


def test_float32_is_warned_about():
    x = numpy.linspace(-1, 1, 5, dtype="float32")
    check = check_gradient("f", "x", lambda x: (x * x).sum(), x, 2 * x)
    assert any("float64" in warning for warning in check.warnings)


def test_in_float32_rounding_is_not_taken_for_kinks():
    x = numpy.linspace(-1, 1, 20, dtype="float32")
    check = check_gradient("tanh", "x", numpy.tanh, x, 1 - numpy.tanh(x) ** 2)
    assert not check.ok and len(check.warnings) == 1 and "float32" in check.warnings[0]


def softmax(a):
    e = numpy.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(5, 4), (100, 30)])
def test_a_gradient_of_zero_is_right_and_is_told(rng, shape):
    a, dy = rng.standard_normal(shape), numpy.ones(shape)      # each row of the softmax sums to 1: nothing moves
    y = softmax(a)
    right = y * (dy - (y * dy).sum(axis=1, keepdims=True))
    check = check_gradient("softmax", "a", softmax, a, right, dy, rng=rng)
    assert check.ok and "rounding" in check.warnings[-1] and not any("kink" in line for line in check.warnings)
    wrong = right + 1e-6 * rng.standard_normal(shape)
    assert not check_gradient("softmax", "a", softmax, a, wrong, dy, rng=rng).ok


def test_a_function_that_is_not_finite_is_named():
    x = numpy.array([1.0])
    check = check_gradient("f", "x", lambda x: x * numpy.inf, x, x)
    assert not check.ok and "function itself is not finite" in str(check)


def square(x):
    return x * x


def test_the_dtype_has_to_be_kept(rng):
    x = rng.standard_normal(5)
    check = check_gradient("f", "x", square, x, (2 * x).astype("float32"), numpy.ones(5))
    assert not check.ok and "the dtype float64, but its dtype is float32" in str(check)


def test_every_report_line_has_both_errors(rng):
    x = rng.standard_normal(5)
    check = check_gradient("f", "x", square, x, 2 * x + 1e-3, numpy.ones(5))
    assert "off by 1.0e-03, relative error" in str(check) and "allowed 1e-07" in str(check)


# Kinks

AT_A_KINK = numpy.array([0.5, -0.3, 0.0, 4e-6, -4e-6, 1.0])     # at it; within a step on either side; within s/8


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_kinks_are_told_and_excused(slope):
    gradient = numpy.where(AT_A_KINK > 0, 1.0, 0.0)
    gradient[2] = slope         # either is a slope at the kink
    check = check_gradient("relu", "a", lambda a: numpy.maximum(a, 0), AT_A_KINK.copy(), gradient, numpy.ones(6))
    assert check.ok and "kink at a[2] and 2 more" in str(check)


def test_a_kink_excuses_no_other_value_and_no_other_element():
    gradient = numpy.where(AT_A_KINK > 0, 1.0, 0.0)
    for i, wrong in ((2, 1.5), (3, -0.2), (0, 0.0), (1, 1.0)):
        bad = gradient.copy()
        bad[i] = wrong
        check = check_gradient("relu", "a", lambda a: numpy.maximum(a, 0), AT_A_KINK.copy(), bad, numpy.ones(6))
        assert not check.ok, (i, wrong)


def test_a_mistake_beside_a_kink_is_named_all_the_same():
    """At the kink differences give half of each slope, which is no mistake of the learner's."""
    report = check_backward("relu", lambda a: numpy.maximum(a, 0), lambda dy, a: {"a": dy.copy()},
                            {"a": numpy.array([0.5, -0.3, 0.0, -0.8, 1.0, -2.0])}, numpy.random.default_rng(0))
    assert not report.ok and "a mask (input > 0) is missing" in str(report)


def test_a_smooth_function_has_no_kinks(rng):
    """However bent: a wrong gradient of it is never excused."""
    x = rng.standard_normal(20)
    for f, df in ((numpy.tanh, lambda x: 1 / numpy.cosh(x) ** 2), (lambda x: numpy.exp(3 * x), lambda x: 3 * numpy.exp(3 * x)),
                  (lambda x: 100 * x ** 4, lambda x: 400 * x ** 3)):
        check = check_gradient("f", "x", f, x, df(x) * (1 + 1e-5), numpy.ones(20))
        assert not check.ok and not check.warnings


# The complex step

def test_the_complex_step_is_exact(rng):
    x, W = rng.standard_normal((4, 3)), rng.standard_normal((3, 2))
    dy = rng.standard_normal((4, 2))
    exact = (dy * (1 - numpy.tanh(x @ W) ** 2)) @ W.T
    numpy.testing.assert_allclose(complex_step_gradient(lambda x: numpy.tanh(x @ W), x, dy), exact, rtol=1e-14)


def test_check_backward_by_the_complex_step(inputs, rng):
    report = check_backward("f", forward, right, inputs, rng, tolerance=1e-13, method="complex-step")
    assert report.ok, report
    report = check_backward("f", forward, BANK["off by 1e-6"][1], inputs, rng, tolerance=1e-13, method="complex-step")
    assert not report.ok


# Large tensors

def large_inputs(rng):
    return {"x": rng.standard_normal((10, 90)) / 10, "W": rng.standard_normal((90, 80)), "b": rng.standard_normal(80)}


def test_large_tensors_are_checked_along_directions(rng):
    calls = []

    def counted(x, W, b):
        calls.append(1)
        return forward(x, W, b)
    report = check_backward("f", counted, right, large_inputs(rng), rng)
    assert report.ok, report
    assert "7200 elements: checked along 20 random directions" in str(report)
    assert len(calls) < 2 * (900 + 80) + 100, "not one by one for the 7,200"


@pytest.mark.parametrize("where", [(3, 4), (89, 79), (0, 0)])
def test_one_wrong_element_of_thousands_is_found(where, rng):
    def wrong(dy, x, W, b):
        gradients = right(dy, x, W, b)
        gradients["W"][where] += 0.01
        return gradients
    report = check_backward("f", forward, wrong, large_inputs(rng), rng)
    assert not report.ok and f"W[{where[0]}, {where[1]}]: yours" in str(report)
    assert [check.tensor for check in report.checks if not check.ok] == ["W"]


@pytest.mark.parametrize("size", [5, 20_000])
@pytest.mark.parametrize("factor", [1, 2])
def test_differences_that_are_not_finite_prove_nothing(rng, size, factor):
    x = numpy.abs(rng.standard_normal(size)) + 1
    x[3] = 1e-7         # a step to the left of it, the logarithm is NaN
    with numpy.errstate(invalid="ignore"):
        report = check_backward("log", lambda x: numpy.log(x), lambda dy, x: {"x": factor * dy / x}, {"x": x}, rng)
    assert not report.ok and "not a small step away" in str(report)


def test_a_gradient_too_small_beside_f_to_be_seen_is_excused_and_a_wrong_one_is_not():
    def large(x):
        return 1e6 + numpy.sin(x).sum()
    x = numpy.linspace(0.1, 1, 5)
    check = check_gradient("f", "x", large, x, numpy.cos(x))
    assert check.ok and "rounding" in check.warnings[-1] and "kink" not in str(check)
    assert not check_gradient("f", "x", large, x, numpy.cos(x) + 5e-3).ok
    check = check_gradient("f", "x", lambda x: 1.0, x, 0 * x)
    assert check.ok and check.error == 0 and not check.warnings


def test_a_slope_of_the_kink_is_excused_though_differences_are_not_exact():
    a = numpy.array([0.5, -0.3, 0.0])
    check = check_gradient("f", "a", lambda a: numpy.maximum(a, 0) - a * a, a, numpy.array([0.0, 0.6, 0.0]), numpy.ones(3))
    assert check.ok and "kink at a[2]" in str(check)


def test_the_gradient_is_judged_as_it_was_given():
    """f overwrites the buffer that it came in, with the right one."""
    buffer, x = numpy.full(3, 7.0), numpy.ones(3)

    def f(x):
        buffer[...] = 2
        return (x * x).sum()
    assert not check_gradient("f", "x", f, x, buffer).ok


def test_the_summary_is_that_of_the_worst_tensor(rng):
    x = rng.standard_normal(3)
    report = check_backward("f", lambda x, y: x * y, lambda dy, x, y: {"x": dy * y, "y": 2 * dy * x}, {"x": x, "y": x + 1}, rng)
    assert "WRONG" in report.summary() and "the worst of 2" in report.summary()


def test_a_method_that_is_asked_for_is_used(rng):
    seen = set()

    def f(x):
        seen.add(x.dtype.kind)
        return x * x
    for method, kinds in (("central", {"f"}), ("complex-step", {"f", "c"})):
        seen.clear()
        check_backward("f", f, lambda dy, x: {"x": 2 * dy * x}, {"x": rng.standard_normal(3)}, rng, method=method)
        assert seen == kinds


def test_directions_are_drawn_at_random(rng):
    """Two errors that cancel in the sum of all elements."""
    x = rng.standard_normal(3000)
    wrong = 2 * x
    wrong[3] += 1
    wrong[7] -= 1
    assert not check_gradient("f", "x", lambda x: (x * x).sum(), x, wrong, rng=rng).ok


def test_a_gradient_that_should_be_zero_and_is_not_is_wrong():
    x = numpy.ones(3)
    assert not check_gradient("f", "x", lambda x: 0 * x.sum(), x, numpy.ones(3)).ok


def test_the_error_is_relative_to_the_larger_norm(rng):
    x = rng.standard_normal((5, 4))
    for factor in (1, 3, 1 / 3):
        yours = factor * 2 * x + 0.01 * rng.standard_normal((5, 4))
        check = check_gradient("f", "x", lambda x: (x * x).sum(), x, yours)
        scale = max(numpy.linalg.norm(yours), numpy.linalg.norm(2 * x))
        assert check.error == pytest.approx(numpy.linalg.norm(yours - 2 * x) / scale, rel=1e-6)


def test_gradients_of_some_inputs_are_enough(rng):
    x, y = rng.standard_normal((2, 3))
    report = check_backward("f", lambda x, y: x * y, lambda dy, x, y: {"x": dy * y}, {"x": x, "y": y}, rng)
    assert report.ok and [check.tensor for check in report.checks] == ["x"]


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1e160, 1e200, 1e300])
@pytest.mark.parametrize("size", [5, 2500])
@pytest.mark.filterwarnings("error")
def test_squares_that_float64_cannot_hold_hide_no_mistake_and_make_none(rng, scale, size):
    """Σ g² is 0 or infinite here, though g is neither."""
    x = 1 + rng.random(size)

    def check(factor):
        return check_backward("f", lambda x: scale * x ** 2, lambda dy, x: {"x": dy * (factor * scale * x)}, {"x": x}, rng)
    right, wrong = check(2.0).checks[0], check(5.0).checks[0]
    assert right.ok and 0 < right.error < 1e-8, right
    assert not wrong.ok and wrong.error == pytest.approx(0.6, rel=1e-6)
    assert wrong.explanation == ("it is 2.5 times what it should be" if size == 5 else None)
    for factor, error in ((2, 0), (5, 0.6)):
        plain = gradient_error(lambda x: scale * x ** 2, lambda dy, x: dy * (factor * scale * x), x[:5].copy(), rng)
        assert plain == pytest.approx(error, abs=1e-8)


def test_one_wrong_element_of_thousands_is_found_where_its_square_is_zero(rng):
    x = 1 + rng.random(2500)
    gradient = 2e-200 * x
    gradient[1234] *= 2
    check = check_gradient("f", "x", lambda x: (1e-200 * x ** 2).sum(), x, gradient, rng=rng)
    assert not check.ok and "x[1234]" in check.problems[1]


def test_one_number_that_is_not_finite_is_found_where_it_is():
    x, yours = numpy.ones((2, 3)), numpy.full((2, 3), 2.0)
    yours[0, 1] = numpy.nan
    assert "first at [0, 1]" in str(check_gradient("f", "x", lambda x: (x * x).sum(), x, yours))


def test_the_loss_that_a_model_returns_has_to_be_the_one_that_is_checked(rng):
    """A constant that is missing from the loss does not show in its gradient."""
    vae, x, eps = VAE(3, 2, hidden=(4,), dtype="float64", backend="numpy"), numpy.eye(3), rng.standard_normal((1, 3, 2))

    def report(constant):
        return check_model("VAE", vae, lambda: vae.loss_and_grad(x, eps),
                           loss=lambda: vae.loss_and_grad(x, eps).loss + constant)
    assert report(0).ok
    wrong = report(1e-3)
    assert not any(check.ok for check in wrong.checks) and "but loss_and_grad() returns" in str(wrong)
