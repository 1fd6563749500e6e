"""What every protocol's settlement shares: choosing a pair, taking a quote's balances, writing off debts.

Nothing here rounds: a `Quote` already holds the stored units that leave the account.
"""

from collections.abc import Iterable

from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.protocols.protocol import Quote
from seawall.units import Value


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
