"""The oracle's rule: boundary triples of every limit, and tables without a hole."""

import pytest

from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import OracleRound
from seawall.ledger.refusal import Refusal
from seawall.rules.action import Action
from seawall.rules.oracle import (
    CONTRACT_POLICY,
    STRICT_POLICY,
    PriceState,
    latest_rounds,
    mark_price,
    price_refusal,
)

FRESH, STALE, CONTRADICTORY, MISSING = PriceState
NO_LIMITS = OracleRule()
NOW = 1_000_000


def rounds(*entries: tuple[int, int, int]) -> dict[int, OracleRound]:
    return {source: OracleRound(0, price, observed_at, source) for source, price, observed_at in entries}


def test_without_rounds_the_price_is_missing():
    assert mark_price({}, {}, NO_LIMITS, NOW) == (MISSING, None)


@pytest.mark.parametrize(("price", "expected"), [(-1, (MISSING, None)), (0, (MISSING, None)), (1, (FRESH, 1))])
def test_a_price_that_is_not_positive_is_never_accepted(price, expected):
    assert mark_price(rounds((0, price, NOW)), {}, NO_LIMITS, NOW) == expected


def test_limits_of_zero_are_no_limits():
    ancient = rounds((0, 10**30, 0), (1, 1, NOW))
    assert mark_price(ancient, rounds((0, 1, 0)), NO_LIMITS, NOW) == (FRESH, 10**30)


@pytest.mark.parametrize(("age", "expected"), [(59, FRESH), (60, FRESH), (61, STALE), (-5, FRESH)])
def test_a_price_is_stale_past_its_age(age, expected):
    rule = OracleRule(price_age_ms_max=60)
    assert mark_price(rounds((0, WAD, NOW - age)), {}, rule, NOW) == (expected, WAD)


@pytest.mark.parametrize(
    ("price", "expected"), [(99, CONTRADICTORY), (100, FRESH), (101, FRESH), (200, FRESH), (201, CONTRADICTORY)]
)
def test_a_price_outside_its_bounds_is_contradictory(price, expected):
    rule = OracleRule(price_min=100, price_max=200)
    assert mark_price(rounds((0, price, NOW)), {}, rule, NOW) == (expected, price)


@pytest.mark.parametrize(
    ("price", "expected"), [(800, FRESH), (799, CONTRADICTORY), (1_200, FRESH), (1_201, CONTRADICTORY), (1_000, FRESH)]
)
def test_a_step_is_relative_to_the_round_before(price, expected):
    rule = OracleRule(step_ratio_max=2 * 10**17)
    before = rounds((0, 1_000, NOW - 10))
    assert mark_price(rounds((0, price, NOW)), before, rule, NOW) == (expected, price)


def test_a_step_is_judged_once_when_its_round_arrives():
    rule = OracleRule(step_ratio_max=2 * 10**17)
    after = rounds((0, 500, NOW))
    assert mark_price(after, after, rule, NOW) == (FRESH, 500)


@pytest.mark.parametrize(
    ("other", "expected"), [(1_050, FRESH), (1_051, CONTRADICTORY), (950, CONTRADICTORY), (953, FRESH)]
)
def test_fresh_sources_too_far_apart_are_contradictory(other, expected):
    rule = OracleRule(divergence_ratio_max=5 * 10**16, price_age_ms_max=60)
    assert mark_price(rounds((3, 1_000, NOW), (7, other, NOW)), {}, rule, NOW) == (expected, 1_000)


def test_a_stale_source_contradicts_nobody():
    rule = OracleRule(divergence_ratio_max=5 * 10**16, price_age_ms_max=60)
    assert mark_price(rounds((0, 1_000, NOW), (1, 2_000, NOW - 61)), {}, rule, NOW) == (FRESH, 1_000)
    assert mark_price(rounds((0, 1_000, NOW - 61), (1, 2_000, NOW)), {}, rule, NOW) == (STALE, 1_000)


def test_a_fresh_source_that_says_nothing_positive_contradicts_the_primary():
    rule = OracleRule(divergence_ratio_max=WAD)
    assert mark_price(rounds((0, 1_000, NOW), (1, 0, NOW)), {}, rule, NOW) == (CONTRADICTORY, 1_000)


def test_the_primary_is_the_source_of_the_lowest_number():
    assert mark_price(rounds((9, 900, NOW), (2, 200, NOW)), {}, NO_LIMITS, NOW) == (FRESH, 200)


def test_the_latest_round_of_each_source_stands():
    known = rounds((0, 10, 100), (1, 11, 100))
    late, same, new = OracleRound(0, 9, 99, 0), OracleRound(0, 12, 100, 1), OracleRound(0, 13, 5, 2)
    assert latest_rounds(known, [late, same, new]) == rounds((0, 10, 100), (1, 12, 100), (2, 13, 5))
    assert known == rounds((0, 10, 100), (1, 11, 100))


@pytest.mark.parametrize("policy", [STRICT_POLICY, CONTRACT_POLICY])
def test_every_state_and_action_is_written_out(policy):
    assert set(policy) == set(PriceState)
    for state in PriceState:
        for action in Action:
            refusal = price_refusal(policy, state, action)
            assert (refusal is None) == (action in policy[state])
    assert all(price_refusal(policy, state, Action.REPAY) is None for state in PriceState)


@pytest.mark.parametrize(
    ("state", "strict", "contract"),
    [
        (FRESH, None, None),
        (STALE, Refusal.PRICE_STALE, None),
        (CONTRADICTORY, Refusal.PRICE_CONTRADICTORY, None),
        (MISSING, Refusal.PRICE_MISSING, Refusal.PRICE_MISSING),
    ],
)
def test_liquidation_by_state_of_the_price(state, strict, contract):
    for action in (Action.LIQUIDATE, Action.TAKE_DEBT, Action.WRITE_OFF):
        assert price_refusal(STRICT_POLICY, state, action) is strict
        assert price_refusal(CONTRACT_POLICY, state, action) is contract
