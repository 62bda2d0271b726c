import copy
import pickle
import time
from types import SimpleNamespace

import numpy
import pytest

from minivae import SGD, VAE, Adam, Autoencoder, FullGaussian, Gaussian, datasets, training
from minivae.errors import InputError
from minivae.training import InTurn
from minivae.vae import Loss

IMAGES = datasets.digits().train[:230]


def make(seed=0, latent_dim=2, **options):
    vae = VAE(64, latent_dim, hidden=(20,), backend="numpy", seed=seed, **options)
    return vae, Adam(vae.parameters.flat), numpy.random.default_rng(seed)


def test_training_learns():
    vae, optimizer, rng = make()
    reports = list(training.train(vae, IMAGES, optimizer, 30, 20, rng, transform=datasets.binarize))
    assert [report.epoch for report in reports] == list(range(1, 31))
    assert reports[-1].loss < reports[0].loss - 10
    last = reports[-1]
    assert last.loss == pytest.approx(last.reconstruction + last.kl, rel=1e-5)
    assert last.examples_per_second == pytest.approx(230 / last.seconds)


class Recorder:
    """A model that writes down what it is shown; the loss of a batch is the mean of its numbers."""

    def __init__(self):
        self.parameters = self.gradients = SimpleNamespace(flat=numpy.zeros(1))
        self.seen = []

    def check(self, x):
        pass

    def draw_noise(self, rng, n_examples, n_samples):
        return None

    def loss_and_grad(self, x, eps):
        self.seen.append(x[:, 0].tolist())
        return Loss(x.mean(), numpy.float64(0), numpy.float64(0))


def test_every_example_is_seen_once_an_epoch_in_a_new_order():
    squares = [float(i * i) for i in range(10)]     # no two of them have the mean of all, 28.5
    model, data = Recorder(), numpy.array(squares)[:, None]
    optimizer = SimpleNamespace(step=lambda g: None)
    reports = list(training.train(model, data, optimizer, 2, 4, numpy.random.default_rng(1)))
    assert [len(batch) for batch in model.seen] == [4, 4, 2, 4, 4, 2]
    first, second = sum(model.seen[:3], []), sum(model.seen[3:], [])
    assert sorted(first) == sorted(second) == squares and first != second
    for report in reports:
        assert report.loss == pytest.approx(28.5)       # the small last batch counts for its two examples only


def test_progress_counts_examples_and_all_draws_come_from_one_generator():
    model, seen, given, rng = Recorder(), [], [], numpy.random.default_rng(0)
    optimizer = SimpleNamespace(step=lambda g: None)
    list(training.train(model, numpy.zeros((5, 1)), optimizer, 1, 3, rng,
                        transform=lambda x, rng: given.append(rng) or x,
                        progress=lambda done, total, note: seen.append((done, total))))
    assert seen == [(3, 5), (5, 5)] and len(given) == 2 and all(one is rng for one in given)


def test_samples_and_options_reach_the_loss():
    bounds = {}
    for name, options in {"elbo": {}, "beta": {"beta": 0.0},
                          "iwae": {"n_samples": 10, "kl": "monte-carlo", "bound": "iwae"}}.items():
        vae, _, rng = make()
        report, = training.train(vae, IMAGES, SGD(vae.parameters.flat, lr=1e-12), 1, 50, rng, **options)
        bounds[name] = report
    assert bounds["beta"].loss == pytest.approx(bounds["beta"].reconstruction, rel=1e-6)
    assert bounds["elbo"].loss == pytest.approx(bounds["elbo"].reconstruction + bounds["elbo"].kl, rel=1e-6)
    assert bounds["iwae"].loss < bounds["iwae"].reconstruction + bounds["iwae"].kl - 0.1


def test_an_option_that_is_a_function_is_asked_in_each_epoch_also_when_a_run_is_continued():
    """A warm-up: half of the weight in epoch 2, all of it from epoch 3 on, bit for bit where a constant says so."""
    def train(vae, rng, epochs, first_epoch=1, **options):
        return list(training.train(vae, IMAGES, optimizer, epochs, 50, rng, first_epoch=first_epoch, **options))
    asked, ends = [], []
    vae, optimizer, rng = make()
    reports = train(vae, rng, 4, beta=lambda epoch: asked.append(epoch) or min(1, (epoch - 1) / 2))
    assert asked == [1, 2, 3, 4]
    for report, weight in zip(reports, (0, 0.5, 1, 1)):
        assert report.loss == pytest.approx(report.reconstruction + weight * report.kl, rel=1e-5) and report.kl > 0.01
    ends.append(vae.parameters.flat.copy())
    vae, optimizer, rng = make()
    for epoch, weight in enumerate((0.0, 0.5, 1.0, 1.0), 1):
        train(vae, rng, epoch, epoch, beta=weight)
    ends.append(vae.parameters.flat.copy())
    vae, optimizer, rng = make()
    train(vae, rng, 2, beta=lambda epoch: min(1, (epoch - 1) / 2))
    train(vae, rng, 4, 3, beta=lambda epoch: min(1, (epoch - 1) / 2))
    ends.append(vae.parameters.flat.copy())
    assert (ends[0] == ends[1]).all() and (ends[0] == ends[2]).all()


@pytest.mark.filterwarnings("error")       # the message is enough: no warning of NumPy's beside it
@pytest.mark.parametrize("lr", [1e30, 1e6])
def test_divergence_is_told_with_epoch_step_and_remedy(lr):
    vae, _, rng = make()
    with pytest.raises(training.Diverged, match=r"in epoch 1, step \d+; try a smaller learning rate"):
        list(training.train(vae, IMAGES, SGD(vae.parameters.flat, lr=lr), 50, 50, rng))


def test_parameters_that_break_at_the_last_step_are_noticed():
    vae, _, rng = make()
    class Breaks:
        def step(self, g):
            vae.parameters.flat[0] = numpy.nan
    with pytest.raises(training.Diverged, match="parameters became infinite or NaN in epoch 1"):
        list(training.train(vae, IMAGES[:50], Breaks(), 1, 50, rng))


@pytest.mark.parametrize("arguments, message", [((0, 10), "epochs is 0"), ((1, 0), "batch_size is 0"),
                                                ((1, -5), "batch_size is -5")])
def test_bad_sizes_are_refused(arguments, message):
    vae, optimizer, rng = make()
    with pytest.raises(InputError, match=message):
        list(training.train(vae, IMAGES, optimizer, *arguments, rng))
    with pytest.raises(InputError, match="n_examples is 0"):
        list(training.train(vae, IMAGES[:0], optimizer, 1, 1, rng))
    with pytest.raises(InputError, match="rng is None, but a seed of at least 0 or a generator is needed"):
        list(training.train(vae, IMAGES, optimizer, 1, 10, None))


def test_an_optimizer_of_another_model_would_train_nothing_and_is_refused():
    vae, _, rng = make()
    for theta in (make()[0].parameters.flat, vae.parameters.flat.copy()):
        with pytest.raises(InputError, match="does not change this model's parameters"):
            list(training.train(vae, IMAGES, Adam(theta), 1, 10, rng))
    part = vae.parameters.part("decoder")
    list(training.train(vae, IMAGES[:10], InTurn(vae.parameters.flat, [part], Adam), 1, 10, rng))


@pytest.mark.parametrize("spoil", [lambda x: 255 * x, lambda x: x - 3, lambda x: x * numpy.nan])
def test_data_that_the_model_cannot_describe_are_refused(spoil):
    vae, optimizer, rng = make()
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        list(training.train(vae, spoil(IMAGES), optimizer, 1, 50, rng))


def test_the_noise_of_every_step_comes_from_the_generator_that_was_given():
    given = []

    class Recorder:
        parameters = gradients = SimpleNamespace(flat=numpy.zeros(1))

        def check(self, x):
            pass

        def draw_noise(self, rng, n_examples, n_samples):
            given.append((rng, n_examples, n_samples))

        def loss_and_grad(self, x, eps):
            return Loss(x.mean(), numpy.float64(0), numpy.float64(0))
    rng = numpy.random.default_rng(0)
    list(training.train(Recorder(), numpy.zeros((5, 1)), SimpleNamespace(step=lambda g: None), 2, 3, rng, n_samples=4))
    assert [(r is rng, n, samples) for r, n, samples in given] == [(True, 3, 4), (True, 2, 4)] * 2


def test_the_seconds_of_an_epoch_and_its_rate():
    vae, adam, rng = make()
    start = time.perf_counter()
    report, = training.train(vae, IMAGES, adam, 1, 50, rng, transform=datasets.binarize)
    assert 0 < report.seconds <= time.perf_counter() - start
    assert report.examples_per_second == pytest.approx(len(IMAGES) / report.seconds)


def epoch(model, optimizer):
    """The parameters after an epoch."""
    list(training.train(model, IMAGES[:100], optimizer, 1, 20, numpy.random.default_rng(3)))
    return model.parameters.flat.copy()


COPIES = [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("make_model", [
    lambda: make()[0], lambda: make(likelihood=Gaussian("shared"), posterior=FullGaussian())[0],
    lambda: Autoencoder(64, 2, hidden=(20,), backend="numpy")])
@pytest.mark.parametrize("make_optimizer", [Adam, SGD, lambda theta: InTurn(theta, [slice(0, 100), slice(100, None)], Adam)])
def test_a_copied_model_trains_as_the_original_does(duplicate, make_model, make_optimizer):
    model = make_model()
    optimizer = make_optimizer(model.parameters.flat)
    epoch(model, optimizer)                             # so that the optimizer remembers something
    twin, its_optimizer = duplicate((model, optimizer))
    fresh, before = duplicate(model), model.parameters.flat.copy()
    trained, after = epoch(twin, its_optimizer), epoch(fresh, SGD(fresh.parameters.flat, lr=1e-3))
    assert (model.parameters.flat == before).all(), "the original changed with its copy"
    assert (trained == epoch(model, optimizer)).all() and (trained != before).mean() > 0.9
    assert (after != before).mean() > 0.9 and (after != trained).any()
    with pytest.raises(InputError, match="does not change this model's parameters"):
        epoch(model, duplicate(optimizer))


@pytest.mark.parametrize("part", ["encoder", "decoder", "encoder_grads", "shared"])
def test_layers_that_are_no_longer_views_would_not_be_trained_and_are_refused(part):
    vae, _, _ = make(likelihood=Gaussian("shared"))
    setattr(vae, part, copy.deepcopy(getattr(vae, part)))
    with pytest.raises(InputError, match="no longer views into .*flat"):
        epoch(vae, Adam(vae.parameters.flat))
    other, _, _ = make()
    other.parameters.flat = other.parameters.flat.copy()        # replaced, where flat[...] = was meant
    with pytest.raises(InputError, match="no longer views into .*flat"):
        epoch(other, Adam(other.parameters.flat))


def test_a_loss_that_is_not_finite_from_the_start_does_not_blame_the_learning_rate():
    vae = VAE(4, 2, hidden=(8,), likelihood=Gaussian(), backend="numpy")
    with pytest.raises(training.Diverged, match="is inf at the first step, before any parameter has changed; try a smaller beta"):
        list(training.train(vae, numpy.full((20, 4), 1e30, "float32"), Adam(vae.parameters.flat), 1, 10, 0))


def test_numbers_drawn_on_the_device_depend_on_the_seed_alone():
    """With NumPy the device is the host, but the numbers are others: each epoch has a generator of its own."""
    def losses(seed, draw_on, epochs=3, **options):
        vae, optimizer, _ = make()
        rng = numpy.random.default_rng(seed)
        return [report.loss for report in training.train(vae, IMAGES, optimizer, epochs, 50, rng, transform=datasets.binarize,
                                                         draw_on=draw_on, **options)]
    def first_draws(seed):
        draws = []
        def transform(x, rng):
            draws.append(rng.random(3).tolist())
            return x
        vae, optimizer, _ = make()
        list(training.train(vae, IMAGES, optimizer, 2, 230, seed, transform=transform, draw_on="device"))
        return draws
    a, b = first_draws(0), first_draws(1)
    assert a == first_draws(0) and len({*map(tuple, a + b)}) == 4       # two seeds, two epochs
    device = losses(0, "device")
    assert device == losses(0, "device") and device != losses(1, "device") and device != losses(0, "host")
    with pytest.raises(InputError, match="unknown draw_on 'gpu'; choose host or device"):
        losses(0, "gpu")
