"""How the program ends: its exit codes, its messages, and what it does when output can't be written."""

import contextlib
import errno
import io
import os
import sys

OK, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
LONGEST = 1000      # characters of a message


def say(text, prefix="minivae: "):
    """Print a message on stderr in one line: shortened in the middle, with control characters escaped."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text.replace("\n", " "))
    if len(line) > LONGEST:
        line = f"{line[:LONGEST // 2]} [...] {line[-LONGEST // 2:]}"    # a remedy is at the end
    try:
        print(prefix + line, file=sys.stderr, flush=True)
    except OSError:
        drop_output(sys.stderr)     # perhaps the disk is full; the exit code still reports the error


def reader_left(error):
    """Does this OSError say that the program that was reading the output, like `head`, has closed it?"""
    on_windows = os.name == "nt" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or on_windows


def drop_output(stream=None):
    """Send stdout, or another stream, to the null device from now on: it can't be written any more."""
    with contextlib.suppress(io.UnsupportedOperation):      # in a notebook a stream is not a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
