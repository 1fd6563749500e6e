"""Withdrawal gate: nobody leaves ahead of the others while a loss waits for its payer, or too fast at any time.

    closes   when  uncovered loss > closing value      or  the deployment heard nothing for longer than an outage may last
    opens    when  uncovered loss <= opening value     for `reopen_ms` on end, no outage in it
    room     = max(share * what was there, least value) - what left in the window, not below zero; the least over all limits
The opening value is not above the closing one, so a loss that hovers moves the gate once. The window ends with now and has lost
its first moment. An uncovered loss without a price is no known loss, and closes the gate. The room rounds down.
"""

from collections.abc import Sequence

import msgspec

from seawall.fixed import WAD, mul_div_down
from seawall.ledger.deployment import WithdrawalLimit, WithdrawalRule
from seawall.ledger.refusal import Refusal
from seawall.units import Amount, Milliseconds, Price, Value


class Gate(msgspec.Struct, frozen=True):
    """Whether withdrawals are open, and when there was last a reason against it."""

    is_open: bool = True
    troubled_at: Milliseconds = 0


class Outflow(msgspec.Struct, frozen=True):
    """What left a market in one event, more than what came."""

    at: Milliseconds
    amount: Amount


def gate_after(
    gate: Gate, uncovered_value: Value | None, silent_ms: Milliseconds, rule: WithdrawalRule, at: Milliseconds
) -> Gate:
    """Return the gate after an event; `uncovered_value` is None where it is unknown, `silent_ms` the time since the last event."""
    value_max = rule.closing_value if gate.is_open else rule.opening_value
    was_silent = 0 < rule.outage_ms_max < silent_ms
    if was_silent or uncovered_value is None or uncovered_value > value_max:
        return Gate(False, at)
    if gate.is_open or at - gate.troubled_at < rule.reopen_ms:
        return gate
    return Gate(True, gate.troubled_at)


def withdrawal_refusal(gate: Gate, amount: Amount, room_amount: Amount | None) -> Refusal | None:
    """Return why so much may not leave now, or None; the room is None where nothing limits it."""
    if not gate.is_open:
        return Refusal.WITHDRAWALS_CLOSED
    return Refusal.WITHDRAWAL_LIMIT if room_amount is not None and amount > room_amount else None


def withdrawal_room(
    limits: Sequence[WithdrawalLimit],
    outflows: Sequence[Outflow],
    held_amount: Amount,
    price: Price,
    unit: Amount,
    at: Milliseconds,
) -> Amount | None:
    """Return how much may leave a market that holds so much now, or None without a limit.

    The share is of what is held and what left in the window together: what was there before it left.
    """
    rooms = []
    for limit in limits:
        left_amount = sum(outflow.amount for outflow in outflows if outflow.at > at - limit.window_ms)
        share_amount = mul_div_down(held_amount + left_amount, limit.ratio, WAD)
        least_amount = mul_div_down(limit.least_value, unit, price)
        rooms.append(max(0, max(share_amount, least_amount) - left_amount))
    return min(rooms, default=None)
