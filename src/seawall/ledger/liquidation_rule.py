"""What a user can choose of our own rule for loans: when, how much, at what bonus. Records only; ratios WAD, values WAD.

The rule itself is `protocols/seawall` and `protocols/seawall_liquidation`; how a bonus grows, `rules/growing_bonus`.
"""

import msgspec

from seawall.fixed import WAD, mul_div_down, seconds_down
from seawall.units import Milliseconds, Ratio, Value


class BonusStep(msgspec.Struct, frozen=True):
    """Below `health_factor_ratio` the bonus is at least `bonus_ratio`; both WAD."""

    health_factor_ratio: Ratio
    bonus_ratio: Ratio


class GrowingBonus(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a bonus grows: steps by health, highest health first, and what every second below the line adds, WAD, up to a cap.

    Between two events the clock runs for at most `gap_ms_max`: in an outage nobody waits for a bonus.
    """

    steps: tuple[BonusStep, ...]
    ratio_per_second: Ratio = 0
    time_ratio_max: Ratio = 0
    gap_ms_max: Milliseconds = 60_000

    def time_ratio(self, waited_ms: Milliseconds) -> Ratio:
        """Return what time has added, whole seconds counted."""
        return min(self.ratio_per_second * seconds_down(waited_ms), self.time_ratio_max)


class LiquidationRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When an account may be liquidated, how much of it, and for which bonus.

    It may be while its weighted collateral over its debt is below `line_ratio`. One liquidation repays what reaches
    `target_health_ratio` (0: there is no target), at most `close_factor_ratio` of a debt, and whole what would be left
    below `dust_value`. The bonus is the market's, or `growing_bonus`, capped below the toxic bound;
    `bonus_share_ratio_min` is the share of it that a keeper always gets, all of it where it is fixed.
    """

    target_health_ratio: Ratio
    dust_value: Value
    bonus_share_ratio_min: Ratio
    close_factor_ratio: Ratio = WAD
    line_ratio: Ratio = WAD
    growing_bonus: GrowingBonus | None = None

    def bonus_ratio_min(self, liquidation_bonus_ratio: Ratio) -> Ratio:
        """Return the bonus that a keeper gets at least in a market, rounded down."""
        growing = self.growing_bonus
        base_ratio = liquidation_bonus_ratio if growing is None else growing.steps[0].bonus_ratio
        return mul_div_down(base_ratio, self.bonus_share_ratio_min, WAD)
