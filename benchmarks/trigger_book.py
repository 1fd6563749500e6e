"""The trigger book's tick beside recomputing everyone, in one process, turn about, over one book and one path of prices.

The peers: the full recompute's branch-free kernel in one thread and in two, one sum an account in the book's order, a scipy
CSR product, a polars group-by. One-thread times are CPU time, which others on the machine do not disturb; two threads and
polars are wall time, and the least of it. On every tick the trigger book must report exactly whom the full recompute
reports, and the protocol's integers decide each; putting the rows in order, which both do alike, is charged to neither.
Whoever is found liquidatable waits for a keeper: each tick a fiftieth of those who wait, the longest first, have their debts
halved, and the second time paid whole, so that a crash is worked off in some two hundred ticks. What follows on maintenance
is the next price; how much slower a tick is whose caches were swept by a recompute just before is a row of its own.
`python -m benchmarks.trigger_book [ACCOUNTS [ASSETS [SEED]]]`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter_ns, thread_time_ns
from typing import NamedTuple

import numpy as np
import polars as pl
from benchmarks.arguments import whole_numbers
from benchmarks.crash_book import CRASH, CrashBook, crash_book
from benchmarks.monitor import dot_per_account, p50, p99
from benchmarks.table import Row, print_table
from numba import njit, prange
from scipy.sparse import csr_array

from seawall.monitor.account_blocks import ACCOUNTS, BLOCKS_USED, WIDTH
from seawall.monitor.account_blocks import COUNT as BLOCK_COUNT
from seawall.monitor.banded_accounts import IS_BEHIND
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.hot_front import LANES, SEGMENTS, ranks_in_reach
from seawall.monitor.kernels import BLOCK, CAPACITY, CELL_START, COUNT, screen_margins_nb
from seawall.monitor.trigger_book import TriggerBook
from seawall.monitor.trigger_columns import TriggerColumns
from seawall.protocols.catalogue import protocol_named

PROTOCOL = "seawall"
WARM_TICKS, CALM_TICKS, AFTER_TICKS, PEER_TICKS = 250, 400, 400, 12
SWEPT_EVERY, CLOSED_SHARE = 8, 50
NEAR_SHARE = 0.01
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
    swept: list[float] = field(default_factory=list)
    recompute: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)
    full_tick: list[float] = field(default_factory=list)
    maintain: list[float] = field(default_factory=list)
    hot: list[int] = field(default_factory=list)
    summed: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)


class Run:
    """Both monitors over one book, the accounts that wait for keepers, and how often the monitors disagreed."""

    def __init__(self, book: CrashBook) -> None:
        self.book, self.protocol = book, protocol_named(PROTOCOL)
        TriggerBook(crash_book(2000).deployment, self.protocol).detect()
        begin = thread_time_ns()
        self.triggers = TriggerBook(book.deployment, self.protocol)
        self.build_seconds = (thread_time_ns() - begin) / 1e9
        self.full = FullRecompute(book.deployment, self.protocol)
        # Nobody pays in the crash for pages that he never wrote to before: the triggers have theirs.
        self.full._flagged.fill(0)
        self.dice = np.random.default_rng(11)
        self.waiting: deque[int] = deque()
        self.halved: set[int] = set()
        self.mismatches = self.tick_count = 0
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
        expected, reported = self.full.detect(), self.triggers.detect()
        self.mismatches += not np.array_equal(expected, reported)
        self.tick_count += 1
        is_below = np.array(
            [self.protocol.is_liquidatable(self.book.deployment, row) for row in expected.tolist()], bool
        )
        self.waiting += expected[is_below & ~self.full.are_liquidatable(expected)].tolist()
        for monitor in (self.full, self.triggers):
            monitor.set_liquidatable(expected[is_below], True)
            monitor.set_liquidatable(expected[~is_below], False)
        return expected.size

    def close_accounts(self) -> int:
        """Let keepers repay for those who wait longest; return for how many."""
        book, closed = self.book.deployment.book, 0
        for _ in range(-(-len(self.waiting) // CLOSED_SHARE)):
            row = self.waiting.popleft()
            if not self.full.is_liquidatable(row):
                continue
            for slot, balance in book.positions(row):
                if slot & 1:
                    book.set_balance(row, slot, 0 if row in self.halved else balance // 2)
            if row not in self.halved:
                self.halved.add(row)
                self.waiting.append(row)
            self.full.touch(row)
            self.triggers.touch(row)
            closed += 1
        return closed

    def refresh_and_recompute(self, times: Times) -> None:
        """Bring the full recompute up to date and let it screen everyone."""
        marks = [thread_time_ns()]
        self.full._refresh()
        marks.append(thread_time_ns())
        self.recompute()
        marks.append(thread_time_ns())
        refresh, recompute = (np.diff(marks) / 1000.0).tolist()
        times.recompute.append(recompute)
        times.full_tick.append(refresh + recompute)

    def tick(self, times: Times, factor: float = 1.0) -> None:
        """Move the prices, let both find who is not certain, decide them, let keepers repay, and maintain."""
        self.book.tick(self.dice, factor)
        self.full.reprice(None)
        self.triggers.reprice(None)
        columns = self.triggers.columns
        is_swept = self.tick_count % SWEPT_EVERY == 0 and factor == 1.0
        if is_swept:
            self.refresh_and_recompute(times)
        marks = [thread_time_ns()]
        self.triggers._refresh()
        columns = self.triggers.columns
        marks.append(thread_time_ns())
        columns.detect(self.triggers._prices.value_f64)
        marks.append(thread_time_ns())
        refresh, detect = (np.diff(marks) / 1000.0).tolist()
        (times.swept if is_swept else times.detect).append(detect)
        times.tick.append(refresh + detect)
        if not is_swept:
            self.refresh_and_recompute(times)
        summed, cells = accounts_summed(columns)
        times.summed.append(summed)
        times.cells.append(cells)
        times.hot.append(int(columns.index.banded.hot.counters[ACCOUNTS]))
        times.reported.append(self.decide())
        times.closed.append(self.close_accounts())
        begin = thread_time_ns()
        self.triggers.maintain(self.book.deployment.book.account_count // MAINTAINED_SHARE)
        times.maintain.append((thread_time_ns() - begin) / 1000.0)

    def ticks(self, count: int, factor: float = 1.0) -> Times:
        """Return what `count` ticks took; the first one moves prices by `factor` besides."""
        times = Times()
        for nth in range(count):
            self.tick(times, factor if nth == 0 else 1.0)
        return times


def accounts_summed(columns: TriggerColumns) -> tuple[int, int]:
    """Return (accounts, cells) under own bands that the present prices make a tick sum."""
    banded, price_f64 = columns.index.banded, columns.index.pairs.price_f64
    blocks = banded.cold if banded.progress[IS_BEHIND] else banded.hot
    ranks = -1 if banded.progress[IS_BEHIND] else ranks_in_reach(banded.front, price_f64)
    if ranks < 0:
        used = blocks.block[: blocks.counters[BLOCKS_USED]]
        return int(used[:, BLOCK_COUNT].sum()), int((used[:, BLOCK_COUNT] * used[:, WIDTH]).sum())
    segment = banded.front.segment[: banded.front.counters[SEGMENTS]]
    segment = segment[segment[:, 0] < ranks]
    return LANES * int(segment[:, 2].sum()), LANES * int((segment[:, 2] * segment[:, 1]).sum())


def accounts_near(full: FullRecompute, share: float) -> int:
    """Return how many accounts are within `share` of the line: weighted collateral beside debt."""
    found = 0
    for width, (cells, _, capacity, count) in enumerate(full.shelves.tolist()):
        if count:
            strips = [slice(cells + nth * capacity, cells + nth * capacity + count) for nth in range(width)]
            values = [full.coefficient_f64[strip] * full._prices.price_f64[full.term[strip]] for strip in strips]
            above, below = sum(np.maximum(each, 0.0) for each in values), sum(np.maximum(-each, 0.0) for each in values)
            found += int((np.abs(above - below) <= share * np.maximum(above, below)).sum())
    return found


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
    # Wall time holds whatever else the machine did: the least of it is the peer's own.
    return {
        name: (float(min(taken)) if subjects[name][0] is perf_counter_ns else p50(np.sort(taken[1:]))) / 1000.0
        for name, taken in times.items()
    }


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


def rows_for(accounts: int, asset_count: int = 20, seed: int = 1) -> list[Row]:
    """Measure a book of so many accounts: build, calm, crash, after it, updates and memory."""
    run = Run(crash_book(accounts, asset_count, seed))
    name = f"triggers, {accounts:,} accounts, {asset_count} assets"
    peers = peer_times(run)
    run.ticks(WARM_TICKS)
    near = accounts_near(run.full, NEAR_SHARE)
    calm = run.ticks(CALM_TICKS)
    crash = run.ticks(1, CRASH)
    after = run.ticks(AFTER_TICKS)
    batch_rate, single_rate = update_rates(run)
    asked = figures_asked(run)
    bytes_each = (run.book.deployment.book.nbytes + run.triggers.nbytes) / accounts
    rows = [
        *(Row(f"peer: {peer}", taken, "µs", ratio=taken / peers["full recompute's kernel, one thread"]) for peer, taken in peers.items()),
        *calm_rows(calm, near, run),
        *crash_rows(calm, crash, after, asked),
        Row(f"mismatches in {run.tick_count} ticks", float(run.mismatches), "ticks", 0.0, ok=run.mismatches == 0),
        Row("bulk build", run.build_seconds, "s", asked.build_seconds, ok=run.build_seconds <= asked.build_seconds),
        Row("updates in compiled batches", batch_rate, "1/s", asked.batch_rate, ok=batch_rate >= asked.batch_rate),
        Row("updates in single calls", single_rate, "1/s", asked.single_rate, ok=single_rate >= asked.single_rate),
        Row("book and index", bytes_each, "bytes/account", 200.0, ok=bytes_each <= 200),
    ]  # fmt: skip
    return [replace(row, what=f"{name}: {row.what}") for row in rows]


def calm_rows(calm: Times, near: int, run: Run) -> list[Row]:
    """Return what a calm tick costs beside the recompute, and what it looks at."""
    detect, recompute = np.sort(calm.detect), p50(np.sort(calm.recompute))
    usual, slow = recompute / p50(detect), recompute / p99(detect)
    swept = p50(np.sort(calm.swept))
    usual_limit, slow_limit, *_ = figures_asked(run)
    prices = run.triggers.columns.index.banded.scale_f64.size
    reported, summed, cells = (float(np.median(each)) for each in (calm.reported, calm.summed, calm.cells))
    # Whoever changes status is written to somewhere of his own; every price is read.
    least = reported + prices / 8
    lines = run.triggers.columns.index.paired.lines.table
    # A cell has ten bytes, a row four; each ratio line a row of the table, one of its stretch, and some entries.
    read = least + (10 * cells + 4 * summed) / 64 + lines.shape[0] * (lines.strides[0] / 64 + 2)
    return [
        Row(f"accounts within {NEAR_SHARE:.0%} of the line", float(near), "accounts"),
        Row("calm detect, p50; times faster", p50(detect), "µs", usual_limit, usual, usual >= usual_limit),
        Row("calm detect, p99; times faster", p99(detect), "µs", slow_limit, slow, slow >= slow_limit),
        Row("calm detect, max", float(detect[-1]), "µs"),
        Row("calm detect right after a recompute swept the caches, p50; times faster", swept, "µs", ratio=recompute / swept),
        Row("calm tick with its prices, p50; of the full one", p50(np.sort(calm.tick)), "µs", ratio=p50(np.sort(calm.tick)) / p50(np.sort(calm.full_tick))),
        Row("calm, hot accounts a tick", float(np.median(calm.hot)), "accounts"),
        Row("calm, accounts summed a tick", summed, "accounts"),
        Row("calm, accounts reported a tick", reported, "accounts"),
        Row("calm, accounts repaid by keepers a tick", float(np.median(calm.closed)), "accounts"),
        Row("calm, cache lines that any index must touch a tick", least, "lines"),
        Row("calm, cache lines that this one reads; ns each", read, "lines", ratio=1000 * p50(detect) / read),
        Row("calm maintenance, p50", p50(np.sort(calm.maintain)), "µs"),
        Row("calm maintenance, max", float(max(calm.maintain)), "µs", 50_000.0, ok=max(calm.maintain) <= 50_000),
    ]  # fmt: skip


class Asked(NamedTuple):
    """What is asked at one size: times faster than the recompute on a calm tick, in the median and at the 99th percentile, and so on."""

    usual: float = 200.0
    slow: float = 30.0
    ticks_until_calm: float = 50.0
    build_seconds: float = 0.3
    batch_rate: float = 500_000.0
    single_rate: float = 250_000.0


def figures_asked(run: Run) -> Asked:
    """Return what is asked of a book of this size, with so many assets."""
    if len(run.book.deployment.markets) > 100:
        return Asked(usual=40.0, slow=10.0)
    if run.book.deployment.book.account_count > 5_000_000:
        return Asked(250.0, 60.0, 100.0, 4.0, 400_000.0, 200_000.0)
    return Asked()


def crash_rows(calm: Times, crash: Times, after: Times, asked: Asked) -> list[Row]:
    """Return what the tick of the crash costs, and those after it."""
    detect, recompute = np.sort(after.detect), p50(np.sort(after.recompute))
    worst = p99(detect)
    again = ticks_until_calm(after, p50(np.sort(calm.detect)))
    maintain = max(crash.maintain + after.maintain)
    return [
        Row("crash tick; of the recompute", crash.detect[0], "µs", 0.6, crash.detect[0] / crash.recompute[0], crash.detect[0] <= 0.6 * crash.recompute[0]),
        Row("crash, accounts reported", float(crash.reported[0]), "accounts"),
        Row("after the crash, detect p99; of the recompute", worst, "µs", 0.4, worst / recompute, worst <= 0.4 * recompute),
        Row("after the crash, detect p50; times faster", p50(detect), "µs", ratio=recompute / p50(detect)),
        Row("after the crash, accounts reported a tick", float(np.median(after.reported)), "accounts"),
        Row("after the crash, accounts repaid a tick, most", float(max(after.closed)), "accounts"),
        Row("crash and after it, maintenance, max", maintain, "µs", 50_000.0, ok=maintain <= 50_000),
        Row("ticks until calm again", float(again), "ticks", asked.ticks_until_calm, ok=again <= asked.ticks_until_calm),
    ]  # fmt: skip


if __name__ == "__main__":
    print_table(rows_for(*whole_numbers(__doc__, accounts=1_000_000, assets=20, seed=1)))
