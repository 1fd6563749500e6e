"""The monitor's tick: a million accounts against a bare dot product over the same columns, and a real book's size.

The peers run in the same process, turn about with the monitor, over the very columns of the book: a coefficient and a
term a position in order of the accounts, 2.3 positions an account. `per account` writes one sum an account; `flat` adds all
products up into one number, the least that touching every position can cost. Nothing is liquidatable.
"""

import random
from collections.abc import Callable
from time import perf_counter_ns

import numpy as np
from benchmarks.synthetic_book import even_book, pool
from benchmarks.table import Row, print_table
from numba import njit

from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.kernels import screen_margins_nb
from seawall.protocols.catalogue import protocol_named

MILLION = 1_000_000
REAL_BOOK, REAL_DEBTORS = 12_164, 8_700
MARKETS = 24
ROUNDS_OF_A_MILLION, ROUNDS_OF_THE_REAL = 100, 2000
PROTOCOL = "aave_v3@3.0"


@njit(cache=True)
def dot_per_account(first, count, coefficient_f64, term, price_f64, margin_f64):  # type: ignore[no-untyped-def]
    """Write each account's sum of coefficient * price."""
    for row in range(first.size):
        margin = 0.0
        for at in range(first[row], first[row] + count[row]):
            margin += coefficient_f64[at] * price_f64[term[at]]
        margin_f64[row] = margin


@njit(cache=True)
def dot_flat(coefficient_f64, term, price_f64):  # type: ignore[no-untyped-def]
    """Return the sum of all coefficient * price."""
    total = 0.0
    for at in range(term.size):
        total += coefficient_f64[at] * price_f64[term[at]]
    return total


def microseconds_turn_about(runs: int, **subjects: Callable[[], object]) -> dict[str, np.ndarray]:
    """Return the sorted times of each subject, run in turn."""
    times: dict[str, list[int]] = {name: [] for name in subjects}
    for subject in subjects.values():
        subject()
        subject()
    for _ in range(runs):
        for name, subject in subjects.items():
            begin = perf_counter_ns()
            subject()
            times[name].append(perf_counter_ns() - begin)
    return {name: np.sort(np.array(taken)) / 1000.0 for name, taken in times.items()}


def monitor_of(accounts: int, debtors: float) -> FullRecompute:
    """Return a monitor over a fresh synthetic book in which everyone is healthy."""
    deployment = pool(random.Random(1), MARKETS)
    deployment.book = even_book(deployment, accounts, debtors, health=1.01)
    monitor = FullRecompute(deployment, protocol_named(PROTOCOL))
    assert monitor.detect().size == 0
    return monitor


def peers_of(monitor: FullRecompute) -> dict[str, Callable[[], object]]:
    """Return the bare dot products over the book's columns, with the monitor's prices."""
    book = monitor.deployment.book
    coefficient_f64 = book.high.astype(np.float64) * 2.0**64 + book.low.astype(np.float64)
    coefficient_f64[(book.slot & 1) == 1] *= -1.0
    terms, price_f64 = book.slot.copy(), np.random.default_rng(1).random(2 * len(monitor.deployment.markets))
    margin_f64 = np.zeros(book.account_count)
    return {
        "per_account": lambda: dot_per_account(book.first, book.count, coefficient_f64, terms, price_f64, margin_f64),
        "flat": lambda: dot_flat(coefficient_f64, terms, price_f64),
    }


def tick(monitor: FullRecompute, markets: list[int] | None) -> Callable[[], object]:
    """Return one price tick: these markets repriced, everyone screened."""

    def run() -> None:
        monitor.reprice(markets)
        assert monitor.detect().size == 0

    return run


def p50(times: np.ndarray) -> float:
    """Return the median."""
    return float(times[times.size // 2])


def p99(times: np.ndarray) -> float:
    """Return the 99th percentile."""
    return float(times[int(times.size * 0.99)])


def million_rows() -> list[Row]:
    """Measure a tick of a million accounts, all with debt: every market repriced, everyone screened."""
    monitor = monitor_of(MILLION, debtors=1.0)
    times = microseconds_turn_about(ROUNDS_OF_A_MILLION, tick=tick(monitor, None), **peers_of(monitor))
    rows = [
        Row(f"monitor: tick of {MILLION:,} accounts, all repriced, p50", p50(times["tick"]), "µs"),
        Row("monitor: the same, p99", p99(times["tick"]), "µs"),
    ]
    for name, peer in (
        ("per_account", "bare dot product, one sum an account"),
        ("flat", "bare dot product, one sum of all"),
    ):
        for quantile, take in (("p50", p50), ("p99", p99)):
            ratio = take(times["tick"]) / take(times[name])
            limit, ok = (1.2, ratio <= 1.2) if take is p50 else (None, None)
            rows.append(Row(f"monitor: {peer}, {quantile}; tick beside it", take(times[name]), "µs", limit, ratio, ok))
    bytes_each = (monitor.deployment.book.nbytes + monitor.nbytes) / MILLION
    rows.append(
        Row("monitor: book and monitor, 2.3 positions", bytes_each, "bytes/account", 160.0, ok=bytes_each <= 160)
    )
    return rows


def real_size_rows() -> list[Row]:
    """Measure the screen on a book of the real one's size."""
    monitor = monitor_of(REAL_BOOK, REAL_DEBTORS / REAL_BOOK)

    def kernel() -> None:
        screen_margins_nb(
            monitor.shelves, monitor.shelf_row, monitor.coefficient_f64, monitor.term, monitor._prices.price_f64,
            monitor._prices.value_f64, monitor._margin_f64, monitor._flagged,
        )  # fmt: skip

    subjects = {"kernel": kernel, "detect": monitor.detect, "one": tick(monitor, [3]), "all": tick(monitor, None)}
    times = {name: p50(taken) for name, taken in microseconds_turn_about(ROUNDS_OF_THE_REAL, **subjects).items()}
    overhead = times["detect"] - times["kernel"]
    return [
        Row(
            f"monitor: screen of {REAL_BOOK:,} accounts, kernel", times["kernel"], "µs", 25.0, ok=times["kernel"] <= 25
        ),
        Row("monitor: detect beyond the kernel, nothing changed", overhead, "µs", 10.0, ok=overhead <= 10),
        Row(f"monitor: one of {MARKETS} markets repriced, and detect", times["one"], "µs", 50.0, ok=times["one"] <= 50),
        Row(f"monitor: {MARKETS} markets repriced, and detect", times["all"], "µs"),
    ]


def measure() -> list[Row]:
    """Return the table's rows for the monitor."""
    return million_rows() + real_size_rows()


if __name__ == "__main__":
    print_table(measure())
