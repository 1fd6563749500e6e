"""Columns of natural numbers in limbs, (n_rows, n_limbs) uint64, the least limb first: in order, joined, and as bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import div_up
from seawall.monitor.limbs import BITS, limbs_of

Array = NDArray[Any]

_LIMB_BYTES = 8


def packed(numbers: Array) -> bytes:
    """Return the numbers as `integer_column.column_of` does."""
    if numbers.shape[0] == 0:
        return b""
    limbs = _used(numbers)
    largest = int(numbers[:, limbs - 1].max())
    width = max(1, (limbs - 1) * _LIMB_BYTES + div_up(largest.bit_length(), 8))
    return np.ascontiguousarray(numbers, "<u8").view(np.uint8)[:, :width].tobytes()


def joined(numbers: Array, more: Sequence[int]) -> Array:
    """Return the column with more numbers at its end, as wide as they need."""
    limbs = max(numbers.shape[1], div_up(max(more, default=0).bit_length(), BITS))
    column = np.zeros((numbers.shape[0] + len(more), limbs), np.uint64)
    column[: numbers.shape[0], : numbers.shape[1]] = numbers
    for nth, number in enumerate(more, numbers.shape[0]):
        column[nth] = limbs_of(number, limbs)
    return column


def worst_first(priorities: Array, keys: Array) -> Array:
    """Return the places of the priorities from the largest on; equals in order of their keys, (n_rows, width) bytes."""
    falling = [~priorities[:, nth] for nth in range(_used(priorities))]
    order: Array = np.lexsort(falling)
    is_equal = np.ones(max(0, order.size - 1), np.bool_)
    for limb in falling:
        ranked = limb[order]
        is_equal &= ranked[1:] == ranked[:-1]
    if is_equal.any():
        order = np.lexsort([*_words(keys)[::-1], *falling])
    return order


def _used(numbers: Array) -> int:
    """Return how many limbs hold anything, at least one."""
    held = [nth + 1 for nth in range(1, numbers.shape[1]) if numbers[:, nth].any()]
    return max(held, default=1)


def _words(keys: Array) -> list[Array]:
    """Return keys as columns of words, the first bytes first, which compare as the bytes do."""
    padded = np.zeros((keys.shape[0], div_up(keys.shape[1], _LIMB_BYTES) * _LIMB_BYTES), np.uint8)
    padded[:, : keys.shape[1]] = keys
    return list(padded.view(">u8").astype(np.uint64).T)
