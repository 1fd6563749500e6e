"""Price paths: what every asset was worth at each time of one stated grid.

A path is made from points (the last one holds until the next; silences are counted), or *reconstructed* from
published anchors: between two of them a seeded Brownian bridge in the logarithm of the price,

    ln p(k) = ln a + k/n · (ln b − ln a) + σ √dt · (W(k) − k/n · W(n)),

hits both exactly; σ is a stated volatility a year and W adds up one draw a tick. Outside the anchors nothing is known:
the path is clipped at a published low or high where one is given. Prices leave as integers with eight decimals.
Every symbol says where its path comes from, and that record goes with it into the report.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import pairwise
from math import sqrt
from typing import Final

import msgspec

from seawall.errors import ConfigError, DataError
from seawall.fixed import WAD, div_down, div_up, mul_div_down
from seawall.units import Milliseconds, Price
from seawall.world.dice import Dice
from seawall.world.exponential import exponential_f64, logarithm_f64

Point = tuple[Milliseconds, Price]

_YEAR_MS_F64: Final = 365.0 * 86_400_000.0
_QUANTUM: Final = div_down(WAD, 10**8)


class Grid(msgspec.Struct, frozen=True):
    """The times on which a path is stated: `count` ticks, `step_ms` apart, from `start_at`."""

    start_at: Milliseconds
    step_ms: Milliseconds
    count: int

    @classmethod
    def over(cls, start_at: Milliseconds, end_at: Milliseconds, step_ms: Milliseconds) -> "Grid":
        """Return the grid of all ticks from `start_at` and before `end_at`."""
        return cls(start_at, step_ms, div_up(end_at - start_at, step_ms))

    @property
    def end_at(self) -> Milliseconds:
        """Time of the last tick."""
        return self.at(self.count - 1)

    def at(self, tick: int) -> Milliseconds:
        """Return the time of `tick`."""
        return self.start_at + tick * self.step_ms

    def tick_at(self, at: Milliseconds) -> int:
        """Return the last tick at or before `at`; the path stands still after its end."""
        return min(div_down(at - self.start_at, self.step_ms), self.count - 1)


class Origin(Enum):
    """Where a path comes from."""

    DATA = "data"
    RECONSTRUCTED = "reconstructed"
    STILL = "still"


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a path is made of: `point_count` points or anchors of `symbol`.

    A gap is a silence longer than twice the usual (median) distance of two points, and than a tick; the silence from the
    last point to the end of the grid is one more.
    """

    origin: Origin
    symbol: str
    point_count: int
    gap_count: int = 0
    silence_ms_max: Milliseconds = 0
    is_rebased: bool = False


class PricePath(msgspec.Struct, frozen=True):
    """Prices of each symbol, one a tick, and where they come from."""

    grid: Grid
    prices: Mapping[str, tuple[Price, ...]]
    provenance: Mapping[str, Provenance]


def path_from_points(grid: Grid, points: Mapping[str, Sequence[Point]]) -> PricePath:
    """Put points, in order of time, on the grid: at each tick the last price at or before it.

    Raises DataError where a symbol has no point at or before the first tick.
    """
    prices, provenance = {}, {}
    for symbol, series in points.items():
        prices[symbol] = _carried_forward(grid, symbol, series)
        provenance[symbol] = _provenance_of_points(grid, symbol, series)
    return PricePath(grid, prices, provenance)


def _carried_forward(grid: Grid, symbol: str, series: Sequence[Point]) -> tuple[Price, ...]:
    if not series or series[0][0] > grid.start_at:
        first = f"the first is at {series[0][0]} ms" if series else "there is none"
        raise DataError(f"no price of {symbol} at or before the start at {grid.start_at} ms: {first}")
    carried = []
    following = 0
    for tick in range(grid.count):
        at = grid.at(tick)
        while following < len(series) and series[following][0] <= at:
            following += 1
        carried.append(series[following - 1][1])
    return tuple(carried)


def _provenance_of_points(grid: Grid, symbol: str, series: Sequence[Point]) -> Provenance:
    times = [at for at, _ in series if grid.start_at - grid.step_ms < at <= grid.end_at]
    silences = [after - before for before, after in pairwise(times)]
    usual = max(grid.step_ms, 2 * sorted(silences)[len(silences) >> 1]) if silences else grid.step_ms
    if times:
        silences.append(grid.end_at - times[-1])
    return Provenance(
        origin=Origin.DATA,
        symbol=symbol,
        point_count=len(times),
        gap_count=sum(silence > usual for silence in silences),
        silence_ms_max=max(silences, default=grid.end_at - grid.start_at),
    )


def reconstructed_prices(
    grid: Grid, symbol: str, anchors: Sequence[Point], volatility_year_f64: float, dice: Dice,
    price_min: Price = 0, price_max: Price = 0,
) -> tuple[Price, ...]:  # fmt: skip
    """Build a path through `anchors`, which lie on ticks, the first and the last on those of the grid.

    `price_min` and `price_max` clip what lies between the anchors; zero is no limit. Raises ConfigError.
    """
    ticks = [_tick_of_anchor(grid, symbol, at) for at, _ in anchors]
    if not ticks or ticks[0] != 0 or ticks[-1] != grid.count - 1:
        raise ConfigError(f"anchors of {symbol} must begin at {grid.start_at} ms and end at {grid.end_at} ms")
    step_f64 = volatility_year_f64 * sqrt(grid.step_ms / _YEAR_MS_F64)
    prices = [anchors[0][1]]
    for left, right in pairwise(range(len(ticks))):
        if ticks[right] <= ticks[left]:
            raise ConfigError(f"anchors of {symbol} are not in order of time at {anchors[right][0]} ms")
        steps = range(ticks[left] + 1, ticks[right] + 1)
        bridge = _bridge_f64([step_f64 * dice.normal_f64(tick) for tick in steps])
        start_f64, end_f64 = (logarithm_f64(anchors[side][1] / WAD) for side in (left, right))
        for nth, deviation_f64 in enumerate(bridge, start=1):
            log_price_f64 = start_f64 + (end_f64 - start_f64) * nth / (len(bridge) + 1) + deviation_f64
            price = round(exponential_f64(log_price_f64) * 1e8) * _QUANTUM
            prices.append(min(max(price, price_min, _QUANTUM), price_max or price))
        prices.append(anchors[right][1])
    return tuple(prices)


def _tick_of_anchor(grid: Grid, symbol: str, at: Milliseconds) -> int:
    tick = div_down(at - grid.start_at, grid.step_ms)
    if at != grid.at(tick) or not 0 <= tick < grid.count:
        raise ConfigError(f"anchor of {symbol} at {at} ms is not on the grid of {grid.step_ms} ms")
    return tick


def _bridge_f64(steps_f64: list[float]) -> list[float]:
    """Return the inner values of a bridge from 0 to 0 with the given free steps."""
    walk_f64, walked_f64 = 0.0, []
    for step_f64 in steps_f64:
        walk_f64 += step_f64
        walked_f64.append(walk_f64)
    return [at_f64 - walk_f64 * nth / len(walked_f64) for nth, at_f64 in enumerate(walked_f64[:-1], start=1)]


def path_of_assets(path: PricePath, followed: Mapping[str, str | None], start_prices: Mapping[str, Price]) -> PricePath:
    """Give each asset the path that it follows, moved to its start price by the path's returns.

    An asset without a start price keeps the path's own prices; one that follows nothing stands still at its
    start price. Products round down. Raises ConfigError where neither a path nor a start price is known.
    """
    prices, provenance = {}, {}
    for asset, symbol in followed.items():
        start_price = start_prices.get(asset)
        if symbol is None:
            if start_price is None:
                raise ConfigError(f"no price for {asset}: no path stands for it and it has no start price")
            prices[asset] = (start_price,) * path.grid.count
            provenance[asset] = Provenance(Origin.STILL, asset, 1)
            continue
        if symbol not in path.prices:
            known = ", ".join(sorted(path.prices))
            raise ConfigError(f"no price path {symbol} for {asset}; there are: {known}")
        series, record = path.prices[symbol], path.provenance[symbol]
        if start_price is None or start_price == series[0]:
            prices[asset], provenance[asset] = series, record
        else:
            prices[asset] = tuple(max(1, mul_div_down(price, start_price, series[0])) for price in series)
            provenance[asset] = msgspec.structs.replace(record, is_rebased=True)
    return PricePath(path.grid, prices, provenance)
