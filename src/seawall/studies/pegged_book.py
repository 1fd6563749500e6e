"""A generated book of loans against a dollar that is not one, and who of them an oracle has sold.

Nobody published such a book, so it is assumed: loan-to-value spread evenly from 30 to 88 %, amounts lognormal, all collateral
together `COLLATERAL`. An account is liquidatable where amount * price * threshold < debt, at 90 %, and is then closed whole:

    seized = min(amount, debt * (1 + bonus) / mark)            repaid = debt, or amount * mark / (1 + bonus) if that is less

The mark decides; what it cost is told at the price that the pool had then. Amounts are base units of 10**18, debt is in dollars.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from seawall.fixed import WAD, mul_div_down
from seawall.rules.liquidation_bonus import seize_amount_down
from seawall.rules.margin import liquidation_price
from seawall.rules.pro_rata import pro_rata_shares
from seawall.rules.sizing import recoverable_value
from seawall.studies.price_steps import PriceSteps
from seawall.units import Amount, Milliseconds, Price, Ratio, Value
from seawall.world.dice import Dice
from seawall.world.exponential import exponential_f64

UNIT: Final[Amount] = 10**18
COLLATERAL: Final[Amount] = 100_000_000 * UNIT
THRESHOLD_RATIO: Final[Ratio] = 90 * WAD // 100
BONUS_RATIO: Final[Ratio] = 5 * WAD // 100
_LOAN_TO_VALUE_FROM_F64: Final = 0.30
_LOAN_TO_VALUE_TO_F64: Final = 0.88
_SIZE_SIGMA_F64: Final = 2.0
_SCALE_F64: Final = 1e9


class Loan(NamedTuple):
    """An account: collateral and debt."""

    collateral_amount: Amount
    debt_value: Value

    @property
    def liquidation_price(self) -> Price | None:
        """The highest price at which it is liquidatable."""
        return liquidation_price(self.collateral_amount, 0, UNIT, THRESHOLD_RATIO, 0, self.debt_value)


class Harm(NamedTuple):
    """What an oracle did to a book: accounts closed, what was repaid, what borrowers lost, what lenders wrote off, values.

    `unsold_loss_value` is what lenders would lose on the accounts that stand, could their collateral only be sold at the lowest
    price the venue had.
    """

    closed_count: int
    repaid_value: Value
    borrower_loss_value: Value
    bad_debt_value: Value
    unsold_loss_value: Value


def pegged_book(count: int, seed: int) -> tuple[Loan, ...]:
    """Return so many loans at a price of one; their collateral is `COLLATERAL` in all."""
    sizes, spread = Dice(seed, "sizes of loans"), Dice(seed, "loan-to-value of loans")
    weights = [int(_SCALE_F64 * exponential_f64(_SIZE_SIGMA_F64 * sizes.normal_f64(nth))) + 1 for nth in range(count)]
    amounts = pro_rata_shares(COLLATERAL, weights)
    width_f64 = _LOAN_TO_VALUE_TO_F64 - _LOAN_TO_VALUE_FROM_F64
    ratios = [int(_SCALE_F64 * (_LOAN_TO_VALUE_FROM_F64 + width_f64 * spread.uniform_f64(nth))) for nth in range(count)]
    return tuple(
        Loan(amount, mul_div_down(amount, ratio, int(_SCALE_F64)))
        for amount, ratio in zip(amounts, ratios, strict=True)
    )


def harm(
    book: Sequence[Loan], marks: Sequence[tuple[Milliseconds, Price]], pool: PriceSteps, lowest_price: Price
) -> Harm:
    """Close every account at the first usable mark that makes it liquidatable, and add up what that did."""
    lows = list(accumulate((price for _, price in marks), min))
    falls = [-price for price in lows]
    closed = repaid = borrowers = bad = unsold = 0
    for loan in book:
        line = loan.liquidation_price
        place = len(marks) if line is None else bisect_left(falls, -line)
        if place == len(marks):
            unsold += _unpaid_value(loan, lowest_price)
            continue
        at, mark = marks[place]
        seized = min(
            loan.collateral_amount, seize_amount_down(loan.debt_value, WAD, WAD, mark, UNIT, BONUS_RATIO)
        )  # fmt: skip
        unpaid = _unpaid_value(loan, mark)
        closed += 1
        repaid += loan.debt_value - unpaid
        borrowers += mul_div_down(seized, pool.price_at(at), UNIT) - (loan.debt_value - unpaid)
        bad += unpaid
    return Harm(closed, repaid, borrowers, bad, unsold)


def _unpaid_value(loan: Loan, price: Price) -> Value:
    """Return the debt that is left where all collateral is seized at a price."""
    return max(0, loan.debt_value - recoverable_value(mul_div_down(loan.collateral_amount, price, UNIT), BONUS_RATIO))
