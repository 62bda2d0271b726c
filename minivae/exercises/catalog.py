"""The list of exercises: the title, check, hints and solution of each."""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import layers
from ..errors import InputError
from ..inference.approximations import MeanFieldGaussian
from ..inference.coordinate_ascent import gaussian_factor
from ..inference.estimators import best_coefficient
from ..likelihoods import Bernoulli, Categorical, Gaussian
from ..posteriors import DiagonalGaussian, FullGaussian
from . import bugs, problems


@dataclass(frozen=True)
class Exercise:
    file: str               # without .py
    title: str
    minutes: int            # how long it may take, a guess
    difficulty: str         # "easy", "medium" or "hard"
    functions: tuple        # names of the functions that the learner writes or corrects
    check: Any              # check(module, rng) -> Reports, raises problems.Wrong; or a tuple of these
    hints: tuple
    solution: Any           # Library, Lines or Repaired

    @property
    def key(self):
        """What the learner types: "0", "7" or "12b"."""
        return self.file.partition("_")[0].lstrip("0") or "0"


class Library:
    """The solution is code of the library: {function of the exercise: function of the library}."""

    def __init__(self, **functions):
        self.functions = functions

    def text(self):
        texts = []
        for function in self.functions.values():
            function = getattr(function, "__func__", function)          # if it is a bound method
            source = inspect.getsource(function).rstrip()
            texts.append(f"# {function.__module__}, {function.__qualname__}\n{source}")
        return "\n\n".join(texts)

    def solve(self, source):
        """The learner's file, with a call to the library in place of each `raise NotImplementedError`."""
        key = source.lstrip('"').partition(" ")[0]
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name in self.functions:
                arguments = ", ".join(argument.arg for argument in node.args.args)
                call = (f"from minivae.exercises.catalog import by_key; "
                        f"return by_key({key!r}).solution.functions[{node.name!r}]({arguments})")
                before, name, after = source.partition(f"def {node.name}(")
                source = before + name + after.replace("raise NotImplementedError", call, 1)
        return source


class Lines:
    """The solution is these lines, in place of `raise NotImplementedError`."""

    def __init__(self, lines):
        self.lines = textwrap.dedent(lines).strip()

    def text(self):
        return self.lines

    def solve(self, source):
        indented = "\n".join("    " + line if line else "" for line in self.lines.split("\n"))
        return source.replace("    raise NotImplementedError", indented)


class Repaired:
    """The solution replaces each wrong line with a right one: (wrong, right), ..."""

    def __init__(self, *lines):
        self.lines = lines

    def text(self):
        return "\n".join(f"- {wrong.strip()}\n+ {right.strip()}" for wrong, right in self.lines)

    def solve(self, source):
        for wrong, right in self.lines:
            source = source.replace(wrong, right)
        return source


EXERCISES = [
    Exercise("00_numerical_gradient", "The gradient check itself", 10, "easy", ("numerical_gradient",),
             problems.numerical, (
        "Loop over all elements, whatever the shape: for i in np.ndindex(x.shape). Then x[i] is one number.",
        "Keep the old value: value = x[i]. Set x[i] = value + h, evaluate f(x); set x[i] = value - h, "
        "evaluate again; at last x[i] = value.",
        "gradient[i] = (above - below) / (2 * h)"), Lines("""
        gradient = np.empty(x.shape)
        for i in np.ndindex(x.shape):
            value = x[i]
            x[i] = value + h
            above = f(x)
            x[i] = value - h
            below = f(x)
            x[i] = value
            gradient[i] = (above - below) / (2 * h)
        return gradient
        """)),
    Exercise("01_linear", "The linear layer, backwards", 20, "easy", ("linear_backward",), problems.linear, (
        "Take one number, W_io. It affects y_no for every n, and no column other than o. So sum over n.",
        "Σ_n x_ni dy_no is an entry of the matrix product of xᵀ (I, N) and dy (N, O). b is added to every row "
        "of y.",
        "dW = xᵀ dy, db = the sum of dy over its rows, dx = dy Wᵀ. Write dW[...] = ..., not dW = ..."),
        Library(linear_backward=layers.linear_backward)),
    Exercise("02_activations", "Tanh and relu, backwards", 10, "easy", ("tanh_backward", "relu_backward"),
             (problems.tanh_alone, problems.relu_alone), (
        "Both are elementwise: each da is the dy at the same place, times the derivative there.",
        "1 − tanh(a)² is 1 − y². And y > 0 exactly where a > 0.",
        "dy * (1 - y * y), and dy * (y > 0)"),
        Library(tanh_backward=layers.tanh_backward, relu_backward=layers.relu_backward)),
    Exercise("03_mlp", "A multilayer perceptron, by the chain rule", 20, "medium", ("mlp_backward",), problems.perceptron, (
        "Go through the layers from the last to the first: for i in reversed(range(len(layers))).",
        "linear_backward(dy, inputs[i], W, dW, db) gives the gradient for inputs[i]. For i > 0 that input is "
        "the output of a tanh: next, multiply by the derivative of tanh.",
        "After the linear layer: if i > 0: dy = tanh_backward(dy, inputs[i]). At the end, dy is dx."),
        Library(mlp_backward=layers.mlp_backward)),
    Exercise("04_autoencoder", "The squared error, and the whole autoencoder", 15, "medium", ("autoencoder_backward",),
             problems.autoencoder, (
        "∂/∂x̂ of (x − x̂)² is −2 (x − x̂). The loss is the sum over the pixels, averaged over the N examples.",
        "dx̂ = −2 (x − x̂)/N goes into the decoder's mlp_backward, which returns dz.",
        "dz goes into the encoder's mlp_backward."), Lines("""
        dx_hat = -2 * (x - x_hat) / len(x)
        dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
        mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
        """)),
    Exercise("05_bernoulli", "Black or white pixels: the Bernoulli likelihood", 15, "easy", ("log_prob_backward",),
             problems.bernoulli, (
        "softplus′(a) = exp(a)/(1 + exp(a)): which function is that?",
        "∂/∂a of x a − softplus(a) is x − sigmoid(a): data minus prediction.",
        "Each example has its own upstream gradient: dlogp[:, None] * (...)"),
        Library(log_prob_backward=Bernoulli().log_prob_backward)),
    Exercise("06_sample", "The reparameterized sample", 15, "medium", ("sample_backward",), problems.sample, (
        "z = μ + σ ε: ∂z/∂μ = 1 and ∂z/∂σ = ε.",
        "σ = exp(½ log σ²), so ∂σ/∂log σ² = ½ σ.",
        "dmu = dz; dlogvar = dz * eps * 0.5 * np.exp(0.5 * logvar)"),
        Library(sample_backward=DiagonalGaussian().sample_backward)),
    Exercise("07_kl", "The KL between q(z|x) and the prior", 15, "easy", ("kl_backward",), problems.kl, (
        "∂KL/∂μ is the easy part: ½ · 2 μ.",
        "Write v = log σ². The KL contains ½ (exp v − v).",
        "dmu = dkl[:, None] * mu; dlogvar = dkl[:, None] * 0.5 * (np.exp(logvar) - 1)"),
        Library(kl_backward=DiagonalGaussian().kl_backward)),
    Exercise("08_gaussian", "Grey pixels: a Gaussian with a learned variance", 25, "medium", ("log_prob_backward",),
             problems.gaussian, (
        "∂log p/∂m = (x − m)/σ².",
        "∂log p/∂σ² = ½ ((x − m)²/σ⁴ − 1/σ²), and ∂σ²/∂s = exp(s), without the floor.",
        "ds = dlogp[:, None] * 0.5 * ((x - m) ** 2 / variance - 1) * np.exp(s) / variance"),
        Library(log_prob_backward=Gaussian("per-pixel", floor=1e-3).log_prob_backward)),
    Exercise("09_vae", "The whole VAE: where two paths meet", 25, "hard", ("vae_backward",), problems.vae, (
        "loss = 1/N Σ (−log p + KL). So dlogp is −1/N per example, that is -ones / N, and dkl is ones / N.",
        "da = p.log_prob_backward(...), then the decoder's mlp_backward gives dz.",
        "dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h): the two paths add. Then call "
        "the encoder's mlp_backward."),
             Lines("""
        da = p.log_prob_backward(-ones / N, x, a)
        dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
        dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
        mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
        """)),
    Exercise("10_adam", "Adam", 15, "easy", ("adam_step",), problems.adam, (
        "m *= beta1 and then m += (1 - beta1) * g changes m in place.",
        "m̂ and v̂ are new arrays: m / (1 - beta1 ** t), and likewise for v.",
        "theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)"), Lines("""
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        m_hat = m / (1 - beta1 ** t)
        v_hat = v / (1 - beta2 ** t)
        theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)
        """)),
    Exercise("11_categorical", "Pixels of K kinds: the Categorical likelihood", 25, "medium", ("log_prob_backward",),
             problems.categorical, (
        "log π[x] = a[x] − log Σ exp a. ∂/∂a[k] of the first term is 1 if k = x, else 0.",
        "∂/∂a[k] of log Σ exp a is exp a[k]/Σ exp a = π[k]. So: one_hot − π. For the Bernoulli it was x − π.",
        "(dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))).reshape(a.shape)"),
        Library(log_prob_backward=Categorical(3).log_prob_backward)),
    Exercise("12_full_gaussian", "A q(z|x) with correlations", 30, "hard", ("sample_backward",), problems.full_gaussian, (
        "∂z_i/∂C_ij = ε_j, and no other z depends on C_ij. So dC_ij = dz_i ε_j, for each example.",
        "dC = dz[:, :, None] * eps[:, None, :] is (N, Z, Z). Multiply its diagonal by C_ii, which "
        "gives the gradient with respect to log C_ii.",
        "on = dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)]; "
        "np.concatenate([dz, on, dC[:, BELOW[0], BELOW[1]]], axis=1)"),
        Library(sample_backward=FullGaussian().sample_backward)),
    Exercise("12b_log_jacobian", "The log-Jacobian of ADVI", 20, "medium",
             ("log_jacobian", "log_jacobian_backward"), problems.numerical, (
        "∂z/∂ζ = sigmoid′(ζ) = z (1 − z). Its logarithm is log z + log(1 − z).",
        "log z + log(1 − z) = −softplus(−ζ) − softplus(ζ). And softplus′ is sigmoid.",
        "−(softplus(zeta) + softplus(-zeta)) summed over the latents; its derivative is 1 − 2 sigmoid(ζ)."),
             Lines("return None")),
    Exercise("13_score_function", "The score function and its control variate", 40, "hard", ("score", "best_coefficient"),
             (problems.score_function, problems.control_variate), (
        "∂log q/∂μ = (z − μ)/σ², and z − μ = σ ε.",
        "∂log q/∂log σ² = ½ ((z − μ)²/σ² − 1). For the second function: the sum over the other samples is "
        "the sum over all samples minus the sample's own term.",
        "weight = score ** 2; ((weight * f).sum(0) - weight * f) / (weight.sum(0) - weight)"),
        Library(score=MeanFieldGaussian.score, best_coefficient=best_coefficient)),
    Exercise("14_cavi", "A coordinate-ascent update", 30, "hard", ("gaussian_factor",), problems.coordinate_ascent, (
        "The terms with z_i: b_i z_i − ½ Λ_ii z_i² − z_i Σ_{j≠i} Λ_ij z_j (each pair occurs twice in the "
        "double sum).",
        "Averaged over the other latents: z_i (b_i − Σ_{j≠i} Λ_ij mean_j) − ½ Λ_ii z_i². Compare with "
        "−½ (z − m)²/s².",
        "The variance is 1/Λ_ii, the mean is (b_i − Σ_{j≠i} Λ_ij mean_j)/Λ_ii."),
        Library(gaussian_factor=gaussian_factor)),
    Exercise("15_iwae", "The importance-weighted bound", 25, "medium", ("bound_backward",), problems.iwae, (
        "∂/∂log w_l of log Σ exp(log w): the derivative of log u is 1/u, that of exp is exp.",
        "w_l/Σ w: the softmax of log w over the samples.",
        "w = np.exp(log_w - log_w.max(axis=0)); dbound * w / w.sum(axis=0)"), Lines("""
        w = np.exp(log_w - log_w.max(axis=0))
        return dbound * w / w.sum(axis=0)
        """)),
    Exercise("16_bug_gradients_agree", "Find the bug: every gradient agrees with differences", 20, "hard", 
             ("forward", "backward"), bugs.measure, (
        "z is drawn with a standard deviation, and the KL is computed from a variance. Do the two match?",
        "logvar is log σ². What is exp(logvar), and what should ε be multiplied by?",
        "z = mu + np.exp(0.5 * logvar) * eps; then change dlogvar in backward to match."), Repaired(
        ("np.exp(logvar) * eps", "np.exp(0.5 * logvar) * eps"),
        ('dz * eps * np.exp(c["logvar"])', 'dz * eps * 0.5 * np.exp(0.5 * c["logvar"])'))),
    Exercise("17_bug_train_step", "Find the bug: the backward pass is right", 10, "easy", ("train_step",), bugs.measure, (
        "Which parameters are moved wrongly? What do only their gradients depend on?",
        "How many times does one step draw noise from rng?",
        "backward has to get the same eps as forward."), Repaired(
        ("backward(p, x, rng.standard_normal(eps.shape), c)", "backward(p, x, eps, c)"))),
    Exercise("18_bug_noise", "Find the bug: no gradient is wrong, and no formula either", 15, "medium", ("train_step",),
             bugs.measure, (
        "Print eps for a batch of three.",
        "All rows are equal: the whole batch shares one ε, and an unlucky ε affects all examples.",
        "rng.standard_normal((len(x), Z))"), Repaired(
        ('rng.standard_normal(p["W2"].shape[1]) * np.ones((len(x), 1))',
         'rng.standard_normal((len(x), p["W2"].shape[1]))'))),
    Exercise("19_bug_in_turn", "Find the bug: two networks, trained one after the other", 15, "medium", 
             ("decoder_step", "encoder_step"), bugs.measure, (
        "Which weights is dz computed from, and which values do they have at that moment?",
        "W4 has already been changed when dz is computed.",
        "Compute dz before the loop that changes p."), Repaired(
        ("    for name in g:\n        p[name] -= lr * g[name]\n    dz = dpre2 @ p[\"W4\"].T\n",
         "    dz = dpre2 @ p[\"W4\"].T\n    for name in g:\n        p[name] -= lr * g[name]\n"))),
    Exercise("20_bug_two_heads", "Find the bug: something is missing", 15, "medium", ("backward",), bugs.measure, (
        "Which parameters are moved wrongly? What does backward compute just before their gradients?",
        "Both mu and logvar are computed from h1.",
        'dh1 = dmu @ p["W2"].T + dlogvar @ p["W3"].T'), Repaired(
        ('dh1 = dmu @ p["W2"].T\n', 'dh1 = dmu @ p["W2"].T + dlogvar @ p["W3"].T\n'))),
    Exercise("21_bug_same_shape", "Find the bug: all shapes fit", 10, "easy", ("backward",), bugs.measure, (
        "Is everything that backward computes also used?",
        "dh1 is computed, but never used.",
        'dpre1 = dh1 * (1 - c["h1"] ** 2)'), Repaired(
        ('dpre1 = dh2 * (1 - c["h1"] ** 2)', 'dpre1 = dh1 * (1 - c["h1"] ** 2)'))),
    Exercise("22_bug_collapse", "Find the bug: the latents fall silent", 15, "medium", ("forward", "backward"),
             bugs.measure, (
        "Compare the reconstruction term with the formula of exercise 5: what is done with the pixels?",
        "log p(x|z) is a sum over the pixels. A mean is D times smaller, so the KL weighs D times too much.",
        "reconstruction = (softplus(a) - x * a).sum(axis=1); then change da in backward to match."), Repaired(
        ("(softplus(a) - x * a).mean(axis=1)", "(softplus(a) - x * a).sum(axis=1)"),
        ('da = (sigmoid(c["a"]) - x) / x.size', 'da = (sigmoid(c["a"]) - x) / N'))),
    Exercise("23_bug_small_noise", "Find the bug: a splendid bound", 10, "easy", ("train_step",), bugs.measure, (
        "Print the standard deviation of eps.",
        "z = μ + σ ε has the standard deviation σ only if ε has the standard deviation 1.",
        "eps = rng.standard_normal((len(x), Z)), without the factor"), Repaired(
        ("0.01 * rng.standard_normal", "rng.standard_normal"))),
]


def by_key(key):
    """The exercise with this key, or None."""
    return next((exercise for exercise in EXERCISES if exercise.key == key), None)


def of_file(name):
    """The exercise that a file name like 07_kl.py or 12b_mine.py begins with, or None."""
    key = re.match(r"[0-9]{2}[a-z]?(?=[_.])", name)
    return by_key(key[0].lstrip("0") or "0") if key else None


def originals():
    """The folder of the exercises as shipped: in the installed package, or in the checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "files", here.parents[1] / "tutorials" / "exercises"):
        if folder.is_dir():
            return folder
    raise InputError(f"the exercises are missing from this installation ({here}); reinstall minivae")
