"""Open a folder or file on the screen, with the program that the desktop has for it."""

import os
import subprocess
import sys


def has_display():
    """Can a window be opened? Not in a container or over ssh."""
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def open_on_screen(path):
    """-> was it opened? Not without a display."""
    try:
        if sys.platform == "win32":
            os.startfile(path)
            return True
        if not has_display():
            return False
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        # A session of its own: Ctrl-C in the terminal, or closing that, must not close the window.
        process = subprocess.Popen([opener, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        return process.wait(timeout=2) == 0
    except subprocess.TimeoutExpired:
        return True             # on some desktops the opener runs as long as the window is open
    except OSError:
        return False
