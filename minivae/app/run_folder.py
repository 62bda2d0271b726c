"""A run folder: what was asked for, how it went, and where it stands.

    config.json       every option the run was made with, and the versions it ran on
    history.csv       one row an epoch
    checkpoint.npz    parameters, optimizer, epoch and random generator after the last finished epoch
    *.png             pictures, made anew by `show`
"""

import csv
import io
import json
import math
import platform
from pathlib import Path

import numpy

from .. import __version__, datasets
from ..autoencoder import ERRORS, Autoencoder
from ..backend import get_xp
from ..errors import InputError
from ..files import replacing
from ..layers import ACTIVATIONS
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..optimizers import OPTIMIZERS, InTurn
from ..posteriors import DiagonalGaussian, FullGaussian
from ..training import load_checkpoint, save_checkpoint
from ..vae import BOUNDS, KL_ESTIMATES, VAE

HISTORY_FIELDS = ["epoch", "loss", "reconstruction", "kl", "test_loss", "seconds", "examples_per_second"]
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
        """A new run in `folder`. Raises InputError if it holds one already, unless overwrite is set.

        Nothing is removed yet: the first `save` and `save_config` replace the old run, file by file.
        """
        run = cls(folder, config)
        if not overwrite and any((run.folder / name).exists() for name in ("config.json", "checkpoint.npz")):
            raise InputError(f"{folder} already holds a run; go on with it by --resume {folder}, "
                             "choose another folder with --out, or replace it with --overwrite")
        if run.folder.is_file():
            raise InputError(f"{folder} is a file, where a folder is needed; choose another with --out")
        _write(lambda: run.folder.mkdir(parents=True, exist_ok=True), run.folder)
        return run

    @classmethod
    def open(cls, folder):
        """The run that `folder` holds. Raises InputError if there is none, or its files are broken."""
        path = Path(folder) / "config.json"
        try:
            config = json.loads(path.read_text())
        except OSError as error:
            raise InputError(f"{folder} is no run folder, {path} can't be read ({error.strerror}); "
                             "name a folder that `train` has made") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not valid JSON ({error!r:.80}); restore it, "
                             "or train again") from error
        if isinstance(config, dict):
            config = {**{name: DEFAULTS[name] for name in ADDED_LATER}, **config}
        check_config(config, path)
        return cls(folder, config, _read_history(Path(folder) / "history.csv"))

    def remove_leftovers(self):
        """Remove pictures and history of a run that was overwritten, and parts of files after a kill."""
        def remove():
            stale = [] if self.history else [*PICTURES, "history.csv"]
            for path in [*(self.folder / name for name in stale), *self.folder.glob("*.part")]:
                if path.is_file():
                    path.unlink()
        _write(remove, self.folder)

    def save_config(self):
        """Write config.json, with the versions at hand."""
        versions = {"minivae": __version__, "numpy": numpy.__version__, "python": platform.python_version()}
        text = json.dumps({**self.config, "versions": versions}, indent=2) + "\n"
        self._replace("config.json", text.encode())

    def save(self, model, optimizer, epoch, rng):
        """Write the history, then the checkpoint: a kill between them leaves a row too many, none too few."""
        if self.history:
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
            history = [{name: (int if name == "epoch" else float)(row[name]) for name in HISTORY_FIELDS}
                       for row in csv.DictReader(file)]
        if not all(math.isfinite(value) for row in history for value in row.values()):
            raise ValueError("a value is not finite")
        return history
    except FileNotFoundError:
        return []
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path} can't be read as a history ({error!r:.80}); restore it, or delete it "
                         "to go on without the curve so far") from error


# From a config to what it describes. DEFAULTS are the options that decide what a run computes.

DEFAULTS = {"data": "digits", "data_dir": None, "key": None, "binarize": None, "model": "vae", "latent": 2,
            "hidden": [300, 150], "activation": "tanh", "likelihood": "bernoulli", "variance": "shared",
            "floor": 1e-3, "levels": None, "posterior": "diagonal", "error": "squared-error", "samples": 1,
            "kl": "closed-form", "bound": "elbo", "beta": 1.0, "update": "both", "optimizer": "adam",
            "lr": 1e-3, "final_lr": None, "stages": None, "epsilon": None, "batch_size": 50, "epochs": None,
            "dtype": "float32", "backend": "auto", "seed": 0}
ADDED_LATER = ("stages", "epsilon")     # runs made before these options were don't name them
N_STAGES = 8
MODELS = ("vae", "autoencoder")
LIKELIHOODS = ("bernoulli", "gaussian", "categorical")
POSTERIORS = {"diagonal": DiagonalGaussian, "full": FullGaussian}
UPDATES = {"both": [], "encoder": [("encoder",)], "decoder": [("decoder", "likelihood")],
           "alternate": [("encoder",), ("decoder", "likelihood")]}
CHOICES = {"binarize": BINARIZE_MODES, "model": MODELS, "activation": ACTIVATIONS, "likelihood": LIKELIHOODS,
           "posterior": POSTERIORS, "error": ERRORS, "kl": KL_ESTIMATES, "bound": BOUNDS, "update": UPDATES,
           "optimizer": OPTIMIZERS, "dtype": ("float32", "float64"), "backend": ("numpy", "cupy", "auto")}
LARGEST = 10 ** 9       # of any size or count: beyond it is a slip of the hand


def is_whole(value, low=1):
    """Whether value is an int from `low` to LARGEST."""
    return type(value) is int and low <= value <= LARGEST


def is_real(value, above=0.0):
    """Whether value is a finite number above `above`."""
    return type(value) in (int, float) and above < value < math.inf


VALID = {
    "data": lambda v: type(v) is str and v != "",
    "data_dir": lambda v: v is None or type(v) is str,
    "key": lambda v: v is None or type(v) is str,
    "hidden": lambda v: type(v) is list and all(map(is_whole, v)),
    "variance": lambda v: v in ("shared", "per-pixel") or is_real(v),
    "levels": lambda v: v is None or is_whole(v, 2),
    "beta": lambda v: is_real(v, -math.ulp(0.0)),
    "seed": lambda v: is_whole(v, 0),
    **dict.fromkeys(("latent", "samples", "batch_size", "epochs"), is_whole),
    **dict.fromkeys(("lr", "floor"), is_real),
    "final_lr": lambda v: v is None or is_real(v),
    "epsilon": lambda v: v is None or is_real(v, 1e-37),        # below, float32 would round it to 0
    "stages": lambda v: v is None or type(v) in (int, float) and 1 <= v <= 10,
    **{name: lambda v, known=known: type(v) is str and v in known for name, known in CHOICES.items()},
}


def check_config(config, path):
    """Raise InputError unless `config`, as read from `path`, has a possible value for every option."""
    if not isinstance(config, dict):
        raise InputError(f"{path} holds no options; restore it, or train again")
    for name, is_valid in VALID.items():
        if name not in config:
            raise InputError(f"{path} says nothing of {name}; restore it, or train again")
        if not is_valid(config[name]):
            raise InputError(f"{path} has {name} = {config[name]!r:.60}, which is not possible; "
                             "restore it, or train again")


def _is_vae(config):
    return config["model"] == "vae"


def _has_likelihood(name):
    return lambda config: _is_vae(config) and config["likelihood"] == name


# Options that count for nothing by themselves: what they are for, and whether a config has it.
ONLY_FOR = {
    "key": ("--data with an .npz file", lambda c: c["data"] not in datasets.NAMES),
    "error": ("--model autoencoder", lambda c: not _is_vae(c)),
    **dict.fromkeys(("likelihood", "posterior", "samples", "kl", "bound", "beta"), ("--model vae", _is_vae)),
    "variance": ("--likelihood gaussian", _has_likelihood("gaussian")),
    "floor": ("--likelihood gaussian with a --variance that is learned",
              lambda c: _has_likelihood("gaussian")(c) and c["variance"] in ("shared", "per-pixel")),
    "levels": ("--likelihood categorical", _has_likelihood("categorical")),
    "epsilon": ("--optimizer adam, adagrad or rmsprop, which divide by a root",
                lambda c: c["optimizer"] in ("adam", "adagrad", "rmsprop")),
}


def require_options_that_count(asked, config):
    """Raise InputError for an option among `asked`, those that were given, that would do nothing."""
    for name in asked:
        purpose, is_met = ONLY_FOR.get(name, ("", lambda config: True))
        if not is_met(config):
            raise InputError(f"--{name} {asked[name]} is for {purpose}; leave it out")


def complete(config):
    """The config with all that was left open decided, and what contradicts itself refused (InputError)."""
    config = dict(config)
    black_and_white = (config["error"] == "cross-entropy" if config["model"] == "autoencoder"
                       else config["likelihood"] == "bernoulli")
    if config["binarize"] is None:
        config["binarize"] = "dynamic" if black_and_white else "none"
    if config["stages"] is not None:
        for name in ("epochs", "final_lr"):
            if config[name] is not None:
                raise InputError(f"--stages sets epochs and learning rates; leave out "
                                 f"--{name.replace('_', '-')} {config[name]}")
        config["epochs"] = sum(_stage_lengths(config))
    if config["epochs"] is None:
        config["epochs"] = 300 if config["data"] == "digits" else 20
    if config["model"] == "vae" and config["likelihood"] == "categorical":
        config["levels"] = config["levels"] or (17 if config["data"] == "digits" else 16)
    if config["bound"] == "iwae" and config["kl"] != "monte-carlo":
        raise InputError("--bound iwae weights each sample by its own log q(z|x); add --kl monte-carlo")
    return config


def build_images(config):
    """The data set, with its test images made black and white once and for all. -> Images"""
    images = datasets.load(config["data"], config["data_dir"], config["key"])
    mode = config["binarize"]
    rng = numpy.random.default_rng(DRAW_SEED)
    if mode == "threshold":
        images = images._replace(train=datasets.threshold(images.train), test=datasets.threshold(images.test))
    elif mode != "none":
        images = images._replace(test=datasets.binarize(images.test, rng))
        if mode == "static":
            images = images._replace(train=datasets.binarize(images.train, rng))
    if config["levels"]:
        images = images._replace(train=datasets.quantize(images.train, config["levels"]),
                                 test=datasets.quantize(images.test, config["levels"]))
    return images


def build_model(config, data_dim):
    """The model that the config describes, untrained."""
    common = {"hidden": tuple(config["hidden"]), "activation": config["activation"], "dtype": config["dtype"],
              "backend": config["backend"], "seed": config["seed"]}
    if config["model"] == "autoencoder":
        return Autoencoder(data_dim, config["latent"], error=config["error"], **common)
    likelihood = {"bernoulli": Bernoulli, "gaussian": lambda: Gaussian(config["variance"], config["floor"]),
                  "categorical": lambda: Categorical(config["levels"])}[config["likelihood"]]()
    posterior = POSTERIORS[config["posterior"]]()
    return VAE(data_dim, config["latent"], likelihood=likelihood, posterior=posterior, **common)


def build_optimizer(config, model):
    """The optimizer that the config describes, for the parts of this model that are to be updated."""
    options = {} if config["epsilon"] is None else {"epsilon": config["epsilon"]}

    def make(theta):
        return OPTIMIZERS[config["optimizer"]](theta, lr=config["lr"], **options)

    parts = [model.parameters.part(*prefixes) for prefixes in UPDATES[config["update"]]]
    return InTurn(model.parameters.flat, parts, make) if parts else make(model.parameters.flat)


def learning_rate(config, epoch):
    """The learning rate in this epoch, from 1 on.

    With final_lr it falls from lr to that, by the same factor each epoch. With stages B, there are
    Bⁱ epochs at lr · 10^(−i/7), for i = 0, ..., 7 (Burda et al. 2016, §5: B = 3).
    """
    if config["stages"] is not None:
        for stage, length in enumerate(_stage_lengths(config)):
            if epoch <= length:
                break
            epoch -= length
        return config["lr"] * 10 ** (-stage / (N_STAGES - 1))
    if config["final_lr"] is None or config["epochs"] == 1:
        return config["lr"]
    return config["lr"] * (config["final_lr"] / config["lr"]) ** ((epoch - 1) / (config["epochs"] - 1))


def rate_falls(config):
    """Whether the learning rate has an end, beyond which no epoch can be added."""
    return config["final_lr"] is not None or config["stages"] is not None


def _stage_lengths(config):
    return [round(config["stages"] ** i) for i in range(N_STAGES)]


def loss_options(config):
    """What train() has to pass on to the model's loss."""
    if config["model"] == "autoencoder":
        return {}
    return {"n_samples": config["samples"], **{name: config[name] for name in ("kl", "bound", "beta")}}


def other_bound(config):
    """What training maximizes where it is not the ELBO, else None."""
    beta = "" if config["beta"] == 1 else f", KL times {config['beta']:g}"
    if config["model"] == "autoencoder" or config["bound"] == "elbo" and not beta:
        return None
    return ("ELBO" if config["bound"] == "elbo" else f"IWAE bound, L = {config['samples']}") + beta


def training_data(config, images, model):
    """The training images on the model's device, and what to draw anew for each batch, or None."""
    for x in (images.train, images.test):
        model.check(x)
    xp = get_xp(model.parameters.flat)
    return xp.asarray(images.train), datasets.binarize if config["binarize"] == "dynamic" else None
