"""Common mistakes, written out: {exercise: {function: {what is wrong: its lines}}}.

mutants.py makes the small mistakes of every solution by itself. Here are those that it can't make, and those that have a
name: a derivative with respect to the wrong variable, an array that is replaced and not changed. Each takes the place of
the solution, so all are tested against it.
"""

import types

from .catalog import Repaired
from .mutants import edits

COMMON = {
    "0": {"numerical_gradient": {
        "this is the one-sided difference (f(x + h e) − f(x)) / h; take both sides": (
            "x[i] = value - h\n    below = f(x)\n    x[i] = value\n    gradient[i] = (above - below) / (2 * h)",
            "x[i] = value\n    below = f(x)\n    gradient[i] = (above - below) / h"),
        "this is the one-sided difference (f(x) − f(x − h e)) / h; take both sides": (
            "x[i] = value + h\n    above = f(x)", "above = f(x)\n    h2 = 2 * h\n    x[i] = value + h"),
        "the two points are x + h e and x, h apart, but the division is by 2h: half of a one-sided difference": (
            "x[i] = value - h", "x[i] = value"),
        "all elements of x are moved at once; move one at a time": "return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))",
        "all elements of x are moved at once, which gives one number; move one at a time": (
            "return (f(x + h) - f(x - h)) / (2 * h)"),
        "for i in range(len(x)) goes over the first axis only: x[i] is a whole block, which is moved at once": """
gradient = np.empty(x.shape)
for i in range(len(x)):
    e = np.zeros(x.shape)
    e[i] = h
    gradient[i] = (f(x + e) - f(x - e)) / (2 * h)
return gradient""",
        "x[i, j] is not one number here: x may have any number of axes, so loop over np.ndindex(x.shape)": (
            "np.ndindex(x.shape)", "np.ndindex(x.shape[:2])"),
        "every element is the sum of all derivatives: write into gradient[i], not into the whole array": (
            "return gradient", "return np.full(x.shape, gradient.sum())"),
        "the earlier elements are still moved: put each old value back (or set e[i] = 0 again) before the next": """
gradient, e = np.empty(x.shape), np.zeros(x.shape)
for i in np.ndindex(x.shape):
    e[i] = h
    gradient[i] = (f(x + e) - f(x - e)) / (2 * h)
return gradient""",
        "the step is another one than the h that was given": ("gradient = ", "h = 1e-5\ngradient = "),
        "the old value is not put back: x[i] = value": ("    x[i] = value\n", ""),
        "f gets one element, but it takes the whole array": (
            "return gradient", "gradient[...] = [[[(f(v + h) - f(v - h)) / (2 * h) for v in a] for a in b] for b in x]\n"
            "return gradient"),
        "it is divided by the number of elements": ("return gradient", "return gradient / x.size"),
        "every difference is zero: f was given the same x twice (a copy was moved, or one array has two names)": (
            "return np.zeros(x.shape)"),
        "the division is by h, but the two points are 2h apart: it is twice what it should be": ("(2 * h)", "h"),
    }},
    "1": {"linear_backward": {
        "the derivative of a tanh is in dx, but this layer is linear alone": ("dy @ W.T", "(dy @ W.T) * (1 - x ** 2)"),
        "y = x W is used where the upstream gradient dy is needed": ("dW[...] = ", "dy = x @ W\ndW[...] = "),
        "x is overwritten by dx before dW is computed": ("dW[...] = x.T @ dy", "dW[...] = (dy @ W.T).T @ dy"),
        "W is used where x is needed: dW is xᵀ dy": ("x.T @ dy", "W * dy.sum(axis=0)"),
        "going backwards is not inverting: dx takes the transpose of W, not its inverse": (
            "dy @ W.T", "dy @ np.linalg.pinv(W)"),
        "dW has only the last example: add the examples up, do not overwrite": ("x.T @ dy", "np.outer(x[-1], dy[-1])"),
        "dW has only the first example: sum over all": ("x.T @ dy", "np.outer(x[0], dy[0])"),
        "db has only the last example: add the examples up, do not overwrite": ("dy.sum(axis=0)", "dy[-1]"),
        "db has only the first example: sum over all": ("dy.sum(axis=0)", "dy[0]"),
        "the upstream gradient dy is left out of db": ("dy.sum(axis=0)", "len(dy)"),
        "the upstream gradient dy is left out of db: it is 1 everywhere": ("dy.sum(axis=0)", "1"),
        "x and dy are summed over the batch separately; multiply them example by example, then sum": (
            "x.T @ dy", "np.outer(x.sum(axis=0), dy.sum(axis=0))"),
        "x and dy are averaged over the batch separately; multiply them example by example, then sum": (
            "x.T @ dy", "np.outer(x.mean(axis=0), dy.mean(axis=0))"),
        "there is a factor x too many in dx: ∂y/∂x is W alone": ("dy @ W.T", "x * (dy @ W.T)"),
        "dW is the mean over the batch, but the sum is needed": ("x.T @ dy", "x.T @ dy / len(x)"),
    }},
    "2": {"tanh_backward": {
        "tanh (or 1/cosh²) is taken of y, but y is tanh(x) already": ("y ** 2", "np.tanh(y) ** 2"),
        "tanh is applied to dy: the chain rule multiplies dy with the derivative": ("dy * (1 - y ** 2)", "np.tanh(dy) * (1 - y ** 2)"),
        "this is the derivative of the sigmoid, y (1 − y); that of tanh is 1 − y²": ("(1 - y ** 2)", "y * (1 - y)"),
        "this is the derivative of 1 − y², but 1 − y² is already the derivative of tanh": ("(1 - y ** 2)", "(-2 * y)"),
        "tanh itself is taken; its derivative is 1 − y²": ("(1 - y ** 2)", "y"),
        "the root of 1 − y² is taken, but 1 − y² is needed": ("(1 - y ** 2)", "np.sqrt(1 - y ** 2)"),
        "a matrix product is taken; the chain rule is elementwise here": ("dy * (1 - y ** 2)", "dy @ (1 - y ** 2).T"),
        "this is the derivative of arctanh, 1/(1 − y²): that of tanh is 1 − y²": ("* (1 - y ** 2)", "/ (1 - y ** 2)"),
        "y is squared together with 1: (1 − y)² where 1 − y² is needed": ("(1 - y ** 2)", "(1 - y) ** 2"),
        "the mask of relu is taken, but this is tanh": ("(1 - y ** 2)", "(y > 0)"),
    }, "relu_backward": {
        "the mask has two conditions, but only y > 0 decides: a negative dy passes too": ("(y > 0)", "(y > 0) * (dy > 0)"),
        "this is relu(dy): the mask depends on y, not on dy": ("dy * (y > 0)", "np.maximum(dy, 0)"),
        "dy is multiplied by y, but the slope is 1 where y > 0": ("(y > 0)", "y"),
        "relu is applied to y once more: the slope is 1 where y > 0, not y": ("(y > 0)", "np.maximum(y, 0) * (dy > 0)"),
        "the smaller of dy and y is taken; a mask is needed": ("dy * (y > 0)", "np.minimum(dy, y)"),
        "the larger of dy and y is taken; a mask is needed": ("dy * (y > 0)", "np.maximum(dy, y)"),
        "this is the derivative of tanh": ("(y > 0)", "(1 - y ** 2)"),
        "this is the derivative of a leaky relu: it is 0, not a small number, where y is 0": (
            "dy * (y > 0)", "np.where(y > 0, dy, 0.01 * dy)"),
        "the mask is the wrong way round: dy where y > 0": ("(y > 0)", "(y <= 0)"),
        "−1 is taken where y is 0, but the slope there is 0": ("(y > 0)", "np.where(y > 0, 1, -1)"),
        "½ is taken where y is 0, but the slope there is 0": ("(y > 0)", "np.heaviside(y, 0.5)"),
        "it is y where y > 0, without dy": ("dy * (y > 0)", "y * (y > 0)"),
    }},
    "3": {"mlp_backward": {
        "there is no tanh after the last layer, but its derivative is in dy": (
            "for i in", "dy = dy * (1 - (inputs[-1] @ layers[-1][0] + layers[-1][1]) ** 2)\nfor i in"),
        "the output is subtracted from dy, but dy is the gradient already": (
            "for i in", "dy = dy - (inputs[-1] @ layers[-1][0] + layers[-1][1])\nfor i in"),
        "the derivative of tanh is left out, or its result is not used: after the linear layer, dy = tanh_backward(dy, inputs[i])": (
            "    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n", ""),
        "x is not the output of a tanh: use tanh_backward for i > 0 only": (
            "    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n", "    dy = tanh_backward(dy, inputs[i])\n"),
        "grads was replaced by a new list, so nothing is written into the arrays that were given": (
            "for i in reversed", "grads = [(dW.copy(), db.copy()) for dW, db in grads]\nfor i in reversed"),
        "tanh is applied to inputs[i] once more: it is the output of a tanh already": (
            "tanh_backward(dy, inputs[i])", "tanh_backward(dy, np.tanh(inputs[i]))"),
        "the derivative of tanh is 1 − y², not 1 − y": ("tanh_backward(dy, inputs[i])", "dy * (1 - inputs[i])"),
        "the derivative of relu is taken, but the activation is tanh": (
            "tanh_backward(dy, inputs[i])", "dy * (inputs[i] > 0)"),
        "there is no tanh after the last layer: this is the derivative at tanh(dy)": (
            "for i in", "dy = tanh_backward(dy, np.tanh(dy))\nfor i in"),
        "tanh_backward returns the gradient; do not take 1 − (...)² of that": (
            "tanh_backward(dy, inputs[i])", "dy * (1 - tanh_backward(dy, inputs[i]) ** 2)"),
        "there is no tanh after the last layer": ("for i in reversed(range(len(layers))):\n", (
            "y = inputs[-1] @ layers[-1][0] + layers[-1][1]\ndy = tanh_backward(dy, np.tanh(y))\n"
            "for i in reversed(range(len(layers))):\n")),
        "tanh_backward(dy, dy): its second argument is the output of the tanh, inputs[i]": (
            "tanh_backward(dy, inputs[i])", "tanh_backward(dy, dy)"),
        "tanh is applied to the gradient; multiply it with the derivative of tanh": (
            "tanh_backward(dy, inputs[i])", "np.tanh(dy)"),
        "the linear layer and the tanh are in the wrong order: inputs[i] is the output of the tanh before layer i": (
            "    dy = linear_backward(dy, inputs[i], W, dW, db)\n    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n",
            "    if i < len(layers) - 1:\n        dy = tanh_backward(dy, inputs[i + 1])\n"
            "    dy = linear_backward(dy, inputs[i], W, dW, db)\n    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n"),
        "the tanh after the first layer is left out: the condition is i > 0": ("if i > 0", "if i > 1"),
        "the last tanh is left out: every linear layer but the first comes after one": (
            "if i > 0", "if 0 < i < len(layers) - 1"),
        "dy is not carried on: each layer gets the dy of the output, not that of the layer above": (
            "    dy = linear_backward(dy, inputs[i], W, dW, db)\n    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\nreturn dy",
            "    dx = linear_backward(dy if i == 2 else np.ones((len(dy), W.shape[1])), inputs[i], W, dW, db)\nreturn dx"),
        "the first layer is left out": ("reversed(range(len(layers)))", "reversed(range(1, len(layers)))"),
    }},
    "4": {"autoencoder_backward": {
        "the squared error itself goes back; its derivative −2 (x − x̂) has to": ("-2 * (x - x_hat)", "(x - x_hat) ** 2"),
        "the sign of the error goes back, which is the derivative of |x − x̂|; the loss has squares": (
            "-2 * (x - x_hat)", "-np.sign(x - x_hat)"),
        "x̂ is not the output of a sigmoid: the factor x̂ (1 − x̂) is too many": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat) * x_hat * (1 - x_hat)"),
        "x̂ is not the output of a tanh: the factor 1 − x̂² is too many": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat) * (1 - x_hat ** 2)"),
        "z is not the output of a tanh: the encoder's last layer is linear": (
            "mlp_backward(dz, encoder", "mlp_backward(dz * (1 - decoder_inputs[0] ** 2), encoder"),
        "this is the derivative of the cross-entropy; the loss is the squared error": (
            "-2 * (x - x_hat)", "-(x / x_hat - (1 - x) / (1 - x_hat))"),
        "the errors are averaged over the batch first; each example has its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).mean(axis=0) * np.ones((len(x), 1))"),
        "the errors are summed over the pixels first; each pixel has its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).sum(axis=1, keepdims=True) * np.ones(x.shape)"),
        "the errors are averaged over the pixels first; each pixel has its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).mean(axis=1, keepdims=True) * np.ones(x.shape)"),
        "the way back is that of relu, but the activation is tanh": ('"tanh"', '"relu"'),
        "the activation of the decoder is tanh, but its way back is that of relu": (
            'model.decoder_grads, "tanh"', 'model.decoder_grads, "relu"'),
        "the activation of the encoder is tanh, but its way back is that of relu": (
            'model.encoder_grads, "tanh"', 'model.encoder_grads, "relu"'),
        "this is the derivative of the root ‖x − x̂‖; the loss has its square": (
            "-2 * (x - x_hat)", "-(x - x_hat) / np.sqrt(((x - x_hat) ** 2).sum(axis=1, keepdims=True))"),
        "it is a mean over the pixels too; the loss sums over the pixels, and averages over the N examples": (
            "/ len(x)", "/ x.size"),
        "it is divided by the number of pixels, not by that of the examples": ("/ len(x)", "/ x.shape[1]"),
        "dx̂ is 1/N or −1/N for every pixel: the error itself is missing": ("-2 * (x - x_hat)", "np.ones(x.shape)"),
        "the loss goes back, one number for all pixels; its derivative has to": (
            "-2 * (x - x_hat)", "((x - x_hat) ** 2).sum(axis=1).mean() * np.ones(x.shape)"),
        "the code z goes into the encoder, but its gradient dz has to": ("mlp_backward(dz, ", "mlp_backward(decoder_inputs[0], "),
        "dz is divided by N once more: 1/N comes in once": ("mlp_backward(dz, ", "mlp_backward(dz / len(x), "),
        "the sign of dz is wrong": ("mlp_backward(dz, ", "mlp_backward(-dz, "),
        "the encoder's gradients are not computed: hand dz on to the encoder's mlp_backward": (
            'mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")', ""),
    }},
    "5": {"log_prob_backward": {
        "this is the derivative with respect to x, but a is needed": ("(x - sigmoid(a))", "a"),
        "x − a where x − sigmoid(a) is needed: π is sigmoid(a), not a": ("sigmoid(a)", "a"),
        "softplus is not differentiated: its derivative is sigmoid": ("sigmoid(a)", "softplus(a)"),
        "softplus′ is sigmoid itself, not the derivative of sigmoid": ("sigmoid(a)", "sigmoid(a) * (1 - sigmoid(a))"),
        "there is one factor π (1 − π) too many: it is sigmoid′, and it cancels": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) * sigmoid(a) * (1 - sigmoid(a))"),
        "this is the derivative with respect to π: the link ∂π/∂a = π (1 − π) is missing": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) / (sigmoid(a) * (1 - sigmoid(a)))"),
        "this is dlogp times the probability of x, not the derivative of its logarithm": (
            "(x - sigmoid(a))", "(x * sigmoid(a) + (1 - x) * (1 - sigmoid(a)))"),
        "this is dlogp times log p, not its derivative": ("(x - sigmoid(a))", "(x * a - softplus(a))"),
        "this is x (1 − π), zero for the pixels with x = 0: there it has to be −π": ("(x - sigmoid(a))", "x * (1 - sigmoid(a))"),
        "the pixels with x = 0 have the wrong sign": ("(x - sigmoid(a))", "(x * (1 - sigmoid(a)) + (1 - x) * sigmoid(a))"),
        "1 − sigmoid(a) for all pixels: that is right for x = 1 only": ("(x - sigmoid(a))", "(1 - sigmoid(a))"),
        "π is rounded to 0 or 1; sigmoid(a) itself is needed": ("sigmoid(a)", "(a > 0)"),
        "the ½ inside the tanh of the sigmoid is missing: this is sigmoid(2 a)": ("sigmoid(a)", "sigmoid(2 * a)"),
        "each pixel is divided by its probability": ("(x - sigmoid(a))", "(x / sigmoid(a) - (1 - x))"),
        "the pixels are averaged, but log p sums over them": ("(x - sigmoid(a))", "(x - sigmoid(a)) / a.shape[1]"),
        "the pixels are summed; each has its own derivative": (
            "(x - sigmoid(a))", "(x - sigmoid(a)).sum(axis=1, keepdims=True) * np.ones(a.shape)"),
        "the error is squared": ("(x - sigmoid(a))", "(x - sigmoid(a)) ** 2"),
        "the softmax over the pixels is taken; each pixel has its own sigmoid": (
            "sigmoid(a)", "np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)"),
        "sigmoid is applied twice: π is sigmoid(a)": ("sigmoid(a)", "sigmoid(sigmoid(a))"),
    }},
    "6": {"sample_backward": {
        "½ z is used where ½ σ ε = ½ (z − μ) is needed": ("eps * 0.5 * sigma", "0.5 * (mu + sigma * eps)"),
        "the factor log σ² is too many: the derivative of exp(½ log σ²) is ½ exp(½ log σ²)": ("* 0.5 * sigma", "* 0.5 * sigma * logvar"),
        "μ and log σ² are taken for each other: h = [μ, log σ²]": ("sigma = ", "mu, logvar = logvar, mu\nsigma = "),
        "this is the derivative with respect to σ: the link ∂σ/∂log σ² = ½ σ is missing": ("dz * eps * 0.5 * sigma", "dz * eps"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": (
            "dz * eps * 0.5 * sigma", "dz * eps * sigma"),
        "it is divided by σ, but has to be multiplied by it (this is the derivative with respect to σ²)": (
            "dz * eps * 0.5 * sigma", "dz * eps * 0.5 / sigma"),
        "there is one factor σ too many: exp(log σ²) is σ², but σ = exp(½ log σ²) is needed": ("* sigma", "* sigma ** 2"),
        "z is used where ε is needed": ("* eps", "* (mu + sigma * eps)"),
        "log σ² is used where σ is needed: exp is missing": ("* sigma", "* logvar"),
        "σ = exp(½ log σ²), not the root of log σ²": ("* sigma", "* np.sqrt(np.abs(logvar))"),
        "the part for μ has the factor σ, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * sigma"),
        "the part for μ has the factor ε, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * eps"),
        "the part for μ has the factor μ, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * mu"),
        "the part for μ is 1: the upstream gradient dz is left out": ("dmu = dz", "dmu = np.ones(dz.shape)"),
        "the part for μ is zero": ("dmu = dz", "dmu = np.zeros(dz.shape)"),
        "the part for log σ² is zero: z depends on σ too": ("dz * eps * 0.5 * sigma", "np.zeros(dz.shape)"),
        "μ is added in the part for log σ²: that is z, not its derivative": (
            "dz * eps * 0.5 * sigma", "dz * (mu + eps * 0.5 * sigma)"),
        "the parts for μ and log σ² alternate; they have to stand one after the other": (
            "np.concatenate([dmu, dlogvar], axis=-1)", "np.stack([dmu, dlogvar], axis=-1).reshape(h.shape)"),
        "the parts are joined along the examples, (2N, Z): use axis=-1": ("axis=-1", "axis=0"),
        "the KL's gradient is added, which belongs to another function": ("dmu = dz", "dmu = dz + mu"),
    }},
    "7": {"kl_backward": {
        "μ and log σ² are taken for each other: h = [μ, log σ²]": ("dmu = ", "mu, logvar = logvar, mu\ndmu = "),
        "exp(½ log σ²) is σ, but σ² = exp(log σ²) is needed": ("np.exp(logvar)", "np.exp(0.5 * logvar)"),
        "exp(2 log σ²) is σ⁴, but σ² = exp(log σ²) is needed": ("np.exp(logvar)", "np.exp(2 * logvar)"),
        "this is the derivative with respect to σ, but log σ² is needed": (
            "0.5 * (np.exp(logvar) - 1)", "(np.exp(0.5 * logvar) - np.exp(-0.5 * logvar))"),
        "this is the derivative with respect to σ²: the link ∂σ²/∂log σ² = σ² is missing": (
            "(np.exp(logvar) - 1)", "(1 - np.exp(-logvar))"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": ("0.5 * (", "("),
        "there is one factor σ² too many: this is the derivative with respect to log σ² already": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 1) * np.exp(logvar)"),
        "the derivative of −log σ² with respect to log σ² is −1, not −1/σ²": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - np.exp(-logvar))"),
        "the derivative of σ² is missing: only −½ is there": ("0.5 * (np.exp(logvar) - 1)", "np.full(mu.shape, -0.5)"),
        "log σ² is not differentiated: its derivative is 1, and the constant −1 vanishes": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 1 - logvar)"),
        "log σ² is not differentiated: its derivative is 1": ("(np.exp(logvar) - 1)", "(np.exp(logvar) - logvar)"),
        "the constant −1 of the KL vanishes in the derivative, but it is counted too: −2": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 2)"),
        "this is the KL's term itself, not its derivative": (
            "0.5 * (np.exp(logvar) - 1)", "0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar)"),
        "μ² is not differentiated: its derivative is 2 μ": ("* mu", "* mu ** 2"),
        "½ μ² is not differentiated: its derivative is μ": ("* mu", "* 0.5 * mu ** 2"),
        "the derivative of ½ μ² is μ, not ½ μ": ("* mu", "* 0.5 * mu"),
        "the derivative of ½ μ² is μ, not 2 μ: the ½ cancels the 2": ("* mu", "* 2 * mu"),
        "μ is divided by σ², but the prior's variance is 1": ("* mu", "* mu / np.exp(logvar)"),
        "the absolute value of μ is taken": ("* mu", "* np.abs(mu)"),
        "the part for μ is zero": ("dkl[:, None] * mu", "np.zeros(mu.shape)"),
        "the other KL, KL(p ‖ q), is differentiated": ("dkl[:, None] * 0.5 * (np.exp(logvar) - 1)",
                                                    "dkl[:, None] * 0.5 * (1 - (1 + mu ** 2) * np.exp(-logvar))"),
        "μ² is in the part for log σ², where it does not belong": ("(np.exp(logvar) - 1)", "(mu ** 2 + np.exp(logvar) - 1)"),
        "the parts for μ and log σ² alternate; they have to stand one after the other": (
            "np.concatenate([dmu, dlogvar], axis=-1)", "np.stack([dmu, dlogvar], axis=-1).reshape(h.shape)"),
        "the parts are joined along the examples, (2N, Z): use axis=-1": ("axis=-1", "axis=0"),
    }},
    "8": {"log_prob_backward": {
        "exp(s) is taken for σ and squared, but it is the variance (without the floor)": (
            "variance = FLOOR", "s = 2 * s\nvariance = FLOOR"),
        "exp(s) is taken for σ, but it is the variance: s is not log σ": """
variance, d = FLOOR + np.exp(2 * s), dlogp[:, None]
return np.concatenate([d * (x - m) / variance, d * ((x - m) ** 2 / variance - 1) / variance * np.exp(2 * s)], axis=-1)""",
        "m and s are taken for each other: a = [m, s]": ("variance = FLOOR", "m, s = s, m\nvariance = FLOOR"),
        "σ² is used as ∂σ²/∂s, but that is exp(s), without the floor": ("* np.exp(s)", "* variance"),
        "the floor is inside exp: σ² = FLOOR + exp(s)": ("FLOOR + np.exp(s)", "np.exp(FLOOR + s)"),
        "the floor is the larger of two here, but σ² = FLOOR + exp(s)": ("FLOOR + np.exp(s)", "np.maximum(FLOOR, np.exp(s))"),
        "this is the derivative with respect to σ²: the link ∂σ²/∂s = exp(s) is missing": (" * np.exp(s)", ""),
        "this is the derivative with respect to σ, but s is needed: σ² = FLOOR + exp(s)": (
            "* np.exp(s)", "* 2 * np.sqrt(variance)"),
        "∂σ²/∂s is exp(s), not s": ("* np.exp(s)", "* s"),
        "exp(½ s) is taken where exp(s) is needed": ("FLOOR + np.exp(s)", "FLOOR + np.exp(0.5 * s)"),
        "σ is taken where σ² is needed: (x − m)/σ²": ("(x - m) / variance\n", "(x - m) / np.sqrt(variance)\n"),
        "½ is kept in the part for m: ½ · 2 (x − m)/σ² is needed": ("* (x - m) / variance\n", "* 0.5 * (x - m) / variance\n"),
        "the factor is 2 in the part for m, but ½ · 2 = 1 is needed": ("* (x - m) / variance\n", "* 2 * (x - m) / variance\n"),
        "(x − m)²/σ² is not differentiated with respect to σ²: that gives (x − m)²/σ⁴": (
            "(x - m) ** 2 / variance ** 2", "(x - m) ** 2 / variance"),
        "log σ² is not differentiated: its derivative is 1/σ²": (" - 1 / variance", " - np.log(variance)"),
        "the derivative of log σ² with respect to σ² is 1/σ², not 1": (" - 1 / variance", " - 1"),
        "the link ∂σ²/∂s belongs to both terms; that of log σ² lacks it": (
            "(x - m) ** 2 / variance ** 2 - 1 / variance)\nds = dvariance * np.exp(s)",
            "(x - m) ** 2 / variance ** 2 * np.exp(s) - 1)\nds = dvariance"),
        "the constant log 2π is counted in the derivative": (" - 1 / variance", " - 1 / variance - np.log(2 * np.pi)"),
        "the parts for m and s alternate; they have to stand one after the other": (
            "np.concatenate([dm, ds], axis=-1)", "np.stack([dm, ds], axis=-1).reshape(a.shape)"),
        "the parts are joined along the examples, (2N, D): use axis=-1": ("axis=-1", "axis=0"),
    }},
    "9": {"vae_backward": {
        "dz and eps are swapped: sample_backward(dz, h, eps)": ("sample_backward(dz, h, eps)", "sample_backward(eps, h, dz)"),
        "the loss is log p − KL here, but it is −log p + KL: both signs are wrong": (
            "da = p.log_prob_backward(-ones / N, x, a)", "ones = -ones\nda = p.log_prob_backward(-ones / N, x, a)"),
        "the KL counts N times: dkl is 1/N, not 1": ("q.kl_backward(ones / N, h)", "q.kl_backward(ones, h)"),
        "log p counts N times: dlogp is −1/N, not −1": ("-ones / N", "-ones"),
        "1/N is missing in both: the loss is a mean over the batch": ("ones / N", "ones"),
        "dlogp is −1/N: the sign of log p in the loss is −": ("-ones / N", "ones / N"),
        "the KL has the wrong sign: the loss is −log p + KL": (" + q.kl", " - q.kl"),
        "the KL is missing: add both paths to dh (a second call of mlp_backward overwrites what the first has written)": (" + q.kl_backward(ones / N, h)", ""),
        "only the KL is there: add both paths to dh (a second call of mlp_backward overwrites what the first has written)": (
            "q.sample_backward(dz, h, eps) + ", ""),
        "the KL's gradient goes straight into h, not through the sample": (
            "q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)",
            "q.sample_backward(dz + q.kl_backward(ones / N, h)[:, :dz.shape[1]], h, eps)"),
        "the noise is drawn again: use the eps of the forward pass": (
            "dz, h, eps)", "dz, h, np.random.default_rng(0).standard_normal(eps.shape))"),
        "the reconstruction reaches log σ² too, through z and its ε: sample_backward(dz, h, eps) gives both parts": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, 0 * dz], axis=1)"),
        "dz goes to log σ² without its factor ½ σ ε: use sample_backward": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, dz], axis=1)"),
        "dz goes to log σ² without its factor ½ σ: use sample_backward": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, dz * eps], axis=1)"),
        "the two paths add; they are not multiplied": (") + q.kl", ") * q.kl"),
        "the mean of the two paths is taken, but they add": (
            "q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)",
            "0.5 * (q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h))"),
        "the KL reaches only μ": ("q.kl_backward(ones / N, h)",
                                 "np.where(np.arange(h.shape[1]) < dz.shape[1], q.kl_backward(ones / N, h), 0)"),
        "the KL reaches only log σ²": ("q.kl_backward(ones / N, h)",
                                     "np.where(np.arange(h.shape[1]) < dz.shape[1], 0, q.kl_backward(ones / N, h))"),
        "p.log_prob_backward takes the logits a, not the probabilities": (
            "x, a)", "x, 0.5 * (1 + np.tanh(0.5 * a)))"),
        "the error x̂ − x of the squared error goes back; here p is Bernoulli": (
            "p.log_prob_backward(-ones / N, x, a)", "2 * (a - x) / N"),
        "the way back is that of relu, but the activation is tanh": ('"tanh"', '"relu"'),
        "z is taken where its gradient dz belongs": ("sample_backward(dz, ", "sample_backward(decoder_inputs[0], "),
        "dz is divided by N once more": ("sample_backward(dz, ", "sample_backward(dz / N, "),
        "it is divided by the number of pixels, not of examples": ("-ones / N", "-ones / x.shape[1]"),
        "it is divided by the number of pixels too: log p sums over them": ("-ones / N", "-ones / x.size"),
        "the KL is divided by the number of latents: it sums over them": (
            "q.kl_backward(ones / N, h)", "q.kl_backward(ones / N / dz.shape[1], h)"),
        "the KL is divided by the number of pixels": ("q.kl_backward(ones / N, h)", "q.kl_backward(ones / N / x.shape[1], h)"),
        "the encoder's gradients are not computed": (
            'mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")', ""),
    }},
    "10": {"adam_step": {
        "ε is added to √v, not to √v̂: in this form of the step it has to be ε √(1 − β₂ᵗ)": (
            "+ epsilon", "+ epsilon / np.sqrt(1 - beta2 ** t)"),
        "neither m nor v is divided by its 1 − βᵗ": (
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)", "m_hat = m\nv_hat = v"),
        "m is not divided by 1 − β₁ᵗ": ("m / (1 - beta1 ** t)", "m"),
        "v is not divided by 1 − β₂ᵗ": ("v / (1 - beta2 ** t)", "v"),
        "ε is inside the root, but belongs outside": ("np.sqrt(v_hat) + epsilon", "np.sqrt(v_hat + epsilon)"),
        "the brackets are missing: ε belongs below the line, to the root": (
            "/ (np.sqrt(v_hat) + epsilon)", "/ np.sqrt(v_hat) + epsilon"),
        "the square root of v̂ is left out": ("np.sqrt(v_hat)", "v_hat"),
        "the step goes uphill: the sign of the update is wrong": ("theta -= ", "theta += "),
        "the corrections are those of step 1: the power t is missing": (
            "m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)", "m / (1 - beta1)\nv_hat = v / (1 - beta2)"),
        "the power is t + 1 in the corrections, but t counts from 1 already": ("** t", "** (t + 1)"),
        "the power is t − 1 in the corrections, but t is needed": ("** t", "** (t - 1 + 1e-12)"),
        "β t where βᵗ is needed": (" ** t", " * t"),
        "m and v are new arrays: the caller's stay as they were; change them in place (m *= ..., m += ...)": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2",
            "m = beta1 * m + (1 - beta1) * g\nv = beta2 * v + (1 - beta2) * g ** 2"),
        "m is a new array: the caller's stays as it was; change it in place (m *= ..., m += ...)": (
            "m *= beta1\nm += (1 - beta1) * g", "m = beta1 * m + (1 - beta1) * g"),
        "v is a new array: the caller's stays as it was; change it in place (v *= ..., v += ...)": (
            "v *= beta2\nv += (1 - beta2) * g ** 2", "v = beta2 * v + (1 - beta2) * g ** 2"),
        "theta is a new array: the caller's stays as it was; change it in place (theta -= ...)": (
            "theta -= lr", "theta = theta - lr"),
        "nothing is changed in place: theta, m and v are new arrays, which the caller never gets": "return theta - g, m, v",
        "the corrected m̂ and v̂ are written into m and v; these have to stay uncorrected": (
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)",
            "m /= 1 - beta1 ** t\nv /= 1 - beta2 ** t\nm_hat, v_hat = m, v"),
        "β and 1 − β are exchanged in the running means": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2",
            "m *= 1 - beta1\nm += beta1 * g\nv *= 1 - beta2\nv += beta2 * g ** 2"),
        "β and 1 − β are exchanged in m": ("m *= beta1\nm += (1 - beta1) * g", "m *= 1 - beta1\nm += beta1 * g"),
        "β and 1 − β are exchanged in v": ("v *= beta2\nv += (1 - beta2) * g ** 2", "v *= 1 - beta2\nv += beta2 * g ** 2"),
        "β₁ is used for v too: β₂ belongs to v": ("m *= beta1", "beta2 = beta1\nm *= beta1"),
        "β₂ is used for m too: β₁ belongs to m": ("m *= beta1", "beta1 = beta2\nm *= beta1"),
        "β₁ is used in both corrections: v takes β₂": ("v / (1 - beta2 ** t)", "v / (1 - beta1 ** t)"),
        "β₂ is used in both corrections: m takes β₁": ("m / (1 - beta1 ** t)", "m / (1 - beta2 ** t)"),
        "the factors 1 − β are missing in m and v": (
            "m += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2", "m += g\nv *= beta2\nv += g ** 2"),
        "v takes g where g² is needed": ("g ** 2", "g"),
        "v takes the mean of g² over all parameters; each parameter has its own": ("g ** 2", "(g ** 2).mean()"),
        "v takes the sum of g² over all parameters; each parameter has its own": ("g ** 2", "(g ** 2).sum()"),
        "m̂ is missing: the plain gradient is taken": ("lr * m_hat", "lr * g"),
        "v̂ is missing: this is momentum": ("lr * m_hat / (np.sqrt(v_hat) + epsilon)", "lr * m_hat"),
        "m and v are set to zero at each step, but they are running means": (
            "m *= beta1\n", "m *= 0\nv *= 0\nm *= beta1\n"),
        "theta is changed before m and v: use the means that include this g": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2\n"
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)\ntheta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)",
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)\ntheta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)\n"
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2"),
        "this is plain gradient descent: m and v are not used": (
            "lr * m_hat / (np.sqrt(v_hat) + epsilon)", "lr * g"),
        "the sign of g² is lost: m is divided by v̂, not by its root": ("np.sqrt(v_hat)", "v_hat ** 2"),
    }},
    "11": {"log_prob_backward": {
        "the softmax is missing: the logits themselves are subtracted": (
            "np.exp(log_softmax(a))", "a.reshape(len(a), -1, K)"),
        "there is a factor π[x] too many: this is the derivative of π[x], not of its logarithm": (
            "(one_hot(x) - pi)", "(one_hot(x) - pi) * (one_hot(x) * pi).sum(axis=-1, keepdims=True)"),
        "the case k = x is left out: one_hot is missing": ("one_hot(x) - pi", "-pi"),
        "the case k ≠ x is left out: −π[k], not 0": ("one_hot(x) - pi", "one_hot(x) * (1 - pi)"),
        "where k ≠ x the derivative is −π[k], not +π[k]": ("one_hot(x) - pi", "np.where(one_hot(x) == 1, 1 - pi, pi)"),
        "where k = x the derivative is 1 − π, not −π": ("one_hot(x) - pi", "np.where(one_hot(x) == 1, -(1 - pi), -pi)"),
        "−π is missing: the derivative of log Σ exp a": ("one_hot(x) - pi", "one_hot(x)"),
        "there is one factor π (1 − π) too many": ("one_hot(x) - pi", "(one_hot(x) - pi) * pi * (1 - pi)"),
        "there is one factor π too many: this is the derivative of π, not of log π": ("one_hot(x) - pi", "(one_hot(x) - pi) * pi"),
        "the derivative of log Σ exp a is π, not π (1 − π)": ("one_hot(x) - pi", "one_hot(x) - pi * (1 - pi)"),
        "this is the derivative with respect to π, one_hot/π; a is asked": ("one_hot(x) - pi", "one_hot(x) / pi"),
        "it is divided by π: (one_hot − π)/π": ("one_hot(x) - pi", "(one_hot(x) - pi) / pi"),
        "log π is used where π is needed: exp is missing": ("np.exp(log_softmax(a))", "log_softmax(a)"),
        "exp(a) is not normalized: π = exp(a)/Σ exp(a), over the K logits of a pixel": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K))"),
        "exp(a − max) is not normalized: divide by the sum over the K logits of a pixel": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K) - a.reshape(len(a), -1, K).max(axis=2, keepdims=True))"),
        "the softmax is taken over the whole row; each pixel has its own, over its K logits": (
            "np.exp(log_softmax(a))", "(np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)).reshape(len(a), -1, K)"),
        "the softmax is normalized over the pixels (axis 1); the K logits of a pixel are the last axis": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K)) / np.exp(a.reshape(len(a), -1, K)).sum(axis=1, keepdims=True)"),
        "the softmax is normalized over the batch (axis 0); the K logits of a pixel are the last axis": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K)) / np.exp(a.reshape(len(a), -1, K)).sum(axis=0)"),
        "the softmax is normalized over everything; each pixel has its own": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K)) / np.exp(a).sum()"),
        "π is normalized once more: it sums to 1 already, over another axis": (
            "np.exp(log_softmax(a))", "np.exp(log_softmax(a)) / np.exp(log_softmax(a)).sum(axis=1, keepdims=True)"),
        "sigmoid is taken where the softmax is needed": (
            "np.exp(log_softmax(a))", "1 / (1 + np.exp(-a.reshape(len(a), -1, K)))"),
        "the logits are taken kind after kind; they lie pixel after pixel: (N, D, K)": (
            "np.exp(log_softmax(a))", "np.exp(log_softmax(a.reshape(len(a), K, -1).transpose(0, 2, 1).reshape(a.shape)))"),
        "the result lies kind after kind; it has to lie pixel after pixel": (
            "da.reshape(a.shape)", "da.transpose(0, 2, 1).reshape(a.shape)"),
        "x itself is used where one_hot(x) is needed": ("one_hot(x)", "x[..., None]"),
        "the one-hot is shifted by one: the kinds count from 0": ("one_hot(x)", "one_hot(x - 1)"),
        "the one-hot is shifted by one: kind k is at index k": ("one_hot(x)", "one_hot(x + 1)"),
        "the most probable kind is taken where x is needed": ("one_hot(x)", "one_hot(pi.argmax(axis=-1))"),
        "1/K is subtracted where π is needed": ("one_hot(x) - pi", "one_hot(x) - 1 / K"),
        "this is dlogp times log π, not its derivative": ("one_hot(x) - pi", "one_hot(x) * log_softmax(a)"),
        "the pixels are averaged; log p sums over them": ("one_hot(x) - pi", "(one_hot(x) - pi) / x.shape[1]"),
        "it is divided by K": ("one_hot(x) - pi", "(one_hot(x) - pi) / K"),
        "the pixels are summed; each has its own derivative": (
            "one_hot(x) - pi", "(one_hot(x) - pi).sum(axis=1, keepdims=True) * np.ones(pi.shape)"),
        "1 − π is taken for all kinds: that is right for k = x only": ("one_hot(x) - pi", "1 - pi"),
    }},
    "12": {"sample_backward": {
        "the diagonal is treated like log σ² of exercise 6, with ½ in front and in the exponent: here it is log C_ii": (
            " * C[:, range(Z), range(Z)]", " * 0.5 * np.sqrt(C[:, range(Z), range(Z)])"),
        "½ is in the exponent: C_ii = exp(log C_ii)": (" * C[:, range(Z), range(Z)]", " * np.sqrt(C[:, range(Z), range(Z)])"),
        "z − μ is the whole sum Σ_j C_ij ε_j; only C_ii ε_i depends on C_ii": (
            "dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)]", "dz * (C @ eps[..., None])[..., 0]"),
        "dC is multiplied by Cᵀ, but C itself is the parameter, not C Cᵀ": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = (dC @ C.transpose(0, 2, 1))[:, BELOW[0], BELOW[1]]"),
        "the factor ∂C_ii/∂log C_ii = C_ii is left out": (" * C[:, range(Z), range(Z)]", ""),
        "½ C_ii where C_ii is needed: here log C_ii is the parameter, not log C_ii²": (
            " * C[:, range(Z), range(Z)]", " * 0.5 * C[:, range(Z), range(Z)]"),
        "log C_ii is used where C_ii is needed": (" * C[:, range(Z), range(Z)]", " * h[:, Z:2 * Z]"),
        "exp(C_ii): C_ii is the exponential already": (" * C[:, range(Z), range(Z)]", " * np.exp(C[:, range(Z), range(Z)])"),
        "the elements below the diagonal have a factor C_ij, but only the diagonal is a logarithm": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dC[:, BELOW[0], BELOW[1]] * C[:, BELOW[0], BELOW[1]]"),
        "dC is transposed, or its upper triangle is taken: dC_ij = dz_i ε_j": ("dC[:, BELOW[0], BELOW[1]]", "dC[:, BELOW[1], BELOW[0]]"),
        "ε_i is missing on the diagonal": ("dC[:, range(Z), range(Z)]", "dz"),
        "ε_j is missing below the diagonal": ("below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[0]]"),
        "ε_i is taken below the diagonal, but C_ij multiplies ε_j": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[0]] * eps[:, BELOW[0]]"),
        "dz_j is taken below the diagonal, but C_ij enters z_i": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[1]] * eps[:, BELOW[1]]"),
        "dz is missing on the diagonal": ("dC[:, range(Z), range(Z)]", "eps"),
        "∂z/∂μ = 1: the part for μ is dz, without ε": ("[dz, ", "[dz * eps, "),
        "∂z/∂μ = 1: the part for μ is dz, without C": ("[dz, ", "[(np.swapaxes(C, 1, 2) @ dz[..., None])[..., 0], "),
        "∂z/∂μ = 1: the part for μ is dz, not C dz": ("[dz, ", "[(C @ dz[..., None])[..., 0], "),
        "the part for μ is 1: dz is left out": ("[dz, ", "[np.ones(dz.shape), "),
        "z is used where ε is needed": ("eps[:, None, :]", "sample(h, eps)[:, None, :]"),
        "C ε = z − μ is used where ε is needed": ("eps[:, None, :]", "(C @ eps[..., None])[..., 0][:, None, :]"),
        "dC is made symmetric, but C is triangular: C_ij enters only z_i": (
            "dC = dz[:, :, None] * eps[:, None, :]",
            "dC = dz[:, :, None] * eps[:, None, :] + dz[:, None, :] * eps[:, :, None]\n"
            "dC[:, range(Z), range(Z)] /= 2"),
        "1 is added on the diagonal: that belongs to the entropy or the KL, not to the sample": (
            " * C[:, range(Z), range(Z)]", " * C[:, range(Z), range(Z)] + 1"),
        "dzᵀ ε sums over the batch; each example has its own C": (
            "dz[:, :, None] * eps[:, None, :]", "np.broadcast_to(dz.T @ eps, (len(h), Z, Z))"),
        "the diagonal is summed; C_ii enters only z_i": (
            "dC[:, range(Z), range(Z)]", "(dz * eps).sum(axis=1, keepdims=True)"),
        "the parts for log C_ii and below the diagonal are in the wrong order": ("diagonal, below]", "below, diagonal]"),
        "the elements below the diagonal are in the wrong order: row by row": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dC[:, [1, 2, 2], [0, 1, 0]]"),
        "the elements below the diagonal are zero: C_ij enters z_i too": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = np.zeros(dz.shape)"),
    }},
    "12b": {"log_jacobian": {
        "it is summed over the batch; each example has its own": ("sum(axis=1)", "sum(axis=0)"),
        "the sign is wrong: the slope z (1 − z) is below 1, and its logarithm negative": ("-(softplus", "(softplus"),
        "this is log z alone: log(1 − z) is missing": ("softplus(zeta) + softplus(-zeta)", "softplus(-zeta)"),
        "this is log(1 − z) alone: log z is missing": ("softplus(zeta) + softplus(-zeta)", "softplus(zeta)"),
        "softplus(ζ) is counted twice: log z is −softplus(−ζ)": ("softplus(zeta) + softplus(-zeta)", "2 * softplus(zeta)"),
        "softplus(−ζ) is counted twice: log(1 − z) is −softplus(ζ)": ("softplus(zeta) + softplus(-zeta)", "2 * softplus(-zeta)"),
        "this is the slope z (1 − z) itself: the logarithm is missing": (
            "-(softplus(zeta) + softplus(-zeta))", "(sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "this is the log of the sum; the sum of the logs is needed": (
            "-(softplus(zeta) + softplus(-zeta)).sum(axis=1)", "np.log((sigmoid(zeta) * (1 - sigmoid(zeta))).sum(axis=1))"),
        "log z and log(1 − z) have to be added; their difference is ζ, which is the log-Jacobian of exp": (
            "-(softplus(zeta) + softplus(-zeta))", "zeta"),
        "z is clipped, so this is not −800 at ζ = 800: use softplus": (
            "-(softplus(zeta) + softplus(-zeta))",
            "(np.log(np.clip(sigmoid(zeta), 1e-7, 1 - 1e-7)) + np.log(np.clip(1 - sigmoid(zeta), 1e-7, 1)))"),
        "the absolute value of ζ alone is right only far out": ("-(softplus(zeta) + softplus(-zeta))", "-np.abs(zeta)"),
        "tanh′ is taken, 1 − tanh², but the map is the sigmoid": (
            "-(softplus(zeta) + softplus(-zeta))", "np.log(1 - np.tanh(zeta) ** 2)"),
    }, "log_jacobian_backward": {
        "this is the derivative of log z alone: that of log(1 − z) is missing": ("(1 - 2 * sigmoid(zeta))", "(1 - sigmoid(zeta))"),
        "this is the derivative of log(1 − z) alone: that of log z is missing": ("(1 - 2 * sigmoid(zeta))", "(-sigmoid(zeta))"),
        "this is the slope z (1 − z) of the map, not the derivative of its logarithm": (
            "(1 - 2 * sigmoid(zeta))", "sigmoid(zeta) * (1 - sigmoid(zeta))"),
        "this is the derivative of the slope: divide by the slope, because of the logarithm": (
            "(1 - 2 * sigmoid(zeta))", "sigmoid(zeta) * (1 - sigmoid(zeta)) * (1 - 2 * sigmoid(zeta))"),
        "this is the derivative with respect to z: the link ∂z/∂ζ = z (1 − z) is missing": (
            "(1 - 2 * sigmoid(zeta))", "(1 - 2 * sigmoid(zeta)) / (sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "this is the inverse of the slope": ("(1 - 2 * sigmoid(zeta))", "1 / (sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "it is divided by the number of latents: the log-Jacobian is a sum": ("(1 - 2", "(1 / zeta.shape[1]) * (1 - 2"),
        "this is the log-Jacobian itself, not its derivative": (
            "(1 - 2 * sigmoid(zeta))", "-(softplus(zeta) + softplus(-zeta))"),
        "this is 1, the derivative of the log-Jacobian of exp": ("(1 - 2 * sigmoid(zeta))", "np.ones(zeta.shape)"),
        "tanh(ζ) is taken; 1 − 2 sigmoid(ζ) is −tanh(½ ζ)": ("(1 - 2 * sigmoid(zeta))", "-np.tanh(zeta)"),
        "the sign is that of ζ, right only far out": ("(1 - 2 * sigmoid(zeta))", "-np.sign(zeta)"),
    }},
    "13": {"score": {
        "the part for μ is ε, but (z − μ)/σ² = ε/σ is needed": ("eps / q.std()", "eps"),
        "the sign of the part for μ is wrong": ("eps / q.std()", "-eps / q.std()"),
        "z is used where z − μ is needed: μ is not subtracted": ("eps / q.std()", "(q.mean() + q.std() * eps) / q.std() ** 2"),
        "ε is standardized once more: it is (z − μ)/σ already": ("dmu = ", "eps = (eps - q.mean()) / q.std()\ndmu = "),
        "ε/σ is squared in the part for log σ²: (z − μ)²/σ² is ε²": ("(eps ** 2 - 1)", "((eps / q.std()) ** 2 - 1)"),
        "σ ε is squared in the part for log σ²: (z − μ)²/σ² is ε²": ("(eps ** 2 - 1)", "((eps * q.std()) ** 2 - 1)"),
        "−½ is missing in the part for log σ²": ("(eps ** 2 - 1)", "eps ** 2"),
        "ε² is missing in the part for log σ²": ("(eps ** 2 - 1)", "(0 * eps - 1)"),
        "½ belongs to both terms, but −1 lacks it": ("0.5 * (eps ** 2 - 1)", "0.5 * eps ** 2 - 1"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": ("0.5 * (", "("),
        "this is the derivative with respect to σ, but log σ² is needed": ("0.5 * (eps ** 2 - 1)", "(eps ** 2 - 1) / q.std()"),
        "this is the derivative with respect to σ², but log σ² is needed": (
            "0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) / q.std() ** 2"),
        "there is one factor σ² too many in the part for log σ²": ("0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) * q.std() ** 2"),
        "there is one factor σ too many in the part for log σ²": ("0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) * q.std()"),
        "this is ∂z/∂λ = [1, ½ σ ε] of the reparameterization, not the score": (
            "dmu = eps / q.std()\ndlogvar = 0.5 * (eps ** 2 - 1)", "dmu = np.ones(eps.shape)\ndlogvar = 0.5 * q.std() * eps"),
        "this is log q itself, not its derivative": (
            "0.5 * (eps ** 2 - 1)", "-0.5 * (eps ** 2 + 2 * np.log(q.std()) + np.log(2 * np.pi))"),
        "log σ² is not differentiated: its derivative is 1": ("(eps ** 2 - 1)", "(eps ** 2 - 2 * np.log(q.std()))"),
        "the score is averaged over the samples; each sample has its own": (
            "np.concatenate([dmu, dlogvar], axis=1)",
            "np.ones(eps.shape[:1])[:, None] * np.concatenate([dmu, dlogvar], axis=1).mean(axis=0)"),
        "the parts alternate; they have to stand one after the other": (
            "np.concatenate([dmu, dlogvar], axis=1)", "np.stack([dmu, dlogvar], axis=-1).reshape(len(eps), -1)"),
        "q.mean() is subtracted from ε: ε is z − μ, divided by σ": ("eps / q.std()", "(eps - q.mean()) / q.std()"),
    }, "best_coefficient": {
        "the a of a sample includes the sample's own f: leave it out, or the estimate is biased": (
            "above = (weight * f).sum(axis=0) - weight * f\nbelow = weight.sum(axis=0) - weight",
            "above = (weight * f).sum(axis=0)\nbelow = weight.sum(axis=0) + 0 * weight"),
        "the sample's own term is left out below, but not above": ("(axis=0) - weight * f", "(axis=0)"),
        "the sample's own term is left out above, but not below": ("below = weight.sum(axis=0) - weight", "below = weight.sum(axis=0)"),
        "a is f itself: only the sample's own term is left (or the sums run over the parameters, axis 1, not the samples)": ("return above / below", "return f + 0 * score"),
        "this is the plain mean of the other f: weight it by score²": (
            "weight = score ** 2", "weight = np.ones(score.shape)"),
        "f is weighted by the score, but its square is needed": ("score ** 2", "score"),
        "score is not squared above": ("(weight * f).sum(axis=0) - weight * f", "(score * f).sum(axis=0) - score * f"),
        "score is not squared below": ("below = weight.sum(axis=0) - weight", "below = score.sum(axis=0) - score"),
        "f is squared: Σ f score², not Σ (f score)²": ("weight * f", "weight * f ** 2"),
        "f is missing above": ("weight * f", "weight"),
        "it is divided by the number of the other samples, not by their Σ score²": ("below = weight.sum(axis=0) - weight", "below = len(f) - 1"),
        "it is divided by the number of samples, not by Σ score²": ("below = weight.sum(axis=0) - weight", "below = len(f)"),
        "the numerator is a mean over the other samples, the denominator a sum: it is S − 1 times too small": (
            "return above / below", "return above / (len(f) - 1) / below"),
        "the numerator is a mean over the samples, the denominator a sum: it is S times too small": (
            "return above / below", "return above / len(f) / below"),
        "the sums run over all parameters too; each has its own a": (
            "above = (weight * f).sum(axis=0) - weight * f\nbelow = weight.sum(axis=0) - weight",
            "above = (weight * f).sum() - (weight * f).sum(axis=1, keepdims=True) + 0 * weight\n"
            "below = weight.sum() - weight.sum(axis=1, keepdims=True)"),
        "f and score are centred (a covariance); the plain sums are needed": (
            "return above / below",
            "a = np.empty(score.shape)\n"
            "for s in range(len(f)):\n    c, g = np.delete(score, s, 0), np.delete(f * score, s, 0)\n"
            "    c = c - c.mean(axis=0)\n    a[s] = (c * g).sum(axis=0) / (c ** 2).sum(axis=0)\nreturn a"),
        "only the samples before are used; those after belong to the others too": (
            "return above / below",
            "above, below = (np.cumsum(x, axis=0) - x for x in (weight * f, weight))\n"
            "return np.where(below == 0, 0, above / np.where(below == 0, 1, below))"),
        "the sample's own term is counted twice, not left out": ("- weight", "+ weight"),
        "the sample's own f is subtracted without its weight": ("(axis=0) - weight * f", "(axis=0) - f"),
    }},
    "14": {"gaussian_factor": {
        "the sum over the others includes j = i: leave it out": (" - precision[i, i] * mean[i]", ""),
        "the own term is Λ_ii mean_i, but mean_i was left out of the sum": (" - precision[i, i] * mean[i]", " - mean[i]"),
        "the sum over the others has the wrong sign": ("shift[i] - others", "shift[i] + others"),
        "b_i enters with a plus: both signs are wrong": ("(shift[i] - others)", "-(shift[i] + others)"),
        "the sum over the others is left out": ("shift[i] - others", "shift[i]"),
        "the brackets are missing: all of b_i − Σ is divided by Λ_ii, not b_i alone": (
            "(shift[i] - others) / precision[i, i], ", "shift[i] / precision[i, i] - others, "),
        "the brackets are missing: all of b_i − Σ is divided by Λ_ii, not Σ alone": (
            "(shift[i] - others) / precision[i, i], ", "shift[i] - others / precision[i, i], "),
        "this is the exact mean (Λ⁻¹ b)_i of the posterior, not the best factor given the others": (
            "(shift[i] - others) / precision[i, i], ", "np.linalg.solve(precision, shift)[i], "),
        "this is the marginal variance (Λ⁻¹)_ii of the posterior: mean field gives a smaller one": (
            ", 1 / precision[i, i]", ", np.linalg.inv(precision)[i, i]"),
        "these are the exact marginal mean and variance of the posterior, not the best factor given the others": (
            "return (shift[i] - others) / precision[i, i], 1 / precision[i, i]",
            "return np.linalg.solve(precision, shift)[i], np.linalg.inv(precision)[i, i]"),
        "the two are in the wrong order: first the mean, then the variance": (
            "(shift[i] - others) / precision[i, i], 1 / precision[i, i]", "1 / precision[i, i], (shift[i] - others) / precision[i, i]"),
        "only the latents before i are counted; those after i belong to the others too": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i, :i] @ mean[:i]"),
        "only the latents after i are counted; those before i belong to the others too": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i, i + 1:] @ mean[i + 1:]"),
        "Λ_ij mean_j is divided by Λ_jj": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "(precision[i] * mean / np.diag(precision)).sum() - mean[i]"),
        "this is a step from the old mean, without the division by Λ_ii": (
            "(shift[i] - others) / precision[i, i], ", "mean[i] + shift[i] - precision[i] @ mean, "),
        "the old mean_i is mixed in; the best q_i does not depend on it": (
            "(shift[i] - others) / precision[i, i], ", "0.5 * (mean[i] + (shift[i] - others) / precision[i, i]), "),
        "the old mean_i is added; the best q_i does not depend on it": (
            "(shift[i] - others) / precision[i, i], ", "mean[i] + (shift[i] - others) / precision[i, i], "),
        "the sum over the others is counted twice: ½ Σ_ij has each pair twice, which makes 1": (
            "shift[i] - others", "shift[i] - 2 * others"),
        "the sum over the others has a factor ½, but each pair occurs twice": ("shift[i] - others", "shift[i] - 0.5 * others"),
        "mean is missing in the sum: Λ_ij alone is summed": ("precision[i] @ mean - precision[i, i] * mean[i]", "precision[i].sum() - precision[i, i]"),
        "the others' shift is summed, but their means are needed": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i] @ shift - precision[i, i] * shift[i]"),
        "the means are summed without Λ_ij": ("precision[i] @ mean - precision[i, i] * mean[i]", "mean.sum() - mean[i]"),
        "the variance is the precision Λ_ii itself, but its inverse is needed": (", 1 / precision[i, i]", ", precision[i, i]"),
        "this is the standard deviation, but the variance is needed": (", 1 / precision[i, i]", ", precision[i, i] ** -0.5"),
        "the variance is 1/Λ_ii², but 1/Λ_ii is needed": (", 1 / precision[i, i]", ", precision[i, i] ** -2"),
        "the variance is ½/Λ_ii: −½ Λ_ii z² is −½ z²/s²": (", 1 / precision[i, i]", ", 0.5 / precision[i, i]"),
        "the variance is 2/Λ_ii: −½ Λ_ii z² is −½ z²/s²": (", 1 / precision[i, i]", ", 2 / precision[i, i]"),
        "the variance is 1/Σ_j Λ_ij, but only Λ_ii counts": (", 1 / precision[i, i]", ", 1 / precision[i].sum()"),
        "the variance is 1: Λ_ii is forgotten": (", 1 / precision[i, i]", ", 1.0"),
    }},
    "15": {"bound_backward": {
        "1/L for all samples is the gradient of the ELBO, not of this bound": ("w / w.sum(axis=0)", "np.ones(w.shape) / len(w)"),
        "exp(log w − max) is not normalized: divide by its sum over the samples, not by the largest": ("w / w.sum(axis=0)", "w"),
        "exp(log w) is not normalized: divide by the sum over the samples": ("w / w.sum(axis=0)", "np.exp(log_w)"),
        "log w is used where the weights are needed": ("w / w.sum(axis=0)", "log_w"),
        "log w is normalized; exp comes first": ("w / w.sum(axis=0)", "log_w / log_w.sum(axis=0)"),
        "it is divided by the mean of the weights (or exp(log w − bound) is taken), but their sum is needed: it is L times too large": (
            "w.sum(axis=0)", "w.mean(axis=0)"),
        "it is averaged over the samples once more: the weights sum to 1 already": ("w / w.sum(axis=0)", "w / w.sum(axis=0) / len(w)"),
        "the weights are divided by L, not by their sum": ("w / w.sum(axis=0)", "w / len(w)"),
        "the weights exp(log w) are divided by L, not by their sum": ("w / w.sum(axis=0)", "np.exp(log_w) / len(w)"),
        "the weights are normalized over the batch (axis 1), not over the samples (axis 0)": (
            "w.sum(axis=0)", "w.sum(axis=1, keepdims=True)"),
        "largest and sum are taken over the batch (axis 1), not over the samples (axis 0)": (
            "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.sum(axis=0)",
            "w = np.exp(log_w - log_w.max(axis=1, keepdims=True))\nreturn dbound * w / w.sum(axis=1, keepdims=True)"),
        "the weights are normalized over all examples together; each has its own sum": (
            "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.sum(axis=0)",
            "w = np.exp(log_w - log_w.max())\nreturn dbound * w / w.sum()"),
        "only the best sample counts: that is the gradient of the maximum": (
            "w / w.sum(axis=0)", "(log_w == log_w.max(axis=0))"),
        "exp is taken twice": ("w / w.sum(axis=0)", "np.exp(w) / np.exp(w).sum(axis=0)"),
        "this is the logarithm of the normalized weights: exp is missing": ("w / w.sum(axis=0)", "np.log(w / w.sum(axis=0))"),
        "1 minus the normalized weight is taken": ("w / w.sum(axis=0)", "(1 - w / w.sum(axis=0))"),
        "w̃ (1 − w̃) is the derivative of the softmax; here w̃ itself is needed": (
            "w / w.sum(axis=0)", "(w / w.sum(axis=0)) * (1 - w / w.sum(axis=0))"),
        "1/L is subtracted, but the derivative of the constant log 1/L is zero": ("w / w.sum(axis=0)", "(w / w.sum(axis=0) - 1 / len(w))"),
        "the normalized weights are squared": ("w / w.sum(axis=0)", "(w / w.sum(axis=0)) ** 2"),
        "the sum below is not over exp(log w − max), as above: max cancels only if it is in both": (
            "w / w.sum(axis=0)", "w / np.exp(log_w).sum(axis=0)"),
        "max is subtracted below only: it cancels if it is in both": ("w / w.sum(axis=0)", "np.exp(log_w) / w.sum(axis=0)"),
        "the weights are divided by a running sum; divide by the sum over all samples": (
            "w / w.sum(axis=0)", "w / np.cumsum(w, axis=0)"),
        "sigmoid is taken where the softmax is needed": ("w / w.sum(axis=0)", "0.5 * (1 + np.tanh(0.5 * log_w))"),
        "½ is in the exponent: the weights are w, not √w": (
            "w / w.sum(axis=0)", "np.sqrt(w) / np.sqrt(w).sum(axis=0)"),
        "the weights are multiplied by log w: that is another bound's gradient": ("w / w.sum(axis=0)", "log_w * w / w.sum(axis=0)"),
        "the weights are divided by the bound": ("w / w.sum(axis=0)", "w / bound(log_w)"),
        "the bound itself is returned for each sample": ("dbound * w / w.sum(axis=0)", "dbound * bound(log_w) * np.ones(w.shape)"),
        "the sample itself is left out of the sum": ("w.sum(axis=0)", "(w.sum(axis=0) - w)"),
        "1 is added to the sum": ("w.sum(axis=0)", "(1 + w.sum(axis=0))"),
    }},
}


def suspects(exercise, function=None):
    """[(what is wrong, a module with this mistake), ...]; the rest of the module is right.

    function is the one that the learner writes; None for a file with a bug to find.
    """
    shipped = exercise.shipped()
    solved = exercise.solution.solve(shipped)
    written = [(text, exercise.solution.solve(shipped, **{function: lines if isinstance(lines, str) else _changed(
        exercise.solution.lines[function], *lines)})) for text, lines in COMMON.get(exercise.key, {}).get(
            function, {}).items()]
    if function is None:
        written = [("the parameters still move as in the file as it was shipped", shipped)]
        if "backward" in exercise.functions and "forward" in exercise.functions:
            written.append(("forward is right now, but backward is still the gradient of the original forward: change it "
                            "to match", Repaired((), *exercise.solution.lines[:1]).solve(shipped)))
    code = compile(solved, "suspect", "exec")
    return [(text, _module(compile(source, "suspect", "exec"))) for text, source in written] + [
        (text, _module(code, edited)) for text, edited in edits(solved, (function,) if function else set(exercise.functions) - {"forward"})]


def _changed(lines, old, new):
    if old not in lines:
        raise AssertionError(f"{old!r} is not in the solution")
    return lines.replace(old, new)


def _module(*codes):
    module = types.ModuleType("suspect")
    for code in codes:
        exec(code, vars(module))
    return module
