"""The trigger book beside the full recompute and the integer rule, tick for tick, on books made to be unkind."""

import random

import numpy as np
import pytest
from benchmarks.synthetic_book import pool
from tests.deployments import lending_protocols
from tests.unit.monitor.books import account, held, owed, pairs
from tests.unit.monitor.planting import plant
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook

PROTOCOLS = (RoundedPool(), *lending_protocols())
CATEGORISED = ("rounded_pool", "aave_v3", "seawall")


class BothMonitors:
    """Two monitors on one deployment; each detect is compared with the other one and with the rule."""

    def __init__(self, deployment, protocol, line_ratio):
        self.deployment, self.protocol, self.line_ratio = deployment, protocol, line_ratio
        self.full = FullRecompute(deployment, protocol, line_ratio)
        self.book = TriggerBook(deployment, protocol, line_ratio)
        self.flips = 0

    def reprice(self, markets):
        self.full.reprice(markets)
        self.book.reprice(markets)

    def touch(self, row):
        self.full.touch(row)
        self.book.touch(row)

    def decide(self, answered=1.0, draw=random):
        expected, flagged = self.full.detect().tolist(), self.book.detect().tolist()
        assert flagged == sorted(set(flagged))
        assert set(flagged) <= set(expected), "the trigger book is less sure than the full recompute"
        only_full = set(expected) - set(flagged)
        for row in expected:
            decided = self.protocol.is_below(self.deployment, row, self.line_ratio)
            differs = decided != self.full.is_liquidatable(row)
            assert not (differs and row in only_full), f"row {row} is missed"
            if differs and draw.random() < answered:
                self.full.set_liquidatable([row], decided)
                self.book.set_liquidatable([row], decided)
                self.flips += 1

    def check_all(self):
        for row in range(self.deployment.book.account_count):
            assert self.full.is_liquidatable(row) == self.book.is_liquidatable(row)
            assert self.full.is_liquidatable(row) == self.protocol.is_below(self.deployment, row, self.line_ratio), row


def unkind_book(protocol, seed, line_ratio, lines=12):
    """Return accounts planted on the line, with dust beside huge balances, and a large group of one pair of assets."""
    draw = random.Random(seed)
    if protocol.accounts_are_per_market:
        deployment = pairs(draw)
    else:
        deployment = pool(draw, with_categories=protocol.name in CATEGORISED)
    plant(deployment, protocol, draw, lines, deployment.book.account_width, 9, line_ratio)
    book, width = deployment.book, deployment.book.account_width
    for number in range(500):
        market = draw.choice([0, 0, 0, 1, 4])
        suffix = market.to_bytes(2, "big") if width > 20 else b""
        row = book.add_account(account((1 << 40) + number, width - len(suffix)) + suffix)
        debt = market if width > 20 else draw.choice([2, 2, 6])
        worth = 10 ** draw.uniform(-3, 9)
        unit = [deployment.prices[deployment.markets[m].debt_asset] for m in (market, debt)]
        collateral_asset = deployment.markets[market].collateral_asset
        price = deployment.prices[collateral_asset]
        amount = max(1, int(worth * WAD / price * deployment.units[collateral_asset]))
        book.set_balance(row, held(market), min(amount, (1 << 127) - 1))
        debt_asset = deployment.markets[debt].debt_asset
        owes = max(1, int(worth * draw.uniform(0.3, 0.95) * WAD / unit[1] * deployment.units[debt_asset]))
        book.set_balance(row, owed(debt), min(owes * (10**6 if protocol.name == "morpho_blue" else 1), (1 << 127) - 1))
    if protocol.balances_move_indices:
        for market, state in enumerate(deployment.market_states):
            state.debt_amount = deployment.book.balance_totals[owed(market)] // 10**6 + 1
    return deployment, draw


def change_an_account(both, draw):
    deployment, protocol = both.deployment, both.protocol
    book = deployment.book
    row = draw.randrange(book.account_count)
    positions = book.positions(row)
    choice = draw.random()
    if positions and choice < 0.6:
        slot, balance = draw.choice(positions)
        factor = draw.choice([0, 0.5, 0.999, 1.0001, 1.1, 3])
        book.set_balance(row, slot, min(int(balance * factor), (1 << 127) - 1))
    elif choice < 0.8 and not protocol.accounts_are_per_market:
        book.set_balance(row, draw.randrange(16), draw.choice([1, 10**6, 10**18, (1 << 126) + 1]))
    elif choice < 0.9 and protocol.name in CATEGORISED:
        book.set_category(row, draw.choice([0, 1]))
    elif not protocol.accounts_are_per_market:
        row = book.add_account(account((1 << 50) + book.account_count))
        book.set_balance(row, held(0), 10**18)
        book.set_balance(row, owed(2), draw.randint(1, 3000) * 10**6)
    both.touch(row)
    if protocol.balances_move_indices:
        both.reprice(None)


def move_prices(both, draw):
    deployment = both.deployment
    kind = draw.random()
    assets = range(len(deployment.assets))
    chosen = [draw.choice(assets)] if kind < 0.3 else list(assets)
    reach = draw.choice([1e-5, 1e-3, 1e-2, 0.3]) if kind < 0.97 else 3.0
    for asset in chosen:
        price = deployment.prices[asset]
        if price is None:
            price = both.remembered[asset]
        deployment.prices[asset] = max(1, int(price * np.exp(draw.gauss(0.0, reach))))
    both.reprice(None if draw.random() < 0.5 or len(chosen) > 1 else [
        market for market, each in enumerate(deployment.markets)
        if chosen[0] in (each.collateral_asset, each.debt_asset)
    ])  # fmt: skip


def run(both, draw, steps):
    both.remembered = list(both.deployment.prices)
    start = list(both.deployment.prices)
    both.decide()
    for _ in range(steps):
        kind = draw.random()
        if kind < 0.6:
            move_prices(both, draw)
        elif kind < 0.65:
            both.deployment.prices[:] = start
            both.reprice(None)
        elif kind < 0.7:
            asset = draw.randrange(len(both.deployment.assets))
            both.remembered[asset] = both.deployment.prices[asset] or both.remembered[asset]
            both.deployment.prices[asset] = None
            both.reprice(None)
        if draw.random() < 0.4:
            for _ in range(draw.choice([1, 3, 40])):
                change_an_account(both, draw)
        if draw.random() < 0.5:
            assert both.book.maintain(count := draw.choice([1, 7, 100, 10_000])) <= count
        both.decide(answered=draw.choice([1.0, 1.0, 0.5]), draw=draw)
    both.remembered = [price or both.remembered[at] for at, price in enumerate(both.deployment.prices)]
    both.deployment.prices[:] = both.remembered
    both.reprice(None)
    both.decide()
    both.check_all()


@pytest.mark.parametrize("line_ratio", [WAD, 11 * 10**17 + 1], ids=["liquidation", "warning"])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.label)
def test_no_account_is_missed_through_moves_changes_and_maintenance(protocol, seed, line_ratio):
    deployment, draw = unkind_book(protocol, 100 + seed, line_ratio)
    both = BothMonitors(deployment, protocol, line_ratio)
    run(both, draw, steps=60)
    assert both.flips > 200
    assert both.book.columns.index.paired.lines.table.shape[0] > 0
