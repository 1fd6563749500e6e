import json
import shutil
from pathlib import Path

import pytest

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.rebuild import rebuilt
from seawall.app.verification import verification_text, verify
from seawall.errors import ConfigError, JournalCorrupt


@pytest.fixture
def folder(replayed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(replayed, tmp_path / "copy"))


def test_a_journal_that_was_left_alone_is_verified_to_the_end(folder: Path) -> None:
    outcome = json.loads((folder / "outcome.json").read_text())
    found = verify(folder)
    assert (found.events, found.state_hash, found.journal_head) == (
        outcome["events"],
        outcome["state_hash"],
        outcome["journal_head"],
    )
    assert found.outcome_agrees
    assert "agrees with outcome.json" in verification_text(found)


def test_a_flipped_byte_anywhere_in_the_entries_is_found(folder: Path) -> None:
    path = folder / "journal.sqlite"
    content = bytearray(path.read_bytes())
    at = content.rindex(b"BlockObserved")
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        verify(folder)


@pytest.mark.parametrize("field", ["state_hash", "journal_head"])
def test_an_outcome_that_says_something_else_is_found(folder: Path, field: str) -> None:
    path = folder / "outcome.json"
    outcome = json.loads(path.read_text())
    outcome[field] = "00" * 32
    path.write_text(json.dumps(outcome))
    with pytest.raises(JournalCorrupt, match=f"{field} says 0000.*, the journal gives"):
        verify(folder)


def test_a_run_that_did_not_finish_is_verified_as_far_as_it_went(folder: Path) -> None:
    (folder / "outcome.json").unlink()
    found = verify(folder)
    assert found.outcome_agrees is None
    assert "the run did not finish" in verification_text(found)


def test_a_folder_without_a_journal_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name a folder that `seawall replay` wrote"):
        verify(tmp_path)


def snapshot_half_way(folder: Path, data_of: int) -> None:
    """Add a snapshot in the middle that has the right hash, with the bytes of the state after `data_of` events."""
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        states = [(engine.state.digest(), engine.state.canonical_bytes()) for _, engine in rebuilt(journal)]
        for record in list(journal.records()):
            journal.append(record.event, record.orders)
        middle = len(states) // 2
        journal.save_snapshot(middle, bytes.fromhex(states[middle - 1][0]), states[middle + data_of - 1][1])


def test_a_snapshot_continued_ends_as_the_whole_does(folder: Path) -> None:
    snapshot_half_way(folder, data_of=0)
    found = verify(folder)
    assert found.snapshots == 1
    assert "continued to the same end" in verification_text(found)


def test_a_snapshot_of_another_moment_is_found_though_its_hash_is_right(folder: Path) -> None:
    snapshot_half_way(folder, data_of=-1)
    with pytest.raises(JournalCorrupt, match=r"continued, says .*, the journal gives"):
        verify(folder)
