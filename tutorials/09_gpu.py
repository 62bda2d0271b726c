# %% [markdown]
# # 9 · The same code on a GPU
#
# **What you'll do.** Run the same code with the same random numbers on the CPU and, if you have one, on a GPU. Count
# the operations that a training step asks for, and measure what they cost.
#
# **What you'll learn.** How to write code that runs with NumPy and with CuPy; which three things are slow on a GPU, and
# what the library does about each; why the batch size matters most.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py). Without a GPU, the code measures the CPU.
#
# **Time.** 35 minutes to read, 10 seconds to run: `python tutorials/09_gpu.py` (or `--backend numpy`,
# `--backend cupy`).

# %%
import collections
import sys
import time

from lesson import claim, figure, options, save
import numpy as np      # after lesson, which sets its number of threads

from minivae import VAE, Adam
from minivae.backend import (BackendUnavailable, array_module, cache_blocks, fused, get_xp, synchronize,
                             to_numpy)
from minivae.app.bench import Step, measure
from minivae.app.blas import blas
from minivae.datasets import binarize, digits
from minivae.layers import relu, relu_backward
from minivae.training import train

args = options("Tutorial 9: the same code on a GPU.",
               backend={"default": "auto", "choices": ("auto", "numpy", "cupy"),
                        "help": "auto (default): the GPU where CuPy works, else the CPU"})
try:
    xp = array_module(args.backend)
except BackendUnavailable as reason:
    sys.exit(f"error: {reason}")
on_gpu = xp is not np
device = "GPU (CuPy)" if on_gpu else "CPU (NumPy)"
print(f"{xp.__name__} {xp.__version__}: what follows is measured on the {device}; BLAS of the CPU: {blas()}")
if not on_gpu:
    try:
        array_module("cupy")
        print("a GPU would work here; --backend numpy was asked for")
    except BackendUnavailable as reason:
        print(reason)

# %% [markdown]
# `array_module("auto")` tries CuPy: it imports it, allocates, multiplies, and compares the result. CuPy
# can be installed on a machine without a GPU, and then fails only when it is used. So it isn't enough to check that
# it is installed.
#
# ## One code for two libraries
#
# CuPy has functions with NumPy's names, for arrays in the memory of the GPU. To write one code for both, we follow
# four rules:
#
# 1. **Use operators.** `x @ W + b` names no library.
# 2. **For a function, ask the array which library it belongs to:** `xp = get_xp(x)`, then `xp.exp(x)`. Never `np.exp`.
# 3. **Don't assign through index arrays.** If an index appears twice, CuPy doesn't define which value stays. Multiply
#   by a mask instead: `relu_backward` is dy · (y > 0).
# 4. **Draw random numbers on the host** (the CPU and its memory) and move them to the device. Then both libraries get
#    the same numbers.
#
# If arrays of both libraries meet in one call, we want an error and not a slow copy. `get_xp` raises one.

# %%
class Elsewhere:
    """Stands for an array of CuPy on a machine without a GPU: it says that it comes from cupy, and does nothing."""

    __module__ = "cupy"


claim("get_xp returns the library of an array", get_xp(xp.ones(2), xp.zeros(3)) is xp)
try:
    get_xp(np.ones(2), xp.ones(2) if on_gpu else Elsewhere())
    refused = ""
except TypeError as error:
    refused = str(error)
claim(f"and refuses a mixture: \"{refused}\"", "mixed" in refused)

rng = np.random.default_rng(0)
dy, a = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
by_assignment = dy.copy()
by_assignment[a < 0] = 0        # allowed for a mask; with integers that repeat, the result would be undefined
by_mask = relu_backward(xp.asarray(dy), relu(xp.asarray(a)))
claim("multiplying by a mask gives the same as assigning through it",
      np.array_equal(to_numpy(by_mask), by_assignment))

# %% [markdown]
# `to_numpy` copies an array to the host, and returns a NumPy array as it is. The tests run the library with a strict
# stand-in for CuPy, which raises an error if a rule is broken. So a machine without a GPU finds such mistakes too.
#
# ## The same numbers
#
# Weights, shuffles, binarization and ε are all drawn from NumPy generators on the host. So a run on the GPU follows
# the run on the CPU, except for rounding, since sums are added in a different order. Here are both, in float64.
# (Without a GPU, the CPU runs twice, and the two runs are equal in every bit.)

# %%
images = digits()


def losses_on(backend, dtype="float64", epochs=3):
    """The losses of the first epochs, in nats per image."""
    vae = VAE(64, 2, (50,), dtype=dtype, backend=backend)
    x = get_xp(vae.parameters.flat).asarray(images.train[:600])
    reports = train(vae, x, Adam(vae.parameters.flat), epochs, 50, np.random.default_rng(0), transform=binarize)
    return np.array([report.loss for report in reports])


reference, again = losses_on("numpy"), losses_on(xp.__name__)
for name, losses in (("CPU", reference), (device, again)):
    print(f"{name:>14}: losses of three epochs", *(f"{loss:.12f}" for loss in losses))
off = np.abs(again / reference - 1).max()
claim(f"the same seed gives the same losses: the largest relative difference is {off:.0e}",
      off < 1e-9 if on_gpu else off == 0)

# %% [markdown]
# With another *precision*, the same seed gives different noise, because a NumPy generator draws float32 numbers in
# another way than float64 numbers. So a float32 run differs from a float64 run far more than by rounding. To compare
# precisions, draw once and convert.

# %%
off_run = np.abs(losses_on(xp.__name__, "float32") / reference - 1).max()
eps = np.random.default_rng(0).standard_normal((50, 2))
one_step = {}
for dtype in ("float64", "float32"):
    vae = VAE(64, 2, (50,), dtype=dtype, backend=xp.__name__)
    one_step[dtype] = float(vae.loss_and_grad(xp.asarray(images.train[:50]), xp.asarray(eps)).loss)
off_rounding = abs(one_step["float32"] / one_step["float64"] - 1)
claim(f"float32 against float64: {off_run:.0e} with the same seed, {off_rounding:.0e} in one step with the same ε",
      off_rounding < 1e-5 and off_run > 10 * off_rounding)

# %% [markdown]
# ## What does a step consist of?
#
# On a GPU each array operation is a **kernel**: a small program that runs on the device. Python launches one after the
# other. So we count them. `Counted` below is a NumPy array that counts the operations on it, and the bytes that they
# read and write. The count needs no GPU, since the same code asks for the same operations on both. (The number of
# launches on a GPU is about this count, but not exactly. Copies are not counted, such as joining two arrays; for a mean
# or a sum CuPy may need one launch more or less; and a fused function, explained below, is a single launch.)

# %%
class Counted(np.ndarray):
    """An array that counts what is computed with it, and the bytes read and written."""

    operations, moved, fetched = collections.Counter(), 0, 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        inputs = [np.asarray(each) if isinstance(each, np.ndarray) else each for each in inputs]
        if out is not None:
            options["out"] = tuple(np.asarray(each) for each in out)
        result = np.asarray(getattr(ufunc, method)(*inputs, **options))
        Counted.operations["matrix product" if ufunc is np.matmul else "other"] += 1
        Counted.moved += sum(each.nbytes for each in inputs if isinstance(each, np.ndarray)) + result.nbytes
        return result.view(Counted) if out is None else out[0]

    def __float__(self):
        Counted.fetched += 1
        return float(np.asarray(self))


def counting_model(data_dim, latent_dim, hidden, dtype="float32"):
    """A VAE on the CPU whose weights and gradients are counted, and its Adam."""
    vae = VAE(data_dim, latent_dim, hidden, dtype=dtype, backend="numpy")
    for layers in (vae.encoder, vae.decoder, vae.encoder_grads, vae.decoder_grads):
        layers[:] = [(W.view(Counted), b.view(Counted)) for W, b in layers]
    return vae, Adam(vae.parameters.flat.view(Counted))


def count(work):
    """Count what work() asks for. -> (matrix products, other operations, bytes)"""
    Counted.operations.clear()
    Counted.moved = 0
    work()
    return Counted.operations["matrix product"], Counted.operations["other"], Counted.moved


networks = {"small": (64, 2, (50,)), "large": (784, 20, (500,))}        # D, Z, hidden; large: the paper's
launches = {}
print(f"{'network':<9}{'batch':>7}{'products':>10}{'others':>8}{'MB':>8}   Adam:{'others':>8}{'MB':>8}")
for name, sizes in networks.items():
    vae, adam = counting_model(*sizes)
    for N in (1, 100):
        x = (rng.random((N, sizes[0])) < 0.3).astype("float32").view(Counted)
        eps = vae.draw_noise(rng, N).view(Counted)
        products, others, moved = count(lambda: vae.loss_and_grad(x, eps))
        _, adam_others, adam_moved = count(lambda: adam.step(vae.gradients.flat.view(Counted)))
        launches[name, N] = products + others
        print(f"{name:<9}{N:>7}{products:>10}{others:>8}{moved / 1e6:>8.1f}"
              f"{adam_others:>16}{adam_moved / 1e6:>8.1f}")
claim(f"{products} matrix products: for each layer one forward and two backward, less one: the data need no gradient",
      products == 3 * len(vae.encoder + vae.decoder) - 1)
claim(f"forward and backward are {launches['small', 1]} operations, for both networks and both batches",
      len(set(launches.values())) == 1)
P = adam.theta.size
blocks = len(list(cache_blocks(adam.theta)))
claim(f"Adam is 10 operations on each of {blocks} blocks of the {P} weights", adam_others == 10 * blocks)
claim(f"and reads and writes {adam_moved / adam.theta.nbytes:.0f} numbers for each weight",
      adam_moved == 25 * adam.theta.nbytes)

# %% [markdown]
# ## First cost: asking
#
# Each operation has a fixed cost, t₀, for Python, checks and the launch. The rest is work, which grows with the size
# of the arrays:
#
#     time of a step ≈ operations · t₀ + work                           → next cell
#
# We measure one operation, y ← y + x, for arrays of 1 to 10 million numbers. A GPU works *asynchronously*: Python
# hands over a kernel and goes on, and waits only when it needs a result. So before we read the clock we have to wait
# as well, with `synchronize`. Otherwise we measure only how fast Python can ask. We measure two ways: many operations
# and one wait at the end, and a wait after each. On the CPU there is nothing to wait for, and both give the same.

# %%
def seconds(work, at_least=0.005, rounds=5):
    """Seconds that work() takes: the best of several rounds, since other programs can only make it slower."""
    work()                                                      # the first call compiles kernels, fills caches
    synchronize(xp)
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < at_least:               # how many calls does a round need?
        work()
        n += 1
        synchronize(xp)
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(n):
            work()
        synchronize(xp)
        best = min(best, (time.perf_counter() - start) / n)
    return best


def in_turn(works):
    """Seconds of several functions, measured in turns, three times, so that a busy moment spoils none of them."""
    return np.min([[seconds(work, rounds=2) for work in works] for _ in range(3)], axis=0)


def add_in_place(n):
    """-> two functions that add n numbers: one only asks for it, one waits for it as well."""
    x, y = xp.ones(n, dtype="float32"), xp.zeros(n, dtype="float32")

    def ask():
        xp.add(y, x, out=y)

    def ask_and_wait():
        ask()
        synchronize(xp)

    return ask, ask_and_wait


counts = 10 ** np.arange(8)
asking, asking_and_waiting = zip(*(add_in_place(int(n)) for n in counts))
queued, waited = in_turn(asking), in_turn(asking_and_waiting)
t0 = queued[:4].min()                                           # up to 1,000 numbers, the work is negligible
per_number = queued[-1] / counts[-1]

drawn, axes = figure(size=(7.5, 3.8))
axes.loglog(counts, 1e6 * queued, "ko-", markersize=4, label="queued, one wait at the end")
axes.loglog(counts, 1e6 * waited, "s--", color="0.55", markersize=4, label="a wait after each")
axes.set_ylim(0.05, 5e4)
axes.set_xlabel("numbers in the array")
axes.set_ylabel("microseconds for one y ← y + x")
axes.set_title(f"{device}: asking costs {1e6 * t0:.1f} µs, as much as adding {t0 / per_number:,.0f} of 10⁷ numbers")
axes.legend(loc="upper left")
save(drawn, "09-asking")

claim(f"an operation on a small array takes {1e6 * t0:.1f} µs; on ten million numbers, {1e9 * per_number:.2f} ns for "
      "each", per_number < t0 / 20)
print(f"  {launches['small', 1]} operations times t₀: {1e3 * launches['small', 1] * t0:.2f} ms only for asking")

# %% [markdown]
# ![the cost of asking](figures/09-asking.png)
#
# **Fusing.** On a GPU, several elementwise operations can be fused into one kernel. The decorator `fused` in
# [backend.py](../minivae/backend.py) does that with `cupy.fuse`; with NumPy it changes nothing. Three functions of the
# library use it: `softplus`, `sigmoid` and `adam_update`. On an H200 (CuPy 14.2, 2026-11-26, by the device's events)
# Adam's ten operations on the paper's network took 0.14 ms, and the single kernel took 0.04 ms. In one run, fusing
# the rest as well made the whole step 18 % shorter. But every fused formula needs one more function to read, so the
# library stops at these three. `square_of_sum` below consists of three operations, and on a GPU it is one kernel.

# %%
@fused
def square_of_sum(x, y):
    return (x + y) * (x + y)


claim("a fused function computes what it says",
      np.array_equal(to_numpy(square_of_sum(xp.arange(3.0), xp.ones(3))), [1, 4, 9]))

# %% [markdown]
# **Larger batches.** The simplest way to ask less often is to do more with each operation. Here is the time of a
# training step, divided by the number of examples, for batches of 1 to 1,000 and two networks. The axes are the same on
# every device, so you can compare the figures of two devices.

# %%
batches = (1, 3, 10, 30, 100, 300, 1000)


def step_of(sizes, N, dtype="float32"):
    """-> a function that does one training step on a batch of N: forward, backward and Adam"""
    rng = np.random.default_rng(0)
    vae = VAE(*sizes, dtype=dtype, backend=xp.__name__)
    optimizer = Adam(vae.parameters.flat)
    x = xp.asarray((rng.random((N, sizes[0])) < 0.3).astype(dtype))
    eps = vae.draw_noise(rng, N)

    def step():
        vae.loss_and_grad(x, eps)
        optimizer.step(vae.gradients.flat)

    return step


per_step = {name: in_turn([step_of(sizes, N) for N in batches]) for name, sizes in networks.items()}
per_example = {name: per_step[name] / batches for name in networks}
drawn, axes = figure(size=(7.5, 3.8))
for (name, sizes), style in zip(networks.items(), ("ks:", "ko-")):
    axes.loglog(batches, 1e6 * per_example[name], style, markersize=4,
                label=f"{sizes[0]}-{sizes[2][0]}-{sizes[1]}-{sizes[2][0]}-{sizes[0]}")
axes.set_ylim(0.1, 2e4)
axes.set_xlabel("examples in a batch")
axes.set_ylabel("microseconds per example, Adam included")
gain = {name: cost[0] / cost[-1] for name, cost in per_example.items()}
axes.set_title(f"{device}: time per example in a batch of 1,000, beside a batch of 1:\n"
               f"1/{gain['small']:.0f} (small network), 1/{gain['large']:.0f} (large)")
axes.legend()
save(drawn, "09-batch-size")

for name in networks:
    for N in (1, 100, 1000):
        i = batches.index(N)
        print(f"  {name}, batch {N:>4}: {1e3 * per_step[name][i]:7.2f} ms a step; asking for the "
              f"{launches[name, 1]} operations before Adam is {launches[name, 1] * t0 / per_step[name][i]:.0%} of it")
    claim(f"{name}: an example in a batch of 1,000 takes 1/{gain[name]:.0f} of the time that it takes alone",
          gain[name] > 3)

# %% [markdown]
# ![time per example against the batch size](figures/09-batch-size.png)
#
# A small batch is expensive for two reasons. In the small network the reason is Python: a step takes nearly the same
# time for 1 example as for 30. (We measured t₀ for a very simple operation. Sums, views and the checks of shapes cost
# more, so the printed share is a lower bound.) In the large network the reason is the weights: for any batch, each step
# reads all of them, writes their gradient, and changes them with Adam.
#
# On a GPU asking costs more, since each launch goes through a driver, and the work costs less. So it takes a larger
# batch to keep the device busy. On an H200 a step of the paper's network takes 1.7 to 2 ms for any batch from 100
# examples (59,000 examples/s) to 6,400 (3.3 million), and longer only beyond that.
#
# But with a larger batch an epoch has fewer steps. So training gets through the examples faster, but doesn't always
# reach the same loss sooner.
#
# ## The parts of a step
#
# `measure` in [bench.py](../minivae/app/bench.py) measures the parts of a step (`report` prints them:
# `python -m minivae bench`). No code can avoid the matrix products; the rest is the cost of everything else.

# %%
times = measure(Step(backend=xp.__name__), seconds=1)
alone, whole = times["matrix products alone"], times["whole step"]
for name, milliseconds in times.items():
    print(f"  {name:<22} {milliseconds:8.3f} ms   {milliseconds / alone:5.2f} times the matrix products alone")
parts = {"matrix\nproducts": alone, "rest of forward\nand backward": times["forward + backward"] - alone,
         "Adam": times["Adam"]}
drawn, axes = figure(size=(7.5, 3.2))
axes.barh(list(parts), list(parts.values()), color=["0.25", "0.55", "0.8"], edgecolor="k")
axes.invert_yaxis()
axes.set_xlabel("milliseconds (784-500-20-500-784, batch 100)")
axes.set_ylabel("part of a step")
axes.set_title(f"{device}: matrix products are {alone / whole:.0%} of a step, Adam {times['Adam'] / whole:.0%}")
save(drawn, "09-parts")

# %% [markdown]
# ![the parts of a step](figures/09-parts.png)
#
# Adam does little arithmetic, but reads and writes a lot of memory: 25 numbers for each weight, as counted above. That
# is why it works in place on *one* flat vector ([optimizers.py](../minivae/optimizers.py)). On the CPU `cache_blocks`
# gives it 32,768 numbers at a time, which stay in the cache through all ten operations: with these blocks Adam takes
# three quarters of the time it takes without them. On a GPU there is one block, and one kernel.
#
# The precision matters for the same reason: float64 moves twice the bytes. (Besides, many GPUs compute float64 at a
# small fraction of their float32 speed.) So we train in float32, and check gradients in float64.

# %%
moved = {}
for dtype in ("float32", "float64"):
    vae, adam = counting_model(*networks["large"], dtype)
    x, eps = np.zeros((100, 784), dtype).view(Counted), vae.draw_noise(rng, 100).view(Counted)
    moved[dtype] = count(lambda: (vae.loss_and_grad(x, eps), adam.step(vae.gradients.flat.view(Counted))))[2]
claim(f"a step moves {moved['float32'] / 1e6:.0f} MB in float32, {moved['float64'] / 1e6:.0f} MB in float64",
      1.99 < moved["float64"] / moved["float32"] < 2.01)
double = seconds(step_of(networks["large"], 100, "float64"))
print(f"  and takes {double / per_step['large'][batches.index(100)]:.1f} times as long in float64 (batch 100)")

# %% [markdown]
# ## Second cost: waiting
#
# `float(loss)` looks harmless. But on a GPU it makes Python wait until everything in the queue is done. Then the device
# has nothing to do until Python has asked for the next operation. So `train` leaves the losses on the device, and
# fetches all of them together at the end of an epoch. Printing the loss at each step would undo that. We count how
# often a number is fetched:

# %%
def fetches(progress):
    """Count how often an epoch of 12 steps converts an array's element to a Python number."""
    vae, _ = counting_model(*networks["small"])
    Counted.fetched = 0
    list(train(vae, images.train[:600].view(Counted), Adam(vae.parameters.flat), 1, 50, np.random.default_rng(0),
               progress=progress))
    return Counted.fetched


def look(done, total, note):
    """A progress report that reads the loss at each step."""
    return note()


claim(f"reading the loss in each of 12 steps makes {fetches(look)} fetches; without it there are {fetches(None)}, which "
      "check the range of the data before the first step", fetches(look) == 14 and fetches(None) == 2)

data = xp.asarray(images.train)
seconds_of = {}
for name, progress in (("without", None), ("with", look)):
    vae = VAE(*networks["small"], backend=xp.__name__)
    optimizer, rng = Adam(vae.parameters.flat), np.random.default_rng(0)
    seconds_of[name] = seconds(lambda: list(train(vae, data, optimizer, 1, 50, rng, progress=progress)))
milliseconds = [1e3 * seconds_of[name] for name in ("without", "with")]
print(f"  an epoch takes {milliseconds[0]:.1f} ms without reading the loss, {milliseconds[1]:.1f} ms with it")

# %% [markdown]
# On the CPU there is nothing to wait for, and the two times differ little. The library's progress bar is drawn at most
# ten times a second, and reads the loss only then.
#
# ## Third cost: moving
#
# The data are moved to the device once, before training. But random numbers that are drawn on the host have to be moved
# in each step: the order of the examples, ε, and one number per pixel for the binarization. That is what it costs to
# have the same numbers on every device.
#
#     bytes a step = 8 N (order) + 4 N Z L (ε) + 4 N D (binarization)    → next cell

# %%
N, (D, Z, _) = 100, networks["large"]
sizes = {"order": 8 * N, "ε": 4 * N * Z, "binarization": 4 * N * D}
vae, host = VAE(*networks["large"], backend=xp.__name__), np.random.default_rng(0)
grey = xp.full((N, D), 0.3, dtype="float32")
drawing = {"order": lambda: xp.asarray(host.permutation(N)), "ε": lambda: vae.draw_noise(host, N),
           "binarization": lambda: binarize(grey, host)}
claim("ε has the bytes that the formula says", drawing["ε"]().nbytes == sizes["ε"])
claim("and so has the order", drawing["order"]().nbytes == sizes["order"])
for name, draw in drawing.items():
    taken = seconds(draw)
    print(f"  {name:<13}{sizes[name]:>8} bytes: {1e6 * taken:6.0f} µs to draw and move, "
          f"{taken / per_step['large'][batches.index(100)]:.1%} of a step")


class Watched:
    """A NumPy generator that counts the bytes of the uniform numbers it draws."""

    nbytes = 0

    def random(self, *shape, **options):
        drawn = host.random(*shape, **options)
        self.nbytes += drawn.nbytes
        return drawn


watched = Watched()
binarize(grey, watched)
claim(f"and so has the binarization, {watched.nbytes}: D/Z = {D / Z:.0f} times as many as ε",
      watched.nbytes == sizes["binarization"] and watched.nbytes / sizes["ε"] == D / Z)

# %% [markdown]
# ε is cheap. The binarization matters if the step itself is fast, as on a GPU. With `draw_on="device"`, `train` draws
# both on the device (on the command line: `python -m minivae train --draw-on device`). Then the numbers are no longer
# those of a run on the CPU. On an H200, MNIST with batches of 1,000 trains at 380,000 examples/s that way, and at
# 130,000 with numbers from the host.
#
# ## What to try next
#
# - Run this page on a GPU, with `--backend cupy`, and compare its figures with these.
#   `python -m minivae bench --backend cupy` prints the same parts. Measurements on an H200 are in
#   [results](results/README.md#on-a-gpu).
# - `python -m pytest --backend cupy` checks every gradient on the GPU, and that training gives the losses of the CPU.
# - Exercise 3, *A multilayer perceptron, by the chain rule*: your `mlp_backward` runs on CuPy arrays unchanged.
#   Exercise 9, *The whole VAE: where two paths meet*, does not: find the line that breaks rule 2, and fix it.
# - Write a softmax that follows the four rules. `likelihoods.Categorical` has one to compare with.
# - Set `OPENBLAS_NUM_THREADS` to 1, 2 and 4, and run this page on the CPU. Which part of the step becomes faster?
