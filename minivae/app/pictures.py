"""Draw the pictures of a run; `train` and `show` do this."""

import contextlib
import math
import warnings

import numpy

from ..errors import InputError
from ..system.progress import ProgressBar
from ..runs.configuration import EVALUATION_SEED, other_bound
from ..runs.film import read_film


@contextlib.contextmanager
def drawing(what, remedy):
    """Show a progress bar, and turn any error into an InputError.

    The error may be about the disk, or about matplotlib's backend, settings, fonts or cache.
    """
    bar = ProgressBar("drawing")
    bar(0, 1, lambda: "the first time, fonts are listed")       # by matplotlib: it can take ten seconds
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")      # a label's name in letters that the font doesn't have
            yield bar
    except Exception as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"[:100]
        raise InputError(f"{what} can't be drawn ({reason}); {remedy}") from error
    finally:
        bar.clear()


def draw(run, images, model, first=""):
    """Draw the pictures of a run into its folder, and print their names, after the text `first`. -> their paths"""
    with drawing(f"the pictures of {run.folder}", "training is saved; once this is fixed, draw them with: "
                 f"python -m minivae show {run.folder}") as bar:
        pictures = _figures(run, images, model)
        for done, (name, figure) in enumerate(pictures.items()):
            save(figure, run.folder / f"{name}.png")
            bar(done + 1, len(pictures))
    names = [f"{name}.png" for name in pictures]
    film = run.folder / "film.npz"
    if run.config["film"] and film.exists():
        arrays = read_film(film)
        with drawing(run.folder / "plane.gif", "training and the other pictures are saved; once this is fixed, "
                     f"draw it with: python -m minivae show {run.folder}") as bar:
            from . import film_picture      # only here, as below
            film_picture.save(arrays, images.shape, run.folder / "plane.gif", colour_map(run.config), bar,
                              images.label_names)
        names.append("plane.gif")
    print(f"{first}pictures in {run.folder}: " + ", ".join(names))
    return [run.folder / name for name in names]


def colour_map(config):
    """Is a pixel of 1 ink, black on white, or light, white on black?"""
    return {"ink": "gray_r", "light": "gray"}[config["shown"]]


def draw_samples(path, model, shape, rng, count, cmap):
    """Write a picture of `count` new images, in rows of 20, or in longer ones if there are more than 400."""
    with drawing(f"the picture {path}", "for another file, use --out"):
        from .. import plots    # only here, as below
        columns = min(count, max(20, math.isqrt(count)))
        save(plots.samples(model, shape, rng, count, columns, cmap), path)


def save(figure, path):
    """Write a figure as PNG into a folder that is made if necessary."""
    from .. import plots    # only here: matplotlib takes longer to import than everything else
    path.parent.mkdir(parents=True, exist_ok=True)
    plots.save(figure, path)


def _figures(run, images, model):
    """{name: matplotlib Figure}"""
    from .. import plots    # only here, as above

    cmap = colour_map(run.config)
    pictures = {"reconstructions": plots.reconstructions(model, images.test[:60], images.shape, cmap=cmap),
                "samples": plots.samples(model, images.shape, numpy.random.default_rng(EVALUATION_SEED),
                                       cmap=cmap)}
    if run.history:
        name = "ELBO" if run.config["model"] == "vae" else f"−{run.config['error']}"
        pictures["curves"] = plots.curves(run.history, name, unit="" if "squared" in name else "nats ",
                                          trained_on=other_bound(run.config))
    if model.latent_dim == 2:
        prior = "the prior N(0, I)" if run.config["model"] == "vae" else "N(0, I), for comparison"
        pictures["plane"] = plots.latent_plane(model, images.shape, cmap=cmap)
        pictures["codes"] = plots.codes(model, images.test, images.test_labels, prior, images.label_names)
    return pictures
