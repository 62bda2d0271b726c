"""The parser of the command line. The options of `train` are defined in configuration.py."""

import argparse
import itertools
import re

from .. import __version__
from ..inference import ESTIMATORS, FAMILIES
from ..inference.examples import EXAMPLES
from ..runs.configuration import COUNT, FLAG, LEVELS, OPTIONS, RATE, SEED, TEXT, one_of
from .exit_codes import BAD_INPUT, say
from ..system.suggestions import did_you_mean

GROUPS = {
    "data": ("data", "data_dir", "key", "size", "shown", "binarize"),
    "model": ("model", "latent", "hidden", "activation", "likelihood", "variance", "floor", "levels", "posterior",
              "error", "dtype"),
    "training": ("samples", "kl", "bound", "beta", "warm_up", "free_bits", "update", "epochs", "batch_size",
                 "optimizer", "lr", "final_lr", "stages", "epsilon", "seed", "backend", "draw_on"),
    "output": ("film",),
}


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, without the usage text, which can be longer than a screen.

    What is misspelled is reported with a suggestion. Options can't be abbreviated: a script that relied on it
    would break, or change its meaning, when an option is added.
    """

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message):
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice:
            message += did_you_mean(choice[1], re.findall(r"[\w-]+", choice[2]))
        say(f"error: {message}; see: python -m {self.prog} --help")
        self.exit(BAD_INPUT)

    def parse_known_args(self, args=None, namespace=None):
        """As usual, but what is unknown is an error here, in the parser of the command that got it."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.report_unknown(unknown[0])
        return namespace, unknown

    def report_unknown(self, word):
        suggestion = did_you_mean(word.partition("=")[0], self._option_string_actions)
        self.error(f"unrecognized argument: {word:.60}{suggestion}")


class _CommandParser(_Parser):
    """Looks for unknown options first: else the value of one would be taken for, say, the run folder."""

    def parse_known_args(self, args=None, namespace=None):
        for word in itertools.takewhile(lambda word: word != "--", args):
            name = word.partition("=")[0]
            if name.startswith("--") and " " not in name and name not in self._option_string_actions:
                self.report_unknown(word)
        return super().parse_known_args(args, namespace)


def parser():
    """The argument parser; args.command will be the name of the chosen command."""
    main = _Parser(
        prog="minivae", description="A variational autoencoder written out by hand.",
        epilog="Exit codes: 0 success, 1 a check failed or training diverged, 2 bad usage or input, "
               "130 interrupted.")
    main.add_argument("--version", action="version", version=f"minivae {__version__}")
    subparsers = main.add_subparsers(dest="command", metavar="COMMAND", parser_class=_CommandParser)

    def command(name, text):
        return subparsers.add_parser(name, help=text, description=text)

    _train_options(command("train", "Train a model, and write a run folder with pictures."))

    sub = command("runs", "List the runs in a folder: data, model, epoch, test ELBO.")
    sub.add_argument("folder", nargs="?", metavar="DIR", type=_from_text(TEXT),
                     help="a folder that contains run folders, at any depth (default: runs)")

    sub = command("show", "Draw the pictures of a run again.")
    _saved_run_options(sub)
    sub.add_argument("--open", action="store_true",
                     help="also open the folder of the pictures; where that is impossible, print their paths")
    _add(sub, "--shown", OPTIONS["shown"].kind,
         "draw a pixel of 1 as ink, black on white; or as light, white on black (default: as in the run)")

    sub = command("evaluate", "Print the test ELBO, log p(x) and the active units of a run.")
    _saved_run_options(sub)
    _add(sub, "--samples", COUNT, "samples of z per image, to estimate log p(x) (default: 1000)", "K")
    _add(sub, "--images", COUNT, "use only the first N test images", "N")
    _add(sub, "--gap", COUNT, "also fit a separate q to each of the first N images; print the amortization gap",
         "N")
    _add_option(sub, "draw_on")

    _explore_options(command("explore", "Write a page in which a run can be explored, and open it in the browser."))

    sub = command("sample", "Draw new images from the model of a run.")
    _saved_run_options(sub)
    _add(sub, "--n", COUNT, "number of images (default: 100)", "N", 100)
    _add(sub, "--out", TEXT, "new.png, a picture of E[x|z]; or new.npz, with the arrays z ~ N(0, I) (N, Z), "
         "mean = E[x|z] (N, D) and x ~ p(x|z) (N, D) (default: samples-N.png in the run folder; replaced "
         "if it exists)", "FILE")
    sub.add_argument("--overwrite", action="store_true", help="replace the file of --out")
    _add(sub, "--seed", SEED, "seed of z and x: the same seed draws the same images (default: 0)", "S", 0)

    _infer_options(command("infer", "Fit q to the posterior of a model, and compare it with the exact posterior."))

    sub = command("variance", "Compare the estimators of the ELBO's gradient by their variance.")
    sub.add_argument("models", nargs="*", metavar="MODEL", type=_from_text(one_of(EXAMPLES)),
                     help="models of `infer`, except image (default: all)")
    _add(sub, "--samples", LEVELS, "samples of z per estimate (default: 100)", "S", 100)
    _add(sub, "--repeats", LEVELS, "number of estimates (default: 2000)", "N", 2000)
    _add(sub, "--seed", SEED, "seed of the noise (default: 0)", default=0)
    _add_option(sub, "backend")

    sub = command("exercises", "Gradient-check exercises: list them, check them, and find out what is wrong.")
    sub.add_argument("what", nargs="*", metavar="WHAT",
                     help="the exercise to check: its number, file or a word of its name, like 7, 07_kl.py or kl; "
                     "or one of start [DIR]: copy all to a folder (default: exercises); list: show all, with "
                     "minutes, difficulty and progress (the default); next: show the first that is not done; "
                     "capstone: train a VAE with your own functions")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true",
                      help="check an exercise each time its file is saved, by default the first that is not "
                      "done; press ? for the keys that show hints or the list, or go to another exercise")
    what.add_argument("--hint", action="store_true", help="show a hint, one more each time")
    what.add_argument("--solution", action="store_true", help="show the solution, once yours is right")
    what.add_argument("--reset", action="store_true", help="restore the original file; yours is kept beside it")
    what.add_argument("--debug", action="store_true",
                      help="check in this process, without a time limit, so that breakpoint() works")
    sub.add_argument("--force", action="store_true", help="with --solution: show it even if yours is not right")

    sub = command("gradcheck", "Check every hand-derived gradient against differences.")
    sub.add_argument("--all", action="store_true", help="print every tensor, not only the worst of each function")
    _add(sub, "--seed", SEED, "seed of the random inputs (default: 0)", default=0)
    _add_option(sub, "backend")

    sub = command("bench", "Time a training step, its matrix products alone, and log p(x).")
    _add(sub, "--batch", COUNT, "batch size (default: 100 for the paper's network, 4096 for the large one)", "N")
    _add_option(sub, "backend")
    return main


def _train_options(sub):
    _add(sub, "--out", TEXT, "the run folder (default: runs/ plus the name of the data)", "RUN")
    sub.add_argument("--overwrite", action="store_true", help="replace a run that is in the folder already")
    _add(sub, "--resume", TEXT, "continue an interrupted run; or, with a larger --epochs, a finished one whose "
         "learning rate does not fall", "RUN")
    for title, names in GROUPS.items():
        group = sub.add_argument_group(title)
        for name in names:
            _add_option(group, name)
    lines = group.add_mutually_exclusive_group()
    _add(lines, "--every", COUNT, "print a line for every N-th epoch and the last (default: all if there "
         "are at most 30 epochs; else the first 5, then in equal steps); history.csv has every epoch", "N")
    lines.add_argument("--quiet", action="store_true", help="print only errors and the last line; no progress bar")


def _infer_options(sub):
    models = "; ".join(f"{name}: {example.about}" for name, example in EXAMPLES.items())
    sub.add_argument("model", choices=[*EXAMPLES, "image"], metavar="MODEL",
                     help=f"{models}; image: one test image under the decoder of a trained VAE (--run)")
    sub.add_argument("--q", choices=list(FAMILIES), help="Gaussian with independent "
                     "latents (mean-field, the default), or with any covariance (full-rank)")
    sub.add_argument("--estimator", choices=[*ESTIMATORS, "cavi"], default="reparam",
                     help="how to estimate the ELBO's gradient: by the score function, with a running baseline, "
                     "control variate (cv) or Rao-Blackwellization (rb); by reparameterization, with analytic "
                     "entropy, full Monte Carlo (mc), or path only; or use coordinate ascent without gradients "
                     "(cavi) (default: reparam)")
    _add(sub, "--samples", COUNT, "samples of z per step (default: 10)", "S")
    _add(sub, "--steps", COUNT, "number of steps, or largest number of sweeps of cavi (default: 2000)", "N", 2000)
    _add_option(sub, "optimizer")
    _add(sub, "--lr", RATE, "initial learning rate; it falls to a hundredth (default: 0.05)", "R")
    _add(sub, "--seed", SEED, "seed of the noise (default: 0)", "S")
    _add(sub, "--run", TEXT, "for image: the run folder of a VAE (default: runs/digits)", "RUN")
    _add(sub, "--image", SEED, "for image: the number of the test image (default: 0)", "I")
    _add(sub, "--out", TEXT, "the picture (default: a file in runs/infer, named after the options; replaced if it "
         "exists)", "PNG")
    sub.add_argument("--overwrite", action="store_true", help="replace the file of --out")
    _add_option(sub, "backend")


def _explore_options(sub):
    sub.add_argument("run", type=_from_text(TEXT), metavar="RUN", help="the run folder")
    sub.add_argument("run2", type=_from_text(TEXT), metavar="RUN2", nargs="?",
                     help="a second run, on the same data, shown beside the first")
    _add(sub, "--out", TEXT, "the page (default: explore.html in RUN, which is replaced if it exists)", "HTML")
    sub.add_argument("--overwrite", action="store_true", help="replace the file of --out")
    sub.add_argument("--no-open", action="store_true", help="only write the page")
    _data_options(sub)


def _saved_run_options(sub):
    sub.add_argument("run", type=_from_text(TEXT), metavar="RUN", help="the run folder")
    _data_options(sub)
    _add_option(sub, "backend")


def _data_options(sub):
    for name in ("data", "data_dir", "size"):
        _add_option(sub, name, "what the run was trained on" if name == "data" else None)


def _add_option(sub, name, default=None):
    """Add an option of configuration.py. It is None if it is not given; so we know which ones were asked for."""
    option = OPTIONS[name]
    default = option.default if default is None else default
    text = option.help
    if default not in (None, False):
        text += f" (default: {','.join(map(str, default)) if isinstance(default, list) else default})"
    _add(sub, "--" + name.replace("_", "-"), option.kind, text.strip(), option.metavar)


def _add(sub, flag, kind, text, metavar=None, default=None):
    if kind is FLAG:
        how = {"action": "store_const", "const": True}
    elif kind.choices:
        how = {"choices": kind.choices}
    else:
        how = {"type": _from_text(kind), "metavar": metavar or None}
    sub.add_argument(flag, help=text, default=default, **how)


def _from_text(kind):
    """An argparse type: text -> value, if that is a possible value."""
    def parse(text):
        try:
            value = kind.parse(text)
        except ValueError:
            value = None
        if not kind.is_valid(value):
            raise argparse.ArgumentTypeError(f"{text!r:.60} is not {kind.words}"
                                             f"{did_you_mean(text, kind.choices)}")
        return value
    return parse
