"""dYdX v4: its documented account, the roundings of its margins, what a close takes and pays, and the limits of a block."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.dydx_v4_liquidation import LiquidationRule, bankruptcy_quote, close_at, price_at_worst
from seawall.protocols.dydx_v4_margin import contracts_of, initial_ppm, maintenance_quantums
from seawall.protocols.protocol import Quote
from seawall.rules.margin import HEALTH_FACTOR_MAX

DYDX = protocol_named("dydx_v4")
USDC, BTC, SOL = range(3)
UNITS = (10**6, 10**10, 10**7)
DOLLAR, COIN = UNITS[USDC], UNITS[BTC]


def contract(symbol, asset, initial_percent, fraction_percent, **more):
    initial = initial_percent * WAD // 100
    tiers = (MarginTier(0, initial * fraction_percent // 100, initial),)
    return Market(symbol, asset, asset, RiskParameters(0, 0, 0), margin_tiers=tiers, **more)


CASH = Market("USDC", USDC, USDC, RiskParameters(WAD, WAD, 0))
MARKETS = (CASH, contract("BTC-USD", BTC, 2, 60), contract("SOL-USD", SOL, 10, 50))
TNC = (31_680, 16_000, 4_000, -3_200)


def account(net=16_000, fund=10**6, markets=MARKETS, positions=None, funding=0):
    """Long 10 BTC at 100,000 and short 2,000 SOL at 200 unless told; cash so that the net collateral is `net` dollars."""
    held = {(BTC, COLLATERAL): 10, (SOL, DEBT): 2_000} if positions is None else positions
    states = tuple(MarketState(funding_value=0 if m is markets[0] else funding) for m in markets)
    deployment = Deployment((Asset("USDC", 6), Asset("BTC-USD", 10), Asset("SOL-USD", 7)), markets, states, 20)
    deployment.prices = [WAD, 100_000 * WAD, 200 * WAD]
    deployment.market_states[USDC].insurance_amount = fund * DOLLAR
    row = deployment.book.add_account(b"trader".ljust(20, b"\0"))
    cash = Fraction(net)
    for (market, side), whole in held.items():
        deployment.book.set_balance(row, slot_of(market, side), int(whole * UNITS[market]))
        cash -= (-1 if side == DEBT else 1) * Fraction(whole) * (deployment.prices[market] // WAD)
    quantums = int(cash * DOLLAR)
    deployment.book.set_balance(row, slot_of(USDC, COLLATERAL), max(0, quantums))
    deployment.book.set_balance(row, slot_of(USDC, DEBT), max(0, -quantums))
    return deployment, row


def sums(deployment, row):
    return DYDX._risk(deployment, row)[0]


@pytest.mark.parametrize(
    ("net", "btc", "sol"),
    [
        (31_680, ("99982", "98812"), ("200.15", "209.90")),
        (16_000, ("99100", "99400"), ("207.50", "205.00")),
        (4_000, ("98425", "99850"), ("213.125", "201.25")),
        (-3_200, ("98200", "100120"), ("215.00", "199.00")),
    ],
)
def test_the_documented_account_is_offered_at_the_documented_prices(net, btc, sol):
    deployment, row = account(net)
    risk = sums(deployment, row)
    assert risk == (net * DOLLAR, 60_000 * DOLLAR, 32_000 * DOLLAR)
    for each, (fillable, bankruptcy) in zip(contracts_of(deployment, row, DOLLAR), (btc, sol), strict=True):
        assert Fraction(price_at_worst(each, risk, DYDX.rule), WAD) == Fraction(fillable)
        sign = -1 if each.is_short else 1
        whole = Fraction(sign * bankruptcy_quote(each, risk, each.unit), DOLLAR)
        assert whole == Fraction(bankruptcy)


@pytest.mark.parametrize(
    ("price", "insurance"), [(99_990, 590), (99_500, 100), (99_400, 0), (99_200, -200), (99_100, -300)]
)
def test_a_fill_of_one_coin_always_leaves_the_same_account(price, insurance):
    deployment, row = account(16_000)
    btc, _ = contracts_of(deployment, row, DOLLAR)
    close = close_at(btc, sums(deployment, row), COIN, price * WAD, DYDX.rule)
    assert close.insurance == insurance * DOLLAR
    DYDX.settle(deployment, quoted(row, close.closed, close.filled, close.insurance))
    assert sums(deployment, row)[0] == 15_400 * DOLLAR
    assert sums(deployment, row)[2] == 30_800 * DOLLAR
    assert deployment.market_states[USDC].insurance_amount == (10**6 + insurance) * DOLLAR


def quoted(row, closed, filled, insurance):
    return Quote(row, USDC, BTC, filled, closed, 0, 0, closed, 0, insurance_amount=insurance)


def test_the_fee_is_capped_where_the_margin_is_larger():
    """500 SOL bought back at the mark price: a surplus of 4,950, a fee of 1,500, and the account is healthy again."""
    deployment, row = account(31_680)
    sol = contracts_of(deployment, row, DOLLAR)[1]
    close = close_at(sol, sums(deployment, row), 500 * UNITS[SOL], 200 * WAD, DYDX.rule)
    assert (close.filled, close.insurance) == (-100_000 * DOLLAR, 1_500 * DOLLAR)
    assert close.filled - bankruptcy_quote(sol, sums(deployment, row), close.closed) == 4_950 * DOLLAR
    quote = Quote(row, SOL, USDC, close.closed, -close.filled, 0, close.closed, 0, 0, insurance_amount=close.insurance)
    DYDX.settle(deployment, quote)
    health = DYDX.health(deployment, row)
    assert health.health_factor_ratio == 30_180 * WAD // 27_000
    assert not health.is_liquidatable


def test_closing_all_at_the_bankruptcy_quotes_leaves_nothing():
    for net in TNC:
        deployment, row = account(net)
        risk = sums(deployment, row)
        total = DYDX._cash(deployment, row) + sum(
            bankruptcy_quote(each, risk, each.balance) for each in contracts_of(deployment, row, DOLLAR)
        )
        assert total == 0


@pytest.mark.parametrize(
    ("notional", "margin"), [(0, 0), (1, 1), (50, 1), (51, 2), (100, 2), (10**6, 12_000), (10**6 + 1, 12_001)]
)
def test_the_maintenance_margin_rounds_up_twice(notional, margin):
    """2 % up, then 60 % of that up."""
    assert maintenance_quantums(notional, MARKETS[BTC]) == margin


@pytest.mark.parametrize(
    ("interest", "ppm"),
    [(0, 100_000), (20, 100_000), (21, 130_000), (22, 160_000), (35, 550_000), (50, 10**6), (60, 10**6)],
)
def test_the_margin_of_opening_rises_between_the_bounds_of_open_interest(interest, ppm):
    million = 10**6 * WAD
    market = contract("X", BTC, 10, 50, open_interest_bounds=(20 * million, 50 * million))
    assert initial_ppm(market, interest * million) == ppm
    assert initial_ppm(market, 20 * million + million // 30_000) == 100_000


def test_open_interest_asks_for_more_to_open_and_for_nothing_to_keep():
    bounds = (500_000 * WAD, 1_500_000 * WAD)
    deployment, row = account(
        16_000, markets=(CASH, contract("BTC-USD", BTC, 2, 60, open_interest_bounds=bounds), MARKETS[2])
    )
    # A million is open: half of the way from 2 % to all of it.
    assert sums(deployment, row)[1] == (510_000 + 40_000) * DOLLAR
    assert sums(deployment, row)[2] == 32_000 * DOLLAR
    assert DYDX.opening_room_value(deployment, row, ()) == (16_000 - 550_000) * WAD


@pytest.mark.parametrize(("quantums", "is_below"), [(-1, True), (0, False), (1, False)])
def test_liquidatable_is_strict_on_both_sides(quantums, is_below):
    deployment, row = account(32_000)
    deployment.book.move_balance(row, slot_of(USDC, DEBT), -quantums)
    assert DYDX.is_liquidatable(deployment, row) == is_below
    health = DYDX.health(deployment, row)
    assert (health.health_factor_ratio < WAD, health.is_liquidatable) == (is_below, is_below)
    nothing, row = account(-5, positions={})
    assert not DYDX.is_liquidatable(nothing, row)
    assert DYDX.health(nothing, row).health_factor_ratio == 0
    assert DYDX.write_off(nothing, row, None) == ()
    rich, row = account(5, positions={})
    assert DYDX.health(rich, row).health_factor_ratio == HEALTH_FACTOR_MAX


def test_cash_counts_at_par_whatever_its_price():
    deployment, row = account(32_000)
    deployment.prices[USDC] = WAD // 2
    assert not DYDX.is_liquidatable(deployment, row)


def test_a_tenth_of_the_position_of_most_margin_is_closed_in_a_block():
    deployment, row = account(30_000)
    limit = DYDX.liquidation_limit(deployment, row)
    assert (limit.debt_market, limit.collateral_market) == (SOL, USDC)
    assert limit.repay_amount == 200 * UNITS[SOL]
    DYDX.settle(deployment, DYDX.quote(deployment, row, SOL, USDC, limit.repay_amount))
    assert DYDX.quote(deployment, row, SOL, USDC, 1) is Refusal.CLOSE_FACTOR_EXCEEDED
    following = DYDX.liquidation_limit(deployment, row)
    # 40,000 of the 100,000 a block are gone, so not a whole tenth of BTC.
    assert (following.debt_market, following.seize_amount) == (USDC, 6 * COIN // 10)
    DYDX.settle(deployment, DYDX.quote(deployment, row, USDC, BTC, 10**12))
    assert DYDX.liquidation_limit(deployment, row) is Refusal.CLOSE_FACTOR_EXCEEDED
    DYDX.accrue(deployment, 1)
    assert DYDX.liquidation_limit(deployment, row).debt_market == SOL


@pytest.mark.parametrize(("whole", "closed"), [(5, 5), (10, 5), (45, 5), (100, 10)])
def test_small_positions_are_closed_by_the_least_notional_value(whole, closed):
    """SOL at 200: a thousand dollars are 5."""
    deployment, row = account(1, positions={(SOL, COLLATERAL): whole})
    assert DYDX.liquidation_limit(deployment, row).seize_amount == closed * UNITS[SOL]


def test_closes_are_whole_steps_and_prices_stand_on_steps():
    stepped = contract("SOL-USD", SOL, 10, 50, amount_step=3 * UNITS[SOL], price_step=WAD // 2)
    deployment, row = account(1_000, markets=(*MARKETS[:2], stepped), positions={(SOL, COLLATERAL): 200})
    limit = DYDX.liquidation_limit(deployment, row)
    assert limit.seize_amount == 18 * UNITS[SOL]
    assert limit.repay_amount % (18 * DOLLAR // 2) == 0
    price = limit.repay_amount // 18
    assert DYDX.quote(deployment, row, USDC, SOL, 7 * price).seize_amount == 6 * UNITS[SOL]
    assert DYDX.quote(deployment, row, USDC, SOL, 3 * price).seize_amount == 3 * UNITS[SOL]
    assert DYDX.quote(deployment, row, USDC, SOL, 3 * price - 1) is Refusal.NOTHING_SEIZED
    small, row = account(1, markets=(*MARKETS[:2], stepped), positions={(SOL, COLLATERAL): 2})
    assert DYDX.liquidation_limit(small, row).seize_amount == 2 * UNITS[SOL]


def test_the_fund_pays_only_what_it_has_and_what_a_block_allows():
    deployment, row = account(4_000, fund=0)
    assert DYDX.liquidation_limit(deployment, row) is Refusal.FUND_OVERDRAWN
    deployment.market_states[USDC].insurance_amount = 2_375 * DOLLAR
    # 200 SOL at 213.125 against 201.25: the fund pays 2,375.
    limit = DYDX.liquidation_limit(deployment, row)
    DYDX.settle(deployment, DYDX.quote(deployment, row, SOL, USDC, limit.repay_amount))
    assert deployment.market_states[USDC].insurance_amount == 0
    rule = msgspec.structs.replace(DYDX.rule, insurance_loss_max=2_374)
    deployment, row = account(4_000)
    assert type(DYDX)("2", rule).liquidation_limit(deployment, row) is Refusal.CLOSE_FACTOR_EXCEEDED
    rule = msgspec.structs.replace(DYDX.rule, insurance_loss_max=2_375)
    assert type(DYDX)("2", rule).liquidation_limit(deployment, row).repay_amount == 200 * UNITS[SOL]


def test_an_isolated_contract_has_a_fund_of_its_own():
    alone = contract("SOL-USD", SOL, 10, 50, is_isolated=True)
    deployment, row = account(100, markets=(*MARKETS[:2], alone), positions={(SOL, COLLATERAL): 100})
    assert DYDX.liquidation_limit(deployment, row) is Refusal.FUND_OVERDRAWN
    deployment.market_states[SOL].insurance_amount = 10**9
    limit = DYDX.liquidation_limit(deployment, row)
    quote = DYDX.quote(deployment, row, USDC, SOL, limit.repay_amount)
    DYDX.settle(deployment, quote)
    assert deployment.market_states[SOL].insurance_amount == 10**9 + quote.insurance_amount < 10**9
    assert deployment.market_states[USDC].insurance_amount == 10**12


@pytest.mark.parametrize(
    ("pair", "amount", "refusal"),
    [
        ((USDC, BTC), 0, Refusal.ZERO_AMOUNT),
        ((USDC, SOL), 1, Refusal.NO_COLLATERAL),
        ((BTC, USDC), 1, Refusal.NO_DEBT),
        ((USDC, USDC), 1, Refusal.NO_COLLATERAL),
        ((SOL, BTC), 1, Refusal.NO_COLLATERAL),
        ((USDC, BTC), 1, Refusal.NOTHING_SEIZED),
    ],
)
def test_what_is_not_there_is_refused(pair, amount, refusal):
    deployment, row = account(16_000)
    found = DYDX.quote(deployment, row, *pair, amount)
    assert found is refusal
    healthy, row = account(33_000)
    assert DYDX.quote(healthy, row, USDC, BTC, 1) is Refusal.HEALTHY
    healthy.prices[SOL] = None
    assert DYDX.liquidation_limit(healthy, row) is Refusal.PRICE_MISSING


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (Market("X", SOL, BTC, RiskParameters(0, 0, 0)), "assets 2 and 1 are not one"),
        (Market("X", SOL, SOL, RiskParameters(0, 0, 0)), "0 margin tiers are not 1"),
        (Market("X", SOL, SOL, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 10**16), MarginTier(1, 2 * 10**16))), "2 margin tiers"),
        (Market("X", SOL, SOL, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 10**16),)), "is not in parts of a million"),
        (Market("X", SOL, SOL, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 10**16, 10**17 + 1),)), "is not in parts of a million"),
        (Market("X", SOL, SOL, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 10**16, 3 * 10**16),)), "is not in parts of a million"),
        (contract("X", SOL, 10, 50, open_interest_bounds=(5, 5)), "open interest bounds 5 and 5 do not rise"),
        (CASH, "2 markets of cash are not 1"),
    ],
)  # fmt: skip
def test_markets_that_the_chain_could_not_hold_are_refused(market, said):
    DYDX.check_markets(MARKETS)
    with pytest.raises(ConfigError, match=said):
        DYDX.check_markets((*MARKETS, market))


def test_funding_is_settled_with_what_is_closed():
    deployment, row = account(16_000, funding=100 * WAD)
    before = sums(deployment, row)
    # 10 coins owe 1,000; the short of 2,000 gets 200,000.
    assert before[0] == (16_000 - 1_000 + 200_000) * DOLLAR
    deployment, row = account(16_000, funding=WAD)
    before = sums(deployment, row)
    quote = DYDX.quote(deployment, row, USDC, BTC, 10**12)
    cash = DYDX._cash(deployment, row)
    DYDX.settle(deployment, quote)
    assert DYDX._cash(deployment, row) - cash == quote.repay_amount - quote.insurance_amount - DOLLAR
    after = sums(deployment, row)
    assert after[0] - before[0] == quote.repay_amount - quote.insurance_amount - 100_000 * DOLLAR


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-40_000, 40_000), st.integers(1, 10**13), st.integers(1, 10**10), st.booleans(), st.booleans(),
    st.integers(1, 10**13), st.integers(0, 10**4),
)  # fmt: skip
def test_no_quantum_is_lost_between_account_keeper_and_fund(net, btc, sol, btc_short, sol_short, offered, fund):
    positions = {
        (BTC, DEBT if btc_short else COLLATERAL): Fraction(btc, COIN),
        (SOL, DEBT if sol_short else COLLATERAL): Fraction(sol, UNITS[SOL]),
    }
    deployment, row = account(net, fund, positions=positions)
    for _ in range(3):
        limit = DYDX.liquidation_limit(deployment, row)
        if isinstance(limit, Refusal):
            break
        most = DYDX.quote(deployment, row, limit.debt_market, limit.collateral_market, limit.repay_amount)
        assert (most.repay_amount, most.seize_amount) == (limit.repay_amount, limit.seize_amount)
        quote = DYDX.quote(
            deployment, row, limit.debt_market, limit.collateral_market, min(offered, limit.repay_amount)
        )
        if isinstance(quote, Refusal):
            break
        before = sums(deployment, row)
        held = DYDX._cash(deployment, row) + deployment.market_states[USDC].insurance_amount
        DYDX.settle(deployment, quote)
        paid = quote.repay_amount if quote.debt_market == USDC else -quote.seize_amount
        assert DYDX._cash(deployment, row) + deployment.market_states[USDC].insurance_amount == held + paid
        assert deployment.market_states[USDC].insurance_amount >= 0
        after = sums(deployment, row)
        # At the bankruptcy quote NC / MMR stands still but for the quantums of roundings; above it, it rises.
        assert after[0] * before[2] >= before[0] * after[2] - 4 * max(before[2], abs(before[0]), 1)


def test_one_position_is_worth_its_notional_value():
    for side in (COLLATERAL, DEBT):
        deployment, row = account(7, positions={(BTC, side): 1})
        assert sums(deployment, row) == (7 * DOLLAR, 2_000 * DOLLAR, 1_200 * DOLLAR)


def test_funding_is_rounded_against_the_account():
    """A base quantum of BTC owes a ten-thousandth of a quote quantum for a dollar of funding."""
    deployment, row = account(16_000, funding=WAD)
    btc, sol = contracts_of(deployment, row, DOLLAR)
    assert (btc.funding(deployment, 1), sol.funding(deployment, 1)) == (1, 0)
    assert (btc.funding(deployment, COIN), sol.funding(deployment, UNITS[SOL])) == (DOLLAR, -DOLLAR)


@given(st.integers(-40_000, 31_000), st.integers(1, 10 * COIN), st.integers(1, 2_000 * UNITS[SOL]))
@settings(max_examples=60, deadline=None)
def test_the_bankruptcy_quote_is_the_formula_rounded_down(net, btc_closed, sol_closed):
    deployment, row = account(net)
    risk = sums(deployment, row)
    for each, closed in zip(contracts_of(deployment, row, DOLLAR), (btc_closed, sol_closed), strict=True):
        rest = each.balance - closed
        moved = each.net_value(rest) - each.net_value(each.balance)
        freed = each.maintenance(each.balance) - each.maintenance(rest)
        exact = -moved - Fraction(risk.net_collateral * freed, risk.maintenance)
        assert bankruptcy_quote(each, risk, closed) == exact.__floor__()


@pytest.mark.parametrize(("closed", "fee"), [(6, 0), (7, 1), (13, 1), (14, 2)])
def test_the_fee_rounds_down(closed, fee):
    """Ten quote quantums a base quantum, one and a half per cent of them, of an account with margin to spare."""
    deployment, row = account(31_999, markets=(CASH, contract("BTC-USD", BTC, 20, 50), MARKETS[2]))
    btc, _ = contracts_of(deployment, row, DOLLAR)
    assert close_at(btc, sums(deployment, row), closed, 100_000 * WAD, DYDX.rule).insurance == fee


def test_what_is_worth_no_more_than_the_least_is_closed_whole():
    deployment, row = account(1, positions={(SOL, COLLATERAL): 1})
    deployment.prices[SOL] = 3 * WAD // 10
    deployment.book.set_balance(row, slot_of(SOL, COLLATERAL), 33_333_333_334)
    deployment.book.set_balance(row, slot_of(USDC, DEBT), 999 * DOLLAR)
    deployment.book.set_balance(row, slot_of(USDC, COLLATERAL), 0)
    assert DYDX.liquidation_limit(deployment, row).seize_amount == 33_333_333_334


def test_the_rule_is_data():
    assert isinstance(DYDX.rule, LiquidationRule)
    assert DYDX.rule.fee_ppm_max == 15_000
