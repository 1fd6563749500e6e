"""The largest liquidation by a close factor, exact and compiled: what `CloseFactorLimit` describes, in limbs.

    base = price_d * cover * unit_c / (price_c * unit_d)        taken = base * bonus
    where taken > held: taken = held, repay = price_c * held * unit_d / (price_d * unit_c) / bonus
    seized = taken - fee, fee = (taken - taken / bonus) * fee rate

An account whose liquidation would leave dust, moves less than one stored unit, or leaves the bounds is not answered:
the protocol's own Python answers for it. Bounds beside those of `exact_health`: a unit is one limb, a bonus at least one.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.compilation import compiled
from seawall.monitor.exact_health import (
    BONUS,
    FEE,
    IS_SEIZABLE,
    LIQUIDATABLE,
    STAGE_COLUMNS,
    applied,
    divided,
    half,
)
from seawall.monitor.limbs import (
    DOWN,
    ONE,
    UP,
    ZERO,
    Limbs,
    add,
    is_less,
    is_zero,
    limbs_of,
    muldiv,
    product,
    resized,
    subtract,
)
from seawall.monitor.prefetch import prefetch_ahead
from seawall.protocols.exact_limit import ROUNDINGS, CloseFactorLimit

Array = NDArray[Any]

LIMIT_COLUMNS: Final = 4
"""Columns of a limit: what to repay (2 limbs), what is seized (2)."""

_PRICE: Final = STAGE_COLUMNS
_UNIT: Final = STAGE_COLUMNS + 2


class Rule(NamedTuple):
    """A `CloseFactorLimit` in limbs, with the line's factor of W; roundings are numbered."""

    half_factor: Limbs
    weighted_factor: Limbs
    bonus_unit: Limbs
    closes_small: Any
    full_close_value: Limbs
    leftover_value: Limbs
    seize_amount: Any
    capped_repay_amount: Any
    amount_without_bonus: Any
    fee_amount: Any


class Pair(NamedTuple):
    """The debt and the collateral of a liquidation: where they lie, their terms, amounts, scales, bonus and fee."""

    debt_at: Any
    held_at: Any
    debt_term: Any
    held_term: Any
    debt: Limbs
    held: Limbs
    debt_scale: Limbs
    held_scale: Limbs
    bonus: Limbs
    fee: Limbs


class Exchange(NamedTuple):
    """What a cover repays and takes, two limbs each, and whether it was within the bounds."""

    repaid: Limbs
    taken: Limbs
    holds: Any


def rule_of(limit: CloseFactorLimit, weighted_factor: int) -> Rule:
    """Return the rule as the kernel reads it."""

    def limbs(number: int, length: int) -> Limbs:
        return tuple(np.uint64(limb) for limb in limbs_of(number, length))

    return Rule(
        limbs(limit.half_factor, 2),
        limbs(weighted_factor, 1),
        limbs(limit.bonus_unit, 1),
        limit.closes_small,
        limbs(limit.full_close_value, 1),
        limbs(limit.leftover_value, 1),
        *(
            np.int64(ROUNDINGS[rounded])
            for rounded in (
                limit.seize_amount,
                limit.capped_repay_amount,
                limit.amount_without_bonus,
                limit.fee_amount,
            )
        ),
    )


@register_jitable
def largest_position(
    row: int, side: int, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, term: Array,
) -> int:  # fmt: skip
    """Return where the position of most value, floored, of a side lies, or -1; equals go to the lower market."""
    best, best_value = -1, (ZERO, ZERO, ZERO, ZERO)
    begin = int(first[row])
    for at in range(begin, begin + int(count[row])):
        number = term_of[slot[at], category[row]]
        if slot[at] & 1 != side or (side == 0 and term[number, IS_SEIZABLE] == ZERO):
            continue
        amount = applied((low[at], high[at]), term, number, 0)
        value, _ = divided(amount[:2], term, number, STAGE_COLUMNS)
        if best < 0 or is_less(best_value, value) or (not is_less(value, best_value) and slot[at] < slot[best]):
            best, best_value = at, value
    return best


@register_jitable
def pair_at(
    debt_at: int, held_at: int, category: int, slot: Array, low: Array, high: Array, term_of: Array, term: Array
) -> Pair:
    """Return the pair of two positions."""
    debt_term, held_term = term_of[slot[debt_at], category], term_of[slot[held_at], category]
    debt_price = (term[debt_term, _PRICE], term[debt_term, _PRICE + 1])
    held_price = (term[held_term, _PRICE], term[held_term, _PRICE + 1])
    return Pair(
        debt_at,
        held_at,
        debt_term,
        held_term,
        applied((low[debt_at], high[debt_at]), term, debt_term, 0)[:2],
        applied((low[held_at], high[held_at]), term, held_term, 0)[:2],
        product(debt_price, (term[held_term, _UNIT],)),
        product(held_price, (term[debt_term, _UNIT],)),
        (term[held_term, BONUS],),
        (term[held_term, FEE],),
    )


@register_jitable
def cover_allowed(pair: Pair, weighted: Limbs, account_debt: Limbs, term: Array, rule: Rule) -> Limbs:
    """Return what the close factor allows, the collateral aside."""
    line = add(product(weighted, rule.weighted_factor), half(account_debt))
    if is_less(line, product(account_debt, rule.half_factor)):
        return pair.debt
    if not rule.closes_small:
        return half(add(resized(pair.debt, account_debt), (ONE,)))[:2]
    debt_value = applied(pair.debt, term, pair.debt_term, STAGE_COLUMNS)
    held_value, _ = divided(pair.held, term, pair.held_term, STAGE_COLUMNS)
    half_value = half(add(account_debt, (ONE,)))
    if (
        is_less(debt_value, rule.full_close_value)
        or is_less(held_value, rule.full_close_value)
        or not is_less(half_value, debt_value)
    ):
        return pair.debt
    price = (term[pair.debt_term, _PRICE], term[pair.debt_term, _PRICE + 1])
    return muldiv(half_value, (term[pair.debt_term, _UNIT],), price, DOWN)[0][:2]


@register_jitable
def exchanged(cover: Limbs, pair: Pair, rule: Rule) -> Exchange:
    """Return what a cover repays and takes."""
    base, base_holds = muldiv(cover, pair.debt_scale, pair.held_scale, DOWN)
    taken, taken_holds = muldiv(base[:2], pair.bonus, rule.bonus_unit, rule.seize_amount)
    # A base that does not fit two limbs takes more than is held, as a bonus is at least one.
    if base_holds and is_zero(base[2:]) and taken_holds and not is_less(pair.held, taken):
        return Exchange(cover, taken[:2], True)
    worth, worth_holds = muldiv(pair.held, pair.held_scale, pair.debt_scale, DOWN)
    repaid, repaid_holds = muldiv(worth[:2], rule.bonus_unit, pair.bonus, rule.capped_repay_amount)
    return Exchange(repaid[:2], pair.held, worth_holds and is_zero(worth[2:]) and repaid_holds)


@register_jitable
def leaves_dust(moved: Exchange, pair: Pair, term: Array, rule: Rule) -> bool:
    """Return whether both sides keep something and one of them less than may stay."""
    if not rule.closes_small or not is_less(moved.repaid, pair.debt) or not is_less(moved.taken, pair.held):
        return False
    debt_left = applied(subtract(pair.debt, moved.repaid), term, pair.debt_term, STAGE_COLUMNS)
    held_left, _ = divided(subtract(pair.held, moved.taken), term, pair.held_term, STAGE_COLUMNS)
    return is_less(debt_left, rule.leftover_value) or is_less(held_left, rule.leftover_value)


@register_jitable
def cover_for_all(pair: Pair, rule: Rule) -> tuple[Limbs, bool]:
    """Return the least offer that takes all of the collateral, in three limbs, and whether it is within the bounds."""
    base, holds = muldiv(pair.held, rule.bonus_unit, pair.bonus, DOWN)
    if not is_zero(base):
        base = subtract(base, (ONE,))
    while holds and is_less(muldiv(base, pair.bonus, rule.bonus_unit, rule.seize_amount)[0], pair.held):
        base = add(base, (ONE,))
    cover, cover_holds = muldiv(base, pair.held_scale, pair.debt_scale, UP)
    return cover, holds and cover_holds


@register_jitable
def seized_of(taken: Limbs, pair: Pair, rule: Rule) -> tuple[Limbs, bool]:
    """Return what is left of what is taken after the fee, and whether it is within the bounds."""
    without_bonus, holds = muldiv(taken, rule.bonus_unit, pair.bonus, rule.amount_without_bonus)
    bonus_amount = subtract(taken, without_bonus[:2])
    fee, fee_holds = muldiv(bonus_amount, pair.fee, rule.bonus_unit, rule.fee_amount)
    return subtract(taken, fee[:2]), holds and fee_holds


@register_jitable
def is_less_than_a_unit(amount: Limbs, term: Array, number: int) -> bool:
    """Return whether an amount may be less than one stored unit."""
    index = (term[number, 0], term[number, 1])
    return is_less(product(amount, (term[number, 2], term[number, 3])), index)


def close_factor_limits_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, term: Array, rule: Rule, sums: Array, decided: Array,
    limits: Array, markets: Array, answered: Array,
) -> None:  # fmt: skip
    """Write the largest liquidation of each of `rows` that is LIQUIDATABLE, and whether it is answered.

    Shapes: limits (n_rows, LIMIT_COLUMNS), markets (n_rows, 2) the debt's and the collateral's, answered (n_rows,); the
    rest as in `exact_health`.
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        answered[nth] = False
        if decided[nth] != LIQUIDATABLE:
            continue
        row = rows[nth]
        debt_at = largest_position(row, 1, first, count, category, slot, low, high, term_of, term)
        held_at = largest_position(row, 0, first, count, category, slot, low, high, term_of, term)
        if debt_at < 0 or held_at < 0:
            continue
        pair = pair_at(debt_at, held_at, category[row], slot, low, high, term_of, term)
        if term[pair.debt_term, _UNIT + 1] != ZERO or term[pair.held_term, _UNIT + 1] != ZERO:
            continue
        weighted = (sums[nth, 3], sums[nth, 4], sums[nth, 5], sums[nth, 6])
        cover = cover_allowed(pair, weighted, (sums[nth, 7], sums[nth, 8], sums[nth, 9]), term, rule)
        moved = exchanged(cover, pair, rule)
        if not moved.holds or leaves_dust(moved, pair, term, rule):
            continue
        if not is_less(moved.taken, pair.held):
            least, holds = cover_for_all(pair, rule)
            if not holds:
                continue
            if is_less(least, cover):
                cover = least[:2]
                moved = exchanged(cover, pair, rule)
                if not moved.holds or leaves_dust(moved, pair, term, rule):
                    continue
        seized, holds = seized_of(moved.taken, pair, rule)
        if (
            not holds
            or is_less_than_a_unit(moved.repaid, term, pair.debt_term)
            or is_less_than_a_unit(seized, term, pair.held_term)
        ):
            continue
        limits[nth, 0], limits[nth, 1] = cover
        limits[nth, 2], limits[nth, 3] = seized
        markets[nth, 0], markets[nth, 1] = slot[debt_at] >> 1, slot[held_at] >> 1
        answered[nth] = True


close_factor_limits_nb = compiled(close_factor_limits_py)
