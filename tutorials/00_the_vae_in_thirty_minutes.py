# %% [markdown]
# # 0 · The VAE in thirty minutes
#
# **What you'll do.** Write a variational autoencoder (VAE), check its gradient, train it on handwritten digits, and
# look at the plane in which it has arranged them.
#
# **What you'll learn.** What a latent variable is; what a VAE maximizes, and why; how to write a backward function
# and check it; how a gradient passes through a random draw.
#
# **What you'll need.** Partial derivatives, the normal distribution, Python with NumPy; and what a neural network
# is: a function with many parameters, which are adjusted step by step to lower a loss.
#
# **Time.** 30 minutes to read, if you skip the code that draws the figures; 5 seconds to run: `python
# tutorials/00_the_vae_in_thirty_minutes.py`. It prints ✓ before each statement that it has checked.

# %%
from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, Adam, Bernoulli
from minivae.datasets import digits
from minivae.evaluation import elbo, log_likelihood
from minivae.gradcheck import check_backward, numerical_gradient, relative_error
from minivae.layers import mlp, mlp_backward
from minivae.plots import tile

options("Tutorial 0: the VAE in thirty minutes.")
rng = np.random.default_rng(0)
images = digits()                                                           # grey, 8x8; images.test is kept apart
train, test = ((x > 0.5).astype("float64") for x in (images.train, images.test))    # 1 is black, 0 is white

# %% [markdown]
# ## A latent variable
#
# We want a probability distribution over images of digits, from which we can draw new ones. First try: count how
# often each pixel is black, and draw each pixel independently. The second row shows the result.

# %%
share_black = train.mean(axis=0).clip(0.001, 0.999)
rows = [test[:16], rng.random((16, 64)) < share_black]
drawn, axes = figure(size=(9, 1.6))
axes.imshow(tile(np.concatenate(rows), images.shape, 16), cmap="gray_r", interpolation="nearest")
axes.set_title("Above: real digits. Below: each pixel is drawn by itself, black as often as in real digits")
axes.axis("off")
save(drawn, "00-pixels")

# %% [markdown]
# ![real digits, and independent pixels](figures/00-pixels.png)
#
# These are not digits, because the pixels of a real image depend on each other. They have common causes, such as
# which digit was meant and how slanted the writing is. A **latent variable** z stands for such causes: it is a few
# numbers per image that nobody observes. Our z has two. We assume that each image comes about in two steps:
#
#     z ~ N(0, I):  two independent standard normal numbers; this is the prior p(z)
#     xᵢ = 1 with probability πᵢ(z), else 0, for each pixel i               → likelihoods.Bernoulli.sample
#
# The 64 probabilities πᵢ come from a network with the input z, the **decoder**. Its outputs aᵢ can be any real
# numbers; πᵢ = sigmoid(aᵢ) = 1/(1 + exp(−aᵢ)) is between 0 and 1. *Given* z, the pixels are drawn independently. So
# their probabilities multiply, and the logarithms add up:
#
#     log p(x|z) = Σᵢ [xᵢ log πᵢ + (1 − xᵢ) log(1 − πᵢ)]                   → likelihoods.Bernoulli.log_prob
#
# Nobody tells the network what z₁ and z₂ mean. Training finds a use for them.
#
# ## What to maximize
#
# A good decoder makes the training images probable. So we want to raise log p(x). But any z could have led to x:
#
#     p(x) = ∫ p(x|z) p(z) dz                                               → evaluation.log_likelihood
#
# No formula gives this integral, and averaging p(x|z) over random z is wasteful: most z decode to some other image.
# So a second network, the **encoder**, looks at x and predicts which z fit it. For each of the two latents it
# outputs a mean μ and a variance σ² (in fact log σ²; see below). They define a normal distribution over z, called
# q(z|x). With it we can compute a lower bound of log p(x), the **ELBO** (evidence lower bound; p(x) is called the
# evidence):
#
#     log p(x) ≥ ELBO = E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))                 → evaluation.elbo
#
# - E_q means the average over z drawn from q(z|x). The first term is high if x can be **reconstructed** from such
#   z.
# - KL(q ‖ p) = E_q[log q(z|x) − log p(z)] measures how far q is from the prior. It is 0 if they are equal, else
#   positive: a **price** for saying where z is.
#
# Why is this a bound? Write the integral as p(x) = E_q[p(x|z) p(z)/q(z|x)]; to average over q is to multiply by q and
# integrate, so q cancels. The logarithm curves downwards, so the logarithm of an average is never below the average of
# the logarithms (Jensen's inequality). Here the average of the logarithms is
# E_q[log p(x|z) + log p(z) − log q(z|x)] = E_q[log p(x|z)] − KL: the ELBO. [Tutorial 3](03_variational_inference.py)
# shows how far below log p(x) it is, and for which q the two are equal.
#
# Raising the ELBO raises log p(x), or brings the bound closer to it. So our loss is −ELBO, averaged over the images.
# To lower it, we need its gradient with respect to the parameters of both networks.
#
# ## Your first backward function
#
# We begin with the KL. For a normal q and the prior N(0, I), the average over q has a closed form
# ([derivation](derivations.md#diagonal-gaussian-the-kl)):
#
#     KL = ½ Σ (μ² + σ² − 1 − log σ²),  the sum over the latents            → posteriors.DiagonalGaussian.kl
#
# A network can output any real number, but a variance must be positive. So the encoder outputs log σ², called
# `logvar` in code. In the names of variables, d means "gradient of the loss with respect to". A **backward function**
# is given the gradient with respect to the output of a function, and returns the gradients with respect to its
# inputs. So `kl_backward` is given `dkl`, one number per image. By the chain rule it returns `dkl` times ∂KL/∂μ, and
# `dkl` times ∂KL/∂log σ².
#
# **Your turn, on paper.** What are these two derivatives? Hint: write s for log σ², so that σ² = eˢ. Cover the code
# below while you work.

# %%
def kl(mu, logvar):                                                         # (N, 2), (N, 2) -> (N,)
    return 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1)


def kl_backward(dkl, mu, logvar):
    dmu = dkl[:, None] * mu                                                 # ∂KL/∂μ      = μ
    dlogvar = dkl[:, None] * 0.5 * (np.exp(logvar) - 1)                     # ∂KL/∂log σ² = ½ (σ² − 1)
    return {"mu": dmu, "logvar": dlogvar}


inputs = {"mu": rng.standard_normal((5, 2)), "logvar": rng.standard_normal((5, 2))}
report = check_backward("kl", kl, kl_backward, inputs, rng)
print(report)
claim("kl_backward agrees with differences, at five random points", report.ok)

# %% [markdown]
# `check_backward` uses no calculus. It changes each input by a small δ, up and down, and measures the slope, (f(x +
# δ) − f(x − δ))/2δ. The report shows how much your gradient differs from these slopes, relative to their size.
#
# ## A gradient through a random draw
#
# The other term of the ELBO, E_q[log p(x|z)], is an average over z. We estimate it from a single z per image, with a
# new draw at each step: a noisy estimate, but right on average. But the gradient has to reach μ and σ, and
# `rng.normal(mu, sigma)` is not a function that we can differentiate. The solution is to draw ε ~ N(0, I) first, and
# then compute
#
#     z = μ + σ ε,  with ∂z/∂μ = 1 and ∂z/∂log σ² = ½ σ ε                   → posteriors.DiagonalGaussian.sample
#
# This z has the mean μ and the variance σ² that we want. For a given ε it is an ordinary function of μ and log σ².
# (The ½ is there because σ = exp(½ log σ²).) This is the **reparameterization trick**.
# [Tutorial 4](04_why_reparameterize.py) compares it with the alternative.
#
# ## The whole algorithm
#
# Some pieces are taken from the library. The object `vae` holds the parameters of both networks, and a place for
# their gradients. `mlp` runs a network: linear layers (multiply by a matrix, add a vector) with tanh between them.
# `mlp_backward` writes the gradient of the network's parameters into `vae.encoder_grads` or `vae.decoder_grads`, and
# returns the gradient of the network's input; you build it in [tutorial 1](01_backpropagation.py). `Bernoulli`
# computes log p(x|z) as above, and its mean, π. One derivative is new: ∂log p(x|z)/∂aᵢ = xᵢ − πᵢ
# ([derivation](derivations.md#bernoulli)).

# %%
def loss_and_grad(vae, x, eps):
    N = len(x)
    h, encoder_inputs = mlp(x, vae.encoder, "tanh")                         # encoder's output            (N, 4)
    mu, logvar = np.split(h, 2, axis=1)                                     # its two halves              (N, 2)
    sigma = np.exp(0.5 * logvar)
    z = mu + sigma * eps                                                    # one draw from q(z|x)        (N, 2)
    a, decoder_inputs = mlp(z, vae.decoder, "tanh")                         # decoder's output            (N, 64)
    loss = (kl(mu, logvar) - Bernoulli().log_prob(x, a)).mean()             # −ELBO, mean over the batch

    da = (Bernoulli().mean(a) - x) / N                                      # −∂log p/∂a = π − x; 1/N from the mean
    dz = mlp_backward(da, decoder_inputs, vae.decoder, vae.decoder_grads, "tanh")
    from_kl = kl_backward(np.full(N, 1 / N), mu, logvar)                    # the loss contains each KL, times 1/N
    dmu = dz + from_kl["mu"]                                                # μ changes z and the KL: add both
    dlogvar = dz * 0.5 * sigma * eps + from_kl["logvar"]                    # and so does log σ²
    dh = np.concatenate([dmu, dlogvar], axis=1)
    mlp_backward(dh, encoder_inputs, vae.encoder, vae.encoder_grads, "tanh", need_dx=False)
    return loss


small = VAE(64, 2, hidden=(5,), dtype="float64", backend="numpy")           # 64 pixels, 2 latents, 5 hidden units
x, eps = train[:10], rng.standard_normal((10, 2))
loss_and_grad(small, x, eps)
yours = small.gradients.flat.copy()                                         # of all parameters, as one vector
measured = numerical_gradient(lambda _: loss_and_grad(small, x, eps), small.parameters.flat)    # nudged one by one
error = relative_error(yours, measured)
claim(f"the gradient of all {len(yours)} parameters agrees with differences, to {error:.0e}", error < 1e-7)

# %% [markdown]
# That is a VAE. The first half of `loss_and_grad` is the forward pass; the second half goes back through the same
# lines in reverse order. [vae.py](../minivae/vae.py) does the same for other kinds of q(z|x) and p(x|z).
#
# ## Train it
#
# At each step we take 50 images at random, compute the gradient, and let Adam, a variant of gradient descent, change
# the parameters a little. Over the training, Adam's step size falls to a tenth.

# %%
vae = VAE(64, 2, hidden=(200, 100), dtype="float64", backend="numpy")       # two layers of hidden units
optimizer, steps = Adam(vae.parameters.flat), 3000
for step in range(steps):
    optimizer.lr = 3e-3 * 0.1 ** (step / steps)
    loss = loss_and_grad(vae, train[rng.integers(0, len(train), 50)], rng.standard_normal((50, 2)))
    optimizer.step(vae.gradients.flat)
    if step % 500 == 0:
        print(f"step {step:4}: loss {loss:.1f}")

bound = elbo(vae, test, rng, n_samples=20).elbo.mean()                      # average over 20 z per image
log_px = log_likelihood(vae, test, rng, n_samples=500).mean()               # an estimate: tutorial 8
independent = (test * np.log(share_black) + (1 - test) * np.log(1 - share_black)).sum(axis=1).mean()
claim(f"test images: ELBO {bound:.2f} ≤ log p(x), about {log_px:.2f}", bound <= log_px)
claim(f"with independent pixels log p(x) is only {independent:.2f}", bound > independent + 3)

# %% [markdown]
# The unit is the **nat**, because we use natural logarithms. A gain of 5 nats makes an image e⁵ ≈ 150 times as
# probable. ([Tutorial 8](08_how_good_is_it.py) estimates log p(x), and asks how good a model is.)
#
# ## Look at it
#
# Left: training images at their mean μ, each drawn as its label. Training never used the labels. Right: points of
# the same plane, decoded; the greys are the probabilities π.

# %%
mu, _ = vae.encode(train)
line = np.linspace(-3, 3, 15)
points = np.stack(np.meshgrid(line, line[::-1]), axis=-1).reshape(-1, 2)
drawn, (left, right) = figure(1, 2, size=(10.5, 5.4))
for point, label in zip(mu[:500], images.train_labels):
    left.text(*point, str(label), fontsize=8, ha="center", va="center", color="black" if label % 2 else "0.5")
left.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", title="The means μ of 500 images (odd: black, even: grey)")
right.imshow(tile(vae.decode(points), images.shape, 15), cmap="gray_r", extent=(-3, 3, -3, 3))
right.set_title("The same plane, decoded: π(z)")
for axes in (left, right):
    axes.set(xlabel="z₁", ylabel="z₂")
save(drawn, "00-plane")

# %% [markdown]
# ![the latent plane](figures/00-plane.png)
#
# Do neighbours show the same digit?

# %%
nearest = ((vae.encode(test)[0][:, None] - mu) ** 2).sum(axis=2).argmin(axis=1)
same = (images.train_labels[nearest] == images.test_labels).mean()
chance = (rng.permutation(images.train_labels)[nearest] == images.test_labels).mean()
claim(f"the training image with the nearest μ shows the same digit for {same:.0%} of the test images, "
      f"{chance:.0%} with shuffled labels", same > 3 * chance)

# %%
pi = vae.decode(rng.standard_normal((16, 2)))
rows = [test[:16], vae.reconstruct(test[:16]), pi, rng.random(pi.shape) < pi]
drawn, axes = figure(size=(9, 2.8))
axes.imshow(tile(np.concatenate(rows), images.shape, 16), cmap="gray_r")
axes.set_title("Test images; each decoded from its μ; π of 16 new z ~ N(0, I); pixels drawn from these π")
axes.axis("off")
save(drawn, "00-new")

# %% [markdown]
# ![reconstructions and new images](figures/00-new.png)
#
# Images that look alike are often neighbours, and digits change gradually into each other: since z is *drawn* from
# q(z|x), the decoder must make an image from a whole region of the plane, not from one point. And the KL keeps
# these regions near the prior. So we can draw z from the prior, decode it to π (row three), and draw the pixels (row
# four): compare them with the independent pixels at the beginning. But two numbers can't say everything about an
# image. Some reconstructions show another digit, and some new images are mixtures.
#
# ## What to try next
#
# - Break it: in `kl_backward`, replace `np.exp(logvar) - 1` by `1 - np.exp(-logvar)` (the derivative with respect to
#   σ², not log σ²), and run it again. Or leave out `+ from_kl["logvar"]` in `loss_and_grad`. Which checks fail? If you
#   remove their `claim` lines, the loss still falls from 47: to about 21 with the first bug, to about 27, worse than
#   independent pixels, with the second. Without a check, who would know that 19 is possible?
# - Exercise 7, *The KL between q(z|x) and the prior*, is `kl_backward` as the library has it. To begin:
#   `python -m minivae exercises start exercises`.
# - If you have an evening: why an autoencoder without probabilities is not enough ([tutorial 2](02_autoencoder.py)),
#   grey pixels and eight latents ([5](05_variational_autoencoder.py)), how much the KL should weigh
#   ([6](06_two_readings.py)).
# - [README.md](README.md) lists all tutorials, and says [where to go from here](README.md#where-to-go-from-here).
