"""dYdX's accounts are watched on every line: whom the screen leaves alone, the chain's rule would not decide otherwise."""

import random

import msgspec
import pytest
from tests.unit.monitor.books import account
from tests.unit.monitor.contracts import ASSETS, CASH, PRICES, cash_at_line, drawn_offset, exchange, set_cash

from seawall.fixed import WAD
from seawall.ledger.market import MarginTier, RiskParameters, slot_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.pieces_monitor import PiecesMonitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

DYDX = protocol_named("dydx_v4")


def chain(draw):
    """The exchange of the other tests with contracts of one tier, also where an asset could be held."""
    deployment = exchange(draw, has_interest=False)
    for number, market in enumerate(deployment.markets):
        if number != CASH:
            initial, fraction = draw.choice([20_000, 100_000, 333_333]) * 10**12, draw.choice([60, 50, 20])
            deployment.markets[number] = msgspec.structs.replace(
                market,
                parameters=RiskParameters(0, 0, 0),
                margin_tiers=(MarginTier(0, initial * fraction // 100, initial),),
            )
    DYDX.check_markets(deployment.markets)
    return deployment


def add_account(deployment, draw, line_ratio):
    row = deployment.book.add_account(account(deployment.book.account_count))
    contracts = [number for number in range(len(ASSETS)) if number != CASH]
    for number in draw.sample(contracts, draw.choice([1, 1, 2, 3])):
        worth = 10 ** draw.uniform(-6, 7)
        balance = max(1, int(worth * WAD * deployment.units[number] / PRICES[number]))
        deployment.book.set_balance(row, slot_of(number, draw.randrange(2)), balance)
    set_cash(deployment, row, cash_at_line(deployment, row, DYDX, line_ratio) + drawn_offset(draw))
    return row


@pytest.mark.parametrize("line_ratio", [WAD, 15 * 10**17 + 1])
@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
def test_no_account_planted_around_its_line_is_missed(make, line_ratio):
    draw = random.Random(line_ratio)
    deployment = chain(draw)
    rows = [add_account(deployment, draw, line_ratio) for _ in range(500)]
    exact = [DYDX.is_below(deployment, row, line_ratio) for row in rows]
    assert 0.2 < sum(exact) / len(exact) < 0.8
    monitor = PiecesMonitor(make, deployment, DYDX, line_ratio)
    for recorded in ([], rows, [row for row in rows if exact[row]]):
        monitor.rebuild(recorded)
        flagged = set(monitor.detect().tolist())
        assert all(row in flagged or exact[row] == monitor.is_liquidatable(row) for row in rows)
    assert len(flagged) < 0.7 * len(rows)
