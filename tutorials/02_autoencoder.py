# %% [markdown]
# # 2 · The autoencoder, and why it can't dream
#
# **What you'll do.** Train a plain autoencoder on handwritten digits, look at its latent space, and try to make
# new digits by decoding random points.
#
# **What you'll learn.** What an autoencoder does well; that nothing in its loss says where codes should lie; and
# how to put a number on "its samples are garbage".
#
# **What you'll need.** [Tutorial 1](01_backpropagation.py), or that you have seen backpropagation before.
#
# **Time.** 20 minutes to read, 15 seconds to run: `python tutorials/02_autoencoder.py` (or `--data mnist`).

# %%
from lesson import DATA, claim, figure, images, learn, options, save
import numpy as np      # after lesson, which sets its number of threads
from measures import distances, kl_from_standard_normal, share_in_holes, share_near, told_apart

from minivae import Autoencoder
from minivae.evaluation import autoencoder_loss
from minivae.plots import tile

args = options("Tutorial 2: the autoencoder, and why it can't dream.", **DATA)
data = images(args)
D, epochs = data.train.shape[1], 100 if args.data == "digits" else 10
print(f"{len(data.train)} images to train with, {len(data.test)} to test, {D} pixels each")

# %% [markdown]
# ## Two networks and one number
#
# The encoder squeezes an image x through a code z of a few numbers, the decoder makes an image of it again:
#
#     z = encoder(x)                                     → autoencoder.Autoencoder.represent
#     x̂ = decoder(z)                                     → autoencoder.Autoencoder.decode
#     loss = 1/N Σₙ ‖xₙ − x̂ₙ‖²                           → autoencoder.Autoencoder.loss_and_grad
#
# Sum over the pixels, mean over the images. Both networks go downhill on that one number; their gradients are a
# page of [autoencoder.py](../minivae/autoencoder.py), with one formula that is new to you:
#
#     ∂‖x − x̂‖²/∂x̂ = −2 (x − x̂)                          → autoencoder.SquaredError.loss_backward
#
# and then `mlp_backward` twice. We train two: one with 2 numbers in a code, to draw them, and one with 8.

# %%
hidden = (300, 150) if args.data == "digits" else (500,)
plain = {}
for Z in (2, 8):
    plain[Z] = Autoencoder(D, Z, hidden, backend="numpy")
    reports = learn(plain[Z], data.train, epochs, label=f"autoencoder, {Z} numbers")
    print(f"{Z} numbers in a code: squared error {reports[0].loss:.2f} -> {reports[-1].loss:.2f} per image")

# %% [markdown]
# ## What it does well: compression
#
# Is 8 numbers for 64 pixels good? Compare with the best *linear* code of the same size, principal component
# analysis: centre the images, project them on the Z directions of largest variance, and back.
#
#     x̂ = x̄ + (x − x̄) U Uᵀ                               → next cell

# %%
mean = data.train.mean(axis=0)
_, directions = np.linalg.eigh(np.cov(data.train.T))                            # columns, largest variance last
error, linear_error = {}, {}
for Z, autoencoder in plain.items():
    U = directions[:, -Z:]                                                      # (D, Z)
    by_pca = mean + (data.test - mean) @ U @ U.T
    linear_error[Z] = float(((data.test - by_pca) ** 2).sum(axis=1).mean())
    error[Z] = float(autoencoder_loss(autoencoder, data.test).mean())
    claim(f"{Z} numbers: squared error of test images {error[Z]:.2f}, less than {linear_error[Z]:.2f} by PCA",
          error[Z] < linear_error[Z])

shown, Z = data.test[:16], 8
U = directions[:, -Z:]
rows = [shown, mean + (shown - mean) @ U @ U.T, plain[8].reconstruct(shown), plain[2].reconstruct(shown)]
drawn, axes = figure(size=(9, 2.9))
axes.imshow(tile(np.concatenate(rows), data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
side = data.shape[0] + 1
axes.set_yticks([side * i + side / 2 for i in range(4)],
                ["test images", "PCA, 8 numbers", "autoencoder, 8", "autoencoder, 2"])
axes.set_xticks([])
axes.set_ylabel("each row, decoded from")
axes.set_xlabel("16 test images")
axes.set_title(f"Squared error per image: PCA {linear_error[8]:.2f}, autoencoder {error[8]:.2f} with 8 numbers, "
               f"{error[2]:.2f} with 2")
save(drawn, "02-reconstructions")

# %% [markdown]
# ![reconstructions](figures/02-reconstructions.png)
#
# ## What lies between the codes
#
# If a code is a good summary, shouldn't a *new* code make a new digit? Where do codes lie, to begin with? Here
# are those of some training images, each drawn as the digit it is (odd ones black, even ones grey; the model
# never saw these labels), and beside it the same region decoded point by point.

# %%
codes = plain[2].represent(data.train)
low, high = np.percentile(codes, [0.5, 99.5], axis=0)
steps = 14
grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], steps), np.linspace(high[1], low[1], steps)), axis=-1)
decoded = plain[2].decode(grid.reshape(-1, 2).astype(codes.dtype))

drawn, (left, right) = figure(1, 2, size=(11, 5.3))
for code, label in list(zip(codes, data.train_labels))[:450]:
    left.text(*code, str(label), fontsize=7, ha="center", va="center", clip_on=True,
              color="black" if label % 2 else "0.5")
left.set_xlim(low[0], high[0])
left.set_ylim(low[1], high[1])
left.set_title("Codes: wedges, clusters and empty space")
right.imshow(tile(decoded, data.shape, steps), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest",
             extent=(low[0], high[0], low[1], high[1]), aspect="auto")
right.set_title("The same region, decoded: empty places make something, too")
for axes in (left, right):
    axes.set_xlabel("z₁ (no unit)")
    axes.set_ylabel("z₂ (no unit)")
save(drawn, "02-latent-plane")

# %% [markdown]
# ![codes and the decoded plane](figures/02-latent-plane.png)
#
# Three things to see, and each has a number:
#
# - **The scale is arbitrary.** The loss doesn't change if the encoder doubles z and the decoder halves it. So
#   nobody can tell, without looking, which z to decode.
# - **Holes.** There are places without codes amid those with codes. The decoder was never asked anything there. It
#   may go on with the nearest digit, or draw a smudge: nothing in the loss cares.
# - **Overlaps.** Some digits lie on top of others: what is decoded there is a compromise.

# %%
rng = np.random.default_rng(0)
spread = codes.std(axis=0)
print(f"spread of z₁ and z₂: {spread[0]:.2f} and {spread[1]:.2f}; of the 8 numbers: "
      + " ".join(f"{s:.1f}" for s in plain[8].represent(data.train).std(axis=0)))
test, train = data.test[:2000], data.train[:10_000]
labels, test_labels = data.train_labels[:10_000], data.test_labels[:2000]
overlap = (labels[distances(plain[2].represent(test), codes[:10_000]).argmin(axis=1)] != test_labels).mean()
by_pixels = (labels[distances(test, train).argmin(axis=1)] != test_labels).mean()
claim(f"overlaps: for {overlap:.0%} of the test images the nearest code is another digit's "
      f"({by_pixels:.0%} among the images themselves)", overlap > 2 * by_pixels)

# %% [markdown]
# ## Random points, decoded
#
# To make new digits you have to draw z from *something*. Two candidates: N(0, I), the obvious choice; and, more
# generously, the Gaussian that fits the codes best, with their mean m and covariance S = C Cᵀ:
#
#     z = ε,  ε ~ N(0, I)                                → next cell
#     z = m + C ε                                        → next cell
#
# Four measures, from [measures.py](measures.py), the first two of what comes out, the others of the codes:
#
# - **Near data.** An image is near data if some training image is as near to it as training images are to 95 % of
#   the test images. Real digits score 95 %, by this definition. It tells garbage, and nothing else: it is blind to
#   blur, and to the same digit again and again.
# - **Told apart.** Put decoded draws and decoded codes of images together. How often is the nearest neighbour of
#   one of the same sort? 50 % would mean that they can't be told apart.
# - **In holes.** A draw is in a hole if it is further from all codes than 95 % of the test images' codes are. If the
#   codes were such a Gaussian, 5 % would be.
# - **The KL** of the codes p from the Gaussian q that we draw from (tutorial 3 explains it), estimated from samples
#   alone; 0 would say that the codes *are* such a Gaussian. It is measured in *nats*: natural logarithms, where bits
#   are logarithms to the base 2 (1 nat = 1.44 bits).
#
#       KL(p ‖ q) = E_p[log p/q]                         → measures.kl_from_standard_normal
#
# For the fitted Gaussian we undo m and C before the last two, so that it is N(0, I) there too. The KL stays what it
# is: it doesn't depend on the coordinates.

# %%
def draw_and_judge(autoencoder, kind):
    """-> decoded draws; their share near data, and told apart from decoded codes; draws in holes, KL of the codes"""
    codes, held_out = (autoencoder.represent(x[:2000]).astype("float64") for x in (data.train, data.test))
    m, C = np.zeros(codes.shape[1]), np.eye(codes.shape[1])
    if kind == "fitted":
        m, C = codes.mean(axis=0), np.linalg.cholesky(np.cov(codes.T))
    noise = np.random.default_rng(1)
    eps = noise.standard_normal(codes.shape)
    decoded = autoencoder.decode((m + eps @ C.T).astype("float32"))
    standard, new = (np.linalg.solve(C, (z - m).T).T for z in (codes, held_out))
    return (decoded, share_near(decoded, data), told_apart(decoded, autoencoder.reconstruct(data.train[:2000])),
            share_in_holes(standard, new, eps), kl_from_standard_normal(standard, noise))


print(f"{'':26}{'near data':>12}{'told apart':>12}{'in holes':>12}{'KL, nats':>12}")
decoded, near, apart, holes, gap = {}, {}, {}, {}, {}
for Z, autoencoder in plain.items():
    for kind in ("N(0, I)", "fitted"):
        case = Z, kind
        decoded[case], near[case], apart[case], holes[case], gap[case] = draw_and_judge(autoencoder, kind)
        print(f"  {Z} numbers, {kind:<14}{near[case]:>11.0%}{apart[case]:>12.0%}{holes[case]:>12.0%}"
              f"{gap[case]:>12.2f}")
true_draws = kl_from_standard_normal(rng.standard_normal((1498, 8)), rng)
claim(f"none of these codes is such a Gaussian: KL at least {min(gap.values()):.2f} nats, where true draws give "
      f"{abs(true_draws):.2f}", min(gap.values()) > 0.3 and abs(true_draws) < 0.1)
blurred = share_near(0.5 * (data.test[:2000] + mean), data)
claim(f"blind to blur: of test images mixed half and half with the mean image, {blurred:.0%} are near data",
      blurred > 0.9)

# %%
rows = [data.test[:16], decoded[8, "fitted"][:16], decoded[8, "N(0, I)"][:16], decoded[2, "N(0, I)"][:16]]
drawn, axes = figure(size=(9, 2.9))
axes.imshow(tile(np.concatenate(rows), data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
axes.set_yticks([side * i + side / 2 for i in range(4)],
                ["real digits", "8, fitted Gaussian", "8, N(0, I)", "2, N(0, I)"])
axes.set_xticks([])
axes.set_ylabel("numbers in a code, drawn from")
axes.set_xlabel("16 draws each")
axes.set_title(f"Random codes decoded: {near[8, 'N(0, I)']:.0%} of draws from N(0, I) are near any digit (8 numbers)")
save(drawn, "02-random-codes")

# %%
claim(f"with 8 numbers, {near[8, 'N(0, I)']:.0%} of draws from N(0, I) land near data, of real digits 95 %",
      near[8, "N(0, I)"] < 0.6)
claim(f"of the draws from the best Gaussian, {holes[2, 'fitted']:.0%} fall into holes with 2 numbers, "
      f"{holes[8, 'fitted']:.0%} with 8", min(holes[2, "fitted"], holes[8, "fitted"]) > 0.08)
claim(f"and {apart[8, 'fitted']:.0%} can be told from decoded codes (8 numbers)", apart[8, "fitted"] > 0.65)
claim(f"8 numbers compress better than 2 ({error[8]:.2f} against {error[2]:.2f}), and their codes are further from "
      f"any Gaussian ({gap[8, 'fitted']:.2f} nats against {gap[2, 'fitted']:.2f})",
      error[8] < error[2] and gap[8, "fitted"] > gap[2, "fitted"] + 0.5)

# %% [markdown]
# ![decoded draws](figures/02-random-codes.png)
#
# (On MNIST, decoded images are so much smoother than real ones that nearly all are near data; there the KL and the
# last column speak.)
#
# ## Why it had to come like this
#
# The loss speaks of codes that the encoder *produces*, and of nothing else. The decoder may do as it likes
# between them, and the encoder may put them anywhere. Three repairs suggest themselves, and the VAE is all
# three at once:
#
# 1. say *which* distribution codes should have: a prior, N(0, I);
# 2. make each image claim a *region* of codes, not a point, so that neighbours must agree: q(z|x), from which z
#    is drawn;
# 3. pay for both in the same currency as the reconstruction: nats.
#
# How these prices come from one principle, and not from taste, is what tutorials
# [3](03_variational_inference.py) to [5](05_variational_autoencoder.py) are about; tutorial 5 repeats every
# measurement of this one.
#
# ## What to try next
#
# - Exercise 4, *The squared error, and the whole autoencoder*: write its backward pass yourself
#   (`python -m minivae exercises start exercises`).
# - Train one with `--error cross-entropy`: `python -m minivae train --model autoencoder --error cross-entropy`.
# - Is it the few images? Run this with `--data mnist`, 60,000 of them.
# - Draw from something richer than a Gaussian: z of a random training image plus a little noise. How large may
#   it be?
