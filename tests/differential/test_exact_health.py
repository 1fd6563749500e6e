"""The compiled rule, its plain twin on the same data, and the protocol's own Python agree to the last unit."""

import random

import numpy as np
import pytest
from benchmarks.synthetic_book import pool
from tests.differential.adversarial_books import add_hard_accounts, hard_pool
from tests.unit.monitor.planting import plant

from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import slot_of
from seawall.monitor.exact_health import LIQUIDATABLE, OUTSIDE, SUM_COLUMNS, weigh_accounts_nb, weigh_accounts_py
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.limbs import number_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.exact_term import ExactLine, ExactTerm, Stage, Sums
from seawall.protocols.protocol import Health, Protocol

PROTOCOLS = ("aave_v3@3.0", "aave_v3@3.3", "aave_v3@3.6", "aave_v3@3.7", "seawall@1")


def decided(kernel, deployment: Deployment, protocol: Protocol) -> tuple[list[list[int]], list[int]]:
    terms, book = ExactTerms(deployment, protocol), deployment.book
    rows = np.arange(book.account_count)
    sums, states = np.zeros((rows.size, SUM_COLUMNS), np.uint64), np.zeros(rows.size, np.uint8)
    kernel(
        rows, book.first, book.count, book.category, book.slot, book.low, book.high,
        terms.term_of, terms.term, terms.line, sums, states,
    )  # fmt: skip
    return sums.tolist(), states.tolist()


def sums_of(limbs: list[int]) -> Sums:
    return Sums(number_of(limbs[:3]), number_of(limbs[3:7]), number_of(limbs[7:]))


def assert_equal_to_the_protocol(deployment: Deployment, protocol: Protocol) -> int:
    sums, states = decided(weigh_accounts_nb, deployment, protocol)
    for row, state in enumerate(states):
        if state == OUTSIDE:
            continue
        health = protocol.health(deployment, row)
        assert isinstance(health, Health)
        if health.debt_value:
            assert protocol.health_of(sums_of(sums[row])) == health
        assert health.is_liquidatable == (state == LIQUIDATABLE)
    return sum(state != OUTSIDE for state in states)


def assert_equal_on_hard_books(label: str, seeds: range, accounts: int) -> None:
    protocol = protocol_named(label)
    inside = 0
    for seed in seeds:
        draw = random.Random(f"{label} {seed}")
        deployment = hard_pool(draw)
        add_hard_accounts(deployment, protocol, draw, accounts)
        inside += assert_equal_to_the_protocol(deployment, protocol)
    assert inside > len(seeds) * accounts // 3


@pytest.mark.parametrize("label", PROTOCOLS)
def test_hard_books_are_weighed_to_the_last_unit(label):
    assert_equal_on_hard_books(label, range(20), 2_000)


@pytest.mark.slow
@pytest.mark.parametrize("label", PROTOCOLS)
def test_a_million_hard_accounts_are_weighed_to_the_last_unit(label):
    assert_equal_on_hard_books(label, range(1_000, 1_250), 4_000)


@pytest.mark.parametrize("label", PROTOCOLS)
def test_accounts_planted_within_units_of_the_line_are_decided_as_the_contract_does(label):
    protocol, draw = protocol_named(label), random.Random(label)
    deployment = pool(draw)
    assert plant(deployment, protocol, draw, lines=60, width=20, positions_max=5) > 300
    assert assert_equal_to_the_protocol(deployment, protocol) == deployment.book.account_count


@pytest.mark.parametrize("label", PROTOCOLS)
def test_the_kernel_is_its_own_plain_twin(label):
    protocol, draw = protocol_named(label), random.Random(7)
    deployment = hard_pool(draw)
    add_hard_accounts(deployment, protocol, draw, 300)
    assert decided(weigh_accounts_py, deployment, protocol) == decided(weigh_accounts_nb, deployment, protocol)


def applied(stage: Stage, number: int) -> int:
    return (number * stage.numerator + stage.divisor - stage.up_from) // stage.divisor


def weighed(line: ExactLine, collaterals: list[tuple[int, ExactTerm]], debts: list[tuple[int, ExactTerm]]):
    """Return the sums and whether they are liquidatable, from the terms alone, in plain integers."""
    values = [(applied(term.value, applied(term.amount, balance)), term.weight) for balance, term in collaterals]
    collateral = sum(value for value, _ in values)
    weighted = sum(value * weight for value, weight in values)
    debt = sum(applied(term.value, applied(term.amount, balance)) for balance, term in debts)
    if line.average_unit:
        average = weighted // collateral if collateral else 0
        weighted = (collateral * average + line.average_unit // 2) // line.average_unit
    half_debt = debt // 2 if line.adds_half_debt else 0
    return Sums(collateral, weighted, debt), weighted * line.weighted_factor + half_debt < debt * line.debt_factor


@pytest.mark.parametrize("label", PROTOCOLS)
def test_a_protocols_terms_say_what_its_python_computes(label):
    protocol, draw = protocol_named(label), random.Random(11)
    deployment = hard_pool(draw)
    add_hard_accounts(deployment, protocol, draw, 500)
    for row in range(deployment.book.account_count):
        health, category = protocol.health(deployment, row), deployment.book.category_of(row)
        sides = ([], [])
        for slot, balance in deployment.book.positions(row):
            sides[slot & 1].append((balance, protocol.exact_term(deployment, slot, category)))
        if any(term is None for _, term in [*sides[0], *sides[1]]):
            continue
        assert isinstance(health, Health)
        sums, is_liquidatable = weighed(protocol.exact_line, *sides)
        assert is_liquidatable == health.is_liquidatable
        assert not sums.debt or protocol.health_of(sums) == health


def test_what_leaves_the_bounds_is_said_to_be_outside():
    protocol = protocol_named("seawall@1")
    deployment = pool(random.Random(1), with_categories=False)
    states = deployment.market_states
    states[0].collateral_index, states[1].collateral_index = 10**27, 10**29
    deployment.prices[2], deployment.prices[3] = None, 1 << 128
    for number, market in enumerate((0, 1, 2, 3)):
        row = deployment.book.add_account(number.to_bytes(20, "big"))
        deployment.book.set_balance(row, slot_of(market, 0), BALANCE_MAX)
    assert decided(weigh_accounts_nb, deployment, protocol)[1] == [0, OUTSIDE, OUTSIDE, OUTSIDE]
