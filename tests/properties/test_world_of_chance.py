"""What must be true of every path, feed, depth and world, whatever the seed."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.world.test_world import told, world

from seawall.fixed import WAD
from seawall.world.depth import Depth, DepthTable
from seawall.world.dice import Dice
from seawall.world.oracle_feed import FeedRule, publications
from seawall.world.price_path import Grid, reconstructed_prices

PRICES = st.integers(10**10, 10**24).map(lambda quanta: quanta // 10**10 * 10**10)
SEEDS = st.integers(0, 2**32)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, 39), PRICES, max_size=6), PRICES, PRICES, SEEDS, st.floats(0, 20))
def test_a_bridge_hits_its_anchors(inner, first, last, seed, volatility):
    anchors = sorted((inner | {0: first, 40: last}).items())
    prices = reconstructed_prices(Grid(0, 1, 41), "ETH", anchors, volatility, Dice(seed, "price"))
    assert len(prices) == 41
    assert all(prices[tick] == price for tick, price in anchors)
    assert min(prices) > 0


@settings(max_examples=30, deadline=None)
@given(PRICES, PRICES, PRICES, SEEDS)
def test_an_anchor_changes_nothing_beyond_its_neighbours(first, middle, last, seed):
    def prices(at_20):
        anchors = [(0, first), (10, middle), (20, at_20), (40, last)]
        return reconstructed_prices(Grid(0, 1, 41), "ETH", anchors, 5.0, Dice(seed, "price"))

    assert prices(first)[:11] == prices(last)[:11]


@settings(max_examples=60, deadline=None)
@given(st.lists(PRICES, min_size=1, max_size=60), st.integers(0, WAD), st.integers(1, 500))
def test_a_feed_is_never_silent_beyond_its_heartbeat_nor_off_by_its_deviation(prices, deviation, heartbeat):
    grid = Grid(1_000, 60, len(prices))
    published = publications(grid, prices, FeedRule(deviation, heartbeat))
    times = [each.observed_at for each in published] + [grid.end_at + 60]
    ticks_of_heartbeat = -(-heartbeat // 60) * 60
    assert all(
        after - before <= ticks_of_heartbeat or after > grid.end_at for before, after in itertools.pairwise(times)
    )
    standing = dict(published)
    last = prices[0]
    for tick, price in enumerate(prices):
        last = standing.get(grid.at(tick), last)
        assert price == last or abs(price - last) * WAD < deviation * last


SALES = st.lists(st.floats(0, 1e7), min_size=1, max_size=8)
TABLES = st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 0.1)), min_size=1, max_size=5).map(
    lambda steps: DepthTable(
        tuple(
            zip(
                itertools.accumulate(step for step, _ in steps),
                itertools.accumulate(rise for _, rise in steps),
                strict=True,
            )
        ),
        half_life_ms=1_000,
        impact_max_f64=0.9,
    )
)


@settings(max_examples=80, deadline=None)
@given(TABLES, SALES)
def test_a_sale_brings_the_same_in_one_piece_or_in_many(table, sales):
    whole, parts = Depth(table), Depth(table)
    in_parts = sum(parts.sell_f64(5, 1, sale) for sale in sales)
    at_once = whole.sell_f64(5, len(sales), sum(sales))
    assert abs(at_once - in_parts) <= 1e-9 * (1 + sum(sales))
    assert (whole.sold_amount, len(sales)) == (parts.sold_amount, parts.sold_amount)


@settings(max_examples=80, deadline=None)
@given(TABLES, st.floats(0, 1e7), st.floats(0, 1e7), st.floats(0, 1e7))
def test_more_sold_brings_more_but_ever_less_a_unit_and_never_its_whole_value(table, pressure, less, more):
    depth = Depth(table)
    slack = 1e-9 * (1 + pressure + less + more)
    first, both = depth.proceeds_from_f64(pressure, less), depth.proceeds_from_f64(pressure, less + more)
    assert -slack <= first <= less + slack
    assert both >= first - slack
    assert both - first <= depth.proceeds_from_f64(pressure, more) + slack
    assert depth.proceeds_from_f64(pressure, more) >= (1 - table.impact_max_f64) * more - slack


@settings(max_examples=30, deadline=None)
@given(TABLES, st.floats(0, 1e7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_depth_recovers_with_time_alone(table, sale, sooner, later):
    depth = Depth(table)
    depth.sell_f64(0, 1, sale)
    sooner, later = sorted((sooner, later))
    assert sale >= depth.pressure_f64(sooner) >= depth.pressure_f64(later) >= 0


PATHS = st.lists(st.integers(WAD // 4, 2 * WAD), min_size=5, max_size=5).map(tuple)


@settings(max_examples=25, deadline=None)
@given(PATHS, st.integers(0, 4 * 60_000), st.integers(0, 60_000))
def test_the_same_world_says_the_same_again(path, orders_at, delay):
    first, second = (world(collateral=path, delay=delay, settling=120_000) for _ in range(2))
    assert told(first, orders_at) == told(second, orders_at)
    assert first.counters() == second.counters()


@settings(max_examples=25, deadline=None)
@given(PATHS, st.integers(0, 60_000), st.integers(0, 120_000), st.integers(1, 4))
def test_other_keepers_meet_the_same_rounds(path, delay, reaction, count):
    def rounds(outside):
        events = told(outside, orders_at=0)
        return [(event.at, event.rounds) for event in events if getattr(event, "rounds", ())]

    usual = world(collateral=path, delay=delay)
    other = world(collateral=path, delay=delay, count=count, reaction=reaction, least_profit=1)
    assert rounds(usual) == rounds(other)
