"""Crashes of contracts by chance, in any order of absorbers and by any rule: what winners pay is what losers gain, to the unit.

The exchange's engine checks every invariant after each event; here the book's own sums are taken before and after.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deployments import named
from tests.exchange import BTC, ETH, HOUR, POLICY, UNITS, USD, Exchange
from tests.unit.tools.test_check_deleveraging import violations

from seawall.engine.state import State
from seawall.fixed import WAD
from seawall.ledger.deleveraging import AutoDeleverage, DeleveragingPolicy
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.event import FundChanged
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import AbsorbLoss, Liquidate, singly
from seawall.rules.auto_deleveraging import EXACT_BUDGET, RULES

NUMBERS = st.integers(0, 5)
CONTRACTS = st.sampled_from([BTC, ETH])
STEPS = st.one_of(
    st.tuples(st.just("trade"), NUMBERS, NUMBERS, CONTRACTS, st.integers(1, 400_000), st.integers(5, 60)),
    st.tuples(st.just("price"), CONTRACTS, st.integers(40, 190)),
    st.tuples(st.just("cash"), st.integers(90, 101)),
    st.tuples(st.just("fill"), st.integers(1, 100)),
    st.tuples(st.just("give"), st.integers(-(10**10), 10**10)),
    st.tuples(st.just("wait"), st.sampled_from([1, HOUR, 9 * HOUR])),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Return a waterfall in which winners stand anywhere among two buffers, with or without a budget and lenders."""
    names = draw(st.permutations(["insurance_fund", "pool", "auto_deleveraging"]))
    budget = draw(st.sampled_from([0, 0, 9_000 * WAD + 7]))
    steps = [Absorber((name,)) for name in names[: draw(st.integers(1, 3))]]
    steps = [step for step in steps if step.names != ("auto_deleveraging",)]
    winners = Absorber(("auto_deleveraging",), (), (), budget, HOUR if budget else 0)
    steps.insert(draw(st.integers(0, len(steps))), winners)
    if draw(st.booleans()):
        steps.append(Absorber(("socialized_loss",)))
    held = [Buffer(name, ((USD, draw(st.integers(0, 60_000)) * UNITS[USD]),)) for name in ("insurance_fund", "pool")]
    rule = DeleveragingPolicy(draw(st.sampled_from([EXACT_BUDGET, EXACT_BUDGET, *RULES])))
    return Policy(warning_health_ratio=2 * WAD, buffers=tuple(held), absorbers=tuple(steps), deleveraging=rule)


def totals(exchange: Exchange) -> list[int]:
    return list(exchange.deployment.book.balance_totals)


def net(amounts: list[int], market: int) -> int:
    return amounts[2 * market + COLLATERAL] - amounts[2 * market + DEBT]


def conserve(exchange: Exchange, before: list[int]) -> None:
    """What an event without trades and fills moved: cash by what was written off alone, contracts on both sides alike."""
    after = totals(exchange)
    written_off = sum(order.bad_debt_amount for order in exchange.said[-1] if isinstance(order, AbsorbLoss))
    assert net(after, USD) - net(before, USD) == written_off
    closed = [order for order in exchange.said[-1] if isinstance(order, AutoDeleverage)]
    for market in (BTC, ETH):
        amount = sum(order.closed_amount for order in closed if order.market == market)
        assert [b - a for a, b in zip(after, before, strict=True)][2 * market : 2 * market + 2] == [amount, amount]


@settings(max_examples=50, deadline=None)
@given(policies(), st.lists(STEPS, min_size=4, max_size=25))
def test_what_winners_pay_is_what_losers_gain(policy, steps):
    exchange = Exchange(policy=policy)
    price = {USD: 1.0, BTC: 60_000.0, ETH: 2_500.0}
    offers, filled = {}, 0
    for kind, *given_step in steps:
        before = totals(exchange)
        match kind, given_step:
            case "trade", (long, short, market, dollars, margin):
                amount = int(dollars / price[market] * UNITS[market])
                for number, sign in ((long, 1), (short, -1)):
                    exchange.trade(named(f"account {number}"), market, sign * amount, dollars * margin // 300)
            case "price", (market, percent):
                price[market] *= percent / 100
                exchange.price(*price.values())
                conserve(exchange, before)
            case "cash", (percent,):
                price[USD] = percent / 100
                exchange.price(*price.values())
                conserve(exchange, before)
            case "fill", (percent,):
                live = [each for each in offers.values() if each.order_id in exchange.engine.state.order_rows]
                if live:
                    filled += 1
                    exchange.fill(live[0], max(1, live[0].repay_amount_max * percent // 100), filled)
            case "give", (amount,):
                exchange.tell(FundChanged(exchange.at, "insurance_fund", USD, amount))
                conserve(exchange, before)
            case "wait", (duration_ms,):
                exchange.at += duration_ms
                exchange.price(*price.values())
                conserve(exchange, before)
        offers |= {order.account: order for order in singly(exchange.said[-1]) if isinstance(order, Liquidate)}
    state = exchange.engine.state
    assert State.restored(state.canonical_bytes()).digest() == state.digest()
    records = [order for said in exchange.said for order in said if isinstance(order, AutoDeleverage)]
    for order in records:
        assert violations(order.record) == []
    paid = [
        payment.amount
        for entry in state.loss_ledger.entries
        for payment in entry.payments
        if payment.absorber == "auto_deleveraging"
    ]
    assert paid == [order.covered_amount for order in records]


def test_crashes_of_chance_do_deleverage():
    """The draw above reaches what it is for: a long falls by a half against a short, and by each rule winners pay."""
    for rule in RULES:
        policy = Policy(absorbers=(Absorber(("auto_deleveraging",)),), deleveraging=DeleveragingPolicy(rule))
        exchange = Exchange(policy=policy)
        for account, sign in ((named("account 0"), 1), (named("account 1"), -1)):
            exchange.trade(account, BTC, sign * UNITS[BTC], 20_000)
        before = totals(exchange)
        exchange.price(1, 30_000)
        conserve(exchange, before)
        assert any(isinstance(order, AutoDeleverage) for order in exchange.said[-1])
        assert exchange.engine.state.policy != POLICY
