"""May this account be liquidated, or its debt written off, at this moment? Circuit breakers and prices answer.

A protocol's own contract may act on any price that it can read; one that needs fresh prices acts on none that is stale
or contradictory, of any asset that the account holds or owes.
"""

from collections.abc import Iterable

from seawall.engine.state import Permission, State
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import breaker_refusal
from seawall.rules.oracle import CONTRACT_POLICY, STRICT_POLICY, PricePolicy, price_refusal


def liquidation_refusal(state: State, protocol: Protocol, row: int, markets: Iterable[int]) -> Refusal | None:
    """Return why the account may not be liquidated on these markets now, or None."""
    return None if is_quiet(state) else _refusal(state, protocol, row, markets, Action.LIQUIDATE)


def write_off_refusal(state: State, protocol: Protocol, row: int) -> Refusal | None:
    """Return why the account's debts may not be written off now, or None."""
    if is_quiet(state):
        return None
    positions = sorted(state.deployment.book.positions(row))
    debt_markets = [market_of(slot) for slot, _ in positions if side_of(slot) == DEBT]
    return _refusal(state, protocol, row, debt_markets, Action.WRITE_OFF)


def auction_refusal(
    state: State, protocol: Protocol, markets: Iterable[int], assets: Iterable[int], action: Action
) -> Refusal | None:
    """Return why nothing may be done to an auction of these markets and assets now, or None."""
    if is_quiet(state):
        return None
    for market in markets:
        refusal = breaker_refusal(state.breakers[market], action, state.deployment.at)
        if refusal is not None:
            return refusal
    for asset in assets:
        refusal = price_refusal(_policy(protocol), state.price_states[asset], action)
        if refusal is not None:
            return refusal
    return None


def is_quiet(state: State) -> bool:
    """Return whether every price is fresh and no breaker was ever moved: then nothing is refused to anyone."""
    return state.price_states == state.all_fresh and state.breakers == state.all_at_rest


def _permission(state: State) -> Permission:
    at = state.deployment.at
    return Permission(
        tuple(state.price_states), tuple((breaker.level, at < breaker.grace_until) for breaker in state.breakers)
    )


def _refusal(state: State, protocol: Protocol, row: int, markets: Iterable[int], action: Action) -> Refusal | None:
    deployment = state.deployment
    for market in markets:
        refusal = breaker_refusal(state.breakers[market], action, deployment.at)
        if refusal is not None:
            return refusal
    policy = _policy(protocol)
    # In order of slots: which of two prices is named must not hang on how the positions came.
    for slot, _ in sorted(deployment.book.positions(row)):
        held_in = deployment.markets[market_of(slot)]
        asset = held_in.debt_asset if side_of(slot) == DEBT else held_in.collateral_asset
        refusal = price_refusal(policy, state.price_states[asset], action)
        if refusal is not None:
            return refusal
    return None


def _policy(protocol: Protocol) -> PricePolicy:
    return STRICT_POLICY if protocol.needs_fresh_price else CONTRACT_POLICY


def rows_freed(state: State) -> list[int]:
    """Return the accounts that were refused for a passing reason, once prices or breakers have changed since."""
    now = state.quiet_permission if is_quiet(state) else _permission(state)
    if now == state.permission_seen:
        return []
    state.permission_seen = now
    return [row for row in state.blocked if row in state.episodes]
