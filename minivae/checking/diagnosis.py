"""What is probably wrong with a gradient? Try common mistakes, one after the other, until one fits.

Each mistake predicts a wrong gradient; it is the explanation only if yours agrees with that to five digits.
A random error agrees with no prediction, so it gets no explanation.
"""

import itertools

import numpy

from .differences import norm

FIT = 1e-5      # differences are exact to about 10⁻⁹; several elements don't agree this closely by chance


def diagnose(yours, expected, context=None):
    """The first explanation that fits yours ≠ expected, in words, or None. Both are NumPy arrays.

    context is a dict that may contain:
        sizes           {"N": 5, "D": 4, "L": 3}, to name a wrong factor
        others          {tensor: its right gradient}, one of which may have been taken by mistake
        per_example     (N, ...), what each example adds to a gradient that is a sum over the examples
        terms           {"KL": its part of the gradient, ...}, which add up to `expected`
        alternatives    {"what was done instead": the gradient that this gives, ...}
        asked           "log σ²" (default) or another key of BY: the variable of the derivative `expected`
        sigma           σ where `expected` is a derivative with respect to that variable, NaN elsewhere
    """
    context = context or {}
    if yours.shape != expected.shape:
        return _of_another_shape(yours, expected)
    if _same(yours, expected) or not numpy.isfinite(yours).all():
        return None             # NaN would count as right in what follows: no comparison with it is true
    for explain in (_zero, _variance_mixed_up, _factor, _absolute, _transposed, _another_tensor, _alternative,
                    _one_example, _mask_forgotten, _terms, _permuted, _in_wrong_places, _some_elements,
                    _some_rows_or_columns):
        explanation = explain(yours, expected, context)
        if explanation:
            return explanation
    return None


def _same(a, b):
    """Do a and b differ by at most 10⁻⁵ of the larger norm?"""
    return norm(a - b) <= FIT * max(norm(a), norm(b))


def _of_another_shape(yours, expected):
    one_axis_more = yours.ndim == expected.ndim + 1 and yours.shape[1:] == expected.shape
    if one_axis_more and _same(yours.sum(axis=0), expected):
        return "the sum over the batch (the first axis) is missing"
    if yours.T.shape == expected.shape and _same(yours.T, expected):
        return "it is transposed"
    if yours.size == expected.size and _same(yours.reshape(expected.shape), expected):
        return f"the numbers are right, but the shape is not: reshape to {expected.shape}"
    for axis in range(expected.ndim):
        total = expected.sum(axis=axis)
        if yours.shape == total.shape and _same(yours, total):
            return f"it is summed over axis {axis}, but this axis must stay"
    return None


def _zero(yours, expected, context):
    if not yours.any():
        return "it is zero everywhere: nothing was written, or it was multiplied by zero"
    if not expected.any():
        return "it should be zero: the function does not depend on this tensor"
    return None


def _factor(yours, expected, context):
    if not expected.any():
        return None
    direction = expected / norm(expected)
    c = float((yours * direction).sum() / (expected * direction).sum())
    if not _same(yours, c * expected):
        return None
    if abs(c + 1) < FIT:
        return "the sign is flipped"
    named = _name_of(abs(c), context.get("sizes", {}))
    if named is None:
        if numpy.count_nonzero(expected) < 4:
            return None         # a few numbers may be proportional by chance
        named = f"it is {abs(c):.6g} times what it should be"
    return named + (", and the sign is flipped" if c < 0 else "")


def _name_of(c, sizes):
    """The factor c in words, if it is 2, ½, or made of the sizes; else None."""
    if abs(c - 2) < FIT:
        return "it is twice what it should be"
    if abs(c - 0.5) < FIT:
        return "it is half of what it should be"
    over = {"N": "over the batch", "D": "over the pixels", "L": "over the samples", "Z": "over the latents",
            "K": "over the kinds"}
    for name, n in sizes.items():
        where = over.get(name, f"over {name}")
        if n > 1 and abs(c / n - 1) < FIT:
            return f"it is {name} = {n} times too large: summed {where}, but the mean is needed"
        if n > 1 and abs(c * n - 1) < FIT:
            return (f"it is {name} = {n} times too small: averaged {where}, but the sum is needed "
                    "(or averaged twice)")
    for (name, n), (other, m) in itertools.combinations(sizes.items(), 2):
        both = f"{name} {other} = {n * m} times"
        for value, text in ((n * m, f"{both} too large"), (1 / (n * m), f"{both} too small"),
                            (n / m, f"{name}/{other} times what it should be"),
                            (m / n, f"{other}/{name} times what it should be")):
            if abs(c / value - 1) < FIT:
                return f"it is {text}"
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
            return f"only example {n} counts: the sum over the batch is missing, or it was overwritten"
    return None


# The derivatives with respect to σ and the like, each divided by the derivative with respect to log σ².
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
            size = "twice" if name == "log σ" else "half of"
            return (f"this is the derivative with respect to {name}, but {asked} is needed"
                    + (f": it is {size} what it should be" if constant else ""))
        if name != asked and not constant and _same(yours, expected / factor):
            return f"a factor ∂{asked}/∂{name} is missing, or there is one factor ∂{name}/∂{asked} too many"
    return None


def _mask_forgotten(yours, expected, context):
    masked = expected == 0
    wrong = masked & (yours != 0)
    if wrong.sum() >= 2 and (~masked).sum() >= 2 and _same(yours[~masked], expected[~masked]):
        return "a mask (input > 0) is missing: this is right except where it should be zero"
    return None


def _terms(yours, expected, context):
    terms = context.get("terms", {})
    if not terms or numpy.count_nonzero(yours) < len(terms) + 2:
        return None
    columns = numpy.stack([term.reshape(-1) for term in terms.values()], axis=1)
    if numpy.linalg.matrix_rank(columns, tol=1e-6 * numpy.linalg.norm(columns)) < len(terms):
        return None             # then there is no unique weight for each term
    weights, right = (numpy.linalg.lstsq(columns, g.reshape(-1), rcond=None)[0] for g in (yours, expected))
    if not _same(columns @ weights, yours.reshape(-1)) or not _same(columns @ right, expected.reshape(-1)):
        return None
    return "; ".join(_weight_of(name, weight / wanted) for name, weight, wanted in zip(terms, weights, right)
                     if abs(weight - wanted) > FIT * abs(wanted))


def _weight_of(name, weight):
    for value, text in ((0, "is missing"), (2, "is counted twice"), (-1, "has the wrong sign"),
                        (0.5, "has half the right weight")):
        if abs(weight - value) < 10 * FIT:
            return f"the {name} term {text}"
    return f"the {name} term has {weight:.6g} times the right weight"


def _permuted(yours, expected, context):
    for axis in range(min(yours.ndim, 2)):
        a, b = (numpy.moveaxis(g, axis, 0).reshape(g.shape[axis], -1) for g in (yours, expected))
        if len(a) < 2 or yours.size < 4:
            continue
        order_a, order_b = (numpy.lexsort(numpy.round(g / numpy.abs(b).max(), 4).T) for g in (a, b))
        if _same(a[order_a], b[order_b]):
            return f"the {_axis_name(axis, yours.ndim)} are right, but in the wrong order"
    return None


def _axis_name(axis, ndim):
    return "elements" if ndim == 1 else ("rows", "columns")[axis]


def _absolute(yours, expected, context):
    if (expected < 0).sum() >= 2 and _same(yours, numpy.abs(expected)):
        return "it is the absolute value of what it should be: the signs are lost"
    return None


def _in_wrong_places(yours, expected, context):
    in_order = numpy.sort(yours, axis=None), numpy.sort(expected, axis=None)
    if yours.ndim > 1 and yours.size >= 4 and _same(*in_order):
        return "the numbers are right, but in the wrong places (reshape does not transpose)"
    return None


def _some_elements(yours, expected, context):
    """Most numbers are right, or all that are not are zero."""
    wrong = numpy.abs(yours - expected) > 1e-7 * numpy.abs(expected).max()
    right = ~wrong & (expected != 0)
    if yours.ndim < 2 or not right.any():
        return None
    if wrong.sum() == 1:
        where = numpy.argwhere(wrong)[0].tolist()
        zero = ", which is zero: was nothing written there?" if not yours[wrong].any() else ""
        return f"right except in element {where}{zero}"
    if right.sum() == 1 and not yours[wrong].any():
        return f"only element {numpy.argwhere(right)[0].tolist()} is right, and all others are zero"
    return None


def _some_rows_or_columns(yours, expected, context):
    """Right except in some rows or columns; and what is wrong there, if that fits a known mistake."""
    wrong = numpy.abs(yours - expected) > 1e-7 * numpy.abs(expected).max()
    best = None
    for axis in range(min(yours.ndim, 2)):
        others = tuple(i for i in range(yours.ndim) if i != axis)
        which = numpy.flatnonzero(wrong.any(axis=others))
        share = len(which) / yours.shape[axis]
        some_are_right = numpy.delete(expected, which, axis).any()      # right zeros prove little
        if some_are_right and (best is None or share < best[2]):
            best = axis, which, share
    if best is None:
        return None
    axis, which, _ = best
    names = _axis_name(axis, yours.ndim)
    text = f"right except in {names} {_spans(which)}"
    if len(which) == 1:
        text = f"right except in {names[:-1]} {which[0]}"
    within = diagnose(yours.take(which, axis), expected.take(which, axis),
                      _part_of(context, which, axis, yours.shape))
    return f"{text}; there: {within}" if within and not within.startswith("right except") else text


def _part_of(context, which, axis, shape):
    """The context for some rows or columns."""
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
