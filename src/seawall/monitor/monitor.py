"""Who has left the half-space? A monitor answers for the whole book, in floats, with a proven bound.

It keeps one recorded status an account, healthy or liquidatable, and reports the accounts whose status is not
certain under the present prices; the protocol's integer rule then decides them. It may report too many, never too
few: *flagged contains every account whose exact status differs from its recorded one*. Nothing that it computes
enters the state.

A monitor watches one line. On that of liquidation, at a health factor of one, liquidatable is what the protocol calls so;
on a line above it, a warning's, it means below the line: `Protocol.is_below` decides. Several lines are several monitors.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.monitor.effective_price import EffectivePrices, Weighing
from seawall.units import Ratio

RowColumn: TypeAlias = NDArray[Any]
"""Rows of the book, or something said of each: (n_rows,)."""
Rows: TypeAlias = Sequence[int] | RowColumn
"""Rows of the book, few as Python's integers or many as a column."""

NO_ROWS: Final = np.zeros(0, np.int64)

_FEW: Final = 32
_SORTED_MAX: Final = 1024


def ascending(rows: RowColumn, row_count: int) -> RowColumn:
    """Return distinct rows in ascending order, int64; all are less than `row_count`."""
    if rows.size <= _SORTED_MAX:
        return np.sort(rows).astype(np.int64)
    is_there = np.zeros(row_count, np.bool_)
    is_there[rows] = True
    return np.flatnonzero(is_there)


class Monitor(ABC):
    """Watches the accounts of one deployment; a new monitor watches the book as it stands, every account as healthy.

    Whoever changes the deployment says so with `touch` and `reprice` before the next `detect`; both only take
    note, so a hundred changes cost one refresh. `line_ratio` is the health factor of the line, WAD, at least one.
    """

    def __init__(self, deployment: Deployment, protocol: Weighing, line_ratio: Ratio = WAD) -> None:
        assert line_ratio >= WAD, line_ratio
        self.deployment = deployment
        self.protocol = protocol
        self.line_ratio = line_ratio
        self._forget()
        self.rebuild(())

    def touch(self, row: int) -> None:
        """Take note that an account's balances or category changed, or that it is new."""
        self._changed.append(row)

    def reprice(self, markets: Iterable[int] | None) -> None:
        """Take note that prices, indices, totals or parameters of these markets changed; None means all."""
        if markets is None:
            self._all_repriced = True
        else:
            self._repriced.update(markets)

    def _forget(self) -> None:
        """Forget what was noted: it is in."""
        self._changed: list[int] = []
        self._changed_in_bulk: list[RowColumn] = []
        self._repriced: set[int] = set()
        self._all_repriced = False

    def _has_noted(self) -> bool:
        return bool(self._changed or self._changed_in_bulk or self._repriced or self._all_repriced)

    def _changed_rows(self) -> RowColumn:
        """Return the rows that were noted as changed, one by one or many at once: (n_rows,) int64."""
        one_by_one = np.array(self._changed, np.int64)
        return np.concatenate([one_by_one, *self._changed_in_bulk]) if self._changed_in_bulk else one_by_one

    def _follow(self, prices: EffectivePrices) -> bool:
        """Bring prices and slack up to date; return whether coefficients written before are out of date."""
        is_outdated = prices.read_slack()
        if self._all_repriced:
            prices.reprice(None)
        elif self._repriced:
            prices.reprice(self._repriced)
        return is_outdated

    @abstractmethod
    def rebuild(self, liquidatable_rows: Iterable[int]) -> None:
        """Forget everything and watch the book as it stands, with these rows recorded as liquidatable."""

    @abstractmethod
    def detect(self) -> RowColumn:
        """Return, ascending, the rows whose recorded status is not certain now: the integer rule decides them.

        Shape (n_rows,), int64; the caller's to keep.
        """

    @abstractmethod
    def is_liquidatable(self, row: int) -> bool:
        """Return the recorded status of an account; a new one is healthy."""

    @abstractmethod
    def are_liquidatable(self, rows: RowColumn) -> RowColumn:
        """Return the recorded status of each row: (n_rows,) bool."""

    def set_liquidatable(self, rows: Rows, is_liquidatable: bool) -> None:
        """Record what the integer rule decided of these rows, each named once."""
        if len(rows) < _FEW:
            for row in rows:
                self._set_one(row, is_liquidatable)
        else:
            self._set_many(np.asarray(rows, np.int64), is_liquidatable)

    @abstractmethod
    def _set_one(self, row: int, is_liquidatable: bool) -> None:
        """Record the status of one row."""

    @abstractmethod
    def _set_many(self, rows: RowColumn, is_liquidatable: bool) -> None:
        """Record the status of many rows at once."""

    @abstractmethod
    def maintain(self, count: int) -> int:
        """Do work that waits, for at most `count` accounts, and return for how many; it changes no answer."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes that the monitor keeps, the book's own columns not counted."""
