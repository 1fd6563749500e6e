"""What a market keeps beside its accounts where a stability pool stands behind it: who committed capital, and who shares.

`Backstop` is capital that pays the debt of liquidated accounts and takes their collateral; a `Commitment` is one backer's
part of it. `Redistribution` is what spreads the rest over the other accounts; a `Stake` is one account's part of that. Each
part remembers the running sums as it last saw them, so that one event moves everybody's without touching anybody's.
"""

from typing import Final

import msgspec

from seawall.units import Amount

PRODUCT_ONE: Final = 10**36
"""The product of a pool that has paid nothing yet."""


class Commitment(msgspec.Struct, frozen=True, gc=False):
    """One backer's capital when it last changed, and the pool's product, sum and scale as they were then.

    `kept_amount` is collateral gained before that and not yet taken.
    """

    amount: Amount
    product: int
    gain_sum: int
    scale: int
    kept_amount: Amount = 0


class Backstop(msgspec.Struct):
    """Capital that stands behind a market; see `rules/stability_pool.py`.

    `amount` is in the debt asset, `collateral_amount` what was received for capital and not yet taken. `gain_sums` is
    the running sum of each scale that has one.
    """

    product: int = PRODUCT_ONE
    amount: Amount = 0
    collateral_amount: Amount = 0
    scale: int = 0
    gain_sums: dict[int, int] = {}
    commitments: dict[bytes, Commitment] = {}


class Stake(msgspec.Struct, frozen=True, gc=False):
    """One account's part: its collateral and debt when it last changed, and both sums as they were then."""

    stake: int
    collateral_amount: Amount
    debt_amount: Amount
    collateral_sum: int
    debt_sum: int


class Redistribution(msgspec.Struct):
    """How a market spreads debt and collateral over its accounts; see `rules/redistribution.py`.

    `collateral_amount` and `debt_amount` are all that is in the market: what its accounts hold and owe, and the units
    that a redistribution could not assign. `staked_total` and `staked_collateral_amount` are the stakes and the collateral
    as the last liquidation left them; `*_carry` is what the last division left over.
    """

    collateral_amount: Amount = 0
    debt_amount: Amount = 0
    stake_total: int = 0
    staked_total: int = 0
    staked_collateral_amount: Amount = 0
    collateral_sum: int = 0
    debt_sum: int = 0
    collateral_carry: int = 0
    debt_carry: int = 0
    stakes: dict[bytes, Stake] = {}
