"""Orders of what stands behind markets: who pays in a keeper's stead, and claims that are handed out."""

import msgspec

from seawall.units import Amount


class DrawBackstop(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Pay for a fill: the backstop `offset_amount` for `gain_amount`, others by stakes; the borrower may claim the surplus."""

    order_id: int
    fill_id: int
    account: bytes
    debt_market: int
    collateral_market: int
    offset_amount: Amount
    gain_amount: Amount
    redistributed_debt_amount: Amount
    redistributed_collateral_amount: Amount
    surplus_amount: Amount


class PayClaims(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Hand out an account's gains as a backer and its surplus as a borrower, in the market's collateral."""

    account: bytes
    collateral_market: int
    gain_amount: Amount
    surplus_amount: Amount
