"""Checkpoints, from which a run continues as if it had never been interrupted.

A checkpoint is an .npz file of arrays. Nothing in it has to be unpickled, so opening one can't run code.
"""

import io
import json
import zipfile

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError
from ..files import replacing

REMEDY = "restore a copy of the file, or train again with --overwrite"


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
