"""Variational inference by itself, before there is any encoder or decoder.

A posterior p(z|x) is known up to the evidence p(x), which is an integral that can't be done. Take a q(z)
with knobs and turn them until KL(q ‖ p(z|x)) is small. That contains the evidence too; but

    log p(x) − KL(q ‖ p(z|x)) = E_q[log p(x, z) − log q(z)] = ELBO,

and the right side does not. Its left side says: the higher the ELBO, the smaller the KL.

Read in this order: model (what is given), gaussian_models, conjugate_models and other_models (eight of
them, most with exact answers: distributions), approximations (q and its knobs: the VAE's posteriors.py comes
first), coordinate_ascent (turning them without gradients), estimators (the gradient of an average over q),
fitting, and transforms (for latents confined to a part of the real line: ADVI). examples has a model of
each kind, with data.

Letters: S samples of z, one a row; Z latents; λ (P,) the knobs of q; ε standard normal noise. The ELBO is
climbed, not a loss descended: here a leading d is the gradient of what the function says, log p or log q.
"""

from .approximations import FAMILIES, FullRankGaussian, MeanFieldGaussian
from .conjugate_models import BetaBernoulli, UnknownMeanAndPrecision
from .coordinate_ascent import coordinate_ascent
from .estimators import ESTIMATORS, Reparameterized, ScoreFunction
from .fitting import elbo, estimate_log_evidence, fit, gradient_moments, gradient_variance
from .gaussian_models import CorrelatedGaussian, GaussianMean, LinearRegression
from .model import Model
from .other_models import FixedDecoder, LogisticRegression, NonlinearDecoder
from .transforms import Unconstrained, unconstrained

__all__ = ["Model", "Unconstrained", "unconstrained", "GaussianMean", "LinearRegression",
           "CorrelatedGaussian", "UnknownMeanAndPrecision", "BetaBernoulli", "LogisticRegression",
           "NonlinearDecoder", "FixedDecoder", "MeanFieldGaussian", "FullRankGaussian", "FAMILIES",
           "ScoreFunction", "Reparameterized", "ESTIMATORS", "fit", "elbo",
           "estimate_log_evidence", "gradient_moments", "gradient_variance", "coordinate_ascent"]
