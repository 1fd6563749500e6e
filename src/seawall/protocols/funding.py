"""Time passes over contracts and cash: indices by their rates, every contract's funding by its rate at the mark price.

    index of debt * e^(r t) up      index of collateral * (1 + r t) down      F + P * rate * t, rounded down

Funding stands still while the mark price is unknown.
"""

from seawall.fixed import RAY, SECONDS_PER_YEAR, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.rules.accrual import linear_growth, taylor_growth
from seawall.units import Milliseconds


def accrue_with_funding(deployment: Deployment, to: Milliseconds) -> bool:
    """Move what time moves; return whether anything did."""
    moved = False
    for market, state, seconds in markets_to_accrue(deployment, to):
        price = deployment.prices[market.debt_asset]
        if not market.margin_tiers:
            state.debt_index = mul_div_up(state.debt_index, taylor_growth(market.debt_rate_ray, seconds), RAY)
            growth = linear_growth(market.collateral_rate_ray, seconds)
            state.collateral_index = mul_div_down(state.collateral_index, growth, RAY)
        elif price is not None:
            state.funding_value += mul_div_down(price, market.debt_rate_ray * seconds, RAY * SECONDS_PER_YEAR)
        moved = True
    return moved
