"""Open a regular file, and no device or pipe, for reading; replace a file completely or not at all."""

import contextlib
import errno
import os
import stat
import time
from pathlib import Path


def open_regular(path, mode="rb", **options):
    """open(path, mode, **options), but OSError for a folder, device or pipe, which could block forever."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return open(path, mode, **options)


@contextlib.contextmanager
def replacing(path):
    """Open a temporary file beside `path` for writing bytes. If the block succeeds, it is renamed to `path`.

    If the block fails (a full disk, a wrong checksum, Ctrl-C), the old file at `path` stays. Raises OSError.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())     # else a power cut could leave an empty file at `path`
        _rename(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _rename(temporary, path, attempts=10):
    """Windows refuses while another program has `path` open, often for a moment: try for about a second."""
    for left in reversed(range(attempts)):
        try:
            return os.replace(temporary, path)
        except PermissionError as error:
            if not left:
                raise PermissionError(error.errno, f"{error.strerror}: another program may have it open",
                                      str(path)) from error
            time.sleep(0.1)
