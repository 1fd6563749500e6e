"""Growing bonus: more for the keeper the lower the health and the longer the account has waited.

    b(H, t) = b of the lowest step above H  +  min(rate * t, cap of time)        steps fall in health and rise in bonus
    stretch to the edge e of a step   x = (e*D - W) / (e - l(1 + b))
A repay lifts the health from step to step and earns in each what that step gives, so the total is the same however many
pieces it is cut into. Where a step's bonus is at the toxic bound H/l - 1 or above it, the bonus is the largest below the bound;
health then stands still, and all of the repay earns that. The clock t is the caller's: one that stops while prices are unknown or the chain is down gives nobody a bonus for that.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, div_up, mul_div_down, mul_div_up
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus
from seawall.rules.liquidation_bonus import non_toxic_bonus_ratio
from seawall.units import Milliseconds, Ratio, Value


class Stretch(NamedTuple):
    """A part of a repay that earns one bonus: its length, None where it has no end."""

    value: Value | None
    bonus_ratio: Ratio


def check_growing_bonus(bonus: GrowingBonus, place: str) -> None:
    """Raise ConfigError where steps do not fall in health and rise in bonus, or where time has a rate without a cap."""
    if not bonus.steps:
        raise ConfigError(f"a growing bonus has no step, {place}")
    for upper, lower in zip(bonus.steps, bonus.steps[1:], strict=False):
        if lower.health_factor_ratio >= upper.health_factor_ratio:
            raise ConfigError(
                f"step at health {lower.health_factor_ratio} is not below the one before, {upper.health_factor_ratio}, {place}"
            )
        if lower.bonus_ratio <= upper.bonus_ratio:
            raise ConfigError(
                f"bonus {lower.bonus_ratio} of a lower health is not above {upper.bonus_ratio}, that of the one before, {place}"
            )
    if bool(bonus.ratio_per_second) != bool(bonus.time_ratio_max):
        raise ConfigError(
            f"bonus of {bonus.ratio_per_second} a second and a cap of {bonus.time_ratio_max} go together, {place}"
        )


def full_bonus_ratio(
    bonus: GrowingBonus, waited_ms: Milliseconds, weighted_collateral_value: Value, debt_value: Value
) -> Ratio:
    """Return the bonus of the lowest step above the health, and what time has added."""
    lowest = bonus.steps[_step_of(bonus.steps, weighted_collateral_value, debt_value)]
    return lowest.bonus_ratio + bonus.time_ratio(waited_ms)


def bonus_stretches(
    bonus: GrowingBonus,
    waited_ms: Milliseconds,
    weighted_collateral_value: Value,
    debt_value: Value,
    liquidation_threshold_ratio: Ratio,
) -> tuple[Stretch, ...] | None:
    """Return the stretches of a repay from where the account stands; the last has no end.

    None where not even a bonus of zero is below the toxic bound.
    """
    full_ratio = full_bonus_ratio(bonus, waited_ms, weighted_collateral_value, debt_value)
    first_ratio = non_toxic_bonus_ratio(full_ratio, weighted_collateral_value, debt_value, liquidation_threshold_ratio)
    if first_ratio is None:
        return None
    if first_ratio < full_ratio:
        return (Stretch(None, first_ratio),)
    return tuple(_climb(bonus, waited_ms, weighted_collateral_value, debt_value, liquidation_threshold_ratio))


def average_bonus_ratio(stretches: Sequence[Stretch], repay_value: Value) -> Ratio:
    """Return the bonus of a whole repay, the average over its stretches, rounded down: the keeper loses the unit."""
    if repay_value == 0:
        return stretches[0].bonus_ratio
    earned = 0
    left_value = repay_value
    for length, bonus_ratio in stretches:
        taken_value = left_value if length is None else min(left_value, length)
        earned += taken_value * bonus_ratio
        left_value -= taken_value
    return div_down(earned, repay_value)


def target_repay_value(
    stretches: Sequence[Stretch],
    weighted_collateral_value: Value,
    debt_value: Value,
    target_health_ratio: Ratio,
    liquidation_threshold_ratio: Ratio,
) -> Value | None:
    """Return the least repay that reaches a target above every step, rounded up; None where no partial repay does.

    It may exceed the debt or what the collateral can pay.
    """
    weighted_exact, repaid_value = weighted_collateral_value * WAD * WAD, 0
    for length, bonus_ratio in stretches:
        slope = liquidation_threshold_ratio * (WAD + bonus_ratio)
        if length is None:
            missing = target_health_ratio * WAD * (debt_value - repaid_value) - weighted_exact
            gain = target_health_ratio * WAD - slope
            return None if gain <= 0 else repaid_value + max(0, div_up(missing, gain))
        weighted_exact -= slope * length
        repaid_value += length
    raise AssertionError(stretches)


def seizing_repay_value(stretches: Sequence[Stretch], seize_value: Value) -> Value:
    """Return the least repay that seizes collateral of this value, rounded up."""
    repaid_value, left_value = 0, seize_value
    for length, bonus_ratio in stretches:
        if length is None:
            break
        seized_value = mul_div_down(length, WAD + bonus_ratio, WAD)
        if seized_value >= left_value:
            break
        repaid_value += length
        left_value -= seized_value
    return repaid_value + mul_div_up(left_value, WAD, WAD + bonus_ratio)


def _climb(
    bonus: GrowingBonus, waited_ms: Milliseconds, weighted: Value, debt: Value, threshold: Ratio
) -> Iterator[Stretch]:
    """Yield the stretches up through the steps, none of which is at its toxic bound."""
    time_ratio = bonus.time_ratio(waited_ms)
    lowest = _step_of(bonus.steps, weighted, debt)
    weighted_exact = weighted * WAD * WAD
    for nth in range(lowest, 0, -1):
        edge_ratio = bonus.steps[nth].health_factor_ratio
        bonus_ratio = bonus.steps[nth].bonus_ratio + time_ratio
        slope = threshold * (WAD + bonus_ratio)
        length = div_up(edge_ratio * WAD * debt - weighted_exact, edge_ratio * WAD - slope)
        yield Stretch(length, bonus_ratio)
        weighted_exact -= slope * length
        debt -= length
    yield Stretch(None, bonus.steps[0].bonus_ratio + time_ratio)


def _step_of(steps: Sequence[BonusStep], weighted: Value, debt: Value) -> int:
    """Return the lowest step whose health is above W / D; the first where none is."""
    lowest = 0
    for nth, step in enumerate(steps):
        if weighted * WAD < step.health_factor_ratio * debt:
            lowest = nth
    return lowest
