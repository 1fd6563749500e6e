import pytest

from seawall.errors import ConfigError, DataError
from seawall.fixed import WAD
from seawall.world.dice import Dice
from seawall.world.price_path import (
    Grid,
    Origin,
    PricePath,
    path_from_points,
    path_of_assets,
    reconstructed_prices,
)

MINUTE = 60_000


def test_a_grid_holds_all_ticks_before_its_end():
    grid = Grid.over(1_000, 1_000 + 10 * MINUTE, MINUTE)
    assert (grid.count, grid.end_at) == (10, 1_000 + 9 * MINUTE)
    assert Grid.over(0, MINUTE + 1, MINUTE).count == 2


def test_the_path_stands_still_after_its_end():
    grid = Grid(0, MINUTE, 3)
    assert [grid.tick_at(at) for at in (0, MINUTE - 1, MINUTE, 9 * MINUTE)] == [0, 0, 1, 2]


def test_the_last_price_holds_until_the_next():
    grid = Grid(100, 10, 5)
    path = path_from_points(grid, {"ETH": [(90, 7), (105, 8), (110, 9), (139, 10), (141, 11)]})
    assert path.prices["ETH"] == (7, 9, 9, 9, 10)


def test_a_symbol_without_a_price_at_the_start_is_refused():
    with pytest.raises(DataError, match="no price of ETH at or before the start at 100 ms"):
        path_from_points(Grid(100, 10, 5), {"ETH": [(101, 7)]})


def test_silences_are_counted_to_the_end_of_the_grid():
    points = [(at, WAD) for at in (0, 10, 20, 60, 70)]
    record = path_from_points(Grid(0, 10, 12), {"ETH": points}).provenance["ETH"]
    assert (record.origin, record.point_count) == (Origin.DATA, 5)
    assert (record.gap_count, record.silence_ms_max) == (2, 40)


def test_anchors_must_lie_on_ticks_and_span_the_grid():
    grid = Grid(0, MINUTE, 11)
    price, dice = 100 * WAD, Dice(1, "p")
    with pytest.raises(ConfigError, match="is not on the grid"):
        reconstructed_prices(grid, "ETH", [(0, price), (MINUTE + 1, price)], 1.0, dice)
    with pytest.raises(ConfigError, match="must begin at 0 ms and end at 600000 ms"):
        reconstructed_prices(grid, "ETH", [(0, price), (MINUTE, price)], 1.0, dice)
    with pytest.raises(ConfigError, match="not in order of time"):
        reconstructed_prices(
            grid, "ETH", [(0, price), (MINUTE, price), (MINUTE, price), (10 * MINUTE, price)], 1.0, dice
        )


def test_without_volatility_the_bridge_is_a_geometric_line():
    prices = reconstructed_prices(
        Grid(0, MINUTE, 3), "ETH", [(0, 100 * WAD), (2 * MINUTE, 400 * WAD)], 0.0, Dice(1, "p")
    )
    assert prices == (100 * WAD, 200 * WAD, 400 * WAD)


def test_prices_between_anchors_have_eight_decimals_and_are_clipped():
    anchors = [(0, 100 * WAD), (100 * MINUTE, 100 * WAD)]
    low, high = 99 * WAD, 101 * WAD
    prices = reconstructed_prices(Grid(0, MINUTE, 101), "ETH", anchors, 20.0, Dice(1, "p"), low, high)
    assert all(price % 10**10 == 0 for price in prices)
    assert (min(prices), max(prices)) == (low, high)


def path(**prices: tuple[int, ...]) -> PricePath:
    grid = Grid(0, 10, 3)
    points = {symbol: [(10 * tick, price) for tick, price in enumerate(series)] for symbol, series in prices.items()}
    return path_from_points(grid, points)


def test_an_asset_follows_a_path_by_its_returns():
    of_assets = path_of_assets(path(ETHUSDT=(200, 100, 151)), {"ETH": "ETHUSDT"}, {"ETH": 1_000})
    assert of_assets.prices["ETH"] == (1_000, 500, 755)
    assert of_assets.provenance["ETH"].is_rebased
    assert of_assets.provenance["ETH"].symbol == "ETHUSDT"


def test_an_asset_without_a_start_price_takes_the_path_as_it_is():
    of_assets = path_of_assets(path(ETHUSDT=(200, 100, 151)), {"ETH": "ETHUSDT"}, {})
    assert of_assets.prices["ETH"] == (200, 100, 151)
    assert not of_assets.provenance["ETH"].is_rebased


def test_an_asset_that_follows_nothing_stands_still_or_is_refused():
    assert path_of_assets(path(A=(1, 1, 1)), {"DAI": None}, {"DAI": 5}).prices["DAI"] == (5, 5, 5)
    with pytest.raises(ConfigError, match="no price for DAI"):
        path_of_assets(path(A=(1, 1, 1)), {"DAI": None}, {})
    with pytest.raises(ConfigError, match="no price path B for DAI; there are: A"):
        path_of_assets(path(A=(1, 1, 1)), {"DAI": "B"}, {})
