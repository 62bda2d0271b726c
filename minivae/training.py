"""Training: minibatches, epochs, and checkpoints that a run goes on from as if never interrupted."""

import json
import time
import zipfile
import zlib
from typing import NamedTuple

import numpy

from .backend import get_xp, to_numpy
from .errors import InputError, require_positive
from .files import replacing


class EpochReport(NamedTuple):
    """Means over the examples of one epoch, in nats, as the parameters were when each was seen."""

    epoch: int
    loss: float
    reconstruction: float
    kl: float
    seconds: float
    examples_per_second: float


class Diverged(ArithmeticError):
    """The loss or the parameters stopped being finite; the message says where, and what may help."""


def train(model, data, optimizer, epochs, batch_size, rng, first_epoch=1, transform=None, progress=None,
          n_samples=1, **loss_options):
    """Minibatch descent on model.loss_and_grad. A generator: yields an EpochReport after each epoch.

    data        (N, D), on the model's device; shuffled each epoch, the last batch may be smaller
    epochs      the number of the last epoch; first_epoch is above 1 where a run goes on
    rng         the numpy.random.Generator of all that is random here: order, transform, noise
    transform   transform(x, rng) -> x, for what is drawn anew each epoch, like binarization
    progress    progress(examples done, examples in all, note), called after each step
    n_samples   L, draws of z for each example; further options go to loss_and_grad, like beta=0.5

    Raises InputError for bad sizes, and Diverged.
    """
    require_positive(epochs=epochs, batch_size=batch_size, n_examples=len(data))
    for epoch in range(first_epoch, epochs + 1):
        start = time.perf_counter()
        steps, sizes = _train_epoch(model, data, optimizer, batch_size, rng, transform, progress,
                                    n_samples, loss_options)
        # Only now are the numbers fetched, all at once: asking at each step would make the GPU wait.
        losses = to_numpy(get_xp(data).stack([value for step in steps for value in step])).reshape(-1, 3)
        _require_finite(model, losses, epoch)
        loss, reconstruction, kl = numpy.average(losses.astype("float64"), axis=0, weights=sizes).tolist()
        seconds = time.perf_counter() - start
        yield EpochReport(epoch, loss, reconstruction, kl, seconds, len(data) / seconds)


@numpy.errstate(over="ignore", invalid="ignore")        # _require_finite says it better
def _train_epoch(model, data, optimizer, batch_size, rng, transform, progress, n_samples, loss_options):
    xp = get_xp(data)
    order = rng.permutation(len(data))
    steps, sizes = [], []
    for first in range(0, len(data), batch_size):
        x = data[xp.asarray(order[first:first + batch_size])]
        if transform:
            x = transform(x, rng)
        loss = model.loss_and_grad(x, model.draw_noise(rng, len(x), n_samples), **loss_options)
        optimizer.step(model.gradients.flat)
        steps.append(loss)
        sizes.append(len(x))
        if progress:
            progress(first + len(x), len(data), lambda: f"loss {float(loss.loss):.2f}")
    return steps, sizes


def _require_finite(model, losses, epoch):
    bad = numpy.flatnonzero(~numpy.isfinite(losses[:, 0]))
    if bad.size:
        where = f"the loss became {losses[bad[0], 0]} in epoch {epoch}, step {bad[0] + 1}"
    elif not bool(get_xp(model.parameters.flat).isfinite(model.parameters.flat).all()):
        where = f"parameters became infinite or NaN in epoch {epoch}, at its last step"
    else:
        return
    raise Diverged(f"{where}; try a smaller learning rate, or the dtype float64")


# Checkpoints: an .npz file of arrays, and nothing that would have to be unpickled.

def save_checkpoint(path, model, optimizer, epoch, rng):
    """Write all that training needs to go on after `epoch`; an interrupted write leaves the old file.

    rng is saved as it is now, so it must be the generator that train() draws from. Raises OSError.
    """
    arrays = {f"parameters/{name}": to_numpy(model.parameters[name]) for name in model.parameters.names()}
    for name, value in optimizer.state().items():
        arrays[f"optimizer/{name}"] = value if isinstance(value, int) else to_numpy(value)
    arrays["epoch"] = epoch
    arrays["rng"] = json.dumps(rng.bit_generator.state)
    with replacing(path) as file:
        numpy.savez(file, **arrays)


def load_checkpoint(path, model, optimizer=None, rng=None):
    """Put a saved run's numbers into the model and, where given, the optimizer and rng. -> its epoch

    Raises InputError for a file that is missing, broken, pickled, or of another architecture; the
    model is then as it was.
    """
    arrays = _read_arrays(path)
    try:
        epoch, state = int(arrays.pop("epoch")), json.loads(str(arrays.pop("rng")))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no checkpoint of minivae ({error!r}); "
                         "give one that `train` has written") from error
    saved = {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith("parameters/")}
    _require_same_architecture(path, model.parameters.shapes,
                               {name: value.shape for name, value in saved.items()})
    xp = get_xp(model.parameters.flat)
    if optimizer is not None:
        optimizer.load_state({key.partition("/")[2]: value for key, value in arrays.items()
                              if key.startswith("optimizer/")})
    if rng is not None:
        rng.bit_generator.state = state
    for name, value in saved.items():
        model.parameters[name][...] = xp.asarray(value)
    return epoch


def _read_arrays(path):
    try:
        with open(path, "rb") as opened:
            if not zipfile.is_zipfile(opened):
                raise ValueError("an .npz file ends otherwise")     # numpy.load would call it a pickle
        with numpy.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; name a run folder that `train` has made") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if "Object arrays" in str(error):
            raise InputError(f"{path} holds pickled Python objects, which are never loaded; "
                             "restore a checkpoint that minivae has written") from error
        raise InputError(f"{path} is truncated or corrupted ({error}); "
                         "restore a copy, or train again with --overwrite") from error


def _require_same_architecture(path, expected, found):
    for name in [*expected, *found]:
        if expected.get(name) != found.get(name):
            raise InputError(f"{path} is of another architecture: {name} has shape {found.get(name, 'none')} "
                             f"there, {expected.get(name, 'none')} in this model; "
                             "load it into the model it was saved from")
