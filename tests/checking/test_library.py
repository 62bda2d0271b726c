"""Every gradient of the library is right, and the check of them notices each sabotage: mistakes seen in public code."""

import re
from types import SimpleNamespace

import numpy
import pytest

from minivae import autoencoder, inference, layers, monte_carlo, vae
from minivae.checking import library
from minivae.inference import transforms
from minivae.likelihoods import Bernoulli, Categorical, Gaussian
from minivae.posteriors import DiagonalGaussian, FullGaussian


def test_every_gradient_of_the_library_is_right(monkeypatch):
    calls = []
    monkeypatch.setattr(vae.VAE, "loss_and_grad", lambda *given, right=vae.VAE.loss_and_grad, **options: (
        calls.append(1) or right(*given, **options)))
    reports = list(library.library_reports(numpy))
    assert len(calls) == 122, "each VAE goes backward once: the thousands of differences need only its loss"
    wrong = [str(check) for report in reports for check in report.checks if not check.ok]
    assert not wrong, "\n".join(wrong)
    assert max(check.error for report in reports for check in report.checks) < 1e-8    # far from the limit of 1e-7


def linear_backward_forgets_the_batch(dy, x, W, dW, db, need_dx=True):
    dx = layers_linear_backward(dy, x, W, dW, db, need_dx)
    db[...] = dy[0]
    return dx


layers_linear_backward = layers.linear_backward
SABOTAGE = [
    (layers, "linear_backward", linear_backward_forgets_the_batch),
    (layers.ACTIVATIONS, "tanh", (layers.tanh, lambda dy, y: dy * (1 - y))),
    (layers.ACTIVATIONS, "relu", (layers.relu, lambda dy, y: dy)),
    (DiagonalGaussian, "sample_backward", lambda q, dz, h, eps: q.join(dz, dz * eps * q.mean_and_scale(h)[1], h)),
    (DiagonalGaussian, "kl_backward", lambda q, dkl, h: dkl[:, None] * numpy.concatenate(
        [q.split(h)[0], numpy.expm1(q.split(h)[1])], axis=-1)),
    (DiagonalGaussian, "log_prob_of_sample_backward", lambda q, dlogq, h, eps: numpy.zeros_like(h)),
    (monte_carlo, "prior_log_prob_backward", lambda dlogp, z: 0 * z),
    (library, "prior_log_prob_backward", lambda dlogp, z: -z),
    (Bernoulli, "log_prob_backward", lambda p, dlogp, x, a: dlogp[..., None] * (p.mean(a) - x)),
    (vae, "mlp_backward", lambda dy, *rest, right=vae.mlp_backward, **options: right(1.001 * dy, *rest, **options)),
    *[(owner, name, lambda self, *given, right=getattr(owner, name): 1.001 * right(self, *given)) for owner, name in (
        (FullGaussian, "sample_backward"), (FullGaussian, "kl_backward"), (FullGaussian, "log_prob_of_sample_backward"),
        (Gaussian, "log_prob_backward"), (Categorical, "log_prob_backward"))],
    *[(error, "loss_backward", lambda error, *given, right=error.loss_backward: 1.001 * right(error, *given))
      for error in (autoencoder.SquaredError, autoencoder.CrossEntropy)],
    (autoencoder, "mlp_backward", lambda dy, *rest, right=vae.mlp_backward, **options: right(1.001 * dy, *rest, **options)),
    # Loss and gradient agree, and both are wrong:
    *[(vae, name, lambda model, *given, right=getattr(vae, name): right(model, *given[:-1], 2 * given[-1]))
      for name in ("elbo_and_grad", "monte_carlo_and_grad", "free_bits_and_grad")],
    (vae, "append_shared_backward", lambda da, grads: da[..., :da.shape[-1] - sum(map(len, grads))]),
    *[(model, "log_joint_gradient", lambda model, z, right=model.log_joint_gradient: 1.001 * right(model, z)) for model in (
        inference.GaussianMean, inference.LinearRegression, inference.CorrelatedGaussian,
        inference.UnknownMeanAndPrecision, inference.BetaBernoulli, inference.LogisticRegression,
        inference.NonlinearDecoder, inference.FixedDecoder)],
    *[(T, "backward", lambda T, dz, zeta: 2 * dz) for T in (transforms.Identity, transforms.Exp, transforms.Sigmoid)],
    *[(T, "log_jacobian_backward", lambda T, d, zeta: 0.5 * d) for T in (transforms.Identity, transforms.Exp, transforms.Sigmoid)],
    (inference.Unconstrained, "log_joint_gradient", lambda u, zeta: u.model.log_joint_gradient(u.constrain(zeta))),
    *[(q, name, lambda q, *a, right=getattr(q, name): 1.001 * right(q, *a)) for q in (
        inference.MeanFieldGaussian, inference.FullRankGaussian) for name in ("score", "log_prob_gradient",
                                                                              "entropy_gradient", "sample_backward")],
]


CONCERNED = {layers: "linear|mlp", monte_carlo: "VAE, Bernoulli, DiagonalGaussian, monte-carlo", library: "prior",
             vae: "VAE, Gaussian shared", autoencoder: "Autoencoder"}


def concerned(owner):
    """The names of the reports that have to notice what is wrong in `owner`, as a regular expression."""
    if isinstance(owner, dict):
        return "tanh|relu|mlp"
    if hasattr(owner, "log_joint_gradient"):
        return ".*: log_joint$"
    return CONCERNED[owner] if owner in CONCERNED else owner.__name__ + r"[. ]"


@pytest.mark.parametrize("owner, name, wrong", SABOTAGE)
def test_every_sabotage_of_the_library_is_caught(monkeypatch, owner, name, wrong):
    """By a report that concerns it: the others are left out, for speed."""
    for make in ("check_backward", "check_model"):
        monkeypatch.setattr(library, make, lambda title, *given, right=getattr(library, make), **more: (
            right(title, *given, **more) if re.match(concerned(owner), title) else SimpleNamespace(ok=True)))
    if isinstance(owner, dict):
        monkeypatch.setitem(owner, name, wrong)
    else:
        monkeypatch.setattr(owner, name, wrong)
    assert any(not report.ok for report in library.library_reports(numpy))
