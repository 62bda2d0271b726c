"""Named arrays that are views into one flat vector.

Layers use matrices and biases by name. The optimizer uses one long vector, and updates all parameters without
a loop over them. Both share the same memory; nothing is copied.
"""

import itertools
import math
from collections.abc import Mapping

from .errors import InputError


class NoParameter(InputError, KeyError):
    """There is no parameter of this name. It is a KeyError, so that `name in parameters` works."""

    __str__ = InputError.__str__


class Parameters(Mapping):
    """Arrays of zeros with the given names and shapes; `.flat` (P,) contains all of them, one after the other."""

    def __init__(self, shapes, xp, dtype):
        """shapes {"encoder.0.W": (784, 500), ...}, in the order of `.flat`."""
        size = sum(math.prod(shape) for shape in shapes.values())
        self.__setstate__((dict(shapes), xp.zeros(size, dtype=dtype)))

    def __getstate__(self):
        return self.shapes, self.flat       # without the views: copies of them share no memory with .flat

    def __setstate__(self, state):
        self.shapes, self.flat = state
        stops = [0, *itertools.accumulate(map(math.prod, self.shapes.values()))]
        self._slices = dict(zip(self.shapes, map(slice, stops, stops[1:])))
        self._views = {name: self.flat[part].reshape(self.shapes[name]) for name, part in self._slices.items()}

    def __getitem__(self, name):
        """The array called `name`. It is a view: write into it with `parameters[name][...] = value`."""
        if name not in self._views:
            raise NoParameter(f"no parameter {name!r}; there are {', '.join(self._views)}")
        return self._views[name]

    def __iter__(self):
        return iter(self._views)

    def __len__(self):
        return len(self._views)

    __eq__, __hash__ = object.__eq__, object.__hash__       # those of a Mapping would compare whole arrays

    def __repr__(self):
        arrays = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())
        return f"Parameters({self.flat.size:,} numbers, {self.flat.dtype}: {arrays})"

    def names(self):
        """All names, in the order of `.flat`."""
        return list(self._views)

    def part(self, *prefixes):
        """The slice of `.flat` with all names that start with these prefixes, which must be adjacent."""
        slices = [self._slices[name] for name in self._views if name.split(".")[0] in prefixes]
        return slice(slices[0].start, slices[-1].stop)

    def layers(self, prefix):
        """[(W, b), ...] of the layers "prefix.0", "prefix.1", ..., in the order given."""
        names = [name for name in self._views if name.startswith(prefix + ".") and name.endswith(".W")]
        return [(self[name], self[name[:-1] + "b"]) for name in names]
