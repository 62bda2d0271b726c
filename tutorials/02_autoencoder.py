# %% [markdown]
# # 2 · The autoencoder, and why it can't dream from a Gaussian
#
# **What you'll do.** Train a plain autoencoder on handwritten digits, look at the space of its codes (the *latent
# space*), and try to make new digits by decoding random codes.
#
# **What you'll learn.** What an autoencoder does well; that nothing in its loss says where codes should lie; how to
# measure whether decoded draws look like data; and what it takes to draw from an autoencoder after all.
#
# **What you'll need.** [Tutorial 1](01_backpropagation.py), or some experience with backpropagation.
#
# **Time.** 25 minutes to read, 16 seconds to run: `python tutorials/02_autoencoder.py` (or `--data mnist`).

# %%
from lesson import DATA, claim, figure, images, learn, options, save
import numpy as np      # after lesson, which sets its number of threads
from measures import (distances, kernel_width, kl_from_standard_normal, share_in_holes, share_near, sharpness,
                      told_apart)

from minivae import Autoencoder
from minivae.evaluation import autoencoder_loss
from minivae.plots import tile

args = options("Tutorial 2: the autoencoder, and why it can't dream from a Gaussian.", **DATA)
data = images(args)
on_digits = args.data == "digits"
D, epochs = data.train.shape[1], 100 if on_digits else 10
print(f"{len(data.train)} images to train with, {len(data.test)} to test, {D} pixels each")

# %% [markdown]
# ## Two networks and one number
#
# The encoder turns an image x into a short code z of a few numbers. The decoder turns the code back into an image:
#
#     z = encoder(x)                                     → autoencoder.Autoencoder.represent
#     x̂ = decoder(z)                                     → autoencoder.Autoencoder.decode
#     loss = 1/N Σₙ ‖xₙ − x̂ₙ‖²                           → autoencoder.Autoencoder.loss_and_grad
#
# The loss is a sum over the pixels and a mean over the images. Both networks are trained to make this one number
# smaller. Their gradients take one page in [autoencoder.py](../minivae/autoencoder.py), with one formula that
# tutorial 1 doesn't have:
#
#     ∂‖x − x̂‖²/∂x̂ = −2 (x − x̂)                          → autoencoder.SquaredError.loss_backward
#
# The rest of the backward pass is two calls of `mlp_backward`. We train autoencoders with 2 numbers in a code, so
# that we can plot the codes, and with 8. Each is trained from three random starts, so that we can tell a result from
# luck.

# %%
hidden = (300, 150) if on_digits else (500,)
seeds = range(3) if on_digits else range(1)
plain = {}
for Z in (2, 8):
    for seed in seeds:
        plain[Z, seed] = Autoencoder(D, Z, hidden, backend="numpy", seed=seed)
        reports = learn(plain[Z, seed], data.train, epochs, seed, label=f"autoencoder, {Z} numbers")
        print(f"{Z} numbers in a code: squared error {reports[0].loss:.2f} -> {reports[-1].loss:.2f} per image")

# %% [markdown]
# ## What it does well: compression
#
# Are 8 numbers for 64 pixels good? Compare with the best *linear* code of the same size, principal component
# analysis (PCA): subtract the mean image, project onto the Z directions with the largest variance, and go back.
#
#     x̂ = x̄ + (x − x̄) U Uᵀ                               → next cell

# %%
mean = data.train.mean(axis=0)
_, directions = np.linalg.eigh(np.cov(data.train.T))                            # columns, largest variance last
error, linear_error = {}, {}
for Z in (2, 8):
    U = directions[:, -Z:]                                                      # (D, Z)
    by_pca = mean + (data.test - mean) @ U @ U.T
    linear_error[Z] = float(((data.test - by_pca) ** 2).sum(axis=1).mean())
    error[Z] = [float(autoencoder_loss(plain[Z, seed], data.test).mean()) for seed in seeds]
    claim(f"{Z} numbers: squared error of test images at most {max(error[Z]):.2f}, less than {linear_error[Z]:.2f} "
          "with PCA", max(error[Z]) < linear_error[Z])

shown, U = data.test[:16], directions[:, -8:]
rows = [shown, mean + (shown - mean) @ U @ U.T, plain[8, 0].reconstruct(shown), plain[2, 0].reconstruct(shown)]
drawn, axes = figure(size=(9, 2.9))
axes.imshow(tile(np.concatenate(rows), data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
side = data.shape[0] + 1
axes.set_yticks([side * i + side / 2 for i in range(4)],
                ["test images", "PCA, 8 numbers", "autoencoder, 8", "autoencoder, 2"])
axes.set_xticks([])
axes.set_ylabel("picture of")
axes.set_xlabel("16 test images")
axes.set_title(f"Squared error per image: PCA {linear_error[8]:.2f}, autoencoder {error[8][0]:.2f} with 8 numbers, "
               f"{error[2][0]:.2f} with 2")
save(drawn, "02-reconstructions")

# %% [markdown]
# ![reconstructions](figures/02-reconstructions.png)
#
# ## What lies between the codes
#
# If a code is a good summary, shouldn't a *new* code make a new digit? First, see where the codes lie. Left: the
# codes of some training images. Each is drawn as the label of its image, odd digits in black and even ones in grey
# (the model never saw these labels). Right: the same region, decoded point by point.

# %%
codes = plain[2, 0].represent(data.train)
low, high = np.percentile(codes, [0.5, 99.5], axis=0)
steps = 14
grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], steps), np.linspace(high[1], low[1], steps)), axis=-1)
decoded = plain[2, 0].decode(grid.reshape(-1, 2).astype(codes.dtype))

drawn, (left, right) = figure(1, 2, size=(11, 5.3))
for code, label in list(zip(codes, data.train_labels))[:450]:
    left.text(*code, str(label), fontsize=7, ha="center", va="center", clip_on=True,
              color="black" if label % 2 else "0.5")
left.set_xlim(low[0], high[0])
left.set_ylim(low[1], high[1])
left.set_title("Codes: wedges, clusters and empty space")
right.imshow(tile(decoded, data.shape, steps), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest",
             extent=(low[0], high[0], low[1], high[1]), aspect="auto")
right.set_title("Decoded: the empty space gives images, too")
for axes in (left, right):
    axes.set_xlabel("z₁ (no unit)")
    axes.set_ylabel("z₂ (no unit)")
save(drawn, "02-latent-plane")

# %% [markdown]
# ![codes and the decoded plane](figures/02-latent-plane.png)
#
# Look for three things:
#
# - **The scale is arbitrary.** If the encoder doubles z and the decoder halves it again, the loss stays the same. So
#   we can't know which z to decode without looking at the codes.
# - **Holes.** Some places among the codes have no code nearby. The decoder was never trained there. Whether it draws
#   a digit or a smudge there makes no difference to the loss.
# - **Overlaps.** In some places there are codes of different digits. What is decoded there is a compromise.

# %%
rng = np.random.default_rng(0)
spread = codes.std(axis=0)
print(f"spread of z₁ and z₂: {spread[0]:.2f} and {spread[1]:.2f}; of the 8 numbers: "
      + " ".join(f"{s:.1f}" for s in plain[8, 0].represent(data.train).std(axis=0)))
test, train = data.test[:2000], data.train[:10_000]
labels, test_labels = data.train_labels[:10_000], data.test_labels[:2000]


def wrong_neighbours(new, known):
    """The share of test images whose nearest training image, or code, is another digit."""
    return float((labels[distances(new, known).argmin(axis=1)] != test_labels).mean())


by_pixels = wrong_neighbours(test, train)
overlap = [wrong_neighbours(plain[2, seed].represent(test), plain[2, seed].represent(train)) for seed in seeds]
claim(f"overlaps: for {min(overlap):.0%} to {max(overlap):.0%} of the test images the nearest code is another digit's "
      f"({by_pixels:.0%} if pixels are compared)", min(overlap) > 2 * by_pixels)

# %% [markdown]
# ## Random codes, decoded
#
# To make new digits we draw z from *some* distribution. Two candidates: N(0, I), the obvious choice; and the
# Gaussian that fits the codes best, with their mean m and covariance S = C Cᵀ:
#
#     z = ε,  ε ~ N(0, I)                                → next cell
#     z = m + C ε                                        → next cell

# %%
def fit(codes):
    """Mean m (Z,) and C (Z, Z) of the best Gaussian: the covariance of the codes (N, Z) is C Cᵀ."""
    return codes.mean(axis=0), np.linalg.cholesky(np.cov(codes.T))


noise = np.random.default_rng(1)
some_codes = {Z: plain[Z, 0].represent(data.train[:2000]).astype("float64") for Z in (2, 8)}
rows = [data.test[:16]]
for Z, kind in ((2, "fitted"), (8, "fitted"), (2, "N(0, I)"), (8, "N(0, I)")):
    m, C = fit(some_codes[Z]) if kind == "fitted" else (np.zeros(Z), np.eye(Z))
    rows.append(plain[Z, 0].decode((m + noise.standard_normal((16, Z)) @ C.T).astype("float32")))
drawn, axes = figure(size=(9, 3.4))
axes.imshow(tile(np.concatenate(rows), data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
axes.set_yticks([side * i + side / 2 for i in range(5)],
                ["real digits", "2, fitted Gaussian", "8, fitted Gaussian", "2, N(0, I)", "8, N(0, I)"])
axes.set_xticks([])
axes.set_ylabel("numbers in a code, drawn from")
axes.set_xlabel("16 draws each")
axes.set_title("Random codes, decoded: with 8 numbers, N(0, I) gives garbage")
save(drawn, "02-random-codes")

# %% [markdown]
# ![decoded draws](figures/02-random-codes.png)
#
# ## How bad are they?
#
# Four measures, from [measures.py](measures.py). The first two compare decoded images, the others compare codes.
#
# - **Near data.** Take the distance from each test image to its nearest training image; 95 % of them are below some
#   value. An image is near data if its own distance is below that value, too. So real digits score 95 %. This
#   measure only detects garbage: it rewards blur, and doesn't notice if all images are the same digit.
# - **Told apart.** Mix decoded draws with decoded codes of real images. How often does the nearest neighbour of an
#   image come from the same group? 50 % means that the groups can't be told apart.
# - **In holes.** A draw is in a hole if it is further from its nearest code of a training image than 95 % of the test
#   images' codes are from theirs. If codes and draws had the same distribution, 5 % of the draws would be in holes.
# - **The KL divergence** between the codes' distribution p and the Gaussian q that we draw from
#   ([tutorial 3](03_variational_inference.py) explains it). It is 0 if p and q are equal. Its unit is the *nat*: the
#   logarithm is natural (1 nat = 1.44 bits). We only have samples, and estimate the KL from the distances between
#   them.
#
#       KL(p ‖ q) = E_p[log p/q]                         → measures.kl_from_standard_normal
#
# The last estimate is rough: [tutorial 5](05_variational_autoencoder.py) shows that it can be off by a nat or more
# with codes of 8 numbers. Read it as a ranking.
#
# For the fitted Gaussian we undo m and C before we compute the last two measures, so that the draws are N(0, I)
# there, too. This doesn't change the KL. Holes are then measured in units of the codes' spread.

# %%
def standardized(codes, m, C):
    return np.linalg.solve(C, (codes - m).T).T                                  # undoes z = m + C ε


def draw_and_judge(autoencoder, kind, seed):
    """-> share of decoded draws near data; told apart from decoded codes; draws in holes; KL of the codes"""
    codes, held_out = (autoencoder.represent(x[:2000]).astype("float64") for x in (data.train, data.test))
    m, C = fit(codes) if kind == "fitted" else (np.zeros(codes.shape[1]), np.eye(codes.shape[1]))
    noise = np.random.default_rng(seed)
    eps = noise.standard_normal(codes.shape)
    decoded = autoencoder.decode((m + eps @ C.T).astype("float32"))
    standard, new = (standardized(z, m, C) for z in (codes, held_out))
    return (share_near(decoded, data), told_apart(decoded, autoencoder.reconstruct(data.train[:2000])),
            share_in_holes(standard, new, eps), kl_from_standard_normal(standard, noise))


print(f"{f'means of {len(seeds)} autoencoders':26}{'near data':>12}{'told apart':>12}{'in holes':>12}{'KL, nats':>12}")
near, apart, holes, gap = {}, {}, {}, {}
for Z in (2, 8):
    for kind in ("N(0, I)", "fitted"):
        case = Z, kind
        near[case], apart[case], holes[case], gap[case] = np.transpose(
            [draw_and_judge(plain[Z, seed], kind, seed) for seed in seeds])
        print(f"  {Z} numbers, {kind:<14}{near[case].mean():>11.0%}{apart[case].mean():>12.0%}"
              f"{holes[case].mean():>12.0%}{gap[case].mean():>12.2f}")

# %% [markdown]
# In each of these claims we quote the autoencoder that supports it least:

# %%
true_draws = kl_from_standard_normal(rng.standard_normal((1498, 8)), rng)
least = min(kl.min() for kl in gap.values())
claim(f"none of these sets of codes looks like its Gaussian: KL at least {least:.2f} nats, where true draws give "
      f"{abs(true_draws):.2f}", least > 0.3 and abs(true_draws) < 0.1)
claim(f"with 8 numbers, at most {near[8, 'N(0, I)'].max():.0%} of the draws from N(0, I) are near data, and 95 % "
      "of real digits", near[8, "N(0, I)"].max() < 0.6)
claim(f"of the draws from the best Gaussian, at least {holes[2, 'fitted'].min():.0%} are in holes with 2 numbers, "
      f"{holes[8, 'fitted'].min():.0%} with 8", min(holes[2, "fitted"].min(), holes[8, "fitted"].min()) > 0.08)
claim(f"and at least {apart[8, 'fitted'].min():.0%} can be told apart from decoded codes (8 numbers)",
      apart[8, "fitted"].min() > 0.65)
claim(f"8 numbers compress better than 2 (error at most {max(error[8]):.2f} against {min(error[2]):.2f}), but more of "
      f"the draws from their best Gaussian are in holes (at least {holes[8, 'fitted'].min():.0%} against "
      f"{holes[2, 'fitted'].max():.0%})",
      max(error[8]) < min(error[2]) and holes[8, "fitted"].min() > holes[2, "fitted"].max() + 0.05)
mixed = 0.5 * (data.test[:2000] + mean)
blurred = share_near(mixed, data)
claim(f"a warning: {blurred:.0%} of test images that are mixed half and half with the mean image are near data, though "
      f"the squared difference between neighbouring pixels is {sharpness(mixed, data.shape):.1f}, not "
      f"{sharpness(data.test[:2000], data.shape):.1f}",
      blurred > 0.9 and sharpness(mixed, data.shape) < 0.5 * sharpness(data.test[:2000], data.shape))

# %% [markdown]
# (On MNIST, decoded images are so much smoother than real ones that nearly all are near data. There, look at the
# other three measures.)
#
# ## Drawing from the codes themselves
#
# Is this the fault of the autoencoder, or of the Gaussian? Keep the trained networks, and draw codes from a better
# distribution: pick the code of a random training image, and add a little noise. Such draws have a density that we
# can write down, with a Gaussian of width h around each code. We choose h without looking at any decoded image: we
# take the h that gives held-out codes the highest probability.
#
#     p(z) = 1/N Σₙ N(z; zₙ, h² S)                       → measures.kernel_width
#
# Fitting a density to the codes after training is called ex-post density estimation; Ghosh et al. (2020) do it with
# a mixture of ten Gaussians. The draws might be mere copies: without noise, we would only get the training images
# back, reconstructed. So we take the codes of half of the training images, and compare their draws only with the other
# half. We also measure how far the noise moves a decoded image, and compare with the distance from a decoded image to
# its nearest neighbour.

# %%
def draw_from_codes(autoencoder, seed):
    """-> h; its draws' shares near data and told apart; how far they moved; how far the next image is;
    the shares of draws from the best Gaussian; all images"""
    half, others = data.train[:2000:2], data._replace(train=data.train[1:2000:2])
    noise, codes = np.random.default_rng(seed), autoencoder.represent(half).astype("float64")
    m, C = fit(codes)
    h = kernel_width(standardized(codes, m, C))
    picked = noise.integers(len(codes), size=len(codes))
    draws = codes[picked] + h * noise.standard_normal(codes.shape) @ C.T
    decoded, known = autoencoder.decode(draws.astype("float32")), autoencoder.reconstruct(half)
    gaussian = autoencoder.decode((m + noise.standard_normal(codes.shape) @ C.T).astype("float32"))
    moved = np.median(np.linalg.norm(decoded - known[picked], axis=1))
    neighbour = np.median(np.sort(distances(known, known), axis=1)[:, 1])       # column 0 is the image itself
    real = autoencoder.reconstruct(others.train)
    shares = [(share_near(x, others), told_apart(x, real)) for x in (decoded, gaussian)]
    return h, *shares[0], moved, neighbour, shares[1], (picked, known, decoded)


after = [draw_from_codes(plain[8, seed], seed) for seed in seeds]
for h, near_data, told, moved, neighbour, _, _ in after:
    print(f"8 numbers, codes + {h:.2f} of their spread: {near_data:.0%} near data, {told:.0%} told apart; moved by "
          f"{moved:.2f}, the next image is {neighbour:.2f} away")
lowest, most_told = min(run[1] for run in after), max(run[2] for run in after)
most_near, least_told = max(run[5][0] for run in after), min(run[5][1] for run in after)
claim(f"draws from this density are near data in at least {lowest:.0%} of cases (from the best Gaussian: at most "
      f"{most_near:.0%}), and told apart from decoded codes in at most {most_told:.0%} (at least {least_told:.0%})",
      lowest > most_near + 0.1 and most_told < least_told - 0.1)
if on_digits:
    claim("they aren't exact copies: in the median the noise moves an image further than its nearest neighbour is away",
          all(moved > neighbour for _, _, _, moved, neighbour, _, _ in after))

picked, known, decoded = after[0][-1]
rows = [data.train[:2000:2][picked[:16]], known[picked[:16]], decoded[:16]]
drawn, axes = figure(size=(9, 2.3))
axes.imshow(tile(np.concatenate(rows), data.shape, 16), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
axes.set_yticks([side * i + side / 2 for i in range(3)],
                ["training image", "its code, decoded", "code + noise, decoded"])
axes.set_xticks([])
axes.set_ylabel("picture of")
axes.set_xlabel("16 draws")
axes.set_title(f"Codes of training images, moved by noise: {after[0][1]:.0%} of the draws are near data")
save(drawn, "02-codes-and-noise")

# %% [markdown]
# ![codes of training images, moved by noise](figures/02-codes-and-noise.png)
#
# So this decoder can draw digits: about as many of these are near data as of real images. They are told apart from
# decoded codes of other images more often than equal groups would be (50 %), but less often than draws from a
# Gaussian: nothing in the training made the codes Gaussian. To draw from an autoencoder we need a second model, of its
# codes, which is fitted after training. The one that we used contains the code of each image it was fitted to, and each
# of its draws is a variation of one of these images, as the picture shows.
#
# ## Why this follows from the loss
#
# The loss only depends on codes that the encoder *produces*. It doesn't say what the decoder should do between them,
# nor where the encoder should put them. The VAE makes three changes:
#
# 1. fix the distribution that codes should have, the prior N(0, I);
# 2. let each image take up a *region* of codes, not a point, so that nearby codes have to decode to similar images:
#    this region is described by a density q(z|x), and z is drawn from it;
# 3. measure how far the regions are from the prior, in the same unit as the error of the reconstruction: nats.
#
# Tutorials [3](03_variational_inference.py) to [5](05_variational_autoencoder.py) derive all of this from one
# principle. Tutorial 5 repeats every measurement of this one.
#
# ## What to try next
#
# - Exercise 4, *The squared error, and the whole autoencoder*: write its backward pass yourself
#   (`python -m minivae exercises start exercises`).
# - Train one with `--error cross-entropy`: `python -m minivae train --model autoencoder --error cross-entropy`.
# - Are 1,498 images too few? Run this with `--data mnist`, which has 60,000.
# - **Denoising.** Add noise with standard deviation 0.2 to the test images: the squared error is about 2.6. Reconstruct
#   them with `plain[8, 0]`: does the error fall? Now train an autoencoder for it (Vincent et al. 2008): feed it
#   images with fresh noise in each step, and compare its output with the *clean* images. For this, copy the body of
#   `Autoencoder.loss_and_grad`, let it take both images in place of one x, and step with `Adam`. After 60 epochs our
#   error was 1.2. As a control, try PCA with 8, 16 and 24 numbers.
