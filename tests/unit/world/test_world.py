import pytest
from tests.unit.world.fixed_spread_view import FixedSpreadView, liquidate, settle

from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import BlockObserved, DeploymentOpened, FillsReported, PositionsChanged
from seawall.ledger.market import Market, MarketState, RiskParameters
from seawall.world.depth import DepthTable
from seawall.world.keepers import KeeperRule
from seawall.world.oracle_feed import FeedRule
from seawall.world.price_path import Grid, path_from_points
from seawall.world.world import World, WorldRules

SECOND = 1_000
MINUTE = 60 * SECOND
PARAMETERS = RiskParameters(8 * 10**17, 8 * 10**17, 10**17)
OPENING = (
    DeploymentOpened(
        at=0,
        protocol="any@1",
        account_width=8,
        assets=(Asset("DEBT", 0), Asset("COLLATERAL", 0)),
        markets=(Market("DEBT", 0, 0, PARAMETERS), Market("COLLATERAL", 1, 1, PARAMETERS)),
        market_states=(MarketState(), MarketState()),
        oracle_rules=(OracleRule(), OracleRule()),
        policy=Policy(),
    ),
    PositionsChanged(at=0, accounts=b"", slots=b"", deltas=b""),
)


def world(view=None, *, collateral=(WAD,) * 5, delay=0, settling=0, count=1, reaction=5 * SECOND, least_profit=50):
    grid = Grid(0, MINUTE, len(collateral))
    points = {
        "DEBT": [(0, WAD)],
        "COLLATERAL": [(grid.at(tick), price) for tick, price in enumerate(collateral)],
    }
    feed = FeedRule(WAD // 200, 60 * MINUTE, delay)
    depth = DepthTable(((1e12, 0.01),), MINUTE)
    keepers = KeeperRule(count, reaction, 10**5 * WAD, least_profit * WAD)
    rules = WorldRules(12 * SECOND, settling, (feed, feed), (depth, depth), keepers)
    return World(OPENING, path_from_points(grid, points), rules, view or FixedSpreadView())


def told(outside, orders_at=None):
    """Return every event; at the first block at or after `orders_at` an order is given, and fills are settled."""
    events = []
    while (event := outside.next_event()) is not None:
        events.append(event)
        if isinstance(event, BlockObserved) and orders_at is not None and event.at >= orders_at:
            outside.receive((liquidate(),))
            orders_at = None
        if isinstance(event, FillsReported):
            outside.receive(tuple(settle(fill) for fill in event.fills))
    return events


def test_the_opening_comes_first_and_the_opening_prices_in_block_zero():
    events = told(world())
    assert events[:2] == list(OPENING)
    assert (events[2].at, events[2].number) == (0, 0)
    assert [(each.asset, each.price, each.observed_at) for each in events[2].rounds] == [(0, WAD, 0), (1, WAD, 0)]


def test_blocks_in_which_nothing_happens_are_skipped_and_counted():
    outside = world()
    blocks = [event for event in told(outside) if isinstance(event, BlockObserved)]
    assert [(block.number, block.at) for block in blocks] == [(5 * n, n * MINUTE) for n in range(5)]
    assert outside.counters()["blocks_observed"] == 5
    assert outside.counters()["blocks_skipped"] == 16


@pytest.mark.parametrize(("delay", "block"), [(0, 10), (1, 11), (12_000, 11), (12_001, 12)])
def test_a_round_lands_in_the_first_block_after_its_delay(delay, block):
    events = told(world(collateral=(WAD, WAD, 2 * WAD, 2 * WAD, 2 * WAD), delay=delay))
    (found,) = [event for event in events[3:] if isinstance(event, BlockObserved) and event.rounds]
    assert found.number == block
    assert (found.rounds[0].price, found.rounds[0].observed_at) == (2 * WAD, 2 * MINUTE)


@pytest.mark.parametrize(
    ("reaction", "filled_at"), [(0, 72_000), (12_000, 72_000), (12_001, 84_000), (60_000, 120_000)]
)
def test_fills_run_in_the_first_later_block_after_the_reaction(reaction, filled_at):
    events = told(world(reaction=reaction), orders_at=MINUTE)
    nth = next(nth for nth, event in enumerate(events) if isinstance(event, FillsReported))
    assert (events[nth - 1].at, events[nth].at) == (filled_at, filled_at)
    assert isinstance(events[nth - 1], BlockObserved)


def test_keepers_decide_before_they_see_the_block_in_which_their_fill_runs():
    view = FixedSpreadView()
    outside = world(view)
    while not isinstance(outside.next_event(), BlockObserved):
        pass
    outside.receive((liquidate(),))
    assert view.look_count == 0
    assert isinstance(outside.next_event(), BlockObserved)
    assert view.look_count == 1
    view.repay_amount = 1
    (fill,) = outside.next_event().fills
    assert fill.repay_amount == 1_001


def test_keepers_value_at_the_market_and_not_at_the_mark():
    fallen = (WAD, WAD // 2, WAD // 2, WAD // 2, WAD // 2)
    outside = world(collateral=fallen, delay=10 * MINUTE)
    events = told(outside, orders_at=MINUTE)
    assert not [event for event in events if isinstance(event, FillsReported)]
    assert outside.reasons == {b"borrower": "unprofitable"}


@pytest.mark.parametrize(("settling", "is_filled"), [(0, False), (59_999, True), (60_000, True)])
def test_keepers_go_on_for_the_settling_time(settling, is_filled):
    events = told(world(settling=settling, reaction=50 * SECOND), orders_at=4 * MINUTE)
    assert any(isinstance(event, FillsReported) for event in events) is is_filled


def test_what_was_sold_is_counted():
    outside = world()
    told(outside, orders_at=MINUTE)
    counters = outside.counters()
    fills = int(counters["fills_sent"])
    assert counters["sold_amount_COLLATERAL"] == str(fills * 1_101)
    assert float(counters["keeper_profit_value"]) == pytest.approx(fills * 100, abs=0.01)


def test_an_asset_that_has_no_price_is_never_published():
    outside = world()
    path = path_from_points(Grid(0, MINUTE, 2), {"DEBT": [(0, WAD)]})
    feed = FeedRule(WAD // 200, 60 * MINUTE)
    depth = DepthTable(((1e12, 0.01),), MINUTE)
    rules = WorldRules(12 * SECOND, 0, (feed, feed), (depth, depth), KeeperRule(1, 0, WAD, WAD))
    outside = World(OPENING, path, rules, FixedSpreadView())
    rounds = [each for event in told(outside) if isinstance(event, BlockObserved) for each in event.rounds]
    assert {each.asset for each in rounds} == {0}
