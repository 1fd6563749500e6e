"""Seawall's liquidation of one pair: the bonus, the largest repay, and the exact exchange.

    bonus    the market's, capped below the toxic bound W / (D*l) - 1, but never less than a share of the market's
    repay    the least that reaches the target health
    dust     a repay that would leave less than the dust limit on either side leaves exactly the limit where the
             account is then above the line, and otherwise takes the whole pair: min(debt, what the collateral repays)
    toxic    where even the least bonus is above the toxic bound, a repay lowers health: only the whole pair, and not
             while there is collateral above dust that is not toxic
The bonus falls with health and never jumps, so no keeper gains by waiting. Capped, it lets a solvent account be closed
without bad debt; the least bonus is what insolvent ones still pay, for without it no keeper would come.
Rounding is against the keeper: seize down, debt left up, collateral left down, fee up; a partial repay so small that
rounding eats the gain in health is refused. All this takes a base unit of every asset to be worth far less than dust.
"""

from typing import NamedTuple

import msgspec

from seawall.fixed import RAY, WAD, div_down, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.order import Refusal
from seawall.rules.liquidation_bonus import (
    bonus_fee_amount_up,
    non_toxic_bonus_ratio,
    repay_amount_up,
    seize_amount_down,
)
from seawall.rules.sizing import leaves_dust, target_health_repay_value
from seawall.units import Amount, Balance, Index, Price, Ratio, Value


class LiquidationRule(msgspec.Struct, frozen=True):
    """What differs between versions.

    `bonus_share_ratio_min` is the share of a market's bonus that a keeper always gets; `dust_value` is WAD in the unit
    of account.
    """

    target_health_ratio: Ratio
    dust_value: Value
    bonus_share_ratio_min: Ratio

    def bonus_ratio_min(self, liquidation_bonus_ratio: Ratio) -> Ratio:
        """Return the bonus that a keeper gets at least, rounded down."""
        return mul_div_down(liquidation_bonus_ratio, self.bonus_share_ratio_min, WAD)


class Position(NamedTuple):
    """One side of one market, as an account holds it."""

    market: int
    balance: Balance
    amount: Amount
    value: Value
    interest_index: Index
    price: Price
    unit: Amount


class Collateral(NamedTuple):
    """A collateral position and the parameters that hold for its account; `bonus_ratio` is what a keeper gets now."""

    position: Position
    liquidation_threshold_ratio: Ratio
    liquidation_fee_ratio: Ratio
    bonus_ratio: Ratio
    is_toxic: bool


class BalanceSheet(NamedTuple):
    """An account's positions with their values; `weighted` is the sum of value * threshold, before its division."""

    collaterals: dict[int, Collateral]
    debts: dict[int, Position]
    weighted: int
    debt_value: Value

    @property
    def weighted_collateral_value(self) -> Value:
        """The weighted collateral, rounded down."""
        return div_down(self.weighted, WAD)


class Exchange(NamedTuple):
    """What a repay takes and leaves, exactly; `seize_amount` contains the fee."""

    repay_amount: Amount
    seize_amount: Amount
    debt_balance: Balance
    collateral_balance: Balance
    debt_left_value: Value
    collateral_left_value: Value
    weighted_left_value: Value
    account_debt_left_value: Value


def balance_sheet(deployment: Deployment, row: int, rule: LiquidationRule) -> BalanceSheet | None:
    """Return the account's balance sheet with the bonus of each collateral, or None where a price is unknown."""
    category = deployment.book.category_of(row)
    debts: dict[int, Position] = {}
    held: list[tuple[Position, Ratio, Ratio, Ratio]] = []
    weighted = debt_value = 0
    for slot, balance in sorted(deployment.book.positions(row)):
        number = slot >> 1
        market, state = deployment.markets[number], deployment.market_states[number]
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return None
        if slot & 1:
            amount = mul_div_up(balance, state.debt_index, RAY)
            value = mul_div_up(amount, price, unit)
            debts[number] = Position(number, balance, amount, value, state.debt_index, price, unit)
            debt_value += value
            continue
        amount = mul_div_down(balance, state.collateral_index, RAY)
        value = mul_div_down(amount, price, unit)
        parameters = market.parameters_in(category)
        weighted += value * parameters.liquidation_threshold_ratio
        position = Position(number, balance, amount, value, state.collateral_index, price, unit)
        held.append(
            (
                position,
                parameters.liquidation_threshold_ratio,
                parameters.liquidation_fee_ratio,
                parameters.liquidation_bonus_ratio,
            )
        )
    weighted_value = div_down(weighted, WAD)
    collaterals = {}
    for position, threshold, fee, full_bonus in held:
        least = rule.bonus_ratio_min(full_bonus)
        bonus = non_toxic_bonus_ratio(full_bonus, weighted_value, debt_value, threshold)
        is_toxic = bonus is None or bonus < least
        collaterals[position.market] = Collateral(
            position, threshold, fee, least if bonus is None or is_toxic else bonus, is_toxic
        )
    return BalanceSheet(collaterals, debts, weighted, debt_value)


def best_pair(sheet: BalanceSheet, rule: LiquidationRule) -> tuple[Position, Collateral]:
    """Return the debt of most value and, of the collaterals that may be seized, the one of most value.

    Equals go to the lower market number. The sheet has a debt and a collateral.
    """
    debt = max(sheet.debts.values(), key=lambda position: (position.value, -position.market))
    eligible = [c for c in sheet.collaterals.values() if not is_barred(sheet, c, rule)]
    collateral = max(eligible, key=lambda c: (c.position.value, -c.position.market))
    return debt, collateral


def is_barred(sheet: BalanceSheet, collateral: Collateral, rule: LiquidationRule) -> bool:
    """Return whether a toxic collateral must wait for one above dust that is not toxic."""
    return collateral.is_toxic and any(
        not other.is_toxic and other.position.value >= rule.dust_value for other in sheet.collaterals.values()
    )


def exchange(sheet: BalanceSheet, debt: Position, collateral: Collateral, repay_amount: Amount) -> Exchange:
    """Return what a repay of at most the whole pair takes and leaves."""
    held, bonus_ratio = collateral.position, collateral.bonus_ratio
    seize_amount = min(
        held.amount, seize_amount_down(repay_amount, debt.price, debt.unit, held.price, held.unit, bonus_ratio)
    )
    if repay_amount == debt.amount:
        debt_balance, debt_left_value = debt.balance, 0
    else:
        debt_balance = mul_div_down(repay_amount, RAY, debt.interest_index)
        left_amount = mul_div_up(debt.balance - debt_balance, debt.interest_index, RAY)
        debt_left_value = mul_div_up(left_amount, debt.price, debt.unit)
    if seize_amount == held.amount:
        collateral_balance, collateral_left_value = held.balance, 0
    else:
        collateral_balance = min(held.balance, mul_div_up(seize_amount, RAY, held.interest_index))
        left_amount = mul_div_down(held.balance - collateral_balance, held.interest_index, RAY)
        collateral_left_value = mul_div_down(left_amount, held.price, held.unit)
    weighted_left = sheet.weighted - (held.value - collateral_left_value) * collateral.liquidation_threshold_ratio
    return Exchange(
        repay_amount=repay_amount,
        seize_amount=seize_amount,
        debt_balance=debt_balance,
        collateral_balance=collateral_balance,
        debt_left_value=debt_left_value,
        collateral_left_value=collateral_left_value,
        weighted_left_value=div_down(weighted_left, WAD),
        account_debt_left_value=sheet.debt_value - debt.value + debt_left_value,
    )


def largest_exchange(sheet: BalanceSheet, debt: Position, collateral: Collateral, rule: LiquidationRule) -> Exchange:
    """Return the largest liquidation of the pair that the rule allows."""
    whole_amount = _whole_repay_amount(debt, collateral)
    whole = exchange(sheet, debt, collateral, whole_amount)
    if collateral.is_toxic:
        return whole
    target_value = target_health_repay_value(
        sheet.weighted_collateral_value,
        sheet.debt_value,
        rule.target_health_ratio,
        collateral.liquidation_threshold_ratio,
        collateral.bonus_ratio,
    )
    if target_value is None:
        return whole
    target_amount = mul_div_up(target_value, debt.unit, debt.price)
    if target_amount >= whole_amount:
        return whole
    to_target = exchange(sheet, debt, collateral, target_amount)
    if not _leaves_dust(to_target, rule):
        return to_target
    least_amount = _repay_amount_above_dust(debt, collateral, rule)
    if least_amount > 0:
        above_dust = exchange(sheet, debt, collateral, least_amount)
        is_cured = above_dust.weighted_left_value >= above_dust.account_debt_left_value
        if is_cured and not _leaves_dust(above_dust, rule):
            return above_dust
    return whole


def partial_refusal(
    sheet: BalanceSheet, collateral: Collateral, partial: Exchange, rule: LiquidationRule
) -> Refusal | None:
    """Return why a repay below the largest is refused, or None: it is toxic, leaves dust, or cures nothing."""
    if collateral.is_toxic:
        return Refusal.TOXIC
    if _leaves_dust(partial, rule):
        return Refusal.LEAVES_DUST
    improves = (
        partial.weighted_left_value * sheet.debt_value
        > sheet.weighted_collateral_value * partial.account_debt_left_value
    )
    return None if improves else Refusal.BELOW_DUST


def fee_amount(collateral: Collateral, seize_amount: Amount) -> Amount:
    """Return the protocol's part of what is seized."""
    return bonus_fee_amount_up(seize_amount, collateral.bonus_ratio, collateral.liquidation_fee_ratio)


def _leaves_dust(outcome: Exchange, rule: LiquidationRule) -> bool:
    return leaves_dust(outcome.debt_left_value, outcome.collateral_left_value, rule.dust_value)


def _whole_repay_amount(debt: Position, collateral: Collateral) -> Amount:
    """Return the whole debt, or what seizes all of the collateral."""
    held = collateral.position
    return min(
        debt.amount,
        repay_amount_up(held.amount, debt.price, debt.unit, held.price, held.unit, collateral.bonus_ratio),
    )


def _repay_amount_above_dust(debt: Position, collateral: Collateral, rule: LiquidationRule) -> Amount:
    """Return the largest repay that leaves the dust limit on both sides; it may be zero or less.

    One collateral unit more than the limit stays, for the rounding of the seized balance.
    """
    held = collateral.position
    debt_kept = mul_div_up(rule.dust_value, debt.unit, debt.price)
    collateral_kept = mul_div_up(rule.dust_value, held.unit, held.price) + 1
    seizable = held.amount - collateral_kept
    if seizable <= 0:
        return 0
    # The repay whose seize, rounded down, is at most `seizable`.
    repayable = mul_div_down(
        seizable * held.price * debt.unit, WAD, debt.price * held.unit * (WAD + collateral.bonus_ratio)
    )
    return min(debt.amount - debt_kept, repayable)
