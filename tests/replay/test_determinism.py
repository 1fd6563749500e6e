"""The same plan gives the same bytes: in one process or in many, whatever the hash seed, compiled or not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.replay.tiny import SCENARIO, run, tiny_plan

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.journal_codec import Record

TABLES = ("liquidations.parquet", "timeline.parquet", "health.parquet")


def records(folder: Path) -> list[Record]:
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        return list(journal.records())


@pytest.mark.parametrize("protocol", ["seawall", "aave_v3", "aave_v3@3.0", "compound_v2@1"])
def test_one_plan_run_twice_in_one_process_leaves_the_same_bytes(protocol: str, tmp_path: Path) -> None:
    plan = tiny_plan(protocol)
    outcome, again = (run(plan, tmp_path / name) for name in ("first", "second"))
    assert outcome == again
    assert int(str(outcome["liquidations"])) > 0
    for name in ("outcome.json", *TABLES):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    assert records(tmp_path / "first") == records(tmp_path / "second")


def test_a_plan_assembled_anew_is_the_same_plan_and_another_seed_another_one(tmp_path: Path) -> None:
    first, second = (run(tiny_plan(seed=3), tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert run(tiny_plan(seed=4), tmp_path / "other")["state_hash"] != first["state_hash"]


ENVIRONMENTS = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed by chance": {"PYTHONHASHSEED": "random"},
    "nothing compiled": {"NUMBA_DISABLE_JIT": "1", "PYTHONHASHSEED": "2"},
    "another clock and language": {"TZ": "Pacific/Chatham", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "3"},
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay") / "expected"
    run(tiny_plan(), folder)
    return folder


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_no_environment_changes_a_byte(environment: dict[str, str], expected: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "seawall.app", "replay", str(SCENARIO), "--out", str(folder), "--json"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "outcome.json").read_bytes() == (expected / "outcome.json").read_bytes()
    assert json.loads(done.stdout)["state_hash"] == json.loads((expected / "outcome.json").read_bytes())["state_hash"]
    for name in TABLES:
        assert (folder / name).read_bytes() == (expected / name).read_bytes(), name
