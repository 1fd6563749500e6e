"""Every study by its name; each is a function of the folder of recorded crashes."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from seawall.adapters.nearest_name import nearest_names
from seawall.errors import ConfigError, StorageError
from seawall.studies import black_thursday_auctions, october_2025, usde_october_2025
from seawall.studies.study import DATA_FOLDER, Progress, Study, StudyOutcome


class Entry(NamedTuple):
    """A study as `seawall study` lists it: its title, and what runs it."""

    title: str
    study: Study


STUDIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        black_thursday_auctions.NAME: Entry(black_thursday_auctions.TITLE, black_thursday_auctions.study),
        october_2025.NAME: Entry(october_2025.TITLE, october_2025.study),
        usde_october_2025.NAME: Entry(usde_october_2025.TITLE, usde_october_2025.study),
    },
)


def run_study(name: str, data: Path | None, progress: Progress) -> StudyOutcome:
    """Run a study; ConfigError where there is none of that name, or no folder of recorded crashes."""
    if name not in STUDIES:
        raise ConfigError(f"no study {name!r}: {nearest_names(name, STUDIES)}")
    if data is None:
        raise ConfigError(
            f"{DATA_FOLDER} is not set: study {name} reads recorded data that is no part of Seawall; "
            "name its folder there or with --data DIR"
        )
    if not data.is_dir():
        raise ConfigError(f"{data} is not a folder of recorded data")
    return STUDIES[name].study(data, progress)


def write_study(outcome: StudyOutcome, page: str, folder: Path) -> None:
    """Write the page, and every record that the study publishes, into a folder."""
    files = {"study.html": page.encode(), **outcome.records}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise StorageError(f"{error.filename} cannot be written: {error.strerror}") from error
