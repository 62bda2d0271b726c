"""The problem of each exercise: the arguments that the learner's function gets, and the right results.

The right results of a gradient come from differences of the library's forward functions. None comes from a
function of the learner's file. findings.py calls the functions and compares.
"""

import warnings
from dataclasses import dataclass, field
from typing import Callable

import numpy

from ..autoencoder import Autoencoder
from ..gradcheck import numerical_gradient
from ..inference.approximations import MeanFieldGaussian
from ..inference.coordinate_ascent import gaussian_factor
from ..inference.estimators import best_coefficient
from ..inference.transforms import Sigmoid
from ..layers import linear, mlp, relu, tanh
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..optimizers import Adam
from ..posteriors import DiagonalGaussian, FullGaussian
from ..vae import VAE

# Most sizes differ, so a wrong factor shows which size it comes from.
N, D, Z, L, H, K = 7, 5, 3, 11, 6, 3
SIZES = {"N": N, "D": D, "Z": Z, "L": L}


class Wrong(Exception):
    """What is wrong, explained to the learner."""


class Remark(UserWarning):
    """What to know about an answer that is right."""


@dataclass(frozen=True, eq=False)
class Problem:
    """One function that the learner writes."""

    function: str
    draw: Callable                  # draw(rng) -> its arguments by name, in order
    expected: Callable              # expected(**arguments) -> {result: array}
    result: str = ""                # the name of what it returns
    written: tuple = ()             # the arguments that it writes into: results too
    call: Callable = None           # call(function, **arguments) -> {result: value}, if it is not called once
    parts: dict = field(default_factory=dict)       # {words: index}: parts of the result, told apart
    sizes: dict = field(default_factory=lambda: SIZES)      # to name a wrong factor
    source: str = "differences"     # where the right numbers come from
    not_finite: str = ""            # for extreme arguments: what to do if the result is not finite
    restored: str = ""              # the argument that it changes and restores

    def results(self, module, arguments):
        """Call the learner's function. -> {result: value}. Raises what it raises."""
        function = getattr(module, self.function)
        if self.call:
            return self.call(function, **arguments)
        returned = function(*arguments.values())
        results = {self.result: returned} if self.result else {}
        return {**results, **{name: arguments[name] for name in self.written}}


def _binary(rng, *shape):
    """Zeros and ones, with both in each row and each column: a constant row would hide some mistakes."""
    while True:
        x = (rng.random(shape) < 0.5).astype(float)
        if x.any(0).all() and x.any(1).all() and not x.all(0).any() and not x.all(1).any():
            return x


def _unlike(*shape, rng):
    """What an output array contains before it is written: random numbers, so that `+=` shows."""
    return rng.standard_normal(shape)


# 0 · The gradient check

def _numerical(rng):
    A = rng.standard_normal((2, 3, 2, 4))
    B, x = rng.standard_normal((2, 2, 3, 2))

    def f(x):
        y = (A * x[..., None]).sum(axis=(0, 1, 2))
        return float((y ** 3).sum() / 10 + (B * x ** 2).sum())
    return {"f": f, "x": x, "h": 0.07}      # so large that the kind of difference shows


numerical = Problem("numerical_gradient", _numerical, restored="x", result="gradient",
                    expected=lambda f, x, h: {"gradient": numerical_gradient(f, x, step=h)},
                    source="central differences with h = 0.07")


# 1 to 4 · Networks

def _linear(rng):
    return {"dy": rng.standard_normal((N, Z)), "x": rng.standard_normal((N, D)),
            "W": rng.standard_normal((D, Z)), "dW": _unlike(D, Z, rng=rng), "db": _unlike(Z, rng=rng)}


def _linear_gradients(dy, x, W, dW, db):
    b = numpy.ones(Z)
    return {"dW": numerical_gradient(lambda W: linear(x, W, b), W, dy),
            "db": numerical_gradient(lambda b: linear(x, W, b), b, dy),
            "dx": numerical_gradient(lambda x: linear(x, W, b), x, dy)}


linear_backward = Problem("linear_backward", _linear, _linear_gradients, result="dx", written=("dW", "db"))


def _activation(name, forward):
    """The problem of a function that gets dy and y = forward(x), and returns dx."""
    def draw(rng):
        while True:
            x = rng.standard_normal((N, D))
            positive = x > 0        # each row and each column needs both signs
            if all(positive.any(axis).all() and not positive.all(axis).any() for axis in (0, 1)):
                return {"dy": rng.standard_normal((N, D)), "y": forward(x)}

    def expected(dy, y):
        x = numpy.arctanh(y) if forward is tanh else numpy.where(y > 0, y, -1.0)     # any x with this y
        return {"dx": numerical_gradient(forward, x, dy)}
    return Problem(name, draw, expected, result="dx")


tanh_backward = _activation("tanh_backward", tanh)
relu_backward = _activation("relu_backward", relu)


def _perceptron(rng):
    sizes = [D, H, H, Z]
    layers = [(rng.standard_normal((i, o)) / 2, rng.standard_normal(o))
              for i, o in zip(sizes[:-1], sizes[1:])]
    grads = [(_unlike(*W.shape, rng=rng), _unlike(*b.shape, rng=rng)) for W, b in layers]
    _, inputs = mlp(rng.standard_normal((N, D)), layers, "tanh")
    return {"dy": rng.standard_normal((N, Z)), "inputs": inputs, "layers": layers, "grads": grads,
            "activation": "tanh"}


def _call_perceptron(function, dy, inputs, layers, grads, activation):
    dx = function(dy, inputs, layers, grads, activation)
    return {**_by_layer(grads), "dx": dx}


def _by_layer(grads, prefix="layer"):
    return {f"{prefix} {i}'s d{kind}": g for i, pair in enumerate(grads) for kind, g in zip("Wb", pair)}


def _perceptron_gradients(dy, inputs, layers, grads, activation):
    x = inputs[0]
    right = [tuple(numerical_gradient(lambda _: mlp(x, layers, "tanh")[0], array, dy) for array in pair)
             for pair in layers]
    return {**_by_layer(right), "dx": numerical_gradient(lambda x: mlp(x, layers, "tanh")[0], x, dy)}


mlp_backward = Problem("mlp_backward", _perceptron, _perceptron_gradients, written=("grads",),
                       call=_call_perceptron)


def _model(kind, rng):
    model = kind(D, Z, hidden=(H,), dtype="float64", backend="numpy", seed=1)
    model.parameters.flat[...] += 0.3 * rng.standard_normal(model.parameters.flat.shape)
    model.gradients.flat[...] = rng.standard_normal(model.gradients.flat.shape)
    return model


def _autoencoder(rng):
    model, x = _model(Autoencoder, rng), rng.standard_normal((N, D))
    z, encoder_inputs = mlp(x, model.encoder, "tanh")
    x_hat, decoder_inputs = mlp(z, model.decoder, "tanh")
    return {"model": model, "x": x, "x_hat": x_hat, "encoder_inputs": encoder_inputs,
            "decoder_inputs": decoder_inputs}


def _call_with_model(function, model, **arguments):
    lists = model.encoder_grads, model.decoder_grads
    function(model, *arguments.values())
    if model.encoder_grads is not lists[0] or model.decoder_grads is not lists[1]:
        warnings.warn("You gave the model new lists of gradients. That is right here, but in the library "
                      "these arrays are views into one vector that the optimizer reads: write into them, as "
                      "mlp_backward does.",
                      Remark, stacklevel=2)
    return {**_by_layer(model.encoder_grads, "encoder"), **_by_layer(model.decoder_grads, "decoder")}


def _gradients_of_loss(model, loss):
    """Differences of loss() for each parameter of the model."""
    encoder, decoder = (
        [tuple(numerical_gradient(lambda _: loss(), array) for array in pair) for pair in layers]
        for layers in (model.encoder, model.decoder))
    return {**_by_layer(encoder, "encoder"), **_by_layer(decoder, "decoder")}


def _autoencoder_gradients(model, x, **_):
    def loss():
        x_hat = mlp(mlp(x, model.encoder, "tanh")[0], model.decoder, "tanh")[0]
        return ((x - x_hat) ** 2).sum(axis=1).mean()
    return _gradients_of_loss(model, loss)


autoencoder_backward = Problem("autoencoder_backward", _autoencoder, _autoencoder_gradients,
                               call=_call_with_model)


# 5 to 8 · The parts of the VAE

def _backward(function, result, draw, forward, parts=None, sizes=SIZES):
    """The gradient of forward(last argument) with the first argument as its upstream gradient."""
    def expected(**arguments):
        upstream, *given, x = arguments.values()
        return {result: numerical_gradient(lambda x: forward(*given, x), x, upstream)}
    return Problem(function, draw, expected, result, parts=parts or {}, sizes=sizes)


bernoulli = _backward("log_prob_backward", "da", lambda rng: {
    "dlogp": rng.standard_normal(N), "x": _binary(rng, N, D),
    "a": rng.standard_normal((N, D))}, Bernoulli().log_prob)

MU_LOGVAR = {"the part for μ": numpy.s_[:, :Z], "the part for log σ²": numpy.s_[:, Z:]}

sample = Problem("sample_backward", lambda rng: {
    "dz": rng.standard_normal((N, Z)), "h": rng.standard_normal((N, 2 * Z)),
    "eps": rng.standard_normal((N, Z))},
    lambda dz, h, eps: {"dh": numerical_gradient(lambda h: DiagonalGaussian().sample(h, eps), h, dz)},
    result="dh", parts=MU_LOGVAR)

kl = _backward("kl_backward", "dh", lambda rng: {
    "dkl": rng.standard_normal(N), "h": rng.standard_normal((N, 2 * Z))}, DiagonalGaussian().kl, MU_LOGVAR)


gaussian = _backward("log_prob_backward", "da", lambda rng: {
    "dlogp": rng.standard_normal(N), "x": rng.standard_normal((N, D)), "a": rng.standard_normal((N, 2 * D))},
    Gaussian("per-pixel", floor=1e-3).log_prob,
    {"the part for m": numpy.s_[:, :D], "the part for s": numpy.s_[:, D:]})


# 9, 10 · Training

def _vae(rng):
    model, x, eps = _model(VAE, rng), _binary(rng, N, D), rng.standard_normal((N, Z))
    h, encoder_inputs = mlp(x, model.encoder, "tanh")
    a, decoder_inputs = mlp(model.posterior.sample(h, eps), model.decoder, "tanh")
    return {"model": model, "x": x, "eps": eps, "h": h, "a": a, "encoder_inputs": encoder_inputs,
            "decoder_inputs": decoder_inputs}


def _vae_gradients(model, x, eps, **_):
    q, p = DiagonalGaussian(), Bernoulli()

    def loss():
        h = mlp(x, model.encoder, "tanh")[0]
        a = mlp(q.sample(h, eps), model.decoder, "tanh")[0]
        return (q.kl(h) - p.log_prob(x, a)).mean()
    return _gradients_of_loss(model, loss)


vae_backward = Problem("vae_backward", _vae, _vae_gradients, call=_call_with_model)


def _adam(rng):
    P, steps = 6, 4
    return {"theta": rng.standard_normal(P), "g": rng.standard_normal((steps, P)), "m": numpy.zeros(P),
            "v": numpy.zeros(P),
            "options": {"lr": 0.1, "beta1": 0.15, "beta2": 0.24, "epsilon": 0.05}}      # small β: β t < 1


def _call_adam(function, theta, g, m, v, options):
    for t, row in enumerate(g, 1):
        function(theta, row, m, v, t, **options)
    return {"theta after 4 steps": theta, "m after 4 steps": m, "v after 4 steps": v}


def _adam_results(theta, g, m, v, options):
    theta, betas = theta.copy(), numpy.array([options["beta1"], options["beta2"]])
    optimizer = Adam(theta, **options)
    for row in g:
        optimizer.step(row)
    m, v = (1 - betas[0]) * optimizer.M, (1 - betas[1]) * optimizer.V       # M and V lack the factors 1 − β
    return {"theta after 4 steps": theta, "m after 4 steps": m, "v after 4 steps": v}


adam = Problem("adam_step", _adam, _adam_results, written=("theta", "m", "v"), call=_call_adam,
               source="the library")


# 11 to 12b · Other likelihoods and posteriors

def _categorical(rng):
    # No row and no column is constant.
    x = (numpy.arange(N)[:, None] + numpy.arange(D) + rng.integers(2, size=(N, 1))) % K
    return {"dlogp": rng.standard_normal(N), "x": x, "a": rng.standard_normal((N, D * K))}


categorical = _backward("log_prob_backward", "da", _categorical, Categorical(K).log_prob,
                        sizes={"N": N, "D": D, "K": K})

full_gaussian = Problem("sample_backward", lambda rng: {
    "dz": rng.standard_normal((N, Z)), "h": rng.standard_normal((N, FullGaussian().n_outputs(Z))),
    "eps": rng.standard_normal((N, Z))},
    lambda dz, h, eps: {"dh": numerical_gradient(lambda h: FullGaussian().sample(h, eps), h, dz)},
    result="dh",
    parts={"the part for μ": numpy.s_[:, :Z], "the part for log C_ii": numpy.s_[:, Z:2 * Z],
           "the part for C_ij below the diagonal": numpy.s_[:, 2 * Z:]})


def _log_jacobian(zeta):
    return Sigmoid().log_jacobian(zeta).sum(axis=1)


log_jacobian = Problem("log_jacobian", lambda rng: {"zeta": 2 * rng.standard_normal((N, Z))},
                       lambda zeta: {"log_j": _log_jacobian(zeta)}, result="log_j", source="the library")
log_jacobian_far = Problem(
    "log_jacobian", lambda rng: {"zeta": numpy.array([[800.0, 0.5, -800], [1, -800, 40]])},
    lambda zeta: {"log_j": _log_jacobian(zeta)}, result="log_j", source="the library",
    not_finite="write log z and log(1 − z) with softplus, not as the logarithm of a number that was "
               "rounded to 0")
log_jacobian_backward = _backward("log_jacobian_backward", "dzeta", lambda rng: {
    "dlogj": rng.standard_normal(N), "zeta": rng.standard_normal((N, Z))}, _log_jacobian)


# 13 to 15 · Variational inference

def _score(rng):
    q = MeanFieldGaussian(rng.standard_normal(Z), numpy.exp(0.5 * rng.standard_normal(Z)))
    return {"q": q, "eps": rng.standard_normal((N, Z))}


def _scores(q, eps):
    z = q.sample(eps)
    return {"score": numpy.array([numerical_gradient(lambda _: q.log_prob(z)[n], q.knobs) for n in range(N)])}


score = Problem("score", _score, _scores, result="score", parts=MU_LOGVAR)

control_variate = Problem("best_coefficient", lambda rng: {
    "score": rng.standard_normal((N, 4)), "f": rng.standard_normal((N, 1))},
    lambda score, f: {"a": best_coefficient(score, f)}, result="a", source="the library")


def _factor(rng):
    root = rng.standard_normal((4, 4))
    return {"mean": rng.standard_normal(4), "precision": root @ root.T + numpy.eye(4),
            "shift": rng.standard_normal(4)}


def _call_factor(function, mean, precision, shift):
    means, variances = zip(*(_pair(function(i, mean, precision, shift)) for i in range(4)))
    return {"the means": numpy.array(means), "the variances": numpy.array(variances)}


def _pair(returned):
    """The mean and the variance, from a tuple, a list or an array. Raises Wrong for anything else."""
    try:
        mean, variance = (float(numpy.asarray(number).reshape(())) if numpy.size(number) == 1 else None
                          for number in (returned.values() if isinstance(returned, dict) else returned))
        if None in (mean, variance):
            raise ValueError
    except (TypeError, ValueError):
        shown = "nothing; is the return missing?" if returned is None else _described(returned)
        raise Wrong("gaussian_factor has to return two numbers, mean and variance, but it returned "
                    f"{shown}") from None
    if isinstance(returned, dict):
        raise Wrong("gaussian_factor has to return two numbers, "
                    "but it returned a dict; return mean, variance")
    return mean, variance


def _described(value):
    """What was returned, in words."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"an array of shape {shape}" if shape else f"one number, {value}"
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return "two arrays: return those of q_i alone"
    size = f" of {len(value)}" if hasattr(value, "__len__") else f", {value!r:.40}"
    return f"a {type(value).__name__}{size}"


def _factors(mean, precision, shift):
    return _call_factor(gaussian_factor, mean, precision, shift)


coordinate_ascent = Problem("gaussian_factor", _factor, _factors, call=_call_factor, source="the library")


def _bound(log_w):
    top = log_w.max(axis=0)
    return top + numpy.log(numpy.exp(log_w - top).mean(axis=0))


iwae = _backward("bound_backward", "dlog_w", lambda rng: {
    "dbound": rng.standard_normal(N), "log_w": rng.standard_normal((L, N))}, _bound)


def _iwae_far(rng):
    """Some examples with log w near 0, some near −2000: each needs its own largest log w."""
    log_w = rng.standard_normal((L, N)) - [0, 2000, 0, 2000, 900, 5, 0]
    log_w[:-1, 2] -= 1500               # and within one example too
    return {"dbound": rng.standard_normal(N), "log_w": log_w}


iwae_far = Problem(
    "bound_backward", _iwae_far, iwae.expected, result="dlog_w",
    not_finite="subtract from log w the largest of its own example, log_w.max(axis=0), before exp")
