from pathlib import Path

import pytest

from seawall.adapters.market_list import DepthTable
from seawall.adapters.markets_file import read_markets
from seawall.errors import DataError
from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import MarginTier, Market, RiskParameters

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
        ("max_loan_to_value = 0.8\n", "", "key 'max_loan_to_value' is missing, in {path} market 1"),
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


CONTRACT = """
[[assets]]
symbol = "BTC-PERP"
decimals = 8

[[markets]]
asset = "BTC-PERP"
liquidation_bonus = 0.005
funding_rate = -0.1095
is_isolated = true
margin_tiers = [
    { floor = 0, maintenance = 0.004, initial = 0.008, deduction = 0 },
    { floor = 50000, maintenance = 0.005, initial = 0.01, deduction = 50 },
    { floor = 250000.5, maintenance = 0.01 },
]
"""


def test_a_contract_has_tiers_and_funding_and_no_loan_to_value(path: Path) -> None:
    path.write_text(CONTRACT)
    (market,) = read_markets(path).markets
    assert market == Market(
        "BTC-PERP", 0, 0, RiskParameters(0, 0, 5 * 10**15), debt_rate_ray=-1095 * RAY // 10_000,
        margin_tiers=(
            MarginTier(0, 4 * 10**15, 8 * 10**15), MarginTier(50_000 * WAD, 5 * 10**15, 10**16),
            MarginTier(2500005 * WAD // 10, 10**16),
        ),
        is_isolated=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("deduction = 50", "deduction = 49.999999999999999999", "margin jumps at floor 50000: deduction 49.999999999999999999 is not 50000000000000000000 (WAD), in {path} market 1"),
        ("funding_rate", "debt_rate = 0.1\nfunding_rate", "debt_rate 0.1 of a contract, which has margin_tiers, in {path} market 1"),
        ("funding_rate", "max_loan_to_value = 0.1\nfunding_rate", "max_loan_to_value 0.1 of a contract, which has margin_tiers, in {path} market 1"),
        ("-0.1095", "-100.1", "funding_rate -100.1 is not between -100 and 100 a year, in {path} market 1"),
        ('asset = "BTC-PERP"', 'collateral = "BTC-PERP"\ndebt = "BTC-PERP"', "a contract names one asset, in {path} market 1"),
        ("floor = 50000,", "", "Object missing required field `floor` - at `$.markets[0].margin_tiers[1]`, in {path}"),
        ("initial = 0.01,", "start = 1,", "Object contains unknown field `start` - at `$.markets[0].margin_tiers[1]`, in {path}"),
    ],
)  # fmt: skip
def test_a_contract_that_cannot_be_is_refused(path: Path, before: str, after: str, said: str) -> None:
    assert before in CONTRACT
    path.write_text(CONTRACT.replace(before, after, 1))
    with pytest.raises(DataError) as caught:
        read_markets(path)
    assert str(caught.value) == said.format(path=path)


def test_funding_without_tiers_is_refused(path: Path) -> None:
    path.write_text(WHOLE.replace("fee = 0.15", "funding_rate = 0.1"))
    with pytest.raises(DataError, match=r"funding_rate 0\.1 without margin_tiers"):
        read_markets(path)
    path.write_text(WHOLE.replace("fee = 0.15", "is_isolated = true"))
    with pytest.raises(DataError, match="is_isolated without margin_tiers"):
        read_markets(path)
