"""The whole suite runs in two processes, for two cores, with no other package than pytest.

Both collect the same tests. Each takes the next file that is not taken, this process from the first file on,
the other from the last. So they finish together, whatever the files take. Then this one reports what the other
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
    files = [list(items) for _, items in itertools.groupby(session.items, lambda item: item.path)]
    if FOLDER in os.environ:
        return run_as_the_other(session, files, Path(os.environ[FOLDER]))
    watched = option.collectonly or option.usepdb or option.trace or option.capture == "no" or option.maxfail
    shared = hasattr(session.config, "workerinput")         # by pytest-xdist
    if len(session.items) < ENOUGH or os.cpu_count() == 1 or watched or shared or session.testsfailed:
        return None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run_beside_another(session, files, Path(folder))
    return True


def run_beside_another(session, files, folder):
    arguments = session.config.invocation_params
    with open(folder / "output", "wb") as output:
        other = subprocess.Popen([sys.executable, "-m", "pytest", *map(str, arguments.args)],
                                 cwd=arguments.dir, env={**os.environ, FOLDER: str(folder)}, stdout=output,
                                 stderr=subprocess.STDOUT)
        try:
            mine = list(run_what_is_free(session, files, folder))
            other.wait()
        finally:
            other.kill()
            other.wait()
    reported = replay(session.config, folder / "reports")
    missing = {item.nodeid for items in files if items not in mine for item in items} - reported
    if missing or other.returncode not in DONE:
        said = (folder / "output").read_text("utf-8", "replace")
        pytest.exit(f"{said}\nThe other process ended with exit code {other.returncode}, after this output. "
                    f"Not run: {sorted(missing)}", pytest.ExitCode.INTERNAL_ERROR)


def run_as_the_other(session, files, folder):
    with open(folder / "reports", "wb") as reports:
        session.config.pluginmanager.register(Recorder(session.config, reports))
        list(run_what_is_free(session, files[::-1], folder))
    return True


def run_what_is_free(session, files, folder):
    """Run the tests of each file that the other process has not taken, and yield them."""
    for items in files:
        try:
            (folder / str(session.items.index(items[0]))).mkdir()       # only one of two processes can
        except FileExistsError:
            continue
        for item, following in zip(items, [*items[1:], None]):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
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
