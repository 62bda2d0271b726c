"""Which library computes NumPy's matrix products, and does it use this processor's widest vectors?

Matrix products take more than half of the time of a training step, and nearly all of it if the network is
large.
"""

import ctypes
import os
from pathlib import Path
from typing import NamedTuple

import numpy

# OpenBLAS has hand-written code (kernels) for each kind of processor, named after the first of that kind.
# WIDEST lists the kernels for the widest vectors, newest first, and the instructions that they need, as NumPy
# 2.4 and older versions call them. AS_WIDE lists the kernels that are at least as wide.
WIDEST = [("SkylakeX", {"X86_V4", "AVX512_SKX"}), ("Haswell", {"X86_V3", "AVX2"})]
AS_WIDE = {"SkylakeX": {"SkylakeX", "Cooperlake", "SapphireRapids"},
           "Haswell": {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids"}}


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
    return Blas(name, *_openblas_details())


def _openblas_details():
    """Ask the OpenBLAS in NumPy's wheel, whose functions have a prefix and a suffix. -> kernels, threads"""
    package = Path(numpy.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            library = ctypes.CDLL(str(path))
            for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
                core = getattr(library, f"{prefix}openblas_get_corename{suffix}", None)
                threads = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
                if core and threads:
                    core.restype = ctypes.c_char_p
                    return core().decode(), threads()
    return None, None


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
