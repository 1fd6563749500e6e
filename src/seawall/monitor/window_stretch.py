"""Stretches: the triggers of a ratio line around its window, copied and in order, so that a tick reads them in a row.

A tick passes over a few of the thousands of triggers in the buckets that the window moves through. A stretch holds all
triggers of a line with keys in FROM..TO, sorted, as key * 2**32 + row; between events it is made anew for the next few
moves. A trigger that comes or goes within FROM..TO, and a window that leaves it, make it void: then the line's
buckets are walked instead, and the answer is the same.

`table` has a row a line: where its entries START, for how many there is room (CAPACITY), how many there are (COUNT) and were
last wanted (WANTED), AT, the first with a key not below the window, and FROM and TO, which are empty where it is void.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN
from seawall.monitor.trigger_lines import (
    CHUNK,
    SIZE,
    Lines,
    bucket_at,
    buckets_between,
    first_chunk,
    greatest_key,
    least_key,
)

Array = NDArray[Any]

START: Final = 0
CAPACITY: Final = 1
COUNT: Final = 2
WANTED: Final = 3
AT: Final = 4
FROM: Final = 5
TO: Final = 6
_COLUMNS: Final = 7

_ROW_BITS: Final = 32
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
_KEYS_PER_UNIT: Final = 1.5 * 2.0**20
"""Keys by which a price moves when it grows by its own size: between 2**20 and 2**21."""

KEPT: Final = 2.5
"""The usual moves of the ratio, on each side of the window, for which a stretch is good."""
MADE: Final = 4.0
"""The usual moves for which it is made."""
ENTRIES_MAX: Final = 1 << 17
"""More triggers than these are left to the buckets: sorting them would hold up what waits."""


class Stretches(NamedTuple):
    """The stretches' table (n_lines, 7) and the entries of all of them; both grow in place."""

    table: Array
    entry: Array


def no_stretches() -> Stretches:
    """Return no line's stretch."""
    return Stretches(np.zeros((0, _COLUMNS), np.int64), np.zeros(0, np.int64))


def add_stretch(stretches: Stretches) -> None:
    """Add the next line's stretch, void."""
    line = stretches.table.shape[0]
    stretches.table.resize((line + 1, _COLUMNS), refcheck=False)
    void(stretches, line)


def lacks_stretch_room(stretches: Stretches) -> bool:
    """Return whether a stretch was left void for want of room."""
    return bool((stretches.table[:, WANTED] > stretches.table[:, CAPACITY]).any())


def make_stretch_room(stretches: Stretches) -> None:
    """Give every stretch room for what it wanted last, in place: behind all others where it has too little."""
    for line in np.flatnonzero(stretches.table[:, WANTED] > stretches.table[:, CAPACITY]):
        start, capacity = stretches.entry.size, 2 * int(stretches.table[line, WANTED])
        stretches.entry.resize(start + capacity, refcheck=False)
        stretches.table[line, START], stretches.table[line, CAPACITY] = start, capacity


@register_jitable(forceinline=True)
def void(stretches: Stretches, line: int) -> None:
    """Leave a line to its buckets until its stretch is made anew."""
    stretches.table[line, FROM], stretches.table[line, TO] = KEY_MAX, KEY_MIN


@register_jitable(forceinline=True)
def void_within(stretches: Stretches, line: int, key: int) -> None:
    """Take note that a trigger with this key comes or goes."""
    if stretches.table[line, FROM] <= key <= stretches.table[line, TO]:
        void(stretches, line)


@register_jitable(forceinline=True)
def covers(stretches: Stretches, line: int, lowest: int, highest: int) -> bool:
    """Return whether a line's stretch holds all triggers with keys in lowest..highest."""
    return bool(stretches.table[line, FROM] <= lowest and highest <= stretches.table[line, TO])


@register_jitable(forceinline=True)
def key_in(entry: int) -> int:
    """Return the key in an entry."""
    return int(entry) >> _ROW_BITS


@register_jitable(forceinline=True)
def row_in(entry: int) -> int:
    """Return the row in an entry."""
    return int(entry) & _ROW_MASK


@register_jitable(forceinline=True)
def is_worn(stretches: Stretches, line: int, low: int, high: int, scale_f64: float) -> bool:
    """Return whether the window may leave the stretch with the next moves, `scale_f64` being a usual one."""
    kept = int(KEPT * scale_f64 * _KEYS_PER_UNIT)
    return not covers(stretches, line, low - kept, high + kept)


@register_jitable(forceinline=True)
def renew_stretch(stretches: Stretches, lines: Lines, line: int, low: int, high: int, scale_f64: float) -> None:
    """Make a stretch around the window, or leave it void where there are too many or too little room; that is noted."""
    table, entries = stretches.table, stretches.entry
    void(stretches, line)
    made = int(MADE * scale_f64 * _KEYS_PER_UNIT)
    first, windows, buckets = buckets_between(lines, line, low - made, high + made)
    wanted = 0
    for nth in range(buckets):
        chunk, fill = first_chunk(lines, bucket_at(lines, line, first, windows, nth))
        while chunk and wanted <= ENTRIES_MAX:
            wanted += fill
            chunk, fill = int(lines.link[chunk, 0]), CHUNK
    if wanted > ENTRIES_MAX or windows == lines.table[line, SIZE]:
        return
    table[line, WANTED] = wanted
    if wanted > table[line, CAPACITY]:
        return
    start = int(table[line, START])
    lowest, highest = least_key(lines, line, first), greatest_key(lines, line, first + windows - 1)
    end = start
    for nth in range(buckets):
        begin = end
        chunk, fill = first_chunk(lines, bucket_at(lines, line, first, windows, nth))
        while chunk:
            for lane in range(fill):
                key, row = int(lines.chunk[chunk, lane]), int(lines.chunk[chunk, CHUNK + lane])
                entries[end] = (key << _ROW_BITS) + row
                end += lowest <= key <= highest
            chunk, fill = int(lines.link[chunk, 0]), CHUNK
        entries[begin:end].sort()
    if buckets > windows:
        # While the line is moved its finer buckets come after its own.
        entries[start:end].sort()
    at = start
    while at < end and key_in(entries[at]) < low:
        at += 1
    table[line, COUNT], table[line, AT] = end - start, at
    table[line, FROM], table[line, TO] = lowest, highest
