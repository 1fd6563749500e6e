"""Markets files: what is lent against what, with risk parameters, depth, and the price paths that stand for assets.

A CSV (gzip, Parquet) has one pooled market a row, in Compound's words: the collateral factor is both the opening limit
and the threshold, a liquidation incentive of 1.08 is a bonus of 0.08, and the protocol's seize share, a fee of 0 where
the column is absent, is a share of the seized collateral. TOML says everything (`markets_toml.py`). Both are strict: a
column or a key that means nothing here is refused by name. Whether threshold × (1 + bonus) stays below 1 is for a
composition to ask; a real protocol keeps its contract's numbers.
"""

import re
from pathlib import Path
from typing import Final

from seawall.adapters.market_list import DepthTable, MarketList, asset, depth_table, ratio, whole_number
from seawall.adapters.markets_toml import read_markets_toml
from seawall.adapters.table_file import ROW, TableFile, open_table
from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market, RiskParameters

REQUIRED: Final = ("symbol", "decimals", "collateral_factor", "close_factor", "liquidation_incentive")
OPTIONAL: Final = ("protocol_seize_share",)
DEPTH: Final = ("sell_usd_1pct", "sell_usd_2pct", "sell_usd_5pct", "depth_source")
_SOURCE = re.compile(r"(\w+)_symbol")


def read_markets(path: Path) -> MarketList:
    """Read a markets file, by its name TOML or else a table; raises DataError for what is not a market."""
    return read_markets_toml(path) if path.suffix == ".toml" else _read_table(open_table(path))


def _read_table(table: TableFile) -> MarketList:
    sources = _sources(table)
    has_depth = _has_depth(table)
    assets: list[Asset] = []
    markets: list[Market] = []
    proxies: dict[str, dict[str, str | None]] = {source: {} for source in sources}
    depths: dict[str, DepthTable] = {}
    first_rows: dict[str, int] = {}
    for row in table.rows(table.columns).iter_rows(named=True):
        place = table.place(row[ROW])
        cells = {name: row[name] or "" for name in table.columns}
        symbol = cells["symbol"]
        if symbol in first_rows:
            raise DataError(f"market {symbol} stands in row {first_rows[symbol]} already, {place}")
        first_rows[symbol] = row[ROW]
        index = len(assets)
        assets.append(asset(symbol, whole_number(cells["decimals"], "decimals", place), place))
        markets.append(Market(symbol, index, index, _parameters(cells, place)))
        for source in sources:
            proxies[source][symbol] = cells[f"{source}_symbol"] or None
        if has_depth:
            sales = list(zip(("0.01", "0.02", "0.05"), (cells[name] for name in DEPTH[:3]), strict=True))
            depths[symbol] = depth_table(sales, cells["depth_source"], place)
    return MarketList(tuple(assets), tuple(markets), proxies, depths)


def _parameters(cells: dict[str, str], place: str) -> RiskParameters:
    factor = ratio(cells["collateral_factor"], "collateral_factor", place)
    return RiskParameters(
        max_loan_to_value_ratio=factor,
        liquidation_threshold_ratio=factor,
        liquidation_bonus_ratio=ratio(
            cells["liquidation_incentive"], "liquidation_incentive", place, least=WAD, most=2 * WAD
        )
        - WAD,
        liquidation_fee_ratio=ratio(cells.get("protocol_seize_share", "0"), "protocol_seize_share", place),
        close_factor_ratio=ratio(cells["close_factor"], "close_factor", place),
    )


def _sources(table: TableFile) -> list[str]:
    """Return the sources that have a `<source>_symbol` column; refuse columns that are missing or unknown."""
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise DataError(f"columns {', '.join(table.columns)} lack {missing[0]}, in {table.path}")
    others = [name for name in table.columns if name not in (*REQUIRED, *OPTIONAL, *DEPTH)]
    unknown = [name for name in others if _SOURCE.fullmatch(name) is None]
    if unknown:
        known = ", ".join((*REQUIRED, *OPTIONAL, "<source>_symbol", *DEPTH))
        raise DataError(f"column {unknown[0]} is none of {known}, in {table.path}")
    return [name.removesuffix("_symbol") for name in others]


def _has_depth(table: TableFile) -> bool:
    found = [name for name in DEPTH if name in table.columns]
    if found and len(found) < len(DEPTH):
        lacking = next(name for name in DEPTH if name not in found)
        raise DataError(f"columns of depth go together: {found[0]} without {lacking}, in {table.path}")
    return bool(found)
