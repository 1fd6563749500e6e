"""The state from the record: a journal's events through a new engine, its orders compared with those that stand there."""

from collections.abc import Iterator
from typing import Final

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import Record, Snapshot, encode_orders, first_difference
from seawall.engine.state import State
from seawall.errors import JournalCorrupt, ReplayDiverged
from seawall.ledger.event import DeploymentOpened
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.sized_monitor import SizedMonitor
from seawall.protocols.catalogue import protocol_named

CHECK_EVERY: Final = 1_000
"""How many events pass between two checks of all invariants."""


def rebuilt(journal: SqliteJournal) -> Iterator[tuple[Record, Engine]]:
    """Yield each record with the engine as it stands after it.

    Raises JournalCorrupt where the first event opens no deployment, ReplayDiverged where the engine now gives other
    orders.
    """
    engine: Engine | None = None
    for record in journal.records():
        if engine is None:
            if not isinstance(record.event, DeploymentOpened):
                raise JournalCorrupt(f"the first event is {type(record.event).__name__}, not DeploymentOpened")
            engine = Engine(protocol_named, SizedMonitor, make_judge=make_judge, check_every=CHECK_EVERY)
        _apply(engine, record)
        yield record, engine


def continued(journal: SqliteJournal, snapshot: Snapshot) -> Engine:
    """Return an engine that began with a snapshot's state and took in everything after it; raises ReplayDiverged."""
    engine = Engine(protocol_named, SizedMonitor, make_judge=make_judge, check_every=CHECK_EVERY)
    engine.restore(State.restored(snapshot.data))
    for record in journal.records(snapshot.sequence):
        _apply(engine, record)
    return engine


def _apply(engine: Engine, record: Record) -> None:
    standing, given = encode_orders(record.orders), encode_orders(engine.apply(record.event))
    if standing != given:
        difference = first_difference(standing, given)
        raise ReplayDiverged(f"orders of sequence {record.sequence} differ: {difference}")
