"""The number of threads that compute NumPy's matrix products. Only OpenBLAS is changed."""

import contextlib
import ctypes
import os
from pathlib import Path

import numpy

from ..backend import get_xp

# Rows times parameters up to which a second thread gains at most 4 %. Measured with 2 cores: with two threads
# a step takes 8 % longer than with one for 64-300-150-2 and batches of 50 (6·10⁶), 4 % less with batches
# of 200 (3·10⁷), and 17 % less for 784-500-20 and 100 (8·10⁷); on a busy machine often several times as long.
SMALL = 30_000_000


def openblas():
    """The OpenBLAS in NumPy's wheel, or None. openblas()("get_num_threads") is its function of that name.

    There the names have a prefix and a suffix, which differ between versions of NumPy.
    """
    package = Path(numpy.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            with contextlib.suppress(OSError):
                library = ctypes.CDLL(str(path))        # NumPy has loaded it already
                for form in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}"):
                    if hasattr(library, form.format("get_num_threads")):
                        return lambda name: library[form.format(name)]
    return None


@contextlib.contextmanager
def one_blas_thread():
    """In this block each product has one thread: several are computed at once, or all are small.

    -> how many threads there were before, and are again afterwards; 1 without OpenBLAS
    """
    library = openblas()
    before = library("get_num_threads")() if library else 1
    try:
        if before > 1:
            library("set_num_threads")(1)
        yield before
    finally:
        if before > 1:
            library("set_num_threads")(before)


@contextlib.contextmanager
def one_thread_if_small(model, rows):
    """In this block products have one thread if training steps with this many rows are SMALL. -> are they?

    Not if the user has set a number of threads, and not on a GPU or without OpenBLAS. Threads wait for each
    other after each product: that costs little on an idle machine, and most of the time on a busy one.
    """
    flat = model.parameters.flat
    chosen = any(f"{name}_NUM_THREADS" in os.environ for name in ("OPENBLAS", "GOTO", "OMP", "MKL"))
    small = rows * flat.size <= SMALL and not chosen and get_xp(flat) is numpy and openblas() is not None
    with one_blas_thread() if small else contextlib.nullcontext():
        yield small
