"""The exact path: health in limbs on one core, and a crash from its price to orders that are durable.

`python -m benchmarks.exact_path [ACCOUNTS]`; a million where nothing is said. The crash runs through the keeper's own loop: an
outside gives it a fall, hears the orders after their commit, and lets all prices rise again, many times with one engine. The
peer of health is the protocol's own Python on the same book; that of durable orders is the disk, which writes as many
bytes and syncs once.
"""

import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from benchmarks.arguments import whole_numbers
from benchmarks.synthetic_book import WIDTH, even_book, pool
from benchmarks.table import Row, print_table

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader, encode_orders
from seawall.engine.state import State
from seawall.keeper.loop import drive
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import BlockObserved, DeploymentOpened, Event, OracleRound
from seawall.ledger.order import LiquidateMany, Order, count_of
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.exact_health import SUM_COLUMNS, weigh_accounts_nb
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.monitor import Monitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

PROTOCOLS = ("aave_v3@3.6", "seawall@1")
MONITORS: tuple[type[Monitor], ...] = (TriggerBook, FullRecompute)
MARKETS = 20
MILLION = 1_000_000
HEALTH_ACCOUNTS, PYTHON_ACCOUNTS, ROUNDS = 300_000, 20_000, 5
FIRST_CRASHES, WHOLE_CRASHES = 100, 5
FIRST_CRASHES_LARGE, WHOLE_CRASHES_LARGE = 25, 2
"""How often prices fall: of more than a million accounts less often."""
WORST = 1_000
LIMITS = {MILLION: (15.0, 1.0), 10 * MILLION: (60.0, 10.0)}
"""By accounts: milliseconds to the worst orders, seconds to all of them."""
STABLE = ("USDC", "GUSD", "DAI")
WHOLE_PERMILLE, FALL_PERMILLE = 1000, 500
"""What is left of a price after the fall: it puts about 150,000 of a million synthetic accounts below the line."""


def health_row(label: str) -> Row:
    """Measure exact health of a whole book, 2.3 positions an account, in the order of its rows."""
    protocol, deployment = protocol_named(label), pool(random.Random(1), MARKETS)
    deployment.book = book = even_book(deployment, HEALTH_ACCOUNTS, 1.0, health=0.9)
    terms, rows = ExactTerms(deployment, protocol), np.arange(HEALTH_ACCOUNTS)
    sums, decided = np.zeros((HEALTH_ACCOUNTS, SUM_COLUMNS), np.uint64), np.zeros(HEALTH_ACCOUNTS, np.uint8)

    def compiled() -> None:
        weigh_accounts_nb(
            rows, book.first, book.count, book.category, book.slot, book.low, book.high,
            terms.term_of, terms.term, terms.line, sums, decided,
        )  # fmt: skip

    def plain() -> None:
        for row in range(PYTHON_ACCOUNTS):
            protocol.is_liquidatable(deployment, row)

    compiled()
    seconds = {run: min(seconds_of(run) for _ in range(ROUNDS)) for run in (compiled, plain)}
    rate, peer = HEALTH_ACCOUNTS / seconds[compiled], PYTHON_ACCOUNTS / seconds[plain]
    what = f"exact health in limbs, {label}, 2.3 positions; beside plain Python"
    return Row(what, rate, "accounts/s", 5_000_000.0, rate / peer, rate >= 5_000_000)


def seconds_of(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    run()
    return perf_counter() - start


def engine_on(deployment: Deployment, label: str, make_monitor: type[Monitor]) -> Engine:
    """Return an engine that has taken the deployment's book over and seen its prices."""
    opened = DeploymentOpened(
        at=0,
        protocol=label,
        account_width=WIDTH,
        assets=deployment.assets,
        markets=tuple(deployment.markets),
        market_states=tuple(deployment.market_states),
        oracle_rules=(OracleRule(),) * len(deployment.assets),
        policy=Policy(offers_per_event_max=WORST),
    )
    state = State(opened)
    state.deployment.book = deployment.book
    engine = Engine(protocol_named, make_monitor, make_judge=make_judge, check_every=0)
    engine.restore(state)
    assert engine.apply(prices(deployment, 1, WHOLE_PERMILLE)) == ()
    return engine


def prices(deployment: Deployment, at: int, permille: int) -> BlockObserved:
    """Return a block in which every price but the stable ones is so many thousandths of its own."""
    rounds = []
    for nth, price in enumerate(deployment.prices):
        assert price is not None
        is_stable = deployment.assets[nth].symbol in STABLE
        rounds.append(OracleRound(nth, price if is_stable else price * permille // 1000, at))
    return BlockObserved(at=at, number=at, rounds=tuple(rounds))


class WorstOnly:
    """The engine, of which the loop does not ask for the offers that wait: the next rise ends them."""

    offers_are_waiting = False

    def __init__(self, engine: Engine) -> None:
        self.apply, self.maintain = engine.apply, engine.maintain


class Crashes:
    """An outside in which prices fall and rise again, and which notes when orders came after each fall."""

    def __init__(self, deployment: Deployment, begin: int, count: int) -> None:
        blocks = ((begin + nth, WHOLE_PERMILLE if nth % 2 else FALL_PERMILLE) for nth in range(2 * count))
        self._blocks = iter([prices(deployment, at, permille) for at, permille in blocks])
        self._start = 0.0
        self._seconds: list[float] = []
        self._orders: list[Order] = []
        self.falls: list[tuple[list[float], list[Order]]] = []
        """Of each fall, the seconds after it at which orders came, and the orders."""

    def next_event(self) -> Event | None:
        """Return the next fall or rise."""
        block = next(self._blocks, None)
        if self._seconds and any(isinstance(order, LiquidateMany) for order in self._orders):
            self.falls.append((self._seconds, self._orders))
        self._seconds, self._orders = [], []
        self._start = perf_counter()
        return block

    def receive(self, orders: Sequence[Order]) -> None:
        """Note when orders came; they are durable."""
        self._seconds.append(perf_counter() - self._start)
        self._orders += orders


def unheard(_event: Event, _orders: tuple[Order, ...]) -> None:
    """Observe nothing."""


def disk_seconds(folder: Path, size: int) -> float:
    """Return how long the disk takes for one write of so many bytes and a sync."""
    path, data = folder / "disk", random.Random(1).randbytes(size)

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())

    return min(seconds_of(write) for _ in range(ROUNDS))


def crash_rows(deployment: Deployment, label: str, make_monitor: type[Monitor], folder: Path) -> list[Row]:
    """Measure crashes up to the worst orders, then whole ones."""
    engine = engine_on(deployment, label, make_monitor)
    accounts = deployment.book.account_count
    is_large = accounts > MILLION
    first_count, whole_count = (
        (FIRST_CRASHES_LARGE, WHOLE_CRASHES_LARGE) if is_large else (FIRST_CRASHES, WHOLE_CRASHES)
    )
    with SqliteJournal.create(folder / f"{label} {make_monitor.__name__}", JournalHeader(inputs="{}")) as journal:
        first = Crashes(deployment, 2, first_count)
        drive(WorstOnly(engine), journal, first, unheard)
        whole = Crashes(deployment, 2 * first_count + 2, whole_count)
        drive(engine, journal, whole, unheard)
    worst_ms = np.sort([1000.0 * seconds[0] for seconds, _ in first.falls])
    all_seconds = np.sort([seconds[-1] for seconds, _ in whole.falls])
    assert (worst_ms.size, all_seconds.size) == (first_count, whole_count)
    orders = whole.falls[0][1]
    order_count = count_of(orders)
    assert count_of(first.falls[0][1]) == WORST
    name = f"crash of {accounts:,}, {label}, {make_monitor.__name__}"
    worst_limit, all_limit = LIMITS.get(accounts, (None, None))
    disk_ms = 1000.0 * disk_seconds(folder, len(encode_orders(tuple(first.falls[0][1]))))
    whole_disk = disk_seconds(folder, len(encode_orders(tuple(orders))))
    p50, p99 = float(np.median(worst_ms)), float(np.quantile(worst_ms, 0.99))
    most = float(all_seconds[-1])
    return [
        Row(f"{name}: the worst {WORST:,} durable, p50", p50, "ms", ratio=p50 / disk_ms),
        Row(f"{name}: the worst {WORST:,} durable, p99", p99, "ms", worst_limit, p99 / disk_ms,
            None if worst_limit is None else p99 <= worst_limit),
        Row(f"{name}: the worst {WORST:,} durable, max of {first_count}", float(worst_ms[-1]), "ms"),
        Row(f"{name}: all {order_count:,} durable, p50", float(np.median(all_seconds)), "s"),
        Row(f"{name}: all {order_count:,} durable, max of {whole_count}", most, "s", all_limit, most / whole_disk,
            None if all_limit is None else most <= all_limit),
        Row(f"{name}: the disk alone, as many bytes and one sync", 1e3 * whole_disk, "ms"),
        Row(f"{name}: each order, from its price to the disk", 1e6 * most / order_count, "µs"),
    ]  # fmt: skip


def measure(accounts: int = MILLION) -> list[Row]:
    """Return the table's rows for the exact path."""
    rows = [health_row(label) for label in PROTOCOLS]
    for label in PROTOCOLS:
        for make_monitor in MONITORS:
            deployment = pool(random.Random(1), MARKETS)
            deployment.book = even_book(deployment, accounts, 1.0, health=1.01)
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                rows += crash_rows(deployment, label, make_monitor, Path(folder))
    return rows


if __name__ == "__main__":
    print_table(measure(*whole_numbers(__doc__, accounts=MILLION)))
