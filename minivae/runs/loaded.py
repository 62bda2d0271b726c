"""`minivae.load`: a run that `train` saved, back in Python."""

import os
import types
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .build import saved_run


@dataclass(frozen=True, eq=False, repr=False)
class LoadedRun:
    """What a run folder contains. Training the model further does not change the folder."""

    folder: str
    model: Any          # a VAE or an Autoencoder, with the parameters after the last finished epoch
    images: Any         # datasets.Images: train (N, D), test, their labels, and the images' shape
    config: dict        # {option of `train`: value}
    history: list       # a dict per epoch: epoch, loss, reconstruction, kl, test_loss, ...
    epoch: int          # the last finished one

    def __repr__(self):
        x = self.images
        lines = [f"the run in {self.folder}, after epoch {self.epoch} of {self.config['epochs']}",
                 f".model    {self.model}",
                 f".images   {self.config['data']}: {len(x.train)} for training and {len(x.test)} for tests, "
                 f"of {x.shape[1]}x{x.shape[0]} pixels"]
        if self.history:
            loss = self.history[-1]["test_loss"]
            is_vae = self.config["model"] == "vae"
            value = f"ELBO {-loss:.2f} nats per image" if is_vae else f"loss {loss:.2f}"
            lines.append(f".history  on the test images after epoch {self.history[-1]['epoch']}: {value}")
        return "\n    ".join(lines)


def load(folder, backend=None, data=None, data_dir=None):
    """A run that `python -m minivae train` saved in `folder`: its model, images, options and history.

    backend: where the model's arrays will be, "numpy", "cupy" or "auto" (default: as in training)
    data: the file of its images, if it was moved, or other images of the same size
    data_dir: the folder with the MNIST files, if they were moved

    Raises InputError for a folder without a run, for broken files, and if the images are missing or changed.
    """
    if os.path.isfile(folder):
        raise InputError(f"{folder} is a file, but the folder of a run is needed; for a file that `save` "
                         "wrote, use minivae.VAE.load")
    run, images, model, epoch = saved_run(types.SimpleNamespace(run=folder, data=data, data_dir=data_dir,
                                                                backend=backend))
    return LoadedRun(str(folder), model, images, run.config, run.history, epoch)
