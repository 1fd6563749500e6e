"""Auto-deleveraging as a record: a loss, the winners who could pay for it, and what each of them paid.

The record is all that anyone needs to decide the same again, or to check that it was decided right. A winner's maintenance
margin is given as a function of the size q of the one position that may be cut, everything else of the account still:
    margin(q) = max over lines of rest + q * slope / unit
Tiers of a position are such lines, so are the scenarios of a portfolio margin: a slope is negative where the position hedges
the rest of the account. Sides are those of `ledger/market.py`: COLLATERAL is long, DEBT is short.
"""

from typing import NamedTuple

import msgspec

from seawall.units import Amount, Price, Value


class MarginLine(NamedTuple):
    """One line of a maintenance margin: what the rest of the account needs on it, and each whole asset of the position."""

    rest_value: Value
    slope_price: Price


class Winner(msgspec.Struct, frozen=True, gc=False):
    """An account with a position opposite to the loser's: its size, entry price, cash, and the whole account's equity."""

    account: bytes
    balance: Amount
    entry_price: Price
    wallet_value: Value
    equity_value: Value
    margin_lines: tuple[MarginLine, ...]


class UncoveredLoss(msgspec.Struct, frozen=True):
    """What an insolvent position leaves unpaid: the loss, the position with its side, and the price that it is closed at.

    `deleveraging_price` is the bankruptcy price, or whatever a venue closes at; `unit` is the base units of a whole asset.
    """

    side: int
    balance: Amount
    unit: Amount
    mark_price: Price
    deleveraging_price: Price
    loss_value: Value


class Cut(msgspec.Struct, frozen=True, gc=False):
    """How much of a winner's position was closed, and what it paid by that, against the mark price."""

    account: bytes
    closed_amount: Amount
    paid_value: Value


class Deleveraging(msgspec.Struct, frozen=True):
    """One deleveraging, decided: the rule, what it was given, whom it cut in order, and the loss that is left."""

    rule: str
    loss: UncoveredLoss
    winners: tuple[Winner, ...]
    cuts: tuple[Cut, ...]
    remainder_value: Value
    schema: int = 1
