"""Conveniences of the command line: suggestions, the list of runs, new samples, and pictures that open by themselves."""

import json
import os
import shutil
import subprocess
import sys

import numpy
import pytest

from minivae import datasets, plots
from minivae.app.commands import sample, saved_runs
from minivae.system.suggestions import did_you_mean
from minivae.runs import build, listing
from minivae.system import opening

SMALL = ["--hidden", "8", "--batch-size", "500", "--backend", "numpy"]


@pytest.fixture
def train(run_cli, tmp_path, monkeypatch):
    """train("runs/digits", "--epochs", 2): a small run, in a current folder that is otherwise empty"""
    monkeypatch.chdir(tmp_path)

    def small(folder, *options):
        code, _, err = run_cli("train", "--out", folder, "--epochs", 1, *SMALL, *options)
        assert code == 0, err
    return small


def refusal(run_cli, *arguments):
    """The one line on stderr with which these arguments are refused."""
    code, out, err = run_cli(*arguments)
    assert code == 2 and out == "" and err.count("\n") == 1, (code, out, err)
    return err


# Usage

def test_without_a_command_the_help_is_printed(run_cli):
    assert run_cli() == run_cli("--help")
    code, out, _ = run_cli()
    assert code == 0 and "usage: minivae" in out and "Draw new images" in out


@pytest.mark.parametrize("arguments, message, suggested, command", [
    (["train", "--latnt", "3"], "unrecognized argument: --latnt", "--latent", " train"),
    (["train", "--lat", "5"], "unrecognized argument: --lat", "--latent", " train"),
    (["train", "--lat=5"], "unrecognized argument: --lat=5", "--latent", " train"),
    (["train", "--batch_size=9"], "unrecognized argument: --batch_size=9", "--batch-size", " train"),
    (["train", "-latent", "3"], "unrecognized argument: -latent", "--latent", " train"),
    (["train", "--likelihood", "bernouli"], "invalid choice: 'bernouli'", "bernoulli", " train"),
    (["evaluate", "--smaples", "5", "run"], "unrecognized argument: --smaples", "--samples", " evaluate"),
    (["infer", "--lrr", "0.1"], "unrecognized argument: --lrr", "--lr", " infer"),
    (["infer", "gausian-mean"], "invalid choice: 'gausian-mean'", "gaussian-mean", " infer"),
    (["variance", "gausian-mean"], "'gausian-mean' is not one of", "gaussian-mean", " variance"),
    (["show", "--opne"], "unrecognized argument: --opne", "--open", " show"),
    (["trian"], "invalid choice: 'trian'", "train", ""), (["eval"], "invalid choice: 'eval'", "evaluate", ""),
    (["--versoin"], "unrecognized argument: --versoin", "--version", ""), (["--vers"], "unrecognized argument: --vers", "--version", "")])
def test_what_is_misspelled_is_named_with_a_suggestion_and_the_right_help(run_cli, arguments, message, suggested, command):
    err = refusal(run_cli, *arguments)
    assert message in err and err.endswith(f"(did you mean {suggested}?); see: python -m minivae{command} --help\n")


def test_what_resembles_nothing_gets_no_suggestion(run_cli):
    for arguments in (["fly"], ["train", "--xyzzy", "1"], ["show", "a", "b"], ["train", "--binarize", "sideways"]):
        assert "did you mean" not in refusal(run_cli, *arguments)
    assert did_you_mean("", ["a", "b"]) == did_you_mean("x", []) == ""
    assert did_you_mean("--l", ["--lr", "--kl", "--latent"]) == " (did you mean --lr or --latent?)"


def test_words_after_two_dashes_are_no_options(run_cli):
    assert "--latnt is not a run folder" in refusal(run_cli, "show", "--", "--latnt")


def test_a_misspelled_exercise_gets_a_suggestion(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_cli("exercises", "start")[0] == 0
    assert "'lsit' is not an exercise (did you mean list?); for" in refusal(run_cli, "exercises", "lsit")
    assert "(did you mean linear?)" in refusal(run_cli, "exercises", "linaer")


# runs

def test_runs_are_listed_with_the_newest_last(run_cli, train):
    train("runs/new")
    train("runs/sweep/first", "--likelihood", "gaussian", "--posterior", "full", "--beta", "0.5", "--latent", "3")
    train("runs/plain", "--model", "autoencoder")
    for days, folder in enumerate(("sweep/first", "plain", "new")):
        os.utime(f"runs/{folder}/checkpoint.npz", (86_400 * days, 86_400 * days + 43_200))
    code, out, err = run_cli("runs")
    head, *rows = out.splitlines()
    assert (code, err) == (0, "") and head.split() == ["folder", "data", "model", "epoch", "test", "ELBO", "saved"]
    rows = [[cell for cell in row.split("  ") if cell] for row in rows]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert [row[:4] for row in cells] == [
        [os.path.join("runs", "sweep", "first"), "digits", "vae 64-8-3 gaussian, full q, ELBO, KL times 0.5", "1/1"],
        [os.path.join("runs", "plain"), "digits", "autoencoder 64-8-2 squared-error", "1/1"],
        [os.path.join("runs", "new"), "digits", "vae 64-8-2 bernoulli", "1/1"]]
    losses = [listing.Run.open(f"runs/{name}").history[-1]["test_loss"] for name in ("sweep/first", "plain", "new")]
    assert [row[4] for row in cells] == [f"{-losses[0]:.2f}", f"loss {losses[1]:.2f}", f"{-losses[2]:.2f}"]
    assert [row[5][:8] for row in cells] == ["1970-01-"] * 3 and len({row[5] for row in cells}) == 3
    assert run_cli("runs", "runs/sweep")[1].count("\n") == 2


def test_the_list_shows_the_epoch_of_the_checkpoint(run_cli, train):
    """After a kill, the history may have a row more than what is saved."""
    train("runs/a")
    with open("runs/a/history.csv", "a", encoding="utf-8") as file:
        file.write("2,1,1,1,999,1,1\n")
    config = json.loads(open("runs/a/config.json", encoding="utf-8").read())
    with open("runs/a/config.json", "w", encoding="utf-8") as file:
        json.dump({**config, "epochs": 7}, file)
    out = run_cli("runs")[1]
    assert " 1/7 " in out and "999" not in out
    os.remove("runs/a/history.csv")
    assert " 1/7 " in run_cli("runs")[1]


def test_broken_runs_are_named_after_the_others(run_cli, train):
    train("runs/good")
    for name in ("text", "cut", "headless", "stateless"):
        shutil.copytree("runs/good", f"runs/{name}")
    open("runs/text/config.json", "w").close()
    with open("runs/cut/checkpoint.npz", "r+b") as file:
        file.truncate(2000)
    os.remove("runs/headless/config.json")
    os.remove("runs/stateless/checkpoint.npz")
    os.mkdir("runs/other")
    open("runs/other/history.csv", "w").close()        # another program's
    code, out, err = run_cli("runs")
    assert code == 0 and len(out.splitlines()) == 2 and "good" in out
    cut, headless, stateless, text = err.splitlines()
    assert all(line.startswith(f"minivae: broken: {os.path.join('runs', name)}") for line, name in
               ((cut, "cut"), (headless, "headless"), (stateless, "stateless"), (text, "text")))
    assert "can't be read (BadZipFile" in cut and "not a run folder" in headless and "not valid JSON" in text
    shutil.rmtree("runs/good")
    assert run_cli("runs")[1] == ""


def test_where_there_are_no_runs(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    none = "there are no runs in the folder {}; train one with: python -m minivae train\n"
    assert run_cli("runs") == (0, none.format("runs"), "")
    os.mkdir("empty")
    assert run_cli("runs", "empty") == (0, none.format("empty"), "")
    assert "nowhere is not a folder" in refusal(run_cli, "runs", "nowhere")


def test_listing_builds_no_model_and_loads_no_images(run_cli, train, monkeypatch):
    train("runs/a")
    for name in ("build_model", "build_images"):
        monkeypatch.delattr(build, name)
    monkeypatch.delattr(datasets, "load")
    assert len(run_cli("runs")[1].splitlines()) == 2


# sample

class SavedModel:
    """What `sample` needs of run_cli's arguments, to load the same model."""
    run, data, data_dir, backend = "runs/a", None, None, "numpy"


@pytest.mark.parametrize("options", [[], ["--likelihood", "categorical"], ["--likelihood", "gaussian", "--dtype", "float64"]])
def test_samples_as_arrays(run_cli, train, monkeypatch, options):
    monkeypatch.setattr(sample, "BATCH", 3)
    train("runs/a", *options)
    assert run_cli("sample", "runs/a", "--n", 8, "--out", "deep/new.npz", "--seed", 5)[0] == 0
    with numpy.load("deep/new.npz") as file:
        new = dict(file)
    model = build.saved_run(SavedModel)[2]
    rng = numpy.random.default_rng(5)
    z = rng.standard_normal((8, 2), dtype=model.parameters.flat.dtype)
    a = [model.likelihood_parameters(z[part]) for part in (slice(0, 3), slice(3, 6), slice(6, 8))]
    x = numpy.concatenate([model.likelihood.sample(part, rng) for part in a])
    expected = {"z": z, "mean": model.likelihood.mean(numpy.concatenate(a)), "x": x}
    assert set(new) == set(expected) and new["x"].shape == (8, 64)
    for name, array in expected.items():
        assert new[name].dtype == array.dtype
        numpy.testing.assert_allclose(new[name], array, rtol=1e-6, err_msg=name)
    model.check(new["x"])


def test_a_seed_draws_the_same_again_and_another_draws_others(run_cli, train):
    train("runs/a")
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        assert run_cli("sample", "runs/a", "--n", 3, "--out", f"{name}.npz", "--seed", seed)[0] == 0
    one, again, other = (numpy.load(f"{name}.npz")["x"] for name in ("one", "again", "other"))
    assert (one == again).all() and (one != other).any()


def test_samples_on_a_gpu_are_those_of_the_cpu(cupy_stand_in, run_cli, train):
    train("runs/a")
    for backend in ("numpy", "cupy"):
        assert run_cli("sample", "runs/a", "--n", 3, "--out", f"{backend}.npz", "--backend", backend)[0] == 0
    for name in ("z", "mean", "x"):
        numpy.testing.assert_array_equal(numpy.load("numpy.npz")[name], numpy.load("cupy.npz")[name])


@pytest.mark.draws
def test_samples_as_a_picture(run_cli, train, monkeypatch):
    train("runs/a")
    sheets, tile = [], plots.tile
    monkeypatch.setattr(plots, "tile", lambda images, *more: sheets.append((images, *more)) or tile(images, *more))
    for n in (5, 30, 900):
        assert run_cli("sample", "runs/a", "--n", n, "--seed", 1, "--out", f"{n}.PNG".lower())[0] == 0
    assert run_cli("sample", "runs/a", "--n", 30, "--seed", 1, "--out", "new.npz")[0] == 0
    assert [(len(images), shape, columns) for images, shape, columns in sheets] == [
        (5, (8, 8), 5), (30, (8, 8), 20), (900, (8, 8), 30)]
    numpy.testing.assert_allclose(sheets[1][0], numpy.load("new.npz")["mean"], rtol=1e-6)
    for name in ("5.png", "30.png", "900.png"):
        with open(name, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_the_picture_in_the_run_folder_is_replaced_and_goes_with_the_run(run_cli, train):
    train("runs/a")
    for _ in range(2):
        code, out, _ = run_cli("sample", "runs/a", "--n", 7)
        assert code == 0 and out == f"7 samples of {os.path.join('runs', 'a')}, after epoch 1: " \
                                    f"{os.path.join('runs', 'a', 'samples-7.png')}\n"
    os.rename("runs/a/samples-7.png", "runs/a/samples-mine.png")
    assert run_cli("sample", "runs/a")[0] == 0 and os.path.exists("runs/a/samples-100.png")
    train("runs/a", "--overwrite")
    assert os.path.exists("runs/a/samples-mine.png") and not os.path.exists("runs/a/samples-100.png")


def test_samples_that_are_refused_leave_nothing(run_cli, train):
    train("runs/a")
    train("runs/plain", "--model", "autoencoder")
    with open("mine.npz", "w") as file:
        file.write("mine")
    before = sorted(os.walk("."))
    for arguments, message in (
            (["a", "--out", "mine.npz"], "mine.npz exists; choose another name, or replace it with --overwrite"),
            (["plain", "--out", "new.npz"], "is a plain autoencoder, which has no prior to draw z from; name the run of a VAE"),
            (["plain"], "plain autoencoder"), (["nowhere"], "name a folder that `train` made; for a list: python -m minivae runs"),
            (["a", "--out", "new.jpg"], "new.jpg is neither a picture nor arrays; choose a name that ends in .png or .npz"),
            (["a", "--out", "new"], "choose a name that ends in"), (["a", "--overwrite"], "--overwrite is for --out"),
            (["a", "--n", "10001"], "10001 is too many for one picture; choose at most 10000, or write arrays"),
            (["a", "--n", "0"], "'0' is not a whole number from 1"), (["a", "--n", "1000000000", "--out", "new.npz"], "not enough memory"),
            (["a", "--out", "mine.npz/new.npz"], "check that the path, or the output, can be read and written"),
            (["a", "--out", "mine.npz/new.png"], "can't be drawn"), (["a", "--seed", "-1"], "--seed: '-1' is not a whole number")):
        if message != "not enough memory" or sys.platform != "darwin":      # where memory is promised without limit
            assert message in refusal(run_cli, "sample", f"runs/{arguments[0]}", *arguments[1:])
    assert sorted(os.walk(".")) == before and open("mine.npz").read() == "mine"
    assert run_cli("sample", "runs/a", "--n", 2, "--out", "mine.npz", "--overwrite")[0] == 0
    assert numpy.load("mine.npz")["x"].shape == (2, 64)


# show --open

@pytest.mark.parametrize("there_is_a_display", [True, False])
def test_show_opens_the_folder_or_prints_the_paths(run_cli, train, tmp_path, monkeypatch, there_is_a_display):
    train("runs/a", "--latent", "3")
    opened = []
    monkeypatch.setattr(saved_runs, "open_on_screen", lambda path: opened.append(path) or there_is_a_display)
    assert run_cli("show", "runs/a")[0] == 0 and opened == []
    code, out, _ = run_cli("show", "runs/a", "--open")
    assert code == 0 and opened == [(tmp_path / "runs" / "a").resolve()]
    paths = [str(opened[0] / f"{name}.png") for name in ("reconstructions", "samples", "curves")]
    assert out.splitlines()[1:] == ([] if there_is_a_display else ["the folder can't be opened from here; the paths of the pictures:", *paths])


class Opener:
    """Stands in for subprocess.Popen: the program ends with `code`, or goes on if that is None."""

    def __init__(self, monkeypatch, code=0):
        self.code, self.command = code, None
        monkeypatch.setattr(subprocess, "Popen", self)

    def __call__(self, command, **options):
        self.command = command
        if isinstance(self.code, OSError):
            raise self.code
        return self

    def wait(self, timeout):
        if self.code is None:
            raise subprocess.TimeoutExpired(self.command, timeout)
        return self.code


def test_each_system_opens_with_its_own_program(monkeypatch):
    opener = Opener(monkeypatch)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not opening.open_on_screen("/a") and opener.command is None, "no display"
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, ":0")
        assert opening.open_on_screen("/a") and opener.command == ["xdg-open", "/a"]
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert opening.open_on_screen("/a") and opener.command == ["open", "/a"]
    for code, success in ((None, True), (3, False), (FileNotFoundError("open"), False)):
        Opener(monkeypatch, code)
        assert opening.open_on_screen("/a") == success
    monkeypatch.setattr(sys, "platform", "win32")
    started = []
    monkeypatch.setattr(os, "startfile", started.append, raising=False)
    assert opening.open_on_screen("/a") and started == ["/a"]


def test_a_misspelled_data_set_gets_a_suggestion(run_cli):
    code, _, err = run_cli("train", "--data", "mnits")
    assert code == 2 and "'mnits' (did you mean mnist?); choose" in err


def test_images_that_were_moved_are_named(tmp_path, run_cli):
    numpy.save(tmp_path / "x.npy", numpy.random.default_rng(0).random((30, 4, 4), "float32"))
    run = tmp_path / "run"
    assert run_cli("train", "--data", tmp_path / "x.npy", "--epochs", "1", "--hidden", "8", "--out", run, "--quiet")[0] == 0
    (tmp_path / "x.npy").rename(tmp_path / "y.npy")
    code, _, err = run_cli("sample", run)
    assert code == 2 and "was trained on" in err and "x.npy, which is no longer there; if it was moved, give its place with --data" in err
    assert run_cli("sample", run, "--data", tmp_path / "y.npy")[0] == 0


def test_photographs_with_a_bernoulli_likelihood_are_told(tmp_path, run_cli):
    numpy.save(tmp_path / "x.npy", numpy.random.default_rng(0).random((30, 4, 4), "float32"))
    train = ["train", "--data", tmp_path / "x.npy", "--epochs", "1", "--hidden", "8"]
    told = "for photographs choose --likelihood gaussian"
    assert told in run_cli(*train, "--shown", "light", "--out", tmp_path / "a")[1]
    assert told not in run_cli(*train, "--out", tmp_path / "b")[1]
    assert told not in run_cli(*train, "--shown", "light", "--likelihood", "gaussian", "--out", tmp_path / "c")[1]
