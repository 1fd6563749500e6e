"""Oracle choices for one asset: which sources make its price, and when that price may not be used.

A choice turns the same two records, a venue's prices and a pool's, into rounds of its own sources; `rules/oracle.py` judges each
of them, and only where its strict policy lets accounts be liquidated is a mark *usable*. The last source is par, one for one, at
which the issuer takes the asset back. An average over a window w is exact in integers, rounded down:

    average(t) = (area under the steps up to t - area up to t - w) / w
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from seawall.fixed import WAD, div_down
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import OracleRound
from seawall.rules.action import Action
from seawall.rules.mark_price import median_price
from seawall.rules.oracle import STRICT_POLICY, latest_rounds, mark_price, price_refusal
from seawall.studies.price_steps import PriceSteps
from seawall.units import Milliseconds, Price

PAR_PRICE: Final[Price] = WAD
MINUTE_MS: Final[Milliseconds] = 60_000

Point = tuple[Milliseconds, Price]


class Records(NamedTuple):
    """What a venue and a pool said, from some while before `since` on."""

    venue: PriceSteps
    pool: PriceSteps
    since: Milliseconds


class OracleChoice(NamedTuple):
    """A name, the sources in order (the first makes the price), and the rule that judges them."""

    name: str
    sources: Callable[[Records], Sequence[PriceSteps]]
    rule: OracleRule


def averaged(steps: PriceSteps, window_ms: Milliseconds, since: Milliseconds) -> PriceSteps:
    """Return the average over the window that ends at each step from `since` on; the first step stands back to before."""
    spans = (
        price * (after - before) for (before, after), price in zip(pairwise(steps.times), steps.prices, strict=False)
    )
    areas = dict(zip(steps.times, accumulate(spans, initial=0), strict=True))
    first = steps.times[0]

    def area(at: Milliseconds) -> int:
        if at < first:
            return steps.prices[0] * (at - first)
        place = steps.place_at(at)
        return areas[steps.times[place]] + steps.prices[place] * (at - steps.times[place])

    points = [(at, div_down(area(at) - area(at - window_ms), window_ms)) for at in steps.times if at >= since]
    return PriceSteps(f"{steps.name}, averaged", points)


def middle_of_three(records: Records) -> PriceSteps:
    """Return the median of venue, pool and par, whenever one of them speaks."""
    times = sorted({at for steps in (records.venue, records.pool) for at in steps.times if at >= records.since})
    return PriceSteps(
        "median", [(at, median_price(records.venue.price_at(at), records.pool.price_at(at), PAR_PRICE)) for at in times]
    )


def usable_marks(choice: OracleChoice, records: Records) -> list[Point]:
    """Return, in order of time, every mark on which accounts may be liquidated under a choice."""
    rounds: dict[int, OracleRound] = {}
    marks = []
    arrivals = sorted(
        (
            (at, number, price)
            for number, steps in enumerate(choice.sources(records))
            for at, price in zip(steps.times, steps.prices, strict=True)
            if at >= records.since
        ),
        key=itemgetter(0, 1),
    )
    for at, number, price in arrivals:
        before = rounds
        rounds = latest_rounds(before, (OracleRound(0, price, at, number),))
        state, mark = mark_price(rounds, before, choice.rule, at)
        if mark is not None and price_refusal(STRICT_POLICY, state, Action.LIQUIDATE) is None:
            marks.append((at, mark))
    return marks


def _venue_averaged(window_ms: Milliseconds) -> Callable[[Records], Sequence[PriceSteps]]:
    return lambda records: [averaged(records.venue, window_ms, records.since)]


CHOICES: Final = (
    OracleChoice("venue, last price", lambda records: [records.venue], OracleRule()),
    OracleChoice("venue, average of 10 minutes", _venue_averaged(10 * MINUTE_MS), OracleRule()),
    OracleChoice("venue, average of 1 hour", _venue_averaged(60 * MINUTE_MS), OracleRule()),
    OracleChoice("venue, no step above 5 %", lambda records: [records.venue], OracleRule(step_ratio_max=WAD // 20)),
    OracleChoice("venue, not below 0.95", lambda records: [records.venue], OracleRule(price_min=95 * WAD // 100)),
    OracleChoice(
        "venue, while the pool is within 2 %", lambda records: [records.venue, records.pool],
        OracleRule(divergence_ratio_max=WAD // 50),
    ),
    OracleChoice("median of venue, pool and par", lambda records: [middle_of_three(records)], OracleRule()),
    OracleChoice("pool", lambda records: [records.pool], OracleRule()),
)  # fmt: skip
