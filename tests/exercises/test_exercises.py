"""The exercises as a learner meets them: as shipped, solved, half done, and done wrongly in every way."""

import ast
import importlib.metadata
import os
import pkgutil
import re
import types
from pathlib import Path

import numpy
import pytest

from minivae import datasets
from minivae.exercises import bugs, findings
from minivae.exercises import judge as judging
from minivae.exercises.catalog import EXERCISES, by_key
from minivae.exercises.runner import NOT_DONE, PASSED, WRONG

SHIPPED = Path(__file__).parents[2] / "tutorials" / "exercises"
BUGS = [exercise for exercise in EXERCISES if not exercise.problems]


def source_of(exercise):
    return (SHIPPED / f"{exercise.file}.py").read_text(encoding="utf-8")


def judge(folder, exercise, source):
    """The verdict on this source text, in this process."""
    file = folder / f"{exercise.file}.py"
    file.write_text(source, encoding="utf-8")
    return judging.judge(file)


def fill(key, lines, function=None):
    """The solved file with these lines in one function, the first if it is not named."""
    exercise = by_key(str(key))
    return exercise.solution.solve(source_of(exercise), **{function or exercise.functions[0]: lines})


# 1. As shipped, and solved

def test_there_is_a_file_for_each_and_no_other():
    assert {path.stem for path in SHIPPED.glob("*.py")} == {exercise.file for exercise in EXERCISES}
    assert [exercise.key for exercise in EXERCISES] == [*map(str, range(13)), "12b", *map(str, range(13, 24))]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_as_shipped_it_fails_as_expected(exercise, tmp_path):
    source = source_of(exercise)
    code, text = judge(tmp_path, exercise, source)
    if exercise in BUGS:
        assert code == WRONG and "not right yet" in text
        assert "That is expected the first time: the file contains a bug for you to find." in text
        assert len(text.splitlines()) == 3 and "probably" not in text, "no more than what can be seen"
    else:
        assert code == NOT_DONE and "not done yet. That is expected the first time." in text
        for function in exercise.functions:
            line = int(re.search(rf"{function} \(line (\d+)\)", text)[1])
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
def test_each_bug_and_only_a_bug_cites_a_discussion_of_public_code(exercise):
    addresses = re.findall(r"http\S*|\S+\.com\S*", docstring_of(exercise))
    assert bool(addresses) == (exercise in BUGS)
    for address in addresses:
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/[1-9][0-9]*", address)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_its_solution_passes(exercise, tmp_path):
    solved = exercise.solution.solve(source_of(exercise))
    assert solved != source_of(exercise)
    verdict = judge(tmp_path, exercise, solved)
    assert verdict.code == PASSED and "right." in verdict.text, verdict.text


def test_a_solution_says_where_the_library_has_it():
    for exercise in EXERCISES:
        if exercise.problems:
            for file, name in re.findall(r"(\S+\.py), ([\w.]+)", exercise.solution.library):
                module = pkgutil.resolve_name("minivae." + file.removesuffix(".py").replace("/", "."))
                assert pkgutil.resolve_name(f"{module.__name__}:{name}")
            assert exercise.solution.text().endswith(f"# In the library: {exercise.solution.library}")
    assert by_key("1").solution.text().startswith("dW[...] = x.T @ dy\n"), "as the learner writes it"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_it_fits_on_a_screen_is_checked_when_run_and_has_hints(exercise):
    docstring = source_of(exercise).split('"""')[1]
    assert len(docstring.splitlines()) <= 26 and "Check" in docstring and "To do:" in docstring
    assert all(len(line) <= 121 for line in source_of(exercise).splitlines())
    assert source_of(exercise).endswith('\n\nif __name__ == "__main__":\n    check(__file__)\n')
    assert len(exercise.hints) == 3


@pytest.mark.parametrize("key", ["4", "9"])
def test_a_right_function_is_called_once(key, tmp_path, capsys):
    """The differences must not call it: it would print hundreds of times."""
    exercise = by_key(key)
    source = exercise.solution.solve(source_of(exercise)).replace("\n    mlp_backward(", "\n    print('here')\n    mlp_backward(")
    assert judge(tmp_path, exercise, source).code == PASSED and capsys.readouterr().out == "here\n"


# 2. Partly done; test_bank.py has the wrong answers

def test_half_of_an_exercise_is_judged_by_itself(tmp_path):
    verdict = judge(tmp_path, by_key("2"), fill(2, "raise NotImplementedError", "relu_backward"))
    assert verdict.code == NOT_DONE and "partly done" in verdict.text and "tanh_backward is right" in verdict.text
    assert "write relu_backward (line" in verdict.text and "tanh_backward (line" not in verdict.text
    verdict = judge(tmp_path, by_key("2"), fill(2, "return dy", "relu_backward").replace(
        "return dy * (1 - y ** 2)", "raise NotImplementedError"))
    assert verdict.code == NOT_DONE and "write tanh_backward (line" in verdict.text
    assert "dy passes everywhere" in verdict.text and "2 --hint" in verdict.text


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
    lr = 0.3 if exercise.key == "22" else 0.05      # its reconstruction term, a mean over 64 pixels, has small gradients
    losses = [module.train_step(p, x, rng, lr) for _ in range(150)]
    assert numpy.mean(losses[-20:]) < 0.8 * numpy.mean(losses[:20])


def test_the_posterior_of_22_collapses_and_the_loss_of_23_is_too_good():
    """What the texts say, against the repaired files: same data, same seeds."""
    x = (datasets.digits().train[:200] > 0.5).astype("float64")

    def trained(key, solved, lr=0.05):
        source = by_key(key).solution.solve(source_of(by_key(key))) if solved else source_of(by_key(key))
        module = types.ModuleType("trained")
        exec(source, vars(module))
        rng = numpy.random.default_rng(1)
        p = {"W1": rng.standard_normal((64, 20)) / 8, "W2": rng.standard_normal((20, 2)) / 5,
             "W3": rng.standard_normal((20, 2)) / 5, "W4": rng.standard_normal((2, 20)) / 2,
             "W5": rng.standard_normal((20, 64)) / 5}
        p.update({f"b{W[1]}": numpy.zeros(value.shape[1]) for W, value in list(p.items())})
        losses = [module.train_step(p, x, rng, lr) for _ in range(1500)]
        return numpy.mean(losses[-100:]), module.forward(p, x, rng.standard_normal((200, 2)))
    assert trained("22", False, lr=0.3)[1]["kl"].mean() < 0.05 < 1 < trained("22", True)[1]["kl"].mean()
    (told, honest), (right, _) = trained("23", False), trained("23", True)
    assert told < right - 0.5, "better than any bound"
    assert honest["loss"] > right + 3, "with the noise that the KL assumes"


def test_what_is_wrong_with_the_sampler_is_measured_in_two_ways(tmp_path):
    text = judge(tmp_path, by_key("16"), source_of(by_key("16")) + "\n# my own note\n").text
    assert re.search(r"Monte Carlo estimate of the KL gives .*\n.*z has the variance .* but exp\(log σ²\) is", text)


MISTAKES_WHILE_REPAIRING = [
    (16, [("np.exp(logvar) * eps", "np.exp(0.5 * logvar) * eps")], "backward is still the gradient of the original forward: change it to match"),
    (16, [("np.exp(logvar) - 1 - logvar", "np.exp(2 * logvar) - 1 - 2 * logvar")], "That would be a VAE too; here the encoder emits log σ²"),
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
    (16, [("(reconstruction + kl).mean()", "(reconstruction + kl).sum()")], "probably: both terms are summed over the batch; the loss is their mean"),
    (20, [('dmu @ p["W2"].T\n', 'dlogvar @ p["W3"].T\n')], "did not move .*: W1, b1"),
    (21, [('dpre1 = dh2 * (1 - c["h1"] ** 2)', 'dpre1 = dh1 * (1 - c["h2"] ** 2)')], "did not move .*: W1, b1"),
    (21, [('"kl": kl}', '}')], r"forward no longer returns \['kl'\]"),
]


@pytest.mark.parametrize("number, changes, words", MISTAKES_WHILE_REPAIRING)
def test_a_wrong_repair_does_not_pass(number, changes, words, tmp_path):
    source = source_of(by_key(str(number)))
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    verdict = judge(tmp_path, by_key(str(number)), source)
    assert verdict.code == WRONG and re.search(words, verdict.text), verdict.text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.file)
def test_right_answers_pass_with_other_seeds_too(exercise, tmp_path, monkeypatch):
    """All but the noise of train_step, which is drawn from seeds of its own: test_its_solution_passes has measured it."""
    file = tmp_path / f"{exercise.file}.py"
    file.write_text(exercise.solution.solve(source_of(exercise)), encoding="utf-8")
    module = judging._load(file)
    monkeypatch.setattr(bugs, "_require_independent_noise", lambda module, p, x: None)
    for seed in range(4):
        for problem in exercise.problems:
            assert findings.examine(exercise, problem, module, seed).ok
        if not exercise.problems:
            bugs.measure(exercise, module, seed)


# 4. What is not math

@pytest.mark.parametrize("lines, words", [
    ("return dkl[:, None) * mu", "line 29: Python does not understand this .*: return dkl"),
    ("return undefined", "NameError: name 'undefined' is not defined\n    line 29: return undefined"),
    ("return 1 / 0", "ZeroDivisionError: division by zero\n    line 29: return 1 / 0"),
    ("dmu = mu", "nothing was returned"),
    ("return [1.0, 2.0]", "its type is list, but an array is needed"),
    ("return dkl[:, None] * mu", r"must have the shape \(7, 6\), but its shape is \(7, 3\)"),
    ("return np.concatenate([dkl[:, None] * mu, 0.5 * dkl[:, None] * (np.exp(logvar) - 1)], axis=-1).astype('float32')",
     "the numbers are right, but its dtype is float32; keep the float64"),
    ("return dkl * mu", "ValueError: operands could not be broadcast.*\n    line 29.*\n    Print the shapes"),
    ("return None + mu", "TypeError: .*NoneType.*\n.*\n    A value is None"),
    ("return np.concatenate([mu, np.log(-np.exp(logvar))], axis=-1)", "not finite.*(\n.*)*Python warning in line 29: invalid value encountered in log"),
    ("dkl *= 2\nreturn np.concatenate([dkl[:, None] * mu, 0.5 * dkl[:, None] * (np.exp(logvar) - 1)], axis=-1)",
     "dkl was changed in place; the function may only read it"),
    ("h *= 2\nreturn np.concatenate([dkl[:, None] * mu, 0.5 * dkl[:, None] * (np.exp(logvar) - 1)], axis=-1)",
     "h was changed in place; the function may only read it"),
    ("import sys\nsys.exit(0)", "SystemExit"),
    ("raise NotImplementedError", "not done yet"),
    ("raise NotImplementedError('later')", "not done yet"),
])
def test_errors_that_are_not_math_are_met_kindly(lines, words, tmp_path):
    verdict = judge(tmp_path, by_key("7"), fill(7, lines))
    assert verdict.code != PASSED and re.search(words, verdict.text), verdict.text
    assert "Traceback" not in verdict.text


def test_an_error_while_the_file_is_read(tmp_path):
    verdict = judge(tmp_path, by_key("7"), source_of(by_key("7")).replace("import numpy as np", "import nunpy as np"))
    assert "ModuleNotFoundError: No module named 'nunpy'\n    line 16: import nunpy as np" in verdict.text
    verdict = judge(tmp_path, by_key("7"), source_of(by_key("7")).replace("def kl_backward", "def kl_backwards"))
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
        verdict = judge(tmp_path, by_key("7"), source + fill(7, "return h"))
    words = f"07_kl.py replaced .*{name.rpartition('.')[2]}, which the check relies on"
    assert verdict.code == WRONG and re.search(words, verdict.text) and "is right" not in verdict.text, verdict.text


def test_a_file_saved_twice_in_a_second_is_read_again(tmp_path, monkeypatch):
    """Python's cache of bytecode knows a file by its size and the second of its time."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    file, (right, wrong) = tmp_path / "07_kl.py", (fill(7, f"return dkl[:, None] * np.concatenate([mu, {sign}0.5 * (np.exp(logvar) - 1)], axis=1)")
                                                   for sign in "+-")
    for source, code in ((right, PASSED), (wrong, WRONG), (right, PASSED)):
        file.write_text(source, encoding="utf-8")
        os.utime(file, (1_000_000_000, 1_000_000_000))
        assert judging.judge(file).code == code
    assert list(tmp_path.iterdir()) == [file]


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
