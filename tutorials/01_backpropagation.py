# %% [markdown]
# # 1 · Backpropagation by hand
#
# **What you'll do.** Derive the gradient of one linear layer, put layers together, check every gradient by
# machine, and train a small network on handwritten digits. After that, find out how a gradient check can mislead you,
# and compare initial weights and optimizers.
#
# **What you'll learn.** That the backward pass goes through the forward pass in reverse, with one short line for each
# of its lines; why dW = xᵀ dy; when to believe a gradient check; how large initial weights should be; what an optimizer
# does.
#
# **What you'll need.** Partial derivatives, matrix products, some NumPy. No knowledge of neural networks.
#
# **Time.** 25 minutes to read until the network is trained, 35 for the rest; 8 seconds to run: `python
# tutorials/01_backpropagation.py`.

# %%
from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae.datasets import digits
from minivae.checking.diagnosis import diagnose
from minivae.gradcheck import (STEP, TABLE_HEAD, TOLERANCE, check_backward, check_gradient, check_model,
                               complex_step_gradient, numerical_gradient)
from minivae.layers import linear, linear_backward, mlp, mlp_backward, relu, relu_backward, tanh, tanh_backward
from minivae.likelihoods import Categorical
from minivae.optimizers import OPTIMIZERS, SGD, Adam
from minivae.parameters import Parameters
from minivae.vae import Loss

options("Tutorial 1: backpropagation by hand.")
rng = np.random.default_rng(0)

# %% [markdown]
# ## One linear layer
#
# N examples are the rows of x (N, I). A matrix W (I, O) and a vector b (O,) turn each of them into O numbers:
#
#     yₙₒ = Σᵢ xₙᵢ Wᵢₒ + bₒ,   in short   y = x W + b                   → layers.linear
#
# From y, later steps compute a loss, which is one number. Suppose we already know how the loss changes with each yₙₒ.
# We call that dy, an array with the shape of y. A leading *d* always means "gradient of the loss with respect to":
#
#     dyₙₒ = ∂loss/∂yₙₒ                                                 → next cell
#
# We want dW, db and dx. For each number, ask one question: *which elements of y does it change, and how strongly?*
#
# **W.** Wᵢₒ changes yₙₒ for every example n, with the factor xₙᵢ, and no other column of y. Its effect on the loss is
# the sum of its effects through all of these yₙₒ:
#
#     dWᵢₒ = Σₙ ∂yₙₒ/∂Wᵢₒ dyₙₒ = Σₙ xₙᵢ dyₙₒ = (xᵀ dy)ᵢₒ                 → layers.linear_backward
#
# The sum runs over the *rows* of both x and dy. A matrix product sums over the columns of its first factor, so x has to
# be transposed. The shapes agree: (I, N) times (N, O) gives (I, O). But that alone is not a proof.
#
# **b.** bₒ changes yₙₒ for every n, with the factor 1. **x.** xₙᵢ changes yₙₒ for every o, with the factor Wᵢₒ:
#
#     dbₒ = Σₙ dyₙₒ,   dxₙᵢ = Σₒ dyₙₒ Wᵢₒ = (dy Wᵀ)ₙᵢ                    → layers.linear_backward
#
# Since we have no loss yet, we draw dy at random. It is the gradient of the loss Σₙₒ dyₙₒ yₙₒ. That is general enough:
# to first order, every loss has this form, up to a constant.

# %%
N, I, O = 5, 4, 3
x, W, b = rng.standard_normal((N, I)), rng.standard_normal((I, O)), rng.standard_normal(O)
y = linear(x, W, b)
dy = rng.standard_normal(y.shape)

dW, db = np.empty_like(W), np.empty_like(b)             # the caller owns them, linear_backward writes into them
dx = linear_backward(dy, x, W, dW, db)

by_index = np.array([[sum(x[n, i] * dy[n, o] for n in range(N)) for o in range(O)] for i in range(I)])
claim("Σₙ xₙᵢ dyₙₒ, summed in loops, is xᵀ dy to 14 digits", np.abs(by_index - dW).max() < 1e-14 * N)

nudge, nudged = 1e-6, W.copy()
nudged[2, 1] += nudge
change = (dy * linear(x, nudged, b)).sum() - (dy * y).sum()
claim(f"W[2, 1] moved by {nudge:g} changes the loss by {change:.4e}; dW[2, 1] predicts {nudge * dW[2, 1]:.4e}",
      abs(change - nudge * dW[2, 1]) < 1e-8 * nudge)

# %% [markdown]
# ## Forward and backward, in pairs
#
# A network consists of such layers with nonlinear functions between them. These are applied to each element: each y
# depends on only one a, so there is no sum.
#
#     y = tanh a       da = dy (1 − y²)                                 → layers.tanh_backward
#     y = max(a, 0)    da = dy where y > 0, else 0                      → layers.relu_backward
#
# Both need only the *output* y, which has to be kept anyway, since it is the input of the next layer.
#
# Here are two layers, forward:
#
#     a = x W₀ + b₀                                                     → layers.linear
#     h = tanh a                                                        → layers.tanh
#     y = h W₁ + b₁                                                     → layers.linear
#
# And backward: the same lines from the last to the first. Each takes the gradient with respect to its output and
# returns the gradients with respect to its inputs:
#
#     dh = dy W₁ᵀ,  dW₁ = hᵀ dy                                         → layers.linear_backward
#     da = dh (1 − h²)                                                  → layers.tanh_backward
#     dx = da W₀ᵀ,  dW₀ = xᵀ da                                         → layers.linear_backward
#
# This is the chain rule, and it is all of backpropagation. (The [derivations](derivations.md#layers) have every
# gradient of the library, one step at a time.)

# %%
H = 6
W0, b0 = rng.standard_normal((I, H)), rng.standard_normal(H)
W1, b1 = rng.standard_normal((H, O)), rng.standard_normal(O)
dW0, db0, dW1, db1 = (np.empty_like(each) for each in (W0, b0, W1, b1))

h = tanh(linear(x, W0, b0))
y = linear(h, W1, b1)

dh = linear_backward(dy, h, W1, dW1, db1)
da = tanh_backward(dh, h)
dx = linear_backward(da, x, W0, dW0, db0)

# %% [markdown]
# `mlp` and `mlp_backward` in [layers.py](../minivae/layers.py) are these lines in a loop, for any number of
# layers. The forward pass also returns the input of each layer, which is all that the backward pass needs.

# %%
net = [(W0, b0), (W1, b1)]
grads = [(np.empty_like(W), np.empty_like(b)) for W, b in net]
output, inputs = mlp(x, net, "tanh")
input_gradient = mlp_backward(dy, inputs, net, grads, "tanh")
print("inputs of the layers:", *(each.shape for each in inputs), "  output:", output.shape)
same = [(output, y), (input_gradient, dx), (grads[0][0], dW0), (grads[0][1], db0), (grads[1][0], dW1),
        (grads[1][1], db1)]
claim("the loop gives the same as our own steps: y, dx, dW₀, db₀, dW₁ and db₁",
      all(np.allclose(theirs, ours, rtol=1e-14, atol=1e-14) for theirs, ours in same))

# %% [markdown]
# ## Is it right? Measure it
#
# A derivative is a limit of differences. So it can be measured without any calculus, one element of W at a time:
#
#     ∂loss/∂W ≈ (loss(W + s) − loss(W − s)) / 2s                       → gradcheck.numerical_gradient
#
# There is also a way without subtraction. If the function can be computed with complex numbers, take a step in the
# imaginary direction, and the derivative is in the imaginary part:
#
#     f(x + i s) = f(x) + i s f′(x) − …   so   f′(x) ≈ Im f(x + i s) / s → gradcheck.complex_step_gradient
#
# Why derive gradients at all, then? Count how often the network has to be run.

# %%
calls = 0


def output_for(W):
    """The network's output with W in place of W0."""
    global calls
    calls += 1
    return mlp(x, [(W, b0), (W1, b1)], "tanh")[0]


def relative(gradient, truth):
    return float(np.linalg.norm(gradient - truth) / np.linalg.norm(truth))


by_differences = numerical_gradient(output_for, W0, dy)
claim(f"differences agree with dW₀ to {relative(by_differences, dW0):.0e}", relative(by_differences, dW0) < 1e-8)
claim(f"but they ran the network {calls} times, twice for each of the {W0.size} weights; backpropagation takes one "
      "pass forward and one back", calls == 2 * W0.size)
by_complex_step = complex_step_gradient(output_for, W0, dy)
claim(f"the complex step agrees to {relative(by_complex_step, dW0):.0e}", relative(by_complex_step, dW0) < 1e-13)

# %% [markdown]
# So use differences to check, and backpropagation to train: the README's network for MNIST has 815,824 weights and
# biases.
#
# `check_backward` compares the gradient of every input of a function with differences, for a random dy. It returns a
# `Report`, with a `Check` for each input, which prints as a table. Here it checks the layers. To check the whole
# library, run `python -m minivae gradcheck` (`checking.library.library_reports`).

# %%
def linear_gradients(dy, x, W, b):
    dW, db = np.empty_like(W), np.empty_like(b)
    return {"x": linear_backward(dy, x, W, dW, db), "W": dW, "b": db}


square = {"x": rng.standard_normal((6, 4)), "W": rng.standard_normal((4, 4)), "b": rng.standard_normal(4)}
reports = [check_backward("linear", linear, linear_gradients, square, rng)]
for name, forward, backward in [("tanh", tanh, tanh_backward), ("relu", relu, relu_backward)]:
    reports.append(check_backward(name, forward, lambda dy, x: {"x": backward(dy, forward(x))},
                                  {"x": rng.standard_normal((5, 4))}, rng))
print(TABLE_HEAD, *reports, sep="\n")
worst = max(check.error for report in reports for check in report.checks)
claim(f"all are right, the largest relative error is {worst:.0e}", all(report.ok for report in reports))

# %% [markdown]
# ## A network that reads digits
#
# The network has 64 inputs, the pixels; 30 tanh units; and 10 outputs a, one for each digit. It should give the right
# label a high probability. The softmax, eᵃ/Σeᵃ, turns a into probabilities, and the loss is minus the logarithm of the
# label's probability. It is measured in *nats*, the unit of natural logarithms: 1 nat = 1.44 bits.
#
#     log p(label) = a[label] − log Σₖ exp a[k]                         → likelihoods.Categorical.log_prob
#     loss = −1/N Σₙ log pₙ(labelₙ)                                     → next cell
#     ∂log p/∂a[k] = 1{k = label} − softmax(a)[k]                       → likelihoods.Categorical.log_prob_backward
#
# All weights are views into one flat vector, `Parameters`, and so are the gradients. So layers use matrices, while the
# optimizer changes one long vector. The weights start as random numbers with the variance 1/fan_in, where fan_in is the
# number of inputs of the layer; the reason is given further below.

# %%
class Classifier:
    """An MLP and the loss above; `loss_and_grad` fills `gradients`."""

    def __init__(self, sizes, rng, dtype="float32"):
        shapes = {}
        for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
            shapes[f"net.{i}.W"], shapes[f"net.{i}.b"] = (fan_in, fan_out), (fan_out,)
        self.parameters, self.gradients = Parameters(shapes, np, dtype), Parameters(shapes, np, dtype)
        self.layers, self.grads = self.parameters.layers("net"), self.gradients.layers("net")
        self.likelihood = Categorical(sizes[-1])
        for W, _ in self.layers:
            W[...] = rng.standard_normal(W.shape) / len(W) ** 0.5

    def loss_and_grad(self, x, labels):
        """x (N, 64), labels (N,) -> Loss; its first number is the mean of −log p(label), in nats"""
        a, inputs = mlp(x, self.layers, "tanh")
        loss = -self.likelihood.log_prob(labels[:, None], a).mean()
        da = self.likelihood.log_prob_backward(np.full(len(x), -1 / len(x), a.dtype), labels[:, None], a)
        mlp_backward(da, inputs, self.layers, self.grads, "tanh", need_dx=False)
        return Loss(loss, loss, 0 * loss)

    def errors(self, x, labels):
        """The fraction of images that it misreads."""
        return float((mlp(x, self.layers, "tanh")[0].argmax(axis=1) != labels).mean())


data = digits()
small = Classifier((64, 5, 10), rng, "float64")
batch = data.train[:20].astype("float64"), data.train_labels[:20]
report = check_model("a small one", small, lambda: small.loss_and_grad(*batch))
print(TABLE_HEAD, report, sep="\n")
claim("its gradient is right, before we train anything", report.ok)

# %% [markdown]
# Now train it. The gradient g points in the direction in which the loss rises fastest, so step in the opposite
# direction. θ is the vector of all parameters, and η, the *learning rate*, is a number that you choose:
#
#     θ ← θ − η g                                                       → optimizers.SGD
#
# This is stochastic gradient descent, SGD: "stochastic" because g comes from a *batch* of 50 images drawn at random,
# not from all. Going once through all images is an *epoch*. The loop is four lines: take a batch, run forward and
# backward, make one step, repeat.

# %%
def train_classifier(name, lr, seed=0, epochs=10, batch_size=50):
    """-> the model, and its loss on all training images after each epoch"""
    rng = np.random.default_rng(seed)
    model = Classifier((64, 30, 10), rng)
    optimizer, losses = OPTIMIZERS[name](model.parameters.flat, lr=lr), []
    for _ in range(epochs):
        order = rng.permutation(len(data.train))
        for first in range(0, len(order), batch_size):
            chosen = order[first:first + batch_size]
            model.loss_and_grad(data.train[chosen], data.train_labels[chosen])
            optimizer.step(model.gradients.flat)
        losses.append(float(model.loss_and_grad(data.train, data.train_labels).loss))
    return model, losses


wrong = []
for seed in range(5):
    model, losses = train_classifier("sgd", 0.3, seed, epochs=20)
    wrong.append(model.errors(data.test, data.test_labels))
    print(f"  seed {seed}: loss {losses[0]:.2f} nats after one epoch, {losses[-1]:.3f} after 20; "
          f"{wrong[-1]:.1%} of the test images misread")
claim(f"with five seeds, the network reads {1 - max(wrong):.1%} to {1 - min(wrong):.1%} of the test images correctly",
      max(wrong) < 0.08)

# %% [markdown]
# That is all of it: forward lines, the same lines backward, a check by differences, and steps against the gradient.
# **You can stop here and go on to [tutorial 2](02_autoencoder.py).** The rest of this tutorial can be read later, in
# any order: what a gradient check can tell you and when it misleads, then how large the first weights should be, and
# the other optimizers.
#
# ## What a wrong gradient looks like
#
# If a check only says "wrong", you have to search for the mistake. But each of the usual mistakes leads to a
# characteristic wrong gradient. [diagnosis.py](../minivae/checking/diagnosis.py) computes these wrong gradients one
# after the other (`explain` does this for a whole report), and names a mistake only if its gradient agrees with yours
# to five digits. Here we make six of the usual mistakes. The weights are 4 by 4, so that dy W and dyᵀ x have the right
# shapes.

# %%
mistakes = {
    "dx = dy W": lambda dy, x, W, b: {"x": dy @ W},
    "dW = dyᵀ x": lambda dy, x, W, b: {"W": dy.T @ x},
    "dW = xᵀ dy / N": lambda dy, x, W, b: {"W": x.T @ dy / len(x)},
    "db = dy": lambda dy, x, W, b: {"b": dy},
    "dW from the last example": lambda dy, x, W, b: {"W": x[-1:].T @ dy[-1:]},
    "dW = −xᵀ dy": lambda dy, x, W, b: {"W": -x.T @ dy},
}


def facts(dy):
    """What the diagnosis is told: N, what each example adds to dW, and a mistake to look for in dx."""
    return {"sizes": {"N": 6}, "W": {"per_example": square["x"][:, :, None] * dy[:, None, :]},
            "x": {"alternatives": {"W in place of Wᵀ": dy @ square["W"]}}}


explained = 0
for mistake, backward in mistakes.items():
    check, = check_backward(mistake, linear, backward, square, rng, context=facts).checks
    print(f"  {mistake:<26} relative error {check.error:7.1e}   probably: {check.explanation}")
    claim(f"{mistake}: it is found", not check.ok)
    explained += check.explanation is not None
claim(f"{explained} of {len(mistakes)} are explained, and a random error gets no explanation",
      explained == len(mistakes) and diagnose(dW0 + rng.standard_normal(dW0.shape), dW0) is None)

# %% [markdown]
# ## Why does my gradient check fail?
#
# Sometimes the gradient is right and the *check* is wrong. Here are the usual reasons.
#
# **The step.** A difference has two errors. With a large step, the next terms of the Taylor series matter. With a small
# step, two nearly equal numbers are subtracted, each of which has a relative rounding error of about ε (2·10⁻¹⁶ in
# float64, 10⁻⁷ in float32):
#
#     (f(x + s) − f(x)) / s        = f′ + s/2 f″ + … ± ε |f| / s        → next cell
#     (f(x + s) − f(x − s)) / 2s   = f′ + s²/6 f‴ + … ± ε |f| / s       → gradcheck.numerical_gradient
#     Im f(x + i s) / s            = f′ − s²/6 f‴ + …                   → gradcheck.complex_step_gradient
#
# In the central difference the two terms with f″ cancel. In the complex step nothing is subtracted, so s can be as
# small as 10⁻³⁰. Here are the errors, measured on our two layers:

# %%
def forward_difference(f, x, dy, step):
    """Σ dy (f(x + step) − f(x)) / step, one element of x after the other."""
    base, gradient = f(x).astype("float64"), np.empty(x.shape)
    for i in range(x.size):
        moved = x.copy()
        moved.flat[i] += step
        gradient.flat[i] = (dy * (f(moved).astype("float64") - base)).sum() / step
    return gradient


steps = 10.0 ** np.arange(-13, 0.1, 0.5)
error = {}
for dtype in ("float64", "float32"):
    x_, W0_, b0_, W1_, b1_ = (each.astype(dtype) for each in (x, W0, b0, W1, b1))
    layers = [tuple(each.astype("float64") for each in pair) for pair in [(W0_, b0_), (W1_, b1_)]]
    mlp_backward(dy, mlp(x_.astype("float64"), layers, "tanh")[1], layers, grads, "tanh")
    truth = grads[0][0]

    def output_for(W):
        return mlp(x_, [(W, b0_), (W1_, b1_)], "tanh")[0]

    methods = {"forward": lambda step: forward_difference(output_for, W0_, dy, step),
               "central": lambda step: numerical_gradient(output_for, W0_, dy, step),
               "complex": lambda step: complex_step_gradient(output_for, W0_, dy, step)}
    for name, method in methods.items():
        if (name, dtype) != ("complex", "float32"):             # complex_step_gradient computes in complex128
            error[name, dtype] = np.array([relative(method(step), truth) for step in steps])


def slope(name, dtype, low, high):
    """The slope for which the error is proportional to step^slope, between low and high."""
    within = (steps > 0.9 * low) & (steps < 1.1 * high)
    return np.polyfit(np.log(steps[within]), np.log(error[name, dtype][within]), 1)[0]


drawn, panels = figure(1, 2, size=(10, 4), sharey=True)
for axes, dtype in zip(panels, ("float64", "float32")):
    for name, style in (("forward", "k^:"), ("central", "ko-"), ("complex", "s--")):
        if (name, dtype) in error:
            axes.loglog(steps, np.maximum(error[name, dtype], 1e-17), style, markersize=4,
                        label=f"{name} {'step' if name == 'complex' else 'difference'}",
                        **({"color": "0.55"} if name == "complex" else {}))
    axes.axhline(TOLERANCE, color="0.7", linewidth=1, zorder=0)
    axes.axvline(STEP, color="0.7", linewidth=1, zorder=0)
    axes.set_xlabel("step s (in units of the weight)")
    axes.set_ylabel("relative error of the gradient")
    axes.set_title(f"{dtype}: at best {error['central', dtype].min():.0e} by central differences")
    axes.set_ylim(3e-18, 30)
panels[0].legend(loc="lower right")
panels[1].legend(loc="lower right")
save(drawn, "01-step-size")

# %% [markdown]
# ![error against step size](figures/01-step-size.png)
#
# Read the panels from right to left. As the step becomes smaller, the error falls along a line of slope 1 or 2. Then
# rounding dominates, and the error *rises* again, with slope −1. In float32 it stops at 1: such a small step changes no
# weight at all, and the difference is 0. The grey lines are the library's step and tolerance.
# With central differences in float64, the error at this step is orders of magnitude below the tolerance.

# %%
claim(f"error ~ step^{slope('forward', 'float64', 1e-6, 1e-3):.2f} for forward differences, "
      f"step^{slope('central', 'float64', 1e-4, 1e-2):.2f} for central ones, "
      f"step^{slope('complex', 'float64', 1e-6, 1e-2):.2f} for the complex step",
      abs(slope("forward", "float64", 1e-6, 1e-3) - 1) < 0.1
      and abs(slope("central", "float64", 1e-4, 1e-2) - 2) < 0.1
      and abs(slope("complex", "float64", 1e-6, 1e-2) - 2) < 0.1)
claim(f"for steps below 10⁻⁷, error ~ step^{slope('central', 'float64', 1e-12, 1e-7):.2f} for central ones: rounding",
      abs(slope("central", "float64", 1e-12, 1e-7) + 1) < 0.2)
at_step = {dtype: error["central", dtype][np.abs(steps / STEP - 1).argmin()] for dtype in ("float64", "float32")}
claim(f"float64, central, s = {STEP:g}: error {at_step['float64']:.0e}; at its best step, a forward difference has "
      f"{error['forward', 'float64'].min():.0e}, the complex step {error['complex', 'float64'].min():.0e}",
      at_step["float64"] < 1e-9 < error["forward", "float64"].min() and error["complex", "float64"].min() < 1e-14)

# %% [markdown]
# **float32.** In the right panel the gradient is correct, too. Only f is computed in float32, the precision used for
# training, and no step brings the error below the tolerance. Don't loosen the tolerance: check in float64, then train
# in float32.

# %%
at_best = error["central", "float32"].min()
claim(f"float32: error {at_step['float32']:.0e} with s = {STEP:g}, and {at_best:.0e} with the best step; the tolerance "
      f"is {TOLERANCE:g}", at_best > 10 * TOLERANCE)
single = x.astype("float32")
ones = np.ones_like(single)
check = check_gradient("tanh, in float32", "a", tanh, single, tanh_backward(ones, tanh(single)), ones)
claim(f"so the check rejects a correct gradient (error {check.error:.0e}) and warns: {check.warnings[0]}",
      not check.ok and "float64" in check.warnings[0])

# %% [markdown]
# **A kink.** relu has no derivative at 0, and the central difference there is the mean of the slopes on both sides, ½.
# This happens in practice: for an image that is all white (zeros) and biases that start at 0, every input of relu is 0.
# The library's check compares both sides. It accepts any value between the two slopes, with a warning; a value outside
# is wrong.

# %%
a = np.array([-1.0, 0.0, 0.5])
half = numerical_gradient(relu, a, np.ones(3))
check = check_gradient("relu at a kink", "a", relu, a, relu_backward(np.ones(3), relu(a)), np.ones(3))
wrong = check_gradient("relu at a kink", "a", relu, a, np.array([0, 1.5, 1]), np.ones(3))
print(check)
claim(f"differences give {half[1]:g} at the kink; relu_backward's 0 is accepted, with a warning; 1.5 is not",
      abs(half[1] - 0.5) < 1e-9 and check.ok and len(check.warnings) == 1 and not wrong.ok)

# %% [markdown]
# **Noise that is drawn again.** If the function draws random numbers at each call, f(x + s) and f(x − s) differ by
# noise, and dividing by the small step magnifies it. So draw the noise beforehand, and pass it as an argument. In this
# library noise is always an argument.

# %%
noisy = check_gradient("tanh of a noisy input", "a", lambda a: tanh(a + rng.standard_normal(a.shape)), x,
                       1 - tanh(x) ** 2)
print(noisy)
claim("the check calls the function twice and notices it", "noise redrawn" in noisy.problems[0])
noise = rng.standard_normal(x.shape)
frozen = check_gradient("the same, noise given", "a", lambda a: tanh(a + noise), x,
                        tanh_backward(np.ones_like(x), tanh(x + noise)))
claim(f"with the noise given it passes: relative error {frozen.error:.0e}", frozen.ok)

# %% [markdown]
# There are two more reasons. A function that *changes its input* in place gives wrong results at the next call;
# `check_backward` tests for that. And a gradient that is *zero* has no relative error, since both sides are nothing but
# rounding errors. The library's check then says so and accepts it. The softmax in the next section has such a gradient.
#
# ## When the check passes, is the gradient right?
#
# Not always. A check compares your gradient with differences of Σ dy · y for *one* dy. Many checks take all ones. With
# these, some wrong gradients pass. Here are three:
#
# - tanh, where da = 1 − y² *forgets dy*. If dy is 1, that makes no difference.
# - A shuffle of the columns, y = x[:, order], whose backward shuffles again instead of shuffling *back*. Ones are the
#   same in any order.
# - A softmax, y = eᵃ/Σeᵃ. Its outputs add up to 1, so with dy = 1 the "loss" is a constant and its gradient is zero.
#   Every wrong formula that also gives zero passes.
#
# The right gradient of the softmax contains a mean of dy weighted by y; the wrong one below takes the plain mean:
#
#     daᵢ = yᵢ (dyᵢ − Σⱼ yⱼ dyⱼ)                                        → next cell

# %%
def softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


order = np.array([2, 0, 3, 1])
cases = {
    "tanh": (tanh, lambda dy, a: tanh_backward(dy, tanh(a)), lambda dy, a: 1 - tanh(a) ** 2),
    "shuffle": (lambda a: a[:, order], lambda dy, a: dy[:, np.argsort(order)], lambda dy, a: dy[:, order]),
    "softmax": (softmax, lambda dy, a: softmax(a) * (dy - (softmax(a) * dy).sum(axis=1, keepdims=True)),
                lambda dy, a: softmax(a) * (dy - dy.mean(axis=1, keepdims=True))),
}
a = rng.standard_normal((5, 4))
print(f"{'largest difference from measured':<36}{'dy = 1':>12}{'dy random':>12}")
for name, (forward, right, wrong) in cases.items():
    off = {}
    for which, backward in (("right", right), ("wrong", wrong)):
        for kind, dy_ in (("ones", np.ones((5, 4))), ("random", rng.standard_normal((5, 4)))):
            off[which, kind] = np.abs(backward(dy_, a) - numerical_gradient(forward, a, dy_)).max()
        print(f"  {name + ', ' + which:<34}{off[which, 'ones']:>12.0e}{off[which, 'random']:>12.0e}")
    report = check_backward(name, lambda a: forward(a), lambda dy, a: {"a": wrong(dy, a)}, {"a": a}, rng)
    claim(f"{name}: the wrong gradient passes with dy = 1; `check_backward` draws dy at random and finds it",
          off["wrong", "ones"] < 1e-8 and off["right", "random"] < 1e-8 and off["wrong", "random"] > 0.01
          and not report.ok)

# %% [markdown]
# So let dy be random. A gradient that is wrong at the point where it is checked then passes only if its error happens
# to be (nearly) zero for the dy that was drawn, which is very unlikely.
#
# **Only this point was checked.** The input was drawn at random, too, and the check says nothing about other inputs.
# Suppose that a function limits its input to [−3, 3], and that its backward pass forgets this. If all elements that
# were drawn are inside, the check passes:

# %%
def limit(a):
    return np.clip(a, -3, 3)


def limit_backward(dy, a):
    return {"a": dy}                        # forgets the factor: 1 inside [−3, 3], 0 outside


inside = rng.uniform(-2.5, 2.5, (5, 4))
near, far = (check_backward("limit", limit, limit_backward, {"a": a}, rng) for a in (inside, 3 * inside))
claim(f"the wrong gradient passes where all |a| < 3, and fails for |a| of up to {np.abs(3 * inside).max():.1f}",
      near.ok and not far.ok)

# %% [markdown]
# So choose inputs on each side of every branch, and check at several points.
#
# **The right gradient of the wrong objective** can't be found by any gradient check. The check compares the backward
# pass with the forward pass, and both can be wrong together. Here is an example that is typical of VAEs. The noise
# should have the variance exp(v), so its standard deviation is the square root of exp(v). Suppose that the square root
# is forgotten, both forward and backward:
#
#     z = exp(½ v) ε,  dv = Σ dz ½ z                                    → next cell
#     z = exp(v) ε,    dv = Σ dz z       (wrong, and consistent)        → next cell

# %%
eps = rng.standard_normal(100_000)
v = np.array([-1.0])
for name, power in (("right", 0.5), ("wrong", 1.0)):
    def draw(v):
        return np.exp(power * v) * eps

    def draw_backward(dz, v):
        return {"v": (dz * power * draw(v)).sum(keepdims=True)}

    report = check_backward(f"z, {name}", draw, draw_backward, {"v": v}, rng)
    variance = draw(v).var()
    print(report)
    claim(f"{name}: the check passes; the variance of the draws is {variance:.3f}, and exp(v) is {np.exp(v[0]):.3f}",
          report.ok and (abs(variance / np.exp(v[0]) - 1) < 0.05) == (name == "right"))

# %% [markdown]
# To find this, compare the forward pass with its *definition*: here, the variance of many draws. Exercise 16 has a VAE
# with exactly this bug, and [tutorial 5](05_variational_autoencoder.py) tests its objective in this way.
#
# ## How large should initial weights be?
#
# Not zero: then all hidden units compute the same output, get the same gradient, and stay the same. So they are random,
# but how large should they be? Each output is a sum over fan_in terms, where fan_in is the number of inputs, and
# variances of independent terms add:
#
#     Var yₒ = Σᵢ Var(Wᵢₒ) xᵢ² = fan_in · Var(W) · mean x²              → next cell
#
# With Var(W) = 1/fan_in, the scale stays the same. With another variance, every layer multiplies the scale by a factor,
# and over many layers these factors multiply. So `networks.EncoderDecoder._initialize` in
# [networks.py](../minivae/networks.py) draws W ~ N(0, 1/fan_in) for tanh, and with twice this variance for relu, which
# lets only half of the mean square through (He et al. 2015). Here are twenty layers of 256 units:

# %%
depth, width = 20, 256


def through(activation, gain, seed=1):
    """Root mean squares for each layer: of its input, and of db, the gradient that reaches it."""
    rng = np.random.default_rng(seed)
    layers = [(rng.standard_normal((width, width)) * (gain / width) ** 0.5, np.zeros(width)) for _ in range(depth)]
    grads = [(np.empty_like(W), np.empty_like(b)) for W, b in layers]
    y, inputs = mlp(rng.standard_normal((100, width)), layers, activation)
    mlp_backward(rng.standard_normal(y.shape) / len(y) ** 0.5, inputs, layers, grads, activation, need_dx=False)
    return [np.sqrt((x * x).mean()) for x in inputs], [np.sqrt((db * db).mean()) for _, db in grads]


starts = {("tanh", 0.25): "v:", ("tanh", 1): "o-", ("tanh", 4): "^--", ("relu", 1): "s:", ("relu", 2): "D-"}
activations, arriving = {}, {}
drawn, (left, right) = figure(1, 2, size=(10, 4))
for (activation, gain), style in starts.items():
    activations[activation, gain], arriving[activation, gain] = through(activation, gain)
    color = "k" if activation == "tanh" else "0.55"
    label = f"{activation}, {'¼' if gain == 0.25 else gain}/fan_in"
    for axes, sizes in ((left, activations[activation, gain]), (right, arriving[activation, gain])):
        axes.semilogy(range(1, depth + 1), sizes, style, color=color, markersize=4, label=label)
left.set_ylabel("root mean square of its input (no unit)")
right.set_ylabel("root mean square of its db (no unit)")
left.set_title("Forward: if weights are too small, the signal vanishes")
right.set_title("Backward: the gradient vanishes or grows")
for axes in (left, right):
    axes.set_xlabel("layer")
    axes.set_xticks([1, 5, 10, 15, 20])
left.legend(loc="lower left", fontsize=9)
save(drawn, "01-initialization")

# %% [markdown]
# ![activations and gradients through twenty layers](figures/01-initialization.png)
#
# If the weights are too small, the signal vanishes on the way. If they are too large, tanh limits the signal to ±1. But
# on the way back, the gradient grows: large weights increase it by more than the small slopes of tanh reduce it. Even
# with 1/fan_in, tanh loses a little at each layer, since |tanh a| < |a|. relu with 2/fan_in keeps the mean square.

# %%
alike = [(np.full((I, H), 0.3), np.zeros(H)), (np.full((H, O), 0.3), np.zeros(O))]
mlp_backward(dy, mlp(x, alike, "tanh")[1], alike, grads, "tanh")
claim("six hidden units with the same initial weights all get the same gradient, and so stay the same",
      grads[0][0].any() and np.ptp(grads[0][0], axis=1).max() < 1e-14)
big = rng.standard_normal((400, 500)) @ (rng.standard_normal((500, 300)) / 500 ** 0.5)
claim(f"one layer, Var(W) = 1/fan_in: inputs of variance 1 become outputs of variance {big.var():.3f}",
      abs(big.var() - 1) < 0.1)
for (activation, gain), (low, high) in {("tanh", 0.25): (0, 1e-4), ("tanh", 1): (0.05, 0.6), ("tanh", 4): (0.7, 1),
                                        ("relu", 1): (0, 0.01), ("relu", 2): (0.2, 3)}.items():
    last = activations[activation, gain][-1]
    claim(f"{activation} with {gain:g}/fan_in: the input of layer {depth} has a scale of {last:.1e}", low < last < high)
claim(f"the gradient that reaches the first layer has a scale of {arriving['tanh', 0.25][0]:.0e} with ¼/fan_in, "
      f"{arriving['tanh', 4][0]:.0e} with 4/fan_in", arriving["tanh", 0.25][0] < 1e-4 and arriving["tanh", 4][0] > 10)

# %% [markdown]
# ## What an optimizer does with a gradient
#
# SGD is the simplest optimizer. The others keep a memory of past gradients. Here g is the gradient, η the learning
# rate; γ and ρ, just below 1, say how slowly the past is forgotten; ε is tiny and prevents a division by 0:
#
#     θ ← θ − η g                                                       → optimizers.SGD
#     v ← γ v + g,  θ ← θ − η v                                         → optimizers.Momentum
#     s ← s + g²,   θ ← θ − η g / (√s + ε)                              → optimizers.Adagrad
#     s ← ρ s + (1 − ρ) g²,  θ ← θ − η g / (√s + ε)                     → optimizers.RMSprop
#     m̂, v̂: means of g and of g²;  θ ← θ − η m̂ / (√v̂ + ε)              → optimizers.Adam
#
# Each is an `Optimizer`, which changes θ in place with `step(g)`. SGD's step is η g, so its length depends on the scale
# of the loss. The last three divide by the size of the past gradients, so the scale of the loss (nearly) cancels.
# Adam's first step changes every weight that has a gradient by about η, and its path stays nearly the same if the loss
# is multiplied by 1000. (Adam: Kingma & Ba 2015; Adagrad: Duchi, Hazan & Singer 2011.)

# %%
def path(make, factor, n_steps=20):
    """How far θ has moved after some steps on one batch, the loss being multiplied by `factor`."""
    model = Classifier((64, 5, 10), np.random.default_rng(1), "float64")
    optimizer, start = make(model.parameters.flat), model.parameters.flat.copy()
    for _ in range(n_steps):
        model.loss_and_grad(*batch)
        optimizer.step(factor * model.gradients.flat)
    return model.parameters.flat - start


small = Classifier((64, 5, 10), np.random.default_rng(1), "float64")
small.loss_and_grad(*batch)
steep = np.abs(small.gradients.flat) > 1e-4                 # white pixels (0) have no gradient
first = path(lambda theta: Adam(theta, lr=0.01), 1, n_steps=1)
claim(f"Adam's first step: {first[steep].min():.6f} or {first[steep].max():.6f}, whatever the slope",
      np.allclose(np.abs(first[steep]), 0.01, rtol=1e-3))
theta = np.zeros(3)
adam = Adam(theta, lr=0.01)
for _ in range(20):
    adam.step(np.array([1e-3, 1, 1000.0]))
claim(f"if the gradient stays the same, so does the step: after 20 steps of 0.01, θ is {theta.round(6)}",
      np.allclose(theta, -0.2, rtol=1e-4))
changed = {}
for name, make in (("SGD", lambda theta: SGD(theta, lr=0.01)), ("Adam", lambda theta: Adam(theta, lr=0.01))):
    once, often = path(make, 1), path(make, 1000)
    changed[name] = np.linalg.norm(often - once) / np.linalg.norm(once)
claim(f"if the loss is multiplied by 1000, Adam's path changes by {changed['Adam']:.0e} of its length, SGD's by "
      f"{changed['SGD']:.0f} times its length",
      changed["Adam"] < 1e-2 and changed["SGD"] > 5)

# %% [markdown]
# Which is best? That depends on the learning rate. So we train the classifier with each of them for ten epochs, at
# rates from 10⁻³ to 10.

# %%
rates = 10.0 ** np.arange(-3, 1.1, 0.5)
final, best = {}, {}
for name in OPTIMIZERS:
    runs = [train_classifier(name, lr) for lr in rates]
    final[name] = np.array([losses[-1] for _, losses in runs])
    i = int(final[name].argmin())
    model, losses = runs[i]
    best[name] = rates[i], losses, model.errors(data.test, data.test_labels)
    print(f"  {name:<9} best at η = {rates[i]:<6.2g} loss {losses[-1]:.3f} nats, {best[name][2]:.1%} of the test "
          f"images misread; at η = {rates[0]:g}: {final[name][0]:.3f} nats")

drawn, (left, right) = figure(1, 2, size=(10, 4))
for name, style in zip(OPTIMIZERS, ("ko-", "k^--", "D:", "v-.", "s-")):
    color = {} if style.startswith("k") else {"color": "0.5"}
    label = {"sgd": "SGD", "rmsprop": "RMSprop"}.get(name, name.capitalize())
    rate, losses, _ = best[name]
    left.semilogy(range(1, 11), losses, style, markersize=4, label=f"{label}, η = {rate:.2g}", **color)
    right.loglog(rates, final[name], style, markersize=4, label=label, **color)
spread = max(losses[-1] for _, losses, _ in best.values())
left.set_title(f"Each at its best rate: all below {np.ceil(100 * spread) / 100:.2f} nats")
left.set_xlabel("epoch")
right.set_title("The rate matters more than the optimizer")
right.set_xlabel("learning rate η (no unit)")
for axes in (left, right):
    axes.set_ylabel("−log p(label), nats per training image")
    axes.legend(fontsize=9)
save(drawn, "01-optimizers")

# %%
claim(f"guessing among ten labels has a loss of log 10 = {np.log(10):.2f} nats; at its best rate, every optimizer "
      f"gets to {spread:.3f} or less in ten epochs", spread < 0.15)
claim(f"and reads at least {1 - max(errors for *_, errors in best.values()):.0%} of the test images correctly",
      max(errors for *_, errors in best.values()) < 0.1)
claim(f"at η = {rates[0]:g} Adam gets to {final['adam'][0]:.2f}, SGD to {final['sgd'][0]:.2f}; SGD's best rate is "
      f"{best['sgd'][0] / best['adam'][0]:.0f} times Adam's",
      final["adam"][0] < 1 and final["sgd"][0] > 2 and best["sgd"][0] > 5 * best["adam"][0])
claim(f"Momentum at its best gets to {final['momentum'].min():.3f}, Adam to {final['adam'].min():.3f}",
      final["momentum"].min() < 3 * final["adam"].min())
by_rate = min(each[:7].max() / each.min() for each in final.values())               # rates[6] is 1
by_optimizer = spread / min(each.min() for each in final.values())
claim(f"the rate matters more: between 10⁻³ and 1 it changes the loss of each optimizer by a factor of at least "
      f"{by_rate:.0f}; at their best rates, the optimizers differ by a factor of {by_optimizer:.1f}",
      by_rate > 2 * by_optimizer > 2)
claim(f"a rate of {rates[-1]:g} is too large for all: the best loss is {min(each[-1] for each in final.values()):.2f}",
      min(each[-1] for each in final.values()) > 5 * spread)

# %% [markdown]
# ![training curves, and the loss against the learning rate](figures/01-optimizers.png)
#
# Momentum at its own best rate keeps up with Adam here. The advantage of Adam is that its rate hardly depends on the
# scale of the loss, so that similar rates serve for different losses. (Adagrad and RMSprop share this.) That is why the
# tutorials use it, mostly with a rate between 10⁻³ and 10⁻²; for these few epochs, a larger one is better. (These
# curves are from one seed. They show how much the rate matters, not which optimizer is best.)
#
# ## What to try next
#
# - Exercise 0, *The gradient check itself*: write `numerical_gradient`, which all the others are compared with.
# - Exercises 1, *The linear layer, backwards*, 2, *Tanh and relu, backwards*, and 3, *A multilayer perceptron, by
#   the chain rule*: close this page and derive them (`python -m minivae exercises start exercises`).
# - Exercise 10, *Adam*: one step, as its paper writes it.
# - Exercise 16, *Find the bug: every gradient agrees with differences*: the wrong objective from above, in a whole
#   VAE.
# - Use relu in the classifier. Which variance do its initial weights need, and does the check of the model still pass?
# - Check a function of your own with `check_backward`: `forward(**inputs)`, and `backward(dy, **inputs)` that
#   returns a dict.
# - Then [tutorial 2](02_autoencoder.py): two such networks back to back.
