"""A process killed in the middle of a crash, while offers wait, goes on to the very bytes of one that was not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.ledger.event import OffersContinued
from seawall.ledger.order import Liquidate, LiquidateMany, count_of, singly

BORROWERS = 700

RUN = """
import os, signal, sys
from pathlib import Path
from tests.deployments import ASSETS, ETH, START, UNITS, USD, changes, named, opening
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader
from seawall.fixed import WAD
from seawall.keeper import loop
from seawall.ledger.deployment import Policy
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.monitor.compiled_judge import CompiledJudge
from seawall.monitor.judge import Judge
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

path, kill_at, is_compiled, borrowers = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "compiled", int(sys.argv[4])
loop.OFFERS_CONTINUED_MAX = 300

def price(at, eth):
    dollars = {"ETH": eth, "USD": 1, "BTC": 30_000}
    return PriceObserved(at, tuple(OracleRound(n, dollars[a.symbol] * WAD, at) for n, a in enumerate(ASSETS)))

class Outside:
    def __init__(self):
        loans = [
            change
            for nth in range(borrowers)
            for account, scale in ((named(f"borrower {nth}"), nth % 50 + 1),)
            for change in (
                (account, 2 * ETH, 10 * scale * UNITS[ETH]),
                (account, 2 * USD + 1, (15_000 + nth) * scale * UNITS[USD]),
            )
        ]
        self.events = [opening(policy=Policy(offers_per_event_max=5)), price(START, 2_000), changes(START, *loans)]
        self.events += [price(START + 1, 1_900), price(START + 2, 2_100), price(START + 3, 1_800)]
        self.heard = 0

    def next_event(self):
        return self.events.pop(0) if self.events else None

    def receive(self, orders):
        self.heard += 1
        if self.heard == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

make_judge = (lambda *given: CompiledJudge(*given, accounts_min=0)) if is_compiled else Judge
engine = Engine(protocol_named, TriggerBook if is_compiled else FullRecompute, make_judge=make_judge)
with SqliteJournal.open(path) if path.exists() else SqliteJournal.create(path, JournalHeader(inputs="")) as journal:
    loop.drive(engine, journal, Outside(), lambda event, orders: None)
    print(journal.head_hash.hex(), engine.state.digest())
"""


def run(path: Path, kill_at: int, judge: str) -> str:
    """Run until the end, or until so many batches of orders had left; return what was said at the end."""
    made = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(kill_at), judge, str(BORROWERS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == (-signal.SIGKILL if kill_at else 0), made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("undisturbed") / "journal.sqlite"
    said = run(path, 0, "plain")
    with SqliteJournal.open(path) as journal:
        journal.verify()
        records = list(journal.records())
    continued = [record for record in records if isinstance(record.event, OffersContinued)]
    assert len(continued) > 3
    assert any(isinstance(order, LiquidateMany) for record in continued for order in record.orders)
    offers = [order for record in records for order in singly(record.orders) if isinstance(order, Liquidate)]
    assert sum(count_of(record.orders) for record in records) > len(offers) > BORROWERS
    return said


def test_a_drain_that_is_killed_goes_on_to_the_same_bytes(undisturbed: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for kill_at in (1, 2, 3, 5):
        assert run(path, kill_at, "compiled") == ""
    assert run(path, 0, "compiled") == undisturbed
    with SqliteJournal.open(path) as journal:
        journal.verify()
