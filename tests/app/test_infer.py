"""`infer` and `variance` on the command line."""

import itertools
import re
from pathlib import Path

import numpy
import pytest

from minivae import Adam, datasets
from minivae.app import main as command_line
from minivae.inference import ESTIMATORS, compare
from minivae.inference.examples import EXAMPLES


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def infer(run_cli, *arguments):
    code, out, err = run_cli("infer", *arguments, "--backend", "numpy")
    assert code == 0, err
    return out


def row(out, name):
    """The numbers behind a name at the beginning of a line."""
    line = next(line for line in out.splitlines() if line.strip().startswith(name + " "))
    return [float(number) for number in re.findall(r"-?\d+\.\d+", line.split(name, 1)[1])]


def is_png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("model", EXAMPLES)
def test_infer_prints_both_posteriors_and_the_gap(model, run_cli, in_an_empty_folder):
    out = infer(run_cli, model, "--steps", 700, "--lr", 0.1)
    assert EXAMPLES[model].about in out and "exact posterior" in out and "fitted q" in out
    names = EXAMPLES[model].make(numpy).names
    exact_mean, exact_std, mean, std = row(out, names[0])
    if model != "one-latent":       # which has two modes, and q sits on one
        assert abs(mean - exact_mean) < 0.3 * exact_std
    assert 0.2 * exact_std < std < 1.2 * exact_std
    (evidence,), bound, gap = row(out, "log p(x)"), row(out, "ELBO"), row(out, "gap = KL(q ‖ posterior)")
    assert gap[0] == pytest.approx(evidence - bound[0], abs=2e-4) and -0.01 < gap[0] < 1.1
    assert gap[1] == bound[1] < 0.02, "the standard error, of the one and so of the other"
    assert is_png(in_an_empty_folder / f"runs/infer/{model}-mean-field-reparam.png")


@pytest.mark.parametrize("name", ["beta-bernoulli", "normal-gamma"])
def test_what_is_drawn_of_a_transformed_q_is_its_density(name):
    """It holds the mass 1 over the model's own latents, which it would not without the Jacobian."""
    model = EXAMPLES[name].make(numpy)
    fitted = compare.fit_by_gradient(model, numpy, "full-rank", "reparam", lambda knobs: Adam(knobs, lr=0.05), 10, 300, 0)
    low, high = fitted.q.mean - 8 * fitted.q.std, fitted.q.mean + 12 * fitted.q.std
    if name == "beta-bernoulli":
        low, high = [0], [1]
    else:
        low[1] = 0
    axes = [a + (b - a) * (numpy.arange(500) + 0.5) / 500 for a, b in zip(low, high)]
    z = numpy.stack(numpy.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    mass = numpy.exp(fitted.q.log_prob(z)) * numpy.prod([(b - a) / 500 for a, b in zip(low, high)])
    assert mass.sum() == pytest.approx(1, abs=2e-3)
    numpy.testing.assert_allclose(mass @ z, fitted.q.mean, rtol=0.01)


@pytest.mark.draws
def test_infer_by_coordinate_ascent(run_cli, in_an_empty_folder):
    out = infer(run_cli, "normal-gamma", "--estimator", "cavi")
    exact_mean, _, mean, _ = row(out, "τ")
    assert mean == pytest.approx(exact_mean, rel=1e-3) and "exact" in out
    assert 0 < row(out, "gap = KL(q ‖ posterior)")[0] < 0.2
    assert is_png(in_an_empty_folder / "runs/infer/normal-gamma-mean-field-cavi.png")


def test_a_full_rank_q_closes_the_gap(run_cli):
    out = infer(run_cli, "linear-regression", "--q", "full-rank", "--estimator", "path-only")
    assert abs(row(out, "gap = KL(q ‖ posterior)")[0]) < 1e-3
    exact, fitted = row(out, "correlation of w1, w2")
    assert fitted == pytest.approx(exact, abs=0.01)


@pytest.mark.draws
def test_infer_draws_where_it_is_told(run_cli, in_an_empty_folder):
    out = infer(run_cli, "beta-bernoulli", "--steps", 20, "--out", "a/b.png")
    assert f"picture: {Path('a/b.png')}" in out and is_png(in_an_empty_folder / "a/b.png")
    code, _, err = run_cli("infer", "beta-bernoulli", "--out", "a/b.png")
    assert code == 2 and "a/b.png exists; choose another name, or replace it with --overwrite" in err
    infer(run_cli, "beta-bernoulli", "--steps", 20, "--out", "a/b.png", "--overwrite")


@pytest.mark.parametrize("latent, posterior", [(2, "diagonal"), (2, "full"), (5, "diagonal")])
def test_infer_an_image_under_a_trained_decoder(latent, posterior, run_cli, in_an_empty_folder):
    numpy.savez("small.npz", x=datasets.digits().train[:200, 8:24].reshape(200, 2, 8))       # a grid is soon summed
    code, _, err = run_cli("train", "--data", "small.npz", "--epochs", 3, "--latent", latent, "--posterior", posterior,
                           "--hidden", 16, "--batch-size", 10, "--backend", "numpy", "--out", "runs/digits")
    assert code == 0, err
    out = infer(run_cli, "image", "--image", 5, "--steps", 500)
    assert "test image 5 of runs/digits" in out and "encoder's q(z|x)" in out
    evidence, bound, encoder = (row(out, name)[0] for name in ("log p(x)", "ELBO", "encoder's ELBO"))
    assert encoder < bound < evidence + 0.01
    assert ("gap = KL" in out) == (latent == 2) and ("gap ≈ KL" in out) == (latent == 5)
    assert ("exact posterior" in out) == (latent == 2) == ("importance sampling" not in out)
    assert is_png(in_an_empty_folder / "runs/infer/image-5-mean-field-reparam.png")


def test_variance_prints_a_table(run_cli):
    code, out, err = run_cli("variance", "gaussian-mean", "--samples", 20, "--repeats", 100, "--backend", "numpy")
    assert code == 0, err
    head, *rows = [line.split() for line in out.splitlines()[3:]]
    assert head == list(ESTIMATORS)
    table = {(model, q): dict(zip(head, map(float, numbers))) for model, q, *numbers in rows}
    assert list(table) == [("gaussian-mean", "start"), ("gaussian-mean", "fitted")]
    start, fitted = table["gaussian-mean", "start"], table["gaussian-mean", "fitted"]
    assert start["score"] > start["score-cv"] > start["score-rb-cv"] > start["reparam"] > start["path-only"]
    assert fitted["path-only"] < 1e-9 < fitted["reparam"], "the fitted q is the posterior: independent means"


BAD = [
    (["infer", "nonsense"], "invalid choice: 'nonsense'"),
    (["infer", "beta-bernoulli", "--steps", "0"], "'0' is not a whole number from 1"),
    (["infer", "beta-bernoulli", "--lr", "-1"], "'-1' is not a finite number above 0"),
    (["infer", "beta-bernoulli", "--estimator", "cavi"], "no updates for BetaBernoulli; use it for GaussianMean"),
    (["infer", "linear-regression", "--q", "full-rank", "--estimator", "cavi"], "coordinate ascent is always mean-field, without samples"),
    (["infer", "linear-regression", "--q", "full-rank", "--estimator", "score-rb"], "needs a q that factorizes"),
    (["infer", "linear-regression", "--samples", "1", "--estimator", "score-cv"], "n_samples is 1; give 2 or more"),
    (["infer", "linear-regression", "--out", "picture.jpg"], "picture.jpg is not a .png file"),
    (["infer", "image"], f"{Path('runs/digits')} is not a run folder"),
    (["variance", "image"], "'image' is not one of gaussian-mean"),
]


@pytest.mark.parametrize("arguments, message", BAD)
def test_bad_usage_is_one_clear_line(arguments, message, run_cli, in_an_empty_folder):
    code, out, err = run_cli(*arguments)
    assert code == 2 and message in err and "Traceback" not in err
    assert not list(in_an_empty_folder.rglob("*.png"))


@pytest.mark.parametrize("arguments, message", [
    (["normal-gamma", "--estimator", "cavi", "--lr", "0.1"], "leave out --lr 0.1"),
    (["normal-gamma", "--estimator", "cavi", "--samples", "5"], "leave out --samples 5"),
    (["normal-gamma", "--image", "3"], "--image is for the model image"),
    (["normal-gamma", "--run", "nowhere"], "--run is for the model image"),
    (["normal-gamma", "--overwrite"], "--overwrite is for --out"),
])
def test_options_that_would_do_nothing_are_refused(arguments, message, run_cli):
    code, _, err = run_cli("infer", *arguments)
    assert code == 2 and message in err


@pytest.mark.parametrize("arguments", [["--lr", "5", "--steps", "5"],
                                       ["--estimator", "score", "--samples", "1", "--lr", "1"]])
def test_a_fit_that_ends_lower_than_it_began_is_drawn_and_a_failure(arguments, run_cli, in_an_empty_folder):
    code, out, err = run_cli("infer", "linear-regression", *arguments, "--backend", "numpy")
    assert code == 1 and "gap = KL" in out and re.search("the ELBO fell from -161.5 to .*try a smaller --lr", err)
    assert len(list(in_an_empty_folder.rglob("*.png"))) == 1


@pytest.mark.filterwarnings("ignore:(overflow|invalid)")
def test_a_fit_that_diverges_at_its_last_step_is_told(run_cli):
    code, out, err = run_cli("infer", "one-latent", "--steps", "1", "--lr", "1e300")
    assert code == 1 and "infinite or NaN at step 1" in err and "ELBO" not in out


def test_a_fit_that_is_not_finished_says_so(run_cli):
    assert "the ELBO rose by" in infer(run_cli, "gaussian-mean", "--estimator", "score", "--steps", 500)
    assert "the ELBO did not rise" in infer(run_cli, "gaussian-mean", "--steps", 1000, "--lr", 0.1)


def test_an_image_that_is_not_there(run_cli):
    run_cli("train", "--epochs", 1, "--hidden", 4, "--backend", "numpy")
    code, _, err = run_cli("infer", "image", "--image", 300)
    assert code == 2 and "--image 300 does not exist; runs/digits has the test images 0 to 298" in err
    run_cli("train", "--epochs", 1, "--hidden", 4, "--backend", "numpy", "--model", "autoencoder", "--overwrite")
    code, _, err = run_cli("infer", "image")
    assert code == 2 and "runs/digits is a plain autoencoder" in err


def test_a_fit_that_diverges_is_a_failure(run_cli):
    code, _, err = run_cli("infer", "linear-regression", "--optimizer", "sgd", "--lr", "1000", "--backend", "numpy")
    assert code == 1 and "try a smaller learning rate" in err and "Traceback" not in err


def test_infer_and_variance_on_the_device(run_cli, device, monkeypatch):
    outs = [run_cli("infer", "linear-regression", "--steps", 50, "--backend", backend)[1] for backend in ("numpy", "cupy")]
    words, numbers = zip(*((re.sub(r"[-\d.]+", "#", out), re.findall(r"-?\d+\.\d+", out)) for out in outs))
    assert words[0] == words[1] and len(numbers[0]) > 10
    numpy.testing.assert_allclose(*(numpy.array(column, float) for column in numbers), atol=2e-4)
    monkeypatch.setattr(compare, "fit", lambda *options, fit=compare.fit: itertools.islice(fit(*options), 50))
    assert command_line.main(["variance", "normal-gamma", "--repeats", "2", "--backend", "cupy"]) == 0


def test_the_table_of_variances_starts_at_the_prior(monkeypatch, capsys):
    started = []
    monkeypatch.setattr(compare, "fit", lambda *_: [])
    monkeypatch.setattr(compare, "gradient_variance", lambda _, q, *more: started.append(q) or numpy.ones(1))
    compare.print_variances({"gaussian-mean": EXAMPLES["gaussian-mean"]}, numpy, 2, 2, 0)
    assert "At the start q is N(0, I)" in capsys.readouterr().out
    q = started[0]
    assert not q.mean().any() and (q.covariance() == numpy.eye(q.latent_dim)).all()
