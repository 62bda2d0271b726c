"""minivae.load: a run that `train` saved, back in Python."""

import dataclasses
import shutil

import numpy
import pytest

import minivae
from minivae import datasets
from minivae.errors import InputError


@pytest.fixture
def folder(run_cli, tmp_path):
    assert run_cli("train", "--epochs", 2, "--hidden", 8, "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


def test_a_run_comes_back_in_one_line(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run = minivae.load(folder)
    assert type(run.model) is minivae.VAE and run.epoch == 2 and len(run.history) == 2
    assert run.config["hidden"] == [8] and run.config["data"] == "digits"
    assert numpy.array_equal(run.images.train, datasets.digits().train)
    assert run.model.elbo(run.images.test, rng=0).mean() == pytest.approx(-run.history[-1]["test_loss"], abs=1)
    with numpy.load(folder / "checkpoint.npz") as saved:
        assert numpy.array_equal(run.model.parameters["decoder.1.W"], saved["parameters/decoder.1.W"])
    run.model.fit(run.images.train, 1, quiet=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert numpy.array_equal(minivae.load(str(folder), backend="numpy").images.test, run.images.test)


def test_it_is_frozen_and_says_what_it_is(folder):
    run = minivae.load(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.epoch = 3
    lines = repr(run).splitlines()
    assert lines[0] == f"the run in {folder}, after epoch 2 of 2" and len(lines) == 4
    assert lines[1].split(maxsplit=1)[1] == repr(run.model)
    assert "digits: 1498 for training and 299 for testing, of 8x8 pixels" in lines[2]
    assert lines[3].endswith(f"after epoch 2: ELBO {-run.history[1]['test_loss']:.2f} nats per image")


def test_an_autoencoder_comes_back_too(run_cli, tmp_path):
    assert run_cli("train", "--model", "autoencoder", "--epochs", 1, "--hidden", 8, "--out", tmp_path / "run")[0] == 0
    run = minivae.load(tmp_path / "run")
    assert type(run.model) is minivae.Autoencoder and repr(run).endswith(f": loss {run.history[0]['test_loss']:.2f}")


def test_a_run_that_is_no_good_is_refused_in_one_line(folder, tmp_path):
    (folder / "config.json").rename(folder / "away.json")
    (tmp_path / "model.npz").write_bytes(b"")
    shutil.copytree(folder, tmp_path / "broken")
    (tmp_path / "broken" / "away.json").rename(tmp_path / "broken" / "config.json")
    (tmp_path / "broken" / "checkpoint.npz").write_bytes(b"PK")
    for name, message in (("nowhere", "not a run folder"), ("run", "restore it"), ("model.npz", "is a file.*minivae.VAE.load"),
                          ("broken", "checkpoint.npz is truncated or corrupted")):
        with pytest.raises(InputError, match=message) as caught:
            minivae.load(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_images_that_were_moved_are_named(run_cli, tmp_path):
    numpy.save(tmp_path / "mine.npy", datasets.digits().train[:40].reshape(40, 8, 8)[:, :, :6])
    assert run_cli("train", "--data", tmp_path / "mine.npy", "--epochs", 1, "--hidden", 8, "--out", tmp_path / "run")[0] == 0
    (tmp_path / "mine.npy").rename(tmp_path / "moved.npy")
    with pytest.raises(InputError, match="mine.npy"):
        minivae.load(tmp_path / "run")
    run = minivae.load(tmp_path / "run", data=str(tmp_path / "moved.npy"))
    assert run.images.train.shape[1] == 48 and "of 6x8 pixels" in repr(run), "width x height, as `train` prints it"


def test_the_backend_is_chosen_as_asked(folder, device):
    assert type(minivae.load(folder, backend="cupy").model.parameters.flat) is device.ndarray
    with pytest.raises(InputError, match="unknown backend 'gpu'"):
        minivae.load(folder, backend="gpu")
