"""Black Thursday: 4,865 real auctions of Maker, how many went for nothing, and what capital a falling price would have needed.

What happened is a *data check*. Keepers' capacity by hour is *fitted* on 12 March (`keeper_capacity.py`) and the zero bids of 13
March are *predicted* from it. What the same lots would fetch in a Dutch auction is *predicted* by `limited_capital.py`, for
keepers of three speeds and for what they have to spend: without limit it must come out at the published shares.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from seawall.fixed import RAY, WAD
from seawall.rules.dutch_auction import StairstepCurve
from seawall.studies.keeper_capacity import (
    Capacity,
    Hour,
    fitted_capacities,
    hours_of,
    usual_price_ratio_f64,
    zero_share_f64,
)
from seawall.studies.limited_capital import AuctionRule, Keepers, Sales, market_value_f64, sales_of
from seawall.studies.maker_auctions import (
    AFTER,
    FIRST_DAY,
    SECOND_DAY,
    SoldLot,
    auction_checks,
    read_auctions,
    sold_between,
    value_of,
)
from seawall.studies.maker_oracle import oracle_checks, read_market, read_oracle
from seawall.studies.price_steps import PriceSteps
from seawall.studies.study import Cell, Chart, Claim, Line, Progress, StudyOutcome, Table, rounded_text
from seawall.studies.utc_text import moment_text

NAME: Final = "black_thursday_auctions"
TITLE: Final = "Black Thursday: Maker's auctions of 12 and 13 March 2020, and the capital that was missing"

RULES: Final = (
    AuctionRule("1.2 x oracle, 1 % less every 90 s", 1.2, StairstepCurve(90, 99 * RAY // 100)),
    AuctionRule("1.1 x oracle, 0.3 % less every 30 s", 1.1, StairstepCurve(30, 997 * RAY // 1_000)),
    AuctionRule("1.3 x oracle, 1 % less every 60 s", 1.3, StairstepCurve(60, 99 * RAY // 100)),
)
SPEEDS: Final = {
    "at once, no margin": Keepers(0, 0.0),
    "after 10 minutes, 2 %": Keepers(600, 0.02),
    "after 30 minutes, 5 %": Keepers(1_800, 0.05),
}
MIDDLE: Final = "after 10 minutes, 2 %"
PUBLISHED: Final = (("98.1", "95.8", "91.9"), ("98.6", "96.4", "88.6"), ("98.5", "96.2", "91.0"))
TOLERANCE_F64: Final = 0.1
"""Points of a per cent by which a published share may be missed: how often its keepers looked is not published."""
CAPITALS: Final = (500_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000, 6_000_000)
RECYCLES: Final = {"15 minutes": 900, "1 hour": 3_600, "4 hours": 14_400}
SHOWN_CAPITALS: Final = (1_000_000, 2_000_000, 4_000_000)


class _Crash(NamedTuple):
    """The lots of both days, the oracle, the market, and the lots' value on it."""

    lots: Sequence[SoldLot]
    oracle: PriceSteps
    market: PriceSteps
    value_f64: float

    def sales(self, rule: AuctionRule, keepers: Keepers) -> Sales:
        """Sell every lot."""
        return sales_of(self.lots, rule, keepers, self.oracle, self.market)

    def share_f64(self, sales: Sales) -> float:
        """Return what was fetched, % of the market's value."""
        return 100 * sales.paid_f64 / self.value_f64


def study(data: Path, progress: Progress) -> StudyOutcome:
    """Return the study of the auctions in a folder of recorded crashes."""
    steps = len(RULES) + len(SPEEDS) + 1
    progress(0, steps)
    every, oracle, market = read_auctions(data), read_oracle(data), read_market(data)
    lots = sold_between(every, FIRST_DAY, AFTER)
    crash = _Crash(lots, oracle, market, market_value_f64(lots, market))
    share_lines, unlimited = _unlimited(crash, progress, steps)
    curves: dict[str, tuple[float | None, ...]] = {}
    for nth, (name, keepers) in enumerate(SPEEDS.items(), start=1 + len(RULES)):
        limited = [keepers._replace(capital_f64=float(capital)) for capital in CAPITALS]
        curves[name] = tuple(crash.share_f64(crash.sales(RULES[0], each)) for each in (*limited, keepers))
        progress(nth, steps)
    recycles = _recycle_table(crash)
    progress(steps, steps)
    actual_f64 = 100 * value_of(lots, lambda sold: sold.won_price) / WAD / crash.value_f64
    fitted, predicted = _capacity_parts(every)
    return StudyOutcome(
        NAME, TITLE, _story(curves, actual_f64, predicted.share_f64, predicted.found_f64),
        (
            *auction_checks(every), *oracle_checks(oracle, market), *fitted.lines, *predicted.lines, *share_lines,
            Line("what the auctions fetched, % of the market's value", Claim.DATA_CHECK, f"{actual_f64:.1f}", "43.0",
                 f"{actual_f64:.1f}" == "43.0"),
        ),
        (fitted.table, predicted.table, unlimited, recycles), (_curve_chart(curves), _hour_chart(predicted)), NOTES,
    )  # fmt: skip


NOTES: Final = (
    "A zero bid won below 1 DAI an ether. An auction is counted on the day and in the hour of its last bid, UTC.",
    "The first window of zero bids ends seven minutes after the published one, and 68 lots were dealt at zero around 00:23 on 13 "
    "March, before the second.",
    "Whether an hour's keepers lacked money, transactions that went through, or courage cannot be told apart: capacity is all of them.",
    "Dutch auctions: the last bid stands for the start, a dollar is a DAI (which traded at up to 1.1), keepers sell at the market's "
    "price whatever they sell, and look once in 15 seconds, a block. It bounds what a rule can do; it is no other history.",
    "Capital: a keeper's money is back one hour after it was spent, unless said otherwise. Loans that are taken and repaid within one "
    "transaction would lift the limit where an exchange on the chain is deep enough; then there was none that deep.",
    "A spent auction (8,400 s, or 40 % of its start price) starts again at once at the oracle's price of then.",
)


# -- keepers' capacity ------------------------------------------------------------------------------------


class _Fitted(NamedTuple):
    lines: list[Line]
    table: Table


class _Predicted(NamedTuple):
    lines: list[Line]
    table: Table
    share_f64: float
    found_f64: float
    hours: Sequence[Hour]
    shares_f64: Sequence[float]


def _capacity_parts(every: Sequence[SoldLot]) -> tuple[_Fitted, _Predicted]:
    """Fit capacities on the first day and predict the second, hour by hour."""
    first_day = sold_between(every, FIRST_DAY, SECOND_DAY)
    hours = hours_of(first_day)
    ratio_f64 = usual_price_ratio_f64(first_day)
    capacities = fitted_capacities(hours)
    lines = [
        Line("bids above zero over the oracle's price, 12 March, by value", Claim.FITTED, f"{ratio_f64:.3f}"),
        Line(
            "hours of 12 March that reached the keepers' capacity", Claim.FITTED, f"{len(capacities)} of {len(hours)}"
        ),
    ]
    return _Fitted(lines, _fitted_table(hours, ratio_f64)), _predicted(every, ratio_f64, capacities)


def _predicted(every: Sequence[SoldLot], ratio_f64: float, capacities: Sequence[Capacity]) -> _Predicted:
    hours = hours_of(sold_between(every, SECOND_DAY, AFTER))
    shares = [zero_share_f64(hour.oracle_value * ratio_f64, capacities) for hour in hours]
    total = sum(hour.lot_count for hour in hours)
    share_f64 = 100 * sum(share * hour.lot_count for share, hour in zip(shares, hours, strict=True)) / total
    found_f64 = 100 * sum(hour.zero_count for hour in hours) / total
    lines = [
        Line("zero bids of 13 March, % of its auctions (beside: the file)", Claim.PREDICTED, f"{share_f64:.1f}", f"{found_f64:.1f}"),
        Line("error of that prediction, points", Claim.PREDICTED, f"{share_f64 - found_f64:+.1f}"),
    ]  # fmt: skip
    table = Table(
        "13 March, hour by hour",
        "The share of zero bids that the capacities of 12 March lead to, beside what the file says. The hours together are met much "
        "better than any one of them: zero bids came in two hours and were predicted for all.",
        Claim.PREDICTED,
        ("Hour from", "Auctions", "Would have cost", "Zero bids predicted %", "Zero bids found %"),
        tuple(
            (
                moment_text(hour.starts_at), hour.lot_count, _cost_text(hour, ratio_f64), round(100 * share, 1),
                round(100 * hour.zero_count / hour.lot_count, 1),
            )
            for hour, share in zip(hours, shares, strict=True)
        ),
    )  # fmt: skip
    return _Predicted(lines, table, share_f64, found_f64, hours, shares)


def _fitted_table(hours: Sequence[Hour], ratio_f64: float) -> Table:
    return Table(
        "Keepers' capacity on 12 March, hour by hour",
        "What keepers paid in an hour, in DAI, beside what its lots would have cost at the usual price. Where lots went for nothing that "
        "was their capacity, else it was at least that.",
        Claim.FITTED,
        ("Hour from", "Capacity is", "Paid", "Would have cost", "Auctions", "Zero bids"),
        tuple(
            (
                moment_text(hour.starts_at), "reached" if hour.is_reached else "at least", rounded_text(hour.paid_amount, 0),
                _cost_text(hour, ratio_f64), hour.lot_count, hour.zero_count,
            )
            for hour in hours
        ),
        text_columns=2,
    )  # fmt: skip


def _cost_text(hour: Hour, ratio_f64: float) -> str:
    return f"{hour.oracle_value * ratio_f64 / WAD:,.0f}"


# -- the same lots in a Dutch auction ---------------------------------------------------------------------


def _unlimited(crash: _Crash, progress: Progress, steps: int) -> tuple[list[Line], Table]:
    """Return what keepers without a limit would pay under each rule, beside the published shares, how soon, and with how much."""
    lines: list[Line] = []
    rows: list[tuple[Cell, ...]] = []
    for nth, (rule, published) in enumerate(zip(RULES, PUBLISHED, strict=True), start=1):
        for (name, keepers), share_text in zip(SPEEDS.items(), published, strict=True):
            sales = crash.sales(rule, keepers)
            share_f64 = crash.share_f64(sales)
            holds = abs(share_f64 - float(share_text)) <= TOLERANCE_F64
            what = f"{rule.start_f64:g} x oracle, keepers {name}: share fetched, %, +/- 0.1"
            lines.append(Line(what, Claim.PREDICTED, f"{share_f64:.1f}", share_text, holds))
            half = round(float(np.nanmedian(sales.seconds_f64)))
            rows.append((rule.name, name, round(share_f64, 2), half, round(sales.capital_used_f64 / 1e6, 2)))
        progress(nth, steps)
    table = Table(
        "With all the capital that it takes",
        "Share of the market's value that a Dutch auction fetches from keepers of three speeds who never lack money, how many seconds half "
        "of the lots take, and the most capital that is out at once, $ million.",
        Claim.PREDICTED, ("Auction", "Keepers buy", "Share %", "Half sold, s", "Capital"), tuple(rows), text_columns=2,
    )  # fmt: skip
    return lines, table


def _recycle_table(crash: _Crash) -> Table:
    """Return how much the time matters that money takes to come back, for the keepers in the middle."""
    rows: list[tuple[Cell, ...]] = []
    for name, recycle in RECYCLES.items():
        keepers = SPEEDS[MIDDLE]._replace(recycle=recycle)
        limited = [keepers._replace(capital_f64=float(capital)) for capital in SHOWN_CAPITALS]
        shares = [round(crash.share_f64(crash.sales(RULES[0], each)), 1) for each in limited]
        rows.append((name, *shares, round(crash.sales(RULES[0], keepers).capital_used_f64 / 1e6, 2)))
    return Table(
        "How fast money comes back",
        f"Share of the market's value that keepers who see a lot {MIDDLE} recover, by what they have and when it is back after it was "
        "spent; and what they must have never to lack it, $ million.",
        Claim.PREDICTED,
        ("Back after", *(f"{capital / 1e6:g} M %" for capital in SHOWN_CAPITALS), "Never lacked"),
        tuple(rows),
    )


# -- what is said -----------------------------------------------------------------------------------------


def _story(curves: dict[str, tuple[float | None, ...]], actual_f64: float, share_f64: float, found_f64: float) -> str:
    fast = next(iter(curves.values()))
    return (
        f"Of the market's value the auctions fetched {actual_f64:.0f} %. Under a price that falls by itself the same lots fetch "
        f"{fast[-1]:.0f} % from fast keepers, if they have the money: with {CAPITALS[0] / 1e6:g} million dollars that come back in an hour "
        f"{fast[0]:.0f} %, with {CAPITALS[3] / 1e6:g} million {fast[3]:.0f} %. Capacity fitted on 12 March predicts {share_f64:.0f} % zero bids for "
        f"13 March; the file says {found_f64:.0f} %."
    )


def _curve_chart(curves: dict[str, tuple[float | None, ...]]) -> Chart:
    return Chart(
        "What capital recovers",
        f"Share of the market's value, by what all keepers together have to spend, in dollars that are back in an hour; {RULES[0].name}.",
        Claim.PREDICTED,
        (*(f"{capital / 1e6:g} M" for capital in CAPITALS), "no limit"),
        curves,
        is_percentage=True,
    )


def _hour_chart(predicted: _Predicted) -> Chart:
    hours = predicted.hours
    return Chart(
        "Zero bids of 13 March", "The share that the capacities of 12 March lead to, and what the file says.", Claim.PREDICTED,
        tuple(moment_text(hour.starts_at) for hour in hours),
        {
            "predicted": tuple(100 * share for share in predicted.shares_f64),
            "found": tuple(100 * hour.zero_count / hour.lot_count for hour in hours),
        },
        is_percentage=True,
    )  # fmt: skip
