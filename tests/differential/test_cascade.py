"""The market of the cascade's benchmark, small: accounts are liquidated, come and leave, and both monitors follow alike."""

from benchmarks.cascade import Clock, Market, Watch, lags_of, mismatches
from benchmarks.crash_book import crash_book

from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named


def test_both_monitors_change_the_same_accounts_on_every_tick_of_a_cascade():
    assert mismatches(3000, seed=8, seconds=3.0) == (0, 150)


def test_the_benchmark_counts_what_waits_as_late():
    book = crash_book(2000, seed=2)
    watch = Watch(Market(book, 0.4, 2), TriggerBook(book.deployment, protocol_named("seawall")))
    watch.answer()
    clock = Clock(is_cpu=True)
    clock._start -= 1.0
    lags, works = lags_of(watch, clock)
    assert lags[0] > 900
    assert lags[-1] < lags[0], "it catches up"
    assert (works < lags).all()
