"""A run continues from its checkpoint bit for bit, and a broken checkpoint is refused and changes nothing."""

import os
import subprocess
import sys
import zipfile

import numpy
import pytest

from minivae import VAE, Adam, datasets, training
from minivae.runs import checkpoints
from minivae.errors import InputError

IMAGES = datasets.digits().train[:230]


def make(seed=0, latent_dim=2, **options):
    vae = VAE(64, latent_dim, hidden=(20,), backend="numpy", seed=seed, **options)
    return vae, Adam(vae.parameters.flat), numpy.random.default_rng(seed)


def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(tmp_path):
    whole, optimizer, rng = make()
    list(training.train(whole, IMAGES, optimizer, 5, 50, rng, transform=datasets.binarize))

    first, optimizer, rng = make()
    list(training.train(first, IMAGES, optimizer, 2, 50, rng, transform=datasets.binarize))
    (tmp_path / "c.npz").write_bytes(checkpoints.checkpoint_bytes(first, optimizer, 2, rng))
    second, optimizer, rng = make(seed=9)
    epoch = checkpoints.load_checkpoint(tmp_path / "c.npz", second, optimizer, rng)
    list(training.train(second, IMAGES, optimizer, 5, 50, rng, first_epoch=epoch + 1, transform=datasets.binarize))
    numpy.testing.assert_array_equal(whole.parameters.flat, second.parameters.flat)
    assert (first.parameters.flat != second.parameters.flat).any()


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    vae, optimizer, rng = make()
    path.write_bytes(checkpoints.checkpoint_bytes(vae, optimizer, 3, rng))
    return path


def refuses(path, message, **options):
    vae, optimizer, rng = make(**{"seed": 9, **options})
    before = vae.parameters.flat.copy()
    with pytest.raises(InputError, match=message) as caught:
        checkpoints.load_checkpoint(path, vae, optimizer, rng)
    assert str(path) in str(caught.value) or "restore the saved state" in str(caught.value)
    numpy.testing.assert_array_equal(vae.parameters.flat, before)


def test_a_truncated_checkpoint_is_refused(checkpoint):
    whole = checkpoint.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        checkpoint.write_bytes(whole[:length])
        refuses(checkpoint, "truncated or corrupted")


def test_a_corrupted_checkpoint_is_refused(checkpoint):
    broken = bytearray(checkpoint.read_bytes())
    broken[len(broken) // 2] ^= 0xFF
    checkpoint.write_bytes(broken)
    refuses(checkpoint, "truncated or corrupted")


def test_a_checkpoint_of_another_architecture_is_refused(checkpoint):
    refuses(checkpoint, r"another architecture or optimizer: parameters/encoder.1.W is float32 \(20, 4\) in the file, but float32 \(20, 6\)", latent_dim=3)


def test_an_archive_of_more_than_2_gb_is_read(checkpoint, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    with zipfile.ZipFile(checkpoint, "a") as archive:
        archive.comment = b""       # its end is written again, as that of such a large file
    vae, optimizer, rng = make(seed=9)
    assert checkpoints.load_checkpoint(checkpoint, vae, optimizer, rng) == 3


def test_a_missing_checkpoint_and_a_foreign_file_are_refused(checkpoint):
    refuses(checkpoint.with_name("none.npz"), "does not exist")
    numpy.savez(checkpoint, something=numpy.ones(3))
    refuses(checkpoint, "parameters/encoder.0.W is missing in the file")


@pytest.mark.parametrize("name, value, message", [
    ("epoch", numpy.array(-3), "not a number of epochs"), ("epoch", numpy.array(2.7), "not a number of epochs"),
    ("rng", numpy.array("5"), "no valid state of the random generator"), ("rng", numpy.array("{}"), "no valid state of the random"),
    ("rng", numpy.array('{"bit_generator": "MT19937"}'), "no valid state of the random generator"),
    ("optimizer/t", numpy.array([1, 2]), "another architecture or optimizer"), ("optimizer/t", numpy.array(-1), "t is"),
    ("optimizer/M", numpy.array("text"), "another architecture or optimizer"),
    ("parameters/encoder.0.b", numpy.full(20, numpy.nan, "float32"), "contains NaN or infinity in parameters/encoder.0.b"),
    ("parameters/encoder.0.b", numpy.zeros(20, "complex64"), "another architecture"),
    ("parameters/encoder.9.b", numpy.zeros(20, "float32"), "another architecture"),
])
def test_a_checkpoint_with_one_wrong_entry_is_refused(checkpoint, name, value, message):
    with numpy.load(checkpoint) as file:
        arrays = {key: file[key] for key in file.files}
    numpy.savez(checkpoint, **{**arrays, name: value})
    refuses(checkpoint, message)


def test_pickled_objects_are_never_loaded(checkpoint, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)
    numpy.savez(checkpoint, epoch=numpy.array([Bomb()], dtype=object))
    refuses(checkpoint, "pickled Python objects, which are never loaded")
    assert not (tmp_path / "exploded").exists()


def test_an_interruption_while_saving_leaves_no_complaint():
    """In a process of its own: what a broken zip file complains of comes when it is collected."""
    script = ("import sys, numpy\n"
              "from minivae import VAE, Adam\nfrom minivae.runs import checkpoints\n"
              "vae = VAE(64, 2, hidden=(20,), backend='numpy')\n"
              "count = []\n"
              "import numpy.lib.format as public\n"
              "private = sys.modules.get('numpy.lib._format_impl', public)\n"
              "def write_array(*arguments, **options):\n"
              "    count.append(1)\n"
              "    if len(count) == 5: raise KeyboardInterrupt\n"
              "    return original_write(*arguments, **options)\n"
              "original_write = public.write_array\n"
              "public.write_array = private.write_array = write_array\n"
              "try:\n"
              "    checkpoints.checkpoint_bytes(vae, Adam(vae.parameters.flat), 4, "
              "numpy.random.default_rng(0))\n"
              "except KeyboardInterrupt:\n"
              "    print('interrupted')\n")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                            encoding="utf-8")
    assert result.stdout == "interrupted\n" and result.stderr == ""


def test_an_epoch_number_that_is_none_is_refused(tmp_path):
    vae, adam, rng = make()
    (tmp_path / "c.npz").write_bytes(checkpoints.checkpoint_bytes(vae, adam, 3, rng))
    with numpy.load(tmp_path / "c.npz") as file:
        arrays = dict(file)
    numpy.savez(tmp_path / "c.npz", **{**arrays, "epoch": numpy.array([3])})
    with pytest.raises(InputError, match="not a number of epochs"):
        checkpoints.load_checkpoint(tmp_path / "c.npz", vae, adam, rng)


def test_a_checkpoint_without_its_epoch_is_refused(checkpoint):
    with numpy.load(checkpoint) as file:
        arrays = {name: file[name] for name in file.files if name != "epoch"}
    numpy.savez(checkpoint, **arrays)
    refuses(checkpoint, "number of epochs")
