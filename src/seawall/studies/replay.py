"""Replay: a crash through the engine, from the first event to the outcome and its tables.

Starting, resuming and repeating are one path: the world is run from its beginning, and a journal that already holds
events compares them instead of writing. What was interrupted anywhere ends with the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol

import msgspec

from seawall.engine.engine import Engine
from seawall.engine.invariants import check_invariants
from seawall.engine.state import state_hash
from seawall.engine.view import EngineView
from seawall.errors import StorageError
from seawall.keeper import ports
from seawall.keeper.loop import drive
from seawall.ledger.event import Event
from seawall.ledger.order import Order
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.sized_monitor import SizedMonitor
from seawall.protocols.catalogue import protocol_named
from seawall.studies.outcome import outcome_bytes, outcome_of
from seawall.studies.recorder import Progress, Recorder
from seawall.studies.replay_folder import HEALTH, LIQUIDATIONS, OUTCOME, TIMELINE, TIMINGS
from seawall.studies.run_plan import RunPlan
from seawall.world.world import World

CHECK_EVERY: Final = 20_000
"""Events between two checks of all invariants; they are checked once more at the end."""

SNAPSHOT_EVERY: Final = 2_000
"""Events between two snapshots in the journal."""

PROGRESS_SECONDS: Final = 0.1
"""Least time between two words of progress."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run and who watches it."""

    engine: Engine
    world: World
    recorder: Recorder


class SnapshotJournal(ports.Journal, Protocol):
    """A journal that keeps snapshots and knows its head."""

    @property
    def head_hash(self) -> bytes:
        """Chain hash of the last entry."""

    def save_snapshot(self, sequence: int, state_hash: bytes, data: bytes) -> None:
        """Keep the state as it stands after `sequence`; one that stands there already stays."""


def replay(
    plan: RunPlan,
    journal: SnapshotJournal,
    out: Path,
    *,
    progress: Callable[[Progress], None],
    check_every: int = CHECK_EVERY,
) -> dict[str, Any]:
    """Run the plan to its end, write the outcome and the tables into `out`, and return the outcome."""
    started = perf_counter()

    def keep_snapshot(run: Run, _: tuple[Order, ...]) -> None:
        if run.recorder.event_count % SNAPSHOT_EVERY == 0:
            snapshot = run.engine.state.canonical_bytes()
            journal.save_snapshot(run.recorder.event_count, bytes.fromhex(state_hash(snapshot)), snapshot)

    run = run_to_end(plan, journal, progress=progress, after_event=keep_snapshot, check_every=check_every)
    recorder = run.recorder
    ran = perf_counter()
    outcome = outcome_of(plan, run.engine, run.world, recorder, journal.head_hash.hex())
    _write(out, outcome, recorder)
    timings = {
        "run_seconds": round(ran - started, 3),
        "write_seconds": round(perf_counter() - ran, 3),
        "events_per_second": round(recorder.event_count / (ran - started)),
    }
    (out / TIMINGS).write_bytes(msgspec.json.format(msgspec.json.encode(timings), indent=2) + b"\n")
    return outcome


def run_to_end(
    plan: RunPlan,
    journal: ports.Journal,
    *,
    progress: Callable[[Progress], None],
    after_event: Callable[[Run, tuple[Order, ...]], None],
    check_every: int = CHECK_EVERY,
) -> Run:
    """Run the plan to its end and check every invariant there."""
    engine = Engine(protocol_named, SizedMonitor, make_judge=make_judge, check_every=check_every)
    world = plan.make_world(EngineView(engine))
    run = Run(engine, world, Recorder(plan, engine))
    said_at = perf_counter()

    def observe(event: Event, orders: tuple[Order, ...]) -> None:
        nonlocal said_at
        run.recorder.observe(event, orders)
        after_event(run, orders)
        now = perf_counter()
        if now - said_at >= PROGRESS_SECONDS:
            said_at = now
            progress(run.recorder.progress())

    drive(engine, journal, world, observe)
    check_invariants(engine.state, engine.protocol, ())
    progress(run.recorder.progress())
    return run


def _write(out: Path, outcome: dict[str, Any], recorder: Recorder) -> None:
    """Write the tables first and the outcome last: where it stands, the run is whole."""
    try:
        recorder.timeline().write_parquet(out / TIMELINE)
        recorder.liquidations().write_parquet(out / LIQUIDATIONS)
        recorder.health().write_parquet(out / HEALTH)
        (out / OUTCOME).write_bytes(outcome_bytes(outcome))
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
