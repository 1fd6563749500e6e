"""Perpetual contracts for tests of the monitor: four of them beside cash and one more asset, and accounts of all of these by number."""

import random

from tests.unit.monitor.books import account

from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.protocols.protocol import Protocol

CASH, HAIRCUT = 2, 5
WIDTH = 20
ASSETS = (("BTC", 8, 60_000), ("ETH", 18, 2_500), ("USD", 6, 1), ("DOGE", 2, 0), ("SOL", 9, 150), ("STETH", 18, 2_400))
PRICES = [int(price * WAD) or 87 * 10**15 + 123 for _, _, price in ASSETS]


def tiers(draw: random.Random) -> tuple[MarginTier, ...]:
    floors = sorted({0, *(int(10 ** draw.uniform(2, 6) * WAD) for _ in range(draw.choice([0, 2, 4])))})
    ratio, made = draw.choice([5, 10, 15]) * 10**15, []
    for floor in floors:
        made.append(MarginTier(floor, ratio))
        ratio = ratio * draw.choice([3, 4, 5]) // 2 + draw.randrange(3)
    return tuple(made)


def exchange(draw: random.Random, *, has_interest: bool = True) -> Deployment:
    """Return an exchange without accounts; funding stands anywhere between minus and plus a twentieth of the price."""
    markets, states = [], []
    for number, (symbol, _, _) in enumerate(ASSETS):
        own = () if number in (CASH, HAIRCUT) else tiers(draw)
        threshold = {CASH: WAD, HAIRCUT: draw.choice([0, 75, 90]) * 10**16}.get(number, 0)
        markets.append(Market(symbol, number, number, RiskParameters(0, threshold, 2 * 10**15), margin_tiers=own))
        index = RAY + draw.randrange(RAY // 5) if has_interest and not own else RAY
        funding = int(PRICES[number] * draw.uniform(-0.05, 0.05)) if own else 0
        states.append(MarketState(collateral_index=index, debt_index=index + (index != RAY), funding_value=funding))
    deployment = Deployment(tuple(Asset(s, d) for s, d, _ in ASSETS), tuple(markets), tuple(states), WIDTH)
    deployment.prices = list(PRICES)
    return deployment


def add_account(deployment: Deployment, draw: random.Random, protocol: Protocol, line_ratio: int) -> int:
    """Add an account of one to three contracts, some with an asset held or owed, its cash so that it stands near a line."""
    book = deployment.book
    row = book.add_account(account(book.account_count))
    for number in draw.sample([0, 1, 3, 4], draw.choice([1, 1, 1, 2, 3])):
        lines = protocol.margin_tiers(deployment, slot_of(number, 0))
        worth = 10 ** draw.uniform(0, 7)
        if draw.random() < 0.4:
            # The notional value at, just below or just above the edge of a tier.
            worth = draw.choice(lines).floor_value / WAD or worth
        balance = int(worth * WAD * deployment.units[number] / (deployment.prices[number] or PRICES[number]))
        book.set_balance(
            row, slot_of(number, draw.randrange(2)), min(max(1, balance + draw.choice([-1, 0, 0, 1])), 1 << 100)
        )
    if draw.random() < 0.3:
        balance = int(10 ** draw.uniform(0, 6) * WAD * deployment.units[HAIRCUT] / PRICES[HAIRCUT])
        book.set_balance(row, slot_of(HAIRCUT, draw.randrange(2)), balance)
    set_cash(deployment, row, cash_at_line(deployment, row, protocol, line_ratio) + drawn_offset(draw))
    return row


def drawn_offset(draw: random.Random) -> int:
    return draw.choice(
        [-1, 0, 1, draw.randint(-5, 5), int(draw.lognormvariate(18, 4)), -int(draw.lognormvariate(14, 4))]
    )


def set_cash(deployment: Deployment, row: int, amount: int) -> None:
    """Let the account hold so many stored units of cash, or owe them."""
    deployment.book.set_balance(row, slot_of(CASH, 0), max(0, amount))
    deployment.book.set_balance(row, slot_of(CASH, 1), max(0, -amount))


def cash_at_line(deployment: Deployment, row: int, protocol: Protocol, line_ratio: int) -> int:
    """Return the least cash with which the account is not below the line."""
    if any(deployment.prices[slot >> 1] is None for slot, _ in deployment.book.positions(row)):
        return 0
    low, high = -(1 << 110), 1 << 110
    while high - low > 1:
        middle = (low + high) >> 1
        set_cash(deployment, row, middle)
        low, high = (middle, high) if protocol.is_below(deployment, row, line_ratio) else (low, middle)
    return high
