"""Each compiled kernel of the trigger book leaves behind, bit for bit, what its plain twin leaves."""

import random

import numpy as np
import pytest
from benchmarks.crash_book import crash_book
from benchmarks.synthetic_book import even_book, pool
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.monitor import bulk_build, trigger_columns, trigger_kernels
from seawall.monitor.compilation import compiled
from seawall.monitor.row_order import ROWS_PER_WORD, put_in_order
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

KERNELS = {
    bulk_build: ("see_accounts", "settle_accounts", "lay_out_triggers"),
    trigger_kernels: ("place_rows", "detect", "maintain", "move_chunks"),
}
SCRATCH = ("flagged", "crossed")


def columns_in(index):
    """Yield (name, array) of every column whose content means something."""
    for name, value in index._asdict().items():
        if isinstance(value, np.ndarray):
            if name not in SCRATCH:
                yield name, value
            continue
        for inner, column in value._asdict().items():
            if isinstance(column, tuple):
                yield from ((f"{name}.{inner}.{each}", array) for each, array in column._asdict().items())
            elif inner == "contrary":
                yield f"{name}.{inner}", column[: value.contrary_count[0]]
            else:
                yield f"{name}.{inner}", column


def lived_through(deployment, protocol, seed, ticks):
    """Return what a trigger book reports and holds after each of some ticks with changes, falls and unknown prices."""
    draw = random.Random(seed)
    monitor = TriggerBook(deployment, protocol)
    book, seen = deployment.book, []
    for tick in range(ticks):
        for market in range(len(deployment.prices)):
            deployment.prices[market] = max(1, int(deployment.prices[market] * draw.uniform(0.97, 1.03)))
        if tick == ticks // 2:
            deployment.prices[0] //= 2
        unknown = draw.randrange(len(deployment.prices)) if tick % 5 == 3 else None
        if unknown is not None:
            remembered, deployment.prices[unknown] = deployment.prices[unknown], None
        monitor.reprice(None)
        for _ in range(5):
            row, slot = draw.randrange(book.account_count), draw.randrange(2 * len(deployment.prices))
            book.set_balance(row, slot, draw.choice([0, 1, 10**12, 10**20]))
            monitor.touch(row)
        flagged = monitor.detect().tolist()
        for row in flagged:
            if draw.random() < 0.8:
                monitor.set_liquidatable([row], not monitor.is_liquidatable(row))
        monitor.maintain(draw.choice([3, 50, 400]))
        seen.append((flagged, {name: column.tobytes() for name, column in columns_in(monitor.columns.index)}))
        if unknown is not None:
            deployment.prices[unknown] = remembered
    return seen


def small_pool():
    deployment = pool(random.Random(2), with_categories=False)
    deployment.book = even_book(deployment, 150, debtors=0.8, health=0.98)
    return deployment, RoundedPool()


def small_crash_book():
    return crash_book(250, asset_count=6, seed=3).deployment, protocol_named("seawall")


@pytest.mark.parametrize("make", [small_pool, small_crash_book])
def test_a_trigger_book_is_the_same_compiled_and_plain_through_its_life(make, monkeypatch):
    compiled = lived_through(*make(), seed=4, ticks=12)
    for module, kernels in KERNELS.items():
        for kernel in kernels:
            monkeypatch.setattr(trigger_columns, f"{kernel}_nb", getattr(module, f"{kernel}_py"))
    monkeypatch.setattr(trigger_columns, "seal", lambda index: index)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        plain = lived_through(*make(), seed=4, ticks=12)
    for (flagged, columns), (flagged_plain, columns_plain) in zip(compiled, plain, strict=True):
        assert flagged == flagged_plain
        assert [name for name in columns if columns[name] != columns_plain[name]] == []
    assert sum(len(flagged) for flagged, _ in compiled) > 100


@pytest.mark.parametrize("order", [put_in_order, compiled(put_in_order)], ids=["plain", "compiled"])
@pytest.mark.parametrize("count", [0, 1, 3000, 5024])
def test_rows_are_sorted_by_their_bits(order, count):
    rows = np.random.default_rng(1).permutation(5024)[:count].astype(np.int32)
    expected, words = np.sort(rows), np.zeros(5024 // ROWS_PER_WORD, np.uint32)
    order(rows, words)
    assert (rows == expected).all()
    assert not words.any()
