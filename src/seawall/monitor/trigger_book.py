"""The trigger book: a monitor whose tick costs what lies near the line, not what exists.

    two positions, in a large group  ->  a ratio line: nothing to do until the ratio of two prices passes the account
    all others, calm                 ->  a trigger a position: nothing to do until a price passes one
    all others, near the line        ->  hot: one dot product on each tick

Each certificate proves in real numbers, from the same effective prices, what the full recompute proves by its float sum:
see `pair_ratios.py` and `own_bands.py`. Bands are made for a value slack of twice the present one and made anew if it
grows beyond. `maintain` moves accounts between hot and calm; without it every answer is the same, only later.

Memory: 5 bytes an account and 4 for flagged rows; an account on a ratio line about 14; any other 8 and, for each
position, 14 for its cell and about 10 for its trigger.
"""

from collections.abc import Iterable

import numpy as np

from seawall.monitor.account_blocks import Array
from seawall.monitor.account_terms import CONTRARY, LIQUIDATABLE
from seawall.monitor.effective_price import EffectivePrices
from seawall.monitor.monitor import Monitor, ascending
from seawall.monitor.trigger_columns import TriggerColumns


class TriggerBook(Monitor):
    """Triggers for every watched account; a `detect` looks at those that a price passed and at those near the line."""

    # -- what is told to the monitor ----------------------------------------------------------------------

    def rebuild(self, liquidatable_rows: Iterable[int]) -> None:
        """Read the whole book and every price."""
        self._prices = EffectivePrices(self.deployment, self.protocol, self.line_ratio)
        self._forget()
        status = np.zeros(self.deployment.book.first.size, np.uint8)
        status[list(liquidatable_rows)] = LIQUIDATABLE
        self._prices.read_slack()
        self._build(status)

    def _build(self, status: np.ndarray) -> None:
        """Place the whole book, with bands for a value slack of up to twice the present one."""
        self._value_bound_f64 = 2.0 * self._prices.value_f64
        self._is_settled = False
        self.columns = TriggerColumns(self._prices, self.deployment.book, status)
        self.columns.build(self._value_bound_f64)
        self._status = status.data

    def is_liquidatable(self, row: int) -> bool:
        """Return the recorded status of an account."""
        return row < len(self._status) and self._status[row] & LIQUIDATABLE != 0

    def are_liquidatable(self, rows: Array) -> Array:
        """Return the recorded statuses."""
        self._grow_accounts()
        recorded: Array = (self.columns.index.status[rows] & LIQUIDATABLE) != 0
        return recorded

    def _set_one(self, row: int, is_liquidatable: bool) -> None:
        """Record a status; an account that stands where the status expects it needs nothing more."""
        if row >= len(self._status):
            self._grow_accounts()
        bits = self._status[row]
        if (bits & LIQUIDATABLE != 0) != is_liquidatable:
            self._status[row] = bits ^ LIQUIDATABLE
            if not bits & CONTRARY:
                self._changed.append(row)

    def _set_many(self, rows: Array, is_liquidatable: bool) -> None:
        self._grow_accounts()
        status = self.columns.index.status
        bits = status[rows]
        is_flipped = ((bits & LIQUIDATABLE) != 0) != is_liquidatable
        status[rows[is_flipped]] ^= LIQUIDATABLE
        self._changed_in_bulk.append(rows[is_flipped & ((bits & CONTRARY) == 0)])

    # -- the answer ---------------------------------------------------------------------------------------

    def detect(self) -> Array:
        """Bring in what was noted, follow the prices, and return the rows that are not certain."""
        if self._has_noted():
            self._refresh()
        return ascending(self.columns.detect(self._prices.value_f64), self.columns.index.status.size)

    def maintain(self, count: int) -> int:
        """Settle at most `count` accounts that are near the line or were passed by a price; return how many."""
        if self._has_noted() and not (self._repriced or self._all_repriced):
            self._refresh()
        if self._is_settled:
            return 0
        done = self.columns.maintain(count, self._value_bound_f64)
        self._is_settled = done < count
        return done

    def _refresh(self) -> None:
        """Bring prices, slack and changed accounts up to date."""
        self._is_settled = False
        is_outdated = self._follow(self._prices)
        self._grow_accounts()
        if is_outdated or self._prices.value_f64 > self._value_bound_f64:
            self._build(self.columns.index.status & np.uint8(LIQUIDATABLE))
        elif self._changed or self._changed_in_bulk:
            self.columns.place_rows(self._changed_rows(), self._value_bound_f64)
        self._forget()

    def _grow_accounts(self) -> None:
        size = self.deployment.book.first.size
        if size > len(self._status):
            self._status.release()
            self.columns.grow_accounts(size)
            self._status = self.columns.index.status.data

    @property
    def nbytes(self) -> int:
        """Bytes of all columns and tables."""
        return self.columns.nbytes + self._prices.nbytes
