"""Lots of a crash under a Dutch auction, bought by keepers whose capital comes back only after a while.

Every lot starts at the oracle's price times `start_ratio` and falls as `rules/dutch_auction.py` has it. Keepers see a lot
`latency` after its start and buy it whole as soon as its price is at most the market's less their margin and they have the
money, the cheapest first; a lot that they cannot pay goes on falling. What they paid comes back after `recycle`. A lot that is
spent starts again at once, at what the oracle then says. The world is looked at every `TICK` seconds, about a block.

Assumed: the time of an auction's last bid stands for its start, a dollar is a DAI, keepers sell at the market's price whatever
they sell, and none of them leaves. So this bounds what a rule can do; it is no other history.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seawall.fixed import MILLISECONDS_PER_SECOND, RAY, WAD
from seawall.rules.dutch_auction import StairstepCurve, is_spent
from seawall.studies.maker_auctions import SoldLot
from seawall.studies.price_steps import PriceSteps

TICK: Final = 15
PATIENCE: Final = 86_400
"""Seconds after the last start; what is unsold then fetched nothing."""


class AuctionRule(NamedTuple):
    """A Dutch auction: start over the oracle's price, the curve, and when it is spent."""

    name: str
    start_f64: float
    curve: StairstepCurve
    seconds_max: int = 8_400
    share_ray_min: int = 4 * RAY // 10


class Keepers(NamedTuple):
    """Who buys: seconds to see a lot, the margin below the market, capital in dollars (None: any), seconds until it is back."""

    latency: int
    margin_f64: float
    capital_f64: float | None = None
    recycle: int = 3_600


class Sales(NamedTuple):
    """What came of it: what was paid, seconds from start to sale by lot (NaN: unsold), restarts, the most capital in use."""

    paid_f64: float
    seconds_f64: NDArray[np.float64]
    restart_count: int
    capital_used_f64: float


def market_value_f64(lots: Sequence[SoldLot], market: PriceSteps) -> float:
    """Return what lots were worth on the market when they were started, in dollars."""
    return sum(sold.lot * market.price_at(sold.bid_at) for sold in lots) / WAD / WAD


def stair_shares_f64(rule: AuctionRule) -> NDArray[np.float64]:
    """Return what is left of the start price on each stair, as far as the auction lasts."""
    shares = []
    seconds = 0
    while not is_spent(RAY, share_ray := rule.curve.share_ray(seconds), seconds, rule.seconds_max, rule.share_ray_min):
        shares.append(share_ray / RAY)
        seconds += rule.curve.step_seconds
    return np.array(shares)


def sales_of(
    lots: Sequence[SoldLot], rule: AuctionRule, keepers: Keepers, oracle: PriceSteps, market: PriceSteps
) -> Sales:
    """Sell lots, given in order of their starts, until all are sold or patience ends."""
    shares = stair_shares_f64(rule)
    arrivals = np.array([sold.bid_at // MILLISECONDS_PER_SECOND for sold in lots])
    ether = np.array([sold.lot / WAD for sold in lots])
    starts, start_prices = arrivals.copy(), np.zeros(len(lots))
    seconds = np.full(len(lots), np.nan)
    returns: deque[tuple[int, float]] = deque()
    paid = in_use = most = 0.0
    restarts = come = 0
    running = np.zeros(0, np.int64)
    at = int(arrivals[0])
    while (come < len(lots) or running.size) and at <= arrivals[-1] + PATIENCE:
        if not running.size and at < arrivals[come]:
            at += TICK * -((at - int(arrivals[come])) // TICK)
        arrived = int(np.searchsorted(arrivals, at, side="right"))
        for nth in range(come, arrived):
            start_prices[nth] = rule.start_f64 * oracle.price_at(lots[nth].bid_at) / WAD
        running, come = np.concatenate((running, np.arange(come, arrived))), arrived
        while returns and returns[0][0] <= at:
            in_use -= returns.popleft()[1]
        stairs = (at - starts[running]) // rule.curve.step_seconds
        if (spent := running[stairs >= shares.size]).size:
            starts[spent] = at
            start_prices[spent] = rule.start_f64 * oracle.price_at(at * MILLISECONDS_PER_SECOND) / WAD
            restarts += spent.size
            stairs = (at - starts[running]) // rule.curve.step_seconds
        prices = start_prices[running] * shares[stairs]
        limit = market.price_at(at * MILLISECONDS_PER_SECOND) / WAD * (1.0 - keepers.margin_f64)
        is_wanted = (prices <= limit) & (at - arrivals[running] >= keepers.latency)
        bought = _bought(running[is_wanted], prices[is_wanted], ether, keepers, in_use)
        if bought:
            spending = sum(cost for _, cost in bought)
            returns.append((at + keepers.recycle, spending))
            paid, in_use = paid + spending, in_use + spending
            most = max(most, in_use)
            taken = [nth for nth, _ in bought]
            seconds[taken] = at - arrivals[taken]
            running = running[np.isnan(seconds[running])]
        at += TICK
    return Sales(paid, seconds, restarts, most)


def _bought(
    wanted: NDArray[np.int64], prices: NDArray[np.float64], ether: NDArray[np.float64], keepers: Keepers, in_use: float
) -> list[tuple[int, float]]:
    """Return the lots that capital is there for, the cheapest first and of equals the earlier, with their costs."""
    costs = prices * ether[wanted]
    left = np.inf if keepers.capital_f64 is None else keepers.capital_f64 - in_use
    bought: list[tuple[int, float]] = []
    if not costs.size or costs.min() > left:
        return bought
    for place in np.argsort(prices, kind="stable"):
        if costs[place] <= left:
            bought.append((int(wanted[place]), float(costs[place])))
            left -= costs[place]
    return bought
