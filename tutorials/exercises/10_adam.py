"""10 · Adam

About 15 minutes, easy.

One step of Adam (Kingma & Ba 2015, algorithm 1). g is the gradient; t counts the steps: 1, 2, ...

    m ← β₁ m + (1 − β₁) g               a running mean of the gradients
    v ← β₂ v + (1 − β₂) g²              a running mean of their squares
    m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√v̂ + ε)              η: the learning rate lr; ε is not under the root

m and v start at zero, so both are too small during the first steps. The division in m̂ and v̂ corrects this.
v matters more, because the step is divided by its root: without the correction, the first step would be
(1 − β₁)/√(1 − β₂) ≈ 3 times too long.

To do: adam_step. Change theta, m and v in place (m *= ..., m += ...). Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def adam_step(theta, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """theta, g, m, v (P,), t ≥ 1. Change theta, m and v in place, and leave g alone. Nothing is returned."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
