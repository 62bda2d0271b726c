"""`explore`: the page computes what Python does, and answers to the mouse and the keys, in a real browser."""

import json
from argparse import Namespace

import numpy
import pytest

from minivae import VAE, Autoencoder, datasets
from minivae.app.explorer import write
from minivae.likelihoods import Bernoulli, Categorical, Gaussian

from browser import CHROMIUM, Browser

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


def small(make, x, rng, name="small"):
    """An untrained model with random parameters, and images, as a run of write.page."""
    model = make(Z=3, D=x.shape[1])
    for parameter in map(model.parameters.__getitem__, model.parameters.names()):
        parameter[...] += 0.3 * rng.standard_normal(parameter.shape)
    return {"name": name, "text": "untrained", "epoch": 0, "model": model, "images": x, "film": None}


def vae(likelihood, **options):
    return lambda Z, D: VAE(D, Z, hidden=(9, 7), likelihood=likelihood, backend="numpy", **options)


def autoencoder(error, **options):
    return lambda Z, D: Autoencoder(D, Z, hidden=(9, 7), error=error, backend="numpy", **options)


KINDS = {
    "bernoulli": vae("bernoulli"),
    "bernoulli, full": vae("bernoulli", posterior="full"),
    "bernoulli, relu, float64": vae("bernoulli", activation="relu", dtype="float64"),
    "gaussian, fixed": vae(Gaussian(0.3)),
    "gaussian, shared": vae(Gaussian("shared", 0.01), posterior="full"),
    "gaussian, per-pixel": vae(Gaussian("per-pixel", 0.02), activation="relu"),
    "categorical": vae(Categorical(5)),
    "squared error": autoencoder("squared-error"),
    "cross-entropy": autoencoder("cross-entropy", activation="relu"),
}


def expected(model, x, eps):
    """The numbers of #check, as Python computes them, for one image and its noise."""
    mean = model.represent(x)
    if isinstance(model, Autoencoder):
        a = numpy.array(model.decode(mean))
        loss = ((x - a) ** 2).sum() if "squared" in type(model.error).__name__.lower() else None
        return mean, a, loss
    h = model.posterior_parameters(x)
    z = model.posterior.sample(h, eps)
    return mean, z, model.decode(z), model.likelihood.log_prob(x, model.likelihood_parameters(z)), model.posterior.kl(h)


@needs_chromium
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_computes_what_python_does(kind, browser, rng, tmp_path):
    x = rng.integers(0, 5, (4, 20)).astype("float32") if kind == "categorical" else datasets.binarize(
        rng.random((4, 20)).astype("float32"), rng)
    if kind.startswith("gaussian") or "error" in kind:
        x = numpy.rint(255 * rng.random((4, 20))).astype("float32") / 255
    run = small(KINDS[kind], x, rng)
    page = tmp_path / "page.html"
    page.write_text(write.page([run], None, (4, 5), "noise"), "utf-8")
    browser.open(page.as_uri() + "#check")
    numbers, = json.loads(browser.run("document.getElementById('check').textContent"))
    print(numbers)
