"""Price thresholds: rows that want to know when a price is beneath, or not beneath, a number of theirs.

    falling: passed while price < threshold        rising: passed while price >= threshold

Edges of margin tiers, bands and ticks, and stop prices are such. Each price has a trigger line a side. Keys of floats
never fall as the integers rise, so whoever passed is among those whose key the price reached; the integers then decide.
A price that is unknown, or not positive, passes nothing: it is for whoever needs it to be wary of that.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.monitor.compilation import compiled
from seawall.monitor.trigger_kernels import move_chunks_nb
from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN, key_of
from seawall.monitor.trigger_lines import (
    CHUNK,
    HELD,
    OWN_COLUMNS,
    Lines,
    add_line,
    bucket_at,
    buckets_between,
    empty_lines,
    first_chunk,
    free_chunks,
    insert_trigger,
    is_crowded,
    least_key,
    make_chunk_room,
    make_finer_room,
    remove_trigger,
)
from seawall.units import Price

Array = NDArray[Any]

HIGHEST: Final = OWN_COLUMNS
"""The column of a line's table that bounds its keys from above."""

_BEYOND: Final = KEY_MAX + 1
_ENTRIES_MIN: Final = 64
_MOVED_EACH: Final = 8
"""Chunks of a crowded line that are moved with each trigger that comes."""


class Threshold(NamedTuple):
    """A threshold of one of the prices, by its number; positive."""

    number: int
    threshold: Price
    is_rising: bool


class PriceThresholds:
    """Thresholds by row; they stay until the row's are set anew."""

    def __init__(self) -> None:
        self._lines = empty_lines()
        self._line_of: dict[tuple[int, bool], int] = {}
        self._position = np.zeros(0, np.int64)
        self._back = np.zeros(_ENTRIES_MIN, np.int32)
        self._found = np.zeros(_ENTRIES_MIN, np.int32)
        self._owners: list[int] = []
        self._held: list[Threshold] = []
        self._free: list[int] = []
        self._entries: dict[int, list[int]] = {}

    def set_row(self, row: int, thresholds: Iterable[Threshold]) -> None:
        """Give a row these thresholds in place of those that it has; none lets it go."""
        for entry in self._entries.pop(row, ()):
            remove_nb(self._lines, self._back[entry], self._back)
            self._free.append(entry)
        entries = [self._add(row, threshold) for threshold in thresholds]
        if entries:
            self._entries[row] = entries

    def passed(self, prices: Sequence[Price | None]) -> list[int]:
        """Return, ascending, the rows of which a threshold is passed at these prices."""
        for (number, is_rising), line in self._line_of.items():
            price = prices[number]
            self._position[line] = _BEYOND if price is None or price <= 0 else _key(price, is_rising)
        count = reached_nb(self._lines, self._position, self._found)
        rows = set()
        for entry in self._found[:count].tolist():
            threshold, price = self._held[entry], prices[self._held[entry].number]
            assert price is not None
            if (price >= threshold.threshold) == threshold.is_rising:
                rows.add(self._owners[entry])
        return sorted(rows)

    def _add(self, row: int, threshold: Threshold) -> int:
        assert threshold.threshold > 0, threshold
        if self._free:
            entry = self._free.pop()
            self._owners[entry], self._held[entry] = row, threshold
        else:
            entry = len(self._owners)
            self._owners.append(row)
            self._held.append(threshold)
            if entry == self._back.size:
                self._back = np.resize(self._back, 2 * entry)
                self._found = np.zeros(2 * entry, np.int32)
        if not free_chunks(self._lines):
            make_chunk_room(self._lines, 1)
        key = _key(threshold.threshold, threshold.is_rising)
        line = self._line(threshold)
        insert_nb(self._lines, line, key, entry, self._back)
        if is_crowded(self._lines.table[line]):
            make_finer_room(self._lines, line)
            move_chunks_nb(self._lines, line, _MOVED_EACH, self._back)
        return entry

    def _line(self, threshold: Threshold) -> int:
        """Return the line of a threshold."""
        line = self._line_of.get((threshold.number, threshold.is_rising))
        if line is None:
            line = self._line_of[threshold.number, threshold.is_rising] = add_line(self._lines, 0)
            self._lines.table[line, HIGHEST] = KEY_MIN
            self._position = np.full(line + 1, _BEYOND, np.int64)
        return line


def _key(price: Price, is_rising: bool) -> int:
    key = key_of(float(price))
    return -key if is_rising else key


def insert_py(lines: Lines, line: int, key: int, owner: int, back: Array) -> None:
    """Add a trigger; there must be a free chunk."""
    insert_trigger(lines, line, key, owner, back)
    lines.table[line, HIGHEST] = max(lines.table[line, HIGHEST], key)


def remove_py(lines: Lines, entry: int, back: Array) -> None:
    """Remove the trigger at a place."""
    remove_trigger(lines, entry, back)


def reached_py(lines: Lines, position: Array, found: Array) -> int:
    """Write the owners of all triggers at or above their line's position into `found` and return their number.

    Shapes: position (n_lines,), found (at least as many as there are triggers,).
    """
    count = 0
    for line in range(lines.table.shape[0]):
        if lines.table[line, HELD] == 0 or lines.table[line, HIGHEST] < position[line]:
            continue
        first, windows, buckets = buckets_between(lines, line, position[line], lines.table[line, HIGHEST])
        highest = least_key(lines, line, first) - 1
        for nth in range(buckets):
            chunk, fill = first_chunk(lines, bucket_at(lines, line, first, windows, nth))
            while chunk:
                for lane in range(fill):
                    key = int(lines.chunk[chunk, lane])
                    highest = max(highest, key)
                    if key >= position[line]:
                        found[count] = lines.chunk[chunk, CHUNK + lane]
                        count += 1
                chunk, fill = int(lines.link[chunk, 0]), CHUNK
        lines.table[line, HIGHEST] = max(highest, KEY_MIN)
    return count


insert_nb = compiled(insert_py)
remove_nb = compiled(remove_py)
reached_nb = compiled(reached_py)
