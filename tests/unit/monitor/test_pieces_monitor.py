"""Perpetual accounts in tiers are watched on every line: whom the screen leaves alone, the integer rule would not decide otherwise."""

import random

import pytest
from tests.unit.monitor.books import account
from tests.unit.monitor.contracts import CASH, PRICES, add_account, cash_at_line, exchange, set_cash

from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.book import POSITIONS_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.pieces_monitor import PiecesMonitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Health, ScreenSlack

PERPETUAL = protocol_named("perpetual")

LINES = [WAD, 11 * 10**17 + 1, 3 * WAD]
MAKERS = [FullRecompute, TriggerBook]


def wrong(deployment, monitor, line_ratio):
    """Return the rows that the rule would decide otherwise than they are recorded and that are not reported."""
    flagged = set(monitor.detect().tolist())
    return [
        row
        for row in range(deployment.book.account_count)
        if row not in flagged and PERPETUAL.is_below(deployment, row, line_ratio) != monitor.is_liquidatable(row)
    ]


@pytest.mark.parametrize("line_ratio", LINES)
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("seed", range(3))
def test_no_account_planted_within_a_unit_of_its_line_is_missed(make, line_ratio, seed):
    draw = random.Random(seed)
    deployment = exchange(draw)
    PERPETUAL.check_markets(deployment.markets)
    rows = [add_account(deployment, draw, PERPETUAL, line_ratio) for _ in range(700)]
    exact = [PERPETUAL.is_below(deployment, row, line_ratio) for row in rows]
    assert 0.2 < sum(exact) / len(exact) < 0.8
    monitor = PiecesMonitor(make, deployment, PERPETUAL, line_ratio)
    assert wrong(deployment, monitor, line_ratio) == []
    monitor.rebuild(rows)
    assert wrong(deployment, monitor, line_ratio) == []
    monitor.rebuild([row for row in rows if exact[row]])
    assert len(monitor.detect().tolist()) < 0.6 * len(rows)


def one_contract(tiers, price=100 * WAD, funding=0):
    markets = (
        Market("X", 0, 0, RiskParameters(0, 0, 10**15), margin_tiers=tiers),
        Market("USD", 1, 1, RiskParameters(0, WAD, 0)),
    )
    assets = (Asset("X", 4), Asset("USD", 6))
    deployment = Deployment(assets, markets, (MarketState(funding_value=funding), MarketState()), 20)
    deployment.prices = [price, WAD]
    return deployment


TIERS = (MarginTier(0, 10**16), MarginTier(1000 * WAD, 25 * 10**15), MarginTier(50_000 * WAD, 10**17 + 1))


@pytest.mark.parametrize("line_ratio", LINES)
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("edge", [1, 2])
def test_at_each_edge_the_rule_and_the_monitor_agree_to_the_unit_on_either_side(make, side, edge, line_ratio):
    """Prices one unit around the edge; accounts whose cash lies within a unit of their line at that very price."""
    balance = 37 * 10**4
    edge_price = -(-TIERS[edge].floor_value * 10**4 // balance)
    for step in (-2, -1, 0, 1, 2):
        deployment = one_contract(TIERS)
        monitor = PiecesMonitor(make, deployment, PERPETUAL, line_ratio)
        rows = []
        for nth, offset in enumerate((-2, -1, 0, 1, 2)):
            rows.append(deployment.book.add_account(account(nth)))
            deployment.book.set_balance(rows[-1], slot_of(0, side), balance)
            deployment.prices[0] = edge_price + step
            set_markets_cash(deployment, rows[-1], line_ratio, offset)
            monitor.touch(rows[-1])
        for price in (edge_price // 2, edge_price + step, edge_price * 3, edge_price + step):
            deployment.prices[0] = price
            monitor.reprice([0])
            assert wrong(deployment, monitor, line_ratio) == []
            for row in monitor.detect().tolist():
                monitor.set_liquidatable([row], PERPETUAL.is_below(deployment, row, line_ratio))
        assert len({monitor.is_liquidatable(row) for row in rows}) == 2


def set_markets_cash(deployment, row, line_ratio, offset):
    low, high = -(1 << 90), 1 << 90
    while high - low > 1:
        middle = (low + high) >> 1
        for side, amount in ((0, middle), (1, -middle)):
            deployment.book.set_balance(row, slot_of(1, side), max(0, amount))
        low, high = (middle, high) if PERPETUAL.is_below(deployment, row, line_ratio) else (low, middle)
    for side, amount in ((0, high + offset), (1, -high - offset)):
        deployment.book.set_balance(row, slot_of(1, side), max(0, amount))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("funding", [99 * WAD, 100 * WAD, 101 * WAD, 250 * WAD, -250 * WAD])
def test_weights_that_funding_made_zero_or_negative_are_asked_and_never_missed(make, funding):
    deployment = one_contract(TIERS, funding=funding)
    monitor = PiecesMonitor(make, deployment, PERPETUAL)
    for nth in range(80):
        row = deployment.book.add_account(account(nth))
        deployment.book.set_balance(row, slot_of(0, nth % 2), 10**4 * (1 + nth // 2))
        set_markets_cash(deployment, row, WAD, nth % 5 - 2)
        monitor.touch(row)
    for price in (100 * WAD, 101 * WAD, 260 * WAD, 99 * WAD, 1):
        deployment.prices[0] = price
        monitor.reprice([0])
        assert wrong(deployment, monitor, WAD) == []
        for row in monitor.detect().tolist():
            monitor.set_liquidatable([row], PERPETUAL.is_liquidatable(deployment, row))
        monitor.maintain(100)
        assert wrong(deployment, monitor, WAD) == []


@pytest.mark.parametrize("make", MAKERS)
def test_an_unlevered_long_that_owes_nothing_is_watched(make):
    deployment = one_contract(TIERS, funding=90 * WAD)
    monitor = PiecesMonitor(make, deployment, PERPETUAL)
    row = deployment.book.add_account(account(1))
    deployment.book.set_balance(row, slot_of(0, 0), 10**4)
    monitor.touch(row)
    assert monitor.detect().tolist() == []
    deployment.prices[0] = 85 * WAD
    monitor.reprice([0])
    assert PERPETUAL.is_liquidatable(deployment, row)
    assert monitor.detect().tolist() == [row]


@pytest.mark.parametrize("make", MAKERS)
def test_an_unknown_price_is_never_safe_and_its_tier_is_read_again_when_it_is_known(make):
    deployment = one_contract(TIERS)
    monitor = PiecesMonitor(make, deployment, PERPETUAL)
    row = deployment.book.add_account(account(1))
    deployment.book.set_balance(row, slot_of(0, 1), 100 * 10**4)
    deployment.book.set_balance(row, slot_of(1, 0), 30_000 * 10**6)
    deployment.prices[0] = None
    monitor.touch(row)
    assert monitor.detect().tolist() == [row]
    for price, is_below in ((100, False), (250, False), (290, False), (294, True), (900, True), (250, False)):
        deployment.prices[0] = price * WAD
        monitor.reprice(None)
        assert PERPETUAL.is_liquidatable(deployment, row) == is_below
        assert wrong(deployment, monitor, WAD) == []
        for found in monitor.detect().tolist():
            monitor.set_liquidatable([found], is_below)
        assert monitor.is_liquidatable(row) == is_below


@pytest.mark.parametrize("make", MAKERS)
def test_an_account_with_more_pieces_than_fit_is_always_asked(make):
    count = POSITIONS_MAX
    markets = [Market(f"X{n}", n, n, RiskParameters(0, 0, 1), margin_tiers=TIERS) for n in range(count)]
    markets.append(Market("USD", count, count, RiskParameters(0, 0, 0)))
    assets = tuple(Asset(market.symbol, 2) for market in markets)
    deployment = Deployment(assets, tuple(markets), tuple(MarketState() for _ in markets), 20)
    deployment.prices = [WAD] * len(markets)
    rows = [deployment.book.add_account(account(nth)) for nth in range(2)]
    for number in range(count):
        deployment.book.set_balance(rows[0], slot_of(number, 0), 2000 * 10**2)
    deployment.book.set_balance(rows[1], slot_of(0, 0), 2000 * 10**2)
    monitor = PiecesMonitor(make, deployment, PERPETUAL)
    assert monitor.detect().tolist() == [rows[0]]
    deployment.book.set_balance(rows[0], slot_of(7, 0), 0)
    deployment.book.set_balance(rows[0], slot_of(8, 0), 0)
    monitor.touch(rows[0])
    assert monitor.detect().tolist() == []


def move_anything(deployment, draw):
    """Move prices, funding, interest; return the markets that moved, or None for all."""
    market = draw.randrange(len(deployment.markets))
    kind = draw.random()
    if kind < 0.1:
        deployment.prices[market] = None
    elif kind < 0.3:
        deployment.prices[market] = PRICES[market]
    elif kind < 0.7:
        reach = draw.choice([1e-6, 1e-3, 0.05, 1.0])
        deployment.prices[market] = max(
            1,
            int(
                (deployment.prices[market] or PRICES[market]) * (1 + draw.gauss(0, reach) ** 2 * draw.choice([-0.5, 1]))
            ),
        )
    elif kind < 0.85:
        deployment.market_states[market].funding_value += int(PRICES[market] * draw.gauss(0, 0.01)) * (market != CASH)
    else:
        state = deployment.market_states[CASH]
        state.debt_index += state.debt_index // 10_000
        return None
    return [market]


@pytest.mark.parametrize("line_ratio", LINES[:2])
@pytest.mark.parametrize("seed", range(4))
def test_both_monitors_and_the_rule_agree_through_prices_funding_trades_and_maintenance(seed, line_ratio):
    draw = random.Random(seed)
    deployment = exchange(draw, has_interest=seed % 2 == 0)
    full, book = (PiecesMonitor(make, deployment, PERPETUAL, line_ratio) for make in MAKERS)
    flips = 0
    for _ in range(120):
        for _ in range(draw.choice([0, 2, 30])):
            row = (
                draw.randrange(deployment.book.account_count)
                if draw.random() < 0.5 and deployment.book.account_count
                else None
            )
            if row is None:
                row = add_account(deployment, draw, PERPETUAL, line_ratio)
            else:
                slot = slot_of(draw.choice([0, 1, 3, 4]), draw.randrange(2))
                held = deployment.book.balance(row, slot)
                deployment.book.set_balance(
                    row, slot, draw.choice([0, held // 2, min(held * 3, 1 << 100), held + 10**6])
                )
                set_cash(deployment, row, cash_at_line(deployment, row, PERPETUAL, line_ratio) + draw.randint(-2, 2))
            full.touch(row)
            book.touch(row)
        moved = move_anything(deployment, draw)
        full.reprice(moved)
        book.reprice(moved)
        book.maintain(draw.choice([0, 10, 1000]) + 1)
        expected, flagged = full.detect().tolist(), book.detect().tolist()
        assert set(flagged) <= set(expected)
        assert wrong(deployment, book, line_ratio) == wrong(deployment, full, line_ratio) == []
        for row in expected:
            if isinstance(PERPETUAL.health(deployment, row), Health):
                decided = PERPETUAL.is_below(deployment, row, line_ratio)
                if decided != full.is_liquidatable(row):
                    assert row in flagged
                    flips += 1
                    full.set_liquidatable([row], decided)
                    book.set_liquidatable([row], decided)
    assert flips > 100


def dust_missed(make, line_ratio, screen_slack=None):
    """Return how many dust accounts, within three units of their line, are missed; their roundings are all that decides."""
    draw = random.Random(5)
    missed = 0
    for _ in range(60):
        tiers = (MarginTier(0, 10**16 + draw.randrange(10**15)), MarginTier(draw.randint(1, 300), 9 * 10**16 + 1))
        deployment = one_contract(tiers, funding=draw.randint(-(10**17), 10**17))
        deployment.units[:] = 10 ** draw.choice([17, 18, 19]), 10**18
        deployment.prices[:] = draw.randint(10**17, 3 * 10**18), draw.choice([WAD, WAD + 1, 99 * 10**16])
        deployment.market_states[1].debt_index += draw.choice([0, 10**26])
        for nth in range(25):
            row = deployment.book.add_account(account(nth))
            for side in draw.choice([(0,), (1,), (0, 1)]):
                deployment.book.set_balance(row, slot_of(0, side), draw.randint(1, 3000))
            set_markets_cash(deployment, row, line_ratio, draw.randint(-3, 3))
        monitor = PiecesMonitor(make, deployment, PERPETUAL, line_ratio)
        if screen_slack is not None:
            monitor.pieces.screen_slack = lambda _: screen_slack
        for recorded in ((), range(deployment.book.account_count)):
            monitor.rebuild(recorded)
            missed += len(wrong(deployment, monitor, line_ratio))
    return missed


@pytest.mark.parametrize("line_ratio", LINES)
@pytest.mark.parametrize("make", MAKERS)
def test_no_dust_is_missed_whose_roundings_are_all_that_decides(make, line_ratio):
    assert dust_missed(make, line_ratio) == 0


def test_without_the_slack_dust_would_be_missed():
    assert dust_missed(FullRecompute, WAD, ScreenSlack(0, 0, 0, 0, 0)) > 5
