"""The liquidation clock: it runs while anyone could be liquidated, and nobody's bonus grows while nobody could."""

import pytest
from tests.deployments import BORROWER, ETH, START, UNITS, USD, WHALE, Desk, below_the_line, offers_in, ratio

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.composition import Composition
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import DeploymentOpened
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule
from seawall.ledger.order import SettleFill
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

SECOND, MINUTE = 1_000, 60_000
GROWING = GrowingBonus(
    (BonusStep(10**18, ratio(2)),), ratio_per_second=ratio("0.01"), time_ratio_max=ratio(3), gap_ms_max=20 * SECOND
)
PATIENT = Composition("patient", "1", LiquidationRule(ratio(105), ratio(100) * 100, ratio(50), growing_bonus=GROWING))
RULES = {ETH: OracleRule(price_age_ms_max=MINUTE, step_ratio_max=ratio(50))}
PRICES = {"ETH": 1980, "USD": 1, "BTC": 30000}


def waited(desk: Desk, account: bytes = BORROWER) -> int:
    return desk.state.deployment.waited_ms(desk.row(account))


@pytest.fixture
def desk() -> Desk:
    made, _ = below_the_line(
        PATIENT,
        oracle_rules=RULES,
        operators=("operator",),
        check=lambda _: True,
        policy=Policy(grace_period_ms=MINUTE),
    )
    assert waited(made) == 0
    return made


def test_time_below_the_line_is_waited(desk: Desk) -> None:
    for seconds in (5, 10, 10):
        desk.wait(seconds * SECOND)
        desk.block()
    assert waited(desk) == 25 * SECOND


@pytest.mark.parametrize(("gap", "counted"), [(19_999, 19_999), (20_000, 20_000), (20_001, 20_000), (50_000, 20_000)])
def test_an_outage_counts_for_the_gap_alone(desk: Desk, gap: int, counted: int) -> None:
    desk.wait(gap)
    desk.block()
    assert waited(desk) == counted


def test_a_stale_price_stops_it_until_it_is_fresh(desk: Desk) -> None:
    for _ in range(6):
        desk.wait(10 * SECOND)
        desk.block()
    assert waited(desk) == 60 * SECOND
    desk.wait(10 * SECOND)
    desk.block()
    desk.wait(10 * SECOND)
    desk.price(**PRICES)
    assert waited(desk) == 60 * SECOND
    desk.wait(10 * SECOND)
    desk.block()
    assert waited(desk) == 70 * SECOND


def test_a_contradictory_price_and_the_grace_after_it_stop_it(desk: Desk) -> None:
    desk.price(ETH=500)
    for _ in range(2):  # The first price that is right again is as far from the one before.
        desk.wait(10 * SECOND)
        desk.price(**PRICES)
    assert waited(desk) == 0
    desk.wait(10 * SECOND)
    desk.block()
    assert waited(desk) == 0
    desk.decide(ETH, 0)
    desk.wait(10 * SECOND)
    desk.block()
    assert waited(desk) == 0
    for _ in range(6):
        desk.wait(10 * SECOND)
        desk.price(**PRICES)
    # The grace period is over with the last of them, so that interval counts.
    assert waited(desk) == 20 * SECOND


def test_whoever_heals_begins_again(desk: Desk) -> None:
    desk.wait(10 * SECOND)
    desk.price(ETH=2100)
    assert desk.state.deployment.clock_starts == {}
    desk.wait(10 * SECOND)
    desk.price(ETH=1980)
    assert waited(desk) == 0
    assert desk.state.deployment.liquidation_clock_ms == 20 * SECOND


def test_each_waits_from_its_own_fall(desk: Desk) -> None:
    desk.wait(10 * SECOND)
    desk.move(WHALE, {ETH: 100 * UNITS[ETH]}, {USD: 159_000 * UNITS[USD]})
    desk.wait(5 * SECOND)
    desk.block()
    assert (waited(desk), waited(desk, WHALE)) == (15 * SECOND, 5 * SECOND)


def test_a_fill_earns_what_was_waited_for() -> None:
    desk, order = below_the_line(PATIENT, oracle_rules=RULES)
    desk.wait(10_999)
    settled = desk.fill(order, 100 * UNITS[USD])[0]
    assert isinstance(settled, SettleFill)
    assert settled.liquidation_bonus_ratio == ratio(2) + 10 * ratio("0.01")


def test_a_snapshot_keeps_the_clock_and_the_composition(desk: Desk) -> None:
    desk.wait(10 * SECOND)
    desk.block()
    restored = State.restored(desk.state.canonical_bytes())
    assert restored.canonical_bytes() == desk.state.canonical_bytes()
    engine = Engine(protocol_named, FullRecompute)
    engine.restore(restored)
    assert engine.protocol.label == "patient@1"
    assert engine.state.deployment.waited_ms(engine.state.deployment.book.row_of(BORROWER)) == 10 * SECOND
    for said in (desk, engine):
        assert said.state.deployment.clock_starts == desk.state.deployment.clock_starts


def test_the_journal_rebuilds_from_its_first_event(desk: Desk) -> None:
    desk.wait(10 * SECOND)
    (order,) = [order for told in desk.said for order in offers_in(told)]
    desk.fill(order, 100 * UNITS[USD])
    engine = Engine(protocol_named, FullRecompute, signature_is_valid=lambda _: True)
    assert [engine.apply(event) for event in desk.events] == desk.said
    assert engine.state.digest() == desk.state.digest()


def test_a_protocol_whose_bonus_does_not_grow_keeps_no_clock() -> None:
    desk, _ = below_the_line()
    desk.wait(10 * SECOND)
    desk.block()
    assert desk.state.deployment.liquidation_clock_ms == 0
    assert desk.state.deployment.clock_starts == {}
    assert b"clock" not in desk.state.canonical_bytes()
    assert isinstance(desk.events[0], DeploymentOpened)
    assert desk.events[0].at == START
