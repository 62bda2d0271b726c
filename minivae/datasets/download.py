"""MNIST and Fashion-MNIST: four files each, from a folder or from the network, checked by SHA-256."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from ..errors import InputError
from ..files import replacing
from ..progress import ProgressBar
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


def mnist(name="mnist", data_dir=None, mirrors=None):
    """MNIST, or Fashion-MNIST with name="fashion-mnist": 60,000 training and 10,000 test images. -> Images

    Images have 28x28 pixels. The four files are read from data_dir/name or data_dir, else downloaded to
    data_dir/name. Default data_dir: the environment variable MINIVAE_DATA, else ~/.cache/minivae.
    Raises InputError if a file is not the published one (by SHA-256) or can't be downloaded.
    """
    root = Path(data_dir or os.environ.get("MINIVAE_DATA") or Path.home() / ".cache" / "minivae")
    arrays = {}
    for part, file_name in FILES.items():
        path = next((p for p in (root / name / file_name, root / file_name) if p.is_file()), None)
        if path is None:
            path = download(file_name, root / name, mirrors or MIRRORS[name], SHA256[name][part])
        digest = _sha256(path)
        if digest != SHA256[name][part]:
            raise InputError(f"{path} is not the published file: its SHA-256 starts with {digest[:12]}, not "
                             f"{SHA256[name][part][:12]}; delete it to download it again")
        arrays[part] = read_idx(path)
    return Images(as_rows(arrays["train"], root), arrays["train_labels"],
                  as_rows(arrays["test"], root), arrays["test_labels"], (28, 28))


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
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError,
                    ValueError) as error:       # ValueError: a malformed header, or a wrong file
                failures.append(f"{mirror}: {getattr(error, 'reason', error)}")
    except OSError as error:
        raise InputError(f"{path} can't be saved ({error.strerror or error}); "
                         "choose another folder with --data-dir") from error
    raise InputError(f"{file_name} can't be downloaded ({'; '.join(failures)}); "
                     f"put it into {path.parent}, or give its folder with --data-dir")


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
