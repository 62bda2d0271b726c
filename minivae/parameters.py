"""Named arrays that are views into one flat vector.

Layers use matrices and biases by name. The optimizer uses one long vector, and updates all parameters without
a loop over them. Both share the same memory; nothing is copied.
"""

import math

from .errors import InputError


class Parameters:
    """Arrays of zeros with the given names and shapes; `.flat` (P,) contains all of them, one after the other."""

    def __init__(self, shapes, xp, dtype):
        """shapes {"encoder.0.W": (784, 500), ...}, in the order of `.flat`."""
        size = sum(math.prod(shape) for shape in shapes.values())
        self.__setstate__((dict(shapes), xp.zeros(size, dtype=dtype)))

    def __getstate__(self):
        return self.shapes, self.flat       # without the views: copies of them share no memory with .flat

    def __setstate__(self, state):
        self.shapes, self.flat = state
        self._views = {}
        self._slices = {}
        start = 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            self._views[name] = self.flat[start:stop].reshape(shape)
            self._slices[name] = slice(start, stop)
            start = stop

    def __getitem__(self, name):
        """The array called `name`. It is a view: write into it with `parameters[name][...] = value`."""
        try:
            return self._views[name]
        except KeyError:
            raise InputError(f"no parameter {name!r}; there are {', '.join(self._views)}") from None

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
