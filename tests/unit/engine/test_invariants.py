"""Each named invariant, broken by hand, says so by its name; and the page that lists them lists them all."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.auctions import House, started
from tests.deployments import BORROWER, ETH, HOUR, UNITS, USD, Desk, below_the_line, named
from tests.exchange import BTC, LONG, Exchange
from tests.exchange import UNITS as CONTRACT_UNITS
from tests.unit.engine.test_deleveraging import crash, deleveragings

from seawall.engine import invariants
from seawall.engine.invariants import check_invariants
from seawall.engine.state import Episode
from seawall.errors import InvariantViolation
from seawall.fixed import WAD
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.event import BackstopChanged
from seawall.ledger.loss_ledger import Draw
from seawall.ledger.order import AbsorbLoss, EndAuction, Order, Payment, SettleFill
from seawall.ledger.restitution import Penalty, Ruling

PAGE = Path(__file__).parents[3] / "docs" / "invariants.md"
NAMES = [
    name
    for name, function in inspect.getmembers(invariants, inspect.isfunction)
    if function.__module__ == invariants.__name__ and not name.startswith("_") and name != "check_invariants"
]
LOSS = AbsorbLoss(BORROWER, USD, 10, 10, (Payment("insurance_fund", 4), Payment("socialized_loss", 6)))
ENDED = EndAuction(1, BORROWER, USD, ETH, 90, 100, 0, 10, 0, 0, False)

Broken = tuple[Desk, list[Order]]


def deleveraged() -> tuple[Exchange, AutoDeleverage]:
    exchange = crash()
    (order,) = deleveragings(exchange)
    return exchange, order


def a_lost_unit() -> Broken:
    desk, _ = below_the_line()
    desk.state.deployment.book.balance_totals[0] += 1
    return desk, []


def an_account_that_nobody_saw() -> Broken:
    desk, _ = below_the_line()
    del desk.state.episodes[desk.row(BORROWER)]
    desk.state.order_rows.clear()
    return desk, []


def an_account_that_is_healthy() -> Broken:
    desk, _ = below_the_line()
    desk.move(named("careful"), {ETH: UNITS[ETH]}, {USD: UNITS[USD]})
    desk.state.episodes[desk.row(named("careful"))] = Episode(since=desk.at)
    return desk, []


def an_account_that_nobody_warned() -> Broken:
    desk, _ = below_the_line(policy=Policy(warning_health_ratio=WAD + WAD // 1000))
    desk.state.warned.clear()
    return desk, []


def a_warning_for_nothing() -> Broken:
    desk, _ = below_the_line()
    desk.state.warned[desk.row(BORROWER)] = desk.at
    return desk, []


def an_order_without_an_episode() -> Broken:
    desk, _ = below_the_line()
    desk.state.order_rows[2] = desk.row(BORROWER)
    return desk, []


def an_episode_that_forgot_its_order() -> Broken:
    desk, _ = below_the_line()
    desk.state.episodes[desk.row(BORROWER)].order_id = 0
    return desk, []


def a_buffer_that_paid_too_much() -> Broken:
    desk, _ = below_the_line(policy=Policy(buffers=(Buffer("insurance_fund", ((USD, 0),)),)))
    desk.state.buffers[0][1][USD] -= 1
    return desk, []


def a_desk_with_a_loss() -> Desk:
    """Return a desk whose fund of 10 USD, with a budget of 4 an hour, paid 4 of the loss; the rest waits."""
    policy = Policy(
        buffers=(Buffer("insurance_fund", ((USD, 10 * UNITS[USD]),)),),
        absorbers=(Absorber(("insurance_fund",), budget_value=4 * WAD, window_ms=HOUR),),
    )
    desk = Desk(policy=policy)
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: UNITS[ETH] // 20}, {USD: 79 * UNITS[USD]})
    desk.price(ETH=500)
    return desk


def with_entries(*changed: tuple[int, dict[str, object]]) -> Broken:
    """Return a desk with a loss and its late payment, whose entries of these numbers say something else."""
    desk = a_desk_with_a_loss()
    desk.wait(HOUR)
    desk.block()
    ledger = desk.state.loss_ledger
    assert ledger is not None
    assert [entry.paid_for for entry in ledger.entries] == [0, 1]
    for number, fields in changed:
        ledger.entries[number - 1] = replace(ledger.entries[number - 1], **fields)
    return desk, []


def an_entry_paid_in_part() -> Broken:
    return with_entries((1, {"payments": (Payment("insurance_fund", 4 * UNITS[USD]),)}))


def a_late_payment_for_another_account() -> Broken:
    return with_entries((2, {"account": named("other")}))


def a_late_payment_for_another_episode() -> Broken:
    return with_entries((2, {"below_since": 0}))


def a_late_payment_that_waited_for_nothing() -> Broken:
    left = Payment("uncovered_loss", 3 * UNITS[USD])
    paid = Payment("insurance_fund", 51_609_757)
    return with_entries((1, {"payments": (paid, left)}))


def a_loss_that_nobody_waits_for() -> Broken:
    desk = a_desk_with_a_loss()
    assert desk.state.loss_ledger is not None
    desk.state.loss_ledger.uncovered_amounts[USD].clear()
    return desk, []


def a_buffer_that_paid_more_than_the_ledger_says() -> Broken:
    desk = a_desk_with_a_loss()
    desk.state.buffers[0][1][USD] -= 1
    return desk, []


def a_buffer_that_was_fed_by_nobody() -> Broken:
    desk = a_desk_with_a_loss()
    desk.state.buffers[0][1][ETH] = 1
    return desk, []


def a_budget_that_was_passed() -> Broken:
    desk = a_desk_with_a_loss()
    assert desk.state.loss_ledger is not None
    desk.state.loss_ledger.draws[0].append(Draw(desk.at, 1))
    return desk, []


def a_ruling_that_paid_more_than_was_claimed() -> Broken:
    desk, _ = below_the_line(policy=Policy(restitution_window_ms=HOUR))
    assert desk.state.restitutions is not None
    desk.state.restitutions.rulings.append(Ruling(desk.at, ETH, 0, 1, "insurance_fund", USD, 10, 1, 11))
    return desk, []


def a_penalty_that_was_paid_back_and_is_still_there() -> Broken:
    desk, _ = below_the_line(policy=Policy(restitution_window_ms=HOUR))
    assert desk.state.restitutions is not None
    desk.state.restitutions.rulings.append(Ruling(desk.at, ETH, 5, 7, "insurance_fund", USD, 10, 1, 1))
    desk.state.restitutions.penalties.append(Penalty(5, BORROWER, USD, ETH, 1))
    return desk, []


def a_market_that_owes_less_than_nothing() -> Broken:
    desk, _ = below_the_line()
    desk.state.deployment.market_states[USD].fee_amount = -1
    return desk, []


def a_seizure_above_the_line() -> Broken:
    desk, order = below_the_line()
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    return desk, [replace(settled, health_factor_ratio_before=WAD + 1)]


def a_loss_paid_once_too_often() -> Broken:
    desk, _ = below_the_line()
    return desk, [replace(LOSS, payments=(*LOSS.payments, Payment("fee_reserve", 1)))]


def backed() -> Desk:
    desk = Desk("liquity_v2")
    desk.price(ETH=2000, USD=1)
    account = BORROWER + b"\0\0"
    desk.tell(BackstopChanged(desk.at, account, 5_000 * UNITS[USD]))
    desk.move(account, {0: 11 * UNITS[ETH]}, {0: 10_000 * UNITS[USD]})
    return desk


def a_backer_who_owns_more_than_there_is() -> Broken:
    desk = backed()
    desk.state.deployment.backstops[0].amount -= 1
    return desk, []


def a_gain_that_never_came() -> Broken:
    desk = backed()
    desk.state.deployment.backstops[0].gain_sums[0] = 10**36
    return desk, []


def a_stake_of_another_amount() -> Broken:
    desk = backed()
    desk.state.deployment.book.move_balance(0, 0, -1)
    return desk, []


def a_stake_that_is_not_counted() -> Broken:
    desk = backed()
    desk.state.deployment.redistributions[0].stake_total += 1
    return desk, []


def stakes_of_more_than_there_is() -> Broken:
    desk = backed()
    desk.state.deployment.redistributions[0].debt_amount -= 1
    return desk, []


def a_loss_paid_in_part() -> Broken:
    desk, _ = below_the_line()
    return desk, [replace(LOSS, payments=LOSS.payments[:1])]


def dust_before_a_whale() -> Broken:
    desk, order = below_the_line()
    return desk, [order, replace(order, priority=order.priority + 1)]


def equals_against_their_bytes() -> Broken:
    desk, order = below_the_line()
    return desk, [order, replace(order, account=named("b"))]


def an_auction_without_its_lot() -> tuple[House, list[Order]]:
    house, _ = started()
    house.state.deployment.auctions.lot_balances[0] -= 1
    return house, []


def an_auction_with_nothing_due() -> tuple[House, list[Order]]:
    house, _ = started()
    house.state.deployment.auctions.put(replace(house.auction(), due_ray=0))
    return house, []


def an_auction_started_above_the_line() -> tuple[House, list[Order]]:
    house, start = started()
    return house, [replace(start, health_factor_ratio_before=WAD + 1)]


def an_auction_that_lost_a_unit() -> Broken:
    return below_the_line()[0], [replace(ENDED, raised_amount=89)]


def an_auction_whose_loss_nobody_bears() -> Broken:
    return below_the_line()[0], [ENDED, replace(LOSS, bad_debt_amount=9, payments=(Payment("fund", 9),))]


def winners_that_paid_a_unit_too_much() -> tuple[Exchange, list[Order]]:
    exchange, order = deleveraged()
    return exchange, [replace(order, paid_amounts=(order.paid_amounts[0] + 1, *order.paid_amounts[1:]))]


def a_contract_closed_on_one_side() -> tuple[Exchange, list[Order]]:
    exchange, order = deleveraged()
    return exchange, [replace(order, closed_amount=order.closed_amount - 1)]


def a_winner_below_its_line() -> tuple[Exchange, list[Order]]:
    """The rule cut an account that is below the line now: here it is its loser, which was there all along."""
    exchange, order = deleveraged()
    exchange.trade(LONG, BTC, CONTRACT_UNITS[BTC], 1)
    cut = replace(order.record.cuts[0], account=LONG, closed_amount=order.closed_amount)
    return exchange, [replace(order, record=replace(order.record, cuts=(cut,)))]


BREAKS: list[tuple[Callable[[], Broken], str]] = [
    (a_lost_unit, "balances_sum_to_market_total"),
    (an_account_that_nobody_saw, "no_account_is_missed"),
    (an_account_that_is_healthy, "no_account_is_missed"),
    (an_account_that_nobody_warned, "no_warning_is_missed"),
    (a_warning_for_nothing, "no_warning_is_missed"),
    (an_order_without_an_episode, "open_order_belongs_to_its_episode"),
    (an_episode_that_forgot_its_order, "open_order_belongs_to_its_episode"),
    (a_buffer_that_paid_too_much, "buffer_is_never_negative"),
    (an_entry_paid_in_part, "losses_are_paid_once"),
    (a_late_payment_for_another_account, "losses_are_paid_once"),
    (a_late_payment_for_another_episode, "losses_are_paid_once"),
    (a_late_payment_that_waited_for_nothing, "losses_are_paid_once"),
    (a_loss_that_nobody_waits_for, "losses_are_paid_once"),
    (a_buffer_that_paid_more_than_the_ledger_says, "draws_are_payments"),
    (a_buffer_that_was_fed_by_nobody, "draws_are_payments"),
    (a_budget_that_was_passed, "budget_is_never_exceeded"),
    (a_ruling_that_paid_more_than_was_claimed, "restitution_is_within_its_claims"),
    (a_penalty_that_was_paid_back_and_is_still_there, "restitution_is_within_its_claims"),
    (a_backer_who_owns_more_than_there_is, "backers_own_no_more_than_there_is"),
    (a_gain_that_never_came, "backers_own_no_more_than_there_is"),
    (a_stake_of_another_amount, "stakes_make_the_book"),
    (a_stake_that_is_not_counted, "stakes_make_the_book"),
    (stakes_of_more_than_there_is, "stakes_make_the_book"),
    (a_market_that_owes_less_than_nothing, "market_total_is_never_negative"),
    (an_auction_without_its_lot, "auctions_sum_to_market_total"),
    (an_auction_with_nothing_due, "auctions_sum_to_market_total"),
    (an_auction_started_above_the_line, "healthy_account_is_never_seized"),
    (an_auction_that_lost_a_unit, "auction_accounts_for_its_money"),
    (an_auction_whose_loss_nobody_bears, "auction_accounts_for_its_money"),
    (a_seizure_above_the_line, "healthy_account_is_never_seized"),
    (a_loss_paid_once_too_often, "waterfall_pays_each_unit_once"),
    (a_loss_paid_in_part, "waterfall_pays_each_unit_once"),
    (winners_that_paid_a_unit_too_much, "winners_pay_what_the_loser_gains"),
    (a_contract_closed_on_one_side, "winners_pay_what_the_loser_gains"),
    (a_winner_below_its_line, "winners_keep_their_margin"),
    (dust_before_a_whale, "offers_come_by_priority"),
    (equals_against_their_bytes, "offers_come_by_priority"),
]


@pytest.mark.parametrize(("broken", "name"), BREAKS, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_broken_is_said_by_its_name(broken: Callable[[], Broken], name: str) -> None:
    desk, orders = broken()
    with pytest.raises(InvariantViolation, match=f"^{name} does not hold: "):
        check_invariants(desk.state, desk.protocol, orders)


def test_every_invariant_has_been_broken_here() -> None:
    assert {name for _, name in BREAKS} == set(NAMES)


def test_what_is_whole_passes() -> None:
    desk, order = below_the_line()
    check_invariants(desk.state, desk.protocol, [order, LOSS, desk.fill(order)[0]])


def test_the_engine_calls_every_invariant() -> None:
    called = set(re.findall(r"^    (\w+)\(", inspect.getsource(check_invariants), re.MULTILINE))
    assert called == set(NAMES)


def test_the_page_names_every_invariant_and_no_other() -> None:
    assert re.findall(r"^- `(\w+)`: .+", PAGE.read_text(), re.MULTILINE) == list(
        re.findall(r"^    (\w+)\(", inspect.getsource(check_invariants), re.MULTILINE)
    )
