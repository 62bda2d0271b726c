"""Ctrl-C while the program is being imported ends it in one line, without a traceback.

The package imports this first: `python -m minivae` imports the package before its __main__.
"""

import os
import sys


def _excepthook(kind, *details):
    if kind is KeyboardInterrupt:
        print("minivae: interrupted", file=sys.stderr, flush=True)
        os._exit(130)
    sys.__excepthook__(kind, *details)


started = os.path.basename("".join(sys.argv[:1]))       # "-m" while `python -m` imports the package
if started.removesuffix(".exe") == "minivae" or started == "-m" and "minivae" in sys.orig_argv:
    sys.excepthook = _excepthook    # only in the program, not where a user's script imports the library
