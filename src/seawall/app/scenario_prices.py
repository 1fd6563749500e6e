"""The prices of a replay: a scenario's, or those of other files, as one path for each asset, with what is to be said.

Which path stands for an asset comes from the markets: a file may name one for each source of prices. Files given
beside a scenario that is not made from files bring their own window and grid: all that they hold, on the usual
distance of their points. Of several such files, one with a single point for each asset is the snapshot at which the
book was taken: paths are moved to its prices by their returns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from seawall.adapters.market_list import MarketList
from seawall.adapters.price_file import BarOrder, read_prices, symbols_in
from seawall.adapters.price_series import PriceSeries
from seawall.adapters.table_file import open_table
from seawall.app.number_text import duration_text, percent_text, time_text
from seawall.app.run_input import file_input, section_input
from seawall.app.scenario import FilePrices, ReconstructedPrices, ScenarioFile
from seawall.app.scenario_number import time_of, wad
from seawall.errors import ConfigError
from seawall.fixed import MILLISECONDS_PER_SECOND
from seawall.studies.run_plan import RunInput
from seawall.units import Milliseconds, Price
from seawall.world.dice import Dice
from seawall.world.price_path import (
    Grid,
    Origin,
    PricePath,
    Provenance,
    path_from_points,
    path_of_assets,
    reconstructed_prices,
)

_COARSE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class ScenarioPrices:
    """The path of every asset that has one, its inputs, and the sentences on it."""

    path: PricePath
    inputs: tuple[RunInput, ...]
    notes: tuple[str, ...]


def scenario_prices(
    given: ScenarioFile, files: Sequence[Path], listed: MarketList, held: set[str], seed: int
) -> ScenarioPrices:  # fmt: skip
    """Return the prices of the assets of `listed`; those in `held` must have one. Raises ConfigError, DataError."""
    prices = given.scenario.prices
    if isinstance(prices, FilePrices):
        window = (time_of(prices.start), time_of(prices.end), prices.grid_seconds * MILLISECONDS_PER_SECOND)
        files, snapshot = _without_snapshots(files or [given.beside(name) for name in prices.files], listed)
        if not files:
            raise ConfigError(f"{given.path} has no prices of its own; give them with --prices FILE")
        starts = {symbol: wad(text) for symbol, text in prices.start_prices.items()}
        if prices.start_prices_file:
            snapshot.append(given.beside(prices.start_prices_file))
        return _from_files(files, snapshot, starts, prices, window, listed, held)
    if files:
        series, snapshot = _without_snapshots(files, listed)
        return _from_files(series, snapshot, {}, None, None, listed, held)
    return _reconstructed(prices, listed, held, seed)


# -- reconstructed ----------------------------------------------------------------------------------------


def _reconstructed(prices: ReconstructedPrices, listed: MarketList, held: set[str], seed: int) -> ScenarioPrices:
    step_ms = prices.grid_seconds * MILLISECONDS_PER_SECOND
    grid = Grid.over(time_of(prices.start), time_of(prices.end), step_ms)
    closed = Grid(grid.start_at, step_ms, grid.count + 1)
    series, provenance = {}, {}
    inputs, notes = [], []
    for path in prices.paths:
        anchors = [(time_of(anchor.at), wad(anchor.price)) for anchor in path.anchors]
        series[path.symbol] = reconstructed_prices(
            closed, path.symbol, anchors, float(path.volatility_year), Dice(seed, f"price.{path.symbol}"),
            wad(path.price_min), wad(path.price_max),
        )[: grid.count]  # fmt: skip
        provenance[path.symbol] = Provenance(Origin.RECONSTRUCTED, path.symbol, len(anchors))
        sources = ", ".join(dict.fromkeys(anchor.source for anchor in path.anchors))
        detail = f"Through {len(anchors)} published figures ({sources}); between them a seeded bridge with a volatility of {path.volatility_year} a year."  # fmt: skip
        inputs.append(section_input(f"prices of {path.symbol}", path, "reconstructed", detail))
        notes.append(f"The path of {path.symbol} is reconstructed from {len(anchors)} published figures: it is exact there and chance between them.")  # fmt: skip
    starts = {symbol: wad(text) for symbol, text in prices.start_prices.items()}
    whole = PricePath(grid, series, provenance)
    path_of_all, said = _of_assets(whole, _own_paths(listed, set(series)), starts, listed, held)
    return ScenarioPrices(path_of_all, tuple(inputs), (*notes, *said))


def _own_paths(listed: MarketList, known: set[str]) -> dict[str, str | None]:
    """Return the path of each asset where nobody says from which source: what it names, or its own."""
    named = next(iter(listed.proxies.values()), {})
    own = {asset.symbol: asset.symbol if asset.symbol in known else None for asset in listed.assets}
    return own | {symbol: path for symbol, path in named.items() if path is None or path in known}


# -- from files -------------------------------------------------------------------------------------------


def _from_files(
    files: Sequence[Path], snapshots: Sequence[Path], starts: Mapping[str, Price], section: FilePrices | None,
    window: tuple[Milliseconds, Milliseconds, Milliseconds] | None, listed: MarketList, held: set[str],
) -> ScenarioPrices:  # fmt: skip
    known = {symbol for path in files for symbol in symbols_in(path)}
    followed = _followed(listed, known, section.source if section is not None else "")
    wanted = {symbol for asset, symbol in followed.items() if symbol is not None and (asset in held or symbol in known)}
    order = BarOrder(section.bar_order) if section is not None else BarOrder.OPEN_LOW_HIGH_CLOSE
    limits = {"since_ms": window[0], "until_ms": window[1]} if window is not None else {}
    read = read_prices(files, wanted, bar_order=order, **limits)
    if not read:
        raise ConfigError(f"no asset follows a path of {', '.join(str(path) for path in files)}")
    grid = Grid.over(*window) if window is not None else _whole_window(read)
    starts = dict(starts)
    for path in snapshots:
        starts |= {symbol: series.points[-1][1] for symbol, series in read_prices([path]).items()}
    path_of_symbols = path_from_points(grid, {symbol: series.points for symbol, series in read.items()})
    present = {asset: symbol for asset, symbol in followed.items() if symbol is None or symbol in read}
    path_of_all, said = _of_assets(path_of_symbols, present, starts, listed, held)
    inputs = [file_input(path, "data", _window_text(grid)) for path in files]
    inputs += [file_input(path, "data", "Prices at which the book was taken.") for path in snapshots]
    bars = any(len(series.points) > 1 and series.usual_step_ms > _usual_ms(series) for series in read.values())
    notes = [f"Inside a bar the order is taken to be {order.value}; run the other order too."] if bars else []
    notes += [_silence_text(record) for record in path_of_symbols.provenance.values() if record.gap_count]
    notes += [
        f"{series.symbol} jumps {series.jumps.count} times by more than 20 % from one point to the next, "
        f"at most {percent_text(series.jumps.largest_ratio)} at {time_text(series.jumps.largest_at)}."
        for series in read.values()
        if series.jumps.count
    ]
    return ScenarioPrices(path_of_all, tuple(inputs), (*notes, *said))


def _followed(listed: MarketList, known: set[str], source: str) -> dict[str, str | None]:
    """Return the path of each asset, by the named source of paths, or by the one that the files can serve best."""
    if source and source not in listed.proxies:
        raise ConfigError(
            f"no source {source!r} of paths in the markets; there are {', '.join(listed.proxies) or 'none'}"
        )
    own: dict[str, str | None] = {asset.symbol: asset.symbol for asset in listed.assets}
    if not listed.proxies:
        return own
    best = source or max(listed.proxies, key=lambda name: sum(path in known for path in listed.proxies[name].values()))
    named = dict(listed.proxies[best])
    if not source:
        # A path that no source serves may still be there under the asset's own name.
        named = {asset: asset if path not in known and asset in known else path for asset, path in named.items()}
    return own | named


def _without_snapshots(files: Sequence[Path], listed: MarketList) -> tuple[list[Path], list[Path]]:
    """Tell series from snapshots: files of one row for each symbol, assets among them."""
    if len(files) < 2:
        return list(files), []
    assets = {asset.symbol for asset in listed.assets}
    snapshots = []
    for path in files:
        table = open_table(path)
        symbols = table.rows(("symbol",))["symbol"].to_list() if "price" in table.columns else []
        if len(set(symbols)) == len(symbols) and not assets.isdisjoint(symbols):
            snapshots.append(path)
    series = [path for path in files if path not in snapshots]
    return (series, snapshots) if series else (list(files), [])


def _usual_ms(series: PriceSeries) -> Milliseconds:
    """Return the median distance of a series' points."""
    times = [at for at, _ in series.points]
    distances = sorted(after - before for before, after in pairwise(times))
    return distances[len(distances) >> 1] if distances else MILLISECONDS_PER_SECOND


def _whole_window(read: Mapping[str, PriceSeries]) -> Grid:
    """Return the grid over everything that all series have, on their usual distance to a quarter of a minute."""
    usual_ms = min(_usual_ms(series) for series in read.values())
    coarse_ms = _COARSE_SECONDS * MILLISECONDS_PER_SECOND
    step_ms = max(MILLISECONDS_PER_SECOND, round(usual_ms / coarse_ms) * coarse_ms or usual_ms)
    start_at = max(series.points[0][0] for series in read.values())
    end_at = max(series.points[-1][0] for series in read.values()) + step_ms
    return Grid.over(start_at, end_at, step_ms)


# -- for both ---------------------------------------------------------------------------------------------


def _of_assets(
    path: PricePath, followed: Mapping[str, str | None], starts: Mapping[str, Price], listed: MarketList, held: set[str]
) -> tuple[PricePath, list[str]]:
    """Return the path of each asset that can have one, and the sentences on proxies, moves and still prices."""
    possible = {asset: symbol for asset, symbol in followed.items() if symbol is not None or asset in starts}
    for asset in sorted(held - possible.keys()):
        raise ConfigError(f"no price for {asset}, which is held: no path stands for it and it has no start price")
    of_assets = path_of_assets(path, possible, starts)
    moved = [asset for asset, record in of_assets.provenance.items() if record.is_rebased]
    still = [asset for asset, record in of_assets.provenance.items() if record.origin is Origin.STILL]
    proxies = [f"{asset} follows {symbol}" for asset, symbol in possible.items() if symbol not in (None, asset)]
    unpriced = sorted({asset.symbol for asset in listed.assets} - possible.keys())
    notes = []
    if moved:
        notes.append(f"Rebased, by the returns of their paths, to the prices at which the book was taken: {', '.join(moved)}.")  # fmt: skip
    if proxies:
        notes.append(f"Paths that stand for assets: {', '.join(proxies)}.")
    if still:
        notes.append(f"Prices that stand still: {', '.join(still)}.")
    if unpriced:
        notes.append(f"Without a price, and held by nobody: {', '.join(unpriced)}.")
    return of_assets, notes


def _window_text(grid: Grid) -> str:
    seconds = _span_text(grid.step_ms)
    return f"From {time_text(grid.start_at)} UTC, {grid.count:,} ticks of {seconds}."


def _span_text(duration_ms: Milliseconds) -> str:
    """Return a duration as people read it."""
    return duration_text(duration_ms / MILLISECONDS_PER_SECOND)


def _silence_text(record: Provenance) -> str:
    longest = _span_text(record.silence_ms_max)
    return f"{record.symbol} has {record.gap_count} gaps, the longest {longest}: the last price holds over them."
