"""The bank, put together: see test_bank.py."""

from . import bugs, inference, networks, parts, training

MISTAKES = [entry for part in (networks, parts, training, inference, bugs) for entry in part.MISTAKES]
RIGHT = [entry for part in (networks, parts, training, inference, bugs) for entry in part.RIGHT]
REFUSED = [entry for part in (networks, parts, training, inference, bugs) for entry in part.REFUSED]
