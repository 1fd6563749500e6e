"""Waterfalls of chance: in any order of absorbers, with any shares, budgets and windows, every unit is paid exactly once.

The desk's engine checks every invariant after each event; here the sums are taken again from what it said.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deployments import ETH, HOUR, UNITS, USD, Desk, named

from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber, Buffer, Policy, WithdrawalRule
from seawall.ledger.event import FundChanged
from seawall.ledger.order import AbsorbLoss, PayLoss, RefuseEvent

NAMES = ("fee_reserve", "insurance_fund", "pool", "junior")


@st.composite
def absorbers(draw: st.DrawFn) -> tuple[Absorber, ...]:
    """Return a waterfall of some of the buffers, in any order and company, with or without lenders at its end."""
    order = list(draw(st.permutations(NAMES)))
    made = []
    while order:
        names = tuple(order.pop() for _ in range(min(len(order), draw(st.integers(1, 3)))))
        if not draw(st.booleans()) and len(names) < 3:
            continue
        cuts = sorted(
            draw(st.lists(st.integers(1, WAD - 1), min_size=len(names) - 1, max_size=len(names) - 1, unique=True))
        )
        shares = tuple(end - start for start, end in zip((0, *cuts), (*cuts, WAD), strict=True))
        budget = draw(st.sampled_from([0, 1, 7 * WAD + 3, 40 * WAD]))
        made.append(
            Absorber(
                names,
                shares if draw(st.booleans()) else (),
                draw(st.sampled_from([(), (USD,), (ETH,)])),
                budget,
                draw(st.sampled_from([1, HOUR, 30 * HOUR])) if budget else 0,
            )
        )
    if draw(st.booleans()) or not made:
        made.append(Absorber(("socialized_loss",)))
    return tuple(made)


AMOUNTS = st.integers(0, 90 * UNITS[USD])
STEPS = st.one_of(
    st.tuples(st.just("lose"), st.integers(1, 200)),
    st.tuples(st.just("feed"), st.sampled_from(NAMES), st.integers(-(10**8), 10**8)),
    st.tuples(st.just("wait"), st.sampled_from([1, HOUR - 1, HOUR, 20 * HOUR])),
    st.tuples(st.just("price"), st.sampled_from(["1", "0.97", "1.0000000000000007"])),
)


@settings(max_examples=60, deadline=None)
@given(absorbers(), st.lists(AMOUNTS, min_size=4, max_size=4), st.lists(STEPS, max_size=14))
def test_every_unit_of_a_loss_is_paid_once(waterfall, held, steps):
    buffers = tuple(Buffer(name, ((USD, amount),)) for name, amount in zip(NAMES, held, strict=True))
    rule = WithdrawalRule(closing_value=30 * WAD, opening_value=WAD, reopen_ms=HOUR)
    desk = Desk(policy=Policy(buffers=buffers, absorbers=waterfall, withdrawals=rule, restitution_window_ms=HOUR))
    desk.price(ETH=4000, USD=1)
    fed = dict(zip(NAMES, held, strict=True))
    for nth, (kind, *given_step) in enumerate(steps):
        match kind, given_step:
            case "lose", (size,):
                desk.price(ETH=4000)
                wei = size * UNITS[ETH] // 2_000
                desk.move(named(f"borrower {nth}"), {ETH: wei}, {USD: wei * 1_580 * UNITS[USD] // UNITS[ETH]})
                desk.price(ETH=500)
            case "feed", (name, amount):
                orders = desk.tell(FundChanged(desk.at, name, USD, amount))
                if not any(isinstance(order, RefuseEvent) for order in orders):
                    fed[name] += amount
            case "wait", (duration_ms,):
                desk.wait(duration_ms)
                desk.block()
            case _:
                desk.price(USD=given_step[0])
    said = [order for orders in desk.said for order in orders]
    lost = [order for order in said if isinstance(order, AbsorbLoss)]
    late = [order for order in said if isinstance(order, PayLoss)]
    paid: dict[str, int] = {}
    for payment in (payment for order in [*lost, *late] for payment in order.payments):
        paid[payment.absorber] = paid.get(payment.absorber, 0) + payment.amount
    waits = paid.pop("uncovered_loss", 0) - sum(order.paid_amount for order in late)
    assert sum(paid.values()) + waits == sum(order.bad_debt_amount for order in lost)
    ledger = desk.state.loss_ledger
    assert ledger is not None
    assert waits == sum(amount for of_market in ledger.uncovered_amounts for _, amount in of_market)
    assert {name: amounts.get(USD, 0) for name, amounts in desk.state.buffers} == {
        name: fed[name] - paid.get(name, 0) for name in NAMES
    }
    assert not waits or "socialized_loss" not in (name for absorber in waterfall for name in absorber.names)
