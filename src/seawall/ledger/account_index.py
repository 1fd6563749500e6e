"""Where in the book an account lies: an open-addressing table of rows over the keys that the book holds.

The table stores no key, only rows, and compares through the column of keys: 8 to 16 bytes an account instead
of the 190 that a dictionary of byte strings takes. All words of a key are folded into one and multiplied
(Fibonacci hashing), since names are padded at the end and addresses may share their beginning; keys that
collide on purpose cost a longer walk, nothing else. Inside the frontier: the order of rows in the table
decides nothing.

It never grows at one blow: a table of twice the size comes up beside the old one, which is gone through cell by cell, four
for each account that comes in. Who belongs where that has been goes into the new one, others still into the old; both
are filled from their beginning, so that no more memory is touched at once than rows move.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import div_down, div_up

ABSENT: Final = -1
_FIBONACCI: Final = 0x9E3779B97F4A7C15
_MASK_64: Final = (1 << 64) - 1
_SMALLEST_BITS: Final = 6
_CELLS_PER_ACCOUNT: Final = 4
_ACCOUNTS_PER_MOVE: Final = 256
_PLACED_AT_ONCE: Final = 1 << 16

Column = NDArray[Any]


class _Table:
    """Rows plus one at the places of their keys; zero is free, so that a fresh table costs no memory before it is used."""

    __slots__ = ("cells", "mask", "shift", "view")

    def __init__(self, bits: int) -> None:
        self.shift = 64 - bits
        self.mask = (1 << bits) - 1
        self.cells = np.zeros(1 << bits, dtype=np.int32)
        self.view = self.cells.data

    def has_room(self, count: int) -> bool:
        """Return whether the table is at most half full with `count` accounts."""
        return 2 * count <= self.mask

    def find(self, account: bytes, mixed: int, keys: bytearray) -> int:
        """Return the row whose key is `account`, or ABSENT."""
        view, mask, width = self.view, self.mask, len(account)
        at = mixed >> self.shift
        while True:
            row = view[at] - 1
            if row == ABSENT or keys[row * width : row * width + width] == account:
                return row
            at = (at + 1) & mask

    def find_all(self, wanted: Column, mixed: Column, standing: Column) -> Column:
        """Return the rows of many keys, all of them walked one step at a time."""
        at = (mixed >> np.uint64(self.shift)).astype(np.int64)
        rows = self.cells[at] - 1
        open_ones = np.flatnonzero((rows != ABSENT) & (standing[rows] != wanted))
        while open_ones.size:
            at[open_ones] = (at[open_ones] + 1) & self.mask
            there = self.cells[at[open_ones]] - 1
            rows[open_ones] = there
            open_ones = open_ones[(there != ABSENT) & (standing[there] != wanted[open_ones])]
        return rows

    def place(self, mixed: int, row: int) -> None:
        """Put a row, whose key is not in the table, where it is free."""
        at = mixed >> self.shift
        while self.view[at]:
            at = (at + 1) & self.mask
        self.view[at] = row + 1

    def place_all(self, mixed: Column, rows: Column) -> None:
        """Place many rows: every round writes where it is free and moves the rest one step on."""
        at, cells = (mixed >> np.uint64(self.shift)).astype(np.int64), rows + np.int32(1)
        while cells.size:
            free = self.cells[at] == 0
            self.cells[at[free]] = cells[free]
            placed = self.cells[at] == cells
            at, cells = (at[~placed] + 1) & self.mask, cells[~placed]


class AccountIndex:
    """Rows by account; about half full at most, so that a probe ends after one or two steps."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._count = 0
        self._table = _Table(_SMALLEST_BITS)
        self._old: _Table | None = None
        self._cells_done = 0

    def find(self, account: bytes, keys: bytearray) -> int:
        """Return the row whose key in `keys` is `account`, or ABSENT."""
        mixed = mixed_bits(account)
        row = self._table.find(account, mixed, keys)
        return self._old.find(account, mixed, keys) if row == ABSENT and self._old is not None else row

    def find_all(self, accounts: bytes, keys: bytearray) -> list[int]:
        """Return the row of each of many accounts, ABSENT for those that are not there."""
        count = div_down(len(accounts), self._width)
        if not keys:
            return [ABSENT] * count
        # Keys of one width are equal exactly where they are without their trailing zeros, as these strings compare.
        kind = f"S{self._width}"
        wanted, standing = np.frombuffer(accounts, kind), np.frombuffer(keys, kind)
        mixed = self._mixed_all(accounts, 0, count)
        rows = self._table.find_all(wanted, mixed, standing)
        if self._old is not None:
            others = np.flatnonzero(rows == ABSENT)
            rows[others] = self._old.find_all(wanted[others], mixed[others], standing)
        found: list[int] = rows.tolist()
        return found

    def insert(self, account: bytes, row: int, keys: bytearray) -> None:
        """Add an account that is not in the table; `keys` already holds its bytes at `row`."""
        self._make_room(1, keys)
        mixed, table = mixed_bits(account), self._table
        if self._old is not None and mixed >> self._old.shift >= self._cells_done:
            table = self._old
        table.place(mixed, row)
        self._count += 1
        if self._count & (_ACCOUNTS_PER_MOVE - 1) == 0:
            self._move(_CELLS_PER_ACCOUNT * _ACCOUNTS_PER_MOVE, keys)

    def insert_all(self, row: int, count: int, keys: bytearray) -> None:
        """Add `count` accounts that are not in the table; `keys` already holds their bytes from `row` on."""
        self._make_room(count, keys)
        for begin in range(row, row + count, _PLACED_AT_ONCE):
            end = min(begin + _PLACED_AT_ONCE, row + count)
            rows = np.arange(begin, end, dtype=np.int32)
            mixed = self._mixed_all(keys, begin, end)
            if self._old is not None:
                is_late = (mixed >> np.uint64(self._old.shift)).astype(np.int64) >= self._cells_done
                self._old.place_all(mixed[is_late], rows[is_late])
                mixed, rows = mixed[~is_late], rows[~is_late]
            self._table.place_all(mixed, rows)
        self._count += count
        self._move(_CELLS_PER_ACCOUNT * count, keys)

    def _make_room(self, count: int, keys: bytearray) -> None:
        """Begin a larger table where the present one would come to be more than half full."""
        if self._table.has_room(self._count + count):
            return
        if self._old is not None:
            self._move(self._old.cells.size, keys)
        self._old, self._cells_done = self._table, 0
        self._table = _Table((2 * (self._count + count)).bit_length())
        if count > self._count:
            # Whoever brings in more accounts at once than there are pays for those that have to move.
            self._move(self._old.cells.size, keys)

    def _move(self, cells: int, keys: bytearray) -> None:
        """Copy the rows in the next `cells` cells of the old table, and drop it after the last one."""
        if self._old is None:
            return
        end = min(self._cells_done + cells, self._old.cells.size)
        for begin in range(self._cells_done, end, _PLACED_AT_ONCE):
            there = self._old.cells[begin : min(begin + _PLACED_AT_ONCE, end)]
            rows = there[there != 0] - np.int32(1)
            column = np.frombuffer(keys, np.uint8).reshape(-1, self._width)
            self._table.place_all(self._mixed_all(column[rows].tobytes(), 0, rows.size), rows)
        self._cells_done = end
        if end == self._old.cells.size:
            self._move_wrapped(keys)
            self._old = None

    def _move_wrapped(self, keys: bytearray) -> None:
        """Copy the rows that came to lie before where the walk had been, since the end of the old table was full."""
        assert self._old is not None
        at, width = 0, self._width
        while row := self._old.view[at]:
            account = bytes(keys[(row - 1) * width : row * width])
            if self._table.find(account, mixed_bits(account), keys) == ABSENT:
                self._table.place(mixed_bits(account), row - 1)
            at += 1

    def _mixed_all(self, accounts: bytes | bytearray, begin: int, end: int) -> Column:
        """Return `mixed_bits` of the accounts from `begin` to `end` in `accounts`."""
        count, width = end - begin, self._width
        padded = np.zeros((count, div_up(width, 8) * 8), dtype=np.uint8)
        padded[:, :width] = np.frombuffer(accounts, np.uint8, count * width, begin * width).reshape(count, width)
        mixed: Column = np.bitwise_xor.reduce(padded.view("<u8"), axis=1) * np.uint64(_FIBONACCI)
        return mixed

    @property
    def nbytes(self) -> int:
        """Bytes of the table, and of the old one while rows move."""
        return int(self._table.cells.nbytes) + (0 if self._old is None else int(self._old.cells.nbytes))


def mixed_bits(account: bytes) -> int:
    """Return 64 bits of an account, the upper ones of which say where it belongs in a table of any size."""
    folded = int.from_bytes(account, "little")
    folded ^= folded >> 256
    folded ^= folded >> 128
    return ((folded ^ folded >> 64) & _MASK_64) * _FIBONACCI & _MASK_64
