"""The one loop that drives an engine, live and simulated.

Event in, orders out, both into the journal; orders leave only after the commit that holds their event. Where a crash has
more offers than the policy gives at once, the loop asks for the others before it takes the next event in;
by then the worst are durable and gone. Between events the engine's indices are maintained.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from seawall.keeper.ports import Journal, Outside
from seawall.ledger.event import Event, OffersContinued
from seawall.ledger.order import Order

Observer = Callable[[Event, tuple[Order, ...]], None]


OFFERS_CONTINUED_MAX: Final = 200_000
MAINTAINED_PER_EVENT: Final = 2_048


class Decider(Protocol):
    """The engine, as the loop sees it."""

    @property
    def offers_are_waiting(self) -> bool:
        """Whether accounts below the line wait for an `OffersContinued`."""

    def apply(self, event: Event) -> tuple[Order, ...]:
        """Take an event in and return the orders that it causes."""

    def maintain(self, count: int) -> None:
        """Do work that waits, for at most so many accounts; it changes no answer."""


def drive(engine: Decider, journal: Journal, outside: Outside, observe: Observer) -> None:
    """Run until the outside has nothing more to say; then everything is durable.

    Orders leave at once, each with a commit before it; events without orders share commits. Python's collector of cycles
    never looks at what there was before, an engine with a large book, and does not run between an event and its commit.
    """
    gc.freeze()
    try:
        while (event := outside.next_event()) is not None:
            _take(event, engine, journal, outside, observe)
            while engine.offers_are_waiting:
                _take(OffersContinued(event.at, OFFERS_CONTINUED_MAX), engine, journal, outside, observe)
            engine.maintain(MAINTAINED_PER_EVENT)
        journal.commit()
    finally:
        gc.unfreeze()


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep Python's collector of cycles from running; it runs after as it did before."""
    runs = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if runs:
            gc.enable()


def _take(event: Event, engine: Decider, journal: Journal, outside: Outside, observe: Observer) -> None:
    with collector_at_rest():
        orders = engine.apply(event)
        journal.append(event, orders)
        if orders or journal.is_due():
            journal.commit()
    observe(event, orders)
    if orders:
        outside.receive(orders)
