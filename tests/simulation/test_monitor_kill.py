"""A process killed while it maintains its monitor, or while it drains the offers of a crash, goes on to the same bytes."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulation.watched_run import DONE

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import Record

ROOT = Path(__file__).parents[2]
KILLS = 3


def begin(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.watched_run", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def finish(path: Path) -> str:
    process = begin(path)
    output, _ = process.communicate()
    assert process.returncode == 0
    last = output.splitlines()[-1]
    assert last.startswith(DONE)
    return last


def kill_at(path: Path, doing: str, nth: int) -> bool:
    """Kill the process the nth time that it says that it is about to do this; return whether it came so far."""
    process = begin(path)
    assert process.stdout is not None
    for line in process.stdout:
        nth -= line.startswith(doing)
        if nth == 0:
            process.kill()
            break
    process.communicate()
    return nth == 0


def records(path: Path) -> list[Record]:
    with SqliteJournal.open(path) as journal:
        journal.verify()
        return list(journal.records())


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Record]]:
    path = tmp_path_factory.mktemp("untouched") / "journal.sqlite"
    return finish(path), records(path)


@pytest.mark.parametrize("doing", ["maintain", "offers"])
def test_a_run_killed_there_again_and_again_ends_with_the_same_bytes(
    doing: str, untouched: tuple[str, list[Record]], tmp_path: Path
) -> None:
    dice = random.Random(doing)
    path = tmp_path / "journal.sqlite"
    for _ in range(KILLS):
        assert kill_at(path, doing, dice.randrange(1, 18))
    assert (finish(path), records(path)) == untouched
