"""From an account's bytes to its row: an open-addressing table of 32-bit rows, eight bytes an account.

A dictionary of bytes would cost 190 bytes an account, more than all its positions. The table holds rows
only; a key is compared with the bytes in the book's own column. A key's home comes from all its 64-bit words, folded
together: names are padded at the end, addresses of contracts often share their beginning. Its layout decides nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import div_down, div_up

ABSENT: Final = -1
_FIBONACCI: Final = 0x9E3779B97F4A7C15
_MASK_64: Final = (1 << 64) - 1
_SMALLEST_BITS: Final = 6


class AccountIndex:
    """Rows by account; never more than half full, so that a probe ends after one or two steps."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._count = 0
        self._resize(_SMALLEST_BITS)

    def _resize(self, bits: int) -> None:
        self._shift = 64 - bits
        self._mask = (1 << bits) - 1
        self._table = np.full(1 << bits, ABSENT, dtype=np.int32)
        self._view = self._table.data

    def _home(self, account: bytes) -> int:
        folded = int.from_bytes(account, "little")
        folded ^= folded >> 256
        folded ^= folded >> 128
        return (((folded ^ folded >> 64) & _MASK_64) * _FIBONACCI & _MASK_64) >> self._shift

    def find(self, account: bytes, keys: bytearray) -> int:
        """Return the row whose key in `keys` is `account`, or ABSENT."""
        view, mask, width = self._view, self._mask, self._width
        at = self._home(account)
        while True:
            row = view[at]
            if row == ABSENT or keys[row * width : row * width + width] == account:
                return row
            at = (at + 1) & mask

    def find_all(self, accounts: bytes, keys: bytearray) -> list[int]:
        """Return the row of each of many accounts, ABSENT for those that are not there."""
        width = self._width
        if not keys:
            return [ABSENT] * div_down(len(accounts), width)
        # Keys of one width are equal exactly where they are without their trailing zeros, as these strings compare.
        wanted, standing = np.frombuffer(accounts, f"S{width}"), np.frombuffer(keys, f"S{width}")
        rows = self._table[self._homes(accounts, wanted.size)]
        found: list[int] = rows.tolist()
        is_elsewhere = (rows != ABSENT) & (standing[rows] != wanted)
        for nth in np.flatnonzero(is_elsewhere).tolist():
            found[nth] = self.find(accounts[nth * width : (nth + 1) * width], keys)
        return found

    def insert(self, account: bytes, row: int, keys: bytearray) -> None:
        """Add an account that is not in the table; `keys` already holds its bytes at `row`."""
        if 2 * (self._count + 1) > self._mask:
            self.rebuild(keys, self._count + 1)
            return
        self._place(account, row)
        self._count += 1

    def _place(self, account: bytes, row: int) -> None:
        at = self._home(account)
        while self._view[at] != ABSENT:
            at = (at + 1) & self._mask
        self._view[at] = row

    def rebuild(self, keys: bytearray, count: int) -> None:
        """Fill a table that has room for twice `count` accounts from the first `count` keys."""
        bits = max(_SMALLEST_BITS, (2 * count).bit_length())
        self._resize(bits)
        self._count = count
        if count == 0:
            return
        self._place_all(self._homes(keys, count), np.arange(count, dtype=np.int32))

    def _homes(self, accounts: bytes | bytearray, count: int) -> NDArray[np.int64]:
        padded = np.zeros((count, div_up(self._width, 8) * 8), dtype=np.uint8)
        padded[:, : self._width] = np.frombuffer(accounts, np.uint8, count * self._width).reshape(count, self._width)
        folded = np.bitwise_xor.reduce(padded.view("<u8"), axis=1)
        homes: NDArray[np.int64] = ((folded * np.uint64(_FIBONACCI)) >> np.uint64(self._shift)).astype(np.int64)
        return homes

    def _place_all(self, at: NDArray[np.int64], rows: NDArray[np.int32]) -> None:
        """Place many rows at once: every round writes where it is free and moves the rest one step on."""
        while rows.size:
            free = self._table[at] == ABSENT
            self._table[at[free]] = rows[free]
            placed = self._table[at] == rows
            at, rows = (at[~placed] + 1) & self._mask, rows[~placed]

    @property
    def nbytes(self) -> int:
        """Bytes of the table."""
        return int(self._table.nbytes)
