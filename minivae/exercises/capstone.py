"""The capstone: train a VAE with the learner's own functions, and draw its plane of decoded digits.

`train` checks the exercises that a VAE needs, connects their functions, compares vae_backward with
numerical_gradient on a small model, and trains. An exercise that is not done is replaced by its solution.
"""

import math
import traceback
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy

from .. import datasets
from ..errors import Diverged, InputError
from ..gradcheck import TOLERANCE, relative_error
from ..likelihoods import Bernoulli, sigmoid
from ..posteriors import DiagonalGaussian
from ..system.blas import one_thread_if_small
from ..system.progress import ProgressBar
from ..vae import VAE
from . import runner
from .catalog import by_key, originals

# The functions that are taken from each exercise: {key: names}
USED = {
    "0": ("numerical_gradient",), "1": ("linear", "linear_backward"), "2": ("tanh", "tanh_backward"),
    "3": ("mlp", "mlp_backward"), "5": ("log_prob", "log_prob_backward"), "6": ("sample", "sample_backward"),
    "7": ("kl", "kl_backward"), "9": ("vae_forward", "vae_backward"), "10": ("adam_step",)}
HIDDEN, BATCH_SIZE, EPOCHS = (300, 150), 50, 150


def train(folder, quick=False):
    """Train with the functions in the learner's folder, and draw capstone/plane.png there.

    quick: only two epochs, for tests. -> True if the exercises are done, and all went well
    """
    folder, bar = Path(folder), ProgressBar("training")
    print("A variational autoencoder needs these exercises:")
    missing = [by_key(key) for key in USED if not _is_done(folder, by_key(key))]
    if len(missing) == len(USED):
        print(f"None of them is done yet. Begin with {folder / missing[0].file}.py")
        return False
    try:
        mine = connect(folder, missing)
        if not gradient_agrees(mine):
            return False
        model = fit(mine, 2 if quick else EPOCHS, bar)
        draw(mine, model, folder / "capstone" / "plane.png")
    except (Exception, SystemExit) as error:            # SystemExit: a file may call sys.exit
        bar.clear()
        lines = [f"{Path(call.filename).name}, line {call.lineno}" for call in
                 traceback.extract_tb(error.__traceback__) if Path(call.filename).parent == folder]
        if not lines:                                   # none of the learner's files is involved
            raise
        print(f"{lines[-1]}: {type(error).__name__}: {' '.join(str(error).split()) or 'no message'}")
        return False
    if missing:
        print(f"{len(USED) - len(missing)} of {len(USED)} exercises are done. The library stood in for:",
              "; ".join(f"{exercise.key} · {exercise.title}" for exercise in missing)
              + f"\nNext: python -m minivae exercises {missing[0].key}")
    else:
        print("You have derived a variational autoencoder.")
    return not missing


def _is_done(folder, exercise):
    """Check one exercise, and print a line about it."""
    code = runner.run(folder / f"{exercise.file}.py").code
    word = {runner.PASSED: "", runner.WRONG: " (not right yet)", runner.NOT_DONE: " (not done yet)"}[code]
    print(f"  {'→' if word else '✓'} {exercise.key:>3}  {exercise.title}{word}")
    return not word


def connect(folder, missing=()):
    """-> an object with all functions of USED, which from now on call each other and not the library.

    missing: exercises whose solution is used; a solution calls the library.
    """
    modules = {key: _load(folder, by_key(key), by_key(key) in missing) for key in USED}

    def of(*keys):
        return {name: getattr(modules[key], name) for key in keys for name in USED[key]}
    q, p = DiagonalGaussian(), Bernoulli()
    vars(q).update(of("6", "7"))            # q.sample is now that of exercise 6, and so on
    vars(p).update(of("5"))
    vars(modules["3"]).update(of("1", "2"))
    vars(modules["9"]).update(of("3"), q=q, p=p)
    return SimpleNamespace(**of(*USED))


def _load(folder, exercise, solved):
    """The module of the learner's file; or if `solved`, of the original file with its solution."""
    file = (originals() if solved else folder) / f"{exercise.file}.py"
    source = exercise.solution.solve(file.read_text("utf-8")) if solved else file.read_bytes()
    module = ModuleType(exercise.file)
    module.__file__ = str(file)
    exec(compile(source, str(file), "exec"), vars(module))
    for name in USED[exercise.key]:
        if not hasattr(module, name):
            raise InputError(f"{file.name} no longer has a function {name}; restore the file with: "
                             f"python -m minivae exercises {exercise.key} --reset")
    return module


def gradient_agrees(mine):
    """Does vae_backward agree with numerical_gradient on a small model? There all functions work together."""
    rng = numpy.random.default_rng(0)
    model = VAE(6, 2, hidden=(5,), dtype="float64", backend="numpy")
    theta = model.parameters.flat
    theta += 0.1 * rng.standard_normal(theta.shape)     # so that no bias is zero
    x, eps = (rng.random((3, 6)) < 0.5).astype(float), rng.standard_normal((3, 2))
    _, gradient = loss_and_gradient(mine, model, x, eps)

    def loss_at(values):
        theta[...] = values
        return mine.vae_forward(model, x, eps)[0]
    error = relative_error(gradient, mine.numerical_gradient(loss_at, theta.copy()))
    print(f"In a small VAE, vae_backward and numerical_gradient differ by a relative error of {error:.0e}.")
    if not error < TOLERANCE:
        print(f"Less than {TOLERANCE:g} is expected. If you changed a forward function, like mlp, undo that.")
    return error < TOLERANCE


def loss_and_gradient(mine, model, x, eps):
    """x (N, D), eps (N, Z) -> the loss, and its gradient (P,) in the order of model.parameters.flat"""
    loss, *cache = mine.vae_forward(model, x, eps)
    mine.vae_backward(model, x, eps, *cache)
    layers = [*model.encoder_grads, *model.decoder_grads]
    return float(loss), numpy.concatenate([gradient.ravel() for layer in layers for gradient in layer])


def fit(mine, epochs, bar):
    """Train a VAE on the digits, as `python -m minivae train` does, and print how the loss falls. -> model"""
    rng, images = numpy.random.default_rng(0), datasets.digits()
    data, test = images.train.astype(float), datasets.binarize(images.test.astype(float), rng)
    test_eps = rng.standard_normal((len(test), 2))
    model = VAE(data.shape[1], 2, hidden=HIDDEN, dtype="float64", backend="numpy")
    theta = model.parameters.flat
    m, v, t = numpy.zeros_like(theta), numpy.zeros_like(theta), 0
    batches = len(data) // BATCH_SIZE
    print(f"Training with {len(data)} digits; in nats per digit:\n    epoch      loss  test ELBO", flush=True)
    with one_thread_if_small(model, BATCH_SIZE):
        for epoch in range(1, epochs + 1):
            losses = []
            for rows in numpy.array_split(rng.permutation(len(data)), batches):
                x = datasets.binarize(data[rows], rng)      # black or white, drawn again in each epoch
                loss, g = loss_and_gradient(mine, model, x, rng.standard_normal((len(x), 2)))
                t += 1
                mine.adam_step(theta, g, m, v, t)
                losses.append(loss)
                bar(t, epochs * batches, lambda: f"epoch {epoch}, loss {loss:.2f}")
            if not math.isfinite(sum(losses)):
                raise Diverged(f"the loss became {sum(losses)}; check again: python -m minivae exercises 10")
            if epoch % 10 == 0 or epoch in (1, epochs):
                test_loss, *_ = mine.vae_forward(model, test, test_eps)
                bar.clear()
                print(f"{epoch:>4}/{epochs:<4} {numpy.mean(losses):>9.2f} {-test_loss:>10.2f}", flush=True)
    return model


def draw(mine, model, path):
    """Decode the latent plane with the learner's mlp, and write the picture."""
    model.decode = lambda z: sigmoid(mine.mlp(z, model.decoder, "tanh")[0])
    try:
        from .. import plots    # only here: matplotlib takes longer to import than everything else
        path.parent.mkdir(exist_ok=True)
        plots.save(plots.latent_plane(model, (8, 8)), path)
    except Exception as error:      # about the disk, or about matplotlib's settings, fonts or cache
        raise InputError(f"{path} can't be drawn ({type(error).__name__}: {error}); fix this") from error
    print(f"The decoded latent plane is in {path}")
