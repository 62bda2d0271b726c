"""What is refused at the library's doors, each with one clear line, and what is accepted as what it clearly means."""

import numpy
import pytest

from minivae import (SGD, VAE, Adagrad, Adam, Autoencoder, Bernoulli, Categorical, DiagonalGaussian, FullGaussian,
                     Gaussian, Momentum, RMSprop, array_module, datasets, evaluation, get_xp, gradcheck, training)
from minivae.errors import InputError

X = (numpy.arange(18).reshape(3, 6) % 2).astype("float32")
EPS = numpy.ones((3, 2), "float32")
RNG = numpy.random.default_rng


def vae(**options):
    return VAE(6, 2, **{"hidden": (5,), "backend": "numpy", **options})


def autoencoder(**options):
    return Autoencoder(6, 2, **{"hidden": (5,), "backend": "numpy", **options})


def train(data=X, rng=0, model=None, lr=0.01, **options):
    model = model or vae()
    reports = list(training.train(model, data, SGD(model.parameters.flat, lr=lr),
                                  **{"epochs": 2, "batch_size": 2, "rng": rng, **options}))
    return [report[:4] for report in reports], model.parameters.flat.tolist()


def assert_refused(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250, caught.value


# Arrays

SPOILED = {"list": lambda a: a.tolist(), "None": lambda a: None, "masked": numpy.ma.masked_array, "matrix": numpy.asmatrix,
           "complex": lambda a: a + 1j, "objects": lambda a: numpy.full(a.shape, None), "strings": lambda a: a.astype(str)}
ARRAY_DOORS = {
    "x of loss_and_grad": lambda bad: vae().loss_and_grad(bad(X), EPS), "eps": lambda bad: vae().loss_and_grad(X, bad(EPS)),
    "encode": lambda bad: vae().encode(bad(X)), "reconstruct": lambda bad: vae().reconstruct(bad(X)),
    "decode": lambda bad: vae().decode(bad(EPS)), "its loss": lambda bad: autoencoder().loss_and_grad(bad(X)),
    "its decode": lambda bad: autoencoder().decode(bad(EPS)), "train": lambda bad: train(bad(X)),
    "train with a transform": lambda bad: train(bad(X), transform=lambda x, rng: x),
    "elbo": lambda bad: evaluation.elbo(vae(), bad(X), 0), "gap": lambda bad: evaluation.amortization_gap(vae(), bad(X), 0, 1),
    "log_likelihood": lambda bad: evaluation.log_likelihood(vae(), bad(X), 0, 3),
    "active_units": lambda bad: evaluation.active_units(vae(), bad(X)),
    "autoencoder_loss": lambda bad: evaluation.autoencoder_loss(autoencoder(), bad(X)),
    "Adam": lambda bad: Adam(bad(X[0])), "Bernoulli": lambda bad: Bernoulli().check(bad(X)),
    "Gaussian": lambda bad: Gaussian().check(bad(X)), "Categorical": lambda bad: Categorical(2).check(bad(X)),
    "log_prob": lambda bad: Bernoulli().log_prob(bad(X), X), "sample": lambda bad: DiagonalGaussian().sample(X[:, :4], bad(EPS)),
    "binarize": lambda bad: datasets.binarize(bad(X), RNG(0)), "threshold": lambda bad: datasets.threshold(bad(X)),
    "quantize": lambda bad: datasets.quantize(bad(X), 3), "numerical": lambda bad: gradcheck.numerical_gradient(numpy.sum, bad(X)),
    "check_backward": lambda bad: gradcheck.check_backward("f", numpy.sum, lambda dy, x: {"x": x}, {"x": bad(X)}, 0),
    "check_gradient": lambda bad: gradcheck.check_gradient("f", "x", numpy.sum, bad(X), X),
}


@pytest.mark.parametrize("door", ARRAY_DOORS)
@pytest.mark.parametrize("spoiled", SPOILED)
@pytest.mark.filterwarnings("ignore:the matrix")
def test_what_is_no_plain_array_of_real_numbers_is_refused(door, spoiled):
    what = {"list": "list", "None": "NoneType", "masked": "MaskedArray", "matrix": "matrix"}.get(spoiled, "array of ")
    assert_refused(lambda: ARRAY_DOORS[door](SPOILED[spoiled]), f"is an? {what}")


@pytest.mark.filterwarnings("ignore:the matrix")
@pytest.mark.parametrize("spoiled", ["masked", "matrix"])
def test_get_xp_knows_no_arrays_with_a_product_or_a_mean_of_their_own(spoiled):
    with pytest.raises(TypeError, match="a NumPy or CuPy array is needed, not"):
        get_xp(X, SPOILED[spoiled](X))


@pytest.mark.parametrize("theta, message", [
    (numpy.broadcast_to(numpy.float32(1), 3), "theta can't be changed in place: it is read-only"),
    (numpy.arange(3), "theta can't be changed in place")])
def test_parameters_that_cannot_change_are_refused(theta, message):
    for make in (SGD, Momentum, Adagrad, RMSprop, Adam):
        assert_refused(lambda: make(theta), message)


DATA_DOORS = {
    "elbo": lambda x: evaluation.elbo(vae(), x, 0), "log_likelihood": lambda x: evaluation.log_likelihood(vae(), x, 0, 3),
    "gap": lambda x: evaluation.amortization_gap(vae(), x, 0, 1), "active_units": lambda x: evaluation.active_units(vae(), x),
    "autoencoder_loss": lambda x: evaluation.autoencoder_loss(autoencoder(error="cross-entropy"), x),
    "binarize": lambda x: datasets.binarize(x, RNG(0)), "threshold": datasets.threshold,
    "quantize": lambda x: datasets.quantize(x, 3), "train": lambda x: train(x, transform=datasets.binarize)}


@pytest.mark.parametrize("door", DATA_DOORS)
@pytest.mark.parametrize("bad", [255 * X, X - 0.5, X * numpy.nan, (255 * X).astype("uint8")])
def test_data_out_of_range_are_refused_wherever_they_come_in(door, bad):
    assert_refused(lambda: DATA_DOORS[door](bad), r"must lie in \[0, 1\]")


# Randomness

RNG_DOORS = {
    "train": lambda rng: train(rng=rng), "sample": lambda rng: super(VAE, vae()).sample(3, rng).tolist(),
    "elbo": lambda rng: evaluation.elbo(vae(), X, rng, batch_size=1).elbo.tolist(),
    "log_likelihood": lambda rng: evaluation.log_likelihood(vae(), X, rng, 3, rows=1).tolist(),
    "gap": lambda rng: [part.tolist() for part in evaluation.amortization_gap(vae(), X, rng, 2, final_samples=2)],
    "check_backward": lambda rng: str(gradcheck.check_backward(
        "f", lambda x: x ** 3, lambda dy, x: {"x": 0 * dy}, {"x": X[0].astype(float)}, rng)),
    "gradient_error": lambda rng: gradcheck.gradient_error(lambda x: x ** 3, lambda dy, x: x, X.astype(float), rng),
    "seed": lambda rng: vae(seed=rng).parameters.flat.tolist(), "seed of the autoencoder":
        lambda rng: autoencoder(seed=rng).parameters.flat.tolist()}
BAD_RNGS = [None, -1, 1.0, True, "0", numpy.random.RandomState(0), numpy.random, numpy.random.Generator]


@pytest.mark.parametrize("door", RNG_DOORS)
def test_a_whole_number_is_a_seed(door):
    result = RNG_DOORS[door](7)
    assert result == RNG_DOORS[door](numpy.int64(7)) == RNG_DOORS[door](RNG(7)) != RNG_DOORS[door](8)


def test_a_seed_is_not_sown_again_for_each_batch():
    assert len(set(evaluation.elbo(vae(), X[[0] * 6], 0, batch_size=1).elbo.tolist())) == 6


@pytest.mark.parametrize("door", [*RNG_DOORS, "draw_noise", "binarize"])
@pytest.mark.parametrize("bad", BAD_RNGS, ids=[str(bad)[:12] for bad in BAD_RNGS])
def test_what_is_no_source_of_reproducible_noise_is_refused(door, bad):
    doors = {**RNG_DOORS, "draw_noise": lambda rng: vae().draw_noise(rng, 3), "binarize": lambda rng: datasets.binarize(X, rng)}
    assert_refused(lambda: doors[door](bad), r"(rng|seed) is .*, but .* is needed, like numpy.random.default_rng\(0\)")


@pytest.mark.parametrize("draw", [lambda: vae().draw_noise(0, 3), lambda: datasets.binarize(X, 0)])
def test_a_seed_is_refused_where_it_would_draw_the_same_noise_at_each_step(draw):
    assert_refused(draw, "rng is 0, but a generator is needed")


# Numbers and names

@pytest.mark.parametrize("options, same", [
    ({"hidden": 500}, {"hidden": (500,)}), ({"hidden": numpy.int64(5)}, {"hidden": (5,)}), ({"hidden": [5]}, {}),
    ({"likelihood": "gaussian"}, {"likelihood": Gaussian()}), ({"likelihood": "bernoulli"}, {}), ({"likelihood": None}, {}),
    ({"posterior": "full"}, {"posterior": FullGaussian()}), ({"posterior": "diagonal"}, {}), ({"posterior": None}, {}),
    ({"dtype": numpy.float32}, {}), ({"dtype": numpy.dtype("float64")}, {"dtype": "float64"}),
    ({"dtype": numpy.dtype("float64").newbyteorder()}, {"dtype": "float64"})])
def test_what_is_clearly_meant_is_accepted(options, same):
    one, other = vae(**options), vae(**same)
    assert one.parameters.shapes == other.parameters.shapes and one.parameters.flat.dtype == other.parameters.flat.dtype
    assert one.parameters.flat.dtype.isnative and (one.parameters.flat == other.parameters.flat).all()
    assert type(one.likelihood) is type(other.likelihood) and type(one.posterior) is type(other.posterior)


@pytest.mark.parametrize("call, message", [
    (lambda: vae(likelihood="categorical"), r"likelihood is 'categorical', but bernoulli or gaussian, or an object .not a class. with"),
    (lambda: vae(likelihood=""), "likelihood is ''"), (lambda: vae(likelihood=0), "likelihood is 0"),
    (lambda: vae(posterior=FullGaussian), "posterior is <class"), (lambda: vae(posterior=[]), r"posterior is \[\]"),
    (lambda: vae(dtype=None), "unknown dtype None"), (lambda: vae(dtype=float), "unknown dtype 'float'"),
    (lambda: vae(hidden="5"), "hidden is '5'"), (lambda: vae(hidden=5.0), "hidden is 5.0"), (lambda: vae(hidden=True), "hidden"),
    (lambda: vae(hidden=numpy.zeros((99, 99))), "hidden is array"), (lambda: vae(backend="jax"), "unknown backend 'jax'"),
    (lambda: array_module(X), "unknown backend array"), (lambda: VAE(6, None), "latent_dim is None"),
    (lambda: VAE(None, 2), "data_dim is None"), (lambda: Autoencoder(6, None), "latent_dim is None"),
    (lambda: VAE(6, 2, likelihood=Gaussian("per-pixel"), hidden=2.5), "hidden is 2.5"),
    (lambda: Gaussian(X), "variance is array"), (lambda: Gaussian("shared", floor="0.1"), "floor is '0.1'"),
    (lambda: Categorical(2.0), "n_categories is 2.0"), (lambda: Categorical(True), "n_categories is True"),
    (lambda: vae().loss_and_grad(X, EPS, beta="1"), "beta is '1'"), (lambda: vae().loss_and_grad(X, EPS, beta=None), "beta is None"),
    (lambda: vae().loss_and_grad(X, EPS, beta=numpy.ones(3)), "beta is array"),
    (lambda: vae().loss_and_grad(X, EPS, beta=-10 ** 400), "beta is -1000"), (lambda: train(beta="1"), "beta is '1'"),
    (lambda: SGD(X[0], lr=10 ** 400), r"lr is 10+\.\.\., but a finite number"),
    (lambda: train(numpy.float32(1).reshape(())), r"data has shape \(\), but shape \(any, any\) is needed"),
    (lambda: SGD(X[0], lr=-10 ** 400), r"lr is -10+\.\.\.,"), (lambda: SGD(X[0], lr=numpy.ones(1)), "lr is array"),
    (lambda: setattr(Adam(X[0]), "lr", -1), "lr is -1"), (lambda: vae().sample(2.5, 0), "n_examples is 2.5"),
    (lambda: train(first_epoch=0), "first_epoch is 0"), (lambda: train(first_epoch="1"), "first_epoch is '1'"),
    (lambda: train(transform=lambda x, rng: None), "transform.* is a NoneType"), (lambda: train(n_samples=1.5), "n_samples is 1.5"),
    (lambda: evaluation.amortization_gap(vae(), X, 0, steps=0), "steps is 0"),
    (lambda: evaluation.amortization_gap(vae(), X, 0, 1, n_samples=0.5), "n_samples is 0.5"),
    (lambda: evaluation.amortization_gap(vae(), X, 0, 1, final_samples=0), "final_samples is 0"),
    (lambda: evaluation.amortization_gap(vae(), X[:0], 0, 1), "n_examples is 0"),
    (lambda: evaluation.elbo(vae(), X[0], 0), r"x has shape \(6,\)"),
    (lambda: datasets.quantize(X, 1), "levels is 1"), (lambda: datasets.quantize(X, 2.5), "levels is 2.5"),
    (lambda: Adam(X[0]).load_state({"t": "x", "M": X[0], "V": X[0]}), "t is 'x'"),
    (lambda: Adam(X[0]).load_state({"t": 1.5, "M": X[0], "V": X[0]}), "t is 1.5"),
    (lambda: Adam(X[0]).load_state({"t": 1, "M": X[0] + 1j, "V": X[0]}), "M is an array of complex"),
    (lambda: gradcheck.check_gradient("f", "x", numpy.sum, X, X, tolerance="1"), "tolerance is '1'"),
    (lambda: gradcheck.check_gradient("f", "x", numpy.sum, X, X, rng="0"), "rng is '0'"),
    (lambda: gradcheck.numerical_gradient(numpy.sum, numpy.broadcast_to(1.0, 1)), "x can't be changed in place"),
    (lambda: gradcheck.numerical_gradient(lambda x: None, X), r"f\(x\) is a NoneType"),
    (lambda: gradcheck.numerical_gradient(lambda x: x.tolist(), X), r"f\(x\) is a list"),
    (lambda: gradcheck.numerical_gradient(lambda x: 1j, X), r"f\(x\) is a complex"),
    (lambda: gradcheck.check_backward("f", lambda x: None, lambda dy, x: {"x": x}, {"x": X}, 0), r"f\(x\) is a NoneType"),
    (lambda: gradcheck.check_backward("f", lambda x: "y", lambda dy, x: {"x": x}, {"x": X}, 0), r"f\(x\) is a str"),
    (lambda: gradcheck.relative_error(X.tolist(), X), "yours is a list"),
])
def test_what_is_not_meant_is_refused(call, message):
    assert_refused(call, message)


def test_empty_data_have_no_pixel_out_of_range():
    for p in (Bernoulli(), Gaussian(), Categorical(3)):
        p.check(X[:0])
    assert datasets.binarize(X[:0], RNG(0)).shape == datasets.threshold(X[:0]).shape == (0, 6)


# NumPy's scalars: under NumPy 2, float32 times np.float64(1) is float64.

@pytest.mark.parametrize("make_likelihood, options", [
    (Bernoulli, ()), (Gaussian, (numpy.float64(0.05),)), (Gaussian, ("shared", numpy.float64(0.01))),
    (Gaussian, ("per-pixel", numpy.float64(0.01))), (Categorical, (numpy.int64(2),))])
@pytest.mark.parametrize("kl", ["closed-form", "monte-carlo"])
def test_numbers_of_numpys_leave_float32_as_it_is(make_likelihood, options, kl, monkeypatch):
    sizes = numpy.array([6, 2, 5])
    model = VAE(sizes[0], sizes[1], hidden=(sizes[2],), likelihood=make_likelihood(*options), backend="numpy")
    seen = []
    for name in ("encoder_backward", "decoder_backward"):
        monkeypatch.setattr(model, name, lambda d, inputs, f=getattr(model, name): seen.append(d) or f(d, inputs))
    seen += [*model.loss_and_grad(X, EPS, kl=kl, beta=numpy.float64(0.5)), model.sample(2, 0)]
    assert len(seen) == 6 and {a.dtype.name for a in seen} == {"float32"}


@pytest.mark.parametrize("make, options", [
    (SGD, {}), (Momentum, {"momentum": 0.9}), (Adagrad, {"epsilon": 1e-8}), (RMSprop, {"decay": 0.9, "epsilon": 1e-8}),
    (Adam, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})])
@pytest.mark.filterwarnings("error")
def test_numbers_of_numpys_are_pythons_in_an_optimizer(make, options):
    optimizer = make(X[0].copy(), lr=numpy.float64(0.1), **{name: numpy.float64(value) for name, value in options.items()})
    assert make(X[0].copy(), lr=numpy.float32(0.1)).lr == pytest.approx(0.1), "without a warning"
    numbers = [getattr(optimizer, name) for name in ("lr", *options)]
    assert {type(number) for number in numbers} == {float} and numbers == [0.1, *options.values()]
    optimizer.lr = numpy.float64(0.01)          # as a schedule sets it
    assert type(optimizer.lr) is float and optimizer.lr == 0.01


def test_data_are_taken_in_the_models_dtype():
    double = X.astype("float64")
    assert {part.dtype.name for part in evaluation.elbo(vae(), double, 0)} == {"float32"}
    assert evaluation.autoencoder_loss(autoencoder(), double).dtype == "float32"
    assert {part.dtype.name for part in evaluation.amortization_gap(vae(), double, 0, 1)[:2]} == {"float32"}
    assert datasets.quantize(X, numpy.int64(3)).dtype == "float32" and datasets.quantize(X, numpy.int64(3)).max() == 2
