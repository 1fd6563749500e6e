"""Scenarios: one TOML file says everything that a replay needs, and says what is published and what is assumed.

Keys are the field names below; an unknown one is refused by name. Numbers are read as text, so 0.1 is a tenth;
ratios are shares of one, values are in the unit of account, durations are seconds, times are UTC. `[[assets]]` and
`[[markets]]` are those of a markets file, which may stand beside the scenario instead.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field

from seawall.adapters.nearest_name import nearest_names
from seawall.app import protocol_file
from seawall.app.toml_section import Count, Number, parsed
from seawall.app.toml_section import Section as _Section
from seawall.errors import ConfigError
from seawall.ledger.deleveraging import EXACT_BUDGET

_FOLDER: Final = files("seawall.app") / "scenarios"


class Anchor(_Section):
    """A published price at a tick of the grid, with its publication."""

    at: AwareDatetime
    price: Number
    source: str


class ReconstructedPath(_Section):
    """A path through anchors; between them chance, of this volatility a year, within the published low and high."""

    symbol: str
    volatility_year: Number
    price_min: Number = "0"
    price_max: Number = "0"
    anchors: list[Anchor]


class ReconstructedPrices(_Section):
    """Prices that are reconstructed from published anchors."""

    kind: Literal["reconstructed"]
    start: AwareDatetime
    end: AwareDatetime
    grid_seconds: Count
    paths: list[ReconstructedPath]
    start_prices: dict[str, Number] = {}


class FilePrices(_Section):
    """Prices from files; without names of its own the scenario needs them on the command line.

    `source` says which of the markets' columns of path symbols holds. `start_prices`, or the points file
    `start_prices_file`, move each path by its returns to the prices at which the book was taken.
    """

    kind: Literal["file"]
    files: list[str] = []
    start: AwareDatetime
    end: AwareDatetime
    grid_seconds: Count
    bar_order: Literal["open-low-high-close", "open-high-low-close"] = "open-low-high-close"
    source: str = ""
    start_prices: dict[str, Number] = {}
    start_prices_file: str = ""


class Mix(_Section):
    """Accounts of one kind: how often they come, and the shares of each market in their collateral and debt."""

    weight: Number
    collateral: dict[str, Number]
    debt: dict[str, Number]


class GeneratedBook(_Section):
    """A model of a book: debts are lognormal; so is the excess of the health factor over its least."""

    kind: Literal["generator"]
    accounts: Count
    debt_value_median: Number
    debt_value_sigma: Number
    debt_value_min: Number
    debt_value_max: Number
    health_factor_min: Number
    health_factor_excess_median: Number
    health_factor_excess_sigma: Number
    mixes: list[Mix]


class ContractMix(_Section):
    """Accounts of one kind: how often they come, shares of their notional value by contract, of their equity by asset."""

    weight: Number
    long: dict[str, Number] = {}
    short: dict[str, Number] = {}
    collateral: dict[str, Number] = {}


class GeneratedContracts(_Section):
    """A model of a book of contracts: notional values and leverages are lognormal."""

    kind: Literal["contracts"]
    accounts: Count
    notional_value_median: Number
    notional_value_sigma: Number
    notional_value_min: Number
    notional_value_max: Number
    leverage_median: Number
    leverage_sigma: Number
    leverage_max: Number
    mixes: list[ContractMix]


class FileBook(_Section):
    """A book from a file; without a name of its own the scenario needs one on the command line."""

    kind: Literal["file"]
    file: str = ""


class Feed(_Section):
    """When a feed publishes and how long that takes to land."""

    deviation: Number
    heartbeat_seconds: Count
    delay_seconds: Number = "0"


class TrustRule(_Section):
    """When the engine does not trust a price; absent is no limit. Real protocols keep their contract's rule."""

    price_age_seconds_max: Number = "0"
    divergence_max: Number = "0"
    step_max: Number = "0"
    price_min: Number = "0"
    price_max: Number = "0"


class Oracle(Feed):
    """The feed of every asset, those that differ by symbol, and the rule of trust."""

    assets: dict[str, Feed] = {}
    trust: TrustRule = TrustRule()
    trust_assets: dict[str, TrustRule] = {}


class Chain(_Section):
    """Blocks, and how long the run goes on after the last price."""

    block_seconds: Number
    settling_seconds: Number = "0"


class KeeperSection(_Section):
    """The keepers; capital is each one's."""

    count: Count
    reaction_seconds: Number
    capital: Number
    least_profit: Number
    recheck_seconds: Count = 60
    recheck_seconds_max: Count = 21_600


class DepthSection(_Section):
    """How depth recovers, and the table for assets whose market has none: impact and value sold, both rising."""

    half_life_seconds: Count
    impact_max: Number = "0.9"
    default: list[tuple[Number, Number]] = []


class AbsorberSection(protocol_file.PayerSection):
    """One step of the loss waterfall, and for which markets it pays."""

    markets: list[str] = []


class DeleveragingSection(_Section):
    """By which rule winners pay, and from which drawdown of the fund in a window until which."""

    rule: str = EXACT_BUDGET
    window_seconds: Count = 28_800
    start: Number = "0.3"
    stop: Number = "0.25"


class PolicySection(_Section):
    """What the deployment decides for itself."""

    order_lifetime_seconds: Count = 86_400
    offers_per_event_max: Annotated[int, Field(ge=0)] = 0
    priority_stress: Number = "0.1"
    warning_health: Number = "0"
    breaker_loss_max: Number = "0"
    breaker_window_seconds: Count = 3_600
    breaker_cooldown_seconds: Count = 3_600
    grace_seconds: Number = "0"
    fee_shares: dict[str, Number] = {}
    absorbers: list[AbsorberSection] = []
    deleveraging: DeleveragingSection | None = None


class Scenario(_Section):
    """Everything that a replay needs."""

    name: str
    title: str
    protocol: str
    seed: int = 1
    notes: list[str] = []
    prices: Annotated[ReconstructedPrices | FilePrices, Field(discriminator="kind")]
    book: Annotated[GeneratedBook | GeneratedContracts | FileBook, Field(discriminator="kind")]
    markets_file: str = ""
    assets: list[dict[str, Any]] = []
    markets: list[dict[str, Any]] = []
    oracle: Oracle
    chain: Chain
    keepers: KeeperSection
    depth: DepthSection
    buffers: dict[str, dict[str, Number]] = {}
    backstop: Number = "0"
    policy: PolicySection = PolicySection()


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario and where it came from; the files that it names are beside it."""

    scenario: Scenario
    path: Path
    content: bytes

    def beside(self, name: str) -> Path:
        """Return the path of a file that the scenario names."""
        return self.path.parent / name


def load_scenario(name_or_path: str) -> ScenarioFile:
    """Read a bundled scenario by name, or a TOML file by path; raises ConfigError."""
    bundled = {path.stem: path for path in _bundled_paths()}
    path = bundled.get(name_or_path, Path(name_or_path))
    if path.suffix != ".toml" and not path.is_file():
        raise ConfigError(f"no scenario {name_or_path!r}: it is not a file, and {nearest_names(name_or_path, bundled)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return ScenarioFile(_parse(content, path), path, content)


def bundled_scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios that come with Seawall, by name."""
    return tuple(load_scenario(path.stem).scenario for path in _bundled_paths())


def _bundled_paths() -> list[Path]:
    return sorted(Path(str(entry)) for entry in _FOLDER.iterdir() if entry.name.endswith(".toml"))


def _parse(content: bytes, path: Path) -> Scenario:
    scenario = parsed(content, path, Scenario)
    if scenario.prices.end <= scenario.prices.start:
        raise ConfigError(
            f"end {scenario.prices.end} is not after start {scenario.prices.start}, in [prices] of {path}"
        )
    if scenario.markets_file and scenario.markets:
        raise ConfigError(f"markets are a markets_file or [[markets]], not both, in {path}")
    return scenario
