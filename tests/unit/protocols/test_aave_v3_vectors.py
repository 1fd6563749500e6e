"""Aave v3's liquidation on three accounts, to the last unit in every version (indices are one)."""

import pytest
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.ledger.market import DEBT, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named

E18 = 10**18
E8 = 10**10  # one e8 unit, WAD
WETH, WBTC, USDC, DAI = range(4)


def account_a():
    deployment = pooled(
        ("WETH", 18, 200012345678 * E8, risk(8250, 500, 1000)),
        ("WBTC", 8, 6000000000007 * E8, risk(7300, 500, 1000)),
        ("USDC", 6, 99987654 * E8, risk(8000, 500, 1000)),
        ("DAI", 18, 100012345 * E8, risk(8000, 500, 1000)),
    )
    row = open_account(deployment, {WETH: 10 * E18 + 7, WBTC: 5000001}, {USDC: 17012345679, DAI: 2500 * E18 + 3})
    return deployment, row


@pytest.mark.parametrize(
    ("version", "debt_e8", "health_factor"),
    [
        ("3.0", 1951055395980, 957984265124453537),
        ("3.3", 1951055395980, 957984265124453537),
        ("3.6", 1951055395982, 957995298079554843),
        ("3.7", 1951055395982, 957995298079554843),
    ],
)
def test_health_is_the_contracts(version, debt_e8, health_factor):
    deployment, row = account_a()
    health = protocol_named(f"aave_v3@{version}").health(deployment, row)
    assert health.collateral_value == 2300123516780 * E8
    assert health.debt_value == debt_e8 * E8
    assert health.health_factor_ratio == health_factor
    assert health.is_liquidatable


@pytest.mark.parametrize(
    ("version", "repay", "seize", "fee"),
    [
        ("3.3", 9756481515, 5096817603596608930, 24386687098548368),
        ("3.6", 9756481515, 5096817603596608930, 24386687098548368),
        ("3.7", 9756481515, 5096817603596608928, 24386687098548369),
    ],
)
def test_an_offer_above_the_close_factor_is_cut_to_half_of_all_debt(version, repay, seize, fee):
    deployment, row = account_a()
    protocol = protocol_named(f"aave_v3@{version}")
    quote = protocol.quote(deployment, row, USDC, WETH, 2**255)
    assert (quote.repay_amount, quote.seize_amount, quote.fee_amount) == (repay, seize, fee)
    assert not quote.clears_collateral
    limit = protocol.liquidation_limit(deployment, row)
    assert (limit.debt_market, limit.collateral_market) == (USDC, WETH)
    assert (limit.repay_amount, limit.seize_amount) == (repay, seize)


def test_version_3_0_closes_half_of_the_one_debt_and_leaves_what_it_likes():
    deployment, row = account_a()
    protocol = protocol_named("aave_v3@3.0")
    assert protocol.quote(deployment, row, USDC, WETH, 2**255).repay_amount == (17012345679 * 5000 + 5000) // 10000
    assert protocol.quote(deployment, row, DAI, WETH, 2**255).repay_amount == 1250 * E18 + 2


@pytest.mark.parametrize(
    ("version", "health_factor", "repay", "usdc_deficit"),
    [
        ("3.3", 694856483509217120, 762045875, 137954126),
        ("3.6", 694856483490112767, 762045876, 137954125),
        ("3.7", 694856483490112767, 762045876, 137954125),
    ],
)
def test_debt_without_collateral_becomes_bad_debt(version, health_factor, repay, usdc_deficit):
    deployment, _ = account_a()
    row = open_account(deployment, {WETH: 4 * 10**17 + 1}, {USDC: 900000001, DAI: 50 * E18 + 1}, b"deficit".ljust(20))
    protocol = protocol_named(f"aave_v3@{version}")
    assert protocol.health(deployment, row).health_factor_ratio == health_factor
    quote = protocol.quote(deployment, row, USDC, WETH, 2**255)
    assert (quote.repay_amount, quote.seize_amount, quote.fee_amount) == (repay, 398095238095238096, 1904761904761905)
    assert quote.clears_collateral
    protocol.settle(deployment, quote)
    written_off = protocol.write_off(deployment, row, quote)
    assert [(loss.debt_market, loss.amount) for loss in written_off] == [(USDC, usdc_deficit), (DAI, 50 * E18 + 1)]
    assert deployment.book.positions(row) == []
    assert [state.bad_debt_amount for state in deployment.market_states] == [0, 0, usdc_deficit, 50 * E18 + 1]
    assert deployment.market_states[WETH].fee_amount == 1904761904761905


def test_version_3_0_leaves_bad_debt_on_the_account():
    deployment, _ = account_a()
    row = open_account(deployment, {WETH: 4 * 10**17 + 1}, {USDC: 900000001, DAI: 50 * E18 + 1}, b"deficit".ljust(20))
    protocol = protocol_named("aave_v3@3.0")
    quote = protocol.quote(deployment, row, USDC, WETH, 2**255)
    protocol.settle(deployment, quote)
    assert protocol.write_off(deployment, row, quote) == ()
    assert deployment.book.balance(row, slot_of(USDC, DEBT)) == 900000001 - quote.repay_amount
    assert deployment.book.balance(row, slot_of(DAI, DEBT)) == 50 * E18 + 1


def dust_account():
    deployment = pooled(
        ("WETH", 18, 2000 * E18, risk(8250, 500, 1000)),
        ("USDC", 6, E18, risk(8000, 500, 1000)),
    )
    return deployment, open_account(deployment, {0: 10 * E18}, {1: 18500 * 10**6})


@pytest.mark.parametrize(
    ("version", "health_factor"),
    [("3.3", 891891891891891892), ("3.6", 891891891891891891), ("3.7", 891891891891891891)],
)
def test_a_liquidation_may_leave_exactly_one_thousand_but_not_less(version, health_factor):
    deployment, row = dust_account()
    protocol = protocol_named(f"aave_v3@{version}")
    assert protocol.health(deployment, row).health_factor_ratio == health_factor
    assert protocol.quote(deployment, row, 1, 0, 17600 * 10**6) is Refusal.LEAVES_DUST
    assert protocol.quote(deployment, row, 1, 0, 17500 * 10**6 + 1) is Refusal.LEAVES_DUST
    quote = protocol.quote(deployment, row, 1, 0, 17500 * 10**6)
    assert (quote.seize_amount, quote.fee_amount) == (9143750000000000000, 43750000000000000)
    assert isinstance(protocol.quote(deployment, row, 1, 0, 17500 * 10**6 - 1), type(quote))
    assert protocol.quote(dust_account()[0], row, 1, 0, 18500 * 10**6).repay_amount == 18500 * 10**6
