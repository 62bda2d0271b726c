"""Keys of the terminal, read as they are pressed, without Enter."""

import contextlib
import os
import select
import sys
import time

try:
    import termios
    import tty
except ImportError:     # Windows
    import msvcrt
    termios = None

END = "\x04"            # Ctrl-D; also what is read when the terminal is gone
WINDOWS_POLL = 0.02     # seconds


@contextlib.contextmanager
def single_keys():
    """with single_keys() as read: read(0.1) -> what was typed, "" if nothing is typed within 0.1 seconds

    read is None if stdin is not a terminal. At the end, also after an exception, the terminal is as before.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        yield None
    elif termios is None:
        yield _read_windows
    else:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        try:
            _switch_to_single_keys(terminal)
            yield lambda seconds: _read_posix(terminal, seconds)
        finally:
            if _in_foreground(terminal):
                with contextlib.suppress(termios.error):        # the terminal is gone
                    termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read_posix(terminal, seconds):
    if not _in_foreground(terminal):        # after Ctrl-Z and `bg`: reading would stop this process
        time.sleep(seconds)
        return ""
    try:
        _switch_to_single_keys(terminal)    # the shell has reset the terminal after Ctrl-Z and `fg`
        if not select.select([terminal], [], [], seconds)[0]:
            return ""
        typed = os.read(terminal, 64).decode(errors="replace") or END
    except (OSError, termios.error):
        return END
    return typed.partition("\x1b")[0]       # arrows and function keys send Escape and letters


def _switch_to_single_keys(terminal):
    if _in_foreground(terminal) and termios.tcgetattr(terminal)[3] & termios.ICANON:
        tty.setcbreak(terminal)             # Ctrl-C and Ctrl-Z keep their meaning


def _in_foreground(terminal):
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:                         # the terminal is gone, or belongs to other processes
        return True


def _read_windows(seconds):
    end = time.monotonic() + seconds
    while not msvcrt.kbhit():
        if time.monotonic() >= end:
            return ""
        time.sleep(WINDOWS_POLL)
    key = msvcrt.getwch()
    if key == "\x03":
        raise KeyboardInterrupt
    if key in "\x00\xe0":                   # arrows and function keys are two characters
        msvcrt.getwch()
        return ""
    return key
