# %% [markdown]
# # 4 · Why reparameterize
#
# **What you'll do.** Take the gradient of an average over draws in two ways, derive both, and measure how noisy
# they are: on a toy with a known answer, against the number of latents, against the number of draws, and on the
# way to the posterior.
#
# **What you'll learn.** Why a draw has no derivative, and what "z = μ + σ ε" changes about that; what the score
# function is good for; when reparameterization is far better, and when it isn't; how latents that aren't real
# numbers are dealt with.
#
# **What you'll need.** [Tutorial 3](03_variational_inference.py), or that you know the ELBO.
#
# **Time.** 60 minutes to read, 10 seconds to run: `python tutorials/04_why_reparameterize.py`.

# %%
import math

import numpy as np
from lesson import claim, figure, options, save

from minivae import Adam
from minivae.gradcheck import numerical_gradient
from minivae.inference import (ESTIMATORS, BetaBernoulli, GaussianMean, MeanFieldGaussian, Reparameterized,
                               coordinate_ascent, fit, gradient_moments, gradient_variance, unconstrained)
from minivae.inference.compare import exact, fit_by_coordinates, fit_by_gradient, print_beliefs, print_bound
from minivae.inference.coordinate_ascent import gaussian_elbo
from minivae.inference.distributions import MultivariateNormal
from minivae.inference.estimators import best_coefficient, reparameterized, score_function
from minivae.inference.examples import EXAMPLES

options("Tutorial 4: why reparameterize.")

# %% [markdown]
# ## The gradient of an average that moves
#
# The ELBO is an average over q, and we want its gradient by the knobs of q. In small: x ~ N(θ, 1), and the
# average of x². Here everything is known, E[x²] = θ² + 1, so the gradient is 2θ.
#
#     ∂/∂θ E[x²] = 2θ                                    → next cell
#
# Draw many x and average x²: a good estimate of the average. But its derivative? The numbers have been drawn; θ
# isn't in them any more. Turn θ a little, and they stay: the derivative is 0, which is wrong. Drawing new ones
# at θ ± δ and taking the difference is right on average, but the noise is divided by δ:

# %%
def gaussian(mu, sigma=1.0):
    """The q of one latent, with the knobs μ and log σ²"""
    return MeanFieldGaussian(np.array([mu], "float64"), np.array([sigma], "float64"))


rng, theta, delta = np.random.default_rng(0), 2.0, 0.01
up, down = gaussian(theta + delta), gaussian(theta - delta)
fresh = up.sample(up.draw_noise(rng, 100_000)) ** 2 - down.sample(down.draw_noise(rng, 100_000)) ** 2
fresh /= 2 * delta
eps = up.draw_noise(rng, 100_000)
same = (up.sample(eps) ** 2 - down.sample(eps) ** 2) / (2 * delta)
error = (fresh.var() / len(fresh)) ** 0.5
claim(f"differences of new draws: {fresh.mean():.2f} ± {error:.2f}, variance {fresh.var():,.0f}",
      abs(fresh.mean() - 2 * theta) < 5 * error and fresh.var() > 50_000)
claim(f"differences with the same noise on both sides: {same.mean():.3f}, variance {same.var():.2f}",
      abs(same.mean() - 2 * theta) < 0.05 and abs(same.var() - 4) < 0.2)

# %% [markdown]
# Remember the second line. The draws are made as θ + ε, and ε is the same on both sides. That is the whole idea
# of reparameterization, but let us first see what can be done without it.
#
# ## The log-derivative trick
#
# The average is an integral, and there θ stands in the density. So differentiate the density; then multiply and
# divide by it, to have an average again. λ are all knobs together, and ∇ is the gradient by them:
#
#     ∇ E_q[f] = ∇ ∫ q(z) f(z) dz                        → next cell
#              = ∫ f(z) ∇q(z) dz                         → next cell
#              = ∫ q(z) f(z) ∇ log q(z) dz               → next cell
#              = E_q[f ∇ log q]                          → inference.estimators.score_function
#
# since ∇ log q = ∇q/q. The gradient of log q with z fixed is called the **score**. For a Gaussian, with
# ε = (z − μ)/σ,
#
#     ∂log q/∂μ = ε/σ,  ∂log q/∂log σ² = ½ (ε² − 1)      → inference.approximations.MeanFieldGaussian.score
#
# It asks of f nothing but its value: f may be a black box, may jump, z may be discrete. We check each line, for
# f(z) = z², on a grid.

# %%
z = np.linspace(-12, 16, 20_001)[:, None]
dz = float(z[1, 0] - z[0, 0])
q, f = gaussian(2.0, 0.7), z[:, 0] ** 2
truth = np.array([2 * 2.0, 0.7 ** 2])                           # E[z²] = μ² + σ², by μ and by log σ²


def slope_of_q(knob, delta=1e-5):
    """∂q(z)/∂λ of one knob at each z of the grid, by differences"""
    densities = []
    for shift in (delta, -delta):
        moved = gaussian(2.0, 0.7)
        moved.knobs[knob] += shift
        densities.append(np.exp(moved.log_prob(z)))
    return (densities[0] - densities[1]) / (2 * delta)


lines = {
    "∇ ∫ q f": numerical_gradient(lambda knobs: float((np.exp(q.log_prob(z)) * f).sum() * dz), q.knobs),
    "∫ f ∇q": np.array([(f * slope_of_q(knob)).sum() * dz for knob in (0, 1)]),
    "∫ q f ∇ log q": (np.exp(q.log_prob(z))[:, None] * score_function(q, q.noise(z), f[:, None])).sum(axis=0) * dz}
for line, gradient in lines.items():
    claim(f"{line:<14}  by μ: {gradient[0]:.6f}, by log σ²: {gradient[1]:.6f}", abs(gradient - truth).max() < 1e-6)
eps = q.draw_noise(np.random.default_rng(1), 100_000)
rows = score_function(q, eps, q.sample(eps) ** 2)               # (S, 2): an estimate from each draw
errors = rows.std(axis=0) / len(rows) ** 0.5
claim(f"{'E_q[f ∇ log q]':<14}  by μ: {rows[:, 0].mean():.3f} ± {errors[0]:.3f}, by log σ²: "
      f"{rows[:, 1].mean():.3f} ± {errors[1]:.3f}, from draws",
      (abs(rows.mean(axis=0) - truth) < 5 * errors).all())

# %% [markdown]
# ## Reparameterization
#
# Write the draw as a function of the knobs and of noise that knows nothing of them:
#
#     z = μ + σ ε,  ε ~ N(0, 1)                          → posteriors.DiagonalGaussian.sample
#     ∂z/∂μ = 1,  ∂z/∂log σ² = ½ σ ε                     → posteriors.DiagonalGaussian.sample_backward
#
# Now the average is over ε, whose distribution stands still. The gradient may go inside, and the chain rule does
# the rest:
#
#     ∇ E_q[f] = ∇ E_ε[f(μ + σ ε)]                       → next cell
#              = E_ε[(∂z/∂λ)ᵀ ∇f(z)]                     → inference.estimators.reparameterized
#
# It asks for ∇f, and for a z that moves smoothly with the knobs. For the toy, both variances are known. One draw
# each:
#
#     Var[x² (x − θ)] = θ⁴ + 14 θ² + 15                  → next cell
#     Var[2x] = 4                                        → next cell

# %%
thetas = np.linspace(0, 4, 9)
measured, errors = {"score": [], "reparam": [], "score, best a": []}, []
for theta in thetas:
    q = gaussian(theta)
    eps = q.draw_noise(np.random.default_rng(2), 200_000)
    x = q.sample(eps)
    score, f = q.score(eps)[:, :1], x ** 2                      # the first knob is the mean
    estimates = {"score": score_function(q, eps, f)[:, 0], "reparam": reparameterized(q, eps, 2 * x)[:, 0],
                 "score, best a": ((f - best_coefficient(score, f)) * score)[:, 0]}
    for name, rows in estimates.items():
        errors.append(abs(rows.mean() - 2 * theta) / (rows.std() / len(rows) ** 0.5))
        measured[name].append(rows.var())
claim(f"the means are 2θ, within {max(errors):.1f} standard errors", max(errors) < 5)
formulas = {"score": thetas ** 4 + 14 * thetas ** 2 + 15, "reparam": 4 + 0 * thetas,
            "score, best a": 8 * thetas ** 2 + 6}
for name, formula in (("score", "θ⁴ + 14 θ² + 15"), ("reparam", "4")):
    off = abs(np.array(measured[name]) / formulas[name] - 1).max()
    claim(f"{name}: the variance is {formula} for all θ from 0 to 4, within {off:.1%}", off < 0.06)
ratio = measured["score"][-1] / measured["reparam"][-1]
claim(f"at θ = 4 the score function needs {ratio:.0f} draws for each one of reparameterization", 110 < ratio < 140)

# %% [markdown]
# ## Why not backprop through sampling?
#
# Because a draw has no derivative. `rng.normal(θ, 1)` is not a function of θ: it returns one number now and
# another the next time. To differentiate one needs to say what stays fixed while θ turns. Writing z = μ + σ ε
# says it: ε does. The draw then *is* a function of the knobs, an affine one, and this is backprop through
# sampling. (It was not there before: we put it there.)
#
# What is fixed is a choice. Here are two numbers with the same σ. They can be made as σ ε, or as σ R(σ) ε where
# R is a rotation by an angle that depends on σ. Each gives N(0, σ² I), for every σ. The derivatives of the
# *draws* differ; their average does not; their variance does.

# %%
rng, sigma = np.random.default_rng(3), 0.8
eps = rng.standard_normal((200_000, 2))


def rotation(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


R, dR = rotation(3 * sigma), 3 * rotation(3 * sigma + math.pi / 2)          # R(3σ), dR/dσ
ways = {"σ ε": (sigma * eps, eps), "σ R ε": (sigma * eps @ R.T, eps @ R.T + sigma * eps @ dR.T)}      # z, ∂z/∂σ
spread = {}
for name, (draws, slopes) in ways.items():
    df = np.stack([2 * draws[:, 0] + 1, draws[:, 1] * 0], axis=1)           # f = z₁² + z₁: E[f] = σ²
    rows = (df * slopes).sum(axis=1)
    spread[name] = rows.var()
    claim(f"z = {name}: ∂E[f]/∂σ = {rows.mean():.3f} (exactly {2 * sigma}), variance {rows.var():.1f}",
          abs(rows.mean() - 2 * sigma) < 5 * rows.std() / len(rows) ** 0.5)
claim("two ways to make the same distribution, two variances", spread["σ R ε"] > 1.5 * spread["σ ε"])

# %% [markdown]
# **What would a discrete z need?** Say z is 1 with probability π, else 0. It can be written with noise too,
# z = [u < π] with u uniform. But turn π a little and for nearly every u nothing happens; then z jumps. The
# derivative through the draw is 0 wherever it exists, and the truth is f(1) − f(0). The jump carries it all. The
# same goes for a smooth z under an f that jumps. The score function doesn't mind either of them.
#
#     ∂/∂π E[f(z)] = f(1) − f(0)                         → next cell
#     ∂/∂θ P(z > 0) = N(0; θ, 1)                         → next cell

# %%
u, chance = rng.random(200_000), 0.3
z01 = u < chance
payoff = np.where(z01, 5.0, 2.0)                                # f(1) = 5, f(0) = 2
score = np.where(z01, 1 / chance, -1 / (1 - chance))            # ∂ log q/∂π
moved = np.where(u < chance + 1e-6, 5.0, 2.0)
claim(f"coin: {np.sum(moved != payoff)} of {len(u):,} draws change when π turns by 10⁻⁶: derivative 0; the "
      f"score function says {np.mean(payoff * score):.2f}, the truth is 3",
      np.mean(moved != payoff) < 1e-4 and abs(np.mean(payoff * score) - 3) < 0.15)
q = gaussian(0.5)
eps = q.draw_noise(rng, 200_000)
jump = (q.sample(eps) > 0).astype("float64")
through, truth = reparameterized(q, eps, 0 * eps)[:, 0].mean(), math.exp(-0.125) / math.sqrt(2 * math.pi)
by_score = score_function(q, eps, jump)[:, 0].mean()
claim(f"f jumps at 0: ∇f is 0, so reparameterization says {through:.2f}; the score function says {by_score:.3f}, "
      f"the truth is {truth:.3f}", through == 0 and abs(by_score - truth) < 0.02)

# %% [markdown]
# So for discrete z: add up all values if they are few; or use the score function, with what follows; or replace
# z by a continuous stand-in, and live with a bias (the Gumbel-softmax: a softmax of logits and noise, which comes
# near a choice of one as its temperature falls).
#
# ## The score is zero on average, and what follows
#
#     E_q[∇ log q] = ∫ q ∇q/q dz = ∇ ∫ q dz = ∇ 1 = 0    → next cell
#
# So one may subtract any number a from f, if the draw has no say in it: (f − a) ∇ log q has the same mean, since
# a E[∇ log q] = 0. Not the same variance. That is least for
#
#     a* = E[f s²] / E[s²]                               → inference.estimators.best_coefficient
#
# where s is the score of one knob ([derivation](derivations.md#less-variance-for-the-score-function)). For the
# toy a* is θ² + 3, and the variance falls from θ⁴ + 14 θ² + 15 to
#
#     Var[(x² − a*) (x − θ)] = 8 θ² + 6                  → next cell

# %%
q = gaussian(2.0, 0.7)
eps = q.draw_noise(np.random.default_rng(4), 200_000)
claim("the mean of the score is " + " and ".join(f"{mean:.4f}" for mean in q.score(eps).mean(axis=0)),
      (abs(q.score(eps).mean(axis=0)) < 5 * q.score(eps).std(axis=0) / len(eps) ** 0.5).all())
q = gaussian(2.0)
a = best_coefficient(q.score(eps)[:, :1], q.sample(eps) ** 2).mean()
claim(f"at θ = 2 the best coefficient is {a:.3f}; θ² + 3 = 7", abs(a - 7) < 0.3)
off = abs(np.array(measured["score, best a"]) / formulas["score, best a"] - 1).max()
claim(f"the variance with it is 8 θ² + 6 for all θ, within {off:.1%}", off < 0.06)

# %% [markdown]
# How is a* to be had? From the same draws. But a draw that has a say in its own a spoils the argument: then a
# and s are not independent, and the gradient gets a bias. So `best_coefficient` takes each draw's a from all the
# *others* (leave one out). With 3 draws, a hundred thousand times:

# %%
S, repeats = 3, 100_000
eps = np.random.default_rng(5).standard_normal((S, repeats))    # a column is one estimate, of S draws
x, score = 2.0 + eps, eps                                       # θ = 2, σ = 1
own = (score ** 2 * x ** 2).sum(axis=0) / (score ** 2).sum(axis=0)
results = {"no coefficient": x ** 2 * score, "own draw included": (x ** 2 - own) * score,
           "own draw left out": (x ** 2 - best_coefficient(score, x ** 2)) * score}
for name, rows in results.items():
    estimates = rows.mean(axis=0)
    print(f"  {name:<20} mean {estimates.mean():>6.3f} ± {estimates.std() / repeats ** 0.5:.3f}   "
          f"variance {estimates.var():>6.2f}")
means = {name: rows.mean() for name, rows in results.items()}
claim(f"with its own draw in it the gradient comes out as {means['own draw included']:.2f}, not 4: biased",
      means["own draw included"] < 3.5)
claim(f"left out, {means['own draw left out']:.2f}", abs(means["own draw left out"] - 4) < 0.15)

# %% [markdown]
# (Compare the variances, too: a small variance is worth nothing with a wrong mean. And with a* from two other
# draws, little is gained. With many draws the gain is that of the formula, as the left panel shows.)

# %%

drawn, (left, right) = figure(1, 2, size=(11, 4))
curve = np.linspace(0, 4, 200)
for name, formula, style, marker, label in (
        ("score", curve ** 4 + 14 * curve ** 2 + 15, "-", "s", "score function: θ⁴ + 14 θ² + 15"),
        ("score, best a", 8 * curve ** 2 + 6, "--", "^", "with control variate: 8 θ² + 6"),
        ("reparam", 4 + 0 * curve, ":", "o", "reparameterized: 4")):
    left.semilogy(curve, formula, "k" + style, lw=1)
    left.semilogy(thetas, measured[name], "k" + marker, ms=5, mfc="white")
    left.plot([], [], "k" + style + marker, ms=5, mfc="white", label=label)
left.set_ylim(2, 4000)
left.set_xlabel("θ (unit of x)")
left.set_ylabel("variance of a one-draw estimate of ∂/∂θ E[x²]")
left.set_title("The toy: measured (marks) and by formula (lines)")
left.legend(fontsize=8.5, loc="upper left")
q = gaussian(2.0)
eps = q.draw_noise(np.random.default_rng(6), 50_000)
x = q.sample(eps)
bins = np.linspace(-25, 45, 71)
right.hist(score_function(q, eps, x ** 2)[:, 0], bins, density=True, color="0.75", label="score function")
right.hist(reparameterized(q, eps, 2 * x)[:, 0], bins, density=True, histtype="step", color="black", lw=1.5,
           label="reparameterized")
right.axvline(4, color="black", ls=":", label="the gradient, 2θ = 4")
right.set_xlabel("one-draw estimate of ∂/∂θ E[x²], at θ = 2")
right.set_ylabel("density")
right.set_title("Both are right on average; one is rarely near")
right.legend(fontsize=8.5)
save(drawn, "04-toy")

# %% [markdown]
# ![variance against θ, and the estimates themselves](figures/04-toy.png)
#
# ## The estimators of ∇ ELBO
#
# Now f is log p(x, z) − log q(z), and has the knobs in it. Does that add a term? E_q[−∇ log q], which is zero
# once more. So both tricks carry over, each with variants. [estimators.py](../minivae/inference/estimators.py)
# has them all, and `ESTIMATORS` their short names:
#
# - *score*, `ScoreFunction`: as above. *score-cv*, `control_variate=True`, subtracts a*. *score-baseline*,
#   `baseline=0.9`, subtracts a running mean of f from the steps before. *score-rb*, `rao_blackwell=True`, keeps
#   for the knobs of zᵢ only the terms of f that zᵢ is in: the others' part averages to zero, since under a
#   factorized q they know nothing of zᵢ. *score-rb-cv* has both, and is black-box variational inference
#   (Ranganath et al. 2014: the model is a black box that gives values of log p(x, z)).
# - *reparam*, `Reparameterized("analytic-entropy")`: ∇ log p through the draw, and the entropy of q in closed
#   form.
# - *reparam-mc*, `Reparameterized("monte-carlo")`: log q at the draws, differentiated all through. For Gaussians
#   it is the same number draw by draw.
# - *path-only*, `Reparameterized("path-only")`: without the score in that derivative, which averages to zero. See
#   below.
#
# All are unbiased. On a line through 20 points, where the ELBO of a Gaussian q is known exactly, we compare with
# its gradient by differences.

# %%
line = EXAMPLES["linear-regression"].make(np)
q = MeanFieldGaussian(np.array([0.5, 0.0]), np.array([0.3, 0.2]))


def exact_elbo(model, q):
    return gaussian_elbo(model, MultivariateNormal(q.mean(), q.covariance()))


truth = numerical_gradient(lambda knobs: exact_elbo(line, q), q.knobs)
print("exact gradient      " + "".join(f"{value:>11.2f}" for value in truth))
worst = {}
for name, make in ESTIMATORS.items():
    moments = gradient_moments(line, q, make(), 10, np.random.default_rng(7), repeats=400)
    worst[name] = (abs(moments.mean - truth) / (moments.variance / 400) ** 0.5).max()
    print(f"{name:<20}" + "".join(f"{value:>11.2f}" for value in moments.mean)
          + f"    summed variance {moments.variance.sum():>9,.0f}")
claim(f"all {len(worst)} agree with the exact gradient, within {max(worst.values()):.1f} standard errors",
      max(worst.values()) < 5)
eps = q.draw_noise(np.random.default_rng(8), 100)
difference = abs(Reparameterized("monte-carlo").rows(line, q, eps)
                 - Reparameterized("analytic-entropy").rows(line, q, eps)).max()
claim(f"'monte-carlo' and 'analytic-entropy' are the same, draw by draw, to {difference:.0e}", difference < 1e-9)

# %% [markdown]
# ## Against the number of latents, and of draws
#
# (In a hurry? This section, *Why is the variance lower?* and *What it is worth* are the core of what follows. The
# others can wait.)
#
# More latents: Z times the measurement of tutorial 3 (x = 3, unit noise, prior N(0, 1)), q at N(0, I). More
# draws: the mean of S draws has a variance ∝ 1/S.

# %%
dimensions, repeats = (1, 3, 10, 50), 150
against_Z = {name: [] for name in ESTIMATORS}
for Z in dimensions:
    model, q = GaussianMean(np.full((1, Z), 3.0)), MeanFieldGaussian(np.zeros(Z), np.ones(Z))
    for name, make in ESTIMATORS.items():
        variance = gradient_variance(model, q, make(), 10, np.random.default_rng(9), repeats)
        against_Z[name].append(variance.mean())                 # of one knob, on average
counts = (4, 16, 64, 256)
five = EXAMPLES["gaussian-mean"].make(np)
q = MeanFieldGaussian(np.zeros(5), np.ones(5))
against_S = {name: [] for name in ESTIMATORS}
for S in counts:
    for name, make in ESTIMATORS.items():
        against_S[name].append(gradient_variance(five, q, make(), S, np.random.default_rng(10), repeats).sum())


def slope(x, y):
    """The power of x that y grows like: the slope on logarithmic scales"""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


powers = {name: slope(dimensions[1:], values[1:]) for name, values in against_Z.items()}
print(f"{'variance of a knob:':<20}" + "".join(f"{f'Z = {Z}':>10}" for Z in dimensions) + f"{'power of Z':>12}")
for name, values in against_Z.items():
    print(f"{name:<20}" + "".join(f"{value:>10.3g}" for value in values) + f"{powers[name]:>12.2f}")
claim(f"score function: like Z^{powers['score']:.1f}", 1.6 < powers["score"] < 2.4)
claim(f"with a control variate or baseline: like Z^{powers['score-cv']:.1f} and Z^{powers['score-baseline']:.1f}",
      0.6 < powers["score-cv"] < 1.3 and 0.6 < powers["score-baseline"] < 1.3)
flat = [name for name in ESTIMATORS if name.startswith("score-rb") or not name.startswith("score")]
claim(f"not growing with Z: {', '.join(flat)}", all(abs(powers[name]) < 0.3 for name in flat))
decay = {name: slope(counts, values) for name, values in against_S.items()}
claim(f"against the number of draws: all like S^{min(decay.values()):.2f} to S^{max(decay.values()):.2f}",
      all(-1.35 < power < -0.8 for power in decay.values()))

styles = {"score": "s-", "score-baseline": "D--", "score-cv": "^-", "score-rb": "s:", "score-rb-cv": "^:",
          "reparam": "o-", "path-only": "v-"}               # "reparam-mc" is the same as "reparam"
drawn, (left, right) = figure(1, 2, size=(11, 4.4))
for name, style in styles.items():
    shade = "0.5" if name in ("score-baseline", "score-rb", "score-rb-cv") else "black"
    left.loglog(dimensions, against_Z[name], style, ms=5, lw=1, color=shade)
    right.loglog(counts, against_S[name], style, ms=5, lw=1, color=shade, label=name)
left.set_xlabel("Z, number of latents")
left.set_ylabel("variance of the gradient, per knob")
left.set_title("10 draws: the plain score function grows like Z²")
right.set_xlabel("S, number of draws")
right.set_ylabel("variance of the gradient, all knobs")
right.set_title("Five means: all fall like 1/S")
right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
for axes in (left, right):
    axes.grid(alpha=0.3)
save(drawn, "04-variance")

# %% [markdown]
# ![variance against the number of latents and of draws](figures/04-variance.png)
#
# Left: the plain score function is hopeless with many latents, and a control variate leaves a factor Z.
# Rao-Blackwellization takes that away, here, where log p(x, z) is a sum of terms with one latent each. Under a
# decoder network every pixel depends on all latents, so that there is next to nothing to leave out. Right: to
# halve the standard error takes four times the draws, whatever the estimator. (A control variate gains a little
# more at first: a* too is estimated from the draws.)
#
# ## Why is the variance lower?
#
# It is not a theorem. But there is a reason, and it tells when. Expand f around μ, with g its slope there and H
# its curvature:
#
#     f(μ + σ ε) ≈ f(μ) + σ gᵀε + ½ σ² εᵀHε              → next cell
#
# What is random in the estimate for μ? With reparameterization it is ∇f(z) = g + σ H ε: only the *curvature*
# makes noise. With the score function it is f(z) ε/σ. The value f(μ) makes noise (a control variate removes that),
# and so does the slope g, in every direction, in the estimate of every single knob. One number f has to serve all
# Z knobs, and to each of them the others' share is noise. ∇f comes as Z numbers, one for each: it knows the
# direction. So take f linear, f = gᵀz with ‖g‖ = 1, around μ = 0 ([derivation](derivations.md#reparameterized)):
#
#     summed variance, score function = (Z + 1) ‖g‖²     → next cell
#     summed variance, reparameterized = σ² ‖H‖²         → next cell
#
# summed over the Z means, where ‖H‖² is the sum of the squared entries of H: H = 0 for the linear f, and 0.1 I with
# ½ · 0.1 ‖z‖² added to it; σ is 1.

# %%
rng = np.random.default_rng(11)
for Z in (1, 10, 50):
    q, g = MeanFieldGaussian(np.zeros(Z), np.ones(Z)), np.full(Z, Z ** -0.5)
    eps = q.draw_noise(rng, 40_000)
    f = q.sample(eps) @ g                                       # E[f] = 0: nothing is left for a control variate
    by_score = score_function(q, eps, f[:, None])[:, :Z].var(axis=0).sum()
    by_path = reparameterized(q, eps, np.tile(g, (len(eps), 1)))[:, :Z].var(axis=0).sum()
    claim(f"linear f, Z = {Z}: score function {by_score:.2f}, reparameterized {by_path:.0e}",
          abs(by_score / (Z + 1) - 1) < 0.05 and by_path < 1e-20)
    by_path = reparameterized(q, eps, g + 0.1 * q.sample(eps))[:, :Z].var(axis=0).sum()
    claim(f"with ½ · 0.1 ‖z‖² added: reparameterized {by_path:.3f}, and ‖H‖² = {0.01 * Z:.3f}",
          abs(by_path / (0.01 * Z) - 1) < 0.05)

# %% [markdown]
# Now turn the argument round, and take an f with much slope and curvature, and small values: f = cos(k z). The
# score function hardly minds k, since |f| ≤ 1. Reparameterization differentiates, and each wiggle of f comes out
# multiplied by k.

# %%
frequencies = np.array([0.25, 0.5, 1, 2, 4, 8, 16])
wiggle, errors = {"score": [], "reparam": []}, []
q = gaussian(0.5)
eps = q.draw_noise(np.random.default_rng(12), 50_000)
for k in frequencies:
    x = q.sample(eps)
    rows = {"score": score_function(q, eps, np.cos(k * x))[:, 0],
            "reparam": reparameterized(q, eps, -k * np.sin(k * x))[:, 0]}
    truth = -k * math.exp(-k * k / 2) * math.sin(k * 0.5)       # E cos(k z) = exp(−½ k²) cos(k μ)
    for name, values in rows.items():
        errors.append(abs(values.mean() - truth) / (values.std() / len(values) ** 0.5))
        wiggle[name].append(values.var())
claim(f"the means are right, within {max(errors):.1f} standard errors", max(errors) < 5)
claim(f"cos ¼z: reparameterized {wiggle['reparam'][0]:.3f}, score function {wiggle['score'][0]:.2f}; cos 16z: "
      f"{wiggle['reparam'][-1]:.0f} and {wiggle['score'][-1]:.2f}",
      wiggle["reparam"][0] < wiggle["score"][0] / 5 and wiggle["reparam"][-1] > 50 * wiggle["score"][-1])

# %% [markdown]
# The same happens without cosines. In `one-latent`, the bent decoder of tutorial 3, one latent is all there is,
# so that the score function has no other directions to suffer from, and f is bent within the reach of q. There
# the score function with a control variate is the better one:

# %%
bent = EXAMPLES["one-latent"].make(np)
start = gaussian(0.0)
variance = {name: gradient_variance(bent, start, ESTIMATORS[name](), 100, np.random.default_rng(13), 200).sum()
            for name in ("score", "score-cv", "reparam", "path-only")}
print("  one-latent, q = N(0, 1): " + ", ".join(f"{name} {value:.2f}" for name, value in variance.items()))
claim(f"score-cv has {variance['score-cv']:.2f}, reparam {variance['reparam']:.2f}",
      variance["score-cv"] < 0.6 * variance["reparam"])

# %% [markdown]
# ## On the way to the posterior the order changes
#
# Where q is the posterior, f = log p(x, z) − log q(z) is log p(x) at every z: a constant. A control variate
# removes constants. So near the posterior the score function with one is excellent, and "reparam" is not: it
# adds the gradient of log p at draws and the gradient of the entropy without draws, and the noise of the first
# isn't cancelled by that of the second, as this has none. "path-only" has both at the draws:
#
#     ∇ ≈ (∂z/∂λ)ᵀ ∂[log p(x, z) − log q(z)]/∂z          → inference.estimators.Reparameterized.rows
#
# which is zero, draw by draw, where q is the posterior. That is *sticking the landing*. We move q in a straight
# line of knobs from N(0, I) to the posterior of the five means.

# %%
p = five.posterior()
goal = MeanFieldGaussian(p.mean.copy(), np.sqrt(p.covariance.diagonal()))
first = MeanFieldGaussian(np.zeros(5), np.ones(5))
moving = MeanFieldGaussian(np.zeros(5), np.ones(5))
gaps, along = [], {name: [] for name in ("score", "score-cv", "score-rb-cv", "reparam", "path-only")}
for part in (0, 0.5, 0.8, 0.93, 0.98, 0.995):
    moving.knobs[:] = (1 - part) * first.knobs + part * goal.knobs
    gaps.append(five.log_evidence() - exact_elbo(five, moving))
    for name in along:
        estimator = ESTIMATORS[name]()
        along[name].append(gradient_variance(five, moving, estimator, 50, np.random.default_rng(14), 150).sum())
order = sorted(along, key=lambda name: along[name][0])
print(f"at the start, KL {gaps[0]:.0f} nats, from the least variance: {', '.join(order)}")
order = sorted(along, key=lambda name: along[name][-1])
print(f"near the end, KL {gaps[-1]:.4f} nats:                     {', '.join(order)}")
claim("at the start: score > score-cv > score-rb-cv > reparam > path-only, the textbook order",
      list(along) == sorted(along, key=lambda name: -along[name][0]))
claim(f"near the end: score-cv {along['score-cv'][-1]:.2g}, reparam {along['reparam'][-1]:.2g}, path-only "
      f"{along['path-only'][-1]:.2g}", along["score-cv"][-1] < along["reparam"][-1] / 3
      and along["path-only"][-1] < along["reparam"][-1] / 30)
eps = goal.draw_noise(np.random.default_rng(15), 1000)
largest = {form: abs(Reparameterized(form).rows(five, goal, eps)).max() for form in Reparameterized.FORMS}
claim(f"at the posterior no draw pulls at any knob by more than {largest['path-only']:.0e} (path-only), or "
      f"{largest['analytic-entropy']:.1f} (analytic-entropy)",
      largest["path-only"] < 1e-10 and largest["analytic-entropy"] > 1)

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
left.loglog(frequencies, wiggle["score"], "ks-", ms=5, lw=1, label="score function")
left.loglog(frequencies, wiggle["reparam"], "ko-", ms=5, lw=1, label="reparameterized")
left.set_xlabel("k, how fast f = cos(k z) wiggles (radians per unit of z)")
left.set_ylabel("variance of a one-draw estimate")
left.set_title("Not a theorem: a wiggly f turns the order round")
left.legend(fontsize=8.5)
for name, values in along.items():
    shade = "0.5" if name == "score-rb-cv" else "black"
    right.loglog(gaps, values, styles[name], ms=5, lw=1, color=shade, label=name)
right.invert_xaxis()
right.set_xlabel("KL(q ‖ posterior), nats: the way goes to the right")
right.set_ylabel("variance of the gradient, all knobs")
right.set_title("Five means: near the posterior it turns, too")
right.legend(fontsize=8.5, loc="lower left")
for axes in (left, right):
    axes.grid(alpha=0.3)
save(drawn, "04-not-a-theorem")

# %% [markdown]
# ![variance for a wiggly f; variance on the way to the posterior](figures/04-not-a-theorem.png)
#
# Two more limits. First, this posterior is a product, so that some mean-field q *is* the posterior. Where it
# isn't, as for the line through 20 points, nothing vanishes; and Rao-Blackwellization, which takes an f that is
# nearly constant apart into terms that vary much more, does harm at the end.

# %%
*_, last = coordinate_ascent(line, 200)                         # the best mean-field q, without a gradient
fitted = MeanFieldGaussian(last.q.mean, np.sqrt(last.q.covariance.diagonal()))
variance = {name: gradient_variance(line, fitted, make(), 50, np.random.default_rng(16), 200).sum()
            for name, make in ESTIMATORS.items()}
print("the line, at the best mean-field q:\n  " + ", ".join(f"{name} {v:.3g}" for name, v in variance.items()))
claim(f"score-rb-cv {variance['score-rb-cv']:.0f} is worse than score-cv {variance['score-cv']:.0f}",
      variance["score-rb-cv"] > 3 * variance["score-cv"])
claim(f"and path-only {variance['path-only']:.1f} is still ahead of reparam {variance['reparam']:.1f}",
      variance["path-only"] < 0.8 * variance["reparam"])

# %% [markdown]
# Second, "path-only" isn't always less noisy than "reparam". For a posterior N(m, v) and a knob μ, one draw has
# the variance
#
#     reparam, knob μ: Var = σ²/v²                       → next cell
#     path-only, knob μ: Var = (1/σ − σ/v)²              → next cell
#
# and the second is the larger one where σ² < ½ v: a q less than 71 % as wide as the posterior.

# %%
one = GaussianMean(np.array([[3.0]]))                           # its posterior is N(1.5, 0.5)
for square in (0.05, 0.25, 0.4, 0.8):
    q = gaussian(1.5, square ** 0.5)
    eps = q.draw_noise(np.random.default_rng(17), 50_000)
    whole = Reparameterized("analytic-entropy").rows(one, q, eps)[:, 0].var()
    path = Reparameterized("path-only").rows(one, q, eps)[:, 0].var()
    expected = square / 0.25, (square ** -0.5 - square ** 0.5 / 0.5) ** 2
    claim(f"σ² = {square}, where v = 0.5: reparam {whole:.3f}, path-only {path:.3f}",
          np.allclose((whole, path), expected, rtol=0.05) and (path > 1.2 * whole) == (square < 0.25))

# %% [markdown]
# ## What it is worth: the ELBO, step by step
#
# The same model (the line), the same q, the same optimizer, 10 draws a step. Only the estimator differs.

# %%
curves = {}
for name in ("score", "score-cv", "reparam"):
    runs = []
    for seed in range(3):
        q = MeanFieldGaussian(np.zeros(2), np.ones(2))
        optimizer, rng = Adam(q.knobs, lr=0.05), np.random.default_rng(seed)
        knobs = [step.knobs for step in fit(line, q, ESTIMATORS[name](), optimizer, 10, 400, rng)]
        runs.append([gaussian_elbo(line, MultivariateNormal(k[:2], np.diag(np.exp(k[2:])))) for k in knobs])
    curves[name] = np.array(runs)
drawn, axes = figure(size=(8, 3.8))
for (name, runs), style in zip(curves.items(), ("k:", "k--", "k-")):
    for number, run in enumerate(runs):
        axes.plot(run, style, lw=1.2, label=name if number == 0 else None)
axes.axhline(last.elbo, color="0.5", lw=1, label=f"the best mean-field q: {last.elbo:.1f}")
axes.set_ylim(-80, -18)
axes.set_xlabel("steps of 10 draws")
axes.set_ylabel("exact ELBO (nats)")
axes.set_title("Equal draws, three runs each: less noise climbs faster")
axes.legend(fontsize=9)
axes.grid(alpha=0.3)
save(drawn, "04-curves")
best = last.elbo
close = {name: int((runs.mean(axis=0) > best - 5).argmax()) for name, runs in curves.items()}
for name, runs in curves.items():
    print(f"{name:<10} ELBO after 100 steps {runs[:, 100].mean():>8.2f}, after 400 {runs[:, -1].mean():>8.2f}; "
          f"within 5 nats of the best mean-field q ({best:.2f}) at step {close[name] or 'none'}")
claim("reparameterized it is ahead of the score function after 100 steps, in each of three runs",
      curves["reparam"][:, 100].min() > curves["score"][:, 100].max() + 2)
score, score_cv, reparam = (curves[name][:, 100].mean() for name in ("score", "score-cv", "reparam"))
claim(f"and on average score < score-cv < reparam there: {score:.1f} < {score_cv:.1f} < {reparam:.1f}",
      score + 1 < score_cv < reparam - 1)

# %% [markdown]
# ![the ELBO of three estimators](figures/04-curves.png)
#
# Adam divides the gradient by its typical size, noise included: so a noisy one takes smaller steps in the right
# direction. Each draw costs the reparameterized estimator one gradient of log p(x, z), two or three times the
# work of a value.
#
# ## Latents that aren't real numbers
#
# A Gaussian q gives probability to negative numbers, but a precision is positive and a coin's π is in [0, 1].
# **ADVI** (automatic differentiation variational inference) puts the Gaussian on ζ, any real number, and lets
# z = T(ζ): exp for a positive latent, the sigmoid for one between 0 and 1. A density changes under that: a small
# interval keeps its probability, p(ζ) |dζ| = p(z) |dz|. So
#
#     log p(x, ζ) = log p(x, T(ζ)) + Σ log |dz/dζ|       → inference.transforms.Unconstrained.log_joint
#
# The last term is the log-Jacobian. Without it nothing crashes, but the prior is another one, and so is the
# evidence:

# %%
coin = BetaBernoulli(6, 4, 10, 10)
free = unconstrained(coin)
zeta = np.linspace(-12, 12, 20_001)[:, None]
dzeta = float(zeta[1, 0] - zeta[0, 0])
with_it = math.log(np.exp(free.log_joint(zeta)).sum() * dzeta)
without = math.log(np.exp(coin.log_joint(free.constrain(zeta))).sum() * dzeta)
claim(f"coin: log ∫ p(x, ζ) dζ = {with_it:.4f} with the log-Jacobian, log p(x) = {coin.log_evidence():.4f}; "
      f"without it {without:.4f}", abs(with_it - coin.log_evidence()) < 1e-8 < abs(without - with_it) - 0.5)
weights = np.exp(coin.log_joint(free.constrain(zeta)))
mean = float((weights * free.constrain(zeta)[:, 0]).sum() / weights.sum())
claim(f"the coin's mean would be {mean:.4f} = 15/28, as if the prior had been Beta(9, 9), where 16/30 is right",
      abs(mean - 15 / 28) < 1e-8 and coin.posterior().mean[0] == 16 / 30)

# %% [markdown]
# `unconstrained(model)` does this for any model that says what its latents may be. Then everything above
# applies. The two models with exact answers, fitted with draws and gradients only:

# %%
for name, model in (("coin", coin), ("mean and precision", EXAMPLES["normal-gamma"].make(np))):
    posterior, evidence, how = exact(model)
    print(name)
    fitted = fit_by_gradient(model, np, "full-rank", "path-only", lambda knobs: Adam(knobs, lr=0.05),
                             n_samples=10, steps=600, seed=0)
    print_beliefs(model.names, {"exact": posterior, "ADVI, full rank": fitted.q})
    gap = print_bound(evidence, how, fitted)
    off = abs(fitted.q.mean - posterior.mean) / posterior.std
    claim(f"the means are right to {off.max():.2f} standard deviations, the ELBO is {gap:.4f} nats below log p(x)",
          off.max() < 0.1 and -3 * fitted.elbo.error < gap < 0.1)
by_coordinates = fit_by_coordinates(model, 100)
gap = model.log_evidence() - by_coordinates.elbo.mean
claim(f"coordinate ascent, whose q(τ) is a gamma, came to {gap:.4f} nats: a better family here",
      by_coordinates.elbo.mean > fitted.elbo.mean + 3 * fitted.elbo.error)

# %% [markdown]
# A Gaussian for log τ isn't a gamma for τ, and the exact posterior of μ is a Student's t with longer tails than
# a Gaussian. So a gap stays that no climbing closes, and μ comes out a little too sure. But ADVI asked for
# nothing but log p(x, z) and its gradient, and coordinate ascent for a page of averages done by hand.
#
# ## What to use when
#
# | | z | asks of the model | its variance |
# | --- | --- | --- | --- |
# | coordinate ascent | any | averages on paper | none |
# | score function | any, discrete too | values of log p(x, z) | grows with Z; use a control variate |
# | reparameterization | continuous | ∇ log p(x, z) | small where f is smooth; "path-only" less near the posterior |
#
# A VAE has a continuous z, a decoder with a backward pass, many latents: it is made for reparameterization. In
# `vae.py` the gradient arrives at z through the decoder and goes into the encoder by `sample_backward`, the very
# function of this tutorial. On to [tutorial 5](05_variational_autoencoder.py).
#
# ## What to try next
#
# - Exercise 6, *The reparameterized sample*; exercise 13, *The score function and its control variate*; exercise
#   18, *Find the bug: no gradient is wrong, and no formula either* (`python -m minivae exercises start
#   exercises`).
# - `python -m minivae variance`: all estimators on all models. Where does the order of this tutorial hold?
# - `python -m minivae infer linear-regression --estimator score --samples 100`, then with fewer samples. When
#   does it fail?
# - For which k does cos(k z) change sides? Both variances can be done on paper: E[cos(a z)] is exp(−½ a²) cos(a
#   μ).
