"""Images to learn from: the digits inside the package, MNIST and Fashion-MNIST, or a file of yours.

All become float32 in [0, 1], one example a row, as NumPy arrays on the host.
"""

import gzip
import hashlib
import http.client
import importlib.resources
import math
import os
import struct
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy

from .backend import get_xp
from .errors import InputError
from .files import replacing
from .progress import ProgressBar


class Images(NamedTuple):
    """A data set. Labels are None where there are none; they only colour pictures."""

    train: numpy.ndarray            # (N, D) float32 in [0, 1]
    train_labels: numpy.ndarray     # (N,) uint8
    test: numpy.ndarray
    test_labels: numpy.ndarray
    shape: tuple                    # (height, width), height · width = D


FILES = {"train": "train-images-idx3-ubyte.gz", "train_labels": "train-labels-idx1-ubyte.gz",
         "test": "t10k-images-idx3-ubyte.gz", "test_labels": "t10k-labels-idx1-ubyte.gz"}

SHA256 = {
    "mnist": {
        "train": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train_labels": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "test": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "test_labels": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    "fashion-mnist": {
        "train": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train_labels": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "test": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "test_labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}

MIRRORS = {
    "mnist": ["https://ossci-datasets.s3.amazonaws.com/mnist/",
              "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    "fashion-mnist": ["https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"],
}


NAMES = ("digits", *MIRRORS)


def load(data, data_dir=None, key=None):
    """The data set "digits", "mnist" or "fashion-mnist", or the images in the file `data`. -> Images

    data_dir is where the MNIST files are, or are put; key names an array in an .npz file.
    Raises InputError.
    """
    if data == "digits":
        return digits()
    if data in NAMES:
        return mnist(data, data_dir)
    if not Path(data).exists():
        raise InputError(f"no data set and no file is called {str(data)!r}; choose digits, mnist, "
                         "fashion-mnist, or the path of an IDX, .npy or .npz file")
    return from_file(data, key)


def digits():
    """1,797 handwritten digits of 8x8 pixels (Alpaydin & Kaynak 1998). -> Images

    Every sixth is a test image: 1,498 to train with, 299 to test.
    """
    with importlib.resources.files("minivae").joinpath("data/digits.npz").open("rb") as file:
        with numpy.load(file, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    x = images.reshape(len(images), -1).astype(numpy.float32) / 16
    is_test = numpy.arange(len(x)) % 6 == 5
    return Images(x[~is_test], labels[~is_test], x[is_test], labels[is_test], (8, 8))


def mnist(name="mnist", data_dir=None, mirrors=None):
    """MNIST, or Fashion-MNIST with name="fashion-mnist": 60,000 images of 28x28, 10,000 to test. -> Images

    The four files are taken from data_dir/name or data_dir, else downloaded to data_dir/name.
    Default data_dir: the environment variable MINIVAE_DATA, else .cache/minivae in the home folder.
    Raises InputError for files that are not those published (by SHA-256), or can't be had.
    """
    root = Path(data_dir or os.environ.get("MINIVAE_DATA") or Path.home() / ".cache" / "minivae")
    arrays = {}
    for part, file_name in FILES.items():
        path = next((p for p in (root / name / file_name, root / file_name) if p.is_file()), None)
        if path is None:
            path = download(file_name, root / name, mirrors or MIRRORS[name], SHA256[name][part])
        digest = _sha256(path)
        if digest != SHA256[name][part]:
            raise InputError(f"{path} is not the published file: its SHA-256 begins {digest[:12]}, not "
                             f"{SHA256[name][part][:12]}; delete it, so that it is downloaded anew")
        arrays[part] = read_idx(path)
    return Images(_as_rows(arrays["train"], root), arrays["train_labels"],
                  _as_rows(arrays["test"], root), arrays["test_labels"], (28, 28))


def from_file(path, key=None):
    """Images from an IDX file (.gz or not), or a .npy or .npz array (N, H, W) or (N, D). -> Images

    Integers are read as grey values 0..255; real numbers must lie in [0, 1] already. Every tenth
    image is a test image. key names the array where an .npz file holds several. Raises InputError.
    """
    path = Path(path)
    if not path.is_file():      # a folder, or a pipe, which could be waited for without end
        raise InputError(f"{path} is no file; give an IDX, .npy or .npz file of images")
    try:
        with open(path, "rb") as file:
            start = file.read(6)
        if start == b"\x93NUMPY" or start[:2] == b"PK":
            array = _read_numpy(path, key)
        else:
            array = read_idx(path)
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}); mend that") from error
    x = _as_rows(array, path)
    if len(x) < 2:
        raise InputError(f"{path} holds {len(x)} images; at least 2 are needed, one of them to test")
    is_test = numpy.arange(len(x)) % 10 == (9 if len(x) >= 10 else 1)
    return Images(x[~is_test], None, x[is_test], None, _image_shape(array))


def binarize(x, rng):
    """Black and white from grey: each pixel is 1 with its grey value as probability.

    x (N, D) in [0, 1], NumPy or CuPy; rng a numpy.random.Generator, or CuPy's to draw on the GPU.
    -> (N, D) of the dtype of x
    """
    u = get_xp(x).asarray(rng.random(x.shape, dtype=numpy.float32))
    return (u < x).astype(x.dtype)


def threshold(x):
    """Black and white from grey: 1 above a half, else 0.    x (N, D) -> (N, D) of the same dtype"""
    return (x > 0.5).astype(x.dtype)


def quantize(x, levels):
    """Whole numbers 0 .. levels − 1 from grey.    x (N, D) in [0, 1] -> (N, D) of the same dtype"""
    return get_xp(x).rint(x * (levels - 1))


# Reading files

IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path):
    """The array in an IDX file, as MNIST's are: magic number, sizes, values, all big-endian.

    Raises InputError for anything else, and for a file that is truncated or corrupted.
    """
    try:
        raw = Path(path).read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} can't be read: truncated or corrupted ({error}); get it anew") from error
    n_dims = raw[3] if len(raw) >= 4 else 0
    if raw[:2] != b"\0\0" or raw[2:3] == b"" or raw[2] not in IDX_DTYPES or not 1 <= n_dims <= 4:
        raise InputError(f"{path} is no IDX file: it begins with {raw[:4].hex(' ') or 'nothing'}, "
                         "not with 00 00, a type (08 to 0e) and a number of dimensions; "
                         "give an IDX, .npy or .npz file")
    header = 4 + 4 * n_dims
    if len(raw) < header:
        raise InputError(f"{path} is truncated within its header, {len(raw)} bytes long; get it anew")
    shape = struct.unpack(f">{n_dims}I", raw[4:header])
    dtype = numpy.dtype(IDX_DTYPES[raw[2]])
    expected = header + math.prod(shape) * dtype.itemsize
    if len(raw) != expected:
        raise InputError(f"{path} holds {len(raw)} bytes, but its header announces {shape}, "
                         f"{expected} bytes; it is truncated or corrupted, get it anew")
    return numpy.frombuffer(raw, dtype, offset=header).reshape(shape)


def _read_numpy(path, key):
    try:
        loaded = numpy.load(path, allow_pickle=False)
        if isinstance(loaded, numpy.ndarray):
            return loaded
        with loaded:
            if not loaded.files:
                raise InputError(f"{path} holds no array; save the images in it")
            if key is None and len(loaded.files) > 1:
                raise InputError(f"{path} holds {len(loaded.files)} arrays ({', '.join(loaded.files)}); "
                                 "name one of them with --key")
            key = key or loaded.files[0]
            if key not in loaded.files:
                raise InputError(f"{path} holds no array {key!r}; there are {', '.join(loaded.files)}")
            return numpy.asarray(loaded[key])
    except InputError:
        raise
    except Exception as error:      # a damaged file makes its readers fail in a dozen ways
        if "Object arrays" in str(error):
            raise InputError(f"{path} holds pickled Python objects, which are never loaded; "
                             "save it as an array of numbers") from error
        raise InputError(f"{path} is truncated or corrupted ({error!r:.80}); get it anew") from error


def _as_rows(array, path):
    """Images (N, H, W) or (N, D) of any number type -> (N, D) float32 in [0, 1]."""
    if array.ndim not in (2, 3):
        raise InputError(f"{path} holds an array of shape {array.shape}; images are (N, H, W) or (N, D)")
    if array.size == 0:
        raise InputError(f"{path} holds no pixels: its shape is {array.shape}; give at least 2 images")
    if array.dtype.kind not in "buif":
        raise InputError(f"{path} holds values of type {array.dtype}; save them as integers or real numbers")
    with numpy.errstate(over="ignore"):     # what float32 can't hold becomes infinite, and is reported below
        x = array.reshape(len(array), -1).astype(numpy.float32)
    if array.dtype.kind in "ui":
        x /= 255
    bad = int((~numpy.isfinite(x)).any(axis=1).sum())
    if bad:
        raise InputError(f"{path} holds NaN or infinite values, in {bad} of {len(x)} images; "
                         "remove those images or mend them")
    low, high = float(x.min()), float(x.max())
    if not 0 <= low <= high <= 1:
        rule = "integers are divided by 255" if array.dtype.kind in "ui" else "real numbers are not scaled"
        raise InputError(f"{path} has values from {low:g} to {high:g} where [0, 1] is needed ({rule}); "
                         "scale them")
    return x


def _image_shape(array):
    """(height, width): the array's own, else square where possible, else one line of pixels."""
    if array.ndim == 3:
        return array.shape[1:]
    side = math.isqrt(array.shape[1])
    return (side, side) if side * side == array.shape[1] else (1, array.shape[1])


# Downloading

def download(file_name, folder, mirrors, sha256):
    """Fetch `file_name` from the first of `mirrors` (base addresses) that has it. -> its Path

    Written to a temporary name, checked, then renamed: no half of a file is ever left under the
    real name. Raises InputError when no mirror works, with the reason for each.
    """
    path = Path(folder) / file_name
    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            try:
                with replacing(path) as file:
                    _fetch(mirror + file_name, file, file_name)
                    file.flush()
                    if _sha256(file.name) != sha256:
                        raise InputError("what it sent is not the published file, its SHA-256 differs")
                return path
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError,
                    ValueError) as error:       # ValueError: a malformed header, or not the file we know
                failures.append(f"{mirror}: {getattr(error, 'reason', error)}")
    except OSError as error:
        raise InputError(f"{path} can't be saved ({error.strerror or error}); "
                         "choose another folder with --data-dir") from error
    raise InputError(f"{file_name} can't be downloaded ({'; '.join(failures)}); "
                     f"put it into {path.parent}, or name its folder with --data-dir")


def _fetch(address, file, label):
    bar = ProgressBar(f"downloading {label}")
    with urllib.request.urlopen(address, timeout=30) as response:
        total = int(response.headers.get("Content-Length") or 0)
        done = 0
        while block := response.read(1 << 16):
            file.write(block)
            done += len(block)
            if total:
                bar(done, total)
    bar.clear()
    if total and done != total:
        raise InputError(f"the connection broke after {done} of {total} bytes")


def _sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
