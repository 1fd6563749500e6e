"""Compound v2 by hand: 10 ETH at 1,800 with a factor of 0.825 against USDC."""

import pytest
from tests.unit.protocols.deployments import open_account, pair, pooled, risk

from seawall.errors import ConfigError
from seawall.fixed import RAY
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.rules.margin import HEALTH_FACTOR_MAX

E18 = 10**18
ETH, USDC, REP = range(3)
V1, V2 = protocol_named("compound_v2@1"), protocol_named("compound_v2@2")


def account(debt=16_000 * 10**6, eth=10 * E18, rep=0, **options):
    deployment = pooled(
        ("ETH", 18, 1800 * E18, risk(8250, 800, 280)),
        ("USDC", 6, E18, risk(8550, 800, 280)),
        ("REP", 18, 7 * E18, risk(0, 800, 280)),
        **options,
    )
    row = open_account(deployment, {ETH: eth} | ({REP: rep} if rep else {}), {USDC: debt})
    return deployment, row


@pytest.mark.parametrize(
    ("debt", "is_liquidatable"), [(14850 * 10**6 - 1, False), (14850 * 10**6, False), (14850 * 10**6 + 1, True)]
)
def test_an_account_is_liquidatable_only_past_the_line(debt, is_liquidatable):
    deployment, row = account(debt)
    health = V2.health(deployment, row)
    assert health.is_liquidatable is V2.is_liquidatable(deployment, row) is is_liquidatable
    assert health.weighted_collateral_value == 14850 * E18
    assert health.debt_value == debt * 10**12


@pytest.mark.parametrize(
    ("protocol", "seize", "fee"),
    [(V1, 4_800_000_000_000_000_000, 0), (V2, 4_665_600_000_000_000_000, 134_400_000_000_000_000)],
    ids=["version 1", "version 2"],
)
def test_half_a_debt_seizes_eight_percent_more_and_version_2_keeps_its_share(protocol, seize, fee):
    deployment, row = account()
    quote = protocol.quote(deployment, row, USDC, ETH, 8_000 * 10**6)
    assert (quote.seize_amount, quote.fee_amount) == (seize, fee)
    limit = protocol.liquidation_limit(deployment, row)
    assert (limit.repay_amount, limit.seize_amount) == (8_000 * 10**6, seize)
    protocol.settle(deployment, quote)
    assert deployment.book.balance(row, slot_of(USDC, DEBT)) == 8_000 * 10**6
    assert deployment.book.balance(row, slot_of(ETH, COLLATERAL)) == 5_200_000_000_000_000_000
    assert deployment.market_states[ETH].fee_amount == fee
    assert protocol.write_off(deployment, row, quote) == ()


@pytest.mark.parametrize(
    ("repay", "refusal"),
    [
        (0, Refusal.ZERO_AMOUNT),
        (8_000 * 10**6 + 1, Refusal.CLOSE_FACTOR_EXCEEDED),
    ],
)
def test_the_contract_refuses_what_it_does_not_cap(repay, refusal):
    deployment, row = account()
    assert V2.quote(deployment, row, USDC, ETH, repay) is refusal


def test_more_collateral_than_is_held_is_refused_and_the_limit_stops_at_all_of_it():
    deployment, row = account(eth=2 * E18)
    limit = V2.liquidation_limit(deployment, row)
    assert V2.quote(deployment, row, USDC, ETH, limit.repay_amount + 1) is Refusal.COLLATERAL_EXCEEDED
    quote = V2.quote(deployment, row, USDC, ETH, limit.repay_amount)
    assert 2 * E18 - 10**15 < quote.collateral_balance <= 2 * E18


def test_collateral_without_a_factor_adds_nothing_and_can_be_seized():
    deployment, row = account(rep=10_000 * E18)
    health = V2.health(deployment, row)
    assert health.weighted_collateral_value == 14850 * E18
    assert health.collateral_value == (18_000 + 70_000) * E18
    limit = V2.liquidation_limit(deployment, row)
    assert limit.collateral_market == REP


def test_a_missing_price_is_never_healthy_nor_liquidatable():
    deployment, row = account(rep=1)
    deployment.prices[REP] = None
    assert V2.health(deployment, row) is Refusal.PRICE_MISSING
    assert V2.liquidation_limit(deployment, row) is Refusal.PRICE_MISSING
    assert V2.quote(deployment, row, USDC, ETH, 1) is Refusal.PRICE_MISSING
    assert not V2.is_liquidatable(deployment, row)


def test_pool_tokens_count_at_their_exchange_rate():
    rate = 2 * 10**35  # 0.02 * 1e18 base units for a token of 8 decimals
    deployment, row = account(eth=500 * 10**8, indices=((rate, RAY), (RAY, RAY), (RAY, RAY)))
    assert V2.health(deployment, row).weighted_collateral_value == 14850 * E18
    quote = V2.quote(deployment, row, USDC, ETH, 8_000 * 10**6)
    assert quote.collateral_balance == 240 * 10**8
    assert quote.seize_amount == 4_665_600_000_000_000_000


def test_a_debt_grows_with_its_index_and_a_repayment_takes_what_it_pays():
    deployment, row = account(10_000 * 10**6, indices=((RAY, RAY), (RAY, 16 * RAY // 10 + 7), (RAY, RAY)))
    slot = slot_of(USDC, DEBT)
    assert V2.amount_of(deployment, slot, 10_000 * 10**6) == 16_000 * 10**6
    quote = V2.quote(deployment, row, USDC, ETH, 7_777_777_777)
    V2.settle(deployment, quote)
    left = V2.amount_of(deployment, slot, deployment.book.balance(row, slot))
    assert left - (16_000 * 10**6 - 7_777_777_777) in (0, 1)


def test_without_debt_the_health_factor_is_the_largest():
    deployment, _ = account()
    row = open_account(deployment, {ETH: 1}, {}, b"lender".ljust(20, b"\0"))
    assert V2.health(deployment, row).health_factor_ratio == HEALTH_FACTOR_MAX
    assert V2.liquidation_limit(deployment, row) is Refusal.HEALTHY


def test_interest_is_simple_between_two_touches_and_compounds_at_each():
    deployment, _ = account()
    market = deployment.markets[USDC]
    deployment.markets[USDC] = Market(market.symbol, USDC, USDC, market.parameters, debt_rate_ray=RAY // 10)
    assert V2.accrue(deployment, 31_536_000_000)
    once = deployment.market_states[USDC].debt_index
    assert abs(once - 11 * RAY // 10) < RAY // 10**9
    assert not V2.accrue(deployment, 31_536_000_999)
    assert V2.accrue(deployment, 2 * 31_536_000_000)
    assert abs(deployment.market_states[USDC].debt_index - 121 * RAY // 100) < RAY // 10**9
    assert deployment.market_states[ETH].debt_index == RAY


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (risk(9001, 800), "liquidation threshold"),
        (risk(8000, 800, close_bps=0), "close factor"),
        (risk(8000, 800, close_bps=10001), "close factor"),
        (risk(8000, 800, fee_bps=10000), "liquidation fee"),
    ],
)
def test_parameters_that_the_contract_cannot_hold_are_refused(parameters, message):
    with pytest.raises(ConfigError, match=message):
        V2.check_markets([Market("ETH", 0, 0, parameters)])
    V2.check_markets([Market("ETH", 0, 0, risk(9000, 800, 280))])


def test_a_pair_and_a_category_are_refused():
    with pytest.raises(ConfigError, match="pair"):
        V2.check_markets(pair((18, E18), (6, E18), 86 * 10**16).markets)
    with pytest.raises(ConfigError, match="categories"):
        V2.check_markets([Market("ETH", 0, 0, risk(8000, 800), {1: risk(9000, 100)})])
