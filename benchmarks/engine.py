"""The engine with its journal on a disk: events a second, and what an order costs from the screen's flag to durable.

Every event is applied, appended with its orders and committed in groups, as `keeper.loop` does it. The book has the
size of a real one (12,164 accounts, 8,720 with debt, 2.3 positions an account, 17 markets). Changes are deposits to
positions that stand; fills are small repayments of accounts below the line. The peer of each rate is the same kind of
events applied without a journal.
"""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
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
FILL_EVENTS = 150
CHANGE_EVENTS, PRICE_EVENTS = 18 * FILL_EVENTS, 20_000
ROUNDS = 5
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

    def rate(self, what: str, events: Sequence[Event], weight: int, limit: int | None) -> Row:
        """Return the rate at which events become durable, each counted `weight` times, beside applying them alone.

        Both are the median of some rounds, in turn.
        """
        size = div_down(len(events), 2 * ROUNDS)
        durable, alone = [], []
        for nth in range(ROUNDS):
            at = 2 * nth * size
            durable.append(size / self.seconds(events[at : at + size]))
            alone.append(size / self.seconds_alone(events[at + size : at + 2 * size]))
        rate = weight * median(durable)
        ok = None if limit is None else rate >= limit
        return Row(what, rate, "1/s", limit, median(alone) * weight / rate, ok)

    def seconds(self, events: Sequence[Event]) -> float:
        """Return the time until all events are durable."""
        begin = perf_counter()
        for event in events:
            self.tell(event)
        self.journal.commit()
        return perf_counter() - begin

    def seconds_alone(self, events: Sequence[Event]) -> float:
        """Return the time of applying the events, without a journal."""
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
    changes, fills = deposits(bench.book, CHANGE_EVENTS, 1), small_fills(orders, 2 * FILL_EVENTS)
    mixed = [event for nth, fill in enumerate(fills[:FILL_EVENTS]) for event in (*changes[9 * nth : 9 * nth + 9], fill)]
    rows = [
        bench.rate(f"journalled {what}, {BATCH} an event, counted one by one", events, BATCH, limit)
        for what, events, limit in (
            ("events, nine position changes to one fill", mixed, 150_000),
            ("position changes alone", changes[9 * FILL_EVENTS :], None),
            ("fills alone", fills[FILL_EVENTS:], None),
        )
    ]
    bench.journal.close()
    return rows


def one_price(folder: Path) -> list[Row]:
    """Measure one price an event, with the screen's share."""
    bench = Bench(folder)
    row = bench.rate("journalled events, one price an event", small_moves(bench.prices, PRICE_EVENTS), 1, 20_000)
    share = 100.0 * row.measured * screen_seconds(bench, PRICE_EVENTS) / PRICE_EVENTS
    bench.journal.close()
    return [row, Row("  of which the screen", share, "%")]


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
    each = 1e6 * (perf_counter() - begin) / len(orders)
    bench.journal.close()
    what = f"flagged account to durable order, {len(orders):,} of {accounts:,} accounts in one tick"
    return Row(what, each, "us", 60, ok=each <= 60)


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
