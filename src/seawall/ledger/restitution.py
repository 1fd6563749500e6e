"""What restitution needs to remember: the penalty of each recent settlement, and what rulings have paid.

A penalty is forgotten when it is older than the policy's window, and taken out when a ruling makes a claim of it, so that
none is claimed twice.
"""

import msgspec

from seawall.units import Amount, Milliseconds, Value


class Penalty(msgspec.Struct, frozen=True, array_like=True):
    """What one settlement took from an account beyond what it repaid, WAD, and the assets whose prices decided it."""

    at: Milliseconds
    account: bytes
    debt_asset: int
    collateral_asset: int
    value: Value


class Ruling(msgspec.Struct, frozen=True):
    """A price ruled invalid, what was claimed by it and what was paid; the journal's order has both by account."""

    at: Milliseconds
    asset: int
    from_at: Milliseconds
    until_at: Milliseconds
    fund: str
    paid_asset: int
    claim_value: Value
    paid_amount: Amount
    paid_value: Value


class Restitutions(msgspec.Struct):
    """Penalties of the window, oldest first, and every ruling."""

    penalties: list[Penalty]
    rulings: list[Ruling]
