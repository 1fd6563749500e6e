"""What the whole book is worth at a moment, in float64, for pictures and summaries; it decides nothing.

Sums run over positions in the book's order, one after the other, so the same book gives the same floats on any machine.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, market_of, side_of
from seawall.protocols.protocol import Protocol

FloatColumn = NDArray[np.float64]


class BookValues:
    """Per account, shape (n_accounts,): collateral, weighted collateral and debt, in whole units of account."""

    def __init__(self, collateral_f64: FloatColumn, weighted_f64: FloatColumn, debt_f64: FloatColumn) -> None:
        self.collateral_f64 = collateral_f64
        self.weighted_f64 = weighted_f64
        self.debt_f64 = debt_f64

    @property
    def insolvent_value_f64(self) -> float:
        """Debt that collateral does not cover, summed over insolvent accounts; exactly rounded."""
        gaps = self.debt_f64 - self.collateral_f64
        return math.fsum(gaps[gaps > 0])

    def health_factors_f64(self) -> tuple[NDArray[np.int64], FloatColumn]:
        """Return the rows with debt and their weighted collateral over debt."""
        rows = np.flatnonzero(self.debt_f64 > 0)
        return rows, self.weighted_f64[rows] / self.debt_f64[rows]


class BookValuation:
    """Values a deployment's book again and again; what depends on balances only is kept until `forget`."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        self._deployment = deployment
        self._protocol = protocol
        self.forget()

    def forget(self) -> None:
        """Take note that balances changed."""
        self._balances_f64: FloatColumn | None = None

    def _read_positions(self) -> None:
        book = self._deployment.book
        count = book.count[: book.account_count].astype(np.int64)
        first = book.first[: book.account_count].astype(np.int64)
        self._owner = np.repeat(np.arange(book.account_count), count)
        at = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
        self._slot = book.slot[at].astype(np.int64)
        self._category = book.category[self._owner].astype(np.int64)
        self._balances_f64 = book.low[at].astype(np.float64) + book.high[at].astype(np.float64) * 2.0**64
        self._is_debt = self._slot & 1 == DEBT

    def values(self) -> BookValues:
        """Return the values at the present mark prices; a position without a price counts as nothing."""
        if self._balances_f64 is None:
            self._read_positions()
        plain_f64, weighted_f64 = self._unit_values()
        values = self._balances_f64 * plain_f64[self._slot]
        weighted = self._balances_f64 * weighted_f64[self._category, self._slot]
        held, owed = np.where(self._is_debt, 0.0, values), np.where(self._is_debt, values, 0.0)
        return BookValues(self._summed(held), self._summed(np.where(self._is_debt, 0.0, weighted)), self._summed(owed))

    def _summed(self, values: Any) -> FloatColumn:
        summed: FloatColumn = np.bincount(self._owner, values, minlength=self._deployment.book.account_count).astype(
            np.float64, copy=False
        )
        return summed

    def _unit_values(self) -> tuple[FloatColumn, FloatColumn]:
        """Return the value of one stored unit by slot, and its margin weight by category and slot."""
        deployment, protocol = self._deployment, self._protocol
        slots = range(2 * len(deployment.markets))
        categories = range(int(deployment.book.category[: deployment.book.account_count].max(initial=0)) + 1)
        plain, weighted = np.zeros(len(slots)), np.zeros((len(categories), len(slots)))
        for slot in slots:
            market = deployment.markets[market_of(slot)]
            asset = market.collateral_asset if side_of(slot) == COLLATERAL else market.debt_asset
            price = deployment.prices[asset]
            if price is not None:
                scale = 10**9
                amount = protocol.amount_of(deployment, slot, deployment.units[asset] * scale)
                plain[slot] = (price / 10**18) * (amount / scale) / deployment.units[asset] / deployment.units[asset]
            for category in categories:
                weight = protocol.margin_weight(deployment, slot, category)
                if weight is not None:
                    weighted[category, slot] = weight[0] / weight[1] / 10**18
        return plain, weighted
