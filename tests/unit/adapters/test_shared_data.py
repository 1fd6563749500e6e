"""What the files of real crashes are known to hold. They are not part of the project: SEAWALL_DATA names their folder."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.book_file import read_book
from seawall.adapters.markets_file import read_markets
from seawall.adapters.price_file import BarOrder, read_prices, symbols_in
from seawall.fixed import WAD, div_half_up

FOLDER = os.environ.get("SEAWALL_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SEAWALL_DATA does not name a folder of recorded crashes")
DATA = Path(FOLDER or ".")
HOURLY = DATA / "prices/coingecko_hourly_aave_v2_assets_2021-01_2023-02.csv.gz"


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("name", "symbol", "low", "opens_at"),
    [
        ("2020-03_black_thursday_binance_spot_5m", "ETHUSDT", "86.00", at(2020, 3, 13, 2, 15)),
        ("2021-05_crash_binance_spot_5m", "ETHUSDT", "1888.0", at(2021, 5, 19, 13, 10)),
        ("2021-05_crash_binance_spot_5m", "BTCUSDT", "30000", at(2021, 5, 19, 13, 10)),
        ("2025-10_binance_usdm_perp_5m", "BTCUSDT_PERP", "101516.5", at(2025, 10, 10, 21, 20)),
        ("2025-10_binance_usdm_perp_5m", "ETHUSDT_PERP", "3400.00", at(2025, 10, 10, 21, 20)),
        ("2025-10_usde_binance_spot_1m", "USDEUSDT", "0.6500", at(2025, 10, 10, 21, 54)),
    ],
)
def test_the_low_of_a_crash_is_the_known_print(name: str, symbol: str, low: str, opens_at: int) -> None:
    series = read_prices(
        [DATA / f"prices/{name}.csv.gz"],
        [symbol],
        since_ms=opens_at - 3_600_000,
        until_ms=opens_at + 3_600_000,
        bar_order=BarOrder.OPEN_LOW_HIGH_CLOSE,
    )[symbol]
    price, low_at = min((price, at) for at, price in series.points)
    whole, _, fraction = low.partition(".")
    assert price == int(whole + fraction.ljust(18, "0"))
    # Open, low, high and close are a quarter of a bar apart, and the low is the second.
    assert low_at == opens_at + series.usual_step_ms // 4


@pytest.mark.parametrize(
    ("name", "symbols", "bars"),
    [
        ("2020-02_04_santiment_ETHUSD_DAIUSD_5m", 2, False),
        ("2020-03_black_thursday_binance_spot_5m", 2, True),
        ("2021-05_crash_binance_spot_5m", 13, True),
        ("2023-03_usdc_depeg_binance_spot_5m", 16, True),
        ("2025-10_binance_usdm_perp_5m", 2, True),
        ("2025-10_usde_binance_spot_1m", 1, True),
    ],
)
def test_every_price_file_reads_whole(name: str, symbols: int, bars: bool) -> None:
    path = DATA / f"prices/{name}.csv.gz"
    series = read_prices([path])
    assert tuple(series) == symbols_in(path)
    assert len(series) == symbols
    for one in series.values():
        assert one.usual_step_ms == (60_000 if "1m" in name else 300_000)
        assert all(before < after for (before, _), (after, _) in zip(one.points, one.points[1:], strict=False))
        assert len(one.points) % 4 == 0 or not bars


def test_the_snapshot_has_one_price_a_symbol() -> None:
    series = read_prices([DATA / "prices/compound_v2_2023-05_snapshot_usd.csv"])
    assert len(series) == 18
    assert series["ETH"].points == [(at(2023, 5, 9), 18348624 * WAD // 10_000)]


def test_gaps_of_march_2020_are_reported_and_not_filled() -> None:
    series = read_prices([DATA / "prices/2020-03_black_thursday_binance_spot_5m.csv.gz"])
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert (series[symbol].gaps.count, series[symbol].gaps.largest_ms) == (2, 71 * 300_000)
    assert series["BTCUSDT"].jumps.count == 1


def test_the_hourly_file_gives_ten_days_of_may_2021() -> None:
    start, stop = at(2021, 5, 15), at(2021, 5, 25)
    assert len(symbols_in(HOURLY)) == 37
    series = read_prices([HOURLY], since_ms=start, until_ms=stop)
    # ENS and UST begin later in 2021, CVX on 17 May. ETH's hourly averages miss the low that the bars have.
    assert len(series) == 35
    assert not {"ENS", "UST"} & series.keys()
    on_the_day = [price for at_ms, price in series["WETH"].points if at(2021, 5, 19) <= at_ms < at(2021, 5, 20)]
    assert div_half_up(min(on_the_day), WAD) == 2276
    for one in series.values():
        assert one.points[0][0] <= start or one.symbol == "CVX"
        assert one.points[-1][0] < stop


def test_the_compound_book_reads_with_its_markets() -> None:
    markets = read_markets(DATA / "positions/compound_v2_2023-05_markets.csv")
    book = read_book(DATA / "positions/compound_v2_2023-05_long.csv.gz", markets.decimals)
    assert (len(book.accounts), book.account_count, len(set(book.symbols))) == (25_529, 12_132, 17)
    assert (book.account_width, book.rounded_count) == (20, 0)
    series = read_prices([DATA / "prices/compound_v2_2023-05_snapshot_usd.csv"])
    weighted_value = debt_value = 0
    parameters = {market.symbol: market.parameters for market in markets.markets}
    for symbol, collateral, debt in zip(book.symbols, book.collateral_amounts, book.debt_amounts, strict=True):
        price, unit = series[symbol].points[0][1], 10 ** markets.decimals[symbol][0]
        weighted_value += collateral * price // unit * parameters[symbol].liquidation_threshold_ratio // WAD
        debt_value += debt * price // unit
    ether = series["ETH"].points[0][1]
    # The two figures are stated in whole ETH.
    assert weighted_value // ether == 579_740
    assert div_half_up(debt_value, ether) == 300_463


def test_each_market_of_the_book_names_paths_that_the_price_files_have() -> None:
    markets = read_markets(DATA / "positions/compound_v2_2023-05_markets.csv")
    files = {"coingecko": HOURLY, "binance_5m": DATA / "prices/2021-05_crash_binance_spot_5m.csv.gz"}
    for source, path in files.items():
        named = {symbol for symbol in markets.proxies[source].values() if symbol is not None}
        assert named <= set(symbols_in(path))
    assert {depth.source for depth in markets.depths.values()} == {"quotes", "assumed"}
