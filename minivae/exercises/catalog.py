"""The list of exercises: the title, check, hints and solution of each."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from . import problems


@dataclass(frozen=True, eq=False)
class Exercise:
    file: str               # without .py
    title: str
    minutes: int            # how long it may take: an estimate
    difficulty: str         # "easy", "medium" or "hard"
    problems: tuple         # the functions that the learner writes; () for a bug to find
    hints: tuple
    solution: Any           # Written or Repaired

    @property
    def key(self):
        """What the learner types: "0", "7" or "12b"."""
        return self.file.partition("_")[0].lstrip("0") or "0"

    @property
    def functions(self):
        """The names of the functions that the learner writes or repairs."""
        return tuple(dict.fromkeys(problem.function for problem in self.problems)) or self.solution.functions

    def shipped(self):
        """The text of the file as it is shipped."""
        return (originals() / f"{self.file}.py").read_text(encoding="utf-8")


class Written:
    """The solution: {function: its lines, in place of `raise NotImplementedError`}."""

    def __init__(self, library, **lines):
        self.library = library          # where the library has it, for the curious
        self.lines = {function: textwrap.dedent(text).strip() for function, text in lines.items()}

    def text(self):
        """What the learner sees as the solution."""
        parts = [text if len(self.lines) == 1 else f"# {function}\n{text}"
                 for function, text in self.lines.items()]
        return "\n\n".join([*parts, f"# In the library: {self.library}"])

    def solve(self, source, **instead):
        """The learner's file with the solution; or with other lines for some functions."""
        for function, lines in {**self.lines, **instead}.items():
            before, name, after = source.partition(f"def {function}(")
            lines = textwrap.indent(lines, "    ")
            source = before + name + after.replace("    raise NotImplementedError", lines, 1)
        return source


class Repaired:
    """The solution replaces each wrong line of these functions with a right one: (wrong, right), ..."""

    def __init__(self, functions, *lines):
        self.functions, self.lines = functions, lines

    def text(self):
        """What the learner sees as the solution."""
        return "\n".join(f"- {wrong.strip()}\n+ {right.strip()}" for wrong, right in self.lines)

    def solve(self, source):
        """The learner's file with the solution."""
        for wrong, right in self.lines:
            source = source.replace(wrong, right)
        return source


EXERCISES = [
    Exercise("00_numerical_gradient", "The gradient check itself", 10, "easy", (problems.numerical,), (
        "Loop over all elements, whatever the shape: for i in np.ndindex(x.shape). Then x[i] is one number.",
        "Keep the old value: value = x[i]. Set x[i] = value + h, evaluate f(x); set x[i] = value - h, "
        "evaluate f(x) again; finally set x[i] = value.",
        "gradient[i] = (above - below) / (2 * h)"), Written(
        "gradcheck.py, numerical_gradient", numerical_gradient="""
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
    Exercise("01_linear", "The linear layer, backwards", 20, "easy", (problems.linear_backward,), (
        "Take one number, W_io. It affects y_no for every n, but no other column of y. So sum over n.",
        "Σ_n x_ni dy_no is an entry of the matrix product of xᵀ (I, N) and dy (N, O). b is added to every "
        "row of y.",
        "dW = xᵀ dy, db = the sum of dy over its rows, dx = dy Wᵀ. Write dW[...] = ..., not dW = ..."
    ), Written(
        "layers.py, linear_backward", linear_backward="""
        dW[...] = x.T @ dy
        db[...] = dy.sum(axis=0)
        return dy @ W.T
        """)),
    Exercise("02_activations", "Tanh and relu, backwards", 10, "easy", (
        problems.tanh_backward, problems.relu_backward), (
        "Both are elementwise: each element of dx is that of dy, times the derivative there.",
        "1 − tanh(x)² is 1 − y². For relu, y > 0 exactly where x > 0.",
        "dy * (1 - y * y), and dy * (y > 0)"), Written(
        "layers.py, tanh_backward and relu_backward", tanh_backward="""
        return dy * (1 - y ** 2)
        """, relu_backward="""
        return dy * (y > 0)
        """)),
    Exercise("03_mlp", "A multilayer perceptron, by the chain rule", 20, "medium", (problems.mlp_backward,), (
        "Go through the layers from the last to the first: for i in reversed(range(len(layers))).",
        "linear_backward(dy, inputs[i], W, dW, db) gives the gradient for inputs[i]. For i > 0 that input is "
        "the output of a tanh: multiply the gradient by the derivative of tanh.",
        "After linear_backward: if i > 0: dy = tanh_backward(dy, inputs[i]). At the end, dy is dx."
    ), Written(
        "layers.py, mlp_backward", mlp_backward="""
        for i in reversed(range(len(layers))):
            W, b = layers[i]
            dW, db = grads[i]
            dy = linear_backward(dy, inputs[i], W, dW, db)
            if i > 0:
                dy = tanh_backward(dy, inputs[i])
        return dy
        """)),
    Exercise("04_autoencoder", "The squared error, and the whole autoencoder", 15, "medium", (
        problems.autoencoder_backward,), (
        "∂/∂x̂ of (x − x̂)² is −2 (x − x̂). The loss is a sum over the pixels, a mean over the N examples.",
        "dx̂ = −2 (x − x̂)/N goes into the decoder's mlp_backward, which returns dz.",
        "dz goes into the encoder's mlp_backward."), Written(
        "autoencoder.py, Autoencoder.loss_and_grad", autoencoder_backward="""
        dx_hat = -2 * (x - x_hat) / len(x)
        dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
        mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
        """)),
    Exercise("05_bernoulli", "Black or white pixels: the Bernoulli likelihood", 15, "easy", (
        problems.bernoulli,), (
        "softplus′(a) = exp(a)/(1 + exp(a)): which function is that?",
        "∂/∂a of x a − softplus(a) is x − sigmoid(a): data minus prediction.",
        "Each example has its own upstream gradient: dlogp[:, None] * (...)"), Written(
        "likelihoods/bernoulli.py, Bernoulli.log_prob_backward", log_prob_backward="""
        return dlogp[:, None] * (x - sigmoid(a))
        """)),
    Exercise("06_sample", "The reparameterized sample", 15, "medium", (problems.sample,), (
        "z = μ + σ ε: ∂z/∂μ = 1 and ∂z/∂σ = ε.",
        "σ = exp(½ log σ²), so ∂σ/∂log σ² = ½ σ.",
        "dmu = dz; dlogvar = dz * eps * 0.5 * np.exp(0.5 * logvar)"), Written(
        "posteriors/diagonal.py, DiagonalGaussian.sample_backward", sample_backward="""
        sigma = np.exp(0.5 * logvar)
        dmu = dz
        dlogvar = dz * eps * 0.5 * sigma
        return np.concatenate([dmu, dlogvar], axis=-1)
        """)),
    Exercise("07_kl", "The KL between q(z|x) and the prior", 15, "easy", (problems.kl,), (
        "∂KL/∂μ is the easy part: ½ · 2 μ.",
        "Write v = log σ². The KL contains ½ (exp v − v).",
        "dmu = dkl[:, None] * mu; dlogvar = dkl[:, None] * 0.5 * (np.exp(logvar) - 1)"), Written(
        "posteriors/diagonal.py, DiagonalGaussian.kl_backward", kl_backward="""
        dmu = dkl[:, None] * mu
        dlogvar = dkl[:, None] * 0.5 * (np.exp(logvar) - 1)
        return np.concatenate([dmu, dlogvar], axis=-1)
        """)),
    Exercise("08_gaussian", "Grey pixels: a Gaussian with a learned variance", 25, "medium", (
        problems.gaussian,), (
        "∂log p/∂m = (x − m)/σ².",
        "∂log p/∂σ² = ½ ((x − m)²/σ⁴ − 1/σ²), and ∂σ²/∂s = exp(s), without the floor.",
        "ds = dlogp[:, None] * 0.5 * ((x - m) ** 2 / variance - 1) * np.exp(s) / variance"), Written(
        "likelihoods/gaussian.py, Gaussian.log_prob_backward", log_prob_backward="""
        variance = FLOOR + np.exp(s)
        dm = dlogp[:, None] * (x - m) / variance
        dvariance = dlogp[:, None] * 0.5 * ((x - m) ** 2 / variance ** 2 - 1 / variance)
        ds = dvariance * np.exp(s)
        return np.concatenate([dm, ds], axis=-1)
        """)),
    Exercise("09_vae", "The whole VAE: where two paths meet", 25, "hard", (problems.vae_backward,), (
        "loss = 1/N Σ (−log p + KL). So dlogp is −1/N for each example: -ones / N, and dkl is ones / N.",
        "da = p.log_prob_backward(...), then the decoder's mlp_backward gives dz.",
        "dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h): the two paths add. Then call "
        "the encoder's mlp_backward."), Written(
        "vae.py, elbo_and_grad", vae_backward="""
        da = p.log_prob_backward(-ones / N, x, a)
        dz = mlp_backward(da, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
        dh = q.sample_backward(dz, h, eps) + q.kl_backward(ones / N, h)
        mlp_backward(dh, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
        """)),
    Exercise("10_adam", "Adam", 15, "easy", (problems.adam,), (
        "m *= beta1 and then m += (1 - beta1) * g changes m in place.",
        "m̂ and v̂ are new arrays: m / (1 - beta1 ** t), and likewise for v.",
        "theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)"), Written(
        "optimizers.py, Adam", adam_step="""
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g ** 2
        m_hat = m / (1 - beta1 ** t)
        v_hat = v / (1 - beta2 ** t)
        theta -= lr * m_hat / (np.sqrt(v_hat) + epsilon)
        """)),
    Exercise("11_categorical", "Pixels of K kinds: the Categorical likelihood", 25, "medium", (
        problems.categorical,), (
        "log π[x] = a[x] − log Σ exp a. ∂/∂a[k] of the first term is 1 if k = x, else 0.",
        "∂/∂a[k] of log Σ exp a is exp a[k]/Σ exp a = π[k]. So: one_hot − π. For the Bernoulli it was x − π.",
        "(dlogp[:, None, None] * (one_hot(x) - np.exp(log_softmax(a)))).reshape(a.shape)"), Written(
        "likelihoods/categorical.py, Categorical.log_prob_backward", log_prob_backward="""
        pi = np.exp(log_softmax(a))
        da = dlogp[:, None, None] * (one_hot(x) - pi)
        return da.reshape(a.shape)
        """)),
    Exercise("12_full_gaussian", "A q(z|x) with correlations", 30, "hard", (problems.full_gaussian,), (
        "∂z_i/∂C_ij = ε_j, and no other z depends on C_ij. So dC_ij = dz_i ε_j, for each example.",
        "dC = dz[:, :, None] * eps[:, None, :] is (N, Z, Z). Multiply its diagonal by C_ii, which "
        "gives the gradient with respect to log C_ii.",
        "on = dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)]; "
        "np.concatenate([dz, on, dC[:, BELOW[0], BELOW[1]]], axis=1)"), Written(
        "posteriors/full.py, FullGaussian.sample_backward", sample_backward="""
        dC = dz[:, :, None] * eps[:, None, :]
        diagonal = dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)]
        below = dC[:, BELOW[0], BELOW[1]]
        return np.concatenate([dz, diagonal, below], axis=1)
        """)),
    Exercise("12b_log_jacobian", "The log-Jacobian of ADVI", 20, "medium", (
        problems.log_jacobian, problems.log_jacobian_far, problems.log_jacobian_backward), (
        "∂z/∂ζ = sigmoid′(ζ) = z (1 − z). Its logarithm is log z + log(1 − z).",
        "log z + log(1 − z) = −softplus(−ζ) − softplus(ζ). And softplus′ is sigmoid.",
        "-(softplus(zeta) + softplus(-zeta)) summed over the latents; its derivative is 1 − 2 sigmoid(ζ)."
    ), Written(
        "inference/transforms.py, Sigmoid", log_jacobian="""
        return -(softplus(zeta) + softplus(-zeta)).sum(axis=1)
        """, log_jacobian_backward="""
        return dlogj[:, None] * (1 - 2 * sigmoid(zeta))
        """)),
    Exercise("13_score_function", "The score function and its control variate", 40, "hard", (
        problems.score, problems.control_variate), (
        "∂log q/∂μ = (z − μ)/σ², and z − μ = σ ε.",
        "∂log q/∂log σ² = ½ ((z − μ)²/σ² − 1). For the second function: the sum over the other samples is "
        "the sum over all samples minus the sample's own term.",
        "weight = score ** 2; ((weight * f).sum(0) - weight * f) / (weight.sum(0) - weight)"), Written(
        "inference/approximations.py, MeanFieldGaussian.score, and inference/estimators.py, best_coefficient",
        score="""
        dmu = eps / q.std()
        dlogvar = 0.5 * (eps ** 2 - 1)
        return np.concatenate([dmu, dlogvar], axis=1)
        """, best_coefficient="""
        weight = score ** 2
        above = (weight * f).sum(axis=0) - weight * f
        below = weight.sum(axis=0) - weight
        return above / below
        """)),
    Exercise("14_cavi", "A coordinate-ascent update", 30, "hard", (problems.coordinate_ascent,), (
        "The terms with z_i: b_i z_i − ½ Λ_ii z_i² − z_i Σ_{j≠i} Λ_ij z_j (each pair occurs twice in the "
        "double sum).",
        "Averaged over the other latents: z_i (b_i − Σ_{j≠i} Λ_ij mean_j) − ½ Λ_ii z_i². Compare with "
        "−½ (z − m)²/s².",
        "The variance is 1/Λ_ii, the mean is (b_i − Σ_{j≠i} Λ_ij mean_j)/Λ_ii."), Written(
        "inference/coordinate_ascent.py, gaussian_factor", gaussian_factor="""
        others = precision[i] @ mean - precision[i, i] * mean[i]
        return (shift[i] - others) / precision[i, i], 1 / precision[i, i]
        """)),
    Exercise("15_iwae", "The importance-weighted bound", 25, "medium", (problems.iwae, problems.iwae_far), (
        "∂/∂log w_l of log Σ exp(log w): the derivative of log u is 1/u, that of exp is exp.",
        "w_l/Σ w: the softmax of log w over the samples.",
        "w = np.exp(log_w - log_w.max(axis=0)); dbound * w / w.sum(axis=0)"), Written(
        "monte_carlo.py, iwae_bound", bound_backward="""
        w = np.exp(log_w - log_w.max(axis=0))
        return dbound * w / w.sum(axis=0)
        """)),
    Exercise("16_bug_gradients_agree", "Find the bug: every gradient agrees with differences", 20, "hard",
             (), (
        "z is drawn with a standard deviation, and the KL is computed from a variance. Do the two match?",
        "logvar is log σ². What is exp(logvar), and what should ε be multiplied by?",
        "z = mu + np.exp(0.5 * logvar) * eps; then change dlogvar in backward to match."), Repaired(
        ("forward", "backward"), ("np.exp(logvar) * eps", "np.exp(0.5 * logvar) * eps"),
        ('dz * eps * np.exp(c["logvar"])', 'dz * eps * 0.5 * np.exp(0.5 * c["logvar"])'))),
    Exercise("17_bug_train_step", "Find the bug: the backward pass is right", 10, "easy", (), (
        "Which parameters are moved wrongly? What do their gradients depend on, and the others not?",
        "How many times does one step draw noise from rng?",
        "backward has to get the same eps as forward."), Repaired(
        ("train_step",), ("backward(p, x, rng.standard_normal(eps.shape), c)", "backward(p, x, eps, c)"))),
    Exercise("18_bug_noise", "Find the bug: every gradient and every formula is right", 15, "medium", (), (
        "Print eps for a batch of three.",
        "All rows are equal: the whole batch shares one ε, and an unlucky ε affects all examples.",
        "rng.standard_normal((len(x), Z))"), Repaired(
        ("train_step",), ('rng.standard_normal(p["W2"].shape[1]) * np.ones((len(x), 1))',
         'rng.standard_normal((len(x), p["W2"].shape[1]))'))),
    Exercise("19_bug_in_turn", "Find the bug: two networks, trained one after the other", 15, "medium", (), (
        "Which weights is dz computed from, and which values do they have at that moment?",
        "W4 has already been changed when dz is computed.",
        "Compute dz before the loop that changes p."), Repaired(
        ("decoder_step", "encoder_step"),
        ('    for name in g:\n        p[name] -= lr * g[name]\n    dz = dpre2 @ p["W4"].T\n',
         '    dz = dpre2 @ p["W4"].T\n    for name in g:\n        p[name] -= lr * g[name]\n'))),
    Exercise("20_bug_two_heads", "Find the bug: something is missing", 15, "medium", (), (
        "Which parameters are moved wrongly? What does backward compute just before their gradients?",
        "Both mu and logvar are computed from h1.",
        'dh1 = dmu @ p["W2"].T + dlogvar @ p["W3"].T'), Repaired(
        ("backward",), ('dh1 = dmu @ p["W2"].T\n', 'dh1 = dmu @ p["W2"].T + dlogvar @ p["W3"].T\n'))),
    Exercise("21_bug_same_shape", "Find the bug: all shapes fit", 10, "easy", (), (
        "Is everything that backward computes also used?",
        "dh1 is computed, but never used.",
        'dpre1 = dh1 * (1 - c["h1"] ** 2)'), Repaired(
        ("backward",), ('dpre1 = dh2 * (1 - c["h1"] ** 2)', 'dpre1 = dh1 * (1 - c["h1"] ** 2)'))),
    Exercise("22_bug_collapse", "Find the bug: the posterior collapses", 15, "medium", (), (
        "Compare the reconstruction term with the formula of exercise 5: what is done with the pixels?",
        "log p(x|z) is a sum over the pixels. A mean is D times smaller, and so the KL has D times the "
        "weight that it should have.",
        "reconstruction = (softplus(a) - x * a).sum(axis=1); then change da in backward to match."), Repaired(
        ("forward", "backward"), ("(softplus(a) - x * a).mean(axis=1)", "(softplus(a) - x * a).sum(axis=1)"),
        ('da = (sigmoid(c["a"]) - x) / x.size', 'da = (sigmoid(c["a"]) - x) / N'))),
    Exercise("23_bug_small_noise", "Find the bug: a loss that is too good", 10, "easy", (), (
        "Print the standard deviation of eps.",
        "z = μ + σ ε has the standard deviation σ only if ε has the standard deviation 1.",
        "eps = rng.standard_normal((len(x), Z)), without the factor"), Repaired(
        ("train_step",), ("0.01 * rng.standard_normal", "rng.standard_normal"))),
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
