# %% [markdown]
# # 3 · Variational inference
#
# **What you'll do.** Take a model with a single latent number, where every integral can be computed, and use it to
# check each line of the derivation of the *evidence lower bound*, the ELBO. Change the parameters of q by hand, then
# climb the ELBO, and see where the climb ends.
#
# **What you'll learn.** Why log p(x) is hard to compute; how the ELBO gets around that; which way round the KL goes,
# and what follows from it; when an ELBO may be positive.
#
# **What you'll need.** Probability densities, means and variances. No network is trained here.
# [Tutorial 2](02_autoencoder.py) ends with the question that this tutorial prepares to answer.
#
# **Time.** 60 minutes to read, a few seconds to run: `python tutorials/03_variational_inference.py`. The last
# section, *Is the ELBO negative?*, can wait. How to fit a q to many latents without any gradient is a tutorial of its
# own, [3b](03b_coordinate_ascent.py), which the VAE doesn't need.
#
# **Where it comes from.** Variational inference in machine learning goes back to the 1990s (Jordan et al. 1999 give
# an introduction). Chapter 10 of Bishop 2006 is the textbook account, Blei et al. 2017 a review with newer methods.

# %%
import math

from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import Adam
from minivae.errors import InputError
from minivae.inference import (BetaBernoulli, GaussianMean, MeanFieldGaussian, Reparameterized, elbo,
                               estimate_log_evidence, fit)
from minivae.inference.coordinate_ascent import gaussian_elbo
from minivae.inference.distributions import Beta, Grid, MultivariateNormal
from minivae.inference.examples import EXAMPLES
from minivae.layers import mlp
from minivae.likelihoods import Bernoulli, Gaussian
from minivae.posteriors import DiagonalGaussian, prior_log_prob

options("Tutorial 3: variational inference.")

# %% [markdown]
# ## Bayes' rule, where it can be computed
#
# A model says how data come about: draw a latent z from the prior p(z), then x from p(x|z). We see x and want z:
#
#     p(x) = ∫ p(x|z) p(z) dz                            → inference.gaussian_models.GaussianMean.log_evidence
#     p(z|x) = p(x|z) p(z) / p(x)                        → inference.gaussian_models.GaussianMean.posterior
#
# The first is the **evidence**: how probable the data are under the model. It is also the constant that makes the
# second, the **posterior**, integrate to 1. For a few pairs of prior and likelihood, called conjugate, both have
# a formula. We give the logarithm of the evidence in *nats*, the unit of a natural logarithm: 1 nat = 1.44 bits.
#
# Here are two such pairs. The first is one measurement x = 3, with unit noise, of a quantity that we expected to be 0
# ± 1: the posterior lies halfway between the two. The second is a coin that we believe to be nearly fair, with the
# prior Beta(10, 10), a density of π as if we had seen about 10 heads and 10 tails. Now it shows 6 heads and 4 tails,
# and the posterior adds these counts.

# %%
one = GaussianMean(np.array([[3.0]]))                           # x (N, Z): one observation of one latent
mean, variance = one.posterior().mean[0], one.posterior().covariance[0, 0]
claim(f"x = 3, unit noise, prior N(0, 1): the posterior is N({mean:.1f}, {variance:.1f})",
      np.allclose([mean, variance], [1.5, 0.5], atol=1e-12))
claim(f"and log p(x) = log N(3; 0, 2) = {one.log_evidence():.4f} nats",
      abs(one.log_evidence() + 0.5 * (math.log(2 * math.pi * 2) + 9 / 2)) < 1e-12)

coin = BetaBernoulli(6, 4, 10, 10)
posterior = coin.posterior()
claim(f"6 heads, 4 tails, prior Beta(10, 10): the posterior is Beta({posterior.a}, {posterior.b}), π = "
      f"{posterior.mean[0]:.3f} ± {posterior.covariance[0, 0] ** 0.5:.3f}", (posterior.a, posterior.b) == (16, 14))
pi = np.linspace(0, 1, 20_001)[1:-1, None]                      # (S, 1): S values of the one latent
joint = np.exp(coin.log_joint(pi))                              # p(x, π)
added = math.log(joint.sum() * (pi[1, 0] - pi[0, 0]))
claim(f"log p(x) = {coin.log_evidence():.6f} by formula, {added:.6f} by summing p(x, π) Δπ",
      abs(added - coin.log_evidence()) < 1e-8)

# %% [markdown]
# ## The integral that is too large
#
# A decoder network has no conjugate prior. Can we sum over a grid, as we just did? With n points on each axis and Z
# latents,
#
#     p(x) ≈ Σ p(x, z) Δz,  number of points = nᶻ        → next cell
#
# For the measurement above, eleven points from −5 to 5 are enough: the error is about 10⁻⁴ nats. But that is eleven
# points *per latent*.

# %%
def by_grid(model, n=11):
    """log Σ p(x, z) Δz with n points from −5 to 5 for each latent. -> nats, number of points"""
    axis = np.linspace(-5, 5, n)
    z = np.stack(np.meshgrid(*[axis] * model.latent_dim), axis=-1).reshape(-1, model.latent_dim)
    total = np.exp(model.log_joint(z)).sum() * (axis[1] - axis[0]) ** model.latent_dim
    return math.log(total), len(z)


for Z in range(1, 6):
    model = GaussianMean(np.full((1, Z), 3.0))                  # the same measurement, Z times
    value, points = by_grid(model)
    claim(f"Z = {Z}: log p(x) is off by {abs(value - model.log_evidence()):.0e} nats, after {points:,} points",
          abs(value - model.log_evidence()) < 2e-3 and points == 11 ** Z)
years = 11.0 ** 20 / 1e8 / 3600 / 24 / 365
print(f"  20 latents, a usual number for a VAE: {11.0 ** 20:.1e} points; at 10⁸ points a second, {years:,.0f} years")
try:
    Grid(model.log_joint, np.zeros(3), np.ones(3))
    refused = ""
except InputError as error:
    refused = str(error)
claim(f"the library uses a grid for one latent or two: '{refused}'", "too many points" in refused)

# %% [markdown]
# (This model is a product over its latents, so Z separate sums of 11 points would be enough. With a decoder network,
# each pixel may depend on all latents, and the integral is not a product.)
#
# The next idea is to average over draws from the prior, since p(x) = E[p(x|z)]. This estimate of p(x) is unbiased,
# but with many latents it is often useless. Nearly all draws explain the data so badly that they contribute almost
# nothing, and the result depends on the few best draws. So does its standard error, which can be far too small.
# There is a more general estimate:
#
#     log p(x) ≈ log 1/S Σ p(x, z)/q(z),  z ~ q          → inference.fitting.estimate_log_evidence
#
# With the prior as q it is the average above. With the posterior as q, each term is p(x) itself, and a single draw
# would be enough.

# %%
model = GaussianMean(np.full((1, 20), 3.0))
prior = MeanFieldGaussian(np.zeros(20), np.ones(20))
posterior = model.posterior()
best = MeanFieldGaussian(posterior.mean.copy(), np.sqrt(posterior.covariance.diagonal()))
guesses = [estimate_log_evidence(model, prior, np.random.default_rng(seed), 100_000) for seed in range(5)]
sure = estimate_log_evidence(model, best, np.random.default_rng(0), 2)
print(f"20 latents: log p(x) = {model.log_evidence():.2f} nats")
print("  100,000 draws from the prior: " + ", ".join(f"{guess.mean:.2f} ± {guess.error:.2f}" for guess in guesses))
claim("all five estimates are too low, by more than three of their own standard errors",
      all(model.log_evidence() - guess.mean > 3 * guess.error for guess in guesses))
claim(f"2 draws from the posterior say {sure.mean:.2f}, exactly", abs(sure.mean - model.log_evidence()) < 1e-9)

# %% [markdown]
# So we need draws from close to the posterior, but the posterior is what we don't know. Variational inference
# *searches* for it. It takes a family of distributions q(z) and adjusts their parameters until q is near p(z|x). The
# library calls these parameters the **knobs** of q, to tell them from the parameters of the model. (Elsewhere, q is
# also called a posterior, the *approximate* one, as in the library's `vae.posterior`. On this page "posterior"
# always means p(z|x).) What does "near" mean?
#
# ## The KL divergence
#
#     KL(q ‖ p) = E_q[log q(z) − log p(z)]               → next cell
#
# Here p is any target; below it is the posterior. Draw z from q, and compare its log-density under q and under p:
# the KL is the average difference. It is zero if q = p and positive otherwise. It is not a distance, because
# swapping q and p changes it. For two Gaussians it has a formula, and for p = N(0, I) a short one that every VAE
# with a Gaussian q uses:
#
#     KL(q ‖ N(0, I)) = ½ Σ (μ² + σ² − 1 − log σ²)       → posteriors.DiagonalGaussian.kl
#
# We check it by integrating on a grid of one latent. The grid is so wide that we can neglect everything outside it.

# %%
z = np.linspace(-20, 20, 40_001)[:, None]                       # (S, 1)
dz = z[1, 0] - z[0, 0]


def integral(values):
    """∫ values dz over the grid; all that we integrate vanishes at its ends."""
    return float(values.sum() * dz)


def gaussian(mu, sigma):
    """The q of one latent, N(μ, σ²)."""
    return MeanFieldGaussian(np.array([mu], "float64"), np.array([sigma], "float64"))


def kl(log_q, log_p):
    """KL(q ‖ p) from log-densities on the grid, nats"""
    return integral(np.exp(log_q) * (log_q - log_p))


wide, standard = gaussian(0, 2).log_prob(z), gaussian(0, 1).log_prob(z)
there, back = kl(wide, standard), kl(standard, wide)
claim(f"KL(N(0, 2²) ‖ N(0, 1)) = {there:.4f} nats, the other way round {back:.4f}", there > back + 0.3 > 0.3)
for mu, sigma in ((0, 1), (0, 2), (1.5, 0.3), (-2, 0.05)):
    h = np.array([[mu, 2 * math.log(sigma)]])                   # what an encoder outputs: μ and log σ²
    formula, summed = float(DiagonalGaussian().kl(h)[0]), kl(gaussian(mu, sigma).log_prob(z), prior_log_prob(z))
    claim(f"KL(N({mu}, {sigma}²) ‖ N(0, 1)) = {formula:.6f} by the formula, {summed:.6f} by the integral",
          abs(formula - summed) < 1e-9 and formula >= 0)

# %% [markdown]
# ## A model with two answers
#
# Our example has one latent z ~ N(0, 1), a decoder f that is a network with one hidden layer, and two pixels
# x ~ N(f(z), σ² I). Its decoder is nonlinear, so the posterior has no formula.
#
#     log p(x, z) = log N(x; f(z), σ² I) + log N(z; 0, 1)    → inference.other_models.NonlinearDecoder.log_joint
#
# The first pixel of f(z) has a dip around z = 0, the second rises slowly. So there are two different z for which
# f(z) is near this x:
#
#     f(z) = tanh(z u + c) V                                 → layers.mlp
#
# We also compute log p(x|z) separately, with the functions that a VAE's decoder uses (`mlp`, and the likelihood
# `Gaussian`). The library computes the evidence on a grid of its own, and ours has to agree.

# %%
model = EXAMPLES["one-latent"].make(np)
log_joint, log_prior = model.log_joint(z), prior_log_prob(z)
layers = [(model.u[None], model.c), (model.V, np.zeros(2))]     # (W, b): 1 latent -> 3 hidden -> 2 pixels
decoded, _ = mlp(z, layers, "tanh")                             # f(z)
print(f"x = {model.x}, σ² = {model.variance:.2f}, u = {model.u}, c = {model.c}, V =\n{model.V}")
log_likelihood = Gaussian(variance=model.variance).log_prob(model.x[None], decoded[:, None])[:, 0]    # N = 1
claim("log p(x, z) = log p(x|z) + log p(z), everywhere on the grid",
      np.allclose(log_joint, log_likelihood + log_prior, rtol=1e-10))
log_evidence = model.log_evidence()
log_posterior = log_joint - log_evidence
claim(f"log p(x) = {log_evidence:.6f} nats, on two grids",
      abs(math.log(integral(np.exp(log_joint))) - log_evidence) < 1e-8)
density = np.exp(log_posterior)
peaks = [i for i in range(1, len(z) - 1) if density[i] > max(density[i - 1], density[i + 1], 1e-3)]
left_mass = integral(density * (z[:, 0] < 0))
claim(f"the posterior has modes at z = {z[peaks[0], 0]:.2f} and {z[peaks[1], 0]:.2f}; {left_mass:.0%} of its mass "
      f"is below z = 0 and {1 - left_mass:.0%} above", len(peaks) == 2 and 0.2 < left_mass < 0.4)
off = np.linalg.norm(decoded - model.x, axis=1) / model.variance ** 0.5
claim(f"at the modes f(z) is {off[peaks[0]]:.1f} σ and {off[peaks[1]]:.1f} σ from x, at z = 0 between them "
      f"{off[abs(z[:, 0]).argmin()]:.1f} σ", max(off[peaks]) < 2 < 3 < off[abs(z[:, 0]).argmin()])
claim(f"f(z) never comes closer to x than {off.min():.1f} σ", off.min() > 1)

drawn, (left, right) = figure(1, 2, size=(11, 3.8))
near = abs(z[:, 0]) < 3
for i, style in enumerate(("k-", "k--")):
    left.plot(z[near, 0], decoded[near, i], style, label=f"pixel {i + 1} of f(z)")
    left.axhline(model.x[i], color="0.5", ls=style[1:], lw=1, label=f"pixel {i + 1} of x")
left.set_xlabel("z (no unit)")
left.set_ylabel("value of a pixel (no unit)")
left.set_title("Pixel 1 fits at z = ±1; pixel 2 fits better at z = 1")
right.plot(*decoded[near].T, "k-", label="f(z), z from −3 to 3")
for at in (-2, -1, 0, 1, 2):
    here = decoded[abs(z[:, 0] - at).argmin()]
    right.plot(*here, "ko", ms=4)
    place = (-32, 8 * at - 4) if abs(at) == 1 else (6, -3)
    right.annotate(f"z = {at}".replace("-", "−"), here, xytext=place, textcoords="offset points", fontsize=8.5)
right.plot(*model.x, "kx", ms=9, mew=2, label="x")
angle = np.linspace(0, 2 * math.pi, 100)
right.plot(*(model.x[:, None] + model.variance ** 0.5 * np.stack([np.cos(angle), np.sin(angle)])), "0.5", ls=":",
           label="1 σ around x")
right.set_aspect("equal")
right.set_xlabel("pixel 1 (no unit)")
right.set_ylabel("pixel 2 (no unit)")
right.set_title("The decoder's curve comes near x twice")
for axes in (left, right):
    axes.legend(fontsize=8.5)
    axes.grid(alpha=0.3)
save(drawn, "03-model")

# %% [markdown]
# ![the two pixels against z, and against each other](figures/03-model.png)
#
# ## Change the parameters of q
#
# Let q be N(μ, σ²). It has two knobs, μ and log σ². At a few settings we compute KL(q ‖ p(z|x)), which should be
# small, and a number that we define now and derive below. It is the **evidence lower bound** (ELBO), a lower bound
# on log p(x):
#
#     ELBO = E_q[log p(x, z) − log q(z)]                 → inference.fitting.elbo
#
# It contains neither the evidence nor the posterior: log p(x, z) is the model as we wrote it down, and q is our
# choice.

# %%
def elbo_and_kl(q):
    """The ELBO and KL(q ‖ p(z|x)), integrated, nats"""
    log_q = q.log_prob(z)
    return integral(np.exp(log_q) * (log_joint - log_q)), kl(log_q, log_posterior)


settings = [(0, 1), (0, 0.5), (-0.9, 0.2), (0.9, 0.05), (0.9, 0.2), (0.9, 0.5)]
print(f"{'μ':>6}{'σ':>6}{'ELBO':>12}{'KL':>12}{'sum':>12}")
for mu, sigma in settings:
    bound, gap = elbo_and_kl(gaussian(mu, sigma))
    print(f"{mu:>6}{sigma:>6}{bound:>12.6f}{gap:>12.6f}{bound + gap:>12.6f}")
sums = [sum(elbo_and_kl(gaussian(*setting))) for setting in settings]
claim(f"the sum is log p(x) at each setting, to {max(abs(s - log_evidence) for s in sums):.0e} nats",
      all(abs(s - log_evidence) < 1e-8 for s in sums))

places = np.linspace(-2, 2, 161)
along = np.array([elbo_and_kl(gaussian(mu, 0.2)) for mu in places])
rises = np.diff(along, axis=0)
claim("whenever a change of μ raises the ELBO, it lowers the KL by the same amount",
      abs(rises.sum(axis=1)).max() < 1e-8 and abs(rises).max() > 0.01)

drawn, (left, right) = figure(1, 2, size=(11, 4))
left.fill_between(z[:, 0], density, color="0.85", label="posterior p(z|x)")
for (mu, sigma), style in (((0.9, 0.2), "k-"), ((-0.9, 0.2), "k--"), ((0.4, 0.8), "k:")):
    q = gaussian(mu, sigma)
    left.plot(z[:, 0], np.exp(q.log_prob(z)), style,
              label=f"q: μ = {mu}, σ = {sigma}: KL {elbo_and_kl(q)[1]:.2f}".replace("-", "−"))
left.set_xlim(-2.5, 3)
left.set_ylim(0, 3.2)
left.set_xlabel("z (no unit)")
left.set_ylabel("density (per unit of z)")
left.set_title("The posterior has two modes, a Gaussian q has one")
right.plot(places, along[:, 1], "k--", label="KL(q ‖ posterior)")
right.plot(places, along.sum(axis=1), "0.5", lw=3, label="their sum: log p(x)")
right.plot(places, along[:, 0], "k-", label="ELBO")
right.set_ylim(-8, 8)
right.set_xlabel("μ, with σ = 0.2 (unit of z)")
right.set_ylabel("nats")
right.set_title("What the ELBO gains, the KL loses")
for axes in (left, right):
    axes.legend(fontsize=8.5)
    axes.grid(alpha=0.3)
save(drawn, "03-knobs")

# %% [markdown]
# ![a posterior with two modes, three q's; ELBO and KL against μ](figures/03-knobs.png)
#
# The left panel shows the posterior with its two modes, and three choices of q. In the right panel only μ changes:
# the two curves are mirror images. In general we can't compute the KL, because it contains p(z|x). But we can
# estimate the ELBO, and it is largest where the KL is smallest.
#
# ## The ELBO, line by line
#
# Take any q. log p(x) doesn't depend on z, so its average over q is log p(x) itself. Replace p(x) by
# p(x, z)/p(z|x), which is Bayes' rule. Multiply and divide by q(z). Then split the logarithm.
#
#     log p(x) = ∫ q(z) log p(x) dz                                              → next cell
#              = ∫ q(z) log [p(x, z) / p(z|x)] dz                                → next cell
#              = ∫ q(z) log [p(x, z)/q(z) · q(z)/p(z|x)] dz                      → next cell
#              = ∫ q(z) log [p(x, z)/q(z)] dz + ∫ q(z) log [q(z)/p(z|x)] dz      → next cell
#              = ELBO + KL(q ‖ p(z|x))                                           → next cell
#
# Each line is a number. The identity holds for every q, so we check it at a q that is far from the posterior.

# %%
q = gaussian(0.3, 0.7)
log_q = q.log_prob(z)
lines = [integral(np.exp(log_q) * log_evidence),
         integral(np.exp(log_q) * (log_joint - log_posterior)),
         integral(np.exp(log_q) * ((log_joint - log_q) + (log_q - log_posterior))),
         integral(np.exp(log_q) * (log_joint - log_q)) + integral(np.exp(log_q) * (log_q - log_posterior)),
         sum(elbo_and_kl(q))]
for number, value in enumerate(lines, 1):
    claim(f"line {number}: {value:.10f}", abs(value - log_evidence) < 1e-8)

# %% [markdown]
# The check of the second line may look circular: we computed p(z|x) by dividing p(x, z) by the same p(x) that comes
# out. So we also check in another way, without an integral, that this is the posterior: draw z from the prior,
# weight each draw by p(x|z), and see where the weight lies.
#
# The ELBO itself can be written in three ways. The second is what a VAE trains: reconstruct x, and stay close to the
# prior. The third says: put q where p(x, z) is large, but keep it wide (H is the entropy, −E_q[log q]).
#
#     ELBO = E_q[log p(x, z) − log q(z)]                 → inference.fitting.log_weights
#          = E_q[log p(x|z)] − KL(q ‖ p(z))              → next cell
#          = E_q[log p(x, z)] + H[q]                     → inference.approximations.MeanFieldGaussian.entropy

# %%
rng = np.random.default_rng(1)
draws = rng.standard_normal((200_000, 1))
weights = np.exp(model.log_joint(draws) - prior_log_prob(draws))        # p(x|z)
weights /= weights.sum()
by_weights = float(weights @ (draws[:, 0] < 0))
claim(f"weighted draws from the prior: {by_weights:.1%} of the mass is below z = 0; by the formula {left_mass:.1%}",
      abs(by_weights - left_mass) < 0.01)

bound, gap = elbo_and_kl(q)
fits, costs = integral(np.exp(log_q) * log_likelihood), float(DiagonalGaussian().kl(q.knobs[None])[0])
claim(f"E_q[log p(x|z)] − KL(q ‖ prior) = {fits:.4f} − {costs:.4f} = {fits - costs:.4f}, the ELBO",
      abs(fits - costs - bound) < 1e-8)
claim(f"E_q[log p(x, z)] + H[q] = {integral(np.exp(log_q) * log_joint):.4f} + {float(q.entropy()):.4f}, the ELBO",
      abs(integral(np.exp(log_q) * log_joint) + float(q.entropy()) - bound) < 1e-8)
estimate = elbo(model, q, rng, 20_000)
claim(f"and from 20,000 draws from q: {estimate.mean:.3f} ± {estimate.error:.3f}; this way needs no grid",
      abs(estimate.mean - bound) < 5 * estimate.error < 0.3)

# %% [markdown]
# Two KLs have now appeared. KL(q ‖ prior) is a term of the ELBO, and has a formula. KL(q ‖ posterior) is the gap
# between the ELBO and log p(x), and is unknown. It is easy to confuse them, but they are different numbers:

# %%
claim(f"at this q: KL(q ‖ prior) = {costs:.3f} nats, KL(q ‖ posterior) = {gap:.3f}", abs(costs - gap) > 0.1)

# %% [markdown]
# ## The same bound from Jensen's inequality
#
# Many texts derive the bound in another way. With w(z) = p(x, z)/q(z), the evidence is an average, p(x) = E_q[w].
# The logarithm is concave, so the logarithm of an average is at least the average of the logarithms (Jensen's
# inequality):
#
#     log p(x) = log E_q[w] ≥ E_q[log w] = ELBO          → next cell
#
# This derivation is shorter, but doesn't say how large the gap is. The first one does: it is exactly KL(q ‖ p(z|x)).
# The gap is zero if w is a constant, and w is a constant only if q is the posterior.

# %%
w = np.exp(log_joint - log_q)
average = integral(np.exp(log_q) * w)
claim(f"log E_q[w] = {math.log(average):.6f} is log p(x); E_q[log w] = {bound:.6f} is less, by the KL, {gap:.6f}",
      abs(math.log(average) - log_evidence) < 1e-8 and abs(math.log(average) - bound - gap) < 1e-8)
here, better = gaussian(0.3, 0.7), gaussian(0.92, 0.19)
spread = {name: float(np.std(model.log_joint(which.sample(eps)) - which.log_prob_of_sample(eps)))
          for name, which in (("here", here), ("better", better)) for eps in [which.draw_noise(rng, 20_000)]}
claim(f"log w varies less under a better q: its standard deviation is {spread['here']:.2f} nats here, "
      f"{spread['better']:.2f} at μ = 0.92, σ = 0.19", spread["better"] < 0.7 * spread["here"])

# %% [markdown]
# ## Two parameters, two hills
#
# If both knobs change, the ELBO is a landscape over (μ, log σ). (The library's knob is log σ²; we draw log σ.) We
# compute it on a grid, and then climb it from two starting points, along gradients that are estimated from draws
# ([tutorial 4](04_why_reparameterize.py) explains how), with three seeds each.

# %%
places, log_sigmas = np.linspace(-2, 2, 81), np.linspace(-3, 1, 61)
coarse = slice(8000, 32_001, 6)                                 # z from −12 to 12, in steps of 0.006
z_coarse, joint_coarse = z[coarse], log_joint[coarse]
surface = np.empty((len(log_sigmas), len(places)))
for i, log_sigma in enumerate(log_sigmas):
    for j, mu in enumerate(places):
        log_q = gaussian(mu, math.exp(log_sigma)).log_prob(z_coarse)
        surface[i, j] = (np.exp(log_q) * (joint_coarse - log_q)).sum() * 6 * dz
hills = [(i, j) for i in range(1, len(log_sigmas) - 1) for j in range(1, len(places) - 1)
         if surface[i, j] == surface[i - 1:i + 2, j - 1:j + 2].max()]
for i, j in hills:
    print(f"  local optimum near μ = {places[j]:.2f}, σ = {math.exp(log_sigmas[i]):.2f}: ELBO {surface[i, j]:.3f}")
claim("the landscape has two local optima, one at each mode", len(hills) == 2
      and sorted(np.sign(places[j]) for _, j in hills) == [-1, 1])


def climb(start, seed):
    """600 steps of Adam from q = N(start, 0.5²). -> the knobs before each step and at the end (601, 2)"""
    q = gaussian(start, 0.5)
    optimizer, knobs = Adam(q.knobs, lr=0.03), []
    for step in fit(model, q, Reparameterized("path-only"), optimizer, 20, 600, np.random.default_rng(seed)):
        optimizer.lr = 0.03 * 0.03 ** (step.step / 600)
        knobs.append(step.knobs)
    return np.array(knobs)


paths = {(start, seed): climb(start, seed) for start in (1.5, -1.5) for seed in range(3)}
ends = {1.5: [], -1.5: []}
for (start, seed), path in paths.items():
    mu, sigma = path[-1, 0], math.exp(path[-1, 1] / 2)
    bound, gap = elbo_and_kl(gaussian(mu, sigma))
    ends[start].append(bound)
    print(f"  seed {seed}, from μ = {start} to μ = {mu:.2f}, σ = {sigma:.2f}: ELBO {bound:.3f}, KL {gap:.3f}")
claim(f"the start decides where each climb ends: ELBO {min(ends[1.5]):.2f} from μ = 1.5, {max(ends[-1.5]):.2f} from "
      "μ = −1.5", min(ends[1.5]) > surface.max() - 0.02 and max(ends[-1.5]) < min(ends[1.5]) - 0.8)

# %% [markdown]
# At the better optimum the gap is not zero, and no Gaussian q can close it, because a Gaussian has one mode. How
# large must the gap be? Suppose that the modes are well separated, that one of them has the mass m, and that q has
# exactly the shape of that mode. There p = m q, and so KL(q ‖ p) = E_q[log q/p] = log 1/m. This is what it costs to
# ignore the other mode.

# %%
gap = log_evidence - ends[1.5][0]
price = -math.log(1 - left_mass)
claim(f"the gap is {gap:.3f} nats, most of it log 1/{1 - left_mass:.2f} = {price:.3f} for the mode that is ignored",
      price < gap < price + 0.1)

# %% [markdown]
# ## Which way round is the KL?
#
# Variational inference minimizes KL(q ‖ p), an average over q, and not KL(p ‖ q). Two things follow.
#
# **It can be minimized.** We can draw from q, and the unknown log p(x) enters as a constant. KL(p ‖ q) is an average
# over the posterior, from which we can't draw.
#
# **It decides what q looks like.** Where p is small and q is not, log q/p is large, and the average gives it the
# weight q. So q avoids such places (it is *zero-forcing*), and if it has fewer modes than p, it tends to pick one of
# them (it is *mode-seeking*). In KL(p ‖ q) the weight is p, so q must cover every place where p is large (Bishop
# 2006, section 10.1.2, compares the two). For a Gaussian q, KL(p ‖ q) has a simple optimum, since log q is quadratic
# in z and its average needs only two moments:
#
#     argmin KL(p ‖ q) = N(E_p[z], Var_p[z])             → next cell
#
# This is called *moment matching*. With one latent we can compute both.

# %%
matched = gaussian(model.posterior().mean[0], model.posterior().covariance[0, 0] ** 0.5)
seeking = gaussian(paths[1.5, 0][-1, 0], math.exp(paths[1.5, 0][-1, 1] / 2))


def both_ways(q):
    """KL(q ‖ posterior) and KL(posterior ‖ q), nats"""
    log_q = q.log_prob(z)
    return kl(log_q, log_posterior), kl(log_posterior, log_q)


print(f"{'':22}{'μ':>7}{'σ':>7}{'KL(q ‖ p)':>12}{'KL(p ‖ q)':>12}")
for name, q in (("least KL(q ‖ p)", seeking), ("matching the moments", matched)):
    numbers = "".join(f"{value:>12.3f}" for value in both_ways(q))
    print(f"{name:<22}{q.mean()[0]:>7.2f}{q.std()[0]:>7.2f}{numbers}")
mu, sigma = matched.mean()[0], matched.std()[0]
around = [both_ways(gaussian(mu + a, sigma * math.exp(b)))[1] for a in (-0.02, 0, 0.02) for b in (-0.02, 0, 0.02)]
claim(f"KL(p ‖ q) is {min(around):.4f} where the moments match, and larger at all eight q around it",
      np.argmin(around) == 4)
claim("each of the two has the lower KL by its own direction, and the higher one by the other",
      both_ways(seeking)[0] < both_ways(matched)[0] - 0.3 and both_ways(matched)[1] < both_ways(seeking)[1] - 3)
valley = abs(z[:, 0]) < 0.3                                     # between the modes
mass = {name: integral(np.exp(which.log_prob(z)) * valley)
        for name, which in (("p", model.posterior()), ("matched", matched), ("seeking", seeking))}
claim(f"between the modes, |z| < 0.3, the posterior has {mass['p']:.0%} of its mass, the q with its moments "
      f"{mass['matched']:.0%}, the other q {mass['seeking']:.1%}",
      mass["matched"] > 3 * mass["p"] > 3 * mass["seeking"])

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
levels = [-12, -9, -7, -6, -5, -4.5, -4, -3.6, -3.35, -3.1, -2.8, -2.55, -2.4]
lines = left.contour(places, log_sigmas, surface, levels=levels, colors="0.6", linestyles="solid", linewidths=0.8)
left.clabel(lines, levels[::2], fontsize=7)
for (start, seed), path in paths.items():
    left.plot(path[:, 0], path[:, 1] / 2, "k-" if start > 0 else "k--", lw=1,
              label=f"three climbs from μ = {start}".replace("-", "−") if seed == 0 else None)
for i, j in hills:
    left.plot(places[j], log_sigmas[i], "k*", ms=12, label="local optimum" if (i, j) == hills[0] else None)
left.set_xlabel("μ (unit of z)")
left.set_ylabel("log σ (σ in units of z)")
left.set_title("The ELBO (contours, nats) has two local optima")
left.legend(fontsize=8.5, loc="upper left")
right.fill_between(z[:, 0], density, color="0.85", label="posterior p(z|x)")
right.plot(z[:, 0], np.exp(seeking.log_prob(z)), "k-", label="least KL(q ‖ p): sits on a mode")
right.plot(z[:, 0], np.exp(matched.log_prob(z)), "k--", label="least KL(p ‖ q): covers all, the valley too")
right.set_xlim(-2.5, 3)
right.set_ylim(0, 3)
right.set_xlabel("z (no unit)")
right.set_ylabel("density (per unit of z)")
right.set_title("The direction of the KL decides what q looks like")
right.legend(fontsize=8.5)
save(drawn, "03-surface")

# %% [markdown]
# ![the ELBO over both parameters; the two kinds of best q](figures/03-surface.png)
#
# Draws from the q that sits on one mode decode to images like x, though they miss the other mode. The q that matches
# the moments puts many of its draws into the valley or far out, and those decode to something else:

# %%
rebuilt = {name: integral(np.exp(which.log_prob(z)) * log_likelihood)
           for name, which in (("seeking", seeking), ("matched", matched))}
claim(f"E_q[log p(x|z)]: {rebuilt['seeking']:.2f} nats on the mode, {rebuilt['matched']:.2f} with matched moments",
      rebuilt["seeking"] > rebuilt["matched"] + 0.5)

# %% [markdown]
# The encoder of a VAE is trained to lower KL(q ‖ p), averaged over the images. So if q(z|x) can't take the shape of
# the posterior, it tends to leave out part of the posterior rather than to cover too much.
#
# ## Where this leads
#
# Two problems are left. With many latents we can't integrate. We need the *gradient* of the ELBO with respect to the
# knobs, estimated from draws of z: that is [tutorial 4](04_why_reparameterize.py). And fitting a separate q to each
# of 60,000 images would take a long time. So we let a network compute the knobs from the image. That network is the
# encoder: [tutorial 5](05_variational_autoencoder.py).
#
# There is also an older way, which needs no gradient at all. Its tutorial shows what a q without correlations costs:
# [tutorial 3b, coordinate ascent](03b_coordinate_ascent.py).
#
# ## Is the ELBO negative?
#
# (This question often comes up when people train a VAE. The section can wait until then.)
#
# For discrete data it is never positive. Then p(x) is a probability, so log p(x) ≤ 0, and the ELBO is no larger.
# This holds for every q. The first claims below check it on the coin, where q is a Beta.
#
# If the data are discrete and the ELBO is *positive*, something is wrong. A frequent cause is that pixels from 0 to
# 255, or standardized pixels, were given to a Bernoulli. Its x log π + (1 − x) log(1 − π) is at most 0 for every x
# from 0 to 1, including grey values, but unbounded for other x. An estimate from draws that has the KL in closed form,
# as in a VAE, is never positive either: log p(x|z) ≤ 0 at each draw, and the KL is not negative. If the KL is estimated
# too, the estimate can be positive by chance, but rarely: w = p(x, z)/q(z) has the mean p(x) under q, so an estimate
# from one draw, log w, is positive with a probability of at most p(x) (Markov's inequality), and so is the mean of
# several. For an image, p(x) is so small that this practically never happens.

# %%
def coin_elbo(a, b):
    """The ELBO of q = Beta(a, b) for the coin, integrated over π, nats"""
    log_q = Beta(a, b).log_prob(pi)
    return float((np.exp(log_q) * (coin.log_joint(pi) - log_q)).sum() * 5e-5)


for a, b in ((10, 10), (3, 9), (16, 14)):
    bound = coin_elbo(a, b)
    claim(f"coin, q = Beta({a}, {b}): ELBO {bound:.4f} ≤ log p(x) = {coin.log_evidence():.4f} ≤ 0",
          bound <= coin.log_evidence() + 1e-8 <= 0)
claim("with equality at the posterior, Beta(16, 14)", abs(coin_elbo(16, 14) - coin.log_evidence()) < 1e-8)
logits = np.linspace(-30, 30, 601)[:, None]                     # of π, from nearly 0 to nearly 1
highest = {x: Bernoulli().log_prob(np.full(logits.shape, x), logits).max() for x in (0, 0.3, 1, -0.5, 200)}
claim("for logits from −30 to 30, log p of a pixel x under a Bernoulli is at most: "
      + ", ".join(f"{round(value, 2) + 0:g} at x = {x:g}" for x, value in highest.items()),
      max(highest[0], highest[0.3], highest[1]) <= 0 and min(highest[-0.5], highest[200]) > 10)
toss, q = BetaBernoulli(1, 0, 1, 1), Beta(3, 1)                 # one toss, heads; the posterior is Beta(2, 1)
draws = np.random.default_rng(4).beta(3, 1, (100_000, 1))
log_w = toss.log_joint(draws) - q.log_prob(draws)
claim(f"one toss: {np.mean(log_w > 0):.1%} of the one-draw estimates of the ELBO are positive, their mean is "
      f"{log_w.mean():.3f}; p(x) = {math.exp(toss.log_evidence()):.2f}",
      abs(np.mean(log_w > 0) - 1 / 27) < 0.005 and abs(log_w.mean() - (1 / 3 - math.log(3))) < 0.01)

# %% [markdown]
# For continuous data the ELBO can be positive. Then p(x) is a *density*, per unit of x, and a density exceeds 1 where
# it is concentrated. Take eight readings of a length in metres, with noise of 2 cm: log p(x) is positive, and so is
# the ELBO, at a q that is not even the posterior. In millimetres the density of each reading is a thousandth, so both
# fall by 8 log 1000. The gap between them stays. For N examples of D numbers each:
#
#     log p(1000 x) = log p(x) − N D log 1000            → next cell

# %%
rng = np.random.default_rng(2)
metres = 0.7 + 0.02 * rng.standard_normal((8, 1))
ruler, ruler_mm = GaussianMean(metres, noise=0.02), GaussianMean(1000 * metres, noise=20.0, prior_std=1000.0)
mean = metres.mean() + 0.005
q = MultivariateNormal(np.array([mean]), np.array([[0.01 ** 2]]))
q_mm = MultivariateNormal(1000 * q.mean, 1e6 * q.covariance)
bound, bound_mm = gaussian_elbo(ruler, q), gaussian_elbo(ruler_mm, q_mm)
claim(f"in metres: ELBO {bound:.3f}, log p(x) {ruler.log_evidence():.3f}: both positive, and the ELBO is less",
      0 < bound < ruler.log_evidence())
claim(f"in millimetres: ELBO {bound_mm:.3f}, log p(x) {ruler_mm.log_evidence():.3f}; both less by 8 log 1000 = "
      f"{8 * math.log(1000):.3f}", abs(bound - bound_mm - 8 * math.log(1000)) < 1e-8
      and abs(ruler.log_evidence() - ruler_mm.log_evidence() - 8 * math.log(1000)) < 1e-8)
gap_mm = ruler_mm.log_evidence() - bound_mm
claim(f"the gap, KL(q ‖ posterior), is {gap_mm:.4f} nats in both",
      abs(ruler.log_evidence() - bound - gap_mm) < 1e-8)

# %% [markdown]
# So for continuous data the sign of an ELBO says nothing. And ELBOs can be compared only between models of the same
# data in the same units.
#
# ## What to try next
#
# - Exercise 7, *The KL between q(z|x) and the prior* (`python -m minivae exercises start exercises`).
# - `python -m minivae infer one-latent --seed 1`: which mode does it find? And with other seeds?
# - Give the one-latent model a q of two Gaussians. How close does the ELBO come to log p(x)? Is the sum of ELBO and
#   KL still log p(x)?
# - Change `noise` of the one-latent model. When do the two modes become one?
#
# **References.** Jordan, Ghahramani, Jaakkola and Saul, *An introduction to variational methods for graphical
# models*, Machine Learning 37 (1999). Bishop, *Pattern recognition and machine learning* (2006), chapter 10. Blei,
# Kucukelbir and McAuliffe, *Variational inference: a review for statisticians*, Journal of the American Statistical
# Association 112 (2017).
