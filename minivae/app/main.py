"""The command line: python -m minivae, or minivae for short."""

import math
import os
import sys
import time
from pathlib import Path

import numpy

from .. import datasets, evaluation, gradcheck
from . import bench, options
from . import run_folder as runs
from ..autoencoder import Autoencoder
from ..backend import BackendUnavailable, array_module
from ..errors import Diverged, InputError
from ..inference import compare
from ..inference.examples import EXAMPLES
from ..optimizers import OPTIMIZERS
from ..progress import ProgressBar
from ..checking.library import library_reports
from ..training import train
from ..vae import VAE

OK, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
EVALUATION_SEED = 7     # the same noise at every evaluation, so that curves move only when the model does


def main(arguments=None):
    """Run one command. -> exit code: 0 well, 1 a check failed, 2 bad usage or input, 130 interrupted"""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")    # a terminal that lacks ‖ or ± shows ? instead
    args = options.parser(COMMANDS).parse_args(arguments)
    try:
        # What overflows shows in the results, and is told there.
        with numpy.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return args.command(args)
    except (InputError, BackendUnavailable) as error:
        return _fail(error)
    except MemoryError as error:
        return _fail(f"not enough memory ({error}); choose smaller sizes")
    except KeyboardInterrupt:
        print("\nminivae: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return OK
    except Diverged as error:
        print(f"minivae: error: {error}", file=sys.stderr)
        return CHECK_FAILED
    except OSError as error:
        return _fail(f"{error}; check that path, or the output, can be read and written")


def _drop_output():
    """Whoever read our output has had enough of it: write the rest to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error):
    line = " ".join(str(error).split("\n"))
    print(f"minivae: error: {line}", file=sys.stderr)
    return BAD_INPUT


# train

def train_command(args):
    _full_paths(args)
    run = None if args.resume is None else _resumed_run(args)
    config = run.config if run else _config_from(args)
    images = runs.build_images(config)
    model = runs.build_model(config, images.train.shape[1])
    optimizer = runs.build_optimizer(config, model)
    data, transform = runs.training_data(config, images, model)
    rng = numpy.random.default_rng(config["seed"])
    if run:
        epoch = run.load(model, optimizer, rng)
        if epoch >= config["epochs"]:
            more = "" if runs.rate_falls(config) else f"; to go on, give --epochs above {epoch}"
            raise InputError(f"{run.folder} has finished {epoch} epochs, and {config['epochs']} are asked "
                             f"for; to see them, use python -m minivae show {run.folder}{more}")
        print(f"going on after epoch {epoch} of {config['epochs']} in {run.folder}")
    else:
        run = runs.Run.create(args.out or f"runs/{_short_name(config['data'])}", config, args.overwrite)
        epoch = 0
        run.save(model, optimizer, epoch, rng)
    run.save_config()
    run.remove_leftovers()
    xp_name = array_module(config["backend"]).__name__
    bar = ProgressBar("epoch")
    sign, name = (1, "test loss") if config["model"] == "autoencoder" else (-1, "test ELBO")
    optimizer.lr = runs.learning_rate(config, epoch + 1)
    try:
        print(f"{len(images.train)} images to train with, {len(images.test)} to test, of {images.shape[0]}x"
              f"{images.shape[1]} pixels; {model.parameters.flat.size} parameters; {xp_name} "
              f"{config['dtype']}")
        print(_what_the_loss_is(config))
        print(f"    epoch      loss reconstr.      KL  {name}  examples/s     left")
        for report in train(model, data, optimizer, config["epochs"], config["batch_size"], rng,
                            first_epoch=epoch + 1, transform=transform, progress=bar,
                            **runs.loss_options(config)):
            row = {**report._asdict(), "test_loss": _test_loss(model, images.test)}
            if not math.isfinite(row["test_loss"]):
                raise Diverged(f"the loss of the test images became {row['test_loss']} after epoch "
                               f"{report.epoch}; try a smaller learning rate")
            run.history.append(row)
            run.save(model, optimizer, report.epoch, rng)
            epoch = report.epoch        # only now is it kept
            optimizer.lr = runs.learning_rate(config, epoch + 1)
            bar.clear()
            print(_epoch_line(row, config["epochs"], run.history, sign), flush=True)
    except Diverged as error:
        bar.clear()
        print(f"minivae: error: {error}; {run.folder} keeps epoch {epoch}", file=sys.stderr)
        return CHECK_FAILED
    except (KeyboardInterrupt, BrokenPipeError) as error:
        if isinstance(error, BrokenPipeError):
            _drop_output()
        bar.clear()
        print(f"minivae: interrupted; {run.folder} keeps the {epoch} finished epochs, "
              f"see them with: python -m minivae show {run.folder}, "
              f"go on with: python -m minivae train --resume {run.folder}", file=sys.stderr)
        return INTERRUPTED
    try:
        _draw(run, images, model)
    except KeyboardInterrupt:
        print("minivae: interrupted; all is trained and saved, draw it with: "
              f"python -m minivae show {run.folder}", file=sys.stderr)
        return INTERRUPTED
    return OK


def _what_the_loss_is(config):
    if config["model"] == "autoencoder":
        return f"per image; loss: {config['error']}"
    other = runs.other_bound(config)
    return f"nats per image; loss: {f'−{other}' if other else 'reconstr. + KL'}; reconstr.: −E log p(x|z)"


def _config_from(args):
    asked = {name: getattr(args, name) for name in runs.DEFAULTS if getattr(args, name) is not None}
    config = {**runs.DEFAULTS, **asked}
    runs.require_options_that_count(asked, config)
    return runs.complete(config)


def _full_paths(args):
    """Make the paths among the options absolute, so that a run can be resumed from any folder."""
    if args.data not in (None, *datasets.NAMES) and Path(args.data).exists():
        args.data = str(Path(args.data).resolve())
    if args.data_dir is not None:
        args.data_dir = str(Path(args.data_dir).resolve())


def _test_loss(model, x):
    if isinstance(model, Autoencoder):
        return float(evaluation.autoencoder_loss(model, x).mean())
    return -float(evaluation.elbo(model, x, numpy.random.default_rng(EVALUATION_SEED)).elbo.mean())


def _resumed_run(args):
    run = runs.Run.open(args.resume)
    if args.out is not None or args.overwrite:
        raise InputError("--resume goes on in its own folder; leave out --out and --overwrite")
    for name in runs.DEFAULTS:
        asked = getattr(args, name)
        if name == "epochs" and asked is not None and runs.rate_falls(run.config):
            raise InputError(f"{args.resume} lets its learning rate fall over {run.config['epochs']} epochs; "
                             "leave out --epochs, or start another run with --out")
        if name in ("epochs", "data_dir") and asked is not None:
            run.config[name] = asked        # more epochs, or data that has moved: the past stays true
        elif asked is not None and asked != run.config[name]:
            raise InputError(f"{args.resume} was made with --{name.replace('_', '-')} {run.config[name]}, "
                             f"not {asked}; leave the option out, or start another run with --out")
    return run


def _short_name(data):
    return Path(data).name.strip(".").partition(".")[0]


def _epoch_line(row, epochs, history, sign):
    left = sum(r["seconds"] for r in history[-10:]) / len(history[-10:]) * (epochs - row["epoch"])
    return (f"{row['epoch']:>4}/{epochs:<4} {row['loss']:>9.2f} {row['reconstruction']:>9.2f} "
            f"{row['kl']:>7.2f} {sign * row['test_loss']:>10.2f} {row['examples_per_second']:>11.0f} "
            f"{_duration(left):>8}")


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


# show and evaluate

def show_command(args):
    run, images, model, _ = _saved_run(args)
    _draw(run, images, model)
    return OK


def evaluate_command(args):
    run, images, model, epoch = _saved_run(args)
    test = images.test[:args.images] if args.images else images.test
    if isinstance(model, Autoencoder):
        for name in ("samples", "gap"):
            if getattr(args, name) is not None:
                raise InputError(f"--{name} {getattr(args, name)} is for a VAE, but {args.run} is a plain "
                                 "autoencoder; leave it out")
        losses = evaluation.autoencoder_loss(model, test)
        print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, per image ± standard error")
        print(f"  {run.config['error']:<21} {_mean(losses)}")
        return OK
    rng = numpy.random.default_rng(EVALUATION_SEED)
    bound = evaluation.elbo(model, test, rng, n_samples=10)
    print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, nats per image ± standard error")
    print(f"  ELBO                  {_mean(bound.elbo)}    10 samples an image")
    print(f"    E_q[log p(x|z)]     {_mean(bound.reconstruction)}    the reconstruction")
    print(f"    KL                  {_mean(bound.kl)}    KL(q(z|x) ‖ p(z))")
    bar = ProgressBar("log p(x)")
    samples = args.samples or 1000
    log_px = evaluation.log_likelihood(model, test, rng, samples, progress=bar)
    bar.clear()
    print(f"  log p(x)              {_mean(log_px)}    importance sampling, {samples} samples an image")
    active = evaluation.active_units(model, test)
    print(f"  active units          {active.count} of {model.latent_dim}    latents with Var(E_q[z]) > 0.01")
    if args.gap:
        _print_gap(model, test[:args.gap], rng)
    return OK


def _print_gap(model, x, rng):
    gap = evaluation.amortization_gap(model, x, rng)
    print(f"  the amortization gap, on the first {len(x)} of them")
    print(f"    encoder's ELBO      {_mean(gap.encoder_elbo)}")
    print(f"    optimized ELBO      {_mean(gap.optimized_elbo)}    q fitted to each image by itself")
    print(f"    log p(x)            {_mean(gap.log_px)}")
    amortization, approximation = gap.optimized_elbo - gap.encoder_elbo, gap.log_px - gap.optimized_elbo
    print(f"    amortization gap    {_mean(amortization)}    what a better encoder could gain")
    print(f"    approximation gap   {_mean(approximation)}    what this family of q can't reach")


def _mean(values):
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{values.mean():9.3f} ± {error:.3f}"


def _saved_run(args):
    run = runs.Run.open(args.run)
    _full_paths(args)
    for name in ("data", "data_dir", "backend"):
        if getattr(args, name) is not None:
            run.config[name] = getattr(args, name)
    images = runs.build_images(run.config)
    model = runs.build_model(run.config, images.train.shape[1])
    try:
        return run, images, model, run.load(model)
    except InputError as error:
        if args.data is None:
            raise
        raise InputError(f"{error}; or leave out --data {args.data}, if this run was trained on images of "
                         "another size") from error


def _draw(run, images, model):
    from .. import plots     # only here: matplotlib takes longer to import than all the rest

    pictures = {"reconstructions": plots.reconstructions(model, images.test[:60], images.shape),
                "samples": plots.samples(model, images.shape, numpy.random.default_rng(EVALUATION_SEED))}
    if run.history:
        name = "ELBO" if run.config["model"] == "vae" else f"−{run.config['error']}"
        pictures["curves"] = plots.curves(run.history, name, unit="" if "squared" in name else "nats ",
                                          trained_on=runs.other_bound(run.config))
    if model.latent_dim == 2:
        prior = "the prior N(0, I)" if run.config["model"] == "vae" else "N(0, I), for comparison"
        pictures["plane"] = plots.latent_plane(model, images.shape)
        pictures["codes"] = plots.codes(model, images.test, images.test_labels, prior)
    try:
        for name, figure in pictures.items():
            plots.save(figure, run.folder / f"{name}.png")
    except OSError as error:
        raise InputError(f"{run.folder} can't be written ({error.strerror or error}); make room") from error
    print(f"pictures in {run.folder}: " + ", ".join(f"{name}.png" for name in pictures))


# infer and variance

def infer_command(args):
    path = _picture_path(args)
    _require_options_that_count(args)
    model, encoder = _model_to_infer(args)
    xp = array_module(args.backend or "auto")
    about = f"test image {args.image} of {args.run}" if encoder else EXAMPLES[args.model].about
    print(f"{args.model}: {about}")
    start = time.perf_counter()
    if args.estimator == "cavi":
        fitted = compare.fit_by_coordinates(model, args.steps)
        how = f"coordinate ascent with mean field, {len(fitted.curve) - 1} updates"
    else:
        optimizer = OPTIMIZERS[args.optimizer]
        bar = ProgressBar(args.estimator)
        fitted = compare.fit_by_gradient(model, xp, args.q, args.estimator,
                                         lambda knobs: optimizer(knobs, lr=args.lr),
                                         args.samples, args.steps, args.seed, bar)
        bar.clear()
        how = (f"{args.q} Gaussian, {args.steps} steps along the {args.estimator} gradient "
               f"of {args.samples} samples")
    print(f"q: {how}, {_duration(time.perf_counter() - start)}\n")
    exact, evidence, known = compare.exact(model)
    compare.print_beliefs(model.names, {"exact posterior": exact, "fitted q": fitted.q,
                                        "encoder's q(z|x)": encoder and encoder.q})
    print()
    gap = compare.print_bound(evidence, known, fitted)
    if encoder:
        print(f"  encoder's ELBO         {encoder.elbo.mean:>12.4f} ± {encoder.elbo.error:.4f}, "
              f"amortization gap {fitted.elbo.mean - encoder.elbo.mean:.4f} nats")
    from .. import plots     # only here: matplotlib takes longer to import than all the rest
    figure = plots.inference(model.names, exact, fitted.q, encoder and encoder.q, fitted.curve,
                             args.estimator != "cavi", evidence and evidence.mean, gap, model.support)
    _save_picture(plots, figure, path)
    if fitted.fell:
        raise Diverged(f"the ELBO fell from {fitted.start.mean:.4g} to {fitted.elbo.mean:.4g}; try a smaller "
                       "--lr, more --samples, or an estimator of less variance")
    return OK


def _require_options_that_count(args):
    """Raise InputError for options that would do nothing, then fill in the defaults of those left out."""
    if args.estimator == "cavi":
        for name in ("q", "samples", "optimizer", "lr", "seed"):
            if getattr(args, name) not in (None, "mean-field"):
                raise InputError(f"coordinate ascent is mean field, without samples or step sizes; leave out "
                                 f"--{name} {getattr(args, name)}, or choose another --estimator")
    if args.model != "image":
        for name in ("run", "image"):
            if getattr(args, name) is not None:
                raise InputError(f"--{name} is for the model image; leave it out, "
                                 "or use: python -m minivae infer image")
    if args.overwrite and args.out is None:
        raise InputError("--overwrite is for --out; the picture in runs/infer is replaced anyway")
    defaults = {"q": "mean-field", "samples": 10, "optimizer": runs.DEFAULTS["optimizer"], "lr": 0.05,
                "seed": 0, "run": "runs/digits", "image": 0}
    for name, default in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, default)


def _picture_path(args):
    if args.out is None:
        which = f"-{args.image or 0}" if args.model == "image" else ""
        return Path("runs/infer") / f"{args.model}{which}-{args.q or 'mean-field'}-{args.estimator}.png"
    if not args.out.endswith(".png"):
        raise InputError(f"--out {args.out} is no .png; the picture is written as PNG, so name it so")
    if Path(args.out).exists() and not args.overwrite:
        raise InputError(f"--out {args.out} exists; choose another name, or replace it with --overwrite")
    return Path(args.out)


def _save_picture(plots, figure, path):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        plots.save(figure, path)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}); "
                         "choose another with --out") from error
    print(f"picture: {path}")


def _model_to_infer(args):
    """The model that was asked for, and what an encoder says about it: a Fit, or None. -> model, encoder"""
    if args.model != "image":
        return EXAMPLES[args.model].make(array_module(args.backend or "auto")), None
    args.data = args.data_dir = None
    run, images, vae, _ = _saved_run(args)
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


# exercises

def exercises_command(args):
    from .commands import exercises as commands     # only here: the others don't need it

    if args.force and not args.solution:
        raise InputError("--force is for --solution; leave it out")
    asked = args.watch or args.hint or args.solution or args.reset
    if args.what and args.what[0] == "start":
        if len(args.what) != 2 or asked:
            raise InputError("start takes the folder to copy the exercises to, and nothing else: "
                             "python -m minivae exercises start exercises")
        commands.start(args.what[1])
        return OK
    exercise = _exercise_asked_for(args.what, commands)
    if args.watch:
        commands.watch(exercise)
        return OK
    if asked and exercise is None:
        raise InputError("say for which exercise, like: python -m minivae exercises 7 --hint")
    if args.hint:
        commands.hint(exercise)
        return OK
    if args.solution:
        return OK if commands.solution(exercise, args.force) else CHECK_FAILED
    if args.reset:
        commands.reset(exercise)
        return OK
    if exercise:
        return OK if commands.check_one(exercise) else CHECK_FAILED
    commands.show_all()
    return OK


def _exercise_asked_for(what, commands):
    if not what:
        return None
    exercise = commands.by_number(int(what[0])) if len(what) == 1 and what[0].isdecimal() else None
    if exercise is None:
        raise InputError(f"{' '.join(what)!r:.60} is no exercise; give a number from 1 to "
                         f"{len(commands.EXERCISES)}, or: start DIR")
    return exercise


# gradcheck and bench

def gradcheck_command(args):
    checks = []
    print(gradcheck.TABLE_HEAD)
    for report in library_reports(array_module(args.backend or "auto"), args.seed):
        print(report if args.all or not report.ok else report.summary())
        checks += report.checks
    wrong = sum(not check.ok for check in checks)
    worst = max(check.error for check in checks)
    print(f"{len(checks)} tensors checked against differences: {len(checks) - wrong} right, {wrong} wrong; "
          f"largest relative error {worst:.1e}, allowed {gradcheck.TOLERANCE:.0e}")
    return CHECK_FAILED if wrong else OK


def bench_command(args):
    bench.report(args.backend or "auto", args.batch)
    return OK


COMMANDS = {"train": train_command, "show": show_command, "evaluate": evaluate_command,
            "infer": infer_command, "variance": variance_command, "exercises": exercises_command,
            "gradcheck": gradcheck_command, "bench": bench_command}
