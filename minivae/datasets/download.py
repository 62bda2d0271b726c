"""MNIST and Fashion-MNIST: four files each, from a folder or from the network, checked by SHA-256."""

import hashlib
import os
import queue
import threading
import time
from pathlib import Path

from ..errors import InputError, require_choice
from ..system.files import open_regular, replacing
from ..system.progress import ProgressBar
from .files import read_idx
from .images import Images, as_rows

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

LABEL_NAMES = {"fashion-mnist": ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                                 "sneaker", "bag", "ankle boot")}

# Limits of a download; a file of MNIST has up to 26 MB. It may take PATIENCE + size / SLOWEST seconds.
LARGEST = 10 ** 8       # bytes
SLOWEST = 10 ** 4       # bytes per second
PATIENCE = 30           # seconds


def mnist(name="mnist", data_dir=None, mirrors=None):
    """MNIST, or Fashion-MNIST with name="fashion-mnist": 60,000 training and 10,000 test images. -> Images

    Images have 28x28 pixels. The four files are read from data_dir/name or data_dir, else downloaded to
    data_dir/name. Default data_dir: the environment variable MINIVAE_DATA, else ~/.cache/minivae.
    Raises InputError if a file is not the published one (by SHA-256) or can't be downloaded.
    """
    require_choice("data set", name, SHA256)
    root = _root(data_dir)
    arrays = {}
    for part, file_name in FILES.items():
        path = next((p for p in (root / name / file_name, root / file_name) if p.exists()), None)
        if path is None:
            path = download(file_name, root / name, mirrors or MIRRORS[name], SHA256[name][part])
        try:
            digest = _sha256(path)
        except OSError as error:
            raise InputError(f"{path} can't be read ({error.strerror}); delete it, or choose another folder "
                             "with --data-dir") from error
        if digest != SHA256[name][part]:
            raise InputError(f"{path} is not the published file: its SHA-256 starts with {digest[:12]}, not "
                             f"{SHA256[name][part][:12]}; delete it to download it again")
        arrays[part] = read_idx(path)
    return Images(as_rows(arrays["train"], root), arrays["train_labels"],
                  as_rows(arrays["test"], root), arrays["test_labels"], (28, 28), LABEL_NAMES.get(name))


def _root(data_dir):
    chosen = data_dir or os.environ.get("MINIVAE_DATA")
    if "\0" in str(chosen):
        raise InputError(f"{chosen!r} is not a folder: it contains a NUL; choose another with --data-dir")
    try:
        return Path(chosen or Path.home() / ".cache" / "minivae")
    except RuntimeError as error:
        raise InputError("there is no home directory; choose a folder for the data with --data-dir") from error


def download(file_name, folder, mirrors, sha256):
    """Fetch `file_name` from the first of `mirrors` (base addresses) that has it. -> its Path

    Written under a temporary name, checked, then renamed, so that a partial file never has the final name.
    Raises InputError if no mirror works, with the reason for each.
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
                        raise InputError("it sent a file that is not the published one: the SHA-256 differs")
                return path
            except InputError as error:
                failures.append(f"{mirror}: {error}")
    except OSError as error:
        raise InputError(f"{path} can't be saved ({error.strerror or error}); "
                         "choose another folder with --data-dir") from error
    raise InputError(f"{file_name} can't be downloaded ({'; '.join(failures)}); "
                     f"put it into {path.parent}, or give its folder with --data-dir")


def _fetch(address, file, label):
    """Write to the file what an address sends. Raises InputError if that fails, is too slow, or too much."""
    blocks = queue.Queue(maxsize=16)
    # In a thread: urlopen's timeout is for each read, so a byte per second could go on forever.
    threading.Thread(target=_receive, args=(address, blocks.put), daemon=True).start()
    bar, start, done, block = ProgressBar(f"downloading {label}", lines_every=10), time.monotonic(), 0, None
    while block != b"":
        seconds = time.monotonic() - start
        try:
            total, block = blocks.get(timeout=max(0, PATIENCE + done / SLOWEST - seconds))
        except queue.Empty:
            seconds = time.monotonic() - start
            raise InputError(f"it is too slow: {done} bytes in {seconds:.1f} seconds") from None
        if isinstance(block, Exception):
            raise InputError(str(getattr(block, "reason", block))) from block
        done += len(block)
        if max(done, total) > LARGEST:
            raise InputError(f"it sends more than {LARGEST} bytes")
        file.write(block)
        if total and block:
            bar(done, total)
    bar.clear()
    if total and done != total:
        raise InputError(f"the connection broke after {done} of {total} bytes")


def _receive(address, put):
    """Call put((size of all or 0, bytes)) for each block. The last block is empty, or an Exception."""
    try:
        import urllib.request       # only here: it takes as long to import as all of minivae
        with urllib.request.urlopen(address, timeout=PATIENCE) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while block := response.read1(1 << 16):
                put((total, block))
            put((total, b""))
    except Exception as error:      # a malformed header, no connection, and much else
        put((0, error))


def _sha256(path):
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
