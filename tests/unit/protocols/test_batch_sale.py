"""Batch sales behind a real engine: one price for all of a window, who sells, what goes back, and every refusal."""

import pytest
from msgspec.structs import replace
from tests.auctions import House, offers_in
from tests.deployments import ASSETS, BORROWER, BTC, ETH, POOLED, UNITS, USD

from seawall.fixed import RAY, WAD
from seawall.ledger.auction import Auction
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.event import AuctionRequest, AuctionsRequested, Bid, BidsReported, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import (
    AbsorbLoss,
    CancelOrder,
    EndAuction,
    ForfeitBond,
    HoldBid,
    RefuseAuction,
    RefuseBid,
    ReturnBid,
    SettleBid,
    StartAuction,
)
from seawall.ledger.refusal import Refusal
from seawall.protocols.batch_sale import BatchRule, BatchSale
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.seawall_batch import SeawallBatch
from seawall.rules.batch_auction import SealedBid
from seawall.rules.sealed_bid import commitment

OWN = protocol_named("seawall_batch@1")
SECOND, THIRD = (name.ljust(20, b"\0") for name in (b"second", b"third"))
POLICY = Policy(buffers=(Buffer("fee_reserve", ()),))
SALT = bytes(range(32))
ETHER = UNITS[ETH]
DOLLAR = 10**6 * RAY // 10**18
"""A dollar for a whole ether, as RAY money for a stored unit."""
RESERVE = 1_980 * 9 * DOLLAR // 10
DEBTS = (15_900, 15_950)
KEEPERS = (7, 8, 9)


def with_rule(**changed):
    return SeawallBatch("1", OWN.rule, BatchSale(replace(OWN.sale.rule, **{"bid_ms": 60_000, **changed})))


SEALED = {"reveal_ms": 30_000, "bond_ratio": WAD // 100}


class Pool(House):
    """Two borrowers of ten ether each, whose auctions end together."""

    def __init__(self, **changed):
        super().__init__(with_rule(**changed), markets=POOLED, policy=POLICY, account_width=20, assets=ASSETS)
        self.at += -self.at % 60_000
        self.price(ETH=2_000, USD=1, BTC=30_000)
        for account, debt in zip((BORROWER, SECOND), DEBTS, strict=True):
            self.give(account, 10 * ETHER, 0, ETH)
            self.give(account, 0, debt * UNITS[USD], USD)
        self.offers = offers_in(self.price(ETH=1_980))

    def price(self, *, source=0, **prices):
        index_of = {asset.symbol: nth for nth, asset in enumerate(ASSETS)}
        rounds = (OracleRound(index_of[name], price * WAD, self.at, source) for name, price in prices.items())
        return self.tell(PriceObserved(self.at, tuple(rounds)))


def started(count=2, **changed):
    pool = Pool(**changed)
    by_account = sorted(pool.offers, key=lambda order: order.account != BORROWER)
    said = pool.start(*by_account[:count])
    assert [type(order) for order in said[::1] if isinstance(order, StartAuction)] == [StartAuction] * count
    return pool


def kinds(orders, kind):
    return [order for order in orders if isinstance(order, kind)]


def only(orders, kind=RefuseBid):
    (order,) = orders
    assert isinstance(order, kind), order
    return order


# -- the batch ---------------------------------------------------------------------------------------------------


def test_the_window_leaves_a_whole_one_to_bid_and_all_that_start_before_share_it():
    pool = started(1)
    assert pool.auction().ends_at == pool.at + 60_000
    pool.wait(1)
    pool.start(*pool.offers)
    assert pool.auction(2).ends_at == pool.at - 1_000 + 120_000
    assert pool.auction().start_price_ray == RESERVE
    assert pool.auction().lot_balance == 10 * ETHER
    assert pool.auction().due_ray == 15_900 * UNITS[USD] * RAY * 105 // 100


@pytest.mark.parametrize(
    ("seconds", "reason"), [(59, None), (60, Refusal.AUCTION_CLOSED), (61, Refusal.AUCTION_CLOSED)]
)
def test_a_bid_after_the_close_is_refused(seconds, reason):
    pool = started()
    pool.wait(seconds)
    (said,) = pool.bid(1, ETHER, price_ray=RESERVE)
    assert getattr(said, "reason", None) is reason
    assert isinstance(said, HoldBid) is (reason is None)


@pytest.mark.parametrize(("seconds", "reason"), [(59, Refusal.AUCTION_RUNNING), (60, None), (61, None)])
def test_a_batch_ends_when_its_window_does(seconds, reason):
    pool = started()
    pool.wait(seconds)
    said = pool.end(1)
    if reason:
        assert only(said, RefuseAuction).reason is reason
    else:
        assert [order.auction_id for order in kinds(said, EndAuction)] == [2, 1]


def test_both_accounts_sell_at_one_price_what_raises_their_debt_and_penalty():
    pool = started(bidder_ratio_max=WAD)
    high, low = 1_950 * DOLLAR, 1_900 * DOLLAR
    for auction_id, keeper, price in ((1, 7, high), (2, 8, low), (1, 9, low)):
        pool.bid(auction_id, 10 * ETHER, keeper, price_ray=price)
    pool.wait(60)
    said = pool.end(2)
    settled = kinds(said, SettleBid)
    needed = {nth: -(-(debt * UNITS[USD] * RAY * 105 // 100) // low) for nth, debt in zip((1, 2), DEBTS, strict=True)}
    for auction_id in (1, 2):
        sold = [order for order in settled if order.auction_id == auction_id]
        assert sum(order.seize_balance for order in sold) == needed[auction_id]
        end = next(order for order in kinds(said, EndAuction) if order.auction_id == auction_id)
        assert end.returned_balance == 10 * ETHER - needed[auction_id]
        assert end.raised_amount == sum(order.pay_amount for order in sold)
        assert end.surplus_amount == end.raised_amount - end.cost_amount > 0
        assert (end.loss_amount, end.returned_debt_amount) == (0, 0)
        assert pool.balance((BORROWER, SECOND)[auction_id - 1], COLLATERAL, ETH) == end.returned_balance
    for keeper, share in ((7, 10 * ETHER), (8, None), (9, None)):
        got = sum(order.seize_balance for order in settled if order.keeper == keeper)
        paid = sum(order.pay_amount for order in settled if order.keeper == keeper)
        assert paid == -(-got * low // RAY)
        assert share is None or got == share
    # What a bid held and did not pay is returned, to the unit.
    held = {order.bid_id: order.pay_amount for order in kinds([o for s in pool.said for o in s], HoldBid)}
    spent = dict.fromkeys(held, 0)
    for order in settled:
        spent[order.bid_id] += order.pay_amount
    back = {order.bid_id: order.pay_amount for order in kinds(said, ReturnBid)}
    assert back == {bid_id: held[bid_id] - spent[bid_id] for bid_id in held}


def test_the_worst_account_sells_first_and_the_rest_goes_back_with_its_debt():
    pool = started()
    pool.bid(1, 4 * ETHER, price_ray=RESERVE)
    pool.wait(60)
    said = pool.end(1)
    settled = only(kinds(said, SettleBid), SettleBid)
    # The second account owes more, so it sells, although the bid named the first one's auction.
    assert (settled.auction_id, settled.bid_auction_id, settled.account) == (2, 1, SECOND)
    assert settled.was_held
    assert settled.pay_amount == 4 * 1_782 * UNITS[USD]
    assert [end.returned_debt_amount for end in kinds(said, EndAuction)] == [
        15_950 * UNITS[USD] - settled.pay_amount,
        15_900 * UNITS[USD],
    ]
    assert pool.balance(BORROWER, COLLATERAL, ETH) == 10 * ETHER
    assert pool.balance(BORROWER, DEBT, USD) == 15_900 * UNITS[USD]
    assert pool.balance(SECOND, COLLATERAL, ETH) == 6 * ETHER
    assert pool.balance(SECOND, DEBT, USD) == 15_950 * UNITS[USD] - settled.pay_amount
    assert not len(pool.state.deployment.auctions)


def test_equally_bad_accounts_sell_by_their_auctions_numbers():
    pool = Pool()
    pool.give(BORROWER, 0, 50 * UNITS[USD], USD)
    pool.start(*pool.offers)
    pool.bid(2, ETHER, price_ray=RESERVE)
    pool.wait(60)
    assert only(kinds(pool.end(2), SettleBid), SettleBid).auction_id == 1


def test_one_bidder_gets_its_share_of_what_is_for_sale_at_the_reserve():
    pool = started()
    for auction_id in (1, 2):
        pool.bid(auction_id, 10 * ETHER, price_ray=2 * RESERVE)
    due = [pool.auction(auction_id).due_ray for auction_id in (1, 2)]
    pool.wait(60)
    sold = sum(order.seize_balance for order in kinds(pool.end(1), SettleBid))
    for_sale = sum(min(10 * ETHER, -(-each // RESERVE)) for each in due)
    assert sold == -(-for_sale // 2)


def test_auctions_of_another_window_are_not_in_the_batch():
    pool = started(1)
    pool.wait(1)
    pool.start(*pool.offers)
    pool.wait(60)
    assert [end.auction_id for end in kinds(pool.end(1), EndAuction)] == [1]
    assert pool.auction(2).collateral_market == ETH


def test_auctions_of_another_pair_are_not_in_the_batch():
    pool = started(1)
    pool.give(THIRD, UNITS[BTC], 0, BTC)
    pool.give(THIRD, 0, 20_900 * UNITS[USD], USD)
    pool.start(*offers_in(pool.price(BTC=29_000)))
    assert pool.auction(2).ends_at == pool.auction(1).ends_at
    pool.wait(60)
    assert [end.auction_id for end in kinds(pool.end(1), EndAuction)] == [1]
    assert pool.auction(2).collateral_market == BTC


def test_the_whole_debt_goes_with_the_lot_and_is_written_off_only_after_the_sale():
    pool = Pool(bid_ms=7_200_000)
    pool.give(THIRD, UNITS[BTC], 0, BTC)
    pool.give(THIRD, 0, 20_000 * UNITS[USD], USD)
    pool.give(THIRD, 0, ETHER // 10, ETH)
    (order,) = [order for order in offers_in(pool.price(BTC=15_000)) if order.account == THIRD]
    start, *others = pool.start(order)
    assert start.debt_amount == 20_000 * UNITS[USD]
    assert pool.balance(THIRD, COLLATERAL, BTC) == 0
    assert pool.balance(THIRD, DEBT, ETH) == ETHER // 10
    pool.wait(3_600)
    assert kinds((*others, *pool.price(BTC=14_999), *pool.block()), AbsorbLoss) == []
    pool.bid(1, UNITS[BTC], price_ray=15_000 * 10**6 * RAY // UNITS[BTC])
    pool.bid(1, UNITS[BTC], 8, price_ray=15_000 * 10**6 * RAY // UNITS[BTC])
    pool.at = pool.auction().ends_at
    said = pool.end(1)
    assert sum(order.pay_amount for order in kinds(said, SettleBid)) == 15_000 * UNITS[USD]
    assert kinds(said, EndAuction)[0].returned_debt_amount == 5_000 * UNITS[USD]
    assert {order.debt_market: order.bad_debt_amount for order in kinds(said, AbsorbLoss)} == {
        USD: 5_000 * UNITS[USD],
        ETH: ETHER // 10,
    }


def test_nothing_is_sold_below_the_highest_reserve_of_a_batch():
    pool = Pool()
    first, second = sorted(pool.offers, key=lambda order: order.account != BORROWER)
    pool.wait(1)
    pool.start(first)
    pool.price(ETH=1_900)
    pool.start(second)
    assert pool.auction(1).ends_at == pool.auction(2).ends_at
    low = pool.auction(2).start_price_ray
    assert low < RESERVE
    pool.bid(2, ETHER, price_ray=RESERVE - 1)
    pool.wait(119)
    said = pool.end(1)
    assert kinds(said, SettleBid) == []
    assert len(kinds(said, ReturnBid)) == 1
    assert all(end.raised_amount == 0 for end in kinds(said, EndAuction))


# -- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lot", "offered", "reason"),
    [
        (ETHER, {"price_ray": RESERVE - 1}, Refusal.BID_TOO_LOW),
        (ETHER, {"price_ray": RESERVE}, None),
        (-1, {"price_ray": RESERVE}, Refusal.ZERO_AMOUNT),
        (ETHER, {"price_ray": -1}, Refusal.ZERO_AMOUNT),
        (ETHER, {"price_ray": 0}, Refusal.ZERO_AMOUNT),
        (0, {"price_ray": RESERVE}, Refusal.ZERO_AMOUNT),
        (1, {"price_ray": RESERVE}, None),
        (10 * ETHER, {"price_ray": RESERVE}, None),
        (10 * ETHER + 1, {"price_ray": RESERVE}, Refusal.LOT_EXCEEDED),
    ],
    ids=[
        "below_reserve", "at_reserve", "negative_lot", "negative_price", "no_price", "no_lot", "one_unit", "the_whole_lot",
        "larger_than_the_lot",
    ],
)  # fmt: skip
def test_a_bid_is_within_its_limits_or_refused(lot, offered, reason):
    pool = started()
    before = pool.auction()
    (said,) = pool.bid(1, lot, **offered)
    assert getattr(said, "reason", None) is reason
    assert (pool.auction() == before) is (reason is not None)


def test_a_bid_with_an_id_that_the_auction_knows_is_refused():
    pool = started()
    pool.bid(1, ETHER, price_ray=RESERVE, bid_id=5)
    assert only(pool.bid(1, ETHER, price_ray=RESERVE, bid_id=5)).reason is Refusal.BID_REPEATED
    assert isinstance(only(pool.bid(2, ETHER, price_ray=RESERVE, bid_id=5), HoldBid), HoldBid)


def test_an_auction_of_an_account_that_has_healed_is_refused():
    pool = Pool()
    order = next(order for order in pool.offers if order.account == BORROWER)
    assert only(kinds(pool.price(ETH=1_990), CancelOrder), CancelOrder)
    request = AuctionRequest(order.order_id, BORROWER, 7)
    assert only(pool.tell(AuctionsRequested(pool.at, (request,))), RefuseAuction).reason is Refusal.ORDER_UNKNOWN
    assert not len(pool.state.deployment.auctions)


def test_a_batch_is_never_reset():
    pool = started()
    pool.wait(60)
    assert only(pool.reset(1), RefuseAuction).reason is Refusal.AUCTION_RUNNING


# -- sealed bids -------------------------------------------------------------------------------------------------


def committed(pool, bid_id=1, lot=ETHER, price=RESERVE, keeper=7, auction_id=1, bond=None):
    shown = SealedBid(keeper, bid_id, price, lot, 0)
    least = -(-pool.auction(auction_id).due_ray // 100)
    return Bid(
        auction_id, bid_id, keeper, 0, pay_ray=least if bond is None else bond,
        commitment=commitment(auction_id, shown, SALT),
    )  # fmt: skip


def tell(pool, bid):
    (*_, said) = pool.tell(BidsReported(pool.at, (bid,)))
    return said


def reveal(bid_id=1, lot=ETHER, price=RESERVE, keeper=7, salt=SALT, auction_id=1):
    return Bid(auction_id, bid_id, keeper, lot, price_ray=price, salt=salt)


def test_a_revealed_bid_pays_and_gets_its_bond_back():
    pool = started(1, **SEALED)
    bid = committed(pool)
    bond = -(-bid.pay_ray // RAY)
    assert tell(pool, bid).pay_amount == bond
    pool.wait(60)
    back, held = pool.tell(BidsReported(pool.at, (reveal(),)))
    assert back == ReturnBid(1, 1, BORROWER, 7, USD, bond)
    assert (held.lot_balance, held.pay_amount) == (ETHER, 1_782 * UNITS[USD])
    pool.wait(30)
    said = pool.end(1)
    assert [type(order) for order in said[:2]] == [SettleBid, EndAuction]
    assert said[0].pay_amount == 1_782 * UNITS[USD]


def test_a_bond_whose_bid_was_not_revealed_is_forfeited():
    pool = started(1, **SEALED)
    bid = committed(pool)
    tell(pool, bid)
    pool.wait(90)
    said = pool.end(1)
    bond = -(-bid.pay_ray // RAY)
    assert said[0] == ForfeitBond(1, 1, BORROWER, 7, USD, bond)
    assert kinds(said, SettleBid) == kinds(said, ReturnBid) == []
    assert pool.state.deployment.market_states[USD].surplus_amount == bond
    assert dict(pool.state.buffers)["fee_reserve"] == {USD: bond}


def test_the_earlier_commitment_comes_first_however_late_it_is_revealed():
    pool = started(1, **SEALED, bidder_ratio_max=WAD)
    lot = -(-pool.auction().due_ray // RESERVE)
    assert lot < 10 * ETHER
    odd = lot if lot % 2 else lot - 1
    for bid_id, keeper in ((1, 9), (2, 8)):
        tell(pool, committed(pool, bid_id, lot=10 * ETHER, keeper=keeper))
        pool.wait(1)
    pool.wait(58)
    for bid_id, keeper in ((2, 8), (1, 9)):
        tell(pool, reveal(bid_id, lot=10 * ETHER, keeper=keeper))
    pool.wait(30)
    first, second = kinds(pool.end(1), SettleBid)
    assert (first.keeper, second.keeper) == (9, 8)
    assert first.seize_balance - second.seize_balance == lot - 2 * (lot // 2)
    assert odd


@pytest.mark.parametrize(
    ("bid", "reason"),
    [
        (reveal(2), Refusal.COMMITMENT_MISSING),
        (reveal(price=RESERVE + 1), Refusal.REVEAL_DIFFERS),
        (reveal(lot=ETHER + 1), Refusal.REVEAL_DIFFERS),
        (reveal(keeper=8), Refusal.REVEAL_DIFFERS),
        (reveal(salt=SALT[::-1]), Refusal.REVEAL_DIFFERS),
        (reveal(price=2**300), Refusal.REVEAL_DIFFERS),
        (reveal(), None),
    ],
    ids=["without_commitment", "price", "lot", "keeper", "salt", "too_wide", "matching"],
)
def test_a_reveal_matches_its_commitment_or_is_refused(bid, reason):
    pool = started(1, **SEALED)
    tell(pool, committed(pool))
    pool.wait(60)
    before = pool.auction()
    said = tell(pool, bid)
    assert getattr(said, "reason", None) is reason
    assert (pool.auction() == before) is (reason is not None)


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (59, Refusal.AUCTION_RUNNING), (60, None), (89, None), (90, Refusal.AUCTION_CLOSED),
    ],
)  # fmt: skip
def test_a_bid_is_revealed_in_its_window(seconds, reason):
    pool = started(1, **SEALED)
    tell(pool, committed(pool))
    pool.wait(seconds)
    assert getattr(tell(pool, reveal()), "reason", None) is reason


@pytest.mark.parametrize(("seconds", "reason"), [(59, None), (60, Refusal.AUCTION_CLOSED)])
def test_a_commitment_comes_before_the_close(seconds, reason):
    pool = started(1, **SEALED)
    pool.wait(seconds)
    assert getattr(tell(pool, committed(pool)), "reason", None) is reason


def test_a_bid_is_revealed_once_and_committed_to_once():
    pool = started(1, **SEALED)
    tell(pool, committed(pool))
    assert tell(pool, committed(pool)).reason is Refusal.BID_REPEATED
    pool.wait(60)
    tell(pool, reveal())
    assert tell(pool, reveal()).reason is Refusal.BID_REPEATED


@pytest.mark.parametrize(("less", "reason"), [(1, Refusal.BOND_MISSING), (0, None), (-1, None)])
def test_a_bid_without_its_bond_is_refused(less, reason):
    pool = started(1, **SEALED)
    bond = -(-pool.auction().due_ray // 100)
    assert getattr(tell(pool, committed(pool, bond=bond - less)), "reason", None) is reason
    assert tell(pool, committed(pool, 2, bond=0)).reason is Refusal.BOND_MISSING


@pytest.mark.parametrize(("bond", "reason"), [(33, Refusal.BOND_MISSING), (34, None)])
def test_a_bond_is_rounded_up(bond, reason):
    sale = BatchSale(BatchRule(60_000, WAD, WAD, reveal_ms=1, bond_ratio=WAD // 3))
    auction = Auction(1, BORROWER, USD, ETH, 10, 101, 1, started_at=0, start_price_ray=1, ends_at=60_001)
    step = sale.bid(auction, Bid(1, 1, 7, 0, pay_ray=bond, commitment=bytes(32)), 0)
    assert (step if isinstance(step, Refusal) else None) is reason


def test_an_open_bid_where_they_are_sealed_is_refused():
    pool = started(1, **SEALED)
    assert tell(pool, Bid(1, 1, 7, ETHER)).reason is Refusal.COMMITMENT_MISSING
    assert only(pool.bid(1, ETHER, price_ray=RESERVE)).reason is Refusal.COMMITMENT_MISSING


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"price": RESERVE - 1}, Refusal.BID_TOO_LOW),
        ({"lot": 10 * ETHER + 1}, Refusal.LOT_EXCEEDED),
        ({"lot": 0}, Refusal.ZERO_AMOUNT),
    ],
)
def test_a_revealed_bid_that_could_not_have_been_made_costs_its_bond(changed, reason):
    pool = started(1, **SEALED)
    tell(pool, committed(pool, **changed))
    pool.wait(60)
    assert tell(pool, reveal(**changed)).reason is reason
    pool.wait(30)
    assert isinstance(pool.end(1)[0], ForfeitBond)


def test_an_unsealed_sale_knows_no_commitments():
    pool = started(1)
    assert tell(pool, committed(pool)).reason is Refusal.ZERO_AMOUNT
    pool.bid(1, ETHER, price_ray=RESERVE, bid_id=1)
    assert tell(pool, reveal()).reason is Refusal.BID_REPEATED


def test_a_rule_says_whether_bids_are_sealed():
    assert not BatchSale(BatchRule(60_000, WAD, WAD)).is_sealed
    assert BatchSale(BatchRule(60_000, WAD, WAD, reveal_ms=1)).is_sealed
