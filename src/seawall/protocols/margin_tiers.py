"""Maintenance margin in tiers, as exchanges document it: continuous, and so the largest of a few lines.

    margin(N) = max over tiers of N * m_t - d_t        d_t = d_(t-1) + floor_t * (m_t - m_(t-1)),  d_0 = 0

N is the notional value. As the ratios rise, the largest line at N is the one of the tier in which N lies; two lines meet
at a floor, to the unit that a deduction is rounded down by. An account's margin is then the least of a few lines.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.market import MarginTier
from seawall.units import Amount, Balance, Price, Ratio, Value


class TierLine(NamedTuple):
    """A tier as a line: its floor, its slope and its deduction, WAD."""

    floor_value: Value
    maintenance_ratio: Ratio
    deduction_value: Value


def check_tiers(tiers: Sequence[MarginTier], place: str) -> None:
    """Raise ConfigError where tiers do not begin at zero, or floors or ratios do not rise, or a ratio is not below one."""
    if tiers[0].floor_value:
        raise ConfigError(f"first margin tier begins at {tiers[0].floor_value}, not at 0, {place}")
    for tier, following in pairwise(tiers):
        if following.floor_value <= tier.floor_value:
            raise ConfigError(f"margin tier {following.floor_value} does not rise above {tier.floor_value}, {place}")
        if following.maintenance_ratio <= tier.maintenance_ratio:
            raise ConfigError(
                f"margin ratio {following.maintenance_ratio} does not rise above {tier.maintenance_ratio}, {place}"
            )
    if not tiers[0].maintenance_ratio > 0 or tiers[-1].maintenance_ratio >= WAD:
        raise ConfigError(
            f"margin ratios {tiers[0].maintenance_ratio} to {tiers[-1].maintenance_ratio} leave 0 .. {WAD}, {place}"
        )


@cache
def tier_lines(tiers: tuple[MarginTier, ...]) -> tuple[TierLine, ...]:
    """Return the tiers as lines."""
    lines: list[TierLine] = []
    for tier in tiers:
        deduction = 0
        if lines:
            rise = tier.maintenance_ratio - lines[-1].maintenance_ratio
            deduction = lines[-1].deduction_value + mul_div_down(tier.floor_value, rise, WAD)
        lines.append(TierLine(tier.floor_value, tier.maintenance_ratio, deduction))
    return tuple(lines)


def maintenance_margin_value(notional_value: Value, lines: Sequence[TierLine]) -> Value:
    """Return the margin that a position must have, rounded up."""
    return max(mul_div_up(notional_value, line.maintenance_ratio, WAD) - line.deduction_value for line in lines)


def tier_edges(lines: Sequence[TierLine], balance: Balance, unit: Amount) -> list[Price]:
    """Return, for each tier but the first, the least price at which a position's notional value reaches its floor."""
    return [div_up(line.floor_value * unit, balance) for line in lines[1:]]
