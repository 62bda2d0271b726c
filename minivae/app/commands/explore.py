"""`explore`: write a page in which one or two runs can be explored, and open it in the browser."""

import os
import webbrowser
from argparse import Namespace
from pathlib import Path

from ...autoencoder import Autoencoder
from ...errors import InputError
from ...runs.build import saved_run
from ...runs.film import REMEDY, read_film
from ...runs.run_folder import Run
from ...system.files import replacing
from ...system.opening import has_display
from ..exit_codes import OK
from ..explorer import write


def explore_command(args):
    path = Path(args.out or Path(args.run) / "explore.html")
    if args.out is None and args.overwrite:
        raise InputError("--overwrite is for --out; leave it out: the page in the run folder is "
                         "always replaced")
    if args.out and not args.out.endswith(".html"):
        raise InputError(f"--out {args.out} is not an .html file; choose a name that ends in .html")
    if args.out and os.path.lexists(path) and not args.overwrite:
        raise InputError(f"--out {args.out} exists; choose another name, or replace it with --overwrite")
    folders = [args.run] + ([args.run2] if args.run2 else [])
    _require_same([Run.open(folder) for folder in folders])
    saved = [saved_run(Namespace(**{**vars(args), "run": folder, "backend": "numpy"})) for folder in folders]
    _require_same_images(saved)
    images = saved[0][1]
    data = saved[0][0].config["data"]
    data = Path(data).stem if os.sep in data else data
    runs = [{"name": run.folder.resolve().name, "text": _described(model, run.config), "epoch": epoch,
             "model": model, "images": own.test, "film": _film_of(run, model)}
            for run, own, model, epoch in saved]
    light = saved[0][0].config["shown"] == "light"
    text = write.page(runs, images.test_labels, images.shape, data, light, images.label_names)
    text = text.encode(errors="replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text)
    print(f"page: {path} ({len(text) / 1e6:.1f} MB)")
    if not args.no_open and not _opened(path):
        print(f"No browser could be started. Open {path.resolve()} in a browser yourself.")
    return OK


def _require_same(runs):
    """Raise InputError unless the runs can stand side by side. No images are loaded for this."""
    for name, words in (("data", "data"), ("key", "values of --key"), ("latent", "numbers of latents")):
        _compare(words, runs[0], runs[0].config[name], runs[-1], runs[-1].config[name])


def _require_same_images(saved):
    (first, images, _, _), (second, others, _, _) = saved[0], saved[-1]
    _compare("image sizes", first, images.shape, second, others.shape)
    _compare("numbers of test images", first, len(images.test), second, len(others.test))


def _compare(name, first, one, second, two):
    if one != two:
        raise InputError(f"{first.folder} and {second.folder} have different {name}, {one} and {two}; name two "
                         "runs with the same data and the same number of latents, or one run")


def _described(model, config):
    """The model in a few words."""
    sizes = "-".join(map(str, [model.data_dim, *config["hidden"], model.latent_dim]))
    if isinstance(model, Autoencoder):
        return f"plain autoencoder {sizes}, {config['activation']}, {config['error']}"
    posterior = ", full covariance" if config["posterior"] == "full" else ""
    return f"VAE {sizes}, {config['activation']}, {config['likelihood']}{posterior}"


def _film_of(run, model):
    """The arrays of a run's film, or None if it keeps none. InputError if they are broken."""
    path = run.folder / "film.npz"
    if not run.config["film"] or not path.exists():
        return None
    film = read_film(path)
    if film["plane"].shape[-1] != model.data_dim:
        raise InputError(f"{path} is the film of other images; {REMEDY}")
    return film


def _opened(path):
    """Open the page in the browser. -> could it be?"""
    if not has_display() and not os.environ.get("BROWSER"):
        return False        # a browser for the terminal would take this terminal, and can't run the page
    try:
        return webbrowser.open(path.resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False
