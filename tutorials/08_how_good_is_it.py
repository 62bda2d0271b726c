# %% [markdown]
# # 8 · How good is it?
#
# **What you'll do.** Estimate log p(x) itself, split its distance from the ELBO into two gaps, compare training on
# the ELBO with training on the IWAE bound, and look at which latents are used.
#
# **What you'll learn.** What the ELBO does not tell you about a model; how importance sampling estimates log p(x), and
# what that costs; how to tell how much is lost by the encoder and how much by the family of q; and what KL = 0 means.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py); of [tutorial 7](07_decoders.py) the part on
# σ².
#
# **Time.** 35 minutes to read, 15 seconds to run: `python tutorials/08_how_good_is_it.py`. The linear VAE, whose log
# p(x) is known exactly, has a [tutorial of its own](08c_probabilistic_pca.py).

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, FullGaussian, Gaussian
from minivae.datasets import digits
from minivae.evaluation import active_units, amortization_gap, elbo, log_likelihood
from minivae.inference import FixedDecoder

options("Tutorial 8: how good is it?")
data = digits()
D, VARIANCE, EPOCHS = 64, 0.05, 35

# %% [markdown]
# All models here describe the same grey images with the same kind of likelihood, a Gaussian. In all but one, its
# variance is fixed at σ² = 0.05. So all numbers are log-densities of the same images, in nats per image, and can be
# compared. The first five models differ only in the number of latents:

# %%
def gaussian_vae(Z, variance=VARIANCE, seed=0):
    return VAE(D, Z, (100,), likelihood=Gaussian(variance), backend="numpy", seed=seed)


vaes = {}
for Z in (1, 2, 5, 10, 20):
    vaes[Z] = gaussian_vae(Z)
    learn(vaes[Z], data.train, EPOCHS, seed=0, label=f"VAE, {Z} latents")

# %% [markdown]
# ## log p(x), by importance sampling
#
# The ELBO is less than log p(x), by an unknown amount. We want to estimate p(x) = ∫ p(x|z) p(z) dz itself. Draws of z
# from the prior are of little use, since hardly any of them explains x. So draw z from q(z|x). Multiplying by
# p(z)/q(z|x) corrects for drawing some z more often than the prior would:
#
#     log p(x) ≈ log [1/K Σₖ wₖ],  w = p(x|z) p(z)/q(z|x)                → evaluation.log_likelihood
#
# The expected value of this estimate is also a lower bound, by Jensen's inequality. With K = 1 it is the ELBO. It never
# decreases as K grows, and if w is bounded its limit is log p(x) (Burda, Grosse & Salakhutdinov 2016, theorem 1;
# [derived here](derivations.md#importance-sampling-is-a-lower-bound)):
#
#     ELBO = bound₁ ≤ bound₂ ≤ ... ≤ log p(x)                            → next cell
#
# We can check this. With one latent the integral can be computed by brute force: `FixedDecoder` sums p(x, z) over
# 20,001 points.

# %%
rng = np.random.default_rng(0)
shown, repeats = data.test[[2, 5, 9, 23, 31, 40]], 200
exact = np.array([FixedDecoder(vaes[1], x).log_evidence() for x in shown])
bounds = {}
for K in (1, 2, 5, 10, 30, 100, 300, 1000):
    many = np.repeat(shown, repeats if K <= 100 else 30, axis=0)
    bounds[K] = log_likelihood(vaes[1], many, rng, K, rows=2000).reshape(len(shown), -1)
print("nats below log p(x), mean of 6 images:", "   ".join(f"K={K}: {(exact - b.mean(axis=1)).mean():.4f}"
                                                        for K, b in bounds.items()))
by_elbo = elbo(vaes[1], np.repeat(shown, 200, axis=0), rng, n_samples=20).elbo.reshape(len(shown), -1).mean(axis=1)

drawn, axes = figure(size=(8.5, 4.2))
for i, (style, marker) in enumerate(zip(("-", "--", "-.", ":", "-", "--"), "os^Dvx")):
    below = [exact[i] - b[i].mean() for b in bounds.values()]
    axes.plot(list(bounds), below, color=str(0.12 * i), linestyle=style, marker=marker, markersize=5,
              label=f"test image {i + 1}: log p(x) = {exact[i]:.2f}".replace("-", "−"))
axes.axhline(0, color="black", linewidth=2)
axes.invert_yaxis()
axes.set_xscale("log")
axes.set_xlabel("K (samples of z per estimate)")
axes.set_ylabel("nats below the exact log p(x)")
axes.set_title("From the ELBO (K = 1) the bound rises to the exact log p(x)")
axes.legend()
axes.grid(alpha=0.3)
save(drawn, "08-importance")

# %%
mean_bound = {K: b.mean() for K, b in bounds.items()}
claim(f"with K = 1 it is the ELBO: on average {mean_bound[1]:.2f} and {by_elbo.mean():.2f} nats",
      abs(mean_bound[1] - by_elbo.mean()) < 0.4)
claim("it rises from K = 1 to 5 to 30, and stays below log p(x), within 0.02 nats of noise",
      mean_bound[1] < mean_bound[5] < mean_bound[30] < exact.mean() + 0.02)
claim(f"the exact log p(x) is {abs(exact.mean() - mean_bound[100]):.4f} nats from it with K = 100, "
      f"{abs(exact.mean() - mean_bound[1000]):.4f} with K = 1000",
      max(abs(exact.mean() - mean_bound[K]) for K in (100, 1000)) < 0.05)

# %% [markdown]
# ![the bound against K](figures/08-importance.png)
#
# With more than a few latents the integral can't be computed, and papers report this estimate of the test
# log-likelihood, often with K = 5000. Two cautions:
#
# - Only the *average* of the estimate is a lower bound. A single estimate can lie above log p(x). The dents in the
#   curves are noise.
# - How far the average lies below log p(x) depends on q, so a bad encoder makes a good decoder look bad. If q
#   misses one of the posterior's modes, a very large K is needed to find it. If q is too narrow (for Gaussians: its
#   variance at most half of the posterior's), the weights have no finite variance, and the estimate converges
#   slowly.
#
# ## What the ELBO misses: two gaps
#
#     log p(x) − ELBO = [log p(x) − ELBO(q*)] + [ELBO(q*) − ELBO(q)]     → evaluation.amortization_gap
#
# Here q is what the encoder gives for x, and q* is the best member of the same family for this one x. The second
# bracket is the *amortization gap*: one network computes q for all images, which is in general worse than fitting a
# separate q to each. The first is the *approximation gap*, KL(q* ‖ p(z|x)): under a nonlinear decoder, the posterior is
# in general not a diagonal Gaussian (Cremer, Li & Duvenaud 2018). `amortization_gap` fits q to each image separately,
# by gradient ascent with a fixed decoder ([its gradient](derivations.md#fitting-q-to-one-image)).
#
# If the family is too small, a larger one should help. `FullGaussian` allows correlations: its covariance is C Cᵀ, with
# C lower triangular (the Cholesky factor). A diagonal q is the special case with C_ii = σ_i and zeros below the
# diagonal. To compare the two families and nothing else, we give both the same trained decoder *and* the same trained
# encoder.

# %%
def with_full_posterior(vae):
    """The same model with the same q, written as a member of the larger family"""
    Z, full = vae.latent_dim, VAE(D, vae.latent_dim, (100,), vae.likelihood, FullGaussian(), backend="numpy")
    for name in vae.parameters.names():
        if name.startswith("encoder.1"):                # the last layer emits h: [μ, log C_ii, below the diagonal]
            full.parameters[name][...] = 0
            full.parameters[name][..., :Z] = vae.parameters[name][..., :Z]
            full.parameters[name][..., Z:2 * Z] = 0.5 * vae.parameters[name][..., Z:]       # log σ = ½ log σ²
        else:
            full.parameters[name][...] = vae.parameters[name]
    return full


# %% [markdown]
# ## Training on a tighter bound
#
# If the average over several draws is a tighter bound, why not train on it? That is the importance-weighted
# autoencoder, IWAE:
#
#     loss = −1/N Σₙ log [1/L Σₗ wₗ]                                     → monte_carlo.iwae_bound
#
# In the library it is `loss_and_grad(..., kl="monte-carlo", bound="iwae")`. One thing changes in the gradient
# ([derived](derivations.md#the-importance-weighted-bound)): the weight of each draw is not 1/L but its share of the
# weights, w/Σw.
#
# It would be unfair to compare IWAE with L = 5 draws with an ELBO that had only one: five draws also make the gradient
# less noisy. So we train three ways: on the ELBO with L = 1, on the ELBO with L = 5, and on IWAE with L = 5. Each is
# trained with five seeds, for the same number of epochs. (The ELBO uses the KL in closed form, as is usual; the IWAE
# bound has no such form.) Then all gaps are measured on all test images.

# %%
SEEDS = range(5)
WAYS = {"ELBO, L = 1": {"n_samples": 1}, "ELBO, L = 5": {"n_samples": 5},
        "IWAE, L = 5": {"n_samples": 5, "kl": "monte-carlo", "bound": "iwae"}}
FULL = "the same,\nwith full q"


def gaps_of(vae):
    """(encoder's ELBO, best ELBO, log p(x)) of each test image; the same noise for all models.    -> (3, N)"""
    return np.array(amortization_gap(vae, data.test, np.random.default_rng(1), steps=150, lr=0.05, final_samples=100))


def bound_of(vae, K, repeats=10):
    """The mean over test images of the bound with K draws, averaged over repeats"""
    rng = np.random.default_rng(2)
    return np.mean([log_likelihood(vae, data.test, rng, K).mean() for _ in range(repeats)])


measured, resampled = {name: [] for name in ("ELBO, L = 1", FULL, *list(WAYS)[1:])}, {name: [] for name in WAYS}
for seed in SEEDS:
    for name, choice in WAYS.items():
        vae = gaussian_vae(10, seed=seed)
        learn(vae, data.train, EPOCHS, seed=seed, label=f"{name}, seed {seed}", **choice)
        measured[name].append(gaps_of(vae))
        resampled[name].append(bound_of(vae, 5))
        if name == "ELBO, L = 1":
            measured[FULL].append(gaps_of(with_full_posterior(vae)))
measured = {name: np.array(values) for name, values in measured.items()}        # (seeds, 3, images)
by_seed = {name: values.mean(axis=2) for name, values in measured.items()}      # (seeds, 3)


def mean_and_error(values):
    """"mean ± its standard error", of one number for each seed"""
    values = np.asarray(values)
    return f"{values.mean():.2f} ± {values.std(ddof=1) / len(values) ** 0.5:.2f}"


print(f"nats per test image, mean of {len(SEEDS)} seeds ± standard error over seeds")
print(f"    {'':24}{'encoder ELBO':>14}{'amortization gap':>18}{'approximation gap':>19}{'log p(x)':>16}")
for name, values in by_seed.items():
    encoder, best, log_px = values.T
    print(f"    {name.replace(chr(10), ' '):<24}{mean_and_error(encoder):>14}{mean_and_error(best - encoder):>18}"
          f"{mean_and_error(log_px - best):>19}{mean_and_error(log_px):>16}")

drawn, axes = figure(size=(9, 4.6))
for i, values in enumerate(by_seed.values()):
    encoder, best, log_px = values.mean(axis=0)
    for bottom, height, shade, hatch, label in ((0, encoder, "0.85", "", "ELBO of the encoder's q"),
                                                (encoder, best - encoder, "0.55", "//", "amortization gap"),
                                                (best, log_px - best, "0.15", "", "approximation gap")):
        axes.bar(i, height, 0.4, bottom, color=shade, hatch=hatch, edgecolor="black",
                 label=label if i == 0 else None)
    for column, color, label in ((0, "0.55", "encoder's ELBO, each seed"), (2, "k", "log p(x), each seed")):
        axes.plot(np.full(len(values), i - 0.32), values[:, column], "_", color=color,
                  label=label if i == 0 else None)
    axes.text(i + 0.22, encoder, f"ELBO {encoder:.2f}", va="top")
    axes.text(i + 0.22, (encoder + best) / 2, f"{best - encoder:.2f}", va="center")
    axes.text(i + 0.22, (best + log_px) / 2, f"{log_px - best:.2f}", va="center")
    axes.text(i, log_px + 0.05, f"log p(x) {log_px:.2f}", ha="center", va="bottom")
axes.set_xticks(range(len(by_seed)), [name.replace("the same,", "the same decoders,") for name in by_seed])
axes.set_xlim(-0.5, 3.7)
axes.set_ylim(min(v[:, 0].min() for v in by_seed.values()) - 1, max(v[:, 2].max() for v in by_seed.values()) + 1.2)
axes.set_ylabel("nats per test image (axis cut off)")
axes.set_xlabel(f"trained on (mean of {len(SEEDS)} seeds)")
first, second = (by_seed[b][:, 2].mean() - by_seed[a][:, 2].mean() for a, b in zip(list(WAYS), list(WAYS)[1:]))
axes.set_title(f"log p(x): +{first:.2f} nats from five draws, +{second:.2f} more from the IWAE bound")
axes.legend(loc="upper left", ncols=3, fontsize=9)
save(drawn, "08-gaps")

# %% [markdown]
# ![ELBO, gaps and log p(x)](figures/08-gaps.png)
#
# **The gaps** (first two bars). A full covariance makes the approximation gap smaller. The larger part is the
# amortization gap: with a diagonal q, more is lost by the encoder than by the family. These are *test* images, and the
# encoder was trained on 1,498 others. (In the second bar the encoder still gives a diagonal q, so all that the larger
# family gains is counted in the amortization gap. An encoder trained for the larger family might close some of that
# too.)

# %%
one, full, five, iwae = by_seed.values()
claim(f"the two families start from the same q and get the same log p(x), with each of {len(SEEDS)} seeds",
      np.allclose(one[:, 0], full[:, 0], atol=1e-2) and np.allclose(one[:, 2], full[:, 2], atol=2e-2))
claim("with each seed and each way of training: ELBO of the encoder < ELBO of the best q < log p(x)",
      all((v[:, 0] < v[:, 1]).all() and (v[:, 1] < v[:, 2]).all() for v in by_seed.values()))
approximation = {name: v[:, 2] - v[:, 1] for name, v in by_seed.items()}
amortization = {name: v[:, 1] - v[:, 0] for name, v in by_seed.items()}
claim(f"for the same decoders, a full covariance reduces the approximation gap from "
      f"{mean_and_error(approximation['ELBO, L = 1'])} to {mean_and_error(approximation[FULL])} nats, with every seed",
      (approximation[FULL] < 0.8 * approximation["ELBO, L = 1"]).all())
claim("with a diagonal q, the amortization gap is the larger one, with every seed and way of training",
      all((amortization[name] > 1.2 * approximation[name]).all() for name in WAYS))

# %% [markdown]
# **ELBO or IWAE?** (the other bars). Training on IWAE gives the best log p(x). But about half of its lead over the ELBO
# with L = 1 comes from having five draws: the ELBO gains that much too with L = 5. The rest is due to the bound. (Five
# draws cost about five times the decoder's work, and we compare equal numbers of epochs, not equal work.)

# %%
from_draws, from_bound = five[:, 2] - one[:, 2], iwae[:, 2] - five[:, 2]
claim(f"log p(x): five draws instead of one gain {mean_and_error(from_draws)} nats, then IWAE instead of the ELBO "
      f"another {mean_and_error(from_bound)}; both are gains with every seed",
      (from_draws > 0).all() and (from_bound > 0).all())
share = from_draws.sum() / (from_draws + from_bound).sum()
claim(f"so of the lead of IWAE over the ELBO with one draw, {share:.0%} is due to the draws", 0.35 < share < 0.75)
claim(f"the ELBO of IWAE's encoder is lower than with L = 5 on the ELBO: {mean_and_error(iwae[:, 0])} against "
      f"{mean_and_error(five[:, 0])}, with every seed", (iwae[:, 0] < five[:, 0]).all())
slack = {name: by_seed[name][:, 2] - by_seed[name][:, 0] for name in WAYS}
claim(f"and it lies further below log p(x): {mean_and_error(slack['IWAE, L = 5'])} against "
      f"{mean_and_error(slack['ELBO, L = 5'])} nats", (slack["IWAE, L = 5"] > 1.4 * slack["ELBO, L = 5"]).all())

# %% [markdown]
# Is IWAE's q worse, then? If you draw *one* z from it, yes: its ELBO is further below log p(x). The ELBO averages log
# w, so a q that often draws z where p(z|x) is small loses much. The IWAE bound takes the logarithm of an average of
# five w, so a single good draw among the five is enough. Its encoder learns a q for that purpose.
#
# But IWAE doesn't use one draw. Draw five z, and keep one of them with probability w/Σw: this defines another
# distribution of z, the *resampled* q. Its ELBO is at least the IWAE bound (Cremer, Morris & Duvenaud 2017), so
#
#     bound₅ ≤ ELBO of the resampled q ≤ log p(x)                        → next cell
#
# IWAE should be judged by this q, since its training raised bound₅. How far is the ELBO of each q below log p(x) of its
# own model, with one draw and resampled?

# %%
left = {name: by_seed[name][:, 2] - np.array(values) for name, values in resampled.items()}
for name in WAYS:
    print(f"  {name}: one draw of q {mean_and_error(slack[name])} nats below log p(x); resampled from five, at most "
          f"{mean_and_error(left[name])}")
claim("judged by the q that its training raised (IWAE's resampled from five, the ELBO's with one draw), IWAE is closer "
      "to its log p(x), with every seed", (left["IWAE, L = 5"] < slack["ELBO, L = 5"]).all())
claim(f"bound₅ is higher after training on IWAE than on the ELBO with L = 5, with every seed: "
      f"{mean_and_error(resampled['IWAE, L = 5'])} against {mean_and_error(resampled['ELBO, L = 5'])}",
      (np.subtract(resampled["IWAE, L = 5"], resampled["ELBO, L = 5"]) > 0).all())

# %% [markdown]
# So here "IWAE has a worse q" is true of a single draw. (Resampling helps the q of the ELBO as well. These numbers
# don't say which resampled q is closer to its log p(x), since for resampled q they are upper limits.)
#
# ## Is the ELBO enough to compare models?
#
# To find bugs or to choose a learning rate, usually yes. To say which model is better, no: a difference between two
# ELBOs mixes a difference between decoders with one between encoders. Above, one decoder had three ELBOs (with the
# encoder's q, the best diagonal q and the best full q) and one log p(x). And IWAE's model has the better log p(x),
# although its ELBO is lower. So report both the ELBO and log p(x), on test data, with K and a standard error. The
# standard error over images is often larger than the difference that you want to see, because some images are harder
# than others for every model. So take the differences image by image, and their standard error.

# %%
a, b = (measured[name][:, 2].mean(axis=0) for name in ("ELBO, L = 5", "IWAE, L = 5"))     # means over the seeds
apart = math.hypot(*(float(v.std()) / len(v) ** 0.5 for v in (a, b)))
pairs = float((b - a).std()) / len(a) ** 0.5
claim(f"log p(x), IWAE minus ELBO, L = 5: {(b - a).mean():.2f} nats; standard error over images {apart:.2f} if the two "
      f"were measured on different images, {pairs:.2f} in pairs", pairs < 0.5 * apart and (b - a).mean() > 3 * pairs)

# %% [markdown]
# Neither number says whether samples look good, or whether the code is useful for anything.
#
# ## Which latents are in use?
#
# Since q and the prior factorize, the KL is a sum with one term for each latent. If the term of zᵢ is 0 for every x,
# then q(zᵢ|x) is the prior: zᵢ is pure noise, and a trained decoder has learned to ignore it. That is *posterior
# collapse*. `active_units` counts latents by a related measure, the variance over the images of the posterior mean
# (Burda and others 2016):
#
#     zᵢ is active if Var_x(E_q[zᵢ]) > 0.01                              → evaluation.active_units
#
# We also force a collapse, with the same VAE and σ² = 1. The model then assumes such noisy pixels that a better
# reconstruction gains less than the KL of any code costs.

# %%
def kl_per_latent(vae, x):
    """(Z,): the mean over x of each latent's KL; a diagonal q of one latent has h = [μᵢ, log σᵢ²]"""
    h, Z = vae.posterior_parameters(x), vae.latent_dim
    return np.array([vae.posterior.kl(h[:, [i, Z + i]]).mean() for i in range(Z)])


collapsed = gaussian_vae(20, variance=1.0)
learn(collapsed, data.train, 20, seed=0, label="σ² = 1")
for name, vae in (("20 latents, σ² = 0.05", vaes[20]), ("20 latents, σ² = 1", collapsed)):
    kl, active = kl_per_latent(vae, data.test), active_units(vae, data.test)
    print(f"  {name:<22} KL {kl.sum():6.3f} nats; {active.count:2} latents active; "
          f"{(kl > 0.1).sum():2} with more than 0.1 nats")
kl = np.sort(kl_per_latent(vaes[20], data.test))[::-1]
parts = elbo(vaes[20], data.test, rng).kl.mean()
claim(f"the latents' KLs add up to the KL: {kl.sum():.3f} nats", abs(kl.sum() - parts) < 1e-3)
claim(f"of 20 latents, the one with the largest KL has {kl[0]:.2f} nats, the one with the smallest {kl[-1]:.2f}",
      kl[-1] < 0.2 * kl[0])
drawn, axes = figure(size=(7.5, 3.8))
place = np.arange(1, 21)
axes.bar(place, kl, color="0.6", edgecolor="black", label="σ² = 0.05")
axes.plot(place, np.sort(kl_per_latent(collapsed, data.test))[::-1], "kx", clip_on=False, zorder=3,
          label="σ² = 1: collapsed")
axes.set_title(f"{(kl > 0.1).sum()} of 20 latents carry more than 0.1 nats each; with σ² = 1, none does")
axes.set_xlabel("latent, in order of its KL")
axes.set_ylabel("KL (nats per test image)")
axes.set_xticks([1, 5, 10, 15, 20])
axes.legend()
save(drawn, "08-collapse")

# %% [markdown]
# ![KL per latent](figures/08-collapse.png)
#
# The threshold is a convention: all 20 latents count as active here, although the one with the smallest KL has only
# 0.03 nats. So look at the whole list of KLs, not at the count alone.
#
# ## Is KL = 0 good?
#
# It may sound good: the KL is a term of the loss, and 0 is its minimum. But it is KL(q(z|x) ‖ *p(z)*), and if it is 0
# for every x, the code says nothing about x. (The KL that should be 0 is another one, KL(q(z|x) ‖ p(z|x)).) The decoder
# then has no information about x. It learns to give nearly the same output for every z: the mean of the training
# images.

# %%
z = rng.standard_normal((200, 20), dtype="float32")
decoded = collapsed.decode(z)
across, off = decoded.std(axis=0).mean(), np.abs(decoded.mean(axis=0) - data.train.mean(axis=0)).mean()
differ = float(data.train.std(axis=0).mean())
claim(f"collapsed: over 200 random z, decoded pixels have a standard deviation of {across:.2f} (the data "
      f"{differ:.2f}), and their mean is the mean training image, within {off:.3f}",
      across < 0.5 * differ and off < 0.05)
blind = Gaussian(1.0).log_prob(data.test, np.broadcast_to(data.train.mean(axis=0), data.test.shape)).mean()
tight = elbo(collapsed, data.test, rng, 20).elbo.mean()
at_best = log_likelihood(collapsed, data.test, rng, 200).mean()
claim(f"its ELBO is {tight:.2f}, its log p(x) {at_best:.2f}, and log p of a model that always has the mean image as "
      f"its mean {blind:.2f}",
      abs(tight - at_best) < 0.1 and abs(tight - blind) < 0.2)

# %% [markdown]
# So the bound is tight here, with almost no gap, but the code is useless: a small gap does not make a good model.
# Causes of a collapse, in the order in which to check them:
#
# - a σ² that is too large for the data (here), or, which has the same effect, an error averaged over the pixels
#   instead of summed ([tutorial 5](05_variational_autoencoder.py), "Sum or mean?");
# - a KL weight β > 1;
# - more latents than the data need (then the rest *should* collapse);
# - a decoder so powerful that it doesn't need z;
# - the start of training: while the decoder still ignores z, the KL pulls every q to the prior.
#
# *Warm-up* is meant for the last cause: β rises from 0 to 1 (Bowman et al. 2016, Sønderby et al. 2016). *Free bits* are
# meant for the last two: no penalty for a KL below a minimum (Kingma et al. 2016). [Tutorial 8b](08b_collapse_cured.py)
# tries both. A warm-up ends at β = 1, so it does not change the objective that training ends with: if an empty code is
# the optimum, it stays the optimum. For a linear VAE the optimum can be computed exactly. Latent i is used if and only
# if λᵢ > σ², where λᵢ is the i-th largest eigenvalue of the data's covariance. For these images no λᵢ exceeds 1, so
# with σ² = 1 none is used ([the linear VAE](08c_probabilistic_pca.py)).
#
# ## How many latents?
#
# Try several. Here are the five VAEs on test images. Beside each is the best linear VAE with as many latents and the
# same σ² = 0.05, fitted to the training images by its [closed form](08c_probabilistic_pca.py); its p(x) is a Gaussian,
# N(mean, W Wᵀ + σ² I).

# %%
m = data.train.astype("float64").mean(axis=0)
values, vectors = np.linalg.eigh((data.train - m).T @ (data.train - m) / len(data.train))
values, vectors = values[::-1], vectors[:, ::-1]
print("    Z    ELBO   log p(x)   linear   active   KL > 0.1   (test, nats per image, K = 100)")
table = {}
for Z, vae in vaes.items():
    used = np.maximum(values[:Z] - VARIANCE, 0)
    S = (vectors[:, :Z] * used) @ vectors[:, :Z].T + VARIANCE * np.eye(D)
    centred = data.test - m
    by_linear = -0.5 * (D * math.log(2 * math.pi) + np.linalg.slogdet(S)[1]
                        + (centred * np.linalg.solve(S, centred.T).T).sum(axis=1)).mean()
    table[Z] = (elbo(vae, data.test, rng, 10).elbo.mean(), log_likelihood(vae, data.test, rng, 100).mean(),
                by_linear)
    print(f"   {Z:2}{table[Z][0]:8.2f}{table[Z][1]:11.2f}{by_linear:9.2f}{active_units(vae, data.test).count:9}"
          f"{(kl_per_latent(vae, data.test) > 0.1).sum():11}")

LONG = 150
longer = gaussian_vae(5)
learn(longer, data.train, LONG, seed=0, label=f"5 latents, {LONG} epochs")
at_length = log_likelihood(longer, data.test, rng, 100).mean()
gained = at_length - table[5][1]
apart = max(table[Z][1] for Z in (5, 10, 20)) - min(table[Z][1] for Z in (5, 10, 20))
print(f"    5 latents, {LONG} epochs instead of {EPOCHS}: log p(x) {at_length:.2f}")

drawn, axes = figure(size=(8, 3.8))
for column, (style, label) in enumerate((("k--s", "VAE: ELBO"), ("k-o", "VAE: log p(x), K = 100"),
                                         ("k:^", "linear VAE: log p(x), exact"))):
    axes.plot(list(table), [row[column] for row in table.values()], style, label=label)
axes.plot(5, at_length, "k*", markersize=11, label=f"VAE, {LONG} epochs: log p(x)")
axes.set_xscale("log")
axes.set_xticks(list(table), list(table))
axes.minorticks_off()
axes.set_xlabel("latent dimensions Z")
axes.set_ylabel("nats per test image")
axes.set_title(f"5, 10 or 20 latents: within {apart:.1f} nats; {LONG} epochs, not {EPOCHS}: {gained:.1f} nats more")
axes.legend()
axes.grid(alpha=0.3)
save(drawn, "08-latents")

# %%
claim(f"from 1 to 5 latents log p(x) rises by {table[5][1] - table[1][1]:.1f} nats, from 10 to 20 by "
      f"{table[20][1] - table[10][1]:.1f}", table[5][1] - table[1][1] > 8 and table[20][1] - table[10][1] < 2)
claim(f"{LONG} epochs instead of {EPOCHS} gain {gained:.1f} nats with 5 latents; 5, 10 and 20 latents differ by "
      f"{apart:.1f}",
      gained > max(2, 2 * apart))
bend = {Z: row[1] - row[2] for Z, row in table.items()}
most = max(bend, key=bend.get)
claim(f"VAE minus linear VAE: largest at Z = {most}, {bend[most]:.1f} nats; at 20 it is {bend[20]:+.1f}",
      most in (2, 5) and bend[most] > max(bend[1], bend[10], bend[20]) + 1)

# %% [markdown]
# ![log p(x) against the number of latents](figures/08-latents.png)
#
# Too few latents limit what the model can do. Too many cost little here: with 20 latents instead of 10, log p(x) is 0.3
# nats lower, with one seed each, and 6 of the 20 carry less than 0.1 nats. So take more than you think you need, and
# look at the KLs. Take two if you want a picture of the latent plane. How many are needed depends on σ²: with a smaller
# σ², more directions of the data exceed the noise.
#
# The star shows one model trained for longer. With 5 latents, the additional epochs gain far more than the choice of Z
# among 5, 10 and 20 does. (Do 10 and 20 latents gain as much from more epochs? Try it.)
#
# The linear model is a check. Where it is better than a nonlinear VAE with as many latents, as with 20, that VAE
# probably needs more training or more data, since a nonlinear decoder can be nearly linear too.
#
# ## How many samples L?
#
# Three different numbers of samples have similar names.
#
# **L when you train on the ELBO** is the number of draws per image for the gradient. It changes the variance of the
# gradient, not its mean, and the decoder's work is proportional to it. The variance has two parts: one from the choice
# of the batch, one from the draws of z. Only the second falls as 1/L.

# %%
vae, batch = vaes[10], 100


def spread_of_gradient(L, fixed, count=40):
    """The variance of the gradient, summed over all parameters: of the draws of z alone, or of the batch too"""
    gradients = []
    for _ in range(count):
        x = data.train[:batch] if fixed else data.train[rng.permutation(len(data.train))[:batch]]
        vae.loss_and_grad(x, vae.draw_noise(rng, len(x), L))
        gradients.append(vae.gradients.flat.astype("float64"))
    return float(np.var(gradients, axis=0, ddof=1).sum())


by_noise = {L: spread_of_gradient(L, fixed=True) for L in (1, 4, 16)}
in_all = {L: spread_of_gradient(L, fixed=False) for L in (1, 4, 16)}
for L in by_noise:
    print(f"  L = {L:2}: variance from the draws of z {by_noise[L]:6.2f}, of these and the batch {in_all[L]:7.2f}")
falls = by_noise[1] / by_noise[4], by_noise[4] / by_noise[16]
claim(f"the part from the draws falls about as 1/L: by {falls[0]:.1f} from L = 1 to 4, by {falls[1]:.1f} from 4 to 16",
      2.8 < min(falls) <= max(falls) < 5.6)
claim(f"with 16 times the draws, the whole variance falls by {in_all[1] / in_all[16]:.1f}, not by 16",
      1 < in_all[1] / in_all[16] < 8)

# %% [markdown]
# L = 1 with batches of 100 is the usual choice (Kingma & Welling 2014, §2.3): a batch already averages over 100 draws,
# and more *images* in a batch reduce both parts. Above, with batches of 50 and 35 epochs, L = 5 did gain something.
#
# **L when you train on the IWAE bound** changes the objective: each L is another bound, with another optimum. A larger
# L is a tighter bound, but the signal-to-noise ratio of the encoder's gradient falls with L (Rainforth et al. 2018).
#
# **K when you evaluate** makes the estimate more accurate. Raise it until the estimate stops rising. With 1 latent, a
# K of 100 was plenty; with 50 latents, Burda and others (2016) use 5000.
#
# ## What to try next
#
# - Exercise 12, *A q(z|x) with correlations*, and exercise 15, *The importance-weighted bound*: derive their gradients.
# - Exercise 19, *Find the bug: two networks, trained one after the other*, and exercise 21, *Find the bug: all
#   shapes fit*: VAEs whose ELBO looks good enough.
# - `python -m minivae evaluate runs/digits --samples 1000 --gap 50` prints the ELBO, log p(x), the active units
#   and both gaps of a run of yours.
# - Give the ELBO with L = 1 as much work as the others, with more epochs. Does the lead of five draws remain?
# - [The linear VAE](08c_probabilistic_pca.py): a model whose log p(x) is known exactly, to test your own VAE with.
# - Next: [tutorial 9](09_gpu.py), the same on a GPU.
