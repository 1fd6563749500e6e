"""What if: may an account withdraw, owe more, or place an order now, and how would it stand? Asked and answered at once.

    allowed  iff   nothing can endanger the account afterwards, or it keeps what opening asks for (`opening_room_value`)

An order is judged as if it were filled at its price at once, while the account's other open orders wait on their worse side.
An account that no longer has what opening asks for may still place an order that reduces: its maintenance margin does not
rise and its health does not fall. Withdrawals and transfers pass the withdrawal gate first. Prices and circuit breakers stop
what they would stop in earnest. Nothing changes, and the journal hears of nothing: whoever moves the position afterwards
says so in an event.
"""

from collections.abc import Mapping, Sequence

import msgspec

from seawall.engine.state import State
from seawall.engine.supposed_account import balances_after, supposing
from seawall.engine.withdrawals import outflow_refusal
from seawall.ledger.book import ABSENT
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, NO_CATEGORY, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders, PlaceOrder, Request, Transfer, Withdraw
from seawall.protocols.protocol import Health, Protocol
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import breaker_refusal
from seawall.rules.oracle import CONTRACT_POLICY, STRICT_POLICY, price_refusal
from seawall.units import Balance, Value


class WhatIf(msgspec.Struct, frozen=True):
    """The answer: why the request would be refused, or None; the health after it, where it is known."""

    refusal: Refusal | None
    health: Health | None = None


def what_if(
    state: State, protocol: Protocol, account: bytes, request: Request, open_orders: Sequence[OpenOrders] = ()
) -> WhatIf:
    """Return whether the request is allowed on the state as it stands; `open_orders` are the account's others."""
    deployment = state.deployment
    row = deployment.book.row_of(account)
    held = {} if row == ABSENT else dict(deployment.book.positions(row))
    category = NO_CATEGORY if row == ABSENT else deployment.book.category_of(row)
    moved = balances_after(deployment, protocol, held, request)
    if isinstance(moved, Refusal):
        return WhatIf(moved)
    after = supposing(deployment, protocol, account, held, moved, category)
    found = protocol.health(after, 0)
    health = None if isinstance(found, Refusal) else found
    if isinstance(request, Withdraw | Transfer):
        closed = outflow_refusal(state, protocol, request.market, request.amount)
        if closed is not None:
            return WhatIf(closed, health)
    if not open_orders and not protocol.is_at_risk(after, 0):
        return WhatIf(None, health)
    refusal = _outer_refusal(state, protocol, request, moved)
    if refusal is None:
        refusal = _margin_refusal(protocol, after, health, request, open_orders)
    if refusal is Refusal.INITIAL_MARGIN_MISSING and isinstance(request, PlaceOrder):
        before = protocol.health(supposing(deployment, protocol, account, held, held, category), 0)
        if isinstance(before, Health) and health is not None and _reduces(before, health):
            refusal = None
    return WhatIf(refusal, health)


def _margin_refusal(
    protocol: Protocol,
    after: Deployment,
    health: Health | None,
    request: Request,
    open_orders: Sequence[OpenOrders],
) -> Refusal | None:
    """Return why what the account would be may not be opened, or None."""
    room_value = protocol.opening_room_value(after, 0, open_orders)
    if health is None or isinstance(room_value, Refusal):
        return Refusal.PRICE_MISSING
    if _mixes_isolated(after):
        return Refusal.MARKET_ISOLATED
    to_threshold = protocol.withdraws_to_threshold and isinstance(request, Withdraw | Transfer)
    is_missing = health.is_liquidatable or (room_value < 0 and not to_threshold)
    return Refusal.INITIAL_MARGIN_MISSING if is_missing else None


def _outer_refusal(state: State, protocol: Protocol, request: Request, moved: Mapping[int, Balance]) -> Refusal | None:
    """Return why prices or breakers stop every new risk of this account now, or None."""
    deployment = state.deployment
    refusal = breaker_refusal(state.breakers[request.market], Action.TAKE_DEBT, deployment.at)
    if refusal is not None:
        return refusal
    policy = STRICT_POLICY if protocol.needs_fresh_price else CONTRACT_POLICY
    for slot, balance in moved.items():
        market = deployment.markets[market_of(slot)]
        asset = market.debt_asset if side_of(slot) == DEBT else market.collateral_asset
        if balance and (refusal := price_refusal(policy, state.price_states[asset], Action.TAKE_DEBT)) is not None:
            return refusal
    return None


def _mixes_isolated(after: Deployment) -> bool:
    """Return whether a contract that stands alone would stand beside another."""
    numbers = {market_of(slot) for slot, _ in after.book.positions(0)}
    contracts = [after.markets[number] for number in numbers if after.markets[number].margin_tiers]
    return len(contracts) > 1 and any(contract.is_isolated for contract in contracts)


def _reduces(before: Health, after: Health) -> bool:
    """Return whether the margin does not rise and equity over margin does not fall."""
    equity, margin = _equity_and_margin(before)
    equity_after, margin_after = _equity_and_margin(after)
    return margin_after <= margin and equity_after * margin >= equity * margin_after


def _equity_and_margin(health: Health) -> tuple[Value, Value]:
    return health.collateral_value - health.debt_value, health.collateral_value - health.weighted_collateral_value
