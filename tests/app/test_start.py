"""What a start costs, counted in imports: matplotlib and urllib, for two, take longer than all of minivae."""

import json
import os
import subprocess
import sys

import pytest

from minivae.app import main

# Runs in a process of its own: in this one everything is imported already.
STEPS = """
import functools, importlib, json, sys

imported = {}       # what a step was -> all modules after it

def after(step, function, *given):
    try:
        function(*given)
    except SystemExit as end:       # argparse, after --help
        assert not end.code
    imported[step] = sorted(sys.modules)

for name in ("minivae", "minivae.training", "minivae.evaluation", "minivae.gradcheck", "minivae.datasets",
             "minivae.inference", "minivae.exercises", "minivae.app.main"):
    after(f"import {name}", importlib.import_module, name)

main = sys.modules["minivae.app.main"]
for options in ("--version", "--help", *(f"{command} --help" for command in main.COMMANDS)):
    after(options, main.main, options.split())

from minivae.app import bench
from minivae.app.commands import checks, train
from minivae.checking import library
train.draw = lambda *_: None                # all but the pictures
checks.library_reports = lambda xp, seed: [next(library.library_reports(xp, seed))]             # for speed
bench.report = functools.partial(bench.report, networks=[bench.Network(20, 8, 2, 4)], seconds=0)
bench.rate_of_a_large_product = lambda xp: 1
for options in ("gradcheck", "bench", "train --out run --epochs 1 --hidden 2", "train --resume run --epochs 2",
                "evaluate run --samples 1", "runs", "sample run --n 2 --out new.npz", "variance gaussian-mean --samples 2 --repeats 2",
                "exercises start .", "exercises 1 --hint"):
    after(options, main.main, options.split())
after("import minivae.plots", importlib.import_module, "minivae.plots")
json.dump(imported, open("imported.json", "w"))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """{step: the modules that are imported after it}"""
    folder = tmp_path_factory.mktemp("start")
    child = subprocess.run([sys.executable, "-c", STEPS], cwd=folder, capture_output=True, text=True, encoding="utf-8",
                           env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    assert child.returncode == 0, child.stderr
    return json.loads((folder / "imported.json").read_text("utf-8"))


def test_what_draws_nothing_imports_no_matplotlib(imported):
    assert len(imported) == 32
    assert [step for step, names in imported.items() if "matplotlib" in names] == ["import minivae.plots"]


def test_help_imports_no_command_and_nothing_for_downloads(imported):
    steps = ["import minivae.app.main", "--version", "--help", *(f"{command} --help" for command in main.COMMANDS)]
    for step in steps:
        assert not {"minivae.app.commands.train", "minivae.runs.build", "minivae.app.bench", "urllib.request"} & {*imported[step]}, step
    assert "minivae.app.commands.checks" in imported["gradcheck"]
    assert "urllib.request" not in imported["train --resume run --epochs 2"], "the digits are on the disk"


def test_the_library_imports_no_part_of_the_program(imported):
    for step in list(imported)[:7]:
        assert not [name for name in imported[step] if name.startswith("minivae.app")], step
    assert len([name for name in imported["import minivae"] if name.startswith("minivae")]) < 30


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_its_function(name):
    assert main.command_function(name).__name__ == f"{name}_command"
