"""A bank of wrong gradients, each of which has to be caught, and nearly all named right; and nothing made up.

Run it with -s to see the four figures.
"""

import re

import numpy
import pytest

from minivae import Bernoulli, Categorical, DiagonalGaussian, FullGaussian, Gaussian, layers
from minivae.autoencoder import SquaredError
from minivae.checking.diagnosis import BY, diagnose
from minivae.gradcheck import check_backward
from minivae.posteriors import prior_log_prob, prior_log_prob_backward

N, D, L, Z = 5, 4, 3, 6
SIZES = {"N": N, "D": D, "L": L}
diagonal, full, bernoulli, categorical, squared = (DiagonalGaussian(), FullGaussian(), Bernoulli(), Categorical(7),
                                                   SquaredError())
gaussian, shared = Gaussian("per-pixel"), Gaussian("shared")


def linear_backward(dy, x, W, b):
    dW, db = numpy.empty_like(W), numpy.empty_like(b)
    return {"x": layers.linear_backward(dy, x, W, dW, db), "W": dW, "b": db}


def mlp(x, W0, b0, W1, b1):
    return layers.mlp(x, [(W0, b0), (W1, b1)], "tanh")[0]


def mlp_backward(dy, x, W0, b0, W1, b1):
    weights, grads = [(W0, b0), (W1, b1)], [(numpy.empty_like(W0), numpy.empty_like(b0)),
                                            (numpy.empty_like(W1), numpy.empty_like(b1))]
    dx = layers.mlp_backward(dy, layers.mlp(x, weights, "tanh")[1], weights, grads, "tanh")
    return {"x": dx, "W0": grads[0][0], "b0": grads[0][1], "W1": grads[1][0], "b1": grads[1][1]}


def functions(rng):
    """{name: (forward, backward, inputs)}: every pair of the library that takes arrays to arrays."""
    def normal(*shape):
        return rng.standard_normal(shape)

    x01, levels = (rng.random((N, D)) < 0.5).astype(float), rng.integers(7, size=(N, D)).astype(float)
    x, eps, eps_L = normal(N, D), normal(N, Z), normal(L, N, Z)
    return {
        "linear": (layers.linear, linear_backward, {"x": normal(N, Z), "W": normal(Z, Z), "b": normal(Z)}),
        "tanh": (lambda a: layers.tanh(a), lambda dy, a: {"a": layers.tanh_backward(dy, layers.tanh(a))}, {"a": normal(N, D)}),
        "relu": (lambda a: layers.relu(a), lambda dy, a: {"a": layers.relu_backward(dy, layers.relu(a))}, {"a": normal(N, D)}),
        "mlp": (mlp, mlp_backward, {"x": normal(N, Z), "W0": normal(Z, Z), "b0": normal(Z), "W1": normal(Z, Z),
                                    "b1": normal(Z)}),
        "sample": (lambda h: diagonal.sample(h, eps), lambda dz, h: {"h": diagonal.sample_backward(dz, h, eps)},
                   {"h": normal(N, 2 * Z)}),
        "sample L": (lambda h: diagonal.sample(h, eps_L), lambda dz, h: {"h": diagonal.sample_backward(dz, h, eps_L)},
                     {"h": normal(N, 2 * Z)}),
        "kl": (diagonal.kl, lambda dkl, h: {"h": diagonal.kl_backward(dkl, h)}, {"h": normal(N, 2 * Z)}),
        "log q": (lambda h: diagonal.log_prob_of_sample(h, eps),
                  lambda d, h: {"h": diagonal.log_prob_of_sample_backward(d, h, eps)}, {"h": normal(N, 2 * Z)}),
        "full sample": (lambda h: full.sample(h, eps), lambda dz, h: {"h": full.sample_backward(dz, h, eps)},
                        {"h": normal(N, full.n_outputs(Z))}),
        "full kl": (full.kl, lambda dkl, h: {"h": full.kl_backward(dkl, h)}, {"h": normal(N, full.n_outputs(Z))}),
        "prior": (prior_log_prob, lambda d, z: {"z": prior_log_prob_backward(d, z)}, {"z": normal(N, Z)}),
        "bernoulli": (lambda a: bernoulli.log_prob(x01, a), lambda d, a: {"a": bernoulli.log_prob_backward(d, x01, a)},
                      {"a": normal(N, D)}),
        "gaussian": (lambda a: gaussian.log_prob(x, a), lambda d, a: {"a": gaussian.log_prob_backward(d, x, a)},
                     {"a": normal(N, 2 * D)}),
        "shared": (lambda a: shared.log_prob(x, a), lambda d, a: {"a": shared.log_prob_backward(d, x, a)},
                   {"a": normal(N, D + 1)}),
        "categorical": (lambda a: categorical.log_prob(levels, a),
                        lambda d, a: {"a": categorical.log_prob_backward(d, levels, a)}, {"a": normal(N, 7 * D)}),
        "squared error": (lambda a: squared.loss(x, a), lambda d, a: {"a": squared.loss_backward(d, x, a)},
                          {"a": normal(N, D)}),
    }


def mistakes(name, tensor, inputs):
    """[(kind, what it does to the right gradient, a piece of the right name)]: those that make sense for it."""
    x = inputs[tensor]
    kinds = [
        ("sign", lambda g, *_: -g, "sign is flipped"),
        ("factor 2", lambda g, *_: 2 * g, "^it is twice what it should be"),
        ("half", lambda g, *_: g / 2, "^it is half of what it should be"),
        ("summed", lambda g, *_: g * N, "N = 5 times too large: summed over the batch"),
        ("averaged", lambda g, *_: g / N, "N = 5 times too small"),
        ("zero", lambda g, *_: 0 * g, "it is zero everywhere"),
        ("one element", lambda g, *_: _changed(g, (0,) * g.ndim, 1.01), "right except in"),
    ]
    if x.ndim == 2:
        kinds += [
            ("rows permuted", lambda g, *_: numpy.roll(g, 1, axis=0), "rows are right, but in the wrong order"),
            ("a row not written", lambda g, *_: _changed(g, 1, 0), "right except in row 1; there: it is zero everywhere"),
            ("a column doubled", lambda g, *_: _changed(g, (slice(None), 2), 2), "right except in column 2; there: it is twice"),
        ]
    if x.ndim == 2 and x.shape[0] == x.shape[1]:
        kinds.append(("transposed", lambda g, *_: g.T.copy(), "transposed"))
    if x.ndim == 1:
        kinds.append(("batch not summed", lambda g, right, dy: _per_example(name, tensor, right, dy, inputs),
                      "sum over the batch (the first axis) is missing"))
        kinds.append(("last example only", lambda g, right, dy: _per_example(name, tensor, right, dy, inputs)[-1],
                      "only example 4 counts"))
    if tensor == "a" and name == "relu":
        kinds.append(("mask", lambda g, right, dy: dy.copy(), "a mask (input > 0) is missing"))
    if tensor == "a" and name == "tanh":
        kinds.append(("pre-activation", lambda g, right, dy: dy * (1 - inputs["a"] ** 2), "uses the pre-activation"))
    if name == "mlp" and tensor == "W0":
        kinds.append(("wrong layer", lambda g, right, dy: right["W1"], "this is the gradient of W1"))
    if name == "mlp" and tensor == "b1":
        kinds.append(("wrong layer", lambda g, right, dy: right["b0"], "this is the gradient of b0"))
    if name in ("sample", "sample L", "kl", "log q"):
        sigma = numpy.exp(0.5 * inputs["h"][:, Z:])
        for wrong, factor in (("σ", 2 / sigma), ("σ²", sigma ** -2), ("log σ", 2)):
            kinds.append((f"by {wrong}", lambda g, *_, factor=factor: numpy.concatenate([g[:, :Z], g[:, Z:] * factor], axis=1),
                          f"derivative with respect to {wrong}, but log σ² is needed"))
    if name == "kl":
        kinds += [("term missing", lambda g, right, dy: g - KL_TERMS(inputs["h"], dy)["log σ²"], "the log σ² term is missing"),
                  ("term twice", lambda g, right, dy: g + KL_TERMS(inputs["h"], dy)["σ²"], "the σ² term is counted twice"),
                  ("term's sign", lambda g, right, dy: g - 2 * KL_TERMS(inputs["h"], dy)["μ²"], "the μ² term has the wrong sign"),
                  ("term's weight", lambda g, right, dy: g + 2 * KL_TERMS(inputs["h"], dy)["μ²"], "the μ² term has 3 times")]
    return kinds


def KL_TERMS(h, dkl):
    mu, variance = h[:, :Z], numpy.exp(h[:, Z:])
    zero, dkl = 0 * mu, dkl[:, None]
    return {"μ²": numpy.concatenate([dkl * mu, zero], axis=1), "σ²": numpy.concatenate([zero, dkl * variance / 2], axis=1),
            "log σ²": numpy.concatenate([zero, -0.5 * dkl + zero], axis=1)}


def _changed(g, where, factor):
    g = g.copy()
    g[where] *= factor
    return g


def _per_example(name, tensor, right, dy, inputs):
    """What each example adds to the gradient of a bias."""
    backward = functions(numpy.random.default_rng(0))[name][1]
    return numpy.array([backward(dy * (numpy.arange(N) == n)[:, None], **inputs)[tensor] for n in range(N)])


def context(name, inputs, dy, right):
    known = {"sizes": SIZES}
    for tensor, x in inputs.items():
        if x.ndim == 1:
            known[tensor] = {"per_example": _per_example(name, tensor, right, dy, inputs)}
    if name == "tanh":
        known["a"] = {"alternatives": {"it uses the pre-activation instead of the activation": dy * (1 - inputs["a"] ** 2)}}
    if "h" in inputs and inputs["h"].shape[1] == 2 * Z:
        h = inputs["h"]
        known["h"] = {"sigma": numpy.concatenate([numpy.nan * h[:, :Z], numpy.exp(0.5 * h[:, Z:])], axis=1)}
    if name == "kl":
        known["h"]["terms"] = KL_TERMS(inputs["h"], dy)
    return known


def run(name, tensor, spoil, rng):
    """The check of one tensor, its right gradient spoilt. -> Check"""
    forward, backward, inputs = functions(rng)[name]
    seen = {}

    def wrong(dy, **inputs):
        right = backward(dy, **inputs)
        seen["context"] = context(name, inputs, dy, right)
        return {**right, tensor: spoil(right[tensor], right, dy)}
    report = check_backward(name, forward, wrong, inputs, rng, context=lambda dy: seen["context"])
    return next(check for check in report.checks if check.tensor == tensor)


def test_the_bank_is_caught_and_named():
    rng = numpy.random.default_rng(11)
    caught, named, total, misnamed, kinds, seed, outcomes = 0, 0, 0, [], set(), 0, []
    for name, (_, _, inputs) in functions(rng).items():
        for tensor in inputs:
            for i, (kind, _, _) in enumerate(mistakes(name, tensor, inputs)):
                # The mistake has to know the inputs it is made with: drawn twice from the same seed.
                seed += 1
                drawn = functions(numpy.random.default_rng(seed))[name][2]
                _, spoil, right_name = mistakes(name, tensor, drawn)[i]
                check = run(name, tensor, spoil, numpy.random.default_rng(seed))
                if numpy.array_equal(check.yours, check.expected) or check.error < 1e-7:
                    continue        # twice nothing is nothing: no mistake was made
                total += 1
                kinds.add(kind)
                caught += not check.ok
                text, at_start = check.explanation or "", right_name.removeprefix("^")
                outcomes.append((kind, text.startswith(at_start) if right_name != at_start else right_name in text))
                if outcomes[-1][1]:
                    named += 1
                else:
                    misnamed.append((name, tensor, kind, check.explanation))
    print(f"\n{total} wrong gradients of {len(kinds)} kinds: {caught} caught, {named} named right ({named / total:.1%})")
    print(*misnamed, sep="\n")
    assert total >= 120 and caught == total
    never_named = kinds - {kind for kind, right in outcomes if right}
    assert not never_named
    assert named >= 0.95 * total


def test_nothing_is_made_up_about_random_errors():
    """100 random perturbations: of all elements and of many, large and small. None gets an explanation that is false."""
    rng, explained = numpy.random.default_rng(12), []
    pairs = [(name, tensor) for name, (_, _, inputs) in functions(rng).items() for tensor in inputs]
    for i in range(100):
        name, tensor = pairs[i % len(pairs)]
        size = [1e-4, 1e-2, 1.0][i % 3]

        def spoil(g, *_):
            noise = size * rng.standard_normal(g.shape)
            return g + noise if i % 2 else g * (1 + noise)
        check = run(name, tensor, spoil, numpy.random.default_rng(i))
        assert not check.ok
        if check.explanation:
            explained.append((name, tensor, size, check.explanation))
    print(f"\n100 random perturbations: {len(explained)} given an explanation", *explained, sep="\n    ")
    assert not explained


def test_no_right_gradient_is_rejected():
    rejected = []
    for seed in range(200):
        rng = numpy.random.default_rng(seed)
        pairs = list(functions(rng).items())
        name, (forward, backward, inputs) = pairs[seed % len(pairs)]
        report = check_backward(name, forward, backward, inputs, rng)
        rejected += [str(check) for check in report.checks if not check.ok]
    print(f"\n200 seeds: {len(rejected)} right gradients rejected")
    assert not rejected, "\n".join(rejected)


def test_every_function_with_every_kind_of_seed():
    """A few seeds more, of all functions: no false alarm, and no explanation of what is right."""
    for seed in range(300, 303):
        for name, (forward, backward, inputs) in functions(numpy.random.default_rng(seed)).items():
            report = check_backward(name, forward, backward, inputs, numpy.random.default_rng(seed))
            assert report.ok and not any(check.explanation for check in report.checks), report


# What the bank does not reach

G = numpy.random.default_rng(3).standard_normal((4, 6))


@pytest.mark.parametrize("yours, known, words", [
    (G.T.copy(), {}, "transposed"),
    (G.reshape(6, 4).copy(), {}, r"reshape to \(4, 6\)"),
    (G.sum(axis=0), {}, "summed over axis 0, but this axis must stay"),
    (G * 3.7, {}, "^it is 3.7 times what it should be$"),
    (G * -3.7, {}, "3.7 times what it should be, and the sign is flipped"),
    (G * 15, {"sizes": SIZES}, "N L = 15 times too large"),
    (G / 3, {"sizes": SIZES}, "L = 3 times too small"),
    (G * 5 / 4, {"sizes": SIZES}, "N/D times what it should be"),
    (G[:, ::-1].copy(), {}, "columns are right, but in the wrong order"),
    (numpy.where(numpy.arange(4)[:, None] > 1, 2 * G, G), {}, "right except in rows 2 to 3; there: it is twice"),
    (-G, {}, "^the sign is flipped$"),
    (G[::-1] * 1.0, {"others": {"W1": G[::-1] * 1.0}}, "this is the gradient of W1"),
    (G + 1.0, {}, None),
    (G ** 2, {}, None),
    (G * 1.0, {}, None),
])
def test_explanations_one_by_one(yours, known, words):
    explanation = diagnose(yours, G, known)
    if words is None:
        assert explanation is None
    else:
        assert re.search(words, explanation), explanation


@pytest.mark.parametrize("asked", BY)
@pytest.mark.parametrize("given", BY)
def test_each_way_to_mix_up_a_variance(asked, given):
    """The derivatives of (x/σ)² + log σ² by each of the four, worked out by hand."""
    x, sigma = numpy.random.default_rng(4).standard_normal((2, 3, 5))
    sigma = numpy.exp(sigma)
    by = {"σ": -2 * x ** 2 / sigma ** 3 + 2 / sigma, "σ²": -x ** 2 / sigma ** 4 + 1 / sigma ** 2,
          "log σ": -2 * x ** 2 / sigma ** 2 + 2, "log σ²": -x ** 2 / sigma ** 2 + 1}
    explanation = diagnose(by[given], by[asked], {"sigma": sigma, "asked": asked})
    assert explanation is None if asked == given else (
        f"derivative with respect to {given}, but {asked} is needed" in explanation)


def test_a_single_number_beside_zeros_is_no_forgotten_mask():
    expected = numpy.where(G > 0, G, 0)
    yours = expected.copy()
    yours[numpy.unravel_index(numpy.argmin(G), G.shape)] = 1.0
    assert "mask" not in diagnose(yours, expected)
    assert "mask" in diagnose(G, expected)


def test_as_many_terms_as_numbers_explain_nothing():
    a, b, c = numpy.random.default_rng(1).standard_normal((3, 2))
    assert diagnose(c, a + b, {"terms": {"a": a, "b": b}}) is None
    assert diagnose(numpy.tile(a, 4), numpy.tile(a + b, 4), {"terms": {"a": numpy.tile(a, 4), "b": numpy.tile(b, 4)}}) == (
        "the b term is missing")


def test_a_gradient_that_should_be_zero():
    assert "does not depend on this" in diagnose(G, 0 * G)


def test_two_numbers_are_not_enough_for_a_strange_factor():
    assert diagnose(numpy.array([3.7]), numpy.array([1.0])) is None
    assert "twice" in diagnose(numpy.array([2.0]), numpy.array([1.0]))


def test_a_chain_rule_factor_too_many_is_named(rng):
    """The gradient with respect to log σ², divided by the factor that leads to σ: as good as multiplied by its inverse."""
    sigma, expected = numpy.array([0.5, 2.0, 3.0, 1.5]), rng.standard_normal(4)
    text = diagnose(expected / (2 / sigma), expected, {"sigma": sigma})
    assert text and "is missing, or there is one factor" in text and "too many" in text


@pytest.mark.parametrize("weight, words", [
    (0, "is missing"), (2, "is counted twice"), (-1, "has the wrong sign"),
    (0.5, "has half the right weight"), (3, "has 3 times the right weight")])
def test_the_weight_of_a_term_is_named(rng, weight, words):
    a, b = rng.standard_normal((2, 6))
    assert diagnose(a + weight * b, a + b, {"terms": {"a": a, "b": b}}) == f"the b term {words}"


def test_a_variance_mixed_up_in_one_row_is_named_there(rng):
    x, sigma = rng.standard_normal((3, 5)), numpy.exp(rng.standard_normal((3, 5)))
    expected = 1 - x ** 2 / sigma ** 2                  # of ½ (x/σ)² + log σ by log σ, and by σ:
    yours = expected.copy()
    yours[2] /= sigma[2]
    explanation = diagnose(yours, expected, {"sigma": sigma, "asked": "log σ"})
    assert "in row 2; there: this is the derivative with respect to σ, but log σ is needed" in explanation
