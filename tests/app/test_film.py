"""`train --film`: its snapshots, also across interruptions, and the GIF that is made of them."""

import statistics
import tracemalloc

import numpy
import pytest
from matplotlib.figure import Figure
from PIL import Image

from minivae import datasets
from minivae.app import film_picture, pictures
from minivae.errors import InputError
from minivae.runs import build, configuration, film, run_folder
from minivae.system import files

SMALL = ["--hidden", "8", "--batch-size", "100", "--backend", "numpy"]
CONFIG = configuration.complete({**configuration.DEFAULTS, "hidden": [8], "backend": "numpy"})


def train(run_cli, folder, *more, epochs=5, code=0):
    found, out, err = run_cli("train", "--out", folder, "--film", "--epochs", epochs, *SMALL, *more)
    assert found == code, err
    return out


def snapshots(folder):
    with numpy.load(folder / "film.npz") as file:
        return {name: file[name] for name in file.files}


def assert_same_film(one, other):
    one, other = snapshots(one), snapshots(other)
    assert list(one) == list(other)
    for name in one:
        numpy.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture
def no_other_pictures(monkeypatch):
    monkeypatch.setattr(pictures, "_figures", lambda *_: {"a": Figure(figsize=(1, 1))})
    monkeypatch.setattr(film_picture, "HOLD", 3)


def frames(path):
    """[(milliseconds, pixels (height, width, 3)), ...]"""
    found = []
    with Image.open(path) as gif:
        for i in range(gif.n_frames):
            gif.seek(i)
            found.append((gif.info["duration"], numpy.asarray(gif.convert("RGB"))))
        assert gif.info["loop"] == 0, "it does not start again"
    return found


@pytest.mark.parametrize("epochs", [1, 2, 58, 59, 60, 61, 118, 300, 3280, 10 ** 9])
def test_at_most_60_epochs_are_kept_the_first_and_the_last_among_them(epochs):
    kept = film.snapshot_epochs(epochs)
    gaps = numpy.diff(kept)
    assert len(kept) == min(epochs + 1, 60) and kept[0] == 0 and kept[-1] == epochs
    assert gaps.min() >= 1 and gaps[0] == gaps.min() and gaps[-1] >= gaps.max() - 1, "not closer together at the start"


def test_a_snapshot_is_what_the_model_does(run_cli, tmp_path):
    train(run_cli, tmp_path)
    kept, run = snapshots(tmp_path), run_folder.Run.open(tmp_path)
    images = build.build_images(run.config)
    assert {name: a.dtype.name for name, a in kept.items()} == {
        "epochs": "int32", "codes": "float32", "labels": "int16", "grid": "float32", "plane": "uint8"}
    assert kept["epochs"].tolist() == [0, 1, 2, 3, 4, 5] and (kept["labels"] == images.test_labels).all()
    normal = statistics.NormalDist()
    numpy.testing.assert_allclose(kept["grid"], [normal.inv_cdf(u) for u in numpy.arange(0.05, 1, 0.1)], rtol=1e-6)
    model = build.build_model(run.config, 64)
    for i in (0, 5):
        if i:
            run.load(model)
        numpy.testing.assert_array_equal(kept["codes"][i], model.represent(images.test))
        z = numpy.array([[kept["grid"][7], kept["grid"][2]]])       # row 2: z₂; column 7: z₁
        numpy.testing.assert_allclose(kept["plane"][i, 2, 7], 255 * model.decode(z)[0], atol=0.51)


def test_means_outside_of_the_grey_values_are_black_or_white(monkeypatch):
    """As the mean of a Gaussian may be."""
    model, kept = build.build_model(CONFIG, 64), film.Film(datasets.digits(), 3)
    monkeypatch.setattr(model, "decode", lambda z: numpy.linspace(-1, 2, 64 * len(z)).reshape(len(z), 64))
    kept.take(model, 0)
    plane = kept.arrays["plane"].ravel()
    assert plane[0] == 0 and plane[-1] == 255 and (numpy.diff(plane.astype(int)) >= 0).all()


def test_large_images_have_fewer_places_and_many_images_are_cut(rng):
    images = datasets.Images(None, None, rng.random((700, 3000), dtype="float32"), None, (30, 100))
    kept = film.Film(images, 3).arrays
    assert kept["plane"].shape == (0, 6, 6, 3000) and kept["codes"].shape == (0, 500, 2)
    assert kept["labels"].tolist() == [-1] * 500


@pytest.mark.parametrize("options", [[], ["--model", "autoencoder"], ["--likelihood", "categorical"], ["--likelihood", "gaussian"]])
def test_an_interrupted_film_goes_on_as_if_it_had_not_been(run_cli, tmp_path, monkeypatch, options):
    train(run_cli, tmp_path / "whole", *options)
    save = run_folder.Run.save

    def stop(run, model, optimizer, epoch, rng):
        save(run, model, optimizer, epoch, rng)
        if epoch == 2:
            raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(run_folder.Run, "save", stop)
        train(run_cli, tmp_path / "run", *options, code=130)
    assert snapshots(tmp_path / "run")["epochs"].tolist() == [0, 1, 2]
    assert run_cli("train", "--resume", tmp_path / "run")[0] == 0
    assert_same_film(tmp_path / "whole", tmp_path / "run")


def test_the_file_is_written_only_when_there_is_a_new_snapshot(run_cli, tmp_path, monkeypatch):
    written, content = [], film.Film.content
    monkeypatch.setattr(film, "snapshot_epochs", lambda epochs: [0, 2, 5])
    monkeypatch.setattr(film.Film, "content", lambda self: written.append(self.arrays["epochs"].tolist()) or content(self))
    train(run_cli, tmp_path)
    assert written == [[0], [0, 2], [0, 2, 5]]


def test_snapshots_after_the_checkpoint_are_dropped(run_cli, tmp_path, monkeypatch):
    """As after a kill between the renaming of film.npz and that of checkpoint.npz."""
    train(run_cli, tmp_path / "whole")
    rename = files._rename

    def kill(temporary, path):
        if path.name == "checkpoint.npz" and len(snapshots(path.parent)["epochs"]) == 4:
            raise KeyboardInterrupt
        rename(temporary, path)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_rename", kill)
        train(run_cli, tmp_path / "run", code=130)
    with numpy.load(tmp_path / "run" / "checkpoint.npz") as file:
        assert file["epoch"] == 2 and snapshots(tmp_path / "run")["epochs"].tolist() == [0, 1, 2, 3]
    assert run_cli("train", "--resume", tmp_path / "run")[0] == 0
    assert_same_film(tmp_path / "whole", tmp_path / "run")


def test_added_epochs_thin_out_what_was_kept():
    images, model = datasets.digits(), build.build_model(CONFIG, 64)
    first = film.Film(images, 100)
    for epoch in range(101):
        first.take(model, epoch)
    assert first.arrays["epochs"].tolist() == film.snapshot_epochs(100) and len(first.content()) < 1e6

    class Path:     # of a file that is in memory
        exists, content = staticmethod(lambda: True), first.arrays
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(film, "Path", lambda path: path)
        patch.setattr(film, "read_film", lambda path: path.content)
        more = film.Film(images, 200)
        more.load(Path, 100)
        same = film.Film(images, 100)
        same.load(Path, 100)
        nearly = film.Film(images, 99)
        nearly.load(Path, 99)
        Path.content = {**first.arrays, "epochs": first.arrays["epochs"] + 1}
        none = film.Film(images, 99)
        none.load(Path, 0)
    assert nearly.arrays["epochs"].max() <= 99, "a snapshot after the checkpoint"
    assert [none.arrays[name].shape[0] for name in ("epochs", "codes", "plane")] == [0, 0, 0]
    assert same.arrays["epochs"].tolist() == film.snapshot_epochs(100)
    kept = more.arrays["epochs"].tolist()
    assert set(kept) <= set(film.snapshot_epochs(100)) and 38 <= len(kept) <= 44 and kept[:3] == [0, 1, 2]
    assert len(kept) + sum(epoch > 100 for epoch in film.snapshot_epochs(200)) <= 60


def test_a_film_can_begin_later_and_an_old_one_goes_with_its_run(run_cli, tmp_path):
    train(run_cli, tmp_path, epochs=2)
    (tmp_path / "plane.gif").write_bytes(b"")
    assert run_cli("train", "--out", tmp_path, "--overwrite", "--epochs", 2, *SMALL)[0] == 0
    assert not (tmp_path / "film.npz").exists() and not (tmp_path / "plane.gif").exists()
    assert run_cli("train", "--resume", tmp_path, "--epochs", 4, "--film")[0] == 0
    assert snapshots(tmp_path)["epochs"].tolist() == [3, 4]
    assert run_cli("train", "--resume", tmp_path, "--epochs", 5)[0] == 0, "the run knows that it has a film"
    assert snapshots(tmp_path)["epochs"].tolist() == [3, 4, 5]
    train(run_cli, tmp_path, "--overwrite", "--seed", "3", epochs=1)
    assert snapshots(tmp_path)["epochs"].tolist() == [0, 1]


def test_an_old_film_stays_until_the_new_run_has_an_epoch(run_cli, tmp_path, monkeypatch):
    train(run_cli, tmp_path, epochs=2)
    before = (tmp_path / "film.npz").read_bytes()
    rename = files._rename

    def refuse(temporary, path):
        if path.name == "checkpoint.npz":
            raise PermissionError(13, "in use", str(path))
        rename(temporary, path)
    monkeypatch.setattr(files, "_rename", refuse)
    train(run_cli, tmp_path, "--overwrite", "--seed", "3", epochs=2, code=2)
    assert (tmp_path / "film.npz").read_bytes() == before


def test_a_film_needs_two_latents(run_cli, tmp_path):
    for arguments in (["--latent", "3"], ["--latent", "1", "--model", "autoencoder"]):
        code, out, err = run_cli("train", "--out", tmp_path / "run", "--film", *SMALL, *arguments)
        assert code == 2 and not out and not (tmp_path / "run").exists()
        assert "default: False" not in run_cli("train", "--help")[1]
        assert err == "minivae: error: --film is for --latent 2, because it shows a plane of two latents; leave it out\n"


@pytest.mark.parametrize("damage, message", [
    (lambda path: path.write_bytes(path.read_bytes()[:1000]), "film.npz is truncated or corrupted"),
    (lambda path: numpy.savez(path, epochs=numpy.arange(3)), "film.npz is not the film of a run (KeyError('plane'))"),
    (lambda path: path.unlink() or path.mkdir(), "film.npz can't be read"),
    (lambda path: numpy.savez(path, **{**snapshots(path.parent), "labels": numpy.zeros(299, "int16")}),
     "was made from other images or another model")])
def test_a_broken_film_is_refused_in_one_line(run_cli, tmp_path, damage, message):
    train(run_cli, tmp_path, epochs=2)
    damage(tmp_path / "film.npz")
    code, _, err = run_cli("train", "--resume", tmp_path, "--epochs", 3)
    assert code == 2 and message in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("change", [
    {"codes": numpy.zeros((2, 5, 3))}, {"codes": numpy.zeros((3, 5, 2))}, {"plane": numpy.zeros((2, 4, 3, 64))}, {"grid": numpy.zeros(())},
    {"plane": numpy.zeros(())}, {"labels": numpy.zeros(4)}, {"other": numpy.zeros(4)},
    {"epochs": numpy.zeros(0), "codes": numpy.zeros((0, 5, 2)), "plane": numpy.zeros((0, 4, 4, 64))}])
def test_a_file_of_other_shapes_is_no_film(tmp_path, change):
    good = {"epochs": numpy.zeros(2), "codes": numpy.zeros((2, 5, 2)), "labels": numpy.zeros(5), "grid": numpy.zeros(4),
            "plane": numpy.zeros((2, 4, 4, 64))}
    numpy.savez(tmp_path / "film.npz", **good)
    assert set(film.read_film(tmp_path / "film.npz")) == set(good)
    numpy.savez(tmp_path / "film.npz", **{**good, **change})
    if "other" not in change:       # what a later version adds does no harm
        with pytest.raises(InputError, match="not the film of a run"):
            film.read_film(tmp_path / "film.npz")


@pytest.mark.draws
def test_the_gif_has_a_frame_for_each_snapshot_and_holds_the_last(run_cli, tmp_path, no_other_pictures):
    out = train(run_cli, tmp_path, epochs=3)
    assert out.strip().endswith("a.png, plane.gif")
    found = frames(tmp_path / "plane.gif")
    assert [time for time, _ in found[:-1]] == [120] * 3 and found[-1][0] == 370, "1/8 s each, in hundredths"
    (tmp_path / "plane.gif").unlink()
    (tmp_path / "a.png").unlink()
    code, out, _ = run_cli("show", tmp_path)
    assert code == 0 and "plane.gif" in out
    assert all((one == other).all() for (_, one), (_, other) in zip(found, frames(tmp_path / "plane.gif"), strict=True))
    config = (tmp_path / "config.json").read_text("utf-8")
    (tmp_path / "config.json").write_text(config.replace('"film": true', '"film": false'), "utf-8")
    assert "plane.gif" not in run_cli("show", tmp_path)[1], "the film of another run, which was being replaced"
    (tmp_path / "config.json").write_text(config, "utf-8")
    (tmp_path / "film.npz").write_bytes(b"PK")
    code, out, err = run_cli("show", tmp_path)
    assert code == 2 and "film.npz is truncated or corrupted" in err and (tmp_path / "a.png").exists()
    (tmp_path / "film.npz").unlink()
    (tmp_path / "plane.gif").unlink()
    assert run_cli("show", tmp_path)[0] == 0 and not (tmp_path / "plane.gif").exists()


def a_film(rng, snapshots=2, shape=(8, 8), side=10):
    return {"epochs": numpy.arange(snapshots) * 3, "codes": rng.standard_normal((snapshots, 20, 2)), "labels": numpy.arange(20) % 10,
            "grid": numpy.linspace(-1.6, 1.6, side), "plane": rng.integers(0, 256, (snapshots, side, side, shape[0] * shape[1]))}


@pytest.mark.draws
def test_the_gif_shows_the_plane_the_right_way_up_and_the_codes_where_they_are(rng, tmp_path):
    kept = a_film(rng)
    kept["plane"][:] = 0
    kept["plane"][1, 9, 0, :32] = 255       # the upper half of the image at the smallest z₁ and the largest z₂
    kept["labels"][:] = -1
    kept["codes"][:] = 0
    kept["codes"][1] = [1, 2]
    film_picture.save(kept, (8, 8), tmp_path / "a.gif")
    (_, first), (_, last) = frames(tmp_path / "a.gif")
    left, right = slice(0, 290), slice(354, 644)
    rows, columns = numpy.nonzero((last[32:, left, 0] < 50))
    film_picture.save(kept, (8, 8), tmp_path / "light.gif", "gray")
    (_, dark), _ = frames(tmp_path / "light.gif")
    assert dark[34:290, 20:270].max() < 50, "0 is not shown as black"
    assert first[32:, left].min() > 200 and len(rows) == 12 * 24
    assert columns.max() < 14 + 24 and rows.max() < 12
    changed = numpy.argwhere((first[32:322, right] != last[32:322, right]).any(-1))
    (top, across) = changed[changed[:, 0] < 100].mean(axis=0)       # the new place, above the old one in the middle
    assert top == pytest.approx(290 / 6, abs=2) and across == pytest.approx(4 * 290 / 6, abs=2)


def test_the_codes_of_the_last_snapshot_are_in_the_picture_and_the_axes_stay(rng):
    kept = a_film(rng, 50)
    assert film_picture._picture(kept, (8, 8), "gray_r", 9)[0].axes[1].get_xlim() == pytest.approx((-3, 3), abs=0.5)
    kept["codes"][-1] *= 10
    figure, show = film_picture._picture(kept, (8, 8), "gray_r", 9)
    limits = []
    for i in (0, 49):
        show(i)
        limits += [figure.axes[1].get_xlim(), figure.axes[1].get_ylim()]
    assert len(set(limits)) == 1 and limits[0][1] >= numpy.sort(abs(kept["codes"][-1]), axis=None)[-2]


def test_one_snapshot_of_large_images_is_in_memory_as_floats(rng):
    kept = {**a_film(rng, 60), "grid": numpy.array([-1.0, 1]), "plane": numpy.zeros((60, 2, 2, 20_000), "uint8")}
    tracemalloc.start()
    try:
        film_picture._picture(kept, (100, 200), "gray_r", 9)
        assert tracemalloc.get_traced_memory()[1] < 3 * kept["plane"].nbytes, "8 times as many would be all of them"
    finally:
        tracemalloc.stop()


@pytest.mark.draws
@pytest.mark.parametrize("shape, side", [((28, 28), 10), ((30, 100), 6), ((200, 7), 9)])
def test_the_gif_stays_small_even_if_the_images_are_noise(rng, tmp_path, monkeypatch, shape, side):
    monkeypatch.setattr(film_picture, "MOST_BYTES", 150_000)       # for four snapshots, instead of 60
    monkeypatch.setattr(film_picture, "HOLD", 1)
    film_picture.save(a_film(rng, 4, shape, side), shape, tmp_path / "a.gif")
    assert len(frames(tmp_path / "a.gif")) == 4 and (tmp_path / "a.gif").stat().st_size <= 150_000


@pytest.mark.draws
@pytest.mark.parametrize("where", ["PillowWriter.finish", "replacing"])
def test_a_gif_that_can_not_be_written_keeps_the_old_one_and_says_how_to_draw_it(run_cli, tmp_path, monkeypatch, no_other_pictures, where):
    train(run_cli, tmp_path, epochs=1)
    before = (tmp_path / "plane.gif").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(f"minivae.app.film_picture.{where}", full)
    code, out, err = run_cli("show", tmp_path)
    assert code == 2 and "plane.gif can't be drawn (No space left on device); training and the other pictures are saved" in err
    assert (tmp_path / "plane.gif").read_bytes() == before
