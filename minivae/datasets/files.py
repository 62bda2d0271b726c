"""Images from a file: IDX (the format of MNIST), .npy or .npz."""

import gzip
import math
import struct
import sys
import zlib
from pathlib import Path

import numpy

from ..errors import InputError
from ..system.files import open_regular
from .images import as_rows, hold_out, image_shape


def from_file(path, key=None):
    """Images from an IDX file (.gz or not), or a .npy or .npz array (N, H, W) or (N, D). -> Images

    Integers are read as grey values 0..255, or as 0 and 1 if there are no others; real numbers must be in
    [0, 1]. Every tenth image is a test image; of fewer than ten images, the second. key: which array to use
    if an .npz file contains several.
    Raises InputError if the file can't be used.
    """
    path = Path(path)
    if not path.is_file():      # a folder, or a pipe, which could block forever
        raise InputError(f"{path} is not a file; give an IDX, .npy or .npz file of images")
    try:
        with open(path, "rb") as file:
            start = file.read(6)
        if key is not None and start[:2] != b"PK":
            raise InputError(f"{path} is no .npz file, so it has no array {key!r}; leave out --key")
        if start == b"\x93NUMPY" or start[:2] == b"PK":
            array = _read_numpy(path, key)
        else:
            array = read_idx(path)
        if array.dtype.kind in "ui" and array.size and array.min() >= 0 and array.max() == 1:
            print(f"{path} contains only 0 and 1, which are not divided by 255", file=sys.stderr)
            array = array.astype(bool)
        x = as_rows(array, path)
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}); "
                         "check the file and its permissions") from error
    except MemoryError as error:
        raise InputError(f"{path} does not fit into memory; save fewer images in it") from error
    if len(x) < 2:
        raise InputError(f"{path} contains too few images ({len(x)}); at least 2 are needed, one for testing")
    return hold_out(x, None, image_shape(array))


IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path):
    """The array in an IDX file (the format of MNIST): magic number, sizes, values, all big-endian.

    Raises InputError if the file has another format, or is truncated or corrupted.
    """
    try:
        with open_regular(path) as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            return _array_of(gzip.GzipFile(fileobj=file) if is_gzip else file, path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} can't be read: truncated or corrupted ({error}); "
                         "download or copy it again") from error
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}); "
                         "check the file and its permissions") from error


def _array_of(file, path):
    raw = file.read(4)
    n_dims = raw[3] if len(raw) >= 4 else 0
    if raw[:2] != b"\0\0" or raw[2:3] == b"" or raw[2] not in IDX_DTYPES or not 1 <= n_dims <= 4:
        raise InputError(f"{path} is not an IDX file: it starts with {raw[:4].hex(' ') or 'nothing'}, "
                         "not with 00 00, a type (08 to 0e) and a number of dimensions; "
                         "give an IDX, .npy or .npz file")
    header = 4 + 4 * n_dims
    raw += file.read(header - 4)
    if len(raw) < header:
        raise InputError(f"{path} is truncated in its header, after {len(raw)} bytes; download or copy it again")
    shape = struct.unpack(f">{n_dims}I", raw[4:header])
    dtype = numpy.dtype(IDX_DTYPES[raw[2]])
    expected, raw = header + math.prod(shape) * dtype.itemsize, bytearray(raw)
    # A compressed file can inflate to 1000 times its size: read what the header says, at most a byte more.
    while block := file.read(min(1 << 20, expected + 1 - len(raw))):
        raw += block
    if len(raw) != expected:
        size = f"more than {expected}" if len(raw) > expected else len(raw)
        raise InputError(f"{path} has {size} bytes, but its header says shape {shape}, {expected} bytes: "
                         "it is truncated or corrupted; download or copy it again")
    return numpy.frombuffer(raw, dtype, offset=header).reshape(shape)


def _read_numpy(path, key):
    try:
        loaded = _load(path)
        if isinstance(loaded, numpy.ndarray):
            return loaded
        with loaded:
            if not loaded.files:
                raise InputError(f"{path} contains no array; save the images in it")
            if key is None and len(loaded.files) > 1:
                raise InputError(f"{path} contains {len(loaded.files)} arrays ({', '.join(loaded.files)}); "
                                 "choose one of them with --key")
            key = key or loaded.files[0]
            if key not in loaded.files:
                raise InputError(f"{path} contains no array {key!r}; choose {' or '.join(loaded.files)}")
            return numpy.asarray(loaded[key])
    except (InputError, MemoryError):
        raise
    except Exception as error:      # a damaged file can cause many kinds of exceptions
        if "Object arrays" in str(error):
            raise InputError(f"{path} contains pickled Python objects, which are never loaded; "
                             "save it as an array of numbers") from error
        raise InputError(f"{path} is truncated or corrupted ({error!r:.80}); "
                         "download or copy it again") from error


def _load(path):
    try:
        return numpy.load(path, allow_pickle=False)
    except MemoryError:
        numpy.load(path, mmap_mode="r", allow_pickle=False)     # ValueError if the file ends before its array
        raise
