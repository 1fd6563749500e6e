"""Keepers: they take orders, wait out their reaction delay, bid where it pays, and sell what they seized.

A keeper decides on the state as of the last block, at the market's prices (not the oracle's), and its fill runs in
the block that follows. Several bids of one block know of each other's sales. Who bids: the next keeper in turn that
can pay the whole, or the richest one as far as its capital goes; the capital comes back when the seized collateral is
sold, in the block of the settlement.

Where nothing is to be repaid, whoever is next acts: what such a protocol pays flat is taken to cover the cost.
An order that nobody wants is parked, with the reason, and looked at again:
- *dust*, its bonus at mark prices is below the least profit: after `recheck_ms`, each time twice as long, up to
  `recheck_ms_max`; below a quarter of the least profit, by its own numbers, not before a new order comes;
- *unprofitable*, the market does not pay: every `recheck_ms`, as soon as the market pays so much more for what the oracle
  values at one that the same bid would pay (the bonus taken to be what it was);
- *no capital*: after the reaction delay; anything that the rule refuses: after `recheck_ms`.
"""

import heapq
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from seawall.fixed import WAD, mul_div_up
from seawall.keeper.bid import Bid, best_bid
from seawall.keeper.ports import StateView
from seawall.ledger.asset import Asset
from seawall.ledger.event import Fill
from seawall.ledger.market import Market
from seawall.ledger.order import CancelOrder, Liquidate, RefuseFill, SettleFill, SingleOrder
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Limit
from seawall.units import Amount, Milliseconds, Value
from seawall.world.depth import Depth

_HOPELESS: Final = 4
_OFFERED_PARTS: Final = 10_001
_LIMIT_PARTS: Final = 10_000
_GONE: Final = (Refusal.ORDER_UNKNOWN, Refusal.ORDER_EXPIRED)


class KeeperRule(msgspec.Struct, frozen=True):
    """How many keepers there are, how fast, how rich each is, and what they work for."""

    count: int
    reaction_ms: Milliseconds
    capital_value: Value
    least_profit_value: Value
    recheck_ms: Milliseconds = 60_000
    recheck_ms_max: Milliseconds = 21_600_000


class Reason(Enum):
    """Why an order waits, where it is not the rule that refuses."""

    REACTING = "keeper_reacting"
    DUST = "dust"
    UNPROFITABLE = "unprofitable"
    CAPITAL = "no_capital"


class _Wait(NamedTuple):
    """Until when an order is left alone, and why."""

    due_at: Milliseconds
    reason: str


class _Parked(msgspec.Struct):
    """An open order as the keepers see it; `due_at` is None while a fill is on its way, or for hopeless dust.

    `needed_f64` is the market's rate for `pair` (collateral and debt asset) below which nobody looks again.
    """

    order: Liquidate
    due_at: Milliseconds | None
    patience_ms: Milliseconds
    fill_count: int = 0
    pair: tuple[int, int] = (0, 0)
    needed_f64: float = 0.0


class MarketNow:
    """What keepers see when they decide in a block; the pressure on an asset grows by what is planned in it."""

    def __init__(
        self, view: StateView, unit_values_f64: Sequence[float], depths: Sequence[Depth], at: Milliseconds
    ) -> None:
        self.view = view
        self.unit_values_f64 = unit_values_f64
        self._depths = depths
        self._at = at
        self._pressures_f64: dict[int, float] = {}

    def pressure_f64(self, asset: int) -> float:
        """Return the value that weighs on the market of an asset."""
        if asset not in self._pressures_f64:
            self._pressures_f64[asset] = self._depths[asset].pressure_f64(self._at)
        return self._pressures_f64[asset]

    def plan_sale(self, asset: int, amount: Amount) -> None:
        """Let what will be sold in this block weigh on the next bid."""
        self._pressures_f64[asset] = self.pressure_f64(asset) + amount * self.unit_values_f64[asset]


def next_keeper(capital_f64: Sequence[float], turn: int, cost_f64: float) -> int:
    """Return the next keeper in turn that can pay `cost_f64`, or the richest one."""
    count = len(capital_f64)
    for nth in range(count):
        keeper = (turn + nth) % count
        if capital_f64[keeper] >= cost_f64:
            return keeper
    return max(range(count), key=capital_f64.__getitem__)


class Keepers:
    """All keepers of one world; `depths` are by asset."""

    def __init__(
        self, rule: KeeperRule, assets: Sequence[Asset], markets: Sequence[Market], depths: Sequence[Depth]
    ) -> None:
        self._rule = rule
        self._units = [asset.unit for asset in assets]
        self._markets = markets
        self._depths = depths
        self._least_profit_f64 = rule.least_profit_value / WAD
        self._open: dict[int, _Parked] = {}
        self._due: list[tuple[Milliseconds, int]] = []
        self._paid: dict[tuple[int, int], float] = {}
        self._turn = 0
        self.capital_f64 = [rule.capital_value / WAD] * rule.count
        self.profit_f64 = [0.0] * rule.count
        self.refused_count = 0
        self.reasons: dict[bytes, str] = {}
        """Why the account of each open order was not liquidated so far."""

    @property
    def next_due_at(self) -> Milliseconds | None:
        """Return when the next order is to be looked at, or None."""
        while self._due:
            due_at, order_id = self._due[0]
            parked = self._open.get(order_id)
            if parked is not None and parked.due_at == due_at:
                return due_at
            heapq.heappop(self._due)
        return None

    def receive(self, order: SingleOrder, at: Milliseconds, view: StateView, unit_values_f64: Sequence[float]) -> None:
        """Take what concerns keepers: an order, its end, or what became of a fill; seized collateral is sold."""
        if isinstance(order, Liquidate):
            if order.is_auctioned:
                return
            self._open[order.order_id] = _Parked(order, None, self._rule.recheck_ms)
            hopeless = order.repay_amount_max > 0 and self._bonus_f64(order.debt_market, order.collateral_market, order.repay_amount_max,
                                       order.seize_amount_at_max, view) * _HOPELESS < self._least_profit_f64  # fmt: skip
            if hopeless:
                self.reasons[order.account] = Reason.DUST.value
            else:
                self._wait(order.order_id, at + self._rule.reaction_ms, Reason.REACTING.value)
        elif isinstance(order, CancelOrder):
            self._drop(order.order_id)
        elif isinstance(order, SettleFill):
            self._sell(order, at, unit_values_f64)
            if order.order_id in self._open:
                self._wait(order.order_id, at + self._rule.reaction_ms, Reason.REACTING.value)
        elif isinstance(order, RefuseFill):
            self.capital_f64[order.keeper] += self._paid.pop((order.order_id, order.fill_id))
            self.refused_count += 1
            if order.reason in _GONE:
                self._drop(order.order_id)
            elif order.order_id in self._open:
                self._wait(order.order_id, at + self._rule.recheck_ms, order.reason.value)

    def decide(self, at: Milliseconds, view: StateView, unit_values_f64: Sequence[float]) -> tuple[Fill, ...]:
        """Look at every order that is due at `at`, the greatest priority first, and return the fills sent.

        `unit_values_f64` is what a base unit of each asset is worth in the market.
        """
        looked_at = []
        while (due_at := self.next_due_at) is not None and due_at <= at:
            parked = self._open[heapq.heappop(self._due)[1]]
            parked.due_at = None
            looked_at.append(parked)
        looked_at.sort(key=lambda parked: (-parked.order.priority, parked.order.account))
        fills: list[Fill] = []
        if not looked_at:
            return ()
        market = MarketNow(view, unit_values_f64, self._depths, at)
        for parked in looked_at:
            answer = self._answer(parked, at, market)
            if isinstance(answer, Fill):
                fills.append(answer)
            else:
                self._wait(parked.order.order_id, answer.due_at, answer.reason)
        return tuple(fills)

    def _answer(self, parked: _Parked, at: Milliseconds, market: MarketNow) -> Fill | _Wait:
        """Return the fill of an order, or until when and why it waits."""
        order, view, recheck_at = parked.order, market.view, at + self._rule.recheck_ms
        if parked.needed_f64 and self._rate_f64(parked.pair, market) < parked.needed_f64:
            return _Wait(recheck_at, Reason.UNPROFITABLE.value)
        parked.needed_f64 = 0.0
        limit = view.liquidation_limit(order.account)
        if isinstance(limit, Refusal):
            return _Wait(recheck_at, limit.value)
        bonus_f64 = self._bonus_f64(
            limit.debt_market, limit.collateral_market, limit.repay_amount, limit.seize_amount, view
        )
        if bonus_f64 < self._least_profit_f64 and limit.repay_amount:
            patience_ms = parked.patience_ms
            parked.patience_ms = min(2 * patience_ms, self._rule.recheck_ms_max)
            return _Wait(at + patience_ms, Reason.DUST.value)
        parked.patience_ms = self._rule.recheck_ms
        return self._answer_within(parked, limit, at, market)

    def _answer_within(self, parked: _Parked, limit: Limit, at: Milliseconds, market: MarketNow) -> Fill | _Wait:
        """Return the fill that the market and the capital allow within the rule's limit, or the wait."""
        order, view, recheck_at = parked.order, market.view, at + self._rule.recheck_ms
        collateral = self._markets[limit.collateral_market].collateral_asset
        debt = self._markets[limit.debt_market].debt_asset
        repay_unit_f64 = market.unit_values_f64[debt]
        keeper = next_keeper(self.capital_f64, self._turn, limit.repay_amount * repay_unit_f64)
        affordable = min(limit.repay_amount, int(self.capital_f64[keeper] / repay_unit_f64))

        def proceeds_f64(amount: Amount) -> float:
            value_f64 = amount * market.unit_values_f64[collateral]
            return self._depths[collateral].proceeds_from_f64(market.pressure_f64(collateral), value_f64)

        bid = self._bid(order.account, limit, affordable, repay_unit_f64, proceeds_f64, view)
        if isinstance(bid, Refusal):
            return _Wait(recheck_at, bid.value)
        if bid.profit_f64 < self._least_profit_f64 and limit.repay_amount:
            if affordable < limit.repay_amount and bid.repay_amount == affordable:
                return _Wait(at + self._rule.reaction_ms, Reason.CAPITAL.value)
            parked.pair = (collateral, debt)
            parked.needed_f64 = self._rate_f64(parked.pair, market) * (
                (bid.repay_amount * repay_unit_f64 + self._least_profit_f64) / proceeds_f64(bid.seize_amount)
                if bid.repay_amount
                else limit.repay_amount * repay_unit_f64 / self._first_proceeds_f64(collateral, limit, market)
            )
            return _Wait(recheck_at, Reason.UNPROFITABLE.value)

        offered = self._offer(order.account, limit, bid, view)
        paid_f64 = offered * repay_unit_f64
        market.plan_sale(collateral, bid.seize_amount)
        self.capital_f64[keeper] -= paid_f64
        self._paid[order.order_id, parked.fill_count] = paid_f64
        self._turn = (keeper + 1) % self._rule.count
        parked.fill_count += 1
        return Fill(
            order.order_id,
            parked.fill_count - 1,
            order.account,
            keeper,
            limit.debt_market,
            limit.collateral_market,
            offered,
        )

    def _first_proceeds_f64(self, collateral: int, limit: Limit, market: MarketNow) -> float:
        """Return what a limit's collateral would bring if all of it were sold as its first unit is."""
        impact_f64 = self._depths[collateral].impact_f64(market.pressure_f64(collateral))
        return limit.seize_amount * market.unit_values_f64[collateral] * (1.0 - impact_f64)

    def _rate_f64(self, pair: tuple[int, int], market: MarketNow) -> float:
        """Return what the market pays for collateral that the oracle values at one, in debt that it values at one."""
        collateral, debt = pair
        impact_f64 = self._depths[collateral].impact_f64(market.pressure_f64(collateral))
        marks_f64 = self._mark_value_f64(debt, self._units[debt], market.view) / self._mark_value_f64(
            collateral, self._units[collateral], market.view
        )
        collateral_f64 = market.unit_values_f64[collateral] * self._units[collateral] * (1.0 - impact_f64)
        return collateral_f64 / (market.unit_values_f64[debt] * self._units[debt]) * marks_f64

    def _bid(
        self, account: bytes, limit: Limit, affordable: Amount, repay_unit_f64: float,
        proceeds_f64: Callable[[Amount], float], view: StateView,
    ) -> Bid | Refusal:  # fmt: skip
        """Return the best bid within the capital; where the rule refuses a part, the whole if it pays."""
        bid = best_bid(limit.repay_amount, limit.seize_amount, repay_unit_f64, proceeds_f64, affordable)
        if bid.repay_amount == limit.repay_amount or bid.profit_f64 < self._least_profit_f64:
            return bid
        quote = view.quote(account, limit.debt_market, limit.collateral_market, bid.repay_amount)
        if not isinstance(quote, Refusal):
            return bid
        if affordable < limit.repay_amount:
            return quote
        profit_f64 = proceeds_f64(limit.seize_amount) - repay_unit_f64 * limit.repay_amount
        whole = Bid(limit.repay_amount, limit.seize_amount, profit_f64)
        return whole if whole.profit_f64 >= self._least_profit_f64 else quote

    def _offer(self, account: bytes, limit: Limit, bid: Bid, view: StateView) -> Amount:
        """Return what to offer for a bid: for the whole a little more, where the contract takes only what it may.

        Debt grows until the fill runs; what was all of it now would leave dust then.
        """
        if bid.repay_amount < limit.repay_amount:
            return bid.repay_amount
        offered = mul_div_up(limit.repay_amount, _OFFERED_PARTS, _LIMIT_PARTS)
        quote = view.quote(account, limit.debt_market, limit.collateral_market, offered)
        return bid.repay_amount if isinstance(quote, Refusal) else offered

    def _bonus_f64(
        self, debt_market: int, collateral_market: int, repay_amount: Amount, seize_amount: Amount, view: StateView
    ) -> float:  # fmt: skip
        """Return what a liquidation leaves at mark prices, before the market's impact."""
        debt = self._markets[debt_market].debt_asset
        collateral = self._markets[collateral_market].collateral_asset
        return self._mark_value_f64(collateral, seize_amount, view) - self._mark_value_f64(debt, repay_amount, view)

    def _mark_value_f64(self, asset: int, amount: Amount, view: StateView) -> float:
        price = view.price(asset)
        assert price is not None, asset
        return amount / self._units[asset] * (price / WAD)

    def _sell(self, settled: SettleFill, at: Milliseconds, unit_values_f64: Sequence[float]) -> None:
        """Sell the seized collateral, and give the keeper its money back with what it gained."""
        collateral = self._markets[settled.collateral_market].collateral_asset
        debt = self._markets[settled.debt_market].debt_asset
        value_f64 = settled.seize_amount * unit_values_f64[collateral]
        proceeds_f64 = self._depths[collateral].sell_f64(at, settled.seize_amount, value_f64)
        gain_f64 = proceeds_f64 - settled.repay_amount * unit_values_f64[debt]
        self.capital_f64[settled.keeper] += self._paid.pop((settled.order_id, settled.fill_id)) + gain_f64
        self.profit_f64[settled.keeper] += gain_f64

    def _wait(self, order_id: int, due_at: Milliseconds, reason: str) -> None:
        parked = self._open[order_id]
        parked.due_at = due_at
        self.reasons[parked.order.account] = reason
        heapq.heappush(self._due, (due_at, order_id))

    def _drop(self, order_id: int) -> None:
        parked = self._open.pop(order_id, None)
        if parked is not None:
            self.reasons.pop(parked.order.account, None)
