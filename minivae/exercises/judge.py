"""Judge one exercise: load the learner's file, let its problem check it, and put what is found into words.

    python -m minivae.exercises.judge FILE      is the process that runner.run starts
"""

import ast
import importlib.util
import json
import linecache
import os
import re
import sys
import traceback
import warnings
from pathlib import Path

import numpy

from . import runner
from .catalog import of_file, originals
from .problems import Wrong
from .runner import NOT_DONE, PASSED, WRONG, Verdict

SEED = 5


def judge(file):
    """Check the exercise in this file in the current process. -> Verdict"""
    file = Path(file)
    exercise = of_file(file.name)
    if exercise is None:
        return Verdict(WRONG, f"{file.name} is not an exercise: the file name has to begin with the number of "
                              "an exercise, like 07_kl.py")
    title = f"{exercise.key} · {exercise.title}"
    try:
        source = file.read_bytes()
    except OSError as error:
        return Verdict(WRONG, f"{title}: {file} can't be read ({error.strerror}); check that it is a file, "
                              "and check its permissions")
    unfinished, reports, functions = _unfinished(source, exercise), [], _functions()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            module = _load(file)
            missing = [name for name in exercise.functions if not callable(getattr(module, name, None))]
            if missing:
                raise Wrong(f"{file.name} no longer has a function {missing[0]}; restore the file with: "
                            f"python -m minivae exercises {exercise.key} --reset")
            if len(unfinished) == len(exercise.functions):
                return Verdict(NOT_DONE, _not_done(title, file, unfinished))
            checks = exercise.check if isinstance(exercise.check, tuple) else (exercise.check,)
            for check in checks:
                try:
                    reports += check(module, numpy.random.default_rng(SEED))
                except NotImplementedError as error:
                    unfinished = unfinished or [("the missing part", _line_in(error, file))]
            for (owner, name), function in functions.items():
                if vars(owner).get(name) is not function:
                    reports = []
                    raise Wrong(f"{file.name} replaced {owner.__name__}.{name}, which the check relies on; "
                                "leave it as it is")
            if unfinished:
                text = _not_done(title, file, unfinished, partly=bool(reports))
                return Verdict(NOT_DONE, "\n".join([text, *map(_judged, reports)]))
            text = None if all(report.ok for report in reports) else _found(reports)
        except Wrong as wrong:
            text = _found(reports, f"  {wrong}")
        except SyntaxError as error:
            line = (error.text or "").strip()
            text = f"  line {error.lineno}: Python does not understand this ({error.msg}): {line}"
        except BaseException as error:      # SystemExit too: the learner's code may do anything
            text = _what_happened(error, file)
    warned = _warnings_of(caught, file)
    if text is None:
        return Verdict(PASSED, "\n".join([f"{title}: right. {_praise(reports)}".rstrip(), *warned]))
    expected = ""
    if source == (originals() / f"{exercise.file}.py").read_bytes():
        expected = "\n  (This is expected the first time: the file contains a bug for you to find.)"
    return Verdict(WRONG, "\n".join([f"{title}: not right yet.", text, *warned])
                   + f"{expected}\n  A hint: python -m minivae exercises {exercise.key} --hint")


def _load(file):
    spec = importlib.util.spec_from_file_location("exercise", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _functions():
    """{(module or class, name): function} of Python, NumPy and minivae: does a file replace one?"""
    modules = {name: module for name, module in list(sys.modules.items())
               if name in ("builtins", "numpy", "numpy.linalg") or name.partition(".")[0] == "minivae"}
    classes = [value for name, module in modules.items() if name.startswith("minivae")
               for value in vars(module).values() if isinstance(value, type)]
    return {(owner, name): value for owner in [*modules.values(), *classes]
            for name, value in vars(owner).items() if callable(value) or isinstance(value, property)}


def _unfinished(source, exercise):
    """[(function, line)] of the functions that still end with `raise NotImplementedError`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    blanks = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in exercise.functions:
            last = node.body[-1]
            name = getattr(getattr(last, "exc", None), "id", None) if isinstance(last, ast.Raise) else None
            if name == "NotImplementedError":
                blanks.append((node.name, last.lineno))
    return blanks


def _not_done(title, file, blanks, partly=False):
    where = "; ".join(f"{name} in line {line} of {file.name}" for name, line in blanks)
    how = "partly done." if partly else "not done yet. That is expected the first time."
    return (f"{title}: {how}\n"
            f"  Write {where}, in place of `raise NotImplementedError`.")


def _found(reports, *more):
    return "\n".join([*map(_judged, reports), *more])


def _judged(report):
    """The wrong gradients of a report, then the names of the right ones. Equal explanations appear once."""
    lines, groups = [], {}
    right = [check.tensor for check in report.checks if check.ok]
    for check in report.checks:
        if not check.ok:
            groups.setdefault(check.explanation or check.tensor, []).append(check)
    for checks in groups.values():
        first = checks[0]
        shape = ", ".join(map(str, first.shape))
        others = "".join(f", {check.tensor}" for check in checks[1:])
        lines.append(f"  {first.function}, the gradient of {first.tensor} ({shape}){others}:")
        if first.explanation:
            lines.append(f"    probably: {first.explanation}")
        lines += ["    " + line for line in first.problems + first.warnings]
    if right:
        lines.append(f"  right: {', '.join(right)}" if lines else f"  {report.checks[0].function} is right")
    return "\n".join(lines)


def _praise(reports):
    errors = [check.error for report in reports for check in report.checks]
    return f"It agrees with finite differences to a relative error of {max(errors):.0e}." if errors else ""


def _what_happened(error, file):
    """The error, the line of the learner's file that it came from, and a hint for common errors."""
    line = _line_in(error, file)
    text = " ".join(str(error).split()) or "no message"
    where = f"line {line}: {linecache.getline(str(file), line).strip()}" if line else "outside the file"
    hint = ""
    if isinstance(error, ValueError) and ("shape" in text or "broadcast" in text or "matmul" in text):
        hint = "\n    Print the shapes of both arrays; the docstring says what they should be."
        shapes = re.findall(r"\((\d+), ?(\d+)\)", text)
        if len(shapes) == 2 and shapes[0] == shapes[1][::-1] and shapes[0] != shapes[1]:
            hint = "\n    One shape is the reverse of the other: one of the arrays probably needs a transpose."
    if "read-only" in text:
        hint = "\n    This array belongs to the caller: do not change it, compute a new one."
    if isinstance(error, TypeError) and "NoneType" in text:
        hint = "\n    A value is None: is a `return` missing in a function?"
    return f"  {type(error).__name__}: {text}\n    {where}{hint}"


def _line_in(error, file):
    """The number of the last line of the learner's file in the traceback, or None."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return lines[-1] if lines else None


def _warnings_of(caught, file):
    seen = dict.fromkeys(f"  Python warning in line {w.lineno}: {w.message}" for w in caught
                         if Path(w.filename) == file)
    return list(seen)[:3]


def main(file):
    """Check the file in this separate process, and print the verdict between two copies of the token."""
    # The learner's file could replace these, so take them before it runs.
    token, stdout, verdicts, exit_now = sys.stdin.read(), sys.stdout, open(os.dup(1), "w"), os._exit
    runner.judging = True
    verdict = json.dumps(judge(file))
    stdout.flush()
    verdicts.write(token + verdict + token)
    verdicts.flush()
    exit_now(0)         # not sys.exit: nothing of the learner's file runs any more


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
