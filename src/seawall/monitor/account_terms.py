"""The terms of one account's margin, read from the book: what a screen sums, whichever way it is stored.

    coefficient = ±balance − slack units        term = 2 × pair + (0: effective price *for*, 1: *against*)

Collateral holds up an account recorded as healthy, debt one recorded as liquidatable; all else pulls down. See
`effective_price.py` for the prices and the bound.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.effective_price import UNKNOWN_PAIR

Array = NDArray[Any]

LIQUIDATABLE: Final = 1
"""The recorded status among the bits of an account's `status`."""
CONTRARY: Final = 2
"""The account lies on a ratio line, on the other side of the line than its recorded status says, and was reported."""
PAIRED: Final = 4
"""The account lies on a ratio line; its place is its trigger there."""
IN_FRONT: Final = 8
"""The account is hot and in the front, and has been placed nowhere else since."""
OUT_OF_FRONT: Final = 0xFF ^ IN_FRONT

UNWATCHED: Final = -1
PAIRS_FULL: Final = -2

_LIMB: Final = 2.0**64
_UNKNOWN_PAIR: Final = UNKNOWN_PAIR


class BookColumns(NamedTuple):
    """The book's columns: accounts (n_accounts,) and positions (n_positions,)."""

    first: Array
    width: Array
    category: Array
    slot: Array
    low: Array
    high: Array


class PairColumns(NamedTuple):
    """Pairs of slot and category with their effective prices, as in `EffectivePrices`."""

    pair_of: Array
    pair_slot: Array
    pair_category: Array
    pair_count: Array
    units_f64: Array
    price_f64: Array


class Terms(NamedTuple):
    """One account's terms: what `read_account` and `sort_terms` write and others read; 256 entries each."""

    coefficient_f64: Array
    term: Array
    balance_f64: Array
    order: Array


def no_terms() -> Terms:
    """Return room for the terms of any account."""
    return Terms(np.zeros(256), np.zeros(256, np.uint16), np.zeros(256), np.zeros(256, np.uint8))


@register_jitable(forceinline=True)
def pair_at(book: BookColumns, pairs: PairColumns, row: int, at: int) -> int:
    """Return the pair of an account's position, taking a new one into use; PAIRS_FULL where the table is."""
    slot, category = book.slot[at], book.category[row]
    pair = int(pairs.pair_of[slot, category])
    if pair == _UNKNOWN_PAIR:
        pair = int(pairs.pair_count[0])
        if pair == pairs.pair_slot.size:
            return PAIRS_FULL
        pairs.pair_count[0] = pair + 1
        pairs.pair_slot[pair], pairs.pair_category[pair] = slot, category
        pairs.pair_of[slot, category] = pair
    return pair


@register_jitable(forceinline=True)
def is_watched(book: BookColumns, row: int, is_liquidatable: bool) -> bool:
    """Return whether an account can leave its status: without debt a healthy one cannot."""
    watched = is_liquidatable
    for at in range(book.first[row], int(book.first[row]) + int(book.width[row])):
        watched |= (book.slot[at] & 1) != 0
    return watched


@register_jitable(forceinline=True)
def read_account(book: BookColumns, pairs: PairColumns, row: int, is_liquidatable: int, terms: Terms) -> int:
    """Write an account's terms for its recorded status; return how many, or UNWATCHED, or PAIRS_FULL."""
    if not is_watched(book, row, is_liquidatable != 0):
        return UNWATCHED
    first, count = int(book.first[row]), int(book.width[row])
    for nth in range(count):
        at = first + nth
        pair = pair_at(book, pairs, row, at)
        if pair == PAIRS_FULL:
            return PAIRS_FULL
        side = int(book.slot[at] & 1)
        balance_f64 = float(book.high[at]) * _LIMB + float(book.low[at])
        coefficient_f64 = (balance_f64 if side == is_liquidatable else -balance_f64) - pairs.units_f64[side]
        terms.balance_f64[nth] = balance_f64
        terms.coefficient_f64[nth] = coefficient_f64
        terms.term[nth] = 2 * pair + (coefficient_f64 < 0.0)
    return count


@register_jitable(forceinline=True)
def sort_terms(terms: Terms, count: int) -> None:
    """Write to `order` which of an account's terms is the nth, so that accounts with the same terms have them in the same order."""
    for nth in range(count):
        at = nth
        while at > 0 and terms.term[terms.order[at - 1]] > terms.term[nth]:
            terms.order[at] = terms.order[at - 1]
            at -= 1
        terms.order[at] = nth


@register_jitable(forceinline=True)
def margin_of(terms: Terms, count: int, price_f64: Array) -> float:
    """Return the sum of coefficient * effective price, added up in the order of the positions."""
    margin_f64 = 0.0
    for nth in range(count):
        margin_f64 += terms.coefficient_f64[nth] * price_f64[terms.term[nth]]
    return margin_f64


@register_jitable(forceinline=True)
def is_certain(
    status: Array, book: BookColumns, pairs: PairColumns, terms: Terms, row: int, value_f64: float
) -> bool:  # fmt: skip
    """Return whether an account's margin proves its recorded status."""
    width = read_account(book, pairs, row, status[row] & LIQUIDATABLE, terms)
    return margin_of(terms, width, pairs.price_f64) > value_f64
