"""Ratio lines: accounts of one collateral and one debt, in the order of the price ratio at which their status changes.

    healthy       (q_c − u_c) F_c − (q_d + u_d) A_d > V        k = q_d / q_c
    liquidatable  (q_d − u_d) F_d − (q_c + u_c) A_c > V        (F, A: effective prices *for* and *against*)

Let u_c <= 2**-21 q_c, u_d <= 2**-21 q_d, q_d >= q, and g = 2**-18 + V / (q F_d), rounded, with g < 1/2. Then
    k < F_c / A_d (1 − g)  proves healthy:       M >= q_c F_c [1 − 2**-21 − (1 − g)(1 + 2**-20)] > q_c F_c V / (q F_d) >= V
    k > A_c / F_d (1 + 2g) proves liquidatable:  M >= q_d F_d [1 − 2**-21 − (1 + 2**-20) / (1 + 2g)] >= q_d F_d V / (q F_d)
as F_d <= A_d, k < F_c / A_d gives q_c F_c > q_d A_d, and 1 / (1 + 2g) <= 1 − g; the 2**-20 hold some 20u of rounding too.

So a key below LOW is healthy for certain and one above HIGH liquidatable, and only what lies between needs its margin.
The triggers stay where they are when prices move: a tick looks at the keys that the window passed over, and at nothing
where the window stays within the gap of keys around it. An account that changed sides is reported, and listed as contrary
until its status is recorded. An unknown price opens the window to all.
"""

from typing import Final, NamedTuple

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.account_blocks import NOWHERE
from seawall.monitor.account_terms import (
    CONTRARY,
    LIQUIDATABLE,
    PAIRED,
    Array,
    BookColumns,
    PairColumns,
    Terms,
    is_certain,
)
from seawall.monitor.pair_groups import NO_LINE, NOT_TWO, Groups, debt_pair_of, group_of, see_group
from seawall.monitor.row_order import put_in_order
from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN, key_of
from seawall.monitor.trigger_lines import (
    CHUNK,
    OWN_COLUMNS,
    Lines,
    add_line,
    bucket_at,
    buckets_between,
    empty_lines,
    first_chunk,
    greatest_key,
    least_key,
    line_at,
    remove_trigger,
)
from seawall.monitor.window_stretch import (
    AT,
    COUNT,
    FROM,
    START,
    TO,
    Stretches,
    add_stretch,
    covers,
    is_worn,
    key_in,
    no_stretches,
    renew_stretch,
    row_in,
    void,
    void_within,
)

LOW: Final = OWN_COLUMNS
HIGH: Final = OWN_COLUMNS + 1
GAP_LOW: Final = OWN_COLUMNS + 2
GAP_HIGH: Final = OWN_COLUMNS + 3
COLLATERAL_PAIR: Final = OWN_COLUMNS + 4
DEBT_PAIR: Final = OWN_COLUMNS + 5

_UNITS_RATIO: Final = 2.0**-21
_VALUE_RATIO: Final = 2.0**-20
_ROUNDING: Final = 2.0**-18
_MANY: Final = 4096


class Paired(NamedTuple):
    """Lines by group of accounts, the stretches around their windows, the least debt balance on each, and the contrary.

    `contrary` holds the row where liquidatable is expected, else ~row; `contrary_count` says how many there are and how many follow that were passed over and are not yet reported.
    """

    lines: Lines
    stretches: Stretches
    least_debt_f64: Array
    contrary: Array
    contrary_count: Array


def nobody_paired() -> Paired:
    """Return no account and no line."""
    return Paired(empty_lines(), no_stretches(), np.zeros(0), np.zeros(0, np.int32), np.zeros(2, np.int64))


def add_ratio_line(
    paired: Paired, collateral: int, debt: int, expected: int, price_f64: Array, value_f64: float
) -> int:  # fmt: skip
    """Add a line for the accounts of a collateral and a debt pair; return its number."""
    line = add_line(paired.lines, expected)
    add_stretch(paired.stretches)
    paired.least_debt_f64.resize(line + 1, refcheck=False)
    paired.least_debt_f64[line] = np.inf
    paired.lines.table[line, COLLATERAL_PAIR:] = collateral, debt
    low, high = ratio_window(paired.lines.table, line, np.inf, price_f64, value_f64)
    paired.lines.table[line, LOW : GAP_HIGH + 1] = low, high, KEY_MIN - 1, KEY_MAX + 1
    return line


@register_jitable(forceinline=True)
def ratio_window(table: Array, line: int, least_debt_f64: float, price_f64: Array, value_f64: float) -> tuple[int, int]:
    """Return (LOW, HIGH) of a line under the present prices; everything where one of them is unknown."""
    collateral, debt = 2 * table[line, COLLATERAL_PAIR], 2 * table[line, DEBT_PAIR]
    debt_for_f64 = price_f64[debt]
    slack_f64 = _ROUNDING + value_f64 / (least_debt_f64 * debt_for_f64)
    low_f64 = price_f64[collateral] / price_f64[debt + 1] * (1.0 - slack_f64)
    high_f64 = price_f64[collateral + 1] / debt_for_f64 * (1.0 + 2.0 * slack_f64)
    if slack_f64 < 0.5 and low_f64 >= 0.0 and high_f64 >= low_f64:
        return key_of(low_f64), key_of(high_f64)
    return KEY_MIN, KEY_MAX


@register_jitable(forceinline=True)
def can_be_paired(
    collateral_f64: float, debt_f64: float, units_f64: Array, debt_price_f64: float, value_f64: float
) -> bool:
    """Return whether both balances are large beside their slack; not where the price is unknown."""
    return (
        units_f64[0] <= _UNITS_RATIO * collateral_f64
        and units_f64[1] <= _UNITS_RATIO * debt_f64
        and value_f64 <= _VALUE_RATIO * debt_f64 * debt_price_f64
        and 0.0 < debt_f64 / collateral_f64 < np.inf
    )


@register_jitable(forceinline=True)
def is_certain_on_line(table: Array, line: int, key: int, is_liquidatable: int) -> bool:
    """Return whether an account with this key lies where its status expects it, outside the window as it was last."""
    if is_liquidatable:
        return bool(key > table[line, HIGH])
    return bool(key < table[line, LOW])


@register_jitable(forceinline=True)
def line_for(
    book: BookColumns, pairs: PairColumns, terms: Terms, groups: Groups, table: Array, row: int, is_liquidatable: int,
    value_f64: float,
) -> tuple[int, int, float]:  # fmt: skip
    """Return (line, key, debt) of the ratio line on which an account of two positions is certain, or NO_LINE."""
    group = group_of(book, pairs, row)
    line = NO_LINE if group == NOT_TWO else see_group(groups, group)
    if line == NO_LINE:
        return NO_LINE, 0, 0.0
    swap = int(book.slot[book.first[row]] & 1)
    collateral_f64, debt_f64 = terms.balance_f64[swap], terms.balance_f64[1 - swap]
    debt_price_f64 = pairs.price_f64[2 * debt_pair_of(group)]
    if not can_be_paired(collateral_f64, debt_f64, pairs.units_f64, debt_price_f64, value_f64):
        return NO_LINE, 0, 0.0
    key = key_of(debt_f64 / collateral_f64)
    if not is_certain_on_line(table, line, key, is_liquidatable):
        return NO_LINE, 0, 0.0
    return line, key, debt_f64


@register_jitable(forceinline=True)
def stand_on_line(paired: Paired, line: int, key: int, debt_f64: float, row: int, status: Array) -> None:
    """Take note that an account comes to a line, where its status is certain."""
    table = paired.lines.table
    # The window was made for larger debts; a wider one is compared with the gap on the next tick.
    paired.least_debt_f64[line] = min(paired.least_debt_f64[line], debt_f64)
    if key < table[line, LOW]:
        table[line, GAP_LOW] = max(table[line, GAP_LOW], key)
    else:
        table[line, GAP_HIGH] = min(table[line, GAP_HIGH], key)
    void_within(paired.stretches, line, key)
    status[row] |= PAIRED


@register_jitable(forceinline=True)
def dismiss_from_line(paired: Paired, row: int, status: Array, places: Array) -> None:
    """Take an account off its line; it is nowhere then."""
    entry = int(places[row])
    void_within(paired.stretches, line_at(paired.lines, entry), paired.lines.chunk[entry // CHUNK, entry % CHUNK])
    remove_trigger(paired.lines, entry, places)
    places[row] = NOWHERE
    status[row] &= LIQUIDATABLE


@register_jitable(forceinline=True)
def put_marks_in_order(marks: Array, words: Array) -> None:
    """Put the rows that are expected to be liquidatable in order, and behind them the others."""
    above = 0
    for nth in range(marks.size):
        if marks[nth] >= 0:
            marks[above], marks[nth] = marks[nth], marks[above]
            above += 1
    put_in_order(marks[:above], words)
    others = marks[above:]
    others[:] = ~others
    put_in_order(others, words)
    others[:] = ~others


@register_jitable(forceinline=True)
def report_passed(paired: Paired, status: Array, flagged: Array, count: int, words: Array) -> int:
    """Report those passed over whose recorded status is not the one expected now, and list them as contrary."""
    kept = paired.contrary_count[0]
    if paired.contrary_count[1] > _MANY:
        # In their order statuses are read straight through memory, on this tick and while they are contrary.
        put_marks_in_order(paired.contrary[kept : kept + paired.contrary_count[1]], words)
    for nth in range(kept, kept + paired.contrary_count[1]):
        mark = int(paired.contrary[nth])
        row, expected = (mark, 1) if mark >= 0 else (~mark, 0)
        if (status[row] & (LIQUIDATABLE | CONTRARY)) == 1 - expected:
            status[row] |= CONTRARY
            paired.contrary[kept] = mark
            kept += 1
            flagged[count] = row
            count += 1
    paired.contrary_count[0], paired.contrary_count[1] = kept, 0
    return count


@register_jitable(forceinline=True)
def keep_contrary(
    paired: Paired, status: Array, book: BookColumns, pairs: PairColumns, terms: Terms, value_f64: float,
    flagged: Array, count: int,
) -> int:  # fmt: skip
    """Report again the contrary whose status was not recorded and is not certain; forget the others."""
    kept = 0
    for nth in range(paired.contrary_count[0]):
        mark = int(paired.contrary[nth])
        row, expected = (mark, 1) if mark >= 0 else (~mark, 0)
        if not status[row] & CONTRARY:
            continue
        if (status[row] & LIQUIDATABLE) == expected or is_certain(status, book, pairs, terms, row, value_f64):
            status[row] ^= CONTRARY
            continue
        paired.contrary[kept] = paired.contrary[nth]
        kept += 1
        flagged[count] = row
        count += 1
    paired.contrary_count[0] = kept
    return count


@register_jitable(forceinline=True)
def settle_contrary(paired: Paired, status: Array) -> None:
    """Forget the contrary whose status was recorded as it is expected, or who are gone: the next tick need not ask."""
    kept = 0
    for nth in range(paired.contrary_count[0]):
        mark = int(paired.contrary[nth])
        row, expected = (mark, 1) if mark >= 0 else (~mark, 0)
        if not status[row] & CONTRARY:
            continue
        if (status[row] & LIQUIDATABLE) == expected:
            status[row] ^= CONTRARY
            continue
        paired.contrary[kept] = mark
        kept += 1
    paired.contrary_count[0] = kept


@register_jitable(forceinline=True)
def pass_stretch(
    paired: Paired, line: int, low: int, high: int, status: Array, flagged: Array, count: int
) -> int:  # fmt: skip
    """List who was passed over by a window that stays on its stretch; append who is within it to `flagged`, undecided."""
    table, stretch, entries = paired.lines.table, paired.stretches.table, paired.stretches.entry
    contrary, passed = paired.contrary, paired.contrary_count[0] + paired.contrary_count[1]
    before_low, before_high = table[line, LOW], table[line, HIGH]
    lowest, highest = min(low, before_low), max(high, before_high)
    begin = int(stretch[line, START])
    end = begin + int(stretch[line, COUNT])
    at = int(stretch[line, AT])
    while at > begin and key_in(entries[at - 1]) >= lowest:
        at -= 1
    first, is_between = at, False
    while at < end and key_in(entries[at]) <= highest:
        key, row = key_in(entries[at]), row_in(entries[at])
        first += key < low
        if low <= key <= high:
            is_between = True
            flagged[count] = row
            count += (status[row] & CONTRARY) == 0
        elif not (before_low <= key <= before_high) or status[row] & CONTRARY == 0:
            contrary[passed] = row if key > high else ~row
            passed += 1
        at += 1
    paired.contrary_count[1] = passed - paired.contrary_count[0]
    stretch[line, AT] = first
    table[line, LOW], table[line, HIGH] = low, high
    if is_between:
        table[line, GAP_LOW], table[line, GAP_HIGH] = KEY_MAX, KEY_MIN
        return count
    table[line, GAP_LOW] = key_in(entries[first - 1]) if first > begin else stretch[line, FROM] - 1
    table[line, GAP_HIGH] = key_in(entries[first]) if first < end else stretch[line, TO] + 1
    return count


@register_jitable(forceinline=True)
def scan_line(paired: Paired, line: int, low: int, high: int, status: Array, flagged: Array, count: int) -> int:
    """List who was passed over by a window, from the line's buckets; append who is within it to `flagged`, undecided.

    Statuses of those passed over are not read here: a crash passes over a tenth of the book, in no order of rows. Nothing is
    called in the loop: references to the columns that are handed over would be counted for each trigger.
    """
    lines, table = paired.lines, paired.lines.table
    chunks, link = lines.chunk, lines.link
    contrary, passed = paired.contrary, paired.contrary_count[0] + paired.contrary_count[1]
    before_low, before_high = table[line, LOW], table[line, HIGH]
    lowest, highest = min(low, before_low), max(high, before_high)
    first, windows, buckets = buckets_between(lines, line, lowest, highest)
    below, above = least_key(lines, line, first) - 1, greatest_key(lines, line, first + windows - 1) + 1
    is_between = low == KEY_MIN and high == KEY_MAX
    for nth in range(buckets):
        chunk, fill = first_chunk(lines, bucket_at(lines, line, first, windows, nth))
        while chunk:
            for lane in range(fill):
                key = int(chunks[chunk, lane])
                if key < low:
                    below = max(below, key)
                elif key > high:
                    above = min(above, key)
                if not lowest <= key <= highest:
                    continue
                row = chunks[chunk, CHUNK + lane]
                if low <= key <= high:
                    is_between = True
                    flagged[count] = row
                    count += (status[row] & CONTRARY) == 0
                elif not (before_low <= key <= before_high) or status[row] & CONTRARY == 0:
                    contrary[passed] = row if key > high else ~row
                    passed += 1
            chunk, fill = int(link[chunk, 0]), CHUNK
    paired.contrary_count[1] = passed - paired.contrary_count[0]
    void(paired.stretches, line)
    table[line, LOW], table[line, HIGH] = low, high
    table[line, GAP_LOW], table[line, GAP_HIGH] = (KEY_MAX, KEY_MIN) if is_between else (below, above)
    return count


@register_jitable(forceinline=True)
def keep_uncertain(
    status: Array, book: BookColumns, pairs: PairColumns, terms: Terms, value_f64: float, flagged: Array, begin: int,
    end: int,
) -> int:  # fmt: skip
    """Keep of flagged[begin:end] those whom their margin does not decide; return the end."""
    count = begin
    for nth in range(begin, end):
        row = flagged[nth]
        if not is_certain(status, book, pairs, terms, row, value_f64):
            flagged[count] = row
            count += 1
    return count


@register_jitable(forceinline=True)
def scan_lines(
    paired: Paired, status: Array, book: BookColumns, pairs: PairColumns, terms: Terms, value_f64: float,
    flagged: Array, count: int,
) -> int:  # fmt: skip
    """Report the accounts within the windows whose status is not certain now; return how many `flagged` holds."""
    table = paired.lines.table
    begin = count
    for line in range(table.shape[0]):
        low, high = ratio_window(table, line, paired.least_debt_f64[line], pairs.price_f64, value_f64)
        if low > table[line, GAP_LOW] and high < table[line, GAP_HIGH]:
            table[line, LOW], table[line, HIGH] = low, high
        elif covers(paired.stretches, line, min(low, table[line, LOW]), max(high, table[line, HIGH])):
            count = pass_stretch(paired, line, low, high, status, flagged, count)
        else:
            count = scan_line(paired, line, low, high, status, flagged, count)
    return keep_uncertain(status, book, pairs, terms, value_f64, flagged, begin, count)


@register_jitable(forceinline=True)
def renew_stretches(paired: Paired, scale_f64: Array) -> None:
    """Make the stretches anew that are void or that the next moves may leave, as far as there is room for them."""
    table = paired.lines.table
    for line in range(table.shape[0]):
        low, high = int(table[line, LOW]), int(table[line, HIGH])
        scale = scale_f64[2 * table[line, COLLATERAL_PAIR]] + scale_f64[2 * table[line, DEBT_PAIR]]
        if low != KEY_MIN and is_worn(paired.stretches, line, low, high, scale):
            renew_stretch(paired.stretches, paired.lines, line, low, high, scale)
