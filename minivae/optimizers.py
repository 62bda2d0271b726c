"""Gradient descent and its usual variants, on the flat vector of all parameters.

θ are the parameters (P,), g the gradient of the loss (P,), η the learning rate. Each `step(g)` changes θ in
place.
"""

from .backend import cache_blocks, fused, get_xp
from .errors import require_fraction, require_positive, require_shape, require_writeable
from .saved_state import SavedState


class Optimizer(SavedState):
    """What all optimizers have in common. A subclass defines update(xp, theta, g, *memory), which changes θ.

    step calls it for one block at a time, which then stays in the CPU's cache from line to line.
    """

    memory = ()     # names of the vectors (P,) that are kept from step to step

    def __init__(self, theta, lr):
        """theta: the flat vector to change. Raises InputError unless it can change, and lr > 0."""
        require_writeable("theta", theta)
        self.theta = theta
        self.lr = lr
        self.t = 0                              # steps taken
        for name in self.memory:
            setattr(self, name, get_xp(theta).zeros_like(theta))

    def step(self, g):
        """One step against the gradient g (P,)."""
        require_shape("gradient", g, self.theta.shape)
        xp = get_xp(g, self.theta)
        self.t += 1
        for parts in cache_blocks(self.theta, g, *(getattr(self, name) for name in self.memory)):
            self.update(xp, *parts)


class Adam(Optimizer):
    """Running means of the gradients and of their squares (Kingma & Ba 2015). The textbook update is

        m ← β₁ m + (1 − β₁) g        m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²       v̂ = v / (1 − β₂ᵗ)        θ ← θ − η m̂ / (√v̂ + ε)

    So m = Σᵢ (1 − β₁) β₁ᵗ⁻ⁱ gᵢ, whose weights add up to 1 − β₁ᵗ, and m̂ is a weighted mean. The code leaves
    out the factor 1 − β₁, M = Σᵢ β₁ᵗ⁻ⁱ gᵢ, and divides by what the weights then add up to: the same m̂ and v̂
    in fewer passes. Explained in derivations.md, "Adam".
    """

    memory = ("M", "V")

    def __init__(self, theta, lr=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(theta, lr)
        self.epsilon, = require_positive(epsilon=epsilon)
        self.beta1, self.beta2 = require_fraction(beta1=beta1, beta2=beta2)

    def update(self, xp, theta, g, M, V):
        # Σᵢ βᵗ⁻ⁱ of M and of V: m̂ = M / weights1, v̂ = V / weights2
        weights1, weights2 = ((1 - beta ** self.t) / (1 - beta) for beta in (self.beta1, self.beta2))
        adam_update(theta, g, M, V, self.beta1, self.beta2,
                    self.epsilon * weights2 ** 0.5, self.lr * weights2 ** 0.5 / weights1)


@fused
def adam_update(theta, g, M, V, beta1, beta2, epsilon, lr):
    """All (P,), in place; epsilon is ε √weights2, and lr is η √weights2 / weights1."""
    M *= beta1
    M += g                                                  # M ← β₁ M + g
    V *= beta2
    V += g * g                                              # V ← β₂ V + g²
    theta -= M / (get_xp(V).sqrt(V) + epsilon) * lr         # θ ← θ − η m̂ / (√v̂ + ε)


class SGD(Optimizer):
    """Plain stochastic gradient descent: θ ← θ − η g."""

    def __init__(self, theta, lr=1e-2):
        super().__init__(theta, lr)

    def update(self, xp, theta, g):
        theta -= self.lr * g                        # θ ← θ − η g


class Momentum(Optimizer):
    """Gradient descent with a velocity that remembers past gradients (Polyak 1964).

        v ← γ v + g        θ ← θ − η v
    """

    memory = ("velocity",)

    def __init__(self, theta, lr=1e-2, momentum=0.9):
        super().__init__(theta, lr)
        self.momentum, = require_fraction(momentum=momentum)

    def update(self, xp, theta, g, velocity):
        velocity *= self.momentum
        velocity += g                               # v ← γ v + g
        theta -= self.lr * velocity                 # θ ← θ − η v


class Adagrad(Optimizer):
    """A learning rate per parameter, which falls with the sum of its squared gradients (Duchi et al. 2011).

        s ← s + g²        θ ← θ − η g / (√s + ε)
    """

    memory = ("squares",)

    def __init__(self, theta, lr=1e-2, epsilon=1e-8):
        super().__init__(theta, lr)
        self.epsilon, = require_positive(epsilon=epsilon)

    def update(self, xp, theta, g, squares):
        squares += g * g                                                # s ← s + g²
        theta -= g / (xp.sqrt(squares) + self.epsilon) * self.lr        # θ ← θ − η g / (√s + ε)


class RMSprop(Optimizer):
    """A learning rate per parameter, from a running mean of its squared gradients (Hinton 2012, lecture 6).

        s ← ρ s + (1 − ρ) g²        θ ← θ − η g / (√s + ε)
    """

    memory = ("squares",)

    def __init__(self, theta, lr=1e-3, decay=0.9, epsilon=1e-8):
        super().__init__(theta, lr)
        self.epsilon, = require_positive(epsilon=epsilon)
        self.decay, = require_fraction(decay=decay)

    def update(self, xp, theta, g, squares):
        squares *= self.decay
        squares += g * g * (1 - self.decay)                             # s ← ρ s + (1 − ρ) g²
        theta -= g / (xp.sqrt(squares) + self.epsilon) * self.lr        # θ ← θ − η g / (√s + ε)


OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam}
