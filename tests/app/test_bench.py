import tracemalloc

import numpy
import pytest

from minivae import VAE, Adam, datasets, training
from minivae.app import bench, blas

SMALL = bench.Network(20, 8, 2, 4)


def test_the_papers_network_has_eleven_products_and_their_operations_are_counted(monkeypatch):
    """Counted by an array whose @ and matmul count."""
    products, operations = [], 0

    class Counting(numpy.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
            nonlocal operations
            products.append(ufunc.__name__)
            plain = [numpy.asarray(i) for i in inputs]
            operations += 2 * plain[0].shape[0] * plain[0].shape[1] * plain[1].shape[1]
            if out:
                kwargs["out"] = tuple(numpy.asarray(o) for o in out)
            return getattr(ufunc, method)(*plain, **kwargs).view(Counting)

    vae = VAE(784, 20, hidden=(500,), backend="numpy")
    for layers in (vae.encoder, vae.decoder):
        layers[:] = [(W.view(Counting), b) for W, b in layers]
    run, flops = bench.matrix_products(vae, numpy.zeros((100, 784), "float32").view(Counting))
    run()
    assert products == ["matmul"] * 11
    assert flops == operations


def test_the_report_has_all_that_is_asked_of_it(capsys, monkeypatch):
    monkeypatch.setattr(bench, "rate_of_a_large_product", lambda xp: 1234)
    bench.report("numpy", networks=(SMALL, bench.PAPER), batch_size=2, seconds=0.01)
    head, small, paper, end = capsys.readouterr().out.split("\n\n")
    assert "BLAS: " in head and "kernels " in head
    assert small.startswith("20-8-2-8-20, tanh, float32, batch 2\n") and paper.startswith("784-500-20-500-784, ")
    for table in (small, paper):
        lines = {line.split("  ")[1]: line for line in table.splitlines() if line.endswith(" x the products")}
        assert set(lines) == {"matrix products alone", "forward + backward", "Adam", "whole step"}
        assert "1.00 x" in lines["matrix products alone"]
        assert "examples/s" in table and "GFLOP/s" in table and "MB at most" in table
    assert "4096 x 4096 matrices: 1,234 GFLOP/s" in end


def test_the_report_says_what_was_measured(monkeypatch, capsys):
    """Every number of the table, from times and bytes that are known."""
    known = {"products": 2.0, "both_passes": 3.0, "adam_step": 1.0, "whole": 5.0}
    ran = []

    def milliseconds(part, xp):
        name = part.__name__
        ran.append(name)
        return known[name] + (90.0 if ran.count(name) == 5 else 0.0)        # one disturbed: the median ignores it
    monkeypatch.setattr(bench, "_milliseconds", milliseconds)
    monkeypatch.setattr(bench, "memory", lambda network, backend: (30_000_000, 15_000_000))
    monkeypatch.setattr(bench, "evaluation_of", lambda step, seconds: (1234.5, 2.6))
    monkeypatch.setattr(bench, "rate_of_a_large_product", lambda xp: 5)
    monkeypatch.setattr(bench, "better_kernels", lambda kernels: None)
    network = bench.Network(1000, 50, 5, 100)
    bench.report("numpy", networks=[network], seconds=0)
    flops = 2 * 100 * (3 * (1000 * 50 + 50 * 10 + 5 * 50 + 50 * 1000) - 1000 * 50)
    assert capsys.readouterr().out.split("\n\n")[1] == (
        "1000-50-5-50-1000, tanh, float32, batch 100\n"
        "  matrix products alone      2.000 ms    1.00 x the products\n"
        "  forward + backward         3.000 ms    1.50 x the products\n"
        "  Adam                       1.000 ms    0.50 x the products\n"
        "  whole step                 5.000 ms    2.50 x the products\n"
        f"  20,000 examples/s, not counting the preparation of batches; products {flops / 2e-3 / 1e9:,.0f} GFLOP/s\n"
        "  log p(x) with 1000 samples: 1,234 examples/s, page faults per example: 3\n"
        "  arrays take 30 MB at most, 2.00 x the size of parameters, Adam's memory, batch and activations")
    monkeypatch.setattr(bench, "evaluation_of", lambda step, seconds: (1234.5, None))
    known["whole"] = 2.5
    bench.report("numpy", networks=[network], seconds=0)
    out = capsys.readouterr().out
    assert "a part took longer than the whole: other work on this machine, or memory" in out
    assert "  log p(x) with 1000 samples: 1,234 examples/s\n" in out


def test_evaluation_is_timed_and_its_page_faults_are_counted(monkeypatch):
    asked, faults = [], iter([100, 130])
    monkeypatch.setattr(bench, "log_likelihood", lambda vae, x, rng, n_samples: asked.append((len(x), n_samples)))
    monkeypatch.setattr(bench, "_milliseconds", lambda part, xp: part() or 5.0)
    monkeypatch.setattr(bench, "_page_faults", lambda: next(faults))
    step = bench.Step(SMALL._replace(batch_size=12), "numpy")
    assert bench.evaluation_of(step, seconds=0) == (10 / 5e-3, 30 / (3 * 10)) and asked == [(10, 1000)] * 4
    monkeypatch.setattr(bench, "_page_faults", lambda: None)
    assert bench.evaluation_of(step, seconds=0)[1] is None


def test_the_report_says_which_vectors_numpy_uses(monkeypatch, capsys):
    found = {"SIMD Extensions": {"baseline": ["X86_V2"], "found": ["X86_V3", "X86_V4"], "not found": ["AVX512_ICL"]},
             "Build Dependencies": {"blas": {"name": "openblas"}}}
    monkeypatch.setattr(blas.numpy, "show_config", lambda mode: found)
    monkeypatch.setattr(bench, "rate_of_a_large_product", lambda xp: 1)
    monkeypatch.setattr(bench, "better_kernels", lambda kernels: None)
    bench.report("numpy", networks=())
    found["SIMD Extensions"]["found"] = ["X86_V3"]
    bench.report("numpy", networks=())
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("numpy")]
    assert [" with AVX-512, " in head for head in heads] == [True, False] and " without AVX-512, " in heads[1]


def test_the_parts_of_a_step_do_what_they_say():
    step = bench.Step(SMALL, "numpy")
    before = step.vae.parameters.flat.copy()
    step.both_passes()
    assert (step.vae.parameters.flat == before).all() and step.vae.gradients.flat.any()
    step.adam_step()
    assert step.adam.t == 1 and (step.vae.parameters.flat != before).any()
    step.vae.gradients.flat[...] = 0
    step.whole()
    assert step.adam.t == 2 and step.vae.gradients.flat.any()


def test_a_part_is_waited_for_before_and_after_it(monkeypatch):
    order = []
    monkeypatch.setattr(bench, "synchronize", lambda xp: order.append("wait"))
    assert 0 < bench._milliseconds(lambda: order.append("part") or bench.time.sleep(0.01), numpy) - 10 < 50
    assert order == ["wait", "part", "wait"]


def test_the_rate_of_a_product_counts_its_operations(monkeypatch):
    monkeypatch.setattr(bench, "_milliseconds", lambda part, xp: 2.0)
    assert bench.rate_of_a_large_product(numpy, n=100) == 2 * 100 ** 3 / 2e-3 / 1e9


def test_measure_takes_all_parts_in_turn():
    times = bench.measure(bench.Step(SMALL, "numpy"), seconds=0.05)
    assert all(milliseconds > 0 for milliseconds in times.values())
    assert times["whole step"] > times["Adam"]


@pytest.mark.parametrize("network", [bench.PAPER, bench.LARGE._replace(batch_size=256)])
def test_a_step_takes_at_most_two_and_a_half_times_the_memory_that_it_needs(network):
    peak, needed = bench.memory(network, "numpy")
    assert needed < peak < 2.5 * needed


def test_the_memory_that_is_needed_is_that_of_the_arrays():
    parameters = 20 * 8 + 8 + 8 * 4 + 4 + 2 * 8 + 8 + 8 * 20 + 20
    batch = 4 * (20 + 2)                        # x, ε
    activations = 4 * (8 + 4 + 2 + 8 + 20)      # tanh, h, z, tanh, a
    assert bench.memory(SMALL, "numpy")[1] == 4 * (3 * parameters + batch + activations)


def test_an_epoch_does_not_copy_the_data(rng):
    data = rng.random((5000, 784), dtype="float32")
    vae = VAE(784, 20, backend="numpy")
    adam = Adam(vae.parameters.flat)
    tracemalloc.start()
    list(training.train(vae, data, adam, 1, 500, rng, transform=datasets.binarize))
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < extra < data.nbytes


def test_the_kernels_that_numpy_uses_are_wide_enough_or_better_ones_are_named():
    assert blas.better_kernels("SkylakeX", {"X86_V4", "X86_V3"}) is None
    assert blas.better_kernels("Haswell", {"X86_V4", "X86_V3"}) == "SkylakeX"
    assert blas.better_kernels("Prescott", {"AVX512_SKX", "FMA3"}) == "SkylakeX"     # as older NumPys call them
    assert blas.better_kernels("Zen", {"X86_V3"}) is None
    assert blas.better_kernels("Sandybridge", {"X86_V3"}) == "Haswell"
    assert blas.better_kernels("Cooperlake", {"X86_V4"}) is blas.better_kernels("SapphireRapids", {"X86_V4"}) is None
    assert blas.better_kernels("Piledriver", {"AVX", "FMA3"}) is None       # FMA3, but not AVX2
    assert blas.better_kernels("Excavator", {"AVX2", "FMA3"}) is None
    assert blas.better_kernels("Nehalem", {"X86_V2"}) is None       # SkylakeX would be an illegal instruction
    assert blas.better_kernels("neoversen1", {"NEON"}) is None
    assert blas.better_kernels(None, {"X86_V4"}) is None
    found = blas.better_kernels(blas.blas().kernels)
    assert found in (None, "SkylakeX", "Haswell")


def test_the_advice_is_measured_and_says_why(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(bench, "_products_of_a_process",
                        lambda environment: asked.append(environment) or 4 - 2 * len(environment))
    monkeypatch.setattr(bench, "better_kernels", lambda kernels: "SkylakeX")
    monkeypatch.setattr(bench, "rate_of_a_large_product", lambda xp: 1)
    monkeypatch.setattr(bench, "blas", lambda: blas.Blas("openblas", "Haswell", 2))
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    bench.report("numpy", networks=())
    text = capsys.readouterr().out
    assert asked == [{}, {"OPENBLAS_CORETYPE": "SkylakeX"}]
    assert "OPENBLAS_CORETYPE=Haswell is set" in text
    assert "OPENBLAS_CORETYPE=SkylakeX the products of the paper's network take 0.50 times as long" in text
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    assert "chose Haswell" in blas.why_not("Haswell")


def test_the_products_of_a_process_of_its_own(monkeypatch):
    assert 0 < bench._products_of_a_process({}, seconds=0.05) < 1e5
    given = []
    monkeypatch.setattr(bench.subprocess, "run", lambda command, env, **_: given.append(env) or bench.sys.exit())
    with pytest.raises(SystemExit):
        bench._products_of_a_process({"OPENBLAS_CORETYPE": "Haswell"})
    assert given[0]["OPENBLAS_CORETYPE"] == "Haswell" and "PATH" in given[0]


def test_kernels_that_do_not_run_are_not_recommended(monkeypatch, capsys):
    def killed(variables):
        raise bench.subprocess.CalledProcessError(-4, "python")     # SIGILL
    monkeypatch.setattr(bench, "_products_of_a_process", killed)
    bench._print_advice("Haswell", "SkylakeX")
    assert capsys.readouterr().out == ""
