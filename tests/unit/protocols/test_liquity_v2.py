"""Liquity v2 at its edges: which markets it holds, and what it says of accounts without debt, collateral or a price."""

import pytest
from msgspec.structs import replace
from tests.unit.protocols.deployments import open_account, pair

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.market import Market, RiskParameters
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.rules.margin import HEALTH_FACTOR_MAX

E18 = 10**18
LIQUITY = protocol_named("liquity_v2")
BORROWER, OTHER = (name.ljust(20, b"\0") + b"\0\0" for name in (b"borrower", b"other"))
RISK = RiskParameters(WAD * 10 // 11, WAD * 10 // 11, 5 * WAD // 100, WAD // 10)
MARKET = Market("ETH/BOLD", 0, 1, RISK)


def market_with(collateral: int, debt: int):
    deployment = pair((18, 2000 * E18), (18, E18), WAD // 2)
    deployment.markets[0] = MARKET
    rows = [
        open_account(deployment, {0: collateral} if collateral else {}, {0: debt} if debt else {}, BORROWER),
        open_account(deployment, {0: E18}, {}, OTHER),
    ]
    LIQUITY.restake(deployment, rows)
    return deployment, rows[0]


@pytest.mark.parametrize(
    ("market", "message"),
    [
        (replace(MARKET, categories={1: RISK}), "market ETH/BOLD has categories"),
        (replace(MARKET, debt_rate_ray=1), "rates"),
        (replace(MARKET, collateral_rate_ray=1), "rates"),
        (replace(MARKET, fee_ratio=1), "fee"),
        (replace(MARKET, debt_asset=2), "lends another coin than wstETH/BOLD"),
        (replace(MARKET, collateral_asset=3), "collateral of market ETH/BOLD is the coin or another market's"),
        (replace(MARKET, collateral_asset=1), "collateral of market ETH/BOLD is the coin or another market's"),
        (replace(MARKET, parameters=replace(RISK, liquidation_threshold_ratio=0)), "is not within 1 .. "),
        (replace(MARKET, parameters=replace(RISK, liquidation_threshold_ratio=WAD)), "is not within 1 .. "),
        (
            replace(MARKET, parameters=replace(RISK, liquidation_threshold_ratio=WAD * 10 // 11 + 2)),
            "is not 909090909090909090, one over the minimum ratio 1100000000000000000",
        ),
        (replace(MARKET, parameters=replace(RISK, liquidation_bonus_ratio=5 * WAD // 100 - 1)), "penalties 4999"),
        (replace(MARKET, parameters=replace(RISK, liquidation_bonus_ratio=WAD // 10 + 1)), "do not rise"),
        (replace(MARKET, parameters=replace(RISK, liquidation_fee_ratio=WAD // 5 + 1)), "do not rise"),
    ],
)
def test_markets_that_the_contract_cannot_hold_are_refused(market, message):
    with pytest.raises(ConfigError, match=message):
        LIQUITY.check_markets([Market("wstETH/BOLD", 3, 1, RISK), market])


@pytest.mark.parametrize(("bonus", "fee"), [(5 * WAD // 100, WAD // 5), (WAD // 10, WAD // 10)])
def test_penalties_at_their_limits_are_held(bonus, fee):
    risk = replace(RISK, liquidation_bonus_ratio=bonus, liquidation_fee_ratio=fee)
    LIQUITY.check_markets([Market("wstETH/BOLD", 3, 1, RISK), replace(MARKET, parameters=risk)])


def test_an_account_without_debt_is_safe():
    deployment, row = market_with(11 * E18, 0)
    health = LIQUITY.health(deployment, row)
    assert (health.health_factor_ratio, health.is_liquidatable) == (HEALTH_FACTOR_MAX, False)
    assert LIQUITY.quote(deployment, row, 0, 0, 0) is Refusal.NO_DEBT


def test_debt_without_collateral_is_taken_over_for_nothing():
    deployment, row = market_with(0, 100 * E18)
    assert LIQUITY.is_liquidatable(deployment, row)
    assert LIQUITY.health(deployment, row).health_factor_ratio == 0
    quote = LIQUITY.quote(deployment, row, 0, 0, 0)
    assert (quote.seize_amount, quote.draw.redistributed_debt_amount) == (0, 100 * E18)
    LIQUITY.settle(deployment, quote)
    assert sorted(deployment.book.positions(deployment.book.row_of(OTHER))) == [(0, E18), (1, 100 * E18)]
    assert LIQUITY.write_off(deployment, row, quote) == ()


def test_the_coins_own_price_decides_nothing_and_the_collaterals_everything():
    deployment, row = market_with(11 * E18, 20_000 * E18 + 1)
    deployment.prices[1] = None
    assert LIQUITY.is_liquidatable(deployment, row)
    assert LIQUITY.margin_weight(deployment, 1, 0) == (WAD, E18)
    deployment.prices[0] = None
    assert not LIQUITY.is_liquidatable(deployment, row)
    assert LIQUITY.health(deployment, row) is Refusal.PRICE_MISSING
    assert LIQUITY.quote(deployment, row, 0, 0, 0) is Refusal.PRICE_MISSING
    assert LIQUITY.liquidation_limit(deployment, row) is Refusal.PRICE_MISSING
    assert LIQUITY.margin_weight(deployment, 0, 0) is None


@pytest.mark.parametrize(
    ("debt_market", "collateral_market", "reason"), [(1, 0, Refusal.NO_DEBT), (0, 1, Refusal.NO_COLLATERAL)]
)
def test_a_fill_of_another_market_is_refused(debt_market, collateral_market, reason):
    deployment, row = market_with(11 * E18, 20_000 * E18 + 1)
    assert LIQUITY.quote(deployment, row, debt_market, collateral_market, 0) is reason


@pytest.mark.parametrize(("debt", "is_refused"), [(20_000 * E18, True), (20_000 * E18 + 1, False)])
def test_a_trove_at_the_minimum_cannot_be_liquidated(debt, is_refused):
    deployment, row = market_with(11 * E18, debt)
    assert (LIQUITY.quote(deployment, row, 0, 0, 0) is Refusal.HEALTHY) is is_refused
    assert (LIQUITY.health(deployment, row).health_factor_ratio >= WAD) is is_refused


@pytest.mark.parametrize(
    ("threshold", "bonus", "fee", "expected"),
    [
        (80 * WAD // 100, 3 * WAD // 100, 0, (80 * WAD // 100, 5 * WAD // 100, WAD // 10)),
        (WAD * 90909 // 100_000, 13 * WAD // 100, 0, (WAD * 10 // 11, 13 * WAD // 100, 13 * WAD // 100)),
        (WAD * 10 // 11, 30 * WAD // 100, WAD, (WAD * 10 // 11, WAD // 5, WAD // 5)),
    ],
)
def test_a_market_of_another_protocol_finds_its_nearest_parameters(threshold, bonus, fee, expected):
    found = LIQUITY.nearest_parameters(RiskParameters(0, threshold, bonus, fee, close_factor_ratio=WAD // 2))
    assert (found.liquidation_threshold_ratio, found.liquidation_bonus_ratio, found.liquidation_fee_ratio) == expected
    assert found.close_factor_ratio == 0
    LIQUITY.check_markets([replace(MARKET, parameters=found)])
