"""The benchmarks' own half: that they still fit the library, and print what they measured."""

import re
import sys
from pathlib import Path

import numpy
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import contenders       # noqa: E402
import versus           # noqa: E402


@pytest.fixture
def tiny(monkeypatch, tmp_path, rng):
    """A network, its files and the answer that is expected."""
    monkeypatch.setitem(versus.NETWORKS, "tiny", {"sizes": (9, 4, 2), "batch": 5})
    images = rng.random((12, 9), dtype="float32")
    return tmp_path, images, versus.prepare(tmp_path, "tiny", images, rng)


def test_minivae_as_a_contender(tiny):
    folder, images, expected = tiny
    with numpy.load(folder / "tiny.npz") as file:
        given = dict(file)
    noise = given.pop("noise")
    own = contenders.minivae_contender(given, given.pop("x"), given.pop("eps"), images, "cpu")
    loss, gradients = own.loss_and_gradients()
    assert loss == pytest.approx(expected["loss"], rel=1e-6) and set(gradients) == set(expected) - {"loss", "log p(x)"}
    numpy.testing.assert_allclose(own.log_likelihood(images[:12], noise), expected["log p(x)"], rtol=1e-6)
    own.step()
    own.epoch()
    assert own.loss_and_gradients()[0] < loss


@pytest.mark.parametrize("wrong", [1.001, numpy.nan])
def test_a_contender_that_computes_something_else_is_left_out(tiny, wrong):
    folder, images, expected = tiny
    for name in list(expected)[-2:]:
        numpy.savez(folder / "x gradients.npz", **{**expected, name: expected[name] * wrong})
        assert not versus.disagreement(folder, "x", expected) < versus.FLOAT32
    numpy.savez(folder / "x gradients.npz", **expected)
    assert versus.disagreement(folder, "x", expected) == 0


def test_the_table():
    ours = {"version": "1", "step_ms": [1.0, 2.0, 3.0], "epoch_s": [4.0], "pil_epoch_s": [None], "import_s": 0.1,
            "memory_mb": [99.6], "image_ms": [5.0]}
    other = {**ours, "step_ms": [2.0, 4.0, 3.0], "epoch_s": [2.0], "pil_epoch_s": [7.0], "image_ms": [None]}
    rows = versus.table({"minivae": ours, "other": other}).splitlines()
    assert rows[2] == "| minivae 1 | 2.00 (1.00 to 3.00) | 1.00 | 4.00 | 1.00 | 5.00 | 1.00 |  | 0.10 | 100 |"
    assert rows[3] == "| other 1 | 3.00 (2.00 to 4.00) | 2.00 | 2.00 | 0.50 |  |  | 7.0 | 0.10 | 100 |"


def test_what_gpu_sh_runs_exists():
    root = Path(__file__).parents[1]
    script = (root / "tests" / "benchmarks" / "gpu.sh").read_text("utf-8")
    named = re.findall(r"tests/[\w/]+\.py", script)
    assert len(named) >= 6 and [path for path in named if not (root / path).exists()] == []
