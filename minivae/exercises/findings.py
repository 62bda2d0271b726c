"""Call the learner's function, compare its results with the right ones, and say what is probably wrong.

    examine(exercise, problem, module) -> Finding

mistakes.suspects returns modules with one mistake each. If the learner's numbers agree with those of a
suspect, its mistake is the explanation. If they agree with none, checking/diagnosis.py looks for what can be
seen in the numbers: a factor, a sign, a transpose, some wrong rows. If that finds nothing, nothing is said.
"""

import contextlib
import functools
import re
from dataclasses import dataclass
from types import SimpleNamespace

import numpy

from ..checking.diagnosis import FIT, diagnose
from ..gradcheck import TOLERANCE, relative_error
from .mistakes import suspects
from .problems import Wrong

SEED = 5


@dataclass
class Finding:
    """What was found out about one function."""

    function: str
    lines: list             # what is wrong, for the learner; empty if nothing is
    right: list             # the names of the right results
    error: float            # the largest relative error
    source: str             # where the right numbers come from

    @property
    def ok(self):
        return not self.lines


def examine(exercise, problem, module, seed=SEED):
    """Is this function of the learner's module right? -> Finding

    Raises what the learner's function raises.
    """
    def arguments():
        """New copies, drawn from the same seed: what the learner's function changes affects nothing else."""
        return problem.draw(numpy.random.default_rng(seed))
    given, untouched = arguments(), arguments()
    results = problem.results(module, given)
    changed = [f"{name} is not as it was: put the old value back after each element" if name == problem.restored
               else f"{name} was changed in place; the function may only read it" for name in given
               if name not in problem.written and not _equal(given[name], untouched[name])]
    if changed:
        return Finding(problem.function, changed, [], numpy.inf, problem.source)
    lines = []
    expected = problem.expected(**arguments())
    arrays, right, wrong, error = {}, [], [], 0.0
    for name, value in results.items():
        problems, arrays[name] = _form(name, value, expected[name])
        lines += problems
        if not problems:
            this = relative_error(arrays[name], expected[name])
            error = max(error, this)
            if this <= TOLERANCE:
                right.append(name)
            else:
                wrong.append(name)
    if wrong:
        lines += _numbers(wrong[0], arrays[wrong[0]], expected[wrong[0]], problem.source)
        lines += [f"also wrong: {', '.join(wrong[1:])}"] * (len(wrong) > 1)
    if lines and all(isinstance(array, numpy.ndarray) for array in arrays.values()):
        explanation = explain(arrays, expected, _known(exercise, problem, seed), problem.sizes, problem.parts,
                              _untouched(problem, arguments()))
        lines = [f"probably: {explanation}"] * bool(explanation) + lines
    if lines and _differs_when_repeated(problem, module, arguments, results):
        lines.insert(0, "the function returns other numbers when it is called again: "
                     "is noise drawn inside it?")
    if lines and problem.not_finite:
        lines.insert(0, "right for moderate numbers, but not for extreme ones:")
        if any("not finite" in line for line in lines):
            lines.append(problem.not_finite)
    return Finding(problem.function, lines, right, error, problem.source)


@functools.cache
def _known(exercise, problem, seed):
    """[(what is wrong, the results that it gives), ...] of all suspects that give numbers."""
    return results_of(suspects(exercise, problem.function), lambda module: problem.results(
        module, problem.draw(numpy.random.default_rng(seed))))


def results_of(suspects, run):
    """[(what is wrong, {result: array}), ...]; run(module) -> the results of a suspect"""
    known = []
    for text, module in suspects:
        try:
            with numpy.errstate(all="ignore"):
                known.append((text, {name: numpy.asarray(value, dtype="float64")
                                     for name, value in run(module).items()}))
        except Exception:           # an edited solution may do anything
            pass
    return known


def _differs_when_repeated(problem, module, arguments, results):
    with contextlib.redirect_stdout(None):
        again = problem.results(module, arguments())
    return any(not _equal(again[name], results[name]) for name in results)


def _equal(a, b):
    """Equal but for rounding? Arrays, lists of them, or a model's parameters; anything else can't change."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if hasattr(a, "parameters"):
        return _equal(a.parameters.flat, b.parameters.flat)
    if not isinstance(a, numpy.ndarray) or a.dtype.kind not in "buifc":
        return True
    return (a.shape, a.dtype) == (b.shape, b.dtype) and numpy.allclose(a, b, 1e-9, 1e-12, equal_nan=True)


def _form(name, value, expected):
    """What is wrong with the form of a result, and the result as a float64 array, or None."""
    if value is None:
        return [f"{name}: nothing was returned; is the return missing?"], None
    if not isinstance(value, numpy.ndarray) and (not numpy.isscalar(value) or numpy.ndim(expected)):
        number = numpy.asarray(value, dtype="float64") if isinstance(value, (int, float)) else None
        return [f"{name}: {_not_an_array(value, expected)}"], number
    array = numpy.asarray(value)
    if array.dtype.kind != "f":
        cut = ": decimals are cut off" if array.dtype.kind in "iu" else ""
        return [f"{name}: its dtype is {array.dtype}, but float64 is needed{cut}"], None
    floats = array.astype("float64")
    if array.shape != expected.shape:
        return [f"{name} must have the shape {expected.shape}, but its shape is {array.shape}"], floats
    rtol = 1e-2 if array.dtype == "float16" else 1e-4
    if array.dtype != numpy.float64 and numpy.allclose(floats, expected, rtol=rtol, atol=1e-4):
        return [f"{name}: the numbers are right, but its dtype is {array.dtype}; keep the float64 of the "
                "inputs (is there an astype or a dtype= in your function?)"], floats
    if not numpy.isfinite(floats).all():
        where = numpy.argwhere(~numpy.isfinite(floats))[0].tolist()
        return [f"{name} is not finite, first at {where}"], floats
    return [], floats


def _not_an_array(value, expected):
    """What to say about a list, a dict, a number: are its numbers right, and how does it become an array?"""
    kind = type(value).__name__
    values = list(value.values()) if isinstance(value, dict) else value
    ways = [(lambda: values, "np.array(...)"),
            (lambda: numpy.concatenate(values, axis=-1), "np.concatenate(..., axis=-1)"),
            (lambda: numpy.stack(values, axis=-1), "np.stack(..., axis=-1)")]
    for build, how in ways:
        if _right(build, expected):
            return f"the numbers are right, but this is a {kind}; return an array: {how}"
    for i, element in enumerate(values) if isinstance(values, (list, tuple)) else ():
        if _right(lambda: element, expected):
            return f"this is a {kind}; its element {i} is right: return that alone"
    return f"its type is {kind}, but an array is needed"


def _right(build, expected):
    try:
        array = numpy.asarray(build(), dtype="float64")
    except (TypeError, ValueError):
        return False
    return array.shape == expected.shape and relative_error(array, expected) <= TOLERANCE


def _numbers(name, yours, expected, source):
    """The error of one result, and its worst elements."""
    error, difference = relative_error(yours, expected), numpy.abs(yours - expected)
    lines = [f"{name} {expected.shape}: relative error {error:.1e}, allowed {TOLERANCE:.0e}; worst elements:"]
    for i in numpy.argsort(difference, axis=None)[::-1][:3]:
        where = [int(k) for k in numpy.unravel_index(i, expected.shape)]
        lines.append(f"  {name}{where}: yours {yours.flat[i]:.8g}, right {expected.flat[i]:.8g} ({source})")
    return lines


# What is probably wrong

def explain(yours, expected, known, sizes, parts=None, untouched=None):
    """What is probably wrong with the results `yours`, in words, or None.

    yours, expected, untouched  {result: array}, the last before the learner's function wrote into them
    known                       [(what is wrong, the results that it gives), ...]
    sizes                       {"N": 7, ...}, to name a wrong factor
    parts                       {words: index}, to look at parts of a result by themselves
    """
    known = [(text, results) for text, results in known
             if any(not _same(results[name], expected[name]) for name in expected)]
    for text, results in known:
        if all(_same(results[name], yours[name]) for name in yours):
            return text
    if parts:               # a factor of all parts is one mistake, not one for each
        (name, mine), = yours.items()
        text = diagnose(mine, expected[name], {"sizes": sizes}) or ""
        if re.match(r"the sign is|it is (twice|half|[A-Z] =)", text):
            return text
    explained = {}
    for label, name, index in _wrong_parts(yours, expected, parts):
        text = _of_part(yours, expected, untouched or {}, known, sizes, name, index)
        explained.setdefault(text, []).append(label)
    texts = [f"{', '.join(labels)}: {text}" if list(yours) != labels else text
             for text, labels in explained.items() if text]
    return "; ".join(texts) or None


def _of_part(yours, expected, initial, known, sizes, name, index):
    """What is wrong with one part of one result, in words, or None."""
    mine, right = yours[name][index], expected[name]
    if _same(yours[name], right):
        return "it is right to five digits, but not to seven: is a small number added, or something rounded?"
    if mine.shape == right[index].shape:
        right = right[index]
        if name in initial and _same(mine, initial[name][index]):
            return ("nothing was written there; change the array that was given in place, as in x[...] = ... "
                    "or x += ... (x = ... only gives the name x to a new array)")
        if name in initial and _same(mine, initial[name][index] + right):
            return "the result is added to what was there; write [...] = ..., not +="
    for text, results in known:
        if results[name].shape == yours[name].shape and _same(results[name][index], mine) and not (
                mine.shape == right.shape and _same(mine, right)):
            return text
    if not numpy.isfinite(mine).all():
        return None
    others = {other: expected[other] for other in expected if other != name}
    text = diagnose(mine, right, {"sizes": sizes, "others": others})
    if text or not yours[name].shape == expected[name].shape:
        return text
    texts = (_but_for_a_factor(text, results[name][index], mine, sizes) for text, results in known
             if results[name].shape == yours[name].shape)
    return next(filter(None, texts), None)


def _but_for_a_factor(text, instead, mine, sizes):
    """The text and the factor, if mine is a multiple of a suspect's numbers and the factor has a name."""
    unit = numpy.copysign(1, (mine * instead).sum()) * instead / numpy.linalg.norm(instead)
    if not _same(mine / numpy.linalg.norm(mine), unit):
        return None
    factor = diagnose(mine, instead, {"sizes": sizes})
    if factor is None or re.match(r"it is [\d.e+-]+ times", factor):
        return None         # a factor without a name proves little
    return f"{text}; besides, {factor}"


def _wrong_parts(yours, expected, parts):
    """(label, name of the result, index of the part in it)"""
    for name in yours:
        if parts and yours[name].shape == expected[name].shape and not _same(yours[name], expected[name]):
            for label, index in parts.items():
                if not _same(yours[name][index], expected[name][index]):
                    yield label, name, index
        elif (yours[name].shape != expected[name].shape or not numpy.isfinite(yours[name]).all()
              or relative_error(yours[name], expected[name]) > TOLERANCE):
            yield name, name, ...


def _untouched(problem, arguments):
    """The arrays that the learner's function has to write into, as they are before."""
    nothing = SimpleNamespace(**{problem.function: lambda *arguments, **options: None})
    try:
        results = problem.results(nothing, arguments)
    except Wrong:
        return {}
    return {name: array for name, array in results.items() if array is not None}


def _same(a, b):
    """Do two arrays agree to five digits of the larger norm? NaN agrees with NaN, but not in all places."""
    if a.shape != b.shape:
        return False
    finite = numpy.isfinite(a)
    if not finite.any() or not numpy.array_equal(finite, numpy.isfinite(b)):
        return False
    a, b = a[finite], b[finite]
    return numpy.linalg.norm(a - b) <= FIT * max(numpy.linalg.norm(a), numpy.linalg.norm(b))
