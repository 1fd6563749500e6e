from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from seawall.app import report_figures as figures
from seawall.app.replay_folder import ReplayRecord, read_record


@pytest.fixture
def record(finished_folder: Path) -> ReplayRecord:
    return read_record(finished_folder)


def specs(record: ReplayRecord) -> dict[str, figures.Spec]:
    return {
        "price": figures.price_figure(record.timeline, record.liquidations),
        "strain": figures.stress_figure(record.timeline),
        "health": figures.health_figure(record.health),
        "seconds": figures.seconds_figure(record.liquidations),
    }


def in_black(value: Any) -> Any:
    """The specification with every colour's name replaced, as the page does."""
    if isinstance(value, dict):
        return {key: in_black(each) for key, each in value.items()}
    if isinstance(value, list):
        return [in_black(each) for each in value]
    return "black" if isinstance(value, str) and value.startswith("@") else value


def test_every_figure_is_one_that_plotly_knows(record: ReplayRecord) -> None:
    for spec in specs(record).values():
        go.Figure(in_black(spec))


def test_every_colour_is_in_both_themes(record: ReplayRecord) -> None:
    names: set[str] = set(figures.LINE_COLOURS)

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                gather(each)
        elif isinstance(value, str) and value.startswith("@"):
            names.add(value)

    for spec in specs(record).values():
        gather(spec)
    style = (Path(figures.__file__).parent / "templates" / "report.css").read_text()
    for name in names:
        assert style.count(f"--{name[1:]}:") == 2, name


def test_thinning_keeps_the_first_the_last_and_every_extreme() -> None:
    values = [100.0] * 50_000
    values[12_345], values[33_333] = 7.0, 900.0
    rows = figures.extremes(pl.Series(values))
    assert len(rows) <= figures.POINTS_MAX + 2
    assert {0, 12_345, 33_333, 49_999} <= set(rows)
    assert rows == sorted(rows)


def test_thinning_leaves_a_short_series_whole() -> None:
    assert figures.extremes(pl.Series([3.0, None, 1.0])) == [0, 1, 2]


def test_circles_add_up_to_all_that_was_repaid(record: ReplayRecord) -> None:
    spec = figures.price_figure(record.timeline, record.liquidations)
    circles = [trace for trace in spec["data"] if trace["mode"] == "markers"]
    repaid = sum(size for trace in circles for size in trace["marker"]["size"])
    assert repaid == pytest.approx(record.liquidations["repay_value_f64"].sum(), rel=1e-4)
    assert sum(cells[0] for trace in circles for cells in trace["customdata"]) == len(record.liquidations)


def test_bars_add_up_to_all_debt_at_each_moment(record: ReplayRecord) -> None:
    spec = figures.health_figure(record.health)
    for trace, (moment, _) in zip(spec["data"], figures.MOMENTS, strict=True):
        of_moment = record.health.filter(pl.col("moment") == moment)
        assert sum(trace["y"]) == pytest.approx(of_moment["debt_value_f64"].sum(), rel=1e-4)
        assert sum(trace["customdata"]) == len(of_moment)


@pytest.mark.parametrize(("factor", "nth"), [(0.999_999, 5), (1.0, 6), (1.000_001, 6), (0.0, 0), (1e30, 13)])
def test_a_health_factor_of_exactly_one_stands_right_of_the_line(factor: float, nth: int) -> None:
    health = pl.DataFrame({"moment": ["before"], "health_factor_f64": [factor], "debt_value_f64": [5.0]})
    assert figures.health_figure(health)["data"][0]["y"][nth] == 5.0


def test_one_seized_asset_is_drawn_in_its_price_and_several_as_percentages(record: ReplayRecord) -> None:
    one = figures.price_figure(record.timeline, record.liquidations)["data"]
    assert one[0]["y"][0] == pytest.approx(record.timeline["price_ETH_f64"][0], rel=1e-5)
    both = record.liquidations.with_columns(
        pl.when(pl.col("order_id") % 2 == 0).then(pl.lit("ETH")).otherwise(pl.lit("DAI")).alias("collateral_asset")
    )
    lines = [trace for trace in figures.price_figure(record.timeline, both)["data"] if trace["mode"] == "lines"]
    assert [trace["y"][0] for trace in lines] == [100.0, 100.0]


def test_without_liquidations_the_asset_that_fell_most_is_drawn(record: ReplayRecord) -> None:
    assert figures.priced_assets(record.timeline, record.liquidations.clear()) == ["ETH"]
