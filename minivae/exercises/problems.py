"""How each exercise is checked: the learner's function against finite differences, or against the library.

A problem is a function of the learner's module and a random generator. It returns Reports
(checking/check.py), or raises Wrong. The forward functions are always the library's, never those of the
learner's file.
"""

import numpy

from ..autoencoder import Autoencoder
from ..checking.diagnosis import diagnose
from ..gradcheck import check_backward, check_model
from ..inference.approximations import MeanFieldGaussian
from ..inference.coordinate_ascent import gaussian_factor
from ..inference.estimators import best_coefficient
from ..layers import mlp, relu, tanh, tanh_backward
from ..likelihoods import Bernoulli, Categorical, Gaussian, sigmoid, softplus
from ..optimizers import Adam
from ..posteriors import DiagonalGaussian, FullGaussian
from ..vae import VAE

# All sizes differ, so a wrong factor shows which size it comes from.
N, D, Z, L = 5, 4, 3, 7
SIZES = {"N": N, "D": D, "L": L}


class Wrong(Exception):
    """What is wrong, explained to the learner."""


def numerical(module, rng):
    raise Wrong("the check is not written yet")


def linear(module, rng):
    inputs = {"x": rng.standard_normal((N, D)), "W": rng.standard_normal((D, Z)), "b": rng.standard_normal(Z)}

    def backward(dy, x, W, b):
        dW, db = _blank(W), _blank(b)
        dx = module.linear_backward(dy, x, W, dW, db)
        if numpy.isnan(dW).all() or numpy.isnan(db).all():
            from_zero = {"dW": 0 * W, "db": 0 * b}
            module.linear_backward(dy.copy(), x, W, *from_zero.values())
            _require_written("dW", dW, from_zero["dW"])
            _require_written("db", db, from_zero["db"])
        return {"x": dx, "W": dW, "b": db}

    def context(dy):
        of_each = {"W": inputs["x"][:, :, None] * dy[:, None, :], "b": dy}
        return {"sizes": SIZES, **{name: {"per_example": parts} for name, parts in of_each.items()}}
    return [check_backward("linear_backward", lambda x, W, b: x @ W + b, backward, inputs, rng,
                           context=context)]


def tanh_alone(module, rng):
    a = rng.standard_normal((N, D))

    def context(dy):
        y = tanh(a)
        return {"sizes": SIZES, "alternatives": {
            "1 − y where 1 − y² is needed": dy * (1 - y),
            "the upstream gradient dy is left out": 1 - y ** 2,
            "tanh is applied twice: y is already tanh(a)": dy * (1 - tanh(y) ** 2)}}
    return [_one_input("tanh_backward", "a", tanh,
                       lambda dy, a: module.tanh_backward(dy, _read_only(tanh(a))), a, rng, context)]


def relu_alone(module, rng):
    a = rng.standard_normal((N, D))

    def context(dy):
        return {"sizes": SIZES, "alternatives": {
            "this is relu(dy), but a mask is needed: dy where y > 0, else 0": relu(dy),
            "dy is multiplied by y, but the slope is 1 where y > 0": dy * relu(a)}}
    return [_one_input("relu_backward", "a", relu,
                       lambda dy, a: module.relu_backward(dy, _read_only(relu(a))), a, rng, context)]


def perceptron(module, rng):
    sizes = [D, 6, 6, Z]
    inputs = {"x": rng.standard_normal((N, D))}
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        inputs[f"W{i}"] = rng.standard_normal((fan_in, fan_out)) / 2
        inputs[f"b{i}"] = rng.standard_normal(fan_out)

    def layers_of(arrays):
        return [(arrays[f"W{i}"], arrays[f"b{i}"]) for i in range(3)]

    def forward(x, **parameters):
        return mlp(x, layers_of(parameters), "tanh")[0]

    def backward(dy, x, **parameters):
        layers = layers_of(parameters)
        grads = [(_blank(W), _blank(b)) for W, b in layers]
        dx = module.mlp_backward(dy, mlp(x, layers, "tanh")[1], layers, grads, "tanh")
        for i, (dW, db) in enumerate(grads):
            _require_written(f"the dW of layer {i}", dW)
            _require_written(f"the db of layer {i}", db)
        named = {f"{kind}{i}": g for i, pair in enumerate(grads) for kind, g in zip("Wb", pair)}
        return {"x": dx, **named}

    def context(dy):
        without = _mlp_gradients(dy, inputs["x"], layers_of(inputs), lambda dy, y: dy)
        known = {name: {"alternatives": {"the derivative of tanh is left out": g}}
                 for name, g in without.items()}
        right = _mlp_gradients(dy, inputs["x"], layers_of(inputs), tanh_backward)["x"]
        known["x"]["alternatives"]["x is not the output of a tanh: use tanh_backward for i > 0 only"] = (
            tanh_backward(right, inputs["x"]))
        return {"sizes": SIZES, **known}
    return [check_backward("mlp_backward", forward, backward, inputs, rng, context=context)]


def _mlp_gradients(dy, x, layers, activation_backward):
    """All gradients of a tanh MLP, computed with this activation_backward, which may be a wrong one."""
    _, inputs = mlp(x, layers, "tanh")
    gradients = {}
    for i in reversed(range(len(layers))):
        gradients[f"W{i}"], gradients[f"b{i}"] = inputs[i].T @ dy, dy.sum(axis=0)
        dy = dy @ layers[i][0].T
        if i > 0:
            dy = activation_backward(dy, inputs[i])
    return {"x": dy, **gradients}


def autoencoder(module, rng):
    model = Autoencoder(D, Z, hidden=(6,), dtype="float64", backend="numpy")
    x = _read_only(rng.standard_normal((N, D)))

    def backward():
        z, encoder_inputs = mlp(x, model.encoder, "tanh")
        a, decoder_inputs = mlp(z, model.decoder, "tanh")
        module.autoencoder_backward(model, x, a, encoder_inputs, decoder_inputs)
    return [_model("autoencoder_backward", model, lambda: model.loss_and_grad(x), backward, {"sizes": SIZES})]


def bernoulli(module, rng):
    x, a = _read_only((rng.random((N, D)) < 0.5).astype(float)), rng.standard_normal((N, D))
    pi = sigmoid(a)
    slope = pi * (1 - pi)               # sigmoid′

    def context(dlogp):
        dlogp = dlogp[:, None]
        return {"sizes": SIZES, "alternatives": {
            "x − a where x − sigmoid(a) is needed": dlogp * (x - a),
            "x − softplus(a) where its derivative, x − sigmoid(a), is needed": dlogp * (x - softplus(a)),
            "there is one factor π (1 − π) too many: it is sigmoid′, and it cancels": dlogp * (x - pi) * slope,
            "this is the derivative with respect to π, but a is needed": dlogp * (x - pi) / slope,
            "the upstream gradient dlogp is left out": x - pi + 0 * dlogp}}
    return [_one_input("log_prob_backward", "a", lambda a: Bernoulli().log_prob(x, a),
                       lambda d, a: module.log_prob_backward(d, x, a), a, rng, context)]


def sample(module, rng):
    h, eps = rng.standard_normal((N, 2 * Z)), _read_only(rng.standard_normal((N, Z)))
    sigma = numpy.exp(0.5 * h[:, Z:])

    def context(dz):
        return {"sizes": SIZES, "sigma": _with_nan_for_mean(sigma), "alternatives": {
            "ε is missing in the part for log σ²": numpy.concatenate([dz, dz * 0.5 * sigma], axis=1),
            "σ is missing in the part for log σ²": numpy.concatenate([dz, dz * 0.5 * eps], axis=1),
            "exp(log σ²) is σ², but σ = exp(½ log σ²) is needed": numpy.concatenate(
                [dz, dz * eps * 0.5 * sigma ** 2], axis=1),
            "the upstream gradient dz is left out": numpy.concatenate(
                [1 + 0 * eps, eps * 0.5 * sigma], axis=1)}}
    q = DiagonalGaussian()
    return [_one_input("sample_backward", "h", lambda h: q.sample(h, eps),
                       lambda dz, h: module.sample_backward(dz, h, eps), h, rng, context)]


def kl(module, rng):
    h = rng.standard_normal((N, 2 * Z))
    mu, variance = h[:, :Z], numpy.exp(h[:, Z:])

    def context(dkl):
        d, zero = dkl[:, None], 0 * mu
        return {"sizes": SIZES, "sigma": _with_nan_for_mean(variance ** 0.5), "terms": {
            "μ²": numpy.concatenate([d * mu, zero], axis=1),
            "σ²": numpy.concatenate([zero, d * variance / 2], axis=1),
            "log σ²": numpy.concatenate([zero, zero - d / 2], axis=1)}, "alternatives": {
            "exp(½ log σ²) is σ, but σ² = exp(log σ²) is needed": numpy.concatenate(
                [d * mu, 0.5 * d * (variance ** 0.5 - 1)], axis=1),
            "the part for log σ² has the wrong sign": numpy.concatenate(
                [d * mu, -0.5 * d * (variance - 1)], axis=1),
            "the upstream gradient dkl is left out": numpy.concatenate([mu, 0.5 * (variance - 1)], axis=1)}}
    return [_one_input("kl_backward", "h", DiagonalGaussian().kl, module.kl_backward, h, rng, context)]


def gaussian(module, rng):
    p = Gaussian("per-pixel", floor=1e-3)
    x, a = _read_only(rng.standard_normal((N, D))), rng.standard_normal((N, 2 * D))
    m, exp_s = a[:, :D], numpy.exp(a[:, D:])
    a[:, D] -= 6                        # one variance near the floor, where it matters
    exp_s = numpy.exp(a[:, D:])
    variance = 1e-3 + exp_s
    scaled = (x - m) / variance

    def context(dlogp):
        d, zero = dlogp[:, None], 0 * m
        slope = exp_s / variance        # ∂log σ²/∂s
        return {"sizes": SIZES, "terms": {
            "∂[(x − m)²/σ²]/∂m": numpy.concatenate([d * scaled, zero], axis=1),
            "∂[(x − m)²/σ²]/∂s": numpy.concatenate([zero, 0.5 * d * scaled * (x - m) * slope], axis=1),
            "log σ²": numpy.concatenate([zero, -0.5 * d * slope], axis=1)}, "alternatives": {
            "σ² is used as ∂σ²/∂s, but that is exp(s), without the floor": numpy.concatenate(
                [d * scaled, 0.5 * d * (scaled * (x - m) - 1)], axis=1),
            "this is the derivative with respect to σ², but s is needed: σ² = FLOOR + exp(s)": numpy.concatenate(
                [d * scaled, 0.5 * d * (scaled * (x - m) - 1) / variance], axis=1)}}
    return [_one_input("log_prob_backward", "a", lambda a: p.log_prob(x, a),
                       lambda d, a: module.log_prob_backward(d, x, a), a, rng, context)]


def vae(module, rng):
    model = VAE(D, Z, hidden=(6,), dtype="float64", backend="numpy")
    model.parameters.flat[...] += 0.1 * rng.standard_normal(model.parameters.flat.shape)
    q, x = model.posterior, _read_only((rng.random((N, D)) < 0.5).astype(float))
    eps = _read_only(rng.standard_normal((N, Z)))
    parts = {}
    for beta in (0, 1):
        model.loss_and_grad(x, eps, beta=beta)
        parts[beta] = {name: model.gradients[name].copy() for name in model.gradients.names()}

    def backward():
        h, encoder_inputs = mlp(x, model.encoder, "tanh")
        a, decoder_inputs = mlp(q.sample(h, eps), model.decoder, "tanh")
        module.vae_backward(model, x, eps, h, a, encoder_inputs, decoder_inputs)
    context = {"sizes": SIZES}
    for name in parts[0]:
        if name.startswith("encoder"):
            reconstruction = parts[0][name]
            context[name] = {"terms": {"reconstruction": reconstruction,
                                       "KL": parts[1][name] - reconstruction}}
    return [_model("vae_backward", model, lambda: model.loss_and_grad(x, eps), backward, context)]


def adam(module, rng):
    P, steps, options = 6, 4, {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 0.01}
    gradients = rng.standard_normal((steps, P))
    start = rng.standard_normal(P)
    expected = start.copy()
    optimizer = Adam(expected, **options)
    for g in gradients:
        optimizer.step(g)
    theta, m, v = start.copy(), numpy.zeros(P), numpy.zeros(P)
    for t, g in enumerate(gradients, 1):
        given = g.copy()
        module.adam_step(theta, given, m, v, t, **options)
        if not numpy.array_equal(given, g):
            raise Wrong("adam_step changed the gradient g, which belongs to the caller; use g, "
                        "but do not change it")
    if numpy.array_equal(theta, start):
        raise Wrong("theta was not changed; change it in place, as in theta -= ... "
                    "(theta = theta - ... makes a new array, which the caller never gets)")
    if not m.any() or not v.any():
        raise Wrong(f"{'m' if not m.any() else 'v'} is still zero; change it in place, or the next step "
                    "starts from zero again")
    _require_same("theta after 4 steps", theta, expected,
                  {"alternatives": {text: _adam_variant(start, gradients, **options, **variant)
                                    for text, variant in ADAM_MISTAKES.items()}})
    return []


ADAM_MISTAKES = {
    "neither m nor v is divided by its 1 − βᵗ": {"correct_m": False, "correct_v": False},
    "m is not divided by 1 − β₁ᵗ": {"correct_m": False}, "v is not divided by 1 − β₂ᵗ": {"correct_v": False},
    "ε is inside the root, but belongs outside": {"inside": True},
    "the step goes uphill: the sign of the update is wrong": {"sign": 1},
    "every step uses the corrections of step 1: use t": {"frozen": True},
    "the square root of v̂ is left out": {"root": False},
}


def _adam_variant(theta, gradients, lr, beta1, beta2, epsilon, correct_m=True, correct_v=True, inside=False,
                  sign=-1, frozen=False, root=True):
    """theta after Adam's steps, with the mistakes that the options select."""
    m = v = 0
    for t, g in enumerate(gradients, 1):
        t = 1 if frozen else t
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1 ** t) if correct_m else m
        v_hat = v / (1 - beta2 ** t) if correct_v else v
        below = (v_hat + epsilon) ** 0.5 if inside else v_hat ** (0.5 if root else 1) + epsilon
        theta = theta + sign * lr * m_hat / below
    return theta


def categorical(module, rng):
    K, p = 3, Categorical(3)
    x, a = _read_only(rng.integers(K, size=(N, D)).astype(float)), rng.standard_normal((N, D * K))
    pi = numpy.exp(p._log_softmax(a))
    one_hot = p._one_hot(x, a.dtype)

    def context(dlogp):
        d = dlogp[:, None, None]
        return {"sizes": {"N": N, "D": D, "K": K}, "alternatives": {
            "the case k = x is left out": (-d * pi).reshape(a.shape),
            "the case k ≠ x is left out": (d * one_hot * (1 - pi)).reshape(a.shape),
            "there is one factor π (1 − π) too many": (d * (one_hot - pi) * pi * (1 - pi)).reshape(a.shape),
            "the upstream gradient dlogp is left out": (one_hot - pi).reshape(a.shape)}}
    return [_one_input("log_prob_backward", "a", lambda a: p.log_prob(x, a),
                       lambda d, a: module.log_prob_backward(d, x, a), a, rng, context)]


def full_gaussian(module, rng):
    q = FullGaussian()
    h, eps = rng.standard_normal((N, q.n_outputs(Z))), _read_only(rng.standard_normal((N, Z)))
    rows, columns = numpy.tril_indices(Z, -1)

    def context(dz):
        C = q.mean_and_scale(h)[1]
        diagonal = numpy.einsum("nii->ni", C)
        dC = dz[:, :, None] * eps[:, None, :]
        below, above = dC[:, rows, columns], dC[:, columns, rows]
        on = numpy.einsum("nii->ni", dC)
        return {"sizes": SIZES, "alternatives": {
            "the factor ∂C_ii/∂log C_ii = C_ii is left out": numpy.concatenate([dz, on, below], axis=1),
            "dC is transposed: ∂z_i/∂C_ij is ε_j": numpy.concatenate([dz, on * diagonal, above], axis=1),
            "ε_i is missing on the diagonal": numpy.concatenate([dz, dz * diagonal, below], axis=1)}}
    return [_one_input("sample_backward", "h", lambda h: q.sample(h, eps),
                       lambda dz, h: module.sample_backward(dz, h, eps), h, rng, context)]


def score_function(module, rng):
    q = MeanFieldGaussian(rng.standard_normal(Z), numpy.exp(0.5 * rng.standard_normal(Z)))
    z = q.sample(rng.standard_normal((N, Z)))
    sigma = numpy.concatenate([numpy.nan * q.std(), q.std()])

    def backward(dlogq, knobs):
        rows = module.score(q, q.noise(z))
        _require_array("score", rows, (N, 2 * Z))
        return {"knobs": dlogq @ rows}

    def context(dlogq):
        eps = q.noise(z)
        for_mu, for_logvar = eps / q.std(), 0.5 * (eps * eps - 1)
        return {"sizes": SIZES, "sigma": sigma, "alternatives": {
            "the part for μ is ε, but (z − μ)/σ² = ε/σ is needed": (
                dlogq @ numpy.concatenate([eps, for_logvar], axis=1)),
            "−½ is missing in the part for log σ²": dlogq @ numpy.concatenate(
                [for_mu, for_logvar + 0.5], axis=1)}}
    return [check_backward("score", lambda knobs: q.log_prob(z), backward, {"knobs": q.knobs}, rng,
                           context=context)]


def control_variate(module, rng):
    score, f = _read_only(rng.standard_normal((N, 4))), _read_only(rng.standard_normal((N, 1)))
    a, expected = module.best_coefficient(score, f), best_coefficient(score, f)
    _require_array("best_coefficient", a, (N, 4))
    weight = score ** 2
    _require_same("best_coefficient", a, expected, {"alternatives": {
        "the a of a sample includes the sample's own f: leave it out, or the estimate is biased": (
            (weight * f).sum(0) / weight.sum(0) + 0 * expected),
        "this is the plain mean of the other f: weight it by score²": (f.sum() - f) / (N - 1) + 0 * expected,
        "f is weighted by the score, but its square is needed": (
            ((score * f).sum(0) - score * f) / (score.sum(0) - score))}})
    return []


def coordinate_ascent(module, rng):
    root = rng.standard_normal((4, 4))
    precision, shift, mean = root @ root.T + numpy.eye(4), rng.standard_normal(4), rng.standard_normal(4)
    yours, right = [], []
    for i in range(4):
        result = module.gaussian_factor(i, mean.copy(), precision.copy(), shift.copy())
        if not isinstance(result, tuple) or len(result) != 2:
            raise Wrong(f"gaussian_factor returned {type(result).__name__}; it has to return two numbers, "
                        "mean and variance")
        yours.append([float(number) for number in result])
        right.append(gaussian_factor(i, mean, precision, shift))
    yours, right, diagonal = numpy.array(yours), numpy.array(right), precision.diagonal()
    _require_same("the means", yours[:, 0], right[:, 0], {"alternatives": {
        "the sum over the others includes j = i: leave it out": (shift - precision @ mean) / diagonal,
        "the sum over the others has the wrong sign": (shift + precision @ mean - diagonal * mean) / diagonal,
        "the division by Λ_ii is missing": shift - precision @ mean + diagonal * mean,
        "the sum over the others is left out": shift / diagonal}})
    _require_same("the variances", yours[:, 1], right[:, 1], {"alternatives": {
        "this is the precision, but its inverse is needed": diagonal,
        "this is the marginal variance (Λ⁻¹)_ii of the posterior: mean field gives a smaller one": (
            numpy.linalg.inv(precision).diagonal()),
        "this is the standard deviation, but the variance is needed": diagonal ** -0.5}})
    return []


def iwae(module, rng):
    log_w = rng.standard_normal((L, N))

    def forward(log_w):
        top = log_w.max(axis=0)
        return top + numpy.log(numpy.exp(log_w - top).mean(axis=0))

    def context(dbound):
        w = numpy.exp(log_w)
        return {"sizes": SIZES, "alternatives": {
            "1/L for all samples is the gradient of the ELBO, not of this bound": dbound / L + 0 * log_w,
            "the weights are not normalized: divide by their sum over the samples": dbound * w,
            "the weights are normalized over the batch, not over the samples": (
                dbound * w / w.sum(axis=1, keepdims=True)),
            "the upstream gradient dbound is left out": w / w.sum(axis=0)}}
    report = _one_input("bound_backward", "log_w", forward, module.bound_backward, log_w, rng, context)
    if report.ok:
        far = module.bound_backward(numpy.ones(N), log_w - 2000)
        if not numpy.isfinite(far).all():
            raise Wrong("right for moderate weights, but not finite for log w near −2000: subtract the "
                        "largest log w first")
    return [report]


def _one_input(function, tensor, forward, backward, x, rng, context):
    """Check a function of one array, whose backward returns the gradient. -> Report"""
    return check_backward(function, lambda **inputs: forward(inputs[tensor]),
                          lambda dy, **inputs: {tensor: backward(dy, inputs[tensor])}, {tensor: x}, rng,
                          context=context)


def _model(function, model, measure, backward, context):
    """Check the gradients that backward writes, in one call, against differences of measure().loss. -> Report"""
    todo = [backward]

    def loss_and_grad():
        loss = measure()
        if todo:
            _fill(model, todo.pop())
        return loss
    return check_model(function, model, loss_and_grad, context=context)


def _with_nan_for_mean(sigma):
    """sigma for diagnose(), when h = [μ, log σ²]: NaN for μ."""
    return numpy.concatenate([numpy.full_like(sigma, numpy.nan), sigma], axis=1)


def _read_only(a):
    """The same array, read-only: the learner's function may use it, but not change it."""
    a.setflags(write=False)
    return a


def _blank(a):
    """An array like a for a gradient, filled with NaN: elements that are not written stay NaN."""
    return numpy.full_like(a, numpy.nan)


def _require_written(name, array, from_zero=None):
    """from_zero: the same array after a call that was given zeros. If it is not zero, it was added to."""
    if numpy.isnan(array).all():
        if from_zero is not None and from_zero.any():
            raise Wrong(f"{name} was added to, but it does not start from zero; use {name}[...] = ..., "
                        "not +=")
        raise Wrong(f"nothing was written into {name}; write into the given array, as in dW[...] = ... "
                    "(dW = ..., without [...], only gives the name dW to another array)")


def _fill(model, backward):
    """Let the learner's function fill model.gradients, and check that it did."""
    model.gradients.flat[...] = numpy.nan
    backward()
    for name in model.gradients.names():
        if numpy.isnan(model.gradients[name]).all():
            raise Wrong(f"nothing was written for {name}; call mlp_backward with grads = "
                        f"model.{name.split('.')[0]}_grads")


def _require_array(function, value, shape):
    if getattr(value, "shape", None) != shape:
        got = "nothing" if value is None else getattr(value, "shape", type(value).__name__)
        raise Wrong(f"{function} has to return an array of shape {shape}, but it returned {got}"
                    + ("; is the return missing?" if value is None else ""))


def _require_same(what, yours, expected, context):
    if not numpy.allclose(yours, expected, rtol=1e-9, atol=1e-12):
        explanation = diagnose(yours, expected, context)
        raise Wrong(f"{what} should be {numpy.round(expected.reshape(-1)[:6], 6).tolist()}, but yours: "
                    f"{numpy.round(yours.reshape(-1)[:6], 6).tolist()}"
                    + (f"\n    probably: {explanation}" if explanation else ""))
