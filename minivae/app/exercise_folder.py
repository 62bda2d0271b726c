"""The learner's exercises: the folder with the files, the hints shown so far, and which exercises are done.

Progress is not stored: the files are checked again each time. Only the number of hints shown is stored, in
.hints.json next to the exercises.
"""

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ..errors import InputError
from ..exercises import runner
from ..exercises.catalog import EXERCISES, originals
from ..exercises.runner import NOT_DONE, PASSED, WRONG, Verdict
from ..system.files import open_regular, replacing

ALL_DONE = ("All exercises are done. Now train a VAE with your own functions: "
            "python -m minivae exercises capstone")
UNTOUCHED = Verdict(NOT_DONE, "")       # of a file as it was shipped; found without a check
WORDS = {PASSED: "done", WRONG: "not right yet", NOT_DONE: "not done yet"}


def find():
    """The Folder of the started exercises: the current folder or ./exercises. None if nothing was started.

    A checkout's folder of shipped files counts only if it is the current folder: to check them in place.
    """
    for path in (Path("."), Path("exercises")):
        if any((path / f"{exercise.file}.py").exists() for exercise in EXERCISES):
            if path == Path(".") or not is_shipped(path):
                return Folder(path)
    return None


def is_shipped(path):
    """Is this the folder that the exercises are copied from?"""
    return path.resolve() == originals().resolve()


class Folder:
    def __init__(self, path):
        self.path = path

    def file(self, exercise):
        return self.path / f"{exercise.file}.py"

    def existing_file(self, exercise):
        """The same; InputError if it is missing."""
        if not self.file(exercise).exists():
            raise InputError(self.where(exercise))
        return self.file(exercise)

    def where(self, exercise):
        """The path of the file as text; if it is missing, that, and how to restore it."""
        file = self.file(exercise)
        remedy = f" is missing; restore it with: python -m minivae exercises {exercise.key} --reset"
        return f"{file}{'' if file.exists() else remedy}"

    def stamp(self, exercise):
        """The time and size of the file, or None while it does not exist: editors may remove it briefly."""
        try:
            status = self.file(exercise).stat()
            return status.st_mtime_ns, status.st_size
        except OSError:
            return None

    def is_untouched(self, exercise):
        """Is the file as it was shipped?"""
        try:
            with open_regular(self.file(exercise)) as file:
                return file.read() == (originals() / f"{exercise.file}.py").read_bytes()
        except OSError:
            return False

    def hints(self, exercise):
        """The text of the hints that were shown before, and one more."""
        path = self.path / ".hints.json"
        try:
            with open_regular(path, "r", encoding="utf-8") as file:
                shown = dict(json.load(file))
        except (OSError, ValueError, TypeError, RecursionError):
            shown = {}
        before, total = shown.get(exercise.file), len(exercise.hints)
        count = min(before + 1 if before in range(1, total + 1) else 1, total)
        lines = [f"  hint {i} of {total}: {text}" for i, text in enumerate(exercise.hints[:count], 1)]
        if count == total:
            lines.append("  That was the last hint. The solution: "
                         f"python -m minivae exercises {exercise.key} --solution --force")
        try:
            with replacing(path) as file:
                file.write(json.dumps({**shown, exercise.file: count}).encode())
        except OSError:
            pass        # if the folder can't be written, the number of hints is not stored
        return "\n".join([f"{exercise.key} · {exercise.title}", *lines])


class Checks:
    """The verdicts on the exercises of a folder, found in threads. Only changed files are checked again."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}        # {key: (stamp of the file, Future of a Verdict)}
        self.pool = ThreadPoolExecutor(min(4, os.cpu_count() or 2))
        self.fast = ThreadPoolExecutor(4)           # so that `now` doesn't wait for the others

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pool in (self.pool, self.fast):
            pool.shutdown(wait=False, cancel_futures=True)
        with runner.stopped():          # a file with an endless loop would be waited for
            self.pool.shutdown()
            self.fast.shutdown()

    def verdict(self, exercise):
        """-> Future of the Verdict; its result is UNTOUCHED if the file is as shipped, None if missing"""
        stamp = self.folder.stamp(exercise)
        if exercise.key not in self.known or self.known[exercise.key][0] != stamp:
            if stamp is None or self.folder.is_untouched(exercise):
                future = Future()
                future.set_result(None if stamp is None else UNTOUCHED)
            else:
                future = self.pool.submit(runner.run, self.folder.file(exercise))
            self.known[exercise.key] = stamp, future
        return self.known[exercise.key][1]

    def now(self, exercise):
        """The same, but checked now, also if the file is as shipped or was checked before."""
        future = self.fast.submit(runner.run, self.folder.file(exercise))
        self.known[exercise.key] = self.folder.stamp(exercise), future
        return future

    def count(self, wait=False):
        """How many exercises are done, as far as is known now; or if `wait`, once all have been checked."""
        futures = [self.verdict(exercise) for exercise in EXERCISES]
        return sum((wait or future.done()) and passed(future.result()) for future in futures)

    def first_not_done(self, after=None):
        """The first that is not done, of those after this exercise, then of all from the start; or None."""
        start = EXERCISES.index(after) + 1 if after else 0
        futures = [(exercise, self.verdict(exercise)) for exercise in EXERCISES[start:] + EXERCISES[:start]]
        return next((exercise for exercise, future in futures if not passed(future.result())), None)

    def lines(self, wait=True, here=None):
        """A line for each exercise, as soon as it is known. → marks `here`, or the first that is not done."""
        width = max(len(exercise.title) for exercise in EXERCISES)
        for exercise, future in [(exercise, self.verdict(exercise)) for exercise in EXERCISES]:
            word, done = "being checked", False
            if wait or future.done():
                verdict = future.result()
                done = passed(verdict)
                word = ("missing" if verdict is None else "not started" if verdict is UNTOUCHED
                        else WORDS[verdict.code])
                here = here or (None if done else exercise)
            yield (f"  {'→' if exercise is here else '✓' if done else ' '} {exercise.key:>3}  "
                   f"{exercise.title:<{width}}  {exercise.minutes:>2} min  {exercise.difficulty:<6}  {word}")


def passed(verdict):
    return verdict is not None and verdict.code == PASSED


def progress(count):
    """7 -> "[###-------] 7/25" """
    filled = 10 * count // len(EXERCISES)
    return f"[{'#' * filled}{'-' * (10 - filled)}] {count}/{len(EXERCISES)}"


def heading(exercise):
    return f"{exercise.key} · {exercise.title} (about {exercise.minutes} minutes, {exercise.difficulty})"


def solution_text(exercise):
    return f"{exercise.key} · {exercise.title}\n\n{exercise.solution.text()}"


def after(exercise):
    """The next exercise, or None after the last."""
    return next(iter(EXERCISES[EXERCISES.index(exercise) + 1:]), None)
