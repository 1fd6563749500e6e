"""Perpetual accounts under both monitors, anything in any order: after each step they and the integer rule say the same.

Prices are also set one unit around the edges of tiers, and cash within units of where the rule changes its mind.
"""

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.unit.monitor.books import account
from tests.unit.monitor.contracts import CASH, PRICES, cash_at_line, exchange, set_cash

from seawall.fixed import WAD
from seawall.ledger.market import slot_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.pieces_monitor import PiecesMonitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named
from seawall.rules.margin_tiers import tier_edges

PERPETUAL = protocol_named("perpetual")

numbers = st.integers(0, 30)
contracts = st.sampled_from([0, 1, 3, 4, 5])
worths = st.sampled_from([10**-12, 10**-3, 1, 500, 10**4, 10**6, 10**9])
exponents = st.one_of(st.floats(-0.01, 0.01), st.floats(-0.3, 0.3), st.floats(-3, 3))


class PerpetualMachine(RuleBasedStateMachine):
    """Trades, cash, prices, edges, funding, interest, unknown prices, decisions, maintenance and rebuilding."""

    line_ratio = WAD

    @initialize(seed=st.integers(0, 2**16))
    def open(self, seed):
        self.deployment = exchange(random.Random(seed))
        self.rows: dict[int, int] = {}
        self.full, self.book = (
            PiecesMonitor(make, self.deployment, PERPETUAL, self.line_ratio) for make in (FullRecompute, TriggerBook)
        )

    @property
    def monitors(self):
        return self.full, self.book

    def touch(self, row):
        for monitor in self.monitors:
            monitor.touch(row)

    def set_price(self, market, price):
        self.deployment.prices[market] = price if price is None else min(max(1, price), 10**30)
        for monitor in self.monitors:
            monitor.reprice([market])

    @rule(number=numbers, market=contracts, side=st.integers(0, 1), worth=worths, offset=st.integers(-2, 2))
    def trade(self, number, market, side, worth, offset):
        price = self.deployment.prices[market] or PRICES[market]
        balance = min(int(worth * WAD / price * self.deployment.units[market]), 1 << 100)
        if number not in self.rows:
            self.rows[number] = self.deployment.book.add_account(account(number))
        row = self.rows[number]
        self.deployment.book.set_balance(row, slot_of(market, side), balance)
        self.plant_cash(number, offset)

    @rule(number=numbers, offset=st.one_of(st.integers(-2, 2), st.sampled_from([-(10**12), 10**7, 10**12])))
    def plant_cash(self, number, offset):
        if number in self.rows:
            row = self.rows[number]
            set_cash(self.deployment, row, cash_at_line(self.deployment, row, PERPETUAL, self.line_ratio) + offset)
            self.touch(row)

    @rule(market=st.integers(0, 5), exponent=exponents)
    def move(self, market, exponent):
        self.set_price(market, int((self.deployment.prices[market] or PRICES[market]) * 2.718281828**exponent))

    @rule(number=numbers, nth=st.integers(0, 5), step=st.integers(-1, 1))
    def move_to_an_edge(self, number, nth, step):
        """Bring a price within a unit of where a position of the account changes its tier."""
        edges = [
            (slot >> 1, edge)
            for slot, balance in self.deployment.book.positions(self.rows.get(number, 0) if self.rows else 0)
            if slot >> 1 != CASH
            for edge in tier_edges(PERPETUAL.margin_tiers(self.deployment, slot), balance, self.deployment.units[slot >> 1])
        ] if self.rows else []  # fmt: skip
        if edges:
            market, edge = edges[nth % len(edges)]
            self.set_price(market, edge + step)

    @rule(market=st.integers(0, 5))
    def lose_price(self, market):
        self.set_price(market, None)

    @rule(market=contracts, share=st.floats(-0.3, 1.2))
    def fund(self, market, share):
        self.deployment.market_states[market].funding_value = int(PRICES[market] * share)
        for monitor in self.monitors:
            monitor.reprice([market])

    @rule()
    def bear_interest(self):
        state = self.deployment.market_states[CASH]
        state.debt_index += state.debt_index // 1000
        for monitor in self.monitors:
            monitor.reprice(None)

    @rule(count=st.sampled_from([1, 10, 1000]))
    def maintain(self, count):
        assert self.book.maintain(count) <= count

    @rule(kept=st.integers(1, 5))
    def decide(self, kept):
        expected, flagged = self.full.detect().tolist(), self.book.detect().tolist()
        assert set(flagged) <= set(expected)
        for nth, row in enumerate(expected):
            decided = PERPETUAL.is_below(self.deployment, row, self.line_ratio)
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
        flagged = set(self.book.detect().tolist())
        for row in self.rows.values():
            assert self.book.is_liquidatable(row) == self.full.is_liquidatable(row)
            if row not in flagged:
                assert PERPETUAL.is_below(self.deployment, row, self.line_ratio) == self.book.is_liquidatable(row), row


class PerpetualWarningMachine(PerpetualMachine):
    line_ratio = 15 * 10**17 + 1


@pytest.mark.parametrize("machine", [PerpetualMachine, PerpetualWarningMachine])
def test_perpetual_accounts_are_missed_by_neither_monitor(machine):
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
