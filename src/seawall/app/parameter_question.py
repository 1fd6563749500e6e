"""The question of `whatif`: a deployment as a scenario begins or as a run ended, and the change in a person's words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.adapters.decimal_text import scaled
from seawall.adapters.nearest_name import nearest_names
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.argument import named_values
from seawall.app.assembly import assemble
from seawall.app.rebuild import continued, rebuilt
from seawall.app.replay_folder import journal_path, read_outcome
from seawall.app.scenario import load_scenario
from seawall.engine.engine import Engine
from seawall.engine.view import EngineView
from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down
from seawall.ledger.account import decode_account
from seawall.ledger.deployment import Deployment
from seawall.ledger.event import BlockObserved
from seawall.ledger.market import RiskParameters
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.sized_monitor import SizedMonitor
from seawall.protocols.catalogue import protocol_named
from seawall.studies.decimal_text import wad_text
from seawall.studies.parameter_change import DAY_MS, PARTS, Change, Fallen, Liquidated, ParameterChange, Ramp, Step
from seawall.units import Milliseconds, Ratio

RAMP_DAYS: Final = (0, 1, 3, 7, 14, 30, 60, 90)
PARAMETERS: Final = {
    name.removesuffix("_ratio"): name for name in RiskParameters.__struct_fields__ if name.endswith("_ratio")
}
_DURATIONS: Final = {"h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}


class Answer(msgspec.Struct, frozen=True):
    """What a change does; `safe_with_prices` and the ramps' `with_prices` only where volatilities were given."""

    of: str
    protocol: str
    change: tuple[tuple[str, Ratio, Ratio], ...]
    debtor_count: int
    already_below_count: int
    fallen: Fallen
    liquidated: tuple[Liquidated, ...]
    safe: Step
    safe_with_prices: Step | None
    step_ms: Milliseconds
    ramps: tuple[Ramp, ...]

    @property
    def loss_value(self) -> int:
        """What those who fall lose together."""
        return sum(lost.loss_value for lost in self.liquidated)

    @property
    def safe_ramp_ms(self) -> Milliseconds | None:
        """The shortest ramp by no step of which anybody falls; None where there is none."""
        step = self.safe if self.safe_with_prices is None else self.safe_with_prices
        if step.step_count is None or self.safe.step_count is None:
            return None
        count = max(step.step_count, self.safe.step_count)
        return 0 if count == 1 else count * self.step_ms


def answer(
    name: str,
    settings: Sequence[str],
    ramp: str | None,
    step: str,
    volatilities: Sequence[str],
    files: Mapping[str, Any],
) -> Answer:
    """Ask; raises ConfigError in one line for what is no market, parameter, number or duration."""
    step_ms = duration_ms(step, "--step")
    if not step_ms:
        raise ConfigError(f"step {step!r} is not positive, in --step")
    asked_ms = None if ramp is None else duration_ms(ramp, "--ramp")
    of, engine = _engine(name, files)
    deployment = engine.state.deployment
    change = change_of(deployment, settings)
    moves = volatilities_of(deployment, volatilities)
    before = {number: deployment.markets[number].parameters for number in change}
    question = ParameterChange(engine, change)
    prices = question.fallen_prices(moves, step_ms) if moves else None
    durations = sorted({day * DAY_MS for day in RAMP_DAYS} | ({asked_ms} if asked_ms is not None else set()))
    fallen, safe = question.fallen(), question.safe_step()
    safe_with_prices = question.safe_step(prices) if prices is not None else None
    ramps = tuple(question.ramp(duration, step_ms, prices) for duration in durations)
    return Answer(
        of=of,
        protocol=engine.protocol.label,
        change=tuple(
            (f"{deployment.markets[number].symbol}.{said}", getattr(before[number], field), getattr(after, field))
            for number, after in change.items()
            for said, field in PARAMETERS.items()
            if getattr(before[number], field) != getattr(after, field)
        ),
        debtor_count=sum(engine.protocol.is_at_risk(deployment, row) for row in range(deployment.book.account_count)),
        already_below_count=question.already_below_count,
        step_ms=step_ms,
        fallen=fallen,
        safe=safe,
        safe_with_prices=safe_with_prices,
        ramps=ramps,
        liquidated=tuple(question.liquidated()),
    )


def change_of(deployment: Deployment, settings: Sequence[str]) -> Change:
    """Return the parameters that `MARKET.PARAMETER=VALUE` texts ask for."""
    numbers = {market.symbol.casefold(): number for number, market in enumerate(deployment.markets)}
    symbols = [market.symbol for market in deployment.markets]
    changed: dict[int, RiskParameters] = {}
    for key, text in named_values(settings).items():
        market, dot, parameter = key.rpartition(".")
        if not dot:
            raise ConfigError(f"{key!r} is not of the form MARKET.PARAMETER, in --set")
        number = numbers.get(market.casefold())
        if number is None:
            raise ConfigError(f"no market {market!r} ({nearest_names(market, symbols)}), in --set")
        field = PARAMETERS.get(parameter)
        if field is None:
            raise ConfigError(f"no parameter {parameter!r} ({nearest_names(parameter, PARAMETERS)}), in --set")
        before = changed.get(number, deployment.markets[number].parameters)
        changed[number] = msgspec.structs.replace(before, **{field: _ratio(text, key)})
    return changed


def volatilities_of(deployment: Deployment, texts: Sequence[str]) -> dict[int, float]:
    """Return the volatilities a year that `ASSET=VALUE` texts state, by asset."""
    numbers = {asset.symbol.casefold(): number for number, asset in enumerate(deployment.assets)}
    stated = {}
    for symbol, text in named_values(texts).items():
        if symbol.casefold() not in numbers:
            known = [asset.symbol for asset in deployment.assets]
            raise ConfigError(f"no asset {symbol!r} ({nearest_names(symbol, known)}), in --volatility")
        stated[numbers[symbol.casefold()]] = _number(text, symbol, 100 * WAD, "--volatility") / WAD
    return stated


def duration_ms(text: str, option: str) -> Milliseconds:
    """Return a duration of whole hours, days or weeks, as `36h`, `14d`, `2w`."""
    count, unit = text[:-1], text[-1:]
    if unit not in _DURATIONS or not (count.isascii() and count.isdigit()) or len(count) > 4:
        raise ConfigError(f"duration {text!r} is not hours, days or weeks, as 36h, 14d or 2w, in {option}")
    return int(count) * _DURATIONS[unit]


def _ratio(text: str, key: str) -> Ratio:
    return _number(text, key, WAD, "--set")


def _number(text: str, key: str, most: int, option: str) -> int:
    try:
        numerator, divisor = scaled(text, 18)
    except ValueError as error:
        raise ConfigError(f"{key} {text[:40]!r} is not a number, in {option}") from error
    if divisor > 1 or not 0 <= numerator <= most:
        raise ConfigError(f"{key} {text[:40]} is not between 0 and {div_down(most, WAD)}, in {option}")
    return numerator


def _engine(name: str, files: Mapping[str, Any]) -> tuple[str, Engine]:
    """Return what the question is about and its engine: a folder's run at its end, or a scenario at its first prices."""
    folder = Path(name)
    if folder.is_dir():
        outcome = read_outcome(folder)
        if given := [option for option, value in files.items() if value]:
            raise ConfigError(f"--{given[0]} is of a scenario; {folder} has its own")
        with SqliteJournal.open(journal_path(folder)) as journal:
            snapshot = journal.latest_snapshot()
            if snapshot is not None:
                return f"{outcome['title']}, as the run ended", continued(journal, snapshot)
            *_, (_, engine) = rebuilt(journal)
            return f"{outcome['title']}, as the run ended", engine
    plan = assemble(
        load_scenario(name),
        prices=[Path(path) for path in files["prices"] or ()],
        positions=files["positions"],
        markets=files["markets"],
        protocol=files["protocol"],
    )
    engine = Engine(protocol_named, SizedMonitor, make_judge=make_judge, check_every=0)
    world = plan.make_world(EngineView(engine))
    while (event := world.next_event()) is not None:
        engine.apply(event)
        if isinstance(event, BlockObserved):
            break
    return f"{plan.title}, at the first prices", engine


def answer_numbers(found: Answer) -> dict[str, Any]:
    """Return the answer for a program: ratios and values as exact decimal text, durations in days."""

    def fallen(those: Fallen | None) -> dict[str, Any] | None:
        if those is None:
            return None
        return {
            "accounts": those.account_count,
            "collateral_value": wad_text(those.collateral_value),
            "debt_value": wad_text(those.debt_value),
        }

    def step(safe: Step | None) -> dict[str, Any] | None:
        return None if safe is None else {"share_of_change": safe.part / PARTS, "steps": safe.step_count}

    return {
        "of": found.of,
        "protocol": found.protocol,
        "change": [
            {"parameter": key, "before": wad_text(old), "after": wad_text(new)} for key, old, new in found.change
        ],
        "accounts_with_debt": found.debtor_count,
        "already_below": found.already_below_count,
        "liquidatable_at_once": fallen(found.fallen),
        "loss_value": wad_text(found.loss_value),
        "repaid_value": wad_text(sum(lost.repay_value for lost in found.liquidated)),
        "accounts": [
            {
                "account": decode_account(lost.account),
                "health_factor_before": wad_text(lost.health_before_ratio),
                "health_factor_after": wad_text(lost.health_after_ratio),
                "debt_value": wad_text(lost.debt_value),
                "repay_value": wad_text(lost.repay_value),
                "loss_value": wad_text(lost.loss_value),
            }
            for lost in found.liquidated
        ],
        "largest_safe_step": step(found.safe),
        "largest_safe_step_with_prices": step(found.safe_with_prices),
        "step_days": found.step_ms / DAY_MS,
        "shortest_safe_ramp_days": None if found.safe_ramp_ms is None else found.safe_ramp_ms / DAY_MS,
        "ramps": [
            {
                "days": ramp.duration_ms / DAY_MS,
                "steps": ramp.step_count,
                "first_step": fallen(ramp.first_step),
                "first_step_with_prices": fallen(ramp.with_prices),
                "is_safe": ramp.is_safe,
            }
            for ramp in found.ramps
        ],
    }
