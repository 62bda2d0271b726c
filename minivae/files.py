"""Replace a file completely or not at all."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Open a temporary file beside `path` for writing bytes. If the block succeeds, it is renamed to `path`.

    If the block fails (a full disk, a wrong checksum, Ctrl-C), the old file at `path` stays.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())     # else a power cut could leave an empty file at `path`
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
