"""Check one exercise in a separate process, so that an endless loop or a crash affects only that process.

    check(file)         what each exercise file calls in its last line
    run(file)           -> Verdict, from the separate process: python -m minivae.exercises.judge FILE
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

TIME_LIMIT = float(os.environ.get("MINIVAE_EXERCISE_SECONDS", 10))
PASSED, WRONG, NOT_DONE = 0, 1, 3       # exit codes of the separate process


class Verdict(NamedTuple):
    code: int       # PASSED, WRONG or NOT_DONE
    text: str       # for the learner


def check(file):
    """Check the exercise in this file, print the verdict, and exit with code 0 if it is right, else 1."""
    verdict = run(file)
    print(verdict.text)
    sys.exit(0 if verdict.code == PASSED else 1)


def run(file):
    """Check the exercise in this file in a separate process. -> Verdict"""
    # The separate process has to import the same minivae as this one.
    package = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(
        filter(None, [package, os.environ.get("PYTHONPATH")]))}
    try:
        done = subprocess.run([sys.executable, "-m", "minivae.exercises.judge", str(file)], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                              timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return Verdict(WRONG, f"{Path(file).name} was still running after {TIME_LIMIT:g} seconds; is there a "
                              "loop that never ends?")
    if done.returncode not in (PASSED, WRONG, NOT_DONE):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Verdict(WRONG, f"Python exited with code {done.returncode} while running {Path(file).name}: {last}")
    return Verdict(done.returncode, done.stdout.rstrip())
