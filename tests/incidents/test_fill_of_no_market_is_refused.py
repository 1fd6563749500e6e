"""A fill that named a market of a number that does not exist used to stop the engine, and -1 meant the last market."""

import pytest
from tests.deployments import BORROWER, below_the_line

from seawall.ledger.order import RefuseFill
from seawall.ledger.refusal import Refusal


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2", "aave_v3"])
@pytest.mark.parametrize("market", [-1, 3, 2**40])
@pytest.mark.parametrize("side", ["debt_market", "collateral_market"])
def test_a_keeper_cannot_stop_the_engine_with_a_market_that_is_not_there(protocol: str, market: int, side: str) -> None:
    desk, order = below_the_line(protocol)
    assert desk.fill(order, **{side: market}) == (RefuseFill(order.order_id, 0, BORROWER, 7, Refusal.MARKET_UNKNOWN),)
