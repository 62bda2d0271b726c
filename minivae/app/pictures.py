"""Draw the pictures of a run; `train` and `show` do this."""

import numpy

from ..errors import InputError
from .configuration import EVALUATION_SEED, other_bound


def draw(run, images, model):
    """Draw the pictures of a run into its folder, and print their names."""
    from .. import plots    # only here: matplotlib takes longer to import than everything else

    pictures = {"reconstructions": plots.reconstructions(model, images.test[:60], images.shape),
                "samples": plots.samples(model, images.shape, numpy.random.default_rng(EVALUATION_SEED))}
    if run.history:
        name = "ELBO" if run.config["model"] == "vae" else f"−{run.config['error']}"
        pictures["curves"] = plots.curves(run.history, name, unit="" if "squared" in name else "nats ",
                                          trained_on=other_bound(run.config))
    if model.latent_dim == 2:
        prior = "the prior N(0, I)" if run.config["model"] == "vae" else "N(0, I), for comparison"
        pictures["plane"] = plots.latent_plane(model, images.shape)
        pictures["codes"] = plots.codes(model, images.test, images.test_labels, prior)
    try:
        for name, figure in pictures.items():
            plots.save(figure, run.folder / f"{name}.png")
    except OSError as error:
        raise InputError(f"{run.folder} can't be written ({error.strerror or error}); free disk space") from error
    print(f"pictures in {run.folder}: " + ", ".join(f"{name}.png" for name in pictures))
