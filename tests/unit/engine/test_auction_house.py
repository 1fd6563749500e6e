"""The auction house over Maker's Dutch sale: the contract's numbers end to end, and every movement at its edge."""

import pytest
from tests.auctions import (
    ART,
    BITCOIN,
    DAI,
    ETHER,
    INK,
    KEEPER,
    OTHER,
    OWNER,
    RAD,
    RATE,
    House,
    dutch,
    offered,
    offers_in,
    started,
    vault,
)  # fmt: skip

from seawall.engine.state import State
from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.event import Fill, FillsReported
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import (
    AbsorbLoss,
    CancelOrder,
    EndAuction,
    Payment,
    RefuseAuction,
    RefuseBid,
    RefuseFill,
    ResetAuction,
    SettleBid,
    StartAuction,
)
from seawall.ledger.refusal import Refusal

PRICE_601 = 2071256328682200000000000000000
DUE = 16_611_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000
COST = 14_700 * WAD + 1 + 316_611 * WAD // 1000


def reason_of(orders):
    (refused,) = orders
    return refused.reason


# -- start -------------------------------------------------------------------------------------------------------


def test_the_offer_says_that_the_account_is_to_be_auctioned():
    _, order = offered()
    assert order.is_auctioned
    assert (order.repay_amount_max, order.seize_amount_at_max) == (14_700 * WAD + 1, INK)


def test_a_start_moves_the_whole_vault_into_the_auction_as_the_contract_does():
    house, order = offered()
    start, cancel = house.start(order)
    assert isinstance(start, StartAuction)
    assert (start.auction_id, start.account, start.keeper) == (1, OWNER, KEEPER)
    assert start.due_ray == DUE
    assert start.start_price_ray == 2_200 * RAY
    assert start.reward_amount == 316_611 * WAD // 1000
    assert (start.lot_balance, start.debt_amount) == (INK, 14_700 * WAD + 1)
    assert start.health_factor_ratio_before < WAD
    assert cancel == CancelOrder(order.order_id, OWNER, Refusal.NO_DEBT, order.expires_at - 86_400_000)
    assert house.balance(OWNER, COLLATERAL) == house.balance(OWNER, DEBT) == 0
    auction = house.auction()
    assert (auction.lot_balance, auction.due_ray, auction.due_ray_min) == (INK, DUE, 8_475 * RAD)
    assert auction.cost_amount == COST
    assert house.state.deployment.auctions.due_rays == [DUE, 0]
    assert house.state.deployment.auctions.lot_balances == [INK, 0]


def test_where_the_room_is_small_only_a_part_starts_and_the_order_stays_open():
    protocol = dutch(market_due_value_max=9_000 * WAD, debt_value_min=5_000 * WAD)
    house, order = offered(protocol)
    (start,) = house.start(order)
    assert (start.lot_balance, start.due_ray) == (
        5_418_096_442_116_669_676,
        8999999999999999999999592008571428571428571428571,
    )
    assert house.balance(OWNER, DEBT) == ART - 7_585_335_018_963_337_547_408
    assert house.balance(OWNER, COLLATERAL) == INK - start.lot_balance
    again = house.start(order)
    assert reason_of(again) is Refusal.AUCTION_LIMIT


def test_the_room_of_all_markets_is_one():
    protocol = dutch(total_due_value_max=16_611 * WAD)
    house, order = offered(protocol)
    house.start(order)
    other = vault("other", BITCOIN)
    house.give(other, WAD, 26_000 * WAD, BITCOIN)
    (order,) = offers_in(house.price(BTC=39_000))
    assert reason_of(house.start(order)) is Refusal.AUCTION_LIMIT
    house.bid(1, INK)
    assert isinstance(house.start(order)[0], StartAuction)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({"order_id": 2}, Refusal.ORDER_UNKNOWN), ({"account": vault("stranger")}, Refusal.ORDER_UNKNOWN)],
)
def test_a_start_must_name_an_open_order_and_its_account(changed, expected):
    house, order = offered()
    assert reason_of(house.start(order, **changed)) is expected
    assert house.state.auction_count == 0


def test_an_account_that_has_healed_is_not_auctioned():
    house, order = offered()
    assert house.price(ETH=2_200)[0].reason is Refusal.HEALTHY
    assert reason_of(house.start(order)) is Refusal.ORDER_UNKNOWN


def test_a_second_start_finds_the_account_healed_by_the_first():
    house, order = offered()
    first, second, _ = house.start(order, order)
    assert isinstance(first, StartAuction)
    assert second == RefuseAuction(order.order_id, 0, OWNER, KEEPER, Refusal.HEALTHY)
    assert len(house.state.deployment.auctions) == 1


def test_an_expired_order_starts_nothing():
    house, order = offered(policy=Policy(order_lifetime_ms=60_000))
    house.wait(60)
    assert isinstance(house.start(order)[0], StartAuction)
    house, order = offered(policy=Policy(order_lifetime_ms=60_000))
    house.wait(61)
    assert house.start(order)[0] == RefuseAuction(order.order_id, 0, OWNER, KEEPER, Refusal.ORDER_EXPIRED)


def test_nobody_fills_at_a_fixed_price_what_is_auctioned():
    house, order = offered()
    fill = Fill(order.order_id, 1, OWNER, KEEPER, ETHER, ETHER, WAD)
    (refused,) = house.tell(FillsReported(house.at, (fill,)))
    assert isinstance(refused, RefuseFill)
    assert refused.reason is Refusal.AUCTION_ONLY


@pytest.mark.parametrize(("level", "starts", "bids"), [(1, True, True), (2, False, True), (3, False, False)])
def test_breakers_stop_starts_before_they_stop_bids(level, starts, bids):
    house, order = offered()
    other = vault("other")
    house.give(other, INK, ART)
    (second,) = offers_in(house.said[-1])
    house.start(order)
    house.decide(ETHER, level)
    assert isinstance(house.start(second)[0], StartAuction) is starts
    house.wait(601)
    assert isinstance(house.bid(1, WAD)[0], SettleBid) is bids


# -- takes -------------------------------------------------------------------------------------------------------


def test_takes_are_the_contracts_to_the_unit():
    house, _ = started()
    house.wait(601)
    (first,) = house.bid(1, 4 * WAD, price_ray=PRICE_601)
    assert (first.seize_balance, first.pay_ray) == (
        3_928_050_761_914_333_072,
        8_136_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000,
    )
    assert first.pay_amount == 8_136 * WAD + 1
    assert (first.lot_left_balance, first.due_left_ray) == (6_071_949_238_085_666_928, 8_475 * RAD)
    assert first.seize_value == 2_000 * 3_928_050_761_914_333_072
    last, end = house.bid(1, INK, keeper=OTHER)
    taken = 8_475 * RAD // PRICE_601
    assert (last.keeper, last.seize_balance, last.pay_ray) == (OTHER, taken, 8_475 * RAD)
    assert (last.lot_left_balance, last.due_left_ray) == (0, 0)
    assert end == EndAuction(
        1, OWNER, ETHER, ETHER, 8_136 * WAD + 1 + 8_475 * WAD, COST, 8_136 * WAD + 1 + 8_475 * WAD - COST, 0,
        6_071_949_238_085_666_928 - taken, 6_071_949_238_085_666_928 - taken, False,
    )  # fmt: skip
    deployment = house.state.deployment
    assert deployment.auctions.due_rays == deployment.auctions.lot_balances == [0, 0]
    assert deployment.market_states[ETHER].surplus_amount == end.surplus_amount
    assert house.balance(OWNER, COLLATERAL) == 0


@pytest.mark.parametrize(("limit", "settles"), [(PRICE_601 - 1, False), (PRICE_601, True), (PRICE_601 + 1, True)])
def test_a_bid_below_the_price_of_the_moment_is_refused(limit, settles):
    house, _ = started()
    house.wait(601)
    before = house.state.canonical_bytes()
    orders = house.bid(1, WAD, price_ray=limit)
    assert isinstance(orders[0], SettleBid) is settles
    if not settles:
        assert orders == (RefuseBid(1, 1, OWNER, KEEPER, Refusal.BID_TOO_LOW),)
        assert house.state.deployment.auctions.bid_ids(1) == set()
        assert_same_but_for_the_count(before, house.state)


def assert_same_but_for_the_count(before, state):
    undone = State.restored(before)
    undone.event_count, undone.deployment.at = state.event_count, state.deployment.at
    assert undone.canonical_bytes() == state.canonical_bytes()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"auction_id": 2}, Refusal.AUCTION_UNKNOWN),
        ({"lot_balance": -1}, Refusal.ZERO_AMOUNT),
        ({"lot_balance": 0}, Refusal.ZERO_AMOUNT),
        ({"price_ray": -1}, Refusal.ZERO_AMOUNT),
        ({"price_ray": 0}, Refusal.ZERO_AMOUNT),
        ({"price_ray": 1}, Refusal.BID_TOO_LOW),
        ({"price_ray": 10**60, "pay_ray": -1}, Refusal.ZERO_AMOUNT),
    ],
)
def test_bad_bids_are_refused_with_their_reason(given, expected):
    house, _ = started()
    before = house.state.canonical_bytes()
    orders = house.bid(**{"auction_id": 1, "lot_balance": WAD, **given})
    assert reason_of(orders) is expected
    assert_same_but_for_the_count(before, house.state)


def test_a_bid_whose_id_was_met_changes_nothing():
    house, _ = started()
    (first,) = house.bid(1, WAD, bid_id=5)
    assert isinstance(first, SettleBid)
    before = house.state.canonical_bytes()
    assert house.bid(1, WAD, bid_id=5) == (RefuseBid(1, 5, OWNER, KEEPER, Refusal.BID_REPEATED),)
    assert_same_but_for_the_count(before, house.state)
    house.end(1)


def test_a_part_of_what_is_hardly_worth_a_take_is_refused():
    house, _ = started()
    house.bid(1, 3_699 * WAD // 1000)
    # 2,200 * 3.699 = 8,137.8 would leave less than 8,475: exactly that stays.
    assert house.auction().due_ray == 8_475 * RAD
    assert reason_of(house.bid(1, WAD)) is Refusal.LEAVES_DUST


def test_a_bid_for_more_than_the_lot_gets_the_lot():
    house, _ = started(dutch(spent_share_ray=0))
    house.wait(8_400)
    settled, end, loss = house.bid(1, 10**30)
    assert settled.seize_balance == INK
    assert settled.pay_ray == INK * 863964262387171405595464828400
    assert end.raised_amount + end.loss_amount == end.cost_amount == COST
    assert (end.surplus_amount, end.returned_balance) == (0, 0)
    assert loss.bad_debt_amount == end.loss_amount == COST - (settled.pay_ray + RAY - 1) // RAY
    assert house.state.deployment.market_states[ETHER].bad_debt_amount == loss.bad_debt_amount


def test_a_loss_is_paid_by_the_waterfall_and_a_surplus_feeds_the_reserve():
    policy = Policy(buffers=(Buffer("fee_reserve", ((DAI, 0),)), Buffer("fund", ((DAI, 100 * WAD),))))
    house, _ = started(policy=policy)
    house.bid(1, INK)
    earned = house.state.buffers[0][1][DAI]
    assert earned == house.state.deployment.market_states[ETHER].surplus_amount > 0
    house, _ = started(dutch(spent_share_ray=0), policy=policy)
    house.wait(8_400)
    *_, loss = house.bid(1, INK)
    assert isinstance(loss, AbsorbLoss)
    assert loss.payments[0] == Payment("fund", 100 * WAD)
    assert sum(payment.amount for payment in loss.payments) == loss.bad_debt_amount


# -- reset -------------------------------------------------------------------------------------------------------


def test_a_spent_auction_takes_no_bid_and_starts_again_at_the_price_of_the_day():
    house, _ = started(dutch(spent_share_ray=0))
    house.wait(8_400)
    assert house.reset(1) == (RefuseAuction(0, 1, OWNER, KEEPER, Refusal.AUCTION_RUNNING),)
    house.wait(1)
    assert reason_of(house.bid(1, INK)) is Refusal.AUCTION_CLOSED
    house.price(ETH=1_500)
    (again,) = house.reset(1, keeper=OTHER)
    assert again == ResetAuction(1, OWNER, OTHER, ETHER, ETHER, INK, DUE, 1_650 * RAY, 316_611 * WAD // 1000)
    assert house.auction().cost_amount == COST + 316_611 * WAD // 1000
    (settled,) = house.bid(1, WAD)
    assert settled.pay_ray == 1_650 * RAD


def test_an_auction_is_spent_too_once_its_price_is_below_its_share():
    # 0.99 ** 91 is the first power below 0.4; the table has it 91 steps of 90 seconds on.
    house, _ = started(dutch(seconds_max=100_000))
    house.wait(90 * 91 + 89)
    assert isinstance(house.bid(1, WAD)[0], SettleBid)
    house, _ = started(dutch(seconds_max=100_000))
    house.wait(90 * 92)
    assert reason_of(house.bid(1, WAD)) is Refusal.AUCTION_CLOSED


def test_a_reset_of_what_is_hardly_worth_a_take_is_not_paid_for():
    house, _ = started()
    house.bid(1, 3_699 * WAD // 1000)
    house.wait(8_401)
    assert house.auction().due_ray == 8_475 * RAD
    lot = house.auction().lot_balance
    # The rest of the lot is worth 8,475 at 1,345.03; a dai less and its reset is not worth a reward.
    worth = -(-8_475 * WAD // lot)
    house.price(ETH=worth)
    (again,) = house.reset(1)
    assert again.reward_amount == 308_475 * WAD // 1000
    house.wait(8_401)
    house.price(ETH=worth - 1)
    (again,) = house.reset(1)
    assert again.reward_amount == 0


def test_resets_and_ends_of_nothing_are_refused():
    house, _ = started()
    assert reason_of(house.reset(9)) is Refusal.AUCTION_UNKNOWN
    assert reason_of(house.end(9)) is Refusal.AUCTION_UNKNOWN
    assert reason_of(house.end(1)) is Refusal.AUCTION_RUNNING


def test_without_a_price_nothing_is_settled_or_started_again():
    house, _ = started()
    house.price(ETH=0)
    assert reason_of(house.bid(1, WAD)) is Refusal.PRICE_MISSING
    house.wait(8_401)
    assert reason_of(house.reset(1)) is Refusal.PRICE_MISSING


# -- many auctions -----------------------------------------------------------------------------------------------


def test_auctions_of_many_vaults_run_side_by_side_and_events_are_taken_in_their_order():
    house = House(debt_index=RATE)
    house.price(ETH=2_200, BTC=40_000, DAI=1)
    names = [vault(f"owner {nth}") for nth in range(5)]
    for name in names:
        house.give(name)
    orders = offers_in(house.price(ETH=2_000))
    starts = [order for order in house.start(*orders) if isinstance(order, StartAuction)]
    assert [start.auction_id for start in starts] == [1, 2, 3, 4, 5]
    assert house.state.deployment.auctions.due_rays[ETHER] == 5 * DUE
    house.wait(601)
    said = house.bids([house.bid_of(3, INK, price_ray=PRICE_601), house.bid_of(1, WAD, price_ray=PRICE_601)])
    assert [(type(order), order.auction_id) for order in said] == [(SettleBid, 3), (EndAuction, 3), (SettleBid, 1)]
    assert [auction.auction_id for auction in house.state.deployment.auctions] == [1, 2, 4, 5]


def test_a_restored_engine_goes_on_with_its_auctions():
    house, _ = started()
    house.bid(1, WAD, bid_id=5)
    restored = State.restored(house.state.canonical_bytes())
    assert restored.digest() == house.state.digest()
    assert restored.deployment.auctions.get(1) == house.auction()
    assert restored.deployment.auctions.bid_ids(1) == {5}
    assert restored.deployment.auctions.due_rays == house.state.deployment.auctions.due_rays
    assert restored.auction_count == 1


def test_bitcoin_of_eight_decimals_is_sold_in_units_of_eighteen():
    house = House(debt_index=RAY)
    house.price(ETH=2_200, BTC=40_000, DAI=1)
    other = vault("other", BITCOIN)
    house.give(other, WAD + 1, 27_000 * WAD, BITCOIN)
    (order,) = offers_in(house.price(BTC=39_000))
    start = house.start(order)[0]
    assert (start.lot_balance, start.lot_amount) == (WAD + 1, 10**8)
    assert start.start_price_ray == 42_900 * RAY
    settled, _ = house.bid(start.auction_id, WAD)
    assert settled.pay_ray == 27_000 * 113 * RAD // 100
    assert settled.seize_amount == settled.seize_balance // 10**10
