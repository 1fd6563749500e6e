"""A synthetic pool and its book, drawn from a seed: what benchmarks measure on and tests of the monitor start from."""

import random

import numpy as np

from seawall.fixed import BPS, RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.book import Book
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, MarketState, RiskParameters

WIDTH = 20
ASSETS = (
    ("ETH", 18, 1_873_412_345_678_901_234_567),
    ("BTC", 8, 27_123_456_789_012_345_678_901),
    ("USDC", 6, 999_912_345_678_901_234),
    ("GUSD", 2, 1_000_100_000_000_000_000),
    ("PEPE", 18, 1_234_567_890_123),
    ("GOLD", 4, 1_951_230_000_000_000_000_000),
    ("DAI", 18, 1_000_000_000_000_000_000),
    ("LINK", 18, 6_512_345_678_901_234_567),
)


def risk(threshold_bps: int, bonus_bps: int = 500) -> RiskParameters:
    """Return risk parameters with a close factor of a half."""
    bps = WAD // BPS
    return RiskParameters(
        max_loan_to_value_ratio=max(0, threshold_bps - 200) * bps,
        liquidation_threshold_ratio=threshold_bps * bps,
        liquidation_bonus_ratio=bonus_bps * bps,
        liquidation_fee_ratio=0,
        close_factor_ratio=WAD // 2,
    )


def pool(draw: random.Random, market_count: int = len(ASSETS), with_categories: bool = True) -> Deployment:
    """Return a pool of assets with drawn thresholds and indices, and category 1 with higher thresholds."""
    drawn = [ASSETS[at % len(ASSETS)] for at in range(market_count)]
    markets = []
    for at, (symbol, _, _) in enumerate(drawn):
        threshold_bps = draw.randint(4500, 8600)
        categories = {1: risk(threshold_bps + draw.randint(1, 380))} if with_categories and at % 2 else {}
        markets.append(Market(symbol, at, at, risk(threshold_bps), categories))
    states = tuple(
        MarketState(RAY + draw.randrange(RAY), RAY + draw.randrange(RAY)) if at else MarketState()
        for at in range(market_count)
    )
    deployment = Deployment(tuple(Asset(s, d) for s, d, _ in drawn), tuple(markets), states, WIDTH)
    deployment.prices = [price for _, _, price in drawn]
    return deployment


def even_book(
    deployment: Deployment, accounts: int, debtors: float, health: float, positions: float = 2.3, seed: int = 1
) -> Book:
    """Return a book of `accounts`, `positions` each in the mean, whose debtors' health factors are above `health`.

    Everyone has collateral in one to four markets; the share `debtors` owes in the next one.
    """
    dice = np.random.default_rng(seed)
    market_count = len(deployment.markets)
    is_debtor = dice.random(accounts) < debtors
    several = (positions - debtors - 1.0) / 1.45
    kinds = dice.choice([1, 2, 3, 4], p=[1.0 - several, 0.65 * several, 0.25 * several, 0.1 * several], size=accounts)
    count = kinds + is_debtor
    first = np.cumsum(count) - count
    nth = np.arange(int(count.sum())) - np.repeat(first, count)
    market = (np.repeat(dice.integers(0, market_count, accounts), count) + nth) % market_count
    is_debt = nth == np.repeat(kinds, count)

    states = deployment.market_states
    unit_value = np.array([float(deployment.prices[m] / deployment.units[m]) for m in range(market_count)])[market]
    collateral_index = np.array([state.collateral_index / RAY for state in states])[market]
    debt_index = np.array([state.debt_index / RAY for state in states])[market]
    lowest_threshold = min(m.parameters.liquidation_threshold_ratio for m in deployment.markets) / WAD
    wealth_value = 1e18 * np.repeat(np.exp(dice.normal(9.0, 1.0, accounts)), count)
    debt_value = wealth_value * lowest_threshold / (health * np.repeat(1.01 + dice.exponential(0.3, accounts), count))
    collateral = np.ceil(wealth_value / np.repeat(kinds, count) / unit_value / collateral_index)
    debt = np.ceil(debt_value / unit_value / debt_index)
    high, low = np.divmod(np.where(is_debt, debt, collateral), 2.0**64)

    keys = dice.bytes(WIDTH * accounts)  # addresses are hashes
    columns = (count.astype(np.uint8), 2 * market + is_debt, low.astype(np.uint64), high.astype(np.uint64))
    return Book.from_columns(keys, WIDTH, market_count, *columns)
