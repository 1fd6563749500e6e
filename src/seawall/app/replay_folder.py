"""The folder of a replay, read back and made ready: what stands there, what is missing, what is not ours to remove."""

from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from seawall.app.run_arguments import ARGUMENTS
from seawall.errors import ConfigError, DataError, StorageError
from seawall.studies.replay_folder import HEALTH, JOURNAL, LIQUIDATIONS, OUTCOME, REPORT, TIMELINE, TIMINGS

_LEFT_BY_A_REPLAY: Final = (
    OUTCOME, TIMINGS, LIQUIDATIONS, TIMELINE, HEALTH, REPORT,
    *(JOURNAL + suffix for suffix in ("", "-wal", "-shm", "-journal")),
)  # fmt: skip


class ReplayRecord(msgspec.Struct, frozen=True):
    """What a finished replay left: the outcome as its JSON says it, and the three tables."""

    outcome: dict[str, Any]
    liquidations: pl.DataFrame
    timeline: pl.DataFrame
    health: pl.DataFrame


def read_outcome(folder: Path) -> dict[str, Any]:
    """Return the outcome of a finished replay; raises ConfigError where there is none, DataError where it is broken."""
    path = folder / OUTCOME
    if not path.is_file():
        hint = " (the run did not finish: `seawall resume` goes on with it)" if (folder / JOURNAL).exists() else ""
        raise ConfigError(f"{path} does not exist{hint}")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is not an outcome: {error}") from error


def read_record(folder: Path) -> ReplayRecord:
    """Return everything that the page and the tables are made of."""
    outcome = read_outcome(folder)
    return ReplayRecord(outcome, *(_read_table(folder / name) for name in (LIQUIDATIONS, TIMELINE, HEALTH)))


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is not a Parquet table: {error}") from error


def journal_path(folder: Path) -> Path:
    """Return the path of the folder's journal; raises ConfigError where there is none."""
    path = folder / JOURNAL
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; name a folder that `seawall replay` wrote")
    return path


def assure_usable(folder: Path, *, force: bool) -> None:
    """Make the folder if it is not there; raises ConfigError where it holds anything, unless with `force`."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file, not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
    if entries and not force:
        begun = f"`seawall resume {folder}` goes on with the run in it, " if ARGUMENTS in entries else ""
        raise ConfigError(
            f"folder {folder} is not empty, it holds {len(entries)} entries, first {entries[0]}; "
            f"{begun}--force replaces what a replay left there"
        )


def clear(folder: Path) -> None:
    """Remove what an earlier replay left, and nothing else; its arguments stay until new ones replace them."""
    try:
        for name in _LEFT_BY_A_REPLAY:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
