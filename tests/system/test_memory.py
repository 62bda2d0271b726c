"""Page faults are counted, not time: how many there are does not depend on what else the machine does."""

import ctypes
import os
import subprocess
import sys

import pytest

from minivae.system import memory

COUNT = """
import resource
import numpy
import contextlib
from minivae import VAE, Categorical, evaluation
from minivae.system.memory import keep_freed_memory

vae, rng = VAE(784, 20, backend="numpy"), numpy.random.default_rng(0)
other = VAE(784, 20, (50,), Categorical(8), backend="numpy")
evaluation.one_blas_thread = lambda: contextlib.nullcontext(2)      # two threads, also on one core
x = (rng.random((10, 784)) < 0.3).astype("float32")
block = lambda: bytearray(50_000_000)                   # not NumPy's: that may get pages of 2 MB
log_px = lambda: evaluation.log_likelihood(vae, x, rng, 1000)
in_threads = lambda: evaluation.log_likelihood(other, x, rng, 200, rows=500)

def faults(work):
    work()                                              # the first pages come from the kernel in any case
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults(block), keep_freed_memory(), faults(block), faults(log_px) // len(x), faults(in_threads) // len(x))
"""


def is_glibc():
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def without_settings():
    return {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}


@pytest.mark.skipif(not is_glibc(), reason="only glibc is told to keep freed memory")
def test_freed_memory_is_not_returned_to_the_kernel():
    counted = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True,
                             env={**without_settings(), "PYTHONPATH": os.pathsep.join(sys.path)})
    before, done, after, per_image, in_threads = counted.stdout.split()
    assert done == "True" and int(after) < int(before) / 10 and int(per_image) <= 100 and int(in_threads) <= 100


class Library:
    """What ctypes.CDLL(None) returns: a C library whose mallopt notes its calls."""

    def __init__(self, is_glibc=True):
        self.calls = []
        if is_glibc:
            self.gnu_get_libc_version = None

    def mallopt(self, parameter, value):
        self.calls.append((parameter, value))
        return 1


@pytest.fixture
def call(monkeypatch):
    """call(library, variables, platform): keep_freed_memory() there. -> what it returns, calls of mallopt"""
    def run(library, variables={}, platform="linux"):
        monkeypatch.setattr(memory.os, "environ", {"HOME": "/home/me", **variables})
        monkeypatch.setattr(memory.sys, "platform", platform)
        monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: library or pytest.fail("no CDLL(None)"))
        return memory.keep_freed_memory(), library and library.calls
    return run


def test_glibc_is_told_to_trim_nothing_to_map_nothing_and_to_have_one_heap(call):
    assert call(Library()) == (True, [(memory.M_TRIM_THRESHOLD, -1), (memory.M_MMAP_MAX, 0), (memory.M_ARENA_MAX, 1)])
    assert call(Library(), {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F"})[0]


@pytest.mark.parametrize("name, value", [("MALLOC_TRIM_THRESHOLD_", "1000"), ("MALLOC_ARENA_MAX", "2"),
                                         ("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1000")])
def test_what_the_user_has_set_stays(call, name, value):
    assert call(Library(), {name: value}) == (False, [])


def test_other_c_libraries_are_left_alone(call):
    assert call(Library(is_glibc=False)) == (False, [])
    assert call(None, platform="win32") == call(None, platform="darwin") == (False, None)


def test_the_program_keeps_its_memory(monkeypatch, run_cli):
    from minivae.app import main
    done = []
    monkeypatch.setattr(main, "keep_freed_memory", lambda: done.append(True))
    run_cli("--version")
    assert done == [True]
