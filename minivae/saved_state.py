"""The state of an optimizer, which a checkpoint saves."""

import numpy

from .backend import get_xp
from .errors import Described, InputError, require_positive, require_real, require_shape, shown


class SavedState(Described):
    """For optimizers with `theta` (P,), `lr`, `t` steps taken, and vectors (P,) named in `memory`."""

    def __setattr__(self, name, value):         # a schedule may set the learning rate
        super().__setattr__(name, require_positive(lr=value)[0] if name == "lr" else value)

    def state(self):
        """What a checkpoint saves besides θ: {"t": steps, name: vector, ...}; the vectors are not copied."""
        return {"t": self.t, **{name: getattr(self, name) for name in self.memory}}

    def load_state(self, state):
        """Continue from a `state()`. Raises InputError for the state of another optimizer or model."""
        self.check_state(state)
        for name in self.memory:
            getattr(self, name)[...] = get_xp(self.theta).asarray(state[name])
        self.t = int(state["t"])

    def check_state(self, state):
        """Raise InputError unless this optimizer can continue from `state`."""
        if set(state) != {"t", *self.memory}:
            raise InputError(f"{type(self).__name__} keeps {sorted(self.state())}, "
                             f"but the saved state has {sorted(state)}; use the optimizer it was saved with")
        require_steps(state)
        for name in self.memory:
            require_real(name, state[name])
            require_shape(name, state[name], self.theta.shape)


def require_steps(state):
    """Raise InputError unless state["t"] is a number of steps."""
    t = numpy.asarray(state.get("t"))           # a checkpoint contains it as an array ()
    if t.dtype.kind not in "iu" or t.shape != () or t < 0:
        raise InputError(f"t is {shown(state.get('t'))}, but a whole number of at least 0 is needed; "
                         "restore the saved state")
