"""A model in one file: an .npz of its parameters, and a header that says what kind of model it is.

The header is JSON. The sizes of the model are those of the arrays, so they are not in it:

    {"format": 1, "class": "VAE", "activation": "tanh",
     "likelihood": {"class": "Gaussian", "arguments": {"variance": "shared", "floor": 0.001}},
     "posterior": {"class": "DiagonalGaussian", "arguments": {}}}

An Autoencoder has "error" instead of the last two. "arguments" is null for a class that is not minivae's: it
is not imported; an object of it has to be given to `load`.
"""

import json
import os

import numpy

from ..backend import array_module, get_xp, to_numpy
from ..errors import InputError
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..posteriors import DiagonalGaussian, FullGaussian
from ..system.arrays import npz_bytes, read_arrays
from ..system.files import replacing

FORMAT = 1
HEADER = "minivae model"
CLASSES = {cls.__name__: cls for cls in (Bernoulli, Gaussian, Categorical, DiagonalGaussian, FullGaussian)}
REMEDY = "restore a copy of the file, or save the model again"


def save_model(model, path):
    """Write the model to `path`, completely or not at all. Raises InputError."""
    parameters = {name: to_numpy(values) for name, values in model.parameters.items()}
    for name, values in parameters.items():
        if not numpy.isfinite(values).all():
            raise InputError(f"{name} contains NaN or infinity, so the model is not saved; train it again")
    header = {"format": FORMAT, "class": type(model).__name__, "activation": model.activation,
              **{name: _described(part) for name, part in model.parts().items()}}
    try:
        with replacing(path) as file:
            file.write(npz_bytes({HEADER: json.dumps(header), **parameters}))
    except (OSError, ValueError) as error:          # ValueError: the path is empty
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r} can't be written ({why}); choose another path") from error


def _described(part):
    if isinstance(part, str):
        return part
    known = CLASSES.get(type(part).__name__) is type(part)
    return {"class": type(part).__name__, "arguments": vars(part) if known else None}


def load_model(cls, path, backend, own):
    """The model in `path`, made by the class `cls`. Raises InputError.

    own {"likelihood": object, "posterior": object}: those that are not minivae's.
    """
    array_module(backend)
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, not a file that `save` wrote; for the folder of a run, "
                         "use minivae.load")
    saved = read_arrays(path, "check the path", REMEDY)
    header = _header(path, saved, cls)
    parts = {name: value if isinstance(value, str) else _part(path, name, value, own)
             for name, value in header.items() if name not in ("format", "class", "activation")}
    for name in own:
        if name not in parts or own[name] is not parts[name]:
            raise InputError(f"{path} needs no {name} of your own; leave {name}=... out")
    del saved[HEADER]
    try:
        model = _untrained(cls, saved, parts, header["activation"], backend)
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, MemoryError) as error:
        raise InputError(f"{path} describes no possible model ({error!r:.140}); {REMEDY}") from error
    if set(parts) != set(model.parts()):
        raise InputError(f"{path} has no valid header: it describes {sorted(parts)}, not "
                         f"{sorted(model.parts())}; {REMEDY}")
    for name in {**model.parameters, **saved}:
        there, here = (f"{a[name].dtype} {a[name].shape}" if name in a else "missing"
                       for a in (saved, model.parameters))
        if there != here or not numpy.isfinite(saved[name]).all():
            found = f"{there}, but {here} is expected" if there != here else "not finite"
            raise InputError(f"{path} is corrupted: {name} is {found}; {REMEDY}")
    xp = get_xp(model.parameters.flat)
    for name, values in saved.items():
        model.parameters[name][...] = xp.asarray(values)
    return model


def _header(path, saved, cls):
    if HEADER not in saved:
        if {"epoch", "rng"} <= set(saved):
            raise InputError(f"{path} is the checkpoint of a run, not a model file; give the run's folder to "
                             "minivae.load")
        raise InputError(f"{path} is not a model that minivae saved; give a file that `save` wrote")
    try:
        header = json.loads(str(saved[HEADER]))
        version, name, _ = header["format"], header["class"], header["activation"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} has no valid header ({error!r:.80}); {REMEDY}") from error
    if version != FORMAT:
        raise InputError(f"{path} has the format {version!r:.40}, but this minivae reads only {FORMAT}; "
                         "update minivae")
    if name != cls.__name__:
        raise InputError(f"{path} contains a model of the class {name!r:.40}, not {cls.__name__}; "
                         "call load of that class")
    return header


def _part(path, name, described, own):
    """The likelihood or posterior that the header describes."""
    try:
        kind, arguments = described["class"], described["arguments"]
        if arguments is not None:
            return CLASSES[kind](**arguments)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} describes no possible {name} ({error!r:.80}); {REMEDY}") from error
    if name not in own:
        raise InputError(f"{path} was saved with the {name} {kind!r:.40}, which is not one of minivae's; "
                         f"give it to load, as in {name}={kind}()")
    if isinstance(own[name], type):
        raise InputError(f"{name} is the class {kind!r:.40}, but an object is needed, like {kind}()")
    return own[name]


def _untrained(cls, saved, parts, activation, backend):
    """A model with the sizes of these arrays. Raises many kinds of errors if they don't fit together."""
    last = sum(name.startswith("encoder.") and name.endswith(".W") for name in saved) - 1
    data_dim, latent_dim = saved["encoder.0.W"].shape[0], saved["decoder.0.W"].shape[0]
    # Before the model is made: a wrong number in the header could make it larger than any memory.
    for side, name, size in (("encoder", "posterior", latent_dim), ("decoder", "likelihood", data_dim)):
        if name in parts and parts[name].n_outputs(size) != saved[f"{side}.{last}.b"].size:
            raise ValueError(f"{name} {parts[name]} does not fit the last layer of the {side}")
    hidden = [saved[f"encoder.{i}.b"].size for i in range(last)]
    return cls(data_dim, latent_dim, hidden, activation=activation, dtype=saved["encoder.0.W"].dtype.name,
               backend=backend, **parts)
