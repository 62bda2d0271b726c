"""q(z|x), the encoder's distribution over latents: with independent latents, or with a full covariance."""

from ..prior import LOG_2PI, prior_log_prob, prior_log_prob_backward
from .diagonal import DiagonalGaussian
from .full import FullGaussian

__all__ = ["DiagonalGaussian", "FullGaussian", "prior_log_prob", "prior_log_prob_backward", "LOG_2PI"]
POSTERIORS = {"diagonal": DiagonalGaussian, "full": FullGaussian}      # what VAE(posterior=...) knows by name
