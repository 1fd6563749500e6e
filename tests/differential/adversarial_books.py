"""Books that are hard on exact arithmetic: balances up to 2**127, prices over twelve orders of magnitude and more, indices
up to a hundred, dust beside huge, and accounts whose health is near one whatever their size."""

import random

from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, MarketState, RiskParameters, slot_of
from seawall.protocols.protocol import Protocol

WIDTH = 20
BPS_RATIO = 10**14


def risk(draw: random.Random) -> RiskParameters:
    threshold_bps = draw.choice([0, 1, 4500, 8000, 9000, draw.randrange(9300)])
    bonus_bps = draw.choice([0, 100, 500, 700])
    fee_bps = draw.choice([0, 1000, 3333])
    return RiskParameters(0, threshold_bps * BPS_RATIO, bonus_bps * BPS_RATIO, fee_bps * BPS_RATIO)


def hard_pool(draw: random.Random, market_count: int = 8) -> Deployment:
    """Return a pool without accounts; roughly one price in twenty is unknown."""
    assets, markets, states, prices = [], [], [], []
    for at in range(market_count):
        decimals = draw.choice([0, 2, 6, 6, 8, 18, 18, 18])
        assets.append(Asset(f"A{at}", decimals))
        categories = {category: risk(draw) for category in (1, 7) if draw.random() < 0.4}
        markets.append(Market(f"A{at}", at, at, risk(draw), categories))
        indices = [draw.choice([RAY, RAY + draw.randrange(RAY), RAY * draw.randint(1, 100) + 1]) for _ in range(2)]
        states.append(MarketState(*indices))
        wad = int(10 ** draw.uniform(-6, 6) * WAD) + draw.randrange(WAD)
        prices.append(None if draw.random() < 0.05 else draw.choice([wad, wad, WAD, 10**10, 10**28]))
    deployment = Deployment(tuple(assets), tuple(markets), tuple(states), WIDTH)
    deployment.prices = prices
    return deployment


def add_hard_accounts(deployment: Deployment, protocol: Protocol, draw: random.Random, accounts: int) -> None:
    """Add accounts of one to six positions; most owe as much as their collateral lets them, give or take a unit."""
    book, market_count = deployment.book, len(deployment.markets)
    for number in range(accounts):
        row = book.add_account(number.to_bytes(WIDTH, "big"))
        book.set_category(row, draw.choice([0, 0, 1, 7, 200]))
        for market in draw.sample(range(market_count), draw.choice([1, 1, 1, 2, 3, 5])):
            book.set_balance(row, slot_of(market, 0), drawn_balance(draw))
        debts = draw.sample(range(market_count), draw.choice([0, 1, 1, 1, 1, 2, 3]))
        for market in debts[1:]:
            book.set_balance(row, slot_of(market, 1), drawn_balance(draw))
        if debts:
            book.set_balance(row, slot_of(debts[0], 1), balance_at_line(deployment, protocol, draw, row, debts[0]))


def drawn_balance(draw: random.Random) -> int:
    kind = draw.random()
    if kind < 0.2:
        return draw.randint(1, 9)
    if kind < 0.3:
        return BALANCE_MAX - draw.randrange(1 << draw.randrange(1, 126))
    return max(1, draw.getrandbits(draw.randint(1, 127)))


def balance_at_line(deployment: Deployment, protocol: Protocol, draw: random.Random, row: int, market: int) -> int:
    """Return a debt balance that brings the account to its line by the linear margin, or any where there is none."""
    category, margin = deployment.book.category_of(row), 0
    for slot, balance in deployment.book.positions(row):
        weight = protocol.margin_weight(deployment, slot, category)
        if weight is None:
            return drawn_balance(draw)
        value = balance * weight[0] * WAD // weight[1]
        margin += -value if slot & 1 else value
    weight = protocol.margin_weight(deployment, slot_of(market, 1), category)
    if weight is None or margin <= 0:
        return drawn_balance(draw)
    line = margin * weight[1] // (weight[0] * WAD)
    kind = draw.random()
    if kind < 0.5:
        line += draw.randint(-3, 3)
    elif kind < 0.9:
        line = line * draw.randint(900, 1300) // 1000
    return min(max(line, 1), BALANCE_MAX)
