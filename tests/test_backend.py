import sys
import types

import numpy
import pytest

import strict_cupy
from minivae import VAE, Adam, backend, datasets, evaluation, gradcheck, plots, runs, training
from minivae.selfcheck import library_reports


def test_get_xp_knows_numpy_arrays_scalars_and_subclasses():
    class Mine(numpy.ndarray):
        pass
    assert backend.get_xp(numpy.ones(2), numpy.float32(1), numpy.ones(2).view(Mine)) is numpy


def test_get_xp_knows_cupy_arrays_and_names_both_in_a_mixture(cupy_stand_in):
    device = cupy_stand_in.ones(2)
    assert backend.get_xp(device, device) is cupy_stand_in
    with pytest.raises(TypeError, match="NumPy and CuPy.*mixed"):
        backend.get_xp(device, numpy.ones(2))


def test_get_xp_refuses_what_is_no_array():
    with pytest.raises(TypeError, match=r"not list: \[1, 2\]"):
        backend.get_xp([1, 2])


def test_array_module_by_name(cupy_stand_in):
    assert backend.array_module("numpy") is numpy
    assert backend.array_module("cupy") is cupy_stand_in
    assert backend.array_module("auto") is cupy_stand_in
    with pytest.raises(ValueError, match="unknown backend 'torch'"):
        backend.array_module("torch")


def cupy_that_fails(message):
    def ones(*args, **kwargs):
        raise RuntimeError(message)
    return types.SimpleNamespace(ones=ones)


@pytest.mark.parametrize("module, reason", [
    (None, "can't be imported.*pip install"),
    (cupy_that_fails("cudaErrorInsufficientDriver: CUDA driver version is insufficient"), "no NVIDIA driver"),
    (cupy_that_fails("cudaErrorNoDevice: no CUDA-capable device is detected"), "no GPU is visible"),
    (cupy_that_fails("out of cheese"), "RuntimeError: out of cheese"),
    (types.SimpleNamespace(ones=lambda *a, **k: numpy.full((2, 2), 3.0)), "wrong matrix product"),
])
def test_cupy_that_does_not_work_is_refused_with_the_reason_and_auto_falls_back(monkeypatch, module, reason):
    monkeypatch.setitem(sys.modules, "cupy", module)
    assert backend.array_module("auto") is numpy
    with pytest.raises(backend.BackendUnavailable, match=reason) as caught:
        backend.array_module("cupy")
    assert "numpy" in str(caught.value), "no remedy"


def test_to_numpy_and_synchronize(cupy_stand_in):
    a = numpy.arange(3.0)
    assert backend.to_numpy(a) is a
    assert backend.to_numpy(cupy_stand_in.asarray(a)).tolist() == [0, 1, 2]
    backend.synchronize(numpy)
    backend.synchronize(cupy_stand_in)


# The stand-in has to be strict, or what follows proves nothing.

def test_the_stand_in_refuses_what_would_leak(cupy_stand_in):
    device = cupy_stand_in.ones(3)
    for leak in (lambda: device + numpy.ones(3), lambda: numpy.ones(3) * device, lambda: numpy.exp(device),
                 lambda: numpy.concatenate([device, device]), lambda: numpy.asarray(device),
                 lambda: cupy_stand_in.exp(numpy.ones(3)), lambda: device.__setitem__(slice(1), numpy.ones(1)),
                 lambda: device.__setitem__(device > 0, 0.0), lambda: device[numpy.array([0, 1])]):
        with pytest.raises(TypeError):
            leak()
    for name in ("errstate", "concat", "vecdot", "matrix_transpose", "trapezoid"):
        with pytest.raises(AttributeError, match="CuPy 13 has no"):
            getattr(cupy_stand_in, name)


def test_a_whole_training_run_on_the_stand_in_equals_numpy(cupy_stand_in):
    images = datasets.digits().train[:60]
    parameters = {}
    for name in ("numpy", "cupy"):
        vae = VAE(64, 3, hidden=(8,), dtype="float64", backend=name)
        optimizer = Adam(vae.parameters.flat)
        rng = numpy.random.default_rng(0)
        data = backend.array_module(name).asarray(images)
        reports = list(training.train(vae, data, optimizer, 2, 25, rng, transform=datasets.binarize))
        parameters[name] = backend.to_numpy(vae.parameters.flat)
        for result in (evaluation.elbo(vae, images, rng).elbo, evaluation.active_units(vae, images).variances,
                       evaluation.log_likelihood(vae, images[:5], rng, n_samples=7, rows=20)):
            assert type(result) is numpy.ndarray
    assert type(vae.parameters.flat) is strict_cupy.ndarray and len(reports) == 2
    numpy.testing.assert_array_equal(parameters["numpy"], parameters["cupy"])


@pytest.mark.parametrize("options", [
    {"model": "autoencoder"}, {"model": "autoencoder", "error": "cross-entropy"}, {"posterior": "full"},
    {"likelihood": "gaussian", "update": "alternate"}, {"likelihood": "gaussian", "variance": "per-pixel"},
    {"likelihood": "categorical", "levels": 4},
])
def test_every_model_trains_evaluates_and_is_saved_on_the_stand_in(cupy_stand_in, tmp_path, options):
    results = {}
    for name in ("numpy", "cupy"):
        config = runs.complete({**runs.DEFAULTS, "hidden": [6], "dtype": "float64", **options, "backend": name})
        images = runs.build_images(config)
        model = runs.build_model(config, 64)
        optimizer, rng = runs.build_optimizer(config, model), numpy.random.default_rng(0)
        data, transform = runs.training_data(config, images, model)
        list(training.train(model, data[:40], optimizer, 2, 20, rng, transform=transform))
        training.save_checkpoint(tmp_path / "c.npz", model, optimizer, 2, rng)
        training.load_checkpoint(tmp_path / "c.npz", model, optimizer, rng)
        if "model" in options:
            results[name] = evaluation.autoencoder_loss(model, images.test[:9])
        else:
            model.sample(3, rng)
            results[name] = evaluation.amortization_gap(model, images.test[:3], rng, steps=3, final_samples=10)
        plots.reconstructions(model, images.test[:5], images.shape)
        plots.latent_plane(model, images.shape, side=3)
        plots.codes(model, images.test[:5])
    numpy.testing.assert_array_equal(results["numpy"], results["cupy"])


def test_every_option_of_the_step_runs_on_the_stand_in(cupy_stand_in, monkeypatch):
    # Forward and backward, and the shapes and types of what comes back. Differences, thousands of evaluations, are
    # taken in test_gradcheck.py with NumPy.
    monkeypatch.setattr(gradcheck, "_compare_elements", lambda check, *_: None)
    reports = list(library_reports(cupy_stand_in))
    assert len(reports) > 20 and all(report.ok for report in reports)


def test_nothing_is_fetched_from_the_device_within_an_epoch(cupy_stand_in):
    vae = VAE(64, 2, hidden=(8,), backend="cupy")
    data = cupy_stand_in.asarray(datasets.digits().train[:200])
    counts = []
    for steps in (4, 40):
        before = strict_cupy.copies_to_host
        list(training.train(vae, data, Adam(vae.parameters.flat), 1, 200 // steps, numpy.random.default_rng(0)))
        counts.append(strict_cupy.copies_to_host - before)
    assert counts == [2, 2]     # all losses at once, and whether the parameters are finite
