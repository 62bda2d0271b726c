"""Write and read a run folder: the options, the history, the last state and the pictures of one run.

    config.json       every option of the run, and the versions of minivae, NumPy and Python
    history.csv       one row per epoch
    checkpoint.npz    parameters, optimizer, epoch and random generator after the last finished epoch
    film.npz          with --film: snapshots; see film.py
    *.png, plane.gif  pictures, drawn again by `show`
    explore.html      the page that `explore` writes
"""

import contextlib
import csv
import errno
import io
import json
import math
import os
import platform
import re
from pathlib import Path

import numpy

from .. import __version__
from ..errors import InputError
from ..system.files import open_regular, replacing
from .checkpoints import checkpoint_bytes, load_checkpoint
from .configuration import ADDED_LATER, DEFAULTS, MAY_CHANGE, check_config, rate_falls

try:
    import fcntl
except ImportError:     # Windows
    import msvcrt
    fcntl = None

HISTORY_FIELDS = ["epoch", "loss", "reconstruction", "kl", "test_loss", "seconds", "examples_per_second"]
PICTURES = ["curves.png", "reconstructions.png", "samples.png", "plane.png", "codes.png", "plane.gif",
            "explore.html"]
FILES = ["config.json", "history.csv", "checkpoint.npz", "film.npz", *PICTURES]


class Run:
    """The files of one run. `config` is the content of config.json, `history` a list of dicts."""

    def __init__(self, folder, config, history=(), replaces=False):
        self.folder = Path(folder)
        self.config = config
        self.history = list(history)
        self.replaces = replaces        # are files of another run there? The first save replaces them
        self.is_saved = False
        self.film = None                # a film.Film, if the run keeps one
        # Goes into the checkpoint, and has to be the same when that is loaded; see build.add_images.
        self.fingerprint = {name: config[name] for name in DEFAULTS
                            if name not in MAY_CHANGE or name == "epochs" and rate_falls(config)}

    @classmethod
    def create(cls, folder, config, overwrite=False):
        """A new run in `folder`. Raises InputError if files of that name are there, unless overwrite is set.

        Nothing is replaced or removed yet: the first `save` does that.
        """
        there = [name for name in FILES if os.path.lexists(Path(folder) / name)]
        if there and not overwrite:
            if {"config.json", "checkpoint.npz"} <= set(there):
                raise InputError(f"{folder} already contains a run; continue it with --resume {folder}, "
                                 "choose another folder with --out, or replace it with --overwrite")
            raise InputError(f"{folder} contains {', '.join(there)}, but not a whole run; restore the missing "
                             "files, choose another folder with --out, or replace them with --overwrite")
        return cls(folder, config, replaces=bool(there))

    @classmethod
    def open(cls, folder):
        """The run in `folder`. Raises InputError if there is none, or if its files are broken."""
        path = Path(folder) / "config.json"
        try:
            with open_regular(path) as file:
                config = json.load(file)
        except FileNotFoundError as error:
            remedy = ("restore it, or choose another folder" if path.with_name("checkpoint.npz").exists()
                      else "name a folder that `train` made; for a list: python -m minivae runs")
            raise InputError(f"{folder} is not a run folder: it has no config.json; {remedy}") from error
        except OSError as error:
            raise InputError(f"{path} can't be read ({error.strerror}); name a folder that `train` made, "
                             "and check its permissions") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not valid JSON ({error!r:.80}); restore it, "
                             "or train again") from error
        if isinstance(config, dict):
            config = {**ADDED_LATER, **config}
        check_config(config, path)
        return cls(folder, config, _read_history(Path(folder) / "history.csv"))

    def save(self, model, optimizer, epoch, rng):
        """Write everything but the pictures. If a file can't be written, none is replaced. Raises InputError.

        The checkpoint comes last: a kill in between leaves one row of history and one snapshot too many,
        never too few. The first time, config.json is written too, and what a replaced or killed run left is
        removed.
        """
        files = {"checkpoint.npz": checkpoint_bytes(model, optimizer, epoch, rng, self.fingerprint)}
        if self.history:
            table = io.StringIO()
            writer = csv.DictWriter(table, HISTORY_FIELDS)
            writer.writeheader()
            writer.writerows(self.history)
            files["history.csv"] = table.getvalue().encode()
        if not self.is_saved:
            versions = {"minivae": __version__, "numpy": numpy.__version__, "python": platform.python_version()}
            files["config.json"] = json.dumps({**self.config, "versions": versions}, indent=2).encode() + b"\n"
        if self.film and not self.film.is_saved:
            files["film.npz"] = self.film.content()
        old = {}        # what to restore if the checkpoint, which is the last, can't be replaced after the others
        try:
            if self.replaces and not self.is_saved:
                others = [self.folder / name for name in files if name != "checkpoint.npz"]
                old = {path: path.read_bytes() for path in others if path.is_file()}
            with contextlib.ExitStack() as stack:       # on exit, the last file is replaced first
                for name, content in files.items():
                    file = stack.enter_context(replacing(self.folder / name))
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())     # all are on the disk before the first is replaced
        except OSError as error:
            for path, content in old.items():
                if path.read_bytes() != content:        # else a full disk would cost what is still there
                    with replacing(path) as file:
                        file.write(content)
            raise _unwritable(self.folder, error) from error
        if not self.is_saved:
            self._remove_leftovers()
        self.is_saved = True
        if self.film:
            self.film.is_saved = True

    def _remove_leftovers(self):
        """Remove film and pictures of a replaced run, and half-written files of a killed one; nothing else."""
        parts = [path for path in self.folder.glob("*.part")
                 if re.fullmatch(r"(.+)\.\d+\.part", path.name) and path.name.rsplit(".", 2)[0] in FILES]
        if self.replaces:       # what `sample` drew
            parts += [path for path in self.folder.iterdir() if re.fullmatch(r"samples-\d+\.png", path.name)]
        old = PICTURES + ([] if self.film else ["film.npz"])
        for path in parts + [self.folder / name for name in old if self.replaces]:
            with contextlib.suppress(OSError):
                path.unlink()

    def load(self, model, optimizer=None, rng=None):
        """Load the checkpoint, and drop later rows of the history. -> its epoch. Raises InputError."""
        epoch = load_checkpoint(self.folder / "checkpoint.npz", model, optimizer, rng, self.fingerprint)
        self.history = [row for row in self.history if row["epoch"] <= epoch]
        return epoch


@contextlib.contextmanager
def locked(folder):
    """While the block runs, no other process may train in this folder. Raises InputError if one does.

    The lock ends with the process, even if that is killed. On a file system without locks, nothing stops
    another process.
    """
    lock = None
    try:
        if fcntl:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif Path(folder).is_dir():
            lock = os.open(Path(folder) / "train.lock", os.O_CREAT | os.O_RDWR)
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if lock is not None and error.errno in (errno.EAGAIN, errno.EACCES):
            os.close(lock)
            raise InputError(f"another process is training in {folder}; wait until it has finished, "
                             "or choose another folder with --out") from error
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)
        if lock is not None and not fcntl:
            with contextlib.suppress(OSError):
                (Path(folder) / "train.lock").unlink()


def make_folder(folder):
    """Create the folder, unless it exists. Raises InputError."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise InputError(f"{folder} is a file, but a folder is needed; choose another with --out")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder, error):
    return InputError(f"{folder} can't be written ({error.strerror or error}); what was saved before is kept; "
                      "free disk space, or choose another folder with --out")


def _read_history(path):
    try:
        with open_regular(path, "r", newline="", encoding="utf-8") as file:
            history = [{name: (int if name == "epoch" else float)(row[name]) for name in HISTORY_FIELDS}
                       for row in csv.DictReader(file)]
        if not all(math.isfinite(value) for row in history for value in row.values()):
            raise ValueError("a value is not finite")
        return history
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}); check its permissions") from error
    except (KeyError, ValueError, TypeError, OverflowError, csv.Error) as error:
        raise InputError(f"{path} can't be read as a history ({error!r:.80}); restore it, or move it away "
                         "to continue without the curve so far") from error
