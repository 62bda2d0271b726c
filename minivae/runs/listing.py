"""Find the runs in a folder, and sum up each, without building its model or loading its images."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from ..errors import InputError
from ..system.files import open_regular
from .configuration import other_bound
from .run_folder import Run


class Summary(NamedTuple):
    folder: Path
    data: str           # the name of a data set, or of a file
    model: str          # in a few words: "vae 64-300-150-2 bernoulli"
    epoch: int          # the last one saved
    epochs: int         # how many are wanted
    loss: Any           # of the test images after that epoch, −ELBO for a VAE; None if the history lacks it
    is_vae: bool
    time: float         # when it was saved last, in seconds since 1970


def find_runs(folder):
    """The runs in a folder, at any depth. -> list of Summary, newest last; what is wrong with broken ones"""
    found, broken = [], []
    for path, _, files in os.walk(folder):
        if "checkpoint.npz" in files or {"config.json", "history.csv"} <= set(files):
            try:
                found.append(summary(Path(path)))
            except InputError as error:
                broken.append(str(error))
    return sorted(found, key=lambda run: run.time), sorted(broken)


def summary(folder):
    """The Summary of the run in this folder. InputError if a file of it is missing or broken."""
    run = Run.open(folder)
    config, path = run.config, folder / "checkpoint.npz"
    try:
        with open_regular(path) as file, numpy.load(file, allow_pickle=False) as arrays:
            epoch, data_dim = int(arrays["epoch"]), len(arrays["parameters/encoder.0.W"])
        time = path.stat().st_mtime
    except Exception as error:      # there may be anything in the file
        reason = getattr(error, "strerror", None) or f"{error!r:.80}"
        raise InputError(f"{path} can't be read ({reason}); restore a copy of the file, or train again with "
                         "--overwrite") from error
    is_vae = config["model"] == "vae"
    sizes = "-".join(map(str, [data_dim, *config["hidden"], config["latent"]]))
    extras = [", full q"] if is_vae and config["posterior"] == "full" else []
    extras += [f", {other_bound(config)}"] if other_bound(config) else []
    loss = {row["epoch"]: row["test_loss"] for row in run.history}.get(epoch)
    model = f"{config['model']} {sizes} {config['likelihood' if is_vae else 'error']}{''.join(extras)}"
    return Summary(folder, Path(config["data"]).name, model, epoch, config["epochs"], loss, is_vae, time)
