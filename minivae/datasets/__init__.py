"""Image data sets: the digits included in the package, MNIST, Fashion-MNIST, or your own files."""

from .download import MIRRORS, mnist
from .files import from_file, read_idx
from .folder import from_folder, is_size
from .images import Images, binarize, quantize, threshold
from .named import NAMES, digits, load

__all__ = ["Images", "load", "digits", "mnist", "from_file", "from_folder", "is_size", "read_idx", "binarize",
           "threshold", "quantize", "NAMES", "MIRRORS"]
