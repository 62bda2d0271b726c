# %% [markdown]
# # 6 · Two ways to read the loss
#
# **What you'll do.** Split the loss of the VAE in two ways: into the squared error of an autoencoder and a price for
# its codes; and into log p(x) and the error of the encoder. Change the weight of the KL, from 0.001 to 100. Train
# one half of the model at a time.
#
# **What you'll learn.** When a VAE *is* an autoencoder, exactly; what β means, and what it has to do with the noise
# of the pixels; that the model with the highest ELBO need not draw the best images; that training is a form of
# variational EM, with inference and learning at the same time.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py).
#
# **Time.** 40 minutes to read, 20 seconds to run: `python tutorials/06_two_readings.py`.

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads
from measures import share_near, told_apart

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
# Let the pixels be Gaussian around the decoder's output, with variance 1:
#
#     −log N(x; m, I) = ½ ‖x − m‖² + D/2 log 2π                         → likelihoods.Gaussian.log_prob
#
# Remove the noise (ε = 0, so z = μ) and the KL (β = 0). What is left is half the loss of the plain autoencoder, plus
# a constant. This is exact, and holds for the gradient as well. To check it, we give an autoencoder the weights of a
# VAE. Of the encoder's last layer it gets only the half that outputs μ.

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
claim("gradient with respect to log σ²: zero, nothing depends on it", not vae.gradients["encoder.1.W"][:, Z:].any())

# %% [markdown]
# ## How much should the KL weigh?
#
# A variance σ² divides the squared error by 2σ². So a weight β on the KL does the same as another variance of the
# pixels, up to a factor β in the whole loss:
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
# So we don't need β: keep β = 1 and choose σ². Then the loss is −ELBO, and we can use it to compare models. With
# another β, we train for a variance that is not the one in the likelihood, and −loss isn't the ELBO. With β > 1 it
# is still a lower bound on log p(x), but a looser one, since KL ≥ 0; with β < 1 it need not be a bound at all. (The
# β-VAE uses β > 1 on purpose, to get codes that people can read: Higgins et al. 2017. Raising the weight from 0 to 1
# during training is different, because it ends with the ELBO. Bernoulli pixels have no σ²: with them, no choice of
# the likelihood's parameters corresponds to β ≠ 1.)
#
# To see how much this choice matters, we train with σ² = 0.05, 8 latents, and β from 0.001 to 100. Each β stands for
# the variance 0.05 β, so we compute the ELBO with that variance. We also decode draws from the prior, and use two of
# the measures of tutorials 2 and 5: how many draws are near data (this rewards blur), and how often the nearest
# neighbour tells them apart from real test images (this doesn't reward blur; 50 % would be perfect). (In tutorials 2
# and 5 it compared draws with decoded codes instead, so those numbers can't be compared with these.)

# %%
betas = (0.001, 0.1, 0.3, 0.5, 1.0, 3.0, 10.0, 100.0)
seeds = range(3)


def judge_draws(vae, noise):
    """Decoded draws from the prior: the shares near data, and told apart from test images. Means of 5 sets"""
    sets = [vae.decode(noise.standard_normal((len(data.test), 8), dtype="float32")) for _ in range(5)]
    return np.mean([(share_near(drawn, data), told_apart(drawn, data.test)) for drawn in sets], axis=0)


def copy_error(vae, noise):
    """The squared error of test images, decoded from a draw of z ~ q(z|x)"""
    mean, scale = vae.encode(data.test)
    z = mean + scale * noise.standard_normal(mean.shape, dtype="float32")
    return float(((data.test - vae.decode(z)) ** 2).sum(axis=1).mean())


swept, measured = {}, {}
for beta in betas:
    for seed in seeds:
        vae = swept[beta, seed] = VAE(D, 8, (100,), likelihood=Gaussian(0.05), backend="numpy", seed=seed)
        learn(vae, data.train, 50, seed, batch_size=100, label=f"β = {beta:g}", beta=beta)
        noise = np.random.default_rng(seed)
        twin = VAE(D, 8, (100,), likelihood=Gaussian(0.05 * beta), backend="numpy")     # the variance β stands for
        twin.parameters.flat[...] = vae.parameters.flat
        bound = elbo(twin, data.test, noise, n_samples=10)
        measured[beta, seed] = (copy_error(vae, noise), bound.kl.mean(), vae.encode(data.test)[1].mean(),
                                bound.elbo.mean(), *judge_draws(vae, noise))
print("means of three VAEs     error    KL  mean σ   σ² = 0.05 β  its ELBO   near data  told apart")
average = {beta: np.mean([measured[beta, seed] for seed in seeds], axis=0) for beta in betas}
for beta, (error, kl, width, value, near, told) in average.items():
    print(f"β = {beta:<12g}{error:>13.2f}{kl:>6.2f}{width:>8.3f}{0.05 * beta:>14.5f}{value:>10.1f}{near:>12.0%}"
          f"{told:>12.0%}")

# %%
error, price, width, own_elbo, near, told = np.transpose([average[beta] for beta in betas])
claim("from one β to the next larger one, the error never falls by more than 0.05",
      all(after > before - 0.05 for before, after in zip(error, error[1:])))
claim("and the code costs less each time", all(after < before for before, after in zip(price, price[1:])))
claim(f"β = {betas[0]:g}: σ is {width[0]:.2f}, an autoencoder with hardly any noise", width[0] < 0.1)
mean_image_error = float(((data.test - data.train.mean(axis=0)) ** 2).sum(axis=1).mean())
claim(f"β = {betas[-1]:g}: KL {price[-1]:.3f} nats, and the error {error[-1]:.2f} is that of the mean image, "
      f"{mean_image_error:.2f}", price[-1] < 0.1 and abs(error[-1] - mean_image_error) < 0.3)
far, close, log_n = average[0.5][1], average[3.0][1], math.log(len(data.test))
claim(f"β = 0.5: KL {far:.1f} nats, of which at most log N = {log_n:.1f} can be information (tutorial 5). So "
      f"the q(z) of the test images is at least {far - log_n:.1f} nats from the prior; β = 3: at most {close:.1f}",
      far - log_n > close + 1)
claim("of these, β = 0.5 has the highest ELBO, with each of the three seeds",
      all(max(betas, key=lambda beta: measured[beta, seed][3]) == 0.5 for seed in seeds))

# %% [markdown]
# Which σ² is right? We can choose the one with the highest ELBO. There the derivative is zero:
#
#     ∂ELBO/∂σ² = E_q‖x − m‖²/2σ⁴ − D/2σ² = 0  ⇒  σ² = E_q‖x − m‖²/D    → next cell
#
# This is the mean squared error of a pixel (Rybkin et al. 2021), and we set σ² to it after each epoch, so it falls as
# the copies become better. As a control, we train again with the last σ² from the beginning.
# (`Gaussian("shared")` learns σ² by gradient descent instead. Rezende & Viola 2018 do the opposite: they fix the
# error that they accept, and adjust β during training until it is reached.)

# %%
def learn_with_best_variance(seed):
    """A VAE whose σ² is the mean squared error of the epoch before."""
    vae = VAE(D, 8, (100,), likelihood=Gaussian(0.05), backend="numpy", seed=seed)
    optimizer = Adam(vae.parameters.flat, lr=4e-3)
    for report in train(vae, data.train, optimizer, 50, 100, np.random.default_rng(seed)):
        optimizer.lr = 4e-3 * 0.1 ** (report.epoch / 50)
        variance = vae.likelihood.variance                          # −log p = ½ ‖x − m‖²/σ² + ½ D log 2πσ²
        vae.likelihood.variance = 2 * variance * (report.reconstruction / D - 0.5 * math.log(2 * math.pi * variance))
    return vae


by_likelihood, chosen, never_changed = [learn_with_best_variance(seed) for seed in seeds], [], []
for seed, vae in zip(seeds, by_likelihood):
    control = VAE(D, 8, (100,), likelihood=Gaussian(vae.likelihood.variance), backend="numpy", seed=seed)
    learn(control, data.train, 50, seed, batch_size=100, label="the same σ² from the beginning")
    never_changed.append(elbo(control, data.test, np.random.default_rng(seed), n_samples=10).elbo.mean())
    noise = np.random.default_rng(seed)
    value = elbo(vae, data.test, noise, n_samples=10).elbo.mean()
    chosen.append((vae.likelihood.variance, value, *judge_draws(vae, noise)))
    variance, _, near, told = chosen[-1]
    print(f"σ² = {variance:.4f}, equivalent to β = {variance / 0.05:.2f}: ELBO {value:.2f}, near data {near:.0%}, "
          f"told apart {told:.0%}")
    print(f"  a control, with this σ² from the beginning: ELBO {never_changed[-1]:.2f}")
best_variance, best_elbo, its_near, its_told = np.transpose(chosen)
of_three = np.array([measured[3.0, seed] for seed in seeds])
claim(f"the likelihood chooses σ² = {best_variance.mean():.3f}, and its ELBO is higher than for every β above",
      all(value > max(measured[beta, seed][3] for beta in betas) for seed, value in zip(seeds, best_elbo)))
gain = best_elbo - never_changed
claim(f"with the same σ² from the beginning, the ELBO is {gain.min():.1f} to {gain.max():.1f} nats lower: it is the "
      "way to this σ² that helps, more than the value", gain.min() > 2)
claim(f"but {its_near.min():.0%} to {its_near.max():.0%} of its draws are near data; with β = 3 it's "
      f"{of_three[:, 4].min():.0%} to {of_three[:, 4].max():.0%}, though the ELBO is "
      f"{best_elbo.mean() - average[3.0][3]:.0f} nats lower",
      of_three[:, 4].min() > its_near.max() + 0.2 and best_elbo.mean() > average[3.0][3] + 10)
claim(f"and its draws are told apart from real digits more often, {its_told.mean():.1%} against "
      f"{of_three[:, 5].mean():.1%}",
      its_told.mean() > of_three[:, 5].mean() + 0.01)

noise, shown = np.random.default_rng(0), (0.001, 0.5, 1.0, 3.0, 100.0)
rows = [data.test[:10], by_likelihood[0].decode(noise.standard_normal((10, 8), dtype="float32"))]
rows += [swept[beta, 0].decode(noise.standard_normal((10, 8), dtype="float32")) for beta in shown]
drawn, (left, middle, right) = figure(1, 3, size=(13, 4))
left.plot(price, error, "ko-", markersize=4)
for beta, kl, e in list(zip(betas, price, error))[::-1]:
    left.annotate(f"{beta:g}", (kl, e), xytext=(3, 5), textcoords="offset points", fontsize=8)
left.set_xlim(right=1.15 * max(price))
left.set_ylim(top=1.06 * max(error))
left.set_xlabel("price of the code: KL, nats per test image")
left.set_ylabel("squared error per test image")
left.set_title("One point per β: better copies cost more")
for beta in betas[1:]:
    values = np.array([measured[beta, seed] for seed in seeds])
    middle.plot(values[:, 3], 100 * values[:, 4], "ko", markersize=4, label="fixed β" if beta == 1 else None)
    where = {1.0: (-12, 3), 0.5: (7, -2), 0.3: (-17, -4)}.get(beta, (6, 3))       # away from the other points
    middle.annotate(f"{beta:g}", (values[:, 3].mean(), 100 * values[:, 4].mean()), xytext=where,
                    textcoords="offset points", fontsize=8)
middle.plot(best_elbo, 100 * its_near, "k^", markersize=6, markerfacecolor="white", label="σ² from the likelihood")
middle.set_xlim(-120, 30)
middle.set_ylim(0, 100)
middle.legend(loc="upper left", fontsize=8)
middle.set_xlabel("test ELBO with σ² = 0.05 β (nats per image)")
middle.set_ylabel("draws near data (%)")
middle.set_title("The highest ELBO has poor draws")
right.imshow(tile(np.concatenate(rows), data.shape, 10), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
side = data.shape[0] + 1
right.set_yticks([side * (i + 0.5) - 1 for i in range(7)],
                 ["real", "σ² by likelihood", *(f"β = {beta:g}" for beta in shown)])
right.set_xticks([])
right.set_xlabel("ten decoded draws of z ~ N(0, I)")
right.set_ylabel("trained with")
right.set_title("β small: garbage; large: the mean")
save(drawn, "06-beta")

# %% [markdown]
# ![copy against price, and samples](figures/06-beta.png)
#
# (In the middle panel, β = 0.001 lies far off the left edge.)
#
# The curve on the left shows a trade-off: the more nats we pay for the code, the better the copy (Alemi et al. 2018
# call the two rate and distortion). The middle panel shows that a higher ELBO doesn't mean better draws here. With
# the σ² that has the highest ELBO, the model gains more from precise pixels than it pays for precise codes. But then
# q(z) is far from the prior, and many draws from the prior land where the decoder was hardly trained. This is no
# error in either measure: a model can be good by one and bad by the other (Theis et al. 2016). So which σ², or β, is
# right depends on the purpose: the best σ² by the ELBO to compare models by log p(x), here a larger one to draw
# images. [Tutorial 8](08_how_good_is_it.py) says more about how to judge a model.
#
# ## What each term pulls on
#
# (You can skip this section: nothing later needs it.)
#
# Both terms act on the encoder's μ and log σ². The KL pulls μ towards 0 and σ towards 1. The reconstruction needs
# precise codes: it pulls σ down, and μ towards codes that decode to the image. The last bias of the encoder shifts
# the log σ² of all images by the same amount, and its gradient is zero when training has converged. So then the two
# pulls cancel, on average over images and noise:
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
    by_error, by_price = pulls(swept[beta, 0], data.train[:500], beta)
    down, up = by_error[:, 8:].mean(axis=0) / beta, -by_price[:, 8:].mean(axis=0) / beta
    claim(f"β = {beta:g}: the KL pulls every σ up; on average the reconstruction pulls down as much, up to "
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
# The KL pulls up by at most ½ nat per unit of log σ², since ½ (1 − σ²) can't be larger. If the pull on a latent is
# near ½, its σ is close to 0: the code is precise. If the pull is near 0, the latent is hardly used: almost nothing
# pulls its σ down, and the KL brings σ to 1.
#
# # Second reading: variational EM
#
# The same loss, split in another way:
#
#     loss = −log p(x) + KL(q(z|x) ‖ p(z|x))                            → next cell
#            how bad the decoder is + how wrong the encoder is
#
# The first term doesn't depend on the encoder. EM (expectation-maximization) trains a model with latents in two
# alternating steps, and Neal & Hinton (1998) showed that both steps maximize the same bound, the ELBO:
#
# - **Decoder fixed, train the encoder**: log p(x) can't change, so raising the ELBO narrows the gap. This is
#   inference, the E-step.
# - **Encoder fixed, train the decoder**: this raises E_q[log p(x, z)], with a q that doesn't change. This is the
#   M-step.
# - **Both**: the usual way to train a VAE. Each step changes both networks, with the gradient of the same loss.
#
# To watch this we need log p(x) itself. With two latents it is an integral over a plane, and a sum over a grid
# computes it:
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


def new_model(seed=0):
    return VAE(D, 2, (100,), likelihood=Gaussian(0.1), backend="numpy", seed=seed)


checked = new_model()
learn(checked, data.train, 10, label="a first one")
sampled = log_likelihood(checked, watched, rng, n_samples=2000)
claim(f"log p(x) by the grid {log_px(checked):.3f}, by importance sampling {sampled.mean():.3f} nats",
      abs(log_px(checked) - sampled.mean()) < 0.05)

# %% [markdown]
# The experiment has three schedules of sixty epochs each: decoder and encoder in turn, ten epochs each time; in
# turn, a step of one and then a step of the other (`InTurn`); and both at once. A fourth takes turns for 120 epochs,
# so that each network gets as many steps as in "both at once". Each schedule runs with three seeds. The figure shows
# the first seed of the first three schedules.

# %%
def descend(model, schedule, seed):
    """Train by [(optimizer of which part, epochs), ...]. -> epochs, ELBO and log p(x) along the way"""
    noise, epoch, curve = np.random.default_rng(seed + 1), 0, [(0, bound(model), log_px(model))]
    last = sum(epochs for _, epochs in schedule)
    for optimizer, epochs in schedule:
        for _ in train(model, data.train, optimizer, epoch + epochs, 50, noise, first_epoch=epoch + 1):
            epoch += 1
            if epoch == last or seed == 0 and (epoch % 2 == 0 or epoch < 4):
                curve.append((epoch, bound(model), log_px(model)))
    return np.array(curve).T


class Only:
    """An optimizer of one part of the parameters; the rest doesn't change."""

    def __init__(self, theta, part):
        self.optimizer, self.part = Adam(theta[part], lr=2e-3), part

    def step(self, g):
        self.optimizer.step(g[self.part])


def in_phases(model):
    encoder, decoder = (Only(model.parameters.flat, model.parameters.part(name)) for name in ("encoder", "decoder"))
    return 3 * [(decoder, 10), (encoder, 10)]


def in_turn(model, epochs=60):
    parts = [model.parameters.part(name) for name in ("encoder", "decoder")]
    return [(InTurn(model.parameters.flat, parts, lambda theta: Adam(theta, lr=2e-3)), epochs)]


def at_once(model):
    return [(Adam(model.parameters.flat, lr=2e-3), 60)]


schedules = {"in phases": in_phases, "in turn": in_turn, "both at once": at_once,
             "in turn, 120 epochs": lambda model: in_turn(model, 120)}
curves, final = {}, {}
for name, schedule in schedules.items():
    final[name] = []
    for seed in seeds:
        model = new_model(seed)
        curve = descend(model, schedule(model), seed)
        final[name].append(curve[1][-1])
        if seed == 0 and name != "in turn, 120 epochs":
            curves[name] = curve
    print(f"{name:<20} ELBO " + ", ".join(f"{value:6.2f}" for value in final[name]))

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
claim("both at once gets further in 60 epochs, with each seed",
      all(both > max(turn, phases) for both, turn, phases in
          zip(final["both at once"], final["in turn"], final["in phases"])))
claim("but in 120 epochs, with as many steps for each network, taking turns gets as far, to half a nat",
      all(abs(long - both) < 0.5 for long, both in zip(final["in turn, 120 epochs"], final["both at once"])))

drawn, panels = figure(1, 3, size=(11, 3.8), sharey=True)
low = min(curve[1][3] for curve in curves.values())
for axes, (name, (epochs, value, evidence)) in zip(panels, curves.items()):
    axes.plot(epochs, evidence, "0.5", linewidth=2, label="log p(x), by a grid")
    axes.plot(epochs, value, "k.-", markersize=4, label="ELBO")
    axes.set_title(f"{name}: {value[-1]:.1f} nats at the end".replace("-", "−"))
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
# In a grey phase the upper curve is flat: the encoder can't change the probability that the decoder gives to an
# image. In a white phase the ELBO rises, and the gap may widen, because the decoder changes and the encoder doesn't.
# Exact EM would close the gap completely in each E-step. That isn't necessary: steps that only raise the ELBO are
# enough to train the model. And one backward pass gives both gradients, so training both at once saves passes.
#
# ## What to try next
#
# - Exercise 9, *The whole VAE: where two paths meet*; exercise 19 is a VAE whose two networks are trained one
#   after the other, and something is wrong with it.
# - `python -m minivae train --update alternate` (or `encoder`, `decoder`), and `--beta`.
# - Do the pulls balance in *each* image? Plot all 500, not their mean.
# - Learn σ² by gradient descent, with `Gaussian("shared")`. How many epochs does it take to reach the σ² that we
#   computed? (It starts at 1, and is one number with Adam's step size.)
