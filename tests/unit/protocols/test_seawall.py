"""Our own rule on worked cases: the target, the frontier, dust, and losses that nobody can recover."""

import pytest
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.errors import ConfigError
from seawall.fixed import RAY, SECONDS_PER_YEAR, WAD
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Limit, Quote
from seawall.protocols.seawall import SEAWALL
from seawall.rules.margin import HEALTH_FACTOR_MAX

RULE = SEAWALL[-1]
ETH, BTC, USD = 0, 1, 2


def market_of_three(eth_price: int = 2_000 * WAD, btc_price: int | None = 60_000 * WAD, fee_bps: int = 1_000):
    """ETH (18 decimals, threshold .83, bonus .05), BTC (8, .70, .10) and USD (6, .75, .05)."""
    return pooled(
        ("ETH", 18, eth_price, risk(8_300, 500, fee_bps)),
        ("BTC", 8, btc_price, risk(7_000, 1_000, fee_bps)),
        ("USD", 6, WAD, risk(7_500, 500, fee_bps)),
    )


def settled(deployment, row: int, limit: Limit) -> Quote:
    quote = RULE.quote(deployment, row, limit.debt_market, limit.collateral_market, limit.repay_amount)
    assert isinstance(quote, Quote)
    assert (quote.repay_amount, quote.seize_amount) == (limit.repay_amount, limit.seize_amount)
    RULE.settle(deployment, quote)
    return quote


def health_of(deployment, row: int) -> Health:
    health = RULE.health(deployment, row)
    assert isinstance(health, Health)
    return health


@pytest.mark.parametrize(
    ("debt", "is_liquidatable"), [(8_299_999_999, False), (8_300_000_000, False), (8_300_000_001, True)]
)
def test_the_line_is_where_debt_exceeds_weighted_collateral(debt, is_liquidatable):
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 5 * 10**18}, {USD: debt})
    assert RULE.is_liquidatable(deployment, row) is is_liquidatable
    health = health_of(deployment, row)
    assert health.is_liquidatable is is_liquidatable
    assert (health.health_factor_ratio < WAD) is is_liquidatable
    assert health.collateral_value == 10_000 * WAD
    assert health.weighted_collateral_value == 8_300 * WAD
    assert health.debt_value == debt * 10**12


def test_an_account_without_debt_has_the_greatest_health():
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 1}, {})
    assert health_of(deployment, row).health_factor_ratio == HEALTH_FACTOR_MAX
    assert RULE.liquidation_limit(deployment, row) is Refusal.NO_DEBT


def test_collateral_rounds_down_and_debt_up():
    deployment = pooled(("A", 2, WAD + 1, risk(5_000, 0)), indices=((RAY + RAY // 3, RAY + RAY // 3),))
    slot_c, slot_d = slot_of(0, COLLATERAL), slot_of(0, DEBT)
    assert [RULE.amount_of(deployment, slot, 100) for slot in (slot_c, slot_d)] == [133, 134]
    assert [RULE.balance_of(deployment, slot, 100) for slot in (slot_c, slot_d)] == [75, 76]
    row = open_account(deployment, {0: 100}, {0: 40})
    # 133 units at 1.000000000000000001 a hundred: 1.33 and a fraction of a WAD unit
    health = health_of(deployment, row)
    assert health.collateral_value == 133 * 10**16 + 1
    assert health.debt_value == 54 * 10**16 + 1
    assert health.weighted_collateral_value == 665 * 10**15


def test_an_unknown_price_is_never_safe_and_never_liquidates():
    deployment = market_of_three(btc_price=None)
    row = open_account(deployment, {ETH: 10**18, BTC: 1}, {USD: 10**12})
    assert RULE.health(deployment, row) is Refusal.PRICE_MISSING
    assert RULE.is_liquidatable(deployment, row) is False
    assert RULE.liquidation_limit(deployment, row) is Refusal.PRICE_MISSING
    assert RULE.quote(deployment, row, USD, ETH, 1) is Refusal.PRICE_MISSING
    assert RULE.write_off(deployment, row, None) == ()
    assert RULE.margin_weight(deployment, slot_of(BTC, COLLATERAL), 0) is None


def test_the_worked_case_is_brought_to_the_target():
    deployment = market_of_three(fee_bps=1_000)
    row = open_account(deployment, {ETH: 5 * 10**18}, {USD: 8_500 * 10**6})
    assert health_of(deployment, row).health_factor_ratio == 976_470_588_235_294_117
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert (limit.debt_market, limit.collateral_market) == (USD, ETH)
    assert limit.repay_amount == 3_501_400_561  # 3501.40056022 rounded up to a unit
    quote = settled(deployment, row, limit)
    assert quote.seize_amount + quote.fee_amount == 3_501_400_561 * 105 * 10**10 // 2_000
    assert quote.fee_amount == -(-(quote.seize_amount + quote.fee_amount) * 5 // (105 * 10))
    assert quote.liquidation_bonus_ratio == 5 * 10**16
    assert health_of(deployment, row).health_factor_ratio == pytest.approx(105 * 10**16, abs=10**9)
    assert deployment.market_states[ETH].fee_amount == quote.fee_amount
    assert RULE.liquidation_limit(deployment, row) is Refusal.HEALTHY


def test_the_bonus_is_capped_below_the_frontier_and_leaves_no_bad_debt():
    # C = 8800, D = 8500: the market's bonus is toxic, 3.529 % is not
    deployment = market_of_three(eth_price=1_760 * WAD)
    row = open_account(deployment, {ETH: 5 * 10**18}, {USD: 8_500 * 10**6})
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    quote = settled(deployment, row, limit)
    assert quote.liquidation_bonus_ratio == 35_294_117_647_058_823
    assert quote.repay_amount == 8_500 * 10**6
    assert RULE.write_off(deployment, row, quote) == ()
    assert health_of(deployment, row).debt_value == 0


def test_past_the_least_bonus_only_the_whole_pair_is_closed_and_the_rest_is_lost():
    # C = 8600, D = 8500: even half of the bonus is toxic
    deployment = market_of_three(eth_price=1_720 * WAD)
    row = open_account(deployment, {ETH: 5 * 10**18}, {USD: 8_500 * 10**6})
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert limit.repay_amount == 8_390_243_903  # 8600 / 1.025 rounded up
    assert RULE.quote(deployment, row, USD, ETH, limit.repay_amount - 1) is Refusal.TOXIC
    assert RULE.write_off(deployment, row, None) == ()
    quote = settled(deployment, row, limit)
    assert quote.collateral_balance == 5 * 10**18
    (bad_debt,) = RULE.write_off(deployment, row, quote)
    assert (bad_debt.debt_market, bad_debt.amount) == (USD, 8_500 * 10**6 - 8_390_243_903)
    assert deployment.market_states[USD].bad_debt_amount == bad_debt.amount
    assert deployment.book.positions(row) == []


def test_no_toxic_collateral_is_seized_while_a_good_one_is_left():
    deployment = market_of_three()
    # W = 8300 + .7 * 6000 = 12500, D = 15000: H = .833; ETH is toxic (.8715 and .85), BTC is not (.77)
    row = open_account(deployment, {ETH: 5 * 10**18, BTC: 10**7}, {USD: 15_000 * 10**6})
    assert RULE.quote(deployment, row, USD, ETH, 10**18) is Refusal.TOXIC
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert limit.collateral_market == BTC
    before = health_of(deployment, row).health_factor_ratio
    settled(deployment, row, limit)
    assert health_of(deployment, row).health_factor_ratio > before


def test_dust_of_a_good_collateral_does_not_shield_a_toxic_one():
    deployment = market_of_three(eth_price=1_720 * WAD)
    row = open_account(deployment, {ETH: 5 * 10**18, BTC: 1}, {USD: 8_500 * 10**6})
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert limit.collateral_market == ETH


@pytest.mark.parametrize(
    ("left", "refusal"),
    [(99_999_999, Refusal.LEAVES_DUST), (100_000_000, None), (100_000_001, None), (0, None), (1, Refusal.LEAVES_DUST)],
)
def test_a_partial_repay_leaves_nothing_or_the_dust_limit(left, refusal):
    # C = 880, D = 850 at the capped bonus: the rule allows the whole debt, and any part that leaves 100 on both sides
    deployment = market_of_three(eth_price=1_760 * WAD)
    row = open_account(deployment, {ETH: 5 * 10**17}, {USD: 850 * 10**6})
    quote = RULE.quote(deployment, row, USD, ETH, 850 * 10**6 - left)
    assert quote is refusal if refusal else isinstance(quote, Quote)


def test_a_target_that_would_leave_dust_leaves_the_limit_where_that_cures():
    # D = 105, W = 104.58: the target would leave 105 - x with x > 5
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 63 * 10**15}, {USD: 105 * 10**6})
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert limit.repay_amount == 5 * 10**6
    settled(deployment, row, limit)
    health = health_of(deployment, row)
    assert health.debt_value == 100 * WAD
    assert WAD <= health.health_factor_ratio < 105 * 10**16


def test_a_small_account_is_closed_whole():
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 5 * 10**16}, {USD: 84 * 10**6})
    limit = RULE.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit)
    assert limit.repay_amount == 84 * 10**6
    assert RULE.quote(deployment, row, USD, ETH, 10 * 10**6) is Refusal.LEAVES_DUST
    quote = settled(deployment, row, limit)
    assert quote.debt_balance == 84 * 10**6
    assert health_of(deployment, row).debt_value == 0


def test_a_repay_too_small_to_cure_anything_is_refused():
    deployment = market_of_three(eth_price=2_000 * WAD)
    row = open_account(deployment, {BTC: 10**7}, {USD: 4_300 * 10**6})
    # one unit of USD is worth less than one unit of BTC
    assert RULE.quote(deployment, row, USD, BTC, 1) in (Refusal.NOTHING_SEIZED, Refusal.BELOW_DUST)


@pytest.mark.parametrize(
    ("collateral", "debt", "written_off"),
    [
        (0, 500 * 10**6, 500 * 10**6),  # nothing left: all of it
        (1, 500 * 10**6, 500 * 10**6),  # one unit of collateral saves no unit of debt
        # 41 of collateral recovers 40 at the least bonus of 2.5 %
        (205 * 10**14, 79_999_999, 0),  # less than half is lost: a keeper can still take all of it
        (205 * 10**14, 80_000_000, 40_000_000),
        (205 * 10**14, 200_000_000, 160_000_000),
        # 102.5 recovers 100, the dust limit: a liquidation is still worth a keeper's while
        (5125 * 10**13, 500 * 10**6, 0),
        (5125 * 10**13 - 1, 500 * 10**6, 400 * 10**6 + 1),
    ],
)
def test_debt_is_written_down_to_what_dust_recovers(collateral, debt, written_off):
    deployment = market_of_three()
    row = open_account(deployment, {ETH: collateral} if collateral else {}, {USD: debt})
    lost = RULE.write_off(deployment, row, None)
    assert sum(bad_debt.amount for bad_debt in lost) == written_off
    assert RULE.amount_of(deployment, slot_of(USD, DEBT), deployment.book.balance(row, slot_of(USD, DEBT))) == (
        debt - written_off
    )
    assert RULE.write_off(deployment, row, None) == ()


def test_several_debts_are_written_down_together():
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 205 * 10**14}, {USD: 100 * 10**6, BTC: 500_000})
    # D = 100 + 300, R = 40: a tenth of each stays
    lost = {bad_debt.debt_market: bad_debt.amount for bad_debt in RULE.write_off(deployment, row, None)}
    assert lost == {USD: 90 * 10**6, BTC: 450_000}


def test_a_healthy_account_is_never_written_off():
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 10**12}, {USD: 1})
    assert RULE.write_off(deployment, row, None) == ()
    assert RULE.quote(deployment, row, USD, ETH, 1) is Refusal.HEALTHY


@pytest.mark.parametrize(
    ("debt_market", "collateral_market", "repay", "expected"),
    [
        (USD, ETH, 0, Refusal.ZERO_AMOUNT),
        (USD, ETH, -1, Refusal.ZERO_AMOUNT),
        (ETH, ETH, 1, Refusal.NO_DEBT),
        (USD, BTC, 1, Refusal.NO_COLLATERAL),
    ],
)
def test_a_quote_refuses_what_is_not_there(debt_market, collateral_market, repay, expected):
    deployment = market_of_three()
    row = open_account(deployment, {ETH: 5 * 10**18}, {USD: 8_500 * 10**6})
    assert RULE.quote(deployment, row, debt_market, collateral_market, repay) is expected


def test_interest_raises_debt_up_and_collateral_down():
    deployment = pooled(("A", 6, WAD, risk(5_000, 0)), ("B", 6, WAD, risk(5_000, 0)))
    lent = Market("A", 0, 0, deployment.markets[0].parameters, {}, 2 * 10**25, 5 * 10**25)
    deployment.markets[0] = lent
    assert RULE.accrue(deployment, 999) is False
    assert RULE.accrue(deployment, SECONDS_PER_YEAR * 1_000) is True
    state, still = deployment.market_states
    assert (state.collateral_index, state.debt_index) == (102 * 10**25, 1_051_270_833_333_333_333_333_333_333)
    assert (still.collateral_index, still.debt_index) == (RAY, RAY)
    assert RULE.accrue(deployment, SECONDS_PER_YEAR * 1_000 + 999) is False


def test_categories_replace_the_parameters():
    deployment = pooled(("STETH", 18, WAD, risk(7_000, 500), {1: risk(9_300, 100)}), ("ETH", 18, WAD, risk(8_000, 500)))
    plain = open_account(deployment, {0: 100 * 10**18}, {1: 90 * 10**18}, b"plain".ljust(20, b"\0"))
    loop = open_account(deployment, {0: 100 * 10**18}, {1: 90 * 10**18}, b"loop".ljust(20, b"\0"), category=1)
    assert RULE.is_liquidatable(deployment, plain)
    assert not RULE.is_liquidatable(deployment, loop)


@pytest.mark.parametrize(("bonus_bps", "is_refused"), [(2_499, False), (2_500, True), (2_501, True)])
def test_markets_that_are_toxic_from_the_line_are_refused(bonus_bps, is_refused):
    markets = [Market("WETH", 0, 0, risk(8_000, bonus_bps))]
    if not is_refused:
        RULE.check_markets(markets)
        return
    with pytest.raises(ConfigError, match=r"of WETH is not below 1000000000000000000"):
        RULE.check_markets(markets)


def test_a_toxic_category_and_a_pair_are_refused_by_name():
    with pytest.raises(ConfigError, match="LST in category 2"):
        RULE.check_markets([Market("LST", 0, 0, risk(7_000, 500), {2: risk(9_800, 300)})])
    with pytest.raises(ConfigError, match="ETH/USD is a pair"):
        RULE.check_markets([Market("ETH/USD", 0, 1, risk(8_000, 500))])


def test_prices_must_be_fresh():
    assert RULE.needs_fresh_price is True
    assert RULE.label == "seawall@1"
