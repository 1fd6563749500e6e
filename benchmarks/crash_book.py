"""The book of the monitor's figures: many one-pair loans, some of several positions, and the prices that they live through.

60 % one pair of ETH and a stable, 10 % another pair, 5 % one position, 25 % three to five positions; health lognormal, mostly
above 1.05. Each asset moves by its own 0.02 to 0.5 % a tick, in one common factor and its own; in the middle all but the
stables fall by 20 %.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import BPS, RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.book import Book
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, MarketState, RiskParameters

WIDTH = 20
STABLES = 3
ETH = STABLES
HEALTH_MEDIAN, HEALTH_SPREAD = 1.45, 0.9
CRASH = 0.8


@dataclass(frozen=True)
class CrashBook:
    """A deployment with its book, and what one tick does to each price: (n_assets,)."""

    deployment: Deployment
    move_f64: NDArray[np.float64]

    def tick(self, dice: np.random.Generator, factor: float = 1.0) -> None:
        """Move every price once; `factor` falls on all but the stables."""
        common = dice.normal()
        own = dice.normal(size=self.move_f64.size)
        moves = np.exp(self.move_f64 * (0.7 * common + 0.7 * own))
        moves[STABLES:] *= factor
        prices = self.deployment.prices
        prices[:] = [max(1, int(price * move)) for price, move in zip(prices, moves.tolist(), strict=True)]


class AccountColumns(NamedTuple):
    """Accounts with their positions, as `Book.add_accounts` takes them."""

    keys: bytes
    count: NDArray[np.uint8]
    slot: NDArray[np.int64]
    low: NDArray[np.uint64]
    high: NDArray[np.uint64]


def crash_book(accounts: int, asset_count: int = 20, seed: int = 1) -> CrashBook:
    """Return a book of so many accounts over so many assets; the first three are stables, the next one is ETH."""
    dice = np.random.default_rng(seed)
    deployment = _deployment(dice, asset_count)
    columns = crash_accounts(dice, deployment, accounts)
    deployment.book = Book.from_columns(columns.keys, WIDTH, asset_count, *columns[1:])
    return CrashBook(deployment, _moves(dice, asset_count))


def empty_crash_book(dice: np.random.Generator, asset_count: int = 20) -> CrashBook:
    """Return the same without accounts."""
    return CrashBook(_deployment(dice, asset_count), _moves(dice, asset_count))


def _moves(dice: np.random.Generator, asset_count: int) -> NDArray[np.float64]:
    return np.concatenate([np.full(STABLES, 2e-4), dice.uniform(1e-3, 5e-3, asset_count - STABLES)])


def crash_accounts(dice: np.random.Generator, deployment: Deployment, accounts: int) -> AccountColumns:
    """Draw so many accounts for a deployment at its present prices."""
    asset_count = len(deployment.assets)
    kind = dice.choice(4, p=[0.6, 0.1, 0.05, 0.25], size=accounts)
    count = np.choose(kind, [2, 2, 1, dice.integers(3, 6, accounts)])
    first = np.cumsum(count) - count
    nth = np.arange(int(count.sum())) - np.repeat(first, count)
    kinds = np.repeat(kind, count)
    # A random start and an odd stride give each account distinct assets.
    start = np.repeat(dice.integers(0, asset_count, accounts), count)
    stride = np.repeat(dice.integers(1, max(2, asset_count // 5), accounts), count)
    market = (start + nth * stride) % asset_count
    market = np.where(kinds == 0, np.where(nth == 0, ETH, start % STABLES), market)
    debts = np.where(kind == 3, 1 + (dice.random(accounts) < 0.4) * (count > 3), kind < 2)
    is_debt = nth >= np.repeat(count - debts, count)

    price = np.array([float(each) for each in deployment.prices]) / np.array([float(u) for u in deployment.units])
    threshold = np.array([m.parameters.liquidation_threshold_ratio / WAD for m in deployment.markets])
    wealth = 1e18 * np.repeat(np.exp(dice.normal(9.0, 1.5, accounts)), count)
    share = dice.uniform(0.2, 1.0, count.sum())
    share /= np.repeat(np.add.reduceat(np.where(is_debt, 0.0, share), first), count)
    value = wealth * share
    weighted = np.repeat(np.add.reduceat(np.where(is_debt, 0.0, value * threshold[market]), first), count)
    health = np.repeat(1.0 + np.exp(dice.normal(np.log(HEALTH_MEDIAN - 1.0), HEALTH_SPREAD, accounts)), count)
    owed_share = dice.uniform(0.2, 1.0, count.sum()) * is_debt
    totals = np.repeat(np.add.reduceat(owed_share, first), count)
    owed = weighted / health * np.divide(owed_share, totals, out=np.zeros_like(totals), where=totals > 0)
    balance = np.ceil(np.where(is_debt, owed, value) / price[market])
    high, low = np.divmod(balance, 2.0**64)
    numbers = dice.permutation(accounts).astype(">u8").view(np.uint8).reshape(accounts, 8)
    keys = np.hstack([dice.integers(0, 256, (accounts, WIDTH - 8), np.uint8), numbers]).tobytes()
    return AccountColumns(
        keys, count.astype(np.uint8), 2 * market + is_debt, low.astype(np.uint64), high.astype(np.uint64)
    )


def _deployment(dice: np.random.Generator, asset_count: int) -> Deployment:
    assets = tuple(Asset(f"A{at}", 6 if at < STABLES else 18) for at in range(asset_count))
    markets = tuple(
        Market(asset.symbol, at, at, RiskParameters(
            max_loan_to_value_ratio=0, liquidation_threshold_ratio=int(dice.integers(6500, 9000)) * (WAD // BPS),
            liquidation_bonus_ratio=WAD // 20, liquidation_fee_ratio=0, close_factor_ratio=WAD // 2,
        ))
        for at, asset in enumerate(assets)
    )  # fmt: skip
    states = tuple(MarketState(RAY + at * RAY // 1000, RAY + at * RAY // 500) for at in range(asset_count))
    deployment = Deployment(assets, markets, states, WIDTH)
    deployment.prices = [
        WAD if at < STABLES else int(np.exp(dice.normal(4.0, 3.0)) * 1e18) if at > ETH else 1_873 * WAD
        for at in range(asset_count)
    ]
    return deployment
