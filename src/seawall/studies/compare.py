"""Compare: one crash met by one protocol, measured so that protocols can be held side by side.

Losses are in the unit of account. *At marks* is at the oracle's price of the moment, *at the market* at the undisturbed
price of the path, whatever the oracle said. What keepers took is the market value of what they seized and were rewarded
with, less what they repaid, and a stability pool is none of them; their profit is what is left after their own sales moved
the market. Lenders are taken to have lent what was owed at the start, each debt market by itself. What is still on auction
at the end is a measure of its own.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from seawall.fixed import WAD
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.event import Event
from seawall.ledger.order import Order
from seawall.studies.auction_money import AuctionMoney, OnAuction, on_auction
from seawall.studies.fairness import gini_f64, worst_haircut_f64
from seawall.studies.lenders import Lenders
from seawall.studies.outcome import outcome_of
from seawall.studies.recorder import BACKSTOP, Progress
from seawall.studies.replay import Run, run_to_end
from seawall.studies.run_plan import RunPlan
from seawall.studies.time_below import TimeBelow
from seawall.world.price_path import PricePath

DISCOUNT_EDGES: Final = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25)
"""Fills are counted by their discount to the market: below the first, between two, from the last on."""

LENDERS: Final = "lenders"
"""Who pays what no buffer does."""

_HOUR_MS: Final = 3_600_000


class Measures(msgspec.Struct, frozen=True):
    """What a crash cost under one protocol; values in the unit of account, discounts and haircuts shares of one.

    `bad_debt` is what was written off, `uncovered` what collateral does not cover at the end and nobody wrote off, lots on
    auction among it. `auction_debt` is what those lots have cost and not raised, `auction_lots` what they are worth.
    `fills` are repaid values by the discount of their fill to the market, one more than there are edges.
    """

    bad_debt_f64: float
    uncovered_f64: float
    auctions_left_f64: float
    auction_debt_f64: float
    auction_lots_f64: float
    borrower_loss_f64: float
    borrower_market_loss_f64: float
    keeper_taken_f64: float
    keeper_profit_f64: float
    fee_f64: float
    buffers_f64: float
    lenders_f64: float
    repaid_f64: float
    liquidations_f64: float
    below_at_start_f64: float
    account_hours_f64: float
    value_hours_f64: float
    worst_haircut_f64: float
    haircut_gini_f64: float
    discount_f64: float
    fills_f64: tuple[float, ...]


class Measured(msgspec.Struct, frozen=True):
    """A run's measures, who paid for its bad debt, what its plots are made of, and the hash by which it can be found again."""

    measures: Measures
    paid_f64: dict[str, float]
    state_hash: str
    timeline: tuple[tuple[float, ...], ...]


class _NoJournal:
    """A journal that keeps nothing: what is compared is run again, not resumed."""

    def append(self, event: Event, orders: tuple[Order, ...]) -> int:  # noqa: ARG002  (what the port hands over)
        """Keep nothing."""
        return 0

    def is_due(self) -> bool:
        """Nothing waits."""
        return False

    def commit(self) -> None:
        """Nothing is to be made durable."""


def measured(plan: RunPlan, progress: Callable[[Progress], None]) -> Measured:
    """Run the plan to its end and measure it."""
    time_below = TimeBelow(_owner_width(plan))
    lenders, money = Lenders(), AuctionMoney(plan.path)

    def watch(run: Run, orders: tuple[Order, ...]) -> None:
        deployment = run.engine.state.deployment
        if run.recorder.amounts_before is not None:
            lenders.note_start(run.engine)
        if orders:
            time_below.add(orders, deployment.at)
            lenders.add(orders, deployment)
            money.add(orders, deployment)

    run = run_to_end(plan, _NoJournal(), progress=progress, after_event=watch, check_every=0)
    time_below.end(run.engine.state.deployment.at)
    outcome = outcome_of(plan, run.engine, run.world, run.recorder, "")
    fills = market_fills(run.recorder.liquidations(), plan.path)
    measures = _measures(outcome, fills, time_below, lenders, money, on_auction(run.engine))
    return Measured(measures, _paid_f64(outcome), outcome["state_hash"], _timeline(run))


def _owner_width(plan: RunPlan) -> int:
    width: int = plan.opening[0].account_width  # type: ignore[union-attr]
    return width - MARKET_WIDTH if plan.protocol.accounts_are_per_market else width


def market_fills(liquidations: pl.DataFrame, path: PricePath) -> pl.DataFrame:
    """Return what each fill repaid and seized at the undisturbed market price, the fee apart.

    `discount_f64` is 1 - repaid / (seized), what the keeper paid less than the market for what it got.
    """
    ticks = [path.grid.tick_at(at) for at in liquidations["at_ms"]]

    def at_market(value: str, asset: str, mark: str) -> pl.Series:
        market = [path.prices[symbol][tick] / WAD for symbol, tick in zip(liquidations[asset], ticks, strict=True)]
        marks = liquidations[mark].cast(pl.Float64)
        return liquidations[value] * pl.Series(market, dtype=pl.Float64) / marks

    repaid = at_market("repay_value_f64", "debt_asset", "debt_price")
    seized = at_market("seize_value_f64", "collateral_asset", "collateral_price")
    fee = at_market("fee_value_f64", "collateral_asset", "collateral_price")
    is_keepers = liquidations["keeper"] != BACKSTOP
    frame = pl.DataFrame({"is_keepers": is_keepers, "repaid_f64": repaid, "seized_f64": seized, "fee_f64": fee})
    return frame.with_columns(discount_f64=1.0 - pl.col("repaid_f64") / pl.col("seized_f64"))


def _paid_f64(outcome: dict[str, Any]) -> dict[str, float]:
    """Return what each buffer paid of the bad debt, and what lenders bear."""
    payers = outcome["payers"]
    paid = {**payers["buffers"], LENDERS: payers["lenders"]}
    return {name: int(value) / WAD for name, value in paid.items() if int(value)}


def _measures(
    outcome: dict[str, Any],
    fills: pl.DataFrame,
    time_below: TimeBelow,
    lenders: Lenders,
    money: AuctionMoney,
    left: OnAuction,
) -> Measures:
    def value(name: str) -> float:
        return int(outcome[name]) / WAD

    repaid, seized, fee = (float(fills[name].sum()) for name in ("repaid_f64", "seized_f64", "fee_f64"))
    keepers = fills.filter(pl.col("is_keepers"))
    discounts, weights = fills["discount_f64"].to_numpy(), fills["repaid_f64"].to_numpy()
    places = np.searchsorted(np.array(DISCOUNT_EDGES), discounts, side="right")
    haircuts = lenders.haircuts()
    return Measures(
        bad_debt_f64=value("bad_debt_value"),
        uncovered_f64=int(outcome["liquidatable_at_end"]["insolvent_value"]) / WAD + left.uncovered_f64,
        auctions_left_f64=float(left.lot_count),
        auction_debt_f64=left.debt_f64,
        auction_lots_f64=left.lots_f64,
        borrower_loss_f64=value("borrower_loss_value"),
        borrower_market_loss_f64=seized + fee - repaid + money.surplus_f64 + money.reward_f64,
        keeper_taken_f64=float(keepers["seized_f64"].sum()) - float(keepers["repaid_f64"].sum()) + money.reward_f64,
        keeper_profit_f64=float(outcome["world"]["keeper_profit_value"]),
        fee_f64=value("liquidation_fee_value"),
        buffers_f64=value("buffer_drawn_value"),
        lenders_f64=value("socialized_loss_value"),
        repaid_f64=value("debt_repaid_value"),
        liquidations_f64=float(outcome["liquidations"]),
        below_at_start_f64=float(outcome["liquidatable_at_start"]["count"]),
        account_hours_f64=time_below.account_ms / _HOUR_MS,
        value_hours_f64=time_below.value_ms / WAD / _HOUR_MS,
        worst_haircut_f64=worst_haircut_f64(haircuts),
        haircut_gini_f64=gini_f64(haircuts),
        discount_f64=1.0 - repaid / seized if seized else 0.0,
        fills_f64=tuple(np.bincount(places, weights, minlength=len(DISCOUNT_EDGES) + 1).tolist()),
    )


def _timeline(run: Run) -> tuple[tuple[float, ...], ...]:
    """Return time, debt below the line, bad debt written off, and what collateral does not cover, by tick."""
    frame = run.recorder.timeline()
    names = ("at_ms", "liquidatable_debt_value_f64", "bad_debt_value_f64", "insolvent_value_f64")
    return tuple(tuple(float(cell) for cell in row) for row in frame.select(names).iter_rows())
