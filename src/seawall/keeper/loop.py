"""The one loop that drives an engine, live and simulated.

Event in, orders out, both into the journal; orders leave only after the commit that holds their event.
"""

from collections.abc import Callable
from typing import Protocol

from seawall.keeper.ports import Journal, Outside
from seawall.ledger.event import Event
from seawall.ledger.order import Order

Observer = Callable[[Event, tuple[Order, ...]], None]


class Decider(Protocol):
    """The engine, as the loop sees it."""

    def apply(self, event: Event) -> tuple[Order, ...]:
        """Take an event in and return the orders that it causes."""


def drive(engine: Decider, journal: Journal, outside: Outside, observe: Observer) -> None:
    """Run until the outside has nothing more to say; then everything is durable.

    Orders leave at once, each with a commit before it; events without orders share commits.
    """
    while (event := outside.next_event()) is not None:
        orders = engine.apply(event)
        journal.append(event, orders)
        if orders or journal.is_due():
            journal.commit()
        observe(event, orders)
        if orders:
            outside.receive(orders)
    journal.commit()
