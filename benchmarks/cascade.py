"""Minutes of a cascade, open loop: prices and account updates arrive by their own clock, whether or not anybody is ready.

A falling market with jumps, one of them of a fifth. Accounts below the line are liquidated in part some ticks later, others
change, new ones come, some leave. Each price is followed by `detect`, the integer rule for whoever is reported, and, while
nothing waits, by maintenance in slices. *Lag* is the time from the arrival of a price until the statuses are right again; a
price that arrives before the last one is done waits, and that counts. With `--cpu` the clock is this process's own CPU time
and idle time is skipped, so that others on the machine are not measured.

A second run over its own shorter path, clocks left out, drives the full recompute beside: on every tick the same accounts change.
"""

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep, thread_time

import numpy as np
import plotly.graph_objects as go
from benchmarks.crash_book import STABLES, WIDTH, CrashBook, crash_book
from benchmarks.growth import warm_monitor
from benchmarks.table import Row, print_table

from seawall.keeper.loop import collector_at_rest
from seawall.monitor.compiled_judge import CompiledJudge, make_judge
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.monitor import Monitor
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

PROTOCOL = "seawall"
PRICES_PER_SECOND, UPDATES_PER_SECOND = 50, 10_000
UPDATES_PER_TICK = UPDATES_PER_SECOND // PRICES_PER_SECOND
MAINTAINED_SHARE, SLICE = 128, 2048
FALL, CRASH = 0.35, 0.8
"""What is left of a price at the end but for its own wandering, and after the crash in the middle."""
JUMP_EVERY_SECONDS, JUMP_LEAST = 12.0, 0.92
NEW_SHARE, CLOSED_SHARE = 0.03, 0.02
LIMITS_MS = {1_000_000: ("max", 50.0), 10_000_000: ("p99", 250.0)}
CHECKED_SECONDS = 10.0


class Clock:
    """Seconds since the start, by the wall, or by this thread's CPU time with idle time skipped."""

    def __init__(self, is_cpu: bool) -> None:
        self._read = thread_time if is_cpu else perf_counter
        self._is_cpu = is_cpu
        self._start = self._read()

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._read() - self._start

    def wait_until(self, seconds: float) -> None:
        """Do nothing until then."""
        left = seconds - self.now()
        if left <= 0.0:
            return
        if self._is_cpu:
            self._start -= left
        else:
            sleep(left)


class Market:
    """A seeded path: one factor of each price and one set of account updates a tick."""

    def __init__(self, book: CrashBook, seconds: float, seed: int) -> None:
        self.book, self.seed, self.ticks = book, seed, int(seconds * PRICES_PER_SECOND)
        self._dice = np.random.default_rng(seed)
        self._drift = np.log(FALL / CRASH) / max(1, self.ticks)
        self._rebound = 0.0
        self._accounts = book.deployment.book.account_count
        self.below: deque[int] = deque()

    def move(self, tick: int) -> None:
        """Move every price once."""
        dice, book = self._dice, self.book
        back = 0.02 * self._rebound
        self._rebound -= back
        fall = self._drift + back
        if dice.random() < 1.0 / (JUMP_EVERY_SECONDS * PRICES_PER_SECOND):
            jump = np.log(dice.uniform(JUMP_LEAST, 0.99))
            fall += jump
            self._rebound -= 0.6 * jump
        if tick == self.ticks // 2:
            fall += np.log(CRASH)
        common, own = dice.normal(), dice.normal(size=book.move_f64.size)
        moves = np.exp(0.3 * book.move_f64 * (0.7 * common + 0.7 * own))
        moves[STABLES:] *= np.exp(fall)
        prices = book.deployment.prices
        prices[:] = [max(1, int(price * move)) for price, move in zip(prices, moves.tolist(), strict=True)]

    def update(self) -> list[int]:
        """Apply one tick's updates to the book and return the rows that changed: the liquidated first."""
        dice = self._dice
        kinds = dice.random(UPDATES_PER_TICK).tolist()
        chosen = dice.integers(0, self._accounts, UPDATES_PER_TICK).tolist()
        factors = dice.uniform(-0.05, 0.08, UPDATES_PER_TICK).tolist()
        rows = []
        for kind, row, factor in zip(kinds, chosen, factors, strict=True):
            if kind < NEW_SHARE:
                rows.append(self._copied(row))
            elif kind < NEW_SHARE + CLOSED_SHARE:
                rows.append(self._scaled(row, -1.0, -1.0))
            elif self.below:
                # A liquidation repays half of the debt and takes its worth and a bonus.
                rows.append(self._scaled(self.below.popleft(), -0.45, -0.5))
            else:
                rows.append(self._scaled(row, factor, 0.0))
        return rows

    def _scaled(self, row: int, of_collateral: float, of_debt: float) -> int:
        book = self.book.deployment.book
        for slot, balance in book.positions(row):
            book.move_balance(row, slot, max(-balance, int((of_debt if slot & 1 else of_collateral) * balance)))
        return row

    def _copied(self, row: int) -> int:
        """Add an account with the positions of another one."""
        book = self.book.deployment.book
        new = book.add_account(self._dice.bytes(WIDTH))
        for slot, balance in book.positions(row):
            book.move_balance(new, slot, balance)
        return new


class Watch:
    """A monitor and the rule over one market: what follows each price."""

    def __init__(self, market: Market, monitor: Monitor) -> None:
        self.market, self.monitor = market, monitor
        self._judge = make_judge(market.book.deployment, monitor.protocol)

    def take_updates(self) -> None:
        """Take one tick's updates."""
        for row in self.market.update():
            self.monitor.touch(row)

    def answer(self) -> np.ndarray:
        """Find who is not certain, decide, record, and return the rows whose status changed."""
        reported = self.monitor.detect()
        decided = np.array(self._judge.are_liquidatable(reported), bool)
        differs = decided != self.monitor.are_liquidatable(reported)
        for is_below in (True, False):
            self.monitor.set_liquidatable(reported[differs & (decided == is_below)], is_below)
        return reported[differs]

    def take_price(self, tick: int) -> np.ndarray:
        """Move the prices and answer; accounts that fell below the line wait to be liquidated."""
        self.market.move(tick)
        self.monitor.reprice(None)
        changed = self.answer()
        self.market.below.extend(changed[self.monitor.are_liquidatable(changed)].tolist())
        return changed


def lags_of(watch: Watch, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
    """Run the market open loop; return each price's lag and how long its work took, both in milliseconds."""
    market, period = watch.market, 1.0 / PRICES_PER_SECOND
    lags, works = np.zeros(market.ticks), np.zeros(market.ticks)
    for tick in range(market.ticks):
        arrival = (tick + 1) * period
        # Updates of the last period have all arrived by now.
        clock.wait_until(arrival)
        begin = clock.now()
        watch.take_updates()
        watch.take_price(tick)
        end = clock.now()
        lags[tick], works[tick] = 1000.0 * (end - arrival), 1000.0 * (end - begin)
        wanted = market.book.deployment.book.account_count // MAINTAINED_SHARE
        while wanted > 0 and clock.now() < arrival + period - 0.001:
            watch.monitor.maintain(SLICE)
            wanted -= SLICE
        if tick % (10 * PRICES_PER_SECOND) == 0:
            print(f"cascade: {arrival:,.0f} s, longest lag {lags.max():.1f} ms", file=sys.stderr, flush=True)
    return lags, works


def mismatches(accounts: int, seed: int, seconds: float) -> tuple[int, int]:
    """Run both monitors over one path; return ticks at which other accounts changed, and ticks."""
    sides = []
    for kind in (TriggerBook, FullRecompute):
        book = crash_book(accounts, seed=seed)
        watch = Watch(Market(book, seconds, seed), kind(book.deployment, protocol_named(PROTOCOL)))
        watch.answer()
        sides.append(watch)
    return sum(_differs(sides, tick) for tick in range(sides[0].market.ticks)), sides[0].market.ticks


def _differs(sides: list[Watch], tick: int) -> bool:
    changed = []
    for watch in sides:
        watch.take_updates()
        changed.append(watch.take_price(tick))
        # Every fourth tick nothing is maintained, else in slices of many sizes.
        watch.monitor.maintain((0, 1, 100, 100_000)[tick % 4])
    return not np.array_equal(*changed)


def rows_for(accounts: int, seconds: float, is_cpu: bool, seed: int = 3, plot: Path | None = None) -> list[Row]:
    """Measure a cascade of so many seconds over so many accounts."""
    warm_up()
    book = crash_book(accounts, seed=seed)
    watch = Watch(Market(book, seconds, seed), TriggerBook(book.deployment, protocol_named(PROTOCOL)))
    watch.answer()
    with collector_at_rest():
        lags, works = lags_of(watch, Clock(is_cpu))
    if plot is not None:
        write_plot(plot, lags)
    differing, checked = mismatches(accounts, seed, min(seconds, CHECKED_SECONDS))
    name = f"cascade of {seconds:,.0f} s, {accounts:,} accounts, {'CPU' if is_cpu else 'wall'} time"
    return [*_lag_rows(name, accounts, lags, works), Row(f"{name}: mismatches in {checked:,} ticks", differing, "ticks", 0.0, ok=not differing)]  # fmt: skip


def warm_up() -> None:
    """Load every kernel that a crash calls for."""
    deployment = warm_monitor().deployment
    CompiledJudge(deployment, protocol_named(PROTOCOL), accounts_min=0).are_liquidatable(np.arange(1000))


def _lag_rows(name: str, accounts: int, lags: np.ndarray, works: np.ndarray) -> Iterator[Row]:
    kind, limit = LIMITS_MS.get(accounts, ("", 0.0))
    for part, value in (("p50", np.median(lags)), ("p99", np.quantile(lags, 0.99)), ("max", lags.max())):
        asked = {"limit": limit, "ok": bool(value <= limit)} if part == kind else {}
        yield Row(f"{name}: lag, {part}", float(value), "ms", **asked)
    yield Row(f"{name}: ticks of {lags.size:,} later than 50 ms", float((lags > 50.0).sum()), "ticks")
    yield Row(f"{name}: ticks that made the next one wait", float((lags > 1000.0 / PRICES_PER_SECOND).sum()), "ticks")
    yield Row(f"{name}: updates, price and answer of one tick, p50", float(np.median(works)), "ms")
    yield Row(f"{name}: the same, max", float(works.max()), "ms")


def write_plot(path: Path, lags: np.ndarray) -> None:
    """Write the longest lag of each second as a page."""
    whole = lags[: lags.size // PRICES_PER_SECOND * PRICES_PER_SECOND].reshape(-1, PRICES_PER_SECOND)
    figure = go.Figure(go.Scatter(y=whole.max(axis=1), mode="lines"))
    figure.update_layout(xaxis_title="seconds", yaxis_title="longest lag in that second, ms")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(path, include_plotlyjs=True)


def measure(accounts: int = 1_000_000, seconds: float = 60.0) -> list[Row]:
    """Return the table's rows for a short cascade."""
    return rows_for(accounts, seconds, is_cpu=False)


def main() -> None:
    """Run one cascade as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=float, default=1e6, help="accounts in the book (1e6)")
    parser.add_argument("--seconds", type=float, default=1200.0, help="how long the market falls (1200)")
    parser.add_argument("--seed", type=int, default=3, help="of book, prices and updates (3)")
    parser.add_argument("--cpu", action="store_true", help="measure by CPU time and skip idle time")
    parser.add_argument("--plot", type=Path, help="page to write the lag over time to")
    given = parser.parse_args()
    print_table(rows_for(int(given.accounts), given.seconds, given.cpu, given.seed, given.plot))


if __name__ == "__main__":
    main()
