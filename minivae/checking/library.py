"""Check every hand-derived gradient of the library: what `python -m minivae gradcheck` runs."""

import itertools

import numpy

from .. import layers
from ..autoencoder import ERRORS, Autoencoder
from ..backend import get_xp
from ..inference import FixedDecoder, FullRankGaussian, MeanFieldGaussian, unconstrained
from ..inference.examples import EXAMPLES
from ..inference.transforms import TRANSFORMS
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..monte_carlo import BOUNDS
from ..posteriors import DiagonalGaussian, FullGaussian
from ..prior import prior_log_prob, prior_log_prob_backward
from ..vae import VAE
from .check import check_backward, check_model

POSTERIORS = [DiagonalGaussian(), FullGaussian()]
LIKELIHOODS = {"Bernoulli": Bernoulli(), "Gaussian 0.3": Gaussian(0.3), "Gaussian shared": Gaussian("shared"),
               "Gaussian per-pixel": Gaussian("per-pixel"), "Categorical": Categorical(3)}


def library_reports(xp, seed=0):
    """Yield a Report for each function and its random float64 inputs; xp is numpy or cupy."""
    rng = numpy.random.default_rng(seed)

    def normal(*shape):
        return xp.asarray(rng.standard_normal(shape))

    yield from _layer_reports(normal, rng)
    for q in POSTERIORS:
        for eps_shape in [(5, 3), (2, 5, 3)]:
            yield from _posterior_reports(q, normal, eps_shape, rng)
    z = normal(4, 3)
    yield check_backward("prior_log_prob", prior_log_prob,
                         lambda dlogp, z: {"z": prior_log_prob_backward(dlogp, z)}, {"z": z}, rng)
    for name, p in LIKELIHOODS.items():
        n_outputs = p.n_outputs(4) + len(p.parameter_shapes())      # its own parameters come last
        for leading in [(5,), (2, 5)]:
            a = normal(*leading, n_outputs)
            yield from _likelihood_reports(name, p, _data(xp, p, (5, 4), rng), a, rng)
    yield from _inference_reports(xp, normal, rng)
    yield from _vae_reports(xp, normal, rng)
    yield from _autoencoder_reports(xp, normal, rng)
    yield from _free_bits_reports(xp, normal, rng)


def _layer_reports(normal, rng):
    def linear_backward(dy, x, W, b):
        dW, db = get_xp(W).empty_like(W), get_xp(b).empty_like(b)
        return {"x": layers.linear_backward(dy, x, W, dW, db), "W": dW, "b": db}

    inputs = {"x": normal(5, 4), "W": normal(4, 3), "b": normal(3)}
    yield check_backward("linear", layers.linear, linear_backward, inputs, rng)

    for name, (forward, backward) in layers.ACTIVATIONS.items():
        yield check_backward(name, forward, lambda dy, x: {"x": backward(dy, forward(x))},
                             {"x": normal(5, 4)}, rng)

    for activation in layers.ACTIVATIONS:
        def mlp(x, W0, b0, W1, b1, W2, b2):
            return layers.mlp(x, [(W0, b0), (W1, b1), (W2, b2)], activation)[0]

        def mlp_backward(dy, x, W0, b0, W1, b1, W2, b2):
            weights = [(W0, b0), (W1, b1), (W2, b2)]
            grads = [(get_xp(W).empty_like(W), get_xp(b).empty_like(b)) for W, b in weights]
            _, inputs = layers.mlp(x, weights, activation)
            dx = layers.mlp_backward(dy, inputs, weights, grads, activation)
            (dW0, db0), (dW1, db1), (dW2, db2) = grads
            return {"x": dx, "W0": dW0, "b0": db0, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2}

        inputs = {"x": normal(5, 4), "W0": normal(4, 6), "b0": normal(6), "W1": normal(6, 5),
                  "b1": normal(5), "W2": normal(5, 3), "b2": normal(3)}
        yield check_backward(f"mlp, {activation}", mlp, mlp_backward, inputs, rng)


def _posterior_reports(q, normal, eps_shape, rng):
    name = type(q).__name__
    samples = f", L = {eps_shape[0]}" if len(eps_shape) == 3 else ""
    eps = normal(*eps_shape)
    h = normal(eps_shape[-2], q.n_outputs(eps_shape[-1]))
    for function in ("sample", "log_prob_of_sample"):
        forward, backward = getattr(q, function), getattr(q, function + "_backward")
        yield check_backward(f"{name}.{function}{samples}", lambda h: forward(h, eps),
                             lambda dy, h: {"h": backward(dy, h, eps)}, {"h": h}, rng)
    if not samples:
        yield check_backward(f"{name}.kl", q.kl, lambda dkl, h: {"h": q.kl_backward(dkl, h)}, {"h": h}, rng)


def _likelihood_reports(name, p, x, a, rng):
    samples = f", L = {a.shape[0]}" if a.ndim == 3 else ""
    yield check_backward(f"{name}.log_prob{samples}", lambda a: p.log_prob(x, a),
                         lambda dlogp, a: {"a": p.log_prob_backward(dlogp, x, a)}, {"a": a}, rng)


def _data(xp, p, shape, rng):
    """Data that the likelihood p can describe."""
    if isinstance(p, Gaussian):
        return xp.asarray(rng.standard_normal(shape))
    n_values = p.n_categories if isinstance(p, Categorical) else 2
    return xp.asarray(rng.integers(n_values, size=shape).astype("float64"))


def _inference_reports(xp, normal, rng):
    """The transforms, both families of q, and every model, with constrained and with unconstrained latents."""
    for support, T in TRANSFORMS.items():
        for function in ("forward", "log_jacobian"):
            backward = T.backward if function == "forward" else T.log_jacobian_backward
            yield check_backward(f"{type(T).__name__}.{function}, {support}", getattr(T, function),
                                 lambda dy, zeta: {"zeta": backward(dy, zeta)}, {"zeta": normal(4, 2)}, rng)

    for q in (MeanFieldGaussian(normal(3), xp.exp(normal(3))),
              FullRankGaussian(normal(3), xp.tril(normal(3, 3), -1) + xp.diag(xp.exp(normal(3))))):
        name, eps = type(q).__name__, normal(4, 3)
        z = q.sample(eps)
        knobs = {"knobs": q.knobs}      # the check changes them in place, and q reads them
        yield check_backward(f"{name}.sample", lambda knobs: q.sample(eps),
                             lambda dz, knobs: {"knobs": q.sample_backward(dz, eps).sum(axis=0)}, knobs, rng)
        yield check_backward(f"{name}.log_prob, score", lambda knobs: q.log_prob(z),
                             lambda dlogq, knobs: {"knobs": dlogq @ q.score(q.noise(z))}, knobs, rng)
        yield check_backward(f"{name}.log_prob, with respect to z", q.log_prob, lambda dlogq, z: {
            "z": dlogq[:, None] * q.log_prob_gradient(q.noise(z))}, {"z": z}, rng)
        yield check_backward(f"{name}.entropy", lambda knobs: q.entropy(),
                             lambda dH, knobs: {"knobs": dH * q.entropy_gradient()}, knobs, rng)

    models = {name: example.make(xp) for name, example in EXAMPLES.items()}
    backend = "numpy" if xp is numpy else "cupy"
    for name, p in LIKELIHOODS.items():
        vae = VAE(3, 2, hidden=(4,), likelihood=p, dtype="float64", backend=backend)
        models[f"image under a decoder, {name}"] = FixedDecoder(vae, _data(xp, p, (3,), rng))
    for name, model in models.items():
        free = unconstrained(model)
        z = normal(4, model.latent_dim)
        yield _model_report(name, free, z, rng)
        if free is not model:
            yield _model_report(f"{name}, constrained", model, free.constrain(z), rng)


def _model_report(name, model, z, rng):
    return check_backward(f"{name}: log_joint", lambda z: model.log_joint(z),
                          lambda dlogp, z: {"z": dlogp[:, None] * model.log_joint_gradient(z)}, {"z": z}, rng)


def _vae_reports(xp, normal, rng):
    """Every combination of likelihood, posterior, estimator, number of samples and activation."""
    bounds = [("closed-form", "elbo"), ("monte-carlo", "elbo"), ("monte-carlo", "iwae")]
    for (name, p), q, (kl, bound), L, activation in itertools.product(
            LIKELIHOODS.items(), POSTERIORS, bounds, (1, 3), layers.ACTIVATIONS):
        vae = VAE(3, 2, hidden=(4, 3), likelihood=p, posterior=q, activation=activation, dtype="float64",
                  backend="numpy" if xp is numpy else "cupy")
        vae.parameters.flat[...] += 0.1 * normal(*vae.parameters.flat.shape)     # so that no bias is 0
        x, eps = _data(xp, p, (4, 3), rng), normal(L, 4, 2)
        yield check_model(f"VAE, {name}, {type(q).__name__}, {kl} {bound}, L = {L}, {activation}", vae,
                          lambda: vae.loss_and_grad(x, eps, kl=kl, bound=bound, beta=0.7),
                          loss=lambda: _vae_loss(vae, x, eps, kl, bound, beta=0.7))


def _vae_loss(vae, x, eps, kl, bound, beta):
    """The loss of VAE.loss_and_grad, by its definition."""
    q, p = vae.posterior, vae.likelihood
    h, _ = vae.encoder_forward(x)
    z = q.sample(h, eps)
    a, _ = vae.decoder_forward(z)
    log_px = p.log_prob(x, a)
    if kl == "closed-form":
        return (beta * q.kl(h) - log_px.mean(axis=0)).mean()
    bounds, _ = BOUNDS[bound](log_px - beta * (q.log_prob_of_sample(h, eps) - prior_log_prob(z)))
    return -bounds.mean()


def _autoencoder_reports(xp, normal, rng):
    x = xp.asarray(rng.random((4, 3)))
    for name, error in ((name, make()) for name, make in ERRORS.items()):
        yield check_backward(f"{type(error).__name__}.loss", lambda a: error.loss(x, a),
                             lambda dloss, a: {"a": error.loss_backward(dloss, x, a)}, {"a": normal(4, 3)}, rng)
        for activation in layers.ACTIVATIONS:
            model = Autoencoder(3, 2, hidden=(4, 3), error=name, activation=activation, dtype="float64",
                                backend="numpy" if xp is numpy else "cupy")
            model.parameters.flat[...] += 0.1 * normal(*model.parameters.flat.shape)     # biases away from 0
            yield check_model(f"Autoencoder, {name}, {activation}", model, lambda: model.loss_and_grad(x))


def _free_bits_reports(xp, normal, rng):
    """Free bits that lie between the KLs of the two latents: so one is charged, the other is not."""
    for L in (1, 3):
        vae = VAE(3, 2, hidden=(4, 3), likelihood=LIKELIHOODS["Gaussian shared"], dtype="float64",
                  backend="numpy" if xp is numpy else "cupy")
        vae.parameters.flat[...] += 0.1 * normal(*vae.parameters.flat.shape)     # so that no bias is 0
        x, eps = normal(4, 3), normal(L, 4, 2)
        free_bits = float(vae.posterior.kl(vae.posterior_parameters(x)).mean()) / 2

        def loss():
            mu, logvar = vae.posterior.split(vae.encoder_forward(x)[0])
            kl = 0.5 * (mu ** 2 + xp.exp(logvar) - 1 - logvar).mean(axis=0)
            a, _ = vae.decoder_forward(mu + xp.exp(0.5 * logvar) * eps)
            return 0.7 * xp.maximum(kl, free_bits).sum() - vae.likelihood.log_prob(x, a).mean()

        yield check_model(f"VAE, Gaussian shared, free bits, L = {L}", vae,
                          lambda: vae.loss_and_grad(x, eps, beta=0.7, free_bits=free_bits), loss=loss)
