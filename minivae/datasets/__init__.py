"""Image data sets: the digits included in the package, MNIST, Fashion-MNIST, or your own file."""

from .download import MIRRORS, mnist
from .files import from_file, read_idx
from .images import Images, binarize, quantize, threshold
from .named import NAMES, digits, load

__all__ = ["Images", "load", "digits", "mnist", "from_file", "read_idx", "binarize", "threshold", "quantize",
           "NAMES", "MIRRORS"]
