"""`infer` and `variance`: variational inference by itself, compared with the exact answer where it is known."""

import time
from pathlib import Path

from ...backend import array_module
from ...errors import Diverged, InputError
from ...inference import compare
from ...inference.examples import EXAMPLES
from ...optimizers import OPTIMIZERS
from ...system.progress import ProgressBar, duration
from ...vae import VAE
from ...runs.build import saved_run
from ...runs.configuration import DEFAULTS
from ..exit_codes import OK
from ..pictures import drawing, save


def infer_command(args):
    path = _picture_path(args)
    _check_and_complete_options(args)
    model, encoder = _model_to_infer(args)
    xp = array_module(args.backend or "auto")
    about = f"test image {args.image} of {args.run}" if encoder else EXAMPLES[args.model].about
    print(f"{args.model}: {about}")
    start = time.perf_counter()
    if args.estimator == "cavi":
        fitted = compare.fit_by_coordinates(model, args.steps)
        how = f"mean-field coordinate ascent, {len(fitted.curve) - 1} updates"
    else:
        optimizer = OPTIMIZERS[args.optimizer]
        bar = ProgressBar(args.estimator)
        fitted = compare.fit_by_gradient(model, xp, args.q, args.estimator,
                                         lambda knobs: optimizer(knobs, lr=args.lr),
                                         args.samples, args.steps, args.seed, bar)
        bar.clear()
        how = (f"{args.q} Gaussian, {args.steps} steps with the {args.estimator} gradient, "
               f"{args.samples} samples per step")
    print(f"q: {how}, {duration(time.perf_counter() - start)}\n")
    exact, evidence, known = compare.exact(model)
    compare.print_beliefs(model.names, {"exact posterior": exact, "fitted q": fitted.q,
                                        "encoder's q(z|x)": encoder and encoder.q})
    print()
    gap = compare.print_bound(evidence, known, fitted)
    if encoder:
        print(f"  encoder's ELBO         {encoder.elbo.mean:>12.4f} ± {encoder.elbo.error:.4f}, "
              f"amortization gap {fitted.elbo.mean - encoder.elbo.mean:.4f} nats")
    with drawing(f"the picture {path}", "the results above are complete; for another file, use --out"):
        from ...inference import plots      # only here: matplotlib takes longer to import than everything else
        figure = plots.fit_figure(model.names, exact, fitted.q, encoder and encoder.q, fitted.curve,
                                  args.estimator != "cavi", evidence and evidence.mean, gap, model.support)
        save(figure, path)
    print(f"picture: {path}")
    if fitted.fell:
        raise Diverged(f"the ELBO fell from {fitted.start.mean:.4g} to {fitted.elbo.mean:.4g}; try a smaller "
                       "--lr, more --samples, or an estimator with less variance")
    return OK


def _check_and_complete_options(args):
    """Raise InputError for options that would have no effect, then fill in the defaults of the others."""
    if args.estimator == "cavi":
        for name in ("q", "samples", "optimizer", "lr", "seed"):
            if getattr(args, name) not in (None, "mean-field"):
                raise InputError(f"coordinate ascent is always mean-field, without samples or step sizes; "
                                 f"leave out --{name} {getattr(args, name)}, or choose another --estimator")
    if args.model != "image":
        for name in ("run", "image"):
            if getattr(args, name) is not None:
                raise InputError(f"--{name} is for the model image; leave it out, "
                                 "or use: python -m minivae infer image")
    if args.overwrite and args.out is None:
        raise InputError("--overwrite is for --out; leave it out: the picture in runs/infer is "
                         "always replaced")
    defaults = {"q": "mean-field", "samples": 10, "optimizer": DEFAULTS["optimizer"], "lr": 0.05,
                "seed": 0, "run": "runs/digits", "image": 0}
    for name, default in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, default)


def _picture_path(args):
    if args.out is None:
        which = f"-{args.image or 0}" if args.model == "image" else ""
        return Path("runs/infer") / f"{args.model}{which}-{args.q or 'mean-field'}-{args.estimator}.png"
    if not args.out.endswith(".png"):
        raise InputError(f"--out {args.out} is not a .png file; choose a name that ends in .png")
    if Path(args.out).exists() and not args.overwrite:
        raise InputError(f"--out {args.out} exists; choose another name, or replace it with --overwrite")
    return Path(args.out)


def _model_to_infer(args):
    """The model that args name and, for an image, the encoder's q(z|x) as a Fit, else None. -> model, encoder"""
    if args.model != "image":
        return EXAMPLES[args.model].make(array_module(args.backend or "auto")), None
    args.data = args.data_dir = None
    run, images, vae, _ = saved_run(args)
    if not isinstance(vae, VAE):
        raise InputError(f"{args.run} is a plain autoencoder, which has no p(x|z); name the run of a VAE")
    if args.image >= len(images.test):
        raise InputError(f"--image {args.image} does not exist; {args.run} has the test images 0 to "
                         f"{len(images.test) - 1}")
    return compare.image_and_encoder(vae, images.test[args.image], args.seed)


def variance_command(args):
    examples = {name: EXAMPLES[name] for name in args.models or EXAMPLES}
    compare.print_variances(examples, array_module(args.backend or "auto"), args.samples, args.repeats,
                            args.seed, ProgressBar("variance"))
    return OK
