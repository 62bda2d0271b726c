"""Which library computes NumPy's matrix products, and does it use this processor's widest vectors?

Matrix products take more than half of the time of a training step, and nearly all of it if the network is
large.
"""

import ctypes
import os
from typing import NamedTuple

import numpy

from ..system.blas import openblas

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
    library = openblas()
    if library is None:
        return Blas(name, None, None)
    corename = library("get_corename")
    corename.restype = ctypes.c_char_p
    return Blas(name, corename().decode(), library("get_num_threads")())


def better_kernels(kernels, instructions=None):
    """The kernels for wider vectors that this processor could run, or None if `kernels` are wide enough.

    instructions: those that the processor has, by NumPy's names (default: this processor's). Kernels that
    need others are never returned: they would end the process with an illegal instruction.
    """
    if kernels is None:
        return None
    instructions = instructions_of_numpy() if instructions is None else instructions
    for best, needed in WIDEST:
        if needed & set(instructions):
            return None if kernels in AS_WIDE[best] else best
    return None


def instructions_of_numpy():
    """This processor's vector instructions that NumPy uses, by NumPy's names."""
    found = numpy.show_config(mode="dicts").get("SIMD Extensions", {})
    return {*found.get("baseline", ()), *found.get("found", ())}


def has_avx512():
    """Does NumPy use AVX-512? Its exp, log and tanh of float32 are then two to six times as fast."""
    return bool(instructions_of_numpy() & WIDEST[0][1])


def why_not(kernels):
    """The reason why OpenBLAS chose these kernels, as far as it is known."""
    if os.environ.get("OPENBLAS_CORETYPE"):
        return f"OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']} is set"
    return f"OpenBLAS chose {kernels}, perhaps because it does not know this processor"
