"""A price that stands until the next one: what was known of it at any moment, and nothing of what came after."""

from bisect import bisect_right
from collections.abc import Sequence

from seawall.errors import DataError
from seawall.units import Milliseconds, Price


class PriceSteps:
    """Prices in order of their times; of two at one time the later stands."""

    def __init__(self, name: str, points: Sequence[tuple[Milliseconds, Price]]) -> None:
        self.name = name
        self.times = [at for at, _ in points]
        self.prices = [price for _, price in points]

    def price_at(self, at: Milliseconds) -> Price:
        """Return the price that stood at a time; DataError where none was known yet."""
        return self.prices[self.place_at(at)]

    def place_at(self, at: Milliseconds) -> int:
        """Return which price stood at a time; DataError where none was known yet."""
        place = bisect_right(self.times, at)
        if not place:
            raise DataError(f"no price of {self.name} at {at} ms: the first is at {self.times[0]} ms")
        return place - 1
