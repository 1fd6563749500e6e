"""One SQLite file, held by one process, every result checked and every failure named.

Writing goes through a write-ahead file and is synced at each transaction; what is folded back into the file is synced as
well, and a failure there is not passed over. The file is locked at the first reading, so that nobody writes
between what was read and what is written; readers of a file that nobody writes do not shut each other out. A killed
process's lock goes with it.

Safety assumptions: a sync that returned has reached the disk; a sector is written or it is not; locks are honoured.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import apsw

from seawall.errors import ConfigError, JournalCorrupt, StorageError, UserError

PAGE_BYTES: Final = 8_192
WAL_PAGES_MAX: Final = 4_000

Row = tuple[Any, ...]
Statement = tuple[str, Iterable[Row]]
"""SQL and the rows of values for which it runs; it returns nothing."""


class SqliteFile:
    """A connection that is let go of, without another write, as soon as the disk refuses once."""

    def __init__(self, path: str | Path, *, vfs: str | None, may_create: bool) -> None:
        self.path = path
        self._ending = "it is closed"
        self._is_open = False
        self._is_writing = False
        self._wal_pages = 0
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if may_create else 0)
        try:
            self._connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
        except apsw.CantOpenError as error:
            raise ConfigError(f"no such file, or not one that can be opened: {path}") from error
        except apsw.Error as error:
            raise self._named(error) from error
        self._is_open = True
        self._connection.pragma("locking_mode", "exclusive")
        self._connection.pragma("page_size", PAGE_BYTES)

    @property
    def is_open(self) -> bool:
        """Whether it can still be read and written."""
        return self._is_open

    def query(self, sql: str, values: Row = ()) -> list[Row]:
        """Return all rows of one statement; raises JournalCorrupt where SQLite finds the file damaged."""
        self._assure_open()
        try:
            return self._connection.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise self._named(error) from error

    def transact(self, statements: Iterable[Statement]) -> None:
        """Run all statements in one transaction that is durable on return.

        Any failure, an interruption included, ends the use of the file: it is not known what the disk holds.
        """
        self._assure_open()
        try:
            self._begin()
            for sql, rows in statements:
                self._connection.executemany(sql, rows)
            self._connection.execute("COMMIT")
            if self._wal_pages >= WAL_PAGES_MAX:
                self._connection.wal_checkpoint()
        except apsw.Error as error:
            raise self._fail(error) from error
        except BaseException:
            self.abandon("a write was interrupted")
            raise

    def close(self) -> None:
        """Fold the write-ahead file into the main one, so that one file is left, and let go of it."""
        if not self._is_open:
            return
        try:
            if self._connection.pragma("journal_mode") == "wal":
                self._set_journal_mode("delete")
        except apsw.Error as error:
            raise self._fail(error) from error
        self.abandon("it is closed")

    def abandon(self, ending: str) -> None:
        """Let go of the file as it is, without another write; `ending` says why to whoever asks for more."""
        if self._is_open:
            self._is_open, self._ending = False, ending
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            # A disk that refused once may refuse here too; what is told is the first refusal.
            with suppress(apsw.Error):
                self._connection.close(True)

    def _begin(self) -> None:
        if not self._is_writing:
            self._set_journal_mode("wal")
            self._connection.pragma("synchronous", "full")
            # Only one system needs more than its sync to reach the disk, and asks for it by these two.
            self._connection.pragma("fullfsync", True)
            self._connection.pragma("checkpoint_fullfsync", True)
            # SQLite's own folding back ignores a failing sync, so it is done here, where it is checked.
            self._connection.set_wal_hook(self._count_wal_pages)
            self._is_writing = True
        self._connection.execute("BEGIN IMMEDIATE")

    def _count_wal_pages(self, _connection: apsw.Connection, _schema: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _set_journal_mode(self, mode: str) -> None:
        reached = self._connection.pragma("journal_mode", mode)
        if reached != mode:
            raise apsw.IOError(f"journal mode stays {reached} instead of {mode}")

    def _assure_open(self) -> None:
        if not self._is_open:
            raise StorageError(f"the file takes nothing more, {self._ending}: {self.path}")

    def _fail(self, error: apsw.Error) -> UserError:
        failure = self._named(error)
        self.abandon(f"after a failure ({error})")
        return failure

    def _named(self, error: apsw.Error) -> UserError:
        match error:
            case apsw.FullError():
                return StorageError(f"the disk is full: {self.path}")
            case apsw.BusyError() | apsw.LockedError():
                return StorageError(f"another process has the file open: {self.path}")
            case apsw.IOError() | apsw.CantOpenError() | apsw.ReadOnlyError() | apsw.PermissionsError():
                return StorageError(f"the disk refuses ({error}): {self.path}")
            case _:
                return JournalCorrupt(f"the file is damaged ({error}): {self.path}")
