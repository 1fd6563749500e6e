"""A generated book of winners: shorts in one contract, whose profits and equities add up to those of a wave.

Nobody published who the winners were, so shapes are fitted on four published figures and the rest is assumed:
    profits      lognormal, the first hundredth holding 84.2 % of all                                            fitted
    equities     profit times a ratio with median 4.41, a tenth below 2.28 and a tenth above 14.96               fitted
    leverage     lognormal, median 0.196, one in twenty above 5.10; at most 20                                   fitted
    margin       2.5 % of the position; one account in five is hedged and needs it on what is left unhedged      assumed
Draws are keyed by seed, wave and winner, so that another policy meets the same book.
"""

import struct
from typing import Final

from seawall.fixed import WAD, div_down, mul_div_down
from seawall.ledger.deleveraging import MarginLine, Winner
from seawall.rules.pro_rata import pro_rata_shares
from seawall.studies.october_waves import Wave
from seawall.units import Price
from seawall.world.dice import Dice
from seawall.world.exponential import exponential_f64

MARK_PRICE: Final = 100 * WAD
UNIT: Final = 10**18
HEDGED_ONE_IN: Final = 5
MARGIN_RATIO: Final = 25 * WAD // 1000

# The first hundredth of a lognormal holds the normal's share below (sigma - 2.326); 84.2 % is at 1.003.
_PROFIT_SIGMA_F64: Final = 3.33
# Logarithms of 4.41 / 2.28 and 14.96 / 4.41 over 1.2816, the normal's nine tenths.
_RATIO_MEDIAN_F64: Final = 4.41
_RATIO_SIGMA_BELOW_F64: Final = 0.515
_RATIO_SIGMA_ABOVE_F64: Final = 0.953
# The logarithm of 5.10 / 0.196 over 1.6449, the normal's nineteen twentieths.
_LEVERAGE_MEDIAN_F64: Final = 0.196
_LEVERAGE_SIGMA_F64: Final = 1.981
_LEVERAGE_MAX_F64: Final = 20.0
_SCALE_F64: Final = 1e9


def winner_book(wave: Wave, count: int, seed: int) -> tuple[Winner, ...]:
    """Return so many winners of a wave, in order of their accounts; their profits are the wave's to a unit of value each."""
    profit_dice, ratio_dice, leverage_dice = (
        Dice(seed, f"{name} of wave {wave.number}") for name in ("profits", "ratios", "leverages")
    )
    weights = [_drawn(profit_dice, nth, _PROFIT_SIGMA_F64) for nth in range(count)]
    profits = pro_rata_shares(wave.profit_value, [_scaled(weight) for weight in weights])
    raw_equities = [
        _scaled(weight * _RATIO_MEDIAN_F64 * _ratio_f64(ratio_dice, nth)) for nth, weight in enumerate(weights)
    ]
    equities = pro_rata_shares(wave.equity_value, raw_equities)
    winners = []
    for nth, (profit, equity) in enumerate(zip(profits, equities, strict=True)):
        if profit <= 0:
            continue
        leverage = min(_LEVERAGE_MAX_F64, _LEVERAGE_MEDIAN_F64 * _drawn(leverage_dice, nth, _LEVERAGE_SIGMA_F64))
        gain_price = max(
            1, mul_div_down(mul_div_down(profit, MARK_PRICE, max(1, equity)), WAD, _scaled(leverage) * 10**9)
        )
        balance = max(1, div_down(profit * UNIT, gain_price))
        is_hedged = nth % HEDGED_ONE_IN == 0
        winners.append(
            Winner(
                struct.pack(">IQ", wave.number, nth), balance, MARK_PRICE + gain_price, equity - profit, equity,
                (_hedged_line(balance) if is_hedged else _plain_line(),),
            )
        )  # fmt: skip
    return tuple(winners)


def _drawn(dice: Dice, nth: int, sigma_f64: float) -> float:
    return exponential_f64(sigma_f64 * dice.normal_f64(nth))


def _ratio_f64(dice: Dice, nth: int) -> float:
    normal = dice.normal_f64(nth)
    return exponential_f64(normal * (_RATIO_SIGMA_ABOVE_F64 if normal > 0 else _RATIO_SIGMA_BELOW_F64))


def _scaled(number_f64: float) -> int:
    """Return a float as an integer in billionths, at least one."""
    return max(1, int(number_f64 * _SCALE_F64))


def _slope_price() -> Price:
    return mul_div_down(MARK_PRICE, MARGIN_RATIO, WAD)


def _plain_line() -> MarginLine:
    return MarginLine(0, _slope_price())


def _hedged_line(balance: int) -> MarginLine:
    """Return the margin of an account that is long as much elsewhere: it needs margin on what is closed of the short."""
    return MarginLine(mul_div_down(balance, _slope_price(), UNIT), -_slope_price())
