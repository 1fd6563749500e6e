"""Markets as TOML, for everything that a row of a table cannot say.

    [[assets]]
    symbol = "WETH"
    decimals = 18
    stands_for = "ETHUSDT"        # the path that gives its price; { source = "path" } by source; "" for a still price
    depth = [[0.01, 21000000], [0.05, 92000000]]    # impact, value sold; depth_source beside it
    [[markets]]
    asset = "WETH"                # pooled; or collateral = "WETH" and debt = "USDC" for an isolated pair
    max_loan_to_value = 0.8
    liquidation_threshold = 0.825
    liquidation_bonus = 0.05      # [markets.categories.1] holds the same five where a category changes them

A contract has `margin_tiers = [{ floor = 0, maintenance = 0.01 }]` and neither loan to value nor threshold. Numbers are read as text, so 0.1 is exactly a tenth. Rates are shares a year.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from seawall.adapters.market_list import DepthTable, MarketList, asset, depth_table, number, ratio
from seawall.adapters.nearest_name import nearest_names
from seawall.errors import DataError
from seawall.ledger.asset import Asset
from seawall.ledger.market import MarginTier, Market, RiskParameters
from seawall.rules.margin_tiers import tier_lines

Number = str | int
UNNAMED_SOURCE: Final = "stands_for"
"""The source of paths that are named without one."""
CATEGORY_MAX: Final = 255
RATE_RAY_MAX: Final = 10**29


class _AssetTable(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    decimals: int
    stands_for: str | dict[str, str] | None = None
    depth: list[tuple[Number, Number]] = []
    depth_source: str = ""


class _ParametersTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    max_loan_to_value: Number
    liquidation_threshold: Number
    liquidation_bonus: Number
    liquidation_fee: Number = 0
    close_factor: Number = 0
    version: int = 1


class _TierTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    floor: Number
    maintenance: Number
    initial: Number = 0
    deduction: Number | None = None


class _MarketTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    max_loan_to_value: Number | None = None
    liquidation_threshold: Number | None = None
    liquidation_bonus: Number
    liquidation_fee: Number = 0
    close_factor: Number = 0
    version: int = 1
    symbol: str = ""
    asset: str = ""
    collateral: str = ""
    debt: str = ""
    collateral_rate: Number = 0
    debt_rate: Number = 0
    fee: Number = 0
    margin_tiers: list[_TierTable] = []
    funding_rate: Number = 0
    is_isolated: bool = False
    price_step: Number = 0
    amount_step: Number = 0
    open_interest_bounds: tuple[Number, Number] = (0, 0)
    insurance_fund: Number = 0
    categories: dict[int, _ParametersTable] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    assets: list[_AssetTable]
    markets: list[_MarketTable]


def read_markets_toml(path: Path) -> MarketList:
    """Read a TOML markets file; raises DataError for a key that is unknown and a value that cannot be."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path} is not TOML: {error}") from error
    return markets_of_tables(document, path)


def markets_of_tables(document: Mapping[str, object], path: Path) -> MarketList:
    """Return the markets of TOML tables that were read from `path`, their fractions as text; raises as above."""
    try:
        file = msgspec.convert(document, _File, str_keys=True)
    except msgspec.ValidationError as error:
        raise DataError(f"{error}, in {path}") from error
    assets: list[Asset] = []
    proxies: dict[str, dict[str, str | None]] = {}
    depths: dict[str, DepthTable] = {}
    for nth, table in enumerate(file.assets, start=1):
        place = f"in {path} asset {nth}"
        if any(table.symbol == other.symbol for other in assets):
            raise DataError(f"asset {table.symbol} stands twice, {place}")
        assets.append(asset(table.symbol, table.decimals, place))
        paths = {UNNAMED_SOURCE: table.stands_for} if isinstance(table.stands_for, str) else table.stands_for
        for source, symbol in (paths or {}).items():
            proxies.setdefault(source, {})[table.symbol] = symbol or None
        if table.depth:
            depths[table.symbol] = depth_table(table.depth, table.depth_source, place)
        elif table.depth_source:
            raise DataError(f"depth_source {table.depth_source!r} without depth, {place}")
    index_of = {one.symbol: index for index, one in enumerate(assets)}
    markets: dict[str, Market] = {}
    for nth, market_table in enumerate(file.markets, start=1):
        market = _market(market_table, index_of, assets, f"in {path} market {nth}")
        if market.symbol in markets:
            raise DataError(f"market {market.symbol} stands twice, in {path} market {nth}")
        markets[market.symbol] = market
    if not markets:
        raise DataError(f"{path} has no markets")
    return MarketList(tuple(assets), tuple(markets.values()), proxies, depths)


def _market(table: _MarketTable, index_of: dict[str, int], assets: Sequence[Asset], place: str) -> Market:
    pair = (table.collateral, table.debt)
    if (table.asset != "") == (pair != ("", "")) or (table.asset == "" and "" in pair):
        raise DataError(f"a market names an asset, or a collateral and a debt, {place}")
    collateral, debt = (table.asset, table.asset) if table.asset else pair
    for symbol in (collateral, debt):
        if symbol not in index_of:
            raise DataError(f"no asset {symbol} ({nearest_names(symbol, index_of)}), {place}")
    name = table.symbol or (table.asset or f"{collateral}/{debt}")
    if table.margin_tiers:
        return _contract(table, name, index_of[collateral], assets, place)
    if table.funding_rate != 0:
        raise DataError(f"funding_rate {table.funding_rate} without margin_tiers, {place}")
    for key in ("is_isolated", "price_step", "amount_step"):
        if getattr(table, key):
            raise DataError(f"{key} without margin_tiers, {place}")
    categories = {}
    for category, own in table.categories.items():
        if not 1 <= category <= CATEGORY_MAX:
            raise DataError(f"category {category} is not between 1 and {CATEGORY_MAX}, {place}")
        categories[category] = _parameters(own, f"{place} category {category}")
    return Market(
        symbol=name,
        collateral_asset=index_of[collateral],
        debt_asset=index_of[debt],
        parameters=_parameters(table, place),
        categories=categories,
        collateral_rate_ray=_rate(table.collateral_rate, "collateral_rate", place),
        debt_rate_ray=_rate(table.debt_rate, "debt_rate", place),
        fee_ratio=ratio(table.fee, "fee", place),
        insurance_fund_amount=number(table.insurance_fund, "insurance_fund", place, assets[index_of[debt]].decimals),
    )


def _contract(table: _MarketTable, symbol: str, asset: int, assets: Sequence[Asset], place: str) -> Market:
    """Return a market of contracts; what only loans have is refused by name."""
    if not table.asset:
        raise DataError(f"a contract names one asset, {place}")
    for key in (
        "max_loan_to_value",
        "liquidation_threshold",
        "collateral_rate",
        "debt_rate",
        "fee",
        "categories",
        "insurance_fund",
    ):
        if getattr(table, key):
            raise DataError(f"{key} {getattr(table, key)} of a contract, which has margin_tiers, {place}")
    bonus = ratio(table.liquidation_bonus, "liquidation_bonus", place)
    return Market(
        symbol=symbol,
        collateral_asset=asset,
        debt_asset=asset,
        parameters=RiskParameters(0, 0, bonus, version=table.version),
        debt_rate_ray=_rate(table.funding_rate, "funding_rate", place, least=-RATE_RAY_MAX),
        margin_tiers=_margin_tiers(table.margin_tiers, place),
        is_isolated=table.is_isolated,
        price_step=number(table.price_step, "price_step", place),
        amount_step=number(table.amount_step, "amount_step", place, assets[asset].decimals),
        open_interest_bounds=(
            number(table.open_interest_bounds[0], "open_interest_bounds", place),
            number(table.open_interest_bounds[1], "open_interest_bounds", place),
        ),
    )


def _margin_tiers(tables: list[_TierTable], place: str) -> tuple[MarginTier, ...]:
    """Return the tiers; a deduction that a table states must be the one that makes its tiers continuous."""
    tiers = tuple(
        MarginTier(
            number(table.floor, "floor", place),
            ratio(table.maintenance, "maintenance", place),
            ratio(table.initial, "initial", place),
        )
        for table in tables
    )
    for table, line in zip(tables, tier_lines(tiers), strict=True):
        if table.deduction is not None and number(table.deduction, "deduction", place) != line.deduction_value:
            raise DataError(
                f"margin jumps at floor {table.floor}: deduction {table.deduction} is not "
                f"{line.deduction_value} (WAD), {place}"
            )
    return tiers


def _parameters(table: _ParametersTable | _MarketTable, place: str) -> RiskParameters:
    texts = {"max_loan_to_value": table.max_loan_to_value, "liquidation_threshold": table.liquidation_threshold}
    for key, text in texts.items():
        if text is None:
            raise DataError(f"key {key!r} is missing, {place}")
    limit, threshold = (ratio(text, key, place) for key, text in texts.items() if text is not None)
    if limit > threshold:
        raise DataError(
            f"max_loan_to_value {table.max_loan_to_value} is above liquidation_threshold "
            f"{table.liquidation_threshold}, {place}"
        )
    if table.version < 1:
        raise DataError(f"version {table.version} is below 1, {place}")
    return RiskParameters(
        max_loan_to_value_ratio=limit,
        liquidation_threshold_ratio=threshold,
        liquidation_bonus_ratio=ratio(table.liquidation_bonus, "liquidation_bonus", place),
        liquidation_fee_ratio=ratio(table.liquidation_fee, "liquidation_fee", place),
        close_factor_ratio=ratio(table.close_factor, "close_factor", place),
        version=table.version,
    )


def _rate(text: Number, name: str, place: str, *, least: int = 0) -> int:
    rate_ray = number(text, name, place, digits=27)
    if not least <= rate_ray <= RATE_RAY_MAX:
        raise DataError(f"{name} {text} is not between {least // 10**27} and 100 a year, {place}")
    return rate_ray
