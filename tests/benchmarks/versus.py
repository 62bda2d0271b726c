"""minivae's training step beside that of the frameworks: same model, weights, noise, batch, precision and Adam.

    pip install . torch jax autograd            # in an environment of its own; those you lack are left out
    python tests/benchmarks/versus.py           # both networks on the CPU
    python tests/benchmarks/versus.py --device cuda --out results.json

Each contender runs in a process of its own, since two thread pools in one process disturb each other; in turn,
for several rounds, since the machine's speed drifts. First all must give the same loss and gradients, to float32
rounding, from the same weights and noise. Then each is timed: a step (loss, gradients, Adam), an epoch of 60,000
images with the data loading that its users would write, its import, and the memory that its process took.

Written to be fair to the frameworks: torch.compile and JAX may fuse what they like, compilation is not counted,
and HIPS autograd, which brings no fast optimizer, is lent minivae's. Run it on an idle machine.
"""

import argparse
import importlib
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple

NETWORKS = {"paper": {"sizes": (784, 500, 20), "batch": 100}, "large": {"sizes": (784, 2000, 64), "batch": 4096}}
LEARNING_RATE = 1e-3
N_IMAGES = 60_000
FLOAT32 = 1e-5      # relative, of a tensor's norm: sums of thousands of terms, each rounded to 6e-8


class Contender(NamedTuple):
    """What is measured. Made from the weights {name: array}, a batch x, noise eps and the images, all NumPy."""

    loss_and_gradients: Callable            # () -> loss, {name: gradient}: for the check
    step: Callable                          # one step on x and eps, already on the device; may return before it is done
    epoch: Callable                         # one epoch over the images, in shuffled batches, with noise drawn anew
    wait: Callable = lambda: None           # until the device has done all it was asked to
    event: Callable | None = None           # () -> a recorded event on the device's own clock
    milliseconds: Callable | None = None    # (event, event) -> the time between them
    device_bytes: Callable | None = None    # () -> memory taken on the device


def minivae_contender(weights, x, eps, images, device):
    from minivae import VAE, Adam, array_module, synchronize, to_numpy
    from minivae.training import train
    import numpy

    xp = array_module("cupy" if device == "cuda" else "numpy")
    latent, hidden = weights["decoder.0.W"].shape
    vae = VAE(x.shape[1], latent, (hidden,), backend=xp.__name__)
    for name, value in weights.items():
        vae.parameters[name][...] = xp.asarray(value)
    optimizer = Adam(vae.parameters.flat, lr=LEARNING_RATE)
    batch_size, x, eps, images = len(x), xp.asarray(x), xp.asarray(eps), xp.asarray(images)

    def loss_and_gradients():
        loss = float(vae.loss_and_grad(x, eps).loss)
        return loss, {name: to_numpy(vae.gradients[name]) for name in weights}

    def step():
        vae.loss_and_grad(x, eps)
        optimizer.step(vae.gradients.flat)

    def epoch():
        list(train(vae, images, optimizer, 1, batch_size, numpy.random.default_rng(0)))

    if device == "cpu":
        return Contender(loss_and_gradients, step, epoch)

    def event():
        event = xp.cuda.Event()
        event.record()
        return event

    return Contender(loss_and_gradients, step, epoch, lambda: synchronize(xp), event, xp.cuda.get_elapsed_time,
                     lambda: xp.get_default_memory_pool().total_bytes())


def torch_contender(weights, x, eps, images, device, compiled=False):
    import torch

    theta = {name: torch.tensor(value, device=device, requires_grad=True) for name, value in weights.items()}
    batch_size, x, eps = len(x), torch.tensor(x, device=device), torch.tensor(eps, device=device)

    def loss_of(x, eps):
        h = torch.tanh(torch.addmm(theta["encoder.0.b"], x, theta["encoder.0.W"]))
        h = torch.addmm(theta["encoder.1.b"], h, theta["encoder.1.W"])
        mu, logvar = h.chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * eps
        a = torch.tanh(torch.addmm(theta["decoder.0.b"], z, theta["decoder.0.W"]))
        a = torch.addmm(theta["decoder.1.b"], a, theta["decoder.1.W"])
        misfit = torch.nn.functional.binary_cross_entropy_with_logits(a, x, reduction="sum")
        kl = 0.5 * (mu * mu + logvar.exp() - 1 - logvar).sum()
        return (misfit + kl) / len(x)

    loss_of = torch.compile(loss_of) if compiled else loss_of
    optimizer = torch.optim.Adam(theta.values(), lr=LEARNING_RATE, fused=True if compiled else None)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(images)), batch_size, shuffle=True)

    def loss_and_gradients():
        loss = loss_of(x, eps)
        loss.backward()
        gradients = {name: value.grad.cpu().numpy() for name, value in theta.items()}
        optimizer.zero_grad()
        return float(loss), gradients

    def train_on(x, eps):
        optimizer.zero_grad()
        loss = loss_of(x, eps)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def epoch():
        losses = []
        for (x,) in loader:
            losses.append(train_on(x.to(device), torch.randn(len(x), eps.shape[1], device=device)))
        torch.stack(losses).mean().item()

    if device == "cpu":
        return Contender(loss_and_gradients, lambda: train_on(x, eps), epoch)

    def event():
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    return Contender(loss_and_gradients, lambda: train_on(x, eps), epoch, torch.cuda.synchronize, event,
                     lambda first, last: first.elapsed_time(last), torch.cuda.max_memory_reserved)


def torch_compile_contender(*arguments):
    return torch_contender(*arguments, compiled=True)


def loss_in(np, softplus, theta, x, eps):
    """The loss for JAX and autograd, each with its own NumPy."""
    h = np.tanh(x @ theta["encoder.0.W"] + theta["encoder.0.b"]) @ theta["encoder.1.W"] + theta["encoder.1.b"]
    mu, logvar = h[:, :h.shape[1] // 2], h[:, h.shape[1] // 2:]
    z = mu + np.exp(0.5 * logvar) * eps
    a = np.tanh(z @ theta["decoder.0.W"] + theta["decoder.0.b"]) @ theta["decoder.1.W"] + theta["decoder.1.b"]
    return (np.sum(softplus(a) - x * a) + 0.5 * np.sum(mu * mu + np.exp(logvar) - 1 - logvar)) / len(x)


def jax_contender(weights, x, eps, images, device):
    import jax
    import jax.numpy as jnp
    import numpy

    def loss_of(theta, x, eps):
        return loss_in(jnp, jax.nn.softplus, theta, x, eps)

    def update(state, x, eps):
        theta, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(theta, x, eps)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        theta = jax.tree.map(lambda p, m, v: p - LEARNING_RATE * (m / (1 - 0.9 ** t))
                             / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8), theta, m, v)
        return (theta, m, v, t), loss

    update = jax.jit(update, donate_argnums=0)
    theta = {name: jnp.asarray(value) for name, value in weights.items()}
    zeros = lambda: jax.tree.map(jnp.zeros_like, theta)
    state = [(jax.tree.map(jnp.copy, theta), zeros(), zeros(), jnp.asarray(0.0))]
    batch_size, host_images, x, eps = len(x), images, jnp.asarray(x), jnp.asarray(eps)
    rng = numpy.random.default_rng(0)

    def loss_and_gradients():
        loss, gradients = jax.jit(jax.value_and_grad(loss_of))(theta, x, eps)
        return float(loss), {name: numpy.asarray(value) for name, value in gradients.items()}

    def step():
        state[0], _ = update(state[0], x, eps)

    def epoch():
        order, losses = rng.permutation(len(host_images)), []
        for first in range(0, len(order), batch_size):
            batch = host_images[order[first:first + batch_size]]
            noise = rng.standard_normal((len(batch), eps.shape[1]), dtype="float32")
            state[0], loss = update(state[0], batch, noise)
            losses.append(loss)
        jnp.stack(losses).mean().item()

    return Contender(loss_and_gradients, step, epoch, lambda: jax.block_until_ready(state[0]))


def autograd_contender(weights, x, eps, images, device):
    import autograd
    import autograd.numpy as anp
    import numpy
    from minivae import Adam

    def softplus(a):
        return anp.maximum(a, 0) + anp.log1p(anp.exp(-anp.abs(a)))     # ten times faster than logaddexp(0, a)

    gradient_of = autograd.value_and_grad(lambda theta, x, eps: loss_in(anp, softplus, theta, x, eps))
    theta = {name: value.copy() for name, value in weights.items()}
    optimizers = {name: Adam(value.reshape(-1), lr=LEARNING_RATE) for name, value in theta.items()}
    batch_size, rng = len(x), numpy.random.default_rng(0)

    def train_on(x, eps):
        loss, gradients = gradient_of(theta, x, eps)
        for name, optimizer in optimizers.items():
            optimizer.step(gradients[name].reshape(-1))
        return loss

    def epoch():
        order = rng.permutation(len(images))
        for first in range(0, len(order), batch_size):
            batch = images[order[first:first + batch_size]]
            train_on(batch, rng.standard_normal((len(batch), eps.shape[1]), dtype="float32"))

    return Contender(lambda: gradient_of(theta, x, eps), lambda: train_on(x, eps), epoch)


CONTENDERS = {      # name: (package, function, devices)
    "minivae": ("minivae", minivae_contender, ("cpu", "cuda")),
    "PyTorch eager": ("torch", torch_contender, ("cpu", "cuda")),
    "torch.compile, fused Adam": ("torch", torch_compile_contender, ("cpu", "cuda")),
    "JAX jit": ("jax", jax_contender, ("cpu", "cuda")),
    "HIPS autograd": ("autograd", autograd_contender, ("cpu",)),
}


# One contender, in a process of its own

def measure(name, network, device, folder):
    """Everything about one contender -> a dict of numbers; its gradients are left in the folder."""
    package, make, _ = CONTENDERS[name]
    start = time.perf_counter()
    module = importlib.import_module(package)
    result = {"version": module.__version__, "import_s": time.perf_counter() - start}

    import numpy
    with numpy.load(Path(folder) / f"{network}.npz") as file:
        given = dict(file)
    x, eps = given.pop("x"), given.pop("eps")
    images = numpy.load(Path(folder) / "images.npy")
    contender = make(given, x, eps, images, device)
    loss, gradients = contender.loss_and_gradients()
    numpy.savez(Path(folder) / "gradients.npz", loss=numpy.float64(loss), **gradients)

    for _ in _for_a_while(1, 3):
        contender.step()
        contender.wait()
    times = [_time_step(contender) for _ in _for_a_while(10, 10)]
    result["step_ms"] = statistics.median(times)
    start = time.perf_counter()
    contender.epoch()
    contender.wait()
    result["epoch_s"] = time.perf_counter() - start
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024      # Linux counts in KiB
    if contender.device_bytes:
        result["device_mb"] = contender.device_bytes() / 2 ** 20
    return result


def _for_a_while(seconds, at_least, at_most=300):
    start = time.perf_counter()
    for done in range(at_most):
        if done >= at_least and time.perf_counter() - start > seconds:
            return
        yield


def _time_step(contender):
    """Milliseconds of one step: by the device's own events where it has them, else from start to done."""
    contender.wait()
    if contender.event:
        first = contender.event()
        contender.step()
        last = contender.event()
        contender.wait()
        return contender.milliseconds(first, last)
    start = time.perf_counter()
    contender.step()
    contender.wait()
    return 1e3 * (time.perf_counter() - start)


# All of them, in turn

def prepare(folder, names, data_dir):
    """Write the images, and each network's weights, batch and noise. -> the loss and gradients they should give"""
    import numpy
    from minivae import VAE, datasets
    rng = numpy.random.default_rng(0)
    try:
        images = datasets.load("mnist", data_dir).train
    except ValueError as error:
        print(f"no MNIST ({error}); random pixels take its place: the timings are the same", file=sys.stderr)
        images = rng.random((N_IMAGES, 784), dtype="float32")
    numpy.save(folder / "images.npy", images)
    expected = {}
    for network in names:
        (pixels, hidden, latent), batch = NETWORKS[network]["sizes"], NETWORKS[network]["batch"]
        vae = VAE(pixels, latent, (hidden,), dtype="float64", backend="numpy")
        weights = {name: vae.parameters[name].astype("float32") for name in vae.parameters.names()}
        for name, value in weights.items():
            vae.parameters[name][...] = value
        x = (rng.random((batch, pixels)) < images[:batch]).astype("float32")
        eps = rng.standard_normal((batch, latent), dtype="float32")
        numpy.savez(folder / f"{network}.npz", x=x, eps=eps, **weights)
        loss = float(vae.loss_and_grad(x, eps).loss)
        expected[network] = {"loss": loss, **{name: vae.gradients[name].copy() for name in weights}}
    return expected


def disagreement(folder, expected):
    """The largest relative difference of a contender's loss or gradients from ours in float64."""
    import numpy
    with numpy.load(folder / "gradients.npz") as got:
        return max(float(numpy.linalg.norm(got[name] - value) / numpy.linalg.norm(value))
                   for name, value in expected.items())


def compare(networks, device, rounds, data_dir, only):
    """-> {network: {contender: [a result per round]}}. Raises SystemExit where a contender computes something else."""
    names = [name for name, (package, _, devices) in CONTENDERS.items() if device in devices and only in name]
    for name in list(names):
        if importlib.util.find_spec(CONTENDERS[name][0]) is None:
            print(f"{name} is left out: {CONTENDERS[name][0]} is not installed here", file=sys.stderr)
            names.remove(name)
    results = {network: {name: [] for name in names} for network in networks}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        expected = prepare(folder, networks, data_dir)
        for network in networks:
            for round_ in range(rounds):
                for name in names:
                    command = [sys.executable, __file__, "--contender", name, "--networks", network,
                               "--device", device, "--folder", str(folder)]
                    child = subprocess.run(command, capture_output=True, text=True)
                    if child.returncode:
                        raise SystemExit(f"{name} failed:\n{child.stderr}")
                    result = json.loads(child.stdout.splitlines()[-1])
                    result["disagreement"] = disagreement(folder, expected[network])
                    if not result["disagreement"] < FLOAT32:
                        raise SystemExit(f"{name} computes something else: {result['disagreement']:.1e} from ours")
                    results[network][name].append(result)
                    print(f"{network}, round {round_ + 1} of {rounds}, {name}: step {result['step_ms']:.2f} ms, "
                          f"epoch {result['epoch_s']:.1f} s", file=sys.stderr, flush=True)
    return results


def table(results):
    """Markdown: medians over the rounds, the spread of the steps, and how many times as long as minivae."""
    middle = lambda rows, key: statistics.median(row[key] for row in rows)
    lines = ["| | ms a step (rounds) | x minivae | s an epoch | x minivae | s to import | MB |", "|" + " --- |" * 7]
    ours = results.get("minivae")
    for name, rows in results.items():
        times = [row["step_ms"] for row in rows]
        ratios = [f"{middle(rows, key) / middle(ours, key):.2f}" if ours else "" for key in ("step_ms", "epoch_s")]
        memory = middle(rows, "device_mb") if "device_mb" in rows[0] else middle(rows, "memory_mb")
        lines.append(f"| {name} {rows[0]['version']} | {statistics.median(times):.2f} ({min(times):.2f} to "
                     f"{max(times):.2f}) | {ratios[0]} | {middle(rows, 'epoch_s'):.2f} | {ratios[1]} | "
                     f"{middle(rows, 'import_s'):.2f} | {memory:.0f} |")
    return "\n".join(lines)


def machine():
    """What the figures were measured on, in a line."""
    cpu = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
               platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    return f"{time.strftime('%Y-%m-%d')}, {len(os.sched_getaffinity(0))} cores of {cpu}, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--data-dir", metavar="DIR", help="where the MNIST files are")
    parser.add_argument("--only", default="", metavar="TEXT", help="only contenders whose name holds this")
    parser.add_argument("--out", metavar="FILE", help="leave every figure of every round here, as JSON")
    parser.add_argument("--contender", help=argparse.SUPPRESS)      # what a process of its own is told
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        print(json.dumps(measure(args.contender, args.networks[0], args.device, args.folder)))
        return
    results = compare(args.networks, args.device, args.rounds, args.data_dir, args.only)
    print(machine())
    for network, rows in results.items():
        print(f"\n{network}: {NETWORKS[network]}\n\n{table(rows)}")
    if args.out:
        Path(args.out).write_text(json.dumps({"machine": machine(), "device": args.device, "results": results}, indent=1))


if __name__ == "__main__":
    main()
