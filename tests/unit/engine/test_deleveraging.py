"""Deleveraging through the engine: who lacks cash is closed against winners, for what the fund is not to pay and no unit more."""

import random

import pytest
from msgspec.structs import replace
from tests.deployments import changes, named
from tests.exchange import BTC, ETH, LONG, POLICY, SHORT, UNITS, USD, Exchange
from tests.unit.tools.test_check_deleveraging import violations

from seawall.engine.state import State
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deleveraging import AutoDeleverage, DeleveragingPolicy
from seawall.ledger.deployment import Absorber, Buffer
from seawall.ledger.event import FundChanged, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import AbsorbLoss, CancelOrder, Liquidate, Payment
from seawall.rules.auto_deleveraging import RULES
from seawall.rules.deleveraging_switch import DeleveragingSwitch

OTHER_SHORT = named("other short")
FUND, WINNERS, LENDERS = (Absorber((name,)) for name in ("insurance_fund", "auto_deleveraging", "socialized_loss"))
EMPTY = (Buffer("insurance_fund", ((USD, 0),)),)
RULE = replace(POLICY, buffers=EMPTY, absorbers=(FUND, WINNERS, LENDERS))


def funded(dollars, **changes):
    return replace(RULE, buffers=(Buffer("insurance_fund", ((USD, dollars * UNITS[USD]),)),), **changes)


def crash(policy=RULE, equity=30_000, price=55_000, winners_equity=200_000):
    """A long of 10 BTC with some equity against two shorts, 7 and 3 BTC; then the price falls."""
    exchange = Exchange(policy=policy)
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], equity)
    exchange.trade(SHORT, BTC, -7 * UNITS[BTC], winners_equity)
    exchange.trade(OTHER_SHORT, BTC, -3 * UNITS[BTC], winners_equity)
    exchange.cash_before = cash_in(exchange)
    exchange.price(1, price)
    return exchange


def cash_in(exchange):
    totals = exchange.deployment.book.balance_totals
    return totals[2 * USD + COLLATERAL] - totals[2 * USD + DEBT]


def deleveragings(exchange):
    return [order for said in exchange.said for order in said if isinstance(order, AutoDeleverage)]


def equity(exchange, account):
    health = exchange.health(account)
    return health.collateral_value - health.debt_value


def test_who_lacks_cash_is_closed_against_winners_pro_rata_to_their_profit():
    exchange = crash()
    (order,) = deleveragings(exchange)
    assert (order.account, order.market, order.debt_market) == (LONG, BTC, USD)
    assert order.covered_amount == 20_000 * UNITS[USD] == sum(order.paid_amounts)
    assert order.closed_amount == 10 * UNITS[BTC]
    assert order.record.loss.deleveraging_price == 57_000 * WAD
    paid = dict(zip([cut.account for cut in order.record.cuts], order.paid_amounts, strict=True))
    assert paid == {SHORT: 14_000 * UNITS[USD], OTHER_SHORT: 6_000 * UNITS[USD]}
    assert equity(exchange, LONG) == 0
    assert equity(exchange, SHORT) == (200_000 + 7 * 5_000 - 14_000) * WAD
    assert exchange.deployment.book.balance_totals[2 * BTC : 2 * BTC + 2] == [0, 0]
    assert cash_in(exchange) == exchange.cash_before


def test_the_record_holds_for_whoever_checks_it_and_the_ledger_has_it():
    exchange = crash()
    (order,) = deleveragings(exchange)
    assert violations(order.record) == []
    entry = exchange.engine.state.loss_ledger.entries[order.entry_number - 1]
    assert (entry.account, entry.debt_market, entry.amount) == (LONG, USD, 20_000 * UNITS[USD])
    assert entry.payments == (Payment("auto_deleveraging", 20_000 * UNITS[USD]),)
    assert entry.below_since == order.below_since == exchange.at


def test_an_account_that_lacks_nothing_any_more_is_below_no_line_and_gets_no_offer():
    exchange = crash()
    said = exchange.said[-1]
    assert not [order for order in said if isinstance(order, Liquidate | AbsorbLoss)]
    assert [order.account for order in said if isinstance(order, CancelOrder)] == [LONG]
    assert not exchange.engine.state.episodes


@pytest.mark.parametrize(("price", "is_closed"), [(57_000, False), (56_999, True)])
def test_only_who_has_less_than_nothing_is_closed(price, is_closed):
    assert bool(deleveragings(crash(funded(0), price=price))) == is_closed


def test_nobody_is_closed_where_winners_are_no_payers():
    for policy in (POLICY, replace(RULE, absorbers=(FUND, LENDERS))):
        exchange = crash(policy)
        assert deleveragings(exchange) == []
        assert exchange.engine.state.deleveraging is None
    restricted = replace(RULE, absorbers=(FUND, replace(WINNERS, markets=(BTC,)), LENDERS))
    assert deleveragings(crash(restricted)) == []


@pytest.mark.parametrize(
    ("fund", "covered"), [(20_001, []), (20_000, []), (19_999, [1]), (5_000, [15_000]), (0, [20_000])]
)
def test_winners_pay_what_the_fund_cannot(fund, covered):
    exchange = crash(funded(fund))
    for _ in range(2):  # what the fund is to pay waits for it, and is asked of no winner
        assert [order.covered_amount for order in deleveragings(exchange)] == [each * UNITS[USD] for each in covered]
        exchange.price(1, 55_000)


def test_what_the_fund_keeps_for_one_account_is_not_there_for_another():
    """Two longs lack 20,000 and 15,000, the fund has 21,000: it keeps all for the worst, winners pay 14,000 for the other."""
    exchange = crash(funded(21_000), price=60_000)
    other = named("other long")
    exchange.trade(other, BTC, 7 * UNITS[BTC], 20_000)
    exchange.trade(SHORT, BTC, -7 * UNITS[BTC])
    exchange.price(1, 55_000)
    (order,) = deleveragings(exchange)
    assert (order.account, order.covered_amount) == (other, 14_000 * UNITS[USD])


def test_a_budget_of_the_fund_is_all_that_it_can_pay():
    policy = replace(funded(50_000), absorbers=(replace(FUND, budget_value=15_000 * WAD, window_ms=1), WINNERS))
    (order,) = deleveragings(crash(policy))
    assert order.covered_amount == 5_000 * UNITS[USD]
    assert order.record.loss.deleveraging_price == 57_000 * WAD
    assert order.closed_amount == 25 * UNITS[BTC] // 10


def drained(exchange, dollars):
    """Let the fund pay so much for a loss of somebody else's."""
    other = named("somebody else")
    exchange.tell(changes(exchange.at, (other, 2 * USD + DEBT, dollars * UNITS[USD])))
    exchange.price(1, 60_000)


@pytest.mark.parametrize(("lost", "covered"), [(30_000, 0), (30_001, 20_000)])
def test_above_a_drawdown_of_three_tenths_winners_pay_before_the_fund(lost, covered):
    exchange = crash(funded(100_000), price=60_000)
    drained(exchange, lost)
    exchange.price(1, 55_000)
    assert sum(order.covered_amount for order in deleveragings(exchange)) == covered * UNITS[USD]
    assert dict(exchange.state.buffers)["insurance_fund"][USD] == (100_000 - lost) * UNITS[USD]


def test_buffers_behind_winners_are_no_part_of_the_fund():
    policy = replace(funded(10**6), absorbers=(WINNERS, FUND))
    (order,) = deleveragings(crash(policy))
    assert order.covered_amount == 20_000 * UNITS[USD]


def test_a_budget_of_winners_bounds_what_they_pay_and_the_next_step_pays_the_rest():
    policy = replace(funded(0), absorbers=(FUND, replace(WINNERS, budget_value=8_000 * WAD, window_ms=1_000), LENDERS))
    exchange = crash(policy)
    (order,) = deleveragings(exchange)
    assert order.covered_amount == 8_000 * UNITS[USD]
    assert equity(exchange, LONG) == -12_000 * WAD
    exchange.at += 999
    exchange.price(1, 55_000)
    assert len(deleveragings(exchange)) == 1
    exchange.at += 1
    exchange.price(1, 55_000)
    assert [order.covered_amount // UNITS[USD] for order in deleveragings(exchange)] == [8_000, 8_000]


def test_what_winners_do_not_pay_is_written_off_by_the_next_absorber():
    """The winners' whole profit is 10,000 less than what is lacking: they pay it, keepers close the rest, lenders pay."""
    exchange = Exchange(policy=funded(0))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 20_000)
    exchange.trade(SHORT, BTC, -2 * UNITS[BTC], 200_000)
    exchange.price(1, 50_000)
    (order,) = deleveragings(exchange)
    assert (
        order.covered_amount == 16_000 * UNITS[USD]
    )  # all of 2 BTC at 8,000 beyond the mark, which is less than its profit
    (offer,) = [each for each in exchange.said[-1] if isinstance(each, Liquidate)]
    said = exchange.fill(offer)
    (loss,) = [each for each in said if isinstance(each, AbsorbLoss)]
    assert [payment.absorber for payment in loss.payments] == ["socialized_loss"]
    assert loss.bad_debt_amount >= 64_000 * UNITS[USD]


def test_a_winner_keeps_its_margin_and_pays_no_more_than_it_has_beyond():
    """The short of 7 BTC has so much drawn out that it stands just above its line: the other one pays for both."""
    exchange = Exchange(policy=funded(0))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 30_000)
    exchange.trade(SHORT, BTC, -7 * UNITS[BTC], 200_000)
    exchange.trade(OTHER_SHORT, BTC, -3 * UNITS[BTC], 200_000)
    # Its 7 BTC need 6,700 at 55,000 by the tiers; it has 500 more than that.
    exchange.trade(SHORT, BTC, 0, -(200_000 + 35_000 - 6_700 - 500))
    exchange.price(1, 55_000)
    (order,) = deleveragings(exchange)
    paid = dict(zip([cut.account for cut in order.record.cuts], order.paid_amounts, strict=True))
    assert paid[OTHER_SHORT] == 6_000 * UNITS[USD]  # all of its 3 BTC
    # A contract pays 2,000 and needs 1,100 less: 500 are gone when 0.5556 of one are closed.
    assert paid[SHORT] == pytest.approx(2_000 * 500 / 900 * UNITS[USD], abs=40)
    assert exchange.health(SHORT).health_factor_ratio >= WAD
    assert SHORT not in [offer.account for offer in exchange.said[-1] if isinstance(offer, Liquidate)]


def test_a_short_that_lacks_cash_is_closed_against_longs():
    exchange = Exchange(policy=funded(0))
    exchange.trade(SHORT, BTC, -10 * UNITS[BTC], 30_000)
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 300_000)
    before = cash_in(exchange)
    exchange.price(1, 65_000)
    (order,) = deleveragings(exchange)
    assert order.record.loss.deleveraging_price == 63_000 * WAD
    assert order.covered_amount == 20_000 * UNITS[USD]
    assert equity(exchange, SHORT) == 0
    assert equity(exchange, LONG) == 330_000 * WAD
    assert cash_in(exchange) == before
    assert violations(order.record) == []


def test_what_an_account_lacks_lies_with_its_contracts_by_their_margin():
    """Long 10 BTC and 100 ETH: both are closed, each at a price that carries its share, and nothing is left."""
    exchange = Exchange(policy=funded(0))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 30_000)
    exchange.trade(LONG, ETH, 100 * UNITS[ETH])
    for market in (BTC, ETH):
        exchange.trade(SHORT, market, -(10 if market == BTC else 100) * UNITS[market], 500_000)
    exchange.price(1, 55_000, 2_300)
    first, second = deleveragings(exchange)
    assert (first.market, second.market) == (BTC, ETH)
    assert first.covered_amount + second.covered_amount == 40_000 * UNITS[USD]
    # Margins at the mark: 550,000 * 2 % - 1,000 and 230,000 * 2 % - 1,000.
    assert first.covered_amount == pytest.approx(40_000 * UNITS[USD] * 10_000 / 13_600, abs=2)
    assert 0 <= equity(exchange, LONG) < 3 * 10**12


def entries_of(exchange, account):
    return exchange.engine.state.deleveraging.entry_prices[exchange.deployment.book.row_of(account)]


def test_an_entry_is_the_average_of_marks_rounded_against_profit_and_stays_when_a_contract_shrinks():
    exchange = Exchange(policy=RULE)
    for account, sign in ((LONG, 1), (SHORT, -1)):
        exchange.price(1, 60_000)
        exchange.trade(account, BTC, sign * 2 * UNITS[BTC], 10**6)
        exchange.price(1, 66_000)
        exchange.trade(account, BTC, sign * UNITS[BTC])
        assert entries_of(exchange, account) == {2 * BTC + (sign < 0): 62_000 * WAD}
        exchange.tell(changes(exchange.at, (account, 2 * BTC + (sign < 0), -UNITS[BTC])))
        assert entries_of(exchange, account) == {2 * BTC + (sign < 0): 62_000 * WAD}
        exchange.trade(account, BTC, sign)
    exact, rest = divmod(2 * UNITS[BTC] * 62_000 * WAD + 66_000 * WAD, 2 * UNITS[BTC] + 1)
    assert rest
    assert entries_of(exchange, LONG) == {2 * BTC: exact + 1}
    assert entries_of(exchange, SHORT) == {2 * BTC + 1: exact}


def test_who_closes_a_contract_and_opens_it_again_enters_anew():
    exchange = Exchange(policy=RULE)
    exchange.trade(LONG, BTC, UNITS[BTC], 10**6)
    exchange.tell(changes(exchange.at, (LONG, 2 * BTC, -UNITS[BTC])))
    exchange.price(1, 50_000)
    exchange.trade(LONG, BTC, UNITS[BTC])
    assert entries_of(exchange, LONG) == {2 * BTC: 50_000 * WAD}


def test_a_contract_opened_before_any_price_is_entered_at_the_first():
    exchange = Exchange(policy=RULE)
    exchange.deployment.prices[BTC] = None
    exchange.tell(changes(exchange.at, (SHORT, 2 * BTC + 1, UNITS[BTC]), (SHORT, 2 * USD, 10**6 * UNITS[USD])))
    exchange.tell(changes(exchange.at, (SHORT, 2 * BTC + 1, UNITS[BTC])))
    assert entries_of(exchange, SHORT) == {2 * BTC + 1: 0}
    restored = State.restored(exchange.engine.state.canonical_bytes())
    for deleveraging, deployment in (
        (restored.deleveraging, restored.deployment),
        (exchange.engine.state.deleveraging, exchange.deployment),
    ):
        deployment.prices[BTC] = 61_000 * WAD
        deleveraging.price_entries(deployment)
        assert deleveraging.entry_prices[deployment.book.row_of(SHORT)] == {2 * BTC + 1: 61_000 * WAD}
    exchange.price(1, 62_000)
    assert entries_of(exchange, SHORT) == {2 * BTC + 1: 61_000 * WAD}


@pytest.mark.parametrize("is_short", [True, False])
def test_what_a_cut_takes_beyond_the_profit_of_its_part_comes_off_the_rest(is_short):
    """A winner gained 1,000 a contract where 2,000 are lacking: 5 of its 10 contracts take all of it, and no event takes more."""
    exchange = Exchange(policy=funded(0))
    sign = -1 if is_short else 1
    exchange.trade(LONG, BTC, -sign * 10 * UNITS[BTC], 30_000)
    exchange.price(1, 60_000 + sign * 4_000)
    exchange.trade(SHORT, BTC, sign * 10 * UNITS[BTC], 900_000)
    assert deleveragings(exchange) == []
    for _ in range(3):
        exchange.price(1, 60_000 + sign * 5_000)
        (order,) = deleveragings(exchange)
        assert (order.closed_amount, order.covered_amount) == (5 * UNITS[BTC], 10_000 * UNITS[USD])
        assert entries_of(exchange, SHORT) == {2 * BTC + is_short: (60_000 + sign * 5_000) * WAD}
    assert equity(exchange, SHORT) == 900_000 * WAD


def test_a_snapshot_keeps_entries_gifts_and_the_switch():
    exchange = crash(funded(66_667))
    exchange.tell(FundChanged(exchange.at, "insurance_fund", USD, 5 * UNITS[USD]))
    state = exchange.engine.state
    kept, restored = state.deleveraging, State.restored(state.canonical_bytes())
    assert restored.canonical_bytes() == state.canonical_bytes()
    assert restored.deleveraging.switch == kept.switch != DeleveragingSwitch()
    assert restored.deleveraging.given_amounts == {("insurance_fund", USD): 5 * UNITS[USD]}
    row = restored.deployment.book.row_of(SHORT)
    assert restored.deleveraging.entry_prices[row] == {2 * BTC + 1: 60_000 * WAD}


@pytest.mark.parametrize("gift", [21_000, -60_000])
def test_a_gift_hides_no_drawdown(gift):
    exchange = crash(funded(100_000), price=60_000)
    drained(exchange, 30_001)
    exchange.tell(FundChanged(exchange.at, "insurance_fund", USD, gift * UNITS[USD]))
    exchange.price(1, 55_000)
    assert sum(order.covered_amount for order in deleveragings(exchange)) == 20_000 * UNITS[USD]


def test_what_owners_take_out_is_no_drawdown():
    exchange = crash(funded(100_000), price=60_000)
    exchange.tell(FundChanged(exchange.at, "insurance_fund", USD, -70_000 * UNITS[USD]))
    exchange.price(1, 55_000)
    assert deleveragings(exchange) == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_conserves_cash_and_contracts(rule):
    exchange = crash(funded(0, deleveraging=DeleveragingPolicy(rule=rule)))
    (order,) = deleveragings(exchange)
    assert order.record.rule == rule
    assert violations(order.record) == []
    assert cash_in(exchange) == exchange.cash_before
    longs, shorts = exchange.deployment.book.balance_totals[2 * BTC : 2 * BTC + 2]
    assert longs == shorts == 0


def test_a_rule_that_is_not_known_and_a_switch_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match=r"deleveraging rule 'fair@1' is not one of bitmex_queue@1"):
        Exchange(policy=replace(RULE, deleveraging=DeleveragingPolicy(rule="fair@1")))
    with pytest.raises(ConfigError, match=r"do not rise within 0 \.\. "):
        Exchange(policy=replace(RULE, deleveraging=DeleveragingPolicy(stop_ratio=WAD)))


def test_what_is_paid_is_counted_in_cash_at_its_price():
    exchange = Exchange(policy=funded(0))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 30_000)
    exchange.trade(SHORT, BTC, -10 * UNITS[BTC], 200_000)
    before = cash_in(exchange)
    exchange.price(0.75, 40_000)
    (order,) = deleveragings(exchange)
    # 10 BTC at 40,000 against 570,000 of cash at 0.75: 27,500 are lacking, which are 36,666.67 of cash.
    assert order.covered_amount in (36_666_666_666, 36_666_666_667)
    assert order.record.loss.loss_value == 36_666_666_667 * 75 * 10**10
    assert cash_in(exchange) == before
    assert 0 <= equity(exchange, LONG) <= 2 * 10**12


def test_who_has_gained_nothing_is_not_listed():
    exchange = crash(price=57_500)
    level = named("level short")
    exchange.trade(level, BTC, -UNITS[BTC], 100_000)
    exchange.tell(changes(exchange.at, (LONG, 2 * USD + DEBT, 6_000 * UNITS[USD])))
    (order,) = deleveragings(exchange)
    assert order.covered_amount == 1_000 * UNITS[USD]
    assert {winner.account for winner in order.record.winners} == {SHORT, OTHER_SHORT}


def test_contracts_together_pay_no_more_than_the_fund_leaves():
    exchange = Exchange(policy=funded(25_000))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 30_000)
    exchange.trade(LONG, ETH, 100 * UNITS[ETH])
    for market, size in ((BTC, 10), (ETH, 100)):
        exchange.trade(SHORT, market, -size * UNITS[market], 500_000)
    exchange.price(1, 55_000, 2_300)
    assert sum(order.covered_amount for order in deleveragings(exchange)) == 15_000 * UNITS[USD]


def test_a_queue_may_push_a_winner_below_its_line_who_is_offered_at_once():
    """Hyperliquid's queue asks nobody's margin: a short with 8,000 pays 14,000 for all of its contract."""
    exchange = Exchange(policy=funded(0, deleveraging=DeleveragingPolicy("hyperliquid_queue@1")))
    exchange.trade(LONG, BTC, 10 * UNITS[BTC], 30_000)
    exchange.trade(SHORT, BTC, -7 * UNITS[BTC], 200_000)
    exchange.trade(SHORT, ETH, -10 * UNITS[ETH])
    exchange.trade(OTHER_SHORT, BTC, -3 * UNITS[BTC], 200_000)
    exchange.trade(SHORT, BTC, 0, -(200_000 + 35_000 - 8_000))
    exchange.price(1, 55_000)
    assert len(deleveragings(exchange)) == 1
    below = exchange.deployment.book.row_of(SHORT)
    assert below in exchange.state.episodes
    assert SHORT in [offer.account for offer in exchange.said[-1] if isinstance(offer, Liquidate)]


@pytest.mark.parametrize("seed", range(60))
def test_a_winner_within_units_of_its_line_stays_above_it(seed):
    """The engine asserts it after the event; numbers that divide nothing make every rounding count, a cap binds each time."""
    dice = random.Random(seed)
    price = 54_000 * WAD + dice.randrange(1_000 * WAD)
    cash_price = WAD + dice.randrange(-(10**16), 10**16)
    exchange = Exchange(policy=funded(0))
    size = 7 * UNITS[BTC] + dice.randrange(UNITS[BTC])
    exchange.trade(LONG, BTC, 10 * UNITS[BTC] + dice.randrange(10**6), 30_000)
    exchange.trade(SHORT, BTC, -size, 200_000)
    exchange.tell(PriceObserved(exchange.at, (OracleRound(USD, cash_price, exchange.at),)))
    margin = size * price // UNITS[BTC] // 50 - 1_000 * WAD
    kept = (size * price // UNITS[BTC] + margin + dice.randrange(100 * WAD)) * UNITS[USD] // cash_price
    exchange.tell(changes(exchange.at, (SHORT, 2 * USD, kept - exchange.balance(SHORT, USD, COLLATERAL))))
    exchange.tell(PriceObserved(exchange.at, (OracleRound(BTC, price, exchange.at),)))
    (order,) = deleveragings(exchange)
    assert 0 < order.covered_amount < 2_000 * UNITS[USD]
    assert SHORT in [cut.account for cut in order.record.cuts]
