"""Depth: what the market pays for collateral, one state for each asset, shared by everyone who sells it.

x is the value sold recently, at undisturbed prices; it halves every `half_life_ms`. The marginal price is
p · (1 − I(x)), where I is the tabulated impact: straight lines from (0, 0) through the given points, going on past
the last one with its slope, and never above `impact_max`. A sale of value v brings the integral of that from x to
x + v, so it brings the same in one piece or in many at the same moment, less than its value, and the more is sold the
less the next unit brings. Amounts that were sold are added up in integers.
"""

from bisect import bisect_right
from itertools import pairwise

import msgspec

from seawall.errors import ConfigError
from seawall.units import Amount, Milliseconds
from seawall.world.exponential import half_to_the_f64


class DepthTable(msgspec.Struct, frozen=True):
    """`points` are (value sold, impact of the marginal unit), both rising; `impact_max` is below 1."""

    points: tuple[tuple[float, float], ...]
    half_life_ms: Milliseconds
    impact_max_f64: float = 0.9


class Depth:
    """The depth of one asset; proceeds are float64 values in the unit of account."""

    def __init__(self, table: DepthTable) -> None:
        self._half_life_ms = table.half_life_ms
        knots = [(0.0, 0.0), *table.points]
        rising = all(x < x_next and 0 <= y <= y_next for (x, y), (x_next, y_next) in pairwise(knots))
        if not table.points or not rising or not knots[-1][1] <= table.impact_max_f64 < 1:
            raise ConfigError(f"depth points {table.points} do not rise from zero to below {table.impact_max_f64}")
        (x_before, y_before), (x_last, y_last) = knots[-2:]
        slope_f64 = (y_last - y_before) / (x_last - x_before)
        if slope_f64 > 0 and y_last < table.impact_max_f64:
            knots.append((x_last + (table.impact_max_f64 - y_last) / slope_f64, table.impact_max_f64))
        self._x = [x for x, _ in knots]
        self._impact = [y for _, y in knots]
        self._integral = [0.0]
        for (x, y), (x_next, y_next) in pairwise(knots):
            self._integral.append(self._integral[-1] + (x_next - x) * (1.0 - (y + y_next) / 2))
        self._pressure_f64 = 0.0
        self._pressed_at: Milliseconds = 0
        self.sold_amount: Amount = 0
        self.sold_value_f64 = 0.0
        self.proceeds_f64 = 0.0
        self.impact_worst_f64 = 0.0

    def pressure_f64(self, at: Milliseconds) -> float:
        """Return the value that weighs on the market at `at`, which is not before the last sale."""
        if self._pressure_f64 == 0.0 or at == self._pressed_at:
            return self._pressure_f64
        return self._pressure_f64 * half_to_the_f64((at - self._pressed_at) / self._half_life_ms)

    def impact_f64(self, pressure_f64: float) -> float:
        """Return by how much the marginal price lies below the undisturbed one."""
        piece = bisect_right(self._x, pressure_f64) - 1
        if piece == len(self._x) - 1:
            return self._impact[-1]
        share_f64 = (pressure_f64 - self._x[piece]) / (self._x[piece + 1] - self._x[piece])
        return self._impact[piece] + share_f64 * (self._impact[piece + 1] - self._impact[piece])

    def proceeds_from_f64(self, pressure_f64: float, value_f64: float) -> float:
        """Return what a sale of `value_f64` would bring under `pressure_f64`, changing nothing."""
        return self._brought_f64(pressure_f64 + value_f64) - self._brought_f64(pressure_f64)

    def sell_f64(self, at: Milliseconds, amount: Amount, value_f64: float) -> float:
        """Sell `amount`, worth `value_f64` undisturbed, and return what it brings."""
        before_f64 = self.pressure_f64(at)
        proceeds_f64 = self.proceeds_from_f64(before_f64, value_f64)
        self._pressure_f64, self._pressed_at = before_f64 + value_f64, at
        self.sold_amount += amount
        self.sold_value_f64 += value_f64
        self.proceeds_f64 += proceeds_f64
        self.impact_worst_f64 = max(self.impact_worst_f64, self.impact_f64(self._pressure_f64))
        return proceeds_f64

    def _brought_f64(self, x: float) -> float:
        piece = bisect_right(self._x, x) - 1
        over_f64 = x - self._x[piece]
        return self._integral[piece] + over_f64 * (1.0 - (self._impact[piece] + self.impact_f64(x)) / 2)
