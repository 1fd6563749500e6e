"""Withdrawals at work: what leaves is counted, the gate moves after each event, and who asks is told.

Balances that moved are facts and are never refused here; the gate answers whoever asks before (`what_if`). What moves between
accounts in one event does not leave. New debt is not the gate's but the circuit breaker's.
"""

from seawall.engine.state import State
from seawall.fixed import mul_div_down
from seawall.ledger.event import PositionsChanged
from seawall.ledger.market import COLLATERAL, market_of, side_of, slot_of
from seawall.ledger.order import CloseWithdrawals, OpenWithdrawals, Order
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.withdrawal_gate import Outflow, gate_after, withdrawal_refusal, withdrawal_room
from seawall.units import Amount, Value


def count_outflows(state: State, protocol: Protocol, event: PositionsChanged) -> None:
    """Count the collateral that an event took out of each market, less what came in."""
    gate_state, rule = state.withdrawals, state.policy.withdrawals
    if gate_state is None or rule is None:
        return
    net: dict[int, Amount] = {}
    for slot, delta in zip(event.slot_column(), event.delta_column(), strict=True):
        if side_of(slot) == COLLATERAL:
            amount = protocol.amount_of(state.deployment, slot, abs(delta))
            net[market_of(slot)] = net.get(market_of(slot), 0) + (amount if delta < 0 else -amount)
    oldest = event.at - max((limit.window_ms for limit in rule.limits), default=0)
    for market, amount in net.items():
        outflows = [outflow for outflow in gate_state.outflows[market] if outflow.at > oldest]
        if amount > 0:
            outflows.append(Outflow(event.at, amount))
        gate_state.outflows[market] = outflows


def move_gate(state: State) -> list[Order]:
    """Close or open withdrawals after an event; return what to tell the outside."""
    gate_state, rule = state.withdrawals, state.policy.withdrawals
    if gate_state is None or rule is None:
        return []
    at, before = state.deployment.at, gate_state.gate
    uncovered_value = _uncovered_value(state)
    gate_state.gate = gate_after(before, uncovered_value, at - gate_state.heard_at, rule, at)
    gate_state.heard_at = at
    if gate_state.gate.is_open == before.is_open:
        return []
    return [OpenWithdrawals()] if gate_state.gate.is_open else [CloseWithdrawals(uncovered_value)]


def outflow_refusal(state: State, protocol: Protocol, market: int, amount: Amount) -> Refusal | None:
    """Return why so much may not leave a market now, or None."""
    gate_state, rule = state.withdrawals, state.policy.withdrawals
    if gate_state is None or rule is None:
        return None
    deployment = state.deployment
    asset = deployment.markets[market].collateral_asset
    price = deployment.prices[asset]
    if price is None:
        return Refusal.PRICE_MISSING
    slot = slot_of(market, COLLATERAL)
    held_amount = protocol.amount_of(deployment, slot, deployment.book.balance_totals[slot])
    room_amount = withdrawal_room(
        rule.limits, gate_state.outflows[market], held_amount, price, deployment.units[asset], deployment.at
    )
    return withdrawal_refusal(gate_state.gate, amount, room_amount)


def _uncovered_value(state: State) -> Value | None:
    """Return what the ledger of losses leaves uncovered, WAD, rounded down by market; None where a price is unknown."""
    if state.loss_ledger is None:
        return 0
    total = 0
    for market, waiting in enumerate(state.loss_ledger.uncovered_amounts):
        if waiting:
            asset = state.deployment.markets[market].debt_asset
            price = state.deployment.prices[asset]
            if price is None:
                return None
            total += mul_div_down(sum(amount for _, amount in waiting), price, state.deployment.units[asset])
    return total
