"""Each named invariant, broken by hand, says so by its name; and the page that lists them lists them all."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.deployments import BORROWER, ETH, UNITS, USD, Desk, below_the_line, named

from seawall.engine import invariants
from seawall.engine.invariants import check_invariants
from seawall.engine.state import Episode
from seawall.errors import InvariantViolation
from seawall.fixed import WAD
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.order import AbsorbLoss, Order, Payment, SettleFill

PAGE = Path(__file__).parents[3] / "docs" / "invariants.md"
NAMES = [
    name
    for name, function in inspect.getmembers(invariants, inspect.isfunction)
    if function.__module__ == invariants.__name__ and not name.startswith("_") and name != "check_invariants"
]
LOSS = AbsorbLoss(BORROWER, USD, 10, 10, (Payment("insurance_fund", 4), Payment("socialized_loss", 6)))

Broken = tuple[Desk, list[Order]]


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


def a_loss_paid_in_part() -> Broken:
    desk, _ = below_the_line()
    return desk, [replace(LOSS, payments=LOSS.payments[:1])]


def dust_before_a_whale() -> Broken:
    desk, order = below_the_line()
    return desk, [order, replace(order, priority=order.priority + 1)]


def equals_against_their_bytes() -> Broken:
    desk, order = below_the_line()
    return desk, [order, replace(order, account=named("b"))]


BREAKS: list[tuple[Callable[[], Broken], str]] = [
    (a_lost_unit, "balances_sum_to_market_total"),
    (an_account_that_nobody_saw, "no_account_is_missed"),
    (an_account_that_is_healthy, "no_account_is_missed"),
    (an_account_that_nobody_warned, "no_warning_is_missed"),
    (a_warning_for_nothing, "no_warning_is_missed"),
    (an_order_without_an_episode, "open_order_belongs_to_its_episode"),
    (an_episode_that_forgot_its_order, "open_order_belongs_to_its_episode"),
    (a_buffer_that_paid_too_much, "buffer_is_never_negative"),
    (a_market_that_owes_less_than_nothing, "market_total_is_never_negative"),
    (a_seizure_above_the_line, "healthy_account_is_never_seized"),
    (a_loss_paid_once_too_often, "waterfall_pays_each_unit_once"),
    (a_loss_paid_in_part, "waterfall_pays_each_unit_once"),
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
