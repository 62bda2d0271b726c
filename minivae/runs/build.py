"""Build the images, the model and the optimizer that a configuration or a run folder describes."""

import hashlib
import os

import numpy

from .. import datasets
from ..backend import get_xp
from ..errors import InputError
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..optimizers import OPTIMIZERS
from ..quick import VAE, Autoencoder
from ..training import InTurn
from .configuration import DRAW_SEED, UPDATES, absolute_paths, require_effect
from .run_folder import Run


def build_images(config):
    """The data set, binarized or quantized; "dynamic" leaves the training images to train(). -> Images"""
    images = datasets.load(config["data"], config["data_dir"], config["key"], config["size"])
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
    """The model that the configuration describes, untrained."""
    common = {"hidden": tuple(config["hidden"]), "activation": config["activation"], "dtype": config["dtype"],
              "backend": config["backend"], "seed": config["seed"]}
    if config["model"] == "autoencoder":
        return Autoencoder(data_dim, config["latent"], error=config["error"], **common)
    likelihood = {"bernoulli": Bernoulli, "gaussian": lambda: Gaussian(config["variance"], config["floor"]),
                  "categorical": lambda: Categorical(config["levels"])}[config["likelihood"]]()
    return VAE(data_dim, config["latent"], likelihood=likelihood, posterior=config["posterior"], **common)


def build_optimizer(config, model):
    """The optimizer that the configuration describes, for the parts of this model that are trained."""
    options = {} if config["epsilon"] is None else {"epsilon": config["epsilon"]}

    def make(theta):
        return OPTIMIZERS[config["optimizer"]](theta, lr=config["lr"], **options)

    parts = [model.parameters.part(*prefixes) for prefixes in UPDATES[config["update"]]]
    return InTurn(model.parameters.flat, parts, make) if parts else make(model.parameters.flat)


def training_data(config, images, model):
    """The training images on the model's device, and the transform that binarizes each batch, if any."""
    for x in (images.train, images.test):
        model.check(x)
    xp = get_xp(model.parameters.flat)
    return xp.asarray(images.train), datasets.binarize if config["binarize"] == "dynamic" else None


def add_images(run, images):
    """From now on, the run's checkpoint has to belong to exactly these images."""
    pixels = hashlib.sha256(repr(images.shape).encode())
    for x in (images.train, images.test):
        pixels.update(numpy.ascontiguousarray(x))
    run.fingerprint["SHA-256 of the images"] = pixels.hexdigest()[:16]


def saved_run(args):
    """The run that args.run names, with the options that args changes. -> Run, Images, model, epoch"""
    run = Run.open(args.run)
    absolute_paths(args)
    own = args.data in (None, run.config["data"])
    for name in ("data", "data_dir", "size", "shown", "backend"):
        if getattr(args, name, None) is not None:
            run.config[name] = getattr(args, name)
            require_effect(name, run.config[name], run.config)
    data = run.config["data"]
    if args.data is None and data not in datasets.NAMES and not os.path.exists(data):
        raise InputError(f"{run.folder} was trained on {data}, which is no longer there; if it was moved, give its "
                         "place with --data, or in Python data=...")
    images = build_images(run.config)
    model = build_model(run.config, images.train.shape[1])
    if own:         # else other images are wanted
        add_images(run, images)
    try:
        return run, images, model, run.load(model)
    except InputError as error:
        if args.data is None:
            raise
        raise InputError(f"{error}; or leave out --data {args.data}, if this run was trained on images of "
                         "another size") from error
