"""Two monitors side by side, anything in any order: after each step they and the integer rule say the same.

Ghost: the full recompute. The trigger book may not be less sure than it, may not miss whom the rule decides otherwise than
recorded, and holds the same statuses. Maintenance comes when it likes, changes no answer, and is interrupted by its count.
"""

import random

import pytest
from benchmarks.synthetic_book import pool
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.unit.monitor.books import account, held, owed
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.monitor import trigger_lines
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import Protocol

MARKETS = 8
USDC = 2
numbers = st.integers(0, 160)
markets = st.integers(0, MARKETS - 1)
worths = st.sampled_from([0, 10**-9, 10**-3, 1, 99, 100, 101, 1000, 10**9])
exponents = st.one_of(st.floats(-0.01, 0.01), st.floats(-0.3, 0.3), st.floats(-3, 3))


class MonitorMachine(RuleBasedStateMachine):
    """Balances, categories, prices, unknown prices, decisions, maintenance and rebuilding."""

    protocol: Protocol = RoundedPool()
    line_ratio = WAD

    @initialize(seed=st.integers(0, 2**16), crowd=st.sampled_from([0, 70, 150]))
    def open(self, seed, crowd):
        self.deployment = pool(random.Random(seed))
        self.remembered = list(self.deployment.prices)
        self.rows: dict[int, int] = {}
        self.full = FullRecompute(self.deployment, self.protocol, self.line_ratio)
        self.book = TriggerBook(self.deployment, self.protocol, self.line_ratio)
        for number in range(crowd):
            self.set_balance(number, 0, False, 1000)
            self.set_balance(number, USDC, True, 300 + 5 * number)
        self.decide()

    @property
    def monitors(self):
        return self.full, self.book

    @rule(number=numbers, market=markets, is_debt=st.booleans(), worth=worths)
    def set_balance(self, number, market, is_debt, worth):
        book = self.deployment.book
        price = self.deployment.prices[market] or self.remembered[market]
        balance = min(int(worth * WAD / price * self.deployment.units[market]), (1 << 126) - 1)
        row = self.rows.get(number)
        if row is None:
            row = self.rows[number] = book.add_account(account(number))
        book.set_balance(row, (owed if is_debt else held)(market), balance)
        for monitor in self.monitors:
            monitor.touch(row)

    @rule(number=numbers, category=st.integers(0, 1))
    def set_category(self, number, category):
        if number in self.rows:
            self.deployment.book.set_category(self.rows[number], category)
            for monitor in self.monitors:
                monitor.touch(self.rows[number])

    @rule(market=markets, exponent=exponents)
    def move(self, market, exponent):
        price = self.deployment.prices[market] or self.remembered[market]
        self.deployment.prices[market] = min(max(1, int(price * 2.718281828**exponent)), 10**30)
        for monitor in self.monitors:
            monitor.reprice([market])

    @rule(exponent=exponents)
    def move_all(self, exponent):
        for market in range(MARKETS):
            self.move(market, exponent * (0.5 + market % 3 / 2))

    @rule(market=markets)
    def lose_price(self, market):
        self.remembered[market] = self.deployment.prices[market] or self.remembered[market]
        self.deployment.prices[market] = None
        for monitor in self.monitors:
            monitor.reprice(None)

    @rule(count=st.sampled_from([1, 2, 10, 1000]))
    def maintain(self, count):
        assert self.book.maintain(count) <= count
        assert self.full.maintain(count) == 0

    @rule(kept=st.integers(1, 7))
    def decide(self, kept=1):
        """Let the rule decide who is flagged; every `kept`-th of them is recorded, the others are not."""
        expected, flagged = self.full.detect().tolist(), self.book.detect().tolist()
        assert flagged == sorted(set(flagged))
        assert set(flagged) <= set(expected)
        for nth, row in enumerate(expected):
            decided = self.protocol.is_below(self.deployment, row, self.line_ratio)
            if decided != self.full.is_liquidatable(row):
                assert row in flagged
                if nth % kept == 0:
                    for monitor in self.monitors:
                        monitor.set_liquidatable([row], decided)

    @rule()
    def rebuild(self):
        recorded = [row for row in self.rows.values() if self.full.is_liquidatable(row)]
        for monitor in self.monitors:
            monitor.rebuild(recorded)

    @invariant()
    def nobody_is_missed(self):
        """Ask the rule about everyone."""
        flagged = set(self.book.detect().tolist())
        for row in self.rows.values():
            assert self.book.is_liquidatable(row) == self.full.is_liquidatable(row)
            if row not in flagged:
                decided = self.protocol.is_below(self.deployment, row, self.line_ratio)
                assert decided == self.book.is_liquidatable(row) or self._is_unknown(row), row

    def _is_unknown(self, row):
        """Return whether an account without debt, whom nobody watches, holds what has no price."""
        return all(slot & 1 == 0 for slot, _ in self.deployment.book.positions(row))


class SeawallMonitorMachine(MonitorMachine):
    protocol = protocol_named("seawall")


class WarningMonitorMachine(MonitorMachine):
    line_ratio = 13 * 10**17 + 1


class CrowdedMonitorMachine(MonitorMachine):
    """Lines are crowded by a few triggers, so that nearly all of it happens while some are being moved."""

    steps_while_moved = 0

    @initialize(seed=st.integers(0, 2**16))
    def open(self, seed):
        super().open(seed, 150)
        self.maintain(1)

    @rule(count=st.sampled_from([1, 2]))
    def maintain(self, count):
        assert self.book.maintain(count) <= count

    @invariant()
    def moving_is_counted(self):
        index = self.book.columns.index
        for lines in (index.banded.lines, index.paired.lines):
            CrowdedMonitorMachine.steps_while_moved += int(lines.table[:, trigger_lines.FINER_BITS].any())


def test_the_trigger_book_says_so_while_its_lines_are_moved(monkeypatch):
    monkeypatch.setattr(trigger_lines, "HELD_PER_BUCKET_MAX", 0)
    CrowdedMonitorMachine.steps_while_moved = 0
    check(CrowdedMonitorMachine)
    assert CrowdedMonitorMachine.steps_while_moved >= 50


@pytest.mark.parametrize("machine", [MonitorMachine, SeawallMonitorMachine, WarningMonitorMachine])
def test_the_trigger_book_says_what_the_full_recompute_and_the_rule_say(machine):
    check(machine)


def check(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
