"""A long that owes more funding than it is worth made dYdX v4's collateral negative, and an offer of it failed."""

import pytest
from tests.unit.protocols.test_dydx_v4 import BTC, DYDX, WAD, account

from seawall.ledger.market import COLLATERAL


@pytest.mark.parametrize("funding", [0, 99_999, 100_000, 100_001, 250_000])
def test_what_is_held_is_never_negative(funding: int) -> None:
    deployment, row = account(positions={(BTC, COLLATERAL): 10}, funding=funding * WAD)
    health = DYDX.health(deployment, row)
    assert health.collateral_value >= 0
    assert health.debt_value >= 0
    assert health.collateral_value - health.debt_value == (16_000 - 10 * funding) * WAD
