"""The monitor that fits the book: everyone recomputed while the book is small, triggers from then on.

Reading a small book whole takes no longer than asking triggers, and its kernels compile in a tenth of the time. The integer
rule decides the same from the answers of either, so when the book changes hands is of no consequence.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.monitor import Monitor, RowColumn
from seawall.monitor.trigger_book import TriggerBook

TRIGGERS_FROM: Final = 1 << 16
"""Accounts from which on the book is watched by triggers; a book that shrinks stays with them."""


class SizedMonitor(Monitor):
    """A full recompute, which hands the book over to triggers in the first `maintain` after it has become large."""

    def rebuild(self, liquidatable_rows: Iterable[int]) -> None:
        """Watch the book as it stands with the monitor that fits it."""
        kind = TriggerBook if self.deployment.book.account_count >= TRIGGERS_FROM else FullRecompute
        self._monitor: Monitor = kind(self.deployment, self.protocol, self.line_ratio)
        self._monitor.rebuild(liquidatable_rows)

    def touch(self, row: int) -> None:
        """Take note in the monitor that fits."""
        self._monitor.touch(row)

    def reprice(self, markets: Iterable[int] | None) -> None:
        """Take note in the monitor that fits."""
        self._monitor.reprice(markets)

    def detect(self) -> RowColumn:
        """Ask the monitor that fits."""
        return self._monitor.detect()

    def is_liquidatable(self, row: int) -> bool:
        """Ask the monitor that fits."""
        return self._monitor.is_liquidatable(row)

    def are_liquidatable(self, rows: RowColumn) -> RowColumn:
        """Ask the monitor that fits."""
        return self._monitor.are_liquidatable(rows)

    def _set_one(self, row: int, is_liquidatable: bool) -> None:
        self._monitor._set_one(row, is_liquidatable)

    def _set_many(self, rows: RowColumn, is_liquidatable: bool) -> None:
        self._monitor._set_many(rows, is_liquidatable)

    def maintain(self, count: int) -> int:
        """Hand a book that has grown over to triggers, else let the monitor that fits do what waits."""
        accounts = self.deployment.book.account_count
        if accounts >= TRIGGERS_FROM and isinstance(self._monitor, FullRecompute):
            self.rebuild(np.flatnonzero(self.are_liquidatable(np.arange(accounts))).tolist())
        return self._monitor.maintain(count)

    @property
    def nbytes(self) -> int:
        """Bytes of the monitor that fits."""
        return self._monitor.nbytes
