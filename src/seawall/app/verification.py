"""Is a journal what was written, and does it say what the engine would say? Read again from the first byte.

the file      pages, header, hash chain, every entry, every snapshot
the orders    the events through a new engine give the orders that stand in the journal
the state     its hash is that of each snapshot on the way and of outcome.json at the end
the tail      an engine that goes on from the last snapshot gives the same orders and the same state
"""

from pathlib import Path

import msgspec

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.rebuild import continued, rebuilt
from seawall.app.replay_folder import journal_path, read_outcome
from seawall.errors import JournalCorrupt, ReplayDiverged
from seawall.ledger.order import count_of
from seawall.studies.replay_folder import OUTCOME


class Verification(msgspec.Struct, frozen=True):
    """What was read and found to agree; `outcome_agrees` is None where the run did not finish."""

    journal: str
    version: str
    events: int
    orders: int
    snapshots: int
    journal_head: str
    state_hash: str
    outcome_agrees: bool | None


def verify(folder: Path) -> Verification:
    """Verify a folder's journal; raises JournalCorrupt at the first thing that does not agree."""
    path = journal_path(folder)
    with SqliteJournal.open(path) as journal:
        journal.verify()
        snapshots = _snapshot_hashes(journal)
        events = orders = 0
        head = b""
        try:
            for record, engine in rebuilt(journal):
                events, orders, head = events + 1, orders + count_of(record.orders), record.chain
                if record.sequence in snapshots:
                    _agree(f"snapshot {record.sequence} of {path}", snapshots[record.sequence], engine.state.digest())
            if (snapshot := journal.latest_snapshot()) is not None:
                tail_hash = continued(journal, snapshot).state.digest()
                _agree(f"snapshot {snapshot.sequence} of {path}, continued,", tail_hash, engine.state.digest())
        except ReplayDiverged as error:
            raise JournalCorrupt(f"{error}; written by version {journal.header.version}, in {path}") from error
        if not events:
            raise JournalCorrupt(f"the journal has no event, in {path}")
        state_hash = engine.state.digest()
        version = journal.header.version
    agrees = None
    if (folder / OUTCOME).exists():
        outcome = read_outcome(folder)
        _agree(f"{folder / OUTCOME}: state_hash", str(outcome.get("state_hash")), state_hash)
        _agree(f"{folder / OUTCOME}: journal_head", str(outcome.get("journal_head")), head.hex())
        agrees = True
    return Verification(str(path), version, events, orders, len(snapshots), head.hex(), state_hash, agrees)


def verification_text(found: Verification) -> str:
    """Return what was verified, a line each."""
    end = "agrees with outcome.json" if found.outcome_agrees else "no outcome.json: the run did not finish"
    return "\n".join((
        f"{found.journal}, written by version {found.version}",
        f"hash chain  {found.events:,} events, head {found.journal_head}",
        f"rebuild     {found.orders:,} orders, the same as in the journal",
        f"snapshots   {found.snapshots:,}, the same state hashes{', the last one continued to the same end' * bool(found.snapshots)}",
        f"state hash  {found.state_hash}, {end}",
    ))  # fmt: skip


def _snapshot_hashes(journal: SqliteJournal) -> dict[int, str]:
    hashes: dict[int, str] = {}
    before: int | None = None
    while (snapshot := journal.latest_snapshot(before)) is not None:
        hashes[snapshot.sequence] = snapshot.state_hash.hex()
        before = snapshot.sequence
    return hashes


def _agree(place: str, said: str, found: str) -> None:
    if said != found:
        raise JournalCorrupt(f"{place} says {said}, the journal gives {found}")
