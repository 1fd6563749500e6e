"""Exact budget: our own deleveraging; the loss and not a unit more, pro rata to profit, nobody pushed below their margin.

    budget      u* = the least u with u c >= loss, at most the loser's position: fewer units would not pay the loss
    closed      u* pro rata to the winners' profits, below each one's cap (`winner.py`); what a capped winner cannot take goes
                round among the others
    paid        the loss pro rata to what was closed; where the caps end before the budget, its part, and the rest is returned
Both are cut by largest remainders, equal ones in order of the account's bytes; so sums are exact, and a winner who splits a
position over accounts pays what one account would, to a unit each. Nobody pays for what nobody lost: a cut costs c a unit or
less, as the last unit may have been needed only in part.
"""

from collections.abc import Sequence

from seawall.fixed import div_up, mul_div_down
from seawall.ledger.deleveraging import Cut, UncoveredLoss, Winner
from seawall.rules.capped_pro_rata import capped_pro_rata_shares
from seawall.rules.pro_rata import pro_rata_shares
from seawall.rules.winner import cap_amount, cost_price, profit_value
from seawall.units import Amount, Value


def budget_amount(loss: UncoveredLoss) -> Amount:
    """Return the least amount whose close at the deleveraging price pays the loss, at most the loser's position."""
    return min(loss.balance, div_up(loss.loss_value * loss.unit, cost_price(loss)))


def exact_budget_cuts(loss: UncoveredLoss, winners: Sequence[Winner]) -> tuple[Cut, ...]:
    """Return whom to cut and by how much, in order of the winners, who come in a total order."""
    cost, budget = cost_price(loss), budget_amount(loss)
    profits = [max(0, profit_value(winner, loss)) for winner in winners]
    caps = [
        cap_amount(winner, profit, cost, loss.unit) if profit else 0
        for winner, profit in zip(winners, profits, strict=True)
    ]
    closed = capped_pro_rata_shares(budget, profits, caps)
    paid = pro_rata_shares(_covered_value(loss, budget, sum(closed)), closed)
    return tuple(
        Cut(winner.account, amount, value)
        for winner, amount, value in zip(winners, closed, paid, strict=True)
        if amount
    )


def _covered_value(loss: UncoveredLoss, budget: Amount, closed: Amount) -> Value:
    """Return what so much of the budget pays: the loss where it is all of it, or what its price gives, rounded down."""
    whole_value = min(loss.loss_value, mul_div_down(budget, cost_price(loss), loss.unit))
    return mul_div_down(whole_value, closed, budget)
