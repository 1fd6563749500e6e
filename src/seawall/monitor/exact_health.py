"""Exact health of many accounts at once: the protocol's integer rule in 64-bit limbs, compiled, and its plain twin.

A stage x * n / d has the same n and d for every account, so its division is a multiplication by m = floor(n * 2**128 / d):

    q = floor(x * m / 2**128)  is  floor(x * n / d)  or one less, as x < 2**128;   r = x * n - q * d < 2d < 2**128

so r is computed in two limbs, corrects q, and says how to round. Bounds: x, n < 2**128, d < 2**127, a weight and a factor
of W < 2**63, a factor of D < 2**127; amounts < 2**128 and values < 2**183, so that 255 of them add up in three limbs and
their weighted sum in four. An account that leaves the bounds, or that needs an unknown price, is OUTSIDE: the kernel says
so and decides nothing.
"""

from typing import Any, Final

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.fixed import WAD
from seawall.monitor.compilation import compiled
from seawall.monitor.limbs import (
    DOWN,
    HALF_UP,
    ONE,
    ZERO,
    Limbs,
    add,
    divide,
    is_less,
    is_zero,
    muldiv,
    product,
    resized,
    subtract,
)
from seawall.monitor.prefetch import prefetch_ahead

Array = NDArray[Any]

HEALTHY: Final = 0
LIQUIDATABLE: Final = 1
OUTSIDE: Final = 2

STAGE_COLUMNS: Final = 10
"""Columns of a stage: numerator (2 limbs), divisor (2), least remainder that rounds up (2), multiplier (4)."""

WEIGHT: Final = 2 * STAGE_COLUMNS
IS_KNOWN: Final = WEIGHT + 1
BONUS: Final = WEIGHT + 2
BONUS_MIN: Final = WEIGHT + 3
FEE: Final = WEIGHT + 4
IS_SEIZABLE: Final = WEIGHT + 5
TERM_COLUMNS: Final = WEIGHT + 6
"""Columns of a term: the stage to an amount, the stage to a value, then one limb each of what else it says."""

LINE_COLUMNS: Final = 9
"""The line: factor of W (1 limb), factor of D (2), one where half of D is added, the unit of the average or zero; then
what restates the sums: factor of values, divisor of W, factor of its quotient, unit of the health factor."""

SUM_COLUMNS: Final = 10
"""Columns of sums: C (3 limbs), W (4), D (3)."""

HEALTH_COLUMNS: Final = 17
"""Columns of a health in WAD: collateral, weighted collateral, debt and priority (4 limbs each), health factor (1)."""

_VALUE_TOP: Final = np.uint64(1 << 55)
_WAD: Final = np.uint64(WAD)
_HALF_LIMB: Final = np.uint64(1 << 63)


@register_jitable
def divided(number: Limbs, term: Array, nth: int, at: int) -> tuple[Limbs, Limbs]:
    """Return (floor(x * n / d) in four limbs, the remainder in two) of the stage at column `at`, for x in two limbs."""
    divisor = (term[nth, at + 2], term[nth, at + 3])
    multiplier = (term[nth, at + 6], term[nth, at + 7], term[nth, at + 8], term[nth, at + 9])
    quotient = product(number, multiplier)[2:]
    exact = product(number, (term[nth, at], term[nth, at + 1]))
    remainder = subtract(exact[:2], product(quotient[:2], divisor)[:2])
    if is_less(remainder, divisor):
        return quotient, remainder
    return add(quotient, (ONE,)), subtract(remainder, divisor)


@register_jitable
def applied(number: Limbs, term: Array, nth: int, at: int) -> Limbs:
    """Return the rounded result, in four limbs, of the stage at column `at` of row `nth`, for two limbs."""
    quotient, remainder = divided(number, term, nth, at)
    if is_less(remainder, (term[nth, at + 4], term[nth, at + 5])):
        return quotient
    return add(quotient, (ONE,))


@register_jitable
def half(number: Limbs) -> Limbs:
    """Return floor(number / 2)."""
    return product(number, (_HALF_LIMB,))[1:]


@register_jitable
def value_of(balance: Limbs, term: Array, nth: int) -> tuple[Limbs, Limbs, bool]:
    """Return a balance's amount in two limbs, its value in three, and whether both are within the bounds."""
    amount = applied(balance, term, nth, 0)
    value = applied(amount[:2], term, nth, STAGE_COLUMNS)
    within = term[nth, IS_KNOWN] != ZERO and is_zero(amount[2:]) and value[3] == ZERO and value[2] < _VALUE_TOP
    return amount[:2], value[:3], within


def weigh_accounts_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, term: Array, line: Array, sums: Array, decided: Array,
) -> None:  # fmt: skip
    """Write the sums of each of `rows` into `sums` and HEALTHY, LIQUIDATABLE or OUTSIDE into `decided`.

    Shapes: rows and decided (n_rows,), sums (n_rows, SUM_COLUMNS), account columns (n_accounts,), position columns
    (n_positions,), term_of (n_slots, 256), term (n_terms, TERM_COLUMNS), line (LINE_COLUMNS,).
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        row = rows[nth]
        collateral = (ZERO, ZERO, ZERO)
        weighted = (ZERO, ZERO, ZERO, ZERO)
        debt = (ZERO, ZERO, ZERO)
        is_within = True
        begin = int(first[row])
        for at in range(begin, begin + int(count[row])):
            number = term_of[slot[at], category[row]]
            _, value, within = value_of((low[at], high[at]), term, number)
            is_within = is_within and within
            if slot[at] & 1:
                debt = add(debt, value)
            else:
                collateral = add(collateral, value)
                weighted = add(weighted, product(value, (term[number, WEIGHT],)))
        if not is_within:
            decided[nth] = OUTSIDE
            continue
        if line[4] != ZERO:
            average = divide(weighted, collateral)[0]
            halves = half((line[4],))
            weighted = resized(divide(add(product(collateral, average[:1]), halves), (line[4],))[0], weighted)
        left = product(weighted, (line[0],))
        if line[3] != ZERO:
            left = add(left, half(debt))
        is_below = is_less(left, product(debt, (line[1], line[2])))
        decided[nth] = LIQUIDATABLE if is_below else HEALTHY
        sums[nth, 0], sums[nth, 1], sums[nth, 2] = collateral
        sums[nth, 3], sums[nth, 4], sums[nth, 5], sums[nth, 6] = weighted
        sums[nth, 7], sums[nth, 8], sums[nth, 9] = debt


def restate_sums_py(sums: Array, decided: Array, line: Array, kept: Array, healths: Array) -> None:
    """Write the health of each account that is LIQUIDATABLE, and its expected loss once collateral fell to `kept`.

    Shapes: sums (n_rows, SUM_COLUMNS), healths (n_rows, HEALTH_COLUMNS), kept (1,) WAD. Its health factor is below
    one, hence one limb; sums are below 2**191 and factors below 2**64, hence values take four. Beyond: OUTSIDE.
    """
    for nth in range(decided.size):
        if decided[nth] != LIQUIDATABLE:
            continue
        debt = (sums[nth, 7], sums[nth, 8], sums[nth, 9])
        weighted, _, weighted_holds = divide((sums[nth, 3], sums[nth, 4], sums[nth, 5], sums[nth, 6]), (line[6],))
        quotient, quotient_holds = muldiv(weighted, (_WAD,), debt, HALF_UP if line[3] != ZERO else DOWN)
        collateral_value = product((sums[nth, 0], sums[nth, 1], sums[nth, 2]), (line[5],))
        weighted_value = product(weighted, (line[7],))
        debt_value = product(debt, (line[5],))
        stressed_value, stressed_holds = muldiv(collateral_value, (kept[0],), (_WAD,), DOWN)
        if not (weighted_holds and quotient_holds and stressed_holds):
            decided[nth] = OUTSIDE
            continue
        priority = (ZERO, ZERO, ZERO, ZERO)
        if is_less(stressed_value, debt_value):
            priority = subtract(debt_value, stressed_value)
        if is_less(weighted_value, debt_value):
            priority = add(priority, subtract(debt_value, weighted_value))
        healths[nth, 0], healths[nth, 1], healths[nth, 2], healths[nth, 3] = collateral_value
        healths[nth, 4], healths[nth, 5], healths[nth, 6], healths[nth, 7] = weighted_value
        healths[nth, 8], healths[nth, 9], healths[nth, 10], healths[nth, 11] = debt_value
        healths[nth, 12], healths[nth, 13], healths[nth, 14], healths[nth, 15] = priority
        healths[nth, 16] = divide(quotient, (line[8],))[0][0]


restate_sums_nb = compiled(restate_sums_py)
weigh_accounts_nb = compiled(weigh_accounts_py)
