"""Which accounts under own bands a price passed, and the work ahead of it: the walks over trigger lines.

A tick makes those hot whose trigger it crossed. Between ticks `walk_ahead` bands anew whoever has a trigger within AHEAD
usual moves of the price, so that an ordinary tick finds nothing crossed, and `settle_hot` gives triggers to those that came
to stand AGAIN usual moves from the line. A band for AGAIN moves puts no trigger nearer than that, and AHEAD is less: no
account is walked twice for one price.
"""

from typing import Final

from numba.extending import register_jitable

from seawall.monitor.account_blocks import (
    ACCOUNTS,
    BLOCK,
    BLOCKS_USED,
    COUNT,
    NOWHERE,
    WIDTH,
    Array,
    first_cell,
    place_of_cell,
)
from seawall.monitor.account_terms import LIQUIDATABLE, read_account
from seawall.monitor.banded_accounts import (
    CURSOR,
    HIGHEST,
    IS_BEHIND,
    PENDING,
    WANTS_ROOM,
    Banded,
    cool,
    has_banded_room,
    heat,
    leave_to_triggers,
)
from seawall.monitor.own_bands import CALM, budget_and_spread, follow_scale, is_calm
from seawall.monitor.trigger_index import TriggerIndex
from seawall.monitor.trigger_key import KEY_MIN, position_of
from seawall.monitor.trigger_lines import CHUNK, HELD, bucket_at, buckets_between, first_chunk, least_key

AHEAD: Final = 0.625 * CALM
AGAIN: Final = 1.25 * CALM


@register_jitable(forceinline=True)
def collect_crossed(banded: Banded, line: int, position: int, crossed: Array, count: int) -> int:
    """Append the cold places of calm accounts with a trigger at or above `position` on this line to `crossed`.

    Returns how many it holds then, or -1 where it is full. The line's PENDING becomes the bound that HIGHEST may take
    once these accounts have no trigger there or are hot.
    """
    lines = banded.lines
    first, windows, buckets = buckets_between(lines, line, position, lines.table[line, HIGHEST])
    left = least_key(lines, line, first) - 1
    for nth in range(buckets):
        chunk, fill = first_chunk(lines, bucket_at(lines, line, first, windows, nth))
        while chunk:
            for lane in range(fill):
                key = int(lines.chunk[chunk, lane])
                if key < position:
                    left = max(left, key)
                    continue
                place = place_of_cell(banded.cold, lines.chunk[chunk, CHUNK + lane])
                if banded.hot_place[place] == NOWHERE:
                    if count == crossed.size:
                        return -1
                    crossed[count] = place
                    count += 1
            chunk, fill = int(lines.link[chunk, 0]), CHUNK
    lines.table[line, PENDING] = max(left, KEY_MIN)
    return count


@register_jitable(forceinline=True)
def heat_from_book(index: TriggerIndex, place: int) -> bool:
    """Make the account at a cold place hot, if it is not, with its terms as the book has them; return False where there is no room."""
    if index.banded.hot_place[place] != NOWHERE:
        return True
    row = index.banded.cold.row[place]
    read_account(index.book, index.pairs, row, index.status[row] & LIQUIDATABLE, index.terms)
    return heat(index.banded, place, index.terms)


@register_jitable(forceinline=True)
def heat_crossed(index: TriggerIndex) -> bool:
    """Make every calm account hot that has a crossed trigger; return False, as if nothing was done, where they are many."""
    banded, price_f64, crossed = index.banded, index.pairs.price_f64, index.crossed
    lines = banded.lines
    count = 0
    for line in range(lines.table.shape[0]):
        position = position_of(price_f64[line], line & 1 == 1)
        lines.table[line, PENDING] = lines.table[line, HIGHEST]
        if lines.table[line, HIGHEST] >= position and lines.table[line, HELD]:
            count = collect_crossed(banded, line, position, crossed, count)
            if count < 0:
                return False
    if count == 0:
        return True
    for nth in range(count):
        if not heat_from_book(index, crossed[nth]):
            return False
    for line in range(lines.table.shape[0]):
        lines.table[line, HIGHEST] = lines.table[line, PENDING]
    return True


@register_jitable(forceinline=True)
def follow_scales(banded: Banded, price_f64: Array) -> None:
    """Learn from the prices that moved since the last time how far each one usually moves."""
    for term in range(banded.scale_f64.size):
        if price_f64[term] != banded.before_f64[term]:
            banded.scale_f64[term] = follow_scale(banded.scale_f64[term], banded.before_f64[term], price_f64[term])
            banded.before_f64[term] = price_f64[term]


@register_jitable(forceinline=True)
def walk_crossed(index: TriggerIndex, crossed: Array) -> int:
    """Make calm accounts with crossed triggers hot, up to as many as `crossed` has room for; return how many."""
    banded, price_f64 = index.banded, index.pairs.price_f64
    lines = banded.lines
    done = 0
    for line in range(lines.table.shape[0]):
        position = position_of(price_f64[line], line & 1 == 1)
        if not lines.table[line, HELD] or lines.table[line, HIGHEST] < position:
            continue
        found = collect_crossed(banded, line, position, crossed[done:], 0)
        stop = crossed.size if found < 0 else done + found
        while done < stop:
            if not heat_from_book(index, crossed[done]):
                banded.progress[WANTS_ROOM] = 1
                return done
            done += 1
        if found < 0:
            return done
        lines.table[line, HIGHEST] = lines.table[line, PENDING]
    banded.progress[IS_BEHIND] = 0
    return done


@register_jitable(forceinline=True)
def walk_ahead(index: TriggerIndex, value_f64: float, crossed: Array) -> int:
    """Settle calm accounts whose triggers are crossed or nearly so, as many as `crossed` has room for; return how many."""
    banded, price_f64 = index.banded, index.pairs.price_f64
    lines = banded.lines
    done = 0
    for line in range(lines.table.shape[0]):
        is_rising = line & 1 == 1
        reach_f64 = AHEAD * banded.scale_f64[line]
        position = position_of(price_f64[line] * (1.0 + reach_f64 if is_rising else 1.0 - reach_f64), is_rising)
        if not lines.table[line, HELD] or lines.table[line, HIGHEST] < position:
            continue
        found, before = collect_crossed(banded, line, position, crossed[done:], 0), lines.table[line, HIGHEST]
        if found >= 0:
            lines.table[line, HIGHEST] = lines.table[line, PENDING]
        stop = crossed.size if found < 0 else done + found
        while done < stop:
            place = crossed[done]
            if not has_banded_room(banded, banded.cold.block[place // BLOCK, WIDTH]):
                # Whoever is left of this line is found again.
                lines.table[line, HIGHEST] = max(lines.table[line, HIGHEST], before)
                banded.progress[WANTS_ROOM] = 1
                return done
            is_hot = banded.hot_place[place] != NOWHERE
            if not is_hot and not leave_to_triggers(banded, place, price_f64, value_f64, AGAIN):
                heat_from_book(index, place)
            done += 1
        if found < 0:
            return done
    return done


@register_jitable(forceinline=True)
def settle_hot(banded: Banded, places: Array, price_f64: Array, value_f64: float, count: int) -> int:
    """Look at `count` hot accounts, the next ones in turn, and leave those that are calm to triggers; return how many."""
    hot, progress = banded.hot, banded.progress
    if hot.counters[ACCOUNTS] == 0:
        return 0
    looked = 0
    for _ in range(hot.counters[BLOCKS_USED] + 1):
        if progress[CURSOR] < 0:
            progress[CURSOR] = hot.counters[BLOCKS_USED] * BLOCK - 1
        block = progress[CURSOR] // BLOCK
        at = min(progress[CURSOR] % BLOCK, hot.block[block, COUNT] - 1) if block < hot.block.shape[0] else -1
        while at >= 0:
            progress[WANTS_ROOM] = not has_banded_room(banded, hot.block[block, WIDTH])
            if looked == count or progress[WANTS_ROOM]:
                progress[CURSOR] = block * BLOCK + at
                return looked
            looked += 1
            hot_place = block * BLOCK + at
            budget_f64, spread_f64 = budget_and_spread(
                hot.coefficient, hot.term, first_cell(hot, hot_place), hot.block[block, WIDTH], price_f64,
                banded.scale_f64, value_f64,
            )  # fmt: skip
            if is_calm(budget_f64, spread_f64, AGAIN):
                place = places[hot.row[hot_place]]
                if leave_to_triggers(banded, place, price_f64, value_f64, AGAIN):
                    cool(banded, place, places)
            at = min(at, hot.block[block, COUNT]) - 1
        progress[CURSOR] = block * BLOCK - 1
    return looked
