"""Judge one exercise: load the learner's file, let its problem check it, and put what is found into words.

    python -m minivae.exercises.judge FILE      is the process that runner.run starts
"""

import bdb
import json
import linecache
import os
import re
import sys
import traceback
import types
import warnings
from pathlib import Path

from . import bugs, runner
from .catalog import of_file
from .findings import examine
from .problems import Remark, Wrong
from .runner import NOT_DONE, PASSED, WRONG, Verdict


def judge(file):
    """Check the exercise in this file in the current process. -> Verdict"""
    file = Path(file)
    exercise = of_file(file.name)
    if exercise is None:
        return Verdict(WRONG, f"{file.name} is not an exercise: the file name has to begin with the number "
                              "of an exercise, like 07_kl.py")
    title = f"{exercise.key} · {exercise.title}"
    try:
        source = file.read_bytes()
    except OSError as error:
        return Verdict(WRONG, f"{title}: {file} can't be read ({error.strerror}); check that it is a file, "
                              "and check its permissions")
    findings, unfinished, found, functions = [], [], [], _functions()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            module = _load(file)
            missing = [name for name in exercise.functions if not callable(getattr(module, name, None))]
            if missing:
                raise Wrong(f"{file.name} no longer has a function {missing[0]}; restore the file with: "
                            f"python -m minivae exercises {exercise.key} --reset")
            for problem in exercise.problems:
                if any(not finding.ok and finding.function == problem.function for finding in findings):
                    continue            # one thing at a time
                try:
                    findings.append(examine(exercise, problem, module))
                except NotImplementedError as error:
                    unfinished.append((problem.function, _line_in(error, file)))
            if not exercise.problems:
                bugs.measure(exercise, module)
            if replaced := _replaced(functions):
                findings = []
                raise Wrong(f"{file.name} replaced {replaced}, which the check relies on; leave it as it is")
        except Wrong as wrong:
            found = [f"  {wrong}"]
        except SyntaxError as error:
            line = (error.text or "").strip()
            found = [f"  line {error.lineno}: Python does not understand this ({error.msg}): {line}"]
        except BaseException as error:      # SystemExit too: the learner's code may do anything
            found = [_what_happened(error, file)]
    text = "\n".join([*_judged(findings), *found, *_warnings_of(caught, file)])
    if unfinished and not found:
        how = _not_done(title, file, unfinished, partly=any(finding.ok for finding in findings))
        hint = [_hint(exercise)] * (not all(finding.ok for finding in findings))
        return Verdict(NOT_DONE, "\n".join([how, text, *hint]).rstrip())
    if not found and all(finding.ok for finding in findings):
        return Verdict(PASSED, "\n".join([f"{title}: right. {_praise(findings)}".rstrip(),
                                          *_warnings_of(caught, file)]))
    if source.decode(errors="replace").split() == exercise.shipped().split():
        return Verdict(WRONG, f"{title}: not right yet. That is expected the first time: the file contains a "
                              f"bug for you to find.\n{text.partition(chr(10))[0]}\n{_hint(exercise)}")
    return Verdict(WRONG, "\n".join([f"{title}: not right yet.", text, _hint(exercise)]))


def _hint(exercise):
    return f"  A hint: python -m minivae exercises {exercise.key} --hint"


def _load(file):
    """The module of a file. Not with importlib: its bytecode of a file saved a moment ago could be taken."""
    module = types.ModuleType("exercise")
    module.__file__ = str(file)
    exec(compile(file.read_bytes(), str(file), "exec"), vars(module))
    return module


def _functions():
    """{(module or class, name): function} of Python, NumPy and minivae: does a file replace one?"""
    modules = {name: module for name, module in list(sys.modules.items())
               if name in ("builtins", "numpy", "numpy.linalg") or name.partition(".")[0] == "minivae"}
    classes = [value for name, module in modules.items() if name.startswith("minivae")
               for value in vars(module).values() if isinstance(value, type)]
    return {(owner, name): value for owner in [*modules.values(), *classes]
            for name, value in vars(owner).items() if callable(value) or isinstance(value, property)}


def _replaced(functions):
    """The name of a function that is not the one it was before the learner's file was loaded, or None."""
    return next((f"{owner.__name__}.{name}" for (owner, name), function in functions.items()
                 if vars(owner).get(name) is not function), None)


def _not_done(title, file, blanks, partly=False):
    where = " and ".join(f"{name} (line {line})" for name, line in dict(blanks).items())
    how = "partly done." if partly else "not done yet. That is expected the first time."
    return (f"{title}: {how}\n"
            f"  In {file.name}, write {where} in place of `raise NotImplementedError`.")


def _judged(findings):
    """What was found out, function by function."""
    lines, wrong = [], {finding.function for finding in findings if not finding.ok}
    for finding in findings:
        if finding.ok:
            text = f"  {finding.function} is right"
            lines += [text] * (text not in lines and finding.function not in wrong)
        else:
            lines.append(f"  {finding.function}:")
            lines += ["    " + line for line in finding.lines]
            if finding.right:
                lines.append(f"    right: {', '.join(finding.right)}")
    return lines


def _praise(findings):
    worst = max(findings, key=lambda finding: finding.error, default=None)
    return f"It agrees with {worst.source} to a relative error of {worst.error:.0e}." if worst else ""


def _what_happened(error, file):
    """The error, the line of the learner's file that it came from, and a hint for common errors."""
    line = _line_in(error, file)
    text = " ".join(str(error).split()) or "no message"
    linecache.checkcache(str(file))
    where = f"line {line}: {linecache.getline(str(file), line).strip()}" if line else "outside the file"
    hint = ""
    if isinstance(error, ValueError) and ("shape" in text or "broadcast" in text or "matmul" in text):
        hint = "\n    Print the shapes; the docstring says what they should be."
        shapes = re.findall(r"\((\d+), ?(\d+)\)", text)
        if len(shapes) == 2 and shapes[0] == shapes[1][::-1] and shapes[0] != shapes[1]:
            hint = ("\n    One shape is the reverse of the other: "
                    "one of the arrays probably needs a transpose.")
    if isinstance(error, bdb.BdbQuit):
        text = "you left the debugger before the check was finished"
        if runner.judging:
            text = "breakpoint() has no terminal here, because your file is checked in a separate process"
            hint = f"\n    To use the debugger: python -m minivae exercises {of_file(file.name).key} --debug"
    if "truth value of an array" in text:
        hint = "\n    An `if` or max() needs one number. For an array use a mask, like y > 0, or np.where."
    if isinstance(error, TypeError) and "NoneType" in text:
        hint = "\n    A value is None: is a `return` missing in a function?"
    return f"  {type(error).__name__}: {text}\n    {where}{hint}"


def _line_in(error, file):
    """The number of the last line of the learner's file in the traceback, or None."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return lines[-1] if lines else None


def _warnings_of(caught, file):
    """The remarks on a right answer, and Python's first warnings about lines of the learner's file."""
    remarks = dict.fromkeys(f"  {w.message}" for w in caught if w.category is Remark)
    seen = dict.fromkeys(f"  Python warning in line {w.lineno}: {w.message}" for w in caught
                         if Path(w.filename) == file)
    return [*remarks, *list(seen)[:3]]


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
