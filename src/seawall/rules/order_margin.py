"""Open orders' margin: what the account must have in case its orders on a contract are filled, on their worse side.

    exposure = max(|q + B|, |q - S|)        q the signed position, B what it would buy, S what it would sell
    margin   = initial margin of the exposure at the mark price

Orders that only reduce a position ask for nothing beyond the position's own margin: the exposure is never below |q|.
"""

from collections.abc import Sequence

from seawall.fixed import mul_div_up
from seawall.rules.margin_tiers import TierLine, tiered_margin_value
from seawall.units import Amount, Balance, Price, Value


def exposure_amount(signed_balance: Balance, buy_amount: Amount, sell_amount: Amount) -> Amount:
    """Return the largest position, without its sign, that fills of some of the orders can leave."""
    return max(abs(signed_balance + buy_amount), abs(signed_balance - sell_amount))


def initial_margin_value(amount: Amount, price: Price, unit: Amount, lines: Sequence[TierLine]) -> Value:
    """Return the initial margin of so many contracts, the notional value and the margin rounded up."""
    return tiered_margin_value(mul_div_up(amount, price, unit), lines)
