"""Errors: each message is one line with the cause, the value, and the remedy."""

import math
import numbers
import sys

import numpy


class InputError(ValueError):
    """Wrong input. The message can be shown to a user as it is, without a traceback."""


class Diverged(ArithmeticError):
    """Something that is being optimized stopped being finite; the message says where, and what may help."""


class Described:
    """repr says what an object is: its class, and those of its attributes that are numbers or words."""

    def __repr__(self):
        words = ", ".join(f"{name}={value!r}" for name, value in vars(self).items()
                          if isinstance(value, (int, float, str)))
        return f"{type(self).__name__}({words})"


def shown(value):
    """repr(value) for a message: on one line, and not long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def require_real(name, array):
    """Raise InputError unless this is a plain array of real numbers.

    Masked arrays, matrices, complex numbers and objects would give wrong results without a word.
    """
    kind = getattr(getattr(array, "dtype", None), "kind", None)
    plain = not isinstance(array, (numpy.ma.MaskedArray, numpy.matrix))
    if not (plain and kind and kind in "buif"):
        what = f"an array of {array.dtype}" if plain and kind else f"a {type(array).__name__}"
        raise InputError(f"{name} is {what}, but a plain NumPy or CuPy array of real numbers is needed")


def require_writeable(name, array):
    """Raise InputError unless this is an array of floats that can be changed in place."""
    require_real(name, array)
    if array.dtype.kind != "f" or not getattr(array.flags, "writeable", True):      # CuPy has no such flag
        raise InputError(f"{name} can't be changed in place: it is read-only, or not an array of "
                         f"floats; give {name}.astype(float)")


def require_range(name, x, low, high, remedy):
    """Raise InputError unless all of x lies in [low, high]."""
    require_real(name, x)
    lowest, highest = (float(x.min()), float(x.max())) if x.size else (low, high)
    if not low <= lowest <= highest <= high:
        raise InputError(f"{name} must lie in [{low}, {high}], but these lie in [{lowest:g}, {highest:g}]; "
                         f"{remedy}")


def require_shape(name, array, shape):
    """Raise InputError unless `array` has this shape; None in `shape` stands for any size."""
    got = getattr(array, "shape", None)
    if got == shape:
        return
    if got is None or len(got) != len(shape) or any(want not in (None, g) for want, g in zip(shape, got)):
        wanted = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ",)"[len(shape) != 1:]
        has = f"has shape {got}" if got is not None else f"is a {type(array).__name__}"
        raise InputError(f"{name} {has}, but {'an array of ' if got is None else ''}shape {wanted} is needed")


def require_noise(eps, mean, dz=None):
    """Raise InputError unless eps is (N, Z) or (L, N, Z), for a mean (N, Z), and dz, if given, is like eps."""
    require_real("eps", eps)
    if eps.shape[-2:] != mean.shape or eps.ndim > 3:
        raise InputError(f"eps {eps.shape} does not fit the mean {mean.shape}: (N, Z) or (L, N, Z) is needed")
    if dz is not None:
        require_shape("dz", dz, eps.shape)


def as_generator(rng, name="rng", method="standard_normal", seeds=True):
    """-> rng, or numpy.random.default_rng(rng) for a seed. Raise InputError if it is neither."""
    if seeds and isinstance(rng, numbers.Integral) and not isinstance(rng, bool) and rng >= 0:
        return numpy.random.default_rng(rng)
    if isinstance(rng, numpy.random.RandomState) or not hasattr(type(rng), method):
        raise InputError(f"{name} is {shown(rng)}, but {'a seed of at least 0 or ' * seeds}a generator is "
                         "needed, like numpy.random.default_rng(0)")
    return rng


def require_count(least=1, **values):
    """-> the values, as Python's ints. Raise InputError unless each is a whole number of at least `least`."""
    for name, value in values.items():
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} is {shown(value)}, but a whole number of at least {least} is needed")
    return [int(value) for value in values.values()]


def require_positive(or_zero=False, **values):
    """-> the values, as Python's floats. Raise InputError unless each is a finite number above zero."""
    return _floats(values, f"a finite number {'of at least' if or_zero else 'above'} 0",
                   lambda value: 0 < value < math.inf or or_zero and value == 0)


def require_fraction(**values):
    """-> the values, as Python's floats. Raise InputError unless each is at least 0 and below 1."""
    return _floats(values, "a number from 0 up to, not including, 1", lambda value: 0 <= value < 1)


def _floats(values, needed, is_possible):
    """-> the values as Python floats: numpy.float64 would turn a product with float32 into float64."""
    for name, value in values.items():
        too_large = isinstance(value, numbers.Integral) and value > sys.float_info.max
        if not isinstance(value, numbers.Real) or not is_possible(value) or too_large:
            raise InputError(f"{name} is {shown(value)}, but {needed} is needed")
    return [float(value) for value in values.values()]


def require_choice(name, value, choices):
    """Raise InputError unless value is one of the choices, which are strings."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"unknown {name} {shown(value)}; choose {' or '.join(choices)}")


def require_object(name, value, method, named):
    """-> value, or for a name a new named[value]; None means the first name.

    Raise InputError unless it is a name or an object, not a class, with this method.
    """
    value = next(iter(named)) if value is None else value
    if isinstance(value, str) and value in named:
        return named[value]()
    if isinstance(value, type) or not hasattr(value, method):
        raise InputError(f"{name} is {shown(value)}, but {' or '.join(named)}, or an object (not a class) "
                         f"with the method {method}, is needed")
    return value
