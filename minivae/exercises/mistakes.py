"""Common mistakes, written out: {exercise: {function: {what is wrong: its lines}}}.

mutants.py makes the small mistakes of every solution. Here are those that it can't make, and those that have
a name: a derivative with respect to the wrong variable, an array that is replaced and not changed. The lines
are those of the whole function, or (old, new): a change in the lines of the solution.

The learner reads a text when the numbers agree with those of its lines, however the learner's code is
written. So a text says what is computed, and what is needed, not how the code looks.
"""

import types

from .catalog import Repaired
from .mutants import edits

COMMON = {
    "0": {"numerical_gradient": {
        "each block x[i] of the first axis is moved at once, and x[i] is no copy, so the old value is lost; "
        "move one number at a time: np.ndindex(x.shape)": ("np.ndindex(x.shape)", "range(len(x))"),
        "this is the formula of the second derivative; (f(x + h e) − f(x − h e)) / 2h is needed": (
            "gradient[i] = (above - below) / (2 * h)", "gradient[i] = (above - 2 * f(x) + below) / h ** 2"),
        "this is the one-sided difference (f(x + h e) − f(x)) / h; the central one is needed, "
        "with steps to both sides": (
            "x[i] = value - h\n    below = f(x)\n    x[i] = value\n"
            "    gradient[i] = (above - below) / (2 * h)",
            "x[i] = value\n    below = f(x)\n    gradient[i] = (above - below) / h"),
        "this is the one-sided difference (f(x) − f(x − h e)) / h; the central one is needed, "
        "with steps to both sides": (
            "x[i] = value + h\n    above = f(x)", "above = f(x)\n    h2 = 2 * h\n    x[i] = value + h"),
        "the two points are x + h e and x, which are h apart, but the difference is divided by 2h; "
        "use x + h e and x − h e": ("x[i] = value - h", "x[i] = value"),
        "all elements of x are moved at once; move one at a time": (
            "return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))"),
        "all elements of x are moved at once, which gives one number; move one at a time": (
            "return (f(x + h) - f(x - h)) / (2 * h)"),
        "each block x[i] of the first axis is moved at once; move one number at a time, "
        "whatever the shape of x": """
gradient = np.empty(x.shape)
for i in range(len(x)):
    e = np.zeros(x.shape)
    e[i] = h
    gradient[i] = (f(x + e) - f(x - e)) / (2 * h)
return gradient""",
        "each row x[i, j] is moved at once, but x may have any number of axes; "
        "move one number at a time: np.ndindex(x.shape)": ("np.ndindex(x.shape)", "np.ndindex(x.shape[:2])"),
        "every element is the sum of all derivatives; "
        "gradient[i] has to be the derivative with respect to x[i] alone": (
            "return gradient", "return np.full(x.shape, gradient.sum())"),
        "the earlier elements are still moved; put each old value back (or set e[i] = 0 again) "
        "before you move the next": """
gradient, e = np.empty(x.shape), np.zeros(x.shape)
for i in np.ndindex(x.shape):
    e[i] = h
    gradient[i] = (f(x + e) - f(x - e)) / (2 * h)
return gradient""",
        "the step is not the h that was given": ("gradient = ", "h = 1e-5\ngradient = "),
        "the old value is not put back; after both calls of f, set x[i] = value again": (
            "    x[i] = value\n", ""),
        "f is called with one element of x, but it needs the whole array": (
            "return gradient",
            "gradient[...] = [[[(f(v + h) - f(v - h)) / (2 * h) for v in a] for a in b] for b in x]\n"
            "return gradient"),
        "the gradient is divided by the number of elements; no mean is needed": (
            "return gradient", "return gradient / x.size"),
        "every difference is zero: f was called with the same numbers twice "
        "(a copy was moved, or one array has two names)": (
            "return np.zeros(x.shape)"),
        "the two points are 2h apart, but the difference is divided by h: "
        "the result is twice what it should be": ("(2 * h)", "h"),
    }},
    "1": {"linear_backward": {
        "dx contains the derivative of a tanh, but this layer is linear": (
            "dy @ W.T", "(dy @ W.T) * (1 - x ** 2)"),
        "y = x W is used where the upstream gradient dy is needed": ("dW[...] = ", "dy = x @ W\ndW[...] = "),
        "dx is used where x is needed in dW: was x overwritten by dx?": (
            "dW[...] = x.T @ dy", "dW[...] = (dy @ W.T).T @ dy"),
        "W is used where x is needed: dW is xᵀ dy": ("x.T @ dy", "W * dy.sum(axis=0)"),
        "the inverse of W is used where its transpose is needed: dx = dy Wᵀ": (
            "dy @ W.T", "dy @ np.linalg.pinv(W)"),
        "dW comes from the last example alone; add up all examples, do not overwrite": (
            "x.T @ dy", "np.outer(x[-1], dy[-1])"),
        "dW comes from the first example alone; the sum over all examples is needed": (
            "x.T @ dy", "np.outer(x[0], dy[0])"),
        "db comes from the last example alone; add up all examples, do not overwrite": (
            "dy.sum(axis=0)", "dy[-1]"),
        "db comes from the first example alone; the sum over all examples is needed": (
            "dy.sum(axis=0)", "dy[0]"),
        "db is N everywhere: the upstream gradient dy is left out": ("dy.sum(axis=0)", "len(dy)"),
        "db is 1 everywhere: the upstream gradient dy is left out": ("dy.sum(axis=0)", "1"),
        "x and dy are summed over the batch separately; multiply them example by example, then sum": (
            "x.T @ dy", "np.outer(x.sum(axis=0), dy.sum(axis=0))"),
        "x and dy are averaged over the batch separately; multiply them example by example, then sum": (
            "x.T @ dy", "np.outer(x.mean(axis=0), dy.mean(axis=0))"),
        "there is one factor x too many in dx: ∂y/∂x is W alone": ("dy @ W.T", "x * (dy @ W.T)"),
        "dW is the mean over the batch, but the sum is needed": ("x.T @ dy", "x.T @ dy / len(x)"),
    }},
    "2": {"tanh_backward": {
        "this is the derivative of tanh at y, 1 − tanh(y)² = 1/cosh(y)², but y is tanh(x) already: "
        "1 − y² is needed": ("y ** 2", "np.tanh(y) ** 2"),
        "tanh is applied to dy, but dy itself has to be multiplied by the derivative 1 − y²": (
            "dy * (1 - y ** 2)", "np.tanh(dy) * (1 - y ** 2)"),
        "this is the derivative of the sigmoid, y (1 − y), but that of tanh, 1 − y², is needed": (
            "(1 - y ** 2)", "y * (1 - y)"),
        "−2 y, the derivative of 1 − y², is used, but 1 − y² is already the derivative of tanh": (
            "(1 - y ** 2)", "(-2 * y)"),
        "y = tanh(x) itself is used where its derivative 1 − y² is needed": ("(1 - y ** 2)", "y"),
        "the square root of 1 − y² is used where 1 − y² is needed": ("(1 - y ** 2)", "np.sqrt(1 - y ** 2)"),
        "a matrix product is used where an elementwise product is needed": (
            "dy * (1 - y ** 2)", "dy @ (1 - y ** 2).T"),
        "this is the derivative of arctanh, 1/(1 − y²), but that of tanh, 1 − y², is needed": (
            "* (1 - y ** 2)", "/ (1 - y ** 2)"),
        "(1 − y)² is used where 1 − y² is needed": ("(1 - y ** 2)", "(1 - y) ** 2"),
        "the mask y > 0 of relu is used where the derivative of tanh, 1 − y², is needed": (
            "(1 - y ** 2)", "(y > 0)"),
    }, "relu_backward": {
        "dy passes everywhere: y is never negative, so y >= 0 is always true; y > 0 is needed": (
            "(y > 0)", "(y >= 0)"),
        "dx is zero where dy is negative, but only the mask y > 0 decides: a negative dy passes too": (
            "(y > 0)", "(y > 0) * (dy > 0)"),
        "this is relu(dy), but the mask has to depend on y, not on dy": ("dy * (y > 0)", "np.maximum(dy, 0)"),
        "dy is multiplied by y, but the slope is 1 where y > 0": ("(y > 0)", "y"),
        "dy is multiplied by y, and a negative dy is set to zero; only the mask y > 0 is needed": (
            "(y > 0)", "np.maximum(y, 0) * (dy > 0)"),
        "the smaller of dy and y is used where dy times the mask y > 0 is needed": (
            "dy * (y > 0)", "np.minimum(dy, y)"),
        "the larger of dy and y is used where dy times the mask y > 0 is needed": (
            "dy * (y > 0)", "np.maximum(dy, y)"),
        "this is the derivative of tanh, 1 − y², but the mask y > 0 is needed": ("(y > 0)", "(1 - y ** 2)"),
        "this is the derivative of a leaky relu, with a small slope where y is 0; "
        "the slope there has to be 0": ("dy * (y > 0)", "np.where(y > 0, dy, 0.01 * dy)"),
        "the mask is the wrong way round: dy passes where y > 0": ("(y > 0)", "(y <= 0)"),
        "the slope −1 is used where y is 0, but 0 is needed there": ("(y > 0)", "np.where(y > 0, 1, -1)"),
        "the slope ½ is used where y is 0, but 0 is needed there": ("(y > 0)", "np.heaviside(y, 0.5)"),
        "dx is y where y > 0, but dy is needed there": ("dy * (y > 0)", "y * (y > 0)"),
    }},
    "3": {"mlp_backward": {
        "dy is multiplied by 1 − y² of the output y, but there is no tanh after the last layer": (
            "for i in", "dy = dy * (1 - (inputs[-1] @ layers[-1][0] + layers[-1][1]) ** 2)\nfor i in"),
        "the output is subtracted from dy, but dy is the gradient already": (
            "for i in", "dy = dy - (inputs[-1] @ layers[-1][0] + layers[-1][1])\nfor i in"),
        "the derivative of tanh is left out, or its result is not used; "
        "dy = tanh_backward(dy, inputs[i]) is needed for i > 0": (
            "    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n", ""),
        "the derivative of tanh is applied at x too, but x is not the output of a tanh; "
        "use tanh_backward for i > 0 only": (
            "    if i > 0:\n        dy = tanh_backward(dy, inputs[i])\n",
            "    dy = tanh_backward(dy, inputs[i])\n"),
        "nothing is written into the arrays in grads; write into those that were given, "
        "not into new ones or a new list": (
            "for i in reversed", "grads = [(dW.copy(), db.copy()) for dW, db in grads]\nfor i in reversed"),
        "tanh is applied to inputs[i], but inputs[i] is the output of a tanh already": (
            "tanh_backward(dy, inputs[i])", "tanh_backward(dy, np.tanh(inputs[i]))"),
        "1 − y is used where the derivative of tanh, 1 − y², is needed": (
            "tanh_backward(dy, inputs[i])", "dy * (1 - inputs[i])"),
        "the derivative of relu is used, but the activation is tanh": (
            "tanh_backward(dy, inputs[i])", "dy * (inputs[i] > 0)"),
        "dy is multiplied by 1 − tanh(dy)² first, but there is no tanh after the last layer": (
            "for i in", "dy = tanh_backward(dy, np.tanh(dy))\nfor i in"),
        "1 − (...)² is taken of what tanh_backward returns, but that is the gradient already": (
            "tanh_backward(dy, inputs[i])", "dy * (1 - tanh_backward(dy, inputs[i]) ** 2)"),
        "the derivative of a tanh is applied to the output too, but there is no tanh after the last layer": (
            "for i in reversed(range(len(layers))):\n",
            "y = inputs[-1] @ layers[-1][0] + layers[-1][1]\ndy = tanh_backward(dy, np.tanh(y))\n"
            "for i in reversed(range(len(layers))):\n"),
        "1 − dy² is used as the derivative of tanh; tanh_backward needs the output of the tanh, inputs[i]": (
            "tanh_backward(dy, inputs[i])", "tanh_backward(dy, dy)"),
        "tanh is applied to the gradient; multiply the gradient by the derivative of tanh": (
            "tanh_backward(dy, inputs[i])", "np.tanh(dy)"),
        "the derivative of each tanh is applied twice; apply it once, after the linear layer: "
        "inputs[i] is the output of the tanh before layer i": (
            "    dy = linear_backward(dy, inputs[i], W, dW, db)\n    if i > 0:\n"
            "        dy = tanh_backward(dy, inputs[i])\n",
            "    if i < len(layers) - 1:\n        dy = tanh_backward(dy, inputs[i + 1])\n"
            "    dy = linear_backward(dy, inputs[i], W, dW, db)\n    if i > 0:\n"
            "        dy = tanh_backward(dy, inputs[i])\n"),
        "the derivative of the tanh after the first layer is left out; it is needed for every i > 0": (
            "if i > 0", "if i > 1"),
        "the derivative of the last tanh is left out; it is needed for every i > 0": (
            "if i > 0", "if 0 < i < len(layers) - 1"),
        "the first layer, i = 0, is left out": (
            "reversed(range(len(layers)))", "reversed(range(1, len(layers)))"),
    }},
    "4": {"autoencoder_backward": {
        "the squared error (x − x̂)² itself is used where its derivative −2 (x − x̂) is needed": (
            "-2 * (x - x_hat)", "(x - x_hat) ** 2"),
        "the sign of the error, the derivative of |x − x̂|, is used where that of (x − x̂)² is needed: "
        "−2 (x − x̂)": ("-2 * (x - x_hat)", "-np.sign(x - x_hat)"),
        "there is one factor x̂ (1 − x̂) too many: x̂ is not the output of a sigmoid": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat) * x_hat * (1 - x_hat)"),
        "there is one factor 1 − x̂² too many: x̂ is not the output of a tanh": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat) * (1 - x_hat ** 2)"),
        "there is one factor 1 − z² too many: z is not the output of a tanh, "
        "as the encoder's last layer is linear": (
            "mlp_backward(dz, encoder", "mlp_backward(dz * (1 - decoder_inputs[0] ** 2), encoder"),
        "this is the derivative of the cross-entropy; the loss is the squared error": (
            "-2 * (x - x_hat)", "-(x / x_hat - (1 - x) / (1 - x_hat))"),
        "the errors are averaged over the batch, but each example needs its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).mean(axis=0) * np.ones((len(x), 1))"),
        "the errors are summed over the pixels, but each pixel needs its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).sum(axis=1, keepdims=True) * np.ones(x.shape)"),
        "the errors are averaged over the pixels, but each pixel needs its own": (
            "-2 * (x - x_hat)", "-2 * (x - x_hat).mean(axis=1, keepdims=True) * np.ones(x.shape)"),
        "the derivative of relu is used, but the activation is tanh": ('"tanh"', '"relu"'),
        "the derivative of relu is used in the decoder, but its activation is tanh": (
            'model.decoder_grads, "tanh"', 'model.decoder_grads, "relu"'),
        "the derivative of relu is used in the encoder, but its activation is tanh": (
            'model.encoder_grads, "tanh"', 'model.encoder_grads, "relu"'),
        "this is the derivative of the root ‖x − x̂‖, but the loss contains its square": (
            "-2 * (x - x_hat)", "-(x - x_hat) / np.sqrt(((x - x_hat) ** 2).sum(axis=1, keepdims=True))"),
        "this is the gradient of a mean over the pixels too; the loss is a sum over the pixels, "
        "and a mean over the N examples": ("/ len(x)", "/ x.size"),
        "dx̂ is divided by the number of pixels, but the number N of examples is needed": (
            "/ len(x)", "/ x.shape[1]"),
        "dx̂ is 1/N for every pixel: the error, −2 (x − x̂), is missing": (
            "-2 * (x - x_hat)", "np.ones(x.shape)"),
        "the loss, one number for all pixels, is used where its derivative −2 (x − x̂) is needed": (
            "-2 * (x - x_hat)", "((x - x_hat) ** 2).sum(axis=1).mean() * np.ones(x.shape)"),
        "the code z is passed to the encoder where its gradient dz is needed": (
            "mlp_backward(dz, ", "mlp_backward(decoder_inputs[0], "),
        "dz is divided by N once more; 1/N is needed only once, in dx̂": (
            "mlp_backward(dz, ", "mlp_backward(dz / len(x), "),
        "the sign of dz is wrong": ("mlp_backward(dz, ", "mlp_backward(-dz, "),
        "the encoder's gradients are not computed; pass dz to the encoder's mlp_backward": (
            'mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")', ""),
    }},
    "5": {"log_prob_backward": {
        "x a is not differentiated: its derivative with respect to a is x": (
            "(x - sigmoid(a))", "(x * a - sigmoid(a))"),
        "this is the derivative of the probability of x (π or 1 − π), but that of its logarithm is needed": (
            "(x - sigmoid(a))", "(2 * x - 1) * sigmoid(a) * (1 - sigmoid(a))"),
        "there is one factor log p too many": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) * (x * a - softplus(a))"),
        "this is the derivative with respect to x, but a is needed": ("(x - sigmoid(a))", "a"),
        "x − a is used where x − sigmoid(a) is needed: π is sigmoid(a), not a": ("sigmoid(a)", "a"),
        "softplus is not differentiated: its derivative is sigmoid": ("sigmoid(a)", "softplus(a)"),
        "the derivative of sigmoid is used, but softplus′ is sigmoid itself": (
            "sigmoid(a)", "sigmoid(a) * (1 - sigmoid(a))"),
        "there is one factor π (1 − π) too many: it is sigmoid′, "
        "which cancels in the derivative with respect to a": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) * sigmoid(a) * (1 - sigmoid(a))"),
        "this is the derivative with respect to π; the factor ∂π/∂a = π (1 − π) is missing": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) / (sigmoid(a) * (1 - sigmoid(a)))"),
        "the probability of x is used where the derivative of its logarithm is needed": (
            "(x - sigmoid(a))", "(x * sigmoid(a) + (1 - x) * (1 - sigmoid(a)))"),
        "log p itself is used where its derivative is needed": ("(x - sigmoid(a))", "(x * a - softplus(a))"),
        "this is x (1 − π), which is zero for the pixels with x = 0; −π is needed there": (
            "(x - sigmoid(a))", "x * (1 - sigmoid(a))"),
        "the pixels with x = 0 have the wrong sign: −π is needed there": (
            "(x - sigmoid(a))", "(x * (1 - sigmoid(a)) + (1 - x) * sigmoid(a))"),
        "1 − sigmoid(a) is used for all pixels, but that is right for x = 1 only: "
        "x − sigmoid(a) is needed": ("(x - sigmoid(a))", "(1 - sigmoid(a))"),
        "π is rounded to 0 or 1; sigmoid(a) itself is needed": ("sigmoid(a)", "(a > 0)"),
        "sigmoid(2 a) is used where sigmoid(a) is needed (with tanh: the ½ inside the tanh is missing)": (
            "sigmoid(a)", "sigmoid(2 * a)"),
        "x is divided by its probability: x/π − (1 − x) is used where x − π is needed": (
            "(x - sigmoid(a))", "(x / sigmoid(a) - (1 - x))"),
        "this is the gradient of a mean over the pixels, but log p is a sum over the pixels": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) / a.shape[1]"),
        "the derivatives are summed over the pixels, but each pixel needs its own": (
            "(x - sigmoid(a))", "(x - sigmoid(a)).sum(axis=1, keepdims=True) * np.ones(a.shape)"),
        "the error x − sigmoid(a) is squared, but the error itself is needed": (
            "(x - sigmoid(a))", "(x - sigmoid(a)) ** 2"),
        "the softmax over the pixels is used where the sigmoid of each pixel is needed": (
            "sigmoid(a)", "np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)"),
        "sigmoid is applied twice: π is sigmoid(a)": ("sigmoid(a)", "sigmoid(sigmoid(a))"),
    }},
    "6": {"sample_backward": {
        "½ z is used where ½ σ ε = ½ (z − μ) is needed": ("eps * 0.5 * sigma", "0.5 * (mu + sigma * eps)"),
        "there is one factor log σ² too many: the derivative of exp(½ log σ²) is ½ exp(½ log σ²)": (
            "* 0.5 * sigma", "* 0.5 * sigma * logvar"),
        "μ and log σ² are exchanged (each is used for the other): h = [μ, log σ²]": (
            "sigma = ", "mu, logvar = logvar, mu\nsigma = "),
        "this is the derivative with respect to σ; the factor ∂σ/∂log σ² = ½ σ is missing": (
            "dz * eps * 0.5 * sigma", "dz * eps"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": (
            "dz * eps * 0.5 * sigma", "dz * eps * sigma"),
        "the part for log σ² is divided by σ, but has to be multiplied by it "
        "(this is the derivative with respect to σ²)": ("dz * eps * 0.5 * sigma", "dz * eps * 0.5 / sigma"),
        "there is one factor σ too many: exp(log σ²) is σ², but σ = exp(½ log σ²) is needed": (
            "* sigma", "* sigma ** 2"),
        "z is used where ε is needed": ("* eps", "* (mu + sigma * eps)"),
        "log σ² is used where σ is needed: exp is missing": ("* sigma", "* logvar"),
        "the root of log σ² is used where σ = exp(½ log σ²) is needed": (
            "* sigma", "* np.sqrt(np.abs(logvar))"),
        "the part for μ has the factor σ, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * sigma"),
        "the part for μ has the factor ε, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * eps"),
        "the part for μ has the factor μ, but ∂z/∂μ = 1": ("dmu = dz", "dmu = dz * mu"),
        "the part for μ is 1: the upstream gradient dz is left out": ("dmu = dz", "dmu = np.ones(dz.shape)"),
        "the part for μ is zero, but ∂z/∂μ = 1: it has to be dz": ("dmu = dz", "dmu = np.zeros(dz.shape)"),
        "the part for log σ² is zero, but z depends on σ too": (
            "dz * eps * 0.5 * sigma", "np.zeros(dz.shape)"),
        "μ is added in the part for log σ², but ½ σ ε alone is needed there": (
            "dz * eps * 0.5 * sigma", "dz * (mu + eps * 0.5 * sigma)"),
        "the parts for μ and log σ² alternate; all of μ has to come first, then all of log σ²": (
            "np.concatenate([dmu, dlogvar], axis=-1)", "np.stack([dmu, dlogvar], axis=-1).reshape(h.shape)"),
        "the parts are joined along the batch, with shape (2N, Z); use axis=-1": ("axis=-1", "axis=0"),
        "μ, the KL's gradient, is added in the part for μ; it belongs to another function, kl_backward": (
            "dmu = dz", "dmu = dz + mu"),
    }},
    "7": {"kl_backward": {
        "½ is missing at exp(log σ²): ½ (σ² − 1) is needed": (
            "0.5 * (np.exp(logvar) - 1)", "(np.exp(logvar) - 0.5)"),
        "exp(log σ²) · log σ² is used where exp(log σ²) is needed": (
            "np.exp(logvar)", "np.exp(logvar) * logvar"),
        "1/log σ² is used as the derivative of log σ² with respect to itself, which is 1": (
            "- 1)", "- 1 / logvar)"),
        "μ and log σ² are exchanged (each is used for the other): h = [μ, log σ²]": (
            "dmu = ", "mu, logvar = logvar, mu\ndmu = "),
        "σ = exp(½ log σ²) is used where σ² = exp(log σ²) is needed": (
            "np.exp(logvar)", "np.exp(0.5 * logvar)"),
        "σ⁴ = exp(2 log σ²) is used where σ² = exp(log σ²) is needed": (
            "np.exp(logvar)", "np.exp(2 * logvar)"),
        "this is the derivative with respect to σ, but log σ² is needed": (
            "0.5 * (np.exp(logvar) - 1)", "(np.exp(0.5 * logvar) - np.exp(-0.5 * logvar))"),
        "this is the derivative with respect to σ²; the factor ∂σ²/∂log σ² = σ² is missing": (
            "(np.exp(logvar) - 1)", "(1 - np.exp(-logvar))"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": ("0.5 * (", "("),
        "there is one factor σ² too many: ½ (σ² − 1) is the derivative with respect to log σ² already": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 1) * np.exp(logvar)"),
        "−1/σ² is used where −1, the derivative of −log σ² with respect to log σ², is needed": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - np.exp(-logvar))"),
        "the derivative of ½ σ² is missing: only −½ is there": (
            "0.5 * (np.exp(logvar) - 1)", "np.full(mu.shape, -0.5)"),
        "log σ² is not differentiated: its derivative is 1, and that of the constant −1 is 0": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 1 - logvar)"),
        "log σ² is not differentiated: its derivative is 1": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - logvar)"),
        "½ σ² − 1 is computed where ½ σ² − ½ is needed: "
        "½ is missing at the 1, or the constant −1 of the KL is counted too": (
            "(np.exp(logvar) - 1)", "(np.exp(logvar) - 2)"),
        "the KL's term itself is used where its derivative is needed": (
            "0.5 * (np.exp(logvar) - 1)", "0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar)"),
        "μ² is used where μ is needed: ½ μ² has to be differentiated": ("* mu", "* mu ** 2"),
        "½ μ² is used where its derivative μ is needed": ("* mu", "* 0.5 * mu ** 2"),
        "½ μ is used where μ, the derivative of ½ μ², is needed": ("* mu", "* 0.5 * mu"),
        "2 μ is used where μ, the derivative of ½ μ², is needed: the ½ cancels the 2": ("* mu", "* 2 * mu"),
        "μ is divided by σ², but the prior's variance is 1": ("* mu", "* mu / np.exp(logvar)"),
        "the absolute value of μ is used where μ itself is needed": ("* mu", "* np.abs(mu)"),
        "the part for μ is zero, but it has to be μ, the derivative of ½ μ²": (
            "dkl[:, None] * mu", "np.zeros(mu.shape)"),
        "this is the derivative of the other KL, KL(p ‖ q); that of KL(q ‖ p) is needed": (
            "dkl[:, None] * 0.5 * (np.exp(logvar) - 1)",
            "dkl[:, None] * 0.5 * (1 - (1 + mu ** 2) * np.exp(-logvar))"),
        "μ² is added in the part for log σ², where it does not belong": (
            "(np.exp(logvar) - 1)", "(mu ** 2 + np.exp(logvar) - 1)"),
        "the parts for μ and log σ² alternate; all of μ has to come first, then all of log σ²": (
            "np.concatenate([dmu, dlogvar], axis=-1)", "np.stack([dmu, dlogvar], axis=-1).reshape(h.shape)"),
        "the parts are joined along the batch, with shape (2N, Z); use axis=-1": ("axis=-1", "axis=0"),
    }},
    "8": {"log_prob_backward": {
        "½ exp(½ s) is used where the factor ∂σ²/∂s = exp(s) is needed": (
            "* np.exp(s)", "* 0.5 * np.exp(0.5 * s)"),
        "exp(s) is squared as if it were σ, but it is the variance (without the floor)": (
            "variance = FLOOR", "s = 2 * s\nvariance = FLOOR"),
        "s is taken for log σ, but exp(s) is the variance (without the floor)": """
variance, d = FLOOR + np.exp(2 * s), dlogp[:, None]
ds = d * ((x - m) ** 2 / variance - 1) / variance * np.exp(2 * s)
return np.concatenate([d * (x - m) / variance, ds], axis=-1)""",
        "m and s are exchanged: a = [m, s]": ("variance = FLOOR", "m, s = s, m\nvariance = FLOOR"),
        "σ² is used where ∂σ²/∂s = exp(s), without the floor, is needed": ("* np.exp(s)", "* variance"),
        "the floor is added inside exp, but σ² is FLOOR + exp(s)": ("FLOOR + np.exp(s)", "np.exp(FLOOR + s)"),
        "the larger of FLOOR and exp(s) is used where their sum is needed: σ² = FLOOR + exp(s)": (
            "FLOOR + np.exp(s)", "np.maximum(FLOOR, np.exp(s))"),
        "this is the derivative with respect to σ²; the factor ∂σ²/∂s = exp(s) is missing": (
            " * np.exp(s)", ""),
        "this is the derivative with respect to σ, but s is needed: σ² = FLOOR + exp(s)": (
            "* np.exp(s)", "* 2 * np.sqrt(variance)"),
        "s is used where ∂σ²/∂s = exp(s) is needed": ("* np.exp(s)", "* s"),
        "σ² is computed with exp(½ s), but exp(s) is needed": (
            "FLOOR + np.exp(s)", "FLOOR + np.exp(0.5 * s)"),
        "σ is used where σ² is needed: (x − m)/σ²": ("(x - m) / variance\n", "(x - m) / np.sqrt(variance)\n"),
        "there is a factor ½ in the part for m, but ½ · 2 = 1 is needed: (x − m)/σ²": (
            "* (x - m) / variance\n", "* 0.5 * (x - m) / variance\n"),
        "there is a factor 2 in the part for m, but ½ · 2 = 1 is needed: (x − m)/σ²": (
            "* (x - m) / variance\n", "* 2 * (x - m) / variance\n"),
        "(x − m)²/σ² is used where (x − m)²/σ⁴ is needed: it is not differentiated with respect to σ²": (
            "(x - m) ** 2 / variance ** 2", "(x - m) ** 2 / variance"),
        "log σ² is not differentiated: its derivative is 1/σ²": (" - 1 / variance", " - np.log(variance)"),
        "1 is used where 1/σ², the derivative of log σ² with respect to σ², is needed": (
            " - 1 / variance", " - 1"),
        "1 is used as the derivative of log σ² with respect to s, but exp(s)/σ² is needed: "
        "with the floor, the factor ∂σ²/∂s = exp(s) is not σ²": (
            "(x - m) ** 2 / variance ** 2 - 1 / variance)\nds = dvariance * np.exp(s)",
            "(x - m) ** 2 / variance ** 2 * np.exp(s) - 1)\nds = dvariance"),
        "the constant log 2π is counted, but the derivative of a constant is 0": (
            " - 1 / variance", " - 1 / variance - np.log(2 * np.pi)"),
        "the parts for m and s alternate; all of m has to come first, then all of s": (
            "np.concatenate([dm, ds], axis=-1)", "np.stack([dm, ds], axis=-1).reshape(a.shape)"),
        "the parts are joined along the batch, with shape (2N, D); use axis=-1": ("axis=-1", "axis=0"),
    }},
    "9": {"vae_backward": {
        "the KL itself is used where its upstream gradient 1/N is needed": (
            "q.kl_backward(ones / N, h)", "q.kl_backward(q.kl(h) / N, h)"),
        "log p itself is used where its upstream gradient −1/N is needed": (
            "p.log_prob_backward(-ones / N, x, a)", "p.log_prob_backward(-p.log_prob(x, a) / N, x, a)"),
        "z/N is added to dz, but the KL depends on h directly, not on z": (
            "sample_backward(dz, h, eps)", "sample_backward(dz + decoder_inputs[0] / N, h, eps)"),
        "dz and eps are swapped: sample_backward(dz, h, eps)": (
            "sample_backward(dz, h, eps)", "sample_backward(eps, h, dz)"),
        "this is the gradient of log p − KL, but the loss is −log p + KL: both signs are wrong": (
            "da = p.log_prob_backward(-ones / N, x, a)",
            "ones = -ones\nda = p.log_prob_backward(-ones / N, x, a)"),
        "the KL counts N times too much: dkl has to be 1/N, not 1": (
            "q.kl_backward(ones / N, h)", "q.kl_backward(ones, h)"),
        "log p counts N times too much: dlogp has to be −1/N, not −1": ("-ones / N", "-ones"),
        "1/N is missing in both: the loss is a mean over the batch": ("ones / N", "ones"),
        "log p has the wrong sign: the loss contains −log p, so dlogp has to be −1/N": (
            "-ones / N", "ones / N"),
        "the KL has the wrong sign: the loss is −log p + KL": (" + q.kl", " - q.kl"),
        "the KL is missing; dh has to be the sum of both paths (a second call of mlp_backward overwrites "
        "what the first has written)": (" + q.kl_backward(ones / N, h)", ""),
        "only the KL is there; dh has to be the sum of both paths (a second call of mlp_backward overwrites "
        "what the first has written)": ("q.sample_backward(dz, h, eps) + ", ""),
        "the KL's gradient is added to dz, before the sample; add it to dh, "
        "since the KL depends on h directly": (
            "q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)",
            "q.sample_backward(dz + q.kl_backward(ones / N, h)[:, :dz.shape[1]], h, eps)"),
        "the noise is drawn again: use the eps of the forward pass": (
            "dz, h, eps)", "dz, h, np.random.default_rng(0).standard_normal(eps.shape))"),
        "the reconstruction's gradient for log σ² is missing: z depends on σ through σ ε, "
        "and sample_backward(dz, h, eps) gives both parts": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, 0 * dz], axis=1)"),
        "dz is used as the part for log σ², without its factor ½ σ ε; use sample_backward": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, dz], axis=1)"),
        "dz ε is used as the part for log σ², without its factor ½ σ; use sample_backward": (
            "q.sample_backward(dz, h, eps)", "np.concatenate([dz, dz * eps], axis=1)"),
        "the two paths are multiplied, but they have to be added": (") + q.kl", ") * q.kl"),
        "the mean of the two paths is used, but their sum is needed: they add": (
            "q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)",
            "0.5 * (q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h))"),
        "the KL reaches only μ; its gradient for log σ² is missing": (
            "q.kl_backward(ones / N, h)",
            "np.where(np.arange(h.shape[1]) < dz.shape[1], q.kl_backward(ones / N, h), 0)"),
        "the KL reaches only log σ²; its gradient for μ is missing": (
            "q.kl_backward(ones / N, h)",
            "np.where(np.arange(h.shape[1]) < dz.shape[1], 0, q.kl_backward(ones / N, h))"),
        "the probabilities sigmoid(a) are passed to p.log_prob_backward, but it needs the logits a": (
            "x, a)", "x, 0.5 * (1 + np.tanh(0.5 * a)))"),
        "this is the gradient of the squared error, 2 (a − x)/N, but p is a Bernoulli: "
        "use p.log_prob_backward": ("p.log_prob_backward(-ones / N, x, a)", "2 * (a - x) / N"),
        "the derivative of relu is used, but the activation is tanh": ('"tanh"', '"relu"'),
        "z is used where its gradient dz is needed": (
            "sample_backward(dz, ", "sample_backward(decoder_inputs[0], "),
        "dz is divided by N once more; 1/N is needed only once, in dlogp": (
            "sample_backward(dz, ", "sample_backward(dz / N, "),
        "log p is divided by the number of pixels, but the number N of examples is needed: dlogp = −1/N": (
            "-ones / N", "-ones / x.shape[1]"),
        "log p is divided by the number of pixels too, but it is a sum over the pixels": (
            "-ones / N", "-ones / x.size"),
        "the KL is divided by the number of latents, but it is a sum over the latents": (
            "q.kl_backward(ones / N, h)", "q.kl_backward(ones / N / dz.shape[1], h)"),
        "the KL is divided by the number of pixels; it has no mean over the pixels": (
            "q.kl_backward(ones / N, h)", "q.kl_backward(ones / N / x.shape[1], h)"),
        "the encoder's gradients are not computed; pass dh to the encoder's mlp_backward": (
            'mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")', ""),
    }},
    "10": {"adam_step": {
        "the learning rate is divided by √t, but it has to be the same at each step": (
            "lr * m_hat", "lr / np.sqrt(t) * m_hat"),
        "ε is added to √v, but √v̂ is needed (if √(1 − β₂ᵗ) is part of the step size, "
        "add ε √(1 − β₂ᵗ) to √v)": ("+ epsilon", "+ epsilon / np.sqrt(1 - beta2 ** t)"),
        "neither m nor v is corrected; divide m by 1 − β₁ᵗ, and v by 1 − β₂ᵗ": (
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)", "m_hat = m\nv_hat = v"),
        "m is not divided by 1 − β₁ᵗ: m̂ is needed": ("m / (1 - beta1 ** t)", "m"),
        "v is not divided by 1 − β₂ᵗ: v̂ is needed": ("v / (1 - beta2 ** t)", "v"),
        "ε is added inside the root of v̂, but it has to be added outside": (
            "np.sqrt(v_hat) + epsilon", "np.sqrt(v_hat + epsilon)"),
        "ε is added to the whole quotient, but it has to be added to √v̂, "
        "inside the brackets of the denominator": (
            "/ (np.sqrt(v_hat) + epsilon)", "/ np.sqrt(v_hat) + epsilon"),
        "the square root of v̂ is left out: √v̂ + ε is needed in the denominator": (
            "np.sqrt(v_hat)", "v_hat"),
        "the step goes uphill: the sign of the update is wrong": ("theta -= ", "theta += "),
        "the corrections are those of step 1, with 1 − β; the power t is missing: 1 − βᵗ": (
            "m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)", "m / (1 - beta1)\nv_hat = v / (1 - beta2)"),
        "the power is t + 1 in the corrections, but t counts from 1 already": ("** t", "** (t + 1)"),
        "the power is t − 1 in the corrections, but t is needed": ("** t", "** (t - 1 + 1e-12)"),
        "β t is used where βᵗ is needed": (" ** t", " * t"),
        "the caller's m and v stay as they were; change them in place (m *= ..., m += ...), "
        "do not make new arrays": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2",
            "m = beta1 * m + (1 - beta1) * g\nv = beta2 * v + (1 - beta2) * g ** 2"),
        "the caller's m stays as it was; change it in place (m *= ..., m += ...), do not make a new array": (
            "m *= beta1\nm += (1 - beta1) * g", "m = beta1 * m + (1 - beta1) * g"),
        "the caller's v stays as it was; change it in place (v *= ..., v += ...), do not make a new array": (
            "v *= beta2\nv += (1 - beta2) * g ** 2", "v = beta2 * v + (1 - beta2) * g ** 2"),
        "the caller's theta stays as it was; change it in place (theta -= ...), do not make a new array": (
            "theta -= lr", "theta = theta - lr"),
        "the caller's theta, m and v stay as they were; change them in place, do not make new arrays": (
            "return theta - g, m, v"),
        "the corrected m̂ and v̂ are written into m and v, which have to stay uncorrected": (
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)",
            "m /= 1 - beta1 ** t\nv /= 1 - beta2 ** t\nm_hat, v_hat = m, v"),
        "β and 1 − β are exchanged in the running means": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2",
            "m *= 1 - beta1\nm += beta1 * g\nv *= 1 - beta2\nv += beta2 * g ** 2"),
        "β and 1 − β are exchanged in m": (
            "m *= beta1\nm += (1 - beta1) * g", "m *= 1 - beta1\nm += beta1 * g"),
        "β and 1 − β are exchanged in v": (
            "v *= beta2\nv += (1 - beta2) * g ** 2", "v *= 1 - beta2\nv += beta2 * g ** 2"),
        "β₁ is used in v too, but v needs β₂": ("m *= beta1", "beta2 = beta1\nm *= beta1"),
        "β₂ is used in m too, but m needs β₁": ("m *= beta1", "beta1 = beta2\nm *= beta1"),
        "β₁ is used in both corrections, but that of v needs β₂": (
            "v / (1 - beta2 ** t)", "v / (1 - beta1 ** t)"),
        "β₂ is used in both corrections, but that of m needs β₁": (
            "m / (1 - beta1 ** t)", "m / (1 - beta2 ** t)"),
        "the factors 1 − β are missing in m and v": (
            "m += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2", "m += g\nv *= beta2\nv += g ** 2"),
        "g is used in v where g² is needed": ("g ** 2", "g"),
        "the mean of g² over all parameters is used in v, but each parameter needs its own": (
            "g ** 2", "(g ** 2).mean()"),
        "the sum of g² over all parameters is used in v, but each parameter needs its own": (
            "g ** 2", "(g ** 2).sum()"),
        "the plain gradient g is used where m̂ is needed": ("lr * m_hat", "lr * g"),
        "the division by √v̂ + ε is missing: this is momentum": (
            "lr * m_hat / (np.sqrt(v_hat) + epsilon)", "lr * m_hat"),
        "m and v are set to zero at each step, but they are running means": (
            "m *= beta1\n", "m *= 0\nv *= 0\nm *= beta1\n"),
        "theta is changed before m and v are; the step needs the means that include this g": (
            "m *= beta1\nm += (1 - beta1) * g\nv *= beta2\nv += (1 - beta2) * g ** 2\n"
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)\n"
            "theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)",
            "m_hat = m / (1 - beta1 ** t)\nv_hat = v / (1 - beta2 ** t)\n"
            "theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)\nm *= beta1\nm += (1 - beta1) * g\n"
            "v *= beta2\nv += (1 - beta2) * g ** 2"),
        "this is plain gradient descent: m and v are not used": (
            "lr * m_hat / (np.sqrt(v_hat) + epsilon)", "lr * g"),
        "v̂² is used where √v̂ is needed in the denominator": ("np.sqrt(v_hat)", "v_hat ** 2"),
    }},
    "11": {"log_prob_backward": {
        "π is rounded: 1 for the most probable kind, 0 for the others; π itself is needed": (
            "np.exp(log_softmax(a))", "one_hot(log_softmax(a).argmax(axis=-1))"),
        "the logits themselves are subtracted where π = softmax(a) is needed": (
            "np.exp(log_softmax(a))", "a.reshape(len(a), -1, K)"),
        "there is one factor π[x] too many: this is the derivative of π[x], not of its logarithm": (
            "(one_hot(x) - pi)", "(one_hot(x) - pi) * (one_hot(x) * pi).sum(axis=-1, keepdims=True)"),
        "the case k = x is left out: one_hot is missing": ("one_hot(x) - pi", "-pi"),
        "the case k ≠ x is left out: −π[k] is needed there, not 0": (
            "one_hot(x) - pi", "one_hot(x) * (1 - pi)"),
        "the sign is wrong where k ≠ x: −π[k] is needed there": (
            "one_hot(x) - pi", "np.where(one_hot(x) == 1, 1 - pi, pi)"),
        "the sign is wrong where k = x: 1 − π[k] is needed there": (
            "one_hot(x) - pi", "np.where(one_hot(x) == 1, -(1 - pi), -pi)"),
        "−π is missing, the derivative of −log Σ exp a: only one_hot is there": (
            "one_hot(x) - pi", "one_hot(x)"),
        "there is one factor π (1 − π) too many": ("one_hot(x) - pi", "(one_hot(x) - pi) * pi * (1 - pi)"),
        "there is one factor π too many: this is the derivative of π, not of log π": (
            "one_hot(x) - pi", "(one_hot(x) - pi) * pi"),
        "π (1 − π) is used where π, the derivative of log Σ exp a, is needed": (
            "one_hot(x) - pi", "one_hot(x) - pi * (1 - pi)"),
        "this is the derivative with respect to π, one_hot/π, but a is needed": (
            "one_hot(x) - pi", "one_hot(x) / pi"),
        "one_hot − π is divided by π, but one_hot − π itself is needed": (
            "one_hot(x) - pi", "(one_hot(x) - pi) / pi"),
        "log π is used where π is needed: exp is missing": ("np.exp(log_softmax(a))", "log_softmax(a)"),
        "exp(a) is not normalized: π = exp(a)/Σ exp(a), over the K logits of a pixel": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K))"),
        "exp(a − max) is not normalized: divide by the sum over the K logits of a pixel": (
            "np.exp(log_softmax(a))",
            "np.exp(a.reshape(len(a), -1, K) - a.reshape(len(a), -1, K).max(axis=2, keepdims=True))"),
        "the softmax is taken over the whole row, but each pixel needs its own, over its K logits": (
            "np.exp(log_softmax(a))",
            "(np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)).reshape(len(a), -1, K)"),
        "the softmax is normalized over the pixels (axis 1); the K logits of a pixel are the last axis": (
            "np.exp(log_softmax(a))",
            "np.exp(a.reshape(len(a), -1, K)) / np.exp(a.reshape(len(a), -1, K)).sum(axis=1, keepdims=True)"),
        "the softmax is normalized over the batch (axis 0); the K logits of a pixel are the last axis": (
            "np.exp(log_softmax(a))",
            "np.exp(a.reshape(len(a), -1, K)) / np.exp(a.reshape(len(a), -1, K)).sum(axis=0)"),
        "the softmax is normalized over the whole array, but each pixel needs its own": (
            "np.exp(log_softmax(a))", "np.exp(a.reshape(len(a), -1, K)) / np.exp(a).sum()"),
        "π is normalized once more, over the pixels (axis 1), but it already sums to 1 over the kinds": (
            "np.exp(log_softmax(a))",
            "np.exp(log_softmax(a)) / np.exp(log_softmax(a)).sum(axis=1, keepdims=True)"),
        "sigmoid is used where the softmax is needed": (
            "np.exp(log_softmax(a))", "1 / (1 + np.exp(-a.reshape(len(a), -1, K)))"),
        "the logits are read kind after kind, as (N, K, D), "
        "but their order is pixel after pixel: (N, D, K)": (
            "np.exp(log_softmax(a))",
            "np.exp(log_softmax(a.reshape(len(a), K, -1).transpose(0, 2, 1).reshape(a.shape)))"),
        "the result is in the order kind after kind, (N, K, D), but pixel after pixel, (N, D, K), "
        "is needed": ("da.reshape(a.shape)", "da.transpose(0, 2, 1).reshape(a.shape)"),
        "x itself is used where one_hot(x) is needed": ("one_hot(x)", "x[..., None]"),
        "the one-hot is shifted by one: the kinds are counted from 0": ("one_hot(x)", "one_hot(x - 1)"),
        "the one-hot is shifted by one: the 1 of kind k has to be at index k": (
            "one_hot(x)", "one_hot(x + 1)"),
        "the most probable kind is used where x is needed": ("one_hot(x)", "one_hot(pi.argmax(axis=-1))"),
        "1/K is subtracted, but π is needed": ("one_hot(x) - pi", "one_hot(x) - 1 / K"),
        "log π itself is used where its derivative is needed": (
            "one_hot(x) - pi", "one_hot(x) * log_softmax(a)"),
        "this is the gradient of a mean over the pixels, but log p is a sum over the pixels": (
            "one_hot(x) - pi", "(one_hot(x) - pi) / x.shape[1]"),
        "the gradient is divided by K; no mean over the kinds is needed": (
            "one_hot(x) - pi", "(one_hot(x) - pi) / K"),
        "the derivatives are summed over the pixels, but each pixel needs its own": (
            "one_hot(x) - pi", "(one_hot(x) - pi).sum(axis=1, keepdims=True) * np.ones(pi.shape)"),
        "1 − π is used for all kinds, but that is right for k = x only": ("one_hot(x) - pi", "1 - pi"),
    }},
    "12": {"sample_backward": {
        "C⁻¹ ε is used where ε is needed": (
            "eps[:, None, :]", "np.linalg.solve(C, eps[..., None])[..., 0][:, None, :]"),
        "ε is added to the part for μ, but ∂z/∂μ = 1: it has to be dz": ("[dz, ", "[dz + eps, "),
        "the diagonal is treated like log σ² of exercise 6, with ½ as a factor and in the exponent, "
        "but it is log C_ii here": (
            " * C[:, range(Z), range(Z)]", " * 0.5 * np.sqrt(C[:, range(Z), range(Z)])"),
        "there is a ½ in the exponent: exp(½ log C_ii) is used where C_ii = exp(log C_ii) is needed": (
            " * C[:, range(Z), range(Z)]", " * np.sqrt(C[:, range(Z), range(Z)])"),
        "z − μ, the whole sum Σ_j C_ij ε_j, is used on the diagonal, but only C_ii ε_i depends on C_ii": (
            "dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)]", "dz * (C @ eps[..., None])[..., 0]"),
        "dC is multiplied by Cᵀ, but C itself is the parameter, not C Cᵀ": (
            "below = dC[:, BELOW[0], BELOW[1]]",
            "below = (dC @ C.transpose(0, 2, 1))[:, BELOW[0], BELOW[1]]"),
        "the factor ∂C_ii/∂log C_ii = C_ii is left out": (" * C[:, range(Z), range(Z)]", ""),
        "½ C_ii is used where C_ii is needed: here log C_ii is the parameter, not log C_ii²": (
            " * C[:, range(Z), range(Z)]", " * 0.5 * C[:, range(Z), range(Z)]"),
        "log C_ii is used where C_ii is needed": (" * C[:, range(Z), range(Z)]", " * h[:, Z:2 * Z]"),
        "exp(C_ii) is used where C_ii is needed: C_ii is the exponential already": (
            " * C[:, range(Z), range(Z)]", " * np.exp(C[:, range(Z), range(Z)])"),
        "the elements below the diagonal have a factor C_ij, but only the diagonal is a logarithm": (
            "below = dC[:, BELOW[0], BELOW[1]]",
            "below = dC[:, BELOW[0], BELOW[1]] * C[:, BELOW[0], BELOW[1]]"),
        "dC is transposed, or its upper triangle is taken: dC_ij = dz_i ε_j": (
            "dC[:, BELOW[0], BELOW[1]]", "dC[:, BELOW[1], BELOW[0]]"),
        "ε_i is missing on the diagonal": ("dC[:, range(Z), range(Z)]", "dz"),
        "ε_j is missing below the diagonal": ("below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[0]]"),
        "ε_i is used below the diagonal, but C_ij multiplies ε_j": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[0]] * eps[:, BELOW[0]]"),
        "dz_j is used below the diagonal, but C_ij enters z_i: dz_i is needed": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dz[:, BELOW[1]] * eps[:, BELOW[1]]"),
        "dz is missing on the diagonal": ("dC[:, range(Z), range(Z)]", "eps"),
        "the part for μ has the factor ε, but ∂z/∂μ = 1: it has to be dz": ("[dz, ", "[dz * eps, "),
        "the part for μ is Cᵀ dz, but ∂z/∂μ = 1: it has to be dz": (
            "[dz, ", "[(np.swapaxes(C, 1, 2) @ dz[..., None])[..., 0], "),
        "the part for μ is C dz, but ∂z/∂μ = 1: it has to be dz": ("[dz, ", "[(C @ dz[..., None])[..., 0], "),
        "the part for μ is 1: dz is left out": ("[dz, ", "[np.ones(dz.shape), "),
        "z is used where ε is needed": ("eps[:, None, :]", "sample(h, eps)[:, None, :]"),
        "C ε = z − μ is used where ε is needed": (
            "eps[:, None, :]", "(C @ eps[..., None])[..., 0][:, None, :]"),
        "dC is made symmetric, but C is triangular: C_ij enters only z_i": (
            "dC = dz[:, :, None] * eps[:, None, :]",
            "dC = dz[:, :, None] * eps[:, None, :] + dz[:, None, :] * eps[:, :, None]\n"
            "dC[:, range(Z), range(Z)] /= 2"),
        "1 is added on the diagonal: that belongs to the entropy or the KL, not to the sample": (
            " * C[:, range(Z), range(Z)]", " * C[:, range(Z), range(Z)] + 1"),
        "dzᵀ ε, a sum over the batch, is used, but each example has its own C and needs its own dz_i ε_j": (
            "dz[:, :, None] * eps[:, None, :]", "np.broadcast_to(dz.T @ eps, (len(h), Z, Z))"),
        "dz ε is summed over the latents on the diagonal, but C_ii enters only z_i: dz_i ε_i is needed": (
            "dC[:, range(Z), range(Z)]", "(dz * eps).sum(axis=1, keepdims=True)"),
        "the parts for log C_ii and below the diagonal are in the wrong order": (
            "diagonal, below]", "below, diagonal]"),
        "the elements below the diagonal are in the wrong order; they have to be row by row": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = dC[:, [1, 2, 2], [0, 1, 0]]"),
        "the elements below the diagonal are zero, but C_ij enters z_i too": (
            "below = dC[:, BELOW[0], BELOW[1]]", "below = np.zeros(dz.shape)"),
    }},
    "12b": {"log_jacobian": {
        "it is summed over the batch, but each example needs its own sum, over the latents": (
            "sum(axis=1)", "sum(axis=0)"),
        "the sign is wrong: the slope z (1 − z) is below 1, so its logarithm is negative": (
            "-(softplus", "(softplus"),
        "this is log z alone: log(1 − z) is missing": ("softplus(zeta) + softplus(-zeta)", "softplus(-zeta)"),
        "this is log(1 − z) alone: log z is missing": ("softplus(zeta) + softplus(-zeta)", "softplus(zeta)"),
        "softplus(ζ) is counted twice: log z is −softplus(−ζ)": (
            "softplus(zeta) + softplus(-zeta)", "2 * softplus(zeta)"),
        "softplus(−ζ) is counted twice: log(1 − z) is −softplus(ζ)": (
            "softplus(zeta) + softplus(-zeta)", "2 * softplus(-zeta)"),
        "this is the slope z (1 − z) itself: the logarithm is missing": (
            "-(softplus(zeta) + softplus(-zeta))", "(sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "this is the log of the sum, but the sum of the logs is needed": (
            "-(softplus(zeta) + softplus(-zeta)).sum(axis=1)",
            "np.log((sigmoid(zeta) * (1 - sigmoid(zeta))).sum(axis=1))"),
        "the difference of log z and log(1 − z) is used where their sum is needed; "
        "it is ζ, the log-Jacobian of exp": ("-(softplus(zeta) + softplus(-zeta))", "zeta"),
        "z is clipped, so this is not −800 at ζ = 800: use softplus": (
            "-(softplus(zeta) + softplus(-zeta))",
            "(np.log(np.clip(sigmoid(zeta), 1e-7, 1 - 1e-7)) + np.log(np.clip(1 - sigmoid(zeta), 1e-7, 1)))"),
        "−|ζ|, the absolute value alone, is close only far from 0; softplus is needed": (
            "-(softplus(zeta) + softplus(-zeta))", "-np.abs(zeta)"),
        "the slope of tanh, 1 − tanh², is used, but the map is the sigmoid": (
            "-(softplus(zeta) + softplus(-zeta))", "np.log(1 - np.tanh(zeta) ** 2)"),
    }, "log_jacobian_backward": {
        "this is the derivative of log z alone: that of log(1 − z) is missing": (
            "(1 - 2 * sigmoid(zeta))", "(1 - sigmoid(zeta))"),
        "this is the derivative of log(1 − z) alone: that of log z is missing": (
            "(1 - 2 * sigmoid(zeta))", "(-sigmoid(zeta))"),
        "this is the slope z (1 − z) of the map, not the derivative of its logarithm": (
            "(1 - 2 * sigmoid(zeta))", "sigmoid(zeta) * (1 - sigmoid(zeta))"),
        "this is the derivative of the slope, but that of its logarithm is needed: divide by the slope": (
            "(1 - 2 * sigmoid(zeta))", "sigmoid(zeta) * (1 - sigmoid(zeta)) * (1 - 2 * sigmoid(zeta))"),
        "this is the derivative with respect to z; the factor ∂z/∂ζ = z (1 − z) is missing": (
            "(1 - 2 * sigmoid(zeta))", "(1 - 2 * sigmoid(zeta)) / (sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "this is the inverse of the slope, 1/(z (1 − z)), but the derivative of log(z (1 − z)) is needed": (
            "(1 - 2 * sigmoid(zeta))", "1 / (sigmoid(zeta) * (1 - sigmoid(zeta)))"),
        "it is divided by the number of latents, but the log-Jacobian is a sum over the latents": (
            "(1 - 2", "(1 / zeta.shape[1]) * (1 - 2"),
        "this is the log-Jacobian itself, not its derivative": (
            "(1 - 2 * sigmoid(zeta))", "-(softplus(zeta) + softplus(-zeta))"),
        "this is 1 everywhere: one of the terms has the wrong sign, or the map was taken for exp": (
            "(1 - 2 * sigmoid(zeta))", "np.ones(zeta.shape)"),
        "−tanh(ζ) is used where −tanh(½ ζ) = 1 − 2 sigmoid(ζ) is needed": (
            "(1 - 2 * sigmoid(zeta))", "-np.tanh(zeta)"),
        "−sign(ζ) is used, which is close only far from 0; 1 − 2 sigmoid(ζ) is needed": (
            "(1 - 2 * sigmoid(zeta))", "-np.sign(zeta)"),
    }},
    "13": {"score": {
        "the part for μ is ε, but (z − μ)/σ² = ε/σ is needed": ("eps / q.std()", "eps"),
        "the sign of the part for μ is wrong": ("eps / q.std()", "-eps / q.std()"),
        "z is used where z − μ is needed: μ is not subtracted": (
            "eps / q.std()", "(q.mean() + q.std() * eps) / q.std() ** 2"),
        "ε is standardized once more: it is (z − μ)/σ already": (
            "dmu = ", "eps = (eps - q.mean()) / q.std()\ndmu = "),
        "ε/σ is squared in the part for log σ², but (z − μ)²/σ² = ε² is needed": (
            "(eps ** 2 - 1)", "((eps / q.std()) ** 2 - 1)"),
        "σ ε is squared in the part for log σ², but (z − μ)²/σ² = ε² is needed": (
            "(eps ** 2 - 1)", "((eps * q.std()) ** 2 - 1)"),
        "−½ is missing in the part for log σ²": ("(eps ** 2 - 1)", "eps ** 2"),
        "ε² is missing in the part for log σ²": ("(eps ** 2 - 1)", "(0 * eps - 1)"),
        "−1 is used where −½ is needed in the part for log σ²: ½ belongs to both terms": (
            "0.5 * (eps ** 2 - 1)", "0.5 * eps ** 2 - 1"),
        "this is the derivative with respect to log σ, but log σ² is needed: ½ is missing": ("0.5 * (", "("),
        "this is the derivative with respect to σ, but log σ² is needed": (
            "0.5 * (eps ** 2 - 1)", "(eps ** 2 - 1) / q.std()"),
        "this is the derivative with respect to σ², but log σ² is needed": (
            "0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) / q.std() ** 2"),
        "there is one factor σ² too many in the part for log σ²": (
            "0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) * q.std() ** 2"),
        "there is one factor σ too many in the part for log σ²": (
            "0.5 * (eps ** 2 - 1)", "0.5 * (eps ** 2 - 1) * q.std()"),
        "this is [1, ½ σ ε], the derivative of the reparameterized z = μ + σ ε, but the score is needed": (
            "dmu = eps / q.std()\ndlogvar = 0.5 * (eps ** 2 - 1)",
            "dmu = np.ones(eps.shape)\ndlogvar = 0.5 * q.std() * eps"),
        "log q itself is used where its derivative is needed": (
            "0.5 * (eps ** 2 - 1)", "-0.5 * (eps ** 2 + 2 * np.log(q.std()) + np.log(2 * np.pi))"),
        "log σ² is not differentiated: its derivative is 1": (
            "(eps ** 2 - 1)", "(eps ** 2 - 2 * np.log(q.std()))"),
        "the score is averaged over the samples, but each sample needs its own": (
            "np.concatenate([dmu, dlogvar], axis=1)",
            "np.ones(eps.shape[:1])[:, None] * np.concatenate([dmu, dlogvar], axis=1).mean(axis=0)"),
        "the parts for μ and log σ² alternate; all of μ has to come first, then all of log σ²": (
            "np.concatenate([dmu, dlogvar], axis=1)",
            "np.stack([dmu, dlogvar], axis=-1).reshape(len(eps), -1)"),
        "μ, which is q.mean(), is subtracted from ε, but ε is (z − μ)/σ already": (
            "eps / q.std()", "(eps - q.mean()) / q.std()"),
    }, "best_coefficient": {
        "the a of a sample includes the sample's own f; leave it out, or the estimate is biased": (
            "above = (weight * f).sum(axis=0) - weight * f\nbelow = weight.sum(axis=0) - weight",
            "above = (weight * f).sum(axis=0)\nbelow = weight.sum(axis=0) + 0 * weight"),
        "the sample's own term is left out of the denominator, but not of the numerator": (
            "(axis=0) - weight * f", "(axis=0)"),
        "the sample's own term is left out of the numerator, but not of the denominator": (
            "below = weight.sum(axis=0) - weight", "below = weight.sum(axis=0)"),
        "a is f itself: the sums contain only the sample's own term "
        "(or they are over the parameters, axis 1, not the samples)": (
            "return above / below", "return f + 0 * score"),
        "this is the plain mean of the other f, but the mean weighted by score² is needed": (
            "weight = score ** 2", "weight = np.ones(score.shape)"),
        "f is weighted by the score, but its square, score², is needed": ("score ** 2", "score"),
        "score is not squared in the numerator": (
            "(weight * f).sum(axis=0) - weight * f", "(score * f).sum(axis=0) - score * f"),
        "score is not squared in the denominator": (
            "below = weight.sum(axis=0) - weight", "below = score.sum(axis=0) - score"),
        "f is squared too: Σ (f score)² is used where Σ f score² is needed": (
            "weight * f", "weight * f ** 2"),
        "f is missing in the numerator": ("weight * f", "weight"),
        "the numerator is divided by the number of the other samples, but their Σ score² is needed": (
            "below = weight.sum(axis=0) - weight", "below = len(f) - 1"),
        "the numerator is divided by the number of samples, but Σ score² of the others is needed": (
            "below = weight.sum(axis=0) - weight", "below = len(f)"),
        "the numerator is a mean over the other samples, but the denominator is a sum, "
        "so a is S − 1 times too small": ("return above / below", "return above / (len(f) - 1) / below"),
        "the numerator is a mean over the samples, but the denominator is a sum, "
        "so a is S times too small": ("return above / below", "return above / len(f) / below"),
        "the sums are over all parameters too, but each parameter needs its own a": (
            "above = (weight * f).sum(axis=0) - weight * f\nbelow = weight.sum(axis=0) - weight",
            "above = (weight * f).sum() - (weight * f).sum(axis=1, keepdims=True) + 0 * weight\n"
            "below = weight.sum() - weight.sum(axis=1, keepdims=True)"),
        "f and score are centred first (a covariance), but the plain sums are needed": (
            "return above / below",
            "a = np.empty(score.shape)\nfor s in range(len(f)):\n"
            "    c, g = np.delete(score, s, 0), np.delete(f * score, s, 0)\n    c = c - c.mean(axis=0)\n"
            "    a[s] = (c * g).sum(axis=0) / (c ** 2).sum(axis=0)\nreturn a"),
        "only the samples before each one are used; those after it are needed too": (
            "return above / below",
            "above, below = (np.cumsum(x, axis=0) - x for x in (weight * f, weight))\n"
            "return np.where(below == 0, 0, above / np.where(below == 0, 1, below))"),
        "the sample's own term is counted twice, but it has to be left out": ("- weight", "+ weight"),
        "the sample's own f is subtracted without its weight score²": (
            "(axis=0) - weight * f", "(axis=0) - f"),
    }},
    "14": {"gaussian_factor": {
        "the sum over the others includes j = i: leave it out": (" - precision[i, i] * mean[i]", ""),
        "mean_i is subtracted from the sum where the own term Λ_ii mean_i has to be subtracted": (
            " - precision[i, i] * mean[i]", " - mean[i]"),
        "the sum over the others has the wrong sign": ("shift[i] - others", "shift[i] + others"),
        "b_i has the wrong sign: b_i − Σ is needed": ("(shift[i] - others)", "-(shift[i] + others)"),
        "the sum over the others is left out": ("shift[i] - others", "shift[i]"),
        "only b_i is divided by Λ_ii, but all of b_i − Σ has to be (are brackets missing?)": (
            "(shift[i] - others) / precision[i, i], ", "shift[i] / precision[i, i] - others, "),
        "only Σ is divided by Λ_ii, but all of b_i − Σ has to be (are brackets missing?)": (
            "(shift[i] - others) / precision[i, i], ", "shift[i] - others / precision[i, i], "),
        "this is the exact mean (Λ⁻¹ b)_i of the posterior, not the best factor given the others": (
            "(shift[i] - others) / precision[i, i], ", "np.linalg.solve(precision, shift)[i], "),
        "this is the marginal variance (Λ⁻¹)_ii of the posterior: mean field gives a smaller one": (
            ", 1 / precision[i, i]", ", np.linalg.inv(precision)[i, i]"),
        "these are the exact marginal mean and variance of the posterior, "
        "not the best factor given the others": (
            "return (shift[i] - others) / precision[i, i], 1 / precision[i, i]",
            "return np.linalg.solve(precision, shift)[i], np.linalg.inv(precision)[i, i]"),
        "the two results are in the wrong order: first the mean, then the variance": (
            "(shift[i] - others) / precision[i, i], 1 / precision[i, i]",
            "1 / precision[i, i], (shift[i] - others) / precision[i, i]"),
        "only the latents before i are counted; the others after i are needed too": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i, :i] @ mean[:i]"),
        "only the latents after i are counted; the others before i are needed too": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i, i + 1:] @ mean[i + 1:]"),
        "each Λ_ij mean_j is divided by Λ_jj, but all of b_i − Σ has to be divided by Λ_ii": (
            "precision[i] @ mean - precision[i, i] * mean[i]",
            "(precision[i] * mean / np.diag(precision)).sum() - mean[i]"),
        "this is a step from the old mean_i, without the division by Λ_ii; "
        "the best mean does not depend on the old mean_i": (
            "(shift[i] - others) / precision[i, i], ", "mean[i] + shift[i] - precision[i] @ mean, "),
        "the average of the old mean_i and the best one is used; "
        "the best q_i does not depend on the old mean_i": (
            "(shift[i] - others) / precision[i, i], ",
            "0.5 * (mean[i] + (shift[i] - others) / precision[i, i]), "),
        "the old mean_i is added, but the best q_i does not depend on it": (
            "(shift[i] - others) / precision[i, i], ", "mean[i] + (shift[i] - others) / precision[i, i], "),
        "the sum over the others is counted twice; ½ Σ_ij contains each pair twice, so the factor is 1": (
            "shift[i] - others", "shift[i] - 2 * others"),
        "the sum over the others has a factor ½, but each pair occurs twice in ½ Σ_ij, so the factor is 1": (
            "shift[i] - others", "shift[i] - 0.5 * others"),
        "mean is missing in the sum: Λ_ij alone is summed": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "precision[i].sum() - precision[i, i]"),
        "the shift b_j of the others is used where their mean_j is needed": (
            "precision[i] @ mean - precision[i, i] * mean[i]",
            "precision[i] @ shift - precision[i, i] * shift[i]"),
        "the factor Λ_ij is missing in the sum: the means alone are summed": (
            "precision[i] @ mean - precision[i, i] * mean[i]", "mean.sum() - mean[i]"),
        "the variance is the precision Λ_ii itself, but its inverse is needed": (
            ", 1 / precision[i, i]", ", precision[i, i]"),
        "this is the standard deviation, but the variance is needed": (
            ", 1 / precision[i, i]", ", precision[i, i] ** -0.5"),
        "the variance is 1/Λ_ii², but 1/Λ_ii is needed": (", 1 / precision[i, i]", ", precision[i, i] ** -2"),
        "the variance is ½/Λ_ii, but 1/Λ_ii is needed: −½ Λ_ii z² is −½ z²/s²": (
            ", 1 / precision[i, i]", ", 0.5 / precision[i, i]"),
        "the variance is 2/Λ_ii, but 1/Λ_ii is needed: −½ Λ_ii z² is −½ z²/s²": (
            ", 1 / precision[i, i]", ", 2 / precision[i, i]"),
        "the variance is 1/Σ_j Λ_ij, but 1/Λ_ii is needed: only Λ_ii counts": (
            ", 1 / precision[i, i]", ", 1 / precision[i].sum()"),
        "the variance is 1, but 1/Λ_ii is needed": (", 1 / precision[i, i]", ", 1.0"),
    }},
    "15": {"bound_backward": {
        "1/L is used for all samples, which is the gradient of the ELBO, not of this bound": (
            "w / w.sum(axis=0)", "np.ones(w.shape) / len(w)"),
        "exp(log w − max) is not normalized: divide by its sum over the samples, not by the largest": (
            "w / w.sum(axis=0)", "w"),
        "exp(log w) is not normalized: divide by the sum over the samples": (
            "w / w.sum(axis=0)", "np.exp(log_w)"),
        "log w is used where the weights are needed": ("w / w.sum(axis=0)", "log_w"),
        "log w is divided by its sum, but exp has to come first: the weights are exp(log w)": (
            "w / w.sum(axis=0)", "log_w / log_w.sum(axis=0)"),
        "the weights are divided by their mean (or exp(log w − bound) is taken), "
        "but their sum is needed: L times too large": ("w.sum(axis=0)", "w.mean(axis=0)"),
        "the weights are divided by L once more, but they sum to 1 over the samples already": (
            "w / w.sum(axis=0)", "w / w.sum(axis=0) / len(w)"),
        "the weights exp(log w − max) are divided by L, but their sum is needed": (
            "w / w.sum(axis=0)", "w / len(w)"),
        "the weights exp(log w) are divided by L, but their sum is needed": (
            "w / w.sum(axis=0)", "np.exp(log_w) / len(w)"),
        "the weights are normalized over the batch (axis 1), not over the samples (axis 0)": (
            "w.sum(axis=0)", "w.sum(axis=1, keepdims=True)"),
        "the largest and the sum are taken over the batch (axis 1), not over the samples (axis 0)": (
            "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.sum(axis=0)",
            "w = np.exp(log_w - log_w.max(axis=1, keepdims=True))\n"
            "return dbound * w / w.sum(axis=1, keepdims=True)"),
        "the weights are normalized over all examples together, but each example needs its own sum": (
            "w = np.exp(log_w - log_w.max(axis=0))\nreturn dbound * w / w.sum(axis=0)",
            "w = np.exp(log_w - log_w.max())\nreturn dbound * w / w.sum()"),
        "only the best sample counts: this is the gradient of the maximum, but all samples are needed, "
        "with their weights": ("w / w.sum(axis=0)", "(log_w == log_w.max(axis=0))"),
        "exp is taken twice": ("w / w.sum(axis=0)", "np.exp(w) / np.exp(w).sum(axis=0)"),
        "this is the logarithm of the normalized weights, but the weights themselves are needed: "
        "exp is missing": ("w / w.sum(axis=0)", "np.log(w / w.sum(axis=0))"),
        "1 minus the normalized weight is used where the weight itself is needed": (
            "w / w.sum(axis=0)", "(1 - w / w.sum(axis=0))"),
        "w̃ (1 − w̃), the derivative of the softmax, "
        "is used where the normalized weight w̃ itself is needed": (
            "w / w.sum(axis=0)", "(w / w.sum(axis=0)) * (1 - w / w.sum(axis=0))"),
        "1/L is subtracted, but the derivative of the constant log 1/L is zero": (
            "w / w.sum(axis=0)", "(w / w.sum(axis=0) - 1 / len(w))"),
        "the normalized weights are squared, but the weights themselves are needed": (
            "w / w.sum(axis=0)", "(w / w.sum(axis=0)) ** 2"),
        "max is subtracted in the numerator only; "
        "it cancels only if it is also subtracted in the denominator": (
            "w / w.sum(axis=0)", "w / np.exp(log_w).sum(axis=0)"),
        "max is subtracted in the denominator only; "
        "it cancels only if it is also subtracted in the numerator": (
            "w / w.sum(axis=0)", "np.exp(log_w) / w.sum(axis=0)"),
        "the weights are divided by a running sum; divide by the sum over all samples": (
            "w / w.sum(axis=0)", "w / np.cumsum(w, axis=0)"),
        "sigmoid is used where the softmax is needed": (
            "w / w.sum(axis=0)", "0.5 * (1 + np.tanh(0.5 * log_w))"),
        "√w is used where the weight w is needed: there is a ½ in the exponent": (
            "w / w.sum(axis=0)", "np.sqrt(w) / np.sqrt(w).sum(axis=0)"),
        "the weights are multiplied by log w, which does not belong there": (
            "w / w.sum(axis=0)", "log_w * w / w.sum(axis=0)"),
        "the weights exp(log w − max) are divided by the bound, but their sum is needed": (
            "w / w.sum(axis=0)", "w / bound(log_w)"),
        "the bound itself is used for each sample, but its derivative is needed": (
            "dbound * w / w.sum(axis=0)", "dbound * bound(log_w) * np.ones(w.shape)"),
        "the sample itself is left out of the sum, but the sum over all samples is needed": (
            "w.sum(axis=0)", "(w.sum(axis=0) - w)"),
        "1 is added to the sum of the weights, but the sum alone is needed": (
            "w.sum(axis=0)", "(1 + w.sum(axis=0))"),
    }},
}


def suspects(exercise, function=None):
    """[(what is wrong, a module with this mistake), ...]; the rest of the module is right.

    function is the one that the learner writes; None for a file with a bug to find.
    """
    shipped, solution = exercise.shipped(), exercise.solution
    solved = solution.solve(shipped)
    if function:
        written = [(text, solution.solve(shipped, **{function: _lines(solution.lines[function], change)}))
                   for text, change in COMMON.get(exercise.key, {}).get(function, {}).items()]
    else:
        text = "the parameters still move as in the original file"
        if {"forward", "backward"} <= set(exercise.functions):
            text = "backward is still the gradient of the original forward: change it to match"
        partly = [] if len(solution.lines) == 1 else [Repaired((), solution.lines[0]).solve(shipped)]
        written = [(text, source) for source in [shipped, *partly]]
    right = compile(solved, "suspect", "exec")
    mutated = (function,) if function else set(exercise.functions) - {"forward"}
    return [(text, _module(compile(source, "suspect", "exec"))) for text, source in written] + [
        (text, _module(right, edited)) for text, edited in sorted(
            edits(solved, mutated), key=lambda edit: "counted twice" in edit[0])]       # the others first


def _lines(solution, change):
    """The lines with a mistake: change itself, or those of the solution after the change (old, new)."""
    if isinstance(change, str):
        return change
    old, new = change
    if old not in solution:
        raise AssertionError(f"{old!r} is not in the solution")
    return solution.replace(old, new)


def _module(*codes):
    """A module in which the codes were executed, one after the other."""
    module = types.ModuleType("suspect")
    for code in codes:
        exec(code, vars(module))
    return module
