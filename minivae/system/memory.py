"""Keep memory that was freed, because getting it back from the kernel is slow.

glibc, the C library of most Linux systems, returns large blocks to the kernel as soon as they are freed. The
next array of that size gets its memory back page by page, each filled with zeros: a page fault per 4 kB.
Together they can take as long as the arithmetic. `ru_minflt` of resource.getrusage counts them.
"""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8       # from glibc's malloc.h


def keep_freed_memory():
    """From now on, glibc keeps freed memory for the next arrays of this process. -> was anything changed?

    Elsewhere it does nothing, nor if the user has already set variables of glibc's malloc.
    """
    own = any(name.startswith("MALLOC_") for name in os.environ)
    if own or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)             # what the process has loaded
    if not hasattr(library, "gnu_get_libc_version"):        # musl, for example
        return False
    # Never return the end of the heap, put large blocks there too, and give threads no heaps of their own:
    # their ends are returned all the same. A higher M_MMAP_THRESHOLD would do the second, but some versions
    # refuse more than 32 MiB. The cost: a process stays as large as it ever was. While `evaluate` loads MNIST
    # it needs 330 MB, and then 115 MB; with this, 350 MB to its end.
    return all([library.mallopt(M_TRIM_THRESHOLD, -1), library.mallopt(M_MMAP_MAX, 0),
                library.mallopt(M_ARENA_MAX, 1)])
