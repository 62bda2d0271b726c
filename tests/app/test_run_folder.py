import json

import numpy
import pytest

from minivae import datasets
from minivae.app import build, configuration, run_folder
from minivae.errors import InputError

CONFIG = configuration.complete({**configuration.DEFAULTS, "hidden": [8], "epochs": 3, "backend": "numpy"})


@pytest.fixture
def saved(tmp_path):
    """A run of two epochs, saved."""
    run = run_folder.Run.create(tmp_path / "run", CONFIG)
    model = build.build_model(CONFIG, 64)
    optimizer, rng = build.build_optimizer(CONFIG, model), numpy.random.default_rng(0)
    run.history = [dict(zip(run_folder.HISTORY_FIELDS, (epoch, 9.5, 9.0, 0.5, -9.7, 0.1, 100.0))) for epoch in (1, 2)]
    run.save(model, optimizer, 2, rng)
    run.save_config()
    return run


def test_a_run_comes_back_as_it_was_saved(saved):
    again = run_folder.Run.open(saved.folder)
    assert {name: again.config[name] for name in CONFIG} == CONFIG
    assert again.history == saved.history
    assert again.load(build.build_model(CONFIG, 64)) == 2
    assert set(again.config["versions"]) == {"minivae", "numpy", "python"}


def test_a_history_that_ran_ahead_of_the_checkpoint_is_cut(saved):
    with open(saved.folder / "history.csv", "a") as file:
        file.write("3,9,9,0,-9,0.1,100\n")
    again = run_folder.Run.open(saved.folder)
    again.load(build.build_model(CONFIG, 64))
    assert [row["epoch"] for row in again.history] == [1, 2]


def test_a_run_is_not_overwritten_unasked_and_wholly_when_asked(saved):
    (saved.folder / "plane.png").write_bytes(b"old picture")
    (saved.folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="already contains a run.*--resume.*--out.*--overwrite"):
        run_folder.Run.create(saved.folder, CONFIG)
    assert (saved.folder / "checkpoint.npz").exists()
    (saved.folder / "checkpoint.npz.77.part").write_bytes(b"left by a kill")
    new = run_folder.Run.create(saved.folder, CONFIG, overwrite=True)
    assert (saved.folder / "plane.png").exists(), "removed before the new run was saved"
    model = build.build_model(CONFIG, 64)
    new.save(model, build.build_optimizer(CONFIG, model), 0, numpy.random.default_rng(0))
    new.save_config()
    new.remove_leftovers()
    assert sorted(path.name for path in saved.folder.iterdir()) == ["checkpoint.npz", "config.json", "notes.txt"]
    (saved.folder / "config.json").unlink()
    with pytest.raises(InputError, match="already contains a run"):
        run_folder.Run.create(saved.folder, CONFIG)


@pytest.mark.parametrize("name, content, message", [
    ("config.json", None, "is not a run folder"), ("config.json", "{", "not valid JSON"),
    ("config.json", "[]", "contains no options"), ("config.json", "[" * 100000, "not valid JSON"), ("config.json", json.dumps({"data": "digits"}), "does not say what data_dir is"),
    ("history.csv", ",".join(run_folder.HISTORY_FIELDS) + "\n1,nan,1,1,1,1,1\n", "can't be read as a history"),
    ("history.csv", "epoch\nx\n", "can't be read as a history"), ("history.csv", "epoch,loss\n1,2\n", "can't be read as a history"),
])
def test_broken_runs_are_refused(saved, name, content, message):
    path = saved.folder / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=message):
        run_folder.Run.open(saved.folder)


@pytest.mark.parametrize("name, value", [
    ("data", 5), ("data", ""), ("latent", "2"), ("latent", 2.0), ("latent", 0), ("latent", True), ("latent", 10 ** 30),
    ("hidden", "8"), ("hidden", 8), ("hidden", [0]), ("hidden", [[8]]), ("activation", []), ("optimizer", "foo"),
    ("lr", "0.1"), ("lr", -1), ("batch_size", 1.5), ("epochs", None), ("dtype", "float16"), ("backend", "tpu"),
    ("seed", -1), ("binarize", "foo"), ("binarize", None), ("beta", -0.5), ("variance", 0), ("variance", "big"),
    ("levels", 1), ("likelihood", {}), ("samples", 0), ("stages", 11), ("stages", True), ("epsilon", 0),
])
def test_a_config_with_an_impossible_value_is_refused_by_name(saved, name, value):
    (saved.folder / "config.json").write_text(json.dumps({**CONFIG, name: value}))
    with pytest.raises(InputError, match=f"config.json has {name} = .*not possible"):
        run_folder.Run.open(saved.folder)


def test_what_each_binarization_does_to_the_images():
    grey = datasets.digits()
    built = {mode: build.build_images({**CONFIG, "binarize": mode}) for mode in configuration.BINARIZE_MODES}
    binary = {mode: (set(numpy.unique(images.train)) == {0, 1}, set(numpy.unique(images.test)) == {0, 1})
              for mode, images in built.items()}
    assert binary == {"none": (False, False), "threshold": (True, True), "static": (True, True), "dynamic": (False, True)}
    assert (built["static"].test == built["dynamic"].test).all(), "the fixed draw is not the same in all runs"
    assert (built["static"].train == build.build_images({**CONFIG, "binarize": "static"}).train).all()
    model = build.build_model(CONFIG, 64)
    for mode, images in built.items():
        _, transform = build.training_data({**CONFIG, "binarize": mode}, images, model)
        assert (transform is not None) == (mode == "dynamic")
    assert (built["none"].train == grey.train).all()
