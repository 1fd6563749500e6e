"""What every monitor must do, whichever way it finds the accounts; and what the one-book monitor costs."""

import random

import numpy as np
import pytest
from benchmarks.synthetic_book import even_book, pool, risk
from tests.unit.monitor.books import account, held, owed
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.monitor import sized_monitor
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.monitor import ascending
from seawall.monitor.sized_monitor import SizedMonitor
from seawall.monitor.trigger_book import TriggerBook

ETH, BTC, USDC, GUSD = range(4)
MONITORS = [FullRecompute, TriggerBook, SizedMonitor]


@pytest.fixture(params=MONITORS)
def make(request, monkeypatch):
    monkeypatch.setattr(sized_monitor, "TRIGGERS_FROM", 2)
    return request.param


class Scene:
    """One pool, one monitor, accounts by number, and the loop that an engine makes of them."""

    def __init__(self, make):
        self.deployment = pool(random.Random(3))
        self.deployment.markets[BTC] = self.deployment.markets[ETH].__class__(
            "BTC", BTC, BTC, risk(7000), {1: risk(9000)}
        )
        self.protocol = RoundedPool()
        self.monitor = make(self.deployment, self.protocol)
        self.rows = {}

    def set(self, number, slot, whole, touched=True):
        """Set the balance worth `whole` units of account."""
        market = slot >> 1
        amount = int(whole * WAD / self.deployment.prices[market] * self.deployment.units[market])
        balance = self.protocol.balance_of(self.deployment, slot, amount)
        row = self.rows.get(number)
        if row is None:
            row = self.rows[number] = self.deployment.book.add_account(account(number))
        self.deployment.book.set_balance(row, slot, balance)
        if touched:
            self.monitor.touch(row)
        return row

    def borrower(self, number, collateral, debt, market=BTC):
        self.set(number, held(market), collateral)
        return self.set(number, owed(USDC), debt)

    def decide(self):
        """Screen, let the exact rule decide what is flagged, record it, and return the rows that changed."""
        flips = []
        for row in self.monitor.detect().tolist():
            decided = self.protocol.is_liquidatable(self.deployment, row)
            if decided != self.monitor.is_liquidatable(row):
                self.monitor.set_liquidatable([row], decided)
                flips.append(row)
        return flips

    def move(self, market, factor):
        self.deployment.prices[market] = int(self.deployment.prices[market] * factor)
        self.monitor.reprice([market])


@pytest.fixture
def scene(make):
    return Scene(make)


def test_an_empty_book_has_nobody_to_report(scene):
    assert scene.monitor.detect().tolist() == []


def test_an_account_is_reported_when_a_price_takes_it_below_the_line_and_when_one_brings_it_back(scene):
    row = scene.borrower(1, collateral=1000, debt=690)
    assert scene.monitor.detect().tolist() == []
    scene.move(BTC, 0.97)
    assert scene.monitor.detect().tolist() == [row]
    assert scene.decide() == [row]
    assert scene.monitor.is_liquidatable(row)
    assert scene.monitor.detect().tolist() == []
    scene.move(BTC, 1 / 0.97)
    assert scene.decide() == [row]
    assert not scene.monitor.is_liquidatable(row)
    assert scene.monitor.detect().tolist() == []


def test_a_price_takes_effect_only_when_it_is_told(scene):
    row = scene.borrower(1, collateral=1000, debt=690)
    assert scene.monitor.detect().tolist() == []
    scene.deployment.prices[BTC] //= 2
    assert scene.monitor.detect().tolist() == []
    scene.monitor.reprice(None)
    assert scene.monitor.detect().tolist() == [row]


def test_a_touched_account_is_read_again_and_others_are_not(scene):
    first, second = scene.borrower(1, 1000, 600), scene.borrower(2, 1000, 600)
    assert scene.monitor.detect().tolist() == []
    scene.set(2, owed(USDC), 800)
    scene.set(1, owed(USDC), 800, touched=False)
    assert scene.monitor.detect().tolist() == [second]
    scene.monitor.touch(first)
    assert scene.monitor.detect().tolist() == [first, second]


def test_an_account_may_be_touched_twice(scene):
    row = scene.borrower(1, 1000, 800)
    scene.monitor.touch(row)
    assert scene.monitor.detect().tolist() == [row]


def test_a_category_changes_the_weight(scene):
    row = scene.borrower(1, 1000, 800)
    assert scene.monitor.detect().tolist() == [row]
    scene.deployment.book.set_category(row, 1)
    scene.monitor.touch(row)
    assert scene.monitor.detect().tolist() == []


def test_risk_parameters_take_effect_with_reprice(scene):
    row = scene.borrower(1, 1000, 690)
    assert scene.monitor.detect().tolist() == []
    scene.deployment.markets[BTC] = scene.deployment.markets[BTC].__class__("BTC", BTC, BTC, risk(6000))
    scene.monitor.reprice([BTC])
    assert scene.monitor.detect().tolist() == [row]


def test_an_index_takes_effect_with_reprice(scene):
    row = scene.borrower(1, 1000, 690)
    assert scene.monitor.detect().tolist() == []
    state = scene.deployment.market_states[USDC]
    state.debt_index += state.debt_index // 10
    scene.monitor.reprice([USDC])
    assert scene.decide() == [row]


def test_an_unknown_price_sends_every_account_that_needs_it_to_the_rule_whatever_its_status(scene):
    healthy, below = scene.borrower(1, 1000, 600), scene.borrower(2, 1000, 800)
    other = scene.borrower(3, 1000, 300, market=ETH)
    scene.decide()
    price = scene.deployment.prices[BTC]
    scene.deployment.prices[BTC] = None
    scene.monitor.reprice([BTC])
    assert scene.monitor.detect().tolist() == [healthy, below]
    scene.deployment.prices[BTC] = price
    scene.monitor.reprice([BTC])
    assert scene.monitor.detect().tolist() == []
    assert other not in (healthy, below)


def test_accounts_of_one_pair_are_decided_while_a_price_is_nothing_and_after(scene):
    rows = [scene.borrower(number, 1000, 5 * number, market=ETH) for number in range(1, 150)]
    scene.decide()
    prices = list(scene.deployment.prices)
    for market, price in ((ETH, 0), (USDC, 0), (ETH, prices[ETH]), (USDC, prices[USDC])):
        scene.deployment.prices[market] = price
        scene.monitor.reprice([market])
        scene.decide()
        for row in rows:
            assert scene.monitor.is_liquidatable(row) == scene.protocol.is_liquidatable(scene.deployment, row)


def test_without_debt_nobody_is_reported_even_at_an_unknown_price(scene):
    scene.set(1, held(BTC), 1000)
    scene.deployment.prices[BTC] = None
    scene.monitor.reprice(None)
    assert scene.monitor.detect().tolist() == []


@pytest.mark.parametrize("collateral_left", [500, 0])
def test_a_liquidatable_account_whose_debt_is_gone_is_reported_until_it_is_recorded_healthy(scene, collateral_left):
    row = scene.borrower(1, 1000, 800)
    assert scene.decide() == [row]
    scene.set(1, owed(USDC), 0)
    scene.set(1, held(BTC), collateral_left)
    assert scene.monitor.detect().tolist() == [row]
    assert scene.decide() == [row]
    assert scene.monitor.detect().tolist() == []


def test_debt_without_collateral_is_certain_once_recorded(scene):
    row = scene.set(1, owed(USDC), 100)
    assert scene.decide() == [row]
    assert scene.monitor.detect().tolist() == []


def test_rebuild_watches_the_book_as_it_stands_with_the_given_statuses(scene):
    rows = [scene.borrower(number, 1000, debt) for number, debt in enumerate((600, 800, 690, 900))]
    scene.monitor.rebuild([rows[1], rows[3]])
    assert [scene.monitor.is_liquidatable(row) for row in rows] == [False, True, False, True]
    assert scene.monitor.detect().tolist() == []
    scene.monitor.rebuild([rows[0]])
    assert scene.monitor.detect().tolist() == [rows[0], rows[1], rows[3]]


def test_rows_come_ascending(scene):
    rows = [scene.borrower(number, 1000 + number, 900) for number in range(50)]
    scene.set(7, held(ETH), 1)
    assert scene.monitor.detect().tolist() == rows


def test_a_growing_changing_book_gives_what_a_rebuilt_monitor_gives(scene, make):
    draw = random.Random(9)
    for _ in range(60):
        for _ in range(draw.randint(1, 40)):
            number = draw.randint(0, 400)
            if draw.random() < 0.7:
                scene.set(number, draw.choice([held, owed])(draw.randrange(8)), draw.choice([0, 3, 100, 1000]))
            elif number in scene.rows:
                scene.deployment.book.set_category(scene.rows[number], draw.choice([0, 1]))
                scene.monitor.touch(scene.rows[number])
        if draw.random() < 0.5:
            scene.move(draw.randrange(8), draw.uniform(0.8, 1.2))
        again = make(scene.deployment, scene.protocol)
        again.rebuild([row for row in scene.rows.values() if scene.monitor.is_liquidatable(row)])
        assert scene.monitor.detect().tolist() == again.detect().tolist()
        scene.decide()
        for row in scene.rows.values():
            assert scene.monitor.is_liquidatable(row) == scene.protocol.is_liquidatable(scene.deployment, row)
    assert len(scene.rows) > 300


def test_many_statuses_at_once_are_the_same_as_one_by_one(make):
    scene, other = Scene(make), Scene(make)
    draw = random.Random(8)
    for each in (scene, other):
        for number in range(300):
            each.borrower(number, 1000, 600 + number)
        each.monitor.detect()
    rows = np.array(sorted(scene.rows.values()))
    for is_liquidatable in (True, False, True):
        chosen = np.array(draw.sample(rows.tolist(), 200))
        scene.monitor.set_liquidatable(chosen, is_liquidatable)
        for row in chosen.tolist():
            other.monitor.set_liquidatable([row], is_liquidatable)
        recorded = [other.monitor.is_liquidatable(row) for row in rows.tolist()]
        assert scene.monitor.are_liquidatable(rows).tolist() == recorded
        assert scene.monitor.detect().tolist() == other.monitor.detect().tolist()
        for each in (scene, other):
            each.move(BTC, 1.03 if is_liquidatable else 0.95)
        assert scene.monitor.detect().tolist() == other.monitor.detect().tolist()


def test_only_the_repriced_markets_are_asked_for_their_weights():
    scene = Scene(FullRecompute)
    for number in range(30):
        scene.borrower(number, 1000, 600)
    scene.monitor.detect()
    scene.protocol.weights_asked = 0
    scene.monitor.reprice([BTC])
    scene.monitor.detect()
    assert scene.protocol.weights_asked == 1


def test_book_and_monitor_take_at_most_160_bytes_an_account_of_2_3_positions():
    deployment = pool(random.Random(1))
    deployment.book = even_book(deployment, 100_000, debtors=0.715, health=1.001)
    assert 2.25 < deployment.book.position_capacity / 100_000 < 2.35
    monitor = FullRecompute(deployment, RoundedPool())
    assert (deployment.book.nbytes + monitor.nbytes) / 100_000 <= 160


def test_a_book_grown_account_by_account_stays_within_160_bytes_too():
    deployment = pool(random.Random(1))
    made = even_book(deployment, 30_000, debtors=0.715, health=1.001)
    monitor = FullRecompute(deployment, RoundedPool())
    for row in range(made.account_count):
        deployment.book.add_account(made.account_at(row))
        for slot, balance in made.positions(row):
            deployment.book.set_balance(row, slot, balance)
        monitor.touch(row)
        if row % 300 == 0:
            monitor.detect()
    assert monitor.detect().tolist() == []
    assert (deployment.book.nbytes + monitor.nbytes) / made.account_count <= 160


def test_a_line_above_the_line_of_liquidation_is_crossed_before_it_exactly_where_the_health_factor_says(make):
    scene = Scene(make)
    warner = make(scene.deployment, scene.protocol, 11 * 10**17)
    rows = [scene.borrower(number, 1000, 500 + number, market=ETH) for number in range(200)]
    for row in rows:
        warner.touch(row)
    between = 0
    for factor in (1.0, 0.93, 0.97, 1.1, 0.5, 1.9):
        scene.move(ETH, factor)
        scene.decide()
        warner.reprice([ETH])
        for row in warner.detect().tolist():
            warner.set_liquidatable([row], scene.protocol.is_below(scene.deployment, row, 11 * 10**17))
        for row in rows:
            factor_ratio = scene.protocol.health(scene.deployment, row).health_factor_ratio
            assert warner.is_liquidatable(row) == (factor_ratio < 11 * 10**17)
            assert scene.monitor.is_liquidatable(row) == (factor_ratio < WAD)
            between += warner.is_liquidatable(row) and not scene.monitor.is_liquidatable(row)
    assert between > 20


@pytest.mark.parametrize("make_monitor", MONITORS)
def test_a_line_below_the_line_of_liquidation_is_none(make_monitor):
    with pytest.raises(AssertionError):
        make_monitor(pool(random.Random(3)), RoundedPool(), WAD - 1)


@pytest.mark.parametrize("count", [0, 1, 1024, 1025, 5000])
def test_few_rows_and_many_come_in_ascending_order(count):
    rows = np.random.default_rng(count).permutation(5000)[:count].astype(np.int32)
    put_in_order = ascending(rows, 5000)
    assert put_in_order.tolist() == sorted(rows.tolist())
    assert put_in_order.dtype == np.int64
