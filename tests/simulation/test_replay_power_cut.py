"""The power goes under a replay: no order that left is missing afterwards, and what is gone on with ends as if it never had.

The disk is that of `test_power_cut.py`; engine, world and loop are the real ones. What left is what `Outside.receive` was
given.
"""

import random
from collections.abc import Sequence

import apsw
import pytest
from tests.replay.tiny import tiny_plan
from tests.simulation.test_power_cut import HEADER, PATH, Disk, mounted

from seawall.adapters import sqlite_file
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.view import EngineView
from seawall.errors import ConfigError, JournalCorrupt, StorageError
from seawall.keeper.loop import drive
from seawall.ledger.event import Event
from seawall.ledger.order import Order
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.world.world import World

SEEDS = 25
CUTS_PER_SEED = 3
PLAN = tiny_plan()
Orders = tuple[Order, ...]


class Watched:
    """The world, and everything that it was told."""

    def __init__(self, world: World, disk: Disk, fails_after: int | None = None) -> None:
        self._world, self._disk, self._fails_after = world, disk, fails_after
        self.received: list[Orders] = []

    def next_event(self) -> Event | None:
        return self._world.next_event()

    def receive(self, orders: Sequence[Order]) -> None:
        self.received.append(tuple(orders))
        self._world.receive(orders)
        if len(self.received) == self._fails_after:
            self._disk.failing, self._disk.failing_step = apsw.IOError("fsync failed"), "sync"


def journal_on(vfs: str) -> SqliteJournal:
    """Return the journal that stands there, or a new one where the power went before it held anything."""
    try:
        return SqliteJournal.create(PATH, HEADER, vfs=vfs)
    except ConfigError:
        return SqliteJournal.open(PATH, vfs=vfs)


def run(disk: Disk, vfs: str, *, fails_after: int | None = None) -> tuple[Watched, str | None]:
    """Run the plan from its beginning on what stands there; return what left, and the state hash if it came to its end."""
    engine = Engine(protocol_named, FullRecompute, check_every=0)
    watched = Watched(PLAN.make_world(EngineView(engine)), disk, fails_after)
    try:
        with journal_on(vfs) as journal:
            drive(engine, journal, watched, lambda event, orders: None)
    except StorageError:
        return watched, None
    return watched, engine.state.digest()


def orders_standing(vfs: str) -> list[Orders]:
    with SqliteJournal.open(PATH, vfs=vfs) as journal:
        journal.verify()
        return [record.orders for record in journal.records() if record.orders]


class Uncut:
    """What a run on a disk that never fails leaves, and how many writing steps it takes."""

    def __init__(self) -> None:
        disk = Disk()
        disk.steps_left = 10**9
        with mounted(disk) as vfs:
            watched, digest = run(disk, vfs)
            assert digest is not None
            self.steps = 10**9 - disk.steps_left
            self.digest, self.received, self.orders = digest, watched.received, orders_standing(vfs)


@pytest.fixture(scope="module")
def uncut() -> Uncut:
    return Uncut()


def test_everything_that_leaves_an_uncut_run_stands_in_its_journal(uncut: Uncut) -> None:
    assert uncut.received == uncut.orders
    assert len(uncut.orders) > 50


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_order_that_left_before_a_cut_is_missing_after_it(
    seed: int, uncut: Uncut, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr(sqlite_file, "WAL_PAGES_MAX", dice.choice((3, 10, 100)))
    disk = Disk()
    for _ in range(CUTS_PER_SEED):
        disk.steps_left = dice.randrange(1, uncut.steps)
        with mounted(disk) as vfs:
            watched, digest = run(disk, vfs)
        assert watched.received == uncut.received[: len(watched.received)]
        assert digest in (None, uncut.digest)
        disk = disk.after_cut(dice)
        with mounted(disk) as vfs:
            if watched.received:
                standing = orders_standing(vfs)
                assert standing[: len(watched.received)] == watched.received
                assert standing == uncut.orders[: len(standing)]
            elif not can_be_opened(vfs):
                disk = Disk()
    with mounted(disk) as vfs:
        watched, digest = run(disk, vfs)
        assert digest == uncut.digest
        assert watched.received == uncut.received
        assert orders_standing(vfs) == uncut.orders


def can_be_opened(vfs: str) -> bool:
    """Return whether there is a journal; where the power went while it was made, it says that there is none."""
    try:
        journal_on(vfs).close()
    except (ConfigError, JournalCorrupt):
        return False
    return True


@pytest.mark.parametrize("fails_after", [1, 2, 17, 40])
def test_a_sync_that_fails_stops_the_engine_and_nothing_leaves_after_it(fails_after: int, uncut: Uncut) -> None:
    disk = Disk()
    with mounted(disk) as vfs:
        watched, digest = run(disk, vfs, fails_after=fails_after)
        assert digest is None
        assert watched.received == uncut.received[:fails_after]
        disk.failing = None
        assert orders_standing(vfs)[:fails_after] == watched.received
        assert run(disk, vfs)[1] == uncut.digest
