"""A run folder: what was asked for, how it went, and where it stands.

    config.json       every option the run was made with, and the versions it ran on
    history.csv       one row an epoch
    checkpoint.npz    parameters, optimizer, epoch and random generator after the last finished epoch
    *.png             pictures, made anew by `show`
"""

import csv
import io
import json
import platform
from pathlib import Path

import numpy

from . import __version__, datasets
from .backend import get_xp
from .errors import InputError
from .files import replacing
from .optimizers import OPTIMIZERS
from .training import load_checkpoint, save_checkpoint
from .vae import VAE

HISTORY_FIELDS = ["epoch", "loss", "reconstruction", "kl", "test_elbo", "seconds", "examples_per_second"]
PICTURES = ["curves.png", "reconstructions.png", "samples.png", "plane.png", "codes.png"]
BINARIZE_MODES = ("none", "threshold", "static", "dynamic")
DRAW_SEED = 20140414        # of the fixed draws, the same in all runs, so that their test ELBOs compare


class Run:
    """The files of one run. `config` is the content of config.json, `history` a list of dicts."""

    def __init__(self, folder, config, history=()):
        self.folder = Path(folder)
        self.config = config
        self.history = list(history)

    @classmethod
    def create(cls, folder, config, overwrite=False):
        """A new run in `folder`. Raises InputError if it holds one already, unless overwrite is set."""
        run = cls(folder, config)
        if (run.folder / "config.json").exists() and not overwrite:
            raise InputError(f"{folder} already holds a run; go on with it by --resume {folder}, "
                             "choose another folder with --out, or replace it with --overwrite")
        _write(run._clear, run.folder)
        return run

    def _clear(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("config.json", "history.csv", "checkpoint.npz", *PICTURES):
            (self.folder / name).unlink(missing_ok=True)

    @classmethod
    def open(cls, folder):
        """The run that `folder` holds. Raises InputError if there is none, or its files are broken."""
        path = Path(folder) / "config.json"
        try:
            config = json.loads(path.read_text())
        except OSError as error:
            raise InputError(f"{folder} is no run folder, {path} can't be read ({error.strerror}); "
                             "name a folder that `train` has made") from error
        except ValueError as error:
            raise InputError(f"{path} is not valid JSON ({error}); restore it, or train again") from error
        missing = [name for name in DEFAULTS if not isinstance(config, dict) or name not in config]
        if missing:
            raise InputError(f"{path} says nothing of {', '.join(missing)}; restore it, or train again")
        return cls(folder, config, _read_history(Path(folder) / "history.csv"))

    def save_config(self):
        """Write config.json, with the versions at hand."""
        versions = {"minivae": __version__, "numpy": numpy.__version__, "python": platform.python_version()}
        text = json.dumps({**self.config, "versions": versions}, indent=2) + "\n"
        self._replace("config.json", text.encode())

    def save(self, model, optimizer, epoch, rng):
        """Write the history, then the checkpoint: a kill between them leaves a row too many, none too few."""
        table = io.StringIO()
        writer = csv.DictWriter(table, HISTORY_FIELDS)
        writer.writeheader()
        writer.writerows(self.history)
        self._replace("history.csv", table.getvalue().encode())
        path = self.folder / "checkpoint.npz"
        _write(lambda: save_checkpoint(path, model, optimizer, epoch, rng), self.folder)

    def load(self, model, optimizer=None, rng=None):
        """Load the checkpoint, and drop the history after it. -> its epoch. Raises InputError."""
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
                         "is kept; make room, or choose another folder with --out") from error


def _read_history(path):
    try:
        with open(path, newline="") as file:
            return [{name: int(row[name]) if name == "epoch" else float(row[name]) for name in HISTORY_FIELDS}
                    for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} can't be read as a history ({error!r}); restore it, or delete it "
                         "to go on without the curve so far") from error


# From a config to what it describes. DEFAULTS are the options that decide what a run computes.

DEFAULTS = {"data": "digits", "data_dir": None, "key": None, "binarize": "dynamic", "latent": 2,
            "hidden": [300, 150], "activation": "tanh", "optimizer": "adam", "lr": 1e-3, "batch_size": 50,
            "epochs": None, "dtype": "float32", "backend": "auto", "seed": 0}


def build_images(config):
    """The data set, with its test images made black and white once and for all. -> Images"""
    images = datasets.load(config["data"], config["data_dir"], config["key"])
    mode = config["binarize"]
    rng = numpy.random.default_rng(DRAW_SEED)
    if mode == "none":
        return images
    if mode == "threshold":
        return images._replace(train=datasets.threshold(images.train), test=datasets.threshold(images.test))
    images = images._replace(test=datasets.binarize(images.test, rng))
    return images._replace(train=datasets.binarize(images.train, rng)) if mode == "static" else images


def build_model(config, data_dim):
    """The model that the config describes, untrained."""
    return VAE(data_dim, config["latent"], tuple(config["hidden"]), activation=config["activation"],
               dtype=config["dtype"], backend=config["backend"], seed=config["seed"])


def build_optimizer(config, model):
    """The optimizer that the config describes, for this model."""
    return OPTIMIZERS[config["optimizer"]](model.parameters.flat, lr=config["lr"])


def training_data(config, images, model):
    """The training images on the model's device, and what to draw anew for each batch, or None."""
    model.likelihood.check(images.train)
    model.likelihood.check(images.test)
    xp = get_xp(model.parameters.flat)
    return xp.asarray(images.train), datasets.binarize if config["binarize"] == "dynamic" else None
