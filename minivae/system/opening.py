"""Open a folder or file on the screen, with the program that the desktop has for it."""

import os
import subprocess
import sys


def open_on_screen(path):
    """-> was it opened? Not without a display, as in a container or over ssh."""
    try:
        if sys.platform == "win32":
            os.startfile(path)
            return True
        if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
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
