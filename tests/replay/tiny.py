"""The tiny scenario, assembled and run where the test says."""

from pathlib import Path

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.assembly import assemble
from seawall.app.run_arguments import inputs_text
from seawall.app.scenario import load_scenario
from seawall.engine.journal_codec import JournalHeader
from seawall.studies.replay import replay
from seawall.studies.run_plan import RunPlan

SCENARIO = Path(__file__).parents[1] / "scenarios" / "tiny.toml"


def tiny_plan(protocol: str | None = None, seed: int | None = None) -> RunPlan:
    """Return the plan of the tiny scenario."""
    return assemble(load_scenario(str(SCENARIO)), protocol=protocol, seed=seed)


def run(plan: RunPlan, folder: Path) -> dict[str, object]:
    """Replay a plan into a new folder and return its outcome."""
    folder.mkdir()
    with SqliteJournal.create(folder / "journal.sqlite", JournalHeader(inputs_text(plan))) as journal:
        return replay(plan, journal, folder, progress=lambda _: None, check_every=1)
