"""What is probably wrong with a gradient: the simplest explanation that fits, found by trying one by one.

Each explanation predicts what the wrong gradient would then be, and is believed only where the prediction
fits to five digits. A random error fits none, and gets none.
"""

import itertools

import numpy

FIT = 1e-5      # differences are good to about 10⁻⁹; several elements don't agree this closely by chance


def diagnose(yours, expected, context=None):
    """The simplest explanation for yours ≠ expected, in words, or None.    NumPy arrays, of one shape or not

    context, all of it optional, arrays as the gradient unless said otherwise:
        sizes           {"N": 5, "D": 4, "L": 3}: to name a factor
        others          {tensor: its right gradient}: the wrong one may have been taken
        per_example     (N, ...), what each example contributes to a gradient that sums over them
        terms           {"KL": its part of the gradient, ...}: they add up to what is expected
        alternatives    {"what was done instead": what that gives, ...}
        sigma, asked    σ where a gradient by log σ² (or by what `asked` says: see BY) is asked, NaN elsewhere
    """
    context = context or {}
    if yours.shape != expected.shape:
        return _of_another_shape(yours, expected)
    if _same(yours, expected):
        return None
    for explain in (_zero, _variance_mixed_up, _factor, _transposed, _another_tensor, _alternative,
                    _one_example, _mask_forgotten, _terms, _permuted, _some_rows_or_columns):
        explanation = explain(yours, expected, context)
        if explanation:
            return explanation
    return None


def _same(a, b):
    """Equal but for a part in 10⁵ of the larger norm."""
    scale = max(numpy.linalg.norm(a), numpy.linalg.norm(b))
    return numpy.linalg.norm(a - b) <= FIT * scale


def _of_another_shape(yours, expected):
    one_axis_more = yours.ndim == expected.ndim + 1 and yours.shape[1:] == expected.shape
    if one_axis_more and _same(yours.sum(axis=0), expected):
        return "the sum over the batch, its first axis, is missing"
    if yours.T.shape == expected.shape and _same(yours.T, expected):
        return "it is transposed"
    if yours.size == expected.size and _same(yours.reshape(expected.shape), expected):
        return f"the numbers are right, the shape is not: reshape to {expected.shape}"
    for axis in range(expected.ndim):
        total = expected.sum(axis=axis)
        if yours.shape == total.shape and _same(yours, total):
            return f"it was summed over axis {axis}, which has to stay"
    return None


def _zero(yours, expected, context):
    if not yours.any():
        return "all of it is zero: nothing was written, or it was multiplied by zero"
    if not expected.any():
        return "it should be zero: the function does not depend on this"
    return None


def _factor(yours, expected, context):
    if not expected.any():
        return None
    c = float((yours * expected).sum() / (expected * expected).sum())
    if not _same(yours, c * expected):
        return None
    if abs(c + 1) < FIT:
        return "the sign is flipped"
    named = _name_of(abs(c), context.get("sizes", {}))
    if named is None:
        if numpy.count_nonzero(expected) < 4:
            return None         # a few numbers are proportional to a few others by chance
        named = f"all is {abs(c):.6g} times what it should be"
    return named + (", and the sign is flipped" if c < 0 else "")


def _name_of(c, sizes):
    """c, in terms of 2 and of the sizes, or None."""
    if abs(c - 2) < FIT:
        return "a factor of 2 too large"
    if abs(c - 0.5) < FIT:
        return "a factor of ½ is too much: half of what it should be"
    over = {"N": "over the batch", "D": "over the pixels", "L": "over the samples"}
    for name, n in sizes.items():
        if n > 1 and abs(c / n - 1) < FIT:
            return f"{name} = {n} times too large: summed {over.get(name, '')} where the mean is asked"
        if n > 1 and abs(c * n - 1) < FIT:
            return (f"{name} = {n} times too small: the mean taken {over.get(name, '')} where the sum is "
                    "asked, or taken twice")
    for (name, n), (other, m) in itertools.combinations(sizes.items(), 2):
        both = f"{name} {other} = {n * m} times"
        for value, text in ((n * m, f"{both} too large"), (1 / (n * m), f"{both} too small"),
                            (n / m, f"off by {name}/{other}"), (m / n, f"off by {other}/{name}")):
            if abs(c / value - 1) < FIT:
                return text
    return None


def _transposed(yours, expected, context):
    if yours.ndim == 2 and yours.shape == yours.T.shape and _same(yours.T, expected):
        return "it is transposed"
    return None


def _another_tensor(yours, expected, context):
    for name, other in context.get("others", {}).items():
        if other.shape == yours.shape and not _same(other, expected) and _same(yours, other):
            return f"this is the gradient of {name}"
    return None


def _alternative(yours, expected, context):
    for text, instead in context.get("alternatives", {}).items():
        if instead.shape == yours.shape and not _same(instead, expected) and _same(yours, instead):
            return text
    return None


def _one_example(yours, expected, context):
    for n, part in enumerate(context.get("per_example", ())):
        if _same(yours, part):
            return f"only example {n} counts: the sum over the batch is missing, or overwritten"
    return None


# The four ways to write a variance, and the derivative by each, in units of the derivative by log σ².
BY = {"log σ²": lambda sigma: 1 + 0 * sigma, "log σ": lambda sigma: 2 + 0 * sigma,
      "σ": lambda sigma: 2 / sigma, "σ²": lambda sigma: sigma ** -2.0}


def _variance_mixed_up(yours, expected, context):
    sigma = context.get("sigma")
    if sigma is None or sigma.shape != yours.shape or not expected.any():
        return None
    known = numpy.isfinite(sigma)
    if not known.any() or not _same(numpy.where(known, 0, yours), numpy.where(known, 0, expected)):
        return None
    yours, expected, sigma = yours[known], expected[known], sigma[known]
    asked = context.get("asked", "log σ²")
    for name in BY:
        factor = BY[name](sigma) / BY[asked](sigma)
        constant = {"log σ²", "log σ"} == {name, asked}
        if name != asked and _same(yours, expected * factor):
            size = ": a factor of 2 too large" if name == "log σ" else ": half of what it should be"
            return f"this is the derivative by {name}, where {asked} is asked{size if constant else ''}"
        if name != asked and not constant and _same(yours, expected / factor):
            return f"∂{asked}/∂{name} is multiplied in once too rarely, or its inverse once too often"
    return None


def _mask_forgotten(yours, expected, context):
    masked = expected == 0
    wrong = masked & (yours != 0)
    if wrong.sum() >= 2 and (~masked).sum() >= 2 and _same(yours[~masked], expected[~masked]):
        return ("right where it should not be zero, and not zero where it should: a mask (input > 0) is "
                "forgotten")
    return None


def _terms(yours, expected, context):
    terms = context.get("terms", {})
    if not terms or numpy.count_nonzero(yours) < len(terms) + 2:
        return None
    columns = numpy.stack([term.reshape(-1) for term in terms.values()], axis=1)
    if numpy.linalg.matrix_rank(columns, tol=1e-6 * numpy.linalg.norm(columns)) < len(terms):
        return None             # then the weights could not be told apart
    weights, right = (numpy.linalg.lstsq(columns, g.reshape(-1), rcond=None)[0] for g in (yours, expected))
    if not _same(columns @ weights, yours.reshape(-1)) or not _same(columns @ right, expected.reshape(-1)):
        return None
    return "; ".join(_weight_of(name, weight / wanted) for name, weight, wanted in zip(terms, weights, right)
                     if abs(weight - wanted) > FIT * abs(wanted))


def _weight_of(name, weight):
    for value, text in ((0, "is missing"), (2, "is counted twice"), (-1, "has the wrong sign"),
                        (0.5, "is counted by half")):
        if abs(weight - value) < 10 * FIT:
            return f"the {name} term {text}"
    return f"the {name} term has {weight:.6g} times its weight"


def _permuted(yours, expected, context):
    for axis in range(min(yours.ndim, 2)):
        a, b = (numpy.moveaxis(g, axis, 0).reshape(g.shape[axis], -1) for g in (yours, expected))
        if len(a) < 2 or yours.size < 4:
            continue
        order_a, order_b = (numpy.lexsort(numpy.round(g / numpy.abs(b).max(), 4).T) for g in (a, b))
        if _same(a[order_a], b[order_b]):
            return f"the {_axis_name(axis, yours.ndim)} are right, in the wrong order"
    return None


def _axis_name(axis, ndim):
    return "elements" if ndim == 1 else ("rows", "columns")[axis]


def _some_rows_or_columns(yours, expected, context):
    """Right but for some rows or columns; and what is wrong in those, if that can be told."""
    wrong = numpy.abs(yours - expected) > 1e-7 * numpy.abs(expected).max()
    best = None
    for axis in range(min(yours.ndim, 2)):
        others = tuple(i for i in range(yours.ndim) if i != axis)
        which = numpy.flatnonzero(wrong.any(axis=others))
        share = len(which) / yours.shape[axis]
        some_are_right = numpy.delete(expected, which, axis).any()      # zeros are no merit
        if some_are_right and (best is None or share < best[2]):
            best = axis, which, share
    if best is None:
        return None
    axis, which, _ = best
    names = _axis_name(axis, yours.ndim)
    text = f"right but for the {names} {_spans(which)}"
    if len(which) == 1:
        text = f"right but for {names[:-1]} {which[0]}"
    within = diagnose(yours.take(which, axis), expected.take(which, axis),
                      _part_of(context, which, axis, yours.shape))
    return f"{text}; there: {within}" if within and not within.startswith("right but") else text


def _part_of(context, which, axis, shape):
    """The context of some rows or columns."""
    part = {"sizes": context.get("sizes", {})}
    for key in ("terms", "alternatives"):
        part[key] = {name: g.take(which, axis) for name, g in context.get(key, {}).items()
                     if g.shape == shape}
    if getattr(context.get("sigma"), "shape", None) == shape:
        part["sigma"], part["asked"] = context["sigma"].take(which, axis), context.get("asked", "log σ²")
    return part


def _spans(numbers):
    """[0, 1, 2, 5] -> "0 to 2, 5" """
    spans = []
    for n in numbers:
        if spans and n == spans[-1][1] + 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    return ", ".join(f"{a} to {b}" if b > a else str(a) for a, b in spans)
