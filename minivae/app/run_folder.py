"""Write and read a run folder: the options, the history, the last state and the pictures of one run.

    config.json       every option of the run, and the versions of minivae, NumPy and Python
    history.csv       one row per epoch
    checkpoint.npz    parameters, optimizer, epoch and random generator after the last finished epoch
    *.png             pictures, drawn again by `show`
"""

import csv
import io
import json
import math
import platform
from pathlib import Path

import numpy

from .. import __version__
from ..errors import InputError
from ..files import replacing
from .checkpoints import load_checkpoint, save_checkpoint
from .configuration import check_config

HISTORY_FIELDS = ["epoch", "loss", "reconstruction", "kl", "test_loss", "seconds", "examples_per_second"]
PICTURES = ["curves.png", "reconstructions.png", "samples.png", "plane.png", "codes.png"]


class Run:
    """The files of one run. `config` is the content of config.json, `history` a list of dicts."""

    def __init__(self, folder, config, history=()):
        self.folder = Path(folder)
        self.config = config
        self.history = list(history)

    @classmethod
    def create(cls, folder, config, overwrite=False):
        """A new run in `folder`. Raises InputError if there is one already, unless overwrite is set.

        Nothing is removed yet: the first `save` and `save_config` replace the old run, file by file.
        """
        run = cls(folder, config)
        if not overwrite and any((run.folder / name).exists() for name in ("config.json", "checkpoint.npz")):
            raise InputError(f"{folder} already contains a run; continue it with --resume {folder}, "
                             "choose another folder with --out, or replace it with --overwrite")
        if run.folder.is_file():
            raise InputError(f"{folder} is a file, but a folder is needed; choose another with --out")
        _write(lambda: run.folder.mkdir(parents=True, exist_ok=True), run.folder)
        return run

    @classmethod
    def open(cls, folder):
        """The run in `folder`. Raises InputError if there is none, or if its files are broken."""
        path = Path(folder) / "config.json"
        try:
            config = json.loads(path.read_text())
        except OSError as error:
            raise InputError(f"{folder} is not a run folder: {path} can't be read ({error.strerror}); "
                             "name a folder that `train` made") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not valid JSON ({error!r:.80}); restore it, "
                             "or train again") from error
        check_config(config, path)
        return cls(folder, config, _read_history(Path(folder) / "history.csv"))

    def remove_leftovers(self):
        """Remove pictures and history of an overwritten run, and half-written files of a killed one."""
        def remove():
            stale = [] if self.history else [*PICTURES, "history.csv"]
            for path in [*(self.folder / name for name in stale), *self.folder.glob("*.part")]:
                if path.is_file():
                    path.unlink()
        _write(remove, self.folder)

    def save_config(self):
        """Write config.json, with the versions in use now."""
        versions = {"minivae": __version__, "numpy": numpy.__version__, "python": platform.python_version()}
        text = json.dumps({**self.config, "versions": versions}, indent=2) + "\n"
        self._replace("config.json", text.encode())

    def save(self, model, optimizer, epoch, rng):
        """Write the history, then the checkpoint: a kill in between leaves one row too many, never too few."""
        if self.history:
            table = io.StringIO()
            writer = csv.DictWriter(table, HISTORY_FIELDS)
            writer.writeheader()
            writer.writerows(self.history)
            self._replace("history.csv", table.getvalue().encode())
        path = self.folder / "checkpoint.npz"
        _write(lambda: save_checkpoint(path, model, optimizer, epoch, rng), self.folder)

    def load(self, model, optimizer=None, rng=None):
        """Load the checkpoint, and drop later rows of the history. -> its epoch. Raises InputError."""
        epoch = load_checkpoint(self.folder / "checkpoint.npz", model, optimizer, rng)
        self.history = [row for row in self.history if row["epoch"] <= epoch]
        return epoch

    def _replace(self, name, content):
        def write():
            with replacing(self.folder / name) as file:
                file.write(content)
        _write(write, self.folder)


def _write(action, folder):
    try:
        action()
    except OSError as error:
        raise InputError(f"{folder} can't be written ({error.strerror or error}); what was saved before "
                         "is kept; free disk space, or choose another folder with --out") from error


def _read_history(path):
    try:
        with open(path, newline="") as file:
            history = [{name: (int if name == "epoch" else float)(row[name]) for name in HISTORY_FIELDS}
                       for row in csv.DictReader(file)]
        if not all(math.isfinite(value) for row in history for value in row.values()):
            raise ValueError("a value is not finite")
        return history
    except FileNotFoundError:
        return []
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path} can't be read as a history ({error!r:.80}); restore it, or delete it "
                         "to continue without the curve so far") from error
