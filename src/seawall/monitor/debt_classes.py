"""Debt classes: a byte an account that bounds its priority, so that in a crash only the large ones are looked at closely.

    class c:  D at the reference <= 2 ** (c / 2)        P = max(0, D - k C) + max(0, D - W) <= 2 ** (c / 2) * factor
    factor = max(0, r - k f) + max(0, r - f),  or 2 r where a threshold is averaged and W may lose a part of C

The reference is the terms by which an account was classed. Since then no debt's value grew to more than r of itself and no
weighted collateral fell below f of itself, so that W >= f D of then for whoever had W >= D, and C >= W as no weight is
above one. The contract's roundings come on top, two of a value for each of at most 255 positions. Who was below the line at
the reference, or of unknown value, is UNBOUNDED and looked at in any case; so is everyone where a value is unknown now.

When prices have gone far from the reference, another one is taken, and accounts are classed anew in slices.
"""

from math import nan
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.ledger.deployment import Deployment
from seawall.monitor.compilation import compiled
from seawall.monitor.exact_terms import ExactTerms
from seawall.monitor.prefetch import prefetch_ahead

Array = NDArray[Any]

UNBOUNDED: Final = 255
_STEPS: Final = 2
"""Classes an octave."""
_LIMB_F64: Final = 2.0**64
_RELATIVE_F64: Final = 2.0**-30
"""Outweighs all float roundings."""
_ROUNDINGS: Final = 2 * 256
_CHANGED_MAX: Final = 1024
_LOOKED_EVERY: Final = 256
_CLASSED_SHARE: Final = 32
"""So many accounts are classed in the time in which a monitor settles one."""
_DRIFT_F64: Final = 0.5
"""By how much the factor may grow before another reference is taken."""


class Reference(NamedTuple):
    """Terms as they were: the number of each by slot and category, the value of a stored unit, its weight in units of debt."""

    term_of: Array
    value_f64: Array
    weight_f64: Array


def class_accounts_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, value_f64: Array, weight_f64: Array, is_averaged: bool, classes: Array,
) -> None:  # fmt: skip
    """Write the class of each of `rows` into `classes`.

    Shapes: rows (n_rows,), classes (n_accounts,), value_f64 and weight_f64 (n_terms,), the rest as in `exact_health`.
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        row = rows[nth]
        weighted_f64 = 0.0
        debt_f64 = 0.0
        begin = int(first[row])
        for at in range(begin, begin + int(count[row])):
            term = term_of[slot[at], category[row]]
            value = (float(high[at]) * _LIMB_F64 + float(low[at])) * value_f64[term]
            if slot[at] & 1:
                debt_f64 += value
            else:
                weighted_f64 += value * weight_f64[term]
        step = float(UNBOUNDED)
        # Written this way round so that NaN is in no class.
        if weighted_f64 >= debt_f64 or (is_averaged and weighted_f64 < debt_f64):
            step = np.floor(_STEPS * np.log2(debt_f64)) + 1.0 if debt_f64 > 1.0 else 0.0
        classes[row] = min(step, float(UNBOUNDED))


class_accounts_nb = compiled(class_accounts_py)


class DebtClasses:
    """Classes of all accounts of a large book; whoever changes an account says so."""

    def __init__(self, deployment: Deployment, terms: ExactTerms) -> None:
        self._deployment = deployment
        self._terms = terms
        self._is_averaged = terms.average_f64 > 0.0
        self._changed: list[int] = []
        self._calls = 0
        terms.fill()
        self._reference = self._older = self._now()
        self._class = np.full(deployment.book.first.size, UNBOUNDED, np.uint8)
        self._done = self._class.size
        """Rows before it are classed by the reference, others by the older one."""
        self._write(np.arange(deployment.book.account_count), self._reference)

    def note(self, row: int) -> None:
        """Take note that an account changed."""
        self._changed.append(row)
        if len(self._changed) == _CHANGED_MAX:
            self._follow()

    def maintain(self, count: int) -> None:
        """Class accounts anew where another reference was taken, as long as work on `count` takes; else see if one is needed."""
        accounts = min(self._class.size, self._deployment.book.account_count)
        if self._done < accounts:
            end = min(self._done + _CLASSED_SHARE * count, accounts)
            self._write(np.arange(self._done, end), self._reference)
            self._done = end if end < accounts else self._class.size
            return
        self._calls += 1
        if self._calls % _LOOKED_EVERY == 0:
            self._terms.fill()
            now = self._now()
            if self._is_far(now):
                self._older, self._reference, self._done = self._reference, now, 0

    def _is_far(self, now: Reference) -> bool:
        """Return whether prices have gone far from the reference, or a value is known that was not."""
        if (
            now.term_of is not self._reference.term_of
            or (np.isnan(self._reference.value_f64) > np.isnan(now.value_f64)).any()
        ):
            return True
        return self._factor(self._reference, now, 1.0) > self._factor(now, now, 1.0) + _DRIFT_F64

    def highest(self, classes: Array, count: int) -> int:
        """Return the highest class that `count` of these reach; there are as many."""
        reached = np.bincount(classes, minlength=UNBOUNDED + 1)[::-1].cumsum()[::-1]
        return int(np.count_nonzero(reached >= count)) - 1

    def of(self, rows: Array) -> Array:
        """Return the class of each row: (n_rows,) uint8."""
        self._follow()
        classes: Array = self._class[rows]
        return classes

    def may_reach(self, rows: Array, classes: Array, priority_f64: float, kept_f64: float) -> Array:
        """Return where those stand whose priority may be as large: in exact numbers, with the share `kept` of collateral."""
        now = self._now()
        least = self._least_class(self._reference, now, priority_f64, kept_f64)
        if self._done == self._class.size:
            return np.flatnonzero(classes >= least)
        older = self._least_class(self._older, now, priority_f64, kept_f64)
        return np.flatnonzero(classes >= np.where(rows < self._done, least, older))

    def _least_class(self, reference: Reference, now: Reference, priority_f64: float, kept_f64: float) -> int:
        """Return the first class in which a priority may be as large; zero where nothing is known."""
        slack_f64 = _ROUNDINGS * float(np.nanmax(self._terms.bounds()[2], initial=0.0)) + 2.0
        largest_f64 = 2.0 ** (np.arange(UNBOUNDED) / _STEPS) * self._factor(reference, now, kept_f64) + slack_f64
        return int(np.count_nonzero(largest_f64 * (1.0 + _RELATIVE_F64) < priority_f64))

    def _factor(self, reference: Reference, now: Reference, kept_f64: float) -> float:
        """Return what a priority is at most, in debts at the reference; NaN where that is not known."""
        if now.term_of is not reference.term_of:
            return nan
        is_debt = self._terms.is_debt
        debts = is_debt & (reference.value_f64 > 0.0)
        held = ~is_debt & (reference.value_f64 * reference.weight_f64 > 0.0)
        rose_f64 = np.max(now.value_f64[debts] / reference.value_f64[debts], initial=0.0)
        worth_f64 = now.value_f64[held] * now.weight_f64[held]
        fell_f64 = np.min(worth_f64 / (reference.value_f64[held] * reference.weight_f64[held]), initial=1.0)
        is_plain = not self._is_averaged and (now.weight_f64[held] <= 1.0).all()
        kept_debt_f64 = np.maximum(0.0, rose_f64 - kept_f64 * fell_f64) + np.maximum(0.0, rose_f64 - fell_f64)
        factor_f64 = kept_debt_f64 if is_plain else 2.0 * rose_f64
        return float(factor_f64 + _RELATIVE_F64 * (1.0 + rose_f64))

    def _now(self) -> Reference:
        value_f64, weight_f64, _ = self._terms.bounds()
        return Reference(self._terms.term_of, value_f64.copy(), weight_f64.copy())

    def _follow(self) -> None:
        """Class the accounts that changed, and have room for all."""
        known, size = self._class.size, self._deployment.book.first.size
        if size > known:
            self._class.resize(size, refcheck=False)
            self._class[known:] = UNBOUNDED
            self._done = size if self._done == known else self._done
        rows = np.unique(np.array(self._changed, np.int64))
        self._changed = []
        self._write(rows[rows < self._done], self._reference)
        self._write(rows[rows >= self._done], self._older)

    def _write(self, rows: Array, reference: Reference) -> None:
        book = self._deployment.book
        class_accounts_nb(
            rows, book.first, book.count, book.category, book.slot, book.low, book.high,
            *reference, self._is_averaged, self._class,
        )  # fmt: skip
