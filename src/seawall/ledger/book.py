"""The book: who holds what, in integer columns.

A position is a slot (market and side) and a balance in the units that the deployment stores, kept as two
64-bit limbs. An account's positions lie side by side in a block (`position_blocks.py`). Rows are in order of arrival and
mean nothing; the order that counts is that of the account's bytes (`rows_in_order`), and canonical bytes are written in it.
Whatever grows does so in place and in slices: no account that comes in waits for the others.

Memory: 18 bytes a position and, with 20-byte keys, 27 bytes an account and 8 to 16 of the index, and the slack of growth
(an eighth, at most half a million entries).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from seawall.ledger.account_index import ABSENT, AccountIndex
from seawall.ledger.market import NO_CATEGORY
from seawall.ledger.position_blocks import GAP, LENGTH_MAX, PositionBlocks, grown, lengthened

BALANCE_MAX: Final = (1 << 127) - 1
POSITIONS_MAX: Final = LENGTH_MAX
_LOW: Final = (1 << 64) - 1
_FIRST_CAPACITY: Final = 16
_HEADER_WIDTH: Final = 2
_POSITION_WIDTH: Final = 18

Column = NDArray[Any]


class Book:
    """All accounts of one deployment and their positions."""

    def __init__(self, account_width: int, market_count: int) -> None:
        assert 2 * market_count < GAP, market_count
        self.account_width = account_width
        self.account_count = 0
        self.balance_totals: list[int] = [0] * (2 * market_count)
        self._keys = bytearray()
        self._index = AccountIndex(account_width)
        self._blocks = PositionBlocks(_FIRST_CAPACITY)
        self._set_account_columns(
            np.zeros(_FIRST_CAPACITY, np.int32),
            np.zeros(_FIRST_CAPACITY, np.uint8),
            np.zeros(_FIRST_CAPACITY, np.uint8),
            np.zeros(_FIRST_CAPACITY, np.uint8),
        )

    # -- columns, for the monitor and for whoever measures ------------------------------------------------

    def _set_account_columns(self, first: Column, count: Column, capacity: Column, category: Column) -> None:
        self.first, self.count, self.capacity, self.category = first, count, capacity, category
        self._first, self._count = first.data, count.data
        self._capacity, self._category = capacity.data, category.data

    def _reach_accounts(self, stop: int) -> None:
        """See that the account columns reach to `stop`."""
        if stop > self.first.size:
            size = stop if not self.account_count else max(stop, grown(self.first.size))
            for view in (self._first, self._count, self._capacity, self._category):
                view.release()
            self._set_account_columns(
                *(lengthened(column, size) for column in (self.first, self.count, self.capacity, self.category))
            )

    @property
    def slot(self) -> Column:
        """Slots of positions; good, as all columns are, until something is added to the book."""
        return self._blocks.slot

    @property
    def low(self) -> Column:
        """Lower limbs of balances."""
        return self._blocks.low

    @property
    def high(self) -> Column:
        """Upper limbs of balances."""
        return self._blocks.high

    @property
    def position_capacity(self) -> int:
        """Entries of the position columns, gaps and room for growth included."""
        return int(self.slot.size)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, the keys and the index."""
        columns = (self.first, self.count, self.capacity, self.category)
        accounts = sum(int(column.nbytes) for column in columns)
        return accounts + self._blocks.nbytes + len(self._keys) + self._index.nbytes

    # -- accounts -----------------------------------------------------------------------------------------

    def row_of(self, account: bytes) -> int:
        """Return the row of `account`, or ABSENT."""
        return self._index.find(account, self._keys)

    def rows_of(self, accounts: bytes) -> list[int]:
        """Return the row of each of many accounts, side by side in `accounts`; ABSENT for those that are not there."""
        return self._index.find_all(accounts, self._keys)

    def account_at(self, row: int) -> bytes:
        """Return the account's bytes at `row`."""
        return bytes(self._keys[row * self.account_width : (row + 1) * self.account_width])

    def keys_at(self, rows: Column) -> Column:
        """Return the accounts' bytes at `rows`: (n_rows, account_width) uint8."""
        keys: Column = np.frombuffer(self._keys, np.uint8).reshape(-1, self.account_width)[rows]
        return keys

    def add_account(self, account: bytes) -> int:
        """Add an account without positions and return its row; it must not be in the book."""
        assert len(account) == self.account_width, (account, self.account_width)
        row = self.account_count
        self._reach_accounts(row + 1)
        self._keys += account
        self._first[row], self._count[row], self._capacity[row] = 0, 0, 0
        self._category[row] = NO_CATEGORY
        self._index.insert(account, row, self._keys)
        self.account_count = row + 1
        return row

    def category_of(self, row: int) -> int:
        """Return the category (e-mode) of the account at `row`."""
        return int(self._category[row])

    def set_category(self, row: int, category: int) -> None:
        """Put the account at `row` into `category`."""
        self._category[row] = category

    def rows_in_order(self) -> NDArray[np.int64]:
        """Return all rows, in order of the account's bytes."""
        if not self.account_count:
            return np.zeros(0, np.int64)
        keys = np.frombuffer(self._keys, dtype=np.dtype((np.void, self.account_width)))
        order: NDArray[np.int64] = np.argsort(keys[: self.account_count], kind="stable")
        return order

    # -- positions ----------------------------------------------------------------------------------------

    def positions(self, row: int) -> list[tuple[int, int]]:
        """Return (slot, balance) of every position of the account at `row`; no balance is zero."""
        first, blocks = self._first[row], self._blocks
        slot, low, high = blocks.slots, blocks.lows, blocks.highs
        return [
            (slot[at], low[at] | high[at] << 64 if high[at] else low[at])
            for at in range(first, first + self._count[row])
        ]

    def balance(self, row: int, slot: int) -> int:
        """Return the balance of the account at `row` in `slot`; zero where there is none."""
        at = self._find(row, slot)
        return 0 if at == ABSENT else int(self._blocks.lows[at] | self._blocks.highs[at] << 64)

    def set_balance(self, row: int, slot: int, balance: int) -> None:
        """Set the balance of the account at `row` in `slot`; zero removes the position."""
        fits = self.move_balance(row, slot, balance - self.balance(row, slot))
        assert fits, (slot, balance)

    def move_balance(self, row: int, slot: int, delta: int) -> bool:
        """Add `delta` to a balance; a position that comes to zero goes.

        Returns False, and changes nothing, where the balance would be negative or above BALANCE_MAX, or the account has
        as many positions as it can.
        """
        blocks, first = self._blocks, self._first[row]
        low, high, slots = blocks.lows, blocks.highs, blocks.slots
        for at in range(first, first + self._count[row]):
            if slots[at] == slot:
                balance = (low[at] | high[at] << 64) + delta
                break
        else:
            at, balance = ABSENT, delta
        if not 0 <= balance <= BALANCE_MAX or (at == ABSENT and self._count[row] == POSITIONS_MAX):
            return False
        self.balance_totals[slot] += delta
        if balance:
            if at == ABSENT:
                at = self._append(row, slot)
                low, high = blocks.lows, blocks.highs
            low[at], high[at] = balance & _LOW, balance >> 64
        elif at != ABSENT:
            self._drop(row, at)
        return True

    def _find(self, row: int, slot: int) -> int:
        first, slots = self._first[row], self._blocks.slots
        for at in range(first, first + self._count[row]):
            if slots[at] == slot:
                return at
        return ABSENT

    def _append(self, row: int, slot: int) -> int:
        """Add an empty position to the account's block, moving the block where it is full and hemmed in."""
        blocks, first, count, capacity = self._blocks, self._first[row], self._count[row], self._capacity[row]
        if count == capacity:
            if not (capacity and blocks.lengthen(first, capacity)):
                source, first = first, blocks.take(count + 1)
                if capacity:
                    blocks.copy(source, first, count)
                    blocks.give_back(source, capacity)
                self._first[row] = first
            self._capacity[row] = count + 1
        at: int = first + count
        blocks.slots[at], blocks.lows[at], blocks.highs[at] = slot, 0, 0
        self._count[row] = count + 1
        return at

    def _drop(self, row: int, at: int) -> None:
        """Remove the position at `at` by moving the account's last one into its place; a block half empty is shortened."""
        blocks, first, count, capacity = self._blocks, self._first[row], self._count[row] - 1, self._capacity[row]
        for view in (blocks.slots, blocks.lows, blocks.highs):
            view[at] = view[first + count]
        self._count[row] = count
        if 2 * count <= capacity:
            blocks.give_back(first + count, capacity - count)
            self._capacity[row] = count

    # -- in bulk ------------------------------------------------------------------------------------------

    @classmethod
    def from_columns(
        cls, keys: bytes, account_width: int, market_count: int, count: Column, slot: Column, low: Column,
        high: Column, category: Column | None = None,
    ) -> "Book":  # fmt: skip
        """Build a book from whole columns: `count` positions for each account, in order of the keys.

        Shapes: keys (n_accounts * width,), count and category (n_accounts,), slot, low and high (n_positions,).
        Keys are distinct, balances are not zero, and no account has one slot twice.
        """
        book = cls(account_width, market_count)
        book.add_accounts(keys, count, slot, low, high, category)
        return book

    def add_accounts(
        self, keys: bytes, count: Column, slot: Column, low: Column, high: Column, category: Column | None = None
    ) -> int:
        """Add many accounts that are not in the book, with their positions; return the row of the first one.

        The columns are those of `from_columns`.
        """
        begin, start = self.account_count, self._blocks.used
        end, stop = begin + int(count.size), start + int(slot.size)
        assert len(keys) == count.size * self.account_width, (len(keys), count.size, self.account_width)
        self._reach_accounts(end)
        self._blocks.reach(stop)
        self._keys += keys
        counts = count.astype(np.uint8)
        ends = np.cumsum(counts, dtype=np.int32)
        self.first[begin:end] = ends - counts + np.int32(start)
        self.count[begin:end] = self.capacity[begin:end] = counts
        self.category[begin:end] = NO_CATEGORY if category is None else category
        self.slot[start:stop], self.low[start:stop], self.high[start:stop] = slot, low, high
        self._blocks.used, self.account_count = stop, end
        self._index.insert_all(begin, end - begin, self._keys)
        for nth, total in enumerate(_totals(slot, low, high, len(self.balance_totals))):
            self.balance_totals[nth] += total
        return begin

    def recomputed_totals(self) -> list[int]:
        """Return the sum of balances per slot, added up from the positions: what `balance_totals` must be."""
        used = np.zeros(self.slot.size, bool)
        first, count = self.first[: self.account_count], self.count[: self.account_count]
        for nth in range(int(count.max(initial=0))):
            used[first[count > nth] + nth] = True
        at = np.flatnonzero(used)
        return _totals(self.slot[at], self.low[at], self.high[at], len(self.balance_totals))

    def canonical_bytes(self) -> bytes:
        """Return the book as bytes that do not depend on the order of arrival.

        For each account that has a position or a category, in order of its bytes: key, category, number of positions,
        then slot (2 bytes) and balance (16 bytes) of each position in order of slots, all little-endian.
        """
        rows = self.rows_in_order()
        rows = rows[(self.count[rows] > 0) | (self.category[rows] != NO_CATEGORY)]
        count = self.count[rows].astype(np.int64)
        owner, nth = np.repeat(np.arange(rows.size), count), _counted(count)
        at = np.repeat(self.first[rows].astype(np.int64), count) + nth
        at = at[np.lexsort((self.slot[at], owner))]
        header, width = self.account_width + _HEADER_WIDTH, self.account_width
        sizes = header + _POSITION_WIDTH * count
        start = np.cumsum(sizes) - sizes
        form = np.empty(int(sizes.sum()), np.uint8)
        keys = np.frombuffer(self._keys, np.uint8).reshape(-1, width)
        form[start[:, None] + np.arange(width)] = keys[rows]
        form[start + width] = self.category[rows]
        form[start + width + 1] = count
        position = np.empty((at.size, _POSITION_WIDTH), np.uint8)
        position[:, :2] = self.slot[at].astype("<u2").view(np.uint8).reshape(-1, 2)
        position[:, 2:10] = self.low[at].astype("<u8").view(np.uint8).reshape(-1, 8)
        position[:, 10:] = self.high[at].astype("<u8").view(np.uint8).reshape(-1, 8)
        form[(start[owner] + header + _POSITION_WIDTH * nth)[:, None] + np.arange(_POSITION_WIDTH)] = position
        return form.tobytes()

    @classmethod
    def from_canonical_bytes(cls, data: bytes, account_width: int, market_count: int) -> "Book":
        """Rebuild the book that wrote `data`."""
        book = cls(account_width, market_count)
        at = 0
        while at < len(data):
            row = book.add_account(data[at : at + account_width])
            at += account_width
            book.set_category(row, data[at])
            count = data[at + 1]
            at += 2
            for _ in range(count):
                slot = int.from_bytes(data[at : at + 2], "little")
                book.set_balance(row, slot, int.from_bytes(data[at + 2 : at + 18], "little"))
                at += 18
        return book


def _counted(count: Column) -> Column:
    """Return 0, 1, .. count - 1 for each count, one after the other."""
    ends = np.cumsum(count)
    counted: Column = np.arange(int(count.sum())) - np.repeat(ends - count, count)
    return counted


def _totals(slot: Column, low: Column, high: Column, slot_count: int) -> list[int]:
    """Return the exact sum of the balances in each slot, added up in halves of limbs, which no book's size overflows."""
    totals = [0] * slot_count
    order = np.argsort(slot.astype(np.uint16), kind="stable")
    slots, starts = np.unique(slot[order], return_index=True)
    for column, shift in ((low, 0), (high, 64)):
        limbs = column[order].astype(np.uint64)
        for half, more in ((limbs & np.uint64(0xFFFFFFFF), 0), (limbs >> np.uint64(32), 32)):
            sums = np.add.reduceat(half, starts) if starts.size else half
            for at, total in zip(slots.tolist(), sums.tolist(), strict=True):
                totals[at] += total << shift + more
    return totals


__all__ = ["ABSENT", "BALANCE_MAX", "Book"]
