"""The auction house over Maker's English sale: bids are held, outbid and returned, the lot falls, and time decides."""

import pytest
from tests.auctions import INK, KEEPER, OTHER, OWNER, RAD, RATE, english, offered, started

from seawall.fixed import RAY, WAD
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import EndAuction, HoldBid, RefuseAuction, RefuseBid, ResetAuction, ReturnBid, SettleBid
from seawall.ledger.refusal import Refusal

DUE = 16_611_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000
COST = 14_700 * WAD + 1


def reason_of(orders):
    (refused,) = orders
    return refused.reason


def house_with_auction(**changed):
    house, _ = started(english(**changed))
    return house


def test_a_start_takes_the_vault_and_rewards_nobody():
    house, start = started(english())
    assert (start.lot_balance, start.due_ray, start.reward_amount) == (INK, DUE, 0)
    assert house.auction().cost_amount == COST
    assert house.balance(OWNER, DEBT) == house.balance(OWNER, COLLATERAL) == 0


def test_an_auction_is_of_no_more_than_one_may_raise():
    house, order = offered(english(auction_due_value_max=8_305 * WAD))
    (start,) = house.start(order)
    debt = 8_305 * RAD * WAD // RATE // (113 * WAD // 100)
    assert start.lot_balance == INK * debt // (14_000 * WAD)
    assert start.due_ray == debt * RATE * 113 // 100
    (second,) = house.start(order)
    assert second.auction_id == 2


@pytest.mark.parametrize(
    ("total", "least", "refused"), [(15_919, 100, True), (15_920, 100, False), (15_820, 0, True), (15_821, 0, False)]
)
def test_another_starts_only_where_the_room_is_worth_the_least_debt(total, least, refused):
    # 15,820 is due already.
    protocol = english(total_due_value_max=total * WAD, debt_value_min=least * WAD, auction_due_value_max=20_000 * WAD)
    house, start = started(protocol, debt_index=RAY)
    assert start.due_ray == 15_820 * RAD
    house.give(b"other".ljust(20, b"\0") + b"\0\0")
    orders = house.start(house.said[-1][0])
    assert isinstance(orders[0], RefuseAuction) is refused
    assert not refused or orders[0].reason is Refusal.AUCTION_LIMIT


def test_rising_bids_are_held_and_the_outbid_get_their_money_back():
    house = house_with_auction()
    (first,) = house.bid(1, INK, pay_ray=1)
    assert first == HoldBid(1, 1, OWNER, KEEPER, 0, 0, INK, 1, 1)
    returned, second = house.bid(1, INK, OTHER, pay_ray=10_000 * RAD)
    assert returned == ReturnBid(1, 1, OWNER, KEEPER, 0, 1)
    assert (second.keeper, second.pay_amount) == (OTHER, 10_000 * WAD)
    assert reason_of(house.bid(1, INK, pay_ray=10_499 * RAD)) is Refusal.BID_TOO_LOW
    assert reason_of(house.bid(1, INK - 1, pay_ray=10_500 * RAD)) is Refusal.LOT_DIFFERS
    assert reason_of(house.bid(1, INK, pay_ray=DUE + 1)) is Refusal.DEBT_EXCEEDED
    assert reason_of(house.bid(1, INK, bid_id=2, pay_ray=12_000 * RAD)) is Refusal.BID_REPEATED
    house.wait(10_801)
    settled, end, loss = house.end(1)
    assert isinstance(settled, SettleBid)
    assert (settled.keeper, settled.seize_balance, settled.pay_amount, settled.was_held) == (
        OTHER,
        INK,
        10_000 * WAD,
        True,
    )
    assert isinstance(end, EndAuction)
    assert (end.raised_amount, end.cost_amount, end.loss_amount) == (10_000 * WAD, COST, COST - 10_000 * WAD)
    assert loss.bad_debt_amount == end.loss_amount
    assert len(house.state.deployment.auctions) == 0


def test_once_all_is_paid_the_lot_falls_and_what_nobody_asks_for_goes_back():
    house = house_with_auction()
    house.bid(1, INK, pay_ray=DUE)
    refused = 952_380_952_380_952_381 * 10
    assert reason_of(house.bid(1, refused, OTHER, pay_ray=DUE)) is Refusal.BID_TOO_LOW
    returned, held = house.bid(1, refused - 1, OTHER, pay_ray=DUE)
    assert returned.keeper == KEEPER
    assert (held.lot_balance, held.returned_balance) == (refused - 1, INK - refused + 1)
    assert held.returned_amount == held.returned_balance
    assert house.state.deployment.auctions.lot_balances == [refused - 1, 0]
    house.wait(10_801)
    settled, end = house.end(1)
    assert (settled.keeper, settled.seize_balance) == (OTHER, refused - 1)
    paid = -(-DUE // 10**27)
    assert (end.raised_amount, end.surplus_amount, end.returned_balance) == (paid, paid - COST, 0)


@pytest.mark.parametrize(
    ("seconds", "bids", "ends"), [(10_799, True, False), (10_800, False, False), (10_801, False, True)]
)
def test_a_lead_wins_when_its_time_is_over(seconds, bids, ends):
    house = house_with_auction()
    house.bid(1, INK, pay_ray=RAD)
    house.wait(seconds)
    assert isinstance(house.end(1)[0], SettleBid) is ends
    if not ends:
        assert isinstance(house.bid(1, INK, pay_ray=2 * RAD)[-1], HoldBid) is bids


@pytest.mark.parametrize(("seconds", "resets"), [(172_799, False), (172_800, False), (172_801, True)])
def test_an_auction_without_a_bid_is_prolonged_after_its_end(seconds, resets):
    house = house_with_auction()
    house.wait(seconds)
    assert isinstance(house.reset(1)[0], ResetAuction) is resets
    assert reason_of(house.end(1)) is Refusal.AUCTION_RUNNING
    house.wait(1)
    assert isinstance(house.bid(1, INK, pay_ray=1)[0], HoldBid) is resets


def test_an_auction_ends_at_its_own_end_however_fresh_its_lead_is():
    house = house_with_auction()
    house.wait(172_700)
    house.bid(1, INK, pay_ray=RAD)
    house.wait(101)
    assert house.bid(1, INK, pay_ray=2 * RAD) == (RefuseBid(1, 2, OWNER, KEEPER, Refusal.AUCTION_CLOSED),)
    assert isinstance(house.end(1)[0], SettleBid)


def test_an_auction_with_a_lead_is_not_prolonged():
    house = house_with_auction()
    house.bid(1, INK, pay_ray=RAD)
    house.wait(172_801)
    assert reason_of(house.reset(1)) is Refusal.AUCTION_RUNNING
