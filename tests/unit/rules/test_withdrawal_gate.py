"""The withdrawal gate: when it closes and opens, and how much may leave, each at its limit and beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.ledger.deployment import WithdrawalLimit, WithdrawalRule
from seawall.ledger.refusal import Refusal
from seawall.rules.withdrawal_gate import Gate, Outflow, gate_after, withdrawal_refusal, withdrawal_room

RULE = WithdrawalRule(closing_value=100, opening_value=40, outage_ms_max=300, reopen_ms=50)
OPEN, CLOSED = Gate(), Gate(False, 1_000)


@pytest.mark.parametrize(
    ("gate", "uncovered", "silent", "at", "expected"),
    [
        (OPEN, 100, 0, 9, OPEN),
        (OPEN, 101, 0, 9, Gate(False, 9)),
        (OPEN, None, 0, 9, Gate(False, 9)),
        (OPEN, 0, 299, 9, OPEN),
        (OPEN, 0, 300, 9, OPEN),
        (OPEN, 0, 301, 9, Gate(False, 9)),
        (CLOSED, 40, 0, 1_049, CLOSED),
        (CLOSED, 40, 0, 1_050, Gate(True, 1_000)),
        (CLOSED, 41, 0, 1_050, Gate(False, 1_050)),
        (CLOSED, None, 0, 1_050, Gate(False, 1_050)),
        (CLOSED, 0, 301, 1_050, Gate(False, 1_050)),
    ],
)
def test_the_gate_moves_at_its_lines(gate, uncovered, silent, at, expected):
    assert gate_after(gate, uncovered, silent, RULE, at) == expected


def test_without_an_outage_limit_silence_closes_nothing():
    assert gate_after(OPEN, 0, 10**12, WithdrawalRule(), 9) == OPEN


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 60)), max_size=30))
def test_a_gate_opens_only_after_quiet_and_closes_only_above_its_line(observations):
    gate, at, quiet_since = Gate(), 0, 0
    for uncovered, pause in observations:
        at += pause
        before, gate = gate, gate_after(gate, uncovered, pause, RULE, at)
        quiet_since = quiet_since if uncovered <= RULE.opening_value else at
        if before.is_open and not gate.is_open:
            assert uncovered > RULE.closing_value
        if gate.is_open and not before.is_open:
            assert at - quiet_since >= RULE.reopen_ms or quiet_since == 0
        assert gate.is_open or before.is_open or at - gate.troubled_at < RULE.reopen_ms


@pytest.mark.parametrize(
    ("gate", "amount", "room", "expected"),
    [
        (OPEN, 5, None, None),
        (OPEN, 5, 5, None),
        (OPEN, 6, 5, Refusal.WITHDRAWAL_LIMIT),
        (CLOSED, 1, None, Refusal.WITHDRAWALS_CLOSED),
        (CLOSED, 6, 5, Refusal.WITHDRAWALS_CLOSED),
    ],
)
def test_who_asks_is_told(gate, amount, room, expected):
    assert withdrawal_refusal(gate, amount, room) is expected


HOURLY = WithdrawalLimit(3_600, ratio=WAD // 100, least_value=30 * WAD)
DAILY = WithdrawalLimit(86_400, ratio=WAD // 10)


@pytest.mark.parametrize(
    ("limits", "outflows", "held", "expected"),
    [
        ((), [], 1_000, None),
        ((HOURLY,), [], 1_999, 19),
        ((HOURLY,), [], 1_400, 15),
        ((HOURLY,), [Outflow(96_400, 7)], 1_993, 19),
        ((HOURLY,), [Outflow(96_401, 7)], 1_993, 13),
        ((HOURLY,), [Outflow(100_000, 25)], 1_000, 0),
        ((HOURLY, DAILY), [], 100, 10),
        ((HOURLY, DAILY), [Outflow(50_000, 4)], 96, 6),
        ((HOURLY, DAILY), [Outflow(50_000, 11)], 89, 0),
        ((DAILY,), [Outflow(13_600, 11)], 100, 10),
        ((DAILY,), [Outflow(13_601, 11)], 100, 0),
    ],
)
def test_what_may_leave_is_the_least_of_all_limits(limits, outflows, held, expected):
    # At a price of 2 and 1 unit an asset, 30 of value are 15 units.
    assert withdrawal_room(limits, outflows, held, 2 * WAD, 1, 100_000) == expected
