"""The command line: python -m minivae, or minivae for short."""

import argparse
import math
import os
import sys
from pathlib import Path

import numpy

from . import __version__, bench, datasets, evaluation, gradcheck, plots, runs
from .backend import BackendUnavailable, array_module
from .errors import InputError
from .layers import ACTIVATIONS
from .optimizers import OPTIMIZERS
from .progress import ProgressBar
from .selfcheck import library_reports
from .training import Diverged, train

OK, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
EVALUATION_SEED = 7     # the same noise at every evaluation, so that curves move only when the model does


def main(arguments=None):
    """Run one command. -> exit code: 0 well, 1 a check failed, 2 bad usage or input, 130 interrupted"""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")    # a terminal that lacks ‖ or ± shows ? instead
    args = _parser().parse_args(arguments)
    try:
        return args.command(args)
    except (InputError, BackendUnavailable) as error:
        print(f"minivae: error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("\nminivae: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has had enough
        return OK


# train

def train_command(args):
    run = _resumed_run(args) if args.resume else None
    config = run.config if run else _config_from(args)
    images = runs.build_images(config)
    model = runs.build_model(config, images.train.shape[1])
    optimizer = runs.build_optimizer(config, model)
    data, transform = runs.training_data(config, images, model)
    rng = numpy.random.default_rng(config["seed"])
    if run:
        epoch = run.load(model, optimizer, rng)
        if epoch >= config["epochs"]:
            raise InputError(f"{run.folder} has finished its {epoch} epochs; "
                             f"to add some, give --epochs above {epoch}")
        print(f"going on after epoch {epoch} of {config['epochs']} in {run.folder}")
    else:
        run = runs.Run.create(args.out or f"runs/{_short_name(config['data'])}", config, args.overwrite)
        epoch = 0
        run.save(model, optimizer, epoch, rng)
    run.save_config()
    xp_name = array_module(config["backend"]).__name__
    print(f"{len(images.train)} images to train with, {len(images.test)} to test, of {images.shape[0]}x"
          f"{images.shape[1]} pixels; {model.parameters.flat.size} parameters; {xp_name} {config['dtype']}")

    bar = ProgressBar("epoch")
    print("    epoch      loss reconstr.      KL  test ELBO  examples/s     left")
    try:
        for report in train(model, data, optimizer, config["epochs"], config["batch_size"], rng,
                            first_epoch=epoch + 1, transform=transform, progress=bar):
            test = evaluation.elbo(model, images.test, numpy.random.default_rng(EVALUATION_SEED))
            row = {**report._asdict(), "test_elbo": float(test.elbo.mean())}
            run.history.append(row)
            run.save(model, optimizer, report.epoch, rng)
            epoch = report.epoch        # only now is it kept
            bar.clear()
            print(_epoch_line(row, config["epochs"], run.history), flush=True)
    except Diverged as error:
        bar.clear()
        print(f"minivae: error: {error}; {run.folder} keeps epoch {epoch}", file=sys.stderr)
        return CHECK_FAILED
    except KeyboardInterrupt:
        bar.clear()
        print(f"minivae: interrupted; {run.folder} keeps the {epoch} finished epochs, "
              f"see them with: minivae show {run.folder}, "
              f"go on with: minivae train --resume {run.folder}", file=sys.stderr)
        return INTERRUPTED
    _draw(run, images, model)
    return OK


def _config_from(args):
    config = {name: default if getattr(args, name) is None else getattr(args, name)
              for name, default in runs.DEFAULTS.items()}
    if config["epochs"] is None:
        config["epochs"] = 300 if config["data"] == "digits" else 20
    if config["data"] not in datasets.NAMES and Path(config["data"]).exists():
        config["data"] = str(Path(config["data"]).resolve())    # so that --resume works from any folder
    if config["data_dir"]:
        config["data_dir"] = str(Path(config["data_dir"]).resolve())
    return config


def _resumed_run(args):
    run = runs.Run.open(args.resume)
    if args.out or args.overwrite:
        raise InputError("--resume goes on in its own folder; leave out --out and --overwrite")
    for name in runs.DEFAULTS:
        asked = getattr(args, name)
        if name in ("epochs", "data_dir") and asked is not None:
            run.config[name] = asked        # more epochs, or data that has moved: the past stays true
        elif asked is not None and asked != run.config[name]:
            raise InputError(f"{args.resume} was made with --{name.replace('_', '-')} {run.config[name]}, "
                             f"not {asked}; leave the option out, or start another run with --out")
    return run


def _short_name(data):
    return Path(data).name.partition(".")[0]


def _epoch_line(row, epochs, history):
    left = sum(r["seconds"] for r in history[-10:]) / len(history[-10:]) * (epochs - row["epoch"])
    return (f"{row['epoch']:>4}/{epochs:<4} {row['loss']:>9.2f} {row['reconstruction']:>9.2f} "
            f"{row['kl']:>7.2f} {row['test_elbo']:>10.2f} {row['examples_per_second']:>11.0f} "
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
    rng = numpy.random.default_rng(EVALUATION_SEED)
    bound = evaluation.elbo(model, test, rng, n_samples=10)
    print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, nats per image ± standard error")
    print(f"  ELBO                  {_mean(bound.elbo)}    10 samples an image")
    print(f"    reconstruction      {_mean(bound.reconstruction)}    E_q[log p(x|z)]")
    print(f"    KL                  {_mean(bound.kl)}    KL(q(z|x) ‖ p(z))")
    bar = ProgressBar("log p(x)")
    log_px = evaluation.log_likelihood(model, test, rng, args.samples, progress=bar)
    bar.clear()
    print(f"  log p(x)              {_mean(log_px)}    importance sampling, {args.samples} samples an image")
    active = evaluation.active_units(model, test)
    print(f"  active units          {active.count} of {model.latent_dim}    latents with Var(E_q[z]) > 0.01")
    return OK


def _mean(values):
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{values.mean():9.3f} ± {error:.3f}"


def _saved_run(args):
    run = runs.Run.open(args.run)
    for name in ("data_dir", "backend"):
        if getattr(args, name) is not None:
            run.config[name] = getattr(args, name)
    images = runs.build_images(run.config)
    model = runs.build_model(run.config, images.train.shape[1])
    return run, images, model, run.load(model)


def _draw(run, images, model):
    pictures = {"reconstructions": plots.reconstructions(model, images.test[:60], images.shape),
                "samples": plots.samples(model, images.shape, numpy.random.default_rng(EVALUATION_SEED))}
    if run.history:
        pictures["curves"] = plots.curves(run.history)
    if model.latent_dim == 2:
        pictures["plane"] = plots.latent_plane(model, images.shape)
        pictures["codes"] = plots.codes(model, images.test, images.test_labels)
    try:
        for name, figure in pictures.items():
            plots.save(figure, run.folder / f"{name}.png")
    except OSError as error:
        raise InputError(f"{run.folder} can't be written ({error.strerror or error}); make room") from error
    print(f"pictures in {run.folder}: " + ", ".join(f"{name}.png" for name in pictures))


# gradcheck and bench

def gradcheck_command(args):
    checks = []
    print(gradcheck.TABLE_HEAD)
    for report in library_reports(array_module(args.backend or "auto"), args.seed or 0):
        print(report)
        checks += report.checks
    wrong = sum(not check.ok for check in checks)
    worst = max(check.error for check in checks)
    print(f"{len(checks)} tensors checked against differences: {len(checks) - wrong} right, {wrong} wrong; "
          f"largest relative error {worst:.1e}, allowed {gradcheck.TOLERANCE:.0e}")
    return CHECK_FAILED if wrong else OK


def bench_command(args):
    bench.report(args.backend or "auto", args.batch or 100)
    return OK


# Options

def _number(kind, low, below=None, description=""):
    """An argparse type: a finite number above `low` (an integer: at least `low`)."""
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        fits = math.isfinite(value) and (value >= low if kind is int else value > low)
        if not fits:
            raise argparse.ArgumentTypeError(f"{text!r} is not {description}")
        return value
    return parse


_count = _number(int, 1, description="a whole number of at least 1")
_seed = _number(int, 0, description="a whole number of at least 0")
_rate = _number(float, 0, description="a finite number above 0")


def _sizes(text):
    return [_count(part) for part in text.split(",")] if text else []


def _parser():
    parser = argparse.ArgumentParser(
        prog="minivae", description="A variational autoencoder written out by hand.",
        epilog="Exit codes: 0 well, 1 a check failed or training diverged, 2 bad usage or input, "
               "130 interrupted.")
    parser.add_argument("--version", action="version", version=f"minivae {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    sub = command("train", train_command, "Train a VAE and leave a run folder with its pictures.")
    sub.add_argument("--out", metavar="RUN", help="the run folder (default: runs/ and the name of the data)")
    sub.add_argument("--overwrite", action="store_true", help="replace the run that the folder holds")
    sub.add_argument("--resume", metavar="RUN",
                     help="go on with an interrupted run, or add --epochs to a finished one")
    data = sub.add_argument_group("data")
    data.add_argument("--data", help="digits, mnist, fashion-mnist, or an IDX, .npy or .npz file of images "
                                     "(default: digits)")
    _add_data_dir(data)
    data.add_argument("--key", help="the name of the array in an .npz file that holds several")
    data.add_argument("--binarize", choices=runs.BINARIZE_MODES,
                      help="how grey pixels become black or white: by chance anew each epoch (dynamic), by "
                           "chance once (static), by threshold, or not at all (none: then the loss is no "
                           "likelihood, see README) (default: dynamic)")
    model = sub.add_argument_group("model")
    model.add_argument("--latent", type=_count, metavar="Z", help="latent dimensions (default: 2)")
    model.add_argument("--hidden", type=_sizes, metavar="H,H", help="units of the encoder's hidden layers, "
                       'which the decoder has in reverse; "" for none (default: 300,150)')
    model.add_argument("--activation", choices=ACTIVATIONS, help="(default: tanh)")
    model.add_argument("--dtype", choices=("float32", "float64"), help="(default: float32)")
    steps = sub.add_argument_group("training")
    steps.add_argument("--epochs", type=_count, help="(default: 300 for digits, else 20)")
    steps.add_argument("--batch-size", type=_count, help="(default: 50)")
    steps.add_argument("--optimizer", choices=OPTIMIZERS, help="(default: adam)")
    steps.add_argument("--lr", type=_rate, help="learning rate (default: 0.001)")
    steps.add_argument("--seed", type=_seed, help="of weights, order and noise (default: 0)")
    _add_backend(steps)

    sub = command("show", show_command, "Draw the pictures of a run anew.")
    sub.add_argument("run", metavar="RUN", help="the run folder")
    _add_data_dir(sub)
    _add_backend(sub)

    sub = command("evaluate", evaluate_command, "Print test ELBO, log p(x) and active units of a run.")
    sub.add_argument("run", metavar="RUN", help="the run folder")
    sub.add_argument("--samples", type=_count, default=1000,
                     help="draws of z for each image, to estimate log p(x) (default: 1000)")
    sub.add_argument("--images", type=_count, help="only the first so many test images")
    _add_data_dir(sub)
    _add_backend(sub)

    sub = command("gradcheck", gradcheck_command, "Check every hand-derived gradient against differences.")
    sub.add_argument("--seed", type=_seed, help="of the random inputs (default: 0)")
    _add_backend(sub)

    sub = command("bench", bench_command, "Time a training step beside its matrix products alone.")
    sub.add_argument("--batch", type=_count, help="examples in a batch (default: 100)")
    _add_backend(sub)
    return parser


def _add_data_dir(parser):
    parser.add_argument("--data-dir", metavar="DIR", help="where the MNIST files are, or are downloaded to "
                        "(default: $MINIVAE_DATA, else ~/.cache/minivae)")


def _add_backend(parser):
    parser.add_argument("--backend", choices=("numpy", "cupy", "auto"),
                        help="CPU, GPU, or the GPU where it works (default: auto)")


if __name__ == "__main__":
    sys.exit(main())
