from pathlib import Path

import pytest

from seawall.app.replay_folder import assure_usable, clear, journal_path, read_outcome
from seawall.errors import ConfigError, DataError


def test_an_empty_or_absent_folder_is_made_ready(tmp_path: Path) -> None:
    assure_usable(tmp_path, force=False)
    assure_usable(tmp_path / "deep" / "down", force=False)
    assert (tmp_path / "deep" / "down").is_dir()


def test_a_folder_that_is_not_empty_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is not empty, it holds 1 entries, first notes.txt; --force"):
        assure_usable(tmp_path, force=False)
    (tmp_path / "arguments.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"`seawall resume .*` goes on with the run in it, --force replaces"):
        assure_usable(tmp_path, force=False)
    assure_usable(tmp_path, force=True)


def test_what_a_replay_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("notes.txt", "outcome.json", "journal.sqlite", "journal.sqlite-wal", "report.html"):
        (tmp_path / name).write_text("old")
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match=r"is a file, not a folder"):
        assure_usable(tmp_path / "out", force=True)


def test_an_unfinished_run_is_told_from_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist$"):
        read_outcome(tmp_path)
    with pytest.raises(ConfigError, match=r"name a folder that `seawall replay` wrote"):
        journal_path(tmp_path)
    (tmp_path / "journal.sqlite").write_text("")
    with pytest.raises(ConfigError, match=r"did not finish: `seawall resume`"):
        read_outcome(tmp_path)


def test_an_outcome_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "outcome.json").write_text("{")
    with pytest.raises(DataError, match=r"outcome.json is not an outcome"):
        read_outcome(tmp_path)
