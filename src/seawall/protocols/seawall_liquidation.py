"""Seawall's liquidation of one pair: the bonus, the largest repay, and the exact exchange.

    bonus    the market's, or one that grows, capped below the toxic bound W / (D*l) - 1, but never less than a share of it
    repay    the least that reaches the target health, where there is one, within the close factor of the debt
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

from seawall.fixed import RAY, WAD, div_down, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.liquidation_rule import LiquidationRule
from seawall.ledger.refusal import Refusal
from seawall.rules.growing_bonus import (
    Stretch,
    average_bonus_ratio,
    bonus_stretches,
    full_bonus_ratio,
    seizing_repay_value,
    target_repay_value,
)
from seawall.rules.liquidation_bonus import (
    bonus_fee_amount_up,
    non_toxic_bonus_ratio,
    repay_amount_up,
    seize_amount_down,
)
from seawall.rules.sizing import close_factor_repay_amount, leaves_dust
from seawall.units import Amount, Balance, Index, Milliseconds, Price, Ratio, Value


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
    """An account's positions with their values; `weighted` is the sum of value * threshold, before its division.

    `waited_ms` is how long the account has waited for its liquidation, on the clock that stops in an outage.
    """

    collaterals: dict[int, Collateral]
    debts: dict[int, Position]
    weighted: int
    debt_value: Value
    waited_ms: Milliseconds = 0

    @property
    def weighted_collateral_value(self) -> Value:
        """The weighted collateral, rounded down."""
        return div_down(self.weighted, WAD)

    def is_below(self, line_ratio: Ratio) -> bool:
        """Return whether the health is below the trigger."""
        return div_down(self.weighted, line_ratio) < self.debt_value


class Exchange(NamedTuple):
    """What a repay takes and leaves, exactly; `seize_amount` contains the fee."""

    bonus_ratio: Ratio

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
    waited_ms, growing = deployment.waited_ms(row), rule.growing_bonus
    collaterals = {}
    for position, threshold, fee, market_bonus in held:
        least = rule.bonus_ratio_min(market_bonus)
        full_bonus = market_bonus
        if growing is not None:
            full_bonus = full_bonus_ratio(growing, waited_ms, weighted_value, debt_value)
        bonus = non_toxic_bonus_ratio(full_bonus, weighted_value, debt_value, threshold)
        is_toxic = bonus is None or bonus < least
        collaterals[position.market] = Collateral(
            position, threshold, fee, least if bonus is None or is_toxic else bonus, is_toxic
        )
    return BalanceSheet(collaterals, debts, weighted, debt_value, waited_ms)


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
        bonus_ratio=bonus_ratio,
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
    stretches = _stretches(sheet, collateral, rule)
    whole_amount, whole_bonus = _whole_repay_amount(debt, collateral, stretches)
    whole = exchange(sheet, debt, collateral._replace(bonus_ratio=whole_bonus), whole_amount)
    if collateral.is_toxic:
        return whole
    wanted_amount = _wanted_repay_amount(sheet, debt, collateral, stretches, rule)
    if wanted_amount is None or wanted_amount >= whole_amount:
        return whole
    wanted = partial_exchange(sheet, debt, collateral, wanted_amount, rule)
    if not _leaves_dust(wanted, rule):
        return wanted
    least_amount = _repay_amount_above_dust(debt, collateral, rule)
    if least_amount > 0:
        above_dust = partial_exchange(sheet, debt, collateral, least_amount, rule)
        is_cured = above_dust.weighted_left_value * WAD >= above_dust.account_debt_left_value * rule.line_ratio
        if is_cured and not _leaves_dust(above_dust, rule):
            return above_dust
    return whole


def partial_exchange(
    sheet: BalanceSheet, debt: Position, collateral: Collateral, repay_amount: Amount, rule: LiquidationRule
) -> Exchange:
    """Return what a repay of a part takes and leaves, at the bonus that so much earns."""
    repay_value = mul_div_down(repay_amount, debt.price, debt.unit)
    bonus_ratio = average_bonus_ratio(_stretches(sheet, collateral, rule), repay_value)
    return exchange(sheet, debt, collateral._replace(bonus_ratio=bonus_ratio), repay_amount)


def _stretches(sheet: BalanceSheet, collateral: Collateral, rule: LiquidationRule) -> tuple[Stretch, ...]:
    """Return what parts of a repay earn: all of it the bonus of now, where that does not grow."""
    if rule.growing_bonus is None or collateral.is_toxic:
        return (Stretch(None, collateral.bonus_ratio),)
    stretches = bonus_stretches(
        rule.growing_bonus,
        sheet.waited_ms,
        sheet.weighted_collateral_value,
        sheet.debt_value,
        collateral.liquidation_threshold_ratio,
    )
    assert stretches is not None, collateral
    return stretches


def _wanted_repay_amount(
    sheet: BalanceSheet,
    debt: Position,
    collateral: Collateral,
    stretches: tuple[Stretch, ...],
    rule: LiquidationRule,
) -> Amount | None:
    """Return what reaches the target within the close factor, or None where only the whole pair is left to take."""
    closed_amount = close_factor_repay_amount(debt.amount, rule.close_factor_ratio)
    if rule.target_health_ratio == 0:
        return closed_amount
    target_value = target_repay_value(
        stretches,
        sheet.weighted_collateral_value,
        sheet.debt_value,
        rule.target_health_ratio,
        collateral.liquidation_threshold_ratio,
    )
    return None if target_value is None else min(mul_div_up(target_value, debt.unit, debt.price), closed_amount)


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


def fee_amount(collateral: Collateral, taken: Exchange) -> Amount:
    """Return the protocol's part of what is seized."""
    return bonus_fee_amount_up(taken.seize_amount, taken.bonus_ratio, collateral.liquidation_fee_ratio)


def _leaves_dust(outcome: Exchange, rule: LiquidationRule) -> bool:
    return leaves_dust(outcome.debt_left_value, outcome.collateral_left_value, rule.dust_value)


def _whole_repay_amount(
    debt: Position, collateral: Collateral, stretches: tuple[Stretch, ...]
) -> tuple[Amount, Ratio]:  # fmt: skip
    """Return the whole debt, or what seizes all of the collateral, and the bonus that so much earns."""
    held = collateral.position
    bonus_ratio = average_bonus_ratio(stretches, min(debt.value, seizing_repay_value(stretches, held.value)))
    seizing_amount = repay_amount_up(held.amount, debt.price, debt.unit, held.price, held.unit, bonus_ratio)
    return min(debt.amount, seizing_amount), bonus_ratio


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
