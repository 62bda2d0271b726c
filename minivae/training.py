"""Training in minibatches and epochs; optimizers that take turns."""

import time
from typing import NamedTuple

import numpy

from .backend import get_xp, to_numpy
from .errors import (Diverged, InputError, as_generator, require_choice, require_count, require_real,
                     require_shape)
from .saved_state import require_steps

DRAW_ON = ("host", "device")


class EpochReport(NamedTuple):
    """Means over the examples of one epoch, in the units of Loss, measured while the parameters change."""

    epoch: int
    loss: float
    reconstruction: float
    kl: float
    seconds: float
    examples_per_second: float


def train(model, data, optimizer, epochs, batch_size, rng, first_epoch=1, transform=None, progress=None,
          n_samples=1, draw_on="host", **loss_options):
    """Minibatch descent on model.loss_and_grad, while you loop over it: `for report in train(...): ...`

    It is a generator, which yields an EpochReport after each epoch. Without a loop nothing is trained.

    data        (N, D), on the model's device; shuffled in each epoch; the last batch may be smaller
    epochs      the number of the last epoch; first_epoch is above 1 when a run is continued
    rng         a numpy.random.Generator or a seed, the source of all randomness: order, transform, noise
    transform   transform(x, rng) -> x, applied to each batch in each epoch, like random binarization
    progress    progress(finished examples, all examples, note), called after each step
    n_samples   L, samples of z per example; other options, like beta=0.5, are passed to loss_and_grad; one
                that is a function, like lambda epoch: min(1, (epoch - 1) / 20), is called in each epoch
    draw_on     "host": rng draws all numbers, the same for NumPy and CuPy. "device": a generator there, with
                a seed from rng in each epoch, draws the noise and the transform's numbers: faster on a GPU

    Raises InputError for bad sizes, an optimizer of other parameters, or data that the model can't describe
    (not checked if there is a transform); Diverged if the loss or a parameter is no longer finite.
    """
    require_real("data", data)
    require_shape("data", data, (None, None))
    require_count(epochs=epochs, first_epoch=first_epoch, batch_size=batch_size, n_examples=len(data))
    rng = as_generator(rng)
    require_choice("draw_on", draw_on, DRAW_ON)
    theta = getattr(optimizer, "theta", model.parameters.flat)     # your own optimizer may not have one
    if not get_xp(data).may_share_memory(theta, model.parameters.flat):
        raise InputError("the optimizer does not change this model's parameters; create it with "
                         "model.parameters.flat")
    if hasattr(model, "encoder_grads"):
        _require_views(model)
    if transform is None:
        model.check(data)
    for epoch in range(first_epoch, epochs + 1):
        start = time.perf_counter()
        now = {name: value(epoch) if callable(value) else value for name, value in loss_options.items()}
        steps, sizes = _train_epoch(model, data, optimizer, batch_size, rng, transform, progress,
                                    n_samples, draw_on, now)
        # All losses are fetched here at once: fetching one per step would make the GPU wait.
        losses = to_numpy(get_xp(data).stack([value for step in steps for value in step])).reshape(-1, 3)
        _require_finite(model, losses, epoch)
        loss, reconstruction, kl = numpy.average(losses.astype("float64"), axis=0, weights=sizes).tolist()
        seconds = time.perf_counter() - start
        yield EpochReport(epoch, loss, reconstruction, kl, seconds, len(data) / seconds)


@numpy.errstate(over="ignore", invalid="ignore")        # _require_finite raises a clearer error
def _train_epoch(model, data, optimizer, batch_size, rng, transform, progress, n_samples, draw_on, options):
    xp = get_xp(data)
    order = rng.permutation(len(data))
    if draw_on == "device":
        rng = xp.random.default_rng(int(rng.integers(2 ** 63)))
    steps, sizes = [], []
    for first in range(0, len(data), batch_size):
        x = data[xp.asarray(order[first:first + batch_size])]
        if transform:
            x = transform(x, rng)
            require_real("transform(x, rng)", x)
        loss = model.loss_and_grad(x, model.draw_noise(rng, len(x), n_samples), **options)
        optimizer.step(model.gradients.flat)
        steps.append(loss)
        sizes.append(len(x))
        if progress:
            progress(first + len(x), len(data), lambda: f"loss {float(loss.loss):.2f}")
    return steps, sizes


def _require_finite(model, losses, epoch):
    bad = numpy.flatnonzero(~numpy.isfinite(losses[:, 0]))
    if epoch == 1 and bad.size and bad[0] == 0:
        raise Diverged(f"the loss is {losses[0, 0]} at the first step, before any parameter has changed; "
                       "try a smaller beta, smaller numbers in the data, or another likelihood")
    if bad.size:
        where = f"the loss became {losses[bad[0], 0]} in epoch {epoch}, step {bad[0] + 1}"
    elif not bool(get_xp(model.parameters.flat).isfinite(model.parameters.flat).all()):
        where = f"parameters became infinite or NaN in epoch {epoch}, at its last step"
    else:
        return
    raise Diverged(f"{where}; try a smaller learning rate")


def _require_views(model):
    """Raise InputError unless layers and gradients share their memory with the flat vectors."""
    layers = [*model.encoder, *model.decoder, model.shared]
    grads = [*model.encoder_grads, *model.decoder_grads, model.shared_grads]
    for flat, groups in ((model.parameters.flat, layers), (model.gradients.flat, grads)):
        if not all(get_xp(flat).may_share_memory(view, flat) for group in groups for view in group):
            raise InputError("the layers are no longer views into parameters.flat and gradients.flat; "
                             "create the model again, and set values in place: parameters.flat[...] = values")


class InTurn:
    """Several optimizers, one for each part of θ, that take turns: one step each.

    Parameters that are in no part do not change. With the encoder alone, training is variational inference
    under a fixed decoder; with the decoder alone, it is maximum likelihood with samples from a fixed q.
    With both in turn, it is variational EM.
    """

    def __init__(self, theta, parts, make):
        """parts: slices of theta; make(theta[part]) returns the optimizer of a part."""
        self.theta = theta
        self.parts = parts
        self.optimizers = [make(theta[part]) for part in parts]
        self.t = 0

    def __setstate__(self, state):
        vars(self).update(state)
        for optimizer, part in zip(self.optimizers, self.parts):
            optimizer.theta = self.theta[part]      # a copied view no longer shares memory with θ

    @property
    def lr(self):
        """The learning rate of all optimizers."""
        return self.optimizers[0].lr

    @lr.setter
    def lr(self, value):
        for optimizer in self.optimizers:
            optimizer.lr = value

    def step(self, g):
        """One step of the optimizer whose turn it is, along its part of the gradient g (P,)."""
        turn = self.t % len(self.parts)
        self.optimizers[turn].step(g[self.parts[turn]])
        self.t += 1

    def state(self):
        """The states of all optimizers; each name starts with the number of its part."""
        return {"t": self.t, **{f"{i}.{name}": value for i, optimizer in enumerate(self.optimizers)
                                for name, value in optimizer.state().items()}}

    def load_state(self, state):
        """Continue from a `state()`. Raises InputError for the state of another optimizer or model."""
        require_steps(state)
        own = [{name.partition(".")[2]: value for name, value in state.items() if name.startswith(f"{i}.")}
               for i in range(len(self.optimizers))]
        for optimizer, part in zip(self.optimizers, own):       # check all before changing any
            optimizer.check_state(part)
        for optimizer, part in zip(self.optimizers, own):
            optimizer.load_state(part)
        self.t = int(state["t"])
