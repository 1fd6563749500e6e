"""Both monitors along recorded prices, tick for tick: every tick changes the same accounts. SEAWALL_DATA names the folder.

One-second prices are taken where the folder has a file of them, `prices/*_1s.*`; each of its rows is a tick. The
crash of 19 May 2021 in thirteen assets is recorded in bars of five minutes, whose four prices are a tick each. Minutes of
either in every run, hours in the soak.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks.cascade import Watch
from benchmarks.crash_book import STABLES, WIDTH, CrashBook, crash_accounts, empty_crash_book

from seawall.adapters.price_file import BarOrder, read_prices, symbols_in
from seawall.ledger.book import Book
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

FOLDER = os.environ.get("SEAWALL_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SEAWALL_DATA does not name a folder of recorded crashes")
DATA = Path(FOLDER or ".")
MAY_2021 = DATA / "prices/2021-05_crash_binance_spot_5m.csv.gz"
NOON_OF_THE_CRASH_MS = 1_621_425_600_000
HOUR_MS = 3_600_000
SECONDS_FILES = sorted(DATA.glob("prices/*_1s.*"))
needs_seconds = pytest.mark.skipif(not SECONDS_FILES, reason="SEAWALL_DATA has no one-second prices, prices/*_1s.*")


def recorded(paths, since_ms=0, until_ms=10**14):
    """Return the symbols, ETH first where it is there, and (time, prices by symbol's number) of every tick."""
    symbols = sorted(
        {symbol for path in paths for symbol in symbols_in(path)}, key=lambda s: (not s.startswith("ETH"), s)
    )
    series = read_prices(
        paths, symbols, since_ms=since_ms, until_ms=until_ms, bar_order=BarOrder.OPEN_LOW_HIGH_CLOSE
    )  # fmt: skip
    ticks: dict[int, dict[int, int]] = {}
    for nth, symbol in enumerate(symbols):
        for at, price in series[symbol].points:
            ticks.setdefault(at, {})[nth] = price
    return symbols, sorted(ticks.items())


def book_at(prices, accounts):
    """Return a book over stables and the recorded assets, drawn at these prices."""
    dice = np.random.default_rng(6)
    book: CrashBook = empty_crash_book(dice, STABLES + len(prices))
    book.deployment.prices[STABLES:] = [prices[nth] for nth in range(len(prices))]
    columns = crash_accounts(dice, book.deployment, accounts)
    book.deployment.book = Book.from_columns(columns.keys, WIDTH, STABLES + len(prices), *columns[1:])
    return book


class RecordedMarket:
    """What `Watch` needs of a market: the next recorded prices, and no updates of accounts but liquidations."""

    def __init__(self, book, ticks):
        self.book, self.below, self._ticks = book, [], ticks

    def move(self, tick):
        for nth, price in self._ticks[tick][1].items():
            self.book.deployment.prices[STABLES + nth] = price

    def update(self):
        rows, self.below = self.below[:50], self.below[50:]
        held = self.book.deployment.book
        for row in rows:
            for slot, balance in held.positions(row):
                held.move_balance(row, slot, -(balance * 45 // 100) - (slot & 1))
        return rows


def follow(paths, accounts, ticks_max=None, **window):
    """Follow the recorded prices with both monitors; return how many ticks there were and how many accounts changed."""
    symbols, ticks = recorded(paths, **window)
    known: dict[int, int] = {}
    while len(known) < len(symbols):
        known |= ticks.pop(0)[1]
    ticks = ticks[:ticks_max]
    sides = []
    for kind in (TriggerBook, FullRecompute):
        book = book_at(known, accounts)
        sides.append(Watch(RecordedMarket(book, ticks), kind(book.deployment, protocol_named("seawall"))))
    changed = 0
    for tick in range(len(ticks)):
        found = []
        for watch in sides:
            watch.take_updates()
            found.append(watch.take_price(tick))
            watch.monitor.maintain((accounts, 0, 64, 1)[tick % 4])
        assert np.array_equal(*found), ticks[tick]
        changed += found[0].size
    return len(ticks), changed


@pytest.mark.parametrize("accounts", [5000])
def test_the_hours_around_the_low_of_may_2021(accounts):
    window = {"since_ms": NOON_OF_THE_CRASH_MS - 2 * HOUR_MS, "until_ms": NOON_OF_THE_CRASH_MS + 3 * HOUR_MS}
    ticks, changed = follow([MAY_2021], accounts, **window)
    assert ticks > 200
    assert changed > accounts // 10


@needs_seconds
def test_minutes_of_one_second_prices():
    ticks, _ = follow(SECONDS_FILES, 5000, ticks_max=600)
    assert ticks > 100


@pytest.mark.slow
def test_three_weeks_of_may_2021():
    ticks, changed = follow([MAY_2021], 50_000)
    assert ticks > 20_000
    assert changed > 25_000


@pytest.mark.slow
@needs_seconds
def test_hours_of_one_second_prices():
    ticks, _ = follow(SECONDS_FILES, 50_000, ticks_max=8 * 3600)
    assert ticks > 600
