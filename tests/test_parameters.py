import copy
import pickle

import numpy
import pytest

from minivae.errors import InputError
from minivae.parameters import Parameters

SHAPES = {"encoder.0.W": (3, 2), "encoder.0.b": (2,), "decoder.0.W": (2, 3), "decoder.0.b": (3,)}


def test_names_are_views_into_the_flat_vector():
    parameters = Parameters(SHAPES, numpy, "float32")
    assert parameters.flat.shape == (17,) and parameters.flat.dtype == "float32"
    parameters.flat[...] = numpy.arange(17)
    assert parameters["encoder.0.b"].tolist() == [6, 7]
    parameters["decoder.0.W"][...] = -1
    assert parameters.flat.tolist() == [0, 1, 2, 3, 4, 5, 6, 7] + [-1] * 6 + [14, 15, 16]
    assert parameters.names() == list(SHAPES)
    assert all(numpy.shares_memory(parameters[name], parameters.flat) for name in SHAPES)


def test_they_are_a_mapping():
    parameters = Parameters(SHAPES, numpy, "float32")
    assert list(parameters) == list(parameters.keys()) == list(SHAPES) and len(parameters) == 4
    assert {name: array.shape for name, array in parameters.items()} == SHAPES
    assert "encoder.0.W" in parameters and "encoder.1.W" not in parameters and parameters.get("encoder.1.W") is None
    assert parameters == parameters != Parameters(SHAPES, numpy, "float32") and {parameters: 1}[parameters] == 1
    assert repr(parameters) == ("Parameters(17 numbers, float32: encoder.0.W (3, 2), encoder.0.b (2,), "
                                "decoder.0.W (2, 3), decoder.0.b (3,))")


def test_layers_come_in_pairs():
    parameters = Parameters(SHAPES, numpy, "float64")
    (W, b), = parameters.layers("decoder")
    assert W is parameters["decoder.0.W"] and b is parameters["decoder.0.b"]


def test_parts_are_neighbouring_slices():
    parameters = Parameters({**SHAPES, "likelihood.s": (1,)}, numpy, "float64")
    assert parameters.part("encoder") == slice(0, 8) and parameters.part("decoder", "likelihood") == slice(8, 18)


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(InputError, match="^no parameter 'encoder.W'; there are encoder.0.W, encoder.0.b"):
        Parameters(SHAPES, numpy, "float64")["encoder.W"]


def test_names_that_begin_alike_are_told_apart():
    shapes = {"encoder.0.W": (3, 2), "encoder.0.b": (2,), "encoder2.0.W": (2, 3), "encoder2.0.b": (3,)}
    parameters = Parameters(shapes, numpy, "float64")
    assert len(parameters.layers("encoder")) == 1 and parameters.part("encoder") == slice(0, 8)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda parameters: pickle.loads(pickle.dumps(parameters))])
def test_the_names_of_a_copy_are_views_into_its_own_vector(duplicate):
    parameters = Parameters(SHAPES, numpy, "float32")
    parameters.flat[...] = numpy.arange(17)
    twin = duplicate(parameters)
    assert twin.flat.tolist() == list(range(17)) and twin.flat.dtype == "float32"
    assert numpy.shares_memory(twin.flat, parameters.flat) == (duplicate is copy.copy)
    twin.flat[6:8] = -1
    assert twin["encoder.0.b"].tolist() == [-1, -1] and twin.names() == list(SHAPES) and twin.part("encoder") == slice(0, 8)
    (W, _), = twin.layers("decoder")
    assert numpy.shares_memory(W, twin.flat) and len(pickle.dumps(twin)) < len(pickle.dumps(twin.flat)) + 400
