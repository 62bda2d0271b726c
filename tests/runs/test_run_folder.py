import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest

from minivae import datasets
from minivae.runs import build, configuration, run_folder
from minivae.errors import InputError
from minivae.system import arrays, files

CONFIG = configuration.complete({**configuration.DEFAULTS, "hidden": [8], "epochs": 3, "backend": "numpy"})


@pytest.fixture
def saved(tmp_path):
    """A run of two epochs, saved."""
    run_folder.make_folder(tmp_path / "run")
    run = run_folder.Run.create(tmp_path / "run", CONFIG)
    model = build.build_model(CONFIG, 64)
    optimizer, rng = build.build_optimizer(CONFIG, model), numpy.random.default_rng(0)
    run.history = [dict(zip(run_folder.HISTORY_FIELDS, (epoch, 9.5, 9.0, 0.5, -9.7, 0.1, 100.0))) for epoch in (1, 2)]
    run.save(model, optimizer, 2, rng)
    return run


def test_a_run_comes_back_as_it_was_saved(saved):
    again = run_folder.Run.open(saved.folder)
    assert {name: again.config[name] for name in CONFIG} == CONFIG
    assert again.history == saved.history
    assert again.load(build.build_model(CONFIG, 64)) == 2
    assert set(again.config["versions"]) == {"minivae", "numpy", "python"}


def test_a_history_that_ran_ahead_of_the_checkpoint_is_cut(saved):
    with open(saved.folder / "history.csv", "a", encoding="utf-8") as file:
        file.write("3,9,9,0,-9,0.1,100\n")
    again = run_folder.Run.open(saved.folder)
    again.load(build.build_model(CONFIG, 64))
    assert [row["epoch"] for row in again.history] == [1, 2]


def test_a_run_is_not_overwritten_unasked_and_wholly_when_asked(saved):
    mine = ["notes.txt", "mine.part", "checkpoint.npz.part", "checkpoint.npz.x.part", "photo.png.77.part", "mine.png"]
    for name in [*mine, "plane.png", "checkpoint.npz.77.part"]:
        (saved.folder / name).write_bytes(b"")
    before = {path.name: path.read_bytes() for path in saved.folder.iterdir()}
    with pytest.raises(InputError, match="already contains a run.*--resume.*--out.*--overwrite"):
        run_folder.Run.create(saved.folder, CONFIG)
    new = run_folder.Run.create(saved.folder, CONFIG, overwrite=True)
    assert {path.name: path.read_bytes() for path in saved.folder.iterdir()} == before, "changed before the first save"
    model = build.build_model(CONFIG, 64)
    new.history = [dict.fromkeys(run_folder.HISTORY_FIELDS, 1)]
    new.save(model, build.build_optimizer(CONFIG, model), 1, numpy.random.default_rng(0))
    assert {path.name for path in saved.folder.iterdir()} == {"checkpoint.npz", "config.json", "history.csv", *mine}
    assert run_folder.Run.open(saved.folder).history == new.history


def test_a_resumed_run_keeps_its_pictures_and_all_files_that_are_not_its_own(saved):
    for name in ("plane.png", "mine.part", "history.csv.5.part"):
        (saved.folder / name).write_bytes(b"")
    again, model = run_folder.Run.open(saved.folder), build.build_model(CONFIG, 64)
    again.save(model, build.build_optimizer(CONFIG, model), 3, numpy.random.default_rng(0))
    assert {path.name for path in saved.folder.iterdir()} == {"checkpoint.npz", "config.json", "history.csv", "plane.png", "mine.part"}


@pytest.mark.parametrize("names", [["history.csv"], ["samples.png"], ["film.npz"], ["plane.gif"], ["config.json"], ["checkpoint.npz", "codes.png"]])
def test_files_of_that_name_which_are_no_run_are_not_replaced(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"contains {', '.join(names)}, but not a whole run.*--out.*--overwrite"):
        run_folder.Run.create(tmp_path, CONFIG)
    assert run_folder.Run.create(tmp_path, CONFIG, overwrite=True).replaces
    assert not run_folder.Run.create(tmp_path / "new", CONFIG).replaces


def test_a_save_that_fails_replaces_no_file(saved, monkeypatch):
    before = {path.name: path.read_bytes() for path in saved.folder.iterdir()}
    model = build.build_model({**CONFIG, "seed": 5}, 64)
    optimizer, rng = build.build_optimizer(CONFIG, model), numpy.random.default_rng(0)
    for n_good in range(3):
        left = iter(range(n_good))

        def full(descriptor):
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
        monkeypatch.setattr(os, "fsync", full)
        new = run_folder.Run.create(saved.folder, {**CONFIG, "seed": 5}, overwrite=True)
        new.history = [dict.fromkeys(run_folder.HISTORY_FIELDS, 1)]
        with pytest.raises(InputError, match="can't be written .No space left on device.; what was saved before is kept"):
            with monkeypatch.context() as patch:
                patch.setattr(Path, "write_bytes", lambda *_: pytest.fail("written in place, and not beside"))
                new.save(model, optimizer, 1, rng)
        assert {path.name: path.read_bytes() for path in saved.folder.iterdir()} == before, n_good


def test_a_file_that_can_not_be_replaced_keeps_the_others_of_the_old_run(saved):
    """As on Windows, while another program has it open: the checkpoint comes last."""
    before = {name: (saved.folder / name).read_bytes() for name in ("config.json", "history.csv")}
    (saved.folder / "checkpoint.npz").unlink()
    (saved.folder / "checkpoint.npz").mkdir()
    new = run_folder.Run.create(saved.folder, {**CONFIG, "seed": 5}, overwrite=True)
    new.history, model = [dict.fromkeys(run_folder.HISTORY_FIELDS, 1)], build.build_model(CONFIG, 64)
    with pytest.raises(InputError, match="can't be written .Is a directory|denied"):
        new.save(model, build.build_optimizer(CONFIG, model), 1, numpy.random.default_rng(0))
    assert {name: (saved.folder / name).read_bytes() for name in before} == before


def test_what_can_not_be_removed_does_not_stop_a_run_that_is_saved(saved):
    (saved.folder / "plane.png").mkdir()
    new, model = run_folder.Run.create(saved.folder, CONFIG, overwrite=True), build.build_model(CONFIG, 64)
    new.save(model, build.build_optimizer(CONFIG, model), 1, numpy.random.default_rng(0))
    assert new.is_saved and new.load(model) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and links, as on POSIX")
def test_what_is_no_folder_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("pipe", "link"):
        with run_folder.locked(tmp_path / name), pytest.raises(InputError, match="is a file, but a folder is needed"):
            run_folder.make_folder(tmp_path / name)


def test_the_lock_where_there_is_no_fcntl(tmp_path, monkeypatch):
    """Windows, in so far as it can be imitated: msvcrt.locking fails with EACCES on what is locked already."""
    held = []

    def locking(file, mode, size):
        if held:
            raise PermissionError(errno.EACCES, "Permission denied")
        held.append(file)
    monkeypatch.setattr(run_folder, "fcntl", None)
    monkeypatch.setattr(run_folder, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2), raising=False)
    with run_folder.locked(tmp_path):
        with pytest.raises(InputError, match="another process is training"):
            with run_folder.locked(tmp_path):
                pass
        held.clear()
    with run_folder.locked(tmp_path), run_folder.locked(tmp_path / "none"):
        assert len(held) == 1
    assert not list(tmp_path.iterdir())


def test_only_one_process_trains_in_a_folder(tmp_path):
    with run_folder.locked(tmp_path):
        with pytest.raises(InputError, match="another process is training in .*; wait until it has finished.*--out"):
            with run_folder.locked(tmp_path):
                pass
    with run_folder.locked(tmp_path), run_folder.locked(tmp_path / "none"):
        assert list(tmp_path.iterdir()) == []
    if os.name == "posix":
        (tmp_path / "train.lock").write_text("mine")        # a name of ours only where there is no fcntl
        with run_folder.locked(tmp_path):
            pass
        assert (tmp_path / "train.lock").exists()


def test_the_lock_of_a_killed_process_is_gone(tmp_path):
    script = (f"import os\nfrom minivae.runs.run_folder import locked\nwith locked({str(tmp_path)!r}):\n"
              "    print('locked', flush=True)\n    input()\n")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(InputError, match="another process"):
            with run_folder.locked(tmp_path):
                pass
        process.kill()
    with run_folder.locked(tmp_path):
        pass


def test_a_run_without_its_config_is_not_called_missing(saved):
    (saved.folder / "config.json").unlink()
    with pytest.raises(InputError, match="it has no config.json; restore it, or choose another folder"):
        run_folder.Run.open(saved.folder)
    with pytest.raises(InputError, match="not a whole run; restore the missing files"):
        run_folder.Run.create(saved.folder, CONFIG)


def test_a_run_that_is_opened_as_in_the_recipe_has_to_fit_its_checkpoint(saved):
    (saved.folder / "config.json").write_text(json.dumps({**CONFIG, "activation": "relu"}))
    again = run_folder.Run.open(saved.folder)
    with pytest.raises(InputError, match="saved with activation = 'tanh', but now it is 'relu'; restore what was changed"):
        again.load(build.build_model(again.config, 64))


@pytest.mark.parametrize("name", ["config.json", "history.csv", "checkpoint.npz"])
def test_a_file_that_can_not_be_read_is_not_called_broken(saved, name, monkeypatch):
    """The advice to train again, or to delete it, would lose a good run."""
    def load():
        run_folder.Run.open(saved.folder).load(build.build_model(CONFIG, 64))

    def denied(path, *arguments, **options):
        if path == saved.folder / name:
            raise PermissionError(13, "Permission denied", path)
        return files.open_regular(path, *arguments, **options)
    with monkeypatch.context() as patch:
        for module in (run_folder, arrays):
            patch.setattr(module, "open_regular", denied)
        with pytest.raises(InputError, match=f"{name} can't be read .Permission denied.*permissions") as caught:
            load()
    assert not re.search("overwrite|delete|train again|corrupted", str(caught.value))
    load()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which Windows doesn't have")
@pytest.mark.parametrize("name", ["config.json", "history.csv", "checkpoint.npz"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(saved, name):
    (saved.folder / name).unlink()
    os.mkfifo(saved.folder / name)
    with pytest.raises(InputError, match=f"{name} can't be read .is not a regular file"):
        run_folder.Run.open(saved.folder).load(build.build_model(CONFIG, 64))


def test_a_checkpoint_that_does_not_fit_in_memory_is_not_called_broken_for_sure(saved, monkeypatch):
    def full(*arguments, **options):
        raise MemoryError
    monkeypatch.setattr(numpy, "load", full)
    with pytest.raises(InputError, match="does not fit in memory, or is corrupted; close other programs") as caught:
        saved.load(build.build_model(CONFIG, 64))
    assert "overwrite" not in str(caught.value)


@pytest.mark.parametrize("name, content, message", [
    ("config.json", None, "is not a run folder"), ("config.json", "{", "not valid JSON"),
    ("config.json", "[]", "contains no options"), ("config.json", "[" * 100000, "not valid JSON"), ("config.json", json.dumps({"data": "digits"}), "does not say what data_dir is"),
    ("history.csv", ",".join(run_folder.HISTORY_FIELDS) + "\n1,nan,1,1,1,1,1\n", "can't be read as a history"),
    ("history.csv", ",".join(run_folder.HISTORY_FIELDS) + "\n" + 400 * "1" + ",1,1,1,1,1,1\n", "can't be read as a history"),
    ("config.json", json.dumps({**CONFIG, "levels": 5}), "--levels 5 is for --likelihood categorical"),
    ("config.json", json.dumps({**CONFIG, "likelihood": "categorical"}), "categorical needs --levels"),
    ("config.json", json.dumps({**CONFIG, "bound": "iwae"}), "add --kl monte-carlo"),
    ("config.json", json.dumps({**CONFIG, "optimizer": "sgd", "epsilon": 0.1}), "--epsilon 0.1 is for --optimizer adam"),
    ("config.json", json.dumps({**CONFIG, "posterior": "full", "free_bits": 0.1}), "--free-bits 0.1 is for --model vae"),
    ("config.json", json.dumps({**CONFIG, "beta": 0, "warm_up": 3}), "--warm-up 3 is for --model vae with --beta above 0"),
    ("history.csv", "epoch\nx\n", "can't be read as a history"), ("history.csv", "epoch,loss\n1,2\n", "can't be read as a history"),
])
def test_broken_runs_are_refused(saved, name, content, message):
    path = saved.folder / name
    path.unlink() if content is None else path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        run_folder.Run.open(saved.folder)


@pytest.mark.parametrize("name, value", [
    ("data", 5), ("data", ""), ("latent", "2"), ("latent", 2.0), ("latent", 0), ("latent", True), ("latent", 10 ** 30),
    ("hidden", "8"), ("hidden", 8), ("hidden", [0]), ("hidden", [[8]]), ("activation", []), ("optimizer", "foo"),
    ("lr", "0.1"), ("lr", -1), ("batch_size", 1.5), ("epochs", None), ("dtype", "float16"), ("backend", "tpu"),
    ("seed", -1), ("binarize", "foo"), ("binarize", None), ("beta", -0.5), ("variance", 0), ("variance", "big"),
    ("levels", 1), ("likelihood", {}), ("samples", 0), ("stages", 11), ("stages", True), ("epsilon", 0), ("warm_up", 0), ("free_bits", 0),
    ("lr", 10 ** 400), ("beta", 10 ** 400), ("latent", 10 ** 400), ("data_dir", "a\0b"), ("data", "a\0b"),
])
def test_a_config_with_an_impossible_value_is_refused_by_name(saved, name, value):
    (saved.folder / "config.json").write_text(json.dumps({**CONFIG, name: value}), "utf-8")
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
