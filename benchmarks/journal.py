"""What the journal costs: append and durable commit alone, beside what the disk costs for the same bytes.

The physical limit is a bare write and fdatasync of the events', orders' and hashes' bytes in the same groups, in
the same run and folder. The folder is made where the benchmark is started, so that it lies on a disk.
"""

import os
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.table import Row, print_table

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import NO_ORDERS, JournalHeader, encode_event
from seawall.ledger.event import Event, OracleRound, PositionsChanged, PriceObserved

ROUNDS = 5
PRICE_EVENTS = 100_000
BATCH_EVENTS = 5_000
BATCH_ROWS = 100
PRICE_MICROSECONDS_MAX = 8.0
HASH_BYTES = 32


def price_events() -> list[Event]:
    """Return events of one price each."""
    start = 1_621_468_800_000
    return [
        PriceObserved(at=start + n, rounds=(OracleRound(asset=n % 37, price=2 * 10**21 + n, observed_at=start + n),))
        for n in range(PRICE_EVENTS)
    ]


def batch_events() -> list[Event]:
    """Return events of a hundred position changes each."""
    dice = random.Random(1)
    return [
        PositionsChanged(
            at=n,
            accounts=dice.randbytes(20 * BATCH_ROWS),
            slots=dice.randbytes(2 * BATCH_ROWS),
            deltas=dice.randbytes(16 * BATCH_ROWS),
        )
        for n in range(BATCH_EVENTS)
    ]


def journal_seconds(events: Sequence[Event], path: Path) -> tuple[float, list[int]]:
    """Return the time of appending and committing all events, and the sequences at which groups ended."""
    journal = SqliteJournal.create(path, JournalHeader(inputs="{}"))
    ends = []
    start = perf_counter()
    for event in events:
        sequence = journal.append(event, ())
        if journal.is_due():
            journal.commit()
            ends.append(sequence)
    journal.commit()
    seconds = perf_counter() - start
    journal.close()
    return seconds, [*ends, len(events)]


def disk_seconds(events: Sequence[Event], ends: Sequence[int], path: Path) -> float:
    """Return the time of writing and syncing the same bytes in the same groups."""
    sizes = [len(encode_event(event)) + len(NO_ORDERS) + HASH_BYTES for event in events]
    groups = [bytes(sum(sizes[start:stop])) for start, stop in zip([0, *ends], ends, strict=False)]
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    start_at = perf_counter()
    for group in groups:
        os.write(file, group)
        os.fdatasync(file)
    seconds = perf_counter() - start_at
    os.close(file)
    return seconds


def least(events: Sequence[Event], folder: Path) -> tuple[float, float, float]:
    """Return the least of some rounds: journal and disk in microseconds an event, and the events of a group."""
    best = (float("inf"), float("inf"), 0.0)
    for number in range(ROUNDS):
        path = folder / f"{number}.sqlite"
        seconds, ends = journal_seconds(events, path)
        path.unlink()
        disk = disk_seconds(events, ends, path)
        path.unlink()
        best = min(best, (1e6 * seconds / len(events), 1e6 * disk / len(events), len(events) / len(ends)))
    return best


def measure() -> list[Row]:
    """Return the table's rows for the journal."""
    rows = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for case, events, limit in (
            ("one price an event", price_events(), PRICE_MICROSECONDS_MAX),
            ("100 position changes an event", batch_events(), None),
        ):
            journal, disk, group = least(events, Path(folder))
            what = f"append and commit, {case} (groups of {group:,.0f}; bare disk {disk:,.2f} us)"
            ok = None if limit is None else journal <= limit
            rows.append(Row(what, journal, "us/event", limit, ratio=journal / disk, ok=ok))
    return rows


if __name__ == "__main__":
    print_table(measure())
