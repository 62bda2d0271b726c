"""13 · The score function and its control variate

About 40 minutes, hard.

The reparameterization of exercise 6 needs the gradient of f(z). If there is none, the log-derivative trick
(REINFORCE) still works. It needs only the values of f:

    ∇ E_q[f(z)] = E_q[f(z) ∇ log q(z)]        ∇: with respect to λ = [μ, log σ²] of q = N(μ, σ²)

∇ log q(z), with z held fixed, is called the score. What is it for a Gaussian? Start from
log q(z) = −½ Σ [(z − μ)²/σ² + log σ² + log 2π]. Insert z = μ + σ ε at the end, so that the result contains
only ε and σ:  ∂log q/∂μ = ?   ∂log q/∂log σ² = ?

An average over few samples is noisy. A control variate makes it less noisy: subtract a number a from f. As
E_q[∇ log q] = 0, (f − a) ∇ log q has the same mean for every a that does not depend on the sample. It has the
smallest variance for

    a* = E[f s²] / E[s²]        s: one element of the score         (Ranganath et al. 2014, eq. 9)

Estimate a* from the samples. But the a of a sample must not contain the sample's own f, because that would
change the mean. So for each sample, take the two averages over all *other* samples.

To do: score and best_coefficient. Check them: run this file.
"""

import numpy as np

from minivae.exercises import check


def score(q, eps):
    """q.mean() and q.std() are (Z,); eps (S, Z) -> ∂log q(z)/∂λ at z = μ + σ ε, (S, 2Z): [∂μ, ∂log σ²]"""
    raise NotImplementedError


def best_coefficient(score, f):
    """score (S, P), f (S, 1) or (S, P) -> a (S, P): in row s, Σ f score² / Σ score² over all samples but s"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
