"""The short calls: what is tried first in Python."""

import ast
import copy
import inspect
import io
import json
import pickle
import pydoc
import subprocess
import sys

import numpy
import pytest

import minivae
from minivae import VAE, Adam, Autoencoder, Bernoulli, Categorical, FullGaussian, Gaussian, datasets, evaluation, training, vae
from minivae.errors import Diverged, InputError
from minivae.quick import fitting, model_file
from minivae.system.arrays import npz_bytes

X = datasets.threshold(datasets.digits().train[:60])


class Mine(Bernoulli):
    """A likelihood that is not minivae's."""


MODELS = {
    "vae": lambda: VAE(64, 2, (9, 5), backend="numpy", seed=1),
    "no hidden layer": lambda: VAE(64, 3, (), backend="numpy", seed=1),
    "relu, float64": lambda: VAE(64, 2, 9, activation="relu", dtype="float64", backend="numpy"),
    "full": lambda: VAE(64, 3, (9,), posterior="full", backend="numpy"),
    "fixed variance": lambda: VAE(64, 2, (9,), Gaussian(0.1), backend="numpy"),
    "shared variance": lambda: VAE(64, 2, (9,), Gaussian("shared", floor=0.25), backend="numpy"),
    "variance per pixel": lambda: VAE(64, 2, (9,), Gaussian("per-pixel"), backend="numpy"),
    "categorical": lambda: VAE(64, 2, (9,), Categorical(3), backend="numpy"),
    "autoencoder": lambda: Autoencoder(64, 2, (9,), backend="numpy"),
    "autoencoder, cross-entropy": lambda: Autoencoder(64, 2, (9,), "cross-entropy", backend="numpy"),
}


def trained(kind="vae"):
    model = MODELS[kind]()
    model.fit(X, epochs=1, rng=0, quiet=True)
    return model


# fit

def test_fit_is_a_loop_over_train():
    one, other = MODELS["vae"](), MODELS["vae"]()
    reports = one.fit(X, epochs=2, batch_size=7, lr=0.01, rng=3, quiet=True, beta=0.5, n_samples=2)
    expected = list(training.train(other, X, Adam(other.parameters.flat, lr=0.01), 2, 7, 3, beta=0.5, n_samples=2))
    assert numpy.array_equal(one.parameters.flat, other.parameters.flat)
    assert [report[:4] for report in reports] == [report[:4] for report in expected] and len(reports) == 2


def test_without_a_rng_the_numbers_differ_and_with_one_they_do_not():
    for call in (lambda model, **rng: model.fit(X, 1, quiet=True, **rng)[0].loss, lambda model, **rng: model.sample(5, **rng).tolist(),
                 lambda model, **rng: model.elbo(X, **rng).tolist(), lambda model, **rng: model.log_likelihood(X, n_samples=3, **rng).tolist()):
        assert call(MODELS["vae"]()) != call(MODELS["vae"]())
        assert call(MODELS["vae"](), rng=1) == call(MODELS["vae"](), rng=numpy.random.default_rng(1))


def test_a_fit_is_one_line_at_the_prompt():
    reports = MODELS["vae"]().fit(X, epochs=3, rng=0, quiet=True)
    assert repr(reports) == f"<3 EpochReports, loss {reports[0].loss:.2f} in epoch 1, {reports[2].loss:.2f} in epoch 3, 0s>"
    assert repr(fitting.Reports()) == "[]"


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Notebook(io.StringIO):
    """Like the stdout of Jupyter's kernel."""


Notebook.__module__ = "ipykernel.iostream"


def shown_by_a_fit(monkeypatch, stdout, stderr, epochs, **options):
    monkeypatch.setattr("sys.stdout", stdout())
    monkeypatch.setattr("sys.stderr", stderr())
    reports = MODELS["vae"]().fit(X, epochs=epochs, rng=0, **options)
    return sys.stdout.getvalue(), sys.stderr.getvalue(), reports


def test_a_terminal_shows_a_bar_that_stays(monkeypatch):
    out, err, _ = shown_by_a_fit(monkeypatch, Terminal, Terminal, 2)
    assert out == "" and err.count("\n") == 1 and err.endswith("\n")
    last = err.split("\r")[-1]
    assert "100 %  epoch 2/2  loss " in last and last.startswith("fit [")


@pytest.mark.parametrize("epochs, lines", [(2, [1, 2]), (25, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25])])
def test_a_notebook_shows_a_few_lines(monkeypatch, epochs, lines):
    out, err, reports = shown_by_a_fit(monkeypatch, Notebook, Notebook, epochs)
    assert err == ""
    assert out.splitlines() == [f"epoch {n}/{epochs}  loss {reports[n - 1].loss:.2f}" for n in lines]


@pytest.mark.parametrize("stream, options", [(Terminal, {"quiet": True}), (Notebook, {"quiet": True}), (io.StringIO, {})])
def test_quiet_and_pipes_show_nothing(monkeypatch, stream, options):
    assert shown_by_a_fit(monkeypatch, stream, stream, 1, **options)[:2] == ("", "")


@pytest.mark.parametrize("options, message", [({"epochs": 0}, "epochs is 0"), ({"batch_size": 1.5}, "batch_size is 1.5"), ({"lr": -1}, "lr is -1"),
                                              ({"x": X.tolist()}, "x is a list"), ({"x": X + 1}, "Bernoulli data"), ({"x": X[:, :3]}, "x has shape"),
                                              ({"n_samples": "2"}, "n_samples is '2'"), ({"rng": "a"}, "rng is 'a'"), ({"kl": "mc"}, "unknown kl"),
                                              ({"x": numpy.ma.masked_array(X)}, "x is a MaskedArray")])
def test_a_fit_that_is_impossible_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        MODELS["vae"]().fit(**{"x": X, "rng": 0, "quiet": True, **options})


@pytest.mark.parametrize("kind, option, message", [
    ("VAE", "epoch", r"fit has no option 'epoch' \(did you mean epochs\?\); it has epochs, .*, n_samples, .*, free_bits$"),
    ("Autoencoder", "beta", "fit has no option 'beta'; it has epochs, .*draw_on$")])
def test_an_unknown_option_of_fit_is_refused(kind, option, message):
    model = getattr(minivae, kind)(64, 2, backend="numpy")
    with pytest.raises(InputError, match=message):
        model.fit(datasets.digits().train, **{option: 1})
    assert len(model.fit(datasets.digits().train, epochs=1, quiet=True, n_samples=1, draw_on="host")) == 1


def test_a_fit_that_diverges_says_so():
    with pytest.raises(Diverged, match="smaller learning rate"):
        MODELS["fixed variance"]().fit(X, 50, lr=1e30, rng=0, quiet=True)


# elbo, log_likelihood, interpolate, sample

def test_numbers_are_those_of_evaluation_one_for_each_example():
    model = trained()
    assert numpy.array_equal(model.elbo(X, rng=0), evaluation.elbo(model, X, 0, n_samples=10).elbo)
    assert numpy.array_equal(model.log_likelihood(X, rng=0, n_samples=20), evaluation.log_likelihood(model, X, 0, 20))
    assert model.elbo(X).shape == model.log_likelihood(X, n_samples=2).shape == (60,)


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_the_way_between_two_images_is_a_line_between_their_codes(kind):
    model = trained(kind)
    way = model.interpolate(X[0], X[1], n=5)
    codes = model.represent(X[:2])
    numpy.testing.assert_allclose(way[[0, -1]], model.reconstruct(X[:2]), atol=1e-6)
    numpy.testing.assert_allclose(way[1], model.decode(0.75 * codes[:1] + 0.25 * codes[1:])[0], atol=1e-6)
    assert way.shape == (5, 64) and way.dtype == "float32" and model.interpolate(X[0], X[1]).shape == (9, 64)


@pytest.mark.parametrize("a, b, n, message", [(X[:1], X[1], 3, r"a has shape \(1, 64\)"), (X[0], X[1] + 2, 3, "Bernoulli data"),
                                              (X[0], X[1], 1, "n is 1"), (X[0].tolist(), X[1], 3, "a is a list")])
def test_a_way_that_does_not_exist_is_refused(a, b, n, message):
    with pytest.raises(InputError, match=message):
        MODELS["vae"]().interpolate(a, b, n)


# What a thing is

def test_a_repr_says_what_a_thing_is():
    model = MODELS["shared variance"]()
    assert repr(model) == ("VAE(data_dim=64, latent_dim=2, hidden=(9,), likelihood=Gaussian(variance='shared', floor=0.25), "
                           "posterior=DiagonalGaussian(), activation='tanh', dtype='float32', backend='numpy')")
    assert repr(MODELS["autoencoder, cross-entropy"]()) == ("Autoencoder(data_dim=64, latent_dim=2, hidden=(9,), error='cross-entropy', "
                                                            "activation='tanh', dtype='float32', backend='numpy')")
    assert repr(model.parameters).startswith("Parameters(1,293 numbers, float32: encoder.0.W (64, 9), encoder.0.b (9,), ")
    optimizer = Adam(model.parameters.flat)
    optimizer.step(model.gradients.flat)
    assert repr(optimizer) == "Adam(lr=0.001, t=1, epsilon=1e-08, beta1=0.9, beta2=0.999)"
    assert [repr(thing) for thing in (Categorical(3), FullGaussian(), Mine())] == ["Categorical(n_categories=3)", "FullGaussian()", "Mine()"]


@pytest.mark.parametrize("kind", MODELS)
def test_a_models_repr_makes_the_same_kind_of_model_again(kind):
    model = MODELS[kind]()
    again = eval(repr(model), vars(minivae))
    assert repr(again) == repr(model) and again.parameters.shapes == model.parameters.shapes


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_a_model_of_its_own(duplicate):
    model = trained()
    twin = duplicate(model)
    assert isinstance(twin, vae.VAE) and type(twin) is VAE and numpy.array_equal(twin.parameters.flat, model.parameters.flat)
    before = model.parameters.flat.copy()
    twin.fit(X, 1, rng=0, quiet=True)
    assert numpy.array_equal(model.parameters.flat, before) and not numpy.array_equal(twin.parameters.flat, before)


def test_help_begins_with_an_example_that_runs(monkeypatch, tmp_path):
    text = inspect.getdoc(minivae)
    example = inspect.cleandoc(text.partition("\n\n")[2].partition("\nTo read it")[0])
    assert len(ast.parse(example).body) >= 5
    names = {}
    exec(example, names)
    assert names["new"].shape == (5, 64)
    assert pydoc.render_doc(minivae, renderer=pydoc.plaintext).index("import minivae\n") < 300
    page = pydoc.render_doc(VAE, renderer=pydoc.plaintext)
    for name in ("fit(self, x, epochs=10", "sample(self, n, rng=None)", "load(path, backend='auto', **own)", "data_dim      D, numbers per example"):
        assert name in page


def test_the_rooms_come_when_they_are_used():
    code = ("import sys, minivae\n"
            "late = [f'minivae.{name}' for name in 'datasets evaluation gradcheck inference plots training runs'.split()]\n"
            "assert not {*late, 'matplotlib', 'json', 'zipfile'} & {*sys.modules}, sys.modules\n"
            "assert {'load', 'evaluation', 'VAE', 'vae'} <= {*dir(minivae)}\n"
            "minivae.evaluation.elbo, minivae.training.train, minivae.datasets.digits, minivae.gradcheck.check_backward, minivae.inference.fit\n"
            "assert minivae.load.__name__ == 'load' and 'matplotlib' not in sys.modules\n"
            "minivae.plots.tile\n"
            "assert not hasattr(minivae, 'nothing')\n"
            "from minivae import *\n"
            "VAE, load\n")
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=minivae.__path__[0] + "/..")
    assert child.returncode == 0, child.stderr


# save and load

@pytest.mark.parametrize("kind", MODELS)
def test_a_saved_model_comes_back(kind, tmp_path):
    model = MODELS[kind]()
    model.parameters.flat[...] = numpy.random.default_rng(0).standard_normal(model.parameters.flat.size)
    model.save(tmp_path / "model.npz")
    again = type(model).load(tmp_path / "model.npz")
    assert type(again) is type(model) and repr(again) == repr(model)
    assert numpy.array_equal(again.parameters.flat, model.parameters.flat)
    eps = numpy.random.default_rng(0).standard_normal((60, model.latent_dim))
    assert float(again.loss_and_grad(X, eps).loss) == float(model.loss_and_grad(X, eps).loss)


def test_a_saved_model_loads_on_a_device(tmp_path, device, assert_same):
    model = trained()
    model.save(tmp_path / "model.npz")
    there = VAE.load(tmp_path / "model.npz", backend="cupy")
    assert type(there.parameters.flat) is device.ndarray
    assert_same(model.parameters.flat, minivae.to_numpy(there.parameters.flat))
    there.save(tmp_path / "again.npz")
    assert numpy.array_equal(VAE.load(tmp_path / "again.npz", backend="numpy").parameters.flat, model.parameters.flat)
    assert len(there.fit(X, 1, rng=0, quiet=True)) == 1 and there.interpolate(X[0], X[1]).shape == (9, 64)
    assert there.elbo(X, rng=0).shape == (60,)


def test_a_likelihood_of_your_own_is_given_to_load(tmp_path):
    model = VAE(64, 2, (9,), likelihood=Mine(), backend="numpy")
    model.save(tmp_path / "mine.npz")
    mine = Mine()
    assert VAE.load(tmp_path / "mine.npz", likelihood=mine).likelihood is mine
    for own, message in (({}, "likelihood 'Mine', which is not one of minivae's; give it to load, as in likelihood=Mine()"),
                         ({"likelihood": Mine}, "is the class 'Mine', but an object is needed"),
                         ({"likelihood": mine, "posterior": FullGaussian()}, "needs no posterior of your own"),
                         ({"likelihood": mine, "prior": 1}, "needs no prior of your own")):
        with pytest.raises(InputError) as caught:
            VAE.load(tmp_path / "mine.npz", **own)
        assert message in str(caught.value)
    trained().save(tmp_path / "model.npz")
    with pytest.raises(InputError, match="needs no likelihood of your own"):
        VAE.load(tmp_path / "model.npz", likelihood=mine)


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    model = trained()
    model.save(path)
    before = path.read_bytes()

    def full(arrays):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(model_file, "npz_bytes", full)
        with pytest.raises(InputError, match=r"model.npz' can't be written \(No space left"):
            model.save(path)
    assert path.read_bytes() == before and [found.name for found in tmp_path.iterdir()] == ["model.npz"]
    with pytest.raises(InputError, match="can't be written"):
        model.save(tmp_path / "missing" / "model.npz")
    with pytest.raises(InputError, match="can't be written"):
        model.save(tmp_path)
    with pytest.raises(InputError, match="^'' can't be written"):
        model.save("")
    model.parameters["decoder.0.b"][0] = numpy.nan
    with pytest.raises(InputError, match="decoder.0.b contains NaN.*not saved"):
        model.save(path)
    assert path.read_bytes() == before


def changed(**changes):
    """The content of a model file, with other arrays, or another header: header=function(header)."""
    def write(path):
        with numpy.load(path) as file:
            arrays = dict(file)
        header = json.loads(str(arrays["minivae model"]))
        changes.get("header", lambda header: None)(header)
        arrays["minivae model"] = json.dumps(header)
        changes.get("arrays", lambda arrays: None)(arrays)
        path.write_bytes(npz_bytes(arrays))
    return write


def header(**values):
    return changed(header=lambda header: header.update(values))


def array(name, change):
    return changed(arrays=lambda arrays: arrays.update({name: change(arrays[name])}))


BROKEN = {
    "missing": (lambda path: path.unlink(), "does not exist; check the path"),
    "folder": (lambda path: path.unlink() or path.mkdir(), "is a folder.*use minivae.load"),
    "empty": (lambda path: path.write_bytes(b""), "truncated or corrupted"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "truncated or corrupted"),
    "text": (lambda path: path.write_text("hello"), "truncated or corrupted"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps([1])), "truncated or corrupted"),
    "objects": (lambda path: path.write_bytes(npz_bytes({"a": numpy.array([None])})), "pickled Python objects, which are never loaded"),
    "another npz": (lambda path: path.write_bytes(npz_bytes({"x": X})), "not a model that minivae saved"),
    "checkpoint": (lambda path: path.write_bytes(npz_bytes({"epoch": 1, "rng": "{}"})), "checkpoint of a run.*minivae.load"),
    "no JSON": (array("minivae model", lambda text: "{"), "no valid header"),
    "a list": (array("minivae model", lambda text: "[1]"), "no valid header"),
    "no class": (changed(header=lambda header: header.pop("class")), "no valid header"),
    "no likelihood": (changed(header=lambda header: header.pop("likelihood")), "no valid header"),
    "newer": (header(format=2), "has the format 2, but this minivae reads only 1; update"),
    "another class": (header(**{"class": "Autoencoder"}), "class 'Autoencoder', not VAE"),
    "activation": (header(activation="gelu"), "no possible model.*gelu"),
    "likelihood": (header(likelihood={"class": "Gaussian", "arguments": {"variance": -1}}), "no possible likelihood"),
    "unknown": (header(likelihood={"class": "os.system", "arguments": {}}), "no possible likelihood"),
    "a word": (header(likelihood="bernoulli"), "no possible model"),
    "unfit": (header(likelihood={"class": "Categorical", "arguments": {"n_categories": 10 ** 9}}), "does not fit the last layer of the decoder"),
    "unfit q": (header(posterior={"class": "FullGaussian", "arguments": {}}), "does not fit the last layer of the encoder"),
    "more": (header(seed=3), "no possible seed"),
    "no array": (changed(arrays=lambda arrays: arrays.pop("encoder.0.W")), "no possible model"),
    "one array less": (changed(arrays=lambda arrays: arrays.pop("decoder.0.b")), "corrupted: decoder.0.b is missing"),
    "one more": (changed(arrays=lambda arrays: arrays.update(extra=X)), "corrupted: extra is float32"),
    "a shape": (array("decoder.0.b", lambda b: b[:-1]), r"corrupted: decoder.0.b is float32 \(4,\), but float32 \(5,\) is expected"),
    "a type": (array("decoder.0.b", lambda b: b.astype("float64")), "corrupted: decoder.0.b is float64"),
    "NaN": (array("decoder.0.b", lambda b: b * numpy.nan), "corrupted: decoder.0.b is not finite"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_good_is_refused_in_one_line(kind, tmp_path):
    path, (spoil, message) = tmp_path / "model.npz", BROKEN[kind]
    trained().save(path)
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        VAE.load(path)
    assert "\n" not in str(caught.value) and "model.npz" in str(caught.value) and len(str(caught.value)) < 400


def test_the_class_that_loads_is_the_one_that_saved(tmp_path):
    trained("autoencoder").save(tmp_path / "a.npz")
    with pytest.raises(InputError, match="class 'Autoencoder', not VAE; call load of that class"):
        VAE.load(tmp_path / "a.npz")

    class Own(VAE):
        pass
    Own(64, 2, (5,), backend="numpy").save(tmp_path / "own.npz")
    assert type(Own.load(tmp_path / "own.npz")) is Own
    with pytest.raises(InputError, match="unknown backend 'gpu'") as caught:
        Own.load(tmp_path / "own.npz", backend="gpu")
    assert not str(caught.value).startswith(str(tmp_path)), "not the fault of the file"
