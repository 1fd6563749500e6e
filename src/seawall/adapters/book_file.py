"""Book files: `account, symbol, collateral_amount, debt_amount`, one row for an account and a market.

Amounts are decimal strings in whole assets. More fraction digits than an asset has round against the account
(collateral down, debt up) and are counted. Where accounts are addresses all of them must be; otherwise they are names.
Invariants: no account has a symbol twice, every amount fits a position of the book.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from seawall.adapters.decimal_text import scaled
from seawall.adapters.nearest_name import nearest_names
from seawall.adapters.table_file import ROW, TableFile, open_table
from seawall.errors import DataError
from seawall.fixed import div_down, div_up
from seawall.ledger.account import ADDRESS_WIDTH, NAME_WIDTH, address_of, encode_account
from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.market import COLLATERAL
from seawall.units import Amount

COLUMNS: Final = ("account", "symbol", "collateral_amount", "debt_amount")


@dataclass(frozen=True, slots=True)
class BookFile:
    """A book as columns of equal length, in the order of the file, amounts in base units.

    `accounts` are canonical bytes of `account_width`, without a market. `rounded_count` counts the amounts that had
    more fraction digits than their asset.
    """

    account_width: int
    account_count: int
    accounts: list[bytes]
    symbols: list[str]
    collateral_amounts: list[Amount]
    debt_amounts: list[Amount]
    rounded_count: int


def read_book(path: Path, decimals: Mapping[str, tuple[int, int]]) -> BookFile:
    """Read a book of the markets in `decimals`: symbol to the decimals of its collateral and of its debt asset.

    Raises DataError for an unknown symbol, an amount that is none, a doubled row, or wrong columns.
    """
    table = open_table(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise DataError(f"columns {', '.join(table.columns)} lack {missing[0]} of {', '.join(COLUMNS)}, in {path}")
    rows = table.rows(COLUMNS)
    _refuse_unknown(table, rows, decimals)
    width = _account_width(table, rows)
    keys = {text: _key(table, rows, text, width) for text in rows["account"].unique(maintain_order=True)}

    accounts = [keys[text] for text in rows["account"]]
    symbols = rows["symbol"].to_list()
    numbers = rows[ROW].to_list()
    first_rows: dict[tuple[bytes, str], int] = {}
    for account, text, symbol, row in zip(accounts, rows["account"], symbols, numbers, strict=True):
        first = first_rows.setdefault((account, symbol), row)
        if first != row:
            raise DataError(f"account {text} has {symbol} in row {first} already, {table.place(row)}")

    rounded_count = 0
    sides: tuple[list[Amount], list[Amount]] = ([], [])
    for side, column in enumerate(COLUMNS[2:]):
        for text, symbol, row in zip(rows[column], symbols, numbers, strict=True):
            numerator, divisor = _amount(table, column, text, symbol, decimals[symbol][side], row)
            rounded_count += divisor > 1
            sides[side].append(div_down(numerator, divisor) if side == COLLATERAL else div_up(numerator, divisor))
    return BookFile(width, len(set(accounts)), accounts, symbols, sides[0], sides[1], rounded_count)


def _refuse_unknown(table: TableFile, rows: pl.DataFrame, known: Mapping[str, object]) -> None:
    table.refuse_unnamed(rows, "account")
    table.refuse_unnamed(rows, "symbol")
    unknown = rows.filter(~pl.col("symbol").is_in(list(known)))
    if not unknown.is_empty():
        symbol, row = unknown.select("symbol", ROW).row(0)
        raise DataError(f"no market {symbol[:40]} ({nearest_names(symbol, known)}), {table.place(row)}")


def _account_width(table: TableFile, rows: pl.DataFrame) -> int:
    """Return the width of the accounts: all are addresses, or none is."""
    is_address = [address_of(text) is not None for text in rows["account"]]
    if any(is_address) and not all(is_address):
        odd = is_address.index(False)
        text, row = rows.select("account", ROW).row(odd)
        raise DataError(f"account {text!r} is not an address of 0x and 40 digits as others are, {table.place(row)}")
    return ADDRESS_WIDTH if all(is_address) else NAME_WIDTH


def _key(table: TableFile, rows: pl.DataFrame, text: str, width: int) -> bytes:
    try:
        return encode_account(text, width)
    except ValueError as error:
        row = rows.filter(pl.col("account") == text).item(0, ROW)
        raise DataError(f"account {text[:80]!r} is longer than {width} bytes, {table.place(row)}") from error


def _amount(
    table: TableFile, column: str, text: str | None, symbol: str, decimals: int, row: int
) -> tuple[int, int]:  # fmt: skip
    """Return an amount in base units as a fraction, or refuse it."""
    try:
        numerator, divisor = scaled(text or "", decimals)
    except ValueError as error:
        raise DataError(f"{column} {(text or '')[:40]!r} of {symbol} is not a number, {table.place(row)}") from error
    if numerator < 0:
        raise DataError(f"{column} {text:.40} of {symbol} is negative, {table.place(row)}")
    if div_up(numerator, divisor) > BALANCE_MAX:
        raise DataError(f"{column} {text:.40} of {symbol} is not below 2**127 base units, {table.place(row)}")
    return numerator, divisor
