"""The trigger book's work on arrays: taking rows in, finding who is not certain, and what is done between events.

Each is plain Python (`_py`) and the same function compiled (`_nb`). No fastmath. A kernel that needs room says so and has
done nothing for the row at which it stopped; the caller makes room, in place, and calls again from there.
"""

from collections.abc import Callable
from typing import Any

from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.account_blocks import BLOCK, NOWHERE, SHELF, lacks_slack, screen_blocks
from seawall.monitor.account_terms import (
    IN_FRONT,
    LIQUIDATABLE,
    OUT_OF_FRONT,
    PAIRED,
    PAIRS_FULL,
    is_certain,
    read_account,
    sort_terms,
)
from seawall.monitor.band_walk import follow_scales, heat_crossed, settle_hot, walk_ahead, walk_crossed
from seawall.monitor.banded_accounts import IS_BEHIND, LACKS_SLACK, WANTS_ROOM, admit, dismiss, has_banded_room, rewrite
from seawall.monitor.bulk_build import NO_MORE_PAIRS
from seawall.monitor.cold_screen import screen_cold
from seawall.monitor.compilation import compiled
from seawall.monitor.hot_front import LATE, ranks_in_reach, renew_front, screen_front
from seawall.monitor.pair_groups import NO_LINE, has_group_room
from seawall.monitor.pair_ratios import (
    dismiss_from_line,
    keep_contrary,
    line_for,
    renew_stretches,
    report_passed,
    scan_lines,
    settle_contrary,
    stand_on_line,
)
from seawall.monitor.signatures import see_signature
from seawall.monitor.trigger_index import TriggerIndex, bare
from seawall.monitor.trigger_lines import Lines, free_chunks, insert_trigger, move_chunks

Array = NDArray[Any]


def place_rows_py(index: TriggerIndex, rows: Array, begin: int, value_f64: float) -> int:
    """Bring rows[begin:] to where they belong now; return how many of `rows` are done, or NO_MORE_PAIRS.

    `value_f64` is the bound of the value slack for which bands are made.
    """
    status, place, book, pairs = bare(index.status), bare(index.place), bare(index.book), bare(index.pairs)
    terms, groups, paired, banded = bare(index.terms), bare(index.groups), bare(index.paired), bare(index.banded)
    for nth in range(begin, rows.size):
        row = rows[nth]
        width = int(book.width[row])
        status[row] &= OUT_OF_FRONT
        if not (has_banded_room(banded, width) and free_chunks(paired.lines) > 0 and has_group_room(groups)):
            return nth
        width = read_account(book, pairs, row, status[row] & LIQUIDATABLE, terms)
        if width == PAIRS_FULL:
            return NO_MORE_PAIRS
        if 2 * pairs.pair_count[0] > banded.scale_f64.size:
            return nth
        if status[row] & PAIRED:
            dismiss_from_line(paired, row, status, place)
        line, key, debt_f64 = NO_LINE, 0, 0.0
        if width == 2:
            line, key, debt_f64 = line_for(
                book, pairs, terms, groups, paired.lines.table, row, status[row] & LIQUIDATABLE, value_f64
            )
        shelf = NOWHERE
        if line == NO_LINE and width >= 0:
            sort_terms(terms, width)
            shelf = see_signature(banded.signatures, terms.term, terms.order, width)
        if place[row] != NOWHERE:
            if shelf == banded.cold.block[place[row] // BLOCK, SHELF]:
                rewrite(banded, place[row], terms)
                continue
            dismiss(banded, row, place)
        if line != NO_LINE:
            stand_on_line(paired, line, key, debt_f64, row, status)
            insert_trigger(paired.lines, line, key, row, place)
        elif width >= 0:
            admit(banded, row, shelf, width, terms, place, pairs.price_f64, value_f64)
    return rows.size


@register_jitable(forceinline=True)
def screen_late(index: TriggerIndex, value_f64: float, count: int) -> int:
    """Append to `flagged` who came to be hot since the front was made, and is not certain; return how many it holds then."""
    status, place, front, hot_place = index.status, index.place, index.banded.front, index.banded.hot_place
    for nth in range(front.counters[LATE]):
        row = front.late[nth]
        if status[row] & (PAIRED | IN_FRONT) or place[row] == NOWHERE or hot_place[place[row]] == NOWHERE:
            continue
        status[row] |= IN_FRONT
        if not is_certain(status, index.book, index.pairs, index.terms, row, value_f64):
            index.flagged[count] = row
            count += 1
    for nth in range(front.counters[LATE]):
        status[front.late[nth]] &= OUT_OF_FRONT
    return count


@register_jitable(forceinline=True)
def screen_banded(index: TriggerIndex, value_f64: float, count: int) -> int:
    """Append to `flagged` who is under own bands and not certain; return how many it holds then."""
    status, book, pairs, terms = bare(index.status), bare(index.book), bare(index.pairs), bare(index.terms)
    banded, flagged = bare(index.banded), bare(index.flagged)
    if not banded.progress[IS_BEHIND] and not heat_crossed(index):
        banded.progress[IS_BEHIND] = 1
    banded.progress[LACKS_SLACK] = lacks_slack(banded.hot)
    ranks = -1 if banded.progress[IS_BEHIND] else ranks_in_reach(banded.front, pairs.price_f64)
    if ranks >= 0:
        count = screen_front(banded.front, ranks, pairs.price_f64, value_f64, status, flagged, count)
        return screen_late(index, value_f64, count)
    if banded.progress[IS_BEHIND]:
        return screen_cold(banded.cold, status, book, pairs, terms, value_f64, index.margin_f64, flagged, count)
    return screen_blocks(banded.hot, pairs.price_f64, value_f64, index.margin_f64, flagged, count)


def detect_py(index: TriggerIndex, value_f64: float) -> int:
    """Write rows whose status is not certain now into `flagged`, each once, and return their number.

    Where more accounts have crossed triggers than `crossed` has room for, all cold blocks are screened instead, on every
    tick until `maintain_py` has walked the triggers.
    """
    status, book, pairs, terms = bare(index.status), bare(index.book), bare(index.pairs), bare(index.terms)
    paired, flagged = bare(index.paired), bare(index.flagged)
    count = keep_contrary(paired, status, book, pairs, terms, value_f64, flagged, 0)
    count = scan_lines(paired, status, book, pairs, terms, value_f64, flagged, count)
    count = report_passed(paired, status, flagged, count, bare(index.words))
    return screen_banded(index, value_f64, count)


def maintain_py(index: TriggerIndex, value_f64: float, scratch: Array, count: int) -> int:
    """Settle accounts with triggers near the price, then hot ones, at most `count`; return how many.

    Where crossed triggers wait, their accounts are made hot first, which costs an eighth of settling one and counts so;
    `scratch` has eight entries for each account of `count`.
    """
    banded, paired, price_f64 = bare(index.banded), bare(index.paired), bare(index.pairs).price_f64
    status, place = bare(index.status), bare(index.place)
    follow_scales(banded, price_f64)
    settle_contrary(paired, status)
    renew_stretches(paired, banded.scale_f64)
    done = 0
    if banded.progress[IS_BEHIND]:
        done = (walk_crossed(index, scratch[: 8 * count]) + 7) // 8
        if banded.progress[IS_BEHIND]:
            return done
    done += walk_ahead(index, value_f64, scratch[: count - done])
    if banded.progress[WANTS_ROOM]:
        return done
    done += settle_hot(banded, place, price_f64, value_f64, count - done)
    renew_front(banded.front, banded.hot, price_f64, banded.scale_f64, value_f64, status)
    return done


def move_chunks_py(lines: Lines, line: int, count: int, back: Array) -> int:
    """Move at most `count` chunks of a crowded line into its finer buckets; return how many, fewer where room is wanted."""
    return move_chunks(lines, line, count, back)


place_rows_nb: Callable[..., int] = compiled(place_rows_py, error_model="numpy")
detect_nb: Callable[..., int] = compiled(detect_py, error_model="numpy")
maintain_nb: Callable[..., int] = compiled(maintain_py, error_model="numpy")
move_chunks_nb: Callable[..., int] = compiled(move_chunks_py, error_model="numpy")
