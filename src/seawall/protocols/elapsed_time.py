"""How long each market's interest has to run: contracts count whole seconds since the market was last accrued."""

from collections.abc import Iterator

from seawall.fixed import seconds_down
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, MarketState
from seawall.units import Milliseconds


def markets_to_accrue(deployment: Deployment, to: Milliseconds) -> Iterator[tuple[Market, MarketState, int]]:
    """Yield each market that bears interest, its state and the seconds to accrue, and mark it as accrued at `to`.

    A market without rates, or in which no whole second has passed, is left as it is.
    """
    for market, state in zip(deployment.markets, deployment.market_states, strict=True):
        if not (market.debt_rate_ray or market.collateral_rate_ray):
            continue
        seconds = seconds_down(to) - seconds_down(state.accrued_at)
        if seconds > 0:
            yield market, state, seconds
            state.accrued_at = to
