"""The command line: python -m minivae, or minivae for short."""

import argparse
import math
import os
import sys
from pathlib import Path

import numpy

from . import __version__, bench, datasets, evaluation, gradcheck, runs
from .autoencoder import Autoencoder
from .backend import BackendUnavailable, array_module
from .errors import InputError
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
        with numpy.errstate(over="ignore", invalid="ignore", divide="ignore"):     # told by their results instead
            return args.command(args)
    except (InputError, BackendUnavailable) as error:
        return _fail(error)
    except MemoryError as error:
        return _fail(f"not enough memory ({error}); choose smaller sizes")
    except KeyboardInterrupt:
        print("\nminivae: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has had enough
        return OK
    except OSError as error:
        return _fail(f"{error}; check that path, or the output, can be read and written")


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
            raise InputError(f"{run.folder} has finished its {epoch} epochs; to see them, use "
                             f"minivae show {run.folder}; to add some, give --epochs above {epoch}")
        print(f"going on after epoch {epoch} of {config['epochs']} in {run.folder}")
    else:
        run = runs.Run.create(args.out or f"runs/{_short_name(config['data'])}", config, args.overwrite)
        epoch = 0
        run.save(model, optimizer, epoch, rng)
    run.save_config()
    run.remove_leftovers()
    xp_name = array_module(config["backend"]).__name__
    print(f"{len(images.train)} images to train with, {len(images.test)} to test, of {images.shape[0]}x"
          f"{images.shape[1]} pixels; {model.parameters.flat.size} parameters; {xp_name} {config['dtype']}")

    bar = ProgressBar("epoch")
    sign, name = (1, "test loss") if config["model"] == "autoencoder" else (-1, "test ELBO")
    print(f"    epoch      loss reconstr.      KL  {name}  examples/s     left")
    try:
        for report in train(model, data, optimizer, config["epochs"], config["batch_size"], rng,
                            first_epoch=epoch + 1, transform=transform, progress=bar,
                            **runs.loss_options(config)):
            row = {**report._asdict(), "test_loss": _test_loss(model, images.test)}
            if not math.isfinite(row["test_loss"]):
                raise Diverged(f"the loss of the test images became {row['test_loss']} after epoch {report.epoch}; "
                               "try a smaller learning rate")
            run.history.append(row)
            run.save(model, optimizer, report.epoch, rng)
            epoch = report.epoch        # only now is it kept
            bar.clear()
            print(_epoch_line(row, config["epochs"], run.history, sign), flush=True)
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
    try:
        _draw(run, images, model)
    except KeyboardInterrupt:
        print(f"minivae: interrupted; all is trained and saved, draw it with: minivae show {run.folder}",
              file=sys.stderr)
        return INTERRUPTED
    return OK


def _config_from(args):
    config = {name: default if getattr(args, name) is None else getattr(args, name)
              for name, default in runs.DEFAULTS.items()}
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
        losses = evaluation.autoencoder_loss(model, test)
        print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, per image ± standard error")
        print(f"  {run.config['error']:<21} {_mean(losses)}")
        return OK
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
    if args.gap:
        _print_gap(model, test[:args.gap], rng)
    return OK


def _print_gap(model, x, rng):
    gap = evaluation.amortization_gap(model, x, rng)
    print(f"  the amortization gap, on the first {len(x)} of them")
    print(f"    encoder's ELBO      {_mean(gap.encoder_elbo)}")
    print(f"    optimized ELBO      {_mean(gap.optimized_elbo)}    q fitted to each image by itself")
    print(f"    log p(x)            {_mean(gap.log_px)}")
    print(f"    amortization gap    {_mean(gap.optimized_elbo - gap.encoder_elbo)}    what a better encoder could gain")
    print(f"    approximation gap   {_mean(gap.log_px - gap.optimized_elbo)}    what this family of q can't reach")


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
    return run, images, model, run.load(model)


def _draw(run, images, model):
    from . import plots     # only here: matplotlib takes longer to import than all the rest

    pictures = {"reconstructions": plots.reconstructions(model, images.test[:60], images.shape),
                "samples": plots.samples(model, images.shape, numpy.random.default_rng(EVALUATION_SEED))}
    if run.history:
        name = "ELBO" if run.config["model"] == "vae" else f"−{run.config['error']}"
        unit = "" if run.config["error"] == "squared-error" and run.config["model"] == "autoencoder" else "nats "
        pictures["curves"] = plots.curves(run.history, name, unit)
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

def _option(convert, is_valid, description):
    """An argparse type: what `convert` makes of the text, where it makes something valid."""
    def parse(text):
        try:
            value = convert(text)
        except ValueError:
            value = None
        if not is_valid(value):
            raise argparse.ArgumentTypeError(f"{text!r:.60} is not {description}")
        return value
    return parse


_text = _option(str, lambda v: v != "", "a name")
_count = _option(int, runs.is_whole, "a whole number from 1 to 10⁹")
_levels = _option(int, lambda v: runs.is_whole(v, 2), "a whole number from 2 to 10⁹")
_seed = _option(int, runs.VALID["seed"], "a whole number from 0 to 10⁹")
_rate = _option(float, runs.is_real, "a finite number above 0")
_weight = _option(float, runs.VALID["beta"], "a finite number of at least 0")


def _variance(text):
    return text if text in ("shared", "per-pixel") else _rate(text)


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
    sub.add_argument("--out", type=_text, metavar="RUN", help="the run folder (default: runs/ and the name of the data)")
    sub.add_argument("--overwrite", action="store_true", help="replace the run that the folder holds")
    sub.add_argument("--resume", type=_text, metavar="RUN",
                     help="go on with an interrupted run, or add --epochs to a finished one")
    data = sub.add_argument_group("data")
    _add_data(data)
    data.add_argument("--key", type=_text, help="the name of the array in an .npz file that holds several")
    data.add_argument("--binarize", choices=runs.CHOICES["binarize"],
                      help="how grey pixels become black or white: by chance anew each epoch (dynamic), by "
                           "chance once (static), by threshold, or not at all (none: then the loss is no "
                           "likelihood, see README) (default: dynamic)")
    model = sub.add_argument_group("model")
    model.add_argument("--model", choices=runs.CHOICES["model"], help="(default: vae)")
    model.add_argument("--error", choices=runs.CHOICES["error"], help="of the autoencoder (default: squared-error)")
    model.add_argument("--likelihood", choices=runs.CHOICES["likelihood"], help="p(x|z) of the VAE (default: bernoulli)")
    model.add_argument("--variance", type=_variance, metavar="V", help="of the gaussian likelihood: a number, "
                       "shared (learned, one for all), or per-pixel (from the decoder) (default: shared)")
    model.add_argument("--levels", type=_levels, metavar="K", help="grey levels of the categorical likelihood "
                       "(default: 17 for digits, else 16)")
    model.add_argument("--posterior", choices=runs.CHOICES["posterior"], help="covariance of q(z|x) (default: diagonal)")
    model.add_argument("--latent", type=_count, metavar="Z", help="latent dimensions (default: 2)")
    model.add_argument("--hidden", type=_sizes, metavar="H,H", help="units of the encoder's hidden layers, "
                       'which the decoder has in reverse; "" for none (default: 300,150)')
    model.add_argument("--activation", choices=runs.CHOICES["activation"], help="(default: tanh)")
    model.add_argument("--dtype", choices=runs.CHOICES["dtype"], help="(default: float32)")
    steps = sub.add_argument_group("training")
    steps.add_argument("--samples", type=_count, metavar="L", help="draws of z for each example (default: 1)")
    steps.add_argument("--kl", choices=runs.CHOICES["kl"], help="(default: closed-form)")
    steps.add_argument("--bound", choices=runs.CHOICES["bound"], help="iwae needs --kl monte-carlo (default: elbo)")
    steps.add_argument("--beta", type=_weight, help="weight of the KL (default: 1)")
    steps.add_argument("--update", choices=runs.CHOICES["update"], help="what the optimizer steps: encoder (inference for a "
                       "fixed decoder), decoder (likelihood for a fixed encoder), both, or one after the other "
                       "in turn (default: both)")
    steps.add_argument("--epochs", type=_count, help="(default: 300 for digits, else 20)")
    steps.add_argument("--batch-size", type=_count, help="(default: 50)")
    steps.add_argument("--optimizer", choices=runs.CHOICES["optimizer"], help="(default: adam)")
    steps.add_argument("--lr", type=_rate, help="learning rate (default: 0.001)")
    steps.add_argument("--seed", type=_seed, help="of weights, order and noise (default: 0)")
    _add_backend(steps)

    sub = command("show", show_command, "Draw the pictures of a run anew.")
    sub.add_argument("run", type=_text, metavar="RUN", help="the run folder")
    _add_data(sub)
    _add_backend(sub)

    sub = command("evaluate", evaluate_command, "Print test ELBO, log p(x) and active units of a run.")
    sub.add_argument("run", type=_text, metavar="RUN", help="the run folder")
    sub.add_argument("--samples", type=_count, default=1000,
                     help="draws of z for each image, to estimate log p(x) (default: 1000)")
    sub.add_argument("--gap", type=_count, metavar="N", help="also fit q to each of the first N test images by "
                     "itself, and print the amortization gap")
    sub.add_argument("--images", type=_count, help="only the first so many test images")
    _add_data(sub)
    _add_backend(sub)

    sub = command("gradcheck", gradcheck_command, "Check every hand-derived gradient against differences.")
    sub.add_argument("--seed", type=_seed, help="of the random inputs (default: 0)")
    _add_backend(sub)

    sub = command("bench", bench_command, "Time a training step beside its matrix products alone.")
    sub.add_argument("--batch", type=_count, help="examples in a batch (default: 100)")
    _add_backend(sub)
    return parser


def _add_data(parser):
    parser.add_argument("--data", type=_text, help="digits, mnist, fashion-mnist, or an IDX, .npy or .npz file of "
                        "images (default: digits, or what the run was trained on)")
    parser.add_argument("--data-dir", type=_text, metavar="DIR", help="where the MNIST files are, or are downloaded to "
                        "(default: $MINIVAE_DATA, else ~/.cache/minivae)")


def _add_backend(parser):
    parser.add_argument("--backend", choices=runs.CHOICES["backend"],
                        help="CPU, GPU, or the GPU where it works (default: auto)")


if __name__ == "__main__":
    sys.exit(main())
