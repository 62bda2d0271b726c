"""minivae's training step beside that of the frameworks: same model, weights, noise, batch, precision and Adam.

    pip install . torch jax autograd            # in an environment of its own; those you lack are left out
    python tests/benchmarks/versus.py           # both networks on the CPU
    python tests/benchmarks/versus.py --device cuda --out results.json

Each contender (contenders.py) is a process of its own, since two thread pools in one process disturb each other.
First all must give the same loss and gradients, to float32 rounding, from the same weights and noise. Then they
take turns of half a second, many times, so that a machine whose speed drifts is the same for all; meanwhile the
others wait. Measured are a step (loss, gradients, Adam), an epoch of 60,000 images, the import, and the memory that
the process took.

An epoch is measured with all images in one array or tensor, a shuffled index at a time; for PyTorch also as its
users load MNIST: by a DataLoader over torchvision's data set, which makes a PIL image of each image's bytes, and ToTensor a tensor of that,
whenever one is asked for. Here the same is done without torchvision, whose version would have to fit PyTorch's.
"""

import argparse
import importlib
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from contenders import CONTENDERS

NETWORKS = {"paper": {"sizes": (784, 500, 20), "batch": 100}, "large": {"sizes": (784, 2000, 64), "batch": 4096}}
N_IMAGES = 60_000
FLOAT32 = 1e-5      # relative, of a tensor's norm: sums of thousands of terms, each rounded to 6e-8
TURN = 0.5          # seconds
EPOCHS = 5


# One contender, in a process of its own: it is told on standard input what to do, and answers in JSON.

def answer(name, network, device, folder):
    """Get ready, write the gradients into the folder, then measure whatever is asked for until the input ends."""
    package, make, _ = CONTENDERS[name]
    with numpy.load(folder / f"{network}.npz") as file:
        given = dict(file)
    contender = make(given, given.pop("x"), given.pop("eps"), numpy.load(folder / "images.npy"), device)
    loss, gradients = contender.loss_and_gradients()
    numpy.savez(folder / f"{name} gradients.npz", loss=numpy.float64(loss), **gradients)
    steps(contender)        # unmeasured: compilation, caches, the allocator
    print(json.dumps({"version": getattr(importlib.import_module(package), "__version__", "")}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"step_ms": steps, "epoch_s": epoch, "pil_epoch_s": pil_epoch,
                          "memory_mb": memory}[line.strip()](contender)), flush=True)


def steps(contender):
    """Median milliseconds of the steps of a turn: by the device's own events where it has them."""
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


def _seconds(contender, function):
    start = time.perf_counter()
    function()
    contender.wait()
    return time.perf_counter() - start


def memory(contender):
    """Megabytes: on the device where there is one, else the most that the process ever took.

    Linux only. Not ru_maxrss of the resource module, which a process inherits from the one that started it.
    """
    if contender.device_bytes:
        return contender.device_bytes() / 2 ** 20
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


# All of them, in turn

def prepare(folder, network, images, rng):
    """Write a network's weights, batch and noise. -> the loss and gradients that all should give: ours in float64"""
    from minivae import VAE
    (pixels, hidden, latent), batch = NETWORKS[network]["sizes"], NETWORKS[network]["batch"]
    vae = VAE(pixels, latent, (hidden,), dtype="float64", backend="numpy")
    weights = {name: vae.parameters[name].astype("float32") for name in vae.parameters.names()}
    for name, value in weights.items():
        vae.parameters[name][...] = value
    x = (rng.random((batch, pixels)) < images[:batch]).astype("float32")
    eps = rng.standard_normal((batch, latent), dtype="float32")
    numpy.savez(folder / f"{network}.npz", x=x, eps=eps, **weights)
    loss = float(vae.loss_and_grad(x, eps).loss)
    return {"loss": loss, **{name: vae.gradients[name] for name in weights}}


def load_images(data_dir):
    """(60000, 784) float32 in [0, 1]: MNIST where a folder is given, else random pixels, which take as long."""
    from minivae import datasets
    if data_dir:
        return datasets.load("mnist", data_dir).train
    return numpy.random.default_rng(0).random((N_IMAGES, 784), dtype="float32")


def start(name, network, device, folder, expected):
    """Start a contender and check what it computes. -> its process and its first results, or None and why not"""
    command = [sys.executable, __file__, "--contender", name, "--networks", network, "--device", device,
               "--folder", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready = process.stdout.readline()
    if not ready:
        return None, f"{name} failed, see above"
    off = disagreement(folder, name, expected)
    if not off < FLOAT32:
        process.kill()
        return None, f"{name} computes something else: relative difference {off:.1e}, allowed {FLOAT32:.0e}"
    print(f"{network}: {name} is ready, its loss and gradients differ by {off:.1e}", file=sys.stderr, flush=True)
    return process, {**json.loads(ready), "disagreement": off, "import_s": import_seconds(CONTENDERS[name][0])}


def disagreement(folder, name, expected):
    """The largest relative difference of a contender's loss and gradients from what is expected; NaN if one is."""
    with numpy.load(folder / f"{name} gradients.npz") as got:
        return float(numpy.max([numpy.linalg.norm(got[key] - value) / numpy.linalg.norm(value)
                                for key, value in expected.items()]))


def import_seconds(package):
    """What a script waits at its first line, NumPy's import included."""
    code = f"import time; start = time.perf_counter(); import {package}; print(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def ask(process, what):
    process.stdin.write(what + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def compare(network, names, device, rounds, folder, expected, save):
    """-> {contender: {"step_ms": [a median per turn], "epoch_s": [...], "memory_mb": [...], ...}}

    Of the epochs the first doesn't count: its smaller last batch may be compiled anew.
    """
    processes, results = {}, {}
    for name in names:
        process, first = start(name, network, device, folder, expected)
        if process:
            processes[name], results[name] = process, first
        elif name == "minivae":
            sys.exit(first)
        else:
            print(f"{first}; it is left out", file=sys.stderr)
    for what, times in (("step_ms", rounds), ("epoch_s", 1 + EPOCHS), ("memory_mb", 1), ("pil_epoch_s", 1)):
        for round_ in range(times):
            for name, process in processes.items():
                time.sleep(0.2)     # until the threads of the one before have gone to sleep
                results[name].setdefault(what, []).append(ask(process, what))
            latest = ", ".join(f"{rows[what][-1] or 0:.2f}" for rows in results.values())
            print(f"{network}: {what}, round {round_ + 1} of {times}: {latest}", file=sys.stderr, flush=True)
        save(results)
    for rows in results.values():
        del rows["epoch_s"][0]
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return results


def table(results):
    """Markdown: medians, the middle half of the turns, and the median over the rounds of the time over minivae's."""
    lines = ["| | ms a step (half of the turns) | x minivae | s an epoch | x minivae | loaded by PIL | import, s | MB |",
             "|" + " --- |" * 8]
    ours = next(iter(results.values()))
    for name, own in results.items():
        low, middle, high = statistics.quantiles(own["step_ms"], n=4)
        ratios = [statistics.median(a / b for a, b in zip(own[what], ours[what]))
                  for what in ("step_ms", "epoch_s")]
        by_pil = f"{own['pil_epoch_s'][0]:.1f}" if own["pil_epoch_s"][0] else ""
        lines.append(f"| {name} {own['version']} | {middle:.2f} ({low:.2f} to {high:.2f}) | {ratios[0]:.2f} | "
                     f"{statistics.median(own['epoch_s']):.2f} | {ratios[1]:.2f} | {by_pil} | {own['import_s']:.2f} | "
                     f"{own['memory_mb'][0]:.0f} |")
    return "\n".join(lines)


def machine():
    """What the figures were measured on, in a line."""
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
    parser.add_argument("--data-dir", metavar="DIR", help="where the MNIST files are (default: random pixels)")
    parser.add_argument("--out", metavar="FILE", help="leave every figure here, as JSON")
    parser.add_argument("--contender", help=argparse.SUPPRESS)      # what a process of its own is told
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rounds < 2:
        parser.error(f"--rounds {args.rounds} has no spread; at least 2 are needed")
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

            table_of = compare(network, names, args.device, args.rounds, folder, expected, save)
            print(f"\n{network}: {NETWORKS[network]}\n\n{table(table_of)}", flush=True)


if __name__ == "__main__":
    main()
