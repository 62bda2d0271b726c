"""Variational inference by itself, before there is any encoder or decoder.

The posterior p(z|x) = p(x, z) / p(x) needs the evidence p(x), an integral that in general can't be computed.
So take a distribution q(z) with knobs λ, its parameters, and turn them until KL(q ‖ p(z|x)) is small. This
KL contains p(x) too. But

    log p(x) − KL(q ‖ p(z|x)) = E_q[log p(x, z) − log q(z)] = ELBO,

and the right side does not. log p(x) does not depend on q, so the higher the ELBO, the smaller the KL.

Read in this order: model (what inference is given); gaussian_models, conjugate_models and other_models (eight
models, most with exact answers, which are in distributions); approximations (q and its knobs; read the VAE's
posteriors/ first); coordinate_ascent (turning the knobs without gradients); estimators (the gradient of an
average over q); fitting; and transforms (for latents restricted to part of the real line: ADVI). examples
has models with data. one_by_one fits q to each example of a VAE, for evaluation.

Letters: S samples of z, one per row; Z latents; λ (P,) the knobs of q; ε standard normal noise. The ELBO
is climbed; there is no loss. So here a leading d means the gradient of what the function returns, such as
log p or log q.
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
