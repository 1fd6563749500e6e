"""Price files: bars `symbol, ts, open, high, low, close` or points `symbol, ts, price`, as points in time.

`ts` is whole unix seconds, at a bar's open, and rises within a symbol; symbols may be interleaved and other columns
stand unread. A bar of length L becomes four points at its open + 0, L/4, L/2 and 3L/4, where L is the symbol's
smallest step in the file. What happened inside a bar is not known, so the caller chooses the order of low and high.
Prices are exact decimal text, more than 18 fraction digits round half up. Rows of symbols that are not wanted and
prices outside the window are not judged. Gaps and jumps are no errors: each series reports its own.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final, NoReturn

import polars as pl

from seawall.adapters.decimal_text import scaled
from seawall.adapters.nearest_name import nearest_names
from seawall.adapters.price_series import Point, PriceSeries, price_series
from seawall.adapters.table_file import ROW, TableFile, open_table
from seawall.errors import DataError
from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, div_half_up
from seawall.units import Milliseconds, Price

POINT_COLUMNS: Final = ("symbol", "ts", "price")
BAR_COLUMNS: Final = ("symbol", "ts", "open", "high", "low", "close")
PRICE_MAX: Final = 10**12 * WAD
SECONDS_MAX: Final = 10**11
"""Times past this are milliseconds by mistake."""


class BarOrder(Enum):
    """The order in which a bar's four prices are taken to have happened."""

    OPEN_LOW_HIGH_CLOSE = "open-low-high-close"
    OPEN_HIGH_LOW_CLOSE = "open-high-low-close"


def read_prices(
    paths: Sequence[Path],
    symbols: Collection[str] | None = None,
    *,
    since_ms: Milliseconds = 0,
    until_ms: Milliseconds = SECONDS_MAX * MILLISECONDS_PER_SECOND,
    bar_order: BarOrder = BarOrder.OPEN_LOW_HIGH_CLOSE,
) -> dict[str, PriceSeries]:
    """Read the named symbols, or all that have a price in the window, in order of names, from files that share none.

    A row is in the window where since <= ts < until; the last row before it is kept too, so that the price at its
    very start is known. Raises DataError for anything in the wanted rows that is not a price in its time.
    """
    found: dict[str, PriceSeries] = {}
    known: set[str] = set()
    for path in paths:
        table = open_table(path)
        columns = _shape(table)
        frame = _wanted_rows(table, columns, symbols, known)
        if frame is None:
            continue
        for series in _series_of(table, columns, frame, since_ms, until_ms, bar_order):
            if series.symbol in found:
                raise DataError(f"{series.symbol} is in both {found[series.symbol].path} and {path}")
            found[series.symbol] = series
        for symbol in sorted(set(symbols or ()) & set(frame["symbol"].unique()) - found.keys()):
            _refuse_empty(table, frame, symbol, since_ms, until_ms)
    for symbol in sorted(symbols if symbols is not None else ()):
        if symbol not in found:
            raise DataError(f"no prices of {symbol} in {_listed(paths)} ({nearest_names(symbol, known)})")
    return dict(sorted(found.items()))


def symbols_in(path: Path) -> tuple[str, ...]:
    """Return the symbols that a price file has, in order of their names."""
    known: set[str] = set()
    table = open_table(path)
    _shape(table)
    _wanted_rows(table, ("symbol",), (), known)
    return tuple(sorted(known))


def _shape(table: TableFile) -> tuple[str, ...]:
    for columns in (BAR_COLUMNS, POINT_COLUMNS):
        if set(columns) <= set(table.columns):
            return columns
    raise DataError(
        f"columns {', '.join(table.columns)} are not {', '.join(POINT_COLUMNS)} "
        f"nor {', '.join(BAR_COLUMNS)}, in {table.path}"
    )


def _wanted_rows(
    table: TableFile, columns: Sequence[str], symbols: Collection[str] | None, known: set[str]
) -> pl.DataFrame | None:
    """Return the rows of wanted symbols, or None, and add every symbol of the file to `known`."""
    rows = table.rows(columns)
    table.refuse_unnamed(rows, "symbol")
    known.update(rows["symbol"].unique())
    if symbols is None:
        return rows
    kept = rows.filter(pl.col("symbol").is_in(list(symbols)))
    return None if kept.is_empty() else kept


def _series_of(
    table: TableFile, columns: Sequence[str], rows: pl.DataFrame, since_ms: int, until_ms: int, bar_order: BarOrder
) -> list[PriceSeries]:
    timed = _with_times(table, rows)
    steps = {
        symbol: (smallest, usual)
        for symbol, smallest, usual in timed.group_by("symbol")
        .agg(pl.col("step").min().alias("smallest"), pl.col("step").median().alias("usual"))
        .iter_rows()
    }
    opens = pl.col("seconds") * MILLISECONDS_PER_SECOND
    closes = pl.col("seconds").shift(-1).over("symbol") * MILLISECONDS_PER_SECOND
    window = timed.filter((opens < until_ms) & ((opens >= since_ms) | (closes > since_ms)).fill_null(False))
    series = []
    for (symbol,), part in window.group_by("symbol", maintain_order=True):
        smallest, usual = steps[symbol]
        points = _points(table, columns, part, (smallest or 0) * MILLISECONDS_PER_SECOND, bar_order)
        if smallest is None and columns == BAR_COLUMNS:
            raise DataError(f"one bar of {symbol}: its length shows only beside a second, in {table.path}")
        usual_ms = int((usual or 0) * MILLISECONDS_PER_SECOND)
        opens_at = [at * MILLISECONDS_PER_SECOND for at in part["seconds"].to_list()]
        series.append(price_series(str(symbol), table.path, points, opens_at, usual_ms))
    return series


def _refuse_empty(table: TableFile, rows: pl.DataFrame, symbol: str, since_ms: int, until_ms: int) -> NoReturn:
    stamps = rows.filter(pl.col("symbol") == symbol)["ts"]
    raise DataError(
        f"no prices of {symbol} from {_utc(since_ms // MILLISECONDS_PER_SECOND)} to "
        f"{_utc(until_ms // MILLISECONDS_PER_SECOND)}: it has {_utc(int(stamps[0]))} to {_utc(int(stamps[-1]))}, "
        f"in {table.path}"
    )


def _with_times(table: TableFile, rows: pl.DataFrame) -> pl.DataFrame:
    """Add `seconds` and `step`, the seconds since the symbol's row before; refuse times that do not rise."""
    timed = rows.with_columns(pl.col("ts").cast(pl.Int64, strict=False).alias("seconds"))
    wrong = timed.filter(~pl.col("seconds").is_between(1, SECONDS_MAX).fill_null(False))
    if not wrong.is_empty():
        row, symbol, ts = wrong.select(ROW, "symbol", "ts").row(0)
        raise DataError(f"ts {(ts or '')[:40]!r} of {symbol} is not whole unix seconds, {table.place(row)}")
    timed = timed.with_columns(pl.col("seconds").diff().over("symbol").alias("step"))
    wrong = timed.filter(pl.col("step") <= 0)
    if not wrong.is_empty():
        row, symbol, seconds, step = wrong.select(ROW, "symbol", "seconds", "step").row(0)
        fault = "stands twice" if step == 0 else f"comes after ts {seconds - step}"
        raise DataError(f"ts {seconds} of {symbol} {fault}, {table.place(row)}")
    return timed


def _points(
    table: TableFile, columns: Sequence[str], part: pl.DataFrame, length_ms: int, bar_order: BarOrder
) -> list[Point]:
    points: list[Point] = []
    low_first = bar_order is BarOrder.OPEN_LOW_HIGH_CLOSE
    for symbol, ts, *texts, row in part.select(*columns, ROW).iter_rows():
        at = int(ts) * MILLISECONDS_PER_SECOND
        prices = [
            _price(table, text, name, symbol, row) for name, text in zip(columns[2:], texts, strict=True)
        ]  # fmt: skip
        if len(prices) == 1:
            points.append((at, prices[0]))
            continue
        opening, high, low, close = prices
        if not low <= min(opening, close) <= max(opening, close) <= high:
            bar = f"open {texts[0]}, high {texts[1]}, low {texts[2]}, close {texts[3]}"
            raise DataError(f"{bar} of {symbol} do not fit one bar, {table.place(row)}")
        inside = (opening, low, high, close) if low_first else (opening, high, low, close)
        points.extend((at + nth * length_ms // 4, price) for nth, price in enumerate(inside))
    return points


def _price(table: TableFile, text: str | None, name: str, symbol: str, row: int) -> Price:
    """Return one price, WAD rounded half up, or refuse it."""
    try:
        price = div_half_up(*scaled(text or "", 18))
    except ValueError as error:
        raise DataError(f"{name} {(text or '')[:40]!r} of {symbol} is not a number, {table.place(row)}") from error
    if price <= 0:
        raise DataError(f"{name} {text:.40} of {symbol} is not positive, {table.place(row)}")
    if price > PRICE_MAX:
        raise DataError(f"{name} {text:.40} of {symbol} is above {PRICE_MAX // WAD}, {table.place(row)}")
    return price


def _utc(seconds: int) -> str:
    """Return a time as people write it; times that no calendar holds stay numbers."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
    except (ValueError, OverflowError):
        return str(seconds)


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
