"""`python -m minivae exercises`: list, check, watch, hints, solutions, start and reset.

Progress is not stored: the exercises are checked again each time. Only the number of hints shown is stored,
in .hints.json next to the exercises.
"""

import concurrent.futures
import json
import shutil
import sys
import time
from pathlib import Path

from ...errors import InputError
from ...exercises import runner
from ...exercises.catalog import EXERCISES, originals
from ...system.files import open_regular, replacing
from ..exit_codes import CHECK_FAILED, OK

POLL_SECONDS = 0.3


def exercises_command(args):
    if args.force and not args.solution:
        raise InputError("--force works only with --solution; leave it out")
    asked = args.watch or args.hint or args.solution or args.reset
    if args.what and args.what[0] == "start":
        if len(args.what) != 2 or not args.what[1] or asked:
            raise InputError("start takes the folder to copy the exercises to, and nothing else: "
                             "python -m minivae exercises start exercises")
        start(args.what[1])
        return OK
    exercise = _exercise_asked_for(args.what)
    if args.watch:
        watch(exercise)
        return OK
    if asked and exercise is None:
        raise InputError("give the number of an exercise, like: python -m minivae exercises 7 --hint")
    if args.hint:
        hint(exercise)
        return OK
    if args.solution:
        return OK if solution(exercise, args.force) else CHECK_FAILED
    if args.reset:
        reset(exercise)
        return OK
    if exercise:
        return OK if check_one(exercise) else CHECK_FAILED
    show_all()
    return OK


def _exercise_asked_for(what):
    if not what:
        return None
    number = (what[0].lstrip("0") or "0") if len(what) == 1 and what[0] else ""
    exercise = next((exercise for exercise in EXERCISES if number == exercise.key), None)
    if exercise is None:
        raise InputError(f"{' '.join(what)!r:.60} is not an exercise; give a number from 1 to "
                         f"{len(EXERCISES)}, or: start DIR")
    return exercise


def folder():
    """The folder of the learner's exercises: ., ./exercises, or tutorials/exercises of a checkout."""
    for candidate in (Path("."), Path("exercises"), Path("tutorials/exercises")):
        if any((candidate / f"{exercise.file}.py").exists() for exercise in EXERCISES):
            return candidate
    raise InputError("no exercises here; copy them to a folder of your own with: "
                     "python -m minivae exercises start exercises")


def start(target):
    """Copy the exercises into a folder; files that are already there are not changed."""
    target = Path(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        new = [exercise for exercise in EXERCISES if not (target / f"{exercise.file}.py").exists()]
        for exercise in new:
            with replacing(target / f"{exercise.file}.py") as file:
                file.write((originals() / f"{exercise.file}.py").read_bytes())
    except OSError as error:
        raise InputError(f"{target} can't be written ({error.strerror or error}); "
                         "choose another folder") from error
    kept = len(EXERCISES) - len(new)
    already = f", {kept} were already there and were not changed" if kept else ""
    print(f"{len(new)} exercises copied to {target}{already}")
    first = target / f"{EXERCISES[0].file}.py"
    print(f"Begin with {first}: read it, fill it in, and run it with: python {first}")
    print(f"Or have it checked each time you save it: cd {target} && python -m minivae exercises --watch")


def show_all():
    """Check all exercises, and print which are done and which is next. -> are all done?"""
    where = folder()
    files = [where / f"{exercise.file}.py" for exercise in EXERCISES]
    following, count = None, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        verdicts = pool.map(lambda file: runner.run(file) if file.exists() else None, files)
        for exercise, verdict in zip(EXERCISES, verdicts):      # each is printed as soon as it is known
            done = verdict is not None and verdict.code == runner.PASSED
            words = "missing" if verdict is None else {runner.PASSED: "done", runner.WRONG: "not right yet"}.get(
                verdict.code, "not done yet")
            if not done and following is None:
                following = exercise
            count += done
            print(f"  {'✓' if done else '→' if exercise is following else ' '} {exercise.key:>3}  "
                  f"{exercise.title:<64} {words}", flush=True)
    filled = 24 * count // len(EXERCISES)
    print(f"\n[{'#' * filled}{'.' * (24 - filled)}] {count} of {len(EXERCISES)} done, in {where.resolve()}")
    if following:
        print(f"Next: {where / following.file}.py")
    else:
        print("All are done. You have derived a variational autoencoder.")
    return following is None


def check_one(exercise):
    """Check one exercise and print the verdict. -> is it right?"""
    verdict = runner.run(_file(exercise))
    print(verdict.text)
    if verdict.code == runner.PASSED:
        following = _after(exercise)
        print(f"Next: {following.key} · {following.title} ({_where(following)})" if following
              else "That was the last exercise.")
    return verdict.code == runner.PASSED


def _after(exercise):
    """The next exercise, or None after the last."""
    return next(iter(EXERCISES[EXERCISES.index(exercise) + 1:]), None)


def watch(first):
    """Check an exercise now and each time its file is saved; continue with the next one when it is right."""
    if not (sys.stdin is not None and sys.stdin.isatty()):
        raise InputError("--watch needs a terminal; without one, check by hand after each change: "
                         "python -m minivae exercises N")
    exercise = first or _first_not_done()
    while exercise:
        file = _file(exercise)
        print(f"\n{exercise.key} · {exercise.title}")
        print(f"watching {file}; save it to have it checked, or press Ctrl-C to stop")
        saved = None
        while True:
            now = _stamp(file)
            if now != saved and now is not None:
                saved = _stamp_after_writing(file, now)
                if saved is None:
                    continue
                verdict = runner.run(file)
                print(f"\n[{time.strftime('%H:%M:%S')}] {verdict.text}", flush=True)
                if verdict.code == runner.PASSED:
                    break
            time.sleep(POLL_SECONDS)
        exercise = _after(exercise)
    print("\nThat was the last exercise. You have derived a variational autoencoder.")


def hint(exercise):
    """Print the hints that were shown before, and one more."""
    path = folder() / ".hints.json"
    try:
        with open_regular(path, "r", encoding="utf-8") as file:
            shown = dict(json.load(file))
    except (OSError, ValueError, TypeError, RecursionError):
        shown = {}
    before = shown.get(exercise.file)
    count = min(before + 1 if before in (1, 2, 3) else 1, len(exercise.hints))
    print(f"{exercise.key} · {exercise.title}")
    for i, text in enumerate(exercise.hints[:count], 1):
        print(f"  hint {i} of {len(exercise.hints)}: {text}")
    if count == len(exercise.hints):
        print(f"  That was the last hint. The solution: "
              f"python -m minivae exercises {exercise.key} --solution --force")
    try:
        with replacing(path) as file:
            file.write(json.dumps({**shown, exercise.file: count}).encode())
    except OSError:
        pass        # if the folder can't be written, the number of hints is not stored


def solution(exercise, force):
    """Print the solution if the exercise is right, or if force is true. -> was it printed?"""
    if not force and runner.run(_file(exercise)).code != runner.PASSED:
        print(f"{exercise.key} · {exercise.title}: the solution is shown once yours is right. A hint: "
              f"python -m minivae exercises {exercise.key} --hint. To see it anyway, add --force.")
        return False
    print(f"{exercise.key} · {exercise.title}\n\n{exercise.solution.text()}")
    return True


def reset(exercise):
    """Restore an exercise as it was shipped; the learner's version is kept next to it."""
    file = folder() / f"{exercise.file}.py"
    source = originals() / file.name
    if source.resolve() == file.resolve():
        raise InputError(f"{file} is the shipped file itself; restore it with: git checkout {file}; or "
                         "work on a copy: python -m minivae exercises start exercises")
    try:
        if file.exists():
            number = 1
            while (backup := file.with_suffix(f".py.{number}.bak")).exists():
                number += 1
            shutil.copyfile(file, backup)
            print(f"your {file.name} was saved as {backup}")
        with replacing(file) as copy:
            copy.write(source.read_bytes())
    except OSError as error:
        raise InputError(f"{file} can't be restored ({error.strerror or error}); check that the folder "
                         "is writable") from error
    print(f"{file} is now the shipped version")


def _file(exercise):
    file = folder() / f"{exercise.file}.py"
    if not file.exists():
        raise InputError(_where(exercise))
    return file


def _where(exercise):
    file = folder() / f"{exercise.file}.py"
    remedy = f" is missing; restore it with: python -m minivae exercises {exercise.key} --reset"
    return f"{file}{'' if file.exists() else remedy}"


def _first_not_done():
    return next((exercise for exercise in EXERCISES if runner.run(_file(exercise)).code != runner.PASSED),
                None)


def _stamp_after_writing(file, stamp):
    """Wait until the file is no longer being written. -> its stamp then"""
    while True:
        time.sleep(0.1)
        now = _stamp(file)
        if now == stamp:
            return now
        stamp = now


def _stamp(file):
    """The time and size of a file, or None while it does not exist: editors may remove it briefly."""
    try:
        status = file.stat()
        return status.st_mtime_ns, status.st_size
    except OSError:
        return None
