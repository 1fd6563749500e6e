"""The loss ledger: which account lost what in which episode, and who paid each unit of it. Entries are only added.

For each asset, at any time:

    sum of bad debt = sum of payments + sum of what is uncovered
    what a buffer holds = what it opened with + what it was fed - what it paid

An entry with `paid_for` zero is a loss; any other pays what was uncovered of the entry of that number, counted from one.
Bad debt is keyed by account and episode, which is the account and when it fell below the line.
"""

import msgspec

from seawall.ledger.order import Payment
from seawall.units import Amount, Milliseconds, Value


class LossEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loss, or a later payment for one; payments add up to the amount."""

    at: Milliseconds
    account: bytes
    below_since: Milliseconds
    debt_market: int
    amount: Amount
    payments: tuple[Payment, ...]
    paid_for: int = 0


class Draw(msgspec.Struct, frozen=True):
    """What a step of the waterfall paid at a moment, as its budget counts it."""

    at: Milliseconds
    value: Value


class LossLedger(msgspec.Struct):
    """Every loss and who paid it, and what deciding the next payment needs.

    `uncovered_amounts` are, by debt market, what the entries of these numbers leave to pay, oldest first; `draws`, by step of
    the waterfall, its payments within its window; `fed_amounts`, by buffer and asset, what it was given less what its owners
    took out.
    """

    entries: list[LossEntry]
    uncovered_amounts: list[list[tuple[int, Amount]]]
    draws: list[list[Draw]]
    fed_amounts: list[list[Amount]]
