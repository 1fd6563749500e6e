"""The compiled judge answers what the plain one does, question by question."""

import random

import pytest
from benchmarks.synthetic_book import even_book, pool
from tests.deployments import lending_protocols
from tests.differential.adversarial_books import add_hard_accounts, hard_pool

from seawall.ledger.deployment import Deployment
from seawall.monitor import compiled_judge
from seawall.monitor.compiled_judge import CompiledJudge, make_judge
from seawall.monitor.judge import Judge
from seawall.protocols.catalogue import protocol_named

COMPILED = ("aave_v3@3.0", "aave_v3@3.3", "aave_v3@3.6", "aave_v3@3.7", "seawall@1")
STRESS = 10**17


def hard(label: str) -> Deployment:
    draw = random.Random(label)
    deployment = hard_pool(draw)
    add_hard_accounts(deployment, protocol_named(label), draw, 1_500)
    return deployment


def common(label: str) -> Deployment:
    deployment = pool(random.Random(label))
    deployment.book = even_book(deployment, 1_500, 1.0, health=0.6)
    return deployment


def assert_ranked_alike(given, expected):
    """Assert that both name the same worst, and the same after them where `given` ranked all."""
    assert (given.worst, given.has_more) == (expected.worst, expected.has_more)
    assert len(given.waiting) == 0 or list(given.waiting) == list(expected.waiting)


@pytest.mark.parametrize("label", COMPILED)
@pytest.mark.parametrize("make_deployment", [hard, common])
def test_judges_agree_on_every_question(label, make_deployment):
    deployment, protocol = make_deployment(label), protocol_named(label)
    plain, compiled = Judge(deployment, protocol), CompiledJudge(deployment, protocol, accounts_min=0)
    rows = list(range(deployment.book.account_count))
    decided = plain.are_liquidatable(rows)
    assert compiled.are_liquidatable(rows) == decided
    below = [row for row, is_below in zip(rows, decided, strict=True) if is_below]
    assert compiled.assess(below, STRESS) == plain.assess(below, STRESS)
    assert set(compiled.may_be_lost(below)) <= set(plain.may_be_lost(below))
    for count in (1, 10, 300, len(below) - 1, len(below), len(below) + 1):
        assert_ranked_alike(compiled.worst(rows, count, STRESS), plain.worst(rows, count, STRESS))


def test_tables_follow_prices_and_parameters():
    deployment, protocol = common("moving"), protocol_named("seawall@1")
    plain, compiled = Judge(deployment, protocol), CompiledJudge(deployment, protocol, accounts_min=0)
    rows = list(range(deployment.book.account_count))
    before = compiled.are_liquidatable(rows)
    deployment.prices[0] = deployment.prices[0] // 2
    deployment.market_states[1].debt_index += 10**26
    deployment.markets[3] = deployment.markets[3].with_parameters(7, deployment.markets[2].parameters)
    after = compiled.are_liquidatable(rows)
    assert before != after == plain.are_liquidatable(rows)


@pytest.mark.parametrize("label", ["aave_v3@3.6", "seawall@1"])
def test_kernels_are_loaded_when_the_book_has_grown_large_and_not_in_a_crash(label, monkeypatch):
    loaded = []
    for name in ("weigh_accounts_nb", "restate_sums_nb", "bound_priorities_nb", "may_be_lost_nb"):
        kernel = getattr(compiled_judge, name)

        def run(*given, name=name, kernel=kernel):
            loaded.append((name, given[0].shape[0]))
            kernel(*given)

        monkeypatch.setattr(compiled_judge, name, run)
    deployment, protocol = common(label), protocol_named(label)
    empty = Deployment(deployment.assets, tuple(deployment.markets), tuple(deployment.market_states), 20)
    judge = CompiledJudge(empty, protocol, accounts_min=1_500)
    assert judge.are_liquidatable([]) == loaded == []
    empty.book, empty.prices = deployment.book, deployment.prices
    assert judge.are_liquidatable([]) == []
    wanted = 3 + protocol.realises_loss_by_value
    assert len(loaded) == wanted
    assert all(rows == 0 for _, rows in loaded)
    judge.are_liquidatable([])
    assert len(loaded) == wanted


def test_a_protocol_without_a_line_is_judged_plainly():
    for protocol in lending_protocols():
        is_compiled = isinstance(make_judge(pool(random.Random(1)), protocol), CompiledJudge)
        assert is_compiled == (protocol.label in COMPILED)
