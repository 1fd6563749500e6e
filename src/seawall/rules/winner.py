"""A winner in a deleveraging: what it has gained, what closing costs it, and how much of it may be closed.

P the mark price, X the deleveraging price, F the entry price, q the size, E and M equity and maintenance margin of the whole
account; a long winner stands against a short loser, and the other way round.
    profit      g = q (P - F) for a long, q (F - P) for a short, rounded down
    cost        c = P - X for a long, X - P for a short: what a whole asset pays when it is closed
    cap         the greatest u with u c <= g, u <= q and E - ceil(u c) >= M(q - u)
As M is the largest of a few lines, the cap has a closed form: one division a line. An account that is below its margin before
any cut pays nothing: it is about to be liquidated itself.
"""

from seawall.fixed import div_down, mul_div_down, mul_div_up
from seawall.ledger.deleveraging import UncoveredLoss, Winner
from seawall.ledger.market import DEBT
from seawall.units import Amount, Price, Value


def cost_price(loss: UncoveredLoss) -> Price:
    """Return what closing a whole asset costs a winner against the mark; negative where the winner gains by it."""
    cost = loss.deleveraging_price - loss.mark_price
    return -cost if loss.side == DEBT else cost


def profit_value(winner: Winner, loss: UncoveredLoss) -> Value:
    """Return the unrealised profit of the position at the mark, rounded down; negative for a loss."""
    gain = loss.mark_price - winner.entry_price
    return mul_div_down(winner.balance, gain if loss.side == DEBT else -gain, loss.unit)


def notional_value(winner: Winner, loss: UncoveredLoss) -> Value:
    """Return the position's value at the mark, rounded up."""
    return mul_div_up(winner.balance, loss.mark_price, loss.unit)


def margin_value(winner: Winner, balance: Amount, unit: Amount) -> Value:
    """Return the account's maintenance margin with so much of the position, rounded up."""
    return max(line.rest_value + mul_div_up(balance, line.slope_price, unit) for line in winner.margin_lines)


def cap_amount(winner: Winner, profit: Value, cost: Price, unit: Amount) -> Amount:
    """Return the greatest cut that costs no more than the profit and leaves the account at or above its margin.

    `profit` and `cost` are positive. The payment may be rounded up by less than one unit of value, and is counted so.
    """
    balance, equity = winner.balance, winner.equity_value
    cap = min(balance, div_down(profit * unit, cost))
    for line in winner.margin_lines:
        room = (equity - line.rest_value) * unit - balance * line.slope_price
        if room < 0:
            return 0
        slope = cost - line.slope_price
        # Closing all of the cap would leave the account below this line, or could by the rounding of what it pays.
        if cap * slope > room - unit + 1:
            cap = max(0, div_down(room - unit + 1, slope)) if slope > 0 else 0
    return cap
