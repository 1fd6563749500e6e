"""The trigger book's columns: where they lie, how they grow, and the compiled work that is done on them.

Every column grows in place and by an eighth or less, so that growth moves pages and copies nothing. Lines are made where
a pair of slot and category, or a large group of accounts, first comes up; one that came to hold many triggers, or whose
price left its buckets, gets other buckets in `maintain`, one line a call and at most SIZE_MAX * 32 triggers where it grew.
"""

from typing import Final

import numpy as np

from seawall.ledger.book import Book
from seawall.monitor.account_blocks import ACCOUNTS, BLOCK, NOWHERE, WIDTHS, Array
from seawall.monitor.account_terms import BookColumns, PairColumns, Terms
from seawall.monitor.banded_accounts import WANTS_ROOM, add_term_line, make_banded_room, nobody_banded
from seawall.monitor.effective_price import EffectivePrices
from seawall.monitor.pair_groups import GROUPS_DUE, due_groups, has_group_room, larger, no_groups
from seawall.monitor.pair_ratios import LOW, add_ratio_line, nobody_paired
from seawall.monitor.trigger_kernels import (
    NO_MORE_PAIRS,
    detect_nb,
    maintain_nb,
    move_triggers_nb,
    place_rows_nb,
    see_accounts_nb,
)
from seawall.monitor.trigger_key import KEY_MIN, UNKNOWN, position_of
from seawall.monitor.trigger_lines import (
    HELD,
    HELD_IN_ALL,
    ORIGIN,
    SHIFT,
    SIZE,
    START,
    Lines,
    crowded_line,
    is_off_centre,
    make_chunk_room,
    nbytes_of,
    set_buckets,
)

_PLACED_AT_ONCE: Final = 4096
_CROSSED_SHARE: Final = 32
"""One account of so many under bands may have crossed a trigger before all of them are screened instead."""
_CROSSED_MIN: Final = 512


class TriggerColumns:
    """All columns beside the book's own; statuses are bits, see `account_terms.py`."""

    def __init__(self, prices: EffectivePrices, status: Array) -> None:
        self._prices = prices
        self._pairs = PairColumns(
            prices.pair_of, prices.pair_slot, prices.pair_category, prices.pair_count, prices.units_f64, prices.price_f64
        )  # fmt: skip
        self.status = status
        self.place = np.full(status.size, NOWHERE, np.int32)
        self.paired, self.banded, self.groups = nobody_paired(), nobody_banded(), no_groups()
        self._flagged = np.empty(status.size, np.int32)
        self._crossed = np.empty(_CROSSED_MIN, np.int32)
        self._margin_f64 = np.zeros(BLOCK)
        self._terms = Terms(np.zeros(256), np.zeros(256, np.uint16), np.zeros(256))
        self._next_line = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, those of scratch included."""
        banded, paired = self.banded, self.paired
        tuples = (banded.lines, banded.cold, banded.hot, paired.lines, self.groups, self._terms)
        columns = (
            self.status, self.place, self._flagged, self._crossed, self._margin_f64, banded.back, banded.hot_place,
            banded.scale_f64, banded.before_f64, paired.contrary, paired.least_debt_f64,
        )  # fmt: skip
        return nbytes_of(columns) + sum(nbytes_of(each) for each in tuples)

    # -- taking in ----------------------------------------------------------------------------------------

    def build(self, book: Book, value_f64: float) -> None:
        """Take the whole book in; the lines get buckets for what they will hold."""
        columns, accounts = columns_of(book), book.account_count
        seen = np.zeros(self._prices.pair_slot.size, np.int64)
        row = 0
        while row < accounts:
            row = see_accounts_nb(row, accounts, self.status, columns, self._pairs, self.groups, seen)
            self._check_pairs(row)
            if row < accounts:
                self.groups = larger(self.groups)
        self._open_lines(seen, value_f64)
        self.groups.seen[:] = 0
        self.groups.counters[GROUPS_DUE] = 0
        self.place_rows(np.arange(accounts), book, value_f64)

    def place_rows(self, rows: Array, book: Book, value_f64: float) -> None:
        """Bring rows to where they belong now; `value_f64` bounds the value slack."""
        columns = columns_of(book)
        for begin in range(0, rows.size, _PLACED_AT_ONCE):
            part, done = rows[begin : begin + _PLACED_AT_ONCE], 0
            while done < part.size:
                done = place_rows_nb(
                    part, done, self.status, self.place, columns, self._pairs, self.groups, self.paired, self.banded,
                    self._terms, value_f64,
                )  # fmt: skip
                self._check_pairs(done)
                if done < part.size:
                    make_banded_room(self.banded, int(book.count[part[done]]))
                    make_chunk_room(self.paired.lines, 1)
                    self.groups = larger(self.groups) if not has_group_room(self.groups) else self.groups
            if self.groups.counters[GROUPS_DUE] or self._prices.pair_count[0] * 2 > self.banded.scale_f64.size:
                self._open_lines(None, value_f64)

    def _check_pairs(self, outcome: int) -> None:
        assert outcome != NO_MORE_PAIRS, f"more than {self._pairs.pair_slot.size} pairs of slot and category are in use"

    def _open_lines(self, seen: Array | None, value_f64: float) -> None:
        """Give new pairs their lines, and groups that have become large theirs."""
        self._prices.price_new_pairs()
        for pair in range(self.banded.scale_f64.size // 2, int(self._prices.pair_count[0])):
            expected = 0 if seen is None else int(seen[pair])
            is_debt = int(self._prices.pair_slot[pair]) & 1
            for against in (0, 1):
                # At first nearly all are healthy: collateral is on its falling line, debt on its rising one.
                price_f64 = float(self._prices.price_f64[2 * pair + against])
                add_term_line(self.banded, price_f64, expected if against == is_debt else 0)
        if self.groups.counters[GROUPS_DUE]:
            for at, collateral, debt, accounts in due_groups(self.groups):
                self.groups.line[at] = add_ratio_line(
                    self.paired, collateral, debt, accounts, self._prices.price_f64, value_f64
                )
            self.groups.counters[GROUPS_DUE] = 0

    def grow_accounts(self, size: int) -> None:
        """Make the account columns as long as the book's; new accounts are healthy and nowhere."""
        known = self.status.size
        if size > known:
            self.status.resize(size, refcheck=False)
            self.place.resize(size, refcheck=False)
            self.place[known:] = NOWHERE
            self._flagged = np.empty(size, np.int32)

    # -- answering ----------------------------------------------------------------------------------------

    def detect(self, book: Book, value_f64: float, is_repriced: bool) -> Array:
        """Return the rows whose status is not certain now, each once, in no order."""
        self._make_scratch()
        count = detect_nb(
            self.status, columns_of(book), self._pairs, self.paired, self.banded, self._terms, value_f64, is_repriced,
            self._margin_f64, self._crossed, self._flagged,
        )  # fmt: skip
        return self._flagged[:count]

    def _make_scratch(self) -> None:
        paired = int(self.paired.lines.counters[HELD_IN_ALL])
        if paired > self.paired.contrary.size:
            contrary = np.empty(paired + paired // 8, np.int32)
            count = int(self.paired.contrary_count[0])
            contrary[:count] = self.paired.contrary[:count]
            self.paired = self.paired._replace(contrary=contrary)
        crossed = int(self.banded.cold.counters[ACCOUNTS]) // _CROSSED_SHARE
        if crossed > self._crossed.size:
            self._crossed = np.empty(crossed + crossed // 8, np.int32)

    def maintain(self, count: int, value_f64: float) -> int:
        """Settle at most `count` accounts and give other buckets to at most one line; return how many accounts."""
        crossed = np.empty(count, np.int32)
        progress, done = self.banded.progress, 0
        while True:
            progress[WANTS_ROOM] = 0
            done += maintain_nb(
                self.place, self._prices.price_f64, self.banded, value_f64, crossed, count - done
            )  # fmt: skip
            if not progress[WANTS_ROOM]:
                break
            make_banded_room(self.banded, WIDTHS - 1)
        self._give_other_buckets()
        return done

    def _give_other_buckets(self) -> None:
        """Give a line that is crowded, or the next one in turn if its price left the middle, buckets that fit."""
        bands, ratios = self.banded.lines, self.paired.lines
        for lines, back in ((bands, self.banded.back), (ratios, self.place)):
            line = crowded_line(lines)
            if line is not None:
                self._move_line(lines, line, back)
                return
        self._next_line = (self._next_line + 1) % max(1, bands.table.shape[0] + ratios.table.shape[0])
        line = self._next_line
        lines, back = (bands, self.banded.back) if line < bands.table.shape[0] else (ratios, self.place)
        line -= 0 if lines is bands else bands.table.shape[0]
        if line < lines.table.shape[0] and lines.table[line, HELD]:
            centre = self._centre_of(lines, line)
            if centre != UNKNOWN and is_off_centre(lines, line, centre):
                self._move_line(lines, line, back)

    def _centre_of(self, lines: Lines, line: int) -> int:
        """Return the key around which a line's price is now, or UNKNOWN."""
        if lines is self.banded.lines:
            return position_of(float(self._prices.price_f64[line]), line & 1 == 1)
        low = int(lines.table[line, LOW])
        return UNKNOWN if low == KEY_MIN else low

    def _move_line(self, lines: Lines, line: int, back: Array) -> None:
        start, size, held = (int(lines.table[line, column]) for column in (START, SIZE, HELD))
        centre = self._centre_of(lines, line)
        if centre == UNKNOWN:
            centre = int(lines.table[line, ORIGIN] + size // 2) << int(lines.table[line, SHIFT])
        set_buckets(lines, line, centre, held)
        make_chunk_room(lines, held)
        move_triggers_nb(lines, line, start, size, back)


def columns_of(book: Book) -> BookColumns:
    """Return the book's columns as they lie now."""
    return BookColumns(book.first, book.count, book.category, book.slot, book.low, book.high)
