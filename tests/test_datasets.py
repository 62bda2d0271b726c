import contextlib
import functools
import gzip
import hashlib
import http.server
import math
import os
import socketserver
import struct
import threading
import tracemalloc

import numpy
import pytest

from minivae import datasets
from minivae.datasets import download
from minivae.errors import InputError


def idx(array, type_code=0x08):
    array = numpy.asarray(array)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, type_code, array.ndim, *array.shape) + array.tobytes()


IMAGES = numpy.arange(20 * 2 * 3, dtype=numpy.uint8).reshape(20, 2, 3)


# The digits

def test_the_digits_are_those_of_uci():
    data = datasets.digits()
    assert data.train.shape == (1498, 64) and data.test.shape == (299, 64) and data.shape == (8, 8)
    assert data.train.dtype == numpy.float32
    everything = numpy.concatenate([data.train, data.test]) * 16
    assert (everything == everything.astype(int)).all() and everything.min() == 0 and everything.max() == 16
    labels = numpy.concatenate([data.train_labels, data.test_labels])
    assert numpy.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.train_labels[:5].tolist() == [0, 1, 2, 3, 4] and data.test_labels[0] == 5


def test_the_total_variance_of_the_digits_is_that_of_the_published_fit():
    """σ² of probabilistic PCA with 10 components on all 1,797 digits / 16, known to be 0.022751."""
    data = datasets.digits()
    eigenvalues = numpy.linalg.eigvalsh(numpy.cov(numpy.concatenate([data.train, data.test]).astype(float).T, bias=True))
    assert eigenvalues[:-10].mean() == pytest.approx(0.022751, abs=5e-7)


# Binarization

def test_binarize_draws_with_the_grey_value_as_probability(rng):
    x = numpy.tile(numpy.array([0, 0.1, 0.5, 0.9, 1], "float32"), (100_000, 1))
    drawn = datasets.binarize(x, rng)
    assert set(numpy.unique(drawn)) == {0, 1} and drawn.dtype == x.dtype
    error = 4 * numpy.sqrt(x[0] * (1 - x[0]) / len(x))
    assert (numpy.abs(drawn.mean(axis=0) - x[0]) <= error).all()
    assert (datasets.binarize(x, rng) != drawn).any()


def test_threshold():
    assert datasets.threshold(numpy.array([[0, 0.5, 0.51, 1]], "float32")).tolist() == [[0, 0, 1, 1]]


def test_quantize_gives_the_digits_their_17_levels_back():
    grey = datasets.digits().train
    numpy.testing.assert_array_equal(datasets.quantize(grey, 17), grey * 16)
    assert datasets.quantize(numpy.array([[0, 0.2, 0.5, 0.9, 1]]), 3).tolist() == [[0, 0, 1, 2, 2]]


# Files

@pytest.mark.parametrize("name, content", [("a.idx", idx(IMAGES)), ("a.idx.gz", gzip.compress(idx(IMAGES)))])
def test_idx_files(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    numpy.testing.assert_array_equal(datasets.read_idx(path), IMAGES)
    data = datasets.load(str(path))
    assert data.train.shape == (18, 6) and data.test.shape == (2, 6) and data.shape == (2, 3)
    numpy.testing.assert_allclose(data.test[0] * 255, IMAGES[9].ravel(), rtol=1e-6)


def test_idx_of_big_endian_numbers(tmp_path):
    values = numpy.linspace(0, 1, 24).reshape(4, 6)
    (tmp_path / "a").write_bytes(idx(values.astype(">f8"), 0x0E))
    numpy.testing.assert_array_equal(datasets.read_idx(tmp_path / "a"), values)


def test_numpy_files(tmp_path):
    grey = numpy.linspace(0, 1, 20 * 16).reshape(20, 16)
    numpy.save(tmp_path / "a.npy", grey)
    assert datasets.from_file(tmp_path / "a.npy").shape == (4, 4)       # a square number of pixels
    numpy.savez(tmp_path / "one.npz", images=IMAGES)
    assert datasets.from_file(tmp_path / "one.npz").train.max() <= 1
    numpy.savez_compressed(tmp_path / "two.npz", images=IMAGES > 50, labels=numpy.zeros(20))
    assert set(numpy.unique(datasets.from_file(tmp_path / "two.npz", "images").train)) == {0, 1}


def refuses(path, message, key=None):
    with pytest.raises(InputError, match=message) as caught:
        datasets.load(str(path), key=key)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_name_is_refused():
    refuses("mnits", "no data set and no file is called 'mnits' .did you mean mnist..; choose digits, mnist")


@pytest.mark.parametrize("content, message", [
    (b"", "not an IDX file: it starts with nothing"), (b"hello world", "not an IDX file: it starts with 68 65"),
    (b"\0\0\x08", "not an IDX file"), (b"\0\0\x07\x03" + bytes(12), "not an IDX file: it starts with 00 00 07 03"),
    (b"\1" + idx(IMAGES)[1:], "not an IDX file: it starts with 01 00 08 03"),
    (b"\0\0\x08\x03\0\0", "truncated in its header, after 6 bytes"),
    (idx(IMAGES)[:-1], r"has 135 bytes, but its header says shape \(20, 2, 3\), 136 bytes"),
    (idx(IMAGES) + b"xx", "has more than 136 bytes"), (gzip.compress(idx(IMAGES))[:-20], "truncated or corrupted"),
    (gzip.compress(idx(IMAGES))[:-8] + bytes(8), "truncated or corrupted"),
    (b"\x1f\x8b" + b"nonsense" * 4, "truncated or corrupted"), (idx(IMAGES[:0]), "no pixels"),
    (idx(IMAGES[0, 0]), r"shape \(3,\); images need"), (idx(IMAGES[:1]), r"too few images \(1\); at least 2"),
    (b"PK\x03\x04broken", "truncated or corrupted"),
    (b"PK", "truncated or corrupted"), (b"\x93NUMPY\x01\x00\x10\0{'descr': ('<f8',", "truncated or corrupted"),
    (b"\x93NUMPY\x01\x00\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }".ljust(86),
     "truncated or corrupted"), (b"\x93NUMPY\x01\x00broken", "truncated or corrupted"),
])
def test_broken_files_are_refused(tmp_path, content, message):
    path = tmp_path / "broken"
    path.write_bytes(content)
    refuses(path, message)


def test_truncated_npy_and_npz_are_refused(tmp_path):
    numpy.save(tmp_path / "a.npy", IMAGES)
    numpy.savez_compressed(tmp_path / "a.npz", IMAGES)
    for name in ("a.npy", "a.npz"):
        whole = (tmp_path / name).read_bytes()
        for length in (8, len(whole) // 2, len(whole) - 1):
            (tmp_path / name).write_bytes(whole[:length])
            refuses(tmp_path / name, "truncated or corrupted")
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(damaged)
    refuses(tmp_path / "a.npz", "truncated or corrupted")


def test_npz_needs_a_key_that_exists(tmp_path):
    path = tmp_path / "two.npz"
    numpy.savez(path, images=IMAGES, labels=numpy.zeros(20))
    refuses(path, r"contains 2 arrays \(images, labels\); choose one of them with --key")
    refuses(path, "contains no array 'pixels'; choose images or labels", key="pixels")
    numpy.savez(path)
    refuses(path, "contains no array")


@pytest.mark.parametrize("array, message", [
    (numpy.array([[0, math.nan], [0, 1]]), "NaN or infinite values in 1 of 2 images"),
    (numpy.array([[0, math.inf], [0, 1]]), "NaN or infinite"), (numpy.array([[0, 1e300], [0, 1]]), "NaN or infinite"),
    (numpy.array([[0, 1.5], [0, 1]]), r"from 0 to 1.5, but \[0, 1\] is needed.*scale them"),
    (numpy.array([[-0.5, 1], [0, 1]]), "from -0.5 to 1"),
    (numpy.array([[0, 300], [0, 1]]), "integers are divided by 255"),
    (numpy.zeros((0, 4)), "no pixels"), (numpy.zeros((4, 0)), "no pixels"), (numpy.zeros((2, 2, 2, 3)), "images need"),
    (numpy.array([["a", "b"]]), "values of type <U1"), (numpy.array([[1j]]), "values of type complex128"),
])
def test_arrays_that_are_no_images_are_refused(tmp_path, array, message):
    numpy.save(tmp_path / "a.npy", array)
    refuses(tmp_path / "a.npy", message)


@pytest.mark.parametrize("save", [numpy.save, numpy.savez])
def test_pickled_objects_are_refused(tmp_path, save):
    path = tmp_path / ("a.npy" if save is numpy.save else "a.npz")
    save(path, numpy.array([{"an": "object"}], dtype=object))
    refuses(path, "pickled Python objects, which are never loaded")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(InputError, match="is not a file; give"):
        datasets.from_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["mnist/train-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz", "pipe"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, tiny_mnist, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(InputError, match=f"{path} .*is not a (regular )?file"):
        datasets.load(str(path)) if name == "pipe" else datasets.mnist("mnist", tmp_path, mirrors=[])
    with pytest.raises(InputError, match=f"{path} .*is not a regular file"):
        datasets.read_idx(path)


def test_a_gzip_bomb_is_refused_after_the_size_in_its_header(tmp_path):
    path = tmp_path / "bomb.gz"
    for start in (idx(IMAGES), b""):
        path.write_bytes(gzip.compress(start + bytes(1 << 24), 1))
        tracemalloc.start()
        refuses(path, "more than 136 bytes" if start else "is not an IDX file")
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
        tracemalloc.stop()
    huge = b"\0\0\x08\x04" + b"\xff" * 16 + b"x"
    for content in (huge, gzip.compress(huge)):
        path.write_bytes(content)
        refuses(path, "has 21 bytes, but its header says")


def test_a_file_too_large_for_memory_is_not_called_corrupted(tmp_path, monkeypatch):
    numpy.save(tmp_path / "a.npy", IMAGES)
    numpy.savez(tmp_path / "a.npz", IMAGES)
    (tmp_path / "a.idx").write_bytes(idx(IMAGES))
    load = numpy.load

    def too_large(path, mmap_mode=None, **options):
        if not mmap_mode:
            raise MemoryError
        return load(path, mmap_mode, **options)
    monkeypatch.setattr(numpy, "load", too_large)
    monkeypatch.setattr(numpy, "frombuffer", lambda *args, **options: too_large(""))
    for name in ("a.npy", "a.npz", "a.idx"):
        refuses(tmp_path / name, "does not fit into memory; save fewer images")
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-1])
    refuses(tmp_path / "a.npy", "truncated or corrupted")


@pytest.mark.parametrize("dtype", ["u1", "i8", "?", "f4"])
def test_images_of_zeros_and_ones_are_black_and_white_whatever_their_type(tmp_path, capsys, dtype):
    images = IMAGES % 2 == 0
    numpy.save(tmp_path / "a.npy", images.astype(dtype))
    numpy.testing.assert_array_equal(datasets.from_file(tmp_path / "a.npy").test[0], images[9].ravel())
    assert ("not divided by 255" in capsys.readouterr().err) == (dtype in ("u1", "i8"))
    numpy.save(tmp_path / "a.npy", numpy.where(images, 1, -1))
    refuses(tmp_path / "a.npy", "from -0.00392157 to 0.00392157")


# MNIST, from a folder or by download. No network: the server is on loopback.

@pytest.fixture
def tiny_mnist(monkeypatch):
    """Four small files in place of the published ones, their checksums known. -> {file name: content}"""
    contents = {}
    for part, file_name in download.FILES.items():
        images = numpy.full((3, 28, 28), len(part), numpy.uint8)
        contents[file_name] = gzip.compress(idx(numpy.arange(3, dtype=numpy.uint8) if "labels" in part else images))
        monkeypatch.setitem(download.SHA256["mnist"], part, hashlib.sha256(contents[file_name]).hexdigest())
    return contents


@pytest.fixture
def server(tmp_path, monkeypatch):
    """serve(name, {file: bytes}) -> base address of a folder on a loopback server; server.log of requests"""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    root = tmp_path / "server"
    log = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            log.append(self.path)

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()

    def serve(name, contents):
        (root / name).mkdir(parents=True)
        for file_name, content in contents.items():
            (root / name / file_name).write_bytes(content)
        return f"http://127.0.0.1:{httpd.server_port}/{name}/"
    serve.log = log
    yield serve
    httpd.shutdown()
    httpd.server_close()


def test_files_in_a_folder_are_used_as_they_are(tmp_path, tiny_mnist, monkeypatch):
    for folder in (tmp_path, tmp_path / "sub" / "mnist"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in tiny_mnist.items():
            (folder / name).write_bytes(content)
    assert datasets.mnist("mnist", tmp_path).train.shape == (3, 784)
    data = datasets.load("mnist", tmp_path / "sub")
    assert data.shape == (28, 28) and data.test_labels.tolist() == [0, 1, 2] and data.label_names is None
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    numpy.testing.assert_array_equal(datasets.load("mnist").train, data.train)


def test_the_labels_of_fashion_mnist_have_names(tmp_path, tiny_mnist, monkeypatch):
    for part, file_name in download.FILES.items():
        (tmp_path / file_name).write_bytes(tiny_mnist[file_name])
        monkeypatch.setitem(download.SHA256["fashion-mnist"], part, download.SHA256["mnist"][part])
    names = datasets.load("fashion-mnist", tmp_path).label_names
    assert len(names) == 10 and names[9] == "ankle boot"


def test_a_folder_that_can_not_be_is_refused(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"'a\\x00b' .*NUL"):
        datasets.mnist("mnist", "a\0b")
    with pytest.raises(InputError, match=r"no file is called 'a\\x00b'"):
        datasets.load("a\0b")
    monkeypatch.delenv("MINIVAE_DATA", raising=False)
    monkeypatch.setattr(download.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(InputError, match="no home.*--data-dir"):
        datasets.mnist("mnist")


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path, tiny_mnist):
    for name, content in tiny_mnist.items():
        (tmp_path / name).write_bytes(content + b" ")
    with pytest.raises(InputError, match="not the published file: its SHA-256.*delete it"):
        datasets.mnist("mnist", tmp_path)


def test_download_falls_back_to_the_second_mirror_and_is_kept(tmp_path, tiny_mnist, server, capsys):
    first = server("first", {})
    second = server("second", tiny_mnist)
    folder = tmp_path / "cache"
    data = datasets.mnist("mnist", folder, mirrors=[first, second])
    assert capsys.readouterr().err.count(" 100 %\n") == 4, "a line a file, where there is no terminal"
    assert data.train.shape == (3, 784)
    assert sorted(p.name for p in (folder / "mnist").iterdir()) == sorted(tiny_mnist)
    assert len(server.log) >= 8
    server.log.clear()
    datasets.mnist("mnist", folder, mirrors=[first, second])
    assert not server.log, "downloaded again"


def test_a_wrong_download_leaves_nothing_behind(tmp_path, tiny_mnist, server):
    bad = server("bad", {name: content[:-1] for name, content in tiny_mnist.items()})
    with pytest.raises(InputError, match="can't be downloaded.*SHA-256.*File not found.*--data-dir"):
        datasets.mnist("mnist", tmp_path / "cache", mirrors=[bad, server("empty", {})])
    assert not list((tmp_path / "cache" / "mnist").iterdir())


def test_a_mirror_out_of_reach_is_told(tmp_path, tiny_mnist, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(InputError, match="can't be downloaded.*refused"):
        datasets.mnist("mnist", tmp_path, mirrors=["http://127.0.0.1:9/"])


@pytest.fixture
def raw_server(monkeypatch):
    """raw_server(function) -> address of a server on loopback that calls function(send) for each request"""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def serve(answer):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(10_000)
                with contextlib.suppress(OSError):      # the client may have left
                    answer(self.request.sendall)

        servers.append(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}/"
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_broken_connection_is_told(raw_server, tmp_path, tiny_mnist):
    address = raw_server(lambda send: send(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10))
    with pytest.raises(InputError, match="after 10 of 1000 bytes"):
        datasets.mnist("mnist", tmp_path, mirrors=[address])


@pytest.mark.parametrize("start, got", [(b"Content-Length: 999\r\n\r\n", r"[1-9]\d*"), (b"X-Headers: ", "0")])
def test_a_mirror_that_drips_is_given_up(raw_server, tmp_path, tiny_mnist, monkeypatch, start, got):
    """In the file or in the headers; each byte comes long before the connection's own timeout."""
    monkeypatch.setattr(download, "PATIENCE", 0.1)
    stop = threading.Event()

    def drip(send):
        send(b"HTTP/1.0 200 OK\r\n" + start)
        while not stop.wait(0.01):
            send(b"x")
    with pytest.raises(InputError, match=f"slow: {got} bytes in 0.[1-9] seconds"):
        datasets.mnist("mnist", tmp_path, mirrors=[raw_server(drip)])
    stop.set()


@pytest.mark.parametrize("headers", [b"", b"Content-Length: 99999\r\n"])
def test_a_mirror_that_sends_too_much_is_given_up(raw_server, tmp_path, tiny_mnist, monkeypatch, headers):
    monkeypatch.setattr(download, "LARGEST", 10_000)
    with pytest.raises(InputError, match="more than 10000 bytes"):
        datasets.mnist("mnist", tmp_path, mirrors=[raw_server(
            lambda send: send(b"HTTP/1.0 200 OK\r\n" + headers + b"\r\n" + bytes(20_000)))])


def test_the_published_checksums_and_addresses_are_well_formed():
    for name in ("mnist", "fashion-mnist"):
        assert set(download.SHA256[name]) == set(download.FILES)
        assert all(len(digest) == 64 for digest in download.SHA256[name].values())
        assert len(datasets.MIRRORS[name]) >= 2
        assert all(address.startswith("https://") and address.endswith("/") for address in datasets.MIRRORS[name])


def test_idx_files_at_the_edge(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"\0\0\x09\x01\0\0\0\1\xff")
    assert datasets.read_idx(file).tolist() == [-1], "signed bytes"
    file.write_bytes(b"\0\0\x08\x01\0\0\0\0")
    assert datasets.read_idx(file).shape == (0,)
    file.write_bytes(b"\0\0\x08\x05" + b"\0\0\0\1" * 5 + b"\0")
    with pytest.raises(InputError, match="not an IDX file"):
        datasets.read_idx(file)


def test_arrays_at_the_edge(tmp_path):
    path = tmp_path / "a.npy"
    numpy.save(path, numpy.linspace(0, 1, 60).reshape(10, 6))
    images = datasets.from_file(path)
    assert len(images.train) == 9 and images.test[0, -1] == 1 and images.shape == (1, 6), "ten images: one to test"
    numpy.save(path, numpy.array([[math.nan, math.nan], [0, 1]]))
    with pytest.raises(InputError, match="in 1 of 2 images"):
        datasets.from_file(path)


def test_white_stays_white():
    class Zeros:
        def random(self, shape, dtype):
            return numpy.zeros(shape, dtype)
    assert (datasets.binarize(numpy.zeros((2, 3)), Zeros()) == 0).all()


def test_pixels_are_binarized_independently(rng):
    drawn = datasets.binarize(numpy.full((2000, 4), 0.5, "float32"), rng)
    assert numpy.abs(numpy.corrcoef(drawn.T) - numpy.eye(4)).max() < 4.5 / math.sqrt(2000)


@pytest.mark.parametrize("n, n_test", [(2, 1), (5, 1), (9, 1), (10, 1), (25, 2)])
def test_a_small_file_has_a_test_image_too(tmp_path, n, n_test):
    numpy.save(tmp_path / "a.npy", numpy.zeros((n, 4)))
    images = datasets.from_file(tmp_path / "a.npy")
    assert (len(images.train), len(images.test)) == (n - n_test, n_test)


@pytest.mark.parametrize("code, dtype", [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")])
def test_idx_values_of_every_type_are_big_endian(tmp_path, code, dtype):
    values = numpy.array([1, 2, 100]).astype(dtype)
    (tmp_path / "a").write_bytes(bytes([0, 0, code, 1]) + struct.pack(">I", 3) + values.tobytes())
    assert datasets.read_idx(tmp_path / "a").tolist() == [1, 2, 100]


def test_a_key_for_a_file_without_keys_and_an_unknown_data_set_are_refused(tmp_path):
    numpy.save(tmp_path / "a.npy", numpy.zeros((5, 4)))
    with pytest.raises(InputError, match="a.npy is no .npz file, so it has no array 'x'; leave out --key"):
        datasets.from_file(tmp_path / "a.npy", "x")
    with pytest.raises(InputError, match="unknown data set 'emnist'; choose mnist or fashion-mnist"):
        datasets.mnist("emnist", tmp_path)
