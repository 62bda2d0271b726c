"""How long does a training step take, how much of it is matrix products, and how long does log p(x) take?

No implementation can avoid the products. The ratio of the step to its products shows the cost of everything
else. Measure on an idle machine: other work slows down the threads of the BLAS (the matrix library) more than
the rest.
"""

import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from typing import NamedTuple

import numpy

from ..backend import array_module, get_xp, synchronize
from ..evaluation import log_likelihood
from ..optimizers import Adam
from ..system.progress import ProgressBar
from ..vae import VAE
from .blas import better_kernels, blas, has_avx512, why_not

try:
    import resource
except ImportError:     # Windows
    resource = None


class Network(NamedTuple):
    """The sizes of a VAE with one hidden layer in encoder and decoder (tanh, float32), and the batch size."""

    data_dim: int
    hidden: int
    latent_dim: int
    batch_size: int

    def __str__(self):
        D, H, Z, N = self
        return f"{D}-{H}-{Z}-{H}-{D}, tanh, float32, batch {N}"


PAPER = Network(784, 500, 20, 100)          # Kingma & Welling 2014, §5
LARGE = Network(784, 2000, 64, 4096)


class Step:
    """One training step with Adam, and its parts. The data are already on the device."""

    def __init__(self, network=PAPER, backend="auto"):
        D, H, Z, N = network
        rng = numpy.random.default_rng(0)
        self.vae = VAE(D, Z, (H,), backend=backend)
        self.xp = get_xp(self.vae.parameters.flat)
        self.adam = Adam(self.vae.parameters.flat)
        self.x = self.xp.asarray((rng.random((N, D)) < 0.3).astype("float32"))
        self.eps = self.vae.draw_noise(rng, N)
        self.products, self.flops = matrix_products(self.vae, self.x)

    def both_passes(self):
        """Forward and backward."""
        self.vae.loss_and_grad(self.x, self.eps)

    def adam_step(self):
        """The optimizer alone, with the gradients of the last pass."""
        self.adam.step(self.vae.gradients.flat)

    def whole(self):
        """What training does with each batch."""
        self.both_passes()
        self.adam_step()


def measure(step, seconds=8.0, progress=None):
    """Median milliseconds of each part of a Step; all run in turn, at least five times. -> {name: ms}

    progress(tenths of a second, of all), called after each turn
    """
    parts = {"matrix products alone": step.products, "forward + backward": step.both_passes,
             "Adam": step.adam_step, "whole step": step.whole}
    times = {name: [] for name in parts}
    for part in parts.values():
        part()
        part()      # not measured; warms up caches, threads and the allocator
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(times["whole step"]) < 5:
        for name, part in parts.items():
            times[name].append(_milliseconds(part, step.xp))
        if progress:
            passed = min(time.perf_counter() - start, seconds)
            progress(int(10 * passed), max(1, int(10 * seconds)))
    return {name: statistics.median(values) for name, values in times.items()}


def _milliseconds(part, xp):
    synchronize(xp)
    start = time.perf_counter()
    part()
    synchronize(xp)
    return 1e3 * (time.perf_counter() - start)


def evaluation_of(step, seconds=4.0, n_examples=10, n_samples=1000):
    """log p(x) with 1000 samples per example. -> median examples/s, and page faults per example or None

    A page fault is a piece of memory, mostly 4 kB, that the kernel has to provide, filled with zeros.
    """
    x, times, start = step.x[:n_examples], [], time.perf_counter()
    n_examples = len(x)
    evaluate = lambda: log_likelihood(step.vae, x, 0, n_samples)
    evaluate()
    before = _page_faults()
    while time.perf_counter() - start < seconds or len(times) < 3:
        times.append(_milliseconds(evaluate, step.xp))
    faults = before and (_page_faults() - before) / (len(times) * n_examples)
    return 1e3 * n_examples / statistics.median(times), faults


def _page_faults():
    return resource and resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def matrix_products(vae, x):
    """Make a function that computes only the matrix products of a step, with the model's own weights.

    Each layer has one product forward (x W) and two backward (xᵀ dy, dy Wᵀ), but the first layer of the
    encoder needs no dy Wᵀ, because its x is data: 11 products for the paper's network of 4 layers.

    -> the function, and its floating-point operations: N I O multiplications and additions per product
    """
    xp = get_xp(x)
    layers = vae.encoder + vae.decoder
    inputs = [x] + [xp.ones((len(x), W.shape[0]), dtype=x.dtype) for W, _ in layers[1:]]    # (N, I) each
    upstream = [xp.ones((len(x), W.shape[1]), dtype=x.dtype) for W, _ in layers]            # (N, O)
    grads = [xp.empty_like(W) for W, _ in layers]                                           # (I, O)

    def products():
        for x, (W, _) in zip(inputs, layers):
            x @ W
        for i in reversed(range(len(layers))):
            xp.matmul(inputs[i].T, upstream[i], out=grads[i])
            if i > 0:
                upstream[i] @ layers[i][0].T

    sizes = [W.size for W, _ in layers]
    return products, 2 * len(x) * (3 * sum(sizes) - sizes[0])


def rate_of_a_large_product(xp, n=4096, repeats=5):
    """Billions of float32 operations per second in the product of two n x n matrices."""
    a = xp.asarray(numpy.random.default_rng(0).standard_normal((n, n), dtype="float32"))
    out = xp.empty_like(a)
    multiply = lambda: xp.matmul(a, a, out=out)
    multiply()
    return 2 * n ** 3 / min(_milliseconds(multiply, xp) for _ in range(repeats)) / 1e6


def memory(network=PAPER, backend="auto"):
    """Bytes of arrays: the most that training uses at once, and what it can't do without. -> peak, needed

    Needed are the parameters, Adam's two vectors, a batch with its noise, and its activations: z and the
    output of each layer.
    """
    D, H, Z, N = network
    tracemalloc.start()         # counts NumPy's arrays; CuPy's are counted by its memory pool
    step = Step(network, backend)
    step.products = None        # frees the arrays that it multiplies
    tracemalloc.reset_peak()
    pool = None if step.xp is numpy else step.xp.get_default_memory_pool()
    if pool:
        pool.free_all_blocks()
    for _ in range(3):
        step.whole()
    peak = pool.total_bytes() if pool else tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    outputs = sum(W.shape[1] for W, _ in step.vae.encoder + step.vae.decoder)
    return peak, 3 * step.vae.parameters.flat.nbytes + 4 * N * (D + Z + outputs + Z)


def report(backend="auto", batch_size=None, networks=(PAPER, LARGE), seconds=8.0):
    """Measure the networks and print a table for each; then the rate of a large product, and advice, if any.

    batch_size, if given, replaces that of the networks.
    """
    xp = array_module(backend)
    library = blas()
    vectors = f"{'with' if has_avx512() else 'without'} AVX-512"
    print(f"{_device(xp)}numpy {numpy.__version__} {vectors}, BLAS: {library}")
    for network in networks:
        network = network._replace(batch_size=batch_size or network.batch_size)
        print(f"\n{network}", flush=True)
        step = Step(network, backend)
        bar = ProgressBar("measuring")
        try:
            times = measure(step, seconds, bar)
            images_per_second, faults = evaluation_of(step, seconds / 2)
        finally:
            bar.clear()
        alone = times["matrix products alone"]
        for name, milliseconds in times.items():
            print(f"  {name:<22} {milliseconds:9.3f} ms   {milliseconds / alone:5.2f} x the products")
        if times["forward + backward"] > times["whole step"]:
            print("  a part took longer than the whole: other work on this machine, or memory that is returned "
                  "to the system and allocated again; tutorials/results/README.md has more")
        rate = step.flops / alone / 1e6
        del step
        peak, needed = memory(network, backend)
        print(f"  {network.batch_size / times['whole step'] * 1e3:,.0f} examples/s, not counting the "
              f"preparation of batches; products {rate:,.0f} GFLOP/s")
        print(f"  log p(x) with 1000 samples: {images_per_second:,.0f} examples/s"
              + (f", page faults per example: {faults:.0f}" if faults is not None else ""))
        print(f"  arrays take {peak / 1e6:.0f} MB at most, {peak / needed:.2f} x the size of parameters, "
              "Adam's memory, batch and activations", flush=True)
    print(f"\none product of 4096 x 4096 matrices: {rate_of_a_large_product(xp):,.0f} GFLOP/s")
    better = better_kernels(library.kernels) if xp is numpy else None
    if better:
        _print_advice(library.kernels, better)


def _device(xp):
    if xp is numpy:
        return ""
    name = xp.cuda.runtime.getDeviceProperties(xp.cuda.runtime.getDevice())["name"].decode()
    return f"cupy {xp.__version__} on {name}; on the host "


def _print_advice(kernels, better):
    try:
        now, then = (_products_of_a_process(variables) for variables in ({}, {"OPENBLAS_CORETYPE": better}))
    except subprocess.CalledProcessError:       # the processor can't run them after all
        return
    print(f"This processor can run OpenBLAS's {better} kernels, but {why_not(kernels)}. With the environment "
          f"variable OPENBLAS_CORETYPE={better} the products of the paper's network take {then / now:.2f} "
          f"times as long ({then:.2f} ms, now {now:.2f}).")


def _products_of_a_process(variables, seconds=2.0):
    """Median milliseconds of the paper's products, in a new process with these environment variables."""
    code = ("from minivae.app import bench; "
            f"print(bench.measure(bench.Step(bench.PAPER, 'numpy'), {seconds})['matrix products alone'])")
    child = subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, check=True,
                           capture_output=True, text=True)
    return float(child.stdout)
