"""`python -m minivae exercises`. Most tests are told the verdict or judge in this process; some drive a real terminal."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from minivae.app import exercise_folder, keys, watch as watching
from minivae.app.commands import exercises as command
from minivae.exercises import judge as judging
from minivae.exercises import runner
from minivae.exercises.catalog import EXERCISES, by_key, of_file, originals
from minivae.exercises.runner import NOT_DONE, PASSED, WRONG, Verdict

COUNT, LAST = len(EXERCISES), EXERCISES[-1]
FIRST_FILE, LAST_FILE = f"{EXERCISES[0].file}.py", f"{LAST.file}.py"
needs_a_terminal = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")


def source_of(key):
    return (originals() / f"{by_key(key).file}.py").read_text(encoding="utf-8")


def solution_of(key):
    return by_key(key).solution.solve(source_of(key))


def told(file):
    """The verdict on a file that is as shipped or solved, without its check."""
    key, source = of_file(file.name).key, file.read_text(encoding="utf-8")
    if source == solution_of(key):
        return Verdict(PASSED, f"{key}: right.")
    return Verdict(NOT_DONE if "NotImplementedError" in source else WRONG, f"{key}: not right yet.")


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The current folder, as `start` fills it. Verdicts are told."""
    monkeypatch.chdir(shutil.copytree(originals(), tmp_path / "mine"))
    monkeypatch.setattr(runner, "run", told)
    return tmp_path / "mine"


def solve(folder, *keys):
    for key in keys:
        (folder / f"{by_key(key).file}.py").write_text(solution_of(key), encoding="utf-8")


def solve_all(folder):
    solve(folder, *[exercise.key for exercise in EXERCISES])


def test_the_words_of_the_command_are_no_names_of_exercises():
    assert not {exercise.file.partition("_")[2] for exercise in EXERCISES} & set(command.WORDS)


# The list, and the next one

@pytest.mark.parametrize("arguments", [["exercises"], ["exercises", "list"]])
def test_the_list_is_found_by_checking(arguments, started, run_cli):
    solve(started, "0", "2", "16")
    (started / "03_mlp.py").write_text(source_of("3") + "\n# begun", encoding="utf-8")
    (started / "17_bug_train_step.py").write_text(source_of("17") + "\n# begun", encoding="utf-8")
    (started / "18_bug_noise.py").unlink()
    code, out, _ = run_cli(*arguments)
    lines = {line[4:8].strip(): line for line in out.splitlines()[:COUNT]}
    assert code == 0 and list(lines) == [exercise.key for exercise in EXERCISES]
    assert re.fullmatch(rf"  ✓   0  {by_key('0').title} +{by_key('0').minutes} min  {by_key('0').difficulty} +done", lines["0"])
    assert lines["1"].startswith("  →") and lines["1"].endswith("not started") and lines["16"].endswith("  done")
    assert lines["3"].endswith("not done yet") and lines["17"].endswith("not right yet") and lines["18"].endswith("missing")
    assert f"[#---------] 3/{COUNT} done, in {started}\nNext: 01_linear.py\n" in out
    (started / "02_activations.py").write_text(source_of("2"), encoding="utf-8")
    assert f" 2/{COUNT} done" in run_cli(*arguments)[1], "undone again, but remembered as done"


def test_only_files_that_were_changed_are_checked(started, run_cli, monkeypatch):
    checked = []
    monkeypatch.setattr(runner, "run", lambda file: checked.append(file.name) or told(file))
    solve(started, "0", "7")
    run_cli("exercises", "list")
    assert sorted(checked) == ["00_numerical_gradient.py", "07_kl.py"]


def test_the_list_is_printed_line_by_line_not_when_all_have_been_checked(started, monkeypatch):
    printed, before = threading.Event(), []

    def check(file):
        before.append(printed.wait(10))
        return told(file)
    solve(started, LAST.key)
    monkeypatch.setattr(runner, "run", check)
    monkeypatch.setattr(command, "print", lambda *given, **how: printed.set(), raising=False)
    command.show_all(exercise_folder.find())
    assert before == [True]


def test_next_names_the_first_that_is_not_done(started, run_cli):
    solve(started, "0", "2")
    code, out, _ = run_cli("exercises", "next")
    assert code == 0
    assert out == f"1 · {by_key('1').title} (about {by_key('1').minutes} minutes, {by_key('1').difficulty})\n01_linear.py\n"


@pytest.mark.parametrize("word", ["list", "next"])
def test_when_all_are_done_the_capstone_is_named(word, started, run_cli):
    solve_all(started)
    out = run_cli("exercises", word)[1]
    assert out.endswith("Now train a VAE with your own functions: python -m minivae exercises capstone\n") and "derived" not in out


@pytest.mark.parametrize("good", [True, False])
def test_the_capstone_is_given_the_folder(good, started, run_cli, monkeypatch):
    given = []
    monkeypatch.setattr(command.capstone, "train", lambda *folder: given.append(folder) or good)
    assert run_cli("exercises", "capstone")[0] == (0 if good else 1) and given == [(Path("."),)]


# One exercise, by its number or name

@pytest.mark.parametrize("word, key", [
    ("7", "7"), ("07", "7"), ("0", "0"), ("00", "0"), ("12b", "12b"), ("12B", "12b"), ("12", "12"), ("kl", "7"), ("KL", "7"),
    ("07_kl", "7"), ("07_kl.py", "7"), ("./07_kl.py", "7"), ("../mine/07_kl.py", "7"), ("log_jacobian", "12b"),
    ("log jacobian", "12b"), ("gaussian", "8"), ("full", "12"), ("perceptron", "3")])
def test_words_for_an_exercise(word, key, started):
    assert command.find_exercise(word, exercise_folder.find()).key == key


def test_a_path_from_the_folder_above(started, monkeypatch, run_cli):
    started.rename(started.with_name("exercises"))
    monkeypatch.chdir(started.parent)
    assert run_cli("exercises", "exercises/07_kl.py")[1] == "7: not right yet.\n"
    assert "is not an exercise" in run_cli("exercises", "elsewhere/07_kl.py")[2]


def test_a_word_that_fits_several_lists_them(started, run_cli):
    code, _, err = run_cli("exercises", "bug")
    assert code == 2 and err.count("\n") == 1
    assert "'bug' could be any of 16 (bug_gradients_agree), 17 (bug_train_step)" in err and err.endswith("; give the number\n")


def test_one_is_checked(started, run_cli):
    assert run_cli("exercises", "7")[0] == 1
    solve(started, "7")
    code, out, _ = run_cli("exercises", "kl")
    assert code == 0 and "right." in out and re.search(r"Next: 8 · Grey pixels.*\(08_gaussian.py\)", out)
    (started / "08_gaussian.py").unlink()
    code, out, _ = run_cli("exercises", "log", "jacobian")
    assert code == 1 and out == "12b: not right yet.\n"
    code, out, _ = run_cli("exercises", "7")
    assert code == 0 and "(08_gaussian.py is missing; restore it with: python -m minivae exercises 8 --reset)" in out
    solve(started, LAST.key)
    assert "That was the last exercise." in run_cli("exercises", LAST.key)[1]


def test_debug_checks_in_this_process(started, run_cli, monkeypatch):
    monkeypatch.setattr(runner, "run", lambda file: pytest.fail("in another process"))
    stops = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stops.append(os.getpid()))
    file = started / "07_kl.py"
    file.write_text(source_of("7").replace("raise NotImplementedError", "print('here'); breakpoint(); 1 / 0"), encoding="utf-8")
    code, out, _ = run_cli("exercises", "7", "--debug")
    assert code == 1 and set(stops) == {os.getpid()} and out.startswith("here\n") and re.search(r"line \d+: print\('here'\)", out)
    solve(started, "7")
    assert run_cli("exercises", "7", "--debug")[0] == 0


# Hints, solutions, reset

def test_hints_come_one_at_a_time(started, run_cli):
    total = len(by_key("7").hints)
    outs = [run_cli("exercises", "7", "--hint")[1] for _ in range(total + 1)]
    assert [out.count("  hint ") for out in outs] == [*range(1, total + 1), total]
    assert ["That was the last hint" in out for out in outs] == [i >= total for i in range(1, total + 2)]


@pytest.mark.parametrize("text", ["nonsense", '{"07_kl": -5}', '{"07_kl": 1e999}', '{"07_kl": "2"}', '{"07_kl": [1]}', "[7]", "7",
                                  "[" * 100_000, '{"07_kl": %s}' % ("7" * 5000)])
def test_what_is_no_number_of_hints_counts_as_none(text, started, run_cli):
    (started / ".hints.json").write_text(text, encoding="utf-8")
    code, out, _ = run_cli("exercises", "7", "--hint")
    assert code == 0 and out.count("  hint ") == 1 and "hint 1 of " in out
    assert run_cli("exercises", "7", "--hint")[1].count("  hint ") == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which Windows doesn't have")
def test_a_pipe_in_place_of_the_hints_is_not_waited_for(started, run_cli):
    os.mkfifo(started / ".hints.json")
    code, out, _ = run_cli("exercises", "7", "--hint")
    assert code == 0 and "hint 1 of " in out


def test_the_solution_is_shown_once_it_is_found(started, run_cli):
    text = by_key("7").solution.text()
    code, out, _ = run_cli("exercises", "7", "--solution")
    assert code == 1 and text not in out and "--force" in out
    assert text in run_cli("exercises", "7", "--solution", "--force")[1]
    solve(started, "7")
    code, out, _ = run_cli("exercises", "7", "--solution")
    assert code == 0 and text in out
    assert "- " in run_cli("exercises", "16", "--solution", "--force")[1]


def test_reset_keeps_what_was_there(started, run_cli):
    file = started / "07_kl.py"
    for i, text in enumerate(["my first attempt", "my second attempt"], 1):
        file.write_text(text, encoding="utf-8")
        code, out, _ = run_cli("exercises", "--reset", "7")
        assert code == 0 and file.read_text(encoding="utf-8") == source_of("7")
        assert (started / f"07_kl.py.{i}.bak").read_text(encoding="utf-8") == text and f"07_kl.py.{i}.bak" in out


def test_the_shipped_files_themselves_are_not_reset(monkeypatch, run_cli):
    monkeypatch.chdir(originals())
    code, _, err = run_cli("exercises", "7", "--reset")
    assert code == 2 and "git checkout 07_kl.py" in err and not list(originals().glob("*.bak"))


def test_a_missing_file_is_told(started, run_cli):
    (started / "07_kl.py").unlink()
    for option in ([], ["--debug"], ["--solution"]):
        code, _, err = run_cli("exercises", "7", *option)
        assert code == 2 and "07_kl.py is missing; restore it with" in err
    assert run_cli("exercises", "7", "--reset")[0] == 0 and (started / "07_kl.py").exists()


# Start

def test_start_copies_all_and_overwrites_nothing(tmp_path, run_cli):
    mine = tmp_path / "new" / "mine"
    code, out, _ = run_cli("exercises", "start", mine)
    assert code == 0
    assert out == f"{COUNT} exercises copied to {mine}.\nNext: cd {mine} && python -m minivae exercises --watch\n"
    assert {path.stem: path.read_bytes() for path in mine.iterdir()} == {
        exercise.file: (originals() / f"{exercise.file}.py").read_bytes() for exercise in EXERCISES}
    (mine / "07_kl.py").write_text("mine", encoding="utf-8")
    (mine / "08_gaussian.py").unlink()
    out = run_cli("exercises", "start", mine)[1]
    assert "1 exercise copied" in out and f"{COUNT - 1} were already there" in out
    assert (mine / "07_kl.py").read_text(encoding="utf-8") == "mine" and (mine / "08_gaussian.py").exists()


@pytest.mark.parametrize("arguments, folder, go", [
    ([], "exercises", ""), (["exercises"], "exercises", ""), (["."], ".", ""), (["my own"], "my own", 'cd "my own" && ')])
def test_the_command_that_start_names_works(arguments, folder, go, tmp_path, monkeypatch, run_cli):
    monkeypatch.chdir(tmp_path)
    out = run_cli("exercises", "start", *arguments)[1]
    assert out == f"{COUNT} exercises copied to {folder}.\nNext: {go}python -m minivae exercises --watch\n"
    if go:
        monkeypatch.chdir(folder)
    assert run_cli("exercises", "next")[1].startswith(EXERCISES[0].key + " · ")


def test_a_start_that_is_stopped_leaves_no_half_of_a_file(tmp_path, run_cli, monkeypatch):
    """`start` would not replace it later."""
    stops = iter([None, None, KeyboardInterrupt])

    def sync(file):
        if stop := next(stops):
            raise stop
    monkeypatch.setattr(os, "fsync", sync)
    assert run_cli("exercises", "start", tmp_path)[0] == 130
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        FIRST_FILE: source_of("0"), "01_linear.py": source_of("1")}


@pytest.mark.parametrize("arguments", [[], ["list"], ["next"], ["7"], ["--watch"], ["capstone"]])
def test_without_a_terminal_the_command_that_starts_is_named(arguments, tmp_path, monkeypatch, run_cli):
    monkeypatch.chdir(tmp_path)
    code, out, err = run_cli("exercises", *arguments)
    assert code == 2 and not out and not list(tmp_path.iterdir())
    assert err.endswith("copy them to a folder of your own with: python -m minivae exercises start exercises\n")


def test_the_shipped_files_of_a_checkout_are_not_the_learners(tmp_path, monkeypatch, run_cli):
    tutorials = tmp_path / "tutorials"
    shutil.copytree(originals(), tutorials / "exercises")
    monkeypatch.setattr(exercise_folder, "originals", lambda: tutorials / "exercises")
    monkeypatch.setattr(runner, "run", told)
    monkeypatch.chdir(tmp_path)
    assert "no exercises have been started here" in run_cli("exercises", "7")[2]
    monkeypatch.chdir(tutorials)
    code, _, err = run_cli("exercises")
    assert code == 2 and "exercises contains the shipped exercises" in err and "start ../exercises" in err.replace("\\", "/")
    code, _, err = run_cli("exercises", "start")
    assert code == 2 and "exercises contains the shipped exercises themselves; choose another folder" in err
    monkeypatch.chdir("exercises")
    assert run_cli("exercises", "7")[1] == "7: not right yet.\n", "those who write exercises check them in place"


def test_where_they_can_not_be_written(tmp_path, monkeypatch, run_cli):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, err = run_cli("exercises", "start", "file")
    assert code == 2 and "file can't be written" in err


@pytest.mark.parametrize("arguments, message", [
    (["99"], "'99' is not an exercise; for the numbers and titles of all: python -m minivae exercises list"),
    (["nothing"], "'nothing' is not an exercise"),
    ([""], "'' is not an exercise"),
    (["", "--watch"], "'' is not an exercise"),
    ([".py"], "'.py' is not an exercise"),
    (["2b"], "'2b' is not an exercise"),
    (["7" * 5000], f"'{'7' * 59} is not an exercise"),
    (["7", "8"], "'7 8' is not an exercise"),
    (["start", ""], "the name of the folder is empty; give one, like: python -m minivae exercises start exercises"),
    (["start", "a", "b"], "start can't be combined with 'b'; leave that out"),
    (["start", "--watch"], "start can't be combined with --watch; leave that out"),
    (["list", "7"], "list can't be combined with '7'"),
    (["next", "--debug"], "next can't be combined with --debug"),
    (["--hint"], "say which exercise, like: python -m minivae exercises 7 --hint"),
    (["--debug"], "say which exercise, like: python -m minivae exercises 7 --debug"),
    (["7", "--force"], "--force works only with --solution"),
    (["7", "--watch", "--hint"], "not allowed with argument --watch"),
])
def test_bad_usage_is_one_clear_line(arguments, message, started, run_cli):
    code, _, err = run_cli("exercises", *arguments)
    assert code == 2 and message in err and err.count("\n") == 1 and len(err) < 200


# The watch mode, with keys and edits that a test makes

class AtOnce:
    """Stands in for the pool of threads: what is submitted is done when submit returns."""

    def __init__(self, threads):
        pass

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future

    def shutdown(self, wait=True, cancel_futures=False):
        pass


@pytest.fixture
def watch(started, monkeypatch, run_cli):
    """watch(what, *steps) -> exit code, output, what was checked. A step is a key, an edit or quick edits; then Ctrl-C."""
    def run(what, *steps, terminal=True):
        polls, checked = [], []
        for step in steps:
            polls += [step] if isinstance(step, str) else [step, ""] if callable(step) else [*step, ""]
        todo = iter(polls)

        def read(seconds):
            assert seconds == watching.POLL_SECONDS
            step = next(todo, None)
            if step is None:
                raise KeyboardInterrupt
            return step if isinstance(step, str) else step() and "" or ""

        @contextmanager
        def single_keys():
            yield read if terminal else None

        def check(file):
            checked.append(file.read_text(encoding="utf-8"))
            return told(file)
        monkeypatch.setattr(watching, "single_keys", single_keys)
        monkeypatch.setattr(watching.time, "sleep", read)
        monkeypatch.setattr(exercise_folder, "ThreadPoolExecutor", AtOnce)
        monkeypatch.setattr(runner, "run", check)
        return *run_cli("exercises", *what, "--watch")[:2], checked
    return run


def shown_in_order(out, *parts):
    assert re.search(".*".join(parts), out, re.DOTALL), out


@pytest.mark.parametrize("terminal", [True, False])
def test_watch_begins_with_the_first_that_is_not_done_and_checks_at_every_save(terminal, watch, started):
    solve(started, "0", "1")
    file = started / "02_activations.py"
    code, out, checked = watch([], lambda: file.write_text("wrong", encoding="utf-8"), file.unlink, lambda: solve(started, "2"),
                               "", terminal=terminal)
    assert code == 130
    after = [] if terminal else [source_of("3")]            # without a terminal it goes on by itself
    assert checked == [solution_of("0"), solution_of("1"), source_of("2"), "wrong", solution_of("2"), *after]
    shown_in_order(out, r"\n2 · Tanh and relu.* \(about \d+ minutes, easy\)\nOpen 02_activations.py in your editor",
                   r"\[..:..:..\] 2: not right", "2: not right", "2: right", *([] if terminal else [rf" 3/{COUNT}\n", "3 · A multi"]))
    assert ("3 · A multi" in out) is not terminal and "missing" not in out


def test_without_a_terminal_watch_goes_on_with_what_follows(watch, started):
    solve(started, "8")
    out = watch(["7"], "", lambda: solve(started, "7"), "", terminal=False)[1]
    assert re.findall(r"\n(\d+) · .*minutes", out) == ["7", "9"]


def test_n_and_p_go_to_the_next_and_the_previous(watch, started):
    code, out, checked = watch(["7"], "n", "", "p", "", "P", "", "qn")
    assert code == 0 and checked == [source_of(key) for key in ("7", "8", "7", "6")]
    assert "This is the first exercise." in watch(["0"], "p", "q")[1]
    code, out, _ = watch(["1"], "", "nn", "", "q")
    shown_in_order(out, "1: not right", "2 · ", "3 · ", "3: not right")


def test_once_an_exercise_is_right_watch_waits_for_n(watch, started):
    code, out, checked = watch(["7"], "s", lambda: solve(started, "7"), "", "s", "ns", "", "q")
    assert code == 0 and checked == [source_of("7"), solution_of("7"), source_of("8")]
    refusal = "The solution is shown once yours is right. Press h for a hint."
    shown_in_order(out, "7: not right", refusal, "7: right", re.escape(by_key("7").solution.text()), "8 · ", refusal)


def test_h_counts_hints_as_the_option_does(watch, started, run_cli):
    run_cli("exercises", "7", "--hint")
    out = watch(["7"], "h", "h", "q")[1]
    assert [int(i) for i in re.findall(r"hint (\d) of", out)] == [1, 2, 1, 2, 3]
    assert "hint 3 of" in run_cli("exercises", "7", "--hint")[1]


def test_l_lists_r_checks_again_and_the_question_mark_shows_the_keys(watch, started):
    solve(started, "1")
    code, out, checked = watch(["7"], "l", "r", "", "?", "x", "\n", "q")
    assert code == 0 and checked == [source_of("7"), solution_of("1"), source_of("7")]
    shown_in_order(out, r"  ✓   1 .*done\n", r"  →   7 .*not done yet", rf"    {LAST.key}  .*not started", r"\] 7: not right", watching.HELP[:40])
    assert set(re.findall(r"  (\S)  \w", watching.HELP)) == set("hsrqnpl?")


def test_after_the_last_come_those_that_are_not_done(watch, started):
    solve_all(started)
    for key in ("3", "9"):
        (started / f"{by_key(key).file}.py").write_text(source_of(key), encoding="utf-8")
    code, out, _ = watch([LAST.key], "", "n", "", lambda: solve(started, "3"), "", "q")
    shown_in_order(out, f"{LAST.key}: right", "3 · A multi", "3: not right", "3: right")
    assert "All exercises" not in out and "9 · " not in out
    (started / "03_mlp.py").write_text(source_of("3"), encoding="utf-8")
    code, out, _ = watch([LAST.key], "", lambda: solve(started, "3"), "", lambda: solve(started, "9"), "", terminal=False)
    shown_in_order(out, f"{LAST.key}: right", "3: not right", "3: right", rf"{COUNT - 1}/{COUNT}\n", "9: not right", "9: right",
                   "All exercises are done")
    assert code == 0, "it ends when nothing is left to do, and no key can be pressed"


def test_when_all_are_done_watch_names_the_capstone(watch, started):
    solve_all(started)
    assert watch([])[:2] == (0, exercise_folder.ALL_DONE + "\n")
    (started / "08_gaussian.py").write_text(source_of("8"), encoding="utf-8")
    code, out, _ = watch(["8"], "", lambda: solve(started, "8"), "", "q")
    assert out.rstrip().endswith(exercise_folder.ALL_DONE) and "derived" not in out
    out = watch([LAST.key], "", "n", "s", "q")[1]
    assert out.count(exercise_folder.ALL_DONE) == 2 and LAST.solution.text() in out


def test_watch_waits_until_a_file_is_written_and_for_one_that_is_missing(watch, started):
    file = started / "02_activations.py"
    parts = [lambda text=text: file.write_text(text, encoding="utf-8") for text in ("", "one half", "both halves")]
    assert watch(["2"], "", parts, "q")[2] == [source_of("2"), "both halves"]
    file.unlink()
    code, out, checked = watch(["2"], "", "r", lambda: solve(started, "2"), "", "q")
    assert checked == [solution_of("2")]
    shown_in_order(out, r"\n02_activations.py is missing; restore", r"\n02_activations.py is missing; restore", "2: right")


def test_a_save_of_another_exercise_counts_too(watch, started):
    out = watch(["2"], "", lambda: solve(started, "8"), "", "l", "q")[1]
    assert re.search(r"  ✓   8 .*  done\n", out)


def test_a_save_is_checked_once(watch, started):
    """The progress below the verdict doesn't check the same file a second time."""
    file = started / "02_activations.py"
    checked = watch(["2"], "", lambda: file.write_text("wrong", encoding="utf-8"), "", "", "q")[2]
    assert checked == [source_of("2"), "wrong"]


def test_a_check_that_takes_long_does_not_hold_up_the_keys_or_other_checks(started, monkeypatch):
    release, waiting = threading.Event(), threading.Semaphore(0)

    def slow(file):
        waiting.release()
        assert release.wait(20)
        return told(file)
    solve_all(started)
    monkeypatch.setattr(runner, "run", slow)
    with exercise_folder.Checks(exercise_folder.find()) as checks:
        assert checks.count() == 0
        lines = list(checks.lines(wait=False))
        assert len(lines) == COUNT and all(line.endswith("being checked") for line in lines)
        while waiting.acquire(timeout=0.2):
            pass
        now = checks.now(LAST)
        assert waiting.acquire(timeout=10), "it waits for the others"
        release.set()
        assert now.result(10).code == PASSED and checks.first_not_done() is None and checks.count() == COUNT


# Keys

@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal that is stdin of this process."""
    master, slave = os.openpty()
    stdin = os.fdopen(slave, closefd=False)
    monkeypatch.setattr(sys, "stdin", stdin)
    found = SimpleNamespace(master=master, slave=slave)
    yield found
    for file in {found.master, slave} - {None}:
        os.close(file)


@needs_a_terminal
def test_keys_are_read_without_enter_and_the_terminal_is_restored(terminal):
    before = keys.termios.tcgetattr(terminal.slave)
    with pytest.raises(ZeroDivisionError), keys.single_keys() as read:
        assert keys.termios.tcgetattr(terminal.slave) != before
        assert read(0) == ""
        for typed, meant in [(b"n", "n"), (b"hh", "hh"), (b"\x1b[H", ""), (b"\x1bOP", ""), ("ü".encode(), "ü"), (b"\x04", keys.END)]:
            os.write(terminal.master, typed)
            assert read(10) == meant
        keys.termios.tcsetattr(terminal.slave, keys.termios.TCSANOW, before)        # as a shell does after Ctrl-Z and fg
        assert read(0) == "" and keys.termios.tcgetattr(terminal.slave) != before
        1 / 0
    assert keys.termios.tcgetattr(terminal.slave) == before


@needs_a_terminal
def test_a_terminal_that_is_gone_ends_the_input(terminal):
    with keys.single_keys() as read:
        os.close(terminal.master)
        terminal.master = None
        assert read(10) == keys.END


@needs_a_terminal
def test_in_the_background_nothing_is_read_and_nothing_changed(terminal, monkeypatch):
    """The system would stop the process."""
    monkeypatch.setattr(keys.os, "tcgetpgrp", lambda terminal: os.getpgrp() + 1)
    before = keys.termios.tcgetattr(terminal.slave)
    with keys.single_keys() as read:
        os.write(terminal.master, b"n\n")
        assert read(0.001) == "" and keys.termios.tcgetattr(terminal.slave) == before


def test_without_a_terminal_there_are_no_keys(monkeypatch):
    for stdin in (None, SimpleNamespace(isatty=lambda: False)):
        monkeypatch.setattr(sys, "stdin", stdin)
        with keys.single_keys() as read:
            assert read is None


def test_keys_on_windows(monkeypatch):
    """Here with a stand-in for msvcrt, the module that Windows has instead of termios."""
    typed = [None, None, "n", "\xe0", "H", "\x00", ";", None, "ü", "\x03"]

    def kbhit():
        if typed[0] is None:
            typed.pop(0)
            return False
        return True
    monkeypatch.setattr(keys, "termios", None)
    monkeypatch.setattr(keys, "msvcrt", SimpleNamespace(kbhit=kbhit, getwch=lambda: typed.pop(0)), raising=False)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with keys.single_keys() as read:
        assert [read(seconds) for seconds in (0, 10, 10, 10, 0, 0)] == ["", "n", "", "", "", "ü"]
        with pytest.raises(KeyboardInterrupt):
            read(10)


# The program in a real terminal

DRIVER = """
import sys
from minivae.app.main import main
from minivae.exercises import runner

def run(file):
    text = file.read_text(encoding="utf-8")
    if "broken" in text:
        raise OSError("the check can't be started")
    right = "solved" in text
    return runner.Verdict(0 if right else 3, f"{file.name}: {'right' if right else 'not done yet'}.")

runner.run = run
sys.exit(main(sys.argv[1:]))
"""


class Terminal:
    """A process whose stdin, stdout and stderr are a pseudo-terminal, which it is interrupted by."""

    def __init__(self, folder, *arguments, start=("-c", DRIVER)):
        import fcntl
        import termios
        self.termios, self.output, self.seen = termios, "", ""

        def take_the_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)        # also where the tests run in the background of a shell
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        environment = {**os.environ, "PYTHONPATH": str(Path(runner.__file__).parents[2]), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
        self.process = subprocess.Popen([sys.executable, *start, "exercises", *arguments], cwd=folder, env=environment,
                                        stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
                                        preexec_fn=take_the_terminal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def shows(self, words):
        """Wait for these words, after what was waited for before."""
        end = time.monotonic() + 30
        while words not in self.output:
            assert select.select([self.master], [], [], max(0, end - time.monotonic()))[0], f"{words!r} not in {self.output!r}"
            self.output += os.read(self.master, 65536).decode("utf-8", "replace")
        before, _, self.output = self.output.partition(words)
        self.seen += before + words

    def press(self, typed, words):
        os.write(self.master, typed.encode())
        self.shows(words)

    def ends(self, code):
        assert self.process.wait(30) == code
        assert self.termios.tcgetattr(self.slave) == self.before, "the terminal is not as it was"


@needs_a_terminal
def test_every_key_in_a_terminal(started):
    with Terminal(started, "7", "--watch") as terminal:
        terminal.shows("7 · The KL")
        terminal.shows("07_kl.py: not done yet.")
        terminal.shows(f"[----------] 0/{COUNT}  h hint  n next  p previous  l list  ? keys  q quit")
        terminal.press("h", "hint 1 of ")
        terminal.press("s", "Press h for a hint")
        terminal.press("r", "07_kl.py: not done yet.")
        terminal.press("?", "  q  quit")
        terminal.press("l", "not started")
        (started / "07_kl.py").write_text("solved", encoding="utf-8")
        terminal.shows("07_kl.py: right.")
        terminal.shows(f"1/{COUNT}  n next  s solution")
        terminal.press("s", by_key("7").solution.text().splitlines()[-1].strip())
        terminal.press("n", "08_gaussian.py: not done yet.")
        terminal.press("p", "07_kl.py: right.")
        terminal.shows("n next  s solution")
        os.write(terminal.master, b"q")
        terminal.ends(0)


@needs_a_terminal
def test_the_command_for_a_hint_is_not_shown_where_h_is_enough(started):
    (started / "07_kl.py").write_text(source_of("7").replace("raise NotImplementedError", "return h"), encoding="utf-8")
    with Terminal(started, "7", "--watch", start=("-m", "minivae")) as terminal:
        terminal.shows("kl_backward:")                          # the real check
        terminal.shows("h hint")
        assert "--hint" not in terminal.seen


@needs_a_terminal
def test_q_does_not_wait_for_an_endless_loop(started):
    (started / "07_kl.py").write_text("while True:\n    pass\n", encoding="utf-8")
    with Terminal(started, "7", "--watch", start=("-m", "minivae")) as terminal:
        terminal.shows("checking ...")
        begin = time.monotonic()
        os.write(terminal.master, b"q")
        terminal.ends(0)
        assert time.monotonic() - begin < runner.TIME_LIMIT / 2


@needs_a_terminal
def test_ctrl_c_and_an_error_restore_the_terminal(started):
    with Terminal(started, "2", "--watch", start=("-m", "minivae")) as terminal:
        terminal.shows("write tanh_backward (line")           # the real check
        terminal.shows("h hint")
        terminal.press("\x03", "interrupted")
        terminal.ends(130)
    with Terminal(started, "2", "--watch") as terminal:
        terminal.shows("h hint")
        (started / "02_activations.py").write_text("broken", encoding="utf-8")
        terminal.shows("error: the check can't be started")
        terminal.ends(2)


@needs_a_terminal
@pytest.mark.parametrize("arguments, answer, words", [
    ([], "\n", f"{COUNT} exercises copied to exercises.\r\nNext: python -m minivae exercises --watch\r\n"),
    (["7"], "y\n", f"{COUNT} exercises copied to exercises.\r\n07_kl.py: not done yet.\r\n"),
    ([], "n\n", "Nothing was copied. To start later: python -m minivae exercises start exercises\r\n"),
    ([], "\x04", "Nothing was copied."),
])
def test_the_offer_to_start(arguments, answer, words, tmp_path):
    with Terminal(tmp_path, *arguments) as terminal:
        terminal.shows("No exercises have been started here yet.\r\n")
        terminal.shows("Copy the exercises to the folder ./exercises? [Y/n] ")
        terminal.press(answer, words)
        terminal.ends(1 if arguments else 0)
    assert (tmp_path / "exercises" / FIRST_FILE).exists() == ("copied to" in words)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for one process")
def test_watch_without_a_terminal_goes_on_by_itself(started, interruptible_children):
    """Its stdin is not read: here it has keys in it."""
    process = subprocess.Popen([sys.executable, "-c", DRIVER, "exercises", "--watch"], cwd=started, text=True, encoding="utf-8",
                               env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parents[2])},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    try:
        process.stdin.write("nnq")
        process.stdin.flush()
        until_it_says(process.stdout, f"{FIRST_FILE}: not done yet.")
        (started / FIRST_FILE).write_text("solved", encoding="utf-8")
        until_it_says(process.stdout, f"{FIRST_FILE}: right.")
        until_it_says(process.stdout, f"[----------] 1/{COUNT}")
        until_it_says(process.stdout, "01_linear.py: not done yet.")
        process.send_signal(signal.SIGINT)
        until_it_says(process.stdout, "interrupted")
        assert process.wait(30) == 130
    finally:
        deadline.cancel()
        process.kill()
        process.communicate()


def until_it_says(output, words):
    assert any(words in line for line in output), words


def test_where_the_exercises_are_start_makes_no_second_folder(started, run_cli):
    code, _, err = run_cli("exercises", "start")
    assert code == 2 and "the current folder contains the exercises already" in err and not (started / "exercises").exists()


def test_a_reset_of_an_untouched_file_keeps_no_copy(started, run_cli):
    assert run_cli("exercises", "7", "--reset")[0] == 0 and not list(started.glob("*.bak"))
