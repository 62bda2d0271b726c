import os
import signal
import sys

# Before NumPy is imported, and inherited by the processes that tests start: for networks as small as here, a
# second thread only waits, and is in the way of what else runs.
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import matplotlib.figure                                    # noqa: E402
import numpy                                                # noqa: E402
import pytest                                               # noqa: E402

import strict_cupy                                          # noqa: E402
from minivae.backend import array_module                    # noqa: E402
from two_processes import pytest_runtestloop                # noqa: E402, F401


def pytest_addoption(parser):
    parser.addoption("--backend", choices=("stand-in", "cupy"), default="stand-in",
                     help="what the tests of the device run on: strict_cupy.py, or CuPy on a real GPU")


@pytest.fixture
def rng():
    return numpy.random.default_rng(20140414)


@pytest.fixture(autouse=True)
def pictures_nobody_looks_at(request, monkeypatch):
    """Figures are made, but painted only in tests marked `draws`: that takes a tenth of a second each."""
    if "draws" not in request.keywords:
        monkeypatch.setattr(matplotlib.figure.Figure, "savefig",
                            lambda figure, file, **options: file.write(b"\x89PNG\r\n\x1a\n"))
        monkeypatch.setattr(matplotlib.figure.Figure, "findobj", lambda *_: [])      # plots.save makes all ticks


@pytest.fixture
def interruptible_children():
    """The processes of a test can be interrupted; behind `&` in a script they would inherit that SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
def run_cli(request, capsys, monkeypatch):
    """run_cli("train", "--epochs", 3) -> exit code, standard output, standard error

    Nine tenths of the time of a short `train` are pictures: only a test marked `draws` gets them.
    """
    from minivae.app.commands import train
    from minivae.app.main import main
    from minivae.inference import plots
    if "draws" not in request.keywords:
        monkeypatch.setattr(train, "draw", lambda *_: None)
        monkeypatch.setattr(plots, "fit_figure", lambda *_: matplotlib.figure.Figure())

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:      # argparse, on bad usage
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err
    return run
