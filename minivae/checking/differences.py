"""Derivatives by differences: central, one-sided, along a direction, and by the complex step."""

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError, require_real, require_writeable

# A central difference is off by s²/6 f‴ (the f″ terms of both sides cancel) and by about 10⁻¹⁶ |f|/s
# from rounding. With this step the total is near 10⁻¹⁰.
STEP = 1e-5


def gradient_by_differences(f, x, dy=None):
    """∂/∂x of Σ dy · f(x) by central differences: gradcheck.numerical_gradient, written with Slopes.

    -> a NumPy array with the shape of x
    """
    slope = Slopes(f, x, dy)
    return numpy.array([slope(i, -STEP, STEP) for i in range(x.size)]).reshape(x.shape)


def complex_step_gradient(f, x, dy=None, step=1e-30):
    """∂/∂x of Σ dy · f(x) by the complex step: f′(x) = Im f(x + i s)/s.

    This follows from f(x + i s) = f(x) + i s f′(x) − s²/2 f″(x) − … . Nothing is subtracted, so the step can be
    tiny and the result is exact to rounding (Squire & Trapp 1998). But f must be holomorphic: it computes with
    complex numbers, without |x|, max or comparisons. And it must use the x that it is given.
    -> a NumPy array with the shape of x
    """
    z = x.astype("complex128")
    flat = z.reshape(-1)
    dy = 1.0 if dy is None else to_numpy(dy)
    gradient = numpy.empty(x.shape)
    for i in range(flat.size):
        flat[i] += 1j * step
        y = f(z)
        gradient.flat[i] = (dy * numpy.imag(to_numpy(y) if hasattr(y, "shape") else y)).sum() / step
        flat[i] -= 1j * step
    return gradient


class Slopes:
    """slope(i, down, up) = [Σ dy f(x + up) − Σ dy f(x + down)]/(up − down); only element i of x moves."""

    def __init__(self, f, x, dy):
        require_changeable(x)
        self.f, self.x, self.flat = f, x, x.reshape(-1)
        self.dy = 1.0 if dy is None else to_numpy(dy)

    def __call__(self, i, down, up):
        value = float(self.flat[i])
        try:
            self.flat[i] = value + up
            above = as_float64(self.f(self.x))
            self.flat[i] = value + down
            below = as_float64(self.f(self.x))
        finally:
            self.flat[i] = value
        return self._weighted(above - below) / (up - down)

    def along(self, direction, step):
        """The central difference along a direction, a NumPy array of the shape of x."""
        original = self.x.copy()
        direction = get_xp(self.x).asarray(direction)
        try:
            self.x += step * direction
            above = as_float64(self.f(self.x))
            self.x[...] = original - step * direction
            below = as_float64(self.f(self.x))
        finally:
            self.x[...] = original
        return self._weighted(above - below) / (2 * step)

    def _weighted(self, difference):
        # Subtract first, then sum: a small difference of two large sums would be lost in rounding.
        require_weights(self.dy, difference)
        return float((self.dy * difference).sum())

    def rounding(self, step):
        """The largest error that rounding in the last digits of f can cause in a difference with this step."""
        magnitude = float(numpy.abs(self.dy * as_float64(self.f(self.x))).sum())
        return 8 * numpy.finfo("float64").eps * magnitude / step

    def is_kink(self, i, yours):
        """Does f have a kink within a step of element i, and is `yours` within the range of the slopes there?

        Where f is smooth, the slopes to the right and to the left differ by s f″: eight times less with an
        eighth of the step. At a kink the smaller step changes nothing. Next to a kink, central differences
        with the two steps disagree.
        """
        left, right = self(i, -STEP, 0), self(i, 0, STEP)
        near_left, near_right = self(i, -STEP / 8, 0), self(i, 0, STEP / 8)
        scale = max(abs(left), abs(right), abs(near_left), abs(near_right))
        bend, near_bend = abs(right - left), abs(near_right - near_left)
        at = bend > 1e-6 * scale and near_bend > 0.5 * bend
        beside = abs(left + right - near_left - near_right) > 1e-6 * scale
        slopes = (left, right, near_left, near_right)
        return (at or beside) and min(slopes) - 1e-4 * scale <= yours <= max(slopes) + 1e-4 * scale


def norm(a):
    """‖a‖ = √Σ a², of a NumPy array, also where a² is too small or too large for float64."""
    with numpy.errstate(over="ignore"):
        plain = float(numpy.linalg.norm(a))
    if 1e-150 < plain < numpy.inf:
        return plain
    largest = float(numpy.abs(a).max(initial=0))
    return largest * float(numpy.linalg.norm(numpy.divide(a, largest))) if 0 < largest < numpy.inf else largest


def as_float64(y):
    """The value y of f as float64, on the host. Raises InputError unless it is a number or an array of them."""
    y = numpy.float64(y) if isinstance(y, (int, float)) else y
    require_real("f(x)", y)
    return to_numpy(y).astype("float64")


def require_changeable(x, name="x"):
    """Raise InputError unless the elements of x can be changed in place, one by one."""
    require_real(name, x)
    if isinstance(x, numpy.generic) or not x.flags.c_contiguous or x.dtype.kind != "f":
        raise InputError(f"{name} is {type(x).__name__} {x.shape} of {x.dtype}, but a contiguous array of "
                         "real numbers is needed, because it is changed in place; pass "
                         f"numpy.array({name}, dtype=float)")
    require_writeable(name, x)


def require_weights(dy, y):
    """Raise InputError unless dy is a number or has the shape of y."""
    if numpy.shape(dy) not in ((), y.shape):
        raise InputError(f"dy {numpy.shape(dy)} does not fit f(x) {y.shape}; give dy the same shape")
