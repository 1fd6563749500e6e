"""A power cut at any moment loses nothing that was committed.

A disk in memory keeps, for each file, what was synced and what was written since. When the power goes, each write
since the last sync is kept, lost or torn: some of its sectors are written, some are not, some hold noise. A
name that was given or taken away since the last sync is there or not. Everything is a function of the seed.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import apsw
import pytest

from seawall.adapters import sqlite_file
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import JournalHeader
from seawall.errors import ConfigError, JournalCorrupt, SeawallError, StorageError
from seawall.ledger.event import Event, OracleRound, PositionsChanged, PriceObserved
from seawall.ledger.order import CancelOrder, Order
from seawall.ledger.refusal import Refusal

HEADER = JournalHeader(inputs='{"prices.csv":"5feceb66"}')
PATH = "/journal.sqlite"
SECTOR = 512
SEEDS = 250
CUTS_PER_SEED = 3
VFS_NAMES = (f"disk-{number}" for number in count())


class Inode:
    """A file's bytes as a reader sees them, as they were at the last sync, and the writes in between."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.synced = bytes(content)
        self.unsynced: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes) -> None:
        put(self.content, offset, data)
        self.unsynced.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.content[size:]
        self.unsynced.append((size, None))

    def sync(self) -> None:
        self.synced = bytes(self.content)
        self.unsynced.clear()

    def after_cut(self, dice: random.Random) -> "Inode":
        content = bytearray(self.synced)
        for offset, data in self.unsynced:
            fate = dice.choice(("kept", "lost", "torn"))
            if data is None and fate != "lost":
                del content[offset:]
            elif data is not None and fate == "kept":
                put(content, offset, data)
            elif data is not None and fate == "torn":
                tear(content, offset, data, dice)
        return Inode(bytes(content))


def put(content: bytearray, offset: int, data: bytes) -> None:
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def tear(content: bytearray, offset: int, data: bytes, dice: random.Random) -> None:
    start = 0
    while start < len(data):
        stop = min(len(data), start + SECTOR - (offset + start) % SECTOR)
        fate = dice.choice(("kept", "lost", "noise"))
        if fate != "lost":
            put(content, offset + start, data[start:stop] if fate == "kept" else dice.randbytes(stop - start))
        start = stop


class Disk:
    """Files by name; after `steps_left` writing steps, the last one half done, it answers nothing any more."""

    def __init__(self, files: dict[str, Inode] | None = None) -> None:
        self.files = dict(files or {})
        self.synced_names = dict(self.files)
        self.steps_left: int | None = None
        self.failing: apsw.Error | None = None
        self.failing_step = ""

    def step(self, name: str) -> None:
        """Count a writing step, which may be the one that fails or the one in which the power goes."""
        if self.failing is not None and name == self.failing_step:
            raise self.failing
        if self.steps_left is not None:
            self.steps_left -= 1
            self.answer()

    def answer(self) -> None:
        if self.steps_left is not None and self.steps_left <= 0:
            raise apsw.IOError("the power is off")

    def sync_names(self) -> None:
        self.synced_names = dict(self.files)

    def after_cut(self, dice: random.Random) -> "Disk":
        files = {}
        for name in sorted(self.files.keys() | self.synced_names.keys()):
            now, synced = self.files.get(name), self.synced_names.get(name)
            inode = now if now is synced or dice.random() < 0.5 else synced
            if inode is not None:
                files[name] = inode.after_cut(dice)
        return Disk(files)


class DiskFile:
    """One open file, as SQLite asks for it; locks hold nobody back, for nobody else is there."""

    def __init__(self, disk: Disk, name: str, *, syncs_folder: bool) -> None:
        self.disk, self.name, self.inode, self.syncs_folder = disk, name, disk.files[name], syncs_folder

    def xRead(self, amount: int, offset: int) -> bytes:
        self.disk.answer()
        return bytes(self.inode.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.answer()
        self.inode.write(offset, bytes(data))
        self.disk.step("write")

    def xTruncate(self, size: int) -> None:
        self.disk.answer()
        self.inode.truncate(size)
        self.disk.step("truncate")

    def xSync(self, flags: int) -> None:
        self.disk.step("sync")
        self.inode.sync()
        if self.syncs_folder:
            self.disk.sync_names()
            self.syncs_folder = False

    def xFileSize(self) -> int:
        return len(self.inode.content)

    def xClose(self) -> None:
        pass

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE


class DiskVFS(apsw.VFS):
    """The disk as a file system of SQLite's."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "")
        self.disk = disk

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self.disk.files

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> DiskFile:
        self.disk.answer()
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        is_new = text not in self.disk.files
        if is_new and not flags[0] & apsw.SQLITE_OPEN_CREATE:
            raise apsw.CantOpenError(text)
        if is_new:
            self.disk.files[text] = Inode()
        flags[1] = flags[0]
        # As SQLite's own layer does: the first sync of a new file beside the main one syncs the folder as well.
        return DiskFile(self.disk, text, syncs_folder=is_new and not flags[0] & apsw.SQLITE_OPEN_MAIN_DB)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.disk.files.pop(filename, None)
        self.disk.step("delete")
        if syncdir:
            self.disk.sync_names()


@contextmanager
def mounted(disk: Disk) -> Iterator[str]:
    name = next(VFS_NAMES)
    vfs = DiskVFS(name, disk)
    try:
        yield name
    finally:
        vfs.unregister()


def event(number: int) -> Event:
    if number % 9 == 0:
        noise = random.Random(number)
        rows = noise.randrange(1, 400)
        return PositionsChanged(
            number, noise.randbytes(20 * rows), noise.randbytes(2 * rows), noise.randbytes(16 * rows)
        )
    return PriceObserved(at=number, rounds=(OracleRound(asset=0, price=10**21 + number, observed_at=number),))


def orders(number: int) -> tuple[Order, ...]:
    return (
        ()
        if number % 5
        else (CancelOrder(order_id=number, account=b"\x07" * 20, reason=Refusal.HEALTHY, below_since=0),)
    )


class Promise:
    """What the journal has said is durable, and the most that can be there."""

    def __init__(self) -> None:
        self.is_made = False
        self.committed = 0
        self.appended = 0
        self.snapshots: set[int] = set()


def work(vfs: str, promise: Promise, dice: random.Random) -> None:
    """Append, commit, take snapshots, close and reopen, until the power goes or the working day ends."""
    for _ in range(dice.randrange(1, 4)):
        if promise.is_made:
            journal = SqliteJournal.open(PATH, vfs=vfs)
        else:
            journal = SqliteJournal.create(PATH, HEADER, vfs=vfs)
            promise.is_made = True
        with journal:
            for number in range(1, journal.head_sequence + dice.randrange(2, 80)):
                promise.appended = max(promise.appended, number)
                assert journal.append(event(number), orders(number)) == number
                if dice.random() < 0.3:
                    journal.commit()
                    promise.committed = max(promise.committed, number)
                if dice.random() < 0.02:
                    journal.save_snapshot(number, number.to_bytes(32, "big"), bytes(number))
                    promise.committed = max(promise.committed, number)
                    promise.snapshots.add(number)
        promise.committed = promise.appended


def assert_kept(vfs: str, promise: Promise) -> None:
    with SqliteJournal.open(PATH, vfs=vfs) as journal:
        journal.verify()
        assert promise.committed <= journal.head_sequence <= promise.appended
        for number, record in enumerate(journal.records(), 1):
            assert (record.sequence, record.event, record.orders) == (number, event(number), orders(number))
        assert journal.header == HEADER
        for sequence in promise.snapshots:
            snapshot = journal.latest_snapshot(before=sequence + 1)
            assert snapshot is not None
            assert (snapshot.sequence, snapshot.data) == (sequence, bytes(sequence))
        promise.appended = journal.head_sequence


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_committed_survives_a_power_cut(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr(sqlite_file, "WAL_PAGES_MAX", dice.choice((3, 10, 100)))
    disk, promise = Disk(), Promise()
    for _ in range(CUTS_PER_SEED):
        disk.steps_left = int(dice.choice((20, 200, 1000)) * dice.random()) + 1
        with mounted(disk) as vfs:
            try:
                work(vfs, promise, dice)
            except StorageError:
                assert disk.steps_left <= 0
        disk = disk.after_cut(dice)
        with mounted(disk) as vfs:
            if promise.is_made:
                assert_kept(vfs, promise)
            else:
                assert_is_made_or_says_that_it_is_not(vfs)
                disk = Disk()


def assert_is_made_or_says_that_it_is_not(vfs: str) -> None:
    try:
        with SqliteJournal.open(PATH, vfs=vfs) as journal:
            journal.verify()
    except (JournalCorrupt, ConfigError) as refusal:
        said = str(refusal)
    else:
        said = PATH
    assert PATH in said


@pytest.mark.parametrize(
    ("step", "failure", "reason"),
    [
        ("sync", apsw.IOError("fsync failed"), "the disk refuses"),
        ("write", apsw.IOError("write failed"), "the disk refuses"),
        ("write", apsw.FullError("no space"), "the disk is full"),
        ("sync", apsw.FullError("no space"), "the disk is full"),
    ],
)
def test_a_failing_disk_stops_the_journal_and_loses_nothing(step: str, failure: apsw.Error, reason: str) -> None:
    disk = Disk()
    with mounted(disk) as vfs:
        journal = SqliteJournal.create(PATH, HEADER, vfs=vfs)
        for number in range(1, 21):
            journal.append(event(number), orders(number))
        journal.commit()
        disk.failing, disk.failing_step = failure, step
        journal.append(event(21), orders(21))
        with pytest.raises(StorageError, match=f"{reason}.*{PATH}"):
            journal.commit()
        disk.failing = None
        for again in (journal.commit, lambda: journal.append(event(22), orders(22)), journal.verify):
            with pytest.raises(StorageError):
                again()
        journal.close()
        with SqliteJournal.open(PATH, vfs=vfs) as journal:
            journal.verify()
            assert journal.head_sequence in (20, 21)


def test_a_sync_that_fails_while_the_file_is_folded_back_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "WAL_PAGES_MAX", 1)
    disk = Disk()
    with mounted(disk) as vfs:
        journal = SqliteJournal.create(PATH, HEADER, vfs=vfs)
        journal.append(event(1), ())
        journal.commit()
        syncs = count(1)
        sync_of = DiskFile.xSync

        def failing_at_the_main_file(file: DiskFile, flags: int) -> None:
            next(syncs)
            if file.name == PATH:
                raise apsw.IOError("fsync failed")
            sync_of(file, flags)

        monkeypatch.setattr(DiskFile, "xSync", failing_at_the_main_file)
        journal.append(event(2), ())
        with pytest.raises(StorageError, match="the disk refuses"):
            journal.commit()
        assert next(syncs) > 2
        with pytest.raises(SeawallError):
            journal.append(event(3), ())
