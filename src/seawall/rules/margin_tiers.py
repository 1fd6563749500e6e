"""Margin in tiers, as exchanges document it: continuous, and so the largest of a few lines.

    margin(N) = max over tiers of N * m_t - d_t        d_t = d_(t-1) + floor_t * (m_t - m_(t-1)),  d_0 = 0

N is the notional value, m_t a tier's maintenance ratio, or its initial one for the margin of opening. As the ratios rise,
the largest line at N is the one of the tier in which N lies; two lines meet at a floor, to the unit that a deduction is
rounded down by. An account's margin is then the least of a few lines: it is liquidatable where any of them is below zero, so
its liquidation price is, for a long, the highest of the lines' prices, for a short the lowest: that of the tier in which it falls.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, div_up, mul_div_down, mul_div_up
from seawall.ledger.market import MarginTier
from seawall.units import Amount, Balance, Price, Ratio, Value


class TierLine(NamedTuple):
    """A tier as a line: its floor, its slope and its deduction, WAD."""

    floor_value: Value
    slope_ratio: Ratio
    deduction_value: Value


def check_tiers(tiers: Sequence[MarginTier], place: str) -> None:
    """Raise ConfigError where tiers do not begin at zero, floors or ratios do not rise, or a ratio is not one of its kind.

    Maintenance ratios rise between zero and one; initial ones, where there are any, do not fall, nor below those.
    """
    if tiers[0].floor_value:
        raise ConfigError(f"first margin tier begins at {tiers[0].floor_value}, not at 0, {place}")
    for tier, following in pairwise(tiers):
        if following.floor_value <= tier.floor_value:
            raise ConfigError(f"margin tier {following.floor_value} does not rise above {tier.floor_value}, {place}")
        if following.maintenance_ratio <= tier.maintenance_ratio:
            raise ConfigError(
                f"margin ratio {following.maintenance_ratio} does not rise above {tier.maintenance_ratio}, {place}"
            )
        if following.initial_ratio < tier.initial_ratio:
            raise ConfigError(f"initial ratio {following.initial_ratio} falls below {tier.initial_ratio}, {place}")
    for tier in tiers:
        if not 0 < tier.maintenance_ratio < WAD:
            raise ConfigError(f"margin ratio {tier.maintenance_ratio} is not between 0 and {WAD}, {place}")
        if tier.initial_ratio and not tier.maintenance_ratio <= tier.initial_ratio <= WAD:
            raise ConfigError(
                f"initial ratio {tier.initial_ratio} is not between {tier.maintenance_ratio} and {WAD}, {place}"
            )


@cache
def tier_lines(tiers: tuple[MarginTier, ...]) -> tuple[TierLine, ...]:
    """Return the lines of the maintenance margin."""
    return _lines([(tier.floor_value, tier.maintenance_ratio) for tier in tiers])


@cache
def initial_lines(tiers: tuple[MarginTier, ...]) -> tuple[TierLine, ...]:
    """Return the lines of the initial margin, which is the maintenance margin where a tier names no other."""
    return _lines([(tier.floor_value, tier.initial_ratio or tier.maintenance_ratio) for tier in tiers])


def _lines(slopes: Sequence[tuple[Value, Ratio]]) -> tuple[TierLine, ...]:
    lines: list[TierLine] = []
    for floor_value, ratio in slopes:
        deduction = 0
        if lines:
            rise = ratio - lines[-1].slope_ratio
            deduction = lines[-1].deduction_value + mul_div_down(floor_value, rise, WAD)
        lines.append(TierLine(floor_value, ratio, deduction))
    return tuple(lines)


def tiered_margin_value(notional_value: Value, lines: Sequence[TierLine]) -> Value:
    """Return the margin that a position must have, rounded up."""
    return max(mul_div_up(notional_value, line.slope_ratio, WAD) - line.deduction_value for line in lines)


def tier_edges(lines: Sequence[TierLine], balance: Balance, unit: Amount) -> list[Price]:
    """Return, for each tier but the first, the least price at which a position's notional value reaches its floor."""
    return [div_up(line.floor_value * unit, balance) for line in lines[1:]]


def tiered_liquidation_price(
    balance: Balance,
    unit: Amount,
    is_short: bool,
    lines: Sequence[TierLine],
    other_equity_value: Value,
    other_margin_value: Value,
) -> Price | None:
    """Return the price of one contract at which its account becomes liquidatable, everything else still.

    The highest for a long, the lowest for a short; None where no positive price does it. `other_equity_value` is the equity
    without this position's balance * price, hence with its entry in the cash. Linear: a protocol's roundings are its own.
    """
    missing_value = other_margin_value - other_equity_value
    if is_short:
        limits = [
            div_down((-missing_value + line.deduction_value) * unit * WAD, balance * (WAD + line.slope_ratio))
            for line in lines
        ]
        return max(1, min(limits) + 1)
    limits = [
        div_up((missing_value - line.deduction_value) * unit * WAD, balance * (WAD - line.slope_ratio))
        for line in lines
    ]
    price = max(limits) - 1
    return price if price > 0 else None
