"""The table of measurements: one record a row, how it is printed, and how it is kept as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One measurement, with its limit and its ratio to a peer in the same run; `ok` is None where nothing is asked."""

    what: str
    measured: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    ok: bool | None = None


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows in columns."""
    width = max(len(row.what) for row in rows)
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:,.10g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        mark = {None: "", True: "ok", False: "MISSED"}[row.ok]
        print(f"{row.what:<{width}} {row.measured:>14,.2f} {row.unit:<10} {limit:>10} {ratio:>8} {mark}".rstrip())


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as JSON."""
    return json.dumps([asdict(row) for row in rows], indent=2) + "\n"
