"""`sample`: draw new images from the model of a run, as arrays or as a picture."""

from pathlib import Path

import numpy

from ...autoencoder import Autoencoder
from ...backend import get_xp, to_numpy
from ...errors import InputError
from ...runs.build import saved_run
from ...system.files import replacing
from ..exit_codes import OK
from ..pictures import colour_map, draw_samples

BATCH = 1000        # images decoded at a time: the network's intermediate arrays can be much larger than they
IN_A_PICTURE = 10_000


def sample_command(args):
    path = _output_path(args)
    if path.suffix == ".png" and args.n > IN_A_PICTURE:
        raise InputError(f"--n {args.n} is too many for one picture; choose at most {IN_A_PICTURE}, "
                         "or write arrays with --out new.npz")
    run, images, model, epoch = saved_run(args)
    if isinstance(model, Autoencoder):
        raise InputError(f"{args.run} is a plain autoencoder, which has no prior to draw z from; "
                         "name the run of a VAE")
    rng = numpy.random.default_rng(args.seed)
    if path.suffix == ".png":
        draw_samples(path, model, images.shape, rng, args.n, colour_map(run.config))
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            numpy.savez(file, **draw_arrays(model, rng, args.n))
    print(f"{args.n} samples of {run.folder}, after epoch {epoch}: {path}")
    return OK


def draw_arrays(model, rng, n):
    """n draws from a VAE. -> {"z": z ~ N(0, I) (n, Z), "mean": E[x|z] (n, D), "x": x ~ p(x|z) (n, D)}"""
    xp, dtype = get_xp(model.parameters.flat), model.parameters.flat.dtype
    mean, x = numpy.empty((2, n, model.data_dim), dtype)        # before all work: the memory may not suffice
    z = rng.standard_normal((n, model.latent_dim), dtype=dtype)
    for batch in (slice(first, first + BATCH) for first in range(0, n, BATCH)):
        a = model.likelihood_parameters(xp.asarray(z[batch]))
        mean[batch] = to_numpy(model.likelihood.mean(a))
        x[batch] = to_numpy(model.likelihood.sample(a, rng))
    return {"z": z, "mean": mean, "x": x}


def _output_path(args):
    if args.out is None:
        if args.overwrite:
            raise InputError("--overwrite is for --out; leave it out: the picture in the run folder is "
                             "always replaced")
        return Path(args.run) / f"samples-{args.n}.png"
    path = Path(args.out)
    if path.suffix not in (".npz", ".png"):
        raise InputError(f"--out {path} is neither a picture nor arrays; "
                         "choose a name that ends in .png or .npz")
    if path.exists() and not args.overwrite:
        raise InputError(f"--out {path} exists; choose another name, or replace it with --overwrite")
    return path
