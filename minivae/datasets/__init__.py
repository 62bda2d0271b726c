"""Images to learn from: the digits inside the package, MNIST and Fashion-MNIST, or a file of yours."""

from .download import MIRRORS, mnist
from .files import from_file, read_idx
from .images import Images, binarize, quantize, threshold
from .named import NAMES, digits, load

__all__ = ["Images", "load", "digits", "mnist", "from_file", "read_idx", "binarize", "threshold", "quantize", "NAMES",
           "MIRRORS"]
