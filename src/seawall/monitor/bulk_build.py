"""Taking in a whole book at once: seen first, so that lines and shelves are there, then settled, then its triggers laid out.

Each kernel is plain Python (`_py`) and the same function compiled (`_nb`), as in `trigger_kernels.py`.
"""

from collections.abc import Callable
from typing import Final

from numba.extending import register_jitable

from seawall.monitor.account_blocks import BLOCK, BLOCKS_USED, COUNT, STRIP, WIDTH, Array, first_cell, has_room
from seawall.monitor.account_terms import LIQUIDATABLE, PAIRED, PAIRS_FULL, read_account, sort_terms
from seawall.monitor.banded_accounts import NO_TRIGGER, Banded, heat, key_of_cell, take_in
from seawall.monitor.compilation import compiled
from seawall.monitor.own_bands import CALM, budget_and_spread, is_calm
from seawall.monitor.pair_groups import NO_LINE, NOT_TWO, group_of, has_group_room, see_group
from seawall.monitor.pair_ratios import line_for, stand_on_line
from seawall.monitor.signatures import see_signature, shelf_of
from seawall.monitor.trigger_index import TriggerIndex, bare
from seawall.monitor.trigger_layout import count_trigger, lay_out_chunks, lay_trigger

NO_MORE_PAIRS: Final = -1


def see_accounts_py(index: TriggerIndex, begin: int, end: int, seen: Array) -> int:
    """Take into use the pairs of the watched rows from `begin` on, and count positions by pair and accounts by group or signature.

    Returns the row where it stopped for want of room, or `end`; NO_MORE_PAIRS where there are too many pairs.
    """
    status, book, pairs = bare(index.status), bare(index.book), bare(index.pairs)
    groups, terms, signatures = bare(index.groups), bare(index.terms), bare(index.banded).signatures
    for row in range(begin, end):
        if not has_group_room(groups):
            return row
        width = read_account(book, pairs, row, status[row] & LIQUIDATABLE, terms)
        if width == PAIRS_FULL:
            return NO_MORE_PAIRS
        if width <= 0:
            continue
        for nth in range(width):
            seen[terms.term[nth] >> 1] += 1
        group = group_of(book, pairs, row)
        if group != NOT_TWO:
            see_group(groups, group)
        else:
            sort_terms(terms, width)
            see_signature(signatures, terms.term, terms.order, width)
    return end


@register_jitable(forceinline=True)
def count_bands(banded: Banded, place: int, width: int, price_f64: Array, value_f64: float, keys: Array) -> bool:
    """Count the triggers of the account at a cold place, if it is calm; return whether it is."""
    cold, cell = banded.cold, first_cell(banded.cold, place)
    budget_f64, spread_f64 = budget_and_spread(
        cold.coefficient, cold.term, cell, width, price_f64, banded.scale_f64, value_f64
    )
    if not is_calm(budget_f64, spread_f64, CALM):
        return False
    for at in range(cell, cell + width * BLOCK, BLOCK):
        key = key_of_cell(banded, at, price_f64, budget_f64, spread_f64, width)
        count_trigger(banded.lines, cold.term[at], key, at, keys, banded.back)
    return True


def settle_accounts_py(
    index: TriggerIndex, begin: int, end: int, value_f64: float, row_keys: Array, cell_keys: Array
) -> int:  # fmt: skip
    """Put the rows from `begin` on where they belong, all their pairs being seen, and count their triggers.

    `value_f64` bounds the value slack. Returns the row where it stopped for want of room, or `end`.
    """
    status, place, book, pairs = bare(index.status), bare(index.place), bare(index.book), bare(index.pairs)
    terms, groups, paired, banded = bare(index.terms), bare(index.groups), bare(index.paired), bare(index.banded)
    for row in range(begin, end):
        width = int(book.width[row])
        if not (has_room(banded.cold, width) and has_room(banded.hot, width)):
            return row
        is_liquidatable = status[row] & LIQUIDATABLE
        width = read_account(book, pairs, row, is_liquidatable, terms)
        if width < 0:
            continue
        line, key, debt_f64 = line_for(book, pairs, terms, groups, paired.lines.table, row, is_liquidatable, value_f64)
        if line != NO_LINE:
            stand_on_line(paired, line, key, debt_f64, row, status)
            count_trigger(paired.lines, line, key, row, row_keys, place)
            continue
        sort_terms(terms, width)
        shelf = shelf_of(banded.signatures, terms.term, terms.order, width)
        taken = take_in(banded, row, shelf, width, terms, place)
        if not count_bands(banded, taken, width, pairs.price_f64, value_f64, cell_keys):
            heat(banded, taken, terms)
    return end


def lay_out_triggers_py(
    index: TriggerIndex, row_keys: Array, cell_keys: Array, row_following: Array, cell_following: Array
) -> None:  # fmt: skip
    """Put all triggers that were counted where they belong; each `following` has an entry a bucket."""
    status, place, paired, banded = bare(index.status), bare(index.place), bare(index.paired), bare(index.banded)
    cold = banded.cold
    lay_out_chunks(paired.lines, row_following)
    for row in range(row_keys.size):
        if status[row] & PAIRED:
            lay_trigger(paired.lines, row, row_keys, place, row_following)
    lay_out_chunks(banded.lines, cell_following)
    for block in range(cold.counters[BLOCKS_USED]):
        strips = range(cold.block[block, STRIP], cold.block[block, STRIP] + cold.block[block, WIDTH])
        for strip in strips:
            for cell in range(strip * BLOCK, strip * BLOCK + cold.block[block, COUNT]):
                if banded.back[cell] != NO_TRIGGER:
                    lay_trigger(banded.lines, cell, cell_keys, banded.back, cell_following)


see_accounts_nb: Callable[..., int] = compiled(see_accounts_py, error_model="numpy")
settle_accounts_nb: Callable[..., int] = compiled(settle_accounts_py, error_model="numpy")
lay_out_triggers_nb: Callable[..., None] = compiled(lay_out_triggers_py, error_model="numpy")
