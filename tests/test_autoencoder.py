import numpy
import pytest

from minivae import VAE, Adam, Autoencoder, Gaussian, datasets, evaluation, gradcheck, training
from minivae.autoencoder import ERRORS
from minivae.errors import InputError


def make(error="squared-error", **options):
    return Autoencoder(6, 2, hidden=(5,), error=error, dtype="float64", backend="numpy", **options)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_every_gradient_is_right(rng, error, activation):
    model, x = make(error, activation=activation), rng.random((4, 6))
    model.parameters.flat[...] += 0.1 * rng.standard_normal(model.parameters.flat.shape)
    report = gradcheck.check_model("autoencoder", model, lambda: model.loss_and_grad(x))
    assert report.ok, report


def test_the_loss_against_the_definition(rng):
    model, x = make(), rng.random((4, 6))
    rebuilt = model.reconstruct(x)
    expected = numpy.mean([sum((x[n, d] - rebuilt[n, d]) ** 2 for d in range(6)) for n in range(4)])
    loss = model.loss_and_grad(x)
    assert float(loss.loss) == pytest.approx(expected, rel=1e-12) and loss.kl == 0
    assert evaluation.autoencoder_loss(model, x, batch_size=3).mean() == pytest.approx(expected, rel=1e-12)
    model = make("cross-entropy")
    rebuilt = model.reconstruct(x)
    expected = -(x * numpy.log(rebuilt) + (1 - x) * numpy.log(1 - rebuilt)).sum(axis=1).mean()
    assert float(model.loss_and_grad(x).loss) == pytest.approx(expected, rel=1e-12)


def test_with_unit_variance_the_vae_without_noise_and_kl_is_the_autoencoder(rng):
    """log N(x; x̂, I) = −½ ‖x − x̂‖² − ½ D log 2π: half the squared error, and half its gradient."""
    vae = VAE(6, 2, hidden=(5,), likelihood=Gaussian(1.0), dtype="float64", backend="numpy")
    model, x = make(), rng.random((4, 6))
    for name in model.parameters.names():
        weights = vae.parameters[name]
        model.parameters[name][...] = weights[..., :2] if name.startswith("encoder.1") else weights
    without = vae.loss_and_grad(x, numpy.zeros((4, 2)), beta=0.0)
    squared = model.loss_and_grad(x)
    assert float(without.reconstruction) == pytest.approx(0.5 * float(squared.loss) + 3 * numpy.log(2 * numpy.pi), rel=1e-14)
    for name in model.parameters.names():
        theirs = vae.gradients[name][..., :2] if name.startswith("encoder.1") else vae.gradients[name]
        numpy.testing.assert_allclose(theirs, 0.5 * model.gradients[name], rtol=1e-12, atol=1e-15)


def test_it_learns_and_follows_the_vaes_interface(rng):
    images = datasets.digits()
    model = Autoencoder(64, 2, hidden=(50,), backend="numpy")
    before = evaluation.autoencoder_loss(model, images.test).mean()
    list(training.train(model, images.train, Adam(model.parameters.flat), 20, 50, rng))
    assert evaluation.autoencoder_loss(model, images.test).mean() < 0.5 * before


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="unknown error 'mse'; choose squared-error or cross-entropy"):
        make("mse")
    with pytest.raises(InputError, match="must lie in"):
        make("cross-entropy").check(numpy.array([[2.0]]))
    with pytest.raises(InputError, match="must be finite"):
        make().check(numpy.array([[numpy.nan]]))
    with pytest.raises(InputError, match=r"z has shape \(3, 3\)"):
        make().decode(numpy.zeros((3, 3)))


def test_pictures_show_the_pixels_as_they_are():
    x = numpy.array([[0.0, 0.25, 1.0, 0.5, 0.0, 0.75]])
    assert (make().to_grey(x) == x).all()


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_weights_come_from_seed_0_unless_told_otherwise(kind):
    plain, zero = kind(6, 2, (5,), backend="numpy"), kind(6, 2, (5,), backend="numpy", seed=0)
    numpy.testing.assert_array_equal(plain.parameters.flat, zero.parameters.flat)
