"""Is a gradient right? The checker behind `minivae.gradcheck.check_backward`.

It compares a gradient with differences, as gradcheck.py does. It also recognizes what only looks like a
mistake: kinks, rounding, and a function that is not finite a small step away. It detects noise that is drawn
again at each call, and inputs that the function changes. diagnosis.py then says what is probably wrong.
"""

from dataclasses import dataclass, field

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError, as_generator, require_positive, require_real
from .diagnosis import diagnose
from .differences import (STEP, Slopes, as_float64, complex_step_gradient, gradient_by_differences, norm,
                          require_changeable)

TOLERANCE = 1e-7        # a right gradient has an error near 1e-10, a mistake usually 1e-3 or more
LARGE = 2000            # elements; a larger tensor is checked along random directions, not one by one
DIRECTIONS = 20


@dataclass
class Check:
    """The verdict on one gradient: `error` is ‖yours − expected‖ / max(‖yours‖, ‖expected‖)."""

    function: str
    tensor: str
    shape: tuple
    error: float
    tolerance: float
    problems: list = field(default_factory=list)    # what is wrong, in words
    warnings: list = field(default_factory=list)    # what makes the verdict less certain
    explanation: str = None                         # what is probably wrong, see diagnosis.py
    yours: numpy.ndarray = None                     # both arrays, if all elements were compared
    expected: numpy.ndarray = None

    @property
    def ok(self):
        return not self.problems

    def __str__(self):
        verdict = "ok" if self.ok else "WRONG"
        shape = "x".join(map(str, self.shape)) or "scalar"
        row = f"{self.function:<69} {self.tensor:<13} {shape:>9} {self.error:>10.1e}   {verdict}"
        explanation = [f"probably: {self.explanation}"] if self.explanation else []
        lines = self.problems + explanation + self.warnings
        return "\n".join([row, *("    " + line for line in lines)])


@dataclass
class Report:
    """The checks of all tensors of one function; prints as a table."""

    checks: list

    @property
    def ok(self):
        return bool(self.checks) and all(check.ok for check in self.checks)     # an empty report proves nothing

    def __str__(self):
        return "\n".join(map(str, self.checks))

    def summary(self):
        """The row of the tensor with the largest error, and the number of tensors."""
        worst = max(self.checks, key=lambda check: check.error)
        more = f"    the worst of {len(self.checks)}" if len(self.checks) > 1 else ""
        return str(worst) + more


TABLE_HEAD = f"{'function':<69} {'tensor':<13} {'shape':>9} {'rel. error':>10}   verdict"


def check_gradient(function, tensor, f, x, gradient, dy=None, tolerance=TOLERANCE, method="central",
                   rng=None):
    """Compare a gradient (an array like x) with differences of f at x. -> Check

    function and tensor are names for the report; f, x and dy are as in gradcheck.numerical_gradient.
    method is "central", or "complex-step" for a holomorphic (complex-differentiable) f.
    rng draws the directions for a large x.
    """
    if method not in ("central", "complex-step"):
        raise InputError(f'unknown method {method!r}; choose "central" or "complex-step"')
    require_positive(tolerance=tolerance)
    require_changeable(x, tensor)
    rng = as_generator(0 if rng is None else rng)
    check = Check(function, tensor, tuple(x.shape), float("nan"), tolerance)
    if x.dtype != numpy.float64:
        check.warnings.append(f"{tensor} is {x.dtype}, but differences are precise enough only in float64")
    if not _is_an_array_like(gradient, x, check):
        if getattr(gradient, "ndim", 0) and x.size <= LARGE:
            check.yours = to_numpy(gradient)                    # for diagnose()
            check.expected = gradient_by_differences(f, x, dy)
        return check
    gradient = to_numpy(gradient).astype("float64")     # a copy: calling f may overwrite the original
    if not numpy.isfinite(gradient).all():
        where = numpy.argwhere(~numpy.isfinite(gradient))[0].tolist()
        check.problems.append(f"the gradient is not finite, first at {where}")
        return check
    first, second = as_float64(f(x)), as_float64(f(x))
    if not numpy.array_equal(first, second):
        check.problems.append("the function returns a different value when it is called again: "
                              "is the noise redrawn at each call?")
        return check
    if not numpy.isfinite(first).all():
        check.problems.append("the function itself is not finite at this input")
        return check
    if x.size > LARGE and method == "central":
        _compare_along_directions(check, Slopes(f, x, dy), gradient, rng)
    else:
        _compare_elements(check, f, x, dy, gradient, method)
    return check


def _is_an_array_like(gradient, x, check):
    """Add a problem unless the gradient has the shape and the dtype of x. -> is it right?"""
    shape = getattr(gradient, "shape", None)
    if shape is None or tuple(shape) != tuple(x.shape):
        got = "nothing was returned: is the return missing?" if gradient is None else (
            f"its shape is {tuple(shape)}" if shape is not None else
            f"it is a {type(gradient).__name__}, not an array")
        check.problems.append(f"the gradient of {check.tensor} must have the shape {tuple(x.shape)}, but {got}")
    elif gradient.dtype != x.dtype:
        check.problems.append(f"the gradient of {check.tensor} must have the dtype {x.dtype}, "
                              f"but its dtype is {gradient.dtype}")
    return check.ok


def _compare_elements(check, f, x, dy, gradient, method):
    if method == "complex-step":
        expected = complex_step_gradient(f, x, dy)
    else:
        expected = gradient_by_differences(f, x, dy)
    if not _are_finite(check, expected):
        return
    check.yours, check.expected = gradient, expected
    scale = max(norm(gradient), norm(expected))
    difference = numpy.abs(gradient - expected)
    check.error = norm(difference) / scale if scale > 0 else 0.0
    if check.error <= check.tolerance:
        return
    slope, kinks = Slopes(f, x, dy), []
    if method == "central" and x.dtype == numpy.float64:        # in float32, rounding would look like kinks
        if _is_rounding(check, difference, slope.rounding(STEP)):
            return
        suspects = numpy.flatnonzero(difference > check.tolerance * scale / x.size ** 0.5)
        kinks = [i for i in suspects if slope.is_kink(i, gradient.flat[i])]
    if kinks:
        difference.flat[kinks] = 0
        expected.flat[kinks] = gradient.flat[kinks]
        check.error = norm(difference) / scale
        more = f" and {len(kinks) - 1} more" if len(kinks) > 1 else ""
        check.warnings.append(f"f has a kink at {check.tensor}{_index(kinks[0], x.shape)}{more}: there is no "
                              "derivative; your value is within the range of the slopes there, and is accepted")
    if not check.error <= check.tolerance:
        _name_the_worst(check, difference, gradient, expected)


def _are_finite(check, differences):
    """Add a problem unless they are: a comparison with NaN would find nothing wrong."""
    if not numpy.isfinite(differences).all():
        check.error = numpy.nan
        check.problems.append("differences are not finite: the function is finite here, but not a small step "
                              "away; check it at other inputs")
        return False
    return True


def _is_rounding(check, difference, rounding):
    """Can rounding alone explain the difference? Then add a warning. It can, for a gradient of zero."""
    size = norm(difference) / difference.size ** 0.5
    if size > rounding:
        return False
    check.error = float(check.tolerance * size / rounding) if size else 0.0
    check.warnings.append(f"the gradient of {check.tensor} is too small, compared with f, to be measured by "
                          f"differences: their rounding error is {rounding:.0e}")
    return True


def _compare_along_directions(check, slope, gradient, rng):
    """Compare Σ g u with the slope of f along u, for random u. An error anywhere shows in every direction."""
    step = STEP / slope.x.size ** 0.25      # smaller, because all elements move at once
    directions = rng.standard_normal((DIRECTIONS, *slope.x.shape))
    yours = numpy.array([(gradient * u).sum() for u in directions])
    expected = numpy.array([slope.along(u, step) for u in directions])
    if not _are_finite(check, expected):
        return
    scale = max(norm(yours), norm(expected))
    check.error = norm(yours - expected) / scale if scale > 0 else 0.0
    check.warnings.append(f"{slope.x.size} elements: checked along {DIRECTIONS} random directions")
    if check.error <= check.tolerance:
        return
    if slope.x.dtype == numpy.float64 and _is_rounding(check, yours - expected, slope.rounding(step)):
        return
    measured = gradient.copy()
    for i in _narrow_down(slope, gradient, step, rng):
        measured.flat[i] = slope(i, -STEP, STEP)
    _name_the_worst(check, numpy.abs(gradient - measured), gradient, measured, " that were found")


def _narrow_down(slope, gradient, step, rng):
    """At most 64 elements with an error among them: halve, keep the half with the larger error, and repeat."""
    suspects = numpy.arange(gradient.size)
    while len(suspects) > 64:
        halves, errors = numpy.array_split(suspects, 2), []
        for half in halves:
            directions = numpy.zeros((4, *gradient.shape))
            directions.reshape(4, -1)[:, half] = rng.standard_normal((4, len(half)))
            errors.append(norm([(gradient * u).sum() - slope.along(u, step) for u in directions]))
        suspects = halves[int(numpy.argmax(errors))]
    return suspects


def _name_the_worst(check, difference, gradient, expected, of=""):
    check.problems.append(f"relative error {check.error:.1e}, allowed {check.tolerance:.0e}; "
                          f"worst elements{of}:")
    for i in numpy.argsort(difference, axis=None)[::-1][:3]:
        yours, measured = gradient.flat[i], expected.flat[i]
        relative = abs(yours - measured) / max(abs(yours), abs(measured), 1e-300)
        check.problems.append(f"  {check.tensor}{_index(i, difference.shape)}: yours {yours:.8g}, "
                              f"differences give {measured:.8g}; "
                              f"off by {difference.flat[i]:.1e}, relative error {relative:.1e}")


def _index(i, shape):
    return [int(k) for k in numpy.unravel_index(i, shape)]


def check_backward(function, forward, backward, inputs, rng, tolerance=TOLERANCE, method="central",
                   context=None):
    """Check a backward function against its forward function. -> Report, one Check per input

    inputs   {"x": array, ...}, float64
    forward  forward(**inputs) -> y
    backward backward(dy, **inputs) -> {"x": gradient of Σ dy · y, ...}, for some or all of the inputs
    context  what else diagnose() may use; a function context(dy), if it depends on dy

    dy is drawn from rng, a numpy.random.Generator or a seed. It must be random: if it were all ones, mistakes
    that cancel in the sum over y would pass.
    """
    if not isinstance(inputs, dict):
        raise InputError(f"{function}: inputs is a {type(inputs).__name__}, but a dict is needed, from "
                         'argument names to arrays, like {"x": x}')
    rng = as_generator(rng)
    for name, x in inputs.items():
        require_real(name, x)
    y = forward(**inputs)
    as_float64(y)                               # raises an InputError for what is no number and no array
    y = y if hasattr(y, "shape") else numpy.float64(y)
    dy = get_xp(y).asarray(rng.standard_normal(y.shape))
    # Copies for backward: what it changes must not affect the comparison.
    given = {name: x.copy() for name, x in inputs.items()}
    given_dy = dy.copy()
    gradients = backward(given_dy, **given)
    if not isinstance(gradients, dict) or not gradients or not set(gradients) <= set(inputs):
        got = sorted(gradients) if isinstance(gradients, dict) else f"a {type(gradients).__name__}"
        raise InputError(f"{function}: backward returned {got}, but the inputs are {sorted(inputs)}; "
                         "return a dict with the gradients of some or all of these")
    checks = []
    for tensor, gradient in gradients.items():
        checks.append(check_gradient(function, tensor, lambda value: forward(**{**inputs, tensor: value}),
                                     inputs[tensor], gradient, dy, tolerance, method, rng))
    changed = [name for name, x in inputs.items()
               if not numpy.array_equal(to_numpy(x), to_numpy(given[name]))]
    if not numpy.array_equal(to_numpy(dy), to_numpy(given_dy)):
        changed.append("dy, the upstream gradient,")
    if changed:
        problems = [f"{name} was changed in place; the function must only read it" for name in changed]
        for check in checks:
            check.problems, check.yours, check.expected = problems, None, None      # nothing more is known
        return Report(checks)
    context = dict((context(dy) if callable(context) else context) or {})
    for check in checks:
        if not check.ok and check.expected is not None:
            own = context.get(check.tensor, {})
            known = own.get("alternatives", context.get("alternatives", {}))
            without_dy = gradient_by_differences(lambda value: forward(**{**inputs, check.tensor: value}),
                                            inputs[check.tensor], get_xp(dy).ones_like(dy))
            context[check.tensor] = {**own, "alternatives": {
                **known, "the upstream gradient dy is left out": without_dy}}
    return explain(Report(checks), context)


def check_model(function, model, loss_and_grad, tolerance=TOLERANCE, context=None, loss=None):
    """Check the gradient of a whole model, parameter by parameter. -> Report

    loss_and_grad() returns an object with `.loss`, and fills model.gradients. Its noise must be fixed.
    loss() -> the same loss, by its definition, for the differences: no backward pass, half the time.
    """
    value = loss_and_grad().loss
    gradients = {name: to_numpy(model.gradients[name]).copy() for name in model.gradients.names()}
    xp = get_xp(model.parameters.flat)
    checks = [check_gradient(function, name, lambda _: loss() if loss else loss_and_grad().loss,
                             model.parameters[name], xp.asarray(gradients[name]), tolerance=tolerance)
              for name in model.parameters.names()]
    if loss and not numpy.isclose(float(loss()), float(value), rtol=tolerance, atol=0):
        problem = f"loss() is {float(loss()):.8g}, but loss_and_grad() returns {float(value):.8g}"
        for check in checks:
            check.problems.append(problem)
    return explain(Report(checks), context)


def explain(report, context=None):
    """Ask diagnose() about every wrong gradient; it is given the right ones of the other tensors. -> report

    context contains facts about all tensors, and context[tensor] facts about that tensor.
    """
    context = context or {}
    names = {check.tensor for check in report.checks}
    for check in report.checks:
        if not check.ok and check.expected is not None:
            shared = {key: value for key, value in context.items() if key not in names}
            others = {other.tensor: other.expected for other in report.checks
                      if other is not check and other.expected is not None}
            check.explanation = diagnose(check.yours, check.expected,
                                         {"others": others, **shared, **context.get(check.tensor, {})})
    return report
