"""The breaker's levels: what each stops, what raises them, and what may lower them."""

import pytest

from seawall.ledger.deployment import Policy
from seawall.ledger.refusal import Refusal
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import Breaker, Level, breaker_after, breaker_decided, breaker_refusal

POLICY = Policy(breaker_loss_value_max=1_000, breaker_cooldown_ms=600, grace_period_ms=50)
LOST = Breaker(Level.NO_LIQUIDATION, 100)
DISPUTED = Breaker(Level.NO_LIQUIDATION, 100, disputed=True)


@pytest.mark.parametrize(
    ("level", "allowed"),
    [
        (Level.NORMAL, {*Action}),
        (Level.NO_NEW_DEBT, {Action.LIQUIDATE, Action.WRITE_OFF, Action.REPAY, Action.ACCRUE, Action.BID}),
        (Level.NO_LIQUIDATION, {Action.REPAY, Action.ACCRUE, Action.BID}),
        (Level.STOPPED, {Action.ACCRUE}),
    ],
)
def test_each_level_stops_what_it_says(level, allowed):
    breaker = Breaker(level)
    assert {action for action in Action if breaker_refusal(breaker, action, 0) is None} == allowed
    assert all(breaker_refusal(breaker, action, 0) is Refusal.MARKET_HALTED for action in {*Action} - allowed)


@pytest.mark.parametrize(
    ("loss", "expected"), [(999, Breaker()), (1_000, Breaker()), (1_001, Breaker(Level.NO_LIQUIDATION, 100))]
)
def test_losses_above_the_limit_stop_liquidation(loss, expected):
    assert breaker_after(Breaker(), loss, False, POLICY, 100) == expected


def test_no_limit_never_stops():
    assert breaker_after(Breaker(), 10**30, False, Policy(), 100) == Breaker()


def test_a_contradictory_price_stops_liquidation_and_disputes_the_market():
    assert breaker_after(Breaker(), 0, True, POLICY, 100) == DISPUTED
    assert breaker_after(LOST, 0, True, POLICY, 200) == Breaker(Level.NO_LIQUIDATION, 200, disputed=True)
    assert breaker_after(DISPUTED, 0, True, POLICY, 200) == DISPUTED


def test_a_higher_level_is_never_lowered_by_a_cause():
    stopped = Breaker(Level.STOPPED, 10, disputed=True)
    assert breaker_after(stopped, 5_000, True, POLICY, 100) == stopped


@pytest.mark.parametrize(
    ("at", "loss", "expected"),
    [
        (699, 0, LOST),
        (700, 0, Breaker(Level.NORMAL, 700, False, 750)),
        (701, 0, Breaker(Level.NORMAL, 701, False, 751)),
        (700, 1_001, LOST),
    ],
)
def test_a_loss_is_over_after_the_cooldown_once_the_window_has_passed(at, loss, expected):
    assert breaker_after(LOST, loss, False, POLICY, at) == expected


def test_a_disputed_market_waits_for_a_person_however_long():
    assert breaker_after(DISPUTED, 0, False, POLICY, 10**15) == DISPUTED
    assert breaker_decided(Level.NORMAL, POLICY, 900) == Breaker(Level.NORMAL, 900, False, 950)


def test_a_person_halts_until_a_person_resumes():
    halted = breaker_decided(Level.STOPPED, POLICY, 100)
    assert halted == Breaker(Level.STOPPED, 100, disputed=True)
    assert breaker_after(halted, 0, False, POLICY, 10**15) == halted


@pytest.mark.parametrize(("at", "expected"), [(949, Refusal.GRACE_PERIOD), (950, None), (951, None)])
def test_liquidation_waits_for_the_grace_period_and_nothing_else_does(at, expected):
    resumed = breaker_decided(Level.NORMAL, POLICY, 900)
    assert breaker_refusal(resumed, Action.LIQUIDATE, at) is expected
    assert breaker_refusal(resumed, Action.TAKE_DEBT, at) is None
    assert breaker_refusal(resumed, Action.WRITE_OFF, at) is None
