"""How fast is a training step, and how much of that are its matrix products?

The products are what no implementation can avoid; the ratio to them says how much is lost around
them. Measure on an idle machine: other work disturbs the threads of the BLAS more than it does the rest.
"""

import ctypes
import statistics
import sys
import time
from pathlib import Path

import numpy

from .backend import get_xp, synchronize
from .optimizers import Adam
from .vae import VAE


def measure(backend="auto", data_dim=784, hidden=(500,), latent_dim=20, batch_size=100, rounds=200):
    """Median milliseconds of the parts of a step, taken in turn in one process. -> dict of name: ms"""
    rng = numpy.random.default_rng(0)
    vae = VAE(data_dim, latent_dim, hidden, backend=backend)
    xp = get_xp(vae.parameters.flat)
    optimizer = Adam(vae.parameters.flat)
    x = xp.asarray((rng.random((batch_size, data_dim)) < 0.3).astype("float32"))
    eps = vae.draw_noise(rng, batch_size)
    products = _matrix_products(vae, x)

    def loss_and_grad():
        vae.loss_and_grad(x, eps)

    def adam():
        optimizer.step(vae.gradients.flat)

    def whole_step():
        loss_and_grad()
        adam()

    parts = {"matrix products alone": products, "forward + backward": loss_and_grad, "Adam": adam,
             "whole step": whole_step}
    times = {name: [] for name in parts}
    for round_ in range(rounds + rounds // 10):
        for name, part in parts.items():
            synchronize(xp)
            start = time.perf_counter()
            part()
            synchronize(xp)
            if round_ >= rounds // 10:      # the first rounds warm up caches, threads and the allocator
                times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def _matrix_products(vae, x):
    """A function that computes the step's matrix products and nothing else, on the model's own weights.

    Per layer one forward (x W) and two backward (xᵀ dy, dy Wᵀ), but no dy Wᵀ for the encoder's
    first layer, whose x is data: 11 for the paper's network of 4 layers.
    """
    xp = get_xp(x)
    layers = vae.encoder + vae.decoder
    inputs = [x] + [xp.ones((len(x), W.shape[0]), dtype=x.dtype) for W, _ in layers[1:]]
    upstream = [xp.ones((len(x), W.shape[1]), dtype=x.dtype) for W, _ in layers]
    grads = [xp.empty_like(W) for W, _ in layers]

    def products():
        for x, (W, _) in zip(inputs, layers):
            x @ W
        for i in reversed(range(len(layers))):
            xp.matmul(inputs[i].T, upstream[i], out=grads[i])
            if i > 0:
                upstream[i] @ layers[i][0].T

    return products


def blas_name():
    """The BLAS behind NumPy: name, version, and for OpenBLAS its kernels and number of threads."""
    config = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{config.get('name', 'unknown')} {config.get('version', '')}".strip()
    return name + _openblas_details()


def _openblas_details():
    """NumPy's wheels bring their own OpenBLAS, whose functions have a prefix and a suffix."""
    package = Path(numpy.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in folder.glob("*openblas*"):
            library = ctypes.CDLL(str(path))
            for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
                core = getattr(library, f"{prefix}openblas_get_corename{suffix}", None)
                threads = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
                if core and threads:
                    core.restype = ctypes.c_char_p
                    return f", kernels {core().decode()}, {threads()} threads"
    return ", kernels unknown (no OpenBLAS in this NumPy's wheel)"


def report(backend="auto", batch_size=100, stream=None):
    """Measure the paper's network, 784-500-20-500-784 with tanh and float32, and print the table."""
    print_ = lambda line: print(line, file=stream or sys.stdout)
    xp = get_xp(VAE(2, 1, (2,), backend=backend).parameters.flat)
    print_(f"{xp.__name__} {xp.__version__}, numpy {numpy.__version__}, BLAS: {blas_name()}")
    print_(f"784-500-20-500-784, tanh, float32, batch {batch_size}")
    times = measure(backend, batch_size=batch_size)
    alone = times["matrix products alone"]
    for name, milliseconds in times.items():
        print_(f"  {name:<22} {milliseconds:7.3f} ms   {milliseconds / alone:5.2f} x the products")
    print_(f"  {batch_size / times['whole step'] * 1e3:.0f} examples/s, without drawing the data")
