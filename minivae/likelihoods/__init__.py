"""p(x|z), the decoder's distribution over data: black and white, real-valued, or categorical pixels."""

from .bernoulli import Bernoulli, sigmoid, softplus
from .categorical import Categorical
from .gaussian import Gaussian
from .likelihood import Likelihood, append_shared, append_shared_backward

__all__ = ["Likelihood", "Bernoulli", "Gaussian", "Categorical", "sigmoid", "softplus",
           "append_shared", "append_shared_backward"]
LIKELIHOODS = {"bernoulli": Bernoulli, "gaussian": Gaussian}       # what VAE(likelihood=...) knows by name
