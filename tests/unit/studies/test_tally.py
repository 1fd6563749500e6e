"""The tally adds up to what moved: orders counted one by one, times below the line ended or going on."""

import pytest
from tests.deployments import BORROWER, ETH, HOUR, UNITS, USD, WHALE, Desk, below_the_line, named, offers_in

from seawall.fixed import WAD
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.event import BackstopChanged
from seawall.ledger.order import SettleFill
from seawall.studies.tally import Tally, amounts_in, below_line_ms, notices_ms

FUND = Policy(buffers=(Buffer("insurance_fund", ((USD, 100 * UNITS[USD]),)),))


def test_a_fill_moves_as_much_as_the_book_lost() -> None:
    desk, order = below_the_line()
    before = amounts_in(desk.state.deployment, desk.protocol)
    tally = Tally(3)
    tally.add(desk.fill(order), desk.state.deployment)
    after = amounts_in(desk.state.deployment, desk.protocol)
    assert tally.liquidation_count == tally.accounts[BORROWER].liquidation_count == 1
    assert before.debt_amounts[USD] - after.debt_amounts[USD] == tally.repaid_amounts[USD] > 0
    taken = tally.seized_amounts[ETH] + tally.fee_amounts[ETH]
    assert before.collateral_amounts[ETH] - after.collateral_amounts[ETH] == taken > 0
    assert tally.accounts[BORROWER].loss_value == tally.seize_value + tally.fee_value - tally.repay_value > 0


def test_a_loss_is_paid_by_the_buffer_and_then_by_lenders() -> None:
    desk, order = below_the_line(policy=FUND)
    tally = Tally(3)
    tally.add(desk.price(ETH=900), desk.state.deployment)
    tally.add(desk.fill(order, 15_900 * UNITS[USD]), desk.state.deployment)
    assert tally.bad_debt_value == sum(tally.buffer_values.values()) + tally.socialized_loss_value > 0
    assert tally.buffer_values == {"insurance_fund": 100 * 10**18}
    owed = amounts_in(desk.state.deployment, desk.protocol).debt_amounts[USD]
    assert 15_900 * UNITS[USD] == tally.repaid_amounts[USD] + tally.written_off_amounts[USD] + owed


@pytest.mark.parametrize(
    ("ends", "durations_ms"),
    [
        ((), [2 * HOUR]),
        ((2000,), [HOUR]),
        ((2000, 1980), [0, HOUR]),
    ],
)
def test_times_below_the_line_end_or_go_on(ends: tuple[int, ...], durations_ms: list[int]) -> None:
    desk, _ = below_the_line()
    tally = Tally(3)
    desk.wait(HOUR)
    for price in ends:
        tally.add(desk.price(ETH=price), desk.state.deployment)
    if not ends:
        desk.wait(HOUR)
        desk.block()
    assert below_line_ms(tally, desk.engine) == durations_ms


def test_a_refused_fill_is_counted_by_its_reason_and_moves_nothing() -> None:
    desk, order = below_the_line()
    tally = Tally(3)
    desk.fill(order, order.repay_amount_max // 4)
    orders = desk.fill(order, order.repay_amount_max // 4)
    tally.add(orders, desk.state.deployment)
    assert not any(isinstance(each, SettleFill) for each in orders)
    assert (tally.liquidation_count, sum(tally.refusals.values())) == (0, 1)
    assert offers_in(orders) == []


def test_a_warning_is_counted_and_its_notice_taken_from_it_to_the_fall_below_the_line() -> None:
    desk = Desk(policy=Policy(warning_health_ratio=12 * 10**17))
    tally = Tally(3)

    def hear(**prices: int) -> None:
        tally.add(desk.price(**prices), desk.state.deployment)
        desk.wait(HOUR)

    desk.price(ETH=2000, USD=1)
    for account, dollars in ((BORROWER, 13_000), (WHALE, 11_000)):
        assert desk.move(account, {ETH: 10 * UNITS[ETH]}, {USD: dollars * UNITS[USD]}) == ()
    for price in (1900, 1650, 1600, 1300, 1700, 2100):
        hear(ETH=price)
    assert (tally.warning_count, tally.lifted_count) == (2, 2)
    assert notices_ms(tally, desk.engine) == [HOUR, 2 * HOUR]
    hear(ETH=1500)
    assert notices_ms(tally, desk.engine) == [0, HOUR, 2 * HOUR]


def test_what_backers_pay_is_counted_and_a_borrower_loses_what_all_others_gain() -> None:
    desk = Desk("liquity_v2")
    borrower, other = (named(role) + b"\0\0" for role in ("borrower", "other"))
    desk.price(ETH=2100, USD=1)
    desk.tell(BackstopChanged(desk.at, named("backer") + b"\0\0", 8_001 * UNITS[USD]))
    desk.move(other, {0: 100 * UNITS[ETH]}, {0: 1_000 * UNITS[USD]})
    desk.move(borrower, {0: 1095 * UNITS[ETH] // 100}, {0: 20_000 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=2000))
    tally = Tally(3)
    before = amounts_in(desk.state.deployment, desk.protocol)
    tally.add(desk.fill(order), desk.state.deployment)
    after = amounts_in(desk.state.deployment, desk.protocol)
    # 8,000 of debt for 8,400 of collateral, a half percent of 8,760 for the keeper; 12,000 for 13,200 to the other account.
    assert (tally.offset_value, tally.gain_value, tally.seize_value) == (8_000 * WAD, 8_400 * WAD, 438 * WAD // 10)
    assert tally.borrower_loss_value == 4438 * WAD // 10
    lost = tally.accounts[borrower]
    assert (lost.repay_value, lost.loss_value) == (8_000 * WAD, 4438 * WAD // 10 + 1_200 * WAD)
    assert before.debt_amounts[USD] - after.debt_amounts[USD] == tally.repaid_amounts[USD] == 8_000 * UNITS[USD]
    left = before.collateral_amounts[ETH] - after.collateral_amounts[ETH] - tally.seized_amounts[ETH]
    # The surplus is no loss of the borrower's, but it has left the book.
    assert 0 <= left < 100
    assert tally.seized_amounts[ETH] == (438 + 84_000 + 2_562) * UNITS[ETH] // 20_000
