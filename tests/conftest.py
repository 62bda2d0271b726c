import sys

import numpy
import pytest

import strict_cupy
from minivae.backend import BackendUnavailable, array_module


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
def run_cli(capsys):
    """run_cli("train", "--epochs", 3) -> exit code, standard output, standard error"""
    from minivae.__main__ import main

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:      # argparse, on bad usage
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err
    return run


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked:
        try:
            array_module("cupy")
        except BackendUnavailable as reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=str(reason)))
