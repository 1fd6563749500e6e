"""The journal is the truth: its events give its orders again, and a snapshot with the tail gives what the whole does."""

from pathlib import Path

import pytest
from tests.replay.tiny import run, tiny_plan

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import Record
from seawall.engine.state import State
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.studies import replay

Recorded = tuple[Path, dict[str, object], list[Record]]


@pytest.fixture(scope="module", params=["seawall", "aave_v3"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "SNAPSHOT_EVERY", 50)
        outcome = run(tiny_plan(request.param), folder)
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        return folder, outcome, list(journal.records())


def new_engine(state: State | None = None) -> Engine:
    engine = Engine(protocol_named, FullRecompute, check_every=25)
    if state is not None:
        engine.restore(state)
    return engine


def assert_goes_on(engine: Engine, tail: list[Record], outcome: dict[str, object]) -> None:
    for record in tail:
        assert engine.apply(record.event) == record.orders, record.sequence
    assert engine.state.digest() == outcome["state_hash"]


def test_the_events_of_a_journal_give_its_orders_again(recorded: Recorded) -> None:
    _, outcome, records = recorded
    assert sum(len(record.orders) for record in records) > 100
    assert_goes_on(new_engine(), records, outcome)


def test_every_snapshot_with_the_tail_gives_what_the_whole_does(recorded: Recorded) -> None:
    folder, outcome, records = recorded
    before = len(records) + 1
    found = []
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        while (snapshot := journal.latest_snapshot(before=before)) is not None:
            state = State.restored(snapshot.data)
            assert state.digest() == snapshot.state_hash.hex()
            assert_goes_on(new_engine(state), records[snapshot.sequence :], outcome)
            before = snapshot.sequence
            found.append(before)
    assert found == list(range(len(records) // 50 * 50, 0, -50))


@pytest.mark.parametrize("part", range(1, 8))
def test_a_snapshot_may_be_taken_after_any_event(recorded: Recorded, part: int) -> None:
    _, outcome, records = recorded
    cut = len(records) * part // 8 + part
    engine = new_engine()
    for record in records[:cut]:
        engine.apply(record.event)
    assert_goes_on(new_engine(State.restored(engine.state.canonical_bytes())), records[cut:], outcome)
