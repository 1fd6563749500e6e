"""What is known of prices, as events and time go by."""

import pytest
from tests.deployments import BTC, ETH, HOUR, START, USD, Desk, below_the_line, ratio

from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.rules.oracle import PriceState

FRESH, STALE, CONTRADICTORY, MISSING = PriceState.FRESH, PriceState.STALE, PriceState.CONTRADICTORY, PriceState.MISSING


def test_an_asset_without_a_round_has_no_price() -> None:
    desk = Desk()
    desk.price(ETH=2000)
    assert desk.state.price_states == [FRESH, MISSING, MISSING]
    assert desk.state.deployment.prices == [2000 * WAD, None, None]


@pytest.mark.parametrize(("waited_ms", "state"), [(HOUR - 1, FRESH), (HOUR, FRESH), (HOUR + 1, STALE)])
def test_a_price_grows_stale_with_any_event_that_brings_the_time(waited_ms: int, state: PriceState) -> None:
    desk = Desk(oracle_rules={ETH: OracleRule(price_age_ms_max=HOUR)})
    desk.price(ETH=2000, USD=1)
    desk.wait(waited_ms)
    desk.block()
    assert desk.state.price_states[ETH] is state
    assert desk.state.price_states[USD] is FRESH
    assert desk.state.deployment.prices[ETH] == 2000 * WAD
    desk.price(ETH=2000)
    assert desk.state.price_states[ETH] is FRESH


def test_an_older_round_that_arrives_late_changes_nothing() -> None:
    desk = Desk()
    desk.wait(HOUR)
    desk.price(ETH=2000)
    desk.tell(PriceObserved(desk.at, (OracleRound(ETH, 1 * WAD, START),)))
    assert desk.state.deployment.prices[ETH] == 2000 * WAD


def test_of_rounds_in_one_event_the_latest_counts_whatever_their_sequence() -> None:
    for rounds in ([(2000, 1), (1900, 2)], [(1900, 2), (2000, 1)]):
        desk = Desk()
        desk.wait(10)
        desk.tell(PriceObserved(desk.at, tuple(OracleRound(ETH, p * WAD, START + late) for p, late in rounds)))
        assert desk.state.deployment.prices[ETH] == 1900 * WAD


@pytest.mark.parametrize(("second", "state"), [(2020, FRESH), (2021, CONTRADICTORY)])
def test_two_sources_apart_contradict_and_the_first_alone_makes_the_mark(second: int, state: PriceState) -> None:
    desk = Desk(oracle_rules={ETH: OracleRule(divergence_ratio_max=ratio(1))})
    desk.price(ETH=2000)
    desk.price(source=1, ETH=second)
    assert desk.state.price_states[ETH] is state
    assert desk.state.deployment.prices[ETH] == 2000 * WAD


def test_a_contradiction_stands_until_the_next_round_and_does_not_pass_with_time() -> None:
    rule = OracleRule(step_ratio_max=ratio(10), price_age_ms_max=HOUR)
    desk = Desk(oracle_rules={BTC: rule})
    desk.price(BTC=100)
    desk.price(BTC=80)
    assert desk.state.price_states[BTC] is CONTRADICTORY
    desk.wait(3 * HOUR)
    desk.block()
    assert desk.state.price_states[BTC] is CONTRADICTORY
    desk.price(BTC=81)
    assert desk.state.price_states[BTC] is FRESH


def test_a_source_that_says_nothing_positive_takes_the_price_away_and_a_positive_one_brings_it_back() -> None:
    desk, order = below_the_line()
    for price in (0, -5):
        desk.price(ETH=price)
        assert desk.state.price_states[ETH] is MISSING
        assert desk.state.deployment.prices[ETH] is None
    desk.price(ETH=1980)
    assert desk.state.price_states[ETH] is FRESH
    assert list(desk.state.order_rows) == [order.order_id]
