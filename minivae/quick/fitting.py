"""`fit`: a loop over `train` with Adam, which shows its progress."""

import inspect
import sys

import numpy

from ..backend import get_xp, to_numpy
from ..errors import InputError, require_count, require_real
from ..optimizers import Adam
from ..system.blas import one_thread_if_small
from ..system.progress import ProgressBar, duration
from ..system.suggestions import did_you_mean
from ..training import train


class Reports(list):
    """The EpochReports of a fit. repr is one line, so a prompt or a notebook does not print all of them."""

    def __repr__(self):
        if not self:
            return "[]"
        seconds = duration(sum(report.seconds for report in self))
        return (f"<{len(self)} EpochReports, loss {self[0].loss:.2f} in epoch {self[0].epoch}, "
                f"{self[-1].loss:.2f} in epoch {self[-1].epoch}, {seconds}>")


def fit(model, x, epochs, batch_size, lr, rng, quiet, options):
    """ShortCalls.fit, in models.py. A terminal shows a bar, a notebook a line per tenth of the epochs."""
    require_real("x", x)
    _require_known(model, options)
    require_count(epochs=epochs, batch_size=batch_size, n_samples=options.get("n_samples", 1))
    xp = get_xp(model.parameters.flat)
    x = xp.asarray(to_numpy(x) if xp is numpy else x)
    bar, reports = ProgressBar("fit"), Reports()

    def progress(done, total, note):
        finished = len(reports)
        bar(finished * total + done, epochs * total, lambda: f"epoch {finished + 1}/{epochs}  {note()}")

    if not quiet:
        options = {"progress": progress, **options}
    # Jupyter is no terminal, and gets no bar: a saved notebook would contain every state of it.
    notebook = type(sys.stdout).__module__.startswith("ipykernel")
    optimizer = Adam(model.parameters.flat, lr=lr)
    try:
        with one_thread_if_small(model, batch_size * options.get("n_samples", 1)):
            for report in train(model, x, optimizer, epochs, batch_size, rng, **options):
                reports.append(report)
                if notebook and not quiet and 10 * report.epoch // epochs > 10 * (report.epoch - 1) // epochs:
                    print(f"epoch {report.epoch}/{epochs}  loss {report.loss:.2f}")
    finally:
        bar.end()
    return reports


def _require_known(model, options):
    """Raise InputError for an option that neither fit, train nor the model's loss_and_grad has."""
    known = [name for function in (model.fit, train, model.loss_and_grad)
             for name, parameter in inspect.signature(function).parameters.items()
             if parameter.default is not parameter.empty and name != "eps"]
    for name in options:
        if name not in known:
            raise InputError(f"fit has no option {name!r}{did_you_mean(name, known)}; it has {', '.join(known)}")
