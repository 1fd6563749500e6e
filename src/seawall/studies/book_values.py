"""What the book is worth at a moment, in float64, for pictures and summaries; it decides nothing.

Only accounts with debt are valued one by one; of the others their sum is enough. Everything is added up one after the
other, so the same book gives the same floats on any machine.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.protocols.protocol import Protocol
from seawall.units import Price

FloatColumn = NDArray[np.float64]
RowColumn = NDArray[np.int64]

_UNIT_SCALE = 10**9


class BookValues:
    """Collateral and debt of each account with debt, shape (n_debtors,), and of the whole book (collateral, debt)."""

    def __init__(self, collateral_f64: FloatColumn, debt_f64: FloatColumn, totals_f64: tuple[float, float]) -> None:
        self.collateral_f64 = collateral_f64
        self.debt_f64 = debt_f64
        self.totals_f64 = totals_f64

    @property
    def insolvent_value_f64(self) -> float:
        """Debt that collateral does not cover, summed over insolvent accounts."""
        gaps = self.debt_f64 - self.collateral_f64
        return _total(gaps[gaps > 0.0])


class BookValuation:
    """Values a deployment's book again and again; what depends on balances only is kept until `forget`."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        self._deployment = deployment
        self._protocol = protocol
        self._read_positions()

    def forget(self) -> None:
        """Take note that balances changed."""
        self._is_known = False

    def values(self) -> BookValues:
        """Return the values at the present mark prices; a position without a price counts as nothing."""
        if not self._is_known:
            self._read_positions()
        unit_values = self._unit_values()
        values = self._balances_f64 * unit_values[self._slot]
        totals = [0.0, 0.0]
        for slot, balance in enumerate(self._deployment.book.balance_totals):
            totals[side_of(slot)] += balance * float(unit_values[slot])
        return BookValues(self._collaterals(values), self._debts(values), (totals[0], totals[1]))

    def health_factors_f64(self) -> tuple[FloatColumn, FloatColumn]:
        """Return the health factor and the debt of every account with debt, at the present mark prices."""
        if not self._is_known:
            self._read_positions()
        weighted = self._balances_f64 * self._margin_weights()[self._category, self._slot]
        debt_f64 = self._debts(self._balances_f64 * self._unit_values()[self._slot])
        weighted_f64 = self._collaterals(weighted)
        is_known = debt_f64 > 0.0
        return weighted_f64[is_known] / debt_f64[is_known], debt_f64[is_known]

    def debt_below_f64(self, values: BookValues, rows: RowColumn) -> float:
        """Return what the accounts at these rows, all with debt, owe together."""
        return _total(values.debt_f64[self._place[rows]])

    def _read_positions(self) -> None:
        """Read the positions of every account with debt: all collateral, then all debt, each in the book's order."""
        book = self._deployment.book
        count = book.count[: book.account_count].astype(np.int64)
        first = book.first[: book.account_count].astype(np.int64)
        owner = np.repeat(np.arange(book.account_count), count)
        at = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
        has_debt = np.zeros(book.account_count, bool)
        has_debt[owner[book.slot[at] & 1 == DEBT]] = True
        is_kept = has_debt[owner]
        at, owner = at[is_kept], owner[is_kept]
        collateral_first = np.argsort(book.slot[at] & 1, kind="stable")
        at, owner = at[collateral_first], owner[collateral_first]
        self._place: RowColumn = np.cumsum(has_debt) - 1
        self._owner: RowColumn = self._place[owner]
        self._debtor_count = int(has_debt.sum())
        self._slot = book.slot[at].astype(np.int64)
        self._category = book.category[owner].astype(np.int64)
        self._balances_f64 = book.low[at].astype(np.float64) + book.high[at].astype(np.float64) * 2.0**64
        self._collateral_count = int((self._slot & 1 != DEBT).sum())
        self._is_known = True

    def _collaterals(self, values: Any) -> FloatColumn:
        return self._summed(slice(None, self._collateral_count), values)

    def _debts(self, values: Any) -> FloatColumn:
        return self._summed(slice(self._collateral_count, None), values)

    def _summed(self, side: slice, values: Any) -> FloatColumn:
        summed = np.bincount(self._owner[side], values[side], minlength=self._debtor_count)
        return summed.astype(np.float64, copy=False)

    def _unit_values(self) -> FloatColumn:
        """Return the value of one stored unit, by slot."""
        deployment = self._deployment
        return np.array([
            _unit_value_f64(self._protocol, deployment, slot, deployment.prices[_asset_of(deployment, slot)])
            for slot in range(2 * len(deployment.markets))
        ])  # fmt: skip

    def _margin_weights(self) -> FloatColumn:
        """Return the margin weight of one stored unit, by category and slot."""
        deployment = self._deployment
        weights = np.zeros((int(self._category.max(initial=0)) + 1, 2 * len(deployment.markets)))
        for category, slot in np.ndindex(weights.shape):
            weight = self._protocol.margin_weight(deployment, slot, category)
            if weight is not None:
                weights[category, slot] = weight[0] / weight[1] / 10**18
        return weights


def _total(values: FloatColumn) -> float:
    """Return the sum, added up from the first to the last: a sum in pieces would depend on the machine."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0


def _asset_of(deployment: Deployment, slot: int) -> int:
    market = deployment.markets[market_of(slot)]
    return market.debt_asset if side_of(slot) == DEBT else market.collateral_asset


def _unit_value_f64(protocol: Protocol, deployment: Deployment, slot: int, price: Price | None) -> float:
    if price is None:
        return 0.0
    unit = deployment.units[_asset_of(deployment, slot)]
    amount = protocol.amount_of(deployment, slot, unit * _UNIT_SCALE)
    return (price / 10**18) * (amount / _UNIT_SCALE) / unit / unit
