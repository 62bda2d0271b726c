"""Several pieces of work at the same time: while NumPy computes in one thread, Python runs the others."""

import collections
from concurrent.futures import ThreadPoolExecutor

import numpy


def in_threads(function, pieces, threads):
    """Yield function(*piece) for each piece, in their order; `threads` of them are computed at the same time.

    pieces may be a generator: it is asked for the next piece when a thread is nearly free.
    """
    state = numpy.geterr()      # another thread would start with NumPy's defaults

    def call(piece):
        with numpy.errstate(**state):
            return function(*piece)

    if threads == 1:
        yield from map(call, pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = collections.deque()
        for piece in pieces:
            waiting.append(pool.submit(call, piece))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
