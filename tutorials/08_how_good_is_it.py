# %% [markdown]
# # 8 · How good is it?
#
# **What you'll do.** Measure log p(x) itself, take the ELBO's gap apart, watch latents fall idle, and hold a
# linear VAE against a model whose every number is known.
#
# **What you'll learn.** What the ELBO leaves unsaid about a model; what importance sampling says instead, and at
# what price; how to tell a lazy encoder from a q of the wrong family; and what KL = 0 means.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py); of [tutorial 7](07_decoders.py) the part on
# σ².
#
# **Time.** 30 minutes to read, 16 seconds to run: `python tutorials/08_how_good_is_it.py`.

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, DiagonalGaussian, FullGaussian, Gaussian
from minivae.datasets import digits
from minivae.evaluation import active_units, amortization_gap, elbo, log_likelihood
from minivae.inference import FixedDecoder

options("Tutorial 8: how good is it?")
data = digits()
D, VARIANCE, EPOCHS = 64, 0.05, 35

# %% [markdown]
# All models here describe the same grey images by the same kind of likelihood, a Gaussian; in most its σ² is fixed
# at 0.05. So all numbers are log-densities in nats per image, and compare. They differ in the number of latents:

# %%
def gaussian_vae(Z, variance=VARIANCE, posterior=None):
    return VAE(D, Z, (100,), likelihood=Gaussian(variance), posterior=posterior, backend="numpy", seed=0)


vaes = {}
for Z in (1, 2, 5, 10, 20):
    vaes[Z] = gaussian_vae(Z)
    learn(vaes[Z], data.train, EPOCHS, seed=0, label=f"VAE, {Z} latents")

# %% [markdown]
# ## log p(x), by importance sampling
#
# The ELBO is less than log p(x), by an unknown amount. To estimate p(x) = ∫ p(x|z) p(z) dz itself, draw z not from
# the prior, where hardly any z explains x, but from q(z|x), and weight each draw for having been drawn too often:
#
#     log p(x) ≈ log 1/K Σₖ wₖ,  w = p(x|z) p(z)/q(z|x)                  → evaluation.log_likelihood
#
# The expected value of this logarithm is itself a lower bound, by Jensen's inequality. With K = 1 it is the ELBO.
# It never falls with K, and its limit is log p(x) (Burda, Grosse & Salakhutdinov 2016, theorem 1, for bounded w;
# [derived here](derivations.md#importance-sampling-is-a-lower-bound)):
#
#     ELBO = bound₁ ≤ bound₂ ≤ ... ≤ log p(x)                            → next cell
#
# Is it so? With one latent the integral can be done by brute force: `FixedDecoder` sums p(x, z) over 20,001
# points.

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
              label=f"test image {i + 1}: log p(x) = {exact[i]:.2f}")
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
claim("it rises with K, as far as the noise lets us see",
      mean_bound[1] < mean_bound[5] < mean_bound[30] < exact.mean() + 0.02)
claim(f"and with K = 1000 is {abs(exact.mean() - mean_bound[1000]):.4f} nats from the exact log p(x)",
      abs(exact.mean() - mean_bound[1000]) < 0.05)

# %% [markdown]
# ![the bound against K](figures/08-importance.png)
#
# With more latents nobody can integrate, and this is how test log-likelihoods are reported, with K = 1000 to 5000.
# Two cautions. Its *average* is a lower bound at every K; one estimate may lie above, and the curve's dents are
# noise. How far below it is depends on q: a bad encoder makes a good decoder look bad. And where q misses one of
# the posterior's modes, or is so narrow (σ² at most half of the posterior's) that the weights have no finite
# variance, no K that you can pay for finds the rest.
#
# ## What the ELBO misses: two gaps
#
#     log p(x) − ELBO = [log p(x) − ELBO(q*)] + [ELBO(q*) − ELBO(q)]     → evaluation.amortization_gap
#
# q is what the encoder gives, q* the best of the same family for this one x. The second bracket is the
# *amortization gap*: one network serves all images, and none perfectly. The first is the *approximation gap*,
# KL(q* ‖ p(z|x)): under a nonlinear decoder no diagonal Gaussian is the posterior (Cremer, Li & Duvenaud 2018).
# `amortization_gap` turns q by gradient, each image by itself, the decoder fixed
# ([its gradient](derivations.md#fitting-q-to-one-image)).
#
# If the family is at fault, a richer one must help. `FullGaussian` has correlations. To compare the families and
# nothing else, we give one the trained decoder *and* the trained encoder: the full q has the
# covariance C Cᵀ, with C lower triangular (its Cholesky factor). A diagonal q is one with C_ii = σ_i, zeros below.

# %%
def with_full_posterior(vae):
    """The same model and the same q, as a member of the larger family, which can do better"""
    Z, full = vae.latent_dim, VAE(D, vae.latent_dim, (100,), vae.likelihood, FullGaussian(), backend="numpy")
    for name in vae.parameters.names():
        if name.startswith("encoder.1"):                # the last layer emits h: [μ, log C_ii, below the diagonal]
            full.parameters[name][...] = 0
            full.parameters[name][..., :Z] = vae.parameters[name][..., :Z]
            full.parameters[name][..., Z:2 * Z] = 0.5 * vae.parameters[name][..., Z:]       # log σ = ½ log σ²
        else:
            full.parameters[name][...] = vae.parameters[name]
    return full


few = data.test[:40]


def gaps_of(vae):
    """With the same noise for all, so that the same q and the same decoder give the same numbers"""
    return amortization_gap(vae, few, np.random.default_rng(1), steps=200, lr=0.05, final_samples=300)


gaps = {"diagonal q": gaps_of(vaes[10]), "full q, the same\ndecoder": gaps_of(with_full_posterior(vaes[10]))}

# %% [markdown]
# ## Training on a tighter bound
#
# If the average over K draws is a tighter bound, why not train on it? That is the importance-weighted autoencoder:
#
#     loss = −1/N Σₙ log 1/L Σₗ wₗ                                       → monte_carlo.iwae_bound
#
# by `loss_and_grad(..., kl="monte-carlo", bound="iwae")`. In the gradient
# ([derived](derivations.md#the-importance-weighted-bound)) one thing changes: each draw counts not 1/L but its
# share of the weights, w/Σw. We train one with L = 5, and for comparison a VAE on the ELBO, with L = 5 too. (Each as
# is usual: the ELBO with the KL in closed form, which is less noisy; for IWAE there is no such form.)

# %%
trained = {}
for name, choice in (("ELBO", {}), ("IWAE", {"kl": "monte-carlo", "bound": "iwae"})):
    trained[name] = gaussian_vae(10)
    learn(trained[name], data.train, EPOCHS, seed=0, n_samples=5, label=f"{name}, L = 5", **choice)
figures = {}
for name, vae in trained.items():
    figures[name] = (elbo(vae, data.test, rng, 20).elbo.mean(), log_likelihood(vae, data.test, rng, 200).mean())
    print(f"  trained on the {name}: test ELBO {figures[name][0]:6.2f}, log p(x) {figures[name][1]:6.2f} nats")
gaps["diagonal q,\ntrained by IWAE"] = gaps_of(trained["IWAE"])
slack = {name: log_px - bound for name, (bound, log_px) in figures.items()}
claim(f"IWAE's log p(x) is better, {figures['IWAE'][1]:.2f} against {figures['ELBO'][1]:.2f}",
      figures["IWAE"][1] > figures["ELBO"][1])
claim(f"its ELBO is not, {figures['IWAE'][0]:.2f} against {figures['ELBO'][0]:.2f}",
      figures["IWAE"][0] < figures["ELBO"][0])
claim(f"and lies further below log p(x): {slack['IWAE']:.2f} against {slack['ELBO']:.2f} nats",
      slack["IWAE"] > 1.15 * slack["ELBO"])

# %% [markdown]
# Why further? The ELBO asks that log w be high *on average*: a q that strays where p(z|x) is small pays dearly.
# IWAE forgives bad draws if one of five is good. So its encoder doesn't look for the q of least KL, but for one
# wide enough to be hit: a better model, a worse q. That counts as amortization gap, as a q of the same family, made
# to measure, would do better by the ELBO. And the decoder, which the ELBO bends until posteriors fit q, is freer to
# have posteriors that no diagonal Gaussian fits: that is the smaller part. Here is where the nats are.

# %%
drawn, axes = figure(size=(8.5, 4.4))
for i, gap in enumerate(gaps.values()):
    encoder, best, log_px = (float(v.mean()) for v in gap)
    for bottom, height, shade, hatch, label in ((0, encoder, "0.85", "", "ELBO of the encoder's q"),
                                                (encoder, best - encoder, "0.55", "//", "amortization gap"),
                                                (best, log_px - best, "0.15", "", "approximation gap")):
        axes.bar(i, height, 0.4, bottom, color=shade, hatch=hatch, edgecolor="black",
                 label=label if i == 0 else None)
    axes.text(i + 0.22, encoder, f"ELBO {encoder:.2f}", va="top")
    axes.text(i + 0.22, (encoder + best) / 2, f"{best - encoder:.2f}", va="center")
    axes.text(i + 0.22, (best + log_px) / 2, f"{log_px - best:.2f}", va="center")
    axes.text(i, log_px + 0.05, f"log p(x) {log_px:.2f}", ha="center", va="bottom")
axes.set_xticks(range(len(gaps)), gaps)
axes.set_xlim(-0.4, 2.7)
axes.set_ylim(min(float(g.encoder_elbo.mean()) for g in gaps.values()) - 1.2,
              max(float(g.log_px.mean()) for g in gaps.values()) + 1)
axes.set_ylabel("nats per test image (axis cut off)")
axes.set_xlabel("posterior family, training")
axes.set_title("ELBO + amortization gap + approximation gap = log p(x)")
axes.legend(loc="upper left", ncols=3, fontsize=9)
save(drawn, "08-gaps")

# %%
diagonal, full, _ = gaps.values()
claim(f"the two start from the same q and have the same log p(x): ELBO {diagonal.encoder_elbo.mean():.3f} and "
      f"{full.encoder_elbo.mean():.3f}, log p(x) {diagonal.log_px.mean():.3f} and {full.log_px.mean():.3f}",
      np.allclose(diagonal.encoder_elbo, full.encoder_elbo, atol=1e-2)
      and np.allclose(diagonal.log_px, full.log_px, atol=1e-2))
claim("every bracket is positive on average: encoder < best q < log p(x)",
      all(g.encoder_elbo.mean() < g.optimized_elbo.mean() < g.log_px.mean() for g in gaps.values()))
narrowed = [float((g.log_px - g.optimized_elbo).mean()) for g in (diagonal, full)]
claim(f"for the same decoder, a full covariance cuts the approximation gap from {narrowed[0]:.3f} to "
      f"{narrowed[1]:.3f} nats", narrowed[1] < 0.7 * narrowed[0])
lazy = float((diagonal.optimized_elbo - diagonal.encoder_elbo).mean())
claim(f"and with a diagonal q the amortization gap is the larger part: {lazy:.3f} nats", lazy > 1.2 * narrowed[0])

# %% [markdown]
# ![ELBO, gaps and log p(x)](figures/08-gaps.png)
#
# (In the middle bar the encoder still emits diagonal q's. So all that the larger family can gain counts as
# amortization gap: an encoder trained for it might close that too.) The larger part is the encoder's fault here,
# not the family's, and on *test* images at that: it has seen 1,498 others.
#
# ## Is the ELBO enough to compare models?
#
# To find bugs and to choose a learning rate, yes. To say which model is better, no: a difference of ELBOs mixes a
# difference of decoders with one of encoders. Above, one decoder got three ELBOs (by the encoder, by the best
# diagonal q, by the best full q) with the same log p(x). And of two trainings, IWAE's is the better model, which
# its ELBO would not have told you. Report both, with K, on test data, with a standard error: over images it is
# often larger than the difference. For that, compare the *same* images pairwise.

# %%
a, b = (log_likelihood(vae, data.test, rng, 100) for vae in trained.values())
apart = math.hypot(*(float(v.std()) / len(v) ** 0.5 for v in (a, b)))
pairs = float((b - a).std()) / len(a) ** 0.5
claim(f"IWAE − ELBO in log p(x): {(b - a).mean():.2f}, standard error {apart:.2f} as if of two samples of images, "
      f"{pairs:.2f} in pairs", pairs < 0.5 * apart)

# %% [markdown]
# And neither number says whether samples look good, or whether a code is of use for anything.
#
# ## Which latents are in use?
#
# Since q and the prior factorize, the KL is a sum: each latent has its own. Where it is 0, q(zᵢ|x) is the prior for
# every x: zᵢ is noise, and a trained decoder has learned to ignore it. That is *posterior collapse*. `active_units` counts
# latents by a related measure, the variance of the posterior mean over the images:
#
#     zᵢ is active if Var_x(E_q[zᵢ]) > 0.01                              → evaluation.active_units
#
# We also force a collapse: the same VAE with σ² = 1. A pixel between 0 and 1 is then so noisy that no code is
# worth its price.

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
claim(f"the busiest of 20 latents carries {kl[0]:.2f} nats, the idlest {kl[-1]:.2f}", kl[-1] < 0.2 * kl[0])

# %% [markdown]
# The threshold is a convention: a latent with 0.03 nats still counts as active, if its mean moves by a tenth. Look
# at the whole list (figure below) rather than at the count.
#
# ## Is KL = 0 good?
#
# It sounds as if it might be: it is a loss term, and it is at its minimum. But it is KL(q(z|x) ‖ *p(z)*), and 0
# says that the code knows nothing of x. (The one that should vanish is KL(q(z|x) ‖ p(z|x)).) What does the decoder
# do then? It has nothing to go by, and gives the same for every z: the mean of the training images.

# %%
z = rng.standard_normal((200, 20), dtype="float32")
decoded = collapsed.decode(z)
across, off = decoded.std(axis=0).mean(), np.abs(decoded.mean(axis=0) - data.train.mean(axis=0)).mean()
differ = float(data.train.std(axis=0).mean())
claim(f"collapsed, 200 random z decode to images that differ by {across:.2f} (data by {differ:.2f}), on average "
      f"the mean image, within {off:.3f}", across < 0.5 * differ and off < 0.05)
blind = Gaussian(1.0).log_prob(data.test, np.broadcast_to(data.train.mean(axis=0), data.test.shape)).mean()
tight = elbo(collapsed, data.test, rng, 20).elbo.mean()
at_best = log_likelihood(collapsed, data.test, rng, 200).mean()
claim(f"its ELBO, {tight:.2f}, is log p(x), {at_best:.2f}, and that of one fixed grey image, {blind:.2f}",
      abs(tight - at_best) < 0.1 and abs(tight - blind) < 0.2)

# %% [markdown]
# Note the irony: the bound is tight, no gap at all, and the model worthless as an autoencoder. A tight ELBO is no
# virtue. Causes of a collapse, in the order in which to look:
#
# - a σ² too large for the data (here), or, which is the same, an error averaged over the pixels instead of summed
#   ([tutorial 5](05_variational_autoencoder.py), "Sum or mean?");
# - a KL weight β > 1;
# - more latents than the data can pay for (then the rest *should* collapse);
# - a decoder so strong that it needs no z;
# - the start of training: the decoder still ignores z, so the KL closes the latents before they are of use.
#
# Against the last helps a *warm-up*, β rising from 0 to 1 (Bowman et al. 2016, Sønderby et al. 2016); against the
# last two *free bits*, no charge for the KL below a minimum (Kingma et al. 2016). A warm-up leaves the optimum
# where it is: where an empty code is the optimum, as here, the code will still end up empty.
#
# ## A case where all is known
#
# Take away the hidden layers. A linear decoder with a Gaussian likelihood, x = W z + b + σ ε, is probabilistic PCA
# (Tipping & Bishop 1999; [derived here](derivations.md#a-vae-whose-optimum-is-known)). Its best parameters and its
# log-likelihood follow from the eigenvalues λ₁ ≥ ... ≥ λ_D of the data's covariance, with U the eigenvectors:
#
#     W = U (Λ_Z − σ² I)^½,  σ² = mean of the D − Z smallest λ           → next cell
#     log p = −½ [D log 2π + Σ_{i≤Z} log λᵢ + (D − Z) log σ² + D]        → next cell
#
# and the posterior is a Gaussian that a *linear* encoder with a constant covariance expresses exactly:
#
#     p(z|x) = N(M⁻¹ Wᵀ (x − b), σ² M⁻¹),  M = Wᵀ W + σ² I               → next cell
#
# So set a VAE to that optimum, and every part of the library must agree with the formula: averaged over the noise
# (`exact_elbo` does it on paper), ELBO = log p(x) and the gradient vanishes; and an importance-sampled log p(x) is
# exact with a single draw. A wrong factor in one of the terms shows, in your own VAE too. One that is common to the
# whole gradient does not, since 0 stays 0, nor one in an activation, as there is none: for these there is the
# gradient check.

# %%
everything = np.concatenate([data.train, data.test]).astype("float64")             # all 1,797
mean = everything.mean(axis=0)
eigenvalues, U = np.linalg.eigh((everything - mean).T @ (everything - mean) / len(everything))
eigenvalues, U = eigenvalues[::-1], U[:, ::-1]


def ppca(Z):
    """-> W (D, Z), σ², log-likelihood in nats per example"""
    variance, top = eigenvalues[Z:].mean(), eigenvalues[:Z]
    log_p = -0.5 * (D * math.log(2 * math.pi) + np.log(top).sum() + (D - Z) * math.log(variance) + D)
    return U[:, :Z] * np.sqrt(top - variance), variance, log_p


def linear_vae(W, variance, posterior, likelihood=None):
    """A VAE without hidden layers, its decoder W, its encoder the best there is for it"""
    Z = W.shape[1]
    vae = VAE(D, Z, (), likelihood or Gaussian("shared"), posterior, dtype="float64", backend="numpy")
    M = W.T @ W + variance * np.eye(Z)
    to_mean = W @ np.linalg.inv(M)
    bias = np.zeros(vae.posterior.n_outputs(Z))
    bias[:Z] = -mean @ to_mean
    if isinstance(posterior, FullGaussian):
        C = np.linalg.cholesky(variance * np.linalg.inv(M))
        bias[Z:2 * Z], bias[2 * Z:] = np.log(np.diag(C)), C[np.tril_indices(Z, -1)]
    else:
        bias[Z:] = np.log(variance / np.diag(M))        # the best diagonal q: 1/(Σ⁻¹)ᵢᵢ, not Σᵢᵢ
    vae.parameters.flat[...] = 0
    vae.parameters["encoder.0.W"][:, :Z], vae.parameters["encoder.0.b"][...] = to_mean, bias
    vae.parameters["decoder.0.W"][...], vae.parameters["decoder.0.b"][...] = W.T, mean
    if "likelihood.s" in vae.parameters.names():
        vae.parameters["likelihood.s"][...] = math.log(variance - vae.likelihood.floor)
    return vae, M


def exact_elbo(vae):
    """No noise: ±√Z eᵢ for ε have mean 0 and covariance I, and here log p(x|z) is quadratic in ε"""
    Z = vae.latent_dim
    points = math.sqrt(Z) * np.concatenate([np.eye(Z), -np.eye(Z)])
    return -float(vae.loss_and_grad(everything, np.repeat(points[:, None], len(everything), axis=1)).loss)


KNOWN = {2: 0.005707, 5: 8.907637, 10: 17.451947, 20: 27.277300}
for Z, known in KNOWN.items():
    W, variance, log_p = ppca(Z)
    vae, _ = linear_vae(W, variance, DiagonalGaussian())
    value, slope = exact_elbo(vae), np.abs(vae.gradients.flat).max()
    once = log_likelihood(vae, everything, rng, n_samples=1).mean()
    claim(f"Z = {Z:2}: ELBO {value:.6f} = log p {log_p:.6f} = one draw's {once:.6f} nats; gradient {slope:.0e}",
          abs(log_p - known) < 1e-6 and abs(value - log_p) < 1e-9 and abs(once - log_p) < 1e-9 and slope < 1e-8)

# %% [markdown]
# Does training find it? And what does a diagonal q cost where the posterior is not diagonal? Turn the latents, W →
# W R with a rotation R: the model is the same, its log p(x) too, but M is not diagonal any more. A diagonal q then
# loses
#
#     log p(x) − ELBO = ½ (Σ log M_ii − log |M|)                         → next cell
#
# for every x, and no training of the encoder gets it back. Training the decoder does: the ELBO is highest where M
# is diagonal. So the ELBO picks an orientation that log p(x) doesn't care for (Lucas et al. 2019).

# %%
learner = VAE(D, 2, (), Gaussian("shared"), dtype="float64", backend="numpy", seed=1)
learn(learner, everything, 50, lr=2e-2, seed=0, batch_size=100, label="linear VAE")
reached = exact_elbo(learner)
claim(f"trained from random weights: ELBO {reached:.4f}, of at most {KNOWN[2]:.4f} nats",
      -0.2 < reached - KNOWN[2] < 1e-6)
for Z in (2, 5, 10):
    W, variance, log_p = ppca(Z)
    R = np.linalg.qr(np.random.default_rng(Z).standard_normal((Z, Z)))[0]
    by_diagonal, M = linear_vae(W @ R, variance, DiagonalGaussian())
    by_full, _ = linear_vae(W @ R, variance, FullGaussian())
    loss, no_loss = log_p - exact_elbo(by_diagonal), abs(log_p - exact_elbo(by_full))
    price = 0.5 * (np.log(np.diag(M)).sum() - np.linalg.slogdet(M)[1])
    claim(f"Z = {Z:2}, turned: a diagonal q loses {loss:.6f} nats, formula {price:.6f}; a full q {no_loss:.0e}",
          price > 0 and abs(loss - price) < 1e-9 and no_loss < 1e-9)

# %% [markdown]
# **Collapse, exactly.** Fix σ² instead. Then a direction is worth a latent if and only if its variance exceeds the
# noise: at the optimum, latent i has
#
#     KLᵢ = ½ log(λᵢ/σ²) if λᵢ > σ², else 0                              → next cell
#
# on average over the data. No accident of training, no fault of the KL term: *this* collapse is maximum
# likelihood.

# %%
def with_columns(stretch):
    """The linear VAE of 20 latents with σ² = 0.05 and columns stretch_i u_i for W"""
    return linear_vae(U[:, :20] * stretch, VARIANCE, DiagonalGaussian(), Gaussian(VARIANCE))[0]


optimum = np.sqrt(np.maximum(eigenvalues[:20] - VARIANCE, 0))
linear = with_columns(optimum)
top, theory = exact_elbo(linear), 0.5 * np.log(np.maximum(eigenvalues[:20] / VARIANCE, 1))
linear_kl, in_use = kl_per_latent(linear, everything), int((eigenvalues[:20] > VARIANCE).sum())
claim(f"with σ² = {VARIANCE}, {in_use} of 20 latents are in use, and each KL is ½ log(λ/σ²) to 1e-9",
      np.abs(linear_kl - theory).max() < 1e-9 and np.abs(linear.gradients.flat).max() < 1e-8)
for i, stretch in ((in_use, 0.05), (in_use - 1, 0.0)):
    moved = optimum.copy()
    moved[i] = stretch
    claim(f"latent {i + 1}, λ = {eigenvalues[i]:.4f}: {'using' if stretch else 'not using'} it costs "
          f"{top - exact_elbo(with_columns(moved)):.1e} nats", 1e-7 < top - exact_elbo(with_columns(moved)))
claim(f"and with σ² = 1 none would be: the largest λ is {eigenvalues[0]:.2f}", eigenvalues[0] < 1)

drawn, (left, right) = figure(1, 2, size=(10.5, 4))
place = np.arange(1, 21)
left.bar(place, kl, color="0.6", edgecolor="black", label="σ² = 0.05")
left.plot(place, np.sort(kl_per_latent(collapsed, data.test))[::-1], "kx", label="σ² = 1: collapsed")
left.set_title("Nonlinear VAE: the last latents do little")
right.bar(place, linear_kl, color="0.6", edgecolor="black", label="linear VAE at its optimum")
right.plot(place, 0.5 * np.log(eigenvalues[:20] / VARIANCE), "ko", markersize=4, label="½ log(λ/σ²)")
right.axhline(0, color="black", linewidth=1)
right.set_title(f"Linear VAE: latent i is used where λᵢ > σ², {in_use} of 20")
for axes in (left, right):
    axes.set_xlabel("latent, in order of its KL")
    axes.set_ylabel("KL (nats per image)")
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.legend()
save(drawn, "08-collapse")

# %% [markdown]
# ![KL per latent](figures/08-collapse.png)
#
# ## How many latents?
#
# Try. Here are the five VAEs on test images, and beside each the linear one with the same σ² = 0.05, fitted to the
# training images (its log p(x) is that of a Gaussian, N(mean, W Wᵀ + σ² I)).

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
axes.set_title(f"5, 10 or 20 latents make a difference of {apart:.1f} nats, more epochs one of {gained:.1f}")
axes.legend()
axes.grid(alpha=0.3)
save(drawn, "08-latents")

# %%
claim(f"from 1 to 5 latents log p(x) rises by {table[5][1] - table[1][1]:.1f} nats, from 10 to 20 by "
      f"{table[20][1] - table[10][1]:.1f}", table[5][1] - table[1][1] > 8 and table[20][1] - table[10][1] < 2)
claim(f"training longer gains {gained:.1f} nats with 5 latents; 5, 10 or 20 makes a difference of {apart:.1f}",
      gained > max(2, 2 * apart))
bend = {Z: row[1] - row[2] for Z, row in table.items()}
most = max(bend, key=bend.get)
claim(f"a bent decoder is worth most at Z = {most}, {bend[most]:.1f} nats; at 20 it is {bend[20]:+.1f}",
      most in (2, 5) and bend[most] > max(bend[1], bend[10], bend[20]) + 1)

# %% [markdown]
# ![log p(x) against the number of latents](figures/08-latents.png)
#
# Too few is a hard limit. Too many costs little: the surplus is left idle, at the price of some noise while
# training. So take more than you think you need, look at the KLs, and take two if what you want is a picture. How
# many are "needed" depends on σ²: with a smaller one more directions rise above the noise.
#
# And look at the star: from 5 latents on, more epochs are worth more than any choice of Z. (Trained as long, 10
# and 20 latents end about where 5 do. Try it.)
#
# The linear model keeps us honest. Its optimum is known, and on training images it gains with every latent
# until all with λᵢ > σ² are there. Where it passes a nonlinear VAE with as many latents, that VAE lacks training,
# or data: it contains nearly all that a linear one can do.
#
# ## How many samples L?
#
# Three different numbers go by that name.
#
# **L in training on the ELBO**: draws per image for the gradient. It changes only the gradient's variance, and the
# decoder's share of the cost is proportional to it. The variance has two parts, the choice of the batch and the
# draws of z, and only the second falls as 1/L.

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
claim(f"the draws' part falls as 1/L: {falls[0]:.1f} times from 1 to 4, {falls[1]:.1f} times from 4 to 16",
      2.8 < min(falls) <= max(falls) < 5.6)
claim(f"sixteen times the draws cut the whole variance by {in_all[1] / in_all[16]:.1f}, not by 16",
      1 < in_all[1] / in_all[16] < 8)

# %% [markdown]
# So L = 1 with batches of 100 is the usual choice (Kingma & Welling 2014, §2.3): a batch averages over 100 draws
# already, and more *images* for the same work lower both parts.
#
# **L in training on the IWAE bound** changes the objective: each L is another bound, with another optimum. More is
# tighter, and not always better for the encoder.
#
# **K in evaluation** is for exactness: raise it until the estimate stops rising. With 1 latent 100 was plenty;
# with 50, papers take 5000.
#
# ## What to try next
#
# - Exercise 12, *A q(z|x) with correlations*, and exercise 15, *The importance-weighted bound*: their gradients,
#   by you.
# - Exercise 19, *Find the bug: two networks, trained one after the other*, and exercise 21, *Find the bug: all
#   shapes fit*: VAEs whose ELBO looks well enough.
# - `python -m minivae evaluate runs/digits --samples 1000 --gap 50` prints the ELBO, log p(x), the active units
#   and both gaps of a run of yours.
# - Put your own VAE into the linear case. If its ELBO at the optimum, averaged over the noise, isn't the
#   formula's, it has a bug.
# - Next: [tutorial 9](09_gpu.py), the same on a GPU.
