"""Several pieces of work at the same time: while NumPy computes in one thread, Python runs the others."""

import collections
from concurrent.futures import ThreadPoolExecutor

import numpy


def in_threads(function, pieces, threads):
    """Yield function(*piece) for each piece, in their order; `threads` of them are computed at the same time.

    pieces may be a generator: at most threads + 1 pieces are taken ahead.
    """
    state = {**numpy.geterr(), "call": numpy.geterrcall()}      # other threads would have NumPy's defaults

    def call(piece):
        with numpy.errstate(**state):
            return function(*piece)

    if threads == 1:
        for piece in pieces:
            yield call(piece)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = collections.deque()
        for piece in pieces:
            waiting.append(pool.submit(call, piece))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
