"""An oracle feed: it looks at the market once a tick and publishes when the price has moved or time has passed.

A publication happens at the first tick at which |price − last| ≥ deviation · last or at which the last publication
is `heartbeat_ms` old or older; it becomes known in the first block at or after that tick plus `delay_ms`. The price
of the first tick is the feed's opening value: it stands from the start and is not counted as an update. So a feed
is never silent for longer than its heartbeat, rounded up to a tick.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from seawall.fixed import WAD
from seawall.units import Milliseconds, Price, Ratio
from seawall.world.price_path import Grid


class FeedRule(msgspec.Struct, frozen=True):
    """When a feed publishes, and how long a publication takes to reach a block."""

    deviation_ratio: Ratio
    heartbeat_ms: Milliseconds
    delay_ms: Milliseconds = 0


class Publication(NamedTuple):
    """A price and the time at which the feed saw it."""

    observed_at: Milliseconds
    price: Price


def publications(grid: Grid, prices: Sequence[Price], rule: FeedRule) -> list[Publication]:
    """Return the opening value and, after it, every update."""
    published = [Publication(grid.start_at, prices[0])]
    last_price, last_at = prices[0], grid.start_at
    for tick, price in enumerate(prices):
        at = grid.at(tick)
        has_moved = abs(price - last_price) * WAD >= rule.deviation_ratio * last_price and tick > 0
        if has_moved or at - last_at >= rule.heartbeat_ms:
            published.append(Publication(at, price))
            last_price, last_at = price, at
    return published
