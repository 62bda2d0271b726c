"""Errors: each message is one line with the cause, the value, and the remedy."""

import numbers


class InputError(ValueError):
    """Wrong input. The message can be shown to a user as it is, without a traceback."""


class Diverged(ArithmeticError):
    """Something that is being optimized stopped being finite; the message says where, and what may help."""


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
    if eps.shape[-2:] != mean.shape or eps.ndim > 3:
        raise InputError(f"eps {eps.shape} does not fit the mean {mean.shape}: (N, Z) or (L, N, Z) is needed")
    if dz is not None:
        require_shape("dz", dz, eps.shape)


def require_count(**values):
    """Raise InputError unless every value is a whole number of at least 1."""
    for name, value in values.items():
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is {value!r}, but a whole number of at least 1 is needed")


def require_positive(**values):
    """Raise InputError unless every value is a finite number above zero."""
    for name, value in values.items():
        if not isinstance(value, numbers.Real) or not 0 < value < float("inf"):
            raise InputError(f"{name} is {value!r}, but a finite number above 0 is needed")


def require_fraction(**values):
    """Raise InputError unless every value is at least 0 and below 1."""
    for name, value in values.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < 1:
            raise InputError(f"{name} is {value!r}, but a number from 0 up to, not including, 1 is needed")


def require_choice(name, value, choices):
    """Raise InputError unless value is one of the choices, which are strings."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"unknown {name} {value!r}; choose {' or '.join(choices)}")


def require_object(name, value, method, example):
    """-> value. Raise InputError unless it is an object, not a class, with this method."""
    if isinstance(value, type) or not hasattr(value, method):
        raise InputError(f"{name} is {value!r}, but an object is needed, like {example}")
    return value
