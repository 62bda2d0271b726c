"""The program among the streams and the settings that it meets: full, closed, not UTF-8, without a home."""

import argparse
import errno
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from matplotlib.figure import Figure

import minivae
from minivae import plots
from minivae.app import exit_codes, main
from minivae.app.commands import checks, train
from minivae.errors import InputError


@pytest.fixture
def bench(monkeypatch):
    """bench(function): run `minivae bench` with this function in place of the command. -> exit code"""
    def run(function):
        monkeypatch.setattr(checks, "bench_command", lambda args: function() or 0)
        return main.main(["bench"])
    return run


class Output(io.TextIOWrapper):
    """A stream of another encoding, perhaps a terminal."""

    def __init__(self, encoding, is_terminal=False):
        super().__init__(io.BytesIO(), encoding, newline="\n")
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_output_is_utf8_and_a_terminal_shows_what_it_can(monkeypatch, bench, encoding, name):
    on_terminal = {"ascii": "? ? ?", "cp1252": "? ± ?", "utf-8": "‖ ± ?"}[encoding]
    for is_terminal, shown in ((False, "‖ ± ?"), (True, on_terminal)):
        output = Output(encoding, is_terminal)
        monkeypatch.setattr(f"sys.{name}", output)
        assert bench(lambda: output.write("‖ ± \ud800")) != 2
        output.flush()
        text = output.buffer.getvalue().decode(encoding if is_terminal else "utf-8")
        assert text == shown


def test_a_tutorial_prints_what_it_claims_whatever_the_encoding(monkeypatch):
    output = Output("cp1252")
    monkeypatch.setattr("sys.stdout", output)
    lesson = runpy.run_path(str(Path(__file__).parents[2] / "tutorials" / "lesson.py"))
    lesson["claim"]("1 ≤ 2", True)
    output.flush()
    assert output.buffer.getvalue().decode("utf-8") == "  ✓ 1 ≤ 2\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_a_stream_that_is_full_has_an_exit_code_and_is_not_written_again(monkeypatch, capsys, bench):
    with open("/dev/full", "w") as stdout, open("/dev/full", "w") as stderr:
        monkeypatch.setattr("sys.stdout", stdout)
        assert bench(lambda: print("a table")) == 2
        stdout.flush()      # Python does so at its end, and would exit with 120
        assert "No space left on device" in capsys.readouterr().err
        monkeypatch.setattr("sys.stderr", stderr)
        assert main.main(["show", "nowhere"]) == 2
        stderr.flush()
        with pytest.raises(SystemExit, match="2"):
            main.main(["fly"])


@pytest.mark.parametrize("system, error, code", [
    ("posix", BrokenPipeError(errno.EPIPE, "Broken pipe"), 0), ("posix", OSError(errno.EINVAL, "Invalid"), 2),
    ("nt", OSError(errno.EINVAL, "Invalid"), 0), ("nt", OSError(errno.EINVAL, "Invalid", "a?"), 2)])
def test_a_reader_that_has_left_is_no_error_on_windows_either(monkeypatch, bench, system, error, code):
    def fail():
        monkeypatch.setattr(exit_codes, "os", argparse.Namespace(**{**vars(os), "name": system}))
        raise error
    assert bench(fail) == code


def test_the_help_too_has_been_written_when_main_ends(monkeypatch):
    """Whoever was reading it may have left."""
    class Left(io.BytesIO):
        def write(self, content):
            raise BrokenPipeError
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(Left()))
    assert main.main(["bench", "--help"]) == 0


def test_output_can_be_dropped_in_a_notebook_where_it_is_not_a_file(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    exit_codes.drop_output()


def test_an_error_is_one_short_line_without_control_characters(run_cli, capsys, bench):
    def fail():
        raise InputError("\x1b[31mred\nand \u202e\udc80 é" + 100_000 * "x" + "; leave it out")
    assert bench(fail) == 2
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith(r"minivae: error: \x1b[31mred and \u202e\udc80 éxxx") and len(line) < 1100
    assert line.endswith("; leave it out")
    code, _, err = run_cli("bench", "\x1b[31m" + 100_000 * "x")
    assert code == 2 and r"\x1b[31mxxx" in err and len(err) < 1100 and err.endswith("--help\n")


def test_numpy_that_is_told_to_raise_changes_nothing(bench):
    with numpy.errstate(all="raise"):
        assert bench(lambda: numpy.exp(numpy.float32(-200)) + numpy.log(numpy.zeros(1))) != 2


@pytest.mark.parametrize("start, is_program",
                         [(["-m", "minivae"], True), (["minivae"], True), (["user.py"], False)])
def test_ctrl_c_during_the_imports_of_the_program_has_no_traceback(tmp_path, start, is_program):
    """The program as a module and as the installed script; not of a program that uses the library."""
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt")
    for name in ("minivae", "user.py"):
        (tmp_path / name).write_text("from minivae.app.main import main")
    package = Path(minivae.__file__).parents[1]
    child = subprocess.run([sys.executable, *start, "bench"], cwd=tmp_path, capture_output=True, text=True,
                           env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, package)))})
    assert (child.stderr == "minivae: interrupted\n") == (child.returncode == 130) == is_program, child


def finished_run(tmp_path):
    """The folder of a run of one epoch, without pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "draw", lambda *_: None)
        assert main.main(["train", "--out", str(tmp_path / "run"), "--hidden", "2", "--epochs", "1", "--backend", "numpy"]) == 0
    return tmp_path / "run"


@pytest.mark.draws
@pytest.mark.parametrize("fails", ["import", "draw", "save"])
def test_pictures_that_can_not_be_drawn_say_that_training_is_saved(run_cli, tmp_path, monkeypatch, fails):
    """Whatever matplotlib stumbles over: its backend, its settings, its fonts, a folder for its cache."""
    def broken(*arguments, **options):
        raise ValueError("'nonsense' is not a valid value for backend")
    if fails == "import":
        monkeypatch.delattr(minivae, "plots")
        monkeypatch.delitem(sys.modules, "minivae.plots")
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    else:
        monkeypatch.setattr(plots, "save" if fails == "save" else "samples", broken)
    run = tmp_path / "run"
    code, out, err = run_cli("train", "--out", run, "--hidden", 2, "--epochs", 1, "--backend", "numpy")
    assert code == 2 and "   1/1 " in out and (run / "checkpoint.npz").exists()
    assert re.fullmatch(r"minivae: error: the pictures of (.*) can't be drawn \(.*(backend|matplotlib).*\); "
                        r"training is saved; .* python -m minivae show \1\n", err)


@pytest.mark.parametrize("fails", [False, True])
def test_a_terminal_says_what_it_waits_for_before_matplotlib_does_anything(tmp_path, monkeypatch, fails):
    """On the first run, the list of all fonts can take it ten seconds."""
    def first(*arguments, **options):
        seen.append(terminal.buffer.getvalue().decode())
        return 1 / 0 if fails else Figure()
    run, seen, terminal = finished_run(tmp_path), [], Output("utf-8", is_terminal=True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(plots, "reconstructions", first)
    code = main.main(["show", str(run)])
    assert seen[0].startswith("\rdrawing [") and "fonts" in seen[0] and len(seen[0]) <= 80
    after = terminal.buffer.getvalue().decode().rpartition("\r")[2]
    assert code == 2 and after.startswith("minivae: error: ") if fails else code == 0 and after == ""


@pytest.mark.parametrize("fails", ["import", "save"])
def test_a_picture_of_infer_that_can_not_be_drawn_follows_the_results(run_cli, tmp_path, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    if fails == "import":
        monkeypatch.delattr(minivae.inference, "plots", raising=False)
        monkeypatch.delitem(sys.modules, "minivae.inference.plots", raising=False)
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    else:
        monkeypatch.setattr(plots, "save", lambda *arguments: 1 / 0)
    code, out, err = run_cli("infer", "normal-gamma", "--estimator", "cavi", "--out", "a.png")
    assert code == 2 and "exact posterior" in out and "a.png can't be drawn (" in err and not os.listdir()
