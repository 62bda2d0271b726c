"""q(z|x): the distributions that an encoder can choose from."""

from .diagonal import LOG_2PI, DiagonalGaussian, FullGaussian, prior_log_prob, prior_log_prob_backward

__all__ = ["DiagonalGaussian", "FullGaussian", "prior_log_prob", "prior_log_prob_backward", "LOG_2PI"]
