"""A table on disk, as text: CSV, gzipped CSV or Parquet, told apart by content and not by name.

Cells stay text until someone knows what they mean, so a number is read exactly; a float in Parquet becomes its
shortest decimal text. Rows carry their number: as an editor shows it in CSV (the header is row 1), from 1 in Parquet.
A gzip is unpacked whole and its checksum tested before a row is believed.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from seawall.errors import DataError

ROW: Final = "row"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PARQUET_MAGIC: Final = b"PAR1"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that was read but not yet parsed: its name for messages, its columns, its bytes."""

    path: Path
    columns: tuple[str, ...]
    content: bytes
    is_parquet: bool

    def place(self, row: int) -> str:
        """Return where a row is, for the end of a message."""
        return f"in {self.path} row {row}"

    def rows(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns as text, and `row`; an empty cell is null, a row empty in all of them is left out.

        Raises DataError where a row has more fields than the header, or the bytes are not a table.
        """
        try:
            if self.is_parquet:
                frame = pl.read_parquet(io.BytesIO(self.content), columns=list(columns)).cast(pl.String)
            else:
                # Every column is read: among some of them polars would not see that a row has too many fields.
                frame = pl.read_csv(self.content, infer_schema=False)
        except PolarsError as error:
            raise DataError(self._unreadable(error)) from error
        numbered = frame.select(columns).with_row_index(ROW, offset=1 if self.is_parquet else 2)
        kept = numbered.filter(~pl.all_horizontal(pl.col(columns).is_null()))
        if kept.is_empty():
            raise DataError(f"{self.path} has a header and no rows")
        return kept

    def refuse_unnamed(self, rows: pl.DataFrame, column: str) -> None:
        """Refuse a row whose name in `column` is empty or holds what cannot be printed."""
        names = rows[column].unique()
        wrong = [name for name in names if not name or not name.isprintable()]
        if wrong:
            name, row = rows.filter(pl.col(column).is_in(wrong, nulls_equal=True)).select(column, ROW).row(0)
            fault = f"{column} {name[:40]!r} cannot be printed" if name else f"no {column}"
            raise DataError(f"{fault}, {self.place(row)}")

    def _unreadable(self, error: PolarsError) -> str:
        """Say what is wrong with the table, naming the row where the cause is a number of fields."""
        if not self.is_parquet:
            lines = csv.reader(io.StringIO(self.content.decode(errors="replace"), newline=""))
            for row, fields in enumerate(lines, start=1):
                if len(fields) > len(self.columns):
                    return f"{len(fields)} fields under {len(self.columns)} columns, {self.place(row)}"
        return f"{self.path} is not a readable table: {str(error).splitlines()[0]}"


def open_table(path: Path) -> TableFile:
    """Read a table's bytes and its columns; raises DataError where there is no such file or it is cut short."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    if content.startswith(_GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path} is a gzip that is cut short or damaged: {error}") from error
    if not content.strip():
        raise DataError(f"{path} is empty")
    is_parquet = content.startswith(_PARQUET_MAGIC)
    columns = _parquet_columns(path, content) if is_parquet else _csv_columns(path, content)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise DataError(f"column {doubled[0]} stands twice, in {path}")
    return TableFile(path, columns, content, is_parquet)


def _parquet_columns(path: Path, content: bytes) -> tuple[str, ...]:
    try:
        return tuple(pl.read_parquet_schema(io.BytesIO(content)))
    except PolarsError as error:
        raise DataError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from error


def _csv_columns(path: Path, content: bytes) -> tuple[str, ...]:
    header = content.lstrip(b"\r\n").split(b"\n", 1)[0]
    try:
        return tuple(next(csv.reader([header.decode("utf-8-sig").rstrip("\r")])))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the header of {path} is not text") from error
