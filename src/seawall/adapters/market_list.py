"""A list of markets with what a replay must know beside them, and the checks that every source of one shares.

Numbers come as decimal text and are kept exactly: a ratio with more than 18 fraction digits, a rate with more than
27, is refused rather than rounded. `place` is the end of the message, "in FILE row 3".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.adapters.decimal_text import scaled
from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market
from seawall.units import Ratio, Value

DECIMALS_MAX: Final = 36
DEPTH_SOURCES: Final = ("quotes", "assumed")
SYMBOL_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class DepthTable:
    """Sales of an asset that move its price: (impact ratio, value sold), both rising.

    `source` is "quotes" for what a market answered, "assumed" for an assumption, to be said wherever it is used.
    """

    sales: tuple[tuple[Ratio, Value], ...]
    source: str


@dataclass(frozen=True, slots=True)
class MarketList:
    """Assets, markets, and by asset symbol the depth and the price paths that stand for it.

    `proxies` maps a source of prices to asset symbol to path symbol; None says that the price stands still.
    """

    assets: tuple[Asset, ...]
    markets: tuple[Market, ...]
    proxies: Mapping[str, Mapping[str, str | None]]
    depths: Mapping[str, DepthTable]

    @property
    def decimals(self) -> dict[str, tuple[int, int]]:
        """Decimals of the collateral and of the debt asset, by market symbol: what a book file is read with."""
        return {
            market.symbol: (self.assets[market.collateral_asset].decimals, self.assets[market.debt_asset].decimals)
            for market in self.markets
        }


def number(text: str | int, name: str, place: str, digits: int = 18) -> int:
    """Return a decimal number × 10**digits; refuses more fraction digits than that."""
    try:
        numerator, divisor = scaled(str(text), digits)
    except ValueError as error:
        raise DataError(f"{name} {str(text)[:40]!r} is not a number, {place}") from error
    if divisor > 1:
        raise DataError(f"{name} {str(text)[:40]} has more than {digits} fraction digits, {place}")
    return numerator


def ratio(text: str | int, name: str, place: str, *, least: Ratio = 0, most: Ratio = WAD) -> Ratio:
    """Return a WAD ratio between `least` and `most`."""
    value = number(text, name, place)
    if not least <= value <= most:
        raise DataError(f"{name} {str(text)[:40]} is not between {least // WAD} and {most // WAD}, {place}")
    return value


def whole_number(text: str, name: str, place: str) -> int:
    """Return a whole number in plain digits."""
    if not (text.isascii() and text.isdigit()):
        raise DataError(f"{name} {text[:40]!r} is not a whole number, {place}")
    return int(text)


def asset(symbol: str, decimals: int, place: str) -> Asset:
    """Return an asset with a name and decimals that amounts can be kept in."""
    if not symbol or len(symbol) > SYMBOL_LENGTH_MAX or symbol != symbol.strip() or not symbol.isprintable():
        raise DataError(f"symbol {symbol[:80]!r} is not 1 to {SYMBOL_LENGTH_MAX} printable characters, {place}")
    if not 0 <= decimals <= DECIMALS_MAX:
        raise DataError(f"decimals {decimals} of {symbol} are not between 0 and {DECIMALS_MAX}, {place}")
    return Asset(symbol, decimals)


def depth_table(sales: Sequence[tuple[str | int, str | int]], source: str, place: str) -> DepthTable:
    """Return a depth table of (impact, value) texts; both must rise from above zero, impacts stay below 1."""
    if source not in DEPTH_SOURCES:
        raise DataError(f"depth_source {source!r} is none of {', '.join(DEPTH_SOURCES)}, {place}")
    table = tuple((ratio(impact, "impact", place), number(value, "depth", place)) for impact, value in sales)
    before = (0, 0)
    for (impact, value), texts in zip(table, sales, strict=True):
        if impact <= before[0] or value <= before[1] or impact >= WAD:
            raise DataError(f"depth {texts[1]} at impact {texts[0]} does not rise from the one before, {place}")
        before = (impact, value)
    return DepthTable(table, source)
