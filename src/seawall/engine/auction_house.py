"""The auction house: collateral leaves its account for an auction, and leaves the auction against money.

The protocol's sale rule decides; here its decisions move what they are about, once, and every movement is an order.
A lot belongs to its auction until it is awarded or returned. When an auction is over, what was raised pays first
for what it cost, the debt that it took over and its keepers' rewards: raised + loss + returned debt = cost + surplus.
An auction's clock is the deployment's time less the time for which its market's clocks stood still.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from seawall.engine.losses import absorb_loss, feed_fee
from seawall.engine.mark_value import known_price, mark_value
from seawall.engine.permission import auction_refusal, liquidation_refusal
from seawall.engine.state import State
from seawall.fixed import RAY, mul_div_up
from seawall.ledger.auction import Auction, HeldBid
from seawall.ledger.book import ABSENT
from seawall.ledger.event import (
    AuctionEndsRequested,
    AuctionRequest,
    AuctionResetsRequested,
    AuctionsRequested,
    Bid,
    BidsReported,
)
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import (
    EndAuction,
    ForfeitBond,
    HoldBid,
    Order,
    RefuseAuction,
    RefuseBid,
    ResetAuction,
    ReturnBid,
    SettleBid,
    StartAuction,
)
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import BadDebt, Health, Protocol
from seawall.protocols.sale import Award, Opening, Reset, SaleRule, Step
from seawall.rules.action import Action
from seawall.rules.auction_debt import pay_amount
from seawall.rules.circuit_breaker import Level
from seawall.rules.oracle import PriceState
from seawall.units import Amount, Balance, Milliseconds

AuctionEvent: TypeAlias = AuctionsRequested | BidsReported | AuctionResetsRequested | AuctionEndsRequested
NOBODY: Final = -1
"""The keeper of a request that anybody may make and nobody is paid for."""


def take_auction_event(state: State, protocol: Protocol, event: AuctionEvent) -> list[Order]:
    """Do what an event asks of auctions, in its order, and return what came of it."""
    match event:
        case AuctionsRequested():
            caused = [_start_auction(state, protocol, request) for request in event.requests]
        case BidsReported():
            caused = [_take_bid(state, protocol, bid) for bid in event.bids]
        case AuctionResetsRequested():
            caused = [_reset_auction(state, protocol, auction_id, event.keeper) for auction_id in event.auction_ids]
        case AuctionEndsRequested():
            caused = [_end_auction(state, protocol, auction_id) for auction_id in event.auction_ids]
    return [order for orders in caused for order in orders]


def auction_clock(state: State, market: int) -> Milliseconds:
    """Return the time of the clock of a market's auctions: of the market whose collateral they sell."""
    return state.deployment.at - state.suspended_ms[market]


def pass_auction_time(state: State, protocol: Protocol, to: Milliseconds) -> None:
    """Let the clocks of markets with auctions stand still for what of the time up to `to` nobody could bid in."""
    sale, auctions = protocol.sale, state.deployment.auctions
    if sale is None or not len(auctions) or not (sale.suspends_clock or sale.gap_ms_max):
        return
    passed_ms = to - state.deployment.at
    beyond_ms = max(0, passed_ms - sale.gap_ms_max) if sale.gap_ms_max else 0
    for collateral_market, lot_balance in enumerate(auctions.lot_balances):
        if lot_balance:
            stands = sale.suspends_clock and _is_suspended(state, collateral_market)
            state.suspended_ms[collateral_market] += passed_ms if stands else beyond_ms


def _is_suspended(state: State, collateral_market: int) -> bool:
    """Return whether bids in a market are stopped, or the price of what it sells is not to be trusted."""
    asset = state.deployment.markets[collateral_market].collateral_asset
    return state.breakers[collateral_market].level >= Level.STOPPED or state.price_states[asset] is not PriceState.FRESH


# -- start -------------------------------------------------------------------------------------------------------


def _start_auction(state: State, protocol: Protocol, request: AuctionRequest) -> list[Order]:
    """Start the auction of an account with an open order, or refuse to."""
    row = state.order_rows.get(request.order_id, ABSENT)
    opening = _opening(state, protocol, request, row)
    if isinstance(opening, Refusal):
        return [RefuseAuction(request.order_id, 0, request.account, request.keeper, opening)]
    deployment, auction = state.deployment, opening.auction
    debt_slot, lot_slot = slot_of(auction.debt_market, DEBT), slot_of(auction.collateral_market, COLLATERAL)
    debt_amount = protocol.amount_of(deployment, debt_slot, opening.debt_balance)
    lot_amount = protocol.amount_of(deployment, lot_slot, auction.lot_balance)
    debt_leaves = deployment.book.move_balance(row, debt_slot, -opening.debt_balance)
    lot_leaves = deployment.book.move_balance(row, lot_slot, -auction.lot_balance)
    assert debt_leaves, opening
    assert lot_leaves, opening
    state.auction_count = auction.auction_id
    deployment.auctions.put(auction)
    debt_asset, collateral_asset = _assets(state, auction)
    return [
        StartAuction(
            auction_id=auction.auction_id,
            order_id=request.order_id,
            account=request.account,
            keeper=request.keeper,
            debt_market=auction.debt_market,
            collateral_market=auction.collateral_market,
            lot_balance=auction.lot_balance,
            lot_amount=lot_amount,
            debt_amount=debt_amount,
            due_ray=auction.due_ray,
            start_price_ray=auction.start_price_ray,
            reward_amount=opening.reward_amount,
            debt_price=known_price(state, debt_asset),
            collateral_price=known_price(state, collateral_asset),
            debt_value=mark_value(state, debt_asset, debt_amount),
            lot_value=mark_value(state, collateral_asset, lot_amount),
            health_factor_ratio_before=auction.health_factor_ratio,
            below_since=auction.below_since,
        )
    ]


def _opening(state: State, protocol: Protocol, request: AuctionRequest, row: int) -> Opening | Refusal:
    deployment = state.deployment
    refusal = _request_refusal(state, protocol, request, row)
    if refusal is not None:
        return refusal
    lot = protocol.auction_lot(deployment, row)
    if isinstance(lot, Refusal):
        return lot
    refusal = liquidation_refusal(state, protocol, row, (lot.debt_market, lot.collateral_market))
    if refusal is not None:
        return refusal
    at = auction_clock(state, lot.collateral_market)
    opening = _sale_of(protocol).open(state.auction_count + 1, lot, deployment.auctions, at)
    if isinstance(opening, Refusal):
        return opening
    health = protocol.health(deployment, row)
    assert isinstance(health, Health), health
    auction = replace(
        opening.auction, below_since=state.episodes[row].since, health_factor_ratio=health.health_factor_ratio
    )
    return opening._replace(auction=auction)


def _request_refusal(state: State, protocol: Protocol, request: AuctionRequest, row: int) -> Refusal | None:
    """Return why a request asks for nothing that could be started, whatever the rule would say, or None."""
    if row == ABSENT or state.deployment.book.account_at(row) != request.account:
        return Refusal.ORDER_UNKNOWN
    if state.deployment.at > state.episodes[row].expires_at:
        return Refusal.ORDER_EXPIRED
    return Refusal.NO_AUCTION if protocol.sale is None else None


# -- bids --------------------------------------------------------------------------------------------------------


def _take_bid(state: State, protocol: Protocol, bid: Bid) -> list[Order]:
    """Settle or hold a bid as the sale has it, or refuse it; a bid whose id the auction knows changes nothing."""
    auction = state.deployment.auctions.get(bid.auction_id)
    step = Refusal.AUCTION_UNKNOWN if auction is None else _bid_step(state, protocol, auction, bid)
    if isinstance(step, Refusal):
        account = b"" if auction is None else auction.account
        return [RefuseBid(bid.auction_id, bid.bid_id, account, bid.keeper, step)]
    state.deployment.auctions.bid_ids(bid.auction_id).add(bid.bid_id)
    return _take_steps(state, protocol, (step,))


def _bid_step(state: State, protocol: Protocol, auction: Auction, bid: Bid) -> Step | Refusal:
    sale = _sale_of(protocol)
    if bid.bid_id in state.deployment.auctions.bid_ids(auction.auction_id) and not (sale.is_sealed and bid.salt):
        return Refusal.BID_REPEATED
    pays_nothing = max(bid.pay_ray, bid.price_ray) == 0 and not sale.is_sealed
    if pays_nothing or min(bid.lot_balance, bid.pay_ray, bid.price_ray) < 0:
        return Refusal.ZERO_AMOUNT
    refusal = _refusal(state, protocol, auction, Action.BID)
    if refusal is not None:
        return refusal
    return sale.bid(auction, bid, auction_clock(state, auction.collateral_market))


def _take_steps(state: State, protocol: Protocol, steps: Sequence[Step]) -> list[Order]:
    """Move what steps move, then close what is over: a bid of a batch may get another auction's lot."""
    moved = [order for step in steps for order in _move(state, protocol, step)]
    return moved + [order for step in steps if step.is_over for order in _close(state, protocol, step)]


def _move(state: State, protocol: Protocol, step: Step) -> list[Order]:
    """Move what a step moves: refunds first, then bonds that are kept, the held bid, and awards."""
    auction, deployment = step.auction, state.deployment
    assert step.held is None or not step.is_over, step
    orders: list[Order] = [_refund(auction, bid) for bid in step.refunds]
    orders += [_forfeit(state, auction, bid) for bid in step.forfeits]
    if step.held is not None:
        orders.append(_hold(state, protocol, step, step.held))
    orders += [_award(state, protocol, auction, award) for award in step.awards]
    if step.returned_balance and _returns_to_account(protocol):
        _give_back(state, auction, step.returned_balance)
    if step.is_over:
        deployment.auctions.drop(auction.auction_id)
    else:
        deployment.auctions.put(auction)
    return orders


def _refund(auction: Auction, bid: HeldBid) -> ReturnBid:
    return ReturnBid(
        auction.auction_id, bid.bid_id, auction.account, bid.keeper, auction.debt_market, pay_amount(bid.pay_ray)
    )


def _forfeit(state: State, auction: Auction, bid: HeldBid) -> ForfeitBond:
    """Let a bond become the protocol's: a surplus of its market, and the fee reserve's."""
    amount = pay_amount(bid.pay_ray)
    _keep_surplus(state, auction, amount)
    return ForfeitBond(auction.auction_id, bid.bid_id, auction.account, bid.keeper, auction.debt_market, amount)


def _hold(state: State, protocol: Protocol, step: Step, held: HeldBid) -> HoldBid:
    auction = step.auction
    return HoldBid(
        auction_id=auction.auction_id,
        bid_id=held.bid_id,
        account=auction.account,
        keeper=held.keeper,
        debt_market=auction.debt_market,
        collateral_market=auction.collateral_market,
        lot_balance=held.lot_balance,
        pay_ray=held.pay_ray,
        pay_amount=pay_amount(held.pay_ray),
        returned_balance=step.returned_balance,
        returned_amount=_lot_amount(state, protocol, auction, step.returned_balance),
    )


def _award(state: State, protocol: Protocol, auction: Auction, award: Award) -> SettleBid:
    seize_amount, paid_amount = _lot_amount(state, protocol, auction, award.lot_balance), pay_amount(award.pay_ray)
    debt_asset, collateral_asset = _assets(state, auction)
    return SettleBid(
        auction_id=auction.auction_id,
        bid_id=award.bid_id,
        account=auction.account,
        keeper=award.keeper,
        debt_market=auction.debt_market,
        collateral_market=auction.collateral_market,
        seize_balance=award.lot_balance,
        seize_amount=seize_amount,
        pay_ray=award.pay_ray,
        pay_amount=paid_amount,
        debt_price=known_price(state, debt_asset),
        collateral_price=known_price(state, collateral_asset),
        pay_value=mark_value(state, debt_asset, paid_amount),
        seize_value=mark_value(state, collateral_asset, seize_amount),
        lot_left_balance=auction.lot_balance,
        due_left_ray=auction.due_ray,
        below_since=auction.below_since,
        was_held=award.was_held,
        bid_auction_id=award.bid_auction_id,
    )


# -- reset and end -----------------------------------------------------------------------------------------------


def _reset_auction(state: State, protocol: Protocol, auction_id: int, keeper: int) -> list[Order]:
    """Start an auction again that is spent, or refuse to."""
    auction = state.deployment.auctions.get(auction_id)
    reset = Refusal.AUCTION_UNKNOWN if auction is None else _reset(state, protocol, auction)
    if isinstance(reset, Refusal):
        account = b"" if auction is None else auction.account
        return [RefuseAuction(0, auction_id, account, keeper, reset)]
    again = reset.auction
    state.deployment.auctions.put(again)
    return [
        ResetAuction(
            auction_id=auction_id,
            account=again.account,
            keeper=keeper,
            debt_market=again.debt_market,
            collateral_market=again.collateral_market,
            lot_balance=again.lot_balance,
            due_ray=again.due_ray,
            start_price_ray=again.start_price_ray,
            reward_amount=reset.reward_amount,
        )
    ]


def _reset(state: State, protocol: Protocol, auction: Auction) -> Reset | Refusal:
    refusal = _refusal(state, protocol, auction, Action.LIQUIDATE)
    if refusal is not None:
        return refusal
    deployment = state.deployment
    price_ray = protocol.lot_price_ray(deployment, auction.debt_market, auction.collateral_market)
    if price_ray is None:
        return Refusal.PRICE_MISSING
    debt_unit = deployment.units[deployment.markets[auction.debt_market].debt_asset]
    at = auction_clock(state, auction.collateral_market)
    return _sale_of(protocol).reset(auction, price_ray, debt_unit, at)


def _end_auction(state: State, protocol: Protocol, auction_id: int) -> list[Order]:
    """Settle an auction whose time is over, with all that end with it, or refuse to."""
    auction = state.deployment.auctions.get(auction_id)
    steps = Refusal.AUCTION_UNKNOWN if auction is None else _end_steps(state, protocol, auction)
    if isinstance(steps, Refusal):
        account = b"" if auction is None else auction.account
        return [RefuseAuction(0, auction_id, account, NOBODY, steps)]
    return _take_steps(state, protocol, steps)


def _end_steps(state: State, protocol: Protocol, auction: Auction) -> tuple[Step, ...] | Refusal:
    refusal = _refusal(state, protocol, auction, Action.BID)
    if refusal is not None:
        return refusal
    sale = _sale_of(protocol)
    ending = _ending_with(state, auction) if sale.ends_together else [auction]
    return sale.end(ending, auction_clock(state, auction.collateral_market))


def _ending_with(state: State, auction: Auction) -> list[Auction]:
    """Return the auctions of the same pair that end at the same time, by their ids."""
    ending = (auction.debt_market, auction.collateral_market, auction.ends_at)
    return [
        other
        for other in state.deployment.auctions
        if (other.debt_market, other.collateral_market, other.ends_at) == ending
    ]


def _close(state: State, protocol: Protocol, step: Step) -> list[Order]:
    """Account for an auction that is over: a surplus is the protocol's, a loss the waterfall's, or debt again."""
    auction = step.auction
    surplus_amount = max(0, auction.raised_amount - auction.cost_amount)
    loss_amount = max(0, auction.cost_amount - auction.raised_amount - step.returned_debt_amount)
    _keep_surplus(state, auction, surplus_amount)
    state.deployment.market_states[auction.debt_market].bad_debt_amount += loss_amount
    if step.returned_debt_amount:
        _owe_again(state, auction, step.returned_debt_amount)
    end = EndAuction(
        auction_id=auction.auction_id,
        account=auction.account,
        debt_market=auction.debt_market,
        collateral_market=auction.collateral_market,
        raised_amount=auction.raised_amount,
        cost_amount=auction.cost_amount,
        surplus_amount=surplus_amount,
        loss_amount=loss_amount,
        returned_balance=step.returned_balance,
        returned_amount=_lot_amount(state, protocol, auction, step.returned_balance),
        returned_to_account=_returns_to_account(protocol),
        returned_debt_amount=step.returned_debt_amount,
    )
    if not loss_amount:
        return [end]
    return [end, absorb_loss(state, auction.account, auction.below_since, BadDebt(auction.debt_market, loss_amount))]


def _keep_surplus(state: State, auction: Auction, amount: Amount) -> None:
    state.deployment.market_states[auction.debt_market].surplus_amount += amount
    feed_fee(state, state.deployment.markets[auction.debt_market].debt_asset, amount)


def _owe_again(state: State, auction: Auction, amount: Amount) -> None:
    """Let an account owe what its auction took over and did not raise, in stored units, rounded up."""
    book = state.deployment.book
    balance = mul_div_up(amount, RAY, state.deployment.market_states[auction.debt_market].debt_index)
    fits = book.move_balance(book.row_of(auction.account), slot_of(auction.debt_market, DEBT), balance)
    assert fits, auction


def _give_back(state: State, auction: Auction, balance: Balance) -> None:
    book = state.deployment.book
    fits = book.move_balance(book.row_of(auction.account), slot_of(auction.collateral_market, COLLATERAL), balance)
    assert fits, auction


def auction_price_ray(state: State, protocol: Protocol, auction_id: int) -> int | Refusal:
    """Return the price of a stored unit of a lot to whoever bids now, or why nothing can be bought."""
    auction = state.deployment.auctions.get(auction_id)
    if auction is None:
        return Refusal.AUCTION_UNKNOWN
    refusal = _refusal(state, protocol, auction, Action.BID)
    if refusal is not None:
        return refusal
    return _sale_of(protocol).price_ray(auction, auction_clock(state, auction.collateral_market))


# -- what all of them need ---------------------------------------------------------------------------------------


def _sale_of(protocol: Protocol) -> SaleRule:
    assert protocol.sale is not None, protocol.label
    return protocol.sale


def _returns_to_account(protocol: Protocol) -> bool:
    return _sale_of(protocol).returns_to_account


def _refusal(state: State, protocol: Protocol, auction: Auction, action: Action) -> Refusal | None:
    """Return why nothing may be done to an auction now: a breaker, or a price without which it could not be booked."""
    markets = (auction.debt_market, auction.collateral_market)
    return auction_refusal(state, protocol, markets, _assets(state, auction), action)


def _assets(state: State, auction: Auction) -> tuple[int, int]:
    """Return the assets of an auction's debt and of its collateral."""
    markets = state.deployment.markets
    return markets[auction.debt_market].debt_asset, markets[auction.collateral_market].collateral_asset


def _lot_amount(state: State, protocol: Protocol, auction: Auction, balance: Balance) -> Amount:
    """Return a part of a lot in base units, as the protocol shows it."""
    return protocol.amount_of(state.deployment, slot_of(auction.collateral_market, COLLATERAL), balance)
