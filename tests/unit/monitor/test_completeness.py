"""What the screen flags contains every account that the exact rule would decide otherwise than it is recorded."""

import random

import pytest
from benchmarks.synthetic_book import even_book, pool, risk
from tests.deployments import lending_protocols
from tests.unit.monitor.books import branches, pairs
from tests.unit.monitor.planting import plant
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.protocol import Protocol

LINES = 2000
POSITIONS_MAX = 16
WARNING = 1_100_000_000_000_000_001
PROTOCOLS = (RoundedPool(), *lending_protocols())
POOLED = [protocol for protocol in PROTOCOLS if not protocol.accounts_are_per_market]
WORTHLESS = 7
CATEGORISED = ("rounded_pool", "aave_v3", "seawall")


def drawn_deployment(protocol: Protocol, seed: int) -> Deployment:
    draw = random.Random(seed)
    if protocol.accounts_are_per_market:
        deployment = branches(draw) if protocol.has_backstop else pairs(draw)
    else:
        deployment = pool(draw, with_categories=protocol.name in CATEGORISED)
    if not protocol.accounts_are_per_market:
        # Collateral that secures nothing lies beside the rest, in one market and in one category.
        deployment.markets[WORTHLESS] = Market("LINK", WORTHLESS, WORTHLESS, risk(0))
    protocol.check_markets(deployment.markets)
    return deployment


@pytest.mark.parametrize("line_ratio", [WAD, WARNING], ids=["liquidation", "warning"])
@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.label)
def test_no_account_planted_within_the_slack_is_missed(protocol, make, line_ratio):
    deployment = drawn_deployment(protocol, seed=11)
    lines = LINES if line_ratio == WAD else LINES // 5
    planted = plant(
        deployment, protocol, random.Random(12), lines, deployment.book.account_width, POSITIONS_MAX, line_ratio
    )
    assert planted > 5.75 * lines
    rows = range(deployment.book.account_count)
    exact = [protocol.is_below(deployment, row, line_ratio) for row in rows]
    assert 0.2 < sum(exact) / len(exact) < 0.8
    monitor = make(deployment, protocol, line_ratio)

    flagged = set(monitor.detect().tolist())
    assert [row for row in rows if exact[row] and row not in flagged] == []

    monitor.rebuild(rows)
    flagged = set(monitor.detect().tolist())
    assert [row for row in rows if not exact[row] and row not in flagged] == []

    monitor.rebuild([row for row in rows if exact[row]])
    assert len(monitor.detect()) < len(exact)


@pytest.mark.parametrize("protocol", POOLED, ids=lambda protocol: protocol.label)
def test_an_ordinary_book_flags_almost_nothing(protocol):
    deployment = pool(random.Random(5), with_categories=False)
    deployment.book = even_book(deployment, 20_000, debtors=0.7, health=1.002)
    monitor = FullRecompute(deployment, protocol)
    assert len(monitor.detect()) <= 2


def test_a_smaller_slack_would_miss_accounts():
    class TooSure(RoundedPool):
        def screen_slack(self, deployment):
            slack = super().screen_slack(deployment)
            return type(slack)(0, 0, 0, 0, slack.value)

    protocol = TooSure()
    deployment = drawn_deployment(protocol, seed=11)
    plant(deployment, protocol, random.Random(12), 200, deployment.book.account_width, POSITIONS_MAX)
    flagged = set(FullRecompute(deployment, protocol).detect().tolist())
    missed = [
        row
        for row in range(deployment.book.account_count)
        if row not in flagged and protocol.is_liquidatable(deployment, row)
    ]
    assert missed, "the planted accounts do not reach into the slack"
