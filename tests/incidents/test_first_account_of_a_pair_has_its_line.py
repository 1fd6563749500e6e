"""The first account of a new pair of slot and category was banded before the pair had a price and a line: the kernel read
the usual move of a price beyond the end of its column, and took the account for one near the line."""

from tests.deployments import BORROWER, ETH, UNITS, USD, Desk

from seawall.monitor.account_blocks import ACCOUNTS
from seawall.monitor.trigger_book import TriggerBook


def test_a_safe_account_in_new_markets_is_left_to_its_triggers_at_once() -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    monitor = TriggerBook(desk.state.deployment, desk.engine.protocol)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 1_000 * UNITS[USD]})
    monitor.touch(desk.state.deployment.book.row_of(BORROWER))
    assert len(monitor.detect()) == 0
    banded = monitor.columns.index.banded
    assert (banded.cold.counters[ACCOUNTS], banded.hot.counters[ACCOUNTS]) == (1, 0)
