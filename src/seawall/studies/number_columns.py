"""Columns of a published table as exact numbers: decimal text becomes WAD, digits beyond are dropped."""

from collections.abc import Sequence
from pathlib import Path

from seawall.adapters.decimal_text import scaled
from seawall.adapters.table_file import ROW, open_table
from seawall.errors import DataError
from seawall.fixed import div_down


class NumberColumns:
    """Some columns of one file; DataError where it is missing, lacks one of them, or a cell is no number."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._table = open_table(path)
        absent = [name for name in columns if name not in self._table.columns]
        if absent:
            raise DataError(f"no column {absent[0]}, in {path}")
        self._rows = self._table.rows(columns)

    def wads(self, name: str) -> list[int]:
        """Return a column that is full, WAD, rounded down."""
        return [self._wad(name, row, text) for row, text in self._rows.select(ROW, name).iter_rows()]

    def wads_where_known(self, name: str) -> list[int | None]:
        """Return a column in which cells may be empty, WAD, rounded down."""
        return [
            None if text is None else self._wad(name, row, text)
            for row, text in self._rows.select(ROW, name).iter_rows()
        ]

    def _wad(self, name: str, row: int, text: str | None) -> int:
        try:
            return div_down(*scaled(text or "", 18))
        except ValueError as error:
            raise DataError(f"{name} {text!r} is not a number, {self._table.place(row)}") from error


def wad_columns(path: Path, columns: Sequence[str]) -> dict[str, list[int]]:
    """Return full columns of a file as WAD numbers, rounded down."""
    table = NumberColumns(path, columns)
    return {name: table.wads(name) for name in columns}
