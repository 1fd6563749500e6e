"""One SQLite file: a transaction is whole and durable, or the file takes nothing more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.adapters.sqlite_file import SqliteFile
from seawall.errors import ConfigError, JournalCorrupt, StorageError

TABLE = ("CREATE TABLE numbers(number INTEGER PRIMARY KEY) STRICT", [()])
INSERT = "INSERT INTO numbers VALUES (?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.sqlite"
    file = SqliteFile(path, vfs=None, may_create=True)
    file.transact([TABLE, (INSERT, [(1,), (2,)])])
    file.close()
    return path


def numbers(path: Path) -> list[int]:
    file = SqliteFile(path, vfs=None, may_create=False)
    found = [row[0] for row in file.query("SELECT number FROM numbers ORDER BY number")]
    file.close()
    return found


def test_a_transaction_is_there_after_reopening(path: Path) -> None:
    assert numbers(path) == [1, 2]


def test_a_transaction_that_was_interrupted_leaves_nothing_and_ends_the_use_of_the_file(path: Path) -> None:
    def interrupted() -> Iterator[tuple[int]]:
        yield (3,)
        raise KeyboardInterrupt

    file = SqliteFile(path, vfs=None, may_create=False)
    with pytest.raises(KeyboardInterrupt):
        file.transact([(INSERT, interrupted())])
    with pytest.raises(StorageError, match="a write was interrupted"):
        file.transact([(INSERT, [(4,)])])
    file.close()
    assert numbers(path) == [1, 2]


def test_a_statement_that_fails_leaves_nothing_of_its_transaction(path: Path) -> None:
    file = SqliteFile(path, vfs=None, may_create=False)
    with pytest.raises(JournalCorrupt, match="UNIQUE"):
        file.transact([(INSERT, [(3,), (4,), (1,)])])
    assert not file.is_open
    assert numbers(path) == [1, 2]


def test_what_was_committed_is_recovered_from_a_file_that_was_abandoned(path: Path) -> None:
    file = SqliteFile(path, vfs=None, may_create=False)
    file.transact([(INSERT, [(3,)])])
    file.abandon("the test ends here")
    assert path.with_name("numbers.sqlite-wal").stat().st_size > 0
    assert numbers(path) == [1, 2, 3]
    assert [found.name for found in path.parent.iterdir()] == ["numbers.sqlite"]


def test_a_folder_or_a_missing_folder_is_the_askers_mistake(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "no" / "such.sqlite"):
        with pytest.raises(ConfigError, match=str(place)):
            SqliteFile(place, vfs=None, may_create=True)
