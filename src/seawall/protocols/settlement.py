"""What protocols' settlements share: choosing a pair, taking a quote's balances, moving cash, writing debts down.

Taking does not round: a `Quote` already holds the stored units that leave the account.
"""

from collections.abc import Iterable

from seawall.fixed import RAY, mul_div_down, mul_div_up
from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.protocols.protocol import BadDebt, Protocol, Quote
from seawall.protocols.seawall_liquidation import Position
from seawall.units import Amount, Value


def market_of_most_value(values: Iterable[tuple[int, Value]]) -> int:
    """Return the market whose (market, value) is the largest; among equals the one of the lowest number."""
    return max(values, key=lambda entry: (entry[1], -entry[0]))[0]


def take_positions(deployment: Deployment, quote: Quote) -> None:
    """Take the quote's debt and collateral balances off the account and book the protocol's fee."""
    book, row = deployment.book, quote.row
    is_owed = book.move_balance(row, slot_of(quote.debt_market, DEBT), -quote.debt_balance)
    is_held = book.move_balance(row, slot_of(quote.collateral_market, COLLATERAL), -quote.collateral_balance)
    assert is_owed, quote
    assert is_held, quote
    deployment.market_states[quote.collateral_market].fee_amount += quote.fee_amount


def move_cash(protocol: Protocol, deployment: Deployment, row: int, market: int, moved_amount: Amount) -> None:
    """Give an account cash, or take it where the amount is negative: first off what it owes or holds, the rest to the other side."""
    book = deployment.book
    sides = (DEBT, COLLATERAL) if moved_amount > 0 else (COLLATERAL, DEBT)
    first, last = (slot_of(market, side) for side in sides)
    moved = abs(moved_amount)
    before = protocol.amount_of(deployment, first, book.balance(row, first))
    book.set_balance(row, first, protocol.balance_of(deployment, first, max(0, before - moved)))
    if moved > before:
        after = protocol.amount_of(deployment, last, book.balance(row, last)) + moved - before
        book.set_balance(row, last, protocol.balance_of(deployment, last, after))


def has_room_for_cash(protocol: Protocol, deployment: Deployment, row: int, market: int, moved_amount: Amount) -> bool:
    """Return whether what an account would hold or owe of cash is a balance, even if nothing of it meets what stands opposite."""
    grown = slot_of(market, COLLATERAL if moved_amount > 0 else DEBT)
    after = protocol.amount_of(deployment, grown, deployment.book.balance(row, grown)) + abs(moved_amount)
    return protocol.balance_of(deployment, grown, after) <= BALANCE_MAX


def write_down(deployment: Deployment, row: int, debt: Position, kept_value: Value, debt_value: Value) -> BadDebt:
    """Leave the debt's part of `kept_value`, rounded down so that a unit worth more than it does not stay for ever."""
    kept_amount = mul_div_down(debt.amount, kept_value, debt_value)
    balance = min(debt.balance, mul_div_up(kept_amount, RAY, debt.interest_index))
    bad_amount = debt.amount - mul_div_up(balance, debt.interest_index, RAY)
    deployment.book.set_balance(row, slot_of(debt.market, DEBT), balance)
    deployment.market_states[debt.market].bad_debt_amount += bad_amount
    return BadDebt(debt.market, bad_amount)
