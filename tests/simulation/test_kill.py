"""A process killed at any moment loses nothing that it had committed, and does not leave its journal locked."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.ledger.event import OracleRound, PriceObserved

KILLS = 12
REPORTED_BEFORE_KILL = 150

WRITER = """
import sys
from pathlib import Path
from seawall.adapters import sqlite_file
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import JournalHeader
from seawall.ledger.event import OracleRound, PriceObserved
sqlite_file.WAL_PAGES_MAX = 50
path = Path(sys.argv[1])
journal = SqliteJournal.open(path) if path.exists() else SqliteJournal.create(path, JournalHeader(inputs=""))
for number in range(1, 1_000_000):
    journal.append(PriceObserved(number, (OracleRound(0, 10**21 + number, number),)), ())
    if number % 7 == 0 and number > journal.replayed_count:
        journal.commit()
        print(number, flush=True)
"""


def price_event(number: int) -> PriceObserved:
    return PriceObserved(number, (OracleRound(0, 10**21 + number, number),))


def test_nothing_committed_is_missing_after_kills_at_random_moments(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / "journal.sqlite"
    dice = random.Random(9)
    committed = 0
    for kill in range(KILLS):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(dice.randrange(1, REPORTED_BEFORE_KILL)):
            committed = int(writer.stdout.readline())
        writer.kill()
        reported, _ = writer.communicate()
        # A line that the kill cut short was reported after its commit too, but says another number.
        committed = max([committed, *map(int, reported[: reported.rfind("\n") + 1].split())])
        # A copy is read, so that the next writer finds what the kill left and recovers it itself.
        copy = shutil.copytree(folder, tmp_path / f"kill-{kill}") / path.name
        with SqliteJournal.open(copy) as journal:
            journal.verify()
            head = journal.head_sequence
            assert head >= committed
            assert [record.event for record in journal.records()] == [price_event(n) for n in range(1, head + 1)]
    assert committed > KILLS
