"""A progress bar on one line of the terminal, durations as text, and the encoding of the output."""

import sys
import time


class ProgressBar:
    """Drawn on stderr, at most ten times per second, if stderr is a terminal.

    lines_every: if it is not a terminal, print a line instead, once in this many seconds and at the end.
    """

    def __init__(self, label, stream=None, lines_every=None):
        self.label = label
        self.stream = stream or sys.stderr
        self.live = self.stream is not None and self.stream.isatty()
        self.pause = 0.1 if self.live else lines_every if self.stream is not None else None
        self.last_drawn = 0.0
        self.width = 0

    def __call__(self, done, total, note=None):
        """Show that `done` of `total` are finished, and the text note(), which is computed only if it is drawn."""
        now = time.monotonic()
        if self.pause is not None and (now - self.last_drawn > self.pause or done == total):
            self.last_drawn = now
            filled = 24 * done // total
            line = f"{self.label} [{'#' * filled}{'.' * (24 - filled)}] {100 * done // total:3d} %"
            self._write(line + ("  " + note() if note else ""))

    def clear(self):
        """Erase the bar, so that other text can be printed."""
        if self.live:
            self._write("")
            self.stream.write("\r")
            self.stream.flush()

    def end(self):
        """Leave the bar as it is; what is printed next comes below it."""
        if self.live and self.width:
            self.stream.write("\n")
            self.stream.flush()

    def _write(self, line):
        self.stream.write("\r" + line.ljust(self.width) if self.live else line + "\n")
        self.stream.flush()
        self.width = len(line)


def duration(seconds):
    """61 -> "1m 01s" """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


def show_every_character():
    """Write UTF-8 on stdout and stderr; a terminal with another encoding shows ? for what it doesn't have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
