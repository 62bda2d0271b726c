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

from minivae import VAE, Adam
from minivae.app import bench
from minivae.likelihoods import Bernoulli, sigmoid, softplus


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


def adam():
    """One kernel instead of the ten passes of Adam.update, written by hand and made by cupy.fuse."""
    kernel = cupy.ElementwiseKernel(
        "float32 g, float32 beta1, float32 beta2, float32 epsilon, float32 rate",
        "float32 theta, float32 M, float32 V",
        "M = beta1 * M + g; V = beta2 * V + g * g; theta -= rate * M / (sqrt(V) + epsilon)", "adam_in_one")

    @cupy.fuse()
    def fused(g, beta1, beta2, epsilon, rate, theta, M, V):
        M *= beta1
        M += g
        V *= beta2
        V += g * g
        theta -= rate * M / (cupy.sqrt(V) + epsilon)

    class OneKernel(Adam):
        how = staticmethod(lambda *arguments: kernel(*arguments))

        def update(self, xp, g, scratch):
            weight1 = (1 - self.beta1 ** self.t) / (1 - self.beta1)
            weight2 = (1 - self.beta2 ** self.t) / (1 - self.beta2)
            numbers = (self.beta1, self.beta2, self.epsilon * weight2 ** 0.5, self.lr * weight2 ** 0.5 / weight1)
            self.how(g, *map(numpy.float32, numbers), self.theta, self.M, self.V)

    class Fused(OneKernel):
        how = staticmethod(fused)

    for network in (bench.PAPER, bench.LARGE):
        size = bench.Step(network, "cupy").vae.parameters.flat.size
        g = cupy.asarray(numpy.random.default_rng(0).standard_normal(size, dtype="float32"))
        results = {}
        for kind in (Adam, OneKernel, Fused):
            try:
                optimizer = kind(cupy.zeros(size, dtype="float32"))
                for _ in range(3):
                    optimizer.step(g)
                results[kind] = optimizer.theta.get()
                error = abs(results[kind] - results[Adam]).max() / abs(results[Adam]).max()
                print(f"{network}: {kind.__name__} {milliseconds(lambda: optimizer.step(g)):.4f} ms, "
                      f"differs by {error:.1e}")
            except Exception as problem:
                print(f"{network}: {kind.__name__} failed: {problem!r:.200}")


def bernoulli():
    """The elementwise operations of the likelihood, fused."""
    terms = cupy.fuse(kernel_name="terms")(lambda x, a: x * a - softplus(a))
    slope = cupy.fuse(kernel_name="slope")(lambda x, a: x - sigmoid(a))
    rng = numpy.random.default_rng(0)
    for network in (bench.PAPER, bench.LARGE):
        shape = (1, network.batch_size, network.data_dim)
        x = cupy.asarray((rng.random(shape[1:]) < 0.3).astype("float32"))
        a, dlogp = cupy.asarray(rng.standard_normal(shape, dtype="float32")), cupy.ones(shape[:2], dtype="float32")
        plain = Bernoulli()
        print(f"{network}: log p {milliseconds(lambda: plain.log_prob(x, a)):.4f} ms, its gradient "
              f"{milliseconds(lambda: plain.log_prob_backward(dlogp, x, a)):.4f} ms")
        x = x[None]
        print(f"{network}: fused {milliseconds(lambda: terms(x, a).sum(axis=-1)):.4f} ms, "
              f"{milliseconds(lambda: dlogp[..., None] * slope(x, a)):.4f} ms")


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
        for experiment in (asking_and_doing, batch_sizes, adam, bernoulli, noise, tf32):
            print(f"\n{experiment.__doc__.splitlines()[0]}", flush=True)
            try:
                experiment()
            except Exception:
                traceback.print_exc(limit=2, file=sys.stdout)
