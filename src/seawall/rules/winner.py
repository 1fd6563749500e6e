"""A winner in a deleveraging: what it has gained, what closing costs it, and how much of it may be closed.

P the mark price, X the deleveraging price, F the entry price, q the size, E and M equity and maintenance margin of the whole
account; a long winner stands against a short loser, and the other way round.
    profit      g = q (P - F) for a long, q (F - P) for a short, rounded down
    cost        c = P - X for a long, X - P for a short: what a whole asset pays when it is closed
    cap         the greatest u with u c <= g, u <= q and E - ceil(u c) >= M(q - u)
As M is the largest of a few lines, the cap has a closed form: one division a line. An account that is below its margin before
any cut pays nothing: it is about to be liquidated itself.
"""

from collections.abc import Sequence

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


def gains_and_caps(winners: Sequence[Winner], loss: UncoveredLoss) -> tuple[list[int], list[Amount]]:
    """Return each winner's profit times the unit, not negative and not rounded, and the most that may be closed of it.

    Closing must cost something. What it costs may be rounded up to a unit of value, and is counted so.
    """
    cost, unit, mark = cost_price(loss), loss.unit, loss.mark_price
    sign = 1 if loss.side == DEBT else -1
    gains, caps = [], []
    for winner in winners:
        balance, equity = winner.balance, winner.equity_value
        gain = cap = 0
        if (gain_price := (mark - winner.entry_price) * sign) > 0:
            gain, cap = balance * gain_price, balance
            # What closing all of it costs at most, times the unit, rounded up.
            cost_max = balance * cost + unit - 1
            if cost_max > gain:
                cap = min(balance, div_down(div_down(gain, unit) * unit, cost))
            for rest_value, slope_price in winner.margin_lines:
                room = (equity - rest_value) * unit
                if room < cost_max or slope_price > cost:
                    cap = _cap_below_line(cap, room - balance * slope_price, cost - slope_price, unit)
        gains.append(gain)
        caps.append(cap)
    return gains, caps


def _cap_below_line(cap: Amount, room: int, fall_price: Price, unit: Amount) -> Amount:
    """Return the part of a cap that leaves an account above a line: `room` above it now, times the unit, falls a unit by so much."""
    room -= unit - 1
    if room < 0:
        return 0
    return cap if cap * fall_price <= room else div_down(room, fall_price)
