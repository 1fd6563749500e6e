"""A folder of downloaded data: gzipped CSV files and `manifest.json`, which says what each of them is.

A file that the manifest names with the same query, and whose bytes have the digest it says, is kept and not fetched
again; so an interrupted download goes on where it stopped. Any other file of that name is refused without `force`.
Files appear whole: each is written aside and moved into place, and the manifest follows it.
"""

import csv
import gzip
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from seawall.adapters.file_digest import file_digest
from seawall.errors import ConfigError, DataError, StorageError

MANIFEST: Final = "manifest.json"
SCHEMA: Final = 1

Advance = Callable[[int, int], None]
"""Called with what is done of a file and the whole."""

Progress = Callable[[str, int, int], None]
"""Called with a file's name, what is done of it and the whole."""


class Entry(msgspec.Struct, frozen=True):
    """What one file is: its source, the query, its rows, its digest and the first and last time in it."""

    name: str
    source: str
    query: dict[str, str]
    rows: int
    sha256: str
    first_ts: int | None
    last_ts: int | None


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    schema: int = SCHEMA
    files: list[Entry] = []


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to be written, in order of time; the column `ts` is unix seconds."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | int, ...]]


def check_range(since: int, until: int) -> None:
    """Refuse a range of unix seconds that is empty or not over yet: what is fetched must not change later."""
    if not 0 < since < until:
        raise ConfigError(f"the range from {since} to {until} is empty")
    if until > (now := int(time.time())):
        raise ConfigError(f"the range ends at {until}, which is after now, {now}")


def keep_or_fetch(
    folder: Path, name: str, source: str, query: Mapping[str, str], fetch: Callable[[], Rows], *, force: bool
) -> Entry:
    """Return the entry of a file that stands, or fetch it and write it.

    Raises DataError where another file has the name, StorageError where the disk refuses.
    """
    manifest = _read_manifest(folder)
    path = folder / name
    if path.exists() and not force:
        for entry in manifest.files:
            if entry.name == name and entry.query == query and entry.source == source:
                if file_digest(path) != entry.sha256:
                    raise DataError(f"{path} has changed since it was fetched; --force fetches it again")
                return entry
        raise DataError(f"{path} is there and {MANIFEST} does not name it with this query; --force replaces it")
    rows = fetch()
    content = _packed(rows)
    stamps = [int(row[rows.columns.index("ts")]) for row in rows.rows]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, content)
        first, last = (stamps[0], stamps[-1]) if stamps else (None, None)
        entry = Entry(name, source, dict(query), len(stamps), file_digest(path), first, last)
        others = [other for other in manifest.files if other.name != name]
        manifest.files = sorted([*others, entry], key=lambda one: one.name)
        _write(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error
    return entry


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    if not path.exists():
        return _Manifest()
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is not a manifest: {error}") from error
    if manifest.schema != SCHEMA:
        raise DataError(f"schema {manifest.schema} of {path} is not {SCHEMA}")
    return manifest


def _packed(rows: Rows) -> bytes:
    """Return the same gzip for the same rows: it carries no time."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.rows)
    return gzip.compress(text.getvalue().encode(), mtime=0)


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(path.name + ".part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
