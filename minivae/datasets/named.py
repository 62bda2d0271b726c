"""Load a data set by name, from a file or from a folder; the digits come with the package."""

import importlib.resources
from pathlib import Path

import numpy

from ..errors import InputError
from ..system.suggestions import did_you_mean
from .download import MIRRORS, mnist
from .files import from_file
from .folder import from_folder
from .images import Images

NAMES = ("digits", *MIRRORS)


def load(data, data_dir=None, key=None, size=None):
    """The data set "digits", "mnist" or "fashion-mnist", or images from a file or folder. -> Images

    data_dir: the folder of the MNIST files, also for the download; key: which array of an .npz file to use;
    size: "32x24" scales the images of a folder to a width of 32 and a height of 24 pixels.
    Raises InputError if the data can't be loaded.
    """
    if data == "digits":
        return digits()
    if data in NAMES:
        return mnist(data, data_dir)
    if not Path(data).exists():
        raise InputError(f"no data set and no file is called {str(data)!r}{did_you_mean(str(data), NAMES)}; "
                         "choose digits, mnist, fashion-mnist, the path of an IDX, .npy or .npz file, or a folder of images")
    if Path(data).is_dir():
        return from_folder(data, size)
    return from_file(data, key)


def digits():
    """1,797 handwritten digits of 8x8 pixels (Alpaydin & Kaynak 1998). -> Images

    Every sixth image is a test image: 1,498 for training, 299 for testing.
    """
    with importlib.resources.files("minivae").joinpath("data/digits.npz").open("rb") as file:
        with numpy.load(file, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    x = images.reshape(len(images), -1).astype(numpy.float32) / 16
    is_test = numpy.arange(len(x)) % 6 == 5
    return Images(x[~is_test], labels[~is_test], x[is_test], labels[is_test], (8, 8))
