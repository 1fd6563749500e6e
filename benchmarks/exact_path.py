"""The exact path: health in limbs on one core, and a crash from its price to orders that are durable.

Everything is timed with warm kernels and the collector of cycles off, as a process that drives an engine runs. The peer of
health is the protocol's own Python on the same book; that of durable orders is nothing: the limit is absolute.
"""

import gc
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from benchmarks.synthetic_book import WIDTH, even_book, pool
from benchmarks.table import Row, print_table

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader
from seawall.engine.state import State
from seawall.keeper.loop import OFFERS_CONTINUED_MAX
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import BlockObserved, DeploymentOpened, OffersContinued, OracleRound
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.exact_health import SUM_COLUMNS, weigh_accounts_nb
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

PROTOCOLS = ("aave_v3@3.6", "seawall@1")
MARKETS = 20
MILLION = 1_000_000
HEALTH_ACCOUNTS, PYTHON_ACCOUNTS, ROUNDS = 300_000, 20_000, 5
CRASHES = 5
WORST = 1_000
STABLE = ("USDC", "GUSD", "DAI")
FALL_PERMILLE = 500
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


def seconds_of(run) -> float:  # type: ignore[no-untyped-def]
    """Return how long a call takes."""
    start = perf_counter()
    run()
    return perf_counter() - start


def engine_on(deployment: Deployment, label: str, offers_per_event_max: int) -> Engine:
    """Return an engine that has taken the deployment's book over, with its kernels loaded."""
    opened = DeploymentOpened(
        at=0,
        protocol=label,
        account_width=WIDTH,
        assets=deployment.assets,
        markets=tuple(deployment.markets),
        market_states=tuple(deployment.market_states),
        oracle_rules=(OracleRule(),) * len(deployment.assets),
        policy=Policy(offers_per_event_max=offers_per_event_max),
    )
    state = State(opened)
    state.deployment.book = deployment.book
    engine = Engine(protocol_named, FullRecompute, make_judge=make_judge, check_every=0)
    engine.restore(state)
    for at in (1, 2):
        assert engine.apply(prices(deployment, at, 1000)) == ()
    some = range(3_000)
    engine.judge.assess(some, 0)
    engine.judge.worst(some, 1, 0)
    engine.judge.may_be_lost(some)
    return engine


def prices(deployment: Deployment, at: int, permille: int) -> BlockObserved:
    """Return a block in which every price but the stable ones is so many thousandths of its own."""
    rounds = []
    for nth, price in enumerate(deployment.prices):
        assert price is not None
        is_stable = deployment.assets[nth].symbol in STABLE
        rounds.append(OracleRound(nth, price if is_stable else price * permille // 1000, at))
    return BlockObserved(at=at, number=at, rounds=tuple(rounds))


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave the heap alone."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def crash_seconds(label: str, accounts: int, folder: Path) -> tuple[float, float, int]:
    """Return when the worst were durable and when everybody was, in seconds after the price, and how many they were."""
    deployment = pool(random.Random(1), MARKETS)
    deployment.book = even_book(deployment, accounts, 1.0, health=1.01)
    engine = engine_on(deployment, label, WORST)
    path = folder / "crash.sqlite"
    with SqliteJournal.create(path, JournalHeader(inputs="{}")) as journal, without_collector():
        event: BlockObserved | OffersContinued = prices(deployment, 3, FALL_PERMILLE)
        order_count, worst_seconds, start = 0, 0.0, perf_counter()
        while True:
            orders = engine.apply(event)
            journal.append(event, orders)
            journal.commit()
            order_count += len(orders)
            worst_seconds = worst_seconds or perf_counter() - start
            if not engine.offers_are_waiting:
                break
            event = OffersContinued(3, OFFERS_CONTINUED_MAX)
        seconds = perf_counter() - start
    path.unlink()
    return worst_seconds, seconds, order_count


def crash_rows(label: str) -> list[Row]:
    """Measure some crashes of a million accounts; of so few the worst stands for the 99th percentile."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        taken = [crash_seconds(label, MILLION, Path(folder)) for _ in range(CRASHES)]
    worst_ms = 1000.0 * max(worst for worst, _, _ in taken)
    seconds, order_count = max(seconds for _, seconds, _ in taken), taken[0][2]
    return [
        Row(f"crash of {MILLION:,} accounts, {label}: the worst {WORST:,} orders durable", worst_ms, "ms", 15.0,
            ok=worst_ms <= 15.0),
        Row(f"crash of {MILLION:,} accounts, {label}: all {order_count:,} orders durable", seconds, "s", 1.0,
            ok=seconds <= 1.0),
        Row(f"crash, {label}: each order, from its price to the disk", 1e6 * seconds / order_count, "µs"),
    ]  # fmt: skip


def measure() -> list[Row]:
    """Return the table's rows for the exact path."""
    return [health_row(label) for label in PROTOCOLS] + [row for label in PROTOCOLS for row in crash_rows(label)]


if __name__ == "__main__":
    print_table(measure())
