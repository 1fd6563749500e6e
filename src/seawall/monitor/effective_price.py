"""Effective prices: what one stored unit of a slot is worth at worst, and the proof that a float may say so.

    for      = margin weight × (1 − slack ratio) × (1 − ε)      the unit holds the recorded status up
    against  = margin weight × (1 + slack ratio) × (1 + ε)      the unit pulls it down

Collateral holds up a healthy account and pulls down a liquidatable one; debt does the opposite. A term of a margin is
coefficient × effective price, with coefficient = ±balance − slack units and the price chosen by its sign.

The bound. With u = 2⁻⁵³ a coefficient carries at most 4 roundings (two limbs, their sum, the slack units; those are
enlarged by 2⁻⁴⁰, which outweighs cancellation), a price 7, their product 1, a sum of m ≤ 255 positions m − 1: at most
266, so each term is its exact worst case times a factor in 1 ± γ, γ = 266u / (1 − 266u). As ε = 2⁻⁴⁴ = 512u > γ / (1 − γ),
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
from seawall.ledger.market import COLLATERAL, DEBT, Market, market_of, side_of
from seawall.protocols.protocol import ScreenSlack
from seawall.units import Ratio

EPSILON: Final = Fraction(1, 2**44)
UNKNOWN_PAIR: Final = 0xFFFF
PAIRS_MAX: Final = 1 << 15
CATEGORIES: Final = 256
_WEIGHT_BITS_MAX: Final = 500
_WEIGHT_F64_MAX: Final = 2.0**_WEIGHT_BITS_MAX
_PART_BITS_MAX: Final = 900
_MANY: Final = 64
"""From so many markets on they are priced as columns, where weights are products; a column costs as much as some ten pairs."""
_UNITS_MARGIN: Final = 1.0 + 2.0**-40
_UNITS_MAX: Final = 1 << 127


class Weighing(typing.Protocol):
    """What a monitor asks of a protocol."""

    def weight_prices(self, deployment: Deployment) -> list[int | None] | None:
        """Return the price of each market in its weights where those are products, else None."""

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
        self._part_f64 = np.full(pairs_max, nan)
        """Of each pair, the constant part of its weight, where weights are products; NaN where it is not known yet."""
        self._read: list[Market] = []
        self._known = 0
        self._slack: ScreenSlack | None = None
        self._units = [0, 0]
        self._factors: tuple[tuple[float, float], tuple[float, float]] = ((nan, nan), (nan, nan))

    @property
    def nbytes(self) -> int:
        """Bytes of all tables."""
        tables = (self.pair_of, self.pair_slot, self.pair_category, self.price_f64, self.units_f64, self._part_f64)
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
        numbers = range(len(self._pairs)) if markets is None else list(markets)
        prices = self._protocol.weight_prices(self._deployment) if len(numbers) >= _MANY else None
        if prices is not None:
            self._reprice_products(prices)
            return
        for market in numbers:
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

    # -- weights that are products ------------------------------------------------------------------------

    def _reprice_products(self, prices: list[int | None]) -> None:
        """Compute the effective prices of all pairs: constant part, index and price, multiplied in this order.

        Seven roundings: one of each of the three and of their two products, the factor, and the product with it. A price
        by itself has three: the quotient of exact integers, the factor and the product.
        """
        self._bring_parts_up_to_date(prices)
        states, count = self._deployment.market_states, self._known
        index_f64 = np.empty(2 * len(states))
        index_f64[COLLATERAL::2] = [_float_or_nan(state.collateral_index) for state in states]
        index_f64[DEBT::2] = [_float_or_nan(state.debt_index) for state in states]
        price_f64 = np.array([_float_or_nan(price) for price in prices])
        slots, part_f64 = self.pair_slot[:count], self._part_f64[:count]
        weight_f64 = part_f64 * index_f64[slots] * price_f64[slots >> 1]
        is_outside = (weight_f64 < 1.0 / _WEIGHT_F64_MAX) | (weight_f64 > _WEIGHT_F64_MAX)
        weight_f64[is_outside & (part_f64 != 0.0)] = nan
        factors_f64 = np.array(self._factors)[slots & 1]
        self.price_f64[: 2 * count] = (weight_f64[:, None] * factors_f64).ravel()

    def _bring_parts_up_to_date(self, prices: list[int | None]) -> None:
        """Work out the constant parts that are not known, or whose market has other parameters now."""
        markets = self._deployment.markets
        if self._read != markets:
            for number, (market, read) in enumerate(zip(markets, self._read, strict=False)):
                if market is not read:
                    self._part_f64[[pair for pair, _, _ in self._pairs[number]]] = nan
            self._read = list(markets)
        for pair in np.flatnonzero(np.isnan(self._part_f64[: self._known])).tolist():
            slot, category = int(self.pair_slot[pair]), int(self.pair_category[pair])
            price = prices[market_of(slot)]
            if price is not None:
                self._part_f64[pair] = self._part_of(slot, category, price)

    def _part_of(self, slot: int, category: int, price: int) -> float:
        """Return a weight without its index and price, rounded once; NaN where that is outside the bounds."""
        weight = self._protocol.line_weight(self._deployment, slot, category, self._line_ratio)
        state = self._deployment.market_states[market_of(slot)]
        if weight is None:
            return nan
        numerator, denominator = weight
        denominator *= (state.debt_index if side_of(slot) == DEBT else state.collateral_index) * price
        is_within = abs(numerator.bit_length() - denominator.bit_length()) < _PART_BITS_MAX
        return numerator / denominator if is_within or not numerator else nan


def _float_or_nan(number: int | None) -> float:
    return nan if number is None or number.bit_length() > _WEIGHT_BITS_MAX else float(number)


def _factors(slack_ratio: int) -> tuple[float, float]:
    assert 0 <= slack_ratio <= WAD, slack_ratio
    ratio = Fraction(slack_ratio, WAD)
    return float((1 - ratio) * (1 - EPSILON)), float((1 + ratio) * (1 + EPSILON))
