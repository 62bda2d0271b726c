# %% [markdown]
# # 3b · Coordinate ascent, and what a q without correlations costs
#
# **What you'll do.** Fit a q to several latents by solving for one factor at a time, without any gradient. Then
# compare the result with exact posteriors, and find out what it gets wrong.
#
# **What you'll learn.** Why the best factor has a formula; why correlated latents make the fit slow and the result
# too narrow, and by how many nats; when a q without correlations is too *wide*; why uncorrelated is not independent.
#
# **What you'll need.** The ELBO, from [tutorial 3](03_variational_inference.py). The VAE doesn't need this page: you
# can go on to [tutorial 4](04_why_reparameterize.py), and come back later.
#
# **Time.** 30 minutes to read, a few seconds to run: `python tutorials/03b_coordinate_ascent.py`.

# %%
import math

from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae.inference import (CorrelatedGaussian, LinearRegression, MeanFieldGaussian, UnknownMeanAndPrecision,
                               coordinate_ascent)
from minivae.inference.compare import exact, fit_by_coordinates, print_beliefs, print_bound
from minivae.inference.coordinate_ascent import gaussian_elbo, gaussian_factor
from minivae.inference.distributions import MultivariateNormal
from minivae.inference.examples import EXAMPLES
from minivae.posteriors import DiagonalGaussian

options("Tutorial 3b: coordinate ascent.")

# %% [markdown]
# ## The best factor
#
# The simplest family of q for several latents says that they are independent: **mean field**, q(z) = Π qᵢ(zᵢ). Keep
# all factors but qᵢ fixed, and collect the terms of the ELBO that contain qᵢ: ∫ qᵢ (E_{others}[log p(x, z)] − log qᵢ)
# dzᵢ, where E_{others} is the average over all z but zᵢ. Let qᵢ* be the density ∝ exp E_{others}[log p(x, z)]. Then
# these terms are −KL(qᵢ ‖ qᵢ*) and a constant, which comes from making qᵢ* integrate to 1
# ([derivation](derivations.md#the-best-factor)). The KL is zero at qᵢ = qᵢ* and positive otherwise, so we know the
# best factor without searching:
#
#     ELBO(qᵢ) = const − KL(qᵢ ‖ qᵢ*)                    → next cell
#     log qᵢ*(zᵢ) = E_{others}[log p(x, z)] + const      → inference.coordinate_ascent.coordinate_ascent
#
# Set qᵢ to qᵢ*, go on to the next factor, and repeat until nothing changes. This is **coordinate ascent** (Bishop
# 2006, section 10.1; Blei et al. 2017). Suppose that log p(x, z) = const + bᵀz − ½ zᵀΛz. As a function of z this is
# a Gaussian with the precision matrix Λ (the inverse of the covariance) and the mean Λ⁻¹b. The average of log p over
# the other latents is quadratic in zᵢ, so qᵢ* is a Gaussian, although we didn't require this. With mⱼ the mean of
# qⱼ,
#
#     qᵢ* = N((bᵢ − Σ_{j≠i} Λᵢⱼ mⱼ)/Λᵢᵢ, 1/Λᵢᵢ)          → inference.coordinate_ascent.gaussian_factor
#
# We check both lines on two latents with correlation 0.8. There we can average over the other latent on a grid.

# %%
target = CorrelatedGaussian(np.array([1.0, -0.5]), np.array([[1.0, 0.8], [0.8, 1.0]]))
precision, shift = target.precision_and_shift()
others = np.array([0.0, 0.3])                                   # the current means; only that of z₂ is used
m, variance = gaussian_factor(0, others, precision, shift)

axis = np.linspace(-8, 8, 801)
log_q2 = MeanFieldGaussian(others[1:], np.array([0.5])).log_prob(axis[:, None])
z1, z2 = np.meshgrid(axis, axis, indexing="ij")
joint = target.log_joint(np.stack([z1.ravel(), z2.ravel()], axis=1)).reshape(z1.shape)
averaged = joint @ np.exp(log_q2) * (axis[1] - axis[0])         # E over z₂ of log p(x, z), at each z₁
factor = np.exp(averaged - averaged.max())
factor /= factor.sum()
mean_by_sum = float(factor @ axis)
variance_by_sum = float(factor @ (axis - mean_by_sum) ** 2)
claim(f"exp E[log p(x, z)] is N({mean_by_sum:.4f}, {variance_by_sum:.4f}) on the grid, "
      f"N({m:.4f}, {variance:.4f}) by the update",
      abs(m - mean_by_sum) < 1e-8 and abs(variance - variance_by_sum) < 1e-8)


def bound_with(m1, v1):
    """The ELBO with q₁ = N(m1, v1), and q₂ as it is"""
    return gaussian_elbo(target, MultivariateNormal(np.array([m1, others[1]]), np.diag([v1, 0.25])))


for m1, v1 in ((0.0, 1.0), (m, 0.1), (m + 1, variance)):
    away = float(DiagonalGaussian().kl(np.array([[(m1 - m) / variance ** 0.5, math.log(v1 / variance)]]))[0])
    lost = bound_with(m, variance) - bound_with(m1, v1)
    claim(f"with q₁ = N({m1:.2f}, {v1:.2f}) the ELBO is lower by {lost:.4f}, and KL(q₁ ‖ q₁*) = {away:.4f}",
          abs(lost - away) < 1e-10)

# %% [markdown]
# ## Correlation makes it slow, and the result too narrow
#
# Each update finds the best factor, so the ELBO never falls. But moving along one axis at a time is slow on a narrow,
# slanted ridge: if two latents have the correlation ρ, each round of updates after the first multiplies the error of
# the means by ρ². The limit has a formula, too ([derivation](derivations.md#a-gaussian-factor)). The means are those
# of the exact posterior. The variances are 1/Λᵢᵢ, the variance of zᵢ if all other latents were *known*. The
# correlations are zero. This costs
#
#     KL(q ‖ p) = ½ (Σ log Λᵢᵢ − log |Λ|)                → next cell
#
# nats, which for two latents with unit variances is −½ log (1 − ρ²).

# %%
errors, gaps, monotone, narrow, rates, formulas = {}, {}, [], [], [], []
print(f"{'ρ':>6}{'rounds to 1 %':>15}{'variance':>11}{'exact':>8}{'gap, nats':>12}")
for rho in (0.0, 0.5, 0.8, 0.95, 0.99):
    target = CorrelatedGaussian(np.array([1.5, 1.5]), np.array([[1.0, rho], [rho, 1.0]]))
    precision, _ = target.precision_and_shift()
    updates = list(coordinate_ascent(target, 700))
    errors[rho] = np.array([abs(update.q.mean - 1.5).max() for update in updates if update.factor != "z1"])
    gaps[rho] = target.log_evidence() - updates[-1].elbo
    rounds, variance = np.argmax(errors[rho] < 0.01 * 1.5), updates[-1].q.covariance[0, 0]
    print(f"{rho:>6}{rounds:>15}{variance:>11.4f}{1:>8}{gaps[rho]:>12.4f}")
    monotone.append(np.diff([update.elbo for update in updates]).min())
    narrow.append(abs(updates[-1].q.covariance.diagonal() - (1 - rho ** 2)).max())
    rates.append(abs(errors[rho][2:5] - rho ** 2 * errors[rho][1:4]).max())
    formula = 0.5 * (np.log(precision.diagonal()).sum() - np.linalg.slogdet(precision)[1])
    formulas += [abs(gaps[rho] - formula), abs(formula + 0.5 * math.log(1 - rho ** 2))]
claim("no update lowers the ELBO by more than 10⁻¹² nats", min(monotone) > -1e-12)
claim("each round after the first multiplies the error of the means by ρ²", max(rates) < 1e-10)
claim("the variances end at 1 − ρ², where the exact ones are 1", max(narrow) < 1e-10)
claim(f"the gap is ½ (Σ log Λᵢᵢ − log |Λ|) = −½ log (1 − ρ²), to {max(formulas):.0e}", max(formulas) < 1e-8)

rho = 0.9
target = CorrelatedGaussian(np.array([1.5, 1.5]), np.array([[1.0, rho], [rho, 1.0]]))
updates = list(coordinate_ascent(target, 12))
steps = np.array([update.q.mean for update in updates])
drawn, (left, right) = figure(1, 2, size=(11, 4.6))
axis = np.linspace(-1.2, 4, 200)
z1, z2 = np.meshgrid(axis, axis)
points = np.stack([z1.ravel(), z2.ravel()], axis=1)
for which, shade, style in ((target.posterior(), "0.65", "solid"), (updates[-1].q, "black", "dotted")):
    heights = np.exp(which.log_prob(points) - which.log_prob(which.mean[None])).reshape(z1.shape)
    left.contour(z1, z2, heights, levels=np.exp([-2, -0.5]), colors=shade, linestyles=style, linewidths=1.5)
left.plot(*steps.T, "k.-", lw=1)
left.plot([], [], "0.65", lw=1.5, label="posterior: 1 and 2 standard deviations")
left.plot([], [], "k:", lw=1.5, label="q after 12 rounds")
left.plot([], [], "k.-", lw=1, label="the mean of q, update by update")
left.set_aspect("equal")
left.set_ylim(-1.2, 5)
left.legend(fontsize=8, loc="upper left")
left.set_xlabel("z₁ (no unit)")
left.set_ylabel("z₂ (no unit)")
left.set_title(f"ρ = {rho}: many small steps, and q is too narrow")
for (rho, error), style in zip(list(errors.items())[1:], ("k-", "k--", "k-.", "k:")):
    right.semilogy(np.maximum(error[:61], 1e-16), style, label=f"ρ = {rho}: factor {rho ** 2:.4g} a round")
right.set_ylim(1e-8, 3)
right.set_xlabel("rounds through both factors")
right.set_ylabel("error of the means (unit of z)")
right.set_title("Each round after the first: error times ρ²")
right.legend(fontsize=8.5)
right.grid(alpha=0.3)
save(drawn, "03b-coordinate-ascent")

# %% [markdown]
# ![coordinate ascent in steps; the error against rounds](figures/03b-coordinate-ascent.png)
#
# ## What mean field gets wrong
#
# Fit a line to 20 points, y = w₁ + w₂ x + noise. A smaller slope with a larger intercept would fit nearly as well. So
# the posterior of the two weights is correlated, and mean field leaves the correlation out.

# %%
line = EXAMPLES["linear-regression"].make(np)
fitted = fit_by_coordinates(line, 500)
posterior, evidence, how = exact(line)
print_beliefs(line.names, {"exact": posterior, "mean field": fitted.q})
gap = print_bound(evidence, how, fitted)
precision, _ = line.precision_and_shift()
formula = 0.5 * (np.log(precision.diagonal()).sum() - np.linalg.slogdet(precision)[1])
claim(f"the gap is ½ (Σ log Λᵢᵢ − log |Λ|) = {formula:.4f} nats", abs(gap - formula) < 1e-8)
claim(f"the means are right, the standard deviations are {fitted.q.std[0] / posterior.std[0]:.0%} of the exact ones",
      np.allclose(fitted.q.mean, posterior.mean, atol=1e-5) and (fitted.q.std < 0.6 * posterior.std).all())

# %% [markdown]
# One often reads that mean field is too narrow. For Gaussian posteriors this is true of each single latent: 1/Λᵢᵢ is
# never more than the exact variance. (If there is no correlation, the two are equal.) For *combinations* of latents
# the opposite can be true. The height of the line at x is w₁ + w₂ x, and its variance is aᵀΣa for a = (1, x), where
# Σ is the covariance of the weights.

# %%
at = np.linspace(-1, 4, 101)
a = np.stack([np.ones_like(at), at], axis=1)
height_exact, height_q = (np.sqrt(((a @ which.covariance) * a).sum(axis=1)) for which in (posterior, fitted.q))
middle = float(line.X[:, 1].mean())
k, edge = int(np.argmin(abs(at - middle))), int(np.argmin(abs(at)))
claim(f"at x = 0 the standard deviation of the line is {height_q[edge]:.3f} by mean field and "
      f"{height_exact[edge]:.3f} exactly: too narrow", height_q[edge] < 0.7 * height_exact[edge])
claim(f"at x = {at[k]:.2f}, in the middle of the data, it is {height_q[k]:.3f} by mean field and {height_exact[k]:.3f} exactly: "
      "too wide", height_q[k] > 1.2 * height_exact[k])

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
w1, w2 = np.meshgrid(np.linspace(0.05, 1.7, 200), np.linspace(-0.92, 0.13, 200))
points = np.stack([w1.ravel(), w2.ravel()], axis=1)
for which, shade, style in ((posterior, "0.6", "solid"), (fitted.q, "black", "dashed")):
    heights = np.exp(which.log_prob(points) - which.log_prob(which.mean[None])).reshape(w1.shape)
    left.contour(w1, w2, heights, levels=np.exp([-4.5, -2, -0.5]), colors=shade, linestyles=style, linewidths=1.5)
left.plot([], [], "0.6", label="exact posterior: 1, 2 and 3 standard deviations")
left.plot([], [], "k--", label="mean-field q, the same")
left.set_xlabel("w₁, the intercept (unit of y)")
left.set_ylabel("w₂, the slope (y per x)")
left.set_title("Mean field: each weight too certain, no correlation")
right.plot(at, height_exact, "0.6", lw=2, label="exact posterior")
right.plot(at, height_q, "k--", label="mean-field q")
right.plot(line.X[:, 1], np.full(len(line.X), 0.02), "k|", ms=9, label="the data's x")
right.set_ylim(0, 0.62)
right.set_xlabel("x (no unit)")
right.set_ylabel("standard deviation of w₁ + w₂ x (unit of y)")
right.set_title("The line: too certain at the edges, too uncertain inside")
for axes in (left, right):
    axes.legend(fontsize=9)
    axes.grid(alpha=0.3)
save(drawn, "03b-mean-field")

# %% [markdown]
# ![the weights' posterior and mean field; the uncertainty of the line](figures/03b-mean-field.png)
#
# Often a different choice of latents helps. Measure x from its mean. Then the "intercept" is the height of the line
# in the middle of the data, XᵀX is diagonal, the two weights are independent in the posterior, and mean field is
# exact after one round. (The model is not quite the same: the prior is now on the height in the middle, so the
# evidence differs a little.)

# %%
X = line.X.copy()
X[:, 1] -= middle
centred = LinearRegression(X, line.y, noise=line.variance ** 0.5, prior_std=line.prior_variance ** 0.5)
updates = list(coordinate_ascent(centred, 1))
gap = abs(centred.log_evidence() - updates[-1].elbo)
claim(f"centred: the gap is {gap:.0e} nats after one round; log p(x) is {centred.log_evidence():.2f}, "
      f"before {line.log_evidence():.2f}", gap < 1e-8)

# %% [markdown]
# ## Uncorrelated is not independent
#
# The classic example (Bishop 2006, section 10.1.3) has N readings xₙ ~ N(μ, 1/τ) with an unknown mean μ *and* an
# unknown precision τ (one over the variance). The prior is called normal-gamma, and the exact posterior is a
# normal-gamma too. Gamma(a, b) is the density ∝ τᵃ⁻¹ e^(−bτ) on τ > 0, with mean a/b; m₀, κ₀, a₀ and b₀ are given:
#
#     p(τ) = Gamma(a₀, b₀),  p(μ|τ) = N(m₀, 1/(κ₀ τ))       → inference.conjugate_models.UnknownMeanAndPrecision
#
# Mean field is q(μ) q(τ), and the best factors are N(m, 1/λ) and Gamma(a, b)
# ([derivation](derivations.md#mean-and-precision)). λ depends on b, and b depends on λ, so the updates alternate:
#
#     m = (κ₀ m₀ + N x̄)/(κ₀ + N),  λ = (κ₀ + N) a/b         → inference.coordinate_ascent.coordinate_ascent
#     b = b₀ + ½ E_q[Σ (xₙ − μ)² + κ₀ (μ − m₀)²]            → inference.coordinate_ascent.coordinate_ascent
#     a = a₀ + (N + 1)/2                                    → inference.coordinate_ascent.coordinate_ascent
#     a_n = a₀ + N/2                     → inference.conjugate_models.UnknownMeanAndPrecision.posterior
#
# The last line is the a of the exact posterior, which is different. The +1 isn't a misprint: the prior p(μ|τ)
# contains √τ, as each of the N readings does. (In the exact posterior this √τ belongs to the Gaussian of μ given τ.)

# %%
model = EXAMPLES["normal-gamma"].make(np)
fitted = fit_by_coordinates(model, 100)
posterior, evidence, how = exact(model)
print_beliefs(model.names, {"exact": posterior, "mean field": fitted.q})
gap = print_bound(evidence, how, fitted)
updates = list(coordinate_ascent(model, 100))
q, p = updates[-1].q, model.posterior()
expected_squares = model.scatter + model.N * ((model.mean_x - q.m) ** 2 + 1 / q.lam) \
    + model.kappa0 * ((q.m - model.m0) ** 2 + 1 / q.lam)
claim("at the end the updates of λ and b no longer change anything",
      np.allclose([q.lam, q.b], [(model.kappa0 + model.N) * q.a / q.b, model.b0 + 0.5 * expected_squares]))
claim(f"{model.N} readings: a = {q.a} in q, {p.a} in the posterior",
      q.a == model.a0 + (model.N + 1) / 2 and p.a == model.a0 + model.N / 2)
claim("no update lowers the ELBO by more than 10⁻¹² nats",
      np.diff([update.elbo for update in updates]).min() > -1e-12)
claim(f"the last ELBO is below log p(x), by {gap:.4f} nats", 0.02 < gap < 0.1)

# %% [markdown]
# Neither q nor the posterior has a correlation between μ and τ, and still the ELBO is below log p(x). What q lacks
# is a *dependence*: the larger τ is, the less noise there is, and the more precisely μ is known.

# %%
exact_std = [(p.kappa * tau) ** -0.5 for tau in (0.3, 1.2)]
claim(f"in the posterior, μ is known to ± {exact_std[0]:.2f} if τ = 0.3, and to ± {exact_std[1]:.2f} if τ = 1.2; "
      f"in q, to ± {q.lam ** -0.5:.2f} for every τ", exact_std[1] < q.lam ** -0.5 < exact_std[0])
print(f"{'readings':>10}{'gap, nats':>12}{'gap × 2N':>12}")
shrinking = []
for N in (10, 100, 1000):
    more = UnknownMeanAndPrecision(2 + 0.7 * np.random.default_rng(3).standard_normal(N))
    shrinking.append(more.log_evidence() - fit_by_coordinates(more, 100).elbo.mean)
    print(f"{N:>10}{shrinking[-1]:>12.5f}{2 * N * shrinking[-1]:>12.3f}")
claim("with more readings τ becomes certain, and the gap approaches 1/(2N)", abs(2000 * shrinking[-1] - 1) < 0.05
      and shrinking[0] > shrinking[1] > shrinking[2])

# %% [markdown]
# ## Where this leads
#
# Coordinate ascent needs a formula for the averages E_{others}[log p(x, z)]. With a decoder network there is none in
# general. But we can still estimate the ELBO and its gradient from draws: [tutorial 4](04_why_reparameterize.py).
#
# ## What to try next
#
# - Exercise 14, *A coordinate-ascent update* (`python -m minivae exercises start exercises`).
# - `python -m minivae infer linear-regression --q full-rank`: a q with correlations closes the gap.
# - `FullGaussian.kl` in [full.py](../minivae/posteriors/full.py) is the KL of a q with correlations from the prior.
#   Check it against draws and `MultivariateNormal.log_prob`.
#
# **References.** Bishop, *Pattern recognition and machine learning* (2006), chapter 10. Blei, Kucukelbir and
# McAuliffe, *Variational inference: a review for statisticians*, Journal of the American Statistical Association 112
# (2017).
