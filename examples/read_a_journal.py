"""Keep a journal through the one loop, then read it back: entries, orders, the hash chain, and the state again.

A journal that `seawall replay` wrote is read the same way: `SqliteJournal.open("out/black_thursday/journal.sqlite")`.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from embed_the_engine import block, fill_of, opening, positions

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader
from seawall.keeper.loop import drive
from seawall.ledger.event import Event
from seawall.ledger.order import Liquidate, Order, SettleFill
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named


class Chain:
    """An outside of a few blocks, in which a keeper fills every order that it is given."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = deque(events)

    def next_event(self) -> Event | None:
        """Return what happens next, or None at the end."""
        return self._events.popleft() if self._events else None

    def receive(self, orders: Sequence[Order]) -> None:
        """Answer each offer with a fill."""
        self._events.extend(fill_of(order) for order in orders if isinstance(order, Liquidate))


def write(path: Path) -> str:
    """Drive an engine over the chain, its journal at `path`; return the hash of its last state."""
    engine = Engine(protocol_named, FullRecompute)
    chain = Chain((opening(), positions(), block(1, 2_000), block(2, 1_650)))
    with SqliteJournal.create(path, JournalHeader(inputs="{}")) as journal:
        drive(engine, journal, chain, observe=lambda _event, _orders: None)
    return engine.state.digest()


def main() -> None:
    """Write a journal, print what it holds, and make the state again from it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        written = write(path)
        engine = Engine(protocol_named, FullRecompute)
        with SqliteJournal.open(path) as journal:
            for record in journal.records():
                names = ", ".join(type(order).__name__ for order in record.orders) or "-"
                print(f"{record.sequence}  {record.chain.hex()[:16]}  {type(record.event).__name__:17} {names}")
                for order in record.orders:
                    if isinstance(order, SettleFill):
                        print(
                            f"   repaid {order.repay_amount} units, seized {order.seize_amount}, fee {order.fee_amount}"
                        )
                assert engine.apply(record.event) == record.orders
    print(f"the same state again: {engine.state.digest() == written}")


if __name__ == "__main__":
    main()
