"""A stand-in for CuPy that needs no GPU and is stricter than CuPy: it catches code that would leak.

Its arrays refuse to be mixed with NumPy's, refuse NumPy's functions, refuse what CuPy can't assign,
and count the copies from "device" to host, and the kernels that a GPU would start. Its namespace has the
functions that CuPy 13.6 has under NumPy's names (tests/cupy_names.txt), and no others. Underneath, all is
computed by NumPy.
"""

import functools
import operator
import types
from pathlib import Path

import numpy

CUPY_NAMES = set((Path(__file__).parent / "cupy_names.txt").read_text("utf-8").split())
LINALG_NAMES = {"cholesky", "det", "eigh", "eigvalsh", "inv", "lstsq", "matrix_power", "matrix_rank", "norm", "pinv",
                "qr", "slogdet", "solve", "svd", "tensorinv", "tensorsolve"}
VIEWS = {"reshape", "ravel", "broadcast_to", "may_share_memory"}     # start no kernel
copies_to_host = 0
launches = 0            # kernels: one for each operator or function, and one for all that is fused into one
fusing = False


class ndarray:
    """An array on the pretended device. Results of reductions are 0-d arrays, as in CuPy."""

    __array_ufunc__ = None      # NumPy's operators and ufuncs give up at once

    def __init__(self, array):
        self._array = numpy.asarray(array)

    def __array__(self, *args, **kwargs):
        raise TypeError("implicit conversion of a device array to NumPy; use .get()")

    def __array_function__(self, *args, **kwargs):
        raise TypeError("a NumPy function was called with a device array")

    def _to_host(self):
        global copies_to_host
        copies_to_host += 1
        return self._array

    def get(self):
        return self._to_host().copy()

    def item(self):
        return self._to_host().item()

    def __float__(self):
        return float(self._to_host())

    def __int__(self):
        return int(self._to_host())

    def __bool__(self):
        return bool(self._to_host())

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (ndarray(row) for row in self._array)

    def __repr__(self):
        return f"strict {self._array!r}"

    def __getitem__(self, index):
        require_not_fusing("an index")
        return ndarray(self._array[_unwrap(index)])

    def __setitem__(self, index, value):
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, (ndarray, list)) for part in parts):
            raise TypeError("assignment through a fancy index is not allowed in the core")
        self._array[index] = _unwrap(value)

    def __getattr__(self, name):
        if name in ("shape", "dtype", "ndim", "size", "flags", "nbytes"):
            return getattr(self._array, name)
        if name == "T":
            return ndarray(self._array.T)
        if name in ("sum", "mean", "max", "min", "reshape", "astype", "copy", "var", "ravel", "all", "any", "cumsum"):
            return _wrapped(getattr(self._array, name))
        raise AttributeError(f"device arrays have no attribute {name!r} (or the stand-in lacks it)")


ndarray.__module__ = "cupy"     # get_xp() asks where a class comes from


def _unwrap(value):
    if isinstance(value, ndarray):
        return value._array
    if isinstance(value, numpy.ndarray):
        raise TypeError("a NumPy array was given where a device array is needed")
    if isinstance(value, numpy.floating):
        raise TypeError("NumPy's number would turn float32 into float64, unlike Python's float")
    if isinstance(value, (tuple, list)):
        return type(value)(_unwrap(part) for part in value)
    return value


def _wrap(value):
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return ndarray(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_wrap(part) for part in value)
    return value


def require_not_fusing(what):
    if fusing:
        raise TypeError(f"cupy.fuse makes one kernel of elementwise operations, but not of {what}")


def _count():
    global launches
    launches += not fusing


def _wrapped(function):
    def call(*args, **kwargs):
        if "where" in kwargs:
            raise TypeError("CuPy's functions take no where=")
        if not isinstance(function, numpy.ufunc):
            require_not_fusing(function.__name__)
        if function.__name__ not in VIEWS:
            _count()
        out = kwargs.get("out")
        result = function(*_unwrap(args), **{name: _unwrap(value) for name, value in kwargs.items()})
        return out if out is not None else _wrap(result)
    return call


def _in_place(name):
    function = getattr(operator, name)

    def operate(self, other):
        _count()
        function(self._array, _unwrap(other))
        return self
    return operate


def _operate(function, *arrays):
    _count()
    if function is operator.matmul:
        require_not_fusing("a matrix product")
    return _wrap(function(*arrays))


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "lt", "le", "gt", "ge", "eq", "ne", "mod", "floordiv", "and_", "or_"):
    _function = getattr(operator, _name)
    _name = _name.strip("_")
    setattr(ndarray, f"__{_name}__", lambda self, other, f=_function: _operate(f, self._array, _unwrap(other)))
    setattr(ndarray, f"__r{_name}__", lambda self, other, f=_function: _operate(f, _unwrap(other), self._array))
for _name in ("iadd", "isub", "imul", "itruediv"):
    setattr(ndarray, f"__{_name}__", _in_place(_name))
for _name in ("neg", "invert", "abs"):
    setattr(ndarray, f"__{_name}__", lambda self, f=getattr(operator, _name): _operate(f, self._array))


class Generator:
    """Draws on the device; CuPy's has few of the methods of NumPy's."""

    def __init__(self, seed):
        self._rng = numpy.random.default_rng(seed)

    def random(self, size, dtype):
        _count()
        return ndarray(self._rng.random(size, dtype))

    def standard_normal(self, size, dtype):
        _count()
        return ndarray(self._rng.standard_normal(size, dtype))


class StrictCuPy(types.ModuleType):
    """Put it into sys.modules as "cupy"."""

    __version__ = "strict stand-in"

    def __init__(self):
        super().__init__("cupy")
        self.ndarray = ndarray
        stream = types.SimpleNamespace(synchronize=lambda: None)
        self.linalg = types.SimpleNamespace(**{name: _wrapped(getattr(numpy.linalg, name)) for name in LINALG_NAMES})
        runtime = types.SimpleNamespace(getDevice=lambda: 0, getDeviceProperties=lambda device: {"name": b"no GPU"})
        self.random = types.SimpleNamespace(default_rng=Generator)
        self.cuda = types.SimpleNamespace(get_current_stream=lambda: stream, runtime=runtime)
        self.get_default_memory_pool = lambda: types.SimpleNamespace(total_bytes=lambda: 10 ** 6, free_all_blocks=lambda: None)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in CUPY_NAMES:
            raise AttributeError(f"CuPy 13 has no {name!r}")
        value = getattr(numpy, name)
        if isinstance(value, type) or not callable(value):
            return value
        return _wrapped(value)

    @staticmethod
    def fuse(kernel_name=None):
        """Computes as the function does, but counts one kernel, and refuses what CuPy's fuse can't do."""
        def decorate(function):
            @functools.wraps(function)
            def call(*args):
                global fusing
                if any(not isinstance(arg, (ndarray, int, float)) for arg in args):
                    raise TypeError(f"cupy.fuse takes arrays and numbers, not {[type(arg).__name__ for arg in args]}")
                _count()
                outer, fusing = fusing, True
                try:
                    return function(*args)
                finally:
                    fusing = outer
            return call
        return decorate

    @staticmethod
    def asarray(a, dtype=None):
        """The one door from host to device."""
        return a if isinstance(a, ndarray) and dtype in (None, a.dtype) else ndarray(
            numpy.array(a._array if isinstance(a, ndarray) else a, dtype))

    array = asarray
