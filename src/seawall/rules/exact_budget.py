"""Exact budget: our own deleveraging; the loss and not a unit more, pro rata to profit, nobody pushed below their margin.

    budget      u* = the least u with u c >= loss, at most the loser's position: fewer units would not pay the loss
    closed      u* pro rata to the winners' profits, below each one's cap (`winner.py`); what a capped winner cannot take goes
                round among the others
    paid        the loss pro rata to what was closed, as the step of a running sum that is rounded down; where the caps end
                before the budget, only their part of it, and the rest is left
What is closed is cut by largest remainders, equal ones in order of the account's bytes. So both sums are exact, and a winner
who splits a position over accounts gives what one account would, to a unit each. A unit costs c or less, as the last one
may be needed only in part.
"""

from collections.abc import Sequence
from itertools import accumulate, chain, compress
from operator import attrgetter, sub

from seawall.fixed import div_up, mul_div_down, mul_div_down_each
from seawall.ledger.deleveraging import Cut, UncoveredLoss, Winner
from seawall.rules.capped_pro_rata import capped_pro_rata_shares
from seawall.rules.winner import cost_price, gains_and_caps
from seawall.units import Amount, Value


def budget_amount(loss: UncoveredLoss) -> Amount:
    """Return the least amount whose close at the deleveraging price pays the loss, at most the loser's position."""
    return min(loss.balance, div_up(loss.loss_value * loss.unit, cost_price(loss)))


def exact_budget_cuts(loss: UncoveredLoss, winners: Sequence[Winner]) -> tuple[Cut, ...]:
    """Return whom to cut and by how much, in order of the winners, who come in a total order."""
    budget = budget_amount(loss)
    gains, caps = gains_and_caps(winners, loss)
    closed = capped_pro_rata_shares(budget, gains, caps)
    running = list(accumulate(closed))
    covered_value = _covered_value(loss, budget, running[-1]) if running else 0
    paid_by_then = mul_div_down_each(running, covered_value, running[-1]) if covered_value else [0] * len(running)
    paid = map(sub, paid_by_then, chain((0,), paid_by_then))
    cuts = map(Cut, map(attrgetter("account"), winners), closed, paid)
    return tuple(compress(cuts, closed))


def _covered_value(loss: UncoveredLoss, budget: Amount, closed: Amount) -> Value:
    """Return what so much of the budget pays: the loss where it is all of it, or what its price gives, rounded down."""
    whole_value = min(loss.loss_value, mul_div_down(budget, cost_price(loss), loss.unit))
    return mul_div_down(whole_value, closed, budget)
