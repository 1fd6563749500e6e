"""A snapshot used to forget which prices and breakers the refused accounts had last been judged on: a restored engine
judged them again, and gave their refusals a new term."""

from tests.deployments import BORROWER, ETH, HOUR, UNITS, USD, Desk, below_the_line, changes

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named


def restored(desk: Desk) -> Engine:
    engine = Engine(protocol_named, FullRecompute, signature_is_valid=lambda _: True)
    engine.restore(State.restored(desk.state.canonical_bytes()))
    return engine


def test_a_refusal_keeps_its_term_in_a_restored_engine() -> None:
    desk = Desk(operators=("operator",), check=lambda _: True)
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.decide(ETH, 2)
    desk.price(ETH=1980)
    engine = restored(desk)
    assert engine.state.digest() == desk.state.digest()
    desk.wait(HOUR)
    event = changes(desk.at)
    assert engine.apply(event) == desk.tell(event)
    assert engine.state.digest() == desk.state.digest()


def test_a_breaker_that_moved_in_the_last_event_frees_in_the_next_one() -> None:
    desk, _ = below_the_line(operators=("operator",), check=lambda _: True)
    desk.decide(ETH, 2)
    engine = restored(desk)
    for level in (0, 2, 0):
        orders = desk.decide(ETH, level)
        assert engine.apply(desk.events[-1]) == orders
        assert engine.state.digest() == desk.state.digest()
