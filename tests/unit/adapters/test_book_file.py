from pathlib import Path

import polars as pl
import pytest

from seawall.adapters.book_file import read_book
from seawall.errors import DataError
from seawall.ledger.account import encode_account

HEADER = "account,symbol,collateral_amount,debt_amount\n"
DECIMALS = {"ETH": (18, 18), "USDC": (6, 6), "WETH/USDC": (18, 6)}
FIRST = "0x" + "11" * 20
SECOND = "0x" + "aB" * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.csv"


def test_rows_become_columns_in_base_units(path: Path) -> None:
    path.write_text(HEADER + f"{FIRST},ETH,1.5,0\n{SECOND},USDC,0,2e3\n{FIRST},USDC,,7\n".replace(",,", ",0,"))
    book = read_book(path, DECIMALS)
    assert (book.account_width, book.account_count, book.rounded_count) == (20, 2, 0)
    assert book.accounts == [bytes.fromhex(text[2:]) for text in (FIRST, SECOND, FIRST)]
    assert book.symbols == ["ETH", "USDC", "USDC"]
    assert book.collateral_amounts == [15 * 10**17, 0, 0]
    assert book.debt_amounts == [0, 2_000_000_000, 7_000_000]


def test_a_pair_reads_each_side_in_its_own_decimals(path: Path) -> None:
    path.write_text(HEADER + "treasury,WETH/USDC,1,1\n")
    book = read_book(path, DECIMALS)
    assert (book.collateral_amounts, book.debt_amounts) == ([10**18], [10**6])


def test_names_are_padded_to_the_width_of_names(path: Path) -> None:
    path.write_text(HEADER + "whale,ETH,1,0\n" + "x" * 32 + ",ETH,1,0\n")
    book = read_book(path, DECIMALS)
    assert book.account_width == 32
    assert book.accounts == [encode_account("whale", 32), b"x" * 32]


@pytest.mark.parametrize(
    ("text", "collateral", "debt", "rounded"),
    [
        ("0.000001", 1, 1, 0),
        ("0.0000010", 1, 1, 0),
        ("0.0000011", 1, 2, 2),
        ("0.0000019", 1, 2, 2),
        ("0.0000001", 0, 1, 2),
    ],
)
def test_more_digits_than_the_asset_has_round_against_the_account_and_are_counted(
    text: str, collateral: int, debt: int, rounded: int, path: Path
) -> None:
    path.write_text(HEADER + f"whale,USDC,{text},{text}\n")
    book = read_book(path, DECIMALS)
    assert (book.collateral_amounts, book.debt_amounts, book.rounded_count) == ([collateral], [debt], rounded)


def test_the_largest_amount_is_one_unit_below_two_to_the_127(path: Path) -> None:
    most = 2**127 - 1
    path.write_text(HEADER + f"whale,ETH,{most}e-18,{most}e-18\n")
    assert read_book(path, DECIMALS).debt_amounts == [most]
    for column, row in [
        ("collateral_amount", f"{2**127}e-18,0"),
        ("debt_amount", f"0,{2**127}e-18"),
        ("debt_amount", f"0,{most}.1e-18"),
    ]:
        path.write_text(HEADER + f"whale,ETH,{row}\n")
        with pytest.raises(DataError, match=rf"^{column} \S+ of ETH is not below 2\*\*127 base units, in .* row 2$"):
            read_book(path, DECIMALS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("whale,ETH,1,0\nwhale,ETX,1,0\n", "no market ETX (nearest: ETH), in {path} row 3"),
        ("whale,eth,1,0\n", "no market eth (nearest: ETH, WETH/USDC), in {path} row 2"),
        ("whale,ETH,-1,0\n", "collateral_amount -1 of ETH is negative, in {path} row 2"),
        ("whale,ETH,0,-0.1\n", "debt_amount -0.1 of ETH is negative, in {path} row 2"),
        ("whale,ETH,much,0\n", "collateral_amount 'much' of ETH is not a number, in {path} row 2"),
        ("whale,ETH,NaN,0\n", "collateral_amount 'NaN' of ETH is not a number, in {path} row 2"),
        ("whale,ETH,0,inf\n", "debt_amount 'inf' of ETH is not a number, in {path} row 2"),
        ("whale,ETH,0,\n", "debt_amount '' of ETH is not a number, in {path} row 2"),
        ("whale,ETH,0\n", "debt_amount '' of ETH is not a number, in {path} row 2"),
        ("whale,ETH,1,0\nfish,ETH,1,0\nwhale,ETH,2,0\n", "account whale has ETH in row 2 already, in {path} row 4"),
        (f"{SECOND},ETH,1,0\n{SECOND.lower()},ETH,2,0\n", f"account {SECOND.lower()} has ETH in row 2 already, in {{path}} row 3"),
        (f"{FIRST},ETH,1,0\n0x11,ETH,1,0\n", "account '0x11' is not an address of 0x and 40 digits as others are, in {path} row 3"),
        (f"whale,ETH,1,0\n{FIRST},ETH,1,0\n", "account 'whale' is not an address of 0x and 40 digits as others are, in {path} row 2"),
        ("x" * 33 + ",ETH,1,0\n", f"account '{'x' * 33}' is longer than 32 bytes, in {{path}} row 2"),
        (",ETH,1,0\n", "no account, in {path} row 2"),
        ("whale\0,ETH,1,0\n", "account 'whale\\x00' cannot be printed, in {path} row 2"),
        ("whale,,1,0\n", "no symbol, in {path} row 2"),
        ("whale,ETH,1,0,9\n", "5 fields under 4 columns, in {path} row 2"),
        ("", "{path} has a header and no rows"),
    ],
)  # fmt: skip
def test_what_is_no_position_is_refused_with_the_row(rows: str, message: str, path: Path) -> None:
    path.write_text(HEADER + rows)
    with pytest.raises(DataError) as caught:
        read_book(path, DECIMALS)
    assert str(caught.value) == message.format(path=path)


def test_wrong_columns_are_refused_with_those_found_and_those_wanted(path: Path) -> None:
    path.write_text("account,symbol,collateral_amount\nwhale,ETH,1\n")
    with pytest.raises(DataError) as caught:
        read_book(path, DECIMALS)
    assert str(caught.value) == (
        "columns account, symbol, collateral_amount lack debt_amount of "
        f"account, symbol, collateral_amount, debt_amount, in {path}"
    )


def test_parquet_reads_like_text(tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    pl.DataFrame(
        {"account": ["whale"], "symbol": ["USDC"], "collateral_amount": [0.1], "debt_amount": ["0.2"]}
    ).write_parquet(path)
    book = read_book(path, DECIMALS)
    assert (book.collateral_amounts, book.debt_amounts) == ([100_000], [200_000])
