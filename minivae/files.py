"""Writing a file so that it is either the old one or the new one, never half of either."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Open a temporary file beside `path` to write bytes; it takes the name when the block has ended well.

    When the block fails (a full disk, a wrong checksum, Ctrl-C), what stood at `path` stays.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())     # else a power cut could leave the new name on an empty file
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
