"""Signatures: accounts with the same terms, which share shelves of their own where they are many.

In a block of one signature all cells of a strip have the same term, so that its sum needs no look at a table of prices. A
block holds 64 accounts, so whoever is one of few stands with others of his width. Which signatures are frequent is counted
in a table that does not grow: a newcomer to a full stretch of it wears down whoever is there and not yet frequent, and takes
the place of one worn out. Counts decide what is worth a shelf, nothing else.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.account_blocks import WIDTHS

Array = NDArray[Any]

SHELF_FROM: Final = 64
"""Accounts from which on a signature has a shelf."""
SHELVES: Final = WIDTHS + 2048
POSITIONS_MAX: Final = 13
"""Positions in the longest signature that is told apart."""

SEEN: Final = 0
SHELF: Final = 1
WIDTH: Final = 2
TERM: Final = 3

_ENTRIES: Final = 1 << 12
_STRETCH: Final = 8


class Signatures(NamedTuple):
    """A row of one cache line for each signature that is counted: how often it was seen, shelf, width and terms."""

    table: Array
    shelf_count: Array


def no_signatures() -> Signatures:
    """Return an empty table."""
    return Signatures(np.zeros((_ENTRIES, 16), np.int32), np.full(1, WIDTHS, np.int64))


@register_jitable(forceinline=True)
def home_of(term: Array, order: Array, width: int) -> int:
    """Return where in the table the stretch begins in which a signature is looked for."""
    mixed = width
    for nth in range(width):
        mixed = ((mixed ^ int(term[order[nth]])) * 0x1E3779B1) & 0x7FFFFFFF
        mixed ^= mixed >> 15
    return mixed & (_ENTRIES - 1)


@register_jitable(forceinline=True)
def is_entry(table: Array, at: int, term: Array, order: Array, width: int) -> bool:
    """Return whether a row of the table is this signature."""
    is_same = table[at, WIDTH] == width
    for nth in range(width):
        is_same &= table[at, TERM + nth] == term[order[nth]]
    return bool(is_same)


@register_jitable(forceinline=True)
def worn_out(table: Array, home: int) -> int:
    """Wear down the signatures in a stretch that have no shelf; return the row of one that was seen no more than once, or -1."""
    for at in range(home, home + _STRETCH):
        entry = at & (_ENTRIES - 1)
        if table[entry, SHELF] < WIDTHS:
            if table[entry, SEEN] <= 1:
                return entry
            table[entry, SEEN] -= 1
    return -1


@register_jitable(forceinline=True)
def find_signature(table: Array, home: int, term: Array, order: Array, width: int) -> tuple[int, int]:
    """Return the row of the table that is this signature, and the empty one that it may have, or -1."""
    for at in range(home, home + _STRETCH):
        entry = at & (_ENTRIES - 1)
        if table[entry, SEEN] == 0:
            return -1, entry
        if is_entry(table, entry, term, order, width):
            return entry, -1
    return -1, -1


@register_jitable(forceinline=True)
def shelf_of(signatures: Signatures, term: Array, order: Array, width: int) -> int:
    """Return the shelf for an account with these terms, rising in `order`: its width's where it has no other."""
    if width > POSITIONS_MAX:
        return width
    entry, _ = find_signature(signatures.table, home_of(term, order, width), term, order, width)
    return width if entry < 0 else int(signatures.table[entry, SHELF])


@register_jitable(forceinline=True)
def see_signature(signatures: Signatures, term: Array, order: Array, width: int) -> int:
    """Count one more account with these terms and return its shelf, as `shelf_of` does."""
    if width > POSITIONS_MAX or width == 0:
        return width
    table = signatures.table
    home = home_of(term, order, width)
    entry, vacant = find_signature(table, home, term, order, width)
    if entry >= 0:
        table[entry, SEEN] += 1
        if table[entry, SEEN] == SHELF_FROM and signatures.shelf_count[0] < SHELVES:
            table[entry, SHELF] = signatures.shelf_count[0]
            signatures.shelf_count[0] += 1
        return int(table[entry, SHELF])
    if vacant < 0:
        vacant = worn_out(table, home)
    if vacant >= 0:
        table[vacant, SEEN], table[vacant, SHELF], table[vacant, WIDTH] = 1, width, width
        for nth in range(width):
            table[vacant, TERM + nth] = term[order[nth]]
    return width
