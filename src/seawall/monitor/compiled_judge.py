"""The judge of large books: compiled kernels answer for all accounts that they can, the protocol's Python for the rest.

Few rows are not worth the tables, and a small book is not worth the compiler's time: there the plain judge answers.
The worst of many are first picked by bounds in floats, then ranked exactly, so that the rest wait undecided.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.monitor import exact_close_factor, exact_target_health
from seawall.monitor.debt_classes import DebtClasses
from seawall.monitor.exact_close_factor import LIMIT_COLUMNS, close_factor_limits_nb
from seawall.monitor.exact_health import (
    HEALTH_COLUMNS,
    HEALTHY,
    LIQUIDATABLE,
    OUTSIDE,
    SUM_COLUMNS,
    restate_sums_nb,
    weigh_accounts_nb,
)
from seawall.monitor.exact_target_health import may_be_lost_nb, target_health_limits_nb
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.judge import Judge, Offers, Ranked, Refused, listed
from seawall.monitor.limb_columns import joined, packed, worst_first
from seawall.monitor.monitor import NO_ROWS, Rows
from seawall.monitor.priority_bounds import bound_priorities_nb, may_be_worst, nth_largest
from seawall.protocols.exact_limit import CloseFactorLimit
from seawall.protocols.protocol import Protocol
from seawall.units import Ratio

Array = NDArray[Any]

_ROWS_MIN: Final = 256
_ACCOUNTS_MIN: Final = 50_000
_RANKED_SHARE: Final = 8
"""Where at least one of so many is asked for, all are ranked."""
_LOOKED_AT_FIRST: Final = 4
"""So many times as many as are asked for, of the highest classes, say how large the priorities are."""


def make_judge(deployment: Deployment, protocol: Protocol) -> Judge:
    """Return the compiled judge where it knows the protocol's rule, else the plain one."""
    if protocol.exact_line is None or protocol.exact_limit is None:
        return Judge(deployment, protocol)
    return CompiledJudge(deployment, protocol)


class CompiledJudge(Judge):
    """Judges a deployment by tables that it brings up to date whenever it is asked."""

    def __init__(self, deployment: Deployment, protocol: Protocol, accounts_min: int = _ACCOUNTS_MIN) -> None:
        super().__init__(deployment, protocol)
        self._accounts_min = accounts_min
        self._terms = ExactTerms(deployment, protocol)
        limit, line = protocol.exact_limit, protocol.exact_line
        assert limit is not None
        assert line is not None
        self._limits: Callable[..., None]
        self._rule: Any
        if isinstance(limit, CloseFactorLimit):
            self._limits = close_factor_limits_nb
            self._rule = exact_close_factor.rule_of(limit, line.weighted_factor)
        else:
            self._limits = target_health_limits_nb
            self._rule = exact_target_health.rule_of(limit)
        self._is_loaded = False
        self._classes: DebtClasses
        self._load_once_large()

    def note(self, row: int) -> None:
        """Take note that an account's balances or category changed, or that it is new."""
        if self._is_loaded:
            self._classes.note(row)

    def maintain(self, count: int) -> None:
        """Do work that waits, for at most `count` accounts; it changes no answer."""
        if self._is_loaded:
            self._classes.maintain(count)

    def are_liquidatable(self, rows: Rows) -> list[bool | None]:
        """Return the decision for each row."""
        if self._is_few(rows):
            return super().are_liquidatable(rows)
        _, decided = self._weighed(self._columns(rows))
        answers: list[bool | None] = (decided == LIQUIDATABLE).tolist()
        for nth in np.flatnonzero(decided == OUTSIDE).tolist():
            answers[nth] = self._is_liquidatable(int(rows[nth]))
        return answers

    def may_be_lost(self, rows: Rows) -> list[int]:
        """Return the rows for which the protocol must be asked."""
        if not self.protocol.realises_loss_by_value or self._is_few(rows):
            return super().may_be_lost(rows)
        columns = self._columns(np.sort(rows))
        sums, decided = self._weighed(columns)
        found: list[int] = columns[0][self._lost(columns, sums, decided)].tolist()
        return found

    def assess(self, rows: Rows, stress_ratio: Ratio) -> tuple[Offers, list[Refused]]:
        """Return what may be offered of these rows and what is refused."""
        if self._is_few(rows):
            return super().assess(rows, stress_ratio)
        # In order of rows memory is read forwards, which halves the time.
        columns = self._columns(np.sort(rows))
        sums, decided = self._weighed(columns)
        healths = self._restated(sums, decided, stress_ratio)
        limits, markets, answered = self._limited(columns, sums, decided)
        rest, refused = self._asked(columns[0][~answered].tolist(), stress_ratio)
        rows = columns[0][answered]
        healths, limits, markets = healths[answered], limits[answered], markets[answered].astype(np.uint64)
        numbers = [
            healths[:, 12:16], markets[:, :1], markets[:, 1:], limits[:, :2], limits[:, 2:], healths[:, 16:],
            healths[:, :4], healths[:, 4:8], healths[:, 8:12],
        ]  # fmt: skip
        if rest:
            rows = np.concatenate([rows, [offer.row for offer in rest]])
            told = zip(*(offer[2:] for offer in rest), strict=True)
            numbers = [joined(known, column) for known, column in zip(numbers, told, strict=True)]
        keys = self.deployment.book.keys_at(rows)
        order = worst_first(numbers[0], keys)
        return Offers(rows[order].tolist(), keys[order].tobytes(), *(packed(each[order]) for each in numbers)), refused

    def worst(self, rows: Rows, most: int, stress_ratio: Ratio) -> Ranked:
        """Return the `most` worst rows; all are ranked where that costs little more."""
        if self._is_few(rows) or _RANKED_SHARE * most >= len(rows):
            return super().worst(rows, most, stress_ratio)
        columns = self._columns(rows)
        looked_at = (self._large(columns, most, stress_ratio), *columns[1:])
        picked, lowest_f64 = self._picked(looked_at, most, stress_ratio)
        if np.count_nonzero(lowest_f64 >= 0.0) <= most:
            # Too few are surely below the line to say whether there are more.
            looked_at = columns
            picked, lowest_f64 = self._picked(looked_at, most, stress_ratio)
        ranked = self._ranked(looked_at[0][picked], stress_ratio)
        has_more = len(ranked) > most or (
            picked.size < lowest_f64.size and self._has_more(looked_at, lowest_f64, picked)
        )  # fmt: skip
        return Ranked(list(listed(ranked[:most])), NO_ROWS, has_more)

    def _large(self, columns: tuple[Array, ...], most: int, stress_ratio: Ratio) -> Array:
        """Return the rows of which the class does not rule out that they are among the `most` worst."""
        rows, classes = columns[0], self._classes.of(columns[0])
        first = rows[classes >= self._classes.highest(classes, _LOOKED_AT_FIRST * most)]
        lowest_f64, _ = self._bounded((first, *columns[1:]), stress_ratio)
        reached_f64 = nth_largest(lowest_f64, most)
        return rows[self._classes.may_reach(rows, classes, reached_f64, (WAD - stress_ratio) / WAD)]

    def _picked(self, columns: tuple[Array, ...], most: int, stress_ratio: Ratio) -> tuple[Array, Array]:
        """Return where those stand that may be among the `most` worst, and the lower bound of every priority."""
        lowest_f64, highest_f64 = self._bounded(columns, stress_ratio)
        return may_be_worst(lowest_f64, highest_f64, most), lowest_f64

    def _ranked(self, rows: Rows, stress_ratio: Ratio) -> Rows:
        """Return those that are below the line, worst first."""
        if self._is_few(rows):
            return super()._ranked(rows, stress_ratio)
        columns = self._columns(rows)
        sums, decided = self._weighed(columns)
        priorities = self._restated(sums, decided, stress_ratio)[:, 12:16]
        if any(self._is_liquidatable(row) for row in columns[0][decided == OUTSIDE].tolist()):
            return super()._ranked(rows, stress_ratio)
        is_below = decided == LIQUIDATABLE
        below = columns[0][is_below]
        ranked: Array = below[worst_first(priorities[is_below], self.deployment.book.keys_at(below))]
        return ranked

    def _has_more(self, columns: tuple[Array, ...], lowest_f64: Array, picked: Array) -> bool:
        """Return whether an account that was not picked is below the line: surely, or else by the exact rule."""
        if np.count_nonzero(lowest_f64 >= 0.0) > picked.size:
            return True
        is_left = np.ones(lowest_f64.size, np.bool_)
        is_left[picked] = False
        if (lowest_f64[is_left] >= 0.0).any():
            return True
        return any(self.are_liquidatable(columns[0][is_left]))

    # -- tables and columns -------------------------------------------------------------------------------

    def _load_once_large(self) -> bool:
        """Return whether the book is large; once it is, have every kernel ready, so that no crash waits for one."""
        is_large = self.deployment.book.account_count >= self._accounts_min
        if is_large and not self._is_loaded and any(price is not None for price in self.deployment.prices):
            self._is_loaded = True
            self._classes = DebtClasses(self.deployment, self._terms)
            columns = self._columns(NO_ROWS)
            sums, decided = self._weighed(columns)
            self._restated(sums, decided, 0)
            self._limited(columns, sums, decided)
            self._bounded(columns, 0)
            if self.protocol.realises_loss_by_value:
                self._lost(columns, sums, decided)
        return is_large

    def _is_few(self, rows: Rows) -> bool:
        return not self._load_once_large() or len(rows) < max(_ROWS_MIN, self._terms.count)

    def _columns(self, rows: Rows) -> tuple[Array, ...]:
        self._terms.fill()
        book = self.deployment.book
        return (
            np.asarray(rows, np.int64), book.first, book.count, book.category, book.slot, book.low, book.high,
            self._terms.term_of, self._terms.term,
        )  # fmt: skip

    def _weighed(self, columns: tuple[Array, ...]) -> tuple[Array, Array]:
        size = columns[0].size
        sums, decided = np.zeros((size, SUM_COLUMNS), np.uint64), np.full(size, HEALTHY, np.uint8)
        weigh_accounts_nb(*columns, self._terms.line, sums, decided)
        return sums, decided

    def _restated(self, sums: Array, decided: Array, stress_ratio: Ratio) -> Array:
        healths = np.zeros((decided.size, HEALTH_COLUMNS), np.uint64)
        kept = np.array([WAD - stress_ratio], np.uint64)
        restate_sums_nb(sums, decided, self._terms.line, kept, healths)
        return healths

    def _limited(self, columns: tuple[Array, ...], sums: Array, decided: Array) -> tuple[Array, Array, Array]:
        size = decided.size
        limits, markets = np.zeros((size, LIMIT_COLUMNS), np.uint64), np.zeros((size, 2), np.int32)
        answered = np.zeros(size, np.bool_)
        self._limits(*columns, self._rule, sums, decided, limits, markets, answered)
        return limits, markets, answered

    def _lost(self, columns: tuple[Array, ...], sums: Array, decided: Array) -> Array:
        lost = np.zeros(decided.size, np.bool_)
        may_be_lost_nb(*columns, self._rule, sums, decided, lost)
        return lost

    def _bounded(self, columns: tuple[Array, ...], stress_ratio: Ratio) -> tuple[Array, Array]:
        lowest_f64, highest_f64 = np.zeros(columns[0].size), np.zeros(columns[0].size)
        bound_priorities_nb(
            *columns[:8], *self._terms.bounds(), (WAD - stress_ratio) / WAD, self._terms.average_f64,
            lowest_f64, highest_f64,
        )  # fmt: skip
        return lowest_f64, highest_f64
