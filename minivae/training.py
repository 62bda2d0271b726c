"""Training: minibatches, epochs, and checkpoints that a run goes on from as if never interrupted."""

import io
import json
import time
import zipfile
from typing import NamedTuple

import numpy

from .backend import get_xp, to_numpy
from .errors import Diverged, InputError, require_count
from .files import replacing


class EpochReport(NamedTuple):
    """Means over the examples of one epoch, in nats, as the parameters were when each was seen."""

    epoch: int
    loss: float
    reconstruction: float
    kl: float
    seconds: float
    examples_per_second: float


def train(model, data, optimizer, epochs, batch_size, rng, first_epoch=1, transform=None, progress=None,
          n_samples=1, **loss_options):
    """Minibatch descent on model.loss_and_grad. A generator: yields an EpochReport after each epoch.

    data        (N, D), on the model's device; shuffled each epoch, the last batch may be smaller
    epochs      the number of the last epoch; first_epoch is above 1 where a run goes on
    rng         the numpy.random.Generator of all that is random here: order, transform, noise
    transform   transform(x, rng) -> x, for what is drawn anew each epoch, like binarization
    progress    progress(examples done, examples in all, note), called after each step
    n_samples   L, draws of z for each example; further options go to loss_and_grad, like beta=0.5

    Raises InputError for bad sizes, for an optimizer of other parameters, and for data that the model can't
    describe (where there is a transform, what comes out of it is not looked at); and Diverged.
    """
    require_count(epochs=epochs, batch_size=batch_size, n_examples=len(data))
    if not isinstance(rng, numpy.random.Generator):
        raise InputError(f"rng is {rng!r}, but a generator is needed, like numpy.random.default_rng(0)")
    theta = getattr(optimizer, "theta", model.parameters.flat)     # an optimizer of your own may not tell
    if not get_xp(data).may_share_memory(theta, model.parameters.flat):
        raise InputError("the optimizer changes other parameters than this model's; make it with "
                         "model.parameters.flat")
    if transform is None:
        model.check(data)
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
    raise Diverged(f"{where}; try a smaller learning rate")


# Checkpoints: an .npz file of arrays, and nothing that would have to be unpickled.

def save_checkpoint(path, model, optimizer, epoch, rng):
    """Write all that training needs to go on after `epoch`; an interrupted write leaves the old file.

    rng is saved as it is now, so it must be the generator that train() draws from. Raises OSError.
    """
    arrays = _arrays_of(model, optimizer)
    arrays["epoch"] = numpy.array(epoch)
    arrays["rng"] = json.dumps(rng.bit_generator.state)
    archive = io.BytesIO()      # a zip file that Ctrl-C or a full disk breaks off complains long after
    numpy.savez(archive, **arrays)
    with replacing(path) as file:
        file.write(archive.getbuffer())


def load_checkpoint(path, model, optimizer=None, rng=None):
    """Put a saved run's numbers into the model and, where given, the optimizer and rng. -> its epoch

    Raises InputError for a file that is missing, broken, pickled, or of another model or optimizer;
    all is then as it was.
    """
    saved = _read_arrays(path)
    _require_like(path, saved, _arrays_of(model, optimizer))
    epoch = saved.get("epoch", numpy.array(-1))
    try:
        trial = numpy.random.PCG64() if rng is None else type(rng.bit_generator)()
        trial.state = json.loads(str(saved["rng"]))
    except Exception as error:      # whatever is there in place of a state
        raise InputError(f"{path} holds no state of the random generator ({error!r:.80}); "
                         f"{REMEDY}") from error
    if epoch.shape != () or epoch.dtype.kind != "i" or epoch < 0:
        raise InputError(f"{path} holds no number of epochs, but {epoch!r:.60}; {REMEDY}")

    xp = get_xp(model.parameters.flat)
    if optimizer is not None:
        optimizer.load_state({name: saved[f"optimizer/{name}"] for name in optimizer.state()})
    for name in model.parameters.names():
        model.parameters[name][...] = xp.asarray(saved[f"parameters/{name}"])
    if rng is not None:
        rng.bit_generator.state = trial.state
    return int(epoch)


REMEDY = "restore a copy of the file, or train again with --overwrite"


def _arrays_of(model, optimizer):
    """What a checkpoint holds of the model and, where given, the optimizer: {name: array}."""
    arrays = {f"parameters/{name}": to_numpy(model.parameters[name]) for name in model.parameters.names()}
    for name, value in (optimizer.state() if optimizer else {}).items():
        arrays[f"optimizer/{name}"] = numpy.array(value) if isinstance(value, int) else to_numpy(value)
    return arrays


def _read_arrays(path):
    try:
        with open(path, "rb") as opened:
            if not zipfile.is_zipfile(opened):
                raise ValueError("no .npz file, or a part of one")      # numpy.load would call it a pickle
        with numpy.load(path, allow_pickle=False) as file:
            return {key: numpy.asarray(file[key]) for key in file.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; name a run folder that `train` has made") from error
    except Exception as error:      # a damaged file makes its readers fail in a dozen ways
        if "Object arrays" in str(error):
            raise InputError(f"{path} holds pickled Python objects, which are never loaded; "
                             f"{REMEDY}") from error
        raise InputError(f"{path} is truncated or corrupted ({error!r:.80}); {REMEDY}") from error


def _require_like(path, saved, own):
    """Raise InputError unless the saved arrays have the names, shapes and types of `own`, and are finite."""
    groups = {name.partition("/")[0] for name in own}
    for name in [*own, *(name for name in saved if name.partition("/")[0] in groups)]:
        there, here = (f"{a[name].dtype} {a[name].shape}" if name in a else "nothing" for a in (saved, own))
        if there != here:
            raise InputError(f"{path} is of another architecture or optimizer: {name} is {there} there, "
                             f"{here} in this model; load it into the model it was saved from")
        if not numpy.isfinite(saved[name]).all():
            raise InputError(f"{path} holds NaN or infinity in {name}; {REMEDY}")
