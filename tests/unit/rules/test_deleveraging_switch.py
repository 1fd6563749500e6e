import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.rules.deleveraging_switch import (
    DeleveragingSwitch,
    FundObservation,
    check_switch,
    switch_after,
)

POLICY = DeleveragingPolicy()
HOUR = 3_600_000


def switched(*observations: tuple[int, int, int]) -> bool:
    switch = DeleveragingSwitch()
    for observation in observations:
        switch = switch_after(switch, FundObservation(*observation), POLICY)
    return switch.is_on


@pytest.mark.parametrize(
    ("fallen", "is_on_after_off", "is_on_after_on"),
    [
        (301, True, True),
        (300, False, True),
        (299, False, True),
        (251, False, True),
        (250, False, True),
        (249, False, False),
        (0, False, False),
    ],
)
def test_it_starts_above_the_start_and_stops_below_the_stop(fallen, is_on_after_off, is_on_after_on):
    observations = (0, 1_000, 0), (HOUR, 1_000 - fallen, -fallen)
    first = switch_after(DeleveragingSwitch(), FundObservation(*observations[0]), POLICY)
    for was_on, is_on in ((False, is_on_after_off), (True, is_on_after_on)):
        before = DeleveragingSwitch(was_on, first.peaks)
        assert switch_after(before, FundObservation(*observations[1]), POLICY).is_on is is_on


@pytest.mark.parametrize(("balance", "is_on"), [(1, False), (0, True), (-1, True)])
def test_an_empty_fund_starts_it(balance, is_on):
    assert switched((0, balance, 0)) is is_on


def test_a_deposit_hides_no_drawdown_and_a_withdrawal_is_none():
    assert switched((0, 1_000, 0), (1, 1_000, -301))
    assert not switched((0, 1_000, 0), (1, 100, 0))


def test_peaks_count_until_they_leave_the_window():
    window = POLICY.window_ms
    assert switched((0, 1_000, 0), (window - 1, 600, -400))
    assert not switched((0, 1_000, 0), (window, 600, -400))


def test_the_greatest_balance_and_the_greatest_profit_may_be_of_two_moments():
    assert not switched((0, 2_000, 0), (1, 1_000, 100), (2, 900, -500))
    assert switched((0, 2_000, 0), (1, 1_000, 100), (2, 900, -501))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3 * HOUR), st.integers(0, 20), st.integers(-9, 9)), max_size=20))
def test_what_is_forgotten_changes_nothing(steps):
    at, switch, seen, is_on = 0, DeleveragingSwitch(), [], False
    for step, balance, profit in steps:
        at += step
        observation = FundObservation(at, balance, profit)
        seen.append(observation)
        recent = [past for past in seen if past.at > at - POLICY.window_ms]
        fallen = max(past.profit_value for past in recent) - profit
        peak = max(past.balance_value for past in recent)
        if balance == 0 or fallen * 10 > 3 * peak:
            is_on = True
        elif fallen * 4 < peak:
            is_on = False
        switch = switch_after(switch, observation, POLICY)
        assert switch.is_on is is_on
        assert len(switch.peaks) <= len(recent)


def test_observations_that_rise_are_not_kept():
    switch = DeleveragingSwitch()
    for at in range(100):
        switch = switch_after(switch, FundObservation(at, 1_000 + at, at), POLICY)
    assert len(switch.peaks) == 1
    assert len(switch_after(switch, FundObservation(100, 1_099, 99), POLICY).peaks) == 1
    assert len(switch_after(switch, FundObservation(100, 1_098, 99), POLICY).peaks) == 2


@pytest.mark.parametrize(
    ("window", "start", "stop"),
    [(0, 3, 2), (-1, 3, 2), (1, 2, 2), (1, 2, 3), (1, WAD, 2), (1, 3, -1)],
)
def test_a_switch_that_cannot_be_is_refused(window, start, stop):
    with pytest.raises(ConfigError, match="in the deleveraging switch"):
        check_switch(DeleveragingPolicy(window_ms=window, start_ratio=start, stop_ratio=stop))


def test_the_least_switch_is_not_refused():
    check_switch(DeleveragingPolicy(window_ms=1, start_ratio=1, stop_ratio=0))
    check_switch(POLICY)
