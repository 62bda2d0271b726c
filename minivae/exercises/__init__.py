"""The gradient-check exercises: `check`, the last line of each file, and `python -m minivae exercises`.

The files themselves are in tutorials/exercises (and inside an installed package); catalog says what each of
them asks and how it is checked, runner checks a file in a process of its own, commands is the command line.
"""

from .runner import check

__all__ = ["check"]
