"""13 · The score function and its control variate

When f(z) has no gradient, reparameterization is out. The log-derivative trick (REINFORCE) only needs values of f:

    ∇ E_q[f(z)] = E_q[f(z) ∇ log q(z)],        ∇ by the knobs λ = [μ, log σ²] of q = N(μ, σ²)

∇ log q(z) at fixed z is the score. With log q(z) = −½ Σ [(z − μ)²/σ² + log σ² + log 2π] and z = μ + σ ε, write it in
terms of ε and σ:  ∂log q/∂μ = ?   ∂log q/∂log σ² = ?

The estimate is noisy. But E_q[∇ log q] = 0, so that (f − a) ∇ log q has the same mean for every number a that does not
depend on the sample, and its variance is least for

    a* = E[f s²] / E[s²]        s: one element of the score         (Ranganath et al. 2014, eq. 9)

Estimate a* from the samples themselves; but a sample's own f must not be in its own a, or the mean would change.
So: for each sample, the two averages over all the *other* samples.

To do: score and best_coefficient. Check them: run this file.
"""

import numpy as np

from minivae.exercises import check


def score(q, eps):
    """∂log q(z)/∂λ at z = μ + σ ε.    q.mean() and q.std() are (Z,); eps (S, Z) -> (S, 2Z): [∂μ, ∂log σ²]"""
    raise NotImplementedError


def best_coefficient(score, f):
    """score (S, P), f (S, 1) or (S, P) -> a (S, P): in row s, Σ f score²/Σ score² over the samples other than s"""
    raise NotImplementedError


if __name__ == "__main__":
    check(__file__)
