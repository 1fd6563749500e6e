"""Breakers at work: raised by losses and contradictions, lowered by time or by a person, and by nobody else."""

import pytest
from tests.deployments import BORROWER, DUST, ETH, HOUR, UNITS, USD, Desk, named, ratio

from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import OperatorDecided
from seawall.ledger.order import HaltMarket, Order, RefuseEvent, ResumeMarket
from seawall.ledger.refusal import Refusal

STEPS = {ETH: OracleRule(step_ratio_max=ratio(10))}
OPERATED = {"operators": ("operator", "deputy"), "check": lambda event: event.signature == f"by {event.operator}"}


def halts(orders: tuple[Order, ...]) -> list[Order]:
    return [order for order in orders if isinstance(order, HaltMarket | ResumeMarket)]


def with_loss(limit_value: int, accounts: int = 1) -> tuple[Desk, tuple[Order, ...]]:
    """Return a desk that lost 54.609757 USD on each of some loans, each under a limit."""
    policy = Policy(breaker_loss_value_max=limit_value, breaker_window_ms=HOUR, breaker_cooldown_ms=2 * HOUR)
    desk = Desk(policy=policy)
    desk.price(ETH=2000, USD=1)
    for nth in range(accounts):
        desk.move(named(f"dust {nth}"), {ETH: UNITS[ETH] // 20}, {USD: 79 * UNITS[USD]})
    return desk, desk.price(ETH=500)


LOSS = 54_609_757 * 10**12


@pytest.mark.parametrize(
    ("limit_value", "accounts", "is_halted"),
    [(LOSS + 1, 1, False), (LOSS, 1, False), (LOSS - 1, 1, True), (LOSS, 2, True), (0, 2, False)],
)
def test_losses_above_the_limit_halt_the_market_of_the_debt(limit_value: int, accounts: int, is_halted: bool) -> None:
    _, orders = with_loss(limit_value, accounts)
    assert halts(orders) == ([HaltMarket(USD, 2, "bad debt above its limit")] if is_halted else [])


@pytest.mark.parametrize(("waited_ms", "is_resumed"), [(2 * HOUR - 1, False), (2 * HOUR, True), (2 * HOUR + 1, True)])
def test_a_market_halted_by_losses_goes_on_after_the_cooldown(waited_ms: int, is_resumed: bool) -> None:
    desk, _ = with_loss(LOSS - 1)
    desk.wait(waited_ms)
    assert halts(desk.block()) == ([ResumeMarket(USD)] if is_resumed else [])


@pytest.mark.parametrize(("waited_ms", "is_halted"), [(HOUR - 1, True), (HOUR, False), (HOUR + 1, False)])
def test_losses_older_than_the_window_are_forgotten(waited_ms: int, is_halted: bool) -> None:
    desk, _ = with_loss(LOSS + LOSS // 2)
    desk.wait(waited_ms)
    desk.price(ETH=2000)
    orders = desk.move(DUST, {ETH: UNITS[ETH] // 20}, {USD: 79 * UNITS[USD]}) + desk.price(ETH=500)
    assert bool(halts(orders)) is is_halted
    assert len(desk.state.losses) == (2 if is_halted else 1)


def test_a_contradiction_halts_every_market_of_the_asset_until_a_person_says_otherwise() -> None:
    desk = Desk(oracle_rules=STEPS, **OPERATED)
    desk.price(ETH=2000, USD=1)
    assert desk.price(ETH=1700) == (HaltMarket(ETH, 2, "contradictory price"),)
    for price in (1701, 1702, 1703):
        desk.wait(1_000 * HOUR)
        assert desk.price(ETH=price) == ()
    assert desk.state.breakers[ETH].disputed
    assert desk.decide(ETH, 0, signature="by operator") == (ResumeMarket(ETH),)


@pytest.mark.parametrize("protocol", ["compound_v2", "aave_v3"])
def test_contracts_that_act_on_any_price_are_not_halted_by_one(protocol: str) -> None:
    desk = Desk(protocol, oracle_rules=STEPS)
    desk.price(ETH=2000, USD=1)
    assert desk.price(ETH=1700) == ()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_a_person_halted_no_time_resumes(level: int) -> None:
    desk = Desk(policy=Policy(breaker_cooldown_ms=1), **OPERATED)
    assert desk.decide(USD, level, signature="by operator") == (HaltMarket(USD, level, "operator operator"),)
    desk.wait(10_000 * HOUR)
    assert desk.block() == ()
    assert desk.state.breakers[USD].level == level
    assert desk.decide(USD, 0, operator="deputy", signature="by deputy") == (ResumeMarket(USD),)


@pytest.mark.parametrize(
    ("operator", "market", "level", "signature", "reason"),
    [
        ("stranger", USD, 0, "by stranger", Refusal.OPERATOR_UNKNOWN),
        ("", USD, 0, "by ", Refusal.OPERATOR_UNKNOWN),
        ("operator", -1, 0, "by operator", Refusal.MARKET_UNKNOWN),
        ("operator", 3, 0, "by operator", Refusal.MARKET_UNKNOWN),
        ("operator", USD, -1, "by operator", Refusal.LEVEL_UNKNOWN),
        ("operator", USD, 4, "by operator", Refusal.LEVEL_UNKNOWN),
        ("operator", USD, 0, "by deputy", Refusal.SIGNATURE_INVALID),
        ("operator", USD, 0, "", Refusal.SIGNATURE_INVALID),
    ],
)
def test_a_decision_that_is_nobodys_changes_nothing(
    operator: str, market: int, level: int, signature: str, reason: Refusal
) -> None:
    desk = Desk(**OPERATED)
    desk.decide(USD, 2, signature="by operator")
    before = list(desk.state.breakers)
    (refused,) = desk.decide(market, level, operator, signature)
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is reason
    assert desk.state.breakers == before


def test_an_engine_that_cannot_check_signatures_takes_none() -> None:
    desk = Desk(operators=("operator",))
    (refused,) = desk.tell(OperatorDecided(desk.at, "operator", USD, 2, "signed"))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.SIGNATURE_INVALID


def test_a_halted_market_keeps_its_offers_open_and_interest_running() -> None:
    desk = Desk(**OPERATED)
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    (offer,) = desk.price(ETH=1980)
    desk.decide(USD, 3, signature="by operator")
    assert list(desk.state.order_rows) == [offer.order_id]
    assert desk.state.breakers[ETH].level == 0
