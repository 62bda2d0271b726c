"""A failure in the other process is a failure here, and is shown; a test that didn't run is missed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import two_processes

# The first test runs here, and waits until the other process is through with the others, from the last on.
FIRST = """
import os, pathlib, time
def test_one():
    assert "MINIVAE_TESTS_TAKEN" not in os.environ
    deadline = time.monotonic() + 60
    while not pathlib.Path("through").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
"""
LAST = """
import os, pathlib, pytest
def test_two():
    assert "MINIVAE_TESTS_TAKEN" in os.environ
    pathlib.Path("through").touch()
    {}
def test_three():
    print("what was printed")
    assert 1 + 1 == 3
@pytest.mark.skip(reason="not today")
def test_four():
    pass
def test_five():
    assert "MINIVAE_TESTS_TAKEN" in os.environ
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """suite(the end of its last test) -> exit code and output of a run of five tests in two files"""
    def run(end):
        (tmp_path / "conftest.py").write_text("import two_processes\ntwo_processes.ENOUGH = 2\n"
                                              "from two_processes import pytest_runtestloop\n", "utf-8")
        (tmp_path / "test_a.py").write_text(FIRST, "utf-8")
        (tmp_path / "test_z.py").write_text(LAST.format(end), "utf-8")
        monkeypatch.setenv("PYTHONPATH", str(Path(two_processes.__file__).parent))
        monkeypatch.delenv(two_processes.FOLDER, raising=False)
        done = subprocess.run([sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--rootdir", "."],
                              cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
        return done.returncode, done.stdout + done.stderr
    return run


def test_what_the_other_process_finds_is_reported_here(suite):
    code, out = suite("pass")
    assert code == 1 and "3 passed, 1 skipped" in out.replace("1 failed, ", "") and "1 failed" in out
    assert re.search(r"assert \(1 \+ 1\) == 3(.|\n)*what was printed", out) and "not today" in out


def test_a_process_that_dies_is_no_success(suite):
    code, out = suite("os._exit(0)")
    assert code == 3 and "ended with exit code 0" in out and "Not run: ['test_z.py::test_two']" in out
