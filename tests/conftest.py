import sys

import numpy
import pytest

import strict_cupy
from minivae.backend import array_module


def pytest_addoption(parser):
    parser.addoption("--backend", choices=("stand-in", "cupy"), default="stand-in",
                     help="what the tests of the device run on: strict_cupy.py, or CuPy on a real GPU")


@pytest.fixture
def rng():
    return numpy.random.default_rng(20140414)


@pytest.fixture
def cupy_stand_in(monkeypatch):
    """Code under test that asks for CuPy gets tests/strict_cupy.py."""
    module = strict_cupy.StrictCuPy()
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


@pytest.fixture
def device(request):
    """The library of the device: the stand-in, or with --backend cupy CuPy itself, on a GPU that has to work."""
    if request.config.getoption("--backend") == "stand-in":
        request.getfixturevalue("cupy_stand_in")
    return array_module("cupy")


@pytest.fixture
def assert_same(request):
    """assert_same(numpy's float64 results, the device's): the stand-in's to the bit, a GPU's to rounding."""
    rtol = 0 if request.config.getoption("--backend") == "stand-in" else 1e-9
    return lambda host, device: numpy.testing.assert_allclose(device, host, rtol=rtol)


@pytest.fixture
def run_cli(capsys):
    """run_cli("train", "--epochs", 3) -> exit code, standard output, standard error"""
    from minivae.app.main import main

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:      # argparse, on bad usage
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err
    return run
