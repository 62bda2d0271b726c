"""0 · The gradient check itself

Every exercise from here on compares your gradient with differences. So first write the function that does it; then
nothing has to be taken on trust.

A derivative is a limit, so it can be measured with a small step h and no calculus:

    ∂f/∂x_i ≈ (f(x + h e_i) − f(x − h e_i)) / 2h          e_i: 1 at element i, 0 elsewhere

This is the central difference. Its error shrinks like h², that of (f(x + h e_i) − f(x)) / h only like h: with h = 1e-5
the first is right to about ten digits, the second to about five.

x may have any shape, and f takes the whole array. Change one element, evaluate f, change it the other way, evaluate f
again, and put the old value back. x.size evaluations, times two: too slow to train with, exact enough to find any mistake.

To do: numerical_gradient. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def numerical_gradient(f, x, h=1e-5):
    """f(x) -> a number; x an array of any shape -> ∂f/∂x, an array like x. Afterwards x is as it was."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
