"""Governance could make a liquidation's fee negative: the next fill gave the keeper more than the account lost, and where
buffers share the fees the engine failed on it."""

import pytest
from msgspec.structs import replace
from tests.deployments import ETH, POOLED, Desk

from seawall.fixed import WAD
from seawall.ledger.order import RefuseEvent
from seawall.ledger.refusal import Refusal

SHARES = ("max_loan_to_value_ratio", "liquidation_threshold_ratio", "liquidation_fee_ratio", "close_factor_ratio")


@pytest.mark.parametrize(
    "ratio", [*((name, -1) for name in SHARES), *((name, WAD + 1) for name in SHARES), ("liquidation_bonus_ratio", -1)]
)
def test_parameters_that_are_no_shares_change_nothing(ratio: tuple[str, int]) -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    before = desk.state.deployment.markets[ETH]
    (refused,) = desk.govern(ETH, replace(POOLED[ETH].parameters, **dict([ratio])))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.PARAMETERS_REFUSED
    assert desk.state.deployment.markets[ETH] == before


@pytest.mark.parametrize("name", ["max_loan_to_value_ratio", "liquidation_fee_ratio", "close_factor_ratio"])
@pytest.mark.parametrize("share", [0, WAD])
def test_nothing_and_all_are_shares(name: str, share: int) -> None:
    desk = Desk()
    assert desk.govern(ETH, replace(POOLED[ETH].parameters, **{name: share})) == ()
