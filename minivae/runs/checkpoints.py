"""Write and read checkpoints, from which a run continues as if it had never been interrupted.

A checkpoint is an .npz file of arrays. Nothing in it is unpickled, so opening one can't run code.
"""

import json

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError
from ..system import arrays

REMEDY = "restore a copy of the file, or train again with --overwrite"


def checkpoint_bytes(model, optimizer, epoch, rng, fingerprint=None):
    """The content of a file with all that training needs to continue after `epoch`.

    rng is saved as it is now, so it must be the generator that train() draws from. fingerprint: {name: value} of
    what has to be the same when the file is loaded.
    """
    return arrays.npz_bytes({**_arrays_of(model, optimizer), "epoch": numpy.array(epoch),
                             "rng": json.dumps(rng.bit_generator.state),
                             "fingerprint": json.dumps(fingerprint or {})})


def load_checkpoint(path, model, optimizer=None, rng=None, fingerprint=None):
    """Copy a saved run's numbers into the model and, if given, the optimizer and rng. -> its epoch

    Raises InputError for a file that is missing, broken, pickled, of another model or optimizer, or saved with
    another fingerprint; then nothing is changed.
    """
    saved = read_arrays(path)
    _require_fingerprint(path, saved, fingerprint or {})
    _require_like(path, saved, _arrays_of(model, optimizer))
    epoch = saved.get("epoch", numpy.array(-1))
    try:
        trial = numpy.random.PCG64() if rng is None else type(rng.bit_generator)()
        trial.state = json.loads(str(saved["rng"]))
    except Exception as error:      # there may be anything in the file
        raise InputError(f"{path} contains no valid state of the random generator ({error!r:.80}); "
                         f"{REMEDY}") from error
    if epoch.shape != () or epoch.dtype.kind != "i" or epoch < 0:
        raise InputError(f"{path} contains {epoch!r:.60}, which is not a number of epochs; {REMEDY}")

    xp = get_xp(model.parameters.flat)
    if optimizer is not None:
        optimizer.load_state({name: saved[f"optimizer/{name}"] for name in optimizer.state()})
    for name in model.parameters.names():
        model.parameters[name][...] = xp.asarray(saved[f"parameters/{name}"])
    if rng is not None:
        rng.bit_generator.state = trial.state
    return int(epoch)


def _arrays_of(model, optimizer):
    """The arrays of the model and, if given, the optimizer that a checkpoint contains: {name: array}."""
    found = {f"parameters/{name}": to_numpy(values) for name, values in model.parameters.items()}
    for name, value in (optimizer.state() if optimizer else {}).items():
        found[f"optimizer/{name}"] = numpy.array(value) if isinstance(value, int) else to_numpy(value)
    return found


def read_arrays(path):
    """All arrays of a run's .npz file: {name: array}. Raises InputError if it is broken, or contains pickles."""
    return arrays.read_arrays(path, "name a run folder that `train` made", REMEDY)


def _require_fingerprint(path, saved, fingerprint):
    """Raise InputError if a value differs from the one that was saved. Older checkpoints have none saved."""
    try:
        then = dict(json.loads(str(saved.get("fingerprint", "{}"))))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} has no valid fingerprint ({error!r:.80}); {REMEDY}") from error
    for name, now in fingerprint.items():
        if name in then and then[name] != now:
            raise InputError(f"{path} was saved with {name} = {then[name]!r:.80}, but now it is {now!r:.80}; "
                             "restore what was changed, or train again with --out and another folder")


def _require_like(path, saved, own):
    """Raise InputError unless the saved arrays have the names, shapes and types of `own`, and are finite."""
    groups = {name.partition("/")[0] for name in own}
    for name in [*own, *(name for name in saved if name.partition("/")[0] in groups)]:
        there, here = (f"{a[name].dtype} {a[name].shape}" if name in a else "missing" for a in (saved, own))
        if there != here:
            raise InputError(f"{path} belongs to another architecture or optimizer: {name} is {there} in the "
                             f"file, but {here} in this model; load it into the model it was saved from, "
                             "or train again")
        if not numpy.isfinite(saved[name]).all():
            raise InputError(f"{path} contains NaN or infinity in {name}; {REMEDY}")
