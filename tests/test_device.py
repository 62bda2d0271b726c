"""The same code on the device: on the strict stand-in for CuPy, or on a real GPU with pytest --backend cupy."""

import contextlib

import numpy
import pytest

import strict_cupy
from minivae import VAE, Adam, Gaussian, datasets, evaluation, plots, to_numpy, training
from minivae.app import bench
from minivae.runs import build, checkpoints, configuration
from minivae.backend import array_module
from minivae.checking import check as checker
from minivae.checking.library import library_reports
from minivae.optimizers import OPTIMIZERS

BACKENDS = ("numpy", "cupy")


def shape_and_type(function, tensor, f, x, gradient, *_, **__):
    check = checker.Check(function, tensor, tuple(x.shape), 0.0, 0.0)
    checker._is_an_array_like(gradient, x, check)
    return check


def test_every_gradient_is_right_on_the_device(device, request, monkeypatch):
    if request.config.getoption("--backend") == "stand-in":
        # Forward and backward, and the shapes and types of what comes back. Its numbers are NumPy's, and their
        # differences, thousands of evaluations, are taken in checking/test_library.py.
        monkeypatch.setattr(checker, "check_gradient", shape_and_type)
    reports = list(library_reports(device))
    wrong = [str(report) for report in reports if not report.ok]
    assert len(reports) > 20 and not wrong, "\n".join(wrong)


def test_the_first_hundred_losses_are_those_of_the_cpu(device):
    losses, images = {}, datasets.digits().train
    for backend in BACKENDS:
        vae = VAE(64, 2, hidden=(50,), dtype="float64", backend=backend)
        adam, rng, xp = Adam(vae.parameters.flat), numpy.random.default_rng(0), array_module(backend)
        losses[backend] = []
        for step in range(100):
            x = xp.asarray(datasets.binarize(images[rng.integers(len(images), size=50)], rng))
            losses[backend].append(float(vae.loss_and_grad(x, vae.draw_noise(rng, 50)).loss))
            adam.step(vae.gradients.flat)
    assert losses["cupy"][-1] < losses["cupy"][0] - 5, "it learned nothing"
    numpy.testing.assert_allclose(losses["cupy"], losses["numpy"], rtol=1e-9)


def test_the_elbo_after_an_epoch_in_float32_is_that_of_the_cpu(device):
    bounds, images = {}, datasets.digits()
    for backend in BACKENDS:
        vae, rng = VAE(64, 2, backend=backend), numpy.random.default_rng(0)
        data = array_module(backend).asarray(images.train)
        list(training.train(vae, data, Adam(vae.parameters.flat), 1, 50, rng, transform=datasets.binarize))
        bounds[backend] = evaluation.elbo(vae, images.test, numpy.random.default_rng(1)).elbo.mean()
    assert bounds["cupy"] == pytest.approx(bounds["numpy"], abs=0.1)


def test_a_whole_training_run_equals_numpys(device, assert_same):
    images = datasets.digits().train[:60]
    results = {}
    for backend in BACKENDS:
        vae = VAE(64, 3, hidden=(8,), dtype="float64", backend=backend)
        optimizer = Adam(vae.parameters.flat)
        rng = numpy.random.default_rng(0)
        data = array_module(backend).asarray(images)
        reports = list(training.train(vae, data, optimizer, 2, 25, rng, transform=datasets.binarize))
        measured = [evaluation.elbo(vae, images, rng).elbo, evaluation.active_units(vae, images).variances,
                    evaluation.log_likelihood(vae, images[:5], rng, n_samples=7, rows=20)]
        assert all(type(result) is numpy.ndarray for result in measured)
        results[backend] = numpy.concatenate([to_numpy(vae.parameters.flat), *measured])
    assert type(vae.parameters.flat) is device.ndarray and len(reports) == 2
    assert_same(results["numpy"], results["cupy"])


@pytest.mark.parametrize("options", [
    {"model": "autoencoder"}, {"model": "autoencoder", "error": "cross-entropy"}, {"posterior": "full"},
    {"likelihood": "gaussian", "update": "alternate"}, {"likelihood": "gaussian", "variance": "per-pixel"},
    {"likelihood": "categorical", "levels": 4}, {"free_bits": 0.1, "warm_up": 2},
])
def test_every_model_trains_evaluates_and_is_saved(device, assert_same, tmp_path, monkeypatch, options):
    monkeypatch.setitem(evaluation.OUTPUTS, "cupy", evaluation.OUTPUTS["numpy"])        # the same sums, to the bit
    results = {}
    for backend in BACKENDS:
        config = configuration.complete({**configuration.DEFAULTS, "hidden": [6], "dtype": "float64", **options, "backend": backend})
        images = build.build_images(config)
        model = build.build_model(config, 64)
        optimizer, rng = build.build_optimizer(config, model), numpy.random.default_rng(0)
        data, transform = build.training_data(config, images, model)
        list(training.train(model, data[:40], optimizer, 2, 20, rng, transform=transform, **configuration.loss_options(config)))
        (tmp_path / "c.npz").write_bytes(checkpoints.checkpoint_bytes(model, optimizer, 2, rng))
        checkpoints.load_checkpoint(tmp_path / "c.npz", model, optimizer, rng)
        if "model" in options:
            results[backend] = evaluation.autoencoder_loss(model, images.test[:9])
        else:
            model.sample(3, rng)
            results[backend] = evaluation.amortization_gap(model, images.test[:3], rng, steps=3, final_samples=10)
        plots.reconstructions(model, images.test[:5], images.shape)
        plots.latent_plane(model, images.shape, side=3)
        plots.codes(model, images.test[:5])
    assert_same(results["numpy"], results["cupy"])


def test_the_commands_run_on_the_device(device, run_cli, tmp_path, monkeypatch, capsys):
    """infer, variance: app/test_infer.py."""
    run = tmp_path / "run"
    code, out, _ = run_cli("train", "--out", run, "--epochs", 2, "--hidden", 8, "--backend", "cupy")
    assert code == 0 and "; cupy float32" in out
    assert run_cli("train", "--resume", run, "--epochs", 3)[0] == 0
    assert run_cli("evaluate", run, "--samples", 20, "--images", 9, "--gap", 2)[0] == run_cli("show", run)[0] == 0
    rate = bench.rate_of_a_large_product
    monkeypatch.setattr(bench, "rate_of_a_large_product", lambda xp: rate(xp, n=64))
    bench.report("cupy", networks=[bench.Network(9, 8, 2, 4)], seconds=0.01)
    out = capsys.readouterr().out
    assert out.startswith(f"cupy {device.__version__} on ") and " x the products" in out and "MB at most" in out


def test_nothing_is_fetched_from_the_device_within_an_epoch(cupy_stand_in):
    """Fetching makes the GPU wait. Only the stand-in can count it."""
    vae = VAE(64, 2, hidden=(8,), backend="cupy")
    data = cupy_stand_in.asarray(datasets.digits().train[:200])
    counts = []
    for steps in (4, 40):
        before = strict_cupy.copies_to_host
        list(training.train(vae, data, Adam(vae.parameters.flat), 1, 200 // steps, numpy.random.default_rng(0)))
        counts.append(strict_cupy.copies_to_host - before)
    assert counts == [4, 4]     # before: the range of the data; after: all losses at once, and are the parameters finite?


LAUNCHES = [        # kernels of a forward and a backward pass: with the closed-form KL, and with IWAE
    ({}, 68, 84), ({"posterior": "full"}, 81, 88), ({"likelihood": "gaussian"}, 70, 86),
    ({"hidden": (6, 5), "activation": "relu"}, 82, 98),
]


@pytest.mark.parametrize("options, closed_form, iwae", LAUNCHES)
def test_a_step_starts_no_more_kernels_than_it_did(cupy_stand_in, options, closed_form, iwae):
    """To start one takes longer than the arithmetic of a small network. Only the stand-in can count them."""
    vae = VAE(64, 2, **{"hidden": (6,), **options}, backend="cupy")
    adam, x = Adam(vae.parameters.flat), cupy_stand_in.asarray(datasets.digits().train[:10])
    counts = []
    for bound in ({}, {"kl": "monte-carlo", "bound": "iwae"}):
        eps = vae.draw_noise(numpy.random.default_rng(0), 10)
        before = strict_cupy.launches
        vae.loss_and_grad(x, eps, **bound)
        counts.append(strict_cupy.launches - before)
    before = strict_cupy.launches
    adam.step(vae.gradients.flat)
    counts.append(strict_cupy.launches - before)
    assert 30 < counts[0] <= closed_form and 30 < counts[1] <= iwae and counts[2] == 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values())
def test_numpys_numbers_leave_float32_alone(cupy_stand_in, optimizer):
    """numpy.float64(0.5) times a float32 array is float64; the stand-in refuses NumPy's numbers."""
    half = numpy.float64(0.5)
    vae = VAE(64, 2, hidden=(6,), likelihood=Gaussian(half), backend="cupy")
    step = optimizer(vae.parameters.flat, lr=half)
    step.lr = half
    x, eps = cupy_stand_in.asarray(datasets.digits().train[:10]), vae.draw_noise(numpy.random.default_rng(0), 10)
    for bound in ({}, {"kl": "monte-carlo", "bound": "iwae"}):
        loss = vae.loss_and_grad(x, eps, beta=half, **bound)
        step.step(vae.gradients.flat)
    assert {a.dtype.name for a in (*loss, vae.gradients.flat, vae.parameters.flat)} == {"float32"}
    with pytest.raises(TypeError, match="NumPy's number"):
        half * vae.parameters.flat


def test_noise_is_drawn_on_the_device_if_asked_for(cupy_stand_in, monkeypatch):
    """And then nothing is moved there in an epoch but the order of the examples."""
    vae = VAE(64, 2, hidden=(6,), backend="cupy")
    data, moved = cupy_stand_in.asarray(datasets.digits().train[:200]), []
    asarray = cupy_stand_in.asarray
    monkeypatch.setattr(type(cupy_stand_in), "asarray", staticmethod(
        lambda a, dtype=None: moved.append(a.dtype.kind) or asarray(a, dtype) if isinstance(a, numpy.ndarray) else asarray(a, dtype)))
    for place, kinds in (("host", "ffi"), ("device", "i")):
        moved.clear()
        list(training.train(vae, data, Adam(vae.parameters.flat), 1, 200, 0, transform=datasets.binarize, draw_on=place))
        assert "".join(sorted(moved)) == kinds


def test_log_px_with_a_generator_of_the_device(device):
    vae = VAE(64, 2, hidden=(6,), dtype="float64", backend="cupy")
    x = datasets.digits().test[:12]
    there = evaluation.log_likelihood(vae, x, device.random.default_rng(0), n_samples=2000)
    numpy.testing.assert_allclose(there, evaluation.log_likelihood(vae, x, 0, n_samples=2000), atol=0.5)


def test_a_gpu_is_not_asked_by_several_threads(cupy_stand_in, monkeypatch):
    asked, in_turn = [], evaluation.in_threads
    monkeypatch.setattr(evaluation, "one_blas_thread", lambda: contextlib.nullcontext(3))
    monkeypatch.setattr(evaluation, "in_threads", lambda function, pieces, threads: asked.append(threads) or in_turn(function, pieces, 1))
    for backend in BACKENDS:
        evaluation.log_likelihood(VAE(64, 2, hidden=(6,), backend=backend), datasets.digits().test[:3], 0, 5)
    assert asked == [3, 1]
