"""Anything in any order, against a ghost that keeps the books a second time.

In the static world nothing moves but balances, within what a contract would allow: nobody is ever below the line and
the engine says nothing. In the dynamic world prices, time, fills, refusals, write-offs, halts and rebuilt engines come as
they like. After every event the ghost's book is the engine's, units are conserved, who is below the line is who
the rule puts there, and all named invariants hold (`check_every=1`).
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace
from tests.deployments import (
    BRANCHES,
    HOUR,
    PAIRS,
    POOLED,
    UNITS,
    USD,
    Desk,
    changes,
    lending_protocols,
    named,
    ratio,
    with_rates,
)
from tests.machine.backed_ghost import BackedGhost
from tests.machine.ghost import CompoundGhost, Ghost, PairsGhost, SeawallGhost

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.fixed import WAD
from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.event import (
    BackstopChanged,
    ClaimsTaken,
    Event,
    Fill,
    FillsReported,
    OperatorDecided,
    OracleRound,
    PriceObserved,
)
from seawall.ledger.market import slot_of
from seawall.ledger.order import Order, RefuseFill
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.rules.stability_pool import claims

START_PRICES = (2_000 * WAD, WAD, 30_000 * WAD)
POLICY = Policy(
    warning_health_ratio=5 * WAD // 4,
    order_lifetime_ms=HOUR,
    review_ms=HOUR // 6,
    buffers=(Buffer("fee_reserve", ()), Buffer("insurance_fund", ((0, 10**16), (USD, 50 * 10**6)))),
    breaker_loss_value_max=5_000 * WAD,
    breaker_window_ms=HOUR,
    breaker_cooldown_ms=HOUR,
    grace_period_ms=HOUR // 10,
)
ORACLE = {0: OracleRule(price_age_ms_max=3 * HOUR, step_ratio_max=ratio(70))}

accounts = st.integers(0, 4)
sizes = st.one_of(st.integers(1, 40), st.integers(1, 10_000), st.integers(1, 10**9))
shares = st.one_of(st.just(WAD), st.integers(1, 2 * WAD), st.sampled_from([1, WAD // 2, WAD - 1, WAD + 1]))


class EngineMachine(RuleBasedStateMachine):
    """Verbs that both worlds have."""

    label = "seawall"
    ghost_type: type[Ghost] = SeawallGhost
    has_rates = False
    policy = POLICY

    def __init__(self) -> None:
        super().__init__()
        protocol = protocol_named(self.label)
        is_paired = protocol.accounts_are_per_market
        markets = BRANCHES if protocol.has_backstop else PAIRS if is_paired else POOLED
        self.is_paired, self.keeps_shares = is_paired, protocol.balances_move_indices
        self.desk = Desk(
            self.label,
            markets=with_rates(markets) if self.has_rates else markets,
            policy=self.policy,
            oracle_rules=ORACLE,
            operators=("operator",),
            check=lambda event: event.signature == "signed",
        )
        self.ghost = self.ghost_type(self.desk.state.opened)
        self.twin: Engine | None = None
        self.fills: list[Fill] = []

    def tell(self, event: Event) -> tuple[Order, ...]:
        orders = self.desk.tell(event)
        self.ghost.hear(event, orders)
        if self.twin is not None:
            assert self.twin.apply(event) == orders
            assert self.twin.state.digest() == self.desk.state.digest()
        return orders

    def account(self, nth: int, market: int) -> bytes:
        return named(f"account {nth}") + (market.to_bytes(2, "big") if self.is_paired else b"")

    @initialize()
    def first_prices(self) -> None:
        self.observe(START_PRICES)

    def observe(self, prices: tuple[int, ...]) -> None:
        rounds = tuple(OracleRound(asset, price, self.desk.at) for asset, price in enumerate(prices))
        self.tell(PriceObserved(self.desk.at, rounds))

    def change(self, account: bytes, market: int, side: int, amount: int) -> tuple[Order, ...]:
        slot = slot_of(market, side)
        balance = self.desk.protocol.balance_of(self.desk.state.deployment, slot, abs(amount))
        delta = balance if amount > 0 else -balance
        return self.tell(changes(self.desk.at, (account, slot, delta), amounts=(amount,) if self.keeps_shares else ()))

    def dollars(self, market: int, side: int, value: int) -> int:
        """Return the amount that a number of dollars buys at the first prices, at least one unit."""
        listed = self.desk.state.deployment.markets[market]
        asset = listed.debt_asset if side else listed.collateral_asset
        return max(1, value * WAD * UNITS[asset] // START_PRICES[asset])

    # -- what must be true after every event --------------------------------------------------------------

    @invariant()
    def book_is_the_ghosts(self) -> None:
        book = self.desk.state.deployment.book
        held = {book.account_at(row): dict(book.positions(row)) for row in range(book.account_count)}
        assert {account: p for account, p in held.items() if p} == {a: p for a, p in self.ghost.balances.items() if p}

    @invariant()
    def every_unit_is_accounted_for(self) -> None:
        assert self.ghost.is_conserved()
        assert {name: {a: n for a, n in held.items() if n} for name, held in self.desk.state.buffers} == {
            name: {a: n for a, n in held.items() if n} for name, held in self.ghost.buffers.items()
        }
        if self.keeps_shares:
            assert [state.debt_amount for state in self.desk.state.deployment.market_states] == self.ghost.totals

    @invariant()
    def who_is_below_the_line_is_who_the_rule_puts_there(self) -> None:
        state = self.desk.state
        book = state.deployment.book
        below = {book.account_at(row) for row in state.episodes}
        assert below == self.ghost.below
        for account in self.ghost.balances:
            line = self.ghost.line(account)
            if line is not None:
                assert (line[0] < line[1]) == (account in below), (account, line)

    @invariant()
    def who_is_warned_is_who_the_rule_puts_below_the_warning_line(self) -> None:
        state, line_ratio = self.desk.state, self.policy.warning_health_ratio
        assert {state.deployment.book.account_at(row): at for row, at in state.warned.items()} == self.ghost.warned
        for account in self.ghost.balances:
            line = self.ghost.line(account)
            if line is not None:
                assert (line[0] * WAD < line_ratio * line[1]) == (account in self.ghost.warned), (account, line)

    @invariant()
    def whoever_is_below_the_line_has_an_order_or_a_reason(self) -> None:
        state = self.desk.state
        assert self.ghost.below == self.ghost.open_orders.keys() | self.ghost.declined.keys()
        rows = {order_id: state.deployment.book.account_at(row) for order_id, row in state.order_rows.items()}
        assert rows == {order_id: account for account, order_id in self.ghost.open_orders.items()}


class StaticWorld(EngineMachine):
    """No price moves and no time passes."""

    policy = replace(POLICY, warning_health_ratio=0)

    @rule(nth=accounts, market=st.integers(0, 2), side=st.integers(0, 1), value=sizes, is_leaving=st.booleans())
    def move_within_the_line(self, nth: int, market: int, side: int, value: int, is_leaving: bool) -> None:
        market %= len(self.ghost.opened.markets)
        account, slot = self.account(nth, market), slot_of(market, side)
        amount = self.dollars(market, side, value)
        held = self.ghost.balance(account, slot)
        delta = -min(amount, held) if is_leaving else amount
        if delta == 0:
            return
        self.ghost.add(account, slot, delta)
        line = self.ghost.line(account)
        self.ghost.add(account, slot, -delta)
        if line is None or line[0] >= line[1]:
            assert self.tell(changes(self.desk.at, (account, slot, delta))) == ()

    @rule()
    def a_block_says_nothing(self) -> None:
        assert self.desk.block() == ()

    @rule(nth=accounts, order_id=st.integers(0, 3))
    def a_fill_of_no_order_is_refused(self, nth: int, order_id: int) -> None:
        fill = Fill(order_id, 0, self.account(nth, 0), 1, 1, 0, 1)
        assert self.tell(FillsReported(self.desk.at, (fill,))) == (
            RefuseFill(order_id, 0, fill.account, 1, Refusal.ORDER_UNKNOWN),
        )

    @invariant()
    def nobody_is_below_the_line(self) -> None:
        assert not self.desk.state.episodes


class DynamicWorld(EngineMachine):
    """Everything moves."""

    @rule(nth=accounts, market=st.integers(0, 2), debt=st.integers(0, 2), value=sizes, percent=st.integers(30, 90))
    def open_a_loan(self, nth: int, market: int, debt: int, value: int, percent: int) -> None:
        market, debt = (market % 2, market % 2) if self.is_paired else (market, debt)
        account = self.account(nth, market)
        self.change(account, market, 0, self.dollars(market, 0, value))
        self.change(account, debt, 1, self.dollars(debt, 1, max(1, value * percent // 100)))

    @rule(nth=accounts, market=st.integers(0, 2), side=st.integers(0, 1), share=st.sampled_from([1, 2, 3, 10]))
    def take_back(self, nth: int, market: int, side: int, share: int) -> None:
        market %= len(self.ghost.opened.markets)
        account, slot = self.account(nth, market), slot_of(market, side)
        held = self.ghost.balance(account, slot)
        if held:
            removed = max(1, held // share)
            amount = self.desk.protocol.amount_of(self.desk.state.deployment, slot, removed)
            total = self.ghost.totals[market]
            amounts = (-min(amount, total),) if self.keeps_shares else ()
            self.tell(changes(self.desk.at, (account, slot, -removed), amounts=amounts))

    @rule(nth=accounts, market=st.integers(0, 1), excess=st.integers(1, 3))
    def ask_for_more_than_there_is(self, nth: int, market: int, excess: int) -> None:
        account, slot = self.account(nth, market), slot_of(market, 0)
        before = self.desk.state.deployment.book.canonical_bytes()
        delta = -self.ghost.balance(account, slot) - excess
        other = self.account(nth + 1, market)
        orders = self.tell(changes(self.desk.at, (other, slot, 5), (account, slot, delta)))
        assert type(orders[0]).__name__ == "RefuseEvent"
        if len(orders) == 1:
            assert self.desk.state.deployment.book.canonical_bytes() == before

    @rule(asset=st.integers(0, 2), percent=st.one_of(st.integers(20, 180), st.sampled_from([99, 100, 101, 0])))
    def price_moves(self, asset: int, percent: int) -> None:
        price = START_PRICES[asset] * percent // 100
        self.tell(PriceObserved(self.desk.at, (OracleRound(asset, price, self.desk.at),)))

    @rule(minutes=st.sampled_from([1, 7, 11, 30, 60, 61, 200, 5_000]))
    def time_passes(self, minutes: int) -> None:
        self.desk.wait(minutes * 60_000)
        self.observe(tuple(price or 0 for price in self.ghost.prices))

    @rule(minutes=st.sampled_from([1, 59, 60, 61, 400]))
    def time_passes_in_silence(self, minutes: int) -> None:
        self.desk.wait(minutes * 60_000)
        self.tell(changes(self.desk.at))

    @rule(nth=accounts, market=st.sampled_from([0, 2]), value=sizes, fall=st.integers(1, 70), share=shares)
    def a_loan_at_the_line_meets_a_fall(self, nth: int, market: int, value: int, fall: int, share: int) -> None:
        for halted, breaker in enumerate(self.desk.state.breakers):
            if breaker.level:
                self.decide(halted, 0, "signed")
        self.desk.wait(POLICY.grace_period_ms)
        self.observe(START_PRICES)
        market, debt = (market // 2, market // 2) if self.is_paired else (market, USD)
        listed = self.desk.state.deployment.markets[market]
        account = self.account(nth, market)
        self.change(account, market, 0, self.dollars(market, 0, 100 * value))
        owed = value * 99 * listed.parameters.liquidation_threshold_ratio // WAD
        self.change(account, debt, 1, self.dollars(debt, 1, max(1, owed)))
        asset = listed.collateral_asset
        price = START_PRICES[asset] * (100 - fall) // 100
        self.tell(PriceObserved(self.desk.at, (OracleRound(asset, price, self.desk.at),)))
        if account in self.ghost.open_orders:
            self.fill(account, share)

    @precondition(lambda self: self.ghost.open_orders)
    @rule(data=st.data(), share=shares)
    def fill_an_order(self, data: st.DataObject, share: int) -> None:
        self.fill(data.draw(st.sampled_from(sorted(self.ghost.open_orders))), share)

    def fill(self, account: bytes, share: int) -> None:
        limit = self.desk.protocol.liquidation_limit(self.desk.state.deployment, self.desk.row(account))
        if isinstance(limit, Refusal):
            return
        fill = Fill(
            self.ghost.open_orders[account], len(self.fills), account, 3, limit.debt_market, limit.collateral_market,
            max(1, limit.repay_amount * share // WAD),
        )  # fmt: skip
        self.fills.append(fill)
        self.tell(FillsReported(self.desk.at, (fill,)))

    @precondition(lambda self: self.ghost.open_orders)
    @rule(data=st.data())
    def fill_all_twice(self, data: st.DataObject) -> None:
        fills = []
        for account, order_id in sorted(self.ghost.open_orders.items()):
            pair = [slot >> 1 for slot in self.ghost.balances[account]]
            debt, collateral = data.draw(st.sampled_from(pair)), data.draw(st.sampled_from(pair))
            amount = data.draw(st.integers(0, 10**21))
            fill = Fill(order_id, len(self.fills), account, 3, debt, collateral, amount)
            self.fills.append(fill)
            fills += [fill, fill]
        orders = self.tell(FillsReported(self.desk.at, tuple(fills)))
        answered = [(order.order_id, order.fill_id) for order in orders if type(order).__name__ == "SettleFill"]
        assert len(answered) == len(set(answered)), "two fills with one id are one"

    @precondition(lambda self: self.fills)
    @rule(data=st.data())
    def repeat_an_old_fill(self, data: st.DataObject) -> None:
        fill = data.draw(st.sampled_from(self.fills))
        self.tell(FillsReported(self.desk.at, (fill,)))

    @precondition(lambda self: self.desk.protocol.has_backstop)
    @rule(nth=accounts, market=st.integers(0, 1), value=sizes, is_leaving=st.sampled_from([False, False, True]))
    def a_backer_comes_or_goes(self, nth: int, market: int, value: int, is_leaving: bool) -> None:
        amount = self.dollars(market, 1, 1_000 * value)
        self.tell(BackstopChanged(self.desk.at, self.account(nth, market), -amount if is_leaving else amount))

    @precondition(lambda self: self.desk.protocol.has_backstop)
    @rule(nth=accounts, market=st.integers(0, 1))
    def claims_are_taken(self, nth: int, market: int) -> None:
        self.tell(ClaimsTaken(self.desk.at, self.account(nth, market)))

    @invariant()
    def backers_own_what_fractions_say(self) -> None:
        for backstop, branch in zip(
            self.desk.state.deployment.backstops, getattr(self.ghost, "branches", ()), strict=False
        ):
            assert (backstop.amount, backstop.collateral_amount) == (branch.committed, branch.gains_held)
            owned = dict(zip(backstop.commitments, claims(backstop, backstop.commitments.values()), strict=True))
            for backer, worth in branch.worth.items():
                left, gained = owned.get(backer, (0, 0))
                assert 0 <= worth - left <= 100
                assert 0 <= branch.gain[backer] - gained <= 100 + 100 * branch.received / 10**6

    @rule(market=st.integers(0, 1), level=st.integers(0, 3), signature=st.sampled_from(["signed", "signed", "forged"]))
    def an_operator_decides(self, market: int, level: int, signature: str) -> None:
        self.decide(market, level, signature)

    def decide(self, market: int, level: int, signature: str) -> None:
        self.tell(OperatorDecided(self.desk.at, "operator", market, level, signature))

    @rule()
    def rebuild_a_twin_from_a_snapshot(self) -> None:
        digest = self.desk.state.digest()
        state = State.restored(self.desk.state.canonical_bytes())
        assert state.digest() == digest
        self.twin = Engine(
            protocol_named, FullRecompute, check_every=0, signature_is_valid=lambda event: event.signature == "signed"
        )
        self.twin.restore(state)


GHOSTS: dict[str, type[Ghost]] = {
    "compound_v2": CompoundGhost,
    "liquity_v2": BackedGhost,
    "morpho_blue": PairsGhost,
    "seawall": SeawallGhost,
}


def machine(world: type[EngineMachine], label: str, *, has_rates: bool = False) -> type[EngineMachine]:
    name = label.partition("@")[0]
    attributes = {"label": label, "has_rates": has_rates, "ghost_type": GHOSTS.get(name, Ghost)}
    return type(f"{world.__name__}Of{name.title()}", (world,), attributes)


def campaign(examples: int, steps: int = 30) -> settings:
    return settings(
        deadline=None,
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        database=None,
    )


@pytest.mark.parametrize("label", ["seawall", "compound_v2"])
def test_in_a_static_world_nobody_becomes_liquidatable(label: str) -> None:
    run_state_machine_as_test(machine(StaticWorld, label), settings=campaign(10))


@pytest.mark.parametrize("label", ["seawall", "compound_v2"])
def test_in_a_dynamic_world_with_interest_the_ghost_keeps_the_same_book(label: str) -> None:
    run_state_machine_as_test(machine(DynamicWorld, label, has_rates=True), settings=campaign(25))


@pytest.mark.parametrize("label", [protocol.label for protocol in lending_protocols()])
def test_every_protocol_keeps_its_book_in_a_dynamic_world(label: str) -> None:
    run_state_machine_as_test(machine(DynamicWorld, label), settings=campaign(8))


@pytest.mark.slow
@pytest.mark.parametrize("has_rates", [False, True])
@pytest.mark.parametrize("label", [protocol.label for protocol in lending_protocols()])
def test_every_protocol_keeps_its_book_for_long(label: str, has_rates: bool) -> None:
    has_ghost = label.partition("@")[0] in ("compound_v2", "seawall")
    run_state_machine_as_test(
        machine(DynamicWorld, label, has_rates=has_rates and has_ghost), settings=campaign(400, steps=50)
    )
