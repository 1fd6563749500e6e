"""The integer rule, asked for many accounts at once: who is below the line, whose loss may be realised, what to offer.

The plain judge asks the protocol account by account; it defines what every other judge answers, to the last unit. Nothing
that a judge computes enters the state but its answers.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from operator import itemgetter, neg
from typing import Any, NamedTuple

import numpy as np

from seawall.ledger.deployment import Deployment
from seawall.ledger.order import Refusal
from seawall.monitor.monitor import Rows
from seawall.protocols.protocol import Health, Protocol
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.priority import expected_loss_value
from seawall.units import Amount, Ratio, Value


class Offers(NamedTuple):
    """Accounts that may be liquidated, worst first, each with its health and its largest liquidation: one column each.

    Columns and not records, since a crash makes a hundred thousand of them at once.
    """

    rows: Sequence[int]
    accounts: Sequence[bytes]
    priorities: Sequence[Value]
    debt_markets: Sequence[int]
    collateral_markets: Sequence[int]
    repay_amounts: Sequence[Amount]
    seize_amounts: Sequence[Amount]
    health_factor_ratios: Sequence[Ratio]
    collateral_values: Sequence[Value]
    weighted_collateral_values: Sequence[Value]
    debt_values: Sequence[Value]

    def at(self, places: Sequence[int]) -> "Offers":
        """Return the offers at these places, in their order."""
        if len(places) == 0:
            return Offers(*([],) * len(self))
        pick = itemgetter(*places) if len(places) > 1 else lambda column: (column[places[0]],)
        columns: Any = map(pick, self)
        return Offers(*columns)


class Refused(NamedTuple):
    """An account below the line that the rule lets nobody liquidate, and why; zeros where its health is unknown."""

    row: int
    reason: Refusal
    health_factor_ratio: Ratio = 0
    collateral_value: Value = 0
    debt_value: Value = 0


class Judge:
    """Answers for the accounts of one deployment as it stands at the moment of the question."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        self.deployment = deployment
        self.protocol = protocol

    def is_at_risk(self, row: int) -> bool:
        """Return whether any prices could bring the account below a line."""
        return self.protocol.is_at_risk(self.deployment, row)

    def are_liquidatable(self, rows: Rows) -> list[bool | None]:
        """Return the decision for each row; None while a price that it needs is unknown.

        An account that no price can bring below the line needs none.
        """
        return [self._is_liquidatable(row) for row in listed(rows)]

    def health_factors(self, rows: Rows) -> list[Ratio | None]:
        """Return the health factor of each row; None while a price that it needs is unknown."""
        return [self._health_factor(row) for row in listed(rows)]

    def may_be_lost(self, rows: Rows) -> list[int]:
        """Return the rows, in the order given, for which the protocol must be asked whether their debts are lost."""
        return list(listed(rows)) if self.protocol.realises_loss_by_value else []

    def assess(self, rows: Rows, stress_ratio: Ratio) -> tuple[Offers, list[Refused]]:
        """Return what may be offered of these rows, all below the line, and what the rule refuses.

        Offers come by priority, equals by the account's bytes.
        """
        offers = Offers([], [], [], [], [], [], [], [], [], [], [])
        refused = self._extend(offers, listed(rows), stress_ratio)
        return in_order(offers), refused

    def _extend(self, offers: Offers, rows: Iterable[int], stress_ratio: Ratio) -> list[Refused]:
        """Add to the columns, which are lists, what may be offered of these rows, and return what is refused."""
        deployment, protocol = self.deployment, self.protocol
        refused: list[Refused] = []
        for row in rows:
            health = protocol.health(deployment, row)
            if isinstance(health, Refusal):
                refused.append(Refused(row, health))
                continue
            limit = protocol.liquidation_limit(deployment, row)
            if isinstance(limit, Refusal):
                said = health.health_factor_ratio, health.collateral_value, health.debt_value
                refused.append(Refused(row, limit, *said))
                continue
            offer = (
                row, deployment.book.account_at(row), priority_of(health, stress_ratio), limit.debt_market,
                limit.collateral_market, limit.repay_amount, limit.seize_amount, health.health_factor_ratio,
                health.collateral_value, health.weighted_collateral_value, health.debt_value,
            )  # fmt: skip
            for column, value in zip(offers, offer, strict=True):
                assert isinstance(column, list)
                column.append(value)
        return refused

    def worst(self, rows: Rows, most: int, stress_ratio: Ratio) -> tuple[list[int], bool]:
        """Return the `most` rows below the line of highest priority, and whether there are more.

        Equals go by the account's bytes; what has no priority comes last.
        """
        decided = zip(listed(rows), self.are_liquidatable(rows), strict=True)
        below = [row for row, is_below in decided if is_below]
        account_at = self.deployment.book.account_at
        ranked = sorted((-self._priority(row, stress_ratio), account_at(row), row) for row in below)
        return [row for _, _, row in ranked[:most]], len(ranked) > most

    def _is_liquidatable(self, row: int) -> bool | None:
        if self.protocol.is_liquidatable(self.deployment, row):
            return True
        if not self.is_at_risk(row):
            return False
        return None if isinstance(self.protocol.health(self.deployment, row), Refusal) else False

    def _health_factor(self, row: int) -> Ratio | None:
        if not self.is_at_risk(row):
            return HEALTH_FACTOR_MAX
        health = self.protocol.health(self.deployment, row)
        return None if isinstance(health, Refusal) else health.health_factor_ratio

    def _priority(self, row: int, stress_ratio: Ratio) -> Value:
        health = self.protocol.health(self.deployment, row)
        return -1 if isinstance(health, Refusal) else priority_of(health, stress_ratio)


def listed(rows: Rows) -> Sequence[int]:
    """Return rows as Python's integers."""
    return rows.tolist() if isinstance(rows, np.ndarray) else rows


def in_order(offers: Offers) -> Offers:
    """Return the offers worst first: by priority, equals by the account's bytes."""
    ranked = sorted(zip(map(neg, offers.priorities), offers.accounts, count(), strict=False))
    return offers.at([place for _, _, place in ranked])


def priority_of(health: Health, stress_ratio: Ratio) -> Value:
    """Return the expected loss of an account with this health."""
    return expected_loss_value(
        health.collateral_value, health.weighted_collateral_value, health.debt_value, stress_ratio
    )
