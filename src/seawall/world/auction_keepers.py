"""Keepers at auctions: they ask for the auction of every order, start again what is spent, and take where it pays.

A keeper takes as much of a lot as pays best at the auction's price and the market's depth, within its capital, once
that leaves the least profit. It decides on the state of the last block, waits out its reaction, looks once more, and
its bid runs in the block that follows, so it may pay less than what it first saw. Who bids is the next keeper in turn
that can pay. Where an auction has a window, keepers in turn bid what the lot is worth to them, its proceeds less the least
profit, until it is asked for twice, and ask for its end. English auctions are only started here.
"""

from collections.abc import Sequence

import msgspec

from seawall.fixed import RAY, WAD, div_up, mul_div_down
from seawall.keeper.bid import best_bid
from seawall.keeper.ports import StateView
from seawall.ledger.auction import Auction
from seawall.ledger.event import (
    AuctionEndsRequested,
    AuctionRequest,
    AuctionResetsRequested,
    AuctionsRequested,
    Bid,
    BidsReported,
    Event,
)
from seawall.ledger.market import Market
from seawall.ledger.order import (
    CancelOrder,
    EndAuction,
    HoldBid,
    Liquidate,
    RefuseAuction,
    RefuseBid,
    ResetAuction,
    ReturnBid,
    SettleBid,
    SingleOrder,
    StartAuction,
)
from seawall.ledger.refusal import Refusal
from seawall.units import Amount, Milliseconds
from seawall.world.depth import Depth
from seawall.world.keepers import KeeperRule, MarketNow, next_keeper


class _Lot(msgspec.Struct):
    """A running auction as the keepers see it; `is_seen` once a look has found that a bid would pay.

    `is_whole_only` once a part of it was refused for the dust that it would leave.
    """

    start: StartAuction
    due_at: Milliseconds | None
    is_seen: bool = False
    bid_count: int = 0
    is_whole_only: bool = False
    ends_at: Milliseconds = 0


class AuctionKeepers:
    """All keepers of one world whose protocol sells by auction; `depths` are by asset."""

    def __init__(self, rule: KeeperRule, markets: Sequence[Market], depths: Sequence[Depth]) -> None:
        self._rule = rule
        self._markets = markets
        self._depths = depths
        self._orders: dict[int, tuple[Liquidate, Milliseconds | None]] = {}
        self._lots: dict[int, _Lot] = {}
        self._paid: dict[tuple[int, int], float] = {}
        self._turn = 0
        self.capital_f64 = [rule.capital_value / WAD] * rule.count
        self.profit_f64 = [0.0] * rule.count
        self.refused_count = 0

    @property
    def next_due_at(self) -> Milliseconds | None:
        """Return when the next order or auction is to be looked at, or None."""
        waits = [due_at for _, due_at in self._orders.values()] + [lot.due_at for lot in self._lots.values()]
        return min((due_at for due_at in waits if due_at is not None), default=None)

    def receive(self, order: SingleOrder, at: Milliseconds, unit_values_f64: Sequence[float]) -> None:
        """Take what concerns auctions: an order, a start, a reset, an end, or what became of a bid."""
        reacts_at, rechecks_at = at + self._rule.reaction_ms, at + self._rule.recheck_ms
        match order:
            case Liquidate() if order.is_auctioned:
                self._orders[order.order_id] = (order, reacts_at)
            case CancelOrder():
                self._orders.pop(order.order_id, None)
            case StartAuction():
                self._lots[order.auction_id] = _Lot(order, reacts_at)
                self._reward(order.keeper, order.reward_amount, order.debt_market, unit_values_f64)
                self._look_at_order(order.order_id, rechecks_at)
            case RefuseAuction() if order.order_id:
                self.refused_count += 1
                self._look_at_order(order.order_id, rechecks_at)
            case RefuseAuction():
                self.refused_count += 1
                self._look_at_lot(order.auction_id, rechecks_at)
            case ResetAuction():
                self._reward(order.keeper, order.reward_amount, order.debt_market, unit_values_f64)
                self._look_at_lot(order.auction_id, reacts_at)
            case HoldBid() | ReturnBid():
                self._follow_bid(order, rechecks_at, unit_values_f64)
            case SettleBid():
                self._sell(order, at, unit_values_f64)
                self._look_at_lot(order.auction_id, reacts_at)
            case RefuseBid():
                self.capital_f64[order.keeper] += self._paid.pop((order.auction_id, order.bid_id))
                self.refused_count += 1
                if order.reason is Refusal.LEAVES_DUST:
                    self._lots[order.auction_id].is_whole_only = True
                self._look_at_lot(order.auction_id, rechecks_at)
            case EndAuction():
                del self._lots[order.auction_id]
            case _:
                pass

    def decide(self, at: Milliseconds, view: StateView, unit_values_f64: Sequence[float]) -> tuple[Event, ...]:
        """Look at every order and auction that is due at `at`, and return what is asked for and bid.

        `unit_values_f64` is what a base unit of each asset is worth in the market.
        """
        market = MarketNow(view, unit_values_f64, self._depths, at)
        requests = self._requests(at)
        resets: list[int] = []
        ends: dict[tuple[int, int, int], int] = {}
        bids: list[Bid] = []
        for auction_id, lot in sorted(self._lots.items()):
            if lot.due_at is not None and lot.due_at <= at:
                lot.due_at = None
                self._answer(auction_id, lot, at, market, resets, ends, bids)
        events: list[Event] = []
        if requests:
            events.append(AuctionsRequested(at, tuple(requests)))
        if resets:
            events.append(AuctionResetsRequested(at, self._turn, tuple(resets)))
        if ends:
            events.append(AuctionEndsRequested(at, tuple(ends.values())))
        if bids:
            events.append(BidsReported(at, tuple(bids)))
        return tuple(events)

    def _requests(self, at: Milliseconds) -> list[AuctionRequest]:
        """Return the auctions to ask for now, the greatest priority first."""
        due = [order for order, due_at in self._orders.values() if due_at is not None and due_at <= at]
        due.sort(key=lambda order: (-order.priority, order.account))
        for order in due:
            self._orders[order.order_id] = (order, None)
        return [AuctionRequest(order.order_id, order.account, self._turn) for order in due]

    def _answer(
        self,
        auction_id: int,
        lot: _Lot,
        at: Milliseconds,
        market: MarketNow,
        resets: list[int],
        ends: dict[tuple[int, int, int], int],
        bids: list[Bid],
    ) -> None:
        """Reset or end an auction, bid on it, or look again later; of a batch, one is asked to end."""
        auction = market.view.auction(auction_id)
        price_ray = market.view.auction_price_ray(auction_id)
        if price_ray is Refusal.AUCTION_CLOSED:
            if auction is not None and auction.ends_at:
                ends.setdefault((auction.debt_market, auction.collateral_market, auction.ends_at), auction_id)
                lot.due_at = at + self._rule.recheck_ms
            else:
                resets.append(auction_id)
            return
        if auction is not None and auction.ends_at:
            lot.due_at = at + self._rule.recheck_ms
            if not lot.ends_at and not isinstance(price_ray, Refusal):
                bids += self._window_bids(auction, lot, price_ray, market)
            return
        bid = None if isinstance(price_ray, Refusal) else self._bid(auction_id, lot, price_ray, market)
        if bid is None:
            lot.is_seen, lot.due_at = False, at + self._rule.recheck_ms
        elif lot.is_seen or not self._rule.reaction_ms:
            lot.is_seen = False
            lot.bid_count += 1
            bids.append(bid)
        else:
            lot.is_seen, lot.due_at = True, at + self._rule.reaction_ms

    def _bid(self, auction_id: int, lot: _Lot, price_ray: int, market: MarketNow) -> Bid | None:
        """Return the bid that pays best, or None where none leaves the least profit."""
        auction = market.view.auction(auction_id)
        if auction is None or price_ray == 0:
            return None
        start = lot.start
        collateral = self._markets[start.collateral_market].collateral_asset
        pay_unit_f64 = market.unit_values_f64[self._markets[start.debt_market].debt_asset]
        whole_ray = min(auction.due_ray, auction.lot_balance * price_ray)
        whole_balance = mul_div_down(whole_ray, 1, price_ray)
        whole_amount, pay_amount = (
            mul_div_down(whole_balance, start.lot_amount, start.lot_balance),
            div_up(whole_ray, RAY),
        )
        if whole_amount == 0:
            return None
        keeper = next_keeper(self.capital_f64, self._turn, pay_amount * pay_unit_f64)

        def proceeds_f64(amount: Amount) -> float:
            value_f64 = amount * market.unit_values_f64[collateral]
            return self._depths[collateral].proceeds_from_f64(market.pressure_f64(collateral), value_f64)

        affordable = min(pay_amount, int(self.capital_f64[keeper] / pay_unit_f64))
        best = best_bid(pay_amount, whole_amount, pay_unit_f64, proceeds_f64, affordable)
        if lot.is_whole_only and best.repay_amount < pay_amount:
            whole_profit_f64 = proceeds_f64(whole_amount) - pay_amount * pay_unit_f64
            best = best._replace(repay_amount=pay_amount, seize_amount=whole_amount, profit_f64=whole_profit_f64)
        if best.repay_amount > affordable or best.profit_f64 < self._rule.least_profit_value / WAD:
            return None
        if lot.is_seen or not self._rule.reaction_ms:
            self._pay(auction_id, lot, keeper, best.repay_amount * pay_unit_f64)
            market.plan_sale(collateral, best.seize_amount)
        lot_balance = mul_div_down(best.repay_amount, whole_balance, pay_amount)
        return Bid(auction_id, lot.bid_count, keeper, max(1, lot_balance), price_ray)

    def _window_bids(self, auction: Auction, lot: _Lot, reserve_ray: int, market: MarketNow) -> list[Bid]:
        """Return the bids of the keepers whose turn it is, at what the lot is worth to them; none below the reserve."""
        start = lot.start
        collateral = self._markets[start.collateral_market].collateral_asset
        pay_unit_f64 = market.unit_values_f64[self._markets[start.debt_market].debt_asset]
        wanted_balance = min(auction.lot_balance, div_up(auction.due_ray, reserve_ray))
        wanted_amount = mul_div_down(wanted_balance, start.lot_amount, start.lot_balance)
        value_f64 = wanted_amount * market.unit_values_f64[collateral]
        proceeds_f64 = self._depths[collateral].proceeds_from_f64(market.pressure_f64(collateral), value_f64)
        worth_f64 = proceeds_f64 - self._rule.least_profit_value / WAD
        price_ray = mul_div_down(max(0, int(worth_f64 / pay_unit_f64)), RAY, wanted_balance)
        if price_ray < reserve_ray:
            return []
        bids: list[Bid] = []
        asked_balance = 0
        for _ in self.capital_f64:
            keeper = self._turn
            self._turn = (keeper + 1) % self._rule.count
            affordable = mul_div_down(max(0, int(self.capital_f64[keeper] / pay_unit_f64)), RAY, price_ray)
            lot_balance = min(wanted_balance, affordable)
            if lot_balance and asked_balance < 2 * wanted_balance:
                lot.bid_count += 1
                asked_balance += lot_balance
                self._pay(auction.auction_id, lot, keeper, div_up(lot_balance * price_ray, RAY) * pay_unit_f64)
                bids.append(Bid(auction.auction_id, lot.bid_count, keeper, lot_balance, price_ray))
        if bids:
            lot.ends_at = auction.ends_at
            market.plan_sale(collateral, wanted_amount)
        return bids

    def _follow_bid(
        self, order: HoldBid | ReturnBid, rechecks_at: Milliseconds, unit_values_f64: Sequence[float]
    ) -> None:
        """Note that a bid's money is held, or came back."""
        if isinstance(order, HoldBid):
            del self._paid[order.auction_id, order.bid_id]
            self._look_at_lot(order.auction_id, max(rechecks_at, self._lots[order.auction_id].ends_at))
        else:
            debt = self._markets[order.debt_market].debt_asset
            self.capital_f64[order.keeper] += order.pay_amount * unit_values_f64[debt]

    def _pay(self, auction_id: int, lot: _Lot, keeper: int, paid_f64: float) -> None:
        self.capital_f64[keeper] -= paid_f64
        self._paid[auction_id, lot.bid_count] = paid_f64
        self._turn = (keeper + 1) % self._rule.count

    def _sell(self, settled: SettleBid, at: Milliseconds, unit_values_f64: Sequence[float]) -> None:
        """Sell what was bought, and give the keeper its money back with what it gained."""
        collateral = self._markets[settled.collateral_market].collateral_asset
        debt = self._markets[settled.debt_market].debt_asset
        value_f64 = settled.seize_amount * unit_values_f64[collateral]
        proceeds_f64 = self._depths[collateral].sell_f64(at, settled.seize_amount, value_f64)
        gain_f64 = proceeds_f64 - settled.pay_amount * unit_values_f64[debt]
        self.capital_f64[settled.keeper] += (
            proceeds_f64 if settled.was_held else self._paid.pop((settled.auction_id, settled.bid_id)) + gain_f64
        )
        self.profit_f64[settled.keeper] += gain_f64

    def _reward(self, keeper: int, amount: Amount, debt_market: int, unit_values_f64: Sequence[float]) -> None:
        reward_f64 = amount * unit_values_f64[self._markets[debt_market].debt_asset]
        self.capital_f64[keeper] += reward_f64
        self.profit_f64[keeper] += reward_f64

    def _look_at_order(self, order_id: int, due_at: Milliseconds) -> None:
        if order_id in self._orders:
            self._orders[order_id] = (self._orders[order_id][0], due_at)

    def _look_at_lot(self, auction_id: int, due_at: Milliseconds) -> None:
        if auction_id in self._lots:
            self._lots[auction_id].due_at = due_at
