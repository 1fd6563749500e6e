"""A campaign of random events against every mechanism: `python -m tests.simulation.random_events --events 10_000_000`.

Each mechanism is a row of worlds; a world lives for some thousand events and the next begins from its own seed, so that
shallow and deep states both occur. After every event the engine's invariants and a ledger of its own are checked. A line
for each mechanism says what was seen; the exit status is one where anything was violated.
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.simulation.own_ledger import Violation
from tests.simulation.random_auctions import AUCTIONS
from tests.simulation.random_contracts import CONTRACTS
from tests.simulation.random_loans import LENDERS, WATERFALLS
from tests.simulation.random_world import RandomWorld

from seawall.errors import InvariantViolation

MECHANISMS: dict[str, type[RandomWorld]] = {
    world.mechanism: world for world in (*LENDERS, *AUCTIONS, *CONTRACTS, *WATERFALLS)
}
WORLD_EVENTS = 1_500
BATCH_EVENTS = 60_000
BREAKS = (Violation, InvariantViolation, AssertionError, ArithmeticError, LookupError, TypeError, ValueError)
"""What a world ends with where something is wrong: nothing that an event says may raise."""


@dataclass
class Outcome:
    """What a mechanism came to: events, how often each kind of order and refusal was seen, violations, CPU seconds."""

    mechanism: str
    events: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    seconds_f64: float = 0.0

    def add(self, other: "Outcome") -> None:
        """Add another batch of the same mechanism."""
        self.events += other.events
        self.seen += other.seen
        self.violations += other.violations
        self.seconds_f64 += other.seconds_f64


def run_world(mechanism: str, seed: int, events: int, outcome: Outcome) -> None:
    """Let a world live for so many events, or until something is violated."""
    world: RandomWorld | None = None
    count = 0
    try:
        world = MECHANISMS[mechanism](seed, outcome.seen)
        while count < events:
            count += world.step()
    except BREAKS as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        outcome.violations.append(
            f"{mechanism}, world {seed}, event {count}: {type(error).__name__} {str(error)[:600]} ({place.name}, line {place.lineno})"
        )
    outcome.events += count


def run_batch(mechanism: str, seed: int, events: int, life: int = WORLD_EVENTS) -> Outcome:
    """Let worlds of at most `life` events live one after the other, world `n` from the seed `seed + n`, until there were `events`."""
    outcome, began = Outcome(mechanism), time.process_time()
    nth = 0
    while outcome.events < events:
        # Short lives among long ones: half of what can happen needs a new book, half an old one.
        length = min(life if nth % 2 else life // 5, events - outcome.events)
        run_world(mechanism, seed + nth, max(1, length), outcome)
        nth += 1
        if len(outcome.violations) >= 20:
            break
    outcome.seconds_f64 = time.process_time() - began
    return outcome


def batches(mechanisms: list[str], events: int, seed: int) -> Iterator[tuple[str, int, int]]:
    """Yield mechanism, seed and size of every batch; the mechanisms take turns."""
    each = -(-events // len(mechanisms))
    for start in range(0, each, BATCH_EVENTS):
        for mechanism in mechanisms:
            yield mechanism, seed * 10**9 + start, min(BATCH_EVENTS, each - start)


def campaign(mechanisms: list[str], events: int, seed: int, processes: int, console: Console) -> list[Outcome]:
    """Run all batches in so many processes, with a bar, and return what each mechanism came to."""
    outcomes = {mechanism: Outcome(mechanism) for mechanism in mechanisms}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ProcessPoolExecutor(processes) as pool:
        task = progress.add_task("events", total=events)
        running = [pool.submit(run_batch, *batch) for batch in batches(mechanisms, events, seed)]
        for done in as_completed(running):
            outcome = done.result()
            outcomes[outcome.mechanism].add(outcome)
            count = sum(len(each.violations) for each in outcomes.values())
            progress.update(task, advance=outcome.events, description=f"{outcome.mechanism}, {count} violations")
    return list(outcomes.values())


def lines(outcome: Outcome) -> Iterator[str]:
    """Yield what a mechanism came to: a line of figures, and one of all kinds of orders and refusals."""
    kinds = {kind: count for kind, count in sorted(outcome.seen.items()) if " " not in kind}
    refusals = {kind: count for kind, count in sorted(outcome.seen.items()) if " " in kind}
    rate = outcome.events / max(outcome.seconds_f64, 1e-9)
    yield (
        f"{outcome.mechanism:32} {outcome.events:>11,} events {len(kinds):>3} kinds of orders "
        f"{len(refusals):>3} refusals {len(outcome.violations):>3} violations {rate:>8,.0f} events a CPU second"
    )
    yield "    " + ", ".join(f"{kind} {count:,}" for kind, count in kinds.items())
    yield "    " + ", ".join(f"{kind} {count:,}" for kind, count in refusals.items())
    yield from (f"    VIOLATION {violation}" for violation in outcome.violations)


def main() -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--mechanism", default="", help="only mechanisms whose name contains this")
    asked = parser.parse_args()
    mechanisms = [mechanism for mechanism in MECHANISMS if asked.mechanism in mechanism]
    console = Console(highlight=False, soft_wrap=True)
    outcomes = campaign(mechanisms, asked.events, asked.seed, asked.processes, console)
    for outcome in outcomes:
        for line in lines(outcome):
            console.print(line, markup=False)
    total, bad = sum(each.events for each in outcomes), sum(len(each.violations) for each in outcomes)
    console.print(f"{total:,} events, {bad} violations")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
