"""Ways to estimate the gradient of the ELBO with respect to the knobs λ, from samples of q.

    ELBO(λ) = E_q[log p(x, z) − log q(z)]

The average is over q, which itself depends on λ, so that ∇ can't simply be moved inside. Two tricks can:

    score_function     ∇ E_q[f(z)] = E_q[f(z) ∇ log q(z)]           needs only values of f
    reparameterized    ∇ E_q[f(z)] = E_ε[(∂z/∂λ)ᵀ ∇f(z)]            needs the gradient of f

for an f without λ in it. The f of the ELBO has λ in it, through −log q; but that adds nothing on average, as

    E_q[∇ log q] = ∫ q ∇q/q dz = ∇ ∫ q dz = ∇ 1 = 0,

the fact behind nearly all that follows. ∇ log q, at fixed z, is called the score.

An estimator's rows(model, q, eps) are (S, P), one for each sample: the estimate of the gradient is their
mean. All are unbiased; what they differ in is their variance.
"""

from ..backend import get_xp
from ..errors import InputError
from .approximations import MeanFieldGaussian
from .model import evaluate


def score_function(q, eps, f):
    """f(z) ∇ log q(z), whose mean is ∇ E_q[f(z)].    eps (S, Z), f (S, 1) or (S, P) -> (S, P)

    ∇ ∫ q f = ∫ f ∇q = ∫ q f ∇ log q, as ∇ log q = ∇q/q: the log-derivative trick (Williams 1992, REINFORCE)
    """
    return q.score(eps) * f


def reparameterized(q, eps, df):
    """(∂z/∂λ)ᵀ ∇f(z), whose mean is ∇ E_q[f(z)].    eps (S, Z), df = ∇f(z) (S, Z) -> (S, P)

    z = μ + σ ε, with ε that knows nothing of λ: E_q[f(z)] = E_ε[f(μ + σ ε)] (Kingma & Welling 2014, §2.4)
    """
    return q.sample_backward(df, eps)


class ScoreFunction:
    """The log-derivative trick, with f = log p(x, z) − log q(z).

    Any model will do, no gradient is asked for. The price is the variance: a sample with a large |f| pulls
    at all knobs, whatever they had to do with it. What is done about that, by black-box VI the first two
    (Ranganath et al. 2014), by REINFORCE the third (Williams 1992):

    rao_blackwell     for the knobs of zᵢ, only the terms of f that zᵢ is in. Of the others, c, what counts is
                      E_q[c ∇ log qᵢ] = E[c] E[∇ log qᵢ] = 0: q factorizes, and c knows nothing of zᵢ
    control_variate   f − a instead of f, since E_q[a ∇ log q] = 0 for any a that the sample doesn't determine
    baseline          the same with a running mean of f over the steps before; `baseline` is how much it
                      keeps from step to step, between 0 and 1
    """

    def __init__(self, rao_blackwell=False, control_variate=False, baseline=None):
        if baseline is not None and not 0 <= baseline < 1:
            raise InputError(f"baseline is {baseline!r}, but a number from 0 up to, not including, 1 "
                             "is needed")
        self.rao_blackwell = rao_blackwell
        self.control_variate = control_variate
        self.baseline = baseline
        self.running_mean = 0.0

    def rows(self, model, q, eps):
        """One estimate of ∇ ELBO a sample.    eps (S, Z) -> (S, P)"""
        z = q.sample(eps)
        if self.rao_blackwell:
            _require_factorized(q)
            f = q.per_knob(evaluate(model, "log_joint_local", z) - q.log_prob_local(eps))       # (S, P)
        else:
            f = (evaluate(model, "log_joint", z) - q.log_prob_of_sample(eps))[:, None]          # (S, 1)
        if self.baseline is not None:
            centred = f - self.running_mean             # of steps before, which know nothing of these samples
            self.running_mean = self.baseline * self.running_mean + (1 - self.baseline) * f.mean(axis=0)
            f = centred
        if self.control_variate:
            f = f - best_coefficient(q.score(eps), f)
        return score_function(q, eps, f)


def best_coefficient(score, f):
    """The a that makes the variance of (f − a) s least, s the score: for each sample, from the others.

    Var[(f − a) s] = E[(f − a)² s²] − const is least for a* = E[f s²]/E[s²]    (Ranganath et al. 2014, eq. 9)
    As E[s] = 0, this is their Cov(f s, s)/Var(s): a mean of f, weighted by s². Here each sample's a is taken
    from the others: it is independent of that sample's score, and E[a s] = E[a] E[s] = 0. With its own f in
    it, it would not be, and the gradient would be biased.

    score (S, P), f (S, 1) or (S, P) -> (S, P)
    """
    if len(score) < 2:
        raise InputError("a control variate is estimated from the other samples, but n_samples is 1; "
                         "give 2 or more")
    weight = score * score
    return _sum_of_others(weight * f) / _sum_of_others(weight)


def _sum_of_others(rows):
    """In each row, the sum of all other rows.    (S, P) -> (S, P)

    Those before it and those after it. To take the row away from the sum of all would leave nothing but
    rounding where one row is larger than all others.
    """
    xp = get_xp(rows)
    zero = xp.zeros_like(rows[:1])
    before = xp.concatenate([zero, xp.cumsum(rows[:-1], axis=0)])
    after = xp.concatenate([zero, xp.cumsum(rows[:0:-1], axis=0)])[::-1]
    return before + after


class Reparameterized:
    """∇f through the sample, in three forms that differ in what they do with the − log q of the ELBO.

    "analytic-entropy"   −E_q[log q] is the entropy, whose gradient is known exactly
    "monte-carlo"        − log q at the samples, differentiated all through: by z, and by λ at fixed z
    "path-only"          the same without the second part, the score, since E_q[∇ log q] = 0: the
                         variance then vanishes as q becomes the posterior ("sticking the landing",
                         Roeder et al. 2017)

    For the Gaussians here, "monte-carlo" gives what "analytic-entropy" gives, sample by sample: log q of
    its own sample is −½ ‖ε‖² − Σ log σ + const, and what is random in it no knob moves.
    """

    FORMS = ("analytic-entropy", "monte-carlo", "path-only")

    def __init__(self, form="analytic-entropy"):
        if form not in self.FORMS:
            raise InputError(f"unknown form {form!r}; choose {', '.join(self.FORMS)}")
        self.form = form

    def rows(self, model, q, eps):
        """One estimate of ∇ ELBO a sample.    eps (S, Z) -> (S, P)"""
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
                         "MeanFieldGaussian (mean-field), or leave it out")
