"""Maker's auctions of ether on 12 and 13 March 2020, one line an auction, as the chain's events say it.

An auction belongs to the day of its last bid. Prices are DAI or dollars for one ether; a *zero bid* won below one DAI.
Each line has what Maker's oracle and a market average said at the last bid and at the deal, which comes at the earliest
ten minutes later. When an auction was started, and who lost it, nobody wrote down. Seventeen were never dealt.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, div_down, mul_div_down
from seawall.studies.number_columns import NumberColumns
from seawall.studies.study import Claim, Line, compared
from seawall.studies.utc_text import moment_text
from seawall.units import Milliseconds, Price

AUCTIONS: Final = "liquidations/maker_flip_ETH-A_auctions_2019-11_2020-04.csv.gz"
MINUTE_MS: Final[Milliseconds] = 60_000
HOUR_MS: Final[Milliseconds] = 60 * MINUTE_MS
DAY_MS: Final[Milliseconds] = 24 * HOUR_MS
FIRST_DAY: Final[Milliseconds] = 1_583_971_200_000
"""12 March 2020, midnight."""
SECOND_DAY: Final = FIRST_DAY + DAY_MS
AFTER: Final = SECOND_DAY + DAY_MS
ZERO_BID_PRICE: Final[Price] = WAD
WINDOW_GAP_MS: Final[Milliseconds] = 65 * MINUTE_MS
"""A window of zero bids ends where none is dealt for so long, a little more than the oracle's hour."""
WINDOW_LOTS_MIN: Final = 10
WINDOW_TOLERANCE_MS: Final[Milliseconds] = 5 * MINUTE_MS

_COLUMNS: Final = (
    "id", "best_price_ethdai", "lastbid_osm_price_ethusd", "osm_price_ethusd", "san_price_ethusd", "lot", "lastbid_timestamp",
)  # fmt: skip
_GAPPY_COLUMNS: Final = ("gasPrice_GWei", "timestamp")


class SoldLot(NamedTuple):
    """One auction: its lot and the price that won, the oracle's price at the last bid and later, the market's, gas, times."""

    number: int
    lot: int
    won_price: Price
    bid_oracle_price: Price
    deal_oracle_price: Price
    market_price: Price
    gas_price: int | None
    bid_at: Milliseconds
    deal_at: Milliseconds | None

    @property
    def is_zero_bid(self) -> bool:
        """Whether it went for less than one DAI an ether."""
        return self.won_price < ZERO_BID_PRICE


def read_auctions(data: Path) -> list[SoldLot]:
    """Return every auction of the file in order of last bids; DataError where it is missing or holds no numbers."""
    table = NumberColumns(data / AUCTIONS, _COLUMNS + _GAPPY_COLUMNS)
    lots = [
        SoldLot(
            div_down(number, WAD), lot, won, at_bid, at_deal, market, gas, _milliseconds(bid_at),
            None if deal_at is None else _milliseconds(deal_at),
        )
        for number, won, at_bid, at_deal, market, lot, bid_at, gas, deal_at in zip(
            *(table.wads(name) for name in _COLUMNS), *(table.wads_where_known(name) for name in _GAPPY_COLUMNS), strict=True
        )
    ]  # fmt: skip
    return sorted(lots, key=lambda sold: (sold.bid_at, sold.number))


def sold_between(lots: Sequence[SoldLot], since: Milliseconds, until: Milliseconds) -> list[SoldLot]:
    """Return the lots whose last bid came at or after `since` and before `until`."""
    return [sold for sold in lots if since <= sold.bid_at < until]


def value_of(lots: Sequence[SoldLot], price_of: Callable[[SoldLot], Price]) -> int:
    """Return what lots are worth at a price of each, WAD, rounded down once."""
    return div_down(sum(sold.lot * price_of(sold) for sold in lots), WAD)


def ether_of(lots: Sequence[SoldLot]) -> int:
    """Return how much ether lots hold, WAD."""
    return sum(sold.lot for sold in lots)


def quantile(values: Sequence[int], percent: int) -> int:
    """Return the value at a percentage of the way through, of those that are there the nearest; halves to the higher."""
    ordered = sorted(values)
    return ordered[div_down(percent * (len(ordered) - 1) + 50, 100)]


def auction_checks(every: Sequence[SoldLot]) -> list[Line]:
    """Return the totals of both days beside the published ones."""
    lots = sold_between(every, FIRST_DAY, AFTER)
    zeros = [sold for sold in lots if sold.is_zero_bid]
    ratios = [mul_div_down(sold.won_price, WAD, sold.bid_oracle_price) for sold in lots if not sold.is_zero_bid]
    waits = [sold.deal_at - sold.bid_at for sold in every if sold.deal_at is not None]
    worst_hour = max(hourly_gas(lots).values())
    return [
        compared("auctions in the file", len(every) * WAD, "4,865"),
        compared("auctions of 12 and 13 March", len(lots) * WAD, "4,094"),
        compared("ether in them", ether_of(lots), "154,998.65"),
        compared("won below 1 DAI an ether", len(zeros) * WAD, "1,461"),
        compared("their share, %", mul_div_down(100 * len(zeros), WAD, len(lots)), "35.7"),
        compared("ether in them, won for nothing", ether_of(zeros), "62,843"),
        compared("worth at the oracle's price of the deal, $ million", _millions(zeros, lambda sold: sold.deal_oracle_price), "8.356"),
        compared("at the oracle's price of the last bid", _millions(zeros, lambda sold: sold.bid_oracle_price), "8.425"),
        compared("at the market's price", _millions(zeros, lambda sold: sold.market_price), "8.278"),
        compared("DAI raised", value_of(lots, lambda sold: sold.won_price), "8,690,603"),
        compared("other wins over the oracle's price, mean", div_down(sum(ratios), len(ratios)), "0.752"),
        compared("the same, median", quantile(ratios, 50), "0.798"),
        compared("minutes from last bid to deal, whole file: median", _minutes(quantile(waits, 50)), "16.5"),
        compared("the same, nine tenths below", _minutes(quantile(waits, 90)), "74.6"),
        compared("gas price of winning bids, gwei: highest mean of an hour", worst_hour, "264"),
        compared("the highest of all", max(sold.gas_price for sold in lots if sold.gas_price is not None), "400"),
        *_window_lines(zeros),
    ]  # fmt: skip


def hourly_gas(lots: Sequence[SoldLot]) -> dict[Milliseconds, int]:
    """Return the mean gas price of winning bids by the hour in which they came."""
    by_hour: dict[Milliseconds, list[int]] = {}
    for sold in lots:
        if sold.gas_price is not None:
            by_hour.setdefault(sold.bid_at - sold.bid_at % HOUR_MS, []).append(sold.gas_price)
    return {hour: div_down(sum(prices), len(prices)) for hour, prices in by_hour.items()}


def zero_bid_windows(zeros: Sequence[SoldLot]) -> list[tuple[Milliseconds, Milliseconds]]:
    """Return the first and last deal of each window in which at least so many zero bids were dealt, none long after another."""
    deals = sorted(sold.deal_at for sold in zeros if sold.deal_at is not None)
    windows: list[list[Milliseconds]] = []
    for at in deals:
        if windows and at - windows[-1][-1] <= WINDOW_GAP_MS:
            windows[-1].append(at)
        else:
            windows.append([at])
    return [(window[0], window[-1]) for window in windows if len(window) >= WINDOW_LOTS_MIN]


_PUBLISHED_WINDOWS: Final = (
    (FIRST_DAY + 13 * HOUR_MS + 6 * MINUTE_MS, FIRST_DAY + 16 * HOUR_MS + 57 * MINUTE_MS),
    (SECOND_DAY + 90 * MINUTE_MS, SECOND_DAY + 255 * MINUTE_MS),
)


def _window_lines(zeros: Sequence[SoldLot]) -> list[Line]:
    """Return each window beside the published one that it meets, if any; both ends must lie within five minutes."""
    lines = []
    for starts_at, ends_at in zero_bid_windows(zeros):
        met = [window for window in _PUBLISHED_WINDOWS if starts_at <= window[1] and window[0] <= ends_at]
        holds = met and all(abs(gap) <= WINDOW_TOLERANCE_MS for gap in (starts_at - met[0][0], ends_at - met[0][1]))
        lines.append(
            Line(
                "a window of zero bids, by their deals, +/- 5 minutes", Claim.DATA_CHECK, _window_text(starts_at, ends_at),
                _window_text(*met[0]) if met else "", bool(holds) if met else None,
            )
        )  # fmt: skip
    return lines


def _window_text(starts_at: Milliseconds, ends_at: Milliseconds) -> str:
    return f"{moment_text(starts_at)} to {moment_text(ends_at)}"


def _millions(lots: Sequence[SoldLot], price_of: Callable[[SoldLot], Price]) -> int:
    return div_down(value_of(lots, price_of), 10**6)


def _minutes(wait: Milliseconds) -> int:
    return mul_div_down(wait, WAD, MINUTE_MS)


def _milliseconds(seconds_wad: int) -> Milliseconds:
    return mul_div_down(seconds_wad, MILLISECONDS_PER_SECOND, WAD)
