"""A protocol's largest liquidation as data, one record for each kind of rule that a compiled kernel knows.

Each says what `liquidation_limit` of its protocol computes; the protocol's own Python remains the definition.
"""

from typing import Final, NamedTuple, TypeAlias

from seawall.fixed import mul_div_down, mul_div_half_up, mul_div_up
from seawall.protocols.exact_term import Rounded

ROUNDINGS: Final[dict[Rounded, int]] = {mul_div_down: 0, mul_div_up: 1, mul_div_half_up: 2}
"""How the kernels number the roundings of `fixed`."""


class CloseFactorLimit(NamedTuple):
    """Half of a debt above a health factor, all of it below and where a side is small; the bonus is a market's.

    Half only where W * weighted_factor + D // 2 >= D * half_factor. `bonus_unit` is one in the scale of bonus and fee;
    a bonus has the principal in it. `closes_small`: half of all debt, small sides whole, no rest below `leftover_value`.
    """

    half_factor: int
    bonus_unit: int
    closes_small: bool
    full_close_value: int
    leftover_value: int
    seize_amount: Rounded
    capped_repay_amount: Rounded
    amount_without_bonus: Rounded
    fee_amount: Rounded


class TargetHealthLimit(NamedTuple):
    """The repay that reaches a target health, at a bonus below the toxic bound; WAD."""

    target_health_ratio: int
    dust_value: int


ExactLimit: TypeAlias = CloseFactorLimit | TargetHealthLimit
