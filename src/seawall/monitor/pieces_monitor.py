"""The monitor of protocols whose positions are signed or margined in tiers: another monitor over a book of pieces.

What is said to it of rows and markets it passes on for their pieces; before it answers, accounts that a price took into
another tier are read anew. Its answers are the other monitor's.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.monitor.effective_price import Weighing
from seawall.monitor.margin_pieces import MarginPieces
from seawall.monitor.monitor import Monitor, RowColumn
from seawall.protocols.protocol import Protocol
from seawall.units import Ratio

MakeMonitor: TypeAlias = Callable[[Deployment, Weighing, Ratio], Monitor]
"""Makes a monitor of a deployment, what its positions weigh, and a line."""


class PiecesMonitor(Monitor):
    """Watches pieces with a monitor that `make` makes of them, once, for a deployment, weights and a line."""

    def __init__(
        self,
        make: MakeMonitor,
        deployment: Deployment,
        protocol: Protocol,
        line_ratio: Ratio = WAD,
    ) -> None:
        self.pieces = MarginPieces(deployment, protocol)
        self.watched = make(self.pieces.deployment, self.pieces, line_ratio)
        super().__init__(deployment, protocol, line_ratio)

    def rebuild(self, liquidatable_rows: Iterable[int]) -> None:
        """Read all pieces and let them be watched from the beginning."""
        self._forget()
        self.pieces.grow()
        for row in range(self.deployment.book.account_count):
            self.pieces.read(row)
        self.watched.rebuild(liquidatable_rows)

    def detect(self) -> RowColumn:
        """Read who changed and who left a tier, and return whom the pieces make uncertain."""
        if self._has_noted():
            self._pass_on()
        found = self.watched.detect()
        unwatched = self.pieces.unwatched
        return np.union1d(found, np.array(list(unwatched), np.int64)) if unwatched else found

    def _pass_on(self) -> None:
        self.pieces.grow()
        if self._all_repriced:
            self.watched.reprice(None)
        elif self._repriced:
            self.watched.reprice(self.pieces.markets_of(self._repriced))
        for row in dict.fromkeys(self._changed_rows().tolist()):
            self._read(row)
        for row in self.pieces.rows_passed():
            self._read(row)
        self._forget()

    def _read(self, row: int) -> None:
        self.pieces.read(row)
        self.watched.touch(row)

    def is_liquidatable(self, row: int) -> bool:
        """Return the recorded status of an account."""
        return self.watched.is_liquidatable(row)

    def are_liquidatable(self, rows: RowColumn) -> RowColumn:
        """Return the recorded status of each row."""
        return self.watched.are_liquidatable(rows)

    def _set_one(self, row: int, is_liquidatable: bool) -> None:
        self.pieces.grow()
        self.watched.set_liquidatable([row], is_liquidatable)

    def _set_many(self, rows: RowColumn, is_liquidatable: bool) -> None:
        self.pieces.grow()
        self.watched.set_liquidatable(rows, is_liquidatable)

    def maintain(self, count: int) -> int:
        """Let the watching monitor do its work."""
        return self.watched.maintain(count)

    @property
    def nbytes(self) -> int:
        """Bytes of the monitor and of the book of pieces; thresholds and their Python objects not counted."""
        return self.watched.nbytes + self.pieces.deployment.book.nbytes


def monitor_of(make: MakeMonitor, deployment: Deployment, protocol: Protocol, line_ratio: Ratio) -> Monitor:
    """Return the monitor of a line: over the accounts themselves where their margin is a plain sum, else over their pieces."""
    if protocol.positions_are_signed:
        return PiecesMonitor(make, deployment, protocol, line_ratio)
    return make(deployment, protocol, line_ratio)
