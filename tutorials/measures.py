"""How good is a latent space? Measures that tutorials 2 and 5 take of an autoencoder and of a VAE.

All compare two clouds of points by the distances between them, in NumPy, on the host.
"""

import numpy


def distances(a, b):
    """‖a − b‖ of all pairs.    a (N, D), b (M, D) -> (N, M)"""
    a, b = a.astype("float64"), b.astype("float64")
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T      # ‖a‖² + ‖b‖² − 2 aᵀb
    return numpy.sqrt(numpy.maximum(squares, 0))


def share_near(x, images):
    """The share of x (M, D) that lie as near to a training image as test images do. -> 0 to 1

    Near is what 95 % of the test images are: so a perfect source of new images would score about 0.95. Not the other
    way round: blurred images score more, and so does one digit again and again. It catches garbage, nothing else. Of
    a large data set, 2,000 test and 10,000 training images stand for all.
    """
    test, train = images.test[:2000], images.train[:10_000]
    near = numpy.percentile(distances(test, train).min(axis=1), 95)
    return float((distances(x, train).min(axis=1) <= near).mean())


def share_in_holes(codes, held_out, draws):
    """The share of draws (M, Z) that are further from all codes (N, Z) than those of new images are. -> 0 to 1

    Further than 95 % of the held-out codes are from their nearest: so it is 0.05 where codes and draws have one
    distribution.
    """
    far = numpy.percentile(distances(held_out, codes).min(axis=1), 95)
    return float((distances(draws, codes).min(axis=1) > far).mean())


def kl_from_standard_normal(codes, rng, k=5):
    """KL(codes ‖ N(0, I)) in nats, estimated from the codes (N, Z) and as many draws of N(0, I).

    Among N points of density p, the k-th neighbour of a point lies at a distance ρ with p ρ^Z ≈ c k/N, for a c
    that only Z decides. The same with the distance ν to draws from the other density: so their ratio is
    estimated by (ν/ρ)^Z, and

        KL ≈ Z/N Σₙ log νₙ/ρₙ + log M/(N − 1)           (Wang, Kulkarni & Verdú 2009, eq. 5)

    for M draws. Two samples of N(0, I) give 0 but for noise of a few hundredths.
    """
    draws = rng.standard_normal(codes.shape)
    rho = numpy.sort(distances(codes, codes), axis=1)[:, k]             # column 0 is the point itself
    nu = numpy.sort(distances(codes, draws), axis=1)[:, k - 1]
    N, Z = codes.shape
    return float(Z * numpy.log(nu / rho).mean() + numpy.log(len(draws) / (N - 1)))


def told_apart(a, b):
    """How often the nearest other point is of the same cloud, a (N, D) or b (N, D): ½ if they are alike, up to 1.

    The nearest-neighbour two-sample test (Schilling 1986).
    """
    points, cloud = numpy.concatenate([a, b]), numpy.repeat([0, 1], [len(a), len(b)])
    between = distances(points, points)
    numpy.fill_diagonal(between, numpy.inf)
    return float((cloud[between.argmin(axis=1)] == cloud).mean())
