import contextlib
import os
from types import SimpleNamespace

import numpy
import pytest

from minivae import VAE
from minivae.app.blas import blas as what_blas
from minivae.app.commands import train
from minivae.system import blas


@pytest.fixture
def unset(monkeypatch):
    """No variable says how many threads are wanted."""
    for name in list(os.environ):
        if name.endswith("_NUM_THREADS"):
            monkeypatch.delenv(name)


@pytest.fixture
def threads(unset):
    """threads() says how many NumPy's OpenBLAS uses: first two, also on one core."""
    openblas = blas.openblas()
    if openblas is None:
        pytest.skip("NumPy computes with another library")
    before = openblas("get_num_threads")()
    openblas("set_num_threads")(2)
    yield openblas("get_num_threads")
    openblas("set_num_threads")(before)


def of_size(parameters):
    return SimpleNamespace(parameters=SimpleNamespace(flat=numpy.empty(parameters, "float32")))


def test_the_network_of_the_digits_gets_one_thread_for_a_while(threads):
    with blas.one_thread_if_small(VAE(64, 2, (300, 150), backend="numpy"), 50) as small:
        assert small and threads() == what_blas().threads == 1
    assert threads() == 2


def kept(threads, model, rows):
    """Has this model all threads?"""
    with blas.one_thread_if_small(model, rows) as small:
        assert small == (threads() == 1)
        return threads() == 2


def test_the_papers_network_keeps_all_threads(threads):
    assert kept(threads, VAE(784, 20, backend="numpy"), 100)


def test_small_means_rows_times_parameters(threads):
    assert kept(threads, of_size(1000), blas.SMALL // 1000 + 1)
    assert not kept(threads, of_size(1000), blas.SMALL // 1000)


@pytest.mark.parametrize("name", ["OPENBLAS", "OMP", "GOTO", "MKL"])
def test_the_threads_that_the_user_has_set_stay(name, threads, monkeypatch):
    monkeypatch.setenv(f"{name}_NUM_THREADS", "2")
    assert kept(threads, of_size(1), 1)


def test_a_gpu_needs_no_threads(threads, cupy_stand_in):
    assert kept(threads, VAE(4, 2, backend="cupy"), 1)


def test_other_libraries_are_left_alone(unset, tmp_path, monkeypatch):
    monkeypatch.setattr(numpy, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    assert what_blas().kernels is what_blas().threads is None
    for _ in range(2):
        with blas.one_thread_if_small(of_size(1), 1) as small:
            assert small is False
        (tmp_path / "numpy.libs").mkdir(exist_ok=True)
        (tmp_path / "numpy.libs" / "libopenblas.so").write_bytes(b"not a library")


def test_training_decides_by_the_samples_of_a_batch_and_says_so(run_cli, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(train, "one_thread_if_small",
                        lambda model, rows: contextlib.nullcontext(asked.append((model.parameters.flat.size, rows)) or rows > 500))
    options = ("--hidden", 4, "--epochs", 1, "--overwrite", "--out", tmp_path / "run", "--backend", "numpy")
    _, few, _ = run_cli("train", *options, "--batch-size", 100, "--samples", 5)
    _, many, _ = run_cli("train", *options, "--batch-size", 200, "--samples", 3)
    _, resumed, _ = run_cli("train", "--resume", tmp_path / "run", "--epochs", 2)
    P = 64 * 4 + 4 + 4 * 4 + 4 + 2 * 4 + 4 + 4 * 64 + 64
    assert asked == [(P, 500), (P, 600), (P, 600)]
    assert "numpy float32\n" in few and "numpy float32, one thread\n" in many and ", one thread\n" in resumed


def test_products_have_one_thread_for_a_while(threads):
    with blas.one_blas_thread() as before:
        assert before == 2 and threads() == 1
    assert threads() == 2
    with pytest.raises(ZeroDivisionError), blas.one_blas_thread():
        1 / 0
    assert threads() == 2


def test_without_openblas_work_has_one_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(numpy, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    with blas.one_blas_thread() as before:
        assert before == 1
