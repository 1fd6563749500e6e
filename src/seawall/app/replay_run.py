"""A replay in a folder: begun, or gone on with. Both are one path, because a journal that stands compares first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.assembly import assemble
from seawall.app.replay_folder import assure_usable, clear
from seawall.app.report import write_report
from seawall.app.run_arguments import (
    ARGUMENTS,
    RunArguments,
    inputs_text,
    read_arguments,
    refuse_changes,
    write_arguments,
)
from seawall.app.scenario import load_scenario
from seawall.engine.journal_codec import JournalHeader
from seawall.errors import ConfigError, SeawallError
from seawall.studies.recorder import Progress
from seawall.studies.replay import replay
from seawall.studies.replay_folder import JOURNAL
from seawall.studies.run_plan import RunPlan

Watch = Callable[[Progress], None]


def begin(folder: Path, arguments: RunArguments, *, force: bool, watch: Watch) -> dict[str, Any]:
    """Replay into a folder and return the outcome.

    Killed at any moment, it can be gone on with. A mistake in the inputs leaves the folder as it was: what an earlier
    replay left there goes only when all of them have been read.
    """
    is_new_folder = not folder.exists()
    assure_usable(folder, force=force)
    is_first_run = not (folder / ARGUMENTS).exists()
    if is_first_run:
        write_arguments(folder, arguments)
    try:
        plan = _plan(arguments)
    except SeawallError:
        if is_first_run:
            (folder / ARGUMENTS).unlink()
        if is_new_folder:
            folder.rmdir()
        raise
    clear(folder)
    write_arguments(folder, arguments)
    with SqliteJournal.create(folder / JOURNAL, JournalHeader(inputs_text(plan))) as journal:
        return _run(plan, journal, folder, watch)


def go_on(folder: Path, *, watch: Watch) -> dict[str, Any]:
    """Go on with the run in `folder` and return the outcome; raises ConfigError where an input has changed."""
    plan = _plan(read_arguments(folder))
    with _standing_journal(folder / JOURNAL, plan) as journal:
        refuse_changes(journal.header.inputs, inputs_text(plan), folder)
        return _run(plan, journal, folder, watch)


def _plan(arguments: RunArguments) -> RunPlan:
    return assemble(
        load_scenario(arguments.scenario),
        prices=[Path(path) for path in arguments.prices],
        positions=None if arguments.positions is None else Path(arguments.positions),
        markets=None if arguments.markets is None else Path(arguments.markets),
        protocol=arguments.protocol,
        seed=arguments.seed,
    )


def _standing_journal(path: Path, plan: RunPlan) -> SqliteJournal:
    """Return the journal at `path`; one that was cut off before it held anything begins anew."""
    try:
        return SqliteJournal.create(path, JournalHeader(inputs_text(plan)))
    except ConfigError:
        return SqliteJournal.open(path)


def _run(plan: RunPlan, journal: SqliteJournal, folder: Path, watch: Watch) -> dict[str, Any]:
    outcome = replay(plan, journal, folder, progress=watch)
    write_report(folder)
    return outcome
