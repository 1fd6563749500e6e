"""The tables that the exact kernels read: a protocol's terms and its line, in limbs, as the deployment stands now.

One row a market, side and category that a market tells apart; `term_of` leads from a slot and a category to it. A term
with an unknown price, or with a number beyond the kernels' bounds, is marked so, and its accounts are left to Python.
"""

from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import div_down
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, NO_CATEGORY, market_of, side_of, slot_of
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

Array = NDArray[Any]

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
        self._read: list[object] = []
        self._categories: list[tuple[int, ...]] = []
        line = protocol.exact_line
        self.line = _line_limbs(line)
        # What an averaged threshold takes off the weighted collateral at most, of the collateral.
        self.average_f64 = 1.0 / line.average_unit if line.average_unit else 0.0
        self._weight_unit_f64 = line.weighted_factor / (line.debt_factor * max(1, line.average_unit))
        self.fill()

    def fill(self) -> None:
        """Bring the terms up to date with prices, indices and parameters."""
        categories = [tuple(sorted(market.categories)) for market in self._deployment.markets]
        if categories != self._categories:
            self._lay_out(categories)
        now = self._inputs()
        for nth, (slot, category) in enumerate(self._keys):
            market = market_of(slot)
            if now[market] != self._read[market]:
                self._fill_term(nth, self._protocol.exact_term(self._deployment, slot, category))
        self._read = now

    def _inputs(self) -> list[object]:
        """Return, for each market, all that its terms depend on."""
        prices = self._deployment.prices
        return [
            (prices[market.debt_asset], state.collateral_index, state.debt_index, market)
            for market, state in zip(self._deployment.markets, self._deployment.market_states, strict=True)
        ]

    def bounds(self) -> tuple[Array, Array, Array]:
        """Return, for each term, in floats: the value of a stored unit, its weight in debt, the roundings of a value."""
        return self._value_f64, self._weight_f64, self._slack_f64

    def _lay_out(self, categories: list[tuple[int, ...]]) -> None:
        self._categories = categories
        self._keys = []
        self._read = [None] * len(categories)
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
        self._value_f64, self._weight_f64, self._slack_f64 = np.full((3, len(self._keys)), nan)
        self.is_debt = np.array([side_of(slot) == DEBT for slot, _ in self._keys])

    def _fill_term(self, nth: int, term: ExactTerm | None) -> None:
        columns = self.term[nth]
        if term is None or not _is_within(term):
            columns[IS_KNOWN] = 0
            self._value_f64[nth] = nan
            return
        columns[:STAGE_COLUMNS] = _stage_limbs(term.amount)
        columns[STAGE_COLUMNS:WEIGHT] = _stage_limbs(term.value)
        columns[WEIGHT] = term.weight
        columns[IS_KNOWN] = 1
        columns[BONUS], columns[BONUS_MIN] = term.bonus, term.bonus_min
        columns[FEE], columns[IS_SEIZABLE] = term.fee, term.is_seizable
        amount, value = term.amount, term.value
        self._value_f64[nth] = (amount.numerator * value.numerator) / (amount.divisor * value.divisor)
        self._weight_f64[nth] = term.weight * self._weight_unit_f64
        self._slack_f64[nth] = 2.0 * (value.numerator / value.divisor) + 2.0

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


def _line_limbs(line: ExactLine) -> Array:
    assert 0 < line.weighted_factor < _LIMB_MAX, line
    assert 0 < line.debt_factor < _DIVISOR_MAX, line
    assert 0 <= line.average_unit < _LIMB_MAX, line
    singles = (line.value_factor, line.weighted_divisor, line.weighted_value_factor, line.health_unit)
    assert all(0 < single < _LIMB_MAX for single in singles), line
    limbs = (
        line.weighted_factor, *limbs_of(line.debt_factor, 2), int(line.adds_half_debt), line.average_unit, *singles
    )  # fmt: skip
    assert len(limbs) == LINE_COLUMNS
    return np.array(limbs, np.uint64)
