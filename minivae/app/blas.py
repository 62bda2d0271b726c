"""Which library computes NumPy's matrix products, with how many threads, and with the widest vectors?

Matrix products take more than half of the time of a training step, and nearly all of it if the network is
large.
"""

import contextlib
import ctypes
import os
from pathlib import Path
from typing import NamedTuple

import numpy

from ..backend import get_xp

# OpenBLAS has hand-written code (kernels) for each kind of processor, named after the first of that kind.
# WIDEST lists the kernels for the widest vectors, newest first, and the instructions that they need, as NumPy
# 2.4 and older versions call them. AS_WIDE lists the kernels that are at least as wide.
WIDEST = [("SkylakeX", {"X86_V4", "AVX512_SKX"}), ("Haswell", {"X86_V3", "AVX2"})]
AS_WIDE = {"SkylakeX": {"SkylakeX", "Cooperlake", "SapphireRapids"},
           "Haswell": {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids"}}

# Rows times parameters, up to which a second thread isn't worth its waiting. Measured with 2 cores: with two
# threads a step takes 8 % longer than with one for 64-300-150-2 and batches of 50 (6·10⁶), 4 % less with batches
# of 200 (3·10⁷), and 17 % less for 784-500-20 and 100 (8·10⁷); on a busy machine often several times as long.
SMALL = 30_000_000


class Blas(NamedTuple):
    """The matrix library behind NumPy; kernels and threads are None if they are unknown."""

    name: str
    kernels: str | None
    threads: int | None

    def __str__(self):
        if self.kernels is None:
            return f"{self.name}, kernels unknown (no OpenBLAS in this NumPy's wheel)"
        return f"{self.name}, kernels {self.kernels}, {self.threads} thread{'s' * (self.threads > 1)}"


def blas():
    """The library that this NumPy was built with; for OpenBLAS, also its kernels and threads. -> Blas"""
    config = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{config.get('name', 'unknown')} {config.get('version', '')}".strip()
    openblas = _openblas()
    if openblas is None:
        return Blas(name, None, None)
    corename = openblas("get_corename")
    corename.restype = ctypes.c_char_p
    return Blas(name, corename().decode(), openblas("get_num_threads")())


def _openblas():
    """The OpenBLAS in NumPy's wheel, as openblas("get_num_threads")() calls its functions; None without it.

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
    flat, openblas = model.parameters.flat, _openblas()
    chosen = any(name.endswith("_NUM_THREADS") for name in os.environ)
    if rows * flat.size > SMALL or chosen or get_xp(flat) is not numpy or openblas is None:
        return False
    openblas("set_num_threads")(1)
    return True


def better_kernels(kernels, instructions=None):
    """The kernels for wider vectors that this processor could run, or None if `kernels` are wide enough.

    instructions: those that the processor has, by NumPy's names (default: this processor's). Kernels that
    need others are never returned: they would end the process with an illegal instruction.
    """
    if kernels is None:
        return None
    if instructions is None:
        found = numpy.show_config(mode="dicts").get("SIMD Extensions", {})
        instructions = {*found.get("baseline", ()), *found.get("found", ())}
    for best, needed in WIDEST:
        if needed & set(instructions):
            return None if kernels in AS_WIDE[best] else best
    return None


def why_not(kernels):
    """The reason why OpenBLAS chose these kernels, as far as it is known."""
    if os.environ.get("OPENBLAS_CORETYPE"):
        return f"OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']} is set"
    return f"OpenBLAS chose {kernels}, perhaps because it does not know this processor"
