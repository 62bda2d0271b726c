"""`python -m minivae exercises`: start, list, check, watch, hints, solutions, reset, and the capstone."""

import shutil
import sys
from pathlib import Path

from ...errors import InputError
from ...exercises import capstone, runner
from ...exercises.catalog import EXERCISES, originals
from ...exercises.judge import judge
from ...system.files import replacing
from .. import exercise_folder
from ..exercise_folder import ALL_DONE, Checks, after, heading, is_shipped, passed, progress, solution_text
from ..exit_codes import CHECK_FAILED, OK
from ...system.suggestions import did_you_mean
from ..watch import watch

FOLDER = "exercises"            # where `start` copies to, if no other folder is given
ACTIONS = ("watch", "hint", "solution", "reset", "debug")
WORDS = ("start", "list", "next", "capstone")


def exercises_command(args):
    if args.force and not args.solution:
        raise InputError("--force works only with --solution; leave it out")
    action = next((name for name in ACTIONS if getattr(args, name)), None)
    word, *rest = args.what or ["" if action else "list"]
    extra = rest[1:] if word == "start" else rest
    if word in WORDS and (action or extra):
        more = f"--{action}" if action else f"{' '.join(extra)!r:.60}"
        raise InputError(f"{word} can't be combined with {more}; leave that out")
    if word == "start":
        start(*rest)
        return OK
    folder = exercise_folder.find()
    if folder is None:
        if not offer_to_start():
            return OK
        folder = exercise_folder.find()
        if word in ("list", "next"):
            print(f"Next: {_next_command(FOLDER)}")
            return OK
    if word == "capstone":
        return OK if capstone.train(folder.path) else CHECK_FAILED
    if word in ("list", "next"):
        show_all(folder) if word == "list" else show_next(folder)
        return OK
    exercise = find_exercise(" ".join(args.what), folder) if args.what else None
    if exercise is None and action != "watch":
        raise InputError(f"say which exercise, like: python -m minivae exercises 7 --{action}")
    if action in ("watch", "hint", "reset"):
        {"watch": watch, "hint": hint, "reset": reset}[action](folder, exercise)
        return OK
    succeeded = solution(folder, exercise, args.force) if action == "solution" else check_one(
        folder, exercise, debug=args.debug)
    return OK if succeeded else CHECK_FAILED


def find_exercise(text, folder):
    """The exercise that is meant by a number, a file name, or a part of its name or title."""
    path = Path(text)
    found = []
    if path.parent == Path(".") or path.parent.resolve() == folder.path.resolve():
        word = path.name.removesuffix(".py").lower()
        number, name = word.lstrip("0") or word[:1], word.replace(" ", "_")
        found = (_those(lambda exercise: number == exercise.key or name in (exercise.file, _name(exercise)))
                 or word and _those(lambda exercise: name in _name(exercise))
                 or word and _those(lambda exercise: word in exercise.title.lower()))
    if not found:
        suggestion = did_you_mean(text, [*WORDS, *map(_name, EXERCISES)])
        raise InputError(f"{text!r:.60} is not an exercise{suggestion}; for the numbers and titles of all: "
                         "python -m minivae exercises list")
    if len(found) > 1:
        matches = ", ".join(f"{exercise.key} ({_name(exercise)})" for exercise in found)
        raise InputError(f"{text!r:.60} could be any of {matches}; give the number")
    return found[0]


def _those(wanted):
    return [exercise for exercise in EXERCISES if wanted(exercise)]


def _name(exercise):
    return exercise.file.partition("_")[2]


def offer_to_start():
    """Ask whether to copy the exercises, and do it. -> was the answer yes? InputError without a terminal"""
    if is_shipped(Path(FOLDER)):
        raise InputError(f"{FOLDER} contains the shipped exercises; copy them to a folder of your own: "
                         f"python -m minivae exercises start {Path('..', FOLDER)}")
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("no exercises have been started here; copy them to a folder of your own with: "
                         f"python -m minivae exercises start {FOLDER}")
    print("No exercises have been started here yet.")
    try:
        answer = input(f"Copy the exercises to the folder ./{FOLDER}? [Y/n] ")
    except EOFError:
        print()
        answer = "n"
    if answer.strip().lower() not in ("", "y", "yes"):
        print(f"Nothing was copied. To start later: python -m minivae exercises start {FOLDER}")
        return False
    copy(Path(FOLDER))
    return True


def start(target=FOLDER):
    """Copy the exercises into a folder, and say which command is next."""
    if not target:
        raise InputError("the name of the folder is empty; give one, like: "
                         f"python -m minivae exercises start {FOLDER}")
    if not Path(target).is_absolute() and any(Path(f"{exercise.file}.py").exists() for exercise in EXERCISES):
        raise InputError("the current folder contains the exercises already; list them with: "
                         "python -m minivae exercises")
    copy(Path(target))
    print(f"Next: {_next_command(target)}")


def copy(target):
    """Copy the exercises into a folder; files that are already there are not changed."""
    if is_shipped(target):
        raise InputError(f"{target} contains the shipped exercises themselves; choose another folder")
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
    print(f"{len(new)} exercise{'s' * (len(new) != 1)} copied to {target}{already}.")


def _next_command(folder):
    """What to run after start. In ./exercises they are found; to another folder one has to go."""
    found = Path(folder) in (Path("."), Path(FOLDER))
    go = "" if found else f'cd "{folder}" && ' if " " in str(folder) else f"cd {folder} && "
    return f"{go}python -m minivae exercises --watch"


def show_all(folder):
    """Check all exercises, and print which are done and which is next."""
    with Checks(folder) as checks:
        for line in checks.lines():
            print(line, flush=True)
        print(f"\n{progress(checks.count())} done, in {folder.path.resolve()}")
        following = checks.first_not_done()
    print(f"Next: {folder.where(following)}" if following else ALL_DONE)


def show_next(folder):
    """Print the first exercise that is not done, and where its file is."""
    with Checks(folder) as checks:
        following = checks.first_not_done()
    print(f"{heading(following)}\n{folder.where(following)}" if following else ALL_DONE)


def hint(folder, exercise):
    """Print the hints that were shown before, and one more."""
    print(folder.hints(exercise))


def check_one(folder, exercise, debug=False):
    """Check one exercise and print the verdict. -> is it right?

    debug: in this process and without a time limit, so that breakpoint() works in the learner's file.
    """
    file = folder.existing_file(exercise)
    verdict = judge(file.resolve()) if debug else runner.run(file)
    print(runner.wrapped(verdict.text))
    if passed(verdict):
        following = after(exercise)
        print(f"Next: {following.key} · {following.title} ({folder.where(following)})" if following
              else "That was the last exercise. To see if any is left: python -m minivae exercises next")
    return passed(verdict)


def solution(folder, exercise, force):
    """Print the solution if the exercise is right, or if force is true. -> was it printed?"""
    if not force and not passed(runner.run(folder.existing_file(exercise))):
        print(f"{exercise.key} · {exercise.title}: the solution is shown once yours is right. For a hint: "
              f"python -m minivae exercises {exercise.key} --hint. To see the solution anyway, add --force.")
        return False
    print(solution_text(exercise))
    return True


def reset(folder, exercise):
    """Restore an exercise as it was shipped; the learner's version is kept next to it."""
    file = folder.file(exercise)
    source = originals() / file.name
    if source.resolve() == file.resolve():
        raise InputError(f"{file} is the shipped file itself; restore it with: git checkout {file}, or "
                         "work on a copy: python -m minivae exercises start exercises")
    try:
        if file.exists() and not folder.is_untouched(exercise):
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
