"""Gradient-check exercises: `check`, which each exercise file calls last, and `python -m minivae exercises`.

The exercise files are in tutorials/exercises (and in the installed package). catalog.py lists them with hints
and solutions, problems.py and bugs.py check the learner's functions, runner.py starts a separate process for
each check, judge.py is that process, and app/commands/exercises.py is the command.
"""

from .runner import check

__all__ = ["check"]
