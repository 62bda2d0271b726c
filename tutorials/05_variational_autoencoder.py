# %% [markdown]
# # 5 · The variational autoencoder
#
# **What you'll do.** Walk through the one page of code that is the algorithm, line by line, on real images;
# train it; look at its latent space; and repeat every measurement that the plain autoencoder failed in tutorial
# 2.
#
# **What you'll learn.** That the encoder is inference, done once for all images; where each term of the loss
# comes from and where each gradient goes; why codes now lie where you can draw them from.
#
# **What you'll need.** [Tutorial 2](02_autoencoder.py); the ELBO from [tutorial 3](03_variational_inference.py)
# and reparameterization from [tutorial 4](04_why_reparameterize.py), or the README's "The idea".
#
# **Time.** 40 minutes to read, 21 seconds to run: `python tutorials/05_variational_autoencoder.py` (or `--data
# mnist`).

# %%
import math

from lesson import DATA, claim, figure, images, learn, options, save
import numpy as np      # after lesson, which sets its number of threads
from measures import distances, kl_from_standard_normal, share_in_holes, share_near, told_apart

from minivae import VAE, Autoencoder, Gaussian
from minivae.evaluation import elbo, log_likelihood
from minivae.inference import FixedDecoder
from minivae.layers import mlp, mlp_backward
from minivae.plots import tile
from minivae.posteriors import prior_log_prob

args = options("Tutorial 5: the variational autoencoder.", **DATA)
data = images(args)
on_digits = args.data == "digits"
D, epochs = data.train.shape[1], 100 if on_digits else 10
hidden = (300, 150) if on_digits else (500,)
variance = 0.05
rng = np.random.default_rng(0)

# %% [markdown]
# ## A story of how images come about
#
# Let each image come from a few hidden numbers z, by a decoder, and some noise:
#
#     z ~ N(0, I)        log p(z) = −½ Σ (z² + log 2π)                  → posteriors.prior_log_prob
#     x ~ N(m(z), σ² I)  log p(x|z) = −½ Σ [(x − m)²/σ² + log 2πσ²]     → likelihoods.Gaussian.log_prob
#
# with the means m(z) from a network. The probability of an image is then an integral over all z that could have
# made it, and with it the posterior p(z|x), which z *did* make it, is out of reach:
#
#     p(x) = ∫ p(x|z) p(z) dz    (estimated, from below)                → evaluation.log_likelihood
#
# Tutorial 3 fitted a q(z) to one such posterior by turning its knobs. We have thousands of images, and an x
# that was never seen should not need a fit of its own. So a second network, the **encoder**, looks at x and
# says at once how the knobs stand: amortized inference.
#
#     q(z|x) = N(μ(x), diag σ²(x))                                      → posteriors.DiagonalGaussian
#     ELBO = E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))  ≤  log p(x)           → vae.elbo_and_grad
#
# Raising the ELBO trains the decoder (more probable data) and the encoder (a better q) with one number.
#
# ## The page, line by line
#
# (The library calls q(z|x), the *approximate* posterior, `vae.posterior`, and p(x|z) `vae.likelihood`.)
#
# Here is a small VAE in float64, a batch of 5 images, and noise ε, drawn before anything else: given ε, nothing
# below is random. First the library's answer, then the same in our own steps.

# %%
vae = VAE(D, 3, (20,), likelihood=Gaussian(variance), dtype="float64", backend="numpy")
q, p = vae.posterior, vae.likelihood
x = data.train[:5].astype("float64")
L, N, Z = 4, 5, 3
eps = rng.standard_normal((L, N, Z))
answer = vae.loss_and_grad(x, eps)
expected = vae.gradients.flat.copy()

# %% [markdown]
# **Forward.** The encoder emits h, six numbers an image: three means and three log-variances.
#
#     h = mlp(x)                                                        → layers.mlp
#     z = μ + σ ε,  σ = exp(½ log σ²)                                   → posteriors.DiagonalGaussian.sample
#     a = mlp(z),  here a = m(z)                                        → layers.mlp
#     KL = ½ Σ (μ² + σ² − 1 − log σ²)                                   → posteriors.DiagonalGaussian.kl
#     loss = −1/N Σₙ [1/L Σₗ log p(xₙ|zₗₙ) − KLₙ]                       → next cell

# %%
h, encoder_inputs = mlp(x, vae.encoder, "tanh")                                         # (N, 2Z)
z = q.sample(h, eps)                                                                    # (L, N, Z)
a, decoder_inputs = mlp(z.reshape(L * N, Z), vae.decoder, "tanh")                       # (L N, D)
a = a.reshape(L, N, D)
log_px = p.log_prob(x, a)                                                               # (L, N)
kl = q.kl(h)                                                                            # (N,)
loss = -(log_px.mean(axis=0) - kl).mean()
print(f"h {h.shape}, z {z.shape}, a {a.shape}, log p(x|z) {log_px.shape}, KL {kl.shape}: loss {loss:.6f} nats")
claim("our steps give the library's loss, to 12 digits", math.isclose(loss, answer.loss, rel_tol=1e-12))

# %% [markdown]
# **Backward.** The same lines in reverse. Each takes the gradient of what it produced and gives that of what it
# was made from.
#
#     ∂loss/∂log p(xₙ|zₗₙ) = −1/(L N),   ∂loss/∂KLₙ = 1/N               → next cell
#     ∂log p/∂m = (x − m)/σ²                                            → likelihoods.Gaussian.log_prob_backward
#     ∂z/∂μ = 1,   ∂z/∂log σ² = ½ σ ε                                   → posteriors.DiagonalGaussian.sample_backward
#     ∂KL/∂μ = μ,  ∂KL/∂log σ² = ½ (σ² − 1)                             → posteriors.DiagonalGaussian.kl_backward
#
# The one place to watch: h acts on the loss by *two* ways, through z and through the KL. What comes back along
# both is added.

# %%
da = p.log_prob_backward(np.full((L, N), -1 / (L * N)), x, a)                           # (L, N, D)
dz = mlp_backward(da.reshape(L * N, D), decoder_inputs, vae.decoder, vae.decoder_grads, "tanh").reshape(L, N, Z)
dh_through_z = q.sample_backward(dz, h, eps)                                            # (N, 2Z), summed over L
dh_through_kl = q.kl_backward(np.full(N, 1 / N), h)
mlp_backward(dh_through_z + dh_through_kl, encoder_inputs, vae.encoder, vae.encoder_grads, "tanh", need_dx=False)
claim("and its gradient, all of it, to 12 digits",
      np.linalg.norm(vae.gradients.flat - expected) < 1e-12 * np.linalg.norm(expected))
mlp_backward(dh_through_z, encoder_inputs, vae.encoder, vae.encoder_grads, "tanh", need_dx=False)
off = np.linalg.norm(vae.gradients.flat - expected) / np.linalg.norm(expected)
claim(f"without the way through the KL, the gradient is off by {off:.0e} of its norm", off > 1e-5)

# %% [markdown]
# That is all. `elbo_and_grad` in [vae.py](../minivae/vae.py) has these lines in the same order, and
# [monte_carlo.py](../minivae/monte_carlo.py) those for other bounds. Every step is derived in [derivations.md](derivations.md). The last claim is a warning: with so
# small an error the loss falls all the same, and where nobody checks, nobody notices.
#
# ## Why log-variance?
#
# Why does the encoder emit log σ², and not σ? A network emits any real number, and σ must be positive: exp sees
# to that. And the KL needs log σ² itself: taken from σ it would be a logarithm of something that may round to
# zero. (log σ does as well: `FullGaussian` emits the logarithms of such a diagonal. Only the half in exp(½ log
# σ²) differs.) There is a price: read a log-*variance* as a log-*standard-deviation* in one place and all
# gradients are still right, of the wrong objective. Only a test against the definition sees it, such as this
# one: is the spread of the samples what the KL believes?
#
#     KL(q ‖ p) = E_q[log q(z|x) − log p(z)]                            → next cell

# %%
many = rng.standard_normal((100_000, 1, Z))
one_h = rng.standard_normal((1, 2 * Z))
log_q = q.log_prob_of_sample(one_h, many)
by_samples = log_q - prior_log_prob(q.sample(one_h, many))
error = by_samples.std() / math.sqrt(len(many))
claim(f"closed form {q.kl(one_h)[0]:.3f}, from samples {by_samples.mean():.3f} ± {error:.3f} nats",
      abs(by_samples.mean() - q.kl(one_h)[0]) < 4 * error)
mu, sigma = q.mean_and_scale(one_h)
wrong_z = mu + sigma ** 2 * many                                                # exp(log σ²) taken for σ
wrong = log_q - prior_log_prob(wrong_z)
claim(f"with σ² in the sampler in place of σ: {wrong.mean():.3f}", abs(wrong.mean() - q.kl(one_h)[0]) > 20 * error)

# %% [markdown]
# ## Sum or mean?
#
# Log-probabilities of independent pixels *add*: log p(x|z) is a sum over pixels, the KL a sum over latents, and
# only over the batch do we take a mean. Take the mean over pixels as well, as loss functions of frameworks do
# by default, and the first term shrinks D times while the KL stays. It is the same as a KL with D times its
# weight:
#
#     −1/D log p(x|z) + KL = 1/D [−log p(x|z) + D KL]                   → next cell
#
# "My VAE only draws the mean image" is often this. (If not: σ² too large, [tutorial 7](07_decoders.py), or one
# of the causes in "Is KL = 0 good?", [tutorial 8](08_how_good_is_it.py).)

# %%
vae.loss_and_grad(x, eps, beta=float(D))
heavy = vae.gradients.flat.copy()
da = p.log_prob_backward(np.full((L, N), -1 / (L * N * D)), x, a)
dz = mlp_backward(da.reshape(L * N, D), decoder_inputs, vae.decoder, vae.decoder_grads, "tanh").reshape(L, N, Z)
dh = q.sample_backward(dz, h, eps) + q.kl_backward(np.full(N, 1 / N), h)
mlp_backward(dh, encoder_inputs, vae.encoder, vae.encoder_grads, "tanh", need_dx=False)
claim(f"the mean over {D} pixels is β = {D}: its gradient is 1/{D} of that, to 12 digits",
      np.linalg.norm(D * vae.gradients.flat - heavy) < 1e-12 * np.linalg.norm(heavy))
averaged = VAE(D, 2, hidden, likelihood=Gaussian(variance), backend="numpy")
reports = learn(averaged, data.train[:1500], 8, label="mean over pixels", beta=float(D))
claim(f"trained so, the code is given up: KL {reports[-1].kl:.3f} nats", reports[-1].kl < 0.5)

# %% [markdown]
# ## Training
#
# Two VAEs, with 2 and with 8 latents, and the same networks, steps and learning rates as the autoencoders of
# tutorial 2. The pixels are grey and their noise has the variance 0.05, so that −log p(x|z) is the
# autoencoder's squared error, ten times over, and a constant:
#
#     −log p(x|z) = ‖x − m‖²/(2 · 0.05) + const                         → likelihoods.Gaussian.log_prob
#
# What is new is the sample z = μ + σ ε where the code was, and the KL.

# %%
model, plain, history = {}, {}, {}
for Z in (2, 8):
    plain[Z] = Autoencoder(D, Z, hidden, backend="numpy")
    learn(plain[Z], data.train, epochs, label=f"autoencoder, {Z} numbers")
    model[Z] = VAE(D, Z, hidden, likelihood=Gaussian(variance), backend="numpy")
    history[Z] = learn(model[Z], data.train, epochs, label=f"VAE, {Z} latents")
    bound = elbo(model[Z], data.test, rng, n_samples=10)
    print(f"{Z} latents: test ELBO {bound.elbo.mean():.2f} = {bound.reconstruction.mean():.2f} − "
          f"{bound.kl.mean():.2f} nats")

drawn, panels = figure(1, 2, size=(9, 3.4))
for axes, Z in zip(panels, (2, 8)):
    reports = history[Z]
    steps = [report.epoch for report in reports]
    axes.plot(steps, [-report.reconstruction for report in reports], "k:", label="E_q[log p(x|z)]")
    axes.plot(steps, [-report.loss for report in reports], "k", label="ELBO")
    axes.fill_between(steps, [-report.loss for report in reports], [-report.reconstruction for report in reports],
                      color="0.85", label="between them: KL(q(z|x) ‖ p(z))")
    axes.set_title(f"{Z} latents: the code costs {reports[-1].kl:.1f} nats")
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats per training image")
    axes.set_ylim(bottom=-reports[len(reports) // 20].loss)                     # the first epochs lie far below
    axes.legend(loc="lower right")
save(drawn, "05-training")

# %% [markdown]
# ![training curves](figures/05-training.png)
#
# The ELBO of grey pixels is a log-*density*, and may be positive: tutorial 3 says why. The code is not free:
# its price, in nats, is the KL. Eight latents tell more about an image than two, and cost more.
#
# ## Each image claims a region
#
# With two latents we can look. Left: the plane decoded on a grid, over the same square for every VAE, since the
# prior says where codes are. Right: the true posterior p(z|x) of ten test images, computed on a grid, point by
# point (possible with two latents, hopeless with eight), and in dashes what the encoder says, q(z|x).
#
#     p(z|x) = p(x|z) p(z) / p(x)                                       → inference.other_models.FixedDecoder

# %%
steps, reach, side = 14, 3.2, 90
line = np.linspace(-reach, reach, steps)
grid = np.stack(np.meshgrid(line, line[::-1]), axis=-1).reshape(-1, 2)
drawn, (left, right) = figure(1, 2, size=(11, 5.4))
decoded = model[2].decode(grid.astype("float32"))
left.imshow(tile(decoded, data.shape, steps), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest",
            extent=(-reach, reach, -reach, reach))
left.set_title("Decoded: digits pass into each other")

fine = np.linspace(-reach, reach, side)
points = np.stack(np.meshgrid(fine, fine), axis=-1).reshape(-1, 2)
cell = (fine[1] - fine[0]) ** 2


def posterior_and_q(x):
    """The densities p(z|x) and q(z|x) of one image x (D,) at all the points. -> (side²,) each"""
    log_joint = FixedDecoder(model[2], x).log_joint(points)                     # log p(x|z) + log p(z)
    posterior = np.exp(log_joint - log_joint.max())
    mean, scale = (part[0] for part in model[2].encode(x[None]))
    log_q = -0.5 * (((points - mean) / scale) ** 2 + 2 * np.log(scale) + math.log(2 * math.pi)).sum(axis=1)
    return posterior / (posterior.sum() * cell), np.exp(log_q)


def level_of(density, mass=0.95):
    """The density above which this share of the probability lies."""
    ordered = np.sort(density)[::-1]
    return ordered[np.searchsorted(np.cumsum(ordered) * cell, mass * ordered.sum() * cell)]


for label in range(10):
    image = data.test[np.flatnonzero(data.test_labels == label)[1]]
    posterior, q_density = (density.reshape(side, side) for density in posterior_and_q(image))
    right.contourf(fine, fine, posterior, [level_of(posterior.ravel()), np.inf], colors=["0.75"])
    right.contour(fine, fine, q_density, [level_of(q_density.ravel())], colors="k", linestyles="--", linewidths=1)
    top = points[posterior.argmax()]
    right.text(*top, str(label), ha="center", va="center", weight="bold")
    mean = model[2].encode(image[None])[0][0]
    right.annotate("", mean, top, arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.8})
right.set_aspect("equal")
right.set_title("95 % of p(z|x) (grey), of q(z|x) (dashed): ten test images")
for axes in (left, right):
    axes.set_xlabel("z₁ (standard deviations of the prior)")
    axes.set_ylabel("z₂ (standard deviations of the prior)")
save(drawn, "05-latent-plane")


def overlap(densities):
    return float(np.minimum(*densities).sum() * cell)                           # 1: equal, 0: nothing in common


seen = np.median([overlap(posterior_and_q(x)) for x in data.train[:20]])
new = np.median([overlap(posterior_and_q(x)) for x in data.test[:20]])
least = 0.3 if on_digits else 0.05                              # posteriors given 784 pixels are far narrower
claim(f"in the median, q has {seen:.0%} of its mass in common with p(z|x) of an image that it was trained with, "
      f"{new:.0%} of a new one", seen > least and new > 0.5 * least)

# %% [markdown]
# ![the latent plane, and posteriors](figures/05-latent-plane.png)
#
# A thin line joins each q with its image's posterior where the two lie apart: there the encoder, which never
# saw this image, is wrong. To amortize is not free: the amortization gap is measured in
# [tutorial 8](08_how_good_is_it.py).
#
# These regions are the point. Since z is *drawn* from q(z|x), the decoder must make the same image from the
# whole region: so neighbours agree. Since the KL pulls every region towards N(0, I), regions crowd together
# around 0 and leave few holes.
#
# ## The same measurements as in tutorial 2
#
# Now the codes are to be drawn from N(0, I), because the model says so. The autoencoder may use the Gaussian that
# fits its codes best. A VAE's codes are draws of z from q(z|x), one for each image.

# %%
def judge(autoencoder, codes, new, standard, eps, decoded):
    """The measures of tutorial 2. codes, new: of training and test images; standard: the same two, where ε lives"""
    neighbour = distances(new, codes).argmin(axis=1)
    return {"near data": share_near(decoded, data),
            "told apart": told_apart(decoded, autoencoder.decode(codes.astype("float32"))),
            "in holes": share_in_holes(*standard, eps),
            "KL, nats": kl_from_standard_normal(standard[0], np.random.default_rng(2)),
            "overlaps": (data.train_labels[neighbour] != data.test_labels[:len(new)]).mean(),
            "test error": ((data.test - autoencoder.reconstruct(data.test)) ** 2).sum(axis=1).mean()}


def draw_codes(vae, x):
    """z ~ q(z|x), one for each image.    x (N, D) -> (N, Z)"""
    mean, scale = vae.encode(x)
    return mean + scale * rng.standard_normal(mean.shape)


results, draws = {}, {}
for Z in (2, 8):
    codes, new = (plain[Z].represent(x[:2000]).astype("float64") for x in (data.train, data.test))
    m, C = codes.mean(axis=0), np.linalg.cholesky(np.cov(codes.T))
    standard = [np.linalg.solve(C, (z - m).T).T for z in (codes, new)]
    eps = rng.standard_normal(codes.shape)
    draws[Z, "autoencoder"] = plain[Z].decode((m + eps @ C.T).astype("float32"))
    results[Z, "autoencoder"] = judge(plain[Z], codes, new, standard, eps, draws[Z, "autoencoder"])
    codes, new = (draw_codes(model[Z], x[:2000]) for x in (data.train, data.test))
    draws[Z, "VAE"] = model[Z].decode(eps.astype("float32"))
    results[Z, "VAE"] = judge(model[Z], codes, new, (codes, new), eps, draws[Z, "VAE"])
print(" " * 25 + "".join(f"{measure:>12}" for measure in results[8, "VAE"]))
for (Z, name), result in results.items():
    print(f"  {Z} latents, {name:<12}" + "".join(
        f"{value:>12.2f}" if measure in ("KL, nats", "test error") else f"{value:>12.0%}"
        for measure, value in result.items()))

# %%
ours, theirs = results[8, "VAE"], results[8, "autoencoder"]
overlaps = {name: [results[Z, name]["overlaps"] for Z in (2, 8)] for name in ("VAE", "autoencoder")}
if on_digits:
    claim(f"8 latents: {ours['near data']:.0%} of the VAE's draws are near data, of the autoencoder's "
          f"{theirs['near data']:.0%}", ours["near data"] > theirs["near data"] + 0.08)
    claim(f"draws are told from decoded codes in {ours['told apart']:.0%} of all cases, the autoencoder's in "
          f"{theirs['told apart']:.0%}", ours["told apart"] < theirs["told apart"] - 0.03)
    claim(f"{ours['in holes']:.0%} of them fall into holes, {theirs['in holes']:.0%} of the autoencoder's",
          ours["in holes"] < theirs["in holes"] - 0.1)
    claim(f"its codes are {ours['KL, nats']:.2f} nats from the prior, the autoencoder's {theirs['KL, nats']:.2f} "
          "from their best Gaussian", 1.3 * ours["KL, nats"] < theirs["KL, nats"])
    claim("and the price? Regions overlap: the nearest code of a test image is another digit's in {:.0%} (2 latents) "
          "and {:.0%} (8), not {:.0%} and {:.0%}".format(*overlaps["VAE"], *overlaps["autoencoder"]),
          sum(overlaps["VAE"]) > sum(overlaps["autoencoder"]) + 0.02)
    claim(f"and the squared error of test images is {ours['test error']:.2f}, not {theirs['test error']:.2f}",
          theirs["test error"] < ours["test error"] < 1.4 * theirs["test error"])

# %%
drawn, panels = figure(2, 1, size=(9, 3.2))
for axes, (name, source) in zip(panels, (("autoencoder", "the best Gaussian"), ("VAE", "N(0, I)"))):
    axes.imshow(tile(draws[8, name][:32], data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(f"{name}, 8 latents, codes from {source}: {results[8, name]['in holes']:.0%} fall into holes")
    axes.axis("off")
save(drawn, "05-samples")

# %% [markdown]
# ![samples of both](figures/05-samples.png)
#
# With two latents there is little between the two models: a plane is soon filled, and a Gaussian that fits the
# codes does well. With eight, most of the space is empty, and the prior makes the difference. Better, and not
# perfect: many draws still fall into holes, since the VAE's codes are not *exactly* N(0, I) either. Averaged over
# all images, q(z|x) would have to be the prior, and the ELBO only asks each q(z|x) not to be far from it: the
# aggregate posterior doesn't match the prior.
#
# Nor is it so everywhere. On MNIST (`--data mnist`), with the same σ² and 8 latents, 52 % of the VAE's draws
# fell into holes, and 33 % of the autoencoder's: 784 pixels, each with a say of 1/(2 · 0.05), outweigh the KL,
# and what is left is an autoencoder with a little noise. The weight decides, and [tutorial
# 6](06_two_readings.py) turns it.
#
# ## From one image to another
#
# Go in a straight line between the codes of two images, and decode on the way. With holes between the codes the
# middle of such a line is nowhere; a fair test, since no Gaussian and no prior enters.

# %%
pairs = rng.permutation(len(data.test))[:298].reshape(2, -1)
halfway = {}
for name, autoencoder in (("autoencoder", plain[8]), ("VAE", model[8])):
    start, end = (autoencoder.represent(data.test[side]) for side in pairs)
    halfway[name] = share_near(autoencoder.decode(0.5 * (start + end)), data)
halfway["pixels"] = share_near(0.5 * (data.test[pairs[0]] + data.test[pairs[1]]), data)
print("halfway between two test images, share near data: "
      + ", ".join(f"{name} {share:.0%}" for name, share in halfway.items()))
if on_digits:
    claim(f"halfway images of the VAE are near data more often than the autoencoder's: {halfway['VAE']:.0%} against "
          f"{halfway['autoencoder']:.0%}", halfway["VAE"] > halfway["autoencoder"])

weights = np.linspace(0, 1, 11, dtype="float32")[:, None]
first, last = (data.test[data.test_labels == label][0] for label in (3, 6))
rows = [first + weights * (last - first)]
for autoencoder in (plain[8], model[8]):
    start, end = (autoencoder.represent(image[None]) for image in (first, last))
    rows.append(autoencoder.decode(start + weights * (end - start)))
drawn, axes = figure(size=(8, 2.9))
axes.imshow(tile(np.concatenate(rows), data.shape, 11), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
side = data.shape[0] + 1
axes.set_yticks([side * (i + 0.5) - 1 for i in range(3)], ["pixels", "autoencoder", "VAE"])
axes.set_xticks([side * (i + 0.5) - 1 for i in (0, 5, 10)], ["one image", "halfway", "the other"])
axes.set_ylabel("straight line in")
axes.set_xlabel("share of the way")
axes.set_title(f"Halfway images near data: pixels {halfway['pixels']:.0%}, autoencoder {halfway['autoencoder']:.0%}, "
               f"VAE {halfway['VAE']:.0%} (149 pairs)")
save(drawn, "05-interpolation")

# %% [markdown]
# ![interpolation](figures/05-interpolation.png)
#
# ## What was bought
#
# The VAE is a *model of images*: it gives each image a probability, and one can ask for it. By importance
# sampling ([tutorial 8](08_how_good_is_it.py)), with the encoder's q to propose where to look:

# %%
few = data.test[:100]
bound, log_px = elbo(model[8], few, rng, n_samples=50).elbo, log_likelihood(model[8], few, rng, n_samples=500)
short = (log_px - bound).mean()
claim(f"ELBO {bound.mean():.2f} ≤ log p(x) ≈ {log_px.mean():.2f} nats: the bound is short by {short:.2f}, the KL "
      "between q and the true posterior", 0 < short < (10 if on_digits else 50))
half = min(len(data.test) // 2, 200)
negatives, mixed = (elbo(model[8], x, rng, n_samples=50).elbo
                    for x in (1 - few, 0.5 * (data.test[:half] + data.test[half:2 * half])))
print(f"ELBO of photographic negatives {negatives.mean():.0f}, of two digits laid over each other {mixed.mean():.1f}")
if on_digits:
    claim("negatives are far below; but two digits laid over each other are nearly as probable as digits",
          negatives.mean() < bound.mean() - 50 and abs(mixed.mean() - bound.mean()) < 6)

# %% [markdown]
# So a high p(x) is no proof that x belongs to the data: a likelihood is a poor detector of what is strange
# (Nalisnick et al. 2019).
#
# ## What to try next
#
# - Exercises 5 to 9: Bernoulli, the sample, the KL, the Gaussian, and *The whole VAE: where two paths meet*.
#   Exercises 16 to 21 are VAEs with a bug that nobody notices: exercise 20 has one of those that you saw above.
# - `python -m minivae train` makes the pictures of the README; `--likelihood`, `--posterior`, `--bound` change
#   the model.
# - Turn the variance 0.05 up and down: it is the exchange rate between squared error and nats.
#   [Tutorial 6](06_two_readings.py) does just that.
