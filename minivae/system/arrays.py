"""Files of named arrays, .npz. Nothing in them is unpickled, so opening one can't run code."""

import io
import zipfile

import numpy

from ..errors import InputError
from .files import open_regular


def npz_bytes(arrays):
    """The content of an .npz file with these arrays {name: array}."""
    archive = io.BytesIO()      # in memory: a zip file cut off by Ctrl-C or a full disk fails much later
    numpy.savez(archive, **arrays)
    return archive.getbuffer()


def read_arrays(path, if_missing, if_broken):
    """All arrays of the .npz file: {name: array}.

    Raises InputError with one of these two remedies if the file is missing, broken or pickled.
    """
    try:
        with open_regular(path) as file:
            content = io.BytesIO(file.read())
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; {if_missing}") from error
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}); check its permissions") from error
    try:
        if not zipfile.is_zipfile(content):
            raise ValueError("not an .npz file, or only part of one")   # numpy.load would call it a pickle
        content.seek(0)     # is_zipfile leaves it where it found the end of the archive
        with numpy.load(content, allow_pickle=False) as file:
            return {key: numpy.asarray(file[key]) for key in file.files}
    except MemoryError as error:
        raise InputError(f"{path} does not fit in memory, or is corrupted; close other programs, "
                         "or restore a copy of the file") from error
    except Exception as error:      # a damaged file can raise many kinds of exceptions
        if "Object arrays" in str(error):
            raise InputError(f"{path} contains pickled Python objects, which are never loaded; "
                             f"{if_broken}") from error
        raise InputError(f"{path} is truncated or corrupted ({error!r:.80}); {if_broken}") from error
