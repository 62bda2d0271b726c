"""What would make a step faster on a GPU? Each idea is compared with what minivae does now.

    python tests/benchmarks/gpu_experiments.py

Times are medians, measured with the device's events. If an experiment fails, the others still run.
"""

import os
import statistics
import subprocess
import sys
import time
import traceback

import cupy
import numpy

from minivae import VAE, evaluation
from minivae.app import bench


def milliseconds(function, repeats=50):
    """Median milliseconds on the device, from one event to the next."""
    for _ in range(5):
        function()
    times = []
    for _ in range(repeats):
        first, last = cupy.cuda.Event(), cupy.cuda.Event()
        first.record()
        function()
        last.record()
        last.synchronize()
        times.append(cupy.cuda.get_elapsed_time(first, last))
    return statistics.median(times)


def asking_and_doing():
    """Does a step wait for Python or for the device?"""
    for network in (bench.PAPER, bench.LARGE):
        step = bench.Step(network, "cupy")
        for _ in range(5):
            step.whole()
        cupy.cuda.Device().synchronize()
        start = time.perf_counter()
        for _ in range(50):
            step.whole()
        asked = time.perf_counter() - start
        cupy.cuda.Device().synchronize()
        done = time.perf_counter() - start
        print(f"{network}: queued in {20 * asked:.3f} ms per step, finished in {20 * done:.3f} ms")


def batch_sizes():
    """Examples per second for different batch sizes, with the paper's network."""
    for size in (100, 400, 1600, 6400, 25600):
        step = bench.Step(bench.PAPER._replace(batch_size=size), "cupy")
        print(f"batch {size}: {size / milliseconds(step.whole) * 1e3:,.0f} examples/s")


def noise():
    """Noise drawn on the host and moved (as in minivae), moved through pinned memory, or drawn on the device."""
    import cupyx
    for network in (bench.PAPER, bench.LARGE):
        vae, rng = VAE(network.data_dim, network.latent_dim, (2,), backend="cupy"), numpy.random.default_rng(0)
        shape = (1, network.batch_size, network.latent_dim)
        pinned, there = cupyx.empty_pinned(shape, dtype="float32"), cupy.empty(shape, dtype="float32")

        def through_pinned():
            rng.standard_normal(out=pinned, dtype="float32")
            there.set(pinned)

        print(f"{network}: host {milliseconds(lambda: vae.draw_noise(rng, network.batch_size)):.4f} ms, "
              f"through pinned memory {milliseconds(through_pinned):.4f} ms, "
              f"on the device {milliseconds(lambda: cupy.random.standard_normal(shape, dtype='float32')):.4f} ms")


def rows():
    """Samples decoded at a time to estimate log p(x) with K = 5000, with noise from the host and from the device."""
    vae, x = VAE(784, 20, (500,), backend="cupy"), numpy.random.default_rng(0).random((200, 784), dtype="float32")
    for size in (500, 5000, 10_000, 50_000, 100_000):
        rates = []
        for generator in (numpy.random.default_rng(0), cupy.random.default_rng(0)):
            few = x[:10 if size < 5000 else 100]
            evaluation.log_likelihood(vae, few[:10], generator, 5000, rows=size)
            start = time.perf_counter()
            evaluation.log_likelihood(vae, few, generator, 5000, rows=size)
            rates.append(len(few) / (time.perf_counter() - start))
        print(f"{size} rows: {rates[0]:.0f} images/s, {rates[1]:.0f} with noise drawn there, "
              f"{cupy.get_default_memory_pool().total_bytes() / 1e9:.1f} GB")


def tf32():
    """Matrix products with inputs rounded to 10 bits (CUPY_TF32=1, which CuPy reads when it is imported)."""
    for value in ("0", "1"):
        child = subprocess.run([sys.executable, __file__, "--products"], env={**os.environ, "CUPY_TF32": value},
                               capture_output=True, text=True)
        print(f"CUPY_TF32={value}\n{child.stdout}{child.stderr[-500:]}", end="")


def products():
    """The matrix products of both networks, a large one, and the errors of the loss and its gradient."""
    for network in (bench.PAPER, bench.LARGE):
        step = bench.Step(network, "cupy")
        exact = bench.Step(network, "numpy")
        exact.vae = VAE(network.data_dim, network.latent_dim, (network.hidden,), dtype="float64", backend="numpy")
        exact.vae.parameters.flat[...] = step.vae.parameters.flat.get()
        losses = [float(s.vae.loss_and_grad(s.x, s.eps).loss) for s in (step, exact)]
        gradients = step.vae.gradients.flat.get(), exact.vae.gradients.flat
        error = numpy.linalg.norm(gradients[0] - gradients[1]) / numpy.linalg.norm(gradients[1])
        times = milliseconds(step.products), milliseconds(step.whole)
        print(f"  {network}: products {times[0]:.3f} ms, {step.flops / times[0] / 1e9:.1f} TFLOP/s; "
              f"step {times[1]:.3f} ms; errors: loss {abs(losses[0] - losses[1]):.1e} nats, gradient {error:.1e}")
    a = cupy.asarray(numpy.random.default_rng(0).standard_normal((8192, 8192), dtype="float32"))
    print(f"  8192 x 8192: {2 * 8192 ** 3 / milliseconds(lambda: a @ a, 10) / 1e9:.1f} TFLOP/s")


if __name__ == "__main__":
    if "--products" in sys.argv:
        products()
    else:
        for experiment in (asking_and_doing, batch_sizes, noise, rows, tf32):
            print(f"\n{experiment.__doc__.splitlines()[0]}", flush=True)
            try:
                experiment()
            except Exception:
                traceback.print_exc(limit=2, file=sys.stdout)
