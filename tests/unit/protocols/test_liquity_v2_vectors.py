"""Liquity v2's liquidation of one trove, to the last unit, with a full pool, a part of it, and none."""

import pytest
from tests.unit.protocols.deployments import open_account, pair

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import Market, RiskParameters
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.liquity_v2_liquidation import Exchange, liquidation_of, minimum_collateral_ratio
from seawall.protocols.protocol import BackstopDraw, Limit, Quote
from seawall.rules.stability_pool import commit, worth

E18 = 10**18
LIQUITY = protocol_named("liquity_v2")
PRICE = 1990 * E18
COLLATERAL, DEBT = 11 * E18 + 5, 20_000 * E18 + 1
RISK = RiskParameters(WAD * 10 // 11, WAD * 10 // 11, 5 * WAD // 100, 10 * WAD // 100)
BORROWER, OTHER, BACKER = (name.ljust(20, b"\0") + b"\0\0" for name in (b"borrower", b"other", b"backer"))


def draw_at(available: int) -> tuple[int, BackstopDraw]:
    return liquidation_of(COLLATERAL, DEBT, available, Exchange(PRICE, E18, E18), RISK)


def market_of(borrowed: int = DEBT, others: int = 1000 * E18 + 3, backed: int = 0) -> tuple[Deployment, int]:
    """A trove of 11 coins at 1,990, another of no debt whose collateral is the other stake, and a pool."""
    deployment = pair((18, PRICE), (18, E18), WAD // 2)
    deployment.markets[0] = Market("COLL/LOAN", 0, 1, RISK)
    row = open_account(deployment, {0: COLLATERAL}, {0: borrowed}, BORROWER)
    other = open_account(deployment, {0: others}, {}, OTHER)
    LIQUITY.restake(deployment, [row, other])
    if backed:
        commit(deployment.backstops[0], BACKER, backed)
    return deployment, row


def test_a_full_pool_takes_all_that_its_penalty_allows_and_the_rest_is_the_borrowers():
    reward, draw = draw_at(500_000 * E18 - E18)
    assert reward == 55000000000000000
    assert draw == BackstopDraw(DEBT, 10552763819095477386, 0, 0, 392236180904522619)
    assert reward + draw.gain_amount + draw.surplus_amount == COLLATERAL


def test_what_a_pool_cannot_pay_is_redistributed_with_the_surplus_of_its_part():
    reward, draw = draw_at(8000 * E18)
    assert reward == 22000000000000000
    assert draw == BackstopDraw(
        offset_amount=8000 * E18,
        gain_amount=4221105527638190954,
        redistributed_debt_amount=12000000000000000000001,
        redistributed_collateral_amount=6633165829145728643,
        surplus_amount=123728643216080408,
    )


def test_without_a_pool_everything_is_redistributed_and_there_is_no_reward():
    # 1.1 * 20,000 / 1,990 is more than the 11 coins and a little that there are.
    assert draw_at(0) == (0, BackstopDraw(0, 0, DEBT, COLLATERAL, 0))


@pytest.mark.parametrize(
    ("collateral", "reward"), [(399 * E18, 1995 * 10**15), (400 * E18, 2 * E18), (401 * E18, 2 * E18)]
)
def test_the_reward_is_a_half_percent_and_at_most_two_coins(collateral, reward):
    found, _ = liquidation_of(collateral, DEBT, DEBT, Exchange(PRICE, E18, E18), RISK)
    assert found == reward


def test_other_decimals_shift_the_point_and_nothing_else():
    exchange = Exchange(PRICE, 10**8, 10**6)
    reward, draw = liquidation_of(11 * 10**8, 20_000 * 10**6, 8000 * 10**6, exchange, RISK)
    assert reward == 22 * 10**5
    assert draw == BackstopDraw(8000 * 10**6, 422110552, 12_000 * 10**6, 663316582, 12372866)


def test_a_pool_that_pays_for_less_than_its_penalty_takes_all_of_its_part():
    exchange = Exchange(1800 * E18, E18, E18)
    reward, draw = liquidation_of(COLLATERAL, DEBT, DEBT, exchange, RISK)
    assert draw == BackstopDraw(DEBT, COLLATERAL - reward, 0, 0, 0)


@pytest.mark.parametrize(
    ("ratio_bps", "threshold"),
    [(11_000, 909090909090909090), (11_000, 909090909090909091), (12_000, 833333333333333333)],
)
def test_the_threshold_stands_for_a_minimum_in_whole_basis_points(ratio_bps, threshold):
    assert minimum_collateral_ratio(RiskParameters(0, threshold, 0)) == ratio_bps * WAD // 10_000


@pytest.mark.parametrize(
    ("debt", "is_liquidatable"), [(19_900 * E18 - 1, False), (19_900 * E18, False), (19_900 * E18 + 1, True)]
)
def test_a_trove_at_the_minimum_is_safe(debt, is_liquidatable):
    deployment, row = market_of(borrowed=debt)
    deployment.book.set_balance(row, 0, 11 * E18)
    health = LIQUITY.health(deployment, row)
    assert health.is_liquidatable is LIQUITY.is_liquidatable(deployment, row) is is_liquidatable
    assert (health.health_factor_ratio < WAD) is is_liquidatable
    assert health.collateral_value == 21_890 * E18
    assert health.weighted_collateral_value == 19_900 * E18
    assert health.debt_value == debt


def test_the_contracts_pool_and_sums_after_one_liquidation():
    deployment, row = market_of(backed=500_000 * E18)
    assert LIQUITY.liquidation_limit(deployment, row) == Limit(0, 0, 0, 55000000000000000)
    quote = LIQUITY.quote(deployment, row, 0, 0, 0)
    assert isinstance(quote, Quote)
    LIQUITY.settle(deployment, quote)
    backstop = deployment.backstops[0]
    assert backstop.product == 959999999999999999999998000000000000
    assert backstop.gain_sums == {0: 21105527638190954772000000000000}
    assert worth(backstop, backstop.commitments[BACKER]) == backstop.amount == 480_000 * E18 - 1
    assert deployment.surplus_amounts == {BORROWER: 392236180904522619}
    assert deployment.book.positions(row) == []
    assert set(deployment.redistributions[0].stakes) == {OTHER}


def test_the_contracts_redistribution_after_a_pool_that_is_too_small():
    deployment, row = market_of(backed=8001 * E18)
    quote = LIQUITY.quote(deployment, row, 0, 0, 0)
    LIQUITY.settle(deployment, quote)
    redistribution = deployment.redistributions[0]
    assert (redistribution.collateral_sum, redistribution.collateral_carry) == (6633165829145728, 642980100502512562816)
    assert (redistribution.debt_sum, redistribution.debt_carry) == (11999999999999999999, 965000000000000000003)
    other = deployment.book.row_of(OTHER)
    # One unit of each is left unassigned by the rounding.
    assert sorted(deployment.book.positions(other)) == [
        (0, 1000 * E18 + 3 + 6633165829145728000),
        (1, 11999999999999999999035),
    ]
    assert deployment.backstops[0].amount == E18
    assert redistribution.staked_total == 1000 * E18 + 3
    assert redistribution.staked_collateral_amount == 1000 * E18 + 3 + 6633165829145728643
