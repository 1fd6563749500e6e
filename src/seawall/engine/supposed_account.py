"""An account as it would be after a request: its balances, and the deployment with them, for reading only."""

from collections.abc import Mapping

import msgspec

from seawall.fixed import mul_div_up
from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import PlaceOrder, Request, TakeDebt, Transfer, Withdraw
from seawall.ledger.supposed_book import SupposedBook
from seawall.protocols.protocol import Protocol
from seawall.units import Balance


def balances_after(
    deployment: Deployment, protocol: Protocol, held: Mapping[int, Balance], request: Request
) -> dict[int, Balance] | Refusal:
    """Return the account's balances after the request, or why they cannot be."""
    if not 0 <= request.market < len(deployment.markets):
        return Refusal.MARKET_UNKNOWN
    is_order = isinstance(request, PlaceOrder)
    if is_order != bool(deployment.markets[request.market].margin_tiers):
        return Refusal.MARKET_UNKNOWN
    if request.amount == 0 or (request.amount < 0 and not is_order):
        return Refusal.ZERO_AMOUNT
    match request:
        case PlaceOrder():
            moved = _filled(deployment, protocol, held, request)
        case TakeDebt():
            slot = slot_of(request.market, DEBT)
            balance = held.get(slot, 0) + protocol.balance_of(deployment, slot, request.amount)
            moved = {**held, slot: balance}
        case Withdraw() | Transfer():
            moved = _withdrawn(deployment, protocol, held, request)
    if isinstance(moved, dict) and max(moved.values()) > BALANCE_MAX:
        return Refusal.BALANCE_EXCEEDED
    return moved


def _withdrawn(
    deployment: Deployment, protocol: Protocol, held: Mapping[int, Balance], request: Withdraw | Transfer
) -> dict[int, Balance] | Refusal:
    """Return the balances without the amount; the balance that stays is worth no more than the amount that stays."""
    slot = slot_of(request.market, COLLATERAL)
    rest = protocol.amount_of(deployment, slot, held.get(slot, 0)) - request.amount
    if rest < 0:
        return Refusal.BALANCE_EXCEEDED
    return {**held, slot: protocol.balance_of(deployment, slot, rest)}


def _filled(
    deployment: Deployment, protocol: Protocol, held: Mapping[int, Balance], order: PlaceOrder
) -> dict[int, Balance] | Refusal:
    """Return the balances once the order is filled at its price: the contract nets, and the cash pays or gets its worth."""
    if order.price <= 0:
        return Refusal.ZERO_AMOUNT
    market, cash = deployment.markets[order.market], protocol.cash_market_of(deployment)
    cash_price = deployment.prices[deployment.markets[cash].debt_asset]
    if cash_price is None:
        return Refusal.PRICE_MISSING
    long_slot, short_slot = slot_of(order.market, COLLATERAL), slot_of(order.market, DEBT)
    signed = held.get(long_slot, 0) - held.get(short_slot, 0) + order.amount
    worth = order.price - deployment.market_states[order.market].funding_value
    paid = mul_div_up(
        order.amount * worth, deployment.units[deployment.markets[cash].debt_asset],
        deployment.units[market.debt_asset] * cash_price,
    )  # fmt: skip
    held_slot, debt_slot = slot_of(cash, COLLATERAL), slot_of(cash, DEBT)
    has, owes = (protocol.amount_of(deployment, slot, held.get(slot, 0)) for slot in (held_slot, debt_slot))
    rest = has - owes - paid
    return {
        **held,
        long_slot: max(signed, 0),
        short_slot: max(-signed, 0),
        held_slot: protocol.balance_of(deployment, held_slot, max(rest, 0)),
        debt_slot: protocol.balance_of(deployment, debt_slot, max(-rest, 0)),
    }


def supposing(
    deployment: Deployment,
    protocol: Protocol,
    account: bytes,
    held: Mapping[int, Balance],
    moved: Mapping[int, Balance],
    category: int,
) -> Deployment:
    """Return the deployment as it would be, for reading only."""
    totals = deployment.book.balance_totals
    if not protocol.balances_move_indices:
        return deployment.supposing(SupposedBook(account, moved, category, totals))
    totals, states = list(totals), list(deployment.market_states)
    for slot, balance in moved.items():
        change = balance - held.get(slot, 0)
        totals[slot] += change
        if change and side_of(slot) == DEBT:
            state = states[market_of(slot)]
            amount = protocol.amount_of(deployment, slot, change)
            states[market_of(slot)] = msgspec.structs.replace(state, debt_amount=state.debt_amount + amount)
    supposed = deployment.supposing(SupposedBook(account, moved, category, totals))
    supposed.market_states = states
    return supposed
