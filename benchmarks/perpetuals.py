"""Perpetual accounts: a tick through the trigger book beside one over loans, and what a question costs.

Contracts of two tiers beside cash, one to three an account, leverage lognormal around 5 and up to 40; prices move by 0.1 % a tick. Loans are the book of the monitor's figures at the same size. Processor time of one thread, as there: detection, beside
the full recompute's, which must report whoever is reported; and apart from it what reading the prices takes, which grows with
the tiers and not with the accounts. `python -m benchmarks.perpetuals [ACCOUNTS]`.
"""

from collections.abc import Callable
from time import thread_time_ns
from typing import NamedTuple

import numpy as np
from benchmarks.arguments import whole_numbers
from benchmarks.crash_book import crash_book
from benchmarks.monitor import p50
from benchmarks.table import Row, print_table

from seawall.engine.engine import Engine
from seawall.engine.view import EngineView
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.book import Book
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import DeploymentOpened
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters
from seawall.ledger.request import PlaceOrder, TakeDebt, Withdraw
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.pieces_monitor import PiecesMonitor, monitor_of
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Protocol

WIDTH, CONTRACTS = 20, 20
WARM_TICKS, TICKS = 30, 200
MOVE = 1e-3
LEVERAGE_MEDIAN, LEVERAGE_MAX = 5.0, 40.0
QUESTIONS, QUESTION_MICROSECONDS_MAX = 2_000, 50.0
TIERS = (MarginTier(0, WAD // 100, WAD // 50), MarginTier(200_000 * WAD, WAD // 40, WAD // 20))
MARKETS = (
    Market("USD", 0, 0, RiskParameters(WAD, WAD, 0)),
    *(Market(f"P{at}", at, at, RiskParameters(0, 0, WAD // 200), margin_tiers=TIERS) for at in range(1, CONTRACTS + 1)),
)
ASSETS = tuple(Asset(market.symbol, 6 if at == 0 else 8) for at, market in enumerate(MARKETS))


def perpetual_book(accounts: int, seed: int = 1) -> Deployment:
    """Return an exchange of so many accounts: notional values around 10,000, leverage around 5."""
    dice = np.random.default_rng(seed)
    deployment = Deployment(ASSETS, MARKETS, tuple(MarketState() for _ in MARKETS), WIDTH)
    prices = np.append(1.0, np.exp(dice.normal(4.0, 3.0, CONTRACTS)))
    deployment.prices = [int(price * WAD) for price in prices.tolist()]
    count = dice.choice([1, 2, 3], accounts, p=[0.7, 0.2, 0.1])
    start, stride = dice.integers(0, CONTRACTS, accounts), dice.choice([1, 3, 7, 9], accounts)
    notional = np.exp(dice.normal(9.2, 1.5, (accounts, 3)))
    is_short = dice.random((accounts, 3)) < 0.5
    held = np.arange(3) < count[:, None]
    leverage = np.minimum(np.exp(dice.normal(np.log(LEVERAGE_MEDIAN), 0.8, accounts)), LEVERAGE_MAX)
    equity = (notional * held).sum(axis=1) / leverage
    cash = equity - (np.where(is_short, -notional, notional) * held).sum(axis=1)
    contract = 1 + (start[:, None] + np.arange(3) * stride[:, None]) % CONTRACTS
    slots = np.concatenate([2 * contract + is_short, np.where(cash < 0, DEBT, COLLATERAL)[:, None]], axis=1)
    worth = np.concatenate([notional / prices[contract] * 1e8, np.abs(cash)[:, None] * 1e6], axis=1)
    kept = np.concatenate([held, np.ones((accounts, 1), bool)], axis=1)
    balance = np.ceil(worth[kept]) + 1.0
    high, low = np.divmod(balance, 2.0**64)
    keys = np.arange(accounts, dtype=">u8").view(np.uint8).reshape(accounts, 8)
    padded = np.hstack([np.zeros((accounts, WIDTH - 8), np.uint8), keys]).tobytes()
    deployment.book = Book.from_columns(
        padded, WIDTH, len(MARKETS), (count + 1).astype(np.uint8), slots[kept], low.astype(np.uint64),
        high.astype(np.uint64),
    )  # fmt: skip
    return deployment


class Ticks(NamedTuple):
    """Microseconds of each calm tick, whom each reported, and the seconds of the build."""

    detect: list[float]
    prices: list[float]
    reported: list[list[int]]
    build_seconds: float


def ticks_of(
    deployment: Deployment, protocol: Protocol, make: type[FullRecompute | TriggerBook], path: list[list[int]]
) -> Ticks:
    """Return what ticks along a path of prices took."""
    begin = thread_time_ns()
    monitor = monitor_of(make, deployment, protocol, WAD)
    monitor.rebuild(())
    monitor.detect()
    taken = Ticks([], [], [], (thread_time_ns() - begin) / 1e9)
    for prices in path:
        deployment.prices[:] = prices
        marks = [thread_time_ns()]
        monitor.reprice(None)
        if isinstance(monitor, PiecesMonitor):
            monitor._pass_on()
        watched = monitor.watched if isinstance(monitor, PiecesMonitor) else monitor
        watched._refresh()
        marks.append(thread_time_ns())
        found = watched.detect()
        marks.append(thread_time_ns())
        taken.prices.append((marks[1] - marks[0]) / 1000.0)
        taken.detect.append((marks[2] - marks[1]) / 1000.0)
        taken.reported.append(found.tolist())
        below = [row for row in taken.reported[-1] if protocol.is_liquidatable(deployment, row)]
        monitor.set_liquidatable(below, True)
        monitor.set_liquidatable(sorted({*taken.reported[-1]} - {*below}), False)
        monitor.maintain(deployment.book.account_count // 128)
    return taken


def price_path(deployment: Deployment) -> list[list[int]]:
    """Return the prices of each tick: all but the first asset's move."""
    dice = np.random.default_rng(7)
    prices, ticks = list(deployment.prices), []
    for _ in range(WARM_TICKS + TICKS):
        moves = np.exp(dice.normal(0.0, MOVE, len(prices)))
        prices = [
            prices[0],
            *(max(1, int((price or 0) * move)) for price, move in zip(prices[1:], moves[1:], strict=True)),
        ]
        ticks.append(list(prices))
    return ticks


def ticks(accounts: int) -> list[Row]:
    """Return what ticks cost over contracts and over loans."""
    rows, usual = [], {}
    books = {
        "loans": (crash_book(accounts).deployment, "seawall"),
        "perpetuals": (perpetual_book(accounts), "perpetual"),
    }
    for name, (deployment, label) in books.items():
        protocol, path, start = protocol_named(label), price_path(deployment), list(deployment.prices)
        by_triggers = ticks_of(deployment, protocol, TriggerBook, path)
        deployment.prices[:] = start
        by_all = ticks_of(deployment, protocol, FullRecompute, path)
        usual[name] = median(by_triggers.detect)
        faster = median(by_all.detect) / usual[name]
        missed = sum(
            not set(found) <= set(every) for found, every in zip(by_triggers.reported, by_all.reported, strict=True)
        )
        rows += [
            Row(f"{name}, {accounts:,}: calm detection, p50; times faster than recomputing all", usual[name], "µs", ratio=faster),
            Row(f"{name}, {accounts:,}: prices read, p50", median(by_triggers.prices), "µs"),
            Row(f"{name}, {accounts:,}: ticks that report whom the recompute does not", float(missed), "ticks", 0.0, ok=not missed),
            Row(f"{name}, {accounts:,}: build", by_triggers.build_seconds, "s"),
        ]  # fmt: skip
    share = usual["perpetuals"] / usual["loans"]
    rows.append(
        Row("detection over perpetuals; of one over loans", usual["perpetuals"], "µs", 2.0, share, share <= 2.0)
    )
    return rows


def median(taken: list[float]) -> float:
    """Return the median once the ticks are warm."""
    return p50(np.sort(taken[WARM_TICKS:]))


def questions() -> list[Row]:
    """Return what one question costs, of an account of three contracts and one of a loan, the least of some rounds."""
    rows = []
    for label, account, deployment, asked in _asked():
        engine = Engine(protocol_named, FullRecompute, check_every=0)
        engine.apply(
            DeploymentOpened(
                0, protocol_named(label).label, WIDTH, deployment.assets, tuple(deployment.markets),
                tuple(deployment.market_states), (OracleRule(),) * len(deployment.assets), Policy(),
            )
        )  # fmt: skip
        engine.state.deployment.book, engine.state.deployment.prices = deployment.book, deployment.prices
        engine.state.price_states = list(engine.state.all_fresh)
        view = EngineView(engine)
        best = min(
            _microseconds(lambda view=view, account=account, asked=asked: view.what_if(account, asked))
            for _ in range(7)
        )
        name = type(asked).__name__
        is_met = best <= QUESTION_MICROSECONDS_MAX
        rows.append(Row(f"what if, {label}, {name}, 3 positions", best, "µs", QUESTION_MICROSECONDS_MAX, ok=is_met))
    return rows


def _microseconds(ask: Callable[[], object]) -> float:
    begin = thread_time_ns()
    for _ in range(QUESTIONS):
        ask()
    return (thread_time_ns() - begin) / 1000.0 / QUESTIONS


def _asked() -> list[tuple[str, bytes, Deployment, PlaceOrder | Withdraw | TakeDebt]]:
    """Return an account of two contracts and cash, and one of two collaterals and a debt, with a question each."""
    contracts = perpetual_book(1_000)
    book = contracts.book
    row = next(row for row in range(1_000) if len(book.positions(row)) == 3)
    market = next(slot >> 1 for slot, _ in book.positions(row) if slot > 1)
    order = PlaceOrder(market, 10**8, contracts.prices[market] or 0)
    loans = crash_book(1_000).deployment
    debtor = next(row for row in range(1_000) if len(loans.book.positions(row)) == 3)
    owed = next(slot >> 1 for slot, _ in loans.book.positions(debtor) if slot & 1)
    return [
        ("perpetual", book.account_at(row), contracts, order),
        ("perpetual", book.account_at(row), contracts, Withdraw(0, 1)),
        ("seawall", loans.book.account_at(debtor), loans, TakeDebt(owed, 1)),
    ]


def measure(accounts: int = 100_000) -> list[Row]:
    """Return all rows."""
    return questions() + ticks(accounts)


if __name__ == "__main__":
    print_table(measure(*whole_numbers(__doc__, accounts=100_000)))
