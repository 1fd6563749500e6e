"""May this account be liquidated now? Prices and breakers answer, of the assets that it holds and of no others."""

import pytest
from tests.deployments import BORROWER, BTC, ETH, HOUR, UNITS, USD, Desk, below_the_line, offers_in, ratio

from seawall.engine.permission import liquidation_refusal, rows_freed, write_off_refusal
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.order import DeclineAccount
from seawall.ledger.refusal import Refusal

AGES = dict.fromkeys((ETH, USD, BTC), OracleRule(price_age_ms_max=HOUR, divergence_ratio_max=ratio(1)))
OPERATED = {"operators": ("operator",), "check": lambda _: True}


def refusals(desk: Desk) -> tuple[Refusal | None, Refusal | None]:
    row = desk.row(BORROWER)
    return (
        liquidation_refusal(desk.state, desk.protocol, row, (USD, ETH)),
        write_off_refusal(desk.state, desk.protocol, row),
    )


@pytest.mark.parametrize(
    ("protocol", "asset", "refusal"),
    [
        ("seawall", "ETH", Refusal.PRICE_STALE),
        ("seawall", "USD", Refusal.PRICE_STALE),
        ("seawall", "BTC", None),
        ("compound_v2", "ETH", None),
        ("aave_v3", "ETH", None),
    ],
)
def test_a_stale_price_of_what_is_held_or_owed_stops_our_own_rule_alone(
    protocol: str, asset: str, refusal: Refusal | None
) -> None:
    desk, _ = below_the_line(protocol, oracle_rules=AGES)
    desk.wait(HOUR + 1)
    others = {"ETH": 1980, "USD": 1, "BTC": 30000}
    del others[asset]
    desk.price(**others)
    assert refusals(desk) == (refusal, refusal)


@pytest.mark.parametrize(
    ("protocol", "refusal"), [("seawall", Refusal.PRICE_CONTRADICTORY), ("compound_v2", None), ("aave_v3", None)]
)
def test_a_price_that_contradicts_itself_stops_our_own_rule_alone(protocol: str, refusal: Refusal | None) -> None:
    desk, _ = below_the_line(protocol, oracle_rules=AGES)
    desk.price(source=1, ETH=2100)
    desk.state.breakers = [type(breaker)() for breaker in desk.state.breakers]
    assert refusals(desk) == (refusal, refusal)


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2", "aave_v3"])
def test_no_rule_acts_without_a_price(protocol: str) -> None:
    desk, _ = below_the_line(protocol)
    desk.price(ETH=0)
    assert refusals(desk) == (Refusal.PRICE_MISSING, Refusal.PRICE_MISSING)


@pytest.mark.parametrize(
    ("market", "level", "refused"),
    [
        (ETH, 1, (None, None)),
        (ETH, 2, (Refusal.MARKET_HALTED, None)),
        (USD, 2, (Refusal.MARKET_HALTED, Refusal.MARKET_HALTED)),
        (BTC, 3, (None, None)),
    ],
)
def test_a_halt_stops_liquidation_on_both_sides_and_a_write_off_where_the_debt_is(
    market: int, level: int, refused: tuple[Refusal | None, Refusal | None]
) -> None:
    desk, _ = below_the_line(**OPERATED)
    desk.decide(market, level)
    assert refusals(desk) == refused


def test_accounts_refused_for_a_passing_reason_are_freed_once_and_when_something_changed() -> None:
    desk, _ = below_the_line(**OPERATED)
    desk.wait(24 * HOUR)
    desk.decide(ETH, 2)
    assert desk.state.blocked == {desk.row(BORROWER)}
    assert rows_freed(desk.state) == []
    (offer,) = offers_in(desk.decide(ETH, 0))
    assert offer.account == BORROWER
    assert not desk.state.blocked


def test_grace_ends_with_the_first_event_after_it() -> None:
    desk = Desk(policy=Policy(grace_period_ms=HOUR), **OPERATED)
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.decide(ETH, 2)
    desk.decide(ETH, 0)
    (declined,) = desk.price(ETH=1980)
    assert isinstance(declined, DeclineAccount)
    assert declined.reason is Refusal.GRACE_PERIOD
    desk.wait(HOUR - 1)
    assert desk.block() == ()
    desk.wait(1)
    assert len(offers_in(desk.block())) == 1
