"""The options of the command line, and which of their values are possible."""

import argparse

from .. import __version__
from . import run_folder as runs
from ..inference import ESTIMATORS, FAMILIES
from ..inference.examples import EXAMPLES


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, without the usage before it, which can be longer than a screen."""

    def error(self, message):
        self.exit(2, f"minivae: error: {message}; see: python -m {self.prog} --help\n")


def parser(commands):
    """The argument parser. commands: {"train": function, ...}; args.command is the one that was chosen."""
    main = _Parser(
        prog="minivae", description="A variational autoencoder written out by hand.",
        epilog="Exit codes: 0 well, 1 a check failed or training diverged, 2 bad usage or input, "
               "130 interrupted.")
    main.add_argument("--version", action="version", version=f"minivae {__version__}")
    subparsers = main.add_subparsers(required=True, metavar="COMMAND")

    def command(name, text):
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.set_defaults(command=commands[name])
        return sub

    _train_options(command("train", "Train a model and leave a run folder with its pictures."))

    sub = command("show", "Draw the pictures of a run anew.")
    _saved_run_options(sub)

    sub = command("evaluate", "Print test ELBO, log p(x) and active units of a run.")
    _saved_run_options(sub)
    sub.add_argument("--samples", type=_count, metavar="K",
                     help="draws of z for each image, to estimate log p(x) (default: 1000)")
    sub.add_argument("--images", type=_count, metavar="N", help="only the first N test images")
    sub.add_argument("--gap", type=_count, metavar="N",
                     help="also fit q to each of the first N by itself, and print the amortization gap")

    _infer_options(command("infer", "Fit a q to the posterior of a model, and compare it with the truth."))

    sub = command("variance", "Compare the estimators of the ELBO's gradient by their variance.")
    sub.add_argument("models", nargs="*", metavar="MODEL", type=_name_of(EXAMPLES),
                     help="of those that `infer` knows, without image (default: all)")
    sub.add_argument("--samples", type=_levels, default=100, metavar="S",
                     help="draws of z for each estimate (default: 100)")
    sub.add_argument("--repeats", type=_levels, default=2000, metavar="N", help="estimates (default: 2000)")
    sub.add_argument("--seed", type=_seed, default=0, help="of the noise (default: 0)")
    _add(sub, "backend", "CPU, GPU, or the GPU where it works")

    sub = command("exercises", "Gradient-check exercises: list them, check them, be told what is wrong.")
    sub.add_argument("what", nargs="*", metavar="N | start DIR",
                     help="the number of one, to check it; start DIR copies all to a folder of yours "
                     "(default: list all, with progress)")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true",
                      help="check again whenever the file is saved, and go on to the next when it is right")
    what.add_argument("--hint", action="store_true", help="a hint, one more each time")
    what.add_argument("--solution", action="store_true", help="the solution, once yours is right")
    what.add_argument("--reset", action="store_true", help="restore the file; yours is kept beside it")
    sub.add_argument("--force", action="store_true", help="with --solution: show it before")

    sub = command("gradcheck", "Check every hand-derived gradient against differences.")
    sub.add_argument("--all", action="store_true", help="print every tensor, not only the worst of each")
    sub.add_argument("--seed", type=_seed, default=0, help="of the random inputs (default: 0)")
    _add(sub, "backend", "CPU, GPU, or the GPU where it works")

    sub = command("bench", "Time a training step beside its matrix products alone.")
    sub.add_argument("--batch", type=_count, metavar="N", help="batch size (default: 100 for the paper's "
                     "network, 4096 for the large one)")
    _add(sub, "backend", "CPU, GPU, or the GPU where it works")
    return main


def _train_options(sub):
    sub.add_argument("--out", type=_text, metavar="RUN",
                     help="the run folder (default: runs/ and the name of the data)")
    sub.add_argument("--overwrite", action="store_true", help="replace the run that the folder holds")
    sub.add_argument("--resume", type=_text, metavar="RUN",
                     help="go on with an interrupted run, or add --epochs to a finished one whose "
                     "learning rate does not fall")
    group = sub.add_argument_group("data")
    _add_data(group, "digits")
    _add(group, "key", "the name of the array in an .npz file that holds several", _text, "NAME")
    _add(group, "binarize", "how grey pixels become black or white: by chance anew each epoch (dynamic), by "
         "chance once (static), by threshold, or not at all (default: dynamic where data must be black or "
         "white, else none)")
    group = sub.add_argument_group("model")
    _add(group, "model", "")
    _add(group, "latent", "latent dimensions", _count, "Z")
    group.add_argument("--hidden", type=_sizes, metavar="H,H", help="units of the encoder's hidden layers, "
                       'which the decoder has in reverse; "" for none (default: 300,150)')
    _add(group, "activation", "")
    _add(group, "likelihood", "p(x|z) of the VAE")
    _add(group, "variance", "of the gaussian likelihood: a number, shared (learned, one for all), or "
         "per-pixel (from the decoder)", _variance, "V")
    _add(group, "floor", "below which a learned variance can't fall", _rate, "V")
    _add(group, "levels", "grey levels of the categorical likelihood (default: 17 for digits, else 16)",
         _levels, "K")
    _add(group, "posterior", "covariance of q(z|x)")
    _add(group, "error", "what the autoencoder minimizes")
    _add(group, "dtype", "")
    group = sub.add_argument_group("training")
    _add(group, "samples", "draws of z for each example", _count, "L")
    _add(group, "kl", "how the KL is computed")
    _add(group, "bound", "what is maximized; iwae needs --kl monte-carlo")
    _add(group, "beta", "weight of the KL; where it is not 1, what is maximized is not the ELBO", _weight,
         "B")
    _add(group, "update", "what is trained: the encoder (inference for a fixed decoder), the decoder "
         "(likelihood for a fixed encoder), both, or one after the other in turn (alternate)")
    _add(group, "epochs", "(default: 300 for digits, else 20)", _count, "N")
    _add(group, "batch_size", "examples in a batch", _count, "N")
    _add(group, "optimizer", "")
    _add(group, "lr", "learning rate", _rate, "R")
    _add(group, "final_lr", "let the learning rate fall to this, by the same factor each epoch", _rate, "R")
    _add(group, "stages", "instead of --epochs and --final-lr: B^i epochs, rounded, at a learning rate of lr "
         "10^(-i/7), for i = 0 to 7; B from 1 (8 epochs) to 10 (Burda et al. 2016: 3, 3280 epochs)",
         _stages, "B")
    _add(group, "epsilon", "what adam, adagrad and rmsprop add to the root they divide by (default: 1e-08)",
         _epsilon, "E")
    _add(group, "seed", "of weights, order and noise", _seed, "S")
    _add(group, "backend", "CPU, GPU, or the GPU where it works")


def _infer_options(sub):
    models = "; ".join(f"{name}: {example.about}" for name, example in EXAMPLES.items())
    sub.add_argument("model", choices=[*EXAMPLES, "image"], metavar="MODEL",
                     help=f"{models}; image: one test image under the decoder of a trained VAE (--run)")
    sub.add_argument("--q", choices=list(FAMILIES), help="Gaussian with independent "
                     "latents, or with any covariance (default: mean-field)")
    sub.add_argument("--estimator", choices=[*ESTIMATORS, "cavi"], default="reparam",
                     help="of the ELBO's gradient: score function, with running baseline, control variate "
                     "(cv), Rao-Blackwellization (rb); reparameterized with analytic entropy, full Monte "
                     "Carlo (mc), path only; or coordinate ascent without gradients (default: reparam)")
    sub.add_argument("--samples", type=_count, metavar="S",
                     help="draws of z a step (default: 10)")
    sub.add_argument("--steps", type=_count, default=2000, metavar="N",
                     help="steps, or at most so many sweeps of cavi (default: 2000)")
    _add(sub, "optimizer", "")
    sub.add_argument("--lr", type=_rate, metavar="R",
                     help="first learning rate; it falls to a hundredth (default: 0.05)")
    sub.add_argument("--seed", type=_seed, metavar="S", help="of the noise (default: 0)")
    sub.add_argument("--run", type=_text, metavar="RUN",
                     help="for image: the run folder of a VAE (default: runs/digits)")
    sub.add_argument("--image", type=_index, metavar="I",
                     help="for image: which test image (default: 0)")
    sub.add_argument("--out", type=_text, metavar="PNG",
                     help="the picture (default: in runs/infer, named after its options, and replaced)")
    sub.add_argument("--overwrite", action="store_true", help="replace the file of --out")
    _add(sub, "backend", "CPU, GPU, or the GPU where it works")


def _name_of(names):
    def parse(text):
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r:.60} is none of {', '.join(names)}")
        return text
    return parse


def _saved_run_options(sub):
    sub.add_argument("run", type=_text, metavar="RUN", help="the run folder")
    _add_data(sub, "what the run was trained on")
    _add(sub, "backend", "CPU, GPU, or the GPU where it works")


def _add_data(parser, default):
    parser.add_argument("--data", type=_text, help="digits, mnist, fashion-mnist, or an IDX, .npy or .npz "
                        f"file of images (default: {default})")
    parser.add_argument("--data-dir", type=_text, metavar="DIR", help="where the MNIST files are, or are "
                        "downloaded to (default: $MINIVAE_DATA, else ~/.cache/minivae)")


def _add(parser, name, text, convert=None, metavar=None):
    """An option of runs.DEFAULTS. Left out, it is None: so --resume can tell what was asked for."""
    default = runs.DEFAULTS[name]
    if default is not None:
        text += f" (default: {default})"
    if name in runs.CHOICES:
        options = {"choices": runs.CHOICES[name]}
    else:
        options = {"type": convert, "metavar": metavar}
    parser.add_argument("--" + name.replace("_", "-"), help=text.strip(), **options)


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


_text = _option(str, lambda value: value != "", "a name")
_count = _option(int, runs.is_whole, "a whole number from 1 to 10⁹")
_levels = _option(int, lambda value: runs.is_whole(value, 2), "a whole number from 2 to 10⁹")
_seed = _option(int, runs.VALID["seed"], "a whole number from 0 to 10⁹")
_index = _option(int, lambda value: runs.is_whole(value, 0), "a whole number from 0 to 10⁹")
_rate = _option(float, runs.is_real, "a finite number above 0")
_epsilon = _option(float, runs.VALID["epsilon"], "a finite number above 1e-37")
_stages = _option(float, runs.VALID["stages"], "a number from 1 to 10")
_weight = _option(float, runs.VALID["beta"], "a finite number of at least 0")


def _variance(text):
    return text if text in ("shared", "per-pixel") else _rate(text)


def _sizes(text):
    return [_count(part) for part in text.split(",")] if text else []
