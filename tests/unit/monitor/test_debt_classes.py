import random

import numpy as np
import pytest
from benchmarks.synthetic_book import even_book, pool, risk
from tests.deployments import changes
from tests.differential.adversarial_books import add_hard_accounts, hard_pool

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import singly
from seawall.monitor.compiled_judge import CompiledJudge
from seawall.monitor.debt_classes import UNBOUNDED, DebtClasses, class_accounts_nb, class_accounts_py
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.judge import Judge
from seawall.protocols.catalogue import protocol_named

STRESS, KEPT = 10**17, 0.9
PROTOCOLS = ("aave_v3@3.0", "aave_v3@3.6", "seawall@1")


def common(seed: int, accounts: int = 400, health: float = 1.01) -> Deployment:
    deployment = pool(random.Random(seed))
    deployment.book = even_book(deployment, accounts, 0.9, health=health, seed=seed)
    return deployment


def hard(seed: int) -> Deployment:
    draw = random.Random(seed)
    deployment = hard_pool(draw)
    add_hard_accounts(deployment, protocol_named("seawall@1"), draw, 300)
    return deployment


class Watched:
    """Classes of a deployment, and what the plain judge says of each account."""

    def __init__(self, deployment: Deployment, label: str) -> None:
        self.deployment, protocol = deployment, protocol_named(label)
        self.judge = Judge(deployment, protocol)
        self.factor = protocol.exact_line.value_factor
        self.terms = ExactTerms(deployment, protocol)
        self.classes = DebtClasses(deployment, self.terms)

    def missed(self) -> int:
        """Return how many accounts below the line are not among those that may reach their own priority."""
        self.terms.fill()
        rows = np.arange(self.deployment.book.account_count)
        classes, missed = self.classes.of(rows), 0
        for row in self.judge.worst(rows, rows.size, STRESS).worst:
            priority_f64 = self.judge._priority(row, STRESS) / self.factor
            missed += row not in self.classes.may_reach(rows, classes, priority_f64, KEPT)
        return missed

    def reaching(self, share: float) -> int:
        """Return how many may reach a share of the largest priority."""
        self.terms.fill()
        rows = np.arange(self.deployment.book.account_count)
        largest = self.judge._priority(self.judge.worst(rows, 1, STRESS).worst[0], STRESS)
        return int(self.classes.may_reach(rows, self.classes.of(rows), share * largest / self.factor, KEPT).size)

    def settle(self) -> None:
        """Let classes follow the prices."""
        for _ in range(300):
            self.classes.maintain(1)


def move(deployment: Deployment, draw: random.Random) -> None:
    """Move prices, indices and a threshold."""
    common_move = draw.uniform(0.3, 1.2)
    for asset, price in enumerate(deployment.prices):
        deployment.prices[asset] = max(1, int((price or 10**18) * common_move * draw.uniform(0.8, 1.25)))
        deployment.market_states[asset].debt_index += draw.randrange(10**26)
    market = draw.randrange(len(deployment.markets))
    deployment.markets[market] = deployment.markets[market].with_parameters(0, risk(draw.randrange(2000, 9400)))


@pytest.mark.parametrize("label", PROTOCOLS)
@pytest.mark.parametrize("make", [common, hard])
def test_nobody_is_ruled_out_who_has_the_priority(label, make):
    for seed in range(3):
        watched, draw = Watched(make(seed), label), random.Random(seed)
        for _ in range(3):
            move(watched.deployment, draw)
            assert watched.missed() == 0
        watched.settle()
        move(watched.deployment, draw)
        assert watched.missed() == 0


def test_accounts_of_small_debt_are_ruled_out():
    watched = Watched(common(1), "seawall@1")
    prices = watched.deployment.prices
    prices[:] = [price if symbol.symbol in ("USDC", "GUSD", "DAI") else price // 2 for price, symbol in zip(prices, watched.deployment.assets, strict=True)]  # fmt: skip
    assert 0 < watched.reaching(1.0) < 80


def test_compiled_classes_are_those_of_the_plain_twin():
    watched = Watched(hard(2), "seawall@1")
    book, reference = watched.deployment.book, watched.classes._reference
    columns = (book.first, book.count, book.category, book.slot, book.low, book.high)
    for is_averaged in (False, True):
        given = np.full((2, book.first.size), 7, np.uint8)
        for kernel, classes in zip((class_accounts_nb, class_accounts_py), given, strict=True):
            kernel(np.arange(book.account_count), *columns, *reference, is_averaged, classes)
        assert np.array_equal(*given)
        assert np.unique(given[0]).size > 5


def test_who_is_below_the_line_at_the_reference_is_in_no_class():
    deployment = common(3, health=0.5)
    watched = Watched(deployment, "seawall@1")
    rows = np.arange(deployment.book.account_count)
    below = watched.judge.worst(rows, rows.size, STRESS).worst
    assert len(below) > 100
    assert (watched.classes.of(np.array(below)) == UNBOUNDED).all()
    assert (watched.classes.of(rows) < UNBOUNDED).sum() > 30


def test_an_unknown_value_rules_nobody_out():
    watched = Watched(common(4), "seawall@1")
    watched.deployment.prices[0] = watched.deployment.prices[0] // 3
    assert watched.reaching(1.0) < 200
    watched.deployment.prices[5] = None
    assert watched.reaching(1.0) == 400


def test_terms_that_are_laid_out_anew_rule_nobody_out_until_they_are_the_reference():
    watched = Watched(common(4), "seawall@1")
    deployment = watched.deployment
    deployment.markets[3] = deployment.markets[3].with_parameters(7, deployment.markets[2].parameters)
    deployment.prices[0] = deployment.prices[0] // 3
    assert watched.reaching(1.0) == 400
    watched.settle()
    deployment.prices[1] = deployment.prices[1] // 3
    assert watched.reaching(1.0) < 200


def test_values_that_become_known_are_taken_in():
    deployment = common(5)
    prices, deployment.prices = deployment.prices, [None] * len(deployment.prices)
    watched = Watched(deployment, "seawall@1")
    rows = np.flatnonzero(deployment.book.count > 0)
    assert (watched.classes.of(rows) == UNBOUNDED).all()
    deployment.prices = prices
    watched.settle()
    assert (watched.classes.of(rows) < UNBOUNDED).mean() > 0.9


@pytest.mark.parametrize("done", [0, 1, 150, 399, 400])
def test_while_another_reference_is_taken_each_account_is_judged_by_its_own(done):
    watched = Watched(common(6), "seawall@1")
    prices = watched.deployment.prices
    prices[:] = [price * 4 if nth % 2 else price for nth, price in enumerate(prices)]
    watched.terms.fill()
    classes = watched.classes
    classes._older, classes._reference, classes._done = classes._reference, classes._now(), done
    if done:
        classes._write(np.arange(done), classes._reference)
    assert watched.missed() == 0
    prices[:] = [price // 3 if nth % 3 else price for nth, price in enumerate(prices)]
    assert watched.missed() == 0
    for row in range(0, 400, 3):
        slot, balance = watched.deployment.book.positions(row)[-1]
        watched.deployment.book.set_balance(row, slot, 5 * balance)
        classes.note(row)
    assert watched.missed() == 0


def test_an_account_that_grew_or_is_new_is_classed_anew():
    deployment = common(7)
    watched, book = Watched(deployment, "seawall@1"), deployment.book
    rows = np.arange(book.account_count)
    debtor = next(row for row in rows.tolist() if any(slot & 1 for slot, _ in book.positions(row)))
    before = int(watched.classes.of(rows)[debtor])
    positions = book.positions(debtor)
    new = [book.add_account(bytes([9, 9]) + nth.to_bytes(18)) for nth in range(2000)]
    for row in [debtor, *new]:
        for slot, balance in positions:
            book.set_balance(row, slot, 32 * balance)
        watched.classes.note(row)
    assert set(watched.classes.of(np.array([debtor, *new])).tolist()) == {before + 10}
    deployment.prices = [price // 2 if nth % 2 else price for nth, price in enumerate(deployment.prices)]
    assert watched.missed() == 0


def opened(deployment: Deployment) -> State:
    policy, rules = Policy(offers_per_event_max=5), (OracleRule(),) * len(deployment.assets)
    state = State(
        DeploymentOpened(
            0, "seawall@1", 20, deployment.assets, tuple(deployment.markets), tuple(deployment.market_states), rules,
            policy,
        )
    )  # fmt: skip
    state.deployment.book, state.deployment.prices = deployment.book, list(deployment.prices)
    return state


def test_the_engine_tells_the_judge_who_changed():
    said = []
    for make_judge in (Judge, lambda deployment, protocol: CompiledJudge(deployment, protocol, accounts_min=0)):
        deployment = common(8, accounts=3000)
        engine = Engine(protocol_named, FullRecompute, make_judge=make_judge, check_every=0)
        engine.restore(opened(deployment))
        held, owed = slot_of(1, COLLATERAL), slot_of(2, DEBT)
        book = deployment.book
        debtors = [row for row in range(3000) if {held, owed} == {slot for slot, _ in book.positions(row)}]
        debtor = min(debtors, key=lambda row: book.balance(row, owed))
        account = book.account_at(debtor)
        scaled = [(account, slot, 9_999 * balance) for slot, balance in book.positions(debtor)]
        orders = list(engine.apply(changes(1, *scaled)))
        for nth, price in enumerate(deployment.prices):
            is_stable = deployment.assets[nth].symbol in ("USDC", "GUSD", "DAI")
            rounds = (OracleRound(nth, price if is_stable else price // 3, 2),)
            engine.maintain(100)
            orders += engine.apply(PriceObserved(2, rounds))
        said.append(list(singly(orders)))
    assert any(order.account == account for order in said[0])
    assert said[0] == said[1]
    assert len(said[0]) > 5
