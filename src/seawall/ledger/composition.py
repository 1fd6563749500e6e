"""A composition: a protocol that a user put together, whole, as the first event of its journal carries it."""

import msgspec

from seawall.ledger.deployment import Absorber
from seawall.ledger.liquidation_rule import LiquidationRule
from seawall.units import Milliseconds, Ratio, Value


class DutchTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """How collateral is sold by Dutch auction: ratios WAD, values whole debt assets, WAD.

    The price starts at `start_ratio` of the oracle's and falls along a line to zero after `fall_seconds`, or after every
    `step_seconds` to `step_ratio` of what it was. After `seconds_max`, or below `spent_ratio` of its start, an auction is
    spent. Limits are on what all auctions are to raise; rewards are for whoever starts one. Between two events its clock
    runs for at most `gap_ms_max`.
    """

    start_ratio: Ratio
    seconds_max: int
    market_due_value_max: Value
    total_due_value_max: Value
    fall_seconds: int = 0
    step_seconds: int = 0
    step_ratio: Ratio = 0
    spent_ratio: Ratio = 0
    reward_value: Value = 0
    reward_ratio: Ratio = 0
    gap_ms_max: Milliseconds = 300_000


class BatchTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """How collateral is sold by batch: bids are collected for `bid_ms`, from `price_ratio_min` of the oracle's price on.

    One bidder gets at most `bidder_ratio_max` of what is for sale. Ratios are WAD; between two events the clock runs for at
    most `gap_ms_max`.
    """

    bid_ms: Milliseconds
    price_ratio_min: Ratio
    bidder_ratio_max: Ratio
    gap_ms_max: Milliseconds = 300_000


class Composition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Its name and version, when and how much is liquidated at what bonus, how it is sold, and who pays what is left.

    Without `dutch` or `batch` keepers fill orders at a fixed spread. Without `absorbers` of its own whoever runs it says who pays.
    """

    name: str
    version: str
    rule: LiquidationRule
    absorbers: tuple[Absorber, ...] = ()
    dutch: DutchTerms | None = None
    batch: BatchTerms | None = None

    @property
    def label(self) -> str:
        """The name by which people know it: NAME@VERSION."""
        return f"{self.name}@{self.version}"
