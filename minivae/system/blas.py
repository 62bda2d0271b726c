"""How many threads compute NumPy's matrix products, if OpenBLAS does: other libraries are left alone."""

import contextlib
import ctypes
import os
from pathlib import Path

import numpy

from ..backend import get_xp

# Rows times parameters, up to which a second thread isn't worth its waiting. Measured with 2 cores: with two
# threads a step takes 8 % longer than with one for 64-300-150-2 and batches of 50 (6·10⁶), 4 % less with batches
# of 200 (3·10⁷), and 17 % less for 784-500-20 and 100 (8·10⁷); on a busy machine often several times as long.
SMALL = 30_000_000


def openblas():
    """The OpenBLAS in NumPy's wheel, as openblas()("get_num_threads")() calls its functions; None without it.

    Their names have a prefix and a suffix, which differ between versions of NumPy.
    """
    package = Path(numpy.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            with contextlib.suppress(OSError):
                library = ctypes.CDLL(str(path))        # the one that NumPy has loaded, not another
                for form in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}"):
                    if hasattr(library, form.format("get_num_threads")):
                        return lambda name: library[form.format(name)]
    return None


def one_thread_if_small(model, rows):
    """Compute with one thread from now on if training steps with this many rows are SMALL. -> was it done?

    Not if the user has set a number of threads, and not on a GPU or without OpenBLAS. Threads wait for each
    other after each product: that costs little on an idle machine, and most of the time on a busy one.
    """
    flat, library = model.parameters.flat, openblas()
    chosen = any(name.endswith("_NUM_THREADS") for name in os.environ)
    if rows * flat.size > SMALL or chosen or get_xp(flat) is not numpy or library is None:
        return False
    library("set_num_threads")(1)
    return True


@contextlib.contextmanager
def one_blas_thread():
    """Within it each product has one thread, because several are computed at a time. -> how many it had before

    1 without OpenBLAS.
    """
    library = openblas()
    before = library("get_num_threads")() if library else 1
    if before > 1:
        library("set_num_threads")(1)
    try:
        yield before
    finally:
        if before > 1:
            library("set_num_threads")(before)
