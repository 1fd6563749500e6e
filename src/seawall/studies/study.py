"""A study: what it claims, as lines, tables and charts, each marked with what kind of claim it is.

A figure is a *data check* where it is read from a file and compared with what is published, *fitted* where a parameter was
chosen so that it comes out, and *predicted* where nothing was chosen on it.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

DATA_FOLDER: Final = "SEAWALL_DATA"
"""The environment variable that names the folder of recorded crashes."""


class Claim(StrEnum):
    """What a figure is worth."""

    DATA_CHECK = "data check"
    FITTED = "fitted"
    PREDICTED = "predicted"


class Line(msgspec.Struct, frozen=True):
    """One figure: what was found, beside what is published, and whether that is the same to the digits published."""

    what: str
    claim: Claim
    found: str
    published: str = ""
    holds: bool | None = None


Cell: TypeAlias = str | int | float


class Table(msgspec.Struct, frozen=True):
    """Figures in columns; the first `text_columns` are words."""

    heading: str
    caption: str
    claim: Claim
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    text_columns: int = 1


class Chart(msgspec.Struct, frozen=True):
    """Bars side by side: for each name in `series`, one number for each of `labels`; None where there is none."""

    heading: str
    caption: str
    claim: Claim
    labels: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]
    is_percentage: bool = False


class StudyOutcome(msgspec.Struct, frozen=True):
    """Everything that a study says; `records` are files that it publishes, by name."""

    name: str
    title: str
    story: str
    lines: tuple[Line, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    records: dict[str, bytes] = {}


Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, of how much."""

Study: TypeAlias = Callable[[Path, Progress], StudyOutcome]
"""A study of the data in a folder."""


def compared(what: str, found_wad: int, published: str) -> Line:
    """Return a data check of a WAD number with a published decimal, to the digits that are published."""
    from_text = published.replace(",", "")
    places = len(from_text.partition(".")[2])
    found = rounded_text(found_wad, places)
    return Line(what, Claim.DATA_CHECK, found, published, found.replace(",", "") == from_text)


def rounded_text(wad: int, places: int) -> str:
    """Return a WAD number with so many digits after the point, halves up, and thousands separated."""
    scale = 10 ** (18 - places)
    units = (abs(wad) + scale // 2) // scale
    whole, fraction = divmod(units, 10**places)
    sign = "-" if wad < 0 and units else ""
    return f"{sign}{whole:,}" + (f".{fraction:0{places}}" if places else "")
