"""The whole suite runs in two processes, for two cores, with no other package than pytest.

Both collect the same tests. Each takes the next test function that is not taken, this process from the first
on, the other from the last. So they meet somewhere, and finish together. Then this one reports what the other
found, as if it had run here: failures with their output, counts, --durations and --junitxml.
"""

import itertools
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ENOUGH = 500                                # with fewer tests a second process isn't worth its start
FOLDER = "MINIVAE_TESTS_TAKEN"              # in the other's environment: where both note what they take
DONE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def pytest_runtestloop(session):
    """-> True if the tests have run; None leaves them to pytest's own loop."""
    option = session.config.option
    groups = [list(items) for _, items in itertools.groupby(session.items, lambda item: (
        item.path, getattr(item, "originalname", item.name)))]          # the cases of one test function
    if FOLDER in os.environ:
        return run_as_the_other(session, groups, Path(os.environ[FOLDER]))
    watched = option.collectonly or option.usepdb or option.trace or option.capture == "no" or option.maxfail
    shared = hasattr(session.config, "workerinput")         # by pytest-xdist
    if len(session.items) < ENOUGH or os.cpu_count() == 1 or watched or shared or session.testsfailed:
        return None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run_beside_another(session, groups, Path(folder))
    return True


def run_beside_another(session, groups, folder):
    arguments = session.config.invocation_params
    with open(folder / "output", "wb") as output:
        other = subprocess.Popen([sys.executable, "-m", "pytest", *map(str, arguments.args)],
                                 cwd=arguments.dir, env={**os.environ, FOLDER: str(folder)}, stdout=output,
                                 stderr=subprocess.STDOUT)
        try:
            mine = list(run_what_is_free(session, groups, folder))
            other.wait()
        finally:
            other.kill()
            other.wait()
    reported = replay(session.config, folder / "reports")
    missing = {item.nodeid for items in groups if items not in mine for item in items} - reported
    if missing or other.returncode not in DONE:
        said = (folder / "output").read_text("utf-8", "replace")
        pytest.exit(f"{said}\nThe other process ended with exit code {other.returncode}, after this output. "
                    f"Not run: {sorted(missing)}", pytest.ExitCode.INTERNAL_ERROR)


def run_as_the_other(session, groups, folder):
    with open(folder / "reports", "wb") as reports:
        session.config.pluginmanager.register(Recorder(session.config, reports))
        list(run_what_is_free(session, groups[::-1], folder))
    return True


def run_what_is_free(session, groups, folder):
    """Run the tests of each group, up to the first that the other process has taken, and yield them."""
    tests = [item for items in groups for item in items]
    following = dict(zip(tests, tests[1:]))
    for items in groups:
        try:
            (folder / str(session.items.index(items[0]))).mkdir()       # only one of two processes can
        except FileExistsError:
            return
        for item in items:
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following.get(item))
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        yield items


class Recorder:
    """A plugin that writes each report to a file at once."""

    def __init__(self, config, file):
        self.config, self.file = config, file

    def pytest_runtest_logreport(self, report):
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        pickle.dump(data, self.file)
        self.file.flush()


def replay(config, path):
    """Report what a Recorder has written. -> the tests that ran to their end"""
    ended = set()
    for data in read(path) if path.exists() else ():
        report = config.hook.pytest_report_from_serializable(config=config, data=data)
        if report.when == "setup":
            config.hook.pytest_runtest_logstart(nodeid=report.nodeid, location=report.location)
        config.hook.pytest_runtest_logreport(report=report)
        if report.when == "teardown":
            config.hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
            ended.add(report.nodeid)
    return ended


def read(path):
    with open(path, "rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except (EOFError, pickle.UnpicklingError):      # its end, or half a report of a process that died
                return
