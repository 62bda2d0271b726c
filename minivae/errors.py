"""What is raised when something is wrong: one line with the cause, the value and the remedy."""

import numbers


class InputError(ValueError):
    """Wrong input. Its message is fit to be shown to a user as it stands, without a traceback."""


class Diverged(ArithmeticError):
    """What is optimized stopped being finite; the message says where, and what may help."""


def require_shape(name, array, shape):
    """Raise InputError unless `array` has this shape; None in `shape` stands for any size."""
    got = getattr(array, "shape", None)
    if got == shape:
        return
    if got is None or len(got) != len(shape) or any(want not in (None, g) for want, g in zip(shape, got)):
        wanted = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
        has = f"has shape {got}" if got is not None else f"is a {type(array).__name__}"
        raise InputError(f"{name} {has}, but {'an array of ' if got is None else ''}shape {wanted} is needed")


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
