"""The capstone: train a VAE with the learner's own functions, and draw its plane of decoded digits.

`train` checks the nine exercises that a VAE needs, connects their functions, compares the gradient of the whole
with the learner's own numerical_gradient, and trains. If an exercise is not done, its solution takes its place.
"""

import math
import traceback
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy

from .. import datasets
from ..errors import Diverged
from ..gradcheck import TOLERANCE, relative_error
from ..likelihoods import Bernoulli, sigmoid
from ..posteriors import DiagonalGaussian
from ..system.blas import one_thread_if_small
from ..system.progress import ProgressBar
from ..vae import VAE
from . import runner
from .catalog import by_key, originals

# What is used of each exercise. Each backward function comes with the forward function of the same file.
USED = {"0": ("numerical_gradient",), "1": ("linear", "linear_backward"), "2": ("tanh", "tanh_backward"),
        "3": ("mlp", "mlp_backward"), "5": ("log_prob", "log_prob_backward"),
        "6": ("sample", "sample_backward"), "7": ("kl", "kl_backward"), "9": ("vae_forward", "vae_backward"),
        "10": ("adam_step",)}
HIDDEN, BATCH_SIZE, EPOCHS = (300, 150), 50, 150


class Unusable(Exception):
    """Why the learner's functions can't be trained with, in one line."""


def train(folder, quick=False):
    """Train with the functions in the learner's folder, and draw capstone/plane.png there.

    quick: two epochs only, for tests. -> True if all functions were the learner's own, and all went well
    """
    folder = Path(folder)
    print("The exercises that a variational autoencoder needs:")
    missing = [by_key(key) for key in USED if not _is_done(folder, by_key(key))]
    if len(missing) == len(USED):
        print(f"None of them is done yet. Begin with {folder / missing[0].file}.py")
        return False
    try:
        mine = connect(folder, missing)
        check_whole(mine)
        model, images = fit(mine, 2 if quick else EPOCHS)
        picture = draw(mine, model, images, folder)
    except Unusable as why:
        print(why)
        return False
    except (Exception, SystemExit) as error:        # SystemExit: a file may call sys.exit
        where = _line_of_the_learner(error, folder)
        if where is None:
            raise
        print(f"{where}: {type(error).__name__}: {' '.join(str(error).split()) or 'no message'}")
        return False
    print(f"The digits that it decodes, over the latent plane: {picture}")
    if missing:
        names = "; ".join(f"{exercise.key} · {exercise.title}" for exercise in missing)
        print(f"{len(USED) - len(missing)} of {len(USED)} exercises are done. The library's functions took the "
              f"place of: {names}.\nNext: python -m minivae exercises {missing[0].key}")
        return False
    print("You have derived a variational autoencoder.")
    return True


def _is_done(folder, exercise):
    """Check one exercise, and print a line about it."""
    done = runner.run(folder / f"{exercise.file}.py").code == runner.PASSED
    print(f"  {'✓' if done else '→'} {exercise.key:>3}  {exercise.title:<52} "
          f"{'yours' if done else 'not done: the solution takes its place'}", flush=True)
    return done


def connect(folder, missing=()):
    """All functions of USED, as attributes of one object. From now on they call each other, not the library."""
    modules = {key: _load(folder, by_key(key), by_key(key) in missing) for key in USED}
    mine = SimpleNamespace()
    for key, names in USED.items():
        for name in names:
            if not callable(getattr(modules[key], name, None)):
                raise Unusable(f"{by_key(key).file}.py no longer has a function {name}; restore the file with: "
                               f"python -m minivae exercises {key} --reset")
            setattr(mine, name, getattr(modules[key], name))
    q, p = DiagonalGaussian(), Bernoulli()
    q.sample, q.sample_backward, q.kl, q.kl_backward = mine.sample, mine.sample_backward, mine.kl, mine.kl_backward
    p.log_prob, p.log_prob_backward = mine.log_prob, mine.log_prob_backward
    vars(modules["3"]).update(linear=mine.linear, linear_backward=mine.linear_backward, tanh=mine.tanh,
                              tanh_backward=mine.tanh_backward)
    vars(modules["9"]).update(mlp=mine.mlp, mlp_backward=mine.mlp_backward, q=q, p=p)
    return mine


def _load(folder, exercise, solved):
    """The module of the learner's file; or if `solved`, of the original file with its solution."""
    file = (originals() if solved else folder) / f"{exercise.file}.py"
    source = exercise.solution.solve(file.read_text("utf-8")) if solved else file.read_bytes()
    module = ModuleType(exercise.file)
    exec(compile(source, str(file), "exec"), vars(module))
    return module


def loss_and_gradient(mine, model, x, eps):
    """x (N, D), eps (N, Z) -> the loss, and its gradient (P,) in the order of model.parameters.flat"""
    loss, *cache = mine.vae_forward(model, x, eps)
    mine.vae_backward(model, x, eps, *cache)
    layers = [*model.encoder_grads, *model.decoder_grads]
    return float(loss), numpy.concatenate([gradient.ravel() for layer in layers for gradient in layer])


def check_whole(mine):
    """Compare vae_backward with numerical_gradient on a small model, where all functions work together."""
    rng = numpy.random.default_rng(0)
    model = VAE(6, 2, hidden=(5,), dtype="float64", backend="numpy")
    theta = model.parameters.flat
    theta += 0.1 * rng.standard_normal(theta.shape)     # the biases too are not zero
    x, eps = (rng.random((3, 6)) < 0.5).astype(float), rng.standard_normal((3, 2))
    expected = float(model.loss_and_grad(x, eps).loss)
    loss, gradient = loss_and_gradient(mine, model, x, eps)
    if relative_error(numpy.array(loss), numpy.array(expected)) > TOLERANCE:
        raise Unusable(f"Your functions connected: the loss of a small model is {loss:.6g}, but {expected:.6g} is "
                       "right. One of the forward functions in your files has been changed.")

    def loss_at(values):
        theta[...] = values
        return mine.vae_forward(model, x, eps)[0]
    error = relative_error(gradient, mine.numerical_gradient(loss_at, theta.copy()))
    print(f"Connected to a small VAE: vae_backward and numerical_gradient differ by a relative error of {error:.0e}")
    if not error < TOLERANCE:
        raise Unusable(f"That is too much: at most {TOLERANCE:g} is expected. Check the exercises again: "
                       "python -m minivae exercises")


def fit(mine, epochs):
    """Train a VAE on the digits, as `python -m minivae train` does. -> the model, the images"""
    rng = numpy.random.default_rng(0)
    images = datasets.digits()
    model = VAE(images.train.shape[1], 2, hidden=HIDDEN, dtype="float64", backend="numpy")
    theta = model.parameters.flat
    m, v, t = numpy.zeros_like(theta), numpy.zeros_like(theta), 0
    test = datasets.binarize(images.test.astype(float), rng)
    test_eps = rng.standard_normal((len(test), 2))
    print(f"Training on {len(images.train)} digits, with {theta.size} parameters:\n"
          "    epoch      loss  test ELBO    (nats per digit)", flush=True)
    bar = ProgressBar("training")
    try:
        with one_thread_if_small(model, BATCH_SIZE):
            for epoch in range(1, epochs + 1):
                losses = []
                order = rng.permutation(len(images.train))
                for first in range(0, len(order), BATCH_SIZE):
                    x = datasets.binarize(images.train[order[first:first + BATCH_SIZE]].astype(float), rng)
                    loss, g = loss_and_gradient(mine, model, x, rng.standard_normal((len(x), 2)))
                    t += 1
                    mine.adam_step(theta, g, m, v, t)
                    losses.append(loss)
                loss, test_elbo = numpy.mean(losses), -float(mine.vae_forward(model, test, test_eps)[0])
                if not math.isfinite(loss + test_elbo):
                    raise Diverged(f"the loss became {loss} in epoch {epoch}; check the exercises again: "
                                   "python -m minivae exercises")
                if epoch == 1 or epoch % 10 == 0 or epoch == epochs:
                    bar.clear()
                    print(f"{epoch:>4}/{epochs:<4} {loss:>9.2f} {test_elbo:>10.2f}", flush=True)
                bar(epoch, epochs, lambda: f"epoch {epoch}, loss {loss:.2f}")
    finally:
        bar.clear()
    return model, images


def draw(mine, model, images, folder):
    """Decode the latent plane with the learner's mlp. -> the path of the picture"""
    from .. import plots    # only here: matplotlib takes longer to import than everything else
    model.decode = lambda z: sigmoid(mine.mlp(z, model.decoder, "tanh")[0])
    path = folder / "capstone" / "plane.png"
    path.parent.mkdir(exist_ok=True)
    plots.save(plots.latent_plane(model, images.shape), path)
    return path


def _line_of_the_learner(error, folder):
    """"05_bernoulli.py, line 38": the last line of the learner's in the traceback; None if there is none."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else None
