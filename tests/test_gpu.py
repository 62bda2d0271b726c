"""On a real GPU. Elsewhere these are skipped, with the reason; the stand-in in test_backend takes their place."""

import numpy
import pytest

from minivae import VAE, Adam, array_module, datasets, evaluation, to_numpy, training
from minivae.selfcheck import library_reports

pytestmark = pytest.mark.gpu


def test_every_gradient_is_right_on_the_gpu():
    wrong = [str(report) for report in library_reports(array_module("cupy")) if not report.ok]
    assert not wrong, "\n".join(wrong)


def test_training_follows_the_cpu():
    losses, bounds = {}, {}
    images = datasets.digits()
    for name in ("numpy", "cupy"):
        vae = VAE(64, 2, hidden=(50,), dtype="float64", backend=name)
        data, rng = array_module(name).asarray(images.train[:500]), numpy.random.default_rng(0)
        losses[name] = [report.loss for report in training.train(vae, data, Adam(vae.parameters.flat), 5, 25, rng,
                                                                 transform=datasets.binarize)]
        bounds[name] = evaluation.elbo(vae, images.test, rng).elbo
        assert type(to_numpy(vae.parameters.flat)) is numpy.ndarray
    numpy.testing.assert_allclose(losses["cupy"], losses["numpy"], rtol=1e-9)
    numpy.testing.assert_allclose(bounds["cupy"], bounds["numpy"], rtol=1e-6)
