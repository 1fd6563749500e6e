"""Maintenance counts down through the blocks of hot accounts; where there never was one it went on to block -1."""

from tests.deployments import BORROWER, ETH, UNITS, USD, Desk

from seawall.monitor.trigger_book import TriggerBook
from seawall.monitor.trigger_kernels import maintain_py


def test_maintenance_of_nobody_does_nothing_however_often() -> None:
    desk = Desk()
    monitor = TriggerBook(desk.state.deployment, desk.engine.protocol)
    scratch = monitor.columns.index.flagged
    for _ in range(3):
        assert monitor.maintain(4) == 0
        assert maintain_py(monitor.columns.index, 0.0, scratch, 0) == 0


def test_maintenance_goes_on_where_the_last_hot_account_left() -> None:
    desk = Desk()
    monitor = TriggerBook(desk.state.deployment, desk.engine.protocol)
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_000 * UNITS[USD]})
    monitor.rebuild(())
    for price in (1880, 2000, 1_000_000, 1880, 1880):
        desk.price(ETH=price)
        monitor.reprice(None)
        monitor.detect()
        monitor.maintain(4)
        monitor.maintain(4)
