import pytest
from tests.unit.world.fixed_spread_view import ACCOUNT, FixedSpreadView, liquidate, settle

from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market, RiskParameters
from seawall.ledger.order import CancelOrder, RefuseFill
from seawall.ledger.refusal import Refusal
from seawall.world.depth import Depth, DepthTable
from seawall.world.keepers import KeeperRule, Keepers

PARAMETERS = RiskParameters(8 * 10**17, 8 * 10**17, 10**17)
ASSETS = (Asset("DEBT", 0), Asset("COLLATERAL", 0))
MARKETS = (Market("DEBT", 0, 0, PARAMETERS), Market("COLLATERAL", 1, 1, PARAMETERS))
DEEP = DepthTable(((1e12, 0.01),), 1_000)
PAR = (1.0, 1.0)


def keepers(*, count=1, capital=10_000, least_profit=50, table=DEEP):
    rule = KeeperRule(count, 100, capital * WAD, least_profit * WAD, recheck_ms=1_000, recheck_ms_max=3_000)
    return Keepers(rule, ASSETS, MARKETS, [Depth(table), Depth(table)])


def test_a_keeper_acts_after_its_reaction_delay():
    group, view = keepers(), FixedSpreadView()
    group.receive(liquidate(), 500, view, PAR)
    assert group.next_due_at == 600
    assert group.decide(599, view, PAR) == ()
    (fill,) = group.decide(600, view, PAR)
    assert (fill.order_id, fill.fill_id, fill.account, fill.keeper) == (1, 0, ACCOUNT, 0)
    assert group.next_due_at is None


@pytest.mark.parametrize(("caps", "offered"), [(True, 1_001), (False, 1_000)])
def test_for_the_whole_a_little_more_is_offered_where_the_contract_caps_it(caps, offered):
    group, view = keepers(), FixedSpreadView(caps=caps)
    group.receive(liquidate(), 0, view, PAR)
    assert group.decide(100, view, PAR)[0].repay_amount == offered


def test_capital_comes_back_with_the_profit_when_the_collateral_is_sold():
    group, view = keepers(), FixedSpreadView()
    group.receive(liquidate(), 0, view, PAR)
    (fill,) = group.decide(100, view, PAR)
    assert group.capital_f64 == [10_000 - 1_001]
    group.receive(settle(fill, 1_000), 100, view, PAR)
    assert group.capital_f64 == pytest.approx([10_100])
    assert group.profit_f64 == pytest.approx([100])
    assert group.next_due_at == 200


def test_a_refused_fill_gives_the_capital_back():
    group, view = keepers(), FixedSpreadView()
    group.receive(liquidate(), 0, view, PAR)
    (fill,) = group.decide(100, view, PAR)
    group.receive(RefuseFill(1, fill.fill_id, ACCOUNT, 0, Refusal.LEAVES_DUST), 100, view, PAR)
    assert group.capital_f64 == [10_000]
    assert (group.refused_count, group.next_due_at) == (1, 1_100)
    assert group.reasons == {ACCOUNT: "leaves_dust"}


def test_a_cancelled_order_is_forgotten():
    group, view = keepers(), FixedSpreadView()
    group.receive(liquidate(), 0, view, PAR)
    group.receive(CancelOrder(1, ACCOUNT, Refusal.HEALTHY, 0), 50, view, PAR)
    assert group.next_due_at is None
    assert group.reasons == {}


@pytest.mark.parametrize(("repay_amount", "is_filled"), [(490, False), (500, True), (510, True)])
def test_a_fill_brings_at_least_the_least_profit(repay_amount, is_filled):
    group, view = keepers(least_profit=50, table=DepthTable(((1e15, 1e-9),), 1_000)), FixedSpreadView(repay_amount)
    group.receive(liquidate(repay_amount=repay_amount), 0, view, PAR)
    assert bool(group.decide(100, view, PAR)) is is_filled


def test_dust_is_looked_at_ever_more_rarely():
    group, view = keepers(), FixedSpreadView(300)
    group.receive(liquidate(repay_amount=300), 0, view, PAR)
    looked_at = []
    while len(looked_at) < 5:
        looked_at.append(group.next_due_at)
        assert group.decide(looked_at[-1], view, PAR) == ()
    assert looked_at == [100, 1_100, 3_100, 6_100, 9_100]
    assert group.reasons == {ACCOUNT: "dust"}


def test_hopeless_dust_is_never_looked_at():
    group, view = keepers(), FixedSpreadView(120)
    group.receive(liquidate(repay_amount=120), 0, view, PAR)
    assert group.next_due_at is None
    assert (group.reasons, view.look_count) == ({ACCOUNT: "dust"}, 0)


def test_an_unprofitable_order_is_looked_at_when_the_market_pays_enough():
    group, view = keepers(), FixedSpreadView()
    group.receive(liquidate(), 0, view, PAR)
    assert group.decide(100, view, (1.0, 0.9)) == ()
    assert group.reasons == {ACCOUNT: "unprofitable"}
    assert group.decide(1_100, view, (1.0, 0.9)) == ()
    assert group.decide(2_100, view, (1.0, 0.95)) == ()
    assert view.look_count == 1
    assert len(group.decide(3_100, view, (1.0, 0.96))) == 1


def test_keepers_take_turns_and_the_richest_takes_what_nobody_can_pay_alone():
    group, view = keepers(count=2, capital=1_500), FixedSpreadView()
    for order_id in (1, 2):
        group.receive(liquidate(order_id, b"borrower%d" % order_id), 0, view, PAR)
    assert [fill.keeper for fill in group.decide(100, view, PAR)] == [0, 1]
    view.repay_amount = 4_000
    group.receive(liquidate(3, b"whale", 4_000), 100, view, PAR)
    group.capital_f64 = [1_400, 1_500]
    (fill,) = group.decide(200, view, PAR)
    assert (fill.keeper, fill.repay_amount) == (1, 1_500)


def test_without_capital_the_order_waits():
    group, view = keepers(capital=0), FixedSpreadView()
    group.receive(liquidate(), 0, view, PAR)
    assert group.decide(100, view, PAR) == ()
    assert group.reasons == {ACCOUNT: "no_capital"}
    assert group.next_due_at == 200


def test_the_greatest_priority_is_filled_first_and_ties_break_by_account():
    group, view = keepers(capital=10**6), FixedSpreadView()
    for order_id, account, priority in ((1, b"b", 5), (2, b"a", 5), (3, b"c", 9)):
        group.receive(liquidate(order_id, account, priority=priority), 0, view, PAR)
    assert [fill.account for fill in group.decide(100, view, PAR)] == [b"c", b"a", b"b"]


def test_bids_of_one_block_know_of_each_other():
    thin = DepthTable(((1_100.0, 0.05), (2_200.0, 0.20)), 1_000)
    group, view = keepers(capital=10**6, table=thin), FixedSpreadView()
    for order_id in (1, 2, 3):
        group.receive(liquidate(order_id, b"borrower%d" % order_id), 0, view, PAR)
    amounts = [fill.repay_amount for fill in group.decide(100, view, PAR)]
    assert amounts == [1_001]


def test_a_refusal_of_the_rule_is_the_reason():
    group, view = keepers(), FixedSpreadView(refusal=Refusal.PRICE_STALE)
    group.receive(liquidate(), 0, view, PAR)
    assert group.decide(100, view, PAR) == ()
    assert (group.reasons, group.next_due_at) == ({ACCOUNT: "price_stale"}, 1_100)
