"""Liquidation bonus: what a keeper gets for what it repays, and the protocol's fee inside it.

b is the bonus as a fraction of the repaid value, f the fee as a fraction of the bonus:
    seize = repay value * (1 + b) / collateral price       fee = seize * f * b / (1 + b)
The borrower loses the same with or without the fee, so the fee does not move the toxic frontier. Each amount is one
division, rounded against the keeper: seize down, repay up, fee up.
"""

from collections.abc import Iterable

from seawall.fixed import WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.market import Market, RiskParameters
from seawall.units import Amount, Price, Ratio, Value


def seize_amount_down(
    repay_amount: Amount,
    debt_price: Price,
    debt_unit: Amount,
    collateral_price: Price,
    collateral_unit: Amount,
    liquidation_bonus_ratio: Ratio,
) -> Amount:
    """Return the collateral for a repay, the fee included, rounded down."""
    return mul_div_down(
        repay_amount * debt_price * collateral_unit,
        WAD + liquidation_bonus_ratio,
        collateral_price * debt_unit * WAD,
    )


def repay_amount_up(
    seize_amount: Amount,
    debt_price: Price,
    debt_unit: Amount,
    collateral_price: Price,
    collateral_unit: Amount,
    liquidation_bonus_ratio: Ratio,
) -> Amount:
    """Return the least repay that seizes at least `seize_amount`, the fee included: for a seize that is capped."""
    return mul_div_up(
        seize_amount * collateral_price * debt_unit,
        WAD,
        debt_price * collateral_unit * (WAD + liquidation_bonus_ratio),
    )


def bonus_fee_amount_up(seize_amount: Amount, liquidation_bonus_ratio: Ratio, liquidation_fee_ratio: Ratio) -> Amount:
    """Return the protocol's part of a seize, `liquidation_fee_ratio` of the bonus in it, rounded up."""
    return mul_div_up(
        seize_amount, liquidation_bonus_ratio * liquidation_fee_ratio, (WAD + liquidation_bonus_ratio) * WAD
    )


def non_toxic_bonus_ratio(
    liquidation_bonus_ratio: Ratio,
    weighted_collateral_value: Value,
    debt_value: Value,
    liquidation_threshold_ratio: Ratio,
) -> Ratio | None:
    """Return the bonus, or the largest below it at which a repay still raises the health factor.

    b < W / (D*l) - 1, strictly. None where no bonus, not even zero, is below that bound.
    """
    bound = debt_value * liquidation_threshold_ratio
    if bound == 0:
        return liquidation_bonus_ratio
    largest = div_up(weighted_collateral_value * (WAD * WAD), bound) - 1 - WAD
    return min(liquidation_bonus_ratio, largest) if largest >= 0 else None


def line_toxicity_ratio(parameters: RiskParameters) -> Ratio:
    """Return l(1 + b), rounded up: the health factor below which liquidation at the full bonus is toxic."""
    return mul_div_up(parameters.liquidation_threshold_ratio, WAD + parameters.liquidation_bonus_ratio, WAD)


def toxic_markets(markets: Iterable[Market], line_ratio: Ratio = WAD) -> tuple[tuple[str, int, Ratio], ...]:
    """Return (symbol, category, l(1 + b)) wherever a position is toxic from the moment it is liquidatable.

    That is so at l(1 + b) >= the trigger, which is one. Category 0 is outside any.
    """
    return tuple(
        (market.symbol, category, toxicity_ratio)
        for market in markets
        for category, parameters in [(0, market.parameters), *sorted(market.categories.items())]
        if (toxicity_ratio := line_toxicity_ratio(parameters)) >= line_ratio
    )
