"""Protocols side by side: the same twice shows no difference, and what is printed is what was found."""

import json

import pytest
from tests.tidy.source_tree import ROOT

from seawall.app import comparison_text as text
from seawall.app.command_line import status
from seawall.app.comparison import Comparison, ComparisonArguments, compare, comparison_numbers, thresholds_named
from seawall.app.comparison_page import make_folder, write_comparison
from seawall.studies.restated_markets import Thresholds

TINY = str(ROOT / "tests" / "scenarios" / "tiny.toml")
PROTOCOLS = ("aave_v3@3.6", "aave_v3@3.6", "seawall", "morpho_blue@1")


@pytest.fixture(scope="module")
def told() -> list[tuple[float, str]]:
    return []


@pytest.fixture(scope="module")
def comparison(told: list[tuple[float, str]]) -> Comparison:
    arguments = ComparisonArguments(scenario=TINY, protocols=PROTOCOLS, seed_count=3)
    return compare(arguments, lambda done, running: told.append((done, running)))


def test_a_protocol_is_a_column_and_its_scaled_thresholds_are_another(comparison: Comparison) -> None:
    assert [text.column_name(column) for column in comparison.columns] == [
        "aave_v3@3.6", "aave_v3@3.6", "seawall@1", "morpho_blue@1 own", "morpho_blue@1 equal"
    ]  # fmt: skip
    assert [[run.seed for run in column.runs] for column in comparison.columns] == [[7, 8, 9]] * 5


def test_the_same_protocol_twice_shows_no_difference(comparison: Comparison) -> None:
    first, again = comparison.columns[:2]
    assert first.runs == again.runs
    for differences in comparison_numbers(comparison)["columns"][1]["differences_to_first"].values():
        assert differences == {"mean": 0.0, "half_width_95": 0.0}


def test_another_protocol_on_the_same_dice_does(comparison: Comparison) -> None:
    assert comparison.difference(2, "value_hours_f64").mean_f64 != 0.0
    assert {run.measured.state_hash for run in comparison.columns[2].runs}.isdisjoint(
        run.measured.state_hash for run in comparison.columns[0].runs
    )


def test_progress_rises_to_its_end(comparison: Comparison, told: list[tuple[float, str]]) -> None:
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert comparison.columns


def test_tables_have_a_row_for_each_column_and_one_for_its_interval(comparison: Comparison) -> None:
    for heading, rows in (text.loss_table(comparison), text.time_table(comparison)):
        assert len(rows) == 10
        assert {len(row) for row in rows} == {len(heading)}
        assert [row[0] for row in rows[1::2]] == ["  ±"] * 5
    heading, rows = text.difference_table(comparison)
    assert rows[0] == ["aave_v3@3.6", *["0 ± 0 "] * (len(heading) - 1)]


def test_shares_of_fills_are_a_whole(comparison: Comparison) -> None:
    for column in comparison.columns:
        assert sum(text.fill_shares(column)) == pytest.approx(1.0)


def test_the_page_says_whose_limits_chose_the_book_and_draws_every_figure(comparison: Comparison, tmp_path) -> None:
    make_folder(tmp_path / "made" / "here")
    path = write_comparison(tmp_path / "made" / "here", comparison)
    page = path.read_text(encoding="utf-8")
    assert "chosen by the limits of seawall@1: it is not neutral" in page
    assert page.count('<script type="application/json">') == 3
    assert "pro rata to value" in page
    numbers = json.loads((path.parent / "comparison.json").read_text())
    assert numbers == comparison_numbers(comparison)


def test_a_program_reads_every_seed(comparison: Comparison) -> None:
    column = comparison_numbers(comparison)["columns"][2]
    bad_debts = [run["bad_debt"] for run in column["runs"]]
    assert column["measures"]["bad_debt"]["mean"] == pytest.approx(sum(bad_debts) / 3)
    assert len({run["state_hash"] for run in column["runs"]}) == 3


def test_thresholds_are_own_equal_or_both() -> None:
    assert thresholds_named("own") == (Thresholds.OWN,)
    assert thresholds_named("equal") == (Thresholds.EQUAL,)
    assert thresholds_named("both") == (Thresholds.OWN, Thresholds.EQUAL)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([TINY], "Missing option '--protocol'"),
        ([TINY, "--protocol", "aave_v9"], "protocol 'aave_v9' is not known"),
        ([TINY, "--protocol", "aave_v3@9"], "version '9' of aave_v3 is not known"),
        (["nowhere", "--protocol", "seawall@1"], "no scenario 'nowhere'"),
        ([TINY, "--protocol", "seawall@1", "--thresholds", "mine"], "thresholds 'mine' are none of own, equal, both"),
        ([TINY, "--protocol", "seawall@1", "--seeds", "0"], "Invalid value for '--seeds'"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_runs(arguments: list[str], said: str, capsys) -> None:
    assert status(["compare", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_line_before_anything_runs(tmp_path, capsys) -> None:
    (tmp_path / "file").touch()
    assert status(["compare", "nowhere", "--protocol", "seawall@1", "--out", str(tmp_path / "file")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"seawall: {tmp_path / 'file'} cannot be written: File exists\n"


@pytest.mark.parametrize("option", ["--prices", "--positions", "--markets"])
def test_a_missing_file_is_one_line(option: str, tmp_path, capsys) -> None:
    missing = tmp_path / "missing.csv"
    assert status(["compare", TINY, "--protocol", "seawall@1", option, str(missing)]) == 2
    assert capsys.readouterr().err == f"seawall: cannot read {missing}: No such file or directory\n"


def test_lots_that_nobody_bought_are_shown_and_said(tmp_path) -> None:
    found = compare(ComparisonArguments(TINY, ("seawall", "maker@1.2"), thresholds=(Thresholds.OWN,)), lambda *_: None)
    ours, makers = (column.runs[0].measured.measures for column in found.columns)
    assert ours.auctions_left_f64 == ours.auction_debt_f64 == ours.auction_lots_f64 == 0.0
    assert makers.liquidations_f64 == 0.0
    assert makers.auctions_left_f64 > 0
    assert 0 < makers.uncovered_f64 < makers.auction_debt_f64
    heading, rows = text.auction_table(found)
    assert heading == ["Protocol", "Lots", "Debt not raised", "Lots' value"]
    assert [row[:2] for row in rows] == [["maker@1.2 own", f"{makers.auctions_left_f64:.0f}"]]
    (line,) = text.unsold_lines(found)
    assert line.startswith("maker@1.2 own: its auctions began and sold nothing")
    make_folder(tmp_path)
    page = write_comparison(tmp_path, found).read_text(encoding="utf-8")
    assert "Still on auction at the end" in page
    assert "its auctions began and sold nothing" in page
    assert "positions in 1 market." in page
    assert "<h2>Notes" not in page


def test_who_paid_adds_up_to_the_bad_debt(comparison: Comparison) -> None:
    heading, rows = text.payer_table(comparison)
    assert heading == ["Protocol", "insurance fund", "lenders"]
    assert [row[0] for row in rows] == [text.column_name(column) for column in comparison.columns]
    for nth, column in enumerate(comparison.columns):
        assert sum(column.paid_f64().values()) == pytest.approx(comparison.interval(nth, "bad_debt_f64").mean_f64)
    assert text.auction_table(comparison)[1] == []
    assert text.unsold_lines(comparison) == []


def test_a_book_without_collateral_is_one_line_from_the_worker_too(tmp_path, capsys) -> None:
    files = {
        "book.csv": "account,symbol,collateral_amount,debt_amount\nbare,DAI,0,5\n",
        "prices.csv": "symbol,ts,price\nETH,1583971200,200\nETH,1583971260,150\nDAI,1583971200,1\nDAI,1583971260,1\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    given = ["--positions", str(tmp_path / "book.csv"), "--prices", str(tmp_path / "prices.csv")]
    assert status(["compare", TINY, "--protocol", "morpho_blue@1", *given]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "seawall: morpho_blue@1 can hold no part of the book"
