"""Gradient descent and its usual variants, on the flat vector of all parameters.

θ are the parameters (P,), g the gradient of the loss, η the learning rate. Each `step(g)` changes θ
in place; `state()` is what a checkpoint has to keep besides θ.
"""

from .backend import get_xp
from .errors import InputError, require_positive, require_shape


class Optimizer:
    """What all have in common: θ, the learning rate, and the vectors remembered between steps.

    A subclass defines update(xp, g, scratch), one step with the gradient g (P,) and room for one
    temporary (P,).
    """

    memory = ()     # names of those vectors, all (P,)

    def __init__(self, theta, lr):
        """theta: the flat vector to be changed; lr: the learning rate η. Raises InputError if lr ≤ 0."""
        require_positive(lr=lr)
        xp = get_xp(theta)
        self.theta = theta
        self.lr = lr
        self.t = 0
        self.scratch = xp.empty_like(theta)     # temporaries of the size of θ cost more than their arithmetic
        for name in self.memory:
            setattr(self, name, xp.zeros_like(theta))

    def step(self, g):
        """One step of descent along the gradient g (P,)."""
        require_shape("gradient", g, self.theta.shape)
        self.t += 1
        self.update(get_xp(g, self.theta), g, self.scratch)

    def state(self):
        """{"t": number of steps, and the memory vectors by name}: the arrays themselves, no copies."""
        return {"t": self.t, **{name: getattr(self, name) for name in self.memory}}

    def load_state(self, state):
        """Go on from a `state()`. Raises InputError when it belongs to another optimizer or model."""
        self._check_state(state)
        for name in self.memory:
            getattr(self, name)[...] = get_xp(self.theta).asarray(state[name])
        self.t = int(state["t"])

    def _check_state(self, state):
        if set(state) != {"t", *self.memory}:
            raise InputError(f"{type(self).__name__} keeps {sorted(self.state())}, "
                             f"but the saved state has {sorted(state)}; use the optimizer it was saved with")
        _require_steps(state)
        for name in self.memory:
            require_shape(name, state[name], self.theta.shape)


class SGD(Optimizer):
    """Plain stochastic gradient descent."""

    def __init__(self, theta, lr=1e-2):
        super().__init__(theta, lr)

    def update(self, xp, g, scratch):
        xp.multiply(g, self.lr, out=scratch)
        self.theta -= scratch                       # θ ← θ − η g


class Momentum(Optimizer):
    """Gradient descent with a velocity that remembers past gradients (Polyak 1964)."""

    memory = ("velocity",)

    def __init__(self, theta, lr=1e-2, momentum=0.9):
        super().__init__(theta, lr)
        self.momentum = _require_fraction("momentum", momentum)

    def update(self, xp, g, scratch):
        self.velocity *= self.momentum
        self.velocity += g                          # v ← γ v + g
        xp.multiply(self.velocity, self.lr, out=scratch)
        self.theta -= scratch                       # θ ← θ − η v


class Adagrad(Optimizer):
    """A rate per parameter, falling with the squares it has seen (Duchi et al. 2011)."""

    memory = ("squares",)

    def __init__(self, theta, lr=1e-2, epsilon=1e-8):
        super().__init__(theta, lr)
        require_positive(epsilon=epsilon)
        self.epsilon = epsilon

    def update(self, xp, g, scratch):
        xp.multiply(g, g, out=scratch)
        self.squares += scratch                     # s ← s + g²
        xp.sqrt(self.squares, out=scratch)
        scratch += self.epsilon
        xp.divide(g, scratch, out=scratch)
        scratch *= self.lr
        self.theta -= scratch                       # θ ← θ − η g / (√s + ε)


class RMSprop(Optimizer):
    """A rate per parameter, from a running mean of the squares (Hinton 2012, lecture 6)."""

    memory = ("squares",)

    def __init__(self, theta, lr=1e-3, decay=0.9, epsilon=1e-8):
        super().__init__(theta, lr)
        require_positive(epsilon=epsilon)
        self.decay = _require_fraction("decay", decay)
        self.epsilon = epsilon

    def update(self, xp, g, scratch):
        xp.multiply(g, g, out=scratch)
        scratch *= 1 - self.decay
        self.squares *= self.decay
        self.squares += scratch                     # s ← ρ s + (1 − ρ) g²
        xp.sqrt(self.squares, out=scratch)
        scratch += self.epsilon
        xp.divide(g, scratch, out=scratch)
        scratch *= self.lr
        self.theta -= scratch                       # θ ← θ − η g / (√s + ε)


class Adam(Optimizer):
    """Means of past gradients and of their squares, recent ones counting more (Kingma & Ba 2015).

    As the paper writes it:  m ← β₁ m + (1 − β₁) g,   m̂ = m / (1 − β₁ᵗ),   v, v̂ likewise with g²,
                             θ ← θ − η m̂ / (√v̂ + ε).
    m̂ is the weighted mean Σᵢ β₁ᵗ⁻ⁱ gᵢ / Σᵢ β₁ᵗ⁻ⁱ, and dividing by 1 − β₁ᵗ makes up for weights that do
    not add up to 1 in the first steps. Here M = Σᵢ β₁ᵗ⁻ⁱ gᵢ and V are kept without the factors
    (1 − β), and divided by the sums of their weights: the same m̂ and v̂ in fewer passes over memory.
    """

    memory = ("M", "V")

    def __init__(self, theta, lr=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(theta, lr)
        require_positive(epsilon=epsilon)
        self.beta1 = _require_fraction("beta1", beta1)
        self.beta2 = _require_fraction("beta2", beta2)
        self.epsilon = epsilon

    def update(self, xp, g, scratch):
        weight1 = (1 - self.beta1 ** self.t) / (1 - self.beta1)     # Σᵢ β₁ᵗ⁻ⁱ
        weight2 = (1 - self.beta2 ** self.t) / (1 - self.beta2)     # Σᵢ β₂ᵗ⁻ⁱ
        self.M *= self.beta1
        self.M += g                                                 # M ← β₁ M + g,   m̂ = M / weight1
        xp.multiply(g, g, out=scratch)
        self.V *= self.beta2
        self.V += scratch                                           # V ← β₂ V + g²,  v̂ = V / weight2
        xp.sqrt(self.V, out=scratch)
        scratch += self.epsilon * weight2 ** 0.5                    # √V + ε √weight2 = (√v̂ + ε) √weight2
        xp.divide(self.M, scratch, out=scratch)
        scratch *= self.lr * weight2 ** 0.5 / weight1               # scalars last: one pass for both
        self.theta -= scratch                                       # θ ← θ − η m̂ / (√v̂ + ε)


class InTurn:
    """Several optimizers, each of one part of θ; every step is taken by the next of them.

    With one part, the rest of θ is held still: with the encoder alone, training is variational
    inference for a fixed decoder; with the decoder alone, maximum likelihood for samples from a
    fixed q. With both in turn, it is variational EM.
    """

    def __init__(self, theta, parts, make):
        """parts: slices of theta; make(theta[part]) gives the optimizer of a part."""
        self.theta = theta
        self.parts = parts
        self.optimizers = [make(theta[part]) for part in parts]
        self.t = 0

    @property
    def lr(self):
        """The learning rate, the same for all."""
        return self.optimizers[0].lr

    @lr.setter
    def lr(self, value):
        for optimizer in self.optimizers:
            optimizer.lr = value

    def step(self, g):
        """One step of one optimizer, along its part of the gradient g (P,)."""
        turn = self.t % len(self.parts)
        self.optimizers[turn].step(g[self.parts[turn]])
        self.t += 1

    def state(self):
        """The states of all, their names preceded by the number of the part."""
        return {"t": self.t, **{f"{i}.{name}": value for i, optimizer in enumerate(self.optimizers)
                                for name, value in optimizer.state().items()}}

    def load_state(self, state):
        """Go on from a `state()`. Raises InputError when it belongs to another optimizer or model."""
        _require_steps(state)
        own = [{name.partition(".")[2]: value for name, value in state.items() if name.startswith(f"{i}.")}
               for i in range(len(self.optimizers))]
        for optimizer, part in zip(self.optimizers, own):       # all are checked before any is changed
            optimizer._check_state(part)
        for optimizer, part in zip(self.optimizers, own):
            optimizer.load_state(part)
        self.t = int(state["t"])


OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam}


def _require_steps(state):
    if not int(state.get("t", -1)) >= 0:
        raise InputError(f"t is {state.get('t')!r}, but a count of steps is at least 0; "
                         "restore the saved state")


def _require_fraction(name, value):
    if not 0 <= value < 1:
        raise InputError(f"{name} is {value!r}, but a number from 0 up to, not including, 1 is needed")
    return value
