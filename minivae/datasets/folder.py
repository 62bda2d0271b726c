"""Images from a folder of PNG or JPEG files, as grey values from 0 (black) to 1 (white)."""

import os
import re
import sys
import warnings
from pathlib import Path

import numpy

from ..errors import InputError, shown
from ..system.files import open_regular
from ..system.progress import ProgressBar
from .images import hold_out

# Files with these names are images; whether they can be used depends on their content. Others are skipped.
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif")

LARGEST = 512 * 512     # pixels of an image; the default network then has 160 million parameters


def from_folder(folder, size=None):
    """Images from the PNG and JPEG files in a folder, as grey values: colours as their luma. -> Images

    Transparent pixels become white. A photo is turned upright, as its EXIF orientation says.
    size: "32x24" scales each to a width of 32 and a height of 24 pixels; without it, all need the same size.
    If the folder itself contains no images, those in its subfolders are read, one level down. If 2 to 10
    subfolders contain images, each is a label: its name if all names are single digits, else 0, 1, ... in the
    order of the names, and label_names has the names. Every tenth image, in the order of the names, is a test
    image; if there are fewer than ten, the second.
    Raises InputError if there are no images, or if some can't be used; it names them.
    """
    if size is not None and not is_size(size):
        raise InputError(f"size is {shown(size)}, but a width and a height like '32x24' are needed")
    wanted = size and tuple(map(int, size.split("x")))
    if size and wanted[0] * wanted[1] > LARGEST:        # before the first image is scaled to it
        raise InputError(f"size is {size}, but these networks take at most {LARGEST} pixels; choose a smaller "
                         "one, like 32x32")
    folder = Path(folder)
    try:
        paths, labels, names = _find(folder)
        x, shape = _read(folder, paths, wanted)
    except OSError as error:
        raise InputError(f"{folder} can't be read ({error.strerror or error}); "
                         "check the folder and its permissions") from error
    return hold_out(x, labels, shape, names)


def is_size(value):
    """Is this a text like "32x24", a width and a height?"""
    return isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", value) is not None


def _find(folder):
    """The paths of all images, in the order of their names; their labels, and the labels' names, or None."""
    files, subfolders = _listing(folder)
    if any(map(_is_image, files)):
        if subfolders:
            print(f"{folder} contains images, so its subfolders ({_some(subfolders)}) are not read",
                  file=sys.stderr)
        groups = {"": files}
    else:
        groups = {path.name: _listing(path)[0] for path in subfolders}
    groups = {name: list(filter(_is_image, files)) for name, files in groups.items()}
    groups = {name: paths for name, paths in groups.items() if paths}
    paths = [path for group in groups.values() for path in group]
    if not paths:
        what = f"no images among its files ({_some(files)})" if files else "no images"
        raise InputError(f"{folder} contains {what}; give a folder of PNG or JPEG images")
    if len(paths) == 1:
        raise InputError(f"{folder} contains too few images (1); at least 2 are needed, one for testing")
    if not 2 <= len(groups) <= 10:      # pictures have colours for ten labels
        return paths, None, None
    numbers, names = range(len(groups)), tuple(os.fsencode(name).decode(errors="replace") for name in groups)
    if set(groups) <= set("0123456789"):
        numbers, names = map(int, groups), None
    else:
        legend = ", ".join(f"{i} {name}" for i, name in enumerate(names))
        print(f"labels of {folder}: {legend}", file=sys.stderr)
    labels = numpy.repeat(numpy.array([*numbers], "uint8"), [len(group) for group in groups.values()])
    return paths, labels, names


def _listing(folder):
    """The files and the subfolders, without hidden ones, each in the order of their names."""
    paths = sorted(folder.iterdir(), key=lambda path: path.name)    # as text, the same on every system
    visible = [path for path in paths if not path.name.startswith(".")]
    return [path for path in visible if not path.is_dir()], [path for path in visible if path.is_dir()]


def _is_image(path):
    return path.suffix.lower() in IMAGES


def _read(folder, paths, size):
    """-> x (N, D), (height, width)"""
    x, shape, bad = None, None, []
    bar = ProgressBar(f"reading {folder}")
    try:
        for i, path in enumerate(paths):
            try:
                grey = _grey(path, size)
            except MemoryError:
                raise
            except Exception as error:      # a damaged file can cause many kinds of exceptions
                reason = getattr(error, "strerror", None) or str(error)
                bad.append(f"{path.relative_to(folder)} ({reason:.60})")
                continue
            if grey.size > LARGEST:
                height, width = grey.shape
                raise InputError(f"{path} has {width}x{height} pixels, but these networks take at most "
                                 f"{LARGEST}; make the images smaller with --size, like --size 32x32")
            if x is None:
                first, shape = path, grey.shape
                x = numpy.empty((len(paths), grey.size), numpy.float32)
            if grey.shape != shape:
                sizes = " and ".join(f"{path.relative_to(folder)} has {width}x{height} pixels"
                                     for path, (height, width) in ((first, shape), (path, grey.shape)))
                raise InputError(f"{folder} contains images of several sizes: {sizes}; scale all to one size "
                                 "with --size, like --size 32x32")
            x[i] = grey.ravel()
            bar(i + 1, len(paths))
    except MemoryError as error:
        of = f" of {shape[1]}x{shape[0]} pixels" if shape else ""
        raise InputError(f"the {len(paths)} images{of} in {folder} do not fit into memory; make them smaller "
                         "with --size, like --size 32x32") from error
    finally:
        bar.clear()
    if bad:
        raise InputError(f"{len(bad)} of the {len(paths)} images in {folder} can't be used: {_some(bad)}; "
                         "replace them, or move them out of this folder")
    return x, shape


def _grey(path, size):
    """The grey values of one file, (H, W) in [0, 1]. Raises many kinds of exceptions if it can't be used."""
    from PIL import Image, ImageOps, UnidentifiedImageError     # only here: few runs need it

    with open_regular(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")     # of Pillow, about details in files that it can read
        try:
            image = Image.open(file, formats=("PNG", "JPEG"))
        except UnidentifiedImageError as error:
            raise ValueError("neither PNG nor JPEG") from error
        if image.format == "PNG" and image.is_animated:     # not so a JPEG with a preview: the photo is first
            raise ValueError("animated")
        if size:        # Pillow decodes a large JPEG faster at 1/2, 1/4 or 1/8 of its size, if that suffices
            image.draft("L", (2 * max(size), 2 * max(size)))
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):      # 16 bits of grey; one of the values can mean transparent
            grey = numpy.asarray(image, numpy.float32) / 65535
            grey[numpy.asarray(image) == image.info.get("transparency", -1)] = 1
        else:
            if "A" in image.getbands() or "transparency" in image.info:
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image.convert("RGBA"))
            grey = numpy.asarray(image.convert("L"), numpy.float32) / 255
        if size:
            grey = numpy.asarray(Image.fromarray(grey).resize(size, Image.BILINEAR))
        return grey


def _some(items):
    """At most three names, and how many more there are."""
    names = [item.name if isinstance(item, Path) else item for item in items]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
