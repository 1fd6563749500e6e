"""A comparison as the rows of short tables: what it cost, how long it took, and at which prices it was filled.

With several seeds a second row of each protocol, marked ±, holds the half-widths of the intervals.
"""

from itertools import pairwise
from typing import Final

from seawall.app.comparison import Column, Comparison
from seawall.app.number_text import short_value
from seawall.fixed import WAD
from seawall.studies.compare import DISCOUNT_EDGES, LENDERS
from seawall.studies.interval import Interval

Table = tuple[list[str], list[list[str]]]

LOSSES: Final = {
    "Bad debt": "bad_debt_f64",
    "Uncovered": "uncovered_f64",
    "Borrowers": "borrower_loss_f64",
    "at market": "borrower_market_loss_f64",
    "Keepers": "keeper_taken_f64",
    "profit": "keeper_profit_f64",
    "Fees": "fee_f64",
    "Buffers": "buffers_f64",
    "Lenders": "lenders_f64",
}
TIMES: Final = {
    "Repaid": "repaid_f64",
    "Fills": "liquidations_f64",
    "Account-hours": "account_hours_f64",
    "Value-hours": "value_hours_f64",
    "Haircut": "worst_haircut_f64",
    "Gini": "haircut_gini_f64",
    "Discount": "discount_f64",
}
DIFFERENCES: Final = {
    "Bad debt": "bad_debt_f64",
    "Borrowers at market": "borrower_market_loss_f64",
    "Keepers": "keeper_taken_f64",
    "Value-hours": "value_hours_f64",
}
AUCTIONS: Final = {
    "Lots": "auctions_left_f64",
    "Debt not raised": "auction_debt_f64",
    "Lots' value": "auction_lots_f64",
}
MEANINGS: Final = (
    "Bad debt is what was written off. Uncovered is what collateral, lots on auction among it, did not cover at the end and "
    "nobody wrote off.",
    "Borrowers: what they lost beyond their debts at the oracle's prices; at market: at the undisturbed price of the path.",
    "Keepers: the market value of what they seized and were rewarded with, less what they paid; profit: what is left after "
    "their own sales moved the market.",
    "Fees are the protocol's, an auction's surplus among them. Buffers and Lenders are who paid for the bad debt.",
)
TIME_MEANINGS: Final = (
    "Account-hours: how long accounts stood below the line, added up; value-hours: that times what they owed meanwhile.",
    "Haircut: the worst share that lenders of a market lost of what they had lent; Gini: how unevenly markets bore it, 0 where "
    "all lost the same share; discount: the mean of what keepers paid less than the market.",
)
_SHARES: Final = {"worst_haircut_f64", "discount_f64"}


def column_name(column: Column) -> str:
    """Return what a column is called."""
    return column.protocol if column.thresholds == "both" else f"{column.protocol} {column.thresholds}"


def loss_table(comparison: Comparison) -> Table:
    """Return the columns and rows of what the crash cost whom."""
    return _measured(comparison, LOSSES)


def time_table(comparison: Comparison) -> Table:
    """Return the columns and rows of how long it took, and how evenly lenders bear what is left."""
    return _measured(comparison, TIMES)


def auction_table(comparison: Comparison) -> Table:
    """Return the columns and rows of what is still on auction at the end, of the protocols that have something there."""
    heading, rows = _measured(comparison, AUCTIONS)
    names = {column_name(column) for column in comparison.columns if any(column.values("auctions_left_f64"))}
    shown = [nth for nth, row in enumerate(rows) if row[0] in names]
    if len(comparison.columns[0].runs) > 1:
        shown = [place for nth in shown for place in (nth, nth + 1)]
    return heading, [rows[nth] for nth in shown]


def payer_table(comparison: Comparison) -> Table:
    """Return the columns and rows of who paid for the bad debt, buffers by name and lenders last; means over seeds."""
    paid = [column.paid_f64() for column in comparison.columns]
    found = {name for by_name in paid for name in by_name}
    names = [*sorted(found - {LENDERS}), *sorted(found & {LENDERS})]
    rows = [
        [column_name(column), *(value_text(by_name.get(name, 0.0)) for name in names)]
        for column, by_name in zip(comparison.columns, paid, strict=True)
    ]
    return ["Protocol", *(name.replace("_", " ") for name in names)], rows if names else []


def unsold_lines(comparison: Comparison) -> list[str]:
    """Return one line for each column whose lots found no buyer at all: its losses are unknown, not nothing."""
    return [
        f"{column_name(column)}: its auctions began and sold nothing, because no keeper here bids where bids are held and "
        "rise; its zeros are of what is unknown, and what it took over is still on auction."
        for column in comparison.columns
        if any(column.values("auctions_left_f64")) and not any(column.values("liquidations_f64"))
    ]


def difference_table(comparison: Comparison) -> Table:
    """Return the columns and rows of differences to the first protocol; a star where the interval leaves zero out."""
    rows = []
    for nth in range(1, len(comparison.columns)):
        found = [comparison.difference(nth, measure) for measure in DIFFERENCES.values()]
        rows.append([
            column_name(comparison.columns[nth]),
            *(
                f"{value_text(each.mean_f64)} ± {value_text(each.half_width_f64 or 0.0)}{' ' if each.holds_zero else '*'}"
                for each in found
            ),
        ])  # fmt: skip
    return ["Protocol", *DIFFERENCES], rows


def fill_table(comparison: Comparison) -> Table:
    """Return the columns and rows of the histogram: the share of what was repaid, by the discount to the market."""
    rows = [
        [column_name(column), *(_percent(share) if share else "" for share in fill_shares(column))]
        for column in comparison.columns
    ]
    return ["Protocol", *discount_labels()], rows


def discount_labels() -> list[str]:
    """Return what each bar of the histogram stands for."""
    edges = [f"{100 * edge:g}" for edge in DISCOUNT_EDGES]
    return ["above", *(f"{low}–{high} %" for low, high in pairwise(edges)), f"over {edges[-1]} %"]


def fill_shares(column: Column) -> list[float]:
    """Return the share of everything repaid that was filled in each range of discounts, over all seeds."""
    sums = [sum(fills) for fills in zip(*(run.measured.measures.fills_f64 for run in column.runs), strict=True)]
    whole = sum(sums)
    return [part / whole if whole else 0.0 for part in sums]


def hosting_lines(comparison: Comparison) -> list[str]:
    """Return one line for each column whose book is not the whole book as it stood."""
    lines = []
    for column in comparison.columns:
        hosting = column.runs[0].hosting
        said = [*hosting["rules"], *(_left_out(reason, lost) for reason, lost in hosting["left_out"].items())]
        if said:
            health = f"Health at the start {hosting['health_f64']:.3f}, before {hosting['health_before_f64']:.3f}."
            lines.append(f"{column_name(column)}: {' '.join([*said, health])}")
    return lines


def neutrality_line(comparison: Comparison) -> str:
    """Return the sentence on whose limits chose the book."""
    return (
        f"The book was chosen by the limits of {comparison.source}: it is not neutral for another protocol, whose "
        "borrowers would have borrowed otherwise."
    )


def value_text(value_f64: float) -> str:
    """Return a value in short."""
    return short_value(round(value_f64 * WAD))


def _measured(comparison: Comparison, measures: dict[str, str]) -> Table:
    rows = []
    for nth, column in enumerate(comparison.columns):
        found = {measure: comparison.interval(nth, measure) for measure in measures.values()}
        rows.append([column_name(column), *(_text(measure, each.mean_f64) for measure, each in found.items())])
        if len(column.runs) > 1:
            rows.append(["  ±", *(_text(measure, _width(each)) for measure, each in found.items())])
    return ["Protocol", *measures], rows


def _width(found: Interval) -> float:
    return found.half_width_f64 or 0.0


def _text(measure: str, number_f64: float) -> str:
    if measure == "haircut_gini_f64":
        return f"{number_f64:.2f}"
    return _percent(number_f64) if measure in _SHARES else value_text(number_f64)


def _left_out(reason: str, lost: dict[str, float]) -> str:
    return (
        f"Left out, {reason}: {lost['accounts']:,} accounts, collateral {value_text(lost['collateral_value_f64'])}, "
        f"debt {value_text(lost['debt_value_f64'])}."
    )


def _percent(share_f64: float) -> str:
    return f"{100 * share_f64:.1f} %"
