"""Check one exercise in a separate process, so that an endless loop or a crash affects only that process.

    check(file)         what each exercise file calls in its last line
    run(file)           -> Verdict, from the separate process: python -m minivae.exercises.judge FILE

The process gets a random token on stdin, and prints the verdict between two copies of it. So nothing that
the learner's file prints, and no exit code, is taken for a verdict. (A file that looks for the token in the
judge's variables can forge a verdict: this protects against accidents, not against malice.)
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from ..system.progress import show_every_character

JUDGE = [sys.executable, "-m", "minivae.exercises.judge"]
TIME_LIMIT = 10                             # seconds
LINES, CHARACTERS = 200, 1000               # most lines that are shown, and most characters in each
PASSED, WRONG, NOT_DONE = 0, 1, 3

judging = False         # is this the separate process?
running = set()         # the separate processes that this process waits for
ending = False          # are they ended?


class Verdict(NamedTuple):
    code: int       # PASSED, WRONG or NOT_DONE
    text: str       # for the learner


def check(file):
    """Check the exercise in this file, print the verdict, and exit: 0 right, 1 not right, 130 Ctrl-C."""
    if judging:         # a file without its `if __name__ == "__main__":` would start processes for ever
        return
    show_every_character()
    try:
        verdict = run(file)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
    print(wrapped(verdict.text))
    sys.exit(0 if verdict.code == PASSED else 1)


def wrapped(text):
    """The text for a terminal: its long lines are broken between words, and keep their indentation."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False,
                                   subsequent_indent=re.match(" *", line)[0] + "  ") for line in text.splitlines())


def run(file):
    """Check the exercise in this file in a separate process. -> Verdict, after what the file printed"""
    # The separate process has to import the same minivae as this one.
    package = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(
        filter(None, [package, os.environ.get("PYTHONPATH")]))}
    name, token = Path(file).name, secrets.token_hex(16)
    pipe = subprocess.PIPE
    with subprocess.Popen([*JUDGE, str(file)], stdin=pipe, stdout=pipe, stderr=pipe, env=environment,
                          encoding="utf-8", errors="replace") as process:
        running.add(process)
        if ending:                          # since `stopped` may have looked before it was added
            process.kill()
        try:
            output, errors = process.communicate(token, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return Verdict(WRONG, f"{name} was still running after {TIME_LIMIT:g} seconds; is there a "
                                  "loop that never ends?")
        finally:
            process.kill()                  # does nothing if it has ended
            running.discard(process)
    try:
        printed, verdict, _ = output.split(token)
        code, text = json.loads(verdict)
    except ValueError:                      # no verdict, or half of one
        printed, code, text = output, WRONG, f"{name} {_how_it_ended(process.returncode, errors)}"
    return Verdict(code, "\n".join(_readable(printed) + _readable(text)))


@contextlib.contextmanager
def stopped():
    """Within this, the checks in other threads end at once: nobody waits for their verdicts any more."""
    global ending
    ending = True
    for process in list(running):
        process.kill()
    try:
        yield
    finally:
        ending = False


def _how_it_ended(code, errors):
    last = errors.rstrip().splitlines()[-1:]
    if code < 0:
        how, advice = f"was ended by signal {-code} ({signal.strsignal(-code)})", ""
    else:
        how, advice = f"ended with exit code {code}", "; look for a line that ends Python, like sys.exit()"
    return f"{how} before the check was finished" + (f": {last[0]}" if last else advice)


def _readable(text):
    """The lines of a text in bounds, with � for control characters: they could change the terminal."""
    lines = text.rstrip().splitlines()
    more = [f"… ({len(lines) - LINES:,} more lines)"] if len(lines) > LINES else []
    return [_readable_line(line) for line in lines[:LINES]] + more


def _readable_line(line):
    shown = "".join(c if c.isprintable() or c == "\t" else "�" for c in line[:CHARACTERS])
    more = len(line) - CHARACTERS
    return f"{shown} … ({more:,} more characters)" if more > 0 else shown
