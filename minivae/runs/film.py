"""The film of a run: where the encoder puts test images, and the decoded plane, after some of the epochs.

    epochs (F,)             int32; 0 is the model before training
    codes  (F, n, 2)        float32: the codes of the first n test images; for a VAE, the means of q(z|x)
    labels (n,)             int16; -1 if the data has none
    grid   (S,)             float32: the values of z₁ and z₂, in rising order
    plane  (F, S, S, D)     uint8, 0 to 255: plane[f, i, j] is decoded from z = (grid[j], grid[i])
"""

import statistics
from pathlib import Path

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError
from ..system.arrays import npz_bytes, read_arrays

REMEDY = "restore a copy of the file, or remove it to go on without these snapshots"
MOST_SNAPSHOTS = 60
MOST_IMAGES = 500
MOST_SIDE = 10
PLANE_BYTES = 2 ** 17       # of one snapshot, where the images allow it


def snapshot_epochs(epochs):
    """Which of the epochs 0 to `epochs` are kept: all of them, or 60, closer together at the start."""
    last = min(epochs, MOST_SNAPSHOTS - 1)
    return [max(i, round(epochs * (i / last) ** 2)) for i in range(last + 1)]


class Film:
    """The snapshots so far, as a dict of the arrays above. `is_saved`: does film.npz contain them all?"""

    def __init__(self, images, epochs):
        """epochs: the number of epochs that the run will have."""
        n, d = min(len(images.test), MOST_IMAGES), images.test.shape[1]
        side = max(2, min(MOST_SIDE, int((PLANE_BYTES / d) ** 0.5)))
        normal = statistics.NormalDist()    # in equal steps of prior probability, as in plots.latent_plane
        grid = [normal.inv_cdf((i + 0.5) / side) for i in range(side)]
        labels = numpy.full(n, -1) if images.test_labels is None else images.test_labels[:n]
        self.images = images.test[:n]
        self.wanted = snapshot_epochs(epochs)
        self.arrays = {"epochs": numpy.zeros(0, "int32"), "codes": numpy.zeros((0, n, 2), "float32"),
                       "labels": labels.astype("int16"), "grid": numpy.array(grid, "float32"),
                       "plane": numpy.zeros((0, side, side, d), "uint8")}
        self.is_saved = True

    def load(self, path, epoch):
        """Continue the film in the file `path`, up to this epoch. Raises InputError if that is no such film.

        If more epochs were added to the run, snapshots are left out where they are now too close together.
        """
        if not Path(path).exists():
            return
        saved = read_film(path)
        for name in ("labels", "grid"):
            if not numpy.array_equal(saved[name], self.arrays[name]):
                raise InputError(f"{path} was made from other images or another model; {REMEDY}")
        past = saved["epochs"][saved["epochs"] <= epoch]
        nearest = {int(abs(past - i).argmin()) for i in self.wanted if i <= epoch and len(past)}
        for name in ("epochs", "codes", "plane"):
            self.arrays[name] = saved[name][sorted(nearest)]

    def take(self, model, epoch):
        """Add a snapshot of the model, if one is wanted after this epoch."""
        if epoch not in self.wanted:
            return
        flat, grid = model.parameters.flat, self.arrays["grid"]
        xp = get_xp(flat)
        z = numpy.stack(numpy.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        grey = to_numpy(model.to_grey(model.decode(xp.asarray(z.astype(flat.dtype)))))
        snapshot = {"epochs": epoch, "codes": to_numpy(model.represent(xp.asarray(self.images))),
                    "plane": numpy.rint(255 * grey.clip(0, 1)).reshape(len(grid), len(grid), -1)}
        for name, value in snapshot.items():
            before = self.arrays[name]
            self.arrays[name] = numpy.concatenate([before, numpy.asarray(value, before.dtype)[None]])
        self.is_saved = False

    def content(self):
        """The content of film.npz."""
        return npz_bytes(self.arrays)


def read_film(path):
    """The arrays of a film. Raises InputError if the file is broken."""
    film = read_arrays(path, REMEDY, REMEDY)
    try:
        f, s, _, d = film["plane"].shape
        n, = film["labels"].shape
        shapes = {"epochs": (f,), "codes": (f, n, 2), "grid": (s,), "plane": (f, s, s, d)}
        if not f or any(film[name].shape != shape for name, shape in shapes.items()):
            raise ValueError("its arrays don't fit together")
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} is not the film of a run ({error!r:.80}); {REMEDY}") from error
    return film
