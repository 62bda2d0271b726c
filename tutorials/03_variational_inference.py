# %% [markdown]
# # 3 · Variational inference
#
# **What you'll do.** Take a model with one latent number, where every integral can be done, and check each line
# of the derivation of the *evidence lower bound*, the ELBO, on it. Turn the knobs of q by hand. Then fit q by
# coordinate ascent where there are more latents, and find out what it gets wrong.
#
# **What you'll learn.** Why log p(x) can't be had; how the ELBO gets around that; which way round the KL goes,
# and what follows; what a q without correlations costs, in nats.
#
# **What you'll need.** Densities, means and variances. No network is trained; [tutorial 2](02_autoencoder.py) says
# what all this is wanted for.
#
# **Time.** 60 minutes to read, a few seconds to run: `python tutorials/03_variational_inference.py`.

# %%
import math
import time

import numpy as np
from lesson import claim, figure, options, save

from minivae import Adam
from minivae.errors import InputError
from minivae.inference import (BetaBernoulli, CorrelatedGaussian, GaussianMean, LinearRegression,
                               MeanFieldGaussian, Reparameterized, UnknownMeanAndPrecision, coordinate_ascent,
                               elbo, estimate_log_evidence, fit)
from minivae.inference.compare import exact, fit_by_coordinates, print_beliefs, print_bound
from minivae.inference.coordinate_ascent import gaussian_elbo, gaussian_factor
from minivae.inference.distributions import Beta, Grid, MultivariateNormal
from minivae.inference.examples import EXAMPLES
from minivae.layers import mlp
from minivae.likelihoods import Bernoulli, Gaussian
from minivae.posteriors import DiagonalGaussian, prior_log_prob

options("Tutorial 3: variational inference.")

# %% [markdown]
# ## Bayes' rule, where it can be done
#
# A model says how data come about: draw a latent z from the prior p(z), then x from p(x|z). We see x and want z:
#
#     p(x) = ∫ p(x|z) p(z) dz                            → inference.gaussian_models.GaussianMean.log_evidence
#     p(z|x) = p(x|z) p(z) / p(x)                        → inference.gaussian_models.GaussianMean.posterior
#
# The first is the **evidence**: how probable the model found the data. It is also the constant that makes the
# second, the **posterior**, integrate to 1. For a few pairs of prior and likelihood, called conjugate, both have
# a formula. The logarithm of the evidence is given in *nats*: natural logarithms, 1 nat = 1.44 bits.
#
# Two of them. One measurement x = 3 with unit noise, of a quantity that we thought was about 0 ± 1: halfway
# between the two. And a coin believed to be nearly fair, Beta(10, 10), that shows 6 heads and 4 tails: counts
# are added to counts.

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
claim(f"log p(x) = {coin.log_evidence():.6f} by formula, {added:.6f} by adding up p(x, π) Δπ",
      abs(added - coin.log_evidence()) < 1e-8)

# %% [markdown]
# ## The integral that can't be done
#
# A decoder network has no conjugate prior. What about adding up, as just now? With n points on each axis and Z
# latents,
#
#     p(x) ≈ Σ p(x, z) Δz,  number of points = nᶻ        → next cell
#
# Eleven points from −5 to 5 are plenty here: for a smooth density the sum is astonishingly accurate. But it is
# eleven points *per latent*.

# %%
def by_grid(model, n=11):
    """log Σ p(x, z) Δz with n points from −5 to 5 for each latent. -> nats, number of points, seconds"""
    axis = np.linspace(-5, 5, n)
    z = np.stack(np.meshgrid(*[axis] * model.latent_dim), axis=-1).reshape(-1, model.latent_dim)
    start = time.perf_counter()
    total = np.exp(model.log_joint(z)).sum() * (axis[1] - axis[0]) ** model.latent_dim
    return math.log(total), len(z), time.perf_counter() - start


for Z in range(1, 6):
    model = GaussianMean(np.full((1, Z), 3.0))                  # the same measurement, Z times
    value, points, seconds = by_grid(model)
    claim(f"Z = {Z}: log p(x) is off by {abs(value - model.log_evidence()):.0e} nats, after {points:,} points",
          abs(value - model.log_evidence()) < 2e-3 and points == 11 ** Z)
years = 11.0 ** 20 / (points / seconds) / 3600 / 24 / 365
claim(f"20 latents, a usual number for a VAE: {11.0 ** 20:.1e} points, {years:.0e} years at this speed",
      years > 1e4)
try:
    Grid(model.log_joint, np.zeros(3), np.ones(3))
    refused = ""
except InputError as error:
    refused = str(error)
claim(f"the library does this for one latent or two: '{refused}'", "too many points" in refused)

# %% [markdown]
# (This model is a product over its latents, so Z sums of 11 points would do. Under a decoder network every pixel
# depends on all latents, and it isn't.)
#
# Then by chance: p(x) = E[p(x|z)] over draws from the prior. That is unbiased, and with many latents useless:
# nearly all draws explain the data so badly that they count for nothing. The estimate hangs on the luckiest draw,
# and so does its standard error.
#
#     log p(x) ≈ log 1/S Σ p(x, z)/q(z),  z ~ q          → inference.fitting.estimate_log_evidence
#
# With the prior as q this is that average. With the posterior as q, each term is p(x) itself, and one draw would
# do.

# %%
model, rng = GaussianMean(np.full((1, 20), 3.0)), np.random.default_rng(0)
prior = MeanFieldGaussian(np.zeros(20), np.ones(20))
posterior = model.posterior()
best = MeanFieldGaussian(posterior.mean.copy(), np.sqrt(posterior.covariance.diagonal()))
guess, sure = estimate_log_evidence(model, prior, rng, 100_000), estimate_log_evidence(model, best, rng, 2)
print(f"20 latents: log p(x) = {model.log_evidence():.2f} nats")
claim(f"100,000 draws from the prior say {guess.mean:.2f} ± {guess.error:.2f}: off by more than they admit",
      model.log_evidence() - guess.mean > 2 * guess.error and model.log_evidence() - guess.mean > 0.5)
claim(f"2 draws from the posterior say {sure.mean:.2f}, exactly", abs(sure.mean - model.log_evidence()) < 1e-9)

# %% [markdown]
# So we'd need draws from near the posterior, which is what we don't know. Variational inference *searches* for
# it: take a family of distributions q(z) with knobs, and turn them until q is near p(z|x). (Elsewhere q too is
# called a posterior, the *approximate* one, as in the library's `vae.posterior`. Here the word means p(z|x) only.)
# Near in what sense?
#
# ## The KL divergence
#
#     KL(q ‖ p) = E_q[log q(z) − log p(z)]               → next cell
#
# p here is any target; below it is the posterior. The KL is how much more probable, on the log scale, q finds
# its own draws than p finds them. It is zero where q = p and positive elsewhere. It is not a distance: the two
# arguments play different parts. For Gaussians it has a formula, and for p = N(0, I) a short one that every VAE
# uses:
#
#     KL(q ‖ N(0, I)) = ½ Σ (μ² + σ² − 1 − log σ²)       → posteriors.DiagonalGaussian.kl
#
# We integrate on a grid of one latent. It runs far out, so that what is beyond it doesn't count in any of what
# follows.

# %%
z = np.linspace(-20, 20, 40_001)[:, None]                       # (S, 1)
dz = z[1, 0] - z[0, 0]


def integral(values):
    """∫ values dz over the grid; all that we integrate vanishes at its ends."""
    return float(values.sum() * dz)


def gaussian(mu, sigma):
    """The q of one latent, knobs at μ and σ."""
    return MeanFieldGaussian(np.array([mu], "float64"), np.array([sigma], "float64"))


def kl(log_q, log_p):
    """KL(q ‖ p) from log-densities on the grid, nats"""
    return integral(np.exp(log_q) * (log_q - log_p))


wide, standard = gaussian(0, 2).log_prob(z), gaussian(0, 1).log_prob(z)
there, back = kl(wide, standard), kl(standard, wide)
claim(f"KL(N(0, 2²) ‖ N(0, 1)) = {there:.4f} nats, the other way round {back:.4f}", there > back + 0.3 > 0.3)
for mu, sigma in ((0, 1), (0, 2), (1.5, 0.3), (-2, 0.05)):
    h = np.array([[mu, 2 * math.log(sigma)]])                   # what an encoder would emit: μ and log σ²
    formula, summed = float(DiagonalGaussian().kl(h)[0]), kl(gaussian(mu, sigma).log_prob(z), prior_log_prob(z))
    claim(f"KL(N({mu}, {sigma}²) ‖ N(0, 1)) = {formula:.6f} by the formula, {summed:.6f} by the integral",
          abs(formula - summed) < 1e-9 and formula >= 0)

# %% [markdown]
# ## A model with two answers
#
# The smallest thing that needs all this: one latent z ~ N(0, 1), a decoder f that is a network with a hidden
# layer, and two pixels x ~ N(f(z), σ² I). The decoder is bent, so that two different z make nearly this x.
#
#     log p(x, z) = log N(x; f(z), σ² I) + log N(z; 0, 1)    → inference.other_models.NonlinearDecoder.log_joint
#
# Its first pixel is a trench around z = 0, the second a slow rise:
#
#     f(z) = tanh(z u + c) V                                 → layers.mlp
#
# We also compute log p(x|z) apart, with the pieces a VAE's decoder is made of (`mlp`, and the likelihood
# `Gaussian`). The evidence comes from the library's own grid; ours has to agree.

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
claim(f"the posterior has modes at z = {z[peaks[0], 0]:.2f} and {z[peaks[1], 0]:.2f}, with {left_mass:.0%} and "
      f"{1 - left_mass:.0%} of its mass on their sides of 0", len(peaks) == 2 and 0.2 < left_mass < 0.4)
off = np.linalg.norm(decoded - model.x, axis=1) / model.variance ** 0.5
claim(f"there f(z) is {off[peaks[0]]:.1f} σ and {off[peaks[1]]:.1f} σ from x, at z = 0 between them "
      f"{off[abs(z[:, 0]).argmin()]:.1f} σ", max(off[peaks]) < 2 < 3 < off[abs(z[:, 0]).argmin()])

drawn, (left, right) = figure(1, 2, size=(11, 3.8))
near = abs(z[:, 0]) < 3
for i, style in enumerate(("k-", "k--")):
    left.plot(z[near, 0], decoded[near, i], style, label=f"pixel {i + 1} of f(z)")
    left.axhline(model.x[i], color="0.5", ls=style[1:], lw=1, label=f"pixel {i + 1} of x")
left.set_xlabel("z (no unit)")
left.set_ylabel("value of a pixel (no unit)")
left.set_title("Pixel 1 fits at two z; pixel 2 prefers the right one")
right.plot(*decoded[near].T, "k-", label="f(z), z from −3 to 3")
for at in (-2, -1, 0, 1, 2):
    here = decoded[abs(z[:, 0] - at).argmin()]
    right.plot(*here, "ko", ms=4)
    place = (-32, 8 * at - 4) if abs(at) == 1 else (6, -3)
    right.annotate(f"z = {at}".replace("-", "−"), here, xytext=place, textcoords="offset points", fontsize=8.5)
right.plot(*model.x, "kx", ms=9, mew=2, label="x")
angle = np.linspace(0, 2 * math.pi, 100)
right.plot(*(model.x[:, None] + model.variance ** 0.5 * np.stack([np.cos(angle), np.sin(angle)])), "0.5", ls=":",
           label="σ around x")
right.set_aspect("equal")
right.set_xlabel("pixel 1 (no unit)")
right.set_ylabel("pixel 2 (no unit)")
right.set_title("All that it can decode: the curve passes x twice")
for axes in (left, right):
    axes.legend(fontsize=8.5)
    axes.grid(alpha=0.3)
save(drawn, "03-model")

# %% [markdown]
# ![the two pixels against z, and against each other](figures/03-model.png)
#
# ## Turn the knobs
#
# q is N(μ, σ²), so it has two knobs. At a few settings, what we want to be small, KL(q ‖ p(z|x)), and a number
# that we define now and derive below, the **evidence lower bound** (ELBO): a lower bound on log p(x), the
# log-evidence.
#
#     ELBO = E_q[log p(x, z) − log q(z)]                 → inference.fitting.elbo
#
# There is no evidence and no posterior in it: log p(x, z) is the model, written down; q is ours.

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
claim(f"the sum stays where it is, at log p(x): to {max(abs(s - log_evidence) for s in sums):.0e} nats",
      all(abs(s - log_evidence) < 1e-8 for s in sums))

places = np.linspace(-2, 2, 161)
along = np.array([elbo_and_kl(gaussian(mu, 0.2)) for mu in places])
rises = np.diff(along, axis=0)
claim("wherever a turn of μ raises the ELBO it lowers the KL, by as much", abs(rises.sum(axis=1)).max() < 1e-8
      and abs(rises).max() > 0.01)

drawn, (left, right) = figure(1, 2, size=(11, 4))
left.fill_between(z[:, 0], density, color="0.85", label="posterior p(z|x)")
for (mu, sigma), style in (((0.9, 0.2), "k-"), ((-0.9, 0.2), "k--"), ((0.4, 0.8), "k:")):
    q = gaussian(mu, sigma)
    left.plot(z[:, 0], np.exp(q.log_prob(z)), style, label=f"q: μ = {mu}, σ = {sigma}: KL {elbo_and_kl(q)[1]:.2f}")
left.set_xlim(-2.5, 3)
left.set_ylim(0, 3.2)
left.set_xlabel("z (no unit)")
left.set_ylabel("density (per unit of z)")
left.set_title("Two modes, and a q that can have but one")
right.plot(places, along[:, 1], "k--", label="KL(q ‖ posterior)")
right.plot(places, along.sum(axis=1), "0.5", lw=3, label="their sum: log p(x)")
right.plot(places, along[:, 0], "k-", label="ELBO")
right.set_ylim(-8, 8)
right.set_xlabel("the knob μ, with σ = 0.2")
right.set_ylabel("nats")
right.set_title("What the ELBO gains, the KL loses")
for axes in (left, right):
    axes.legend(fontsize=8.5)
    axes.grid(alpha=0.3)
save(drawn, "03-knobs")

# %% [markdown]
# ![a posterior with two modes, three q's; ELBO and KL along a knob](figures/03-knobs.png)
#
# Left, the model's two answers, and three guesses. Right, μ is turned with σ held: the two curves are mirror
# images. The KL can't be computed in general, since p(z|x) is in it. The ELBO can, and it knows where the KL is
# smallest.
#
# ## The ELBO, line by line
#
# Take any q. log p(x) doesn't depend on z, so its average over q is itself. Replace p(x) by p(x, z)/p(z|x),
# which is Bayes' rule; put a q above and below; split the logarithm.
#
#     log p(x) = ∫ q(z) log p(x) dz                                              → next cell
#              = ∫ q(z) log [p(x, z) / p(z|x)] dz                                → next cell
#              = ∫ q(z) log [p(x, z)/q(z) · q(z)/p(z|x)] dz                      → next cell
#              = ∫ q(z) log [p(x, z)/q(z)] dz + ∫ q(z) log [q(z)/p(z|x)] dz      → next cell
#              = ELBO + KL(q ‖ p(z|x))                                           → next cell
#
# All of these are numbers. We compute them at a q that is far from the posterior, since the identity doesn't care.

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
# You may find the second line too easy: our p(z|x) is p(x, z) divided by the very p(x) that comes out. So we
# also check that it is the posterior, by a way without any integral: draw z from the prior, weigh each draw by
# p(x|z), and see where the weight lies.
#
# The ELBO itself can be written in three ways. The second is what a VAE trains: rebuild x, and stay close to the
# prior. The third: put q where p(x, z) is large, but keep it wide (H is the entropy, −E_q[log q]).
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
claim(f"weighted draws from the prior: {by_weights:.1%} of the mass on the left, {left_mass:.1%} by the formula",
      abs(by_weights - left_mass) < 0.01)

bound, gap = elbo_and_kl(q)
fits, costs = integral(np.exp(log_q) * log_likelihood), float(DiagonalGaussian().kl(q.knobs[None])[0])
claim(f"E_q[log p(x|z)] − KL(q ‖ prior) = {fits:.4f} − {costs:.4f} = {fits - costs:.4f}, the ELBO",
      abs(fits - costs - bound) < 1e-8)
claim(f"E_q[log p(x, z)] + H[q] = {integral(np.exp(log_q) * log_joint):.4f} + {float(q.entropy()):.4f}, the ELBO",
      abs(integral(np.exp(log_q) * log_joint) + float(q.entropy()) - bound) < 1e-8)
estimate = elbo(model, q, rng, 20_000)
claim(f"and by 20,000 draws from q: {estimate.mean:.3f} ± {estimate.error:.3f}; this works for any number of "
      "latents",
      abs(estimate.mean - bound) < 5 * estimate.error < 0.3)

# %% [markdown]
# Two KLs have now appeared. KL(q ‖ prior) is a term of the ELBO, known in closed form. KL(q ‖ posterior) is the
# gap above the ELBO, unknown. They are not the same number, and confusing them is common:

# %%
claim(f"at this q: KL(q ‖ prior) = {costs:.3f} nats, KL(q ‖ posterior) = {gap:.3f}", abs(costs - gap) > 0.1)

# %% [markdown]
# ## The same bound by Jensen
#
# Many texts take another road. With w(z) = p(x, z)/q(z), the evidence is an average, p(x) = E_q[w], and the
# logarithm is concave:
#
#     log p(x) = log E_q[w] ≥ E_q[log w] = ELBO          → next cell
#
# It is shorter, but doesn't say how much is lost. The first derivation does: exactly KL(q ‖ p(z|x)). Nothing is
# lost where w is a constant, and w is constant only where q is the posterior.

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
# ## Is the ELBO negative?
#
# For discrete data, yes. p(x) is then a probability, so log p(x) ≤ 0, and the ELBO is no higher. That is so for
# every q, on the coin for instance, where q is a Beta.
#
# A *positive* ELBO is then a bug. The usual one: pixels from 0 to 255, or standardized, are fed to a Bernoulli.
# Its x log π + (1 − x) log(1 − π) is at most 0 for x from 0 to 1, grey ones included, and unbounded beyond. Or it
# is an estimate from few draws. But the mean of w = p(x, z)/q(z) over q is p(x), so that an estimate is positive
# with at most the probability p(x) (Markov's inequality): for an image, never.

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
claim("log p of a pixel x under a Bernoulli is at most: "
      + ", ".join(f"{round(value, 2) + 0:g} at x = {x:g}" for x, value in highest.items()),
      max(highest[0], highest[0.3], highest[1]) <= 0 and min(highest[-0.5], highest[200]) > 10)
toss, q = BetaBernoulli(1, 0, 1, 1), Beta(3, 1)                 # one toss, heads; the posterior is Beta(2, 1)
draws = np.random.default_rng(4).beta(3, 1, (100_000, 1))
log_w = toss.log_joint(draws) - q.log_prob(draws)
claim(f"one toss: {np.mean(log_w > 0):.1%} of the one-draw estimates of the ELBO are positive, their mean is "
      f"{log_w.mean():.3f}; p(x) = {math.exp(toss.log_evidence()):.2f}",
      abs(np.mean(log_w > 0) - 1 / 27) < 0.005 and abs(log_w.mean() - (1 / 3 - math.log(3))) < 0.01)

# %% [markdown]
# For continuous data, no. p(x) is a *density*, per unit of x, and a density exceeds 1 where it is concentrated.
# Eight readings in metres of a length, with noise of 2 cm: log p(x) is positive, and so is the ELBO, at a q that
# isn't even right. In millimetres the same density is a thousandth for each reading, so both sink by 8 log 1000.
# The gap stays.
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
claim(f"in metres: ELBO {bound:.3f}, log p(x) {ruler.log_evidence():.3f}: positive, and still in order",
      0 < bound < ruler.log_evidence())
claim(f"in millimetres: ELBO {bound_mm:.3f}, log p(x) {ruler_mm.log_evidence():.3f}; both less by 8 log 1000 = "
      f"{8 * math.log(1000):.3f}", abs(bound - bound_mm - 8 * math.log(1000)) < 1e-8
      and abs(ruler.log_evidence() - ruler_mm.log_evidence() - 8 * math.log(1000)) < 1e-8)
gap_mm = ruler_mm.log_evidence() - bound_mm
claim(f"the gap, KL(q ‖ posterior), is {gap_mm:.4f} nats in both",
      abs(ruler.log_evidence() - bound - gap_mm) < 1e-8)

# %% [markdown]
# So for continuous data the sign of an ELBO says nothing. And ELBOs compare only between models of the same data
# in the same units.
#
# ## Two knobs, two hills
#
# Back to the model with two answers. Both knobs at once make the ELBO a landscape over (μ, log σ) (the library's
# knob is log σ²; we draw log σ). We scan it, and beside that climb it from two places along estimated gradients
# ([tutorial 4](04_why_reparameterize.py) is about how these are had).

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

paths = {}
for start in (1.5, -1.5):
    q = gaussian(start, 0.5)
    optimizer, knobs = Adam(q.knobs, lr=0.03), []
    for step in fit(model, q, Reparameterized("path-only"), optimizer, 20, 600, np.random.default_rng(0)):
        optimizer.lr = 0.03 * 0.03 ** (step.step / 600)
        knobs.append(step.knobs)
    paths[start] = np.array(knobs)
    bound, gap = elbo_and_kl(q)
    print(f"  from μ = {start} to μ = {q.mean()[0]:.2f}, σ = {q.std()[0]:.2f}: ELBO {bound:.3f}, KL {gap:.3f}")
ends = {start: elbo_and_kl(gaussian(path[-1, 0], math.exp(path[-1, 1] / 2)))[0] for start, path in paths.items()}
claim(f"where you start decides where you end: ELBO {ends[1.5]:.2f} or {ends[-1.5]:.2f}",
      abs(ends[1.5] - surface.max()) < 0.02 and ends[-1.5] < ends[1.5] - 0.8)

# %% [markdown]
# At the better optimum the gap is not zero, and no more climbing will close it: no Gaussian has two modes. With
# two well separated modes, take a q that sits on one of mass m with its exact shape. There p = m q, and so
# KL(q ‖ p) = E_q[log q/p] = log 1/m, the price of ignoring the rest.

# %%
gap = log_evidence - ends[1.5]
price = -math.log(1 - left_mass)
claim(f"the gap is {gap:.3f} nats, most of it log 1/{1 - left_mass:.2f} = {price:.3f} for the mode ignored",
      price < gap < price + 0.1)

# %% [markdown]
# ## Which way round is the KL?
#
# KL(q ‖ p): the average is over q. Two consequences.
#
# **It can be used.** We can draw from q, and the unknown p(x) is an additive constant. KL(p ‖ q) is an average
# over the posterior, from which we can't draw.
#
# **It decides what is found.** Where p is small and q is not, log q/p is large and is counted with the weight q.
# So q avoids such places: *zero-forcing*, and with too few modes *mode-seeking*. The other way round, the weight
# is p, and q must be wherever p is. For a Gaussian q that has a simple optimum, since log q is a quadratic in z
# whose average needs only two moments:
#
#     argmin KL(p ‖ q) = N(E_p[z], Var_p[z])             → next cell
#
# *Moment matching.* Here we can afford both.

# %%
matched = gaussian(model.posterior().mean[0], model.posterior().covariance[0, 0] ** 0.5)
seeking = gaussian(paths[1.5][-1, 0], math.exp(paths[1.5][-1, 1] / 2))


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
claim(f"matching moments has the least KL(p ‖ q) around, {min(around):.4f}", np.argmin(around) == 4)
claim("each is the better one by its own measure, and the worse one by the other",
      both_ways(seeking)[0] < both_ways(matched)[0] - 0.3 and both_ways(matched)[1] < both_ways(seeking)[1] - 3)
valley = abs(z[:, 0]) < 0.3                                     # between the modes
mass = {name: integral(np.exp(which.log_prob(z)) * valley)
        for name, which in (("p", model.posterior()), ("matched", matched), ("seeking", seeking))}
claim(f"between the modes, |z| < 0.3, lie {mass['p']:.0%} of the posterior, {mass['matched']:.0%} of the q with "
      f"its moments, {mass['seeking']:.1%} of the other q", mass["matched"] > 3 * mass["p"] > 3 * mass["seeking"])

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
levels = [-12, -9, -7, -6, -5, -4.5, -4, -3.6, -3.35, -3.1, -2.8, -2.55, -2.4]
lines = left.contour(places, log_sigmas, surface, levels=levels, colors="0.6", linestyles="solid", linewidths=0.8)
left.clabel(lines, levels[::2], fontsize=7)
for (start, path), style in zip(paths.items(), ("k-", "k--")):
    left.plot(path[:, 0], path[:, 1] / 2, style, lw=1.2, label=f"climbing from μ = {start}")
for i, j in hills:
    left.plot(places[j], log_sigmas[i], "k*", ms=12, label="local optimum" if (i, j) == hills[0] else None)
left.set_xlabel("the knob μ")
left.set_ylabel("log σ (no unit)")
left.set_title("The ELBO (contours, nats) has two local optima")
left.legend(fontsize=8.5, loc="upper left")
right.fill_between(z[:, 0], density, color="0.85", label="posterior p(z|x)")
right.plot(z[:, 0], np.exp(seeking.log_prob(z)), "k-", label="least KL(q ‖ p): sits on a mode")
right.plot(z[:, 0], np.exp(matched.log_prob(z)), "k--", label="least KL(p ‖ q): covers all, the valley too")
right.set_xlim(-2.5, 3)
right.set_ylim(0, 3)
right.set_xlabel("z (no unit)")
right.set_ylabel("density (per unit of z)")
right.set_title("Which way round the KL is decides what is found")
right.legend(fontsize=8.5)
save(drawn, "03-surface")

# %% [markdown]
# ![the ELBO over both knobs; the two kinds of best q](figures/03-surface.png)
#
# A q that sits on one mode decodes to images like x, and tells part of the story. The q that matches moments is
# often in the valley or out in the tails, and decodes to something else:

# %%
rebuilt = {name: integral(np.exp(which.log_prob(z)) * log_likelihood)
           for name, which in (("seeking", seeking), ("matched", matched))}
claim(f"E_q[log p(x|z)]: {rebuilt['seeking']:.2f} nats on the mode, {rebuilt['matched']:.2f} with matched moments",
      rebuilt["seeking"] > rebuilt["matched"] + 0.5)

# %% [markdown]
# A VAE has KL(q ‖ p). So where its q(z|x) can't have the right shape, it tends to leave something out rather than
# to include too much.
#
# ## Coordinate ascent: no gradient at all
#
# (From here on it is about fitting q without gradients. The VAE doesn't need it: in a hurry, go on to [tutorial
# 4](04_why_reparameterize.py), and come back later.)
#
# Now more latents. The simplest family says that they are independent under q: **mean field**, q(z) = Π qᵢ(zᵢ).
# Hold all factors but one, and collect the terms of the ELBO with qᵢ: ∫ qᵢ (E_{others}[log p] − log qᵢ) dzᵢ. Call
# qᵢ* the density ∝ exp E_{others}[log p]. Then that is −KL(qᵢ ‖ qᵢ*) and a constant, which comes of making qᵢ*
# integrate to 1 ([derivation](derivations.md#the-best-factor)). So we know the top:
#
#     ELBO(qᵢ) = const − KL(qᵢ ‖ qᵢ*)                    → next cell
#     log qᵢ*(zᵢ) = E_{others}[log p(x, z)] + const      → inference.coordinate_ascent.coordinate_ascent
#
# Set qᵢ to qᵢ*, go to the next, and round again. Say log p(x, z) = const + bᵀz − ½ zᵀΛz: as a function of z a
# Gaussian with the precision matrix Λ (the inverse covariance) and the mean Λ⁻¹b. The average is a quadratic in
# zᵢ, so qᵢ* is a Gaussian without our having asked for one; mⱼ is the mean of qⱼ:
#
#     qᵢ* = N((bᵢ − Σ_{j≠i} Λᵢⱼ mⱼ)/Λᵢᵢ, 1/Λᵢᵢ)          → inference.coordinate_ascent.gaussian_factor
#
# We check both lines on two latents with correlation 0.8, averaging over the other by adding up.

# %%
target = CorrelatedGaussian(np.array([1.0, -0.5]), np.array([[1.0, 0.8], [0.8, 1.0]]))
precision, shift = target.precision_and_shift()
others = np.array([0.0, 0.3])                                   # the means now; z₂'s is used
m, variance = gaussian_factor(0, others, precision, shift)

axis = np.linspace(-8, 8, 801)
log_q2 = gaussian(others[1], 0.5).log_prob(axis[:, None])
z1, z2 = np.meshgrid(axis, axis, indexing="ij")
joint = target.log_joint(np.stack([z1.ravel(), z2.ravel()], axis=1)).reshape(z1.shape)
averaged = joint @ np.exp(log_q2) * (axis[1] - axis[0])         # E over z₂ of log p(x, z), at each z₁
factor = np.exp(averaged - averaged.max())
factor /= factor.sum()
mean_by_sum = float(factor @ axis)
variance_by_sum = float(factor @ (axis - mean_by_sum) ** 2)
claim(f"exp E[log p(x, z)] is N({mean_by_sum:.4f}, {variance_by_sum:.4f}) by adding up, "
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
# ## How fast, and what it costs: correlation decides both
#
# Each update is the best there is for its factor, so the ELBO never falls. But going along one axis at a time is
# slow in a narrow, slanted valley: with correlation ρ between two latents, a round shrinks the error of the
# means by ρ². And what is left at the end can be said exactly ([derivation](derivations.md#a-gaussian-factor)).
# The means become right. The variances become 1/Λᵢᵢ, that of zᵢ with all others *known*. The correlations are
# zero. This costs
#
#     KL(q ‖ p) = ½ (Σ log Λᵢᵢ − log |Λ|)                → next cell
#
# which for two latents is −½ log (1 − ρ²).

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
claim(f"no update lowers the ELBO (but for rounding: {min(monotone):.0e})", min(monotone) > -1e-12)
claim("each round multiplies the error of the means by ρ²", max(rates) < 1e-10)
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
left.set_title(f"ρ = {rho}: the mean arrives in steps, q is too narrow")
for (rho, error), style in zip(list(errors.items())[1:], ("k-", "k--", "k-.", "k:")):
    right.semilogy(np.maximum(error[:61], 1e-16), style, label=f"ρ = {rho}: factor {rho ** 2:.4g} a round")
right.set_ylim(1e-8, 3)
right.set_xlabel("rounds through both factors")
right.set_ylabel("error of the means (unit of z)")
right.set_title("A round multiplies the error by ρ²")
right.legend(fontsize=8.5)
right.grid(alpha=0.3)
save(drawn, "03-coordinate-ascent")

# %% [markdown]
# ![coordinate ascent in steps; the error by rounds](figures/03-coordinate-ascent.png)
#
# ## What mean field gets wrong
#
# A line through 20 points, y = w₁ + w₂ x + noise. Had the slope been less, the intercept could have been more:
# the posterior of the two weights is correlated.

# %%
line = EXAMPLES["linear-regression"].make(np)
fitted = fit_by_coordinates(line, 500)
posterior, evidence, how = exact(line)
print_beliefs(line.names, {"exact": posterior, "mean field": fitted.q})
gap = print_bound(evidence, how, fitted)
precision, _ = line.precision_and_shift()
formula = 0.5 * (np.log(precision.diagonal()).sum() - np.linalg.slogdet(precision)[1])
claim(f"the gap is ½ (Σ log Λᵢᵢ − log |Λ|) = {formula:.4f} nats", abs(gap - formula) < 1e-8)
claim(f"the means are right, the standard deviations {fitted.q.std[0] / posterior.std[0]:.0%} of the exact ones",
      np.allclose(fitted.q.mean, posterior.mean, atol=1e-5) and (fitted.q.std < 0.6 * posterior.std).all())

# %% [markdown]
# "Mean field is too narrow" is often said. For each latent by itself it is true of every Gaussian posterior:
# 1/Λᵢᵢ is never more than the exact variance. For *combinations* of latents it can be the opposite. The line's
# height at x is w₁ + w₂ x, with variance aᵀΣa for a = (1, x).

# %%
at = np.linspace(-1, 4, 101)
a = np.stack([np.ones_like(at), at], axis=1)
height_exact, height_q = (np.sqrt(((a @ which.covariance) * a).sum(axis=1)) for which in (posterior, fitted.q))
middle = float(line.X[:, 1].mean())
k, edge = int(np.argmin(abs(at - middle))), int(np.argmin(abs(at)))
claim(f"at x = 0 mean field gives the line ± {height_q[edge]:.3f}; it is ± {height_exact[edge]:.3f}: too narrow",
      height_q[edge] < 0.7 * height_exact[edge])
claim(f"at x = {at[k]:.2f}, amid the data, it gives ± {height_q[k]:.3f}; it is ± {height_exact[k]:.3f}: too wide",
      height_q[k] > 1.2 * height_exact[k])

drawn, (left, right) = figure(1, 2, size=(11, 4.2))
w1, w2 = np.meshgrid(np.linspace(0.05, 1.7, 200), np.linspace(-0.92, 0.13, 200))
points = np.stack([w1.ravel(), w2.ravel()], axis=1)
for which, shade, style in ((posterior, "0.6", "solid"), (fitted.q, "black", "dashed")):
    heights = np.exp(which.log_prob(points) - which.log_prob(which.mean[None])).reshape(w1.shape)
    left.contour(w1, w2, heights, levels=np.exp([-4.5, -2, -0.5]), colors=shade, linestyles=style, linewidths=1.5)
left.plot([], [], "0.6", label="exact posterior")
left.plot([], [], "k--", label="mean-field q")
left.set_xlabel("w₁, the intercept (unit of y)")
left.set_ylabel("w₂, the slope (y per x)")
left.set_title("Each weight too sure, their correlation lost")
right.plot(at, height_exact, "0.6", lw=2, label="exact posterior")
right.plot(at, height_q, "k--", label="mean-field q")
right.plot(line.X[:, 1], np.full(len(line.X), 0.02), "k|", ms=9, label="the data's x")
right.set_ylim(0, 0.62)
right.set_xlabel("x (no unit)")
right.set_ylabel("standard deviation of w₁ + w₂ x (unit of y)")
right.set_title("Of the line: too sure outside, too vague amid the data")
for axes in (left, right):
    axes.legend(fontsize=9)
    axes.grid(alpha=0.3)
save(drawn, "03-mean-field")

# %% [markdown]
# ![the weights' posterior and mean field; the uncertainty of the line](figures/03-mean-field.png)
#
# Often another choice of latents is the remedy. Measure x from its mean, and the "intercept" is the height amid
# the data: XᵀX is diagonal, the two weights independent, and mean field exact, after one round. (It is not quite
# the same model: the prior is now on the height amid the data, so the evidence differs a little.)

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
# The classical example: N readings xₙ ~ N(μ, 1/τ) with unknown mean μ *and* unknown precision τ (one over the
# variance). The prior is called a normal-gamma, and the exact posterior is one again. Gamma(a, b) is the density
# ∝ τᵃ⁻¹ e^(−bτ) on τ > 0, with mean a/b; m₀, κ₀, a₀ and b₀ are given:
#
#     p(τ) = Gamma(a₀, b₀),  p(μ|τ) = N(m₀, 1/(κ₀ τ))       → inference.conjugate_models.UnknownMeanAndPrecision
#
# Mean field gives q(μ) q(τ), the best factors being N(m, 1/λ) and Gamma(a, b)
# ([derivation](derivations.md#mean-and-precision)). λ needs b, and b needs λ, by its average: so the updates go
# round.
#
#     m = (κ₀ m₀ + N x̄)/(κ₀ + N),  λ = (κ₀ + N) a/b         → inference.coordinate_ascent.coordinate_ascent
#     b = b₀ + ½ E_q[Σ (xₙ − μ)² + κ₀ (μ − m₀)²]            → inference.coordinate_ascent.coordinate_ascent
#     a = a₀ + (N + 1)/2                                    → inference.coordinate_ascent.coordinate_ascent
#     a_n = a₀ + N/2                     → inference.conjugate_models.UnknownMeanAndPrecision.posterior
#
# The last is the a of the exact posterior. The +1 is no misprint: the prior p(μ|τ) contains √τ, as each of the N
# readings does. (In the exact posterior μ is integrated out, and that takes it away.)

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
claim("at the end the updates of λ and b change nothing any more",
      np.allclose([q.lam, q.b], [(model.kappa0 + model.N) * q.a / q.b, model.b0 + 0.5 * expected_squares]))
claim(f"{model.N} readings: a = {q.a} in q, {p.a} in the posterior",
      q.a == model.a0 + (model.N + 1) / 2 and p.a == model.a0 + model.N / 2)
claim("no update lowers the ELBO", np.diff([update.elbo for update in updates]).min() > -1e-12)
claim(f"its end lies strictly below log p(x), by {gap:.4f} nats", 0.02 < gap < 0.1)

# %% [markdown]
# Both correlations are zero, and still the ELBO falls short. What is lost is that the two *depend* on each
# other: the larger τ, the less noise, the better μ is known.

# %%
exact_std = [(p.kappa * tau) ** -0.5 for tau in (0.3, 1.2)]
claim(f"exactly, μ is known to ± {exact_std[0]:.2f} if τ = 0.3, to ± {exact_std[1]:.2f} if τ = 1.2; q says "
      f"± {q.lam ** -0.5:.2f} whatever τ is", exact_std[1] < q.lam ** -0.5 < exact_std[0])
print(f"{'readings':>10}{'gap, nats':>12}{'gap × 2N':>12}")
shrinking = []
for N in (10, 100, 1000):
    more = UnknownMeanAndPrecision(2 + 0.7 * np.random.default_rng(3).standard_normal(N))
    shrinking.append(more.log_evidence() - fit_by_coordinates(more, 100).elbo.mean)
    print(f"{N:>10}{shrinking[-1]:>12.5f}{2 * N * shrinking[-1]:>12.3f}")
claim("with more readings τ becomes certain, and the gap falls like 1/(2N)", abs(2000 * shrinking[-1] - 1) < 0.05)

# %% [markdown]
# ## Where this leads
#
# Coordinate ascent needs averages E_{others}[log p(x, z)] on paper. Under a decoder network nobody can write
# them down. What remains is the ELBO as an average over q, and its gradient with respect to the knobs, estimated
# from draws: [tutorial 4](04_why_reparameterize.py). And one more idea, since to turn knobs for each of 60,000
# images would take long: let a network turn them. That is the encoder, and
# [tutorial 5](05_variational_autoencoder.py).
#
# ## What to try next
#
# - Exercise 7, *The KL between q(z|x) and the prior*, and exercise 14, *A coordinate-ascent update*
#   (`python -m minivae exercises start exercises`).
# - `python -m minivae infer linear-regression --q full-rank`: a q with correlations closes the gap.
# - `python -m minivae infer one-latent --seed 1`: which mode does it find? And with other seeds?
# - `FullGaussian.kl` in [full.py](../minivae/posteriors/full.py) is the KL of a q with correlations from the
#   prior. Check it against `MultivariateNormal.log_prob` at draws.
# - Give the one-latent model a q of two Gaussians. How near does the ELBO come to log p(x)? Does the sum still
#   stay?
# - Change `noise` of the one-latent model: when do the two modes become one?
