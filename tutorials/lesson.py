"""What all tutorials share: their options, claims that are checked, figures that are saved, a training loop.

The tutorials are scripts: `python tutorials/02_autoencoder.py`. Editors that know "percent" cells (# %%) run
them as notebooks. Both import this file, which lies beside them.
"""

import argparse
import os
import sys
from pathlib import Path

# NumPy reads this when it is first imported, so tutorials import this file before NumPy. With networks as small as
# theirs a second thread mostly waits: on a busy machine with 2 cores, tutorial 5 took four times as long with it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
from matplotlib.figure import Figure

from minivae import Adam
from minivae.datasets import load
from minivae.errors import InputError
from minivae.plots import save as save_png
from minivae.system.memory import keep_freed_memory
from minivae.system.progress import ProgressBar, show_every_character
from minivae.training import train

HERE = Path(__file__).parent
FIGURES = HERE / "figures"
IN_NOTEBOOK = "ipykernel" in sys.modules
keep_freed_memory()         # a step then takes a few per cent less
show_every_character()      # where ✓ or a letter can't be printed, ? appears instead of an error


def options(text, **more):
    """The options of a tutorial, from the command line; in a notebook, their defaults.    text: for --help

    more: the name of a further option, and what argparse is to be told of it
    -> argparse.Namespace; None without further options, so that a notebook shows no value below the cell
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, settings in more.items():
        parser.add_argument("--" + name.replace("_", "-"), **settings)
    chosen = parser.parse_args([] if IN_NOTEBOOK else None)
    return chosen if more else None


DATA = {"data": {"default": "digits", "help": "digits (default), mnist or fashion-mnist"},
        "data_dir": {"help": "where the MNIST files are, or are downloaded to (default: ~/.cache/minivae)"}}


def images(args):
    """The data set that --data names. -> minivae.datasets.Images; leaves with one line where there is none"""
    try:
        return load(args.data, args.data_dir)
    except InputError as error:
        sys.exit(f"error: {error}")


def claim(statement, holds):
    """Print a statement that the tutorial makes, or fail: what is printed here has been checked."""
    if not holds:
        raise AssertionError(f"this does not hold: {statement}")
    print(f"  ✓ {statement}")


def learn(model, x, epochs, seed=0, lr=4e-3, batch_size=50, label="training", **train_options):
    """Train with Adam, the learning rate falling to a tenth. -> the EpochReports; training.train tells more"""
    optimizer, bar, reports = Adam(model.parameters.flat, lr=lr), ProgressBar(label), []
    for report in train(model, x, optimizer, epochs, batch_size, numpy.random.default_rng(seed), **train_options):
        optimizer.lr = lr * 0.1 ** (report.epoch / epochs)
        bar(report.epoch, epochs, lambda: f"loss {report.loss:.2f}")
        reports.append(report)
    bar.clear()
    return reports


def figure(rows=1, columns=1, size=(9, 3.6), **subplots):
    """A matplotlib Figure and its axes, made without pyplot so that no window opens. -> Figure, axes"""
    new = Figure(figsize=size, layout="constrained")
    return new, new.subplots(rows, columns, **subplots)


def save(drawn, name):
    """Write a figure to tutorials/figures, in a notebook show it too, and refuse one that doesn't explain itself.

    Every axes has a title, or the figure has; and unless they are switched off, as under images, both have labels.
    """
    has_title = bool(drawn.get_suptitle())
    for axes in drawn.axes:
        is_colorbar = hasattr(axes, "_colorbar")
        if not (is_colorbar or has_title or axes.get_title()):
            raise ValueError(f"{name}: a panel has no title; say what it shows")
        if not is_colorbar and axes.axison and not (axes.get_xlabel() and axes.get_ylabel()):
            raise ValueError(f"{name}: the axes of {axes.get_title()!r} have no labels; name what is measured, "
                             "and its unit")
    FIGURES.mkdir(exist_ok=True)
    path = FIGURES / f"{name}.png"
    save_png(drawn, path)
    print(f"  figure: {path.parent.name}/{path.name}")
    if IN_NOTEBOOK:
        from IPython.display import Image, display      # wherever ipykernel is
        display(Image(filename=path))
