"""The SQLite journal: what was committed stands, what stands is compared, and a changed byte is found."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.adapters import sqlite_file
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import JournalHeader, Record, Snapshot, header_hash
from seawall.errors import ConfigError, JournalCorrupt, ReplayDiverged, StorageError
from seawall.ledger.event import Event, OracleRound, PositionsChanged, PriceObserved
from seawall.ledger.order import CancelOrder, Order
from seawall.ledger.refusal import Refusal

HEADER = JournalHeader(inputs='{"prices.csv":"5feceb66"}')
FLIPPED_POSITIONS = 300
Content = tuple[JournalHeader, list[Record], list[Snapshot]]


def price_event(number: int) -> Event:
    return PriceObserved(at=number, rounds=(OracleRound(asset=0, price=10**21 + number, observed_at=number),))


def positions_event(number: int, rows: int) -> Event:
    noise = random.Random(number)
    return PositionsChanged(
        at=number,
        accounts=noise.randbytes(20 * rows),
        slots=noise.randbytes(2 * rows),
        deltas=noise.randbytes(16 * rows),
    )


def orders_of(number: int) -> tuple[Order, ...]:
    return (
        ()
        if number % 3
        else (CancelOrder(order_id=number, account=b"\x07" * 20, reason=Refusal.HEALTHY, below_since=0),)
    )


def append_range(journal: SqliteJournal, first: int, last: int) -> None:
    for number in range(first, last + 1):
        assert journal.append(price_event(number), orders_of(number)) == number


def content_of(path: Path) -> Content:
    with SqliteJournal.open(path) as journal:
        journal.verify()
        snapshots = []
        before = None
        while (snapshot := journal.latest_snapshot(before)) is not None:
            snapshots.append(snapshot)
            before = snapshot.sequence
        return journal.header, list(journal.records()), snapshots


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


# -- what is committed ----------------------------------------------------------------------------------------


def test_what_was_appended_is_read_back_in_sequence(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 700)
        head = journal.head_hash
    with SqliteJournal.open(path) as journal:
        assert journal.header == HEADER
        assert (journal.head_sequence, journal.head_hash) == (700, head)
        records = list(journal.records())
        assert [record.sequence for record in records] == list(range(1, 701))
        assert [record.event for record in records] == [price_event(number) for number in range(1, 701)]
        assert [record.orders for record in records] == [orders_of(number) for number in range(1, 701)]
        assert records[-1].chain == head
        assert list(journal.records(after=699)) == records[699:]
        assert list(journal.records(after=700)) == []
        journal.verify()


def test_the_same_entries_in_other_groups_give_the_same_head(tmp_path: Path) -> None:
    heads = set()
    for group in (1, 7, 100):
        with SqliteJournal.create(tmp_path / f"{group}.sqlite", HEADER) as journal:
            for number in range(1, 101):
                journal.append(price_event(number), orders_of(number))
                if number % group == 0:
                    journal.commit()
            heads.add(journal.head_hash)
    assert len(heads) == 1


def test_another_header_gives_another_chain(tmp_path: Path) -> None:
    heads = set()
    for inputs in ("{}", '{"seed":1}'):
        with SqliteJournal.create(tmp_path / f"{len(inputs)}.sqlite", JournalHeader(inputs=inputs)) as journal:
            append_range(journal, 1, 1)
            heads.add(journal.head_hash)
    assert len(heads) == 2


def test_a_group_is_due_at_a_thousand_events_and_not_one_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.adapters.sqlite_journal.monotonic_ns", lambda: 0)
    with SqliteJournal.create(path, HEADER) as journal:
        assert not journal.is_due()
        append_range(journal, 1, 999)
        assert not journal.is_due()
        append_range(journal, 1000, 1000)
        assert journal.is_due()
        append_range(journal, 1001, 1001)
        assert journal.is_due()
        journal.commit()
        assert not journal.is_due()


@pytest.mark.parametrize(("age_ns", "due"), [(1_999_999, False), (2_000_000, True), (2_000_001, True)])
def test_a_group_is_due_when_its_first_event_is_two_milliseconds_old(
    path: Path, monkeypatch: pytest.MonkeyPatch, age_ns: int, due: bool
) -> None:
    clock = [10**18]
    monkeypatch.setattr("seawall.adapters.sqlite_journal.monotonic_ns", lambda: clock[0])
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 1)
        clock[0] += age_ns // 2
        append_range(journal, 2, 2)
        clock[0] += age_ns - age_ns // 2
        assert journal.is_due() is due


def test_what_is_not_committed_is_not_read(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 5)
        journal.commit()
        append_range(journal, 6, 8)
        assert [record.sequence for record in journal.records()] == [1, 2, 3, 4, 5]
        assert journal.head_sequence == 8
        journal.verify()


def test_a_closed_journal_is_a_single_file_that_any_sqlite_reads(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 4)
    assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite"]
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert connection.execute("SELECT sequence, event ->> 'at' FROM entries").fetchall() == [
        (n, n) for n in (1, 2, 3, 4)
    ]
    assert json.loads(connection.execute("SELECT body ->> 'inputs' FROM header").fetchone()[0]) == {
        "prices.csv": "5feceb66"
    }
    connection.close()


def test_a_long_write_ahead_file_is_folded_back_while_the_journal_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "WAL_PAGES_MAX", 20)
    with SqliteJournal.create(path, HEADER) as journal:
        for number in range(1, 201):
            journal.append(positions_event(number, 100), ())
            journal.commit()
        wal = path.with_name("journal.sqlite-wal")
        assert wal.stat().st_size < 40 * (sqlite_file.PAGE_BYTES + 24)
        assert path.stat().st_size > 100 * 4_000
        journal.verify()
    assert len(content_of(path)[1]) == 200


# -- replay ---------------------------------------------------------------------------------------------------


def test_the_first_appends_are_compared_and_the_rest_is_added(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 300)
        head = journal.head_hash
    with SqliteJournal.open(path) as journal:
        append_range(journal, 1, 299)
        assert (journal.replayed_count, journal.head_sequence, journal.head_hash) == (299, 300, head)
        assert not journal.is_due()
        append_range(journal, 300, 300)
        assert (journal.replayed_count, journal.head_sequence, journal.head_hash) == (300, 300, head)
        append_range(journal, 301, 310)
        assert (journal.replayed_count, journal.head_sequence) == (300, 310)
    assert [record.event for record in content_of(path)[1]] == [price_event(number) for number in range(1, 311)]


def test_a_replay_leaves_every_byte_of_the_file_as_it_was(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 50)
    before = path.read_bytes()
    with SqliteJournal.open(path) as journal:
        append_range(journal, 1, 50)
        journal.commit()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("event", "orders", "what"),
    [
        (price_event(8), orders_of(7), "event of sequence 7 differ"),
        (price_event(7), orders_of(9), "orders of sequence 7 differ"),
    ],
)
def test_another_event_or_other_orders_than_stand_are_a_divergence(
    path: Path, event: Event, orders: tuple[Order, ...], what: str
) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 10)
    before = content_of(path)
    with SqliteJournal.open(path) as journal:
        append_range(journal, 1, 6)
        with pytest.raises(ReplayDiverged, match=what):
            journal.append(event, orders)
    assert content_of(path) == before


# -- snapshots ------------------------------------------------------------------------------------------------


def test_snapshots_are_found_by_sequence(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 20)
        assert journal.latest_snapshot() is None
        journal.save_snapshot(10, b"\x10" * 32, b"ten" * 1000)
        journal.save_snapshot(20, b"\x20" * 32, b"")
    ten, twenty = Snapshot(10, b"\x10" * 32, b"ten" * 1000), Snapshot(20, b"\x20" * 32, b"")
    with SqliteJournal.open(path) as journal:
        found = {before: journal.latest_snapshot(before) for before in (10, 11, 20, 21)}
        assert found == {10: None, 11: ten, 20: ten, 21: twenty}
        assert journal.latest_snapshot() == twenty
        journal.verify()


def test_a_snapshot_makes_what_it_rests_on_durable_first(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 3)
        journal.save_snapshot(3, b"\x03" * 32, b"three")
        assert len(list(journal.records())) == 3


def test_a_snapshot_taken_again_is_compared(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 600)
        journal.save_snapshot(600, b"\x03" * 32, b"state")
    with SqliteJournal.open(path) as journal:
        append_range(journal, 1, 300)
        journal.save_snapshot(300, b"\x01" * 32, b"a new one in the middle of a replay")
        append_range(journal, 301, 600)
        journal.save_snapshot(600, b"\x03" * 32, b"state")
        with pytest.raises(ReplayDiverged, match="state hash of sequence 600"):
            journal.save_snapshot(600, b"\x04" * 32, b"state")
    assert [snapshot.sequence for snapshot in content_of(path)[2]] == [600, 300]


# -- what is refused ------------------------------------------------------------------------------------------


def test_a_journal_is_not_made_over_a_file(path: Path) -> None:
    SqliteJournal.create(path, HEADER).close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="a file stands"):
        SqliteJournal.create(path, HEADER)
    assert path.read_bytes() == before
    path.write_text("symbol,ts,price\n" * 100)
    with pytest.raises(ConfigError, match="a file stands"):
        SqliteJournal.create(path, HEADER)
    assert path.read_text() == "symbol,ts,price\n" * 100


def test_a_journal_is_made_over_what_a_process_left_that_was_killed_before_its_header(path: Path) -> None:
    left = sqlite3.connect(path)
    left.execute("PRAGMA page_size = 8192")
    left.execute("PRAGMA journal_mode = wal")
    left.close()
    assert path.stat().st_size > 0
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 3)
    assert content_of(path)[0] == HEADER


def test_a_journal_that_is_not_there_is_not_made_by_opening_it(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"journal\.sqlite"):
        SqliteJournal.open(path)
    assert not path.exists()


def test_a_journal_of_another_schema_is_refused_by_name(path: Path) -> None:
    with SqliteJournal.create(path, HEADER):
        pass
    connection = sqlite3.connect(path)
    body = connection.execute("SELECT body FROM header").fetchone()[0].replace('"schema":2', '"schema":1')
    connection.execute("UPDATE header SET body = ?, chain = ?", (body, header_hash(body.encode())))
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigError, match=r"^journal has schema 1, this version reads 2$"):
        SqliteJournal.open(path)


def foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entries(sequence INTEGER PRIMARY KEY, event TEXT, orders TEXT, chain BLOB)")
    connection.close()


@pytest.mark.parametrize(
    "write",
    [
        foreign_database,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("symbol,ts,price\n" * 1000),
        lambda path: path.write_bytes(b"SQLite format 3\0"),
    ],
    ids=["another application's database", "an empty file", "a text file", "the first bytes of a database"],
)
def test_a_file_that_is_no_journal_is_called_so_and_left_alone(path: Path, write: Callable[[Path], object]) -> None:
    write(path)
    before = path.read_bytes()
    with pytest.raises(JournalCorrupt, match=r"journal\.sqlite"):
        SqliteJournal.open(path)
    assert path.read_bytes() == before


def test_two_writers_never_share_a_journal(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 3)
        journal.commit()
        attempt = f"from seawall.adapters.sqlite_journal import SqliteJournal; SqliteJournal.open({str(path)!r})"
        done = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "another process has the file open" in done.stderr
        append_range(journal, 4, 4)
    assert len(content_of(path)[1]) == 4


def test_a_journal_that_is_only_read_is_shared_and_cannot_be_written_by_either(path: Path) -> None:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 3)
    with SqliteJournal.open(path) as reader, SqliteJournal.open(path) as writer:
        assert len(list(reader.records())) == 3
        append_range(writer, 1, 4)
        with pytest.raises(StorageError, match="another process has the file open"):
            writer.commit()
        assert len(list(reader.records())) == 3


def test_nothing_is_appended_to_a_closed_journal(path: Path) -> None:
    journal = SqliteJournal.create(path, HEADER)
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append(price_event(1), ())
    journal.close()


# -- a full disk ----------------------------------------------------------------------------------------------

FILLER = """
import resource, signal, sys
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import JournalHeader
from seawall.errors import StorageError
from seawall.ledger.event import OracleRound, PriceObserved
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
journal = SqliteJournal.create(sys.argv[1], JournalHeader(inputs=""))
committed = 0
try:
    for number in range(1, 100_000):
        journal.append(PriceObserved(number, (OracleRound(0, 1, number),)), ())
        if number % 100 == 0:
            journal.commit()
            committed = number
except StorageError as error:
    print(committed, error)
try:
    journal.append(PriceObserved(1, ()), ())
except StorageError:
    journal.close()
    print("stopped")
"""


def test_a_file_that_can_grow_no_more_stops_the_journal_and_loses_nothing(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILLER, str(path)], capture_output=True, text=True, check=True)
    reason, stopped = done.stdout.splitlines()
    committed = int(reason.split()[0])
    assert committed > 0
    assert str(path) in reason
    assert stopped == "stopped"
    records = content_of(path)[1]
    assert committed <= len(records) <= committed + 100


# -- changed bytes --------------------------------------------------------------------------------------------


def small_journal(path: Path) -> bytes:
    with SqliteJournal.create(path, HEADER) as journal:
        append_range(journal, 1, 30)
        journal.save_snapshot(30, b"\x30" * 32, random.Random(1).randbytes(9_000))
        for number in range(31, 36):
            journal.append(positions_event(number, 250), orders_of(number))
        append_range(journal, 36, 60)
        journal.save_snapshot(60, b"\x60" * 32, b"state")
    return path.read_bytes()


def assert_found_or_harmless(path: Path, intact: Content) -> bool:
    """Read a damaged journal: True where the damage was found, False where the content is unchanged."""
    try:
        content = content_of(path)
    except JournalCorrupt:
        return True
    assert content == intact
    return False


def test_a_flipped_byte_is_found_or_changes_nothing(path: Path) -> None:
    whole = small_journal(path)
    intact = content_of(path)
    dice = random.Random(2020)
    positions = sorted({*range(100), *dice.sample(range(len(whole)), FLIPPED_POSITIONS)})
    found = 0
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= dice.choice((1, 2, 4, 8, 16, 32, 64, 128, 255))
        path.write_bytes(damaged)
        found += assert_found_or_harmless(path, intact)
    assert found > len(positions) // 2


def test_a_flipped_byte_in_any_column_is_found_and_its_sequence_named(path: Path) -> None:
    whole = small_journal(path)
    intact = content_of(path)
    for mark, name in (
        (b'"price":1000000000000000000017', "sequence 17 "),
        (b'"order_id":18', "sequence 18 "),
        (intact[1][18].chain, "sequence 19 "),
        (b"prices.csv", "header"),
        (b"\x60" * 32, "snapshot of sequence 60 "),
    ):
        # Everywhere, for a page that was split leaves an old copy of its rows in unused space.
        path.write_bytes(whole.replace(mark, mark[:-1] + bytes([mark[-1] ^ 1])))
        with pytest.raises(JournalCorrupt, match=name):
            content_of(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_journal_is_found(path: Path, share: float) -> None:
    whole = small_journal(path)
    intact = content_of(path)
    path.write_bytes(whole[: int(len(whole) * share)])
    assert assert_found_or_harmless(path, intact)


def test_an_entry_that_was_taken_out_or_put_in_by_hand_is_found(path: Path) -> None:
    whole = small_journal(path)
    for sql, name in (
        ("DELETE FROM entries WHERE sequence = 20", "sequence 20 is missing"),
        ("UPDATE entries SET sequence = 61 WHERE sequence = 60", "sequence 60 is missing"),
        ("INSERT INTO entries VALUES (61, '{}', '[]', x'00')", "sequence 61 is not what was written"),
        ("UPDATE entries SET orders = '[]' WHERE sequence = 18", "sequence 18 is not what was written"),
        ("UPDATE snapshots SET sequence = 29 WHERE sequence = 30", "snapshot of sequence 29 "),
        ("CREATE TABLE notes(text)", "tables"),
        ("DELETE FROM header", "header is missing"),
    ):
        path.write_bytes(whole)
        connection = sqlite3.connect(path)
        connection.execute(sql)
        connection.commit()
        connection.close()
        with pytest.raises(JournalCorrupt, match=name):
            content_of(path)
