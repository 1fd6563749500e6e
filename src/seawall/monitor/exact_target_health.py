"""The largest liquidation to a target health, exact and compiled: what `TargetHealthLimit` describes, in limbs.

    bonus    full, but below W / (D * l) - 1; the least one where that is below it, and then the collateral is toxic
    seize = repay * p_d * u_c * (1 + b) / (p_c * u_d)        whole = min(debt, what seizes all of the collateral)
    target = (h * D - W) / (h - l * (1 + b)), the whole where it is toxic or the target is beyond it

Where the target would leave dust, it is the largest repay that leaves none and cures the account, else the whole. An account
whose liquidation moves nothing or leaves the bounds is not answered: the protocol's own Python answers for it. `may_be_lost` is the protocol's test of a loss by value. All ratios are WAD.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.fixed import WAD
from seawall.monitor.compilation import compiled
from seawall.monitor.exact_health import (
    BONUS,
    BONUS_MIN,
    FEE,
    LIQUIDATABLE,
    STAGE_COLUMNS,
    WEIGHT,
    applied,
    value_of,
)
from seawall.monitor.limbs import (
    DOWN,
    ONE,
    UP,
    ZERO,
    Limbs,
    add,
    divide,
    is_less,
    is_zero,
    limbs_of,
    muldiv,
    product,
    subtract,
)
from seawall.monitor.prefetch import prefetch_ahead
from seawall.protocols.exact_limit import TargetHealthLimit

Array = NDArray[Any]

_WAD: Final = np.uint64(WAD)
_WAD_SQUARED: Final = tuple(np.uint64(limb) for limb in limbs_of(WAD * WAD, 2))
_WAD_AND_ONE: Final = np.uint64(WAD + 1)
_PRICE: Final = STAGE_COLUMNS
_UNIT: Final = STAGE_COLUMNS + 2


class Rule(NamedTuple):
    """A `TargetHealthLimit` in limbs."""

    target_health: Limbs
    dust_value: Limbs


class Account(NamedTuple):
    """An account's weighted collateral, rounded down to WAD, and its debt, three limbs each."""

    weighted: Limbs
    debt: Limbs


class Side(NamedTuple):
    """One position of the pair: where it lies, its term, stored balance and amount, two limbs each, and its value."""

    at: Any
    term: Any
    balance: Limbs
    amount: Limbs
    value: Limbs


class Terms(NamedTuple):
    """On what the pair is exchanged: a repay times `given` over `asked` is seized; the bonus, and whether it is toxic."""

    bonus: Limbs
    is_toxic: Any
    given: Limbs
    asked: Limbs


class Exchange(NamedTuple):
    """What a repay takes and leaves."""

    repaid: Limbs
    seized: Limbs
    debt_balance: Limbs
    debt_left_value: Limbs
    held_left_value: Limbs


def rule_of(limit: TargetHealthLimit) -> Rule:
    """Return the rule as the kernels read it."""

    def limbs(number: int, length: int) -> Limbs:
        return tuple(np.uint64(limb) for limb in limbs_of(number, length))

    return Rule(limbs(limit.target_health_ratio, 1), limbs(limit.dust_value, 2))


@register_jitable
def bonus_at(number: int, account: Account, term: Array) -> tuple[Any, bool]:
    """Return the bonus that a keeper gets out of a collateral's term, and whether it is toxic."""
    full, least = term[number, BONUS], term[number, BONUS_MIN]
    bound = product(account.debt, (term[number, WEIGHT],))
    if is_zero(bound):
        return full, full < least
    # One and a WAD above the largest bonus at which a repay still raises the health factor: reach / bound, rounded up.
    reach = product(account.weighted, _WAD_SQUARED)
    if is_less(product(bound, (full + _WAD_AND_ONE,)), reach):
        return full, full < least
    if not is_less(product(bound, (least + _WAD,)), reach):
        return least, True
    edge, _ = muldiv(account.weighted, _WAD_SQUARED, bound, UP)
    return edge[0] - _WAD_AND_ONE, False


@register_jitable
def side_at(at: int, category: int, slot: Array, low: Array, high: Array, term_of: Array, term: Array) -> Side:
    """Return the position that lies at `at`."""
    number = term_of[slot[at], category]
    balance = (low[at], high[at])
    amount, value, _ = value_of(balance, term, number)
    return Side(at, number, balance, amount, value)


@register_jitable
def is_larger(value: Limbs, at: int, best_value: Limbs, best: int, slot: Array) -> bool:
    """Return whether a position comes before the best one: by value, then by the lower market."""
    if best < 0 or is_less(best_value, value):
        return True
    return not is_less(value, best_value) and slot[at] < slot[best]


@register_jitable
def best_positions(
    row: int, account: Account, rule: Rule, first: Array, count: Array, category: Array, slot: Array, low: Array,
    high: Array, term_of: Array, term: Array,
) -> tuple[int, int]:  # fmt: skip
    """Return where the debt and the collateral of most value lie, or -1; toxic collateral waits for what is above dust."""
    nothing = (ZERO, ZERO, ZERO)
    debt_at, sound_at, toxic_at = -1, -1, -1
    debt_value, sound_value, toxic_value = nothing, nothing, nothing
    begin = int(first[row])
    for at in range(begin, begin + int(count[row])):
        number = term_of[slot[at], category[row]]
        _, value, _ = value_of((low[at], high[at]), term, number)
        if slot[at] & 1:
            if is_larger(value, at, debt_value, debt_at, slot):
                debt_at, debt_value = at, value
        elif bonus_at(number, account, term)[1]:
            if is_larger(value, at, toxic_value, toxic_at, slot):
                toxic_at, toxic_value = at, value
        elif is_larger(value, at, sound_value, sound_at, slot):
            sound_at, sound_value = at, value
    takes_toxic = toxic_at >= 0 and (sound_at < 0 or is_less(sound_value, rule.dust_value))
    if takes_toxic and is_larger(toxic_value, toxic_at, sound_value, sound_at, slot):
        return debt_at, toxic_at
    return debt_at, sound_at


@register_jitable
def terms_of(debt: Side, held: Side, account: Account, term: Array) -> Terms:
    """Return on what a pair is exchanged."""
    bonus, is_toxic = bonus_at(held.term, account, term)
    debt_scale = product((term[debt.term, _PRICE], term[debt.term, _PRICE + 1]), (term[held.term, _UNIT],))
    held_scale = product((term[held.term, _PRICE], term[held.term, _PRICE + 1]), (term[debt.term, _UNIT],))
    return Terms((bonus,), is_toxic, product(debt_scale, (_WAD + bonus,)), product(held_scale, (_WAD,)))


@register_jitable
def exchanged(repay: Limbs, debt: Side, held: Side, terms: Terms, term: Array) -> Exchange:
    """Return what a repay of at most the debt takes and leaves."""
    nothing = (ZERO, ZERO, ZERO, ZERO)
    seized, holds = muldiv(repay, terms.given, terms.asked, DOWN)
    debt_balance, debt_left_value = debt.balance, nothing
    if is_less(repay, debt.amount):
        debt_balance = stored(repay, debt.term, term, DOWN)
        left, _, _ = value_of(subtract(debt.balance, debt_balance), term, debt.term)
        debt_left_value = applied(left, term, debt.term, STAGE_COLUMNS)
    if not holds or not is_less(seized, held.amount):
        return Exchange(repay, held.amount, debt_balance, debt_left_value, nothing)
    held_balance = stored(seized[:2], held.term, term, UP)
    if is_less(held.balance, held_balance):
        held_balance = held.balance
    left, _, _ = value_of(subtract(held.balance, held_balance), term, held.term)
    return Exchange(repay, seized[:2], debt_balance, debt_left_value, applied(left, term, held.term, STAGE_COLUMNS))


@register_jitable
def leaves_dust(moved: Exchange, rule: Rule) -> bool:
    """Return whether both sides keep something and one of them less than may stay."""
    if is_zero(moved.debt_left_value) or is_zero(moved.held_left_value):
        return False
    return is_less(moved.debt_left_value, rule.dust_value) or is_less(moved.held_left_value, rule.dust_value)


@register_jitable
def stored(amount: Limbs, number: int, term: Array, rounding: int) -> Limbs:
    """Return the stored units of an amount that is at most a position's; as no index is below one, it fits."""
    index = (term[number, 0], term[number, 1])
    return muldiv(amount, (term[number, 2], term[number, 3]), index, rounding)[0][:2]


@register_jitable
def whole_repay(debt: Side, held: Side, terms: Terms) -> Limbs:
    """Return the whole debt, or what seizes all of the collateral."""
    repay, holds = muldiv(held.amount, terms.asked, terms.given, UP)
    return repay[:2] if holds and is_less(repay, debt.amount) else debt.amount


@register_jitable
def target_repay(debt: Side, held: Side, account: Account, terms: Terms, rule: Rule, term: Array) -> tuple[Limbs, bool]:
    """Return the repay that reaches the target health, and whether there is one within three limbs."""
    goal, weighted = product(account.debt, rule.target_health), product(account.weighted, (_WAD,))
    reach = product(rule.target_health, (_WAD,))
    given_up = product((term[held.term, WEIGHT],), (_WAD + terms.bonus[0],))
    if terms.is_toxic or not is_less(given_up, reach):
        return (ZERO, ZERO, ZERO), False
    value, holds = muldiv(subtract(goal, weighted), (_WAD,), subtract(reach, given_up), UP)
    price = (term[debt.term, _PRICE], term[debt.term, _PRICE + 1])
    amount, fits = muldiv(value, (term[debt.term, _UNIT],), price, UP)
    return amount, holds and fits


@register_jitable
def fee_of(seized: Limbs, terms: Terms, rate: Any) -> tuple[Limbs, bool]:
    """Return the protocol's part of the bonus in what is seized, in three limbs, and whether it is within the bounds."""
    if rate == ZERO:
        return (ZERO, ZERO, ZERO), True
    return muldiv(seized, product(terms.bonus, (rate,)), product((_WAD + terms.bonus[0],), (_WAD,)), UP)


@register_jitable
def repay_above_dust(debt: Side, held: Side, terms: Terms, rule: Rule, term: Array) -> tuple[Limbs, bool]:
    """Return the largest repay that leaves the dust limit on both sides, or zero, and whether it is within the bounds."""
    debt_price = (term[debt.term, _PRICE], term[debt.term, _PRICE + 1])
    held_price = (term[held.term, _PRICE], term[held.term, _PRICE + 1])
    debt_kept, debt_holds = muldiv(rule.dust_value, (term[debt.term, _UNIT],), debt_price, UP)
    held_kept, held_holds = muldiv(rule.dust_value, (term[held.term, _UNIT],), held_price, UP)
    if not (debt_holds and held_holds):
        return (ZERO, ZERO), False
    # One collateral unit more than the limit stays, for the rounding of the seized balance.
    held_kept = add(held_kept, (ONE,))
    if not is_less(held_kept, held.amount) or not is_less(debt_kept, debt.amount):
        return (ZERO, ZERO), True
    most = subtract(debt.amount, debt_kept[:2])
    repayable, holds = muldiv(subtract(held.amount, held_kept[:2]), terms.asked, terms.given, DOWN)
    return repayable[:2] if holds and is_less(repayable, most) else most, True


@register_jitable
def cures(
    repay: Limbs, debt: Side, held: Side, sum_weighted: Limbs, account: Account, terms: Terms, rule: Rule, term: Array
) -> bool:
    """Return whether a repay leaves no dust and an account that is healthy."""
    moved = exchanged(repay, debt, held, terms, term)
    if leaves_dust(moved, rule):
        return False
    lost = product(subtract(held.value, moved.held_left_value)[:3], (term[held.term, WEIGHT],))
    weighted_left, _, holds = divide(subtract(sum_weighted, lost), (_WAD,))
    debt_left = add(subtract(account.debt, debt.value), moved.debt_left_value)
    return holds and not is_less(weighted_left, debt_left)


def target_health_limits_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, term: Array, rule: Rule, sums: Array, decided: Array,
    limits: Array, markets: Array, answered: Array,
) -> None:  # fmt: skip
    """Write the largest liquidation of each of `rows` that is LIQUIDATABLE, and whether it is answered.

    Shapes as in `exact_close_factor`.
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        answered[nth] = False
        if decided[nth] != LIQUIDATABLE:
            continue
        row = rows[nth]
        weighted, _, holds = divide((sums[nth, 3], sums[nth, 4], sums[nth, 5], sums[nth, 6]), (_WAD,))
        account = Account(weighted, (sums[nth, 7], sums[nth, 8], sums[nth, 9]))
        debt_at, held_at = best_positions(row, account, rule, first, count, category, slot, low, high, term_of, term)
        if not holds or debt_at < 0 or held_at < 0:
            continue
        debt = side_at(debt_at, category[row], slot, low, high, term_of, term)
        held = side_at(held_at, category[row], slot, low, high, term_of, term)
        if term[debt.term, _UNIT + 1] != ZERO or term[held.term, _UNIT + 1] != ZERO:
            continue
        terms = terms_of(debt, held, account, term)
        repay = whole_repay(debt, held, terms)
        target, has_target = target_repay(debt, held, account, terms, rule, term)
        if has_target and is_less(target, repay):
            moved = exchanged(target[:2], debt, held, terms, term)
            if not leaves_dust(moved, rule):
                repay = target[:2]
            else:
                least, holds = repay_above_dust(debt, held, terms, rule, term)
                if not holds:
                    continue
                sum_weighted = (sums[nth, 3], sums[nth, 4], sums[nth, 5], sums[nth, 6])
                if not is_zero(least) and cures(least, debt, held, sum_weighted, account, terms, rule, term):
                    repay = least
                moved = exchanged(repay, debt, held, terms, term)
        else:
            moved = exchanged(repay, debt, held, terms, term)
        fee, fee_holds = fee_of(moved.seized, terms, term[held.term, FEE])
        if not fee_holds or not is_less(fee, moved.seized) or is_zero(moved.debt_balance):
            continue
        limits[nth, 0], limits[nth, 1] = repay
        limits[nth, 2], limits[nth, 3] = subtract(moved.seized, fee[:2])
        markets[nth, 0], markets[nth, 1] = slot[debt_at] >> 1, slot[held_at] >> 1
        answered[nth] = True


def may_be_lost_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, term: Array, rule: Rule, sums: Array, decided: Array, lost: Array,
) -> None:  # fmt: skip
    """Write whether what the collateral repays at the least bonus is dust and at most half of the debt.

    An account that is OUTSIDE may be lost, a healthy one is not. Shapes: lost (n_rows,), the rest as before.
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        if decided[nth] != LIQUIDATABLE:
            lost[nth] = decided[nth] > LIQUIDATABLE
            continue
        row = rows[nth]
        recoverable = (ZERO, ZERO, ZERO)
        begin = int(first[row])
        for at in range(begin, begin + int(count[row])):
            if slot[at] & 1:
                continue
            number = term_of[slot[at], category[row]]
            _, value, _ = value_of((low[at], high[at]), term, number)
            part, _ = muldiv(value, (_WAD,), (_WAD + term[number, BONUS_MIN],), DOWN)
            recoverable = add(recoverable, part)
        debt = (sums[nth, 7], sums[nth, 8], sums[nth, 9])
        lost[nth] = is_less(recoverable, rule.dust_value) and not is_less(debt, add(recoverable, recoverable))


target_health_limits_nb = compiled(target_health_limits_py)
may_be_lost_nb = compiled(may_be_lost_py)
