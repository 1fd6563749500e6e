import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seawall.adapters.binance_klines import download_klines
from seawall.adapters.data_folder import Entry
from seawall.adapters.http_fetch import Patience
from seawall.adapters.price_file import read_prices
from seawall.errors import ConfigError, DataError, ProviderUnavailable

SINCE = 1_621_036_800
MINUTE = 60


def bar(opens_at: int, price: str = "86.00") -> list[Any]:
    return [opens_at * 1000, price, "90.5", "80", price, "1.5", opens_at * 1000 + 59_999, "129", 7, "1", "86", "0"]


class Exchange:
    """The klines pages of minute bars that open at `opens`; a page holds `page_bars`."""

    def __init__(self, server: Any, opens: list[int], page_bars: int = 1_000) -> None:
        self.opens, self.page_bars = opens, page_bars
        self.server = server
        self.statuses: list[int] = []
        server.respond = self.respond

    def respond(self, path: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.statuses:
            return self.statuses.pop(), {}, b'{"code":-1003,"msg":"Too many requests"}'
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        assert (urlsplit(path).path, query["symbol"], query["interval"]) == ("/api/v3/klines", "ETHUSDT", "1m")
        first, last = int(query["startTime"]), int(query["endTime"])
        page = [bar(at) for at in self.opens if first <= at * 1000 <= last]
        return 200, {}, json.dumps(page[: min(self.page_bars, int(query["limit"]))]).encode()


def download(
    server: Any, folder: Path, haste: Patience, minutes: int = 10, symbols: tuple[str, ...] = ("ETHUSDT",),
    interval: str = "1m", *, force: bool = False,
) -> list[Entry]:  # fmt: skip
    return download_klines(
        folder, symbols, interval, SINCE, SINCE + minutes * MINUTE, base_url=server.url, patience=haste, force=force,
        progress=lambda _name, _done, _whole: None,
    )  # fmt: skip


def minutes_from_start(*numbers: int) -> list[int]:
    return [SINCE + number * MINUTE for number in numbers]


@pytest.mark.parametrize("page_bars", [1, 3, 10, 1_000])
def test_pages_of_any_length_become_one_file_that_reads_as_prices(
    page_bars: int, server: Any, tmp_path: Path, haste: Patience
) -> None:
    Exchange(server, minutes_from_start(*range(20)), page_bars)
    (entry,) = download(server, tmp_path, haste)
    assert (entry.rows, entry.first_ts, entry.last_ts) == (10, SINCE, SINCE + 9 * MINUTE)
    assert entry.source == server.url
    series = read_prices([tmp_path / entry.name])["ETHUSDT"]
    assert len(series.points) == 40
    assert [price for _, price in series.points[:4]] == [86 * 10**18, 80 * 10**18, 905 * 10**17, 86 * 10**18]
    assert series.gaps.count == 0


def test_bars_the_exchange_left_out_stay_out(server: Any, tmp_path: Path, haste: Patience) -> None:
    Exchange(server, minutes_from_start(2, 3, 7, 8), 2)
    (entry,) = download(server, tmp_path, haste)
    assert entry.rows == 4
    assert read_prices([tmp_path / entry.name])["ETHUSDT"].gaps.largest_ms == 4 * 60_000


def test_bars_that_a_page_repeats_come_once(server: Any, tmp_path: Path, haste: Patience) -> None:
    opens = minutes_from_start(*range(10))
    pages = [opens[:4], [opens[3], opens[3], *opens[4:8]], opens[6:], []]
    server.respond = lambda _path, _body: (200, {}, json.dumps([bar(at) for at in pages.pop(0)]).encode())
    (entry,) = download(server, tmp_path, haste)
    assert entry.rows == 10


def test_only_bars_that_lie_wholly_in_the_range_are_asked_for(server: Any, tmp_path: Path, haste: Patience) -> None:
    Exchange(server, minutes_from_start(*range(-5, 20)))
    (entry,) = download_klines(
        tmp_path, ["ETHUSDT"], "1m", SINCE - 59, SINCE + 119, base_url=server.url, patience=haste,
        progress=lambda _name, _done, _whole: None,
    )  # fmt: skip
    assert (entry.first_ts, entry.last_ts) == (SINCE, SINCE)


def test_an_exchange_that_is_busy_is_asked_again(server: Any, tmp_path: Path, haste: Patience) -> None:
    exchange = Exchange(server, minutes_from_start(*range(10)))
    exchange.statuses = [429, 503]
    assert download(server, tmp_path, haste)[0].rows == 10


def test_what_stands_is_not_fetched_again(server: Any, tmp_path: Path, haste: Patience) -> None:
    Exchange(server, minutes_from_start(*range(10)))
    first = download(server, tmp_path, haste)
    asked = len(server.requests)
    assert download(server, tmp_path, haste) == first
    assert len(server.requests) == asked
    assert download(server, tmp_path, haste, force=True) == first
    assert len(server.requests) > asked


def test_a_download_that_broke_goes_on_with_the_symbols_that_are_missing(
    server: Any, tmp_path: Path, haste: Patience
) -> None:
    Exchange(server, minutes_from_start(*range(10)))
    download(server, tmp_path, haste)
    server.respond = lambda _path, _body: (451, {}, b"")
    with pytest.raises(ProviderUnavailable, match="answered with status 451"):
        download(server, tmp_path, haste, symbols=("ETHUSDT", "BTCUSDT"))
    assert "symbol=BTCUSDT" in server.requests[-1][0]
    assert len(list(tmp_path.glob("*.csv.gz"))) == 1


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ([bar(SINCE - MINUTE)], "repeats bars of ETHUSDT before .* and gives no later one"),
        ([bar(SINCE + 10 * MINUTE)], "gave a bar of ETHUSDT at .* ms, not asked for"),
        ([bar(SINCE + 1)], "gave a bar of ETHUSDT at .* ms, not asked for"),
        ([bar(SINCE, "91")], "gave a bar of ETHUSDT that is none: 91, 90.5, 80, 91, 1.5"),
        ([bar(SINCE, "-1")], "gave a bar of ETHUSDT that is none: -1, "),
        ([bar(SINCE, "NaN")], "gave a bar of ETHUSDT where 'NaN' is not a decimal number"),
        ({"code": -1121, "msg": "Invalid symbol."}, "answered with something else than was asked for"),
        ([[1]], "answered with something else than was asked for"),
    ],
)
def test_a_page_that_cannot_be_believed_is_refused(
    page: Any, message: str, server: Any, tmp_path: Path, haste: Patience
) -> None:
    server.respond = lambda _path, _body: (200, {}, json.dumps(page).encode())
    with pytest.raises(ProviderUnavailable, match=message):
        download(server, tmp_path, haste)
    assert len(server.requests) <= haste.attempts
    assert list(tmp_path.iterdir()) == []


def test_a_range_without_bars_is_no_file(server: Any, tmp_path: Path, haste: Patience) -> None:
    Exchange(server, [])
    with pytest.raises(DataError, match="no bars of ETHUSDT from 1621036800 to 1621037400"):
        download(server, tmp_path, haste)


@pytest.mark.parametrize(
    ("symbols", "interval", "message"),
    [
        (("../ETH",), "1m", "symbol '../ETH' is not 2 to 32 capital letters and digits"),
        (("ethusdt",), "1m", "symbol 'ethusdt' is not 2 to 32 capital letters and digits"),
        (("ETHUSDT",), "7m", "interval 7m is none of 1m, 3m, 5m"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_before_it_is_sent(
    symbols: tuple[str, ...], interval: str, message: str, server: Any, tmp_path: Path, haste: Patience
) -> None:
    with pytest.raises(ConfigError, match=message):
        download(server, tmp_path, haste, symbols=symbols, interval=interval)
    assert server.requests == []
