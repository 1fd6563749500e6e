"""Properties of the waterfall and the circuit breaker."""

from hypothesis import given
from hypothesis import strategies as st

from seawall.ledger.deployment import Policy
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import Breaker, Level, breaker_after, breaker_refusal
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS, loss_payments

amounts = st.integers(0, 10**30)


@given(amounts, st.lists(amounts, max_size=6))
def test_the_waterfall_pays_each_unit_once_and_in_order(loss, holdings):
    absorbers = [(f"absorber {nth}", amount) for nth, amount in enumerate(holdings)]
    payments = loss_payments(loss, absorbers)
    assert sum(payment.amount for payment in payments) == loss
    paid = {payment.absorber: payment.amount for payment in payments}
    assert len(paid) == len(payments)
    short = False
    for name, amount in absorbers:
        assert not short or name not in paid
        assert 0 <= paid.get(name, 0) <= amount
        short = short or paid.get(name, 0) < amount
    assert SOCIALIZED_LOSS not in paid or not short


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
