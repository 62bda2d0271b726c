"""Is a gradient right? Compare it with differences.

A derivative is the limit of (f(x + s) − f(x − s)) / 2s, so it can be measured for a small step s without any
calculus. That takes two evaluations of f for each number in x: too slow to train with, but exact to about ten
digits in float64, which finds any mistake.

This file shows the method. To check your own functions use `check_backward` from checking/. It takes
several inputs, and says where a gradient is wrong, and probably why.
"""

import numpy

from .backend import to_numpy
from .checking.check import TABLE_HEAD, TOLERANCE, Check, Report, check_backward, check_gradient, check_model
from .checking.differences import (STEP, as_float64, complex_step_gradient, norm, require_changeable,
                                   require_weights)
from .errors import as_generator, require_shape


def numerical_gradient(f, x, dy=None, step=STEP):
    """∂/∂x of Σ dy · f(x), by central differences, one element of x after the other.

    f(x) returns a number, or an array with the upstream gradient dy. x is changed in place and restored.
    -> a NumPy array like x. Raises InputError where x can't be changed, or dy does not fit.
    """
    require_changeable(x)
    dy = 1.0 if dy is None else to_numpy(dy)
    gradient = numpy.empty(x.shape)
    flat = x.reshape(-1)                        # a view of x
    for i in range(x.size):
        value = float(flat[i])
        try:
            flat[i] = value + step
            above = as_float64(f(x))
            flat[i] = value - step
            below = as_float64(f(x))
        finally:
            flat[i] = value
        require_weights(dy, above)
        gradient.flat[i] = (dy * (above - below)).sum() / (2 * step)
    return gradient


def relative_error(yours, expected):
    """‖yours − expected‖ / max(‖yours‖, ‖expected‖), of two arrays of one shape.

    About 1e-10 for a right gradient, usually 1e-3 or more for a mistake, NaN if a number is NaN.
    """
    require_shape("yours", yours, numpy.shape(expected))
    scale = numpy.maximum(norm(yours), norm(expected))          # NaN where one is
    return 0.0 if scale == 0 else float(norm(yours - expected) / scale)


def gradient_error(forward, backward, x, rng):
    """The relative error of backward(dy, x), the gradient of y = forward(x), for a random dy.

    dy has to be random. With dy = 1 everywhere, mistakes that cancel in the sum over y would not be seen.
    """
    dy = numpy.asarray(as_generator(rng).standard_normal(numpy.shape(forward(x))))
    return relative_error(backward(dy, x), numerical_gradient(forward, x, dy))
