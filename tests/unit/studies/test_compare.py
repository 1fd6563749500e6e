"""One run measured: the same run measures the same, and each measure is what its name says."""

import polars as pl
import pytest
from tests.tidy.source_tree import ROOT

from seawall.app.assembly import assemble_hosted, read_parts
from seawall.app.replay_run import begin
from seawall.app.run_arguments import RunArguments
from seawall.app.scenario import load_scenario
from seawall.fixed import WAD
from seawall.protocols.catalogue import protocol_named
from seawall.studies.compare import DISCOUNT_EDGES, Measured, market_fills, measured
from seawall.studies.restated_markets import Thresholds
from seawall.world.price_path import Grid, PricePath


@pytest.fixture(scope="module")
def parts():
    given = load_scenario(str(ROOT / "tests" / "scenarios" / "tiny.toml"))
    return read_parts(given, protocol_named("seawall@1"))


def met_by(parts, label: str, thresholds: Thresholds = Thresholds.OWN) -> Measured:
    plan, _ = assemble_hosted(parts, protocol_named(label), thresholds)
    return measured(plan, lambda progress: None)


@pytest.mark.parametrize("label", ["aave_v3@3.6", "morpho_blue@1"])
def test_the_same_twice_measures_the_same(parts, label: str) -> None:
    assert met_by(parts, label) == met_by(parts, label)


def test_sums_agree_with_each_other(parts) -> None:
    found = met_by(parts, "aave_v3@3.6").measures
    assert found.bad_debt_f64 == pytest.approx(found.buffers_f64 + found.lenders_f64)
    assert found.borrower_market_loss_f64 > found.keeper_taken_f64 > found.keeper_profit_f64 > 0
    assert sum(found.fills_f64) == pytest.approx(found.repaid_f64, rel=0.05)
    assert 0 < found.worst_haircut_f64 < 1
    assert found.haircut_gini_f64 == 0.0
    assert found.value_hours_f64 > found.account_hours_f64 > 0


def test_keepers_do_not_profit_beyond_what_they_took_where_they_are_rewarded_too(parts) -> None:
    found = met_by(parts, "maker@2.0").measures
    assert found.keeper_taken_f64 > found.keeper_profit_f64 > 0
    assert found.borrower_market_loss_f64 == pytest.approx(found.keeper_taken_f64 + found.fee_f64)


def test_a_run_measures_what_a_replay_of_it_counts(parts, tmp_path) -> None:
    outcome = begin(
        tmp_path / "out", RunArguments(scenario=str(parts.given.path)), force=False, watch=lambda progress: None
    )
    found = met_by(parts, "seawall@1")
    assert found.state_hash == outcome["state_hash"]
    assert found.measures.bad_debt_f64 == int(outcome["bad_debt_value"]) / WAD
    assert found.measures.liquidations_f64 == outcome["liquidations"]


def test_a_discount_is_to_the_market_and_not_to_the_mark() -> None:
    grid = Grid(0, 1_000, 3)
    path = PricePath(grid, {"ETH": (200 * WAD, 100 * WAD, 50 * WAD), "DAI": (WAD, WAD, 2 * WAD)}, {})
    rows = pl.DataFrame({
        "at_ms": [0, 1_500, 9_000],
        "keeper": [0, 1, -1], "debt_asset": ["DAI"] * 3, "collateral_asset": ["ETH"] * 3,
        "debt_price": ["1", "1", "1"], "collateral_price": ["200", "200", "100"],
        "repay_value_f64": [95.0, 95.0, 95.0], "seize_value_f64": [100.0, 100.0, 100.0],
        "fee_value_f64": [1.0, 1.0, 1.0],
    })  # fmt: skip
    fills = market_fills(rows, path)
    assert fills["repaid_f64"].to_list() == [95.0, 95.0, 190.0]
    assert fills["seized_f64"].to_list() == [100.0, 50.0, 50.0]
    assert fills["fee_f64"].to_list() == [1.0, 0.5, 0.5]
    assert fills["discount_f64"].to_list() == pytest.approx([0.05, -0.9, -2.8])


def test_every_fill_is_in_one_bar(parts) -> None:
    assert len(met_by(parts, "seawall@1").measures.fills_f64) == len(DISCOUNT_EDGES) + 1


@pytest.mark.parametrize(("backstop", "is_paid"), [("0", False), ("2", True)])
def test_a_book_is_met_by_a_stability_pool_as_large_as_the_scenario_says(parts, tmp_path, backstop, is_paid) -> None:
    path = tmp_path / "backed.toml"
    path.write_text(parts.given.path.read_text().replace("seed =", f"backstop = {backstop}\nseed =", 1))
    found = met_by(read_parts(load_scenario(str(path)), parts.rule), "liquity_v2").measures
    assert found.liquidations_f64 > 40
    assert found.bad_debt_f64 == found.uncovered_f64 == 0
    # Without a pool other accounts owe the debt, nobody repays it, and keepers come for what is paid flat.
    assert (found.repaid_f64 > 0) is (found.keeper_taken_f64 > 0) is is_paid
    assert found.borrower_market_loss_f64 == pytest.approx(found.borrower_loss_f64, rel=0.1)
    if is_paid:
        assert sum(found.fills_f64) == pytest.approx(found.repaid_f64)
        assert found.keeper_taken_f64 < found.borrower_market_loss_f64 / 5
