"""What it costs to clear a batch of sealed bids for one lot pool, beside sorting them, without which there is no price."""

import random

from benchmarks.processor_time import least_seconds
from benchmarks.table import Row

from seawall.rules.batch_auction import SealedBid, clear, deliveries

BIDS = 10_000
ACCOUNTS = 100
ROUNDS = 15
MILLISECONDS_MAX = 15.0
UNIT = 10**18


def measure() -> list[Row]:
    """Return the row: one price, every fill, and which account of the pool sells what of it."""
    dice = random.Random(1)
    bids = [
        SealedBid(dice.randrange(500), nth, dice.randrange(180, 220) * 10**6, dice.randrange(1, 10) * UNIT, nth)
        for nth in range(BIDS)
    ]
    supply_amount = sum(bid.amount for bid in bids) // 2
    offered_amounts = [supply_amount // ACCOUNTS] * (ACCOUNTS - 1)
    offered_amounts.append(supply_amount - sum(offered_amounts))
    bidder_amount_max = supply_amount // 100

    def settle() -> None:
        cleared = clear(supply_amount, UNIT, 150 * 10**6, bids, bidder_amount_max)
        deliveries(cleared, offered_amounts)

    milliseconds = 1e3 * least_seconds(settle, ROUNDS)
    sorting = 1e3 * least_seconds(lambda: sorted(bids), ROUNDS)
    what = f"batch clearing, {BIDS:,} bids, one pool of {ACCOUNTS} accounts; of sorting the bids"
    return [Row(what, milliseconds, "ms", MILLISECONDS_MAX, milliseconds / sorting, ok=milliseconds < MILLISECONDS_MAX)]
