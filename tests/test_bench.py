import numpy

from minivae import VAE, bench


def test_the_papers_network_has_eleven_products(monkeypatch):
    """Counted by an array whose @ and matmul count."""
    count = []

    class Counting(numpy.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
            count.append(ufunc.__name__)
            plain = [numpy.asarray(i) for i in inputs]
            if out:
                kwargs["out"] = tuple(numpy.asarray(o) for o in out)
            return getattr(ufunc, method)(*plain, **kwargs).view(Counting)

    vae = VAE(784, 20, hidden=(500,), backend="numpy")
    for layers in (vae.encoder, vae.decoder):
        layers[:] = [(W.view(Counting), b) for W, b in layers]
    products = bench._matrix_products(vae, numpy.zeros((100, 784), "float32").view(Counting))
    products()
    assert count == ["matmul"] * 11


def test_the_report_has_both_ratios_and_the_kernels(capsys):
    bench.report("numpy", batch_size=2)
    text = capsys.readouterr().out
    assert "BLAS: " in text and "kernels " in text and "examples/s" in text
    lines = {line.split("  ")[1]: line for line in text.splitlines() if " x the products" in line}
    assert set(lines) == {"matrix products alone", "forward + backward", "Adam", "whole step"}
    assert "1.00 x" in lines["matrix products alone"]


def test_measure_takes_all_parts_in_turn():
    times = bench.measure("numpy", data_dim=20, hidden=(8,), latent_dim=2, batch_size=4, rounds=10)
    assert all(milliseconds > 0 for milliseconds in times.values())
    assert times["whole step"] > times["Adam"]
