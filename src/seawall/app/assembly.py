"""The assembly: a scenario and the files given beside it become an opening and a world, and what is said of them.

Nothing here depends on the machine: the same scenario, files and seed give the same opening and the same world. Files
replace the scenario's prices, book or markets; the rest of the scenario holds, as far as its assets are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from seawall.adapters.book_file import BookFile, read_book
from seawall.adapters.market_list import MarketList
from seawall.adapters.markets_file import read_markets
from seawall.adapters.markets_toml import markets_of_tables
from seawall.adapters.nearest_name import nearest_names
from seawall.app.generated_book import generated_book, markets_of_mixes
from seawall.app.generated_contracts import generated_contracts, symbols_of_mixes
from seawall.app.opening import decimals_of_rows, opening_events
from seawall.app.protocol_file import chosen_protocol
from seawall.app.run_input import composition_input, file_input, section_input
from seawall.app.scenario import FileBook, FilePrices, GeneratedBook, GeneratedContracts, ScenarioFile
from seawall.app.scenario_number import milliseconds, wad
from seawall.app.scenario_prices import ScenarioPrices, scenario_prices
from seawall.app.scenario_waterfall import scenario_deleveraging, scenario_waterfall
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule, Policy
from seawall.protocols.protocol import Protocol
from seawall.studies.rehosting import Hosting, rehosted
from seawall.studies.restated_markets import Thresholds
from seawall.studies.run_plan import Kind, RunInput, RunPlan
from seawall.units import Price, Ratio
from seawall.world.depth import DepthTable
from seawall.world.keepers import KeeperRule
from seawall.world.oracle_feed import FeedRule
from seawall.world.world import World, WorldRules


def assemble(
    given: ScenarioFile,
    *,
    prices: Sequence[Path] = (),
    positions: Path | None = None,
    markets: Path | None = None,
    protocol: str | None = None,
    seed: int | None = None,
) -> RunPlan:
    """Put a replay together; raises ConfigError or DataError with the mistake in one line."""
    rule = scenario_protocol(given) if protocol is None else chosen_protocol(protocol)
    parts = read_parts(given, rule, prices=prices, positions=positions, markets=markets, seed=seed)
    return _plan(parts, rule, parts.listed, parts.book, parts.priced)


def scenario_protocol(given: ScenarioFile) -> Protocol:
    """Return the protocol that a scenario names, a file beside it or a label."""
    return chosen_protocol(given.scenario.protocol, given.path.parent)


@dataclass(frozen=True, slots=True)
class ScenarioParts:
    """What a scenario and the files beside it hold, read but not yet put together; `rule` is whose book it is."""

    given: ScenarioFile
    rule: Protocol
    prices: Sequence[Path]
    positions: Path | None
    markets: Path | None
    seed: int
    listed: MarketList
    book: BookFile
    priced: ScenarioPrices

    @property
    def start_prices(self) -> dict[str, Price]:
        """The first price of every asset that has one."""
        return {symbol: series[0] for symbol, series in self.priced.path.prices.items()}


def read_parts(
    given: ScenarioFile,
    rule: Protocol,
    *,
    prices: Sequence[Path] = (),
    positions: Path | None = None,
    markets: Path | None = None,
    seed: int | None = None,
) -> ScenarioParts:
    """Read everything that a scenario names; raises ConfigError or DataError with the mistake in one line."""
    chosen_seed = given.scenario.seed if seed is None else seed
    listed = _markets(given, markets)
    held, file_book = _held(given, positions, listed, rule)
    priced = scenario_prices(given, prices, listed, held, chosen_seed)
    start_prices = {symbol: series[0] for symbol, series in priced.path.prices.items()}
    book = file_book or _drawn(given, listed, start_prices, chosen_seed)
    return ScenarioParts(given, rule, prices, positions, markets, chosen_seed, listed, book, priced)


def assemble_hosted(parts: ScenarioParts, protocol: Protocol, thresholds: Thresholds) -> tuple[RunPlan, Hosting]:
    """Put a replay together in which a protocol holds the scenario's book, whoever held it; raises as above."""
    hosting = rehosted(parts.listed, parts.book, parts.start_prices, parts.rule, protocol, thresholds)
    path = parts.priced.path
    series = {**path.prices, **{symbol: (price,) * path.grid.count for symbol, price in hosting.still_prices.items()}}
    priced = replace(parts.priced, path=msgspec.structs.replace(path, prices=series))
    return _plan(parts, protocol, hosting.listed, hosting.book, priced), hosting


def _plan(
    parts: ScenarioParts, rule: Protocol, listed: MarketList, book: BookFile, priced: ScenarioPrices
) -> RunPlan:  # fmt: skip
    given, scenario, markets = parts.given, parts.given.scenario, parts.markets
    title = _title(given, parts.prices)
    is_own = markets is None
    opening = opening_events(
        rule, listed, book, _oracle_rules(given, listed, is_own), _policy(given, listed, rule, is_own),
        priced.path.grid.start_at, title, wad(scenario.backstop),
    )  # fmt: skip
    rules = WorldRules(
        block_ms=milliseconds(scenario.chain.block_seconds),
        settling_ms=milliseconds(scenario.chain.settling_seconds),
        feeds=_feeds(given, listed, is_own),
        depths=_depths(given, listed),
        keepers=_keepers(given),
    )
    if rules.block_ms == 0:
        raise ConfigError(f"block_seconds {scenario.chain.block_seconds} is not positive, in [chain] of {given.path}")
    return RunPlan(
        scenario=scenario.name,
        title=title,
        protocol=rule,
        seed=parts.seed,
        opening=opening,
        make_world=lambda view: World(opening, priced.path, rules, view),
        path=priced.path,
        inputs=_inputs(given, priced, parts.positions, markets, listed, rule),
        notes=(*scenario.notes, *priced.notes, *_notes(given, listed, book, parts.positions, rule)),
    )


# -- markets and book -------------------------------------------------------------------------------------


def _markets(given: ScenarioFile, markets: Path | None) -> MarketList:
    scenario = given.scenario
    if markets is not None:
        return read_markets(markets)
    if scenario.markets_file:
        return read_markets(given.beside(scenario.markets_file))
    if not scenario.markets:
        raise ConfigError(f"{given.path} has no markets of its own; give them with --markets FILE")
    return markets_of_tables({"assets": scenario.assets, "markets": scenario.markets}, given.path)


def _held(
    given: ScenarioFile, positions: Path | None, listed: MarketList, rule: Protocol
) -> tuple[set[str], BookFile | None]:
    """Return the symbols of all assets that the book holds, and the book where it is a file."""
    section, path = given.scenario.book, _book_path(given, positions)
    book = None
    if path is not None:
        book = read_book(path, decimals_of_rows(listed, rule))
        named = zip(book.symbols, book.collateral_amounts, book.debt_amounts, strict=True)
        symbols = {symbol for symbol, *amounts in named if any(amounts)}
    else:
        assert not isinstance(section, FileBook)
        symbols = (
            symbols_of_mixes(section, listed) if isinstance(section, GeneratedContracts) else markets_of_mixes(section)
        )
    held = symbols & {asset.symbol for asset in listed.assets}
    for market in listed.markets:
        if market.symbol in symbols:
            held |= {listed.assets[index].symbol for index in (market.collateral_asset, market.debt_asset)}
    return held, book


def _book_path(given: ScenarioFile, positions: Path | None) -> Path | None:
    """Return the file of the book, or None where it is generated."""
    section = given.scenario.book
    if positions is not None or not isinstance(section, FileBook):
        return positions
    if not section.file:
        raise ConfigError(f"{given.path} has no book of its own; give one with --positions FILE")
    return given.beside(section.file)


def _drawn(
    given: ScenarioFile, listed: MarketList, start_prices: Mapping[str, int], seed: int
) -> BookFile:  # fmt: skip
    section = given.scenario.book
    if isinstance(section, GeneratedContracts):
        return generated_contracts(section, listed, start_prices, seed)
    assert isinstance(section, GeneratedBook)
    return generated_book(section, listed, start_prices, seed)


# -- what the scenario says by asset ----------------------------------------------------------------------


def _check_assets(given: ScenarioFile, section: str, symbols: set[str], listed: MarketList, is_own: bool) -> None:
    """Refuse a section that names an asset which the scenario's own markets do not have."""
    known = {asset.symbol for asset in listed.assets}
    for symbol in sorted(symbols - known) if is_own else ():
        raise ConfigError(f"no asset {symbol} ({nearest_names(symbol, known)}), in [{section}] of {given.path}")


def _feeds(given: ScenarioFile, listed: MarketList, is_own: bool) -> tuple[FeedRule, ...]:
    oracle = given.scenario.oracle
    _check_assets(given, "oracle.assets", set(oracle.assets), listed, is_own)
    feeds = (oracle.assets.get(asset.symbol, oracle) for asset in listed.assets)
    return tuple(
        FeedRule(wad(feed.deviation), milliseconds(feed.heartbeat_seconds), milliseconds(feed.delay_seconds))
        for feed in feeds
    )


def _oracle_rules(given: ScenarioFile, listed: MarketList, is_own: bool) -> tuple[OracleRule, ...]:
    oracle = given.scenario.oracle
    _check_assets(given, "oracle.trust_assets", set(oracle.trust_assets), listed, is_own)
    rules = (oracle.trust_assets.get(asset.symbol, oracle.trust) for asset in listed.assets)
    return tuple(
        OracleRule(
            price_age_ms_max=milliseconds(rule.price_age_seconds_max),
            divergence_ratio_max=wad(rule.divergence_max),
            step_ratio_max=wad(rule.step_max),
            price_min=wad(rule.price_min),
            price_max=wad(rule.price_max),
        )
        for rule in rules
    )


def _policy(given: ScenarioFile, listed: MarketList, rule: Protocol, is_own: bool) -> Policy:
    policy = given.scenario.policy
    for name, amounts in given.scenario.buffers.items():
        _check_assets(given, f"buffers.{name}", set(amounts), listed, is_own)
    buffers, absorbers = scenario_waterfall(given, listed, rule, is_own)
    return Policy(
        order_lifetime_ms=milliseconds(policy.order_lifetime_seconds),
        offers_per_event_max=policy.offers_per_event_max,
        priority_stress_ratio=wad(policy.priority_stress),
        warning_health_ratio=_warning_ratio(given),
        buffers=buffers,
        breaker_loss_value_max=wad(policy.breaker_loss_max),
        breaker_window_ms=milliseconds(policy.breaker_window_seconds),
        breaker_cooldown_ms=milliseconds(policy.breaker_cooldown_seconds),
        grace_period_ms=milliseconds(policy.grace_seconds),
        absorbers=absorbers,
        deleveraging=scenario_deleveraging(given),
    )


def _warning_ratio(given: ScenarioFile) -> Ratio:
    ratio = wad(given.scenario.policy.warning_health)
    if 0 < ratio <= WAD:
        raise ConfigError(
            f"warning_health {given.scenario.policy.warning_health} is not above 1, in [policy] of {given.path}"
        )
    return ratio


def _depths(given: ScenarioFile, listed: MarketList) -> tuple[DepthTable, ...]:
    section = given.scenario.depth
    default = tuple((wad(value), wad(impact)) for impact, value in section.default)
    tables = []
    for asset in listed.assets:
        own = listed.depths.get(asset.symbol)
        points = tuple((value, impact) for impact, value in own.sales) if own is not None else default
        if not points:
            raise ConfigError(
                f"no depth of {asset.symbol}: its market has none, nor has [depth] of {given.path} a default"
            )
        tables.append(
            DepthTable(
                points=tuple((value / WAD, impact / WAD) for value, impact in points),
                half_life_ms=milliseconds(section.half_life_seconds),
                impact_max_f64=float(section.impact_max),
            )
        )
    return tuple(tables)


def _keepers(given: ScenarioFile) -> KeeperRule:
    section = given.scenario.keepers
    return KeeperRule(
        count=section.count,
        reaction_ms=milliseconds(section.reaction_seconds),
        capital_value=wad(section.capital),
        least_profit_value=wad(section.least_profit),
        recheck_ms=milliseconds(section.recheck_seconds),
        recheck_ms_max=milliseconds(section.recheck_seconds_max),
    )


# -- what is to be said -----------------------------------------------------------------------------------


def _title(given: ScenarioFile, prices: Sequence[Path]) -> str:
    """Return the scenario's title, or, where other prices take the place of its own, what then happens."""
    own = given.scenario.prices
    if not prices or (isinstance(own, FilePrices) and not own.files):
        return given.scenario.title
    return f"The prices of {', '.join(path.name for path in prices)} with the rules of {given.scenario.name}"


def _inputs(
    given: ScenarioFile, priced: ScenarioPrices, positions: Path | None, markets: Path | None, listed: MarketList,
    rule: Protocol,
) -> tuple[RunInput, ...]:  # fmt: skip
    scenario = given.scenario
    keepers, chain, oracle, book = scenario.keepers, scenario.chain, scenario.oracle, scenario.book
    book_path = _book_path(given, positions)
    if book_path is not None:
        book_input = file_input(book_path, "data", "The book.")
    else:
        assert not isinstance(book, FileBook)
        detail = f"{book.accounts:,} accounts drawn from stated distributions; nobody's real positions."
        book_input = section_input("book", book, "model", detail)
    market_path = markets or (given.beside(scenario.markets_file) if scenario.markets_file else None)
    market_inputs = [file_input(market_path, "data", "Markets and risk parameters.")] if market_path else []
    protocol_inputs = [composition_input(rule.composition)] if rule.composition is not None else []
    depth_kind: Kind = "assumed" if _assumed_depths(listed) else "data"
    return (
        file_input(given.path, "assumed", f"The scenario {scenario.name}: what no other line names."),
        *priced.inputs,
        book_input,
        *market_inputs,
        *protocol_inputs,
        section_input(
            "oracle", oracle, "assumed",
            f"Publishes at {oracle.deviation} of a move or after {oracle.heartbeat_seconds} s, "
            f"{oracle.delay_seconds} s before it lands.",
        ),
        section_input("chain", chain, "assumed", f"A block every {chain.block_seconds} s."),
        section_input(
            "keepers", keepers, "assumed",
            f"{keepers.count} keepers, {keepers.reaction_seconds} s to react, {keepers.capital} of capital each, "
            f"at work for {keepers.least_profit} or more.",
        ),
        section_input(
            "depth", scenario.depth, depth_kind,
            f"Pressure halves every {scenario.depth.half_life_seconds} s; sales do not move the oracle's price.",
        ),
    )  # fmt: skip


def _assumed_depths(listed: MarketList) -> list[str]:
    """Return the assets whose depth nobody quoted."""
    quoted = {symbol for symbol, table in listed.depths.items() if table.source == "quotes"}
    return [asset.symbol for asset in listed.assets if asset.symbol not in quoted]


def _notes(
    given: ScenarioFile, listed: MarketList, book: BookFile, positions: Path | None, rule: Protocol
) -> list[str]:
    notes = []
    if _book_path(given, positions) is None:
        notes.append("The book is a model: its accounts are drawn, not anybody's.")
    if book.rounded_count:
        notes.append(
            f"Amounts of the book with more digits than their asset, rounded against the account: {book.rounded_count:,}."
        )
    if rule.has_backstop:
        notes.append(f"Behind each market stands {given.scenario.backstop} of what is owed in it, of one backer.")
    elif rule.accounts_are_per_market:
        notes.append("Lenders are not in the book: what they supply to a market is taken to be what is owed in it.")
    if assumed := _assumed_depths(listed):
        notes.append(f"The depth of {', '.join(assumed)} is assumed.")
    notes.append("Keepers sell into one depth for each asset; their sales do not move the path that the oracle sees.")
    return notes
