"""The command line as its users meet it: what it prints, what it leaves behind, and how it fails."""

import csv
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from minivae import datasets, errors, layers, optimizers, plots, training
from minivae.app import bench
from minivae.runs import build, configuration, run_folder
from minivae.app.commands import checks
from minivae.app.commands import train as train_command

SMALL = ["--hidden", "8", "--batch-size", "100", "--backend", "numpy"]


def train_small(run_cli, folder, *more, epochs=2):
    code, out, err = run_cli("train", "--out", folder, "--epochs", epochs, *SMALL, *more)
    assert code == 0, err
    return out


def read_checkpoint(folder):
    with numpy.load(folder / "checkpoint.npz") as file:
        return {name: file[name] for name in file.files}


def read_history(folder):
    return list(csv.DictReader((folder / "history.csv").read_text("utf-8").splitlines()))


def assert_same_checkpoint(one, other):
    one, other = read_checkpoint(one), read_checkpoint(other)
    assert set(one) == set(other)
    for name in one:
        numpy.testing.assert_array_equal(one[name], other[name], err_msg=name)


# What the commands do

@pytest.mark.draws
def test_train_leaves_a_run_with_everything_in_it(run_cli, tmp_path):
    out = train_small(run_cli, tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "config.json", "history.csv", "checkpoint.npz", "curves.png", "reconstructions.png", "samples.png",
        "plane.png", "codes.png"}
    rows = read_history(tmp_path / "run")
    assert [row["epoch"] for row in rows] == ["1", "2"] and float(rows[1]["test_loss"]) < float(rows[0]["test_loss"])
    assert json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))["hidden"] == [8]
    line = next(line for line in out.splitlines() if line.strip().startswith("2/2"))
    assert "nats per image; loss: reconstr. + KL; reconstr.: −E log p(x|z)" in out
    loss, reconstruction, kl, elbo = map(float, line.split()[1:5])
    assert loss == pytest.approx(reconstruction + kl, abs=0.02)
    assert elbo == pytest.approx(-float(rows[1]["test_loss"]), abs=0.01)


def test_evaluating_after_each_epoch_does_not_disturb_training(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "run")
    config = run_folder.Run.open(tmp_path / "run").config
    images, rng = datasets.digits(), numpy.random.default_rng(0)
    model = build.build_model(config, 64)
    list(training.train(model, images.train, optimizers.Adam(model.parameters.flat), 2, 100, rng,
                        transform=datasets.binarize))
    saved = read_checkpoint(tmp_path / "run")
    numpy.testing.assert_array_equal(saved["parameters/encoder.0.W"], model.parameters["encoder.0.W"])


def test_show_draws_what_is_not_there(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "run", "--latent", "3")
    code, out, _ = run_cli("show", tmp_path / "run")
    assert code == 0 and "samples.png" in out and (tmp_path / "run" / "samples.png").exists()
    assert not (tmp_path / "run" / "plane.png").exists(), "a plane of three latents"


@pytest.mark.draws
@pytest.mark.parametrize("options, loss", [
    (["--beta", "0.5"], "−ELBO, KL times 0.5"), (["--warm-up", "3"], "−ELBO, warm-up over 3 epochs"),
    (["--free-bits", ".25", "--beta", "2"], "−ELBO, KL times 2, 0.25 nats of each latent free"), (["--model", "autoencoder"], "squared-error"),
    (["--samples", "3", "--kl", "monte-carlo", "--bound", "iwae"], "−IWAE bound, L = 3")])
def test_what_is_maximized_is_called_by_its_name(run_cli, tmp_path, options, loss, monkeypatch):
    drawn = []
    curves = plots.curves
    monkeypatch.setattr(plots, "curves", lambda *a, **k: drawn.append(curves(*a, **k)) or drawn[0])
    for name in ("reconstructions", "samples", "latent_plane", "codes"):
        monkeypatch.setattr(plots, name, lambda *a, **k: Figure())
    out = train_small(run_cli, tmp_path / "run", *options)
    assert f"per image; loss: {loss}" in out
    label = drawn[0].axes[0].lines[0].get_label()
    assert label == ("training, mean over the epoch" if "autoencoder" in options else f"training: {loss[1:]}")


def test_evaluate_prints_the_three_measures(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "run")
    code, out, _ = run_cli("evaluate", tmp_path / "run", "--samples", "50", "--images", "40")
    numbers = {name: float(re.search(rf"^ *{re.escape(name)} +(-?[\d.]+)", out, re.M)[1])
               for name in ("ELBO", "E_q[log p(x|z)]", "KL", "log p(x)", "active units")}
    assert code == 0 and "40 test images" in out
    assert numbers["ELBO"] == pytest.approx(numbers["E_q[log p(x|z)]"] - numbers["KL"], abs=0.002)
    assert numbers["ELBO"] <= numbers["log p(x)"] < 0 and 0 <= numbers["active units"] <= 2


@pytest.mark.parametrize("options", [
    ["--model", "autoencoder"], ["--model", "autoencoder", "--error", "cross-entropy"],
    ["--likelihood", "gaussian"], ["--likelihood", "gaussian", "--variance", "0.1"],
    ["--likelihood", "gaussian", "--variance", "per-pixel"], ["--likelihood", "categorical"],
    ["--likelihood", "categorical", "--levels", "4"], ["--posterior", "full"],
    ["--samples", "3", "--kl", "monte-carlo", "--bound", "iwae"], ["--beta", "0"], ["--update", "alternate"],
    ["--draw-on", "device"], ["--warm-up", "2", "--free-bits", "0.3"], ["--warm-up", "2", "--posterior", "full"],
])
def test_every_model_trains_resumes_shows_and_evaluates(run_cli, tmp_path, options):
    train_small(run_cli, tmp_path / "whole", *options, epochs=3)
    train_small(run_cli, tmp_path / "run", *options, epochs=1)
    code, _, err = run_cli("train", "--resume", tmp_path / "run", "--epochs", "3")
    assert code == 0, err
    assert_same_checkpoint(tmp_path / "whole", tmp_path / "run")
    assert run_cli("show", tmp_path / "run")[0] == 0
    samples = [] if "autoencoder" in options else ["--samples", "20"]
    code, out, _ = run_cli("evaluate", tmp_path / "run", "--images", "20", *samples)
    assert code == 0 and ("autoencoder" in options) != ("log p(x)" in out)
    if "autoencoder" in options:
        refused(run_cli, "--gap 3 is for a VAE.*leave it out", "evaluate", tmp_path / "run", "--gap", "3")
        refused(run_cli, "--draw-on host is for a VAE", "evaluate", tmp_path / "run", "--draw-on", "host")


@pytest.mark.parametrize("options", [[], ["--model", "autoencoder", "--error", "cross-entropy"]])
def test_where_numbers_are_drawn_matters_to_the_run(run_cli, tmp_path, options):
    train_small(run_cli, tmp_path / "host", *options, epochs=2)
    train_small(run_cli, tmp_path / "device", *options, "--draw-on", "device", epochs=2)
    with numpy.load(tmp_path / "host" / "checkpoint.npz") as host, numpy.load(tmp_path / "device" / "checkpoint.npz") as device:
        name = "parameters/encoder.0.W"
        assert (host[name] != device[name]).any() and abs(host[name] - device[name]).max() < 1


def test_what_draws_nothing_is_not_asked_where(run_cli, tmp_path):
    refused(run_cli, "--draw-on device is for a VAE, or for pixels", "train", "--model", "autoencoder", "--draw-on", "device",
            "--out", tmp_path / "run")
    train_small(run_cli, tmp_path / "grey", "--model", "autoencoder", "--binarize", "dynamic", "--draw-on", "device", epochs=1)


def test_evaluate_draws_where_it_is_asked_to(cupy_stand_in, run_cli, tmp_path, monkeypatch):
    from minivae import evaluation
    train_small(run_cli, tmp_path / "run", "--backend", "cupy", epochs=1)
    kinds, elbo = [], evaluation.elbo
    monkeypatch.setattr(evaluation, "elbo", lambda vae, x, rng, n_samples: kinds.append(type(rng)) or elbo(vae, x, rng, n_samples))
    for place in ((), ("--draw-on", "device")):
        assert run_cli("evaluate", tmp_path / "run", "--images", "5", "--samples", "20", *place)[0] == 0
    assert kinds == [numpy.random.Generator, cupy_stand_in.random.default_rng]


def test_a_run_from_before_an_option_existed_goes_on_as_it_was(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "whole", epochs=3)
    train_small(run_cli, tmp_path / "run", epochs=1)
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    later = {name: config.pop(name) for name in configuration.ADDED_LATER}
    assert later == {"draw_on": "host", "warm_up": None, "free_bits": None, "size": None, "shown": "ink",
                     "film": False}
    path.write_text(json.dumps(config), "utf-8")
    assert run_cli("train", "--resume", tmp_path / "run", "--epochs", "3")[0] == 0
    assert_same_checkpoint(tmp_path / "whole", tmp_path / "run")


def test_the_learning_rate_falls_by_the_same_factor_each_epoch_and_resumes_where_it_was(run_cli, tmp_path):
    config = {**configuration.DEFAULTS, "lr": 1e-2, "final_lr": 1e-4, "epochs": 5}
    rates = [configuration.learning_rate(config, epoch) for epoch in (1, 2, 3, 5)]
    numpy.testing.assert_allclose(rates, [1e-2, 10 ** -2.5, 1e-3, 1e-4])
    options = ["--final-lr", "1e-4", "--update", "alternate"]
    train_small(run_cli, tmp_path / "whole", *options, epochs=3)
    original, used = run_folder.Run.save, []

    def save_then_stop(run, model, optimizer, epoch, rng):
        used.append(optimizer.lr)
        original(run, model, optimizer, epoch, rng)
        if epoch == 2:
            raise KeyboardInterrupt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_folder.Run, "save", save_then_stop)
        assert run_cli("train", "--out", tmp_path / "run", "--epochs", 3, *SMALL, *options)[0] == 130
    refused(run_cli, "leave out --epochs", "train", "--resume", tmp_path / "run", "--epochs", "9")
    assert run_cli("train", "--resume", tmp_path / "run")[0] == 0
    assert used[1:] == pytest.approx([1e-3, 10 ** -3.5]) and configuration.learning_rate({**config, "final_lr": None}, 4) == 1e-2
    assert_same_checkpoint(tmp_path / "whole", tmp_path / "run")


def test_the_weight_of_the_kl_rises_linearly_and_the_run_has_it(run_cli, tmp_path):
    config = configuration.complete({**configuration.DEFAULTS, "beta": 0.5, "warm_up": 4, "epochs": 6})
    assert [configuration.kl_weight(config, epoch) for epoch in range(1, 8)] == [0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.5]
    assert configuration.kl_weight({**config, "warm_up": None}, 1) == 0.5
    train_small(run_cli, tmp_path / "run", "--beta", "0.5", "--warm-up", "2", epochs=4)
    for row, weight in zip(read_history(tmp_path / "run"), (0, 0.25, 0.5, 0.5)):
        row = {name: float(value) for name, value in row.items()}
        assert row["loss"] == pytest.approx(row["reconstruction"] + weight * row["kl"], rel=1e-5) and row["kl"] > 0.01


def test_free_bits_reach_the_loss(run_cli, tmp_path):
    """With 100 free nats for each of two latents, the loss contains exactly these."""
    train_small(run_cli, tmp_path / "run", "--free-bits", "100")
    for row in read_history(tmp_path / "run"):
        assert float(row["loss"]) == pytest.approx(float(row["reconstruction"]) + 200, rel=1e-5) and 0 < float(row["kl"]) < 100


def test_the_stages_of_burda_et_al(run_cli, tmp_path):
    config = configuration.complete({**configuration.DEFAULTS, "stages": 3.0})
    assert config["epochs"] == sum(3 ** i for i in range(8)) == 3280
    ends = {i: sum(3 ** j for j in range(i + 1)) for i in range(8)}
    for i in range(8):
        first, last = ends[i] - 3 ** i + 1, ends[i]
        assert configuration.learning_rate(config, first) == configuration.learning_rate(config, last)
        assert configuration.learning_rate(config, last) == pytest.approx(1e-3 * 10 ** (-i / 7))
    refused(run_cli, "leave out --epochs 5", "train", "--stages", "2", "--epochs", "5")
    refused(run_cli, "leave out --final-lr 0.1", "train", "--stages", "2", "--final-lr", "0.1")
    refused(run_cli, "not a number from 1 to 10", "train", "--stages", "0.5")
    code, out, _ = run_cli("train", "--out", tmp_path / "run", *SMALL, "--stages", "1")
    assert code == 0 and "   8/8 " in out
    refused(run_cli, "leave out --epochs", "train", "--resume", tmp_path / "run", "--epochs", "9")
    _, _, err = run_cli("train", "--resume", tmp_path / "run")
    assert "has finished 8 epochs" in err and "to continue" not in err
    assert configuration._stage_lengths({"stages": 1.3}) == [1, 1, 2, 2, 3, 4, 5, 6]


def test_epsilon_reaches_the_optimizers_that_have_one(run_cli):
    for name in ("adam", "adagrad", "rmsprop"):
        config = configuration.complete({**configuration.DEFAULTS, "optimizer": name, "epsilon": 0.25})
        model = build.build_model({**config, "backend": "numpy"}, 64)
        assert build.build_optimizer(config, model).epsilon == 0.25
        assert build.build_optimizer({**config, "epsilon": None}, model).epsilon == 1e-8
    refused(run_cli, "not a finite number above 1e-37", "train", "--epsilon", "1e-50")
    refused(run_cli, "--epsilon 0.1 is for --optimizer adam.*leave it out", "train", "--optimizer", "momentum", "--epsilon", "0.1")


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_update_holds_the_other_half_still(run_cli, tmp_path, half):
    train_small(run_cli, tmp_path / "run", "--update", half, "--likelihood", "gaussian")
    start = build.build_model(run_folder.Run.open(tmp_path / "run").config, 64)
    saved = read_checkpoint(tmp_path / "run")
    for name in start.parameters.names():
        held = name.startswith("encoder") == (half == "decoder")
        assert (saved[f"parameters/{name}"] == start.parameters[name]).all() == held, name


def test_the_amortization_gap_is_printed(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "run")
    code, out, _ = run_cli("evaluate", tmp_path / "run", "--samples", "20", "--images", "20", "--gap", "2")
    numbers = {name: float(re.search(rf"^ *{name} +(-?[\d.]+)", out, re.M)[1])
               for name in ("encoder's ELBO", "optimized ELBO", "amortization gap", "approximation gap")}
    assert code == 0 and numbers["optimized ELBO"] >= numbers["encoder's ELBO"]
    assert numbers["amortization gap"] == pytest.approx(numbers["optimized ELBO"] - numbers["encoder's ELBO"], abs=2e-3)


def test_train_on_a_file(run_cli, tmp_path):
    numpy.savez(tmp_path / "a.npz", x=numpy.random.default_rng(0).random((30, 5, 4)), y=numpy.zeros(3))
    train_small(run_cli, tmp_path / "run", "--data", tmp_path / "a.npz", "--key", "x")
    assert run_cli("show", tmp_path / "run")[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names that are not UTF-8")
@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.draws
def test_the_names_of_subfolders_are_shown(run_cli, tmp_path, monkeypatch):
    for name in (r"$\frac$", "日本", os.fsdecode(b"\xff")):     # no mathematics; letters that the font doesn't have
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("L", (4, 3), 25 * i).save(tmp_path / "photos" / name / f"{i}.png")
    drawn, original = [], plots.save
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(figure) or original(figure, path))
    texts, text = [], Axes.text
    monkeypatch.setattr(Axes, "text", lambda self, x, y, s, **options: texts.append(s) or text(self, x, y, s, **options))
    train_small(run_cli, tmp_path / "run", "--data", tmp_path / "photos", "--likelihood", "gaussian", "--film")
    assert texts == [r"$\frac$", "日本", "\ufffd"], "those of the film"
    assert [text.get_text() for text in drawn[-1].axes[0].texts] == [r"\$\frac\$", "日本", "\ufffd"]
    assert run_cli("explore", tmp_path / "run", "--no-open")[0] == 0
    assert '"label_names": ["$\\\\frac$", "\\u65e5\\u672c", "\\ufffd"]' in (tmp_path / "run" / "explore.html").read_text("utf-8")


def test_a_folder_with_the_name_of_a_data_set_does_not_stand_in_its_way(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    train_small(run_cli, "run")
    assert (tmp_path / "run" / "checkpoint.npz").exists()


def test_a_reader_that_has_had_enough_is_no_error():
    """As `| head -n 1`. With --all, a buffer is full long before all reports are made."""
    process = subprocess.Popen([sys.executable, "-m", "minivae", "gradcheck", "--all", "--backend", "numpy"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout.readline().startswith("function")
    process.stdout.close()
    assert process.communicate(timeout=60)[1] == "" and process.returncode == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_training_whose_reader_has_left_says_that_it_stopped(unbuffered, tmp_path):
    """Whether it finds out at once, or when a buffer is full."""
    arguments = [sys.executable, "-m", "minivae", "train", "--out", str(tmp_path / "run"), "--epochs", "1000", *SMALL]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               encoding="utf-8", env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 130 and "--resume" in error and len(error.splitlines()) == 1


def test_gradcheck_passes_and_fails_with_its_exit_code(run_cli, monkeypatch):
    # Some of the reports: checking/test_library.py goes through all of them.
    every = checks.library_reports
    monkeypatch.setattr(checks, "library_reports", lambda *args: itertools.islice(every(*args), 12))
    code, out, _ = run_cli("gradcheck", "--backend", "numpy", "--all")
    assert code == 0 and "0 wrong" in out and "mlp, tanh" in out and "DiagonalGaussian.kl" in out
    monkeypatch.setitem(layers.ACTIVATIONS, "tanh", (layers.tanh, lambda dy, y: dy * (1 + y * y)))
    code, out, _ = run_cli("gradcheck", "--backend", "numpy")
    assert code == 1 and "WRONG" in out


def test_bench_passes_its_options_on(run_cli, monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "report", lambda *options: asked.append(options))
    assert run_cli("bench", "--batch", "2", "--backend", "numpy")[0] == run_cli("bench")[0] == 0
    assert asked == [("numpy", 2), ("auto", None)]


def test_help_and_version(run_cli):
    for arguments in (["--help"], ["train", "--help"], ["evaluate", "--help"]):
        code, out, _ = run_cli(*arguments)
        assert code == 0 and "usage: minivae" in out
    assert run_cli("--version")[1].startswith("minivae ")


# Interruption

def start(folder, *more, **options):
    arguments = [sys.executable, "-m", "minivae", "train", "--out", folder, *SMALL, *more]
    return subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            encoding="utf-8", **options)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_kill_9_in_the_middle_of_an_epoch_then_resume(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "whole", epochs=5)
    # The process kills itself in the 7th of the 15 steps of epoch 3: no handler, no cleaning up.
    script = ("import os, signal\n"
              "from minivae import optimizers\nfrom minivae.app import main\n"
              "step = optimizers.Adam.step\n"
              "def deadly(self, g):\n"
              "    if self.t == 2 * 15 + 6:\n"
              "        os.kill(os.getpid(), signal.SIGKILL)\n"
              "    step(self, g)\n"
              "optimizers.Adam.step = deadly\n"
              f"main.main(['train', '--out', {str(tmp_path / 'killed')!r}, '--epochs', '5', *{SMALL!r}])")
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == -signal.SIGKILL
    assert int(read_checkpoint(tmp_path / "killed")["epoch"]) == 2
    code, out, err = run_cli("train", "--resume", tmp_path / "killed")
    assert code == 0 and "continuing after epoch 2 of 5" in out, err
    assert_same_checkpoint(tmp_path / "whole", tmp_path / "killed")
    for one, other in zip(read_history(tmp_path / "whole"), read_history(tmp_path / "killed"), strict=True):
        for name in ("epoch", "loss", "reconstruction", "kl", "test_loss"):
            assert one[name] == other[name]


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows a process can't send Ctrl-C to one child alone")
def test_ctrl_c_keeps_the_finished_epochs_and_says_how_to_go_on(tmp_path, interruptible_children):
    process = start(tmp_path / "run", "--epochs", "100000")
    deadline = time.monotonic() + 60
    while not process.stdout.readline().strip().startswith("2/"):
        assert time.monotonic() < deadline
    threading.Thread(target=process.stdout.read, daemon=True).start()       # a full pipe would block the process
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    error = process.stderr.read()
    assert "Traceback" not in error and f"--resume {tmp_path / 'run'}" in error
    kept = int(re.search(r"the state after epoch (\d+) is saved", error)[1])
    assert kept >= 2 and int(read_checkpoint(tmp_path / "run")["epoch"]) in (kept, kept + 1)
    process.stderr.close()


def test_more_epochs_can_be_added_to_a_finished_run(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "whole", epochs=4)
    train_small(run_cli, tmp_path / "run", epochs=2)
    code, _, err = run_cli("train", "--resume", tmp_path / "run")
    assert code == 2 and re.search("has finished 2 epochs, and only 2 are wanted.*show.*to continue, give --epochs above 2", err)
    assert run_cli("train", "--resume", tmp_path / "run", "--epochs", 4)[0] == 0
    assert_same_checkpoint(tmp_path / "whole", tmp_path / "run")
    refused(run_cli, "has finished 4 epochs, and only 3 are wanted", "train", "--resume", tmp_path / "run", "--epochs", 3)


def test_a_loss_that_diverges_ends_training_and_keeps_the_last_good_checkpoint(run_cli, tmp_path, monkeypatch):
    step = optimizers.Adam.step

    def explode(self, g):
        if self.t == 35:
            g[...] = numpy.inf
        step(self, g)
    monkeypatch.setattr(optimizers.Adam, "step", explode)
    code, _, err = run_cli("train", "--out", tmp_path / "run", "--epochs", 5, *SMALL)
    assert code == 1
    assert re.search(r"the loss became nan in epoch 3, step 7; try a smaller learning rate.*the state after epoch 2 is saved", err)
    kept = read_checkpoint(tmp_path / "run")
    assert int(kept["epoch"]) == 2 and all(numpy.isfinite(kept[k]).all() for k in kept if k.startswith("parameters"))


def test_a_loss_that_diverges_only_on_the_test_images_ends_training_too(run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr(train_command, "_test_loss", lambda model, x: numpy.inf)
    code, _, err = run_cli("train", "--out", tmp_path / "run", "--epochs", 5, *SMALL)
    assert code == 1 and "the loss of the test images became inf after epoch 1; try a smaller" in err
    assert int(read_checkpoint(tmp_path / "run")["epoch"]) == 0


def test_ctrl_c_while_drawing_says_how_to_draw(run_cli, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt
    monkeypatch.setattr(train_command, "draw", interrupted)
    code, _, err = run_cli("train", "--out", tmp_path / "run", "--epochs", 1, *SMALL)
    assert code == 130 and f"python -m minivae show {tmp_path / 'run'}" in err


# Bad input: one line with cause, value and remedy; exit code 2; nothing saved is lost

def refused(run_cli, message, *arguments):
    code, _, err = run_cli(*arguments)
    assert code == 2
    *_, line = err.strip().splitlines()
    assert re.search(message, line), err
    assert "Traceback" not in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("option, value", [
    ("--latent", "0"), ("--latent", "-1"), ("--latent", "two"), ("--hidden", "8,0"), ("--epochs", "0"),
    ("--epochs", "1.5"), ("--batch-size", "0"), ("--batch-size", "-3"), ("--lr", "0"), ("--lr", "-1"),
    ("--lr", "nan"), ("--lr", "inf"), ("--seed", "-1"),
])
def test_bad_numbers(run_cli, tmp_path, option, value):
    refused(run_cli, f"argument {option}: '.*' is not a", "train", "--out", tmp_path / "run", f"{option}={value}")
    assert not (tmp_path / "run").exists()


def test_options_that_contradict_each_other_or_the_data(run_cli, tmp_path):
    def train_refused(message, *options):
        refused(run_cli, message, "train", "--out", tmp_path / "run", *SMALL, *options)
    train_refused("iwae needs log q.z.x. of each sample.*add --kl monte-carlo", "--bound", "iwae")
    train_refused("--levels 5 is for --likelihood categorical; leave it out", "--levels", "5")
    train_refused("--variance 0.1 is for --likelihood gaussian", "--variance", "0.1")
    train_refused("--floor 0.1 is for --likelihood gaussian with", "--floor", "0.1", "--likelihood", "gaussian",
                  "--variance", "1")
    train_refused("--error cross-entropy is for --model autoencoder", "--error", "cross-entropy")
    train_refused("--bound iwae is for --model vae", "--model", "autoencoder", "--bound", "iwae")
    train_refused("--key a is for --data with an .npz file", "--key", "a")
    train_refused("--warm-up 3 is for --model vae with --beta above 0", "--warm-up", "3", "--model", "autoencoder")
    train_refused("--warm-up 3 is for --model vae with --beta above 0", "--warm-up", "3", "--beta", "0")
    for others in (("--model", "autoencoder"), ("--posterior", "full"), ("--kl", "monte-carlo"), ("--beta", "0")):
        train_refused("--free-bits 0.1 is for --model vae with --posterior diagonal, --kl closed-form and --beta above 0",
                      "--free-bits", "0.1", *others)
    for option, value in (("--variance", "0"), ("--variance", "huge"), ("--samples", "0"), ("--beta", "-1"),
                          ("--levels", "1"), ("--warm-up", "0"), ("--warm-up", "1.5"), ("--free-bits", "0")):
        train_refused(f"argument {option}: '.*' is not a", f"{option}={value}")
    assert not (tmp_path / "run").exists()


def test_sizes_beyond_all_reason(run_cli, tmp_path, monkeypatch):
    refused(run_cli, "is not a whole number from 1", "train", "--out", tmp_path / "run", "--epochs", "1" + 400 * "0")
    refused(run_cli, "not enough memory.*choose smaller sizes", "train", "--out", tmp_path / "run", "--hidden",
            "999999999,999999999")
    refused(run_cli, "is not a name", "train", "--resume", "")
    refused(run_cli, "File name too long|no file is called", "train", "--data", "x" * 300)     # by system and Python
    assert not (tmp_path / "run").exists()


def test_bad_usage(run_cli):
    refused(run_cli, "invalid choice", "fly")
    refused(run_cli, "invalid choice: 'sideways'", "train", "--binarize", "sideways")
    refused(run_cli, "is not a whole number.*see: python -m minivae evaluate --help", "evaluate", "run", "--samples", "0")


def test_bad_data(run_cli, tmp_path):
    out = ("--out", tmp_path / "run")
    refused(run_cli, "no data set and no file is called 'emnist'", "train", *out, "--data", "emnist")
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8bbroken")
    refused(run_cli, "truncated or corrupted", "train", *out, "--data", tmp_path / "a.gz")
    numpy.savez(tmp_path / "two.npz", a=numpy.zeros((3, 4)), b=numpy.ones(3))
    refused(run_cli, r"contains 2 arrays \(a, b\); choose one of them with --key",
            "train", *out, "--data", tmp_path / "two.npz")
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"not mnist")
    refused(run_cli, "not the published file", "train", *out, "--data", "mnist", "--data-dir", tmp_path)
    assert not (tmp_path / "run").exists()


def test_no_gpu(run_cli, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    refused(run_cli, "CuPy can't be used here: CuPy or a CUDA library can't be loaded",
            "train", "--out", tmp_path / "run", "--backend", "cupy")
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run(run_cli, tmp_path):
    train_small(run_cli, tmp_path / "run")
    before = read_checkpoint(tmp_path / "run")
    refused(run_cli, "already contains a run; continue it with --resume", "train", "--out", tmp_path / "run", *SMALL)
    refused(run_cli, "no data set", "train", "--out", tmp_path / "run", "--overwrite", "--data", "emnist")
    after = read_checkpoint(tmp_path / "run")
    assert all((before[name] == after[name]).all() for name in before)
    train_small(run_cli, tmp_path / "run", "--overwrite", "--seed", "1")
    assert (read_checkpoint(tmp_path / "run")["parameters/encoder.0.W"] != before["parameters/encoder.0.W"]).any()


def test_an_unwritable_folder(run_cli, tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    refused(run_cli, "can't be written.*--out", "train", "--out", tmp_path / "file" / "run", *SMALL)
    refused(run_cli, "is a file, but a folder is needed", "train", "--out", tmp_path / "file", *SMALL)


def test_a_full_disk_keeps_what_was_saved(run_cli, tmp_path, monkeypatch):
    train_small(run_cli, tmp_path / "run")
    (tmp_path / "run" / "plane.png").write_bytes(b"a picture")
    before = read_checkpoint(tmp_path / "run")

    def full(descriptor):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    refused(run_cli, "can't be written .No space left on device.; what was saved before is kept; free disk space",
            "train", "--resume", tmp_path / "run", "--epochs", "4")
    refused(run_cli, "No space left on device", "show", tmp_path / "run")
    refused(run_cli, "No space left on device", "train", "--out", tmp_path / "run", "--overwrite", *SMALL)
    assert (tmp_path / "run" / "history.csv").exists() and (tmp_path / "run" / "plane.png").exists()
    after = read_checkpoint(tmp_path / "run")
    assert all((before[name] == after[name]).all() for name in before)


def test_bad_runs(run_cli, tmp_path):
    for arguments in (["train", "--resume"], ["show"], ["evaluate"]):
        refused(run_cli, "is not a run folder", *arguments, tmp_path / "none")
    train_small(run_cli, tmp_path / "run")
    resume = ("train", "--resume", tmp_path / "run")
    refused(run_cli, "was made with --lr 0.001, not 0.5; leave the option out", *resume, "--lr", "0.5")
    refused(run_cli, "leave out --out and --overwrite", *resume, "--overwrite")
    train_small(run_cli, tmp_path / "other", "--latent", "5")
    (tmp_path / "run" / "checkpoint.npz").write_bytes((tmp_path / "other" / "checkpoint.npz").read_bytes())
    for arguments in (["show"], ["evaluate"], ["train", "--epochs", "9", "--resume"]):
        refused(run_cli, "saved with latent = 5, but now it is 2", *arguments, tmp_path / "run")
    (tmp_path / "run" / "checkpoint.npz").write_bytes(b"PK")
    refused(run_cli, "truncated or corrupted", "evaluate", tmp_path / "run")


def test_ctrl_c_elsewhere_exits_130_without_a_traceback(run_cli, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt
    monkeypatch.setattr(bench, "report", interrupted)
    code, _, err = run_cli("bench")
    assert code == 130 and err.strip() == "minivae: interrupted"


# A run is replaced only by something saved, and its files have to fit together

@pytest.fixture
def small_run(run_cli, tmp_path):
    """A folder with a run of two epochs, without pictures."""
    train_small(run_cli, tmp_path / "run")
    return tmp_path / "run"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("error, code, message", [
    (KeyboardInterrupt(), 130, "interrupted; no epoch was finished, so what was in .*run is unchanged"),
    (errors.Diverged("the loss became nan"), 1, "nan; no epoch was finished, so what was in .*run is unchanged"),
    (MemoryError("8 GiB"), 2, "not enough memory"), (BrokenPipeError(), 130, "unchanged")])
def test_overwriting_keeps_the_old_run_until_the_new_one_has_saved_an_epoch(run_cli, small_run, monkeypatch, error, code, message):
    before = contents(small_run)
    monkeypatch.setattr(train_command, "drop_output", lambda: None)

    def stop(*arguments):
        raise error
    with monkeypatch.context() as patch:
        patch.setattr(optimizers.Adam, "step", stop)
        found, _, err = run_cli("train", "--out", small_run, "--overwrite", "--latent", "5", *SMALL)
    assert found == code and re.search(message, err)
    assert contents(small_run) == before
    train_small(run_cli, small_run, "--overwrite", "--latent", "5", epochs=1)
    assert run_cli("evaluate", small_run, "--images", "9", "--samples", "2")[0] == 0
    assert json.loads((small_run / "config.json").read_text())["latent"] == 5
    assert len((small_run / "history.csv").read_text().splitlines()) == 2


def test_files_in_the_folder_that_are_no_run_are_kept(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("samples.png", "thesis.part"):
        (tmp_path / name).write_text("mine")
    refused(run_cli, "contains samples.png, but not a whole run", "train", "--out", ".", *SMALL)
    assert contents(tmp_path) == {"samples.png": b"mine", "thesis.part": b"mine"}
    train_small(run_cli, ".", "--overwrite")
    train_small(run_cli, ".", "--overwrite")
    assert run_cli("train", "--resume", ".", "--epochs", "3")[0] == 0
    assert set(contents(tmp_path)) == {"config.json", "history.csv", "checkpoint.npz", "thesis.part"}


@pytest.mark.parametrize("arguments", [["--out"], ["--overwrite", "--out"], ["--epochs", "9", "--resume"]])
def test_two_trainings_in_one_folder_are_refused(run_cli, small_run, arguments):
    before = contents(small_run)
    with run_folder.locked(small_run):
        refused(run_cli, "another process is training in .*wait until it has finished", "train", *arguments, small_run)
    assert contents(small_run) == before


EVERYTHING_THAT_LOADS = [["show"], ["evaluate"], ["infer", "image", "--run"], ["train", "--epochs", "9", "--resume"]]


def test_a_checkpoint_of_another_run_with_the_same_shapes_is_refused(run_cli, small_run, tmp_path):
    train_small(run_cli, tmp_path / "relu", "--activation", "relu")
    (small_run / "checkpoint.npz").write_bytes((tmp_path / "relu" / "checkpoint.npz").read_bytes())
    before = contents(small_run)
    for arguments in EVERYTHING_THAT_LOADS:
        refused(run_cli, "saved with activation = 'relu', but now it is 'tanh'", *arguments, small_run)
    assert contents(small_run) == before


@pytest.mark.parametrize("name, value", [
    ("activation", "relu"), ("seed", 3), ("beta", 0.5), ("lr", 0.5), ("kl", "monte-carlo"), ("samples", 7), ("batch_size", 50)])
def test_a_config_that_was_edited_is_refused(run_cli, small_run, name, value):
    config = json.loads((small_run / "config.json").read_text())
    (small_run / "config.json").write_text(json.dumps({**config, name: value}))
    for arguments in EVERYTHING_THAT_LOADS:
        refused(run_cli, f"saved with {name} = {config[name]!r}, but now it is {value!r}; restore", *arguments, small_run)


def test_only_what_keeps_the_past_epochs_valid_may_change(run_cli, small_run, monkeypatch):
    config = json.loads((small_run / "config.json").read_text())
    (small_run / "config.json").write_text(json.dumps({**config, "epochs": 3, "backend": "auto"}))
    assert run_cli("train", "--resume", small_run)[0] == 0
    train_small(run_cli, small_run, "--overwrite", "--final-lr", "1e-5")
    config = json.loads((small_run / "config.json").read_text())
    (small_run / "config.json").write_text(json.dumps({**config, "epochs": 9}))
    refused(run_cli, "saved with epochs = 2, but now it is 9", "train", "--resume", small_run)


def test_data_that_changed_since_are_refused(run_cli, small_run, tmp_path):
    pixels = numpy.random.default_rng(0).random((40, 4, 6))
    numpy.save(tmp_path / "a.npy", pixels)
    run = tmp_path / "other"
    train_small(run_cli, run, "--data", tmp_path / "a.npy")
    (tmp_path / "a.npy").rename(tmp_path / "moved.npy")
    of_training, of_test = pixels.copy(), pixels.copy()
    of_training[0, 0, 0], of_test[9, 0, 0] = 0, 0           # every tenth is a test image
    for changed in (pixels.reshape(40, 3, 8), of_training, of_test):
        numpy.save(tmp_path / "a.npy", changed)
        for arguments in EVERYTHING_THAT_LOADS:
            refused(run_cli, "saved with SHA-256 of the images = '[0-9a-f]{16}', but now it is '[0-9a-f]{16}'", *arguments, run)
        refused(run_cli, "SHA-256 of the images", "evaluate", run, "--data", tmp_path / "a.npy")
        numpy.save(tmp_path / "other.npy", changed)
        assert run_cli("evaluate", run, "--samples", "2", "--data", tmp_path / "other.npy")[0] == 0, "other images, on purpose"
    numpy.save(tmp_path / "a.npy", pixels)
    assert run_cli("train", "--resume", run, "--epochs", "3")[0] == 0


def test_a_checkpoint_without_a_fingerprint_as_older_versions_wrote_it_is_accepted(run_cli, small_run):
    arrays = read_checkpoint(small_run)
    assert json.loads(str(arrays.pop("fingerprint")))["activation"] == "tanh"
    numpy.savez(small_run / "checkpoint.npz", **arrays)
    assert run_cli("evaluate", small_run, "--images", "9", "--samples", "2")[0] == 0
    numpy.savez(small_run / "checkpoint.npz", **arrays, fingerprint="[5")
    refused(run_cli, "no valid fingerprint", "evaluate", small_run)


@pytest.mark.parametrize("arguments, message", [
    (["--epsilon", "0,001"], "argument --epsilon: '0,001' is not a finite number above"),
    (["--epsilon", ""], "argument --epsilon: '' is not a finite number above"),
    (["--stages", "three"], "argument --stages: 'three' is not a number from 1 to 10"),
    (["--key", ""], "argument --key: '' is not a name"), (["--data-dir", "a\0b"], "is not a name"),
    (["--levels", ""], "is not a whole number"), (["--final-lr", " "], "is not a finite number"),
    (["--data-dir", "somewhere"], "--data-dir .*somewhere is for --data mnist or fashion-mnist; leave it out"),
    (["--final-lr", "1e-5", "--epochs", "1"], "--final-lr 1e-05 is for --epochs of at least 2; leave it out")])
def test_an_option_is_never_taken_as_not_given(run_cli, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    refused(run_cli, message, "train", "--out", "run", *arguments)
    assert not list(tmp_path.iterdir())


def test_the_folder_of_data_that_have_none_is_refused_when_a_run_is_used_again(run_cli, small_run):
    for arguments in EVERYTHING_THAT_LOADS:
        if arguments[0] != "infer":
            refused(run_cli, "--data-dir .* is for --data mnist", *arguments, small_run, "--data-dir", ".")


@pytest.mark.skipif(os.name == "nt", reason="needs links, which Windows grants to few")
def test_a_folder_that_links_to_itself(run_cli, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(run_cli, "loop", "train", "--data", "mnist", "--data-dir", tmp_path / "loop")
    refused(run_cli, "loop", "train", "--data", tmp_path / "loop")
