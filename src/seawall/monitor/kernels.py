"""The monitor's loops over arrays: each one as plain Python (`_py`) and the same function compiled (`_nb`).

No fastmath: the order of operations is part of the proof in `effective_price.py`. Accounts with the same number of
positions lie on one *shelf*, the nth positions of all of them side by side, so that a sum runs straight through memory
and asks no question on the way. `shelves` has shape (256, 4): for each number of positions where the shelf's cells and
rows start, how many accounts it has room for, and how many it holds. Position *n* of the account at `place` is cell
`shelves[width, CELL_START] + n * shelves[width, CAPACITY] + place`.
"""

from collections.abc import Callable
from typing import Any, Final

from numpy.typing import NDArray

from seawall.monitor.compilation import compiled

Array = NDArray[Any]

CELL_START: Final = 0
ROW_START: Final = 1
CAPACITY: Final = 2
COUNT: Final = 3

NOWHERE: Final = -1
PLACED: Final = 0
SHELF_FULL: Final = 1
PAIRS_FULL: Final = 2

BLOCK: Final = 512
_LIMB: Final = 2.0**64
_UNKNOWN_PAIR: Final = 0xFFFF


def screen_margins_py(
    shelves: Array, shelf_row: Array, coefficient_f64: Array, term: Array, price_f64: Array, value_f64: float,
    margin_f64: Array, flagged: Array,
) -> int:  # fmt: skip
    """Write the rows whose margin is not above `value_f64` into `flagged` and return their number.

    Shapes: shelf_row (n_rows,), coefficient_f64 and term (n_cells,), price_f64 (n_terms,), margin_f64 (BLOCK,) as
    scratch, flagged (at least the number of watched accounts,).
    """
    flagged_count = 0
    for width in range(shelves.shape[0]):
        cells, rows = shelves[width, CELL_START], shelves[width, ROW_START]
        capacity, count = shelves[width, CAPACITY], shelves[width, COUNT]
        for block in range(0, count, BLOCK):
            size = min(BLOCK, count - block)
            margins = margin_f64[:size]
            margins[:] = 0.0
            for nth in range(width):
                start = cells + nth * capacity + block
                coefficients, terms = coefficient_f64[start : start + size], term[start : start + size]
                for at in range(size):
                    margins[at] += coefficients[at] * price_f64[terms[at]]
            uncertain = 0
            for at in range(size):
                # Written this way round so that NaN is uncertain.
                uncertain += not (margins[at] > value_f64)
            if uncertain:
                for at in range(size):
                    if not (margins[at] > value_f64):
                        flagged[flagged_count] = shelf_row[rows + block + at]
                        flagged_count += 1
    return flagged_count


def count_widths_py(first: Array, count: Array, slot: Array, status: Array, width_counts: Array) -> None:
    """Count the watched accounts of each number of positions into `width_counts` (256,).

    Shapes: first, count and status (n_accounts,), slot (n_positions,).
    """
    for row in range(first.size):
        watched = status[row] != 0
        for at in range(first[row], first[row] + count[row]):
            watched |= (slot[at] & 1) != 0
        if watched:
            width_counts[count[row]] += 1


def place_accounts_py(
    changed: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    status: Array, width: Array, place: Array, shelves: Array, shelf_row: Array, coefficient_f64: Array, term: Array,
    pair_of: Array, pair_slot: Array, pair_category: Array, pair_count: Array, units_f64: Array,
) -> int:  # fmt: skip
    """Bring the rows in `changed` to where they belong now, and write their coefficients and terms.

    An account without debt that is recorded as healthy belongs nowhere: it cannot become liquidatable. Returns PLACED,
    or what there was no room for; then some rows are not placed. Shapes: changed (any,), account columns (n_accounts,),
    position columns (n_positions,), the rest as in `screen_margins_py` and `EffectivePrices`.
    """
    for row in changed:
        begin = int(first[row])
        now = int(count[row])
        watched = status[row] != 0
        for at in range(begin, begin + now):
            watched |= (slot[at] & 1) != 0

        if place[row] != NOWHERE and not (watched and width[row] == now):
            gap, before = int(place[row]), int(width[row])
            last = shelves[before, COUNT] - 1
            shelves[before, COUNT] = last
            moved = shelf_row[shelves[before, ROW_START] + last]
            shelf_row[shelves[before, ROW_START] + gap] = moved
            for nth in range(before):
                cell = shelves[before, CELL_START] + nth * shelves[before, CAPACITY]
                coefficient_f64[cell + gap] = coefficient_f64[cell + last]
                term[cell + gap] = term[cell + last]
            place[moved] = gap
            place[row] = NOWHERE
        if not watched:
            continue
        if place[row] == NOWHERE:
            end = shelves[now, COUNT]
            if end == shelves[now, CAPACITY]:
                return SHELF_FULL
            shelves[now, COUNT] = end + 1
            shelf_row[shelves[now, ROW_START] + end] = row
            place[row] = end
            width[row] = now

        for nth in range(now):
            at = begin + nth
            pair = int(pair_of[slot[at], category[row]])
            if pair == _UNKNOWN_PAIR:
                pair = int(pair_count[0])
                if pair == pair_slot.size:
                    return PAIRS_FULL
                pair_count[0] = pair + 1
                pair_slot[pair], pair_category[pair] = slot[at], category[row]
                pair_of[slot[at], category[row]] = pair
            side = int(slot[at] & 1)
            balance_f64 = float(high[at]) * _LIMB + float(low[at])
            # Collateral (0) holds up the healthy (0), debt (1) the liquidatable (1); all else pulls down.
            coefficient = (balance_f64 if side == status[row] else -balance_f64) - units_f64[side]
            cell = shelves[now, CELL_START] + nth * shelves[now, CAPACITY] + place[row]
            coefficient_f64[cell] = coefficient
            term[cell] = 2 * pair + (coefficient < 0.0)
    return PLACED


screen_margins_nb: Callable[..., int] = compiled(screen_margins_py)
count_widths_nb: Callable[..., None] = compiled(count_widths_py)
place_accounts_nb: Callable[..., int] = compiled(place_accounts_py)
