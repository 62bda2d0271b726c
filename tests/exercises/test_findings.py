"""What learners often get wrong, and what they must then be told, or must not. test_bank.py has many more."""

import re
import types

import numpy
import pytest

from minivae.checking.diagnosis import diagnose
from minivae.exercises import findings, mistakes, runner
from minivae.exercises import judge as judging
from minivae.exercises.catalog import EXERCISES, by_key
from minivae.exercises.mutants import edits
from minivae.exercises.runner import NOT_DONE, PASSED, WRONG
from minivae.layers import mlp, mlp_backward

VAE = by_key("9").solution.lines["vae_backward"]
ADAM = by_key("10").solution.lines["adam_step"]
CAVI = "others = precision[i] @ mean - precision[i, i] * mean[i]\n"


def verdict_on(tmp_path, key, answer, function=None):
    """answer: the lines of one function; or [(old, new), ...] for a file with a bug."""
    exercise = by_key(key)
    source = exercise.shipped()
    if isinstance(answer, str):
        source = exercise.solution.solve(source, **{function or exercise.functions[0]: answer})
    for old, new in answer if isinstance(answer, list) else ():
        assert source.count(old) == 1
        source = source.replace(old, new)
    file = tmp_path / f"{exercise.file}.py"
    file.write_text(source, encoding="utf-8")
    return judging.judge(file)


# What was accepted

def test_the_largest_log_weight_of_all_examples_is_not_enough(tmp_path):
    verdict = verdict_on(tmp_path, "15", "w = np.exp(log_w - log_w.max())\nreturn dbound * w / w.sum(axis=0)")
    assert verdict.code == WRONG and "not finite" in verdict.text and "the largest of its own example" in verdict.text


def test_an_array_of_the_caller_must_not_change(tmp_path):
    verdict = verdict_on(tmp_path, "14", "mean[i] = 0\nreturn (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]")
    assert verdict.code == WRONG and "mean was changed in place; the function may only read it" in verdict.text
    assert "probably" not in verdict.text


# What was said falsely

def test_nan_is_not_right(tmp_path):
    verdict = verdict_on(tmp_path, "10", ADAM.replace("g ** 2", "g"))
    assert "g is used in v where g² is needed" in verdict.text and "right except" not in verdict.text
    assert "theta after 4 steps is not finite" in verdict.text and "right: m after 4 steps" in verdict.text
    verdict = verdict_on(tmp_path, "7", "return np.full(h.shape, np.nan)")
    assert "dh is not finite, first at [0, 0]" in verdict.text and "probably" not in verdict.text
    expected = numpy.arange(12.0).reshape(3, 4) + 1
    for place in [(0, 0), 1, slice(None)]:
        yours = expected.copy()
        yours[place] = numpy.nan
        assert diagnose(yours, expected) is None


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if e.problems], ids=lambda e: e.file)
def test_no_data_has_a_constant_row_or_column(exercise):
    """There, some mistakes would not show."""
    def arrays(value):
        if isinstance(value, numpy.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            for element in value:
                yield from arrays(element)
    for seed in [findings.SEED, *range(20)]:
        for problem in exercise.problems:
            for value in problem.draw(numpy.random.default_rng(seed)).values():
                for x in arrays(value):
                    if x.ndim == 2 and x.shape[1] > 1:
                        assert (x != x[:1]).any(axis=0).all() and (x != x[:, :1]).any(axis=1).all()


@pytest.mark.parametrize("key, answer, told, not_told", [
    ("5", "return dlogp[:, None] * x * (1 - sigmoid(a))", "zero for the pixels with x = 0", "right except"),
    ("5", "p = sigmoid(a)\nreturn dlogp[:, None] * (x * (1 - p) + (1 - x) * p)", "x = 0 have the wrong sign", "right except"),
    ("15", "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.mean(axis=0)", "mean .*but their sum is needed", "mean is needed"),
    ("8", "v = FLOOR + np.exp(s)\nreturn np.concatenate([(x - m) / v, 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)], axis=-1)",
     "upstream gradient `dlogp` is left out", "gradient dy|`dy`"),
    ("12", "dC = np.ones_like(dz)[:, :, None] * eps[:, None, :]\nd = range(Z)\nreturn np.concatenate("
     "[np.ones_like(dz), dC[:, d, d] * C[:, d, d], dC[:, BELOW[0], BELOW[1]]], axis=1)", "upstream gradient `dz` is left out", "dy"),
    ("12", "dC = dz[:, :, None] * eps[:, None, :]\nd = range(Z)\n"
     "return np.concatenate([dz, dC[:, d, d] * C[:, d, d], dC[:, BELOW[1], BELOW[0]]], axis=1)", "transposed, or its upper triangle", "^$"),
    ("9", VAE.replace("dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)",
                      "dh = q.kl_backward(ones / N, h)\nmlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, "
                      "model.encoder_grads, 'tanh')"), "only the KL is there; dh has to be the sum of both paths.*overwrites", "^$"),
    ("4", by_key("4").solution.lines["autoencoder_backward"].replace("-2 *", "-1 *"), "probably: 1 is used where 2 is needed, in dx_hat\n", "encoder 0's dW.*:.*probably"),
    ("18", [("rng.standard_normal(p[\"W2\"].shape[1]) * np.ones((len(x), 1))",
             "np.concatenate([half := rng.standard_normal((len(x) // 2, 2)), -half])")], "antithetic noise makes errors cancel better", "do not cancel"),
])
def test_what_is_said_is_true(key, answer, told, not_told, tmp_path):
    verdict = verdict_on(tmp_path, key, answer)
    assert verdict.code == WRONG and re.search(told, verdict.text), verdict.text
    assert not re.search(not_told, verdict.text), verdict.text


def test_a_correlation_is_at_most_1(tmp_path):
    text = verdict_on(tmp_path, "18", [('* np.ones((len(x), 1))', '* np.ones((len(x), 1)) * 1.3')]).text
    assert 0.9 < float(re.search(r"the correlation is ([\d.]+)", text)[1]) <= 1


# What was not explained

@pytest.mark.parametrize("key, answer, told", [
    ("11", "return (dlogp[:, None, None] * one_hot(x)).reshape(a.shape)", "−π is missing"),
    ("11", "e = np.exp(a.reshape(len(a), -1, K))\nreturn (dlogp[:, None, None] * (one_hot(x) - e / e.sum(1, keepdims=True))).reshape(a.shape)",
     "normalized over the pixels .axis 1."),
    ("15", "return dbound * np.exp(log_w - log_w.max(axis=0))", "not normalized: divide by its sum"),
    ("15", "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.sum(axis=1, keepdims=True)", "over the batch .axis 1."),
    ("10", ADAM.replace("(1 - beta2 ** t)", "(1 - beta1 ** t)"), "β₁ is used in both corrections"),
    ("10", ADAM.replace("lr * m_hat", "m_hat"), "factor `lr` is missing"),
    ("10", ADAM.replace("(1 - beta1) * g", "g"), "factor `1 - beta1` is missing"),
    ("14", CAVI + "return (shift[i] - 0.5 * others) / precision[i, i], 1 / precision[i, i]", "factor ½, but each pair occurs twice"),
    ("14", CAVI + "return 1 / precision[i, i], (shift[i] - others) / precision[i, i]", "wrong order: first the mean"),
    ("4", by_key("4").solution.lines["autoencoder_backward"].replace("(x - x_hat)", "(-x_hat)"), "`x` is missing"),
    ("8", "v = np.exp(s)\nd = dlogp[:, None]\nreturn np.concatenate([d * (x - m) / v, d * 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)", "FLOOR"),
    ("12b", "z = sigmoid(zeta)\nwith np.errstate(all='ignore'):\n    return np.log(z * (1 - z)).sum(axis=1)",
     "not finite(.|\n)*softplus"),
    ("7", "return -np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * (np.exp(logvar) - 1)], axis=-1)",
     "probably: the sign is flipped\n"),
    ("6", "eps = np.random.default_rng().standard_normal(eps.shape)\n" + by_key("6").solution.lines["sample_backward"], "other numbers when it is called again"),
    ("7", "return 1e-6 + " + by_key("7").solution.lines["kl_backward"].replace("return ", "out = ") + "\nreturn out * (1 + 1e-6)", "."),
    ("1", "dW = x.T @ dy\ndb = dy.sum(axis=0)\nreturn dy @ W.T", r"dW, db: nothing was written there; .*in place"),
    ("1", "dW += x.T @ dy\ndb += dy.sum(axis=0)\nreturn dy @ W.T", r"added to what was there; write \[\.\.\.\] = \.\.\., not \+="),
])
def test_common_mistakes_are_named(key, answer, told, tmp_path):
    verdict = verdict_on(tmp_path, key, answer)
    assert verdict.code == WRONG and re.search(told, verdict.text), verdict.text


@pytest.mark.parametrize("key, answer, told, not_told", [
    ("0", by_key("0").solution.lines["numerical_gradient"].replace("/ (2 * h)", "/ 2 * h"), "all of `2 . h` belongs below the line", "^$"),
    ("0", by_key("0").solution.lines["numerical_gradient"].replace("    x[i] = value\n", ""),
     "x is not as it was: put the old value back", "may only read"),
    ("12b", "with np.errstate(all='ignore'):\n    return np.log(sigmoid(zeta) * (1 - sigmoid(zeta))).sum(axis=-1)",
     "right for moderate numbers, but not for extreme ones", "log_jacobian is right"),
    ("22", [(".mean(axis=1)                     # −log", ".sum(axis=1)                      # −log"),
            ('(sigmoid(c["a"]) - x) / x.size', '(x - sigmoid(c["a"])) / N')], "the sign of `.sigmoid.c..a... - x. . N` is wrong", "of `N`"),
    ("7", "return dkl[:, None] * np.concatenate([2 * mu, np.exp(logvar) - 1], axis=-1)", "probably: it is twice what it should be\n", "the part"),
    ("7", "return dkl[:, None] * np.concatenate([mu, np.exp(logvar) - 0.5], axis=-1)", "½ is missing at exp", "besides"),
    ("2", "return dy * (y >= 0)", "y >= 0 is always true; y > 0 is needed", "^$"),
    ("23", [("0.01 * rng", "0 * rng")], "the noise is 0", "same noise"),
    ("7", "if mu > 0:\n    return mu", "For an array use a mask, like y > 0, or np.where", "^$"),
])
def test_what_a_learner_was_told_wrongly(key, answer, told, not_told, tmp_path):
    function = "relu_backward" if key == "2" else None
    verdict = verdict_on(tmp_path, key, answer, function)
    assert verdict.code == WRONG and re.search(told, verdict.text), verdict.text
    assert not re.search(not_told, verdict.text), verdict.text


def test_partly_done_is_said_only_if_something_is_right(tmp_path):
    exercise = by_key("2")
    file = tmp_path / f"{exercise.file}.py"
    file.write_text(exercise.shipped().replace("raise NotImplementedError", "return dy", 1), encoding="utf-8")
    verdict = judging.judge(file)
    assert verdict.code == NOT_DONE and "partly" not in verdict.text and "2 --hint" in verdict.text


def test_two_parts_with_two_mistakes_are_told_apart(tmp_path):
    verdict = verdict_on(tmp_path, "7", "d = dkl[:, None]\nreturn np.concatenate([-d * mu, d * (np.exp(logvar) - 1)], axis=-1)")
    assert re.search("probably: the part for μ: .*sign.*; the part for log σ²: .*½", verdict.text), verdict.text


def test_right_to_five_digits_is_not_explained_by_a_mistake(tmp_path):
    verdict = verdict_on(tmp_path, "7", by_key("7").solution.lines["kl_backward"].replace("- 1)", "- 1 + 1e-6)"))
    assert verdict.code == WRONG and "right to five digits, but not to seven" in verdict.text


# What was refused

@pytest.mark.parametrize("key, answer, function", [
    ("7", by_key("7").solution.lines["kl_backward"] + "\nraise NotImplementedError", None),
    ("14", CAVI + "return [(shift[i] - others) / precision[i, i], 1 / precision[i, i]]", None),
    ("14", CAVI + "return np.array([(shift[i] - others) / precision[i, i], 1 / precision[i, i]])", None),
    ("14", CAVI + "v = 1 / precision[i:i + 1, i]\nreturn v * (shift[i] - others), v", None),
    ("9", "grads = lambda layers: [(np.empty_like(W), np.empty_like(b)) for W, b in layers]\n"
     "model.encoder_grads, model.decoder_grads = grads(model.encoder), grads(model.decoder)\n" + VAE, None),
    ("1", "dW *= 0\ndW += x.T @ dy\ndb.fill(0)\ndb += dy.sum(axis=0)\nreturn dy @ W.T", None),
    ("9", VAE.replace(', "tanh")', ")"), None),
    ("17", [("backward(p, x, rng.standard_normal(eps.shape), c)", "backward(p, x, c=c, eps=eps.copy())")], None),
    ("11", "return (dlogp[:, None, None] * (np.eye(K)[x] - np.exp(log_softmax(a)))).reshape(a.shape)", None),
])
def test_what_is_right_is_accepted(key, answer, function, tmp_path):
    verdict = verdict_on(tmp_path, key, answer, function)
    assert verdict.code == PASSED, verdict.text
    assert ("You gave the model new lists of gradients" in verdict.text) == ("grads = lambda" in answer)


@pytest.mark.parametrize("key, answer, told", [
    ("5", "return (dlogp[:, None] * (x - sigmoid(a))).tolist()", r"the numbers are right, but this is a list; return an array: np.array"),
    ("6", "s = np.exp(0.5 * logvar)\nreturn dz, dz * eps * 0.5 * s", r"right, but this is a tuple; return an array: np.concatenate"),
    ("7", "d = dkl[:, None]\nreturn {'mu': d * mu, 'logvar': d * 0.5 * (np.exp(logvar) - 1)}", "right, but this is a dict; return an array: np.concatenate"),
    ("1", "dW[...] = x.T @ dy\ndb[...] = dy.sum(axis=0)\nreturn dy @ W.T, dW, db", "its element 0 is right: return that alone"),
    ("5", "return (dlogp[:, None] * (x - sigmoid(a))).astype('float32')", "right, but its dtype is float32; keep the float64"),
    ("14", CAVI + "return {'mean': (shift[i] - others) / precision[i, i], 'variance': 1 / precision[i, i]}", "returned a dict; return mean, variance"),
    ("16", [("np.exp(logvar) - 1 - logvar", "np.exp(2 * logvar) - 1 - 2 * logvar"),
            ("0.5 * (np.exp(c[\"logvar\"]) - 1) / N", "(np.exp(2 * c[\"logvar\"]) - 1) / N")],
     "That would be a VAE too; here the encoder emits log σ²"),
    ("7", "return [1.0, 2.0]", "dh: its type is list, but an array is needed"),
    ("7", "return 'h'", "dh: its type is str, but an array is needed"),
    ("7", "return np.zeros(h.shape, dtype=int)", r"its dtype is int\d\d, but float64 is needed: decimals are cut off"),
    ("7", "return np.zeros(h.shape).astype(object)", "dh: its dtype is object, but float64 is needed"),
    ("7", "return np.zeros(h.shape).astype(str)", "dh: its dtype is <U32, but float64 is needed"),
    ("7", "kl_backward.calls = getattr(kl_backward, 'calls', 0) + 1\n"
          "return np.zeros(h.shape) if kl_backward.calls > 1 else None", "nothing was returned; is the return missing"),
    ("7", "return np.zeros(h.shape, dtype=complex)", "its dtype is complex128, but float64 is needed"),
    ("14", "return shift / np.diag(precision), 1 / np.diag(precision)", "it returned two arrays: return those of q_i alone"),
    ("14", "pass", "returned nothing; is the return missing"),
])
def test_the_form_is_refused_for_its_own_reason(key, answer, told, tmp_path):
    verdict = verdict_on(tmp_path, key, answer)
    assert verdict.code == WRONG and re.search(told, verdict.text), verdict.text


# Where learners stumbled

@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_each_file_has_numpy(exercise):
    assert "\nimport numpy as np\n" in exercise.shipped()


def test_the_untouched_bug_of_16_does_not_print_the_answer(tmp_path):
    text = verdict_on(tmp_path, "16", []).text
    assert "variance" not in text and "exp(log σ²)" not in text and "closed form" in text


def test_the_library_s_mlp_has_the_default_of_exercise_3():
    layers = [(numpy.ones((2, 3)), numpy.zeros(3)), (numpy.ones((3, 1)), numpy.zeros(1))]
    y, inputs = mlp(numpy.ones((4, 2)), layers)
    assert numpy.allclose(y, 3 * numpy.tanh(2))
    grads = [(numpy.empty_like(W), numpy.empty_like(b)) for W, b in layers]
    assert numpy.allclose(mlp_backward(numpy.ones((4, 1)), inputs, layers, grads), 3 * (1 - numpy.tanh(2) ** 2))


def test_breakpoint_is_told_how_to_get_a_terminal(tmp_path, monkeypatch):
    import bdb

    def quit_at_once(*_, **__):
        raise bdb.BdbQuit
    monkeypatch.setattr("sys.breakpointhook", quit_at_once)
    verdict = verdict_on(tmp_path, "12b", "breakpoint()\nreturn zeta")
    assert verdict.code == WRONG and "you left the debugger" in verdict.text and "--debug" not in verdict.text
    monkeypatch.setattr(runner, "judging", True)
    verdict = verdict_on(tmp_path, "12b", "breakpoint()\nreturn zeta")
    assert verdict.code == WRONG and "To use the debugger: python -m minivae exercises 12b --debug" in verdict.text


# The suspects

def named_mistakes():
    for exercise in EXERCISES:
        for function in dict.fromkeys(problem.function for problem in exercise.problems):
            yield pytest.param(exercise, function, id=f"{exercise.file}-{function}")


@pytest.mark.parametrize("exercise, function", list(named_mistakes()))
def test_every_named_mistake_is_one_and_none_is_another(exercise, function):
    """Two names for the same numbers: one of them would be said where the other is meant."""
    names = mistakes.COMMON.get(exercise.key, {}).get(function, {})
    found = {}
    for problem in exercise.problems:
        if problem.function == function:
            right = problem.expected(**problem.draw(numpy.random.default_rng(findings.SEED)))
            for text, results in findings._known(exercise, problem, findings.SEED):
                if text in names:
                    found.setdefault(text, []).append((results, right))
    assert set(found) == set(names), "each gives numbers"
    for i, (text, results) in enumerate(found.items()):
        assert any(not same(mine, right) for mine, right in results), f"{text}: it is right"
        for other, others in list(found.items())[:i]:
            assert any(not same(mine, theirs) for (mine, _), (theirs, _) in zip(results, others)), f"{text} = {other}"


def same(a, b):
    return all(findings._same(a[name], b[name]) for name in a)


def test_an_edit_changes_one_function_and_leaves_the_tree_as_it_was():
    source = by_key("7").solution.solve(by_key("7").shipped())
    first = [text for text, _ in edits(source, ("kl_backward",))]
    assert len(first) > 50 and first == [text for text, _ in edits(source, ("kl_backward",))]
    module = types.ModuleType("edited")
    exec(next(code for text, code in edits(source, ("kl_backward",)) if text.startswith("`− 1` is missing")), module.__dict__ | {}, vars(module))
    assert set(vars(module)) >= {"kl_backward"} and "kl" not in vars(module)


def test_the_order_of_the_edits_is_the_same_in_each_process():
    source = "def f(c):\n    'd'\n    return " + " + ".join(f"c['{key}']" for key in "hgfedcba")
    keys = [text[4] for text, _ in edits(source, ("f",)) if text.startswith("`c[") and "where `c['a']`" in text]
    assert keys == list("bcdefgh")


def test_unfinished_functions_are_found_by_running_them(tmp_path):
    verdict = verdict_on(tmp_path, "7", "if len(h) > 3:\n    raise NotImplementedError('later')\nreturn h")
    assert verdict.code == NOT_DONE and "write kl_backward (line" in verdict.text
