"""`seawall deleveraging`, end to end: an hour of the bundled crash of contracts, its winners, and the program that checks them."""

import json
import subprocess
import sys

import pytest
from tests.tidy.source_tree import ROOT

from seawall.app.command_line import status
from seawall.app.scenario import load_scenario

CHECKER = ROOT / "tools" / "check_deleveraging.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An hour of the crash, with a small book and nearly no fund."""
    place = tmp_path_factory.mktemp("contracts")
    text = load_scenario("perpetual_crash").path.read_text()
    for given, made in (
        ("start = 2020-03-12T00:00:00Z", "start = 2020-03-12T10:30:00Z"),
        ("end = 2020-03-13T12:00:00Z", "end = 2020-03-12T11:10:00Z"),
        ("accounts = 1000", "accounts = 120"),
        ("leverage_median = 4", "leverage_median = 12"),
        ("USDC = 50000", "USDC = 5"),
    ):
        assert given in text
        text = text.replace(given, made)
    anchors = [line for line in text.splitlines() if "at = 2020-03-1" in line]
    kept = [line for line in anchors if any(time in line for time in ("12T10:30", "12T10:47", "12T11:10"))]
    for line in anchors:
        if line not in kept:
            text = text.replace(line + "\n", "")
    (place / "hour.toml").write_text(text)
    assert status(["replay", str(place / "hour.toml"), "--out", str(place / "out")]) == 0
    return place / "out"


def test_the_outcome_says_what_winners_paid_and_how_evenly(folder):
    outcome = json.loads((folder / "outcome.json").read_text())
    found = outcome["deleveraging"]
    assert found["count"] >= found["accounts_closed"] > 0
    assert int(found["paid_value"]) > 0
    assert 0 < found["worst_haircut"] <= 1
    assert 0 <= found["haircut_gini"] < 1
    assert "were closed against winners" in (folder / "report.html").read_text()


def test_every_record_holds_for_the_program_that_shares_no_line(folder, capsys, tmp_path):
    assert status(["deleveraging", str(folder), "--json"]) == 0
    records = capsys.readouterr().out
    (tmp_path / "records.json").write_text(records)
    count = json.loads((folder / "outcome.json").read_text())["deleveraging"]["count"]
    assert len(json.loads(records)) == count
    ran = subprocess.run(
        [sys.executable, "-I", CHECKER, tmp_path / "records.json"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, count)
    changed = json.loads(records)
    changed[0]["cuts"][0]["paid_value"] += 10**18
    (tmp_path / "records.json").write_text(json.dumps(changed))
    ran = subprocess.run(
        [sys.executable, "-I", CHECKER, tmp_path / "records.json"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stdout.startswith("record 1: ")


def test_people_get_a_row_each_and_the_story_of_who_was_closed(folder, capsys):
    assert status(["deleveraging", str(folder)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " ETH-PERP " in line]
    assert [row[0] for row in rows] == [str(nth) for nth in range(1, len(rows) + 1)]
    assert status(["explain", str(folder), rows[0][3]]) == 0
    assert "Deleveraged: " in capsys.readouterr().out
    assert status(["explain", str(folder), rows[0][3], "--json"]) == 0
    numbers = next(
        each["numbers"]
        for each in json.loads(capsys.readouterr().out)["happenings"]
        if each["kind"] == "AutoDeleverage"
    )
    assert (numbers["market"], numbers["debt_market"]) == ("ETH-PERP", "USDC")
    assert float(numbers["closed_amount"].replace(",", "")) == pytest.approx(
        float(rows[0][5].replace(",", "")), rel=1e-6
    )


def test_a_journal_with_deleveragings_is_verified_like_any_other(folder):
    assert status(["verify", str(folder)]) == 0
