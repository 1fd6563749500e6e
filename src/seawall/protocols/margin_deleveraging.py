"""Deleveraging of margin accounts: what an insolvent one lacks, what a winner can give, and how both are closed.

lacks       -E in cash, rounded up                     E the account's equity at the mark prices
price       the bankruptcy price of a contract, among contracts alone: they carry all that is lacking by their margin
winner      its equity less what the roundings of its cash may take; its margin as lines, each no lower than its tiers
moved       cash at the mark price, rounded for the loser, who would owe a unit otherwise, and what the cut pays, rounded
            down: both are the steps of a running sum, so that what winners pay is what the loser gains, to the unit
"""

from collections.abc import Mapping
from typing import Final

from seawall.fixed import WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.deleveraging import Deleveraging, MarginLine, UncoveredLoss, Winner
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, market_of, side_of, slot_of
from seawall.protocols.margin_account import Contract, MarginAccount, cash_market, margin_account
from seawall.protocols.margin_closing import Cash
from seawall.protocols.protocol import Protocol
from seawall.protocols.settlement import move_cash
from seawall.rules.bankruptcy_price import bankruptcy_price
from seawall.units import Amount, Price, Value

_ROUNDINGS: Final = 8
"""More than the units of cash, and of value beside them, by which a cut may leave less than its record says."""


def insolvent_amount(deployment: Deployment, row: int) -> Amount:
    """Return the cash that an account with contracts lacks, rounded up; zero where it has equity or a price is unknown."""
    account, cash = margin_account(deployment, row), _cash(deployment)
    if account is None or cash is None or not account.contracts or account.equity_value >= 0:
        return 0
    return mul_div_up(-account.equity_value, cash.unit, cash.price)


def uncovered_loss(deployment: Deployment, row: int, slot: int, loss_amount: Amount) -> UncoveredLoss:
    """Return the part of a contract that pays so much at its bankruptcy price, of an account whose prices are known."""
    account, cash = margin_account(deployment, row), _cash(deployment)
    assert account is not None, row
    assert cash is not None, row
    contract = _contract(account, slot)
    price = bankruptcy_price(
        contract.price,
        account.equity_value,
        contract.margin_value(contract.balance),
        sum(each.margin_value(each.balance) for each in account.contracts),
        contract.balance,
        contract.unit,
        contract.is_short,
    )
    loss_value = mul_div_up(loss_amount, cash.price, cash.unit)
    balance, cost = contract.balance, contract.price - price if contract.is_short else price - contract.price
    if cost > 0:
        balance = min(balance, mul_div_up(loss_value, contract.unit, cost))
    return UncoveredLoss(side_of(slot), balance, contract.unit, contract.price, price, loss_value)


def winner_of(deployment: Deployment, row: int, slot: int, entry_prices: Mapping[int, Price]) -> Winner | None:
    """Return an account's contract as one that may be closed, or None where a price is unknown; entry prices are by slot."""
    account, cash = margin_account(deployment, row), _cash(deployment)
    if account is None or cash is None:
        return None
    contract = _contract(account, slot)
    profit_value = sum(_profit_value(each, entry_prices) for each in account.contracts)
    rest_value = account.margin_value - contract.margin_value(contract.balance)
    # A line's slope a whole contract is rounded up; the two units are what notional value and margin are rounded up by.
    lines = tuple(
        MarginLine(rest_value - line.deduction_value + 2, mul_div_up(contract.price, line.slope_ratio, WAD))
        for line in contract.lines
    )
    return Winner(
        account=deployment.book.account_at(row),
        balance=contract.balance,
        entry_price=entry_prices[slot],
        wallet_value=account.equity_value - profit_value,
        equity_value=account.equity_value - _ROUNDINGS * (div_up(cash.price, cash.unit) + 1),
        margin_lines=lines,
    )


def settle_deleveraging(
    protocol: Protocol, deployment: Deployment, row: int, slot: int, record: Deleveraging, paid_max: Amount
) -> tuple[Amount, ...]:
    """Close the cuts of a record against the account; return what each pays in cash, at most so much, which the account gains."""
    book, market, cash = deployment.book, market_of(slot), _cash(deployment)
    assert cash is not None, row
    worth = record.loss.mark_price - deployment.market_states[market].funding_value
    loser_is_short = side_of(slot) == DEBT
    rounded = mul_div_down if loser_is_short else mul_div_up
    closed_amount = base_amount = paid_amount = paid_value = 0
    paid_amounts = []
    for cut in record.cuts:
        closed_amount, paid_value = closed_amount + cut.closed_amount, paid_value + cut.paid_value
        base = rounded(rounded(closed_amount, worth, record.loss.unit), cash.unit, cash.price) - base_amount
        paid = min(paid_max, mul_div_down(paid_value, cash.unit, cash.price)) - paid_amount
        base_amount, paid_amount = base_amount + base, paid_amount + paid
        winner_row = book.row_of(cut.account)
        is_taken = book.move_balance(winner_row, slot ^ 1, -cut.closed_amount)
        assert is_taken, cut
        move_cash(protocol, deployment, winner_row, cash.market, (base if loser_is_short else -base) - paid)
        paid_amounts.append(paid)
    is_taken = book.move_balance(row, slot, -closed_amount)
    assert is_taken, record
    move_cash(protocol, deployment, row, cash.market, (-base_amount if loser_is_short else base_amount) + paid_amount)
    return tuple(paid_amounts)


def _cash(deployment: Deployment) -> Cash | None:
    """Return the cash, or None while its price is unknown."""
    number = cash_market(deployment)
    asset = deployment.markets[number].debt_asset
    price = deployment.prices[asset]
    return None if price is None else Cash(number, price, deployment.units[asset])


def _contract(account: MarginAccount, slot: int) -> Contract:
    return next(each for each in account.contracts if slot_of(each.market, int(each.is_short)) == slot)


def _profit_value(contract: Contract, entry_prices: Mapping[int, Price]) -> Value:
    """Return what a contract has gained since its entry, less than zero for a loss, rounded down; nothing without an entry."""
    entry_price = entry_prices.get(slot_of(contract.market, int(contract.is_short)))
    if not entry_price:
        return 0
    gain = entry_price - contract.price if contract.is_short else contract.price - entry_price
    return mul_div_down(contract.balance, gain, contract.unit)
