"""Selling by Dutch auction: an account's lot at a price that falls from above the oracle's, to whoever takes first.

    start    floor(oracle's price * b)             due    debt and penalty, within the room of market and whole
    bid      a take at today's price, if that is at most the bid's own; paid at once
    over     when nothing is due any more, the rest of the lot going back, or when the lot is gone
One rule serves a contract and our own: as a contract has it, rewards are paid for every start and reset of an auction worth
`debt_value_min` with its penalty, and nothing bounds them. Bounded, they must not exceed the least penalty, a reset
pays nothing, and the market's clock stops while nobody could bid at a price that means something.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD, div_down, mul_div_down, seconds_down
from seawall.ledger.auction import Auction, Auctions
from seawall.ledger.event import Bid
from seawall.ledger.refusal import Refusal
from seawall.protocols.sale import Award, Lot, Opening, Reset, SaleRule, Step
from seawall.rules.auction_debt import due_with_penalty, money_ray, pay_amount
from seawall.rules.dutch_auction import (
    PriceCurve,
    PriceTable,
    balance_to_auction,
    is_farmable,
    is_spent,
    keeper_reward,
    take,
)
from seawall.units import Amount, Milliseconds, Ratio, Value


class DutchRule(msgspec.Struct, frozen=True):
    """The numbers of a Dutch sale; values are whole debt assets, WAD.

    `start_ratio` is the start price over the oracle's, `spent_share_ray` the share of the start price, RAY, below which an
    auction is spent, as it is after `seconds_max`. `debt_value_min` is the debt floor; `market_due_value_max` and
    `total_due_value_max` limit what all auctions together are to raise, in a market and in all.
    """

    curve: PriceCurve
    start_ratio: Ratio
    seconds_max: int
    spent_share_ray: int
    debt_value_min: Value
    market_due_value_max: Value
    total_due_value_max: Value
    reward_value: Value
    reward_ratio: Ratio
    is_bounded: bool = False


class DutchSale(SaleRule):
    """A Dutch sale by one rule."""

    def __init__(self, rule: DutchRule, *, gap_ms_max: Milliseconds = 0) -> None:
        self.rule = rule
        self.returns_to_account = self.suspends_clock = rule.is_bounded
        self.gap_ms_max = gap_ms_max
        self._prices = PriceTable(rule.curve, rule.seconds_max)

    def check_penalties(self, penalties: Sequence[tuple[str, Ratio]]) -> None:
        """Refuse rewards that an account could earn from its own penalty, where the rule bounds them."""
        rule = self.rule
        for symbol, penalty_ratio in penalties if rule.is_bounded else ():
            if is_farmable(rule.reward_value, rule.reward_ratio, penalty_ratio, rule.debt_value_min):
                raise ConfigError(
                    f"keeper's reward {rule.reward_value} and {rule.reward_ratio} of what is due (WAD) can exceed the "
                    f"penalty {penalty_ratio} of {symbol} on its least debt {rule.debt_value_min}"
                )

    def open(self, auction_id: int, lot: Lot, auctions: Auctions, at: Milliseconds) -> Opening | Refusal:
        """Return the auction of the debt that fits the room, and of as large a part of the collateral, rounded down."""
        rule, unit = self.rule, lot.debt_unit
        room_ray = min(
            money_ray(rule.total_due_value_max, unit) - auctions.due_ray(lot.debt_markets),
            money_ray(rule.market_due_value_max, unit) - auctions.due_rays[lot.debt_market],
        )
        debt_ray_min = money_ray(rule.debt_value_min, unit)
        debt_balance = balance_to_auction(lot.debt_balance, lot.debt_index, room_ray, lot.penalty_ratio, debt_ray_min)
        if isinstance(debt_balance, Refusal):
            return debt_balance
        lot_balance = mul_div_down(lot.collateral_balance, debt_balance, lot.debt_balance)
        start_price_ray = self._start_price_ray(lot.price_ray)
        if lot_balance == 0 or start_price_ray == 0:
            return Refusal.NOTHING_SEIZED
        debt_ray = debt_balance * lot.debt_index
        due_ray = due_with_penalty(debt_ray, lot.penalty_ratio)
        reward_amount = self._reward_amount(due_ray, unit)
        auction = Auction(
            auction_id,
            lot.account,
            lot.debt_market,
            lot.collateral_market,
            lot_balance,
            due_ray,
            cost_amount=pay_amount(debt_ray) + reward_amount,
            started_at=at,
            start_price_ray=start_price_ray,
            due_ray_min=due_with_penalty(debt_ray_min, lot.penalty_ratio),
        )
        return Opening(auction, debt_balance, reward_amount)

    def bid(self, auction: Auction, bid: Bid, at: Milliseconds) -> Step | Refusal:
        """Take at most what is bid for at today's price, paid at once."""
        price_ray = self.price_ray(auction, at)
        if isinstance(price_ray, Refusal):
            return price_ray
        if bid.lot_balance == 0:
            return Refusal.ZERO_AMOUNT
        if self.rule.is_bounded and bid.lot_balance > auction.lot_balance:
            return Refusal.LOT_EXCEEDED
        if bid.price_ray < price_ray:
            return Refusal.BID_TOO_LOW
        taken = take(auction.lot_balance, auction.due_ray, bid.lot_balance, price_ray, auction.due_ray_min)
        if isinstance(taken, Refusal):
            return taken
        lot_left = auction.lot_balance - taken.lot_balance
        due_left = auction.due_ray - taken.pay_ray if lot_left else 0
        after = replace(
            auction,
            lot_balance=lot_left if due_left else 0,
            due_ray=due_left,
            raised_amount=auction.raised_amount + pay_amount(taken.pay_ray),
        )
        award = Award(bid.bid_id, bid.keeper, taken.lot_balance, taken.pay_ray)
        return Step(after, (award,), returned_balance=lot_left - after.lot_balance, is_over=due_left == 0)

    def reset(self, auction: Auction, price_ray: int, debt_unit: Amount, at: Milliseconds) -> Reset | Refusal:
        """Start again above the oracle's price; a reward only for an auction that is worth a take in both its sides."""
        if self.price_ray(auction, at) is not Refusal.AUCTION_CLOSED:
            return Refusal.AUCTION_RUNNING
        start_price_ray = self._start_price_ray(price_ray)
        if start_price_ray == 0:
            return Refusal.NOTHING_SEIZED
        is_worth_it = min(auction.due_ray, auction.lot_balance * price_ray) >= auction.due_ray_min
        pays = is_worth_it and not self.rule.is_bounded
        reward_amount = self._reward_amount(auction.due_ray, debt_unit) if pays else 0
        again = replace(
            auction, started_at=at, start_price_ray=start_price_ray, cost_amount=auction.cost_amount + reward_amount
        )
        return Reset(again, reward_amount)

    def end(self, auctions: Sequence[Auction], at: Milliseconds) -> tuple[Step, ...] | Refusal:
        """Refuse: a Dutch auction ends by its takes alone."""
        return Refusal.AUCTION_RUNNING

    def price_ray(self, auction: Auction, at: Milliseconds) -> int | Refusal:
        """Return today's price, or AUCTION_CLOSED for an auction that is spent."""
        seconds = seconds_down(at) - seconds_down(auction.started_at)
        price_ray = self._prices.price_ray(auction.start_price_ray, seconds)
        rule = self.rule
        if is_spent(auction.start_price_ray, price_ray, seconds, rule.seconds_max, rule.spent_share_ray):
            return Refusal.AUCTION_CLOSED
        return price_ray

    def _start_price_ray(self, price_ray: int) -> int:
        return mul_div_down(price_ray, self.rule.start_ratio, WAD)

    def _reward_amount(self, due_ray: int, debt_unit: Amount) -> Amount:
        return div_down(
            keeper_reward(due_ray, money_ray(self.rule.reward_value, debt_unit), self.rule.reward_ratio), RAY
        )
