"""A protocol in a TOML file: trigger, size, bonus, sale and waterfall, as the composition that the engine runs.

Keys are the field names below; an unknown one is refused by name. Wherever a protocol's label can stand, so can the
path of such a file: on the command line from where it is run, in a scenario beside it.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from seawall.app.scenario_number import milliseconds, wad
from seawall.app.toml_section import Count, Number, Section, parsed
from seawall.errors import ConfigError
from seawall.ledger.composition import BatchTerms, Composition, DutchTerms
from seawall.ledger.deployment import Absorber
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.composed import composed_protocol
from seawall.protocols.protocol import Protocol

_SUFFIX: Final = ".toml"
Span = Annotated[int, Field(ge=0)]


class TriggerSection(Section):
    """When an account may be liquidated."""

    health: Number = "1"


class SizeSection(Section):
    """How much one liquidation repays: what reaches the target, at most a share of a debt, and no dust left behind."""

    target_health: Number = "0"
    close_factor: Number = "1"
    dust: Number = "0"


class StepSection(Section):
    """A step of a bonus that grows: what it is below a health."""

    health: Number
    bonus: Number


class BonusSection(Section):
    """What a keeper gets: the market's bonus, or steps by health and what every second adds, capped below the toxic bound."""

    share_min: Number = "1"
    steps: list[StepSection] = []
    per_second: Number = "0"
    time_max: Number = "0"
    outage_seconds: Count = 60


class FixedSpreadSection(Section):
    """Keepers fill orders at the bonus."""

    kind: Literal["fixed_spread"] = "fixed_spread"


class DutchSection(Section):
    """The whole pair is auctioned at a price that falls from above the oracle's, along a line or in steps."""

    kind: Literal["dutch"]
    start: Number = "1.05"
    fall_seconds: Span = 0
    step_seconds: Span = 0
    step_share: Number = "0"
    seconds_max: Count = 3_600
    spent: Number = "0"
    market_limit: Number
    total_limit: Number
    reward: Number = "0"
    reward_share: Number = "0"
    outage_seconds: Count = 300


class BatchSection(Section):
    """The whole pair is sold with all others of its kind whose window ends together, at one price."""

    kind: Literal["batch"]
    bid_seconds: Count = 300
    reserve: Number = "0.9"
    bidder_share: Number = "0.5"
    outage_seconds: Count = 300


class PayerSection(Section):
    """One step of the loss waterfall: who pays, together by their shares, within a budget a window."""

    names: list[str]
    shares: list[Number] = []
    budget: Number = "0"
    window_seconds: Span = 0


class ProtocolFile(Section):
    """A whole protocol."""

    name: str
    version: str = "1"
    trigger: TriggerSection = TriggerSection()
    size: SizeSection = SizeSection()
    bonus: BonusSection = BonusSection()
    sale: Annotated[FixedSpreadSection | DutchSection | BatchSection, Field(discriminator="kind")] = (
        FixedSpreadSection()
    )
    waterfall: list[PayerSection] = []


def is_protocol_file(text: str) -> bool:
    """Return whether what names a protocol is the path of a file, and no label."""
    return text.endswith(_SUFFIX)


def chosen_protocol(text: str, folder: Path | None = None) -> Protocol:
    """Return the protocol of a label or of a file, its path taken from `folder`; raises ConfigError."""
    if not is_protocol_file(text):
        return protocol_named(text)
    path = Path(text) if folder is None else folder / text
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    composition = _composition(parsed(content, path, ProtocolFile))
    try:
        return composed_protocol(composition)
    except ConfigError as error:
        raise ConfigError(f"{error}, in {path}") from error


def _composition(file: ProtocolFile) -> Composition:
    return Composition(
        name=file.name,
        version=file.version,
        rule=LiquidationRule(
            target_health_ratio=wad(file.size.target_health),
            dust_value=wad(file.size.dust),
            bonus_share_ratio_min=wad(file.bonus.share_min),
            close_factor_ratio=wad(file.size.close_factor),
            line_ratio=wad(file.trigger.health),
            growing_bonus=_growing_bonus(file.bonus),
        ),
        dutch=_dutch(file.sale) if isinstance(file.sale, DutchSection) else None,
        batch=_batch(file.sale) if isinstance(file.sale, BatchSection) else None,
        absorbers=tuple(
            Absorber(
                names=tuple(payer.names),
                share_ratios=tuple(wad(share) for share in payer.shares),
                budget_value=wad(payer.budget),
                window_ms=milliseconds(payer.window_seconds),
            )
            for payer in file.waterfall
        ),
    )


def _dutch(section: DutchSection) -> DutchTerms:
    return DutchTerms(
        start_ratio=wad(section.start),
        seconds_max=section.seconds_max,
        market_due_value_max=wad(section.market_limit),
        total_due_value_max=wad(section.total_limit),
        fall_seconds=section.fall_seconds,
        step_seconds=section.step_seconds,
        step_ratio=wad(section.step_share),
        spent_ratio=wad(section.spent),
        reward_value=wad(section.reward),
        reward_ratio=wad(section.reward_share),
        gap_ms_max=milliseconds(section.outage_seconds),
    )


def _batch(section: BatchSection) -> BatchTerms:
    return BatchTerms(
        bid_ms=milliseconds(section.bid_seconds),
        price_ratio_min=wad(section.reserve),
        bidder_ratio_max=wad(section.bidder_share),
        gap_ms_max=milliseconds(section.outage_seconds),
    )


def _growing_bonus(section: BonusSection) -> GrowingBonus | None:
    """Return how the bonus grows, or None where it is the market's; time alone adds to no bonus, so it needs a step."""
    grows = section.steps or wad(section.per_second) or wad(section.time_max)
    if not grows:
        return None
    return GrowingBonus(
        steps=tuple(BonusStep(wad(step.health), wad(step.bonus)) for step in section.steps),
        ratio_per_second=wad(section.per_second),
        time_ratio_max=wad(section.time_max),
        gap_ms_max=milliseconds(section.outage_seconds),
    )
