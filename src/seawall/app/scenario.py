"""Scenarios: one TOML file says everything that a replay needs, and says what is published and what is assumed.

Keys are the field names below; an unknown one is refused by name. Numbers are read as text, so 0.1 is a tenth;
ratios are shares of one, values are in the unit of account, durations are seconds, times are UTC. `[[assets]]` and
`[[markets]]` are those of a markets file, which may stand beside the scenario instead.
"""

import tomllib
import types
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from seawall.adapters.decimal_text import scaled
from seawall.adapters.nearest_name import nearest_names
from seawall.errors import ConfigError

_FOLDER: Final = files("seawall.app") / "scenarios"


def _decimal(value: object) -> str:
    """Return a decimal number as text; the place where it is used knows its scale."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is not a number")
    try:
        numerator, _ = scaled(str(value), 0)
    except ValueError as error:
        raise ValueError("is not a number") from error
    if numerator < 0 or str(value).startswith("-"):
        raise ValueError("is negative")
    return str(value)


Number = Annotated[str, BeforeValidator(_decimal)]
Count = Annotated[int, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class AbsorberSection(_Section):
    """One step of the loss waterfall: who pays, together by their shares, for which markets, within a budget a window."""

    names: list[str]
    shares: list[Number] = []
    markets: list[str] = []
    budget: Number = "0"
    window_seconds: Annotated[int, Field(ge=0)] = 0


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
    try:
        document = tomllib.loads(content.decode(), parse_float=str)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_complaint(error.errors()[0], path)) from error
    if scenario.prices.end <= scenario.prices.start:
        raise ConfigError(
            f"end {scenario.prices.end} is not after start {scenario.prices.start}, in [prices] of {path}"
        )
    if scenario.markets_file and scenario.markets:
        raise ConfigError(f"markets are a markets_file or [[markets]], not both, in {path}")
    return scenario


def _complaint(error: ErrorDetails, path: Path) -> str:
    """Return one line on the first mistake: the fact, the value and the place."""
    *section, key = error["loc"] or ("",)
    model, shown = _model_at(section)
    place = f"in [{'.'.join(shown)}] of {path}" if shown else f"in {path}"
    known = ", ".join(sorted(model.model_fields)) if model is not None else ""
    if error["type"] == "extra_forbidden":
        return f"unknown key {key!r} {place}; known: {known}"
    if error["type"] == "missing":
        return f"key {key!r} is missing {place}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{key} {error['input']!r}: {message}, {place}"


def _model_at(section: Sequence[str | int]) -> tuple[type[BaseModel] | None, list[str]]:
    """Return the model that stands at a place of the document, and the place as a person would write it."""
    models: list[type[BaseModel]] = [Scenario]
    shown: list[str] = []
    for part in section:
        tagged = [model for model in models if "kind" in model.model_fields and part in _literals(model)]
        if tagged:
            models = tagged
            continue
        fields = [model.model_fields[str(part)] for model in models if part in model.model_fields]
        if fields:
            models = [model for field in fields for model in _models_in(field.annotation)]
        shown.append(str(part + 1) if isinstance(part, int) else part)
    return (models[0] if models else None), shown


def _literals(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    if get_origin(annotation) in (Union, types.UnionType, list, dict, Annotated):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []
