"""Maker's oracle on 12 and 13 March 2020: a price that stands for an hour before it counts, beside the market's.

The oracle passes on, once an hour at most, the price that it took in an hour before. So at the top of the fall it was far above
the market, and after the low far below. Market prices are averages of five minutes, known from their start.
"""

from itertools import pairwise
from pathlib import Path
from typing import Final

from seawall.adapters.price_file import read_prices
from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, mul_div_down
from seawall.studies.maker_auctions import AFTER, DAY_MS, FIRST_DAY, quantile
from seawall.studies.number_columns import NumberColumns
from seawall.studies.price_steps import PriceSteps
from seawall.studies.study import Line, compared, rounded_text
from seawall.studies.utc_text import moment_text
from seawall.units import Milliseconds

ORACLE: Final = "oracle/maker_osm_ETHUSD_LogValue_2019-11_2020-04.csv.gz"
MARKET: Final = "prices/2020-02_04_santiment_ETHUSD_DAIUSD_5m.csv.gz"
SYMBOL: Final = "ETHUSD"


def read_oracle(data: Path) -> PriceSteps:
    """Return what the oracle said, in order of blocks; DataError where the file is missing or holds no numbers."""
    table = NumberColumns(data / ORACLE, ("blockNumber", "logIndex", "ts_interp", "price"))
    rows = sorted(
        zip(*(table.wads(name) for name in ("blockNumber", "logIndex", "ts_interp", "price")), strict=True)
    )  # fmt: skip
    return PriceSteps(
        "ether at the oracle", [(mul_div_down(at, MILLISECONDS_PER_SECOND, WAD), price) for *_, at, price in rows]
    )


def read_market(data: Path) -> PriceSteps:
    """Return the market's averages around both days, a day more on either side."""
    series = read_prices([data / MARKET], {SYMBOL}, since_ms=FIRST_DAY - DAY_MS, until_ms=AFTER + 2 * DAY_MS)[SYMBOL]
    return PriceSteps("ether on the market", series.points)


def oracle_checks(oracle: PriceSteps, market: PriceSteps) -> list[Line]:
    """Return how the oracle worked on both days, beside what is published."""
    polls = [at for at in oracle.times if FIRST_DAY <= at < AFTER]
    waits = [after - before for before, after in pairwise(polls)]
    gaps = _gaps_to_market(oracle, market)
    highest, lowest = max(gaps), min(gaps)
    total = len(gaps)
    fall, fall_at = max((oracle.price_at(before) - oracle.price_at(after), after) for before, after in pairwise(polls))
    from_text = rounded_text(oracle.price_at(fall_at) + fall, 3)
    return [
        compared("waits between two prices of the oracle", len(waits) * WAD, "47"),
        compared("seconds of such a wait: median", _seconds(quantile(waits, 50)), "3,647"),
        compared("the longest", _seconds(max(waits)), "4,744"),
        compared(f"oracle over the market at most, %, at {moment_text(highest[1])}", 100 * highest[0], "26.7"),
        compared(f"and under it, %, at {moment_text(lowest[1])}", 100 * lowest[0], "-24.0"),
        compared("moments more than 5 % apart, %", _share(sum(abs(gap) > WAD // 20 for gap, _ in gaps), total), "29.7"),
        compared("more than 10 % apart, %", _share(sum(abs(gap) > WAD // 10 for gap, _ in gaps), total), "13.5"),
        compared(f"its largest fall, from {from_text} at {moment_text(fall_at)}, to", oracle.price_at(fall_at), "136.75"),
    ]  # fmt: skip


def _gaps_to_market(oracle: PriceSteps, market: PriceSteps) -> list[tuple[int, Milliseconds]]:
    """Return how far the oracle was over the market, as a share of it, whenever the market's price is stated."""
    gaps = []
    for at, price in zip(market.times, market.prices, strict=True):
        if FIRST_DAY <= at < AFTER:
            gaps.append((mul_div_down(oracle.price_at(at) - price, WAD, price), at))
    return gaps


def _seconds(wait: Milliseconds) -> int:
    return mul_div_down(wait, WAD, MILLISECONDS_PER_SECOND)


def _share(count: int, total: int) -> int:
    return mul_div_down(100 * count, WAD, total)
