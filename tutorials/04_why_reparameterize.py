# %% [markdown]
# # 4 · Why reparameterize
#
# **What you'll do.** Take the gradient of an average over draws in two ways, derive both, and measure how noisy they
# are: first where the answer is known, then while climbing an ELBO.
#
# **What you'll learn.** Why we can't simply differentiate a random draw, and how z = μ + σ ε solves this; what the
# score function can do instead; what a draw costs with each method, and how much it helps.
#
# **What you'll need.** [Tutorial 3](03_variational_inference.py), or some knowledge of the ELBO.
#
# **Time.** 25 minutes to read the core, which ends with *What to use when*, and 45 more for the appendices, in any
# order. 10 seconds to run: `python tutorials/04_why_reparameterize.py`.

# %%
import math

from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

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
# ## The gradient of an average over q
#
# The ELBO is an average over q, and we want its gradient with respect to the parameters of q, its knobs. Start with
# a very simple case: x ~ N(θ, 1), and the average of x². Here everything is known: E[x²] = θ² + 1, so the gradient
# is 2θ.
#
#     ∂/∂θ E[x²] = 2θ                                    → next cell
#
# To estimate the average, draw many x and take the mean of x². How do we estimate its derivative? The draws are
# numbers, and θ no longer appears in them. If we change θ and keep the numbers, the estimate doesn't change. Its
# derivative is 0, which is wrong. We could also draw new numbers at θ + δ and at θ − δ, and take the difference.
# That is right on average, up to an error that shrinks with δ. But the difference is divided by 2δ, and so is its
# noise:

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
# The second line uses the idea of this tutorial. It makes the draws as θ + ε, with the same ε on both sides. Before
# we use that, we look at another method, which doesn't need the draws to have such a form.
#
# ## The log-derivative trick
#
# The average is an integral, and the parameters appear in the density. So differentiate the density. Then multiply
# and divide by the density, so that the integral is an average again. Let λ stand for all knobs together, and ∇ the
# gradient with respect to them:
#
#     ∇ E_q[f] = ∇ ∫ q(z) f(z) dz                        → next cell
#              = ∫ f(z) ∇q(z) dz                         → next cell
#              = ∫ q(z) f(z) ∇ log q(z) dz               → next cell
#              = E_q[f ∇ log q]                          → inference.estimators.score_function
#
# since ∇ log q = ∇q/q. The gradient of log q at fixed z is called the **score**, and this estimator the score-function
# estimator or REINFORCE (Williams 1992). For a Gaussian, with ε = (z − μ)/σ,
#
#     ∂log q/∂μ = ε/σ,  ∂log q/∂log σ² = ½ (ε² − 1)      → inference.approximations.MeanFieldGaussian.score
#
# This estimator needs only the value of f. So f may be a black box or have jumps, and z may be discrete. We check
# each line on a grid, for f(z) = z².

# %%
z = np.linspace(-12, 16, 20_001)[:, None]
dz = float(z[1, 0] - z[0, 0])
q, f = gaussian(2.0, 0.7), z[:, 0] ** 2
truth = np.array([2 * 2.0, 0.7 ** 2])           # E[z²] = μ² + σ²: its derivatives for μ and for log σ²


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
    claim(f"{line:<14}  for μ: {gradient[0]:.6f}, for log σ²: {gradient[1]:.6f}", abs(gradient - truth).max() < 1e-6)
eps = q.draw_noise(np.random.default_rng(1), 100_000)
rows = score_function(q, eps, q.sample(eps) ** 2)               # (S, 2): an estimate from each draw
errors = rows.std(axis=0) / len(rows) ** 0.5
claim(f"{'E_q[f ∇ log q]':<14}  for μ: {rows[:, 0].mean():.3f} ± {errors[0]:.3f}, for log σ²: "
      f"{rows[:, 1].mean():.3f} ± {errors[1]:.3f}, from draws",
      (abs(rows.mean(axis=0) - truth) < 5 * errors).all())

# %% [markdown]
# ## Reparameterization
#
# Write the draw as a function of the knobs and of noise that doesn't depend on them (Kingma & Welling 2014; Rezende
# et al. 2014):
#
#     z = μ + σ ε,  ε ~ N(0, 1)                          → posteriors.DiagonalGaussian.sample
#     ∂z/∂μ = 1,  ∂z/∂log σ² = ½ σ ε                     → posteriors.DiagonalGaussian.sample_backward
#
# Now the average is over ε, whose distribution doesn't change with the knobs. So the gradient may be taken inside the
# average, where it follows from the chain rule:
#
#     ∇ E_q[f] = ∇ E_ε[f(μ + σ ε)]                       → next cell
#              = E_ε[(∂z/∂λ)ᵀ ∇f(z)]                     → inference.estimators.reparameterized
#
# This needs ∇f, and a z that changes smoothly with the knobs. For the average of x² above, the variances of both
# estimators are known ([derivation](derivations.md#reparameterized)). With one draw each:
#
#     Var[x² (x − θ)] = θ⁴ + 14 θ² + 15                  → next cell
#     Var[2x] = 4                                        → next cell

# %%
thetas = np.linspace(0, 4, 9)
formulas = {"score": lambda theta: theta ** 4 + 14 * theta ** 2 + 15, "reparam": lambda theta: 4 + 0 * theta}
measured, errors = {"score": [], "reparam": []}, []
for theta in thetas:
    q = gaussian(theta)
    eps = q.draw_noise(np.random.default_rng(2), 200_000)
    x = q.sample(eps)
    estimates = {"score": score_function(q, eps, x ** 2)[:, 0],         # the first knob is the mean
                 "reparam": reparameterized(q, eps, 2 * x)[:, 0]}
    for name, rows in estimates.items():
        errors.append(abs(rows.mean() - 2 * theta) / (rows.std() / len(rows) ** 0.5))
        measured[name].append(rows.var())
claim(f"the means are 2θ, within {max(errors):.1f} standard errors", max(errors) < 5)
for name, written in (("score", "θ⁴ + 14 θ² + 15"), ("reparam", "4")):
    formula = formulas[name]
    off = abs(np.array(measured[name]) / formula(thetas) - 1).max()
    claim(f"{name}: the variance is {written} for θ from 0 to 4, within {off:.1%}", off < 0.06)
ratio = measured["score"][-1] / measured["reparam"][-1]
claim(f"at θ = 4 the score function needs {ratio:.0f} draws where reparameterization needs one", 110 < ratio < 140)

drawn, (left, right) = figure(1, 2, size=(11, 4))
curve = np.linspace(0, 4, 200)
for name, style, marker, label in (("score", "-", "s", "score function: θ⁴ + 14 θ² + 15"),
                                   ("reparam", ":", "o", "reparameterized: 4")):
    formula = formulas[name]
    left.semilogy(curve, formula(curve), "k" + style, lw=1)
    left.semilogy(thetas, measured[name], "k" + marker, ms=5, mfc="white")
    left.plot([], [], "k" + style + marker, ms=5, mfc="white", label=label)
left.set_ylim(2, 4000)
left.set_xlabel("θ (unit of x)")
left.set_ylabel("variance of a one-draw estimate of ∂/∂θ E[x²]")
left.set_title("Variance: measured (marks) and by formula (lines)")
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
right.set_title("Both are right on average; one is much noisier")
right.legend(fontsize=8.5)
save(drawn, "04-toy")

# %% [markdown]
# ![variance against θ, and the estimates themselves](figures/04-toy.png)
#
# ## What a draw costs, and what it is worth
#
# For each draw the score function needs one *value* of log p(x, z), and reparameterization one *gradient* of it. In
# a network with fixed weights, a value takes one matrix product for each layer. The gradient takes another one for
# each layer, on the way back to z. So it costs about twice as much, and at equal work the score function gets two
# draws where reparameterization gets one. (The same holds for the model below: a value takes the product X w, its
# gradient another one with Xᵀ. In a VAE the extra cost is smaller: the decoder's weights are trained too, and their
# gradients need most of the backward pass with either estimator.)
#
# To see how much the draws help, we fit a mean-field q to the weights of a line through 20 points. The model, the
# start and the optimizer are the same; the estimator and the number of draws differ. "Score-cv" is the score
# function with a control variate, which lowers its variance and keeps its mean
# ([appendix C](#appendix-c-the-control-variate) explains it). For this model the ELBO of a Gaussian q is known
# exactly, so we plot exact values, not estimates.

# %%
line = EXAMPLES["linear-regression"].make(np)
*_, last = coordinate_ascent(line, 200)                         # the best mean-field q, without a gradient
best = last.elbo


def climb(name, draws, seed):
    """The exact ELBO before each of 400 steps and at the end, nats (401,)"""
    q = MeanFieldGaussian(np.zeros(2), np.ones(2))
    optimizer, rng = Adam(q.knobs, lr=0.05), np.random.default_rng(seed)
    knobs = [step.knobs for step in fit(line, q, ESTIMATORS[name](), optimizer, draws, 400, rng)]
    return [gaussian_elbo(line, MultivariateNormal(k[:2], np.diag(np.exp(k[2:])))) for k in knobs]


curves = {(name, draws): np.array([climb(name, draws, seed) for seed in range(5)])
          for name, draws in (("score", 10), ("score", 20), ("score-cv", 10), ("score-cv", 20), ("reparam", 1),
                              ("reparam", 10))}
drawn, axes = figure(size=(8, 4))
for (name, draws), style in {("score", 20): "k:", ("score-cv", 20): "k--", ("reparam", 10): "k-",
                             ("reparam", 1): "k-."}.items():
    runs = curves[name, draws]
    axes.plot(runs.mean(axis=0), style, lw=1.2, label=f"{name}, {draws} draw{'s' * (draws > 1)} a step")
    axes.fill_between(range(401), runs.min(axis=0), runs.max(axis=0), color="0.5", alpha=0.25, lw=0)
axes.axhline(best, color="0.5", lw=1, label=f"the best mean-field q: −{-best:.1f}")
axes.set_ylim(-80, -18)
axes.set_xlabel("steps")
axes.set_ylabel("exact ELBO (nats)")
axes.set_title("Mean and range of five runs: with less noise the ELBO rises faster")
axes.legend(fontsize=9)
axes.grid(alpha=0.3)
save(drawn, "04-curves")
print(f"{'estimator':<12}{'draws a step':>14}{'ELBO after 100 steps':>23}{'after 400':>12}   (means of five runs)")
for (name, draws), runs in curves.items():
    print(f"{name:<12}{draws:>14}{runs[:, 100].mean():>23.2f}{runs[:, -1].mean():>12.2f}")
rivals = max(curves["score", 20][:, 100].max(), curves["score-cv", 20][:, 100].max())
claim("at equal work, after 100 steps, each of five runs with reparam is at least 2 nats ahead of every run with the "
      "score function, with or without a control variate", curves["reparam", 10][:, 100].min() > rivals + 2)
ahead = (curves["score-cv", 10] - curves["score", 10])[:, 100]
claim(f"with 10 draws the control variate gains {ahead.mean():.1f} ± {ahead.std(ddof=1) / 5 ** 0.5:.1f} nats",
      ahead.mean() > 2 * ahead.std(ddof=1) / 5 ** 0.5)
ahead = (curves["reparam", 1] - curves["score", 10])[:, -1]
claim(f"after 400 steps, one draw with reparam is ahead of ten draws with the score function, by {ahead.mean():.1f} ± "
      f"{ahead.std(ddof=1) / 5 ** 0.5:.1f} nats", ahead.mean() > 2 * ahead.std(ddof=1) / 5 ** 0.5)

# %% [markdown]
# ![the ELBO with three estimators](figures/04-curves.png)
#
# (Adam divides the gradient by its typical size, and noise makes that size larger. So with a noisy gradient each step
# makes less progress.) A single draw with reparam begins slowly: after 100 steps it is behind ten draws with the score
# function, after 400 steps ahead of them, and nearly level with ten draws and a control variate.
#
# A VAE often needs only a single draw for each image, since a batch has many images, and their noise averages out
# too. Kingma & Welling 2014 used one draw with batches of 100.
#
# ## What to use when
#
# | | z | needs of the model | a draw costs | its variance |
# | --- | --- | --- | --- | --- |
# | coordinate ascent ([3b](03b_coordinate_ascent.py)) | any | averages on paper | nothing: no draws | none |
# | score function | any, discrete too | values of log p(x, z) | a value | grows with Z; use a control variate |
# | reparameterization | continuous | ∇ log p(x, z) | about two values | small where f is nearly linear over the width of q |
#
# A VAE has a continuous z, many latents, and a decoder with a backward pass, so we can reparameterize. In `vae.py`
# the gradient arrives at z through the decoder, and goes on into the encoder by `sample_backward`, the function that
# this tutorial used.
#
# **This is the end of the core.** Go on to [tutorial 5](05_variational_autoencoder.py), or read an appendix:
#
# - [A](#appendix-a-why-not-backprop-through-sampling): why not backprop through sampling, and what about a discrete z?
# - [B](#appendix-b-why-is-the-variance-lower): why is the variance lower, and when is it not?
# - [C](#appendix-c-the-control-variate): the control variate.
# - [D](#appendix-d-eight-estimators): eight estimators, against the number of latents and of draws.
# - [E](#appendix-e-where-the-order-changes): where the order changes, above all near the posterior.
# - [F](#appendix-f-latents-with-a-limited-range): latents with a limited range.

# %% [markdown]
# ## Appendix A: Why not backprop through sampling?
#
# Because a random draw by itself is not a function of θ. `rng.normal(θ, 1)` returns one number now and another one
# the next time. To differentiate, we have to say what stays fixed while θ changes. The formula z = μ + σ ε says that
# ε stays fixed. Then z is a function of the knobs, and we can differentiate it. So reparameterization *is* backprop
# through sampling, once we have written down how the sample is made.
#
# There is more than one way to make a sample. Take two latents with the same σ. We can make them as σ ε, or as σ
# R(σ) ε where R is a rotation by an angle that depends on σ. Each gives N(0, σ² I), for every σ. The derivatives of
# the draws are different. So the two estimates of the gradient have the same mean, but different variances.

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
claim("two ways to make the same distribution have different variances", spread["σ R ε"] > 1.5 * spread["σ ε"])

# %% [markdown]
# **What about a discrete z?** Say z is 1 with probability π, else 0. With uniform noise u we can write z = [u < π].
# But a small change of π leaves z as it is for nearly every u, and for the few others z jumps. The derivative through
# the draw is 0 wherever it exists, and the true one is f(1) − f(0): all of it comes from the jumps. The same happens
# if z is smooth and f jumps. The score function works in both cases.
#
#     ∂/∂π E[f(z)] = f(1) − f(0)                         → next cell
#     ∂/∂θ P(z > 0) = N(0; θ, 1)                         → next cell

# %%
u, chance = rng.random(200_000), 0.3
z01 = u < chance
payoff = np.where(z01, 5.0, 2.0)                                # f(1) = 5, f(0) = 2
score = np.where(z01, 1 / chance, -1 / (1 - chance))            # ∂ log q/∂π
moved = np.where(u < chance + 1e-6, 5.0, 2.0)
claim(f"coin: {np.sum(moved != payoff)} of {len(u):,} draws change when π changes by 10⁻⁶: derivative 0; the "
      f"score function says {np.mean(payoff * score):.2f}, the true value is 3",
      np.mean(moved != payoff) < 1e-4 and abs(np.mean(payoff * score) - 3) < 0.15)
q = gaussian(0.5)
eps = q.draw_noise(rng, 200_000)
jump = (q.sample(eps) > 0).astype("float64")
through, truth = reparameterized(q, eps, 0 * eps)[:, 0].mean(), math.exp(-0.125) / math.sqrt(2 * math.pi)
by_score = score_function(q, eps, jump)[:, 0].mean()
claim(f"f jumps at 0: ∇f is 0, so reparameterization says {through:.2f}; the score function says {by_score:.3f}, "
      f"the true value is {truth:.3f}", through == 0 and abs(by_score - truth) < 0.02)

# %% [markdown]
# So for a discrete z there are three ways. If it has few values, sum over all of them. Or use the score function, with
# a control variate. Or replace z by a continuous approximation, and accept a bias. The Gumbel-softmax does that: a
# softmax of logits and noise, which approaches the choice of a single value as its temperature falls (Jang et al.
# 2017; Maddison et al. 2017).
#
# ## Appendix B: Why is the variance lower?
#
# It is not always lower. But there is a reason why it often is, which also tells us when it is. Expand f around μ,
# with g its gradient there and H its matrix of second derivatives:
#
#     f(μ + σ ε) ≈ f(μ) + σ gᵀε + ½ σ² εᵀHε              → next cell
#
# Which parts of the estimate for μ are random? With reparameterization the estimate is ∇f(z) = g + σ H ε: only the
# *curvature* makes noise. With the score function it is f(z) ε/σ. There the value f(μ) makes noise (which a control
# variate removes). The slope makes noise too, in every direction, and that noise enters the estimate for every knob:
# one number f has to serve all Z means, and for each of them the part of f that comes from the others is noise. The
# gradient ∇f has Z numbers, one for each mean.
#
# For a linear f = gᵀz with ‖g‖ = 1, around μ = 0, the two variances are known
# ([derivation](derivations.md#reparameterized)):
#
#     summed variance, score function = (Z + 1) ‖g‖²     → next cell
#     summed variance, reparameterized = σ² ‖H‖²         → next cell
#
# Both are summed over the Z means, and ‖H‖² is the sum of the squared entries of H. For the linear f, H is 0; adding
# ½ · 0.1 ‖z‖² to it makes H = 0.1 I. Here σ is 1.

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
# The same reason tells us when the opposite is true: for an f with a large slope and curvature, but small values,
# like f = cos(k z) with a large k (Mohamed et al. 2020 compare the estimators on such functions). For the score
# function k hardly matters, since |f| ≤ 1. Reparameterization differentiates f, which multiplies it by k.

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
claim(f"variances for cos ¼z: reparameterized {wiggle['reparam'][0]:.3f}, score function {wiggle['score'][0]:.2f}; "
      f"for cos 16z: {wiggle['reparam'][-1]:.0f} and {wiggle['score'][-1]:.2f}",
      wiggle["reparam"][0] < wiggle["score"][0] / 5 and wiggle["reparam"][-1] > 50 * wiggle["score"][-1])

# %% [markdown]
# ## Appendix C: The control variate
#
# The score is zero on average:
#
#     E_q[∇ log q] = ∫ q ∇q/q dz = ∇ ∫ q dz = ∇ 1 = 0    → next cell
#
# So we may subtract any number a from f, as long as it doesn't depend on the draw. Then (f − a) ∇ log q has the same
# mean, since a E[∇ log q] = 0, but another variance. The variance is least for
#
#     a* = E[f s²] / E[s²]                               → inference.estimators.best_coefficient
#
# where s is the score of one knob ([derivation](derivations.md#less-variance-for-the-score-function)). REINFORCE had
# such a number already, called a baseline (Williams 1992). For the average of x² with x ~ N(θ, 1), a* is θ² + 3, and
# the variance falls from θ⁴ + 14 θ² + 15 to
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
off = []
for theta in thetas:
    q = gaussian(theta)
    eps = q.draw_noise(np.random.default_rng(2), 200_000)
    score, f = q.score(eps)[:, :1], q.sample(eps) ** 2
    off.append(abs(((f - best_coefficient(score, f)) * score).var() / (8 * theta ** 2 + 6) - 1))
claim(f"the variance with it is 8 θ² + 6 for θ from 0 to 4, within {max(off):.1%}", max(off) < 0.06)

# %% [markdown]
# In practice we estimate a* from the same draws. But the a that we use for a draw must not depend on this draw:
# otherwise a and s are not independent, and the gradient is biased. So `best_coefficient` computes the a of each
# draw from all the *other* draws (it leaves one out). Here are both ways with 3 draws, a hundred thousand times:

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
claim(f"if a includes its own draw, the mean gradient is {means['own draw included']:.2f}, not 4: biased",
      means["own draw included"] < 3.5)
claim(f"left out, it is {means['own draw left out']:.2f}", abs(means["own draw left out"] - 4) < 0.15)

# %% [markdown]
# (The biased estimate has the lowest variance of the three, but that is no use when its mean is so far off. And with
# a* estimated from only two other draws, the gain is small. With many draws it approaches the gain of the formula.)
#
# ## Appendix D: Eight estimators
#
# For the ELBO, f is log p(x, z) − log q(z), which contains the knobs itself. Does that add a term to the gradient?
# It adds E_q[−∇ log q], which is zero. So both estimators work for the ELBO as well, and each has variants.
# [estimators.py](../minivae/inference/estimators.py) has them all, and `ESTIMATORS` their short names:
#
# - *score*, `ScoreFunction`: as above.
# - *score-cv*, `control_variate=True`, subtracts a*.
# - *score-baseline*, `baseline=0.9`, subtracts a running mean of f from the steps before (Williams 1992).
# - *score-rb*, `rao_blackwell=True` (Rao-Blackwellization), keeps for the knobs of zᵢ only the terms of f that
#   contain zᵢ. The part with the other terms is zero on average, since under a factorized q those terms are
#   independent of zᵢ.
# - *score-rb-cv* has both, and is black-box variational inference (Ranganath et al. 2014; the model is a black box
#   that gives values of log p(x, z)).
# - *reparam*, `Reparameterized("analytic-entropy")`: ∇ log p through the draw, and the entropy of q by its formula.
# - *reparam-mc*, `Reparameterized("monte-carlo")`: log q at the draws, differentiated completely. For Gaussians it
#   gives the same numbers, draw by draw.
# - *path-only*, `Reparameterized("path-only")`: the same without one part of that derivative, the score, whose average
#   is zero (Roeder et al. 2017). Appendix E says why.
#
# All are unbiased. We compare them with the exact gradient of the ELBO, for the line through 20 points.

# %%
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
# How do they depend on the number of latents? We take Z times the measurement of tutorial 3 (x = 3, unit noise, prior
# N(0, 1)), and q = N(0, I). And on the number of draws? The variance of a mean of S draws is ∝ 1/S.

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
claim(f"against the number of draws: from S^{min(decay.values()):.2f} to S^{max(decay.values()):.2f}",
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
right.set_title("Five means: all fall about like 1/S")
right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
for axes in (left, right):
    axes.grid(alpha=0.3)
save(drawn, "04-variance")

# %% [markdown]
# ![variance against the number of latents and of draws](figures/04-variance.png)
#
# In the left panel the variance of the plain score function grows like Z², and with a control variate roughly like
# Z. With Rao-Blackwellization it doesn't grow. But that works here because log p(x, z) is a sum of terms with one
# latent each. With a decoder network each pixel may depend on all latents. Then log p(x|z) contains them all, and
# there is little to leave out. The right panel shows that halving the standard error takes four times the draws,
# whatever the estimator. (A control variate gains a little more at first, since a* is estimated from the draws too.)
#
# ## Appendix E: Where the order changes
#
# On `one-latent`, the nonlinear decoder of tutorial 3, the score function with a control variate beats
# reparameterization. There are no other latents that add noise, and f is strongly curved where q has its mass. Three
# seeds:

# %%
bent, start, seeds = EXAMPLES["one-latent"].make(np), gaussian(0.0), (13, 14, 15)


def variances(model, q, names, draws, repeats):
    """{name: the summed variance of the gradient with each seed (3,)}"""
    return {name: np.array([gradient_variance(model, q, ESTIMATORS[name](), draws, np.random.default_rng(seed),
                                              repeats).sum() for seed in seeds]) for name in names}


variance = variances(bent, start, ("score", "score-cv", "reparam", "path-only"), 100, 200)
for name, values in variance.items():
    print(f"  one-latent, q = N(0, 1): {name:<10}" + "".join(f"{value:>7.2f}" for value in values))
claim("the variance of score-cv is less than 0.6 times that of reparam, with each seed",
      (variance["score-cv"] < 0.6 * variance["reparam"]).all())

# %% [markdown]
# **Near the posterior.** If q is the posterior, f = log p(x, z) − log q(z) is log p(x) at every z: a constant. A
# control variate removes constants, so with a control variate the score function has very little noise near the
# posterior. "Reparam" keeps its noise: it adds the gradient of log p at the draws to the gradient of the entropy,
# which doesn't depend on the draws and so can't cancel that noise. "Path-only" evaluates both at the draws, so that
# their noise can cancel:
#
#     ∇ ≈ (∂z/∂λ)ᵀ ∂[log p(x, z) − log q(z)]/∂z          → inference.estimators.Reparameterized.rows
#
# If q is the posterior, this is zero for every single draw. Roeder et al. 2017 call it *sticking the landing*. We move
# q from N(0, I) to the posterior of the five means, with its knobs on a straight line.

# %%
p = five.posterior()
goal = MeanFieldGaussian(p.mean.copy(), np.sqrt(p.covariance.diagonal()))
first = MeanFieldGaussian(np.zeros(5), np.ones(5))
moving = MeanFieldGaussian(np.zeros(5), np.ones(5))
names = ("score", "score-cv", "score-rb-cv", "reparam", "path-only")
gaps, along = [], {name: [] for name in names}
for part in (0, 0.5, 0.8, 0.93, 0.98, 0.995):
    moving.knobs[:] = (1 - part) * first.knobs + part * goal.knobs
    gaps.append(five.log_evidence() - exact_elbo(five, moving))
    for name, values in variances(five, moving, names, 50, 150).items():
        along[name].append(values)
print(f"  KL {gaps[0]:>10.0f} nats" + f"{gaps[-1]:>10.4f} nats   (means of three seeds)")
for name in names:
    print(f"  {name:<14}{along[name][0].mean():>8.3g}{along[name][-1].mean():>12.2g}")
claim("at the start, with each seed: score > score-cv > score-rb-cv > reparam > path-only",
      all((along[a][0] > along[b][0]).all() for a, b in zip(names, names[1:])))
claim("near the end, with each seed: reparam is more than 3 times as noisy as score-cv, and more than 30 times as "
      "noisy as path-only", (along["score-cv"][-1] < along["reparam"][-1] / 3).all()
      and (along["path-only"][-1] < along["reparam"][-1] / 30).all())
eps = goal.draw_noise(np.random.default_rng(15), 1000)
largest = {form: abs(Reparameterized(form).rows(five, goal, eps)).max() for form in Reparameterized.FORMS}
claim(f"at the posterior the largest gradient from any of 1,000 draws is {largest['path-only']:.0e} (path-only) or "
      f"{largest['analytic-entropy']:.1f} (analytic-entropy)",
      largest["path-only"] < 1e-10 and largest["analytic-entropy"] > 1)

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
left.loglog(frequencies, wiggle["score"], "ks-", ms=5, lw=1, label="score function")
left.loglog(frequencies, wiggle["reparam"], "ko-", ms=5, lw=1, label="reparameterized")
left.set_xlabel("k, in f = cos(k z) (radians per unit of z)")
left.set_ylabel("variance of a one-draw estimate")
left.set_title("f = cos(k z): for a large k the score function wins")
left.legend(fontsize=8.5)
for name, values in along.items():
    shade = "0.5" if name == "score-rb-cv" else "black"
    right.loglog(gaps, np.mean(values, axis=1), styles[name], ms=5, lw=1, color=shade, label=name)
right.invert_xaxis()
right.set_xlabel("KL(q ‖ posterior), nats; q approaches the posterior to the right")
right.set_ylabel("variance of the gradient, all knobs")
right.set_title("Five means: near the posterior the order changes")
right.legend(fontsize=8.5, loc="lower left")
for axes in (left, right):
    axes.grid(alpha=0.3)
save(drawn, "04-not-a-theorem")

# %% [markdown]
# ![variance for f = cos(k z); variance on the way to the posterior](figures/04-not-a-theorem.png)
#
# (Left: the example of appendix B. Right: q on its way to the posterior.)
#
# There are two limits to this. First, this posterior is a product, so a mean-field q can *equal* it. No mean-field q
# equals the posterior of the line through 20 points, so there no variance goes to zero. With a control variate,
# Rao-Blackwellization ("rb") even makes things worse at the best q: it replaces an f that varies little by some of its
# terms, which vary much more.

# %%
fitted = MeanFieldGaussian(last.q.mean, np.sqrt(last.q.covariance.diagonal()))
variance = variances(line, fitted, ESTIMATORS, 50, 200)
print("the line, at the best mean-field q, means of three seeds:\n  "
      + ", ".join(f"{name} {values.mean():.3g}" for name, values in variance.items()))
claim("with each seed score-rb-cv has more than three times the variance of score-cv",
      (variance["score-rb-cv"] > 3 * variance["score-cv"]).all())
claim("and path-only less than 0.8 times that of reparam", (variance["path-only"] < 0.8 * variance["reparam"]).all())

# %% [markdown]
# Second, "path-only" isn't always less noisy than "reparam". For a posterior N(m, v) and a q with the variance σ², one
# draw has these variances:
#
#     reparam, knob μ: Var = σ²/v²                       → next cell
#     path-only, knob μ: Var = (1/σ − σ/v)²              → next cell
#
# The second is the larger one if σ² < ½ v, that is for a q less than 71 % as wide as the posterior.

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
# ## Appendix F: Latents with a limited range
#
# A Gaussian q gives some probability to negative numbers, but a precision is positive, and the π of a coin lies in
# [0, 1]. **ADVI** (automatic differentiation variational inference, Kucukelbir et al. 2017) puts the Gaussian on ζ,
# which may be any real number, and sets z = T(ζ), with T = exp for a positive latent and the sigmoid for one between 0
# and 1. This changes densities. A small interval keeps its probability, p(ζ) |dζ| = p(z) |dz|, so
#
#     log p(x, ζ) = log p(x, T(ζ)) + Σ log |dz/dζ|       → inference.transforms.Unconstrained.log_joint
#
# The last term is the log-Jacobian. If it is missing, nothing crashes, but the prior is a different one, and so is the
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
# `unconstrained(model)` does this for any model that says what its latents may be. Then everything above applies. Here
# are the two models with exact answers, fitted from draws and gradients only:

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
claim(f"with coordinate ascent, whose q(τ) is a gamma, the gap is {gap:.4f} nats: a better family for this model",
      by_coordinates.elbo.mean > fitted.elbo.mean + 3 * fitted.elbo.error)
claim(f"and ADVI's standard deviation of μ is {fitted.q.std[0] / posterior.std[0]:.0%} of the exact one",
      0.85 < fitted.q.std[0] / posterior.std[0] < 0.98)

# %% [markdown]
# A Gaussian for log τ isn't a gamma for τ, and the exact posterior of μ is a Student's t, whose tails are longer
# than those of a Gaussian. So a gap remains even at the best q, and q is a little too certain of μ. But ADVI needs
# only log p(x, z) and its gradient, while coordinate ascent needs averages that are derived by hand for each model.
#
# ## What to try next
#
# - Exercise 6, *The reparameterized sample*; exercise 12b, *The log-Jacobian of ADVI*; exercise 13, *The score
#   function and its control variate*; exercise 18, *Find the bug: every gradient and every formula is right*
#   (`python -m minivae exercises start exercises`).
# - `python -m minivae variance` compares all estimators on all models. Where does the order of appendix D hold?
# - `python -m minivae infer linear-regression --estimator score --samples 100`, then with fewer samples. When
#   does it fail?
# - For which k does the order change with f = cos(k z)? Both variances can be computed on paper: E[cos(a z)] is
#   exp(−½ a²) cos(a μ).
#
# **References.** Williams, *Simple statistical gradient-following algorithms for connectionist reinforcement
# learning*, Machine Learning 8 (1992). Kingma and Welling, *Auto-encoding variational Bayes*, ICLR 2014. Rezende,
# Mohamed and Wierstra, *Stochastic backpropagation and approximate inference in deep generative models*, ICML 2014.
# Ranganath, Gerrish and Blei, *Black box variational inference*, AISTATS 2014. Jang, Gu and Poole, *Categorical
# reparameterization with Gumbel-softmax*, ICLR 2017. Maddison, Mnih and Teh, *The concrete distribution*, ICLR 2017.
# Roeder, Wu and Duvenaud, *Sticking the landing*, NIPS 2017. Kucukelbir, Tran, Ranganath, Gelman and Blei,
# *Automatic differentiation variational inference*, Journal of Machine Learning Research 18 (2017). Mohamed, Rosca,
# Figurnov and Mnih, *Monte Carlo gradient estimation in machine learning*, Journal of Machine Learning Research 21
# (2020); it compares these estimators with others.
