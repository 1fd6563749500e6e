"""Processor time of one thread, the least of some rounds: what a figure costs where nothing else runs."""

from collections.abc import Callable
from time import thread_time

ROUNDS = 5


def least_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the processor time of one call, the least of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = thread_time()
        work()
        best = min(best, thread_time() - start)
    return best
