# %% [markdown]
# # 9 · The same code on a GPU
#
# **What you'll do.** Run one training step on the CPU and, where there is one, on a GPU, with the same code and
# the same random numbers; count what it asks the device to do; and measure what that costs.
#
# **What you'll learn.** How code comes to belong to neither NumPy nor CuPy; which three things are slow on a GPU,
# and what the library does about each; why the batch size decides.
#
# **What you'll need.** [Tutorial 5](05_variational_autoencoder.py). A GPU only if you want its numbers: without
# one, the same text and the same code measure the CPU.
#
# **Time.** 20 minutes to read, 10 seconds to run: `python tutorials/09_gpu.py` (or `--backend numpy`,
# `--backend cupy`).

# %%
import collections
import sys
import time

import numpy as np
from lesson import claim, figure, options, save

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
# `array_module("auto")` tries CuPy out: import it, allocate, multiply, compare. CuPy can be installed where no GPU
# is, and fails only when it is used; so asking whether it is there isn't enough.
#
# ## Code that belongs to nobody
#
# CuPy has NumPy's names for arrays that live on the GPU. How do we write one code for both? Four rules:
#
# 1. **Operators come with the array.** `x @ W + b` says nothing of a library.
# 2. **Where a function is needed, ask the array for it:** `xp = get_xp(x)`, then `xp.exp(x)`. Never `np.exp`.
# 3. **No assignment through index arrays.** With an index twice in it, CuPy leaves undefined which value stays. A
#   mask that is multiplied in needs no assignment: `relu_backward` is dy · (y > 0).
# 4. **Random numbers are drawn on the host** and moved to the device. Both then see the same ones.
#
# Arrays of both libraries in one call should give an error and not a slow copy. They do: `get_xp` refuses a
# mixture.

# %%
class Elsewhere:
    """Stands for an array on the GPU, where there is none: it says that it comes from cupy, and does nothing."""

    __module__ = "cupy"


claim("get_xp knows the library of an array", get_xp(xp.ones(2), xp.zeros(3)) is xp)
try:
    get_xp(np.ones(2), xp.ones(2) if on_gpu else Elsewhere())
    refused = ""
except TypeError as error:
    refused = str(error)
claim(f"and refuses two: \"{refused}\"", "mixed" in refused)

rng = np.random.default_rng(0)
dy, a = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
by_assignment = dy.copy()
by_assignment[a < 0] = 0        # the same by a mask as index; with integers that repeat it could be undefined
by_mask = relu_backward(xp.asarray(dy), relu(xp.asarray(a)))
claim("a mask multiplied in gives what an assignment by it gives",
      np.array_equal(to_numpy(by_mask), by_assignment))

# %% [markdown]
# `to_numpy` brings an array back, and leaves a NumPy array as it is. A strict stand-in for CuPy in the tests
# raises an error on any of these leaks, so that a machine without a GPU catches them too.
#
# ## The same numbers
#
# Weights, shuffles, binarization and ε are all drawn from NumPy generators on the host. So a run on the GPU
# follows the run on the CPU: not bit for bit, since sums are taken in another order, but to rounding. Here are
# both, in float64 (without a GPU: the CPU twice, which *is* bit for bit).

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
claim(f"the same seed gives the same losses: they differ by {off:.0e}, relatively",
      off < 1e-9 if on_gpu else off == 0)

# %% [markdown]
# The same seed, yes; but in another *precision* it is not the same noise. A NumPy generator draws float32 in
# another way than float64, so that a float32 run differs from a float64 run by its ε, far more than by rounding.
# To compare precisions, draw once and convert.

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
# ## What is a step made of?
#
# A GPU is not asked to "train". Each array operation is a **kernel**, a program that is launched from Python, one
# after the other. So count them. `Counted` below is a NumPy array that notes each operation on it, and how many
# bytes that reads and writes. Counting needs no GPU: the code asks for the same operations there. (Take the count
# for about the number of launches: copies, as of two arrays joined into one, are not in it, and CuPy may need one
# launch more or less than NumPy has operations, for a mean or a sum. A fused function, explained below, is one.)

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
    """What is asked for by work(). -> (matrix products, other operations, bytes)"""
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
claim(f"{products} matrix products: one forward, two backward a layer, but none for the data's gradient",
      products == 3 * len(vae.encoder + vae.decoder) - 1)
claim(f"forward and backward are {launches['small', 1]} operations, however large the network and the batch",
      len(set(launches.values())) == 1)
P = adam.theta.size
blocks = len(list(cache_blocks(adam.theta)))
claim(f"Adam is 10 operations on each of {blocks} blocks of the {P} weights", adam_others == 10 * blocks)
claim(f"and reads and writes {adam_moved / adam.theta.nbytes:.0f} numbers for each weight",
      adam_moved == 25 * adam.theta.nbytes)

# %% [markdown]
# ## First cost: asking
#
# Each operation costs something just to be asked for: Python, checks, a launch. Call it t₀. The rest is work, and
# goes with the size of the arrays:
#
#     time of a step ≈ operations · t₀ + work                           → next cell
#
# Here is one operation, y ← y + x, for arrays of 1 to 10 million numbers. A GPU works *asynchronously*: Python
# hands over a kernel and goes on, and only who asks for a result waits. So a clock has to wait too, by
# `synchronize`, or it measures how fast one can ask. We measure both: many operations queued and one wait at the
# end, and a wait after each. On the CPU there is nothing to wait for, and the two are one.

# %%
def seconds(work, at_least=0.005, rounds=5):
    """Seconds that work() takes: the best of some rounds, since other programs can only make it slower."""
    work()                                                      # the first call compiles kernels, fills caches
    synchronize(xp)
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < at_least:               # how many calls make a round long enough?
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
    """Seconds of several functions, one after the other and three times over: a busy moment then spoils none."""
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
t0 = queued[:4].min()                                           # up to 1,000 numbers, the work is nothing
per_number = queued[-1] / counts[-1]

drawn, axes = figure(size=(7.5, 3.8))
axes.loglog(counts, 1e6 * queued, "ko-", markersize=4, label="queued, one wait at the end")
axes.loglog(counts, 1e6 * waited, "s--", color="0.55", markersize=4, label="a wait after each")
axes.set_ylim(0.05, 5e4)
axes.set_xlabel("numbers in the array")
axes.set_ylabel("microseconds for one y ← y + x")
axes.set_title(f"{device}: to ask costs {1e6 * t0:.1f} µs, as much as adding {t0 / per_number:,.0f} numbers")
axes.legend(loc="upper left")
save(drawn, "09-asking")

claim(f"a small array takes {1e6 * t0:.1f} µs; each of ten million numbers, {1e9 * per_number:.2f} ns",
      per_number < t0 / 20)
print(f"  {launches['small', 1]} operations, times t₀: {1e3 * launches['small', 1] * t0:.2f} ms for asking alone")

# %% [markdown]
# On a GPU, several elementwise operations can be made into one kernel. The decorator `fused` in
# [backend.py](../minivae/backend.py) does that with `cupy.fuse`; with NumPy it changes nothing. Three functions of
# the library have it: `softplus`, `sigmoid` and `adam_update`. On an H200 (CuPy 14.2, 2026-11-26, by the device's
# events) Adam's ten operations on the paper's network took 0.14 ms, and one kernel took 0.04 ms. In one run, fusing
# the rest as well made the whole step 18 % shorter. But each fused formula needs a function beside the one that you
# read, so the rest is not fused. `square_of_sum` below is three operations, and on a GPU one kernel.

# %%
@fused
def square_of_sum(x, y):
    return (x + y) * (x + y)


claim("a fused function computes what it says",
      np.array_equal(to_numpy(square_of_sum(xp.arange(3.0), xp.ones(3))), [1, 4, 9]))

# %% [markdown]
# ![the cost of asking](figures/09-asking.png)
#
# The remedy is not to be clever but to be large: do more with each operation. Here is a training step, per
# example, for batches of 1 to 1,000, on two networks. The axes are the same on every device, to lay two such
# figures side by side.

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
axes.set_title(f"{device}: in a batch of 1,000 an example costs {gain['small']:.0f} times less\n"
               f"than alone (small network), {gain['large']:.0f} times less (large)")
axes.legend()
save(drawn, "09-batch-size")

for name in networks:
    for N in (1, 100, 1000):
        i = batches.index(N)
        print(f"  {name}, batch {N:>4}: {1e3 * per_step[name][i]:7.2f} ms a step, of which asking for "
              f"the {launches[name, 1]} operations before Adam is {launches[name, 1] * t0 / per_step[name][i]:.0%}")
    claim(f"{name}: an example costs {gain[name]:.0f} times less in a batch of 1,000 than alone", gain[name] > 3)

# %% [markdown]
# ![time per example against the batch size](figures/09-batch-size.png)
#
# Two different things make a small batch dear. In the small network it is Python: the step takes nearly the same
# time for 1 example as for 30. (t₀ is that of the plainest operation. Sums, views and the checks of shapes cost
# more, so the share printed is a lower bound.) In the large one it is the weights: whatever the batch, all of them
# are read, their gradient is written, and Adam goes over them. On a GPU asking costs more, since each launch goes
# through a driver, and the work costs less. So a batch has to be larger before the device is busy: on an H200 a
# step of the paper's network takes 1.7 to 2 ms for any batch from 100 examples (59,000 examples/s) to 6,400
# (3.3 million), and only then longer.
#
# But a larger batch also means fewer steps an epoch. It is faster per example, and not always per nat.
#
# ## What the work is
#
# `measure` in [bench.py](../minivae/app/bench.py) takes the step apart (`report` prints it:
# `python -m minivae bench`). The matrix products are what no code can avoid; what comes on top is the price of
# everything else.

# %%
times = measure(Step(backend=xp.__name__), seconds=1)
alone, whole = times["matrix products alone"], times["whole step"]
for name, milliseconds in times.items():
    print(f"  {name:<22} {milliseconds:8.3f} ms   {milliseconds / alone:5.2f} times the products")
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
# Adam does little arithmetic and moves much memory: 25 numbers a weight, counted above. That is why it works in
# place on *one* flat vector ([optimizers.py](../minivae/optimizers.py)). On the CPU `cache_blocks` gives it
# 32,768 numbers at a time, and those stay in the cache through all ten operations: Adam then takes three quarters
# of the time. On a GPU there is one block, and one kernel.
#
# The precision acts on the same side: float64 moves twice the bytes. (And many GPUs compute float64 at a small
# fraction of their float32 rate.) Hence float32 to train, float64 to check gradients.

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
# `float(loss)` looks harmless. On a GPU it stops Python until all that was queued is done, and while Python then
# asks for the next operation, the device has nothing to do. So `train` keeps the losses where they are, and
# fetches all of them at the end of an epoch, in one go. A note that prints the loss at each step undoes that.
# Counted:

# %%
def fetches(progress):
    """How often an epoch of 12 steps converts a loss to a Python number."""
    vae, _ = counting_model(*networks["small"])
    Counted.fetched = 0
    list(train(vae, images.train[:600].view(Counted), Adam(vae.parameters.flat), 1, 50, np.random.default_rng(0),
               progress=progress))
    return Counted.fetched


def look(done, total, note):
    """A progress report that reads the loss each time."""
    return note()


claim(f"with a look at the loss in each of 12 steps, {fetches(look)} fetches; without, {fetches(None)}: the range of "
      "the data, before the first step", fetches(look) == 14 and fetches(None) == 2)

data = xp.asarray(images.train)
seconds_of = {}
for name, progress in (("without", None), ("with", look)):
    vae = VAE(*networks["small"], backend=xp.__name__)
    optimizer, rng = Adam(vae.parameters.flat), np.random.default_rng(0)
    seconds_of[name] = seconds(lambda: list(train(vae, data, optimizer, 1, 50, rng, progress=progress)))
milliseconds = [1e3 * seconds_of[name] for name in ("without", "with")]
print(f"  an epoch takes {milliseconds[0]:.1f} ms without looking, {milliseconds[1]:.1f} ms with it")

# %% [markdown]
# On the CPU there is nothing to wait for, and the two times are the same but for noise. The library's progress bar
# draws itself ten times a second at most, and asks for the loss only then.
#
# ## Third cost: moving
#
# The data are moved to the device once, before training. What is drawn on the host has to follow at each step: the
# order of the examples, ε, and for the binarization one number a pixel. That is the price of the same numbers
# everywhere.
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
    """A NumPy generator that notes how many bytes of uniform numbers it has drawn."""

    nbytes = 0

    def random(self, *shape, **options):
        drawn = host.random(*shape, **options)
        self.nbytes += drawn.nbytes
        return drawn


watched = Watched()
binarize(grey, watched)
claim(f"and the binarization, {watched.nbytes}: D/Z = {watched.nbytes / sizes['ε']:.0f} times as many as ε",
      watched.nbytes == sizes["binarization"])

# %% [markdown]
# ε is cheap. The binarization is the one to look at where the step itself gets fast. With `draw_on="device"`,
# `train` draws both on the device, and `python -m minivae train --draw-on device` does so too. The run is no longer
# the CPU's run, number for number. On an H200, MNIST with batches of 1,000 trains at 380,000 examples/s that way,
# and at 130,000 with numbers from the host.
#
# ## What to try next
#
# - Run this page on a GPU, `--backend cupy`, and lay its figures beside these.
#   `python -m minivae bench --backend cupy` prints the same parts. What an H200 did is in
#   [results](results/README.md#on-a-gpu).
# - `python -m pytest --backend cupy` checks every gradient on the GPU, and that training follows the CPU.
# - Exercise 3, *A multilayer perceptron, by the chain rule*: your `mlp_backward` runs on CuPy arrays unchanged.
#   Exercise 9, *The whole VAE: where two paths meet*, doesn't: find the line that breaks rule 2, and fix it.
# - Write softmax for both libraries, by the four rules. `likelihoods.Categorical` has one.
# - Set `OPENBLAS_NUM_THREADS` to 1, 2, 4 and run this page on the CPU. Which part of the step gains?
