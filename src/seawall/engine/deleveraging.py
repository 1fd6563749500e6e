"""Deleveraging at work: accounts without equity are closed against winners, while the fund is drawn down or cannot pay.

The fund are the buffers that pay before winners do. While its drawdown has the switch on, winners pay all that an account lacks;
elsewhere what the waterfall before them cannot pay, the worst account first, beside what it keeps for those before. What winners
do not pay either stays lacking, until the account is written off and the waterfall goes on to who comes after them. So winners
pay no unit that is not lacking, and none twice.
"""

from typing import NamedTuple

from seawall.engine.losses import enter_deleveraged, fund_names, left_amount, winners_are_payers, winners_room
from seawall.engine.mark_value import known_price
from seawall.engine.permission import liquidation_refusal
from seawall.engine.state import State
from seawall.errors import ConfigError
from seawall.fixed import mul_div_down
from seawall.ledger.deleveraging import AutoDeleverage, Winner
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.auto_deleveraging import RULES, deleveraging_by
from seawall.rules.deleveraging_switch import FundObservation, check_switch, switch_after
from seawall.units import Amount


class Lacking(NamedTuple):
    """An account with contracts that lacks cash: how much, its bytes and its row."""

    amount: Amount
    account: bytes
    row: int


def check_deleveraging(state: State) -> None:
    """Raise ConfigError where winners pay by a rule that is not known, or by a switch that cannot be."""
    if state.deleveraging is None:
        return
    policy = state.deleveraging.policy
    check_switch(policy)
    if policy.rule not in RULES:
        raise ConfigError(f"deleveraging rule {policy.rule!r} is not one of {', '.join(RULES)}")


def auto_deleverage(state: State, protocol: Protocol) -> list[AutoDeleverage]:
    """Close accounts without equity against winners, as far as winners are to pay for them now."""
    kept = state.deleveraging
    if kept is None or state.deployment.prices[_cash_asset(state, protocol)] is None:
        return []
    cash = protocol.cash_market_of(state.deployment)
    if not winners_are_payers(state, cash):
        return []
    kept.switch = switch_after(kept.switch, _fund(state, protocol), kept.policy)
    orders: list[AutoDeleverage] = []
    waiting_amount = 0
    for lacking in _worst_first(state, protocol):
        after_amount = waiting_amount + lacking.amount
        wanted_amount = lacking.amount
        if not kept.switch.is_on:
            wanted_amount = left_amount(state, cash, after_amount) - left_amount(state, cash, waiting_amount)
        caused = _close(state, protocol, lacking.row, winners_room(state, cash, wanted_amount))
        orders += caused
        waiting_amount = after_amount - sum(order.covered_amount for order in caused)
    return orders


def _cash_asset(state: State, protocol: Protocol) -> int:
    return state.deployment.markets[protocol.cash_market_of(state.deployment)].debt_asset


def _worst_first(state: State, protocol: Protocol) -> list[Lacking]:
    """Return the accounts below the line that lack cash and may be closed; who lacks as much comes by its bytes."""
    deployment = state.deployment
    found = []
    for row in state.episodes:
        amount = protocol.insolvent_amount(deployment, row)
        if amount and liquidation_refusal(state, protocol, row, map(market_of, _contracts(state, row))) is None:
            found.append(Lacking(amount, deployment.book.account_at(row), row))
    return sorted(found, key=lambda lacking: (-lacking.amount, lacking.account))


def _contracts(state: State, row: int) -> list[int]:
    """Return the slots of the account's contracts."""
    markets = state.deployment.markets
    return sorted(slot for slot, _ in state.deployment.book.positions(row) if markets[market_of(slot)].margin_tiers)


def _fund(state: State, protocol: Protocol) -> FundObservation:
    """Return what the fund is now; only cash counts, and gifts are no profit."""
    asset = _cash_asset(state, protocol)
    price, unit = known_price(state, asset), state.deployment.units[asset]
    kept = state.deleveraging
    assert kept is not None
    names = fund_names(state, protocol.cash_market_of(state.deployment))
    held_amount = profit_amount = 0
    for (name, held), opened in zip(state.buffers, state.policy.buffers, strict=True):
        if name in names:
            amount = held.get(asset, 0)
            held_amount += amount
            profit_amount += amount - dict(opened.amounts).get(asset, 0) - kept.given_amounts.get((name, asset), 0)
    return FundObservation(
        state.deployment.at, mul_div_down(held_amount, price, unit), mul_div_down(profit_amount, price, unit)
    )


def _close(state: State, protocol: Protocol, row: int, wanted_amount: Amount) -> list[AutoDeleverage]:
    """Close the account's contracts, one after the other, until winners have paid so much."""
    orders = []
    for slot in _contracts(state, row):
        if wanted_amount <= 0:
            break
        order = _close_contract(state, protocol, row, slot, wanted_amount)
        if order is not None:
            orders.append(order)
            wanted_amount -= order.covered_amount
    return orders


def _close_contract(
    state: State, protocol: Protocol, row: int, slot: int, wanted_amount: Amount
) -> AutoDeleverage | None:
    """Close a contract against winners for at most so much, or None where none of them pays a unit."""
    deployment, kept = state.deployment, state.deleveraging
    assert kept is not None
    book, cash = deployment.book, protocol.cash_market_of(deployment)
    loss = protocol.uncovered_loss(deployment, row, slot, wanted_amount)
    record = deleveraging_by(kept.policy.rule, loss, _winners(state, protocol, row, slot ^ 1))
    asset = _cash_asset(state, protocol)
    if isinstance(record, Refusal):
        return None
    paid_value = sum(cut.paid_value for cut in record.cuts)
    if not mul_div_down(paid_value, deployment.units[asset], known_price(state, asset)):
        return None
    paid_amounts = protocol.settle_deleveraging(deployment, row, slot, record, wanted_amount)
    for cut in record.cuts:
        winner_row = book.row_of(cut.account)
        kept.cut(winner_row, slot ^ 1, book.balance(winner_row, slot ^ 1), cut, loss)
    covered_amount = sum(paid_amounts)
    account, below_since = book.account_at(row), state.episodes[row].since
    return AutoDeleverage(
        account=account,
        market=market_of(slot),
        debt_market=cash,
        closed_amount=sum(cut.closed_amount for cut in record.cuts),
        covered_amount=covered_amount,
        paid_amounts=paid_amounts,
        below_since=below_since,
        entry_number=enter_deleveraged(state, account, below_since, cash, covered_amount),
        record=record,
    )


def _winners(state: State, protocol: Protocol, loser_row: int, slot: int) -> list[Winner]:
    """Return the accounts that have gained with the other side of a contract, whose prices can all be trusted."""
    deployment, kept = state.deployment, state.deleveraging
    assert kept is not None
    mark_price = known_price(state, deployment.markets[market_of(slot)].debt_asset)
    winners = []
    for row, entry_prices in kept.entry_prices.items():
        entry_price = entry_prices.get(slot)
        if not entry_price or row == loser_row or not deployment.book.balance(row, slot):
            continue
        if (entry_price <= mark_price) if side_of(slot) == DEBT else (entry_price >= mark_price):
            continue
        if liquidation_refusal(state, protocol, row, (market_of(slot),)) is not None:
            continue
        winner = protocol.winner(deployment, row, slot, entry_prices)
        if winner is not None:
            winners.append(winner)
    return winners
