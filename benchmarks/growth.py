"""From nobody to millions of accounts without a pause, and the memory that they take.

Accounts come in batches of 10,000, as one event would bring them; after each batch the prices move, the monitor answers, and
maintenance has its turn. Times are CPU time, which others on the machine do not disturb. A *stall* is one of these three:
taking a batch into the book, `detect` with the batch in it, one slice of maintenance. Memory is what a process of its own has
resident beyond one with the same kernels and a small book. `python -m benchmarks.growth [ACCOUNTS]`.
"""

import gc
import subprocess
import sys
from time import thread_time_ns

import numpy as np
from benchmarks.arguments import whole_numbers
from benchmarks.crash_book import crash_accounts, crash_book, empty_crash_book
from benchmarks.table import Row, print_table

from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

MILLION = 1_000_000
PROTOCOL = "seawall"
BATCH, SLICE = 10_000, 4096
STALL_MS = 50.0
SINGLE_CALLS = 20_000
MEMORY_LIMITS_MB = {MILLION: 200.0, 10 * MILLION: 1600.0}


def warm_monitor() -> TriggerBook:
    """Return a monitor over a small book, with every kernel compiled."""
    book = crash_book(2000)
    monitor = TriggerBook(book.deployment, protocol_named(PROTOCOL))
    dice = np.random.default_rng(1)
    for _ in range(3):
        book.tick(dice)
        monitor.reprice(None)
        monitor.detect()
        monitor.maintain(SLICE)
    return monitor


def growth_rows(accounts: int) -> list[Row]:
    """Measure a book and its monitor that grow from nobody."""
    warm_monitor()
    dice = np.random.default_rng(5)
    growing = empty_crash_book(dice)
    deployment, protocol = growing.deployment, protocol_named(PROTOCOL)
    monitor, begin_prices = TriggerBook(deployment, protocol), list(deployment.prices)
    taken: dict[str, list[float]] = {"book": [], "detect": [], "slice": []}
    for nth in range(accounts // BATCH):
        deployment.prices[:] = begin_prices
        columns = crash_accounts(dice, deployment, BATCH)
        growing.tick(dice)
        marks = [thread_time_ns()]
        row = deployment.book.add_accounts(*columns)
        for each in range(row, row + BATCH):
            monitor.touch(each)
        marks.append(thread_time_ns())
        monitor.reprice(None)
        reported = monitor.detect()
        marks.append(thread_time_ns())
        for name, used in zip(("book", "detect"), np.diff(marks).tolist(), strict=True):
            taken[name].append(used / 1e6)
        decided = np.array([protocol.is_liquidatable(deployment, each) for each in reported.tolist()], bool)
        for is_below in (True, False):
            monitor.set_liquidatable(reported[decided == is_below], is_below)
        for _ in range(1 + deployment.book.account_count // (128 * SLICE)):
            begin = thread_time_ns()
            monitor.maintain(SLICE)
            taken["slice"].append((thread_time_ns() - begin) / 1e6)
        if nth % 100 == 99:
            print(f"growth: {row + BATCH:,} accounts", file=sys.stderr, flush=True)
    stalls = np.sort(np.concatenate(list(taken.values())))
    rate = accounts / (sum(taken["book"]) + sum(taken["detect"])) * 1e3
    return [
        Row(f"growth to {accounts:,}: longest stall", float(stalls[-1]), "ms", STALL_MS, ok=stalls[-1] <= STALL_MS),
        Row("growth: stalls, p99.9", float(np.quantile(stalls, 0.999)), "ms"),
        *(
            Row(f"growth: {what}, {name}", value, "ms")
            for part, what in (("book", "10,000 accounts into the book"), ("detect", "detect with them"), ("slice", "a slice of maintenance"))
            for name, value in (("p50", float(np.median(taken[part]))), ("longest", max(taken[part])))
        ),
        Row("growth: accounts taken in, book and detect together", rate, "1/s"),
        *single_call_rows(monitor, dice),
    ]  # fmt: skip


def single_call_rows(monitor: TriggerBook, dice: np.random.Generator) -> list[Row]:
    """Measure the book's calls from Python, one account at a time."""
    book = monitor.deployment.book
    keys = [dice.bytes(book.account_width) for _ in range(SINGLE_CALLS)]
    rows = dice.integers(0, book.account_count, SINGLE_CALLS).tolist()
    begin = thread_time_ns()
    for key in keys:
        book.add_account(key)
    added = thread_time_ns() - begin
    begin = thread_time_ns()
    for row in rows:
        book.move_balance(row, row % 40, 10**6)
    moved = thread_time_ns() - begin
    return [
        Row("growth: add_account, one call an account", SINGLE_CALLS / added * 1e9, "1/s"),
        Row("growth: move_balance, one call a balance, places at random", SINGLE_CALLS / moved * 1e9, "1/s"),
    ]


def resident_megabytes() -> float:
    """Return what this process has resident; Linux only."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def print_memory(accounts: int) -> None:
    """Print the megabytes that book and monitor take in this process, the positions, and both sizes in bytes."""
    warm_monitor()
    gc.collect()
    before = resident_megabytes()
    book = crash_book(accounts)
    monitor = TriggerBook(book.deployment, protocol_named(PROTOCOL))
    monitor.detect()
    monitor.maintain(SLICE)
    gc.collect()
    taken = resident_megabytes() - before
    columns = book.deployment.book
    print(taken, int(columns.count.sum(dtype=np.int64)), monitor.nbytes, columns.nbytes)


def memory_rows(accounts: int) -> list[Row]:
    """Measure the memory of a book and its monitor in a process of its own."""
    code = f"from benchmarks.growth import print_memory; print_memory({accounts})"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    taken, positions, monitor_bytes, book_bytes = map(float, found.stdout.split())
    limit = MEMORY_LIMITS_MB.get(accounts)
    ok = None if limit is None else taken <= limit
    return [
        Row(f"memory: {accounts:,} accounts, book and monitor, resident", taken, "MB", limit, ok=ok),
        Row("memory: an account", 1e6 * taken / accounts, "bytes"),
        Row("memory: a position, everything counted to positions", 1e6 * taken / positions, "bytes"),
        Row("memory: of it the book's columns, keys and index, by their sizes", book_bytes / accounts, "bytes/account"),
        Row("memory: of it the monitor's columns, by their sizes", monitor_bytes / accounts, "bytes/account"),
    ]


def measure(accounts: int = MILLION) -> list[Row]:
    """Return the table's rows for growth and memory."""
    return growth_rows(accounts) + memory_rows(accounts)


if __name__ == "__main__":
    print_table(measure(*whole_numbers(__doc__, accounts=MILLION)))
