"""A debt that grows at its own rate: elapsed time is one more price, and no account is missed to the millisecond.

owed = D + D r t        D in the slot of the asset, D r in a slot whose price is the time that has passed
"""

import random

import pytest
from tests.unit.monitor.books import account, held, owed
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD, mul_div_down, mul_div_up
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, Market, MarketState, RiskParameters, market_of, side_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.protocol import Health, ScreenSlack
from seawall.rules.margin import health_factor_ratio

ETH, USD, CLOCK = range(3)
YEAR_MS = 31_536_000_000
THRESHOLD = 8 * WAD // 10


class OwnRates(RoundedPool):
    """One collateral, one debt; a balance of the clock is what its owner's debt grows by in a year, in base units."""

    def _debt_value_up(self, deployment, slot, balance):
        price, unit = deployment.prices[USD], deployment.units[USD]
        if market_of(slot) == CLOCK:
            balance = mul_div_up(balance, deployment.at, YEAR_MS)
        return mul_div_up(balance, price, unit)

    def margin_weight(self, deployment, slot, category):
        if side_of(slot) == DEBT:
            price = deployment.prices[USD]
            passed = (deployment.at, YEAR_MS) if market_of(slot) == CLOCK else (1, 1)
            return price * passed[0], deployment.units[USD] * passed[1]
        return deployment.prices[ETH] * THRESHOLD, deployment.units[ETH] * WAD

    def screen_slack(self, deployment):
        unit_value = deployment.prices[USD] // deployment.units[USD] + 1
        return ScreenSlack(0, 0, 0, 0, value=unit_value + 4)

    def health(self, deployment, row):
        weighted = debt = 0
        for slot, balance in deployment.book.positions(row):
            if side_of(slot) == DEBT:
                debt += self._debt_value_up(deployment, slot, balance)
            else:
                value = mul_div_down(balance, deployment.prices[ETH], deployment.units[ETH])
                weighted += mul_div_down(value, THRESHOLD, WAD)
        return Health(weighted, weighted, debt, health_factor_ratio(weighted, debt), weighted < debt)


@pytest.mark.parametrize("line_ratio", [WAD, 12 * 10**17])
@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
def test_time_alone_brings_accounts_below_their_lines_each_at_its_own_millisecond(make, line_ratio):
    draw = random.Random(4)
    risk = RiskParameters(0, THRESHOLD, 0)
    markets = tuple(Market(symbol, n, n, risk) for n, symbol in enumerate(("ETH", "USD", "CLOCK")))
    assets = tuple(Asset(symbol, decimals) for symbol, decimals in (("ETH", 18), ("USD", 6), ("CLOCK", 0)))
    deployment = Deployment(assets, markets, (MarketState(),) * 3, 20)
    deployment.prices[:] = 2000 * WAD, WAD, WAD
    protocol = OwnRates()
    rows = []
    for nth in range(150):
        rows.append(deployment.book.add_account(account(nth)))
        debt = draw.randint(10**6, 10**11)
        deployment.book.set_balance(rows[-1], owed(USD), debt)
        deployment.book.set_balance(rows[-1], owed(CLOCK), debt * draw.randint(5, 400) // 1000)
        ether = debt * draw.randint(126, 260) // 100 * line_ratio // 2000 // 10**6
        deployment.book.set_balance(rows[-1], held(ETH), ether)
    monitor = make(deployment, protocol, line_ratio)
    crossings = [crossing(deployment, protocol, row, line_ratio) for row in rows]
    assert sum(0 < at < 2 * YEAR_MS for at in crossings) > 30
    moments = sorted({0, *(at + step for at in crossings for step in (-1, 0, 1) if 0 < at < 2 * YEAR_MS)})
    for at in moments:
        deployment.at = at
        monitor.reprice([CLOCK])
        for row in monitor.detect().tolist():
            monitor.set_liquidatable([row], protocol.is_below(deployment, row, line_ratio))
        assert [monitor.is_liquidatable(row) for row in rows] == [at >= crossed for crossed in crossings]
        monitor.maintain(20)


def crossing(deployment, protocol, row, line_ratio):
    """Return the first millisecond at which the account is below the line, or a far one."""
    low, high = -1, 100 * YEAR_MS
    while high - low > 1:
        deployment.at = (low + high) // 2
        low, high = (low, deployment.at) if protocol.is_below(deployment, row, line_ratio) else (deployment.at, high)
    return high
