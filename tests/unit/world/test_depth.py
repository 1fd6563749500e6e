import pytest

from seawall.errors import ConfigError
from seawall.world.depth import Depth, DepthTable

TABLE = DepthTable(points=((100.0, 0.01), (300.0, 0.05)), half_life_ms=1_000, impact_max_f64=0.5)


@pytest.mark.parametrize(
    ("pressure", "impact"),
    [(0, 0), (50, 0.005), (100, 0.01), (200, 0.03), (300, 0.05), (1_300, 0.25), (2_550, 0.5), (9_999, 0.5)],
)
def test_impact_is_piecewise_linear_goes_on_with_its_last_slope_and_is_bounded(pressure, impact):
    assert Depth(TABLE).impact_f64(pressure) == pytest.approx(impact)


@pytest.mark.parametrize(
    ("value", "proceeds"),
    [(100, 100 - 0.5), (300, 300 - 0.5 - 6), (2_550, 2_550 - 6.5 - 2_250 * 0.275), (3_550, 2_550 - 6.5 - 618.75 + 500)],
)
def test_proceeds_are_the_integral_of_the_marginal_price(value, proceeds):
    assert Depth(TABLE).sell_f64(0, 1, value) == pytest.approx(proceeds)


def test_pressure_halves_in_a_half_life():
    depth = Depth(TABLE)
    depth.sell_f64(5_000, 1, 200.0)
    assert [depth.pressure_f64(at) for at in (5_000, 6_000, 7_000)] == pytest.approx([200, 100, 50])


def test_what_was_sold_is_counted_to_the_unit():
    depth = Depth(TABLE)
    for at, amount in enumerate((10**30 + 1, 10**30 + 2, 7)):
        depth.sell_f64(at, amount, 1.0)
    assert depth.sold_amount == 2 * 10**30 + 10
    assert depth.sold_value_f64 == 3.0
    assert 0 < depth.impact_worst_f64 < 0.0003


@pytest.mark.parametrize(
    "points",
    [(), ((100.0, 0.02), (100.0, 0.03)), ((100.0, 0.02), (200.0, 0.01)), ((0.0, 0.01),), ((100.0, 0.6),)],
)
def test_points_that_do_not_rise_are_refused(points):
    with pytest.raises(ConfigError, match="do not rise"):
        Depth(DepthTable(points, 1_000, 0.5))
