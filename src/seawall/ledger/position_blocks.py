"""Blocks of positions: where in three long columns the positions of each account lie, and where there is a gap.

A block is a stretch that belongs to one account. What an account leaves joins the gaps beside it, and the next block goes
into the shortest gap that holds it, so that a book in use neither grows without bound nor ever has to be closed up at one
blow. Each step costs the same however many blocks there are, and growth moves pages and copies nothing.

A gap says of itself, in the columns that it lies in, how long it is (low, at both its ends) and which gaps of its length come
before and after it (high, at its beginning); its two ends hold no slot but GAP. The ends of a block never do.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ABSENT: Final = -1
GAP: Final = 0xFFFF
LENGTH_MAX: Final = 255
"""Positions in the longest block; longer gaps are kept as one kind."""
_LONG: Final = LENGTH_MAX + 1
_NEXT: Final = 32
_MASK: Final = (1 << _NEXT) - 1

Column = NDArray[Any]


class PositionBlocks:
    """Columns of slots and of the two limbs of balances; `used` is the end of the last block."""

    def __init__(self, capacity: int) -> None:
        self.used = 0
        self.slot, self.low, self.high = np.zeros(capacity, np.uint16), *(np.zeros(capacity, np.uint64) for _ in "12")
        self._set_views()
        self._first_gap = [ABSENT] * (_LONG + 1)
        self._lengths_there = 0

    def _set_views(self) -> None:
        self.slots, self.lows, self.highs = self.slot.data, self.low.data, self.high.data

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return int(self.slot.nbytes + self.low.nbytes + self.high.nbytes)

    def reach(self, stop: int) -> None:
        """See that the columns reach to `stop`; what was taken from them before, by others, is no longer good."""
        if stop > self.slot.size:
            size = stop if not self.used else max(stop, grown(self.slot.size))
            for view in (self.slots, self.lows, self.highs):
                view.release()
            self.slot, self.low, self.high = (lengthened(each, size) for each in (self.slot, self.low, self.high))
            self._set_views()

    def take(self, length: int) -> int:
        """Return the start of a block of this length that is nobody's now."""
        fitting = self._lengths_there >> length
        if not fitting:
            start = self.used
            self.reach(start + length)
            self.used = start + length
        else:
            kind = length + (fitting & -fitting).bit_length() - 1
            start = self._first_gap[kind]
            self._shorten(start, length)
        self.slots[start] = self.slots[start + length - 1] = 0
        return start

    def lengthen(self, start: int, length: int) -> bool:
        """Make a block one longer where it lies; return False where another one is in the way."""
        end = start + length
        if end == self.used:
            self.reach(end + 1)
            self.used = end + 1
        elif self.slots[end] == GAP:
            self._shorten(end, 1)
        else:
            return False
        self.slots[end] = 0
        return True

    def give_back(self, start: int, length: int) -> None:
        """Let a block, or the end of one, be a gap, together with those on both its sides."""
        end = start + length
        if start and self.slots[start - 1] == GAP:
            start -= self.lows[start - 1]
            self._unlink(start)
        if end == self.used:
            self.used = start
            return
        if self.slots[end] == GAP:
            self._unlink(end)
            end += self.lows[end]
        self._link(start, end - start)

    def copy(self, source: int, target: int, count: int) -> None:
        """Copy `count` positions to where they do not overlap."""
        for view in (self.slots, self.lows, self.highs):
            view[target : target + count] = view[source : source + count]

    def _shorten(self, start: int, length: int) -> None:
        """Take `length` positions from the beginning of a gap."""
        left = self.lows[start] - length
        self._unlink(start)
        if left:
            self._link(start + length, left)

    def _link(self, start: int, length: int) -> None:
        kind = min(length, _LONG)
        following = self._first_gap[kind]
        end = start + length - 1
        self.slots[start] = self.slots[end] = GAP
        self.lows[start] = self.lows[end] = length
        self.highs[start] = following + 1 << _NEXT
        if following != ABSENT:
            self.highs[following] = self.highs[following] & ~_MASK | start + 1
        self._first_gap[kind] = start
        self._lengths_there |= 1 << kind

    def _unlink(self, start: int) -> None:
        kind = min(self.lows[start], _LONG)
        links = self.highs[start]
        following, before = (links >> _NEXT) - 1, (links & _MASK) - 1
        if following != ABSENT:
            self.highs[following] = self.highs[following] & ~_MASK | before + 1
        if before != ABSENT:
            self.highs[before] = self.highs[before] & _MASK | following + 1 << _NEXT
        else:
            self._first_gap[kind] = following
            if following == ABSENT:
                self._lengths_there &= ~(1 << kind)


def lengthened(column: Column, size: int) -> Column:
    """Return a column of `size` entries, zeros after those of `column`, which must not be read again.

    The system moves the pages: nothing is copied.
    """
    owner = column if column.base is None else column.base
    owner.resize(size, refcheck=False)
    # A new view each time, so that whoever compares columns by identity sees that this one moved.
    grown_one: Column = owner[:]
    return grown_one


def grown(size: int) -> int:
    """Return the next capacity after `size`: an eighth more, but never so much that to clear it takes milliseconds."""
    return size + min(size >> 3, _GROWN_MOST) + _GROWN_LEAST


_GROWN_MOST: Final = 1 << 19
_GROWN_LEAST: Final = 16
