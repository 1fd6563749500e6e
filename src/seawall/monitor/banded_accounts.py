"""Accounts under own bands: all of them in cold blocks, those near the line also in hot ones, the others with triggers.

Cold blocks hold coefficients as float32, rounded down (`cold_screen.py`), on a shelf by signature or by width, and bands are made for these.
Hot blocks hold them as the book has them.

An account is *hot* while its margin is looked at on every tick; else it is *calm*, and each of its positions has a trigger
on the line of its term. Triggers of an account that became hot stay where they are until it is settled again: a stale
trigger costs a look and says nothing. The certificate of a calm account speaks of the present prices only, so it is also
good for one whose price came back before anybody looked.

    crossed(line) = triggers with position <= key;   HIGHEST bounds the keys of calm accounts from above
"""

from typing import Final, NamedTuple

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.account_blocks import (
    BLOCK,
    NOWHERE,
    SHELF,
    STRIP,
    WIDTH,
    WIDTHS,
    Array,
    Blocks,
    empty_blocks,
    first_cell,
    has_room,
    leave_place,
    make_block_room,
    take_place,
)
from seawall.monitor.account_terms import Terms
from seawall.monitor.cold_screen import rounded_down
from seawall.monitor.hot_front import Front, nobody_in_front, note_late
from seawall.monitor.own_bands import CALM, SCALE_START, budget_and_spread, is_calm, trigger_key_of
from seawall.monitor.signatures import SHELVES, Signatures, no_signatures
from seawall.monitor.trigger_key import KEY_MIN
from seawall.monitor.trigger_lines import (
    OWN_COLUMNS,
    Lines,
    add_line,
    empty_lines,
    free_chunks,
    insert_trigger,
    make_chunk_room,
    remove_trigger,
    set_owner,
)

HIGHEST: Final = OWN_COLUMNS
PENDING: Final = OWN_COLUMNS + 1

NO_TRIGGER: Final = -1

CURSOR: Final = 0
IS_BEHIND: Final = 1
WANTS_ROOM: Final = 2
LACKS_SLACK: Final = 3


class Banded(NamedTuple):
    """Lines by term; cold blocks and the signatures of their shelves; hot blocks, and the front of these; `back` by cold cell, `hot_place` by cold place; scale and last price by term.

    `progress` holds where `maintain` looks next among the hot, whether crossed triggers wait to be
    walked, whether it stopped for want of room, and whether few more accounts can become hot without growth.
    """

    lines: Lines
    cold: Blocks
    signatures: Signatures
    hot: Blocks
    front: Front
    back: Array
    hot_place: Array
    scale_f64: Array
    before_f64: Array
    progress: Array


def nobody_banded() -> Banded:
    """Return no account and no line."""
    return Banded(
        empty_lines(), empty_blocks(SHELVES, np.float32), no_signatures(), empty_blocks(), nobody_in_front(),
        np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(4, np.int64),
    )  # fmt: skip


def make_banded_room(banded: Banded, width: int) -> None:
    """Make room for one more account of a width and some others, calm or hot, in place."""
    if not has_room(banded.cold, width):
        strips, blocks = make_block_room(banded.cold, width)
        banded.back.resize(strips * BLOCK, refcheck=False)
        banded.hot_place.resize(blocks * BLOCK, refcheck=False)
    if not has_room(banded.hot, width):
        # Few are hot until a crash, when many become so at once.
        make_block_room(banded.hot, width, divisor=1)
    make_chunk_room(banded.lines, width)


def add_term_line(banded: Banded, price_f64: float, expected: int) -> None:
    """Add the line of the next term, which has this price now."""
    term = add_line(banded.lines, expected)
    banded.lines.table[term, HIGHEST] = KEY_MIN
    banded.scale_f64.resize(term + 1, refcheck=False)
    banded.before_f64.resize(term + 1, refcheck=False)
    banded.scale_f64[term], banded.before_f64[term] = SCALE_START, price_f64


@register_jitable(forceinline=True)
def put_hot(banded: Banded, place: int, terms: Terms) -> None:
    """Write an account's terms where the hot account at a cold place is looked at: all of each, in the order of the book."""
    hot = banded.hot
    cell = first_cell(hot, banded.hot_place[place])
    for nth in range(banded.cold.block[place // BLOCK, WIDTH]):
        hot.coefficient[cell + nth * BLOCK] = terms.coefficient_f64[nth]
        hot.term[cell + nth * BLOCK] = terms.term[nth]
    note_late(banded.front, banded.cold.row[place])


@register_jitable(forceinline=True)
def heat(banded: Banded, place: int, terms: Terms) -> bool:
    """Look at the account at a cold place on every tick from now on; return False where there is no room."""
    cold, hot = banded.cold, banded.hot
    width = cold.block[place // BLOCK, WIDTH]
    if not has_room(hot, width):
        return False
    banded.hot_place[place] = take_place(hot, width, width, cold.row[place])
    put_hot(banded, place, terms)
    return True


@register_jitable(forceinline=True)
def cool(banded: Banded, place: int, places: Array) -> None:
    """Look no longer at the account at a cold place; `places` are those of all rows."""
    hot_place = banded.hot_place[place]
    banded.hot_place[place] = NOWHERE
    if leave_place(banded.hot, hot_place) != hot_place:
        banded.hot_place[places[banded.hot.row[hot_place]]] = hot_place


@register_jitable(forceinline=True)
def strip(banded: Banded, place: int) -> None:
    """Remove the triggers of the account at a cold place."""
    cell = first_cell(banded.cold, place)
    for nth in range(banded.cold.block[place // BLOCK, WIDTH]):
        entry = banded.back[cell + nth * BLOCK]
        if entry != NO_TRIGGER:
            remove_trigger(banded.lines, entry, banded.back)
            banded.back[cell + nth * BLOCK] = NO_TRIGGER


@register_jitable(forceinline=True)
def key_of_cell(banded: Banded, cell: int, price_f64: Array, budget_f64: float, spread_f64: float, width: int) -> int:
    """Return the key of the trigger of one cold cell, and let its line's HIGHEST bound it."""
    coefficient_f64, term = np.float64(banded.cold.coefficient[cell]), banded.cold.term[cell]
    key = trigger_key_of(coefficient_f64, price_f64[term], banded.scale_f64[term], budget_f64, spread_f64, width)
    banded.lines.table[term, HIGHEST] = max(banded.lines.table[term, HIGHEST], key)
    return key


@register_jitable(forceinline=True)
def leave_to_triggers(banded: Banded, place: int, price_f64: Array, value_f64: float, calm_f64: float) -> bool:
    """Give triggers in place of any it has to the account at a cold place, if it is so calm; return whether it is.

    There must be as many free chunks as it has positions.
    """
    cold = banded.cold
    cell, width = first_cell(cold, place), cold.block[place // BLOCK, WIDTH]
    budget_f64, spread_f64 = budget_and_spread(
        cold.coefficient, cold.term, cell, width, price_f64, banded.scale_f64, value_f64
    )
    if not is_calm(budget_f64, spread_f64, calm_f64):
        return False
    strip(banded, place)
    for at in range(cell, cell + width * BLOCK, BLOCK):
        key = key_of_cell(banded, at, price_f64, budget_f64, spread_f64, width)
        insert_trigger(banded.lines, cold.term[at], key, at, banded.back)
    return True


@register_jitable(forceinline=True)
def has_banded_room(banded: Banded, width: int) -> bool:
    """Return whether an account of this width can come in, calm or hot, without growth."""
    return has_room(banded.cold, width) and has_room(banded.hot, width) and free_chunks(banded.lines) >= width


@register_jitable(forceinline=True)
def put_cold(cold: Blocks, place: int, terms: Terms) -> None:
    """Write an account's terms, in their own order, to its cold cells."""
    block = place // BLOCK
    cell = first_cell(cold, place)
    for nth in range(cold.block[block, WIDTH]):
        at, term = cell + nth * BLOCK, terms.term[terms.order[nth]]
        cold.coefficient[at] = rounded_down(terms.coefficient_f64[terms.order[nth]])
        cold.term[at] = term
        if cold.block[block, SHELF] >= WIDTHS:
            cold.strip_term[cold.block[block, STRIP] + nth] = term


@register_jitable(forceinline=True)
def take_in(banded: Banded, row: int, shelf: int, width: int, terms: Terms, places: Array) -> int:
    """Give an account a cold place on a shelf, with its terms and without triggers, and return it; there must be room."""
    place = take_place(banded.cold, shelf, width, row)
    places[row] = place
    banded.hot_place[place] = NOWHERE
    put_cold(banded.cold, place, terms)
    cell = first_cell(banded.cold, place)
    for nth in range(width):
        banded.back[cell + nth * BLOCK] = NO_TRIGGER
    return place


@register_jitable(forceinline=True)
def admit(
    banded: Banded, row: int, shelf: int, width: int, terms: Terms, places: Array, price_f64: Array, value_f64: float
) -> None:  # fmt: skip
    """Take an account in, calm or hot; there must be room."""
    place = take_in(banded, row, shelf, width, terms, places)
    if not leave_to_triggers(banded, place, price_f64, value_f64, CALM):
        heat(banded, place, terms)


@register_jitable(forceinline=True)
def rewrite(banded: Banded, place: int, terms: Terms) -> None:
    """Give an account other terms, on the same shelf; it is looked at until it is settled. There must be room."""
    put_cold(banded.cold, place, terms)
    if banded.hot_place[place] == NOWHERE:
        heat(banded, place, terms)
    else:
        put_hot(banded, place, terms)


@register_jitable(forceinline=True)
def dismiss(banded: Banded, row: int, places: Array) -> None:
    """Let an account go; the one that moves into its place takes its triggers along."""
    place = places[row]
    strip(banded, place)
    if banded.hot_place[place] != NOWHERE:
        cool(banded, place, places)
    width = banded.cold.block[place // BLOCK, WIDTH]
    moved = leave_place(banded.cold, place)
    places[row] = NOWHERE
    if moved == place:
        return
    places[banded.cold.row[place]] = place
    banded.hot_place[place] = banded.hot_place[moved]
    cell, source = first_cell(banded.cold, place), first_cell(banded.cold, moved)
    for nth in range(width):
        entry = banded.back[source + nth * BLOCK]
        banded.back[cell + nth * BLOCK] = entry
        if entry != NO_TRIGGER:
            set_owner(banded.lines, entry, cell + nth * BLOCK)
