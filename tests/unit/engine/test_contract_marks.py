"""A contract's mark price in the engine: the index alone, or with its book and an average of the basis that a snapshot keeps."""

import pytest
from tests.deployments import BTC, HOUR, USD, Desk

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import MarkRule, OracleRule
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.ledger.market import MarginTier, Market, RiskParameters
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.rules.oracle import PriceState

RULE = MarkRule(basis_time_ms=150_000, band_ratio=10**16, funding_period_ms=8 * HOUR)
MARKETS = (
    Market("ETH", 0, 0, RiskParameters(0, 8 * 10**17, 0)),
    Market("USD", USD, USD, RiskParameters(WAD, WAD, 0)),
    Market("BTC", BTC, BTC, RiskParameters(0, 0, 0), debt_rate_ray=RAY, margin_tiers=(MarginTier(0, 10**16),)),
)


def desk(rule=RULE, **trust):
    made = Desk("perpetual", markets=MARKETS, oracle_rules={BTC: OracleRule(mark=rule, **trust)})
    # A whole funding period is left.
    made.wait(-made.at % RULE.funding_period_ms)
    made.price(BTC=60_000)
    return made


def book(made, bid, ask, last, index=None):
    quoted = {1: bid, 2: ask, 3: last} | ({} if index is None else {0: index})
    rounds = tuple(OracleRound(BTC, int(price * WAD), made.at, source) for source, price in quoted.items())
    made.tell(PriceObserved(made.at, rounds))
    return made.state.deployment.prices[BTC] / WAD


def test_without_its_book_the_contract_is_marked_at_the_index():
    made = desk()
    assert made.state.deployment.prices[BTC] == 60_000 * WAD
    made.price(BTC=60_200, source=1)
    made.price(BTC=60_210, source=2)
    assert made.state.deployment.prices[BTC] == 60_000 * WAD
    assert made.state.bases[BTC] is None
    made.price(BTC=60_205, source=3)
    assert made.state.deployment.prices[BTC] == 60_205 * WAD


@pytest.mark.parametrize(
    ("quoted", "price"),
    [
        ((60_100, 60_102, 60_500), 60_101),  # the index and its basis, between the book and the funding
        ((60_030, 60_032, 60_031), 60_031),  # the book itself
        ((59_000, 59_002, 59_001), 59_400),  # beyond the band of a hundredth on two sides
        ((60_054, 60_055, 60_060), pytest.approx(60_054.7945, abs=1e-3)),  # a funding period at 100 % a year
    ],
)
def test_the_mark_price_is_the_middle_of_index_book_and_funding(quoted, price):
    assert book(desk(), *quoted) == price


def test_the_basis_is_an_average_over_time():
    made = desk()
    book(made, 60_010, 60_010, 60_010)
    assert made.state.bases[BTC].average_ray == 10 * RAY
    made.wait(150_000)
    book(made, 60_030, 60_030, 60_030)
    assert made.state.bases[BTC].average_ray == 20 * RAY
    made.wait(50_000)
    book(made, 59_980, 59_980, 59_980)
    assert made.state.bases[BTC].average_ray == 10 * RAY
    book(made, 60_900, 60_900, 60_900)
    assert made.state.bases[BTC].average_ray == 10 * RAY


def test_a_stale_side_of_the_book_leaves_the_index_and_a_lost_index_leaves_nothing():
    made = desk(price_age_ms_max=1_000)
    book(made, 60_030, 60_032, 60_031)
    made.wait(1_001)
    made.price(BTC=60_010)
    assert made.state.deployment.prices[BTC] == 60_010 * WAD
    assert book(made, 60_030, 0, 60_031) == 60_010
    made.price(BTC=0)
    assert made.state.deployment.prices[BTC] is None
    assert made.state.price_states[BTC] is PriceState.MISSING


def test_a_book_far_from_its_index_contradicts_it():
    made = desk(divergence_ratio_max=10**16)
    book(made, 60_500, 60_600, 60_550)
    assert made.state.price_states[BTC] is PriceState.FRESH
    book(made, 60_500, 60_601, 60_550)
    assert made.state.price_states[BTC] is PriceState.CONTRADICTORY


def test_a_restored_engine_goes_on_with_the_average():
    made = desk()
    book(made, 60_010, 60_012, 60_011)
    restored = Engine(protocol_named, FullRecompute)
    restored.restore(State.restored(made.state.canonical_bytes()))
    assert restored.state.bases == made.state.bases != [None] * 3
    made.wait(7_000)
    rounds = tuple(OracleRound(BTC, (60_050 + source) * WAD, made.at, source) for source in (1, 2, 3))
    restored.apply(PriceObserved(made.at, rounds))
    made.tell(PriceObserved(made.at, rounds))
    assert restored.state.digest() == made.state.digest()
