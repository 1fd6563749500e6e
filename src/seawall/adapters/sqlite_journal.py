"""The journal in one SQLite file: a header, entries tied together by hashes, and snapshots.

Entries are committed in groups. Whatever `commit` returned for is there after a kill or a power cut, and what is
there beyond it is a prefix of what was appended. Nothing is trusted when it is read: schema, chain and hashes are
checked again. On a journal that holds entries, the first appends are compared with them, so that recovery and
a first run are one code path.

The file's assumptions on the outside are in `sqlite_file.py`; its layout is in docs/journal.md.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns
from typing import Final, Self

from seawall.adapters.sqlite_file import Row, SqliteFile, Statement
from seawall.engine.journal_codec import (
    JournalHeader,
    Record,
    Snapshot,
    chain_hash,
    decode_event,
    decode_header,
    decode_orders,
    encode_event,
    encode_header,
    encode_orders,
    first_difference,
    header_hash,
    snapshot_hash,
)
from seawall.errors import ConfigError, JournalCorrupt, ReplayDiverged, StorageError
from seawall.ledger.event import Event
from seawall.ledger.order import Order

APPLICATION_ID: Final = 0x53574A4C
"""What the file's first page says it belongs to: the letters SWJL."""

GROUP_EVENTS_MAX: Final = 1_000
GROUP_AGE_NS_MAX: Final = 2_000_000

_READ_ROWS: Final = 256
_SEQUENCE_END: Final = (1 << 63) - 1

_TABLES: Final = (
    "CREATE TABLE header(body TEXT NOT NULL, chain BLOB NOT NULL) STRICT",
    "CREATE TABLE entries(sequence INTEGER PRIMARY KEY, event TEXT NOT NULL, orders TEXT NOT NULL,"
    " chain BLOB NOT NULL) STRICT",
    "CREATE TABLE snapshots(sequence INTEGER PRIMARY KEY, state_hash BLOB NOT NULL, data BLOB NOT NULL,"
    " hash BLOB NOT NULL) STRICT",
)
# Bytes go in and come out as bytes; the casts only label them as text for whoever reads the file by hand.
_INSERT_HEADER: Final = "INSERT INTO header VALUES (CAST(? AS TEXT), ?)"
_INSERT_ENTRY: Final = "INSERT INTO entries VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)"
_INSERT_SNAPSHOT: Final = "INSERT INTO snapshots VALUES (?, ?, ?, ?)"
_SELECT_TABLES: Final = "SELECT CAST(sql AS BLOB) FROM sqlite_schema ORDER BY rowid"
_SELECT_HEADER: Final = "SELECT CAST(body AS BLOB), CAST(chain AS BLOB) FROM header"
_SELECT_ENTRIES: Final = (
    "SELECT sequence, CAST(event AS BLOB), CAST(orders AS BLOB), CAST(chain AS BLOB) FROM entries"
    " WHERE sequence > ? ORDER BY sequence LIMIT ?"
)
_SELECT_CHAIN: Final = "SELECT CAST(chain AS BLOB) FROM entries WHERE sequence = ?"
_SELECT_HEAD: Final = "SELECT sequence, CAST(chain AS BLOB) FROM entries ORDER BY sequence DESC LIMIT 1"
_SELECT_SNAPSHOT: Final = (
    "SELECT sequence, CAST(state_hash AS BLOB), CAST(data AS BLOB), CAST(hash AS BLOB) FROM snapshots"
    " WHERE sequence < ? ORDER BY sequence DESC LIMIT 1"
)


class SqliteJournal:
    """`keeper.ports.Journal` on a file; made by `create` or `open`, and used in a `with` block."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._rows: list[Row] = []
        self._oldest_ns = 0
        self._header, self._header_chain = self._read_header()
        self._sequence, self._chain = 0, self._header_chain
        self._standing_sequence, self._standing_chain = self._read_head()
        self._committed_sequence = self._standing_sequence
        self._standing = self._entries(after=0)

    @classmethod
    def create(cls, path: str | Path, header: JournalHeader, *, vfs: str | None = None) -> Self:
        """Make a journal where there is none, durable with its header; raises ConfigError where a file stands."""
        file = SqliteFile(path, vfs=vfs, may_create=True)
        try:
            _assure_empty(file)
            body = encode_header(header)
            labels = (f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {header.schema}")
            layout: list[Statement] = [(sql, [()]) for sql in labels + _TABLES]
            file.transact([*layout, (_INSERT_HEADER, [(body, header_hash(body))])])
            return cls(file)
        except BaseException:
            file.abandon("it was not made")
            raise

    @classmethod
    def open(cls, path: str | Path, *, vfs: str | None = None) -> Self:
        """Open a journal that exists, with all that a killed process had committed to it.

        Raises JournalCorrupt, ConfigError for another schema or no file, StorageError while another process writes.
        """
        file = SqliteFile(path, vfs=vfs, may_create=False)
        try:
            return cls(file)
        except BaseException:
            file.abandon("it was not opened")
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # -- what it holds ------------------------------------------------------------------------------------

    @property
    def header(self) -> JournalHeader:
        """What was given when the journal was made."""
        return self._header

    @property
    def head_sequence(self) -> int:
        """The last sequence that stands or was appended; zero before the first."""
        return max(self._sequence, self._standing_sequence)

    @property
    def head_hash(self) -> bytes:
        """The chain at `head_sequence`."""
        return self._chain if self._sequence >= self._standing_sequence else self._standing_chain

    @property
    def replayed_count(self) -> int:
        """How many of the entries that stood when the journal was opened have been appended again since."""
        return min(self._sequence, self._standing_sequence)

    # -- the port -----------------------------------------------------------------------------------------

    def append(self, event: Event, orders: tuple[Order, ...]) -> int:
        """Add an event with its orders and return its sequence; compare them where the sequence already stands.

        Raises ReplayDiverged where they differ, StorageError once the journal is closed or has failed.
        """
        if not self._file.is_open:
            raise StorageError(f"nothing can be appended, the journal is closed: {self._file.path}")
        event_body, orders_body = encode_event(event), encode_orders(orders)
        sequence = self._sequence + 1
        chain = chain_hash(self._chain, event_body, orders_body)
        if sequence <= self._standing_sequence:
            self._compare(sequence, event_body, orders_body)
        else:
            if not self._rows:
                self._oldest_ns = monotonic_ns()
            self._rows.append((sequence, event_body, orders_body, chain))
        self._sequence, self._chain = sequence, chain
        return sequence

    def is_due(self) -> bool:
        """Return whether 1,000 events wait for a commit, or one of them has waited for 2 ms."""
        count = len(self._rows)
        return count >= GROUP_EVENTS_MAX or (count > 0 and monotonic_ns() - self._oldest_ns >= GROUP_AGE_NS_MAX)

    def commit(self) -> None:
        """Make everything that was appended durable; a failure raises StorageError and closes the journal."""
        if self._rows:
            self._file.transact([(_INSERT_ENTRY, self._rows)])
            self._rows = []
            self._committed_sequence = self._sequence

    def close(self) -> None:
        """Commit and leave the journal as a single file; nothing is done after a failure."""
        if self._file.is_open:
            self.commit()
            self._file.close()

    # -- reading ------------------------------------------------------------------------------------------

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the committed entries that follow sequence `after`; raises JournalCorrupt where the chain breaks."""
        for sequence, event_body, orders_body, chain in self._entries(after):
            event, orders = decode_event(event_body, sequence), decode_orders(orders_body, sequence)
            yield Record(sequence=sequence, event=event, orders=orders, chain=chain)

    def verify(self) -> None:
        """Read everything again: pages, header, chain, every entry and snapshot; raises JournalCorrupt."""
        findings = self._file.query("PRAGMA quick_check(1)")
        if findings != [("ok",)]:
            raise JournalCorrupt(f"the file is damaged ({findings[0][0]}): {self._file.path}")
        self._read_header()
        last = 0
        for record in self.records():
            last = record.sequence
        if last != self._committed_sequence:
            raise JournalCorrupt(f"entries end at sequence {last} of {self._committed_sequence}: {self._file.path}")
        before = _SEQUENCE_END
        while (snapshot := self.latest_snapshot(before)) is not None:
            before = snapshot.sequence

    # -- snapshots ----------------------------------------------------------------------------------------

    def save_snapshot(self, sequence: int, state_hash: bytes, data: bytes) -> None:
        """Keep the state after `sequence`, an entry that was appended; everything appended is committed first.

        A snapshot that already stands is compared instead: ReplayDiverged where its state hash is another.
        """
        assert 0 < sequence <= self._sequence, (sequence, self._sequence)
        self.commit()
        standing = self.latest_snapshot(before=sequence + 1)
        if standing is None or standing.sequence < sequence:
            packed = zlib.compress(data, level=1)
            digest = snapshot_hash(self._chain_at(sequence), state_hash, packed)
            self._file.transact([(_INSERT_SNAPSHOT, [(sequence, state_hash, packed, digest)])])
        elif standing.state_hash != state_hash:
            raise ReplayDiverged(
                f"state hash of sequence {sequence} is {state_hash.hex()}, the journal has {standing.state_hash.hex()}"
            )

    def latest_snapshot(self, before: int | None = None) -> Snapshot | None:
        """Return the last snapshot of a sequence less than `before`, or None; raises JournalCorrupt."""
        rows = self._file.query(_SELECT_SNAPSHOT, (_SEQUENCE_END if before is None else before,))
        if not rows:
            return None
        sequence, state_hash, packed, digest = rows[0]
        if None in rows[0] or snapshot_hash(self._chain_at(sequence), state_hash, packed) != digest:
            raise JournalCorrupt(f"snapshot of sequence {sequence} is not the one that was written: {self._file.path}")
        return Snapshot(sequence=sequence, state_hash=state_hash, data=zlib.decompress(packed))

    # -- rows ---------------------------------------------------------------------------------------------

    def _compare(self, sequence: int, event_body: bytes, orders_body: bytes) -> None:
        row = next(self._standing, None)
        if row is None:
            raise JournalCorrupt(f"sequence {sequence} of {self._standing_sequence} is missing: {self._file.path}")
        for what, standing, given in (("event", row[1], event_body), ("orders", row[2], orders_body)):
            if standing != given:
                difference = first_difference(standing, given)
                raise ReplayDiverged(f"{what} of sequence {sequence} differ from the journal: {difference}")

    def _entries(self, after: int) -> Iterator[Row]:
        """Yield (sequence, event, orders, chain) as bytes, each tied to the one before; a few rows a query.

        No statement stays open between two queries, so that a snapshot can be written in the middle.
        """
        last, chain = after, self._chain_at(after)
        while rows := self._file.query(_SELECT_ENTRIES, (last, _READ_ROWS)):
            for row in rows:
                if row[0] != last + 1:
                    raise JournalCorrupt(f"sequence {last + 1} is missing: {self._file.path}")
                if None in row or chain_hash(chain, row[1], row[2]) != row[3]:
                    raise JournalCorrupt(f"sequence {row[0]} is not what was written: {self._file.path}")
                last, chain = row[0], row[3]
                yield row

    def _chain_at(self, sequence: int) -> bytes:
        if sequence == 0:
            return self._header_chain
        rows = self._file.query(_SELECT_CHAIN, (sequence,))
        if not rows or not isinstance(rows[0][0], bytes):
            raise JournalCorrupt(f"sequence {sequence} is missing: {self._file.path}")
        return rows[0][0]

    def _read_head(self) -> tuple[int, bytes]:
        rows = self._file.query(_SELECT_HEAD)
        return rows[0] if rows else (0, self._header_chain)

    def _read_header(self) -> tuple[JournalHeader, bytes]:
        """Return the header and its hash, from a file that says of itself that it is a journal."""
        application_id = self._file.query("PRAGMA application_id")[0][0]
        if application_id != APPLICATION_ID:
            raise JournalCorrupt(
                f"application id {application_id} is not a journal's {APPLICATION_ID}: {self._file.path}"
            )
        rows = self._file.query(_SELECT_HEADER)
        if len(rows) != 1 or None in rows[0]:
            raise JournalCorrupt(f"the header is missing: {self._file.path}")
        body, chain = rows[0]
        header = decode_header(body, chain)
        schema = self._file.query("PRAGMA user_version")[0][0]
        if schema != header.schema or self._file.query(_SELECT_TABLES) != [(sql.encode(),) for sql in _TABLES]:
            raise JournalCorrupt(f"the header does not fit the file's tables: {self._file.path}")
        return header, chain


def _assure_empty(file: SqliteFile) -> None:
    """Refuse a file that holds anything; one that a killed process left before its first transaction holds nothing."""
    try:
        entries = file.query("SELECT count(*) FROM sqlite_schema")[0][0]
        application_id = file.query("PRAGMA application_id")[0][0]
    except JournalCorrupt as error:
        raise ConfigError(f"a file stands where the journal is to be made: {file.path}") from error
    if entries or application_id:
        raise ConfigError(f"a file stands where the journal is to be made: {file.path}")
