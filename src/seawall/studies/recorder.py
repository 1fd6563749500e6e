"""Watches a run event by event and keeps what its tables are made of; it changes nothing in it.

One row of the timeline for each tick of the price path, one row of liquidations for each settled fill. The worst moment
is the tick at which the accounts below the line owe most.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from seawall.engine.engine import Engine
from seawall.fixed import WAD, mul_div_down
from seawall.ledger.account import decode_account
from seawall.ledger.backstop_order import DrawBackstop
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.event import BlockObserved, DeploymentOpened, Event, PositionsChanged
from seawall.ledger.order import (
    AbsorbLoss,
    DeclineAccount,
    EndAuction,
    Liquidate,
    Order,
    SettleBid,
    SettleFill,
    StartAuction,
    singly,
)
from seawall.studies.book_values import BookValuation, FloatColumn
from seawall.studies.decimal_text import amount_text, wad_text
from seawall.studies.run_plan import RunPlan
from seawall.studies.tally import Amounts, Tally, amounts_in
from seawall.units import Milliseconds, Price, Value


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: the crash's clock, the price of the asset that it is about, and what has happened so far."""

    at: Milliseconds
    end_at: Milliseconds
    symbol: str
    price: Price
    below_count: int
    bad_debt_value: Value
    liquidation_count: int


class Recorder:
    """Collects one run."""

    def __init__(self, plan: RunPlan, engine: Engine) -> None:
        self._plan = plan
        self._engine = engine
        opened = plan.opening[0]
        assert isinstance(opened, DeploymentOpened), opened
        self._symbols = [asset.symbol for asset in opened.assets]
        self._valuation: BookValuation | None = None
        self._next_tick_at = plan.path.grid.start_at
        self.tally = Tally(len(self._symbols))
        self.amounts_before: Amounts | None = None
        self.start_orders: tuple[Order, ...] = ()
        self.event_count = self.tick_count = self.block_count = 0
        self.headline_asset = 0
        self._timeline: list[tuple[object, ...]] = []
        self._liquidations: list[tuple[object, ...]] = []
        self._worst_debt_f64 = -1.0
        self._health: dict[str, tuple[FloatColumn, FloatColumn]] = {}
        self.worst_insolvent_f64 = 0.0
        self.lowest_health_ratio: dict[bytes, int] = {}

    def observe(self, event: Event, orders: tuple[Order, ...]) -> None:
        """Take note of an event that was applied and of its orders."""
        self.event_count += 1
        state = self._engine.state
        if orders:
            self.tally.add(orders, state.deployment)
            self._keep_orders(orders)
        if isinstance(event, PositionsChanged) and self._valuation is not None:
            self._valuation.forget()
        if isinstance(event, BlockObserved):
            self.block_count += 1
            if self.amounts_before is None:
                self._start(orders)
            if event.at >= self._next_tick_at and self._next_tick_at <= self._plan.path.grid.end_at:
                self._tick(event.at)

    def _start(self, orders: tuple[Order, ...]) -> None:
        """Take stock at the first block, when the first prices are known and nothing has been liquidated."""
        state = self._engine.state
        self.start_orders = orders
        self.amounts_before = amounts_in(state.deployment, self._engine.protocol)
        self._valuation = BookValuation(state.deployment, self._engine.protocol)
        self._health["before"] = self._valuation.health_factors_f64()
        totals = [0.0] * len(self._symbols)
        for asset, (price, amount) in enumerate(
            zip(state.deployment.prices, self.amounts_before.collateral_amounts, strict=True)
        ):
            totals[asset] = (price or 0) * amount / state.deployment.units[asset]
        self.headline_asset = max(range(len(totals)), key=lambda asset: (self._moves(asset), totals[asset], -asset))

    def _moves(self, asset: int) -> bool:
        """Return whether the asset's price falls by a twentieth or more: what a crash is about."""
        series = self._plan.path.prices.get(self._symbols[asset], ())
        return bool(series) and min(series) * 20 <= series[0] * 19

    def _keep_orders(self, orders: tuple[Order, ...]) -> None:
        balances_moved = False
        for order in singly(orders):
            balances_moved |= isinstance(order, SettleFill | AbsorbLoss | AutoDeleverage | StartAuction | EndAuction)
            match order:
                case SettleFill():
                    self._keep_liquidation(order)
                    self._see_health(order.account, order.health_factor_ratio_before)
                case SettleBid():
                    self._keep_bid(order)
                case DrawBackstop():
                    self._keep_draw(order)
                case Liquidate() | DeclineAccount():
                    self._see_health(order.account, order.health_factor_ratio)
                case AbsorbLoss():
                    self._keep_bad_debt(order)
                case _:
                    pass
        if balances_moved and self._valuation is not None:
            self._valuation.forget()

    def _see_health(self, account: bytes, health_factor_ratio: int) -> None:
        before = self.lowest_health_ratio.get(account)
        if before is None or health_factor_ratio < before:
            self.lowest_health_ratio[account] = health_factor_ratio

    def _keep_liquidation(self, order: SettleFill) -> None:
        deployment = self._engine.state.deployment
        debt_asset = deployment.assets[deployment.markets[order.debt_market].debt_asset]
        collateral_asset = deployment.assets[deployment.markets[order.collateral_market].collateral_asset]
        self._liquidations.append((
            deployment.at, decode_account(order.account), order.keeper, order.order_id, order.fill_id,
            debt_asset.symbol, collateral_asset.symbol,
            amount_text(order.repay_amount, debt_asset.decimals),
            amount_text(order.seize_amount, collateral_asset.decimals),
            amount_text(order.fee_amount, collateral_asset.decimals),
            wad_text(order.debt_price), wad_text(order.collateral_price), wad_text(order.liquidation_bonus_ratio),
            order.repay_value / WAD, order.seize_value / WAD, order.fee_value / WAD, 0.0,
            order.health_factor_ratio_before / WAD, order.health_factor_ratio_after / WAD,
            (deployment.at - order.below_since) / 1_000,
        ))  # fmt: skip

    def _keep_bid(self, order: SettleBid) -> None:
        """Write what was bought at an auction as a row: the auction as the order, the discount to the mark as the bonus."""
        deployment = self._engine.state.deployment
        debt_asset = deployment.assets[deployment.markets[order.debt_market].debt_asset]
        collateral_asset = deployment.assets[deployment.markets[order.collateral_market].collateral_asset]
        bonus_value = order.seize_value - order.pay_value
        bonus_ratio = mul_div_down(bonus_value, WAD, order.pay_value) if order.pay_value else 0
        self._liquidations.append((
            deployment.at, decode_account(order.account), order.keeper, order.auction_id, order.bid_id,
            debt_asset.symbol, collateral_asset.symbol,
            amount_text(order.pay_amount, debt_asset.decimals),
            amount_text(order.seize_amount, collateral_asset.decimals), amount_text(0, collateral_asset.decimals),
            wad_text(order.debt_price), wad_text(order.collateral_price), wad_text(bonus_ratio),
            order.pay_value / WAD, order.seize_value / WAD, 0.0, 0.0, None, None,
            (deployment.at - order.below_since) / 1_000,
        ))  # fmt: skip

    def _keep_draw(self, order: DrawBackstop) -> None:
        """Write what the backstop paid and got as a row of its own, like the fill that it followed."""
        if not order.offset_amount:
            return
        row = dict(zip(LIQUIDATION_COLUMNS, self._liquidations[-1], strict=True))
        markets, assets = self._engine.state.deployment.markets, self._engine.state.deployment.assets
        debt_asset = assets[markets[order.debt_market].debt_asset]
        collateral_asset = assets[markets[order.collateral_market].collateral_asset]
        row |= {
            "keeper": BACKSTOP,
            "repay_amount": amount_text(order.offset_amount, debt_asset.decimals),
            "seize_amount": amount_text(order.gain_amount, collateral_asset.decimals),
            "fee_amount": amount_text(0, collateral_asset.decimals),
            "repay_value_f64": order.offset_amount / debt_asset.unit * float(str(row["debt_price"])),
            "seize_value_f64": order.gain_amount / collateral_asset.unit * float(str(row["collateral_price"])),
            "fee_value_f64": 0.0,
        }
        self._liquidations.append(tuple(row.values()))

    def _keep_bad_debt(self, order: AbsorbLoss) -> None:
        """Write a loss into the row of the fill that it followed; without one it is in the timeline only."""
        account = decode_account(order.account)
        column = list(LIQUIDATION_COLUMNS).index("bad_debt_value_f64")
        if self._liquidations and self._liquidations[-1][:2] == (self._engine.state.deployment.at, account):
            row = list(self._liquidations[-1])
            row[column] = float(str(row[column])) + order.bad_debt_value / WAD
            self._liquidations[-1] = tuple(row)

    def _tick(self, at: Milliseconds) -> None:
        state, grid = self._engine.state, self._plan.path.grid
        assert self._valuation is not None
        while self._next_tick_at <= at:
            self._next_tick_at += grid.step_ms
        self.tick_count += 1
        values = self._valuation.values()
        insolvent_f64 = values.insolvent_value_f64
        self.worst_insolvent_f64 = max(self.worst_insolvent_f64, insolvent_f64)
        rows = np.fromiter(state.episodes, np.int64, len(state.episodes))
        below_debt_f64 = self._valuation.debt_below_f64(values, rows)
        if below_debt_f64 > self._worst_debt_f64:
            self._worst_debt_f64 = below_debt_f64
            self._health["worst"] = self._valuation.health_factors_f64()
        collateral_f64, debt_f64 = values.totals_f64
        self._timeline.append((
            at, *((price or 0) / WAD for price in state.deployment.prices), rows.size, below_debt_f64,
            insolvent_f64, self.tally.bad_debt_value / WAD, debt_f64, collateral_f64,
            len(state.order_rows),
        ))  # fmt: skip

    # -- what comes out -----------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """Return where the run is."""
        state = self._engine.state
        symbol = self._symbols[self.headline_asset] if self._symbols else ""
        return Progress(
            at=state.deployment.at,
            end_at=self._plan.path.grid.end_at,
            symbol=symbol,
            price=state.deployment.prices[self.headline_asset] or 0,
            below_count=len(state.episodes),
            bad_debt_value=self.tally.bad_debt_value,
            liquidation_count=self.tally.liquidation_count,
        )

    def timeline(self) -> pl.DataFrame:
        """Return one row a tick."""
        prices = {f"price_{symbol}_f64": pl.Float64 for symbol in self._symbols}
        schema = {"at_ms": pl.Int64, **prices, **TIMELINE_COLUMNS}
        return pl.DataFrame(self._timeline, schema=schema, orient="row")

    def liquidations(self) -> pl.DataFrame:
        """Return one row a settled fill."""
        return pl.DataFrame(self._liquidations, schema=LIQUIDATION_COLUMNS, orient="row")

    def health(self) -> pl.DataFrame:
        """Return the health factor of every account with debt: before, at the worst moment, after."""
        assert self._valuation is not None
        self._health["after"] = self._valuation.health_factors_f64()
        frames = [
            pl.DataFrame({"health_factor_f64": health_f64, "debt_value_f64": debt_f64}).select(
                pl.lit(moment).alias("moment"), pl.all()
            )
            for moment, (health_f64, debt_f64) in self._health.items()
        ]
        return pl.concat(frames)

    def refusals_at_start(self) -> Counter[str]:
        """Return why accounts that were below the line at the first block got no order; `offered` for the others."""
        reasons: Counter[str] = Counter()
        for order in singly(self.start_orders):
            if isinstance(order, Liquidate):
                reasons["offered"] += 1
            elif isinstance(order, DeclineAccount):
                reasons[order.reason.value] += 1
        return reasons

    def debt_value_at_start(self) -> Value:
        """Return what the accounts owed that were below the line at the first block."""
        declined_or_offered = (
            order for order in singly(self.start_orders) if isinstance(order, Liquidate | DeclineAccount)
        )
        return sum(order.debt_value for order in declined_or_offered)


TIMELINE_COLUMNS = {
    "liquidatable_count": pl.Int64,
    "liquidatable_debt_value_f64": pl.Float64,
    "insolvent_value_f64": pl.Float64,
    "bad_debt_value_f64": pl.Float64,
    "debt_value_f64": pl.Float64,
    "collateral_value_f64": pl.Float64,
    "open_order_count": pl.Int64,
}

BACKSTOP = -1
"""What stands for a keeper where a stability pool pays."""
LIQUIDATION_COLUMNS = {
    "at_ms": pl.Int64,
    "account": pl.String,
    "keeper": pl.Int64,
    "order_id": pl.Int64,
    "fill_id": pl.Int64,
    "debt_asset": pl.String,
    "collateral_asset": pl.String,
    "repay_amount": pl.String,
    "seize_amount": pl.String,
    "fee_amount": pl.String,
    "debt_price": pl.String,
    "collateral_price": pl.String,
    "liquidation_bonus_ratio": pl.String,
    "repay_value_f64": pl.Float64,
    "seize_value_f64": pl.Float64,
    "fee_value_f64": pl.Float64,
    "bad_debt_value_f64": pl.Float64,
    "health_factor_before_f64": pl.Float64,
    "health_factor_after_f64": pl.Float64,
    "seconds_below_line_f64": pl.Float64,
}
