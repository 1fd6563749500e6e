"""Aave v3 at its edges: the line, the close factor, dust, categories, the fee's last unit, lost debt, interest."""

import random

import pytest
from tests.unit.protocols.deployments import ACCOUNT, open_account, pooled, risk

from seawall.errors import ConfigError
from seawall.fixed import RAY
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.aave_v3 import AAVE_V3
from seawall.protocols.aave_v3_liquidation import AccountData, Pair, repay_amount_max
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Limit, Quote
from seawall.rules.margin import HEALTH_FACTOR_MAX

E18 = 10**18
FOREVER = 2**255
every_version = pytest.mark.parametrize("protocol", AAVE_V3, ids=lambda protocol: protocol.version)
since_3_3 = pytest.mark.parametrize("protocol", AAVE_V3[1:], ids=lambda protocol: protocol.version)


def two_markets(eth: int, usdc: int, price: int = 2000 * E18, category: int = 0, **options):
    deployment = pooled(
        ("ETH", 18, price, risk(8250, 500, 1000), {1: risk(9300, 100)}),
        ("USDC", 6, E18, risk(8000, 500, 1000)),
        **options,
    )
    return deployment, open_account(deployment, {0: eth}, {1: usdc}, category=category)


@every_version
@pytest.mark.parametrize(
    ("debt", "is_liquidatable"), [(16_500 * 10**6 - 1, False), (16_500 * 10**6, False), (16_500 * 10**6 + 1, True)]
)
def test_a_health_factor_of_one_is_healthy(protocol, debt, is_liquidatable):
    deployment, row = two_markets(10 * E18, debt)
    health = protocol.health(deployment, row)
    assert health.is_liquidatable is protocol.is_liquidatable(deployment, row) is is_liquidatable
    assert (health.health_factor_ratio < E18) is is_liquidatable
    assert (protocol.quote(deployment, row, 1, 0, 10**6) is Refusal.HEALTHY) is not is_liquidatable


def test_the_floored_average_threshold_liquidates_what_the_sum_would_not():
    parameters = [risk(8250, 500), risk(7301, 500), risk(8000, 500)]
    assets = zip(("ETH", "BTC", "USDC"), (18, 8, 6), (2000, 60000, 1), parameters, strict=True)
    deployment = pooled(*((symbol, decimals, price * E18, risk_) for symbol, decimals, price, risk_ in assets))
    # 20,000 of ETH and 20,000.4 of BTC: the average threshold is 7775.49 bps.
    row = open_account(deployment, {0: 10 * E18, 1: 33_334_000}, {2: 31_101_500_000})
    assert [protocol.is_liquidatable(deployment, row) for protocol in AAVE_V3] == [True, True, False, False]


@every_version
def test_a_category_replaces_threshold_and_bonus_where_the_market_has_it(protocol):
    deployment, row = two_markets(10 * E18, 18_600 * 10**6 + 1, category=1)
    assert protocol.health(deployment, row).weighted_collateral_value == 18_600 * E18
    quote = protocol.quote(deployment, row, 1, 0, 2_000 * 10**6)
    assert quote.seize_amount + quote.fee_amount == 1_010_000_000_000_000_000
    assert quote.liquidation_bonus_ratio == 10**16
    deployment.book.set_category(row, 2)
    assert protocol.health(deployment, row).weighted_collateral_value == 16_500 * E18


@pytest.mark.parametrize(
    ("health_factor", "repay"), [(95 * 10**16 - 1, 101), (95 * 10**16, 101), (95 * 10**16 + 1, 51)]
)
def test_version_3_0_closes_half_of_a_debt_above_a_health_factor_of_95_percent(health_factor, repay):
    pair = Pair(101, 10**8, 1, 10**6, 10**8, 1, 10_500, 0)
    data = AccountData(10**14, 0, 101 * 10**8, health_factor)
    assert repay_amount_max(AAVE_V3[0].rounding, pair, data) == repay


@since_3_3
@pytest.mark.parametrize(
    ("health_factor", "debt", "collateral", "total_debt", "repay"),
    [
        (95 * 10**16 + 1, 2_000, 2_000, 2_000, 1_000),
        (95 * 10**16 + 1, 1_999, 2_000, 2_000, 1_999),
        (95 * 10**16 + 1, 2_000, 1_999, 2_000, 2_000),
        (95 * 10**16, 2_000, 2_000, 2_000, 2_000),
        (95 * 10**16 + 1, 2_500, 9_000, 5_000, 2_500),
        (95 * 10**16 + 1, 2_501, 9_000, 5_000, 2_500),
        (95 * 10**16 + 1, 2_501, 9_000, 5_001, 2_500),
    ],
)
def test_half_of_all_debt_closes_where_both_sides_have_two_thousand(
    protocol, health_factor, debt, collateral, total_debt, repay
):
    pair = Pair(debt, 10**8, 1, collateral, 10**8, 1, 10_500, 0)
    data = AccountData(10**14, 0, total_debt * 10**8, health_factor)
    assert repay_amount_max(protocol.rounding, pair, data) == repay


@since_3_3
def test_the_limit_is_the_largest_repayment_that_is_not_refused(protocol):
    draw = random.Random(protocol.label)
    found_dust = 0
    for _ in range(400):
        eth = draw.randrange(10**17, 5 * E18)
        price = draw.randrange(500 * E18, 4_000 * E18)
        debt = eth * price * draw.randrange(8_300, 8_700) // (10_000 * 10**30)
        indices = tuple((RAY + draw.randrange(RAY), RAY + draw.randrange(RAY)) for _ in range(2))
        # A second collateral, the smaller one: half of all debt then takes most of the first.
        second = eth * price * draw.randrange(6_000, 9_500) // (10_000 * 10**30)
        deployment, row = two_markets(
            eth * RAY // indices[0][0], (debt + second * 82 // 100) * RAY // indices[1][1], price=price, indices=indices
        )
        deployment.book.set_balance(row, slot_of(1, COLLATERAL), second * RAY // indices[1][0])
        limit = protocol.liquidation_limit(deployment, row)
        if limit is Refusal.HEALTHY:
            continue
        assert isinstance(limit, Limit)
        quote = protocol.quote(deployment, row, 1, 0, limit.repay_amount)
        assert isinstance(quote, Quote)
        whole = protocol.quote(deployment, row, 1, 0, FOREVER)
        if whole is Refusal.LEAVES_DUST:
            found_dust += 1
            assert protocol.quote(deployment, row, 1, 0, limit.repay_amount + 1) is Refusal.LEAVES_DUST
        else:
            assert limit.repay_amount - quote.repay_amount in (0, 1, 2)
            assert abs(quote.repay_amount - whole.repay_amount) <= 2
            assert (quote.collateral_balance, quote.seize_amount) == (whole.collateral_balance, whole.seize_amount)
            assert limit.seize_amount == quote.seize_amount
    assert found_dust > 10


@since_3_3
def test_collateral_without_a_threshold_counts_as_collateral_from_3_6_on(protocol):
    deployment = pooled(
        ("ETH", 18, 2000 * E18, risk(8250, 500, 1000)), ("REP", 18, E18, risk(0, 0)), ("USDC", 6, E18, risk(8000, 500))
    )
    row = open_account(deployment, {0: E18, 1: 50 * E18}, {2: 2_100 * 10**6})
    quote = protocol.quote(deployment, row, 2, 0, FOREVER)
    assert quote.clears_collateral is (protocol.version == "3.3")
    refused = protocol.quote(deployment, row, 2, 1, 10 * 10**6)
    assert (refused is Refusal.NO_COLLATERAL) is (protocol.version == "3.3")


@every_version
def test_the_fee_gives_way_when_two_rounded_balances_exceed_the_one_held(protocol):
    draw = random.Random(protocol.label)
    gave_way = 0
    for _ in range(300):
        index = RAY + draw.randrange(2 * RAY)
        balance = draw.randrange(10**15, 10**16)
        deployment, row = two_markets(balance, 40 * 10**6, indices=((index, RAY), (RAY, RAY)))
        quote = protocol.quote(deployment, row, 1, 0, FOREVER)
        if not isinstance(quote, Quote):
            continue
        assert quote.collateral_balance <= balance
        gave_way += quote.collateral_balance == balance
        protocol.settle(deployment, quote)
        assert deployment.market_states[0].fee_amount == quote.fee_amount
    assert gave_way > 50


@since_3_3
def test_lost_debt_is_what_was_owed_less_what_was_repaid_at_any_index(protocol):
    draw = random.Random(protocol.label)
    cleared = 0
    for _ in range(300):
        indices = tuple((RAY + draw.randrange(RAY), RAY + draw.randrange(RAY)) for _ in range(2))
        deployment, row = two_markets(
            draw.randrange(10**16, E18 // 2), draw.randrange(2 * 10**9, 10**10), indices=indices
        )
        deployment.book.set_balance(row, slot_of(0, DEBT), 10**17)
        owed = {
            market: protocol.amount_of(deployment, slot_of(market, DEBT), balance)
            for market, balance in ((0, 10**17), (1, deployment.book.balance(row, slot_of(1, DEBT))))
        }
        quote = protocol.quote(deployment, row, 1, 0, FOREVER)
        protocol.settle(deployment, quote)
        lost = protocol.write_off(deployment, row, quote)
        if quote.clears_collateral:
            cleared += 1
            owed[1] -= quote.repay_amount
            assert {loss.debt_market: loss.amount for loss in lost} == owed
            assert all(slot % 2 == COLLATERAL for slot, _ in deployment.book.positions(row))
        else:
            assert lost == ()
    assert cleared > 250


@every_version
def test_prices_are_read_in_e8_rounded_down_and_what_rounds_to_nothing_is_missing(protocol):
    deployment, row = two_markets(E18, 1, price=2000 * E18 + 10**10 - 1)
    assert protocol.health(deployment, row).collateral_value == 2000 * E18
    deployment.prices[0] = 10**10 - 1
    assert protocol.health(deployment, row) is Refusal.PRICE_MISSING
    assert not protocol.is_liquidatable(deployment, row)
    assert protocol.margin_weight(deployment, 0, 0) is None


@every_version
def test_without_debt_the_health_factor_is_the_largest(protocol):
    deployment, _ = two_markets(E18, 1)
    row = open_account(deployment, {0: 1}, {}, ACCOUNT[::-1])
    assert protocol.health(deployment, row).health_factor_ratio == HEALTH_FACTOR_MAX


YEAR = 31_536_000
# The powers of the rate a second are whole numbers in the contract: 0.05**2 and 0.05**3 in RAY, by seconds.
SQUARE, CUBE = 25 * 10**23 // YEAR**2, 3
BINOMIAL = RAY + RAY // 20 + YEAR * (YEAR - 1) * SQUARE // 2 + YEAR * (YEAR - 1) * (YEAR - 2) * CUBE // 6
TAYLOR = 1051270833333333333333333333


@pytest.mark.parametrize(("version", "debt_index"), [("3.0", BINOMIAL), ("3.6", TAYLOR)])
def test_a_year_at_five_percent_compounds_debt_and_not_collateral(version, debt_index):
    deployment, _ = two_markets(E18, 1)
    market = deployment.markets[1]
    deployment.markets[1] = Market("USDC", 1, 1, market.parameters, {}, 4 * RAY // 100, 5 * RAY // 100)
    protocol = protocol_named(f"aave_v3@{version}")
    assert protocol.accrue(deployment, YEAR * 1000)
    state = deployment.market_states[1]
    assert (state.collateral_index, state.debt_index) == (104 * RAY // 100, debt_index)
    assert not protocol.accrue(deployment, YEAR * 1000 + 999)
    assert deployment.market_states[0].debt_index == RAY


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (risk(9524, 500), "threshold times 1 \\+ bonus is 10000"),
        (risk(9525, 500), "threshold times 1 \\+ bonus is 10001"),
        (risk(8000, 500, 10_001), "fee 10001"),
    ],
)
def test_what_the_contracts_configurator_refuses_is_refused(parameters, message):
    market = Market("ETH", 0, 0, parameters)
    if "10000" in message:
        AAVE_V3[0].check_markets([market])
        return
    with pytest.raises(ConfigError, match=message):
        AAVE_V3[0].check_markets([market])


def test_a_ratio_between_two_basis_points_is_refused_in_a_category_too():
    exact = risk(8000, 500)
    crooked = risk(8000, 500)
    crooked = type(crooked)(8 * 10**17, 8 * 10**17 + 1, 5 * 10**16)
    with pytest.raises(ConfigError, match="800000000000000001 of ETH is not a whole number of basis points"):
        AAVE_V3[0].check_markets([Market("ETH", 0, 0, exact, {1: crooked})])
    with pytest.raises(ConfigError, match="loan to value 8000 bps of ETH exceeds"):
        AAVE_V3[0].check_markets([Market("ETH", 0, 0, type(exact)(8 * 10**17, 7 * 10**17, 0))])
