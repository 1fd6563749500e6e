"""Reviews for lost debt: the rule is asked again only once something has moved, and what it would say is never missed."""

import random

import pytest
from tests.deployments import BORROWER, BTC, ETH, POOLED, UNITS, USD, Desk, named, with_rates

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.market import COLLATERAL
from seawall.ledger.order import AbsorbLoss
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.seawall import Seawall

MINUTE = 60_000
POLICY = Policy(order_lifetime_ms=60 * MINUTE, review_ms=10 * MINUTE)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the rows of which the rule was asked for losses, as it is asked."""
    rows: list[int] = []
    rule = Seawall.write_off

    def counted(protocol, deployment, row, settled):
        rows.append(row)
        return rule(protocol, deployment, row, settled)

    monkeypatch.setattr(Seawall, "write_off", counted)
    return rows


def insolvent(**given: object) -> Desk:
    """Return a desk whose borrower owes 15,900 against 10 ETH at 12: 120 can be repaid, which is above dust."""
    desk = Desk("seawall", policy=POLICY, **given)
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.price(ETH=12)
    return desk


def review(desk: Desk) -> list[AbsorbLoss]:
    desk.wait(10 * MINUTE)
    return [order for order in desk.block() if isinstance(order, AbsorbLoss)]


def test_while_nothing_moves_the_rule_is_asked_once(asked: list[int]) -> None:
    desk = insolvent()
    assert len(asked) == 1
    for _ in range(12):
        assert review(desk) == []
    assert len(asked) == 1


def test_a_price_makes_the_next_review_ask(asked: list[int]) -> None:
    desk = insolvent()
    review(desk)
    desk.price(ETH="11.9")
    assert review(desk) == []
    assert len(asked) == 2
    desk.price(ETH=9)
    (lost,) = review(desk)
    assert lost.account == BORROWER
    assert len(asked) == 3


def test_interest_makes_every_review_ask(asked: list[int]) -> None:
    desk = insolvent(markets=with_rates(POOLED))
    before = len(asked)
    for _ in range(3):
        review(desk)
    assert len(asked) == before + 3


def test_a_withdrawal_makes_the_next_review_ask() -> None:
    desk = insolvent()
    review(desk)
    desk.move(BORROWER, {ETH: -9 * UNITS[ETH]})
    (lost,) = review(desk)
    assert lost.account == BORROWER


def test_a_price_that_turns_fresh_without_moving_lets_the_next_review_write_off() -> None:
    desk = insolvent(oracle_rules={BTC: OracleRule(price_age_ms_max=25 * MINUTE)})
    desk.move(BORROWER, {BTC: 1})
    desk.wait(30 * MINUTE)
    desk.price(ETH=9)
    assert review(desk) == []
    desk.price(BTC=30000)
    (lost,) = review(desk)
    assert lost.account == BORROWER


@pytest.mark.parametrize("has_rates", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_an_engine_that_remembers_nothing_says_the_same(seed: int, has_rates: bool) -> None:
    """Its twin is made anew from its state before every event, so that every review asks the rule."""
    dice = random.Random(seed)
    given = {"markets": with_rates(POOLED)} if has_rates else {}
    desk = Desk("seawall", policy=POLICY, oracle_rules={BTC: OracleRule(price_age_ms_max=50 * MINUTE)}, **given)
    owners = [named(f"borrower {nth}") for nth in range(8)]
    desk.price(ETH=2000, USD=1, BTC=30000)
    for owner in owners:
        desk.move(owner, {ETH: UNITS[ETH] * dice.randrange(1, 20)}, {USD: UNITS[USD] * dice.randrange(500, 2_000)})
    lost_count = 0
    for _ in range(60):
        state = State.restored(desk.state.canonical_bytes())
        desk.wait(MINUTE * dice.choice((1, 5, 10, 30)))
        match dice.randrange(6):
            case 0:
                desk.price(ETH=dice.choice((4, 5, 8, 12, 20, 60)))
            case 1:
                desk.price(BTC=30000)
            case 2:
                owner = dice.choice(owners)
                if desk.balance(owner, ETH, COLLATERAL) > UNITS[ETH]:
                    desk.move(owner, {ETH: -UNITS[ETH] // 2})
                else:
                    desk.move(owner, {ETH: UNITS[ETH]})
            case 3:
                desk.move(dice.choice(owners), {BTC: 1_000})
            case _:
                desk.block()
        twin = Engine(protocol_named, FullRecompute, check_every=0)
        twin.restore(state)
        assert twin.apply(desk.events[-1]) == desk.said[-1]
        assert twin.state.digest() == desk.state.digest()
        lost_count += sum(isinstance(order, AbsorbLoss) for order in desk.said[-1])
    assert lost_count
