"""The capstone: the learner's functions train a VAE together; the earned sentence takes all of them."""

import re
import shutil

import numpy
import pytest

from minivae.errors import Diverged, InputError
from minivae.exercises import capstone, runner
from minivae.exercises.catalog import by_key, originals
from minivae.exercises.runner import NOT_DONE, PASSED, Verdict
from minivae.system.progress import ProgressBar
from minivae.vae import VAE

EARNED = "You have derived a variational autoencoder."


def path_of(folder, key):
    return folder / f"{by_key(key).file}.py"


def change(folder, key, old, new):
    source = path_of(folder, key).read_text(encoding="utf-8")
    assert old in source
    path_of(folder, key).write_text(source.replace(old, new), encoding="utf-8")


def shipped(folder, *keys):
    for key in keys:
        shutil.copy(path_of(originals(), key), folder)


# What a learner writes, where the solution calls the library: without it, nothing would be their own.
LINEAR = "dW[...] = x.T @ dy\n    db[...] = dy.sum(axis=0)\n    return dy @ W.T"
MLP = ("for i in reversed(range(len(layers))):\n"
       "        dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])\n"
       "        if i > 0:\n            dy = tanh_backward(dy, inputs[i])\n    return dy")
OWN = {"1": LINEAR, "3": MLP, "2": "return dy * (1 - y * y)", "5": "return dlogp[:, None] * (x - sigmoid(a))",
       "6": "return np.concatenate([dz, dz * eps * 0.5 * np.exp(0.5 * logvar)], axis=-1)",
       "7": "return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)"}


@pytest.fixture
def solved(tmp_path, monkeypatch):
    """A folder in which all that the capstone needs is done. The verdict is told by what is left to do."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shipped(folder, *capstone.USED)
    for key in capstone.USED:
        solution = by_key(key).solution
        if key in OWN:
            change(folder, key, "raise NotImplementedError", OWN[key])
        else:
            path_of(folder, key).write_text(solution.solve(path_of(folder, key).read_text("utf-8")), "utf-8")

    def told(file):
        done = file.exists() and "NotImplementedError" not in file.read_text(encoding="utf-8")
        return Verdict(PASSED if done else NOT_DONE, "")
    monkeypatch.setattr(runner, "run", told)
    monkeypatch.setattr(capstone, "HIDDEN", (20,))
    return folder


@pytest.mark.draws
def test_with_all_done_it_trains_draws_and_says_so(solved, capsys):
    assert capstone.train(solved, quick=True) is True
    out = capsys.readouterr().out
    assert out.count("  ✓ ") == len(capstone.USED) and "→" not in out
    assert float(re.search(r"relative error of (\S+)\.", out)[1]) < 1e-8
    losses = [float(row[1]) for row in re.findall(r"^ +(\d)/2 +([\d.]+) +-[\d.]+$", out, re.MULTILINE)]
    assert len(losses) == 2 and 25 < losses[1] < losses[0] - 1 < 45
    picture = solved / "capstone" / "plane.png"
    assert picture.stat().st_size > 10_000 and f"is in {picture}\n" in out
    assert out.endswith(f"\n{EARNED}\n")


def test_the_gradient_is_that_of_the_library(solved, rng):
    mine, model = capstone.connect(solved), VAE(12, 3, hidden=(7, 5), dtype="float64", backend="numpy")
    model.parameters.flat[...] += 0.1 * rng.standard_normal(model.parameters.flat.shape)
    x, eps = (rng.random((4, 12)) < 0.5).astype(float), rng.standard_normal((4, 3))
    expected = float(model.loss_and_grad(x, eps).loss)
    gradient = model.gradients.flat.copy()
    model.gradients.flat[...] = numpy.nan
    found, own = capstone.loss_and_gradient(mine, model, x, eps)
    assert found == pytest.approx(expected, rel=1e-10)
    numpy.testing.assert_allclose(own, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("key, name", [(key, name) for key, names in capstone.USED.items() for name in names])
def test_each_function_is_the_learner_s_and_is_called(key, name, solved):
    """One that raises is found by its line, whichever of the others calls it."""
    change(solved, key, "\n\nif __name__ ==", f"\n\ndef {name}(*given):\n    1 / 0\n\n\nif __name__ ==")
    mine = capstone.connect(solved)
    with pytest.raises(ZeroDivisionError) as caught:
        capstone.gradient_agrees(mine)
        capstone.fit(mine, 1, ProgressBar("training"))
    assert caught.traceback[-1].path == path_of(solved, key) and caught.traceback[-1].name == name


def test_it_trains_on_black_and_white_digits_and_counts_the_steps(solved):
    mine, batches, steps = capstone.connect(solved), [], []
    forward, step = mine.vae_forward, mine.adam_step
    mine.vae_forward = lambda model, x, eps: (batches.append(x), forward(model, x, eps))[1]
    mine.adam_step = lambda *given: (steps.append(given[-1]), step(*given))
    capstone.fit(mine, 2, ProgressBar("training"))
    assert steps == [*range(1, 2 * (1498 // 50) + 1)]
    pixels = numpy.concatenate(batches)
    assert len(pixels) == 2 * (1498 + 299)
    assert set(numpy.unique(pixels)) == {0, 1} and 0.2 < pixels.mean() < 0.4


def test_the_picture_is_decoded_by_the_learner_s_mlp(solved, tmp_path):
    mine, model = capstone.connect(solved), VAE(64, 2, hidden=(5,), dtype="float64", backend="numpy")
    mine.mlp = lambda z, layers, activation: 1 / 0
    with pytest.raises(InputError, match="can't be drawn .ZeroDivisionError"):
        capstone.draw(mine, model, tmp_path / "a" / "plane.png")


def test_gradients_in_lists_of_the_learner_s_own_count(solved, capsys):
    new = "".join(f"    model.{network}_grads = [(0 * W, 0 * b) for W, b in model.{network}]\n"
                  for network in ("encoder", "decoder"))
    change(solved, "9", "    da = p.log", f"{new}    da = p.log")
    assert capstone.gradient_agrees(capstone.connect(solved))


def test_what_is_not_done_is_the_library_s_and_named(solved, capsys):
    shipped(solved, "3", "9")
    path_of(solved, "6").unlink()
    assert capstone.train(solved, quick=True) is False
    out = capsys.readouterr().out
    assert "  →   3  A multilayer perceptron, by the chain rule (not done yet)\n" in out
    assert out.endswith("6 of 9 exercises are done. The library stood in for: "
                        "3 · A multilayer perceptron, by the chain rule; 6 · The reparameterized sample; "
                        "9 · The whole VAE: where two paths meet\nNext: python -m minivae exercises 3\n")
    assert (solved / "capstone" / "plane.png").exists() and EARNED not in out


def test_with_nothing_done_it_says_where_to_begin(solved, capsys):
    shipped(solved, *capstone.USED)
    assert capstone.train(solved, quick=True) is False
    out = capsys.readouterr().out
    assert out.endswith(f"None of them is done yet. Begin with {solved / '00_numerical_gradient.py'}\n")
    assert "Training" not in out and not (solved / "capstone").exists()


@pytest.mark.parametrize("key, old, new", [
    ("7", "np.exp(logvar) - 1)], axis", "np.exp(logvar))], axis"), ("2", "1 - y * y", "1 - y"),
    ("6", "0.5 * logvar) * eps", "logvar) * eps")])
def test_what_is_wrong_together_is_measured(key, old, new, solved, capsys):
    """Although its verdict is "right"; the last one is a forward function, which no verdict is about."""
    change(solved, key, old, new)
    assert capstone.train(solved, quick=True) is False
    out = capsys.readouterr().out
    assert float(re.search(r"relative error of (\S+)\.\n", out)[1]) > 1e-4
    assert out.endswith("Less than 1e-07 is expected. "
                        "If you changed a forward function, like mlp, undo that.\n")


def test_an_error_in_training_names_the_learner_s_line(solved, capsys):
    change(solved, "5", "return dlogp[:, None]",
           "dlogp = dlogp if len(x) < 9 else dlogp[1:]\n    return dlogp[:, None]")
    assert capstone.train(solved, quick=True) is False
    lines = path_of(solved, "5").read_text(encoding="utf-8").splitlines()
    number = 1 + lines.index("    return dlogp[:, None] * (x - sigmoid(a))")
    out = capsys.readouterr().out
    assert re.search(rf"\n05_bernoulli.py, line {number}: ValueError: operands .*\n$", out)


def test_a_file_that_ends_python_is_named(solved, capsys):
    change(solved, "7", 'if __name__ == "__main__":\n    check(__file__)', "raise SystemExit(1)")
    assert capstone.train(solved, quick=True) is False
    assert re.search(r"\n07_kl.py, line \d+: SystemExit: 1\n$", capsys.readouterr().out)


def test_a_function_that_is_gone_is_named(solved):
    change(solved, "1", "def linear(", "def line(")
    with pytest.raises(InputError, match="^01_linear.py no longer has a function linear; .* 1 --reset$"):
        capstone.train(solved, quick=True)


def test_a_loss_that_is_no_number_stops_it(solved):
    change(solved, "10", "theta -= lr", "theta += 1e200 * lr")
    with numpy.errstate(all="ignore"), pytest.raises(Diverged, match="became (nan|inf); .* exercises 10"):
        capstone.train(solved, quick=True)


def test_other_errors_are_not_blamed_on_the_learner(solved):
    (solved / "capstone").touch()
    with pytest.raises(InputError, match="plane.png can't be drawn .FileExistsError: "):
        capstone.train(solved, quick=True)


def test_ctrl_c_ends_it(solved):
    change(solved, "10", "    m *= beta1", "    raise KeyboardInterrupt\n    m *= beta1")
    with pytest.raises(KeyboardInterrupt):
        capstone.train(solved, quick=True)
