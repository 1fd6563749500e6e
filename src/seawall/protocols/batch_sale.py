"""Selling by batch auction: bids are collected, and everything of a pair whose window ends together clears at one price.

    reserve      floor(oracle's price * reserve ratio) at the start; of auctions that end together, the highest
    bids until   the first multiple of `bid_ms` that leaves a whole `bid_ms` to bid; the end is `reveal_ms` later
    for sale     of each lot, at most what raises its debt and penalty at the clearing price; the worst account sells first
A bid names any auction of its batch, and asks for at most that lot; its money is held. Sealed, it is first a commitment with
a bond, `bond_ratio` of what its auction is to raise, and is revealed after the bids have closed. What is not sold is
the account's again, and so is the debt that nothing was raised for: its own other collateral stands for that debt.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from seawall.fixed import RAY, WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.auction import Auction, Auctions, HeldBid
from seawall.ledger.event import Bid
from seawall.ledger.refusal import Refusal
from seawall.protocols.sale import Award, Lot, Opening, Reset, SaleRule, Step
from seawall.rules.auction_debt import due_with_penalty, pay_amount
from seawall.rules.batch_auction import Clearing, Delivery, SealedBid, clear_as_needed
from seawall.rules.sealed_bid import is_revealed
from seawall.units import Amount, Milliseconds, Ratio


class BatchRule(msgspec.Struct, frozen=True):
    """The numbers of a batch sale; ratios are WAD. Without `reveal_ms` bids are not sealed, and there is no bond."""

    bid_ms: Milliseconds
    price_ratio_min: Ratio
    bidder_ratio_max: Ratio
    reveal_ms: Milliseconds = 0
    bond_ratio: Ratio = 0


class BatchSale(SaleRule):
    """A batch sale by one rule."""

    returns_to_account = True
    suspends_clock = True
    ends_together = True

    def __init__(self, rule: BatchRule, *, gap_ms_max: Milliseconds = 0) -> None:
        self.rule = rule
        self.is_sealed = rule.reveal_ms > 0
        self.gap_ms_max = gap_ms_max

    def open(self, auction_id: int, lot: Lot, auctions: Auctions, at: Milliseconds) -> Opening | Refusal:
        """Return the auction of the whole lot, in the batch of the first window that it has a whole one before."""
        start_price_ray = mul_div_down(lot.price_ray, self.rule.price_ratio_min, WAD)
        if lot.debt_balance == 0:
            return Refusal.BELOW_DUST
        if start_price_ray == 0:
            return Refusal.NOTHING_SEIZED
        bid_ms = self.rule.bid_ms
        debt_ray = lot.debt_balance * lot.debt_index
        auction = Auction(
            auction_id,
            lot.account,
            lot.debt_market,
            lot.collateral_market,
            lot.collateral_balance,
            due_with_penalty(debt_ray, lot.penalty_ratio),
            cost_amount=pay_amount(debt_ray),
            started_at=at,
            start_price_ray=start_price_ray,
            ends_at=div_up(at + bid_ms, bid_ms) * bid_ms + self.rule.reveal_ms,
        )
        return Opening(auction, lot.debt_balance, 0)

    def bid(self, auction: Auction, bid: Bid, at: Milliseconds) -> Step | Refusal:
        """Hold the money of a bid, or the bond of a sealed one."""
        if not self.is_sealed:
            return self._hold(auction, bid, at) if self._takes_bids(auction, at) else Refusal.AUCTION_CLOSED
        if bid.salt:
            return self._reveal(auction, bid, at)
        if not self._takes_bids(auction, at):
            return Refusal.AUCTION_CLOSED
        if not bid.commitment:
            return Refusal.COMMITMENT_MISSING
        if bid.pay_ray < mul_div_up(auction.due_ray, self.rule.bond_ratio, WAD):
            return Refusal.BOND_MISSING
        held = HeldBid(bid.bid_id, bid.keeper, 0, bid.pay_ray, bid_at=at, commitment=bid.commitment)
        return Step(replace(auction, bids=(*auction.bids, held)), held=held)

    def reset(self, auction: Auction, price_ray: int, debt_unit: Amount, at: Milliseconds) -> Reset | Refusal:
        """Refuse: what was not sold goes back at the end."""
        return Refusal.AUCTION_RUNNING

    def end(self, auctions: Sequence[Auction], at: Milliseconds) -> tuple[Step, ...] | Refusal:
        """Clear the batch, worst account first; a bond whose bid was not revealed is forfeited."""
        if any(at < auction.ends_at for auction in auctions):
            return Refusal.AUCTION_RUNNING
        worst_first = sorted(auctions, key=lambda auction: (auction.health_factor_ratio, auction.auction_id))
        named = [(auction.auction_id, bid) for auction in auctions for bid in auction.bids if not bid.commitment]
        bids = [
            SealedBid(bid.keeper, nth, bid.price_ray, bid.lot_balance, bid.bid_at) for nth, (_, bid) in enumerate(named)
        ]
        clearing, parts = clear_as_needed(
            [auction.lot_balance for auction in worst_first],
            [auction.due_ray for auction in worst_first],
            max(auction.start_price_ray for auction in auctions),
            bids,
            self.rule.bidder_ratio_max,
        )
        return _steps(worst_first, named, clearing, parts)

    def price_ray(self, auction: Auction, at: Milliseconds) -> int | Refusal:
        """Return the reserve while bids are taken."""
        return auction.start_price_ray if self._takes_bids(auction, at) else Refusal.AUCTION_CLOSED

    def _takes_bids(self, auction: Auction, at: Milliseconds) -> bool:
        return at < auction.ends_at - self.rule.reveal_ms

    def _reveal(self, auction: Auction, bid: Bid, at: Milliseconds) -> Step | Refusal:
        """Hold the money of a bid that is what was committed to, and give its bond back."""
        if self._takes_bids(auction, at):
            return Refusal.AUCTION_RUNNING
        if at >= auction.ends_at:
            return Refusal.AUCTION_CLOSED
        committed = next((held for held in auction.bids if held.bid_id == bid.bid_id), None)
        if committed is None:
            return Refusal.COMMITMENT_MISSING
        if not committed.commitment:
            return Refusal.BID_REPEATED
        shown = SealedBid(committed.keeper, bid.bid_id, bid.price_ray, bid.lot_balance, committed.bid_at)
        if bid.keeper != committed.keeper or not is_revealed(committed.commitment, auction.auction_id, shown, bid.salt):
            return Refusal.REVEAL_DIFFERS
        others = tuple(held for held in auction.bids if held is not committed)
        step = self._hold(replace(auction, bids=others), bid, committed.bid_at)
        return step if isinstance(step, Refusal) else step._replace(refunds=(committed,))

    def _hold(self, auction: Auction, bid: Bid, bid_at: Milliseconds) -> Step | Refusal:
        if bid.lot_balance == 0:
            return Refusal.ZERO_AMOUNT
        if bid.lot_balance > auction.lot_balance:
            return Refusal.LOT_EXCEEDED
        if bid.price_ray < auction.start_price_ray:
            return Refusal.BID_TOO_LOW
        held = HeldBid(
            bid.bid_id, bid.keeper, bid.lot_balance, bid.lot_balance * bid.price_ray, bid.price_ray, bid_at=bid_at
        )
        return Step(replace(auction, bids=(*auction.bids, held)), held=held)


def _steps(
    worst_first: Sequence[Auction],
    named: Sequence[tuple[int, HeldBid]],
    clearing: Clearing,
    parts: Sequence[Delivery],
) -> tuple[Step, ...]:
    """Return how each auction of a batch ends, and give every bid back what it did not pay."""
    awards: list[list[Award]] = [[] for _ in worst_first]
    for part in parts:
        auction_id, bid = named[clearing.fills[part.nth_fill].bid.bid_id]
        sold_by = worst_first[part.nth_account].auction_id
        other_id = auction_id if auction_id != sold_by else 0
        awards[part.nth_account].append(
            Award(bid.bid_id, bid.keeper, part.amount, part.paid_amount * RAY, was_held=True, bid_auction_id=other_id)
        )
    paid_of = {fill.bid.bid_id: fill.paid_amount for fill in clearing.fills}
    unpaid = [
        (auction_id, bid, pay_amount(bid.pay_ray) - paid_of.get(nth, 0)) for nth, (auction_id, bid) in enumerate(named)
    ]
    steps = []
    for auction, won in zip(worst_first, awards, strict=True):
        raised_amount = sum(pay_amount(award.pay_ray) for award in won)
        refunds = [
            replace(bid, pay_ray=amount * RAY)
            for auction_id, bid, amount in unpaid
            if auction_id == auction.auction_id and amount
        ]
        steps.append(
            Step(
                replace(auction, lot_balance=0, due_ray=0, raised_amount=raised_amount, bids=()),
                tuple(won),
                refunds=tuple(refunds),
                forfeits=tuple(bid for bid in auction.bids if bid.commitment),
                returned_balance=auction.lot_balance - sum(award.lot_balance for award in won),
                returned_debt_amount=max(0, auction.cost_amount - raised_amount),
                is_over=True,
            )
        )
    return tuple(steps)
