"""The same code for two array libraries: NumPy on the CPU, CuPy on the GPU.

The math of minivae names neither library. Operators like `x @ W` work with the arrays of both; to call a
function, `xp = get_xp(x)` returns the library that x belongs to.
"""

import functools
import sys

import numpy

from .errors import require_choice


class BackendUnavailable(RuntimeError):
    """The requested array library doesn't work here; the message says why."""


def get_xp(array, *others):
    """The library that all these arrays belong to: numpy or cupy.

    Raises TypeError if they belong to both or to neither.
    """
    name = _library_name(type(array))
    for a in (array, *others):
        if _library_name(type(a)) is None:
            raise TypeError(f"a NumPy or CuPy array is needed, not {type(a).__name__}: {a!r:.60}")
        if _library_name(type(a)) != name:
            raise TypeError("NumPy and CuPy arrays are mixed; move all to one device, "
                            "with cupy.asarray(a) or minivae.to_numpy(a)")
    return sys.modules[name]


@functools.cache
def _library_name(cls):
    """"numpy" or "cupy", if this class or one of its base classes is defined there, else None."""
    modules = [c.__module__.partition(".")[0] for c in cls.__mro__]
    odd = issubclass(cls, (numpy.ma.MaskedArray, numpy.matrix))         # their * and their mean() differ
    return None if odd else next((name for name in modules if name in ("numpy", "cupy")), None)


def array_module(name="auto"):
    """The library with this name: "numpy", "cupy", or "auto" for CuPy if it works, else NumPy.

    Without a GPU, CuPy can be imported but fails when it is used, so it is tested: import, allocate,
    multiply. With the name "cupy", raises BackendUnavailable with the reason; with "auto", prints it.
    """
    require_choice("backend", name, ("numpy", "cupy", "auto"))
    if name == "numpy":
        return numpy
    try:
        import cupy
        a = cupy.ones((2, 2), dtype="float32")
        if float((a @ a).sum()) != 8:
            raise BackendUnavailable("CuPy gives a wrong matrix product on this GPU; "
                                     'check its driver, or use the backend "numpy"')
        return cupy
    except Exception as error:
        if name == "cupy":
            raise BackendUnavailable(f"CuPy can't be used here: {_why_no_cupy(error)}") from error
        if getattr(error, "name", None) != "cupy":      # it is installed, so it was meant to be used
            say_once(f"minivae: NumPy is used, because CuPy can't be used: {_why_no_cupy(error)}")
        return numpy


@functools.cache
def say_once(line):
    """Print the line to standard error, the first time."""
    print(line, file=sys.stderr)


def _why_no_cupy(error):
    text = " ".join(str(error).rpartition("Original error:")[2].split())       # CuPy's message is a page long
    if isinstance(error, ImportError) or "failed to load" in text:
        return (f"CuPy or a CUDA library can't be loaded ({text}); install both with pip install "
                '"cupy-cuda13x[ctk]", or "cupy-cuda12x[ctk]" where the NVIDIA driver is older than 580, '
                "or use the backend numpy")
    if "InsufficientDriver" in text:
        return f"no NVIDIA driver, or one too old ({text}); install a newer one, or use the backend numpy"
    if "NoDevice" in text:
        return f"no GPU is visible ({text}); check CUDA_VISIBLE_DEVICES, or use the backend numpy"
    return f"{type(error).__name__}: {text}; use the backend numpy"


def cache_blocks(*vectors, size=2 ** 15):
    """Yield the same block of all vectors (P,), one block after the other: views, not copies.

    On the CPU several fit into its cache; on a GPU there is one block.
    """
    size = size if get_xp(vectors[0]) is numpy else max(1, len(vectors[0]))
    for first in range(0, len(vectors[0]), size):
        yield [vector[first:first + size] for vector in vectors]


def fused(function):
    """Decorator: on a GPU this function of arrays and numbers becomes one kernel; with NumPy nothing changes.

    Otherwise each operator is a kernel of its own, and starting one takes longer than adding 100,000 numbers.
    Inside, only elementwise operations are possible. The first argument is an array.
    """
    @functools.wraps(function)
    def call(a, *others):
        xp = get_xp(a)
        return function(a, *others) if xp is numpy else _kernel(xp, function)(a, *others)
    return call


@functools.cache
def _kernel(xp, function):
    return xp.fuse(kernel_name=function.__name__)(function)


def to_numpy(a):
    """The same numbers as a NumPy array on the host; waits for the GPU if they are there."""
    return a if get_xp(a) is numpy else a.get()


def synchronize(xp):
    """Wait until the GPU has finished all work in its queue. With NumPy there is nothing to wait for."""
    if xp is not numpy:
        xp.cuda.get_current_stream().synchronize()
