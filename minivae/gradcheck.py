"""Is a gradient right? Compare it with differences, number by number.

A derivative is a limit of differences, so it can be measured without any calculus:
(f(x + s) − f(x − s)) / 2s for a small step s. That is far too slow to train with, and exact enough
(to about ten digits in float64) to find any mistake in a gradient derived by hand.
"""

from dataclasses import dataclass, field

import numpy

from .backend import get_xp, to_numpy
from .errors import InputError

# A central difference is off by s²/6 f‴ (the f″ terms of both sides cancel) and by about 10⁻¹⁶ |f|/s
# from rounding: near 10⁻¹⁰ in all for this step. A mistake in a derivation is off by 10⁻³ or more.
STEP = 1e-5
TOLERANCE = 1e-7


def numerical_gradient(f, x, dy=None, step=STEP):
    """∂/∂x of Σ dy · f(x) by central differences, one element of x after the other.

    f(x) returns a scalar, or an array that dy (of its shape) weights. x is changed in place and
    restored, so that f may as well read it from elsewhere, as a model reads its parameters.
    -> a NumPy array of the shape of x

    Raises InputError when x can't be changed in place, or dy does not fit.
    """
    if isinstance(x, numpy.generic) or not x.flags.c_contiguous or x.dtype.kind != "f":
        raise InputError(f"x is {type(x).__name__} {x.shape} of {x.dtype}, but a contiguous array of real "
                         "numbers is needed, to be changed in place; pass numpy.array(x, dtype=float)")
    flat = x.reshape(-1)
    dy = 1.0 if dy is None else to_numpy(dy)
    gradient = numpy.empty(x.shape)
    for i in range(flat.size):
        value = float(flat[i])
        try:
            flat[i] = value + step
            above = _as_float64(f(x))
            flat[i] = value - step
            below = _as_float64(f(x))
        finally:
            flat[i] = value
        if numpy.shape(dy) not in ((), above.shape):
            raise InputError(f"dy {numpy.shape(dy)} does not fit f(x) {above.shape}; give dy its shape")
        # Subtracted before they are summed: the rounding of a large sum would drown the difference.
        gradient.flat[i] = (dy * (above - below)).sum() / (2 * step)
    return gradient


def _as_float64(y):
    return numpy.float64(y) if isinstance(y, (int, float)) else to_numpy(y).astype("float64")


@dataclass
class Check:
    """The verdict on one gradient: `error` is ‖yours − expected‖ / max(‖yours‖, ‖expected‖)."""

    function: str
    tensor: str
    shape: tuple
    error: float
    tolerance: float
    problems: list = field(default_factory=list)    # what is wrong, in words
    warnings: list = field(default_factory=list)    # what makes the verdict less sharp

    @property
    def ok(self):
        return not self.problems

    def __str__(self):
        verdict = "ok" if self.ok else "WRONG"
        shape = "x".join(map(str, self.shape)) or "scalar"
        row = f"{self.function:<69} {self.tensor:<13} {shape:>9} {self.error:>10.1e}   {verdict}"
        return "\n".join([row, *("    " + line for line in self.problems + self.warnings)])


@dataclass
class Report:
    """The checks of all tensors of one function; prints as a table."""

    checks: list

    @property
    def ok(self):
        return bool(self.checks) and all(check.ok for check in self.checks)     # nothing checked is not right

    def __str__(self):
        return "\n".join(map(str, self.checks))

    def summary(self):
        """The row of the tensor with the largest error, saying of how many it is the worst."""
        worst = max(self.checks, key=lambda check: check.error)
        more = f"    the worst of {len(self.checks)}" if len(self.checks) > 1 else ""
        return str(worst) + more


TABLE_HEAD = f"{'function':<69} {'tensor':<13} {'shape':>9} {'rel. error':>10}   verdict"


def check_gradient(function, tensor, f, x, gradient, dy=None, tolerance=TOLERANCE):
    """Compare a gradient (an array like x) with differences of f at x. -> Check

    function and tensor are names for the report; f, x and dy are as in numerical_gradient.
    """
    shape = tuple(getattr(gradient, "shape", ()))
    check = Check(function, tensor, tuple(x.shape), float("nan"), tolerance)
    if x.dtype != numpy.float64:
        check.warnings.append(f"{tensor} is {x.dtype}: differences need float64 to be exact enough")
    if gradient is None or shape != tuple(x.shape):
        got = "nothing" if gradient is None else f"shape {shape}"
        check.problems.append(f"the gradient of {tensor} has its shape, {tuple(x.shape)}, but this is {got}")
        return check
    gradient = to_numpy(gradient).astype("float64")     # a copy: calling f may overwrite the original
    if not numpy.isfinite(gradient).all():
        where = numpy.argwhere(~numpy.isfinite(gradient))[0].tolist()
        check.problems.append(f"the gradient is not finite, first at {where}")
        return check
    first, second = _as_float64(f(x)), _as_float64(f(x))
    if not numpy.array_equal(first, second):
        check.problems.append("the function gives another value when called again: "
                              "is the noise redrawn at each call?")
        return check
    if not numpy.isfinite(first).all():
        check.problems.append("the function itself is not finite here")
        return check

    expected = numerical_gradient(f, x, dy)
    scale = max(numpy.linalg.norm(gradient), numpy.linalg.norm(expected))
    difference = numpy.abs(gradient - expected)
    check.error = float(numpy.linalg.norm(difference) / scale) if scale > 0 else 0.0
    if not check.error <= tolerance:
        check.problems.append(f"relative error {check.error:.1e}, allowed {tolerance:.0e}; worst elements:")
        for i in numpy.argsort(difference, axis=None)[::-1][:3]:
            where = [int(k) for k in numpy.unravel_index(i, x.shape)]
            check.problems.append(f"  {tensor}{where}: yours {gradient.flat[i]:.8g}, "
                                  f"differences give {expected.flat[i]:.8g}")
    return check


def check_backward(function, forward, backward, inputs, rng, tolerance=TOLERANCE):
    """Check a backward function against its forward function. -> Report, one Check an input

    inputs   {"x": array, ...}, float64
    forward  forward(**inputs) -> y
    backward backward(dy, **inputs) -> {"x": gradient of Σ dy · y, ...}, for some or all of the inputs

    dy is drawn from rng, a numpy.random.Generator. It has to be random: with all ones, gradients
    whose mistakes cancel in the sum over y would pass.
    """
    y = forward(**inputs)
    y = y if hasattr(y, "shape") else numpy.float64(y)
    dy = get_xp(y).asarray(rng.standard_normal(y.shape))
    originals = {name: to_numpy(x).copy() for name, x in inputs.items()}
    gradients = backward(dy, **inputs)
    if not gradients or not set(gradients) <= set(inputs):
        raise InputError(f"{function}: backward gave gradients of {sorted(gradients)}, but the inputs are "
                         f"{sorted(inputs)}; return a dict with some of these names")
    checks = []
    for tensor, gradient in gradients.items():
        x = inputs[tensor]
        check = check_gradient(function, tensor, lambda _: forward(**inputs), x, gradient, dy, tolerance)
        if not numpy.array_equal(to_numpy(x), originals[tensor]):
            check.problems.append(f"{tensor} itself was changed by the function; it must only read it")
        checks.append(check)
    return Report(checks)


def check_model(function, model, loss_and_grad, tolerance=TOLERANCE):
    """Check the gradient of a whole model, parameter by parameter. -> Report

    loss_and_grad() returns an object with `.loss`, and fills model.gradients. Freeze all noise in it.
    """
    loss_and_grad()
    gradients = {name: to_numpy(model.gradients[name]).copy() for name in model.gradients.names()}
    return Report([check_gradient(function, name, lambda _: loss_and_grad().loss, model.parameters[name],
                                  get_xp(model.parameters.flat).asarray(gradients[name]), tolerance=tolerance)
                   for name in model.parameters.names()])
