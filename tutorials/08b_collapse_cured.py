# %% [markdown]
# # 8b · Collapse, and two cures
#
# **What you'll do.** Train a VAE whose latents fall idle. Train it again with a KL warm-up, and with free bits.
# Compare the latents, the KL, the ELBO and log p(x), over several seeds.
#
# **What you'll learn.** How latents fall idle at the start of training; what the two cures change in the loss;
# what each gains, and what it costs; when neither should be used.
#
# **What you'll need.** [Tutorial 8](08_how_good_is_it.py), the parts "Which latents are in use?" and "Is KL = 0
# good?".
#
# **Time.** 15 minutes to read, 30 seconds to run: `python tutorials/08b_collapse_cured.py`.

# %%
from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, Gaussian
from minivae.datasets import binarize, digits
from minivae.evaluation import active_units, elbo, log_likelihood

options("Tutorial 8b: collapse, and two cures")
data = digits()
black_and_white = binarize(data.test, np.random.default_rng(0))         # the same test images for all
Z, EPOCHS, SEEDS = 20, 60, (0, 1, 2)
HALF, FREE = EPOCHS // 2, 0.2

# %% [markdown]
# ## How latents fall idle
#
# A latent is *idle* if q(zᵢ|x) is the prior for every image x. Its KL is then 0, and the decoder learns to ignore
# it, since it is only noise. If this happens to most latents, people speak of *posterior collapse*. Tutorial 8
# lists the causes. One of them is the start of training.
#
# The loss is a sum of two terms, and each sends a gradient to the encoder's output:
#
#     loss = β KL − E_q[log p(x|z)]                                      → vae.elbo_and_grad
#
# The gradient of the KL needs no decoder: from the first step on, it pulls every q(zᵢ|x) towards the prior. The
# gradient of the other term comes through the decoder, and says which z would explain the image better. At the
# start the decoder can't say that yet. So the KL wins first, and a latent that has reached the prior has to be
# discovered again, through a decoder that has learned to ignore it.
#
# ## Cure 1: KL warm-up
#
# Let the weight of the KL rise from 0 to 1 over the first N epochs (Bowman et al. 2016; Sønderby et al. 2016, who
# raise it linearly). At first the model is nearly an autoencoder, and its latents can carry as much as they like.
# Then the KL gains weight slowly. After the warm-up, the loss is −ELBO again.
#
#     β = min(1, (epoch − 1)/N)                                          → next cell

# %%
def warm_up(epochs):
    """The weight of the KL, as a function of the epoch; train() calls it at the start of each."""
    return lambda epoch: min(1, (epoch - 1) / epochs)


print("β in the first epochs of a warm-up over 4:", [warm_up(4)(epoch) for epoch in range(1, 7)])

# %% [markdown]
# On the command line it is `train --warm-up N`. The weight is constant within an epoch.
#
# ## Cure 2: free bits
#
# Let the first F nats of each latent cost nothing (Kingma et al. 2016; in nats, in spite of the name):
#
#     loss = β Σᵢ max(F, KLᵢ) − E_q[log p(x|z)]                          → free_bits.free_bits_and_grad
#
# where KLᵢ is the KL of latent i, averaged over the batch. While KLᵢ is below F, the KL doesn't pull at latent i at
# all: [its gradient there is 0](derivations.md#free-bits). So a latent gains nothing by carrying less than F. On the
# command line it is `train --free-bits F`. It needs a separate KL for each latent, so it works only with a q whose
# latents are independent.
#
# Unlike the warm-up, this changes the objective for all of the training: max(F, KLᵢ) is never below KLᵢ, so with
# β = 1, −loss is at most the ELBO. To compare models, we always measure the ELBO itself.
#
# ## Side by side
#
# The model has three hidden layers in each network and 20 latents, for black and white digits. We train it in four
# ways: plain; with a warm-up over the first half of the epochs; with free bits; and with free bits in the first half
# only, since the warm-up changes the loss only there too. All four have the same three seeds, number of epochs and
# learning rates. We call a latent *in use* if its KL on test images is above 0.1 nats.

# %%
def deep_vae(seed):
    return VAE(64, Z, (100, 100, 100), backend="numpy", seed=seed)


def kl_per_latent(vae, x):
    """(Z,): the mean over x of each latent's KL; a diagonal q of one latent has h = [μᵢ, log σᵢ²]"""
    h = vae.posterior_parameters(x)
    return np.array([vae.posterior.kl(h[:, [i, Z + i]]).mean() for i in range(Z)])


MEASURES = ("in use", "active", "KL", "ELBO", "log p(x)")


def measured(vae, x):
    """On test images, with the same noise for all models"""
    bound, kls = elbo(vae, x, np.random.default_rng(1), n_samples=50), kl_per_latent(vae, x)
    return {"in use": (kls > 0.1).sum(), "active": active_units(vae, x).count, "KL": bound.kl.mean(),
            "ELBO": bound.elbo.mean(), "log p(x)": log_likelihood(vae, x, np.random.default_rng(2), 500).mean(),
            "each": np.sort(kls)[::-1]}


def train_each(ways, make, x, epochs, lr, transform=None):
    """{way: {measure: its values for all seeds, "reports": those of the training}}; prints means and ranges"""
    results = {}
    for way, choice in ways.items():
        vaes = [make(seed) for seed in SEEDS]
        reports = [learn(vae, data.train, epochs, seed, lr, label=f"{way}, seed {seed}", transform=transform,
                         **choice) for seed, vae in zip(SEEDS, vaes)]
        values = [measured(vae, x) for vae in vaes]
        results[way] = {name: np.array([value[name] for value in values]) for name in values[0]}
        results[way]["reports"] = reports
        print(f"  {way:<22}" + "".join(f"{results[way][name].mean():7.2f} [{results[way][name].min():6.2f},"
                                       f"{results[way][name].max():7.2f}]" for name in MEASURES))
    return results


def span(values):
    return f"{values.min()} to {values.max()}" if values.min() < values.max() else f"{values.min()}"


WAYS = {"plain": {}, "warm-up": {"beta": warm_up(HALF)}, "free bits": {"free_bits": FREE},
        "free bits, then none": {"free_bits": lambda epoch: FREE if epoch <= HALF else 0.0}}
HEADING = " " * 24 + "".join(f"{name:<24}" for name in MEASURES)
print(f"test images, nats: mean of {len(SEEDS)} seeds [lowest, highest]; log p(x) with K = 500\n{HEADING}")
deep = train_each(WAYS, deep_vae, black_and_white, EPOCHS, 2e-3, binarize)
plain, warm, free, free_first = deep.values()

# %% [markdown]
# `active` is the count of tutorial 8, by the variance of the posterior mean. It also counts latents that carry a
# hundredth of a nat, and here it differs a lot between seeds. So we rely on the KL.
#
# First, what happened in training? The KL and the ELBO of each epoch, on training images:

# %%
STYLES = {"plain": "k-", "warm-up": "k--", "free bits": "k:"}
drawn, (left, right) = figure(1, 2, size=(10.5, 4))
for way, style in STYLES.items():
    for seed, reports in enumerate(deep[way]["reports"]):
        epochs = [report.epoch for report in reports]
        label = way if seed == 0 else None
        left.plot(epochs, [report.kl for report in reports], style, linewidth=1.1, label=label)
        right.plot(epochs, [-report.reconstruction - report.kl for report in reports], style, linewidth=1.1,
                   label=label)
left.set_yscale("log")
left.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
left.set_ylabel("KL (nats per training image, log scale)")
left.set_title("KL: in plain training it falls before it rises")
left.legend(loc="upper right")
right.set_ylim(-31, -23.2)
right.set_ylabel("ELBO (nats per training image)")
right.set_title("ELBO: the warm-up is behind at first, then ahead")
right.legend(loc="lower right")
for axes in (left, right):
    axes.axvspan(1, HALF + 1, color="0.93", zorder=0)
    axes.set_xlabel("epoch (grey: warm-up, β below 1)")
save(drawn, "08b-training")

# %%
courses = np.array([[report.kl for report in reports] for reports in plain["reports"]])
claim(f"plain: the KL falls from {courses[:, 0].mean():.2f} nats in the first epoch to "
      f"{courses[:, :15].min(axis=1).mean():.2f}, and ends at {courses[:, -1].mean():.2f}; in each seed it loses "
      "more than a third, and then rises above where it was",
      (courses[:, :15].min(axis=1) < 0.66 * courses[:, 0]).all() and (courses[:, -1] > courses[:, 0]).all())
claim(f"plain: at the end {span(plain['in use'])} of {Z} latents are in use",
      plain["in use"].max() <= 7)
claim(f"warm-up: {span(warm['in use'])} are; more than plain in each seed",
      (warm["in use"] > plain["in use"]).all())
claim(f"and its ELBO is better: the worst of its seeds has {warm['ELBO'].min():.2f}, the best plain one "
      f"{plain['ELBO'].max():.2f}; so is log p(x), {warm['log p(x)'].min():.2f} against {plain['log p(x)'].max():.2f}",
      warm["ELBO"].min() > plain["ELBO"].max() and warm["log p(x)"].min() > plain["log p(x)"].max())

# %% [markdown]
# ![KL and ELBO while training](figures/08b-training.png)
#
# In plain training the KL falls, and then rises again as a few latents are discovered. With the warm-up it starts at
# about 50 nats, and falls as β rises. (These claims, and those below, held with seeds 3 to 8 as well.)
#
# What did each latent get?

# %%
drawn, axes = figure(size=(8, 3.8))
place = np.arange(1, Z + 1)
for way, marker in (("plain", "o"), ("warm-up", "s"), ("free bits", "^")):
    each = deep[way]["each"]
    middle, face = each.mean(axis=0), {"o": "black", "s": "0.6", "^": "white"}[marker]
    axes.errorbar(place, middle, (middle - each.min(axis=0), each.max(axis=0) - middle), fmt="k" + marker + "-",
                  markersize=5, linewidth=0.8, capsize=2, markerfacecolor=face, label=way)
axes.axhline(FREE, color="0.6", linestyle="--", linewidth=1)
axes.set_xticks([1, 5, 10, 15, 20])
axes.set_xlabel("latent, in order of its KL")
axes.set_ylabel("KL (nats per test image)")
axes.set_title(f"Free bits: each latent carries little more than F = {FREE} (bars: lowest and highest seed)")
axes.legend()
save(drawn, "08b-latents")

# %%
claim(f"free bits: all {Z} are in use in each seed, but each carries only {free['each'].min():.2f} to "
      f"{free['each'].max():.2f} nats, with F = {FREE}",
      (free["in use"] == Z).all() and 0.75 * FREE < free["each"].min() and free["each"].max() < 1.75 * FREE)
claim(f"the best of their seeds has the ELBO {free['ELBO'].max():.2f}, worse than the worst plain one, "
      f"{plain['ELBO'].min():.2f}", free["ELBO"].max() < plain["ELBO"].min())
lost, differ = (abs(free[name].mean() - plain[name].mean()) for name in ("ELBO", "log p(x)"))
below = [(way["log p(x)"] - way["ELBO"]).mean() for way in (plain, free)]
claim(f"on average the ELBO is {lost:.2f} nats lower, while log p(x) differs by {differ:.2f}: the ELBO lies "
      f"{below[1]:.2f} nats below log p(x), in plain training {below[0]:.2f}",
      lost > 2 * differ and below[1] > 2 * below[0])
claim(f"free bits in the first half only: ELBO {free_first['ELBO'].min():.2f} to {free_first['ELBO'].max():.2f}, "
      "still worse than plain", free_first["ELBO"].max() < plain["ELBO"].min())

# %% [markdown]
# ![KL of each latent](figures/08b-latents.png)
#
# Read this with care. With free bits no latent is idle, but that is what the loss asks for; it doesn't show that the
# model is better. Here each of the twenty latents carries little more than F, and none carries much. The ELBO is
# worse than in plain training, but log p(x) is not: on average over the seeds it is 0.15 nats higher. What got worse
# is q, which is further from the posterior p(z|x): log p(x) − ELBO, averaged over the images, is exactly the average
# of KL(q(z|x) ‖ p(z|x)).
#
# ## Is it just a slow start?
#
# If latents are only discovered late, longer training should do as well as a cure. Twice as many epochs:

# %%
LONG = 2 * EPOCHS
print(HEADING)
longer = train_each({f"plain, {LONG} epochs": {}, f"warm-up, {LONG} epochs": {"beta": warm_up(HALF)}},
                    deep_vae, black_and_white, LONG, 2e-3, binarize)
long_plain, long_warm = longer.values()
gain, ahead = long_plain["ELBO"].mean() - plain["ELBO"].mean(), warm["ELBO"].mean() - plain["ELBO"].mean()
rest = long_warm["ELBO"].mean() - long_plain["ELBO"].mean()
claim(f"training for twice as long gains the plain model {gain:.2f} nats of ELBO, more than the warm-up's {ahead:.2f}",
      gain > ahead)
claim(f"with twice the epochs for both, the warm-up is {rest:.2f} nats ahead, compared with {ahead:.2f} before",
      0 < rest < 0.8 * ahead)
claim(f"and it still has more latents in use: {span(long_warm['in use'])}, the plain model "
      f"{span(long_plain['in use'])}", long_warm["in use"].min() > long_plain["in use"].max())

# %% [markdown]
# So compare a cure with longer plain training, too. Here, with both trained for longer, the difference in the ELBO
# shrinks, but the difference in the number of latents stays.
#
# ## Where no code is worth its price
#
# In tutorial 8 we forced a collapse, by a Gaussian likelihood with σ² = 1: there, what a latent can tell the decoder
# about the image is worth less than its KL. What do the cures do to that model?

# %%
def noisy_vae(seed):
    return VAE(64, Z, (100,), likelihood=Gaussian(1.0), backend="numpy", seed=seed)


print(HEADING)
empty = train_each({way: WAYS[way] for way in ("plain", "warm-up", "free bits")}, noisy_vae, data.test, 40, 4e-3)

drawn, panels = figure(1, 2, size=(10.5, 4))
for axes, results, title in zip(panels, (deep, empty), ("Deep networks: the warm-up helps",
                                                      "σ² = 1: no cure finds a better ELBO")):
    for i, way in enumerate(results):
        for name, face, size in (("log p(x)", "black", 4), ("ELBO", "none", 9)):
            axes.plot(i + np.linspace(-0.15, 0.15, len(SEEDS)), results[way][name], "o", color="black",
                      markersize=size, markerfacecolor=face, label=name if i == 0 else None)
    axes.set_xticks(range(len(results)), [way.replace(", ", ",\n") for way in results])
    axes.set_xlim(-0.5, len(results) - 0.5)
    axes.set_title(title)
    axes.set_xlabel("training; each dot is a seed")
    axes.set_ylabel("nats per test image")
    axes.legend(loc="lower left")
save(drawn, "08b-elbo")

# %%
claim(f"plain and warm-up both end with no latent in use, and with the same ELBO, {empty['plain']['ELBO'].mean():.2f} "
      f"and {empty['warm-up']['ELBO'].mean():.2f}", empty["plain"]["in use"].max() == empty["warm-up"]["in use"].max()
      == 0 and abs(empty["plain"]["ELBO"].mean() - empty["warm-up"]["ELBO"].mean()) < 0.1)
price = empty["plain"]["ELBO"].mean() - empty["free bits"]["ELBO"].mean()
claim(f"free bits keep {empty['free bits']['in use'].min()} latents in use, and the ELBO is {price:.2f} nats lower",
      empty["free bits"]["in use"].min() == Z and price > 1)

# %% [markdown]
# ![ELBO and log p(x) of each training](figures/08b-elbo.png)
#
# ## What to use
#
# - First look at the other causes in tutorial 8. A σ² that is too large, or a mean over the pixels where the sum
#   belongs, should be corrected; that is not what the cures are for.
# - A **warm-up** keeps the objective: after it, the loss is −ELBO. It can help against a bad start, as it did here.
# - **Free bits** change the objective. They make all latents carry something, and here that lowered the ELBO, though
#   not log p(x) in the first model. Use them where the code matters more to you than the bound.
# - Judge by the ELBO and by log p(x) on test images, not by how many latents are in use. Where the two disagree, log
#   p(x) judges the model alone, and the ELBO the model together with its encoder. And give the plain model the same
#   number of epochs.
#
# These are two small models and small images. Elsewhere the cures may help more, less, or not at all: measure.
#
# ## What to try next
#
# - `python -m minivae train --latent 20 --hidden 100,100,100 --lr 2e-3 --warm-up 30 --epochs 60 --out runs/warm`, and
#   the same without `--warm-up`; then `evaluate` both.
# - Other F: 0.05, 0.5, 2. And free bits together with a warm-up: `free_bits=0.2, beta=warm_up(30)`.
# - Other networks: with one hidden layer, how many latents are in use after plain training?
# - Derive the gradient of the loss with free bits yourself, and compare with
#   [derivations.md](derivations.md#free-bits).
# - Next: [tutorial 9](09_gpu.py), the same code on a GPU.
