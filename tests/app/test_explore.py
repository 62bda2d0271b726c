"""`explore`: the page computes what Python does, and answers to the mouse and the keys, in a real browser."""

import json
import re
import shutil

import numpy
import pytest

from browser import CHROMIUM, Browser
from minivae import VAE, Autoencoder, datasets, evaluation
from minivae.app.commands import explore
from minivae.app.explorer import write
from minivae.errors import InputError
from minivae.likelihoods import Categorical, Gaussian

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome, on Linux or macOS")
SHAPE = (4, 5)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """A page that a test opens has no error and no message on its console."""
    chromium.problems.clear()
    chromium.size(1280, 900)
    yield chromium
    assert chromium.problems == []


def random_run(make, x, rng, name="small", film=None):
    """An untrained model with random parameters, and images (N, D), as a run of write.page."""
    model = make(x.shape[1])
    for parameter in model.parameters.names():
        model.parameters[parameter][...] += 0.3 * rng.standard_normal(model.parameters[parameter].shape)
    return {"name": name, "text": "untrained", "epoch": 0, "model": model, "images": x, "film": film}


def vae(likelihood="bernoulli", latent=3, **options):
    return lambda D: VAE(D, latent, hidden=(9, 7), likelihood=likelihood, backend="numpy", **options)


def autoencoder(error, latent=3, **options):
    return lambda D: Autoencoder(D, latent, hidden=(9, 7), error=error, backend="numpy", **options)


def binary(rng, n=40):
    return datasets.binarize(rng.random((n, 20), dtype=numpy.float32), rng)


def grey(rng, n=40):
    return numpy.rint(255 * rng.random((n, 20))).astype(numpy.float32) / 255


def open_page(browser, tmp_path, *runs, check="", labels=None, label_names=None):
    page = tmp_path / "page.html"
    page.write_text(write.page(list(runs), labels, SHAPE, "noise", label_names=label_names), "utf-8")
    browser.open(page.as_uri() + check)


# The numbers

KINDS = {
    "bernoulli": (vae(), binary),
    "bernoulli, full": (vae(posterior="full"), binary),
    "bernoulli, one latent": (vae(latent=1), binary),
    "bernoulli, relu, float64": (vae(activation="relu", dtype="float64"), binary),
    "gaussian, fixed": (vae(Gaussian(0.3)), grey),
    "gaussian, shared, full": (vae(Gaussian("shared", 0.01), posterior="full"), grey),
    "gaussian, per-pixel, relu": (vae(Gaussian("per-pixel", 0.5), activation="relu"), grey),
    "categorical": (vae(Categorical(5)), lambda rng: datasets.quantize(grey(rng), 5)),
    "squared error": (autoencoder("squared-error"), grey),
    "cross-entropy, relu": (autoencoder("cross-entropy", activation="relu"), binary),
}


def expected(model, x, eps):
    """What #check computes, for images x (N, D) and noise eps (N, Z): {name: one value for each image}"""
    mean = model.represent(x)
    if isinstance(model, Autoencoder):
        return {"mean": mean, "decoded": model.decode(mean), "loss": evaluation.autoencoder_loss(model, x)}
    h = model.posterior_parameters(x)
    z = model.posterior.sample(h, eps.astype(h.dtype))
    return {"mean": mean, "z": z, "decoded": model.decode(z), "kl": model.posterior.kl(h),
            "log_prob": model.likelihood.log_prob(x, model.likelihood_parameters(z))}


@needs_chromium
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_computes_what_python_does(kind, browser, rng, tmp_path):
    make, images = KINDS[kind]
    run = random_run(make, images(rng), rng)
    open_page(browser, tmp_path, run, check="#check")
    eps = numpy.array(browser.run("data.eps"))
    found, = json.loads(browser.run("document.getElementById('check').textContent"))
    assert len(found) == 3 and eps.shape == (3, run["model"].latent_dim)
    for name, values in expected(run["model"], run["images"][:3], eps).items():
        numpy.testing.assert_allclose([one[name] for one in found], values, rtol=0, atol=1e-4, err_msg=name)


@needs_chromium
def test_the_mean_over_draws_is_pythons_elbo(browser, rng, tmp_path):
    run = random_run(vae(posterior="full"), binary(rng), rng)
    open_page(browser, tmp_path, run)
    browser.run("choose(7); for (let k = 0; k < 30; k++) byId('draw100').onclick()")
    browser.frame()
    text = browser.run("document.querySelector('dl').innerText").replace("−", "-")
    mean, error = map(float, re.search(r"3000 draws\s+(\S+) ± (\S+) nats", text).groups())
    exact = evaluation.elbo(run["model"], run["images"][7:8], rng, n_samples=20_000).elbo[0]
    assert abs(mean - exact) < 5 * error + 0.01
    assert error < 0.2


@needs_chromium
def test_the_ellipse_has_the_covariance_of_q_and_latents_are_ordered_by_their_kl(browser, rng, tmp_path):
    run = random_run(vae(posterior="full"), binary(rng), rng)
    open_page(browser, tmp_path, run)
    model, x = run["model"], run["images"]
    mean, C = model.posterior.mean_and_scale(model.posterior_parameters(x))
    covariance = C @ C.swapaxes(1, 2)
    found = browser.run("[0, 1, 2].map(i => [0, 1, 2].map(j => covariance(views[0].model.q, views[0].h[5], i, j)))")
    numpy.testing.assert_allclose(found, covariance[5], atol=1e-5)
    variance = numpy.diagonal(covariance, axis1=1, axis2=2)
    kl = (0.5 * (mean ** 2 + variance - 1 - numpy.log(variance))).mean(axis=0)
    numpy.testing.assert_allclose(browser.run("views[0].importance"), kl, atol=1e-5)
    assert browser.run("views[0].order") == list(numpy.argsort(-kl))


@needs_chromium
def test_the_page_shows_the_names_of_the_labels(browser, rng, tmp_path):
    run = random_run(vae(latent=2), binary(rng), rng)
    open_page(browser, tmp_path, run, labels=numpy.arange(40) % 2, label_names=("cats & <b>dogs</b>", "owls"))
    assert browser.run("document.querySelector('.labels').innerText") == "cats & <b>dogs</b>owls"
    assert "test image 0, cats & <b>dogs</b>; draw on it" in browser.run("document.querySelector('.x figcaption').innerText")


# The mouse and the keys

@pytest.fixture
def opened(browser, rng, tmp_path):
    """A page with a VAE of two latents -> browser, the VAE, its images"""
    run = random_run(vae(latent=2), binary(rng), rng)
    open_page(browser, tmp_path, run, labels=numpy.arange(40) % 10)
    return browser, run["model"], run["images"]


@needs_chromium
def test_the_decoded_image_follows_the_pointer(opened):
    browser, model, _ = opened
    x, y = browser.place(".plane canvas", 0.75, 0.125)
    browser.mouse("mouseMoved", x, y)
    browser.frame()
    reach = browser.run("state.reach")
    numpy.testing.assert_allclose(browser.run("[...views[0].z]"), [reach / 2, 0.75 * reach], atol=0.02 * reach)
    z = numpy.array([browser.run("[...views[0].z]")], numpy.float32)
    shown = browser.run("[...document.querySelector('.decoded canvas').getContext('2d').getImageData(0, 0, 5, 4).data]")
    numpy.testing.assert_allclose(shown[::4], 255 - (255 - 16) * model.decode(z)[0], atol=1)


@needs_chromium
def test_a_click_on_a_dot_chooses_its_image(opened):
    browser, model, images = opened
    u, v = browser.run("views[0].to_screen(views[0].at(views[0].codes[11])).map(p => p / views[0].size)")
    browser.click(*browser.place(".plane canvas", u, v))
    browser.frame()
    n = browser.run("state.image")
    code, wanted = model.represent(images)[[n, 11]]
    assert numpy.abs(code - wanted).max() < 0.05 * browser.run("state.reach")      # another dot may be as close
    assert browser.run("byId('image').value") == str(n)
    assert f"test image {n}, a {n % 10}" in browser.run("document.querySelector('.x figcaption').textContent")


@needs_chromium
def test_draw_an_image_with_the_mouse(opened):
    browser, model, _ = opened
    browser.click(*browser.place("#clear"))
    assert browser.run("[...views[0].x].every(v => v === 0)") and browser.run("byId('image').value") == ""
    start, end = (browser.place(".x canvas", (column + 0.5) / 5, 1.5 / 4) for column in (1, 3))
    browser.mouse("mousePressed", *start)
    for k in range(1, 5):
        browser.mouse("mouseMoved", start[0] + k / 4 * (end[0] - start[0]), start[1])
    browser.mouse("mouseReleased", *end)
    x = numpy.zeros((4, 5), numpy.float32)
    x[1, 1:4] = 1
    assert browser.run("[...views[0].x]") == x.ravel().tolist()
    numpy.testing.assert_allclose(browser.run("[...views[0].z]"), model.represent(x.reshape(1, 20))[0], atol=1e-5)
    browser.click(*browser.place(".x canvas", 2.5 / 5, 1.5 / 4))                  # on ink it erases
    assert browser.run("views[0].x[7]") == 0
    browser.frame()
    assert browser.run("document.querySelector('.x figcaption').textContent") == "x: your drawing"


@needs_chromium
@pytest.mark.parametrize("typed, chosen", [(999, -1), (-3, 0), (2.4, 2)])
def test_a_number_without_an_image_becomes_the_nearest(opened, typed, chosen):
    browser, _, images = opened
    browser.run(f"byId('image').value = {typed}; byId('image').dispatchEvent(new Event('change'))")
    assert browser.run("byId('image').value") == str(range(browser.run("views[0].images.length"))[chosen])


@needs_chromium
def test_draw_noise_moves_z(opened):
    browser, model, images = opened
    browser.run("noise = () => [1, -2]")
    browser.click(*browser.place("#draw"))
    mean, sigma = model.posterior.mean_and_scale(model.posterior_parameters(images[:1]))
    numpy.testing.assert_allclose(browser.run("[...views[0].z]"), (mean + sigma * [1, -2])[0], atol=1e-5)


@needs_chromium
def test_the_noise_is_standard_normal(opened):
    browser, *_ = opened
    eps = numpy.array(browser.run("[...noise(20000)]"))
    assert abs(eps.mean()) < 0.04 and abs(eps.std() - 1) < 0.03 and abs((eps ** 4).mean() - 3) < 0.4


@needs_chromium
def test_between_two_images(opened):
    browser, model, images = opened
    browser.run("choose(4)")
    browser.click(*browser.place("#from"))
    browser.run("choose(9)")
    browser.click(*browser.place("#to"))
    one, two = model.represent(images[[4, 9]])
    numpy.testing.assert_allclose(browser.run("[...views[0].z]"), two, atol=1e-5)
    browser.run("document.querySelector('#along input').focus()")
    browser.frame()
    for _ in range(25):
        browser.press("ArrowLeft")
    numpy.testing.assert_allclose(browser.run("[...views[0].z]"), 0.25 * one + 0.75 * two, atol=1e-5)
    assert browser.run("document.querySelectorAll('.strip canvas').length") == 8


@needs_chromium
def test_all_by_keyboard(opened):
    browser, *_ = opened
    seen = []
    for _ in range(12):
        browser.press("Tab")
        seen.append(browser.run("document.activeElement.id || document.activeElement.parentElement.className"))
        if seen[-1] == "plane":
            z = browser.run("[...views[0].z]")
            browser.press("ArrowRight")
            browser.press("ArrowUp", shift=True)
            moved = numpy.subtract(browser.run("[...views[0].z]"), z) / browser.run("state.reach")
            numpy.testing.assert_allclose(moved, [1 / 25, 1 / 200], atol=1e-6)
            nearest = browser.run("views[0].nearest([...views[0].z]).n")
            browser.press("Enter")
            assert browser.run("state.image") == nearest
        elif seen[-1] == "x":
            browser.press("ArrowLeft")
            pixel = "views[0].x[2 * 5 + 1]"
            before = browser.run(pixel)
            browser.press(" ")
            assert browser.run(pixel) == 1 - before
    assert seen[:2] == ["plane", "x"]
    assert {"image", "clear", "draw", "draw100", "from", "to", "map", "closer", "farther"} <= set(seen)


# Several views

@needs_chromium
def test_two_runs_follow_the_same_pointer(browser, rng, tmp_path):
    x = grey(rng)
    open_page(browser, tmp_path, random_run(autoencoder("squared-error", 2), x, rng), random_run(vae(latent=2), x, rng))
    browser.mouse("mouseMoved", *browser.place(".plane canvas", 0.6, 0.3))
    first, second = browser.run("views.map(view => [...view.z])")
    assert first == second
    browser.frame()
    assert browser.run("[...document.querySelectorAll('dl')].map(list => list.innerText.includes('nats'))") == [False, True]


@needs_chromium
def test_with_more_latents_two_are_axes_and_the_others_have_sliders(browser, rng, tmp_path):
    open_page(browser, tmp_path, random_run(vae(latent=5), binary(rng), rng))
    order = browser.run("views[0].order")
    assert browser.run("views[0].axes") == order[:2]
    assert browser.run("views[0].sliders.map(slider => slider.i)") == order[2:]
    browser.run(f"(() => {{ const s = views[0].part('.across'); s.value = {order[3]}; s.onchange(); }})()")
    assert browser.run("views[0].axes") == [order[3], order[1]]
    browser.run("views[0].sliders[0].slider.value = 2.5; views[0].sliders[0].slider.oninput()")
    assert browser.run(f"views[0].z[{order[0]}]") == 2.5


@needs_chromium
def test_the_film_shows_the_codes_and_the_plane_of_an_epoch(browser, rng, tmp_path):
    film = {"epochs": numpy.array([1, 5, 9]), "codes": rng.standard_normal((3, 7, 2)), "grid": numpy.array([-1., 0, 1]),
            "plane": rng.integers(0, 256, (3, 3, 3, 20))}
    open_page(browser, tmp_path, {**random_run(vae(latent=2), binary(rng), rng, film=film), "epoch": 10})
    assert "epoch 10, the trained model" in browser.run("byId('film').innerText"), "9 is only the last one kept"
    browser.run("document.querySelector('#film input').focus()")
    browser.press("ArrowLeft")
    assert "epoch 5" in browser.run("byId('film').innerText")
    numpy.testing.assert_allclose(browser.run("views[0].points()"), film["codes"][1], atol=1e-6)
    browser.run("views[0].z = Float64Array.of(0.8, -0.9); views[0].changed()")       # close to (1, −1)
    browser.frame()
    shown = browser.run("[...document.querySelector('.decoded canvas').getContext('2d').getImageData(0, 0, 5, 4).data]")
    numpy.testing.assert_allclose(shown[::4], 255 - (255 - 16) * film["plane"][1, 0, 2] / 255, atol=1)


@needs_chromium
def test_films_of_two_runs_show_the_same_epoch(browser, rng, tmp_path):
    runs = [random_run(vae(latent=2), binary(rng), rng, film={
        "epochs": numpy.array(epochs), "codes": numpy.zeros((len(epochs), 7, 2)), "grid": numpy.array([-1., 1]),
        "plane": numpy.zeros((len(epochs), 2, 2, 20))}) for epochs in ([0, 1, 2, 3, 6, 9], [0, 3, 9])]
    open_page(browser, tmp_path, *runs)
    for index, second in ((0, 0), (3, 1), (4, 1)):
        browser.run(f"set_frame({index})")
        assert browser.run("views.map(view => view.frame)") == [index, second]


@needs_chromium
@pytest.mark.parametrize("runs", (1, 2))
def test_narrow_and_dark(runs, browser, rng, tmp_path):
    x = binary(rng)
    browser.size(380, 800, dark=True)
    open_page(browser, tmp_path, *(random_run(vae(latent=4), x, rng) for _ in range(runs)), labels=numpy.arange(40))
    browser.run("set_end('from'); set_end('to')")
    browser.frame()
    assert browser.run("document.documentElement.scrollWidth") <= 380
    assert browser.run("Math.min(...[...document.querySelectorAll('.plane canvas')].map(c => c.clientWidth))") > 300
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(14, 16, 19)"


@needs_chromium
def test_images_that_are_one_row_of_pixels(browser, rng, tmp_path):
    x = datasets.binarize(rng.random((25, 784), dtype=numpy.float32), rng)
    page = tmp_path / "page.html"
    page.write_text(write.page([random_run(vae(latent=2), x, rng)], None, (1, 784), "rows"), "utf-8")
    browser.open(page.as_uri())
    browser.frame()
    assert browser.run("byId('map').parentElement.hidden && document.querySelector('.x canvas').width === 784")


def test_more_grey_levels_than_a_page_can_hold(rng):
    run = random_run(vae(Categorical(300)), datasets.quantize(grey(rng), 300), rng)
    with pytest.raises(InputError, match="has 300 grey levels, too many for a page"):
        write.page([run], None, SHAPE, "noise")


@needs_chromium
def test_photographs_are_not_drawn_as_negatives(browser, rng, tmp_path):
    run = random_run(autoencoder("squared-error"), grey(rng), rng)
    page = tmp_path / "page.html"
    page.write_text(write.page([run], None, SHAPE, "photos", light=True), "utf-8")
    browser.open(page.as_uri())
    browser.run("views[0].model.decode = () => new Float64Array(20).fill(1); views[0].changed()")
    browser.frame()
    assert browser.run("document.querySelector('.decoded canvas').getContext('2d').getImageData(0, 0, 1, 1).data[0]") == 255


# The command, which needs no browser

@pytest.fixture
def trained(run_cli, tmp_path, monkeypatch):
    """trained(*options) -> a run folder with one epoch; webbrowser.open is recorded in trained.opened"""
    monkeypatch.chdir(tmp_path)

    def train(name, *options):
        code, _, err = run_cli("train", "--epochs", 1, "--out", name, "--backend", "numpy", *options)
        assert code == 0, err
        return tmp_path / name
    train.opened = []
    monkeypatch.setattr(explore, "has_display", lambda: True)
    monkeypatch.setattr(explore.webbrowser, "open", lambda uri: train.opened.append(uri) or True)
    return train


def test_the_page_of_the_default_run_is_small_and_needs_no_network(run_cli, trained):
    folder = trained("digits")
    for _ in range(2):              # the page in the run folder is replaced
        code, out, err = run_cli("explore", folder)
        assert (code, err) == (0, "")
    page = folder / "explore.html"
    assert str(page) in out
    assert trained.opened == [page.as_uri()] * 2
    assert page.stat().st_size < 1_500_000
    text = page.read_text("utf-8")
    assert not re.findall(r"https?://|src=|<link(?! rel=.icon. href=.data:,)|@import|fetch\(", text)
    assert not re.findall(r"TITLE|/\* (DATA|\w+\.js) \*/", text)


def test_the_largest_common_model_stays_below_6_mb(rng):
    x = rng.integers(0, 256, (10_000, 784), "uint8").astype(numpy.float32) / 255      # as hard to compress as can be
    run = {"name": "a", "text": "", "epoch": 1, "film": None, "images": x,
           "model": VAE(784, 20, hidden=(500,), backend="numpy")}
    assert 4_000_000 < len(write.page([run], None, (28, 28), "noise")) < 6_000_000


def test_no_browser_prints_the_path(run_cli, trained, monkeypatch):
    folder = trained("digits")
    monkeypatch.setattr(explore.webbrowser, "open", lambda uri: False)
    code, out, _ = run_cli("explore", folder)
    assert code == 0
    assert str(folder / "explore.html") in out and "in a browser yourself" in out
    monkeypatch.setattr(explore.webbrowser, "open", lambda uri: pytest.fail("opened"))
    monkeypatch.setattr(explore, "has_display", lambda: False)
    monkeypatch.delenv("BROWSER", raising=False)
    assert "in a browser yourself" in run_cli("explore", folder)[1]
    code, out, _ = run_cli("explore", folder, "--no-open")
    assert code == 0 and "in a browser yourself" not in out


def test_an_out_that_exists_is_kept(run_cli, trained, tmp_path):
    folder = trained("digits")
    page = tmp_path / "new" / "page.html"
    assert run_cli("explore", folder, "--out", page)[0] == 0
    page.write_text("mine")
    code, _, err = run_cli("explore", folder, "--out", page)
    assert (code, page.read_text()) == (2, "mine")
    assert err.count("\n") == 1 and "exists; choose another name, or replace it with --overwrite" in err
    assert run_cli("explore", folder, "--out", page, "--overwrite")[0] == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    for options, wanted in ((("--out", "page.txt"), "is not an .html file"), (("--overwrite",), "is for --out")):
        code, _, err = run_cli("explore", folder, *options)
        assert code == 2 and wanted in err


def test_two_runs_on_one_page(run_cli, trained):
    first, second = trained("a"), trained("b", "--model", "autoencoder")
    assert run_cli("explore", first, second)[0] == 0
    text = (first / "explore.html").read_text("utf-8")
    assert "VAE 64-300-150-2, tanh, bernoulli" in text
    assert "plain autoencoder 64-300-150-2, tanh, squared-error" in text


def test_a_name_is_no_markup(rng):
    name = "</script><b>/* model.js */"
    text = write.page([random_run(vae(), binary(rng), rng, name)], None, SHAPE, "a < b")
    assert "<title>a &lt; b: explore" in text and "<b>" not in text and text.count("function mlp(") == 1


def test_a_replaced_run_leaves_no_old_page(run_cli, trained):
    folder = trained("a")
    assert run_cli("explore", folder)[0] == 0
    trained("a", "--overwrite")
    assert not (folder / "explore.html").exists()


def test_the_page_knows_whether_pixels_are_ink_or_light(run_cli, trained):
    for shown in ("ink", "light"):
        folder = trained(shown, "--shown", shown)
        assert run_cli("explore", folder)[0] == 0
        assert f'"light": {str(shown == "light").lower()}' in (folder / "explore.html").read_text("utf-8")


def test_runs_that_do_not_fit_each_other(run_cli, trained, tmp_path, rng):
    first, other = trained("a"), trained("b", "--latent", 3)
    numpy.save("mine.npy", rng.random((30, 8, 8)))
    for second, wanted in ((other, "numbers of latents, 2 and 3;"), (trained("c", "--data", "mine.npy"), "have different data, digits and "),
                           (tmp_path / "none", "is not a run folder")):
        code, _, err = run_cli("explore", first, second)
        assert code == 2 and wanted in err and err.count("\n") == 1
    assert not trained.opened and not (first / "explore.html").exists()


def test_a_broken_film(run_cli, trained):
    folder = trained("a", "--film")
    assert run_cli("explore", folder)[0] == 0
    whole = (folder / "film.npz").read_bytes()
    with numpy.load(folder / "film.npz") as film:
        numpy.savez(folder / "film.npz", **{**film, "plane": film["plane"][..., 1:]})
    others = (folder / "film.npz").read_bytes()
    for content, message in ((b"", "corrupted"), (b"nonsense", "corrupted"), (others, "is the film of other images"),
                             (whole[:200], "corrupted")):
        (folder / "film.npz").write_bytes(content)
        code, _, err = run_cli("explore", folder)
        assert code == 2 and "film.npz is" in err and message in err and "or remove it" in err and err.count("\n") == 1


def test_a_run_without_a_film_shows_no_film(run_cli, trained):
    with_film, folder = trained("a", "--film"), trained("b")
    shutil.copy(with_film / "film.npz", folder)         # that of a run which was being replaced
    assert run_cli("explore", folder)[0] == 0 and '"film": null' in (folder / "explore.html").read_text("utf-8")


def test_a_model_that_is_too_large_for_a_page(run_cli, trained, monkeypatch):
    folder = trained("a")
    monkeypatch.setattr(write, "LARGEST", 500_000)
    code, _, err = run_cli("explore", folder)
    assert code == 2 and "the parameters take 0.5 MB, too much for a page" in err and err.count("\n") == 1


def test_a_long_film_is_thinned_out_from_its_end(rng):
    film = {"epochs": numpy.arange(1, 61), "codes": rng.standard_normal((60, 100, 2)), "grid": numpy.zeros(12),
            "plane": rng.integers(0, 256, (60, 12, 12, 64))}
    kept = write._film(film, 90)
    assert kept["n"] == 90
    assert 10 < len(kept["epochs"]) < 60 and kept["epochs"][-1] == 60
    assert len(kept["plane"]) + len(kept["codes"]) <= write.FILM
