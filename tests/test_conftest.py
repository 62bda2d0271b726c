"""What the tests' own surroundings promise."""

import io
import signal
import subprocess
import sys

import matplotlib.figure
import pytest


@pytest.fixture
def behind_an_ampersand():
    """SIGINT is ignored, as in a script's background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_child_can_be_interrupted_though_this_process_can_not(behind_an_ampersand, interruptible_children):
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True)
    assert done.stdout == "True\n"


def painted():
    file = io.BytesIO()
    matplotlib.figure.Figure().savefig(file, format="png")
    return len(file.getvalue()) > 8


@pytest.mark.draws
def test_a_marked_test_paints():
    assert painted()


def test_no_other_test_does():
    assert not painted()
