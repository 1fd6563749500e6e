"""Contracts and loans in one account: one line, the cheapest close first, a bonus that does not sink the account, and no unit lost."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.protocols.deployments import ACCOUNT

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.margin_account import Contract, haircut_value, margin_account
from seawall.protocols.margin_closing import Cash, ContractClose, MarginRule
from seawall.protocols.protocol import Limit, Quote
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.margin_tiers import tier_lines

PERPETUAL = protocol_named("perpetual@1")
USD, ETH, BTC, SOL = range(4)
UNITS = (10**6, 10**18, 10**8, 10**9)
PRICES = (1, 2_000, 60_000, 100)
TIERS = (MarginTier(0, 10**16), MarginTier(10**6 * WAD, 2 * 10**16))
MARKETS = (
    Market("USD", USD, USD, RiskParameters(WAD, WAD, 0)),
    Market("ETH", ETH, ETH, RiskParameters(75 * 10**16, 80 * 10**16, 5 * 10**16, 10**17)),
    Market("BTC-PERP", BTC, BTC, RiskParameters(0, 0, 5 * 10**15), margin_tiers=TIERS),
    Market("SOL-PERP", SOL, SOL, RiskParameters(0, 0, 5 * 10**15), margin_tiers=(MarginTier(0, 5 * 10**16),)),
)


def exchange(positions, prices=PRICES, index=RAY, funding=0, markets=MARKETS):
    """A deployment with one account of whole units by (market, side)."""
    states = tuple(
        MarketState(index, index, funding_value=funding * WAD if market.margin_tiers else 0) for market in markets
    )
    assets = (Asset("USD", 6), Asset("ETH", 18), Asset("BTC-PERP", 8), Asset("SOL-PERP", 9))
    deployment = Deployment(assets, markets, states, 20)
    deployment.prices = [int(price * WAD) for price in prices]
    row = deployment.book.add_account(ACCOUNT)
    for (market, side), whole in positions.items():
        deployment.book.set_balance(row, slot_of(market, side), int(whole * UNITS[market]))
    return deployment, row


def test_a_loan_alone_is_liquidatable_exactly_where_its_weighted_collateral_is_below_its_debt():
    for owed, is_below in ((1_599_999_999, False), (1_600_000_000, False), (1_600_000_001, True)):
        deployment, row = exchange({(ETH, COLLATERAL): 1})
        deployment.book.set_balance(row, slot_of(USD, DEBT), owed)
        assert PERPETUAL.is_liquidatable(deployment, row) == is_below
        assert PERPETUAL.health(deployment, row).is_liquidatable == is_below
        assert (PERPETUAL.health(deployment, row).health_factor_ratio < WAD) == is_below


def test_contracts_and_loans_stand_in_one_sum():
    """10 ETH held, a BTC long bought with borrowed dollars, a SOL short that brought some: 20 % of ETH, 1 % and 5 % of notional."""
    held = {(ETH, COLLATERAL): 10, (BTC, COLLATERAL): 1, (SOL, DEBT): 50, (USD, DEBT): 60_000}
    deployment, row = exchange(held)
    health = PERPETUAL.health(deployment, row)
    assert health.collateral_value == 80_000 * WAD
    assert health.debt_value == 65_000 * WAD
    assert health.collateral_value - health.weighted_collateral_value == (4_000 + 600 + 250) * WAD
    assert health.health_factor_ratio == 15_000 * WAD // 4_850
    assert not health.is_liquidatable


def test_funding_and_interest_move_the_sums():
    deployment, row = exchange({(ETH, COLLATERAL): 10, (BTC, COLLATERAL): 1, (SOL, DEBT): 50}, index=2 * RAY, funding=7)
    account = margin_account(deployment, row)
    assert account.held_value == (40_000 + 60_000 - 7) * WAD
    assert account.owed_value == 50 * 93 * WAD
    assert account.margin_value == (8_000 + 600 + 250) * WAD


def test_an_account_without_contracts_and_debt_is_at_no_risk_whatever_it_holds():
    deployment, row = exchange({(ETH, COLLATERAL): 10, (USD, COLLATERAL): 5})
    assert not PERPETUAL.is_at_risk(deployment, row)
    assert PERPETUAL.health(deployment, row).health_factor_ratio == HEALTH_FACTOR_MAX
    deployment.book.set_balance(row, slot_of(USD, DEBT), 1)
    assert PERPETUAL.is_at_risk(deployment, row)


def test_what_pays_least_bonus_for_the_margin_that_it_frees_is_closed_first():
    """Half a percent for 5 % of margin, then 5 % for 21 of a haircut, then half a percent for 1; of two alike the one of more margin."""
    held = {(ETH, COLLATERAL): 1, (BTC, COLLATERAL): 1, (SOL, COLLATERAL): 100, (USD, DEBT): 71_200}
    for gone, pair in (((), (USD, SOL)), ((SOL,), (USD, ETH)), ((SOL, ETH), (USD, BTC))):
        deployment, row = exchange(held)
        for market in gone:
            deployment.book.set_balance(row, slot_of(market, COLLATERAL), 0)
        limit = PERPETUAL.liquidation_limit(deployment, row)
        assert (limit.debt_market, limit.collateral_market) == pair
    deployment, row = exchange({(BTC, DEBT): 1, (BTC, COLLATERAL): 2, (USD, DEBT): 59_900})
    assert PERPETUAL.liquidation_limit(deployment, row).collateral_market == BTC


def test_a_larger_tier_frees_more_and_so_comes_first():
    markets = (*MARKETS[:3], msgspec.structs.replace(MARKETS[3], margin_tiers=(MarginTier(0, 15 * 10**15),)))
    for size, first in ((10, SOL), (17, BTC)):
        deployment, row = exchange(
            {(BTC, COLLATERAL): size, (SOL, COLLATERAL): 10, (USD, DEBT): 60_000 * size + 1000}, markets=markets
        )
        assert PERPETUAL.liquidation_limit(deployment, row).collateral_market == first


def test_a_tier_begins_at_its_floor():
    """16 coins at 62,500 are a million: they free 2 % already, and so come before what frees one and a half."""
    markets = (*MARKETS[:3], msgspec.structs.replace(MARKETS[3], margin_tiers=(MarginTier(0, 15 * 10**15),)))
    for price, first in ((62_499, SOL), (62_500, BTC)):
        held = {(BTC, COLLATERAL): 16, (SOL, COLLATERAL): 10, (USD, DEBT): 1_001_000}
        deployment, row = exchange(held, prices=(1, 2_000, price, 100), markets=markets)
        assert PERPETUAL.liquidation_limit(deployment, row).collateral_market == first


def test_cash_that_is_held_beside_a_debt_comes_last():
    deployment, row = exchange({(USD, COLLATERAL): 1_000, (ETH, DEBT): 1, (BTC, COLLATERAL): 1, (USD, DEBT): 60_000})
    assert PERPETUAL.liquidation_limit(deployment, row).collateral_market == BTC
    deployment, row = exchange({(USD, COLLATERAL): 1_000, (ETH, DEBT): 1})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    assert (limit.debt_market, limit.collateral_market) == (ETH, USD)


@pytest.mark.parametrize(
    ("owed", "bonus"),
    [
        (59_401, 50),  # just below the line: the whole half percent
        (59_700, 50),  # half of the margin is there: the bankruptcy price is half a percent away
        (59_760, 40),
        (59_850, 25),  # a quarter is there: the least bonus
        (59_900, 25),
        (60_500, 25),
    ],
)
def test_the_bonus_of_a_contract_stops_at_its_bankruptcy_price_and_at_the_least_share(owed, bonus):
    deployment, row = exchange({(BTC, COLLATERAL): 1, (USD, DEBT): owed})
    quote = PERPETUAL.quote(deployment, row, USD, BTC, 10**12)
    assert quote.liquidation_bonus_ratio == bonus * WAD // 10_000
    if bonus == 40:
        PERPETUAL.settle(deployment, quote)
        assert deployment.book.positions(row) == []


def test_the_bonus_of_a_collateral_stops_where_health_would_fall():
    """One ETH at a haircut of a fifth: at 1,960 owed E is 40 and M 400, so b <= 40 / 5 / (400 - 8) = 0.0204."""
    for owed, bonus in ((1_700, 5 * 10**16), (1_950, 10 * WAD // 390), (1_960, 25 * 10**15), (2_100, 25 * 10**15)):
        deployment, row = exchange({(ETH, COLLATERAL): 1, (USD, DEBT): owed})
        assert PERPETUAL.quote(deployment, row, USD, ETH, 10**12).liquidation_bonus_ratio == bonus


def test_a_partial_close_goes_on_to_the_target_and_not_a_unit_further():
    deployment, row = exchange({(BTC, COLLATERAL): 10, (USD, DEBT): 594_500})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    assert 0 < limit.seize_amount < 10 * UNITS[BTC]
    PERPETUAL.settle(deployment, PERPETUAL.quote(deployment, row, USD, BTC, limit.repay_amount))
    after = PERPETUAL.health(deployment, row).health_factor_ratio
    assert 102 * 10**16 <= after < 102 * 10**16 + 10**12
    assert PERPETUAL.liquidation_limit(deployment, row) is Refusal.HEALTHY


def test_a_loan_is_repaid_to_the_target_too():
    deployment, row = exchange({(ETH, COLLATERAL): 100, (USD, DEBT): 161_000})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    quote = PERPETUAL.quote(deployment, row, USD, ETH, limit.repay_amount)
    assert (quote.repay_amount, quote.seize_amount) == (limit.repay_amount, limit.seize_amount)
    assert quote.fee_amount == -(-(quote.seize_amount + quote.fee_amount) * 5 * 10**15 // (105 * 10**16)) > 0
    PERPETUAL.settle(deployment, quote)
    assert deployment.market_states[ETH].fee_amount == quote.fee_amount
    assert 102 * 10**16 <= PERPETUAL.health(deployment, row).health_factor_ratio < 102 * 10**16 + 10**12


@pytest.mark.parametrize(("left", "is_whole"), [(99, True), (101, False)])
def test_what_would_be_left_below_dust_is_closed_too(left, is_whole):
    """SOL at 100, 5 % margin: the account needs a close that leaves about so many dollars of contract."""
    size, equity = 100, left / 100 * 100 * 0.051 + 0.005 * (10_000 - left)
    deployment, row = exchange({(SOL, COLLATERAL): size, (USD, DEBT): 10_000 - equity})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    assert (limit.seize_amount == size * UNITS[SOL]) == is_whole
    if not is_whole:
        most = limit.repay_amount
        assert PERPETUAL.quote(deployment, row, USD, SOL, most).seize_amount == limit.seize_amount


def test_a_partial_offer_that_leaves_dust_is_refused():
    deployment, row = exchange({(SOL, COLLATERAL): 10, (USD, DEBT): 1_100})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    assert limit.seize_amount == 10 * UNITS[SOL]
    assert PERPETUAL.quote(deployment, row, USD, SOL, limit.repay_amount * 95 // 100) is Refusal.LEAVES_DUST
    assert isinstance(PERPETUAL.quote(deployment, row, USD, SOL, limit.repay_amount // 2), Quote)
    deployment, row = exchange({(ETH, COLLATERAL): 1, (USD, DEBT): 1_950})
    limit = PERPETUAL.liquidation_limit(deployment, row)
    assert limit.repay_amount == 1_950 * UNITS[USD]
    assert PERPETUAL.quote(deployment, row, USD, ETH, 1_900 * UNITS[USD]) is Refusal.LEAVES_DUST


@pytest.mark.parametrize(
    ("pair", "amount", "refusal"),
    [
        ((USD, BTC), 0, Refusal.ZERO_AMOUNT),
        ((USD, SOL), 1, Refusal.NO_COLLATERAL),
        ((SOL, USD), 1, Refusal.NO_DEBT),
        ((BTC, USD), 1, Refusal.NO_DEBT),
        ((BTC, SOL), 1, Refusal.NO_COLLATERAL),
        ((ETH, BTC), 1, Refusal.NO_COLLATERAL),
        ((BTC, ETH), 1, Refusal.NO_COLLATERAL),
        ((ETH, USD), 1, Refusal.NO_DEBT),
        ((USD, USD), 1, Refusal.NO_COLLATERAL),
        ((USD, BTC), 1, Refusal.NOTHING_SEIZED),
    ],
)
def test_what_is_asked_for_and_is_not_there_is_refused(pair, amount, refusal):
    deployment, row = exchange({(ETH, COLLATERAL): 1, (BTC, COLLATERAL): 1, (USD, DEBT): 62_000})
    assert PERPETUAL.quote(deployment, row, *pair, amount) is refusal


def test_an_unknown_price_and_a_healthy_account_are_refused():
    deployment, row = exchange({(BTC, COLLATERAL): 1, (USD, DEBT): 1})
    assert PERPETUAL.quote(deployment, row, USD, BTC, 1) is Refusal.HEALTHY
    deployment.prices[BTC] = None
    assert PERPETUAL.quote(deployment, row, USD, BTC, 1) is Refusal.PRICE_MISSING
    assert PERPETUAL.health(deployment, row) is Refusal.PRICE_MISSING
    assert not PERPETUAL.is_liquidatable(deployment, row)


def test_debts_are_written_down_only_once_no_contract_is_left_and_the_rest_is_dust():
    held = {(SOL, COLLATERAL): 1, (ETH, COLLATERAL): 0.01, (USD, DEBT): 1_000, (ETH, DEBT): 0.5}
    deployment, row = exchange(held)
    assert PERPETUAL.write_off(deployment, row, None) == ()
    deployment.book.set_balance(row, slot_of(SOL, COLLATERAL), 0)
    lost = PERPETUAL.write_off(deployment, row, None)
    # 20 dollars of ETH repay 19.51 at the least bonus, shared by debts of 1,000 each.
    assert [each.debt_market for each in lost] == [USD, ETH]
    assert lost[0].amount == 1_000 * UNITS[USD] - 9_756_097
    assert deployment.book.balance(row, slot_of(USD, DEBT)) == 9_756_097
    assert deployment.market_states[USD].bad_debt_amount == lost[0].amount
    assert PERPETUAL.write_off(deployment, row, None) == ()


@pytest.mark.parametrize(
    ("worth", "owed", "is_lost"),
    [(101, 500, False), (100, 500, False), (99, 500, True), (40, 81, True), (40, 80, True), (40, 79, False)],
)
def test_only_dust_that_repays_at_most_half_is_given_up(worth, owed, is_lost):
    markets = (MARKETS[0], Market("ETH", ETH, ETH, RiskParameters(0, 8 * 10**17, 0)), *MARKETS[2:])
    deployment, row = exchange({(ETH, COLLATERAL): 1, (USD, DEBT): owed}, (1, worth, 60_000, 100), markets=markets)
    assert bool(PERPETUAL.write_off(deployment, row, None)) == is_lost


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (Market("X", ETH, USD, RiskParameters(0, 0, 0)), "assets 1 and 0 are not one"),
        (Market("X", ETH, ETH, RiskParameters(0, 0, 0), {1: RiskParameters(0, 0, 0)}), "1 categories are not 0"),
        (Market("X", ETH, ETH, RiskParameters(WAD, WAD, 0)), "2 markets without margin tiers and of liquidation threshold 1"),
        (Market("X", ETH, ETH, RiskParameters(0, 8 * 10**17, 25 * 10**16)), "800000000000000000 and 250000000000000000 is not below"),
        (Market("X", ETH, ETH, RiskParameters(0, 0, 10**16), margin_tiers=TIERS), "bonus 10000000000000000 is not below the least"),
    ],
)  # fmt: skip
def test_a_composition_that_heals_nobody_is_refused(market, said):
    PERPETUAL.check_markets(MARKETS)
    with pytest.raises(ConfigError, match=said):
        PERPETUAL.check_markets((*MARKETS, market))
    with pytest.raises(ConfigError, match="0 markets without margin tiers"):
        PERPETUAL.check_markets(MARKETS[1:])


amounts = st.integers(0, 10**6)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(amounts, amounts, amounts, amounts), st.integers(-3 * 10**6, 10**6), st.booleans(), st.booleans(),
    st.sampled_from([RAY, RAY + RAY // 7]), st.integers(1, 10**12),
)  # fmt: skip
def test_fills_lose_no_cash_reach_the_target_and_lower_no_health(worths, offset, is_short, borrows, index, part):
    """Every position is somewhere between nothing and a million; cash puts the account anywhere around its line."""
    eth, btc, sol, cash = worths
    held = {
        (ETH, DEBT if borrows else COLLATERAL): eth / 2_000,
        (BTC, DEBT if is_short else COLLATERAL): btc / 60_000,
        (SOL, COLLATERAL): sol / 100,
    }
    deployment, row = exchange(held, index=index)
    account = margin_account(deployment, row)
    needed = (account.margin_value - account.equity_value) // WAD + offset * cash // 10**6
    deployment.book.set_balance(row, slot_of(USD, COLLATERAL), max(0, needed) * UNITS[USD])
    deployment.book.set_balance(row, slot_of(USD, DEBT), max(0, -needed) * UNITS[USD])
    for _ in range(12):
        limit = PERPETUAL.liquidation_limit(deployment, row)
        if isinstance(limit, Refusal):
            break
        assert isinstance(limit, Limit)
        offered = limit.repay_amount if part % 3 else max(1, limit.repay_amount * (part % 100) // 100)
        quote = PERPETUAL.quote(deployment, row, limit.debt_market, limit.collateral_market, offered)
        if isinstance(quote, Refusal):
            break
        assert quote.repay_amount <= offered
        before, cash_before = margin_account(deployment, row), cash_of(deployment, row)
        PERPETUAL.settle(deployment, quote)
        after = margin_account(deployment, row)
        moved = cash_of(deployment, row) - cash_before
        paid = (quote.repay_amount if quote.debt_market == USD else 0) - (
            quote.seize_amount + quote.fee_amount if quote.collateral_market == USD else 0
        )
        assert moved == paid if index == RAY else abs(moved - paid) <= 2
        if quote.liquidation_bonus_ratio > 26 * 10**14 and quote.liquidation_bonus_ratio != 25 * 10**15:
            # Beyond the least bonus nothing sinks, but for the units that roundings take.
            slack = 10**16 * max(1, before.margin_value // WAD)
            assert after.equity_value * before.margin_value >= before.equity_value * after.margin_value - slack * WAD
        if offered == limit.repay_amount and PERPETUAL.liquidation_limit(deployment, row) is Refusal.HEALTHY:
            is_gone = not all(
                deployment.book.balance(row, slot)
                for slot in (slot_of(limit.debt_market, DEBT), slot_of(limit.collateral_market, COLLATERAL))
            )
            assert after.equity_value * 100 >= 102 * after.margin_value or is_gone


def cash_of(deployment, row):
    """The account's cash in base units, less than zero where it is owed."""
    held, owed = (slot_of(USD, side) for side in (COLLATERAL, DEBT))
    book = deployment.book
    return PERPETUAL.amount_of(deployment, held, book.balance(row, held)) - PERPETUAL.amount_of(
        deployment, owed, book.balance(row, owed)
    )


@pytest.mark.parametrize(("value", "margin"), [(0, 0), (1, 1), (5, 1), (6, 2), (10, 2)])
def test_a_haircut_rounds_up(value, margin):
    assert haircut_value(value, 8 * 10**17) == margin


def piece(is_short, balance=1, price=3, funding=0):
    return Contract(BTC, is_short, balance, price, funding, 10, 0, tier_lines((MarginTier(0, 10**17),)))


def test_what_a_contract_is_worth_rounds_down_and_its_notional_value_and_margin_up():
    """Three tenths of a unit of value, two tenths once funding is off."""
    assert (piece(False).signed_value(1), piece(True).signed_value(1)) == (0, -1)
    assert (piece(False).signed_value(10), piece(True).signed_value(10)) == (3, -3)
    assert (piece(False, funding=5).signed_value(1), piece(True, funding=5).signed_value(1)) == (-1, 0)
    assert (piece(False).notional_value(1), piece(True).notional_value(10)) == (1, 3)
    assert (piece(False).margin_value(1), piece(True).margin_value(10)) == (1, 1)


def test_cash_is_rounded_against_the_account():
    """A unit of cash is worth 3: closing a value of 7 brings 2 units, or costs 3; 6 is exact."""
    cash = Cash(USD, 3, 1)
    for price, brings, costs in ((7, 2, 3), (6, 2, 2), (8, 2, 3)):
        long, short = (ContractClose(piece(side, 10, price), cash, 0) for side in (False, True))
        assert (long.cash_amount(10), short.cash_amount(10)) == (brings, costs)


def test_the_bonus_of_a_close_rounds_up():
    long, short = (ContractClose(piece(side, 10, 7), Cash(USD, 1, 1), 10**17) for side in (False, True))
    assert (long.closing_value(10), short.closing_value(10)) == (6, -8)


def test_as_much_of_a_long_is_bought_as_the_cash_pays_for():
    close = ContractClose(piece(False, 100, 30), Cash(USD, 1, 1), 0)
    assert [close.bought_for(100, cash) for cash in (0, 2, 3, 5, 6, 299, 300, 400)] == [0, 0, 1, 1, 2, 99, 100, 100]


@pytest.mark.parametrize(("rest", "is_dust"), [(0, False), (99, True), (100, False)])
def test_dust_is_less_than_its_limit_and_more_than_nothing(rest, is_dust):
    rule = MarginRule(WAD, WAD, 100)
    close = ContractClose(piece(False, 1_000, 10), Cash(USD, 1, 1), 0)
    assert close.leaves_dust(1_000 - rest, rule) == is_dust
