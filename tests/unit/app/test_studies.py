"""`seawall study` from the outside: what it lists, prints, writes, and how it says what it lacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.studies.october_files import write_files

from seawall.app.studies import STUDIES, run_study, write_study
from seawall.app.study_page import cell_text, chart_figure, line_cells, study_page
from seawall.errors import ConfigError, StorageError
from seawall.studies.study import Chart, Claim, Line, StudyOutcome, Table

OUTCOME = StudyOutcome(
    "small", "A <small> study", "What it says.",
    (Line("sum", Claim.DATA_CHECK, "1", "1", True), Line("share", Claim.FITTED, "2", "3", False), Line("rest", Claim.PREDICTED, "4")),
    (Table("By wave", "Of <each>.", Claim.PREDICTED, ("Wave", "Paid"), (("1", 1_234), ("2", 0.5))),),
    (Chart("Error", "In dollars.", Claim.DATA_CHECK, ("1", "2"), {"error": (1.0, None)}),),
    ("A note.",),
    {"wave.json": b"{}"},
)  # fmt: skip


def seawall(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "SEAWALL_DATA"}
    return subprocess.run(
        [sys.executable, "-m", "seawall.app", "study", *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**known, "COLUMNS": "200", **environment},
    )  # fmt: skip


def test_all_studies_are_listed():
    assert {entry["name"] for entry in json.loads(seawall("--json").stdout)} == set(STUDIES)
    assert all(name in seawall().stdout for name in STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_without_data_says_what_it_lacks_in_one_line(name):
    run = seawall(name)
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"seawall: SEAWALL_DATA is not set: study {name} reads recorded data")


def test_no_study_of_that_name_and_no_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no study 'october': nearest: october_2025"):
        run_study("october", tmp_path, lambda done, total: None)
    with pytest.raises(ConfigError, match="none is not a folder of recorded data"):
        run_study("october_2025", tmp_path / "none", lambda done, total: None)


def test_a_study_prints_its_tables_and_writes_its_page_and_records(tmp_path):
    data, out = write_files(tmp_path / "data"), tmp_path / "out"
    run = seawall("october_2025", "--out", out, SEAWALL_DATA=str(data))
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "Needed and taken, by wave (data check)" in run.stdout
    assert run.stdout.splitlines()[-1] == str(out / "study.html")
    assert sorted(path.name for path in out.iterdir()) == ["study.html", "wave_01.json", "wave_04.json"]
    found = json.loads(seawall("october_2025", "--json", "--data", data).stdout)
    assert (found["name"], found["records"]) == ("october_2025", {})


def test_the_page_marks_every_figure_and_escapes_what_it_shows():
    page = study_page(OUTCOME)
    assert "<h1>A &lt;small&gt; study</h1>" in page
    assert "<b>Predicted.</b> Of &lt;each&gt;." in page
    assert "<b>Data check.</b> In dollars." in page
    assert '<td>share</td><td>fitted</td><td class="number">2</td><td class="number">3</td><td>NO</td>' in page
    assert "://" not in page.partition("<script>")[0]
    assert page == study_page(OUTCOME)


def test_a_bar_that_is_not_there_is_not_zero():
    figure = chart_figure(OUTCOME.charts[0])
    assert figure["data"][0]["y"] == [1.0, None]
    assert not figure["layout"]["showlegend"]


def test_cells_are_as_people_read_them():
    assert [cell_text(cell) for cell in ("1", 1_234, 1_234.5)] == ["1", "1,234", "1,234.5"]
    assert line_cells(OUTCOME.lines[2]) == ["rest", "predicted", "4", "", ""]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file cannot be written: "):
        write_study(OUTCOME, "page", tmp_path / "file")
