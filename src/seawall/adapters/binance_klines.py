"""Binance spot bars from the public klines pages: no key, bars as published, prices as their own decimal text.

A page begins at `startTime` and holds at most 1,000 bars; a page may be short or repeat bars, so the next one begins
after the last bar seen and the end is an empty page or the end of the range. A bar that the exchange left out (it was
down) stays out; whoever reads the file reports the gap.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import msgspec

from seawall.adapters.data_folder import Advance, Entry, Progress, Rows, check_range, keep_or_fetch
from seawall.adapters.decimal_text import scaled
from seawall.adapters.http_fetch import USUAL_PATIENCE, Patience, fetch_json, public_name
from seawall.errors import ConfigError, DataError, ProviderUnavailable
from seawall.fixed import MILLISECONDS_PER_SECOND

BASE_URL: Final = "https://data-api.binance.vision"
PAGE_BARS_MAX: Final = 1_000
COLUMNS: Final = ("symbol", "ts", "open", "high", "low", "close", "volume")
INTERVAL_SECONDS: Final = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "4h": 14400,
    "1d": 86400,
}
_SYMBOL = re.compile(r"[A-Z0-9]{2,32}")


class _Bar(msgspec.Struct, array_like=True, frozen=True):
    """The first six of a kline's twelve elements."""

    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str


def download_klines(
    folder: Path, symbols: Sequence[str], interval: str, since: int, until: int, *,
    progress: Progress, base_url: str = BASE_URL, patience: Patience = USUAL_PATIENCE, force: bool = False,
) -> list[Entry]:  # fmt: skip
    """Bring the bars of each symbol that lie wholly within since <= time <= until, unix seconds, into a file of its own.

    Raises ConfigError for a request that makes no sense, DataError where a symbol has no bar in the range,
    ProviderUnavailable where the exchange does not answer.
    """
    if interval not in INTERVAL_SECONDS:
        raise ConfigError(f"interval {interval} is none of {', '.join(INTERVAL_SECONDS)}")
    check_range(since, until)
    entries = []
    for symbol in symbols:
        if _SYMBOL.fullmatch(symbol) is None:
            raise ConfigError(f"symbol {symbol[:40]!r} is not 2 to 32 capital letters and digits, like ETHUSDT")
        name = f"binance_{symbol}_{interval}_{since}_{until}.csv.gz"
        query = {"symbol": symbol, "interval": interval, "since": str(since), "until": str(until)}

        fetch = partial(_fetch_bars, base_url, symbol, interval, since, until, patience, partial(progress, name))
        entries.append(keep_or_fetch(folder, name, public_name(base_url), query, fetch, force=force))
    return entries


def _fetch_bars(
    base_url: str, symbol: str, interval: str, since: int, until: int, patience: Patience, advance: Advance
) -> Rows:
    seconds = INTERVAL_SECONDS[interval]
    rows: list[tuple[str | int, ...]] = []
    # Bars open on whole multiples of their length; the last one must close by the end.
    at = -(-since // seconds) * seconds
    while at + seconds <= until:
        query = {
            "symbol": symbol,
            "interval": interval,
            "startTime": at * MILLISECONDS_PER_SECOND,
            "endTime": (until - seconds) * MILLISECONDS_PER_SECOND,
            "limit": PAGE_BARS_MAX,
        }
        page = fetch_json(f"{base_url}/api/v3/klines?{urlencode(query)}", list[_Bar], patience)
        before = at
        for bar in page:
            opens_at, rest = divmod(bar.open_ms, MILLISECONDS_PER_SECOND)
            if rest or opens_at % seconds or opens_at + seconds > until:
                raise ProviderUnavailable(
                    f"{public_name(base_url)} gave a bar of {symbol} at {bar.open_ms} ms, not asked for"
                )
            if opens_at < at:
                continue
            rows.append((symbol, opens_at, *_texts(bar, symbol, base_url)))
            at = opens_at + seconds
        if not page:
            break
        if at == before:
            raise ProviderUnavailable(
                f"{public_name(base_url)} repeats bars of {symbol} before {at} and gives no later one"
            )
        advance(min(at, until) - since, until - since)
    if not rows:
        raise DataError(f"no bars of {symbol} from {since} to {until} at {public_name(base_url)}")
    return Rows(COLUMNS, rows)


def _texts(bar: _Bar, symbol: str, base_url: str) -> tuple[str, ...]:
    """Return the bar's decimal texts as published; refuse what no price file may hold."""
    texts = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    try:
        opening, high, low, close, volume = (scaled(text, 18)[0] for text in texts)
    except ValueError as error:
        raise ProviderUnavailable(f"{public_name(base_url)} gave a bar of {symbol} where {error}") from error
    if not 0 < low <= min(opening, close) <= max(opening, close) <= high or volume < 0:
        raise ProviderUnavailable(f"{public_name(base_url)} gave a bar of {symbol} that is none: {', '.join(texts)}")
    return texts
