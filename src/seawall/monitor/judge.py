"""The integer rule, asked for many accounts at once: who is below the line, whose loss may be realised, what to offer.

The plain judge asks the protocol account by account; it defines what every other judge answers, to the last unit. Nothing
that a judge computes enters the state but its answers.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from seawall.ledger.deployment import Deployment
from seawall.ledger.integer_column import column_of, entries_at
from seawall.ledger.refusal import Refusal
from seawall.monitor.monitor import Rows
from seawall.protocols.protocol import Health, Protocol
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.priority import expected_loss_value
from seawall.units import Amount, Ratio, Value


class Offer(NamedTuple):
    """An account that may be liquidated, with its health and its largest liquidation."""

    row: int
    account: bytes
    priority: Value
    debt_market: int
    collateral_market: int
    repay_amount: Amount
    seize_amount: Amount
    health_factor_ratio: Ratio
    collateral_value: Value
    weighted_collateral_value: Value
    debt_value: Value


class Offers(NamedTuple):
    """Accounts that may be liquidated, worst first: their rows, and the columns of a `LiquidateMany`.

    Columns and not records, since a crash makes a hundred thousand of them at once.
    """

    rows: list[int]
    accounts: bytes
    priorities: bytes
    debt_markets: bytes
    collateral_markets: bytes
    repay_amounts: bytes
    seize_amounts: bytes
    health_factor_ratios: bytes
    collateral_values: bytes
    weighted_collateral_values: bytes
    debt_values: bytes

    def at(self, places: Sequence[int]) -> "Offers":
        """Return the offers at these places, in their order."""
        rows, *columns = self
        count = len(rows)
        return Offers([rows[place] for place in places], *(entries_at(column, count, places) for column in columns))


class Refused(NamedTuple):
    """An account below the line that the rule lets nobody liquidate, and why; zeros where its health is unknown."""

    row: int
    reason: Refusal
    health_factor_ratio: Ratio = 0
    collateral_value: Value = 0
    debt_value: Value = 0


class Ranked(NamedTuple):
    """Accounts below the line, worst first: those that were asked for, and those after them where all were ranked.

    `has_more` says whether there are any after them, ranked or not.
    """

    worst: list[int]
    waiting: Rows
    has_more: bool


class Judge:
    """Answers for the accounts of one deployment as it stands at the moment of the question."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        self.deployment = deployment
        self.protocol = protocol

    def note(self, row: int) -> None:
        """Take note that an account's balances or category changed, or that it is new: nothing is kept of any here."""

    def maintain(self, count: int) -> None:
        """Do work that waits, for at most `count` accounts; it changes no answer. Nothing waits here."""

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
        """Return the rows, in no order, for which the protocol must be asked whether their debts are lost."""
        return list(listed(rows)) if self.protocol.realises_loss_by_value else []

    def assess(self, rows: Rows, stress_ratio: Ratio) -> tuple[Offers, list[Refused]]:
        """Return what may be offered of these rows, all below the line, and what the rule refuses.

        Offers come by priority, equals by the account's bytes.
        """
        offers, refused = self._asked(listed(rows), stress_ratio)
        offers.sort(key=lambda offer: (-offer.priority, offer.account))
        return _columns_of(offers), refused

    def _asked(self, rows: Iterable[int], stress_ratio: Ratio) -> tuple[list[Offer], list[Refused]]:
        """Return what the protocol says of these rows: what may be offered, in no order, and what is refused."""
        deployment, protocol = self.deployment, self.protocol
        offers: list[Offer] = []
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
            # Of contracts the margin may be more than all that is held; a column has natural numbers.
            weighted_value = max(0, health.weighted_collateral_value)
            offers.append(
                Offer(
                    row, deployment.book.account_at(row), priority_of(health, stress_ratio), limit.debt_market,
                    limit.collateral_market, limit.repay_amount, limit.seize_amount, health.health_factor_ratio,
                    health.collateral_value, weighted_value, health.debt_value,
                )
            )  # fmt: skip
        return offers, refused

    def worst(self, rows: Rows, most: int, stress_ratio: Ratio) -> Ranked:
        """Return the `most` rows below the line of highest priority.

        Equals go by the account's bytes; what has no priority comes last.
        """
        ranked = self._ranked(rows, stress_ratio)
        return Ranked(list(listed(ranked[:most])), ranked[most:], len(ranked) > most)

    def _ranked(self, rows: Rows, stress_ratio: Ratio) -> Rows:
        """Return those that are below the line, worst first."""
        decided = zip(listed(rows), self.are_liquidatable(rows), strict=True)
        below = [row for row, is_below in decided if is_below]
        account_at = self.deployment.book.account_at
        ranked = sorted((-self._priority(row, stress_ratio), account_at(row), row) for row in below)
        return [row for _, _, row in ranked]

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


def _columns_of(offers: Sequence[Offer]) -> Offers:
    """Return offers as columns, in their order."""
    if not offers:
        return Offers([], *(b"",) * (len(Offers._fields) - 1))
    rows, accounts, *numbers = zip(*offers, strict=True)
    return Offers(list(rows), b"".join(accounts), *map(column_of, numbers))


def priority_of(health: Health, stress_ratio: Ratio) -> Value:
    """Return the expected loss of an account with this health."""
    return expected_loss_value(
        health.collateral_value, health.weighted_collateral_value, health.debt_value, stress_ratio
    )
