"""The form of every data set, and functions that change its pixels.

Images are NumPy arrays on the host: float32 in [0, 1], one image per row.
"""

import math
from typing import NamedTuple

import numpy

from ..backend import get_xp
from ..errors import InputError, as_generator, require_count, require_range, require_real


class Images(NamedTuple):
    """A data set. Labels are None if it has none; they are used only in pictures."""

    train: numpy.ndarray            # (N, D) float32 in [0, 1]
    train_labels: numpy.ndarray     # (N,) uint8
    test: numpy.ndarray
    test_labels: numpy.ndarray
    shape: tuple                    # (height, width), height · width = D
    label_names: tuple = None       # of the labels 0, 1, ...; None if they are the digits themselves


def binarize(x, rng):
    """Draw black or white pixels from grey ones: a pixel is 1 with a probability equal to its grey value.

    x (N, D) in [0, 1], NumPy or CuPy; rng: a numpy.random.Generator, or CuPy's to draw on the GPU.
    -> (N, D) of the same dtype
    """
    _require_grey(x)
    as_generator(rng, method="random", seeds=False)
    u = get_xp(x).asarray(rng.random(x.shape, dtype=numpy.float32))
    return (u < x).astype(x.dtype)


def threshold(x):
    """Black or white pixels from grey ones: 1 above 1/2, else 0.    x (N, D) -> (N, D) of the same dtype"""
    _require_grey(x)
    return (x > 0.5).astype(x.dtype)


def quantize(x, levels):
    """Whole numbers 0 .. levels − 1 from grey values.    x (N, D) in [0, 1] -> (N, D) of the same dtype"""
    _require_grey(x)
    levels, = require_count(least=2, levels=levels)
    return get_xp(x).rint(x * (levels - 1))


def _require_grey(x):
    """Raise InputError unless x is real and in [0, 1]; on a GPU, values are not checked, to save a wait."""
    require_real("x", x)
    if get_xp(x) is numpy:
        require_range("x", x, 0, 1, "scale them: x / 255, if they are bytes")


def as_rows(array, path):
    """Images (N, H, W) or (N, D) of any number type -> (N, D) float32 in [0, 1]."""
    if array.ndim not in (2, 3):
        raise InputError(f"{path} contains an array of shape {array.shape}; images need shape (N, H, W) or (N, D)")
    if array.size == 0:
        raise InputError(f"{path} contains no pixels: its shape is {array.shape}; give at least 2 images")
    if array.dtype.kind not in "buif":
        raise InputError(f"{path} contains values of type {array.dtype}; save them as integers or real numbers")
    with numpy.errstate(over="ignore"):     # values too large for float32 become infinite; see `bad`
        x = array.reshape(len(array), -1).astype(numpy.float32)
    if array.dtype.kind in "ui":
        x /= 255
    bad = int((~numpy.isfinite(x)).any(axis=1).sum())
    if bad:
        raise InputError(f"{path} contains NaN or infinite values in {bad} of {len(x)} images; "
                         "remove or fix these images")
    low, high = float(x.min()), float(x.max())
    if not 0 <= low <= high <= 1:
        rule = "integers are divided by 255" if array.dtype.kind in "ui" else "real numbers are not scaled"
        raise InputError(f"{path} has values from {low:g} to {high:g}, but [0, 1] is needed ({rule}); "
                         "scale them")
    return x


def hold_out(x, labels, shape, label_names=None):
    """Every tenth of the images x (N, D) is a test image; of fewer than ten images, the second. -> Images"""
    is_test = numpy.arange(len(x)) % 10 == (9 if len(x) >= 10 else 1)
    train_labels, test_labels = (None, None) if labels is None else (labels[~is_test], labels[is_test])
    return Images(x[~is_test], train_labels, x[is_test], test_labels, shape, label_names)


def image_shape(array):
    """(height, width) of an array (N, H, W); for (N, D), a square if possible, else one row of pixels."""
    if array.ndim == 3:
        return array.shape[1:]
    side = math.isqrt(array.shape[1])
    return (side, side) if side * side == array.shape[1] else (1, array.shape[1])
