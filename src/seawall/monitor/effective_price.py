"""Effective prices: what one stored unit of a slot is worth at worst, and the proof that a float may say so.

    for      = margin weight × (1 − slack ratio) × (1 − ε)      the unit holds the recorded status up
    against  = margin weight × (1 + slack ratio) × (1 + ε)      the unit pulls it down

Collateral holds up a healthy account and pulls down a liquidatable one; debt does the opposite. A term of a margin is
coefficient × effective price, with coefficient = ±balance − slack units and the price chosen by its sign.

The bound. With u = 2⁻⁵³ a coefficient carries at most 4 roundings (two limbs, their sum, the slack units; those are
enlarged by 2⁻⁴⁰, which outweighs cancellation), a price 3, their product 1, a sum of m ≤ 255 positions m − 1: at most
262, so each term is its exact worst case times a factor in 1 ± γ, γ = 262u / (1 − 262u). As ε = 2⁻⁴⁴ = 512u > γ / (1 − γ),
no term, hence no sum, is above the exact worst case: sum > value slack proves the status. Weights outside 2^±500, where
a float could overflow, negative ones, for which *for* and *against* would change places, and unknown ones give NaN, which
is above nothing and so goes to the integer rule. A line h is in the weights (`Protocol.line_weight`), which are exact.
"""

import typing
from collections.abc import Iterable
from fractions import Fraction
from math import inf, nan, nextafter
from typing import Final

import numpy as np

from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, market_of, side_of
from seawall.protocols.protocol import ScreenSlack
from seawall.units import Ratio

EPSILON: Final = Fraction(1, 2**44)
UNKNOWN_PAIR: Final = 0xFFFF
PAIRS_MAX: Final = 1 << 15
CATEGORIES: Final = 256
_WEIGHT_BITS_MAX: Final = 500
_UNITS_MARGIN: Final = 1.0 + 2.0**-40
_UNITS_MAX: Final = 1 << 127


class Weighing(typing.Protocol):
    """What a monitor asks of a protocol."""

    def line_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio
    ) -> tuple[int, int] | None:
        """Return the margin weight of a slot on a line; None where a price is unknown."""

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack that holds for every account."""


class EffectivePrices:
    """Two effective prices for each pair of a slot and a category in use.

    Pair *p* has its price *for* at 2p and *against* at 2p + 1. `pair_of` has shape (n_slots, 256), `pair_slot` and
    `pair_category` (n_pairs_max,), `price_f64` (2 n_pairs_max,), `units_f64` one entry a side, `pair_count` one entry.
    """

    def __init__(self, deployment: Deployment, protocol: Weighing, line_ratio: Ratio = WAD) -> None:
        self._deployment = deployment
        self._protocol = protocol
        self._line_ratio = line_ratio
        slot_count = 2 * len(deployment.markets)
        pairs_max = min(slot_count * CATEGORIES, PAIRS_MAX)
        self.pair_of = np.full((slot_count, CATEGORIES), UNKNOWN_PAIR, np.uint16)
        self.pair_slot = np.zeros(pairs_max, np.uint16)
        self.pair_category = np.zeros(pairs_max, np.uint8)
        self.pair_count = np.zeros(1, np.int64)
        self.price_f64 = np.full(2 * pairs_max, nan)
        self.units_f64 = np.zeros(2)
        self.value_f64 = inf
        self._pairs: list[list[tuple[int, int, int]]] = [[] for _ in deployment.markets]
        self._known = 0
        self._slack: ScreenSlack | None = None
        self._units = [0, 0]
        self._factors: tuple[tuple[float, float], tuple[float, float]] = ((nan, nan), (nan, nan))

    @property
    def nbytes(self) -> int:
        """Bytes of all tables."""
        tables = (self.pair_of, self.pair_slot, self.pair_category, self.price_f64, self.units_f64)
        return sum(int(table.nbytes) for table in tables)

    def read_slack(self) -> bool:
        """Read the protocol's slack; return whether coefficients written with the former one are out of date.

        Slack units only grow, so that a slack that breathes with the prices does not rewrite the book at every tick.
        """
        slack = self._protocol.screen_slack(self._deployment)
        before = self._slack
        if slack == before:
            return False
        self._slack = slack
        self.value_f64 = nextafter(float(slack.value), inf)
        if before is None or (before.collateral_ratio, before.debt_ratio) != (slack.collateral_ratio, slack.debt_ratio):
            self._factors = (_factors(slack.collateral_ratio), _factors(slack.debt_ratio))
            self.reprice(None)
        units = [max(self._units[COLLATERAL], slack.collateral_units), max(self._units[DEBT], slack.debt_units)]
        if units == self._units:
            return False
        assert max(units) < _UNITS_MAX, units
        self._units = units
        self.units_f64[:] = [float(unit) * _UNITS_MARGIN for unit in units]
        return True

    def reprice(self, markets: Iterable[int] | None) -> None:
        """Compute the effective prices of these markets' pairs anew; None means all."""
        for market in range(len(self._pairs)) if markets is None else markets:
            for pair, slot, category in self._pairs[market]:
                self._price(pair, slot, category)

    def price_new_pairs(self) -> None:
        """Compute the effective prices of the pairs that came into use since the last call."""
        for pair in range(self._known, int(self.pair_count[0])):
            slot, category = int(self.pair_slot[pair]), int(self.pair_category[pair])
            self._pairs[market_of(slot)].append((pair, slot, category))
            self._price(pair, slot, category)
        self._known = int(self.pair_count[0])

    def _price(self, pair: int, slot: int, category: int) -> None:
        weight = self._protocol.line_weight(self._deployment, slot, category, self._line_ratio)
        weight_f64 = nan
        if weight is not None:
            numerator, denominator = weight
            if numerator >= 0 and abs(numerator.bit_length() - denominator.bit_length()) < _WEIGHT_BITS_MAX:
                weight_f64 = numerator / denominator
        factor_for, factor_against = self._factors[side_of(slot)]
        self.price_f64[2 * pair] = weight_f64 * factor_for
        self.price_f64[2 * pair + 1] = weight_f64 * factor_against


def _factors(slack_ratio: int) -> tuple[float, float]:
    assert 0 <= slack_ratio <= WAD, slack_ratio
    ratio = Fraction(slack_ratio, WAD)
    return float((1 - ratio) * (1 - EPSILON)), float((1 + ratio) * (1 + EPSILON))
