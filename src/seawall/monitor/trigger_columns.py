"""The trigger book's columns: where they lie, how they grow, and the compiled work that is done on them.

Every column grows in place and by an eighth or less, so that growth moves pages and copies nothing. Lines are made where
a pair of slot and category, or a large group of accounts, first comes up; one that came to hold many triggers gets finer
buckets, into which `maintain` moves them a few at a time.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from seawall.ledger.book import Book
from seawall.monitor.account_blocks import ACCOUNTS, NOWHERE, WIDTHS, Array, lacks_slack, make_block_room
from seawall.monitor.account_terms import BookColumns, PairColumns
from seawall.monitor.banded_accounts import LACKS_SLACK, WANTS_ROOM, add_term_line, make_banded_room
from seawall.monitor.bulk_build import NO_MORE_PAIRS, lay_out_triggers_nb, see_accounts_nb, settle_accounts_nb
from seawall.monitor.compilation import entry_of
from seawall.monitor.effective_price import EffectivePrices
from seawall.monitor.hot_front import lacks_front_room, make_front_room
from seawall.monitor.pair_groups import GROUPS_DUE, due_groups, has_group_room, larger
from seawall.monitor.pair_ratios import add_ratio_line
from seawall.monitor.row_order import ROWS_PER_WORD
from seawall.monitor.trigger_index import SealedIndex, bytes_in, empty_index, seal
from seawall.monitor.trigger_kernels import (
    detect_nb,
    maintain_nb,
    move_chunks_nb,
    place_rows_nb,
)
from seawall.monitor.trigger_layout import chunks_wanted
from seawall.monitor.trigger_lines import HELD_IN_ALL, crowded_line, make_chunk_room, make_finer_room
from seawall.monitor.window_stretch import lacks_stretch_room, make_stretch_room

_PLACED_AT_ONCE: Final = 4096
_CROSSED_SHARE: Final = 256
"""One account of so many under bands may have crossed a trigger before all of them are screened instead."""
_CROSSED_MIN: Final = 512


class TriggerColumns:
    """All columns beside the book's own; statuses are bits, see `account_terms.py`."""

    def __init__(self, prices: EffectivePrices, book: Book, status: Array) -> None:
        self._prices = prices
        self._book = book
        self.index = empty_index(
            status,
            _columns_of(book),
            PairColumns(
                prices.pair_of, prices.pair_slot, prices.pair_category, prices.pair_count, prices.units_f64,
                prices.price_f64,
            ),
        )  # fmt: skip
        self._sealed: SealedIndex | None = None
        self._detect: Callable[[SealedIndex, float], int] = detect_nb
        self._progress = self.index.banded.progress.data
        self._make_row_room()

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, those of scratch included."""
        without = self.index._replace(book=(), pairs=())  # type: ignore[arg-type]
        return bytes_in(without)

    def _seal(self) -> SealedIndex:
        """Return the index sealed, with the book's columns as they lie now."""
        book = self._book
        if self.index.book.first is not book.first or self.index.book.slot is not book.slot:
            self._replace(book=_columns_of(book))
        if self._sealed is None:
            self._sealed = seal(self.index)
            self._detect = entry_of(detect_nb, self._sealed, 0.0)
            self._progress = self.index.banded.progress.data
        return self._sealed

    def _replace(self, **columns: Any) -> None:
        self._sealed = None
        self.index = self.index._replace(**columns)

    # -- taking in ----------------------------------------------------------------------------------------

    def build(self, value_f64: float) -> None:
        """Take the whole book in; the lines get buckets for what they will hold."""
        accounts = self._book.account_count
        seen = np.zeros(self._prices.pair_slot.size, np.int64)
        row = 0
        while row < accounts:
            row = see_accounts_nb(self._seal(), row, accounts, seen)
            self._check_pairs(row)
            if row < accounts:
                self._replace(groups=larger(self.index.groups))
        self._open_lines(seen, value_f64)
        self.index.groups.seen[:] = 0
        self._settle_everybody(value_f64)
        # What is first needed when a line is crowded is compiled, or loaded, now and not then.
        entry_of(move_chunks_nb, self.index.paired.lines, 0, 0, self.index.place)
        self.index.groups.counters[GROUPS_DUE] = 0
        self._prepare()

    def _settle_everybody(self, value_f64: float) -> None:
        """Put everybody where he belongs, the lines and shelves being there, and lay out all triggers at once."""
        accounts = self._book.account_count
        banded, ratios = self.index.banded, self.index.paired.lines
        row_keys, cell_keys, row = np.empty(accounts, np.int32), np.empty(0, np.int32), 0
        while row < accounts:
            row = settle_accounts_nb(self._seal(), row, accounts, value_f64, row_keys, cell_keys)
            if row < accounts:
                self._make_room(int(self._book.count[row]))
                cell_keys.resize(banded.back.size, refcheck=False)
        self._sealed = None
        for lines in (banded.lines, ratios):
            make_chunk_room(lines, chunks_wanted(lines))
        followings = (np.empty(lines.bucket.shape[0], np.int32) for lines in (ratios, banded.lines))
        lay_out_triggers_nb(self._seal(), row_keys, cell_keys, *followings)

    def place_rows(self, rows: Array, value_f64: float) -> None:
        """Bring rows to where they belong now; `value_f64` bounds the value slack."""
        for begin in range(0, rows.size, _PLACED_AT_ONCE):
            part, done = rows[begin : begin + _PLACED_AT_ONCE], 0
            while done < part.size:
                done = place_rows_nb(self._seal(), part, done, value_f64)
                self._check_pairs(done)
                if self._lacks_lines():
                    self._open_lines(None, value_f64)
                elif done < part.size:
                    self._make_room(int(self._book.count[part[done]]))
        self._prepare()

    def _lacks_lines(self) -> bool:
        """Return whether a pair has come into use, or a group become large, that has no line yet."""
        is_new = 2 * int(self._prices.pair_count[0]) > self.index.banded.scale_f64.size
        return is_new or self.index.groups.counters[GROUPS_DUE] > 0

    def _check_pairs(self, outcome: int) -> None:
        count = self._prices.pair_slot.size
        assert outcome != NO_MORE_PAIRS, f"more than {count} pairs of slot and category are in use"

    def _make_room(self, width: int) -> None:
        self._sealed = None
        make_banded_room(self.index.banded, width)
        make_chunk_room(self.index.paired.lines, 1)
        if not has_group_room(self.index.groups):
            self._replace(groups=larger(self.index.groups))

    def _open_lines(self, seen: Array | None, value_f64: float) -> None:
        """Give new pairs their lines, and groups that have become large theirs."""
        self._sealed = None
        self._prices.price_new_pairs()
        banded, paired, groups = self.index.banded, self.index.paired, self.index.groups
        for pair in range(banded.scale_f64.size // 2, int(self._prices.pair_count[0])):
            expected = 0 if seen is None else int(seen[pair])
            is_debt = int(self._prices.pair_slot[pair]) & 1
            for against in (0, 1):
                # At first nearly all are healthy: collateral is on its falling line, debt on its rising one.
                price_f64 = float(self._prices.price_f64[2 * pair + against])
                add_term_line(banded, price_f64, expected if against == is_debt else 0)
        if groups.counters[GROUPS_DUE]:
            for at, collateral, debt, accounts in due_groups(groups):
                groups.line[at] = add_ratio_line(paired, collateral, debt, accounts, self._prices.price_f64, value_f64)
            groups.counters[GROUPS_DUE] = 0

    def grow_accounts(self, size: int) -> None:
        """Make the account columns as long as the book's; new accounts are healthy and nowhere."""
        known = self.index.status.size
        if size > known:
            self._sealed = None
            self.index.status.resize(size, refcheck=False)
            self.index.place.resize(size, refcheck=False)
            self.index.place[known:] = NOWHERE
            self._make_row_room()

    def _make_row_room(self) -> None:
        """See that every account finds room among the flagged, and the front's once more, as it speaks of some who left it.

        What grows in place has its pages before a crash needs them: one costs as much as reporting a thousand accounts.
        """
        rows, front_rows = self.index.status.size, self.index.banded.front.row.size
        if rows + front_rows >= self.index.flagged.size:
            self._sealed = None
            rows += rows // 8
            self.index.flagged.resize(rows + front_rows + 1, refcheck=False)
            self.index.words.resize(rows // ROWS_PER_WORD + 1, refcheck=False)

    # -- answering ----------------------------------------------------------------------------------------

    def detect(self, value_f64: float) -> Array:
        """Return the rows whose status is not certain now, in no order; good until the next call."""
        book, columns = self._book, self.index.book
        sealed = self._sealed
        if sealed is None or columns.first is not book.first or columns.slot is not book.slot:
            sealed = self._prepare()
        count = self._detect(sealed, value_f64)
        if self._progress[LACKS_SLACK]:
            self._sealed = None
        return self.index.flagged[:count]

    def _prepare(self) -> SealedIndex:
        """Do all that can be done before a tick; return the index sealed."""
        self._make_scratch()
        return self._seal()

    def _make_scratch(self) -> None:
        """See that the contrary and the accounts with crossed triggers find room."""
        paired, banded = self.index.paired, self.index.banded
        held = int(paired.lines.counters[HELD_IN_ALL])
        crossed = max(_CROSSED_MIN, int(banded.cold.counters[ACCOUNTS]) // _CROSSED_SHARE)
        for column, size in ((paired.contrary, held), (self.index.crossed, crossed)):
            if size > column.size:
                self._sealed = None
                column.resize(size + size // 8, refcheck=False)
        if lacks_slack(banded.hot):
            self._sealed = None
            make_block_room(banded.hot, WIDTHS)

    def maintain(self, count: int, value_f64: float) -> int:
        """Settle at most `count` accounts, a chunk of a crowded line that is moved counting as one; return how many."""
        scratch = np.empty(8 * count, np.int32)
        # While a line is moved it has half the count, so that neither moving nor settling waits for the other's end.
        progress, done = self.index.banded.progress, self._move_crowded((count + 1) // 2)
        while True:
            progress[WANTS_ROOM] = 0
            done += maintain_nb(self._seal(), value_f64, scratch, count - done)
            if not progress[WANTS_ROOM]:
                break
            self._make_room(WIDTHS - 1)
        done += self._move_crowded(count - done)
        if lacks_stretch_room(self.index.paired.stretches):
            self._sealed = None
            make_stretch_room(self.index.paired.stretches)
        banded = self.index.banded
        if lacks_front_room(banded.front, banded.hot, banded.scale_f64.size):
            self._sealed = None
            make_front_room(banded.front, banded.hot, banded.scale_f64.size)
            self._make_row_room()
        self._prepare()
        return done

    def _move_crowded(self, count: int) -> int:
        """Move at most `count` chunks of crowded lines into finer buckets; return how many."""
        done = 0
        for lines, back in (
            (self.index.banded.lines, self.index.banded.back),
            (self.index.paired.lines, self.index.place),
        ):
            while done < count and (line := crowded_line(lines)) is not None:
                self._sealed = None
                make_finer_room(lines, line)
                done += move_chunks_nb(lines, line, count - done, back)
        return done


def _columns_of(book: Book) -> BookColumns:
    """Return the book's columns as they lie now."""
    return BookColumns(book.first, book.count, book.category, book.slot, book.low, book.high)
