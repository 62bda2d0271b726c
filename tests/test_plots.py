"""That pictures are drawn, and show what they should; whether they look right, people have to see."""

import matplotlib.image
import numpy
import pytest

from minivae import VAE, plots

HISTORY = [{"epoch": e, "loss": 30 - e, "reconstruction": 27 - e, "kl": 3, "test_loss": 31 - e} for e in (1, 2, 3)]


@pytest.fixture
def vae():
    return VAE(12, 2, hidden=(5,), backend="numpy")


def test_tile_puts_images_in_rows():
    images = numpy.arange(1, 4)[:, None] * numpy.ones((3, 6))
    assert plots.tile(images, (2, 3), columns=2).tolist() == [
        [1, 1, 1, 0, 2, 2, 2], [1, 1, 1, 0, 2, 2, 2], [0] * 7, [3, 3, 3, 0, 0, 0, 0], [3, 3, 3, 0, 0, 0, 0]]


def test_the_plane_has_each_latent_along_its_axis(vae):
    """The first latent grows to the right, the second upwards, and the ticks say so."""
    vae.decode = lambda z: numpy.repeat(z @ numpy.array([[1.0], [10.0]]), 12, axis=1)
    axes, = plots.latent_plane(vae, (4, 3), side=4).axes
    sheet = axes.images[0].get_array()
    z = [-1.150349, -0.318639, 0.318639, 1.150349]      # quantiles 1/8, 3/8, 5/8, 7/8 of N(0, 1)
    for row in range(4):
        for column in range(4):
            assert sheet[row * 5, column * 4] == pytest.approx(z[column] + 10 * z[3 - row], abs=1e-5)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["-1.2", "1.2"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1.2", "-1.2"]


@pytest.mark.parametrize("n, columns, shown", [(3, 20, 3), (7, 5, 5), (10, 5, 5)])
def test_each_image_is_above_its_reconstruction_however_many_there_are(vae, n, columns, shown):
    x = numpy.random.default_rng(0).random((n, 12), dtype="float32")
    image, = plots.reconstructions(vae, x, (4, 3), columns=columns).axes[0].images
    sheet = numpy.asarray(image.get_array())
    assert sheet.shape[1] == shown * 4 - 1
    decoded = vae.reconstruct(x)
    for i in range(n):
        top, left = i // shown * 10, i % shown * 4
        assert numpy.allclose(sheet[top:top + 4, left:left + 3].ravel(), x[i], atol=1e-6)
        assert numpy.allclose(sheet[top + 5:top + 9, left:left + 3].ravel(), decoded[i], atol=1e-6)


def test_curves_show_the_history():
    bound, parts = plots.curves(HISTORY).axes
    assert bound.lines[1].get_ydata().tolist() == [-30, -29, -28] and "-28.00 at the end" in bound.get_title()
    assert parts.lines[1].get_ydata().tolist() == [3, 3, 3]
    for axes in plots.curves(HISTORY[:1]).axes:
        assert all(line.get_marker() == "o" for line in axes.lines), "one point makes no line"


@pytest.mark.parametrize("labels", [None, numpy.array([0, 1, 9, 9]), numpy.array([-1, 3, 10, 300])])
def test_codes_are_the_posterior_means(vae, labels):
    x = numpy.eye(12, dtype="float32")[:4]
    axes = plots.codes(vae, x, labels).axes[0]
    numpy.testing.assert_allclose(axes.collections[0].get_offsets(), vae.encode(x)[0], rtol=1e-6)
    shown = [] if labels is None else [str(label) for label in numpy.unique(labels)]
    assert [text.get_text() for text in axes.texts] == shown


@pytest.mark.draws
def test_codes_shows_the_names_of_the_labels(vae, tmp_path):
    names = ("cat", "$dog$", "a very long name of a label", "unused")
    figure = plots.codes(vae, numpy.eye(12, dtype="float32")[:4], numpy.array([0, 1, 2, 2]), label_names=names)
    plots.save(figure, tmp_path / "codes.png")      # "$dog$" would be read as mathematics
    shown = ["cat", r"\$dog\$", "a very long name of ", "unused"]
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == shown
    assert figure.axes[1].get_ylim() == (-0.5, 3.5), "no colours without a label"
    assert [text.get_text() for text in figure.axes[0].texts] == shown[:3]


@pytest.mark.draws
def test_a_picture_needs_no_latex(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with matplotlib.rc_context({"text.usetex": True}):
        figure = plots.curves(HISTORY[:1])
        plots.save(figure, tmp_path / "a.png")
    assert b"matplotlib" not in (tmp_path / "a.png").read_bytes().lower()       # else each version writes other bytes


@pytest.mark.draws
def test_every_picture_can_be_written(vae, tmp_path):
    x = numpy.eye(12, dtype="float32")
    figures = [plots.curves(HISTORY), plots.reconstructions(vae, x, (4, 3)), plots.latent_plane(vae, (4, 3)),
               plots.samples(vae, (4, 3), numpy.random.default_rng(0)), plots.codes(vae, x, numpy.arange(12) % 10)]
    for i, figure in enumerate(figures):
        plots.save(figure, tmp_path / f"{i}.png")
        assert matplotlib.image.imread(tmp_path / f"{i}.png").std() > 0.05, "a blank sheet"
