"""The options of `train`: their defaults, and which values are possible.

A configuration is a dict of all these options, as stored in config.json.
"""

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .. import datasets
from ..autoencoder import ERRORS
from ..errors import InputError
from ..layers import ACTIVATIONS
from ..monte_carlo import BOUNDS, KL_ESTIMATES
from ..optimizers import OPTIMIZERS
from ..posteriors import POSTERIORS
from ..training import DRAW_ON

UPDATES = {"both": [], "encoder": [("encoder",)], "decoder": [("decoder", "likelihood")],
           "alternate": [("encoder",), ("decoder", "likelihood")]}
LARGEST = 10 ** 9           # size or count; anything larger must be a typing error
BINARIZE_MODES = ("none", "threshold", "static", "dynamic")
N_STAGES = 8
DRAW_SEED = 20140414        # for binarization drawn once: the same in all runs, so their ELBOs can be compared
EVALUATION_SEED = 7         # the same noise in every evaluation, so curves change only when the model does


class Kind(NamedTuple):
    """A kind of value: which values are possible, in code and in words, and how to read one from text."""

    is_valid: Any           # value -> bool, for values from the command line and from config.json
    words: str
    parse: Any = str        # text -> value; raises ValueError if it can't be read
    choices: Any = ()       # the possible values, if they can be listed


def whole(low):
    return Kind(lambda v: type(v) is int and low <= v <= LARGEST, f"a whole number from {low} to 10⁹", int)


def real(words, is_valid=lambda v: v > 0):
    largest = sys.float_info.max        # JSON may contain whole numbers of any length
    return Kind(lambda v: type(v) in (int, float) and -largest <= v <= largest and is_valid(v), words, float)


def one_of(choices):
    return Kind(lambda v: type(v) is str and v in choices, f"one of {', '.join(choices)}", str, choices)


COUNT, SEED, LEVELS = whole(1), whole(0), whole(2)
RATE = real("a finite number above 0")
FLAG = Kind(lambda v: type(v) is bool, "true or false")
TEXT = Kind(lambda v: type(v) is str and v != "" and "\0" not in v, "a name")
SIZES = Kind(lambda v: type(v) is list and all(map(COUNT.is_valid, v)),
             "a list of whole numbers from 1 to 10⁹, separated by commas",
             lambda text: [int(part) for part in text.split(",")] if text else [])
VARIANCE = Kind(lambda v: v in ("shared", "per-pixel") or RATE.is_valid(v),
                "a finite number above 0, shared or per-pixel",
                lambda text: text if text in ("shared", "per-pixel") else float(text))
SIZE = Kind(datasets.is_size, "a width and a height in pixels, like 32x24", str.lower)


class Option(NamedTuple):
    kind: Kind
    default: Any            # None: decided by `complete`, or by the code that uses the option
    help: str = ""
    metavar: str = ""


OPTIONS = {
    "data": Option(TEXT, "digits", "digits, mnist, fashion-mnist, an IDX, .npy or .npz file of images, "
                   "or a folder of PNG or JPEG images"),
    "data_dir": Option(TEXT, None, "folder of the MNIST files; those that are missing are downloaded to it "
                       "(default: $MINIVAE_DATA, else ~/.cache/minivae)", "DIR"),
    "key": Option(TEXT, None, "name of the array in an .npz file that contains several", "NAME"),
    "size": Option(SIZE, None, "scale the images of a folder to this width and height in pixels; they are "
                   "stretched, not cropped", "WxH"),
    "shown": Option(one_of(("ink", "light")), None, "how pictures show a pixel of value 1: as ink, black on "
                    "white; or as light, white on black (default: light for a folder of images, else ink)"),
    "binarize": Option(one_of(BINARIZE_MODES), None, "how grey pixels become black or white: at random, drawn "
                       "again in each epoch (dynamic); at random, drawn once (static); by a threshold; or not at "
                       "all (default: dynamic if the data must be black or white, else none)"),
    "model": Option(one_of(("vae", "autoencoder")), "vae", "a VAE, or a plain autoencoder, which has "
                    "no probabilities"),
    "latent": Option(COUNT, 2, "latent dimensions", "Z"),
    "hidden": Option(SIZES, [300, 150], "sizes of the encoder's hidden layers; the decoder has them in reverse "
                     'order; "" for none', "H,H"),
    "activation": Option(one_of(ACTIVATIONS), "tanh", "the nonlinear function of the hidden layers"),
    "likelihood": Option(one_of(("bernoulli", "gaussian", "categorical")), "bernoulli", "p(x|z) of the VAE; "
                         "for photographs choose gaussian"),
    "variance": Option(VARIANCE, "shared", "variance of the gaussian likelihood: a number, shared (learned, one "
                       "for all pixels), or per-pixel (computed by the decoder)", "V"),
    "floor": Option(RATE, 1e-3, "lower limit of a learned variance", "V"),
    "levels": Option(LEVELS, None, "grey levels of the categorical likelihood (default: 17 for digits, else 16)",
                     "K"),
    "posterior": Option(one_of(POSTERIORS), "diagonal", "covariance of q(z|x)"),
    "error": Option(one_of(ERRORS), "squared-error", "what the autoencoder minimizes"),
    "dtype": Option(one_of(("float32", "float64")), "float32", "type of the numbers"),
    "samples": Option(COUNT, 1, "samples of z per example", "L"),
    "kl": Option(one_of(KL_ESTIMATES), "closed-form", "how the KL is computed: exactly, by its formula; or "
                 "as a mean over the samples of z"),
    "bound": Option(one_of(BOUNDS), "elbo", "the bound that training maximizes; iwae needs --kl monte-carlo"),
    "beta": Option(real("a finite number of at least 0", lambda v: v >= 0), 1.0, "weight of the KL; unless it is "
                   "1, training does not maximize the ELBO", "B"),
    "warm_up": Option(COUNT, None, "KL warm-up: the weight of the KL rises linearly over the first N epochs, "
                      "from 0 in the first to --beta in epoch N + 1", "N"),
    "free_bits": Option(RATE, None, "the first F nats of each latent's KL, averaged over the batch, cost "
                        "nothing", "F"),
    "update": Option(one_of(UPDATES), "both", "which part is trained: the encoder (inference under a fixed "
                     "decoder), the decoder (maximum likelihood for a fixed encoder), both together, or both in "
                     "turn (alternate)"),
    "epochs": Option(COUNT, None, "how often to train on all images (default: 300 for digits, else 20)", "N"),
    "batch_size": Option(COUNT, 50, "examples per batch", "N"),
    "optimizer": Option(one_of(OPTIMIZERS), "adam", "the rule by which gradients change the parameters"),
    "lr": Option(RATE, 1e-3, "learning rate", "R"),
    "final_lr": Option(RATE, None, "the learning rate falls to this, by the same factor in each epoch", "R"),
    "stages": Option(real("a number from 1 to 10", lambda v: 1 <= v <= 10), None, "instead of --epochs and "
                     "--final-lr: eight stages, i = 0 to 7, each with B^i epochs, rounded, and the learning "
                     "rate lr 10^(-i/7); B from 1 (8 epochs) to 10; Burda et al. 2016: 3 (3280 epochs)", "B"),
    # Below about 1e-38 float32 loses precision, down to 0.
    "epsilon": Option(real("a finite number above 1e-37", lambda v: v > 1e-37), None, "the number that adam, "
                      "adagrad and rmsprop add to the root in the denominator (default: 1e-08)", "E"),
    "seed": Option(SEED, 0, "seed of the weights, the order of the data and the noise (default: 0)", "S"),
    "backend": Option(one_of(("numpy", "cupy", "auto")), "auto", "the CPU (numpy), the GPU (cupy), "
                      "or the GPU if it works and else the CPU (auto)"),
    "draw_on": Option(one_of(DRAW_ON), "host", "where random numbers are drawn: on the host, the same for "
                      "CPU and GPU; or on the device, which is faster on a GPU"),
    "film": Option(FLAG, False, "with two latents: keep up to 60 snapshots from training in film.npz, of the "
                   "codes of test images and of the decoded plane, and draw them as plane.gif"),
}
DEFAULTS = {name: option.default for name, option in OPTIONS.items()}
MAY_STAY_OPEN = ("data_dir", "key", "size", "levels", "warm_up", "free_bits", "final_lr", "stages",
                 "epsilon")             # may be None in a complete one
ADDED_LATER = {"draw_on": "host", "warm_up": None, "free_bits": None, "size": None,
               "shown": "ink", "film": False}       # what older runs did
# Between two sessions of a run. Other images than before are found out by their hash.
MAY_CHANGE = ("data", "data_dir", "key", "size", "shown", "backend", "epochs", "film")


def check_config(config, path):
    """Raise InputError unless `config`, as read from `path`, has a possible value for every option."""
    if not isinstance(config, dict):
        raise InputError(f"{path} contains no options; restore it, or train again")
    for name, option in OPTIONS.items():
        if name not in config:
            raise InputError(f"{path} does not say what {name} is; restore it, or train again")
        value = config[name]
        if not (value is None and name in MAY_STAY_OPEN or option.kind.is_valid(value)):
            raise InputError(f"{path} has {name} = {value!r:.60}, which is not possible; "
                             "restore it, or train again")
    try:
        check_combination(config)
    except InputError as error:
        raise InputError(f"{path} has options that don't fit together ({error}); "
                         "restore it, or train again") from error


def absolute_paths(args):
    """Make the paths among the options absolute, so that a run can be resumed from any folder."""
    if args.data not in (None, *datasets.NAMES) and Path(args.data).exists():
        args.data = os.path.realpath(args.data)
    if args.data_dir is not None:
        args.data_dir = os.path.realpath(args.data_dir)


def _is_vae(config):
    return config["model"] == "vae"


def _is_folder(config):
    return config["data"] not in datasets.NAMES and os.path.isdir(config["data"])


def _has_likelihood(name):
    return lambda config: _is_vae(config) and config["likelihood"] == name


# Options that need others to have an effect: which others, and whether a configuration has them.
ONLY_FOR = {
    "key": ("--data with an .npz file", lambda c: c["data"] not in datasets.NAMES and not _is_folder(c)),
    "size": ("--data with a folder of images", _is_folder),
    "data_dir": ("--data mnist or fashion-mnist", lambda c: c["data"] in datasets.MIRRORS),
    "error": ("--model autoencoder", lambda c: not _is_vae(c)),
    **dict.fromkeys(("likelihood", "posterior", "samples", "kl", "bound", "beta"), ("--model vae", _is_vae)),
    "warm_up": ("--model vae with --beta above 0", lambda c: _is_vae(c) and c["beta"] > 0),
    "free_bits": ("--model vae with --posterior diagonal, --kl closed-form and --beta above 0",
                  lambda c: (_is_vae(c) and c["posterior"] == "diagonal" and c["kl"] == "closed-form"
                             and c["beta"] > 0)),
    "variance": ("--likelihood gaussian", _has_likelihood("gaussian")),
    "floor": ("--likelihood gaussian with a --variance that is learned",
              lambda c: _has_likelihood("gaussian")(c) and c["variance"] in ("shared", "per-pixel")),
    "levels": ("--likelihood categorical", _has_likelihood("categorical")),
    "draw_on": ("a VAE, or for pixels that are binarized again in each epoch",
                lambda c: _is_vae(c) or c["binarize"] == "dynamic"
                or c["binarize"] is None and c["error"] == "cross-entropy"),
    "film": ("--latent 2, because it shows a plane of two latents", lambda c: c["latent"] == 2),
    "final_lr": ("--epochs of at least 2", lambda c: c["epochs"] != 1),
    "epsilon": ("--optimizer adam, adagrad or rmsprop, which divide by a root",
                lambda c: c["optimizer"] in ("adam", "adagrad", "rmsprop")),
}


def config_from(asked):
    """The complete configuration for the options that were asked for, {name: value}.

    Raises InputError for options that would have no effect, or that contradict each other.
    """
    config = {**DEFAULTS, **asked}
    for name in asked:
        require_effect(name, asked[name], config)
    return complete(config)


def check_combination(config):
    """Raise InputError if options of a complete configuration contradict each other."""
    for name in ("levels", "epsilon", "warm_up", "free_bits", "film"):  # the others always have a value
        if config[name]:
            require_effect(name, config[name], config)
    if config["bound"] == "iwae" and config["kl"] != "monte-carlo":
        raise InputError("--bound iwae needs log q(z|x) of each sample; add --kl monte-carlo")
    if config["model"] == "vae" and config["likelihood"] == "categorical" and config["levels"] is None:
        raise InputError("--likelihood categorical needs --levels")


def require_effect(name, value, config):
    """Raise InputError if this option has no effect in this configuration."""
    purpose, is_met = ONLY_FOR.get(name, ("", lambda config: True))
    if not is_met(config):
        raise InputError(f"{as_typed(name, value)} is for {purpose}; leave it out")


def as_typed(name, value):
    """An option as on the command line: "--final-lr 0.1", or for a flag "--film"."""
    return f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")


def complete(config):
    """The configuration with open options decided. Raises InputError if options contradict each other."""
    config = dict(config)
    black_and_white = (config["error"] == "cross-entropy" if config["model"] == "autoencoder"
                       else config["likelihood"] == "bernoulli")
    if config["binarize"] is None:
        config["binarize"] = "dynamic" if black_and_white else "none"
    if config["shown"] is None:
        config["shown"] = "light" if _is_folder(config) else "ink"
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
    check_combination(config)
    return config


def learning_rate(config, epoch):
    """The learning rate in this epoch, counted from 1.

    With final_lr it falls from lr to final_lr, by the same factor in each epoch. With stages B, there are
    Bⁱ epochs at lr · 10^(−i/7), for i = 0, ..., 7 (Burda et al. 2016, §5: B = 3).
    """
    if config["stages"] is not None:
        for stage, length in enumerate(_stage_lengths(config)):
            if epoch <= length:
                break
            epoch -= length
        return config["lr"] * 10 ** (-stage / (N_STAGES - 1))
    if config["final_lr"] is None:
        return config["lr"]
    return config["lr"] * (config["final_lr"] / config["lr"]) ** ((epoch - 1) / (config["epochs"] - 1))


def rate_falls(config):
    """Does the learning rate fall over a fixed number of epochs? Then no epochs can be added."""
    return config["final_lr"] is not None or config["stages"] is not None


def _stage_lengths(config):
    return [round(config["stages"] ** i) for i in range(N_STAGES)]


def loss_options(config):
    """The options of train() and of the model's loss that are passed on as they are."""
    if config["model"] == "autoencoder":
        return {"draw_on": config["draw_on"]}
    return {"n_samples": config["samples"], "beta": lambda epoch: kl_weight(config, epoch),
            "free_bits": config["free_bits"] or 0.0,
            **{name: config[name] for name in ("kl", "bound", "draw_on")}}


def kl_weight(config, epoch):
    """The weight of the KL in this epoch, counted from 1: β, or with a warm-up less in the first epochs.

    With a warm-up over N epochs it is 0 in epoch 1, β/N in epoch 2, and β from epoch N + 1 on
    (Sønderby et al. 2016).
    """
    if config["warm_up"] is None:
        return config["beta"]
    return config["beta"] * min(1, (epoch - 1) / config["warm_up"])


def other_bound(config):
    """What a VAE's training maximizes, if that is not the ELBO in all epochs; else None."""
    changes = "" if config["beta"] == 1 else f", KL times {config['beta']:g}"
    if config["warm_up"] is not None:
        changes += f", warm-up over {config['warm_up']} epochs"
    if config["free_bits"] is not None:
        changes += f", {config['free_bits']:g} nats of each latent free"
    if config["model"] == "autoencoder" or config["bound"] == "elbo" and not changes:
        return None
    return ("ELBO" if config["bound"] == "elbo" else f"IWAE bound, L = {config['samples']}") + changes
