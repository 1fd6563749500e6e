"""Aave v3's versions as data: where each rounds, and the two rules that came with 3.3 and 3.7.

Each field of rounding is a function (left, right, divisor) of `fixed`. One code path, in `aave_v3.py` and
`aave_v3_liquidation.py`, reads them. Sources: the contracts' WadRayMath, PercentageMath, GenericLogic and
LiquidationLogic of each version.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from seawall.fixed import BPS, WAD, div_down, mul_div_down, mul_div_half_up, mul_div_up
from seawall.protocols.exact_term import Rounded
from seawall.protocols.protocol import Proof
from seawall.rules.accrual import binomial_growth, taylor_growth


def averaged_line(weighted_sum: int, collateral_e8: int, debt_e8: int) -> tuple[int, int]:
    """Return (weighted collateral in e8 * bps, health factor) by way of the average threshold in whole bps.

    The average is rounded down first, so the collateral may count for up to 1 bp of its value less.
    """
    average_bps = div_down(weighted_sum, collateral_e8) if collateral_e8 else 0
    weighted_e8 = mul_div_half_up(collateral_e8, average_bps, BPS)
    return weighted_e8 * BPS, mul_div_half_up(weighted_e8, WAD, debt_e8)


def summed_line(weighted_sum: int, collateral_e8: int, debt_e8: int) -> tuple[int, int]:  # noqa: ARG001 - as above
    """Return (weighted collateral in e8 * bps, health factor) straight from the sum of value * threshold."""
    return weighted_sum, div_down(mul_div_half_up(weighted_sum, WAD, debt_e8), BPS)


class AaveV3Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    `*_amount` turns balances into amounts, `*_balance_added` and `*_balance_removed` amounts into balances.
    `counts_zero_threshold`: collateral without a threshold is part of all collateral and can be seized.
    `closes_small`: half of ALL debt (not of one debt), small positions whole, no dust left, lost debt written off.
    `tests_consumed_balance`: nothing is left by what the burns consume, not by what the seizure is worth.
    """

    version: str
    proof: Proof
    collateral_amount: Rounded = mul_div_half_up
    collateral_balance_added: Rounded = mul_div_half_up
    collateral_balance_removed: Rounded = mul_div_half_up
    debt_amount: Rounded = mul_div_half_up
    debt_balance_added: Rounded = mul_div_half_up
    debt_balance_removed: Rounded = mul_div_half_up
    debt_value: Rounded = mul_div_down
    line: Callable[[int, int, int], tuple[int, int]] = averaged_line
    seize_amount: Rounded = mul_div_half_up
    capped_repay_amount: Rounded = mul_div_half_up
    amount_without_bonus: Rounded = mul_div_half_up
    fee_amount: Rounded = mul_div_half_up
    debt_growth: Callable[[int, int], int] = binomial_growth
    counts_zero_threshold: bool = False
    closes_small: bool = True
    tests_consumed_balance: bool = False


_V3_0: Final = AaveV3Version(version="3.0", proof=Proof.DOCUMENTS, closes_small=False)
_V3_3: Final = AaveV3Version(version="3.3", proof=Proof.SOURCE_VECTORS)
_V3_6: Final = AaveV3Version(
    version="3.6",
    proof=Proof.SOURCE_VECTORS,
    collateral_amount=mul_div_down,
    collateral_balance_added=mul_div_down,
    collateral_balance_removed=mul_div_up,
    debt_amount=mul_div_up,
    debt_balance_added=mul_div_up,
    debt_balance_removed=mul_div_down,
    debt_value=mul_div_up,
    line=summed_line,
    capped_repay_amount=mul_div_up,
    debt_growth=taylor_growth,
    counts_zero_threshold=True,
)
_V3_7: Final = msgspec.structs.replace(
    _V3_6,
    version="3.7",
    seize_amount=mul_div_down,
    amount_without_bonus=mul_div_down,
    fee_amount=mul_div_up,
    tests_consumed_balance=True,
)

AAVE_V3_VERSIONS: Final = (_V3_0, _V3_3, _V3_6, _V3_7)
"""The versions, oldest first."""
