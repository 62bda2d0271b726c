"""Watch mode, `python -m minivae exercises --watch`: check a file when it is saved, and obey single keys."""

import shutil
import sys
import time

from ..exercises.catalog import EXERCISES
from ..exercises.runner import wrapped
from .exercise_folder import ALL_DONE, Checks, after, heading, passed, progress, solution_text
from .keys import END, single_keys

POLL_SECONDS = 0.1
HELP = """\
  h  show one more hint                       n  go to the next exercise
  s  show the solution, once yours is right   p  go to the previous exercise
  r  check the file again                     l  list the exercises
  q  quit                                     ?  show these keys"""


def watch(folder, exercise=None):
    """Watch this exercise, or the first that is not done.

    Without a terminal to read keys from, it goes on by itself once an exercise is right, until all are.
    """
    with single_keys() as read, Checks(folder) as checks:
        session = _Watch(folder, checks, read)
        try:
            session.run(exercise)
        finally:
            session.clear()


class _Watch:
    def __init__(self, folder, checks, read):
        self.folder, self.checks, self.read = folder, checks, read
        self.prompt = ""                    # the line below the output, which is replaced
        self.actions = {"h": self.hint, "s": self.solution, "r": self.check, "q": self.quit, END: self.quit,
                        "n": self.next, "p": self.previous, "l": self.list, "?": self.help}

    def run(self, exercise):
        if exercise is None:
            self.exercise = None
            self.go_on()
        else:
            self.open(exercise)
        while self.exercise:
            self.look()
            if self.read is None:
                time.sleep(POLL_SECONDS)
                continue
            for key in self.read(POLL_SECONDS).lower():
                if self.exercise and key in self.actions:
                    self.actions[key]()

    def open(self, exercise):
        self.exercise, self.verdict, self.pending = exercise, None, None
        self.checked, self.seen = None, self.folder.stamp(exercise)     # stamps of the file
        there = f"Open {self.folder.file(exercise)} in your editor; it is checked each time you save it."
        self.say(f"\n{heading(exercise)}\n{self.folder.where(exercise) if self.seen is None else there}")

    def look(self):
        """Start a check if the file was saved, and show what a check has found."""
        stamp = self.folder.stamp(self.exercise)
        if stamp == self.seen and stamp not in (None, self.checked):    # no longer being written
            self.check()
        self.seen = stamp
        if self.pending and self.pending.done():
            self.verdict, self.pending = self.pending.result(), None
            text = "\n".join(line for line in self.verdict.text.splitlines()
                             if self.read is None or not line.startswith("  A hint: python"))    # h shows it
            self.say(wrapped(f"\n[{time.strftime('%H:%M:%S')}] {text}"))
            if self.read is None:
                self.say(progress(self.checks.count(wait=True)))
                if passed(self.verdict):
                    self.go_on()
            elif self.checks.count() == len(EXERCISES):
                self.say(ALL_DONE)
        if self.read and self.exercise:
            self.show_prompt()

    def check(self):
        self.checked = self.folder.stamp(self.exercise)
        if self.checked is None:
            self.say(self.folder.where(self.exercise))
        else:
            self.pending = self.checks.now(self.exercise)

    def hint(self):
        self.say(self.folder.hints(self.exercise))

    def next(self):
        following = after(self.exercise)
        if following:
            self.open(following)
        else:
            self.go_on()

    def go_on(self):
        """Open the next exercise that is not done. If all are, say so, and end if no key can be pressed."""
        self.draw("checking which exercises are done ...")
        exercise = self.checks.first_not_done(self.exercise)
        if exercise:
            self.open(exercise)
        else:
            self.say(ALL_DONE)
            self.exercise = self.exercise if self.read else None

    def previous(self):
        before = EXERCISES.index(self.exercise) - 1
        if before >= 0:
            self.open(EXERCISES[before])
        else:
            self.say("This is the first exercise.")

    def list(self):
        self.say("\n".join(self.checks.lines(wait=False, here=self.exercise)))

    def solution(self):
        self.say(solution_text(self.exercise) if passed(self.verdict)
                 else "The solution is shown once yours is right. Press h for a hint.")

    def help(self):
        self.say(HELP)

    def quit(self):
        self.exercise = None

    def say(self, text):
        self.clear()
        print(text, flush=True)

    def show_prompt(self):
        if self.pending or self.seen not in (None, self.checked):       # or it was saved just now
            return self.draw("checking ...")
        keys = "n next  s solution" if passed(self.verdict) else "h hint  n next"
        self.draw(f"{progress(self.checks.count())}  {keys}  p previous  l list  ? keys  q quit")

    def draw(self, line):
        """Show a line in place of the prompt."""
        line = line[:shutil.get_terminal_size().columns - 1]
        if line != self.prompt and sys.stdout.isatty():
            self.clear()
            print(line, end="", flush=True)
            self.prompt = line

    def clear(self):
        if self.prompt:
            print(f"\r{' ' * len(self.prompt)}\r", end="", flush=True)
        self.prompt = ""
