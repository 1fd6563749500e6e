"""The engine with its journal on a disk: events a second, and what an order costs from the screen's flag to durable.

Every event is applied, appended with its orders and committed in groups, as `keeper.loop` does it. The book has the
size of a real one (12,164 accounts, 8,720 with debt, 2.3 positions an account, 17 markets). Changes are deposits to
positions that stand; fills are small repayments of accounts below the line. The peer of each line is the same event
applied without a journal.
"""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.synthetic_book import WIDTH, even_book, pool
from benchmarks.table import Row, print_table

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader
from seawall.fixed import div_down
from seawall.ledger.book import Book
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import (
    DeploymentOpened,
    Event,
    Fill,
    FillsReported,
    OracleRound,
    PositionsChanged,
    PriceObserved,
)
from seawall.ledger.market import COLLATERAL, MarketState, side_of
from seawall.ledger.order import Liquidate, Order
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

ACCOUNTS, DEBTORS, MARKETS = 12_164, 0.717, 17
PROTOCOL = "compound_v2@2"
BATCH = 100
BATCH_EVENTS, PRICE_EVENTS = 1_500, 20_000
FILLS_PART = 10
START = 1_621_468_800_000


class Bench:
    """One engine on a synthetic book, opened by events, and the journal that it writes."""

    def __init__(self, folder: Path, accounts: int = ACCOUNTS) -> None:
        self.engine = Engine(protocol_named, FullRecompute, check_every=0)
        self.journal = SqliteJournal.create(folder / "journal.sqlite", JournalHeader(inputs="{}"))
        deployment = pool(random.Random(1), MARKETS, with_categories=False)
        deployment.market_states = [MarketState() for _ in deployment.markets]
        self.prices = [price or 0 for price in deployment.prices]
        self.book = even_book(deployment, accounts, DEBTORS, 1.05)
        for event in opening(deployment, self.book):
            self.tell(event)
        self.journal.commit()

    def tell(self, event: Event) -> tuple[Order, ...]:
        """Apply an event, append it with its orders, and commit the group where it is due."""
        orders = self.engine.apply(event)
        self.journal.append(event, orders)
        if self.journal.is_due():
            self.journal.commit()
        return orders

    def seconds(self, events: Sequence[Event]) -> float:
        """Return the time until all events are durable."""
        begin = perf_counter()
        for event in events:
            self.tell(event)
        self.journal.commit()
        return perf_counter() - begin

    def bare_seconds(self, events: Sequence[Event]) -> float:
        """Return the time of applying the events alone."""
        begin = perf_counter()
        for event in events:
            self.engine.apply(event)
        return perf_counter() - begin

    def fall(self, share: float) -> PriceObserved:
        """Return the event in which every asset that is collateral for the next one loses a share of its price."""
        return PriceObserved(
            START,
            tuple(
                OracleRound(asset, int(price * (1.0 - share)), START)
                for asset, price in enumerate(self.prices)
                if asset % 2 == 0
            ),
        )


def opening(deployment: Deployment, book: Book) -> list[Event]:
    """Return the events that open the deployment with its prices and its book."""
    opened = DeploymentOpened(
        at=START,
        protocol=PROTOCOL,
        account_width=WIDTH,
        assets=deployment.assets,
        markets=tuple(deployment.markets),
        market_states=tuple(deployment.market_states),
        oracle_rules=tuple(OracleRule() for _ in deployment.assets),
        policy=Policy(),
    )
    rounds = tuple(OracleRound(asset, price or 0, START) for asset, price in enumerate(deployment.prices))
    rows = [
        (book.account_at(row), slot, balance)
        for row in range(book.account_count)
        for slot, balance in book.positions(row)
    ]
    batches = [changed(rows[at : at + 1000]) for at in range(0, len(rows), 1000)]
    return [opened, PriceObserved(START, rounds), *batches]


def changed(rows: Sequence[tuple[bytes, int, int]]) -> PositionsChanged:
    """Return the event of these (account, slot, delta)."""
    return PositionsChanged(
        at=START,
        accounts=b"".join(account for account, _, _ in rows),
        slots=b"".join(slot.to_bytes(2, "little") for _, slot, _ in rows),
        deltas=b"".join(delta.to_bytes(16, "little", signed=True) for _, _, delta in rows),
    )


def deposits(book: Book, event_count: int, seed: int) -> list[Event]:
    """Return events of a hundred small deposits each, to collateral that stands in the book."""
    dice = random.Random(seed)
    events: list[Event] = []
    for _ in range(event_count):
        rows = []
        for row in dice.choices(range(book.account_count), k=BATCH):
            slot, balance = next(held for held in book.positions(row) if side_of(held[0]) == COLLATERAL)
            rows.append((book.account_at(row), slot, 1 + div_down(balance, 1_000)))
        events.append(changed(rows))
    return events


def small_fills(orders: Sequence[Liquidate], event_count: int) -> list[Event]:
    """Return events of a hundred fills each, every one a thousandth of what its order allows."""
    events: list[Event] = []
    for number in range(event_count):
        fills = []
        for nth in range(BATCH):
            serial = number * BATCH + nth
            order = orders[serial % len(orders)]
            fills.append(
                Fill(
                    order.order_id, div_down(serial, len(orders)), order.account, 0, order.debt_market,
                    order.collateral_market, 1 + div_down(order.repay_amount_max, 1_000),
                )
            )  # fmt: skip
        events.append(FillsReported(START, tuple(fills)))
    return events


def small_moves(prices: Sequence[int], event_count: int) -> list[Event]:
    """Return events of one price each, a ten-thousandth around where it was."""
    dice = random.Random(7)
    return [
        PriceObserved(
            START, (OracleRound(asset, div_down(prices[asset] * (10_000 + dice.randint(-1, 1)), 10_000), START),)
        )
        for asset in (dice.randrange(len(prices)) for _ in range(event_count))
    ]


def batches(folder: Path) -> list[Row]:
    """Measure position changes and fills in batches of a hundred an event, counted one by one."""
    bench = Bench(folder)
    orders = [order for order in bench.tell(bench.fall(0.3)) if isinstance(order, Liquidate)]
    changes, fills = deposits(bench.book, BATCH_EVENTS, 1), small_fills(orders, BATCH_EVENTS // FILLS_PART)
    rows = []
    for what, events, limit in (
        ("position changes alone", changes, None),
        ("fills alone", fills[: len(fills) // 2], None),
        (
            "nine changes and one fill in ten",
            mixed(deposits(bench.book, BATCH_EVENTS // 2, 2), fills[len(fills) // 2 :]),
            150_000,
        ),
    ):
        count = BATCH * len(events)
        whole = count / bench.seconds(events)
        rows.append(
            Row(
                f"journalled events, {what}, 100 an event",
                whole,
                "1/s",
                limit,
                ok=None if limit is None else whole >= limit,
            )
        )
    bench.journal.close()
    return rows


def mixed(changes: Sequence[Event], fills: Sequence[Event]) -> list[Event]:
    """Return nine events of changes and one of fills in turn."""
    events: list[Event] = []
    for number, fill in enumerate(fills):
        events += [*changes[9 * number : 9 * number + 9], fill]
    return events


def one_price(folder: Path) -> list[Row]:
    """Measure one price an event, with the screen's share."""
    bench = Bench(folder)
    events = small_moves(bench.prices, PRICE_EVENTS)
    bench.bare_seconds(events[: PRICE_EVENTS // 10])
    seconds = bench.seconds(events)
    bare = bench.bare_seconds(events)
    screen = screen_seconds(bench, len(events))
    bench.journal.close()
    rate = len(events) / seconds
    return [
        Row("journalled events, one price an event", rate, "1/s", 20_000, seconds / bare, rate >= 20_000),
        Row("  of which the screen", 100.0 * screen / seconds, "%"),
    ]


def screen_seconds(bench: Bench, count: int) -> float:
    """Return the time of as many screens, one market repriced in each."""
    monitor = bench.engine.monitor
    begin = perf_counter()
    for number in range(count):
        monitor.reprice((number % MARKETS,))
        monitor.detect()
    return perf_counter() - begin


def crash_orders(folder: Path, accounts: int) -> Row:
    """Measure from flagged account to durable order in one crash tick."""
    bench = Bench(folder, accounts)
    event = bench.fall(0.3)
    begin = perf_counter()
    orders = bench.tell(event)
    bench.journal.commit()
    seconds = perf_counter() - begin
    bench.journal.close()
    each = 1e6 * seconds / len(orders)
    return Row(
        f"flagged account to durable order, {len(orders):,} of {accounts:,} accounts in one tick",
        each,
        "us",
        60,
        ok=each <= 60,
    )


def measure() -> list[Row]:
    """Return the table's rows for the engine."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        for number, case in enumerate((batches, one_price)):
            folder = Path(name) / str(number)
            folder.mkdir()
            rows += case(folder)
        for accounts in (ACCOUNTS, 100_000):
            folder = Path(name) / f"crash{accounts}"
            folder.mkdir()
            rows.append(crash_orders(folder, accounts))
    return rows


if __name__ == "__main__":
    print_table(measure())
