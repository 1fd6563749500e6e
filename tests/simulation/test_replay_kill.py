"""A replay killed at any moment, again and again, ends with the bytes of one that nobody touched."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.replay.tiny import SCENARIO

from seawall.adapters.file_digest import file_digest
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import Record

RUNS = 3
KILLS_PER_RUN = 5
LATEST_SECONDS = 1.2
PATIENCE_SECONDS = 30.0


def begin(folder: Path, scenario: Path = SCENARIO) -> subprocess.Popen[str]:
    """Start a replay, or go on with the one that stands in the folder."""
    began = (folder / "arguments.json").exists()
    words = ["resume", str(folder)] if began else ["replay", str(scenario), "--out", str(folder), "--force"]
    return subprocess.Popen(
        [sys.executable, "-m", "seawall.app", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_journal(process: subprocess.Popen[str], folder: Path, least_bytes: int = 0) -> None:
    """Wait until a journal stands there and this much has been written to it, or the process has ended."""
    latest = time.monotonic() + PATIENCE_SECONDS
    path, aside = folder / "journal.sqlite", folder / "journal.sqlite-wal"
    while not (path.exists() and (not least_bytes or (aside.exists() and aside.stat().st_size >= least_bytes))):
        if process.poll() is not None:
            return
        assert time.monotonic() < latest
        time.sleep(0.002)


def finish(folder: Path) -> None:
    process = begin(folder)
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def records(folder: Path) -> list[Record]:
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        journal.verify()
        return list(journal.records())


def assert_same(folder: Path, untouched: Path) -> None:
    assert (folder / "outcome.json").read_bytes() == (untouched / "outcome.json").read_bytes()
    assert records(folder) == records(untouched)
    for table in ("liquidations.parquet", "timeline.parquet", "health.parquet"):
        assert (folder / table).read_bytes() == (untouched / table).read_bytes(), table


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untouched") / "out"
    finish(folder)
    return folder


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_run_killed_several_times_in_a_row_ends_with_the_same_bytes(
    seed: int, untouched: Path, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    folder = tmp_path / "out"
    for _ in range(KILLS_PER_RUN):
        process = begin(folder)
        if dice.random() < 0.7:
            wait_for_journal(process, folder)
            time.sleep(dice.random() * LATEST_SECONDS / 2)
        else:
            time.sleep(dice.random() * LATEST_SECONDS)
        process.kill()
        process.communicate()
    finish(folder)
    assert_same(folder, untouched)


def interrupt(folder: Path, dice: random.Random) -> bool:
    """Press Ctrl-C at some moment of a run; return whether it was still running."""
    process = begin(folder)
    wait_for_journal(process, folder)
    time.sleep(dice.random() * LATEST_SECONDS / 4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    if process.returncode == 0:
        return False
    assert process.returncode == 130, errors
    lines = [line for line in errors.splitlines() if line.startswith("seawall: ")]
    assert lines == [f"seawall: interrupted; `seawall resume {folder}` goes on"]
    assert "Traceback" not in errors
    return True


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(untouched: Path, tmp_path: Path) -> None:
    dice = random.Random(5)
    interrupted = 0
    for nth in range(12):
        folder = tmp_path / f"out-{nth}"
        if interrupt(folder, dice):
            interrupted += 1
            # Once more, wherever it is by now: even before the program can answer for itself.
            process = begin(folder)
            time.sleep(dice.random() * LATEST_SECONDS)
            process.send_signal(signal.SIGINT)
            process.communicate()
            finish(folder)
            assert_same(folder, untouched)
        if interrupted == 2:
            break
    assert interrupted == 2


def test_a_finished_run_may_be_gone_on_with_and_stays_what_it_is(untouched: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(untouched, tmp_path / "out"))
    finish(folder)
    assert_same(folder, untouched)


def test_a_run_whose_input_has_changed_is_refused_by_name_and_digests(tmp_path: Path) -> None:
    scenario = Path(shutil.copy(SCENARIO, tmp_path / "tiny.toml"))
    folder = tmp_path / "out"
    process = begin(folder, scenario)
    wait_for_journal(process, folder, least_bytes=100_000)
    process.kill()
    process.communicate()
    before = file_digest(scenario)
    text = scenario.read_text()
    scenario.write_text(text.replace("# A made-up", "# An invented"))
    after = file_digest(scenario)
    process = begin(folder)
    output, errors = process.communicate()
    assert process.returncode == 2
    assert output == ""
    (line,) = errors.splitlines()
    assert all(part in line for part in ("tiny.toml", before, after, str(folder)))
    scenario.write_text(text)
    finish(folder)
