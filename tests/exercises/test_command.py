"""`python -m minivae exercises`. Most tests judge in this process, or are told the verdict; one is a real terminal."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from minivae.app.commands import exercises as command
from minivae.exercises import judge as judging
from minivae.exercises import runner
from minivae.exercises.catalog import EXERCISES, by_number, originals
from minivae.exercises.runner import NOT_DONE, PASSED, WRONG, Verdict


def source_of(number):
    return (originals() / f"{by_number(number).file}.py").read_text(encoding="utf-8")


def solution_of(number):
    return by_number(number).solution.solve(source_of(number))


def told(file):
    """The verdict on a file that is as shipped or solved, without its check."""
    number, source = int(file.name[:2]), file.read_text(encoding="utf-8")
    if source == solution_of(number):
        return Verdict(PASSED, f"{number}: right.")
    return Verdict(NOT_DONE if "NotImplementedError" in source else WRONG, f"{number}: not right yet.")


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The current folder, as `start` fills it."""
    monkeypatch.chdir(shutil.copytree(originals(), tmp_path / "mine"))
    monkeypatch.setattr(runner, "run", judging.judge)
    return tmp_path / "mine"


def solve(folder, number):
    (folder / f"{by_number(number).file}.py").write_text(solution_of(number), encoding="utf-8")


def test_the_list_is_found_by_checking(started, run_cli, monkeypatch):
    monkeypatch.setattr(runner, "run", told)
    solve(started, 1)
    solve(started, 16)
    code, out, _ = run_cli("exercises")
    assert code == 0 and "2 of 21 done" in out and "Next: 02_activations.py" in out
    lines = {int(line[4:6]): line for line in out.splitlines() if line[4:6].strip().isdigit()}
    assert len(lines) == 21
    assert lines[1].startswith("  ✓") and lines[1].endswith("done") and lines[16].endswith("done")
    assert lines[2].startswith("  →") and lines[2].endswith("not done yet") and lines[17].endswith("not right yet")
    (started / "01_linear.py").write_text(source_of(1), encoding="utf-8")
    assert run_cli("exercises", "1")[0] == 1, "undone again, but remembered as done"


def test_the_list_is_printed_line_by_line_not_when_all_have_been_checked(started, monkeypatch):
    printed, before = threading.Event(), []

    def check(file):
        if file.name.startswith("21"):
            before.append(printed.wait(10))
        return told(file)
    monkeypatch.setattr(runner, "run", check)
    monkeypatch.setattr(command, "print", lambda *given, **how: printed.set(), raising=False)
    command.show_all()
    assert before == [True]


def test_one_is_checked_by_its_number(started, run_cli):
    assert run_cli("exercises", "7")[0] == 1
    solve(started, 7)
    code, out, _ = run_cli("exercises", "7")
    assert code == 0 and "right." in out and re.search(r"Next: 8 · Grey pixels.*\(08_gaussian.py\)", out)
    assert run_cli("exercises", "07")[0] == 0
    (started / "08_gaussian.py").unlink()
    code, out, _ = run_cli("exercises", "7")
    assert code == 0 and "Next: 8 · Grey pixels" in out
    assert "(08_gaussian.py is missing; restore it with: python -m minivae exercises 8 --reset)" in out
    solve(started, 21)
    assert "That was the last exercise." in run_cli("exercises", "21")[1]


def test_hints_come_one_at_a_time(started, run_cli):
    outs = [run_cli("exercises", "7", "--hint")[1] for _ in range(4)]
    assert [out.count("  hint ") for out in outs] == [1, 2, 3, 3]
    assert ["That was the last hint" in out for out in outs] == [False, False, True, True]


@pytest.mark.parametrize("text", ["nonsense", '{"07_kl": -5}', '{"07_kl": 1e999}', '{"07_kl": "2"}', "[7]", "7", "[" * 100_000,
                                  '{"07_kl": %s}' % ("7" * 5000)])
def test_what_is_no_number_of_hints_counts_as_none(text, started, run_cli):
    (started / ".hints.json").write_text(text, encoding="utf-8")
    code, out, _ = run_cli("exercises", "7", "--hint")
    assert code == 0 and out.count("  hint ") == 1 and "hint 1 of 3" in out
    assert run_cli("exercises", "7", "--hint")[1].count("  hint ") == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which Windows doesn't have")
def test_a_pipe_in_place_of_the_hints_is_not_waited_for(started, run_cli):
    os.mkfifo(started / ".hints.json")
    code, out, _ = run_cli("exercises", "7", "--hint")
    assert code == 0 and "hint 1 of 3" in out


def test_the_solution_is_shown_once_it_is_found(started, run_cli):
    code, out, _ = run_cli("exercises", "7", "--solution")
    assert code == 1 and "expm1" not in out and "--force" in out
    assert "expm1" in run_cli("exercises", "7", "--solution", "--force")[1]
    solve(started, 7)
    code, out, _ = run_cli("exercises", "7", "--solution")
    assert code == 0 and "expm1" in out
    assert "- " in run_cli("exercises", "16", "--solution", "--force")[1]


def test_reset_keeps_what_was_there(started, run_cli):
    file = started / "07_kl.py"
    for i, text in enumerate(["my first attempt", "my second attempt"], 1):
        file.write_text(text, encoding="utf-8")
        code, out, _ = run_cli("exercises", "--reset", "7")
        assert code == 0 and file.read_text(encoding="utf-8") == source_of(7)
        assert (started / f"07_kl.py.{i}.bak").read_text(encoding="utf-8") == text and f"07_kl.py.{i}.bak" in out


def test_start_copies_all_and_overwrites_nothing(tmp_path, run_cli):
    mine = tmp_path / "new" / "mine"
    code, out, _ = run_cli("exercises", "start", mine)
    assert code == 0 and f"21 exercises copied to {mine}\n" in out and f"cd {mine} &&" in out
    assert {path.stem: path.read_bytes() for path in mine.iterdir()} == {
        exercise.file: (originals() / f"{exercise.file}.py").read_bytes() for exercise in EXERCISES}
    (mine / "07_kl.py").write_text("mine", encoding="utf-8")
    (mine / "08_gaussian.py").unlink()
    out = run_cli("exercises", "start", mine)[1]
    assert "1 exercises copied" in out and "20 were already there" in out
    assert (mine / "07_kl.py").read_text(encoding="utf-8") == "mine" and (mine / "08_gaussian.py").exists()


@pytest.mark.parametrize("arguments, message", [
    (["22"], "'22' is not an exercise; give a number from 1 to 21"),
    (["kl"], "'kl' is not an exercise"),
    ([""], "'' is not an exercise"),
    (["0"], "'0' is not an exercise"),
    (["7" * 5000], f"'{'7' * 59} is not an exercise"),
    (["start", ""], "start takes the folder"),
    (["7", "8"], "'7 8' is not an exercise"),
    (["start"], "start takes the folder to copy the exercises to"),
    (["start", "a", "b"], "start takes the folder"),
    (["--hint"], "give the number of an exercise"),
    (["7", "--force"], "--force works only with --solution"),
    (["7", "--watch"], "--watch needs a terminal; without one, check by hand"),
])
def test_bad_usage_is_one_clear_line(arguments, message, started, run_cli):
    code, _, err = run_cli("exercises", *arguments)
    assert code == 2 and message in err and "Traceback" not in err and len(err) < 200


def test_a_start_that_is_stopped_leaves_no_half_of_a_file(tmp_path, run_cli, monkeypatch):
    """`start` would not replace it later."""
    stops = iter([None, None, KeyboardInterrupt])

    def sync(file):
        if stop := next(stops):
            raise stop
    monkeypatch.setattr(os, "fsync", sync)
    assert run_cli("exercises", "start", tmp_path)[0] == 130
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "01_linear.py": source_of(1), "02_activations.py": source_of(2)}


def test_where_there_are_none(tmp_path, monkeypatch, run_cli):
    monkeypatch.chdir(tmp_path)
    code, _, err = run_cli("exercises")
    assert code == 2 and "no exercises here; copy them to a folder of your own with: python -m minivae exercises start" in err
    (tmp_path / "file").touch()
    code, _, err = run_cli("exercises", "start", "file")
    assert code == 2 and "file can't be written" in err


def test_a_missing_file_is_told(started, run_cli, monkeypatch):
    (started / "07_kl.py").unlink()
    code, _, err = run_cli("exercises", "7")
    assert code == 2 and "07_kl.py is missing; restore it with" in err
    monkeypatch.setattr(runner, "run", told)
    assert re.search(r"7  The KL between .* missing\n", run_cli("exercises")[1])
    assert run_cli("exercises", "7", "--reset")[0] == 0 and (started / "07_kl.py").exists()


def test_the_shipped_files_themselves_are_not_reset(monkeypatch, run_cli):
    monkeypatch.chdir(originals())
    code, _, err = run_cli("exercises", "7", "--reset")
    assert code == 2 and "git checkout 07_kl.py" in err and not list(originals().glob("*.bak"))


# The watch mode

@pytest.fixture
def watch(started, monkeypatch, run_cli):
    """watch(what, *edits) -> exit code, output, what was checked. An edit is made at each poll, Ctrl-C after the last."""
    def run(what, *edits):
        todo, checked = iter(edits), []

        def sleep(seconds):
            if seconds == command.POLL_SECONDS:
                next(todo, interrupt)()

        def interrupt():
            raise KeyboardInterrupt

        def check(file):
            checked.append(file.read_text(encoding="utf-8"))
            return told(file)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
        monkeypatch.setattr(time, "sleep", sleep)
        monkeypatch.setattr(runner, "run", check)
        return *run_cli("exercises", *what, "--watch")[:2], checked
    return run


def test_watch_begins_with_the_first_that_is_not_done_checks_at_every_save_and_goes_on(watch, started):
    solve(started, 1)
    file = started / "02_activations.py"
    code, out, checked = watch([], lambda: file.write_text("wrong", encoding="utf-8"), file.unlink, lambda: solve(started, 2),
                               lambda: None)
    assert code == 130
    assert checked == [solution_of(1), source_of(2), source_of(2), "wrong", solution_of(2), source_of(3)]
    shown = [r"\n2 · Tanh and relu", "watching 02_activations.py; save it to have it checked", r"\] 2: not right", r"\] 2: not right",
             r"\[..:..:..\] 2: right", "3 · A multilayer", r"\] 3: not right"]
    assert re.search(".*".join(shown), out, re.DOTALL)


def test_watch_ends_after_the_last(watch, started):
    code, out, checked = watch(["21"], lambda: solve(started, 21))
    assert code == 0 and len(checked) == 2 and out.endswith("That was the last exercise. You have derived a variational autoencoder.\n")


def test_watch_waits_until_a_file_is_written(watch, started, monkeypatch):
    stamps = iter([(1, 10), (2, 20), None, (3, 0), (3, 30)])
    monkeypatch.setattr(command, "_stamp", lambda file: next(stamps, (3, 30)))
    assert len(watch(["2"], lambda: None)[2]) == 1 and next(stamps, "all were seen") == "all were seen"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
def test_watch_in_a_terminal_until_ctrl_c(started):
    """Ctrl-C ends it, also where the tests run in the background of a shell that ignores it."""
    import pty
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(Path(runner.__file__).parents[2]), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen([sys.executable, "-m", "minivae", "exercises", "2", "--watch"], stdin=slave, stdout=slave,
                               stderr=slave, env=environment, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    os.close(slave)
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    try:
        with open(master, encoding="utf-8") as terminal:
            until_it_says(terminal, "Write tanh_backward in line")
            process.send_signal(signal.SIGINT)
            until_it_says(terminal, "interrupted")
            assert process.wait(30) == 130
    finally:
        deadline.cancel()
        process.kill()


def until_it_says(terminal, words):
    assert any(words in line for line in terminal), words
