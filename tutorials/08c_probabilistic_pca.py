# %% [markdown]
# # 8c · A VAE whose log p(x) is known
#
# **What you'll do.** Set a VAE without hidden layers to its known optimum and compare every number with a formula;
# then train one, rotate its latents, and compute which of them collapse.
#
# **What you'll learn.** That a linear VAE is probabilistic PCA; how to test your own VAE with it; what a diagonal q
# costs where the posterior is not diagonal; and that the maximum of the likelihood can itself be a collapsed model.
#
# **What you'll need.** [Tutorial 8](08_how_good_is_it.py), and eigenvalues.
#
# **Time.** 20 minutes to read, 6 seconds to run: `python tutorials/08c_probabilistic_pca.py`.

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, DiagonalGaussian, FullGaussian, Gaussian
from minivae.datasets import digits
from minivae.evaluation import log_likelihood

options("Tutorial 8c: a VAE whose log p(x) is known.")
rng = np.random.default_rng(0)
data = digits()
D, VARIANCE = 64, 0.05

# %% [markdown]
# ## A linear VAE is probabilistic PCA
#
# Take away the hidden layers. With a linear decoder and a Gaussian likelihood, x = W z + b + σ ε. This model is
# probabilistic PCA (Tipping & Bishop 1999; [derived here](derivations.md#a-vae-whose-optimum-is-known)). Its best
# parameters (b is the mean of the data) and its log-likelihood follow from the eigenvalues λ₁ ≥ ... ≥ λ_D of the
# data's covariance and from its eigenvectors. With the first Z of them as the columns of U_Z, and λ₁, ..., λ_Z on the
# diagonal of Λ_Z:
#
#     W = U_Z (Λ_Z − σ² I)^½,  σ² = mean of the D − Z smallest λ           → next cell
#     log p = −½ [D log 2π + Σ_{i≤Z} log λᵢ + (D − Z) log σ² + D]        → next cell
#
# The posterior is a Gaussian. A *linear* encoder with a constant covariance can express it exactly, and with the W
# above M is diagonal, so a diagonal q is enough:
#
#     p(z|x) = N(M⁻¹ Wᵀ (x − b), σ² M⁻¹),  M = Wᵀ W + σ² I               → next cell
#
# So we set a VAE to this optimum and compare. Averaged over the noise, its ELBO must equal log p(x), and its gradient
# must be zero. (`exact_elbo` computes this average without random draws: the loss is quadratic in ε, so a few points
# with the right mean and covariance are enough.) And the importance-sampled log p(x) must be exact with a single
# draw.
#
# You can test your own VAE in this way. The test reveals a wrong factor in one of the terms. It can't reveal two
# kinds of mistake: a wrong factor in front of the whole gradient, since the gradient here is zero, and a mistake in
# an activation, since there is none. A gradient check finds these.

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
    claim(f"Z = {Z:2}: ELBO {value:.6f} = log p {log_p:.6f} = {once:.6f} nats from one draw; gradient {slope:.0e}",
          abs(log_p - known) < 1e-6 and abs(value - log_p) < 1e-9 and abs(once - log_p) < 1e-9 and slope < 1e-8)

# %% [markdown]
# ## Training, and the price of a diagonal q
#
# Does training find this optimum? And what does a diagonal q cost where the posterior is not diagonal? Replace W by W
# R with a rotation R. The distribution p(x) stays the same, but in general M is no longer diagonal. With the best
# diagonal q, the ELBO is then below log p(x), by the same amount for every x:
#
#     log p(x) − ELBO = ½ (Σ log M_ii − log |M|)                         → next cell
#
# No training of the encoder can change that; training the decoder can, since the ELBO is highest where M is diagonal.
# So the ELBO prefers some orientations of the latents, although log p(x) is the same for all (Lucas et al. 2019).

# %%
learner = VAE(D, 2, (), Gaussian("shared"), dtype="float64", backend="numpy", seed=1)
learn(learner, everything, 50, lr=2e-2, seed=0, batch_size=100, label="linear VAE")
reached = exact_elbo(learner)
claim(f"trained from random weights: ELBO {reached:.4f} nats; the maximum is {KNOWN[2]:.4f}",
      -0.2 < reached - KNOWN[2] < 1e-6)
for Z in (2, 5, 10):
    W, variance, log_p = ppca(Z)
    R = np.linalg.qr(np.random.default_rng(Z).standard_normal((Z, Z)))[0]
    by_diagonal, M = linear_vae(W @ R, variance, DiagonalGaussian())
    by_full, _ = linear_vae(W @ R, variance, FullGaussian())
    loss, no_loss = log_p - exact_elbo(by_diagonal), abs(log_p - exact_elbo(by_full))
    price = 0.5 * (np.log(np.diag(M)).sum() - np.linalg.slogdet(M)[1])
    claim(f"Z = {Z:2}, rotated: a diagonal q loses {loss:.6f} nats, formula {price:.6f}; a full q {no_loss:.0e}",
          price > 0 and abs(loss - price) < 1e-9 and no_loss < 1e-9)

# %% [markdown]
# ## Collapse, computed exactly
#
# Now fix σ² instead of learning it. At the optimum, latent i is used if and only if the variance of the data in its
# direction, λᵢ, exceeds the noise. Its KL, averaged over the data, is
#
#     KLᵢ = ½ log(λᵢ/σ²) if λᵢ > σ², else 0                              → next cell
#
# So this collapse is neither an accident of training nor an effect of the KL term: it is part of the linear model
# with the highest likelihood.

# %%
def kl_per_latent(vae, x):
    """(Z,): the mean over x of each latent's KL; a diagonal q of one latent has h = [μᵢ, log σᵢ²]"""
    h, Z = vae.posterior_parameters(x), vae.latent_dim
    return np.array([vae.posterior.kl(h[:, [i, Z + i]]).mean() for i in range(Z)])


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

drawn, axes = figure(size=(7.5, 3.8))
place = np.arange(1, 21)
axes.bar(place, linear_kl, color="0.6", edgecolor="black", label="linear VAE at its optimum")
axes.plot(place, theory, "ko", markersize=4, clip_on=False, zorder=3, label="½ log(λᵢ/σ²), or 0 where λᵢ < σ²")
axes.set_title(f"Linear VAE: latent i is used where λᵢ > σ² = {VARIANCE}, {in_use} of 20")
axes.set_xlabel("latent, in order of λᵢ")
axes.set_ylabel("KL (nats per image)")
axes.set_xticks([1, 5, 10, 15, 20])
axes.legend()
save(drawn, "08c-linear")

# %% [markdown]
# ![KL per latent of the linear VAE](figures/08c-linear.png)
#
# ## What to try next
#
# - Set your own VAE to this optimum. If its ELBO, averaged over the noise, differs from the formula, it has a bug.
# - Which σ² would leave only two latents in use? Compute it from the eigenvalues, then check.
# - Back to [tutorial 8](08_how_good_is_it.py), or on to [tutorial 9](09_gpu.py).
