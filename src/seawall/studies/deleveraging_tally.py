"""What winners paid in a run, and how evenly: each one's share of the greatest profit that it stood with, as fairness measures it.

A winner is an account with one side of one contract; it counts from the first deleveraging in which it could have paid, whether
or not it did. Values are WAD and exact, what they are compared by is float64.
"""

from typing import Any

from seawall.ledger.deleveraging import AutoDeleverage
from seawall.rules.winner import notional_value, profit_value
from seawall.studies.fairness import concentration_f64, gini_f64, profit_haircuts_f64, worst_haircut_f64
from seawall.units import Value

_Key = tuple[bytes, int, int]
"""Account, market, the loser's side."""


class DeleveragingTally:
    """Adds up deleveragings as they come."""

    def __init__(self) -> None:
        self.count = 0
        self.paid_value = 0
        self.closed_value = 0
        self.losers: set[bytes] = set()
        self._profit_values: dict[_Key, Value] = {}
        self._paid_values: dict[_Key, Value] = {}

    def add(self, order: AutoDeleverage) -> None:
        """Count one deleveraging, what was closed at the mark price."""
        record, loss = order.record, order.record.loss
        self.count += 1
        self.losers.add(order.account)
        for winner in record.winners:
            key = winner.account, order.market, loss.side
            profit = profit_value(winner, loss) + self._paid_values.get(key, 0)
            self._profit_values[key] = max(profit, self._profit_values.get(key, 0))
        balances = {winner.account: winner for winner in record.winners}
        for cut in record.cuts:
            key = cut.account, order.market, loss.side
            self.paid_value += cut.paid_value
            self._paid_values[key] = self._paid_values.get(key, 0) + cut.paid_value
            winner = balances[cut.account]
            self.closed_value += notional_value(winner, loss) * cut.closed_amount // winner.balance

    def outcome(self) -> dict[str, Any]:
        """Return the figures, ready for JSON: shares and coefficients to six digits."""
        profits = self._profit_values
        haircuts = profit_haircuts_f64([self._paid_values.get(key, 0) for key in profits], list(profits.values()))
        return {
            "count": self.count,
            "accounts_closed": len(self.losers),
            "closed_value": str(self.closed_value),
            "paid_value": str(self.paid_value),
            "winners": len(profits),
            "winners_cut": len(self._paid_values),
            "worst_haircut": round(worst_haircut_f64(haircuts), 6),
            "haircut_gini": round(gini_f64(haircuts), 6),
            "paid_concentration": round(concentration_f64(list(self._paid_values.values())), 6),
        }
