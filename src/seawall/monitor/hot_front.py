"""The front: the hot accounts whom the next moves can bring over the line, copied side by side for one straight sum.

    M = sum of c_k P_k,   m_k = usual move of price k at the anchor P,   L = sum of |c_k| m_k
    B = (M − V' − 2**-43 S)(1 − 2**-40) as in `own_bands.py`

While every |P'_k − P_k| <= r m_k, M(P') >= M − r L, so that a hot account with B >= r L is certain. (Rounding: the 2**-43 S
hold 1024u S; the sum M takes 256u S, the sum L, the differences of prices and r less than the rest.) Accounts stand in ranks
by the least r of `REACHES` for which that fails: a tick sums the ranks up to its own reach. Those certain within the last
reach are not in the front.

The front is made anew between events, at the prices of then. Whoever becomes hot or is rewritten after that is *late* and
looked at besides; `IN_FRONT` is taken from the status of whoever is placed anew, and what the front says of him counts no
more. A price beyond the last reach, or too many late, and all hot accounts are summed.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.account_blocks import BLOCK, COUNT, NOWHERE, PREVIOUS, WIDTHS, Blocks, first_cell
from seawall.monitor.account_terms import IN_FRONT, OUT_OF_FRONT
from seawall.monitor.own_bands import certain_budget

Array = NDArray[Any]

REACHES: Final = (1.5, 2.0, 2.5, 3.0, 3.5, 4.5)
"""In usual moves; of twenty prices one moves by more than the last in a few thousand ticks."""
RANKS: Final = len(REACHES)
LANES: Final = 8
"""Accounts that are summed abreast."""
LATE_MAX: Final = 64

IS_VOID: Final = 0
LATE: Final = 1
GROUPS: Final = 2
GROUPS_WANTED: Final = 3
STRIPS_WANTED: Final = 4
SEGMENTS: Final = 5

_NO_ROW: Final = -1
_LARGE: Final = 2.0**1000
_UP: Final = 1.0 + 2.0**-50


class Front(NamedTuple):
    """Cells in strips of 8 and rows in groups of 8 accounts; `segment` is (rank, width, groups) in order of ranks.

    `anchor_f64` and `per_move_f64` (one by the usual move) are by term, `rank` is by hot place, `fill` by rank and width:
    first group, first strip, accounts. `counters` says whether the front is void, how many are late, how many groups have
    IN_FRONT, how many groups and strips it had or wanted to have, and how many segments.
    """

    coefficient_f64: Array
    term: Array
    row: Array
    segment: Array
    late: Array
    anchor_f64: Array
    per_move_f64: Array
    rank: Array
    fill: Array
    counters: Array


def nobody_in_front() -> Front:
    """Return a void front without room."""
    return Front(
        np.zeros(0), np.zeros(0, np.uint16), np.zeros(0, np.int32), np.zeros((RANKS * WIDTHS, 3), np.int32),
        np.zeros(LATE_MAX, np.int32), np.zeros(0), np.zeros(0), np.zeros(0, np.int8),
        np.zeros((RANKS, WIDTHS, 3), np.int32), np.array([1, 0, 0, 0, 0, 0], np.int64),
    )  # fmt: skip


def lacks_front_room(front: Front, hot: Blocks, terms: int) -> bool:
    """Return whether the front was left void for want of room, or cannot rank all hot accounts or terms."""
    counters = front.counters
    return bool(
        counters[STRIPS_WANTED] * LANES > front.term.size
        or counters[GROUPS_WANTED] * LANES > front.row.size
        or hot.row.size > front.rank.size
        or terms > front.anchor_f64.size
    )


def make_front_room(front: Front, hot: Blocks, terms: int) -> None:
    """Make room for so many terms, all hot accounts and twice what the front wanted last, in place."""
    front.counters[IS_VOID] = 1
    cells = max(2 * LANES * int(front.counters[STRIPS_WANTED]), front.term.size)
    front.coefficient_f64.resize(cells, refcheck=False)
    front.term.resize(cells, refcheck=False)
    front.row.resize(max(2 * LANES * int(front.counters[GROUPS_WANTED]), front.row.size), refcheck=False)
    front.rank.resize(hot.row.size + hot.row.size // 8, refcheck=False)
    front.anchor_f64.resize(terms, refcheck=False)
    front.per_move_f64.resize(terms, refcheck=False)


@register_jitable(forceinline=True)
def note_late(front: Front, row: int) -> None:
    """Look at an account that became hot, or has other terms, on every tick until the front is made anew."""
    late = front.counters[LATE]
    if late == LATE_MAX:
        front.counters[IS_VOID] = 1
    else:
        front.late[late] = row
        front.counters[LATE] = late + 1


@register_jitable(forceinline=True)
def ranks_in_reach(front: Front, price_f64: Array) -> int:
    """Return how many ranks these prices may bring over the line, or -1 where the front does not say."""
    if front.counters[IS_VOID] or not price_f64.size >= front.anchor_f64.size:
        return -1
    reach_f64 = 0.0
    for term in range(front.anchor_f64.size):
        # An unknown anchor says nothing: accounts with that term are in the first rank.
        if front.anchor_f64[term] == front.anchor_f64[term]:
            moves_f64 = abs(price_f64[term] - front.anchor_f64[term]) * front.per_move_f64[term] * _UP
            if not moves_f64 <= REACHES[RANKS - 1]:
                return -1
            reach_f64 = max(reach_f64, moves_f64)
    ranks = 1
    for rank in range(RANKS - 1):
        ranks += reach_f64 > REACHES[rank]
    return ranks


@register_jitable(forceinline=True)
def rank_of(front: Front, hot: Blocks, cell: int, width: int, value_f64: float) -> int:
    """Return the rank of the hot account whose cells begin at `cell`, or RANKS."""
    margin_f64, size_f64, move_f64 = 0.0, 0.0, 0.0
    for nth in range(width):
        coefficient_f64, term = hot.coefficient[cell + nth * BLOCK], hot.term[cell + nth * BLOCK]
        value = coefficient_f64 * front.anchor_f64[term]
        margin_f64 += value
        size_f64 += abs(value)
        move_f64 += abs(coefficient_f64) / front.per_move_f64[term]
    budget_f64 = certain_budget(margin_f64, size_f64, value_f64)
    # Written this way round so that NaN is in the first rank.
    rank = 0
    for nth in range(RANKS):
        rank += budget_f64 >= REACHES[nth] * move_f64
    return rank


@register_jitable(forceinline=True)
def lay_out(front: Front) -> bool:
    """Give the accounts that were counted by rank and width their groups and strips; return whether there is room."""
    groups, strips, segments = 0, 0, 0
    for rank in range(RANKS):
        for width in range(WIDTHS):
            count = (front.fill[rank, width, 2] + LANES - 1) // LANES
            front.fill[rank, width, 0], front.fill[rank, width, 1], front.fill[rank, width, 2] = groups, strips, 0
            if count:
                front.segment[segments, 0], front.segment[segments, 1] = rank, width
                front.segment[segments, 2] = count
                segments += 1
            groups += count
            strips += count * width
    front.counters[GROUPS_WANTED], front.counters[STRIPS_WANTED] = groups, strips
    front.counters[SEGMENTS] = segments
    return bool(strips * LANES <= front.term.size and groups * LANES <= front.row.size)


@register_jitable(forceinline=True)
def put_in_rank(front: Front, hot: Blocks, place: int, width: int, status: Array) -> None:
    """Copy the hot account at a place behind the others of its rank and width."""
    rank = front.rank[place]
    nth = front.fill[rank, width, 2]
    front.fill[rank, width, 2] = nth + 1
    group, lane = nth // LANES, nth % LANES
    front.row[(front.fill[rank, width, 0] + group) * LANES + lane] = hot.row[place]
    source, strip = first_cell(hot, place), int(front.fill[rank, width, 1]) + group * width
    for at in range(width):
        front.coefficient_f64[(strip + at) * LANES + lane] = hot.coefficient[source + at * BLOCK]
        front.term[(strip + at) * LANES + lane] = hot.term[source + at * BLOCK]
    status[hot.row[place]] |= IN_FRONT


@register_jitable(forceinline=True)
def take_out_everybody(front: Front, status: Array) -> None:
    """Leave the front void, with nobody in it and nobody late."""
    for nth in range(front.counters[GROUPS] * LANES):
        if front.row[nth] != _NO_ROW:
            status[front.row[nth]] &= OUT_OF_FRONT
    front.counters[IS_VOID], front.counters[LATE], front.counters[GROUPS] = 1, 0, 0


@register_jitable(forceinline=True)
def renew_front(
    front: Front, hot: Blocks, price_f64: Array, scale_f64: Array, value_f64: float, status: Array
) -> None:  # fmt: skip
    """Make the front anew at these prices; leave it void where there is too little room, which is noted."""
    take_out_everybody(front, status)
    if front.rank.size < hot.row.size or front.anchor_f64.size < scale_f64.size:
        return
    for term in range(scale_f64.size):
        front.anchor_f64[term] = price_f64[term]
        front.per_move_f64[term] = min(1.0 / (scale_f64[term] * price_f64[term]), _LARGE)
    front.fill[:] = 0
    for width in range(WIDTHS):
        block = int(hot.last[width])
        while block != NOWHERE:
            for at in range(hot.block[block, COUNT]):
                place = block * BLOCK + at
                rank = rank_of(front, hot, first_cell(hot, place), width, value_f64)
                front.rank[place] = rank
                if rank < RANKS:
                    front.fill[rank, width, 2] += 1
            block = int(hot.block[block, PREVIOUS])
    if not lay_out(front):
        return
    groups = front.counters[GROUPS_WANTED]
    # Lanes that stay empty sum to zero and have no row.
    front.row[: groups * LANES] = _NO_ROW
    front.coefficient_f64[: front.counters[STRIPS_WANTED] * LANES] = 0.0
    front.term[: front.counters[STRIPS_WANTED] * LANES] = 0
    for width in range(WIDTHS):
        block = int(hot.last[width])
        while block != NOWHERE:
            for at in range(hot.block[block, COUNT]):
                if front.rank[block * BLOCK + at] < RANKS:
                    put_in_rank(front, hot, block * BLOCK + at, width, status)
            block = int(hot.block[block, PREVIOUS])
    front.counters[IS_VOID], front.counters[GROUPS] = 0, groups


@register_jitable(forceinline=True)
def keep_in_front(status: Array, flagged: Array, begin: int, end: int) -> int:
    """Keep those of flagged[begin:end] of whom the front speaks, as nobody placed them anew; return their end."""
    count = begin
    for nth in range(begin, end):
        row = flagged[nth]
        flagged[count] = row
        count += (status[row] & IN_FRONT) != 0
    return count


@register_jitable(forceinline=True)
def screen_front(
    front: Front, ranks: int, price_f64: Array, value_f64: float, status: Array, flagged: Array, flagged_count: int
) -> int:  # fmt: skip
    """Append the rows of the first ranks whose margin is not above `value_f64` to `flagged`; return how many it holds then.

    `flagged` has room for one row more than the front's besides all accounts. No status is asked for on the way: whatever comes after would
    wait for it.
    """
    end, at, cell = flagged_count, 0, 0
    c, t, p, v = front.coefficient_f64, front.term, price_f64, value_f64
    for segment in range(front.counters[SEGMENTS]):
        if front.segment[segment, 0] >= ranks:
            break
        width = front.segment[segment, 1]
        for _ in range(front.segment[segment, 2]):
            # Eight sums in registers: as one array of eight the compiler would keep them in memory.
            m0 = m1 = m2 = m3 = m4 = m5 = m6 = m7 = 0.0
            for _ in range(width):
                # Of a number without sign the compiler need not ask whether it counts from the end.
                k = np.uint32(cell)
                m0 += c[k] * p[t[k]]
                m1 += c[k + 1] * p[t[k + 1]]
                m2 += c[k + 2] * p[t[k + 2]]
                m3 += c[k + 3] * p[t[k + 3]]
                m4 += c[k + 4] * p[t[k + 4]]
                m5 += c[k + 5] * p[t[k + 5]]
                m6 += c[k + 6] * p[t[k + 6]]
                m7 += c[k + 7] * p[t[k + 7]]
                cell += LANES
            # Written this way round so that NaN is uncertain, and without branches that nobody can foresee.
            for lane, margin_f64 in enumerate((m0, m1, m2, m3, m4, m5, m6, m7)):
                row = front.row[at + lane]
                flagged[end] = row
                end += (not (margin_f64 > v)) & (row != _NO_ROW)
            at += LANES
    return keep_in_front(status, flagged, flagged_count, end)
