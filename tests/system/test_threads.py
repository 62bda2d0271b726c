"""Several pieces at the same time, in their order."""

import threading

import numpy
import pytest

from minivae.system.threads import in_threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_pieces(threads):
    wait = threading.Event().wait
    assert list(in_threads(lambda i, pause: wait(pause) or i, [(0, 0.02), (1, 0), (2, 0.01), (3, 0)], threads)) == [0, 1, 2, 3]
    assert list(in_threads(abs, [], threads)) == []


def test_as_many_pieces_as_threads_are_computed_at_the_same_time():
    together = threading.Barrier(3, timeout=10)     # broken unless three wait at once
    assert sorted(in_threads(lambda i: together.wait(), [(i,) for i in range(6)], 3)) == [0, 0, 1, 1, 2, 2]


def test_with_one_thread_nothing_runs_elsewhere():
    assert set(in_threads(lambda i: threading.current_thread(), [(0,), (1,)], 1)) == {threading.current_thread()}


def test_pieces_are_asked_for_only_when_they_are_needed():
    asked = []
    results = in_threads(lambda i: i, ((asked.append(i) or i,) for i in range(100)), 2)
    assert next(results) == 0 and len(asked) == 3


def test_an_error_in_a_piece_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda i: 1 // i, [(1,), (0,), (1,)], 2))


@pytest.mark.filterwarnings("error")
def test_numpys_settings_hold_in_all_threads():
    with numpy.errstate(divide="ignore"):
        assert list(in_threads(lambda a: 1 / a, [(numpy.zeros(1),)] * 3, 2)) == [numpy.inf] * 3
    with pytest.raises(FloatingPointError), numpy.errstate(divide="raise"):
        list(in_threads(lambda a: 1 / a, [(numpy.zeros(1),)] * 3, 2))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_function_of_the_callers_hears_of_errors_in_all_threads(threads):
    heard = []
    with numpy.errstate(divide="call", call=lambda kind, flag: heard.append(kind)):
        list(in_threads(lambda a: 1 / a, [(numpy.zeros(1),)] * 3, threads))
    assert len(heard) == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_a_piece_that_stops_early_is_an_error(threads):
    with pytest.raises((StopIteration, RuntimeError)):
        list(in_threads(lambda i: next(iter(())), [(0,), (1,)], threads))
