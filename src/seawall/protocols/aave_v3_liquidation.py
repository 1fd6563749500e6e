"""Aave v3's arithmetic on plain integers: an account's line, and the amounts of one liquidation.

    value = amount * price / unit, in e8          health factor = sum of value * threshold / debt
    base = price_d * cover * unit_c / (price_c * unit_d), one division;   taken = base * bonus
    where taken > held: taken = held, repay = price_c * held * unit_d / (price_d * unit_c) / bonus
    fee = (taken - taken / bonus) * fee rate, out of what is taken
`bonus` is in basis points with the principal in it: 10500 for 5 %. Every rounding is the version's own.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from seawall.fixed import BPS, RAY, WAD, div_down, mul_div_down, mul_div_half_up, mul_div_up
from seawall.protocols.aave_v3_rounding import AaveV3Version
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.units import Amount, Balance, Index, Ratio

_CLOSE_FACTOR_BPS: Final = 5_000
FULL_CLOSE_HEALTH: Final = 95 * 10**16
FULL_CLOSE_VALUE_E8: Final = 2_000 * 10**8
LEFTOVER_VALUE_E8: Final = 1_000 * 10**8


class AccountData(msgspec.Struct, frozen=True, gc=False):
    """An account as the contract sums it up; `weighted_e8_bps` is collateral value times threshold."""

    collateral_e8: int
    weighted_e8_bps: int
    debt_e8: int
    health_factor: Ratio

    @property
    def is_liquidatable(self) -> bool:
        """Whether the health factor is below one."""
        return self.health_factor < WAD


def account_data(
    version: AaveV3Version,
    collaterals: Iterable[tuple[Balance, Index, int, Amount, int]],
    debts: Iterable[tuple[Balance, Index, int, Amount]],
) -> AccountData:
    """Sum up an account: collaterals as (balance, index, price e8, unit, threshold bps), debts without threshold."""
    collateral_amount, debt_amount, debt_value = version.collateral_amount, version.debt_amount, version.debt_value
    counts_zero_threshold = version.counts_zero_threshold
    collateral_e8 = weighted_sum = debt_e8 = 0
    for balance, index, price_e8, unit, threshold_bps in collaterals:
        if threshold_bps or counts_zero_threshold:
            value_e8 = mul_div_down(collateral_amount(balance, index, RAY), price_e8, unit)
            collateral_e8 += value_e8
            weighted_sum += value_e8 * threshold_bps
    for balance, index, price_e8, unit in debts:
        debt_e8 += debt_value(debt_amount(balance, index, RAY), price_e8, unit)
    if not debt_e8:
        return AccountData(collateral_e8, weighted_sum, 0, HEALTH_FACTOR_MAX)
    weighted_e8_bps, health_factor = version.line(weighted_sum, collateral_e8, debt_e8)
    return AccountData(collateral_e8, weighted_e8_bps, debt_e8, health_factor)


class Pair(msgspec.Struct, frozen=True, gc=False):
    """One debt and one collateral of an account: what is owed and held, prices, units, bonus and fee."""

    debt_amount: Amount
    debt_price_e8: int
    debt_unit: Amount
    collateral_amount: Amount
    collateral_price_e8: int
    collateral_unit: Amount
    bonus_bps: int
    fee_bps: int


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """What a liquidation moves; `taken_amount` leaves the account, the fee is part of it."""

    repay_amount: Amount
    taken_amount: Amount
    fee_amount: Amount


def repay_amount_max(version: AaveV3Version, pair: Pair, data: AccountData) -> Amount:
    """Return the largest repayment that the close factor allows, the collateral aside."""
    above = data.health_factor > FULL_CLOSE_HEALTH
    if not version.closes_small:
        return mul_div_half_up(pair.debt_amount, _CLOSE_FACTOR_BPS, BPS) if above else pair.debt_amount
    debt_e8 = version.debt_value(pair.debt_amount, pair.debt_price_e8, pair.debt_unit)
    collateral_e8 = mul_div_down(pair.collateral_amount, pair.collateral_price_e8, pair.collateral_unit)
    if not above or min(debt_e8, collateral_e8) < FULL_CLOSE_VALUE_E8:
        return pair.debt_amount
    half_e8 = mul_div_half_up(data.debt_e8, _CLOSE_FACTOR_BPS, BPS)
    return mul_div_down(half_e8, pair.debt_unit, pair.debt_price_e8) if debt_e8 > half_e8 else pair.debt_amount


def amounts(version: AaveV3Version, pair: Pair, cover_amount: Amount) -> Amounts:
    """Return what covering `cover_amount` of the debt moves; the repayment is less where the collateral runs out."""
    debt_scale = pair.debt_price_e8 * pair.collateral_unit
    collateral_scale = pair.collateral_price_e8 * pair.debt_unit
    repay_amount = cover_amount
    base_amount = mul_div_down(debt_scale, cover_amount, collateral_scale)
    taken_amount = version.seize_amount(base_amount, pair.bonus_bps, BPS)
    if taken_amount > pair.collateral_amount:
        taken_amount = pair.collateral_amount
        worth_amount = mul_div_down(collateral_scale, taken_amount, debt_scale)
        repay_amount = version.capped_repay_amount(worth_amount, BPS, pair.bonus_bps)
    bonus_amount = taken_amount - version.amount_without_bonus(taken_amount, BPS, pair.bonus_bps)
    return Amounts(repay_amount, taken_amount, version.fee_amount(bonus_amount, pair.fee_bps, BPS))


def cover_amount_for_all(version: AaveV3Version, pair: Pair) -> Amount:
    """Return the least offer that takes all of the collateral; the repayment may be a few units less than it."""
    base_amount = max(0, mul_div_down(pair.collateral_amount, BPS, pair.bonus_bps) - 1)
    while version.seize_amount(base_amount, pair.bonus_bps, BPS) < pair.collateral_amount:
        base_amount += 1
    return mul_div_up(base_amount, pair.collateral_price_e8 * pair.debt_unit, pair.debt_price_e8 * pair.collateral_unit)


def leaves_dust(version: AaveV3Version, pair: Pair, moved: Amounts) -> bool:
    """Return whether both sides keep something and one of them less than the contract lets stay."""
    debt_left = pair.debt_amount - moved.repay_amount
    collateral_left = pair.collateral_amount - moved.taken_amount
    if not version.closes_small or debt_left <= 0 or collateral_left <= 0:
        return False
    return (
        version.debt_value(debt_left, pair.debt_price_e8, pair.debt_unit) < LEFTOVER_VALUE_E8
        or mul_div_down(collateral_left, pair.collateral_price_e8, pair.collateral_unit) < LEFTOVER_VALUE_E8
    )


def repay_amount_above_dust(version: AaveV3Version, pair: Pair) -> Amount:
    """Return the largest repayment that leaves enough of both sides; not positive where there is none.

    Each bound is the inverse of a rounded product: the one for the other rounding is tried first, then the safe one.
    """
    debt_left = mul_div_down(LEFTOVER_VALUE_E8 - 1, pair.debt_unit, pair.debt_price_e8) + 1
    if version.debt_value(debt_left, pair.debt_price_e8, pair.debt_unit) < LEFTOVER_VALUE_E8:
        debt_left = mul_div_up(LEFTOVER_VALUE_E8, pair.debt_unit, pair.debt_price_e8)
    collateral_left = mul_div_up(LEFTOVER_VALUE_E8, pair.collateral_unit, pair.collateral_price_e8)
    taken_amount = pair.collateral_amount - collateral_left
    base_amount = mul_div_down(taken_amount + 1, BPS, pair.bonus_bps)
    while version.seize_amount(base_amount, pair.bonus_bps, BPS) > taken_amount:
        base_amount -= 1
    debt_scale = pair.debt_price_e8 * pair.collateral_unit
    collateral_scale = pair.collateral_price_e8 * pair.debt_unit
    return min(
        pair.debt_amount - debt_left,
        div_down((base_amount + 1) * collateral_scale - 1, debt_scale),
    )
