"""The separate process of a check: only its own verdict counts, and the learner is told how it ended."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minivae.exercises import runner
from minivae.exercises.catalog import by_key
from minivae.exercises.runner import PASSED, WRONG, Verdict

SHIPPED = by_key("7").shipped()
SOLVED = by_key("7").solution.solve(SHIPPED)
GUARD = 'if __name__ == "__main__":\n    '
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no signals that end a process")


@pytest.fixture
def write(tmp_path):
    """write(source) -> 07_kl.py with this text, in an empty folder"""
    def written(source):
        (tmp_path / "07_kl.py").write_text(source, encoding="utf-8")
        return tmp_path / "07_kl.py"
    return written


# The real process

def test_a_solved_file_run_by_hand_is_right_and_shows_what_it_prints(write):
    """Both processes run what is outside of functions. Without its guard, `check` must not start a third."""
    file = write("print('a shape')\n" + SOLVED.replace(GUARD, ""))
    environment = {**os.environ, "PYTHONPATH": str(Path(runner.__file__).parents[2]), "PYTHONIOENCODING": "ascii",
                   "PYTHONUNBUFFERED": ""}
    done = subprocess.run([sys.executable, file], capture_output=True, encoding="utf-8", env=environment)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("a shape\na shape\n7 · The KL between q(z|x) and the prior: right.")


def test_a_file_that_ends_the_process_is_not_right(write):
    verdict = runner.run(write(f"import os\nprint('7 · right.', flush=True)\nos._exit(0)\n{SOLVED}"))
    assert verdict.code == WRONG and verdict.text.startswith(
        "7 · right.\n07_kl.py ended with exit code 0 before the check was finished")


def test_a_wrong_file_that_changes_how_the_process_ends_is_not_right(write, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "")
    verdict = runner.run(write("import atexit, os, sys, threading, time\nprint('before')\n"
                               "sys.exit = lambda code: os._exit(0)\nsys.stdout.write = len\n"
                               "atexit.register(os._exit, 0)\nos._exit = os.write = print\n"
                               "sys.stdout = open(os.devnull, 'w')\n"
                               "threading.Thread(target=time.sleep, args=[60]).start()\n" + SHIPPED.replace(
                                   "raise NotImplementedError", "return h")))
    assert verdict.code == WRONG and verdict.text.startswith("before\n7 · The KL between q(z|x) and the prior: not right")


# Other processes in its place, which start faster

@pytest.mark.parametrize("code, words", [
    ("", "ended with exit code 0 before the check was finished; look for a line that ends Python, like sys.exit"),
    ("sys.exit(3)", "ended with exit code 3 before the check was finished; look for a line that ends Python, like sys.exit"),
    ("sys.exit('a line\\nMemoryError: the cause\\n')", "exit code 1 before the check was finished: MemoryError: the cause"),
    ("os._exit(77)", "ended with exit code 77"),
    pytest.param("os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9 (Killed) before the check was finished", marks=posix),
    pytest.param("print('loading', file=sys.stderr, flush=True); os.abort()", ") before the check was finished: loading", marks=posix),
    ("print('0' * 32 + '[0, \"right\"]' + '0' * 32)", "ended with exit code 0"),
    ("print(sys.stdin.read() + '[0, \"ri')", "ended with exit code 0"),
    ("print(2 * sys.stdin.read())", "ended with exit code 0"),
    ("sys.stdout.buffer.write(b'\\xff\\n'); sys.exit(3)", "�\n07_kl.py ended with exit code 3"),
    ("sys.stderr.buffer.write(b'\\xff\\x1b[2J\\r'); sys.exit(3)", ": ��[2J"),
])
def test_without_a_verdict_it_says_how_the_process_ended(code, words, write, monkeypatch):
    monkeypatch.setattr(runner, "JUDGE", [sys.executable, "-ISc", f"import os, signal, sys\n{code}"])
    verdict = runner.run(write(SOLVED))
    assert verdict.code == WRONG and words in verdict.text
    assert ("look for a line" in verdict.text) <= ("signal" not in verdict.text)


def test_what_a_file_prints_is_shown_in_bounds(write, monkeypatch):
    monkeypatch.setattr(runner, "JUDGE", [sys.executable, "-ISc", """if True:
        import sys
        sys.stdout.reconfigure(encoding="utf-8")
        print("\\x1b]0;title\\x07 tab\\t\\u202e over\\r\\x00")
        print("x" * 100_000)
        print("line\\n" * 5000)
        token = sys.stdin.read()
        print(token, '[0, "right\\\\u001b[2J"]', token)"""])
    verdict = runner.run(write(SOLVED))
    lines = verdict.text.split("\n")
    assert verdict.code == PASSED and lines[0] == "�]0;title� tab\t� over" and lines[-1] == "right�[2J"
    assert lines[2] == "x" * 1000 + " … (99,000 more characters)" and lines[-2] == "… (4,803 more lines)"
    assert len(lines) == 202


def test_a_loop_without_end_is_ended(write, monkeypatch):
    monkeypatch.setattr(runner, "TIME_LIMIT", 0.2)
    monkeypatch.setattr(runner, "JUDGE", [sys.executable, "-ISc", "while True: pass"])
    verdict = runner.run(write(SOLVED))
    assert verdict.code == WRONG and "still running after 0.2 seconds; is there a loop that never ends?" in verdict.text


def test_long_lines_are_broken_between_words_at_a_terminal_only(monkeypatch):
    text = "7 · The KL: not right yet.\n    probably: " + "word " * 20
    assert runner.wrapped(text) == text
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    lines = runner.wrapped(text).splitlines()
    assert max(map(len, lines)) <= 40 and len(lines) > 3 and " ".join("\n".join(lines).split()) == " ".join(text.split())
    assert lines[1].startswith("    probably") and lines[2].startswith("      word")


def test_a_check_that_starts_while_the_others_are_ended_ends_too(write, monkeypatch):
    monkeypatch.setattr(runner, "JUDGE", [sys.executable, "-ISc", "while True: pass"])
    begin = time.monotonic()
    with runner.stopped():
        assert runner.run(write(SOLVED)).code == WRONG
    assert time.monotonic() - begin < runner.TIME_LIMIT / 2 and not runner.ending and not runner.running


# check, in this process

@pytest.mark.parametrize("code, exit_code", [(PASSED, 0), (WRONG, 1), (runner.NOT_DONE, 1)])
def test_check_writes_utf8_where_no_terminal_reads(code, exit_code, monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(runner, "run", lambda file: Verdict(code, "1 − y²"))
    with pytest.raises(SystemExit) as stop:
        runner.check("07_kl.py")
    output.flush()
    assert stop.value.code == exit_code and output.buffer.getvalue().decode() == f"1 − y²{os.linesep}"


def test_check_interrupted_is_no_traceback(monkeypatch, capsys):
    def interrupted(file):
        raise KeyboardInterrupt
    monkeypatch.setattr(runner, "run", interrupted)
    with pytest.raises(SystemExit) as stop:
        runner.check("07_kl.py")
    assert stop.value.code == 130 and capsys.readouterr().err == "\ninterrupted\n"
