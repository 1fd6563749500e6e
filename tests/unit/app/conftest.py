"""A folder as a finished replay leaves it, made up: enough of everything for the page to draw."""

import json
import math
from pathlib import Path

import polars as pl
import pytest

from seawall.app.replay_run import begin
from seawall.app.run_arguments import RunArguments

START_MS = 1_583_971_200_000
TICK_MS = 60_000
TICKS = 2_880
WAD = 10**18


def price_at(tick: int) -> float:
    fall = 95.0 / (1.0 + math.exp(-(tick - 780) / 60)) + 25.0 * math.exp(-(((tick - 1_520) / 45) ** 2))
    return 197.0 - fall + 1.1 * math.sin(tick / 170.0) + 0.5 * math.sin(tick / 31.0)


def made_up_assets() -> dict[str, object]:
    def amounts(**fields: int) -> dict[str, str]:
        return {name: str(amount) for name, amount in fields.items()}

    return {
        "DAI": {
            "decimals": 18,
            "debt_amount": amounts(
                before=61_234_567 * WAD,
                accrued=4_321 * WAD,
                repaid=18_002_345 * WAD,
                written_off=1_204_117 * WAD,
                after=42_032_426 * WAD,
            ),
            "collateral_amount": amounts(before=0, accrued=0, seized=0, fee=0, after=0),
        },
        "ETH": {
            "decimals": 18,
            "debt_amount": amounts(before=0, accrued=0, repaid=0, written_off=0, after=0),
            "collateral_amount": amounts(
                before=612_345 * WAD, accrued=0, seized=160_800 * WAD, fee=803 * WAD, after=450_742 * WAD
            ),
        },
    }


WARNINGS = {
    "health_factor": str(11 * WAD // 10),
    "count": 1_702,
    "lifted": 311,
    "seconds_before_line": {"count": 655, "p50": 192, "p90": 1_800, "max": 40_000},
}


def made_up_outcome(title: str) -> dict[str, object]:
    return {
        "schema": 1,
        "scenario": "black_thursday",
        "title": title,
        "inputs": [
            {"name": "ETH price", "kind": "reconstructed", "sha256": "ab" * 32, "detail": "14 anchors, bridge between"},
            {"name": "book", "kind": "data", "sha256": "cd" * 32, "detail": "book.csv, 5,000 accounts"},
            {"name": "depth", "kind": "model", "sha256": "", "detail": "4 M within 2 %, recovers in 30 min"},
            {"name": "keepers", "kind": "assumed", "sha256": "", "detail": "8 keepers, 12 s, 2 M each"},
        ],
        "notes": ["Prices are rebased: returns of the path on the book's own prices.", "UNI follows the path of ETH."],
        "protocol": "aave_v3@3.3",
        "protocol_proof": "source vectors",
        "seed": 1,
        "accounts": 5_000,
        "ticks": TICKS,
        "blocks": 13_292,
        "events": 13_320,
        "liquidations": 600,
        "accounts_liquidated": 412,
        "assets": made_up_assets(),
        "debt_repaid_value": str(18_002_345 * WAD),
        "collateral_seized_value": str(18_992_474 * WAD),
        "liquidation_bonus_value": str(900_117 * WAD),
        "liquidation_fee_value": str(90_012 * WAD),
        "bad_debt_value": str(1_204_117 * WAD),
        "buffer_drawn_value": str(500_000 * WAD),
        "borrower_loss_value": str(990_129 * WAD),
        "socialized_loss_value": str(704_117 * WAD),
        "payers": {
            "borrowers": str(990_129 * WAD),
            "keepers": str(-900_117 * WAD),
            "protocol": str(-90_012 * WAD),
            "backers": "0",
            "buffers": {"insurance_fund": str(500_000 * WAD)},
            "lenders": str(704_117 * WAD),
        },
        "liquidatable_at_start": {
            "count": 3,
            "debt_value": str(75 * WAD),
            "reasons": {"below_dust": 2, "no_collateral": 1},
        },
        "liquidatable_at_end": {
            "count": 9,
            "debt_value": str(812 * WAD),
            "insolvent_value": "0",
            "reasons": {"unprofitable": 9},
        },
        "seconds_below_line": {"count": 655, "p50": 42, "p90": 610, "max": 9_812},
        "warnings": WARNINGS,
        "worst_insolvent_value": str(2_204_117 * WAD),
        "refusals": {"healthy": 14, "order_expired": 2},
        "world": {"keeper_orders_unprofitable": 31, "oracle_rounds": 412},
        "worst_accounts": [
            {
                "account": f"0x{nth:040x}",
                "bad_debt_value": str((90_000 >> nth) * WAD),
                "loss_value": str((40_000 >> nth) * WAD),
                "liquidations": 3,
                "health_factor_lowest": str((71 + 2 * nth) * WAD // 100),
            }
            for nth in range(10)
        ],
        "state_hash": "ef" * 32,
        "journal_head": "01" * 32,
    }


def made_up_tables() -> dict[str, pl.DataFrame]:
    ticks = range(TICKS)
    prices = [price_at(tick) for tick in ticks]
    strain = [max(0.0, (prices[tick - 15] if tick > 15 else prices[0]) - prices[tick]) for tick in ticks]
    bad_debt: list[float] = []
    for tick in ticks:
        bad_debt.append((bad_debt[-1] if bad_debt else 0.0) + (max(0.0, strain[tick] - 4) * 4_000))
    timeline = pl.DataFrame({
        "at_ms": [START_MS + tick * TICK_MS for tick in ticks],
        "price_ETH_f64": prices,
        "price_DAI_f64": [1.0 + 0.04 * value / 20 for value in strain],
        "liquidatable_count": [int(value * 3) for value in strain],
        "liquidatable_debt_value_f64": [value * 90_000 for value in strain],
        "insolvent_value_f64": [max(0.0, value - 3) * 120_000 for value in strain],
        "bad_debt_value_f64": bad_debt,
        "debt_value_f64": [61e6 for _ in ticks],
        "collateral_value_f64": [612_345 * price for price in prices],
        "open_order_count": [int(value * 2) for value in strain],
    })  # fmt: skip
    busy = [tick for tick in ticks if strain[tick] > 1][:: max(1, sum(value > 1 for value in strain) // 600)][:600]
    repaid = [300.0 + 90_000.0 * (math.sin(tick * 12.9898) ** 8) for tick in busy]
    liquidations = pl.DataFrame({
        "at_ms": [START_MS + tick * TICK_MS for tick in busy],
        "account": [f"0x{tick:040x}" for tick in busy],
        "keeper": [tick % 8 for tick in busy],
        "order_id": busy,
        "fill_id": [0 for _ in busy],
        "debt_asset": ["DAI" for _ in busy],
        "collateral_asset": ["ETH" for _ in busy],
        "collateral_price": [str(prices[tick]) for tick in busy],
        "repay_value_f64": repaid,
        "seize_value_f64": [value * 1.05 for value in repaid],
        "fee_value_f64": [value * 0.005 for value in repaid],
        "bad_debt_value_f64": [0.0 for _ in busy],
        "seconds_below_line_f64": [float((tick * 7_919) % 613 + (tick % 5) ** 5) for tick in busy],
    })  # fmt: skip
    factors = [1.02 + 1.6 * ((nth * 37) % 997) / 997 for nth in range(1_500)]
    debts = [500.0 + 200_000.0 * ((nth * 53) % 101) / 101 for nth in range(1_500)]
    fall = {"before": 1.0, "worst": 0.62, "after": 0.83}
    health = pl.DataFrame({
        "moment": [moment for moment in fall for _ in factors],
        "health_factor_f64": [factor * part for part in fall.values() for factor in factors],
        "debt_value_f64": debts * 3,
    })  # fmt: skip
    return {"timeline": timeline, "liquidations": liquidations, "health": health}


@pytest.fixture
def finished_folder(tmp_path: Path) -> Path:
    """A folder of a finished replay without its journal; its title holds what must be escaped."""
    folder = tmp_path / "finished"
    folder.mkdir()
    outcome = made_up_outcome("Twelve & <b>thirteen</b> March 2020")
    (folder / "outcome.json").write_text(json.dumps(outcome))
    for name, frame in made_up_tables().items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


SMALL_SCENARIO = """
name = "small"
title = "A made-up fall of ETH by half"
protocol = "aave_v3@3.6"
seed = 7

[prices]
kind = "reconstructed"
start = 2020-03-12T00:00:00Z
end = 2020-03-12T06:00:00Z
grid_seconds = 60
start_prices = { DAI = 1 }

[[prices.paths]]
symbol = "ETH"
volatility_year = 1.0
anchors = [
  { at = 2020-03-12T00:00:00Z, price = 200, source = "made up" },
  { at = 2020-03-12T01:00:00Z, price = 190, source = "made up" },
  { at = 2020-03-12T01:20:00Z, price = 95, source = "made up" },
  { at = 2020-03-12T06:00:00Z, price = 110, source = "made up" },
]

[book]
kind = "generator"
accounts = 60
debt_value_median = 6000
debt_value_sigma = 1.5
debt_value_min = 40
debt_value_max = 600000
health_factor_min = 1.03
health_factor_excess_median = 0.75
health_factor_excess_sigma = 0.8

[[book.mixes]]
weight = 1
collateral = { ETH = 1 }
debt = { DAI = 1 }

[[assets]]
symbol = "ETH"
decimals = 18

[[assets]]
symbol = "DAI"
decimals = 18
stands_for = ""

[[markets]]
asset = "ETH"
max_loan_to_value = 0.80
liquidation_threshold = 0.825
liquidation_bonus = 0.05
liquidation_fee = 0.10
close_factor = 0.5

[[markets]]
asset = "DAI"
max_loan_to_value = 0.63
liquidation_threshold = 0.77
liquidation_bonus = 0.05
liquidation_fee = 0.10
close_factor = 0.5
debt_rate = 0.08

[oracle]
deviation = 0.005
heartbeat_seconds = 3600
delay_seconds = 30

[chain]
block_seconds = 13

[keepers]
count = 1
reaction_seconds = 600
capital = 15000
least_profit = 30

[depth]
half_life_seconds = 600
default = [[0.01, 500000], [0.05, 3000000]]

[buffers.insurance_fund]
DAI = 100
"""


@pytest.fixture(scope="session")
def small_scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario that runs in a second and leaves bad debt."""
    path = tmp_path_factory.mktemp("scenario") / "small.toml"
    path.write_text(SMALL_SCENARIO)
    return path


@pytest.fixture(scope="session")
def replayed(small_scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small scenario's replay."""
    folder = tmp_path_factory.mktemp("replayed") / "out"
    begin(folder, RunArguments(scenario=str(small_scenario)), force=False, watch=lambda progress: None)
    return folder
