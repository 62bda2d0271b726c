"""--data FOLDER: which files are read, what their pixels become, and what is said of files that can't be used."""

import os
import re

import matplotlib.image
import numpy
import pytest
from PIL import Image

from minivae import datasets
from minivae.errors import InputError
from minivae.runs.run_folder import Run

GREY = numpy.random.default_rng(0).integers(0, 256, (25, 4, 6), numpy.uint8)        # 25 images of 6x4 pixels


@pytest.fixture
def folder(tmp_path):
    """make({name: array or Image}) -> a folder with these images"""
    def make(images, name="photos", **options):
        for file, image in images.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
        return tmp_path / name
    return make


def numbered(images=GREY, suffix="png"):
    return {f"{i:03}.{suffix}": image for i, image in enumerate(images)}


def pixels(folder, **options):
    """All images, in the order of their names, where there are fewer than ten: (N, H, W)"""
    images = datasets.from_folder(folder, **options)
    return numpy.insert(images.train, 1, images.test, axis=0).reshape(-1, *images.shape)


def one(folder, image, name="a.png", **options):
    """What the pixels of this image become: (H, W)"""
    return pixels(folder({name: image, f"b.{name}": image}, **options))[0]


# Which files, in which order

def test_png_files_are_read_as_an_array_of_them_would_be(folder, tmp_path):
    numpy.save(tmp_path / "a.npy", GREY)
    expected, images = datasets.load(tmp_path / "a.npy"), datasets.load(folder(numbered()))
    assert images.shape == (4, 6) and images.train_labels is None
    for part in ("train", "test"):
        numpy.testing.assert_array_equal(getattr(images, part), getattr(expected, part))
        assert getattr(images, part).dtype == numpy.float32


def test_every_tenth_name_is_held_out_whatever_the_order_on_disk(folder, monkeypatch):
    path = folder(dict(reversed(numbered().items())))
    numpy.testing.assert_array_equal(datasets.from_folder(path).test * 255, GREY[[9, 19]].reshape(2, -1))
    listed = type(path).iterdir
    monkeypatch.setattr(type(path), "iterdir", lambda self: sorted(listed(self), reverse=True))
    numpy.testing.assert_array_equal(datasets.from_folder(path).test * 255, GREY[[9, 19]].reshape(2, -1))


def test_hidden_files_and_files_that_are_no_images_are_left_out(folder, capsys):
    path = folder({"a.png": GREY[0], "B.JPG": GREY[1], "c.jpeg": GREY[2]})
    for name in (".hidden.png", "._a.png", "Thumbs.db", "labels.csv", ".DS_Store"):
        (path / name).write_bytes(b"x")
    (path / ".git").mkdir()
    assert len(pixels(path)) == 3 and capsys.readouterr().err == ""


@pytest.mark.parametrize("names, labels, said", [
    ("cat dog owl", [0, 1, 2], "labels of .*photos: 0 cat, 1 dog, 2 owl"), ("3 1 7", [1, 3, 7], ""), ("only", None, ""),
    ("a b c d e f g h i j k", None, "")])
def test_subfolders_are_labels(folder, capsys, names, labels, said):
    path = folder({f"{name}/{i}.png": GREY[i] for name in names.split() for i in range(10)})
    (path / "empty").mkdir()
    (path / "0-notes.txt").write_text("not an image")
    images = datasets.from_folder(path)
    assert re.fullmatch(said, capsys.readouterr().err.strip())
    if labels is None:
        assert images.train_labels is None and images.test_labels is None and images.label_names is None
    else:
        assert images.train_labels.tolist() == numpy.repeat(labels, 9).tolist() and images.test_labels.tolist() == labels
        assert images.label_names == (("cat", "dog", "owl") if said else None)
    numpy.testing.assert_array_equal(images.test[0] * 255, GREY[9].ravel())


def test_subfolders_beside_images_are_not_read_and_that_is_said(folder, capsys):
    path = folder({**numbered(GREY[:3]), **{f"{sub}/a.png": GREY[4] for sub in ("a", "thumbnails")}})
    assert len(pixels(path)) == 3
    assert re.search(r"photos contains images, so its subfolders \(a, thumbnails\) are not read", capsys.readouterr().err)


# What the pixels become

def test_black_is_0_and_white_is_1_in_every_mode(folder):
    black_and_white = Image.fromarray(numpy.array([[0, 255, 255]], numpy.uint8))
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        assert one(folder, black_and_white.convert(mode), name=f"{mode}.png").tolist() == [[0, 1, 1]], mode
        for path in folder({}).glob("*"):
            path.unlink()


@pytest.fixture
def clean(folder):
    """one(image), each time in a folder of its own"""
    count = iter(range(100))
    return lambda image, name="a.png", **options: one(
        lambda images, **more: folder(images, f"folder {next(count)}", **more), image, name, **options)


def test_colours_become_their_luma(clean):
    colours = numpy.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], numpy.uint8)
    numpy.testing.assert_allclose(clean(colours), [[0.299, 0.587, 0.114, 1]], atol=0.002)
    cmyk = Image.new("CMYK", (8, 8), (0, 0, 0, 255))
    numpy.testing.assert_allclose(clean(cmyk, "a.jpg"), 0, atol=0.01)


def test_what_is_transparent_becomes_white(clean):
    image = numpy.zeros((1, 3, 4), numpy.uint8)
    image[0, :, 3] = 0, 128, 255            # black, more and more opaque
    numpy.testing.assert_allclose(clean(image), [[1, 127 / 255, 0]], atol=0.003)
    numpy.testing.assert_allclose(clean(Image.fromarray(image).convert("LA")), [[1, 127 / 255, 0]], atol=0.003)
    palette = Image.fromarray(numpy.array([[0, 1]], numpy.uint8), "P")
    palette.putpalette([0, 0, 0, 51, 51, 51])
    numpy.testing.assert_allclose(clean(palette, transparency=0), [[1, 0.2]], atol=0.003)
    numpy.testing.assert_allclose(clean(Image.fromarray(numpy.array([[0, 51]], numpy.uint8)), transparency=0), [[1, 0.2]],
                                  atol=0.003)


def test_16_bits_keep_all_their_greys(clean):
    values = numpy.array([[0, 1, 256, 32768, 65535]], numpy.uint16)
    numpy.testing.assert_allclose(clean(values), values / 65535, rtol=1e-6)
    numpy.testing.assert_allclose(clean(values, transparency=256), [[0, 1 / 65535, 1, 32768 / 65535, 1]], rtol=1e-6)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("orientation, turn", [
    (1, lambda a: a), (2, numpy.fliplr), (3, lambda a: numpy.rot90(a, 2)), (6, lambda a: numpy.rot90(a, -1)),
    (8, numpy.rot90)])
def test_a_photo_is_upright(clean, name, orientation, turn):
    image = numpy.kron(numpy.array([[0, 80, 160], [200, 250, 120]], numpy.uint8), numpy.ones((16, 16), numpy.uint8))
    exif = Image.Exif()
    exif[274] = orientation
    numpy.testing.assert_allclose(clean(image, name, exif=exif), turn(image / 255), atol=0.03)


def test_a_photo_with_a_preview_is_the_photo(folder, tmp_path):
    """Telephones write such JPEG files, with the name .jpg."""
    photo, preview = Image.new("L", (16, 16), 200), Image.new("L", (8, 8), 0)
    for name in "ab":
        photo.save(tmp_path / f"{name}.mpo", save_all=True, append_images=[preview])
        (tmp_path / f"{name}.mpo").rename(tmp_path / f"{name}.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.is_animated
    numpy.testing.assert_allclose(pixels(tmp_path), 200 / 255, atol=0.01)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_size_scales_to_a_width_and_a_height(folder, suffix):
    """Half of each image is white; a large JPEG is decoded at a smaller size, which must not show."""
    sizes = [(8, 6), (64, 300), (900, 700), (3, 2)]
    arrays = [numpy.repeat((numpy.arange(width) >= width / 2)[None] * numpy.uint8(255), height, 0) for width, height in sizes]
    x = pixels(folder(numbered(arrays, suffix)), size="4x3")
    assert x.shape == (4, 3, 4) and 0 <= x.min() <= x.max() <= 1
    for image in x[:3]:
        numpy.testing.assert_allclose(image, [[0, 0.1, 0.9, 1]] * 3, atol=0.12)


def test_scaling_stays_within_0_and_1(folder):
    white = Image.new("L", (97, 41), 255)
    assert pixels(folder({"a.png": white, "b.png": white}), size="31x17").max() <= 1


# What is refused, in one line

def refuses(path, message, **options):
    with pytest.raises(InputError, match=message) as caught:
        datasets.load(path, **options)
    assert "\n" not in str(caught.value)


def test_a_folder_without_images_is_refused(folder, tmp_path):
    (tmp_path / "photos").mkdir()
    refuses(tmp_path / "photos", "photos contains no images; give a folder of PNG or JPEG images")
    for name in "abcde":
        (tmp_path / "photos" / f"{name}.txt").write_text("x")
    refuses(tmp_path / "photos", r"contains no images among its files \(a.txt, b.txt, c.txt and 2 more\); give")
    refuses(folder({"a.png": GREY[0]}), r"photos contains too few images \(1\); at least 2 are needed")
    refuses(tmp_path / "nothing", "no data set and no file is called.*or a folder of images")


def test_images_of_several_sizes_are_refused_with_both_sizes_and_a_remedy(folder):
    path = folder({**numbered(), "large.png": Image.new("L", (30, 20))})
    refuses(path, "photos contains images of several sizes: 000.png has 6x4 pixels and large.png has 30x20 pixels; "
            "scale all to one size with --size, like --size 32x32")
    assert datasets.load(path, size="6x4").shape == (4, 6)


def test_files_that_can_not_be_used_are_named_with_the_reason(folder):
    frames = [Image.fromarray(grey) for grey in GREY[:3]]
    path = folder({"a/1.png": GREY[0], "a/2.jpg": GREY[1]})
    frames[0].save(path / "a/3-animated.png", save_all=True, append_images=frames[1:])
    frames[0].save(path / "a/4-animated.gif", save_all=True, append_images=frames[1:])
    refuses(path, r"2 of the 4 images in .*photos can't be used: a.3-animated.png \(animated\), a.4-animated.gif "
            r"\(neither PNG nor JPEG\); replace them, or move")
    (path / "a/0-empty.png").write_bytes(b"")
    (path / "a/0-text.jpg").write_text("hello")
    refuses(path, r"4 of the 6 .*: a.0-empty.png \(neither PNG nor JPEG\), a.0-text.jpg .*, a.3-animated.png .* and 1 more;")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_truncated_and_damaged_files_are_named(folder, name):
    path = folder({name: Image.fromarray(numpy.kron(GREY[0], numpy.ones((20, 20), numpy.uint8))), "b.png": GREY[0]})
    whole = (path / name).read_bytes()
    for length in (20, len(whole) // 2, len(whole) - 30):
        (path / name).write_bytes(whole[:length])
        refuses(path, rf"1 of the 2 images in .*photos can't be used: {name} \(.+\); replace")


def test_too_many_pixels_are_refused(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 11)
    refuses(folder(numbered(GREY[:2])), r"2 of the 2 .*000.png \(Image size \(24 pixels\) exceeds limit of 22 pixels")


def test_photos_as_a_camera_takes_them_are_refused_before_the_network_fills_the_memory(folder):
    path = folder({f"{i}.png": Image.new("L", (1024, 257)) for i in range(2)})
    refuses(path, "photos.0.png has 1024x257 pixels, but these networks take at most "
            "262144; make the images smaller with --size, like --size 32x32")
    refuses(path, "size is 513x512, but these networks take at most 262144 pixels", size="513x512")
    assert datasets.load(path, size="512x512").shape == (512, 512)


def test_images_that_do_not_fit_into_memory(folder, monkeypatch):
    def too_large(*arguments, **options):
        raise MemoryError
    path = folder(numbered())
    monkeypatch.setattr(numpy, "empty", too_large)
    refuses(path, "the 25 images of 6x4 pixels in .*photos do not fit into memory; make them smaller with --size, like")
    monkeypatch.setattr(Image, "open", too_large)
    refuses(path, "the 25 images in .*photos do not fit into memory")


@pytest.mark.skipif(os.name == "nt", reason="needs named pipes, and links")
def test_a_pipe_and_a_broken_link_are_named_and_not_waited_for(folder):
    path = folder(numbered(GREY[:2]))
    os.mkfifo(path / "pipe.png")
    (path / "link.png").symlink_to("nowhere.png")
    refuses(path, r"link.png \(No such file or directory\), pipe.png \(is not a regular file\)")


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(folder):
    path = folder(numbered())
    path.chmod(0)
    refuses(path, "photos can't be read .Permission denied.; check the folder and its permissions")
    path.chmod(0o700)


@pytest.mark.parametrize("size", ["32", "0x4", "4x", "1x2x3", "-4x4", "999999x1", (4, 3)])
def test_a_size_that_is_none_is_refused(folder, size):
    refuses(folder(numbered()), "size is .*, but a width and a height like '32x24' are needed", size=size)


# The program

SMALL = ["--hidden", "8", "--batch-size", "10", "--epochs", "1", "--backend", "numpy"]


def test_train_resume_show_and_evaluate(folder, run_cli, tmp_path):
    path, run = folder(numbered()), tmp_path / "run"
    code, out, err = run_cli("train", "--data", path, "--size", "4X3", "--out", run, *SMALL)
    assert (code, err) == (0, "") and "23 training images and 2 test images of 4x3 pixels" in out
    assert run_cli("train", "--resume", run, "--epochs", "2")[0] == 0
    assert run_cli("show", run)[0] == 0 and run_cli("evaluate", run, "--samples", "2")[0] == 0
    assert run_cli("infer", "image", "--run", run, "--steps", "2", "--out", tmp_path / "a.png")[0] == 0
    config = Run.open(run).config
    assert (config["size"], config["shown"], config["data"]) == ("4x3", "light", os.path.realpath(path))
    Image.fromarray(255 - GREY[7]).save(path / "007.png")
    code, _, err = run_cli("evaluate", run)
    assert code == 2 and "SHA-256 of the images" in err
    other = folder({"a.png": GREY[0], "b.png": Image.new("L", (30, 20))}, "other")
    code, _, err = run_cli("evaluate", run, "--data", other, "--samples", "2")
    assert code == 0, err


@pytest.mark.parametrize("arguments, message", [
    (["--size", "32"], "argument --size: '32' is not a width and a height in pixels, like 32x24"),
    (["--size", "4x3"], "--size 4x3 is for --data with a folder of images; leave it out"),
    (["--shown", "dark"], "invalid choice: 'dark'"), (["--data", "photos", "--key", "a"], "--key a is for --data with an .npz file"),
    (["--data", "mixed"], "several sizes.*like --size 32x32"), (["--data", "nothing"], "contains no images")])
def test_bad_options_and_folders_end_in_one_line(folder, run_cli, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    folder(numbered())
    folder({**numbered(), "large.png": Image.new("L", (30, 20))}, "mixed")
    (tmp_path / "nothing").mkdir()
    code, _, err = run_cli("train", "--out", "run", *SMALL, *arguments)
    assert code == 2 and re.search(message, err) and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.draws
def test_pictures_show_what_the_data_mean(folder, run_cli, tmp_path):
    """Bright photos are bright, and so are their reconstructions and samples; as ink on paper they would be dark."""
    path, run = folder(numbered(numpy.full((200, 8, 8), 240, numpy.uint8))), tmp_path / "run"

    def greys():
        """The mean grey in the middle of each picture, where there is no text."""
        for name in ("reconstructions", "samples", "plane"):
            picture = matplotlib.image.imread(run / f"{name}.png")[..., :3]
            height, width, _ = picture.shape
            yield picture[int(.55 * height):int(.7 * height), int(.4 * width):int(.6 * width)].mean()

    assert run_cli("train", "--out", run, "--data", path, *SMALL, "--likelihood", "gaussian", "--lr", "0.02", "--epochs", "9")[0] == 0
    assert min(greys()) > 0.7
    assert run_cli("show", run, "--shown", "ink")[0] == 0 and max(greys()) < 0.3
    assert Run.open(run).config["shown"] == "light", "show changes the pictures, not the run"


def test_how_pixels_are_shown_can_be_changed_in_a_run(folder, run_cli, tmp_path):
    numpy.save(tmp_path / "a.npy", GREY)
    assert run_cli("train", "--data", tmp_path / "a.npy", "--out", tmp_path / "run", *SMALL)[0] == 0
    assert Run.open(tmp_path / "run").config["shown"] == "ink"
    assert run_cli("train", "--resume", tmp_path / "run", "--epochs", "2", "--shown", "light")[0] == 0
    assert Run.open(tmp_path / "run").config["shown"] == "light" and run_cli("show", tmp_path / "run")[0] == 0


def test_a_size_too_large_is_refused_before_any_image_is_scaled(tmp_path, monkeypatch):
    monkeypatch.setattr("minivae.datasets.folder._find", None)      # nothing is read
    with pytest.raises(InputError, match="size is 99999x99999, but these networks take at most"):
        datasets.load(tmp_path, size="99999x99999")
