# %% [markdown]
# # 11 · A conditional VAE
#
# **What you'll do.** Give the label of each image to both networks of a VAE, in forty lines on top of the library;
# check the gradient; draw the digit that you ask for; and classify images.
#
# **What you'll learn.** Where a condition enters a VAE, and that its gradient needs nothing new; what z describes
# when the label is given.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py), or
# [tutorial 0](00_the_vae_in_thirty_minutes.py).
#
# **Time.** 20 minutes to read, 6 seconds to run: `python tutorials/11_conditional.py`.

# %%
from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import Adam, Bernoulli, DiagonalGaussian
from minivae.datasets import digits
from minivae.gradcheck import numerical_gradient, relative_error
from minivae.layers import mlp, mlp_backward
from minivae.networks import EncoderDecoder
from minivae.plots import tile

options("Tutorial 11: a conditional VAE.")
images = digits()
train, test = ((x > 0.5).astype("float32") for x in (images.train, images.test))    # 1 is black, 0 is white
one_hot = np.eye(10, dtype="float32")                                               # one_hot[y] is 1 at y, else 0
train_labels, test_labels = one_hot[images.train_labels], one_hot[images.test_labels]

# %% [markdown]
# ## The model
#
# A VAE draws some digit. Now we want to choose which one. So we model p(x|y), the probability of an image given its
# label y. Every distribution of the VAE is now conditional on y, except for the prior of z:
#
#     ELBO = E_q[log p(x|z, y)] − KL(q(z|x, y) ‖ p(z)) ≤ log p(x|y)         → next cell
#
# The derivation is that of [tutorial 3](03_variational_inference.py), with all probabilities given y. In code, y is
# a vector of ten numbers, 1 at the label and 0 elsewhere. The encoder's input is [x, y], the decoder's is [z, y].
#
# (Kingma et al. 2014, "Semi-supervised learning with deep generative models", use this bound, plus log p(y), for
# the images whose labels are known. In Sohn et al. 2015, "Learning structured output representation using deep
# conditional generative models", the prior of z depends on the condition, too.)

# %%
q, p = DiagonalGaussian(), Bernoulli()


def join(*parts):
    return np.concatenate(parts, axis=1)


class ConditionalVAE(EncoderDecoder):
    """q(z|x, y), p(x|z, y), and the prior N(0, I).    D pixels, K labels, Z latents"""

    def __init__(self, D, K, Z, hidden, dtype="float32", seed=0):
        super().__init__(D + K, Z + K, hidden, encoder_outputs=lambda _: 2 * Z, decoder_outputs=lambda _: D,
                         shared_shapes={}, activation="tanh", dtype=dtype, backend="numpy", seed=seed)

    def encoder_forward(self, x, y):
        return mlp(join(x, y), self.encoder, "tanh")

    def decoder_forward(self, z, y):
        return mlp(join(z, y), self.decoder, "tanh")

    def elbo(self, x, y, eps):
        """The ELBO of each image (N,), with one z each.    x (N, D), y (N, K), eps (N, Z)"""
        h, _ = self.encoder_forward(x, y)
        a, _ = self.decoder_forward(q.sample(h, eps), y)
        return p.log_prob(x, a) - q.kl(h)

    def loss_and_grad(self, x, y, eps):
        """−ELBO, mean over the batch; its gradient is written into .gradients."""
        N, Z = eps.shape
        h, encoder_inputs = self.encoder_forward(x, y)                              # (N, 2Z)
        a, decoder_inputs = self.decoder_forward(q.sample(h, eps), y)               # (N, D)
        loss = (q.kl(h) - p.log_prob(x, a)).mean()

        dkl = np.full(N, 1 / N, x.dtype)
        da = p.log_prob_backward(-dkl, x, a)                                        # log p has the weight −1/N
        dzy = mlp_backward(da, decoder_inputs, self.decoder, self.decoder_grads, "tanh")
        dz = dzy[:, :Z]                                                             # y is data: needs no gradient
        dh = q.kl_backward(dkl, h) + q.sample_backward(dz, h, eps)
        mlp_backward(dh, encoder_inputs, self.encoder, self.encoder_grads, "tanh", need_dx=False)
        return loss


rng = np.random.default_rng(0)
small = ConditionalVAE(64, 10, 2, (5,), dtype="float64")
x, y, eps = train[:10].astype("float64"), train_labels[:10].astype("float64"), rng.standard_normal((10, 2))
loss_of_elbo = -small.elbo(x, y, eps).mean()
claim("the loss is the mean of −ELBO", np.isclose(small.loss_and_grad(x, y, eps), loss_of_elbo, rtol=1e-12))
yours = small.gradients.flat.copy()
measured = numerical_gradient(lambda _: small.loss_and_grad(x, y, eps), small.parameters.flat)   # changed in place
error = relative_error(yours, measured)
claim(f"the gradient of all {len(yours)} parameters agrees with differences, to {error:.0e}", error < 1e-7)

# %% [markdown]
# Compare with `elbo_and_grad` in [vae.py](../minivae/vae.py): the steps are the same. But the decoder's input is
# [z, y], so `mlp_backward` returns the gradient with respect to both. We pass on the part that belongs to z. The
# label is data and needs no gradient.
#
# ## Does the label help?
#
# We train with the labels, and for comparison without them: the same class, with zeros in place of y. Each is
# trained three times, from different initial weights, with different batches.

# %%
Z, steps = 4, 2000


def trained(labels, seed):
    cvae, rng = ConditionalVAE(64, 10, Z, (200,), seed=seed), np.random.default_rng(seed)
    optimizer = Adam(cvae.parameters.flat)
    for step in range(steps):
        optimizer.lr = 3e-3 * 0.1 ** (step / steps)
        batch = rng.integers(0, len(train), 50)
        cvae.loss_and_grad(train[batch], labels[batch], rng.standard_normal((50, Z), dtype="float32"))
        optimizer.step(cvae.gradients.flat)
    return cvae


def mean_elbo(cvae, x, y):                                                          # of 20 draws of z: (N,)
    return np.mean([cvae.elbo(x, y, rng.standard_normal((len(x), Z), dtype="float32")) for _ in range(20)], axis=0)


def nearest(a, b):                                                                  # for each row of a, which of b
    return ((b ** 2).sum(axis=1) - 2 * a @ b.T).argmin(axis=1)


models, results = {}, {}
for name, use in (("with labels", 1), ("without", 0)):
    for seed in range(3):
        cvae = models[name, seed] = trained(use * train_labels, seed)
        h, _ = cvae.encoder_forward(train, use * train_labels)
        h_test, _ = cvae.encoder_forward(test, use * test_labels)
        neighbour = nearest(q.split(h_test)[0], q.split(h)[0])
        results[name, seed] = (mean_elbo(cvae, test, use * test_labels).mean(), q.kl(h_test).mean(),
                               (images.train_labels[neighbour] == images.test_labels).mean())
print(f"{'test images':<20}{'ELBO':>8}{'KL':>8}{'same digit':>12}")
for (name, seed), (bound, kl, same) in results.items():
    print(f"  {name:<14}{seed:>4}{bound:>8.2f}{kl:>8.2f}{same:>12.0%}")
bound, kl, same = (np.array([[results[name, seed][i] for seed in range(3)] for name in ("with labels", "without")])
                   for i in range(3))                                               # each (2, 3)
claim("in all three runs with labels the ELBO of test images is higher, by more than 2 nats",
      bound[0].min() > bound[1].max() + 2)
claim("and the KL is lower, by more than 1 nat", kl[0].max() < kl[1].min() - 1)
claim("with labels, the image with the nearest μ shows the same digit in less than half of the cases; without, in more",
      same[0].max() < 0.5 < same[1].min())

# %% [markdown]
# z no longer has to say which digit it is, so its price, the KL, falls. The last column shows it. For each test
# image, take the training image with the nearest μ. Without labels the two images mostly show the same digit. With
# labels, this happens far less often (by chance it would be one case in ten).
#
# The two ELBOs bound different things, log p(x|y) and log p(x). A label is worth at most log 10 = 2.3 nats on
# average, for the best possible models. Ours gain more. So the model without labels is further below its best
# possible value than the one with labels.
#
# ## Ask for a digit
#
# To draw a digit y, draw z from the prior and decode [z, y]. In the figure, all images in a row have the same z,
# and all images in a column have the same y. We draw 60 z, and show six of them in the order of the slant: how far the
# ink moves to the side from one row of pixels to the next, on average.

# %%
down, across = (place.ravel() - 3.5 for place in np.indices(images.shape))


def slant(x):                                                                       # x (N, D) -> (N,)
    ink = x / x.sum(axis=1, keepdims=True)
    down_from_center, across_from_center = (place - ink @ place[:, None] for place in (down, across))
    return (ink * down_from_center * across_from_center).sum(axis=1) / (ink * down_from_center ** 2).sum(axis=1)


cvae = models["with labels", 0]
z = np.repeat(rng.standard_normal((60, Z), dtype="float32"), 10, axis=0)            # 60 z, each ten times
decoded = p.mean(cvae.decoder_forward(z, np.tile(one_hot, (60, 1)))[0])
in_order = slant(decoded).reshape(60, 10).mean(axis=1).argsort()
decoded = decoded.reshape(60, 10, -1)[in_order[np.linspace(0, 59, 6).astype(int)]].reshape(60, -1)
drawn, axes = figure(size=(6.2, 4.4))
axes.imshow(tile(decoded, images.shape, 10), cmap="gray_r", vmin=0, vmax=1)
axes.set_xticks([9 * i + 4 for i in range(10)], range(10))
axes.set_yticks([9 * i + 4 for i in range(6)], [f"z {i}" for i in range(1, 7)])
axes.set_xlabel("the label y that is asked for")
axes.set_ylabel("six draws from the prior, by slant")
axes.set_title("Decoded: one z in each row, one y in each column")
save(drawn, "11-digits")

# %%
wanted = np.arange(1000) % 10
for name, use in (("with labels", 1), ("without", 0)):
    rights = []
    for seed in range(3):
        new_z = rng.standard_normal((1000, Z), dtype="float32")
        new = p.mean(models[name, seed].decoder_forward(new_z, use * one_hot[wanted])[0])
        rights.append((images.train_labels[nearest(new, train)] == wanted).mean())
    print(f"{name}: " + ", ".join(f"{right:.0%}" for right in rights))
    claim(f"{name}, the training image nearest to a drawn digit has the label that was asked for "
          f"{'in more than nine of ten cases' if use else 'about as often as by chance'}",
          min(rights) > 0.9 if use else max(rights) < 0.15)

# %% [markdown]
# ![each digit, drawn from the prior](figures/11-digits.png)
#
# The digits in a row are alike in style; the slant is the part of it that we measure. Does it depend on z in the same
# way for all ten digits?

# %%
for seed in range(3):
    cvae, same_z = models["with labels", seed], rng.standard_normal((500, Z), dtype="float32")
    other_z = rng.standard_normal((10, 500, Z), dtype="float32")
    mean_correlation = []
    for zs in ([same_z] * 10, other_z):
        slants = [slant(p.mean(cvae.decoder_forward(z, one_hot[[y] * 500])[0])) for y, z in enumerate(zs)]
        mean_correlation.append(np.corrcoef(slants)[np.triu_indices(10, 1)].mean())
    claim(f"seed {seed}: the slants of two digits have a mean correlation of {mean_correlation[0]:.2f} if they "
          f"share z, {abs(mean_correlation[1]):.2f} if they don't",
          mean_correlation[0] > 0.6 and abs(mean_correlation[1]) < 0.1)

# %% [markdown]
# So z describes the slant, among other things, and does so in much the same way for all digits.
#
# ## Which digit is it?
#
# The model gives an image a probability for each label. So by Bayes' rule it can classify:
#
#     p(y|x) = p(x|y) p(y) / p(x)                                           → next cell
#
# All labels are about equally frequent, so the most probable y is the one with the largest p(x|y). We use the ELBO
# in place of log p(x|y). Since it is only a lower bound, the most probable label may be another one.

# %%
shares = []
for seed in range(3):
    bounds = [mean_elbo(models["with labels", seed], test, np.tile(one_hot[y], (len(test), 1))) for y in range(10)]
    shares.append((np.argmax(bounds, axis=0) == images.test_labels).mean())
    claim(f"seed {seed}: the largest ELBO gives the right label for {shares[-1]:.1%} of the test images",
          shares[-1] > 0.85)
by_neighbour = (images.train_labels[nearest(test, train)] == images.test_labels).mean()
claim(f"the nearest training image, pixel by pixel, has the right label for {by_neighbour:.1%}",
      by_neighbour > max(shares))

# %% [markdown]
# This is not a strong classifier: the nearest training image does better here. But no part of the model was trained
# to classify.
#
# ## What to try next
#
# - Leave y out of the encoder, so that q is q(z|x). Is the bound still valid? What happens to the KL?
# - Another condition: the upper half of the image as y, and the lower half as x. The model then completes digits.
# - Take the z of an image, and decode it with all ten labels: the same handwriting, ten digits.
# - Exercise 9, *The whole VAE: where two paths meet*, has the backward pass that is used here.
