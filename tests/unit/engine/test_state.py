"""The state: one digest for one history, whoever came first, and a snapshot from which everything goes on."""

from collections.abc import Callable
from itertools import permutations

import pytest
from tests.deployments import (
    BORROWER,
    DUST,
    ETH,
    HOUR,
    POOLED,
    START,
    UNITS,
    USD,
    WHALE,
    Desk,
    below_the_line,
    changes,
    lending_protocols,
    ratio,
    with_rates,
)

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

LABELS = [protocol.label for protocol in lending_protocols()]
POLICY = Policy(
    order_lifetime_ms=HOUR,
    buffers=(Buffer("fee_reserve", ()), Buffer("insurance_fund", ((USD, 10 * UNITS[USD]),))),
    breaker_loss_value_max=10**19,
    grace_period_ms=HOUR,
)


def busy_desk(label: str) -> Desk:
    """Return a desk in the middle of a crash: orders open, filled in part, declined and expired; losses and halts."""
    is_paired = protocol_named(label).accounts_are_per_market
    desk = Desk(
        label,
        markets=None if is_paired else with_rates(POOLED),
        policy=POLICY,
        oracle_rules={ETH: OracleRule(price_age_ms_max=3 * HOUR, step_ratio_max=ratio(80))},
        operators=("operator",),
        check=lambda _: True,
    )
    suffix, owed = (b"\0\0", 0) if is_paired else (b"", USD)
    desk.price(ETH=2000, USD=1, BTC=30000)
    for account, wei in ((BORROWER, 10), (WHALE, 1_000), (DUST, 1)):
        size = wei * UNITS[ETH] // 20
        desk.move(account + suffix, {0: size}, {owed: size * 1_590 * UNITS[USD] // UNITS[ETH]})
    desk.wait(HOUR)
    desk.price(ETH=1500)
    for nth, account in enumerate(list(desk.state.episodes)):
        episode = desk.state.episodes[account]
        if episode.order_id:
            order = next(o for told in desk.said for o in told if getattr(o, "order_id", 0) == episode.order_id)
            desk.fill(order, order.repay_amount_max // (nth + 2))
    desk.decide(0, 2)
    desk.price(ETH=500)
    desk.wait(HOUR // 2)
    desk.block()
    return desk


def restored_from(desk: Desk) -> Engine:
    engine = Engine(protocol_named, FullRecompute, signature_is_valid=lambda _: True)
    engine.restore(State.restored(desk.state.canonical_bytes()))
    return engine


@pytest.mark.parametrize("label", LABELS)
def test_a_restored_state_has_the_same_bytes(label: str) -> None:
    desk = busy_desk(label)
    restored = State.restored(desk.state.canonical_bytes())
    assert restored.canonical_bytes() == desk.state.canonical_bytes()


@pytest.mark.parametrize("label", LABELS)
def test_a_restored_engine_gives_the_same_orders_from_there_on(label: str) -> None:
    desk = busy_desk(label)
    engine = restored_from(desk)
    steps: list[Callable[[], object]] = [
        lambda: desk.price(ETH=450),
        lambda: desk.wait(HOUR),
        desk.block,
        lambda: desk.decide(0, 0),
        lambda: desk.wait(HOUR),
        desk.block,
        lambda: desk.price(ETH=1900, USD=1),
        lambda: desk.wait(5 * HOUR),
        desk.block,
        lambda: desk.price(ETH=100),
        lambda: desk.price(ETH=0),
        lambda: desk.price(ETH=3000),
    ]
    heard = len(desk.events)
    spoken = 0
    for step in steps:
        step()
        while heard < len(desk.events):
            assert engine.apply(desk.events[heard]) == desk.said[heard]
            assert engine.state.digest() == desk.state.digest()
            spoken += len(desk.said[heard])
            heard += 1
    assert spoken > 3


@pytest.mark.parametrize("label", LABELS)
def test_the_same_events_give_the_same_orders_and_the_same_digest(label: str) -> None:
    desk = busy_desk(label)
    engine = Engine(protocol_named, FullRecompute, signature_is_valid=lambda _: True)
    assert [engine.apply(event) for event in desk.events] == desk.said
    assert engine.state.digest() == desk.state.digest()


def test_the_digest_does_not_depend_on_who_came_first() -> None:
    loans = [(BORROWER, 10), (WHALE, 1_000), (DUST, 1)]
    digests = set()
    for arrivals in permutations(loans):
        desk = Desk()
        desk.price(ETH=2000, USD=1)
        rows = [
            row
            for account, size in arrivals
            for row in (
                (account, slot_of(ETH, COLLATERAL), size * UNITS[ETH]),
                (account, slot_of(USD, DEBT), size * 1_590 * UNITS[USD]),
            )
        ]
        desk.tell(changes(START, *rows))
        desk.price(ETH=1900)
        digests.add(desk.state.digest())
    assert len(digests) == 1


def test_a_healthy_account_that_was_looked_at_leaves_no_trace() -> None:
    desk, twin = (Desk() for _ in range(2))
    for each, price in ((desk, "1987.500001"), (twin, "2500")):
        each.price(ETH=2000, USD=1)
        each.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
        assert each.price(ETH=price) == ()
        each.wait(1)
        each.price(ETH=2000)
    assert desk.state.digest() == twin.state.digest()


def _one_more(desk: Desk, what: str) -> None:
    state, row = desk.state, desk.row(BORROWER)
    match what:
        case "balance":
            state.deployment.book.set_balance(row, 0, desk.balance(BORROWER, ETH, COLLATERAL) + 1)
        case "category":
            state.deployment.book.set_category(row, 1)
        case "time":
            state.deployment.at += 1
        case "price":
            state.deployment.prices[ETH] = 1
        case "index":
            state.deployment.market_states[USD].debt_index += 1
        case "episode":
            state.episodes[row].since += 1
        case "fills":
            state.episodes[row].fill_ids |= {9}
        case "reason":
            state.episodes[row].declined = Refusal.TOXIC
        case "buffer":
            state.buffers[0][1][USD] = 1
        case "orders":
            state.order_count += 1
        case "block":
            state.block_number += 1


@pytest.mark.parametrize(
    "what",
    ["balance", "category", "time", "price", "index", "episode", "fills", "reason", "buffer", "orders", "block"],
)
def test_everything_that_decides_is_in_the_digest(what: str) -> None:
    desk, _ = below_the_line(policy=POLICY)
    before = desk.state.digest()
    _one_more(desk, what)
    assert desk.state.digest() != before
