"""What `infer` and `variance` print: a fit next to the exact answer, and a comparison of estimators."""

from typing import Any, NamedTuple

import numpy

from ..backend import get_xp, to_numpy
from ..optimizers import Adam
from ..posteriors import DiagonalGaussian
from .approximations import FAMILIES, FullRankGaussian, MeanFieldGaussian
from .coordinate_ascent import coordinate_ascent
from .estimators import ESTIMATORS, Reparameterized
from .distributions import Grid
from .fitting import Estimate, elbo, estimate_log_evidence, fit, gradient_variance
from .model import NoExactAnswer
from .other_models import FixedDecoder
from .transforms import Unconstrained, unconstrained

SAMPLES = 100_000       # for the final ELBO, and for the moments of a q that a transform made non-Gaussian


class Belief(NamedTuple):
    """A distribution of z to print and plot, on the host: mean (Z,), covariance (Z, Z), log_prob(z) (S,)."""

    mean: numpy.ndarray
    covariance: numpy.ndarray
    log_prob: Any

    @property
    def std(self):
        return numpy.sqrt(self.covariance.diagonal())


class Fit(NamedTuple):
    """A fitted q, its ELBO, the ELBO at each step, a function that estimates log p(x), and the first ELBO."""

    q: Belief
    elbo: Estimate
    curve: list
    estimate_evidence: Any = None
    start: Estimate | None = None

    @property
    def fell(self):
        """Is the ELBO lower than at the start, by more than the noise of the two estimates?"""
        if self.start is None:
            return False
        return self.elbo.mean < self.start.mean - 3 * (self.start.error + self.elbo.error)


def fit_by_gradient(model, xp, family, estimator, make_optimizer, n_samples, steps, seed, progress=None):
    """Fit a Gaussian, at first N(0, I). In the second half the learning rate falls to a hundredth. -> Fit"""
    rng = numpy.random.default_rng(seed)
    free, Z = unconstrained(model), model.latent_dim
    q = FAMILIES[family](xp.zeros(Z), xp.ones(Z))
    start = elbo(free, q, numpy.random.default_rng(seed))
    optimizer = make_optimizer(q.knobs)
    first_lr, curve = optimizer.lr, []
    for step in fit(free, q, ESTIMATORS[estimator](), optimizer, n_samples, steps, rng):
        optimizer.lr = first_lr * min(1, 10 ** (2 - 4 * step.step / steps))
        curve.append(step.elbo)
        if progress:
            progress(step.step, steps, lambda: f"ELBO {step.elbo:.2f}")
    return Fit(belief(free, q, rng), elbo(free, q, rng, SAMPLES), curve,
               lambda: estimate_log_evidence(free, q, rng, SAMPLES), start)


def fit_by_coordinates(model, sweeps):
    """Fit by coordinate ascent, until the ELBO stops rising or all sweeps are done. -> Fit"""
    curve = []
    for update in coordinate_ascent(model, sweeps):
        curve.append(update.elbo)
        Z = model.latent_dim
        if len(curve) > Z and curve[-1] - curve[-1 - Z] < 1e-12 * abs(curve[-1]):
            break
    q = Belief(update.q.mean, update.q.covariance, update.q.log_prob)
    return Fit(q, Estimate(update.elbo, 0.0), curve)


def image_and_encoder(vae, x, seed):
    """The model of one image x (D,) with a VAE's decoder, and the encoder's q(z|x). -> FixedDecoder, Fit"""
    rng = numpy.random.default_rng(seed)
    model, xp = FixedDecoder(vae, x), get_xp(vae.parameters.flat)
    mean, scale = (part[0].astype("float64") for part in vae.encode(xp.asarray(x)[None]))
    q = (MeanFieldGaussian if isinstance(vae.posterior, DiagonalGaussian) else FullRankGaussian)(mean, scale)
    return model, Fit(belief(model, q, rng), elbo(model, q, rng, SAMPLES), [])


def belief(model, q, rng):
    """q as a distribution of the model's own latents z, also where q is over ζ, with z = T(ζ). -> Belief"""
    xp = get_xp(q.knobs)
    if not isinstance(model, Unconstrained):
        return Belief(to_numpy(q.mean()), to_numpy(q.covariance()),
                      lambda z: to_numpy(q.log_prob(xp.asarray(z))))

    def log_prob(z):
        zeta = model.unconstrain(xp.asarray(z))
        return to_numpy(q.log_prob(zeta) - model.log_jacobian(zeta).sum(axis=1))    # q(z) = q(ζ) |dζ/dz|

    z = to_numpy(model.constrain(q.sample(q.draw_noise(rng, SAMPLES))))
    return Belief(z.mean(axis=0), numpy.atleast_2d(numpy.cov(z.T)), log_prob)


def exact(model):
    """The exact posterior, log p(x), and how they are computed, or three None. -> Belief, Estimate, str"""
    try:
        p = model.posterior()
    except NoExactAnswer:
        return None, None, None
    how = "quadrature" if isinstance(p, Grid) else "exact"
    return Belief(p.mean, p.covariance, p.log_prob), Estimate(model.log_evidence(), 0.0), how


def print_beliefs(names, beliefs):
    """Print a table of means and standard deviations, and of correlations for two or three latents."""
    beliefs = {title: b for title, b in beliefs.items() if b is not None}
    print(" " * 24 + "".join(f"{title:>24}" for title in beliefs))
    print(" " * 24 + f"{'mean':>14}{'std':>10}" * len(beliefs))
    for i, name in enumerate(names):
        numbers = "".join(f"{b.mean[i]:>14.4f}{b.std[i]:>10.4f}" for b in beliefs.values())
        print(f"  {name:<22}{numbers}")
    for i, j in [(i, j) for j in range(len(names)) for i in range(j)] if len(names) <= 3 else []:
        correlations = [b.covariance[i, j] / (b.std[i] * b.std[j]) for b in beliefs.values()]
        label = f"correlation of {names[i]}, {names[j]}"
        print(f"  {label:<22}" + "".join(f"{r:>24.3f}" for r in correlations))


def print_bound(evidence, how, fitted):
    """Print log p(x), the ELBO, and the gap between them, KL(q ‖ posterior). -> the gap"""
    sign = "=" if evidence else "≈"
    if evidence is None:
        evidence, how = fitted.estimate_evidence(), "importance sampling from q"
    gap = Estimate(evidence.mean - fitted.elbo.mean, (evidence.error ** 2 + fitted.elbo.error ** 2) ** 0.5)
    print(f"  log p(x)                 {_with_error(evidence)}    {how}")
    print(f"  ELBO                     {_with_error(fitted.elbo)}    "
          + (f"{SAMPLES} samples" if fitted.elbo.error else "exact"))
    print(f"  gap {sign} KL(q ‖ posterior)  {_with_error(gap)}    nats")
    rise = _rise(fitted.curve)
    print(f"  in the last tenth of the steps the ELBO rose by {rise:.4f}" if rise > 0
          else "  in the last tenth of the steps the ELBO did not rise")
    return gap.mean


def _with_error(estimate):
    mean = round(estimate.mean, 4) + 0.0        # turns −0.0 into 0.0
    return f"{mean:>12.4f}" + (f" ± {estimate.error:.4f}" if estimate.error else " " * 9)


def _rise(curve):
    """How much a noisy curve rose from its second-last tenth to its last; 0 if not more than its noise."""
    tenth = max(len(curve) // 10, 1)
    last, before = numpy.array(curve[-tenth:]), numpy.array(curve[-2 * tenth:-tenth])
    if not len(before):
        return 0.0
    error = ((last.var() + before.var()) / tenth) ** 0.5
    rise = last.mean() - before.mean()
    return float(rise) if rise > 2 * error and rise > 1e-4 else 0.0


def print_variances(examples, xp, n_samples, repeats, seed, progress=None):
    """Print the variance of every estimator of ∇ ELBO, summed over the knobs of a mean-field q, as a table.

    There are two q for each model: N(0, I), where fits start, and the fitted q.
    """
    print(f"Variance of the estimated ∇ ELBO, summed over the knobs of a mean-field Gaussian q, from {repeats} "
          f"estimates\nwith {n_samples} samples each. At the start q is N(0, I).\n")
    print(" " * 28 + "".join(f"{name:>{_width(name)}}" for name in ESTIMATORS))
    for number, (name, example) in enumerate(examples.items()):
        rng = numpy.random.default_rng(seed)
        model = unconstrained(example.make(xp))
        zero, one = xp.zeros(model.latent_dim), xp.ones(model.latent_dim)
        start, fitted = MeanFieldGaussian(zero, one), MeanFieldGaussian(zero, one)
        optimizer = Adam(fitted.knobs, lr=0.05)
        for step in fit(model, fitted, Reparameterized("path-only"), optimizer, 10, 2000, rng):
            optimizer.lr = 0.05 * 0.01 ** (step.step / 2000)
        for place, (where, q) in enumerate({"start": start, "fitted": fitted}.items()):
            row = f"{name:<20}{where:>8}"
            for column, (estimator, make) in enumerate(ESTIMATORS.items()):
                noise = numpy.random.default_rng(seed)      # the same for all estimators
                variance = gradient_variance(model, q, make(), n_samples, noise, repeats).sum()
                row += f"{variance:>{_width(estimator)}.2g}"
                if progress:
                    done = (2 * number + place) * len(ESTIMATORS) + column + 1
                    progress(done, 2 * len(examples) * len(ESTIMATORS))
            if progress:
                progress.clear()
            print(row)


def _width(estimator):
    return max(len(estimator) + 2, 9)       # a number like 1.2e-16 takes 7 characters
