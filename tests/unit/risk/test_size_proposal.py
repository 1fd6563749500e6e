"""Size proposal: the solver's cheapest collateral first, in whole units, rounded up so that the target is reached."""

import pytest
from tests.deployments import BORROWER, BTC, ETH, UNITS, USD, Desk, offers_in

from seawall.fixed import WAD
from seawall.ledger.deployment import Policy
from seawall.ledger.order import NarrowOrder, SettleFill
from seawall.risk.seizure_programs import Seizable
from seawall.risk.size_proposal import RepaidDebt, proposed_size

THREE = [(5, Seizable(6_000.0, 0.83, 0.05)), (3, Seizable(5_000.0, 0.78, 0.06)), (8, Seizable(4_000.0, 0.65, 0.10))]


def test_the_collateral_that_costs_least_for_its_gain_is_proposed_first():
    size = proposed_size(7, b"account", RepaidDebt(2, WAD, 10**6, 12_400.0), THREE, 1.05)
    assert size is not None
    assert (size.at, size.account, size.debt_market, size.collateral_market) == (7, b"account", 2, 3)
    assert size.repay_amount == pytest.approx(4_716_981_133, abs=1)


@pytest.mark.parametrize(("price", "repaid"), [(2 * WAD, 2_358_490_567), (WAD // 2, 9_433_962_265)])
def test_a_dearer_debt_is_repaid_in_fewer_units(price, repaid):
    size = proposed_size(7, b"account", RepaidDebt(2, price, 10**6, 12_400.0), THREE, 1.05)
    assert size is not None
    assert size.repay_amount == pytest.approx(repaid, abs=1)


def test_at_the_target_and_out_of_reach_nothing_is_proposed():
    assert proposed_size(7, b"account", RepaidDebt(2, WAD, 10**6, 1_000.0), THREE, 1.05) is None
    assert proposed_size(7, b"account", RepaidDebt(2, WAD, 10**6, 100_000.0), THREE, 1.05) is None


def test_proposals_one_after_the_other_bring_an_account_to_the_target():
    desk = Desk("seawall", policy=Policy(accepts_proposals=True))
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 8 * UNITS[ETH], BTC: UNITS[BTC] * 16 // 100}, {USD: 16_000 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=1800))
    filled = []
    while order.order_id in desk.state.order_rows:
        ether, bitcoin = desk.balance(BORROWER, ETH, 0) / UNITS[ETH], desk.balance(BORROWER, BTC, 0) / UNITS[BTC]
        owed = desk.balance(BORROWER, USD, 1) / UNITS[USD]
        held = [(ETH, Seizable(ether * 1800, 0.80, 0.05)), (BTC, Seizable(bitcoin * 30_000, 0.70, 0.10))]
        size = proposed_size(desk.at, BORROWER, RepaidDebt(USD, WAD, UNITS[USD], owed), held, 1.02)
        assert size is not None
        (narrowed,) = desk.tell(size)
        assert isinstance(narrowed, NarrowOrder)
        settled = desk.fill(order, narrowed.repay_amount_max, len(filled), collateral_market=narrowed.collateral_market)
        assert isinstance(settled[0], SettleFill)
        filled.append(settled[0])
    assert 1 <= len(filled) <= 2
    assert filled[-1].health_factor_ratio_after >= WAD
