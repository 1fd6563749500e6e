"""The table of accounts as people and other programs get it: cells for a terminal, and a CSV or Parquet file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from seawall.app.account_table import UNKNOWN_HEALTH, AccountLine, account_numbers
from seawall.app.number_text import decimal_text, percent_text, ratio_text, short_account, short_value
from seawall.errors import ConfigError, StorageError
from seawall.fixed import WAD
from seawall.units import Price

COLUMNS: Final = ("Account", "Status", "Health", "Collateral", "Debt", "Asset", "Price", "Liquidated at", "Distance")
_NOTHING: Final = "–"


def account_cells(line: AccountLine) -> list[str]:
    """Return the cells of one line, under COLUMNS."""
    if line.health_factor_ratio == UNKNOWN_HEALTH:
        return [short_account(line.account), line.status.replace("_", " "), "unknown", *[_NOTHING] * 6]
    return [
        short_account(line.account),
        line.status,
        ratio_text(line.health_factor_ratio),
        short_value(line.collateral_value),
        short_value(line.debt_value),
        line.asset or _NOTHING,
        _price_text(line.price),
        _price_text(line.liquidation_price),
        _NOTHING if line.distance_ratio is None else percent_text(line.distance_ratio),
    ]


def _price_text(price: Price | None) -> str:
    return _NOTHING if price is None else decimal_text(price, 18, 2 if price >= 100 * WAD else 6)


def write_accounts(path: Path, lines: Sequence[AccountLine]) -> None:
    """Write all lines as exact decimal text; the file's name says the format, .csv or .parquet."""
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"file {path} is neither .csv nor .parquet")
    names = list(account_numbers(AccountLine("", "", 0, 0, 0)))
    frame = pl.DataFrame([account_numbers(line) for line in lines], schema=dict.fromkeys(names, pl.String))
    try:
        if path.suffix == ".csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
