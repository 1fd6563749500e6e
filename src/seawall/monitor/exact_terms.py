"""The tables that the exact kernels read: a protocol's terms and its line, in limbs, as the deployment stands now.

One row a market, side and category that a market tells apart; `term_of` leads from a slot and a category to it. A term
with an unknown price, or with a number beyond the kernels' bounds, is marked so, and its accounts are left to Python.
"""

import numpy as np

from seawall.fixed import div_down
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, NO_CATEGORY, slot_of
from seawall.monitor.effective_price import CATEGORIES
from seawall.monitor.exact_health import (
    BONUS,
    BONUS_MIN,
    FEE,
    IS_KNOWN,
    IS_SEIZABLE,
    LINE_COLUMNS,
    STAGE_COLUMNS,
    TERM_COLUMNS,
    WEIGHT,
)
from seawall.monitor.limbs import limbs_of
from seawall.protocols.exact_term import ExactLine, ExactTerm, Stage
from seawall.protocols.protocol import Protocol

_TWO_LIMBS = 1 << 128
_DIVISOR_MAX = 1 << 127
_LIMB_MAX = 1 << 63


class ExactTerms:
    """Terms of one deployment; `fill` reads all of them anew."""

    def __init__(self, deployment: Deployment, protocol: Protocol) -> None:
        assert protocol.exact_line is not None, protocol.label
        self._deployment = deployment
        self._protocol = protocol
        self._keys: list[tuple[int, int]] = []
        self._categories: list[tuple[int, ...]] = []
        self.line = _line_limbs(protocol.exact_line)
        self.fill()

    def fill(self) -> None:
        """Bring the terms up to date with prices, indices and parameters."""
        categories = [tuple(sorted(market.categories)) for market in self._deployment.markets]
        if categories != self._categories:
            self._lay_out(categories)
        for nth, (slot, category) in enumerate(self._keys):
            self._fill_term(nth, self._protocol.exact_term(self._deployment, slot, category))

    def _lay_out(self, categories: list[tuple[int, ...]]) -> None:
        self._categories = categories
        self._keys = []
        self.term_of = np.zeros((2 * len(categories), CATEGORIES), np.uint16)
        for market, told_apart in enumerate(categories):
            for slot in (slot_of(market, COLLATERAL), slot_of(market, DEBT)):
                self.term_of[slot] = len(self._keys)
                self._keys.append((slot, NO_CATEGORY))
            for category in told_apart:
                slot = slot_of(market, COLLATERAL)
                self.term_of[slot, category] = len(self._keys)
                self._keys.append((slot, category))
        self.term = np.zeros((len(self._keys), TERM_COLUMNS), np.uint64)

    def _fill_term(self, nth: int, term: ExactTerm | None) -> None:
        columns = self.term[nth]
        if term is None or not _is_within(term):
            columns[IS_KNOWN] = 0
            return
        columns[:STAGE_COLUMNS] = _stage_limbs(term.amount)
        columns[STAGE_COLUMNS:WEIGHT] = _stage_limbs(term.value)
        columns[WEIGHT] = term.weight
        columns[IS_KNOWN] = 1
        columns[BONUS], columns[BONUS_MIN] = term.bonus, term.bonus_min
        columns[FEE], columns[IS_SEIZABLE] = term.fee, term.is_seizable

    @property
    def count(self) -> int:
        """Number of terms."""
        return len(self._keys)


def _is_within(term: ExactTerm) -> bool:
    stages = (term.amount, term.value)
    singles = (term.weight, term.bonus, term.bonus_min, term.fee)
    return all(0 <= single < _LIMB_MAX for single in singles) and all(
        0 <= stage.numerator < _TWO_LIMBS and 0 < stage.divisor < _DIVISOR_MAX for stage in stages
    )


def _stage_limbs(stage: Stage) -> tuple[int, ...]:
    multiplier = div_down(stage.numerator << 128, stage.divisor)
    return (
        *limbs_of(stage.numerator, 2),
        *limbs_of(stage.divisor, 2),
        *limbs_of(stage.up_from, 2),
        *limbs_of(multiplier, 4),
    )


def _line_limbs(line: ExactLine) -> np.ndarray:
    assert 0 < line.weighted_factor < _LIMB_MAX, line
    assert 0 < line.debt_factor < _DIVISOR_MAX, line
    assert 0 <= line.average_unit < _LIMB_MAX, line
    limbs = (line.weighted_factor, *limbs_of(line.debt_factor, 2), int(line.adds_half_debt), line.average_unit)
    assert len(limbs) == LINE_COLUMNS
    return np.array(limbs, np.uint64)
