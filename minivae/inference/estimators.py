"""Ways to estimate the gradient of the ELBO with respect to the knobs λ, from samples of q.

    ELBO(λ) = E_q[log p(x, z) − log q(z)]

The average is over q, which itself depends on λ, so ∇ can't simply be moved inside. Two ways around this:

    score_function     ∇ E_q[f(z)] = E_q[f(z) ∇ log q(z)]           needs only values of f
    reparameterized    ∇ E_q[f(z)] = E_ε[(∂z/∂λ)ᵀ ∇f(z)]            needs the gradient of f

for an f that does not contain λ. The f of the ELBO contains λ, in −log q. But this adds nothing on average:

    E_q[∇ log q] = ∫ q ∇q/q dz = ∇ ∫ q dz = ∇ 1 = 0

Nearly everything below uses this fact. ∇ log q, at fixed z, is called the score.

An estimator's rows(model, q, eps) are (S, P), one row per sample. Their mean is the estimate of the gradient.
All estimators are unbiased; they differ in their variance.
"""

from ..backend import get_xp
from ..errors import InputError
from .approximations import MeanFieldGaussian
from .model import evaluate


def score_function(q, eps, f):
    """f(z) ∇ log q(z), whose mean is ∇ E_q[f(z)].    eps (S, Z), f (S, 1) or (S, P) -> (S, P)

    ∇ ∫ q f = ∫ f ∇q = ∫ q f ∇ log q, with ∇ log q = ∇q/q: the log-derivative trick (Williams 1992, REINFORCE)
    """
    return q.score(eps) * f


def reparameterized(q, eps, df):
    """(∂z/∂λ)ᵀ ∇f(z), whose mean is ∇ E_q[f(z)].    eps (S, Z), df = ∇f(z) (S, Z) -> (S, P)

    z = μ + σ ε, and ε does not depend on λ: E_q[f(z)] = E_ε[f(μ + σ ε)] (Kingma & Welling 2014, §2.4)
    """
    return q.sample_backward(df, eps)


class ScoreFunction:
    """The log-derivative trick, with f = log p(x, z) − log q(z).

    It works for any model, without a gradient of log p. The price is the variance: a sample with a large |f|
    pulls at all knobs, whether or not they caused it. There are three ways to reduce the variance, the first
    two from black-box VI (Ranganath et al. 2014), the third from REINFORCE (Williams 1992):

    rao_blackwell     for the knobs of zᵢ, use only the terms of f that contain zᵢ. The others, c, add nothing:
                      E_q[c ∇ log qᵢ] = E[c] E[∇ log qᵢ] = 0, because q factorizes and c does not contain zᵢ
    control_variate   f − a instead of f: E_q[a ∇ log q] = 0 for any a that is independent of the sample
    baseline          the same, with a running mean of f over earlier steps; `baseline` is the fraction of
                      it that is kept at each step, at least 0 and below 1
    """

    def __init__(self, rao_blackwell=False, control_variate=False, baseline=None):
        if baseline is not None and not 0 <= baseline < 1:
            raise InputError(f"baseline is {baseline!r}, but a number of at least 0 and below 1 is needed")
        self.rao_blackwell = rao_blackwell
        self.control_variate = control_variate
        self.baseline = baseline
        self.running_mean = 0.0

    def rows(self, model, q, eps):
        """One estimate of ∇ ELBO per sample.    eps (S, Z) -> (S, P)"""
        z = q.sample(eps)
        if self.rao_blackwell:
            _require_factorized(q)
            f = q.per_knob(evaluate(model, "log_joint_local", z) - q.log_prob_local(eps))       # (S, P)
        else:
            f = (evaluate(model, "log_joint", z) - q.log_prob_of_sample(eps))[:, None]          # (S, 1)
        if self.baseline is not None:
            centred = f - self.running_mean             # of earlier steps, independent of these samples
            self.running_mean = self.baseline * self.running_mean + (1 - self.baseline) * f.mean(axis=0)
            f = centred
        if self.control_variate:
            f = f - best_coefficient(q.score(eps), f)
        return score_function(q, eps, f)


def best_coefficient(score, f):
    """The a that minimizes the variance of (f − a) s, with s the score; for each sample, from the others.

    Var[(f − a) s] = E[(f − a)² s²] − const is least for a* = E[f s²]/E[s²]    (Ranganath et al. 2014, eq. 9)
    Because E[s] = 0, this is their Cov(f s, s)/Var(s): a mean of f, weighted by s². Here each sample's a is
    computed from the other samples, so a is independent of that sample's score, and E[a s] = E[a] E[s] = 0.
    If a contained the sample's own f, it would not be independent, and the gradient would be biased.

    score (S, P), f (S, 1) or (S, P) -> (S, P)
    """
    if len(score) < 2:
        raise InputError("a control variate is estimated from the other samples, but n_samples is 1; "
                         "give 2 or more")
    weight = score * score
    return _sum_of_others(weight * f) / _sum_of_others(weight)


def _sum_of_others(rows):
    """In each row, the sum of all other rows.    (S, P) -> (S, P)

    It adds the rows before and the rows after. The total minus the row itself would be only rounding error
    where one row is much larger than all others.
    """
    xp = get_xp(rows)
    zero = xp.zeros_like(rows[:1])
    before = xp.concatenate([zero, xp.cumsum(rows[:-1], axis=0)])
    after = xp.concatenate([zero, xp.cumsum(rows[:0:-1], axis=0)])[::-1]
    return before + after


class Reparameterized:
    """∇f through the sample, in three forms that treat the −log q of the ELBO differently.

    "analytic-entropy"   −E_q[log q] is the entropy, whose gradient is known exactly
    "monte-carlo"        −log q at the samples, differentiated through z, and with respect to λ at fixed z
    "path-only"          the same without the second part, the score, whose mean E_q[∇ log q] is 0. The
                         variance then vanishes as q becomes the posterior ("sticking the landing",
                         Roeder et al. 2017)

    For the Gaussians here, "monte-carlo" and "analytic-entropy" give the same row for each sample: log q at
    its own sample is −½ ‖ε‖² − Σ log σ + const, and its random part does not depend on λ.
    """

    FORMS = ("analytic-entropy", "monte-carlo", "path-only")

    def __init__(self, form="analytic-entropy"):
        if form not in self.FORMS:
            raise InputError(f"unknown form {form!r}; choose {', '.join(self.FORMS)}")
        self.form = form

    def rows(self, model, q, eps):
        """One estimate of ∇ ELBO per sample.    eps (S, Z) -> (S, P)"""
        dlog_p = evaluate(model, "log_joint_gradient", q.sample(eps))                   # ∂ log p(x, z)/∂z
        if self.form == "analytic-entropy":
            return reparameterized(q, eps, dlog_p) + q.entropy_gradient()
        path = reparameterized(q, eps, dlog_p - q.log_prob_gradient(eps))               # ∂ (log p − log q)/∂z
        return path if self.form == "path-only" else path - q.score(eps)               # − ∂ log q/∂λ, z fixed


ESTIMATORS = {
    "score": lambda: ScoreFunction(),
    "score-baseline": lambda: ScoreFunction(baseline=0.9),
    "score-cv": lambda: ScoreFunction(control_variate=True),
    "score-rb": lambda: ScoreFunction(rao_blackwell=True),
    "score-rb-cv": lambda: ScoreFunction(rao_blackwell=True, control_variate=True),
    "reparam": lambda: Reparameterized("analytic-entropy"),
    "reparam-mc": lambda: Reparameterized("monte-carlo"),
    "path-only": lambda: Reparameterized("path-only"),
}


def _require_factorized(q):
    if not isinstance(q, MeanFieldGaussian):
        raise InputError("Rao-Blackwellization needs a q that factorizes over the latents; use a "
                         "MeanFieldGaussian (mean-field), or another estimator")
