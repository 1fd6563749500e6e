"""What the tests of the monitor start from: the synthetic pool, isolated pairs, and accounts by number."""

import random

from benchmarks.synthetic_book import ASSETS, WIDTH, risk

from seawall.fixed import BPS, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, MarketState, RiskParameters, slot_of


def account(number: int, width: int = WIDTH) -> bytes:
    return number.to_bytes(width, "big")


def owed(market: int) -> int:
    return slot_of(market, 1)


def held(market: int) -> int:
    return slot_of(market, 0)


def pairs(draw: random.Random) -> Deployment:
    """Return isolated pairs of all assets; totals of shares stand at about a million a unit."""
    markets, states = [], []
    for at in range(len(ASSETS)):
        debt = (at + 1 + draw.randrange(len(ASSETS) - 1)) % len(ASSETS)
        markets.append(
            Market(f"{ASSETS[at][0]}/{ASSETS[debt][0]}", at, debt, risk(draw.randint(4500, 9400), bonus_bps=0))
        )
        states.append(MarketState())
    deployment = Deployment(tuple(Asset(s, d) for s, d, _ in ASSETS), tuple(markets), tuple(states), WIDTH + 2)
    deployment.prices = [price for _, _, price in ASSETS]
    return deployment


def branches(draw: random.Random) -> Deployment:
    """Return a market of each asset but the first, which all of them lend, with minimum ratios in whole basis points."""
    markets = []
    for at in range(1, len(ASSETS)):
        threshold = WAD * BPS // draw.randint(10_500, 20_000)
        parameters = RiskParameters(threshold, threshold, 5 * WAD // 100, WAD // 10)
        markets.append(Market(f"{ASSETS[at][0]}/{ASSETS[0][0]}", at, 0, parameters))
    states = tuple(MarketState() for _ in markets)
    deployment = Deployment(tuple(Asset(s, d) for s, d, _ in ASSETS), tuple(markets), states, WIDTH + 2)
    deployment.prices = [price for _, _, price in ASSETS]
    return deployment
