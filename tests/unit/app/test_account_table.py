from pathlib import Path

import polars as pl
import pytest
from tests.deployments import lending_protocols

from seawall.app.account_table import account_line, account_numbers, liquidation_price, rows_by_health
from seawall.app.account_text import COLUMNS, account_cells, write_accounts
from seawall.app.deployment_from_files import deployment_from_files
from seawall.errors import ConfigError, DataError
from seawall.ledger.deployment import Deployment
from seawall.protocols.catalogue import protocol_named

WAD = 10**18

MARKETS = """symbol,decimals,collateral_factor,close_factor,liquidation_incentive
ETH,18,0.8,0.5,1.08
USDC,6,0.85,0.5,1.05
BTC,8,0.7,0.5,1.08
"""
BOOK = """account,symbol,collateral_amount,debt_amount
long-eth,ETH,10,0
long-eth,USDC,0,12000
mixed,ETH,3.123456789,0
mixed,BTC,0.5,0
mixed,USDC,100,9000
short-eth,USDC,30000,0
short-eth,ETH,0,11
lender,USDC,500,0
below,ETH,1,0
below,USDC,0,1700
insolvent,BTC,0.00000001,0
insolvent,USDC,0,5
"""
PRICES = "symbol,ts,price\nETH,100,2000\nUSDC,100,1\nBTC,100,20000\nETH,200,1000\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {}
    for name, text in (("markets", MARKETS), ("book", BOOK), ("prices", PRICES)):
        paths[name] = tmp_path / f"{name}.csv"
        paths[name].write_text(text)
    return paths


def standing(files: dict[str, Path], protocol: str = "compound_v2@2", at: int = 150_000) -> Deployment:
    return deployment_from_files(files["book"], [files["prices"]], files["markets"], protocol_named(protocol), at)


def test_accounts_with_debt_come_worst_first(files: dict[str, Path]) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    lines = [account_line(deployment, rule, row) for row in rows_by_health(deployment, rule)]
    assert [(line.account, line.status) for line in lines] == [
        ("insolvent", "insolvent"),
        ("below", "liquidatable"),
        ("short-eth", "healthy"),
        ("long-eth", "healthy"),
        ("mixed", "healthy"),
    ]
    assert lines[3].health_factor_ratio == 16_000 * WAD // 12_000


def test_only_accounts_below_the_limit_are_kept(files: dict[str, Path]) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    assert len(rows_by_health(deployment, rule, WAD)) == 2
    assert len(rows_by_health(deployment, rule, 16_000 * WAD // 12_000)) == 3
    assert len(rows_by_health(deployment, rule, 16_000 * WAD // 12_000 + 1)) == 4


@pytest.mark.parametrize("label", [rule.label for rule in lending_protocols() if not rule.accounts_are_per_market])
def test_the_liquidation_price_is_the_highest_at_which_the_rule_says_liquidatable(
    files: dict[str, Path], label: str
) -> None:
    rule = protocol_named(label)
    deployment = standing(files, label)
    before = list(deployment.prices)
    checked = 0
    for row in rows_by_health(deployment, rule):
        for asset, price in enumerate(before):
            found = liquidation_price(deployment, rule, row, asset)
            assert deployment.prices == before
            if found is None:
                continue
            for tried, expected in ((found, True), (found + 1, False)):
                deployment.prices[asset] = tried
                assert rule.is_liquidatable(deployment, row) is expected
            deployment.prices[asset] = price
            checked += 1
    assert checked >= 4


def test_a_long_accounts_line_says_how_far_its_price_may_fall(files: dict[str, Path]) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    lines = {line.account: line for line in (account_line(deployment, rule, row) for row in range(6))}
    long_eth = account_numbers(lines["long-eth"])
    assert (long_eth["asset"], long_eth["price"], long_eth["debt_value"]) == ("ETH", "2000", "12000")
    assert float(long_eth["liquidation_price"] or 0) == pytest.approx(1_500)
    assert float(long_eth["distance"] or 0) == pytest.approx(0.25)
    assert float(account_numbers(lines["below"])["distance"] or 0) < 0
    assert lines["lender"].status == "without debt"


def test_the_last_price_at_or_before_the_moment_holds(files: dict[str, Path]) -> None:
    assert standing(files, at=199_999).prices[0] == 2000 * WAD
    assert standing(files, at=200_000).prices[0] == 1000 * WAD
    with pytest.raises(DataError, match=r"no prices of"):
        standing(files, at=99_999)


def test_a_held_asset_without_a_price_is_named(files: dict[str, Path]) -> None:
    files["prices"].write_text("symbol,ts,price\nETH,100,2000\nUSDC,100,1\n")
    with pytest.raises(DataError, match=r"no prices of BTC"):
        standing(files)


def test_an_account_whose_price_is_unknown_comes_first_and_is_not_called_healthy(files: dict[str, Path]) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    deployment.prices[2] = None
    lines = [account_line(deployment, rule, row) for row in rows_by_health(deployment, rule, WAD)]
    assert {line.account for line in lines[:2]} == {"mixed", "insolvent"}
    assert account_cells(lines[0])[1:3] == ["price missing", "unknown"]
    assert account_numbers(lines[0])["health_factor"] is None


def test_files_hold_exact_text_for_every_account(files: dict[str, Path], tmp_path: Path) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    lines = [account_line(deployment, rule, row) for row in rows_by_health(deployment, rule)]
    for name, read in (("out.csv", pl.read_csv), ("out.parquet", pl.read_parquet)):
        write_accounts(tmp_path / name, lines)
        frame = read(tmp_path / name) if name.endswith("parquet") else pl.read_csv(tmp_path / name, infer_schema=False)
        assert frame.rows(named=True) == [account_numbers(line) for line in lines]
    with pytest.raises(ConfigError, match=r"is neither .csv nor .parquet"):
        write_accounts(tmp_path / "out.xls", lines)


def test_every_cell_has_its_column(files: dict[str, Path]) -> None:
    deployment, rule = standing(files), protocol_named("compound_v2@2")
    assert {len(account_cells(account_line(deployment, rule, row))) for row in range(6)} == {len(COLUMNS)}
