"""A process that keeps a journal, has a trigger book for its monitor, maintains it between events, and drains offers a few at
a time; it says on standard output what it is about to do, so that whoever watches can kill it there.

`python -m tests.simulation.watched_run JOURNAL`. Run again on the same journal, it goes on.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.deployments import ASSETS, BTC, ETH, START, UNITS, USD, changes, named, opening

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.engine.engine import Engine
from seawall.engine.journal_codec import JournalHeader
from seawall.fixed import WAD
from seawall.ledger.deployment import Policy
from seawall.ledger.event import Event, OffersContinued, OracleRound, PriceObserved
from seawall.ledger.market import slot_of
from seawall.monitor.compiled_judge import make_judge
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

ACCOUNTS, TICKS = 400, 45
OFFERS_AT_ONCE = 4
DONE = "done"


def events(seed: int) -> Iterator[Event]:
    """Draw the same events each time: accounts, then prices that fall and jump, and accounts that change."""
    draw, at = random.Random(seed), START
    prices = [2000 * WAD, WAD, 30_000 * WAD]
    yield opening(policy=Policy(offers_per_event_max=OFFERS_AT_ONCE))
    yield PriceObserved(at, tuple(OracleRound(asset, price, at) for asset, price in enumerate(prices)))
    for number in range(ACCOUNTS):
        collaterals = [ETH] if number % 3 else [ETH, BTC]
        rows = [(named(f"account {number}"), slot_of(asset, 0), UNITS[asset]) for asset in collaterals]
        worth = 1600 + 21_000 * (len(collaterals) - 1)
        rows.append((named(f"account {number}"), slot_of(USD, 1), int(worth * draw.uniform(0.4, 0.99)) * UNITS[USD]))
        yield changes(at, *rows)
    for tick in range(TICKS):
        at += 1000
        factor = 0.93 if tick in (12, 30) else draw.uniform(0.995, 1.0045)
        for asset in (ETH, BTC):
            prices[asset] = int(prices[asset] * factor * draw.uniform(0.999, 1.001))
        yield PriceObserved(at, tuple(OracleRound(asset, prices[asset], at) for asset in range(len(ASSETS))))
        account = named(f"account {draw.randrange(ACCOUNTS)}")
        yield changes(at, (account, slot_of(ETH, 0), UNITS[ETH] // 50), (account, slot_of(USD, 1), UNITS[USD]))


def say(doing: str, number: int) -> None:
    """Tell whoever watches."""
    sys.stdout.write(f"{doing} {number}\n")
    sys.stdout.flush()


def main() -> None:
    """Apply every event, those that the journal holds already compared with it, and say the state's digest at the end."""
    path = Path(sys.argv[1])
    journal = SqliteJournal.open(path) if path.exists() else SqliteJournal.create(path, JournalHeader(inputs=""))
    engine = Engine(protocol_named, TriggerBook, make_judge=make_judge, check_every=50)
    with journal:
        for number, event in enumerate(events(seed=1)):
            journal.append(event, engine.apply(event))
            while engine.offers_are_waiting:
                journal.commit()
                say("offers", number)
                more = OffersContinued(event.at, OFFERS_AT_ONCE)
                journal.append(more, engine.apply(more))
            if number < ACCOUNTS:
                continue
            journal.commit()
            say("maintain", number)
            assert isinstance(engine.monitor, TriggerBook)
            for count in (1, 1, 2, 3, 5, 200):
                engine.monitor.maintain(count)
        journal.commit()
        say(f"{DONE} {engine.state.digest()}", 0)


if __name__ == "__main__":
    main()
