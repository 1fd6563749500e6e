"""The compiled amounts of a liquidation are the protocol's own, wherever the kernel answers."""

import random

import numpy as np
import pytest
from benchmarks.synthetic_book import even_book, pool
from tests.differential.adversarial_books import add_hard_accounts, hard_pool

from seawall.ledger.deployment import Deployment
from seawall.monitor import exact_close_factor, exact_target_health
from seawall.monitor.exact_close_factor import LIMIT_COLUMNS
from seawall.monitor.exact_health import LIQUIDATABLE, SUM_COLUMNS, weigh_accounts_nb
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.limbs import number_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.exact_limit import CloseFactorLimit
from seawall.protocols.protocol import Limit, Protocol

PROTOCOLS = ("aave_v3@3.0", "aave_v3@3.3", "aave_v3@3.6", "aave_v3@3.7", "seawall@1")


def kernels_of(protocol: Protocol):
    if isinstance(protocol.exact_limit, CloseFactorLimit):
        rule = exact_close_factor.rule_of(protocol.exact_limit, protocol.exact_line.weighted_factor)
        return exact_close_factor.close_factor_limits_nb, exact_close_factor.close_factor_limits_py, rule
    rule = exact_target_health.rule_of(protocol.exact_limit)
    return exact_target_health.target_health_limits_nb, exact_target_health.target_health_limits_py, rule


def read(deployment: Deployment, protocol: Protocol):
    terms, book = ExactTerms(deployment, protocol), deployment.book
    rows = np.arange(book.account_count)
    sums, decided = np.zeros((rows.size, SUM_COLUMNS), np.uint64), np.zeros(rows.size, np.uint8)
    columns = (rows, book.first, book.count, book.category, book.slot, book.low, book.high, terms.term_of, terms.term)
    weigh_accounts_nb(*columns, terms.line, sums, decided)
    return columns, sums, decided


def limits_by(kernel, rule, columns, sums, decided) -> list[Limit | None]:
    rows = columns[0].size
    limits, markets = np.zeros((rows, LIMIT_COLUMNS), np.uint64), np.zeros((rows, 2), np.int32)
    answered = np.zeros(rows, np.bool_)
    kernel(*columns, rule, sums, decided, limits, markets, answered)
    return [
        Limit(*pair, number_of(limbs[:2]), number_of(limbs[2:])) if is_answered else None
        for pair, limbs, is_answered in zip(markets.tolist(), limits.tolist(), answered.tolist(), strict=True)
    ]


def assert_equal_to_the_protocol(deployment: Deployment, protocol: Protocol) -> tuple[int, int]:
    kernel, _, rule = kernels_of(protocol)
    columns, sums, decided = read(deployment, protocol)
    answered = asked = 0
    for row, limit in enumerate(limits_by(kernel, rule, columns, sums, decided)):
        own = protocol.liquidation_limit(deployment, row)
        asked += isinstance(own, Limit) and decided[row] == LIQUIDATABLE
        if limit is not None:
            assert limit == own
            answered += 1
    return answered, asked


@pytest.mark.parametrize("label", PROTOCOLS)
def test_amounts_on_hard_books_are_the_protocols_to_the_last_unit(label):
    protocol, answered = protocol_named(label), 0
    for seed in range(12):
        draw = random.Random(f"{label} {seed}")
        deployment = hard_pool(draw)
        add_hard_accounts(deployment, protocol, draw, 1_000)
        answered += assert_equal_to_the_protocol(deployment, protocol)[0]
    assert answered > 2_000


@pytest.mark.slow
@pytest.mark.parametrize("label", PROTOCOLS)
def test_amounts_of_half_a_million_hard_accounts_are_the_protocols(label):
    protocol = protocol_named(label)
    for seed in range(500, 625):
        draw = random.Random(f"{label} {seed}")
        deployment = hard_pool(draw)
        add_hard_accounts(deployment, protocol, draw, 4_000)
        assert_equal_to_the_protocol(deployment, protocol)


@pytest.mark.parametrize("label", PROTOCOLS)
@pytest.mark.parametrize("health", [0.5, 0.9])
def test_nearly_every_account_of_a_common_book_is_answered(label, health):
    protocol, draw = protocol_named(label), random.Random(3)
    deployment = pool(draw)
    deployment.book = even_book(deployment, 6_000, 1.0, health=health)
    answered, asked = assert_equal_to_the_protocol(deployment, protocol)
    assert answered > 0.97 * asked > 0


@pytest.mark.parametrize("label", PROTOCOLS)
@pytest.mark.parametrize("worth", [3, 10, 30, 100])
def test_accounts_worth_little_more_than_dust_are_answered_as_the_protocol_does(label, worth):
    protocol = protocol_named(label)
    deployment = pool(random.Random(4))
    deployment.book = even_book(deployment, 4_000, 1.0, health=0.5)
    deployment.prices = [price * worth // 8_000 for price in deployment.prices]
    answered, asked = assert_equal_to_the_protocol(deployment, protocol)
    assert answered > 0.9 * asked > 0


@pytest.mark.parametrize("label", PROTOCOLS)
def test_the_limit_kernel_is_its_own_plain_twin(label):
    protocol, draw = protocol_named(label), random.Random(5)
    deployment = hard_pool(draw)
    add_hard_accounts(deployment, protocol, draw, 250)
    compiled, plain, rule = kernels_of(protocol)
    columns, sums, decided = read(deployment, protocol)
    assert limits_by(compiled, rule, columns, sums, decided) == limits_by(plain, rule, columns, sums, decided)


def test_whoever_loses_debt_by_value_was_said_to_be_lost_and_nobody_else():
    protocol, lost_count = protocol_named("seawall@1"), 0
    rule = exact_target_health.rule_of(protocol.exact_limit)
    for seed in range(8):
        draw = random.Random(seed)
        deployment = hard_pool(draw)
        add_hard_accounts(deployment, protocol, draw, 800)
        columns, sums, decided = read(deployment, protocol)
        lost = np.zeros(decided.size, np.bool_)
        exact_target_health.may_be_lost_nb(*columns, rule, sums, decided, lost)
        for row in np.flatnonzero(decided == LIQUIDATABLE).tolist():
            written_off = protocol.write_off(deployment, row, None)
            lost_count += bool(written_off)
            assert lost[row] or not written_off
            assert not lost[row] or written_off or smallest_debt_is_kept(deployment, row)
    assert lost_count > 50


def smallest_debt_is_kept(deployment: Deployment, row: int) -> bool:
    """A debt of a unit or two may round up to what is kept, and then nothing is written off."""
    return all(balance <= 4 for slot, balance in deployment.book.positions(row) if slot & 1)
