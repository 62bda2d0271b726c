"""How the program ends: its exit codes, and what it does when nobody reads its output any more."""

import os
import sys

OK, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def drop_output():
    """Discard all further output: the program that was reading it, like `head`, has closed it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
