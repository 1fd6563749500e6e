"""Properties of the waterfall and the circuit breaker."""

from hypothesis import given
from hypothesis import strategies as st

from seawall.ledger.deployment import Policy
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import Breaker, Level, breaker_after, breaker_refusal
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS, Payer, Step, loss_payments

amounts = st.integers(0, 10**30)


payers = st.tuples(amounts, st.integers(1, 10**18))
steps = st.lists(st.tuples(st.lists(payers, min_size=1, max_size=4), amounts), max_size=6)


@given(amounts, steps)
def test_the_waterfall_pays_each_unit_once_and_in_order(loss, given_steps):
    waterfall, places = [], {}
    for nth, (members, amount_max) in enumerate(given_steps):
        names = [f"absorber {nth}.{place}" for place in range(len(members))]
        places |= dict.fromkeys(names, nth)
        waterfall.append(
            Step([Payer(name, held, weight) for name, (held, weight) in zip(names, members, strict=True)], amount_max)
        )
    payments = loss_payments(loss, waterfall, SOCIALIZED_LOSS)
    assert sum(payment.amount for payment in payments) == loss
    paid = {payment.absorber: payment.amount for payment in payments}
    assert len(paid) == len(payments)
    assert 0 not in paid.values()
    assert [places[name] for name in paid if name in places] == sorted(places[name] for name in paid if name in places)
    left = loss
    for step in waterfall:
        shares = [paid.get(payer.name, 0) for payer in step.payers]
        assert all(share <= payer.held_amount for share, payer in zip(shares, step.payers, strict=True))
        assert sum(shares) == min(left, step.amount_max, sum(payer.held_amount for payer in step.payers))
        left -= sum(shares)
    assert paid.get(SOCIALIZED_LOSS, 0) == left


events = st.tuples(st.integers(0, 2_000), st.booleans(), st.integers(0, 1_000))


@given(st.lists(events, max_size=20))
def test_a_disputed_breaker_is_never_lowered_by_itself(observations):
    policy = Policy(breaker_loss_value_max=1_000, breaker_cooldown_ms=300, grace_period_ms=100)
    breaker, at, was_disputed = Breaker(), 0, False
    for loss, is_contradictory, pause in observations:
        at += pause
        before, breaker = breaker, breaker_after(breaker, loss, is_contradictory, policy, at)
        was_disputed = was_disputed or is_contradictory
        assert breaker.disputed == was_disputed
        assert breaker.level >= before.level or (not was_disputed and at - before.since >= 300 and loss <= 1_000)
        if loss > 1_000 or was_disputed:
            assert breaker.level >= Level.NO_LIQUIDATION
            assert breaker_refusal(breaker, Action.LIQUIDATE, at) is not None
