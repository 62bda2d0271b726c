# %% [markdown]
# # 7 · Decoders: what the pixels are drawn from
#
# **What you'll do.** Train the same VAE with four likelihoods p(x|z), from three families, on the same 8x8 digits,
# and draw from each. An appendix compares their log-likelihoods.
#
# **What you'll learn.** What "squared error" and "cross-entropy" assume; why a decoder's mean is blurry and its
# sample noisy; how a learned variance can raise the ELBO while reconstructions get worse; and where NaN comes from.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py).
#
# **Time.** 35 minutes to read, and 15 for the appendix; 15 seconds to run: `python tutorials/07_decoders.py`.

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
# For each z, the decoder outputs numbers a. They are the parameters of a distribution of x, and the likelihood says
# which distribution. Each likelihood is a class in [likelihoods/](../minivae/likelihoods/__init__.py) with a
# log-probability, its gradient, a mean and a sample. There are three families, for three kinds of data:
#
#     log p(x|z) = Σ_d [x_d a_d − softplus(a_d)]                         → likelihoods.Bernoulli.log_prob
#     log p(x|z) = −½ Σ_d [(x_d − m_d)²/σ² + log σ² + log 2π]            → likelihoods.Gaussian.log_prob
#     log p(x|z) = Σ_d log softmax(a_d)[x_d]                             → likelihoods.Categorical.log_prob
#
# Here softplus(a) = log(1 + eᵃ), and a = log [π/(1 − π)] is the *logit* of π = sigmoid(a), the probability of a 1. A
# Bernoulli gives probabilities to zeros and ones. A Gaussian gives a *density* to real numbers. A Categorical gives
# probabilities to K categories, without using their order. Their gradients are alike, "data minus prediction"
# (derived for the [Bernoulli](derivations.md#bernoulli), the [Gaussian](derivations.md#gaussian) and the
# [Categorical](derivations.md#categorical)):
#
#     ∂log p/∂a = x − sigmoid(a)                                         → likelihoods.Bernoulli.log_prob_backward
#     ∂log p/∂m = (x − m)/σ²                                             → likelihoods.Gaussian.log_prob_backward
#     ∂log p/∂a[k] = 1{k = x} − π[k]                                    → likelihoods.Categorical.log_prob_backward
#
# The same digits can be used for all three, after a conversion: `binarize` draws each pixel black or white with its
# grey value as the probability of black, `threshold` makes a pixel black if it is above a half, and `quantize` turns
# the 17 grey levels into the integers 0 to 16.

# %%
rng = np.random.default_rng(0)
black_white, whole = binarize(data.test, rng), quantize(data.test, LEVELS)
for likelihood, x in ((Bernoulli(), black_white), (Bernoulli(), threshold(data.test)), (Gaussian(), data.test),
                      (Categorical(LEVELS), whole)):
    likelihood.check(x)                         # raises InputError for data that don't fit the likelihood
print("16 pixels of a test image, grey:", " ".join(f"{v:.2f}" for v in data.test[0, 16:32]))
print("               black and white: ", "    ".join(f"{v:.0f}" for v in black_white[0, 16:32]))
print("               as integers:     ", "   ".join(f"{v:2.0f}" for v in whole[0, 16:32]))


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
# Don't compare these numbers. The first is about black-and-white images, the last about 17 grey levels, and the other
# two are densities, which can be positive. The appendix makes the last three comparable.
#
# ## Is MSE a Gaussian, and cross-entropy a Bernoulli?
#
# Yes, but the details matter. −log p of a Gaussian with a *fixed* σ² is the squared error divided by 2σ², plus a
# constant, and its gradient is that of the squared error, divided by 2σ²:
#
#     −log N(x; m, σ² I) = ‖x − m‖²/(2σ²) + D/2 log(2πσ²)                → next cell
#
# And the cross-entropy *of zeros and ones* is exactly minus the log-probability of a Bernoulli:
#
#     −log p(x|z) = −Σ_d [x_d log π_d + (1 − x_d) log(1 − π_d)]          → next cell

# %%
x, a = data.test.astype("float64"), rng.standard_normal((len(data.test), D))
ones, variance = np.ones(len(x)), 0.05
squared, gaussian = SquaredError(), Gaussian(variance)
constant = D / 2 * math.log(2 * math.pi * variance)
claim("−log N(x; m, σ² I) is the squared error/(2σ²), plus a constant, to 1e-10",
      np.abs(-gaussian.log_prob(x, a) - squared.loss(x, a) / (2 * variance) - constant).max() < 1e-10)
claim("and its gradient is that of the squared error/(2σ²)",
      np.allclose(-gaussian.log_prob_backward(ones, x, a), squared.loss_backward(ones, x, a) / (2 * variance),
                  rtol=1e-12, atol=0))
pi, b = 1 / (1 + np.exp(-a)), black_white.astype("float64")
by_hand = -(b * np.log(pi) + (1 - b) * np.log(1 - pi)).sum(axis=1)
claim("the cross-entropy of zeros and ones is −log p of a Bernoulli",
      np.allclose(by_hand, -Bernoulli().log_prob(b, a), rtol=1e-12, atol=0)
      and np.allclose(by_hand, CrossEntropy().loss(b, a), rtol=1e-12, atol=0))

# %% [markdown]
# "Divided by 2σ², plus a constant" has two consequences.
#
# **σ² is the weight of the reconstruction.** Multiply the loss of a fixed σ² by 2σ²:
#
#     2σ² · (−ELBO) = E_q ‖x − m‖² + 2σ² KL + const                      → next cell
#
# So the loss "squared error + KL", with the error summed over the pixels, hides a choice: it is a Gaussian with σ² = ½,
# that is, a standard deviation of 0.71, for pixels between 0 and 1. A true MSE, the *mean* over the pixels, is the
# choice σ² = D/2 = 32, a standard deviation of 5.7. And if the KL is weighted by β, that is again a choice of σ²: β =
# 2σ².
#
# **σ² can be learned.** For any m, the best σ² that all pixels share is the mean squared error (Rybkin, Daniilidis &
# Levine 2021 train VAEs with this σ²). The library learns s, with σ² = floor + exp(s) and a small floor. The gradient
# is
#
#     ∂log p/∂s = ½ Σ_d [(x_d − m_d)²/σ² − 1] · exp(s)/σ²                → likelihoods.Gaussian.log_prob_backward
#
# where the last factor is ∂log σ²/∂s. Over all images and pixels, the gradient is zero if σ² is the mean of (x − m)².
# With this σ², the first term of the ELBO is −D/2 [log(2π · mean squared error) + 1]. So with a learned variance, the
# loss contains the logarithm of the mean squared error instead of the error itself.

# %%
eps = vaes["Bernoulli"].draw_noise(rng, 500)
half, one = (VAE(D, 8, (100,), likelihood=Gaussian(v), dtype="float64", backend="numpy") for v in (0.5, 1.0))
some = data.train[:500].astype("float64")
h = half.posterior_parameters(some)
z = half.posterior.sample(h, eps.astype("float64"))[0]
plain = squared.loss(some, half.decode(z)).mean() + half.posterior.kl(h).mean()         # squared error + KL
by_half = float(half.loss_and_grad(some, eps).loss) - D / 2 * math.log(2 * math.pi * 0.5)    # less the constant
by_beta = 2 * (float(one.loss_and_grad(some, eps, beta=0.5).loss) - D / 2 * math.log(2 * math.pi))
claim(f"squared error + KL, {plain:.6f}, is −ELBO with σ² = ½ without its constant, {by_half:.6f}, and twice the loss "
      f"with σ² = 1 and β = ½, {by_beta:.6f}",
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
claim(f"at σ² = mean squared error ({mse:.4f}), the derivative with respect to s is zero: {abs(slope):.0e} nats over "
      f"{len(train_x)} images", abs(slope) < 1e-6)
best = shared.likelihood.log_prob(train_x, outputs).mean()
claim(f"and log p is the closed form, {best:.4f} nats",
      abs(best + D / 2 * (math.log(2 * math.pi * mse) + 1)) < 1e-9)
shared.parameters["likelihood.s"][...] = outputs[0, -1]
claim(f"Adam's σ² was {learned:.4f}; setting it to the mean squared error gains {best - before:.2f} nats per training "
      "image, without a step",
      0 < best - before < 10)

# %% [markdown]
# This one number affects the loss of every pixel. The library starts σ² at 1, and a step of Adam changes a parameter by
# about the learning rate at most, so log σ² needs many steps to get down to −4. That is why we started it at log 0.05,
# and even so it had not reached its best value. Setting it to the mean squared error now and then takes one line.
#
# What does the weight of the reconstruction do? Here is the same VAE with three fixed variances.

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
axes.set_title("The same VAE trained with three variances: at σ² = 1 the code is empty")
save(drawn, "07-weight")

# %%
claim(f"with σ² = 1 the code is empty: KL {weights[1.0][0]:.3f} nats", weights[1.0][0] < 0.1)
claim(f"the smaller σ², the larger the KL ({weights[0.1][0]:.1f}, {weights[0.01][0]:.1f} nats) and the "
      f"smaller the error ({weights[0.1][1]:.2f}, {weights[0.01][1]:.2f})",
      weights[1.0][0] < weights[0.1][0] < weights[0.01][0]
      and weights[1.0][1] > weights[0.1][1] > weights[0.01][1])

# %% [markdown]
# ![reconstructions under three variances](figures/07-weight.png)
#
# If a VAE decodes everything to the same grey blob, the cause may not be a bug but a σ² that is too large, and that was
# never chosen on purpose.
#
# ## Grey pixels and cross-entropy
#
# The formula x a − softplus(a) also works for a grey x, and many VAEs are trained in this way. What is it the logarithm
# of? It is not that of a density of x, whose integral would be 1. The integral over x from 0 to 1 is
#
#     ∫ exp(x a − softplus(a)) dx = tanh(a/2)/a                          → next cell
#
# This is ½ at a = 0 and smaller elsewhere. It is not the log-probability of one of 17 levels either: the sum over the
# levels is not 1.

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
# Divide by the integral, and the result is a density, the *continuous Bernoulli* (Loaiza-Ganem & Cunningham 2019). Its
# normalizer is C(a) = a/tanh(a/2), at least 2. So the log-density of every pixel is higher than minus the
# cross-entropy, by log C(a), which is at least log 2. Since C depends on a, leaving it out also changes where the
# optimum is.
#
# The smallest value of the loss is not 0 either. For each pixel it is the entropy, reached at π = x:
#
#     min over a of [softplus(a) − x a] = −x log x − (1 − x) log(1 − x)  → next cell

# %%
safe = np.clip(x, 1e-12, 1 - 1e-12)
least = -(safe * np.log(safe) + (1 - safe) * np.log(1 - safe)).sum(axis=1)
attained = CrossEntropy().loss(x, np.log(safe / (1 - safe)))
claim(f"a perfect reconstruction of grey test images still has a cross-entropy of {least.mean():.2f} nats",
      np.allclose(least, attained, rtol=1e-6) and 10 < least.mean() < 25)
perfect = CrossEntropy().loss(b, np.where(b > 0, 40.0, -40.0))
claim(f"a perfect reconstruction of black-and-white ones has {perfect.mean():.0e}", perfect.max() < 1e-12)
many = np.mean([bernoulli.log_prob(binarize(data.test, rng).astype("float64"), a) for _ in range(400)], axis=0)
off = np.abs(many - bernoulli.log_prob(x, a))
claim(f"for fixed logits, log p averaged over 400 binarizations is minus the grey cross-entropy, within "
      f"{off.mean():.2f} nats",
      off.mean() < 0.4 and abs((many - bernoulli.log_prob(x, a)).mean()) < 0.1)

# %% [markdown]
# The last line shows what the number does mean. The formula is linear in x, so its value for a grey x is the average of
# log p(b|z) over binarizations b of x. Two things follow.
#
# **As a loss it makes sense.** For a given z, the decoder gets the gradient that it would get on average from images
# that are binarized again at each step, and the best π is E[x|z].
#
# **The grey "ELBO" is a lower bound, but not of the grey image's density.** For any q(z|x), Jensen's inequality for
# each b, averaged over b, gives
#
#     E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)) ≤ E_{b ~ Bernoulli(x)}[log p(b)]   → next cell
#
# So it bounds the log-probability that the model gives to the *binarizations* of x, on average. The usual ELBO of an
# image b that was binarized at random, averaged over b, bounds the same number; its q is given b instead of x. But
# the grey "ELBO" can't be compared with a density of grey images, such as a Gaussian's, or with a log-probability of
# 17 levels.

# %%
def grey_bound(vae, x, n_samples=50):
    """The grey "ELBO": E_q[x a − softplus(a)] − KL, with q(z|x) of the grey image; the mean over images"""
    h = vae.posterior_parameters(x)
    z = vae.posterior.sample(h, vae.draw_noise(rng, len(x), n_samples))
    return float((bernoulli.log_prob(x, vae.likelihood_parameters(z)).mean(axis=0) - vae.posterior.kl(h)).mean())


print("nats per test image        grey \"ELBO\"   log p(b), on average over binarizations b")      # K = 100
slack = []
for seed in range(3):
    for name, transform in (("grey", lambda x, rng: x), ("binarized", binarize)):   # without one, grey is refused
        vae = fitted(Bernoulli(), data.train, transform, seed)
        of_grey = grey_bound(vae, data.test)
        of_binary = np.mean([log_likelihood(vae, binarize(data.test, rng), rng, 100).mean() for _ in range(5)])
        slack.append(of_binary - of_grey)
        print(f"  trained on {name:<10} seed {seed}{of_grey:10.2f}{of_binary:16.2f}")
claim(f"the grey \"ELBO\" is below the average log p(b) in all {len(slack)} runs, by {min(slack):.2f} to "
      f"{max(slack):.2f} nats", min(slack) > 0)

# %% [markdown]
# ## What do I sample at test time?
#
# Two draws: z ~ N(0, I), then x ~ p(x|z). `VAE.sample` does both. Most pictures in papers leave out the second draw and
# show the mean E[x|z], which is `VAE.decode` of the drawn z. If you do that, say so: the model's distribution is that
# of the samples, whose variance has two terms:
#
#     Var[x] = Var[E[x|z]] + E[Var[x|z]]                                 → next cell
#
# The first term is the variance of the means, the second is the noise of the pixels. Pictures of means leave the noise
# out.
#
# For a code or a reconstruction, `represent` and `reconstruct` use the mean μ of q, and draw nothing. For the ELBO and
# log p(x), draw z ~ q: at z = μ, log p(x|z) is usually higher than its average over q, as here:

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
claim("the two terms add up to the variance of the samples, within 3 %, for every likelihood",
      all(abs(m + n - s) < 0.03 * s for m, s, _, n in spread.values()))
m, s, d, _ = spread["Bernoulli"]
claim(f"Bernoulli: the variance of the samples, {s:.2f}, is near that of the data, {d:.2f}; of the means it is {m:.2f}",
      abs(s / d - 1) < 0.1 and m < 0.5 * d)

log_var = vaes["Gaussian, σ² per pixel"].likelihood_parameters(codes)[:, D:]
wild = (log_var > 0).any(axis=1).mean()
claim(f"σ² per pixel has no upper limit: for {wild:.0%} of the draws of z, some pixel has σ > 1, though data are in "
      "[0, 1]", wild > 0.2)
claim("the means of both Gaussians vary more than the data",
      all(spread[name][0] > spread[name][2] for name in spread if name.startswith("Gaussian")))

drawn, axes = figure(size=(9, 5.2))
axes.imshow(tile(np.concatenate(rows), data.shape, 14), cmap="gray_r", vmin=0, vmax=1)
axes.set_yticks([side * i + side / 2 for i in range(9)], labels)
axes.set_xticks([])
axes.set_ylabel("likelihood, and what is shown of it")
axes.set_xlabel("14 test images, each with z drawn from its q(z|x)")
axes.set_title("The mean looks better; the sample is what the model describes")
save(drawn, "07-samples")

drawn, axes = figure(size=(9, 4.7))
axes.imshow(tile(np.concatenate(new), data.shape, 14), cmap="gray_r", vmin=0, vmax=1)
axes.set_yticks([side * i + side / 2 for i in range(8)], labels[1:])
axes.set_xticks([])
axes.set_ylabel("likelihood, and what is shown of it")
axes.set_xlabel("14 draws of z from N(0, I), the same for all")
axes.set_title("New images: the means don't show how large the variance is")
save(drawn, "07-new")

# %% [markdown]
# ![means and samples](figures/07-samples.png)
#
# The samples show what the likelihood assumes of the pixels, given z: independent noise. Real images don't look like
# that. The mean hides this weakness of the likelihood, but does not remove it. For pictures, show the mean and say so.
# For anything that needs the distribution (log p(x), the spread of the data), use the samples.
#
# In this picture z comes from q, in the table above from the prior. Here are new images with z from the prior (values
# outside [0, 1] are shown as white or black):
#
# ![means and samples from the prior](figures/07-new.png)
#
# The prior can draw z that are far from the codes of all training images, where the decoder was hardly trained. Nothing
# kept its log-variance small there, and its exp is the huge noise of "Gaussian, σ² per pixel" in the table and in the
# picture. The means of the Gaussians vary more than the data, too. The ELBO of real
# images shows little of this, since it only uses z drawn from their q.
#
# ## Why are the images blurry?
#
# Because the decoder's mean is close to an average of images. For a given encoder and any of these likelihoods, the
# best mean at z is known (compare Rezende & Viola 2018). It is the average of the training images, weighted by the
# density that the q of each has at z:
#
#     m(z) = Σₙ q(z|xₙ) xₙ / Σₙ q(z|xₙ)                                  → next cell
#
# There the derivative of Σₙ ∫ q(z|xₙ) log p(xₙ|z) dz is zero, by "data minus prediction". Where many q's overlap, many
# images are averaged. How many? If their weights are w, exp(−Σ w log w) is the number of equal weights with the same
# entropy.

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
claim("the fewer images are averaged, the crisper are the decoded ones; the data are the crispest",
      crisp[1.0][0] < crisp[0.1][0] < crisp[0.01][0] < steps(data.train))

# %% [markdown]
# So blur does not come from VAEs as such, or from the KL alone. Five causes can act together:
#
# 1. The code carries few nats, so many images share nearly the same codes.
# 2. The likelihood draws pixels independently. It can't express "the stroke is here or there", only "half of it in both
#    places".
# 3. You look at the mean.
# 4. Maximum likelihood minimizes KL(data ‖ model). A model that gives almost no probability to an image of the data has
#    a very large loss; one that also gives probability to blurred images has only a little more. (In
#    [tutorial 3](03_variational_inference.py) the KL is the other way round: there q is fitted and may miss modes.)
# 5. The network doesn't reach the best mean. With σ² = 0.01 that is almost a single image, but the decoded images are
#    less crisp.
#
# So these can help: a smaller σ² (the code then carries more nats, but more draws from the prior may fall between the
# codes), more latents, or a likelihood in which neighbouring pixels depend on each other.
#
# ## The variance that runs to zero
#
# One σ² for all pixels can be learned; why not one for each pixel? Some pixels are 0 in *all* of these images. There
# m = 0 is exactly right, and each such pixel contributes
#
#     log N(0; 0, σ²) = −½ log(2πσ²)                                     → next cell
#
# This has no upper limit. Each time σ is divided by 10, the pixel contributes another log 10 = 2.3 nats, and nothing
# about the images has been learned. Mattei & Frellsen (2018) show that the likelihood of such models is unbounded in
# general. The library therefore has a floor, σ² = floor + exp(s). Here are VAEs with a floor of 0.01, of 0.001 (the
# default), and with almost none, 10⁻⁸. A fourth VAE also has the floor 10⁻⁸, but is trained on *dequantized* data: to
# each pixel we add noise between −1/32 and 1/32, as wide as a grey level, which is drawn again in each epoch. Each of
# the four is trained with three seeds; the figure shows the first.

# %%
constant = np.flatnonzero(data.train.std(axis=0) == 0)
print("pixels that are 0 in every training image:", constant)
at = [float(Gaussian(s * s).log_prob(np.zeros((1, 1)), np.zeros((1, 1)))[0]) for s in (0.1, 0.01, 0.001)]
claim(f"dividing σ by 10 gives a constant pixel {at[1] - at[0]:.4f} nats more: {at[0]:.2f}, {at[1]:.2f}, {at[2]:.2f}",
      np.allclose(np.diff(at), math.log(10), atol=1e-12))


def dequantize(x, rng):
    return x + (rng.random(x.shape, dtype="float32") - 0.5) / 16


runaway, history, score, error, smallest, SEEDS = {}, {}, {}, {}, {}, (0, 1, 2)
for label, floor, noise in (("floor 0.01", 0.01, None), ("floor 0.001", 1e-3, None), ("floor 10⁻⁸", 1e-8, None),
                            ("floor 10⁻⁸, dequantized", 1e-8, dequantize)):
    test, score[label], error[label], smallest[label] = noise(data.test, rng) if noise else data.test, [], [], []
    for seed in SEEDS:
        vae = VAE(D, 8, (100,), likelihood=Gaussian("per-pixel", floor), backend="numpy", seed=seed)
        reports = learn(vae, data.train, EPOCHS, seed=seed, transform=noise, label=label)
        if seed == 0:                                       # drawn, and compared in the appendix
            runaway[label], history[label] = vae, [-report.loss for report in reports]
        score[label].append(float(elbo(vae, test, rng, n_samples=5).elbo.mean()))
        error[label].append(float(SquaredError().loss(data.test, vae.reconstruct(data.test)).mean()))
        s = vae.likelihood_parameters(vae.represent(data.test))[:, D:].astype("float64")
        smallest[label].append(float(np.sqrt(floor + np.exp(np.median(s, axis=0))).min()))
    print(f"  {label:<24} test ELBO", *(f"{each:.1f}" for each in score[label]), "  smallest σ",
          *(f"{each:.4f}" for each in smallest[label]), "  squared error", *(f"{each:.2f}" for each in error[label]))
score, error, smallest = ({label: np.array(values) for label, values in each.items()}
                          for each in (score, error, smallest))           # one number for each seed

# %%
drawn, (left, right) = figure(1, 2, size=(10.5, 4), width_ratios=(1, 1.2))
for label, style in zip(runaway, ("k--", "k-.", "k-", "k:")):
    left.plot(np.arange(1, EPOCHS + 1), history[label], style, label=label)
left.set_ylim(bottom=-60)
left.legend(loc="lower right")
left.grid(alpha=0.3)
left.set_xlabel("epoch")
left.set_ylabel("training ELBO (nats per image)")
left.set_title("The lower the floor, the higher the ELBO")
shown = [data.test[:10]] + [vae.reconstruct(data.test[:10]) for vae in runaway.values()]
right.imshow(tile(np.concatenate(shown), data.shape, 10), cmap="gray_r", vmin=0, vmax=1)
right.set_yticks([side * i + side / 2 for i in range(5)],
                 ["test images", *(label.replace(", ", ",\n") for label in runaway)])
right.set_xticks([])
right.set_ylabel("mean E[x|z], by floor")
right.set_xlabel("10 test images")
right.set_title(f"But the squared error rises from {error['floor 0.01'][0]:.2f} to {error['floor 10⁻⁸'][0]:.2f}")
save(drawn, "07-runaway")

# %%
floored, lower, free, noisy = runaway
claim(f"lower floor, higher test ELBO, with all {len(SEEDS)} seeds; means {score[floored].mean():.1f}, "
      f"{score[lower].mean():.1f}, {score[free].mean():.1f} nats",
      (score[floored] + 8 < score[lower]).all() and (score[lower] + 3 < score[free]).all())
claim(f"and a larger squared error, with all seeds; means {error[floored].mean():.2f}, {error[lower].mean():.2f}, "
      f"{error[free].mean():.2f}", (error[floored] < error[lower]).all() and (error[lower] < error[free]).all())
claim(f"with almost no floor, the smallest σ is {smallest[free].max():.4f} or less: under a tenth of a grey level",
      smallest[free].max() < 0.1 / 16)
claim(f"with dequantized data it is {smallest[noisy].min():.4f} to {smallest[noisy].max():.4f}, near 1/(16 √12) = "
      f"{1 / 16 / 12 ** 0.5:.4f}, the standard deviation of the noise",
      0.7 < smallest[noisy].min() * 16 * 12 ** 0.5 and smallest[noisy].max() * 16 * 12 ** 0.5 < 1.6)

# %% [markdown]
# ![the ELBO runs away](figures/07-runaway.png)
#
# This is not overfitting in the usual sense: the *test* ELBO rises too, since pixels that are white in all, or nearly
# all, training images are white in test images as well. As a density, the number is correct. But for values that come
# in steps of 1/16, a density does not measure how good a model is.
#
# ## Where does the NaN come from?
#
# Usually from exp or log. Here are four ways. The largest float32 is 3.4·10³⁸, which is exp(88.7). Usually an inf comes
# first, and then inf − inf, inf/inf or 0 · inf is NaN.

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
claim("1. exp of a logit overflows: the naive softplus of 100 is inf, the library's is 100",
      np.isinf(naive_softplus[4]) and softplus(logit)[4] == 100)
claim("2. log of 0: computed from π, log p of x = 1 at logit −200 is −inf; computed from the logit it is −200",
      naive_log_p[0] == -np.inf and from_logits[0] == -200)
claim("3. 0 · log 0: at logit 20, π is 1 in float32, and log p of x = 1, a *right* prediction, is NaN",
      np.isnan(naive_log_p[3]) and from_logits[3] > -1e-6)
tame = np.linspace(-30, 30, 61)
claim("and sigmoid by tanh agrees with 1/(1 + exp(−a)) where that doesn't overflow",
      np.allclose(sigmoid(tame), 1 / (1 + np.exp(-tame)), rtol=0, atol=1e-15))

# %% [markdown]
# So compute from logits, never from probabilities, and write
#
#     softplus(a) = max(a, 0) + log(1 + exp(−|a|))                       → likelihoods.softplus
#     sigmoid(a) = ½ (1 + tanh(a/2))                                     → likelihoods.sigmoid
#
# in which nothing overflows. For the same reason, Categorical subtracts the largest logit first.
#
# The fourth way is exp of a log-variance. The library does not clip log-variances: one of 100 means that training went
# wrong, and clipping would hide it. If the variance is too large for float32, it is inf, and the next gradient is
# inf/inf. Then `train` stops with `Diverged`, which says when it happened, instead of continuing with NaN. Often the
# learning rate was too large. Here are both, a variance that is inf and a training run that is stopped:

# %%
per_pixel = Gaussian("per-pixel")
with np.errstate(all="ignore"):
    for s in (50, 100):
        a_pixel, x_pixel = np.array([[0.5, s]], "float32"), np.array([[0.25]], "float32")
        value = per_pixel.log_prob(x_pixel, a_pixel)[0]
        gradient = per_pixel.log_prob_backward(np.ones(1, "float32"), x_pixel, a_pixel)[0]
        print(f"  log σ² = {s}: log p = {value:.2f}; ∂log p/∂m {gradient[0]:.1e}, ∂log p/∂s {gradient[1]:.1e}")
claim("4. a log-variance of 100 gives log p = −inf, and then a gradient of NaN, inf/inf",
      value == -np.inf and np.isnan(gradient[1]))
stopped = ""
try:
    vae = VAE(D, 8, (100,), likelihood=Gaussian(0.01), backend="numpy")
    for _ in train(vae, data.train, SGD(vae.parameters.flat, lr=1.0), 1, 50, rng):
        pass
except Diverged as error:
    stopped = str(error)
claim(f"plain SGD with a learning rate of 1: \"{stopped}\"", "became" in stopped)

# %% [markdown]
# ## Appendix: which likelihood is best?
#
# To compare a density with a probability, one has to be turned into the other. Let each grey level stand for a bin of
# width 1/16. The probability that a Gaussian gives to the level is its integral over the bin.
#
#     log P(x) ≈ log p(x) + D log(1/16)                                  → next cell
#     log P(x) = log ∫ p(x + u) du ≥ average of log p(x + u) + D log(1/16)   → next cell
#
# Here u runs over the bins. The first line is the midpoint rule, which is good only where the density hardly changes
# within a bin (σ well above 1/16). In the second line the integral is exact, and the inequality is Jensen's (Theis, van
# den Oord & Bethge 2016). It says what training on dequantized data is worth: that ELBO, plus D log(1/16), is a lower
# bound of a log-probability.
#
# The bins of the first and the last level can be extended to ±∞. Then the 17 probabilities sum to 1, as those of a
# Categorical do. As a new likelihood class, this takes about twenty lines, and `log_likelihood` accepts it.

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
claim(f"there the tails add {wide[2] - wide[1]:.0f} nats: much of a wide Gaussian lies outside [0, 1]",
      wide[2] - wide[1] > 10)
per_pixel = runaway[free].likelihood_parameters(runaway[free].represent(data.test))
pixel = int(constant[0])
height = float(np.median(1 / np.sqrt(2 * math.pi * (1e-8 + np.exp(per_pixel[:, D + pixel])))))
claim(f"with almost no floor, the midpoint rule gives pixel {pixel} a \"probability\" of {height / 16:.1f}",
      height / 16 > 1)
best = max(mass[name][2] for name in candidates)
claim(f"as probabilities of the 17 levels: Categorical {mass['Categorical']:.1f}, the best Gaussian {best:.1f} "
      "nats per image", mass["Categorical"] > best + 5)
claim(f"the dequantized density, shifted by D log(1/16), is a bound: {deq[0]:.1f}, and log P is {deq[1]:.1f}",
      deq[0] < deq[1])
default = mass["Gaussian, floor 0.001"]
claim(f"dequantized training and the default floor differ by {abs(deq[1] - default[1]):.1f} nats in the column "
      "\"bins\"; with the tails, dequantized training is not the best", abs(deq[1] - default[1]) < 3 and deq[2] < best)

# %% [markdown]
# Compare only within a column. In the last column, all rows are distributions over the same images of
# 17 levels. Here the Categorical is the best. A likely reason: many pixels are exactly 0 or 16. A Gaussian has one
# peak, so it can't say "0 or 16, but nothing between", and training on densities doesn't reward what is in its tails.
# (The Categorical needs 17 outputs per pixel for that, and does not use the order of the levels. With 256 levels and
# few images, that may be a larger disadvantage.) The Gaussians were trained on densities. Trained on the
# probabilities of the last column, they would probably do better in it.
#
# Dequantized training is not better here than the default floor of 0.001. But its training ELBO bounds a
# log-probability. The midpoint value of "floor 10⁻⁸" is not a log-probability: it gives one of 17 levels of a pixel a
# "probability" above 1. The Bernoulli is in no column, since its images are black and white.
#
# ## What to try next
#
# - Exercise 5, *Black or white pixels: the Bernoulli likelihood*; exercise 8, *Grey pixels: a Gaussian with a learned
#   variance*; exercise 11, *Pixels of K kinds: the Categorical likelihood*: derive their gradients.
# - Exercise 20, *Find the bug: something is missing*: one hidden layer with two outputs, as in a decoder with a mean
#   and a variance.
# - The same from the command line:
#   `python -m minivae train --likelihood gaussian --variance per-pixel --floor 0.01`, or
#   `--likelihood categorical`.
# - Make `Binned` trainable: `minivae.Likelihood` says what a p(x|z) has to define, and Gaussian's
#   `log_prob_backward` is no longer right. Check yours with `minivae.gradcheck.check_backward`. How much closer does
#   it come to the Categorical?
# - Next: [tutorial 8](08_how_good_is_it.py), how good is it?
