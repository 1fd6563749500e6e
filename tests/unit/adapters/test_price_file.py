import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from seawall.adapters.price_file import BarOrder, read_prices, symbols_in
from seawall.errors import DataError
from seawall.fixed import WAD

POINTS = "symbol,ts,price\n"
BARS = "symbol,ts,open,high,low,close,volume\n"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "prices.csv"


def test_points_are_read_exactly_in_milliseconds_and_wad(path: Path) -> None:
    path.write_text(POINTS + "ETH,100,86.00\nDAI,100,0.905600000000000001\nETH,160,1e2\n")
    series = read_prices([path])
    assert list(series) == ["DAI", "ETH"]
    assert series["ETH"].points == [(100_000, 86 * WAD), (160_000, 100 * WAD)]
    assert series["DAI"].points == [(100_000, 905600000000000001)]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("0.0000000000000000014", 1),
        ("0.0000000000000000015", 2),
        ("0.0000000000000000005", 1),
        ("1000000000000", 10**12 * WAD),
    ],
)
def test_more_than_eighteen_digits_round_half_up(text: str, price: int, path: Path) -> None:
    path.write_text(POINTS + f"ETH,100,{text}\n")
    assert read_prices([path])["ETH"].points == [(100_000, price)]


@pytest.mark.parametrize(
    ("order", "prices"),
    [(BarOrder.OPEN_LOW_HIGH_CLOSE, [10, 8, 13, 11]), (BarOrder.OPEN_HIGH_LOW_CLOSE, [10, 13, 8, 11])],
)
def test_a_bar_becomes_four_points_a_quarter_apart_in_the_order_asked_for(
    order: BarOrder, prices: list[int], path: Path
) -> None:
    path.write_text(BARS + "ETH,100,10,13,8,11,5\nETH,700,11,11,11,11,5\nETH,1000,11,11,11,11,5\n")
    series = read_prices([path], bar_order=order)["ETH"]
    assert series.points[:4] == [(100_000 + 75_000 * nth, price * WAD) for nth, price in enumerate(prices)]
    assert series.points[4:8] == [(700_000 + 75_000 * nth, 11 * WAD) for nth in range(4)]


def test_floats_in_parquet_are_their_shortest_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"symbol": ["ETH", "ETH"], "ts": [100, 200], "price": [0.1, 1e-7], "other": [1, 2]})
    frame.write_parquet(tmp_path / "prices.parquet")
    assert read_prices([tmp_path / "prices.parquet"])["ETH"].points == [(100_000, WAD // 10), (200_000, 10**11)]


def test_the_window_is_half_open_and_keeps_the_price_that_stands_at_its_start(path: Path) -> None:
    path.write_text(POINTS + "".join(f"ETH,{ts},{ts}\n" for ts in (100, 200, 300, 400)))
    for since, until, expected in [
        (200_000, 400_000, [200, 300]),
        (199_999, 400_001, [100, 200, 300, 400]),
        (200_001, 300_001, [200, 300]),
    ]:
        points = read_prices([path], since_ms=since, until_ms=until)["ETH"].points
        assert [at // 1000 for at, _ in points] == expected


def test_only_wanted_symbols_and_times_are_judged(path: Path) -> None:
    path.write_text(POINTS + "ETH,100,1\nBAD,100,-1\nETH,200,2\nETH,300,nan\n")
    assert len(read_prices([path], ["ETH"], until_ms=300_000)["ETH"].points) == 2


def test_symbols_come_from_several_files_but_each_from_one(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first.csv", "second.csv", "third.csv"))
    first.write_text(POINTS + "ETH,100,1\n")
    second.write_text(BARS + "BTC,100,1,1,1,1,0\nBTC,200,1,1,1,1,0\n")
    third.write_text(POINTS + "ETH,200,1\n")
    assert list(read_prices([first, second], ["ETH", "BTC"])) == ["BTC", "ETH"]
    with pytest.raises(DataError, match=r"ETH is in both .*first\.csv and .*third\.csv"):
        read_prices([first, third])


def test_the_symbols_of_a_file_are_listed(path: Path) -> None:
    path.write_text(POINTS + "ETH,100,1\nBTC,100,1\nETH,200,1\n")
    assert symbols_in(path) == ("BTC", "ETH")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (POINTS + "ETH,100,0\n", "price 0 of ETH is not positive, in {path} row 2"),
        (POINTS + "ETH,100,1\nETH,101,-3\n", "price -3 of ETH is not positive, in {path} row 3"),
        (POINTS + "ETH,100,0.0000000000000000004\n", "price 0.0000000000000000004 of ETH is not positive, in {path} row 2"),
        (POINTS + "ETH,100,nan\n", "price 'nan' of ETH is not a number, in {path} row 2"),
        (POINTS + "ETH,100,inf\n", "price 'inf' of ETH is not a number, in {path} row 2"),
        (POINTS + "ETH,100,dear\n", "price 'dear' of ETH is not a number, in {path} row 2"),
        (POINTS + "ETH,100,\n", "price '' of ETH is not a number, in {path} row 2"),
        (POINTS + "ETH,100\n", "price '' of ETH is not a number, in {path} row 2"),
        (POINTS + "ETH,100,1000000000001\n", "price 1000000000001 of ETH is above 1000000000000, in {path} row 2"),
        (POINTS + "ETH,100,1e999\n", "price 1e999 of ETH is above 1000000000000, in {path} row 2"),
        (POINTS + "ETH,100,1\nETH,100,1\n", "ts 100 of ETH stands twice, in {path} row 3"),
        (POINTS + "ETH,100,1\nBTC,90,1\nETH,99,1\n", "ts 99 of ETH comes after ts 100, in {path} row 4"),
        (POINTS + "ETH,soon,1\n", "ts 'soon' of ETH is not whole unix seconds, in {path} row 2"),
        (POINTS + "ETH,100.5,1\n", "ts '100.5' of ETH is not whole unix seconds, in {path} row 2"),
        (POINTS + "ETH,1620604800000,1\n", "ts '1620604800000' of ETH is not whole unix seconds, in {path} row 2"),
        (POINTS + "ETH,0,1\n", "ts '0' of ETH is not whole unix seconds, in {path} row 2"),
        (POINTS + "ETH,,1\n", "ts '' of ETH is not whole unix seconds, in {path} row 2"),
        (POINTS + ",100,1\n", "no symbol, in {path} row 2"),
        (POINTS + 'ETH,50,1\n"E\nTH",100,1\n', "symbol 'E\\nTH' cannot be printed, in {path} row 3"),
        (POINTS + "ETH,100," + "9" * 500 + "\n", f"price '{'9' * 40}' of ETH is not a number, in {{path}} row 2"),
        (BARS + "ETH,100,10,9,8,9,1\n", "open 10, high 9, low 8, close 9 of ETH do not fit one bar, in {path} row 2"),
        (BARS + "ETH,100,9,9,8,7,1\n", "open 9, high 9, low 8, close 7 of ETH do not fit one bar, in {path} row 2"),
        (BARS + "ETH,100,8,8,9,8,1\n", "open 8, high 8, low 9, close 8 of ETH do not fit one bar, in {path} row 2"),
        (BARS + "ETH,100,8,9,-1,8,1\n", "low -1 of ETH is not positive, in {path} row 2"),
        (BARS + "ETH,100,8,8,8,8,1\n", "one bar of ETH: its length shows only beside a second, in {path}"),
        ("symbol,time,price\nETH,1,1\n", "columns symbol, time, price are not symbol, ts, price nor symbol, ts, open, high, low, close, in {path}"),
        ("symbol;ts;price\nETH;1;1\n", "columns symbol;ts;price are not symbol, ts, price nor symbol, ts, open, high, low, close, in {path}"),
        (POINTS, "{path} has a header and no rows"),
        ("", "{path} is empty"),
    ],
)  # fmt: skip
def test_what_is_no_price_in_its_time_is_refused_with_the_row(content: str, message: str, path: Path) -> None:
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_prices([path])
    assert str(caught.value) == message.format(path=path)


def test_parquet_rows_count_from_one(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    pl.DataFrame({"symbol": ["ETH"] * 2, "ts": [100, 200], "price": [1.0, float("inf")]}).write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_prices([path])
    assert str(caught.value) == f"price 'inf' of ETH is not a number, in {path} row 2"


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv.gz"
    whole = gzip.compress((POINTS + "".join(f"ETH,{ts},1\n" for ts in range(1, 5000))).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="is a gzip that is cut short or damaged"):
        read_prices([path])


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [("eth", "nearest: ETH"), ("ETHUSD", "nearest: ETH"), ("XYZ", "known: BTC, ETH")],
)
def test_an_unknown_symbol_is_refused_with_the_nearest_names(symbol: str, hint: str, path: Path) -> None:
    path.write_text(POINTS + "ETH,100,1\nBTC,100,1\n")
    with pytest.raises(DataError) as caught:
        read_prices([path], [symbol])
    assert str(caught.value) == f"no prices of {symbol} in {path} ({hint})"


def test_a_named_symbol_without_a_price_in_the_window_says_what_the_file_has(path: Path) -> None:
    path.write_text(POINTS + "ETH,86400,1\nETH,86460,1\nBTC,172800,1\n")
    with pytest.raises(DataError) as caught:
        read_prices([path], ["ETH", "BTC"], since_ms=172_800_000, until_ms=259_200_000)
    assert str(caught.value) == (
        f"no prices of ETH from 1970-01-03T00:00Z to 1970-01-04T00:00Z: "
        f"it has 1970-01-02T00:00Z to 1970-01-02T00:01Z, in {path}"
    )
    assert list(read_prices([path], since_ms=172_800_000)) == ["BTC"]
