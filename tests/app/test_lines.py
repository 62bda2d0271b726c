"""How many lines `train` prints."""

import csv
import re

import pytest
from matplotlib.figure import Figure

from minivae.app import pictures
from minivae.app.commands import train as train_command
from minivae.app.commands.train import lines_to_print

SMALL = ["--hidden", "8", "--batch-size", "500", "--backend", "numpy"]


def printed(first, last, every=None):
    shown = lines_to_print(first, last, every)
    return [epoch for epoch in range(first, last + 1) if shown(epoch)]


@pytest.mark.parametrize("first", [1, 2, 7, 118, 299])
def test_at_most_30_lines_the_first_few_and_the_last_among_them(first):
    for n in [*range(1, 400), 1000, 1001, 3280, 99_999]:
        lines = printed(first, first + n - 1)
        assert len(lines) <= 30 and lines[-1] == first + n - 1 and lines[:5] == list(range(first, first + min(n, 5)))
        assert len(lines) >= min(n, 14)
    assert printed(1, 30) == list(range(1, 31))
    assert printed(1, 300) == [1, 2, 3, 4, 5, *range(20, 301, 20)]
    assert lines_to_print(1, 10 ** 9)(10 ** 9)


def test_every_nth_epoch_and_the_last():
    assert printed(1, 10, 4) == [4, 8, 10] and printed(3, 9, 3) == [3, 6, 9] and printed(1, 5, 9) == [5]
    assert printed(1, 99, 1) == list(range(1, 100))


def epochs_in(out):
    return [int(epoch) for epoch in re.findall(r"^ *(\d+)/\d+ ", out, re.M)]


def test_the_history_has_the_epochs_that_are_not_printed(run_cli, tmp_path):
    code, out, _ = run_cli("train", "--out", tmp_path, "--epochs", 60, *SMALL)
    assert code == 0 and len(out.splitlines()) <= 33 and epochs_in(out) == [1, 2, 3, 4, *range(5, 61, 5)]
    assert len(list(csv.DictReader((tmp_path / "history.csv").read_text("utf-8").splitlines()))) == 60
    _, out, _ = run_cli("train", "--resume", tmp_path, "--epochs", 70, "--every", 4)
    assert epochs_in(out) == [64, 68, 70]


@pytest.mark.parametrize("model, measure", [([], r"test ELBO -\d+\.\d\d"), (["--model", "autoencoder"], r"test loss \d+\.\d\d")])
def test_quiet_prints_the_last_line_only(run_cli, tmp_path, model, measure, monkeypatch):
    monkeypatch.setattr(pictures, "_figures", lambda *_: {"a": Figure()})
    monkeypatch.setattr(train_command, "draw", pictures.draw)
    for arguments, epoch in ((["--out", tmp_path, *SMALL, *model], 2), (["--resume", tmp_path], 3)):
        code, out, err = run_cli("train", *arguments, "--epochs", epoch, "--quiet")
        assert code == 0 and err == "" and re.fullmatch(rf"epoch {epoch}: {measure}; pictures in .*: a.png\n", out)


def test_quiet_leaves_out_the_progress_bar_but_not_the_errors(run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bars = {}
    for more in ([], ["--quiet"]):
        bars[bool(more)] = run_cli("train", "--out", tmp_path, "--overwrite", "--epochs", 2, *SMALL, *more)[2]
    assert "epoch 2/2 [" in bars[False] and bars[True] == ""
    code, out, err = run_cli("train", "--out", tmp_path, "--overwrite", "--epochs", 9, *SMALL, "--quiet", "--lr", "1e30")
    assert code == 1 and out == "" and re.fullmatch(r"\r*minivae: error: the loss became .*\n", err)


@pytest.mark.parametrize("arguments, message", [
    (["--every", "0"], "argument --every: '0' is not a whole number from 1"),
    (["--quiet", "--every", "2"], "argument --every: not allowed with argument --quiet")])
def test_what_can_not_be_meant_is_refused(run_cli, tmp_path, arguments, message):
    code, _, err = run_cli("train", "--out", tmp_path / "run", *arguments)
    assert code == 2 and message in err and len(err.splitlines()) == 1
