from pathlib import Path

import pytest

from seawall.adapters.market_list import DepthTable
from seawall.adapters.markets_file import read_markets
from seawall.errors import DataError
from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market, RiskParameters

WHOLE = """
[[assets]]
symbol = "WETH"
decimals = 18
stands_for = "ETHUSDT"
depth = [[0.01, 21000000], [0.05, 92000000.5]]
depth_source = "quotes"

[[assets]]
symbol = "USDC"
decimals = 6
stands_for = { coingecko = "USDC", binance_5m = "" }

[[markets]]
asset = "WETH"
max_loan_to_value = 0.8
liquidation_threshold = 0.825
liquidation_bonus = 0.05
liquidation_fee = 0.1
close_factor = 0.5
collateral_rate = 0.02
debt_rate = 0.03
fee = 0.15
version = 3

[markets.categories.1]
max_loan_to_value = 0.93
liquidation_threshold = 0.95
liquidation_bonus = 0.01

[[markets]]
collateral = "WETH"
debt = "USDC"
max_loan_to_value = 0.86
liquidation_threshold = 0.86
liquidation_bonus = 0.043841336116910229
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "markets.toml"


def test_everything_about_a_market_can_be_said(path: Path) -> None:
    path.write_text(WHOLE)
    markets = read_markets(path)
    assert markets.assets == (Asset("WETH", 18), Asset("USDC", 6))
    pooled, pair = markets.markets
    assert pooled == Market(
        symbol="WETH",
        collateral_asset=0,
        debt_asset=0,
        parameters=RiskParameters(8 * WAD // 10, 825 * WAD // 1000, WAD // 20, WAD // 10, WAD // 2, 3),
        categories={1: RiskParameters(93 * WAD // 100, 95 * WAD // 100, WAD // 100)},
        collateral_rate_ray=RAY // 50,
        debt_rate_ray=3 * RAY // 100,
        fee_ratio=15 * WAD // 100,
    )
    assert (pair.symbol, pair.collateral_asset, pair.debt_asset) == ("WETH/USDC", 0, 1)
    assert pair.parameters.liquidation_bonus_ratio == 43841336116910229
    assert markets.decimals == {"WETH": (18, 18), "WETH/USDC": (18, 6)}
    assert markets.proxies == {
        "stands_for": {"WETH": "ETHUSDT"},
        "coingecko": {"USDC": "USDC"},
        "binance_5m": {"USDC": None},
    }
    depth = ((WAD // 100, 21_000_000 * WAD), (WAD // 20, 925 * 10**5 * WAD - 5 * 10**5 * WAD + WAD // 2))
    assert markets.depths == {"WETH": DepthTable(depth, "quotes")}


def test_a_tenth_is_exactly_a_tenth(path: Path) -> None:
    path.write_text(WHOLE)
    assert read_markets(path).markets[0].parameters.liquidation_fee_ratio == 10**17


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("decimals = 6", "decimals = 6\ncolour = 1", "Object contains unknown field `colour` - at `$.assets[1]`, in {path}"),
        ("version = 3", "vession = 3", "Object contains unknown field `vession` - at `$.markets[0]`, in {path}"),
        ("liquidation_fee = 0.1", "liquidation_fee = true", "Expected `int | str`, got `bool` - at `$.markets[0].liquidation_fee`, in {path}"),
        ("max_loan_to_value = 0.8\n", "", "Object missing required field `max_loan_to_value` - at `$.markets[0]`, in {path}"),
        ("close_factor = 0.5", "close_factor = 1.5", "close_factor 1.5 is not between 0 and 1, in {path} market 1"),
        ("close_factor = 0.5", "close_factor = nan", "close_factor 'nan' is not a number, in {path} market 1"),
        ("liquidation_bonus = 0.05", "liquidation_bonus = 1.05", "liquidation_bonus 1.05 is not between 0 and 1, in {path} market 1"),
        ("max_loan_to_value = 0.8\n", "max_loan_to_value = 0.83\n", "max_loan_to_value 0.83 is above liquidation_threshold 0.825, in {path} market 1"),
        ("threshold = 0.95", "threshold = 0.9", "max_loan_to_value 0.93 is above liquidation_threshold 0.9, in {path} market 1 category 1"),
        ("categories.1", "categories.256", "category 256 is not between 1 and 255, in {path} market 1"),
        ("categories.1", "categories.0", "category 0 is not between 1 and 255, in {path} market 1"),
        ("version = 3", "version = 0", "version 0 is below 1, in {path} market 1"),
        ("debt_rate = 0.03", "debt_rate = -0.03", "debt_rate -0.03 is not between 0 and 100 a year, in {path} market 1"),
        ('asset = "WETH"', 'asset = "WETX"', "no asset WETX (nearest: WETH), in {path} market 1"),
        ('debt = "USDC"', "", "a market names an asset, or a collateral and a debt, in {path} market 2"),
        ('debt = "USDC"', 'debt = "USDC"\nasset = "USDC"', "a market names an asset, or a collateral and a debt, in {path} market 2"),
        ('debt = "USDC"', 'debt = "USDC"\nsymbol = "WETH"', "market WETH stands twice, in {path} market 2"),
        ('symbol = "USDC"', 'symbol = "WETH"', "asset WETH stands twice, in {path} asset 2"),
        ("decimals = 6", "decimals = 37", "decimals 37 of USDC are not between 0 and 36, in {path} asset 2"),
        ("decimals = 6", 'decimals = 6\ndepth_source = "quotes"', "depth_source 'quotes' without depth, in {path} asset 2"),
        ("[0.05, 92", "[0.01, 92", "depth 92000000.5 at impact 0.01 does not rise from the one before, in {path} asset 1"),
        ("[[assets]]", "[assets]", "{path} is not TOML: "),
    ],
)  # fmt: skip
def test_what_is_no_market_is_refused_with_its_place(before: str, after: str, message: str, path: Path) -> None:
    assert before in WHOLE
    path.write_text(WHOLE.replace(before, after, 1))
    with pytest.raises(DataError) as caught:
        read_markets(path)
    text = str(caught.value)
    assert text.startswith(message.format(path=path))
    assert "\n" not in text


def test_no_file_and_no_markets_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*: No such file or directory"):
        read_markets(path)
    path.write_text("a = " + "[" * 5000)
    with pytest.raises(DataError, match="is not TOML"):
        read_markets(path)
    path.write_text("assets = []\nmarkets = []\n")
    with pytest.raises(DataError, match="has no markets"):
        read_markets(path)
