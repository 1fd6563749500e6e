"""The deleveraging of 10 October 2025 on Hyperliquid, wave by wave, as the paper arXiv 2512.01112 measured it.

Its files say, of each of 16 waves, what the winners had to give up, what production took from them, and their profit
before it. Dollars become WAD, digits beyond are dropped. One trap is kept in mind: a wave's loss counts every row of an
account without equity, so that one loss of 10.9 million stands in nine waves; a loss belongs to an account and an episode.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from seawall.errors import DataError
from seawall.fixed import WAD, div_down
from seawall.studies.number_columns import wad_columns
from seawall.studies.study import Line, compared
from seawall.units import Milliseconds, Value

FOLDER: Final = "perps"
BY_WAVE: Final = "hl_adl_paper_two_pass_by_wave_h0.csv"
BAD_DEBT: Final = "hl_adl_paper_bad_debt_waves.csv"
BY_COIN: Final = "hl_adl_paper_per_shock_queue.csv.gz"
BY_POLICY: Final = "hl_adl_paper_policy_per_wave.csv"
GAPS: Final = "hl_adl_paper_wave_coin_gap_h0.csv.gz"


class Wave(NamedTuple):
    """One wave: what was needed and what production took, of profits and equities that were there; fills in it."""

    number: int
    starts_at: Milliseconds
    needed_value: Value
    taken_value: Value
    profit_value: Value
    equity_value: Value
    fill_count: int

    @property
    def error_value(self) -> Value:
        """What production took too much; negative where it took too little."""
        return self.taken_value - self.needed_value


def read_waves(data: Path) -> list[Wave]:
    """Return the waves in order of time; DataError where a file is missing or holds no numbers."""
    columns = (
        "wave",
        "t_start_ms",
        "budget_needed_usd",
        "budget_prod_usd",
        "winners_pnl_start_usd",
        "winners_equity_start_usd",
    )
    rows = wad_columns(data / FOLDER / BY_WAVE, columns)
    fills = wad_columns(data / FOLDER / BAD_DEBT, ("wave", "n_rows"))
    counts = dict(zip(fills["wave"], fills["n_rows"], strict=True))
    missing = [number for number in rows["wave"] if number not in counts]
    if missing:
        raise DataError(f"wave {div_down(missing[0], WAD)} is not in {data / FOLDER / BAD_DEBT}")
    return [
        Wave(div_down(number, WAD), div_down(at, WAD), needed, taken, profit, equity, div_down(counts[number], WAD))
        for number, at, needed, taken, profit, equity in zip(*(rows[name] for name in columns), strict=True)
    ]


def data_checks(data: Path, waves: Sequence[Wave]) -> list[Line]:
    """Return the totals of the files beside the published ones."""
    coins = wad_columns(
        data / FOLDER / BY_COIN,
        ("deficit_usd", "budget_queue_usd", "overshoot_queue_usd", "residual_queue_usd"),
    )
    losses = wad_columns(data / FOLDER / BAD_DEBT, ("deficit_usd", "max_loss_usd"))
    worst = max(losses["max_loss_usd"])
    repeated = losses["max_loss_usd"].count(worst)
    gaps = wad_columns(data / FOLDER / GAPS, ("gap_usd_x_qty",))["gap_usd_x_qty"]
    policies = wad_columns(
        data / FOLDER / BY_POLICY,
        ("max_pct_prod", "max_pct_pnl_pr", "max_pct_contract_pr", "overshoot_contract_pr", "overshoot_fixed_point_ilp_integer"),
    )  # fmt: skip
    million = 10**6
    return [
        compared("needed from winners, all waves", sum(wave.needed_value for wave in waves), "15,079,670"),
        compared("the same, coin by coin: price gap times contracts", sum(gaps), "15,079,670"),
        compared("taken from winners by production", sum(wave.taken_value for wave in waves), "60,108,335"),
        compared("taken too much", sum(wave.error_value for wave in waves), "45,028,665.72"),
        compared("losses by coin and shock", sum(coins["deficit_usd"]), "23,191,104.48"),
        compared("closed beyond the loss, by coin and shock", sum(coins["overshoot_queue_usd"]), "653,552,663.51"),
        compared("closed in all by that queue, millions", div_down(sum(coins["budget_queue_usd"]), million), "660.05"),
        compared("left unpaid by that queue, millions", div_down(sum(coins["residual_queue_usd"]), million), "16.69"),
        compared("losses as rows, millions", div_down(sum(losses["deficit_usd"]), million), "100.1"),
        compared("the largest of them", worst, "10,925,707.16"),
        compared("waves in which it stands", repeated * WAD, "9"),
        compared("losses, each account's once, millions",
                 div_down(sum(losses["deficit_usd"]) - (repeated - 1) * worst, million), "12.66"),
        compared("the paper's pro rata to contracts, error, millions",
                 div_down(sum(policies["overshoot_contract_pr"]), million), "-3.02"),
        compared("the paper's integer program, error, millions",
                 div_down(sum(policies["overshoot_fixed_point_ilp_integer"]), million), "0.092"),
        compared("worst haircut of a wave, mean, %: production", 100 * _mean(policies["max_pct_prod"]), "75"),
        compared("pro rata to profit", 100 * _mean(policies["max_pct_pnl_pr"]), "2.8"),
        compared("pro rata to contracts", 100 * _mean(policies["max_pct_contract_pr"]), "11.5"),
    ]  # fmt: skip


def _mean(numbers: Sequence[int]) -> int:
    return div_down(sum(numbers), len(numbers))
