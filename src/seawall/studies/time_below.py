"""Time below the line: how long accounts stood there, and how much they owed meanwhile.

    account time   sum over accounts of the time in which any of their positions is below
    value time     sum over positions of debt * time below, the debt as of the last order that said it

A position is what the engine calls an account; where positions are per market an account has several, and
`owner_width` bytes say whose they are. Values are WAD, times milliseconds; both sums are exact integers.
"""

from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate, Order, SettleFill, singly
from seawall.ledger.refusal import Refusal
from seawall.units import Milliseconds, Value


class TimeBelow:
    """Adds up orders as they come; `at` never falls from one call to the next."""

    def __init__(self, owner_width: int) -> None:
        self._owner_width = owner_width
        self._debts: dict[bytes, tuple[Milliseconds, Value]] = {}
        self._owners: dict[bytes, tuple[Milliseconds, int]] = {}
        self.account_ms: Milliseconds = 0
        self.value_ms: int = 0

    def add(self, orders: tuple[Order, ...], at: Milliseconds) -> None:
        """Take note of the orders of one event."""
        for order in singly(orders):
            match order:
                case Liquidate() | DeclineAccount():
                    self._stand(order.account, at, order.debt_value)
                case SettleFill():
                    _, debt_value = self._debts.get(order.account, (at, 0))
                    self._stand(order.account, at, max(0, debt_value - order.repay_value))
                case CancelOrder() if order.reason is not Refusal.ORDER_EXPIRED:
                    self._leave(order.account, at)
                case _:
                    pass

    def end(self, at: Milliseconds) -> None:
        """Count those who are still below up to `at`."""
        for account in list(self._debts):
            self._leave(account, at)

    def _stand(self, account: bytes, at: Milliseconds, debt_value: Value) -> None:
        if account in self._debts:
            since, before = self._debts[account]
            self.value_ms += before * (at - since)
        else:
            owner = account[: self._owner_width]
            since, count = self._owners.get(owner, (at, 0))
            self._owners[owner] = (since, count + 1)
        self._debts[account] = (at, debt_value)

    def _leave(self, account: bytes, at: Milliseconds) -> None:
        if account not in self._debts:
            return
        since, debt_value = self._debts.pop(account)
        self.value_ms += debt_value * (at - since)
        owner = account[: self._owner_width]
        owner_since, count = self._owners.pop(owner)
        if count > 1:
            self._owners[owner] = (owner_since, count - 1)
        else:
            self.account_ms += at - owner_since
