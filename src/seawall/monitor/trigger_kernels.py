"""The trigger book's work on arrays: taking rows in, finding who is not certain, and what is done between events.

Each is plain Python (`_py`) and the same function compiled (`_nb`). No fastmath. A kernel that needs room says so and has
done nothing for the row at which it stopped; the caller makes room, in place, and calls again from there.
"""

from collections.abc import Callable
from typing import Any, Final

from numba import njit
from numpy.typing import NDArray

from seawall.monitor.account_blocks import NOWHERE, screen_blocks
from seawall.monitor.account_terms import (
    LIQUIDATABLE,
    PAIRED,
    PAIRS_FULL,
    BookColumns,
    PairColumns,
    Terms,
    is_watched,
    pair_at,
    read_account,
)
from seawall.monitor.banded_accounts import (
    IS_BEHIND,
    Banded,
    admit,
    dismiss,
    has_banded_room,
    heat_crossed,
    settle_hot,
    walk_crossed,
)
from seawall.monitor.own_bands import follow_scale
from seawall.monitor.pair_groups import NO_LINE, NOT_TWO, Groups, debt_pair_of, group_of, has_group_room, see_group
from seawall.monitor.pair_ratios import Paired, admit_to_line, can_be_paired, keep_contrary, scan_lines
from seawall.monitor.trigger_lines import (
    CHUNK,
    CHUNKS_FREE,
    FIRST_FREE,
    Lines,
    free_chunks,
    insert_trigger,
    remove_trigger,
)

Array = NDArray[Any]

NO_MORE_PAIRS: Final = -1


def see_accounts_py(
    begin: int, end: int, status: Array, book: BookColumns, pairs: PairColumns, groups: Groups, seen: Array
) -> int:
    """Take into use the pairs of the watched rows from `begin` on, and count positions by pair and accounts by group.

    Returns the row where it stopped for want of room, or `end`; NO_MORE_PAIRS where there are too many pairs.
    """
    for row in range(begin, end):
        if not has_group_room(groups):
            return row
        if not is_watched(book, row, (status[row] & LIQUIDATABLE) != 0):
            continue
        for at in range(book.first[row], int(book.first[row]) + book.width[row]):
            pair = pair_at(book, pairs, row, at)
            if pair == PAIRS_FULL:
                return NO_MORE_PAIRS
            seen[pair] += 1
        group = group_of(book, pairs, row)
        if group != NOT_TWO:
            see_group(groups, group)
    return end


def place_rows_py(
    rows: Array, begin: int, status: Array, place: Array, book: BookColumns, pairs: PairColumns, groups: Groups,
    paired: Paired, banded: Banded, terms: Terms, value_f64: float,
) -> int:  # fmt: skip
    """Bring rows[begin:] to where they belong now; return how many of `rows` are done, or NO_MORE_PAIRS.

    `value_f64` is the bound of the value slack for which bands are made.
    """
    for nth in range(begin, rows.size):
        row = rows[nth]
        count = int(book.width[row])
        if not (has_banded_room(banded, count) and free_chunks(paired.lines) > 0 and has_group_room(groups)):
            return nth
        if status[row] & PAIRED:
            remove_trigger(paired.lines, place[row], place)
            place[row] = NOWHERE
            status[row] &= LIQUIDATABLE
        elif place[row] != NOWHERE:
            dismiss(banded, row, place)
        width = read_account(book, pairs, row, status[row] & LIQUIDATABLE, terms)
        if width == PAIRS_FULL:
            return NO_MORE_PAIRS
        if width < 0:
            continue
        group = group_of(book, pairs, row)
        line = NO_LINE if group == NOT_TWO else see_group(groups, group)
        if line != NO_LINE:
            swap = int(book.slot[book.first[row]] & 1)
            collateral_f64, debt_f64 = terms.balance_f64[swap], terms.balance_f64[1 - swap]
            debt_price_f64 = pairs.price_f64[2 * debt_pair_of(group)]
            if can_be_paired(
                collateral_f64, debt_f64, pairs.units_f64, debt_price_f64, value_f64
            ) and admit_to_line(paired, line, collateral_f64, debt_f64, row, status, place):  # fmt: skip
                continue
        admit(banded, row, width, terms, place, pairs.price_f64, value_f64)
    return rows.size


def detect_py(
    status: Array, book: BookColumns, pairs: PairColumns, paired: Paired, banded: Banded, terms: Terms,
    value_f64: float, is_repriced: bool, margin_f64: Array, crossed: Array, flagged: Array,
) -> int:  # fmt: skip
    """Write the rows whose status is not certain now into `flagged`, each once, and return their number.

    `crossed` is scratch, as long as there may be accounts with crossed triggers; beyond that all cold blocks are screened
    instead, on every tick until `maintain_py` has walked the triggers. Shapes: margin_f64 (BLOCK,), flagged (n_accounts,).
    """
    if is_repriced:
        for term in range(banded.scale_f64.size):
            now_f64 = pairs.price_f64[term]
            banded.scale_f64[term] = follow_scale(banded.scale_f64[term], banded.before_f64[term], now_f64)
            banded.before_f64[term] = now_f64
    count = keep_contrary(paired, status, book, pairs, terms, value_f64, flagged, 0)
    count = scan_lines(paired, status, book, pairs, terms, value_f64, flagged, count)
    if not banded.progress[IS_BEHIND] and not heat_crossed(banded, pairs.price_f64, crossed):
        banded.progress[IS_BEHIND] = 1
    blocks = banded.cold if banded.progress[IS_BEHIND] else banded.hot
    return screen_blocks(blocks, pairs.price_f64, value_f64, margin_f64, flagged, count)


def maintain_py(
    place: Array, price_f64: Array, banded: Banded, value_f64: float, crossed: Array, count: int
) -> int:  # fmt: skip
    """Walk crossed triggers that wait, then settle hot accounts; at most `count` accounts in all. Return how many.

    `crossed` is scratch for at least `count` entries.
    """
    done = 0
    if banded.progress[IS_BEHIND]:
        done = walk_crossed(banded, price_f64, crossed[:count])
        if banded.progress[IS_BEHIND]:
            return done
    return done + settle_hot(banded, place, price_f64, value_f64, count - done)


def move_triggers_py(lines: Lines, line: int, start: int, size: int, back: Array) -> None:
    """Move the triggers in `size` buckets from `start` on into the line's present buckets; there must be free chunks."""
    for bucket in range(start, start + size):
        chunk, fill = lines.head[bucket], lines.fill[bucket]
        while chunk:
            for entry in range(chunk * CHUNK, chunk * CHUNK + fill):
                insert_trigger(lines, line, lines.key[entry], lines.owner[entry], back)
            following = lines.following[chunk]
            lines.following[chunk] = lines.counters[FIRST_FREE]
            lines.counters[FIRST_FREE] = chunk
            lines.counters[CHUNKS_FREE] += 1
            chunk, fill = following, CHUNK
        lines.head[bucket], lines.fill[bucket] = 0, 0


see_accounts_nb: Callable[..., int] = njit(cache=True)(see_accounts_py)
place_rows_nb: Callable[..., int] = njit(cache=True)(place_rows_py)
detect_nb: Callable[..., int] = njit(cache=True)(detect_py)
maintain_nb: Callable[..., int] = njit(cache=True)(maintain_py)
move_triggers_nb: Callable[..., None] = njit(cache=True)(move_triggers_py)
