"""Groups of accounts with the same collateral and the same debt, counted: a group that is large enough has a ratio line.

An open-addressing table by (collateral pair, debt pair). A line costs a few multiplications on each tick whether or not
anybody is near, so small groups have none and their accounts lie under own bands. Counts are of accounts seen, not of
accounts there: they decide what is worth a line, nothing else.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.account_terms import BookColumns, PairColumns, pair_at

Array = NDArray[Any]

LINE_FROM: Final = 64
"""Accounts from which on a group has a line."""
NO_LINE: Final = -1
NOT_TWO: Final = -1

_EMPTY: Final = -1
_PAIR_BITS: Final = 16
_SIZE_MIN: Final = 64

GROUPS_USED: Final = 0
GROUPS_DUE: Final = 1


class Groups(NamedTuple):
    """The table: group, its line and how many accounts were seen; and how many groups there are and wait for a line."""

    group: Array
    line: Array
    seen: Array
    counters: Array


def no_groups(size: int = _SIZE_MIN) -> Groups:
    """Return an empty table of a size that is a power of two."""
    return Groups(
        np.full(size, _EMPTY, np.int64), np.full(size, NO_LINE, np.int32), np.zeros(size, np.int32), np.zeros(2, np.int64)
    )  # fmt: skip


def larger(groups: Groups) -> Groups:
    """Return a table of twice the size with the same groups."""
    grown = no_groups(2 * groups.group.size)
    for at in np.flatnonzero(groups.group != _EMPTY):
        to = find_group(grown, int(groups.group[at]))
        grown.group[to], grown.line[to], grown.seen[to] = groups.group[at], groups.line[at], groups.seen[at]
    grown.counters[:] = groups.counters
    return grown


def due_groups(groups: Groups) -> list[tuple[int, int, int, int]]:
    """Return (place, collateral pair, debt pair, accounts seen) of each group that waits for a line."""
    due = np.flatnonzero((groups.group != _EMPTY) & (groups.line == NO_LINE) & (groups.seen >= LINE_FROM))
    mask = (1 << _PAIR_BITS) - 1
    return [
        (int(at), int(groups.group[at]) >> _PAIR_BITS, int(groups.group[at]) & mask, int(groups.seen[at])) for at in due
    ]


@register_jitable(forceinline=True)
def has_group_room(groups: Groups) -> bool:
    """Return whether one more group leaves the table at most half full."""
    return bool(2 * (groups.counters[GROUPS_USED] + 1) <= groups.group.size)


@register_jitable(forceinline=True)
def find_group(groups: Groups, group: int) -> int:
    """Return the place of a group, or the empty one where it belongs."""
    mask = groups.group.size - 1
    at = ((group * 0x9E3779B1) >> 12) & mask
    while groups.group[at] != group and groups.group[at] != _EMPTY:
        at = (at + 1) & mask
    return at


@register_jitable(forceinline=True)
def see_group(groups: Groups, group: int) -> int:
    """Count one more account of a group and return the group's line, or NO_LINE; there must be room."""
    at = find_group(groups, group)
    if groups.group[at] == _EMPTY:
        groups.group[at] = group
        groups.counters[GROUPS_USED] += 1
    groups.seen[at] += 1
    if groups.seen[at] == LINE_FROM:
        groups.counters[GROUPS_DUE] += 1
    return int(groups.line[at])


@register_jitable(forceinline=True)
def debt_pair_of(group: int) -> int:
    """Return the debt's pair of a group."""
    return group & 0xFFFF


@register_jitable(forceinline=True)
def group_of(book: BookColumns, pairs: PairColumns, row: int) -> int:
    """Return the group of an account of one collateral and one debt, or NOT_TWO."""
    if book.width[row] != 2:
        return NOT_TWO
    at = int(book.first[row])
    if (book.slot[at] ^ book.slot[at + 1]) & 1 == 0:
        return NOT_TWO
    is_swapped = int(book.slot[at] & 1)
    collateral, debt = pair_at(book, pairs, row, at + is_swapped), pair_at(book, pairs, row, at + 1 - is_swapped)
    if collateral < 0 or debt < 0:
        return NOT_TWO
    return (collateral << _PAIR_BITS) | debt
