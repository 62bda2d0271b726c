"""0 · The gradient check itself

About 10 minutes, easy.

Most exercises compare the gradient that you derive with a gradient that is measured. Here you write the
function that measures it, so that you know what the comparison means.

A derivative is a limit. So it can be measured without calculus, with a small step h:

    ∂f/∂x_i ≈ (f(x + h e_i) − f(x − h e_i)) / 2h          e_i is 1 at element i and 0 elsewhere

This is the central difference. Its error shrinks like h². The error of the one-sided difference,
(f(x + h e_i) − f(x)) / h, shrinks only like h. With h = 1e-5, the central difference is typically right to
about ten digits, the one-sided difference to about five.

x may have any shape, and f takes the whole array. For each element of x: add h to it and evaluate f; subtract
h from the old value and evaluate f again; put the old value back. This takes two evaluations of f for each
element: too slow for training, but good for a check.

To do: numerical_gradient. Check it: run this file.
"""

import numpy as np

from minivae.exercises import check


def numerical_gradient(f, x, h=1e-5):
    """f(x) -> a number; x an array of any shape -> ∂f/∂x, of the same shape. x keeps its values."""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
