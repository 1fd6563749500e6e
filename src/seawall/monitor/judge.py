"""The integer rule, asked for many accounts at once: who is below the line, whose loss may be realised, what to offer.

The plain judge asks the protocol account by account; it defines what every other judge answers, to the last unit. Nothing
that a judge computes enters the state but its answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, side_of
from seawall.ledger.order import Refusal
from seawall.protocols.protocol import Health, Limit, Protocol
from seawall.rules.priority import expected_loss_value
from seawall.units import Ratio, Value


class Assessment(NamedTuple):
    """An account below the line: how bad it is, its health, and the largest liquidation or why there is none.

    A health that is refused has no priority and no limit.
    """

    row: int
    priority: Value
    health: Health | Refusal
    limit: Limit | Refusal


class Judge:
    """Answers for the accounts of one deployment as it stands at the moment of the question."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        self.deployment = deployment
        self.protocol = protocol

    def are_liquidatable(self, rows: Sequence[int]) -> list[bool | None]:
        """Return the decision for each row; None while a price that it needs is unknown.

        An account without debt needs none.
        """
        return [self._is_liquidatable(row) for row in rows]

    def may_be_lost(self, rows: Sequence[int]) -> list[int]:
        """Return the rows, in the order given, for which the protocol must be asked whether their debts are lost."""
        return list(rows) if self.protocol.realises_loss_by_value else []

    def assess(self, rows: Sequence[int], stress_ratio: Ratio) -> list[Assessment]:
        """Return what is to be said of each row; they are all below the line."""
        return [self._assess(row, stress_ratio) for row in rows]

    def worst(self, rows: Sequence[int], count: int, stress_ratio: Ratio) -> tuple[list[int], bool]:
        """Return the `count` rows below the line of highest priority, and whether there are more.

        Equals go by the account's bytes; what has no priority comes last.
        """
        decided = zip(rows, self.are_liquidatable(rows), strict=True)
        below = [row for row, is_below in decided if is_below]
        account_at = self.deployment.book.account_at
        ranked = sorted((-self._priority(row, stress_ratio), account_at(row), row) for row in below)
        return [row for _, _, row in ranked[:count]], len(ranked) > count

    def _is_liquidatable(self, row: int) -> bool | None:
        if self.protocol.is_liquidatable(self.deployment, row):
            return True
        if not any(side_of(slot) == DEBT for slot, _ in self.deployment.book.positions(row)):
            return False
        return None if isinstance(self.protocol.health(self.deployment, row), Refusal) else False

    def _priority(self, row: int, stress_ratio: Ratio) -> Value:
        health = self.protocol.health(self.deployment, row)
        return -1 if isinstance(health, Refusal) else priority_of(health, stress_ratio)

    def _assess(self, row: int, stress_ratio: Ratio) -> Assessment:
        health = self.protocol.health(self.deployment, row)
        if isinstance(health, Refusal):
            return Assessment(row, -1, health, health)
        limit = self.protocol.liquidation_limit(self.deployment, row)
        return Assessment(row, priority_of(health, stress_ratio), health, limit)


def priority_of(health: Health, stress_ratio: Ratio) -> Value:
    """Return the expected loss of an account with this health."""
    return expected_loss_value(
        health.collateral_value, health.weighted_collateral_value, health.debt_value, stress_ratio
    )
