"""Some twenty thousand random events against every mechanism: nothing is violated, and every kind of order that it can give is given."""

import pytest
from tests.simulation.random_events import MECHANISMS, Outcome, run_batch

EVENTS, MORE_EVENTS, BATCHES_MAX = 1_800, 600, 12
ALWAYS = {
    "CancelOrder", "DeclineAccount", "HaltMarket", "LiftWarning", "Liquidate", "RefuseAuction", "RefuseBid", "RefuseEvent",
    "RefuseFill", "ResumeMarket", "WarnAccount",
}  # fmt: skip
SOLD_AT_ONCE = {"SettleFill", "NarrowOrder"}
AUCTIONED = {"StartAuction", "SettleBid", "EndAuction", "AbsorbLoss"}
FROM_FUNDS = {"AbsorbLoss", "PayLoss", "PayRestitution", "CloseWithdrawals", "OpenWithdrawals"}
GIVEN = {
    "fixed spread, seawall": SOLD_AT_ONCE | {"AbsorbLoss"},
    "fixed spread, aave_v3@3.6": SOLD_AT_ONCE | {"AbsorbLoss"},
    "fixed spread, compound_v2": SOLD_AT_ONCE,
    "fixed spread, morpho_blue": SOLD_AT_ONCE | {"AbsorbLoss"},
    "Dutch auction, maker@2.0": AUCTIONED | {"ResetAuction"},
    "English auction, maker@1.2": AUCTIONED | {"ResetAuction", "HoldBid", "ReturnBid"},
    "Dutch auction, seawall_dutch": AUCTIONED | {"ResetAuction"},
    "contracts, perpetual@1": SOLD_AT_ONCE | {"AbsorbLoss"},
    "deleveraging, perpetual@1": SOLD_AT_ONCE | {"AutoDeleverage", "AbsorbLoss"},
    "contracts, dydx_v4@1": SOLD_AT_ONCE,
    "waterfall, seawall": SOLD_AT_ONCE | FROM_FUNDS,
    "waterfall, aave_v3@3.6": SOLD_AT_ONCE | FROM_FUNDS,
}


def test_every_mechanism_has_its_list():
    assert GIVEN.keys() == MECHANISMS.keys()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_random_events_violate_nothing_and_reach_every_order(mechanism):
    wanted = ALWAYS | GIVEN[mechanism]
    outcome = Outcome(mechanism)
    for nth in range(BATCHES_MAX):
        outcome.add(run_batch(mechanism, 7_000 * nth, MORE_EVENTS if nth else EVENTS, life=450))
        assert outcome.violations == []
        if wanted <= outcome.seen.keys():
            break
    assert wanted - outcome.seen.keys() == set()
