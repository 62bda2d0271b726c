# %% [markdown]
# # 7 · Decoders: what the pixels are drawn from
#
# **What you'll do.** Train the same VAE with four likelihoods p(x|z), of three families, on the same 8x8 digits,
# draw from each, and compare their log-likelihoods where they can be compared.
#
# **What you'll learn.** What "squared error" and "cross-entropy" assume; why a decoder's mean is blurry and its
# sample noisy; how a learned variance ruins a model with a splendid number; and where NaN comes from.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py).
#
# **Time.** 30 minutes to read, 15 seconds to run: `python tutorials/07_decoders.py`.

# %%
import math

from lesson import claim, figure, learn, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import SGD, VAE, Bernoulli, Categorical, Gaussian
from minivae.autoencoder import CrossEntropy, SquaredError
from minivae.datasets import binarize, digits, quantize, threshold
from minivae.errors import Diverged
from minivae.evaluation import elbo, log_likelihood
from minivae.likelihoods import sigmoid, softplus
from minivae.plots import tile
from minivae.training import train

options("Tutorial 7: decoders, what the pixels are drawn from.")
data = digits()
D, LEVELS, EPOCHS = 64, 17, 30
claim(f"each pixel takes one of {LEVELS} grey levels, 0, 1/16, ..., 1",
      np.array_equal(np.unique(data.train), np.arange(LEVELS, dtype="float32") / 16))

# %% [markdown]
# ## Three kinds of pixel
#
# The decoder emits numbers a for each z. The likelihood says of what distribution they are the parameters. All
# that is special to it stands in [likelihoods/](../minivae/likelihoods/__init__.py): a log-probability, its gradient, a
# mean and a sample. Three families, for three kinds of data:
#
#     log p(x|z) = Σ_d [x_d a_d − softplus(a_d)]                         → likelihoods.Bernoulli.log_prob
#     log p(x|z) = −½ Σ_d [(x_d − m_d)²/σ² + log σ² + log 2π]            → likelihoods.Gaussian.log_prob
#     log p(x|z) = Σ_d log softmax(a_d)[x_d]                             → likelihoods.Categorical.log_prob
#
# A Bernoulli gives probability to zeros and ones. A Gaussian gives a *density* to real numbers. A Categorical
# gives probability to K kinds, of whose order it knows nothing. Their gradients are alike, "data minus
# prediction" (derived for the [Bernoulli](derivations.md#bernoulli), the [Gaussian](derivations.md#gaussian) and
# the [Categorical](derivations.md#categorical)):
#
#     ∂log p/∂a = x − sigmoid(a)                                         → likelihoods.Bernoulli.log_prob_backward
#     ∂log p/∂m = (x − m)/σ²                                             → likelihoods.Gaussian.log_prob_backward
#     ∂log p/∂a[k] = 1{k = x} − π[k]                                    → likelihoods.Categorical.log_prob_backward
#
# The same digits serve all three, once they are made fit: `binarize` draws each pixel black or white with its
# grey value as the probability, `threshold` cuts at a half, and `quantize` turns the 17 greys into 0 to 16.

# %%
rng = np.random.default_rng(0)
black_white, whole = binarize(data.test, rng), quantize(data.test, LEVELS)
for likelihood, x in ((Bernoulli(), black_white), (Bernoulli(), threshold(data.test)), (Gaussian(), data.test),
                      (Categorical(LEVELS), whole)):
    likelihood.check(x)                         # raises InputError for data that it can't describe
print("16 pixels of a test image, grey:", " ".join(f"{v:.2f}" for v in data.test[0, 16:32]))
print("               black and white: ", "    ".join(f"{v:.0f}" for v in black_white[0, 16:32]))
print("               of 17 kinds:     ", "   ".join(f"{v:2.0f}" for v in whole[0, 16:32]))


def fitted(likelihood, x, transform=None, seed=0):
    """A VAE of 8 latents, trained on x"""
    vae = VAE(D, 8, (100,), likelihood=likelihood, backend="numpy", seed=seed)
    if "s" in likelihood.parameter_shapes():
        vae.parameters["likelihood.s"][...] = math.log(0.05)       # the next section says why
    learn(vae, x, EPOCHS, seed=seed, transform=transform, label=type(likelihood).__name__)
    return vae


vaes = {"Bernoulli": fitted(Bernoulli(), data.train, binarize),
        "Gaussian, shared σ²": fitted(Gaussian("shared"), data.train),
        "Gaussian, σ² per pixel": fitted(Gaussian("per-pixel", floor=0.01), data.train),
        "Categorical": fitted(Categorical(LEVELS), quantize(data.train, LEVELS))}
tests = dict(zip(vaes, (black_white, data.test, data.test, whole)))
for name, vae in vaes.items():
    bound = elbo(vae, tests[name], rng, n_samples=10)
    print(f"  {name:<24} test ELBO {bound.elbo.mean():8.2f} nats = {bound.reconstruction.mean():7.2f} "
          f"− KL {bound.kl.mean():5.2f}")

# %% [markdown]
# Don't compare these numbers yet. The first is about black-and-white images, the last about 17 kinds, and those
# between are densities, which may be positive. Further down we compare what can be compared.
#
# ## Is MSE a Gaussian, and cross-entropy a Bernoulli?
#
# Yes, each up to things that matter. A Gaussian with a *fixed* σ² is the squared error, divided by 2σ², plus a
# constant; its gradient is the squared error's, times 1/(2σ²):
#
#     −log N(x; m, σ² I) = ‖x − m‖²/(2σ²) + D/2 log(2πσ²)                → next cell
#
# And the cross-entropy *of zeros and ones* is minus the log-probability of a Bernoulli, with nothing left over:
#
#     −log p(x|z) = −Σ_d [x_d log π_d + (1 − x_d) log(1 − π_d)]          → next cell

# %%
x, a = data.test.astype("float64"), rng.standard_normal((len(data.test), D))
ones, variance = np.ones(len(x)), 0.05
squared, gaussian = SquaredError(), Gaussian(variance)
constant = D / 2 * math.log(2 * math.pi * variance)
claim("−log N(x; m, σ² I) is the squared error/(2σ²), plus a constant, to 1e-10",
      np.abs(-gaussian.log_prob(x, a) - squared.loss(x, a) / (2 * variance) - constant).max() < 1e-10)
claim("and its gradient that of the squared error/(2σ²)",
      np.allclose(-gaussian.log_prob_backward(ones, x, a), squared.loss_backward(ones, x, a) / (2 * variance),
                  rtol=1e-12, atol=0))
pi, b = 1 / (1 + np.exp(-a)), black_white.astype("float64")
by_hand = -(b * np.log(pi) + (1 - b) * np.log(1 - pi)).sum(axis=1)
claim("the cross-entropy of zeros and ones is −log p of a Bernoulli",
      np.allclose(by_hand, -Bernoulli().log_prob(b, a), rtol=1e-12, atol=0)
      and np.allclose(by_hand, CrossEntropy().loss(b, a), rtol=1e-12, atol=0))

# %% [markdown]
# Two things hide in "divided by 2σ², plus a constant".
#
# **σ² is the weight of the reconstruction.** Multiply the loss of a fixed σ² by 2σ²:
#
#     2σ² · (−ELBO) = E_q ‖x − m‖² + 2σ² KL + const                      → next cell
#
# So "squared error + KL", the error summed over the pixels, is not free of choices: it is a Gaussian with σ² = ½,
# a standard deviation of 0.71, for pixels that lie between 0 and 1. A true MSE, the *mean* over the pixels, is
# σ² = D/2 = 32, a standard deviation of 5.7. And a weight β on the KL, with a squared error, is another σ²:
# 2σ² = β.
#
# **σ² can be learned.** For any m, the best σ² that all pixels share is the mean squared error. The library learns
# s, with σ² = floor + exp(s), a small floor. Set to zero:
#
#     ∂log p/∂s = ½ Σ_d [(x_d − m_d)²/σ² − 1] · exp(s)/σ²                → likelihoods.Gaussian.log_prob_backward
#
# (the last factor is ∂log σ²/∂s) and σ² = mean of (x − m)² comes out. Put in, the ELBO's first term is
# −D/2 [log(2π · mean squared error) + 1]: a learned variance turns the squared error into its logarithm.

# %%
eps = vaes["Bernoulli"].draw_noise(rng, 500)
half, one = (VAE(D, 8, (100,), likelihood=Gaussian(v), dtype="float64", backend="numpy") for v in (0.5, 1.0))
some = data.train[:500].astype("float64")
h = half.posterior_parameters(some)
z = half.posterior.sample(h, eps.astype("float64"))[0]
plain = squared.loss(some, half.decode(z)).mean() + half.posterior.kl(h).mean()         # squared error + KL
by_half = float(half.loss_and_grad(some, eps).loss) - D / 2 * math.log(2 * math.pi * 0.5)    # less the constant
by_beta = 2 * (float(one.loss_and_grad(some, eps, beta=0.5).loss) - D / 2 * math.log(2 * math.pi))
claim(f"squared error + KL is σ² = ½, {plain:.6f} and {by_half:.6f}, and twice σ² = 1 with β = ½, {by_beta:.6f}",
      max(abs(plain - by_half), abs(plain - by_beta)) < 1e-9 * plain)

shared = vaes["Gaussian, shared σ²"]
z = shared.posterior.sample(shared.posterior_parameters(data.train), shared.draw_noise(rng, len(data.train)))[0]
outputs = shared.likelihood_parameters(z).astype("float64")
train_x = data.train.astype("float64")
mse = float(((train_x - shared.likelihood.mean(outputs)) ** 2).mean())
learned = shared.likelihood.floor + math.exp(float(shared.parameters["likelihood.s"][0]))
before = shared.likelihood.log_prob(train_x, outputs).mean()
outputs[:, -1] = math.log(mse - shared.likelihood.floor)                # σ² = the mean squared error, exactly
slope = shared.likelihood.log_prob_backward(np.ones(len(train_x)), train_x, outputs)[:, -1].sum()
claim(f"at σ² = mean squared error ({mse:.4f}), the derivative by s vanishes: {abs(slope):.0e} nats over "
      f"{len(train_x)} images", abs(slope) < 1e-6)
best = shared.likelihood.log_prob(train_x, outputs).mean()
claim(f"and log p is the closed form, {best:.4f} nats",
      abs(best + D / 2 * (math.log(2 * math.pi * mse) + 1)) < 1e-9)
shared.parameters["likelihood.s"][...] = outputs[0, -1]
claim(f"Adam's σ² was {learned:.4f}; setting it gains {best - before:.2f} nats per training image, no step needed",
      0 < best - before < 10)

# %% [markdown]
# One number that all pixels hang on is worth a look. The library starts σ² at 1, and a step of Adam moves any
# parameter by about the learning rate at most: log σ² needs many steps to come down to −4. So we started it at log
# 0.05, and even then it had not arrived. Setting it to the mean squared error now and then costs one line.
#
# What does the weight do? Here is the same VAE with three fixed variances.

# %%
fixed = {v: fitted(Gaussian(v), data.train) for v in (1.0, 0.1, 0.01)}
weights, rows = {}, [data.test[:14]]
for v, vae in fixed.items():
    kl = elbo(vae, data.test, rng).kl.mean()
    error = float(SquaredError().loss(data.test, vae.reconstruct(data.test)).mean())
    weights[v] = kl, error
    rows.append(vae.reconstruct(data.test[:14]))
    print(f"  σ² = {v:<5} KL {kl:5.2f} nats, squared error {error:.2f} per test image")
drawn, axes = figure(size=(9, 3.1))
side = data.shape[0] + 1
axes.imshow(tile(np.concatenate(rows), data.shape, 14), cmap="gray_r", vmin=0, vmax=1)
axes.set_yticks([side * i + side / 2 for i in range(4)],
                ["test images"] + [f"σ² = {v}: KL {kl:.1f} nats" for v, (kl, _) in weights.items()])
axes.set_xticks([])
axes.set_ylabel("mean E[x|z], by σ²")
axes.set_xlabel("14 test images")
axes.set_title("One decoder, three variances: at σ² = 1 the code isn't worth its price")
save(drawn, "07-weight")

# %%
claim(f"with σ² = 1 the code is empty: KL {weights[1.0][0]:.3f} nats", weights[1.0][0] < 0.1)
claim(f"the smaller σ², the more nats the code may cost ({weights[0.1][0]:.1f}, {weights[0.01][0]:.1f}) and the "
      f"smaller the error ({weights[0.1][1]:.2f}, {weights[0.01][1]:.2f})",
      weights[1.0][0] < weights[0.1][0] < weights[0.01][0]
      and weights[1.0][1] > weights[0.1][1] > weights[0.01][1])

# %% [markdown]
# ![reconstructions under three variances](figures/07-weight.png)
#
# A VAE that decodes everything to one grey blob is often no bug at all, but a σ² that nobody chose.
#
# ## Grey pixels and cross-entropy: a loss, but no likelihood
#
# The formula x a − softplus(a) takes a grey x without complaint; many a VAE is trained so. What is it the
# logarithm of? Not of a density: its integral over x from 0 to 1 is
#
#     ∫ exp(x a − softplus(a)) dx = tanh(a/2)/a                          → next cell
#
# which is ½ at a = 0 and falls from there. Nor is it a probability of 17 levels. Summed over them it is:

# %%
nodes, weights_ = np.polynomial.legendre.leggauss(60)                   # quadrature on [−1, 1]
nodes, weights_ = (nodes + 1) / 2, weights_ / 2                         # on [0, 1]
bernoulli, levels = Bernoulli(), np.arange(LEVELS) / 16
off, integrals, totals = [], [], []
print("     logit a    integral    sum over 17 levels    normalizer C(a)")
for logit in (-8.0, -2.0, 0.0, 0.5, 2.0, 8.0):
    at_nodes = np.exp(bernoulli.log_prob(nodes[:, None], np.full((60, 1), logit)))
    integral = float(weights_ @ at_nodes)
    total = float(np.exp(bernoulli.log_prob(levels[:, None], np.full((LEVELS, 1), logit))).sum())
    known = math.tanh(logit / 2) / logit if logit else 0.5
    print(f"    {logit:8.1f}{integral:12.4f}{total:22.3f}{1 / known:19.3f}")
    off.append(abs(integral - known))
    integrals.append(integral)
    totals.append(total)
claim(f"at every logit the integral is tanh(a/2)/a, to {max(off):.0e}, at most ½; the sum over levels is above 1",
      max(off) < 1e-12 and max(integrals) < 0.5 + 1e-12 and min(totals) > 1)

# %% [markdown]
# Divide by the integral and you have a density, the *continuous Bernoulli* (Loaiza-Ganem & Cunningham 2019). Its
# normalizer is C(a) = a/tanh(a/2): at least 2, so that every pixel's log-density is higher than "the
# cross-entropy's" by log 2 or more. How much more depends on a, so that leaving it out also moves the optimum:
# this is no constant.
#
# Nor does the loss end at 0. Its least value, at π = x, is the entropy of each pixel:
#
#     min over a of [softplus(a) − x a] = −x log x − (1 − x) log(1 − x)  → next cell

# %%
safe = np.clip(x, 1e-12, 1 - 1e-12)
least = -(safe * np.log(safe) + (1 - safe) * np.log(1 - safe)).sum(axis=1)
attained = CrossEntropy().loss(x, np.log(safe / (1 - safe)))
claim(f"a perfect reconstruction of grey test images still has a cross-entropy of {least.mean():.2f} nats",
      np.allclose(least, attained, rtol=1e-6) and 10 < least.mean() < 25)
perfect = CrossEntropy().loss(b, np.where(b > 0, 40.0, -40.0))
claim(f"of the black-and-white ones it has {perfect.mean():.0e}", perfect.max() < 1e-12)
many = np.mean([bernoulli.log_prob(binarize(data.test, rng).astype("float64"), a) for _ in range(400)], axis=0)
off = np.abs(many - bernoulli.log_prob(x, a))
claim(f"for fixed logits, log p averaged over 400 binarizations is −cross-entropy, within {off.mean():.2f} nats",
      off.mean() < 0.4 and abs((many - bernoulli.log_prob(x, a)).mean()) < 0.1)

# %% [markdown]
# The last line is why it works in practice. The formula is linear in x, so the decoder gets the gradient that it
# would get, on average, from images binarized again at each step. As a *loss for the mean* grey cross-entropy is
# sound: the best π is E[x]. But its value is no log-probability of the grey data, and the "ELBO" made of it bounds
# nothing you could compare. (The encoder differs too: it sees the grey image, of which a binarized one tells
# less.)
#
# ## What do I sample at test time?
#
# Two draws: z ~ N(0, I), then x ~ p(x|z). That is `VAE.sample`. Most pictures in papers leave out the second and
# show the mean E[x|z], `VAE.decode` of a drawn z: call it that. The model's distribution is that of the samples:
#
#     Var[x] = Var[E[x|z]] + E[Var[x|z]]                                 → next cell
#
# The first term is what the means vary by, the second the noise of the pixels. With the means alone you leave it
# out.
#
# For a code or a reconstruction, `represent` and `reconstruct` take the mean μ of q, and draw nothing. For the
# ELBO and log p(x), draw z ~ q: at z = μ the first term is too high.

# %%
for name, vae in vaes.items():
    x_test = tests[name]
    at_mean = vae.likelihood.log_prob(x_test, vae.likelihood_parameters(vae.represent(x_test))).mean()
    by_draws = elbo(vae, x_test, rng, n_samples=10).reconstruction.mean()
    claim(f"{name}: log p(x|z) is {at_mean:.1f} nats at z = μ, {by_draws:.1f} on average over q",
          at_mean > by_draws + 1)

# %%
draw = np.random.default_rng(1)
codes = draw.standard_normal((2000, 8), dtype="float32")
rows, labels, new = [data.test[:14]], ["test images"], []
print("    variance of a draw, summed over pixels:   means    + noise   = samples       data")
spread = {}
for name, vae in vaes.items():
    outputs = vae.likelihood_parameters(codes)
    mean, sample = vae.to_grey(vae.decode(codes)), vae.to_grey(vae.likelihood.sample(outputs, draw))
    real = binarize(data.train, draw) if name == "Bernoulli" else data.train
    of_means, of_samples, of_data = (v.astype("float64").var(axis=0).sum() for v in (mean, sample, real))
    noise = float(((sample - mean).astype("float64") ** 2).mean(axis=0).sum())
    spread[name] = of_means, of_samples, of_data, noise
    print(f"    {name:<38}{of_means:11.2f}{noise:11.3g}{of_samples:12.3g}{of_data:11.2f}")
    z = vae.posterior.sample(vae.posterior_parameters(tests[name][:14]), vae.draw_noise(draw, 14))[0]
    rows += [vae.to_grey(vae.decode(z)), vae.to_grey(vae.likelihood.sample(vae.likelihood_parameters(z), draw))]
    labels += [f"{name}: mean", "sample"]
    new += [mean[:14], sample[:14]]
claim("the two terms add up to the samples' variance, within 3 %, with every likelihood",
      all(abs(m + n - s) < 0.03 * s for m, s, _, n in spread.values()))
m, s, d, _ = spread["Bernoulli"]
claim(f"the Bernoulli's samples vary as the data do, {s:.2f} and {d:.2f}; its means only by {m:.2f}",
      abs(s / d - 1) < 0.1 and m < 0.5 * d)

log_var = vaes["Gaussian, σ² per pixel"].likelihood_parameters(codes)[:, D:]
wild = (log_var > 0).any(axis=1).mean()
claim(f"σ² per pixel has no ceiling: in {wild:.0%} of the draws some pixel, made for [0, 1], has σ > 1",
      wild > 0.2)

drawn, axes = figure(size=(9, 5.2))
axes.imshow(tile(np.concatenate(rows), data.shape, 14), cmap="gray_r", vmin=0, vmax=1)
axes.set_yticks([side * i + side / 2 for i in range(9)], labels)
axes.set_xticks([])
axes.set_ylabel("likelihood, and what is shown of it")
axes.set_xlabel("14 test images, each with z drawn from its q(z|x)")
axes.set_title("The mean looks better; the sample is what the model says")
save(drawn, "07-samples")

drawn, axes = figure(size=(9, 4.7))
axes.imshow(tile(np.concatenate(new), data.shape, 14), cmap="gray_r", vmin=0, vmax=1)
axes.set_yticks([side * i + side / 2 for i in range(8)], labels[1:])
axes.set_xticks([])
axes.set_ylabel("likelihood, and what is shown of it")
axes.set_xlabel("14 draws of z from N(0, I), the same for all")
axes.set_title("New images: the means hide where a variance went wild")
save(drawn, "07-new")

# %% [markdown]
# ![means and samples](figures/07-samples.png)
#
# The samples show what the likelihood believes of a pixel, given z: independent noise. That real images don't look
# so is a failing of the likelihood (each pixel is drawn by itself), and the mean only hides it. For pictures, show
# the mean and say so. For anything that needs the distribution (log p(x), the spread of the data), use the
# samples.
#
# This picture hides one thing more: its z come from q, the table's from the prior. Here are some of the table's,
# new images (what is outside [0, 1] is shown as white or black):
#
# ![means and samples from the prior](figures/07-new.png)
#
# Where N(0, I) has mass and no training image put a code, the decoder was never asked, and a log-variance that is
# linear in the last hidden layer says anything: its exp is the huge noise of "Gaussian, σ² per pixel" in the table
# and in the picture. The means of the Gaussians also vary more than the data, for the same reason. No ELBO tells:
# at the codes of images, test images too, all is well.
#
# ## Why are the images blurry?
#
# Because a mean is an average of images. For a given encoder, and any of these likelihoods, the best mean that a
# decoder could emit at z is known: the average of the training images, each weighted by how likely its q puts it
# at z.
#
#     m(z) = Σₙ q(z|xₙ) xₙ / Σₙ q(z|xₙ)                                  → next cell
#
# (the derivative of Σₙ ∫ q(z|xₙ) log p(xₙ|z) dz vanishes there, by "data minus prediction"). Where many q's
# overlap, many images are averaged. How many? If their shares are w, exp(−Σ w log w) says how many equal shares
# that would be.

# %%
def averaged(vae, count=300):
    """Draw z from q of the first images -> the best mean there (count, D), how many images it averages, z"""
    h = vae.posterior_parameters(data.train)
    z = vae.posterior.sample(h, vae.draw_noise(np.random.default_rng(2), len(h)))[0, :count]
    mean, sigma = vae.posterior.mean_and_scale(h)
    eps = (z[:, None] - mean) / sigma                                   # the noise that would make z of each image
    log_q = vae.posterior.log_prob_of_sample(h, eps).astype("float64")
    share = np.exp(log_q - log_q.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    number = np.exp(-(share * np.log(share + 1e-300)).sum(axis=1))
    return share @ data.train, number, z


def steps(x):
    """How crisp: the mean absolute difference of neighbouring pixels, over the image's own mean grey"""
    image = x.reshape(-1, *data.shape)
    across, down = np.abs(np.diff(image, axis=2)).mean(), np.abs(np.diff(image, axis=1)).mean()
    return float((across + down) / 2 / np.abs(image).mean())


crisp = {}
for v, vae in fixed.items():
    best, number, z = averaged(vae)
    crisp[v] = steps(vae.decode(z)), float(np.median(number)), steps(best)
    print(f"  σ² = {v:<5} {crisp[v][1]:7.1f} images averaged (median); steps between neighbours: decoded "
          f"{crisp[v][0]:.2f}, best mean {crisp[v][2]:.2f}, data {steps(data.train):.2f}")
claim(f"σ² = 1 averages {crisp[1.0][1]:.0f} of {len(data.train)} images, σ² = 0.1 {crisp[0.1][1]:.0f}, "
      f"σ² = 0.01 {crisp[0.01][1]:.1f}", crisp[1.0][1] > 0.9 * len(data.train)
      and crisp[0.1][1] > 3 * crisp[0.01][1])
claim("and the fewer are averaged, the crisper is what is decoded; data are crisper still",
      crisp[1.0][0] < crisp[0.1][0] < crisp[0.01][0] < steps(data.train))

# %% [markdown]
# So blur is not a property of "VAEs", nor of the KL alone. It is what you get when (1) few nats of code tell
# images apart, (2) the likelihood draws pixels independently, so that "the stroke is here or there" can only be
# said as "half of it in both places", (3) you look at the mean, and (4) the aim is maximum likelihood, which is
# the least KL(data ‖ model): to miss an image costs without limit, to spread between images little. (In
# [tutorial 3](03_variational_inference.py) the KL is the other way round: there q is fitted, and may miss modes;
# here p(x) is, and it has to cover all.) The remedies follow: a smaller σ² (more nats, and then prior draws fall
# between the codes more often), more latents, a likelihood that knows of neighbours.
#
# ## The variance that runs to zero
#
# If one σ² is good, why not one for each pixel? Some pixels of these images are 0 in *all* of them. There m = 0 is
# exactly right, and a single such pixel contributes
#
#     log N(0; 0, σ²) = −½ log(2πσ²)                                     → next cell
#
# which has no upper end: every tenth of σ gives another log 10 = 2.3 nats, per pixel, for nothing. The library has
# a floor, σ² = floor + exp(s). Here are VAEs with a floor of 0.01, of 0.001 (the default), and with almost none,
# 10⁻⁸. The last also has almost none, but is given *dequantized* data: each pixel gets noise from −1/32 to 1/32,
# the width of a grey level, drawn again in each epoch.

# %%
constant = np.flatnonzero(data.train.std(axis=0) == 0)
print("pixels that are 0 in every training image:", constant)
at = [float(Gaussian(s * s).log_prob(np.zeros((1, 1)), np.zeros((1, 1)))[0]) for s in (0.1, 0.01, 0.001)]
claim(f"each tenth of σ gives a constant pixel {at[1] - at[0]:.4f} nats: {at[0]:.2f}, {at[1]:.2f}, {at[2]:.2f}",
      np.allclose(np.diff(at), math.log(10), atol=1e-12))


def dequantize(x, rng):
    return x + (rng.random(x.shape, dtype="float32") - 0.5) / 16


runaway, history, score, error, smallest = {}, {}, {}, {}, {}
for label, floor, noise in (("floor 0.01", 0.01, None), ("floor 0.001", 1e-3, None), ("floor 10⁻⁸", 1e-8, None),
                            ("floor 10⁻⁸, dequantized", 1e-8, dequantize)):
    vae = runaway[label] = VAE(D, 8, (100,), likelihood=Gaussian("per-pixel", floor), backend="numpy")
    history[label] = [-r.loss for r in learn(vae, data.train, EPOCHS, transform=noise, label=label)]
    test = noise(data.test, rng) if noise else data.test
    score[label] = float(elbo(vae, test, rng, n_samples=5).elbo.mean())
    error[label] = float(SquaredError().loss(data.test, vae.reconstruct(data.test)).mean())
    s = vae.likelihood_parameters(vae.represent(data.test))[:, D:].astype("float64")
    smallest[label] = float(np.sqrt(floor + np.exp(np.median(s, axis=0))).min())
    print(f"  {label:<24} test ELBO {score[label]:6.2f} nats; smallest σ {smallest[label]:.4f}; "
          f"squared error {error[label]:.2f}")

# %%
drawn, (left, right) = figure(1, 2, size=(10.5, 4), width_ratios=(1, 1.2))
for label, style in zip(runaway, ("k--", "k-.", "k-", "k:")):
    left.plot(np.arange(1, EPOCHS + 1), history[label], style, label=label)
left.set_ylim(bottom=-60)
left.legend(loc="lower right")
left.grid(alpha=0.3)
left.set_xlabel("epoch")
left.set_ylabel("training ELBO (nats per image)")
left.set_title("The lower the floor, the higher the number")
shown = [data.test[:10]] + [vae.reconstruct(data.test[:10]) for vae in runaway.values()]
right.imshow(tile(np.concatenate(shown), data.shape, 10), cmap="gray_r", vmin=0, vmax=1)
right.set_yticks([side * i + side / 2 for i in range(5)],
                 ["test images", *(label.replace(", ", ",\n") for label in runaway)])
right.set_xticks([])
right.set_ylabel("mean E[x|z], by floor")
right.set_xlabel("10 test images")
right.set_title("The pictures get no better")
save(drawn, "07-runaway")

# %%
floored, lower, free, noisy = runaway
claim(f"lower floors, higher test ELBOs: {score[floored]:.1f}, {score[lower]:.1f}, {score[free]:.1f} nats",
      score[floored] + 8 < score[lower] and score[lower] + 3 < score[free])
claim(f"and larger squared errors: {error[floored]:.2f}, {error[lower]:.2f}, {error[free]:.2f}",
      error[floored] < error[lower] < error[free])
claim(f"without a floor σ is at {smallest[free]:.4f} and on its way to 0", smallest[free] < 0.01)
claim(f"with dequantized data it ends at {smallest[noisy]:.4f}, near 1/(16 √12) = {1 / 16 / 12 ** 0.5:.4f}, "
      "the standard deviation of the noise", 0.7 < smallest[noisy] * 16 * 12 ** 0.5 < 1.6)

# %% [markdown]
# ![the ELBO runs away](figures/07-runaway.png)
#
# Nothing here overfits in the usual sense: the *test* ELBO rises too, since pixels that are white in all, or
# nearly all, training images are so in test images. The number is right, as a density. It is just no measure of a
# good model of numbers that come in steps of 1/16.
#
# ## Which is best? Only where they compare
#
# A density is per unit of volume, a probability is not. The bridge: each grey level stands for a bin of width
# 1/16, and the Gaussian's probability for the level is its integral over the bin.
#
#     log P(x) ≈ log p(x) + D log(1/16)                                  → next cell
#     log P(x) = log ∫ p(x + u) du ≥ average of log p(x + u) + D log(1/16)   → next cell
#
# u runs over the bins. The first is the midpoint rule, good only where the density hardly changes within a bin (σ
# well above 1/16). The second is exact; its right side is Jensen's inequality (Theis, van den Oord & Bethge 2016),
# and it is why training on dequantized data is honest: that ELBO, shifted by D log(1/16), bounds a
# log-probability.
#
# For the first and last level the bin may be taken to reach to ±∞: then the 17 probabilities sum to 1, as a
# Categorical's do. As a likelihood of its own this takes ten lines, and `log_likelihood` accepts it.

# %%
erfc = np.vectorize(math.erfc, otypes=[float])


class Binned(Gaussian):
    """The probability of a grey level under a Gaussian, by its integral over the bin; tails to ±∞ if asked."""

    def __init__(self, gaussian, tails):
        super().__init__(gaussian.variance, gaussian.floor)
        self.tails = tails

    def log_prob(self, x, a):
        m, a = self.mean(a).astype("float64"), a.astype("float64")
        variance = self.variance
        if self.variance == "shared":
            variance = self.floor + np.exp(a[..., -1:])
        elif self.variance == "per-pixel":
            variance = self.floor + np.exp(a[..., x.shape[-1]:])
        scale = np.sqrt(2 * variance)
        away = np.abs(x - m)                                # the smaller tails: no 1 − 1 of two large ones
        near, far = away - 1 / 32, away + 1 / 32
        if self.tails:                                      # the bin of 0 reaches to −∞, that of 1 to ∞
            near = np.where(x == 0, m - 1 / 32, np.where(x == 1, 31 / 32 - m, near))
            far = np.where((x == 0) | (x == 1), np.inf, far)
        mass = 0.5 * (erfc(near / scale) - erfc(far / scale))
        return np.log(np.maximum(mass, 1e-300)).sum(axis=-1)


for tails in (False, True):
    one_pixel = Binned(Gaussian(0.05), tails).log_prob(levels[:, None], np.full((LEVELS, 1), 0.1))
    print(f"  the 17 probabilities of a Gaussian at m = 0.1, σ² = 0.05 sum to {np.exp(one_pixel).sum():.6f} "
          f"{'with' if tails else 'without'} the tails")
claim("with the tails it is a distribution over the levels", abs(np.exp(one_pixel).sum() - 1) < 1e-12)

# %%
shift, K, few = D * math.log(1 / 16), 100, slice(0, 100)
print(f"D log(1/16) = {shift:.2f} nats; log p(x) by importance sampling, K = {K}, mean over 100 test images\n")
print(f"    {'':34}{'density':>8}{'midpoint':>11}{'bins':>11}{'with tails':>11}   (nats per image)")
mass = {}
candidates = {"Gaussian, σ² = 0.1": fixed[0.1], "Gaussian, shared σ²": vaes["Gaussian, shared σ²"],
              **{f"Gaussian, {label}": vae for label, vae in runaway.items()}}
for name, vae in candidates.items():
    x_test = dequantize(data.test[few], rng) if name.endswith("dequantized") else data.test[few]
    values = [log_likelihood(vae, x_test, np.random.default_rng(3), K).mean()]
    values.append(values[0] + shift)
    gaussian = vae.likelihood
    for tails in (False, True):
        vae.likelihood = Binned(gaussian, tails)
        values.append(log_likelihood(vae, data.test[few], np.random.default_rng(3), K).mean())
    vae.likelihood, mass[name] = gaussian, values[1:]
    print(f"    {name:<34}{values[0]:8.2f}" + "".join(f"{value:11.2f}" for value in values[1:]))
mass["Categorical"] = log_likelihood(vaes["Categorical"], whole[few], np.random.default_rng(3), K).mean()
print(f"    {'Categorical':<34}{'':8}{'':11}{'':11}{mass['Categorical']:11.2f}")

# %%
wide, deq = mass["Gaussian, σ² = 0.1"], mass["Gaussian, floor 10⁻⁸, dequantized"]
claim(f"where σ is 0.32, five bins wide, the midpoint rule is right within {abs(wide[0] - wide[1]):.2f} nats",
      abs(wide[0] - wide[1]) < 1)
claim(f"the tails matter most, {wide[2] - wide[1]:.0f} nats: much of a wide Gaussian lies outside [0, 1]",
      wide[2] - wide[1] > 10)
per_pixel = runaway[free].likelihood_parameters(runaway[free].represent(data.test))
pixel = int(constant[0])
height = float(np.median(1 / np.sqrt(2 * math.pi * (1e-8 + np.exp(per_pixel[:, D + pixel])))))
claim(f"without a floor the midpoint rule gives pixel {pixel} a \"probability\" of {height / 16:.1f}",
      height / 16 > 1)
best = max(mass[name][2] for name in candidates)
claim(f"as probabilities of the 17 levels: Categorical {mass['Categorical']:.1f}, the best Gaussian {best:.1f} "
      "nats per image", mass["Categorical"] > best + 5)
claim(f"the dequantized density, shifted by D log(1/16), is a bound: {deq[0]:.1f}, and log P is {deq[1]:.1f}",
      deq[0] < deq[1])
default = mass["Gaussian, floor 0.001"]
claim(f"dequantized training and the default floor differ by {abs(deq[1] - default[1]):.1f} nats in the column "
      "\"bins\"; with the tails it is not the best", abs(deq[1] - default[1]) < 3 and deq[2] < best)

# %% [markdown]
# Compare within a column. In the last, all rows are distributions over the same images of 17 levels. The
# Categorical wins: so many pixels are exactly 0 or 16, and a lump at the end of a range is what a Gaussian can't
# say. (It takes 17 outputs a pixel for that, and knows nothing of neighbouring levels; with 256 levels and few
# images it has a harder time.) The Gaussians were trained for their density at the levels, not for that column;
# trained for it, they would do better. Dequantized training is no better here than the default floor of 0.001,
# neither in "bins" (which leads depends on the seed) nor with the tails. What it buys is a training ELBO that
# means something. The midpoint of "floor 10⁻⁸" is no log-probability at all: of a pixel's 17 levels one alone has
# more than 1. The Bernoulli is in no column: its images are others.
#
# ## Where does the NaN come from?
#
# From exp and log, nearly always, in one of four ways. float32 ends at 3.4·10³⁸, which is exp(88.7). Mostly an inf
# comes first, and the next inf − inf, inf/inf or 0 · inf is NaN.

# %%
logit = np.array([-200, -100, 0, 20, 100], "float32")
with np.errstate(all="ignore"):
    naive_pi = 1 / (1 + np.exp(-logit))
    naive_softplus = np.log(1 + np.exp(logit))
    naive_log_p = 1 * np.log(naive_pi) + (1 - 1) * np.log(1 - naive_pi)         # log p of x = 1, from π
print("  logit            ", *(f"{v:9.0f}" for v in logit))
print("  log(1 + exp a)   ", *(f"{v:9.3g}" for v in naive_softplus))
print("  softplus         ", *(f"{v:9.3g}" for v in softplus(logit)))
print("  log p(1) from π  ", *(f"{v:9.3g}" for v in naive_log_p))
from_logits = bernoulli.log_prob(np.ones((5, 1), "float32"), logit[:, None])
print("  log p(1) from a  ", *(f"{v:9.3g}" for v in from_logits))
claim("exp of a logit overflows: the naive softplus of 100 is inf, the library's is 100",
      np.isinf(naive_softplus[4]) and softplus(logit)[4] == 100)
claim("log of 0: from probabilities, x = 1 at logit −200 has log p = −inf; from the logit it has −200",
      naive_log_p[0] == -np.inf and from_logits[0] == -200)
claim("0 · log 0: at logit 20, π is 1 in float32, and a *right* prediction of x = 1 is NaN",
      np.isnan(naive_log_p[3]) and from_logits[3] > -1e-6)
tame = np.linspace(-30, 30, 61)
claim("and sigmoid by tanh agrees with 1/(1 + exp(−a)) where that doesn't overflow",
      np.allclose(sigmoid(tame), 1 / (1 + np.exp(-tame)), rtol=0, atol=1e-15))

# %% [markdown]
# So: work from logits, never from probabilities, and write
#
#     softplus(a) = max(a, 0) + log(1 + exp(−|a|))                       → likelihoods.softplus
#     sigmoid(a) = ½ (1 + tanh(a/2))                                     → likelihoods.sigmoid
#
# in which no exponent is positive. Categorical takes the largest logit out first, for the same reason.
#
# The fourth way is exp of a log-variance. The library does not clip it: a log-variance of 100 is no accident to be
# hidden. Where the value can't be held, it is inf, the next gradient is inf/inf, and `train` stops with `Diverged`
# and says when, instead of going on with NaN. Usually the learning rate was too large. See both:

# %%
per_pixel = Gaussian("per-pixel")
with np.errstate(all="ignore"):
    for s in (50, 100):
        a_pixel, x_pixel = np.array([[0.5, s]], "float32"), np.array([[0.25]], "float32")
        value = per_pixel.log_prob(x_pixel, a_pixel)[0]
        gradient = per_pixel.log_prob_backward(np.ones(1, "float32"), x_pixel, a_pixel)[0]
        print(f"  log σ² = {s}: log p = {value:.2f}, gradient by m and s: {gradient[0]:.1e} {gradient[1]:.1e}")
claim("a log-variance of 100 gives −inf, and then NaN: inf/inf", value == -np.inf and np.isnan(gradient[1]))
stopped = ""
try:
    vae = VAE(D, 8, (100,), likelihood=Gaussian(0.01), backend="numpy")
    for _ in train(vae, data.train, SGD(vae.parameters.flat, lr=1.0), 1, 50, rng):
        pass
except Diverged as error:
    stopped = str(error)
claim(f"plain SGD with a learning rate of 1: \"{stopped}\"", "became" in stopped)

# %% [markdown]
# ## What to try next
#
# - Exercise 5, *Black or white pixels: the Bernoulli likelihood*; exercise 8, *Grey pixels: a Gaussian with a
#   learned variance*; exercise 11, *Pixels of K kinds: the Categorical likelihood*: their gradients, by you.
# - Exercise 20, *Find the bug: something is missing*: one hidden layer with two heads, as a decoder with a mean
#   and a variance has them too.
# - The same from the command line:
#   `python -m minivae train --likelihood gaussian --variance per-pixel --floor 0.01`, or
#   `--likelihood categorical`.
# - Make `Binned` trainable: `minivae.Likelihood` says what a p(x|z) has to define, and Gaussian's
#   `log_prob_backward` is no longer right. Check yours with `minivae.gradcheck.check_backward`. How many nats does
#   it gain on the Categorical?
# - Next: [tutorial 8](08_how_good_is_it.py), how good is it?
