"""The exercises as a learner meets them: as shipped, solved, half done, and done wrongly in every way."""

import ast
import importlib.metadata
import pkgutil
import re
from pathlib import Path

import numpy
import pytest

from minivae import datasets
from minivae.exercises import bugs
from minivae.exercises import judge as judging
from minivae.exercises.catalog import EXERCISES, Lines, Repaired, by_number
from minivae.exercises.runner import NOT_DONE, PASSED, WRONG

SHIPPED = Path(__file__).parents[2] / "tutorials" / "exercises"
BUGS = [exercise for exercise in EXERCISES if exercise.number >= 16]


def source_of(exercise):
    return (SHIPPED / f"{exercise.file}.py").read_text(encoding="utf-8")


def judge(folder, exercise, source):
    """The verdict on this source text, in this process."""
    file = folder / f"{exercise.file}.py"
    file.write_text(source, encoding="utf-8")
    return judging.judge(file)


def fill(number, lines, function=None):
    """The shipped file with these lines in the place of (a function's) NotImplementedError."""
    source = source_of(by_number(number))
    if function:
        start = source.index(f"def {function}(")
        indented = "\n".join("    " + line for line in lines.split("\n"))
        return source[:start] + source[start:].replace("    raise NotImplementedError", indented, 1)
    return Lines(lines).solve(source)


# 1. As shipped, and solved

def test_there_is_a_file_for_each_and_no_other():
    assert {path.stem for path in SHIPPED.glob("*.py")} == {exercise.file for exercise in EXERCISES}
    assert [exercise.number for exercise in EXERCISES] == list(range(1, 22))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_as_shipped_it_fails_as_expected(exercise, tmp_path):
    source = source_of(exercise)
    code, text = judge(tmp_path, exercise, source)
    if exercise in BUGS:
        assert code == WRONG and "not right yet" in text
        assert "This is expected the first time: the file contains a bug" in text
    else:
        assert code == NOT_DONE and "not done yet. That is expected the first time." in text
        for function in exercise.functions:
            line = int(re.search(rf"{function} in line (\d+) of {exercise.file}.py", text)[1])
            assert source.splitlines()[line - 1].strip() == "raise NotImplementedError"


def docstring_of(exercise):
    return ast.get_docstring(ast.parse(source_of(exercise)), clean=False)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_its_text_begins_with_the_catalog_s_entry_and_fits_on_a_screen(exercise):
    lines = docstring_of(exercise).splitlines()
    assert lines[0].startswith(f"{exercise.key} · ")
    assert lines[1:4] == ["", f"About {exercise.minutes} minutes, {exercise.difficulty}.", ""]
    assert lines[-1].startswith("To do: ") and lines[-1].endswith(": run this file.")
    assert len(lines) <= 26 and max(map(len, lines)) <= 110


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_each_bug_and_only_a_bug_cites_one_discussion_of_public_code(exercise):
    addresses = re.findall(r"http\S*|\S+\.com\S*", docstring_of(exercise))
    assert len(addresses) == isinstance(exercise.solution, Repaired)
    for address in addresses:
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/[1-9][0-9]*", address)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_its_solution_passes(exercise, tmp_path):
    solved = exercise.solution.solve(source_of(exercise))
    assert solved != source_of(exercise)
    verdict = judge(tmp_path, exercise, solved)
    assert verdict.code == PASSED and "right." in verdict.text, verdict.text


def test_solutions_are_the_library_s_own_wherever_it_has_them():
    own = {exercise.number for exercise in EXERCISES if isinstance(exercise.solution, Lines)}
    assert own == {4, 9, 10, 15}, "whole models; Adam, which the library keeps in another form; and a line of iwae_bound"
    assert all(isinstance(exercise.solution, Repaired) for exercise in BUGS)
    assert "def kl_backward(self, dkl, h):" in by_number(7).solution.text()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_it_fits_on_a_screen_is_checked_when_run_and_has_hints(exercise):
    docstring = source_of(exercise).split('"""')[1]
    assert len(docstring.splitlines()) <= 26 and "Check" in docstring and "To do:" in docstring
    assert all(len(line) <= 121 for line in source_of(exercise).splitlines())
    assert source_of(exercise).endswith('\n\nif __name__ == "__main__":\n    check(__file__)\n')
    assert len(exercise.hints) == 3


@pytest.mark.parametrize("number", [4, 9])
def test_the_differences_do_not_call_the_learner_s_function_again(number, tmp_path, capsys):
    """It would print hundreds of times."""
    exercise = by_number(number)
    source = exercise.solution.solve(source_of(exercise)).replace("\n    mlp_backward(", "\n    print('here')\n    mlp_backward(")
    assert judge(tmp_path, exercise, source).code == PASSED and capsys.readouterr().out == "here\n"


# 2. Wrong answers are told apart, by what is wrong with them

WRONG_ANSWERS = [
    (1, None, "dW[...] = x.T @ dy\ndb[...] = dy.mean(axis=0)\nreturn dy @ W.T", "gradient of b.*\n.*N = 5 times too small"),
    (1, None, "dW = x.T @ dy\ndb = dy.sum(axis=0)\nreturn dy @ W.T", r"nothing was written into dW; .*dW\[\.\.\.\] ="),
    (1, None, "dW[...] = dy.T @ x", "reverse of the other: one of the arrays probably needs a transpose"),
    (5, None, "return dlogp[:, None] * (x - softplus(a))", "where its derivative, x − sigmoid"),
    (7, None, "return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(0.5 * logvar) - 1)], axis=1)",
     "exp.½ log σ². is σ"),
    (7, None, "return dkl[:, None] * np.concatenate([mu, -0.5 * (np.exp(logvar) - 1)], axis=1)",
     "the part for log σ² has the wrong sign"),
    (1, None, "dW[...] = x.T @ dy\ndb[...] = dy[-1]\nreturn dy @ W.T", "only example 4 counts"),
    (1, None, "dW[...] = x.T @ dy\ndb[...] = dy.sum(axis=0)\ndy = dy @ W.T", "nothing was returned"),
    (1, None, "dy /= len(x)\ndW[...] = x.T @ dy\ndb[...] = dy.sum(axis=0)\nreturn dy @ W.T", "dy, the upstream gradient, was changed in place"),
    (1, None, "dW += x.T @ dy\ndb += dy.sum(axis=0)\nreturn dy @ W.T", r"dW was added to, but .*use dW\[...\] = ..., not \+="),
    (1, None, "dW[...] = x.T @ dy\nreturn dy @ W.T", "nothing was written into db"),
    (2, "relu_backward", "dy[y <= 0] = 0\nreturn dy", "dy, the upstream gradient, was changed in place"),
    (6, None, "eps *= 0.5\nreturn np.concatenate([dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)", "read-only(\n.*)+This array belongs to the caller"),
    (9, None, "da = p.log_prob_backward(-1 / N, x, a)", "dlogp is a float, but an array of shape"),
    (2, "relu_backward", "return dy * y", "multiplied by y, but the slope is 1 where y > 0"),
    (2, "relu_backward", "return dy", r"a mask \(input > 0\) is missing"),
    (2, "tanh_backward", "return dy * (1 - y)", "1 − y where 1 − y² is needed"),
    (3, None, """for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
return dy""", "the derivative of tanh is left out"),
    (3, None, """for i in reversed(range(len(layers))):
    dy = tanh_backward(linear_backward(dy, inputs[i], layers[i][0], *grads[i]), inputs[i])
return dy""", "x is not the output of a tanh"),
    (6, None, "return np.concatenate([dz, dz * eps * 0.5 * np.exp(logvar)], axis=-1)", "exp\\(log σ²\\) is σ²"),
    (9, None, """da = p.log_prob_backward(ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     r"encoder.0.W \(4, 6\), encoder.0.b, encoder.1.W, encoder.1.b:\n    probably: the reconstruction term has the wrong sign"),
    (4, None, """dz = mlp_backward(-2 * (x - x_hat), decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""", "N = 5 times too large: summed over the batch"),
    (4, None, "mlp_backward(-2 * (x - x_hat) / len(x), decoder_inputs, model.decoder, model.decoder_grads, 'tanh')",
     "nothing was written for encoder.0.W; .*model.encoder_grads"),
    (5, None, "return dlogp[:, None] * (sigmoid(a) - x)", "the sign is flipped"),
    (5, None, "return dlogp[:, None] * (x - a)", "x − a where x − sigmoid"),
    (5, None, "return x - sigmoid(a)", "upstream gradient dlogp is left out"),
    (6, None, "return np.concatenate([dz, dz * eps], axis=-1)", "derivative with respect to σ, but|there: "),
    (6, None, "return np.concatenate([dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)", "derivative with respect to log σ, but log σ² is needed"),
    (7, None, "return np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * np.exp(logvar)], axis=-1)", "the log σ² term is missing"),
    (7, None, "return np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)", "upstream gradient dkl is left out"),
    (7, None, """v = np.exp(logvar)
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * (1 - 1 / v)], axis=-1)""", "derivative with respect to σ², but log σ² is needed"),
    (8, None, """v = FLOOR + np.exp(s)
return dlogp[:, None] * np.concatenate([(x - m) / v, 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)""", "exp\\(s\\), without the floor"),
    (8, None, """v = FLOOR + np.exp(s)
return dlogp[:, None] * np.concatenate([(x - m) / v, 0.5 * (x - m) ** 2 / v * np.exp(s) / v], axis=-1)""", "the log σ² term is missing"),
    (9, None, """da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(q.sample_backward(dz, h, eps), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""", "the KL term is missing"),
    (9, None, """da = p.log_prob_backward(-ones / N, x, a)
dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones, h)
mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""", "the KL term has 5 times the right weight"),
    (10, None, """m *= beta1
m += (1 - beta1) * g
v *= beta2
v += (1 - beta2) * g * g
theta -= lr * m / (np.sqrt(v) + epsilon)""", "neither m nor v is divided by its 1 − βᵗ"),
    (10, None, "theta = theta - lr * g", "theta was not changed; change it in place"),
    (10, None, "g *= 2", "changed the gradient g"),
    (11, None, "return (dlogp[:, None, None] * -np.exp(log_softmax(a))).reshape(a.shape)", "the case k = x is left out"),
    (12, None, """dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""", "the factor ∂C_ii/∂log C_ii = C_ii is left out"),
    (13, "score", "return np.concatenate([eps / q.std(), eps * eps - 1], axis=1)", "derivative with respect to log σ, but log σ² is needed"),
    (13, "score", "return np.concatenate([eps / q.std(), 0.5 * eps * eps], axis=1)", "−½ is missing in the part for log σ²"),
    (14, None, "return (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]", "the sum over the others includes j = i"),
    (14, None, """others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], np.linalg.inv(precision)[i, i]""", "the marginal variance"),
    (14, None, "return 1.0", "returned float; it has to return two numbers"),
    (15, None, "return dbound / len(log_w) + 0 * log_w", "1/L for all samples is the gradient of the ELBO"),
    (15, None, "w = np.exp(log_w)\nreturn dbound * w / w.sum(axis=0)", "not finite for log w near −2000"),
]


@pytest.mark.parametrize("number, function, lines, words", WRONG_ANSWERS)
def test_a_wrong_answer_is_told_what_is_wrong(number, function, lines, words, tmp_path):
    verdict = judge(tmp_path, by_number(number), fill(number, lines, function))
    assert verdict.code != PASSED and re.search(words, verdict.text), verdict.text


def test_the_second_function_of_13_is_told_what_is_wrong(tmp_path):
    score = "return np.concatenate([eps / q.std(), 0.5 * (eps * eps - 1)], axis=1)"
    source = fill(13, score, "score").replace("    raise NotImplementedError", """\
    weight = score ** 2
    return (weight * f).sum(0) / weight.sum(0) + 0 * weight""")
    verdict = judge(tmp_path, by_number(13), source)
    assert verdict.code == WRONG and "the a of a sample includes the sample's own f" in verdict.text and "score is right" in verdict.text


def test_half_of_an_exercise_is_judged_by_itself(tmp_path):
    verdict = judge(tmp_path, by_number(2), fill(2, "return dy * (1 - y * y)", "tanh_backward"))
    assert verdict.code == NOT_DONE and "partly done" in verdict.text and "tanh_backward is right" in verdict.text
    assert "Write relu_backward in line" in verdict.text and "tanh_backward in line" not in verdict.text


# Find the bug

@pytest.mark.parametrize("exercise", BUGS, ids=lambda e: e.file)
def test_the_loss_of_every_broken_vae_falls(exercise):
    """That is why nobody notices."""
    module = judging._load(SHIPPED / f"{exercise.file}.py")
    x = (datasets.digits().train[:100] > 0.5).astype("float64")
    rng = numpy.random.default_rng(0)
    p = {"W1": rng.standard_normal((64, 20)) / 8, "W2": rng.standard_normal((20, 2)) / 5,
         "W3": rng.standard_normal((20, 2)) / 5, "W4": rng.standard_normal((2, 20)) / 2, "W5": rng.standard_normal((20, 64)) / 5}
    p.update({f"b{W[1]}": numpy.zeros(value.shape[1]) for W, value in list(p.items())})
    losses = [module.train_step(p, x, rng, 0.05) for _ in range(150)]
    assert numpy.mean(losses[-20:]) < 0.8 * numpy.mean(losses[:20])


def test_what_is_wrong_with_the_sampler_is_measured_in_two_ways(tmp_path):
    text = judge(tmp_path, by_number(16), source_of(by_number(16))).text
    assert re.search(r"z has the variance .* computed from exp\(log σ²\) = .* Monte Carlo estimate of the KL gives", text)


MISTAKES_WHILE_REPAIRING = [
    (16, [("np.exp(logvar) * eps", "np.exp(0.5 * logvar) * eps")], "moved W1, b1, W3, b3 along something other than the gradient"),
    (16, [("np.exp(logvar) - 1 - logvar", "np.exp(2 * logvar) - 1 - 2 * logvar")], "the KL no longer follows its formula"),
    (17, [("    c = forward(p, x, eps)\n", "    c = forward(p, x, eps)\n    c = forward(p, x, eps)\n")], "called forward 2 times"),
    (18, [("rng.standard_normal(p[\"W2\"].shape[1]) * np.ones((len(x), 1))", "np.ones((len(x), 2))")], "draw the same noise"),
    (18, [("rng.standard_normal(p[\"W2\"].shape[1]) * np.ones((len(x), 1))", "2 * rng.standard_normal((len(x), 2))")], "variance"),
    *[(18, [('rng.standard_normal(p["W2"].shape[1]) * np.ones((len(x), 1))', noise)], words) for noise, words in (
        ("rng.standard_normal((len(x), 1)) * np.ones(2)", "latents of one example share their noise: correlation 0.9|1.0"),
        ("rng.standard_normal(2) * rng.standard_normal((len(x), 1))", "not normal|share"),
        ("12 ** 0.5 * (rng.random((len(x), 2)) - 0.5)", "not normal: its fourth moment is not 3"),
        ("rng.random((len(x), 2))", "the noise has the mean 0.5"),
        ("np.random.default_rng(0).standard_normal((len(x), 2))", "draw it from the given rng"))],
    (18, [('    return c["loss"]', '    print(c["loss"])')], "train_step returned None"),
    (16, [("np.exp(logvar) * eps", "np.sqrt(logvar) * eps")], "z is not finite"),
    (16, [("(reconstruction + kl).mean()", "(reconstruction + kl).sum()")], "the loss is not the mean of reconstruction"),
    (20, [('dmu @ p["W2"].T\n', 'dlogvar @ p["W3"].T\n')], "moved W1, b1"),
    (21, [('dpre1 = dh2 * (1 - c["h1"] ** 2)', 'dpre1 = dh1 * (1 - c["h2"] ** 2)')], "moved W1, b1"),
    (21, [('"kl": kl}', '}')], r"forward no longer returns \['kl'\]"),
]


@pytest.mark.parametrize("number, changes, words", MISTAKES_WHILE_REPAIRING)
def test_a_wrong_repair_does_not_pass(number, changes, words, tmp_path):
    source = source_of(by_number(number))
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    verdict = judge(tmp_path, by_number(number), source)
    assert verdict.code == WRONG and re.search(words, verdict.text), verdict.text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_right_answers_pass_with_other_seeds_too(exercise, tmp_path, monkeypatch):
    """All but the noise of train_step, which is drawn from seeds of its own: test_its_solution_passes has measured it."""
    file = tmp_path / f"{exercise.file}.py"
    file.write_text(exercise.solution.solve(source_of(exercise)), encoding="utf-8")
    module = judging._load(file)
    monkeypatch.setattr(bugs, "_require_independent_noise", lambda module, p, x: None)
    for seed in range(4):
        checks = exercise.check if isinstance(exercise.check, tuple) else (exercise.check,)
        for check in checks:
            assert all(report.ok for report in check(module, numpy.random.default_rng(seed)))


# 4. What is not math

@pytest.mark.parametrize("lines, words", [
    ("return dkl[:, None) * mu", "line 29: Python does not understand this .*: return dkl"),
    ("return undefined", "NameError: name 'undefined' is not defined\n    line 29: return undefined"),
    ("return 1 / 0", "ZeroDivisionError: division by zero\n    line 29: return 1 / 0"),
    ("dmu = mu", "nothing was returned"),
    ("return [1.0, 2.0]", "it is a list, not an array"),
    ("return dkl[:, None] * mu", r"must have the shape \(5, 6\), but its shape is \(5, 3\)"),
    ("return np.concatenate([mu, logvar], axis=-1).astype('float32')", "the dtype float64, but its dtype is float32"),
    ("return dkl * mu", "ValueError: operands could not be broadcast.*\n    line 29.*\n    Print the shapes"),
    ("return None + mu", "TypeError: .*NoneType.*\n.*\n    A value is None"),
    ("return np.concatenate([mu, np.log(-np.exp(logvar))], axis=-1)", "not finite.*(\n.*)*Python warning in line 29: invalid value encountered in log"),
    ("dkl *= 2\nreturn np.concatenate([dkl[:, None] * mu, 0.5 * dkl[:, None] * (np.exp(logvar) - 1)], axis=-1)",
     "dy, the upstream gradient, was changed in place"),
    ("h *= 2\nreturn np.concatenate([dkl[:, None] * mu, 0.5 * dkl[:, None] * (np.exp(logvar) - 1)], axis=-1)",
     "h was changed in place; the function must only read it"),
    ("import sys\nsys.exit(0)", "SystemExit"),
    ("raise NotImplementedError", "not done yet"),
    ("raise NotImplementedError('later')", "not done yet"),
])
def test_errors_that_are_not_math_are_met_kindly(lines, words, tmp_path):
    verdict = judge(tmp_path, by_number(7), fill(7, lines))
    assert verdict.code != PASSED and re.search(words, verdict.text), verdict.text
    assert "Traceback" not in verdict.text


def test_an_error_while_the_file_is_read(tmp_path):
    verdict = judge(tmp_path, by_number(7), source_of(by_number(7)).replace("import numpy as np", "import nunpy as np"))
    assert "ModuleNotFoundError: No module named 'nunpy'\n    line 16: import nunpy as np" in verdict.text
    verdict = judge(tmp_path, by_number(7), source_of(by_number(7)).replace("def kl_backward", "def kl_backwards"))
    assert "no longer has a function kl_backward; restore the file with" in verdict.text


@pytest.mark.parametrize("name, fake", [
    ("numpy.linalg.norm", "lambda *a, **k: 0.0"), ("builtins.all", "lambda checks: True"),
    ("minivae.checking.check.check_gradient", "lambda *a, **k: Check('kl_backward', 'h', (5, 6), 0.0, 1e-7)"),
    ("minivae.checking.check.Report.ok", "property(lambda report: True)"),
])
def test_a_file_that_replaces_a_part_of_the_check_is_not_right(name, fake, tmp_path):
    source = f"import builtins, numpy\nimport minivae.checking.check\nfrom minivae.checking.check import Check\n{name} = {fake}\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name, pkgutil.resolve_name(name))         # to restore it afterwards
        verdict = judge(tmp_path, by_number(7), source + fill(7, "return h"))
    words = f"07_kl.py replaced .*{name.rpartition('.')[2]}, which the check relies on"
    assert verdict.code == WRONG and re.search(words, verdict.text) and "is right" not in verdict.text, verdict.text


def test_a_copy_under_another_name_is_judged_too(tmp_path):
    (tmp_path / "07_again.py").write_text(fill(7, "return h"), encoding="utf-8")
    assert "not right yet" in judging.judge(tmp_path / "07_again.py").text


def test_what_is_no_exercise(tmp_path):
    (tmp_path / "mine.py").touch()
    assert "mine.py is not an exercise" in judging.judge(tmp_path / "mine.py").text
    assert "²².py is not an exercise" in judging.judge(tmp_path / "²².py").text
    verdict = judging.judge(tmp_path / "07_kl.py")
    assert verdict.code == WRONG and "07_kl.py can't be read (No such file or directory)" in verdict.text


def test_an_installed_package_brings_them():
    """As CI installs it; an egg-info beside the checkout, or an install in place, has no RECORD of them."""
    records = [distribution.read_text("RECORD") or "" for distribution in importlib.metadata.distributions(name="minivae")]
    installed = [record for record in records if "minivae/exercises/runner.py" in record]
    if not installed:
        pytest.skip("minivae runs from a checkout here, not installed")
    for exercise in EXERCISES:
        assert f"minivae/exercises/files/{exercise.file}.py" in installed[0]
