"""Selling by English auction: bids rise for the whole lot, then the lot falls for the whole debt; the leading bid is held.

The lot and the debt of one auction are limited, and what all auctions together are to raise. A lead lives
`lead_seconds`, an auction `seconds_max`, and after either its keeper, or anyone, ends it; without a bid it is prolonged.
Neither a start nor a reset is paid for. Source: Maker's Cat and Flipper, before its Dutch auctions.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from seawall.fixed import MILLISECONDS_PER_SECOND, mul_div_down, seconds_down
from seawall.ledger.auction import Auction, Auctions, HeldBid
from seawall.ledger.event import Bid
from seawall.ledger.refusal import Refusal
from seawall.protocols.sale import Award, Lot, Opening, Reset, SaleRule, Step
from seawall.rules.auction_debt import balance_that_fits, due_with_penalty, money_ray, pay_amount
from seawall.rules.english_auction import awaits_reset, bid_refusal, is_closed, takes_bids
from seawall.units import Amount, Milliseconds, Ratio, Value


class EnglishRule(msgspec.Struct, frozen=True):
    """The numbers of an English sale; values are whole debt assets, WAD, ratios WAD."""

    lead_seconds: int
    seconds_max: int
    increase_ratio_min: Ratio
    debt_value_min: Value
    auction_due_value_max: Value
    total_due_value_max: Value


class EnglishSale(SaleRule):
    """An English sale by one rule."""

    def __init__(self, rule: EnglishRule) -> None:
        self.rule = rule

    def open(self, auction_id: int, lot: Lot, auctions: Auctions, at: Milliseconds) -> Opening | Refusal:
        """Return the auction of what fits one auction and the room, which must be worth the least debt."""
        rule, unit = self.rule, lot.debt_unit
        room_ray = money_ray(rule.total_due_value_max, unit) - auctions.due_ray(lot.debt_markets)
        if room_ray <= 0 or room_ray < money_ray(rule.debt_value_min, unit):
            return Refusal.AUCTION_LIMIT
        within_ray = min(money_ray(rule.auction_due_value_max, unit), room_ray)
        debt_balance = min(lot.debt_balance, balance_that_fits(within_ray, lot.debt_index, lot.penalty_ratio))
        lot_balance = mul_div_down(lot.collateral_balance, debt_balance, lot.debt_balance)
        if lot_balance == 0:
            return Refusal.NOTHING_SEIZED
        debt_ray = debt_balance * lot.debt_index
        auction = Auction(
            auction_id,
            lot.account,
            lot.debt_market,
            lot.collateral_market,
            lot_balance,
            due_with_penalty(debt_ray, lot.penalty_ratio),
            cost_amount=pay_amount(debt_ray),
            started_at=at,
            ends_at=at + rule.seconds_max * MILLISECONDS_PER_SECOND,
        )
        return Opening(auction, debt_balance, 0)

    def bid(self, auction: Auction, bid: Bid, at: Milliseconds) -> Step | Refusal:
        """Hold the bid if it beats the leading one, whose money goes back; what it does not ask for returns at once."""
        if not takes_bids(*_times(auction, at)):
            return Refusal.AUCTION_CLOSED
        leading = auction.bids[0] if auction.bids else None
        leading_ray = leading.pay_ray if leading is not None else 0
        refusal = bid_refusal(
            auction.lot_balance,
            auction.due_ray,
            leading_ray,
            bid.lot_balance,
            bid.pay_ray,
            self.rule.increase_ratio_min,
        )
        if refusal is not None:
            return refusal
        expires_at = at + self.rule.lead_seconds * MILLISECONDS_PER_SECOND
        held = HeldBid(bid.bid_id, bid.keeper, bid.lot_balance, bid.pay_ray, expires_at=expires_at)
        after = replace(auction, lot_balance=bid.lot_balance, bids=(held,))
        returned_balance = auction.lot_balance - bid.lot_balance
        return Step(after, held=held, refunds=auction.bids, returned_balance=returned_balance)

    def reset(self, auction: Auction, price_ray: int, debt_unit: Amount, at: Milliseconds) -> Reset | Refusal:
        """Prolong an auction that has ended without a bid; the oracle's price is nothing to it."""
        if not awaits_reset(*_times(auction, at)):
            return Refusal.AUCTION_RUNNING
        return Reset(replace(auction, ends_at=at + self.rule.seconds_max * MILLISECONDS_PER_SECOND), 0)

    def end(self, auctions: Sequence[Auction], at: Milliseconds) -> tuple[Step, ...] | Refusal:
        """Give the lot to the leading bid once its time, or the auction's, is over."""
        (auction,) = auctions
        if not is_closed(*_times(auction, at)):
            return Refusal.AUCTION_RUNNING
        (won,) = auction.bids
        raised_amount = auction.raised_amount + pay_amount(won.pay_ray)
        after = replace(auction, lot_balance=0, due_ray=0, raised_amount=raised_amount, bids=())
        award = Award(won.bid_id, won.keeper, won.lot_balance, won.pay_ray, was_held=True)
        return (Step(after, (award,), is_over=True),)

    def price_ray(self, auction: Auction, at: Milliseconds) -> int | Refusal:
        """Refuse: nothing can be bought before the auction ends."""
        return Refusal.AUCTION_RUNNING


def _times(auction: Auction, at: Milliseconds) -> tuple[int, int | None, int]:
    """Return now, the end of the lead if there is one, and the end of the auction, in the contract's seconds."""
    lead_ends_at = seconds_down(auction.bids[0].expires_at) if auction.bids else None
    return seconds_down(at), lead_ends_at, seconds_down(auction.ends_at)
