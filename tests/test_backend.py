import re
import sys
import types

import numpy
import pytest

import strict_cupy
from minivae import backend


def test_get_xp_knows_numpy_arrays_scalars_and_subclasses():
    class Mine(numpy.ndarray):
        pass
    assert backend.get_xp(numpy.ones(2), numpy.float32(1), numpy.ones(2).view(Mine)) is numpy


def test_get_xp_knows_cupy_arrays_and_names_both_in_a_mixture(cupy_stand_in):
    device = cupy_stand_in.ones(2)
    assert backend.get_xp(device, device) is cupy_stand_in
    with pytest.raises(TypeError, match="NumPy and CuPy.*mixed"):
        backend.get_xp(device, numpy.ones(2))


def test_get_xp_refuses_what_is_no_array():
    with pytest.raises(TypeError, match=r"not list: \[1, 2\]"):
        backend.get_xp([1, 2])


def test_array_module_by_name(cupy_stand_in):
    assert backend.array_module("numpy") is numpy
    assert backend.array_module("cupy") is cupy_stand_in
    assert backend.array_module("auto") is cupy_stand_in
    with pytest.raises(ValueError, match="unknown backend 'torch'"):
        backend.array_module("torch")


def cupy_that_fails(message):
    def ones(*args, **kwargs):
        raise RuntimeError(message)
    return types.SimpleNamespace(ones=ones)


NO_TOOLKIT = "libnvrtc.so.13: cannot open shared object file"


@pytest.mark.parametrize("module, reason", [
    (None, "can't be loaded.*pip install \"cupy-cuda13x\\[ctk\\]\""),
    (cupy_that_fails(f"CuPy failed to load libnvrtc.so.13: OSError: {NO_TOOLKIT}"), f"{NO_TOOLKIT}.*pip install \"cupy"),
    (cupy_that_fails("cudaErrorInsufficientDriver: CUDA driver version is insufficient"), "no NVIDIA driver"),
    (cupy_that_fails("cudaErrorNoDevice: no CUDA-capable device is detected"), "no GPU is visible"),
    (cupy_that_fails("out of cheese"), "RuntimeError: out of cheese"),
    (types.SimpleNamespace(ones=lambda *a, **k: numpy.full((2, 2), 3.0)), "wrong matrix product"),
])
def test_cupy_that_does_not_work_is_refused_with_the_reason_and_auto_falls_back(monkeypatch, capsys, module, reason):
    monkeypatch.setitem(sys.modules, "cupy", module)
    backend.say_once.cache_clear()
    assert backend.array_module("auto") is numpy is backend.array_module("auto")
    told = capsys.readouterr().err
    with pytest.raises(backend.BackendUnavailable, match=reason) as caught:
        backend.array_module("cupy")
    assert "numpy" in str(caught.value), "no remedy"
    if module is None:
        assert told == "", "CuPy is not installed: nobody expects it to be used"
    else:
        assert re.fullmatch(f"minivae: NumPy is used, because CuPy can't be used: .*{reason}.*\n", told), "one line, told once"


def test_an_import_error_of_cupys_own_is_told_in_one_line(monkeypatch, tmp_path, capsys):
    (tmp_path / "cupy.py").write_text(f"raise ImportError('=====\\nFailed to import CuPy.\\n\\nOriginal error:\\n  ImportError: {NO_TOOLKIT}')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    backend.say_once.cache_clear()
    assert backend.array_module("auto") is numpy
    assert re.fullmatch(rf"minivae: .* \(ImportError: {NO_TOOLKIT}\); install .*\n", capsys.readouterr().err)


def test_to_numpy_and_synchronize(cupy_stand_in):
    a = numpy.arange(3.0)
    assert backend.to_numpy(a) is a
    assert backend.to_numpy(cupy_stand_in.asarray(a)).tolist() == [0, 1, 2]
    backend.synchronize(numpy)
    backend.synchronize(cupy_stand_in)


def test_blocks_are_views_that_together_are_all(cupy_stand_in):
    a, b = numpy.arange(9), numpy.arange(9) ** 2
    blocks = list(backend.cache_blocks(a, b, size=4))
    assert [len(x) for x, _ in blocks] == [4, 4, 1] and all(numpy.may_share_memory(x, a) for x, _ in blocks)
    assert [numpy.concatenate(part).tolist() for part in zip(*blocks)] == [a.tolist(), b.tolist()]
    (there,), = backend.cache_blocks(cupy_stand_in.ones(10), size=4)
    assert there.shape == (10,)


@backend.fused
def both(x, y):
    return inner(x) * y + 1


@backend.fused
def inner(x):
    return backend.get_xp(x).exp(x) - 1


def test_a_fused_function_is_one_kernel_on_the_device(cupy_stand_in):
    x, y = numpy.linspace(-1, 1, 6).reshape(2, 3), numpy.arange(3.0)
    expected = (numpy.exp(x) - 1) * y + 1
    assert both.__name__ == "both" and both(x, y).tolist() == expected.tolist()
    before = strict_cupy.launches
    result = both(cupy_stand_in.asarray(x), cupy_stand_in.asarray(y))
    assert strict_cupy.launches == before + 1 and result.get().tolist() == expected.tolist()
    inner(cupy_stand_in.asarray(x))
    assert strict_cupy.launches == before + 2


def test_a_kernel_is_made_once(cupy_stand_in, monkeypatch):
    made, fuse = [], cupy_stand_in.fuse
    monkeypatch.setattr(type(cupy_stand_in), "fuse", staticmethod(lambda kernel_name: made.append(kernel_name) or fuse(kernel_name)))
    twice = backend.fused(lambda x, y: x + y * y)
    for _ in range(3):
        assert twice(cupy_stand_in.ones(3), 2).get().tolist() == [5, 5, 5]
    assert made == ["<lambda>"]


@pytest.mark.parametrize("function", [lambda x: x.sum(), lambda x: x @ x, lambda x: x[0], lambda x: x.reshape(-1),
                                      lambda x: backend.get_xp(x).concatenate([x, x])])
def test_the_stand_in_fuses_only_what_cupy_can(cupy_stand_in, function):
    x = cupy_stand_in.ones((2, 2))
    function(x)
    with pytest.raises(TypeError, match="cupy.fuse makes one kernel of elementwise operations"):
        backend.fused(function)(x)
    with pytest.raises(TypeError):
        both(x, numpy.ones(2))


# The stand-in has to be strict, or what follows proves nothing.

def test_the_stand_in_refuses_what_would_leak(cupy_stand_in):
    device = cupy_stand_in.ones(3)
    for leak in (lambda: device + numpy.ones(3), lambda: numpy.ones(3) * device, lambda: numpy.exp(device),
                 lambda: numpy.concatenate([device, device]), lambda: numpy.asarray(device),
                 lambda: cupy_stand_in.exp(numpy.ones(3)), lambda: device.__setitem__(slice(1), numpy.ones(1)),
                 lambda: device.__setitem__(device > 0, 0.0), lambda: device[numpy.array([0, 1])]):
        with pytest.raises(TypeError):
            leak()
    for name in ("errstate", "concat", "vecdot", "matrix_transpose", "trapezoid"):
        with pytest.raises(AttributeError, match="CuPy 13 has no"):
            getattr(cupy_stand_in, name)
