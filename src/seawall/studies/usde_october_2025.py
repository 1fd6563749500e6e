"""USDe on 10 October 2025: one venue printed 0.65, a pool on the chain never left one by 0.6 %; whom each oracle would have sold.

What both said is a *data check*. Whom an oracle would have sold is *predicted* on a generated book (`pegged_book.py`): nothing was
chosen on it, and it holds for that book only. Within a minute nobody knows whether the low came before the high: both are run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seawall.adapters.price_file import BarOrder, read_prices
from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, mul_div_down
from seawall.studies.number_columns import NumberColumns
from seawall.studies.oracle_choices import CHOICES, MINUTE_MS, PAR_PRICE, Records, usable_marks
from seawall.studies.pegged_book import Harm, harm, pegged_book
from seawall.studies.price_steps import PriceSteps
from seawall.studies.study import Chart, Claim, Line, Progress, StudyOutcome, Table, compared, rounded_text
from seawall.studies.utc_text import moment_text
from seawall.units import Milliseconds, Price

NAME: Final = "usde_october_2025"
TITLE: Final = "USDe on 10 October 2025: whom each oracle rule would have sold"
VENUE: Final = "prices/2025-10_usde_binance_spot_1m.csv.gz"
POOL: Final = "prices/2025-10-10_usde_usdt_uniswap_v3_per_block.csv.gz"
SYMBOL: Final = "USDEUSDT"
ACCOUNTS: Final = 1_000
SEED: Final = 1
BEFORE_MS: Final[Milliseconds] = 120 * MINUTE_MS
ORDERS: Final = (BarOrder.OPEN_LOW_HIGH_CLOSE, BarOrder.OPEN_HIGH_LOW_CLOSE)


def study(data: Path, progress: Progress) -> StudyOutcome:
    """Return the study of the venue's and the pool's prices in a folder of recorded crashes."""
    pool = read_pool(data)
    book = pegged_book(ACCOUNTS, SEED)
    steps = len(ORDERS) * len(CHOICES)
    found: list[list[Harm]] = []
    lowest_marks: list[Price] = []
    for nth, order in enumerate(ORDERS):
        records = Records(read_venue(data, pool, order), pool, pool.times[0])
        lowest_price = min(records.venue.prices)
        found.append([])
        for number, choice in enumerate(CHOICES):
            progress(nth * len(CHOICES) + number, steps)
            marks = usable_marks(choice, records)
            found[-1].append(harm(book, marks, pool, lowest_price))
            if not nth:
                lowest_marks.append(min(price for _, price in marks))
    progress(steps, steps)
    first, second = found
    return StudyOutcome(
        NAME, TITLE, _story(first), (*_data_checks(records, lowest_marks), *_claims(lowest_marks)),
        (_table(first, second, lowest_marks),), _charts(first), NOTES,
    )  # fmt: skip


NOTES: Final = (
    "The venue's prices are bars of a minute, four points each; the pool's are of every block. The pool's file states USDe for a USDT: "
    "its price is one over that.",
    "The book is generated: 1,000 accounts with 100 million USDe, loan-to-value evenly from 30 to 88 %, closed whole at a threshold of "
    "90 % and a bonus of 5 %. No figure on harm says more than what a rule does to that book.",
    "Sales move no price, and borrowers do not react. What borrowers lost is told at the pool's price, which held only because few sold "
    "there: it held 36 million dollars in all and could not have taken the book.",
    "Had the venue been right, a rule that waits leaves lenders with what its last column says. No rule is safe in both worlds; the "
    "median of three trusts that one of pool and issuer holds.",
)


def read_venue(data: Path, pool: PriceSteps, order: BarOrder) -> PriceSteps:
    """Return the venue's prices from two hours before the pool's first block up to its last."""
    series = read_prices(
        [data / VENUE], {SYMBOL}, since_ms=pool.times[0] - BEFORE_MS, until_ms=pool.times[-1], bar_order=order
    )[SYMBOL]  # fmt: skip
    return PriceSteps("USDe at the venue", series.points)


def read_pool(data: Path) -> PriceSteps:
    """Return the pool's price at every block; DataError where the file is missing or holds no numbers."""
    table = NumberColumns(data / POOL, ("ts", "token0Price"))
    return PriceSteps(
        "USDe at the pool",
        [
            (mul_div_down(at, MILLISECONDS_PER_SECOND, WAD), mul_div_down(WAD, WAD, each))
            for at, each in zip(table.wads("ts"), table.wads("token0Price"), strict=True)
        ],
    )


def _data_checks(records: Records, lowest_marks: Sequence[Price]) -> list[Line]:
    venue, pool = records.venue, records.pool
    lowest = min(venue.prices)
    lowest_at = venue.times[venue.prices.index(lowest)]
    apart = max(abs(price - PAR_PRICE) for price in pool.prices)
    minutes = sum(price < 97 * WAD // 100 for price in venue.prices[3::4])
    return [
        compared("the venue's lowest price", lowest, "0.6500"),
        Line("when", Claim.DATA_CHECK, moment_text(lowest_at), "10 October 21:54", moment_text(lowest_at) == "10 October 21:54"),
        compared("minutes that closed below 0.97 there", minutes * WAD, "59"),
        compared("the pool's largest distance from one, %", 100 * apart, "0.6"),
        _boolean("the venue's last price falls to 0.65", lowest_marks[0] == lowest),
        _boolean("the pool stays within 0.6 % of one", 1_000 * apart <= 6 * WAD),
    ]  # fmt: skip


def _claims(lowest_marks: Sequence[Price]) -> list[Line]:
    """Return the lowest price on which each oracle would have sold anybody."""
    return [
        Line(f"lowest usable mark: {choice.name}", Claim.PREDICTED, rounded_text(mark, 4))
        for choice, mark in zip(CHOICES, lowest_marks, strict=True)
    ]


def _boolean(what: str, holds: bool) -> Line:
    return Line(what, Claim.DATA_CHECK, "yes" if holds else "no", "yes", holds)


def _story(found: Sequence[Harm]) -> str:
    venue, hour, pool = found[0], found[2], found[-1]
    return (
        f"On a generated book of {ACCOUNTS:,} loans, an oracle that takes the venue's last price closes {venue.closed_count} accounts and "
        f"costs borrowers {_millions(venue.borrower_loss_value)} million dollars; the venue's average of an hour still closes "
        f"{hour.closed_count}. The pool's price closes {pool.closed_count}, and so do a second source that may contradict, and the median "
        f"of three: at the price of lenders losing up to {_millions(pool.unsold_loss_value)} million, had the venue been right."
    )


def _table(found: Sequence[Harm], other: Sequence[Harm], lowest_marks: Sequence[Price]) -> Table:
    return Table(
        "Whom each oracle would have sold",
        "Accounts closed, with the low of each minute before its high and after it; the debt repaid, what borrowers lost at the pool's "
        "price and what lenders wrote off, and what lenders would lose on those that stand if the venue's lowest price were the true one, $ "
        "million. A model, for the generated book only.",
        Claim.PREDICTED,
        (
            "Oracle", "Lowest usable", "Closed", "High first", "Repaid", "Borrowers lost", "Written off", "If the venue was right",
        ),
        tuple(
            (
                choice.name, rounded_text(mark, 4), each.closed_count, twin.closed_count, _millions(each.repaid_value),
                _millions(each.borrower_loss_value), _millions(each.bad_debt_value), _millions(each.unsold_loss_value),
            )
            for choice, mark, each, twin in zip(CHOICES, lowest_marks, found, other, strict=True)
        ),
    )  # fmt: skip


def _charts(found: Sequence[Harm]) -> tuple[Chart, ...]:
    labels = tuple(choice.name for choice in CHOICES)
    return (
        Chart(
            "Accounts closed", "Share of the generated book's accounts.", Claim.PREDICTED, labels,
            {"closed": tuple(100 * each.closed_count / ACCOUNTS for each in found)}, is_percentage=True,
        ),
        Chart(
            "Who pays", "What borrowers lost, and what lenders would lose had the venue been right, dollars; for the generated book only.",
            Claim.PREDICTED, labels,
            {
                "borrowers": tuple(each.borrower_loss_value / WAD for each in found),
                "lenders, had the venue been right": tuple(each.unsold_loss_value / WAD for each in found),
            },
        ),
    )  # fmt: skip


def _millions(value: int) -> str:
    return rounded_text(value // 10**6, 2)
