"""README.md and the recipes say what the code says, and their examples run."""

import inspect
import re
from pathlib import Path

import matplotlib.image
import numpy
import pytest

from minivae import evaluation, layers, monte_carlo, vae

README = Path(__file__).parents[1] / "README.md"
RECIPES = README.parent / "tutorials" / "recipes.md"


def examples(path):
    """[(heading above it, a block of Python), ...]"""
    text = path.read_text("utf-8")
    for block in re.finditer(r"```python\n(.*?)```", text, re.S):
        yield re.findall(r"^#+ (.*)$", text[:block.start()], re.M)[-1], block[1]


def test_the_readme_has_at_most_200_lines():
    assert len(README.read_text("utf-8").splitlines()) <= 200


def test_the_algorithm_in_the_readme_is_the_code():
    """Line by line, comments too, without the indentation; only the lines around it may be left out."""
    quoted = dict(examples(README))["The algorithm"].strip()
    source = inspect.cleandoc("\n" + inspect.getsource(vae.elbo_and_grad).partition("\"\"\"")[2].partition("\"\"\"")[2])
    assert len(quoted.splitlines()) > 12 and quoted in source
    assert source.partition(quoted)[2].strip() == "return Loss(loss, -log_px.mean(), kl.mean())"


@pytest.fixture
def restored(monkeypatch):
    """What recipes change in the library is as before when the test is over."""
    monkeypatch.setitem(layers.ACTIVATIONS, "leaky relu", None)
    for module, name in ((monte_carlo, "prior_log_prob"), (monte_carlo, "prior_log_prob_backward"),
                         (evaluation, "prior_log_prob")):
        monkeypatch.setattr(module, name, getattr(module, name))


EXAMPLES = [*examples(README), *examples(RECIPES)][1:]      # the first is the algorithm


@pytest.mark.parametrize("heading, example", EXAMPLES, ids=[heading for heading, _ in EXAMPLES])
def test_an_example_runs(heading, example, restored, tmp_path, monkeypatch, capsys, run_cli):
    monkeypatch.chdir(tmp_path)
    if "runs/digits" in example:
        assert run_cli("train", "--epochs", 1, "--hidden", 8)[0] == 0
    if "my-images" in example:
        (tmp_path / "my-images").mkdir()
        for number in range(20):
            matplotlib.image.imsave(tmp_path / "my-images" / f"{number}.png", numpy.full((48, 64), 0.2), vmin=0, vmax=1)
    exec(example, {"__name__": "example"})
    out = capsys.readouterr().out
    if heading == "Check your own gradients":
        assert "N = 5 times too small" in out
    if heading == "Images of your own":
        assert out.split("\n")[0] == "(18, 768) (2, 768) (24, 32)"
    if heading.startswith("Load a run"):
        assert matplotlib.image.imread(tmp_path / "between.png").shape[:2] == (8, 9 * 9 - 1)
    if heading in ("A decoder of your own", "Another prior"):
        losses = [float(line.split()[1]) for line in out.splitlines() if re.match(r"\d+ \d", line)]
        assert len(losses) == 3 and losses[2] < losses[0]


def test_every_recipe_that_is_asked_for_is_there():
    headings = [heading for heading, _ in EXAMPLES]
    assert len(EXAMPLES) >= 7
    for wanted in ("Use it", "A decoder of your own", "An activation of your own", "Another prior", "Images of your own",
                   "Load a run and interpolate between two images", "Check your own gradients"):
        assert wanted in headings
    assert "## What waits for the GPU" in RECIPES.read_text("utf-8")
