from pathlib import Path

import pytest

from seawall.adapters.market_list import DepthTable
from seawall.adapters.markets_file import read_markets
from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.market import Market, RiskParameters

HEADER = "symbol,decimals,collateral_factor,close_factor,liquidation_incentive"
DEPTH = ",sell_usd_1pct,sell_usd_2pct,sell_usd_5pct,depth_source"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "markets.csv"


def test_a_row_is_a_pooled_market_whose_incentive_becomes_a_bonus(path: Path) -> None:
    path.write_text(f"{HEADER}\nETH,18,0.825,0.5,1.08\nUSDC,6,0.855,0.5,1.05\n")
    markets = read_markets(path)
    assert markets.assets == (Asset("ETH", 18), Asset("USDC", 6))
    parameters = RiskParameters(
        max_loan_to_value_ratio=825 * 10**15,
        liquidation_threshold_ratio=825 * 10**15,
        liquidation_bonus_ratio=8 * 10**16,
        close_factor_ratio=WAD // 2,
    )
    assert markets.markets[0] == Market("ETH", 0, 0, parameters)
    assert markets.markets[1].parameters.liquidation_bonus_ratio == 5 * 10**16
    assert markets.decimals == {"ETH": (18, 18), "USDC": (6, 6)}
    assert (markets.proxies, markets.depths) == ({}, {})


def test_fee_paths_and_depth_are_read_where_their_columns_stand(path: Path) -> None:
    path.write_text(
        f"{HEADER},protocol_seize_share,coingecko_symbol,binance_5m_symbol{DEPTH}\n"
        "ETH,18,0.8,0.5,1.08,0.028,WETH,ETHUSDT,21000000,41000000,92000000,quotes\n"
        "DAI,18,0.8,0.5,1.08,0,DAI,,30,45,70.5,assumed\n"
    )
    markets = read_markets(path)
    assert markets.markets[0].parameters.liquidation_fee_ratio == 28 * 10**15
    assert markets.proxies == {
        "coingecko": {"ETH": "WETH", "DAI": "DAI"},
        "binance_5m": {"ETH": "ETHUSDT", "DAI": None},
    }
    ratios = (WAD // 100, WAD // 50, WAD // 20)
    assert markets.depths["ETH"] == DepthTable(
        tuple(zip(ratios, (21_000_000 * WAD, 41_000_000 * WAD, 92_000_000 * WAD), strict=True)), "quotes"
    )
    assert markets.depths["DAI"].source == "assumed"
    assert markets.depths["DAI"].sales[2] == (WAD // 20, 705 * WAD // 10)


def test_a_threshold_times_one_plus_bonus_above_one_is_a_real_protocol_s_own_affair(path: Path) -> None:
    path.write_text(f"{HEADER}\nETH,18,0.99,0.5,1.08\n")
    assert read_markets(path).markets[0].parameters.liquidation_threshold_ratio == 99 * WAD // 100


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ETH,18,0.8,0.5,1.08\nETH,18,0.8,0.5,1.08", "market ETH stands in row 2 already, in {path} row 3"),
        (",18,0.8,0.5,1.08", "symbol '' is not 1 to 64 printable characters, in {path} row 2"),
        (" ETH,18,0.8,0.5,1.08", "symbol ' ETH' is not 1 to 64 printable characters, in {path} row 2"),
        ("ETH,37,0.8,0.5,1.08", "decimals 37 of ETH are not between 0 and 36, in {path} row 2"),
        ("ETH,-1,0.8,0.5,1.08", "decimals '-1' is not a whole number, in {path} row 2"),
        ("ETH,18.0,0.8,0.5,1.08", "decimals '18.0' is not a whole number, in {path} row 2"),
        ("ETH,18,1.1,0.5,1.08", "collateral_factor 1.1 is not between 0 and 1, in {path} row 2"),
        ("ETH,18,-0.1,0.5,1.08", "collateral_factor -0.1 is not between 0 and 1, in {path} row 2"),
        ("ETH,18,much,0.5,1.08", "collateral_factor 'much' is not a number, in {path} row 2"),
        ("ETH,18,nan,0.5,1.08", "collateral_factor 'nan' is not a number, in {path} row 2"),
        ("ETH,18,,0.5,1.08", "collateral_factor '' is not a number, in {path} row 2"),
        ("ETH,18,0.8,1.5,1.08", "close_factor 1.5 is not between 0 and 1, in {path} row 2"),
        ("ETH,18,0.8,0.5,0.08", "liquidation_incentive 0.08 is not between 1 and 2, in {path} row 2"),
        ("ETH,18,0.8,0.5,108", "liquidation_incentive 108 is not between 1 and 2, in {path} row 2"),
        ("ETH,18,0.1234567890123456789,0.5,1", "collateral_factor 0.1234567890123456789 has more than 18 fraction digits, in {path} row 2"),
    ],
)  # fmt: skip
def test_what_is_no_market_is_refused_with_the_row(row: str, message: str, path: Path) -> None:
    path.write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(DataError) as caught:
        read_markets(path)
    assert str(caught.value) == message.format(path=path)


@pytest.mark.parametrize("factor", ["0", "1", "1.0"])
def test_a_ratio_may_be_at_either_end(factor: str, path: Path) -> None:
    path.write_text(f"{HEADER}\nETH,0,{factor},{factor},1\nBTC,36,{factor},{factor},2\n")
    assert len(read_markets(path).markets) == 2


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("symbol,decimals,collateral_factor,close_factor", "lack liquidation_incentive, in"),
        (f"{HEADER},liquidation_bonus", "column liquidation_bonus is none of symbol, decimals, "),
        (f"{HEADER},sell_usd_1pct", "columns of depth go together: sell_usd_1pct without sell_usd_2pct, in"),
    ],
)
def test_columns_that_are_unknown_or_missing_are_refused_by_name(header: str, message: str, path: Path) -> None:
    path.write_text(f"{header}\n{','.join('1' * len(header.split(',')))}\n")
    with pytest.raises(DataError, match=message):
        read_markets(path)


@pytest.mark.parametrize(
    ("depth", "message"),
    [
        ("1,2,3,guessed", "depth_source 'guessed' is none of quotes, assumed, in {path} row 2"),
        ("1,1,3,quotes", "depth 1 at impact 0.02 does not rise from the one before, in {path} row 2"),
        ("0,1,3,quotes", "depth 0 at impact 0.01 does not rise from the one before, in {path} row 2"),
        ("1,,3,quotes", "depth '' is not a number, in {path} row 2"),
    ],
)
def test_a_depth_that_does_not_rise_is_refused(depth: str, message: str, path: Path) -> None:
    path.write_text(f"{HEADER}{DEPTH}\nETH,18,0.8,0.5,1.08,{depth}\n")
    with pytest.raises(DataError) as caught:
        read_markets(path)
    assert str(caught.value) == message.format(path=path)
