"""The monitor that fits the book: when the book changes hands, and that nobody notices."""

import random

import numpy as np
from benchmarks.synthetic_book import even_book, pool

from seawall.monitor import sized_monitor
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.sized_monitor import SizedMonitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

ACCOUNTS = 300


def book_of(accounts):
    deployment = pool(random.Random(1))
    deployment.book = even_book(deployment, accounts, 1.0, health=1.02)
    return deployment


def test_a_small_book_is_recomputed_and_a_large_one_has_triggers(monkeypatch):
    monkeypatch.setattr(sized_monitor, "TRIGGERS_FROM", ACCOUNTS)
    protocol = protocol_named("seawall")
    assert isinstance(SizedMonitor(book_of(ACCOUNTS - 1), protocol)._monitor, FullRecompute)
    assert isinstance(SizedMonitor(book_of(ACCOUNTS), protocol)._monitor, TriggerBook)


def test_a_book_that_grows_changes_hands_in_maintenance_with_all_that_was_recorded_and_noted(monkeypatch):
    monkeypatch.setattr(sized_monitor, "TRIGGERS_FROM", ACCOUNTS + 1)
    protocol, deployment = protocol_named("seawall"), book_of(ACCOUNTS)
    monitor, twin = (kind(deployment, protocol) for kind in (SizedMonitor, FullRecompute))
    deployment.prices[0] = deployment.prices[0] // 2
    for each in (monitor, twin):
        each.reprice(None)
        below = [row for row in each.detect().tolist() if protocol.is_liquidatable(deployment, row)]
        assert below
        each.set_liquidatable(below, True)
    assert monitor.maintain(10) == 0
    row = deployment.book.add_account(bytes(deployment.book.account_width))
    for slot, balance in deployment.book.positions(below[0]):
        deployment.book.set_balance(row, slot, balance)
    deployment.prices[0] = deployment.prices[0] * 3 // 2
    for each in (monitor, twin):
        each.touch(row)
        each.reprice(None)
    monitor.maintain(10)
    assert isinstance(monitor._monitor, TriggerBook)
    assert monitor.detect().tolist() == twin.detect().tolist() != []
    rows = np.arange(ACCOUNTS + 1)
    assert (monitor.are_liquidatable(rows) == twin.are_liquidatable(rows)).all()
