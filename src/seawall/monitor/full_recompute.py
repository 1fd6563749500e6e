"""The monitor that computes every margin anew on each tick: one dot product and one compare an account.

    certain  iff  sum over positions of coefficient × effective price  >  value slack

For a healthy account the sum is its margin at worst, for a liquidatable one the negated margin at best; the
coefficients and terms written for it make the difference, so the screen knows nothing of statuses.

Memory: 10 bytes a position on a shelf (coefficient 8, term 2) and 4 of its row, times the slack of the shelves (1/8 and
1/64); 6 bytes an account (status 1, width 1, place 4) and 4 for the list of flagged rows. Accounts that are healthy and
without debt lie on no shelf.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from seawall.monitor.effective_price import EffectivePrices
from seawall.monitor.kernels import (
    BLOCK,
    CAPACITY,
    CELL_START,
    NOWHERE,
    PAIRS_FULL,
    PLACED,
    ROW_START,
    Array,
    count_widths_nb,
    place_accounts_nb,
    screen_margins_nb,
)
from seawall.monitor.monitor import Monitor, ascending

_WIDTHS: Final = 256


class FullRecompute(Monitor):
    """Every watched account on a shelf, every shelf read at every `detect`."""

    # -- what is told to the monitor ----------------------------------------------------------------------

    def rebuild(self, liquidatable_rows: Iterable[int]) -> None:
        """Read the whole book and every price."""
        self._prices = EffectivePrices(self.deployment, self.protocol, self.line_ratio)
        self._margin_f64 = np.zeros(BLOCK)
        self._forget()
        size = self.deployment.book.first.size
        self._set_account_columns(np.zeros(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.int32))
        self.status[list(liquidatable_rows)] = 1
        self._prices.read_slack()
        self._lay_out()

    def is_liquidatable(self, row: int) -> bool:
        """Return the recorded status of an account."""
        return row < self.status.size and self._status[row] != 0

    def are_liquidatable(self, rows: Array) -> Array:
        """Return the recorded statuses."""
        self._grow_account_columns()
        recorded: Array = self.status[rows] != 0
        return recorded

    def _set_one(self, row: int, is_liquidatable: bool) -> None:
        """Record a status; a flip rewrites the account's coefficients and terms."""
        if row >= self.status.size:
            self._grow_account_columns()
        if self._status[row] != is_liquidatable:
            self._status[row] = is_liquidatable
            self._changed.append(row)

    def _set_many(self, rows: Array, is_liquidatable: bool) -> None:
        self._grow_account_columns()
        flipped = rows[self.status[rows] != is_liquidatable]
        self.status[flipped] = is_liquidatable
        self._changed_in_bulk.append(flipped)

    # -- the answer ---------------------------------------------------------------------------------------

    def detect(self) -> Array:
        """Bring in what was noted, screen all shelves, and return the rows that are not certain."""
        if self._has_noted():
            self._refresh()
        count = screen_margins_nb(
            self.shelves, self.shelf_row, self.coefficient_f64, self.term, self._prices.price_f64,
            self._prices.value_f64, self._margin_f64, self._flagged,
        )  # fmt: skip
        return ascending(self._flagged[:count], self.status.size)

    def maintain(self, count: int) -> int:  # noqa: ARG002 - nothing ever waits
        """Do nothing: every `detect` reads every account."""
        return 0

    def _refresh(self) -> None:
        """Bring prices, slack and changed accounts up to date."""
        is_outdated = self._follow(self._prices)
        if is_outdated:
            self._lay_out()
        elif self._changed or self._changed_in_bulk:
            self._grow_account_columns()
            if not self._place(self._changed_rows()):
                self._lay_out()
        self._forget()

    def _place(self, rows: Array) -> bool:
        """Place these rows; return False where a shelf is full."""
        book, prices = self.deployment.book, self._prices
        outcome = place_accounts_nb(
            rows, book.first, book.count, book.category, book.slot, book.low, book.high,
            self.status, self.width, self.place, self.shelves, self.shelf_row, self.coefficient_f64, self.term,
            prices.pair_of, prices.pair_slot, prices.pair_category, prices.pair_count, prices.units_f64,
        )  # fmt: skip
        assert outcome != PAIRS_FULL, f"more than {prices.pair_slot.size} pairs of slot and category are in use"
        prices.price_new_pairs()
        return outcome == PLACED

    # -- columns ------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Build the shelves anew, with room for growth, and place the whole book."""
        self._grow_account_columns()
        book = self.deployment.book
        accounts = book.account_count
        counts = np.zeros(_WIDTHS, np.int64)
        count_widths_nb(book.first[:accounts], book.count[:accounts], book.slot, self.status[:accounts], counts)
        widths = np.arange(_WIDTHS)
        # A small shelf must not force the whole book to move after a few arrivals: each gets 1/64 of the cells.
        spare = counts // 8 + int(counts @ widths) // (64 * np.maximum(widths, 1)) + BLOCK // 32
        capacities = np.where(counts > 0, counts + spare, 0)
        cells = capacities * widths
        self.shelves = np.zeros((_WIDTHS, 4), np.int64)
        self.shelves[:, CELL_START] = np.cumsum(cells) - cells
        self.shelves[:, ROW_START] = np.cumsum(capacities) - capacities
        self.shelves[:, CAPACITY] = capacities
        self.shelf_row = np.zeros(int(capacities.sum()), np.int32)
        self.coefficient_f64 = np.zeros(int(cells.sum()))
        self.term = np.zeros(int(cells.sum()), np.uint16)
        self.place[:] = NOWHERE
        is_placed = self._place(np.arange(accounts, dtype=np.int64))
        assert is_placed

    def _grow_account_columns(self) -> None:
        """Make the account columns as long as the book's; new accounts are healthy and nowhere."""
        size, known = self.deployment.book.first.size, self.status.size
        if size > known:
            self._set_account_columns(*(np.resize(column, size) for column in (self.status, self.width, self.place)))
            self.status[known:] = 0
            self.place[known:] = NOWHERE

    def _set_account_columns(self, status: Array, width: Array, place: Array) -> None:
        self.status, self.width, self.place = status, width, place
        self._status = status.data
        self._flagged = np.zeros(status.size, np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns and tables."""
        columns = (
            self.status, self.width, self.place, self.shelves, self.shelf_row, self.coefficient_f64, self.term,
            self._margin_f64, self._flagged,
        )  # fmt: skip
        return sum(int(column.nbytes) for column in columns) + self._prices.nbytes
