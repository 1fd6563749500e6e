"""The screen of all accounts under own bands: a coarser sum that passes nearly everybody, and the book's for the others.

    ĉ = float32 of c − 2**-23 |c|         c − 2**-22 |c| <= ĉ <= c <= 2**127,   as |c| is 0 or at least 2**-53

A float32 rounds by at most 2**-24 |c − 2**-23 |c||, less than was taken off. Prices are not negative, so no term of
M̂ = sum of ĉ_k P_k is above that of M = sum of c_k P_k: the bound in `effective_price.py` holds for M̂ as it does for M, in any
order of the terms, and so do bands made for it. An account with M̂ > V is certain. For the others c <= ĉ + 2**-21 |ĉ|
and M, as it is summed, is at most the sum of ĉ_k P_k + 2**-20 |ĉ_k P_k|: one for whom that is not above V is as
uncertain by M. Only who lies between is read from the book, and who has an infinite ĉ, as slack can bring c
beneath −2**127, or an unknown price.
"""

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.account_blocks import BLOCK, BLOCKS_USED, COUNT, MIXED, STRIP, WIDTH, Array, Blocks, first_cell
from seawall.monitor.account_terms import BookColumns, PairColumns, Terms, is_certain

_TAKEN_OFF = 2.0**-23
_UNSURE = 2.0**-20


@register_jitable(forceinline=True)
def rounded_down(coefficient_f64: float) -> np.float32:
    """Return a coefficient as a float32 that is not above it."""
    return np.float32(coefficient_f64 - _TAKEN_OFF * abs(coefficient_f64))


@register_jitable(forceinline=True)
def sum_block(cold: Blocks, block: int, price_f64: Array, margin_f64: Array) -> None:
    """Write the coarse sums of a block's accounts to `margin_f64`, and anything to what is left of it."""
    margin_f64[:] = 0.0
    strip = cold.block[block, STRIP]
    for nth in range(strip, strip + cold.block[block, WIDTH]):
        coefficients = cold.coefficient[nth * BLOCK : nth * BLOCK + BLOCK]
        term = cold.strip_term[nth]
        if term != MIXED:
            price = price_f64[term]
            for at in range(BLOCK):
                margin_f64[at] += coefficients[at] * price
        else:
            terms = cold.term[nth * BLOCK : nth * BLOCK + BLOCK]
            for at in range(BLOCK):
                margin_f64[at] += coefficients[at] * price_f64[terms[at]]


@register_jitable(forceinline=True)
def may_be_certain(cold: Blocks, place: int, price_f64: Array, value_f64: float) -> bool:
    """Return whether the book's coefficients could still prove the status of an account."""
    cell = first_cell(cold, place)
    most_f64 = 0.0
    for nth in range(cold.block[place // BLOCK, WIDTH]):
        value = cold.coefficient[cell + nth * BLOCK] * price_f64[cold.term[cell + nth * BLOCK]]
        most_f64 += value + _UNSURE * abs(value)
    # Written this way round so that NaN goes to the book.
    return not most_f64 <= value_f64


@register_jitable(forceinline=True)
def screen_cold(
    cold: Blocks, status: Array, book: BookColumns, pairs: PairColumns, terms: Terms, value_f64: float,
    margin_f64: Array, flagged: Array, flagged_count: int,
) -> int:  # fmt: skip
    """Append the rows whose margin is not above `value_f64` to `flagged`; return how many it holds then."""
    for block in range(cold.counters[BLOCKS_USED]):
        count = cold.block[block, COUNT]
        if count == 0:
            continue
        sum_block(cold, block, pairs.price_f64, margin_f64)
        uncertain = 0
        for at in range(BLOCK):
            # Written this way round so that NaN is uncertain.
            uncertain += not (margin_f64[at] > value_f64)
        if uncertain:
            for at in range(count):
                if margin_f64[at] > value_f64:
                    continue
                row = cold.row[block * BLOCK + at]
                if not may_be_certain(cold, block * BLOCK + at, pairs.price_f64, value_f64) or not is_certain(
                    status, book, pairs, terms, row, value_f64
                ):
                    flagged[flagged_count] = row
                    flagged_count += 1
    return flagged_count
