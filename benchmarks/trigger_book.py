"""The trigger book's tick beside recomputing everyone, in one process, turn about, over one book and one path of prices.

The peers: the full recompute's branch-free kernel in one thread and in two, one sum an account in the book's order, a scipy
CSR product, a polars group-by. One-thread times are CPU time, which others on the machine do not disturb; two threads and
polars are wall time. On every tick the trigger book must report exactly whom the full recompute reports, and the
protocol's integers decide each. `python -m benchmarks.trigger_book [ACCOUNTS [ASSETS]]`.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns, thread_time_ns

import numpy as np
import polars as pl
from benchmarks.crash_book import CRASH, CrashBook, crash_book
from benchmarks.monitor import dot_per_account, p50, p99
from benchmarks.table import Row, print_table
from numba import njit, prange
from scipy.sparse import csr_array

from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.kernels import BLOCK, CAPACITY, CELL_START, COUNT, screen_margins_nb
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

PROTOCOL = "seawall"
WARM_TICKS, CALM_TICKS, AFTER_TICKS, PEER_TICKS = 250, 400, 400, 12
MAINTAINED_SHARE = 128
UPDATES = 100_000


@njit(parallel=True, cache=True)
def screen_with_two_threads(shelves, coefficient_f64, term, price_f64, value_f64, margin_f64, uncertain):  # type: ignore[no-untyped-def]
    """Count the uncertain accounts in each of many parts of the shelves: the one-thread kernel's loops, shared out."""
    parts = uncertain.size
    for part in prange(parts):
        found = 0
        for width in range(shelves.shape[0]):
            count, capacity, cells = shelves[width, COUNT], shelves[width, CAPACITY], shelves[width, CELL_START]
            end = count * (part + 1) // parts
            for block in range(count * part // parts, end, BLOCK):
                size = min(BLOCK, end - block)
                margins = margin_f64[part, :size]
                margins[:] = 0.0
                for nth in range(width):
                    start = cells + nth * capacity + block
                    for at in range(size):
                        margins[at] += coefficient_f64[start + at] * price_f64[term[start + at]]
                for at in range(size):
                    found += not (margins[at] > value_f64)
        uncertain[part] = found


@dataclass
class Times:
    """What some ticks took, in microseconds, and how many accounts each looked at, reported and changed."""

    detect: list[float] = field(default_factory=list)
    recompute: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)
    full_tick: list[float] = field(default_factory=list)
    maintain: list[float] = field(default_factory=list)
    hot: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)


class Run:
    """Both monitors over one book, and how often they disagreed."""

    def __init__(self, book: CrashBook) -> None:
        self.book, self.protocol = book, protocol_named(PROTOCOL)
        TriggerBook(crash_book(2000).deployment, self.protocol).detect()
        begin = thread_time_ns()
        self.triggers = TriggerBook(book.deployment, self.protocol)
        self.build_seconds = (thread_time_ns() - begin) / 1e9
        self.full = FullRecompute(book.deployment, self.protocol)
        self.dice = np.random.default_rng(11)
        self.mismatches = 0
        self.decide()

    def recompute(self) -> None:
        """Screen everyone with the full recompute's kernel."""
        full = self.full
        screen_margins_nb(
            full.shelves, full.shelf_row, full.coefficient_f64, full.term, full._prices.price_f64,
            full._prices.value_f64, full._margin_f64, full._flagged,
        )  # fmt: skip

    def decide(self) -> int:
        """Let the rule decide everyone who is reported and record it in both monitors; return how many there were."""
        expected, reported = self.full.detect().tolist(), self.triggers.detect().tolist()
        self.mismatches += expected != reported
        for row in expected:
            decided = self.protocol.is_liquidatable(self.book.deployment, row)
            self.full.set_liquidatable([row], decided)
            self.triggers.set_liquidatable([row], decided)
        return len(expected)

    def tick(self, times: Times, factor: float = 1.0) -> None:
        """Move the prices, let both find who is not certain, and decide them."""
        self.book.tick(self.dice, factor)
        self.full.reprice(None)
        self.triggers.reprice(None)
        columns, value_f64 = self.triggers.columns, self.triggers._prices.value_f64
        marks = [thread_time_ns()]
        self.full._refresh()
        marks.append(thread_time_ns())
        self.recompute()
        marks.append(thread_time_ns())
        self.triggers._refresh()
        marks.append(thread_time_ns())
        columns.detect(value_f64)
        marks.append(thread_time_ns())
        refresh_full, recompute, refresh, detect = (np.diff(marks) / 1000.0).tolist()
        times.recompute.append(recompute)
        times.full_tick.append(refresh_full + recompute)
        times.detect.append(detect)
        times.tick.append(refresh + detect)
        times.hot.append(int(columns.index.banded.hot.counters[2]))
        times.reported.append(self.decide())
        begin = thread_time_ns()
        self.triggers.maintain(self.book.deployment.book.account_count // MAINTAINED_SHARE)
        times.maintain.append((thread_time_ns() - begin) / 1000.0)

    def ticks(self, count: int, factor: float = 1.0) -> Times:
        """Return what `count` ticks took; the first one moves prices by `factor` besides."""
        times = Times()
        for nth in range(count):
            self.tick(times, factor if nth == 0 else 1.0)
        return times


def peer_times(run: Run) -> dict[str, float]:
    """Return the median microseconds of each peer."""
    book, full = run.book.deployment.book, run.full
    coefficient_f64 = book.high.astype(np.float64) * 2.0**64 + book.low.astype(np.float64)
    coefficient_f64[(book.slot & 1) == 1] *= -1.0
    price_f64 = np.random.default_rng(1).random(2 * len(run.book.deployment.markets))
    margin_f64, uncertain = np.zeros(book.account_count), np.zeros(64, np.int64)
    scratch_f64 = np.zeros((64, BLOCK))
    first = np.append(book.first, book.slot.size).astype(np.int32)
    matrix = csr_array((coefficient_f64, book.slot.astype(np.int32), first), (book.account_count, price_f64.size))
    rows = np.repeat(np.arange(book.account_count, dtype=np.int32), book.count)
    frame = pl.DataFrame({"row": rows, "coefficient": coefficient_f64, "slot": book.slot})

    def group_by() -> None:
        price = pl.Series(price_f64).gather(frame["slot"].cast(pl.UInt32))
        values = frame.select("row", value=pl.col("coefficient") * price)
        values.group_by("row").agg(pl.col("value").sum()).filter(pl.col("value") < 0)

    subjects: dict[str, tuple[Callable[[], int], Callable[[], object]]] = {
        "full recompute's kernel, one thread": (thread_time_ns, run.recompute),
        "the same in two threads, wall": (
            perf_counter_ns,
            lambda: screen_with_two_threads(
                full.shelves,
                full.coefficient_f64,
                full.term,
                full._prices.price_f64,
                full._prices.value_f64,
                scratch_f64,
                uncertain,
            ),
        ),
        "one sum an account, in the book's order": (
            thread_time_ns,
            lambda: dot_per_account(book.first, book.count, coefficient_f64, book.slot, price_f64, margin_f64),
        ),
        "scipy CSR product": (thread_time_ns, lambda: matrix @ price_f64),
        "polars group-by, wall": (perf_counter_ns, group_by),
    }
    times: dict[str, list[int]] = {name: [] for name in subjects}
    for _ in range(PEER_TICKS):
        for name, (clock, subject) in subjects.items():
            begin = clock()
            subject()
            times[name].append(clock() - begin)
    return {name: p50(np.sort(taken[1:])) / 1000.0 for name, taken in times.items()}


def update_rates(run: Run) -> tuple[float, float]:
    """Return updates/s: rows taken in by the compiled batch, and single calls of `touch` with their share of a refresh."""
    rows = np.random.default_rng(3).integers(0, run.book.deployment.book.account_count, UPDATES)
    begin = thread_time_ns()
    run.triggers.columns.place_rows(rows, run.triggers._value_bound_f64)
    batch = thread_time_ns() - begin
    begin = thread_time_ns()
    for row in rows.tolist():
        run.triggers.touch(row)
    run.triggers._refresh()
    single = thread_time_ns() - begin
    return UPDATES / batch * 1e9, UPDATES / single * 1e9


def ticks_until_calm(after: Times, calm_detect: float) -> int:
    """Return after how many ticks the median of ten comes within a quarter of where it settles, or of the calm one."""
    level = max(calm_detect, float(np.median(after.detect[-100:])))
    medians = [float(np.median(after.detect[at : at + 10])) for at in range(len(after.detect) - 10)]
    return next((at for at, median in enumerate(medians) if median <= 1.25 * level), len(medians))


def rows_for(accounts: int, asset_count: int = 20) -> list[Row]:
    """Measure a book of so many accounts: build, calm, crash, after it, updates and memory."""
    run = Run(crash_book(accounts, asset_count))
    name = f"triggers, {accounts:,} accounts, {asset_count} assets"
    peers = peer_times(run)
    run.ticks(WARM_TICKS)
    calm = run.ticks(CALM_TICKS)
    crash = run.ticks(1, CRASH)
    after = run.ticks(AFTER_TICKS)
    detect, recompute = np.sort(calm.detect), p50(np.sort(calm.recompute))
    after_p99 = p99(np.sort(after.detect))
    batch_rate, single_rate = update_rates(run)
    bytes_each = (run.book.deployment.book.nbytes + run.triggers.nbytes) / accounts
    lines = np.median(calm.reported) + np.median(calm.hot) * 3.75 * 10 / 64
    times_faster = ((recompute / p50(detect), 200.0), (recompute / p99(detect), 30.0))
    return [
        *(Row(f"{name}: {peer}", taken, "µs", ratio=taken / peers["full recompute's kernel, one thread"]) for peer, taken in peers.items()),
        Row(f"{name}: calm detect, p50; times faster", p50(detect), "µs", 200.0, times_faster[0][0], times_faster[0][0] >= 200),
        Row(f"{name}: calm detect, p99; times faster", p99(detect), "µs", 30.0, times_faster[1][0], times_faster[1][0] >= 30),
        Row(f"{name}: calm detect, max", float(detect[-1]), "µs"),
        Row(f"{name}: calm tick with its prices, p50; of the full one", p50(np.sort(calm.tick)), "µs", ratio=p50(np.sort(calm.tick)) / p50(np.sort(calm.full_tick))),
        Row(f"{name}: calm, hot accounts a tick", float(np.median(calm.hot)), "accounts"),
        Row(f"{name}: calm, reported a tick", float(np.median(calm.reported)), "accounts"),
        Row(f"{name}: calm, cache lines that a tick must touch; ns each", lines, "lines", ratio=1000 * p50(detect) / lines),
        Row(f"{name}: calm maintenance, p50", p50(np.sort(calm.maintain)), "µs"),
        Row(f"{name}: crash tick; of the recompute", crash.detect[0], "µs", 0.6, crash.detect[0] / crash.recompute[0], crash.detect[0] <= 0.6 * crash.recompute[0]),
        Row(f"{name}: crash, reported", float(crash.reported[0]), "accounts"),
        Row(f"{name}: after the crash, detect p99; of the recompute", after_p99, "µs", 0.4, after_p99 / p50(np.sort(after.recompute)), after_p99 <= 0.4 * p50(np.sort(after.recompute))),
        Row(f"{name}: after the crash, detect p50; times faster", p50(np.sort(after.detect)), "µs", ratio=p50(np.sort(after.recompute)) / p50(np.sort(after.detect))),
        Row(f"{name}: ticks until calm again", float(ticks_until_calm(after, p50(detect))), "ticks", 50.0, ok=ticks_until_calm(after, p50(detect)) <= 50),
        Row(f"{name}: mismatches in {WARM_TICKS + CALM_TICKS + AFTER_TICKS + 2} ticks", float(run.mismatches), "ticks", 0.0, ok=run.mismatches == 0),
        Row(f"{name}: bulk build", run.build_seconds, "s", 0.3e-6 * accounts, ok=run.build_seconds <= 0.3e-6 * accounts),
        Row(f"{name}: updates in compiled batches", batch_rate, "1/s", 500_000.0, ok=batch_rate >= 500_000),
        Row(f"{name}: updates in single calls", single_rate, "1/s", 250_000.0, ok=single_rate >= 250_000),
        Row(f"{name}: book and index", bytes_each, "bytes/account", 200.0, ok=bytes_each <= 200),
    ]  # fmt: skip


def measure() -> list[Row]:
    """Return the table's rows for the trigger book at a million accounts."""
    return rows_for(1_000_000)


if __name__ == "__main__":
    numbers = [int(float(each)) for each in sys.argv[1:]]
    print_table(rows_for(*numbers) if numbers else measure())
