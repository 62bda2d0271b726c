# %% [markdown]
# # 6 · Two ways to read the loss
#
# **What you'll do.** Take the loss of the VAE apart twice: into the squared error of an autoencoder and a price
# on its codes; and into log p(x) and the error of the encoder. Turn the weight of the KL from nothing to a
# hundred; train one half of the model at a time.
#
# **What you'll learn.** When a VAE *is* an autoencoder, exactly; what each term pulls on; what β means and why
# 1 is special; that training is variational EM, with inference and learning done at once.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py).
#
# **Time.** 30 minutes to read, 20 seconds to run: `python tutorials/06_two_readings.py`.

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, Adam, Autoencoder, Gaussian
from minivae.datasets import digits
from minivae.evaluation import elbo, log_likelihood
from minivae.layers import mlp, mlp_backward
from minivae.plots import tile
from minivae.posteriors import prior_log_prob
from minivae.training import InTurn, train

options("Tutorial 6: two ways to read the loss.")
data = digits()
D = data.train.shape[1]
rng = np.random.default_rng(0)


def relative(a, b):
    """‖a − b‖/‖b‖"""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


# %% [markdown]
# # First reading: a regularized autoencoder
#
#     loss = −E_q[log p(x|z)] + KL(q(z|x) ‖ p(z))                       → vae.elbo_and_grad
#            error of the copy  + price of the code
#
# ## The first term is the squared error
#
# Let the pixels be Gaussian around the decoder's output with unit variance, Σ = I:
#
#     −log N(x; m, I) = ½ ‖x − m‖² + D/2 log 2π                         → likelihoods.Gaussian.log_prob
#
# Take the noise away (ε = 0, so z = μ) and the KL (β = 0), and what is left is the loss of the plain
# autoencoder, halved, and a constant. Not nearly, but exactly, gradient and all. We give an autoencoder the
# weights of a VAE and compare; of the encoder's last layer it gets the half that makes μ.

# %%
Z = 3
vae = VAE(D, Z, (20,), likelihood=Gaussian(1.0), dtype="float64", backend="numpy")
plain = Autoencoder(D, Z, (20,), dtype="float64", backend="numpy")
for name in plain.parameters.names():
    weights = vae.parameters[name]
    plain.parameters[name][...] = weights[..., :Z] if name.startswith("encoder.1") else weights
x = data.train[:50].astype("float64")
ours, theirs = vae.loss_and_grad(x, np.zeros((50, Z)), beta=0.0), plain.loss_and_grad(x)
constant = 0.5 * D * math.log(2 * math.pi)
claim(f"loss: {ours.loss:.6f} = ½ · {theirs.loss:.6f} + {constant:.6f}",
      abs(ours.loss - 0.5 * theirs.loss - constant) < 1e-10)
for name in plain.gradients.names():
    mine = vae.gradients[name]
    mine = mine[..., :Z] if name.startswith("encoder.1") else mine
    claim(f"gradient of {name}: the autoencoder's, halved (off by {relative(mine, 0.5 * plain.gradients[name]):.0e})",
          relative(mine, 0.5 * plain.gradients[name]) < 1e-12)
claim("gradient of log σ²: zero, nothing depends on it", not vae.gradients["encoder.1.W"][:, Z:].any())

# %% [markdown]
# ## How much should the KL weigh?
#
# With another variance the squared error is divided by 2σ². So a factor β before the KL and the variance σ² of
# the pixels are one and the same knob:
#
#     ‖x − m‖²/2σ² + β KL = β [‖x − m‖²/2(βσ²) + KL]                    → next cell

# %%
eps = rng.standard_normal((1, 50, Z))
gradients = {}
for variance, beta in ((0.05, 4.0), (0.2, 1.0)):
    model = VAE(D, Z, (20,), likelihood=Gaussian(variance), dtype="float64", backend="numpy")
    model.loss_and_grad(x, eps, beta=beta)
    gradients[beta] = model.gradients.flat.copy()
claim("σ² = 0.05 with β = 4 has 4 times the gradient of σ² = 0.2 with β = 1, to 12 digits",
      relative(gradients[4.0], 4 * gradients[1.0]) < 1e-12)

# %% [markdown]
# So the answer is 1, with the right σ². At β = 1 the loss is −ELBO, and models can be compared by it. Another β
# trains for another noise of the pixels than the likelihood claims, and the number is no ELBO: with β > 1 it is
# still a bound, only a looser one, since KL ≥ 0; with β < 1 it need not be a bound at all. (β > 1 as a means to
# codes that people can read is the β-VAE, Higgins et al. 2017. A weight that rises from 0 to 1 in the course of
# training is another thing: it ends at the bound.) With a *learned* σ² (`Gaussian("shared")`) there is nothing
# to choose. (For Bernoulli pixels there is no σ², and no such way out: there β ≠ 1 is simply another
# objective.)
#
# Still, the knob is instructive. We turn it over five orders of magnitude, with σ² = 0.05 and 8 latents.

# %%
betas = (0.001, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
swept, error, price, width = {}, [], [], []
for beta in betas:
    swept[beta] = VAE(D, 8, (100,), likelihood=Gaussian(0.05), backend="numpy")
    learn(swept[beta], data.train, 50, batch_size=100, label=f"β = {beta:g}", beta=beta)
    mean, scale = swept[beta].encode(data.test)
    z = mean + scale * rng.standard_normal(mean.shape, dtype="float32")
    error.append(float(((data.test - swept[beta].decode(z)) ** 2).sum(axis=1).mean()))
    price.append(float(elbo(swept[beta], data.test, rng).kl.mean()))
    width.append(float(scale.mean()))
    print(f"β = {beta:<6g} squared error {error[-1]:5.2f}, KL {price[-1]:6.2f} nats, mean σ {width[-1]:.3f}")
claim("a larger β buys no better copy: from one β to the next the error falls by less than 0.05, if at all",
      all(after > before - 0.05 for before, after in zip(error, error[1:])))
claim("and the code costs less each time", all(after < before for before, after in zip(price, price[1:])))
claim(f"β = {betas[0]:g}: σ is {width[0]:.2f}, an autoencoder with hardly any noise", width[0] < 0.1)
mean_image_error = float(((data.test - data.train.mean(axis=0)) ** 2).sum(axis=1).mean())
claim(f"β = {betas[-1]:g}: KL {price[-1]:.3f} nats, and the error {error[-1]:.2f} is that of the mean image, "
      f"{mean_image_error:.2f}", price[-1] < 0.1 and abs(error[-1] - mean_image_error) < 0.3)

rows = [data.test[:10]] + [swept[beta].decode(rng.standard_normal((10, 8), dtype="float32"))
                           for beta in (0.001, 0.3, 1.0, 3.0, 100.0)]
drawn, (left, right) = figure(1, 2, size=(9.5, 3.9))
left.plot(price, error, "ko-", markersize=4)
for beta, kl, e in list(zip(betas, price, error))[::-1]:
    left.annotate(f"{beta:g}", (kl, e), xytext=(3, 5), textcoords="offset points", fontsize=8)
left.set_xlim(right=1.15 * max(price))
left.set_ylim(top=1.06 * max(error))
left.set_xlabel("price of the code: KL, nats per test image")
left.set_ylabel("squared error per test image")
left.set_title("Each β (at the points) trades copy for price")
right.imshow(tile(np.concatenate(rows), data.shape, 10), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
side = data.shape[0] + 1
right.set_yticks([side * (i + 0.5) - 1 for i in range(6)],
                 ["real", *(f"β = {beta:g}" for beta in (0.001, 0.3, 1, 3, 100))])
right.set_xticks([])
right.set_xlabel("ten decoded draws of z ~ N(0, I)")
right.set_ylabel("trained with")
right.set_title("β small: garbage; large: the mean")
save(drawn, "06-beta")

# %% [markdown]
# ![copy against price, and samples](figures/06-beta.png)
#
# In between there is a β with the prettiest samples, and it need not be 1, since 0.05 was made up. (Nor do pretty
# samples make a good model of the data: [tutorial 8](08_how_good_is_it.py).)
#
# ## What each term pulls on
#
# Both terms act on the encoder's μ and log σ². The KL's pull is simple: μ towards 0, σ towards 1. The
# reconstruction wants sharp codes: it pulls σ down, and μ to where the image comes back from. At the end of
# training the pulls must balance, on average over images and noise, as the encoder's last bias adds the same to
# all of them:
#
#     E[∂(−log p)/∂log σ² + β ½ (σ² − 1)] = 0                           → next cell

# %%
def pulls(model, x, beta, n_samples=200):
    """The gradient of each term with respect to h = [μ, log σ²] of each image. -> two arrays (N, 2Z)"""
    q, p = model.posterior, model.likelihood
    h = model.posterior_parameters(x)
    through_z = 0
    for _ in range(n_samples):
        noise = model.draw_noise(rng, len(x))
        z = q.sample(h, noise)
        da = p.log_prob_backward(np.full((1, len(x)), -1, dtype=h.dtype), x, model.likelihood_parameters(z))
        through_z = through_z + q.sample_backward(back_through_decoder(model, z, da), h, noise) / n_samples
    return through_z, beta * q.kl_backward(np.ones(len(x), dtype=h.dtype), h)


def back_through_decoder(model, z, da):
    _, inputs = mlp(z[0], model.decoder, model.activation)
    return mlp_backward(da[0], inputs, model.decoder, model.decoder_grads, model.activation)[None]


drawn, axes = figure(size=(5.2, 4.2))
for beta, marker in ((1.0, "o"), (3.0, "x"), (10.0, "+")):
    by_error, by_price = pulls(swept[beta], data.train[:500], beta)
    down, up = by_error[:, 8:].mean(axis=0) / beta, -by_price[:, 8:].mean(axis=0) / beta
    claim(f"β = {beta:g}: the KL pulls every σ up; averaged over the images the reconstruction balances it to "
          f"{relative(down, up):.0%}", (up > 0).all() and relative(down, up) < 0.25)
    axes.scatter(up, down, c="k", s=35, marker=marker, label=f"β = {beta:g}: 8 latents")
axes.plot([0, 0.52], [0, 0.52], "0.6", linestyle="--", label="balance")
axes.set_xlabel("pull of the KL on log σ², upwards (nats per unit, /β)")
axes.set_ylabel("pull of the reconstruction, downwards")
axes.set_title("At the end of training the two pulls balance")
axes.legend()
save(drawn, "06-pulls")

# %% [markdown]
# ![the two pulls](figures/06-pulls.png)
#
# The KL pulls up by at most ½ nat per unit of log σ², as ½ (1 − σ²) can't be larger: a latent near ½ is in full
# use, one near 0 is not used: there the decoder doesn't look, nothing pulls σ down, and the KL wins.
#
# # Second reading: variational EM
#
# The same number, split otherwise:
#
#     loss = −log p(x) + KL(q(z|x) ‖ p(z|x))                            → next cell
#            how bad the decoder is + how wrong the encoder is
#
# The first term knows nothing of the encoder. So (Neal & Hinton 1998, who read EM as ascent on this very bound):
#
# - **decoder fixed, train the encoder**: log p(x) can't move; the gap closes. That is inference, the E-step of
#   EM.
# - **encoder fixed, train the decoder**: E_q[log p(x, z)] rises, for z drawn from a q that is fixed, the M-step.
# - **both**: what everyone does. One step of each, at the same time, with the same gradient.
#
# To watch it we need log p(x) itself. With two latents it is an integral over a plane, and a sum over a grid
# gives it:
#
#     log p(x) ≈ log Σ_grid p(x|z) p(z) Δz                              → next cell

# %%
line = np.linspace(-4, 4, 80)
plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 1, 2)                    # (points, 1, 2)
log_prior = prior_log_prob(plane)[:, 0] + 2 * math.log(line[1] - line[0])               # log p(z) Δz
watched = data.train[:50]


def log_px(model):
    """The mean log p(x) of the images we watch, by a grid over the plane."""
    a = model.likelihood_parameters(plane.astype("float32"))                            # (points, 1, D)
    log_joint = np.stack([model.likelihood.log_prob(image[None], a)[:, 0] + log_prior for image in watched])
    top = log_joint.max(axis=1, keepdims=True)
    return float((top[:, 0] + np.log(np.exp(log_joint - top).sum(axis=1))).mean())


def bound(model):
    return float(elbo(model, watched, np.random.default_rng(3), n_samples=100).elbo.mean())


def new_model():
    return VAE(D, 2, (100,), likelihood=Gaussian(0.1), backend="numpy")


checked = new_model()
learn(checked, data.train, 10, label="a first one")
sampled = log_likelihood(checked, watched, rng, n_samples=2000)
claim(f"log p(x) by the grid {log_px(checked):.3f}, by importance sampling {sampled.mean():.3f} nats",
      abs(log_px(checked) - sampled.mean()) < 0.05)

# %% [markdown]
# Now the experiment. Sixty epochs each: in phases of ten epochs, encoder and decoder in turn; by turns from
# step to step (`InTurn`); and both at once.

# %%
def descend(model, schedule):
    """Train by [(optimizer of which part, epochs), ...]. -> epochs, ELBO and log p(x) along the way"""
    noise, epoch, curve = np.random.default_rng(1), 0, [(0, bound(model), log_px(model))]
    for optimizer, epochs in schedule:
        for _ in train(model, data.train, optimizer, epoch + epochs, 50, noise, first_epoch=epoch + 1):
            epoch += 1
            if epoch % 2 == 0 or epoch < 4:
                curve.append((epoch, bound(model), log_px(model)))
    return np.array(curve).T


def parts_of(model):
    return [model.parameters.part(name) for name in ("encoder", "decoder")]


curves = {}
model = new_model()
encoder, decoder = parts_of(model)
phases = {"decoder": Adam(model.parameters.flat[decoder], lr=2e-3),
          "encoder": Adam(model.parameters.flat[encoder], lr=2e-3)}


class Only:
    """An optimizer of one part of the parameters; the rest is held still."""

    def __init__(self, optimizer, part):
        self.optimizer, self.part = optimizer, part

    def step(self, g):
        self.optimizer.step(g[self.part])


em = [(Only(phases[name], part), 10) for name, part in 3 * [("decoder", decoder), ("encoder", encoder)]]
curves["in phases"] = descend(model, em)
model = new_model()
optimizer = InTurn(model.parameters.flat, parts_of(model), lambda theta: Adam(theta, lr=2e-3))
curves["in turn"] = descend(model, [(optimizer, 60)])
model = new_model()
optimizer = InTurn(model.parameters.flat, parts_of(model), lambda theta: Adam(theta, lr=2e-3))
list(train(model, data.train, optimizer, 120, 50, np.random.default_rng(1)))
as_many_steps = bound(model)
model = new_model()
curves["both at once"] = descend(model, [(Adam(model.parameters.flat, lr=2e-3), 60)])
for name, (epochs, value, evidence) in curves.items():
    print(f"{name:<13} ELBO {value[-1]:6.2f}, log p(x) {evidence[-1]:6.2f}, between them "
          f"{evidence[-1] - value[-1]:.2f} nats")

# %% [markdown]
# What must hold, and does:

# %%
epochs, value, evidence = curves["in phases"]
for name, (_, value_, evidence_) in curves.items():
    claim(f"{name}: the ELBO is below log p(x) all the way", (value_ < evidence_).all())
for first in (10, 30, 50):
    inside = (epochs >= first) & (epochs <= first + 10)
    start, end = np.flatnonzero(inside)[[0, -1]]
    gap = evidence - value
    claim(f"epochs {first} to {first + 10}, encoder alone: log p(x) moves by {np.ptp(evidence[inside]):.0e}, the gap "
          f"closes from {gap[start]:.2f} to {gap[end]:.2f} nats",
          np.ptp(evidence[inside]) < 1e-9 and gap[end] < gap[start])
for first in (0, 20, 40):
    start, end = np.flatnonzero((epochs == first) | (epochs == first + 10))
    claim(f"epochs {first} to {first + 10}, decoder alone: ELBO {value[start]:.2f} -> {value[end]:.2f}, log p(x) "
          f"{evidence[start]:.2f} -> {evidence[end]:.2f}", value[end] > value[start])
final = {name: curve[1][-1] for name, curve in curves.items()}
claim(f"both at once gets further in 60 epochs: {final['both at once']:.2f} nats, against {final['in turn']:.2f} in "
      f"turn, {final['in phases']:.2f} in phases", final["both at once"] > max(final["in turn"], final["in phases"]))

claim(f"but in 120 epochs, with as many steps for each network, taking turns gets as far: {as_many_steps:.2f} "
      "nats. At once, each pass serves both", abs(as_many_steps - final["both at once"]) < 1)

drawn, panels = figure(1, 3, size=(11, 3.8), sharey=True)
low = min(curve[1][3] for curve in curves.values())
for axes, (name, (epochs, value, evidence)) in zip(panels, curves.items()):
    axes.plot(epochs, evidence, "0.5", linewidth=2, label="log p(x), by quadrature")
    axes.plot(epochs, value, "k.-", markersize=4, label="ELBO")
    axes.set_title(f"{name}: {value[-1]:.1f} nats after 60 epochs")
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats per image")
    axes.set_ylim(bottom=low)
panels[0].legend(loc="lower right")
for first in (10, 30, 50):
    panels[0].axvspan(first, first + 10, color="0.9")
panels[0].text(15, panels[0].get_ylim()[1] - 3, "encoder\nalone", ha="center", va="top", fontsize=8)
save(drawn, "06-em")

# %% [markdown]
# ![the ELBO and log p(x), in phases, in turn and at once](figures/06-em.png)
#
# In a grey phase the upper curve is flat: the encoder can't change what the decoder gives to an image. In a
# white one the ELBO rises, and may part from log p(x), since the q it relies on is out of date. Exact EM would
# close the gap wholly in each E-step. Nobody waits for that: any step up the ELBO is progress. And one backward
# pass gives both gradients, so that to train both at once costs hardly more than to train one.
#
# ## What to try next
#
# - Exercise 9, *The whole VAE: where two paths meet*; exercise 19 is a VAE whose two networks are trained one
#   after the other, and something is wrong with it.
# - `python -m minivae train --update alternate` (or `encoder`, `decoder`), and `--beta`.
# - Is the balance of pulls kept in *each* image? Plot all 500, not their mean.
# - Let σ² be learned: `Gaussian("shared")`. To which β, in the first figure, does it correspond?
