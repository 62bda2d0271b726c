"""`show` and `evaluate`: what a saved run has learned, in pictures and in numbers."""

import math

import numpy

from ... import evaluation
from ...autoencoder import Autoencoder
from ...backend import get_xp
from ...errors import InputError
from ...system.opening import open_on_screen
from ...system.progress import ProgressBar
from ...runs.build import saved_run
from ...runs.configuration import EVALUATION_SEED
from ..exit_codes import OK
from ..pictures import draw


def show_command(args):
    run, images, model, _ = saved_run(args)
    pictures = draw(run, images, model)
    if args.open and not open_on_screen(run.folder.resolve()):
        print("the folder can't be opened from here; the paths of the pictures:")
        for path in pictures:
            print(path.resolve())
    return OK


def evaluate_command(args):
    run, images, model, epoch = saved_run(args)
    test = images.test[:args.images] if args.images else images.test
    if isinstance(model, Autoencoder):
        for name in ("samples", "gap", "draw_on"):
            value = getattr(args, name)
            if value is not None:
                raise InputError(f"--{name.replace('_', '-')} {value} is for a VAE, but {args.run} is a "
                                 "plain autoencoder; leave it out")
        losses = evaluation.autoencoder_loss(model, test)
        print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, per image ± standard error")
        print(f"  {run.config['error']:<21} {_mean(losses)}")
        return OK
    xp = get_xp(model.parameters.flat) if args.draw_on == "device" else numpy
    rng = xp.random.default_rng(EVALUATION_SEED)
    bound = evaluation.elbo(model, test, rng, n_samples=10)
    print(f"{run.folder}, after epoch {epoch}, on {len(test)} test images, nats per image ± standard error")
    print(f"  ELBO                  {_mean(bound.elbo)}    10 samples per image")
    print(f"    E_q[log p(x|z)]     {_mean(bound.reconstruction)}    the reconstruction")
    print(f"    KL                  {_mean(bound.kl)}    KL(q(z|x) ‖ p(z))")
    bar = ProgressBar("log p(x)")
    samples = args.samples or 1000
    log_px = evaluation.log_likelihood(model, test, rng, samples, progress=bar)
    bar.clear()
    print(f"  log p(x)              {_mean(log_px)}    importance sampling, {samples} samples per image")
    active = evaluation.active_units(model, test)
    print(f"  active units          {active.count} of {model.latent_dim}    latents with Var(E_q[z]) > 0.01")
    if args.gap:
        _print_gap(model, test[:args.gap], rng)
    return OK


def _print_gap(model, x, rng):
    gap = evaluation.amortization_gap(model, x, rng)
    print(f"  the amortization gap, on the first {len(x)} of these images")
    print(f"    encoder's ELBO      {_mean(gap.encoder_elbo)}")
    print(f"    optimized ELBO      {_mean(gap.optimized_elbo)}    a separate q fitted to each image")
    print(f"    log p(x)            {_mean(gap.log_px)}")
    amortization, approximation = gap.optimized_elbo - gap.encoder_elbo, gap.log_px - gap.optimized_elbo
    print(f"    amortization gap    {_mean(amortization)}    what a better encoder could gain")
    print(f"    approximation gap   {_mean(approximation)}    what this family of q can't reach")


def _mean(values):
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{values.mean():9.3f} ± {error:.3f}"
