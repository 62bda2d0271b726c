"""Compare minivae's training speed with other frameworks: same model, weights, noise, batch, precision and Adam.

    pip install . torch jax autograd            # in a new environment; missing ones are left out
    python tests/benchmarks/versus.py           # both networks on the CPU
    python tests/benchmarks/versus.py --device cuda --out results.json

Each contender (contenders.py) runs in its own process, because two thread pools in one process disturb each other.
First, all must compute the same loss and gradients from the same weights and noise, up to float32 rounding. Then
they take many turns of half a second, while the others wait, so that changes in the machine's speed affect all.
The script measures a step (loss, gradients, Adam), an epoch of 60,000 images, log p(x) of 40 images with 1000
samples each, which must agree to 1e-4 nats for the same noise, the import, and the memory used.

In an epoch, all images are in one array or tensor, and each batch is selected by shuffled indices. On the CPU,
PyTorch is also measured as its users load MNIST, with a DataLoader over torchvision's data set: each image
becomes a PIL image when it is needed, and ToTensor makes a tensor of that. The code here does the same without
torchvision, whose version would have to match PyTorch's.
"""

import argparse
import functools
import importlib
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from contenders import CONTENDERS, Given, K

NETWORKS = {"paper": {"sizes": (784, 500, 20), "batch": 100}, "large": {"sizes": (784, 2000, 64), "batch": 4096}}
N_IMAGES = 60_000
FLOAT32 = 1e-5      # allowed error, relative to a tensor's norm: sums of thousands of terms, each rounded to 6e-8
NATS = 1e-4         # allowed difference between two estimates of the mean log p(x)
TURN = 0.5          # seconds
EVALUATED = 40      # images
EPOCHS = 5


# One contender, in its own process: it reads commands from standard input, and answers in JSON.

def answer(name, network, device, folder):
    """Prepare, write the gradients to the folder, then measure what each line of the input names."""
    package, make, _ = CONTENDERS[name]
    with numpy.load(folder / f"{network}.npz") as file:
        given = dict(file)
    noise = given.pop("noise")
    contender = make(given, given.pop("x"), given.pop("eps"), numpy.load(folder / "images.npy"), device)
    loss, gradients = contender.loss_and_gradients()
    if contender.log_likelihood:
        x = numpy.load(folder / "images.npy")[:10 * len(noise)]
        gradients["log p(x)"] = contender.log_likelihood(x, noise)
    numpy.savez(folder / f"{name} gradients.npz", loss=numpy.float64(loss), **gradients)
    steps(contender)        # not measured: compilation, caches, the allocator
    print(json.dumps({"version": getattr(importlib.import_module(package), "__version__", "")}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"step_ms": steps, "epoch_s": epoch, "pil_epoch_s": pil_epoch, "memory_mb": memory,
                          "image_ms": image}[line.strip()](contender)), flush=True)


def steps(contender):
    """Median milliseconds of the steps in one turn, measured with the device's events if it has any."""
    times, end = [], time.perf_counter() + TURN
    while time.perf_counter() < end or len(times) < 3:
        contender.wait()
        start = time.perf_counter()
        first = contender.event and contender.event()
        contender.step()
        last = contender.event and contender.event()
        contender.wait()
        times.append(contender.milliseconds(first, last) if first else 1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def epoch(contender):
    return _seconds(contender, contender.epoch)


def pil_epoch(contender):
    return contender.pil_epoch and _seconds(contender, contender.pil_epoch)


def image(contender):
    """Milliseconds per image to estimate log p(x)."""
    x = numpy.random.default_rng(0).random((EVALUATED, 784), dtype="float32")
    return contender.log_likelihood and (
        1e3 / EVALUATED * _seconds(contender, lambda: contender.log_likelihood(x, None)))


def _seconds(contender, function):
    start = time.perf_counter()
    function()
    contender.wait()
    return time.perf_counter() - start


def memory(contender):
    """Megabytes used on the GPU; without a GPU, the largest memory of the process so far.

    Linux only. ru_maxrss of the resource module would not do: a process inherits it from its parent.
    """
    if contender.device_bytes:
        return contender.device_bytes() / 2 ** 20
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


# All contenders, in turn

def prepare(folder, network, images, rng):
    """Write a network's weights, batch and noise. -> the expected loss and gradients: minivae's in float64"""
    from minivae import VAE, evaluation
    (pixels, hidden, latent), batch = NETWORKS[network]["sizes"], NETWORKS[network]["batch"]
    vae = VAE(pixels, latent, (hidden,), dtype="float64", backend="numpy")
    weights = {name: vae.parameters[name].astype("float32") for name in vae.parameters.names()}
    for name, value in weights.items():
        vae.parameters[name][...] = value
    x = (rng.random((batch, pixels)) < images[:batch]).astype("float32")
    eps = rng.standard_normal((batch, latent), dtype="float32")
    noise = rng.standard_normal((2, K, 10, latent), dtype="float32")       # for 10 images at a time
    numpy.savez(folder / f"{network}.npz", x=x, eps=eps, noise=noise, **weights)
    loss = float(vae.loss_and_grad(x, eps).loss)
    log_px = evaluation.log_likelihood(vae, images[:20], Given(noise), K)
    return {"loss": loss, **{name: vae.gradients[name] for name in weights}, "log p(x)": log_px}


def load_images(data_dir):
    """(60000, 784) float32 in [0, 1]: MNIST if a folder is given, else random pixels, which take as long."""
    from minivae import datasets
    if data_dir:
        return datasets.load("mnist", data_dir).train
    return numpy.random.default_rng(0).random((N_IMAGES, 784), dtype="float32")


def start(name, network, device, folder):
    """Start a contender. -> its process, which compiles and computes its gradients"""
    command = [sys.executable, __file__, "--contender", name, "--networks", network, "--device", device,
               "--folder", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def check(name, process, network, folder, expected):
    """Wait until a contender is ready, and compare its gradients. -> its process and first results, or None and why"""
    ready = process.stdout.readline()
    if not ready:
        return None, f"{name} failed (see its error above)"
    off = disagreement(folder, name, expected)
    if not off < FLOAT32:
        process.kill()
        return None, f"{name} computes something different: relative difference {off:.1e}, allowed {FLOAT32:.0e}"
    print(f"{network}: {name} is ready, its loss and gradients differ by {off:.1e}", file=sys.stderr, flush=True)
    return process, {**json.loads(ready), "disagreement": off, "import_s": import_seconds(CONTENDERS[name][0])}


def disagreement(folder, name, expected):
    """The largest relative difference of the loss and gradients from the expected ones; NaN if any is NaN.

    Infinite if the mean of log p(x) differs by more than NATS: of one image, float32 rounds -560 to 6e-5.
    """
    with numpy.load(folder / f"{name} gradients.npz") as got:
        if "log p(x)" in got and not abs(got["log p(x)"].mean() - expected["log p(x)"].mean()) < NATS:
            print(f"{name}: mean log p(x) is {got['log p(x)'].mean()}, not {expected['log p(x)'].mean()}", file=sys.stderr)
            return math.inf
        return float(numpy.max([numpy.linalg.norm(got[key] - value) / numpy.linalg.norm(value)
                                for key, value in expected.items() if key in got]))


@functools.cache
def import_seconds(package):
    """Seconds to import the package, including its import of NumPy."""
    code = f"import time; start = time.perf_counter(); import {package}; print(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def ask(process, what):
    process.stdin.write(what + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def compare(network, names, device, rounds, epochs, folder, expected, save):
    """-> {contender: {"step_ms": [a median per turn], "epoch_s": [...], "memory_mb": [...], ...}}

    The first epoch and the first evaluation don't count: new sizes may need another compilation.
    """
    processes, results = {}, {}
    for name in names:
        import_seconds(CONTENDERS[name][0])         # alone; compilation can be done side by side
    for name, process in [(name, start(name, network, device, folder)) for name in names]:
        process, first = check(name, process, network, folder, expected)
        if process:
            processes[name], results[name] = process, first
        elif name == "minivae":
            sys.exit(first)
        else:
            print(f"{first}; it is left out", file=sys.stderr)
    for what, times in (("step_ms", rounds), ("image_ms", 1 + rounds), ("epoch_s", 1 + epochs), ("memory_mb", 1),
                        ("pil_epoch_s", 1)):
        for round_ in range(times):
            for name, process in processes.items():
                time.sleep(0.2)     # until the threads of the previous contender are idle
                results[name].setdefault(what, []).append(ask(process, what))
            latest = ", ".join(f"{rows[what][-1] or 0:.2f}" for rows in results.values())
            print(f"{network}: {what}, round {round_ + 1} of {times}: {latest}", file=sys.stderr, flush=True)
        save(results)
    for rows in results.values():
        del rows["epoch_s"][0], rows["image_ms"][0]
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return results


def table(results):
    """In Markdown: medians, the middle half of the turns, and "x minivae", the median ratio to minivae's times."""
    lines = ["| | ms per step (middle half) | x minivae | s per epoch | x minivae | ms per image for log p(x) | "
             "x minivae | s with PIL | import, s | MB |", "|" + " --- |" * 10]
    ours = next(iter(results.values()))
    for name, own in results.items():
        low, middle, high = statistics.quantiles(own["step_ms"], n=4)
        ratios = [statistics.median(a / b for a, b in zip(own[what], ours[what])) if own[what][0] else math.nan
                  for what in ("step_ms", "epoch_s", "image_ms")]
        image = f"{statistics.median(own['image_ms']):.2f} | {ratios[2]:.2f}" if own["image_ms"][0] else " | "
        by_pil = f"{own['pil_epoch_s'][0]:.1f}" if own["pil_epoch_s"][0] else ""
        lines.append(f"| {name} {own['version']} | {middle:.2f} ({low:.2f} to {high:.2f}) | {ratios[0]:.2f} | "
                     f"{statistics.median(own['epoch_s']):.2f} | {ratios[1]:.2f} | {image} | {by_pil} | {own['import_s']:.2f} | "
                     f"{own['memory_mb'][0]:.0f} |")
    return "\n".join(lines)


def machine():
    """The date, processor and Python version, in one line."""
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {cpu}, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="turns of each contender (default: 30)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help="epochs of each (default: 5)")
    parser.add_argument("--data-dir", metavar="DIR", help="where the MNIST files are (default: random pixels)")
    parser.add_argument("--out", metavar="FILE", help="write all results to this file, as JSON")
    parser.add_argument("--contender", help=argparse.SUPPRESS)      # for the processes that this script starts
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rounds < 2:
        parser.error(f"--rounds is {args.rounds}, but at least 2 are needed to show the spread")
    if args.contender:
        answer(args.contender, args.networks[0], args.device, args.folder)
        return
    names = []
    for name, (package, _, devices) in CONTENDERS.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name} is left out: {package} is not installed here", file=sys.stderr)
        elif args.device in devices:
            names.append(name)
    results, rng = {"machine": machine(), "device": args.device}, numpy.random.default_rng(0)
    print(results["machine"])
    with tempfile.TemporaryDirectory() as folder:
        folder, images = Path(folder), load_images(args.data_dir)
        numpy.save(folder / "images.npy", images)
        for network in args.networks:
            expected = prepare(folder, network, images, rng)

            def save(so_far):
                results[network] = so_far
                if args.out:
                    Path(args.out).write_text(json.dumps(results, indent=1))

            table_of = compare(network, names, args.device, args.rounds, args.epochs, folder, expected, save)
            print(f"\n{network}: {NETWORKS[network]}\n\n{table(table_of)}", flush=True)


if __name__ == "__main__":
    main()
