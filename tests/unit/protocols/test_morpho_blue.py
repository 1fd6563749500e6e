"""Morpho Blue at its edges: the line, interest and its fee, refusals, an account that is empty."""

import pytest
from tests.unit.protocols.deployments import open_account, pair

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD
from seawall.ledger.market import DEBT, Market, RiskParameters, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.rules.margin import HEALTH_FACTOR_MAX

E18 = 10**18
BORROWER = b"borrower".ljust(20, b"\0") + b"\0\0"
MORPHO = protocol_named("morpho_blue")


def market_with(debt: int, collateral: int = 10 * E18, **totals: int):
    """One share is a millionth of a base unit here: the market has no other borrower."""
    deployment = pair((18, 2000 * E18), (6, E18), 86 * 10**16, debt_amount=debt, supply_amount=2 * debt, **totals)
    return deployment, open_account(deployment, {0: collateral}, {0: debt * 10**6}, BORROWER)


@pytest.mark.parametrize(
    ("debt", "is_liquidatable"), [(17_200 * 10**6 - 1, False), (17_200 * 10**6, False), (17_200 * 10**6 + 1, True)]
)
def test_an_account_may_owe_all_that_its_collateral_allows(debt, is_liquidatable):
    deployment, row = market_with(debt)
    health = MORPHO.health(deployment, row)
    assert health.is_liquidatable is MORPHO.is_liquidatable(deployment, row) is is_liquidatable
    assert health.weighted_collateral_value == 17_200 * E18
    assert health.debt_value == debt * 10**12
    assert (MORPHO.liquidation_limit(deployment, row) is Refusal.HEALTHY) is not is_liquidatable


def test_the_last_unit_of_a_debt_rounds_up():
    deployment, row = market_with(17_200 * 10**6)
    deployment.book.set_balance(row, slot_of(0, DEBT), 17_200 * 10**12 + 1)
    deployment.market_states[0].debt_amount += 1
    assert MORPHO.is_liquidatable(deployment, row)


def test_interest_grows_both_totals_and_the_fee_is_paid_in_new_shares_of_lenders():
    deployment, _ = market_with(10**12, supply_shares=2 * 10**18)
    market = deployment.markets[0]
    deployment.markets[0] = Market("COLL/LOAN", 0, 1, market.parameters, {}, 0, RAY // 10, fee_ratio=WAD // 4)
    assert MORPHO.accrue(deployment, 31_536_000_000)
    state = deployment.market_states[0]
    # 10 % a year is 3170979198 WAD a second.
    first = 3170979198 * 31_536_000
    second = first * first // (2 * WAD)
    interest = state.debt_amount - 10**12
    assert interest == 10**12 * (first + second + second * first // (3 * WAD)) // WAD == 105_166_666_653
    assert state.supply_amount == 2 * 10**12 + interest
    fee = interest // 4
    assert state.supply_shares - 2 * 10**18 == fee * (2 * 10**18 + 10**6) // (state.supply_amount - fee + 1)
    assert not MORPHO.accrue(deployment, 31_536_000_999)


def test_an_account_that_was_closed_is_healthy_whatever_other_markets_cost():
    deployment, row = market_with(10**6)
    for slot, _ in deployment.book.positions(row):
        deployment.book.set_balance(row, slot, 0)
    assert MORPHO.health(deployment, row).health_factor_ratio == HEALTH_FACTOR_MAX


@pytest.mark.parametrize("asset", [0, 1])
def test_a_missing_price_of_either_asset_is_refused(asset):
    deployment, row = market_with(17_201 * 10**6)
    deployment.prices[asset] = None
    assert MORPHO.health(deployment, row) is Refusal.PRICE_MISSING
    assert MORPHO.quote(deployment, row, 0, 0, 1) is Refusal.PRICE_MISSING
    assert MORPHO.liquidation_limit(deployment, row) is Refusal.PRICE_MISSING
    assert not MORPHO.is_liquidatable(deployment, row)
    assert MORPHO.margin_weight(deployment, 0, 0) is None


def test_debt_without_collateral_cannot_be_liquidated_nor_written_off():
    deployment, row = market_with(10**6, collateral=0)
    assert MORPHO.quote(deployment, row, 0, 0, 10**6) is Refusal.NO_COLLATERAL
    assert MORPHO.write_off(deployment, row, None) == ()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (RiskParameters(0, WAD, 0), "liquidation threshold 1000000000000000000"),
        (RiskParameters(0, 0, 0), "liquidation threshold 0"),
        (RiskParameters(0, 86 * 10**16, 43841336116910230), "is not 43841336116910229"),
        (RiskParameters(0, 86 * 10**16, 0, liquidation_fee_ratio=1), "liquidation fee 1"),
    ],
)
def test_parameters_that_the_contract_cannot_hold_are_refused(parameters, message):
    with pytest.raises(ConfigError, match=message):
        MORPHO.check_markets([Market("COLL/LOAN", 0, 1, parameters)])
    MORPHO.check_markets([Market("COLL/LOAN", 0, 1, RiskParameters(0, 86 * 10**16, 43841336116910229))])
