"""Circuit breakers at work: raised after what an event did, lowered by time, or set by a person."""

from collections.abc import Callable

from seawall.engine.state import State
from seawall.ledger.event import OperatorDecided, PriceRuledInvalid
from seawall.ledger.order import HaltMarket, Order, RefuseEvent, ResumeMarket
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.circuit_breaker import Breaker, Level, breaker_after, breaker_decided
from seawall.rules.oracle import PriceState
from seawall.units import Value


def move_breakers(state: State, protocol: Protocol) -> list[Order]:
    """Move every market's breaker by its recent bad debt and its prices; return what to tell the outside."""
    orders: list[Order] = []
    losses = _recent_losses(state)
    is_disputing = protocol.needs_fresh_price and PriceState.CONTRADICTORY in state.price_states
    if not losses and not is_disputing and state.breakers == state.all_at_rest:
        return orders
    for market in range(len(state.breakers)):
        before = state.breakers[market]
        contradictory = is_disputing and _is_contradictory(state, market)
        if before.level == Level.NORMAL and not contradictory and not losses:
            continue
        after = breaker_after(before, losses.get(market, 0), contradictory, state.policy, state.deployment.at)
        orders += _set(state, market, after, "contradictory price" if contradictory else "bad debt above its limit")
    return orders


def operator_decision(
    state: State, event: OperatorDecided, signature_is_valid: Callable[[OperatorDecided | PriceRuledInvalid], bool]
) -> list[Order]:
    """Set a market's breaker as a known operator signed it, or refuse the event."""
    if event.operator not in state.opened.operators:
        return [RefuseEvent(Refusal.OPERATOR_UNKNOWN, f"operator {event.operator}")]
    if not 0 <= event.market < len(state.breakers):
        return [RefuseEvent(Refusal.MARKET_UNKNOWN, f"market {event.market} of {len(state.breakers)}")]
    if not Level.NORMAL <= event.level <= Level.STOPPED:
        return [RefuseEvent(Refusal.LEVEL_UNKNOWN, f"level {event.level}, highest {int(Level.STOPPED)}")]
    if not signature_is_valid(event):
        return [RefuseEvent(Refusal.SIGNATURE_INVALID, f"operator {event.operator}")]
    if event.level == state.breakers[event.market].level == Level.NORMAL:
        # There is nothing to resume, so no grace period begins either: it would close liquidation without a word.
        return []
    after = breaker_decided(event.level, state.policy, state.deployment.at)
    return _set(state, event.market, after, f"operator {event.operator}")


def _set(state: State, market: int, after: Breaker, reason: str) -> list[Order]:
    before = state.breakers[market]
    state.breakers[market] = after
    if after.level == before.level:
        return []
    if after.level == Level.NORMAL:
        return [ResumeMarket(market)]
    return [HaltMarket(market, after.level, reason)]


def _recent_losses(state: State) -> dict[int, Value]:
    """Return the bad debt of each market within the policy's window, and forget what is older."""
    if not state.losses:
        return {}
    oldest = state.deployment.at - state.policy.breaker_window_ms
    state.losses = [loss for loss in state.losses if loss.at > oldest]
    totals: dict[int, Value] = {}
    for loss in state.losses:
        totals[loss.market] = totals.get(loss.market, 0) + loss.value
    return totals


def _is_contradictory(state: State, market: int) -> bool:
    assets = {state.deployment.markets[market].collateral_asset, state.deployment.markets[market].debt_asset}
    return any(state.price_states[asset] is PriceState.CONTRADICTORY for asset in assets)
