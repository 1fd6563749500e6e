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
    debt_slot = slot_of(quote.debt_market, DEBT)
    collateral_slot = slot_of(quote.collateral_market, COLLATERAL)
    book.set_balance(row, debt_slot, book.balance(row, debt_slot) - quote.debt_balance)
    book.set_balance(row, collateral_slot, book.balance(row, collateral_slot) - quote.collateral_balance)
    deployment.market_states[quote.collateral_market].fee_amount += quote.fee_amount
