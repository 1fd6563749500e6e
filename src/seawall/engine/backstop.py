"""Backers come and go, and whoever has a claim takes it: what stands behind a market, beside the book.

An account's bytes carry the market that it stands behind. A change is met or refused as a whole. Capital that a
liquidation spent or that must stay cannot be taken out; gains are kept until they are taken.
"""

from collections.abc import Iterable

from seawall.engine.state import State
from seawall.ledger.account import account_market
from seawall.ledger.backstop_order import DrawBackstop, PayClaims
from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.event import BackstopChanged, ClaimsTaken
from seawall.ledger.order import Order, RefuseEvent
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.stability_pool import commit, take_gain, worth
from seawall.units import Amount


def move_backstop(state: State, protocol: Protocol, event: BackstopChanged | ClaimsTaken) -> list[Order]:
    """Move a backer's capital, or hand out what an account may claim; or nothing changes, and why."""
    refused = _misfit(state, protocol, event.account)
    if refused is not None:
        return [refused]
    if isinstance(event, ClaimsTaken):
        return [_take_claims(state, event.account)]
    return _change_capital(state, protocol, event.account, event.change_amount)


def _change_capital(state: State, protocol: Protocol, account: bytes, change_amount: Amount) -> list[Order]:
    if not change_amount:
        return [RefuseEvent(Refusal.ZERO_AMOUNT, f"change 0 of the capital of {account.hex()}")]
    market = account_market(account)
    backstop = state.deployment.backstops[market]
    held = backstop.commitments.get(account)
    own_amount = worth(backstop, held) if held is not None else 0
    if not -own_amount <= change_amount <= BALANCE_MAX - backstop.amount:
        found = f"capital {own_amount} of {account.hex()} and change {change_amount}"
        return [RefuseEvent(Refusal.BALANCE_EXCEEDED, f"{found}, {backstop.amount} in market {market}")]
    left_amount, kept_amount = backstop.amount + change_amount, protocol.backstop_amount_min(state.deployment, market)
    if change_amount < 0 and left_amount < kept_amount:
        return [RefuseEvent(Refusal.LEAVES_DUST, f"{left_amount} left behind market {market}, {kept_amount} must stay")]
    commit(backstop, account, change_amount)
    return []


def _take_claims(state: State, account: bytes) -> Order:
    """Pay an account its gains as a backer and its surplus as a borrower; or refuse, where there is neither."""
    market = account_market(account)
    gain_amount = take_gain(state.deployment.backstops[market], account)
    surplus_amount = state.deployment.surplus_amounts.pop(account, 0)
    if not gain_amount and not surplus_amount:
        return RefuseEvent(Refusal.ZERO_AMOUNT, f"account {account.hex()} has no claim")
    return PayClaims(account, market, gain_amount, surplus_amount)


def _misfit(state: State, protocol: Protocol, account: bytes) -> RefuseEvent | None:
    """Return why nothing can stand behind the market of these bytes, or None."""
    deployment = state.deployment
    width = deployment.book.account_width
    if not protocol.has_backstop:
        return RefuseEvent(Refusal.EVENT_MALFORMED, f"no backstop stands behind the markets of {protocol.label}")
    if len(account) != width:
        return RefuseEvent(Refusal.EVENT_MALFORMED, f"account {account.hex()}, {width} bytes wanted")
    market, count = account_market(account), len(deployment.markets)
    if market >= count:
        return RefuseEvent(Refusal.MARKET_UNKNOWN, f"market {market} of {count}, account {account.hex()}")
    return None


def rows_taking_over(state: State, orders: Iterable[Order]) -> set[int]:
    """Return the accounts to which these orders moved debt and collateral of others."""
    deployment = state.deployment
    return {
        deployment.book.row_of(account)
        for order in orders
        if isinstance(order, DrawBackstop) and order.redistributed_debt_amount
        for account in deployment.redistributions[order.debt_market].stakes
    }
