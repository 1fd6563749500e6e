"""What stands behind markets, through the engine: backers, liquidations that they pay, accounts that take over, claims."""

import pytest
from tests.deployments import ETH, UNITS, USD, Desk, named, offers_in

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.backstop_order import DrawBackstop, PayClaims
from seawall.ledger.event import BackstopChanged, ClaimsTaken, FillsReported
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate, RefuseEvent, RefuseFill, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named
from seawall.rules.stability_pool import worth

COIN, ETHER = UNITS[USD], UNITS[ETH]
MARKET = 0
BORROWER, OTHER, BACKER, SECOND = (named(role) + b"\0\0" for role in ("borrower", "other", "backer", "second"))


def back(desk: Desk, backer: bytes, change: int):
    return desk.tell(BackstopChanged(desk.at, backer, change))


def claim(desk: Desk, account: bytes):
    return desk.tell(ClaimsTaken(desk.at, account))


def desk_below(backed: int, price: int = 1990) -> tuple[Desk, Liquidate]:
    """A trove of 11 ETH against 20,000 dollars falls below 110 %, beside another of 100 ETH against 1,000."""
    desk = Desk("liquity_v2")
    desk.price(ETH=2100, USD=1, BTC=30000)
    if backed:
        assert back(desk, BACKER, backed) == ()
    desk.move(OTHER, {MARKET: 100 * ETHER}, {MARKET: 1_000 * COIN})
    desk.move(BORROWER, {MARKET: 11 * ETHER}, {MARKET: 20_000 * COIN})
    (order,) = offers_in(desk.price(ETH=price))
    return desk, order


def test_a_keeper_is_offered_a_reward_for_nothing():
    _, order = desk_below(50_000 * COIN)
    assert (order.account, order.repay_amount_max, order.seize_amount_at_max) == (BORROWER, 0, 55 * ETHER // 1000)


def test_the_pool_pays_and_every_amount_is_said():
    desk, order = desk_below(50_000 * COIN)
    settled, drawn, ended = desk.fill(order)
    assert isinstance(settled, SettleFill)
    assert (settled.repay_amount, settled.seize_amount, settled.fee_amount) == (0, 55 * ETHER // 1000, 0)
    gain = 21_000 * ETHER // 1990
    assert drawn == DrawBackstop(
        order.order_id, 0, BORROWER, MARKET, MARKET, 20_000 * COIN, gain, 0, 0, 11 * ETHER - 55 * ETHER // 1000 - gain
    )
    assert isinstance(ended, CancelOrder)
    assert ended.reason is Refusal.NO_DEBT
    assert desk.balance(BORROWER, MARKET, DEBT) == desk.balance(BORROWER, MARKET, COLLATERAL) == 0
    assert desk.balance(OTHER, MARKET, DEBT) == 1_000 * COIN
    backstop = desk.state.deployment.backstops[MARKET]
    assert (backstop.amount, backstop.collateral_amount) == (30_000 * COIN, gain)


def test_backers_share_the_gain_and_a_borrower_claims_its_surplus_once():
    desk, order = desk_below(30_000 * COIN)
    back(desk, SECOND, 10_000 * COIN)
    drawn = desk.fill(order)[1]
    assert claim(desk, BACKER) == (PayClaims(BACKER, MARKET, drawn.gain_amount * 3 // 4, 0),)
    assert claim(desk, BORROWER) == (PayClaims(BORROWER, MARKET, 0, drawn.surplus_amount),)
    for account in (BACKER, BORROWER, OTHER):
        (refused,) = claim(desk, account)
        assert (refused.reason, refused.detail) == (Refusal.ZERO_AMOUNT, f"account {account.hex()} has no claim")
    assert back(desk, BACKER, -15_000 * COIN) == ()
    (refused,) = back(desk, BACKER, -1)
    assert refused.reason is Refusal.BALANCE_EXCEEDED
    assert claim(desk, SECOND) == (PayClaims(SECOND, MARKET, drawn.gain_amount // 4, 0),)


def test_other_accounts_take_over_what_the_pool_cannot_pay():
    desk, order = desk_below(8_001 * COIN)
    before = desk.balance(OTHER, MARKET, COLLATERAL)
    drawn = desk.fill(order)[1]
    assert (drawn.offset_amount, drawn.redistributed_debt_amount) == (8_000 * COIN, 12_000 * COIN)
    assert drawn.redistributed_collateral_amount == 13_200 * ETHER // 1990
    assert desk.balance(OTHER, MARKET, DEBT) == 13_000 * COIN
    # A hundred stakes of a whole coin share it, rounded down at each; what is left is in the market.
    taken = desk.balance(OTHER, MARKET, COLLATERAL) - before
    assert 0 <= drawn.redistributed_collateral_amount - taken < 100
    assert desk.state.deployment.backstops[MARKET].amount == COIN


def test_whoever_falls_below_the_line_by_taking_over_is_offered_at_once():
    desk = Desk("liquity_v2")
    desk.price(ETH=2000, USD=1)
    third = named("third") + b"\0\0"
    desk.move(third, {MARKET: 10**6 * ETHER})
    desk.move(OTHER, {MARKET: 1_000 * ETHER}, {MARKET: 1_000 * 1_800 * COIN})
    (order,) = offers_in(desk.move(BORROWER, {MARKET: 10**6 * ETHER}, {MARKET: 1_900 * 10**6 * COIN}))
    twin = Engine(protocol_named, TriggerBook)
    twin.restore(State.restored(desk.state.canonical_bytes()))
    orders = desk.fill(order)
    assert [offer.account for offer in offers_in(orders)] == [OTHER]
    assert twin.apply(desk.events[-1]) == orders


def test_surpluses_of_two_liquidations_add_up():
    desk, order = desk_below(100_000 * COIN)
    first = desk.fill(order)[1]
    (again,) = offers_in(desk.move(BORROWER, {MARKET: 11 * ETHER}, {MARKET: 20_000 * COIN}))
    desk.fill(again)
    assert claim(desk, BORROWER) == (PayClaims(BORROWER, MARKET, 0, 2 * first.surplus_amount),)


def test_the_second_fill_of_one_event_meets_what_the_first_left():
    desk, order = desk_below(25_000 * COIN)
    (late,) = offers_in(desk.move(SECOND, {MARKET: 10 * ETHER}, {MARKET: 19_000 * COIN}))
    orders = desk.tell(FillsReported(desk.at, (desk.fill_of(order), desk.fill_of(late))))
    first, second = (drawn for drawn in orders if isinstance(drawn, DrawBackstop))
    assert (first.offset_amount, first.redistributed_debt_amount) == (20_000 * COIN, 0)
    assert (second.offset_amount, second.redistributed_debt_amount) == (4_999 * COIN, 14_001 * COIN)


@pytest.mark.parametrize(("repay", "reason"), [(-1, Refusal.ZERO_AMOUNT), (0, None), (5, None)])
def test_a_keeper_may_offer_nothing_and_repays_nothing(repay, reason):
    desk, order = desk_below(50_000 * COIN)
    answer = desk.fill(order, repay)[0]
    if reason is None:
        assert (answer.repay_amount, answer.seize_amount) == (0, 55 * ETHER // 1000)
    else:
        assert (type(answer), answer.reason) == (RefuseFill, reason)


def test_the_last_account_is_declined_even_where_the_pool_could_pay():
    desk = Desk("liquity_v2")
    desk.price(ETH=2000, USD=1)
    back(desk, BACKER, 50_000 * COIN)
    desk.move(BORROWER, {MARKET: 11 * ETHER}, {MARKET: 20_000 * COIN})
    (declined,) = desk.price(ETH=1990)
    assert (type(declined), declined.reason) == (DeclineAccount, Refusal.LAST_ACCOUNT)


def test_debt_is_not_redistributed_where_no_stake_is_left():
    desk, order = desk_below(0)
    redistribution = desk.state.deployment.redistributions[MARKET]
    # A market whose collateral outgrew its stakes by far: new stakes round to nothing.
    redistribution.staked_total, redistribution.staked_collateral_amount = 1, 10**30
    desk.move(OTHER, {MARKET: 1})
    assert redistribution.stakes[OTHER].stake == 0
    assert desk.fill(order)[0].reason is Refusal.LAST_ACCOUNT
    back(desk, BACKER, 50_000 * COIN)
    assert isinstance(desk.fill(order, fill_id=1)[0], SettleFill)


@pytest.mark.parametrize(("left", "reason"), [(COIN - 1, Refusal.LEAVES_DUST), (COIN, None), (COIN + 1, None)])
def test_one_coin_stays_in_the_pool(left, reason):
    desk = Desk("liquity_v2")
    back(desk, BACKER, 500 * COIN)
    answer = back(desk, BACKER, left - 500 * COIN)
    held = worth(desk.state.deployment.backstops[MARKET], desk.state.deployment.backstops[MARKET].commitments[BACKER])
    if reason is None:
        assert (answer, held) == ((), left)
    else:
        assert answer[0].reason is reason
        assert held == 500 * COIN


def test_less_than_one_coin_may_come_but_is_never_spent():
    desk, order = desk_below(COIN - 1)
    assert desk.fill(order)[1].offset_amount == 0
    assert desk.state.deployment.backstops[MARKET].amount == COIN - 1


def refused(desk: Desk, event) -> RefuseEvent:
    digest = desk.state.deployment.backstops, dict(desk.state.deployment.surplus_amounts)
    (order,) = desk.tell(event)
    assert isinstance(order, RefuseEvent)
    assert (desk.state.deployment.backstops, dict(desk.state.deployment.surplus_amounts)) == digest
    return order


@pytest.mark.parametrize("kind", [lambda at, account: BackstopChanged(at, account, 5), ClaimsTaken])
def test_events_of_no_market_and_of_no_account_are_refused(kind):
    desk = Desk("liquity_v2")
    of_no_market = named("backer") + b"\0\x02"
    found = refused(desk, kind(desk.at, of_no_market))
    assert (found.reason, found.detail) == (Refusal.MARKET_UNKNOWN, f"market 2 of 2, account {of_no_market.hex()}")
    found = refused(desk, kind(desk.at, b"\0\0"))
    assert (found.reason, found.detail) == (Refusal.EVENT_MALFORMED, "account 0000, 22 bytes wanted")
    found = refused(Desk("morpho_blue"), kind(desk.at, BACKER))
    assert found.detail == "no backstop stands behind the markets of morpho_blue@1"


def test_changes_of_nothing_and_of_too_much_are_refused():
    desk = Desk("liquity_v2")
    assert refused(desk, BackstopChanged(desk.at, BACKER, 0)).reason is Refusal.ZERO_AMOUNT
    assert refused(desk, BackstopChanged(desk.at, BACKER, -1)).reason is Refusal.BALANCE_EXCEEDED
    assert refused(desk, BackstopChanged(desk.at, BACKER, 1 << 127)).reason is Refusal.BALANCE_EXCEEDED
    assert back(desk, BACKER, (1 << 127) - 1) == ()
    assert refused(desk, BackstopChanged(desk.at, SECOND, 1)).reason is Refusal.BALANCE_EXCEEDED


def test_a_snapshot_holds_all_that_stands_behind_markets():
    desk, order = desk_below(8_001 * COIN)
    desk.fill(order)
    restored = State.restored(desk.state.canonical_bytes())
    before, after = desk.state.deployment, restored.deployment
    assert after.backstops == before.backstops
    assert after.redistributions == before.redistributions
    assert after.surplus_amounts == before.surplus_amounts != {}
    assert restored.digest() == desk.state.digest()
    claim(desk, BACKER)
    assert restored.digest() != desk.state.digest()


def test_the_opening_event_does_not_share_what_stands_behind_its_markets():
    first, second = Desk("liquity_v2"), Desk("liquity_v2")
    back(first, BACKER, 5 * COIN)
    assert second.state.deployment.backstops[MARKET].commitments == {}
    assert first.state.deployment.backstops[1].amount == 0
