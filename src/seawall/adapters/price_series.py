"""One symbol's prices in order of time, and what a reader should know of them: silences and jumps.

Neither is an error. A gap is a silence longer than twice the usual step (the median), a jump a move of more than
20 % from one point to the next; the oracle's rule meets both, and the report counts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from seawall.fixed import WAD, mul_div_down
from seawall.units import Milliseconds, Price, Ratio

GAP_STEPS: Final = 2
JUMP_RATIO: Final = WAD // 5

Point = tuple[Milliseconds, Price]


@dataclass(frozen=True, slots=True)
class Gaps:
    """How many gaps, the longest, and the time of the row before it; zeros where there is none."""

    count: int
    largest_ms: Milliseconds
    largest_at: Milliseconds


@dataclass(frozen=True, slots=True)
class Jumps:
    """How many jumps, the largest relative to the price before, and the time it led to; zeros where there is none."""

    count: int
    largest_ratio: Ratio
    largest_at: Milliseconds


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """A symbol's points from one file; `usual_step_ms` is 0 where the file has one row of it."""

    symbol: str
    path: Path
    points: list[Point]
    usual_step_ms: Milliseconds
    gaps: Gaps
    jumps: Jumps


def price_series(
    symbol: str, path: Path, points: list[Point], opens_at: Sequence[Milliseconds], usual_step_ms: Milliseconds
) -> PriceSeries:
    """Put the points together with their gaps, measured between rows (`opens_at`), and their jumps."""
    gaps = _gaps(opens_at, GAP_STEPS * usual_step_ms)
    return PriceSeries(symbol, path, points, usual_step_ms, gaps, _jumps(points))


def _gaps(opens_at: Sequence[Milliseconds], longest_ms: Milliseconds) -> Gaps:
    silences = [(later - earlier, earlier) for earlier, later in pairwise(opens_at)]
    wide = [silence for silence in silences if silence[0] > longest_ms]
    return Gaps(len(wide), *max(wide, default=(0, 0), key=_size))


def _jumps(points: Sequence[Point]) -> Jumps:
    moves = [(mul_div_down(abs(after - before), WAD, before), at) for (_, before), (at, after) in pairwise(points)]
    wide = [move for move in moves if move[0] > JUMP_RATIO]
    return Jumps(len(wide), *max(wide, default=(0, 0), key=_size))


def _size(found: tuple[int, int]) -> int:
    """Order by size alone, so that of equals the first one is named."""
    return found[0]
