import json

import numpy
import pytest

from minivae import datasets, runs
from minivae.errors import InputError

CONFIG = {**runs.DEFAULTS, "hidden": [8], "epochs": 3, "backend": "numpy"}


@pytest.fixture
def saved(tmp_path):
    """A run of two epochs, saved."""
    run = runs.Run.create(tmp_path / "run", CONFIG)
    model = runs.build_model(CONFIG, 64)
    optimizer, rng = runs.build_optimizer(CONFIG, model), numpy.random.default_rng(0)
    run.history = [dict(zip(runs.HISTORY_FIELDS, (epoch, 9.5, 9.0, 0.5, -9.7, 0.1, 100.0))) for epoch in (1, 2)]
    run.save(model, optimizer, 2, rng)
    run.save_config()
    return run


def test_a_run_comes_back_as_it_was_saved(saved):
    again = runs.Run.open(saved.folder)
    assert {name: again.config[name] for name in CONFIG} == CONFIG
    assert again.history == saved.history
    assert again.load(runs.build_model(CONFIG, 64)) == 2
    assert set(again.config["versions"]) == {"minivae", "numpy", "python"}


def test_a_history_that_ran_ahead_of_the_checkpoint_is_cut(saved):
    with open(saved.folder / "history.csv", "a") as file:
        file.write("3,9,9,0,-9,0.1,100\n")
    again = runs.Run.open(saved.folder)
    again.load(runs.build_model(CONFIG, 64))
    assert [row["epoch"] for row in again.history] == [1, 2]


def test_a_run_is_not_overwritten_unasked_and_wholly_when_asked(saved):
    (saved.folder / "plane.png").write_bytes(b"old picture")
    (saved.folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="already holds a run.*--resume.*--out.*--overwrite"):
        runs.Run.create(saved.folder, CONFIG)
    assert (saved.folder / "checkpoint.npz").exists()
    runs.Run.create(saved.folder, CONFIG, overwrite=True)
    assert [path.name for path in saved.folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name, content, message", [
    ("config.json", None, "is no run folder"), ("config.json", "{", "not valid JSON"),
    ("config.json", "[]", "says nothing of data"), ("config.json", json.dumps({"data": "digits"}), "says nothing of data_dir"),
    ("history.csv", "epoch\nx\n", "can't be read as a history"), ("history.csv", "epoch,loss\n1,2\n", "can't be read as a history"),
])
def test_broken_runs_are_refused(saved, name, content, message):
    path = saved.folder / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=message):
        runs.Run.open(saved.folder)


def test_what_each_binarization_does_to_the_images():
    grey = datasets.digits()
    built = {mode: runs.build_images({**CONFIG, "binarize": mode}) for mode in runs.BINARIZE_MODES}
    binary = {mode: (set(numpy.unique(images.train)) == {0, 1}, set(numpy.unique(images.test)) == {0, 1})
              for mode, images in built.items()}
    assert binary == {"none": (False, False), "threshold": (True, True), "static": (True, True), "dynamic": (False, True)}
    assert (built["static"].test == built["dynamic"].test).all(), "the fixed draw is not the same in all runs"
    assert (built["static"].train == runs.build_images({**CONFIG, "binarize": "static"}).train).all()
    model = runs.build_model(CONFIG, 64)
    for mode, images in built.items():
        _, transform = runs.training_data({**CONFIG, "binarize": mode}, images, model)
        assert (transform is not None) == (mode == "dynamic")
    assert (built["none"].train == grey.train).all()
