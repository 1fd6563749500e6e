"""Price impact: what a sale brings, as a concave function R of the value s that is sold at the undisturbed price.

    linear            R = s - k s^2              square root   R = s - c s^1.5
    constant product  R = L g s / (L + g s)      tabulated     straight lines through points, from (0, 0)
L is the pool's quote side, g one less its fee. Values are floats in the unit of account; R(0) = 0 and R'(0) <= 1. Each curve also
knows where its marginal unit brings a given part of its price, because that is where selling more stops to help.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt
from typing import Protocol

from seawall.errors import ConfigError


class PriceImpact(Protocol):
    """A curve of proceeds."""

    def proceeds_f64(self, sold_f64: float) -> float:
        """Return what a sale brings."""

    def sold_down_to_f64(self, marginal_f64: float) -> float:
        """Return the largest sale whose last unit still brings `marginal_f64` of its price; infinite where all do."""


@dataclass(frozen=True, slots=True)
class LinearImpact:
    """The price falls in proportion to the sale; `slope_f64` is k, by the unit of account."""

    slope_f64: float

    def proceeds_f64(self, sold_f64: float) -> float:
        """Return s - k s^2."""
        return sold_f64 - self.slope_f64 * sold_f64**2

    def sold_down_to_f64(self, marginal_f64: float) -> float:
        """Return where 1 - 2 k s is the marginal value."""
        return (1.0 - marginal_f64) / (2.0 * self.slope_f64) if self.slope_f64 else inf


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """The price falls by the square root of the sale; `slope_f64` is c."""

    slope_f64: float

    def proceeds_f64(self, sold_f64: float) -> float:
        """Return s - c s^1.5."""
        return sold_f64 - self.slope_f64 * sold_f64 * sqrt(sold_f64)

    def sold_down_to_f64(self, marginal_f64: float) -> float:
        """Return where 1 - 1.5 c sqrt(s) is the marginal value."""
        return ((1.0 - marginal_f64) / (1.5 * self.slope_f64)) ** 2 if self.slope_f64 else inf


@dataclass(frozen=True, slots=True)
class ConstantProductImpact:
    """A pool of constant product: `quote_value_f64` is L, `fee_f64` a fraction of what is sold."""

    quote_value_f64: float
    fee_f64: float = 0.0

    def proceeds_f64(self, sold_f64: float) -> float:
        """Return L g s / (L + g s)."""
        kept_f64 = (1.0 - self.fee_f64) * sold_f64
        return self.quote_value_f64 * kept_f64 / (self.quote_value_f64 + kept_f64)

    def sold_down_to_f64(self, marginal_f64: float) -> float:
        """Return where g L^2 / (L + g s)^2 is the marginal value; zero where not even the first unit brings it."""
        kept_f64 = 1.0 - self.fee_f64
        return max(0.0, self.quote_value_f64 * (sqrt(kept_f64 / marginal_f64) - 1.0) / kept_f64)


class TabulatedImpact:
    """Measured depth: proceeds at given sales, between them straight lines, after the last nothing more.

    Points that a concave curve through the others passes over are left out: a worse price for less is a routing error.
    """

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        steps = pairwise([(0.0, 0.0), *points])
        if not points or any(not (sold - before > 0 and 0 <= brought - had <= sold - before)
                             for (before, had), (sold, brought) in steps):  # fmt: skip
            raise ConfigError(f"depth {list(points)} does not rise from (0, 0) with no unit above its price")
        self._sold, self._brought = zip(*_concave_hull([(0.0, 0.0), *points]), strict=True)

    def proceeds_f64(self, sold_f64: float) -> float:
        """Return the proceeds on the line that the sale lies on."""
        piece = bisect_right(self._sold, sold_f64) - 1
        if piece == len(self._sold) - 1:
            return float(self._brought[-1])
        return float(self._brought[piece] + (sold_f64 - self._sold[piece]) * self._slope_f64(piece))

    def sold_down_to_f64(self, marginal_f64: float) -> float:
        """Return the end of the last line that is at least so steep."""
        steep = [piece for piece in range(len(self._sold) - 1) if self._slope_f64(piece) >= marginal_f64]
        return float(self._sold[steep[-1] + 1]) if steep else 0.0

    def _slope_f64(self, piece: int) -> float:
        return float((self._brought[piece + 1] - self._brought[piece]) / (self._sold[piece + 1] - self._sold[piece]))


def _concave_hull(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no line between two others passes above."""
    hull: list[tuple[float, float]] = []
    for sold, brought in points:
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], (sold, brought)):
            hull.pop()
        hull.append((sold, brought))
    return hull


def _turns_up(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    return (second[1] - first[1]) * (third[0] - second[0]) <= (third[1] - second[1]) * (second[0] - first[0])
