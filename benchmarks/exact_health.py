"""Exact health factors in plain integers: accounts of three collaterals and two debts, on one core.

*arithmetic*: the contract's own sum over plain integers, indices not one. *positions at hand*: the protocol's whole `health`,
which looks prices, indices and parameters up, over positions that are already read. *through the book*: the same with the
positions read from their columns. The peer of all is a bare loop of as many multiplications and divisions of
integers as large.
"""

import random
from collections.abc import Callable
from time import perf_counter

from benchmarks.synthetic_book import WIDTH, pool
from benchmarks.table import Row, print_table

from seawall.ledger.book import Book
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, NO_CATEGORY, slot_of
from seawall.protocols.aave_v3_liquidation import account_data
from seawall.protocols.aave_v3_rounding import AAVE_V3_VERSIONS
from seawall.protocols.catalogue import protocol_named

ACCOUNTS = 2_000
ROUNDS = 100
RATE_MIN = 300_000
LABELS = ("aave_v3@3.6", "seawall@1", "compound_v2@2")


def book_of_five(deployment: Deployment) -> Book:
    """Return accounts of three collaterals and two debts."""
    draw = random.Random(3)
    book = Book(WIDTH, len(deployment.markets))
    for number in range(ACCOUNTS):
        row = book.add_account(number.to_bytes(WIDTH, "big"))
        for market in range(5):
            side = DEBT if market >= 3 else COLLATERAL
            book.set_balance(
                row, slot_of(market, side), draw.randrange(1, 10**3) * deployment.units[market] + draw.randrange(97)
            )
    return book


class PositionsAtHand:
    """Stands in for a book: every account's positions already read from their columns."""

    def __init__(self, book: Book) -> None:
        self._positions = [book.positions(row) for row in range(ACCOUNTS)]

    def positions(self, row: int) -> list[tuple[int, int]]:
        """Return (slot, balance) of every position."""
        return self._positions[row]

    def category_of(self, _row: int) -> int:
        """Return that no account has a category."""
        return NO_CATEGORY


def best_rate(work: Callable[[], object]) -> float:
    """Return accounts a second in the best of some rounds over all accounts."""
    seconds = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        work()
        seconds.append(perf_counter() - begin)
    return ACCOUNTS / min(seconds)


def bare_loop(deployment: Deployment, book: Book) -> None:
    """Do two products and two quotients a position, and nothing else."""
    ray = 10**27
    for row in range(ACCOUNTS):
        for slot, balance in book.positions(row):
            amount = balance * deployment.market_states[slot >> 1].debt_index // ray
            amount * 10**20 // 10**18


def measure() -> list[Row]:
    """Return the table's rows for exact health."""
    deployment = pool(random.Random(1), with_categories=False)
    deployment.book = book_of_five(deployment)
    peer = best_rate(lambda: bare_loop(deployment, deployment.book))
    version = next(version for version in AAVE_V3_VERSIONS if version.version == "3.6")
    accounts = [plain(deployment, row) for row in range(ACCOUNTS)]
    rate = best_rate(lambda: [account_data(version, *positions) for positions in accounts])
    rows = [row("aave_v3@3.6, arithmetic", rate, peer)]
    columns = deployment.book
    for where, book in (("positions at hand", PositionsAtHand(columns)), ("through the book", columns)):
        deployment.book = book  # type: ignore[assignment]
        for label in LABELS:
            health = protocol_named(label).health
            rate = best_rate(lambda health=health: [health(deployment, row) for row in range(ACCOUNTS)])  # type: ignore[misc]
            rows.append(row(f"{label}, {where}", rate, peer, is_asked=False))
    return rows


def plain(deployment: Deployment, row: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return an account's collaterals and debts as the arithmetic takes them."""
    collaterals, debts = [], []
    for slot, balance in deployment.book.positions(row):
        market, state = slot >> 1, deployment.market_states[slot >> 1]
        price_e8 = (deployment.prices[market] or 0) // 10**10
        if slot & 1:
            debts.append((balance, state.debt_index, price_e8, deployment.units[market]))
        else:
            collaterals.append((balance, state.collateral_index, price_e8, deployment.units[market], 8_250))
    return collaterals, debts


def row(what: str, rate: float, peer: float, *, is_asked: bool = True) -> Row:
    """Return the row of a rate beside the bare loop's."""
    limit, ok = (RATE_MIN, rate >= RATE_MIN) if is_asked else (None, None)
    return Row(f"exact health factor, 3 collaterals and 2 debts, {what}", rate, "accounts/s", limit, rate / peer, ok)


if __name__ == "__main__":
    print_table(measure())
