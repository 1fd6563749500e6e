"""Orders to keepers: who gets one, in what sequence, until when, and what is said where there is none."""

from itertools import permutations

import pytest
from tests.deployments import BORROWER, DUST, ETH, HOUR, UNITS, USD, WHALE, Desk, below_the_line, named, offers_in

from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate
from seawall.ledger.refusal import Refusal

TWIN = named("borrower twin")
LOANS = ((DUST, 1), (BORROWER, 100), (TWIN, 100), (WHALE, 10_000))
DAY = 24 * HOUR


def crash(arrivals: tuple[tuple[bytes, int], ...]) -> list[Liquidate]:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    for account, size in arrivals:
        desk.move(account, {ETH: size * UNITS[ETH] // 10}, {USD: size * 159 * UNITS[USD]})
    return offers_in(desk.price(ETH=1900))


def test_the_greatest_expected_loss_comes_first_and_equals_come_by_their_bytes() -> None:
    orders = crash(LOANS)
    assert [order.account for order in orders] == [WHALE, BORROWER, TWIN, DUST]
    assert [order.order_id for order in orders] == [1, 2, 3, 4]
    assert orders[1].priority == orders[2].priority


def test_no_order_depends_on_who_came_first() -> None:
    expected = crash(LOANS)
    for arrivals in permutations(LOANS):
        assert crash(arrivals) == expected


def test_an_order_says_the_numbers_that_it_was_decided_on() -> None:
    desk, order = below_the_line()
    assert order == Liquidate(
        order_id=1,
        account=BORROWER,
        # Had collateral fallen by another tenth, nothing was lost yet; the account is 60 past its line.
        priority=60 * WAD,
        debt_market=USD,
        collateral_market=ETH,
        # (1.05 * 15900 - 15840) / (1.05 - 0.8 * 1.05), and 5 % more of it in ETH at 1,980, less a tenth of the bonus.
        repay_amount_max=4_071_428_572,
        seize_amount_at_max=2_148_809_524_111_111_110,
        expires_at=desk.at + DAY,
        health_factor_ratio=996_226_415_094_339_622,
        collateral_value=19_800 * WAD,
        weighted_collateral_value=15_840 * WAD,
        debt_value=15_900 * WAD,
    )


def test_an_account_has_one_open_order_however_far_it_falls() -> None:
    desk, order = below_the_line()
    for price in (1900, 1800, 1700, 1979):
        assert desk.price(ETH=price) == ()
    assert desk.state.order_rows == {order.order_id: desk.row(BORROWER)}


@pytest.mark.parametrize(
    ("waited_ms", "said"),
    [(HOUR - 1, []), (HOUR, [CancelOrder, Liquidate]), (HOUR + 1, [CancelOrder, Liquidate])],
)
def test_an_order_that_expires_is_given_anew(waited_ms: int, said: list[type]) -> None:
    desk, order = below_the_line(policy=Policy(order_lifetime_ms=HOUR))
    desk.wait(waited_ms)
    orders = desk.block()
    assert [type(told) for told in orders] == said
    if said:
        withdrawn, renewed = orders
        assert withdrawn == CancelOrder(order.order_id, BORROWER, Refusal.ORDER_EXPIRED, order.expires_at - HOUR)
        assert isinstance(renewed, Liquidate)
        assert (renewed.order_id, renewed.expires_at) == (2, desk.at + HOUR)
        assert desk.state.episodes[desk.row(BORROWER)].since == order.expires_at - HOUR


def test_an_account_above_the_line_again_ends_its_episode() -> None:
    desk, order = below_the_line()
    below_since = desk.at
    desk.wait(5)
    assert desk.price(ETH=1988) == (CancelOrder(order.order_id, BORROWER, Refusal.HEALTHY, below_since),)
    assert not desk.state.episodes
    assert not desk.state.order_rows


@pytest.mark.parametrize(("price", "is_below"), [("1987.499999", True), ("1987.5", False), ("1987.500001", False)])
def test_at_the_line_itself_the_account_is_healthy(price: str, is_below: bool) -> None:
    desk, _ = below_the_line()
    desk.price(ETH=price)
    assert bool(desk.state.episodes) is is_below


def test_an_account_that_repaid_everything_ends_its_episode_for_another_reason() -> None:
    desk, order = below_the_line()
    orders = desk.move(BORROWER, debt={USD: -15_900 * UNITS[USD]})
    assert orders == (CancelOrder(order.order_id, BORROWER, Refusal.NO_DEBT, desk.at),)


def test_a_reason_is_said_once_and_again_only_when_it_changes() -> None:
    desk = Desk(oracle_rules={USD: OracleRule(price_age_ms_max=HOUR)})
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.wait(HOUR + 1)
    (declined,) = desk.price(ETH=1980)
    assert isinstance(declined, DeclineAccount)
    assert (declined.account, declined.reason) == (BORROWER, Refusal.PRICE_STALE)
    assert desk.price(ETH=1979) == ()
    desk.wait(2 * DAY)
    assert desk.block() == ()
    (missing,) = desk.price(USD=0)
    assert isinstance(missing, DeclineAccount)
    assert missing == DeclineAccount(BORROWER, Refusal.PRICE_MISSING, 0, 0, 0)
    (offer,) = desk.price(USD=1)
    assert isinstance(offer, Liquidate)
    # A refusal that ended has been forgotten: the same reason is said again, once the order is over.
    desk.wait(DAY)
    withdrawn, again = desk.block()
    assert isinstance(withdrawn, CancelOrder)
    assert isinstance(again, DeclineAccount)
    assert again.reason is Refusal.PRICE_STALE


def test_a_declined_account_that_recovers_closes_an_episode_without_an_order() -> None:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, debt={USD: UNITS[USD]})
    assert desk.move(BORROWER, {ETH: UNITS[ETH]}) == (CancelOrder(0, BORROWER, Refusal.HEALTHY, desk.at),)


def test_declines_come_before_offers_and_in_order_of_bytes() -> None:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.move(WHALE, {ETH: 2}, {})
    desk.move(DUST, {ETH: 2}, {})
    # Debts of one unit that only a price of the debt makes too large: half of a unit is nothing.
    desk.move(WHALE, debt={ETH: 1})
    desk.move(DUST, debt={ETH: 1})
    desk.govern(ETH, desk.state.deployment.markets[USD].parameters.__class__(0, 4 * 10**17, 5 * 10**16, 0, WAD // 2))
    said = [(type(order).__name__, order.account) for order in desk.said[-1]]
    assert said == [("DeclineAccount", DUST), ("DeclineAccount", WHALE), ("Liquidate", BORROWER)]
