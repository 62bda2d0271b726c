"""How good is a latent space? Tutorials 2, 5 and 6 measure an autoencoder and a VAE with these functions.

Most compare two clouds of points by the distances between them. All are in NumPy, on the host.
"""

import math

import numpy


def distances(a, b):
    """‖a − b‖ of all pairs.    a (N, D), b (M, D) -> (N, M)"""
    a, b = a.astype("float64"), b.astype("float64")
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T      # ‖a‖² + ‖b‖² − 2 aᵀb
    return numpy.sqrt(numpy.maximum(squares, 0))


def share_near(x, images):
    """The share of x (M, D) that lie as near to a training image as test images do. -> 0 to 1

    "Near" is a distance that 95 % of the test images keep to their nearest training image, so new real images score
    0.95. A high score alone proves little: blurred images score more than real ones, and one digit repeated
    scores well too. The measure finds garbage, nothing else. Of a large data set it uses 2,000 test images and
    10,000 training images.
    """
    test, train = images.test[:2000], images.train[:10_000]
    near = numpy.percentile(distances(test, train).min(axis=1), 95)
    return float((distances(x, train).min(axis=1) <= near).mean())


def sharpness(x, shape):
    """The squared difference between neighbouring pixels, summed over each image; the mean over x (N, D)."""
    x = x.reshape(len(x), *shape)
    return float(sum((numpy.diff(x, axis=axis) ** 2).sum(axis=(1, 2)).mean() for axis in (1, 2)))


def blurred(x, mean, shape, target):
    """x (N, D) mixed with the mean image (D,), so that its sharpness is the target. Sharper images are not made."""
    low, high = 0.0, 1.0                        # bisection: the share of the mean image
    for _ in range(30):
        share = 0.5 * (low + high)
        is_sharper = sharpness(x + share * (mean - x), shape) > target
        low, high = (share, high) if is_sharper else (low, share)
    return x + low * (mean - x)


def share_in_holes(codes, held_out, draws):
    """The share of draws (M, Z) that are further from all codes (N, Z) than codes of new images are. -> 0 to 1

    "Further" means further than 95 % of the held-out codes are from their nearest code. So the result is 0.05
    where codes and draws have the same distribution.
    """
    far = numpy.percentile(distances(held_out, codes).min(axis=1), 95)
    return float((distances(draws, codes).min(axis=1) > far).mean())


def kl_from_standard_normal(codes, rng, k=5):
    """KL(codes ‖ N(0, I)) in nats, estimated from the codes (N, Z) and as many draws of N(0, I): a rough estimate.

    Where N points have the density p, the k-th neighbour of a point lies at a distance ρ with p ρ^Z ≈ c k/N, and c
    depends on Z only. The same holds for the distance ν to draws from the other density. So (ν/ρ)^Z estimates
    the ratio of the densities, and

        KL ≈ Z/N Σₙ log νₙ/ρₙ + log M/(N − 1)           (Wang, Kulkarni & Verdú 2009, eq. 5)

    for M draws. Two samples of N(0, I) give 0, up to noise of a few hundredths. Other densities that change within
    the distance ρ bias the result, and in 8 dimensions with 1,500 points ρ is large: N(0, I) shifted until the KL
    is 4 gives about 2.6. Use it to rank, and compute the KL where q is known (log_mixture).
    """
    draws = rng.standard_normal(codes.shape)
    rho = numpy.partition(distances(codes, codes), k, axis=1)[:, k]     # the nearest is the point itself
    nu = numpy.partition(distances(codes, draws), k - 1, axis=1)[:, k - 1]
    N, Z = codes.shape
    return float(Z * numpy.log(nu / rho).mean() + numpy.log(len(draws) / (N - 1)))


def log_mixture(z, mean, scale):
    """log q(z), q(z) = 1/N Σₙ N(z; meanₙ, scaleₙ²).    z (M, Z), mean (N, Z), scale (N, Z) or a number -> (M,)"""
    result = []
    for some in numpy.array_split(z, -(-len(z) // 100)):                # 100 points at a time, to save memory
        squares = (((some[:, None] - mean) / scale) ** 2 + 2 * numpy.log(scale) + math.log(2 * math.pi))
        log_q = -0.5 * squares.sum(axis=-1)                             # (M, N)
        top = log_q.max(axis=1, keepdims=True)
        result.append(top[:, 0] + numpy.log(numpy.exp(log_q - top).mean(axis=1)))
    return numpy.concatenate(result)


def kernel_width(codes):
    """The h for which the density 1/N Σₙ N(z; codeₙ, h² I) predicts codes that were held out best.

    A fifth of the codes (N, Z) is held out; one h serves all latents, so give them the same spread first.
    """
    held_out, rest = codes[::5], numpy.delete(codes, numpy.s_[::5], axis=0)
    widths = numpy.geomspace(0.05, 1, 10)
    return widths[numpy.argmax([log_mixture(held_out, rest, h).mean() for h in widths])]


def told_apart(a, b):
    """How often the nearest other point belongs to the same cloud, a (N, D) or b (N, D): ½ if alike, at most 1.

    The nearest-neighbour two-sample test (Schilling 1986).
    """
    points, cloud = numpy.concatenate([a, b]), numpy.repeat([0, 1], [len(a), len(b)])
    between = distances(points, points)
    numpy.fill_diagonal(between, numpy.inf)
    return float((cloud[between.argmin(axis=1)] == cloud).mean())
