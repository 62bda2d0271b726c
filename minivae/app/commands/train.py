"""`train`: train a model, epoch by epoch, and write a run folder with pictures."""

import contextlib
import math
from pathlib import Path

import numpy

from ... import evaluation
from ...autoencoder import Autoencoder
from ...backend import array_module
from ...errors import Diverged, InputError
from ...system.blas import one_thread_if_small
from ...system.progress import ProgressBar, duration
from ...training import train
from ...runs.build import add_images, build_images, build_model, build_optimizer, training_data
from ...runs.configuration import (DEFAULTS, EVALUATION_SEED, absolute_paths, config_from, learning_rate, loss_options,
                             other_bound, rate_falls, require_effect)
from ..exit_codes import CHECK_FAILED, INTERRUPTED, OK, drop_output, reader_left, say
from ..pictures import draw
from ...runs.film import Film
from ...runs.run_folder import Run, locked, make_folder


def train_command(args):
    absolute_paths(args)
    with contextlib.ExitStack() as stack:
        if args.resume is not None:
            stack.enter_context(locked(args.resume))
            run = _resumed_run(args)
            config = run.config
        else:
            asked = {name: getattr(args, name) for name in DEFAULTS if getattr(args, name) is not None}
            config = config_from(asked)
        images = build_images(config)
        model = build_model(config, images.train.shape[1])
        optimizer = build_optimizer(config, model)
        data, transform = training_data(config, images, model)
        rng = numpy.random.default_rng(config["seed"])
        if args.resume is not None:
            add_images(run, images)
            epoch = run.load(model, optimizer, rng)
            _require_epochs_left(run, epoch)
            if config["film"]:
                run.film = Film(images, config["epochs"])
                run.film.load(run.folder / "film.npz", epoch)
            if not args.quiet:
                print(f"continuing after epoch {epoch} of {config['epochs']} in {run.folder}")
        else:
            folder = args.out or f"runs/{_short_name(config['data'])}"
            make_folder(folder)
            stack.enter_context(locked(folder))
            run = Run.create(folder, config, args.overwrite)
            add_images(run, images)
            epoch = 0
            if config["film"]:
                run.film = Film(images, config["epochs"])
                run.film.take(model, epoch)
            if not run.replaces:
                run.save(model, optimizer, epoch, rng)
        single = stack.enter_context(one_thread_if_small(model, config["batch_size"] * config["samples"]))
        shown = None if args.quiet else lines_to_print(epoch + 1, config["epochs"], args.every)
        return _train(run, images, model, optimizer, data, transform, rng, epoch, single, shown)


def _train(run, images, model, optimizer, data, transform, rng, epoch, single, shown):
    """Train from `epoch` to the last one, saving each, then draw the pictures. -> exit code

    shown: epoch -> is a line printed for it? If shown is None, only the last line of all is printed.
    """
    config = run.config
    xp_name = array_module(config["backend"]).__name__
    bar = ProgressBar(f"epoch {epoch + 1}/{config['epochs']}")
    sign, name = (1, "test loss") if config["model"] == "autoencoder" else (-1, "test ELBO")
    optimizer.lr = learning_rate(config, epoch + 1)
    try:
        if shown:
            print(f"{len(images.train)} training images and {len(images.test)} test images of {images.shape[1]}x"
                  f"{images.shape[0]} pixels; {model.parameters.flat.size} parameters; {xp_name} "
                  f"{config['dtype']}{', one thread' if single else ''}")
            print(_what_the_loss_is(config))
            if config["shown"] == "light" and config["binarize"] == "dynamic":
                print("grey pixels become black or white at random, again in each epoch; for photographs choose "
                      "--likelihood gaussian")
            print(f"    epoch      loss reconstr.      KL  {name}  examples/s     left")
        for report in train(model, data, optimizer, config["epochs"], config["batch_size"], rng,
                            first_epoch=epoch + 1, transform=transform, progress=bar if shown else None,
                            **loss_options(config)):
            row = {**report._asdict(), "test_loss": _test_loss(model, images.test)}
            if not math.isfinite(row["test_loss"]):
                raise Diverged(f"the loss of the test images became {row['test_loss']} after epoch "
                               f"{report.epoch}; try a smaller learning rate")
            run.history.append(row)
            if run.film:
                run.film.take(model, report.epoch)
            run.save(model, optimizer, report.epoch, rng)
            epoch = report.epoch        # only now is it saved
            optimizer.lr = learning_rate(config, epoch + 1)
            if shown and shown(epoch):
                bar.clear()
                print(_epoch_line(row, config["epochs"], run.history, sign), flush=True)
            bar.label = f"epoch {epoch + 1}/{config['epochs']}"
    except Diverged as error:
        bar.clear()
        saved = f"the state after epoch {epoch} is saved in {run.folder}"
        say(f"error: {error}; {_unchanged(run) or saved}")
        return CHECK_FAILED
    except (KeyboardInterrupt, OSError) as error:
        if isinstance(error, OSError):
            if not reader_left(error):
                raise
            drop_output()
        bar.clear()
        saved = (f"the state after epoch {epoch} is saved; to see it: python -m minivae show {run.folder}, "
                 f"to continue: python -m minivae train --resume {run.folder}")
        say(f"interrupted; {_unchanged(run) or saved}")
        return INTERRUPTED
    try:
        last = f"epoch {epoch}: {name} {sign * run.history[-1]['test_loss']:.2f}; "
        draw(run, images, model, "" if shown else last)
    except KeyboardInterrupt:
        say("interrupted, but training has finished and is saved; draw the pictures with: "
            f"python -m minivae show {run.folder}")
        return INTERRUPTED
    return OK


def lines_to_print(first, last, every=None):
    """For which epochs a line is printed: every N-th and the last. -> a function: epoch -> bool

    By default at most 30: all, or the first 5 and then in steps of 2, 5, 10, 20, 50 and so on.
    """
    few, step = 0, every or 1
    if not every and last - first >= 30:
        steps = (n * 10 ** k for k in range(10) for n in (1, 2, 5))
        few, step = 5, next(step for step in steps if last - first < 24 * step)
    return lambda epoch: epoch < first + few or epoch % step == 0 or epoch == last


def _unchanged(run):
    """What to say if a run was to be replaced, but is not yet; else ""."""
    if run.is_saved or not run.replaces:
        return ""
    return f"no epoch was finished, so what was in {run.folder} is unchanged"


def _require_epochs_left(run, epoch):
    wanted = run.config["epochs"]
    if epoch >= wanted:
        more = "" if rate_falls(run.config) else f"; to continue, give --epochs above {epoch}"
        raise InputError(f"{run.folder} has finished {epoch} epochs, and only {wanted} are wanted; to see the "
                         f"results: python -m minivae show {run.folder}{more}")


def _what_the_loss_is(config):
    if config["model"] == "autoencoder":
        return f"per image; loss: {config['error']}"
    other = other_bound(config)
    return f"nats per image; loss: {f'−{other}' if other else 'reconstr. + KL'}; reconstr.: −E log p(x|z)"


def _test_loss(model, x):
    if isinstance(model, Autoencoder):
        return float(evaluation.autoencoder_loss(model, x).mean())
    return -float(evaluation.elbo(model, x, numpy.random.default_rng(EVALUATION_SEED)).elbo.mean())


def _resumed_run(args):
    run = Run.open(args.resume)
    if args.out is not None or args.overwrite:
        raise InputError("--resume continues in the run's own folder; leave out --out and --overwrite")
    for name in DEFAULTS:
        asked = getattr(args, name)
        if name == "epochs" and asked is not None and rate_falls(run.config):
            raise InputError(f"the learning rate of {args.resume} falls over {run.config['epochs']} epochs; "
                             "leave out --epochs, or start another run with --out")
        if name in ("epochs", "data_dir", "shown", "film") and asked is not None:
            run.config[name] = asked        # the past epochs stay valid
        elif asked is not None and asked != run.config[name]:
            raise InputError(f"{args.resume} was made with --{name.replace('_', '-')} {run.config[name]}, "
                             f"not {asked}; leave the option out, or start another run with --out")
        if asked is not None:
            require_effect(name, asked, run.config)
    return run


def _short_name(data):
    return Path(data).name.strip(".").partition(".")[0]


def _epoch_line(row, epochs, history, sign):
    left = sum(r["seconds"] for r in history[-10:]) / len(history[-10:]) * (epochs - row["epoch"])
    return (f"{row['epoch']:>4}/{epochs:<4} {row['loss']:>9.2f} {row['reconstruction']:>9.2f} "
            f"{row['kl']:>7.2f} {sign * row['test_loss']:>10.2f} {row['examples_per_second']:>11.0f} "
            f"{duration(left):>8}")
