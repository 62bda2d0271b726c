"""p(x|z): the distributions that a decoder can choose from."""

from .bernoulli import Bernoulli, Categorical, Gaussian, Likelihood, sigmoid, softplus

__all__ = ["Likelihood", "Bernoulli", "Gaussian", "Categorical", "sigmoid", "softplus"]
