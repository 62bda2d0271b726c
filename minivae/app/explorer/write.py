"""One self-contained HTML page with the models and the test images of one or two runs.

The page computes by itself: model.js holds the forward functions, view.js what is seen of a run, and
explorer.js what its views share.
"""

import base64
import html
import importlib.resources
import json
import re
import zlib

import numpy

from ...autoencoder import Autoencoder
from ...backend import to_numpy
from ...errors import InputError
from ...posteriors import POSTERIORS

LARGEST = 12_000_000        # bytes of a run's parameters: a larger page is slow to open, too large for a mail
PIXELS = 400_000            # of the test images on the page, which holds at most 1000 images
FILM = 700_000              # bytes of a film on the page


def page(runs, labels, shape, title, light=False, label_names=None):
    """The page of one or two runs.    -> str

    runs: [{"name", "text", "epoch", "model", "images" (N, D), "film"}, ...]; film: film.npz's arrays or None
    light: is a pixel of 1 light, as in photographs, or black, as ink is?
    label_names: of the labels 0, 1, ...; without them, the numbers are shown
    Raises InputError if it would be too large.
    """
    n = min(1000, max(20, PIXELS // runs[0]["model"].data_dim))
    largest = max(4 * run["model"].parameters.flat.size for run in runs)
    if largest > LARGEST:
        raise InputError(f"the parameters take {largest / 1e6:.1f} MB, too much for a page, which can hold "
                         f"{LARGEST / 1e6:g} MB of each run; explore a run with a smaller network")
    data = {"title": title, "shape": list(shape), "light": light,
            "labels": None if labels is None else labels[:n].tolist(), "label_names": label_names,
            "runs": [_run(n=n, **run) for run in runs],
            "eps": numpy.random.default_rng(0).standard_normal((3, runs[0]["model"].latent_dim)).tolist()}
    parts = {"TITLE": html.escape(title), "/* DATA */": json.dumps(data).replace("<", "\\u003c")}
    parts.update({f"/* {name}.js */": _file(f"{name}.js") for name in ("model", "view", "explorer")})
    return re.sub("|".join(map(re.escape, parts)), lambda place: parts[place[0]], _file("page.html"))


def _run(name, text, epoch, model, images, film, n):
    """What the page needs of a run, as it goes into the page's JSON."""
    x = images[:n]
    if x.max() > 255:
        raise InputError(f"{name} has {x.max() + 1:.0f} grey levels, too many for a page, which can show "
                         "256; explore a run that was trained with --levels 256 or fewer")
    # Whole numbers, binary pixels, the digits and scans in bytes are exact; other grey values are rounded.
    scale = next((scale for scale in (1, 16, 255)
                  if x.max() * scale <= 255 and numpy.allclose(numpy.rint(x * scale), x * scale)), 255)
    arrays = [array for layer in model.encoder + model.decoder for array in layer] + model.shared
    weights = numpy.concatenate([to_numpy(array).ravel() for array in arrays])
    about = {"name": name, "text": text, "epoch": epoch, "scale": scale, "film": film and _film(film, n),
             "data_dim": model.data_dim, "latent_dim": model.latent_dim, "activation": model.activation,
             "encoder_sizes": _sizes(model.encoder), "decoder_sizes": _sizes(model.decoder),
             "images": _packed(numpy.rint(x * scale), "u1"), "weights": _packed(weights, "<f4")}
    if isinstance(model, Autoencoder):
        return {**about, "model": "autoencoder", "error": type(model.error).__name__}
    p = model.likelihood
    posterior = next(name for name, kind in POSTERIORS.items() if isinstance(model.posterior, kind))
    return {**about, "model": "vae", "posterior": posterior,
            "likelihood": {"name": type(p).__name__, "variance": getattr(p, "variance", None),
                           "floor": getattr(p, "floor", None), "levels": getattr(p, "n_categories", None)}}


def _sizes(layers):
    """How many numbers go into each layer, and come out of the last."""
    return [len(W) for W, _ in layers] + [len(layers[-1][1])]


def _film(film, n):
    """The codes of the first n images and the plane: all frames, or every second, fourth ... up to the last."""
    all_codes = film["codes"][:, :n]
    frames = numpy.arange(len(film["epochs"]))
    while True:
        codes, plane = _packed(all_codes[frames], "<f4"), _packed(film["plane"][frames], "u1")
        if len(codes) + len(plane) <= FILM or len(frames) < 3:
            return {"epochs": film["epochs"][frames].tolist(), "n": all_codes.shape[1],
                    "grid": film["grid"].tolist(), "codes": codes, "plane": plane}
        frames = frames[::-1][::2][::-1]


def _packed(array, dtype):
    """The numbers compressed, as text."""
    return base64.b64encode(zlib.compress(numpy.ascontiguousarray(array, dtype).tobytes(), 9)).decode()


def _file(name):
    return importlib.resources.files(__package__).joinpath(name).read_text("utf-8")
