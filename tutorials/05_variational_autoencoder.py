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
# **Time.** 40 minutes to read, 25 seconds to run: `python tutorials/05_variational_autoencoder.py` (or `--data
# mnist`).

# %%
import math

import numpy as np
from lesson import DATA, claim, figure, images, learn, options, save
from measures import kl_from_standard_normal, share_near, told_apart

from minivae import VAE, Autoencoder, Gaussian
from minivae.evaluation import elbo, log_likelihood
from minivae.inference import FixedDecoder
from minivae.layers import mlp, mlp_backward
from minivae.plots import tile
from minivae.posteriors import prior_log_prob

args = options("Tutorial 5: the variational autoencoder.", **DATA)
data = images(args)
D, epochs = data.train.shape[1], 100 if args.data == "digits" else 10
hidden = (300, 150) if args.data == "digits" else (500,)
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
#     p(x) = ∫ p(x|z) p(z) dz                                           → evaluation.log_likelihood
#
# Tutorial 3 fitted a q(z) to one such posterior by turning its knobs. We have thousands of images, and an x
# that was never seen should not need a fit of its own. So a second network, the **encoder**, looks at x and
# says at once how the knobs stand: amortized inference.
#
#     q(z|x) = N(μ(x), diag σ²(x))                                      → posteriors.DiagonalGaussian
#     ELBO = E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))  ≤  log p(x)           → vae.VAE.loss_and_grad
#
# Raising the ELBO trains the decoder (more probable data) and the encoder (a better q) with one number.
#
# ## The page, line by line
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
claim(f"without the way through the KL, the gradient is off by {off:.1%} of its norm", off > 1e-3)

# %% [markdown]
# That is all. [vae.py](../minivae/vae.py) has these lines in the same order, and beside them what changes for
# other bounds. Every step is derived in [derivations.md](derivations.md). The last claim is a warning: with so
# small an error the loss falls all the same, and where nobody checks, nobody notices.
#
# ## Why log-variance?
#
# Why does the encoder emit log σ², and not σ? A network emits any real number, and σ must be positive: exp sees
# to that. And the KL needs log σ² itself: taken from σ it would be a logarithm of something that may round to
# zero. There is a price: read a log-*variance* as a log-*standard-deviation* in one place and all gradients are
# still right, of the wrong objective. Only a test against the definition sees it, such as this one: is the
# spread of the samples what the KL believes?
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
# "My VAE only draws the mean image" is this, more often than anything else.

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
claim(f"the encoder found most posteriors: in the median its q has {seen:.0%} of its mass in common with p(z|x) "
      f"of an image that it was trained with, {new:.0%} of a new one", seen > 0.3)

# %% [markdown]
# ![the latent plane, and posteriors](figures/05-latent-plane.png)
#
# A thin line joins each q with its image's posterior where the two lie apart: there the encoder, which never
# saw this image, is wrong. What that costs is called the amortization gap, and measured in [tutorial
# 8](08_how_good_is_it.py).
#
# These regions are the point. Since z is *drawn* from q(z|x), the decoder must make the same image from the
# whole region: so neighbours agree. Since the KL pulls every region towards N(0, I), regions crowd together
# around 0 and leave few holes.
#
# ## The same measurements as in tutorial 2
#
# Now the codes are to be drawn from N(0, I), because the model says so. The autoencoder may use the Gaussian
# that fits its codes best.

# %%
def judge(codes, standardized, decoded, autoencoder):
    noise = np.random.default_rng(2)
    return (share_near(decoded, data), kl_from_standard_normal(standardized[:2000], noise),
            told_apart(decoded, autoencoder.reconstruct(data.train[:2000])))


print(f"{'':28}{'test error':>12}{'near data':>12}{'KL, nats':>12}{'told apart':>12}")
near, gap, error, draws = {}, {}, {}, {}
for Z in (2, 8):
    codes = plain[Z].represent(data.train)[:2000].astype("float64")
    m, C = codes.mean(axis=0), np.linalg.cholesky(np.cov(codes.T))
    fitted = m + rng.standard_normal(codes.shape) @ C.T
    mean, scale = model[Z].encode(data.train[:2000])
    sampled = (mean + scale * rng.standard_normal(mean.shape)).astype("float64")         # z ~ q(z|x), one for each x
    prior = rng.standard_normal(mean.shape)
    for name, autoencoder, codes, standardized, z in (
            ("autoencoder, fitted", plain[Z], codes, np.linalg.solve(C, (codes - m).T).T, fitted),
            ("VAE, N(0, I)", model[Z], sampled, sampled, prior)):
        draws[Z, name] = autoencoder.decode(z.astype("float32"))
        near[Z, name], gap[Z, name], apart = judge(codes, standardized, draws[Z, name], autoencoder)
        error[Z, name] = float(((data.test - autoencoder.reconstruct(data.test)) ** 2).sum(axis=1).mean())
        print(f"  {Z} latents, {name:<19}{error[Z, name]:>9.2f}{near[Z, name]:>12.0%}{gap[Z, name]:>12.2f}"
              f"{apart:>12.0%}")
ours, theirs = near[8, "VAE, N(0, I)"], near[8, "autoencoder, fitted"]
claim(f"8 latents: {ours:.0%} of the VAE's draws are near data, of the autoencoder's {theirs:.0%}",
      ours > theirs + 0.08)
ours, theirs = gap[8, "VAE, N(0, I)"], gap[8, "autoencoder, fitted"]
claim(f"8 latents: the VAE's codes are {ours:.2f} nats from the prior, the autoencoder's {theirs:.2f} from their "
      "best Gaussian", 1.3 * ours < theirs)
ours, theirs = error[8, "VAE, N(0, I)"], error[8, "autoencoder, fitted"]
claim(f"and what does that cost? The squared error of test images: {ours:.2f} against {theirs:.2f}",
      ours < 1.3 * theirs)

# %%
names = ("autoencoder, fitted", "VAE, N(0, I)")
rows = [draws[8, names[0]][:32], draws[8, names[1]][:32]]
drawn, panels = figure(2, 1, size=(9, 3.2))
for axes, row, name in zip(panels, rows, names):
    axes.imshow(tile(row, data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(f"{name}: {near[8, name]:.0%} of random codes decode near data (8 latents, 32 of them)")
    axes.axis("off")
save(drawn, "05-samples")

# %% [markdown]
# ![samples of both](figures/05-samples.png)
#
# With two latents there is little between the two models: a plane is soon filled, and a Gaussian that fits the
# codes does well. With eight, most of the space is empty, and the prior tells. Better, and not perfect: the
# VAE's codes are not *exactly* N(0, I) either, as the KL column says. Averaged over all images, q(z|x) would
# have to be the prior, and the ELBO only asks each q(z|x) not to be far from it: the aggregate posterior
# doesn't match the prior.
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
claim(f"ELBO {bound.mean():.2f} ≤ log p(x) ≈ {log_px.mean():.2f} nats: the bound is short by "
      f"{(log_px - bound).mean():.2f}, the KL between q and the true posterior", 0 < (log_px - bound).mean() < 10)
strange = elbo(model[8], 1 - few, rng, n_samples=50).elbo
claim(f"photographic negatives of the same digits: ELBO {strange.mean():.0f} nats; it knows what it has never seen",
      strange.mean() < bound.mean() - 50)

# %% [markdown]
# ## What to try next
#
# - Exercises 5 to 9: Bernoulli, the sample, the KL, the Gaussian, and *The whole VAE: where two paths meet*.
#   Exercises 16 to 21 are VAEs with a bug that nobody notices: exercise 20 has one of those that you saw above.
# - `python -m minivae train` makes the pictures of the README; `--likelihood`, `--posterior`, `--bound` change
#   the model.
# - Turn the variance 0.05 up and down: it is the exchange rate between squared error and nats.
#   [Tutorial 6](06_two_readings.py) does just that.
