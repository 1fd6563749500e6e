import gc

import pytest

from seawall.keeper.loop import MAINTAINED_PER_EVENT, OFFERS_CONTINUED_MAX, drive
from seawall.ledger.event import BlockObserved, OffersContinued
from seawall.ledger.order import ResumeMarket

ORDERS = (ResumeMarket(0),)


class Scene:
    """An engine, a journal and an outside that write down what they are asked, in one list."""

    def __init__(self, events, waiting=0):
        self.events, self.waiting, self.done = list(events), waiting, []
        self.fails_at = None

    @property
    def offers_are_waiting(self):
        return self.waiting > 0

    def apply(self, event):
        if isinstance(event, OffersContinued):
            self.waiting -= 1
        if event.at == self.fails_at:
            raise ValueError("no more")
        self.done.append(("apply", event, gc.isenabled()))
        return ORDERS if event.at % 2 else ()

    def maintain(self, count):
        self.done.append(("maintain", count))

    def append(self, event, orders):
        self.done.append(("append", event))

    def is_due(self):
        return False

    def commit(self):
        self.done.append(("commit", gc.isenabled()))

    def next_event(self):
        return self.events.pop(0) if self.events else None

    def receive(self, orders):
        self.done.append(("receive", orders, gc.isenabled()))

    def drive(self):
        drive(self, self, self, lambda event, orders: self.done.append(("observe", event)))
        return self.done


def test_orders_leave_after_the_commit_of_their_event_and_maintenance_follows():
    event = BlockObserved(1, 1)
    assert Scene([event]).drive() == [
        ("apply", event, False),
        ("append", event),
        ("commit", False),
        ("observe", event),
        ("receive", ORDERS, True),
        ("maintain", MAINTAINED_PER_EVENT),
        ("commit", True),
    ]


def test_an_event_without_orders_waits_for_a_commit_of_others():
    done = Scene([BlockObserved(2, 1)]).drive()
    assert [step[0] for step in done] == ["apply", "append", "observe", "maintain", "commit"]


def test_offers_that_wait_are_asked_for_before_the_next_event():
    first, second = BlockObserved(1, 1), BlockObserved(2, 2)
    applied = [step[1] for step in Scene([first, second], waiting=2).drive() if step[0] == "apply"]
    assert applied == [first, *[OffersContinued(1, OFFERS_CONTINUED_MAX)] * 2, second]


@pytest.mark.parametrize("runs", [True, False])
def test_the_collector_is_as_it_was_afterwards_however_it_ends(runs):
    scene = Scene([BlockObserved(1, 1), BlockObserved(3, 2)])
    scene.fails_at = 3
    was_enabled, frozen = gc.isenabled(), gc.get_freeze_count()
    try:
        (gc.enable if runs else gc.disable)()
        with pytest.raises(ValueError, match="no more"):
            scene.drive()
        assert gc.isenabled() == runs
        assert gc.get_freeze_count() == frozen
    finally:
        (gc.enable if was_enabled else gc.disable)()
