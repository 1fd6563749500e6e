"""A comparison: the runs of one scenario under several protocols, in processes beside each other, and their table.

Each process reads the scenario for itself and runs one protocol at a time, pairs first because they take longest. Where
thresholds scaled to equal starting health are the protocol's own, one run stands for both.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.app.assembly import ScenarioParts, assemble_hosted, read_parts, scenario_protocol
from seawall.app.protocol_file import chosen_protocol
from seawall.app.scenario import load_scenario
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.studies.compare import DISCOUNT_EDGES, Measured, Measures, measured
from seawall.studies.interval import Interval, difference, interval
from seawall.studies.recorder import Progress
from seawall.studies.rehosting import Hosting
from seawall.studies.restated_markets import Thresholds

SCHEMA: Final = 1
POLL_SECONDS: Final = 0.2
SCALARS: Final = tuple(name for name in Measures.__struct_fields__ if name != "fills_f64")

Watch = Callable[[float, str], None]
"""Told the share of the work that is done, and what is being run."""


class ComparisonArguments(msgspec.Struct, frozen=True):
    """Everything that a comparison was asked with."""

    scenario: str
    protocols: tuple[str, ...]
    thresholds: tuple[Thresholds, ...] = (Thresholds.OWN, Thresholds.EQUAL)
    prices: tuple[str, ...] = ()
    positions: str | None = None
    markets: str | None = None
    seed: int | None = None
    seed_count: int = 1
    processes: int = 2


class _Job(msgspec.Struct, frozen=True):
    """One column under one seed; `slot` is where its progress is told."""

    arguments: ComparisonArguments
    column: int
    seed: int
    slot: int


class HostedRun(msgspec.Struct, frozen=True):
    """One run: how its book was hosted and what was measured."""

    seed: int
    hosting: dict[str, Any]
    measured: Measured


class Column(msgspec.Struct, frozen=True):
    """One protocol with one set of thresholds; the runs are by seed. `thresholds` is "both" where own are equal."""

    protocol: str
    thresholds: str
    runs: tuple[HostedRun, ...]

    def values(self, name: str) -> list[float]:
        """Return a measure by seed."""
        return [float(getattr(run.measured.measures, name)) for run in self.runs]

    def paid_f64(self) -> dict[str, float]:
        """Return what each buffer paid of the bad debt, and what lenders bear: means over seeds."""
        payers = sorted({payer for run in self.runs for payer in run.measured.paid_f64})
        return {
            payer: sum(run.measured.paid_f64.get(payer, 0.0) for run in self.runs) / len(self.runs) for payer in payers
        }


class Comparison(msgspec.Struct, frozen=True):
    """A finished comparison; differences are to the first column."""

    title: str
    scenario: str
    source: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    def interval(self, column: int, name: str) -> Interval:
        """Return a measure's mean over seeds with its interval."""
        return interval(self.columns[column].values(name))

    def difference(self, column: int, name: str) -> Interval:
        """Return how far a measure is from the first column's, seed by seed."""
        return difference(self.columns[column].values(name), self.columns[0].values(name))


def compare(arguments: ComparisonArguments, watch: Watch) -> Comparison:
    """Run everything that was asked for; raises ConfigError or DataError before anything runs."""
    parts = _parts(arguments, None)
    for label in arguments.protocols:
        chosen_protocol(label)
    columns: list[list[dict[str, HostedRun]]] = [[] for _ in arguments.protocols]
    seeds = [parts.seed + nth for nth in range(arguments.seed_count)]
    order = sorted(
        range(len(columns)), key=lambda nth: not chosen_protocol(arguments.protocols[nth]).accounts_are_per_market
    )
    jobs = [
        _Job(arguments, column, seed, slot)
        for slot, (column, seed) in enumerate((column, seed) for column in order for seed in seeds)
    ]
    for job, runs in zip(jobs, _run_all(jobs, arguments, watch), strict=True):
        columns[job.column].append(runs)
    notes = list(parts.given.scenario.notes)
    made = tuple(
        column for label, runs in zip(arguments.protocols, columns, strict=True) for column in _columns(label, runs)
    )
    if len(seeds) > 1 and all(len({run.measured.state_hash for run in column.runs}) == 1 for column in made):
        notes.append("The seed changes nothing here: prices and book are files, so every interval is zero.")
    return Comparison(parts.given.scenario.title, parts.given.scenario.name, parts.rule.label, made, tuple(notes))


def _columns(label: str, by_seed: Sequence[dict[str, HostedRun]]) -> list[Column]:
    """Return the columns of a protocol: one where, under every seed, own thresholds are the equal ones."""
    label = chosen_protocol(label).label
    names = list(dict.fromkeys(name for runs in by_seed for name in runs))
    if len(names) > 1 and "both" in names:
        names = [Thresholds.OWN.value, Thresholds.EQUAL.value]
    return [Column(label, name, tuple(runs.get(name, runs.get("both")) for runs in by_seed)) for name in names]  # type: ignore[misc]


# -- runs -------------------------------------------------------------------------------------------------

_told: Any = None
"""In a worker, the share done of each job, which the parent reads."""


def _run_all(jobs: Sequence[_Job], arguments: ComparisonArguments, watch: Watch) -> list[dict[str, HostedRun]]:
    context = multiprocessing.get_context("spawn")
    told = context.Array("d", len(jobs), lock=False)
    labels = [arguments.protocols[job.column] for job in jobs]
    with ProcessPoolExecutor(min(arguments.processes, len(jobs)), context, _listen, (told,)) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        try:
            while (waiting := wait(futures, POLL_SECONDS).not_done) and not any(
                f.done() and f.exception() for f in futures
            ):
                running = [labels[nth] for nth, future in enumerate(futures) if future in waiting and told[nth] > 0]
                watch(sum(told) / len(jobs), ", ".join(dict.fromkeys(running)))
            return [future.result() for future in futures]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _listen(told: Any) -> None:
    global _told  # noqa: PLW0603  (a worker's only way to its parent's array)
    _told = told


def _run(job: _Job) -> dict[str, HostedRun]:
    """Run one protocol under one seed with every kind of thresholds that was asked for."""
    parts = _parts(job.arguments, job.seed)
    rule = chosen_protocol(job.arguments.protocols[job.column])
    asked = job.arguments.thresholds
    plans = [assemble_hosted(parts, rule, thresholds) for thresholds in asked]
    if len(plans) == 2 and plans[0][1].listed.markets == plans[1][1].listed.markets:
        plans = plans[:1]
        names = ["both"]
    else:
        names = [thresholds.value for thresholds in asked]
    runs = {}
    for nth, (name, (plan, hosting)) in enumerate(zip(names, plans, strict=True)):

        def tell(progress: Progress, begun: int = nth, start_at: int = plan.path.grid.start_at) -> None:
            share = (progress.at - start_at) / max(1, progress.end_at - start_at)
            _told[job.slot] = (begun + min(1.0, share)) / len(plans)

        runs[name] = HostedRun(job.seed, hosting_numbers(hosting), measured(plan, tell))
    _told[job.slot] = 1.0
    return runs


@lru_cache(maxsize=2)
def _parts(arguments: ComparisonArguments, seed: int | None) -> ScenarioParts:
    given = load_scenario(arguments.scenario)
    return read_parts(
        given,
        scenario_protocol(given),
        prices=[Path(path) for path in arguments.prices],
        positions=None if arguments.positions is None else Path(arguments.positions),
        markets=None if arguments.markets is None else Path(arguments.markets),
        seed=arguments.seed if seed is None else seed,
    )


# -- as numbers -------------------------------------------------------------------------------------------


def hosting_numbers(hosting: Hosting) -> dict[str, Any]:
    """Return what became of the book, as numbers for a program."""

    def holdings(held: Any) -> dict[str, Any]:
        return {
            "accounts": held.account_count,
            "collateral_value_f64": held.collateral_value / WAD,
            "debt_value_f64": held.debt_value / WAD,
        }

    return {
        "given": holdings(hosting.given),
        "held": holdings(hosting.held),
        "left_out": {reason: holdings(held) for reason, held in sorted(hosting.left_out.items())},
        "health_before_f64": hosting.health_given_ratio / WAD,
        "health_f64": hosting.health_held_ratio / WAD,
        "markets": len(hosting.listed.markets),
        "rules": list(hosting.rules),
    }


def comparison_numbers(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for a program: every measure of every seed, means with intervals, and differences."""

    def interval_numbers(found: Interval) -> dict[str, float | None]:
        return {"mean": found.mean_f64, "half_width_95": found.half_width_f64}

    return {
        "schema": SCHEMA,
        "scenario": comparison.scenario,
        "title": comparison.title,
        "book_of": comparison.source,
        "interval": "95 %, Student's t over seeds",
        "discount_edges": list(DISCOUNT_EDGES),
        "notes": list(comparison.notes),
        "columns": [
            {
                "protocol": column.protocol,
                "thresholds": column.thresholds,
                "hosting": column.runs[0].hosting,
                "measures": {_name(name): interval_numbers(comparison.interval(nth, name)) for name in SCALARS},
                "differences_to_first": {
                    _name(name): interval_numbers(comparison.difference(nth, name)) for name in SCALARS
                },
                "fills_by_discount": [
                    sum(run.measured.measures.fills_f64[place] for run in column.runs) / len(column.runs)
                    for place in range(len(DISCOUNT_EDGES) + 1)
                ],
                "paid_by": column.paid_f64(),
                "runs": [
                    {
                        "seed": run.seed,
                        "state_hash": run.measured.state_hash,
                        **{_name(name): getattr(run.measured.measures, name) for name in SCALARS},
                    }
                    for run in column.runs
                ],
            }
            for nth, column in enumerate(comparison.columns)
        ],
    }


def _name(measure: str) -> str:
    return measure.removesuffix("_f64")


def thresholds_named(text: str) -> tuple[Thresholds, ...]:
    """Return what `--thresholds` asks for; raises ConfigError."""
    choices = {"own": (Thresholds.OWN,), "equal": (Thresholds.EQUAL,), "both": (Thresholds.OWN, Thresholds.EQUAL)}
    if text not in choices:
        raise ConfigError(f"thresholds {text!r} are none of {', '.join(choices)}, in --thresholds")
    return choices[text]
